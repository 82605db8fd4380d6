/* Offers: who rings with whom, and why. */
#include <errno.h>
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

static void offer_link(struct acd *acd, uint32_t at, uint32_t entry_at)
{
    struct agent *agent = &acd->agents[at];
    struct entry *entry = &acd->entries[entry_at];

    if (++acd->next_offer == 0)
        acd->next_offer = 1;
    agent->offer = acd->next_offer;
    agent->entry = entry_at;
    agent->ring_prev = NONE;
    agent->ring_next = entry->ringing;
    if (entry->ringing != NONE)
        acd->agents[entry->ringing].ring_prev = at;
    entry->ringing = at;
    entry->offers++;
}

void offer_unlink(struct acd *acd, uint32_t at)
{
    struct agent *agent = &acd->agents[at];
    struct entry *entry = &acd->entries[agent->entry];

    if (agent->ring_prev != NONE)
        acd->agents[agent->ring_prev].ring_next = agent->ring_next;
    else
        entry->ringing = agent->ring_next;
    if (agent->ring_next != NONE)
        acd->agents[agent->ring_next].ring_prev = agent->ring_prev;
    agent->ring_prev = agent->ring_next = NONE;
    agent->offer = 0;
    agent->entry = NONE;
    agent->assigned = false;
    entry->offers--;
}

static void ring(struct acd *acd, uint64_t now, uint32_t at, uint32_t entry_at, const char *reason)
{
    struct agent *agent = &acd->agents[at];
    struct entry *entry = &acd->entries[entry_at];
    struct queue *queue = &acd->queues[entry->queue];
    struct acd_command *command = say(acd, ACD_OFFER);

    offer_link(acd, at, entry_at);
    agent->base_state = agent->state;
    agent->base_reason = agent->reason_id;
    command->agent = agent->id;
    command->queue = queue->conf.id;
    command->entry = entry_handle(acd, entry_at);
    command->tag = entry->tag;
    command->offer = agent->offer;
    snprintf(command->reason, sizeof(command->reason), "%s", reason);
    agent_set_state(acd, now, at, ACD_RING, ACD_REASON_NONE);
    agent->deadline = now + queue->conf.ring_timeout_ms;
    timer_set(acd, at, agent->deadline);
}

static void offer_make(struct acd *acd, uint64_t now, uint32_t member_at, uint32_t entry_at,
                       const char *reason)
{
    acd->members[member_at].offered_seq = ++acd->next_seq;
    ring(acd, now, acd->members[member_at].agent, entry_at, reason);
}

/* --- an agent looks for a caller ------------------------------------------------------------ */

struct looking {
    const struct acd *acd;
    uint64_t now;
    uint32_t agent;
    uint32_t but; /* entry left out, NONE */
};

static bool may_take(uint32_t entry_at, void *arg)
{
    const struct looking *l = arg;

    return entry_at != l->but && entry_barred_until(&l->acd->entries[entry_at], l->agent) <= l->now;
}

/* A caller and the membership by which the agent would serve it. */
struct choice {
    uint32_t member, entry;
};

/* Weight first, then priority, then first entry, then id. */
static bool better(const struct acd *acd, struct choice x, struct choice y)
{
    const struct entry *e = &acd->entries[x.entry], *f = &acd->entries[y.entry];

    if (y.member == NONE)
        return true;
    if (acd->members[x.member].weight != acd->members[y.member].weight)
        return acd->members[x.member].weight > acd->members[y.member].weight;
    if (e->effective != f->effective)
        return e->effective > f->effective;
    if (e->first_entry != f->first_entry)
        return e->first_entry < f->first_entry;
    return e->id < f->id;
}

static unsigned long long waited_s(const struct entry *entry, uint64_t now)
{
    return now > entry->first_entry ? (now - entry->first_entry) / 1000 : 0;
}

/* Says by what the best caller went before the second best. */
static void reason_of_choice(const struct acd *acd, uint64_t now, struct choice best,
                             struct choice second, char out[ACD_REASON_SIZE])
{
    const struct entry *entry = &acd->entries[best.entry];
    int32_t weight = acd->members[best.member].weight;

