/* What leaders and the region do with agents, their calls and those who wait (MON-06 to MON-12,
 * CC-12, CC-32). Who is in reach is decided here, by center and team; each action is written down
 * in the audit log of the center where it happened, so that a city sees what the region did. */
#include <stdio.h>
#include <string.h>

#include "api/results.h"
#include "api/settings.h"

#define REASON_MAX 100

/* --- whom it is about ------------------------------------------------------------------------ */

/* An agent the person may do this to. Of another center or unknown: 404. Of another team: 403, for
 * he is on the page. */
static const struct dir_agent *find_target(struct api *api, struct http_request *request,
                                           enum permission permission)
{
    const struct api_person *person = api_person(request);
    const struct dir_agent *agent;
    char id[16];
    int32_t user_id;

    if (!api_path_int(request, "user_id", &user_id))
        return NULL;
    agent = directory_agent(api->deps.directory, user_id);
    if (agent && access_may_on(&person->subject, permission, agent->center_id, agent->team_id,
                               agent->user_id))
        return agent;
    snprintf(id, sizeof(id), "%d", user_id);
    if (!agent || agent->center_id != person->subject.center_id) {
        api_missing_id(api, request, person, "user", id, "没有这名坐席，或您无权操作");
        return NULL;
    }
    api_audit(api, person, "refused", "user", id, http_path(request));
    http_problem(request, 403, "team.forbidden", "该坐席不在您的班组，班长只能操作本组坐席", NULL);
    return NULL;
}

/* --- bodies ---------------------------------------------------------------------------------- */

struct call_body {
    struct uuid call_id;
    const char *reason;
};

#define CALL_FIELDS(required)                                                                      \
    {"call_id", "来电", HTTP_UUID, offsetof(struct call_body, call_id), HTTP_REQUIRED, 0, 0},      \
    {                                                                                              \
        "reason", "原因", HTTP_TEXT, offsetof(struct call_body, reason), required, required,       \
            REASON_MAX                                                                             \
    }

static const struct http_field call_fields[] = {CALL_FIELDS(0)};
static const struct http_field cut_fields[] = {CALL_FIELDS(HTTP_REQUIRED)};

/* A reason that is asked for is more than blanks. */
static bool has_reason(struct http_request *request, const char *reason)
{
    if (!settings_is_blank(reason))
        return true;
    api_field_problem(request, "reason", "请填写原因，供审计查看");
    return false;
}

/* --- answers --------------------------------------------------------------------------------- */

/* What is said otherwise here than to an agent about his own call. */
static const struct {
    enum telephony_result result;
    int status;
    const char *code, *title;
} sayings[] = {
    {TELEPHONY_STALE, 409, "call.stale", "该坐席已不在这通电话中，请按当前状态重新操作"},
    {TELEPHONY_IN_CALL, 409, "agent.in_call", "您正在通话、振铃或整理，请先结束后再操作"},
    {TELEPHONY_NO_LINE, 409, "agent.no_line",
     "您的浏览器语音线路未连通；监听和接话要用浏览器线路，请检查麦克风和网络"},
};

static bool is_good(struct api *api, struct http_request *request, enum telephony_result result)
{
    for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++)
        if (sayings[i].result == result) {
            http_problem(request, sayings[i].status, sayings[i].code, sayings[i].title, NULL);
            return false;
        }
    return api_telephony_is_good(api, request, result);
}

static void note(struct api *api, struct http_request *request, const struct dir_agent *agent,
                 const char *action, const struct call_body *body)
{
    char id[16], call[UUID_TEXT_SIZE], detail[200 + 4 * REASON_MAX];

    snprintf(id, sizeof(id), "%d", agent->user_id);
    snprintf(detail, sizeof(detail), "agent_no=%s call=%s reason=%s", agent->agent_no,
             uuid_text(&body->call_id, call), body->reason);
    api_audit_in(api, api_person(request), agent->center_id, action, "user", id, detail);
}

/* --- beside a call --------------------------------------------------------------------------- */

