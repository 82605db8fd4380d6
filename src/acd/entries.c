/* Entries: callers in queues, their order, their refusals and their times. */
#include <errno.h>
#include <string.h>

#include "acd/state.h"

/* Smaller key = served first: priority downward, then first entry, then id. */
static struct order_key entry_key(const struct entry *entry)
{
    return (struct order_key){(uint64_t)INT64_MAX - (uint64_t)entry->effective, entry->first_entry,
                              entry->id};
}

static int64_t aged(const struct acd *acd, const struct entry *entry, uint64_t now)
{
    uint32_t step = acd->queues[entry->queue].conf.age_step_ms;

    if (!step || now < entry->first_entry)
        return entry->priority;
    return entry->priority + (int64_t)((now - entry->first_entry) / step);
}

/* Ageing has a clock of its own, because it comes before everything else of its millisecond. */
static void ageing_set(struct acd *acd, uint64_t now, uint32_t at)
{
    const struct entry *entry = &acd->entries[at];
    uint64_t step = acd->queues[entry->queue].conf.age_step_ms, waited;

    if (!step) {
        order_remove(acd->ageing_nodes, &acd->ageing, at);
        return;
    }
    waited = now > entry->first_entry ? now - entry->first_entry : 0;
    order_put(acd->ageing_nodes, &acd->ageing, at,
              (struct order_key){entry->first_entry + (waited / step + 1) * step, at, 0});
}

/* Where it waits: among those of its queue, or of the agent it waits for alone. */
static struct order_set *waiting_set(struct acd *acd, const struct entry *entry)
{
    return entry->preferred != NONE ? &acd->agents[entry->preferred].own
                                    : &acd->queues[entry->queue].waiting;
}

void entry_wait(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];

    entry->effective = aged(acd, entry, now);
    order_insert(acd->entry_nodes, waiting_set(acd, entry), at, entry_key(entry));
    entry_timer(acd, now, at);
}

void entry_unwait(struct acd *acd, uint32_t at)
{
    order_remove(acd->entry_nodes, waiting_set(acd, &acd->entries[at]), at);
}

/* Ringing entries age too: they may have to wait again. */
void entry_age(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    entry->effective = aged(acd, entry, now);
    if (acd->entry_nodes[at].in)
        order_put(acd->entry_nodes, waiting_set(acd, entry), at, entry_key(entry));
    ageing_set(acd, now, at);
}

void entries_age(struct acd *acd, uint64_t now)
{
    uint32_t first;

    while ((first = acd->ageing.first) != ORDER_NONE && acd->ageing_nodes[first].key.a <= now)
        entry_age(acd, now, first);
}

/* The next moment something happens to an entry by itself. */
void entry_timer(struct acd *acd, uint64_t now, uint32_t at)
{
    const struct entry *entry = &acd->entries[at];
    const struct acd_queue_conf *conf = &acd->queues[entry->queue].conf;
    uint64_t due = TIMER_NEVER;

    if (conf->max_wait_ms && !entry->wait_said)
        due = entry->entered + conf->max_wait_ms;
    for (unsigned i = 0; i < entry->refusal_count && !entry->offers; i++) {
        uint64_t again = entry->refusals[i].at + ACD_REOFFER_MS;
        if (again > now && again < due)
            due = again;
    }
    if (entry->rest_until > now && entry->rest_until < due && !entry->offers)
        due = entry->rest_until;
    if (entry->preferred != NONE && entry->preferred_until < due && !entry->offers)
        due = entry->preferred_until;
    timer_set(acd, acd->limits.agents + at, due);
    ageing_set(acd, now, at);
}

uint64_t entry_refused_until(const struct entry *entry, uint32_t agent)
{
    for (unsigned i = 0; i < entry->refusal_count; i++)
        if (entry->refusals[i].agent == agent)
            return entry->refusals[i].at + ACD_REOFFER_MS;
    return 0;
}

uint64_t entry_barred_until(const struct entry *entry, uint32_t agent)
{
    uint64_t refused = entry_refused_until(entry, agent);

    return refused > entry->rest_until ? refused : entry->rest_until;
}

