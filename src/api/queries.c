/* Lists of what happened: recordings, calls out, sign-ins, states, holds, no-answers, transfers to
 * the IVR, messages. A page of it, or all of it as a file.
 *
 * One row of a table is one list: its statement and what may be asked for besides time, center and
 * agent. All statements take the same first parameters (sql/queries/queries.sql). */
#include <stdio.h>
#include <string.h>

#include "api/export.h"
#include "api/looks.h"

#define BASE        "/api/v1/queries/"
#define OWN_FILTERS 8

enum filter_kind { FILTER_TEXT, FILTER_INT };

struct filter {
    const char *name, *title; /* title of a number, for messages */
    enum filter_kind kind;
};

struct listing {
    const char *path; /* behind BASE, without .xlsx and .csv */
    enum store_statement statement;
    enum permission permission;         /* to look; a file needs PERM_CALL_EXPORT as well */
    const char *filters;                /* all names, for the audit log and the description */
    struct filter own[OWN_FILTERS + 1]; /* in the order of the statement's parameters from $10 on */
};

#define COMMON     "from to center_id agent_no by mine"
#define RECORDINGS COMMON " number queue_id min_s max_s record_no state satisfaction ticket_no"
#define OUTBOUND   COMMON " number result"
#define SESSIONS   COMMON " reason"
#define STATES     COMMON " state reason min_s max_s"
#define HOLDS      COMMON " number min_s max_s"
#define NO_ANSWERS COMMON " number queue_id"
#define IVR        COMMON " number mode result"
#define UNRECORDED COMMON " number reason"
#define SMS        COMMON " number state"
#define SECONDS(filter)                                                                            \
    {                                                                                              \
        filter, "时长（秒）", FILTER_INT                                                           \
    }

static const struct listing listings[] = {
    {"recordings",
     STMT_QUERY_RECORDINGS,
     PERM_RECORDING_PLAY,
     RECORDINGS,
     {{"number", "", FILTER_TEXT},
      {"queue_id", "队列", FILTER_INT},
      SECONDS("min_s"),
      SECONDS("max_s"),
      {"record_no", "", FILTER_TEXT},
      {"state", "", FILTER_TEXT},
      {"satisfaction", "", FILTER_TEXT},
      {"ticket_no", "", FILTER_TEXT}}},
    {"outbound",
     STMT_QUERY_OUTBOUND,
     PERM_CALL_READ,
     OUTBOUND,
     {{"number", "", FILTER_TEXT}, {"result", "", FILTER_TEXT}}},
    {"sessions", STMT_QUERY_SESSIONS, PERM_CALL_READ, SESSIONS, {{"reason", "", FILTER_TEXT}}},
    {"states",
     STMT_QUERY_STATES,
     PERM_CALL_READ,
     STATES,
     {{"state", "", FILTER_TEXT}, {"reason", "", FILTER_TEXT}, SECONDS("min_s"), SECONDS("max_s")}},
    {"holds",
     STMT_QUERY_HOLDS,
     PERM_CALL_READ,
     HOLDS,
     {{"number", "", FILTER_TEXT}, SECONDS("min_s"), SECONDS("max_s")}},
    {"no-answers",
     STMT_QUERY_NO_ANSWERS,
     PERM_CALL_READ,
     NO_ANSWERS,
     {{"number", "", FILTER_TEXT}, {"queue_id", "队列", FILTER_INT}}},
    {"ivr-transfers",
     STMT_QUERY_IVR_TRANSFERS,
     PERM_CALL_READ,
     IVR,
     {{"number", "", FILTER_TEXT}, {"mode", "", FILTER_TEXT}, {"result", "", FILTER_TEXT}}},
    {"unrecorded",
     STMT_QUERY_UNRECORDED,
     PERM_CALL_READ,
     UNRECORDED,
     {{"number", "", FILTER_TEXT}, {"reason", "", FILTER_TEXT}}},
    {"sms",
     STMT_QUERY_SMS,
     PERM_SMS_READ,
     SMS,
     {{"number", "", FILTER_TEXT}, {"state", "", FILTER_TEXT}}},
};

