/* rooms: base store */
/* with: tests/unit/pg_fixture.c */
/* The outbox: nothing is lost and nothing counts twice, whatever dies meanwhile. Real PostgreSQL,
 * real files, real kills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include <hotlined/fact.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "pg_fixture.h"

#define NOON     1768449600000 /* 2026-01-15 12:00 in China: one month, one partition */
#define NOWHERE  "hostaddr=127.0.0.1 port=1 user=x dbname=x"
#define HELD_MAX 200000 /* as in src/store/outbox.c */

static struct pg_fixture pg;
static struct loop *loop;
static struct store *store;
static struct fact_outbox *outbox;
static char directory[64], path[96];
static unsigned shipped, emitted;
static int troubles, fulls, overs;
static bool inside_emit;
static unsigned batches;
static uint64_t batch_at, shortest_gap_ms;

static void on_shipped(unsigned count, void *arg)
{
    uint64_t now = loop_now_ms(loop);

    (void)arg;
    shipped += count;
    if (batches++ && now - batch_at < shortest_gap_ms)
        shortest_gap_ms = now - batch_at;
    batch_at = now;
}

static void on_trouble(const char *what, bool full, void *arg)
{
    (void)arg;
    assert_false(inside_emit);
    if (!what)
        overs++;
    else if (full)
        fulls++;
    else
        troubles++;
}

static time_t now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

/* Runs the loop until it is so. */
#define until(condition)                                                                           \
    do {                                                                                           \
        time_t end_ = now_s() + 120;                                                               \
        while (!(condition)) {                                                                     \
            if (now_s() > end_)                                                                    \
                fail_msg("waited in vain for: %s", #condition);                                    \
            loop_run_once(loop, 20);                                                               \
        }                                                                                          \
    } while (0)

/* --- the stage ------------------------------------------------------------------------------ */

static void open_outbox_at(const char *conninfo, int timeout_ms)
{
    static const struct store_handlers store_handlers = {NULL, NULL};
    static const struct fact_handlers handlers = {on_shipped, on_trouble};
    struct store_options options = {conninfo, 2, 1, timeout_ms, 5000};

    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(store_create(loop, &options, &store_handlers, NULL, &store), 0);
    assert_int_equal(fact_outbox_open(loop, store, path, &handlers, NULL, &outbox), 0);
}

static void open_outbox(void)
{
    open_outbox_at(pg.app, 5000);
}

static void close_outbox(int timeout_ms)
{
    fact_outbox_close(outbox, timeout_ms);
    outbox = NULL;
    store_destroy(store, timeout_ms);
    store = NULL;
    loop_destroy(loop);
    loop = NULL;
}

static void empty_directory(void)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char file[400];

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.') {
            snprintf(file, sizeof(file), "%s/%s", directory, entry->d_name);
            assert_return_code(unlink(file), errno);
        }
    closedir(dir);
}

static int fresh(void **state)
{
    (void)state;
    shipped = emitted = batches = 0;
    shortest_gap_ms = UINT64_MAX;
    troubles = fulls = overs = 0;
    pg_do(&pg, "TRUNCATE fact, audit_log");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    if (loop)
        close_outbox(0);
    empty_directory();
    return 0;
}

static void emit_as(const struct uuid *id, const char *kind, const char *payload)
{
    inside_emit = true;
    fact_emit(outbox, id, 1, NOON, kind, payload);
    inside_emit = false;
}

/* The next fact: an audit line whose detail is its number. */
static void emit(void)
{
    struct uuid id = uuid_new(NOON);
    char text[UUID_TEXT_SIZE], payload[200];

    snprintf(payload, sizeof(payload),
             "{\"id\":\"%s\",\"user_id\":0,\"action\":\"test\",\"detail\":\"%u\",\"at_ms\":%lld}",
             uuid_text(&id, text), emitted++, (long long)NOON);
    emit_as(&id, "audit", payload);
}

