/* Tickets (工单): made of registrations, given from hand to hand, finished; and their lists.
 *
 * Who may make which step, and what it does, is said in sql/schema/050-tickets.sql. Here a step is
 * a row of a table: what the audit log calls it, and what its body needs. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call_back.h"
#include "api/looks.h"
#include "api/settings.h"

#define FILTERS     "list from to center_id ticket_no state q" /* audited as given */
#define OPINION_MAX 1000

static const char missing[] = "没有这张工单，或您无权处理";

static void add_users(struct api *api, struct http_request *request, enum permission permission,
                      struct store_params *params, struct text *users)
{
    api_param_users(api, api_person(request), permission, params, users);
}

static void add_team(struct http_request *request, struct store_params *params)
{
    store_param_int(params, api_person(request)->subject.team_id);
}

/* --- looking --------------------------------------------------------------------------------- */

static const char *list_of(struct http_request *request)
{
    static const char *const names[] = {"todo", "doing", "done", "created", "all"};
    const char *wanted = http_query(request, "list");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], wanted ? wanted : "all") == 0)
            return names[i];
    api_field_problem(
        request, "list",
        "list 应为 todo（待办）、doing（在办）、done（已办）、created（我创建的）或 all");
    return NULL;
}

static bool add_filters(struct api *api, struct http_request *request, struct api_ask *ask,
                        struct text *users)
{
    const struct access_subject *subject = &api_person(request)->subject;
    const char *list = list_of(request);
    int32_t center;

    if (!list || !look_query_center(api, request, PERM_TICKET_READ, &center) ||
        !api_param_query_time(request, &ask->params, "from", "起始时间") ||
        !api_param_query_time(request, &ask->params, "to", "截止时间"))
        return false;
    if (center)
        store_param_int(&ask->params, center);
    else
        store_param_null(&ask->params);
    store_param_text(&ask->params, list);
    store_param_int(&ask->params, subject->user_id);
    add_team(request, &ask->params);
    store_param_bool(&ask->params, subject->scope[PERM_TICKET_ASSIGN] >= ACCESS_CENTER);
    add_users(api, request, PERM_TICKET_READ, &ask->params, users);
    look_filters(request, FILTERS, ask->detail, sizeof(ask->detail));
    return api_param_query_text(request, &ask->params, "ticket_no") &&
           api_param_query_text(request, &ask->params, "state") &&
           api_param_query_text(request, &ask->params, "q");
}

static void list_tickets(struct http_request *request, void *arg)
{
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_TICKET_LIST,
                          .permission = PERM_TICKET_READ,
                          .action = "ticket.list",
                          .object_kind = "ticket"};
    struct text users = {0};

    if (add_filters(arg, request, &ask, &users) &&
        api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_cursor(request, &ask.params)) {
        store_param_bool(&ask.params, api_may_reveal(api_person(request), PERM_TICKET_READ));
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    }
    text_done(&users);
}

static void read_ticket(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_TICKET_GET,
                          .permission = PERM_TICKET_READ,
                          .missing = "没有这张工单，或您无权查看"};
    struct text users = {0};

    if (look_params_one(arg, request, &ask, "ticket.read", "ticket", &users)) {
        add_team(request, &ask.params);
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    }
    text_done(&users);
}

