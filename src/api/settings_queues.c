/* Queues and who serves them. A change is in force for the next call (CC-29). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/settings.h"

struct queue_body {
    const char *code, *name, *strategy;
    int64_t center_id, skill_group_id;
    int64_t ring_timeout_ms, wrap_up_ms, max_wait_ms, max_length, max_offers, age_step_ms;
    int64_t overflow_queue_id; /* 0 = none */
    int64_t sl_threshold_ms, short_abandon_ms;
    int64_t announce_ms, auto_answer_ms;
    bool wrap_up_required, announce_wait, enabled;
    const cJSON *overflow_rules;
};

/* The limits are those of the table queue. */
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct queue_body, name), flags, min, max                     \
    }
#define QUEUE_FIELDS(required)                                                                     \
    FIELD(code, "代码", HTTP_TEXT, required, 1, 41),                                               \
        FIELD(name, "名称", HTTP_TEXT, required, 1, 20),                                           \
        FIELD(strategy, "分配策略", HTTP_TEXT, 0, 1, 20),                                          \
        FIELD(ring_timeout_ms, "振铃时限", HTTP_MS, 0, 1000, 300000),                              \
        FIELD(wrap_up_ms, "整理时限", HTTP_MS, 0, 0, 3600000),                                     \
        FIELD(wrap_up_required, "必须小结", HTTP_BOOL, 0, 0, 0),                                   \
        FIELD(max_wait_ms, "最长等待", HTTP_MS, 0, 0, 86400000),                                   \
        FIELD(max_length, "最大排队数", HTTP_INT, 0, 0, 100000),                                   \
        FIELD(max_offers, "最多振铃次数", HTTP_INT, 0, 0, 100),                                    \
        FIELD(overflow_queue_id, "溢出队列", HTTP_INT, 0, 0, INT32_MAX),                           \
        FIELD(overflow_rules, "溢出规则", HTTP_JSON, 0, 0, 0),                                     \
        FIELD(announce_ms, "播报间隔", HTTP_MS, 0, 0, 600000),                                     \
        FIELD(announce_wait, "播报预计等待", HTTP_BOOL, 0, 0, 0),                                  \
        FIELD(auto_answer_ms, "自动应答延时", HTTP_MS, 0, 0, 60000),                               \
        FIELD(age_step_ms, "等待加级", HTTP_MS, 0, 0, 86400000),                                   \
        FIELD(sl_threshold_ms, "服务水平时限", HTTP_MS, 0, 1000, 600000),                          \
        FIELD(short_abandon_ms, "短时放弃时限", HTTP_MS, 0, 0, 600000),                            \
        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0),                                                \
        FIELD(skill_group_id, "技能组", HTTP_INT, 0, 1, INT32_MAX)

static const struct http_field create_fields[] = {
    QUEUE_FIELDS(HTTP_REQUIRED),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field update_fields[] = {QUEUE_FIELDS(0)};

static const struct settings_kind queue_kind =
    SETTINGS_KIND("queue", QUEUE, PERM_SETTINGS_WRITE, "没有这个队列，或不属于您管理的中心");

/* --- queues --------------------------------------------------------------------------------- */

static bool is_strategy(const char *name)
{
    static const char *const names[] = {"longest_idle", "fewest_calls", "round_robin", "by_weight",
                                        "ring_all"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void complain_about(const cJSON *document, cJSON *errors)
{
    char *text = cJSON_PrintUnformatted(document);
    struct text problems = {0};
    struct overflow_rules rules;

    if (!text || (overflow_parse(text, strlen(text), &rules, &problems) && !problems.data))
        settings_complain(errors, "overflow_rules", "系统繁忙，请稍后重试");
    else if (problems.data)
        settings_complain(errors, "overflow_rules", problems.data);
    text_done(&problems);
    free(text);
}

static bool read_queue(struct http_request *request, const struct http_field *fields, size_t count,
                       struct queue_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->code && !settings_is_code(body->code))
        settings_complain(errors, "code", "代码应以小写字母开头，只含小写字母、数字和下划线");
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->strategy && !is_strategy(body->strategy))
        settings_complain(errors, "strategy", "没有这种分配策略，请从列表中选择");
    if (body->overflow_rules)
        complain_about(body->overflow_rules, errors);
    return !settings_refuse(request, errors);
}

static void list_queues(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_QUEUE_LIST);
}

