/* rooms: base media/line */
/* with: tests/unit/line_client.c */
/* Browser lines over real loopback sockets: the port against a browser-like client. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "line_client.h"
#include "media/line/line.h"

#define LINES   8
#define WAIT_MS 10000

/* What the port's handlers saw of one line (index = id). */
struct seen {
    enum media_line_state state;
    unsigned ups, losts, closes;
    unsigned rtp, rtcp;
    uint8_t last[200]; /* of the last RTP or RTCP packet */
    size_t last_length;
};

static struct line_identity *identity;
static struct line_client_identity *client_identity;

struct world {
    struct line_port *port;
    struct seen seen[LINES + 1];
    struct line_client *clients[LINES];
    unsigned client_count;
    int64_t skipped_ms; /* virtual time added to the real clock */
    unsigned client_rtp, client_rtcp;
    uint8_t client_last[200];
    size_t client_last_length;
    bool echo, close_on_state;
};

static int64_t now(const struct world *world)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000 + world->skipped_ms;
}

static void on_rtp(handle_t id, uint8_t *packet, size_t length, int64_t now_ms, void *arg)
{
    struct world *world = arg;
    struct seen *seen = &world->seen[id];

    (void)now_ms;
    seen->rtp++;
    seen->last_length = length < sizeof(seen->last) ? length : sizeof(seen->last);
    memcpy(seen->last, packet, seen->last_length);
    if (world->echo)
        assert_int_equal(line_send_rtp(world->port, id, packet, length), 0);
}

static void on_rtcp(handle_t id, uint8_t *packet, size_t length, int64_t now_ms, void *arg)
{
    struct world *world = arg;

    (void)now_ms;
    world->seen[id].rtcp++;
    if (world->echo)
        assert_int_equal(line_send_rtcp(world->port, id, packet, length), 0);
}

static void on_state(handle_t id, enum media_line_state state, void *arg)
{
    struct world *world = arg;
    struct seen *seen = &world->seen[id];

    seen->state = state;
    seen->ups += state == MEDIA_LINE_UP;
    seen->losts += state == MEDIA_LINE_LOST;
    seen->closes += state == MEDIA_LINE_CLOSED;
    if (world->close_on_state)
        line_close(world->port, id);
}

static void client_rtp(struct line_client *client, uint8_t *packet, size_t length, void *arg)
{
    struct world *world = arg;

    (void)client;
    world->client_rtp++;
    world->client_last_length = length < 200 ? length : 200;
    memcpy(world->client_last, packet, world->client_last_length);
}

static void client_rtcp(struct line_client *client, uint8_t *packet, size_t length, void *arg)
{
    (void)client;
    (void)packet;
    (void)length;
    ((struct world *)arg)->client_rtcp++;
}

static void world_open(struct world *world)
{
    struct line_port_options options = {
        .address = "127.0.0.1",
        .max_lines = LINES,
        .max_tcp = 6,
        .identity = identity,
        .handlers = {on_rtp, on_rtcp, on_state},
        .arg = world,
    };

    memset(world, 0, sizeof(*world));
    assert_int_equal(line_port_create(&options, &world->port), 0);
    assert_true(line_port_number(world->port) > 0);
}

static void world_close(struct world *world)
{
    line_port_destroy(world->port);
    for (unsigned i = 0; i < world->client_count; i++)
        line_client_free(world->clients[i]);
}

/* One turn of the media thread's loop and of all browsers. */
static void turn(struct world *world)
{
    struct pollfd fds[2 + LINES];
    nfds_t count = 2;

    fds[0] = (struct pollfd){.fd = line_port_udp_fd(world->port), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = line_port_tcp_fd(world->port), .events = POLLIN};
    for (unsigned i = 0; i < world->client_count; i++)
        fds[count++] = (struct pollfd){.fd = line_client_fd(world->clients[i]), .events = POLLIN};
    assert_true(poll(fds, count, 5) >= 0);
    for (int i = 0; i < 2; i++) {
        if (fds[i].revents != 0)
            line_port_readable(world->port, fds[i].fd, now(world));
    }
    line_port_tick(world->port, now(world));
    for (unsigned i = 0; i < world->client_count; i++)
        line_client_step(world->clients[i], now(world));
}

