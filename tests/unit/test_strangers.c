/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* Strangers who guess: the table in virtual time and under floods of addresses, then the real room.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/strangers.h>
#include <hotlined/text.h>

#include "sip/digest.h"
#include "sip/door.h"
#include "sip/peek.h"
#include "sip_bench.h"

enum { HOUR_MS = 3600 * 1000 };

static struct strangers table;

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out;

    if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
        out.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
        out.ss_family = AF_INET6;
    else
        fail_msg("no address: %s", text);
    return out;
}

static bool note(const char *text, unsigned points, uint64_t now_ms)
{
    struct sockaddr_storage source = address(text);

    return strangers_note(&table, (struct sockaddr *)&source, points, now_ms);
}

static bool is_banned(const char *text, uint64_t now_ms)
{
    struct sockaddr_storage source = address(text);

    return strangers_is_banned(&table, (struct sockaddr *)&source, now_ms);
}

static void ban(const char *text, uint64_t until_ms)
{
    struct sockaddr_storage source = address(text);

    strangers_ban(&table, (struct sockaddr *)&source, until_ms);
}

static bool forgive(const char *text)
{
    struct sockaddr_storage source = address(text);

    return strangers_forgive(&table, (struct sockaddr *)&source);
}

static int table_setup(void **state)
{
    (void)state;
    return strangers_init(&table, DOOR_LIMIT, DOOR_LEAK_MS);
}

static int table_teardown(void **state)
{
    (void)state;
    strangers_done(&table);
    return 0;
}

/* --- the table ----------------------------------------------------------------------------- */

static void test_limit_is_reached_by_points_not_by_time(void **state)
{
    (void)state;
    for (unsigned i = 1; i < DOOR_LIMIT; i++)
        assert_false(note("192.0.2.1", 1, 1000));
    assert_true(note("192.0.2.1", 1, 1000));
    assert_false(note("192.0.2.2", 1, 1000)); /* each for himself */
    assert_true(note("192.0.2.3", 1000, 1000));
    assert_int_equal(table.banned, 0); /* the owner decides */
}

static void test_the_score_leaks_away(void **state)
{
    uint64_t now = 1;

    (void)state;
    for (unsigned i = 0; i < 10000; i++, now += DOOR_LEAK_MS)
        assert_false(note("192.0.2.1", 1, now)); /* a patient monitor */
    for (unsigned i = 0; i < 1000; i++, now += 20 * 1000)
        assert_false(note("192.0.2.2", 4, now)); /* a phone with an old password */
    assert_false(note("192.0.2.3", DOOR_LIMIT - 1, now));
    assert_false(note("192.0.2.3", DOOR_LIMIT - 1, now + (uint64_t)DOOR_LIMIT * DOOR_LEAK_MS));
}

/* Who does not ban asks for patience: until there is room below the limit again. */
static void test_how_long_until_there_is_room(void **state)
{
    struct sockaddr_storage source = address("192.0.2.1"), nobody = {.ss_family = AF_UNSPEC};
    const struct sockaddr *from = (const struct sockaddr *)&source;

    (void)state;
    assert_int_equal(strangers_wait_ms(&table, from, DOOR_LIMIT, 1000), 0);
    assert_int_equal(strangers_wait_ms(&table, (struct sockaddr *)&nobody, 1, 1000), 0);
    note("192.0.2.1", DOOR_LIMIT - 1, 1000);
    assert_int_equal(strangers_wait_ms(&table, from, 1, 1000), 0);
    note("192.0.2.1", 1, 1000);
    assert_int_equal(strangers_wait_ms(&table, from, 1, 1000), DOOR_LEAK_MS);
    assert_int_equal(strangers_wait_ms(&table, from, 1, 1001), DOOR_LEAK_MS - 1);
    assert_int_equal(strangers_wait_ms(&table, from, 2, 1000), 2 * DOOR_LEAK_MS);
    assert_int_equal(strangers_wait_ms(&table, from, 1, 1000 + DOOR_LEAK_MS), 0);
    note("192.0.2.1", 10, 1000); /* more at once than there was room: all of it is paid */
    assert_int_equal(strangers_wait_ms(&table, from, 1, 1000), 11 * DOOR_LEAK_MS);
}

