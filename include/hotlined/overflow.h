/* What a queue does with callers it cannot serve (ACD-02, SCN-03), and how long those will wait who
 * stay. Pure: no I/O, no clock. */
#ifndef HOTLINED_OVERFLOW_H
#define HOTLINED_OVERFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

#define OVERFLOW_RULES     8
#define OVERFLOW_NAME_SIZE 48

enum overflow_when {
    OVERFLOW_WAITED,   /* longer than limit ms in this queue */
    OVERFLOW_LENGTH,   /* he comes and more than limit would wait, himself included */
    OVERFLOW_NO_AGENT, /* nobody signed in serves it */
    OVERFLOW_CLOSED    /* outside the hours of a calendar */
};

struct overflow_rule {
    enum overflow_when when;
    uint32_t limit;
    char calendar[OVERFLOW_NAME_SIZE];
    int32_t queue_id;              /* where he goes to, of the same center; 0 = to: */
    char node[OVERFLOW_NAME_SIZE]; /* of the flow the call runs: voicemail, call-back, bot ... */
};

struct overflow_rules { /* in the order in which they are asked */
    struct overflow_rule rule[OVERFLOW_RULES];
    uint8_t count;
};

/* [{"when":"waited","after_ms":60000,"queue_id":6}, {"when":"length","length":10,"node":"bot"},
 *  {"when":"no_agent","node":"voicemail"}, {"when":"closed","calendar":"default","queue_id":6}].
 * Problems are Chinese lines; returns their number. */
int overflow_parse(const char *json, size_t length, struct overflow_rules *ret_rules,
                   struct text *problems);

struct overflow_facts {
    bool entering; /* he comes now, and has not waited here yet */
    uint64_t waited_ms;
    uint32_t waiting; /* in the queue, himself included */
    uint32_t signed_in;
    uint8_t closed; /* by number of the rule: its calendar says closed */
    uint8_t tried;  /* by number of the rule: did not take him, or gave him back */
};
/* The first rule that holds and was not tried, or -1. */
int overflow_pick(const struct overflow_rules *rules, const struct overflow_facts *facts);

/* --- how long it takes ---------------------------------------------------------------------- */

/* The rate at which a queue is served, measured while it never ran empty: time from one answer to
 * the next, smoothed. */
struct pace {
    uint64_t
        last_at; /* monotonic ms of the last answer after which somebody still waited; 0 = none */
    uint32_t gap_ms, samples;
};
#define PACE_SAMPLES 3 /* fewer say nothing */
#define PACE_UNKNOWN UINT32_MAX

/* A caller was answered and so many still wait. */
void pace_answered(struct pace *pace, uint64_t now, uint32_t waiting);
/* The wait of who is at this place of the queue (1 = next) from now on, PACE_UNKNOWN. */
uint32_t pace_wait_ms(const struct pace *pace, uint32_t position);

#endif
