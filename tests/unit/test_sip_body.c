/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* Bodies in INFO that are the upper room's: handed over, refused, too long, and of whom they are
 * not taken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sip_bench.h"

#define TYPE     "application/vnd.hotlined.dialog+json"
#define OF(type) "Content-Type: " type "\r\n"

static struct bench bench;
static struct peer peer;
static struct peer_dialog d;
static handle_t leg;

static int setup(void **state)
{
    struct sip_trunk_conf trunk;

    (void)state;
    bench_start(&bench, NULL);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    trunk = bench_trunk(1, peer.port);
    bench_set_trunks(&bench, &trunk, 1);
    bench.takes = TYPE;
    leg = bench_call_out(&bench, &peer, &d, 1, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    peer_close(&peer);
    return 0;
}

static void info(const char *type, const char *body, const char *answer)
{
    dialog_request(&peer, &d, "INFO", type, body);
    (void)peer_expect(&peer, answer, "INFO");
}

static void NLU_02_a_body_is_handed_over_as_it_came(void **state)
{
    (void)state;
    info(OF(TYPE), "{\"intent\":\"退税\"}", "SIP/2.0 200");
    assert_int_equal(bench.bodies, 1);
    assert_int_equal(bench.body_leg, leg);
    assert_string_equal(bench.body, "{\"intent\":\"退税\"}");
    info(OF("Application/VND.hotlined.dialog+JSON;charset=utf-8"), "{}", "SIP/2.0 200");
    assert_int_equal(bench.body_length, 2);
    info(OF(TYPE), "", "SIP/2.0 200"); /* empty: the upper room's to say */
    assert_int_equal(bench.body_length, 0);
    assert_int_equal(bench.bodies, 3);
    info(OF("application/dtmf-relay"), "Signal=5\r\nDuration=100\r\n",
         "SIP/2.0 200"); /* keys as ever */
    assert_int_equal(bench.bodies, 3);
    assert_int_equal(bench.digits, 1);
}

static void NLU_02_a_bad_one_is_answered_and_the_call_goes_on(void **state)
{
    static char longest[SIP_BODY_SIZE + 2];

    (void)state;
    bench.body_wrong = "Too Many Turns";
    info(OF(TYPE), "{}", "SIP/2.0 400 Too Many Turns");
    bench.body_wrong = NULL;
    memset(longest, ' ', SIP_BODY_SIZE);
    info(OF(TYPE), longest, "SIP/2.0 200");
    assert_int_equal(bench.body_length, SIP_BODY_SIZE);
    longest[SIP_BODY_SIZE] = ' ';
    info(OF(TYPE), longest, "SIP/2.0 413");
    info(OF("application/json"), "{}", "SIP/2.0 415");
    info("", "{}", "SIP/2.0 415");
    assert_int_equal(bench.bodies, 2);
    info(OF(TYPE), "{}", "SIP/2.0 200");
    assert_int_equal(bench.endings, 0);
}

static void NLU_02_nobody_tells_but_whom_we_called_for_it(void **state)
{
    struct peer_dialog caller;

    (void)state;
    bench.takes = NULL;
    (void)bench_call_out(&bench, &peer, &d, 1, "");
    info(OF(TYPE), "{}", "SIP/2.0 415");
    bench.answer = ANSWER_AT_ONCE;
    bench_call_in(&bench, &peer, &caller);
    dialog_request(&peer, &caller, "INFO", OF(TYPE), "{}");
    (void)peer_expect(&peer, "SIP/2.0 415", "INFO");
    assert_int_equal(bench.bodies, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(NLU_02_a_body_is_handed_over_as_it_came),
        TEST(NLU_02_a_bad_one_is_answered_and_the_call_goes_on),
        TEST(NLU_02_nobody_tells_but_whom_we_called_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
