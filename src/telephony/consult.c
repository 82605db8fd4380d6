/* 磋商: an agent asks a colleague while the other side hears music, then takes it back, passes it
 * on or puts all three together. Whatever fails, the other side is with somebody again. */
#include <errno.h>

#include <hotlined/log.h>

#include "telephony/calls.h"

#define RING_MS 20000

static const char *id_of(const struct call *call, char buf[UUID_TEXT_SIZE])
{
    return uuid_text(&call->id, buf);
}

static void show(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);

    if (agent)
        view_agent_changed(t, agent);
}

/* --- where the three stand ------------------------------------------------------------------ */

static void stand(struct call *call, int32_t user_id, enum stage_place place)
{
    struct stage_party *party = scene_agent(call, user_id);

    if (party)
        party->place = (uint8_t)place;
}

/* The other side hears music, the two who ask and answer stand beside. */
static void step_aside(struct telephony *t, struct call *call)
{
    talk_put_aside(t, call, true);
    stand(call, call->agent, STAGE_ASIDE);
    stand(call, call->consult.user_id, STAGE_ASIDE);
    scene_play(t, call);
}

/* All who are left are in the conversation. */
static void come_together(struct telephony *t, struct call *call)
{
    struct agent *agent = agent_find(t, call->agent);

    if (agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent)); /* the ringing tone */
    stand(call, call->agent, STAGE_MAIN);
    stand(call, call->consult.user_id, STAGE_MAIN);
    talk_put_aside(t, call, false);
    scene_play(t, call);
}

/* --- the colleague rings -------------------------------------------------------------------- */

void consult_rings(struct telephony *t, struct call *call, struct agent *colleague,
                   const struct acd_command *command)
{
    if (call->consult.user_id == colleague->user_id) {
        agent_ring(t, colleague, call, command);
    } else if (acd_call_cancel(t->acd, loop_now_ms(t->loop), colleague->user_id, command->offer) ==
               0) {
        acd_carry_out(t); /* who asked has gone in the same turn */
    }
}

void consult_answered(struct telephony *t, struct call *call, struct agent *colleague)
{
    struct agent *agent = agent_find(t, call->agent);

    call->consult.offer = 0;
    colleague->offer = 0;
    loop_timer_stop(&agent_beside(t, colleague)->auto_answer);
    talk_begin(t, call, &call->consult.talk, colleague, "consult");
    media_stop_play(t->media, agent_media(t, colleague));
    if (agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent));
    talk_enter(t, call, colleague, STAGE_ASIDE);
    log_info("call", "consult_answered", "call=%s agent=%d colleague=%d",
             id_of(call, (char[UUID_TEXT_SIZE]){0}), call->agent, colleague->user_id);
    scene_play(t, call);
    show(t, call->agent);
    view_agent_changed(t, colleague);
}

/* He did not take it, or whoever asked has gone. */
void consult_not_taken(struct telephony *t, struct call *call, struct agent *colleague)
{
    agent_stop_ringing(t, colleague);
    if (!call || call->consult.user_id != colleague->user_id)
        return;
    come_together(t, call);
    call->consult = (struct consult){0};
    show(t, call->agent);
}

/* --- the colleague leaves ------------------------------------------------------------------- */

/* The struct is emptied first: what the ACD says about him is no news then. */
void consult_drop(struct telephony *t, struct call *call, const char *released_by)
{
    struct consult consult = call->consult;
    struct agent *colleague = agent_find(t, consult.user_id);
    int index = stage_find_user(&call->stage, consult.user_id);

    if (!consult.by)
        return;
    call->consult = (struct consult){0};
    if (consult.offer) {
        if (acd_call_cancel(t->acd, loop_now_ms(t->loop), consult.user_id, consult.offer) == 0)
            acd_carry_out(t);
        return;
    }
    (void)talk_finish(t, call, &consult.talk, released_by);
    if (index >= 0)
        stage_remove(&call->stage, index);
    scene_play(t, call);
    if (colleague)
        talk_release(t, colleague, false);
}

void consult_leave(struct telephony *t, struct call *call, const char *released_by)
{
    come_together(t, call);
    consult_drop(t, call, released_by);
    scene_play(t, call);
    show(t, call->agent);
}

/* --- passing on ----------------------------------------------------------------------------- */

