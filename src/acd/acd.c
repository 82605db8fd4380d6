/* The engine's door: life, configuration, and every event. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acd/state.h"

#define INDEX_BITS 20
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

/* --- small parts ---------------------------------------------------------------------------- */

struct acd_command *say(struct acd *acd, enum acd_command_kind kind)
{
    struct acd_command *command;

    assert(acd->out.count < acd->out.capacity);
    command = &acd->out.commands[acd->out.count++];
    memset(command, 0, sizeof(*command));
    command->kind = kind;
    return command;
}

void timer_set(struct acd *acd, uint32_t node, uint64_t due)
{
    if (due == TIMER_NEVER)
        order_remove(acd->timer_nodes, &acd->timers, node);
    else
        order_put(acd->timer_nodes, &acd->timers, node, (struct order_key){due, node, 0});
}

acd_entry_t entry_handle(const struct acd *acd, uint32_t index)
{
    return (acd_entry_t)acd->entries[index].generation << INDEX_BITS | index;
}

uint32_t entry_handle_index(const struct acd *acd, acd_entry_t handle)
{
    uint32_t index = handle & INDEX_MASK;

    if (!handle || index >= acd->limits.entries || !acd->entries[index].used ||
        entry_handle(acd, index) != handle)
        return NONE;
    return index;
}

const struct acd_out *acd_out(const struct acd *acd)
{
    return &acd->out;
}

static void step_begin(struct acd *acd, uint64_t now)
{
    acd->out.count = 0;
    entries_age(acd, now);
}

/* --- ids ------------------------------------------------------------------------------------ */

static int map_init(struct id_map *map, uint32_t items)
{
    map->size = 16;
    while (map->size < items * 2)
        map->size *= 2;
    map->ids = calloc(map->size, sizeof(*map->ids));
    map->indexes = malloc(map->size * sizeof(*map->indexes));
    if (!map->ids || !map->indexes)
        return -ENOMEM;
    memset(map->indexes, 0xff, map->size * sizeof(*map->indexes));
    return 0;
}

static uint32_t map_slot(const struct id_map *map, int32_t id)
{
    uint32_t at = ((uint32_t)id * 2654435761u) & (map->size - 1);

    while (map->indexes[at] != NONE && map->ids[at] != id)
        at = (at + 1) & (map->size - 1);
    return at;
}

static uint32_t map_find(const struct id_map *map, int32_t id)
{
    return map->indexes[map_slot(map, id)];
}

static void map_add(struct id_map *map, int32_t id, uint32_t index)
{
    uint32_t at = map_slot(map, id);

    map->ids[at] = id;
    map->indexes[at] = index;
}

static uint32_t agent_index(const struct acd *acd, int32_t id)
{
    return map_find(&acd->agent_map, id);
}

static uint32_t queue_index(const struct acd *acd, int32_t id)
{
    uint32_t at = map_find(&acd->queue_map, id);

    return at != NONE && acd->queues[at].used ? at : NONE;
}

static uint32_t agent_take(struct acd *acd, int32_t id)
{
    uint32_t at = agent_index(acd, id);
    struct agent *agent;

    if (at != NONE || acd->agent_count == acd->limits.agents)
        return at;
    at = acd->agent_count++;
    agent = &acd->agents[at];
    agent->used = true;
    agent->id = id;
    agent->members = agent->entry = agent->talk_queue = NONE;
    agent->ring_prev = agent->ring_next = NONE;
    agent->deadline = TIMER_NEVER;
    map_add(&acd->agent_map, id, at);
    return at;
}

/* --- life ----------------------------------------------------------------------------------- */

static int tables_init(struct acd *acd)
{
    const struct acd_limits *l = &acd->limits;

    acd->agents = calloc(l->agents + 1, sizeof(*acd->agents));
    acd->queues = calloc(l->queues + 1, sizeof(*acd->queues));
    acd->members = calloc(l->members + 1, sizeof(*acd->members));
    acd->entries = calloc(l->entries + 1, sizeof(*acd->entries));
    acd->member_nodes = calloc(l->members + 1, sizeof(*acd->member_nodes));
    acd->entry_nodes = calloc(l->entries + 1, sizeof(*acd->entry_nodes));
    acd->age_nodes = calloc(l->entries + 1, sizeof(*acd->age_nodes));
    acd->ageing_nodes = calloc(l->entries + 1, sizeof(*acd->ageing_nodes));
    acd->timer_nodes = calloc(l->agents + l->entries + 1, sizeof(*acd->timer_nodes));
    /* Worst step: a queue with every entry is removed: each agent is revoked and changes state,
     * and is offered something else; each entry is dropped. */
    acd->out.capacity = 6 * l->agents + 2 * l->entries + 64;
    acd->out.commands = malloc(acd->out.capacity * sizeof(*acd->out.commands));
    if (!acd->agents || !acd->queues || !acd->members || !acd->entries || !acd->member_nodes ||
        !acd->entry_nodes || !acd->age_nodes || !acd->ageing_nodes || !acd->timer_nodes ||
        !acd->out.commands)
        return -ENOMEM;
    if (map_init(&acd->agent_map, l->agents) || map_init(&acd->queue_map, l->queues))
        return -ENOMEM;
    for (uint32_t i = 0; i < l->members; i++)
        acd->members[i].next_free = i + 1 < l->members ? i + 1 : NONE;
    for (uint32_t i = 0; i < l->entries; i++) {
        acd->entries[i].generation = 1;
        acd->entries[i].next_free = i + 1 < l->entries ? i + 1 : NONE;
    }
    return 0;
}

