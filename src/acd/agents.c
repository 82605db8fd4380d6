/* Agents: their states, and the sets of available members. */
#include <errno.h>
#include <stddef.h>

#include "acd/state.h"

bool agent_available(const struct agent *agent)
{
    return agent->used && agent->state == ACD_READY && agent->line_up;
}

/* --- sets of available members -------------------------------------------------------------- */

/* The key is the strategy: the first of the set is who rings next. */
static struct order_key member_key(const struct acd *acd, const struct member *member)
{
    const struct agent *agent = &acd->agents[member->agent];
    uint64_t id = (uint32_t)agent->id;

    switch (acd->queues[member->queue].conf.strategy) {
    case ACD_FEWEST_CALLS:
        return (struct order_key){agent->answered, agent->idle_since, id};
    case ACD_ROUND_ROBIN:
        return (struct order_key){member->offered_seq, id, id};
    case ACD_BY_WEIGHT:
        return (struct order_key){(uint64_t)(INT32_MAX - (int64_t)member->weight),
                                  agent->idle_since, id};
    case ACD_LONGEST_IDLE:
    case ACD_RING_ALL:
        break;
    }
    return (struct order_key){agent->idle_since, id, id};
}

void member_list(struct acd *acd, uint32_t at)
{
    struct queue *queue = &acd->queues[acd->members[at].queue];

    if (acd->member_nodes[at].in)
        return;
    order_insert(acd->member_nodes, &queue->available, at, member_key(acd, &acd->members[at]));
    queue->available_count++;
}

void member_unlist(struct acd *acd, uint32_t at)
{
    struct queue *queue = &acd->queues[acd->members[at].queue];

    if (!acd->member_nodes[at].in)
        return;
    order_remove(acd->member_nodes, &queue->available, at);
    queue->available_count--;
}

void agent_list(struct acd *acd, uint32_t at)
{
    struct agent *agent = &acd->agents[at];

    if (agent->listed)
        return;
    agent->listed = true;
    for (uint32_t m = agent->members; m != NONE; m = acd->members[m].agent_next)
        member_list(acd, m);
}

void agent_unlist(struct acd *acd, uint32_t at)
{
    struct agent *agent = &acd->agents[at];

    if (!agent->listed)
        return;
    agent->listed = false;
    for (uint32_t m = agent->members; m != NONE; m = acd->members[m].agent_next)
        member_unlist(acd, m);
}

/* --- states --------------------------------------------------------------------------------- */

static void count_signed_in(struct acd *acd, const struct agent *agent, int change)
{
    for (uint32_t m = agent->members; m != NONE; m = acd->members[m].agent_next)
        acd->queues[acd->members[m].queue].signed_in += (uint32_t)change;
}

void agent_set_state(struct acd *acd, uint64_t now, uint32_t at, enum acd_agent_state state,
                     int32_t reason)
{
    struct agent *agent = &acd->agents[at];
    struct acd_command *command;
    enum acd_agent_state old = agent->state;

    if (old == state && agent->reason_id == reason)
        return;
    agent->state = state;
    agent->reason_id = reason;
    agent->since = now;
    if (state != ACD_RING && state != ACD_ACW) {
        agent->deadline = TIMER_NEVER;
        timer_set(acd, at, TIMER_NEVER);
    }
    if (old == ACD_SIGNED_OUT)
        count_signed_in(acd, agent, 1);
    else if (state == ACD_SIGNED_OUT)
        count_signed_in(acd, agent, -1);
    if (state == ACD_READY && old != ACD_READY)
        agent->idle_since = now;
    command = say(acd, ACD_AGENT_STATE);
    command->agent = agent->id;
    command->old_state = old;
    command->state = state;
    command->reason_id = reason;
    if (agent_available(agent))
        agent_list(acd, at);
    else
        agent_unlist(acd, at);
}

void agent_settle(struct acd *acd, uint64_t now, uint32_t at)
{
    struct agent *agent = &acd->agents[at];
    enum acd_agent_state state = agent->base_state;
    int32_t reason = agent->base_reason;

    if (agent->next_state != ACD_SIGNED_OUT) {
        state = agent->next_state;
        reason = agent->next_reason;
        agent->next_state = ACD_SIGNED_OUT;
    }
    agent->wrap_required = false;
    agent_set_state(acd, now, at, state, reason);
    match_agent(acd, now, at);
}

/* --- events --------------------------------------------------------------------------------- */

static bool is_idle_state(enum acd_agent_state state)
{
    return state == ACD_READY || state == ACD_BUSY || state == ACD_REST;
}

