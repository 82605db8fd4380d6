/* A hash table of fixed size from 64-bit keys to line numbers: ufrag, id and address tables of
 * the port. Keys are spread with a random seed, so nobody outside can aim at one bucket. */
#ifndef HOTLINED_MEDIA_LINE_MAP_H
#define HOTLINED_MEDIA_LINE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct line_map_entry {
    uint64_t key; /* 0 = empty */
    uint32_t value;
};

struct line_map {
    struct line_map_entry *entries; /* owned */
    uint32_t mask;                  /* entries - 1 */
    uint32_t count, max;            /* max: half of the entries */
    uint64_t seed;
};

int line_map_init(struct line_map *map, uint32_t max_count); /* 0 or -ENOMEM */
void line_map_done(struct line_map *map);
/* key must not be 0. */
bool line_map_get(const struct line_map *map, uint64_t key, uint32_t *ret_value);
int line_map_put(struct line_map *map, uint64_t key, uint32_t value); /* replaces; -ENOSPC */
void line_map_remove(struct line_map *map, uint64_t key);

#endif
