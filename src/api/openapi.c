/* The OpenAPI 3.1 document, made from the route tables and the field tables of bodies: what the
 * dispatcher and http_read_body() go by is what is written down. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/room.h"

#define TEXT_DEFAULT_MAX 4000 /* of http_field without limits */

/* Query parameters mean the same everywhere. Those not named here are plain texts. */
static const struct {
    const char *name, *title, *type;
} query_names[] = {
    {"from", "起始日期或时间（含）", "string"},
    {"to", "截止日期或时间", "string"},
    {"center_id", "中心编号，缺省为可见的全部或本人所在中心", "integer"},
    {"queue_id", "队列编号", "integer"},
    {"user_id", "用户编号", "integer"},
    {"limit", "每页条数", "integer"},
    {"after", "翻页标记，取自上一页的 next", "string"},
    {"mine", "1 = 只看本人的", "string"},
    {"unit_type", "单位类型：self、from_12366、from_city", "string"},
    {"team_id", "班组编号", "integer"},
    {"by", "统计对象：center、queue、wrap_up、agent、team；列表：center 为按中心计数", "string"},
    {"source", "数据来源：rollup 汇总（缺省）、facts 明细", "string"},
    {"caller_no", "来电号码", "string"},
    {"agent_no", "工号", "string"},
    {"outcome", "结果", "string"},
    {"direction", "方向：in、out、internal", "string"},
    {"category", "业务类别代码", "string"},
    {"state", "状态", "string"},
    {"action", "操作", "string"},
    {"side", "声道：both、left、right", "string"},
    {"version", "版本，缺省为当前发布的", "integer"},
    {"name", "名称", "string"},
    {"kind", "种类", "string"},
    {"number", "对方号码", "string"},
    {"min_s", "最短时长（秒）", "integer"},
    {"max_s", "最长时长（秒）", "integer"},
    {"result", "结果", "string"},
    {"reason", "原因", "string"},
    {"record_no", "业务记录编号", "string"},
    {"day", "日期", "string"},
    {"book", "通讯录：center 本中心、own 个人", "string"},
    {"q", "姓名、单位或号码中的文字", "string"},
};

/* What is answered with other things than JSON, by the end of the path. */
static const struct {
    const char *end, *type;
} answer_types[] = {
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".csv", "text/csv"},
    {"/audio", "audio/wav"},
    {"/prompts/preview", "audio/wav"},
    {"/download", "audio/wav"},
    {"/events", "text/event-stream"},
    {"/healthz", "text/plain"},
    {"/readyz", "text/plain"},
    {"/metrics", "text/plain"},
};

/* --- schemas -------------------------------------------------------------------------------- */

/* An optional field may be null, which means the same as leaving it out. */
static void add_type(cJSON *schema, const char *type, bool required)
{
    cJSON *types;

    if (required) {
        cJSON_AddStringToObject(schema, "type", type);
        return;
    }
    types = cJSON_AddArrayToObject(schema, "type");
    cJSON_AddItemToArray(types, cJSON_CreateString(type));
    cJSON_AddItemToArray(types, cJSON_CreateString("null"));
}

static void add_field(cJSON *properties, const struct http_field *field)
{
    cJSON *schema = cJSON_AddObjectToObject(properties, field->name);
    bool required = field->flags & HTTP_REQUIRED, limited = field->min || field->max;

    cJSON_AddStringToObject(schema, "title", field->title);
    switch (field->kind) {
    case HTTP_TEXT:
        add_type(schema, "string", required);
        if (limited && field->min)
            cJSON_AddNumberToObject(schema, "minLength", (double)field->min);
        cJSON_AddNumberToObject(schema, "maxLength",
                                limited ? (double)field->max : TEXT_DEFAULT_MAX);
        break;
    case HTTP_INT:
    case HTTP_MS:
        add_type(schema, "integer", required);
        if (limited) {
            cJSON_AddNumberToObject(schema, "minimum", (double)field->min);
            cJSON_AddNumberToObject(schema, "maximum", (double)field->max);
        }
        break;
    case HTTP_BOOL:
        add_type(schema, "boolean", required);
        break;
    case HTTP_UUID:
        add_type(schema, "string", required);
        cJSON_AddStringToObject(schema, "format", "uuid");
        break;
    case HTTP_JSON:
        break; /* any value */
    }
}

static void add_uploads(cJSON *content, const char *types)
{
    while (types && *types) {
        size_t length = strcspn(types, " ");
        char *type = strndup(types, length);
        cJSON_AddObjectToObject(content, type ? type : "");
        free(type);
        types += length + (types[length] == ' ');
    }
}

