/* 磋商: an agent asks a colleague, or somebody outside, while the other side hears music, then
 * takes it back, passes it on or puts all three together. Whatever fails, the other side is with
 * somebody again. */
#include <hotlined/acd.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/dialed.h"
#include "telephony/pass.h"
#include "telephony/reach.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

#define RING_MS 20000

static void show(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);

    if (agent)
        view_agent_changed(t, agent);
}

/* --- where the three stand ------------------------------------------------------------------ */

bool consult_is_up(const struct call *call)
{
    const struct consult *consult = &call->consult;

    return consult->by && (consult->user_id ? !consult->offer : call->reach.answered);
}

static void stand(struct stage_party *party, enum stage_place place)
{
    if (party)
        party->place = (uint8_t)place;
}

/* The agent and whoever he asks. */
static void stand_both(struct call *call, enum stage_place place)
{
    stand(scene_agent(call, call->agent), place);
    stand(call->consult.user_id ? scene_agent(call, call->consult.user_id) : scene_outside(call),
          place);
}

/* The other side hears music, the two who ask and answer stand beside. */
static void step_aside(struct telephony *t, struct call *call)
{
    talk_put_aside(t, call, true);
    stand_both(call, STAGE_ASIDE);
    scene_play(t, call);
}

/* All who are left are in the conversation. */
static void come_together(struct telephony *t, struct call *call)
{
    struct agent *agent = agent_find(t, call->agent);

    if (agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent)); /* the ringing tone */
    stand_both(call, STAGE_MAIN);
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
    talk_begin(t, call, &call->consult.talk, colleague, call->consult.help ? "help" : "consult");
    call->consult.talk.joined = call->consult.joined;
    media_stop_play(t->media, agent_media(t, colleague));
    if (agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent));
    talk_enter(t, call, colleague, call->consult.joined ? STAGE_MAIN : STAGE_ASIDE);
    log_info("call", "consult_answered", "call=%s agent=%d colleague=%d", UUID_TEXT(&call->id),
             call->agent, colleague->user_id);
    scene_play(t, call);
    show(t, call->agent);
    view_agent_changed(t, colleague);
}

static void asked_in_vain(struct telephony *t, struct call *call, const char *reason)
{
    if (call->consult.joined) /* whoever was asked to join: the two others just go on */
        scene_play(t, call);
    else
        come_together(t, call);
    call->consult = (struct consult){0};
    call->consult_failed = reason;
    show(t, call->agent);
}

/* He did not take it, or whoever asked has gone. */
void consult_not_taken(struct telephony *t, struct call *call, struct agent *colleague)
{
    agent_stop_ringing(t, colleague);
    if (call && call->consult.by && call->consult.user_id == colleague->user_id)
        asked_in_vain(t, call, "no_answer");
}

/* --- somebody outside ---------------------------------------------------------------------------
 */

void consult_outside_answered(struct telephony *t, struct call *call)
{
    struct agent *agent = agent_find(t, call->agent);

    if (agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent));
    call->reach.joined = call->consult.joined;
    if (call->consult.joined)
        stand(scene_outside(call), STAGE_MAIN);
    scene_play(t, call);
    show(t, call->agent);
}

void consult_outside_gone(struct telephony *t, struct call *call, const char *reason)
{
    asked_in_vain(t, call, reason);
}

/* Of three in a talk the caller may go, too: the agent and the one outside are not done yet. */
bool consult_caller_left(struct telephony *t, struct call *call)
{
    if (call->state != CALL_TALKING || call->consult.user_id || !call->consult.joined ||
        !consult_is_up(call))
        return false;
    come_together(t, call);
    call->consult = (struct consult){0};
    reach_takes_place(t, call);
    show(t, call->agent);
    return true;
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
    if (!consult.user_id) {
        reach_drop(t, call, released_by);
        return;
    }
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
    struct talk asked = call->consult.talk;
    int32_t before = call->agent, to = call->consult.user_id;
    struct agent *after = agent_find(t, to);

    come_together(t, call);
    call->consult = (struct consult){0};
    log_info("call", "handed_over", "call=%s from=%d to=%d", UUID_TEXT(&call->id), before, to);
    if (!to) {
        pass_leave_both(t, call);
        return;
    }
    call->talk.passed_to = "agent";
    call->talk.passed_id = to;
    (void)talk_finish(t, call, &asked, "agent");
    talk_leave(t, call, "agent");
    talk_take_over(t, call, after);
    scene_play(t, call);
    view_agent_changed(t, after);
}

