/* Keys of other systems, made and revoked by administrators. A key is shown once, in the answer to
 * the request that made it. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "api/settings.h"

#define KEY_START  "hk_" /* whoever finds one in a file knows what it is */
#define KEY_SIZE   (sizeof(KEY_START) + API_TOKEN_SIZE)
#define PREFIX_MAX 9 /* of its characters shown later, KEY_START included */

static const char missing_key[] = "没有这个接口密钥，或不属于您管理的中心";

struct key_body {
    int64_t center_id;
    const char *name, *expires_on;
    const cJSON *groups;
    bool region, reveal;
};

#define KEY(name, title, kind, flags, min, max)                                                    \
    {                                                                                              \
#name, title, kind, offsetof(struct key_body, name), flags, min, max                       \
    }
static const struct http_field key_fields[] = {
    KEY(center_id, "所属中心", HTTP_INT, 0, 1, INT32_MAX),
    KEY(name, "名称", HTTP_TEXT, HTTP_REQUIRED, 1, 20),
    KEY(groups, "能力组", HTTP_JSON, HTTP_REQUIRED, 0, 0),
    KEY(expires_on, "有效期至", HTTP_TEXT, 0, 0, 10),
    KEY(region, "全区", HTTP_BOOL, 0, 0, 0),
    KEY(reveal, "完整号码", HTTP_BOOL, 0, 0, 0),
};

/* One that is being made. */
struct made {
    char key[KEY_SIZE];
    int32_t id;
};

static void free_made(void *arg)
{
    OPENSSL_cleanse(arg, sizeof(struct made));
    free(arg);
}

/* --- the body ------------------------------------------------------------------------------- */

static bool is_group(const cJSON *name)
{
    for (unsigned i = 0; i < API_KEY_GROUPS; i++)
        if (text_equal(cJSON_GetStringValue(name), api_key_group_names[i]))
            return true;
    return false;
}

static bool are_groups(const cJSON *groups)
{
    const cJSON *name;

    cJSON_ArrayForEach(name, groups)
    {
        if (!is_group(name))
            return false;
    }
    return cJSON_IsArray(groups) && cJSON_GetArraySize(groups) > 0 &&
           cJSON_GetArraySize(groups) <= API_KEY_GROUPS;
}

/* A day as 2026-12-31, today or later. */
static bool is_day_to_come(struct api *api, const char *day)
{
    char last[20];
    int64_t end_ms;

    if (strlen(day) != 10)
        return false;
    snprintf(last, sizeof(last), "%sT23:59", day);
    return calendar_time(last, &end_ms) == 0 && end_ms >= loop_wall_ms(api->loop);
}

static bool check_key(struct api *api, struct http_request *request, const struct key_body *body,
                      int32_t center_id)
{
    const struct access_subject *subject = &api_person(request)->subject;
    const struct dir_center *center = directory_center(api->deps.directory, center_id);
    cJSON *errors = cJSON_CreateObject();

    if (settings_is_blank(body->name))
        settings_complain(errors, "name", "名称不能为空，请写明给哪个系统使用");
    if (!are_groups(body->groups))
        settings_complain(errors, "groups",
                          "请选择能力组：call 呼叫控制、media 媒体、agent 坐席、it 数据、"
                          "sms 短信通道、knowledge 知识维护");
    if (body->expires_on && *body->expires_on && !is_day_to_come(api, body->expires_on))
        settings_complain(errors, "expires_on", "有效期应为今天或以后的日期，如 2026-12-31");
    if (body->region &&
        (!center || !center->regional || subject->scope[PERM_KEY_WRITE] != ACCESS_REGION))
        settings_complain(errors, "region", "只有自治区中心的密钥可以用于全区各中心");
    return !settings_refuse(request, errors);
}

/* --- made ----------------------------------------------------------------------------------- */