    if (entry->preferred != NONE)
        snprintf(out, ACD_REASON_SIZE, "指定坐席，已等 %llu 秒", waited_s(entry, now));
    else if (second.member == NONE)
        snprintf(out, ACD_REASON_SIZE, "等待最久 %llu 秒", waited_s(entry, now));
    else if (weight > acd->members[second.member].weight)
        snprintf(out, ACD_REASON_SIZE, "权值 %d > %d", weight, acd->members[second.member].weight);
    else if (entry->effective > acd->entries[second.entry].effective)
        snprintf(out, ACD_REASON_SIZE, "优先级 %lld > %lld", (long long)entry->effective,
                 (long long)acd->entries[second.entry].effective);
    else
        snprintf(out, ACD_REASON_SIZE, "先到先接，已等 %llu 秒", waited_s(entry, now));
}

static void start_ringing(struct acd *acd, uint64_t now, uint32_t member, uint32_t entry,
                          const char *reason)
{
    entry_unwait(acd, entry);
    offer_make(acd, now, member, entry, reason);
    entry_timer(acd, now, entry);
}

static void ring_all_others(struct acd *acd, uint64_t now, uint32_t entry);

static struct choice first_of(const struct acd *acd, uint32_t member, struct looking *look)
{
    uint32_t e = order_find(acd->entry_nodes, &acd->queues[acd->members[member].queue].waiting,
                            may_take, look);

    return e == ORDER_NONE ? (struct choice){NONE, NONE} : (struct choice){member, e};
}

/* Of those who wait for him alone; one whose time is over is about to be told so. */
static bool may_take_own(uint32_t entry_at, void *arg)
{
    const struct looking *l = arg;
    enum acd_preferred_end end;

    return may_take(entry_at, arg) && !preferred_is_over(l->acd, l->now, entry_at, &end);
}

static struct choice own_of(const struct acd *acd, uint32_t at, struct looking *look)
{
    uint32_t e = order_find(acd->entry_nodes, &acd->agents[at].own, may_take_own, look);

    return e == ORDER_NONE ? (struct choice){NONE, NONE}
                           : (struct choice){member_index(acd, at, acd->entries[e].queue), e};
}

/* The best caller for an agent, and the second best for the reason. */
static struct choice best_for(const struct acd *acd, uint64_t now, uint32_t at,
                              struct choice *ret_second)
{
    struct looking look = {acd, now, at, NONE};
    struct choice best = own_of(acd, at, &look), second = {NONE, NONE}, next;

    *ret_second = second;
    if (best.entry != NONE)
        return best;
    for (uint32_t m = acd->agents[at].members; m != NONE; m = acd->members[m].agent_next) {
        next = first_of(acd, m, &look);
        if (next.member == NONE)
            continue;
        if (better(acd, next, best)) {
            second = best;
            best = next;
        } else if (better(acd, next, second)) {
            second = next;
        }
    }
    if (best.member != NONE) { /* the next in the same queue counts too */
        look.but = best.entry;
        next = first_of(acd, best.member, &look);
        if (next.member != NONE && better(acd, next, second))
            second = next;
    }
    *ret_second = second;
    return best;
}

void match_agent(struct acd *acd, uint64_t now, uint32_t at)
{
    struct choice best, second;
    char reason[ACD_REASON_SIZE];

    if (!agent_available(&acd->agents[at]))
        return;
    best = best_for(acd, now, at, &second);
    if (best.member == NONE)
        return;
    reason_of_choice(acd, now, best, second, reason);
    start_ringing(acd, now, best.member, best.entry, reason);
    ring_all_others(acd, now, best.entry);
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

    return entry_refused_until(c->entry, c->acd->members[member_at].agent) == 0 &&
           c->entry->rest_until <= c->now;
}

/* With "ring all" every other available member rings too. */
static void ring_all_others(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    struct queue *queue = &acd->queues[entry->queue];
    struct choosing choose = {acd, entry, now};
    uint32_t member;

    if (queue->conf.strategy != ACD_RING_ALL || entry->preferred != NONE)
        return;
    while ((member = order_find(acd->member_nodes, &queue->available, may_ring, &choose)) !=
           ORDER_NONE)
        offer_make(acd, now, member, at, "同振");
}

