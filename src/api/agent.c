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
    [TELEPHONY_NUMBER_REFUSED] = {422, "number.refused", "本中心的外呼规则不允许拨打这个号码"},
    [TELEPHONY_NO_TRUNK] = {503, "trunk.none", "没有可用的外线，请稍后再拨，或请管理员检查中继"},
    [TELEPHONY_NO_QUEUE] = {422, "transfer.queue", "没有这个队列，请重新选择"},
    [TELEPHONY_QUEUE_EMPTY] = {409, "transfer.no_agent", "该队列现在没有坐席签入，通话未转出"},
    [TELEPHONY_QUEUE_FULL] = {409, "transfer.full", "该队列排队已满，通话未转出"},
    [TELEPHONY_QUEUE_CLOSED] = {409, "transfer.dedicated",
                                "该队列只接其他中心转入的来电，通话未转出"},
    [TELEPHONY_OUTBOUND] = {409, "transfer.outbound", "呼出的电话不能转入队列"},
    [TELEPHONY_NO_COLLEAGUE] = {422, "consult.colleague",
                                "该坐席没有签入，或不在本中心，请重新选择"},
    [TELEPHONY_COLLEAGUE_BUSY] = {409, "consult.busy",
                                  "该坐席正在通话、整理，或线路未连通，请选择其他坐席"},
    [TELEPHONY_CONSULTING] = {409, "consult.open", "正在磋商，请先取回、转出或结束磋商"},
    [TELEPHONY_NO_FLOW] = {422, "flow.none", "本中心没有这个流程或菜单，请重新选择"},
    [TELEPHONY_IN_FLOW] = {409, "flow.open", "来电人正在语音流程中，请等待其返回或先取回"},
    [TELEPHONY_NO_SURVEY] = {409, "survey.off", "本中心或该队列没有启用满意度调查"},
    [TELEPHONY_LISTENING] = {409, "monitor.listening",
                             "监听时麦克风始终关闭，需要说话请改为密语或强插"},
    [TELEPHONY_ANNOUNCING] = {409, "call.announcing", "正在向对方播报您的工号，播完再操作"},
    [TELEPHONY_DIALING] = {409, "call.dialing", "对方还没有接听，接通后才能操作"},
    [TELEPHONY_NOT_RECORDED] = {409, "recording.never", "按本中心的录音规则，这通电话不录音"},
    [TELEPHONY_NO_PAUSE] = {409, "recording.no_pause", "本中心不允许暂停录音，请联系管理员"},
    [TELEPHONY_WATCHED] = {409, "monitor.watched", "已有两人在监听这通电话，请稍后再试"},
    [TELEPHONY_NO_CHANNEL] =
        {503, "trunk.share",
         "本中心可用的外线通道已用满，请稍后再拨；经常如此请联系自治区调整份额"},
    [TELEPHONY_NO_PROMPT] = {422, "prompt.none", "本中心没有这个提示音，请检查代码"},
    [TELEPHONY_NO_CENTER] = {422, "center.none", "没有这个中心，请重新选择"},
    [TELEPHONY_CENTER_CLOSED] = {409, "center.refused", "现在不能转往该中心"},
    [TELEPHONY_NOT_NOW] = {503, "server.not_now", "系统正忙或正在停机，暂不能呼出，请稍后再拨"},
    [TELEPHONY_BUSY] = {503, "server.full", "系统坐席数已满，请联系管理员"},
};

const char *api_dialing_range_title(enum dialing_range range)
{
    static const char *const titles[DIALING_RANGES] = {
        [DIALING_EMERGENCY] = "紧急号码", [DIALING_SERVICE] = "服务短号",
        [DIALING_LOCAL] = "本地固话",     [DIALING_MOBILE] = "手机",
        [DIALING_NATIONAL] = "国内长途",  [DIALING_PREMIUM] = "声讯",
        [DIALING_INTERNATIONAL] = "国际",
    };

    return range < DIALING_RANGES ? titles[range] : "";
}

void api_telephony_number_problem(struct api *api, struct http_request *request, int32_t center_id,
                                  const char *typed, enum telephony_result result)
{
    struct telephony_number number;
    char title[200];

    if (result != TELEPHONY_NUMBER_REFUSED ||
        !telephony_number(api->deps.telephony, center_id, typed, &number)) {
        api_field_problem(request, "number", problems[TELEPHONY_BAD_NUMBER].title);
        return;
    }
    snprintf(title, sizeof(title),
             "号码 %s 属于“%s”，本中心的外呼规则不允许拨打；确需拨打请由管理员在“外呼规则”中放开",
             number.number, api_dialing_range_title(number.range));
    api_field_problem(request, "number", title);
}

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

