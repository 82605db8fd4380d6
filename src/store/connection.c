/* One PostgreSQL connection, driven by the loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "store/connection.h"

#define FAST_IN_FLIGHT 32
#define RETRY_FIRST_MS 100
#define RETRY_LAST_MS  500
#define CONNECT_MS     10000 /* from the first packet to all statements prepared */
#define WATCH_EVERY_MS 500
#define WATCH_GRACE_MS 2000 /* the server's own statement_timeout comes first */

enum state { IDLE, CONNECTING, PREPARING, READY };

struct connection {
    struct loop *loop;
    enum connection_kind kind;
    char *conninfo;
    int timeout_ms;
    struct connection_handlers handlers;
    void *arg;
    enum state state;
    PGconn *pg;
    struct event *read_event, *write_event, *poll_event;
    struct loop_timer retry, watch;
    unsigned retry_ms;
    uint64_t deadline; /* monotonic ms; what is awaited is late then; 0 = nothing */
    struct store_request *first, **last; /* in flight, in order */
    unsigned in_flight;
    bool failed_prepare;
    bool dirty;    /* has bytes to flush */
    bool broken;   /* could not send; given up in the next turn, never inside store_query() */
    bool said_why; /* one log line per outage */
};

static void connect_start(void *arg);
static void flush(struct connection *c);
static void lose(struct connection *c, const char *why);

/* What is awaited from now on must be there within ms. */
static void expect_within(struct connection *c, int ms)
{
    c->deadline = loop_now_ms(c->loop) + (uint64_t)ms;
    if (!c->watch.armed)
        loop_timer_start(&c->watch, WATCH_EVERY_MS);
}

/* --- requests ------------------------------------------------------------------------------- */

void request_free(struct store_request *request)
{
    if (request->result)
        PQclear(request->result);
    free(request->centers);
    free(request->values);
    free(request);
}

void request_finish(struct store_request *request, enum store_status status)
{
    struct store_result result = {status, request->result};

    if (request->done)
        request->done(&result, request->arg);
    request_free(request);
}

bool connection_is_ready(const struct connection *c)
{
    return c->state == READY;
}

bool connection_has_room(const struct connection *c)
{
    return c->state == READY && !c->broken &&
           c->in_flight < (c->kind == CONNECTION_FAST ? FAST_IN_FLIGHT : 1);
}

unsigned connection_in_flight(const struct connection *c)
{
    return c->in_flight;
}

static const char SCOPE_SQL[] = "SELECT set_config('hotlined.centers', $1, true), "
                                "set_config('hotlined.user', $2, true)";

void connection_send(struct connection *c, struct store_request *request)
{
    const char *scope[2] = {request->centers, request->user};

    if (!c->first)
        expect_within(c, c->timeout_ms + WATCH_GRACE_MS);
    request->next = NULL;
    *c->last = request;
    c->last = &request->next;
    c->in_flight++;
    if (!PQsendQueryPrepared(c->pg, "scope", 2, scope, NULL, NULL, 0) ||
        !PQsendQueryPrepared(c->pg, store_statement_texts[request->statement].name,
                             request->param_count, request->params, NULL, NULL, 0) ||
        !PQpipelineSync(c->pg)) {
        c->broken = true;
        loop_timer_start(&c->watch, 0);
        return;
    }
    c->dirty = true;
    /* Not written here: all that is asked in one turn leaves in one packet. */
    event_active(c->write_event, EV_WRITE, 1);
}

/* --- results -------------------------------------------------------------------------------- */

static enum store_status status_of(const PGresult *result)
{
    const char *state;

    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        return STORE_OK;
    default:
        break;
    }
    state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!state)
        return STORE_UNKNOWN;
    if (strcmp(state, "57014") == 0)
        return STORE_TIMEOUT;
    if (strcmp(state, "23505") == 0 || strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0)
        return STORE_CONFLICT;
    if (strncmp(state, "23", 2) == 0 || strncmp(state, "22", 2) == 0 ||
        strncmp(state, "HL", 2) == 0)
        return STORE_INVALID;
    if (strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0)
        return STORE_UNKNOWN;
    return STORE_FAILED;
}

