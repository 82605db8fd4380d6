/* The SQLite file of the outbox: facts in order, and those PostgreSQL would not take.
 *
 * Facts are numbered in the order they came. A row holds those that were committed together, and
 * its seq is the number of its last one, so that it can be split where it stands. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include <hotlined/text.h>

#include "store/outbox_db.h"

enum {
    ADD,
    BATCH,
    DELETE,
    DELETE_ROW,
    REJECT_COPY,
    LAST,
    COUNT,
    BEGIN,
    COMMIT,
    ROLLBACK,
    STATEMENTS
};

/* synchronous=NORMAL in WAL mode: a commit survives the death of the process at once, and the
 * death of the machine up to the last checkpoint's sync. secure_delete: Debian's SQLite writes
 * zeros over what is deleted, each page once more through the log; what waits here lies in the same
 * file readable anyway, and its pages are soon used again. */
static const char SCHEMA[] =
    "PRAGMA busy_timeout=2000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA "
    "wal_autocheckpoint=2000; PRAGMA secure_delete=FAST;"
    "CREATE TABLE IF NOT EXISTS fact (seq INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL,"
    " count INTEGER NOT NULL DEFAULT 1);"
    "CREATE TABLE IF NOT EXISTS rejected (seq INTEGER PRIMARY KEY, json TEXT NOT NULL,"
    " why TEXT NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);";

static const char *const texts[STATEMENTS] = {
    [ADD] = "INSERT INTO fact (seq, json, count) VALUES (?1, ?2, ?3)",
    [BATCH] = "SELECT seq, json, count FROM fact WHERE seq > ?1 ORDER BY seq",
    [DELETE] = "DELETE FROM fact WHERE seq <= ?1",
    [DELETE_ROW] = "DELETE FROM fact WHERE seq = (SELECT min(seq) FROM fact WHERE seq > ?1)",
    [REJECT_COPY] =
        "INSERT OR IGNORE INTO rejected (seq, json, why) SELECT seq, json, ?2 FROM fact "
        "WHERE seq = (SELECT min(seq) FROM fact WHERE seq > ?1)",
    [LAST] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'fact'",
    [COUNT] = "SELECT coalesce(sum(count), 0) FROM fact",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

struct outbox_db {
    sqlite3 *sqlite;
    sqlite3_stmt *statements[STATEMENTS];
    int64_t last; /* number of the last fact; -1 = to be read */
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

/* Files of before held a row for each fact and did not say so. */
static int count_column(sqlite3 *sqlite)
{
    if (sqlite3_table_column_metadata(sqlite, NULL, "fact", "count", NULL, NULL, NULL, NULL,
                                      NULL) == SQLITE_OK)
        return SQLITE_OK;
    return sqlite3_exec(sqlite, "ALTER TABLE fact ADD COLUMN count INTEGER NOT NULL DEFAULT 1",
                        NULL, NULL, NULL);
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
    if (code == SQLITE_OK)
        code = count_column(db->sqlite);
    db->last = -1;
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

static int64_t number(struct outbox_db *db, int which)
{
    int64_t value = sqlite3_step(db->statements[which]) == SQLITE_ROW
                        ? sqlite3_column_int64(db->statements[which], 0)
                        : -1;

    sqlite3_reset(db->statements[which]);
    return value;
}

int outbox_db_begin(struct outbox_db *db)
{
    int err = step(db, BEGIN);

    if (!err && db->last < 0)
        db->last = number(db, LAST);
    return err || db->last >= 0 ? err : -EIO;
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
    db->last = -1;
    if (!sqlite3_get_autocommit(db->sqlite))
        (void)step(db, ROLLBACK); /* SQLite may have done it already: that is its only failure */
}

static int add_row(struct outbox_db *db, int64_t seq, const char *json, int size, int count)
{
    sqlite3_bind_int64(db->statements[ADD], 1, seq);
    sqlite3_bind_text(db->statements[ADD], 2, json, size, SQLITE_STATIC);
    sqlite3_bind_int(db->statements[ADD], 3, count);
    return step(db, ADD);
}

int outbox_db_add(struct outbox_db *db, const char *facts, int count)
{
    int err = add_row(db, db->last + count, facts, -1, count);

    if (!err)
        db->last += count;
    return err;
}

/* --- taking out ----------------------------------------------------------------------------- */

/* The first row above `after` becomes a row for each of its facts, numbered as they were. */
static int split(struct outbox_db *db, int64_t after, int64_t seq, const char *facts, int count)
{
    int err = step(db, BEGIN);

    if (err)
        return err;
    sqlite3_bind_int64(db->statements[DELETE_ROW], 1, after);
    err = step(db, DELETE_ROW);
    for (int i = count - 1; i >= 0 && !err; i--) {
        const char *end = i > 0 ? strchr(facts, OUTBOX_DB_BETWEEN) : facts + strlen(facts);
        err = end ? add_row(db, seq - i, facts, (int)(end - facts), 1) : -EIO;
        facts = end + 1;
    }
    if (!err)
        return outbox_db_commit(db);
    outbox_db_rollback(db);
    return err;
}

static int split_first(struct outbox_db *db, int64_t after)
{
    sqlite3_stmt *first = db->statements[BATCH];
    int64_t seq = sqlite3_column_int64(first, 0);
    int count = sqlite3_column_int(first, 2), err;
    char *facts = strdup((const char *)sqlite3_column_text(first, 1));

    sqlite3_reset(first);
    err = facts ? split(db, after, seq, facts, count) : -ENOMEM;
    free(facts);
    return err;
}

/* Appends rows as long as they fit. Returns the number of facts, or 0 when the first row alone is
 * too much; *ret_code is what SQLite said last. */
static int append_rows(struct outbox_db *db, int64_t after, int limit, struct text *out,
                       int64_t *ret_last, int *ret_code)
{
    sqlite3_stmt *batch = db->statements[BATCH];
    int total = 0, count;

    sqlite3_bind_int64(batch, 1, after);
    while ((*ret_code = sqlite3_step(batch)) == SQLITE_ROW) {
        count = sqlite3_column_int(batch, 2);
        if (total + count > limit)
            break;
        if (total)
            text_add(out, ",");
        text_add(out, (const char *)sqlite3_column_text(batch, 1));
        total += count;
        *ret_last = sqlite3_column_int64(batch, 0);
    }
    return total;
}

static void commas(struct text *json, size_t from)
{
    if (json->failed)
        return;
    for (char *c = json->data + from; (c = strchr(c, OUTBOX_DB_BETWEEN)); c++)
        *c = ',';
}

int outbox_db_batch(struct outbox_db *db, int64_t after, int limit, struct text *out,
                    int64_t *ret_last)
{
    int code, total, err = 0;
    size_t from = out->length;

    text_add(out, "[");
    total = append_rows(db, after, limit, out, ret_last, &code);
    if (total == 0 && code == SQLITE_ROW) {
        err = split_first(db, after);
        if (!err)
            total = append_rows(db, after, limit, out, ret_last, &code);
    }
    sqlite3_reset(db->statements[BATCH]);
    text_add(out, "]");
    commas(out, from);
    if (err)
        return err;
    return (code == SQLITE_DONE || code == SQLITE_ROW) && !out->failed ? total : -EIO;
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
    sqlite3_bind_int64(db->statements[DELETE_ROW], 1, after);
    return step(db, DELETE_ROW);
}

int64_t outbox_db_count(struct outbox_db *db)
{
    int64_t count = number(db, COUNT);

    return count > 0 ? count : 0;
}
