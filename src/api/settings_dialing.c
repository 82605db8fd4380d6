/* How a center dials out: what may be called, how the trunk is asked for it, whose number is shown
 * (CC-17). */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/results.h"
#include "api/settings.h"

static const char missing[] = "没有这个中心，或不属于您管理的中心";

struct dialing_body {
    const cJSON *ranges;
    const char *prefix, *shown_no;
    bool local_short, far_zero;
};

static const struct http_field dialing_fields[] = {
    {"ranges", "允许拨打的范围", HTTP_JSON, offsetof(struct dialing_body, ranges), 0, 0, 0},
    {"prefix", "字冠", HTTP_TEXT, offsetof(struct dialing_body, prefix), 0, 0, 8},
    {"local_short", "本地固话不带区号", HTTP_BOOL, offsetof(struct dialing_body, local_short), 0, 0,
     0},
    {"far_zero", "外地手机加拨 0", HTTP_BOOL, offsetof(struct dialing_body, far_zero), 0, 0, 0},
    {"shown_no", "外显号码", HTTP_TEXT, offsetof(struct dialing_body, shown_no), 0, 0, 31},
};

static const struct http_field try_fields[] = {
    {"number", "号码", HTTP_TEXT, 0, HTTP_REQUIRED, 1, 40},
};

/* Answers 422 and returns false for what is no list of ranges. Emergency numbers are not asked
 * about: they may always be called. */
static bool check_ranges(struct http_request *request, const cJSON *ranges)
{
    char message[160];
    const cJSON *item;

    if (ranges && !cJSON_IsArray(ranges)) {
        api_field_problem(request, "ranges", "允许拨打的范围应为列表");
        return false;
    }
    cJSON_ArrayForEach(item, ranges)
    {
        const char *name = cJSON_GetStringValue(item);
        enum dialing_range range = dialing_range_find(name);
        if (range != DIALING_RANGES && range != DIALING_EMERGENCY)
            continue;
        snprintf(message, sizeof(message),
                 "没有名为“%.40s”的范围，可选 service、local、mobile、national、premium、"
                 "international",
                 name ? name : "（不是文本）");
        api_field_problem(request, "ranges", message);
        return false;
    }
    return true;
}

static bool center_of(struct api *api, struct http_request *request, enum permission permission,
                      int32_t *ret_center)
{
    if (!api_query_center(api, request, permission, ret_center))
        return false;
    if (!*ret_center)
        *ret_center = api_person(request)->subject.center_id;
    return true;
}

static void get_dialing(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_DIALING, .permission = PERM_SETTINGS_READ, .missing = missing};
    int32_t center;

    if (!center_of(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_dialing(struct http_request *request, void *arg)
{
    struct dialing_body body = {0};
    struct api_ask ask = {.statement = STMT_SETTINGS_DIALING_SAVE,
                          .permission = PERM_SETTINGS_WRITE,
                          .answer = API_RESULT,
                          .missing = missing,
                          .action = "dialing.update",
                          .object_kind = "center"};
    int64_t version;
    int32_t center;
    size_t length;

    if (!center_of(arg, request, PERM_SETTINGS_WRITE, &center) ||
        !api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(dialing_fields), &body) ||
        !check_ranges(request, body.ranges))
        return;
    if (body.prefix && !settings_consists_of(body.prefix, "0123456789*#")) {
        api_field_problem(request, "prefix", "字冠只能由数字、* 和 # 组成");
        return;
    }
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* What would become of a number by the rule in force; nothing is called. */
static void post_try(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct telephony_number number;
    const char *typed = NULL;
    int32_t center;
    cJSON *answer;

    if (!center_of(api, request, PERM_SETTINGS_READ, &center) ||
        !http_read_body(request, SETTINGS_BODY(try_fields), &typed))
        return;
    if (!telephony_number(api->deps.telephony, center, typed, &number)) {
        api_telephony_number_problem(api, request, center, typed, TELEPHONY_BAD_NUMBER);
        return;
    }
    answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "number", number.number);
    cJSON_AddStringToObject(answer, "sent", number.sent);
    cJSON_AddStringToObject(answer, "range", dialing_range_name(number.range));
    cJSON_AddStringToObject(answer, "range_title", api_dialing_range_title(number.range));
    cJSON_AddBoolToObject(answer, "allowed", number.allowed);
    http_answer_object(request, 200, answer);
}

#define DIALING "/api/v1/settings/dialing"

static const struct api_route rows[] = {
    {.http = {"GET", DIALING, PERM_SETTINGS_READ, get_dialing, "外呼规则"}, .query = "center_id"},
    {{"PUT", DIALING, PERM_SETTINGS_WRITE, put_dialing, "修改外呼规则"},
     SETTINGS_BODY(dialing_fields),
     "center_id",
     .if_match = true},
    {{"POST", DIALING "/try", PERM_SETTINGS_READ, post_try, "试算一个号码的外呼规则"},
     SETTINGS_BODY(try_fields),
     "center_id"},
};
const struct api_routes api_routes_dialing = API_ROUTES(rows);
