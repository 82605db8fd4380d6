/* Whom an agent's call goes to, or who is asked: consulting, help, transfers. */
#include <stdio.h>
#include <stdlib.h>

#include "api/agent_calls.h"

/* --- one of many ---------------------------------------------------------------------------- */

/* One of them. */
struct target_body {
    int64_t queue_id, user_id;
    const char *number;
    bool three;         /* of help */
    const cJSON *draft; /* of transfer */
};

static const struct http_field consult_fields[] = {
    {"user_id", "坐席", HTTP_INT, offsetof(struct target_body, user_id), 0, 1, INT32_MAX},
    {"number", "号码", HTTP_TEXT, offsetof(struct target_body, number), 0, 1, 40},
};

static const struct http_field help_fields[] = {
    {"user_id", "坐席", HTTP_INT, offsetof(struct target_body, user_id), HTTP_REQUIRED, 1,
     INT32_MAX},
    {"three", "三方求助", HTTP_BOOL, offsetof(struct target_body, three), 0, 0, 0},
};

static const struct http_field transfer_fields[] = {
    {"queue_id", "队列", HTTP_INT, offsetof(struct target_body, queue_id), 0, 1, INT32_MAX},
    {"user_id", "坐席", HTTP_INT, offsetof(struct target_body, user_id), 0, 1, INT32_MAX},
    {"number", "号码", HTTP_TEXT, offsetof(struct target_body, number), 0, 1, 40},
    {"draft", "登记内容", HTTP_JSON, offsetof(struct target_body, draft), 0, 0, 0},
};

static bool has_number(const struct target_body *body)
{
    return body->number && body->number[0];
}

/* False (answered): none or more than one is named, or a number and he may not call any. */
static bool is_one_target(struct api *api, struct http_request *request,
                          const struct target_body *body, bool queue)
{
    if ((body->queue_id != 0) + (body->user_id != 0) + has_number(body) != 1) {
        api_field_problem(request, queue ? "queue_id" : "user_id",
                          queue ? "请选择队列、坐席或填写外部号码中的一项"
                                : "请选择坐席，或填写外部号码");
        return false;
    }
    if (has_number(body) && !access_may(&api_person(request)->subject, PERM_CALL_DIAL)) {
        api_audit(api, api_person(request), "refused", "call.dial", "", http_path(request));
        http_problem(request, 403, "forbidden", "您没有“拨打外部号码”的权限，请选择同事或队列",
                     NULL);
        return false;
    }
    return true;
}

static const char *field_of(enum telephony_result result)
{
    switch (result) {
    case TELEPHONY_NO_COLLEAGUE:
        return "user_id";
    case TELEPHONY_NO_QUEUE:
        return "queue_id";
    case TELEPHONY_BAD_NUMBER:
    case TELEPHONY_NUMBER_REFUSED:
        return "number";
    default:
        return NULL;
    }
}

static void answer_target(struct api *api, struct http_request *request, const char *action,
                          const struct uuid *call_id, const struct target_body *body,
                          enum telephony_result result)
{
    char text[UUID_TEXT_SIZE], detail[80];

    if (result == TELEPHONY_NUMBER_REFUSED) {
        api_telephony_number_problem(api, request, api_person(request)->subject.center_id,
                                     body->number, result);
        return;
    }
    if (field_of(result)) {
        api_field_problem(request, field_of(result), api_telephony_title(result));
        return;
    }
    if (!api_telephony_is_good(api, request, result))
        return;
    if (has_number(body))
        snprintf(detail, sizeof(detail), "number=%s", body->number);
    else
        snprintf(detail, sizeof(detail), "%s=%d", body->user_id ? "user" : "queue",
                 (int)(body->user_id ? body->user_id : body->queue_id));
    api_audit(api, api_person(request), action, "call", uuid_text(call_id, text), detail);
    http_answer_empty(request, 204);
}

/* --- asked ---------------------------------------------------------------------------------- */

static void post_consult(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct target_body body = {0};
    enum telephony_result result;
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, consult_fields, 2, &body) ||
        !is_one_target(api, request, &body, false))
        return;
    result = body.user_id ? telephony_consult(api->deps.telephony, api_user_of(request), &call_id,
                                              (int32_t)body.user_id)
                          : telephony_consult_number(api->deps.telephony, api_user_of(request),
                                                     &call_id, body.number);
    answer_target(api, request, "call.consult", &call_id, &body, result);
}

