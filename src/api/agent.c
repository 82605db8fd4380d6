/* What agents do: sign in to their line, states, ringing calls, the summary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/room.h"

#define ANSWER_SIZE 4096 /* an SDP answer of ours */
#define SDP_MAX     32000
#define NOTE_MAX    1000

/* --- results for people --------------------------------------------------------------------- */

static const struct {
    int status;
    const char *code, *title;
} problems[] = {
    [TELEPHONY_NOT_AGENT] = {403, "agent.none", "您没有工号，不能签入话务"},
    [TELEPHONY_NOT_SIGNED_IN] = {409, "agent.not_signed_in", "您还没有签入话务，请先签入"},
    [TELEPHONY_SIGNED_IN_ELSEWHERE] = {409, "agent.signed_in_elsewhere",
                                       "您已在别处签入，是否迁移到本机？"},
    [TELEPHONY_IN_CALL] = {409, "agent.in_call", "正在通话或振铃，请先结束通话"},
    [TELEPHONY_NO_LINE] = {409, "agent.no_line", "语音线路未连通，请检查麦克风和网络后重试"},
    [TELEPHONY_STALE] = {409, "call.stale", "这通来电已结束，或已由他人接听"},
    [TELEPHONY_WRAP_UP_MISSING] = {409, "agent.wrap_up_missing",
                                   "本队列要求填写小结，请先选择小结代码并保存"},
    [TELEPHONY_BAD_REASON] = {422, "agent.bad_reason", "状态或原因不存在，请重新选择"},
    [TELEPHONY_BAD_OFFER] = {422, "line.bad_offer", "浏览器的语音线路请求无法识别"},
    [TELEPHONY_NO_PHONE] = {409, "agent.no_phone", "您的话机没有注册，请检查话机后重试"},
    [TELEPHONY_BAD_NUMBER] = {422, "number.bad", "号码应为 3 至 20 位数字，可带 * # 和开头的 +"},
    [TELEPHONY_NO_TRUNK] = {503, "trunk.none", "没有可用的外线，请稍后再拨，或请管理员检查中继"},
    [TELEPHONY_NO_QUEUE] = {422, "transfer.queue", "没有这个队列，请重新选择"},
    [TELEPHONY_QUEUE_EMPTY] = {409, "transfer.no_agent", "该队列现在没有坐席签入，通话未转出"},
    [TELEPHONY_QUEUE_FULL] = {409, "transfer.full", "该队列排队已满，通话未转出"},
    [TELEPHONY_OUTBOUND] = {409, "transfer.outbound", "呼出的电话不能转入队列"},
    [TELEPHONY_NO_COLLEAGUE] = {422, "consult.colleague",
                                "该坐席没有签入，或不在本中心，请重新选择"},
    [TELEPHONY_COLLEAGUE_BUSY] = {409, "consult.busy",
                                  "该坐席正在通话、整理，或线路未连通，请选择其他坐席"},
    [TELEPHONY_CONSULTING] = {409, "consult.open", "正在磋商，请先取回、转出或结束磋商"},
    [TELEPHONY_NOT_NOW] = {503, "server.not_now", "系统正忙或正在停机，暂不能呼出，请稍后再拨"},
    [TELEPHONY_BUSY] = {503, "server.full", "系统坐席数已满，请联系管理员"},
};

static void say_elsewhere(struct api *api, struct http_request *request, int32_t user_id)
{
    cJSON *more = cJSON_CreateObject();
    char where[64] = "", since[TIME_TEXT_SIZE];
    int64_t since_ms;

    if (telephony_signed_in_at(api->deps.telephony, user_id, where, &since_ms)) {
        cJSON_AddStringToObject(more, "where", where);
        cJSON_AddStringToObject(more, "since", time_text(since_ms, since));
    }
    http_problem_more(request, 409, problems[TELEPHONY_SIGNED_IN_ELSEWHERE].code,
                      problems[TELEPHONY_SIGNED_IN_ELSEWHERE].title, more);
}

/* True when it was good, or kept for after the call. */
static bool is_good(struct api *api, struct http_request *request, enum telephony_result result)
{
    if (result == TELEPHONY_OK || result == TELEPHONY_LATER)
        return true;
    if (result == TELEPHONY_SIGNED_IN_ELSEWHERE)
        say_elsewhere(api, request, api_person(request)->subject.user_id);
    else
        http_problem(request, problems[result].status, problems[result].code,
                     problems[result].title, NULL);
    return false;
}

static void answer_empty_if_good(struct api *api, struct http_request *request,
                                 enum telephony_result result)
{
    if (is_good(api, request, result))
        http_answer_empty(request, 204);
}

static void answer_text(struct http_request *request, struct text *json)
{
    if (json->failed)
        api_unavailable(request);
    else
        http_answer_json(request, 200, json->data);
    text_done(json);
}

static void answer_document(struct api *api, struct http_request *request)
{
    struct text json = {0};

    telephony_agent_json(api->deps.telephony, api_person(request)->subject.user_id, &json);
    answer_text(request, &json);
}

