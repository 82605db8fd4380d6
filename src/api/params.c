/* Who asks, on which centers, and the parameters of requests on their way into statements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/room.h"

#define QUERY_TEXT_MAX 100

const struct api_person *api_person(const struct http_request *request)
{
    return http_user(request);
}

/* --- centers and people in sight ------------------------------------------------------------ */

size_t api_centers(struct api *api, const struct api_person *person, enum permission permission,
                   int32_t *ret_centers)
{
    size_t count;
    const struct dir_center *centers = directory_centers(api->deps.directory, &count);
    int32_t all[ACCESS_MAX_CENTERS];
    size_t known = 0;

    for (size_t i = 0; i < count && known < ACCESS_MAX_CENTERS; i++)
        all[known++] = centers[i].id;
    return access_centers(&person->subject, permission, all, known, ret_centers,
                          ACCESS_MAX_CENTERS);
}

bool api_may_reveal(const struct api_person *person, enum permission permission)
{
    uint8_t reveal = person->subject.scope[PERM_NUMBER_REVEAL];

    return reveal != ACCESS_NONE && reveal >= person->subject.scope[permission];
}

void api_param_users(struct api *api, const struct api_person *person, enum permission permission,
                     struct store_params *params, struct text *text)
{
    uint8_t scope = person->subject.scope[permission];
    size_t count;
    const struct dir_agent *agents = directory_agents(api->deps.directory, &count);

    if (scope >= ACCESS_CENTER) {
        store_param_null(params);
        return;
    }
    text_addf(text, "{%d", person->subject.user_id);
    for (size_t i = 0; scope == ACCESS_TEAM && person->subject.team_id && i < count; i++)
        if (agents[i].center_id == person->subject.center_id &&
            agents[i].team_id == person->subject.team_id &&
            agents[i].user_id != person->subject.user_id)
            text_addf(text, ",%d", agents[i].user_id);
    text_add(text, "}");
    /* out of memory: an array of nobody, not of everybody */
    store_param_text(params, text->failed ? "{}" : text->data);
}

static bool reaches_center(struct api *api, const struct api_person *person,
                           enum permission permission, int32_t center_id)
{
    int32_t centers[ACCESS_MAX_CENTERS];
    size_t count = api_centers(api, person, permission, centers);

    for (size_t i = 0; i < count; i++)
        if (centers[i] == center_id)
            return true;
    return false;
}

static void refuse_center(struct api *api, struct http_request *request,
                          const struct api_person *person, int64_t center_id)
{
    char id[24];

    snprintf(id, sizeof(id), "%lld", (long long)center_id);
    api_audit(api, person, "refused", "center", id, http_path(request));
    http_problem(request, 403, "center.forbidden", "您无权查看或操作该中心的数据", NULL);
}

bool api_query_center(struct api *api, struct http_request *request, enum permission permission,
                      int32_t *ret_center)
{
    int64_t wanted;

    if (!http_read_query_int(request, "center_id", "中心", 1, INT32_MAX, 0, &wanted))
        return false;
    if (wanted && !reaches_center(api, api_person(request), permission, (int32_t)wanted)) {
        refuse_center(api, request, api_person(request), wanted);
        return false;
    }
    *ret_center = (int32_t)wanted;
    return true;
}

bool api_check_center(struct api *api, struct http_request *request, enum permission permission,
                      int64_t wanted, int32_t *ret_center)
{
    const struct api_person *person = api_person(request);

    if (!wanted)
        wanted = person->subject.center_id;
    if (wanted < 0 || wanted > INT32_MAX ||
        !reaches_center(api, person, permission, (int32_t)wanted)) {
        refuse_center(api, request, person, wanted);
        return false;
    }
    *ret_center = (int32_t)wanted;
    return true;
}

void api_audit(struct api *api, const struct api_person *person, const char *action,
               const char *object_kind, const char *object_id, const char *detail)
{
    api_audit_in(api, person, person->subject.center_id, action, object_kind, object_id, detail);
}

void api_audit_in(struct api *api, const struct api_person *person, int32_t center_id,
                  const char *action, const char *object_kind, const char *object_id,
                  const char *detail)
{
    int64_t now = loop_wall_ms(api->loop);
    struct uuid id = uuid_new(now);
    char id_text[UUID_TEXT_SIZE];
    struct text json = {0}, said = {0};

    text_add(&said, detail);
    if (person->key_id) /* what it did for an agent is not what he did himself */
        text_addf(&said, "%skey=%s", *detail ? " " : "", person->key_name);
    text_addf(&json, "{\"id\":\"%s\",\"user_id\":%d,\"action\":", uuid_text(&id, id_text),
              person->subject.user_id);
    text_add_json(&json, action);
    text_add(&json, ",\"object_kind\":");
    text_add_json(&json, object_kind ? object_kind : "");
    text_add(&json, ",\"object_id\":");
    text_add_json(&json, object_id);
    text_add(&json, ",\"detail\":");
    text_add_json(&json, said.failed ? detail : said.data);
    text_add(&json, ",\"address\":");
    text_add_json(&json, person->address);
    text_addf(&json, ",\"at_ms\":%lld}", (long long)now);
    if (json.failed)
        log_error("api", "audit_lost", "user=%d action=%s", person->subject.user_id, action);
    else
        fact_emit(api->deps.outbox, &id, center_id, now, "audit", json.data);
    text_done(&said);
    text_done(&json);
}

