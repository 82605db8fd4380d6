/* What waits is looked for, heard in its turn, and what came of it is stored. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/config.h>
#include <hotlined/directory.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/recognition.h>
#include <hotlined/store.h>
#include <hotlined/text.h>
#include <hotlined/worker.h>

#include "recognition/room.h"

#define LOOK_EVERY_MS 10000 /* for what was put off, and what nobody told us of */
#define LOOK_SOON_MS  50    /* several changes are one look */
#define SEEN_EACH     16    /* of a center, beside what is heard: more wait in the database */

enum job_state { JOB_HEARD, JOB_STORED, JOB_KEPT }; /* kept: PostgreSQL was away */

struct job {
    struct job *next;
    struct recognition *recognition;
    int32_t center_id;
    struct uuid id;
    struct hearing hearing;
    uint64_t began_ms;
    enum job_state state;
    struct store_request *request; /* while it is stored */
};

struct center_waiting {
    int32_t center_id;
    uint32_t count;
};

struct recognition {
    struct loop *loop;
    const struct config *config;
    struct store *store;
    struct directory *directory;
    struct asr_options engine;
    atomic_bool stop;            /* read by the threads */
    struct worker_pool *workers; /* NULL: no engine */
    struct pool pool;
    struct waiting *waiting; /* owned: the first of each center */
    size_t count;
    struct center_waiting centers[POOL_CENTERS];
    size_t center_count;
    struct job *jobs;
    struct store_request *request; /* a look */
    bool stored;                   /* something was, since it began: it may not know of that */
    struct loop_timer timer;
    uint64_t look_at_ms; /* when it fires */
};

static struct metric metric_done = {.name = "hotlined_transcripts_total",
                                    .labels = "result=\"done\"",
                                    .help = "Messages heard by the engine, by what came of it.",
                                    .kind = METRIC_COUNTER};
static struct metric metric_failed = {.name = "hotlined_transcripts_total",
                                      .labels = "result=\"failed\"",
                                      .help = "Messages heard by the engine, by what came of it.",
                                      .kind = METRIC_COUNTER};

static void store_outcome(struct job *job);

/* The sooner of two looks is the next one. */
static void look_within(struct recognition *r, uint64_t ms)
{
    uint64_t at_ms = loop_now_ms(r->loop) + ms;

    if (atomic_load(&r->stop) || (r->timer.armed && r->look_at_ms <= at_ms))
        return;
    r->look_at_ms = at_ms;
    loop_timer_start(&r->timer, ms);
}

/* --- what is heard -------------------------------------------------------------------------- */

static struct pool_rule rule_of(const struct recognition *r)
{
    struct pool_rule rule = {.capacity = recognition_capacity(r)};

    rule.shares = directory_pool_shares(r->directory, POOL_ASR, &rule.count);
    return rule;
}

static void drop(struct job *job)
{
    struct job **at = &job->recognition->jobs;

    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    hearing_done(&job->hearing);
    free(job);
}

static bool is_in_hand(const struct recognition *r, const struct uuid *id)
{
    for (const struct job *job = r->jobs; job; job = job->next)
        if (uuid_equal(&job->id, id))
            return true;
    return false;
}

static void work(void *arg)
{
    struct job *job = arg;

    hear(&job->hearing);
}

static void heard(void *arg, int cancelled)
{
    struct job *job = arg;
    struct recognition *r = job->recognition;

    pool_give(&r->pool, job->center_id);
    if (cancelled || job->hearing.err == -ECANCELED || atomic_load(&r->stop)) {
        drop(job); /* it waits on, and is found again */
        return;
    }
    store_outcome(job);
    recognition_look(r);
}

/* A session was taken. False: it was given back, there was no memory. */
static bool begin(struct recognition *r, struct waiting *waiting)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job)
        *job = (struct job){.next = r->jobs,
                            .recognition = r,
                            .center_id = waiting->center_id,
                            .id = waiting->id,
                            .hearing = {.engine = &r->engine,
                                        .dir = r->config->recording_dir,
                                        .path = waiting->path,
                                        .result = {.confidence = -1}},
                            .began_ms = loop_now_ms(r->loop)};
    if (!job || worker_submit(r->workers, work, heard, job)) {
        free(job);
        pool_give(&r->pool, waiting->center_id);
        return false;
    }
    waiting->path = NULL;
    r->jobs = job;
    return true;
}

static void forget(struct recognition *r, size_t index)
{
    free(r->waiting[index].path);
    memmove(&r->waiting[index], &r->waiting[index + 1],
            (--r->count - index) * sizeof(r->waiting[0]));
}

