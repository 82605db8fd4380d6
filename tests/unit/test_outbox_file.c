/* rooms: base store */
/* with: tests/unit/outbox_stage.c tests/unit/pg_fixture.c */
/* The outbox's file: broken, of another version, on a full disk, and what is held in memory then.
 */
#include "outbox_stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include <hotlined/id.h>
#include <hotlined/log.h>

#define HELD_MAX 200000 /* as in src/store/outbox.c */

static void what_was_not_shipped_waits_in_the_file(void **state)
{
    (void)state;
    open_outbox_at(NOWHERE, 1000);
    for (int i = 0; i < 777; i++)
        emit();
    close_outbox(0); /* not one turn of the loop between */
    assert_int_equal(in_file("SELECT coalesce(sum(count), 0) FROM fact"), 777);
    open_outbox();
    assert_int_equal(fact_outbox_pending(stage.outbox), 777);
    emit();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(778);
}

/* Facts share rows of the file, which are split where they stand when one of them is bad. */
static void facts_keep_their_numbers_when_a_row_is_split(void **state)
{
    struct uuid id = uuid_new(NOON);
    int64_t rows;

    (void)state;
    open_outbox_at(NOWHERE, 1000);
    for (int i = 0; i < 90; i++)
        emit();
    emit_as(&id, "audit", "{this is no JSON");
    emit_as(&id, "audit", "{\"detail\": \"between\x1e facts\"}");
    for (int i = 0; i < 60; i++)
        emit();
    close_outbox(0);
    rows = in_file("SELECT count(*) FROM fact");
    assert_in_range(rows, 3, 20);
    assert_int_equal(in_file("SELECT sum(count) FROM fact"), 152);
    assert_int_equal(in_file("SELECT max(seq) FROM fact"), 152);
    open_outbox();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(150);
    assert_int_equal(in_file("SELECT group_concat(seq) = '91,92' FROM rejected"), 1);
    emit();
    close_outbox(20000);
    assert_arrived(151);
    assert_int_equal(in_file("SELECT seq FROM sqlite_sequence WHERE name = 'fact'"), 153);
}

static void a_file_of_the_version_before_is_shipped(void **state)
{
    sqlite3 *db;

    (void)state;
    open_outbox_at(NOWHERE, 1000);
    for (int i = 0; i < 250; i++)
        emit();
    close_outbox(0);
    /* As it was made then: a row a fact, and no column that counts. */
    assert_int_equal(sqlite3_open(stage.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "CREATE TABLE old (seq INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL);"
            "INSERT INTO old (json) SELECT e.value FROM fact,"
            " json_each('[' || replace(fact.json, char(30), ',') || ']') e ORDER BY seq, e.key;"
            "DROP TABLE fact; ALTER TABLE old RENAME TO fact;",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    open_outbox();
    assert_int_equal(fact_outbox_pending(stage.outbox), 250);
    emit();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(251);
}

static int count_files(const char *part)
{
    DIR *dir = opendir(stage.directory);
    struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        count += strstr(entry->d_name, part) != NULL;
    closedir(dir);
    return count;
}

static void write_at(off_t at, const char *bytes, size_t size)
{
    int fd = open(stage.path, O_RDWR | O_CREAT, 0600);

    assert_return_code(fd, errno);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    close(fd);
}

static void a_file_that_is_no_database_is_moved_aside(void **state)
{
    char rubbish[5000];

    (void)state;
    memset(rubbish, 'r', sizeof(rubbish));
    write_at(0, rubbish, sizeof(rubbish));
    open_outbox();
    assert_int_equal(count_files(".broken-"), 1);
    for (int i = 0; i < 10; i++)
        emit();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(10);
}

static void a_file_broken_inside_is_moved_aside(void **state)
{
    char rubbish[4096];

    (void)state;
    memset(rubbish, 0xee, sizeof(rubbish));
    open_outbox_at(NOWHERE, 1000);
    for (int i = 0; i < 500; i++)
        emit();
    close_outbox(0);
    write_at(5 * 4096, rubbish, sizeof(rubbish));
    open_outbox();
    assert_true(count_files(".broken-") >= 1);
    assert_int_equal(fact_outbox_pending(stage.outbox), 0);
    stage.emitted = 0;
    emit();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(1);
}

static void a_path_that_cannot_be_opened_is_an_error(void **state)
{
    static const struct fact_handlers handlers = {NULL, NULL}; /* nothing can be told */
    static const struct store_handlers store_handlers = {NULL, NULL};
    struct store_options options = {NOWHERE, 1, 1, 100, 100};
    struct fact_outbox *none = NULL;

    (void)state;
    assert_int_equal(loop_create(&stage.loop), 0);
    assert_int_equal(store_create(stage.loop, &options, &store_handlers, NULL, &stage.store), 0);
    assert_true(fact_outbox_open(stage.loop, stage.store, "/nonexistent/outbox.db", &handlers, NULL,
                                 &none) < 0);
    assert_null(none);
}

/* No file may grow above this: what a full disk is to the outbox. */
static void let_files_grow_to(rlim_t bytes)
{
    struct rlimit limit;

    assert_return_code(getrlimit(RLIMIT_FSIZE, &limit), errno);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_return_code(setrlimit(RLIMIT_FSIZE, &limit), errno);
}

static void a_full_disk_is_told_and_nothing_is_lost(void **state)
{
    (void)state;
    open_outbox_at(NOWHERE, 1000);
    let_files_grow_to(200 * 1024);
    while (!stage.troubles) {
        for (int i = 0; i < 100; i++)
            emit();
        loop_run_once(stage.loop, 5);
    }
    for (int i = 0; i < 500; i++)
        emit();
    assert_int_equal(stage.overs, 0);
    let_files_grow_to(RLIM_INFINITY);
    until(stage.overs == 1);
    assert_int_equal(stage.troubles, 1);
    assert_int_equal(stage.fulls, 0);
    emit();
    close_outbox(0);
    assert_int_equal(in_file("SELECT coalesce(sum(count), 0) FROM fact"), stage.emitted);
    open_outbox();
    until(!fact_outbox_pending(stage.outbox));
    assert_arrived(stage.emitted);
}

static void a_full_outbox_is_told_before_facts_are_lost(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    open_outbox_at(NOWHERE, 1000);
    let_files_grow_to(20 * 1024);
    while (!stage.troubles) {
        emit();
        loop_run_once(stage.loop, 1);
    }
    while (fact_outbox_pending(stage.outbox) < HELD_MAX * 3 / 4)
        emit();
    until(stage.fulls == 1);
    while (fact_outbox_pending(stage.outbox) < HELD_MAX)
        emit();
    let_files_grow_to(RLIM_INFINITY);
    until(stage.overs == 1);
    assert_int_equal(stage.fulls, 1);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") ==
          stage.emitted); /* told at the first batch */
    log_set_level(LOG_LEVEL_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_not_shipped_waits_in_the_file),
        TEST(facts_keep_their_numbers_when_a_row_is_split),
        TEST(a_file_of_the_version_before_is_shipped),
        TEST(a_file_that_is_no_database_is_moved_aside),
        TEST(a_file_broken_inside_is_moved_aside),
        TEST(a_path_that_cannot_be_opened_is_an_error),
        TEST(a_full_disk_is_told_and_nothing_is_lost),
        TEST(a_full_outbox_is_told_before_facts_are_lost),
    };

    return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