/* An answer to [scope][statement][sync]: the scope's result is dropped unless it failed. An error
 * may come once more at the sync, when the transaction ends: it replaces a good result. */
static void keep_result(struct connection *c, PGresult *result)
{
    struct store_request *request = c->first;
    bool scope = !request->answers++ && status_of(result) == STORE_OK;
    bool known = request->result && status_of(request->result) != STORE_OK;

    if (scope || known || PQresultStatus(result) == PGRES_PIPELINE_ABORTED) {
        PQclear(result); /* the first error is the reason */
        return;
    }
    if (request->result)
        PQclear(request->result);
    request->result = result;
}

static void finish_first(struct connection *c)
{
    struct store_request *request = c->first;
    enum store_status status = request->result ? status_of(request->result) : STORE_FAILED;

    c->first = request->next;
    c->in_flight--;
    if (c->first) {
        expect_within(c, c->timeout_ms + WATCH_GRACE_MS); /* its turn begins only now */
    } else {
        c->last = &c->first;
        c->deadline = 0;
    }
    if (status == STORE_FAILED ||
        (status == STORE_INVALID && request->result &&
         strncmp(PQresultErrorField(request->result, PG_DIAG_SQLSTATE), "HL", 2) != 0))
        log_error("store", "statement_failed", "statement=%s message=%s",
                  store_statement_texts[request->statement].name,
                  log_safe(request->result ? PQresultErrorMessage(request->result) : "no result"));
    request_finish(request, status);
}

static void ready(struct connection *c)
{
    c->state = READY;
    c->deadline = 0;
    c->retry_ms = RETRY_FIRST_MS;
    c->said_why = false;
    c->handlers.on_ready(c, c->arg);
}

static void take_prepared(struct connection *c, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_FATAL_ERROR) {
        if (!c->said_why)
            log_error("store", "prepare_failed", "message=%s",
                      log_safe(PQresultErrorMessage(result)));
        c->failed_prepare = true;
    } else if (status == PGRES_TUPLES_OK && PQnfields(result) == 1 &&
               strcmp(PQfname(result, 0), "schema_version") == 0) {
        int64_t version = 0;
        if (PQntuples(result) && text_to_int(PQgetvalue(result, 0, 0), 0, 1 << 20, &version))
            version = 0;
        if (version != store_schema_version()) {
            if (!c->said_why)
                log_error("store", "schema_version",
                          "database=%lld program=%d remedy=hotlined_--migrate", (long long)version,
                          store_schema_version());
            c->failed_prepare = true;
        }
    }
}

static void take_result(struct connection *c, PGresult *result)
{
    bool sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC;

    if (c->state == PREPARING) {
        take_prepared(c, result);
        PQclear(result);
        if (!sync)
            return;
        if (c->failed_prepare)
            lose(c, "the database does not fit this program");
        else
            ready(c);
        return;
    }
    if (sync) {
        PQclear(result);
        if (c->first)
            finish_first(c);
        return;
    }
    if (c->first)
        keep_result(c, result);
    else
        PQclear(result);
}

