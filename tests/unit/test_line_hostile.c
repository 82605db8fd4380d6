/* rooms: base media/line */
/* with: tests/unit/line_client.c tests/unit/line_world.c */
/* Who is no browser of ours, or does not keep to the rules: refused, bounded, and nobody else
 * notices. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "line_world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_fingerprint_is_refused),
        cmocka_unit_test(wrong_integrity_or_user_gets_no_answer),
        cmocka_unit_test(rubbish_is_counted_and_harms_nobody),
        cmocka_unit_test(idle_or_broken_tcp_connections_are_closed),
        cmocka_unit_test(a_flood_of_tcp_connections_keeps_nobody_out),
        cmocka_unit_test(tcp_frames_may_arrive_byte_by_byte),
        cmocka_unit_test(a_flood_of_wrong_checks_does_bounded_work),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