/* All facts from 0 to count - 1 are in the journal once, were applied once, in order. */
static void assert_arrived(unsigned count)
{
    assert_int_equal(pg_number(&pg, "SELECT count(*) FROM fact"), count);
    assert_int_equal(pg_number(&pg, "SELECT count(*) FROM audit_log WHERE action = 'test'"), count);
    assert_int_equal(pg_number(&pg, "SELECT count(DISTINCT detail) FROM audit_log"), count);
    assert_int_equal(pg_number(&pg, "SELECT coalesce(max(detail::int) + 1, 0) FROM audit_log"),
                     count);
    assert_int_equal(pg_number(&pg, "SELECT count(*) FROM (SELECT (payload->>'detail')::int AS n, "
                                    "lag((payload->>'detail')::int) OVER (ORDER BY tableoid, ctid) "
                                    "AS before FROM fact) o WHERE n < before"),
                     0);
}

/* Reads the outbox's file as another program would; -1 while there is nothing to read. */
static int64_t in_file(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

/* --- the way -------------------------------------------------------------------------------- */

static void facts_arrive_in_order(void **state)
{
    (void)state;
    open_outbox();
    for (int i = 0; i < 1700; i++)
        emit();
    assert_int_equal(fact_outbox_pending(outbox), 1700);
    until(!fact_outbox_pending(outbox));
    assert_int_equal(shipped, 1700);
    assert_arrived(1700);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") == 0);
}

static void one_fact_is_applied_once(void **state)
{
    struct uuid id = uuid_new(NOON);
    char text[UUID_TEXT_SIZE], payload[200];

    (void)state;
    snprintf(payload, sizeof(payload),
             "{\"id\":\"%s\",\"action\":\"test\",\"detail\":\"0\",\"at_ms\":1}",
             uuid_text(&id, text));
    open_outbox();
    for (int i = 0; i < 3; i++) {
        emit_as(&id, "audit", payload);
        emit_as(&id, "audit", payload);
        until(!fact_outbox_pending(outbox));
    }
    assert_arrived(1);
}

/* The bound is generous: what is shown is that nobody waits for a timer. */
static void an_idle_outbox_ships_at_once(void **state)
{
    time_t begin;

    (void)state;
    open_outbox();
    emit();
    until(!fact_outbox_pending(outbox));
    begin = now_s();
    for (int i = 0; i < 100; i++) {
        emit();
        until(!fact_outbox_pending(outbox));
    }
    assert_true(now_s() - begin < 10);
    assert_arrived(101);
}

/* Each batch costs PostgreSQL milliseconds, however small it is. What shares one is counted, not
 * timed: a slow machine makes fewer batches still. */
static void few_facts_that_follow_each_other_share_batches(void **state)
{
    uint64_t began;

    (void)state;
    open_outbox();
    until(store_is_available(store));
    emit();
    until(!fact_outbox_pending(outbox));
    batches = 0;
    began = loop_now_ms(loop);
    while (emitted < 400) {
        emit();
        loop_run_once(loop, 1);
    }
    until(!fact_outbox_pending(outbox));
    assert_true(batches <= 2 + (loop_now_ms(loop) - began) / 20);
    assert_true(batches < 300);
    assert_arrived(400);
}

static void what_waited_then_is_counted_apart_from_what_comes(void **state)
{
    uint64_t then;

    (void)state;
    open_outbox();
    for (int i = 0; i < 30; i++)
        emit();
    then = fact_outbox_now(outbox);
    assert_int_equal(fact_outbox_left(outbox, then), 30);
    for (time_t end = now_s() + 120; fact_outbox_left(outbox, then);) {
        assert_true(now_s() < end);
        emit();
        loop_run_once(loop, 1);
    }
    assert_true(emitted > then);
    until(!fact_outbox_pending(outbox));
    assert_int_equal(fact_outbox_now(outbox), emitted);
    close_outbox(5000);
    open_outbox(); /* another process: it counts what it finds */
    assert_int_equal(fact_outbox_now(outbox), 0);
}

/* Batches that go without a pause are there in milliseconds after another; with one, each waits. */
static void batches_go_with_pauses_while_calls_need_the_processor(void **state)
{
    (void)state;
    open_outbox();
    until(store_is_available(store));
    for (int i = 0; i < 5000; i++)
        emit();
    fact_outbox_yield(outbox, true);
    until(!fact_outbox_pending(outbox));
    assert_true(batches >= 3);
    assert_true(shortest_gap_ms >= 900);
    fact_outbox_yield(outbox, false);
    assert_arrived(5000);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* Work of others on the loop: most of what this thread gets of a processor is used up. */
static void be_busy(uint64_t ms)
{
    int64_t end = clock_us(CLOCK_THREAD_CPUTIME_ID) + (int64_t)ms * 1000;

    while (clock_us(CLOCK_THREAD_CPUTIME_ID) < end)
        ;
}

/* PostgreSQL takes some 50 ms for what is sent here at once: a gap of nearly a second is a pause.
 */
static void batches_go_with_pauses_while_the_loop_is_busy(void **state)
{
    unsigned before;

    (void)state;
    open_outbox();
    until(store_is_available(store));
    for (time_t end = now_s() + 120; shortest_gap_ms < 900 || shortest_gap_ms == UINT64_MAX;) {
        assert_true(now_s() < end);
        shortest_gap_ms = UINT64_MAX;
        before = batches;
        while (batches < before + 2) {
            if (fact_outbox_pending(outbox) < 100)
                emit();
            be_busy(15);
            loop_run_once(loop, 0);
            assert_true(now_s() < end);
        }
    }
    until(!fact_outbox_pending(outbox)); /* the loop rests: no pause holds what is left */
    assert_arrived(emitted);
}

/* --- PostgreSQL goes ------------------------------------------------------------------------ */

static void cut_connections(void)
{
    pg_do(&pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
               "'hotlined_app'");
}

static void nothing_is_lost_or_doubled_when_postgresql_goes(void **state)
{
    (void)state;
    open_outbox();
    while (emitted < 5000) {
        for (int i = 0; i < 25; i++)
            emit();
        loop_run_once(loop, 0);
        if (emitted % 2000 == 1000)
            pg_server_stop(&pg);
        else if (emitted % 2000 == 0)
            pg_server_start(&pg);
        else if (pg.admin && emitted % 350 == 0)
            cut_connections(); /* in the middle of a batch: its fate is unknown */
    }
    if (!pg.admin)
        pg_server_start(&pg);
    until(!fact_outbox_pending(outbox));
    assert_arrived(5000);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") == 0);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 0);
}

static void a_statement_that_takes_too_long_is_sent_again(void **state)
{
    (void)state;
    open_outbox_at(pg.app, 300);
    until(store_is_available(store));
    pg_do(&pg, "BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE");
    for (int i = 0; i < 40; i++)
        emit();
    until(pg_number(&pg, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app' AND "
                         "wait_event_type = 'Lock'") == 1);
    until(pg_number(&pg, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hotlined_app' AND "
                         "wait_event_type = 'Lock'") == 0); /* timed out */
    assert_int_equal(fact_outbox_pending(outbox), 40);
    pg_do(&pg, "ROLLBACK");
    until(!fact_outbox_pending(outbox));
    assert_arrived(40);
}

/* A trouble of PostgreSQL is no fault of the facts: they wait. */
/* How often the server's log says so. */
static int64_t said(const char *words)
{
    char sql[300];

    snprintf(sql, sizeof(sql),
             "SELECT (length(log) - length(replace(log, '%s', ''))) / %zu FROM "
             "pg_read_file('server.log') AS log",
             words, strlen(words));
    return pg_number(&pg, sql);
}

static void a_read_only_database_rejects_no_fact(void **state)
{
    int64_t before;

    (void)state;
    pg_do(&pg, "ALTER ROLE hotlined_app SET default_transaction_read_only = on");
    open_outbox();
    until(store_is_available(store));
    before = said("read-only transaction");
    for (int i = 0; i < 30; i++)
        emit();
    until(said("read-only transaction") >= before + 3);
    assert_int_equal(fact_outbox_pending(outbox), 30);
    pg_do(&pg, "ALTER ROLE hotlined_app RESET default_transaction_read_only");
    cut_connections();
    until(!fact_outbox_pending(outbox));
    assert_arrived(30);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 0);
}

static void a_missing_right_rejects_no_fact(void **state)
{
    int64_t before = said("permission denied for function ingest_facts");

    (void)state;
    open_outbox();
    until(store_is_available(store));
    pg_do(&pg, "REVOKE EXECUTE ON FUNCTION ingest_facts(jsonb) FROM hotlined_app");
    emit();
    until(said("permission denied for function ingest_facts") >= before + 3);
    assert_int_equal(fact_outbox_pending(outbox), 1);
    pg_do(&pg, "GRANT EXECUTE ON FUNCTION ingest_facts(jsonb) TO hotlined_app");
    until(!fact_outbox_pending(outbox));
    assert_arrived(1);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 0);
}

