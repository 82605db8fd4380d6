/* Centers: names, the announcement of agent numbers, and what is switched off for one of them. */
#include <stddef.h>
#include <stdio.h>

#include "api/functions.h"
#include "api/settings.h"

struct center_body {
    const char *name;
    bool announce_agent_no;
    const cJSON *functions_off;
};

static const struct http_field center_fields[] = {
    {"name", "名称", HTTP_TEXT, offsetof(struct center_body, name), 0, 1, 20},
    {"announce_agent_no", "接听时播报工号", HTTP_BOOL,
     offsetof(struct center_body, announce_agent_no), 0, 0, 0},
    {"functions_off", "停用的功能", HTTP_JSON, offsetof(struct center_body, functions_off), 0, 0,
     0},
};

static const struct http_field function_fields[] = {
    {"enabled", "是否启用", HTTP_BOOL, 0, HTTP_REQUIRED, 0, 0},
};

struct new_center {
    const char *code, *name, *city_code, *city_name, *area_code, *organ_code;
};

#define NEW_FIELD(name, title, flags, min, max)                                                    \
    {                                                                                              \
#name, title, HTTP_TEXT, offsetof(struct new_center, name), flags, min, max                \
    }
static const struct http_field new_center_fields[] = {
    NEW_FIELD(code, "代码", HTTP_REQUIRED, 1, 31),
    NEW_FIELD(name, "名称", HTTP_REQUIRED, 1, 20),
    NEW_FIELD(city_code, "行政区划代码", HTTP_REQUIRED, 6, 6),
    NEW_FIELD(city_name, "地区名称", HTTP_REQUIRED, 1, 10),
    NEW_FIELD(area_code, "长途区号", HTTP_REQUIRED, 3, 4),
    NEW_FIELD(organ_code, "税务机关代码", 0, 0, 20),
};

static void get_centers(struct http_request *request, void *arg)
{
    /* In the daemon's scope: a center made a moment ago is in nobody's list of centers yet. */
    struct api_ask ask = {.statement = STMT_SETTINGS_CENTER_LIST};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* Answers 422 and returns false when the list names a function there is not. */
static bool check_functions(struct http_request *request, const cJSON *list)
{
    char message[160];
    const cJSON *item;

    if (!cJSON_IsArray(list)) {
        api_field_problem(request, "functions_off", "停用的功能应为功能名的列表");
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        const char *name = cJSON_GetStringValue(item);
        if (function_find(name))
            continue;
        snprintf(message, sizeof(message), "没有名为“%.40s”的功能", name ? name : "（不是文本）");
        api_field_problem(request, "functions_off", message);
        return false;
    }
    return true;
}

static bool check_new(struct http_request *request, const struct new_center *body)
{
    cJSON *errors = cJSON_CreateObject();

    if (!settings_is_code(body->code))
        settings_complain(errors, "code", "代码以小写字母开头，只能用小写字母、数字和下划线");
    if (settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (!settings_consists_of(body->city_code, SETTINGS_DIGITS))
        settings_complain(errors, "city_code", "行政区划代码应为 6 位数字");
    if (settings_is_blank(body->city_name))
        settings_complain(errors, "city_name", "请填写地区名称");
    if (body->area_code[0] != '0' || !settings_consists_of(body->area_code, SETTINGS_DIGITS))
        settings_complain(errors, "area_code", "长途区号应为 0 开头的 3 到 4 位数字");
    if (body->organ_code && *body->organ_code &&
        !settings_consists_of(body->organ_code, SETTINGS_DIGITS))
        settings_complain(errors, "organ_code", "税务机关代码应为数字");
    return !settings_refuse(request, errors);
}

static void post_center(struct http_request *request, void *arg)
{
    struct new_center body = {0};
    struct api_ask ask = {.statement = STMT_SETTINGS_CENTER_CREATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .status = 201,
                          .action = "center.create",
                          .object_kind = "center"};
    size_t length;

    if (!http_read_body(request, SETTINGS_BODY(new_center_fields), &body) ||
        !check_new(request, &body))
        return;
    text_copy(ask.object_id, sizeof(ask.object_id), body.code);
    store_param_text(&ask.params, http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_center(struct http_request *request, void *arg)
{
    static const struct settings_kind kind = {.name = "center",
                                              .permission = PERM_REGION_WRITE,
                                              .update = STMT_SETTINGS_CENTER_UPDATE,
                                              .updated = "center.update"};
    struct center_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &kind, &ask) ||
        !http_read_body(request, SETTINGS_BODY(center_fields), &body) ||
        (body.functions_off && !check_functions(request, body.functions_off)))
        return;
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void get_functions(struct http_request *request, void *arg)
{
    struct text out = {0};

    (void)arg;
    api_functions_json(&out);
    api_answer_text(request, &out);
}

/* One at a time, so that the log says who switched what, and two people at two functions do not
 * disturb each other. */
static void put_function(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_CENTER_FUNCTION,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .action = "center.function",
                          .object_kind = "center"};
    enum function function = function_find(http_path_param(request, "function"));
    bool enabled = true;
    int32_t id;

    if (!api_path_int(request, "id", &id) ||
        !http_read_body(request, SETTINGS_BODY(function_fields), &enabled))
        return;
    if (!function) {
        api_missing(request, "没有这项功能");
        return;
    }
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    snprintf(ask.detail, sizeof(ask.detail), "%s=%s", function_name(function),
             enabled ? "on" : "off");
    store_param_int(&ask.params, id);
    store_param_text(&ask.params, function_name(function));
    store_param_bool(&ask.params, enabled);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static const struct api_route rows[] = {
    {{"GET", "/api/v1/settings/centers", PERM_REGION_WRITE, get_centers, "中心列表"},
     NULL,
     0,
     NULL},
    {{"POST", "/api/v1/settings/centers", PERM_REGION_WRITE, post_center, "新建分中心"},
     SETTINGS_BODY(new_center_fields)},
    {{"PUT", "/api/v1/settings/centers/{id}", PERM_REGION_WRITE, put_center, "修改中心、停用功能"},
     SETTINGS_BODY(center_fields),
     .if_match = true},
    {.http = {"GET", "/api/v1/settings/functions", PERM_REGION_WRITE, get_functions,
              "可按中心启停的功能"}},
    {{"PUT", "/api/v1/settings/centers/{id}/functions/{function}", PERM_REGION_WRITE, put_function,
      "启用或停用中心的一项功能"},
     SETTINGS_BODY(function_fields)},
};
const struct api_routes api_routes_centers = API_ROUTES(rows);