static void begin(struct http_request *request, struct api *api, enum permission permission,
                  const char *action, int mode)
{
    const struct dir_agent *agent;
    int32_t leader = api_person(request)->subject.user_id;
    struct call_body body = {.reason = ""};
    enum telephony_result result;

    if (!http_read_body(request, SETTINGS_BODY(call_fields), &body))
        return;
    agent = find_target(api, request, permission);
    if (!agent)
        return;
    result = mode < 0
                 ? telephony_take_over(api->deps.telephony, leader, agent->user_id, &body.call_id)
                 : telephony_watch(api->deps.telephony, leader, agent->user_id, &body.call_id,
                                   (enum telephony_watching)mode);
    if (!is_good(api, request, result))
        return;
    note(api, request, agent, action, &body);
    http_answer_empty(request, 204);
}

static void post_listen(struct http_request *request, void *arg)
{
    begin(request, arg, PERM_MONITOR_LISTEN, "monitor.listen", TELEPHONY_LISTEN);
}

static void post_whisper(struct http_request *request, void *arg)
{
    begin(request, arg, PERM_MONITOR_INTERVENE, "monitor.whisper", TELEPHONY_WHISPER);
}

static void post_barge(struct http_request *request, void *arg)
{
    begin(request, arg, PERM_MONITOR_INTERVENE, "monitor.barge", TELEPHONY_BARGE);
}

static void post_take_over(struct http_request *request, void *arg)
{
    begin(request, arg, PERM_MONITOR_INTERVENE, "monitor.take_over", -1);
}

/* Its end is written down by telephony, whatever ended it. */
static void post_end(struct http_request *request, void *arg)
{
    struct api *api = arg;

    if (telephony_watch_end(api->deps.telephony, api_person(request)->subject.user_id) ==
        TELEPHONY_OK)
        http_answer_empty(request, 204);
    else
        http_problem(request, 409, "monitor.none", "您没有在监听任何通话", NULL);
}

/* As the route that led there asks, and the function of his center that it belongs to. */
static const struct {
    enum permission permission;
    enum function function;
} demands[] = {
    [TELEPHONY_LISTEN] = {PERM_MONITOR_LISTEN, FUNCTION_LISTEN},
    [TELEPHONY_WHISPER] = {PERM_MONITOR_INTERVENE, FUNCTION_WHISPER},
    [TELEPHONY_BARGE] = {PERM_MONITOR_INTERVENE, FUNCTION_BARGE},
};

void api_leader_rights(struct api *api, const struct api_person *person)
{
    const struct access_subject *subject = &person->subject;
    const struct dir_agent *agent;
    enum telephony_watching mode;
    int32_t user_id;

    if (!telephony_watches(api->deps.telephony, subject->user_id, &user_id, &mode))
        return;
    agent = directory_agent(api->deps.directory, user_id);
    if (agent && access_has(subject, demands[mode].function) &&
        access_may_on(subject, demands[mode].permission, agent->center_id, agent->team_id, user_id))
        return;
    log_info("api", "watch_not_allowed", "leader=%d agent=%d", subject->user_id, user_id);
    (void)telephony_watch_end(api->deps.telephony, subject->user_id);
}

/* --- by force -------------------------------------------------------------------------------- */

static void post_disconnect(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct dir_agent *agent;
    struct call_body body = {.reason = ""};

    if (!http_read_body(request, SETTINGS_BODY(cut_fields), &body) ||
        !has_reason(request, body.reason) ||
        !(agent = find_target(api, request, PERM_MONITOR_FORCE)) ||
        !is_good(api, request,
                 telephony_disconnect(api->deps.telephony, agent->user_id, &body.call_id)))
        return;
    note(api, request, agent, "monitor.disconnect", &body);
    http_answer_empty(request, 204);
}

struct state_body {
    const char *state, *reason;
};

static const struct http_field state_fields[] = {
    {"state", "状态", HTTP_TEXT, offsetof(struct state_body, state), HTTP_REQUIRED, 1, 16},
    {"reason", "原因", HTTP_TEXT, offsetof(struct state_body, reason), HTTP_REQUIRED, 1,
     REASON_MAX},
};

