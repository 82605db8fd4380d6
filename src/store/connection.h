/* Private to store: one PostgreSQL connection in pipeline mode.
 *
 * Life: CONNECTING -> PREPARING (schema version, time limit, every statement) -> READY -> DEAD, and
 * again after a pause. A request is sent as [scope][statement][sync]: one implicit transaction, so
 * the is_local settings of the scope end with it. Answers come in the order of sending. */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include <hotlined/loop.h>
#include <hotlined/store.h>

struct connection;

struct store_request {
    struct store_request *next;
    enum store_statement statement;
    char *centers; /* owned: "{1,2}" or "*" */
    char user[16];
    char *values; /* owned: all parameter texts behind each other */
    const char *params[STORE_MAX_PARAMS];
    int param_count;
    store_done_h *done; /* NULL = withdrawn */
    void *arg;
    PGresult *result;          /* owned: the statement's, until the sync */
    unsigned answers;          /* results that came: the scope's is the first */
    enum store_status refusal; /* answer without having been sent */
};

struct store_result {
    enum store_status status;
    const PGresult *pg; /* NULL when never sent */
};

enum connection_kind {
    CONNECTION_FAST,
    CONNECTION_SLOW,
    CONNECTION_FACTS, /* prepares their one statement */
    CONNECTION_LISTEN
};

struct connection_handlers {
    void (*on_ready)(struct connection *connection, void *arg);
    void (*on_lost)(struct connection *connection, void *arg);
    void (*on_idle)(struct connection *connection, void *arg); /* room for more requests */
    void (*on_notify)(const char *payload, void *arg);
};

int connection_create(struct loop *loop, enum connection_kind kind, const char *conninfo,
                      int timeout_ms, const struct connection_handlers *handlers, void *arg,
                      struct connection **ret_connection);
void connection_destroy(struct connection *connection);
bool connection_is_ready(const struct connection *connection);
bool connection_has_room(const struct connection *connection);
unsigned connection_in_flight(const struct connection *connection);
/* Takes the request over; its callback comes later, never from inside. Leaves in this turn. */
void connection_send(struct connection *connection, struct store_request *request);

/* Calls done (if not withdrawn) and frees. */
void request_finish(struct store_request *request, enum store_status status);
void request_free(struct store_request *request);

#endif
