/* The outbox: facts are journalled by a thread of its own and shipped in order from the loop.
 *
 * Two parties. The thread (here) owns the SQLite file: it commits what was emitted, in groups, and
 * reads or deletes batches when asked. The shipper (outbox_ship.c) lives on the loop. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/store.h>
#include <hotlined/text.h>

#include "store/outbox.h"
#include "store/outbox_db.h"

#define ROW_MAX      100    /* facts in a row of the file, some 35 KB */
#define HELD_MAX     200000 /* facts kept in memory while the disk refuses them */
#define HELD_FULL_OF 4 /* no new calls from three quarters on: the rest is for those under way */
#define RETRY_DISK_S 1
#define GROUP_MS     5 /* under load facts are committed together, this often at most */

struct pending {
    struct pending *next;
    char json[];
};

static struct metric facts_total = {"hotlined_facts_total", NULL, "Facts journalled.",
                                    METRIC_COUNTER,         0,    NULL};

/* --- the thread ----------------------------------------------------------------------------- */

/* Comes for certain: the shipper waits for its answers. */
static void tell(struct fact_outbox *o, struct outbox_note note)
{
    static const struct timespec pause = {0, 10 * 1000 * 1000};
    struct outbox_note *copy;

    while (!(copy = malloc(sizeof(*copy))))
        nanosleep(&pause, NULL);
    *copy = note;
    copy->outbox = o;
    while (loop_post(o->loop, outbox_note_arrived, copy))
        nanosleep(&pause, NULL);
}

static int write_row(struct fact_outbox *o, struct text *row, int count)
{
    int err = row->failed ? -ENOMEM : outbox_db_add(o->db, row->data, count);

    text_clear(row);
    return err;
}

/* Many facts to a row. One that holds what stands between them is no JSON and no fact of ours: it
 * goes alone, so that it is not taken for two. */
static int write_rows(struct fact_outbox *o, struct pending *group, struct text *row)
{
    int err = 0, count = 0;

    for (struct pending *p = group; p && !err; p = p->next) {
        bool alone = strchr(p->json, OUTBOX_DB_BETWEEN) != NULL;
        if (count && (alone || count == ROW_MAX)) {
            err = write_row(o, row, count);
            count = 0;
        }
        if (count)
            text_add_bytes(row, &(char){OUTBOX_DB_BETWEEN}, 1);
        text_add(row, p->json);
        count++;
        if (!err && (alone || !p->next)) {
            err = write_row(o, row, count);
            count = 0;
        }
    }
    return err;
}

static int write_group(struct fact_outbox *o, struct pending *group)
{
    struct text row = {0};
    int err = outbox_db_begin(o->db);

    if (err)
        return err;
    err = write_rows(o, group, &row);
    text_done(&row);
    if (!err)
        return outbox_db_commit(o->db);
    outbox_db_rollback(o->db); /* the group is written again as a whole */
    return err;
}

static unsigned free_group(struct pending *group)
{
    unsigned count = 0;

    while (group) {
        struct pending *next = group->next;
        free(group);
        group = next;
        count++;
    }
    return count;
}

/* Puts a group the disk refused back to the front. */
static void give_back(struct fact_outbox *o, struct pending *group)
{
    struct pending **tail = &group;

    while (*tail)
        tail = &(*tail)->next;
    pthread_mutex_lock(&o->lock);
    *tail = o->first;
    if (!o->first)
        o->last = tail;
    o->first = group;
    pthread_mutex_unlock(&o->lock);
}

static bool journal(struct fact_outbox *o, struct pending *group)
{
    int err = write_group(o, group);
    bool was_trouble = atomic_exchange(&o->trouble, err != 0);
    unsigned count;

    if (err) {
        give_back(o, group);
        if (!was_trouble)
            tell(o, (struct outbox_note){.news = NEWS_TROUBLE, .err = err});
        return false;
    }
    count = free_group(group);
    pthread_mutex_lock(&o->lock);
    o->held -= count;
    o->full_said = false;
    pthread_mutex_unlock(&o->lock);
    metric_add(&facts_total, count);
    if (was_trouble)
        tell(o, (struct outbox_note){.news = NEWS_OVER});
    tell(o, (struct outbox_note){.news = NEWS_COMMITTED});
    return true;
}

