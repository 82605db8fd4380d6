/* Reports: on the page, as XLSX and as CSV, all from the one document the statement gives. */
#include <stdio.h>
#include <string.h>

#include "api/export.h"
#include "api/looks.h"

#define MAX_DAYS  400
#define DATE_SIZE 11

#define VOICE_QUERY "from to center_id queue_id unit_type wrap_up_code by source"
#define AGENT_QUERY "from to center_id queue_id team_id by source"

struct period {
    char from[DATE_SIZE], to[DATE_SIZE];
};

struct report {
    const char *id;
    enum store_statement statement;
    enum access_scope least; /* what one must see to have it */
    const char *filters;     /* audited as given */
    const char *units, *by;  /* the words they may be */
    const char *by_default;
    /* What is asked besides the period and the center. */
    bool (*read)(struct api *api, struct http_request *request, const struct report *report,
                 struct store_params *params, struct text *users);
};

/* --- filters -------------------------------------------------------------------------------- */

static void complain(cJSON *errors, const char *name, const char *message)
{
    if (!cJSON_GetObjectItemCaseSensitive(errors, name))
        cJSON_AddStringToObject(errors, name, message);
}

/* Days since 2000-01-01, -1 when it is no date. */
static int day_number(const char *text)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int year, month, day, leap, used = 0;

    if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 ||
        sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 ||
        text[4] != '-' || text[7] != '-' || year < 2000 || year > 2099 || month < 1 || month > 12)
        return -1;
    leap = year % 4 == 0; /* also 2000 */
    if (day < 1 || day > before[month] - before[month - 1] + (month == 2 && leap))
        return -1;
    year -= 2000;
    return year * 365 + (year + 3) / 4 + before[month - 1] + (month > 2 && leap) + day - 1;
}

static int read_date(struct http_request *request, const char *name, const char *title,
                     char out[DATE_SIZE], cJSON *errors)
{
    const char *value = http_query(request, name);
    int day = value ? day_number(value) : -1;
    char message[100];

    snprintf(message, sizeof(message), value ? "%s应为日期，如 2026-11-24" : "请填写%s", title);
    if (day < 0)
        complain(errors, name, message);
    else
        text_copy(out, DATE_SIZE, value);
    return day;
}

static void read_period(struct http_request *request, struct period *period, cJSON *errors)
{
    int from = read_date(request, "from", "起始日期", period->from, errors);
    int to = read_date(request, "to", "截止日期", period->to, errors);

    if (from < 0 || to < 0)
        return;
    if (to < from)
        complain(errors, "to", "截止日期不能早于起始日期");
    else if (to - from >= MAX_DAYS)
        complain(errors, "to", "一次最多统计 400 天，请缩小范围");
}

/* One of the words, separated by spaces, or absent. */
static void check_word(struct http_request *request, const char *name, const char *words,
                       cJSON *errors)
{
    const char *value = http_query(request, name);
    size_t length = value ? strlen(value) : 0;
    char message[120];

    for (const char *at = value ? words : ""; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == length && strncmp(at, value, length) == 0)
            return;
    if (value) {
        snprintf(message, sizeof(message), "应为 %s 之一", words);
        complain(errors, name, message);
    }
}

static void add_word(struct store_params *params, const char *word)
{
    if (*word)
        store_param_text(params, word);
    else
        store_param_null(params);
}

/* Of a word that was checked already; otherwise what is meant without it. Parameters are not
 * copied: it lives as long as the request. */
static const char *word_or(struct http_request *request, const char *name, const char *otherwise)
{
    const char *value = http_query(request, name);

    return value ? value : otherwise;
}

static bool read_voice(struct api *api, struct http_request *request, const struct report *report,
                       struct store_params *params, struct text *users)
{
    (void)api;
    (void)users;
    if (!api_param_query_int(request, params, "queue_id", "队列"))
        return false;
    add_word(params, word_or(request, "unit_type", ""));
    store_param_text(params, word_or(request, "by", report->by_default));
    store_param_text(params, word_or(request, "source", "rollup"));
    return api_param_query_text(request, params, "wrap_up_code");
}

/* Whoever sees only his team has a report of it. */
static bool read_agents(struct api *api, struct http_request *request, const struct report *report,
                        struct store_params *params, struct text *users)
{
    if (!api_param_query_int(request, params, "queue_id", "队列") ||
        !api_param_query_int(request, params, "team_id", "班组"))
        return false;
    api_param_users(api, api_person(request), PERM_REPORT_READ, params, users);
    store_param_text(params, word_or(request, "by", report->by_default));
    store_param_text(params, word_or(request, "source", "rollup"));
    return true;
}

static bool check_filters(struct http_request *request, const struct report *report,
                          struct period *period)
{
    cJSON *errors = cJSON_CreateObject();

    read_period(request, period, errors);
    if (report->units)
        check_word(request, "unit_type", report->units, errors);
    check_word(request, "by", report->by, errors);
    check_word(request, "source", "rollup facts", errors);
    if (!errors || errors->child) {
        http_problem(request, 422, "request.invalid", "查询条件有误，请按提示修改", errors);
        return false;
    }
    cJSON_Delete(errors);
    return true;
}

static bool read_filters(struct api *api, struct http_request *request, const struct report *report,
                         struct api_ask *ask, struct period *period, struct text *users)
{
    int32_t center;