static void create_queue(struct http_request *request, void *arg)
{
    struct queue_body body = {0};
    struct api_ask ask;

    if (!read_queue(request, SETTINGS_BODY(create_fields), &body) ||
        !settings_create(arg, request, &queue_kind, body.center_id, &ask))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "code=%s center=%s", body.code, ask.params.values[0]);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_queue(struct http_request *request, void *arg)
{
    struct queue_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &queue_kind, &ask) ||
        !read_queue(request, SETTINGS_BODY(update_fields), &body))
        return;
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_queue(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (settings_remove(request, &queue_kind, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- members -------------------------------------------------------------------------------- */

struct member_body {
    int64_t weight;
};
static const struct http_field member_fields[] = {
    {"weight", "权值", HTTP_INT, offsetof(struct member_body, weight), HTTP_REQUIRED, 1, 100},
};

static void list_members(struct http_request *request, void *arg)
{
    settings_get(arg, request, STMT_SETTINGS_MEMBER_LIST, "queue", queue_kind.missing);
}

static void put_member(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_MEMBER_PUT,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = queue_kind.missing,
        .action = "queue.member.put",
        .object_kind = "queue",
    };
    struct member_body body = {0};
    int32_t queue, user;

    if (!api_path_int(request, "id", &queue) || !api_path_int(request, "user_id", &user) ||
        !http_read_body(request, SETTINGS_BODY(member_fields), &body))
        return;
    store_param_int(&ask.params, queue);
    store_param_int(&ask.params, user);
    store_param_int(&ask.params, body.weight);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", queue);
    snprintf(ask.detail, sizeof(ask.detail), "user=%d weight=%lld", user, (long long)body.weight);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_member(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_MEMBER_DELETE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = "该坐席不在这个队列中，或队列不属于您管理的中心",
        .action = "queue.member.delete",
        .object_kind = "queue",
    };
    int32_t queue, user;

    if (!api_path_int(request, "id", &queue) || !api_path_int(request, "user_id", &user))
        return;
    store_param_int(&ask.params, queue);
    store_param_int(&ask.params, user);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", queue);
    snprintf(ask.detail, sizeof(ask.detail), "user=%d", user);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define QUEUES  "/api/v1/settings/queues"
#define MEMBERS QUEUES "/{id}/members"
static const struct api_route routes[] = {
    {.http = {"GET", QUEUES, PERM_SETTINGS_READ, list_queues, "队列列表"}, .query = "center_id"},
    {{"POST", QUEUES, PERM_SETTINGS_WRITE, create_queue, "新增队列"}, SETTINGS_BODY(create_fields)},
    {{"PUT", QUEUES "/{id}", PERM_SETTINGS_WRITE, update_queue, "修改队列"},
     SETTINGS_BODY(update_fields),
     .if_match = true},
    {.http = {"DELETE", QUEUES "/{id}", PERM_SETTINGS_WRITE, delete_queue, "删除队列"}},
    {.http = {"GET", MEMBERS, PERM_SETTINGS_READ, list_members, "队列成员"}},
    {{"PUT", MEMBERS "/{user_id}", PERM_SETTINGS_WRITE, put_member, "坐席加入队列或修改权值"},
     SETTINGS_BODY(member_fields)},
    {.http = {"DELETE", MEMBERS "/{user_id}", PERM_SETTINGS_WRITE, delete_member, "坐席离开队列"}},
};
const struct api_routes api_routes_queues = API_ROUTES(routes);
