/* Calls agents make: the number, the trunk, ringing, the answer.
 *
 *   telephony_dial     number checked, call and far leg taken, the ACD occupies the agent
 *   desk phone         rings first; picked up, it goes on as a browser's line does at once
 *   trunk              by priority; one that is full, down or refuses with 5xx hands on to the next
 *   18x                the agent hears the far side's own sound (early media) or our ringing tone
 *   200                talk.c: both hear each other, the recording begins
 *
 * From there it is a call like any other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/log.h>

#include "telephony/calls.h"

#define DIAL_RING_S   60 /* so long a far side may ring */
#define NUMBER_DIGITS 20 /* at most; 3 at least (110, 12366 ...) */

/* --- the ringing tone ----------------------------------------------------------------------- */

/* GB/T 3380: 450 Hz, one second on, four seconds off. */
int outbound_tone(struct media_audio **ret_audio)
{
    return media_audio_tone(450, 1000, 4000, ret_audio);
}

static void ring_back(struct telephony *t, struct call *call, struct agent *agent)
{
    call->far_rings = true;
    talk_ring_back(t, agent);
}

/* --- the number ----------------------------------------------------------------------------- */

/* People paste numbers as they find them: (0771) 123-4567, +86 138 7710 0001. */
static bool read_number(const char *text, char out[SIP_NUMBER_SIZE])
{
    size_t length = 0;

    for (const char *c = text; *c; c++) {
        if (strchr(" -()", *c))
            continue;
        if (!strchr("0123456789*#", *c) && !(*c == '+' && length == 0))
            return false;
        if (length >= NUMBER_DIGITS + (out[0] == '+'))
            return false;
        out[length++] = *c;
    }
    out[length] = 0;
    return true;
}

/* What the trunk is asked for: our own country's numbers as they are dialed in it, others after 00,
 * services (*123#) as they are. */
static bool take_number(struct telephony *t, const struct agent *agent, const char *text,
                        char out[SIP_NUMBER_SIZE])
{
    char typed[SIP_NUMBER_SIZE] = "";
    struct dir_place place;

    if (!read_number(text, typed))
        return false;
    if (typed[0] == '+' && strncmp(typed, "+86", 3) != 0) {
        snprintf(out, SIP_NUMBER_SIZE, "00%.*s", NUMBER_DIGITS, typed + 1);
    } else if (strpbrk(typed, "*#")) {
        text_copy(out, SIP_NUMBER_SIZE, typed);
    } else {
        directory_place(t->directory, agent->center_id, typed, &place);
        text_copy(out, SIP_NUMBER_SIZE, place.number);
    }
    return strlen(out) >= 3;
}

/* Whose rules hold for the summary: the queue the agent serves first of all. */
static int32_t main_queue(struct telephony *t, int32_t user_id)
{
    size_t count;
    const struct dir_member *members = directory_members_of(t->directory, user_id, &count);
    const struct dir_member *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (!best || members[i].weight > best->weight)
            best = &members[i];
    return best ? best->queue_id : 0;
}

/* --- the far side --------------------------------------------------------------------------- */

/* The next trunk that takes the call; 0, or -ENOENT when none is left. */
static int call_over_trunks(struct telephony *t, struct call *call, struct leg *leg,
                            const char *sdp)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    struct sip_call_out out = {.caller = center ? center->shown_no : "",
                               .called = call->called,
                               .sdp = sdp,
                               .ring_timeout_s = DIAL_RING_S};
    unsigned count;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);
    handle_t sip;

    while (call->trunks_tried < count) {
        const struct sip_trunk_conf *trunk = &trunks[call->trunks_tried++];
        if (!trunk->enabled)
            continue;
        out.trunk_id = trunk->id;
        if (sip_leg_call(t->sip, &out, &sip))
            continue; /* full or down: the SIP room has said so */
        call->trunk_id = trunk->id;
        call_leg_bind_sip(t, leg, sip);
        log_info("call", "dialed", "call=%s leg=%u trunk=%d called=%s",
                 uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), leg->handle, trunk->id,
                 log_safe(call->called));
        return 0;
    }
    return -ENOENT;
}

static int call_far(struct telephony *t, struct call *call)
{
    struct media_rtp_conf conf = {.codec = SDP_PT_PCMA, .telephone_event = 101};
    struct leg *leg = call_leg_find(t, call->leg);
    char sdp[1024];
    handle_t media;
    int err;

    leg->codec = SDP_PT_PCMA;
    leg->telephone_event = 101;
    if (!leg->media) {
        err = media_leg_open(t->media, &conf, &media, &leg->port);
        if (err)
            return err;
        call_leg_bind_media(t, leg, media);
        scene_play(t, call);
    }
    return call_leg_print_sdp(t, leg, NULL, sdp, sizeof(sdp)) ? call_over_trunks(t, call, leg, sdp)
                                                              : -ENOSPC;
}

bool outbound_goes_on(struct telephony *t, struct call *call, const struct sip_ended *ended)
{
    struct leg *leg = call_leg_find(t, call->leg);
    bool trunk_failed =
        ended->end == SIP_END_TRANSPORT || (ended->end == SIP_END_REFUSED && ended->status >= 500 &&
                                            ended->status < 600 && ended->status != 501);

    if (!trunk_failed || call->far_rings || call->end_reason)
        return false;
    log_warn("call", "trunk_refused", "call=%s trunk=%d status=%d",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), call->trunk_id, ended->status);
    return call_far(t, call) == 0 && leg->sip;
}

/* RFC 3261 21; 486 and 600 are busy, 603 and 403 a refusal, 404, 410, 484 and 604 no such number.
 */
