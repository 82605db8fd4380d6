/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* PLAT-02: one INVITE dialog in all its ways, against a hand-written far side. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sip_bench.h"

static struct bench bench;
static struct peer peer;

static int setup_with(const struct sip_options *options)
{
    struct sip_trunk_conf trunk;

    bench_start(&bench, options);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    trunk = bench_trunk(1, peer.port);
    bench_set_trunks(&bench, &trunk, 1);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_with(NULL);
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    peer_close(&peer);
    return 0;
}

/* --- incoming ------------------------------------------------------------------------------ */

static void PLAT_02_caller_hangs_up(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    assert_string_equal(bench.invite.caller, "13877100001");
    assert_string_equal(bench.invite.called, "12366");
    assert_int_equal(bench.invite.trunk_id, 1);
    assert_true(bench.invite.has_sdp);
    assert_int_equal(bench.invite.sdp.port, 5000);
    assert_int_equal(sip_trunk_channels(bench.sip, 1), 1);
    dialog_request(&peer, &d, "BYE", "Reason: Q.850;cause=16;text=\"done\"\r\n", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REMOTE);
    assert_int_equal(bench.ended.status, 200);
    assert_int_equal(sip_trunk_channels(bench.sip, 1), 0);
    assert_int_equal(sip_leg_count(bench.sip), 0);
}

static void PLAT_02_we_hang_up(void **state)
{
    struct peer_dialog d;
    const char *bye;
    char reason[64];

    (void)state;
    bench_call_in(&bench, &peer, &d);
    bench.inside = true;
    sip_leg_hangup(bench.sip, bench.invite.leg, 16);
    sip_leg_hangup(bench.sip, bench.invite.leg, 16);
    bench.inside = false;
    bye = peer_expect(&peer, "BYE", "BYE");
    assert_true(message_header(bye, "Reason", reason, sizeof(reason)));
    assert_non_null(strstr(reason, "cause=16"));
    peer_respond(&peer, bye, 200, d.our_tag, "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_LOCAL);
    bench_turn(&bench, 50);
    assert_int_equal(bench.endings, 1);
}

static void PLAT_02_progress_and_early_media_before_answer(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench.answer = ANSWER_EARLY;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "Supported: 100rel\r\n", peer_sdp(5000, "sendrecv"));
    assert_non_null(strstr(peer_expect(&peer, "SIP/2.0 183", "INVITE"), "m=audio 40000"));
    assert_int_equal(sip_leg_answer(bench.sip, bench.invite.leg, bench_sdp(false)), 0);
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 200", "INVITE"));
    dialog_ack(&peer, &d, true, "");
    bench_until(&bench, &bench.established, 1);
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
}

static void PLAT_02_reject_with_status_and_retry_after(void **state)
{
    struct peer_dialog d;
    char retry[16];
    const char *answer;

    (void)state;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    bench_until(&bench, &bench.invites, 1);
    bench.inside = true;
    assert_int_equal(sip_leg_reject(bench.sip, bench.invite.leg, 503, "Overloaded", 7), 0);
    bench.inside = false;
    answer = peer_expect(&peer, "SIP/2.0 503 Overloaded", "INVITE");
    assert_true(message_header(answer, "Retry-After", retry, sizeof(retry)));
    assert_string_equal(retry, "7");
    dialog_learn(&d, answer);
    dialog_ack(&peer, &d, false, "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_LOCAL);
    assert_int_equal(bench.ended.status, 503);
}

static void PLAT_02_cancel_before_answer(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench.answer = ANSWER_RINGING;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "SIP/2.0 180", "INVITE");
    dialog_cancel(&peer, &d);
    (void)peer_expect(&peer, "SIP/2.0 200", "CANCEL");
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 487", "INVITE"));
    dialog_ack(&peer, &d, false, "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REMOTE);
    assert_int_equal(bench.ended.status, 487);
}

/* CANCEL and our 200 cross: the 200 stands (the transaction to cancel is gone: 481), the caller
 * ACKs and says BYE. */
static void PLAT_02_cancel_crosses_answer(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench.answer = ANSWER_RINGING;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "SIP/2.0 180", "INVITE");
    assert_int_equal(sip_leg_answer(bench.sip, bench.invite.leg, bench_sdp(false)), 0);
    dialog_cancel(&peer, &d);
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 200", "INVITE"));
    (void)peer_expect(&peer, "SIP/2.0 481", "CANCEL");
    dialog_ack(&peer, &d, true, "");
    bench_until(&bench, &bench.established, 1);
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.endings, 1);
}