/* --- query parameters ----------------------------------------------------------------------- */

static bool refuse_query(struct http_request *request, const char *name, const char *message)
{
    cJSON *errors = cJSON_CreateObject();

    cJSON_AddStringToObject(errors, name, message);
    http_problem(request, 422, "request.invalid", "查询条件有误，请按提示修改", errors);
    return false;
}

bool api_param_query_text(struct http_request *request, struct store_params *params,
                          const char *name)
{
    const char *value = http_query(request, name);

    if (value && (strlen(value) > QUERY_TEXT_MAX || !text_is_utf8(value, strlen(value))))
        return refuse_query(request, name, "查询条件过长或含有无法识别的字符");
    if (value)
        store_param_text(params, value);
    else
        store_param_null(params);
    return true;
}

bool api_param_query_int(struct http_request *request, struct store_params *params,
                         const char *name, const char *title)
{
    int64_t value;

    if (!http_read_query_int(request, name, title, 1, INT32_MAX, 0, &value))
        return false;
    if (value)
        store_param_int(params, value);
    else
        store_param_null(params);
    return true;
}

static bool two_digits(const char *at, int max)
{
    return at[0] >= '0' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9' &&
           (at[0] - '0') * 10 + at[1] - '0' <= max;
}

/* 2026-11-24 or 2026-11-24T16:00[:00[.123]][+08:00|Z]; PostgreSQL reads the rest of the rules. */
static bool looks_like_time(const char *text)
{
    size_t length = strlen(text);

    if (length < 10 || length > 35 || text[4] != '-' || text[7] != '-')
        return false;
    for (int i = 0; i < 4; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    if (!two_digits(text + 5, 12) || !two_digits(text + 8, 31))
        return false;
    if (length == 10)
        return true;
    return length >= 16 && (text[10] == 'T' || text[10] == ' ') && two_digits(text + 11, 23) &&
           text[13] == ':' && two_digits(text + 14, 59) &&
           strspn(text + 16, "0123456789:.+-Z") == length - 16;
}

bool api_param_query_time(struct http_request *request, struct store_params *params,
                          const char *name, const char *title)
{
    const char *value = http_query(request, name);
    char message[160];

    if (!value) {
        store_param_null(params);
        return true;
    }
    if (!looks_like_time(value)) {
        snprintf(message, sizeof(message),
                 "%s应为日期或时间，如 2026-11-24 或 2026-11-24T16:00+08:00", title);
        return refuse_query(request, name, message);
    }
    store_param_text(params, value);
    return true;
}

/* Time in µs, '_', an id: as the statements' "next" gave it. */
bool api_param_query_cursor(struct http_request *request, struct store_params *params)
{
    const char *value = http_query(request, "after");
    size_t digits = value ? strspn(value, "0123456789") : 0;
    struct uuid id;

    if (!value) {
        store_param_null(params);
        return true;
    }
    if (!digits || digits > 18 || value[digits] != '_' || uuid_parse(value + digits + 1, &id))
        return refuse_query(request, "after", "翻页标记无效，请从第一页重新查询");
    store_param_text(params, value);
    return true;
}

bool api_param_query_limit(struct http_request *request, struct store_params *params,
                           int64_t default_value, int64_t max)
{
    int64_t value;

    if (!http_read_query_int(request, "limit", "每页条数", 1, max, default_value, &value))
        return false;
    store_param_int(params, value);
    return true;
}

bool api_path_uuid(struct http_request *request, const char *name, struct uuid *ret_id)
{
    if (uuid_parse(http_path_param(request, name), ret_id) == 0)
        return true;
    api_missing(request, NULL);
    return false;
}

bool api_path_int(struct http_request *request, const char *name, int32_t *ret_id)
{
    int64_t value;

    if (text_to_int(http_path_param(request, name), 1, INT32_MAX, &value)) {
        api_missing(request, NULL);
        return false;
    }
    *ret_id = (int32_t)value;
    return true;
}

bool api_if_match(struct http_request *request, int64_t *ret_version)
{
    const char *header = http_header(request, "If-Match");
    char version[24];
    size_t length = header ? strlen(header) : 0;

    if (!header) {
        http_problem(request, 428, "version.required",
                     "修改需要带上所依据的版本（If-Match），请刷新后再改", NULL);
        return false;
    }
    if (length >= 3 && length < sizeof(version) && header[0] == '"' && header[length - 1] == '"') {
        memcpy(version, header + 1, length - 2);
        version[length - 2] = 0;
        if (text_to_int(version, 1, INT32_MAX, ret_version) == 0)
            return true;
    }
    http_problem(request, 422, "version.invalid", "If-Match 应为带引号的版本号，如 \"3\"", NULL);
    return false;
}