#define UNTIL(world, condition)                                                                    \
    do {                                                                                           \
        int64_t end_ms = now(world) - (world)->skipped_ms + WAIT_MS;                               \
        while (!(condition)) {                                                                     \
            if (now(world) - (world)->skipped_ms > end_ms)                                         \
                fail_msg("waited in vain for %s", #condition);                                     \
            turn(world);                                                                           \
        }                                                                                          \
    } while (0)

static void run_for(struct world *world, int ms)
{
    int64_t end_ms = now(world) + ms;

    while (now(world) < end_ms)
        turn(world);
}

/* Posts the client's offer as the page would, opening or restarting line id. */
static void negotiate(struct world *world, struct line_client *client, handle_t id, bool restart,
                      bool wrong_fingerprint)
{
    static uint64_t version = 1;
    char offer[2048], answer[2048], why[128] = "";
    struct line_credentials local;
    struct line_remote remote;
    struct line_answer ours = {.local = &local,
                               .fingerprint = line_identity_fingerprint(identity),
                               .address = "127.0.0.1",
                               .port = line_port_number(world->port),
                               .session_id = 1,
                               .version = version++};
    int length = line_client_offer(client, offer, sizeof(offer));

    assert_true(length > 0);
    if (line_offer_parse(offer, (size_t)length, &remote, why, sizeof(why)) != 0)
        fail_msg("%s", why);
    if (wrong_fingerprint)
        remote.fingerprint[31] ^= 1;
    line_credentials_make(&local);
    assert_true(line_answer_print(&remote, &ours, answer, sizeof(answer)) > 0);
    if (restart)
        assert_int_equal(line_restart(world->port, id, &local, &remote), 0);
    else
        assert_int_equal(line_open(world->port, id, &local, &remote, now(world)), 0);
    assert_int_equal(line_client_answer(client, answer), 0);
}

static struct line_client *new_client(struct world *world, bool tcp, bool cm_only)
{
    struct line_client_options options = {
        .tcp = tcp,
        .cm_only = cm_only,
        .check_ms = 50,
        .own = "127.0.0.1",
        .on_rtp = client_rtp,
        .on_rtcp = client_rtcp,
        .arg = world,
    };
    struct line_client *client;

    assert_int_equal(line_client_create(client_identity, &options, &client), 0);
    world->clients[world->client_count++] = client;
    return client;
}

static struct line_client *connected_client(struct world *world, handle_t id, bool tcp,
                                            bool cm_only)
{
    struct line_client *client = new_client(world, tcp, cm_only);

    negotiate(world, client, id, false, false);
    UNTIL(world, line_client_connected(client) && world->seen[id].state == MEDIA_LINE_UP);
    return client;
}

static size_t make_rtp(uint8_t *out, uint16_t seq)
{
    memset(out, 0xd5, 172);
    memcpy(out, "\x80\x08\x00\x00\x00\x00\x00\x00\x12\x34\x56\x78", 12);
    out[2] = (uint8_t)(seq >> 8);
    out[3] = (uint8_t)seq;
    return 172;
}

/* count packets there and back, each the same bytes again. */
static void talk(struct world *world, struct line_client *client, handle_t id, uint16_t first,
                 unsigned count)
{
    uint8_t packet[200], report[8] = {0x80, 201, 0, 1, 0, 0, 0, 1};

    world->echo = true;
    for (unsigned i = 0; i < count; i++) {
        unsigned heard = world->seen[id].rtp, back = world->client_rtp;
        size_t length = make_rtp(packet, (uint16_t)(first + i));
        assert_int_equal(line_client_send_rtp(client, packet, length), 0);
        UNTIL(world, world->seen[id].rtp == heard + 1 && world->client_rtp == back + 1);
        assert_int_equal(world->seen[id].last_length, length);
        assert_memory_equal(world->seen[id].last, packet, length);
        assert_int_equal(world->client_last_length, length);
        assert_memory_equal(world->client_last, packet, length);
    }
    {
        unsigned back = world->client_rtcp;
        assert_int_equal(line_client_send_rtcp(client, report, sizeof(report)), 0);
        UNTIL(world, world->client_rtcp == back + 1);
    }
}

/* --- the tests ----------------------------------------------------------------------------- */

static void line_establishes_and_carries_audio(bool tcp, bool cm_only)
{
    struct world world;
    struct line_client *client;
    struct line_info info;

    world_open(&world);
    client = connected_client(&world, 3, tcp, cm_only);
    talk(&world, client, 3, 65500, 100); /* over a roll-over */
    assert_int_equal(line_info(world.port, 3, &info), 0);
    assert_int_equal(info.state, MEDIA_LINE_UP);
    assert_int_equal(info.tcp, tcp);
    assert_int_equal(info.gcm, !cm_only);
    assert_int_equal(world.seen[3].ups, 1);
    assert_int_equal(line_port_counters(world.port)->srtp_refused, 0);
    assert_int_equal(line_port_counters(world.port)->stun_refused, 0);
    world_close(&world);
}

static void line_over_udp(void **state)
{
    (void)state;
    line_establishes_and_carries_audio(false, false);
}

static void line_over_tcp_when_udp_is_blocked(void **state)
{
    (void)state;
    line_establishes_and_carries_audio(true, false);
}

static void line_with_the_older_srtp_suite(void **state)
{
    (void)state;
    line_establishes_and_carries_audio(false, true);
    line_establishes_and_carries_audio(true, true);
}

static void many_lines_share_the_port_and_hear_only_themselves(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    for (handle_t id = 1; id <= LINES; id++)
        (void)new_client(&world, id % 2 == 0 && id <= 6, id % 3 == 0);
    for (handle_t id = 1; id <= LINES; id++)
        negotiate(&world, world.clients[id - 1], id, false, false);
    for (handle_t id = 1; id <= LINES; id++)
        UNTIL(&world, world.seen[id].state == MEDIA_LINE_UP &&
                          line_client_connected(world.clients[id - 1]));
    for (handle_t id = 1; id <= LINES; id++)
        talk(&world, world.clients[id - 1], id, 1, id);
    for (handle_t id = 1; id <= LINES; id++)
        assert_int_equal(world.seen[id].rtp, id);
    world_close(&world);
}

static void network_change_moves_the_pair(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct world world;
        struct line_client *client;
        world_open(&world);
        client = connected_client(&world, 1, tcp != 0, false);
        talk(&world, client, 1, 1, 5);
        for (int i = 0; i < 12; i++) { /* more moves than a line remembers pairs */
            unsigned answers = line_client_answers(client);
            assert_int_equal(line_client_move(client), 0);
            UNTIL(&world, line_client_answers(client) > answers);
            talk(&world, client, 1, (uint16_t)(100 * (i + 1)), 3);
        }
        assert_int_equal(world.seen[1].ups, 1);
        assert_int_equal(world.seen[1].losts, 0);
        assert_true(line_port_counters(world.port)->pair_moves >= 12);
        world_close(&world);
    }
}