static void what_was_not_shipped_waits_in_the_file(void **state)
{
    (void)state;
    open_outbox_at(NOWHERE, 1000);
    for (int i = 0; i < 777; i++)
        emit();
    close_outbox(0); /* not one turn of the loop between */
    assert_int_equal(in_file("SELECT coalesce(sum(count), 0) FROM fact"), 777);
    open_outbox();
    assert_int_equal(fact_outbox_pending(outbox), 777);
    emit();
    until(!fact_outbox_pending(outbox));
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
    until(!fact_outbox_pending(outbox));
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
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
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
    assert_int_equal(fact_outbox_pending(outbox), 250);
    emit();
    until(!fact_outbox_pending(outbox));
    assert_arrived(251);
}

static void closing_ships_what_it_can(void **state)
{
    (void)state;
    open_outbox();
    until(store_is_available(store));
    for (int i = 0; i < 900; i++)
        emit();
    close_outbox(20000);
    assert_arrived(900);
}

static void closing_in_mid_shipping_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        open_outbox();
        until(store_is_available(store));
        for (int i = 0; i < 100; i++)
            emit();
        for (int turn = 0; turn < round; turn++)
            loop_run_once(loop, 1);
        close_outbox(0);
    }
    open_outbox();
    until(!fact_outbox_pending(outbox));
    assert_arrived(1200);
}

