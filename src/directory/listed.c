/* Black and white lists: one look is as many binary searches as the number has digits, however long
 * the lists are. */
#include <stdlib.h>
#include <string.h>

#include "directory/snapshot.h"

static int compare(const void *a, const void *b)
{
    const struct dir_listed *x = a, *y = b;

    if (x->center_id != y->center_id)
        return x->center_id < y->center_id ? -1 : 1;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    return strcmp(x->number, y->number);
}

void listed_sort(struct dir_listed *entries, size_t count)
{
    if (count)
        qsort(entries, count, sizeof(*entries), compare);
}

static const struct dir_listed *find(const struct dir_listed *entries, size_t count,
                                     const struct dir_listed *key, int64_t wall_ms)
{
    const struct dir_listed *found = bsearch(key, entries, count, sizeof(*entries), compare);

    return found && (!found->expires_ms || wall_ms < found->expires_ms) ? found : NULL;
}

/* The whole number goes before its beginnings, a longer beginning before a shorter one. */
const struct dir_listed *listed_find(const struct dir_listed *entries, size_t count,
                                     int32_t center_id, const char *number, int64_t wall_ms)
{
    struct dir_listed key = {.center_id = center_id};
    size_t length = strlen(number);
    const struct dir_listed *found;

    if (!count || !length || length >= sizeof(key.number))
        return NULL;
    memcpy(key.number, number, length);
    found = find(entries, count, &key, wall_ms);
    key.prefix = true;
    for (; !found && length >= 2; key.number[--length] = 0)
        found = find(entries, count, &key, wall_ms);
    return found;
}
