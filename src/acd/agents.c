/* Agents: their states, and the sets of available members. */
#include <errno.h>

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
