/* Black and white lists of numbers (CC-33, CC-34). Leaders keep the black list, from the call log
 * as well; the white list is the administrator's. In force for the next call. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX     200

struct entry_body {
    const char *number, *call_id, *kind, *action, *prompt_code, *reason, *expires_on;
    int64_t center_id, queue_id, priority;
    bool prefix, enabled;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct entry_body, name), flags, min, max                     \
    }
#define ENTRY_FIELDS(required)                                                                     \
    FIELD(action, "处理", HTTP_TEXT, required, 1, 10),                                             \
        FIELD(prompt_code, "提示音", HTTP_TEXT, 0, 0, 47),                                         \
        FIELD(queue_id, "队列", HTTP_INT, 0, 1, INT32_MAX),                                        \
        FIELD(priority, "优先级提高", HTTP_INT, 0, 1, 99),                                         \
        FIELD(reason, "原因", HTTP_TEXT, required, 1, 100),                                        \
        FIELD(expires_on, "有效期至", HTTP_TEXT, 0, 0, 10),                                        \
        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0)

static const struct http_field create_fields[] = {
    ENTRY_FIELDS(HTTP_REQUIRED),
    FIELD(kind, "类别", HTTP_TEXT, HTTP_REQUIRED, 1, 5),
    FIELD(number, "号码", HTTP_TEXT, 0, 1, 24),
    FIELD(call_id, "通话", HTTP_TEXT, 0, 36, 36),
    FIELD(prefix, "号码开头", HTTP_BOOL, 0, 0, 0),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field update_fields[] = {ENTRY_FIELDS(0)};

static const struct settings_kind entry_kind = SETTINGS_KIND(
    "number_list", NUMBER_ENTRY, PERM_LIST_WRITE, "名单中没有这一条，或不属于您管理的中心");

static bool is_one_of(const char *text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return true;
    return false;
}

/* "" = for good. */
static bool is_day_or_empty(const char *text)
{
    char moment[20];
    int64_t ms;

    snprintf(moment, sizeof(moment), "%sT00:00", text);
    return !*text || calendar_time(moment, &ms) == 0;
}

static void check_source(const struct entry_body *body, cJSON *errors)
{
    struct uuid id;

    if (!body->number == !body->call_id)
        settings_complain(errors, "number", "请填写号码");
    if (body->call_id && uuid_parse(body->call_id, &id))
        settings_complain(errors, "call_id", "没有这个通话");
}

static bool read_entry(struct http_request *request, const struct http_field *fields, size_t count,
                       struct entry_body *body)
{
    static const char *const kinds[] = {"black", "white"};
    static const char *const actions[] = {"refuse", "prompt", "queue", "priority"};
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->kind && !is_one_of(body->kind, kinds, 2))
        settings_complain(errors, "kind", "类别应为黑名单或白名单");
    if (body->kind)
        check_source(body, errors);
    if (body->action && !is_one_of(body->action, actions, 4))
        settings_complain(errors, "action", "没有这种处理方式，请从列表中选择");
    if (body->reason && settings_is_blank(body->reason))
        settings_complain(errors, "reason", "请填写列入原因");
    if (body->expires_on && !is_day_or_empty(body->expires_on))
        settings_complain(errors, "expires_on", "有效期应为日期，如 2026-12-31，不填为长期");
    return !settings_refuse(request, errors);
}

static bool may_white(const struct http_request *request)
{
    return access_may(&api_person(request)->subject, PERM_SETTINGS_WRITE);
}

static bool param_kind(struct http_request *request, struct store_params *params)
{
    const char *kind = http_query(request, "kind");

    if (kind && strcmp(kind, "black") != 0 && strcmp(kind, "white") != 0) {
        api_field_problem(request, "kind", "类别应为 black 或 white");
        return false;
    }
    return api_param_query_text(request, params, "kind");
}

static void list_entries(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_NUMBER_ENTRY_LIST,
                          .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!api_query_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    if (!param_kind(request, &ask.params) || !api_param_query_text(request, &ask.params, "search"))
        return;
    store_param_bool(&ask.params, api_may_reveal(api_person(request), PERM_SETTINGS_READ));
    if (api_param_query_limit(request, &ask.params, PAGE_DEFAULT, PAGE_MAX) &&
        api_param_query_int(request, &ask.params, "after", "翻页标记"))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void create_entry(struct http_request *request, void *arg)
{
    struct entry_body body = {0};
    struct api_ask ask;

    if (!read_entry(request, SETTINGS_BODY(create_fields), &body) ||
        !settings_create(arg, request, &entry_kind, body.center_id, &ask))
        return;
    store_param_bool(&ask.params, may_white(request));
    snprintf(ask.detail, sizeof(ask.detail), "%s %s number=%s call=%s center=%s", body.kind,
             body.action, body.number ? body.number : "", body.call_id ? body.call_id : "",
             ask.params.values[0]);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_entry(struct http_request *request, void *arg)
{
    struct entry_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &entry_kind, &ask) ||
        !read_entry(request, SETTINGS_BODY(update_fields), &body))
        return;
    store_param_bool(&ask.params, may_white(request));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_entry(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (!settings_remove(request, &entry_kind, &ask))
        return;
    store_param_bool(&ask.params, may_white(request));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define LISTS "/api/v1/settings/number-lists"
static const struct api_route routes[] = {
    {.http = {"GET", LISTS, PERM_SETTINGS_READ, list_entries, "黑白名单"},
     .query = "center_id kind search limit after"},
    {{"POST", LISTS, PERM_LIST_WRITE, create_entry, "加入黑白名单"}, SETTINGS_BODY(create_fields)},
    {{"PUT", LISTS "/{id}", PERM_LIST_WRITE, update_entry, "修改黑白名单"},
     SETTINGS_BODY(update_fields),
     .if_match = true},
    {.http = {"DELETE", LISTS "/{id}", PERM_LIST_WRITE, delete_entry, "从黑白名单中删除"}},
};
const struct api_routes api_routes_lists = API_ROUTES(routes);
