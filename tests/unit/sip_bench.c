
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <hotlined/log.h>

#include "sip_bench.h"

const char *bench_sdp(bool offer)
{
    static char text[2048];
    const struct sdp_local local = {.address = "127.0.0.1",
                                    .port = 40000,
                                    .session_id = 7,
                                    .version = 1,
                                    .codec = SDP_PT_PCMA,
                                    .both_codecs = offer,
                                    .telephone_event = 101};

    assert_true(sdp_audio_print(&local, NULL, text, sizeof(text)) > 0);
    return text;
}

static void on_invite(const struct sip_invite *invite, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    b->invites++;
    b->invite = *invite;
    switch (b->answer) {
    case ANSWER_NOTHING:
        break;
    case ANSWER_AT_ONCE:
        assert_int_equal(sip_leg_answer(b->sip, invite->leg, bench_sdp(!invite->has_sdp)), 0);
        break;
    case ANSWER_RINGING:
        assert_int_equal(sip_leg_progress(b->sip, invite->leg, 180, NULL), 0);
        break;
    case ANSWER_EARLY:
        assert_int_equal(sip_leg_progress(b->sip, invite->leg, 183, bench_sdp(false)), 0);
        break;
    case ANSWER_REJECT:
        assert_int_equal(sip_leg_reject(b->sip, invite->leg, 404, "No Such Number", 0), 0);
        break;
    }
}

static void on_progress(handle_t leg, int status, const struct sdp_audio *sdp, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    b->progresses++;
    b->progress_leg = leg;
    b->progress_status = status;
    b->progress_has_sdp = sdp != NULL;
}

static void on_established(handle_t leg, const struct sdp_audio *sdp, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    b->established++;
    b->established_leg = leg;
    b->established_has_sdp = sdp != NULL;
    if (sdp)
        b->sdp = *sdp;
}

static void on_reoffer(handle_t leg, const struct sdp_audio *sdp, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    b->reoffers++;
    b->reoffer_has_sdp = sdp != NULL;
    if (sdp)
        b->sdp = *sdp;
    assert_int_equal(
        sip_leg_reoffer_answer(b->sip, leg, b->refuse_reoffers ? NULL : bench_sdp(!sdp)), 0);
}

static void on_digit(handle_t leg, char digit, int duration_ms, void *arg)
{
    struct bench *b = arg;

    assert_true(leg && duration_ms > 0);
    if (b->digits < sizeof(b->keys) - 1)
        b->keys[b->digits] = digit;
    b->digits++;
}

static void on_ended(handle_t leg, const struct sip_ended *ended, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    b->endings++;
    b->ended = *ended;
    b->ended_leg = leg;
}

static void on_trunk_state(int32_t trunk_id, enum sip_trunk_state state, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    assert_true(trunk_id > 0);
    b->trunk_news++;
    b->trunk_state = state;
}

static void on_phone(int32_t user_id, bool registered, void *arg)
{
    struct bench *b = arg;

    assert_false(b->inside);
    assert_true(user_id > 0);
    b->phone_news++;
    b->phone_registered = registered;
}

static int on_knock(bool new_call, uint32_t late_us, void *arg)
{
    struct bench *b = arg;

    b->knocks++;
    b->calls_asked += new_call;
    b->late_us = late_us;
    return new_call ? b->retry_after_s : 0;
}

static void on_refer(const struct sip_refer *refer, void *arg)
{
    struct bench *b = arg;

    b->refers++;
    b->refer = *refer;
    assert_int_equal(sip_leg_refer_answer(b->sip, refer->leg, b->refer_answer,
                                          b->refer_answer < 300 ? NULL : "Because"),
                     0);
}

static const char *on_body(const struct sip_body *body, void *arg)
{
    struct bench *b = arg;

    b->bodies++;
    b->body_leg = body->leg;
    b->body_length = body->length;
    snprintf(b->body, sizeof(b->body), "%.*s", (int)body->length, body->data);
    return b->body_wrong;
}

