/* The pool: lanes of connections, bounded queues, availability. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "store/connection.h"

#define MAX_CONNECTIONS 32
#define MAX_QUEUED      4096 /* requests waiting in one lane; more get -EAGAIN */

struct lane {
    struct connection *connections[MAX_CONNECTIONS];
    int count, ready;
    struct store_request *first, **last;
    unsigned queued;
};

struct store {
    struct loop *loop;
    struct store_handlers handlers;
    void *arg;
    struct lane lanes[STORE_LANE_COUNT];
    struct connection *listener;
    bool available, closing;
    bool deaf; /* the listener was away: what was told meanwhile is not known */
};

const struct store_scope STORE_SCOPE_DAEMON = {NULL, 0, 0};

/* --- lanes ---------------------------------------------------------------------------------- */

static struct connection *least_busy(const struct lane *lane)
{
    struct connection *best = NULL;

    for (int i = 0; i < lane->count; i++)
        if (connection_has_room(lane->connections[i]) &&
            (!best || connection_in_flight(lane->connections[i]) < connection_in_flight(best)))
            best = lane->connections[i];
    return best;
}

static void lane_push(struct lane *lane)
{
    struct connection *connection;

    while (lane->first && (connection = least_busy(lane))) {
        struct store_request *request = lane->first;
        lane->first = request->next;
        if (!lane->first)
            lane->last = &lane->first;
        lane->queued--;
        connection_send(connection, request);
    }
}

static void lane_fail(struct lane *lane, enum store_status status)
{
    struct store_request *request = lane->first;

    lane->first = NULL;
    lane->last = &lane->first;
    lane->queued = 0;
    while (request) {
        struct store_request *next = request->next;
        request_finish(request, status);
        request = next;
    }
}

/* --- what connections tell ------------------------------------------------------------------ */

static struct lane *lane_of(struct store *store, const struct connection *connection)
{
    for (int l = 0; l < STORE_LANE_COUNT; l++)
        for (int i = 0; i < store->lanes[l].count; i++)
            if (store->lanes[l].connections[i] == connection)
                return &store->lanes[l];
    return NULL;
}

/* Available means that both lanes of people can work; told once per change. */
static void tell_available(struct store *store)
{
    bool now = store->lanes[STORE_FAST].ready > 0 && store->lanes[STORE_SLOW].ready > 0;

    if (now == store->available || store->closing)
        return;
    store->available = now;
    log_warn("store", now ? "available" : "away", "fast=%d slow=%d", store->lanes[0].ready,
             store->lanes[1].ready);
    if (store->handlers.on_available)
        store->handlers.on_available(now, loop_wall_ms(store->loop), store->arg);
}

static void count_ready(struct lane *lane)
{
    lane->ready = 0;
    for (int i = 0; i < lane->count; i++)
        lane->ready += connection_is_ready(lane->connections[i]);
}

static void on_ready(struct connection *connection, void *arg)
{
    struct store *store = arg;
    struct lane *lane = lane_of(store, connection);

    if (!lane) { /* the listener */
        if (store->deaf && store->handlers.on_config_changed)
            store->handlers.on_config_changed("", store->arg);
        store->deaf = false;
        return;
    }
    count_ready(lane);
    tell_available(store);
    lane_push(lane);
}

static void on_lost(struct connection *connection, void *arg)
{
    struct store *store = arg;
    struct lane *lane = lane_of(store, connection);

    if (!lane) {
        store->deaf = true;
        return;
    }
    count_ready(lane);
    if (!lane->ready)
        lane_fail(lane, STORE_UNAVAILABLE);
    tell_available(store);
}

static void on_idle(struct connection *connection, void *arg)
{
    struct lane *lane = lane_of(arg, connection);

    if (lane)
        lane_push(lane);
}

static void on_notify(const char *payload, void *arg)
{
    struct store *store = arg;

    if (store->handlers.on_config_changed)
        store->handlers.on_config_changed(payload, store->arg);
}

/* --- queries -------------------------------------------------------------------------------- */

static char *print_centers(const struct store_scope *scope)
{
    struct text text = {0};

    if (scope == &STORE_SCOPE_DAEMON)
        text_add(&text, "*");
    else {
        text_add(&text, "{");
        for (size_t i = 0; i < scope->center_count; i++)
            text_addf(&text, "%s%d", i ? "," : "", scope->centers[i]);
        text_add(&text, "}");
    }
    return text_take(&text);
}

static int copy_params(struct store_request *request, const struct store_params *params)
{
    size_t size = 0;
    char *at;

    for (int i = 0; i < params->count; i++)
        size += params->values[i] ? strlen(params->values[i]) + 1 : 0;
    at = request->values = malloc(size + 1);
    if (!at)
        return -ENOMEM;
    for (int i = 0; i < params->count; i++) {
        size_t length = params->values[i] ? strlen(params->values[i]) + 1 : 0;
        request->params[i] = length ? memcpy(at, params->values[i], length) : NULL;
        at += length;
    }
    request->param_count = params->count;
    return 0;
}