/* The route was found by the server: so is its list. */
static const struct listing *listing_of(const struct http_request *request)
{
    const char *name = http_path(request) + strlen(BASE);
    size_t length = strcspn(name, ".");

    for (size_t i = 0; i < sizeof(listings) / sizeof(listings[0]); i++)
        if (strlen(listings[i].path) == length && strncmp(listings[i].path, name, length) == 0)
            return &listings[i];
    return NULL;
}

/* --- parameters ----------------------------------------------------------------------------- */

static bool add_own(struct http_request *request, const struct listing *listing,
                    struct store_params *params)
{
    for (const struct filter *f = listing->own; f->name; f++)
        if (!(f->kind == FILTER_INT ? api_param_query_int(request, params, f->name, f->title)
                                    : api_param_query_text(request, params, f->name)))
            return false;
    return true;
}

static bool add_page(struct http_request *request, struct store_params *params, bool all)
{
    if (!all)
        return api_param_query_limit(request, params, 50, 200) &&
               api_param_query_cursor(request, params);
    store_param_int(params, EXPORT_MAX_ROWS);
    store_param_null(params);
    return true;
}

static bool reads_by(struct http_request *request, bool *ret_by_center)
{
    const char *by = http_query(request, "by");

    *ret_by_center = text_equal(by, "center");
    if (!by || *ret_by_center)
        return true;
    api_field_problem(request, "by", "by 应为 center（按中心计数）");
    return false;
}

/* Starts the answer; all: as a file, of everything the filters find. */
static bool add_params(struct api *api, struct http_request *request, const struct listing *listing,
                       struct api_ask *ask, struct text *users, bool all)
{
    const struct api_person *person = api_person(request);
    struct store_params *params = &ask->params;
    bool by_center;
    int32_t center;

    if (!reads_by(request, &by_center) ||
        !look_query_center(api, request, ask->permission, &center) ||
        !api_param_query_time(request, params, "from", "起始时间") ||
        !api_param_query_time(request, params, "to", "截止时间"))
        return false;
    if (center)
        store_param_int(params, center);
    else
        store_param_null(params);
    look_param_users(api, request, person, ask->permission, params, users);
    if (!api_param_query_text(request, params, "agent_no") || !add_page(request, params, all))
        return false;
    store_param_bool(params, api_may_reveal(person, ask->permission));
    store_param_bool(params, by_center && !all);
    look_filters(request, listing->filters, ask->detail, sizeof(ask->detail));
    return add_own(request, listing, params);
}

/* --- a page, a file ------------------------------------------------------------------------- */

static struct api_ask ask_list(const struct listing *listing, const char *action)
{
    return (struct api_ask){.lane = STORE_SLOW,
                            .statement = listing->statement,
                            .permission = listing->permission,
                            .action = action,
                            .object_kind = listing->path};
}

static void show_list(struct http_request *request, void *arg)
{
    const struct listing *listing = listing_of(request);
    struct api_ask ask = ask_list(listing, "query.list");
    struct text users = {0};

    if (add_params(arg, request, listing, &ask, &users, false))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    text_done(&users);
}

/* Whose rows go into a file is what both permissions reach. */
static bool take_narrower(struct api *api, struct http_request *request,
                          const struct listing *listing, struct api_ask *ask)
{
    const struct api_person *person = api_person(request);

    if (!access_may(&person->subject, listing->permission)) {
        api_audit(api, person, "refused", "route", "", http_path(request));
        http_problem(request, 403, "forbidden", "您没有查看这个列表的权限，也就不能导出它", NULL);
        return false;
    }
    if (person->subject.scope[PERM_CALL_EXPORT] < person->subject.scope[listing->permission])
        ask->permission = PERM_CALL_EXPORT;
    return true;
}

