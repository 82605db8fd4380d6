/* Callers passed on to other centers, and agents there asked (XFER-01 ... XFER-06, XFER-11). */
#include <stdio.h>
#include <stdlib.h>

#include "api/results.h"

#define NOTE_MAX 400 /* ALONG_NOTE holds them */

struct to_center_body {
    int64_t center_id;
    const char *note;
    const cJSON *draft;
    bool help, three;
};

static const struct http_field to_center_fields[] = {
    {"center_id", "中心", HTTP_INT, offsetof(struct to_center_body, center_id), HTTP_REQUIRED, 1,
     INT32_MAX},
    {"note", "备注", HTTP_TEXT, offsetof(struct to_center_body, note), 0, 0, NOTE_MAX},
    {"draft", "登记内容", HTTP_JSON, offsetof(struct to_center_body, draft), 0, 0, 0},
    /* of who is asked: */
    {"help", "计为求助", HTTP_BOOL, offsetof(struct to_center_body, help), 0, 0, 0},
    {"three", "三方求助", HTTP_BOOL, offsetof(struct to_center_body, three), 0, 0, 0},
};
#define PASS_FIELDS 3
#define ASK_FIELDS  5

typedef enum telephony_result to_center_h(struct telephony *telephony, int32_t user_id,
                                          const struct uuid *call_id,
                                          const struct telephony_to_center *to,
                                          const char **ret_why);

static void answer(struct api *api, struct http_request *request, enum telephony_result result,
                   const char *why)
{
    if (result == TELEPHONY_CENTER_CLOSED)
        http_problem(request, 409, "center.refused", why, NULL);
    else if (result == TELEPHONY_NO_CENTER)
        api_field_problem(request, "center_id", "没有这个中心，请重新选择");
    else
        api_agent_answer(api, request, result);
}

static void to_center(struct api *api, struct http_request *request, to_center_h *go, size_t fields,
                      const char *action)
{
    const struct api_person *person = api_person(request);
    struct to_center_body body = {0};
    struct telephony_to_center to;
    enum telephony_result result;
    const char *why = "";
    struct uuid call_id;
    char text[UUID_TEXT_SIZE], detail[32], *draft;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, to_center_fields, fields, &body))
        return;
    draft = body.draft ? cJSON_PrintUnformatted(body.draft) : NULL;
    to = (struct telephony_to_center){(int32_t)body.center_id, body.help, body.three, body.note,
                                      draft};
    result = go(api->deps.telephony, person->subject.user_id, &call_id, &to, &why);
    free(draft);
    if (result == TELEPHONY_OK) {
        snprintf(detail, sizeof(detail), "center=%d", to.center_id);
        api_audit(api, person, body.help ? "call.help" : action, "call", uuid_text(&call_id, text),
                  detail);
    }
    answer(api, request, result, why);
}

static void post_transfer(struct http_request *request, void *arg)
{
    to_center(arg, request, telephony_pass_to_center, PASS_FIELDS, "call.transfer");
}

static void post_consult(struct http_request *request, void *arg)
{
    to_center(arg, request, telephony_consult_center, ASK_FIELDS, "call.consult");
}

static void get_centers(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct text json = {0};

    text_add(&json, "{\"items\":");
    telephony_centers_json(api->deps.telephony, api_person(request)->subject.center_id, &json);
    text_add(&json, "}");
    api_answer_text(request, &json);
}

#define BASE "/api/v1/agent"
static const struct api_route rows[] = {
    {{"GET", BASE "/centers", PERM_AGENT_WORK, get_centers, "可转往的其他中心"}, NULL, 0, NULL},
    {{"POST", BASE "/calls/{call_id}/transfer/center", PERM_AGENT_WORK, post_transfer,
      "转接到其他中心", API_BODY_FORM},
     to_center_fields,
     PASS_FIELDS,
     NULL},
    {{"POST", BASE "/calls/{call_id}/consult/center", PERM_AGENT_WORK, post_consult,
      "与其他中心的坐席磋商，或向其求助", API_BODY_FORM},
     to_center_fields,
     ASK_FIELDS,
     NULL},
};
const struct api_routes api_routes_agent_centers = API_ROUTES(rows);