/* --- the process goes ----------------------------------------------------------------------- */

static void emit_until_killed(void)
{
    open_outbox_at(NOWHERE, 1000);
    for (;;) {
        emit();
        if (emitted % 50 == 0)
            loop_run_once(loop, 1);
    }
}

static void committed_facts_survive_a_kill(void **state)
{
    int64_t committed;
    int status;
    pid_t child = fork();

    (void)state;
    assert_return_code(child, errno);
    if (child == 0)
        emit_until_killed();
    while (in_file("SELECT coalesce(sum(count), 0) FROM fact") < 2000)
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    assert_return_code(kill(child, SIGKILL), errno);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    open_outbox();
    committed = (int64_t)fact_outbox_pending(outbox);
    assert_true(committed >= 2000);
    until(!fact_outbox_pending(outbox));
    assert_arrived((unsigned)committed); /* the first ones, without a gap */
}

/* --- bad facts ------------------------------------------------------------------------------ */

static void a_bad_fact_is_put_aside_and_the_rest_arrives(void **state)
{
    struct uuid strange, broken, foreign;

    (void)state;
    open_outbox();
    for (int i = 0; i < 900; i++) {
        if (i == 123) {
            strange = uuid_new(NOON);
            emit_as(&strange, "no_such_kind", "{\"a\":1}");
        }
        if (i == 500) {
            broken = uuid_new(NOON);
            emit_as(&broken, "audit", "{\"this is no JSON");
        }
        if (i == 501) {
            foreign = uuid_new(NOON);
            emit_as(&foreign, "audit", "{\"id\":\"no uuid\"}");
        }
        emit();
    }
    until(!fact_outbox_pending(outbox));
    assert_arrived(900);
    assert_int_equal(in_file("SELECT count(*) FROM rejected"), 3);
    assert_int_equal(in_file("SELECT count(*) FROM rejected WHERE json LIKE '%no_such_kind%' AND "
                             "why <> ''"),
                     1);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") == 0);
}

/* --- the file ------------------------------------------------------------------------------- */

static int count_files(const char *part)
{
    DIR *dir = opendir(directory);
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
    int fd = open(path, O_RDWR | O_CREAT, 0600);

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
    until(!fact_outbox_pending(outbox));
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
    assert_int_equal(fact_outbox_pending(outbox), 0);
    emitted = 0;
    emit();
    until(!fact_outbox_pending(outbox));
    assert_arrived(1);
}

