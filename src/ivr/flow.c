/* Flow documents: parsed and checked as a whole, every problem said in Chinese. */
#include <stdlib.h>
#include <string.h>

#include "ivr/parse.h"

#define LAYOUT_MAX  100000
#define MAX_TARGETS (KEY_COUNT + 5 + IVR_ANSWERS)

static unsigned targets_of(const struct node *node, uint16_t out[MAX_TARGETS])
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
    for (int i = 0; i < IVR_ANSWERS; i++)
        if (node->answers[i] < GOTO_MAIN)
            out[n++] = node->answers[i];
    return n;
}

static void check_reachable(struct parsing *p)
{
    uint16_t todo[IVR_MAX_NODES], targets[MAX_TARGETS];
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
 * prompt that is full or has nobody says so in the same moment, and so does whoever is to carry out
 * a task and cannot; a value may be empty. */
static unsigned at_once_of(const struct node *node, uint16_t out[MAX_TARGETS])
{
    if ((node->type == NODE_QUEUE || node->type == NODE_AGENT) && !node->prompt[0]) {
        out[0] = node->on_full;
        out[1] = node->on_no_agent;
        out[2] = node->answers[IVR_OFF];
        return out[2] == NO_NODE ? 2 : 3;
    }
    if (node->type == NODE_GOTO || node->type == NODE_HOURS || node->type == NODE_CONDITION ||
        (!node->prompt[0] && (node_is_task(node->type) || node->type == NODE_SAY)))
        return targets_of(node, out);
    return 0;
}

/* A circle of such nodes would run for ever. Depth-first: 1 = on the way, 2 = done. */
static bool circle_from(struct parsing *p, uint16_t at, uint8_t *mark)
{
    uint16_t targets[MAX_TARGETS];
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
            problem(p, "从这里开始的跳转是一个死循环，没有放音、等待或结束。");
            return;
        }
}

static bool is_place(const cJSON *place)
{
    const cJSON *number;

    if (!cJSON_IsArray(place) || cJSON_GetArraySize(place) != 2)
        return false;
    cJSON_ArrayForEach(number, place)
    {
        if (!cJSON_IsNumber(number) || number->valuedouble < -LAYOUT_MAX ||
            number->valuedouble > LAYOUT_MAX)
            return false;
    }
    return true;
}

/* Where the editor has drawn the nodes: checked like everything else, but not kept. */
static void check_layout(struct parsing *p, const cJSON *layout)
{
    const cJSON *place;

    if (layout && !cJSON_IsObject(layout)) {
        problem(p, "“layout”应为对象。");
        return;
    }
    cJSON_ArrayForEach(place, layout)
    {
        if (ivr_flow_find(p->flow, place->string) == NO_NODE)
            problem(p, "“layout”里的节点“%s”不存在。", brief(place->string).text);
        else if (!is_place(place))
            problem(p, "“layout”里节点“%s”的位置应为两个 -%d 到 %d 的数。",
                    brief(place->string).text, LAYOUT_MAX, LAYOUT_MAX);
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
        else if (ivr_flow_find(p->flow, json->string) != NO_NODE)
            problem(p, "节点“%s”出现了两次。", brief(json->string).text);
        if (!text_copy(p->flow->nodes[p->flow->node_count++].id, IVR_NAME_SIZE, json->string))
            problem(p, "节点名太长：%s…", brief(json->string).text);
    }
    cJSON_ArrayForEach(json, p->nodes) parse_node(p, json, &p->flow->nodes[i++]);
    p->node = NULL;
    check_fields(p, document, " entry nodes layout ");
    check_layout(p, cJSON_GetObjectItemCaseSensitive(document, "layout"));
    p->flow->entry = cJSON_IsString(entry) ? ivr_flow_find(p->flow, entry->valuestring) : NO_NODE;
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
        problem(&p, "节点太多（%d 个，最多 %d 个）。", nodes, IVR_MAX_NODES);
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

uint16_t ivr_flow_find(const struct ivr_flow *flow, const char *id)
{
    for (uint16_t i = 0; i < flow->node_count; i++)
        if (strcmp(flow->nodes[i].id, id) == 0)
            return i;
    return IVR_NO_NODE;
}

uint16_t ivr_flow_queue(const struct ivr_flow *flow, const char *queue_code)
{
    for (uint16_t i = 0; i < flow->node_count; i++)
        if (flow->nodes[i].type == NODE_QUEUE && strcmp(flow->nodes[i].text, queue_code) == 0)
            return i;
    return NO_NODE;
}

bool ivr_flow_node(const struct ivr_flow *flow, uint16_t at, struct ivr_node *ret_node)
{
    const struct node *node = &flow->nodes[at];

    if (at >= flow->node_count)
        return false;
    *ret_node = (struct ivr_node){node->id, node->name, node_type_name(node->type)};
    return true;
}
