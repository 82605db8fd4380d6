/* The SQLite file of the outbox: facts in order, and those PostgreSQL would not take. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include <hotlined/text.h>

#include "store/outbox_db.h"

enum { ADD, BATCH, DELETE, REJECT_COPY, REJECT_DELETE, COUNT, BEGIN, COMMIT, ROLLBACK, STATEMENTS };

/* synchronous=NORMAL in WAL mode: a commit survives the death of the process at once, and the
 * death of the machine up to the last checkpoint's sync. */
static const char SCHEMA[] =
    "PRAGMA busy_timeout=2000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA "
    "wal_autocheckpoint=2000;"
    "CREATE TABLE IF NOT EXISTS fact (seq INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS rejected (seq INTEGER PRIMARY KEY, json TEXT NOT NULL,"
    " why TEXT NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);";

static const char *const texts[STATEMENTS] = {
    [ADD] = "INSERT INTO fact (json) VALUES (?1)",
    [BATCH] = "SELECT seq, json FROM fact WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    [DELETE] = "DELETE FROM fact WHERE seq <= ?1",
    [REJECT_COPY] =
        "INSERT OR IGNORE INTO rejected (seq, json, why) SELECT seq, json, ?2 FROM fact "
        "WHERE seq = (SELECT min(seq) FROM fact WHERE seq > ?1)",
    [REJECT_DELETE] = "DELETE FROM fact WHERE seq = (SELECT min(seq) FROM fact WHERE seq > ?1)",
    [COUNT] = "SELECT count(*) FROM fact",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

struct outbox_db {
    sqlite3 *sqlite;
    sqlite3_stmt *statements[STATEMENTS];
};

static int errno_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EILSEQ;
    default:
        return -EIO;
    }
}

void outbox_db_close(struct outbox_db *db)
{
    if (!db)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->sqlite);
    free(db);
}

/* The first line of quick_check says "ok", or what is broken. */
static int check_file(sqlite3 *sqlite)
{
    sqlite3_stmt *check;
    int code = sqlite3_prepare_v2(sqlite, "PRAGMA quick_check(1)", -1, &check, NULL);

    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(check);
    if (code == SQLITE_ROW)
        code = strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0 ? SQLITE_OK
                                                                              : SQLITE_CORRUPT;
    sqlite3_finalize(check);
    return code;
}

static int open_once(const char *path, struct outbox_db **ret_db)
{
    struct outbox_db *db = calloc(1, sizeof(*db));
    int code;

    if (!db)
        return -ENOMEM;
    code = sqlite3_open(path, &db->sqlite);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db->sqlite, SCHEMA, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = check_file(db->sqlite);
    for (int i = 0; i < STATEMENTS && code == SQLITE_OK; i++)
        code = sqlite3_prepare_v3(db->sqlite, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                  &db->statements[i], NULL);
    if (code != SQLITE_OK) {
        outbox_db_close(db);
        return errno_of(code);
    }
    *ret_db = db;
    return 0;
}

/* The write-ahead log goes along: together they may still tell something. */
static int move_aside(const char *path)
{
    char from[600], aside[600], with[620];

    snprintf(aside, sizeof(aside), "%s.broken-%lld", path, (long long)time(NULL));
    if (rename(path, aside))
        return -errno;
    snprintf(from, sizeof(from), "%s-wal", path);
    snprintf(with, sizeof(with), "%s-wal", aside);
    if (rename(from, with) && errno != ENOENT)
        return -errno;
    snprintf(from, sizeof(from), "%s-shm", path);
    return remove(from) && errno != ENOENT ? -errno : 0;
}

int outbox_db_open(const char *path, struct outbox_db **ret_db, int *ret_moved)
{
    int err = open_once(path, ret_db);

    *ret_moved = 0;
    if (err != -EILSEQ)
        return err;
    err = move_aside(path);
    if (err)
        return err;
    *ret_moved = 1;
    return open_once(path, ret_db);
}

static int step(struct outbox_db *db, int which)
{
    int code = sqlite3_step(db->statements[which]);

    sqlite3_reset(db->statements[which]);
    sqlite3_clear_bindings(db->statements[which]);
    return errno_of(code);
}

int outbox_db_begin(struct outbox_db *db)
{
    return step(db, BEGIN);
}

int outbox_db_commit(struct outbox_db *db)
{
    int err = step(db, COMMIT);

    if (err)
        outbox_db_rollback(db);
    return err;
}

void outbox_db_rollback(struct outbox_db *db)
{
    if (!sqlite3_get_autocommit(db->sqlite))
        (void)step(db, ROLLBACK); /* SQLite may have done it already: that is its only failure */
}

int outbox_db_add(struct outbox_db *db, const char *fact_json)
{
    sqlite3_bind_text(db->statements[ADD], 1, fact_json, -1, SQLITE_STATIC);
    return step(db, ADD);
}

int outbox_db_batch(struct outbox_db *db, int64_t after, int limit, struct text *out,
                    int64_t *ret_last)
{
    sqlite3_stmt *batch = db->statements[BATCH];
    int count = 0, code;

    sqlite3_bind_int64(batch, 1, after);
    sqlite3_bind_int(batch, 2, limit);
    text_add(out, "[");
    while ((code = sqlite3_step(batch)) == SQLITE_ROW) {
        if (count++)
            text_add(out, ",");
        text_add(out, (const char *)sqlite3_column_text(batch, 1));
        *ret_last = sqlite3_column_int64(batch, 0);
    }
    text_add(out, "]");
    sqlite3_reset(batch);
    return code == SQLITE_DONE && !out->failed ? count : -EIO;
}

int outbox_db_delete_through(struct outbox_db *db, int64_t last)
{
    sqlite3_bind_int64(db->statements[DELETE], 1, last);
    return step(db, DELETE);
}

int outbox_db_reject(struct outbox_db *db, int64_t after, const char *why)
{
    int err;

    sqlite3_bind_int64(db->statements[REJECT_COPY], 1, after);
    sqlite3_bind_text(db->statements[REJECT_COPY], 2, why, -1, SQLITE_STATIC);
    err = step(db, REJECT_COPY);
    if (err)
        return err;
    sqlite3_bind_int64(db->statements[REJECT_DELETE], 1, after);
    return step(db, REJECT_DELETE);
}

int64_t outbox_db_count(struct outbox_db *db)
{
    int64_t count = sqlite3_step(db->statements[COUNT]) == SQLITE_ROW
                        ? sqlite3_column_int64(db->statements[COUNT], 0)
                        : 0;

    sqlite3_reset(db->statements[COUNT]);
    return count;
}
