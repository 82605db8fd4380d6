/* Callers who gave up or asked to be called back, for agents who are free (SCN-14). */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/call_back.h"
#include "api/looks.h"
#include "api/settings.h"

#define FILTERS "from to center_id number state queue_id" /* audited as given */

static const char missing[] = "没有这条回拨记录，或不属于您的中心";

static void refuse(struct http_request *request, const char *result, const char *by)
{
    char title[200];

    if (strcmp(result, "taken") == 0)
        snprintf(title, sizeof(title), "%s 正在回拨，请换一条", by);
    else if (strcmp(result, "later") == 0)
        snprintf(title, sizeof(title), "刚刚拨过没有接通，%s 以后可以再拨", by);
    else
        text_copy(title, sizeof(title), "这条回拨记录已经办结或失效");
    http_problem(request, 409,
                 strcmp(result, "taken") == 0   ? "callback.taken"
                 : strcmp(result, "later") == 0 ? "callback.later"
                                                : "callback.over",
                 title, NULL);
}

/* --- the list -------------------------------------------------------------------------------- */

static void list_callbacks(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_CALLBACK_LIST,
                          .permission = PERM_CALLBACK_WORK,
                          .action = "callback.list",
                          .object_kind = "callback"};
    int32_t center;

    if (!api_query_center(arg, request, PERM_CALLBACK_WORK, &center) ||
        !api_param_query_time(request, &ask.params, "from", "起始时间") ||
        !api_param_query_time(request, &ask.params, "to", "截止时间"))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    if (!api_param_query_text(request, &ask.params, "number") ||
        !api_param_query_text(request, &ask.params, "state") ||
        !api_param_query_int(request, &ask.params, "queue_id", "队列") ||
        !api_param_query_limit(request, &ask.params, 50, 200) ||
        !api_param_query_cursor(request, &ask.params))
        return;
    store_param_bool(&ask.params, api_may_reveal(api_person(request), PERM_CALLBACK_WORK));
    look_filters(request, FILTERS, ask.detail, sizeof(ask.detail));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- calling, and giving up ------------------------------------------------------------------ */

static void call_callback(struct http_request *request, void *arg)
{
    static const struct call_back_kind kind = {STMT_CALLBACK_CLAIM,
                                               STMT_CALLBACK_UNCLAIM,
                                               PERM_CALLBACK_WORK,
                                               "callback",
                                               "callback.call",
                                               missing,
                                               refuse};

    call_back_begin(arg, request, &kind);
}

struct drop_body {
    const char *reason;
};
static const struct http_field drop_fields[] = {
    {"reason", "原因", HTTP_TEXT, offsetof(struct drop_body, reason), HTTP_REQUIRED, 1, 300},
};

static void drop_callback(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_CALLBACK_DROP, .permission = PERM_CALLBACK_WORK};
    struct work_step step = {"callback.drop", "callback", missing, .refuse = refuse};
    struct drop_body body = {0};
    struct uuid id;

    if (!api_path_uuid(request, "id", &id) ||
        !http_read_body(request, SETTINGS_BODY(drop_fields), &body))
        return;
    if (settings_is_blank(body.reason)) {
        api_field_problem(request, "reason", "请写明不再回拨的原因");
        return;
    }
    store_param_uuid(&ask.params, &id);
    store_param_text(&ask.params, body.reason);
    store_param_int(&ask.params, api_person(request)->subject.user_id);
    (void)uuid_text(&id, step.object_id);
    work_step_ask(arg, request, &ask, &step);
}

/* --- settings -------------------------------------------------------------------------------- */

struct settings_body {
    int64_t max_attempts, retry_minutes, expire_hours;
    const cJSON *queue_ids;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct settings_body, name), flags, min, max                  \
    }
static const struct http_field settings_fields[] = {
    FIELD(max_attempts, "最多拨打次数", HTTP_INT, HTTP_REQUIRED, 1, 20),
    FIELD(retry_minutes, "再拨间隔（分钟）", HTTP_INT, HTTP_REQUIRED, 0, 1440),
    FIELD(expire_hours, "失效时间（小时）", HTTP_INT, HTTP_REQUIRED, 1, 720),
    FIELD(queue_ids, "生成回拨记录的队列", HTTP_JSON, HTTP_REQUIRED, 0, 0),
};

static void read_settings(struct http_request *request, void *arg)
{
    settings_get_own(arg, request, STMT_CALLBACK_SETTINGS);
}

static void write_settings(struct http_request *request, void *arg)
{
    struct settings_body body = {0};
    struct api_ask ask;

    if (!settings_put_own(arg, request, STMT_CALLBACK_SETTINGS_SAVE, "callback.settings", "center",
                          &ask) ||
        !http_read_body(request, SETTINGS_BODY(settings_fields), &body))
        return;
    if (!settings_is_list_of_ids(body.queue_ids)) {
        api_field_problem(request, "queue_ids", "生成回拨记录的队列应为队列编号的列表");
        return;
    }
    snprintf(ask.detail, sizeof(ask.detail), "attempts=%lld minutes=%lld hours=%lld",
             (long long)body.max_attempts, (long long)body.retry_minutes,
             (long long)body.expire_hours);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- routes ---------------------------------------------------------------------------------- */

#define ALL      "/api/v1/callbacks"
#define SETTINGS "/api/v1/settings/callbacks"
static const struct api_route routes[] = {
    {.http = {"GET", ALL, PERM_CALLBACK_WORK, list_callbacks, "查询回拨记录"},
     .query = FILTERS " limit after"},
    {.http = {"POST", ALL "/{id}/call", PERM_CALLBACK_WORK, call_callback, "回拨"}},
    {{"POST", ALL "/{id}/drop", PERM_CALLBACK_WORK, drop_callback, "不再回拨"},
     SETTINGS_BODY(drop_fields)},
    {.http = {"GET", SETTINGS, PERM_SETTINGS_READ, read_settings, "回拨设置"},
     .query = "center_id"},
    {{"PUT", SETTINGS, PERM_SETTINGS_WRITE, write_settings, "修改回拨设置"},
     SETTINGS_BODY(settings_fields),
     .query = "center_id",
     .if_match = true},
};
const struct api_routes api_routes_callbacks = API_ROUTES(routes);
