/* Reports: on the page, as XLSX and as CSV, all from the one document the statement gives. */
#include <stdio.h>
#include <string.h>

#include "api/export.h"
#include "api/looks.h"

#define MAX_DAYS  400
#define DATE_SIZE 11
/* Audited as given. */
#define FILTERS "from to center_id queue_id unit_type wrap_up_code by source"

struct period {
    char from[DATE_SIZE], to[DATE_SIZE];
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

/* One of the words, separated by spaces; "" when absent. */
static const char *read_word(struct http_request *request, const char *name, const char *words,
                             cJSON *errors)
{
    const char *value = http_query(request, name);
    size_t length = value ? strlen(value) : 0;
    char message[120];

    for (const char *at = value ? words : ""; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == length && strncmp(at, value, length) == 0)
            return value;
    if (value) {
        snprintf(message, sizeof(message), "应为 %s 之一", words);
        complain(errors, name, message);
    }
    return "";
}

static bool read_filters(struct api *api, struct http_request *request, struct api_ask *ask,
                         struct period *period)
{
    cJSON *errors = cJSON_CreateObject();
    const char *unit, *by, *source;
    int32_t center;

    read_period(request, period, errors);
    unit = read_word(request, "unit_type", "self from_12366 from_city", errors);
    by = read_word(request, "by", "center queue wrap_up", errors);
    source = read_word(request, "source", "rollup facts", errors);
    if (!errors || errors->child) {
        http_problem(request, 422, "request.invalid", "查询条件有误，请按提示修改", errors);
        return false;
    }
    cJSON_Delete(errors);
    if (!api_query_center(api, request, PERM_REPORT_READ, &center))
        return false;
    store_param_text(&ask->params, period->from);
    store_param_text(&ask->params, period->to);
    if (center)
        store_param_int(&ask->params, center);
    else
        store_param_null(&ask->params);
    if (!api_param_query_int(request, &ask->params, "queue_id", "队列"))
        return false;
    if (*unit)
        store_param_text(&ask->params, unit);
    else
        store_param_null(&ask->params);
    store_param_text(&ask->params, *by ? by : "center");
    store_param_text(&ask->params, *source ? source : "rollup");
    look_filters(request, FILTERS, ask->detail, sizeof(ask->detail));
    return api_param_query_text(request, &ask->params, "wrap_up_code");
}

/* A report is about whole centers; somebody who sees only himself or his team has none. */
static bool may_report(struct api *api, struct http_request *request)
{
    const struct api_person *person = api_person(request);

    if (person->subject.scope[PERM_REPORT_READ] >= ACCESS_CENTER)
        return true;
    api_audit(api, person, "refused", "report", "", http_path(request));
    http_problem(request, 403, "report.scope", "统计报表需要本中心或更大的数据范围", NULL);
    return false;
}

/* --- on the page ---------------------------------------------------------------------------- */

static void list_reports(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_REPORT_LIST, .permission = PERM_REPORT_READ};

    if (may_report(arg, request))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void ask_voice_service(struct api_ask *ask, const char *action)
{
    *ask = (struct api_ask){
        .lane = STORE_SLOW,
        .statement = STMT_RPT_VOICE_SERVICE,
        .permission = PERM_REPORT_READ,
        .action = action,
        .object_kind = "report",
        .object_id = "RPT-01",
    };
}

static void show_voice_service(struct http_request *request, void *arg)
{
    struct period period;
    struct api_ask ask;

    ask_voice_service(&ask, "report.read");
    if (may_report(arg, request) && read_filters(arg, request, &ask, &period))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- as a file ------------------------------------------------------------------------------ */

static void export_voice_service(struct api *api, struct http_request *request, bool xlsx)
{
    struct api_ask ask;
    struct period period;
    char days[2 * DATE_SIZE];

    ask_voice_service(&ask, "report.export");
    if (!may_report(api, request) || !read_filters(api, request, &ask, &period))
        return;
    snprintf(days, sizeof(days), "%s_%s", period.from, period.to);
    export_document(api, request, &ask, xlsx, days);
}

static void download_xlsx(struct http_request *request, void *arg)
{
    export_voice_service(arg, request, true);
}

static void download_csv(struct http_request *request, void *arg)
{
    export_voice_service(arg, request, false);
}

#define VOICE_SERVICE "/api/v1/reports/voice_service"
static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/reports", PERM_REPORT_READ, list_reports, "报表目录"}},
    {.http = {"GET", VOICE_SERVICE, PERM_REPORT_READ, show_voice_service, "语音服务统计分析表"},
     .query = FILTERS},
    {.http = {"GET", VOICE_SERVICE ".xlsx", PERM_REPORT_READ, download_xlsx,
              "语音服务统计分析表（XLSX）"},
     .query = FILTERS},
    {.http = {"GET", VOICE_SERVICE ".csv", PERM_REPORT_READ, download_csv,
              "语音服务统计分析表（CSV）"},
     .query = FILTERS},
};
const struct api_routes api_routes_reports = API_ROUTES(routes);
