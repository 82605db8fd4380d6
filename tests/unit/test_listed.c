/* rooms: base acd directory access ivr media route store */
/* Black and white lists (CC-33, CC-34): one look finds what a walk through all entries finds, and
 * does not grow with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory/snapshot.h"

#define ENTRIES 20000

static uint32_t seed = 12366;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static const struct dir_listed *walk(const struct dir_listed *entries, size_t count, int32_t center,
                                     const char *number, int64_t now)
{
    const struct dir_listed *best = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct dir_listed *e = &entries[i];
        size_t length = strlen(e->number);
        if (e->center_id != center || strncmp(e->number, number, length) != 0 ||
            (!e->prefix && number[length]) || (e->expires_ms && now >= e->expires_ms))
            continue;
        if (!best || (best->prefix && (!e->prefix || length > strlen(best->number))))
            best = e;
    }
    return best;
}

static int by_key(const void *a, const void *b)
{
    const struct dir_listed *x = a, *y = b;

    if (x->center_id != y->center_id || x->prefix != y->prefix)
        return x->center_id != y->center_id ? x->center_id - y->center_id : x->prefix - y->prefix;
    return strcmp(x->number, y->number);
}

/* A number is on a list once (the table says so). */
static size_t without_doubles(struct dir_listed *entries, size_t count)
{
    size_t kept = 0;

    qsort(entries, count, sizeof(*entries), by_key);
    for (size_t i = 0; i < count; i++)
        if (!kept || by_key(&entries[kept - 1], &entries[i]))
            entries[kept++] = entries[i];
    return kept;
}

static void CC_33_a_look_finds_what_a_walk_finds(void **state)
{
    struct dir_listed *entries = calloc(ENTRIES, sizeof(*entries));
    size_t count, hits = 0;

    (void)state;
    assert_non_null(entries);
    for (int i = 0; i < 300; i++) {
        entries[i] = (struct dir_listed){.id = i,
                                         .center_id = 1 + (int32_t)below(3),
                                         .prefix = below(2),
                                         .expires_ms = below(3) ? 0 : 1000};
        snprintf(entries[i].number, sizeof(entries[i].number), "%.*s", 2 + (int)below(5),
                 (char[]){'1', '3', (char)('0' + below(2)), (char)('0' + below(2)),
                          (char)('0' + below(2)), (char)('0' + below(2)), 0});
    }
    count = without_doubles(entries, 300);
    listed_sort(entries, count);
    for (int i = 0; i < 20000; i++) {
        char number[12];
        int64_t now = 990 + below(20);
        int32_t center = 1 + (int32_t)below(4);
        const struct dir_listed *found, *wanted;
        snprintf(number, sizeof(number), "13%u%u%u%u%u", below(2), below(2), below(2), below(2),
                 below(2));
        number[below(8)] = 0;
        found = listed_find(entries, count, center, number, now);
        wanted = number[0] ? walk(entries, count, center, number, now) : NULL;
        assert_ptr_equal(found, wanted);
        hits += found != NULL;
    }
    assert_in_range(hits, 2000, 18000);
    free(entries);
}

static void CC_33_long_lists_and_strange_numbers(void **state)
{
    struct dir_listed *entries = calloc(ENTRIES, sizeof(*entries));

    (void)state;
    assert_non_null(entries);
    assert_null(listed_find(entries, 0, 1, "13877112046", 0));
    for (int i = 0; i < ENTRIES; i++) {
        entries[i] = (struct dir_listed){.id = i, .center_id = 1};
        snprintf(entries[i].number, sizeof(entries[i].number), "13877%06d", i);
    }
    listed_sort(entries, ENTRIES);
    for (int i = 0; i < ENTRIES; i++) {
        char number[24];
        snprintf(number, sizeof(number), "13877%06d", i);
        assert_int_equal(listed_find(entries, ENTRIES, 1, number, 0)->id, i);
    }
    assert_null(listed_find(entries, ENTRIES, 1, "", 0)); /* anonymous */
    assert_null(listed_find(entries, ENTRIES, 1, "13877000001000000000000000000000", 0));
    assert_null(listed_find(entries, ENTRIES, 2, "13877000001", 0));
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CC_33_a_look_finds_what_a_walk_finds),
        cmocka_unit_test(CC_33_long_lists_and_strange_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
