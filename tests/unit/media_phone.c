/* Phones and a world for media tests. */
#include "media_phone.h"

#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hotlined/log.h>
#include <media/g711.h>
#include <media/rtp.h>

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t world_now_ms(void)
{
    return now_ns() / 1000000;
}

/* --- handlers ------------------------------------------------------------------------------- */

static void on_digit(handle_t leg, char digit, int duration_ms, void *arg)
{
    struct media_world *world = arg;
    size_t length = strlen(world->digits);

    (void)duration_ms;
    if (length + 1 < sizeof(world->digits))
        world->digits[length] = digit;
    world->digit_leg = leg;
}

static void on_play_done(handle_t leg, uint32_t token, void *arg)
{
    struct media_world *world = arg;

    (void)leg;
    world->play_done++;
    world->play_token = token;
}

static void on_rtp_timeout(handle_t leg, void *arg)
{
    (void)leg;
    ((struct media_world *)arg)->timeouts++;
}

static void on_first_packet(handle_t leg, void *arg)
{
    (void)leg;
    ((struct media_world *)arg)->first_packets++;
}

static void on_gap(handle_t leg, handle_t room, bool quiet, void *arg)
{
    struct media_world *world = arg;

    world->gaps += quiet;
    world->gap_ends += !quiet;
    world->gap_leg = leg;
    world->gap_room = room;
    world->gap_ms = world_now_ms();
}

static void on_line(handle_t leg, enum media_line_state state, void *arg)
{
    struct media_world *world = arg;

    (void)leg;
    world->lines++;
    world->line_state = state;
}

static void on_quiet(handle_t recording, void *arg)
{
    struct media_world *world = arg;

    world->quiet_count++;
    world->quiet = recording;
    world->quiet_ms = world_now_ms();
}

static void on_recorded(const struct media_recorded *recorded, void *arg)
{
    struct media_world *world = arg;

    world->recorded_count++;
    world->recorded = *recorded;
}

static void on_measured(handle_t leg, uint32_t token, const struct media_stats *stats, void *arg)
{
    struct media_world *world = arg;

    (void)leg;
    if (world->measured_count == 8)
        return;
    world->measured[world->measured_count] = token;
    world->measured_stats[world->measured_count++] = *stats;
    world->measured_after_close += world->closed > 0;
}

static void on_leg_closed(handle_t leg, const struct media_stats *stats, void *arg)
{
    struct media_world *world = arg;

    (void)leg;
    world->closed++;
    world->stats = *stats;
}

/* --- the world ------------------------------------------------------------------------------ */

void world_open(struct media_world *world, int rtp_timeout_s)
{
    const struct media_handlers handlers = {.on_digit = on_digit,
                                            .on_play_done = on_play_done,
                                            .on_rtp_timeout = on_rtp_timeout,
                                            .on_line = on_line,
                                            .on_recorded = on_recorded,
                                            .on_quiet = on_quiet,
                                            .on_leg_closed = on_leg_closed,
                                            .on_measured = on_measured,
                                            .on_first_packet = on_first_packet,
                                            .on_gap = on_gap};
    /* Tests run beside each other: each process starts at its own place, busy ports are skipped. */
    uint16_t low = (uint16_t)(20000 + (getpid() % 200) * 200);
    const struct media_options options = {.address = "127.0.0.1",
                                          .port_min = low,
                                          .port_max = (uint16_t)(low + 199),
                                          .threads = 1,
                                          .max_legs = 16,
                                          .max_rooms = 4,
                                          .dscp = 46,
                                          .rtp_timeout_s = rtp_timeout_s};

    memset(world, 0, sizeof(*world));
    log_set_level(LOG_LEVEL_WARN);
    assert_int_equal(loop_create(&world->loop), 0);
    assert_int_equal(media_create(world->loop, &options, &handlers, world, &world->media), 0);
}

void world_close(struct media_world *world)
{
    media_destroy(world->media);
    loop_run_once(world->loop, 0);
    loop_destroy(world->loop);
    for (unsigned i = 0; i < world->phone_count; i++)
        phone_done(&world->phones[i]);
}

static int bound(uint16_t *ret_port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(addr);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &size), 0);
    *ret_port = ntohs(addr.sin_port);
    return fd;
}

void phone_init(struct phone *phone)
{
    memset(phone, 0, sizeof(*phone));
    phone->fd = bound(&phone->port);
    phone->rtcp_fd = -1;
    phone->ssrc = (uint32_t)random();
    phone->seq = (uint16_t)random();
    phone->ts = (uint32_t)random();
    phone->log = calloc(PHONE_LOG, sizeof(*phone->log));
    phone->sound = calloc(PHONE_SOUND, sizeof(*phone->sound));
    assert_non_null(phone->log);
    assert_non_null(phone->sound);
}

void phone_done(struct phone *phone)
{
    (void)close(phone->fd);
    if (phone->rtcp_fd >= 0)
        (void)close(phone->rtcp_fd);
    free(phone->log);
    free(phone->sound);
}

void phone_conf(const struct phone *phone, struct sdp_audio *audio)
{
    *audio = (struct sdp_audio){.address = "127.0.0.1",
                                .port = phone->port,
                                .direction = SDP_SENDRECV,
                                .pcma = !phone->mulaw,
                                .pcmu = phone->mulaw,
                                .telephone_event = 101,
                                .ptime_ms = 20};
}

