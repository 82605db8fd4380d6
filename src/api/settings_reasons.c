/* Why an agent is busy or rests (CC-20), and what a call was about in one word (CC-06). Offered to
 * agents from the moment they are saved; what facts name is disabled, not deleted. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

/* Names fit in struct dir_reason and on a button; codes are those PUT .../wrap-up takes. */
#define NAME_MAX_CHARACTERS 15
#define CODE_MAX            32
#define SORT_MAX            1000000
#define ALLOWED_MAX_MS      86400000

static const struct settings_kind reason_kind =
    SETTINGS_KIND("reason", REASON, PERM_SETTINGS_WRITE, "没有这个原因，或不属于您管理的中心");
static const char missing_code[] = "没有这个小结类型";

/* --- reasons -------------------------------------------------------------------------------- */

struct reason_body {
    int64_t center_id, allowed_ms, sort;
    const char *kind, *name;
    bool enabled;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct reason_body, name), flags, min, max                    \
    }
#define REASON_FIELDS(required)                                                                    \
    FIELD(name, "名称", HTTP_TEXT, required, 1, NAME_MAX_CHARACTERS),                              \
        FIELD(allowed_ms, "允许时长", HTTP_MS, 0, 0, ALLOWED_MAX_MS),                              \
        FIELD(sort, "显示顺序", HTTP_INT, 0, 0, SORT_MAX),                                         \
        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0)

/* The kind is given once: what states of the past mean does not change. */
static const struct http_field reason_create_fields[] = {
    REASON_FIELDS(HTTP_REQUIRED),
    FIELD(kind, "类别", HTTP_TEXT, HTTP_REQUIRED, 1, 10),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field reason_update_fields[] = {REASON_FIELDS(0)};
#undef FIELD

static bool read_reason(struct http_request *request, const struct http_field *fields, size_t count,
                        struct reason_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->kind && strcmp(body->kind, "busy") != 0 && strcmp(body->kind, "rest") != 0)
        settings_complain(errors, "kind", "类别应为示忙或小休");
    return !settings_refuse(request, errors);
}

static void list_reasons(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_REASON_LIST);
}

static void create_reason(struct http_request *request, void *arg)
{
    struct reason_body body = {0};
    struct api_ask ask;

    if (!read_reason(request, SETTINGS_BODY(reason_create_fields), &body) ||
        !settings_create(arg, request, &reason_kind, body.center_id, &ask))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "%s name=%s center=%s", body.kind, body.name,
             ask.params.values[0]);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_reason(struct http_request *request, void *arg)
{
    struct reason_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &reason_kind, &ask) ||
        !read_reason(request, SETTINGS_BODY(reason_update_fields), &body))
        return;
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_reason(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (settings_remove(request, &reason_kind, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- wrap-up codes -------------------------------------------------------------------------- */

struct code_body {
    int64_t center_id, sort;
    const char *code, *name;
    bool enabled;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct code_body, name), flags, min, max                      \
    }
#define CODE_FIELDS(required)                                                                      \
    FIELD(name, "名称", HTTP_TEXT, required, 1, NAME_MAX_CHARACTERS),                              \
        FIELD(sort, "显示顺序", HTTP_INT, 0, 0, SORT_MAX),                                         \
        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0)

/* The code is given once: calls keep it. */
static const struct http_field code_create_fields[] = {
    CODE_FIELDS(HTTP_REQUIRED),
    FIELD(code, "代码", HTTP_TEXT, HTTP_REQUIRED, 1, CODE_MAX),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field code_update_fields[] = {CODE_FIELDS(0)};
#undef FIELD

static bool read_code(struct http_request *request, const struct http_field *fields, size_t count,
                      struct code_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->code && !settings_is_code(body->code))
        settings_complain(errors, "code", "代码应以小写字母开头，只含小写字母、数字和下划线");
    return !settings_refuse(request, errors);
}

static void list_codes(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_WRAP_UP_CODE_LIST);
}

static void create_code(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_WRAP_UP_CODE_CREATE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .status = 201,
        .action = "wrap_up_code.create",
        .object_kind = "wrap_up_code",
    };
    struct code_body body = {0};
    size_t length;
    int32_t center;

    if (!read_code(request, SETTINGS_BODY(code_create_fields), &body) ||
        !api_check_center(arg, request, PERM_SETTINGS_WRITE, body.center_id, &center))
        return;
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.object_id, sizeof(ask.object_id), "%d/%s", center, body.code);
    snprintf(ask.detail, sizeof(ask.detail), "name=%s", body.name);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* Path and query say which one: a code is one center's only. */
static bool take_code(struct api *api, struct http_request *request, struct api_ask *ask)
{
    const char *code = http_path_param(request, "code");
    int32_t center;

    if (!settings_center(api, request, PERM_SETTINGS_WRITE, &center))
        return false;
    store_param_int(&ask->params, center);
    store_param_text(&ask->params, code);
    snprintf(ask->object_id, sizeof(ask->object_id), "%d/%s", center, code);
    return true;
}

static void update_code(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_WRAP_UP_CODE_UPDATE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_code,
        .action = "wrap_up_code.update",
        .object_kind = "wrap_up_code",
    };
    struct code_body body = {0};
    int64_t version;
    size_t length;

    if (!take_code(arg, request, &ask) || !api_if_match(request, &version) ||
        !read_code(request, SETTINGS_BODY(code_update_fields), &body))
        return;
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_code(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_WRAP_UP_CODE_DELETE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_code,
        .action = "wrap_up_code.delete",
        .object_kind = "wrap_up_code",
    };

    if (take_code(arg, request, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define REASONS "/api/v1/settings/reasons"
#define CODES   "/api/v1/settings/wrap-up-codes"
static const struct api_route routes[] = {
    {.http = {"GET", REASONS, PERM_SETTINGS_READ, list_reasons, "示忙与小休原因"},
     .query = "center_id"},
    {{"POST", REASONS, PERM_SETTINGS_WRITE, create_reason, "新增示忙或小休原因"},
     SETTINGS_BODY(reason_create_fields)},
    {{"PUT", REASONS "/{id}", PERM_SETTINGS_WRITE, update_reason, "修改示忙或小休原因"},
     SETTINGS_BODY(reason_update_fields),
     .if_match = true},
    {.http = {"DELETE", REASONS "/{id}", PERM_SETTINGS_WRITE, delete_reason,
              "删除没有用过的示忙或小休原因"}},
    {.http = {"GET", CODES, PERM_SETTINGS_READ, list_codes, "小结类型"}, .query = "center_id"},
    {{"POST", CODES, PERM_SETTINGS_WRITE, create_code, "新增小结类型"},
     SETTINGS_BODY(code_create_fields)},
    {{"PUT", CODES "/{code}", PERM_SETTINGS_WRITE, update_code, "修改小结类型"},
     SETTINGS_BODY(code_update_fields),
     .query = "center_id",
     .if_match = true},
    {.http = {"DELETE", CODES "/{code}", PERM_SETTINGS_WRITE, delete_code,
              "删除没有用过的小结类型"},
     .query = "center_id"},
};
const struct api_routes api_routes_reasons = API_ROUTES(routes);
