/* The guard of requests that bring a key instead of a session.
 *
 * Most routes of an agent act on "me". With the header X-Hotlined-Agent the request is that
 * agent's, so they serve other systems as they serve pages; without it, it is the key's own, in its
 * center or all of them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/functions.h"
#include "api/keys.h"

#define USED_EVERY_MS (60 * 1000LL) /* how often "last used" is written */
#define SCHEME        "Bearer "

static const struct api_key_center *center_of(const struct api_key *key, int32_t center_id)
{
    for (size_t i = 0; i < key->center_count; i++)
        if (key->centers[i].id == center_id)
            return &key->centers[i];
    return NULL;
}

static bool refuse_key(struct api *api, struct http_request *request)
{
    if (log_limit_take(&api->keys->lines))
        log_warn("api", "key_refused", "address=%s path=%s", http_peer(request),
                 log_safe(http_path(request)));
    http_add_header(request, "WWW-Authenticate", "Bearer"); /* RFC 6750 */
    http_problem(request, 401, "key.wrong",
                 "接口密钥不存在、已吊销或已过期，请向管理员申请新的密钥", NULL);
    return false;
}

static struct api_key *find_key(struct api *api, struct http_request *request)
{
    const char *header = http_header(request, "Authorization");
    char hash[API_TOKEN_HASH_SIZE];
    struct api_key *key;

    if (strncasecmp(header, SCHEME, sizeof(SCHEME) - 1) != 0)
        return NULL;
    api_token_hash(header + sizeof(SCHEME) - 1, hash);
    key = api_key_find(api->keys, hash);
    if (!key || key->revoked || (key->expires_ms && key->expires_ms <= loop_wall_ms(api->loop)))
        return NULL;
    return key;
}

/* A bucket that fills with API_KEY_EACH_S a second. */
static bool is_in_time(struct api *api, struct http_request *request, struct api_key *key)
{
    uint64_t now = loop_now_ms(api->loop);

    key->tokens += (double)(now - key->filled_at) * API_KEY_EACH_S / 1000;
    key->filled_at = now;
    if (key->tokens > API_KEY_BURST)
        key->tokens = API_KEY_BURST;
    if (key->tokens < 1) {
        http_add_header(request, "Retry-After", "1");
        http_problem(request, 429, "key.limited",
                     "这个接口密钥的请求过于频繁，每秒最多 50 次，请稍候再试", NULL);
        return false;
    }
    key->tokens -= 1;
    return true;
}

static const struct dir_agent *agent_with(struct api *api, int32_t center_id, const char *agent_no)
{
    size_t count;
    const struct dir_agent *agents = directory_agents(api->deps.directory, &count);

    for (size_t i = 0; i < count; i++)
        if (agents[i].center_id == center_id && strcmp(agents[i].agent_no, agent_no) == 0)
            return &agents[i];
    return NULL;
}

/* "1001", of the key's center; "CODE/1001" of the center with that code, if the key reaches it. */
static const struct dir_agent *agent_named(struct api *api, const struct api_key *key,
                                           const char *named)
{
    const char *slash = strchr(named, '/');
    size_t length = slash ? (size_t)(slash - named) : 0;

    if (!*named || !slash)
        return *named ? agent_with(api, key->center_id, named) : NULL;
    for (size_t i = 0; i < key->center_count; i++) {
        const struct dir_center *center = directory_center(api->deps.directory, key->centers[i].id);
        if (center && strlen(center->code) == length && strncmp(center->code, named, length) == 0)
            return agent_with(api, center->id, slash + 1);
    }
    return NULL;
}

/* For whom it asks. False (answered): the agent is not there, or has to be named. */
static bool find_agent(struct api *api, struct http_request *request, const struct api_key *key,
                       bool needed, const struct dir_agent **ret_agent)
{
    const char *named = http_header(request, "X-Hotlined-Agent");
    char title[200];

    *ret_agent = named ? agent_named(api, key, named) : NULL;
    if (*ret_agent || (!named && !needed))
        return true;
    if (named)
        snprintf(title, sizeof(title),
                 "没有工号为“%.32s”的坐席，或不属于这个接口密钥的中心，请检查请求头 "
                 "X-Hotlined-Agent",
                 named);
    http_problem(request, 422, "key.agent",
                 named ? title : "请在请求头 X-Hotlined-Agent 中写明代哪名坐席操作（工号）", NULL);
    return false;
}

static void switch_off(struct access_subject *subject, uint64_t off)
{
    for (int i = FUNCTION_NONE + 1; i < FUNCTION_COUNT; i++)
        if (off >> i & 1)
            access_switch_off(subject, (enum function)i);
}

