/* The caller's leg: from the INVITE to the end of the call. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/media.h>
#include <hotlined/sdp.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/centers.h"
#include "telephony/facts.h"
#include "telephony/figures.h"
#include "telephony/gate.h"
#include "telephony/inbound.h"
#include "telephony/leg.h"
#include "telephony/outbound.h"
#include "telephony/pools.h"
#include "telephony/reach.h"
#include "telephony/refusal.h"
#include "telephony/room.h"

static const struct refusal {
    int status;
    const char *phrase;
    bool later; /* the other side may try again soon */
} refusals[REFUSED_COUNT] = {
    [REFUSED_DRAINING] = {503, "Shutting down", true},
    [REFUSED_STARTING] = {503, "Starting", true},
    [REFUSED_OVERLOADED] = {503, "Overloaded", true},
    [REFUSED_BUSY] = {503, "Overloaded", true},
    [REFUSED_FULL] = {503, "No free call slot", true},
    [REFUSED_NUMBER] = {404, "Number not served here", false},
    [REFUSED_CENTER] = {480, "Center switched off", false},
    [REFUSED_FLOW] = {480, "No published flow", false},
    [REFUSED_TRANSFER] = {403, "Transfer not allowed", false},
    [REFUSED_SHARE] = {503, "No channel left for this center", true},
    [REFUSED_MEDIA] = {503, "No media", true},
};

static void refuse_with(struct telephony *t, const struct sip_invite *invite,
                        enum telephony_refusal why, int status)
{
    const char *phrase = refusals[why].phrase;

    if (figure_refused(t, why))
        log_warn("call", "refused", "trunk=%d caller=%s called=%s status=%d why=%s",
                 invite->trunk_id, log_safe(invite->caller), log_safe(invite->called), status,
                 log_safe(phrase));
    (void)sip_leg_reject(t->sip, invite->leg, status, phrase,
                         refusals[why].later ? RETRY_AFTER_S : 0);
}

static void refuse(struct telephony *t, const struct sip_invite *invite, enum telephony_refusal why)
{
    refuse_with(t, invite, why, refusals[why].status);
}

/* --- SDP ------------------------------------------------------------------------------------ */

/* A call of another center goes on ringing there until somebody takes it here; what it hears
 * meanwhile is early media. An offer of ours needs the 200. */
static int ring_on(struct telephony *t, struct call *call, struct leg *leg, const char *sdp)
{
    struct call_side *side = call_beside(t, call);

    side->answer = strdup(sdp);
    if (!side->answer)
        return 500;
    call->unanswered = true;
    return sip_leg_progress(t->sip, leg->sip, 183, sdp) ? 500 : 0;
}

/* A leg that cannot be answered is given up; its end is told as any other. */
void inbound_taken(struct telephony *t, struct call *call)
{
    struct leg *leg = call->unanswered ? call_leg_find(t, call->leg) : NULL;
    struct call_side *side = call_beside(t, call);

    if (!leg)
        return;
    call->unanswered = false;
    if (sip_leg_answer(t->sip, leg->sip, side->answer)) {
        log_warn("call", "answer_failed", "call=%s", UUID_TEXT(&call->id));
        sip_leg_hangup(t->sip, leg->sip, 41);
    }
    free(side->answer);
    side->answer = NULL;
}

/* Opens the media leg and answers the INVITE. Returns 0, or the SIP status to refuse with. */
static int answer_invite(struct telephony *t, const struct sip_invite *invite, struct call *call,
                         struct leg *leg)
{
    struct media_rtp_conf conf = {.codec = SDP_PT_PCMA, .telephone_event = 101};
    char sdp[1024];
    handle_t media;

    leg->codec = SDP_PT_PCMA;
    leg->telephone_event = 101; /* our number when the offer is ours */
    if (invite->has_sdp) {
        call_leg_take_codec(leg, &invite->sdp);
        conf = (struct media_rtp_conf){leg->codec, leg->telephone_event, &invite->sdp};
    }
    if (media_leg_open(t->media, &conf, &media, &leg->port))
        return 503;
    call_leg_bind_media(t, leg, media);
    if (!call_leg_print_sdp(t, leg, invite->has_sdp ? &invite->sdp : NULL, sdp, sizeof(sdp)))
        return 500;
    if (call->source != DIR_SOURCE_DIRECT && invite->has_sdp)
        return ring_on(t, call, leg, sdp);
    return sip_leg_answer(t->sip, leg->sip, sdp) ? 500 : 0;
}

/* --- a call begins -------------------------------------------------------------------------- */

