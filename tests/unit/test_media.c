/* rooms: base media */
/* with: tests/unit/media_phone.c */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <media/rtp.h>

#include "media_phone.h"

enum { WINDOW = 160 * 10, PRESENT = 5000, ABSENT = 600 };

static const int tones[3] = {500, 900, 1400};

static bool digit_came(struct media_world *world, void *arg)
{
    return strlen(world->digits) >= *(size_t *)arg;
}

static bool play_ended(struct media_world *world, void *arg)
{
    return world->play_done >= *(int *)arg;
}

static bool legs_closed(struct media_world *world, void *arg)
{
    return world->closed >= *(int *)arg;
}

static bool first_packet(struct media_world *world, void *arg)
{
    return world->first_packets >= *(int *)arg;
}

struct growth {
    struct phone *phone;
    unsigned count;
};

static bool has_packets(struct media_world *world, void *arg)
{
    struct growth *growth = arg;

    (void)world;
    return growth->phone->count >= growth->count;
}

static void wait_packets(struct media_world *world, struct phone *phone, unsigned more)
{
    struct growth growth = {.phone = phone, .count = phone->count + more};

    assert_true(world_wait(world, has_packets, &growth, 10000));
}

static void pass_ms(struct media_world *world, int ms)
{
    for (int64_t end = world_now_ms() + ms; world_now_ms() < end;)
        world_turn(world);
}

/* Is the newest window of sound exactly the tones whose bits are set? */
static bool hears_exactly(const struct phone *phone, size_t since, unsigned bits)
{
    if (phone->samples < since + WINDOW)
        return bits == 0 && phone->samples == since;
    for (int i = 0; i < 3; i++) {
        double level = tone_level(phone->sound + phone->samples - WINDOW, WINDOW, 1, tones[i]);
        if (bits >> i & 1 ? level < PRESENT : level > ABSENT)
            return false;
    }
    return true;
}

struct expectation {
    unsigned matrix; /* two bits per listener: the next leg, the one after */
    size_t since[3];
    int64_t quiet_until_ms;
};

static unsigned heard_bits(unsigned matrix, int listener)
{
    unsigned two = matrix >> (2 * listener) & 3, bits = 0;

    if (two & 1)
        bits |= 1u << (listener + 1) % 3;
    if (two & 2)
        bits |= 1u << (listener + 2) % 3;
    return bits;
}

static bool matrix_holds(struct media_world *world, void *arg)
{
    struct expectation *expected = arg;

    if (world_now_ms() < expected->quiet_until_ms)
        return false;
    for (int i = 0; i < 3; i++)
        if (!hears_exactly(&world->phones[i], expected->since[i], heard_bits(expected->matrix, i)))
            return false;
    return true;
}

static void every_hears_matrix_is_exactly_heard(void **state)
{
    struct media_world world;
    handle_t room;

    (void)state;
    world_open(&world, 0);
    assert_int_equal(media_room_open(world.media, &room), 0);
    for (int i = 0; i < 3; i++) {
        struct phone *phone = world_phone(&world, tones[i], i == 2);
        assert_int_equal(media_room_join(world.media, room, phone->leg), 0);
    }
    for (unsigned step = 0; step < 64; step++) {
        unsigned matrix = step ^ step >> 1; /* Gray code: one change at a time */
        for (int i = 0; i < 3; i++)
            for (int k = 1; k < 3; k++)
                assert_int_equal(media_room_hears(world.media, room, world.phones[i].leg,
                                                  world.phones[(i + k) % 3].leg,
                                                  matrix >> (2 * i + k - 1) & 1),
                                 0);
        pass_ms(&world, 40); /* what was under way before the change */
        struct expectation expected = {.matrix = matrix, .quiet_until_ms = world_now_ms() + 60};
        for (int i = 0; i < 3; i++)
            expected.since[i] = world.phones[i].samples;
        if (!world_wait(&world, matrix_holds, &expected, 8000))
            fail_msg("matrix %02x was not heard", matrix);
    }
    /* 64 switches later: one SSRC, no number and no moment twice */
    for (int i = 0; i < 3; i++) {
        const struct phone *phone = &world.phones[i];
        for (unsigned n = 1; n < phone->count; n++) {
            assert_int_equal(phone->log[n].ssrc, phone->log[0].ssrc);
            assert_int_equal(phone->log[n].seq, (uint16_t)(phone->log[n - 1].seq + 1));
            assert_true((int32_t)(phone->log[n].ts - phone->log[n - 1].ts) >= 160);
        }
    }
    world_close(&world);
}