/* --- what the agent does -------------------------------------------------------------------- */

/* The call in which he asks a colleague. */
static struct call *asking(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    struct call *call = talk_of(t, user_id, call_id);

    return call && call->consult.by == user_id ? call : NULL;
}

static enum telephony_result ask(struct telephony *t, int32_t user_id, const struct uuid *call_id,
                                 int32_t colleague_id, struct consult consult)
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
    if (scene_far(call)->occupied)
        return TELEPHONY_ANNOUNCING;
    call->consult = consult;
    call->consult.by = user_id;
    call->consult.user_id = colleague_id;
    if (acd_call_agent(t->acd, loop_now_ms(t->loop), colleague_id, call->queue_id, RING_MS,
                       call->handle, &offer)) {
        call->consult = (struct consult){0};
        return TELEPHONY_COLLEAGUE_BUSY;
    }
    call->consult.offer = offer;
    call->consult_failed = NULL;
    if (!consult.joined) {
        talk_ring_back(t, agent_find(t, user_id));
        step_aside(t, call);
    }
    log_info("call", "consults", "call=%s agent=%d colleague=%d help=%d", UUID_TEXT(&call->id),
             user_id, colleague_id, consult.help);
    acd_carry_out(t);
    show(t, user_id);
    return TELEPHONY_OK;
}

enum telephony_result telephony_consult(struct telephony *t, int32_t user_id,
                                        const struct uuid *call_id, int32_t colleague_id)
{
    return ask(t, user_id, call_id, colleague_id, (struct consult){0});
}

enum telephony_result telephony_help(struct telephony *t, int32_t user_id,
                                     const struct uuid *call_id, int32_t colleague_id, bool three)
{
    return ask(t, user_id, call_id, colleague_id, (struct consult){.help = true, .joined = three});
}

enum telephony_result ask_outside(struct telephony *t, struct call *call, int32_t user_id,
                                  const struct reach_target *target)
{
    int err;

    if (call->consult.by)
        return TELEPHONY_CONSULTING;
    if (scene_far(call)->occupied)
        return TELEPHONY_ANNOUNCING;
    err = reach_begin(t, call, REACH_CONSULT, user_id, target);
    if (err)
        return dialed_result(err);
    call->consult = (struct consult){.by = user_id, .help = target->help, .joined = target->joined};
    call->consult_failed = NULL;
    if (!target->joined) {
        talk_ring_back(t, agent_find(t, user_id));
        step_aside(t, call);
    }
    show(t, user_id);
    return TELEPHONY_OK;
}

enum telephony_result telephony_consult_number(struct telephony *t, int32_t user_id,
                                               const struct uuid *call_id, const char *text)
{
    return reach_number(t, user_id, call_id, text, ask_outside);
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

    if (!call || !consult_is_up(call))
        return TELEPHONY_STALE;
    hand_over(t, call);
    return TELEPHONY_OK;
}

enum telephony_result telephony_consult_join(struct telephony *t, int32_t user_id,
                                             const struct uuid *call_id)
{
    struct call *call = asking(t, user_id, call_id);

    if (!call || !consult_is_up(call))
        return TELEPHONY_STALE;
    call->consult.joined = call->consult.talk.joined = true;
    call->reach.joined = !call->consult.user_id;
    come_together(t, call);
    show(t, user_id);
    show(t, call->consult.user_id);
    return TELEPHONY_OK;
}

/* Only where three talk and one of them is outside: of a talk of two the caller is not taken. */
enum telephony_result telephony_consult_release(struct telephony *t, int32_t user_id,
                                                const struct uuid *call_id)
{
    struct call *call = asking(t, user_id, call_id);

    return call && consult_caller_left(t, call) ? TELEPHONY_OK : TELEPHONY_STALE;
}

/* Who puts down his desk phone is out: whoever was asked and talks has the call then. */
bool consult_phone_down(struct telephony *t, struct call *call)
{
    if (!consult_is_up(call) || call->state != CALL_TALKING)
        return false;
    hand_over(t, call);
    return true;
}

/* F4 of one of the two: nobody outside is ever hung up on by it. */
bool consult_hangs_up(struct telephony *t, struct call *call, int32_t user_id)
{
    if (!call->consult.by || call->state != CALL_TALKING)
        return false;
    if (user_id == call->agent && call->consult.joined && consult_is_up(call))
        hand_over(t, call);
    else
        consult_leave(t, call, "agent");
    return true;
}
