/* Private to store: the outbox's two parties and what they say to each other. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hotlined/fact.h>
#include <hotlined/loop.h>

struct outbox_db;
struct pending;
struct store_request;

struct outbox_batch {
    char *json; /* owned: a JSON array; NULL = none */
    int count;
    int64_t last; /* sequence of its last fact */
};

/* What the shipper asks of the thread; one at a time. */
struct outbox_ask {
    int64_t delete_through; /* first; 0 = nothing */
    int64_t after;          /* then the facts behind this one */
    int limit;
    bool reject;   /* instead of both: the one fact behind `after` is put aside */
    char why[200]; /* reject */
};

enum outbox_news { NEWS_ANSWER, NEWS_COMMITTED, NEWS_TROUBLE, NEWS_FULL, NEWS_OVER };

struct outbox_note { /* from the thread to the loop */
    struct fact_outbox *outbox;
    enum outbox_news news;
    struct outbox_ask ask; /* NEWS_ANSWER: to what */
    struct outbox_batch batch;
    int err;
};

struct fact_outbox {
    struct loop *loop;
    struct store *store;
    struct fact_handlers handlers;
    void *arg;
    struct outbox_db *db;
    pthread_t thread;
    bool thread_runs;

    pthread_mutex_t lock; /* guards from here to full_said */
    pthread_cond_t wanted;
    struct pending *first, **last;
    unsigned held, held_max;
    bool ask_open;
    struct outbox_ask ask;
    bool stopping;
    bool full_said;

    _Atomic uint64_t pending; /* emitted and not yet in PostgreSQL */
    _Atomic bool trouble;

    /* the shipper, on the loop */
    struct loop_timer retry;
    unsigned retry_ms;
    bool asked;                     /* the thread has a question of ours */
    bool more;                      /* there may be facts behind read_to */
    bool yields;                    /* overload: others have more to do */
    uint64_t arrived;               /* facts that PostgreSQL took, or that were put aside */
    uint64_t sent_ms;               /* when a batch was sent last: monotonic */
    bool busy;                      /* so it was between the last two looks at the loop's thread */
    int64_t looked_us, used_us;     /* the last look: monotonic clock, processor time of the loop */
    bool closing;                   /* answers find nobody */
    int limit;                      /* batch size now; shrinks while a bad fact is searched */
    struct outbox_batch sent, next; /* being ingested; read meanwhile */
    struct outbox_ask reject;       /* a fact to be put aside as soon as nothing is asked */
    int64_t read_to;                /* the last fact that was read */
    int64_t shipped;                /* up to here PostgreSQL has all */
    int64_t deleted;                /* up to here the file has none */
    struct store_request *request;
};

/* outbox_ship.c */
void outbox_ship_init(struct fact_outbox *o);
void outbox_ship_begin(struct fact_outbox *o);
void outbox_ship_stop(struct fact_outbox *o); /* what is open finds nobody */
void outbox_ship_done(struct fact_outbox *o);
void outbox_note_arrived(void *note); /* owned by it from then on */

#endif