static bool forced(struct api *api, struct http_request *request, enum telephony_result result)
{
    switch (result) {
    case TELEPHONY_BAD_REASON:
        api_field_problem(request, "state",
                          "状态应为 ready（示闲）、busy（示忙）或 signed_out（签出）");
        return false;
    case TELEPHONY_NOT_SIGNED_IN:
        http_problem(request, 409, "agent.not_signed_in", "该坐席没有签入", NULL);
        return false;
    case TELEPHONY_NO_LINE:
        http_problem(request, 409, "agent.no_line", "该坐席的语音线路未连通，不能示闲", NULL);
        return false;
    case TELEPHONY_IN_CALL:
        http_problem(request, 409, "agent.in_call", "该坐席正在通话，请先强拆或等通话结束再签出",
                     NULL);
        return false;
    default:
        return api_telephony_is_good(api, request, result);
    }
}

static void put_state(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct dir_agent *agent;
    struct state_body body = {0};
    enum telephony_result result;
    char id[16], detail[100 + 4 * REASON_MAX];

    if (!http_read_body(request, SETTINGS_BODY(state_fields), &body) ||
        !has_reason(request, body.reason) ||
        !(agent = find_target(api, request, PERM_MONITOR_FORCE)))
        return;
    result = telephony_force_state(api->deps.telephony, agent->user_id, body.state);
    if (!forced(api, request, result))
        return;
    snprintf(id, sizeof(id), "%d", agent->user_id);
    snprintf(detail, sizeof(detail), "agent_no=%s state=%s reason=%s", agent->agent_no, body.state,
             body.reason);
    api_audit_in(api, api_person(request), agent->center_id, "monitor.state", "user", id, detail);
    if (result == TELEPHONY_LATER)
        http_answer_json(request, 200, "{\"later\":true}");
    else
        http_answer_json(request, 200, "{\"later\":false}");
}

/* --- who waits ------------------------------------------------------------------------------- */

struct waiting {
    struct uuid call_id;
    char id[UUID_TEXT_SIZE];
    int32_t center_id;
};

/* A call that waits in a center within reach. One that does not wait any more is nobody's: 404. */
static bool find_waiting(struct api *api, struct http_request *request, struct waiting *waiting)
{
    const struct api_person *person = api_person(request);

    if (!api_path_uuid(request, "call_id", &waiting->call_id))
        return false;
    uuid_text(&waiting->call_id, waiting->id);
    waiting->center_id = telephony_waits_in(api->deps.telephony, &waiting->call_id);
    if (waiting->center_id &&
        access_may_on(&person->subject, PERM_MONITOR_QUEUE, waiting->center_id, 0, 0))
        return true;
    api_missing_id(api, request, person, "call", waiting->id, "这通来电已不在排队，或您无权操作");
    return false;
}

static void moved(struct api *api, struct http_request *request, const struct waiting *waiting,
                  enum telephony_result result, const char *where, int64_t id)
{
    char detail[60];

    if (result == TELEPHONY_NO_QUEUE) {
        api_field_problem(request, "queue_id", "没有这个队列，或不属于该中心，请重新选择");
    } else if (result == TELEPHONY_NO_COLLEAGUE) {
        api_field_problem(request, "user_id", "该坐席没有签入，或不在该中心，请重新选择");
    } else if (result == TELEPHONY_QUEUE_EMPTY) {
        http_problem(request, 409, "queue.no_agent", "该队列现在没有坐席签入，来电仍在原队列",
                     NULL);
    } else if (result == TELEPHONY_QUEUE_FULL) {
        http_problem(request, 409, "queue.full", "该队列排队已满，来电仍在原队列", NULL);
    } else if (result == TELEPHONY_STALE) {
        http_problem(request, 409, "call.stale", "这通来电已不在排队", NULL);
    } else if (api_telephony_is_good(api, request, result)) {
        snprintf(detail, sizeof(detail), "to=%s id=%lld", where, (long long)id);
        api_audit_in(api, api_person(request), waiting->center_id, "queue.move", "call",
                     waiting->id, detail);
        http_answer_empty(request, 204);
    }
}