static void test_a_ban_holds_till_its_end_and_not_longer(void **state)
{
    (void)state;
    ban("192.0.2.1", 5000);
    assert_int_equal(table.banned, 1);
    assert_true(is_banned("192.0.2.1", 4999));
    assert_false(is_banned("192.0.2.1", 5000));
    assert_false(is_banned("192.0.2.2", 4999));
    assert_false(note("192.0.2.1", DOOR_LIMIT, 3000)); /* no second ban within */
    assert_true(forgive("192.0.2.1"));
    assert_false(forgive("192.0.2.1"));
    assert_int_equal(table.banned, 0);
    assert_false(note("192.0.2.1", DOOR_LIMIT - 1, 5000)); /* begins anew */
}

static void test_ipv4_in_ipv6_is_the_same_and_a_64_is_one_house(void **state)
{
    (void)state;
    ban("192.0.2.1", 5000);
    assert_true(is_banned("::ffff:192.0.2.1", 1));
    assert_false(is_banned("::ffff:192.0.2.2", 1));
    ban("2001:db8:1:2::3", 5000);
    assert_true(is_banned("2001:db8:1:2:ffff::9", 1));
    assert_false(is_banned("2001:db8:1:3::3", 1));
}

static void test_walk_gives_every_ban_once(void **state)
{
    struct sockaddr_in6 source;
    unsigned cursor = 0, count = 0;
    uint64_t until;
    char text[64];

    (void)state;
    assert_false(strangers_next_ban(&table, &cursor, &source, &until));
    for (unsigned i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "198.51.100.%u", i);
        ban(text, 1000 + i);
    }
    note("192.0.2.1", 1, 1);
    cursor = 0;
    while (strangers_next_ban(&table, &cursor, &source, &until)) {
        assert_true(strangers_forgive(&table, (struct sockaddr *)&source));
        count++;
    }
    assert_int_equal(count, 100);
    assert_int_equal(table.banned, 0);
}

/* A flood of forged addresses, a point each: the one block of memory stays, bans stay, a steady
 * guesser is still found. */
static void test_flood_of_addresses(void **state)
{
    char text[64];
    unsigned found = 0, tries = 0;
    const struct stranger *before = table.slots;

    (void)state;
    ban("192.0.2.1", HOUR_MS);
    for (uint32_t i = 0; i < 2000000; i++) {
        struct sockaddr_in source = {.sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(i * 2654435761u)};

        (void)strangers_note(&table, (struct sockaddr *)&source, 1, 1000 + i / 20);
        if (i % 100 == 0) { /* one packet of a hundred is his */
            snprintf(text, sizeof(text), "203.0.113.7");
            tries++;
            found += note(text, 3, 1000 + i / 20);
        }
    }
    assert_ptr_equal(table.slots, before);
    assert_true(is_banned("192.0.2.1", 1000));
    assert_true(found > tries / 2);
    assert_int_equal(table.banned, 1);
}

/* Where every slot is a ban, new ones take the place of those that end first; the count stays
 * right. */
static void test_flood_of_bans(void **state)
{
    struct sockaddr_in6 source;
    unsigned cursor = 0, count = 0;
    uint64_t until;

    (void)state;
    for (uint32_t i = 0; i < 20 * STRANGERS_SLOTS; i++) {
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(i)};

        strangers_ban(&table, (struct sockaddr *)&four, 1000 + i);
        assert_true(strangers_is_banned(&table, (struct sockaddr *)&four, 999 + i));
    }
    while (strangers_next_ban(&table, &cursor, &source, &until))
        count++;
    assert_int_equal(count, table.banned);
    assert_int_equal(count, STRANGERS_SLOTS);
}

static void test_no_address_is_nobody(void **state)
{
    struct sockaddr_storage none = {.ss_family = AF_UNSPEC};

    (void)state;
    assert_false(strangers_note(&table, (struct sockaddr *)&none, DOOR_LIMIT, 1));
    strangers_ban(&table, (struct sockaddr *)&none, 1000);
    assert_int_equal(table.banned, 0);
    assert_false(strangers_is_banned(&table, (struct sockaddr *)&none, 1));
}

