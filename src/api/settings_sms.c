/* 短信通道: where a center's messages go, and a message to try it with. The secret header is
 * written and never read: no answer, log line or audit entry has it. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/sms.h>

#include "api/settings.h"

/* --- the gateway ---------------------------------------------------------------------------- */

struct gateway_body {
    bool enabled;
    const char *url, *secret_name, *secret_value;
    int64_t timeout_ms, per_second;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct gateway_body, name), flags, min, max                   \
    }
static const struct http_field gateway_fields[] = {
    FIELD(enabled, "启用", HTTP_BOOL, HTTP_REQUIRED, 0, 0),
    FIELD(url, "地址", HTTP_TEXT, HTTP_REQUIRED, 0, 500),
    FIELD(secret_name, "保密请求头", HTTP_TEXT, 0, 0, QUERY_MAX_HEADER_NAME),
    FIELD(secret_value, "保密请求头的值", HTTP_TEXT, 0, 0, 500),
    FIELD(timeout_ms, "最长等待", HTTP_MS, 0, 200, 10000),
    FIELD(per_second, "每秒最多（条）", HTTP_INT, 0, 1, 10),
};
#undef FIELD

static bool read_gateway(struct http_request *request, struct gateway_body *body)
{
    const char *problem;
    cJSON *errors;

    if (!http_read_body(request, SETTINGS_BODY(gateway_fields), body))
        return false;
    errors = cJSON_CreateObject();
    if (*body->url && (problem = query_url_problem(body->url)))
        settings_complain(errors, "url", problem);
    settings_check_secret(errors, body->secret_name, body->secret_value);
    return !settings_refuse(request, errors);
}

static void get_gateway(struct http_request *request, void *arg)
{
    settings_get_own(arg, request, STMT_SETTINGS_SMS_GET);
}

static void put_gateway(struct http_request *request, void *arg)
{
    struct gateway_body body = {0};
    struct api_ask ask;

    if (!settings_put_own(arg, request, STMT_SETTINGS_SMS_PUT, "sms.settings", "sms", &ask) ||
        !read_gateway(request, &body))
        return;
    /* Not the body: it may hold a secret. */
    snprintf(ask.detail, sizeof(ask.detail), "enabled=%d url=%.100s secret=%s", body.enabled,
             body.url, body.secret_value && *body.secret_value ? "changed" : "kept");
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- trying it ------------------------------------------------------------------------------ */

struct try_body {
    const char *number;
};
static const struct http_field try_fields[] = {
    {"number", "接收号码", HTTP_TEXT, offsetof(struct try_body, number), HTTP_REQUIRED, 1, 32},
};

struct trying {
    char id[UUID_TEXT_SIZE];
    struct text answer; /* for the page */
};

static void free_trying(void *state)
{
    struct trying *trying = state;

    text_done(&trying->answer);
    free(trying);
}

static void tell(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct store_result *result, void **state)
{
    struct trying *trying = *state;

    (void)api;
    (void)person;
    (void)result;
    api_answer_text(request, &trying->answer);
}

static void write_down(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct query_answer *answer,
                       void **state)
{
    struct api_ask ask = {
        .statement = STMT_SMS_ANSWERED, .permission = PERM_SETTINGS_WRITE, .then = tell};
    struct sms_verdict verdict;
    struct trying *trying = *state;

    sms_judge(answer, &verdict);
    settings_add_answer(&trying->answer, answer);
    store_param_text(&ask.params, trying->id);
    store_param_text(&ask.params, sms_end_name(verdict.end));
    store_param_text(&ask.params, verdict.why);
    store_param_text(&ask.params, verdict.ref);
    *state = NULL;
    api_ask(api, request, person, &ask, trying, free_trying);
}

static void hand_over(struct api *api, struct http_request *request,
                      const struct api_person *person, const struct store_result *result,
                      void **state)
{
    const struct query_field fields[] = {{"id", store_text(result, 0, 0)},
                                         {"number", store_text(result, 0, 1)},
                                         {"text", store_text(result, 0, 2)}};
    struct api_query query = {.connector = store_text(result, 0, 3),
                              .fields = fields,
                              .field_count = sizeof(fields) / sizeof(fields[0]),
                              .then = write_down};
    struct trying *trying = *state;

    (void)text_copy(trying->id, sizeof(trying->id), fields[0].value);
    *state = NULL;
    api_query(api, request, person, &query, trying, free_trying);
}

/* One message at once, also over a gateway that is not enabled yet. Audited: it leaves the house,
 * and somebody gets it. */
static void try_gateway(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SMS_TRY,
                          .permission = PERM_SETTINGS_WRITE,
                          .then = hand_over,
                          .action = "sms.try",
                          .object_kind = "sms"};
    struct try_body body = {0};
    struct trying *trying;
    int32_t center;

    if (!http_read_body(request, SETTINGS_BODY(try_fields), &body) ||
        !settings_center(arg, request, PERM_SETTINGS_WRITE, &center))
        return;
    trying = calloc(1, sizeof(*trying));
    if (!trying) {
        api_unavailable(request);
        return;
    }
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, body.number);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    snprintf(ask.detail, sizeof(ask.detail), "number=%s", body.number);
    api_ask(arg, request, api_person(request), &ask, trying, free_trying);
}

#define GATEWAY "/api/v1/settings/sms"
static const struct api_route routes[] = {
    {.http = {"GET", GATEWAY, PERM_SETTINGS_READ, get_gateway, "短信通道"}, .query = "center_id"},
    {{"PUT", GATEWAY, PERM_SETTINGS_WRITE, put_gateway, "修改短信通道"},
     SETTINGS_BODY(gateway_fields),
     .query = "center_id",
     .if_match = true},
    {{"POST", GATEWAY "/try", PERM_SETTINGS_WRITE, try_gateway, "试发一条短信"},
     SETTINGS_BODY(try_fields),
     .query = "center_id"},
};
const struct api_routes api_routes_settings_sms = API_ROUTES(routes);
