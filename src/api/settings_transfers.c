/* Calls that move between centers: the region says what each city may do, each center has codes,
 * queues and seats of its own for them (XFER-08, XFER-10 ... XFER-16). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/ivr.h>

#include "api/settings.h"

static const char missing[] = "没有这个中心，或不属于您管理的中心";

struct allow_body {
    bool to_12366, from_12366, between_cities;
    const cJSON *to_12366_hours, *from_12366_hours;
};

#define ALLOW(name, title, kind)                                                                   \
    {                                                                                              \
#name, title, kind, offsetof(struct allow_body, name), 0, 0, 0                             \
    }
static const struct http_field allow_fields[] = {
    ALLOW(to_12366, "允许转自治区12366", HTTP_BOOL),
    ALLOW(from_12366, "允许自治区12366转入", HTTP_BOOL),
    ALLOW(between_cities, "允许与其他分中心互转", HTTP_BOOL),
    ALLOW(to_12366_hours, "转自治区12366的时段", HTTP_JSON),
    ALLOW(from_12366_hours, "自治区12366转入的时段", HTTP_JSON),
};

struct code_body {
    const char *code;
    int64_t queue_id, priority, trunk_id;
};

#define CODE(name, title, kind, flags, min, max)                                                   \
    {                                                                                              \
#name, title, kind, offsetof(struct code_body, name), flags, min, max                      \
    }
static const struct http_field code_fields[] = {
    CODE(code, "内部接入码", HTTP_TEXT, HTTP_REQUIRED, 3, 20),
    CODE(queue_id, "附属技能队列", HTTP_INT, 0, 0, INT32_MAX),
    CODE(priority, "排队优先级", HTTP_INT, 0, 0, 99),
    CODE(trunk_id, "通往其他系统的中继", HTTP_INT, 0, 0, INT32_MAX),
};

struct dedicate_body {
    const cJSON *queues, *seats;
};

static const struct http_field dedicate_fields[] = {
    {"queues", "附属技能队列", HTTP_JSON, offsetof(struct dedicate_body, queues), HTTP_REQUIRED, 0,
     0},
    {"seats", "转接专席", HTTP_JSON, offsetof(struct dedicate_body, seats), HTTP_REQUIRED, 0, 0},
};

/* --- what is right -------------------------------------------------------------------------- */

static void check_hours(const char *field, const cJSON *hours, cJSON *errors)
{
    struct calendar calendar;
    struct text problems = {0};
    char *json;

    if (!hours || cJSON_IsNull(hours))
        return;
    json = cJSON_PrintUnformatted(hours);
    if (!json || calendar_parse(json, strlen(json), &calendar, &problems)) {
        if (problems.data && strchr(problems.data, '\n'))
            *strchr(problems.data, '\n') = 0; /* the first of them */
        settings_complain(errors, field, problems.data ? problems.data : "时段的格式有误");
    }
    text_done(&problems);
    free(json);
}

/* A center of the path that the person's permission reaches. */
static bool read_center(struct api *api, struct http_request *request, enum permission permission,
                        int32_t *ret_center)
{
    int32_t wanted;

    return api_path_int(request, "center_id", &wanted) &&
           api_check_center(api, request, permission, wanted, ret_center);
}

/* --- routes --------------------------------------------------------------------------------- */

static void list_transfers(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_TRANSFER_LIST,
                          .permission = PERM_SETTINGS_READ};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_allowed(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_TRANSFER_UPDATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .missing = missing,
                          .action = "transfer.allow",
                          .object_kind = "center"};
    struct allow_body body = {0};
    cJSON *errors;
    int64_t version;
    size_t length;
    int32_t center;

    if (!api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(allow_fields), &body) ||
        !read_center(arg, request, PERM_REGION_WRITE, &center))
        return;
    errors = cJSON_CreateObject();
    check_hours("to_12366_hours", body.to_12366_hours, errors);
    check_hours("from_12366_hours", body.from_12366_hours, errors);
    if (settings_refuse(request, errors))
        return;
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* Which trunk leads to a center is the region's to say. */
static bool check_code(struct http_request *request, const struct code_body *body)
{
    const struct api_person *person = api_person(request);
    cJSON *errors = cJSON_CreateObject();

    if (!settings_consists_of(body->code, SETTINGS_DIGITS "*#"))
        settings_complain(errors, "code", "内部接入码只能由数字、* 和 # 组成");
    if (body->trunk_id && person->subject.scope[PERM_REGION_WRITE] == ACCESS_NONE)
        settings_complain(errors, "trunk_id", "通往其他系统的中继由自治区设置");
    return !settings_refuse(request, errors);
}

static void put_code(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_TRANSFER_CODE,
                          .permission = PERM_SETTINGS_WRITE,
                          .answer = API_RESULT,
                          .missing = missing,
                          .action = "transfer.code",
                          .object_kind = "center"};
    const char *source = http_path_param(request, "source");
    struct code_body body = {0};
    int64_t version;
    size_t length;
    int32_t center;

    if (!api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(code_fields), &body) ||
        !read_center(arg, request, PERM_SETTINGS_WRITE, &center) || !check_code(request, &body))
        return;
    if (strcmp(source, "from_12366") != 0 && strcmp(source, "from_city") != 0) {
        api_missing(request, "来源应为 from_12366 或 from_city");
        return;
    }
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    snprintf(ask.detail, sizeof(ask.detail), "source=%s code=%s", source, body.code);
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, source);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_dedicated(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_TRANSFER_DEDICATE,
                          .permission = PERM_SETTINGS_WRITE,
                          .answer = API_RESULT,
                          .missing = missing,
                          .action = "transfer.dedicate",
                          .object_kind = "center"};
    struct dedicate_body body = {0};
    cJSON *errors;
    int64_t version;
    size_t length;
    int32_t center;

    if (!api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(dedicate_fields), &body) ||
        !read_center(arg, request, PERM_SETTINGS_WRITE, &center))
        return;
    errors = cJSON_CreateObject();
    if (!settings_is_list_of_ids(body.queues))
        settings_complain(errors, "queues", "应为队列编号的列表");
    if (!settings_is_list_of_ids(body.seats))
        settings_complain(errors, "seats", "应为坐席用户编号的列表");
    if (settings_refuse(request, errors))
        return;
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    text_copy(ask.detail, sizeof(ask.detail), http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define BASE "/api/v1/settings/transfers"
static const struct api_route routes[] = {
    {.http = {"GET", BASE, PERM_SETTINGS_READ, list_transfers, "中心间呼转的设置"}},
    {{"PUT", BASE "/{center_id}", PERM_REGION_WRITE, put_allowed, "设置中心间呼转的授权与时段"},
     SETTINGS_BODY(allow_fields),
     .if_match = true},
    {{"PUT", BASE "/{center_id}/codes/{source}", PERM_SETTINGS_WRITE, put_code,
      "设置本中心的内部接入码"},
     SETTINGS_BODY(code_fields),
     .if_match = true},
    {{"PUT", BASE "/{center_id}/dedicated", PERM_SETTINGS_WRITE, put_dedicated,
      "指定转接专席与附属技能队列"},
     SETTINGS_BODY(dedicate_fields),
     .if_match = true},
};
const struct api_routes api_routes_transfers = API_ROUTES(routes);
