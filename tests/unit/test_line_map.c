/* rooms: base media/line */
/* The port's hash table against a plain array, by random steps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "media/line/map.h"

#define KEYS 64
#define MAX  24

static void map_does_what_an_array_does(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atol(getenv("SEED")) : (unsigned)time(NULL);
    uint32_t values[KEYS + 1] = {0}; /* 0 = not in the map */
    struct line_map map;
    uint32_t count = 0;

    (void)state;
    print_message("SEED=%u\n", seed);
    srand(seed);
    assert_int_equal(line_map_init(&map, MAX), 0);
    for (uint32_t step = 1; step < 200000; step++) {
        uint64_t key = 1 + (uint64_t)rand() % KEYS;
        uint32_t value;

        if (rand() % 2 == 0) {
            int expected = values[key] == 0 && count == map.max ? -ENOSPC : 0;
            assert_int_equal(line_map_put(&map, key, step), expected);
            count += expected == 0 && values[key] == 0;
            if (expected == 0)
                values[key] = step;
        } else {
            line_map_remove(&map, key);
            count -= values[key] != 0;
            values[key] = 0;
        }
        assert_int_equal(map.count, count);
        for (uint64_t k = 1; k <= KEYS; k++) {
            assert_int_equal(line_map_get(&map, k, &value), values[k] != 0);
            if (values[k] != 0)
                assert_int_equal(value, values[k]);
        }
    }
    line_map_done(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(map_does_what_an_array_does)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