/* Deletes what PostgreSQL has, and reads on. */
static void serve(struct fact_outbox *o, const struct outbox_ask *ask)
{
    struct outbox_note note = {.news = NEWS_ANSWER, .ask = *ask};
    struct text json = {0};

    if (ask->reject) {
        note.err = outbox_db_reject(o->db, ask->after, ask->why);
    } else {
        if (ask->delete_through)
            note.err = outbox_db_delete_through(o->db, ask->delete_through);
        if (!note.err) {
            note.batch.count =
                outbox_db_batch(o->db, ask->after, ask->limit, &json, &note.batch.last);
            note.err = note.batch.count < 0 ? note.batch.count : 0;
            note.batch.json = text_take(&json);
        }
    }
    tell(o, note);
}

/* Waits for something to do. Facts the disk refused wait for retry_at (0 = nothing was refused),
 * however many come meanwhile. Returns whether facts may be written now. */
static bool wait_for_work(struct fact_outbox *o, const struct timespec *retry_at)
{
    bool refused = retry_at->tv_sec != 0, due = false;

    while (!o->ask_open && !o->stopping && !due && (refused || !o->first)) {
        if (refused)
            due = pthread_cond_timedwait(&o->wanted, &o->lock, retry_at) == ETIMEDOUT;
        else
            pthread_cond_wait(&o->wanted, &o->lock);
    }
    return !refused || due || o->stopping;
}

/* A fact that comes alone is committed at once; those that follow within GROUP_MS of a commit share
 * the next one, which costs hundreds of calls a second less than one commit for each fact. */
static void gather(struct fact_outbox *o, const struct timespec *next_group)
{
    int err = 0;

    while (!o->ask_open && !o->stopping && err != ETIMEDOUT)
        err = pthread_cond_timedwait(&o->wanted, &o->lock, next_group);
}

