/* rooms: base */
/* Slots against a naive model: handles match until released, and never afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/slots.h>

#define CAPACITY 37
#define STEPS    200000
#define OLD      4000 /* stale handles remembered */

struct item {
    uint64_t stamp;
    char fill[9];
};

static struct slots slots;

static int begin(void **state)
{
    (void)state;
    return slots_init(&slots, sizeof(struct item), CAPACITY);
}

static int end(void **state)
{
    (void)state;
    slots_done(&slots);
    return 0;
}

/* What the model knows: live handles with what was written there, and some dead ones. */
static struct {
    handle_t live[CAPACITY];
    uint64_t stamps[CAPACITY];
    uint32_t count;
    handle_t dead[OLD];
    uint32_t dead_count, dead_next;
} model;

static void model_take(uint64_t stamp)
{
    handle_t handle = 0;
    struct item *item = slots_take(&slots, &handle);
    static const struct item zero;

    if (model.count == CAPACITY) {
        assert_null(item);
        return;
    }
    assert_non_null(item);
    assert_int_not_equal(handle, 0);
    assert_memory_equal(item, &zero, sizeof(zero));
    for (uint32_t i = 0; i < model.count; i++)
        assert_int_not_equal(model.live[i], handle);
    memset(item, 0xee, sizeof(*item));
    item->stamp = stamp;
    model.live[model.count] = handle;
    model.stamps[model.count++] = stamp;
}

static void model_release(uint32_t which)
{
    handle_t handle = model.live[which];

    slots_release(&slots, handle);
    model.count--;
    model.live[which] = model.live[model.count];
    model.stamps[which] = model.stamps[model.count];
    model.dead[model.dead_next] = handle;
    model.dead_next = (model.dead_next + 1) % OLD;
    model.dead_count += model.dead_count < OLD;
}

static void model_check(uint32_t random)
{
    const struct item *item = NULL;
    handle_t handle;
    uint32_t seen = 0;

    assert_int_equal(slots.count, model.count);
    for (uint32_t i = 0; i < model.count; i++) {
        item = slots_find(&slots, model.live[i]);
        assert_non_null(item);
        assert_int_equal(item->stamp, model.stamps[i]);
    }
    for (item = NULL; (item = slots_next(&slots, item, &handle)); seen++)
        assert_ptr_equal(slots_find(&slots, handle), item);
    assert_int_equal(seen, model.count);
    if (model.dead_count) {
        handle = model.dead[random % model.dead_count];
        assert_null(slots_find(&slots, handle));
        slots_release(&slots, handle); /* nothing happens */
    }
}

static void slots_do_as_the_model_says(void **state)
{
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    memset(&model, 0, sizeof(model));
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t random = (uint32_t)rand_r(&seed);
        /* Full and empty are both met: the wind turns every 500 steps. */
        bool take = (step / 500) % 2 ? random % 3 != 0 : random % 3 == 0;
        if (take)
            model_take(step);
        else if (model.count)
            model_release(random / 3 % model.count);
        if (step % 7 == 0)
            model_check((uint32_t)rand_r(&seed));
    }
}

static void foreign_handles_find_nothing(void **state)
{
    handle_t handle;

    (void)state;
    assert_non_null(slots_take(&slots, &handle));
    assert_null(slots_find(&slots, 0));
    assert_null(slots_find(&slots, handle + 1));          /* not taken */
    assert_null(slots_find(&slots, handle + CAPACITY));   /* beyond the end */
    assert_null(slots_find(&slots, handle + (1u << 20))); /* another life */
    assert_null(slots_find(&slots, UINT32_MAX));
    slots_release(&slots, 0);
    slots_release(&slots, UINT32_MAX);
    assert_int_equal(slots.count, 1);
    assert_non_null(slots_find(&slots, handle));
}

static void a_handle_is_dead_for_thousands_of_lives(void **state)
{
    handle_t first, other;

    (void)state;
    assert_non_null(slots_take(&slots, &first));
    slots_release(&slots, first);
    for (int i = 0; i < 4000; i++) {
        assert_non_null(slots_take(&slots, &other));
        assert_null(slots_find(&slots, first));
        assert_int_not_equal(other, first);
        slots_release(&slots, other);
    }
}

static void the_current_item_may_be_released_while_walking(void **state)
{
    handle_t handle;
    void *item = NULL;
    int seen = 0;

    (void)state;
    for (int i = 0; i < CAPACITY; i++)
        assert_non_null(slots_take(&slots, &handle));
    while ((item = slots_next(&slots, item, &handle))) {
        seen++;
        if (seen % 2)
            slots_release(&slots, handle);
    }
    assert_int_equal(seen, CAPACITY);
    assert_int_equal(slots.count, CAPACITY / 2);
}

static void odd_capacities(void **state)
{
    struct slots none, huge;
    handle_t handle;

    (void)state;
    assert_int_equal(slots_init(&none, 8, 0), 0);
    assert_null(slots_take(&none, &handle));
    assert_null(slots_next(&none, NULL, &handle));
    assert_null(slots_find(&none, 1u << 20));
    slots_done(&none);
    assert_true(slots_init(&huge, 1, 1u << 20) < 0); /* more than a handle can name */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slots_do_as_the_model_says),
        TEST(foreign_handles_find_nothing),
        TEST(a_handle_is_dead_for_thousands_of_lives),
        TEST(the_current_item_may_be_released_while_walking),
        TEST(odd_capacities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