static void two_party_forward_keeps_payload_bit_exact(void **state)
{
    struct media_world world;
    uint8_t payload[160];
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, 0, false), *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, b->leg, a->leg, true), 0);
    wait_packets(&world, b, 1); /* silence: the room is in force */
    for (int n = 0; n < 20; n++) {
        unsigned before = b->count;
        for (int i = 0; i < 160; i++)
            payload[i] = (uint8_t)(i * 7 + n * 31);
        phone_send_rtp(a, 8, n == 0, payload, sizeof(payload));
        a->ts += 160;
        wait_packets(&world, b, 1);
        bool found = false;
        for (unsigned k = before; k < b->count; k++)
            found |= memcmp(b->log[k].payload, payload, sizeof(payload)) == 0;
        assert_true(found);
    }
    world_close(&world);
}

static void send_event(struct phone *phone, int event, int duration, bool end)
{
    uint8_t payload[4] = {(uint8_t)event, (uint8_t)(end ? 0x8A : 0x0A), (uint8_t)(duration >> 8),
                          (uint8_t)duration};

    phone_send_rtp(phone, 101, duration == 160, payload, sizeof(payload));
}

static void digits_come_once_per_press_even_without_their_end(void **state)
{
    struct media_world world;
    size_t wanted;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, false);
    for (int d = 160; d <= 800; d += 160) /* an ordinary 1 */
        send_event(phone, 1, d, false);
    for (int n = 0; n < 3; n++)
        send_event(phone, 1, 800, true);
    phone->ts += 4000;
    send_event(phone, 2, 160, false); /* a 2 of which everything else is lost */
    wanted = 2;
    assert_true(world_wait(&world, digit_came, &wanted, 5000));
    phone->ts += 4000;
    send_event(phone, 11, 800, true); /* a # of which only an end came, thrice */
    send_event(phone, 11, 800, true);
    send_event(phone, 11, 800, true);
    phone->ts += 4000;
    send_event(phone, 16, 800, true); /* flash: not a digit */
    phone->ts += 4000;
    send_event(phone, 1, 800, true); /* 1 again is a new press */
    phone->ts -= 4000 * 3;
    send_event(phone, 2, 800, true); /* a straggler of the 2 */
    phone->ts += 4000 * 4;
    send_event(phone, 15, 800, true); /* D */
    wanted = 5;
    assert_true(world_wait(&world, digit_came, &wanted, 5000));
    pass_ms(&world, 100);
    assert_string_equal(world.digits, "12#1D");
    world_close(&world);
}

static void a_sent_digit_arrives_as_one_press(void **state)
{
    struct media_world world;
    size_t wanted = 3;
    handle_t room;

    (void)state;
    /* a sends digits to its phone, which sends the very packets back on another leg */
    world_open(&world, 0);
    struct phone *a = world_phone(&world, 0, false), *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_leg_send_digit(world.media, a->leg, 'x', 100), -EINVAL);
    for (const char *c = "4*7"; *c; c++)
        assert_int_equal(media_leg_send_digit(world.media, a->leg, *c, 100), 0);
    for (unsigned done = 0; strlen(world.digits) < wanted;) {
        int64_t limit = world_now_ms() + 5000;
        while (done == a->count && world_now_ms() < limit && strlen(world.digits) < wanted)
            world_turn(&world);
        assert_true(world_now_ms() < limit);
        for (; done < a->count; done++) {
            b->ts = a->log[done].ts;
            b->seq = a->log[done].seq;
            assert_int_equal(a->log[done].length, 4);
            phone_send_rtp(b, 101, a->log[done].marker, a->log[done].payload, 4);
        }
    }
    assert_string_equal(world.digits, "4*7");
    assert_int_equal(world.digit_leg, b->leg);
    world_close(&world);
}

static struct media_audio *tone_audio(double hz, size_t samples)
{
    uint8_t *codes = malloc(samples);
    struct media_audio *audio;

    assert_non_null(codes);
    tone_fill(codes, samples, hz);
    assert_int_equal(media_audio_from_alaw(codes, samples, &audio), 0);
    free(codes);
    return audio;
}

