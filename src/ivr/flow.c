/* Flow documents: parsed and checked as a whole, every problem said in Chinese. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "ivr/flow.h"

#define DEFAULT_TIMEOUT_MS 5000
#define DEFAULT_RETRIES    2
#define GIVEN_VARIABLES    4 /* caller_no, caller_city, called_no, source: set before the start */

struct parsing {
    struct ivr_flow *flow;
    const struct ivr_names *names;
    const cJSON *nodes;
    struct text *problems;
    int count;
    char collected[IVR_VARIABLES][IVR_NAME_SIZE]; /* variables of collect nodes */
    unsigned collected_count;
    const char *node; /* being parsed, for messages */
};

static void problem(struct parsing *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void problem(struct parsing *p, const char *format, ...)
{
    va_list ap;

    if (p->node)
        text_addf(p->problems, "节点“%s”:", p->node);
    va_start(ap, format);
    text_addv(p->problems, format, ap);
    va_end(ap);
    text_add(p->problems, "\n");
    p->count++;
}

/* Quoted in a message: the first 40 bytes, whole characters only. */
struct brief {
    char text[41];
};

static struct brief brief(const char *text)
{
    struct brief b;

    (void)text_copy(b.text, sizeof(b.text), text);
    return b;
}

int key_index(char key)
{
    if (key >= '0' && key <= '9')
        return key - '0';
    return key == '*' ? 10 : key == '#' ? 11 : -1;
}

/* --- fields --------------------------------------------------------------------------------- */

static void take_text(struct parsing *p, const cJSON *node, const char *name, char *out,
                      size_t size, bool required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, name);

    if (!item && required)
        problem(p, "缺少“%s”。", name);
    else if (item && (!cJSON_IsString(item) || (required && !item->valuestring[0])))
        problem(p, "“%s”应为文字。", name);
    else if (item && !text_copy(out, size, item->valuestring))
        problem(p, "“%s”太长(最多 %zu 字节):%s…", name, size - 1, brief(item->valuestring).text);
}

static int64_t take_number(struct parsing *p, const cJSON *node, const char *name, int64_t min,
                           int64_t max, int64_t otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, name);

    if (!item)
        return otherwise;
    if (!cJSON_IsNumber(item) || item->valuedouble < (double)min ||
        item->valuedouble > (double)max ||
        item->valuedouble != (double)(int64_t)item->valuedouble) {
        problem(p, "“%s”应为 %lld 到 %lld 的整数。", name, (long long)min, (long long)max);
        return otherwise;
    }
    return (int64_t)item->valuedouble;
}

static uint16_t node_by_id(const struct parsing *p, const char *id)
{
    for (uint16_t i = 0; i < p->flow->node_count; i++)
        if (strcmp(p->flow->nodes[i].id, id) == 0)
            return i;
    return NO_NODE;
}

static uint16_t take_target(struct parsing *p, const cJSON *node, const char *name, bool required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, name);
    uint16_t at;

    if (!item) {
        if (required)
            problem(p, "缺少“%s”。", name);
        return NO_NODE;
    }
    if (!cJSON_IsString(item)) {
        problem(p, "“%s”应为节点名。", name);
        return NO_NODE;
    }
    at = node_by_id(p, item->valuestring);
    if (at == NO_NODE)
        problem(p, "“%s”指向的节点“%s”不存在。", name, brief(item->valuestring).text);
    return at;
}

static void take_prompt(struct parsing *p, const cJSON *node, const char *name, char *out,
                        bool required)
{
    take_text(p, node, name, out, IVR_NAME_SIZE, required);
    if (out[0] && p->names && p->names->has_prompt && !p->names->has_prompt(out, p->names->arg))
        problem(p, "“%s”所用的提示音“%s”不存在。", name, out);
}

/* --- node types ----------------------------------------------------------------------------- */

static void parse_play(struct parsing *p, const cJSON *json, struct node *node)
{
    const cJSON *interruptible = cJSON_GetObjectItemCaseSensitive(json, "interruptible");

    take_prompt(p, json, "prompt", node->prompt, true);
    if (interruptible && !cJSON_IsBool(interruptible))
        problem(p, "“interruptible”应为 true 或 false。");
    node->interruptible = cJSON_IsTrue(interruptible);
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
        else if ((node->keys[at] = node_by_id(p, target)) == NO_NODE)
            problem(p, "按键“%s”指向的节点“%s”不存在。", key->string, brief(target).text);
    }
}