int acd_create(const struct acd_limits *limits, struct acd **ret_acd)
{
    struct acd *acd;

    if (limits->entries > INDEX_MASK)
        return -EINVAL;
    acd = calloc(1, sizeof(*acd));
    if (!acd)
        return -ENOMEM;
    acd->limits = *limits;
    acd->timers = acd->ageing = ORDER_EMPTY;
    acd->member_free = limits->members ? 0 : NONE;
    acd->entry_free = limits->entries ? 0 : NONE;
    if (tables_init(acd)) {
        acd_destroy(acd);
        return -ENOMEM;
    }
    *ret_acd = acd;
    return 0;
}

void acd_destroy(struct acd *acd)
{
    if (!acd)
        return;
    free(acd->agents);
    free(acd->queues);
    free(acd->members);
    free(acd->entries);
    free(acd->member_nodes);
    free(acd->entry_nodes);
    free(acd->age_nodes);
    free(acd->ageing_nodes);
    free(acd->timer_nodes);
    free(acd->out.commands);
    free(acd->agent_map.ids);
    free(acd->agent_map.indexes);
    free(acd->queue_map.ids);
    free(acd->queue_map.indexes);
    free(acd);
}

/* --- configuration -------------------------------------------------------------------------- */

/* A call that rings everywhere and no longer may goes on ringing at one agent. */
static void ring_one_only(struct acd *acd, uint64_t now, uint32_t queue_at)
{
    struct queue *queue = &acd->queues[queue_at];

    for (uint32_t m = queue->members; m != NONE; m = acd->members[m].queue_next) {
        uint32_t agent = acd->members[m].agent, entry = acd->agents[agent].entry;
        if (acd->agents[agent].offer && acd->entries[entry].queue == queue_at &&
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
    return 0;
}

static uint32_t member_find(const struct acd *acd, uint32_t agent, uint32_t queue)
{
    uint32_t m = acd->agents[agent].members;

    while (m != NONE && acd->members[m].queue != queue)
        m = acd->members[m].agent_next;
    return m;
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
    member->next_free = acd->member_free;
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

    acd->member_free = member->next_free;
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
    agent_at = agent_take(acd, agent);
    if (agent_at == NONE)
        return -ENOSPC;
    member = member_find(acd, agent_at, queue_at);
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
    member = member_find(acd, agent_at, queue_at);
    if (member == NONE)
        return -ENOENT;
    /* A call of this queue that rings at the agent goes to the remaining members. */
    if (acd->agents[agent_at].offer &&
        acd->entries[acd->agents[agent_at].entry].queue == queue_at) {
        uint32_t entry = acd->agents[agent_at].entry;
        offer_revoke(acd, now, agent_at, ACD_REVOKE_FORCED, false);
        member_unlink(acd, member);
        agent_settle(acd, now, agent_at);
        if (!acd->entries[entry].offers) {
            entry_wait(acd, now, entry);
            match_entry(acd, now, entry);
        }
        return 0;
    }
    member_unlink(acd, member);
    return 0;
}

/* --- agents --------------------------------------------------------------------------------- */

static bool is_idle_state(enum acd_agent_state state)
{
    return state == ACD_READY || state == ACD_BUSY || state == ACD_REST;
}

/* Signed-in agent or NONE. */
static uint32_t present(const struct acd *acd, int32_t id)
{
    uint32_t at = agent_index(acd, id);

    return at != NONE && acd->agents[at].state != ACD_SIGNED_OUT ? at : NONE;
}

int acd_sign_in(struct acd *acd, uint64_t now, int32_t id, enum acd_agent_state state,
                int32_t reason_id)
{
    uint32_t at = agent_take(acd, id);
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

int acd_sign_out(struct acd *acd, uint64_t now, int32_t id, bool forced)
{
    uint32_t at = present(acd, id);
    struct agent *agent;

    step_begin(acd, now);
    if (at == NONE)
        return -ENOENT;
    agent = &acd->agents[at];
    if (agent->state == ACD_TALK || (agent->state == ACD_RING && !forced))
        return -EBUSY;
    if (agent->offer) {
        uint32_t entry = agent->entry;
        offer_revoke(acd, now, at, ACD_REVOKE_FORCED, false);
        agent_set_state(acd, now, at, ACD_SIGNED_OUT, ACD_REASON_NONE);
        if (!acd->entries[entry].offers) {
            entry_wait(acd, now, entry);
            match_entry(acd, now, entry);
        }
    } else {
        agent_set_state(acd, now, at, ACD_SIGNED_OUT, ACD_REASON_NONE);
    }
    agent->line_up = false;
    agent->next_state = ACD_SIGNED_OUT;
    agent->wrap_required = false;
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
    uint32_t at = present(acd, id);
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

int acd_line(struct acd *acd, uint64_t now, int32_t id, bool up)
{
    uint32_t at = present(acd, id);
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
    uint32_t at = present(acd, id);
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
    uint32_t at = present(acd, id);
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
    uint32_t at = present(acd, id);

    step_begin(acd, now);
    if (at == NONE || acd->agents[at].state != ACD_ACW)
        return -ENOENT;
    agent_settle(acd, now, at);
    return 0;
}

/* --- offers --------------------------------------------------------------------------------- */

static uint32_t offered(const struct acd *acd, int32_t id, acd_offer_t offer)
{
    uint32_t at = present(acd, id);

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
    command = say(acd, ACD_CONNECT);
    command->agent = id;
    command->queue = acd->queues[acd->entries[entry_at].queue].conf.id;
    command->entry = entry_handle(acd, entry_at);
    command->tag = acd->entries[entry_at].tag;
    command->offer = offer;
    offer_unlink(acd, at);
    agent->answered++;
    agent->talk_queue = acd->entries[entry_at].queue;
    agent->talk_queue_id = command->queue;
    agent_set_state(acd, now, at, ACD_TALK, ACD_REASON_NONE);
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

/* --- entries -------------------------------------------------------------------------------- */

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
    uint32_t queue_at = queue_index(acd, queue), at = acd->entry_free;
    struct entry *entry;
    uint16_t generation;

    step_begin(acd, now);
    if (queue_at == NONE)
        return -ENOENT;
    if (at == NONE || is_full(&acd->queues[queue_at]))
        return -ENOSPC;
    entry = &acd->entries[at];
    acd->entry_free = entry->next_free;
    generation = entry->generation;
    *entry = (struct entry){.used = true,
                            .generation = generation,
                            .priority = priority,
                            .first_entry = first_entry,
                            .entered = now,
                            .tag = tag,
                            .ringing = NONE,
                            .id = ++acd->next_entry_id};
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
    acd->entry_free = acd->entries[at].next_free; /* the same slot and handle again */
    *entry = kept;
    entry->entered = now;
    entry->wait_said = false;
    entry->failed = 0;
    entry->rest_until = 0;
    entry_link(acd, at, to);
    entry_wait(acd, now, at);
    settle_withdrawn(acd, now, rang);
    match_entry(acd, now, at);
    return 0;
}

/* --- time ----------------------------------------------------------------------------------- */

static void agent_due(struct acd *acd, uint64_t now, uint32_t at)
{
    struct agent *agent = &acd->agents[at];

    timer_set(acd, at, TIMER_NEVER);
    agent->deadline = TIMER_NEVER;
    if (agent->state == ACD_RING)
        offer_revoke(acd, now, at, ACD_REVOKE_NO_ANSWER, true);
    else if (agent->state == ACD_ACW)
        agent_settle(acd, now, at);
}

static void entry_due(struct acd *acd, uint64_t now, uint32_t at)
{
    struct entry *entry = &acd->entries[at];
    const struct acd_queue_conf *conf = &acd->queues[entry->queue].conf;

    if (conf->max_wait_ms && !entry->wait_said && now >= entry->entered + conf->max_wait_ms)
        entry_wait_over(acd, at);
    entry_timer(acd, now, at);
    match_entry(acd, now, at); /* a refusal may have run out */
}

void acd_tick(struct acd *acd, uint64_t now)
{
    uint32_t first;

    step_begin(acd, now);
    while ((first = acd->timers.first) != ORDER_NONE && acd->timer_nodes[first].key.a <= now &&
           acd->out.count < acd->out.capacity / 2) {
        if (first < acd->limits.agents)
            agent_due(acd, now, first);
        else
            entry_due(acd, now, first - acd->limits.agents);
    }
}

static uint64_t first_due(const struct order_node *nodes, const struct order_set *set)
{
    return set->first == ORDER_NONE ? TIMER_NEVER : nodes[set->first].key.a;
}

uint64_t acd_next_due(const struct acd *acd)
{
    uint64_t timer = first_due(acd->timer_nodes, &acd->timers);
    uint64_t ageing = first_due(acd->ageing_nodes, &acd->ageing);

    return timer < ageing ? timer : ageing;
}
