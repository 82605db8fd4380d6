/* Agents: who is there, signing in and out, states, the summary after a call. */
#include <errno.h>
#include <string.h>

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
#include "telephony/facts.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

/* --- found ------------------------------------------------------------------------------------ */

static uint32_t agent_hash(const struct telephony *t, int32_t user_id)
{
    return ((uint32_t)user_id * 2654435761u) & (t->agent_hash_size - 1);
}

struct agent *agent_find(struct telephony *t, int32_t user_id)
{
    uint32_t i = agent_hash(t, user_id);

    for (; t->agent_by_user[i]; i = (i + 1) & (t->agent_hash_size - 1)) {
        struct agent *agent = slots_find(&t->agents, t->agent_by_user[i]);
        if (agent && agent->user_id == user_id)
            return agent;
    }
    return NULL;
}

static void begin_side(struct telephony *t, const struct agent *agent)
{
    struct agent_side *side = agent_beside(t, agent);

    side->telephony = t;
    side->user_id = agent->user_id;
    loop_timer_init(&side->line_timer, t->loop, agent_line_away_too_long, side);
    loop_timer_init(&side->auto_answer, t->loop, agent_auto_answer, side);
}

/* Agents are never removed from the table: there are as many as users who ever signed in. */
struct agent *agent_take(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);
    uint32_t i = agent_hash(t, user_id);
    handle_t handle;

    if (agent)
        return agent;
    agent = slots_take(&t->agents, &handle);
    if (!agent)
        return NULL;
    agent->user_id = user_id;
    agent->line_state = MEDIA_LINE_CLOSED;
    while (t->agent_by_user[i])
        i = (i + 1) & (t->agent_hash_size - 1);
    t->agent_by_user[i] = handle;
    begin_side(t, agent);
    return agent;
}

struct agent_side *agent_beside(struct telephony *t, const struct agent *agent)
{
    size_t index = (size_t)((const unsigned char *)agent - t->agents.items) / t->agents.item_size;

    return &t->agent_side[index];
}

/* --- the ACD says a state changed ----------------------------------------------------------- */

static void acw_begins(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);
    const struct dir_queue *queue = call ? directory_queue(t->directory, call->queue_id) : NULL;

    agent->acw_at = loop_now_ms(t->loop);
    agent->acw_ms = agent->state_since_ms;
    agent->acw_queue = call && !call->outbound ? call->queue_id : 0;
    agent->acw_deadline_ms =
        queue && !queue->acd.wrap_up_required ? agent->acw_ms + (int64_t)queue->acd.wrap_up_ms : 0;
}

static void acw_ends(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);

    agent->acw_deadline_ms = 0;
    if (call)
        fact_acw_end(t, agent, call);
}

void agent_take_call(struct telephony *t, struct agent *agent, struct call *call)
{
    if (agent->call == call->handle)
        return;
    agent_drop_call(t, agent);
    agent->call = call->handle;
    call->holders++;
}

void agent_drop_call(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);

    agent->call = 0;
    if (!call)
        return;
    call->holders--;
    call_release_if_done(t, call);
}

/* The call he is summing up came back to him: pass.c. */
static bool has_it_again(struct telephony *t, const struct agent *agent)
{
    const struct call *call = call_find(t, agent->call);

    return call && call->state == CALL_TALKING && call->agent == agent->user_id;
}

void agent_state_changed(struct telephony *t, struct agent *agent,
                         const struct acd_command *command)
{
    if (command->old_state == ACD_ACW)
        acw_ends(t, agent);
    agent->state = command->state;
    agent->reason_id = command->reason_id;
    agent->state_since_ms = loop_wall_ms(t->loop);
    if (command->state == ACD_ACW)
        acw_begins(t, agent);
    if (command->state == ACD_READY || command->state == ACD_BUSY || command->state == ACD_REST ||
        command->state == ACD_SIGNED_OUT ||
        (command->old_state == ACD_ACW && !has_it_again(t, agent)))
        agent_drop_call(t, agent);
    log_info("agent", "state", "agent=%d from=%s to=%s reason=%s", agent->user_id,
             agent_state_name(command->old_state), agent_state_name(command->state),
             log_safe(agent_reason_name(t, agent)));
    if (command->state != ACD_SIGNED_OUT)
        fact_agent_state(t, agent, agent_reason_name(t, agent));
    view_agent_changed(t, agent);
    view_queue_changed(t, agent->center_id);
}

