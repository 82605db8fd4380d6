/* The outbox's shipper: batches go to ingest_facts() in order, and the next one is read while
 * PostgreSQL works on the one before.
 *
 * A batch whose fate is unknown is sent again: ingest_facts() applies a fact once. Nothing is
 * deleted from the file before PostgreSQL has it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/log.h>
#include <hotlined/metrics.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "store/outbox.h"

#define BATCH_MAX                                                                                  \
    2000 /* some 700 KB; 500 cost PostgreSQL a third more for each, 16,000 a tenth less */
/* Calls come before reports: while the loop's thread is busy PostgreSQL gets this little, unless so
 * much waits that it would take an hour to catch up. */
#define BUSY_PERCENT 45
#define LOOK_US      1000000
#define PAUSE_MS     1000
#define TOO_MUCH     2000000
/* A fact that comes alone is sent at once; of few that follow each other those of so long share a
 * batch: one costs PostgreSQL some 4 ms however small it is, and 200 registrations saved in the
 * same moment were 33 batches of audit rows, a third of what it had to do. */
#define GATHER_MS      20
#define FEW            500
#define RETRY_FIRST_MS 100
#define RETRY_LAST_MS  3000

static struct metric facts_rejected = {"hotlined_facts_rejected_total",
                                       NULL,
                                       "Facts PostgreSQL would not take.",
                                       METRIC_COUNTER,
                                       0,
                                       NULL};

static void drop(struct outbox_batch *batch)
{
    free(batch->json);
    *batch = (struct outbox_batch){0};
}

/* --- the thread is asked -------------------------------------------------------------------- */

static void ask(struct fact_outbox *o, const struct outbox_ask *question)
{
    o->asked = true;
    pthread_mutex_lock(&o->lock);
    o->ask = *question;
    o->ask_open = true;
    pthread_cond_signal(&o->wanted);
    pthread_mutex_unlock(&o->lock);
}

/* Few will wait for others to come: they are not read yet. */
static bool gathers(const struct fact_outbox *o)
{
    return o->sent.json && fact_outbox_pending(o) - (uint64_t)o->sent.count < FEW;
}

/* One batch is read ahead, and what was shipped is deleted with the same question. */
static void read_on(struct fact_outbox *o)
{
    struct outbox_ask question = {.after = o->read_to, .limit = o->limit};

    if (o->asked || o->next.json || gathers(o))
        return;
    if (o->reject.reject) {
        ask(o, &o->reject);
        o->reject.reject = false;
        return;
    }
    if (!o->more && o->shipped == o->deleted)
        return;
    if (o->shipped > o->deleted)
        question.delete_through = o->shipped;
    o->more = false;
    ask(o, &question);
}

/* --- PostgreSQL is sent --------------------------------------------------------------------- */

static void batch_shipped(const struct store_result *result, void *arg);

/* All that was read and is not in PostgreSQL is read again. */
static void retreat(struct fact_outbox *o)
{
    drop(&o->sent);
    drop(&o->next);
    o->read_to = o->shipped;
    o->more = true;
}

static void try_later(struct fact_outbox *o)
{
    loop_timer_start(&o->retry, o->retry_ms);
    o->retry_ms = o->retry_ms * 2 > RETRY_LAST_MS ? RETRY_LAST_MS : o->retry_ms * 2;
}

static bool send_next(struct fact_outbox *o)
{
    struct store_params params = {0};

    o->sent = o->next;
    o->sent_ms = loop_now_ms(o->loop);
    o->next = (struct outbox_batch){0};
    store_param_text(&params, o->sent.json);
    return store_query(o->store, STORE_FACTS, STMT_INGEST_FACTS, &STORE_SCOPE_DAEMON, &params,
                       batch_shipped, o, &o->request) == 0;
}

/* Does what can be done now; after every change. */
static void go_on(struct fact_outbox *o)
{
    if (o->closing || o->retry.armed)
        return;
    if (!store_is_available(o->store)) {
        retreat(o);
        try_later(o);
        return;
    }
    if (!o->sent.json && o->next.json && !send_next(o)) {
        retreat(o);
        try_later(o);
        return;
    }
    read_on(o);
}

static void retry(void *arg)
{
    go_on(arg);
}

/* Is it the facts that PostgreSQL does not like, or has PostgreSQL a trouble of its own (full disk,
 * read-only, missing rights) that any facts would meet? */
static bool is_fault_of_facts(const struct store_result *result)
{
    static const char *const faults[] = {"21", "22", "23", "42", "54", "HL", "P0"};
    const char *state = store_sqlstate(result);

    if (strcmp(state, "42501") == 0 || strcmp(state, "42P01") == 0) /* no right, no table */
        return false;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (strncmp(state, faults[i], 2) == 0)
            return true;
    return false;
}

/* A batch PostgreSQL refuses holds a bad fact: halve until it stands alone, then put it aside. */
static void batch_refused(struct fact_outbox *o, const struct store_result *result)
{
    if (o->sent.count > 1) {
        o->limit = o->sent.count / 2;
        retreat(o);
        go_on(o);
        return;
    }
    log_error("outbox", "fact_rejected", "why=%s fact=%s", log_safe(store_message(result)),
              log_safe(o->sent.json));
    o->reject = (struct outbox_ask){.reject = true, .after = o->shipped, .limit = 1};
    text_copy(o->reject.why, sizeof(o->reject.why), store_message(result));
    o->reject.delete_through = o->sent.last; /* told back with the answer */
    drop(&o->sent);
    drop(&o->next); /* the file changes under it */
    o->read_to = o->shipped;
    go_on(o);
}

