/* Keys of other systems (PLAT-08), kept in memory and in PostgreSQL.
 *
 * A key is a token as a session's is, and here, too, stands its SHA-256 only. It belongs to a
 * center, or reaches all of them, and may what its groups of abilities may (key_routes.c). What its
 * requests are allowed: key_guard.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "api/keys.h"

#define SWEEP_EVERY_MS (20 * 1000)
#define RETRY_MS       2000

/* --- the table ------------------------------------------------------------------------------ */

static struct api_key *key_by_id(const struct api_keys *keys, int32_t id)
{
    struct api_key *key = keys->all;

    while (key && key->id != id)
        key = key->next;
    return key;
}

struct api_key *api_key_find(const struct api_keys *keys, const char *hash)
{
    struct api_key *key = strlen(hash) == API_TOKEN_HASH_SIZE - 1 ? keys->all : NULL;

    while (key && CRYPTO_memcmp(key->hash, hash, API_TOKEN_HASH_SIZE - 1) != 0)
        key = key->next;
    return key;
}

/* What it has open: streams, and agents who work through it. */
static void let_go(struct api *api, const struct api_key *key)
{
    size_t count;
    const struct dir_agent *agents = directory_agents(api->deps.directory, &count);

    api_hub_close_session(api, key->hash);
    for (size_t i = 0; i < count; i++)
        if (telephony_is_signed_in(api->deps.telephony, agents[i].user_id, key->hash))
            (void)telephony_sign_out(api->deps.telephony, agents[i].user_id, "forced");
}

static void remove_all(struct api *api, bool (*is_over)(const struct api_key *key, int64_t now))
{
    int64_t now = loop_wall_ms(api->loop);

    for (struct api_key **at = &api->keys->all; *at;) {
        struct api_key *key = *at;
        if (!is_over(key, now)) {
            at = &key->next;
            continue;
        }
        *at = key->next;
        log_info("api", "key_ended", "key=%d", key->id);
        let_go(api, key);
        free(key);
    }
}

/* --- reading them --------------------------------------------------------------------------- */

static void read_groups(struct api_key *key, const char *json)
{
    cJSON *groups = cJSON_Parse(json);
    const cJSON *group;

    key->groups = 0;
    cJSON_ArrayForEach(group, groups)
    {
        for (unsigned i = 0; i < API_KEY_GROUPS; i++)
            if (text_equal(cJSON_GetStringValue(group), api_key_group_names[i]))
                key->groups |= 1u << i;
    }
    cJSON_Delete(groups);
}

static void read_centers(struct api_key *key, const char *json)
{
    cJSON *centers = cJSON_Parse(json);
    const cJSON *center, *name;
    int64_t id;

    key->center_count = 0;
    cJSON_ArrayForEach(center, centers)
    {
        struct api_key_center *to = &key->centers[key->center_count];
        if (key->center_count == ACCESS_MAX_CENTERS ||
            text_to_int(center->string, 1, INT32_MAX, &id))
            break;
        *to = (struct api_key_center){.id = (int32_t)id};
        cJSON_ArrayForEach(name, center)
        {
            enum function function = function_find(cJSON_GetStringValue(name));
            to->off |= function ? 1ull << function : 0;
        }
        key->center_count++;
    }
    cJSON_Delete(centers);
}

static bool same_rights(const struct api_key *a, const struct api_key *b)
{
    return a->groups == b->groups && a->reveal == b->reveal && a->region == b->region &&
           a->center_count == b->center_count &&
           memcmp(a->centers, b->centers, a->center_count * sizeof(a->centers[0])) == 0;
}

static struct api_key *key_new(struct api *api, int32_t id)
{
    struct api_key *key = calloc(1, sizeof(*key));

    if (!key)
        return NULL;
    key->id = id;
    key->tokens = API_KEY_BURST;
    key->filled_at = loop_now_ms(api->loop);
    key->next = api->keys->all;
    api->keys->all = key;
    return key;
}

static struct api_key *take_row(struct api *api, const struct store_result *result, int row)
{
    int32_t id = (int32_t)store_int(result, row, 0);
    struct api_key *key = key_by_id(api->keys, id);
    struct api_key before;
    bool known = key != NULL;

