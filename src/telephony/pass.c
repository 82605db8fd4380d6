/* 盲转: the far one is passed on to an agent or to somebody outside, and who passed it on is free
 * at once. It hears music until somebody answers. When nobody does it comes back: to who passed it
 * on, when he can take it; else to the head of the queue.
 *
 *   CALL_PASSING   an agent rings (pass.user_id) or somebody outside is called (call->reach)
 *   CALL_PASSED    the two outside talk
 *
 * A consultation that is completed with somebody outside, and whom the flow calls (REACH_FLOW), are
 * the same two states. */
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/bot.h"
#include "telephony/call.h"
#include "telephony/dialed.h"
#include "telephony/inbound.h"
#include "telephony/menu.h"
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

/* --- it comes back -------------------------------------------------------------------------- */

/* To the head of the queue; a call an agent made has none. */
static void to_the_queue(struct telephony *t, struct call *call, const char *reason)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    call->pass = (struct pass){0};
    if (call->outbound) {
        call_hangup(t, call, reason);
        return;
    }
    scene_close(t, call);
    waiting_return(t, call, queue);
}

/* He is summing up this very call at his browser: there is nothing to pick up, he has it again. */
static bool takes_it_back_at_once(struct telephony *t, struct call *call, struct agent *agent)
{
    if (agent->state != ACD_ACW || agent->call != call->handle ||
        agent->line_kind != LINE_BROWSER || !agent_line_is_up(t, agent) ||
        acd_occupy(t->acd, loop_now_ms(t->loop), agent->user_id, call->queue_id))
        return false;
    acd_carry_out(t);
    pass_taken(t, call, agent);
    return true;
}

static bool rings_back(struct telephony *t, struct call *call, struct agent *agent)
{
    acd_offer_t offer;

    if (acd_call_agent(t->acd, loop_now_ms(t->loop), agent->user_id, call->queue_id, RING_MS,
                       call->handle, &offer))
        return false;
    call->pass.user_id = agent->user_id;
    call->pass.offer = offer;
    call->pass.back = true;
    acd_carry_out(t);
    return true;
}

static void nobody_took_it(struct telephony *t, struct call *call, const char *reason)
{
    struct agent *by = agent_find(t, call->pass.by);
    bool tried = call->pass.back;

    log_info("call", "not_taken", "call=%s by=%d why=%s", UUID_TEXT(&call->id), call->pass.by,
             reason);
    call->pass.user_id = 0;
    call->pass.offer = 0;
    if (!tried && by && (takes_it_back_at_once(t, call, by) || rings_back(t, call, by)))
        return;
    to_the_queue(t, call, reason);
    if (by)
        view_agent_changed(t, by);
}

/* --- an agent rings for it ------------------------------------------------------------------ */

void pass_rings(struct telephony *t, struct call *call, struct agent *agent,
                const struct acd_command *command)
{
    agent_ring(t, agent, call, command);
}

void pass_taken(struct telephony *t, struct call *call, struct agent *agent)
{
    int32_t by = call->pass.by;

    call->pass.offer = 0;
    talk_connect(t, call, agent);
    call->pass = (struct pass){0};
    show(t, by);
}

void pass_not_taken(struct telephony *t, struct call *call, struct agent *agent)
{
    agent_stop_ringing(t, agent);
    if (call && call->pass.offer && call->pass.user_id == agent->user_id)
        nobody_took_it(t, call, "no_answer");
}

/* --- somebody outside ------------------------------------------------------------------------- */

void pass_answered(struct telephony *t, struct call *call)
{
    inbound_taken(t, call);
    if (call->reach.bot)
        bot_answered(t, call);
    else
        waiting_taken(t, call, "flow_ext");
    call->state = CALL_PASSED;
    call->reach.passed = true;
    scene_play(t, call);
    if (call->reach.record)
        talk_start_recording(t, call);
    show(t, call->pass.by);
}

void pass_outside_gone(struct telephony *t, struct call *call, const struct reach *reach,
                       const char *reason)
{
    talk_stop_recording(t, call);
    if (reach->purpose == REACH_FLOW) {
        scene_close(t, call);
        call->state = CALL_MENU;
        menu_reach_ended(t, call, reach, reason);
    } else if (reach->answered) {
        call_hangup(t, call, strcmp(reason, "caller") == 0 ? "transfer_done" : reason);
    } else {
        nobody_took_it(t, call, reason);
    }
}

void pass_leave_both(struct telephony *t, struct call *call)
{
    call->pass.by = call->agent;
    call->reach.purpose = REACH_PASS;
    call->reach.record = true;
    call->talk.passed_to = "outside";
    talk_leave(t, call, "agent");
    pass_answered(t, call);
}

void pass_close(struct telephony *t, struct call *call, const char *released_by)
{
    struct pass pass = call->pass;

    if (call->reach.purpose == REACH_FLOW && call->reach.answered && !call->reach.bot)
        call->forced_outcome = "flow_ext"; /* as in menu_reach_ended() */
    call->state = CALL_CLOSING;
    call->pass = (struct pass){0};
    talk_stop_recording(t, call);
    scene_close(t, call); /* first: legs may have gone from it already */
    reach_drop(t, call, released_by);
    if (pass.offer && acd_call_cancel(t->acd, loop_now_ms(t->loop), pass.user_id, pass.offer) == 0)
        acd_carry_out(t);
    show(t, pass.by);
}

/* --- what the agent does ------------------------------------------------------------------------
 */

/* The agent is out, the far one alone on the stage and hears music. */
static void step_out(struct telephony *t, struct call *call, const char *to, int32_t to_id)
{
    call->talk.passed_to = to;
    call->talk.passed_id = to_id;
    call->state = CALL_PASSING;
    talk_leave(t, call, "agent");
    log_info("call", "passed_on", "call=%s agent=%d to=%s id=%d", UUID_TEXT(&call->id),
             call->pass.by, to, to_id);
}

enum telephony_result telephony_pass_to_agent(struct telephony *t, int32_t user_id,
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
    call->pass = (struct pass){.by = user_id, .user_id = colleague_id};
    if (acd_call_agent(t->acd, loop_now_ms(t->loop), colleague_id, call->queue_id, RING_MS,
                       call->handle, &offer)) {
        call->pass = (struct pass){0};
        return TELEPHONY_COLLEAGUE_BUSY;
    }
    call->pass.offer = offer;
    acd_carry_out(t);
    step_out(t, call, "agent", colleague_id);
    return TELEPHONY_OK;
}

enum telephony_result pass_to_outside(struct telephony *t, struct call *call, int32_t user_id,
                                      const struct reach_target *target)
{
    int err;

    if (call->consult.by)
        return TELEPHONY_CONSULTING;
    err = reach_begin(t, call, REACH_PASS, user_id, target);
    if (err)
        return dialed_result(err);
    call->pass = (struct pass){.by = user_id};
    step_out(t, call, "outside", 0);
    return TELEPHONY_OK;
}

enum telephony_result telephony_pass_to_number(struct telephony *t, int32_t user_id,
                                               const struct uuid *call_id, const char *text)
{
    return reach_number(t, user_id, call_id, text, pass_to_outside);
}