static void a_path_that_cannot_be_opened_is_an_error(void **state)
{
    static const struct fact_handlers handlers = {on_shipped, on_trouble};
    static const struct store_handlers store_handlers = {NULL, NULL};
    struct store_options options = {NOWHERE, 1, 1, 100, 100};
    struct fact_outbox *none = NULL;

    (void)state;
    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(store_create(loop, &options, &store_handlers, NULL, &store), 0);
    assert_true(fact_outbox_open(loop, store, "/nonexistent/outbox.db", &handlers, NULL, &none) <
                0);
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
    while (!troubles) {
        for (int i = 0; i < 100; i++)
            emit();
        loop_run_once(loop, 5);
    }
    for (int i = 0; i < 500; i++)
        emit();
    assert_int_equal(overs, 0);
    let_files_grow_to(RLIM_INFINITY);
    until(overs == 1);
    assert_int_equal(troubles, 1);
    assert_int_equal(fulls, 0);
    emit();
    close_outbox(0);
    assert_int_equal(in_file("SELECT coalesce(sum(count), 0) FROM fact"), emitted);
    open_outbox();
    until(!fact_outbox_pending(outbox));
    assert_arrived(emitted);
}

static void a_full_outbox_is_told_before_facts_are_lost(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    open_outbox_at(NOWHERE, 1000);
    let_files_grow_to(20 * 1024);
    while (!troubles) {
        emit();
        loop_run_once(loop, 1);
    }
    while (fact_outbox_pending(outbox) < HELD_MAX * 3 / 4)
        emit();
    until(fulls == 1);
    while (fact_outbox_pending(outbox) < HELD_MAX)
        emit();
    let_files_grow_to(RLIM_INFINITY);
    until(overs == 1);
    assert_int_equal(fulls, 1);
    until(in_file("SELECT coalesce(sum(count), 0) FROM fact") ==
          emitted); /* told at the first batch */
    log_set_level(LOG_LEVEL_INFO);
}

static int begin(void **state)
{
    struct text report = {0};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    snprintf(directory, sizeof(directory), "/tmp/hotlined-outbox-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/outbox.db", directory);
    pg_start(&pg);
    if (store_migrate(pg.owner, &report) < 0)
        fail_msg("%s", report.data);
    text_done(&report);
    pg_do(&pg, "INSERT INTO center (id, code, kind, name) VALUES (1, 'region', 'regional', 'R')");
    return 0;
}

static int end(void **state)
{
    (void)state;
    pg_end(&pg);
    assert_return_code(rmdir(directory), errno);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(facts_arrive_in_order),
        TEST(one_fact_is_applied_once),
        TEST(an_idle_outbox_ships_at_once),
        TEST(few_facts_that_follow_each_other_share_batches),
        TEST(what_waited_then_is_counted_apart_from_what_comes),
        TEST(batches_go_with_pauses_while_calls_need_the_processor),
        TEST(batches_go_with_pauses_while_the_loop_is_busy),
        TEST(nothing_is_lost_or_doubled_when_postgresql_goes),
        TEST(a_statement_that_takes_too_long_is_sent_again),
        TEST(a_read_only_database_rejects_no_fact),
        TEST(a_missing_right_rejects_no_fact),
        TEST(what_was_not_shipped_waits_in_the_file),
        TEST(closing_ships_what_it_can),
        TEST(closing_in_mid_shipping_loses_nothing),
        TEST(committed_facts_survive_a_kill),
        TEST(a_bad_fact_is_put_aside_and_the_rest_arrives),
        TEST(facts_keep_their_numbers_when_a_row_is_split),
        TEST(a_file_of_the_version_before_is_shipped),
        TEST(a_file_that_is_no_database_is_moved_aside),
        TEST(a_file_broken_inside_is_moved_aside),
        TEST(a_path_that_cannot_be_opened_is_an_error),
        TEST(a_full_disk_is_told_and_nothing_is_lost),
        TEST(a_full_outbox_is_told_before_facts_are_lost),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
