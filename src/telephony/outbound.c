/* Calls agents make.
 *
 *   telephony_dial     number checked, call and far leg taken, the ACD occupies the agent
 *   desk phone         rings first; picked up, it goes on as a browser's line does at once
 *   trunk              dialed.c: one that is full, down or refuses with 5xx hands on to the next
 *   18x                the agent hears the far side's own sound (early media) or our ringing tone
 *   200                talk.c: both hear each other, the recording begins
 *
 * From there it is a call like any other. */
#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/dialed.h"
#include "telephony/facts.h"
#include "telephony/leg.h"
#include "telephony/outbound.h"
#include "telephony/refusal.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

#define DIAL_RING_S 60 /* so long a far side may ring */

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

static int call_far(struct telephony *t, struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);
    int err = dialed_call(t, leg);

    scene_play(t, call);
    if (!err)
        call->trunk_id = leg->dialed.trunk_id;
    return err;
}

void outbound_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp)
{
    struct call *call = call_find(t, leg->call);
    struct agent *agent = call ? agent_find(t, call->agent) : NULL;

    if (!agent || call->state != CALL_DIALING || !dialed_progress(t, leg, sdp))
        return;
    if (leg->dialed.early)
        scene_far(call)->absent = false;
    outbound_line_up(t, call, agent);
}

/* The agent's line is there (again), or the far side rings: what that sounds like comes to it. */
void outbound_line_up(struct telephony *t, struct call *call, struct agent *agent)
{
    const struct leg *leg = call_leg_find(t, call->leg);

    if (!agent_media(t, agent))
        return;
    if (leg && leg->dialed.early)
        media_stop_play(t->media, agent_media(t, agent));
    else if (leg && leg->dialed.rings)
        talk_ring_back(t, agent);
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

/* wanted NULL: any id. */
static struct call *make_call(struct telephony *t, struct agent *agent, const char *number,
                              const struct uuid *wanted)
{
    const struct dir_center *center = directory_center(t->directory, agent->center_id);
    struct call *call = center ? call_take(t, agent->center_id) : NULL;
    struct leg *leg;

    if (!call)
        return NULL;
    if (wanted)
        call->id = call->global_id = call_leg_find(t, call->leg)->call_id = *wanted;
    call->outbound = true;
    call->state = CALL_DIALING;
    call->regional = center->regional;
    call->agent = call->first_agent = agent->user_id;
    call->queue_id = main_queue(t, agent->user_id);
    text_copy(call->caller, sizeof(call->caller), center->shown_no);
    call_place(t, call, number, call->called);
    text_copy(call->called, sizeof(call->called), number); /* the table of places knows no *123# */
    leg = call_leg_find(t, call->leg);
    text_copy(leg->dialed.number, sizeof(leg->dialed.number), number);
    text_copy(leg->dialed.shown, sizeof(leg->dialed.shown), center->shown_no);
    leg->dialed.ring_s = DIAL_RING_S;
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
             UUID_TEXT(&call->id), call->leg, call->center_id, agent->user_id,
             log_safe(call->called));
    view_agent_changed(t, agent);
}

static enum telephony_result dial(struct telephony *t, int32_t user_id, const char *text,
                                  const struct uuid *wanted, struct uuid *ret_call_id)
{
    struct agent *agent = agent_find(t, user_id);
    enum telephony_result result = may_dial(t, agent);
    char number[SIP_NUMBER_SIZE];
    struct call *call;
    int err;

    if (result != TELEPHONY_OK)
        return result;
    result = dialed_number(t, agent->center_id, text, number);
    if (result != TELEPHONY_OK)
        return result;
    call = make_call(t, agent, number, wanted);
    if (!call)
        return TELEPHONY_NOT_NOW;
    err = agent->line_kind == LINE_PHONE ? agent_phone_ring(t, agent, call) : call_far(t, call);
    if (err) {
        unmake_call(t, call);
        return agent->line_kind == LINE_PHONE ? TELEPHONY_NO_PHONE : dialed_result(err);
    }
    occupy(t, agent, call);
    *ret_call_id = call->id;
    return TELEPHONY_OK;
}

enum telephony_result telephony_dial(struct telephony *t, int32_t user_id, const char *text,
                                     struct uuid *ret_call_id)
{
    return dial(t, user_id, text, NULL, ret_call_id);
}

enum telephony_result telephony_dial_as(struct telephony *t, int32_t user_id, const char *text,
                                        const struct uuid *call_id)
{
    struct uuid made;

    return dial(t, user_id, text, call_id, &made);
}
