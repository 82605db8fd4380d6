/* rooms: base */
/* What each center is guaranteed of a pool, and has at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <hotlined/pool.h>

static void take(struct pool *pool, const struct pool_rule *rule, int32_t center, unsigned times)
{
    while (times--)
        assert_true(pool_take(pool, rule, center));
}

static void give(struct pool *pool, int32_t center, unsigned times)
{
    while (times--)
        pool_give(pool, center);
}

static void NLU_04_PLAT_10_what_others_are_guaranteed_stays_free_for_them(void **state)
{
    const struct pool_share shares[] = {{1, 2, 8}, {2, 3, 4}, {3, 0, 10}};
    const struct pool_rule ten = {shares, 3, 10, false};
    struct pool pool = {0};

    (void)state;
    take(&pool, &ten, 3, 5); /* ten channels, five of them are others' */
    assert_false(pool_take(&pool, &ten, 3));
    take(&pool, &ten, 2, 3);
    assert_false(pool_take(&pool, &ten, 2)); /* two are the first one's */
    take(&pool, &ten, 1, 2);
    assert_int_equal(pool_all_used(&pool), 10);
    assert_false(pool_take(&pool, &ten, 1)); /* all ten */
    give(&pool, 3, 2);
    take(&pool, &ten, 2, 1);
    assert_false(pool_take(&pool, &ten, 2)); /* its most */
    assert_true(pool_grants(&pool, &ten, 1));
    assert_false(pool_grants(&pool, &(struct pool_rule){shares, 3, 9, false},
                             1)); /* fewer than are in use: nobody new */
    assert_int_equal(pool_refused(&pool, 2), 2);
    assert_int_equal(pool_refused(&pool, 3), 1);
    assert_int_equal(pool_used(&pool, 4), 0);
}

static void PLAT_10_centers_without_a_share_have_what_is_free_or_nothing(void **state)
{
    const struct pool_share shares[] = {{1, 2, 2}};
    const struct pool_rule open = {shares, 1, 5, false}, listed = {shares, 1, 5, true};
    const struct pool_rule endless = {NULL, 0, POOL_NO_END, false};
    struct pool pool = {0};

    (void)state;
    take(&pool, &open, 7, 3);
    assert_false(pool_take(&pool, &open, 7));
    give(&pool, 7, 9); /* more than it took */
    assert_int_equal(pool_used(&pool, 7), 0);
    assert_false(pool_take(&pool, &listed, 7));
    take(&pool, &listed, 1, 2);
    assert_false(pool_take(&pool, &listed, 1));
    take(&pool, &endless, 7, 1000);
}

static void PLAT_10_only_what_is_left_of_a_guaranteed_part_is_kept(void **state)
{
    const struct pool_share shares[] = {{1, 4, 4}};
    const struct pool_rule ten = {shares, 1, 10, false};
    struct pool pool = {0};

    (void)state;
    take(&pool, &ten, 1, 3);
    take(&pool, &ten, 7, 6); /* one of ten is still the first one's */
    assert_false(pool_take(&pool, &ten, 7));
}

static void
PLAT_10_shares_that_come_while_all_is_in_use_are_had_as_soon_as_something_is_free(void **state)
{
    const struct pool_share shares[] = {{1, 2, 4}, {2, 2, 4}};
    const struct pool_rule before = {NULL, 0, 4, false}, after = {shares, 2, 4, false};
    struct pool pool = {0};

    (void)state;
    take(&pool, &before, 7, 4);
    assert_false(pool_take(&pool, &after, 1)); /* guaranteed, but there are four and no more */
    give(&pool, 7, 1);
    take(&pool, &after, 1, 1); /* and not kept free for the second one */
    assert_false(pool_take(&pool, &after, 2));
}

static void PLAT_10_a_pool_knows_so_many_centers_and_refuses_the_others(void **state)
{
    const struct pool_rule endless = {NULL, 0, POOL_NO_END, false};
    struct pool pool = {0};

    (void)state;
    for (int32_t center = 1; center <= POOL_CENTERS; center++)
        take(&pool, &endless, center, 1);
    assert_false(pool_take(&pool, &endless, POOL_CENTERS + 1));
    pool_give(&pool, POOL_CENTERS + 1);
    assert_int_equal(pool_all_used(&pool), POOL_CENTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(NLU_04_PLAT_10_what_others_are_guaranteed_stays_free_for_them),
        cmocka_unit_test(PLAT_10_centers_without_a_share_have_what_is_free_or_nothing),
        cmocka_unit_test(PLAT_10_only_what_is_left_of_a_guaranteed_part_is_kept),
        cmocka_unit_test(
            PLAT_10_shares_that_come_while_all_is_in_use_are_had_as_soon_as_something_is_free),
        cmocka_unit_test(PLAT_10_a_pool_knows_so_many_centers_and_refuses_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
