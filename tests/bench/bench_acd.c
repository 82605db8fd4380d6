/* rooms: base acd */
/* The ACD with 2,000 agents and 100 queues, a tenth of a region up to ten regions waiting:
 *
 *   bench_acd [WAITING ...]      default 100 1000 10000 100000
 *
 * Each event is timed by itself, commands included; "clock" is what reading the clock twice costs
 * and is in every figure; "tree" is the yardstick of growth, one node taken out of and put into a
 * red-black tree of glibc with as many nodes: what a logarithm costs on this machine, its caches
 * included. JSON goes to stdout, an object for each size: how the events grow with
 * the calls that wait is read from one run. HOTLINED_EVENTS=n changes how many rounds are run. */
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/acd.h>

#define AGENTS 2000
#define QUEUES 100
#define SPREAD 10 /* queues per agent */

enum event { ENTERS, LEAVE, FREE, ANSWER, TALK_ENDED, TICK, VIEW, CLOCK, TREE, EVENTS };

static const char *const names[EVENTS] = {"enter",      "leave",      "agent_free_to_offer",
                                          "answer",     "talk_ended", "tick",
                                          "queue_view", "clock",      "tree"};

static struct {
    struct acd *acd;
    uint64_t now, random;
    acd_entry_t *calls; /* 0 = place free, to be filled again */
    uint32_t waiting;   /* how many of them */
    uint64_t *keys;     /* of the yardstick, one for each of them */
    void *tree;
    uint32_t *took[EVENTS]; /* ns */
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

    took(ENTERS, began);
    must(err, "enter");
    note_offers();
}

static void begin(void)
{
    struct acd_limits limits = {AGENTS, QUEUES, AGENTS * SPREAD, b.waiting};

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
    for (uint64_t c = 0; c < b.waiting; c++) {
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
    if (!b.offer[agent]) { /* none of few callers is for this agent */
        must(acd_request_state(b.acd, b.now, agent, ACD_BUSY, 0), "busy again");
        return;
    }
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

static int by_key(const void *a, const void *c)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)c;

    return x < y ? -1 : x > y;
}

static void plant(void)
{
    for (uint32_t i = 0; i < b.waiting; i++) {
        b.keys[i] = dice(UINT64_MAX);
        must(!tsearch(&b.keys[i], &b.tree, by_key), "tree");
    }
}

static void replant(uint64_t place)
{
    uint64_t began = clock_ns();
    bool done =
        tdelete(&b.keys[place], &b.tree, by_key) && tsearch(&b.keys[place], &b.tree, by_key);

    took(TREE, began);
    must(!done, "tree");
}

static void uproot(void)
{
    for (uint32_t i = 0; i < b.waiting; i++)
        (void)tdelete(&b.keys[i], &b.tree, by_key);
}

static void round_of_events(void)
{
    struct acd_queue_view view;
    uint64_t place = dice(b.waiting), began;
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
    took(CLOCK, clock_ns());
    replant(dice(b.waiting));
}

/* --- the result ----------------------------------------------------------------------------- */

static int compare(const void *a, const void *c)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)c;

    return x < y ? -1 : x > y;
}

static void report(void)
{
    printf("{\"waiting\":%u,\"events\":{", b.waiting);
    for (int e = 0; e < EVENTS; e++) {
        const uint32_t *sorted = b.took[e];
        size_t n = b.count[e];
        qsort(b.took[e], n, sizeof(*sorted), compare);
        printf("%s\"%s\":{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"max\":%u}", e ? "," : "", names[e],
               n, n ? sorted[n / 2] : 0, n ? sorted[n * 99 / 100] : 0, n ? sorted[n - 1] : 0);
    }
    printf("}}");
}

static void run(uint32_t waiting, unsigned long rounds)
{
    memset(&b, 0, sizeof(b));
    b.random = 88172645463325252u;
    b.now = 1000000;
    b.waiting = waiting;
    b.room = rounds * 2 + waiting;
    b.calls = calloc(waiting, sizeof(*b.calls));
    b.keys = calloc(waiting, sizeof(*b.keys));
    must(!b.calls || !b.keys, "memory");
    for (int e = 0; e < EVENTS; e++) {
        b.took[e] = malloc(b.room * sizeof(*b.took[e]));
        must(!b.took[e], "memory");
    }
    begin();
    plant();
    b.count[ENTERS] = 0; /* the sets were still filling */
    for (unsigned long i = 0; i < rounds; i++)
        round_of_events();
    report();
    acd_destroy(b.acd);
    uproot();
    free(b.keys);
    for (int e = 0; e < EVENTS; e++)
        free(b.took[e]);
    free(b.calls);
}

static uint32_t size_of(const char *text)
{
    unsigned long waiting = strtoul(text, NULL, 10);

    must(waiting < 1 || waiting > 1000000, "WAITING is a number from 1 to 1000000");
    return (uint32_t)waiting;
}

int main(int argc, char **argv)
{
    static const uint32_t usual[] = {100, 1000, 10000, 100000};
    const char *events = getenv("HOTLINED_EVENTS");
    unsigned long rounds = events ? strtoul(events, NULL, 10) : 60000;
    size_t count = argc > 1 ? (size_t)argc - 1 : sizeof(usual) / sizeof(usual[0]);

    printf("{\"agents\":%d,\"queues\":%d,\"unit\":\"ns\",\"sizes\":[", AGENTS, QUEUES);
    for (size_t i = 0; i < count; i++) {
        printf(i ? ",\n" : "\n");
        run(argc > 1 ? size_of(argv[i + 1]) : usual[i], rounds);
    }
    printf("]}\n");
    return 0;
}