/* --- signing in and out --------------------------------------------------------------------- */

static void session_open(struct telephony *t, struct agent *agent,
                         const struct telephony_sign_in *in)
{
    agent->signed_in = true;
    agent->signed_in_ms = loop_wall_ms(t->loop);
    agent->session = uuid_new(agent->signed_in_ms);
    agent->line_kind = in->phone ? LINE_PHONE : LINE_BROWSER;
    text_copy(agent->http_session, sizeof(agent->http_session), in->session);
    text_copy(agent->address, sizeof(agent->address), in->address);
    fact_session_begin(t, agent);
}

/* Hot desk: the same agent at another desk. His state and his call go with him; the old page's
 * line is closed, the caller hears music until the new line is up. A desk phone goes on talking
 * when only the page beside it is another one. */
static void session_move(struct telephony *t, struct agent *agent,
                         const struct telephony_sign_in *in)
{
    struct call *call = call_find(t, agent->call);

    if (call && call->state == CALL_DIALING && agent->line_kind == LINE_PHONE)
        call_hangup(t, call, "agent"); /* the phone that was to call is left behind */
    fact_session_end(t, agent, "moved");
    if (agent->line_kind == LINE_BROWSER || !in->phone)
        agent_line_let_go(t, agent);
    session_open(t, agent, in);
    fact_agent_state(t, agent, agent_reason_name(t, agent));
    agent_line_told(t, agent);
    talk_line_changed(t, agent);
    view_agent_changed(t, agent);
}

enum telephony_result telephony_sign_in(struct telephony *t, int32_t user_id,
                                        const struct telephony_sign_in *in)
{
    const struct dir_agent *person = directory_agent(t->directory, user_id);
    struct agent *agent;

    if (!person || !person->agent_no[0])
        return TELEPHONY_NOT_AGENT;
    agent = agent_take(t, user_id);
    if (!agent)
        return TELEPHONY_BUSY;
    if (in->phone && !sip_phone_is_registered(t->sip, user_id))
        return TELEPHONY_NO_PHONE;
    if (agent->signed_in) {
        if (strcmp(agent->http_session, in->session) == 0 &&
            agent->line_kind == (in->phone ? LINE_PHONE : LINE_BROWSER))
            return TELEPHONY_OK; /* a reloaded page */
        if (!in->move && strcmp(agent->http_session, in->session) != 0)
            return TELEPHONY_SIGNED_IN_ELSEWHERE;
        if (in->phone && agent->line_kind == LINE_BROWSER &&
            (agent->state == ACD_RING || agent->state == ACD_TALK))
            return TELEPHONY_IN_CALL; /* a call cannot go over to a phone that does not ring */
        session_move(t, agent, in);
        return TELEPHONY_OK;
    }
    agent->center_id = person->center_id;
    if (in->phone)
        agent_line_let_go(t, agent); /* the browser's, opened for the microphone test */
    session_open(t, agent, in);
    if (acd_sign_in(t->acd, loop_now_ms(t->loop), user_id, ACD_BUSY, ACD_REASON_NONE)) {
        fact_session_end(t, agent, "forced");
        agent->signed_in = false;
        return TELEPHONY_BUSY;
    }
    acd_carry_out(t);
    agent_line_told(t, agent);
    return TELEPHONY_OK;
}

enum telephony_result telephony_sign_out(struct telephony *t, int32_t user_id,
                                         const char *fact_reason)
{
    struct agent *agent = agent_find(t, user_id);
    int err;

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    err = acd_sign_out(t->acd, loop_now_ms(t->loop), user_id, false);
    if (err == -EBUSY)
        return TELEPHONY_IN_CALL;
    agent->signed_in = false;
    acd_carry_out(t);
    fact_session_end(t, agent, fact_reason);
    log_info("agent", "signed_out", "agent=%d why=%s", user_id, fact_reason);
    view_agent_changed(t, agent);
    return TELEPHONY_OK;
}

