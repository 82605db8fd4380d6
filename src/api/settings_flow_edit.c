/* What the flow editor needs besides the flow: a new one, and what may be chosen at its nodes. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define CODE_MAX    47
#define NAME_LENGTH 40

struct create_body {
    int64_t center_id;
    const char *code, *name;
};
static const struct http_field create_fields[] = {
    {"center_id", "中心", HTTP_INT, offsetof(struct create_body, center_id), 0, 1, INT32_MAX},
    {"code", "代码", HTTP_TEXT, offsetof(struct create_body, code), HTTP_REQUIRED, 1, CODE_MAX},
    {"name", "名称", HTTP_TEXT, offsetof(struct create_body, name), HTTP_REQUIRED, 1, NAME_LENGTH},
};

static bool read_flow(struct http_request *request, struct create_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, SETTINGS_BODY(create_fields), body))
        return false;
    errors = cJSON_CreateObject();
    if (!settings_is_code(body->code))
        settings_complain(errors, "code", "代码应以小写字母开头，只含小写字母、数字和下划线");
    if (settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    return !settings_refuse(request, errors);
}

static void create_flow(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_FLOW_CREATE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .status = 201,
        .action = "flow.create",
        .object_kind = "flow",
    };
    struct create_body body = {0};
    int32_t center;

    if (!read_flow(request, &body) ||
        !api_check_center(arg, request, PERM_SETTINGS_WRITE, body.center_id, &center))
        return;
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, body.code);
    store_param_text(&ask.params, body.name);
    (void)text_copy(ask.object_id, sizeof(ask.object_id), body.code);
    snprintf(ask.detail, sizeof(ask.detail), "center=%d", center);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void get_choices(struct http_request *request, void *arg)
{
    settings_get(arg, request, STMT_SETTINGS_FLOW_CHOICES, "flow",
                 "没有这个语音流程，或不属于您管理的中心");
}

#define FLOWS "/api/v1/settings/flows"
static const struct api_route routes[] = {
    {{"POST", FLOWS, PERM_SETTINGS_WRITE, create_flow, "新建语音流程"},
     SETTINGS_BODY(create_fields)},
    {.http = {"GET", FLOWS "/{id}/choices", PERM_SETTINGS_READ, get_choices,
              "流程节点可选的提示音、队列、日历、坐席"}},
};
const struct api_routes api_routes_flow_edit = API_ROUTES(routes);