    if (!key)
        key = key_new(api, id);
    if (!key)
        return NULL;
    before = *key;
    key->center_id = (int32_t)store_int(result, row, 1);
    key->region = store_bool(result, row, 2);
    text_copy(key->name, sizeof(key->name), store_text(result, row, 3));
    text_copy(key->hash, sizeof(key->hash), store_text(result, row, 4));
    read_groups(key, store_text(result, row, 5));
    key->reveal = store_bool(result, row, 6);
    key->expires_ms = store_int(result, row, 7);
    read_centers(key, store_text(result, row, 8));
    key->seen = true;
    if (known && !same_rights(&before, key)) /* streams keep a copy of the rights */
        api_hub_close_session(api, key->hash);
    return key;
}

static bool was_not_read(const struct api_key *key, int64_t now)
{
    (void)now;
    return !key->seen && !key->young;
}

static void read_done(struct api *api, bool good)
{
    struct api_keys *keys = api->keys;
    bool again = keys->read_again || !good;

    keys->reading = keys->read_again = false;
    keys->request = NULL;
    keys->known |= good;
    if (again)
        loop_timer_start(&keys->retry, good ? 0 : RETRY_MS);
}

static void keys_read(const struct store_result *result, void *arg)
{
    struct api *api = arg;

    if (store_status(result) != STORE_OK) {
        read_done(api, false);
        return;
    }
    for (struct api_key *key = api->keys->all; key; key = key->next)
        key->seen = false;
    for (int row = 0; row < store_rows(result); row++)
        (void)take_row(api, result, row);
    remove_all(api, was_not_read);
    for (struct api_key *key = api->keys->all; key; key = key->next)
        key->young = false;
    read_done(api, true);
}

void api_keys_reload(struct api *api)
{
    struct api_keys *keys = api->keys;
    struct store_params all = {0};

    if (keys->reading) {
        keys->read_again = true;
        return;
    }
    keys->reading = true;
    store_param_null(&all);
    if (store_query(api->deps.store, STORE_SLOW, STMT_KEY_LOAD, &STORE_SCOPE_DAEMON, &all,
                    keys_read, api, &keys->request))
        read_done(api, false);
}

void api_key_take(struct api *api, const struct store_result *result, int row)
{
    struct api_key *key = take_row(api, result, row);

    if (!key || !api->keys->reading)
        return;
    key->young = true;
    api->keys->read_again = true;
}

void api_key_revoked(struct api *api, int32_t id)
{
    struct api_key *key = key_by_id(api->keys, id);

    if (!key)
        return;
    key->revoked = true;
    let_go(api, key);
    api_keys_reload(api);
}

/* --- life ----------------------------------------------------------------------------------- */

static bool is_expired(const struct api_key *key, int64_t now)
{
    return key->expires_ms && key->expires_ms <= now;
}

static void sweep(void *arg)
{
    struct api *api = arg;

    remove_all(api, is_expired);
    loop_timer_start(&api->keys->sweep, SWEEP_EVERY_MS);
}

static void retry(void *arg)
{
    struct api *api = arg;

    if (store_is_available(api->deps.store))
        api_keys_reload(api);
    else
        loop_timer_start(&api->keys->retry, RETRY_MS);
}

int api_keys_create(struct api *api)
{
    struct api_keys *keys = calloc(1, sizeof(*keys));

    if (!keys)
        return -ENOMEM;
    api->keys = keys;
    log_limit_init(&keys->lines, api->loop, "api", "key_refused", "flood");
    loop_timer_init(&keys->sweep, api->loop, sweep, api);
    loop_timer_init(&keys->retry, api->loop, retry, api);
    loop_timer_start(&keys->sweep, SWEEP_EVERY_MS);
    loop_timer_start(&keys->retry, 0);
    return api_key_routes_check();
}

void api_keys_destroy(struct api *api)
{
    struct api_keys *keys = api->keys;

    if (!keys)
        return;
    if (keys->request)
        store_cancel(keys->request);
    loop_timer_done(&keys->sweep);
    loop_timer_done(&keys->retry);
    log_limit_done(&keys->lines);
    while (keys->all) {
        struct api_key *next = keys->all->next;
        free(keys->all);
        keys->all = next;
    }
    free(keys);
    api->keys = NULL;
}
