/* Facts: everything that happened, journalled before it is believed.
 *
 * A fact is {id, center, time, kind, payload}. fact_emit() hands it to the outbox thread, which
 * commits it to SQLite (WAL, state_dir/outbox.db) within milliseconds; a shipper sends batches in
 * order to PostgreSQL's ingest_facts(jsonb), which inserts ON CONFLICT DO NOTHING and applies a
 * fact only when it was new, then deletes them from the outbox. PostgreSQL may be away for hours:
 * nothing is lost or counted twice.
 *
 * Kinds and their payloads are listed in docs/facts.md; the payload is a flat JSON object. Times
 * inside payloads are integers, wall ms (UTC). */
#ifndef HOTLINED_FACT_H
#define HOTLINED_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/id.h>

struct fact_outbox;
struct loop;
struct store;

struct fact_handlers {
    /* A batch is in PostgreSQL: figures that read it may be refreshed. */
    void (*on_shipped)(unsigned count, void *arg);
    /* The outbox cannot be written (disk full ...): an alarm; facts are held in memory up to a
     * bound, and new calls are to be refused when full is true. what is NULL when it is over.
     * Never comes from inside fact_emit(). */
    void (*on_trouble)(const char *what, bool full, void *arg);
};

int fact_outbox_open(struct loop *loop, struct store *store, const char *path,
                     const struct fact_handlers *handlers, void *arg,
                     struct fact_outbox **ret_outbox);
/* Commits everything to disk; ships what it can within timeout_ms. Runs the loop meanwhile: never
 * from a callback. Before store_destroy(). */
void fact_outbox_close(struct fact_outbox *outbox, int timeout_ms);

/* payload_json is copied. kind is a constant from docs/facts.md. Never blocks. */
void fact_emit(struct fact_outbox *outbox, const struct uuid *id, int32_t center_id,
               int64_t wall_ms, const char *kind, const char *payload_json);

/* While calls need the processor more: batches go with pauses between them. What waits is in the
 * file. */
void fact_outbox_yield(struct fact_outbox *outbox, bool on);

/* PostgreSQL is back: what waits is sent now and not at the next of the growing pauses. */
void fact_outbox_store_is_back(struct fact_outbox *outbox);

/* For /metrics and the page's band: facts not yet in PostgreSQL. */
uint64_t fact_outbox_pending(const struct fact_outbox *outbox);
/* All facts up to now, those that the last process left included, as a number that only grows; and
 * how many of those up to such a number PostgreSQL does not have yet. Facts arrive in order: 0 says
 * that what came before the number is there, however many come after it. */
uint64_t fact_outbox_now(const struct fact_outbox *outbox);
uint64_t fact_outbox_left(const struct fact_outbox *outbox, uint64_t number);

#endif
