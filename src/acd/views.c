/* Looking in: views for pages, and the check of every invariant for tests. */
#include <stdio.h>

#include "acd/state.h"

static const struct queue *find_queue(const struct acd *acd, int32_t id)
{
    uint32_t at = queue_index(acd, id);

    return at != NONE ? &acd->queues[at] : NULL;
}

bool acd_agent_view(const struct acd *acd, int32_t id, struct acd_agent_view *ret_view)
{
    uint32_t at = agent_index(acd, id);
    const struct agent *agent;

    if (at == NONE)
        return false;
    agent = &acd->agents[at];
    *ret_view = (struct acd_agent_view){.state = agent->state,
                                        .reason_id = agent->reason_id,
                                        .since = agent->since,
                                        .next_state = agent->next_state,
                                        .line_up = agent->line_up,
                                        .offer = agent->offer,
                                        .answered = agent->answered};
    return true;
}

void acd_queue_staff(const struct acd *acd, int32_t id, uint32_t *ret_signed_in,
                     uint32_t *ret_available)
{
    const struct queue *queue = find_queue(acd, id);

    *ret_signed_in = queue ? queue->signed_in : 0;
    *ret_available = queue ? queue->available_count : 0;
}

bool acd_queue_view(const struct acd *acd, int32_t id, struct acd_queue_view *ret_view)
{
    const struct queue *queue = find_queue(acd, id);
    uint32_t oldest;

    if (!queue)
        return false;
    oldest = queue->by_age.first;
    *ret_view = (struct acd_queue_view){
        .waiting = queue->count,
        .oldest_first_entry = oldest == ORDER_NONE ? UINT64_MAX : acd->entries[oldest].first_entry,
        .signed_in = queue->signed_in,
        .available = queue->available_count};
    return true;
}

uint32_t acd_position(const struct acd *acd, acd_entry_t handle)
{
    uint32_t at = entry_handle_index(acd, handle), position = 1;
    const struct entry *mine, *other;

    if (at == NONE)
        return 0;
    mine = &acd->entries[at];
    for (uint32_t e = acd->queues[mine->queue].entries; e != NONE; e = acd->entries[e].queue_next) {
        other = &acd->entries[e];
        if (e != at && (other->effective > mine->effective ||
                        (other->effective == mine->effective &&
                         (other->first_entry < mine->first_entry ||
                          (other->first_entry == mine->first_entry && other->id < mine->id)))))
            position++;
    }
    return position;
}

struct walking {
    const struct acd *acd;
    bool (*visit)(uint64_t tag, uint32_t position, void *arg);
    void *arg;
    uint32_t position, first;
};

static bool walk_one(uint32_t at, void *arg)
{
    struct walking *w = arg;

    if (at == w->first && w->position)
        return false; /* order_find() may come to it twice */
    return w->visit(w->acd->entries[at].tag, ++w->position, w->arg);
}

void acd_walk(const struct acd *acd, int32_t id,
              bool (*visit)(uint64_t tag, uint32_t position, void *arg), void *arg)
{
    const struct queue *queue = find_queue(acd, id);
    struct walking walking = {.acd = acd, .visit = visit, .arg = arg};

    if (!queue)
        return;
    walking.first = queue->waiting.first;
    (void)order_find(acd->entry_nodes, &queue->waiting, walk_one, &walking);
}

/* --- invariants ----------------------------------------------------------------------------- */

struct checking {
    const struct acd *acd;
    uint64_t now;
    void (*complain)(const char *what, void *arg);
    void *arg;
    int bad;
};

static void complain(struct checking *c, const char *what, int64_t a, int64_t b)
{
    char text[200];

    c->bad++;
    snprintf(text, sizeof(text), "%s (%lld, %lld)", what, (long long)a, (long long)b);
    if (c->complain)
        c->complain(text, c->arg);
}

static void check_agent(struct checking *c, uint32_t at)
{
    const struct agent *agent = &c->acd->agents[at];

    if ((agent->state == ACD_RING) != (agent->offer != 0))
        complain(c, "agent rings without an offer, or has one without ringing", agent->id,
                 agent->state);
    if (agent->offer && agent->entry != NONE &&
        (!c->acd->entries[agent->entry].used || !c->acd->entries[agent->entry].offers))
        complain(c, "agent's offer has no caller", agent->id, agent->offer);
    if (agent->listed != agent_available(agent))
        complain(c, "agent's place in the sets differs from its state", agent->id, agent->state);
    if (agent->state == ACD_SIGNED_OUT && agent->next_state != ACD_SIGNED_OUT)
        complain(c, "signed-out agent keeps a request", agent->id, agent->next_state);
}

static void check_entry(struct checking *c, uint32_t at)
{
    const struct acd *acd = c->acd;
    const struct entry *entry = &acd->entries[at];
    const struct queue *queue = &acd->queues[entry->queue];
    uint32_t offers = 0;

    if (!acd->age_nodes[at].in)
        complain(c, "caller missing among the oldest", entry->id, queue->conf.id);
    if (!queue->used)
        complain(c, "caller in a queue that does not exist", entry->id, queue->conf.id);
    for (uint32_t a = 0; a < acd->agent_count; a++) /* one who is assigned need not be a member */
        offers += acd->agents[a].offer && acd->agents[a].entry == at;
    if (offers != entry->offers)
        complain(c, "caller's offers differ from its agents'", entry->id, offers);
    if (offers > 1 && queue->conf.strategy != ACD_RING_ALL)
        complain(c, "caller rings at several agents", entry->id, offers);
    if (acd->entry_nodes[at].in == (entry->offers > 0))
        complain(c, "caller waits and rings, or neither", entry->id, entry->offers);
    if (entry->preferred != NONE &&
        !entry->offers && /* one that rings may be assigned to another */
        (acd->agents[entry->preferred].state == ACD_SIGNED_OUT ||
         member_index(acd, entry->preferred, entry->queue) == NONE))
        complain(c, "caller waits for somebody who is not there", entry->id,
                 acd->agents[entry->preferred].id);
    for (uint32_t m = queue->members; m != NONE && !entry->offers; m = acd->members[m].queue_next)
        if ((entry->preferred == NONE || entry->preferred == acd->members[m].agent) &&
            agent_available(&acd->agents[acd->members[m].agent]) &&
            entry_barred_until(entry, acd->members[m].agent) <= c->now)
            complain(c, "waiting caller beside an available agent", entry->id,
                     acd->agents[acd->members[m].agent].id);
}

int acd_check(const struct acd *acd, uint64_t now, void (*say_what)(const char *what, void *arg),
              void *arg)
{
    struct checking c = {acd, now, say_what, arg, 0};

    for (uint32_t i = 0; i < acd->agent_count; i++)
        check_agent(&c, i);
    for (uint32_t i = 0; i < acd->queue_count; i++)
        for (uint32_t e = acd->queues[i].used ? acd->queues[i].entries : NONE; e != NONE;
             e = acd->entries[e].queue_next)
            check_entry(&c, e);
    return c.bad;
}