static void ice_restart_keeps_keys_and_audio(void **state)
{
    struct world world;
    struct line_client *client;

    (void)state;
    world_open(&world);
    client = connected_client(&world, 1, false, false);
    talk(&world, client, 1, 1, 5);
    for (int i = 0; i < 3; i++) {
        unsigned answers = line_client_answers(client);
        line_client_restart(client);
        negotiate(&world, client, 1, true, false);
        assert_int_equal(line_client_move(client), 0); /* as after a change of network */
        UNTIL(&world, line_client_answers(client) > answers + 2);
        talk(&world, client, 1, (uint16_t)(100 + 10 * i), 5);
    }
    assert_int_equal(world.seen[1].ups, 1);
    world_close(&world);
}

/* Every flight of the handshake is repeated until it got through. */
static void a_handshake_survives_a_bad_network(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atol(getenv("SEED")) : (unsigned)time(NULL);

    (void)state;
    print_message("SEED=%u\n", seed);
    srand(seed);
    for (int i = 0; i < 5; i++) {
        struct line_client_options options = {
            .check_ms = 50, .own = "127.0.0.1", .loss_percent = 25, .arg = NULL};
        struct line_client *client;
        struct world world;
        world_open(&world);
        assert_int_equal(line_client_create(client_identity, &options, &client), 0);
        world.clients[world.client_count++] = client;
        negotiate(&world, client, 1, false, false);
        for (int step = 0;
             step < 4000 && !(line_client_connected(client) && world.seen[1].ups == 1); step++)
            turn(&world);
        assert_true(line_client_connected(client));
        assert_int_equal(world.seen[1].ups, 1);
        world_close(&world);
    }
}

