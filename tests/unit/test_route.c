/* rooms: base route */
/* To which center a caller belongs (ACD-10, ACD-11): the tree of rules finds what a walk through
 * all of them finds, and who decides is the taxpayer, the longest prefix, what is set, in this
 * order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/route.h>

#define NANNING  2
#define CHONGZUO 15
#define GUILIN   4

static struct route_table *table_of(const struct route_rule *rules, size_t count)
{
    struct route_table *table = NULL;
    size_t wrong;

    assert_int_equal(route_table_create(rules, count, &table, &wrong), 0);
    return table;
}

static const struct route_rule shared[] = {
    {"0771", NANNING}, {"07717", CHONGZUO}, {"077178", NANNING}, {"138", GUILIN}};

static struct route_answer ask(const struct route_table *table, const char *number, int32_t place,
                               unsigned length)
{
    struct route_caller caller = {number, 0, place, length};

    return route_decide(table, &caller, 0);
}

static void ACD_10_the_longest_rule_decides_in_a_shared_area_code(void **state)
{
    struct route_table *table = table_of(shared, 4);
    unsigned length;

    (void)state;
    assert_int_equal(route_find(table, "07715551234", &length), NANNING);
    assert_int_equal(length, 4);
    assert_int_equal(route_find(table, "07717551234", &length), CHONGZUO);
    assert_int_equal(length, 5);
    assert_int_equal(route_find(table, "07717851234", &length), NANNING);
    assert_int_equal(length, 6);
    assert_int_equal(route_find(table, "07725551234", &length), 0);
    assert_int_equal(route_find(table, "077", &length), 0);
    assert_int_equal(route_find(table, "", &length), 0);
    assert_int_equal(route_find(NULL, "0771", &length), 0);
    route_table_free(table);
}

static void ACD_10_rule_and_place_are_measured_by_the_digits_they_know(void **state)
{
    struct route_table *table = table_of(shared, 4);

    (void)state;
    /* A rule for three digits knows less of a mobile than the seven of the table of places. */
    assert_int_equal(ask(table, "13877100001", NANNING, 7).center, NANNING);
    assert_int_equal(ask(table, "13877100001", NANNING, 7).by, ROUTE_BY_PLACE);
    assert_int_equal(ask(table, "13877100001", 0, 0).center, GUILIN);
    assert_int_equal(ask(table, "13877100001", 0, 0).by, ROUTE_BY_RULE);
    /* Equally long: the region has said so itself. */
    assert_int_equal(ask(table, "07715551234", CHONGZUO, 4).center, NANNING);
    assert_int_equal(ask(table, "07715551234", CHONGZUO, 4).by, ROUTE_BY_RULE);
    assert_int_equal(ask(table, "07737551234", GUILIN, 4).by, ROUTE_BY_PLACE);
    route_table_free(table);
}

static void ACD_11_the_taxpayer_goes_before_every_prefix(void **state)
{
    struct route_table *table = table_of(shared, 4);
    struct route_caller caller = {"07715551234", GUILIN, NANNING, 4};
    struct route_answer answer = route_decide(table, &caller, CHONGZUO);

    (void)state;
    assert_int_equal(answer.center, GUILIN);
    assert_int_equal(answer.by, ROUTE_BY_TAXPAYER);
    caller.taxpayer_center = 0;
    assert_int_equal(route_decide(table, &caller, CHONGZUO).center, NANNING);
    route_table_free(table);
}

static void ACD_10_unknown_numbers_go_where_it_is_set(void **state)
{
    struct route_table *table = table_of(shared, 4);
    struct route_caller anonymous = {"", 0, 0, 0}, far = {"01066668888", 0, 0, 0};

    (void)state;
    assert_int_equal(route_decide(table, &anonymous, CHONGZUO).center, CHONGZUO);
    assert_int_equal(route_decide(table, &far, CHONGZUO).by, ROUTE_BY_DEFAULT);
    assert_int_equal(route_decide(table, &far, 0).center, 0);
    route_table_free(table);
}

static void ACD_10_what_is_no_prefix_is_refused_and_named(void **state)
{
    static const char *const wrong[] = {"",      "1",    "0",   "00",           "12",
                                        "0771x", "+861", "771", "077112345678", "13877 "};
    struct route_table *table = NULL;
    size_t which = 99;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct route_rule rules[] = {{"0771", NANNING}, {wrong[i], NANNING}};
        assert_false(route_is_prefix(wrong[i]));
        assert_int_equal(route_table_create(rules, 2, &table, &which), -EINVAL);
        assert_int_equal(which, 1);
        assert_null(table);
    }
    assert_int_equal(route_table_create(&(struct route_rule){"0771", 0}, 1, &table, &which),
                     -EINVAL);
    assert_int_equal(route_table_create(NULL, ROUTE_RULES_MAX + 1, &table, &which), -E2BIG);
}

static uint32_t seed = 12366;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

#define MANY 5000
static char prefixes[MANY][ROUTE_PREFIX_MAX + 1];

static void random_digits(char *out, unsigned length)
{
    snprintf(out, ROUTE_PREFIX_MAX + 1, "%s%u", below(2) ? "1" : "0", 3 + below(7));
    for (unsigned i = 2; i < length; i++)
        out[i] = (char)('0' + below(4));
    out[length] = 0;
}

static int32_t walk(const struct route_rule *rules, const char *number, unsigned *ret_length)
{
    int32_t found = 0;

    *ret_length = 0;
    for (size_t i = 0; i < MANY; i++) {
        unsigned length = (unsigned)strlen(rules[i].prefix);
        if (strncmp(rules[i].prefix, number, length) == 0 && length >= *ret_length) {
            *ret_length = length;
            found = rules[i].center;
        }
    }
    return found;
}

static void ACD_10_the_tree_finds_what_a_walk_through_all_rules_finds(void **state)
{
    static struct route_rule rules[MANY];
    struct route_table *table;
    unsigned hits = 0;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        random_digits(prefixes[i], 2 + below(ROUTE_PREFIX_MAX - 1));
        rules[i] = (struct route_rule){prefixes[i], 1 + (int32_t)below(15)};
    }
    table = table_of(rules, MANY);
    for (unsigned i = 0; i < 20000; i++) {
        char number[ROUTE_PREFIX_MAX + 1];
        unsigned by_tree, by_walk;
        random_digits(number, ROUTE_PREFIX_MAX);
        assert_int_equal(route_find(table, number, &by_tree), walk(rules, number, &by_walk));
        assert_int_equal(by_tree, by_walk);
        hits += by_tree > 2;
    }
    assert_true(hits > 1000);
    route_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ACD_10_the_longest_rule_decides_in_a_shared_area_code),
        cmocka_unit_test(ACD_10_rule_and_place_are_measured_by_the_digits_they_know),
        cmocka_unit_test(ACD_11_the_taxpayer_goes_before_every_prefix),
        cmocka_unit_test(ACD_10_unknown_numbers_go_where_it_is_set),
        cmocka_unit_test(ACD_10_what_is_no_prefix_is_refused_and_named),
        cmocka_unit_test(ACD_10_the_tree_finds_what_a_walk_through_all_rules_finds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