static void a_play_list_is_heard_whole_and_its_end_is_told_once(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 2, .token = 77};
    int wanted = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, true); /* mu-law leg */
    play.audio[0] = tone_audio(tones[0], 4000);
    play.audio[1] = tone_audio(tones[1], 4100); /* ends inside a frame */
    assert_int_equal(media_play(world.media, phone->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    media_audio_unref(play.audio[1]);
    assert_true(world_wait(&world, play_ended, &wanted, 10000));
    assert_int_equal(world.play_token, 77);
    pass_ms(&world, 50);
    assert_int_equal(phone->samples, (8100 + 159) / 160 * 160);
    assert_true(tone_level(phone->sound, 4000, 1, tones[0]) > PRESENT);
    assert_true(tone_level(phone->sound + 4000, 4000, 1, tones[1]) > PRESENT);
    assert_true(tone_level(phone->sound + 4000, 4000, 1, tones[0]) < ABSENT);
    assert_int_equal(world.play_done, 1);
    world_close(&world);
}

static bool hears_bits(struct media_world *world, void *arg)
{
    struct expectation *expected = arg;

    return hears_exactly(&world->phones[0], expected->since[0], expected->matrix);
}

static void expect_bits(struct media_world *world, unsigned bits, const char *when)
{
    struct expectation expected = {.matrix = bits};

    pass_ms(world, 60);
    expected.since[0] = world->phones[0].samples;
    if (!world_wait(world, hears_bits, &expected, 8000))
        fail_msg("%s: not exactly %x", when, bits);
}

static void CC_09_a_play_mixes_with_talk_or_silences_it(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 1, .loop = true};
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, tones[1], false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    expect_bits(&world, 2, "talk");
    play.audio[0] = tone_audio(tones[2], 8000); /* whole periods: loops without a click */
    assert_int_equal(media_play(world.media, a->leg, &play), 0);
    expect_bits(&world, 6, "mixed");
    play.exclusive = true;
    assert_int_equal(media_play(world.media, a->leg, &play), 0);
    expect_bits(&world, 4, "exclusive");
    media_stop_play(world.media, a->leg);
    expect_bits(&world, 2, "talk again");
    assert_int_equal(world.play_done, 0);
    media_audio_unref(play.audio[0]);
    world_close(&world);
}

static void a_talker_whose_address_moves_after_a_silence_is_heard_again(void **state)
{
    struct media_world world;
    struct phone moved;
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, tones[1], false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    expect_bits(&world, 2, "before the move");
    b->talking = false;
    pass_ms(&world, 2500);
    phone_init(&moved); /* the same stream, from another port */
    int old = b->fd;
    b->fd = moved.fd;
    moved.fd = old;
    b->next_ns = world_now_ms() * 1000000;
    b->talking = true;
    expect_bits(&world, 2, "after the move");
    phone_done(&moved);
    world_close(&world);
}

/* Sockets are used again by later legs: what was sent to an ended leg is not heard by the next. */
static void a_port_used_again_brings_nothing_of_the_leg_before(void **state)
{
    struct media_world world;
    struct phone late;
    handle_t first_leg, leg;
    uint16_t first_port, port = 0;
    int closed = 0, tries = 0, one = 1;
    uint8_t noise[160];

    (void)state;
    world_open(&world, 0);
    memset(noise, 0x2A, sizeof(noise));
    const struct media_rtp_conf conf = {.codec = SDP_PT_PCMA, .telephone_event = -1};
    assert_int_equal(media_leg_open(world.media, &conf, &first_leg, &first_port), 0);
    media_leg_close(world.media, first_leg);
    closed = 1;
    assert_true(world_wait(&world, legs_closed, &closed, 5000));
    phone_init(&late);
    late.to = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons(first_port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int n = 0; n < 5; n++, late.ts += 160)
        phone_send_rtp(&late, 8, false, noise, sizeof(noise));
    for (; port != first_port && tries < 200; tries++) {
        assert_int_equal(media_leg_open(world.media, &conf, &leg, &port), 0);
        if (port == first_port)
            break;
        media_leg_close(world.media, leg);
        closed++;
        assert_true(world_wait(&world, legs_closed, &closed, 5000));
        pass_ms(&world, 50);
    }
    assert_int_equal(port, first_port);
    assert_int_equal(world.first_packets, 0);
    for (int n = 0; n < 5; n++, late.ts += 160) /* from here on it is the leg's */
        phone_send_rtp(&late, 8, false, noise, sizeof(noise));
    assert_true(world_wait(&world, first_packet, &one, 5000));
    phone_done(&late);
    world_close(&world);
}

static void a_stranger_cannot_steal_the_latch(void **state)
{
    struct media_world world;
    struct phone stranger;
    handle_t room;
    int one = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, b->leg, a->leg, true), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    assert_true(world_wait(&world, first_packet, &one, 5000));
    phone_init(&stranger);
    stranger.to = a->to;
    uint8_t noise[160];
    memset(noise, 0x2A, sizeof(noise));
    for (int n = 0; n < 50; n++) {
        phone_send_rtp(&stranger, 8, false, noise, sizeof(noise));
        stranger.ts += 160;
        world_turn(&world);
    }
    wait_packets(&world, a, 10); /* a still gets its packets */
    wait_packets(&world, b, 10);
    uint8_t byte;
    assert_int_equal(recv(stranger.fd, &byte, 1, MSG_DONTWAIT), -1);
    for (unsigned n = 0; n < b->count; n++)
        assert_memory_not_equal(b->log[n].payload, noise, sizeof(noise));
    media_leg_close(world.media, a->leg);
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    assert_true(world.stats.packets_discarded >= 50);
    phone_done(&stranger);
    world_close(&world);
}

