#include "outbox_stage.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include <hotlined/id.h>
#include <hotlined/text.h>

struct outbox_stage stage;

static void on_shipped(unsigned count, void *arg)
{
    uint64_t now = loop_now_ms(stage.loop);

    (void)arg;
    stage.shipped += count;
    if (stage.batches++ && now - stage.batch_at < stage.shortest_gap_ms)
        stage.shortest_gap_ms = now - stage.batch_at;
    stage.batch_at = now;
}

static void on_trouble(const char *what, bool full, void *arg)
{
    (void)arg;
    assert_false(stage.inside_emit);
    if (!what)
        stage.overs++;
    else if (full)
        stage.fulls++;
    else
        stage.troubles++;
}

time_t now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

void open_outbox_at(const char *conninfo, int timeout_ms)
{
    static const struct store_handlers store_handlers = {NULL, NULL};
    static const struct fact_handlers handlers = {on_shipped, on_trouble};
    struct store_options options = {conninfo, 2, 1, timeout_ms, 5000};

    assert_int_equal(loop_create(&stage.loop), 0);
    assert_int_equal(store_create(stage.loop, &options, &store_handlers, NULL, &stage.store), 0);
    assert_int_equal(
        fact_outbox_open(stage.loop, stage.store, stage.path, &handlers, NULL, &stage.outbox), 0);
}

void open_outbox(void)
{
    open_outbox_at(stage.pg.app, 5000);
}

void close_outbox(int timeout_ms)
{
    fact_outbox_close(stage.outbox, timeout_ms);
    stage.outbox = NULL;
    store_destroy(stage.store, timeout_ms);
    stage.store = NULL;
    loop_destroy(stage.loop);
    stage.loop = NULL;
}

static void empty_directory(void)
{
    DIR *dir = opendir(stage.directory);
    struct dirent *entry;
    char file[400];

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.') {
            snprintf(file, sizeof(file), "%s/%s", stage.directory, entry->d_name);
            assert_return_code(unlink(file), errno);
        }
    closedir(dir);
}

int stage_clear(void **state)
{
    (void)state;
    stage.shipped = stage.emitted = stage.batches = 0;
    stage.shortest_gap_ms = UINT64_MAX;
    stage.troubles = stage.fulls = stage.overs = 0;
    pg_do(&stage.pg, "TRUNCATE fact, audit_log");
    return 0;
}

int stage_leave(void **state)
{
    (void)state;
    if (stage.loop)
        close_outbox(0);
    empty_directory();
    return 0;
}

void emit_as(const struct uuid *id, const char *kind, const char *payload)
{
    stage.inside_emit = true;
    fact_emit(stage.outbox, id, 1, NOON, kind, payload);
    stage.inside_emit = false;
}

void emit(void)
{
    struct uuid id = uuid_new(NOON);
    char text[UUID_TEXT_SIZE], payload[200];

    snprintf(payload, sizeof(payload),
             "{\"id\":\"%s\",\"user_id\":0,\"action\":\"test\",\"detail\":\"%u\",\"at_ms\":%lld}",
             uuid_text(&id, text), stage.emitted++, (long long)NOON);
    emit_as(&id, "audit", payload);
}

void assert_arrived(unsigned count)
{
    assert_int_equal(pg_number(&stage.pg, "SELECT count(*) FROM fact"), count);
    assert_int_equal(pg_number(&stage.pg, "SELECT count(*) FROM audit_log WHERE action = 'test'"),
                     count);
    assert_int_equal(pg_number(&stage.pg, "SELECT count(DISTINCT detail) FROM audit_log"), count);
    assert_int_equal(
        pg_number(&stage.pg, "SELECT coalesce(max(detail::int) + 1, 0) FROM audit_log"), count);
    assert_int_equal(pg_number(&stage.pg,
                               "SELECT count(*) FROM (SELECT (payload->>'detail')::int AS n, "
                               "lag((payload->>'detail')::int) OVER (ORDER BY tableoid, ctid) "
                               "AS before FROM fact) o WHERE n < before"),
                     0);
}

int64_t in_file(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    if (sqlite3_open_v2(stage.path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

int stage_begin(void **state)
{
    struct text report = {0};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    snprintf(stage.directory, sizeof(stage.directory), "/tmp/hotlined-outbox-XXXXXX");
    assert_non_null(mkdtemp(stage.directory));
    snprintf(stage.path, sizeof(stage.path), "%s/outbox.db", stage.directory);
    pg_start(&stage.pg);
    if (store_migrate(stage.pg.owner, &report) < 0)
        fail_msg("%s", report.data);
    text_done(&report);
    pg_do(&stage.pg,
          "INSERT INTO center (id, code, kind, name) VALUES (1, 'region', 'regional', 'R')");
    return 0;
}

int stage_end(void **state)
{
    (void)state;
    pg_end(&stage.pg);
    assert_return_code(rmdir(stage.directory), errno);
    return 0;
}