void api_telephony_problem(struct api *api, struct http_request *request,
                           enum telephony_result result)
{
    if (result == TELEPHONY_SIGNED_IN_ELSEWHERE)
        say_elsewhere(api, request, api_person(request)->subject.user_id);
    else
        http_problem(request, problems[result].status, problems[result].code,
                     problems[result].title, NULL);
}

/* True when it was good, or kept for after the call. */
static bool is_good(struct api *api, struct http_request *request, enum telephony_result result)
{
    if (result == TELEPHONY_OK || result == TELEPHONY_LATER)
        return true;
    api_telephony_problem(api, request, result);
    return false;
}

bool api_telephony_is_good(struct api *api, struct http_request *request,
                           enum telephony_result result)
{
    return is_good(api, request, result);
}

static void answer_empty_if_good(struct api *api, struct http_request *request,
                                 enum telephony_result result)
{
    if (is_good(api, request, result))
        http_answer_empty(request, 204);
}

void api_agent_answer(struct api *api, struct http_request *request, enum telephony_result result)
{
    answer_empty_if_good(api, request, result);
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

struct keys_body {
    const char *keys;
};

static const struct http_field keys_fields[] = {
    {"keys", "按键", HTTP_TEXT, offsetof(struct keys_body, keys), HTTP_REQUIRED, 1, 20},
};

static void post_keys(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct keys_body body = {0};
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, keys_fields, 1, &body))
        return;
    if (body.keys[strspn(body.keys, "0123456789*#")]) {
        api_field_problem(request, "keys", "按键只能是 0–9、* 和 #");
        return;
    }
    answer_empty_if_good(
        api, request, telephony_press(api->deps.telephony, user_of(request), &call_id, body.keys));
}

struct record_body {
    bool on;
};

static const struct http_field record_fields[] = {
    {"on", "录音", HTTP_BOOL, offsetof(struct record_body, on), HTTP_REQUIRED, 0, 0},
};

/* Where everything is recorded, leaving something out is a permission of its own. */
static void post_recording(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct record_body body = {0};
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !http_read_body(request, record_fields, 1, &body))
        return;
    if (!body.on && !access_may(&api_person(request)->subject, PERM_RECORDING_PAUSE) &&
        !telephony_may_stop_recording(api->deps.telephony, user_of(request), &call_id)) {
        api_audit(api, api_person(request), "refused", "recording.pause", "", http_path(request));
        http_problem(request, 403, "forbidden", "您没有“暂停录音”的权限", NULL);
        return;
    }
    answer_empty_if_good(
        api, request, telephony_record(api->deps.telephony, user_of(request), &call_id, body.on));
}

/* --- whom a call goes to, or who is asked --------------------------------------------------- */

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
        api_field_problem(request, field_of(result), problems[result].title);
        return;
    }
    if (!is_good(api, request, result))
        return;
    if (has_number(body))
        snprintf(detail, sizeof(detail), "number=%s", body->number);
    else
        snprintf(detail, sizeof(detail), "%s=%d", body->user_id ? "user" : "queue",
                 (int)(body->user_id ? body->user_id : body->queue_id));
    api_audit(api, api_person(request), action, "call", uuid_text(call_id, text), detail);
    http_answer_empty(request, 204);
}

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
    result = body.user_id ? telephony_consult(api->deps.telephony, user_of(request), &call_id,
                                              (int32_t)body.user_id)
                          : telephony_consult_number(api->deps.telephony, user_of(request),
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
                  telephony_help(api->deps.telephony, user_of(request), &call_id,
                                 (int32_t)body.user_id, body.three));
}

static void post_consult_release(struct http_request *request, void *arg)
{
    do_call_verb(request, arg, telephony_consult_release);
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
                  transfer(api->deps.telephony, user_of(request), &call_id, &body));
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
    if (result == TELEPHONY_BAD_NUMBER || result == TELEPHONY_NUMBER_REFUSED) {
        api_telephony_number_problem(api, request, api_person(request)->subject.center_id,
                                     body.number, result);
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
    {{"POST", BASE "/calls/{call_id}/recording", PERM_AGENT_WORK, post_recording,
      "录音：开始、停止、暂停、继续"},
     record_fields,
     1},
    {{"POST", BASE "/calls/{call_id}/keys", PERM_AGENT_WORK, post_keys, "通话中按键"},
     keys_fields,
     1,
     NULL},
    {{"GET", BASE "/colleagues", PERM_AGENT_WORK, get_colleagues, "本中心已签入的同事"},
     NULL,
     0,
     NULL},
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
    {{"PUT", BASE "/calls/{call_id}/wrap-up", PERM_AGENT_WORK, put_wrap_up, "保存通话小结"},
     wrap_up_fields,
     2,
     NULL},
    {{"POST", BASE "/wrap-up/done", PERM_AGENT_WORK, post_wrap_up_done, "结束整理"}, NULL, 0, NULL},
};
const struct api_routes api_routes_agent = API_ROUTES(rows);
