#include <string.h>

#include <hotlined/pool.h>

static const char *const names[POOL_KINDS] = {"trunk", "tts", "bot", "asr"};

const char *pool_kind_name(enum pool_kind kind)
{
    return names[kind];
}

bool pool_kind_find(const char *name, enum pool_kind *ret_kind)
{
    for (int i = 0; i < POOL_KINDS; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_kind = (enum pool_kind)i;
            return true;
        }
    return false;
}

static struct pool_use *use_of(struct pool *pool, int32_t center_id)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->uses[i].center_id == center_id)
            return &pool->uses[i];
    if (pool->count == POOL_CENTERS)
        return NULL;
    pool->uses[pool->count] = (struct pool_use){.center_id = center_id};
    return &pool->uses[pool->count++];
}

static const struct pool_use *find_use(const struct pool *pool, int32_t center_id)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->uses[i].center_id == center_id)
            return &pool->uses[i];
    return NULL;
}

uint32_t pool_used(const struct pool *pool, int32_t center_id)
{
    const struct pool_use *use = find_use(pool, center_id);

    return use ? use->used : 0;
}

uint64_t pool_refused(const struct pool *pool, int32_t center_id)
{
    const struct pool_use *use = find_use(pool, center_id);

    return use ? use->refused : 0;
}

uint32_t pool_all_used(const struct pool *pool)
{
    uint32_t used = 0;

    for (size_t i = 0; i < pool->count; i++)
        used += pool->uses[i].used;
    return used;
}

/* What others are guaranteed and do not use. */
static uint64_t kept_for_others(const struct pool *pool, const struct pool_rule *rule,
                                int32_t center_id)
{
    uint64_t kept = 0;

    for (size_t i = 0; i < rule->count; i++) {
        const struct pool_share *share = &rule->shares[i];
        uint32_t used = pool_used(pool, share->center_id);
        if (share->center_id != center_id && share->guaranteed > used)
            kept += share->guaranteed - used;
    }
    return kept;
}

static const struct pool_share *share_of(const struct pool_rule *rule, int32_t center_id)
{
    for (size_t i = 0; i < rule->count; i++)
        if (rule->shares[i].center_id == center_id)
            return &rule->shares[i];
    return NULL;
}

bool pool_grants(const struct pool *pool, const struct pool_rule *rule, int32_t center_id)
{
    const struct pool_share *share = share_of(rule, center_id);
    uint32_t used = pool_used(pool, center_id), all = pool_all_used(pool);

    if (!share && rule->listed_only)
        return false;
    if ((share && used >= share->most) || all >= rule->capacity)
        return false;
    return (share && used < share->guaranteed) ||
           all + kept_for_others(pool, rule, center_id) < rule->capacity;
}

bool pool_is_guaranteed(const struct pool *pool, const struct pool_rule *rule, int32_t center_id)
{
    const struct pool_share *share = share_of(rule, center_id);

    return share && pool_used(pool, center_id) < share->guaranteed;
}

bool pool_take(struct pool *pool, const struct pool_rule *rule, int32_t center_id)
{
    struct pool_use *use = use_of(pool, center_id);

    if (!use)
        return false;
    if (!pool_grants(pool, rule, center_id)) {
        use->refused++;
        return false;
    }
    use->used++;
    return true;
}

void pool_give(struct pool *pool, int32_t center_id)
{
    struct pool_use *use = use_of(pool, center_id);

    if (use && use->used)
        use->used--;
}