static void export_list(struct api *api, struct http_request *request, bool xlsx)
{
    const struct listing *listing = listing_of(request);
    struct api_ask ask = ask_list(listing, "query.export");
    const char *from = http_query(request, "from");
    struct text users = {0};
    char day[11];

    if (take_narrower(api, request, listing, &ask) &&
        add_params(api, request, listing, &ask, &users, true)) {
        snprintf(day, sizeof(day), "%.10s", from ? from : "全部");
        export_document(api, request, &ask, xlsx, day);
    }
    text_done(&users);
}

static void export_xlsx(struct http_request *request, void *arg)
{
    export_list(arg, request, true);
}

static void export_csv(struct http_request *request, void *arg)
{
    export_list(arg, request, false);
}

/* --- a day of the agents -------------------------------------------------------------------- */

static void show_timeline(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_QUERY_TIMELINE,
                          .permission = PERM_CALL_READ,
                          .action = "query.timeline",
                          .object_kind = "states"};
    struct text users = {0};
    int32_t center;

    if (!look_query_center(arg, request, PERM_CALL_READ, &center) ||
        !api_param_query_time(request, &ask.params, "day", "日期"))
        return;
    store_param_int(&ask.params, center ? center : person->subject.center_id);
    look_param_users(arg, request, person, PERM_CALL_READ, &ask.params, &users);
    look_filters(request, "day center_id agent_no", ask.detail, sizeof(ask.detail));
    if (api_param_query_text(request, &ask.params, "agent_no"))
        api_ask(arg, request, person, &ask, NULL, NULL);
    text_done(&users);
}

/* --- what the nights found ------------------------------------------------------------------ */

static void show_checks(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .lane = STORE_SLOW, .statement = STMT_QUERY_DATA_CHECKS, .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!look_query_center(arg, request, PERM_SETTINGS_READ, &center) ||
        !api_param_query_time(request, &ask.params, "from", "起始日期") ||
        !api_param_query_time(request, &ask.params, "to", "截止日期"))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    if (api_param_query_limit(request, &ask.params, 50, 200))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define LISTING(path, permission, filters, title)                                                  \
    {.http = {"GET", BASE path, permission, show_list, title}, .query = filters " limit after"},   \
        {.http = {"GET", BASE path ".xlsx", PERM_CALL_EXPORT, export_xlsx, title "（XLSX）"},      \
         .query = filters},                                                                        \
    {                                                                                              \
        .http = {"GET", BASE path ".csv", PERM_CALL_EXPORT, export_csv, title "（CSV）"},          \
        .query = filters                                                                           \
    }
static const struct api_route routes[] = {
    LISTING("recordings", PERM_RECORDING_PLAY, RECORDINGS, "查询录音"),
    LISTING("outbound", PERM_CALL_READ, OUTBOUND, "查询外呼记录"),
    LISTING("sessions", PERM_CALL_READ, SESSIONS, "查询签入签出"),
    LISTING("states", PERM_CALL_READ, STATES, "查询示忙示闲"),
    LISTING("holds", PERM_CALL_READ, HOLDS, "查询保持与取保持"),
    LISTING("no-answers", PERM_CALL_READ, NO_ANSWERS, "查询久不应答"),
    LISTING("ivr-transfers", PERM_CALL_READ, IVR, "查询转IVR记录"),
    LISTING("unrecorded", PERM_CALL_READ, UNRECORDED, "查询未录音通话"),
    LISTING("sms", PERM_SMS_READ, SMS, "查询短信记录"),
    {.http = {"GET", BASE "timeline", PERM_CALL_READ, show_timeline, "坐席的一天"},
     .query = "day center_id agent_no mine"},
    {.http = {"GET", BASE "data-checks", PERM_SETTINGS_READ, show_checks, "每夜数据核对的结果"},
     .query = "from to center_id limit"},
};
const struct api_routes api_routes_queries = API_ROUTES(routes);
