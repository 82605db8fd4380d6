/* Virtual time for src/telephony: the loop of base, and its log as the story of a failure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/log.h>
#include <hotlined/slots.h>
#include <hotlined/text.h>

#include "telephony_world.h"

#define DUE   1024
#define STORY 80

struct due {
    uint64_t at, serial;
    loop_call_h *fn;
    void *arg;
    struct loop_timer *timer; /* NULL = a deferred call */
};

struct loop {
    uint64_t now, serial;
    struct due due[DUE];
    unsigned count;
};

struct world world;
static char story[STORY][200];
static unsigned told;

/* --- stories -------------------------------------------------------------------------------- */

static void tell(const char *format, va_list ap)
{
    char *line = story[told++ % STORY];
    int n = snprintf(line, 200, "%9llu ms  ",
                     world.loop ? (unsigned long long)loop_now_ms(world.loop) : 0ull);

    vsnprintf(line + n, 200 - (size_t)n, format, ap);
}

void world_tell(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    tell(format, ap);
    va_end(ap);
}

void world_fail(const char *format, ...)
{
    va_list ap;

    for (unsigned i = told > STORY ? told - STORY : 0; i < told; i++)
        fprintf(stderr, "%s\n", story[i % STORY]);
    va_start(ap, format);
    fprintf(stderr, "SEED=%llu step %llu: ", (unsigned long long)world.seed,
            (unsigned long long)world.step);
    vfprintf(stderr, format, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    fail();
    abort();
}

/* What devices may refuse, may be complained about; any other error is a bug. */
static bool is_expected(const char *event)
{
    static const char *const expected[] = {"prompt_missing",       "music_missing", "not_started",
                                           "announcement_missing", "no_room",       "write_failed",
                                           "phone_ring_failed",    "member_refused"};

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if (strcmp(expected[i], event) == 0)
            return true;
    return false;
}

void log_line(enum log_level level, const char *room, const char *event, const char *format, ...)
{
    char text[160];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    world_tell("%s %s %s", room, event, text);
    if (level == LOG_LEVEL_ERROR && !is_expected(event))
        world_fail("logged as an error: %s %s", room, event);
}

void log_set_level(enum log_level level)
{
    (void)level;
}

enum log_level log_get_level(void)
{
    return LOG_LEVEL_INFO;
}

const char *log_safe(const char *text)
{
    return text;
}

/* --- chance --------------------------------------------------------------------------------- */

uint64_t world_random(void)
{
    uint64_t z = (world.random += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

unsigned world_below(unsigned n)
{
    return (unsigned)(world_random() % n);
}

bool world_chance(unsigned percent)
{
    return world.faults && world_below(100) < percent;
}

/* --- the loop ------------------------------------------------------------------------------- */

int loop_create(struct loop **ret_loop)
{
    *ret_loop = calloc(1, sizeof(**ret_loop));
    if (!*ret_loop)
        return -ENOMEM;
    (*ret_loop)->now = 1000000;
    return 0;
}

void loop_destroy(struct loop *loop)
{
    free(loop);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return 1790000000000 + (int64_t)loop->now;
}

static void add(struct loop *loop, uint64_t delay, loop_call_h *fn, void *arg,
                struct loop_timer *timer)
{
    if (loop->count == DUE)
        world_fail("too much is due at once");
    loop->due[loop->count++] = (struct due){loop->now + delay, ++loop->serial, fn, arg, timer};
}

void loop_defer(struct loop *loop, loop_call_h *fn, void *arg)
{
    add(loop, 0, fn, arg, NULL);
}

int loop_post(struct loop *loop, loop_call_h *fn, void *arg)
{
    add(loop, 0, fn, arg, NULL);
    return 0;
}

void world_after(uint64_t delay_ms, loop_call_h *fn, uintptr_t arg)
{
    add(world.loop, delay_ms, fn, (void *)arg, NULL); /* NOLINT: handles travel as pointers */
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_call_h *fn, void *arg)
{
    *timer = (struct loop_timer){.loop = loop, .fn = fn, .arg = arg};
}

void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms)
{
    loop_timer_stop(timer);
    timer->armed = true;
    add(timer->loop, delay_ms, timer->fn, timer->arg, timer);
}

void loop_timer_stop(struct loop_timer *timer)
{
    struct loop *loop = timer->loop;

    if (!timer->armed)
        return;
    timer->armed = false;
    for (unsigned i = 0; i < loop->count; i++)
        if (loop->due[i].timer == timer) {
            loop->due[i] = loop->due[--loop->count];
            return;
        }
}

void loop_timer_done(struct loop_timer *timer)
{
    loop_timer_stop(timer);
}

static struct due *first_due(struct loop *loop)
{
    struct due *first = NULL;

    for (unsigned i = 0; i < loop->count; i++) {
        struct due *d = &loop->due[i];
        if (!first || d->at < first->at || (d->at == first->at && d->serial < first->serial))
            first = d;
    }
    return first;
}

void world_run(uint64_t ms)
{
    struct loop *loop = world.loop;
    uint64_t end = loop->now + ms;
    struct due *first;

    while ((first = first_due(loop)) && first->at <= end) {
        struct due now = *first;

        *first = loop->due[--loop->count];
        loop->now = now.at;
        if (now.timer)
            now.timer->armed = false;
        now.fn(now.arg);
    }
    loop->now = end;
}

bool world_is_quiet(void)
{
    return world.loop->count == 0;
}
