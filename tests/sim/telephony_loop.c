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

#define STORY 80

struct due {
    uint64_t at, serial;
    loop_call_h *fn;
    void *arg;
    struct loop_timer *timer; /* NULL = a deferred call */
};

/* What is due, in a heap: the earliest first. A timer knows its place in it, as number + 1. */
struct loop {
    uint64_t now, serial;
    struct due *due;
    unsigned count, capacity;
};

struct world world;
const char *world_verdict;
void (*world_last_words)(const char *verdict);
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

    if (world.mute)
        return;
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
    world_verdict = format;
    if (world_last_words)
        world_last_words(format);
    if (!world.alone)
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

    if (!world.mute) {
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        world_tell("%s %s %s", room, event, text);
    }
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

static uint64_t next_of(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t world_random(void)
{
    return next_of(&world.random);
}

unsigned world_dice(unsigned n)
{
    return (unsigned)(next_of(&world.dice) % n);
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
    free(loop->due);
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

static bool earlier(const struct due *x, const struct due *y)
{
    return x->at != y->at ? x->at < y->at : x->serial < y->serial;
}

static void place(struct loop *loop, unsigned at, struct due due)
{
    loop->due[at] = due;
    if (due.timer)
        due.timer->ev = (struct event *)(uintptr_t)(at + 1); /* NOLINT: ours, see loop.h */
}

/* Puts an entry where it belongs, from a place that is free. */
static void sift(struct loop *loop, unsigned at, struct due due)
{
    unsigned child;

    for (; at > 0 && earlier(&due, &loop->due[(at - 1) / 2]); at = (at - 1) / 2)
        place(loop, at, loop->due[(at - 1) / 2]);
    for (; (child = 2 * at + 1) < loop->count; at = child) {
        child += child + 1 < loop->count && earlier(&loop->due[child + 1], &loop->due[child]);
        if (!earlier(&loop->due[child], &due))
            break;
        place(loop, at, loop->due[child]);
    }
    place(loop, at, due);
}

static struct due take(struct loop *loop, unsigned at)
{
    struct due taken = loop->due[at], last = loop->due[--loop->count];

    if (at < loop->count)
        sift(loop, at, last);
    return taken;
}

static void add(struct loop *loop, uint64_t delay, loop_call_h *fn, void *arg,
                struct loop_timer *timer)
{
    if (loop->count == loop->capacity) {
        loop->capacity = loop->capacity ? 2 * loop->capacity : 256;
        loop->due = realloc(loop->due, loop->capacity * sizeof(*loop->due));
        if (!loop->due)
            world_fail("no memory");
    }
    loop->count++;
    sift(loop, loop->count - 1, (struct due){loop->now + delay, ++loop->serial, fn, arg, timer});
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
    if (!timer->armed)
        return;
    timer->armed = false;
    (void)take(timer->loop, (unsigned)(uintptr_t)timer->ev - 1);
}

void loop_timer_done(struct loop_timer *timer)
{
    loop_timer_stop(timer);
}

void world_run(uint64_t ms)
{
    struct loop *loop = world.loop;
    uint64_t end = loop->now + ms;

    while (loop->count && loop->due[0].at <= end) {
        struct due due = take(loop, 0);

        loop->now = due.at > loop->now ? due.at : loop->now;
        if (due.timer)
            due.timer->armed = false;
        due.fn(due.arg);
    }
    loop->now = end;
}

void world_to_the_edge(void)
{
    if (world.loop->count && world.loop->due[0].at > world.loop->now)
        world.loop->now = world.loop->due[0].at;
}

uint64_t world_next_due(void)
{
    const struct loop *loop = world.loop;

    return loop->count && loop->due[0].at > loop->now ? loop->due[0].at - loop->now : 0;
}

bool world_is_quiet(void)
{
    return world.loop->count == 0;
}
