/* rooms: base acd directory access ivr media route store */
/* Places corrected by agents (REG-02): each center's own, whatever the number looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/text.h>

#include "directory/correction.h"

static const char *city_of(const struct correction_table *table, int32_t center, const char *number)
{
    static struct dir_place place;

    place = (struct dir_place){.city = "原"};
    text_copy(place.number, sizeof(place.number), number);
    correction_apply(table, center, &place);
    return place.city;
}

static void set(struct correction_table *table, int32_t center, const char *number,
                const char *city, const char *code)
{
    assert_int_equal(0, correction_table_set(table, center, number, "广西", city, code));
}

static void corrections_are_of_one_center_and_one_number(void **state)
{
    struct correction_table *table;

    (void)state;
    assert_int_equal(0, correction_table_create(&table));
    set(table, 2, "13877100001", "柳州", "450200");
    set(table, 2, "0771", "来宾", "451300");
    assert_string_equal("柳州", city_of(table, 2, "13877100001"));
    assert_string_equal("原", city_of(table, 3, "13877100001"));
    assert_string_equal("原", city_of(table, 2, "771")); /* zeros in front count */
    assert_string_equal("来宾", city_of(table, 2, "0771"));
    set(table, 2, "13877100001", "南宁", "450100"); /* once more */
    assert_string_equal("南宁", city_of(table, 2, "13877100001"));
    assert_string_equal("原", city_of(NULL, 2, "13877100001"));
    correction_table_free(table);
}

static void what_is_no_number_is_refused_and_never_found(void **state)
{
    static const char *const wrong[] = {"", "abc", "138x", "1234567890123456789"};
    struct correction_table *table;

    (void)state;
    assert_int_equal(0, correction_table_create(&table));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(-EINVAL,
                         correction_table_set(table, 2, wrong[i], "广西", "柳州", "450200"));
        assert_string_equal("原", city_of(table, 2, wrong[i]));
    }
    set(table, 2, "123456789012345678", "柳州", "450200");
    assert_string_equal("柳州", city_of(table, 2, "123456789012345678"));
    correction_table_free(table);
    correction_table_free(NULL);
}

static void tens_of_thousands_are_found_again(void **state)
{
    static const char *const cities[] = {"南宁", "柳州", "桂林"};
    static const char *const codes[] = {"450100", "450200", "450300"};
    struct correction_table *table;
    char number[32];

    (void)state;
    assert_int_equal(0, correction_table_create(&table));
    for (int i = 0; i < 30000; i++) {
        snprintf(number, sizeof(number), "138%08d", i * 7);
        set(table, 2 + i % 14, number, cities[i % 3], codes[i % 3]);
    }
    for (int i = 0; i < 30000; i++) {
        snprintf(number, sizeof(number), "138%08d", i * 7);
        assert_string_equal(cities[i % 3], city_of(table, 2 + i % 14, number));
        assert_string_equal("原", city_of(table, 2 + (i + 1) % 14, number));
    }
    correction_table_free(table);
}

static void too_many_cities_are_refused(void **state)
{
    struct correction_table *table;
    char code[16];
    int err = 0, taken = 0;

    (void)state;
    assert_int_equal(0, correction_table_create(&table));
    for (; !err && taken < 1000; taken += !err) {
        snprintf(code, sizeof(code), "%06d", taken);
        err = correction_table_set(table, 2, "13877100001", "广西", code, code);
    }
    assert_int_equal(-ENOSPC, err);
    assert_true(taken >= 14);
    correction_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrections_are_of_one_center_and_one_number),
        cmocka_unit_test(what_is_no_number_is_refused_and_never_found),
        cmocka_unit_test(tens_of_thousands_are_found_again),
        cmocka_unit_test(too_many_cities_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
