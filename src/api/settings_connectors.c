/* What flows may ask outside (查询接口). The secret header is written and never read: no answer,
 * log line or audit entry has it. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/settings.h"

struct connector_body {
    const char *code, *name, *url, *method, *secret_name, *secret_value;
    const cJSON *headers;
    int64_t timeout_ms, center_id;
    bool enabled;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct connector_body, name), flags, min, max                 \
    }
#define CONNECTOR_FIELDS(required)                                                                 \
    FIELD(name, "名称", HTTP_TEXT, required, 1, 20),                                               \
        FIELD(url, "地址", HTTP_TEXT, required, 1, 500),                                           \
        FIELD(method, "方法", HTTP_TEXT, 0, 1, 8), FIELD(headers, "请求头", HTTP_JSON, 0, 0, 0),   \
        FIELD(secret_name, "保密请求头", HTTP_TEXT, 0, 0, QUERY_MAX_HEADER_NAME),                  \
        FIELD(secret_value, "保密请求头的值", HTTP_TEXT, 0, 0, 500),                               \
        FIELD(timeout_ms, "最长等待", HTTP_MS, 0, 200, 5000),                                      \
        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0)

static const struct http_field create_fields[] = {
    FIELD(code, "代码", HTTP_TEXT, HTTP_REQUIRED, 1, 41),
    CONNECTOR_FIELDS(HTTP_REQUIRED),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field update_fields[] = {CONNECTOR_FIELDS(0)};
#undef FIELD

static const struct settings_kind connector_kind = SETTINGS_KIND(
    "connector", CONNECTOR, PERM_SETTINGS_WRITE, "没有这个查询接口，或不属于您管理的中心");

static void list_connectors(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_CONNECTOR_LIST);
}

/* --- changing ------------------------------------------------------------------------------- */

static const char *headers_problem(const cJSON *headers)
{
    const cJSON *header;

    if (!cJSON_IsArray(headers) || cJSON_GetArraySize(headers) > QUERY_MAX_HEADERS - 1)
        return "请求头应为列表，最多 7 个";
    cJSON_ArrayForEach(header, headers)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(header, "name"));
        const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(header, "value"));
        if (!name || !settings_is_header_name(name))
            return "请求头的名称只能由字母、数字和 - 等组成，且不能是 Host、Connection "
                   "等由系统填写的";
        if (!value || !settings_is_header_value(value))
            return "请求头的值只能是英文字符，最多 500 个";
    }
    return NULL;
}

static bool read_connector(struct http_request *request, const struct http_field *fields,
                           size_t count, struct connector_body *body)
{
    const char *problem;
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->code && !settings_is_code(body->code))
        settings_complain(errors, "code", "代码应以小写字母开头，只含小写字母、数字和下划线");
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->url && (problem = query_url_problem(body->url)))
        settings_complain(errors, "url", problem);
    if (body->method && strcmp(body->method, "GET") != 0 && strcmp(body->method, "POST") != 0)
        settings_complain(errors, "method", "方法只能是 GET 或 POST");
    if (body->headers && (problem = headers_problem(body->headers)))
        settings_complain(errors, "headers", problem);
    settings_check_secret(errors, body->secret_name, body->secret_value);
    return !settings_refuse(request, errors);
}

