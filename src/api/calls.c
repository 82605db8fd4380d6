/* The call log, one call, and what is known of a caller. */
#include "api/looks.h"

/* Audited as given. */
#define LIST_FILTERS                                                                               \
    "from to center_id caller_no agent_no queue_id outcome direction wrap_up_code mine"

/* --- the log -------------------------------------------------------------------------------- */

static bool add_filters(struct http_request *request, int32_t center_id,
                        struct store_params *params)
{
    if (!api_param_query_time(request, params, "from", "起始时间") ||
        !api_param_query_time(request, params, "to", "截止时间"))
        return false;
    if (center_id)
        store_param_int(params, center_id);
    else
        store_param_null(params);
    return api_param_query_text(request, params, "caller_no") &&
           api_param_query_text(request, params, "agent_no") &&
           api_param_query_int(request, params, "queue_id", "队列") &&
           api_param_query_text(request, params, "outcome") &&
           api_param_query_text(request, params, "direction");
}

static bool add_page(struct http_request *request, struct store_params *params)
{
    return api_param_query_limit(request, params, 50, 200) &&
           api_param_query_cursor(request, params);
}

static void list_calls(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_CALL_LIST,
                          .permission = PERM_CALL_READ,
                          .action = "call.list",
                          .object_kind = "call"};
    struct text users = {0};
    int32_t center_id;

    if (!look_query_center(api, request, PERM_CALL_READ, &center_id) ||
        !add_filters(request, center_id, &ask.params))
        return;
    look_param_users(api, request, person, PERM_CALL_READ, &ask.params, &users);
    if (add_page(request, &ask.params)) {
        store_param_bool(&ask.params, api_may_reveal(person, PERM_CALL_READ));
        look_filters(request, LIST_FILTERS, ask.detail, sizeof(ask.detail));
        if (api_param_query_text(request, &ask.params, "wrap_up_code"))
            api_ask(api, request, person, &ask, NULL, NULL);
    }
    text_done(&users);
}

/* --- one call ------------------------------------------------------------------------------- */

static void read_call(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_CALL_GET,
                          .permission = PERM_CALL_READ,
                          .missing = "没有这个通话，或您无权查看"};
    const struct api_person *person = api_person(request);
    struct text users = {0};

    if (look_params_one(arg, request, &ask, "call.read", "call", &users)) {
        store_param_bool(&ask.params, access_may(&person->subject, PERM_MONITOR_READ));
        api_ask(arg, request, person, &ask, NULL, NULL);
    }
    text_done(&users);
}

/* --- a caller ------------------------------------------------------------------------------- */

/* Who answers callers needs their history, whoever spoke to them before; others read it as they
 * read the call log. A route has one permission only, so the choice is made here. */
static bool may_read_history(struct api *api, struct http_request *request,
                             const struct api_person *person, enum permission *ret_permission)
{
    *ret_permission =
        access_may(&person->subject, PERM_AGENT_WORK) ? PERM_AGENT_WORK : PERM_CALL_READ;
    if (access_may(&person->subject, *ret_permission))
        return true;
    api_audit(api, person, "refused", "route", "", http_path(request));
    http_problem(request, 403, "forbidden", "您没有“查询来电人历史”的权限", NULL);
    return false;
}

/* The call that is ringing is no history of its own. */
static bool add_own_call(struct http_request *request, struct store_params *params)
{
    const char *text = http_query(request, "call_id");
    struct uuid id;

    if (!text) {
        store_param_null(params);
        return true;
    }
    if (uuid_parse(text, &id)) {
        api_field_problem(request, "call_id", "通话编号应为 36 位的编号");
        return false;
    }
    store_param_uuid(params, &id);
    return true;
}

static void read_history(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    const char *number = http_path_param(request, "number");
    /* Signed in: the person's own center, whatever else he may see. */
    struct api_ask ask = {.statement = STMT_CALLER_HISTORY,
                          .permission = PERM_SIGNED_IN,
                          .action = "caller.history",
                          .object_kind = "number"};
    enum permission permission;

    if (!may_read_history(api, request, person, &permission))
        return;
    (void)text_copy(ask.object_id, sizeof(ask.object_id), number);
    store_param_text(&ask.params, number);
    if (!api_param_query_limit(request, &ask.params, 10, 50))
        return;
    store_param_bool(&ask.params, api_may_reveal(person, permission));
    if (!add_own_call(request, &ask.params))
        return;
    api_ask(api, request, person, &ask, NULL, NULL);
}

/* --- routes --------------------------------------------------------------------------------- */

static const struct api_route routes[] = {
    {{"GET", "/api/v1/calls", PERM_CALL_READ, list_calls, "查询来电日志"},
     NULL,
     0,
     LIST_FILTERS " limit after"},
    {{"GET", "/api/v1/calls/{id}", PERM_CALL_READ, read_call, "查看通话详情"}, NULL, 0, NULL},
    {{"GET", "/api/v1/callers/{number}/history", PERM_SIGNED_IN, read_history, "查询来电人历史"},
     NULL,
     0,
     "limit call_id"},
};
const struct api_routes api_routes_calls = API_ROUTES(routes);
