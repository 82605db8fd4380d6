/* PostgreSQL, asynchronously, on the control loop; and the fact outbox in front of it.
 *
 * Statements are the named statements of sql/queries/NAME.sql ("-- name: call_list"), embedded at
 * build time into enum store_statement (STMT_CALL_LIST) and prepared once per connection. There
 * is no other way to run SQL. All connections run libpq's pipeline mode.
 *
 * One store_query() is one transaction on one connection, sent in one go:
 *     set_config('hotlined.centers', scope, true), set_config('hotlined.user', ...), statement...
 * so row-level security sees whom we act for. A scope without centers sees nothing.
 *
 * The fast lane serves pages; the slow lane serves reports, exports and searches; facts have a
 * connection of their own: so a long query never holds up a short one.
 *
 * Contract: store_query() returns an error now OR calls back later, exactly once, never both and
 * never before it returned. The result is valid only inside the callback. */
#ifndef HOTLINED_STORE_H
#define HOTLINED_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/id.h>
#include <hotlined/statements.h> /* generated: enum store_statement, STORE_STATEMENT_COUNT */

struct loop;
struct store;
struct store_result;
struct store_request;

enum store_lane { STORE_FAST, STORE_SLOW, STORE_FACTS, STORE_LANE_COUNT };

enum store_status {
    STORE_OK,
    STORE_UNAVAILABLE, /* no connection, or the queue is full: nothing was done */
    STORE_UNKNOWN,     /* connection lost after sending: may or may not have happened */
    STORE_TIMEOUT,     /* took longer than the lane allows and was cancelled */
    STORE_CONFLICT,    /* 23505 unique violation, or 40001/40P01 */
    STORE_INVALID, /* 23xxx other constraint, 22xxx bad data, or SQLSTATE 'HLxxx' raised by us */
    STORE_FAILED   /* anything else; logged with SQLSTATE */
};

struct store_options {
    const char *conninfo; /* libpq; application role, not the owner */
    int fast_connections;
    int slow_connections;
    int fast_timeout_ms; /* 5000 */
    int slow_timeout_ms; /* 60000; for facts too */
};

struct store_handlers {
    /* PostgreSQL came or went. since is a wall time in ms. */
    void (*on_available)(bool available, int64_t since_wall_ms, void *arg);
    /* NOTIFY hotlined_config, 'payload' arrived (LISTEN on its own connection). "" = it could not
     * be heard for a while: something may have changed. */
    void (*on_config_changed)(const char *payload, void *arg);
};

int store_create(struct loop *loop, const struct store_options *options,
                 const struct store_handlers *handlers, void *arg, struct store **ret_store);
/* Finishes what is in flight up to timeout_ms, then closes; open callbacks get STORE_UNKNOWN, or
 * STORE_UNAVAILABLE where nothing was sent yet. Runs the loop while it waits: never call it from a
 * callback. */
void store_destroy(struct store *store, int timeout_ms);
bool store_is_available(const struct store *store);

/* Whom a query acts for. */
struct store_scope {
    const int32_t *centers; /* ids the caller may see */
    size_t center_count;
    int32_t user_id; /* 0 = the daemon itself */
};
/* All centers, for the daemon's own work (directory, facts). Known by its address: a copy of it is
 * a scope without centers and sees nothing. */
extern const struct store_scope STORE_SCOPE_DAEMON;

/* Parameters travel as text. NULL is SQL NULL. Use the small helpers to print numbers. */
#define STORE_MAX_PARAMS 24
struct store_params {
    const char *values[STORE_MAX_PARAMS];
    int count;
    char scratch[STORE_MAX_PARAMS][40]; /* numbers and ids are printed here */
};
void store_param_text(struct store_params *params, const char *text); /* not copied until query */
void store_param_int(struct store_params *params, int64_t value);
void store_param_bool(struct store_params *params, bool value);
void store_param_uuid(struct store_params *params, const struct uuid *id);
void store_param_time(struct store_params *params, int64_t wall_ms); /* timestamptz */
void store_param_null(struct store_params *params);

typedef void store_done_h(const struct store_result *result, void *arg);

/* Copies params. Returns 0 or -EAGAIN (lane's queue full), -ENOMEM.
 * ret_request may be NULL; with it the waiter can withdraw. */
int store_query(struct store *store, enum store_lane lane, enum store_statement statement,
                const struct store_scope *scope, const struct store_params *params,
                store_done_h *done, void *arg, struct store_request **ret_request);
/* The waiter died: the query finishes, the callback will not come. Only before the callback: the
 * request is gone with it. */
void store_cancel(struct store_request *request);

enum store_status store_status(const struct store_result *result);
/* SQLSTATE of a failure, "" when there is none. Message and detail of errors raised by us
 * ('HLxxx') are Chinese and meant for people; other messages are not shown to anybody. */
const char *store_sqlstate(const struct store_result *result);
const char *store_message(const struct store_result *result);
const char *store_constraint(const struct store_result *result); /* name or "" */
int store_rows(const struct store_result *result);
int store_affected(const struct store_result *result);
bool store_is_null(const struct store_result *result, int row, int column);
const char *store_text(const struct store_result *result, int row, int column); /* "" for NULL */
size_t store_length(const struct store_result *result, int row, int column);
int64_t store_int(const struct store_result *result, int row, int column); /* 0 for NULL */
bool store_bool(const struct store_result *result, int row, int column);

/* --- migrations (blocking; used by --migrate before the loop runs) ------------------------- */

/* Applies sql/schema/NNN-name.sql not yet applied, in order, each in a transaction, under an
 * advisory lock; embedded at build time. admin_conninfo connects as the owner of the schema.
 * Returns the number applied or a negative errno; what happened is appended to report. */
struct text;
int store_migrate(const char *admin_conninfo, struct text *report);
/* Schema version this binary was built for, and the one in the database (asynchronous check at
 * start is done by store_create: a database that is older or newer is refused and logged). */
int store_schema_version(void);

#endif
