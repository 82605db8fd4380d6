/* Pools: channels or sessions that all centers share, each with a part that is kept for it and a
 * part it never exceeds. Pure: trunk channels, channels of voice bots, sessions of engines that
 * speak and of engines that hear are four of them, with the same rule.
 *
 *   guaranteed  is free for this center at any time; what others are guaranteed and do not use is
 *               not given to it
 *   most        never more than so many
 *
 * Between the two whoever comes first gets what is free. */
#ifndef HOTLINED_POOL_H
#define HOTLINED_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pool_kind { POOL_TRUNK, POOL_TTS, POOL_BOT, POOL_ASR, POOL_KINDS };
const char *pool_kind_name(enum pool_kind kind); /* "trunk" ... */
bool pool_kind_find(const char *name, enum pool_kind *ret_kind);

#define POOL_CENTERS 64
#define POOL_NO_END  UINT32_MAX /* a pool, or a share, without an end */

struct pool_share { /* of one center */
    int32_t center_id;
    uint32_t guaranteed, most;
};

struct pool_use {
    int32_t center_id;
    uint32_t used;
    uint64_t refused; /* since the start */
};

struct pool {
    struct pool_use uses[POOL_CENTERS];
    size_t count;
};

struct pool_rule {
    const struct pool_share *shares; /* borrowed; one for a center at most */
    size_t count;
    uint32_t capacity;
    bool listed_only; /* centers without a share get none; else as many as are free */
};

/* Would there be one more for this center? */
bool pool_grants(const struct pool *pool, const struct pool_rule *rule, int32_t center_id);
/* Has it some of its guaranteed part left? */
bool pool_is_guaranteed(const struct pool *pool, const struct pool_rule *rule, int32_t center_id);
/* One more for this center. False: it is refused, and that is counted. */
bool pool_take(struct pool *pool, const struct pool_rule *rule, int32_t center_id);
/* What was taken; more is not given back. */
void pool_give(struct pool *pool, int32_t center_id);
uint32_t pool_used(const struct pool *pool, int32_t center_id);
uint64_t pool_refused(const struct pool *pool, int32_t center_id);
uint32_t pool_all_used(const struct pool *pool);

#endif
