/* rooms: base */
/* with: src/recognition/turn.c */
/* Whose turn it is for a session of recognition: shares first, then who waits longest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recognition/room.h"

static const struct waiting none[1];

static size_t next_of(const struct waiting *waiting, size_t count, struct pool *pool,
                      const struct pool_rule *rule)
{
    size_t next = turn_next(waiting, count, pool, rule);

    if (next != SIZE_MAX)
        assert_true(pool_take(pool, rule, waiting[next].center_id));
    return next;
}

static void PLAT_10_without_shares_who_waits_longest_is_next(void **state)
{
    const struct waiting waiting[] = {{2, 30}, {2, 40}, {3, 10}, {4, 20}};
    const struct pool_rule two = {NULL, 0, 2, false};
    struct pool pool = {0};

    (void)state;
    assert_int_equal(next_of(none, 0, &pool, &two), SIZE_MAX);
    assert_int_equal(next_of(waiting, 4, &pool, &two), 2);
    assert_int_equal(next_of(waiting, 2, &pool, &two), 0); /* the first of its center */
    assert_int_equal(next_of(waiting, 4, &pool, &two), SIZE_MAX);
}

static void PLAT_10_of_those_with_guaranteed_parts_left_the_oldest_is_next(void **state)
{
    const struct pool_share shares[] = {{3, 1, 5}, {4, 1, 5}};
    const struct pool_rule four = {shares, 2, 4, false};
    const struct waiting waiting[] = {{2, 10}, {3, 40}, {3, 50}, {4, 20}};
    struct pool pool = {0};

    (void)state;
    assert_int_equal(next_of(waiting, 4, &pool, &four), 3); /* not the oldest of all */
    assert_int_equal(next_of(waiting, 3, &pool, &four), 1);
    assert_int_equal(next_of(waiting, 3, &pool, &four), 0); /* nobody's part is left: the oldest */
    assert_true(pool_take(&pool, &four, 2));
    assert_int_equal(next_of(waiting, 3, &pool, &four), SIZE_MAX);
}

static void PLAT_10_who_has_the_most_already_holds_nobody_up(void **state)
{
    const struct pool_share shares[] = {{2, 0, 1}, {5, 0, 0}};
    const struct pool_rule ten = {shares, 2, 10, false};
    const struct waiting waiting[] = {{5, 1}, {2, 10}, {2, 20}, {3, 30}};
    struct pool pool = {0};

    (void)state;
    assert_int_equal(next_of(waiting, 4, &pool, &ten), 1);
    assert_int_equal(next_of(waiting, 4, &pool, &ten), 3);
    assert_int_equal(turn_next(waiting, 3, &pool, &ten), SIZE_MAX);
    pool_give(&pool, 2);
    assert_int_equal(turn_next(waiting, 3, &pool, &ten), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PLAT_10_without_shares_who_waits_longest_is_next),
        cmocka_unit_test(PLAT_10_of_those_with_guaranteed_parts_left_the_oldest_is_next),
        cmocka_unit_test(PLAT_10_who_has_the_most_already_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