static void create_connector(struct http_request *request, void *arg)
{
    struct connector_body body = {0};
    struct api_ask ask;

    if (!read_connector(request, SETTINGS_BODY(create_fields), &body) ||
        !settings_create(arg, request, &connector_kind, body.center_id, &ask))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "code=%s center=%s url=%.100s", body.code,
             ask.params.values[0], body.url);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_connector(struct http_request *request, void *arg)
{
    struct connector_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &connector_kind, &ask) ||
        !read_connector(request, SETTINGS_BODY(update_fields), &body))
        return;
    /* Not the body: it may hold a secret. */
    snprintf(ask.detail, sizeof(ask.detail), "from=%s url=%.100s secret=%s", ask.params.values[1],
             body.url ? body.url : "", body.secret_value ? "changed" : "kept");
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_connector(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (settings_remove(request, &connector_kind, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- trying --------------------------------------------------------------------------------- */

struct try_body {
    const cJSON *fields;
};
static const struct http_field try_fields[] = {
    {"fields", "字段", HTTP_JSON, offsetof(struct try_body, fields), 0, 0, 0},
};

struct trying {
    int32_t id;
    cJSON *fields; /* owned; NULL = none */
};

static void free_trying(void *state)
{
    struct trying *trying = state;

    cJSON_Delete(trying->fields);
    free(trying);
}

static void show(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct query_answer *answer, void **state)
{
    struct text json = {0};

    (void)api;
    (void)person;
    (void)state;
    settings_add_answer(&json, answer);
    api_answer_text(request, &json);
}

static void ask_outside(struct api *api, struct http_request *request,
                        const struct api_person *person, const struct store_result *result,
                        void **state)
{
    struct query_field fields[IVR_PAIRS];
    struct api_query query = {.fields = fields, .then = show};
    const struct trying *trying = *state;
    const cJSON *field;
    char id[16];

    if (!store_rows(result)) {
        snprintf(id, sizeof(id), "%d", trying->id);
        api_missing_id(api, request, person, "connector", id, connector_kind.missing);
        return;
    }
    query.connector = store_text(result, 0, 0);
    cJSON_ArrayForEach(field, trying->fields) fields[query.field_count++] =
        (struct query_field){field->string, field->valuestring};
    api_query(api, request, person, &query, NULL, NULL);
}

/* Asks as a flow would, with values that were typed. Audited: a request leaves the house. */
static void try_connector(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_CONNECTOR_SECRET,
        .permission = PERM_SETTINGS_WRITE,
        .then = ask_outside,
        .action = "connector.try",
        .object_kind = "connector",
    };
    struct try_body body = {0};
    struct trying *trying;
    const cJSON *field;
    int32_t id;

    if (!api_path_int(request, "id", &id) ||
        !http_read_body(request, SETTINGS_BODY(try_fields), &body))
        return;
    if (body.fields &&
        (!cJSON_IsObject(body.fields) || cJSON_GetArraySize(body.fields) > IVR_PAIRS)) {
        api_field_problem(request, "fields", "字段应为名称与值的对照，最多 6 个");
        return;
    }
    cJSON_ArrayForEach(field, body.fields)
    {
        if (!cJSON_IsString(field) || strlen(field->valuestring) >= IVR_VALUE_SIZE) {
            api_field_problem(request, "fields", "字段的值应为文字，最多 31 字节");
            return;
        }
    }
    trying = calloc(1, sizeof(*trying));
    if (!trying) {
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    *trying = (struct trying){.id = id, .fields = cJSON_Duplicate(body.fields, true)};
    store_param_int(&ask.params, id);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    api_ask(arg, request, api_person(request), &ask, trying, free_trying);
}

#define CONNECTORS "/api/v1/settings/connectors"
static const struct api_route routes[] = {
    {.http = {"GET", CONNECTORS, PERM_SETTINGS_READ, list_connectors, "查询接口"},
     .query = "center_id"},
    {{"POST", CONNECTORS, PERM_SETTINGS_WRITE, create_connector, "新增查询接口", API_BODY_FORM},
     SETTINGS_BODY(create_fields)},
    {{"PUT", CONNECTORS "/{id}", PERM_SETTINGS_WRITE, update_connector, "修改查询接口",
      API_BODY_FORM},
     SETTINGS_BODY(update_fields),
     .if_match = true},
    {.http = {"DELETE", CONNECTORS "/{id}", PERM_SETTINGS_WRITE, delete_connector,
              "删除没有用到的查询接口"}},
    {{"POST", CONNECTORS "/{id}/try", PERM_SETTINGS_WRITE, try_connector, "试用查询接口",
      API_BODY_FORM},
     SETTINGS_BODY(try_fields)},
};
const struct api_routes api_routes_connectors = API_ROUTES(routes);
