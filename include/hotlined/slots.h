/* Fixed arrays with generation-tagged handles.
 *
 * Calls, legs, rooms and queue entries are flat structs in arrays that never grow while calls
 * run. A handle is (generation << 20 | index); it stops matching when the slot is reused, so a
 * late event for a dead leg finds nothing instead of somebody else. 0 is never a handle. */
#ifndef HOTLINED_SLOTS_H
#define HOTLINED_SLOTS_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t handle_t;
#define SLOTS_INDEX_BITS 20

struct slots {
    unsigned char *items; /* capacity * item_size, zeroed when taken */
    uint16_t *generation; /* per slot; odd bit of life kept in used */
    uint32_t *next_free;
    uint8_t *used;
    size_t item_size;
    uint32_t capacity;
    uint32_t free_head;
    uint32_t count;
};

int slots_init(struct slots *slots, size_t item_size, uint32_t capacity); /* 0 or -ENOMEM */
void slots_done(struct slots *slots);
/* Takes a zeroed slot; NULL when all are taken. */
void *slots_take(struct slots *slots, handle_t *ret_handle);
/* NULL for a handle that is 0, stale or foreign. */
void *slots_find(const struct slots *slots, handle_t handle);
void slots_release(struct slots *slots, handle_t handle);
/* Where a handle's slot is: what hangs beside it lies at the same index elsewhere. */
static inline uint32_t slots_index(handle_t handle)
{
    return handle & ((1u << SLOTS_INDEX_BITS) - 1);
}
/* Iteration: pass NULL first; returns NULL at the end. Releasing the current item is allowed. */
void *slots_next(const struct slots *slots, const void *previous, handle_t *ret_handle);

#endif