int acd_sign_in(struct acd *acd, uint64_t now, int32_t id, enum acd_agent_state state,
                int32_t reason_id)
{
    uint32_t at = agent_enrol(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOSPC;
    agent = &acd->agents[at];
    if (agent->state != ACD_SIGNED_OUT)
        return -EALREADY;
    if (!is_idle_state(state))
        return -EINVAL;
    agent->answered = 0;
    agent->line_up = false;
    agent->next_state = ACD_SIGNED_OUT;
    agent_set_state(acd, now, at, state, reason_id);
    return 0;
}

/* At once and from wherever he is but TALK: whom he rings with goes elsewhere. */
static void agent_leave(struct acd *acd, uint64_t now, uint32_t at, enum acd_agent_state state,
                        int32_t reason)
{
    struct agent *agent = &acd->agents[at];
    uint32_t entry = agent->offer ? agent->entry : NONE;

    if (agent->offer)
        offer_revoke(acd, now, at, ACD_REVOKE_FORCED, false);
    agent->next_state = ACD_SIGNED_OUT;
    agent->wrap_required = false;
    agent_set_state(acd, now, at, state, reason);
    if (entry != NONE && !acd->entries[entry].offers) {
        entry_wait(acd, now, entry);
        match_entry(acd, now, entry);
    }
    if (state == ACD_SIGNED_OUT)
        preferred_gone(acd, now, at);
}

int acd_sign_out(struct acd *acd, uint64_t now, int32_t id, bool forced)
{
    uint32_t at = agent_present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    agent = &acd->agents[at];
    if (agent->state == ACD_TALK || (agent->state == ACD_RING && !forced))
        return -EBUSY;
    agent_leave(acd, now, at, ACD_SIGNED_OUT, ACD_REASON_NONE);
    agent->line_up = false;
    return 0;
}

static int keep_request(struct agent *agent, enum acd_agent_state state, int32_t reason_id)
{
    agent->next_state = state;
    agent->next_reason = reason_id;
    return 1;
}

int acd_request_state(struct acd *acd, uint64_t now, int32_t id, enum acd_agent_state state,
                      int32_t reason_id)
{
    uint32_t at = agent_present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    if (!is_idle_state(state))
        return -EINVAL;
    agent = &acd->agents[at];
    if (agent->state == ACD_RING || agent->state == ACD_TALK)
        return keep_request(agent, state, reason_id);
    if (agent->state == ACD_ACW) {
        (void)keep_request(agent, state, reason_id);
        if (state != ACD_READY)
            return 1;
        if (agent->wrap_required)
            return -EINPROGRESS;
        agent_settle(acd, now, at);
        return 0;
    }
    agent_set_state(acd, now, at, state, reason_id);
    match_agent(acd, now, at);
    return 0;
}

int acd_force_state(struct acd *acd, uint64_t now, int32_t id, enum acd_agent_state state,
                    int32_t reason_id)
{
    uint32_t at = agent_present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    if (!is_idle_state(state))
        return -EINVAL;
    agent = &acd->agents[at];
    if (agent->state == ACD_TALK || (agent->state == ACD_RING && state == ACD_READY))
        return keep_request(agent, state, reason_id);
    agent_leave(acd, now, at, state, reason_id);
    match_agent(acd, now, at);
    return 0;
}

int acd_line(struct acd *acd, uint64_t now, int32_t id, bool up)
{
    uint32_t at = agent_present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    agent = &acd->agents[at];
    if (agent->line_up == up)
        return 0;
    agent->line_up = up;
    if (agent->offer && !up) {
        offer_revoke(acd, now, at, ACD_REVOKE_LINE_LOST, true);
    } else if (agent->state == ACD_READY && up) {
        agent_list(acd, at);
        match_agent(acd, now, at);
    } else if (!up) {
        agent_unlist(acd, at);
    }
    return 0;
}

int acd_occupy(struct acd *acd, uint64_t now, int32_t id, int32_t queue)
{
    uint32_t at = agent_present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    agent = &acd->agents[at];
    if (agent->state == ACD_RING || agent->state == ACD_TALK)
        return -EBUSY;
    if (agent->state != ACD_ACW) { /* in ACW the way back stays the one before the last call */
        agent->base_state = agent->state;
        agent->base_reason = agent->reason_id;
    }
    agent->talk_queue = queue_index(acd, queue);
    agent->talk_queue_id = queue; /* a summary still missing stays owed: see acd_talk_ended() */
    agent_set_state(acd, now, at, ACD_TALK, ACD_REASON_NONE);
    return 0;
}

static const struct acd_queue_conf *talk_conf(const struct acd *acd, const struct agent *agent)
{
    const struct queue *queue;

    if (agent->talk_queue == NONE)
        return NULL;
    queue = &acd->queues[agent->talk_queue];
    return queue->used && queue->conf.id == agent->talk_queue_id ? &queue->conf : NULL;
}

int acd_talk_ended(struct acd *acd, uint64_t now, int32_t id, bool wrap_up)
{
    uint32_t at = agent_present(acd, id);
    const struct acd_queue_conf *conf;
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE || acd->agents[at].state != ACD_TALK)
        return -ENOENT;
    agent = &acd->agents[at];
    conf = talk_conf(acd, agent);
    agent->talk_queue = NONE;
    agent->wrap_required |= wrap_up && conf && conf->wrap_up_required;
    if (!agent->wrap_required && (!wrap_up || !conf || !conf->wrap_up_ms)) {
        agent_settle(acd, now, at);
        return 0;
    }
    agent->deadline = agent->wrap_required ? TIMER_NEVER : now + conf->wrap_up_ms;
    agent_set_state(acd, now, at, ACD_ACW, ACD_REASON_NONE);
    timer_set(acd, at, agent->deadline);
    return 0;
}

int acd_wrap_up_done(struct acd *acd, uint64_t now, int32_t id)
{
    uint32_t at = agent_present(acd, id);

    step_begin(acd, now);
    if (at == NONE || acd->agents[at].state != ACD_ACW)
        return -ENOENT;
    agent_settle(acd, now, at);
    return 0;
}

void agent_due(struct acd *acd, uint64_t now, uint32_t at)
{
    struct agent *agent = &acd->agents[at];

    timer_set(acd, at, TIMER_NEVER);
    agent->deadline = TIMER_NEVER;
    if (agent->state == ACD_RING)
        offer_revoke(acd, now, at, ACD_REVOKE_NO_ANSWER, true);
    else if (agent->state == ACD_ACW)
        agent_settle(acd, now, at);
}
