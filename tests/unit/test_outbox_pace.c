/* rooms: base store */
/* with: tests/unit/outbox_stage.c tests/unit/pg_fixture.c */
/* How many facts share a batch, and when the next may go: each batch costs PostgreSQL milliseconds
 * and the calls a processor. */
#include "outbox_stage.h"

#include <hotlined/id.h>
#include <stdio.h>
#include <unistd.h>

/* The bound is generous: what is shown is that nobody waits for a timer. */
static void an_idle_outbox_ships_at_once(void **state)
{
    time_t begin;

    (void)state;
    open_outbox();
    emit();
    until(!fact_outbox_pending(stage.outbox));
    begin = now_s();
    for (int i = 0; i < 100; i++) {
        emit();
        until(!fact_outbox_pending(stage.outbox));
    }
    assert_true(now_s() - begin < 10);
    assert_arrived(101);
}

/* Each batch costs PostgreSQL milliseconds, however small it is. What shares one is counted, not
 * timed: a slow machine makes fewer batches still. */
static void few_facts_that_follow_each_other_share_batches(void **state)
{
    uint64_t began;

    (void)state;
    open_outbox();
    until(store_is_available(stage.store));
    emit();
    until(!fact_outbox_pending(stage.outbox));
    stage.batches = 0;
    began = loop_now_ms(stage.loop);
    while (stage.emitted < 400) {
        emit();
        loop_run_once(stage.loop, 1);
    }
    until(!fact_outbox_pending(stage.outbox));
    assert_true(stage.batches <= 2 + (loop_now_ms(stage.loop) - began) / 20);
    assert_true(stage.batches < 300);
    assert_arrived(400);
}

static void what_waited_then_is_counted_apart_from_what_comes(void **state)
{
    uint64_t then;

    (void)state;
    open_outbox();
    for (int i = 0; i < 30; i++)
        emit();
    then = fact_outbox_now(stage.outbox);
    assert_int_equal(fact_outbox_left(stage.outbox, then), 30);
    for (time_t end = now_s() + 120; fact_outbox_left(stage.outbox, then);) {
        assert_true(now_s() < end);
        emit();
        loop_run_once(stage.loop, 1);
    }
    assert_true(stage.emitted > then);
    until(!fact_outbox_pending(stage.outbox));
    assert_int_equal(fact_outbox_now(stage.outbox), stage.emitted);
    close_outbox(5000);
    open_outbox(); /* another process: it counts what it finds */
    assert_int_equal(fact_outbox_now(stage.outbox), 0);
}

/* Batches that go without a pause are there in milliseconds after another; with one, each waits. */
static void batches_go_with_pauses_while_calls_need_the_processor(void **state)
{
    (void)state;
    open_outbox();
    until(store_is_available(stage.store));
    for (int i = 0; i < 5000; i++)
        emit();
    fact_outbox_yield(stage.outbox, true);
    until(!fact_outbox_pending(stage.outbox));
    assert_true(stage.batches >= 3);
    assert_true(stage.shortest_gap_ms >= 900);
    fact_outbox_yield(stage.outbox, false);
    assert_arrived(5000);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

/* Work of others on the loop: most of what this thread gets of a processor is used up. */
static void be_busy(uint64_t ms)
{
    int64_t end = clock_us(CLOCK_THREAD_CPUTIME_ID) + (int64_t)ms * 1000;

    while (clock_us(CLOCK_THREAD_CPUTIME_ID) < end)
        ;
}

/* PostgreSQL takes some 50 ms for what is sent here at once: a gap of nearly a second is a pause.
 */
static void batches_go_with_pauses_while_the_loop_is_busy(void **state)
{
    unsigned before;

    (void)state;
    open_outbox();
    until(store_is_available(stage.store));
    for (time_t end = now_s() + 120;
         stage.shortest_gap_ms < 900 || stage.shortest_gap_ms == UINT64_MAX;) {
        assert_true(now_s() < end);
        stage.shortest_gap_ms = UINT64_MAX;
        before = stage.batches;
        while (stage.batches < before + 2) {
            if (fact_outbox_pending(stage.outbox) < 100)
                emit();
            be_busy(15);
            loop_run_once(stage.loop, 0);
            assert_true(now_s() < end);
        }
    }
    until(!fact_outbox_pending(stage.outbox)); /* the loop rests: no pause holds what is left */
    assert_arrived(stage.emitted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_idle_outbox_ships_at_once),
        TEST(few_facts_that_follow_each_other_share_batches),
        TEST(what_waited_then_is_counted_apart_from_what_comes),
        TEST(batches_go_with_pauses_while_calls_need_the_processor),
        TEST(batches_go_with_pauses_while_the_loop_is_busy),
    };

    return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