static void PLAT_02_lost_ack_repeats_200_then_bye_and_timeout(void **state)
{
    struct peer_dialog d;
    const char *bye;

    (void)state;
    peer.wants_repeats = true;
    bench.answer = ANSWER_AT_ONCE;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "SIP/2.0 200", "INVITE");
    (void)peer_expect(&peer, "SIP/2.0 200", "INVITE"); /* sent again */
    bye = peer_expect(&peer, "BYE", "BYE");
    peer_respond(&peer, bye, 200, d.our_tag, "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_TIMEOUT);
    assert_int_equal(bench.ended.status, 408);
    assert_int_equal(bench.established, 0);
}

static void PLAT_02_lost_bye_is_repeated_and_given_up(void **state)
{
    struct peer_dialog d;

    (void)state;
    peer.wants_repeats = true;
    bench_call_in(&bench, &peer, &d);
    sip_leg_hangup(bench.sip, bench.invite.leg, 16);
    (void)peer_expect(&peer, "BYE", "BYE");
    (void)peer_expect(&peer, "BYE", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(sip_leg_count(bench.sip), 0);
    assert_int_equal(bench.ended.end, SIP_END_LOCAL);
}

static void PLAT_02_hang_up_between_200_and_ack(void **state)
{
    struct peer_dialog d;
    const char *bye;

    (void)state;
    bench.answer = ANSWER_AT_ONCE;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 200", "INVITE"));
    sip_leg_hangup(bench.sip, bench.invite.leg, 16);
    assert_null(peer_wait(&peer, "BYE", "BYE", 50));
    dialog_ack(&peer, &d, true, "");
    bye = peer_expect(&peer, "BYE", "BYE");
    peer_respond(&peer, bye, 200, d.our_tag, "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.established, 0);
}

static void PLAT_02_invite_without_sdp_gets_offer_in_200(void **state)
{
    struct peer_dialog d;
    const char *answer;

    (void)state;
    bench.answer = ANSWER_AT_ONCE;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", "");
    answer = peer_expect(&peer, "SIP/2.0 200", "INVITE");
    assert_false(bench.invite.has_sdp);
    assert_non_null(strstr(message_body(answer), "m=audio 40000"));
    dialog_learn(&d, answer);
    dialog_ack(&peer, &d, true, peer_sdp(5100, "sendrecv"));
    bench_until(&bench, &bench.established, 1);
    assert_true(bench.established_has_sdp);
    assert_int_equal(bench.sdp.port, 5100);
}

static void PLAT_02_bad_descriptions_are_refused(void **state)
{
    static const struct {
        const char *extra, *body;
        const char *status;
    } rows[] = {
        {"", "v=0\r\nrubbish", "SIP/2.0 400"},
        {"",
         "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
         "m=audio 5000 RTP/AVP 18\r\n",
         "SIP/2.0 488"},
        {"Content-Type: text/plain\r\n", "hello", "SIP/2.0 415"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer_dialog d;

        dialog_init(&d, &peer, "13877100001", "12366", bench.port);
        dialog_request(&peer, &d, "INVITE", rows[i].extra, rows[i].body);
        dialog_learn(&d, peer_expect(&peer, rows[i].status, "INVITE"));
        dialog_ack(&peer, &d, false, "");
    }
    assert_int_equal(bench.invites, 0);
}

/* --- in the dialog ------------------------------------------------------------------------- */

static void reoffer(const char *method, struct peer_dialog *d, const char *body, const char *status)
{
    dialog_request(&peer, d, method, "", body);
    (void)peer_expect(&peer, status, method);
    if (strcmp(method, "INVITE") == 0)
        dialog_ack(&peer, d, strstr(status, "200") != NULL, "");
}

static void PLAT_02_reinvite_hold_resume_address(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    reoffer("INVITE", &d, peer_sdp(5000, "sendonly"), "SIP/2.0 200");
    assert_int_equal(bench.sdp.direction, SDP_SENDONLY);
    reoffer("INVITE", &d, peer_sdp(5000, "sendrecv"), "SIP/2.0 200");
    assert_int_equal(bench.sdp.direction, SDP_SENDRECV);
    reoffer("INVITE", &d, peer_sdp(6000, "sendrecv"), "SIP/2.0 200");
    assert_int_equal(bench.sdp.port, 6000);
    assert_int_equal(bench.reoffers, 3);
    reoffer("UPDATE", &d, peer_sdp(6002, "sendrecv"), "SIP/2.0 200");
    assert_int_equal(bench.sdp.port, 6002);
    reoffer("UPDATE", &d, "", "SIP/2.0 200");
    assert_int_equal(bench.reoffers, 4);
    bench.refuse_reoffers = true;
    reoffer("INVITE", &d, peer_sdp(6100, "sendrecv"), "SIP/2.0 488");
    bench_turn(&bench, 30);
    assert_int_equal(bench.endings, 0);
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
}

static void PLAT_02_reinvite_without_sdp_gets_offer(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    dialog_request(&peer, &d, "INVITE", "", "");
    assert_non_null(strstr(peer_expect(&peer, "SIP/2.0 200", "INVITE"), "m=audio 40000"));
    assert_false(bench.reoffer_has_sdp);
    dialog_ack(&peer, &d, true, peer_sdp(7000, "sendrecv"));
    bench_until(&bench, &bench.established, 2);
    assert_int_equal(bench.sdp.port, 7000);
}

static void PLAT_02_keys_by_info(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    dialog_request(&peer, &d, "INFO", "Content-Type: application/dtmf-relay\r\n",
                   "Signal=5\r\nDuration=250\r\n");
    (void)peer_expect(&peer, "SIP/2.0 200", "INFO");
    dialog_request(&peer, &d, "INFO", "Content-Type: application/dtmf\r\n", "#");
    (void)peer_expect(&peer, "SIP/2.0 200", "INFO");
    dialog_request(&peer, &d, "INFO", "Content-Type: application/dtmf-relay\r\n", "Signal= \r\n");
    (void)peer_expect(&peer, "SIP/2.0 400", "INFO");
    dialog_request(&peer, &d, "INFO", "Content-Type: text/plain\r\n", "hello");
    (void)peer_expect(&peer, "SIP/2.0 415", "INFO");
    assert_string_equal(bench.keys, "5#");
}

static void PLAT_02_other_methods_are_refused_and_options_answered(void **state)
{
    struct peer_dialog d, other;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    dialog_request(&peer, &d, "REFER", "Refer-To: <sip:x@127.0.0.1>\r\n", "");
    (void)peer_expect(&peer, "SIP/2.0 405", "REFER");
    dialog_request(&peer, &d, "MESSAGE", "Content-Type: text/plain\r\n", "hello");
    (void)peer_expect(&peer, "SIP/2.0 405", "MESSAGE");
    dialog_request(&peer, &d, "OPTIONS", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "OPTIONS");
    dialog_init(&other, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &other, "OPTIONS", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "OPTIONS");
    dialog_request(&peer, &other, "SUBSCRIBE", "Event: presence\r\n", "");
    (void)peer_expect(&peer, "SIP/2.0 405", "SUBSCRIBE");
    dialog_request(&peer, &other, "FROBNICATE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 501", "FROBNICATE");
    assert_int_equal(bench.endings, 0);
}

/* --- session timers ------------------------------------------------------------------------ */

static int setup_short_session(void **state)
{
    const struct sip_options options = {.session_expires_s = 2, .min_session_s = 1};

    (void)state;
    return setup_with(&options);
}

static void PLAT_02_session_timer_refreshes_by_update(void **state)
{
    struct peer_dialog d;
    const char *update;

    (void)state;
    (void)bench_call_out(&bench, &peer, &d, 1, "Allow: INVITE, ACK, BYE, UPDATE\r\n");
    update = peer_expect(&peer, "UPDATE", "UPDATE");
    peer_respond(&peer, update, 200, d.our_tag, "", "");
    update = peer_expect(&peer, "UPDATE", "UPDATE");
    peer_respond(&peer, update, 200, d.our_tag, "", "");
    assert_int_equal(bench.endings, 0);
}

static void PLAT_02_session_timer_refreshes_by_reinvite(void **state)
{
    struct peer_dialog d;
    const char *invite;

    (void)state;
    (void)bench_call_out(&bench, &peer, &d, 1, "Allow: INVITE, ACK, BYE\r\n");
    for (int i = 0; i < 2; i++) {
        invite = peer_expect(&peer, "INVITE", "INVITE");
        assert_non_null(strstr(message_body(invite), "m=audio 40000"));
        peer_respond(&peer, invite, 200, d.our_tag, "", peer_sdp(5000, "sendrecv"));
        (void)peer_expect(&peer, "ACK", "ACK");
    }
    assert_int_equal(bench.endings, 0);
}

/* The far side promised to refresh and is silent: we say BYE before the session ends. */
static void PLAT_02_session_expires_without_refresh(void **state)
{
    struct peer_dialog d;
    const char *bye;

    (void)state;
    (void)bench_call_out(&bench, &peer, &d, 1,
                         "Allow: INVITE, ACK, BYE, UPDATE\r\nSupported: timer\r\nRequire: timer\r\n"
                         "Session-Expires: 2;refresher=uas\r\n");
    bye = peer_expect(&peer, "BYE", "BYE");
    peer_respond(&peer, bye, 200, d.our_tag, "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_TIMEOUT);
}

static void PLAT_02_too_short_session_gets_422(void **state)
{
    struct peer_dialog d;

    (void)state;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "Supported: timer\r\nSession-Expires: 30\r\n",
                   peer_sdp(5000, "sendrecv"));
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 422", "INVITE"));
    dialog_ack(&peer, &d, false, "");
    assert_int_equal(bench.invites, 0);
}

/* --- outgoing ------------------------------------------------------------------------------ */

static handle_t call_out(const struct sip_call_out *more)
{
    struct sip_call_out out = *more;
    handle_t leg = 0;

    out.trunk_id = 1;
    out.caller = "12366";
    out.called = "13877100001";
    out.sdp = bench_sdp(true);
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), 0);
    return leg;
}

static void PLAT_02_outgoing_call_rings_is_answered_and_ended(void **state)
{
    struct peer_dialog d;
    const char *invite;
    char value[128];
    handle_t leg = call_out(&(struct sip_call_out){
        .global_call_id = "0192-abc", .headers = "X-One: 1 %E7\r\nX-Two: two, three\r\n"});

    (void)state;
    invite = peer_expect(&peer, "INVITE", "INVITE");
    assert_true(message_header(invite, "X-One", value, sizeof(value)));
    assert_string_equal(value, "1 %E7");
    assert_true(message_header(invite, "X-Two", value, sizeof(value)));
    assert_string_equal(value, "two, three");
    assert_true(message_header(invite, "X-Hotlined-Call", value, sizeof(value)));
    assert_string_equal(value, "0192-abc");
    assert_true(message_header(invite, "From", value, sizeof(value)));
    assert_non_null(strstr(value, "sip:12366@"));
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_learn(&d, invite);
    peer_respond(&peer, invite, 180, d.our_tag, "", "");
    bench_until(&bench, &bench.progresses, 1);
    assert_int_equal(bench.progress_status, 180);
    assert_false(bench.progress_has_sdp);
    peer_respond(&peer, invite, 183, d.our_tag, "", peer_sdp(5500, "sendrecv"));
    bench_until(&bench, &bench.progresses, 2);
    assert_true(bench.progress_has_sdp);
    peer_respond(&peer, invite, 200, d.our_tag, "", peer_sdp(5500, "sendrecv"));
    (void)peer_expect(&peer, "ACK", "ACK");
    bench_until(&bench, &bench.established, 1);
    assert_int_equal(bench.established_leg, leg);
    assert_int_equal(bench.sdp.port, 5500);
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended_leg, leg);
    assert_int_equal(bench.ended.end, SIP_END_REMOTE);
}