static void wrong_fingerprint_is_refused(void **state)
{
    struct world world;
    struct line_client *client;

    (void)state;
    world_open(&world);
    client = new_client(&world, false, false);
    negotiate(&world, client, 1, false, true);
    UNTIL(&world, world.seen[1].closes == 1 && line_client_failed(client));
    assert_int_equal(world.seen[1].ups, 0);
    assert_false(line_client_connected(client));
    assert_int_equal(line_port_counters(world.port)->dtls_failed, 1);
    assert_int_equal(line_send_rtp(world.port, 1, (const uint8_t *)"x", 1), -ENOENT);
    world_close(&world);
}

static void wrong_integrity_or_user_gets_no_answer(void **state)
{
    struct world world;
    struct line_client *wrong_pwd, *wrong_ufrag;

    (void)state;
    world_open(&world);
    wrong_pwd = new_client(&world, false, false);
    wrong_ufrag = new_client(&world, false, false);
    negotiate(&world, wrong_pwd, 1, false, false);
    negotiate(&world, wrong_ufrag, 2, false, false);
    line_client_spoil_pwd(wrong_pwd);
    line_client_spoil_ufrag(wrong_ufrag);
    UNTIL(&world, line_port_counters(world.port)->stun_refused >= 5 &&
                      line_port_counters(world.port)->stun_unknown_user >= 5);
    run_for(&world, 50);
    assert_int_equal(line_client_answers(wrong_pwd), 0);
    assert_int_equal(line_client_answers(wrong_ufrag), 0);
    assert_int_equal(line_port_counters(world.port)->stun_answered, 0);
    world_close(&world);
}

static void line_is_lost_after_five_silent_seconds_and_comes_back(void **state)
{
    struct world world;
    struct line_client *client;
    uint8_t packet[200];

    (void)state;
    world_open(&world);
    client = connected_client(&world, 1, false, false);
    line_client_mute(client, true);
    run_for(&world, 50);
    world.skipped_ms += 4500;
    run_for(&world, 10);
    assert_int_equal(world.seen[1].losts, 0);
    world.skipped_ms += 600;
    UNTIL(&world, world.seen[1].state == MEDIA_LINE_LOST);
    assert_int_equal(line_send_rtp(world.port, 1, packet, make_rtp(packet, 1)), 0);
    line_client_mute(client, false);
    UNTIL(&world, world.seen[1].state == MEDIA_LINE_UP);
    assert_int_equal(world.seen[1].losts, 1);
    assert_int_equal(world.seen[1].ups, 2);
    talk(&world, client, 1, 50, 5);
    world_close(&world);
}

static void close_notify_closes_at_once(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        struct world world;
        struct line_client *client;
        world_open(&world);
        client = connected_client(&world, 1, tcp != 0, false);
        line_client_close(client);
        UNTIL(&world, world.seen[1].closes == 1);
        assert_int_equal(line_restart(world.port, 1, &(struct line_credentials){"abcdefgh", "x"},
                                      &(struct line_remote){0}),
                         -ENOENT);
        world_close(&world);
    }
}

static void our_close_tells_the_browser_and_frees_the_place(void **state)
{
    struct world world;
    struct line_client *client;

    (void)state;
    world_open(&world);
    client = connected_client(&world, 1, false, false);
    line_close(world.port, 1);
    line_close(world.port, 1);
    UNTIL(&world, line_client_closed(client));
    assert_int_equal(world.seen[1].closes, 0); /* no callback for our own close */
    client = connected_client(&world, 1, false, false);
    talk(&world, client, 1, 1, 2);
    world_close(&world);
}

static void a_handler_may_close_its_line(void **state)
{
    struct world world;
    struct line_client *client;

    (void)state;
    world_open(&world);
    world.close_on_state = true;
    client = new_client(&world, false, false);
    negotiate(&world, client, 1, false, false);
    UNTIL(&world, world.seen[1].ups == 1 && line_client_closed(client));
    world_close(&world);
}