static void list_choices(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_TICKET_CHOICES, .permission = PERM_TICKET_READ};

    store_param_int(&ask.params, api_person(request)->subject.center_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- making one ------------------------------------------------------------------------------ */

struct new_body {
    struct uuid ticket_id, record_id;
    const char *title, *category, *urgency, *due_at, *opinion;
    int64_t problem_type_id, to_user_id, to_team_id;
};
#define FIELD(type, name, title, kind, flags, min, max)                                            \
    {                                                                                              \
#name, title, kind, offsetof(struct type, name), flags, min, max                           \
    }
#define TARGET(type)                                                                               \
    FIELD(type, to_user_id, "转给人员", HTTP_INT, 0, 1, INT32_MAX),                                \
        FIELD(type, to_team_id, "转给班组", HTTP_INT, 0, 1, INT32_MAX)
static const struct http_field new_fields[] = {
    FIELD(new_body, ticket_id, "工单编号", HTTP_UUID, HTTP_REQUIRED, 0, 0),
    FIELD(new_body, record_id, "业务记录编号", HTTP_UUID, HTTP_REQUIRED, 0, 0),
    FIELD(new_body, title, "标题", HTTP_TEXT, 0, 0, 200),
    FIELD(new_body, category, "业务类别", HTTP_TEXT, 0, 0, 40),
    FIELD(new_body, problem_type_id, "问题类型", HTTP_INT, 0, 1, INT32_MAX),
    FIELD(new_body, urgency, "紧急程度", HTTP_TEXT, 0, 0, 40),
    FIELD(new_body, due_at, "办理期限", HTTP_TEXT, 0, 0, 40),
    TARGET(new_body),
    FIELD(new_body, opinion, "办理要求", HTTP_TEXT, 0, 0, OPINION_MAX),
};

static void create_ticket(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {
        .statement = STMT_TICKET_CREATE, .permission = PERM_TICKET_CREATE, .status = 201};
    struct new_body body = {0};
    struct text users = {0};
    char record[UUID_TEXT_SIZE];
    size_t length;

    if (!http_read_body(request, SETTINGS_BODY(new_fields), &body))
        return;
    look_at(&ask, "ticket.create", "ticket", &body.ticket_id);
    snprintf(ask.detail, sizeof(ask.detail), "record=%s", uuid_text(&body.record_id, record));
    store_param_text(&ask.params, http_body(request, &length));
    add_users(arg, request, PERM_TICKET_CREATE, &ask.params, &users);
    store_param_int(&ask.params, person->subject.user_id);
    api_ask(arg, request, person, &ask, NULL, NULL);
    text_done(&users);
}

/* --- its way --------------------------------------------------------------------------------- */

struct step_body {
    int64_t to_user_id, to_team_id;
    const char *opinion;
};
#define OPINION(flags, min) FIELD(step_body, opinion, "意见", HTTP_TEXT, flags, min, OPINION_MAX)
static const struct http_field assign_fields[] = {TARGET(step_body), OPINION(0, 0)};
static const struct http_field forward_fields[] = {TARGET(step_body), OPINION(HTTP_REQUIRED, 1)};
static const struct http_field accept_fields[] = {OPINION(0, 0)};
static const struct http_field reason_fields[] = {OPINION(HTTP_REQUIRED, 1)};

/* One action: the last part of its path, as the database knows it, too. */
static const struct action {
    const char *name, *audit;
    enum permission permission;
    const char *without; /* said at the field when the opinion is blank; NULL = it may be */
} actions[] = {
    {"assign", "ticket.assign", PERM_TICKET_ASSIGN, NULL},
    {"accept", "ticket.accept", PERM_TICKET_WORK, NULL},
    {"forward", "ticket.forward", PERM_TICKET_WORK, "请写明转办意见"},
    {"return", "ticket.return", PERM_TICKET_WORK, "请写明退回原因"},
    {"finish", "ticket.finish", PERM_TICKET_WORK, "请写明办结意见"},
    {"void", "ticket.void", PERM_TICKET_WORK, "请写明作废原因"},
    {"reopen", "ticket.reopen", PERM_TICKET_WORK, "请写明重新打开的原因"},
};

static const struct action *action_of(const struct http_request *request)
{
    const char *name = strrchr(http_path(request), '/') + 1;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL; /* the server has found the route: not reached */
}

struct step { /* from the question to the answer */
    const struct action *action;
    char id[UUID_TEXT_SIZE], detail[80];
};

static void refuse_step(struct http_request *request, const char *said, const char *holder)
{
    char title[200];

    if (strcmp(said, "stale") == 0) {
        http_problem(request, 412, "version.stale", "这张工单在您打开之后已有变化，请刷新后再办",
                     NULL);
    } else if (strcmp(said, "holder") == 0) {
        snprintf(title, sizeof(title), "这张工单现在由“%.60s”经办，您不能办理这一步",
                 *holder ? holder : "待分派");
        http_problem(request, 409, "ticket.holder", title, NULL);
    } else if (strcmp(said, "giver") == 0) {
        http_problem(request, 409, "ticket.giver",
                     "没有可以退回的上一经办人，请改用转办，或办结、作废", NULL);
    } else if (strcmp(said, "exists") == 0) {
        http_problem(request, 409, "ticket.exists",
                     "这条业务记录已有另一张有效的工单，不能再打开这一张", NULL);
    } else {
        http_problem(request, 409, "ticket.state", "工单现在的状态不能这样处理，请刷新后再试",
                     NULL);
    }
}

static void stepped(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct store_result *result, void **state)
{
    const struct step *step = *state;
    const char *text = store_rows(result) ? store_text(result, 0, 0) : "{}";
    cJSON *json = cJSON_Parse(text);
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "result"));
    const char *holder = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "holder"));

    if (text_equal(said, "ok")) {
        api_audit(api, person, step->action->audit, "ticket", step->id, step->detail);
        http_answer_json(request, 200, text);
    } else if (!said || strcmp(said, "missing") == 0) {
        api_missing_id(api, request, person, "ticket", step->id, missing);
    } else {
        refuse_step(request, said, holder ? holder : "");
    }
    cJSON_Delete(json);
}

