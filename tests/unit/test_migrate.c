/* rooms: base */
/* with: src/store/migrate.c tests/unit/pg_fixture.c */
/* Migrations against a real PostgreSQL, with small files of the test's own in place of sql/schema
 * (the real ones are applied by test_store and test_outbox). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hotlined/store.h>
#include <hotlined/text.h>

#include "pg_fixture.h"

static struct pg_fixture pg;
static struct text report;

/* What scripts/embed-sql makes of a folder; here the test says which files there are. */
struct schema_file {
    int version;
    const char *name;
    const char *const *lines;
};

static const char *const first[] = {"CREATE TABLE one (a integer);\n",
                                    "INSERT INTO one VALUES (1);\n", NULL};
static const char *const second[] = {"CREATE TABLE two (b text);\n", NULL};
/* Slow enough for another to come meanwhile, and noticed when it runs twice. */
static const char *const third[] = {"SELECT pg_sleep(0.2);\n", "CREATE TABLE three (c text);\n",
                                    "INSERT INTO one VALUES (3);\n", NULL};
static const char *const broken[] = {"CREATE TABLE half (d text);\n",
                                     "INSERT INTO one VALUES (4);\n", "SELECT 1 / 0;\n", NULL};

extern struct schema_file schema_files[];
struct schema_file schema_files[5];

static void have_files(int count, const char *const *last)
{
    static const struct schema_file all[] = {
        {1, "001-first", first}, {2, "002-second", second}, {3, "003-third", third}};

    memset(schema_files, 0, sizeof(schema_files));
    memcpy(schema_files, all, (size_t)count * sizeof(all[0]));
    if (last)
        schema_files[count] = (struct schema_file){count + 1, "the-last", last};
}

static int migrate(void)
{
    text_clear(&report);
    return store_migrate(pg.owner, &report);
}

static int64_t tables(const char *name)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_tables WHERE tablename = '%s'", name);
    return pg_number(&pg, sql);
}

static int empty_database(void **state)
{
    (void)state;
    pg_do(&pg, "DROP TABLE IF EXISTS one, two, three, half, schema_version");
    return 0;
}

static void files_are_applied_in_order(void **state)
{
    (void)state;
    have_files(2, NULL);
    assert_int_equal(store_schema_version(), 2);
    assert_int_equal(migrate(), 2);
    assert_string_equal(report.data, "applied 001-first\napplied 002-second\n");
    assert_int_equal(tables("one") + tables("two"), 2);
    assert_int_equal(pg_number(&pg, "SELECT max(version) FROM schema_version"), 2);
}

static void nothing_is_applied_twice(void **state)
{
    (void)state;
    have_files(1, NULL);
    assert_int_equal(migrate(), 1);
    assert_int_equal(migrate(), 0);
    assert_non_null(strstr(report.data, "nothing to do"));
    have_files(2, NULL);
    assert_int_equal(migrate(), 1); /* only the new one */
    assert_string_equal(report.data, "applied 002-second\n");
    assert_int_equal(pg_number(&pg, "SELECT count(*) FROM one"), 1);
}

static void two_at_once_apply_once(void **state)
{
    pid_t children[3];
    int applied = 0;

    (void)state;
    have_files(3, NULL);
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        assert_return_code(children[i], errno);
        if (children[i] == 0) {
            int n = migrate();
            _exit(n < 0 ? 100 : n); /* nothing of cmocka's in the child */
        }
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 0, 3);
        applied += WEXITSTATUS(status);
    }
    assert_int_equal(applied, 3);
    assert_int_equal(pg_number(&pg, "SELECT count(*) FROM one"), 2);
}

static void a_newer_database_is_refused(void **state)
{
    (void)state;
    have_files(3, NULL);
    assert_int_equal(migrate(), 3);
    have_files(1, NULL);
    assert_int_equal(migrate(), -EINVAL);
    assert_non_null(strstr(report.data, "schema version 3, this program knows 1 only"));
    assert_int_equal(pg_number(&pg, "SELECT max(version) FROM schema_version"), 3);
}

static void a_failing_file_leaves_the_database_as_it_was(void **state)
{
    (void)state;
    have_files(1, broken);
    assert_int_equal(migrate(), -EIO);
    assert_non_null(strstr(report.data, "division by zero"));
    assert_non_null(strstr(report.data, "applied 001-first"));
    assert_non_null(strstr(report.data, "FAILED  the-last"));
    assert_int_equal(tables("half"), 0);
    assert_int_equal(pg_number(&pg, "SELECT count(*) FROM one"), 1);
    assert_int_equal(pg_number(&pg, "SELECT max(version) FROM schema_version"), 1);
    have_files(2, NULL); /* mended */
    assert_int_equal(migrate(), 1);
}

static void no_database_is_an_error(void **state)
{
    (void)state;
    text_clear(&report);
    assert_int_equal(store_migrate("host=/nonexistent dbname=x user=x", &report), -ECONNREFUSED);
    assert_non_null(strstr(report.data, "/nonexistent"));
}

static void who_may_not_create_is_told_so(void **state)
{
    (void)state;
    have_files(1, NULL);
    pg_do(&pg, "CREATE ROLE stranger LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    text_clear(&report);
    char conninfo[256];
    snprintf(conninfo, sizeof(conninfo), "host=%s/run user=stranger dbname=hotlined", pg.directory);
    assert_int_equal(store_migrate(conninfo, &report), -EIO);
    assert_non_null(strstr(report.data, "permission denied"));
    assert_int_equal(tables("one"), 0);
}

static int begin(void **state)
{
    (void)state;
    pg_start(&pg);
    return 0;
}

static int end(void **state)
{
    (void)state;
    text_done(&report);
    pg_end(&pg);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, empty_database)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_are_applied_in_order),
        TEST(nothing_is_applied_twice),
        TEST(two_at_once_apply_once),
        TEST(a_newer_database_is_refused),
        TEST(a_failing_file_leaves_the_database_as_it_was),
        TEST(no_database_is_an_error),
        TEST(who_may_not_create_is_told_so),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