static void sending_moves_to_where_the_packets_come_from(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 1, .loop = true};
    struct phone behind_nat;

    (void)state;
    world_open(&world, 0);
    struct phone *told = world_phone(&world, 0, false);
    play.audio[0] = tone_audio(tones[0], 8000);
    assert_int_equal(media_play(world.media, told->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    wait_packets(&world, told, 3); /* first to the SDP's address */
    phone_init(&behind_nat);
    behind_nat.to = told->to;
    int64_t limit = world_now_ms() + 5000;
    uint8_t byte, silence[160];
    memset(silence, 0xD5, sizeof(silence));
    int sent = 0;
    while (recv(behind_nat.fd, &byte, 1, MSG_DONTWAIT) < 0) {
        assert_true(world_now_ms() < limit);
        if (sent < 3) {
            phone_send_rtp(&behind_nat, 8, false, silence, sizeof(silence));
            behind_nat.ts += 160;
            sent++;
        }
        world_turn(&world);
    }
    int three = 1;
    assert_true(world_wait(&world, first_packet, &three, 5000));
    phone_done(&behind_nat);
    world_close(&world);
}

static bool timed_out(struct media_world *world, void *arg)
{
    return world->timeouts >= *(int *)arg;
}

static void silence_of_the_far_side_is_told_once(void **state)
{
    struct media_world world;
    int wanted = 1;

    (void)state;
    world_open(&world, 1);
    struct phone *phone = world_phone(&world, 0, false);
    assert_true(world_wait(&world, timed_out, &wanted, 5000));
    pass_ms(&world, 300);
    assert_int_equal(world.timeouts, 1);
    phone->talking = true;
    phone->hz = 500;
    phone->next_ns = world_now_ms() * 1000000;
    assert_true(world_wait(&world, first_packet, &wanted, 5000));
    phone->talking = false;
    wanted = 2;
    assert_true(world_wait(&world, timed_out, &wanted, 5000));
    world_close(&world);
}

static void a_leg_on_hold_gets_nothing_and_is_not_missed(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 1, .loop = true};
    struct sdp_audio audio;

    (void)state;
    world_open(&world, 1);
    struct phone *phone = world_phone(&world, 0, false);
    struct media_rtp_conf conf = {.codec = 8, .telephone_event = 101, .remote = &audio};
    play.audio[0] = tone_audio(tones[0], 8000);
    assert_int_equal(media_play(world.media, phone->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    wait_packets(&world, phone, 5);
    phone_conf(phone, &audio);
    audio.direction = SDP_INACTIVE;
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), 0);
    pass_ms(&world, 100);
    unsigned before = phone->count;
    int timeouts = world.timeouts;
    pass_ms(&world, 1300);
    assert_int_equal(phone->count, before);
    assert_int_equal(world.timeouts, timeouts);
    (void)snprintf(audio.address, sizeof(audio.address), "host.example");
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), -EINVAL);
    phone_conf(phone, &audio);
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), 0);
    wait_packets(&world, phone, 5);
    /* back after a pause: the next number, a later moment, a marker */
    assert_int_equal(phone->log[before].seq, (uint16_t)(phone->log[before - 1].seq + 1));
    assert_true((int32_t)(phone->log[before].ts - phone->log[before - 1].ts) > 8000);
    assert_true(phone->log[before].marker);
    world_close(&world);
}

