/* rooms: base */
/* UUIDs of version 7: in order, unlike, readable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/id.h>

#define MANY    20000
#define THREADS 4

static int64_t ms_of(const struct uuid *id)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

static void ids_have_version_variant_and_time(void **state)
{
    struct uuid id = uuid_new(1900000000123);
    char text[UUID_TEXT_SIZE];

    (void)state;
    assert_int_equal(ms_of(&id), 1900000000123);
    assert_string_equal(uuid_text(&id, text), text);
    assert_int_equal(strlen(text), 36);
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
    assert_false(uuid_is_null(&id));
}

/* Within one ms, after the clock was set back, and when one ms holds more than its counter. */
static void ids_never_go_back(void **state)
{
    static const int64_t clocks[] = {1900000001000, 1900000001000, 1900000000900,
                                     1900000001001, 1800000000000, 1900000002000};
    struct uuid before = uuid_new(1900000000999);

    (void)state;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
        for (int n = 0; n < 6000; n++) {
            struct uuid id = uuid_new(clocks[i]);
            assert_true(memcmp(before.bytes, id.bytes, 16) < 0);
            before = id;
        }
}

static struct uuid made[THREADS][MANY];

static void *make_many(void *arg)
{
    struct uuid *ids = arg;

    for (int i = 0; i < MANY; i++)
        ids[i] = uuid_new(1900000005000 + i / 100);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

static void ids_of_all_threads_differ(void **state)
{
    pthread_t threads[THREADS];
    struct uuid *all = &made[0][0];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, made[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        for (int n = 1; n < MANY; n++)
            assert_true(compare(&made[i][n - 1], &made[i][n]) < 0);
    qsort(all, THREADS * MANY, sizeof(*all), compare);
    for (int i = 1; i < THREADS * MANY; i++)
        assert_int_not_equal(compare(&all[i - 1], &all[i]), 0);
}

static void text_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct uuid id = uuid_new(i), back;
        char text[UUID_TEXT_SIZE];
        assert_int_equal(uuid_parse(uuid_text(&id, text), &back), 0);
        assert_true(uuid_equal(&id, &back));
        for (char *c = text; *c; c++)
            if (*c >= 'a' && *c <= 'f')
                *c -= 'a' - 'A';
        assert_int_equal(uuid_parse(text, &back), 0);
        assert_true(uuid_equal(&id, &back));
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {NULL,
                                      "",
                                      "0190a0b0-c0d0-7000-8000-00000000000",   /* short */
                                      "0190a0b0-c0d0-7000-8000-0000000000000", /* long */
                                      "0190a0b0c0d070008000000000000000",      /* no dashes */
                                      "0190a0b0-c0d0-7000-8000-00000000000g",
                                      "0190a0b0-c0d0-7000-8000 000000000000",
                                      "0190a0b0+c0d0-7000-8000-000000000000",
                                      "{190a0b0-c0d0-7000-8000-00000000000}",
                                      "0190a0b-0c0d0-7000-8000-000000000000"};
    struct uuid id = {{9}};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(uuid_parse(bad[i], &id), -EINVAL);
    assert_int_equal(id.bytes[0], 9);
    assert_int_equal(uuid_parse("00000000-0000-0000-0000-000000000000", &id), 0);
    assert_true(uuid_is_null(&id));
}

static void random_bytes_are_random(void **state)
{
    unsigned char a[300] = {0}, b[300] = {0};

    (void)state;
    random_bytes(a, sizeof(a));
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 100, a, 100);
    random_bytes(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_have_version_variant_and_time),
        cmocka_unit_test(ids_never_go_back),
        cmocka_unit_test(ids_of_all_threads_differ),
        cmocka_unit_test(text_and_back),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(random_bytes_are_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
