/* Nodes whose work is done outside of the flow, with a branch for each way it may turn out; the
 * survey; and values that are spoken. */
#include <stdio.h>
#include <string.h>

#include "ivr/parse.h"

const char *ivr_answer_name(enum ivr_answer answer)
{
    static const char *const names[IVR_ANSWERS] = {
        [IVR_NEXT] = "next",       [IVR_DONE] = "done",           [IVR_OFF] = "off",
        [IVR_FAILED] = "failed",   [IVR_NO_ANSWER] = "no_answer", [IVR_NOT_FOUND] = "not_found",
        [IVR_TIMEOUT] = "timeout",
    };

    return names[answer];
}

static void take_branch(struct parsing *p, const cJSON *json, struct node *node,
                        enum ivr_answer answer)
{
    node->answers[answer] = take_target(p, json, ivr_answer_name(answer), true);
}

/* Exactly one of the two: a fixed number, or the variable it is in. */
static void take_number_or_variable(struct parsing *p, const cJSON *json, const char *fixed,
                                    struct node *node, char *out)
{
    bool number = cJSON_GetObjectItemCaseSensitive(json, fixed) != NULL;
    bool variable = cJSON_GetObjectItemCaseSensitive(json, "variable") != NULL;

    if (number == variable) {
        problem(p, "要有且只有一个“%s”或“variable”。", fixed);
        return;
    }
    node->from_variable = variable;
    take_text(p, json, variable ? "variable" : fixed, out,
              variable ? IVR_NAME_SIZE : IVR_VALUE_SIZE, true);
}

/* --- tasks ---------------------------------------------------------------------------------- */

/* A queue with two branches more; without them the caller goes on waiting, for everybody. */
void parse_agent(struct parsing *p, const cJSON *json, struct node *node)
{
    parse_queue(p, json, node);
    take_number_or_variable(p, json, "agent_no", node, node->data);
    if (!node->from_variable && node->data[0] && p->names && p->names->has_agent &&
        !p->names->has_agent(node->data, p->names->arg))
        problem(p, "工号“%s”不存在。", node->data);
    node->timeout_ms = (uint32_t)take_number(p, json, "wait_ms", 5000, 120000, 20000);
    node->answers[IVR_OFF] = take_target(p, json, ivr_answer_name(IVR_OFF), false);
    node->answers[IVR_NO_ANSWER] = take_target(p, json, ivr_answer_name(IVR_NO_ANSWER), false);
}

/* What it is for is put into a header: one line of visible characters. */
static void check_data(struct parsing *p, const char *data)
{
    for (const char *c = data; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            problem(p, "“data”不能有换行等控制字符。");
            return;
        }
}

void parse_external(struct parsing *p, const cJSON *json, struct node *node)
{
    take_number_or_variable(p, json, "number", node, node->text);
    take_text(p, json, "data", node->data, sizeof(node->data), false);
    check_data(p, node->data);
    take_prompt(p, json, "prompt", node->prompt, false);
    take_branch(p, json, node, IVR_NEXT);
    take_branch(p, json, node, IVR_FAILED);
}

void parse_voicemail(struct parsing *p, const cJSON *json, struct node *node)
{
    take_text(p, json, "box", node->text, sizeof(node->text), false);
    take_prompt(p, json, "prompt", node->prompt, false);
    node->timeout_ms = 1000 * (uint32_t)take_number(p, json, "max_s", 5, 600, 120);
    take_branch(p, json, node, IVR_NEXT);
    take_branch(p, json, node, IVR_OFF);
    take_branch(p, json, node, IVR_FAILED);
}

void parse_callback(struct parsing *p, const cJSON *json, struct node *node)
{
    take_queue(p, json, node);
    take_prompt(p, json, "prompt", node->prompt, false);
    take_branch(p, json, node, IVR_NEXT);
    take_branch(p, json, node, IVR_FAILED);
}

void parse_bot(struct parsing *p, const cJSON *json, struct node *node)
{
    take_prompt(p, json, "prompt", node->prompt, false);
    take_branch(p, json, node, IVR_NEXT);
    take_branch(p, json, node, IVR_DONE);
    take_branch(p, json, node, IVR_OFF);
}

