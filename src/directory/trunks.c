/* Trunks of the document, shares in their channels, voice bots, systems that flows ask. */
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/log.h>
#include <hotlined/pool.h>
#include <hotlined/sip.h>
#include <hotlined/text.h>

#include "directory/parsing.h"
#include "directory/snapshot.h"

/* --- trunks ----------------------------------------------------------------------------------- */

static void fill_trunk(struct sip_trunk_conf *trunk, const cJSON *item)
{
    trunk->id = row_id(item, "id");
    trunk->port = (uint16_t)row_int(item, "port");
    trunk->max_channels = (int)row_int(item, "max_channels");
    trunk->priority = (int)row_int(item, "priority");
    trunk->options_interval_s = (int)row_int(item, "options_interval_s");
    trunk->registers = row_bool(item, "registers");
    trunk->enabled = row_bool(item, "enabled");
    trunk->by_name_only = row_bool(item, "by_name_only");
    ROW_COPY(trunk->name, item, "name");
    ROW_COPY(trunk->transport, item, "transport");
    ROW_COPY(trunk->host, item, "host");
    ROW_COPY(trunk->allowed_ips, item, "allowed_ips");
    ROW_COPY(trunk->username, item, "username");
    ROW_COPY(trunk->password, item, "password");
    ROW_COPY(trunk->realm, item, "realm");
    ROW_COPY(trunk->in_username, item, "in_username");
    ROW_COPY(trunk->in_password, item, "in_password");
}

void parse_trunks(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->trunks = parsing_list(p, document, "trunks", sizeof(*s->trunks), &list);
    cJSON_ArrayForEach(item, list) fill_trunk(&s->trunks[s->trunk_count++], item);
}

/* As many as the pool has for centers it says nothing of; a most that is null has no end. */
void parse_pools(struct parsing *p, const cJSON *document)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(document, "pools"))
    {
        struct snap_pool *pool;
        enum pool_kind kind;
        struct pool_share share = {
            .center_id = row_id(item, "center_id"),
            .guaranteed = (uint32_t)row_int(item, "guaranteed"),
            .most = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(item, "most"))
                        ? (uint32_t)row_int(item, "most")
                        : POOL_NO_END};
        if (!pool_kind_find(row_text(item, "kind"), &kind))
            continue;
        pool = &p->snap->pools[kind];
        if (pool->count < POOL_CENTERS)
            pool->shares[pool->count++] = share;
        else
            log_error("directory", "pool_full", "kind=%s center=%d most=%d", pool_kind_name(kind),
                      share.center_id, POOL_CENTERS);
    }
}

/* --- voice bots ------------------------------------------------------------------------------- */

void parse_bot_peers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "bot_peers"))
        return;
    s->bot_peers = parsing_list(p, document, "bot_peers", sizeof(*s->bot_peers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_bot_peer *peer = &s->bot_peers[s->bot_peer_count++];
        peer->id = row_id(item, "id");
        peer->trunk_id = row_id(item, "trunk_id");
        peer->channels = (uint32_t)row_int(item, "channels");
        peer->record = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "record"));
        ROW_COPY(peer->sip_user, item, "sip_user");
    }
}

static enum dir_bot_policy bot_policy(const char *name)
{
    static const struct {
        const char *name;
        enum dir_bot_policy policy;
    } names[] = {{"always", DIR_BOT_ALWAYS},
                 {"out_of_hours", DIR_BOT_OUT_OF_HOURS},
                 {"busy", DIR_BOT_BUSY},
                 {"key", DIR_BOT_KEY},
                 {"share", DIR_BOT_SHARE}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].policy;
    return DIR_BOT_OFF;
}

void parse_bot_shares(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "bot_shares"))
        return;
    s->bot_shares = parsing_list(p, document, "bot_shares", sizeof(*s->bot_shares), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_bot_share *share = &s->bot_shares[s->bot_share_count++];
        share->center_id = row_id(item, "center_id");
        share->percent = (uint32_t)row_int(item, "share_percent");
        share->policy = bot_policy(row_text(item, "policy"));
        ROW_COPY(share->calendar, item, "calendar");
    }
}

/* --- connectors ------------------------------------------------------------------------------- */

void parse_connectors(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "connectors"))
        return;
    s->connectors = parsing_list(p, document, "connectors", sizeof(*s->connectors), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_connector *connector = &s->connectors[s->connector_count++];
        connector->id = row_id(item, "id");
        connector->center_id = row_id(item, "center_id");
        ROW_COPY(connector->code, item, "code");
        connector->document = cJSON_PrintUnformatted(item);
        p->no_memory |= !connector->document;
    }
}