static void ready(struct api *api, struct http_request *request, const struct api_person *person,
                  const struct store_result *result, void **state)
{
    const struct made *made = *state;
    cJSON *json;

    (void)person;
    if (!store_rows(result)) {
        api_missing(request, missing_key); /* its center was closed in this very moment */
        return;
    }
    api_key_take(api, result, 0);
    json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "id", made->id);
    cJSON_AddStringToObject(json, "key", made->key);
    http_answer_object(request, 201, json);
}

static void kept(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct store_result *result, void **state)
{
    struct api_ask ask = {
        .statement = STMT_KEY_LOAD, .then = ready, .action = "key.create", .object_kind = "key"};
    struct made *made = *state;

    made->id = (int32_t)store_int(result, 0, 0);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", made->id);
    store_param_int(&ask.params, made->id);
    *state = NULL;
    api_ask(api, request, person, &ask, made, free_made);
}

static void make_key(struct api *api, struct http_request *request, int32_t center_id)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_KEY_CREATE, .permission = PERM_KEY_WRITE, .then = kept};
    char token[API_TOKEN_SIZE], hash[API_TOKEN_HASH_SIZE], prefix[PREFIX_MAX + 1];
    struct made *made = calloc(1, sizeof(*made));
    size_t length;

    if (made) {
        api_token_make(token);
        snprintf(made->key, sizeof(made->key), KEY_START "%s", token);
        OPENSSL_cleanse(token, sizeof(token));
        api_token_hash(made->key, hash);
    }
    if (!made || !hash[0]) {
        free(made);
        api_unavailable(request);
        return;
    }
    text_copy(prefix, sizeof(prefix), made->key);
    store_param_int(&ask.params, center_id);
    store_param_text(&ask.params, http_body(request, &length));
    store_param_text(&ask.params, prefix);
    store_param_text(&ask.params, hash);
    store_param_int(&ask.params, api_person(request)->subject.user_id);
    api_ask(api, request, api_person(request), &ask, made, free_made);
}

static void post_key(struct http_request *request, void *arg)
{
    struct key_body body = {0};
    int32_t center_id;

    if (http_read_body(request, SETTINGS_BODY(key_fields), &body) &&
        api_check_center(arg, request, PERM_KEY_WRITE, body.center_id, &center_id) &&
        check_key(arg, request, &body, center_id))
        make_key(arg, request, center_id);
}

/* --- looked at, revoked --------------------------------------------------------------------- */

static void list_keys(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_KEY_LIST, .permission = PERM_KEY_WRITE};
    int32_t center_id;

    if (!api_query_center(arg, request, PERM_KEY_WRITE, &center_id))
        return;
    if (center_id)
        store_param_int(&ask.params, center_id);
    else
        store_param_null(&ask.params);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void revoked(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct store_result *result, void **state)
{
    int32_t id;
    char text[16];

    (void)state;
    if (!api_path_int(request, "id", &id))
        return;
    if (!strstr(store_text(result, 0, 0), "\"ok\"")) {
        api_missing_id(api, request, person, "key", http_path_param(request, "id"), missing_key);
        return;
    }
    snprintf(text, sizeof(text), "%d", id);
    api_audit(api, person, "key.revoke", "key", text, "");
    api_key_revoked(api, id);
    http_answer_empty(request, 204);
}

static void revoke_key(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_KEY_REVOKE, .permission = PERM_KEY_WRITE, .then = revoked};
    int32_t id;

    if (!api_path_int(request, "id", &id))
        return;
    store_param_int(&ask.params, id);
    store_param_int(&ask.params, api_person(request)->subject.user_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define KEYS "/api/v1/settings/keys"
static const struct api_route routes[] = {
    {.http = {"GET", KEYS, PERM_KEY_WRITE, list_keys, "接口密钥"}, .query = "center_id"},
    {{"POST", KEYS, PERM_KEY_WRITE, post_key, "新增接口密钥"}, SETTINGS_BODY(key_fields)},
    {.http = {"POST", KEYS "/{id}/revoke", PERM_KEY_WRITE, revoke_key, "吊销接口密钥"}},
};
const struct api_routes api_routes_keys = API_ROUTES(routes);