static void parse_input(struct parsing *p, const cJSON *json, struct node *node)
{
    take_prompt(p, json, "prompt", node->prompt, true);
    take_prompt(p, json, "invalid", node->invalid, false);
    take_prompt(p, json, "no_input", node->no_input, false);
    node->timeout_ms =
        (uint32_t)take_number(p, json, "timeout_ms", 500, 120000, DEFAULT_TIMEOUT_MS);
    node->retries = (uint8_t)take_number(p, json, "retries", 0, 9, DEFAULT_RETRIES);
    node->other = take_target(p, json, "failed", true);
}

static void parse_menu(struct parsing *p, const cJSON *json, struct node *node)
{
    parse_input(p, json, node);
    parse_keys(p, json, node);
}

/* A run has room for a few variables; the same one may be collected at several nodes. */
static void count_variable(struct parsing *p, const char *name)
{
    for (unsigned i = 0; i < p->collected_count; i++)
        if (strcmp(p->collected[i], name) == 0)
            return;
    if (p->collected_count == IVR_VARIABLES - GIVEN_VARIABLES)
        problem(p, "收集的变量太多(最多 %d 个)。", IVR_VARIABLES - GIVEN_VARIABLES);
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
        problem(p, "“min”(%d)大于“max”(%d)。", node->min, node->max);
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
        problem(p, "条件的比较值太多(最多 %d 个)。", LIST_MAX);
    else if (!text_copy(node->values[node->value_count++], IVR_VALUE_SIZE, item->valuestring))
        problem(p, "条件的比较值太长:%s…", brief(item->valuestring).text);
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
        problem(p, "“in”应为列表,至少有一个值。");
    if (is_set && !cJSON_IsTrue(is_set))
        problem(p, "“is_set”只能为 true。");
    cJSON_ArrayForEach(item, in) take_value(p, node, item);
    if (equals || starts)
        take_value(p, node, equals ? equals : starts);
    node->next = take_target(p, json, "yes", true);
    node->other = take_target(p, json, "no", true);
}

static void parse_queue(struct parsing *p, const cJSON *json, struct node *node)
{
    take_text(p, json, "queue", node->text, sizeof(node->text), true);
    if (node->text[0] && p->names && p->names->has_queue &&
        !p->names->has_queue(node->text, p->names->arg))
        problem(p, "技能队列“%s”不存在。", node->text);
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
        problem(p, "挂机原因“%s”不存在(可用 done、closed、lost、error)。", node->text);
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
};

static void check_fields(struct parsing *p, const cJSON *json, const char *fields)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, json)
    {
        size_t length = strlen(item->string);
        /* "" would be found everywhere, and searched for behind the end of the list */
        bool is_name = length > 0 && !strchr(item->string, ' '), known = false;
        const char *found = fields;
        while (is_name && !known && (found = strstr(found, item->string))) {
            known = found[-1] == ' ' && found[length] == ' ';
            found++;
        }
        if (!known)
            problem(p, "不认识的字段“%s”。", brief(item->string).text);
    }
}

static void parse_node(struct parsing *p, const cJSON *json, struct node *node)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(json, "type");
    size_t i = 0;

    p->node = node->id;
    node->next = node->other = NO_NODE;
    node->on_wait_over = node->on_no_agent = node->on_full = NO_NODE;
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

/* --- the whole ------------------------------------------------------------------------------ */

static unsigned targets_of(const struct node *node, uint16_t out[KEY_COUNT + 5])
{
    unsigned n = 0;
    const uint16_t plain[] = {node->next, node->other, node->on_wait_over, node->on_no_agent,
                              node->on_full};

    for (size_t i = 0; i < 5; i++)
        if (plain[i] < GOTO_MAIN)
            out[n++] = plain[i];
    for (int i = 0; node->type == NODE_MENU && i < KEY_COUNT; i++)
        if (node->keys[i] < GOTO_MAIN)
            out[n++] = node->keys[i];
    return n;
}

static void check_reachable(struct parsing *p)
{
    uint16_t todo[IVR_MAX_NODES], targets[KEY_COUNT + 5];
    bool seen[IVR_MAX_NODES] = {false};
    unsigned count = 0;

    todo[count++] = p->flow->entry;
    seen[p->flow->entry] = true;
    while (count) {
        unsigned n = targets_of(&p->flow->nodes[todo[--count]], targets);
        for (unsigned i = 0; i < n; i++)
            if (!seen[targets[i]]) {
                seen[targets[i]] = true;
                todo[count++] = targets[i];
            }
    }
    for (uint16_t i = 0; i < p->flow->node_count; i++)
        if (!seen[i]) {
            p->node = p->flow->nodes[i].id;
            problem(p, "没有任何路径通向这里。");
        }
}