/* --- the room ------------------------------------------------------------------------------ */

static struct bench bench;
static struct peer peer;
static struct peer_dialog dialog;

static int room_setup_with(int ban_ms)
{
    const struct sip_options options = {.ban_ms = ban_ms};
    struct sip_phone_conf phone = {.user_id = 7, .extension = "8001"};
    char hash[DIGEST_HEX_SIZE];

    digest_ha1(DIGEST_MD5, "8001", "hotline.test", "secret", hash);
    (void)text_copy(phone.ha1_md5, sizeof(phone.ha1_md5), hash);
    bench_start(&bench, &options);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    assert_int_equal(sip_set_phones(bench.sip, &phone, 1), 0);
    dialog_init(&dialog, &peer, "8001", "8001", bench.port);
    return 0;
}

static int room_setup(void **state)
{
    (void)state;
    return room_setup_with(400);
}

static int room_setup_for_long(void **state)
{
    (void)state;
    return room_setup_with(600 * 1000);
}

static int room_setup_starting(void **state)
{
    const struct sip_options options = {.ban_ms = 600 * 1000};

    (void)state;
    bench_open(&bench, &options);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    return 0;
}

static int room_teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    peer_close(&peer);
    return 0;
}

static unsigned banned_now(void)
{
    struct sip_strangers strangers;

    sip_strangers(&strangers);
    assert_true(!strangers.banned == !strangers.since_ms);
    return strangers.banned;
}

/* Sends requests of a method until there is no answer any more; returns how many were answered. */
static unsigned answered(const char *method, const char *extra, const char *expected)
{
    unsigned count = 0;

    for (; count < 200 && !banned_now(); count++) {
        dialog_request(&peer, &dialog, method, extra, "");
        if (!peer_wait(&peer, expected, method, banned_now() ? 100 : 2000))
            break;
    }
    dialog_request(&peer, &dialog, method, extra, "");
    assert_null(peer_wait(&peer, "SIP/2.0", method, 200));
    return count;
}

#define WRONG                                                                                      \
    "Authorization: Digest username=\"8001\", realm=\"hotline.test\", nonce=\"00\", "              \
    "uri=\"sip:x\", "                                                                              \
    "response=\"00000000000000000000000000000000\", qop=auth, nc=00000001, cnonce=\"c\"\r\n"

/* The port is open before the directory is read: a trunk that calls then must not be told to go
 * away, nor a phone with its right password. */
static void test_nobody_is_a_stranger_before_trunks_are_known(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    const char *answer;

    (void)state;
    for (int i = 0; i < DOOR_LIMIT; i++) {
        dialog_init(&dialog, &peer, "13877100001", "12366", bench.port);
        dialog_request(&peer, &dialog, "INVITE", "", peer_sdp(5000, "sendrecv"));
        answer = peer_expect(&peer, "SIP/2.0 503", "INVITE");
        assert_non_null(strstr(answer, "\r\nRetry-After: 2\r\n"));
        dialog_learn(&dialog, answer);
        dialog_ack(&peer, &dialog, false, "");
        dialog_init(&dialog, &peer, "8001", "8001", bench.port);
        dialog_request(&peer, &dialog, "REGISTER", WRONG, "");
        answer = peer_expect(&peer, "SIP/2.0 503", "REGISTER");
        assert_non_null(strstr(answer, "\r\nRetry-After: 2\r\n"));
        dialog_request(&peer, &dialog, "OPTIONS", "User-Agent: friendly-scanner\r\n", "");
        (void)peer_expect(&peer, "SIP/2.0 200", "OPTIONS");
    }
    assert_int_equal(banned_now(), 0);
    assert_int_equal(bench.invites, 0);
    bench_set_trunks(&bench, &trunk, 1);
    bench_call_in(&bench, &peer, &dialog);
    bench_set_trunks(&bench, NULL, 0);
    dialog_init(&dialog, &peer, "8001", "8001", bench.port);
    assert_in_range(answered("REGISTER", WRONG, "SIP/2.0 403"), DOOR_LIMIT / 3 - 1,
                    DOOR_LIMIT / 3 + 2); /* nothing was held against it */
}

