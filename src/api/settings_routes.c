/* To which center callers of the region's number go (ACD-10): the region's rules, and a tool that
 * says where a number would go and why. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/csv_rows.h"
#include "api/settings.h"

#define IMPORT_MAX 5000

static const char missing[] = "没有这条号段规则，或已被删除";

struct routes_body {
    bool by_taxpayer;
    int64_t unknown_center_id;
    const cJSON *numbers;
};
static const struct http_field routes_fields[] = {
    {"by_taxpayer", "先按纳税人信息匹配", HTTP_BOOL, offsetof(struct routes_body, by_taxpayer), 0,
     0, 0},
    {"unknown_center_id", "归属不明的来电转到", HTTP_INT,
     offsetof(struct routes_body, unknown_center_id), 0, 0, INT32_MAX},
    {"numbers", "分流的号码", HTTP_JSON, offsetof(struct routes_body, numbers), 0, 0, 0},
};

struct rule_body {
    const char *prefix, *note;
    int64_t center_id;
};
static const struct http_field rule_fields[] = {
    {"prefix", "号段", HTTP_TEXT, offsetof(struct rule_body, prefix), HTTP_REQUIRED, 2, 11},
    {"center_id", "转到的中心", HTTP_INT, offsetof(struct rule_body, center_id), HTTP_REQUIRED, 1,
     INT32_MAX},
    {"note", "说明", HTTP_TEXT, offsetof(struct rule_body, note), 0, 0, 100},
};

struct try_body {
    const char *number;
};
static const struct http_field try_fields[] = {
    {"number", "号码", HTTP_TEXT, offsetof(struct try_body, number), 0, 0, 40},
};

/* --- settings and rules ----------------------------------------------------------------------- */

static void get_routes(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_ROUTE_SETTING_GET, .permission = PERM_REGION_WRITE};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_routes(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_ROUTE_SETTING_UPDATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .missing = "还没有自治区中心",
                          .action = "route.setting",
                          .object_kind = "route"};
    struct routes_body body = {0};
    int64_t version;
    size_t length;

    if (!api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(routes_fields), &body))
        return;
    if (body.numbers && !settings_is_list_of_ids(body.numbers)) {
        api_field_problem(request, "numbers", "应为号码编号的列表");
        return;
    }
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void list_rules(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_ROUTE_RULE_LIST, .permission = PERM_REGION_WRITE};

    if (api_param_query_text(request, &ask.params, "search") &&
        api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_text(request, &ask.params, "after"))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_rule(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_ROUTE_RULE_PUT,
                          .permission = PERM_REGION_WRITE,
                          .action = "route.rule",
                          .object_kind = "route"};
    struct rule_body body = {0};
    size_t length;

    if (!http_read_body(request, SETTINGS_BODY(rule_fields), &body))
        return;
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.detail, sizeof(ask.detail), "prefix=%s center=%d", body.prefix,
             (int)body.center_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_rule(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_ROUTE_RULE_DELETE,
                          .permission = PERM_REGION_WRITE,
                          .missing = missing,
                          .action = "route.rule_delete",
                          .object_kind = "route"};
    int32_t id;

    if (!api_path_int(request, "id", &id))
        return;
    store_param_int(&ask.params, id);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void import_rules(struct http_request *request, void *arg)
{
    static const char *const columns[] = {"prefix", "center", "note"};
    static const struct csv_kind kind = {columns,
                                         3,
                                         -1,
                                         "号段 号码段",
                                         IMPORT_MAX,
                                         "文件里没有号段；每行应为号段、分中心、说明三列",
                                         "一次最多导入 5000 行，请分成几个文件"};
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_ROUTE_RULE_IMPORT,
                          .permission = PERM_REGION_WRITE,
                          .action = "route.import",
                          .object_kind = "route"};
    cJSON *rows = csv_rows(request, &kind);
    char *json = rows ? cJSON_PrintUnformatted(rows) : NULL;

    if (json) {
        store_param_text(&ask.params, json);
        snprintf(ask.detail, sizeof(ask.detail), "rows=%d", cJSON_GetArraySize(rows));
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    } else if (rows) {
        api_unavailable(request);
    }
    cJSON_free(json);
    cJSON_Delete(rows);
}

/* --- where would it go? ----------------------------------------------------------------------- */

static const char *const by_names[] = {[ROUTE_BY_TAXPAYER] = "taxpayer",
                                       [ROUTE_BY_RULE] = "rule",
                                       [ROUTE_BY_PLACE] = "place",
                                       [ROUTE_BY_DEFAULT] = "default"};

static int32_t regional_center(struct api *api)
{
    size_t count;
    const struct dir_center *centers = directory_centers(api->deps.directory, &count);

    for (size_t i = 0; i < count; i++)
        if (centers[i].regional)
            return centers[i].id;
    return 0;
}

static void print_place(const struct dir_place *place, struct text *why)
{
    text_addf(why, "%s%s%s", place->province, place->province[0] && place->city[0] ? " " : "",
              place->city[0] ? place->city : "");
}