static int32_t user_of(const struct http_request *request)
{
    return api_person(request)->subject.user_id;
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
    if (is_good(api, request, telephony_sign_in(api->deps.telephony, person->subject.user_id, &in)))
        answer_document(api, request);
}

static void post_sign_out(struct http_request *request, void *arg)
{
    struct api *api = arg;

    answer_empty_if_good(api, request,
                         telephony_sign_out(api->deps.telephony, user_of(request), "user"));
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
        is_good(api, request,
                telephony_set_state(api->deps.telephony, user_of(request), body.state,
                                    (int32_t)body.reason_id)))
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
    } else if (is_good(api, request, result)) {
        json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "sdp", answer);
        http_answer_object(request, 200, json);
    }
}

static void post_line_test(struct http_request *request, void *arg)
{
    struct api *api = arg;

    answer_empty_if_good(api, request, telephony_line_test(api->deps.telephony, user_of(request)));
}

/* --- calls ---------------------------------------------------------------------------------- */

typedef enum telephony_result call_verb_h(struct telephony *telephony, int32_t user_id,
                                          const struct uuid *call_id);

static void do_call_verb(struct http_request *request, struct api *api, call_verb_h *verb)
{
    struct uuid call_id;

    if (api_path_uuid(request, "call_id", &call_id))
        answer_empty_if_good(api, request, verb(api->deps.telephony, user_of(request), &call_id));
}

static void post_answer(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_answer);
}

static void post_reject(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_reject);
}

static void post_hangup(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_hangup);
}

static enum telephony_result hold(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    return telephony_hold(t, user_id, call_id, true);
}

static enum telephony_result retrieve(struct telephony *t, int32_t user_id,
                                      const struct uuid *call_id)
{
    return telephony_hold(t, user_id, call_id, false);
}

static enum telephony_result mute(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    return telephony_mute(t, user_id, call_id, true);
}

static enum telephony_result unmute(struct telephony *t, int32_t user_id,
                                    const struct uuid *call_id)
{
    return telephony_mute(t, user_id, call_id, false);
}

static void post_hold(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, hold);
}

static void post_retrieve(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, retrieve);
}

static void post_mute(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, mute);
}

static void post_unmute(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, unmute);
}

static void post_consult_end(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_consult_end);
}

static void post_consult_join(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_consult_join);
}

static void post_consult_complete(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_consult_complete);
}

struct consult_body {
    int64_t user_id;
};

static const struct http_field consult_fields[] = {
    {"user_id", "坐席", HTTP_INT, offsetof(struct consult_body, user_id), HTTP_REQUIRED, 1,
     INT32_MAX},
};

static void post_consult(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct consult_body body = {0};
    enum telephony_result result;
    struct uuid call_id;
    char text[UUID_TEXT_SIZE], detail[32];

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, consult_fields, 1, &body))
        return;
    result =
        telephony_consult(api->deps.telephony, user_of(request), &call_id, (int32_t)body.user_id);
    if (result == TELEPHONY_NO_COLLEAGUE) {
        api_field_problem(request, "user_id", problems[result].title);
    } else if (is_good(api, request, result)) {
        snprintf(detail, sizeof(detail), "user=%d", (int)body.user_id);
        api_audit(api, api_person(request), "call.consult", "call", uuid_text(&call_id, text),
                  detail);
        http_answer_empty(request, 204);
    }
}

static void get_colleagues(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct text json = {0};

    text_add(&json, "{\"items\":");
    telephony_colleagues_json(api->deps.telephony, api_person(request)->subject.center_id,
                              user_of(request), &json);
    text_add(&json, "}");
    answer_text(request, &json);
}

struct transfer_body {
    int64_t queue_id;
};

static const struct http_field transfer_fields[] = {
    {"queue_id", "队列", HTTP_INT, offsetof(struct transfer_body, queue_id), HTTP_REQUIRED, 1,
     INT32_MAX},
};

static void post_transfer(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct transfer_body body = {0};
    enum telephony_result result;
    struct uuid call_id;
    char text[UUID_TEXT_SIZE], detail[32];

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, transfer_fields, 1, &body))
        return;
    result =
        telephony_transfer(api->deps.telephony, user_of(request), &call_id, (int32_t)body.queue_id);
    if (result == TELEPHONY_NO_QUEUE) {
        api_field_problem(request, "queue_id", problems[result].title);
    } else if (is_good(api, request, result)) {
        snprintf(detail, sizeof(detail), "queue=%d", (int)body.queue_id);
        api_audit(api, api_person(request), "call.transfer", "call", uuid_text(&call_id, text),
                  detail);
        http_answer_empty(request, 204);
    }
}

struct dial_body {
    const char *number;
};

static const struct http_field dial_fields[] = {
    {"number", "号码", HTTP_TEXT, offsetof(struct dial_body, number), HTTP_REQUIRED, 1, 40},
};