struct phone *world_phone(struct media_world *world, int hz, bool mulaw)
{
    struct phone *phone = &world->phones[world->phone_count++];
    struct sdp_audio audio;
    uint16_t port;

    phone_init(phone);
    phone->mulaw = mulaw;
    phone->hz = hz;
    phone->talking = hz > 0;
    phone_conf(phone, &audio);
    const struct media_rtp_conf conf = {
        .codec = mulaw ? SDP_PT_PCMU : SDP_PT_PCMA, .telephone_event = 101, .remote = &audio};
    assert_int_equal(media_leg_open(world->media, &conf, &phone->leg, &port), 0);
    phone->to = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    phone->next_ns = now_ns();
    return phone;
}

void phone_send(struct phone *phone, const void *bytes, size_t size)
{
    (void)sendto(phone->fd, bytes, size, 0, (struct sockaddr *)&phone->to, sizeof(phone->to));
}

void phone_send_rtp(struct phone *phone, int pt, bool marker, const void *payload, size_t size)
{
    uint8_t bytes[1500];
    const struct rtp_packet packet = {.payload_type = (uint8_t)pt,
                                      .marker = marker,
                                      .seq = phone->seq++,
                                      .timestamp = phone->ts,
                                      .ssrc = phone->ssrc};

    rtp_write_header(bytes, &packet);
    memcpy(bytes + RTP_HEADER_SIZE, payload, size);
    phone_send(phone, bytes, RTP_HEADER_SIZE + size);
}

static void talk(struct phone *phone)
{
    uint8_t codes[160];

    while (phone->talking && now_ns() >= phone->next_ns) {
        for (int i = 0; i < 160; i++) {
            int16_t sample = (int16_t)lrint(8000 * sin(phone->phase));
            codes[i] = phone->mulaw ? g711_ulaw_encode(sample) : g711_alaw_encode(sample);
            phone->phase += 2 * M_PI * phone->hz / 8000;
        }
        phone_send_rtp(phone, phone->mulaw ? 0 : 8, false, codes, sizeof(codes));
        phone->ts += 160;
        phone->next_ns += 20000000;
    }
}

static void note(struct phone *phone, const struct rtp_packet *packet)
{
    const int16_t *table = packet->payload_type == 0 ? g711_ulaw_table : g711_alaw_table;
    if (phone->count == PHONE_LOG)
        return;
    struct phone_packet *entry = &phone->log[phone->count++];

    *entry = (struct phone_packet){.seq = packet->seq,
                                   .ts = packet->timestamp,
                                   .ssrc = packet->ssrc,
                                   .pt = packet->payload_type,
                                   .marker = packet->marker,
                                   .length = (uint8_t)packet->length};
    if (packet->length <= sizeof(entry->payload))
        memcpy(entry->payload, packet->payload, packet->length);
    for (size_t i = 0; packet->payload_type <= 8 && i < packet->length; i++)
        if (phone->samples < PHONE_SOUND)
            phone->sound[phone->samples++] = table[packet->payload[i]];
}

ssize_t phone_receive(struct phone *phone, void *bytes, size_t size)
{
    struct sockaddr_in from;
    socklen_t from_size;
    ssize_t got;

    do {
        from_size = sizeof(from);
        got = recvfrom(phone->fd, bytes, size, MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);
    } while (got >= 0 && from.sin_port != phone->to.sin_port);
    return got;
}

static void listen_to(struct phone *phone)
{
    uint8_t bytes[1500];
    struct rtp_packet packet;
    ssize_t size;

    while ((size = phone_receive(phone, bytes, sizeof(bytes))) >= 0) {
        assert_int_equal(rtp_parse(bytes, (size_t)size, &packet), 0);
        note(phone, &packet);
    }
}

void world_turn(struct media_world *world)
{
    loop_run_once(world->loop, 2);
    for (unsigned i = 0; i < world->phone_count; i++) {
        talk(&world->phones[i]);
        listen_to(&world->phones[i]);
    }
}

bool world_wait(struct media_world *world, bool (*condition)(struct media_world *world, void *arg),
                void *arg, int timeout_ms)
{
    int64_t end = world_now_ms() + timeout_ms;

    while (!condition(world, arg)) {
        if (world_now_ms() > end)
            return false;
        world_turn(world);
    }
    return true;
}

/* --- tones ---------------------------------------------------------------------------------- */

double tone_level(const int16_t *samples, size_t count, int stride, double hz)
{
    double w = 2 * cos(2 * M_PI * hz / 8000), a = 0, b = 0;

    for (size_t i = 0; i < count; i++) {
        double next = samples[i * (size_t)stride] + w * a - b;
        b = a;
        a = next;
    }
    return 2 * sqrt(fabs(a * a + b * b - w * a * b)) / (double)count;
}

void tone_fill(uint8_t *alaw, size_t count, double hz)
{
    for (size_t i = 0; i < count; i++)
        alaw[i] = g711_alaw_encode((int16_t)lrint(8000 * sin(2 * M_PI * hz * (double)i / 8000)));
}