void entry_wait_over(struct acd *acd, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    struct acd_command *command = say(acd, ACD_WAIT_OVER);

    entry->wait_said = true;
    command->queue = acd->queues[entry->queue].conf.id;
    command->entry = entry_handle(acd, at);
    command->tag = entry->tag;
}

void entry_remember_refusal(struct entry *entry, uint64_t now, uint32_t agent)
{
    for (unsigned i = 0; i < entry->refusal_count; i++)
        if (entry->refusals[i].agent == agent) {
            memmove(&entry->refusals[i], &entry->refusals[i + 1],
                    (entry->refusal_count - i - 1) * sizeof(entry->refusals[0]));
            entry->refusal_count--;
            break;
        }
    if (entry->refusal_count == REFUSALS) {
        memmove(&entry->refusals[0], &entry->refusals[1],
                (REFUSALS - 1) * sizeof(entry->refusals[0]));
        entry->refusal_count--;
    }
    entry->refusals[entry->refusal_count++] = (struct refusal){agent, now};
}

void entry_refused(struct acd *acd, uint64_t now, uint32_t at, uint32_t agent)
{
    struct entry *entry = &acd->entries[at];
    uint32_t most = acd->queues[entry->queue].conf.max_offers;

    entry_remember_refusal(entry, now, agent);
    entry->failed++;
    if (!most || entry->failed < most || entry->wait_said)
        return;
    entry->rest_until = now + ACD_REOFFER_MS; /* another ring would only be taken away again */
    entry_wait_over(acd, at);
}

void entry_free(struct acd *acd, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    struct queue *queue = &acd->queues[entry->queue];

    entry_unwait(acd, at);
    order_remove(acd->age_nodes, &queue->by_age, at);
    timer_set(acd, acd->limits.agents + at, TIMER_NEVER);
    order_remove(acd->ageing_nodes, &acd->ageing, at);
    if (entry->queue_prev != NONE)
        acd->entries[entry->queue_prev].queue_next = entry->queue_next;
    else
        queue->entries = entry->queue_next;
    if (entry->queue_next != NONE)
        acd->entries[entry->queue_next].queue_prev = entry->queue_prev;
    queue->count--;
    entry->used = false;
    entry->generation = entry->generation == 0xfff ? 1 : (uint16_t)(entry->generation + 1);
    entry->free_link = free_link(at, acd->entry_free);
    acd->entry_free = at;
}

/* --- events --------------------------------------------------------------------------------- */

static void entry_link(struct acd *acd, uint32_t at, uint32_t queue_at)
{
    struct entry *entry = &acd->entries[at];
    struct queue *queue = &acd->queues[queue_at];

    entry->queue = queue_at;
    entry->queue_prev = NONE;
    entry->queue_next = queue->entries;
    if (queue->entries != NONE)
        acd->entries[queue->entries].queue_prev = at;
    queue->entries = at;
    queue->count++;
    order_insert(acd->age_nodes, &queue->by_age, at,
                 (struct order_key){entry->first_entry, entry->id, 0});
}

static bool is_full(const struct queue *queue)
{
    return queue->conf.max_length && queue->count >= queue->conf.max_length;
}

int acd_enter(struct acd *acd, uint64_t now, int32_t queue, int32_t priority, uint64_t first_entry,
              uint64_t tag, acd_entry_t *ret_entry)
{
    return acd_enter_for(acd, now, queue, priority, first_entry, tag, NULL, ret_entry);
}

/* Whom it may wait for alone: somebody signed in who serves the queue. */
static uint32_t preferred_agent(const struct acd *acd, uint32_t queue_at, int32_t id)
{
    uint32_t agent = agent_present(acd, id);

    return agent != NONE && member_index(acd, agent, queue_at) != NONE ? agent : NONE;
}

