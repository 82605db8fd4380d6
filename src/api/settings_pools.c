/* What the centers have in common: trunk channels, voice bots, sessions of speech both ways. Who
 * uses how much now, and what each is guaranteed and may have at most. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define MOST 100000

struct share_body {
    int64_t guaranteed;
    const cJSON *most;
};
static const struct http_field share_fields[] = {
    {"guaranteed", "保底数量", HTTP_INT, offsetof(struct share_body, guaranteed), HTTP_REQUIRED, 0,
     MOST},
    {"most", "最多数量", HTTP_JSON, offsetof(struct share_body, most), 0, 0, 0},
};

/* --- now ------------------------------------------------------------------------------------ */

static const struct pool *pool_of(const struct api *api, enum pool_kind kind)
{
    return kind == POOL_TTS   ? &api->speech
           : kind == POOL_ASR ? recognition_pool(api->deps.recognition)
                              : telephony_pool(api->deps.telephony, kind);
}

static uint32_t capacity_of(const struct api *api, enum pool_kind kind)
{
    return kind == POOL_TTS   ? (uint32_t)api->deps.config->tts_sessions
           : kind == POOL_ASR ? recognition_capacity(api->deps.recognition)
                              : telephony_pool_capacity(api->deps.telephony, kind);
}

static uint32_t waiting_of(const struct api *api, enum pool_kind kind, int32_t center_id)
{
    return kind == POOL_TTS   ? api_speech_waiting(api, center_id)
           : kind == POOL_ASR ? recognition_waiting(api->deps.recognition, center_id)
                              : 0;
}

static void add_pool(const struct api *api, enum pool_kind kind, struct text *out)
{
    uint32_t capacity = capacity_of(api, kind);

    text_addf(out, "{\"kind\":\"%s\",\"used\":%u,\"capacity\":", pool_kind_name(kind),
              pool_all_used(pool_of(api, kind)));
    if (capacity == POOL_NO_END)
        text_add(out, "null}");
    else
        text_addf(out, "%u}", capacity);
}

static void add_use(const struct api *api, enum pool_kind kind, int32_t center_id, struct text *out)
{
    const struct pool *pool = pool_of(api, kind);

    text_addf(out, "{\"center_id\":%d,\"kind\":\"%s\",\"used\":%u,\"refused\":%llu,\"waiting\":%u}",
              center_id, pool_kind_name(kind), pool_used(pool, center_id),
              (unsigned long long)pool_refused(pool, center_id), waiting_of(api, kind, center_id));
}

static void get_use(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    bool region = person->subject.scope[PERM_MONITOR_READ] == ACCESS_REGION;
    int32_t centers[ACCESS_MAX_CENTERS];
    size_t count = api_centers(api, person, PERM_MONITOR_READ, centers);
    struct text json = {0};

    text_add(&json, "{\"pools\":[");
    for (int kind = 0; region && kind < POOL_KINDS; kind++) {
        text_add(&json, kind ? "," : "");
        add_pool(api, (enum pool_kind)kind, &json);
    }
    text_add(&json, "],\"uses\":[");
    for (size_t i = 0; i < count; i++)
        for (int kind = 0; kind < POOL_KINDS; kind++) {
            text_add(&json, i || kind ? "," : "");
            add_use(api, (enum pool_kind)kind, centers[i], &json);
        }
    text_add(&json, "]}");
    api_answer_text(request, &json);
}

/* --- shares --------------------------------------------------------------------------------- */

static void list_shares(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_POOL_SHARES, .permission = PERM_SETTINGS_READ};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static bool is_most(const cJSON *most)
{
    return !most || cJSON_IsNull(most) ||
           (cJSON_IsNumber(most) && most->valuedouble >= 0 && most->valuedouble <= MOST &&
            most->valuedouble == (double)most->valueint);
}

static void save_share(struct http_request *request, struct api *api, const char *kind,
                       int32_t center, int64_t version)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_POOL_SHARE_SAVE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .missing = "没有这个中心",
                          .action = "pool.share",
                          .object_kind = "center"};
    size_t length;

    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    snprintf(ask.detail, sizeof(ask.detail), "kind=%s %.120s", kind, http_body(request, &length));
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, kind);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

static void put_share(struct http_request *request, void *arg)
{
    const char *kind = http_path_param(request, "kind");
    struct share_body body = {0};
    enum pool_kind found;
    int32_t wanted, center;
    int64_t version;

    if (!api_path_int(request, "center_id", &wanted) || !api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(share_fields), &body) ||
        !api_check_center(arg, request, PERM_REGION_WRITE, wanted, &center))
        return;
    if (!is_most(body.most))
        api_field_problem(request, "most", "最多数量应为 0 到 100000 的整数，不填为不设上限");
    else if (!pool_kind_find(kind, &found) || found == POOL_BOT)
        api_missing(request, "没有这种资源；机器人的配额在“机器人”中设置");
    else
        save_share(request, arg, kind, center, version);
}

#define POOLS "/api/v1/settings/pools"
static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/monitor/pools", PERM_MONITOR_READ, get_use, "资源池使用情况"}},
    {.http = {"GET", POOLS, PERM_SETTINGS_READ, list_shares, "资源池份额"}},
    {{"PUT", POOLS "/{center_id}/{kind}", PERM_REGION_WRITE, put_share, "设置资源池份额"},
     SETTINGS_BODY(share_fields),
     .if_match = true},
};
const struct api_routes api_routes_pools = API_ROUTES(routes);
