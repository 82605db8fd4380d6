/* Private to telephony: calls that wait, and the ACD engine's commands carried out. */
#ifndef TELEPHONY_WAITING_H
#define TELEPHONY_WAITING_H

#include <stdbool.h>
#include <stdint.h>

struct acd_preferred;
struct call;
struct dir_queue;
struct telephony;

/* A caller given back goes before everybody else. */
#define RETURN_PRIORITY 100

/* Carries out what the engine just said (and what that leads to). After every acd_ function. */
void acd_carry_out(struct telephony *t);
bool waiting_is_open(const struct call *call, const struct dir_queue *queue);
/* preferred: NULL = for everybody. 0 or a negative errno: waiting.c says what they mean. */
int waiting_enter(struct telephony *t, struct call *call, const char *queue_code, int32_t priority,
                  const char *music, const struct acd_preferred *preferred);
/* A caller who was talking waits again, before everybody else and with its first entry time. */
void waiting_return(struct telephony *t, struct call *call, const struct dir_queue *queue);
/* kpi E16: he waits no more, but his visit to the queue goes on until something takes him (a task
 * of the flow, another queue) or the call ends: waiting_taken() says what, and does nothing when he
 * is in no visit. */
void waiting_stop(struct telephony *t, struct call *call);
void waiting_taken(struct telephony *t, struct call *call, const char *outcome);
/* Goes on waiting in another queue of the center, with its first entry time, its priority and its
 * music. False: that one is full. */
bool waiting_move(struct telephony *t, struct call *call, const struct dir_queue *target,
                  const char *outcome);
void waiting_unlink(struct telephony *t, struct call *call);
void acd_timer_fired(void *arg);
void waiting_music(struct telephony *t, struct call *call);

#endif