int acd_enter_for(struct acd *acd, uint64_t now, int32_t queue, int32_t priority,
                  uint64_t first_entry, uint64_t tag, const struct acd_preferred *preferred,
                  acd_entry_t *ret_entry)
{
    uint32_t queue_at = queue_index(acd, queue), at = acd->entry_free, agent = NONE;
    struct entry *entry;
    uint16_t generation;

    step_begin(acd, now);
    if (queue_at == NONE)
        return -ENOENT;
    if (preferred && (agent = preferred_agent(acd, queue_at, preferred->agent)) == NONE)
        return -ESRCH;
    if (at == NONE || is_full(&acd->queues[queue_at]))
        return -ENOSPC;
    entry = &acd->entries[at];
    acd->entry_free = free_next(at, entry->free_link, acd->limits.entries);
    generation = entry->generation ? entry->generation : 1; /* so that no handle is 0 */
    *entry = (struct entry){.used = true,
                            .generation = generation,
                            .priority = priority,
                            .first_entry = first_entry,
                            .entered = now,
                            .tag = tag,
                            .ringing = NONE,
                            .preferred = agent,
                            .id = ++acd->next_entry_id};
    if (preferred) {
        entry->preferred_until = now + preferred->wait_ms;
        memcpy(entry->leaves, preferred->leaves, sizeof(entry->leaves));
    }
    entry_link(acd, at, queue_at);
    *ret_entry = entry_handle(acd, at);
    entry_wait(acd, now, at);
    match_entry(acd, now, at);
    return 0;
}

int acd_leave(struct acd *acd, uint64_t now, acd_entry_t handle)
{
    uint32_t at = entry_handle_index(acd, handle);

    step_begin(acd, now);
    if (at == NONE)
        return -ESTALE;
    entry_unwait(acd, at);
    entry_revoke_all(acd, now, at, NONE, ACD_REVOKE_CALLER_LEFT);
    entry_free(acd, at);
    return 0;
}

int acd_move(struct acd *acd, uint64_t now, acd_entry_t handle, int32_t queue)
{
    uint32_t at = entry_handle_index(acd, handle), to = queue_index(acd, queue), from, rang;
    struct entry *entry, kept;

    step_begin(acd, now);
    if (at == NONE)
        return -ESTALE;
    entry = &acd->entries[at];
    from = entry->queue;
    if (to == NONE || acd->queues[to].conf.center_id != acd->queues[from].conf.center_id)
        return -ENOENT;
    if (to == from)
        return 0;
    if (is_full(&acd->queues[to]))
        return -ENOSPC;
    entry_unwait(acd, at);
    rang = entry_withdraw(acd, at, ACD_REVOKE_MOVED);
    kept = *entry;
    entry_free(acd, at);
    /* The same slot and handle again. */
    acd->entry_free = free_next(at, acd->entries[at].free_link, acd->limits.entries);
    *entry = kept;
    entry->entered = now;
    entry->wait_said = false;
    entry->failed = 0;
    entry->rest_until = 0;
    entry->preferred = NONE;
    entry_link(acd, at, to);
    entry_wait(acd, now, at);
    settle_withdrawn(acd, now, rang);
    match_entry(acd, now, at);
    return 0;
}

int acd_to_head(struct acd *acd, uint64_t now, acd_entry_t handle, int32_t *ret_priority)
{
    uint32_t at = entry_handle_index(acd, handle);
    struct entry *entry;
    int64_t wanted;

    step_begin(acd, now);
    if (at == NONE)
        return -ESTALE;
    entry = &acd->entries[at];
    wanted = entry->effective;
    for (uint32_t e = acd->queues[entry->queue].entries; e != NONE; e = acd->entries[e].queue_next)
        if (e != at && acd->entries[e].effective + 2 > wanted) /* their steps may come one apart */
            wanted = acd->entries[e].effective + 2;
    if (entry->effective < wanted) {
        entry->priority += (int32_t)(wanted - entry->effective);
        entry_age(acd, now, at);
    }
    *ret_priority = entry->priority;
    return 0;
}

void entry_due(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    const struct acd_queue_conf *conf = &acd->queues[entry->queue].conf;

    if (conf->max_wait_ms && !entry->wait_said && now >= entry->entered + conf->max_wait_ms)
        entry_wait_over(acd, at);
    entry_timer(acd, now, at);
    match_entry(acd, now, at); /* a refusal may have run out */
}
