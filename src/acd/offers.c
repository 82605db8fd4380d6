/* Offers: who rings with whom, and why. */
#include <stdio.h>
#include <string.h>

#include "acd/state.h"

/* --- the reason, for the record and for people ---------------------------------------------- */

static void reason_of_strategy(const struct acd *acd, uint64_t now, const struct member *member,
                               char out[ACD_REASON_SIZE])
{
    const struct agent *agent = &acd->agents[member->agent];
    unsigned long long idle_s = (now - agent->idle_since) / 1000;

    switch (acd->queues[member->queue].conf.strategy) {
    case ACD_LONGEST_IDLE:
        snprintf(out, ACD_REASON_SIZE, "空闲最久 %llu 秒", idle_s);
        return;
    case ACD_FEWEST_CALLS:
        snprintf(out, ACD_REASON_SIZE, "接听最少 %u 次", agent->answered);
        return;
    case ACD_ROUND_ROBIN:
        snprintf(out, ACD_REASON_SIZE, "轮到");
        return;
    case ACD_BY_WEIGHT:
        snprintf(out, ACD_REASON_SIZE, "权值最高 %d", member->weight);
        return;
    case ACD_RING_ALL:
        snprintf(out, ACD_REASON_SIZE, "同振");
        return;
    }
}

/* --- making an offer ------------------------------------------------------------------------ */

static void offer_make(struct acd *acd, uint64_t now, uint32_t member_at, uint32_t entry_at,
                       const char *reason)
{
    struct member *member = &acd->members[member_at];
    struct agent *agent = &acd->agents[member->agent];
    struct entry *entry = &acd->entries[entry_at];
    struct queue *queue = &acd->queues[entry->queue];
    struct acd_command *command = say(acd, ACD_OFFER);

    if (++acd->next_offer == 0)
        acd->next_offer = 1;
    agent->offer = acd->next_offer;
    agent->entry = entry_at;
    agent->base_state = ACD_READY;
    agent->base_reason = ACD_REASON_NONE;
    member->offered_seq = ++acd->next_seq;
    entry->offers++;
    command->agent = agent->id;
    command->queue = queue->conf.id;
    command->entry = entry_handle(acd, entry_at);
    command->tag = entry->tag;
    command->offer = agent->offer;
    snprintf(command->reason, sizeof(command->reason), "%s", reason);
    agent_set_state(acd, now, member->agent, ACD_RING, ACD_REASON_NONE);
    agent->deadline = now + queue->conf.ring_timeout_ms;
    timer_set(acd, member->agent, agent->deadline);
}

/* --- an agent looks for a caller ------------------------------------------------------------ */

struct looking {
    const struct acd *acd;
    uint64_t now;
    uint32_t agent;
};

static bool may_take(uint32_t entry_at, void *arg)
{
    const struct looking *l = arg;

    return entry_barred_until(&l->acd->entries[entry_at], l->agent) <= l->now;
}

/* Weight first, then priority, then first entry, then id. */
static bool better(const struct acd *acd, uint32_t member, uint32_t entry, uint32_t best_member,
                   uint32_t best_entry)
{
    const struct entry *e = &acd->entries[entry], *b = &acd->entries[best_entry];

    if (acd->members[member].weight != acd->members[best_member].weight)
        return acd->members[member].weight > acd->members[best_member].weight;
    if (e->effective != b->effective)
        return e->effective > b->effective;
    if (e->first_entry != b->first_entry)
        return e->first_entry < b->first_entry;
    return e->id < b->id;
}

static void reason_of_choice(const struct acd *acd, uint64_t now, uint32_t member, uint32_t entry,
                             uint32_t second_member, uint32_t second_entry,
                             char out[ACD_REASON_SIZE])
{
    const struct member *m = &acd->members[member];

    if (second_member == NONE) {
        snprintf(out, ACD_REASON_SIZE, "等待最久 %llu 秒",
                 (unsigned long long)(now - acd->entries[entry].first_entry) / 1000);
    } else if (m->weight > acd->members[second_member].weight) {
        snprintf(out, ACD_REASON_SIZE, "权值 %d > %d", m->weight,
                 acd->members[second_member].weight);
    } else if (acd->entries[entry].effective > acd->entries[second_entry].effective) {
        snprintf(out, ACD_REASON_SIZE, "优先级 %lld > %lld",
                 (long long)acd->entries[entry].effective,
                 (long long)acd->entries[second_entry].effective);
    } else {
        snprintf(out, ACD_REASON_SIZE, "先到先接,已等 %llu 秒",
                 (unsigned long long)(now - acd->entries[entry].first_entry) / 1000);
    }
}

static void start_ringing(struct acd *acd, uint64_t now, uint32_t member, uint32_t entry,
                          const char *reason)
{
    entry_unwait(acd, entry);
    offer_make(acd, now, member, entry, reason);
    entry_timer(acd, now, entry);
}

static void ring_all_others(struct acd *acd, uint64_t now, uint32_t entry);

void match_agent(struct acd *acd, uint64_t now, uint32_t at)
{
    struct looking look = {acd, now, at};
    uint32_t member = NONE, entry = NONE, second_member = NONE, second_entry = NONE;
    char reason[ACD_REASON_SIZE];

    if (!agent_available(&acd->agents[at]))
        return;
    for (uint32_t m = acd->agents[at].members; m != NONE; m = acd->members[m].agent_next) {
        uint32_t e = order_find(acd->entry_nodes, acd->queues[acd->members[m].queue].waiting,
                                may_take, &look);
        if (e == ORDER_NONE)
            continue;
        if (member == NONE || better(acd, m, e, member, entry)) {
            second_member = member;
            second_entry = entry;
            member = m;
            entry = e;
        } else if (second_member == NONE || better(acd, m, e, second_member, second_entry)) {
            second_member = m;
            second_entry = e;
        }
    }
    if (member == NONE)
        return;
    reason_of_choice(acd, now, member, entry, second_member, second_entry, reason);
    start_ringing(acd, now, member, entry, reason);
    ring_all_others(acd, now, entry);
}

