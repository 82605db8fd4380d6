/* rooms: base */
/* with: src/telephony/admission.c */
/* Admission against a simulated server: one processor, one queue, calls that cost work when they
 * come and again when they end, a capacity that changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/admission.h"

enum {
    QUEUE_MAX = 1 << 20,
    LATER_MAX = 1 << 16,
    PHASES = 4,      /* messages until both talk: INVITE, ACK, the agent's 200 and its ACK */
    CALL_US = 2000,  /* of work, half of it at its end: 500 calls a second */
    REFUSAL_US = 60, /* the ACK of the 503 included */
    TALK_MS = 2000,
    SECONDS_MAX = 120,
    SETUPS_MAX = 200000
};

struct job {
    uint64_t at_us, began_us;
    int phase; /* 0 = INVITE; PHASES = BYE */
};

static struct world {
    struct admission admission;
    uint64_t seed, now_us;
    double capacity; /* 1 = as said above */
    struct job queue[QUEUE_MAX], later[LATER_MAX];
    unsigned head, tail, later_count;
    unsigned taken[SECONDS_MAX], refused[SECONDS_MAX]; /* by the second they came in */
    struct {
        uint64_t began_us, took_us;
    } setups[SETUPS_MAX];
    unsigned setup_count;
} w;

static double chance(void)
{
    w.seed = w.seed * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(w.seed >> 11) / (double)(1ull << 53);
}

/* A fair approximation of -log(x) is not needed: arrivals between 0 and twice the mean apart. */
static uint64_t gap_us(double per_s)
{
    return (uint64_t)(2e6 / per_s * chance()) + 1;
}

static void push(struct job job)
{
    w.queue[w.tail++ % QUEUE_MAX] = job;
    assert_true(w.tail - w.head < QUEUE_MAX);
}

static void push_later(struct job job)
{
    assert_true(w.later_count < LATER_MAX);
    w.later[w.later_count++] = job;
}

/* What comes by itself until now_us goes into the queue, in order of its time. */
static void arrive(uint64_t *next_call_us, double offered)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < w.later_count; i++)
        if (w.later[i].at_us <= w.now_us)
            push(w.later[i]);
        else
            w.later[kept++] = w.later[i];
    w.later_count = kept;
    while (offered > 0 && *next_call_us <= w.now_us) {
        push((struct job){.at_us = *next_call_us, .began_us = *next_call_us});
        *next_call_us += gap_us(offered);
    }
}

static void set_up(const struct job *job)
{
    assert_true(w.setup_count < SETUPS_MAX);
    w.setups[w.setup_count].began_us = job->began_us;
    w.setups[w.setup_count++].took_us = w.now_us - job->began_us;
}

/* One message: its work, and what it brings about. */
static void serve(struct job job)
{
    uint32_t late_us = (uint32_t)(w.now_us - job.at_us);
    uint64_t now_ms = w.now_us / 1000 + 1;
    double cost = CALL_US / 2.0 / PHASES;

    if (job.phase == 0) {
        bool taken = admission_take(&w.admission, now_ms, late_us);

        (taken ? w.taken : w.refused)[w.now_us / 1000000]++;
        if (!taken) {
            w.now_us += (uint64_t)(REFUSAL_US / w.capacity);
            return;
        }
    } else {
        admission_note(&w.admission, now_ms, late_us);
    }
    if (job.phase == PHASES)
        cost = CALL_US / 2.0;
    w.now_us += (uint64_t)(cost / w.capacity);
    if (job.phase < PHASES - 1)
        push_later((struct job){w.now_us + 1000, job.began_us, job.phase + 1});
    else if (job.phase == PHASES - 1) {
        set_up(&job);
        push_later((struct job){w.now_us + TALK_MS * 1000, job.began_us, PHASES});
    }
}

/* So many new calls a second for so long. */
static void run(double offered, unsigned ms)
{
    uint64_t end_us = w.now_us + ms * 1000ull, next_call_us = w.now_us;

    while (w.now_us < end_us) {
        arrive(&next_call_us, offered);
        if (w.head != w.tail)
            serve(w.queue[w.head++ % QUEUE_MAX]);
        else
            w.now_us += 100;
        if (w.now_us / 1000 % 1000 == 0)
            admission_pass(&w.admission, w.now_us / 1000 + 1);
    }
}

