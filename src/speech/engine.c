/* Engines: time, and what both kinds have in common. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "speech/engine.h"

#define LOOK_MS 100 /* whether we are to stop */

int64_t engine_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int engine_patience(const struct engine_bounds *bounds, int64_t deadline_ms)
{
    int64_t left = deadline_ms - engine_now_ms();

    if (bounds->stop && atomic_load(bounds->stop))
        return -ECANCELED;
    if (left <= 0)
        return -ETIMEDOUT;
    return left < LOOK_MS ? (int)left : LOOK_MS;
}

void engine_too_long(const struct engine_bounds *bounds, const char *kind, const char *name,
                     char *why, size_t why_size)
{
    bool large = bounds->max_answer >= 1u << 20;

    snprintf(why, why_size, "%s%s %s 给出的%s太长（超过 %zu %s）", bounds->what, kind, name,
             bounds->gives, bounds->max_answer >> (large ? 20 : 10), large ? "MB" : "KB");
}

int engine_hold_sigpipe(sigset_t *ret_before)
{
    sigset_t pipe_signal;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    return -pthread_sigmask(SIG_BLOCK, &pipe_signal, ret_before);
}

void engine_release_sigpipe(const sigset_t *before)
{
    static const struct timespec at_once;
    sigset_t pipe_signal;

    if (sigismember(before, SIGPIPE))
        return;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    while (sigtimedwait(&pipe_signal, NULL, &at_once) == SIGPIPE)
        ;
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}
