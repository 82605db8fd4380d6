/* Whose turn it is. */
#include "recognition/room.h"

static bool is_before(const struct waiting *a, const struct waiting *b, const struct pool *pool,
                      const struct pool_rule *rule)
{
    bool a_guaranteed = pool_is_guaranteed(pool, rule, a->center_id);
    bool b_guaranteed = pool_is_guaranteed(pool, rule, b->center_id);

    return a_guaranteed != b_guaranteed ? a_guaranteed : a->since_us < b->since_us;
}

size_t turn_next(const struct waiting *waiting, size_t count, const struct pool *pool,
                 const struct pool_rule *rule)
{
    size_t next = SIZE_MAX;

    for (size_t i = 0; i < count; i++)
        if (pool_grants(pool, rule, waiting[i].center_id) &&
            (next == SIZE_MAX || is_before(&waiting[i], &waiting[next], pool, rule)))
            next = i;
    return next;
}
