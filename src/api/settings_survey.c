/* 满意度调查: what a center asks, by which keys, and the callers of which queues. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define NAME_MAX_CHARACTERS 10

struct survey_body {
    bool enabled, automatic, sms;
    const char *prompt, *invalid_prompt, *thanks_prompt, *sms_template;
    int64_t retries, timeout_ms, sms_hours;
    const cJSON *levels, *queues;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct survey_body, name), flags, min, max                    \
    }
static const struct http_field survey_fields[] = {
    FIELD(enabled, "启用", HTTP_BOOL, HTTP_REQUIRED, 0, 0),
    FIELD(automatic, "坐席挂机后自动询问", HTTP_BOOL, HTTP_REQUIRED, 0, 0),
    FIELD(prompt, "提问的提示音", HTTP_TEXT, HTTP_REQUIRED, 1, 47),
    FIELD(invalid_prompt, "按键无效的提示音", HTTP_TEXT, 0, 0, 47),
    FIELD(thanks_prompt, "结束的提示音", HTTP_TEXT, 0, 0, 47),
    FIELD(retries, "再问次数", HTTP_INT, HTTP_REQUIRED, 0, 5),
    FIELD(timeout_ms, "等待按键", HTTP_MS, HTTP_REQUIRED, 2000, 30000),
    FIELD(levels, "等级", HTTP_JSON, HTTP_REQUIRED, 0, 0),
    FIELD(queues, "询问的队列", HTTP_JSON, 0, 0, 0),
    FIELD(sms, "电话中未评价时发送短信评价", HTTP_BOOL, 0, 0, 0),
    FIELD(sms_template, "短信模板", HTTP_TEXT, 0, 1, 300),
    FIELD(sms_hours, "短信有效小时数", HTTP_INT, 0, 1, 168),
};

static size_t characters_of(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* Of one level; NULL = good. */
static const char *level_problem(const cJSON *item)
{
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(item, "key");
    const cJSON *level = cJSON_GetObjectItemCaseSensitive(item, "level");
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");

    if (!cJSON_IsString(key) || strlen(key->valuestring) != 1 ||
        !strchr("0123456789*#", key->valuestring[0]))
        return "每一级要有一个按键：0 到 9、* 或 #";
    if (!cJSON_IsNumber(level) || level->valuedouble != level->valueint || level->valueint < 1 ||
        level->valueint > DIR_SURVEY_LEVELS)
        return "等级应为 1 到 5 的整数，5 最好";
    if (!cJSON_IsString(name) || settings_is_blank(name->valuestring) ||
        characters_of(name->valuestring) > NAME_MAX_CHARACTERS)
        return "每一级要有 1 到 10 个字的名称";
    return NULL;
}

/* Three or five levels, each once, each by a key of its own. */
static const char *levels_problem(const cJSON *levels)
{
    int count = cJSON_IsArray(levels) ? cJSON_GetArraySize(levels) : 0;
    const cJSON *item, *other;

    if (count != 3 && count != 5)
        return "应有三级或五级";
    cJSON_ArrayForEach(item, levels)
    {
        const char *problem = level_problem(item);
        if (problem)
            return problem;
        for (other = item->next; other; other = other->next)
            if (text_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "key")),
                           cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(other, "key"))))
                return "两级用了同一个按键";
        for (other = item->next; other; other = other->next)
            if (cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(item, "level")) ==
                cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(other, "level")))
                return "同一个等级出现了两次";
    }
    return NULL;
}

static const char *queues_problem(const cJSON *queues)
{
    const cJSON *id;

    if (queues && !cJSON_IsArray(queues))
        return "队列应为编号列表";
    cJSON_ArrayForEach(id, queues)
    {
        if (!cJSON_IsNumber(id))
            return "队列应为编号列表";
    }
    return NULL;
}

static bool check(struct http_request *request, const struct survey_body *body)
{
    cJSON *errors = cJSON_CreateObject();
    const char *problem = levels_problem(body->levels);

    if (problem)
        settings_complain(errors, "levels", problem);
    problem = queues_problem(body->queues);
    if (problem)
        settings_complain(errors, "queues", problem);
    return !settings_refuse(request, errors);
}

static void get_survey(struct http_request *request, void *arg)
{
    settings_get_own(arg, request, STMT_SETTINGS_SURVEY_GET);
}

static void put_survey(struct http_request *request, void *arg)
{
    struct survey_body body = {0};
    struct api_ask ask;

    if (settings_put_own(arg, request, STMT_SETTINGS_SURVEY_PUT, "survey.update", "survey", &ask) &&
        http_read_body(request, SETTINGS_BODY(survey_fields), &body) && check(request, &body))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define SURVEY "/api/v1/settings/survey"
static const struct api_route routes[] = {
    {.http = {"GET", SURVEY, PERM_SETTINGS_READ, get_survey, "满意度调查设置"},
     .query = "center_id"},
    {{"PUT", SURVEY, PERM_SETTINGS_WRITE, put_survey, "修改满意度调查设置"},
     SETTINGS_BODY(survey_fields),
     .query = "center_id",
     .if_match = true},
};
const struct api_routes api_routes_survey = API_ROUTES(routes);
