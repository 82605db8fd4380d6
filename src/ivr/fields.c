/* Fields of a node's document: taken one by one, every problem said in Chinese. */
#include <stdarg.h>
#include <string.h>

#include "ivr/parse.h"

void problem(struct parsing *p, const char *format, ...)
{
    va_list ap;

    if (p->node)
        text_addf(p->problems, "节点“%s”：", p->node);
    va_start(ap, format);
    text_addv(p->problems, format, ap);
    va_end(ap);
    text_add(p->problems, "\n");
    p->count++;
}

struct brief brief(const char *text)
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

void take_text(struct parsing *p, const cJSON *node, const char *name, char *out, size_t size,
               bool required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, name);

    if (!item && required)
        problem(p, "缺少“%s”。", name);
    else if (item && (!cJSON_IsString(item) || (required && !item->valuestring[0])))
        problem(p, "“%s”应为文字。", name);
    else if (item && !text_copy(out, size, item->valuestring))
        problem(p, "“%s”太长（最多 %zu 字节）：%s…", name, size - 1, brief(item->valuestring).text);
}

int64_t take_number(struct parsing *p, const cJSON *node, const char *name, int64_t min,
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

uint16_t take_target(struct parsing *p, const cJSON *node, const char *name, bool required)
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
    at = ivr_flow_find(p->flow, item->valuestring);
    if (at == NO_NODE)
        problem(p, "“%s”指向的节点“%s”不存在。", name, brief(item->valuestring).text);
    return at;
}

void take_prompt(struct parsing *p, const cJSON *node, const char *name, char *out, bool required)
{
    take_text(p, node, name, out, IVR_NAME_SIZE, required);
    if (out[0] && p->names && p->names->has_prompt && !p->names->has_prompt(out, p->names->arg))
        problem(p, "“%s”所用的提示音“%s”不存在。", name, out);
}

void take_queue(struct parsing *p, const cJSON *node, struct node *out)
{
    take_text(p, node, "queue", out->text, sizeof(out->text), true);
    if (out->text[0] && p->names && p->names->has_queue &&
        !p->names->has_queue(out->text, p->names->arg))
        problem(p, "技能队列“%s”不存在。", out->text);
}

bool take_bool(struct parsing *p, const cJSON *node, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(node, name);

    if (item && !cJSON_IsBool(item))
        problem(p, "“%s”应为 true 或 false。", name);
    return cJSON_IsTrue(item);
}

void check_fields(struct parsing *p, const cJSON *json, const char *fields)
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