static void add_body(cJSON *operation, const struct api_route *route)
{
    size_t max = route->http.max_body ? route->http.max_body : HTTP_BODY_DEFAULT;
    cJSON *body, *content, *schema, *properties, *required;

    if (!route->body_count && !route->upload)
        return;
    body = cJSON_AddObjectToObject(operation, "requestBody");
    cJSON_AddNumberToObject(body, "x-max-bytes", (double)max);
    content = cJSON_AddObjectToObject(body, "content");
    add_uploads(content, route->upload);
    if (!route->body_count)
        return;
    schema =
        cJSON_AddObjectToObject(cJSON_AddObjectToObject(content, "application/json"), "schema");
    cJSON_AddStringToObject(schema, "type", "object");
    cJSON_AddFalseToObject(schema, "additionalProperties");
    properties = cJSON_AddObjectToObject(schema, "properties");
    required = cJSON_AddArrayToObject(schema, "required");
    for (size_t i = 0; i < route->body_count; i++) {
        add_field(properties, &route->body[i]);
        if (route->body[i].flags & HTTP_REQUIRED)
            cJSON_AddItemToArray(required, cJSON_CreateString(route->body[i].name));
    }
}

/* --- parameters ----------------------------------------------------------------------------- */

static cJSON *add_parameter(cJSON *list, const char *name, size_t length, const char *in,
                            const char *type)
{
    cJSON *parameter = cJSON_CreateObject(), *schema;
    char *copy = strndup(name, length);

    cJSON_AddStringToObject(parameter, "name", copy ? copy : "");
    cJSON_AddStringToObject(parameter, "in", in);
    schema = cJSON_AddObjectToObject(parameter, "schema");
    cJSON_AddStringToObject(schema, "type", type);
    cJSON_AddItemToArray(list, parameter);
    free(copy);
    return parameter;
}

static void add_path_parameters(cJSON *list, const char *path)
{
    for (const char *at = strchr(path, '{'); at; at = strchr(at, '{')) {
        size_t length = strcspn(++at, "}");
        cJSON_AddTrueToObject(add_parameter(list, at, length, "path", "string"), "required");
        at += length;
    }
}

static void add_query_parameters(cJSON *list, const char *names)
{
    while (names && *names) {
        size_t length = strcspn(names, " "), i = 0,
               count = sizeof(query_names) / sizeof(query_names[0]);
        while (i < count && (strlen(query_names[i].name) != length ||
                             strncmp(query_names[i].name, names, length) != 0))
            i++;
        cJSON *parameter =
            add_parameter(list, names, length, "query", i < count ? query_names[i].type : "string");
        if (i < count)
            cJSON_AddStringToObject(parameter, "description", query_names[i].title);
        names += length;
        names += strspn(names, " ");
    }
}

static void add_headers(cJSON *list, const struct api_route *route)
{
    bool changes = strcmp(route->http.method, "GET") != 0;
    cJSON *parameter;

    if (changes && route->http.permission != PERM_PUBLIC) {
        parameter = add_parameter(list, "X-CSRF-Token", 12, "header", "string");
        cJSON_AddTrueToObject(parameter, "required");
        cJSON_AddStringToObject(parameter, "description", "取自 GET /api/v1/me 的 csrf_token");
    }
    if (route->if_match) {
        parameter = add_parameter(list, "If-Match", 8, "header", "string");
        cJSON_AddTrueToObject(parameter, "required");
        cJSON_AddStringToObject(parameter, "description",
                                "所依据的版本，如 \"3\"；缺少时 428，已被他人修改时 412");
    }
}

/* --- answers -------------------------------------------------------------------------------- */

static const char *answer_type(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(answer_types) / sizeof(answer_types[0]); i++) {
        size_t end = strlen(answer_types[i].end);
        if (length >= end && strcmp(path + length - end, answer_types[i].end) == 0)
            return answer_types[i].type;
    }
    return "application/json";
}

static void add_responses(cJSON *operation, const char *path)
{
    cJSON *responses = cJSON_AddObjectToObject(operation, "responses");
    cJSON *good = cJSON_AddObjectToObject(responses, "2XX");
    cJSON *bad = cJSON_AddObjectToObject(responses, "default");

    cJSON_AddStringToObject(good, "description", "成功（204 没有内容）");
    cJSON_AddObjectToObject(cJSON_AddObjectToObject(good, "content"), answer_type(path));
    cJSON_AddStringToObject(bad, "$ref", "#/components/responses/Problem");
}

