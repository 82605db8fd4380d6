/* The region's rules for callers, out of the document. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "directory/routing.h"

static int32_t id_of(const cJSON *value)
{
    return cJSON_IsNumber(value) && value->valuedouble >= 1 && value->valuedouble <= INT32_MAX
               ? (int32_t)value->valuedouble
               : 0;
}

/* False: it is no rule. */
static bool read_rule(const cJSON *item, struct route_rule *rule)
{
    const char *prefix = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0));

    rule->prefix = prefix ? prefix : "";
    rule->center = id_of(cJSON_GetArrayItem(item, 1));
    return rule->center && route_is_prefix(rule->prefix);
}

static struct route_table *read_rules(const cJSON *list, struct text *problems)
{
    int count = cJSON_GetArraySize(list);
    struct route_rule *rules = count > 0 ? calloc((size_t)count, sizeof(*rules)) : NULL;
    struct route_table *table = NULL;
    const cJSON *item;
    size_t good = 0, wrong;

    if (!rules)
        return NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (read_rule(item, &rules[good]))
            good++;
        else
            text_addf(problems, "分流的号段“%s”有误，未采用。\n", rules[good].prefix);
    }
    if (route_table_create(rules, good, &table, &wrong))
        text_add(problems, "分流的号段规则未生效。\n");
    free(rules);
    return table;
}

void routing_read(const cJSON *item, struct dir_routing *ret_routing, struct text *problems)
{
    *ret_routing = (struct dir_routing){
        .center_id = id_of(cJSON_GetObjectItemCaseSensitive(item, "center_id")),
        .by_taxpayer = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "by_taxpayer")),
        .unknown_center_id = id_of(cJSON_GetObjectItemCaseSensitive(item, "unknown_center_id")),
        .rules = read_rules(cJSON_GetObjectItemCaseSensitive(item, "rules"), problems)};
}

/* Mobiles by seven digits; 010 and 02x are the area codes of three. */
unsigned routing_place_length(const char *number)
{
    if (number[0] == '1')
        return 7;
    return number[0] == '0' && (strncmp(number, "010", 3) == 0 || number[1] == '2') ? 3 : 4;
}