static void PLAT_02_refusals_of_outgoing_calls(void **state)
{
    static const int statuses[] = {302, 404, 486, 503, 603};

    (void)state;
    for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        (void)call_out(&(struct sip_call_out){0});
        peer_respond(&peer, peer_expect(&peer, "INVITE", "INVITE"), statuses[i], "x", "", "");
        (void)peer_expect(&peer, "ACK", "ACK");
        bench_until(&bench, &bench.endings, i + 1);
        assert_int_equal(bench.ended.end, SIP_END_REFUSED);
        assert_int_equal(bench.ended.status, statuses[i]);
    }
    assert_int_equal(sip_trunk_channels(bench.sip, 1), 0);
}

static void PLAT_02_outgoing_call_cancelled_while_ringing(void **state)
{
    const char *invite;
    char text[PEER_MESSAGE];
    handle_t leg = call_out(&(struct sip_call_out){0});

    (void)state;
    invite = peer_expect(&peer, "INVITE", "INVITE");
    snprintf(text, sizeof(text), "%s", invite);
    peer_respond(&peer, text, 180, "x", "", "");
    bench_until(&bench, &bench.progresses, 1);
    sip_leg_hangup(bench.sip, leg, 16);
    peer_respond(&peer, peer_expect(&peer, "CANCEL", "CANCEL"), 200, "x", "", "");
    peer_respond(&peer, text, 487, "x", "", "");
    (void)peer_expect(&peer, "ACK", "ACK");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_LOCAL);
}

