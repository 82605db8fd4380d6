/* Fixed hash table with linear probing and removal without tombstones. */
#include "media/line/map.h"

#include <errno.h>
#include <stdlib.h>

#include <hotlined/id.h>

int line_map_init(struct line_map *map, uint32_t max_count)
{
    uint32_t size = 16;

    while (size < 2 * (uint64_t)max_count)
        size *= 2;
    map->entries = calloc(size, sizeof(*map->entries));
    if (map->entries == NULL)
        return -ENOMEM;
    map->mask = size - 1;
    map->max = size / 2;
    map->count = 0;
    random_bytes(&map->seed, sizeof(map->seed));
    return 0;
}

void line_map_done(struct line_map *map)
{
    free(map->entries);
    map->entries = NULL;
}

/* splitmix64's finisher over the seeded key */
static uint32_t home(const struct line_map *map, uint64_t key)
{
    uint64_t x = key ^ map->seed;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return (uint32_t)(x ^ (x >> 31)) & map->mask;
}

/* The entry that holds key, or the empty one where it would go. */
static uint32_t place(const struct line_map *map, uint64_t key)
{
    uint32_t i = home(map, key);

    while (map->entries[i].key != 0 && map->entries[i].key != key)
        i = (i + 1) & map->mask;
    return i;
}

bool line_map_get(const struct line_map *map, uint64_t key, uint32_t *ret_value)
{
    const struct line_map_entry *entry = &map->entries[place(map, key)];

    if (entry->key == 0)
        return false;
    *ret_value = entry->value;
    return true;
}

int line_map_put(struct line_map *map, uint64_t key, uint32_t value)
{
    struct line_map_entry *entry = &map->entries[place(map, key)];

    if (entry->key == 0) {
        if (map->count >= map->max)
            return -ENOSPC;
        map->count++;
    }
    *entry = (struct line_map_entry){key, value};
    return 0;
}

void line_map_remove(struct line_map *map, uint64_t key)
{
    uint32_t hole = place(map, key);

    if (map->entries[hole].key == 0)
        return;
    map->count--;
    /* Close the gap: move back every follower whose home does not lie between. */
    for (uint32_t i = (hole + 1) & map->mask; map->entries[i].key != 0; i = (i + 1) & map->mask) {
        uint32_t distance = (i - home(map, map->entries[i].key)) & map->mask;
        if (distance >= ((i - hole) & map->mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (struct line_map_entry){0, 0};
}