/* Who the request is: the key, in its center or all of them, or an agent, in his. */
static void person_of(const struct api_key *key, const struct dir_agent *agent,
                      const struct http_request *request, struct api_person *ret_person)
{
    int32_t center_id = agent ? agent->center_id : key->center_id;
    bool everywhere = key->region && !agent;
    enum access_scope scope = everywhere ? ACCESS_REGION : ACCESS_CENTER;
    const struct api_key_center *center = center_of(key, center_id);

    *ret_person = (struct api_person){.subject = {.user_id = agent ? agent->user_id : 0,
                                                  .center_id = center_id,
                                                  .team_id = agent ? agent->team_id : 0,
                                                  .regional = everywhere,
                                                  .system = true},
                                      .key_id = key->id};
    api_key_grant(&ret_person->subject, key->groups, scope);
    if (key->reveal)
        access_grant(&ret_person->subject, PERM_NUMBER_REVEAL, scope);
    switch_off(&ret_person->subject, center ? center->off : 0);
    text_copy(ret_person->token_hash, sizeof(ret_person->token_hash), key->hash);
    text_copy(ret_person->key_name, sizeof(ret_person->key_name), key->name);
    text_copy(ret_person->address, sizeof(ret_person->address), http_peer(request));
    if (agent) {
        text_copy(ret_person->name, sizeof(ret_person->name), agent->name);
        text_copy(ret_person->agent_no, sizeof(ret_person->agent_no), agent->agent_no);
    }
}

static bool refuse_route(struct api *api, struct http_request *request,
                         const struct http_route *route, const struct api_key *key,
                         const struct api_person *person)
{
    struct text title = {0};
    const char *comma = "";

    text_add(&title, "这个接口密钥的能力组（");
    for (unsigned i = 0; i < API_KEY_GROUPS; i++)
        if (key->groups >> i & 1) {
            text_addf(&title, "%s%s", comma, api_key_group_titles[i]);
            comma = "、";
        }
    text_addf(&title, "）不包括“%s”", route->summary);
    api_audit(api, person, "refused", "key", "", http_path(request));
    http_problem(request, 403, "key.route", title.failed ? "forbidden" : title.data, NULL);
    text_done(&title);
    return false;
}

static void written(const struct store_result *result, void *arg)
{
    (void)arg;
    if (store_status(result) != STORE_OK)
        log_warn("api", "key_use_not_written", "status=%d", store_status(result));
}

static void note_use(struct api *api, struct api_key *key, const struct api_person *person)
{
    int64_t now = loop_wall_ms(api->loop);
    struct store_params params = {0};

    if (now - key->written_ms < USED_EVERY_MS || !store_is_available(api->deps.store))
        return;
    key->written_ms = now;
    store_param_int(&params, key->id);
    store_param_time(&params, now);
    store_param_text(&params, person->address);
    if (store_query(api->deps.store, STORE_FAST, STMT_KEY_USED, &STORE_SCOPE_DAEMON, &params,
                    written, NULL, NULL))
        log_warn("api", "key_use_not_written", "key=%d", key->id);
}

/* What it reads of people the handlers write down; what it does is written down here. */
static void note_change(struct api *api, const struct http_request *request,
                        const struct api_person *person)
{
    char id[16];

    if (strcmp(http_method(request), "GET") == 0 || strcmp(http_method(request), "HEAD") == 0)
        return;
    snprintf(id, sizeof(id), "%d", person->key_id);
    api_audit(api, person, "key.use", "key", id, http_path(request));
}

bool api_key_guard(struct api *api, struct http_request *request, const struct http_route *route)
{
    struct api_key *key;
    const struct dir_agent *agent;
    enum api_key_route kind;
    struct api_person person;

    if (!api->keys->known) {
        http_add_header(request, "Retry-After", "2");
        http_problem(request, 503, "server.starting", "系统正在启动，请稍候", NULL);
        return false;
    }
    key = find_key(api, request);
    if (!key)
        return refuse_key(api, request);
    kind = api_key_route(route, key->groups);
    if (!is_in_time(api, request, key) ||
        !find_agent(api, request, key, kind == API_KEY_ROUTE_AGENT, &agent))
        return false;
    person_of(key, agent, request, &person);
    if (kind == API_KEY_ROUTE_NOT)
        return refuse_route(api, request, route, key, &person);
    if (!api_functions_allow(api, request, route, &person) ||
        !api_guard_permits(api, request, route, &person))
        return false;
    note_use(api, key, &person);
    note_change(api, request, &person);
    return api_guard_passes(request, &person);
}
