/* The directory of taxpayers (ACD-11): who called, by the number, and which office's queue takes
 * them. Numbers and names are personal data: every look is in the audit log. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/csv_rows.h"
#include "api/looks.h"
#include "api/settings.h"

#define IMPORT_MAX 2000

static void list_taxpayers(struct http_request *request, void *arg)
{
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_TAXPAYER_LIST,
                          .permission = PERM_SETTINGS_READ,
                          .action = "taxpayer.list",
                          .object_kind = "taxpayer"};
    int32_t center;

    if (!api_query_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    if (!api_param_query_text(request, &ask.params, "q") ||
        !api_param_query_limit(request, &ask.params, 50, 200) ||
        !api_param_query_int(request, &ask.params, "after", "翻页标记"))
        return;
    store_param_bool(&ask.params, api_may_reveal(api_person(request), PERM_SETTINGS_READ));
    look_filters(request, "center_id q", ask.detail, sizeof(ask.detail));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void import_taxpayers(struct http_request *request, void *arg)
{
    static const char *const columns[] = {"taxpayer_no", "name", "org", "numbers"};
    static const struct csv_kind kind = {
        columns,
        4,
        3,
        "纳税人识别号 统一社会信用代码",
        IMPORT_MAX,
        "文件里没有纳税人；每行应为纳税人识别号、名称、主管税务机关、号码四列",
        "一次最多导入 2000 行，请分成几个文件"};
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_TAXPAYER_IMPORT,
                          .permission = PERM_SETTINGS_WRITE,
                          .action = "taxpayer.import",
                          .object_kind = "taxpayer"};
    int32_t center;
    cJSON *rows;
    char *json;

    if (!settings_center(arg, request, PERM_SETTINGS_WRITE, &center) ||
        !(rows = csv_rows(request, &kind)))
        return;
    json = cJSON_PrintUnformatted(rows);
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, api_person(request)->subject.user_id);
    store_param_text(&ask.params, json ? json : "[]");
    snprintf(ask.detail, sizeof(ask.detail), "center=%d rows=%d", center, cJSON_GetArraySize(rows));
    if (json)
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    else
        api_unavailable(request);
    cJSON_free(json);
    cJSON_Delete(rows);
}

static void delete_taxpayer(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_TAXPAYER_DELETE,
                          .permission = PERM_SETTINGS_WRITE,
                          .missing = "没有这户纳税人，或不属于您管理的中心",
                          .action = "taxpayer.delete",
                          .object_kind = "taxpayer"};
    int32_t id;

    if (!api_path_int(request, "id", &id))
        return;
    store_param_int(&ask.params, id);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- offices ---------------------------------------------------------------------------------- */

struct office_body {
    int64_t queue_id;
};
static const struct http_field office_fields[] = {
    {"queue_id", "来电队列", HTTP_INT, offsetof(struct office_body, queue_id), HTTP_REQUIRED, 0,
     INT32_MAX},
};

static void list_offices(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_OFFICE_LIST);
}

static void put_office(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_OFFICE_UPDATE,
                          .permission = PERM_SETTINGS_WRITE,
                          .answer = API_RESULT,
                          .missing = "没有这个税务机关，或不属于您管理的中心",
                          .action = "office.update",
                          .object_kind = "office"};
    struct office_body body = {0};
    size_t length;
    int32_t id;

    if (!api_path_int(request, "id", &id) ||
        !http_read_body(request, SETTINGS_BODY(office_fields), &body))
        return;
    store_param_int(&ask.params, id);
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    snprintf(ask.detail, sizeof(ask.detail), "queue=%d", (int)body.queue_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define TAXPAYERS "/api/v1/taxpayers"
#define OFFICES   "/api/v1/settings/offices"
static const struct api_route routes[] = {
    {.http = {"GET", TAXPAYERS, PERM_SETTINGS_READ, list_taxpayers, "纳税人名录"},
     .query = "center_id q limit after"},
    {.http = {"POST", TAXPAYERS "/import", PERM_SETTINGS_WRITE, import_taxpayers,
              "导入纳税人名录（CSV）", API_BODY_FLOW},
     .query = "center_id",
     .upload = "text/csv"},
    {.http = {"DELETE", TAXPAYERS "/{id}", PERM_SETTINGS_WRITE, delete_taxpayer, "删除一户纳税人"}},
    {.http = {"GET", OFFICES, PERM_SETTINGS_READ, list_offices, "税务机关及其来电队列"},
     .query = "center_id"},
    {{"PUT", OFFICES "/{id}", PERM_SETTINGS_WRITE, put_office, "设置税务机关的来电队列"},
     SETTINGS_BODY(office_fields)},
};
const struct api_routes api_routes_taxpayers = API_ROUTES(routes);