/* The seconds in which the fewest and the most calls were taken. */
static void extremes(unsigned from_s, unsigned to_s, unsigned *ret_least, unsigned *ret_most)
{
    *ret_least = UINT32_MAX;
    *ret_most = 0;
    for (unsigned s = from_s; s < to_s; s++) {
        *ret_least = w.taken[s] < *ret_least ? w.taken[s] : *ret_least;
        *ret_most = w.taken[s] > *ret_most ? w.taken[s] : *ret_most;
    }
}

static unsigned sum(const unsigned *of, unsigned from_s, unsigned to_s)
{
    unsigned total = 0;

    for (unsigned s = from_s; s < to_s; s++)
        total += of[s];
    return total;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* 99th percentile of the set-up, in ms, of calls that began in these seconds. */
static double p99_ms(unsigned from_s, unsigned to_s)
{
    static uint64_t times[SETUPS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < w.setup_count; i++)
        if (w.setups[i].began_us >= from_s * 1000000ull && w.setups[i].began_us < to_s * 1000000ull)
            times[count++] = w.setups[i].took_us;
    assert_true(count > 100);
    qsort(times, count, sizeof(times[0]), compare);
    return (double)times[count * 99 / 100] / 1000;
}

static void begin(uint64_t seed)
{
    memset(&w, 0, sizeof(w));
    w.seed = seed;
    w.capacity = 1;
}

static void tell(const char *what, unsigned from_s, unsigned to_s)
{
    unsigned least, most;

    extremes(from_s, to_s, &least, &most);
    printf("  %s: taken %.0f/s (%u to %u), refused %.0f/s, p99 %.0f ms\n", what,
           (double)sum(w.taken, from_s, to_s) / (to_s - from_s), least, most,
           (double)sum(w.refused, from_s, to_s) / (to_s - from_s), p99_ms(from_s, to_s));
}

/* --- stories --------------------------------------------------------------------------------- */

static void idle_and_busy_servers_refuse_nobody(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        begin(seed);
        run(3, 20000);
        run(250, 20000);
        run(400, 20000); /* 80 % */
        assert_int_equal(sum(w.refused, 0, 61), 0);
    }
}

static void one_slow_turn_refuses_nobody(void **state)
{
    static const unsigned stalls_ms[] = {60, 200, 500, 1000, 3000};

    (void)state;
    for (size_t i = 0; i < sizeof(stalls_ms) / sizeof(stalls_ms[0]); i++) {
        begin(i + 1);
        run(200, 5000);
        w.now_us += stalls_ms[i] * 1000ull; /* nobody works; calls of that time come at once */
        run(200, 5000);
        assert_int_equal(sum(w.refused, 0, 20), 0);
    }
}

/* Others take a part of the processor for moments: a queue of a tenth of a second comes and goes,
 * which is no overload. */
static void slow_moments_of_a_busy_server_refuse_nobody(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        begin(seed);
        run(400, 5000); /* 80 % */
        for (int i = 0; i < 10; i++) {
            w.capacity = 0.65;
            run(400, 400);
            w.capacity = 1;
            run(400, 4600);
        }
        assert_int_equal(sum(w.refused, 0, 55), 0);
        assert_true(p99_ms(5, 55) < 500);
    }
}

/* Nobody calls, then the machine stands still twice: the first callers after it, read late, are so
 * few that there is nothing to save. */
static void the_first_calls_after_the_machine_stood_still_are_taken(void **state)
{
    struct admission a = {0};
    uint64_t now_ms = 1000;

    (void)state;
    for (int i = 0; i < 100; i++)
        admission_note(&a, now_ms += ADMISSION_WINDOW_MS, 100);
    admission_note(&a, now_ms += 200, 180 * 1000);
    admission_note(&a, now_ms += 200, 190 * 1000);
    admission_note(&a, now_ms += 200, 190 * 1000);
    assert_true(admission_take(&a, now_ms += 50, 200 * 1000));
    assert_true(a.limiting);
    assert_true(admission_take(&a, now_ms += 50, 200 * 1000));
    for (int i = 0; i < 20; i++)
        assert_true(admission_take(&a, now_ms += 120, 90 * 1000));
}