/* Those who never refused this caller go before those whose refusal has run out. */
static uint32_t agent_for(const struct acd *acd, uint64_t now, const struct entry *entry)
{
    const struct order_set *available = &acd->queues[entry->queue].available;
    struct choosing choose = {acd, entry, now};
    uint32_t member = order_find(acd->member_nodes, available, never_refused, &choose);

    return member != ORDER_NONE ? member
                                : order_find(acd->member_nodes, available, may_ring, &choose);
}

void match_entry(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    char reason[ACD_REASON_SIZE];
    enum acd_preferred_end end;
    struct choice best, second;
    uint32_t member;

    if (entry->used && !entry->offers && entry->preferred != NONE) {
        if (preferred_is_over(acd, now, at, &end))
            preferred_over(acd, now, at, end); /* and looks again, among everybody */
        else
            match_agent(acd, now, entry->preferred);
        return;
    }
    while (entry->used && !entry->offers) {
        member = agent_for(acd, now, entry);
        if (member == ORDER_NONE || !acd->entry_nodes[at].in)
            return;
        /* Refusals of two callers may run out together: the agent takes the better one. */
        best = best_for(acd, now, acd->members[member].agent, &second);
        if (best.entry != at) {
            match_agent(acd, now, acd->members[member].agent);
            continue;
        }
        reason_of_strategy(acd, now, &acd->members[member], reason);
        start_ringing(acd, now, member, at, reason);
        ring_all_others(acd, now, at);
    }
}

/* --- ending offers -------------------------------------------------------------------------- */

/* Whom the agent rings with, and by which offer. */
static struct acd_command *say_of_offer(struct acd *acd, enum acd_command_kind kind,
                                        const struct agent *agent)
{
    const struct entry *entry = agent->entry != NONE ? &acd->entries[agent->entry] : NULL;
    struct acd_command *command = say(acd, kind);

    command->agent = agent->id;
    command->queue = entry ? acd->queues[entry->queue].conf.id : agent->own_queue;
    command->entry = entry ? entry_handle(acd, agent->entry) : 0;
    command->tag = entry ? entry->tag : agent->own_tag;
    command->offer = agent->offer;
    return command;
}

static void say_revoke(struct acd *acd, const struct agent *agent, enum acd_revoke_reason reason)
{
    say_of_offer(acd, ACD_REVOKE, agent)->revoke_reason = reason;
}

