/* 转IVR, 转满意度: an agent sends his caller into a flow. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/results.h"

static const char no_flow[] = "本中心没有这个流程或菜单，请重新选择";

static void get_targets(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct text json = {0};
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id))
        return;
    telephony_flow_targets_json(api->deps.telephony, api_user_of(request), &call_id, &json);
    api_answer_text(request, &json);
}

static void answer(struct api *api, struct http_request *request, enum telephony_result result,
                   const struct uuid *call_id, const char *action, const char *detail)
{
    char id[UUID_TEXT_SIZE];

    if (result != TELEPHONY_OK) {
        api_telephony_problem(api, request, result);
        return;
    }
    api_audit(api, api_person(request), action, "call", uuid_text(call_id, id), detail);
    http_answer_empty(request, 204);
}

struct flow_body {
    const char *mode, *flow, *node;
};
static const struct http_field flow_fields[] = {
    {"mode", "方式", HTTP_TEXT, offsetof(struct flow_body, mode), HTTP_REQUIRED, 1, 10},
    {"flow", "流程", HTTP_TEXT, offsetof(struct flow_body, flow), 0, 0, 47},
    {"node", "菜单", HTTP_TEXT, offsetof(struct flow_body, node), 0, 0, 47},
};

static void post_flow(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct flow_body body = {"", "", ""};
    enum telephony_result result;
    struct uuid call_id;
    char detail[160];
    bool suspend;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, flow_fields, 3, &body))
        return;
    suspend = strcmp(body.mode, "suspend") == 0;
    if (!suspend && strcmp(body.mode, "release") != 0) {
        api_field_problem(request, "mode", "方式只能为 release（转出）或 suspend（转出后返回）");
        return;
    }
    result = telephony_to_flow(api->deps.telephony, api_user_of(request), &call_id, suspend,
                               body.flow, body.node);
    if (result == TELEPHONY_NO_FLOW) {
        api_field_problem(request, body.node[0] ? "node" : "flow", no_flow);
        return;
    }
    snprintf(detail, sizeof(detail), "mode=%s flow=%s node=%s", body.mode, body.flow, body.node);
    answer(api, request, result, &call_id, "call.to_flow", detail);
}

static void post_flow_end(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct uuid call_id;

    if (api_path_uuid(request, "call_id", &call_id))
        answer(api, request,
               telephony_from_flow(api->deps.telephony, api_user_of(request), &call_id), &call_id,
               "call.from_flow", "");
}

static void post_survey(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct uuid call_id;

    if (api_path_uuid(request, "call_id", &call_id))
        answer(api, request, telephony_survey(api->deps.telephony, api_user_of(request), &call_id),
               &call_id, "call.survey", "");
}

#define CALL "/api/v1/agent/calls/{call_id}"
static const struct api_route rows[] = {
    {.http = {"GET", CALL "/flows", PERM_AGENT_WORK, get_targets, "可转入的菜单和流程"}},
    {{"POST", CALL "/flow", PERM_AGENT_WORK, post_flow, "把来电转入语音流程"}, flow_fields, 3},
    {.http = {"POST", CALL "/flow/end", PERM_AGENT_WORK, post_flow_end, "从语音流程取回来电"}},
    {.http = {"POST", CALL "/survey", PERM_AGENT_WORK, post_survey, "转满意度调查"}},
};
const struct api_routes api_routes_errands = API_ROUTES(rows);
