/* To which center a caller belongs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/route.h>

struct node {
    uint32_t next[10]; /* 0 = no rule goes on with this digit: the root is nobody's child */
    int32_t center;    /* of the rule that ends here; 0 = none */
};

struct route_table {
    uint32_t count, capacity;
    struct node *nodes; /* [0] is the root */
};

bool route_is_prefix(const char *text)
{
    size_t length = strspn(text, "0123456789");

    if (text[length] || length < 2 || length > ROUTE_PREFIX_MAX)
        return false;
    return text[0] == '0' ? text[1] != '0' : text[0] == '1' && text[1] >= '3';
}

/* One more node; 0 = no memory. */
static uint32_t add_node(struct route_table *table)
{
    if (table->count == table->capacity) {
        uint32_t capacity = table->capacity ? 2 * table->capacity : 64;
        struct node *nodes = realloc(table->nodes, capacity * sizeof(*nodes));
        if (!nodes)
            return 0;
        table->nodes = nodes;
        table->capacity = capacity;
    }
    table->nodes[table->count] = (struct node){{0}, 0};
    return table->count++;
}

static int add_rule(struct route_table *table, const struct route_rule *rule)
{
    uint32_t at = 0;

    if (!route_is_prefix(rule->prefix) || rule->center <= 0)
        return -EINVAL;
    for (const char *c = rule->prefix; *c; c++) {
        unsigned digit = (unsigned)(*c - '0');
        uint32_t next = table->nodes[at].next[digit];
        if (!next && !(next = add_node(table)))
            return -ENOMEM;
        table->nodes[at].next[digit] = next;
        at = next;
    }
    table->nodes[at].center = rule->center;
    return 0;
}

int route_table_create(const struct route_rule *rules, size_t count, struct route_table **ret_table,
                       size_t *ret_wrong)
{
    struct route_table *table = count <= ROUTE_RULES_MAX ? calloc(1, sizeof(*table)) : NULL;
    int err = table ? 0 : count <= ROUTE_RULES_MAX ? -ENOMEM : -E2BIG;

    if (!table)
        return err;
    (void)add_node(table);
    if (!table->nodes)
        err = -ENOMEM;
    for (*ret_wrong = 0; !err && *ret_wrong < count; ++*ret_wrong) {
        err = add_rule(table, &rules[*ret_wrong]);
        if (err)
            break;
    }
    if (err)
        route_table_free(table);
    else
        *ret_table = table;
    return err;
}

void route_table_free(struct route_table *table)
{
    if (!table)
        return;
    free(table->nodes);
    free(table);
}

int32_t route_find(const struct route_table *table, const char *number, unsigned *ret_length)
{
    int32_t found = 0;
    uint32_t at = 0;

    *ret_length = 0;
    for (unsigned i = 0; table && number[i] >= '0' && number[i] <= '9'; i++) {
        at = table->nodes[at].next[number[i] - '0'];
        if (!at)
            break;
        if (!table->nodes[at].center)
            continue;
        found = table->nodes[at].center;
        *ret_length = i + 1;
    }
    return found;
}

struct route_answer route_decide(const struct route_table *table, const struct route_caller *caller,
                                 int32_t unknown_center)
{
    unsigned length;
    int32_t by_rule;

    if (caller->taxpayer_center)
        return (struct route_answer){caller->taxpayer_center, 0, ROUTE_BY_TAXPAYER};
    by_rule = route_find(table, caller->number, &length);
    if (by_rule && (!caller->place_center || length >= caller->place_length))
        return (struct route_answer){by_rule, length, ROUTE_BY_RULE};
    if (caller->place_center)
        return (struct route_answer){caller->place_center, caller->place_length, ROUTE_BY_PLACE};
    return (struct route_answer){unknown_center, 0, ROUTE_BY_DEFAULT};
}
