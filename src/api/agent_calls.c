/* Agents' calls: answered, held, muted, dialed, recorded, keys in them, the summary after them. */
#include <string.h>

#include "api/agent_calls.h"

#define NOTE_MAX 1000

void api_call_verb(struct http_request *request, struct api *api, call_verb_h *verb)
{
    struct uuid call_id;

    if (api_path_uuid(request, "call_id", &call_id))
        api_agent_answer(api, request, verb(api->deps.telephony, api_user_of(request), &call_id));
}

static void post_answer(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_answer);
}

static void post_reject(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_reject);
}

static void post_hangup(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, telephony_hangup);
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
    api_call_verb(request, arg, hold);
}

static void post_retrieve(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, retrieve);
}

static void post_mute(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, mute);
}

static void post_unmute(struct http_request *request, void *arg)
{
    api_call_verb(request, arg, unmute);
}

/* --- keys and recording --------------------------------------------------------------------- */

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
    api_agent_answer(
        api, request,
        telephony_press(api->deps.telephony, api_user_of(request), &call_id, body.keys));
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
        !telephony_may_stop_recording(api->deps.telephony, api_user_of(request), &call_id)) {
        api_audit(api, api_person(request), "refused", "recording.pause", "", http_path(request));
        http_problem(request, 403, "forbidden", "您没有“暂停录音”的权限", NULL);
        return;
    }
    api_agent_answer(
        api, request,
        telephony_record(api->deps.telephony, api_user_of(request), &call_id, body.on));
}

/* --- calls out ------------------------------------------------------------------------------ */

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
    result = telephony_dial(api->deps.telephony, api_user_of(request), body.number, &call_id);
    if (result == TELEPHONY_BAD_NUMBER || result == TELEPHONY_NUMBER_REFUSED) {
        api_telephony_number_problem(api, request, api_person(request)->subject.center_id,
                                     body.number, result);
    } else if (api_telephony_is_good(api, request, result)) {
        api_audit(api, api_person(request), "call.dial", "call", uuid_text(&call_id, text),
                  body.number);
        json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "call_id", text);
        http_answer_object(request, 201, json);
    }
}

/* --- the summary ---------------------------------------------------------------------------- */

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
    result = telephony_wrap_up_saved(api->deps.telephony, api_user_of(request), &call_id, body.code,
                                     body.note);
    if (result == TELEPHONY_STALE)
        write_late(api, request, &call_id, &body);
    else
        api_agent_answer(api, request, result);
}

static void post_wrap_up_done(struct http_request *request, void *arg)
{
    struct api *api = arg;

    api_agent_answer(api, request,
                     telephony_wrap_up_done(api->deps.telephony, api_user_of(request)));
}

#define BASE "/api/v1/agent"
static const struct api_route rows[] = {
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
    {{"PUT", BASE "/calls/{call_id}/wrap-up", PERM_AGENT_WORK, put_wrap_up, "保存通话小结"},
     wrap_up_fields,
     2,
     NULL},
    {{"POST", BASE "/wrap-up/done", PERM_AGENT_WORK, post_wrap_up_done, "结束整理"}, NULL, 0, NULL},
};
const struct api_routes api_routes_agent_calls = API_ROUTES(rows);