void offer_revoke(struct acd *acd, uint64_t now, uint32_t at, enum acd_revoke_reason reason,
                  bool entry_still_waits)
{
    struct agent *agent = &acd->agents[at];
    uint32_t entry_at = agent->entry;
    bool assigned = agent->assigned;
    bool refused = reason == ACD_REVOKE_NO_ANSWER || reason == ACD_REVOKE_REJECTED;
    struct entry *entry;

    say_revoke(acd, agent, reason);
    if (entry_at == NONE) {
        agent->offer = 0;
        if (reason != ACD_REVOKE_FORCED)
            agent_settle(acd, now, at);
        return;
    }
    entry = &acd->entries[entry_at];
    offer_unlink(acd, at);
    if (refused && entry->preferred == at)
        entry->preferred_until = now;
    if (refused && (assigned || entry->preferred == at))
        entry_remember_refusal(entry, now, at);
    else if (refused)
        entry_refused(acd, now, entry_at, at);
    /* The caller is in its place again before anybody looks for callers, this agent included. */
    if (entry_still_waits && !entry->offers)
        entry_wait(acd, now, entry_at);
    if (reason == ACD_REVOKE_NO_ANSWER && !assigned) {
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
    const struct entry *entry = &acd->entries[entry_at];
    uint32_t at;

    /* From the head each time: an agent set free may change the list of another entry. */
    while ((at = entry->ringing) != NONE) {
        if (at == but_agent && (at = acd->agents[at].ring_next) == NONE)
            return;
        offer_revoke(acd, now, at, reason, false);
    }
}

uint32_t entry_withdraw(struct acd *acd, uint32_t entry_at, enum acd_revoke_reason reason)
{
    uint32_t rang = NONE, at;

    while ((at = acd->entries[entry_at].ringing) != NONE) {
        say_revoke(acd, &acd->agents[at], reason);
        offer_unlink(acd, at);
        acd->agents[at].ring_next = rang;
        rang = at;
    }
    return rang;
}

void settle_withdrawn(struct acd *acd, uint64_t now, uint32_t rang)
{
    uint32_t next;

    for (uint32_t at = rang; at != NONE; at = next) {
        next = acd->agents[at].ring_next;
        acd->agents[at].ring_next = NONE;
        agent_settle(acd, now, at);
    }
}

/* --- events --------------------------------------------------------------------------------- */

static uint32_t offered(const struct acd *acd, int32_t id, acd_offer_t offer)
{
    uint32_t at = agent_present(acd, id);

    return at != NONE && offer && acd->agents[at].offer == offer ? at : NONE;
}

int acd_answer(struct acd *acd, uint64_t now, int32_t id, acd_offer_t offer)
{
    uint32_t at = offered(acd, id, offer), entry_at;
    struct acd_command *command;
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ESTALE;
    agent = &acd->agents[at];
    entry_at = agent->entry;
    command = say_of_offer(acd, ACD_CONNECT, agent);
    agent->talk_queue_id = command->queue;
    agent->talk_queue = queue_index(acd, command->queue);
    agent->answered++;
    if (entry_at == NONE)
        agent->offer = 0;
    else
        offer_unlink(acd, at);
    agent_set_state(acd, now, at, ACD_TALK, ACD_REASON_NONE);
    if (entry_at == NONE)
        return 0;
    entry_revoke_all(acd, now, entry_at, at, ACD_REVOKE_TAKEN);
    entry_free(acd, entry_at);
    return 0;
}

int acd_reject(struct acd *acd, uint64_t now, int32_t id, acd_offer_t offer)
{
    uint32_t at = offered(acd, id, offer);

    step_begin(acd, now);
    if (at == NONE)
        return -ESTALE;
    offer_revoke(acd, now, at, ACD_REVOKE_REJECTED, true);
    return 0;
}

/* --- calls for one agent -------------------------------------------------------------------- */

static bool may_be_called(const struct agent *agent)
{
    return agent->line_up &&
           (agent->state == ACD_READY || agent->state == ACD_BUSY || agent->state == ACD_REST);
}

int acd_assign(struct acd *acd, uint64_t now, acd_entry_t handle, int32_t id)
{
    uint32_t entry_at = entry_handle_index(acd, handle), at = agent_present(acd, id), rang;

    step_begin(acd, now);
    if (entry_at == NONE)
        return -ESTALE;
    if (at == NONE)
        return -ENOENT;
    if (!may_be_called(&acd->agents[at]))
        return -EBUSY;
    entry_unwait(acd, entry_at);
    rang = entry_withdraw(acd, entry_at, ACD_REVOKE_MOVED);
    ring(acd, now, at, entry_at, "班长指派");
    acd->agents[at].assigned = true;
    entry_timer(acd, now, entry_at);
    settle_withdrawn(acd, now, rang);
    return 0;
}

int acd_call_agent(struct acd *acd, uint64_t now, int32_t id, int32_t queue,
                   uint32_t ring_timeout_ms, uint64_t tag, acd_offer_t *ret_offer)
{
    uint32_t at = agent_present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    agent = &acd->agents[at];
    if (!may_be_called(agent))
        return -EBUSY;
    if (++acd->next_offer == 0)
        acd->next_offer = 1;
    agent->offer = acd->next_offer;
    agent->entry = NONE;
    agent->own_tag = tag;
    agent->own_queue = queue;
    agent->base_state = agent->state;
    agent->base_reason = agent->reason_id;
    (void)say_of_offer(acd, ACD_OFFER, agent);
    agent_set_state(acd, now, at, ACD_RING, ACD_REASON_NONE);
    agent->deadline = now + ring_timeout_ms;
    timer_set(acd, at, agent->deadline);
    *ret_offer = agent->offer;
    return 0;
}

int acd_call_cancel(struct acd *acd, uint64_t now, int32_t id, acd_offer_t offer)
{
    uint32_t at = offered(acd, id, offer);

    step_begin(acd, now);
    if (at == NONE || acd->agents[at].entry != NONE)
        return -ESTALE;
    offer_revoke(acd, now, at, ACD_REVOKE_CALLER_LEFT, false);
    return 0;
}