static void post_call(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct dial_body body = {0};
    enum telephony_result result;
    char text[UUID_TEXT_SIZE];
    struct uuid call_id;
    cJSON *json;

    if (!http_read_body(request, dial_fields, 1, &body))
        return;
    result = telephony_dial(api->deps.telephony, user_of(request), body.number, &call_id);
    if (result == TELEPHONY_BAD_NUMBER) {
        api_field_problem(request, "number", problems[result].title);
    } else if (is_good(api, request, result)) {
        api_audit(api, api_person(request), "call.dial", "call", uuid_text(&call_id, text),
                  body.number);
        json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "call_id", text);
        http_answer_object(request, 201, json);
    }
}

struct wrap_up_body {
    const char *code, *note;
};

static const struct http_field wrap_up_fields[] = {
    {"code", "小结代码", HTTP_TEXT, offsetof(struct wrap_up_body, code), 0, 0, 32},
    {"note", "小结备注", HTTP_TEXT, offsetof(struct wrap_up_body, note), 0, 0, NOTE_MAX},
};

static void written_late(struct api *api, struct http_request *request,
                         const struct api_person *person, const struct store_result *result,
                         void **state)
{
    (void)api;
    (void)person;
    (void)state;
    if (store_rows(result))
        http_answer_empty(request, 204);
    else
        http_problem(request, 409, "call.stale", "没有这通由您接听的来电", NULL);
}

/* The time for the summary ran out while it was being typed: it goes to the call all the same. */
static void write_late(struct api *api, struct http_request *request, const struct uuid *call_id,
                       const struct wrap_up_body *body)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_CALL_WRAP_UP,
                          .permission = PERM_AGENT_WORK,
                          .then = written_late,
                          .action = "call.wrap_up",
                          .object_kind = "call"};

    uuid_text(call_id, ask.object_id);
    store_param_uuid(&ask.params, call_id);
    store_param_int(&ask.params, person->subject.user_id);
    store_param_text(&ask.params, body->code);
    store_param_text(&ask.params, body->note);
    api_ask(api, request, person, &ask, NULL, NULL);
}

static bool check_wrap_up(struct api *api, struct http_request *request,
                          const struct wrap_up_body *body)
{
    int32_t center_id = api_person(request)->subject.center_id;

    if (!body->code[0] || directory_has_wrap_up(api->deps.directory, center_id, body->code))
        return true;
    api_field_problem(request, "code", "没有这个小结类型，或已停用，请重新选择");
    return false;
}

static void put_wrap_up(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct wrap_up_body body = {"", ""};
    enum telephony_result result;
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, wrap_up_fields, 2, &body) || !check_wrap_up(api, request, &body))
        return;
    result = telephony_wrap_up_saved(api->deps.telephony, user_of(request), &call_id, body.code,
                                     body.note);
    if (result == TELEPHONY_STALE)
        write_late(api, request, &call_id, &body);
    else
        answer_empty_if_good(api, request, result);
}

static void post_wrap_up_done(struct http_request *request, void *arg)
{
    struct api *api = arg;

    answer_empty_if_good(api, request,
                         telephony_wrap_up_done(api->deps.telephony, user_of(request)));
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
    {{"POST", BASE "/calls", PERM_CALL_DIAL, post_call, "呼出电话"}, dial_fields, 1, NULL},
    {{"POST", BASE "/calls/{call_id}/answer", PERM_AGENT_WORK, post_answer, "接听"}, NULL, 0, NULL},
    {{"POST", BASE "/calls/{call_id}/reject", PERM_AGENT_WORK, post_reject, "拒接"}, NULL, 0, NULL},
    {{"POST", BASE "/calls/{call_id}/hangup", PERM_AGENT_WORK, post_hangup, "挂机"}, NULL, 0, NULL},
    {{"POST", BASE "/calls/{call_id}/hold", PERM_AGENT_WORK, post_hold, "保持"}, NULL, 0, NULL},
    {{"POST", BASE "/calls/{call_id}/retrieve", PERM_AGENT_WORK, post_retrieve, "取保持"},
     NULL,
     0,
     NULL},
    {{"POST", BASE "/calls/{call_id}/mute", PERM_AGENT_WORK, post_mute, "静音"}, NULL, 0, NULL},
    {{"POST", BASE "/calls/{call_id}/unmute", PERM_AGENT_WORK, post_unmute, "取消静音"},
     NULL,
     0,
     NULL},
    {{"GET", BASE "/colleagues", PERM_AGENT_WORK, get_colleagues, "本中心已签入的同事"},
     NULL,
     0,
     NULL},
    {{"POST", BASE "/calls/{call_id}/consult", PERM_AGENT_WORK, post_consult, "磋商"},
     consult_fields,
     1,
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
    {{"POST", BASE "/calls/{call_id}/transfer", PERM_AGENT_WORK, post_transfer, "转接到队列"},
     transfer_fields,
     1,
     NULL},
    {{"PUT", BASE "/calls/{call_id}/wrap-up", PERM_AGENT_WORK, put_wrap_up, "保存通话小结"},
     wrap_up_fields,
     2,
     NULL},
    {{"POST", BASE "/wrap-up/done", PERM_AGENT_WORK, post_wrap_up_done, "结束整理"}, NULL, 0, NULL},
};
const struct api_routes api_routes_agent = API_ROUTES(rows);
