/* rooms: base */
/* Text: UTF-8 to its borders, JSON, numbers, local time, log fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

/* --- growing -------------------------------------------------------------------------------- */

static void a_text_grows(void **state)
{
    struct text text = {0};

    (void)state;
    for (int i = 0; i < 10000; i++)
        text_addf(&text, "%d,", i % 10);
    text_add_bytes(&text, "a\0b", 3);
    text_add(&text, "");
    assert_false(text.failed);
    assert_int_equal(text.length, 20003);
    assert_memory_equal(text.data + 20000, "a\0b", 4);
    text_clear(&text);
    assert_string_equal(text.data, "");
    text_add(&text, "again");
    assert_string_equal(text.data, "again");
    text_done(&text);
    text_done(&text);
    assert_null(text.data);
}

static void take_gives_the_buffer_away(void **state)
{
    struct text text = {0};
    char *taken;

    (void)state;
    taken = text_take(&text); /* of nothing: an empty string */
    assert_string_equal(taken, "");
    free(taken);
    text_add(&text, "something");
    taken = text_take(&text);
    assert_string_equal(taken, "something");
    assert_int_equal(text.length, 0);
    free(taken);
}

static void a_failed_text_stays_failed(void **state)
{
    struct text text = {0};

    (void)state;
    text_add(&text, "x");
    text.failed = true; /* as when memory ran out */
    text_add(&text, "y");
    text_addf(&text, "%d", 1);
    text_add_json(&text, "z");
    assert_string_equal(text.data, "x");
    assert_null(text_take(&text));
}

/* --- UTF-8 ---------------------------------------------------------------------------------- */

static void utf8_is_checked_to_its_borders(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "纳税缴费服务热线"};
    static const char *const bad[] = {"\x80", /* continues nothing */
                                      "\xbf",
                                      "\xc0\x80", /* overlong */
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xed\xa0\x80", /* surrogates */
                                      "\xed\xbf\xbf",
                                      "\xf4\x90\x80\x80", /* above U+10FFFF */
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xc3", /* cut */
                                      "\xe7\xba",
                                      "\xf0\x9f\x98",
                                      "\xe7\xba(",
                                      "ok\xe7"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!text_is_utf8(good[i], strlen(good[i])))
            fail_msg("good %zu", i);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (text_is_utf8(bad[i], strlen(bad[i])))
            fail_msg("bad %zu", i);
    assert_true(text_is_utf8("a\0b", 3));
    assert_true(text_is_utf8("纳", 3));
    assert_false(text_is_utf8("纳", 2)); /* what follows the end is not looked at */
}

static void a_copy_never_splits_a_character(void **state)
{
    static const char src[] = "a税€😀b"; /* 1 + 3 + 3 + 4 + 1 bytes */
    static const size_t fits[] = {0, 1, 1, 1, 4, 4, 4, 7, 7, 7, 7, 11, 12};

    (void)state;
    for (size_t size = 1; size <= 13; size++) {
        char *dst = malloc(size); /* ASan sees a byte too many */
        bool all = text_copy(dst, size, src);
        assert_int_equal(strlen(dst), fits[size - 1]);
        assert_memory_equal(dst, src, strlen(dst));
        assert_int_equal(all, size == 13);
        free(dst);
    }
    assert_false(text_copy(NULL, 0, "x"));
}

