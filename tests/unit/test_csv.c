/* rooms: base */
/* with: src/api/csv.c */
/* CSV of spreadsheets: what is a field, where a line ends, and that nothing makes the reader run
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/csv.h"

/* The fields as "1[a][b]3[c]": each line with its number. WRONG where it breaks off. */
static const char *read_all(const char *text, size_t length, char out[400])
{
    char *exact = malloc(length ? length : 1); /* so that a byte too far is seen */
    bool begins = true;
    enum csv_step step;
    struct csv csv;
    size_t used = 0;

    assert_non_null(exact);
    memcpy(exact, text, length);
    assert_int_equal(csv_begin(&csv, exact, length), 0);
    out[0] = 0;
    while ((step = csv_next(&csv)) == CSV_FIELD || step == CSV_LAST) {
        if (begins)
            used += (size_t)snprintf(out + used, 400 - used, "%u", csv.line);
        used += (size_t)snprintf(out + used, 400 - used, "[%s]", csv.field);
        begins = step == CSV_LAST;
        assert_true(used < 400);
    }
    if (step == CSV_WRONG)
        snprintf(out + used, 400 - used, "WRONG");
    csv_end(&csv);
    free(exact);
    return out;
}

static void assert_reads(const char *text, const char *wanted)
{
    char out[400];

    assert_string_equal(read_all(text, strlen(text), out), wanted);
}

static void fields_and_lines(void **state)
{
    (void)state;
    assert_reads("", "");
    assert_reads("\xEF\xBB\xBF", "");
    assert_reads("\xEF\xBB\xBF"
                 "a,b\r\n",
                 "1[a][b]");
    assert_reads("a", "1[a]");
    assert_reads("a,", "1[a][]");
    assert_reads(",\n", "1[][]");
    assert_reads("\n\r\na", "1[]2[]3[a]");
    assert_reads("a,b\nc\rd", "1[a][b]2[c]3[d]");
}

static void what_stands_between_quotes(void **state)
{
    (void)state;
    assert_reads("\"a,b\",\"c\"\"d\"", "1[a,b][c\"d]");
    assert_reads("\"two\nlines\",x\r\ny", "1[two\nlines][x]3[y]");
    assert_reads("\"\",\"\"\n", "1[][]");
    assert_reads("a\"b,c", "1[a\"b][c]"); /* a quote inside is a quote */
    assert_reads("\"a\"b,c", "1[ab][c]");
    assert_reads("x,\"open", "1[x]WRONG");
    assert_reads("\"", "WRONG");
    assert_reads("\"\"\"", "WRONG");
}

/* A byte 0 ends no loop early and none late. */
static void any_bytes_come_to_an_end(void **state)
{
    static const char bytes[] = ",\"\r\n\0a\xEF";
    char text[6], out[400];

    (void)state;
    for (unsigned n = 0; n < 7 * 7 * 7 * 7 * 7; n++) {
        for (unsigned i = 0, rest = n; i < 5; i++, rest /= 7)
            text[i] = bytes[rest % 7];
        (void)read_all(text, 5, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_lines),
        cmocka_unit_test(what_stands_between_quotes),
        cmocka_unit_test(any_bytes_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
