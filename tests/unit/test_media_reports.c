/* rooms: base media */
/* with: tests/unit/media_phone.c tests/unit/media_ear.c */
/* What is measured of a leg: RTCP both ways, and one talk on a leg that lives for a shift. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <media/rtp.h>

#include "media_ear.h"

/* --- RTCP ----------------------------------------------------------------------------------------
 */

struct rtcp_port {
    int fd;
    uint8_t bytes[512];
    ssize_t size;
};

static bool rtcp_came(struct media_world *world, void *arg)
{
    struct rtcp_port *port = arg;

    (void)world;
    port->size = recv(port->fd, port->bytes, sizeof(port->bytes), MSG_DONTWAIT);
    return port->size > 0;
}

static uint32_t ntp_middle(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t fraction = ((uint64_t)now.tv_nsec << 32) / 1000000000u;
    return (uint32_t)((uint64_t)now.tv_sec + 2208988800u) << 16 | (uint32_t)(fraction >> 16);
}

static void reports_give_round_trip_and_loss(void **state)
{
    struct media_world world;
    struct sdp_audio audio;
    int one = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, tones[0], false);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(own);
    phone->rtcp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(phone->rtcp_fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(getsockname(phone->rtcp_fd, (struct sockaddr *)&own, &size), 0);
    phone_conf(phone, &audio);
    audio.rtcp_port = ntohs(own.sin_port);
    const struct media_rtp_conf conf = {.codec = 8, .telephone_event = 101, .remote = &audio};
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), 0);
    struct media_play play = {.count = 1, .loop = true, .audio = {tone_audio(500, 8000)}};
    assert_int_equal(media_play(world.media, phone->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    wait_packets(&world, phone, 10);
    phone->seq += 5; /* five packets get lost */
    struct rtcp_port port = {.fd = phone->rtcp_fd};
    assert_true(world_wait(&world, rtcp_came, &port, 15000));
    assert_int_equal(port.bytes[1], 200); /* SR with one block */
    assert_int_equal(port.bytes[0], 0x81);
    assert_int_equal(get32(port.bytes + 4), phone->log[0].ssrc);
    assert_int_equal(get32(port.bytes + 28), phone->ssrc);
    assert_int_equal(get32(port.bytes + 32) & 0xFFFFFF, 5);

    uint8_t report[32] = {0x81, 201, 0, 7};
    put32(report + 4, phone->ssrc);
    put32(report + 8, phone->log[0].ssrc);
    put32(report + 12, 17); /* 17 lost of what we sent */
    put32(report + 20, 80); /* jitter of 10 ms */
    put32(report + 24, ntp_middle() - 65536 / 10);
    put32(report + 28, 65536 / 20); /* of 100 ms 50 ms were their delay */
    struct sockaddr_in to = phone->to;
    to.sin_port = htons((uint16_t)(ntohs(to.sin_port) + 1));
    (void)sendto(phone->rtcp_fd, report, sizeof(report), 0, (struct sockaddr *)&to, sizeof(to));
    const uint8_t bye[8] = {0x81, 203, 0, 1};
    (void)sendto(phone->rtcp_fd, bye, sizeof(bye), 0, (struct sockaddr *)&to, sizeof(to));
    pass_ms(&world, 100);
    media_leg_close(world.media, phone->leg);
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    assert_in_range(world.stats.round_trip_us, 49000, 200000);
    assert_int_equal(world.stats.remote_lost, 17);
    assert_int_equal(world.stats.remote_jitter_us, 10000);
    assert_int_equal(world.stats.packets_lost, 5);
    assert_in_range(world.stats.mos_x100, 300, 450);
    world_close(&world);
}

/* --- one talk on a leg that lives for a shift ----------------------------------------------------
 */

static bool measured(struct media_world *world, void *arg)
{
    return world->measured_count >= *(int *)arg;
}

/* So many packets, of which every lost'th is missing, and then a key: media reads in order, so when
 * the key is told all before it was counted. Returns the packets sent. */
static unsigned send_talk(struct media_world *world, struct phone *phone, unsigned packets,
                          unsigned lost)
{
    static const uint8_t key[] = {5, 0x8a, 0x03, 0x20};
    uint8_t payload[160];
    size_t keys = strlen(world->digits) + 1;

    memset(payload, 0xd5, sizeof(payload));
    for (unsigned n = 0; n < packets; n++) {
        if (lost && n % lost == lost - 1)
            phone->seq++;
        phone_send_rtp(phone, 8, n == 0, payload, sizeof(payload));
        phone->ts += 160;
    }
    phone_send_rtp(phone, 101, true, key, sizeof(key));
    phone->ts += 800;
    assert_true(world_wait(world, digit_came, &keys, 5000));
    return packets + 1;
}

/* Begins, and returns when media has begun: a second begin tells of the first. */
static void measure(struct media_world *world, const struct phone *phone, uint32_t token)
{
    int told = world->measured_count + 1;

    assert_int_equal(media_measure_begin(world->media, phone->leg, token + 100), 0);
    assert_int_equal(media_measure_begin(world->media, phone->leg, token), 0);
    assert_true(world_wait(world, measured, &told, 5000));
    assert_int_equal(world->measured[told - 1], token + 100);
    assert_int_equal(world->measured_stats[told - 1].packets_received, 0);
    assert_int_equal(world->measured_stats[told - 1].mos_x100, 0);
}

static void a_measure_gives_the_figures_of_its_stretch_only(void **state)
{
    struct media_world world;
    int one = 1, two = 2, four = 4;
    unsigned before, during, last;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, false);
    before = send_talk(&world, phone, 30, 3);   /* nobody's talk */
    media_measure_end(world.media, phone->leg); /* nothing was begun */
    measure(&world, phone, 7);
    during = send_talk(&world, phone, 20, 0);
    media_measure_end(world.media, phone->leg);
    assert_true(world_wait(&world, measured, &two, 5000));
    assert_int_equal(world.measured[1], 7);
    assert_int_equal(world.measured_stats[1].packets_received, during);
    assert_int_equal(world.measured_stats[1].packets_lost, 0);
    assert_in_range(world.measured_stats[1].mos_x100, 430, 450);

    measure(&world, phone, 8);
    last = send_talk(&world, phone, 30, 3);
    media_leg_close(world.media, phone->leg); /* ends it, too */
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    assert_true(world_wait(&world, measured, &four, 0));
    assert_int_equal(world.measured_after_close, 0);
    assert_int_equal(world.measured[3], 8);
    assert_int_equal(world.measured_stats[3].packets_received, last);
    assert_int_equal(world.measured_stats[3].packets_lost, 10);
    assert_true(world.measured_stats[3].mos_x100 < 300);
    assert_int_equal(world.stats.packets_received, before + during + last);
    assert_int_equal(world.stats.packets_lost, 20);
    assert_int_equal(media_measure_begin(world.media, phone->leg, 1), -ENOENT);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_give_round_trip_and_loss),
        cmocka_unit_test(a_measure_gives_the_figures_of_its_stretch_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