static void a_copy_of_broken_text_stays_inside(void **state)
{
    char dst[8], long_tail[64];

    (void)state;
    memset(long_tail, 0x80, sizeof(long_tail) - 1);
    long_tail[sizeof(long_tail) - 1] = 0;
    assert_false(text_copy(dst, sizeof(dst), long_tail));
    assert_true(strlen(dst) < sizeof(dst));
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void assert_json(const char *in, const char *expected)
{
    struct text text = {0};

    text_add_json(&text, in);
    assert_string_equal(text.data, expected);
    text_done(&text);
}

static void json_strings_are_escaped(void **state)
{
    (void)state;
    assert_json("", "\"\"");
    assert_json("plain / 中文 😀", "\"plain / 中文 😀\"");
    assert_json("say \"hi\" \\ now", "\"say \\\"hi\\\" \\\\ now\"");
    assert_json("a\nb\tc\rd\x01\x1f\x7f", "\"a\\nb\\u0009c\\u000dd\\u0001\\u001f\\u007f\"");
    assert_json("a\xffz", "\"a\xef\xbf\xbdz\"");
    assert_json("\xe7\xba", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_json("\xed\xa0\x80!", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!\"");
}

/* Whatever comes in, what goes out is UTF-8 without control characters. */
static void json_of_random_bytes_is_clean(void **state)
{
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    for (int round = 0; round < 3000; round++) {
        struct text text = {0};
        char in[60];
        size_t n = (size_t)(rand_r(&seed) % 59);
        for (size_t i = 0; i < n; i++)
            in[i] = (char)(1 + rand_r(&seed) % 255);
        in[n] = 0;
        text_add_json(&text, in);
        assert_true(text_is_utf8(text.data, text.length));
        for (size_t i = 0; i < text.length; i++)
            assert_true((unsigned char)text.data[i] >= 0x20);
        assert_int_equal(text.data[0], '"');
        assert_int_equal(text.data[text.length - 1], '"');
        text_done(&text);
    }
}

/* --- numbers -------------------------------------------------------------------------------- */

static void whole_numbers_only(void **state)
{
    static const char *const bad[] = {NULL, "",   "-",    "+5",  " 5",  "5 ",
                                      "5x", "x5", "0x10", "5.0", "--5", "- 5"};
    int64_t value = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(text_to_int(bad[i], -100, 100, &value), -EINVAL);
    assert_int_equal(text_to_int("101", -100, 100, &value), -ERANGE);
    assert_int_equal(text_to_int("-101", -100, 100, &value), -ERANGE);
    assert_int_equal(text_to_int("9223372036854775808", 0, INT64_MAX, &value), -ERANGE);
    assert_int_equal(text_to_int("99999999999999999999999", 0, INT64_MAX, &value), -ERANGE);
    assert_int_equal(value, 42); /* untouched by errors */
    assert_int_equal(text_to_int("-100", -100, 100, &value), 0);
    assert_int_equal(value, -100);
    assert_int_equal(text_to_int("007", 0, 100, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(text_to_int("9223372036854775807", 0, INT64_MAX, &value), 0);
    assert_true(value == INT64_MAX);
    assert_int_equal(text_to_int("-9223372036854775808", INT64_MIN, 0, &value), 0);
    assert_true(value == INT64_MIN);
}

static void null_equals_null_only(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("税", "税"));
    assert_false(text_equal("a", "b"));
}

/* --- time ----------------------------------------------------------------------------------- */

static void times_are_those_of_shanghai(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } times[] = {
        {0, "1970-01-01T08:00:00.000+08:00"},
        {1, "1970-01-01T08:00:00.001+08:00"},
        {-1, "1970-01-01T07:59:59.999+08:00"},
        {-28800000, "1970-01-01T00:00:00.000+08:00"},
        {-28800001, "1969-12-31T23:59:59.999+08:00"},
        {1795535999999, "2026-11-24T23:59:59.999+08:00"},
        {1795536000000, "2026-11-25T00:00:00.000+08:00"},
        {1709136000000, "2024-02-29T00:00:00.000+08:00"},
        {515520000000, "1986-05-04T00:00:00.000+08:00"}}; /* no summer time, not then either */
    char out[TIME_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        assert_string_equal(time_text(times[i].ms, out), times[i].text);
}

static void absurd_times_are_harmless(void **state)
{
    char out[TIME_TEXT_SIZE];

    (void)state;
    assert_string_equal(time_text(INT64_MAX, out), "9999-12-31T08:00:00.000+08:00");
    assert_int_equal(strlen(time_text(INT64_MIN, out)), 29);
}

/* --- log fields ----------------------------------------------------------------------------- */

static void text_from_outside_cannot_forge_a_log_line(void **state)
{
    char longer[1000];

    (void)state;
    assert_string_equal(log_safe("a b\nlevel=error \"x\"\r\t\x7f"), "a_b_level_error__x____");
    assert_string_equal(log_safe("南宁 \xff"), "??????_?");
    assert_string_equal(log_safe("南宁"), "南宁");
    assert_string_equal(log_safe(NULL), "");
    for (size_t i = 0; i + 3 < sizeof(longer); i += 3)
        memcpy(longer + i, "税", 4);
    assert_true(strlen(log_safe(longer)) < 256);
    assert_true(text_is_utf8(log_safe(longer), strlen(log_safe(longer))));
}

static void several_log_fields_stand_side_by_side(void **state)
{
    const char *first = log_safe("one"), *second = log_safe("two"), *third = log_safe("three");

    (void)state;
    assert_string_equal(first, "one");
    assert_string_equal(second, "two");
    assert_string_equal(third, "three");
}

/* Catches what log_line() writes to stderr. */
static void catch_log(char *out, size_t size, const char *text)
{
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t n;

    assert_return_code(saved, errno);
    assert_return_code(pipe(ends), errno);
    assert_return_code(dup2(ends[1], STDERR_FILENO), errno);
    log_info("test", "said", "text=%s", text);
    log_debug("test", "unsaid", "text=%s", text); /* below the level */
    assert_return_code(dup2(saved, STDERR_FILENO), errno);
    close(ends[1]);
    n = read(ends[0], out, size - 1);
    assert_true(n > 0);
    out[n] = 0;
    close(ends[0]);
    close(saved);
}

static void a_log_line_is_one_line(void **state)
{
    char line[8192], longer[4000];

    (void)state;
    catch_log(line, sizeof(line), "short");
    assert_memory_equal(line, "<6>time=20", 10);
    assert_non_null(strstr(line, " level=info room=test event=said text=short\n"));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    for (size_t shift = 0; shift < 3; shift++) {
        memset(longer, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(longer); i += 3)
            memcpy(longer + i, "税", 4);
        catch_log(line, sizeof(line), longer);
        assert_in_range(strlen(line), 2000, 2048);
        assert_true(text_is_utf8(line, strlen(line)));
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    }
}

static void whole_numbers_and_names_are_written_as_printf_would(void **state)
{
    static const int64_t values[] = {0, 7, -7, 1700000000123, INT64_MAX, INT64_MIN};
    struct text text = {0}, wanted = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        text_add_name(&text, i ? ',' : '{', "value");
        text_add_int(&text, values[i]);
        text_addf(&wanted, "%c\"%s\":%lld", i ? ',' : '{', "value", (long long)values[i]);
    }
    assert_string_equal(text.data, wanted.data);
    assert_int_equal(text.length, wanted.length);
    text_done(&text);
    text_done(&wanted);
}

/* The first print may find too little room: every length around the buffer's end. */
static void printing_grows_the_buffer_without_losing_a_byte(void **state)
{
    (void)state;
    for (int before = 480; before < 540; before++) {
        struct text text = {0};

        text_addf(&text, "%*s", before, "x");
        text_addf(&text, "%s-%d", "0123456789abcdef", before);
        assert_int_equal(text.length, strlen(text.data));
        assert_int_equal(text.length, before + 20);
        assert_memory_equal(text.data + before - 1, "x0123456789abcdef-", 18);
        assert_int_equal(atoi(text.data + before + 17), before);
        text_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows),
        cmocka_unit_test(take_gives_the_buffer_away),
        cmocka_unit_test(a_failed_text_stays_failed),
        cmocka_unit_test(utf8_is_checked_to_its_borders),
        cmocka_unit_test(a_copy_never_splits_a_character),
        cmocka_unit_test(a_copy_of_broken_text_stays_inside),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(json_of_random_bytes_is_clean),
        cmocka_unit_test(whole_numbers_only),
        cmocka_unit_test(null_equals_null_only),
        cmocka_unit_test(times_are_those_of_shanghai),
        cmocka_unit_test(absurd_times_are_harmless),
        cmocka_unit_test(text_from_outside_cannot_forge_a_log_line),
        cmocka_unit_test(several_log_fields_stand_side_by_side),
        cmocka_unit_test(a_log_line_is_one_line),
        cmocka_unit_test(whole_numbers_and_names_are_written_as_printf_would),
        cmocka_unit_test(printing_grows_the_buffer_without_losing_a_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
