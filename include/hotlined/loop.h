/* The one event loop of the control thread.
 *
 * Every call, queue, agent, ticket and HTTP request lives on the thread that runs loop_run().
 * Code on it needs no locks and must never wait. A turn of the loop is:
 *
 *   1. every registered "turn" function (sofia-sip's root, libmicrohttpd) runs;
 *   2. deferred functions run (objects parked for destruction, answers promised for "later"); the
 *      turn functions run again before the loop sleeps;
 *   3. flush functions run (commands gathered for other threads go out);
 *   4. the loop sleeps until a descriptor, a timer, or a post from another thread is due.
 *
 * Only base/loop.c knows that libevent is underneath; devices that own descriptors may ask for
 * the event_base. tests/sim replaces this file with a virtual-time implementation, so code that
 * is to be simulated uses nothing but this header for time and waiting. */
#ifndef HOTLINED_LOOP_H
#define HOTLINED_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct event_base;
struct event;

typedef void loop_call_h(void *arg);

/* A function that runs in every turn before the loop sleeps.
 * Returns the longest time in ms the loop may sleep, or -1 for "no opinion". 0 polls. */
typedef int loop_turn_h(void *arg);

int loop_create(struct loop **ret_loop);
void loop_destroy(struct loop *loop);

/* Runs until loop_stop(), which may come before: then it returns at once. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One turn, sleeping at most max_wait_ms. For tests and for draining at shutdown. */
void loop_run_once(struct loop *loop, int max_wait_ms);

struct event_base *loop_event_base(struct loop *loop);

/* Registers a turn function; they run in the order of registration. Returns 0 or -ENOMEM. */
int loop_add_turn(struct loop *loop, loop_turn_h *turn, void *arg);
void loop_remove_turn(struct loop *loop, loop_turn_h *turn, void *arg);

/* Runs after all turn functions, right before the loop sleeps: what was gathered for another thread
 * in this turn goes there at once instead of piece by piece. Returns 0 or -ENOMEM. */
int loop_add_flush(struct loop *loop, loop_call_h *flush, void *arg);
void loop_remove_flush(struct loop *loop, loop_call_h *flush, void *arg);

/* Monotonic time in ms, read once per turn. Never goes back; unrelated to the wall clock. */
uint64_t loop_now_ms(const struct loop *loop);

/* Wall clock, UTC, ms since 1970. For facts and for people, never for measuring durations. Never
 * goes back: after the machine's was set back, it goes at half speed until that has caught up. */
int64_t loop_wall_ms(const struct loop *loop);

/* Wall time goes on from there at least, if that is not too far off: a process before this one had
 * come as far, and nothing of this one is to be older than what that one left. */
void loop_wall_from(struct loop *loop, int64_t wall_ms);

/* Runs fn(arg) later in this turn or at the start of the next, exactly once, never inside the
 * caller. This is how "a callback never comes before the function returned" is kept. */
void loop_defer(struct loop *loop, loop_call_h *fn, void *arg);

/* The same from any thread. Order of posts of one thread is kept. Returns 0 or -ENOMEM. */
int loop_post(struct loop *loop, loop_call_h *fn, void *arg);

/* --- timers ------------------------------------------------------------------------------- */

/* A one-shot timer, embedded in the object that owns it. Zeroed memory is a timer that was
 * never initialised; loop_timer_stop() on it does nothing. */
struct loop_timer {
    struct loop *loop;
    loop_call_h *fn;
    void *arg;
    struct event *ev; /* owned; NULL until first started. Simulations use it as they like. */
    bool armed;
};

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_call_h *fn, void *arg);
/* Starts or restarts. delay_ms 0 fires in the next turn. The handler may restart it. */
void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
/* Stops and releases what the timer owns. Call before the owner is freed. */
void loop_timer_done(struct loop_timer *timer);

#endif