/* Who is left waits for a session, and that is counted: once for each. */
static void count_who_waits(struct recognition *r, const struct pool_rule *rule)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->waiting[i].told)
            r->waiting[i].told = !pool_take(&r->pool, rule, r->waiting[i].center_id);
}

static void begin_all(struct recognition *r)
{
    struct pool_rule rule = rule_of(r);
    size_t next;

    while ((next = turn_next(r->waiting, r->count, &r->pool, &rule)) != SIZE_MAX) {
        if (!pool_take(&r->pool, &rule, r->waiting[next].center_id) || !begin(r, &r->waiting[next]))
            return;
        forget(r, next);
    }
    count_who_waits(r, &rule);
}

/* --- what came of it ------------------------------------------------------------------------ */

static bool may_be_stored_later(enum store_status status)
{
    return status == STORE_UNAVAILABLE || status == STORE_UNKNOWN || status == STORE_TIMEOUT ||
           status == STORE_CONFLICT;
}

static void say(const struct job *job)
{
    const struct recognition *r = job->recognition;
    const struct hearing *h = &job->hearing;

    if (h->err)
        log_warn("recognition", "failed", "recording=%s center=%d error=%d why=%s",
                 UUID_TEXT(&job->id), job->center_id, h->err, log_safe(h->why));
    else
        log_info("recognition", "done", "recording=%s center=%d took_ms=%llu bytes=%zu",
                 UUID_TEXT(&job->id), job->center_id,
                 (unsigned long long)(loop_now_ms(r->loop) - job->began_ms),
                 strlen(h->result.text));
    metric_add(h->err ? &metric_failed : &metric_done, 1);
}

static const char not_storable[] = "识别的结果不能保存";

static void stored(const struct store_result *result, void *arg)
{
    struct job *job = arg;
    struct recognition *r = job->recognition;
    enum store_status status = store_status(result);

    job->request = NULL;
    if (status == STORE_OK) {
        if (job->hearing.err && store_rows(result) && !store_is_null(result, 0, 0))
            look_within(r, (uint64_t)store_int(result, 0, 0)); /* it is tried again */
        say(job);
        drop(job);
        r->stored = true;
        return;
    }
    log_warn("recognition", "not_stored", "recording=%s status=%d", UUID_TEXT(&job->id), status);
    if (may_be_stored_later(status)) {
        job->state = JOB_KEPT;
    } else if (strcmp(job->hearing.why, not_storable) == 0) {
        drop(job); /* found again at the next look */
    } else {
        job->hearing.err = -EINVAL;
        (void)text_copy(job->hearing.why, sizeof(job->hearing.why), not_storable);
        store_outcome(job);
    }
    look_within(r, LOOK_EVERY_MS);
}

static void add_outcome(const struct job *job, struct store_params *params, const char *confidence)
{
    const struct config *c = job->recognition->config;
    const struct hearing *h = &job->hearing;

    store_param_uuid(params, &job->id);
    store_param_text(params, h->err ? h->why : h->result.text);
    if (h->err) {
        store_param_int(params, c->asr_tries);
        store_param_int(params, c->asr_retry_s);
        store_param_bool(params, h->for_good);
        return;
    }
    store_param_text(params, h->result.engine);
    if (h->result.confidence < 0)
        store_param_null(params);
    else
        store_param_text(params, confidence);
}

static void store_outcome(struct job *job)
{
    struct recognition *r = job->recognition;
    struct store_params params = {0};
    char confidence[40];

    snprintf(confidence, sizeof(confidence), "%.4f", job->hearing.result.confidence);
    add_outcome(job, &params, confidence);
    job->state = JOB_STORED;
    if (store_query(r->store, STORE_SLOW,
                    job->hearing.err ? STMT_TRANSCRIPT_FAILED : STMT_TRANSCRIPT_DONE,
                    &STORE_SCOPE_DAEMON, &params, stored, job, &job->request)) {
        job->state = JOB_KEPT;
        look_within(r, LOOK_EVERY_MS);
    }
}

/* --- who waits ------------------------------------------------------------------------------ */

static bool was_told(const struct recognition *r, const struct uuid *id)
{
    for (size_t i = 0; i < r->count; i++)
        if (uuid_equal(&r->waiting[i].id, id))
            return r->waiting[i].told;
    return false;
}

static void count_center(struct recognition *r, int32_t center_id, uint32_t waiting)
{
    if (r->center_count && r->centers[r->center_count - 1].center_id == center_id)
        return;
    if (r->center_count < POOL_CENTERS)
        r->centers[r->center_count++] = (struct center_waiting){center_id, waiting};
}

static void leave_out(struct recognition *r, int32_t center_id)
{
    for (size_t i = 0; i < r->center_count; i++)
        if (r->centers[i].center_id == center_id && r->centers[i].count)
            r->centers[i].count--;
}

