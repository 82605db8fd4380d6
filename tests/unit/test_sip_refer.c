/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* REFER in a call (RFC 3515): obeyed, refused, broken, repeated, and left halfway. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sip_bench.h"

#define TO(uri) "Refer-To: " uri "\r\n"

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
    bench.may_refer = true;
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

/* A NOTIFY of the subscription with that sipfrag, answered. */
static void expect_notify(const char *fragment, const char *substate)
{
    const char *notify = peer_expect(&peer, "NOTIFY", "NOTIFY");
    char value[128];

    assert_true(message_header(notify, "Event", value, sizeof(value)));
    assert_int_equal(strncmp(value, "refer", 5), 0);
    assert_true(message_header(notify, "Subscription-State", value, sizeof(value)));
    assert_non_null(strstr(value, substate));
    assert_true(message_header(notify, "Content-Type", value, sizeof(value)));
    assert_non_null(strstr(value, "message/sipfrag"));
    assert_int_equal(strncmp(message_body(notify), fragment, strlen(fragment)), 0);
    peer_respond(&peer, notify, 200, d.our_tag, "", "");
}

static void NLU_05_a_refer_is_accepted_and_notified_until_it_is_done(void **state)
{
    (void)state;
    bench.refer_answer = 202;
    dialog_request(
        &peer, &d, "REFER",
        TO("<sip:queue%2Dconsult@hotline.test;user=phone>") "X-Hotlined-Result: "
                                                            "rounds=2;intent=%E9%80%80\r\n",
        "");
    (void)peer_expect(&peer, "SIP/2.0 202", "REFER");
    assert_int_equal(bench.refers, 1);
    assert_int_equal(bench.refer.leg, leg);
    assert_string_equal(bench.refer.user, "queue-consult");
    assert_string_equal(bench.refer.told, "rounds=2;intent=%E9%80%80");
    expect_notify("SIP/2.0 100", "active");
    dialog_request(&peer, &d, "REFER", TO("<sip:queue-b@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 491", "REFER"); /* one at a time */
    assert_int_equal(sip_leg_refer_done(bench.sip, leg, 200), 0);
    expect_notify("SIP/2.0 200", "terminated");
    assert_true(sip_leg_refer_done(bench.sip, leg, 200) < 0);
    sip_leg_hangup(bench.sip, leg, 16);
    peer_respond(&peer, peer_expect(&peer, "BYE", "BYE"), 200, d.our_tag, "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_LOCAL);
}

static void NLU_05_a_refused_refer_says_why_and_the_call_goes_on(void **state)
{
    static const int statuses[] = {403, 603, 488, 400};
    const char *answer;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        char start[64];
        bench.refer_answer = statuses[i];
        dialog_request(&peer, &d, "REFER", TO("sip:13877100002@hotline.test"), "");
        snprintf(start, sizeof(start), "SIP/2.0 %d Because", statuses[i]);
        answer = peer_expect(&peer, start, "REFER");
        assert_non_null(answer);
    }
    bench_turn(&bench, 100);
    assert_null(peer_wait(&peer, "NOTIFY", "NOTIFY", 100));
    dialog_request(&peer, &d, "INFO", "Content-Type: application/dtmf\r\n", "5");
    (void)peer_expect(&peer, "SIP/2.0 200", "INFO");
    assert_int_equal(bench.endings, 0);
    bench.refer_answer = 202;
    dialog_request(&peer, &d, "REFER", TO("sip:13877100002@hotline.test"), "");
    (void)peer_expect(&peer, "SIP/2.0 202", "REFER");
    expect_notify("SIP/2.0 100", "active");
}

static void NLU_05_a_malformed_refer_to_is_refused(void **state)
{
    static const char *const broken[] = {
        "",
        TO(""),
        TO("<>"),
        TO("<sip:>"),
        TO("<sip:hotline.test>"),
        TO("sip:@hotline.test"),
        TO("<sip:queue-a@hotline.test"),
        TO("\"<sip:queue-a@hotline.test>"),
        TO("<sip:queue-%FF%FE@hotline.test>"),
        TO("<sip:%00@hotline.test>"),
        TO("<sip:queue-a@hotline.test;method=BYE>"),
        TO("<sip:queue-a@hotline.test;method>"),
        TO("<sip:queue-a@hotline.test?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>"),
        TO("<tel:+8677112366>"),
        TO("<http://hotline.test/queue-a>")};
    char longest[256];

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        dialog_request(&peer, &d, "REFER", broken[i], "");
        if (!peer_wait(&peer, "SIP/2.0 400", "REFER", 3000))
            fail_msg("%s", broken[i]);
    }
    memset(longest, 'a', sizeof(longest));
    snprintf(longest + 100, sizeof(longest) - 100, "@hotline.test>\r\n");
    memcpy(longest, "Refer-To: <sip:", 15);
    dialog_request(&peer, &d, "REFER", longest, "");
    (void)peer_expect(&peer, "SIP/2.0 400", "REFER");
    assert_int_equal(bench.refers, 0);
    assert_int_equal(bench.endings, 0);
    bench.refer_answer = 202; /* and the next one that is good is heard */
    dialog_request(&peer, &d, "REFER", TO("<sips:queue-a@hotline.test;method=INVITE>"), "");
    (void)peer_expect(&peer, "SIP/2.0 202", "REFER");
    assert_string_equal(bench.refer.user, "queue-a");
}

