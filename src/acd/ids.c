/* Names from outside: ids of agents and queues, handles of entries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acd/state.h"

/* --- maps ----------------------------------------------------------------------------------- */

int map_init(struct id_map *map, uint32_t items)
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

uint32_t map_find(const struct id_map *map, int32_t id)
{
    return map->indexes[map_slot(map, id)];
}

void map_add(struct id_map *map, int32_t id, uint32_t index)
{
    uint32_t at = map_slot(map, id);

    map->ids[at] = id;
    map->indexes[at] = index;
}

/* --- agents and queues ---------------------------------------------------------------------- */

uint32_t agent_index(const struct acd *acd, int32_t id)
{
    return map_find(&acd->agent_map, id);
}

uint32_t member_index(const struct acd *acd, uint32_t agent, uint32_t queue)
{
    uint32_t m = acd->agents[agent].members;

    while (m != NONE && acd->members[m].queue != queue)
        m = acd->members[m].agent_next;
    return m;
}

uint32_t queue_index(const struct acd *acd, int32_t id)
{
    uint32_t at = map_find(&acd->queue_map, id);

    return at != NONE && acd->queues[at].used ? at : NONE;
}

uint32_t agent_enrol(struct acd *acd, int32_t id)
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
    agent->own = ORDER_EMPTY;
    map_add(&acd->agent_map, id, at);
    return at;
}

uint32_t agent_present(const struct acd *acd, int32_t id)
{
    uint32_t at = agent_index(acd, id);

    return at != NONE && acd->agents[at].state != ACD_SIGNED_OUT ? at : NONE;
}

/* --- entries -------------------------------------------------------------------------------- */

acd_entry_t entry_handle(const struct acd *acd, uint32_t index)
{
    return (acd_entry_t)acd->entries[index].generation << ENTRY_INDEX_BITS | index;
}

uint32_t entry_handle_index(const struct acd *acd, acd_entry_t handle)
{
    uint32_t index = handle & ENTRY_INDEX_MASK;

    if (!handle || index >= acd->limits.entries || !acd->entries[index].used ||
        entry_handle(acd, index) != handle)
        return NONE;
    return index;
}