static void batch_failed(struct fact_outbox *o, enum store_status status)
{
    if (status == STORE_TIMEOUT && o->sent.count > 1)
        o->limit = o->sent.count / 2; /* the same number would take as long again */
    retreat(o);
    try_later(o);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec t = {0};

    (void)clock_gettime(clock, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* The share of a processor that this thread, the loop's, used since the last look. */
static void look_at_loop(struct fact_outbox *o)
{
    int64_t now = clock_us(CLOCK_MONOTONIC), passed = now - o->looked_us, used;

    if (passed < LOOK_US)
        return;
    used = clock_us(CLOCK_THREAD_CPUTIME_ID);
    o->busy = (used - o->used_us) * 100 > passed * BUSY_PERCENT;
    o->looked_us = now;
    o->used_us = used;
}

static void choose_pace(struct fact_outbox *o)
{
    uint64_t gathered = loop_now_ms(o->loop) - o->sent_ms;

    look_at_loop(o);
    if ((o->yields || o->busy) && fact_outbox_pending(o) < TOO_MUCH)
        loop_timer_start(&o->retry, PAUSE_MS);
    else if (gathered < GATHER_MS && fact_outbox_pending(o) < FEW)
        loop_timer_start(&o->retry, GATHER_MS - gathered);
    o->limit = o->limit * 2 > BATCH_MAX ? BATCH_MAX : o->limit * 2;
}

static void batch_arrived(struct fact_outbox *o)
{
    unsigned count = (unsigned)o->sent.count;

    o->retry_ms = RETRY_FIRST_MS;
    o->shipped = o->sent.last;
    o->arrived += count;
    atomic_fetch_sub(&o->pending, count);
    drop(&o->sent);
    choose_pace(o);
    if (o->handlers.on_shipped)
        o->handlers.on_shipped(count, o->arg);
    go_on(o);
}

static void batch_shipped(const struct store_result *result, void *arg)
{
    struct fact_outbox *o = arg;
    enum store_status status = store_status(result);

    o->request = NULL;
    if (status == STORE_OK)
        batch_arrived(o);
    else if (is_fault_of_facts(result))
        batch_refused(o, result);
    else
        batch_failed(o, status);
}

/* --- the thread answers --------------------------------------------------------------------- */

static void answered(struct fact_outbox *o, struct outbox_note *note)
{
    o->asked = false;
    if (note->err) {
        log_error("outbox", "file_failed", "reject=%d error=%s", note->ask.reject,
                  strerror(-note->err));
        o->more = true;
        try_later(o);
        return;
    }
    if (note->ask.reject) {
        o->shipped = o->read_to = note->ask.delete_through;
        o->limit = BATCH_MAX;
        o->more = true;
        metric_add(&facts_rejected, 1);
        o->arrived++;
        atomic_fetch_sub(&o->pending, 1);
    } else {
        if (note->ask.delete_through)
            o->deleted = note->ask.delete_through;
        /* Read before a retreat: it is read again, or in smaller pieces. */
        if (note->batch.count > 0 && note->ask.after == o->read_to && !o->reject.reject) {
            o->next = note->batch;
            o->read_to = note->batch.last;
            o->more = true;
            note->batch.json = NULL;
        }
    }
    go_on(o);
}

static void tell_trouble(struct fact_outbox *o, const char *what, bool full)
{
    log_error("outbox", what ? "write_failed" : "write_works", "full=%d error=%s", full,
              log_safe(what));
    if (o->handlers.on_trouble)
        o->handlers.on_trouble(what, full, o->arg);
}

void outbox_note_arrived(void *arg)
{
    struct outbox_note *note = arg;
    struct fact_outbox *o = note->outbox;

    switch (note->news) {
    case NEWS_ANSWER:
        if (!o->closing)
            answered(o, note);
        break;
    case NEWS_COMMITTED:
        o->more = true;
        go_on(o);
        break;
    case NEWS_TROUBLE:
        tell_trouble(o, strerror(-note->err), false);
        break;
    case NEWS_FULL:
        tell_trouble(o, "the outbox is full", true);
        break;
    case NEWS_OVER:
        tell_trouble(o, NULL, false);
        break;
    }
    free(note->batch.json);
    free(note);
}

/* --- life ----------------------------------------------------------------------------------- */

void fact_outbox_yield(struct fact_outbox *o, bool on)
{
    o->yields = on;
}

void fact_outbox_store_is_back(struct fact_outbox *o)
{
    o->retry_ms = RETRY_FIRST_MS;
    if (o->retry.armed) /* otherwise a question or a batch is under way */
        loop_timer_start(&o->retry, 0);
}

void outbox_ship_init(struct fact_outbox *o)
{
    o->limit = BATCH_MAX;
    o->retry_ms = RETRY_FIRST_MS;
    o->looked_us = clock_us(CLOCK_MONOTONIC);
    o->used_us = clock_us(CLOCK_THREAD_CPUTIME_ID);
    loop_timer_init(&o->retry, o->loop, retry, o);
    metric_register(&facts_rejected);
}

void outbox_ship_begin(struct fact_outbox *o)
{
    o->more = true;
    loop_timer_start(&o->retry, 0);
}

void outbox_ship_stop(struct fact_outbox *o)
{
    struct outbox_ask last = {.after = o->shipped, .delete_through = o->shipped};

    if (!o->asked && o->shipped > o->deleted)
        ask(o, &last);
    o->closing = true;
    if (o->request)
        store_cancel(o->request);
}

void outbox_ship_done(struct fact_outbox *o)
{
    loop_timer_done(&o->retry);
    drop(&o->sent);
    drop(&o->next);
}
