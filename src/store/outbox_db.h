/* Private to store: the SQLite file of the outbox. Used by the outbox thread only. */
#ifndef STORE_OUTBOX_DB_H
#define STORE_OUTBOX_DB_H

#include <stddef.h>
#include <stdint.h>

struct text;
struct outbox_db;

/* A file that is no database any more is moved aside (path.broken-TIME) and a new one begun;
 * *ret_moved says so. 0 or -errno. */
int outbox_db_open(const char *path, struct outbox_db **ret_db, int *ret_moved);
void outbox_db_close(struct outbox_db *db);

int outbox_db_begin(struct outbox_db *db);
int outbox_db_commit(struct outbox_db *db); /* -ENOSPC, -EIO: nothing of the group is kept */
void outbox_db_rollback(struct outbox_db *db);
/* Between the facts of a row: no JSON holds it unescaped (RFC 8259 §7). */
#define OUTBOX_DB_BETWEEN '\x1e'

/* facts: count of them, each the whole {id,center_id,at_ms,kind,payload}, BETWEEN between them.
 * They are one row until somebody asks for fewer: a row for each costs several times as much. */
int outbox_db_add(struct outbox_db *db, const char *facts, int count);
/* Appends the oldest facts above `after` as a JSON array, limit of them at most. Returns their
 * number; *ret_last is the sequence of the last one. */
int outbox_db_batch(struct outbox_db *db, int64_t after, int limit, struct text *out,
                    int64_t *ret_last);
int outbox_db_delete_through(struct outbox_db *db, int64_t last);
/* Moves one fact (the first above `after`; it was a batch of its own) out of the way. */
int outbox_db_reject(struct outbox_db *db, int64_t after, const char *why);
int64_t outbox_db_count(struct outbox_db *db);

#endif