static void test_wrong_passwords_ban_and_the_ban_ends(void **state)
{
    unsigned count;

    (void)state;
    count = answered("REGISTER", WRONG, "SIP/2.0 403");
    assert_in_range(count, DOOR_LIMIT / 3 - 1, DOOR_LIMIT / 3 + 2);
    for (int i = 0; i < 200 && banned_now(); i++)
        bench_turn(&bench, 10);
    assert_int_equal(banned_now(), 0);
    dialog_request(&peer, &dialog, "REGISTER", "", "");
    (void)peer_expect(&peer, "SIP/2.0 401", "REGISTER");
}

static void test_calls_sweeps_and_scanners_ban(void **state)
{
    (void)state;
    assert_in_range(answered("OPTIONS", "", "SIP/2.0 200"), DOOR_LIMIT - 1, DOOR_LIMIT + 1);
    bench_turn(&bench, 500);
    assert_int_equal(banned_now(), 0);
    assert_int_equal(answered("REGISTER", "User-Agent: friendly-scanner\r\n", "SIP/2.0 403"), 1);
}

static void test_a_new_trunk_is_heard_at_once(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);

    (void)state;
    (void)answered("REGISTER", WRONG, "SIP/2.0 403");
    assert_int_equal(banned_now(), 1);
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(banned_now(), 0);
    for (int i = 0; i < 2 * DOOR_LIMIT; i++) {
        dialog_request(&peer, &dialog, "REGISTER", WRONG, "");
        (void)peer_expect(&peer, "SIP/2.0 403", "REGISTER");
    }
    assert_int_equal(banned_now(), 0);
}

/* What is there when the call is over and nobody else has one. */
static void expect_silence(const char *method)
{
    struct peer_dialog other;

    dialog_init(&other, &peer, "8001", "8001", bench.port);
    dialog_request(&peer, &other, method, "", "");
    assert_null(peer_wait(&peer, "SIP/2.0", method, 200));
}

static void ban_peer(void)
{
    for (int i = 0; i < DOOR_LIMIT && !banned_now(); i++) {
        dialog_request(&peer, &dialog, "REGISTER", WRONG, "");
        (void)peer_expect(&peer, "SIP/2.0 403", "REGISTER");
    }
    assert_int_equal(banned_now(), 1);
}

static void test_a_call_that_is_up_goes_on_and_ends_under_a_ban(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    struct peer_dialog call, forged;

    (void)state;
    bench_set_trunks(&bench, &trunk, 1);
    bench_call_in(&bench, &peer, &call);
    bench_set_trunks(&bench, NULL, 0); /* from now on a stranger with a call */
    ban_peer();
    expect_silence("OPTIONS");
    expect_silence("BYE");
    forged = call;
    (void)snprintf(forged.call_id, sizeof(forged.call_id), "%.40s-x", call.call_id);
    dialog_request(&peer, &forged, "BYE", "", "");
    assert_null(peer_wait(&peer, "SIP/2.0", "BYE", 200));

    dialog_request(&peer, &call, "INVITE", "Content-Type: application/sdp\r\n",
                   peer_sdp(5000, "sendrecv"));
    bench_until(&bench, &bench.reoffers, 1);
    (void)peer_expect(&peer, "SIP/2.0 200", "INVITE");
    dialog_ack(&peer, &call, true, "");
    assert_int_equal(bench.endings, 0);
    dialog_request(&peer, &call, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REMOTE);
    assert_int_equal(banned_now(), 1);
    expect_silence("OPTIONS");
    dialog_request(&peer, &call, "BYE", "", ""); /* the call is over: nothing passes any more */
    assert_null(peer_wait(&peer, "SIP/2.0", "BYE", 200));
}