static void free_waiting(struct waiting *waiting, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(waiting[i].path);
    free(waiting);
}

/* Rows come by center; what is in hand is among them, for it waits until its text is stored. */
static void take_rows(struct recognition *r, const struct store_result *result)
{
    size_t rows = (size_t)store_rows(result), count = 0;
    struct waiting *waiting = calloc(rows + 1, sizeof(*waiting));

    if (!waiting)
        return;
    r->center_count = 0;
    for (size_t i = 0; i < rows; i++) {
        int row = (int)i;
        struct waiting one = {.center_id = (int32_t)store_int(result, row, 1),
                              .since_us = store_int(result, row, 2)};
        count_center(r, one.center_id, (uint32_t)store_int(result, row, 4));
        if (uuid_parse(store_text(result, row, 0), &one.id) || is_in_hand(r, &one.id)) {
            leave_out(r, one.center_id);
            continue;
        }
        one.told = was_told(r, &one.id);
        one.path = strdup(store_text(result, row, 3));
        if (one.path)
            waiting[count++] = one;
    }
    free_waiting(r->waiting, r->count);
    r->waiting = waiting;
    r->count = count;
}

static void due_known(const struct store_result *result, void *arg)
{
    struct recognition *r = arg;

    r->request = NULL;
    if (store_status(result) == STORE_OK && !r->stored && !atomic_load(&r->stop)) {
        take_rows(r, result);
        begin_all(r);
    }
    look_within(r, r->stored ? LOOK_SOON_MS : LOOK_EVERY_MS);
}

static void store_kept(struct recognition *r)
{
    for (struct job *job = r->jobs, *next; job; job = next) {
        next = job->next;
        if (job->state == JOB_KEPT)
            store_outcome(job);
    }
}

static void look(void *arg)
{
    struct recognition *r = arg;
    struct store_params params = {0};

    look_within(r, r->request ? LOOK_SOON_MS : LOOK_EVERY_MS);
    if (!store_is_available(r->store) || !directory_is_ready(r->directory) || r->request ||
        atomic_load(&r->stop))
        return;
    store_kept(r);
    r->stored = false;
    store_param_int(&params, SEEN_EACH + r->config->asr_sessions);
    if (store_query(r->store, STORE_SLOW, STMT_TRANSCRIPTS_DUE, &STORE_SCOPE_DAEMON, &params,
                    due_known, r, &r->request))
        log_warn("recognition", "not_looked", "why=busy");
}

void recognition_look(struct recognition *r)
{
    if (r->workers)
        look_within(r, LOOK_SOON_MS);
}

/* --- for others, and life ------------------------------------------------------------------- */

bool recognition_is_configured(const struct recognition *r)
{
    return r->workers != NULL;
}

const struct pool *recognition_pool(const struct recognition *r)
{
    return &r->pool;
}

uint32_t recognition_capacity(const struct recognition *r)
{
    return r->workers ? (uint32_t)r->config->asr_sessions : 0;
}

uint32_t recognition_waiting(const struct recognition *r, int32_t center_id)
{
    for (size_t i = 0; i < r->center_count; i++)
        if (r->centers[i].center_id == center_id)
            return r->centers[i].count;
    return 0;
}

int recognition_create(struct loop *loop, const struct config *config, struct store *store,
                       struct directory *directory, struct recognition **ret_recognition)
{
    struct recognition *r = calloc(1, sizeof(*r));
    int err = 0;

    if (!r)
        return -ENOMEM;
    r->loop = loop;
    r->config = config;
    r->store = store;
    r->directory = directory;
    r->engine = (struct asr_options){config->asr_engine, config->asr_command, config->asr_url,
                                     config->asr_timeout_s * 1000, &r->stop};
    metric_register(&metric_done);
    metric_register(&metric_failed);
    loop_timer_init(&r->timer, loop, look, r);
    if (asr_is_configured(&r->engine))
        err = worker_pool_create(loop, (unsigned)config->asr_sessions,
                                 (unsigned)config->asr_sessions, &r->workers);
    if (err) {
        recognition_destroy(r);
        return err;
    }
    recognition_look(r);
    *ret_recognition = r;
    return 0;
}

void recognition_destroy(struct recognition *r)
{
    if (!r)
        return;
    atomic_store(&r->stop, true);
    loop_timer_done(&r->timer);
    worker_pool_destroy(r->workers); /* runs the loop once */
    if (r->request)
        store_cancel(r->request);
    while (r->jobs) {
        if (r->jobs->request)
            store_cancel(r->jobs->request);
        drop(r->jobs);
    }
    free_waiting(r->waiting, r->count);
    free(r);
}
