/* rooms: base acd */
/* The ACD at the size of a whole region: 10,000 waiting calls, 2,000 agents, 100 queues.
 *
 * Each event is timed by itself, commands included; JSON goes to stdout. HOTLINED_EVENTS=n changes
 * how many rounds are run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <hotlined/acd.h>

#define AGENTS 2000
#define QUEUES 100
#define CALLS  10000
#define SPREAD 10 /* queues per agent */

enum event { ENTER, LEAVE, FREE, ANSWER, TALK_ENDED, TICK, VIEW, EVENTS };

static const char *const names[EVENTS] = {"enter",      "leave", "agent_free_to_offer", "answer",
                                          "talk_ended", "tick",  "queue_view"};

static struct {
    struct acd *acd;
    uint64_t now, random;
    acd_entry_t calls[CALLS]; /* 0 = place free, to be filled again */
    uint32_t *took[EVENTS];   /* ns */
    size_t count[EVENTS], room;
    acd_offer_t offer[AGENTS + 1];
    uint64_t caller[AGENTS + 1];
} b;

static void must(int err, const char *what)
{
    if (err) {
        fprintf(stderr, "bench_acd: %s: %d\n", what, err);
        exit(1);
    }
}

static uint64_t dice(uint64_t sides)
{
    b.random ^= b.random << 13;
    b.random ^= b.random >> 7;
    b.random ^= b.random << 17;
    return b.random % sides;
}

static uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void took(enum event event, uint64_t began)
{
    uint64_t ns = clock_ns() - began;

    if (b.count[event] < b.room)
        b.took[event][b.count[event]++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* --- the region ----------------------------------------------------------------------------- */

static void note_offers(void)
{
    const struct acd_out *out = acd_out(b.acd);

    for (uint32_t i = 0; i < out->count; i++)
        if (out->commands[i].kind == ACD_OFFER) {
            b.offer[out->commands[i].agent] = out->commands[i].offer;
            b.caller[out->commands[i].agent] = out->commands[i].tag;
        } else if (out->commands[i].kind == ACD_REVOKE) {
            b.offer[out->commands[i].agent] = 0;
        }
}

static void enter(uint64_t place)
{
    uint64_t began = clock_ns();
    int err = acd_enter(b.acd, b.now, 1 + (int32_t)dice(QUEUES), (int32_t)dice(3), b.now, place,
                        &b.calls[place]);

    took(ENTER, began);
    must(err, "enter");
    note_offers();
}

static void begin(void)
{
    static const struct acd_limits limits = {AGENTS, QUEUES, AGENTS * SPREAD, CALLS};

    must(acd_create(&limits, &b.acd), "create");
    for (int32_t q = 1; q <= QUEUES; q++) {
        struct acd_queue_conf conf = {.id = q,
                                      .center_id = 1,
                                      .strategy = (enum acd_strategy)(q % ACD_RING_ALL),
                                      .ring_timeout_ms = 20000,
                                      .max_wait_ms = 3600000,
                                      .age_step_ms = 30000};
        must(acd_queue_set(b.acd, b.now, &conf), "queue");
    }
    for (int32_t a = 1; a <= AGENTS; a++) {
        for (int32_t i = 0; i < SPREAD; i++)
            must(acd_member_set(b.acd, b.now, a, 1 + (a * 7 + i * 11) % QUEUES, (int32_t)dice(101)),
                 "member");
        must(acd_sign_in(b.acd, b.now, a, ACD_BUSY, 0), "sign in");
        must(acd_line(b.acd, b.now, a, true), "line");
    }
    for (uint64_t c = 0; c < CALLS; c++) {
        b.now += dice(10);
        enter(c);
    }
}

/* --- one round: an agent is free, answers, talks, is done; a caller gives up; others come ------
 */

static void refill(uint64_t place)
{
    b.calls[place] = 0;
    enter(place);
}

static void serve(int32_t agent)
{
    uint64_t began = clock_ns();
    int err = acd_request_state(b.acd, b.now, agent, ACD_READY, 0);

    took(FREE, began);
    must(err, "ready");
    note_offers();
    if (!b.offer[agent])
        return;
    must(acd_request_state(b.acd, b.now, agent, ACD_BUSY, 0) != 1, "busy afterwards");
    began = clock_ns();
    err = acd_answer(b.acd, b.now, agent, b.offer[agent]);
    took(ANSWER, began);
    must(err, "answer");
    b.offer[agent] = 0;
    refill(b.caller[agent]);
    began = clock_ns();
    err = acd_talk_ended(b.acd, b.now, agent, true);
    took(TALK_ENDED, began);
    must(err, "talk ended");
    note_offers();
}

static void round_of_events(void)
{
    struct acd_queue_view view;
    uint64_t place = dice(CALLS), began;
    int err;

    b.now += dice(20);
    began = clock_ns();
    acd_tick(b.acd, b.now);
    took(TICK, began);
    note_offers();
    serve(1 + (int32_t)dice(AGENTS));
    began = clock_ns();
    err = acd_leave(b.acd, b.now, b.calls[place]);
    took(LEAVE, began);
    must(err, "leave");
    note_offers();
    refill(place);
    began = clock_ns();
    (void)acd_queue_view(b.acd, 1 + (int32_t)dice(QUEUES), &view);
    took(VIEW, began);
}

/* --- the result ----------------------------------------------------------------------------- */

static int compare(const void *a, const void *c)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)c;

    return x < y ? -1 : x > y;
}

static void report(void)
{
    printf("{\"agents\":%d,\"queues\":%d,\"waiting\":%d,\"unit\":\"ns\",\"events\":{", AGENTS,
           QUEUES, CALLS);
    for (int e = 0; e < EVENTS; e++) {
        const uint32_t *sorted = b.took[e];
        size_t n = b.count[e];
        qsort(b.took[e], n, sizeof(*sorted), compare);
        printf("%s\"%s\":{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"max\":%u}", e ? "," : "", names[e],
               n, n ? sorted[n / 2] : 0, n ? sorted[n * 99 / 100] : 0, n ? sorted[n - 1] : 0);
    }
    printf("}}\n");
}

int main(void)
{
    const char *events = getenv("HOTLINED_EVENTS");
    unsigned long rounds = events ? strtoul(events, NULL, 10) : 300000;

    b.random = 88172645463325252u;
    b.now = 1000000;
    b.room = rounds * 2 + CALLS;
    for (int e = 0; e < EVENTS; e++)
        if (!(b.took[e] = malloc(b.room * sizeof(*b.took[e]))))
            must(1, "memory");
    begin();
    for (unsigned long i = 0; i < rounds; i++)
        round_of_events();
    report();
    acd_destroy(b.acd);
    for (int e = 0; e < EVENTS; e++)
        free(b.took[e]);
    return 0;
}