static void call_fill(struct telephony *t, struct call *call, const struct sip_invite *invite,
                      const struct dir_number *number, const struct dir_flow *flow)
{
    const struct dir_center *center = directory_center(t->directory, number->center_id);

    if (!invite->x_global_call_id[0] || uuid_parse(invite->x_global_call_id, &call->global_id))
        call->global_id = call->id;
    call->regional = center->regional;
    call->trunk_id = invite->trunk_id > 0 ? invite->trunk_id : 0; /* none of the table's */
    call->source = number->source;
    call->by_caller = number->by_caller && number->source == DIR_SOURCE_DIRECT;
    call->flow_id = flow->id;
    call->flow_version = flow->version;
    call_place(t, call, invite->caller, call->caller);
    text_copy(call->called, sizeof(call->called), invite->called);
}

static struct call *call_new(struct telephony *t, const struct sip_invite *invite,
                             const struct dir_number *number, const struct dir_flow *flow)
{
    struct call *call = call_take(t, number->center_id);

    if (!call)
        return NULL;
    call_fill(t, call, invite, number, flow);
    call_leg_bind_sip(t, call_leg_find(t, call->leg), invite->leg);
    call_beside(t, call)->flow = ivr_flow_ref(flow->flow);
    return call;
}

enum telephony_refusal call_not_now(const struct telephony *t)
{
    if (t->draining)
        return REFUSED_DRAINING;
    if (!directory_is_ready(t->directory))
        return REFUSED_STARTING;
    if (t->refusing)
        return REFUSED_OVERLOADED;
    return t->live_calls < (unsigned)t->options.max_calls ? REFUSED_COUNT : REFUSED_FULL;
}

/* Whether the number plan lets the call in; fills number and flow, or refuses. */
static bool admit(struct telephony *t, const struct sip_invite *invite,
                  const struct dir_number **ret_number, const struct dir_flow **ret_flow)
{
    const struct dir_number *number;
    const struct dir_center *center;
    enum telephony_refusal why = call_not_now(t);

    if (why != REFUSED_COUNT) {
        refuse(t, invite, why);
        return false;
    }
    number = directory_number(t->directory, invite->trunk_id, invite->called);
    if (!number || !centers_may_dial(t, invite, number)) {
        refuse(t, invite, REFUSED_NUMBER);
        return false;
    }
    center = directory_center(t->directory, number->center_id);
    if (!center || !center->enabled) {
        refuse(t, invite, REFUSED_CENTER);
        return false;
    }
    *ret_flow = directory_flow(t->directory, number->center_id, number->flow_code);
    if (!*ret_flow) {
        refuse(t, invite, REFUSED_FLOW);
        return false;
    }
    *ret_number = number;
    return true;
}

/* Its leg's end is not this call's end: there never was a call. */
static void unmake(struct telephony *t, struct call *call, struct leg *leg)
{
    leg->call = 0;
    leg->call_id = (struct uuid){{0}};
    call_free(t, call);
}

void inbound_invite(const struct sip_invite *invite, void *arg)
{
    struct telephony *t = arg;
    const struct dir_number *number;
    const struct dir_flow *flow;
    struct call *call;
    struct leg *leg;
    int status;

    if (!admit(t, invite, &number, &flow))
        return;
    call = call_new(t, invite, number, flow);
    if (!call) {
        refuse(t, invite, REFUSED_FULL);
        return;
    }
    leg = call_leg_find(t, call->leg);
    if (pools_take_trunk(t, leg, invite->trunk_id, call->center_id)) {
        unmake(t, call, leg);
        refuse(t, invite, REFUSED_SHARE);
        return;
    }
    gate_look(t, call);
    if (gate_is_shut(call)) {
        gate_turn_away(t, call);
        (void)sip_leg_reject(t->sip, invite->leg, 603, "Decline", 0);
        return;
    }
    if (!centers_take(t, call, invite, number)) {
        unmake(t, call, leg);
        refuse(t, invite, REFUSED_TRANSFER);
        return;
    }
    status = answer_invite(t, invite, call, leg);
    if (status) {
        unmake(t, call, leg);
        refuse_with(t, invite, REFUSED_MEDIA, status);
        return;
    }
    call_began(t, call);
    log_info("call", "began",
             "call=%s leg=%u sip=%s center=%d trunk=%d caller=%s called=%s flow=%d.%d",
             UUID_TEXT(&call->id), leg->handle, log_safe(invite->call_id), call->center_id,
             call->trunk_id, log_safe(call->caller), log_safe(call->called), call->flow_id,
             call->flow_version);
    fact_call_begin(t, call, false);
    if (call->unanswered)
        gate_open(t, call);
}

void inbound_established(struct telephony *t, struct leg *leg)
{
    struct call *call = call_find(t, leg->call);

    if (leg->kind == LEG_PHONE)
        agent_phone_answered(t, leg);
    else if (leg->kind == LEG_OUTSIDE)
        reach_answered(t, leg);
    else if (call && call->state == CALL_DIALING)
        outbound_answered(t, call);
    else if (call && call->state == CALL_NEW)
        gate_open(t, call);
}