/* Where a node may lead at once, without letting the caller do or hear anything: a queue without a
 * prompt that is full or has nobody says so in the same moment. */
static unsigned at_once_of(const struct node *node, uint16_t out[KEY_COUNT + 5])
{
    if (node->type == NODE_QUEUE && !node->prompt[0]) {
        out[0] = node->on_full;
        out[1] = node->on_no_agent;
        return 2;
    }
    if (node->type == NODE_GOTO || node->type == NODE_HOURS || node->type == NODE_CONDITION)
        return targets_of(node, out);
    return 0;
}

/* A circle of such nodes would run for ever. Depth-first: 1 = on the way, 2 = done. */
static bool circle_from(struct parsing *p, uint16_t at, uint8_t *mark)
{
    uint16_t targets[KEY_COUNT + 5];
    unsigned n;

    if (mark[at])
        return mark[at] == 1;
    mark[at] = 1;
    n = at_once_of(&p->flow->nodes[at], targets);
    for (unsigned i = 0; i < n; i++)
        if (circle_from(p, targets[i], mark))
            return true;
    mark[at] = 2;
    return false;
}

static void check_circles(struct parsing *p)
{
    uint8_t mark[IVR_MAX_NODES] = {0};

    for (uint16_t i = 0; i < p->flow->node_count; i++)
        if (circle_from(p, i, mark)) {
            p->node = p->flow->nodes[i].id;
            problem(p, "从这里开始的跳转是一个死循环,没有放音、等待或结束。");
            return;
        }
}

static void parse_nodes(struct parsing *p, const cJSON *document)
{
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(document, "entry"), *json;
    uint16_t i = 0;

    cJSON_ArrayForEach(json, p->nodes)
    {
        if (!json->string[0])
            problem(p, "有一个节点没有名字。");
        else if (node_by_id(p, json->string) != NO_NODE)
            problem(p, "节点“%s”出现了两次。", brief(json->string).text);
        if (!text_copy(p->flow->nodes[p->flow->node_count++].id, IVR_NAME_SIZE, json->string))
            problem(p, "节点名太长:%s…", brief(json->string).text);
    }
    cJSON_ArrayForEach(json, p->nodes) parse_node(p, json, &p->flow->nodes[i++]);
    p->node = NULL;
    check_fields(p, document, " entry nodes ");
    p->flow->entry = cJSON_IsString(entry) ? node_by_id(p, entry->valuestring) : NO_NODE;
    if (p->flow->entry == NO_NODE)
        problem(p, "入口节点“%s”不存在。",
                brief(cJSON_IsString(entry) ? entry->valuestring : "").text);
    if (p->count)
        return;
    check_reachable(p);
    p->node = NULL;
    check_circles(p);
}

/* The whole text is one JSON document, nothing behind it. */
static cJSON *parse_json(const char *json, size_t length)
{
    const char *end = NULL;
    cJSON *document = cJSON_ParseWithLengthOpts(json, length, &end, false);

    while (document && end < json + length && *end && strchr(" \t\r\n", *end))
        end++;
    if (document && end < json + length && *end) {
        cJSON_Delete(document);
        return NULL;
    }
    return document;
}

int ivr_flow_parse(const char *json, size_t length, const struct ivr_names *names,
                   struct ivr_flow **ret_flow, struct text *problems)
{
    struct parsing p = {.names = names, .problems = problems};
    cJSON *document = parse_json(json, length);
    int nodes;

    p.nodes = cJSON_GetObjectItemCaseSensitive(document, "nodes");
    nodes = cJSON_IsObject(p.nodes) ? cJSON_GetArraySize(p.nodes) : 0;
    if (!document)
        problem(&p, "不是有效的 JSON。");
    else if (!nodes)
        problem(&p, "流程没有节点。");
    else if (nodes > IVR_MAX_NODES)
        problem(&p, "节点太多(%d 个,最多 %d 个)。", nodes, IVR_MAX_NODES);
    else if (!(p.flow = calloc(1, sizeof(*p.flow) + (size_t)nodes * sizeof(struct node))))
        problem(&p, "内存不足。");
    else
        parse_nodes(&p, document);
    cJSON_Delete(document);
    if (p.count) {
        free(p.flow);
        return p.count;
    }
    p.flow->references = 1;
    *ret_flow = p.flow;
    return 0;
}

struct ivr_flow *ivr_flow_ref(struct ivr_flow *flow)
{
    if (flow)
        flow->references++;
    return flow;
}

void ivr_flow_unref(struct ivr_flow *flow)
{
    if (flow && --flow->references == 0)
        free(flow);
}