const char *outbound_end_reason(const struct sip_ended *ended)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{486, "busy"},       {600, "busy"},       {603, "refused"},
                   {403, "refused"},    {404, "bad_number"}, {410, "bad_number"},
                   {484, "bad_number"}, {604, "bad_number"}, {408, "no_answer"},
                   {480, "no_answer"},  {487, "no_answer"}};

    if (ended->end == SIP_END_TIMEOUT)
        return "no_answer";
    for (size_t i = 0; ended->end == SIP_END_REFUSED && i < sizeof(reasons) / sizeof(reasons[0]);
         i++)
        if (reasons[i].status == ended->status)
            return reasons[i].reason;
    return ended->end == SIP_END_REMOTE ? "caller" : "trunk";
}

void outbound_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp)
{
    struct call *call = call_find(t, leg->call);
    struct agent *agent = call ? agent_find(t, call->agent) : NULL;

    if (!agent || call->state != CALL_DIALING)
        return;
    if (sdp && !call->early) {
        call_leg_set_remote(t, leg, sdp);
        call->early = call->far_rings = true;
        scene_far(call)->absent = false;
        outbound_line_up(t, call, agent);
    } else if (!call->far_rings) {
        ring_back(t, call, agent);
    }
}

/* The agent's line is there (again): what the call sounds like now comes to it. */
void outbound_line_up(struct telephony *t, struct call *call, struct agent *agent)
{
    if (!agent_media(t, agent))
        return;
    if (call->early)
        media_stop_play(t->media, agent_media(t, agent));
    else if (call->far_rings)
        ring_back(t, call, agent);
    scene_play(t, call);
}

void outbound_answered(struct telephony *t, struct call *call)
{
    struct agent *agent = agent_find(t, call->agent);

    if (agent)
        talk_connect_outbound(t, call, agent);
}

void outbound_phone_up(struct telephony *t, struct call *call, struct agent *agent)
{
    scene_agent(call, agent->user_id)->absent = false;
    scene_play(t, call);
    if (call_far(t, call))
        call_hangup(t, call, "trunk");
}

/* --- what the agent does -------------------------------------------------------------------- */

static enum telephony_result may_dial(struct telephony *t, struct agent *agent)
{
    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (agent->state == ACD_RING || agent->state == ACD_TALK)
        return TELEPHONY_IN_CALL;
    if (agent->state == ACD_ACW && agent->wrap_up_required && !agent->wrap_up_saved)
        return TELEPHONY_WRAP_UP_MISSING;
    if (!agent_line_is_up(t, agent))
        return TELEPHONY_NO_LINE;
    return call_not_now(t) == REFUSED_COUNT ? TELEPHONY_OK : TELEPHONY_NOT_NOW;
}

static struct call *make_call(struct telephony *t, struct agent *agent, const char *number)
{
    const struct dir_center *center = directory_center(t->directory, agent->center_id);
    struct call *call = center ? call_take(t, agent->center_id) : NULL;

    if (!call)
        return NULL;
    call->outbound = true;
    call->state = CALL_DIALING;
    call->regional = center->regional;
    call->agent = call->first_agent = agent->user_id;
    call->queue_id = main_queue(t, agent->user_id);
    text_copy(call->caller, sizeof(call->caller), center->shown_no);
    call_place(t, call, number, call->called);
    text_copy(call->called, sizeof(call->called), number); /* the table of places knows no *123# */
    if (talk_dialing(t, call, agent)) {
        slots_release(&t->legs, call->leg);
        call_free(t, call);
        return NULL;
    }
    return call;
}

/* Nothing of it was told to anybody yet. */
static void unmake_call(struct telephony *t, struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);

    scene_close(t, call);
    leg->call = 0;
    leg->call_id = (struct uuid){{0}};
    if (leg->media)
        media_leg_close(t->media, leg->media);
    call_leg_release_if_done(t, leg);
    call_free(t, call);
}

/* From here on the agent is in TALK: whoever fails below ends the call as any other. */
static void occupy(struct telephony *t, struct agent *agent, struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    if (acd_occupy(t->acd, loop_now_ms(t->loop), agent->user_id, call->queue_id) == 0)
        acd_carry_out(t);
    agent->wrap_up_required = queue && queue->acd.wrap_up_required;
    agent->wrap_up_saved = false;
    agent_take_call(t, agent, call);
    call_began(t, call);
    fact_call_begin(t, call, false);
    log_info("call", "began", "call=%s leg=%u center=%d direction=out agent=%d called=%s",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), call->leg, call->center_id,
             agent->user_id, log_safe(call->called));
    view_agent_changed(t, agent);
}

enum telephony_result telephony_dial(struct telephony *t, int32_t user_id, const char *text,
                                     struct uuid *ret_call_id)
{
    struct agent *agent = agent_find(t, user_id);
    enum telephony_result result = may_dial(t, agent);
    char number[SIP_NUMBER_SIZE];
    struct call *call;
    int err;

    if (result != TELEPHONY_OK)
        return result;
    if (!take_number(t, agent, text, number))
        return TELEPHONY_BAD_NUMBER;
    call = make_call(t, agent, number);
    if (!call)
        return TELEPHONY_NOT_NOW;
    err = agent->line_kind == LINE_PHONE ? agent_phone_ring(t, agent, call) : call_far(t, call);
    if (err) {
        unmake_call(t, call);
        return agent->line_kind == LINE_PHONE ? TELEPHONY_NO_PHONE : TELEPHONY_NO_TRUNK;
    }
    occupy(t, agent, call);
    *ret_call_id = call->id;
    return TELEPHONY_OK;
}