static struct timespec ms_from_now(int ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

static struct pending *take_group(struct fact_outbox *o)
{
    struct pending *group = o->first;

    o->first = NULL;
    o->last = &o->first;
    return group;
}

static void *outbox_thread(void *arg)
{
    struct fact_outbox *o = arg;
    struct timespec retry_at = {0}, next_group = {0};

    pthread_mutex_lock(&o->lock);
    for (;;) {
        bool may_write = wait_for_work(o, &retry_at);
        if (may_write && o->first)
            gather(o, &next_group);
        struct pending *group = may_write ? take_group(o) : NULL;
        bool asked = o->ask_open;
        struct outbox_ask ask = o->ask;

        o->ask_open = false;
        if (!group && !asked && o->stopping)
            break;
        pthread_mutex_unlock(&o->lock);
        if (group && journal(o, group)) {
            retry_at.tv_sec = 0;
            next_group = ms_from_now(GROUP_MS);
        } else if (group) {
            retry_at = ms_from_now(RETRY_DISK_S * 1000);
        }
        if (asked)
            serve(o, &ask);
        pthread_mutex_lock(&o->lock);
        if (retry_at.tv_sec && o->stopping)
            break; /* the disk takes nothing: fact_outbox_close() says how many are lost */
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

/* --- emitting ------------------------------------------------------------------------------- */

/* The fact in its envelope, as ingest_facts() takes it. NULL: no memory. */
static struct pending *pack(const struct uuid *id, int32_t center_id, int64_t wall_ms,
                            const char *kind, const char *payload_json)
{
    size_t payload = strlen(payload_json);
    struct pending *fact;
    char head[192], buf[UUID_TEXT_SIZE];
    int n = snprintf(head, sizeof(head),
                     "{\"id\":\"%s\",\"center_id\":%d,\"at_ms\":%lld,\"kind\":\"%s\",\"payload\":",
                     uuid_text(id, buf), center_id, (long long)wall_ms, kind);

    if (n < 0 || (size_t)n >= sizeof(head)) /* no kind of ours is that long */
        return NULL;
    fact = malloc(sizeof(*fact) + (size_t)n + payload + 2);
    if (!fact)
        return NULL;
    memcpy(fact->json, head, (size_t)n);
    memcpy(fact->json + n, payload_json, payload);
    memcpy(fact->json + (size_t)n + payload, "}", 2);
    fact->next = NULL;
    return fact;
}

void fact_emit(struct fact_outbox *o, const struct uuid *id, int32_t center_id, int64_t wall_ms,
               const char *kind, const char *payload_json)
{
    struct pending *fact = pack(id, center_id, wall_ms, kind, payload_json);
    bool full, say_full;

    if (!fact) {
        log_error("outbox", "fact_lost", "kind=%s why=no_memory", kind);
        return;
    }
    pthread_mutex_lock(&o->lock);
    full = o->held >= o->held_max;
    if (!full) {
        bool first = !o->first;
        *o->last = fact;
        o->last = &fact->next;
        o->held++;
        atomic_fetch_add(&o->pending, 1);
        if (first) /* else the thread knows, or the disk refuses them and it waits for a time */
            pthread_cond_signal(&o->wanted);
    }
    say_full = o->held >= o->held_max - o->held_max / HELD_FULL_OF && !o->full_said;
    o->full_said = o->full_said || say_full;
    pthread_mutex_unlock(&o->lock);
    if (say_full)
        tell(o, (struct outbox_note){.news = NEWS_FULL});
    if (full) {
        log_error("outbox", "fact_lost", "kind=%s why=full fact=%s", kind, log_safe(fact->json));
        free(fact);
    }
}

uint64_t fact_outbox_pending(const struct fact_outbox *o)
{
    return atomic_load(&((struct fact_outbox *)o)->pending);
}

uint64_t fact_outbox_now(const struct fact_outbox *o)
{
    return o->arrived + fact_outbox_pending(o);
}

uint64_t fact_outbox_left(const struct fact_outbox *o, uint64_t number)
{
    return number > o->arrived ? number - o->arrived : 0;
}

/* --- life ----------------------------------------------------------------------------------- */

/* A drill does not wait for a day's facts. */
static unsigned most_held(void)
{
    const char *text = getenv("HOTLINED_OUTBOX_HELD");
    int64_t held = HELD_MAX;

    if (text && text_to_int(text, 100, HELD_MAX, &held))
        log_warn("outbox", "held", "reason=HOTLINED_OUTBOX_HELD_is_no_number_of_facts");
    return (unsigned)held;
}

int fact_outbox_open(struct loop *loop, struct store *store, const char *path,
                     const struct fact_handlers *handlers, void *arg,
                     struct fact_outbox **ret_outbox)
{
    struct fact_outbox *o = calloc(1, sizeof(*o));
    pthread_condattr_t clock;
    int err, moved = 0;

    if (!o)
        return -ENOMEM;
    o->loop = loop;
    o->store = store;
    o->handlers = *handlers;
    o->arg = arg;
    o->last = &o->first;
    o->held_max = most_held();
    pthread_mutex_init(&o->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&o->wanted, &clock);
    pthread_condattr_destroy(&clock);
    outbox_ship_init(o);
    metric_register(&facts_total);
    err = outbox_db_open(path, &o->db, &moved);
    if (moved)
        log_error("outbox", "broken_file", "path=%s what=moved_aside", path);
    if (!err) {
        atomic_store(&o->pending, (uint64_t)outbox_db_count(o->db));
        err = -pthread_create(&o->thread, NULL, outbox_thread, o);
        o->thread_runs = !err;
        if (!err)
            (void)pthread_setname_np(o->thread, "outbox");
    }
    if (err) {
        fact_outbox_close(o, 0);
        return err;
    }
    outbox_ship_begin(o); /* what the last process left */
    *ret_outbox = o;
    return 0;
}

static void stop_thread(struct fact_outbox *o)
{
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_signal(&o->wanted);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
}

void fact_outbox_close(struct fact_outbox *o, int timeout_ms)
{
    uint64_t end;
    unsigned lost;

    if (!o)
        return;
    end = loop_now_ms(o->loop) + (uint64_t)timeout_ms;
    while (o->thread_runs && fact_outbox_pending(o) && store_is_available(o->store) &&
           loop_now_ms(o->loop) < end)
        loop_run_once(o->loop, 20);
    outbox_ship_stop(o);
    if (o->thread_runs) {
        stop_thread(o);
        loop_run_once(o->loop, 0); /* the last notes find us still here */
    }
    lost = free_group(o->first);
    if (lost)
        log_error("outbox", "facts_lost", "count=%u why=disk", lost);
    outbox_ship_done(o);
    outbox_db_close(o->db);
    pthread_cond_destroy(&o->wanted);
    pthread_mutex_destroy(&o->lock);
    free(o);
}