/* {"variable": "field"}, or turned round {"field": "variable"}. */
static void take_pairs(struct parsing *p, const cJSON *json, const char *name, bool by_variable,
                       struct ivr_pairs *out)
{
    const cJSON *pairs = cJSON_GetObjectItemCaseSensitive(json, name), *pair;

    if (pairs && !cJSON_IsObject(pairs))
        problem(p, "“%s”应为字段与变量的对照。", name);
    cJSON_ArrayForEach(pair, pairs)
    {
        const char *value = cJSON_IsString(pair) ? pair->valuestring : "";
        struct ivr_pair *to = &out->pair[out->count];
        if (out->count == IVR_PAIRS) {
            problem(p, "“%s”太多（最多 %d 个）。", name, IVR_PAIRS);
            return;
        }
        if (!pair->string[0] || !value[0] ||
            !text_copy(by_variable ? to->variable : to->field, IVR_NAME_SIZE, pair->string) ||
            !text_copy(by_variable ? to->field : to->variable, IVR_NAME_SIZE, value)) {
            problem(p, "“%s”里“%s”应为 1 到 %d 字节的文字。", name, brief(pair->string).text,
                    IVR_NAME_SIZE - 1);
            return;
        }
        out->count++;
    }
}

void parse_query(struct parsing *p, const cJSON *json, struct node *node)
{
    take_text(p, json, "connector", node->text, sizeof(node->text), true);
    if (node->text[0] && p->names && p->names->has_connector &&
        !p->names->has_connector(node->text, p->names->arg))
        problem(p, "查询接口“%s”没有配置。", node->text);
    take_pairs(p, json, "send", false, &node->send);
    take_pairs(p, json, "take", true, &node->take);
    for (unsigned i = 0; i < node->take.count; i++)
        count_variable(p, node->take.pair[i].variable);
    node->timeout_ms = (uint32_t)take_number(p, json, "timeout_ms", 500, 20000, 5000);
    take_prompt(p, json, "prompt", node->prompt, false);
    take_prompt(p, json, "music", node->music, false);
    take_branch(p, json, node, IVR_NEXT);
    take_branch(p, json, node, IVR_FAILED);
    take_branch(p, json, node, IVR_TIMEOUT);
    node->answers[IVR_NOT_FOUND] = take_target(p, json, ivr_answer_name(IVR_NOT_FOUND), false);
}

/* --- survey and spoken values --------------------------------------------------------------- */

void parse_survey(struct parsing *p, const cJSON *json, struct node *node)
{
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(json, "keys"), *key;

    parse_question(p, json, node);
    if (!cJSON_IsObject(keys) || !keys->child)
        problem(p, "满意度调查没有按键。");
    else
        cJSON_ArrayForEach(key, keys)
        {
            int at = strlen(key->string) == 1 ? key_index(key->string[0]) : -1;
            if (at < 0)
                problem(p, "“%s”不是电话按键。", brief(key->string).text);
            else
                node->levels[at] = (uint8_t)take_number(p, keys, key->string, 1, 5, 1);
        }
    node->next = take_target(p, json, "next", true);
    node->other = take_target(p, json, "failed", false);
    if (node->other == NO_NODE)
        node->other = node->next;
}

void parse_say(struct parsing *p, const cJSON *json, struct node *node)
{
    static const char *const ways[] = {
        [SAY_DIGITS] = "digits", [SAY_NUMBER] = "number", [SAY_AMOUNT] = "amount"};
    char as[16] = "digits";
    size_t way = 0;

    take_text(p, json, "variable", node->text, sizeof(node->text), true);
    take_text(p, json, "as", as, sizeof(as), false);
    while (way < 3 && strcmp(ways[way], as) != 0)
        way++;
    if (way == 3)
        problem(p, "读法“%s”不存在（可用 digits、number、amount）。", as);
    else
        node->say_as = (enum say_as)way;
    take_prompt(p, json, "prompt", node->prompt, false);
    take_prompt(p, json, "suffix", node->suffix, false);
    node->interruptible = take_bool(p, json, "interruptible");
    node->next = take_target(p, json, "next", true);
    for (const char *const *code = say_prompts(node->say_as); *code; code++)
        if (p->names && p->names->has_prompt && !p->names->has_prompt(*code, p->names->arg)) {
            problem(p, "读数所用的提示音“%s”不存在。", *code);
            return;
        }
}
