/* The engine's life, and its time. Events come in by the noun they are about: queues.c, agents.c,
 * offers.c, entries.c. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acd/state.h"

/* --- what is said --------------------------------------------------------------------------- */

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

const struct acd_out *acd_out(const struct acd *acd)
{
    return &acd->out;
}

void step_begin(struct acd *acd, uint64_t now)
{
    acd->out.count = 0;
    entries_age(acd, now);
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
    return 0;
}

int acd_create(const struct acd_limits *limits, struct acd **ret_acd)
{
    struct acd *acd;

    if (limits->entries > ENTRY_INDEX_MASK)
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

/* --- time ----------------------------------------------------------------------------------- */

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