static void NLU_05_nobody_refers_but_whom_we_called_for_it(void **state)
{
    struct peer_dialog other;

    (void)state;
    dialog_init(&other, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &other, "REFER", TO("<sip:queue-a@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 405", "REFER");
    bench_call_in(&bench, &peer, &other);
    dialog_request(&peer, &other, "REFER", TO("<sip:queue-a@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 405", "REFER");
    bench.may_refer = false;
    (void)bench_call_out(&bench, &peer, &other, 1, "");
    dialog_request(&peer, &other, "REFER", TO("<sip:queue-a@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 405", "REFER");
    assert_null(peer_wait(&peer, "NOTIFY", "NOTIFY", 200));
    assert_int_equal(bench.refers, 0);
}

static void
NLU_05_whoever_refers_and_hangs_up_or_answers_no_notify_is_gone_all_the_same(void **state)
{
    (void)state;
    bench.refer_answer = 202;
    dialog_request(&peer, &d, "REFER", TO("<sip:queue-a@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 202", "REFER");
    (void)peer_expect(&peer, "NOTIFY", "NOTIFY"); /* not answered */
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REMOTE);
    assert_true(sip_leg_refer_done(bench.sip, leg, 200) < 0);
    assert_true(sip_leg_refer_answer(bench.sip, leg, 202, NULL) < 0);

    leg = bench_call_out(&bench, &peer, &d, 1, "");
    dialog_request(&peer, &d, "REFER", TO("<sip:queue-a@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 202", "REFER");
    assert_int_equal(sip_leg_refer_done(bench.sip, leg, 200), 0);
    sip_leg_hangup(bench.sip, leg, 16);
    bench_until(&bench, &bench.endings, 2);
    assert_int_equal(sip_leg_count(bench.sip), 0);
    dialog_request(&peer, &d, "REFER", TO("<sip:queue-a@hotline.test>"), "");
    (void)peer_expect(&peer, "SIP/2.0 481", "REFER");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(NLU_05_a_refer_is_accepted_and_notified_until_it_is_done),
        TEST(NLU_05_a_refused_refer_says_why_and_the_call_goes_on),
        TEST(NLU_05_a_malformed_refer_to_is_refused),
        TEST(NLU_05_nobody_refers_but_whom_we_called_for_it),
        TEST(NLU_05_whoever_refers_and_hangs_up_or_answers_no_notify_is_gone_all_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
