/* The types of nodes: what each document may say. */
#include <string.h>

#include "ivr/parse.h"

#define DEFAULT_TIMEOUT_MS 5000
#define DEFAULT_RETRIES    2
#define GIVEN_VARIABLES    4 /* see ivr_variable_is_given() */

static void parse_play(struct parsing *p, const cJSON *json, struct node *node)
{
    take_prompt(p, json, "prompt", node->prompt, true);
    node->interruptible = take_bool(p, json, "interruptible");
    node->next = take_target(p, json, "next", true);
}

static void parse_keys(struct parsing *p, const cJSON *json, struct node *node)
{
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(json, "keys"), *key;

    for (int i = 0; i < KEY_COUNT; i++)
        node->keys[i] = NO_NODE;
    if (!cJSON_IsObject(keys) || !keys->child) {
        problem(p, "菜单没有按键。");
        return;
    }
    cJSON_ArrayForEach(key, keys)
    {
        int at = strlen(key->string) == 1 ? key_index(key->string[0]) : -1;
        const char *target = cJSON_IsString(key) ? key->valuestring : "";
        if (at < 0)
            problem(p, "“%s”不是电话按键。", brief(key->string).text);
        else if (strcmp(target, "@back") == 0)
            node->keys[at] = GOTO_BACK;
        else if (strcmp(target, "@main") == 0)
            node->keys[at] = GOTO_MAIN;
        else if ((node->keys[at] = ivr_flow_find(p->flow, target)) == NO_NODE)
            problem(p, "按键“%s”指向的节点“%s”不存在。", key->string, brief(target).text);
    }
}

void parse_question(struct parsing *p, const cJSON *json, struct node *node)
{
    take_prompt(p, json, "prompt", node->prompt, true);
    take_prompt(p, json, "invalid", node->invalid, false);
    take_prompt(p, json, "no_input", node->no_input, false);
    node->timeout_ms =
        (uint32_t)take_number(p, json, "timeout_ms", 500, 120000, DEFAULT_TIMEOUT_MS);
    node->retries = (uint8_t)take_number(p, json, "retries", 0, 9, DEFAULT_RETRIES);
}

static void parse_input(struct parsing *p, const cJSON *json, struct node *node)
{
    parse_question(p, json, node);
    node->other = take_target(p, json, "failed", true);
}

static void parse_menu(struct parsing *p, const cJSON *json, struct node *node)
{
    parse_input(p, json, node);
    parse_keys(p, json, node);
}

void count_variable(struct parsing *p, const char *name)
{
    for (unsigned i = 0; i < p->collected_count; i++)
        if (strcmp(p->collected[i], name) == 0)
            return;
    if (p->collected_count == IVR_VARIABLES - GIVEN_VARIABLES)
        problem(p, "收集的变量太多（最多 %d 个）。", IVR_VARIABLES - GIVEN_VARIABLES);
    else
        text_copy(p->collected[p->collected_count++], IVR_NAME_SIZE, name);
}

static void parse_collect(struct parsing *p, const cJSON *json, struct node *node)
{
    char end[4] = "#";

    parse_input(p, json, node);
    take_text(p, json, "variable", node->text, sizeof(node->text), true);
    count_variable(p, node->text);
    take_text(p, json, "end", end, sizeof(end), false);
    if (end[0] && (end[1] || key_index(end[0]) < 0))
        problem(p, "“end”应为一个按键。");
    node->end_key = end[0];
    node->min = (uint8_t)take_number(p, json, "min", 1, IVR_VALUE_SIZE - 1, 1);
    node->max = (uint8_t)take_number(p, json, "max", 1, IVR_VALUE_SIZE - 1, IVR_VALUE_SIZE - 1);
    if (node->min > node->max)
        problem(p, "“min”（%d）大于“max”（%d）。", node->min, node->max);
    node->next = take_target(p, json, "next", true);
}

static void parse_hours(struct parsing *p, const cJSON *json, struct node *node)
{
    take_text(p, json, "calendar", node->text, sizeof(node->text), true);
    if (node->text[0] && p->names && p->names->has_calendar &&
        !p->names->has_calendar(node->text, p->names->arg))
        problem(p, "工作日历“%s”不存在。", node->text);
    node->next = take_target(p, json, "open", true);
    node->other = take_target(p, json, "closed", true);
}

static void take_value(struct parsing *p, struct node *node, const cJSON *item)
{
    if (!cJSON_IsString(item))
        problem(p, "条件的比较值应为文字。");
    else if (node->value_count == LIST_MAX)
        problem(p, "条件的比较值太多（最多 %d 个）。", LIST_MAX);
    else if (!text_copy(node->values[node->value_count++], IVR_VALUE_SIZE, item->valuestring))
        problem(p, "条件的比较值太长：%s…", brief(item->valuestring).text);
}