static void the_table_is_bounded_and_ids_are_unique(void **state)
{
    struct line_remote remote = {.ufrag = "abcd"};
    struct line_credentials local, first;
    struct world world;

    (void)state;
    world_open(&world);
    line_credentials_make(&first);
    assert_int_equal(line_open(world.port, 1, &first, &remote, 0), 0);
    line_credentials_make(&local);
    assert_int_equal(line_open(world.port, 1, &local, &remote, 0), -EEXIST);
    assert_int_equal(line_open(world.port, 2, &first, &remote, 0), -EEXIST);
    for (handle_t id = 2; id <= LINES; id++) {
        line_credentials_make(&local);
        assert_int_equal(line_open(world.port, id, &local, &remote, 0), 0);
    }
    line_credentials_make(&local);
    assert_int_equal(line_open(world.port, LINES + 1, &local, &remote, 0), -EAGAIN);
    line_close(world.port, 4);
    assert_int_equal(line_open(world.port, LINES + 1, &local, &remote, 0), 0);
    assert_int_equal(line_send_rtp(world.port, 1, (const uint8_t *)"x", 1), -ENOTCONN);
    world_close(&world);
}

static int raw_socket(struct world *world, int type)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(line_port_number(world->port)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Everybody else goes on talking while rubbish of every kind arrives. */
static void rubbish_is_counted_and_harms_nobody(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atol(getenv("SEED")) : (unsigned)time(NULL);
    struct line_client *client;
    struct world world;
    uint8_t bytes[1600];
    int fd;

    (void)state;
    print_message("SEED=%u\n", seed);
    srand(seed);
    world_open(&world);
    client = connected_client(&world, 1, false, false);
    fd = raw_socket(&world, SOCK_DGRAM);
    for (int i = 0; i < 3000; i++) {
        static const uint8_t kinds[] = {0, 1, 3, 20, 22, 63, 128, 144, 191, 255};
        size_t length = 1 + (size_t)rand() % (sizeof(bytes) - 1);
        for (size_t at = 0; at < length; at++)
            bytes[at] = (uint8_t)rand();
        bytes[0] = kinds[rand() % 10];
        assert_true(send(fd, bytes, length, 0) >= 0 || errno == ECONNREFUSED);
        if (length <= 1500) /* and from the proved address itself */
            line_client_send_raw(client, bytes, length);
        if (i % 50 == 0)
            turn(&world);
    }
    run_for(&world, 50);
    assert_int_equal(world.seen[1].state, MEDIA_LINE_UP);
    assert_int_equal(world.seen[1].rtp, 0);
    assert_true(line_port_counters(world.port)->stun_malformed > 0);
    assert_true(line_port_counters(world.port)->strangers > 0);
    assert_true(line_port_counters(world.port)->srtp_refused > 0);
    talk(&world, client, 1, 1, 20);
    (void)close(fd);
    world_close(&world);
}

/* 0 = the server closed it, -1 = still open */
static int peek_close(int fd)
{
    uint8_t byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno == ECONNRESET) ? 0 : -1;
}

static void idle_or_broken_tcp_connections_are_closed(void **state)
{
    struct world world;
    int idle, broken, stranger;

    (void)state;
    world_open(&world);
    idle = raw_socket(&world, SOCK_STREAM);
    broken = raw_socket(&world, SOCK_STREAM);
    stranger = raw_socket(&world, SOCK_STREAM);
    assert_int_equal(send(broken, "\xff\xff....", 6, 0), 6);
    assert_int_equal(send(stranger, "\x00\x04\x80\x08\x00\x01", 6, 0), 6);
    UNTIL(&world, peek_close(broken) == 0);
    UNTIL(&world, peek_close(stranger) == 0);
    assert_int_equal(peek_close(idle), -1);
    world.skipped_ms += 10000;
    UNTIL(&world, peek_close(idle) == 0);
    assert_int_equal(line_port_counters(world.port)->tcp_closed_bad, 3);
    (void)close(idle);
    (void)close(broken);
    (void)close(stranger);
    world_close(&world);
}