static void what_has_ended_is_refused_everywhere(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 0};
    struct sdp_audio audio;
    handle_t room, other, legs[MEDIA_ROOM_LEGS + 1], recording;
    uint16_t port;
    int one = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, false);
    phone_conf(phone, &audio);
    const struct media_rtp_conf conf = {.codec = 8, .telephone_event = -1, .remote = &audio};
    assert_int_equal(media_play(world.media, phone->leg, &play), -EINVAL);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_open(world.media, &other), 0);
    for (int i = 0; i < MEDIA_ROOM_LEGS + 1; i++) {
        assert_int_equal(media_leg_open(world.media, &conf, &legs[i], &port), 0);
        assert_int_equal(port % 2, 0);
        assert_int_equal(media_room_join(world.media, room, legs[i]),
                         i < MEDIA_ROOM_LEGS ? 0 : -ENOSPC);
    }
    assert_int_equal(media_leg_send_digit(world.media, legs[0], '1', 100), -ENOTSUP);
    assert_int_equal(media_room_hears(world.media, room, legs[0], legs[8], true), -ENOENT);
    assert_int_equal(media_room_hears(world.media, room, legs[0], legs[0], true), -EINVAL);
    assert_int_equal(media_room_join(world.media, other, legs[0]), 0); /* moves */
    assert_int_equal(media_room_join(world.media, room, legs[8]), 0);  /* so there is a seat */
    media_room_close(world.media, room);
    assert_int_equal(media_room_join(world.media, room, legs[1]), -ENOENT);
    assert_int_equal(media_record_start(world.media, room, 0, 0, "/tmp/x", &recording), -ENOENT);
    media_leg_close(world.media, phone->leg);
    media_leg_close(world.media, phone->leg);
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), -ENOENT);
    assert_int_equal(media_room_join(world.media, other, phone->leg), -ENOENT);
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    pass_ms(&world, 50);
    assert_int_equal(world.closed, 1);
    assert_int_equal(world.stats.mos_x100, 0); /* nothing received */
    assert_int_equal(world.stats.round_trip_us, -1);
    /* all legs, one more, and again after one was given back */
    for (int i = 9; i < 16; i++)
        assert_int_equal(media_leg_open(world.media, &conf, &legs[0], &port), 0);
    assert_int_equal(media_leg_open(world.media, &conf, &recording, &port), -EAGAIN);
    media_leg_close(world.media, legs[0]);
    one = 2;
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    assert_int_equal(media_leg_open(world.media, &conf, &legs[0], &port), 0);
    world_close(&world);
}

/* --- RTCP ----------------------------------------------------------------------------------- */

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

/* --- one talk on a leg that lives for a shift ----------------------------------------------- */

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

/* --- bytes from hell ------------------------------------------------------------------------ */

static void malformed_packets_do_not_disturb_a_talk(void **state)
{
    struct media_world world;
    unsigned seed = (unsigned)time(NULL);
    uint8_t bytes[400];
    handle_t room;
    int one = 1;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[1], false);
    struct phone *b = world_phone(&world, tones[0], false);
    struct phone stranger;
    phone_init(&stranger);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    assert_true(world_wait(&world, first_packet, &one, 5000));
    for (int n = 0; n < 3000; n++) {
        size_t size = (size_t)(rand() % (int)sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)rand();
        if (n % 3 == 0 && size > 1) {
            bytes[0] = (uint8_t)(0x80 | (rand() & 0x3F));
            bytes[1] = (uint8_t)(n % 2 ? 200 + rand() % 5 : 101);
        }
        stranger.to = n % 2 ? a->to : b->to;
        if (n % 5 == 0)
            stranger.to.sin_port = htons((uint16_t)(ntohs(stranger.to.sin_port) + 1));
        phone_send(&stranger, bytes, size);
        if (n % 7 == 0 && size < 12) /* also from the right place, but broken */
            phone_send(b, bytes, size);
        if (n % 50 == 0)
            world_turn(&world);
    }
    expect_bits(&world, 1, "after the storm");
    phone_done(&stranger);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_party_forward_keeps_payload_bit_exact),
        cmocka_unit_test(digits_come_once_per_press_even_without_their_end),
        cmocka_unit_test(a_sent_digit_arrives_as_one_press),
        cmocka_unit_test(a_play_list_is_heard_whole_and_its_end_is_told_once),
        cmocka_unit_test(CC_09_a_play_mixes_with_talk_or_silences_it),
        cmocka_unit_test(a_talker_whose_address_moves_after_a_silence_is_heard_again),
        cmocka_unit_test(a_port_used_again_brings_nothing_of_the_leg_before),
        cmocka_unit_test(a_stranger_cannot_steal_the_latch),
        cmocka_unit_test(sending_moves_to_where_the_packets_come_from),
        cmocka_unit_test(silence_of_the_far_side_is_told_once),
        cmocka_unit_test(a_leg_on_hold_gets_nothing_and_is_not_missed),
        cmocka_unit_test(what_has_ended_is_refused_everywhere),
        cmocka_unit_test(reports_give_round_trip_and_loss),
        cmocka_unit_test(a_measure_gives_the_figures_of_its_stretch_only),
        cmocka_unit_test(malformed_packets_do_not_disturb_a_talk),
        cmocka_unit_test(every_hears_matrix_is_exactly_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