static void refused_later(void *arg)
{
    struct store_request *request = arg;

    request_finish(request, request->refusal);
}

int store_query(struct store *store, enum store_lane which, enum store_statement statement,
                const struct store_scope *scope, const struct store_params *params,
                store_done_h *done, void *arg, struct store_request **ret_request)
{
    struct lane *lane = &store->lanes[which];
    struct store_request *request;

    if (lane->queued >= MAX_QUEUED)
        return -EAGAIN;
    request = calloc(1, sizeof(*request));
    if (!request)
        return -ENOMEM;
    request->statement = statement;
    request->done = done;
    request->arg = arg;
    request->centers = print_centers(scope);
    snprintf(request->user, sizeof(request->user), "%d", scope->user_id);
    if (!request->centers || copy_params(request, params)) {
        request_free(request);
        return -ENOMEM;
    }
    if (ret_request)
        *ret_request = request;
    if (!lane->ready || store->closing) {
        request->refusal = STORE_UNAVAILABLE;
        loop_defer(store->loop, refused_later, request);
        return 0;
    }
    *lane->last = request;
    lane->last = &request->next;
    lane->queued++;
    lane_push(lane);
    return 0;
}

void store_cancel(struct store_request *request)
{
    request->done = NULL;
}

/* --- life ----------------------------------------------------------------------------------- */

static int lane_open(struct store *store, enum store_lane which, enum connection_kind kind,
                     const char *conninfo, int count, int timeout_ms,
                     const struct connection_handlers *handlers)
{
    struct lane *lane = &store->lanes[which];

    for (int i = 0; i < count && i < MAX_CONNECTIONS; i++) {
        int err = connection_create(store->loop, kind, conninfo, timeout_ms, handlers, store,
                                    &lane->connections[i]);
        if (err)
            return err;
        lane->count++;
    }
    return 0;
}

int store_create(struct loop *loop, const struct store_options *options,
                 const struct store_handlers *handlers, void *arg, struct store **ret_store)
{
    static const struct connection_handlers lane_handlers = {on_ready, on_lost, on_idle, NULL};
    static const struct connection_handlers listen_handlers = {on_ready, on_lost, NULL, on_notify};
    struct store *store = calloc(1, sizeof(*store));
    int err;

    if (!store)
        return -ENOMEM;
    /* libpq's way to set a connection's time zone: a date without a time is a local day. */
    (void)setenv("PGTZ", "Asia/Shanghai", 1);
    store->loop = loop;
    store->handlers = *handlers;
    store->arg = arg;
    for (int l = 0; l < STORE_LANE_COUNT; l++)
        store->lanes[l].last = &store->lanes[l].first;
    err = lane_open(store, STORE_FAST, CONNECTION_FAST, options->conninfo,
                    options->fast_connections, options->fast_timeout_ms, &lane_handlers);
    if (!err)
        err = lane_open(store, STORE_SLOW, CONNECTION_SLOW, options->conninfo,
                        options->slow_connections, options->slow_timeout_ms, &lane_handlers);
    if (!err)
        err = lane_open(store, STORE_FACTS, CONNECTION_FACTS, options->conninfo, 1,
                        options->slow_timeout_ms, &lane_handlers);
    if (!err)
        err =
            connection_create(loop, CONNECTION_LISTEN, options->conninfo, options->fast_timeout_ms,
                              &listen_handlers, store, &store->listener);
    if (err) {
        store_destroy(store, 0);
        return err;
    }
    *ret_store = store;
    return 0;
}

static bool something_open(const struct store *store)
{
    for (int l = 0; l < STORE_LANE_COUNT; l++) {
        if (store->lanes[l].queued)
            return true;
        for (int i = 0; i < store->lanes[l].count; i++)
            if (connection_in_flight(store->lanes[l].connections[i]))
                return true;
    }
    return false;
}

void store_destroy(struct store *store, int timeout_ms)
{
    uint64_t end;

    if (!store)
        return;
    end = loop_now_ms(store->loop) + (uint64_t)timeout_ms;
    store->closing = true;
    while (something_open(store) && loop_now_ms(store->loop) < end)
        loop_run_once(store->loop, 20);
    connection_destroy(store->listener);
    for (int l = 0; l < STORE_LANE_COUNT; l++) {
        for (int i = 0; i < store->lanes[l].count; i++)
            connection_destroy(store->lanes[l].connections[i]);
        lane_fail(&store->lanes[l], STORE_UNAVAILABLE);
    }
    free(store);
}

bool store_is_available(const struct store *store)
{
    return store->available;
}
