/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* NFR-08: new calls refused at the door, without a transaction; how late requests are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sip_bench.h"

static struct bench bench;
static struct peer peer;

static int setup(void **state)
{
    struct sip_trunk_conf trunk;

    (void)state;
    bench_start(&bench, NULL);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    trunk = bench_trunk(1, peer.port);
    bench_set_trunks(&bench, &trunk, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    peer_close(&peer);
    return 0;
}

static void invite(struct peer *from, struct peer_dialog *d)
{
    dialog_init(d, from, "13877100001", "12366", bench.port);
    dialog_request(from, d, "INVITE", "", peer_sdp(5000, "sendrecv"));
}

static void check_refusal(const char *answer, const struct peer_dialog *d)
{
    char value[256];

    assert_true(message_header(answer, "Retry-After", value, sizeof(value)));
    assert_string_equal(value, "7");
    assert_true(message_header(answer, "Call-ID", value, sizeof(value)));
    assert_string_equal(value, d->call_id);
    assert_true(message_header(answer, "CSeq", value, sizeof(value)));
    assert_string_equal(value, "101 INVITE");
    assert_true(message_header(answer, "To", value, sizeof(value)));
    assert_non_null(strstr(value, ";tag="));
    assert_true(message_header(answer, "Via", value, sizeof(value)));
    assert_non_null(strstr(value, d->branch));
    assert_non_null(strstr(value, "received=127.0.0.1"));
}

static void a_new_call_is_refused_before_anything_works_on_it(void **state)
{
    struct peer_dialog d;
    unsigned asked;

    (void)state;
    bench.retry_after_s = 7;
    invite(&peer, &d);
    const char *answer = peer_expect(&peer, "SIP/2.0 503", "INVITE");
    check_refusal(answer, &d);
    dialog_learn(&d, answer);
    assert_int_equal(bench.calls_asked, 1);
    assert_int_equal(bench.invites, 0);
    assert_int_equal(sip_leg_count(bench.sip), 0);
    /* Its ACK is known again: nobody is asked, and no answer of any kind comes. */
    asked = bench.knocks;
    dialog_ack(&peer, &d, false, "");
    assert_null(peer_wait(&peer, "SIP/2.0", "INVITE", 200));
    assert_int_equal(bench.knocks, asked);
}

static void the_same_invite_again_is_refused_again_with_the_same_tag(void **state)
{
    struct peer_dialog d;
    char first[256], second[256];

    (void)state;
    bench.retry_after_s = 7;
    invite(&peer, &d);
    assert_true(
        message_header(peer_expect(&peer, "SIP/2.0 503", "INVITE"), "To", first, sizeof(first)));
    bench.retry_after_s = 0; /* there is room again, but nobody waits for this one any more */
    dialog_repeat(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    assert_true(
        message_header(peer_expect(&peer, "SIP/2.0 503", "INVITE"), "To", second, sizeof(second)));
    assert_string_equal(first, second);
    assert_int_equal(bench.calls_asked, 1);
    assert_int_equal(bench.invites, 0);
}

static void an_invite_that_was_let_in_is_not_refused_when_it_comes_again(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench.answer = ANSWER_AT_ONCE;
    invite(&peer, &d);
    bench_until(&bench, &bench.invites, 1);
    bench.retry_after_s = 7; /* overload begins between the two */
    dialog_repeat(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 200", "INVITE"));
    dialog_ack(&peer, &d, true, "");
    bench_until(&bench, &bench.established, 1);
    assert_null(peer_wait(&peer, "SIP/2.0 503", "INVITE", 100));
    assert_int_equal(bench.calls_asked, 1);
}

static void requests_within_a_call_are_never_refused(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    bench.retry_after_s = 7;
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendonly"));
    (void)peer_expect(&peer, "SIP/2.0 200", "INVITE");
    dialog_ack(&peer, &d, true, "");
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.calls_asked, 1);
}

static void strangers_are_no_calls_and_are_not_asked_about(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_set_trunks(&bench, NULL, 0);
    bench.retry_after_s = 7;
    invite(&peer, &d);
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 403", "INVITE"));
    dialog_ack(&peer, &d, false, "");
    assert_int_equal(bench.calls_asked, 0);
}

static void over_a_connection_it_is_refused_too(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, bench.port);
    struct peer stream;
    struct peer_dialog d;
    char value[64];

    (void)state;
    snprintf(trunk.transport, sizeof(trunk.transport), "tcp");
    bench_set_trunks(&bench, &trunk, 1);
    peer_open(&stream, bench.loop, PEER_TCP, bench.port);
    bench.retry_after_s = 7;
    invite(&stream, &d);
    const char *answer = peer_expect(&stream, "SIP/2.0 503", "INVITE");
    assert_true(message_header(answer, "Retry-After", value, sizeof(value)));
    assert_string_equal(value, "7");
    dialog_learn(&d, answer);
    dialog_ack(&stream, &d, false, "");
    assert_int_equal(bench.calls_asked, 1);
    assert_int_equal(bench.invites, 0);
    bench_turn(&bench, 50);
    peer_close(&stream);
}

/* The first question makes the kernel note when datagrams come; from then on it is exact. */
static void the_time_a_request_waited_is_known(void **state)
{
    const struct timespec slow_turn = {0, 120 * 1000 * 1000};
    struct peer_dialog d;
    unsigned knocks;

    (void)state;
    bench.retry_after_s = 7;
    invite(&peer, &d);
    (void)peer_expect(&peer, "SIP/2.0 503", "INVITE");
    knocks = bench.knocks;
    invite(&peer, &d);
    nanosleep(&slow_turn, NULL); /* nobody turns the loop */
    (void)peer_expect(&peer, "SIP/2.0 503", "INVITE");
    assert_int_equal(bench.knocks, knocks + 1);
    assert_in_range(bench.late_us, 120 * 1000, 5 * 1000 * 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_call_is_refused_before_anything_works_on_it),
        TEST(the_same_invite_again_is_refused_again_with_the_same_tag),
        TEST(an_invite_that_was_let_in_is_not_refused_when_it_comes_again),
        TEST(requests_within_a_call_are_never_refused),
        TEST(strangers_are_no_calls_and_are_not_asked_about),
        TEST(over_a_connection_it_is_refused_too),
        TEST(the_time_a_request_waited_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