static void test_the_call_id_is_found_wherever_it_stands(void **state)
{
    static const struct {
        const char *headers, *call_id;
    } rows[] = {
        {"Call-ID: a@b\r\nCSeq: 1 BYE\r\n\r\n", "a@b"},
        {"Via: SIP/2.0/UDP x\r\ncall-id :\t a@b \r\n\r\n", "a@b"},
        {"Via: x\nI:a@b\n\n", "a@b"},
        {"Via: x\r\n i: folded\r\nCall-ID: a\r\n", "a"},
        {"Call-ID: a", "a"},
        {"Call-ID:  a b\t \r\n\r\n", "a b"}, /* as sofia takes it */
        {"Call-ID: a\r\n b\r\n\r\n", NULL},
        {"Via: x\r\n\r\nCall-ID: in-the-body\r\n", NULL},
        {"Call-IDs: a\r\n\r\n", NULL},
        {"Call-ID\r\n: a\r\n\r\n", NULL},
        {"Call-ID:\r\n\r\n", NULL},
        {"Call-ID: 0123456789abcdef\r\n\r\n", NULL}, /* longer than there is room */
        {"", NULL},
    };
    static const char end[] = "\r\nCall-ID: a\r\n\r\n";
    char long_line[2 * PEEK_MAX], call_id[16];
    char *tail = long_line + sizeof(long_line) - sizeof(end);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool found = peek_call_id(rows[i].headers, call_id, sizeof(call_id));
        assert_int_equal(found, rows[i].call_id != NULL);
        if (found)
            assert_string_equal(call_id, rows[i].call_id);
    }
    memset(long_line, 'x', sizeof(long_line));
    memcpy(tail, end, sizeof(end));
    assert_false(peek_call_id(long_line, call_id, sizeof(call_id)));
    assert_true(peek_call_id(tail + 2, call_id, sizeof(call_id)));
}

static void test_malformed_messages_ban(void **state)
{
    unsigned count = 0;

    (void)state;
    for (; count < 100 && !banned_now(); count++) {
        peer_send(&peer,
                  "OPTIONS sip:x SIP/7.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5;branch=z9hG4bK1\r\n"
                  "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
                  "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
        bench_turn(&bench, 10);
    }
    assert_in_range(count, DOOR_LIMIT / 3, DOOR_LIMIT / 3 + 2);
}

/* A banned TCP connection is closed, a new one hears nothing. */
static void test_tcp(void **state)
{
    struct peer stream;
    struct peer_dialog other;

    (void)state;
    (void)answered("REGISTER", WRONG, "SIP/2.0 403");
    peer_open(&stream, bench.loop, PEER_TCP, bench.port);
    dialog_init(&other, &stream, "8001", "8001", bench.port);
    dialog_request(&stream, &other, "OPTIONS", "", "");
    assert_null(peer_wait(&stream, "SIP/2.0", "OPTIONS", 200));
    peer_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_limit_is_reached_by_points_not_by_time, table_setup,
                                        table_teardown),
        cmocka_unit_test_setup_teardown(test_the_score_leaks_away, table_setup, table_teardown),
        cmocka_unit_test_setup_teardown(test_how_long_until_there_is_room, table_setup,
                                        table_teardown),
        cmocka_unit_test_setup_teardown(test_a_ban_holds_till_its_end_and_not_longer, table_setup,
                                        table_teardown),
        cmocka_unit_test_setup_teardown(test_ipv4_in_ipv6_is_the_same_and_a_64_is_one_house,
                                        table_setup, table_teardown),
        cmocka_unit_test_setup_teardown(test_walk_gives_every_ban_once, table_setup,
                                        table_teardown),
        cmocka_unit_test_setup_teardown(test_flood_of_addresses, table_setup, table_teardown),
        cmocka_unit_test_setup_teardown(test_flood_of_bans, table_setup, table_teardown),
        cmocka_unit_test_setup_teardown(test_no_address_is_nobody, table_setup, table_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_is_a_stranger_before_trunks_are_known,
                                        room_setup_starting, room_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_passwords_ban_and_the_ban_ends, room_setup,
                                        room_teardown),
        cmocka_unit_test_setup_teardown(test_calls_sweeps_and_scanners_ban, room_setup,
                                        room_teardown),
        cmocka_unit_test_setup_teardown(test_a_new_trunk_is_heard_at_once, room_setup,
                                        room_teardown),
        cmocka_unit_test_setup_teardown(test_a_call_that_is_up_goes_on_and_ends_under_a_ban,
                                        room_setup_for_long, room_teardown),
        cmocka_unit_test(test_the_call_id_is_found_wherever_it_stands),
        cmocka_unit_test_setup_teardown(test_malformed_messages_ban, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(test_tcp, room_setup, room_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
