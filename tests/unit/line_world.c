/* The port of lines and its browsers. */
#include "line_world.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct line_identity *identity;
static struct line_client_identity *client_identity;

int64_t now(const struct world *world)
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

void world_open(struct world *world)
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

void world_close(struct world *world)
{
    line_port_destroy(world->port);
    for (unsigned i = 0; i < world->client_count; i++)
        line_client_free(world->clients[i]);
}

void turn(struct world *world)
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

void run_for(struct world *world, int ms)
{
    int64_t end_ms = now(world) + ms;

    while (now(world) < end_ms)
        turn(world);
}

void negotiate(struct world *world, struct line_client *client, handle_t id, bool restart,
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

struct line_client *add_client(struct world *world, const struct line_client_options *options)
{
    struct line_client *client;

    assert_int_equal(line_client_create(client_identity, options, &client), 0);
    world->clients[world->client_count++] = client;
    return client;
}

struct line_client *new_client(struct world *world, bool tcp, bool cm_only)
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

    return add_client(world, &options);
}

struct line_client *connected_client(struct world *world, handle_t id, bool tcp, bool cm_only)
{
    struct line_client *client = new_client(world, tcp, cm_only);

    negotiate(world, client, id, false, false);
    UNTIL(world, line_client_connected(client) && world->seen[id].state == MEDIA_LINE_UP);
    return client;
}

size_t make_rtp(uint8_t *out, uint16_t seq)
{
    memset(out, 0xd5, 172);
    memcpy(out, "\x80\x08\x00\x00\x00\x00\x00\x00\x12\x34\x56\x78", 12);
    out[2] = (uint8_t)(seq >> 8);
    out[3] = (uint8_t)seq;
    return 172;
}

void talk(struct world *world, struct line_client *client, handle_t id, uint16_t first,
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

/* --- a group of tests ----------------------------------------------------------------------- */

const struct line_identity *world_identity(void)
{
    return identity;
}

int group_start(void **state)
{
    (void)state;
    client_identity = line_client_identity_make();
    return client_identity != NULL && line_identity_make(&identity) == 0 ? 0 : -1;
}

int group_stop(void **state)
{
    (void)state;
    line_client_identity_free(client_identity);
    line_identity_free(identity);
    return 0;
}
