/* Agents themselves: signing in, states, the line they speak through, who is there beside them. */
#include <string.h>

#include "api/results.h"

#define ANSWER_SIZE 4096 /* an SDP answer of ours */
#define SDP_MAX     32000

static void answer_document(struct api *api, struct http_request *request)
{
    struct text json = {0};

    telephony_agent_json(api->deps.telephony, api_person(request)->subject.user_id, &json);
    api_answer_text(request, &json);
}

/* --- signing in, states --------------------------------------------------------------------- */

static void get_agent(struct http_request *request, void *arg)
{
    answer_document(arg, request);
}

struct sign_in_body {
    const char *line;
    bool move;
};

static const struct http_field sign_in_fields[] = {
    {"line", "线路", HTTP_TEXT, offsetof(struct sign_in_body, line), HTTP_REQUIRED, 1, 16},
    {"move", "迁移到本机", HTTP_BOOL, offsetof(struct sign_in_body, move), 0, 0, 0},
};

static void post_sign_in(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct sign_in_body body = {0};
    struct telephony_sign_in in = {.session = person->token_hash, .address = person->address};

    if (!http_read_body(request, sign_in_fields, 2, &body))
        return;
    in.phone = strcmp(body.line, "phone") == 0;
    in.move = body.move;
    if (!in.phone && strcmp(body.line, "browser") != 0) {
        api_field_problem(request, "line", "线路应为 browser（浏览器）或 phone（话机）");
        return;
    }
    if (api_telephony_is_good(api, request,
                              telephony_sign_in(api->deps.telephony, person->subject.user_id, &in)))
        answer_document(api, request);
}

static void post_sign_out(struct http_request *request, void *arg)
{
    struct api *api = arg;

    api_agent_answer(api, request,
                     telephony_sign_out(api->deps.telephony, api_user_of(request), "user"));
}

struct state_body {
    const char *state;
    int64_t reason_id;
};

static const struct http_field state_fields[] = {
    {"state", "状态", HTTP_TEXT, offsetof(struct state_body, state), HTTP_REQUIRED, 1, 16},
    {"reason_id", "原因", HTTP_INT, offsetof(struct state_body, reason_id), 0, 0, INT32_MAX},
};

static void put_state(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct state_body body = {0};

    if (http_read_body(request, state_fields, 2, &body) &&
        api_telephony_is_good(api, request,
                              telephony_set_state(api->deps.telephony, api_user_of(request),
                                                  body.state, (int32_t)body.reason_id)))
        answer_document(api, request);
}

/* --- the line ------------------------------------------------------------------------------- */

struct line_body {
    const char *sdp;
};

static const struct http_field line_fields[] = {
    {"sdp", "线路请求", HTTP_TEXT, offsetof(struct line_body, sdp), HTTP_REQUIRED, 1, SDP_MAX},
};

static void put_line(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct line_body body = {0};
    char answer[ANSWER_SIZE], why[200] = "";
    enum telephony_result result;
    cJSON *json;

    if (!http_read_body(request, line_fields, 1, &body))
        return;
    result =
        telephony_line_offer(api->deps.telephony, person->subject.user_id, person->token_hash,
                             body.sdp, strlen(body.sdp), answer, sizeof(answer), why, sizeof(why));
    if (result == TELEPHONY_BAD_OFFER && why[0]) {
        api_field_problem(request, "sdp", why);
    } else if (api_telephony_is_good(api, request, result)) {
        json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "sdp", answer);
        http_answer_object(request, 200, json);
    }
}

static void post_line_test(struct http_request *request, void *arg)
{
    struct api *api = arg;

    api_agent_answer(api, request, telephony_line_test(api->deps.telephony, api_user_of(request)));
}

/* --- colleagues ----------------------------------------------------------------------------- */

static void get_colleagues(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct text json = {0};

    text_add(&json, "{\"items\":");
    telephony_colleagues_json(api->deps.telephony, api_person(request)->subject.center_id,
                              api_user_of(request), &json);
    text_add(&json, "}");
    api_answer_text(request, &json);
}

#define BASE "/api/v1/agent"
static const struct api_route rows[] = {
    {{"GET", BASE, PERM_AGENT_WORK, get_agent, "本人坐席状态"}, NULL, 0, NULL},
    {{"POST", BASE "/sign-in", PERM_AGENT_WORK, post_sign_in, "签入话务"}, sign_in_fields, 2, NULL},
    {{"POST", BASE "/sign-out", PERM_AGENT_WORK, post_sign_out, "签出话务"}, NULL, 0, NULL},
    {{"PUT", BASE "/state", PERM_AGENT_WORK, put_state, "示闲、示忙、小休"}, state_fields, 2, NULL},
    {{"PUT", BASE "/line", PERM_AGENT_WORK, put_line, "建立或恢复语音线路", API_BODY_FORM},
     line_fields,
     1,
     NULL},
    {{"POST", BASE "/line/test", PERM_AGENT_WORK, post_line_test, "播放测试音"}, NULL, 0, NULL},
    {{"GET", BASE "/colleagues", PERM_AGENT_WORK, get_colleagues, "本中心已签入的同事"},
     NULL,
     0,
     NULL},
};
const struct api_routes api_routes_agent = API_ROUTES(rows);
