/* Overflow rules read and asked; the pace of a queue. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/overflow.h>
#include <hotlined/text.h>

#define WAITED_MAX_MS  86400000
#define LENGTH_MAX     100000
#define GAP_MAX_MS     1800000 /* a longer pause says nothing about the next answer */
#define PACE_SMOOTHING 4       /* one new sample weighs a quarter */

/* --- reading -------------------------------------------------------------------------------- */

static const char *const when_names[] = {
    [OVERFLOW_WAITED] = "waited",
    [OVERFLOW_LENGTH] = "length",
    [OVERFLOW_NO_AGENT] = "no_agent",
    [OVERFLOW_CLOSED] = "closed",
};

static int when_of(const cJSON *item)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "when"));

    for (int i = 0; name && i <= OVERFLOW_CLOSED; i++)
        if (strcmp(when_names[i], name) == 0)
            return i;
    return -1;
}

/* -1: not there, or no whole number in the range. */
static int64_t number_of(const cJSON *item, const char *name, int64_t min, int64_t max)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, name);
    double number = cJSON_IsNumber(value) ? value->valuedouble : -1;

    return number >= (double)min && number <= (double)max && floor(number) == number
               ? (int64_t)number
               : -1;
}

static bool name_of(const cJSON *item, const char *name, char out[OVERFLOW_NAME_SIZE])
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));

    if (!value || !*value || strlen(value) >= OVERFLOW_NAME_SIZE)
        return false;
    text_copy(out, OVERFLOW_NAME_SIZE, value);
    return true;
}

static const char *wrong_condition(const cJSON *item, struct overflow_rule *rule)
{
    int when = when_of(item);
    int64_t limit = 0;

    if (when < 0)
        return "条件应为等待时长、队列长度、无人签入或非工作时间";
    rule->when = (enum overflow_when)when;
    if (when == OVERFLOW_WAITED)
        limit = number_of(item, "after_ms", 1000, WAITED_MAX_MS);
    else if (when == OVERFLOW_LENGTH)
        limit = number_of(item, "length", 0, LENGTH_MAX);
    if (limit < 0)
        return when == OVERFLOW_WAITED ? "等待时长应为 1 秒到 24 小时" : "队列长度应为 0 到 100000";
    rule->limit = (uint32_t)limit;
    if (when == OVERFLOW_CLOSED && !name_of(item, "calendar", rule->calendar))
        return "请选择工作日历";
    return NULL;
}

static const char *wrong_target(const cJSON *item, struct overflow_rule *rule)
{
    int64_t queue = number_of(item, "queue_id", 1, INT32_MAX);
    bool node = name_of(item, "node", rule->node);

    if ((queue > 0) == node)
        return "请选择一个去向：队列或流程节点";
    rule->queue_id = node ? 0 : (int32_t)queue;
    return NULL;
}

static bool knows_fields(const cJSON *item)
{
    static const char *const names[] = {"when",     "after_ms", "length",
                                        "calendar", "queue_id", "node"};
    const cJSON *field;

    cJSON_ArrayForEach(field, item)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            known |= strcmp(field->string, names[i]) == 0;
        if (!known)
            return false;
    }
    return true;
}

int overflow_parse(const char *json, size_t length, struct overflow_rules *ret_rules,
                   struct text *problems)
{
    cJSON *document = cJSON_ParseWithLength(json, length);
    const cJSON *item;
    int bad = 0, at = 0;

    memset(ret_rules, 0, sizeof(*ret_rules));
    if (!cJSON_IsArray(document) || cJSON_GetArraySize(document) > OVERFLOW_RULES) {
        text_addf(problems, "溢出规则应为列表，最多 %d 条。\n", OVERFLOW_RULES);
        cJSON_Delete(document);
        return 1;
    }
    cJSON_ArrayForEach(item, document)
    {
        struct overflow_rule *rule = &ret_rules->rule[ret_rules->count];
        const char *wrong = !cJSON_IsObject(item) || !knows_fields(item) ? "内容看不懂" : NULL;
        at++;
        if (!wrong)
            wrong = wrong_condition(item, rule);
        if (!wrong)
            wrong = wrong_target(item, rule);
        if (wrong)
            text_addf(problems, "第 %d 条溢出规则：%s。\n", at, wrong);
        bad += wrong != NULL;
        ret_rules->count += !wrong;
    }
    cJSON_Delete(document);
    return bad;
}

/* --- asking --------------------------------------------------------------------------------- */

static bool holds(const struct overflow_rule *rule, const struct overflow_facts *facts,
                  unsigned bit)
{
    switch (rule->when) {
    case OVERFLOW_WAITED:
        return !facts->entering && facts->waited_ms >= rule->limit;
    case OVERFLOW_LENGTH:
        return facts->entering && facts->waiting > rule->limit;
    case OVERFLOW_NO_AGENT:
        return !facts->signed_in;
    case OVERFLOW_CLOSED:
        return facts->closed & bit;
    }
    return false;
}

int overflow_pick(const struct overflow_rules *rules, const struct overflow_facts *facts)
{
    for (unsigned i = 0; i < rules->count; i++)
        if (!(facts->tried & 1u << i) && holds(&rules->rule[i], facts, 1u << i))
            return (int)i;
    return -1;
}

/* --- pace ----------------------------------------------------------------------------------- */

void pace_answered(struct pace *pace, uint64_t now, uint32_t waiting)
{
    uint64_t gap = now - pace->last_at;

    if (pace->last_at && gap <= GAP_MAX_MS) {
        pace->gap_ms = pace->samples ? (uint32_t)((pace->gap_ms * (uint64_t)(PACE_SMOOTHING - 1) +
                                                   gap + PACE_SMOOTHING / 2) /
                                                  PACE_SMOOTHING)
                                     : (uint32_t)gap;
        pace->samples++;
    }
    pace->last_at = waiting ? now : 0;
}

uint32_t pace_wait_ms(const struct pace *pace, uint32_t position)
{
    uint64_t wait = (uint64_t)pace->gap_ms * position;

    if (pace->samples < PACE_SAMPLES)
        return PACE_UNKNOWN;
    return wait < PACE_UNKNOWN ? (uint32_t)wait : PACE_UNKNOWN - 1;
}