static void a_flood_of_tcp_connections_keeps_nobody_out(void **state)
{
    struct world world;
    struct line_client *client;
    int fds[20];

    (void)state;
    world_open(&world); /* six places */
    for (int i = 0; i < 20; i++)
        fds[i] = raw_socket(&world, SOCK_STREAM);
    client = connected_client(&world, 1, true, false);
    for (int i = 0; i < 20; i++)
        (void)close(fds[i]);
    talk(&world, client, 1, 1, 5);
    world_close(&world);
}

/* Frames cut anywhere must come out whole. */
static void tcp_frames_may_arrive_byte_by_byte(void **state)
{
    struct world world;
    struct line_client *client;
    uint8_t garbage[2 + 200] = {0, 200, 0x80};
    int fd;

    (void)state;
    world_open(&world);
    client = connected_client(&world, 1, true, false);
    fd = line_client_fd(client);
    for (size_t i = 0; i < sizeof(garbage); i++) {
        assert_int_equal(send(fd, garbage + i, 1, 0), 1);
        line_port_readable(world.port, line_port_tcp_fd(world.port), now(&world));
    }
    UNTIL(&world, line_port_counters(world.port)->srtp_refused == 1);
    talk(&world, client, 1, 1, 5);
    world_close(&world);
}

static void a_flood_of_wrong_checks_does_bounded_work(void **state)
{
    struct world world;
    struct line_client *good, *bad;

    (void)state;
    world_open(&world);
    good = connected_client(&world, 1, false, false);
    bad = new_client(&world, false, false);
    negotiate(&world, bad, 2, false, false);
    line_client_spoil_pwd(bad);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(line_client_move(bad), 0); /* from ever new addresses */
        line_client_step(bad, now(&world));
        if (i % 100 == 99)
            turn(&world);
    }
    UNTIL(&world, line_port_counters(world.port)->stun_limited > 0);
    assert_true(line_port_counters(world.port)->stun_refused < 900);
    talk(&world, good, 1, 1, 5);
    world_close(&world);
}

static void a_busy_port_number_is_reported(void **state)
{
    struct world world;
    struct line_port_options options = {.address = "127.0.0.1", .max_lines = 1};
    struct line_port *second;

    (void)state;
    world_open(&world);
    options.identity = identity;
    options.port = line_port_number(world.port);
    assert_int_equal(line_port_create(&options, &second), -EADDRINUSE);
    options.address = "not an address";
    assert_int_equal(line_port_create(&options, &second), -EINVAL);
    world_close(&world);
}

static int start(void **state)
{
    (void)state;
    client_identity = line_client_identity_make();
    return client_identity != NULL && line_identity_make(&identity) == 0 ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    line_client_identity_free(client_identity);
    line_identity_free(identity);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_over_udp),
        cmocka_unit_test(line_over_tcp_when_udp_is_blocked),
        cmocka_unit_test(line_with_the_older_srtp_suite),
        cmocka_unit_test(many_lines_share_the_port_and_hear_only_themselves),
        cmocka_unit_test(network_change_moves_the_pair),
        cmocka_unit_test(ice_restart_keeps_keys_and_audio),
        cmocka_unit_test(a_handshake_survives_a_bad_network),
        cmocka_unit_test(wrong_fingerprint_is_refused),
        cmocka_unit_test(wrong_integrity_or_user_gets_no_answer),
        cmocka_unit_test(line_is_lost_after_five_silent_seconds_and_comes_back),
        cmocka_unit_test(close_notify_closes_at_once),
        cmocka_unit_test(our_close_tells_the_browser_and_frees_the_place),
        cmocka_unit_test(a_handler_may_close_its_line),
        cmocka_unit_test(the_table_is_bounded_and_ids_are_unique),
        cmocka_unit_test(rubbish_is_counted_and_harms_nobody),
        cmocka_unit_test(idle_or_broken_tcp_connections_are_closed),
        cmocka_unit_test(a_flood_of_tcp_connections_keeps_nobody_out),
        cmocka_unit_test(tcp_frames_may_arrive_byte_by_byte),
        cmocka_unit_test(a_flood_of_wrong_checks_does_bounded_work),
        cmocka_unit_test(a_busy_port_number_is_reported),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
