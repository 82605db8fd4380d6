/* Private to telephony: those who wait: overflow rules carried out, announcements. */
#ifndef TELEPHONY_QUEUEING_H
#define TELEPHONY_QUEUEING_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct dir_queue;
struct telephony;

#define OVERFLOW_HOPS 3 /* of one call: queues may overflow into each other */

struct queueing_way {              /* where a rule leads to */
    const struct dir_queue *queue; /* NULL = the node */
    uint16_t node;
};
/* Before the call enters the queue: true = a rule leads it elsewhere. */
bool queueing_at_door(struct telephony *t, struct call *call, const struct dir_queue *queue,
                      struct queueing_way *ret_way);
/* Of the call's center, served by somebody, and not full. */
bool queueing_takes(struct telephony *t, const struct call *call, const struct dir_queue *queue);
void queueing_said(struct telephony *t, struct call *call); /* the announcement is over */
void queueing_answered(struct telephony *t, int32_t queue_id);
void queueing_watch(struct telephony *t); /* somebody waits, or rules have changed */
void queueing_timer_fired(void *arg);

#endif