/* --- a caller looks for an agent ------------------------------------------------------------ */

struct choosing {
    const struct acd *acd;
    const struct entry *entry;
    uint64_t now;
};

static bool may_ring(uint32_t member_at, void *arg)
{
    const struct choosing *c = arg;

    return entry_barred_until(c->entry, c->acd->members[member_at].agent) <= c->now;
}

static bool never_refused(uint32_t member_at, void *arg)
{
    const struct choosing *c = arg;

    return entry_barred_until(c->entry, c->acd->members[member_at].agent) == 0;
}

/* With "ring all" every other available member rings too. */
static void ring_all_others(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    struct queue *queue = &acd->queues[entry->queue];
    struct choosing choose = {acd, entry, now};
    uint32_t member;

    if (queue->conf.strategy != ACD_RING_ALL)
        return;
    while ((member = order_find(acd->member_nodes, queue->available, may_ring, &choose)) !=
           ORDER_NONE)
        offer_make(acd, now, member, at, "同振");
}

void match_entry(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    struct queue *queue = &acd->queues[entry->queue];
    struct choosing choose = {acd, entry, now};
    char reason[ACD_REASON_SIZE];
    uint32_t member;

    if (!entry->used || entry->offers)
        return;
    /* Those who never refused this caller go before those whose refusal has run out. */
    member = order_find(acd->member_nodes, queue->available, never_refused, &choose);
    if (member == ORDER_NONE)
        member = order_find(acd->member_nodes, queue->available, may_ring, &choose);
    if (member == ORDER_NONE)
        return;
    reason_of_strategy(acd, now, &acd->members[member], reason);
    start_ringing(acd, now, member, at, reason);
    ring_all_others(acd, now, at);
}

/* --- ending offers -------------------------------------------------------------------------- */

static void say_revoke(struct acd *acd, const struct agent *agent, enum acd_revoke_reason reason)
{
    const struct entry *entry = &acd->entries[agent->entry];
    struct acd_command *command = say(acd, ACD_REVOKE);

    command->agent = agent->id;
    command->queue = acd->queues[entry->queue].conf.id;
    command->entry = entry_handle(acd, agent->entry);
    command->tag = entry->tag;
    command->offer = agent->offer;
    command->revoke_reason = reason;
}

void offer_revoke(struct acd *acd, uint64_t now, uint32_t at, enum acd_revoke_reason reason,
                  bool entry_still_waits)
{
    struct agent *agent = &acd->agents[at];
    uint32_t entry_at = agent->entry;
    struct entry *entry = &acd->entries[entry_at];

    say_revoke(acd, agent, reason);
    agent->offer = 0;
    agent->entry = NONE;
    entry->offers--;
    if (reason == ACD_REVOKE_NO_ANSWER || reason == ACD_REVOKE_REJECTED)
        entry_refused(acd, now, entry_at, at);
    /* The caller is in its place again before anybody looks for callers, this agent included. */
    if (entry_still_waits && !entry->offers)
        entry_wait(acd, now, entry_at);
    if (reason == ACD_REVOKE_NO_ANSWER) {
        agent->next_state = ACD_SIGNED_OUT;
        agent_set_state(acd, now, at, ACD_BUSY, ACD_REASON_RONA);
    } else if (reason != ACD_REVOKE_FORCED) {
        agent_settle(acd, now, at);
    }
    if (entry_still_waits && entry->used && !entry->offers)
        match_entry(acd, now, entry_at);
}

void entry_revoke_all(struct acd *acd, uint64_t now, uint32_t entry_at, uint32_t but_agent,
                      enum acd_revoke_reason reason)
{
    struct entry *entry = &acd->entries[entry_at];
    struct queue *queue = &acd->queues[entry->queue];

    for (uint32_t m = queue->members; m != NONE && entry->offers; m = acd->members[m].queue_next) {
        uint32_t at = acd->members[m].agent;
        if (at != but_agent && acd->agents[at].entry == entry_at && acd->agents[at].offer)
            offer_revoke(acd, now, at, reason, false);
    }
}

void entry_withdraw(struct acd *acd, uint32_t entry_at, enum acd_revoke_reason reason)
{
    struct entry *entry = &acd->entries[entry_at];

    for (uint32_t m = acd->queues[entry->queue].members; m != NONE && entry->offers;
         m = acd->members[m].queue_next) {
        struct agent *agent = &acd->agents[acd->members[m].agent];
        if (agent->entry != entry_at || !agent->offer)
            continue;
        say_revoke(acd, agent, reason);
        agent->offer = 0;
        agent->entry = NONE;
        entry->offers--;
    }
}

void settle_withdrawn(struct acd *acd, uint64_t now, uint32_t queue_at)
{
    for (uint32_t m = acd->queues[queue_at].members; m != NONE; m = acd->members[m].queue_next) {
        uint32_t at = acd->members[m].agent;
        if (acd->agents[at].state == ACD_RING && !acd->agents[at].offer)
            agent_settle(acd, now, at);
    }
}