static void post_head(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct waiting waiting;

    if (find_waiting(api, request, &waiting))
        moved(api, request, &waiting, telephony_move_to_head(api->deps.telephony, &waiting.call_id),
              "head", 0);
}

struct move_body {
    int64_t queue_id, user_id;
};

static const struct http_field queue_fields[] = {
    {"queue_id", "队列", HTTP_INT, offsetof(struct move_body, queue_id), HTTP_REQUIRED, 1,
     INT32_MAX},
};
static const struct http_field agent_fields[] = {
    {"user_id", "坐席", HTTP_INT, offsetof(struct move_body, user_id), HTTP_REQUIRED, 1, INT32_MAX},
};

static void post_queue(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct waiting waiting;
    struct move_body body = {0};

    if (http_read_body(request, SETTINGS_BODY(queue_fields), &body) &&
        find_waiting(api, request, &waiting))
        moved(
            api, request, &waiting,
            telephony_move_to_queue(api->deps.telephony, &waiting.call_id, (int32_t)body.queue_id),
            "queue", body.queue_id);
}

static void post_agent(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct waiting waiting;
    struct move_body body = {0};

    if (http_read_body(request, SETTINGS_BODY(agent_fields), &body) &&
        find_waiting(api, request, &waiting))
        moved(api, request, &waiting,
              telephony_move_to_agent(api->deps.telephony, &waiting.call_id, (int32_t)body.user_id),
              "agent", body.user_id);
}

/* --- the people ------------------------------------------------------------------------------ */

static void get_agents(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_MONITOR_AGENTS, .permission = PERM_MONITOR_READ};
    int32_t center;

    if (!api_query_center(arg, request, PERM_MONITOR_READ, &center))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define AGENT "/api/v1/monitor/agents/{user_id}"
#define CALL  "/api/v1/monitor/calls/{call_id}"
static const struct api_route rows[] = {
    {.http = {"GET", "/api/v1/monitor/agents", PERM_MONITOR_READ, get_agents,
              "坐席、班组与当日通话量"},
     .query = "center_id"},
    {{"POST", AGENT "/listen", PERM_MONITOR_LISTEN, post_listen, "监听"},
     SETTINGS_BODY(call_fields)},
    {{"POST", AGENT "/whisper", PERM_MONITOR_INTERVENE, post_whisper, "密语"},
     SETTINGS_BODY(call_fields)},
    {{"POST", AGENT "/barge", PERM_MONITOR_INTERVENE, post_barge, "强插"},
     SETTINGS_BODY(call_fields)},
    {{"POST", AGENT "/take-over", PERM_MONITOR_INTERVENE, post_take_over, "接话"},
     SETTINGS_BODY(call_fields)},
    {{"POST", AGENT "/disconnect", PERM_MONITOR_FORCE, post_disconnect, "强拆"},
     SETTINGS_BODY(cut_fields)},
    {{"PUT", AGENT "/state", PERM_MONITOR_FORCE, put_state, "强制示闲、示忙、签出"},
     SETTINGS_BODY(state_fields)},
    {.http = {"POST", "/api/v1/monitor/watch/end", PERM_MONITOR_LISTEN, post_end, "结束监听"}},
    {.http = {"POST", CALL "/head", PERM_MONITOR_QUEUE, post_head, "排到队首"}},
    {{"POST", CALL "/queue", PERM_MONITOR_QUEUE, post_queue, "移到其他队列"},
     SETTINGS_BODY(queue_fields)},
    {{"POST", CALL "/agent", PERM_MONITOR_QUEUE, post_agent, "指派给坐席"},
     SETTINGS_BODY(agent_fields)},
};
const struct api_routes api_routes_leader = API_ROUTES(rows);
