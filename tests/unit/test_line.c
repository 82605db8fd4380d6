/* rooms: base media/line */
/* with: tests/unit/line_client.c tests/unit/line_world.c */
/* Browser lines over real loopback sockets: the port against a browser-like client. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "line_world.h"

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
        client = add_client(&world, &options);
        negotiate(&world, client, 1, false, false);
        for (int step = 0;
             step < 4000 && !(line_client_connected(client) && world.seen[1].ups == 1); step++)
            turn(&world);
        assert_true(line_client_connected(client));
        assert_int_equal(world.seen[1].ups, 1);
        world_close(&world);
    }
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

static void a_busy_port_number_is_reported(void **state)
{
    struct world world;
    struct line_port_options options = {.address = "127.0.0.1", .max_lines = 1};
    struct line_port *second;

    (void)state;
    world_open(&world);
    options.identity = world_identity();
    options.port = line_port_number(world.port);
    assert_int_equal(line_port_create(&options, &second), -EADDRINUSE);
    options.address = "not an address";
    assert_int_equal(line_port_create(&options, &second), -EINVAL);
    world_close(&world);
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
        cmocka_unit_test(line_is_lost_after_five_silent_seconds_and_comes_back),
        cmocka_unit_test(close_notify_closes_at_once),
        cmocka_unit_test(our_close_tells_the_browser_and_frees_the_place),
        cmocka_unit_test(a_handler_may_close_its_line),
        cmocka_unit_test(the_table_is_bounded_and_ids_are_unique),
        cmocka_unit_test(a_busy_port_number_is_reported),
    };
    return cmocka_run_group_tests(tests, group_start, group_stop);
}
