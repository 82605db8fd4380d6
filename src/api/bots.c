/* What became of talks with voice bots: channels in use now, figures and sessions. Whose of them
 * somebody may see is said in the database (bot_centers()): each center's own, and those shared. */
#include "api/looks.h"

/* Audited as given. */
#define FILTERS "from to center_id result intent mine"

/* --- now ------------------------------------------------------------------------------------ */

static void get_use(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    bool region = person->subject.scope[PERM_MONITOR_READ] == ACCESS_REGION;
    struct text json = {0};

    telephony_bots_json(api->deps.telephony, region ? 0 : person->subject.center_id, &json);
    if (json.failed)
        api_unavailable(request);
    else
        http_answer_json(request, 200, json.data);
    text_done(&json);
}

/* --- figures and sessions ------------------------------------------------------------------- */

static void add_center(struct store_params *params, int32_t center_id)
{
    if (center_id)
        store_param_int(params, center_id);
    else
        store_param_null(params);
}

static bool add_span(struct http_request *request, struct store_params *params)
{
    return api_param_query_time(request, params, "from", "起始时间") &&
           api_param_query_time(request, params, "to", "截止时间");
}

static void get_figures(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .lane = STORE_SLOW, .statement = STMT_BOT_FIGURES, .permission = PERM_REPORT_READ};
    int32_t center_id;

    if (!api_query_center(arg, request, PERM_REPORT_READ, &center_id) ||
        !add_span(request, &ask.params))
        return;
    add_center(&ask.params, center_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void list_sessions(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_BOT_SESSION_LIST,
                          .permission = PERM_CALL_READ,
                          .action = "bot.sessions",
                          .object_kind = "call"};
    struct text users = {0};
    int32_t center_id;

    if (!look_query_center(api, request, PERM_CALL_READ, &center_id) ||
        !add_span(request, &ask.params))
        return;
    add_center(&ask.params, center_id);
    if (!api_param_query_text(request, &ask.params, "result") ||
        !api_param_query_text(request, &ask.params, "intent"))
        return;
    look_param_users(api, request, person, PERM_CALL_READ, &ask.params, &users);
    look_filters(request, FILTERS, ask.detail, sizeof(ask.detail));
    if (api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_cursor(request, &ask.params))
        api_ask(api, request, person, &ask, NULL, NULL);
    text_done(&users);
}

static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/monitor/bots", PERM_MONITOR_READ, get_use, "机器人通道使用情况"}},
    {.http = {"GET", "/api/v1/bots/figures", PERM_REPORT_READ, get_figures,
              "各中心机器人会话的统计"},
     .query = "from to center_id"},
    {.http = {"GET", "/api/v1/bots/sessions", PERM_CALL_READ, list_sessions, "机器人会话"},
     .query = FILTERS " limit after"},
};
const struct api_routes api_routes_bots = API_ROUTES(routes);