bool telephony_signed_in_at(struct telephony *t, int32_t user_id, char address[64],
                            int64_t *ret_since_ms)
{
    struct agent *agent = agent_find(t, user_id);

    if (!agent || !agent->signed_in)
        return false;
    text_copy(address, 64, agent->address);
    *ret_since_ms = agent->signed_in_ms;
    return true;
}

bool telephony_is_signed_in(struct telephony *t, int32_t user_id, const char *session)
{
    const struct agent *agent = agent_find(t, user_id);

    return agent && agent->signed_in && strcmp(agent->http_session, session) == 0;
}

/* --- states --------------------------------------------------------------------------------- */

static bool reason_fits(struct telephony *t, const struct agent *agent, int32_t reason_id,
                        bool rest)
{
    size_t count;
    const struct dir_reason *reasons = directory_reasons(t->directory, &count);

    if (!reason_id)
        return true;
    for (size_t i = 0; i < count; i++)
        if (reasons[i].id == reason_id && reasons[i].center_id == agent->center_id)
            return reasons[i].rest == rest;
    return false;
}

static int state_by_name(const char *name)
{
    if (strcmp(name, "ready") == 0)
        return ACD_READY;
    if (strcmp(name, "busy") == 0)
        return ACD_BUSY;
    return strcmp(name, "rest") == 0 ? ACD_REST : -1;
}

enum telephony_result telephony_set_state(struct telephony *t, int32_t user_id, const char *name,
                                          int32_t reason_id)
{
    struct agent *agent = agent_find(t, user_id);
    int state = state_by_name(name), err;

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (state == ACD_READY)
        reason_id = ACD_REASON_NONE;
    if (state < 0 || !reason_fits(t, agent, reason_id, state == ACD_REST))
        return TELEPHONY_BAD_REASON;
    if (state == ACD_READY && !agent_line_is_up(t, agent))
        return TELEPHONY_NO_LINE;
    err = acd_request_state(t->acd, loop_now_ms(t->loop), user_id, (enum acd_agent_state)state,
                            reason_id);
    acd_carry_out(t);
    if (err) /* kept for later; a change at once has been told by agent_state_changed() */
        view_agent_changed(t, agent);
    if (err == -EINPROGRESS && agent->wrap_up_saved)
        return telephony_wrap_up_done(t, user_id);
    if (err == -EINPROGRESS)
        return TELEPHONY_WRAP_UP_MISSING;
    if (err < 0)
        return TELEPHONY_NOT_SIGNED_IN;
    return err ? TELEPHONY_LATER : TELEPHONY_OK;
}

enum telephony_result telephony_wrap_up_saved(struct telephony *t, int32_t user_id,
                                              const struct uuid *call_id, const char *code,
                                              const char *note)
{
    struct call *call = call_find_by_id(t, call_id, user_id);
    struct agent *agent = agent_find(t, user_id);

    if (!call || agent->watch.user_id || (agent->state != ACD_TALK && agent->state != ACD_ACW))
        return TELEPHONY_STALE;
    if (agent->wrap_up_required && !code[0])
        return TELEPHONY_WRAP_UP_MISSING;
    agent->wrap_up_saved = true;
    fact_wrap_up(t, call, agent, code, note);
    view_agent_changed(t, agent);
    return TELEPHONY_OK;
}

enum telephony_result telephony_wrap_up_done(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (agent->state != ACD_ACW)
        return TELEPHONY_STALE;
    if (agent->wrap_up_required && !agent->wrap_up_saved)
        return TELEPHONY_WRAP_UP_MISSING;
    if (acd_wrap_up_done(t->acd, loop_now_ms(t->loop), user_id))
        return TELEPHONY_STALE;
    acd_carry_out(t);
    return TELEPHONY_OK;
}