void bench_open(struct bench *b, const struct sip_options *more)
{
    static const struct sip_handlers handlers = {on_invite,
                                                 on_progress,
                                                 on_established,
                                                 on_reoffer,
                                                 on_digit,
                                                 on_ended,
                                                 on_trunk_state,
                                                 on_phone,
                                                 .on_knock = on_knock,
                                                 .on_refer = on_refer,
                                                 .on_body = on_body};
    struct sip_options options = more ? *more : (struct sip_options){0};
    char listen[32], tls_listen[32];

    memset(b, 0, sizeof(*b));
    log_set_level(LOG_LEVEL_ERROR);
    assert_int_equal(loop_create(&b->loop), 0);
    b->port = free_port();
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", b->port);
    options.listen = listen;
    options.realm = "hotline.test";
    options.dscp = 24;
    if (options.tls_dir) {
        b->tls_port = free_port();
        snprintf(tls_listen, sizeof(tls_listen), "127.0.0.1:%u", b->tls_port);
        options.tls_listen = tls_listen;
    }
    if (!options.max_legs)
        options.max_legs = 50;
    if (!options.t1_ms)
        options.t1_ms = 20;
    assert_int_equal(sip_create(b->loop, &options, &handlers, b, &b->sip), 0);
}

void bench_start(struct bench *b, const struct sip_options *more)
{
    bench_open(b, more);
    bench_set_trunks(b, NULL, 0);
}

void bench_stop(struct bench *b)
{
    sip_destroy(b->sip, 3000);
    loop_destroy(b->loop);
}

void bench_until(struct bench *b, const unsigned *counter, unsigned value)
{
    uint64_t end = loop_now_ms(b->loop) + 10000;

    while (*counter < value && loop_now_ms(b->loop) < end)
        loop_run_once(b->loop, 10);
    if (*counter < value)
        fail_msg("waited for %u, is %u", value, *counter);
}

void bench_turn(struct bench *b, int ms)
{
    uint64_t end = loop_now_ms(b->loop) + (uint64_t)ms;

    do
        loop_run_once(b->loop, 5);
    while (loop_now_ms(b->loop) < end);
}

struct sip_trunk_conf bench_trunk(int32_t id, uint16_t port)
{
    struct sip_trunk_conf conf = {.id = id, .port = port, .enabled = true};

    snprintf(conf.name, sizeof(conf.name), "trunk %d", id);
    snprintf(conf.transport, sizeof(conf.transport), "udp");
    snprintf(conf.host, sizeof(conf.host), "127.0.0.1");
    return conf;
}

void bench_set_trunks(struct bench *b, const struct sip_trunk_conf *trunks, unsigned count)
{
    b->inside = true;
    assert_int_equal(sip_set_trunks(b->sip, trunks, count), 0);
    b->inside = false;
}

void bench_call_in(struct bench *b, struct peer *peer, struct peer_dialog *d)
{
    unsigned before = b->established;

    b->answer = ANSWER_AT_ONCE;
    dialog_init(d, peer, "13877100001", "12366", b->port);
    dialog_request(peer, d, "INVITE", "Allow: INVITE, ACK, BYE, UPDATE\r\n",
                   peer_sdp(5000, "sendrecv"));
    dialog_learn(d, peer_expect(peer, "SIP/2.0 200", "INVITE"));
    dialog_ack(peer, d, true, "");
    bench_until(b, &b->established, before + 1);
}

handle_t bench_call_out(struct bench *b, struct peer *peer, struct peer_dialog *d, int32_t trunk_id,
                        const char *allow)
{
    const struct sip_call_out out = {.trunk_id = trunk_id,
                                     .caller = "12366",
                                     .called = "13877100001",
                                     .sdp = bench_sdp(true),
                                     .may_refer = b->may_refer,
                                     .takes = b->takes};
    unsigned before = b->established;
    const char *invite;
    handle_t leg;

    b->inside = true;
    assert_int_equal(sip_leg_call(b->sip, &out, &leg), 0);
    b->inside = false;
    invite = peer_expect(peer, "INVITE", "INVITE");
    dialog_init(d, peer, "13877100001", "12366", b->port);
    dialog_learn(d, invite);
    peer_respond(peer, invite, 200, d->our_tag, allow, peer_sdp(5000, "sendrecv"));
    (void)peer_expect(peer, "ACK", "ACK");
    bench_until(b, &b->established, before + 1);
    assert_int_equal(b->established_leg, leg);
    return leg;
}
