/* Channels that the centers share: of the trunks, and of the voice bots. The rule is pool.h's, the
 * shares are the directory's; here stands who has one.
 *
 * A trunk channel belongs to the leg that uses it, from the INVITE to its end, in either direction.
 * Trunks that lead to a bot or to another daemon's center are in no pool: a bot's channels are one
 * of their own, and a call that moves between centers has its channel already. */
#include <errno.h>

#include <hotlined/directory.h>
#include <hotlined/pool.h>
#include <hotlined/telephony.h>

#include "telephony/leg.h"
#include "telephony/pools.h"
#include "telephony/room.h"

static bool is_shared(const struct sip_trunk_conf *trunk)
{
    return trunk->enabled && !trunk->by_name_only;
}

/* All that the shared trunks have; one without a limit makes it endless. */
static uint32_t trunk_capacity(struct telephony *t)
{
    unsigned count;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);
    uint32_t channels = 0;

    for (unsigned i = 0; i < count; i++)
        if (is_shared(&trunks[i]) && trunks[i].max_channels <= 0)
            return POOL_NO_END;
        else if (is_shared(&trunks[i]))
            channels += (uint32_t)trunks[i].max_channels;
    return channels;
}

static uint32_t bot_capacity(struct telephony *t)
{
    uint32_t channels = 0;
    size_t count;
    const struct dir_bot_peer *peers = directory_bot_peers(t->directory, &count);

    for (size_t i = 0; i < count; i++)
        channels += peers[i].channels;
    return channels;
}

static struct pool_rule rule_of(struct telephony *t, enum pool_kind kind)
{
    struct pool_rule rule = {.listed_only = kind == POOL_BOT};

    rule.shares = directory_pool_shares(t->directory, kind, &rule.count);
    rule.capacity = kind == POOL_BOT ? bot_capacity(t) : trunk_capacity(t);
    return rule;
}

static bool is_in_pool(struct telephony *t, int32_t trunk_id)
{
    unsigned count;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);

    for (unsigned i = 0; i < count; i++)
        if (trunks[i].id == trunk_id)
            return is_shared(&trunks[i]);
    return false;
}

int pools_take_trunk(struct telephony *t, struct leg *leg, int32_t trunk_id, int32_t center_id)
{
    struct pool_rule rule;

    if (leg->pool_center || !is_in_pool(t, trunk_id))
        return 0;
    rule = rule_of(t, POOL_TRUNK);
    if (!pool_take(&t->trunk_pool, &rule, center_id))
        return pool_all_used(&t->trunk_pool) < rule.capacity ? -EDQUOT : -EBUSY;
    leg->pool_center = center_id;
    return 0;
}

void pools_give_trunk(struct telephony *t, struct leg *leg)
{
    if (leg->pool_center)
        pool_give(&t->trunk_pool, leg->pool_center);
    leg->pool_center = 0;
}

bool pools_take_bot(struct telephony *t, int32_t center_id)
{
    struct pool_rule rule = rule_of(t, POOL_BOT);

    return pool_take(&t->bot_pool, &rule, center_id);
}

/* --- for pages ------------------------------------------------------------------------------ */

uint32_t telephony_pool_capacity(struct telephony *t, enum pool_kind kind)
{
    return rule_of(t, kind).capacity;
}

const struct pool *telephony_pool(const struct telephony *t, enum pool_kind kind)
{
    return kind == POOL_BOT ? &t->bot_pool : &t->trunk_pool;
}