static void post_help(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct target_body body = {0};
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, help_fields, 2, &body))
        return;
    answer_target(api, request, "call.help", &call_id, &body,
                  telephony_help(api->deps.telephony, api_user_of(request), &call_id,
                                 (int32_t)body.user_id, body.three));
}

static void post_consult_end(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_consult_end);
}

static void post_consult_join(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_consult_join);
}

static void post_consult_complete(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_consult_complete);
}

static void post_consult_release(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_consult_release);
}

/* --- passed on ------------------------------------------------------------------------------ */

/* The registration begun goes to whoever has the call next: before the transfer, because he may
 * ring in the same turn. */
static enum telephony_result hand_over(struct telephony *telephony, int32_t user_id,
                                       const struct uuid *call_id, const cJSON *draft)
{
    char *json = cJSON_IsObject(draft) ? cJSON_PrintUnformatted(draft) : NULL;
    enum telephony_result result = telephony_hand_over(telephony, user_id, call_id, json);

    free(json);
    return result;
}

static enum telephony_result transfer(struct telephony *telephony, int32_t user_id,
                                      const struct uuid *call_id, const struct target_body *body)
{
    enum telephony_result result = hand_over(telephony, user_id, call_id, body->draft);

    if (result == TELEPHONY_NOT_NOW) /* where there is no talk, what follows says so better */
        return result;
    if (body->queue_id)
        result = telephony_transfer(telephony, user_id, call_id, (int32_t)body->queue_id);
    else if (body->user_id)
        result = telephony_pass_to_agent(telephony, user_id, call_id, (int32_t)body->user_id);
    else
        result = telephony_pass_to_number(telephony, user_id, call_id, body->number);
    if (result != TELEPHONY_OK)
        (void)telephony_hand_over(telephony, user_id, call_id, NULL);
    return result;
}

static void post_transfer(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct target_body body = {0};
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, transfer_fields,
                        sizeof(transfer_fields) / sizeof(transfer_fields[0]), &body) ||
        !is_one_target(api, request, &body, true))
        return;
    if (body.draft && !cJSON_IsNull(body.draft) && !cJSON_IsObject(body.draft)) {
        api_field_problem(request, "draft", "登记内容应为 JSON 对象");
        return;
    }
    answer_target(api, request, "call.transfer", &call_id, &body,
                  transfer(api->deps.telephony, api_user_of(request), &call_id, &body));
}

#define BASE "/api/v1/agent"
static const struct api_route rows[] = {
    {{"POST", BASE "/calls/{call_id}/consult", PERM_AGENT_WORK, post_consult, "磋商"},
     consult_fields,
     2,
     NULL},
    {{"POST", BASE "/calls/{call_id}/help", PERM_AGENT_WORK, post_help, "求助"},
     help_fields,
     2,
     NULL},
    {{"POST", BASE "/calls/{call_id}/consult/release", PERM_AGENT_WORK, post_consult_release,
      "三方通话中请来电人退出"},
     NULL,
     0,
     NULL},
    {{"POST", BASE "/calls/{call_id}/consult/end", PERM_AGENT_WORK, post_consult_end, "取回来电"},
     NULL,
     0,
     NULL},
    {{"POST", BASE "/calls/{call_id}/consult/join", PERM_AGENT_WORK, post_consult_join, "三方通话"},
     NULL,
     0,
     NULL},
    {{"POST", BASE "/calls/{call_id}/consult/complete", PERM_AGENT_WORK, post_consult_complete,
      "磋商后转出"},
     NULL,
     0,
     NULL},
    {{"POST", BASE "/calls/{call_id}/transfer", PERM_AGENT_WORK, post_transfer,
      "转接到队列、坐席或外部号码", API_BODY_FORM},
     transfer_fields,
     sizeof(transfer_fields) / sizeof(transfer_fields[0]),
     NULL},
};
const struct api_routes api_routes_agent_pass = API_ROUTES(rows);
