/* What SMS gateways tell us: what became of messages, and what people replied. They ask with a key
 * of the group sms, made by the center whose gateway it is: that is whose messages they may name.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

/* --- delivery reports ----------------------------------------------------------------------- */

struct report_body {
    struct uuid id;
    const char *state, *reason;
};
static const struct http_field report_fields[] = {
    {"id", "短信编号", HTTP_UUID, offsetof(struct report_body, id), HTTP_REQUIRED, 0, 0},
    {"state", "状态", HTTP_TEXT, offsetof(struct report_body, state), HTTP_REQUIRED, 1, 20},
    {"reason", "原因", HTTP_TEXT, offsetof(struct report_body, reason), 0, 0, 200},
};

static void post_report(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SMS_REPORTED,
                          .permission = PERM_SMS_DELIVER,
                          .answer = API_RESULT,
                          .missing = "没有这条短信，或不属于这个密钥的中心",
                          .object_kind = "sms"};
    struct report_body body = {0};
    bool delivered;

    if (!http_read_body(request, SETTINGS_BODY(report_fields), &body))
        return;
    delivered = strcmp(body.state, "delivered") == 0;
    if (!delivered && strcmp(body.state, "failed") != 0) {
        api_field_problem(request, "state", "状态应为 delivered（已送达）或 failed（失败）");
        return;
    }
    (void)uuid_text(&body.id, ask.object_id);
    store_param_uuid(&ask.params, &body.id);
    store_param_bool(&ask.params, delivered);
    store_param_text(&ask.params, body.reason && *body.reason ? body.reason : "通道回报发送失败");
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- replies -------------------------------------------------------------------------------- */

struct reply_body {
    const char *id, *number, *text;
};
static const struct http_field reply_fields[] = {
    {"id", "上行短信编号", HTTP_TEXT, offsetof(struct reply_body, id), HTTP_REQUIRED, 1, 64},
    {"number", "发送号码", HTTP_TEXT, offsetof(struct reply_body, number), HTTP_REQUIRED, 1, 32},
    {"text", "内容", HTTP_TEXT, offsetof(struct reply_body, text), HTTP_REQUIRED, 0, 1000},
};

/* Nothing is ever sent in answer to a reply. */
static void post_reply(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SMS_REPLIED,
                          .permission = PERM_SMS_DELIVER,
                          .answer = API_RESULT,
                          .object_kind = "sms"};
    const struct api_person *person = api_person(request);
    struct reply_body body = {0};
    cJSON *errors;

    if (!http_read_body(request, SETTINGS_BODY(reply_fields), &body))
        return;
    errors = cJSON_CreateObject();
    if (settings_is_blank(body.id))
        settings_complain(errors, "id", "请填写通道给这条上行短信的编号，重复提交时用同一编号");
    if (!settings_consists_of(body.number, "+" SETTINGS_DIGITS))
        settings_complain(errors, "number", "号码应只有数字，可以带 +86");
    if (settings_refuse(request, errors))
        return;
    store_param_int(&ask.params, person->subject.center_id);
    store_param_text(&ask.params, body.id);
    store_param_text(&ask.params, body.number);
    store_param_text(&ask.params, body.text);
    api_ask(arg, request, person, &ask, NULL, NULL);
}

static const struct api_route routes[] = {
    {{"POST", "/api/v1/sms/reports", PERM_SMS_DELIVER, post_report, "短信送达回执"},
     SETTINGS_BODY(report_fields)},
    {{"POST", "/api/v1/sms/replies", PERM_SMS_DELIVER, post_reply, "上行短信"},
     SETTINGS_BODY(reply_fields)},
};
const struct api_routes api_routes_sms = API_ROUTES(routes);