/* --- the document --------------------------------------------------------------------------- */

/* Routes that other systems may ask for: with a key, and of which groups. */
static void add_keys(cJSON *operation, cJSON *security, const struct http_route *route)
{
    cJSON *need, *groups = NULL;

    for (unsigned i = 0; i < API_KEY_GROUPS; i++) {
        if (api_key_route(route, 1u << i) == API_KEY_ROUTE_NOT)
            continue;
        if (!groups)
            groups = cJSON_AddArrayToObject(operation, "x-key-groups");
        cJSON_AddItemToArray(groups, cJSON_CreateString(api_key_group_names[i]));
    }
    if (!groups)
        return;
    need = cJSON_CreateObject();
    cJSON_AddArrayToObject(need, "key");
    cJSON_AddItemToArray(security, need);
}

static void add_operation(cJSON *paths, const struct api_route *route)
{
    cJSON *path = cJSON_GetObjectItemCaseSensitive(paths, route->http.path);
    cJSON *operation, *parameters, *security;
    char method[16] = "";

    for (size_t i = 0; route->http.method[i] && i + 1 < sizeof(method); i++)
        method[i] = (char)tolower((unsigned char)route->http.method[i]);
    if (!path)
        path = cJSON_AddObjectToObject(paths, route->http.path);
    operation = cJSON_AddObjectToObject(path, method);
    cJSON_AddStringToObject(operation, "summary", route->http.summary);
    cJSON_AddStringToObject(operation, "x-permission",
                            permission_name((enum permission)route->http.permission));
    security = cJSON_AddArrayToObject(operation, "security");
    if (route->http.permission != PERM_PUBLIC) {
        cJSON *need = cJSON_CreateObject();
        cJSON_AddArrayToObject(need, "session");
        cJSON_AddItemToArray(security, need);
    }
    add_keys(operation, security, &route->http);
    parameters = cJSON_AddArrayToObject(operation, "parameters");
    add_path_parameters(parameters, route->http.path);
    add_query_parameters(parameters, route->query);
    add_headers(parameters, route);
    add_body(operation, route);
    add_responses(operation, route->http.path);
}

static void add_components(cJSON *document)
{
    static const char problem[] =
        "{\"description\":\"出错（RFC "
        "9457）\",\"content\":{\"application/problem+json\":{\"schema\":{"
        "\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"code\"],\"properties\":{"
        "\"type\":{\"type\":\"string\"},"
        "\"title\":{\"type\":\"string\",\"title\":\"错在哪里、怎么办（中文）\"},"
        "\"status\":{\"type\":\"integer\"},"
        "\"code\":{\"type\":\"string\",\"title\":\"稳定的英文代码\"},"
        "\"errors\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}}}}}";
    cJSON *components = cJSON_AddObjectToObject(document, "components"), *schemes, *scheme;

    cJSON_AddItemToObject(cJSON_AddObjectToObject(components, "responses"), "Problem",
                          cJSON_Parse(problem));
    schemes = cJSON_AddObjectToObject(components, "securitySchemes");
    scheme = cJSON_AddObjectToObject(schemes, "session");
    cJSON_AddStringToObject(scheme, "type", "apiKey");
    cJSON_AddStringToObject(scheme, "in", "cookie");
    cJSON_AddStringToObject(scheme, "name", "hotlined_session");
    scheme = cJSON_AddObjectToObject(schemes, "key");
    cJSON_AddStringToObject(scheme, "type", "http");
    cJSON_AddStringToObject(scheme, "scheme", "bearer");
}

void api_openapi(struct text *out)
{
    cJSON *document = cJSON_CreateObject(), *info, *paths;
    char *json;

    cJSON_AddStringToObject(document, "openapi", "3.1.0");
    info = cJSON_AddObjectToObject(document, "info");
    cJSON_AddStringToObject(info, "title", "hotlined");
    cJSON_AddStringToObject(info, "version", HOTLINED_VERSION);
    paths = cJSON_AddObjectToObject(document, "paths");
    for (size_t t = 0; t < api_route_table_count; t++)
        for (size_t i = 0; i < api_route_tables[t]->count; i++)
            add_operation(paths, &api_route_tables[t]->rows[i]);
    add_components(document);
    json = cJSON_PrintUnformatted(document);
    if (json)
        text_add(out, json);
    else
        out->failed = true;
    cJSON_free(json);
    cJSON_Delete(document);
}