static void ask_step(struct api *api, struct http_request *request, const struct uuid *id,
                     int64_t version, const struct step_body *body, const struct action *action)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {
        .statement = STMT_TICKET_STEP, .permission = action->permission, .then = stepped};
    struct step *step = calloc(1, sizeof(*step));
    struct text users = {0};
    size_t length;

    if (!step) {
        api_unavailable(request);
        return;
    }
    step->action = action;
    (void)uuid_text(id, step->id);
    if (body->to_user_id || body->to_team_id)
        snprintf(step->detail, sizeof(step->detail), "to_%s=%lld",
                 body->to_user_id ? "user" : "team",
                 (long long)(body->to_user_id ? body->to_user_id : body->to_team_id));
    store_param_uuid(&ask.params, id);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, action->name);
    store_param_text(&ask.params, http_body(request, &length));
    add_users(api, request, action->permission, &ask.params, &users);
    add_team(request, &ask.params);
    store_param_int(&ask.params, person->subject.user_id);
    api_ask(api, request, person, &ask, step, free);
    text_done(&users);
}

/* The form first, then whose it is, then what it means. */
static void take_step(struct http_request *request, void *arg, const struct http_field *fields,
                      size_t count)
{
    const struct action *action = action_of(request);
    struct step_body body = {0};
    struct uuid id;
    int64_t version;

    if (!action || !api_path_uuid(request, "id", &id) || !api_if_match(request, &version) ||
        !http_read_body(request, fields, count, &body))
        return;
    if (action->without && settings_is_blank(body.opinion))
        api_field_problem(request, "opinion", action->without);
    else
        ask_step(arg, request, &id, version, &body, action);
}

static void assign_ticket(struct http_request *request, void *arg)
{
    take_step(request, arg, SETTINGS_BODY(assign_fields));
}

static void forward_ticket(struct http_request *request, void *arg)
{
    take_step(request, arg, SETTINGS_BODY(forward_fields));
}

static void accept_ticket(struct http_request *request, void *arg)
{
    take_step(request, arg, SETTINGS_BODY(accept_fields));
}

static void end_ticket(struct http_request *request, void *arg)
{
    take_step(request, arg, SETTINGS_BODY(reason_fields));
}

/* --- calling back ---------------------------------------------------------------------------- */

static void refuse_call(struct http_request *request, const char *result, const char *by)
{
    (void)result;
    (void)by;
    http_problem(request, 409, "ticket.state", "只有正在由您处理的工单可以回访，请先受理", NULL);
}

static void call_ticket(struct http_request *request, void *arg)
{
    static const struct call_back_kind kind = {
        STMT_TICKET_CALL, STMT_TICKET_UNCALL, PERM_TICKET_WORK, "ticket", "ticket.call",
        missing,          refuse_call};

    call_back_begin(arg, request, &kind);
}

/* --- routes ---------------------------------------------------------------------------------- */

#define ALL "/api/v1/tickets"
#define ONE ALL "/{id}"
#define STEP(name, permission, handler, fields, title)                                             \
    {                                                                                              \
        {"POST", ONE "/" name, permission, handler, title}, SETTINGS_BODY(fields),                 \
            .if_match = true                                                                       \
    }
static const struct api_route routes[] = {
    {.http = {"GET", ALL, PERM_TICKET_READ, list_tickets, "查询工单"},
     .query = FILTERS " limit after"},
    {{"POST", ALL, PERM_TICKET_CREATE, create_ticket, "由业务记录生成工单"},
     SETTINGS_BODY(new_fields)},
    {.http = {"GET", ALL "/choices", PERM_TICKET_READ, list_choices, "工单可以转给的人员和班组"}},
    {.http = {"GET", ONE, PERM_TICKET_READ, read_ticket, "查看工单"}},
    STEP("assign", PERM_TICKET_ASSIGN, assign_ticket, assign_fields, "分派工单"),
    STEP("accept", PERM_TICKET_WORK, accept_ticket, accept_fields, "受理工单"),
    STEP("forward", PERM_TICKET_WORK, forward_ticket, forward_fields, "转办工单"),
    STEP("return", PERM_TICKET_WORK, end_ticket, reason_fields, "退回工单"),
    STEP("finish", PERM_TICKET_WORK, end_ticket, reason_fields, "办结工单"),
    STEP("void", PERM_TICKET_WORK, end_ticket, reason_fields, "作废工单"),
    STEP("reopen", PERM_TICKET_WORK, end_ticket, reason_fields, "重新打开工单"),
    {.http = {"POST", ONE "/call", PERM_TICKET_WORK, call_ticket, "回访工单的来电人"}},
};
const struct api_routes api_routes_tickets = API_ROUTES(routes);