static void parse_condition(struct parsing *p, const cJSON *json, struct node *node)
{
    const cJSON *equals = cJSON_GetObjectItemCaseSensitive(json, "equals");
    const cJSON *in = cJSON_GetObjectItemCaseSensitive(json, "in");
    const cJSON *starts = cJSON_GetObjectItemCaseSensitive(json, "starts_with");
    const cJSON *is_set = cJSON_GetObjectItemCaseSensitive(json, "is_set"), *item;

    take_text(p, json, "variable", node->text, sizeof(node->text), true);
    if (!!equals + !!in + !!starts + !!is_set != 1)
        problem(p, "条件要有且只有一个 equals、in、starts_with 或 is_set。");
    node->test = equals ? TEST_EQUALS : in ? TEST_IN : starts ? TEST_STARTS_WITH : TEST_IS_SET;
    if (in && (!cJSON_IsArray(in) || !in->child))
        problem(p, "“in”应为列表，至少有一个值。");
    if (is_set && !cJSON_IsTrue(is_set))
        problem(p, "“is_set”只能为 true。");
    cJSON_ArrayForEach(item, in) take_value(p, node, item);
    if (equals || starts)
        take_value(p, node, equals ? equals : starts);
    node->next = take_target(p, json, "yes", true);
    node->other = take_target(p, json, "no", true);
}

void parse_queue(struct parsing *p, const cJSON *json, struct node *node)
{
    take_queue(p, json, node);
    take_prompt(p, json, "prompt", node->prompt, false);
    take_prompt(p, json, "music", node->music, false);
    node->priority = (int32_t)take_number(p, json, "priority", -100, 100, 0);
    node->on_wait_over = take_target(p, json, "on_wait_over", true);
    node->on_no_agent = take_target(p, json, "on_no_agent", true);
    node->on_full = take_target(p, json, "on_full", true);
}

static void parse_hangup(struct parsing *p, const cJSON *json, struct node *node)
{
    static const char *const reasons[] = {"done", "closed", "lost", "error"};
    bool known = false;

    take_prompt(p, json, "prompt", node->prompt, false);
    text_copy(node->text, sizeof(node->text), "done");
    take_text(p, json, "reason", node->text, sizeof(node->text), false);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        known |= strcmp(node->text, reasons[i]) == 0;
    if (!known)
        problem(p, "挂机原因“%s”不存在（可用 done、closed、lost、error）。", node->text);
}

static void parse_goto(struct parsing *p, const cJSON *json, struct node *node)
{
    node->next = take_target(p, json, "target", true);
}

/* The table of node types: everything about a type's document is here. */
static const struct {
    const char *name;
    enum node_type type;
    void (*parse)(struct parsing *p, const cJSON *json, struct node *node);
    const char *fields; /* allowed, between blanks */
} types[] = {
    {"play", NODE_PLAY, parse_play, " type name prompt next interruptible "},
    {"menu", NODE_MENU, parse_menu,
     " type name prompt invalid no_input timeout_ms retries failed keys "},
    {"collect", NODE_COLLECT, parse_collect,
     " type name prompt invalid no_input timeout_ms retries failed variable min max end next "},
    {"hours", NODE_HOURS, parse_hours, " type name calendar open closed "},
    {"condition", NODE_CONDITION, parse_condition,
     " type name variable equals in starts_with is_set yes no "},
    {"queue", NODE_QUEUE, parse_queue,
     " type name queue prompt music priority on_wait_over on_no_agent on_full "},
    {"hangup", NODE_HANGUP, parse_hangup, " type name prompt reason "},
    {"goto", NODE_GOTO, parse_goto, " type name target "},
    {"say", NODE_SAY, parse_say, " type name variable as prompt suffix interruptible next "},
    {"survey", NODE_SURVEY, parse_survey,
     " type name prompt invalid no_input timeout_ms retries keys next failed "},
    {"agent", NODE_AGENT, parse_agent,
     " type name agent_no variable queue prompt music priority wait_ms off no_answer on_wait_over "
     "on_no_agent on_full "},
    {"external", NODE_EXTERNAL, parse_external,
     " type name number variable data prompt next failed "},
    {"voicemail", NODE_VOICEMAIL, parse_voicemail, " type name box prompt max_s next off failed "},
    {"callback", NODE_CALLBACK, parse_callback, " type name queue prompt next failed "},
    {"bot", NODE_BOT, parse_bot, " type name prompt next done off "},
    {"http", NODE_QUERY, parse_query,
     " type name connector send take timeout_ms prompt music next failed timeout not_found "},
};

const char *node_type_name(enum node_type type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == type)
            return types[i].name;
    return "";
}

void parse_node(struct parsing *p, const cJSON *json, struct node *node)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(json, "type");
    size_t i = 0;

    p->node = node->id;
    node->next = node->other = NO_NODE;
    node->on_wait_over = node->on_no_agent = node->on_full = NO_NODE;
    for (int answer = 0; answer < IVR_ANSWERS; answer++)
        node->answers[answer] = NO_NODE;
    text_copy(node->name, sizeof(node->name), node->id);
    while (i < sizeof(types) / sizeof(types[0]) && cJSON_IsString(type) &&
           strcmp(types[i].name, type->valuestring) != 0)
        i++;
    if (!cJSON_IsString(type) || i == sizeof(types) / sizeof(types[0])) {
        problem(p, "节点类型“%s”不存在。",
                brief(cJSON_IsString(type) ? type->valuestring : "").text);
        return;
    }
    node->type = types[i].type;
    check_fields(p, json, types[i].fields);
    take_text(p, json, "name", node->name, sizeof(node->name), false);
    if (!node->name[0])
        text_copy(node->name, sizeof(node->name), node->id);
    types[i].parse(p, json, node);
}
