/* Route: to which center a caller of the region's number belongs (ACD-10, ACD-11). Pure: no I/O, no
 * clock, no names.
 *
 * In this order, the first that says something decides:
 *   the taxpayer the number belongs to            asked elsewhere, in time or not at all
 *   the longest prefix                            of the region's own rules and of the table of
 *                                                 places; where both are equally long, the rule
 *   what is set for numbers that nobody knows
 *
 * A rule is a beginning of a number as directory_place() writes it: mobiles without anything before
 * them (1387710), land lines with the area code and its 0 (0771, 07715). */
#ifndef HOTLINED_ROUTE_H
#define HOTLINED_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUTE_PREFIX_MAX 11    /* digits */
#define ROUTE_RULES_MAX  20000 /* of one region */

struct route_table; /* immutable: digits as a tree, one step for each of the number's */

struct route_rule {
    const char *prefix;
    int32_t center; /* > 0 */
};

/* -EINVAL: no such prefix or center (*ret_wrong says which rule), -E2BIG, -ENOMEM. Of two rules for
 * one prefix the later one counts. */
int route_table_create(const struct route_rule *rules, size_t count, struct route_table **ret_table,
                       size_t *ret_wrong);
void route_table_free(struct route_table *table);
/* May this be the prefix of a rule: "1" and a second digit from 3 on, or "0" and more? */
bool route_is_prefix(const char *text);
/* The longest rule that the number begins with; 0 = none. table may be NULL. */
int32_t route_find(const struct route_table *table, const char *number, unsigned *ret_length);

enum route_by { ROUTE_BY_TAXPAYER, ROUTE_BY_RULE, ROUTE_BY_PLACE, ROUTE_BY_DEFAULT };

struct route_caller {
    const char *number;      /* normalised; "" = anonymous */
    int32_t taxpayer_center; /* 0 = no taxpayer, or not known in time */
    int32_t place_center;    /* of the city the number is from; 0 = of none, or not ours */
    unsigned place_length;   /* how many digits say so */
};
struct route_answer {
    int32_t center;  /* 0 = it stays where it is */
    unsigned length; /* of the prefix that decided */
    enum route_by by;
};
struct route_answer route_decide(const struct route_table *table, const struct route_caller *caller,
                                 int32_t unknown_center);

#endif