static void take_notifies(struct connection *c)
{
    PGnotify *notify;

    while ((notify = PQnotifies(c->pg))) {
        if (c->handlers.on_notify)
            c->handlers.on_notify(notify->extra, c->arg);
        PQfreemem(notify);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    unsigned nulls = 0;

    (void)fd;
    (void)what;
    if (!PQconsumeInput(c->pg)) {
        lose(c, PQerrorMessage(c->pg));
        return;
    }
    /* In pipeline mode NULL stands between the results of two statements; two in a row mean that
     * nothing more is there. */
    while (c->pg && nulls < 2 && !PQisBusy(c->pg)) {
        PGresult *result = PQgetResult(c->pg);
        nulls = result ? 0 : nulls + 1;
        if (result)
            take_result(c, result);
    }
    if (!c->pg)
        return;
    take_notifies(c);
    if (connection_has_room(c) && c->handlers.on_idle)
        c->handlers.on_idle(c, c->arg);
    flush(c);
}

/* --- writing -------------------------------------------------------------------------------- */

static void flush(struct connection *c)
{
    int left;

    if (!c->dirty || !c->pg || c->broken)
        return;
    left = PQflush(c->pg);
    if (left < 0) {
        lose(c, PQerrorMessage(c->pg));
        return;
    }
    c->dirty = left > 0;
    if (left)
        event_add(c->write_event, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    flush(arg);
}

/* What RAISE WARNING said, and libpq itself. */
static void on_notice(void *arg, const char *message)
{
    (void)arg;
    log_info("store", "notice", "message=%s", log_safe(message));
}

/* --- connecting ----------------------------------------------------------------------------- */

static void drop_events(struct connection *c)
{
    struct event **events[] = {&c->read_event, &c->write_event, &c->poll_event};

    for (size_t i = 0; i < 3; i++) {
        if (*events[i])
            event_free(*events[i]);
        *events[i] = NULL;
    }
}

/* The connection is gone: what was sent may or may not have happened. */
static void lose(struct connection *c, const char *why)
{
    struct store_request *request = c->first;
    bool was_ready = c->state == READY;

    if (!c->said_why)
        log_warn("store", "connection_lost", "lane=%d why=%s", c->kind, log_safe(why));
    c->said_why = true;
    drop_events(c);
    PQfinish(c->pg);
    c->pg = NULL;
    c->state = IDLE;
    c->dirty = c->broken = false;
    c->deadline = 0;
    c->first = NULL;
    c->last = &c->first;
    c->in_flight = 0;
    loop_timer_stop(&c->watch);
    loop_timer_start(&c->retry, c->retry_ms);
    c->retry_ms = c->retry_ms * 2 > RETRY_LAST_MS ? RETRY_LAST_MS : c->retry_ms * 2;
    if (was_ready)
        c->handlers.on_lost(c, c->arg);
    while (request) {
        struct store_request *next = request->next;
        if (request->result)
            PQclear(request->result);
        request->result = NULL;
        request_finish(request, STORE_UNKNOWN);
        request = next;
    }
}

static int start_events(struct connection *c)
{
    struct event_base *base = loop_event_base(c->loop);

    drop_events(c);
    c->read_event = event_new(base, PQsocket(c->pg), EV_READ | EV_PERSIST, on_readable, c);
    c->write_event = event_new(base, PQsocket(c->pg), EV_WRITE, on_writable, c);
    return c->read_event && c->write_event && event_add(c->read_event, NULL) == 0 ? 0 : -ENOMEM;
}

static bool send_preparation(struct connection *c)
{
    char limit[16];
    /* Lists and reports have many optional filters: one plan for all of them fits none. */
    const char *settings[2] = {limit, c->kind == CONNECTION_SLOW ? "force_custom_plan" : "auto"};

    snprintf(limit, sizeof(limit), "%d", c->timeout_ms);
    if (c->kind == CONNECTION_LISTEN)
        return PQsendQueryParams(c->pg, "LISTEN hotlined_config", 0, NULL, NULL, NULL, NULL, 0) &&
               PQpipelineSync(c->pg);
    /* A time that somebody wrote without a zone is Beijing time, wherever the server stands. What a
     * report says of each partition is not compiled: for three years of months that takes half a
     * minute, running it without a tenth of a second. */
    if (!PQsendQueryParams(c->pg,
                           "SELECT set_config('statement_timeout', $1, false), "
                           "set_config('plan_cache_mode', $2, false), "
                           "set_config('timezone', 'Asia/Shanghai', false), "
                           "set_config('jit', 'off', false)",
                           2, NULL, settings, NULL, NULL, 0) ||
        !PQsendQueryParams(c->pg, "SELECT max(version) AS schema_version FROM schema_version", 0,
                           NULL, NULL, NULL, NULL, 0) ||
        !PQsendPrepare(c->pg, "scope", SCOPE_SQL, 0, NULL))
        return false;
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++)
        if ((c->kind != CONNECTION_FACTS || i == STMT_INGEST_FACTS) &&
            !PQsendPrepare(c->pg, store_statement_texts[i].name, store_statement_texts[i].sql, 0,
                           NULL))
            return false;
    return PQpipelineSync(c->pg);
}

static void connected(struct connection *c)
{
    c->state = PREPARING;
    c->failed_prepare = false;
    if (PQsetnonblocking(c->pg, 1) || !PQenterPipelineMode(c->pg) || start_events(c) ||
        !send_preparation(c)) {
        lose(c, PQerrorMessage(c->pg));
        return;
    }
    c->dirty = true;
    flush(c);
}

static void await_connect(struct connection *c, short what);

static void poll_connect(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;
    PostgresPollingStatusType status = PQconnectPoll(c->pg);

    (void)fd;
    (void)what;
    if (status == PGRES_POLLING_OK) {
        connected(c);
        return;
    }
    if (status == PGRES_POLLING_FAILED) {
        lose(c, PQerrorMessage(c->pg));
        return;
    }
    await_connect(c, status == PGRES_POLLING_READING ? EV_READ : EV_WRITE);
}

static void await_connect(struct connection *c, short what)
{
    drop_events(c); /* PQsocket() may be another one by now */
    c->poll_event = event_new(loop_event_base(c->loop), PQsocket(c->pg), what, poll_connect, c);
    if (!c->poll_event || event_add(c->poll_event, NULL))
        lose(c, "out of memory");
}

static void connect_start(void *arg)
{
    struct connection *c = arg;

    c->pg = PQconnectStart(c->conninfo);
    c->state = CONNECTING;
    if (!c->pg || PQstatus(c->pg) == CONNECTION_BAD) {
        lose(c, c->pg ? PQerrorMessage(c->pg) : "out of memory");
        return;
    }
    PQsetNoticeProcessor(c->pg, on_notice, c);
    expect_within(c, CONNECT_MS);
    await_connect(c, EV_WRITE);
}

/* A query the server does not end by itself (it hangs, or its host is gone) must not hold the
 * others up: the connection is given up. So is one that cannot be set up. */
static void watch(void *arg)
{
    struct connection *c = arg;

    if (c->broken)
        lose(c, PQerrorMessage(c->pg));
    else if (c->deadline && loop_now_ms(c->loop) >= c->deadline)
        lose(c, "no answer in time");
    else if (c->deadline)
        loop_timer_start(&c->watch, WATCH_EVERY_MS);
}

int connection_create(struct loop *loop, enum connection_kind kind, const char *conninfo,
                      int timeout_ms, const struct connection_handlers *handlers, void *arg,
                      struct connection **ret_connection)
{
    struct connection *c = calloc(1, sizeof(*c));

    if (!c || !(c->conninfo = strdup(conninfo))) {
        free(c);
        return -ENOMEM;
    }
    c->loop = loop;
    c->kind = kind;
    c->timeout_ms = timeout_ms;
    c->handlers = *handlers;
    c->arg = arg;
    c->last = &c->first;
    c->retry_ms = RETRY_FIRST_MS;
    loop_timer_init(&c->retry, loop, connect_start, c);
    loop_timer_init(&c->watch, loop, watch, c);
    loop_timer_start(&c->retry, 0);
    *ret_connection = c;
    return 0;
}

void connection_destroy(struct connection *c)
{
    if (!c)
        return;
    c->handlers.on_lost = NULL;
    drop_events(c);
    loop_timer_done(&c->retry);
    loop_timer_done(&c->watch);
    if (c->pg)
        PQfinish(c->pg);
    while (c->first) {
        struct store_request *request = c->first;
        c->first = request->next;
        request_finish(request, STORE_UNKNOWN);
    }
    free(c->conninfo);
    free(c);
}
