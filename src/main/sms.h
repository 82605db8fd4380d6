/* Messages that wait in the database go to the gateways of their centers, once a second as many as
 * each may get. What is under way is here only: a message is claimed for a while before it is sent,
 * so that one whose answer nobody could write down (the daemon died, the database went away) is due
 * again by itself, with the same id. */
#ifndef MAIN_SMS_H
#define MAIN_SMS_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/id.h>
#include <hotlined/loop.h>

struct query;
struct store;

/* Fewer than the questions there may be at a time (query.h), so that flows can still ask. */
#define SMS_MOST 24

struct sms_outbox {
    struct loop_timer timer;
    struct store *store;
    struct query *query; /* NULL = not started */
    struct sms_sending {
        struct sms_outbox *outbox;
        char id[UUID_TEXT_SIZE]; /* "" = free */
        int32_t center_id;
    } sending[SMS_MOST];
};

/* store and query outlive it. */
void sms_start(struct sms_outbox *outbox, struct loop *loop, struct store *store,
               struct query *query);
/* Claims nothing more; to be called before query ends, and the timer is released with
 * sms_stop(), when the store has ended. Both are harmless when it was not started. */
void sms_hold(struct sms_outbox *outbox);
void sms_stop(struct sms_outbox *outbox);

#endif
