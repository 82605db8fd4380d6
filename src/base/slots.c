/* Fixed arrays with generation-tagged handles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/slots.h>

#define GENERATIONS 0xfffu
#define NO_SLOT     UINT32_MAX

static handle_t handle_of(const struct slots *slots, uint32_t index)
{
    return (handle_t)slots->generation[index] << SLOTS_INDEX_BITS | index;
}

int slots_init(struct slots *slots, size_t item_size, uint32_t capacity)
{
    memset(slots, 0, sizeof(*slots));
    if (capacity > slots_index(UINT32_MAX))
        return -ENOMEM;
    slots->items = calloc(capacity ? capacity : 1, item_size);
    slots->generation = calloc(capacity ? capacity : 1, sizeof(*slots->generation));
    slots->next_free = calloc(capacity ? capacity : 1, sizeof(*slots->next_free));
    slots->used = calloc(capacity ? capacity : 1, 1);
    if (!slots->items || !slots->generation || !slots->next_free || !slots->used) {
        slots_done(slots);
        return -ENOMEM;
    }
    slots->item_size = item_size;
    slots->capacity = capacity;
    slots->free_head = capacity ? 0 : NO_SLOT;
    for (uint32_t i = 0; i < capacity; i++) {
        slots->generation[i] = 1; /* so that no handle is 0 */
        slots->next_free[i] = i + 1 < capacity ? i + 1 : NO_SLOT;
    }
    return 0;
}

void slots_done(struct slots *slots)
{
    free(slots->items);
    free(slots->generation);
    free(slots->next_free);
    free(slots->used);
    memset(slots, 0, sizeof(*slots));
}

void *slots_take(struct slots *slots, handle_t *ret_handle)
{
    uint32_t index = slots->free_head;
    void *item;

    if (index == NO_SLOT || !slots->capacity)
        return NULL;
    slots->free_head = slots->next_free[index];
    slots->used[index] = 1;
    slots->count++;
    item = slots->items + (size_t)index * slots->item_size;
    memset(item, 0, slots->item_size);
    *ret_handle = handle_of(slots, index);
    return item;
}

void *slots_find(const struct slots *slots, handle_t handle)
{
    uint32_t index = slots_index(handle);

    if (!handle || index >= slots->capacity || !slots->used[index] ||
        handle_of(slots, index) != handle)
        return NULL;
    return slots->items + (size_t)index * slots->item_size;
}

void slots_release(struct slots *slots, handle_t handle)
{
    uint32_t index = slots_index(handle);

    if (!slots_find(slots, handle))
        return;
    slots->used[index] = 0;
    slots->generation[index] =
        slots->generation[index] == GENERATIONS ? 1 : (uint16_t)(slots->generation[index] + 1);
    slots->next_free[index] = slots->free_head;
    slots->free_head = index;
    slots->count--;
}

void *slots_next(const struct slots *slots, const void *previous, handle_t *ret_handle)
{
    uint32_t index = 0;

    if (previous)
        index = (uint32_t)((size_t)((const unsigned char *)previous - slots->items) /
                           slots->item_size) +
                1;
    for (; index < slots->capacity; index++)
        if (slots->used[index]) {
            *ret_handle = handle_of(slots, index);
            return slots->items + (size_t)index * slots->item_size;
        }
    return NULL;
}
