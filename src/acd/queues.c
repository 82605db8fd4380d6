/* Queues and who serves them: their configuration, changed while calls wait and ring. */
#include <errno.h>
#include <string.h>

#include "acd/state.h"

/* --- queues --------------------------------------------------------------------------------- */

/* A call that rings everywhere and no longer may goes on ringing at one agent. */
static void ring_one_only(struct acd *acd, uint64_t now, uint32_t queue_at)
{
    struct queue *queue = &acd->queues[queue_at];

    for (uint32_t m = queue->members; m != NONE; m = acd->members[m].queue_next) {
        uint32_t agent = acd->members[m].agent, entry = acd->agents[agent].entry;
        if (acd->agents[agent].offer && entry != NONE && acd->entries[entry].queue == queue_at &&
            acd->entries[entry].offers > 1)
            entry_revoke_all(acd, now, entry, agent, ACD_REVOKE_MOVED);
    }
}

/* Another strategy is another order of the available members; other times are other timers. */
static void queue_reorder(struct acd *acd, uint64_t now, uint32_t at)
{
    struct queue *queue = &acd->queues[at];

    for (uint32_t m = queue->members; m != NONE; m = acd->members[m].queue_next)
        if (acd->member_nodes[m].in) {
            member_unlist(acd, m);
            member_list(acd, m);
        }
    for (uint32_t e = queue->entries; e != NONE; e = acd->entries[e].queue_next) {
        entry_age(acd, now, e);
        entry_timer(acd, now, e);
    }
}

int acd_queue_set(struct acd *acd, uint64_t now, const struct acd_queue_conf *conf)
{
    uint32_t at = map_find(&acd->queue_map, conf->id);
    struct queue *queue;

    step_begin(acd, now);
    if (at == NONE) {
        if (acd->queue_count == acd->limits.queues)
            return -ENOSPC;
        at = acd->queue_count++;
        map_add(&acd->queue_map, conf->id, at);
    }
    queue = &acd->queues[at];
    if (!queue->used) {
        memset(queue, 0, sizeof(*queue));
        queue->used = true;
        queue->waiting = queue->available = queue->by_age = ORDER_EMPTY;
        queue->members = queue->entries = NONE;
    }
    queue->conf = *conf;
    if (!queue->conf.ring_timeout_ms)
        queue->conf.ring_timeout_ms = 20000;
    queue_reorder(acd, now, at);
    if (conf->strategy != ACD_RING_ALL)
        ring_one_only(acd, now, at);
    /* A refusal that ran out in this very millisecond has lost its timer. */
    for (uint32_t e = queue->entries; e != NONE; e = acd->entries[e].queue_next)
        match_entry(acd, now, e);
    return 0;
}

static void member_unlink(struct acd *acd, uint32_t at)
{
    struct member *member = &acd->members[at];
    struct agent *agent = &acd->agents[member->agent];
    struct queue *queue = &acd->queues[member->queue];
    uint32_t *place;

    member_unlist(acd, at);
    for (place = &agent->members; *place != at; place = &acd->members[*place].agent_next)
        ;
    *place = member->agent_next;
    for (place = &queue->members; *place != at; place = &acd->members[*place].queue_next)
        ;
    *place = member->queue_next;
    agent->member_count--;
    if (agent->state != ACD_SIGNED_OUT)
        queue->signed_in--;
    member->used = false;
    member->free_link = free_link(at, acd->member_free);
    acd->member_free = at;
}

int acd_queue_remove(struct acd *acd, uint64_t now, int32_t id)
{
    uint32_t at = queue_index(acd, id);
    struct queue *queue;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    queue = &acd->queues[at];
    for (uint32_t e = queue->entries; e != NONE; e = acd->entries[e].queue_next)
        entry_unwait(acd, e); /* nobody revoked below may find them again */
    while (queue->entries != NONE) {
        uint32_t e = queue->entries;
        struct acd_command *command;

        entry_revoke_all(acd, now, e, NONE, ACD_REVOKE_MOVED);
        command = say(acd, ACD_DROPPED);
        command->queue = id;
        command->entry = entry_handle(acd, e);
        command->tag = acd->entries[e].tag;
        entry_free(acd, e);
    }
    while (queue->members != NONE)
        member_unlink(acd, queue->members);
    queue->used = false;
    return 0;
}

static void member_link(struct acd *acd, uint32_t agent_at, uint32_t queue_at, int32_t weight)
{
    uint32_t at = acd->member_free;
    struct member *member = &acd->members[at];
    struct agent *agent = &acd->agents[agent_at];
    struct queue *queue = &acd->queues[queue_at];

    acd->member_free = free_next(at, member->free_link, acd->limits.members);
    *member = (struct member){.used = true,
                              .agent = agent_at,
                              .queue = queue_at,
                              .weight = weight,
                              .agent_next = agent->members,
                              .queue_next = queue->members};
    agent->members = queue->members = at;
    agent->member_count++;
    if (agent->state != ACD_SIGNED_OUT)
        queue->signed_in++;
    if (agent->listed)
        member_list(acd, at);
}

int acd_member_set(struct acd *acd, uint64_t now, int32_t agent, int32_t queue, int32_t weight)
{
    uint32_t queue_at = queue_index(acd, queue), agent_at, member;

    step_begin(acd, now);
    if (queue_at == NONE)
        return -ENOENT;
    agent_at = agent_enrol(acd, agent);
    if (agent_at == NONE)
        return -ENOSPC;
    member = member_index(acd, agent_at, queue_at);
    if (member != NONE) {
        acd->members[member].weight = weight;
        if (acd->member_nodes[member].in) {
            member_unlist(acd, member);
            member_list(acd, member);
        }
        return 0;
    }
    if (acd->member_free == NONE || acd->agents[agent_at].member_count == ACD_MAX_QUEUES_PER_AGENT)
        return -ENOSPC;
    member_link(acd, agent_at, queue_at, weight);
    match_agent(acd, now, agent_at);
    return 0;
}

int acd_member_remove(struct acd *acd, uint64_t now, int32_t agent, int32_t queue)
{
    uint32_t queue_at = queue_index(acd, queue), agent_at = agent_index(acd, agent), member;

    step_begin(acd, now);
    if (queue_at == NONE || agent_at == NONE)
        return -ENOENT;
    member = member_index(acd, agent_at, queue_at);
    if (member == NONE)
        return -ENOENT;
    /* A call of this queue that rings at the agent goes to the remaining members. */
    if (acd->agents[agent_at].offer && acd->agents[agent_at].entry != NONE &&
        acd->entries[acd->agents[agent_at].entry].queue == queue_at) {
        uint32_t entry = acd->agents[agent_at].entry;
        offer_revoke(acd, now, agent_at, ACD_REVOKE_FORCED, false);
        member_unlink(acd, member);
        agent_settle(acd, now, agent_at);
        if (!acd->entries[entry].offers) {
            entry_wait(acd, now, entry);
            match_entry(acd, now, entry);
        }
    } else {
        member_unlink(acd, member);
    }
    preferred_gone(acd, now, agent_at);
    return 0;
}