/* Their 200 overtakes our CANCEL: it must be ACKed and followed by BYE. */
static void PLAT_02_answer_crosses_our_cancel(void **state)
{
    char text[PEER_MESSAGE];
    handle_t leg = call_out(&(struct sip_call_out){0});

    (void)state;
    snprintf(text, sizeof(text), "%s", peer_expect(&peer, "INVITE", "INVITE"));
    peer_respond(&peer, text, 180, "x", "", "");
    bench_until(&bench, &bench.progresses, 1);
    sip_leg_hangup(bench.sip, leg, 16);
    (void)peer_expect(&peer, "CANCEL", "CANCEL");
    peer_respond(&peer, text, 200, "x", "", peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "ACK", "ACK");
    peer_respond(&peer, peer_expect(&peer, "BYE", "BYE"), 200, "x", "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.established, 0);
}

/* RFC 3261 15 forbids it. The call is over at once, whatever becomes of the INVITE; whoever knows
 * only its Call-ID ends nothing. The sanitizer sees whether sofia has kept anything. */
static void PLAT_02_a_bye_before_the_answer_ends_the_call(void **state)
{
    static const int later[] = {487, 200};
    char invite[PEER_MESSAGE];

    (void)state;
    for (unsigned i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        struct peer_dialog d, stranger;

        (void)call_out(&(struct sip_call_out){0});
        snprintf(invite, sizeof(invite), "%s", peer_expect(&peer, "INVITE", "INVITE"));
        peer_respond(&peer, invite, 180, "x", "", "");
        bench_until(&bench, &bench.progresses, i + 1);
        dialog_init(&d, &peer, "a", "b", bench.port);
        snprintf(d.our_tag, sizeof(d.our_tag), "x");
        dialog_learn(&d, invite);
        stranger = d;
        snprintf(stranger.their_tag, sizeof(stranger.their_tag), "guessed");
        dialog_request(&peer, &stranger, "BYE", "", "");
        (void)peer_expect(&peer, "SIP/2.0 481", "BYE");
        assert_int_equal(bench.endings, i);
        dialog_request(&peer, &d, "BYE", "Reason: Q.850;cause=16;text=\"early\"\r\n", "");
        (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
        bench_until(&bench, &bench.endings, i + 1);
        assert_int_equal(bench.ended.end, SIP_END_REMOTE);
        assert_string_equal(bench.ended.reason, "_early_");
        dialog_repeat(&peer, &d, "BYE", "", "");
        (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
        peer_respond(&peer, peer_expect(&peer, "CANCEL", "CANCEL"), 200, "x", "", "");
        peer_respond(&peer, invite, later[i], "x", "",
                     later[i] == 200 ? peer_sdp(5000, "sendrecv") : "");
        (void)peer_expect(&peer, "ACK", "ACK");
        if (later[i] == 200)
            peer_respond(&peer, peer_expect(&peer, "BYE", "BYE"), 200, "x", "", "");
    }
    assert_int_equal(bench.established, 0);
}

/* Allowed to who calls (RFC 3261 15). */
static void PLAT_02_a_caller_may_end_by_bye_before_the_answer(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench.answer = ANSWER_RINGING;
    dialog_init(&d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    dialog_learn(&d, peer_expect(&peer, "SIP/2.0 180", "INVITE"));
    dialog_request(&peer, &d, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REMOTE);
    (void)peer_expect(&peer, "SIP/2.0 487", "INVITE");
}

static void PLAT_02_ring_timeout_cancels(void **state)
{
    char text[PEER_MESSAGE];

    (void)state;
    (void)call_out(&(struct sip_call_out){.ring_timeout_s = 1});
    snprintf(text, sizeof(text), "%s", peer_expect(&peer, "INVITE", "INVITE"));
    peer_respond(&peer, text, 180, "x", "", "");
    peer_respond(&peer, peer_expect(&peer, "CANCEL", "CANCEL"), 200, "x", "", "");
    peer_respond(&peer, text, 487, "x", "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_TIMEOUT);
}

static void PLAT_02_silent_far_side_is_a_timeout(void **state)
{
    (void)state;
    (void)call_out(&(struct sip_call_out){0});
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_TIMEOUT);
    assert_int_equal(bench.ended.status, 408);
}

static void stale_handles_do_nothing(void **state)
{
    struct peer_dialog d;

    (void)state;
    bench_call_in(&bench, &peer, &d);
    dialog_request(&peer, &d, "BYE", "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(sip_leg_answer(bench.sip, bench.invite.leg, bench_sdp(false)), -2);
    assert_int_equal(sip_leg_reject(bench.sip, bench.invite.leg, 486, NULL, 0), -2);
    sip_leg_hangup(bench.sip, bench.invite.leg, 16);
    sip_leg_hangup(bench.sip, 0, 16);
}

static void destroy_ends_every_call_and_tells_it(void **state)
{
    struct peer_dialog d;
    struct peer_dialog other;

    (void)state;
    setup_with(NULL);
    bench_call_in(&bench, &peer, &d);
    bench_call_in(&bench, &peer, &other);
    sip_destroy(bench.sip, 200); /* nobody answers the BYEs */
    assert_int_equal(bench.endings, 2);
    loop_destroy(bench.loop);
    peer_close(&peer);
}

#define TEST(name)         cmocka_unit_test_setup_teardown(name, setup, teardown)
#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, setup_short_session, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(PLAT_02_caller_hangs_up),
        TEST(PLAT_02_we_hang_up),
        TEST(PLAT_02_progress_and_early_media_before_answer),
        TEST(PLAT_02_reject_with_status_and_retry_after),
        TEST(PLAT_02_cancel_before_answer),
        TEST(PLAT_02_cancel_crosses_answer),
        TEST(PLAT_02_lost_ack_repeats_200_then_bye_and_timeout),
        TEST(PLAT_02_lost_bye_is_repeated_and_given_up),
        TEST(PLAT_02_hang_up_between_200_and_ack),
        TEST(PLAT_02_invite_without_sdp_gets_offer_in_200),
        TEST(PLAT_02_bad_descriptions_are_refused),
        TEST(PLAT_02_reinvite_hold_resume_address),
        TEST(PLAT_02_reinvite_without_sdp_gets_offer),
        TEST(PLAT_02_keys_by_info),
        TEST(PLAT_02_other_methods_are_refused_and_options_answered),
        SESSION_TEST(PLAT_02_session_timer_refreshes_by_update),
        SESSION_TEST(PLAT_02_session_timer_refreshes_by_reinvite),
        SESSION_TEST(PLAT_02_session_expires_without_refresh),
        TEST(PLAT_02_too_short_session_gets_422),
        TEST(PLAT_02_outgoing_call_rings_is_answered_and_ended),
        TEST(PLAT_02_refusals_of_outgoing_calls),
        TEST(PLAT_02_outgoing_call_cancelled_while_ringing),
        TEST(PLAT_02_answer_crosses_our_cancel),
        TEST(PLAT_02_a_bye_before_the_answer_ends_the_call),
        TEST(PLAT_02_a_caller_may_end_by_bye_before_the_answer),
        TEST(PLAT_02_ring_timeout_cancels),
        TEST(PLAT_02_silent_far_side_is_a_timeout),
        TEST(stale_handles_do_nothing),
        cmocka_unit_test(destroy_ends_every_call_and_tells_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