/* The sentence for people: what decided. */
static void print_why(const struct dir_place *place, const struct route_answer *answer,
                      const char *taxpayer, int64_t hits, struct text *why)
{
    if (hits > 1 && answer->by != ROUTE_BY_TAXPAYER)
        text_addf(why, "号码匹配到 %lld 户纳税人，分属不同中心，不以此分流；", (long long)hits);
    if (answer->by == ROUTE_BY_TAXPAYER && hits == 1)
        text_addf(why, "号码属于纳税人“%s”", taxpayer);
    else if (answer->by == ROUTE_BY_TAXPAYER)
        text_addf(why, "号码匹配到 %lld 户纳税人，同属一个中心", (long long)hits);
    else if (answer->by == ROUTE_BY_RULE)
        text_addf(why, "最长的号段规则“%.*s”", (int)answer->length, place->number);
    else if (answer->by == ROUTE_BY_PLACE)
        text_addf(why, "归属地号段“%.*s”%s", (int)answer->length, place->number,
                  place->exact ? "" : "，区号由几个城市共用，没有更长的号段规则，按默认城市");
    else if (!place->number[0])
        text_add(why, "没有来电号码，按归属不明处理");
    else if (place->province[0])
        text_add(why, "归属地不在本自治区的分中心，按归属不明处理");
    else
        text_add(why, "号段表中没有这个号码，按归属不明处理");
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_name(out, ',', name);
    text_add_json(out, value);
}

static void print_try(struct api *api, const char *number, const cJSON *taxpayer, struct text *out)
{
    struct directory *directory = api->deps.directory;
    int32_t home = regional_center(api);
    const struct dir_routing *routing = directory_routing(directory, home);
    const cJSON *whose = cJSON_GetObjectItemCaseSensitive(taxpayer, "center_id");
    const cJSON *hits = cJSON_GetObjectItemCaseSensitive(taxpayer, "hits");
    bool asks = routing && routing->by_taxpayer;
    struct route_answer answer =
        directory_route(directory, home, number, asks && whose ? whose->valueint : 0);
    const struct dir_center *center = directory_center(directory, answer.center);
    struct dir_place place;
    struct text place_text = {0}, why = {0};

    directory_place(directory, home, number, &place);
    print_place(&place, &place_text);
    print_why(&place, &answer,
              cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(taxpayer, "name")),
              asks && hits ? (int64_t)hits->valuedouble : 0, &why);
    text_addf(out, "{\"center_id\":%d,\"by\":\"%s\",\"stays\":%s", answer.center,
              by_names[answer.by], !answer.center || answer.center == home ? "true" : "false");
    add_text(out, "number", place.number);
    add_text(out, "place", place_text.data ? place_text.data : "");
    add_text(out, "center_name", center ? center->name : "");
    add_text(out, "queue_name",
             answer.by == ROUTE_BY_TAXPAYER
                 ? cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(taxpayer, "queue_name"))
                 : "");
    add_text(out, "why", why.data ? why.data : "");
    text_add(out, "}");
    text_done(&place_text);
    text_done(&why);
}

static void tried(struct api *api, struct http_request *request, const struct api_person *person,
                  const struct store_result *result, void **state)
{
    cJSON *taxpayer = cJSON_Parse(store_text(result, 0, 0));
    struct text out = {0};

    (void)person;
    print_try(api, *state, taxpayer, &out);
    api_answer_text(request, &out);
    cJSON_Delete(taxpayer);
}

static void try_number(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct api_ask ask = {.statement = STMT_TAXPAYER_ROUTE,
                          .permission = PERM_REGION_WRITE,
                          .action = "route.try",
                          .object_kind = "route",
                          .then = tried};
    struct try_body body = {0};
    struct dir_place place;
    char *number;

    if (!http_read_body(request, SETTINGS_BODY(try_fields), &body))
        return;
    directory_place(api->deps.directory, regional_center(api), body.number ? body.number : "",
                    &place);
    number = strdup(place.number);
    if (!number) {
        api_unavailable(request);
        return;
    }
    store_param_text(&ask.params, number);
    snprintf(ask.detail, sizeof(ask.detail), "number=%s", number);
    api_ask(api, request, api_person(request), &ask, number, free);
}

#define BASE "/api/v1/settings/routes"
static const struct api_route routes[] = {
    {.http = {"GET", BASE, PERM_REGION_WRITE, get_routes, "来电分流的设置"}},
    {{"PUT", BASE, PERM_REGION_WRITE, put_routes, "修改来电分流的设置"},
     SETTINGS_BODY(routes_fields),
     .if_match = true},
    {.http = {"GET", BASE "/rules", PERM_REGION_WRITE, list_rules, "号段规则"},
     .query = "search limit after"},
    {{"PUT", BASE "/rules", PERM_REGION_WRITE, put_rule, "新增或修改一条号段规则"},
     SETTINGS_BODY(rule_fields)},
    {.http = {"DELETE", BASE "/rules/{id}", PERM_REGION_WRITE, delete_rule, "删除号段规则"}},
    {.http = {"POST", BASE "/import", PERM_REGION_WRITE, import_rules, "导入号段规则（CSV）",
              API_BODY_FLOW},
     .upload = "text/csv"},
    {{"POST", BASE "/try", PERM_REGION_WRITE, try_number, "试一个号码会转到哪里"},
     SETTINGS_BODY(try_fields)},
};
const struct api_routes api_routes_routes = API_ROUTES(routes);
