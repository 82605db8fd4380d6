/* What of a center's talks is recorded (CC-05): by queue, of calls out, of what colleagues say to
 * each other, and how long an agent may pause it. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define PAUSE_S_MAX 600

struct rule_body {
    const char *outbound;
    bool internal;
    int64_t pause_s;
    const cJSON *queues;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct rule_body, name), flags, min, max                      \
    }
static const struct http_field rule_fields[] = {
    FIELD(outbound, "呼出电话", HTTP_TEXT, HTTP_REQUIRED, 1, 20),
    FIELD(internal, "同事之间的谈话也录音", HTTP_BOOL, HTTP_REQUIRED, 0, 0),
    FIELD(pause_s, "最长暂停（秒）", HTTP_INT, HTTP_REQUIRED, 0, PAUSE_S_MAX),
    FIELD(queues, "队列", HTTP_JSON, 0, 0, 0),
};

static bool is_rule(const char *name)
{
    static const char *const names[] = {"always", "on_demand", "never"};

    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static const char *queues_problem(const cJSON *queues)
{
    const cJSON *item;

    if (queues && !cJSON_IsArray(queues))
        return "队列应为列表";
    cJSON_ArrayForEach(item, queues)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "id");
        if (!cJSON_IsNumber(id) || id->valuedouble != id->valueint)
            return "每一项要有队列的编号";
        if (!is_rule(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "recording"))))
            return "录音规则应为 always（总是）、on_demand（按需）或 never（从不）";
    }
    return NULL;
}

static bool check(struct http_request *request, const struct rule_body *body)
{
    cJSON *errors = cJSON_CreateObject();
    const char *problem = queues_problem(body->queues);

    if (!is_rule(body->outbound))
        settings_complain(errors, "outbound",
                          "录音规则应为 always（总是）、on_demand（按需）或 never（从不）");
    if (problem)
        settings_complain(errors, "queues", problem);
    return !settings_refuse(request, errors);
}

static void get_rule(struct http_request *request, void *arg)
{
    settings_get_own(arg, request, STMT_SETTINGS_RECORDING);
}

static void put_rule(struct http_request *request, void *arg)
{
    struct rule_body body = {0};
    struct api_ask ask;

    if (settings_put_own(arg, request, STMT_SETTINGS_RECORDING_SAVE, "recording.rule", "center",
                         &ask) &&
        http_read_body(request, SETTINGS_BODY(rule_fields), &body) && check(request, &body))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define RECORDING "/api/v1/settings/recording"
static const struct api_route routes[] = {
    {.http = {"GET", RECORDING, PERM_SETTINGS_READ, get_rule, "录音规则"}, .query = "center_id"},
    {{"PUT", RECORDING, PERM_SETTINGS_WRITE, put_rule, "修改录音规则"},
     SETTINGS_BODY(rule_fields),
     .query = "center_id",
     .if_match = true},
};
const struct api_routes api_routes_recording_rule = API_ROUTES(routes);