    if (!check_filters(request, report, period) ||
        !api_query_center(api, request, PERM_REPORT_READ, &center))
        return false;
    store_param_text(&ask->params, period->from);
    store_param_text(&ask->params, period->to);
    if (center)
        store_param_int(&ask->params, center);
    else
        store_param_null(&ask->params);
    look_filters(request, report->filters, ask->detail, sizeof(ask->detail));
    return report->read(api, request, report, &ask->params, users);
}

/* Most reports are about whole centers; somebody who sees only himself or his team has none. */
static bool may_report(struct api *api, struct http_request *request, enum access_scope least)
{
    const struct api_person *person = api_person(request);

    if (person->subject.scope[PERM_REPORT_READ] >= least)
        return true;
    api_audit(api, person, "refused", "report", "", http_path(request));
    http_problem(request, 403, "report.scope",
                 least == ACCESS_TEAM ? "统计报表需要本班组或更大的数据范围"
                                      : "统计报表需要本中心或更大的数据范围",
                 NULL);
    return false;
}

static const struct report voice_service = {
    .id = "RPT-01",
    .statement = STMT_RPT_VOICE_SERVICE,
    .least = ACCESS_CENTER,
    .filters = VOICE_QUERY,
    .units = "self from_12366 from_city",
    .by = "center queue wrap_up",
    .by_default = "center",
    .read = read_voice,
};
static const struct report agent_voice = {
    .id = "RPT-17",
    .statement = STMT_RPT_AGENT_VOICE,
    .least = ACCESS_TEAM,
    .filters = AGENT_QUERY,
    .by = "agent team queue center",
    .by_default = "agent",
    .read = read_agents,
};

/* --- on the page ---------------------------------------------------------------------------- */

static void list_reports(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_REPORT_LIST, .permission = PERM_REPORT_READ};
    const struct api_person *person = api_person(request);

    if (!may_report(arg, request, ACCESS_TEAM))
        return;
    store_param_bool(&ask.params, person->subject.scope[PERM_REPORT_READ] >= ACCESS_CENTER);
    api_ask(arg, request, person, &ask, NULL, NULL);
}

static struct api_ask ask_report(const struct report *report, const char *action)
{
    struct api_ask ask = {
        .lane = STORE_SLOW,
        .statement = report->statement,
        .permission = PERM_REPORT_READ,
        .action = action,
        .object_kind = "report",
    };

    text_copy(ask.object_id, sizeof(ask.object_id), report->id);
    return ask;
}

static void show(struct api *api, struct http_request *request, const struct report *report)
{
    struct api_ask ask = ask_report(report, "report.read");
    struct period period;
    struct text users = {0};

    if (may_report(api, request, report->least) &&
        read_filters(api, request, report, &ask, &period, &users))
        api_ask(api, request, api_person(request), &ask, NULL, NULL);
    text_done(&users);
}

/* --- as a file ------------------------------------------------------------------------------ */

static void download(struct api *api, struct http_request *request, const struct report *report,
                     bool xlsx)
{
    struct api_ask ask = ask_report(report, "report.export");
    struct period period;
    struct text users = {0};
    char days[2 * DATE_SIZE];

    if (may_report(api, request, report->least) &&
        read_filters(api, request, report, &ask, &period, &users)) {
        snprintf(days, sizeof(days), "%s_%s", period.from, period.to);
        export_document(api, request, &ask, xlsx, days);
    }
    text_done(&users);
}

/* --- routes --------------------------------------------------------------------------------- */

static void show_voice_service(struct http_request *request, void *arg)
{
    show(arg, request, &voice_service);
}

static void voice_service_xlsx(struct http_request *request, void *arg)
{
    download(arg, request, &voice_service, true);
}

static void voice_service_csv(struct http_request *request, void *arg)
{
    download(arg, request, &voice_service, false);
}

static void show_agent_voice(struct http_request *request, void *arg)
{
    show(arg, request, &agent_voice);
}

static void agent_voice_xlsx(struct http_request *request, void *arg)
{
    download(arg, request, &agent_voice, true);
}

static void agent_voice_csv(struct http_request *request, void *arg)
{
    download(arg, request, &agent_voice, false);
}

#define VOICE_SERVICE "/api/v1/reports/voice_service"
#define AGENT_VOICE   "/api/v1/reports/agent_voice"
static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/reports", PERM_REPORT_READ, list_reports, "报表目录"}},
    {.http = {"GET", VOICE_SERVICE, PERM_REPORT_READ, show_voice_service, "语音服务统计分析表"},
     .query = VOICE_QUERY},
    {.http = {"GET", VOICE_SERVICE ".xlsx", PERM_REPORT_READ, voice_service_xlsx,
              "语音服务统计分析表（XLSX）"},
     .query = VOICE_QUERY},
    {.http = {"GET", VOICE_SERVICE ".csv", PERM_REPORT_READ, voice_service_csv,
              "语音服务统计分析表（CSV）"},
     .query = VOICE_QUERY},
    {.http = {"GET", AGENT_VOICE, PERM_REPORT_READ, show_agent_voice, "坐席语音类工作情况统计表"},
     .query = AGENT_QUERY},
    {.http = {"GET", AGENT_VOICE ".xlsx", PERM_REPORT_READ, agent_voice_xlsx,
              "坐席语音类工作情况统计表（XLSX）"},
     .query = AGENT_QUERY},
    {.http = {"GET", AGENT_VOICE ".csv", PERM_REPORT_READ, agent_voice_csv,
              "坐席语音类工作情况统计表（CSV）"},
     .query = AGENT_QUERY},
};
const struct api_routes api_routes_reports = API_ROUTES(routes);
