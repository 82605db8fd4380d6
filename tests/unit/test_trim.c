/* rooms: base */
/* with: src/main/trim.c */
/* When memory of a busy time is given back: once, after it has been quiet for long enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "main/trim.h"

/* Seconds with so many calls, from *now_ms on; how often it was due. */
static int pass(struct trim *trim, uint64_t *now_ms, unsigned calls, int seconds)
{
    int due = 0;

    for (int s = 0; s < seconds; s++) {
        *now_ms += 1000;
        due += trim_is_due(trim, calls, *now_ms);
    }
    return due;
}

static void memory_is_given_back_once_after_a_busy_time(void **state)
{
    struct trim trim = {.given_back = true};
    uint64_t now = 1000;

    (void)state;
    assert_int_equal(pass(&trim, &now, 0, 3600), 0); /* nothing was busy */
    assert_int_equal(pass(&trim, &now, 500, 600), 0);
    assert_int_equal(pass(&trim, &now, 10, 39), 0); /* finished transactions still live */
    assert_int_equal(pass(&trim, &now, 10, 2), 1);
    assert_int_equal(pass(&trim, &now, 10, 3600), 0); /* once */
    assert_int_equal(pass(&trim, &now, 300, 60), 0);
    assert_int_equal(pass(&trim, &now, 0, 60), 1); /* the next busy time has its own */
}

static void memory_of_the_start_is_given_back_when_nobody_calls(void **state)
{
    struct trim trim = {0};
    uint64_t now = 1000;

    (void)state;
    assert_int_equal(pass(&trim, &now, 3, 600), 0);
    assert_int_equal(pass(&trim, &now, 0, 5), 0);
    assert_int_equal(pass(&trim, &now, 0, 1), 1);
    assert_int_equal(pass(&trim, &now, 3, 600) + pass(&trim, &now, 0, 600), 0); /* once */
}

static void a_short_lull_is_not_quiet(void **state)
{
    struct trim trim = {0};
    uint64_t now = 1000;

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(pass(&trim, &now, 400, 60), 0);
        assert_int_equal(pass(&trim, &now, 0, 30), 0);
    }
    assert_int_equal(pass(&trim, &now, 41, 600), 0); /* more than a tenth is still business */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_given_back_once_after_a_busy_time),
        cmocka_unit_test(memory_of_the_start_is_given_back_when_nobody_calls),
        cmocka_unit_test(a_short_lull_is_not_quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