static void a_trickle_is_served_on_a_slow_machine(void **state)
{
    (void)state;
    begin(5);
    for (int i = 0; i < 300; i++) { /* others have the processor for 150 of every 200 ms */
        run(2, 50);
        w.now_us += 150 * 1000ull;
    }
    assert_int_equal(sum(w.refused, 0, 61), 0);
}

static void overload(double times)
{
    unsigned least, most;
    char what[32];

    for (uint64_t seed = 1; seed <= 5; seed++) {
        begin(seed);
        run(300, 5000);
        run(500 * times, 5000);
        run(500 * times, 20000);
        snprintf(what, sizeof(what), "%.1f times, seed %d", times, (int)seed);
        tell(what, 10, 30);
        assert_in_range(sum(w.taken, 10, 30), 500 * 20 * 0.8, 500 * 20 * 1.05);
        assert_true(p99_ms(5, 30) < 500);
        extremes(10, 30, &least, &most);
        assert_true(least > 300 && most < 600); /* it does not swing */
        run(400, 5000);                         /* the limit may still be felt */
        assert_true(sum(w.refused, 31, 35) < 4 * 400 / 10);
        run(400, 10000);
        assert_int_equal(sum(w.refused, 35, 45), 0);
        assert_false(w.admission.limiting);
    }
}

static void a_third_too_much_settles_in_seconds_and_ends_by_itself(void **state)
{
    (void)state;
    overload(1.3);
}

static void three_times_too_much_settles_in_seconds_and_ends_by_itself(void **state)
{
    (void)state;
    overload(3);
}

static void a_server_that_slows_down_takes_less_and_then_more_again(void **state)
{
    (void)state;
    begin(7);
    run(700, 10000);
    w.capacity = 0.5;
    run(700, 15000);
    tell("half the processor", 15, 25);
    assert_in_range(sum(w.taken, 15, 25), 250 * 10 * 0.75, 250 * 10 * 1.1);
    assert_true(p99_ms(15, 25) < 500);
    w.capacity = 1;
    run(700, 20000);
    tell("all of it again", 35, 45);
    assert_in_range(sum(w.taken, 35, 45), 500 * 10 * 0.8, 500 * 10 * 1.05);
}

/* Others had the processor for two seconds: what it can carry is remembered. */
static void after_a_dip_it_takes_what_it_took_before_within_seconds(void **state)
{
    (void)state;
    begin(11);
    run(1500, 10000);
    w.capacity = 0.15;
    run(1500, 2000);
    w.capacity = 1;
    run(1500, 13000);
    tell("after a dip", 16, 25);
    assert_true(sum(w.taken, 16, 25) > 9 * 375);
    assert_true(p99_ms(16, 25) < 500);
}

static void when_no_more_calls_come_the_limit_is_lifted(void **state)
{
    (void)state;
    begin(9);
    run(1500, 5000);
    assert_true(w.admission.limiting);
    run(0, 5000);
    assert_false(w.admission.limiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_and_busy_servers_refuse_nobody),
        cmocka_unit_test(one_slow_turn_refuses_nobody),
        cmocka_unit_test(slow_moments_of_a_busy_server_refuse_nobody),
        cmocka_unit_test(the_first_calls_after_the_machine_stood_still_are_taken),
        cmocka_unit_test(a_trickle_is_served_on_a_slow_machine),
        cmocka_unit_test(a_third_too_much_settles_in_seconds_and_ends_by_itself),
        cmocka_unit_test(three_times_too_much_settles_in_seconds_and_ends_by_itself),
        cmocka_unit_test(a_server_that_slows_down_takes_less_and_then_more_again),
        cmocka_unit_test(after_a_dip_it_takes_what_it_took_before_within_seconds),
        cmocka_unit_test(when_no_more_calls_come_the_limit_is_lifted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
