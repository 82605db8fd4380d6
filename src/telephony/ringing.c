/* A call rings at an agent: heard, answered by hand or by itself, refused, hung up. */
#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/facts.h"
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/room.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

#define PHONE_FAIL_MS 1000 /* an offer that could not ring is given back so much later */

static void beep(struct telephony *t, struct agent *agent)
{
    struct media_play list = {.count = 1};

    list.audio[0] = directory_prompt(t->directory, agent->center_id, "beep");
    if (list.audio[0] && agent_media(t, agent))
        (void)media_play(t->media, agent_media(t, agent), &list); /* a courtesy, no promise */
}

/* The agent's own setting goes before that of the queue; a colleague's call is no queue's. */
static uint32_t answers_after(struct telephony *t, const struct agent *agent,
                              const struct acd_command *command)
{
    const struct dir_agent *person = directory_agent(t->directory, agent->user_id);
    const struct dir_queue *queue = directory_queue(t->directory, command->queue);

    if (!person)
        return 0;
    if (!command->entry)
        return person->auto_answer_internal ? person->auto_answer_ms : 0;
    return person->auto_answer_ms ? person->auto_answer_ms : queue ? queue->auto_answer_ms : 0;
}

void agent_auto_answer(void *arg)
{
    struct agent_side *side = arg;
    struct telephony *t = side->telephony;
    struct agent *agent = agent_find(t, side->user_id);

    if (!agent || !agent->offer)
        return;
    if (agent->line_kind == LINE_BROWSER)
        (void)telephony_answer(t, agent->user_id, &agent->offer_call);
    else if (acd_reject(t->acd, loop_now_ms(t->loop), agent->user_id, agent->offer) == 0)
        acd_carry_out(t); /* the phone could not be rung */
}

void agent_ring(struct telephony *t, struct agent *agent, struct call *call,
                const struct acd_command *command)
{
    uint32_t answers = answers_after(t, agent, command);
    int err;

    agent_take_call(t, agent, call);
    agent->offer = command->offer;
    agent->offer_queue = command->queue;
    agent->offer_call = call->id;
    agent->ring_ms = loop_wall_ms(t->loop);
    agent->ring_at = loop_now_ms(t->loop);
    agent->offer_id = uuid_new(agent->ring_ms);
    if (command->entry) /* a colleague's question is no offer of a queue's */
        fact_offer_begin(t, call, agent, command->reason);
    log_info("acd", "offered", "call=%s agent=%d offer=%u queue=%d why=%s", UUID_TEXT(&call->id),
             agent->user_id, command->offer, command->queue, log_safe(command->reason));
    if (agent->line_kind == LINE_PHONE) {
        err = agent_phone_ring(t, agent, call);
        if (err) {
            /* Not rejected here: when we have run out of something no phone can be rung, the caller
             * would go from agent to agent in this turn of the loop, and the turn never end. */
            log_error("line", "phone_ring_failed", "agent=%d error=%d", agent->user_id, err);
            loop_timer_start(&agent_beside(t, agent)->auto_answer, PHONE_FAIL_MS);
        }
    } else if (answers) {
        beep(t, agent);
        loop_timer_start(&agent_beside(t, agent)->auto_answer, answers);
    }
    view_agent_changed(t, agent);
}

void agent_stop_ringing(struct telephony *t, struct agent *agent)
{
    struct leg *leg = call_leg_find(t, agent->line);

    agent->offer = 0;
    agent_drop_call(t, agent);
    loop_timer_stop(&agent_beside(t, agent)->auto_answer);
    if (leg && leg->kind == LEG_PHONE) {
        agent->line = 0;
        if (leg->sip)
            sip_leg_hangup(t->sip, leg->sip, 16);
    }
    view_agent_changed(t, agent);
}

static struct agent *ringing_agent(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    struct agent *agent = agent_find(t, user_id);

    return agent && agent->signed_in && agent->offer && uuid_equal(&agent->offer_call, call_id)
               ? agent
               : NULL;
}

enum telephony_result telephony_answer(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    struct agent *agent = ringing_agent(t, user_id, call_id);

    if (!agent)
        return TELEPHONY_STALE;
    if (agent->line_kind == LINE_PHONE)
        return TELEPHONY_NO_LINE; /* the phone answers by its own key */
    if (!agent_line_is_up(t, agent))
        return TELEPHONY_NO_LINE;
    if (acd_answer(t->acd, loop_now_ms(t->loop), user_id, agent->offer))
        return TELEPHONY_STALE;
    acd_carry_out(t);
    return TELEPHONY_OK;
}

enum telephony_result telephony_reject(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    struct agent *agent = ringing_agent(t, user_id, call_id);

    if (!agent || acd_reject(t->acd, loop_now_ms(t->loop), user_id, agent->offer))
        return TELEPHONY_STALE;
    acd_carry_out(t);
    return TELEPHONY_OK;
}

enum telephony_result telephony_hangup(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    struct call *call = call_find_by_id(t, call_id, user_id);

    if (call && leader_hangs_up(t, agent_find(t, user_id)))
        return TELEPHONY_OK;
    if (!call || (call->state != CALL_TALKING && call->state != CALL_DIALING) ||
        (call->agent != user_id && call->consult.user_id != user_id))
        return TELEPHONY_STALE;
    if (consult_hangs_up(t, call, user_id) || leader_goes_on(t, call, "agent") ||
        errand_survey_after(t, call))
        return TELEPHONY_OK;
    call_hangup(t, call, "agent");
    return TELEPHONY_OK;
}
