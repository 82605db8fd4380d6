/* The loop without waiting: deferred calls run when the target says so, timers when it lets time
 * pass. */
#include <stdlib.h>

#include <hotlined/loop.h>

#include "fake_loop.h"
#include "fuzz.h"

enum { MAX_DEFERRED = 64, MAX_TIMERS = 512 };

struct loop {
    struct {
        loop_call_h *fn;
        void *arg;
    } deferred[MAX_DEFERRED];
    unsigned count;
    struct {
        struct loop_timer *timer;
        uint64_t due_ms;
    } armed[MAX_TIMERS];
    unsigned armed_count;
    uint64_t now_ms;
};

int loop_create(struct loop **ret_loop)
{
    *ret_loop = calloc(1, sizeof(**ret_loop));
    MUST(*ret_loop != NULL);
    (*ret_loop)->now_ms = 1000000;
    return 0;
}

void loop_destroy(struct loop *loop)
{
    free(loop);
}

void loop_run(struct loop *loop)
{
    (void)loop;
}

void loop_stop(struct loop *loop)
{
    (void)loop;
}

void loop_run_once(struct loop *loop, int max_wait_ms)
{
    (void)max_wait_ms;
    while (loop->count > 0) {
        loop->count--;
        loop->deferred[loop->count].fn(loop->deferred[loop->count].arg);
    }
}

struct event_base *loop_event_base(struct loop *loop)
{
    (void)loop;
    return NULL;
}

int loop_add_turn(struct loop *loop, loop_turn_h *turn, void *arg)
{
    (void)loop;
    (void)turn;
    (void)arg;
    return 0;
}

void loop_remove_turn(struct loop *loop, loop_turn_h *turn, void *arg)
{
    (void)loop;
    (void)turn;
    (void)arg;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    (void)loop;
    return 1764000000000;
}

void loop_defer(struct loop *loop, loop_call_h *fn, void *arg)
{
    MUST(loop->count < MAX_DEFERRED);
    loop->deferred[loop->count].fn = fn;
    loop->deferred[loop->count++].arg = arg;
}

int loop_post(struct loop *loop, loop_call_h *fn, void *arg)
{
    loop_defer(loop, fn, arg);
    return 0;
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_call_h *fn, void *arg)
{
    *timer = (struct loop_timer){.loop = loop, .fn = fn, .arg = arg};
}

void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms)
{
    struct loop *loop = timer->loop;

    MUST(loop && timer->fn && delay_ms < 1000ull * 86400 * 365);
    loop_timer_stop(timer);
    MUST(loop->armed_count < MAX_TIMERS);
    loop->armed[loop->armed_count].timer = timer;
    loop->armed[loop->armed_count++].due_ms = loop->now_ms + delay_ms;
    timer->armed = true;
}

void loop_timer_stop(struct loop_timer *timer)
{
    struct loop *loop = timer->loop;

    for (unsigned i = 0; timer->armed && i < loop->armed_count; i++)
        if (loop->armed[i].timer == timer) {
            loop->armed[i] = loop->armed[--loop->armed_count];
            break;
        }
    timer->armed = false;
}

void loop_timer_done(struct loop_timer *timer)
{
    loop_timer_stop(timer);
}

void fake_loop_pass(struct loop *loop, uint64_t ms)
{
    loop->now_ms += ms;
    for (unsigned i = 0, fired = 0; i < loop->armed_count && fired < MAX_TIMERS;) {
        struct loop_timer *timer = loop->armed[i].timer;

        if (loop->armed[i].due_ms > loop->now_ms) {
            i++;
            continue;
        }
        loop_timer_stop(timer);
        timer->fn(timer->arg);
        fired++;
        i = 0;
    }
}

unsigned fake_loop_armed(const struct loop *loop)
{
    return loop->armed_count;
}