/* The one who asked goes; the colleague has the call from now on, and its recording. */
static void hand_over(struct telephony *t, struct call *call)
{
    struct agent *before = agent_find(t, call->agent);
    struct agent *after = agent_find(t, call->consult.user_id);

    come_together(t, call);
    talk_stop_recording(t, call);
    call->talk_ms += talk_finish(t, call, &call->talk, "agent");
    (void)talk_finish(t, call, &call->consult.talk, "agent");
    stage_remove(&call->stage, stage_find_user(&call->stage, before->user_id));
    call->consult = (struct consult){0};
    log_info("call", "handed_over", "call=%s from=%d to=%d", id_of(call, (char[UUID_TEXT_SIZE]){0}),
             before->user_id, after->user_id);
    talk_take_over(t, call, after);
    scene_play(t, call);
    talk_release(t, before, true);
    view_agent_changed(t, after);
}

/* --- what the agent does -------------------------------------------------------------------- */

/* The call in which he asks a colleague. */
static struct call *asking(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    struct call *call = talk_of(t, user_id, call_id);

    return call && call->consult.by == user_id ? call : NULL;
}

enum telephony_result telephony_consult(struct telephony *t, int32_t user_id,
                                        const struct uuid *call_id, int32_t colleague_id)
{
    struct call *call = talk_of(t, user_id, call_id);
    struct agent *colleague = agent_find(t, colleague_id);
    acd_offer_t offer;

    if (!call)
        return TELEPHONY_STALE;
    if (call->consult.by)
        return TELEPHONY_CONSULTING;
    if (!colleague || !colleague->signed_in || colleague_id == user_id ||
        colleague->center_id != call->center_id)
        return TELEPHONY_NO_COLLEAGUE;
    if (scene_far(call)->occupied) /* the agent's number is being said */
        return TELEPHONY_STALE;
    call->consult = (struct consult){.by = user_id, .user_id = colleague_id};
    if (acd_call_agent(t->acd, loop_now_ms(t->loop), colleague_id, call->queue_id, RING_MS,
                       call->handle, &offer)) {
        call->consult = (struct consult){0};
        return TELEPHONY_COLLEAGUE_BUSY;
    }
    call->consult.offer = offer;
    talk_ring_back(t, agent_find(t, user_id));
    step_aside(t, call);
    log_info("call", "consults", "call=%s agent=%d colleague=%d",
             id_of(call, (char[UUID_TEXT_SIZE]){0}), user_id, colleague_id);
    acd_carry_out(t);
    show(t, user_id);
    return TELEPHONY_OK;
}

enum telephony_result telephony_consult_end(struct telephony *t, int32_t user_id,
                                            const struct uuid *call_id)
{
    struct call *call = asking(t, user_id, call_id);

    if (!call)
        return TELEPHONY_STALE;
    consult_leave(t, call, "agent");
    return TELEPHONY_OK;
}

enum telephony_result telephony_consult_complete(struct telephony *t, int32_t user_id,
                                                 const struct uuid *call_id)
{
    struct call *call = asking(t, user_id, call_id);

    if (!call || call->consult.offer)
        return TELEPHONY_STALE;
    hand_over(t, call);
    return TELEPHONY_OK;
}

enum telephony_result telephony_consult_join(struct telephony *t, int32_t user_id,
                                             const struct uuid *call_id)
{
    struct call *call = asking(t, user_id, call_id);

    if (!call || call->consult.offer)
        return TELEPHONY_STALE;
    call->consult.joined = true;
    come_together(t, call);
    show(t, user_id);
    show(t, call->consult.user_id);
    return TELEPHONY_OK;
}

/* Who puts down his desk phone is out: the colleague who talks has the call then. */
bool consult_phone_down(struct telephony *t, struct call *call)
{
    if (!call->consult.by || call->consult.offer || call->state != CALL_TALKING)
        return false;
    hand_over(t, call);
    return true;
}

/* F4 of one of the two: nobody outside is ever hung up on by it. */
bool consult_hangs_up(struct telephony *t, struct call *call, int32_t user_id)
{
    if (!call->consult.by || call->state != CALL_TALKING)
        return false;
    if (user_id == call->agent && call->consult.joined)
        hand_over(t, call);
    else
        consult_leave(t, call, "agent");
    return true;
}
