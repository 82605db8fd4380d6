/* rooms: base */
/* The loop: timers, deferred calls, posts from threads, turns, and that it sleeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hotlined/loop.h>

#define THREADS 4
#define POSTS   5000

static struct loop *loop;

static int open_loop(void **state)
{
    (void)state;
    return loop_create(&loop);
}

static int close_loop(void **state)
{
    (void)state;
    loop_destroy(loop);
    loop = NULL;
    return 0;
}

static uint64_t clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* Lets the loop run for a while; returns how many turns that took. */
static int run_for(uint64_t ms)
{
    uint64_t end = clock_ms() + ms;
    int turns = 0;

    for (; clock_ms() < end; turns++)
        loop_run_once(loop, (int)(end - clock_ms()) + 1);
    return turns;
}

/* --- timers --------------------------------------------------------------------------------- */

static int order[16], order_count;

struct numbered {
    struct loop_timer timer;
    int number;
    uint64_t started_ms, delay_ms;
};

static void note_number(void *arg)
{
    struct numbered *n = arg;

    assert_true(clock_ms() - n->started_ms >= n->delay_ms); /* never early */
    assert_true(loop_now_ms(loop) >= n->started_ms + n->delay_ms);
    order[order_count++] = n->number;
}

static void start_numbered(struct numbered *n, int number, uint64_t delay_ms)
{
    n->number = number;
    n->started_ms = clock_ms();
    n->delay_ms = delay_ms;
    loop_timer_init(&n->timer, loop, note_number, n);
    loop_timer_start(&n->timer, delay_ms);
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
    static const uint64_t delays[] = {40, 10, 60, 0, 25};
    static const int expected[] = {3, 1, 4, 0, 2};
    struct numbered timers[5];

    (void)state;
    order_count = 0;
    for (int i = 0; i < 5; i++)
        start_numbered(&timers[i], i, delays[i]);
    while (order_count < 5)
        loop_run_once(loop, 100);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(order[i], expected[i]);
        assert_false(timers[i].timer.armed);
        loop_timer_done(&timers[i].timer);
    }
}

static void a_stopped_timer_does_not_fire(void **state)
{
    struct numbered stopped, kept;
    struct loop_timer never = {0};

    (void)state;
    order_count = 0;
    start_numbered(&stopped, 1, 5);
    start_numbered(&kept, 2, 20);
    loop_timer_stop(&stopped.timer);
    loop_timer_stop(&stopped.timer);
    loop_timer_stop(&never); /* zeroed memory: nothing */
    loop_timer_done(&never);
    while (order_count < 1)
        loop_run_once(loop, 100);
    assert_int_equal(order[0], 2);
    loop_timer_start(&stopped.timer, 0); /* and can be started again */
    while (order_count < 2)
        loop_run_once(loop, 100);
    loop_timer_done(&stopped.timer);
    loop_timer_done(&kept.timer);
}

static void starting_again_moves_the_time(void **state)
{
    struct numbered moved;
    uint64_t begin = clock_ms();

    (void)state;
    order_count = 0;
    start_numbered(&moved, 1, 5);
    moved.delay_ms = 50;
    loop_timer_start(&moved.timer, 50);
    while (order_count < 1)
        loop_run_once(loop, 100);
    assert_true(clock_ms() - begin >= 50);
    run_for(20);
    assert_int_equal(order_count, 1); /* once */
    loop_timer_done(&moved.timer);
}

struct repeating {
    struct loop_timer timer;
    int left;
};

static void again(void *arg)
{
    struct repeating *r = arg;

    assert_false(r->timer.armed);
    if (--r->left)
        loop_timer_start(&r->timer, r->left % 3);
    else
        loop_stop(loop);
}

static void a_timer_may_restart_itself(void **state)
{
    struct repeating r = {.left = 40};

    (void)state;
    loop_timer_init(&r.timer, loop, again, &r);
    loop_timer_start(&r.timer, 0);
    loop_run(loop);
    assert_int_equal(r.left, 0);
    loop_timer_done(&r.timer);
}

static void stop_other(void *arg)
{
    struct loop_timer *other = arg;

    loop_timer_done(other);
    order[order_count++] = 100;
}

static void a_timer_stopped_by_another_of_the_same_ms_does_not_fire(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct loop_timer first, second;
        order_count = 0;
        loop_timer_init(&first, loop, stop_other, &second);
        loop_timer_init(&second, loop, stop_other, &first);
        loop_timer_start(&first, 1);
        loop_timer_start(&second, 1);
        run_for(4);
        assert_int_equal(order_count, 1);
        loop_timer_done(&first);
        loop_timer_done(&second);
    }
}

struct late {
    struct loop_timer long_handler, inside;
    uint64_t started_ms;
    bool fired;
};

static void inside_fired(void *arg)
{
    struct late *late = arg;

    assert_true(clock_ms() - late->started_ms >= 10);
    late->fired = true;
}

static void long_handler(void *arg)
{
    struct late *late = arg;
    uint64_t end = clock_ms() + 8;

    while (clock_ms() < end)
        ; /* work that takes 8 ms */
    late->started_ms = clock_ms();
    loop_timer_start(&late->inside, 10);
}

/* A timer counts from when it is started, not from when the turn began. */
static void a_timer_started_late_in_a_turn_is_not_early(void **state)
{
    struct late late = {0};

    (void)state;
    loop_timer_init(&late.long_handler, loop, long_handler, &late);
    loop_timer_init(&late.inside, loop, inside_fired, &late);
    loop_timer_start(&late.long_handler, 0);
    while (!late.fired)
        loop_run_once(loop, 100);
    loop_timer_done(&late.long_handler);
    loop_timer_done(&late.inside);
}

/* --- deferred calls ------------------------------------------------------------------------- */

static char told[64];

static void tell(void *arg)
{
    size_t n = strlen(told);

    if (n + 1 < sizeof(told)) {
        told[n] = *(char *)arg;
        told[n + 1] = 0;
    }
}

static char letters[] = "abcdefgh";

static void tell_and_defer(void *arg)
{
    tell(arg);
    loop_defer(loop, tell, &letters[7]);
}

static void deferred_calls_come_later_in_order_and_once(void **state)
{
    (void)state;
    told[0] = 0;
    for (int i = 0; i < 5; i++)
        loop_defer(loop, tell, &letters[i]);
    assert_string_equal(told, ""); /* not inside */
    loop_run_once(loop, -1);       /* nor does the loop sleep on them */
    assert_string_equal(told, "abcde");
    loop_run_once(loop, 0);
    assert_string_equal(told, "abcde");
}

static void a_deferred_call_may_defer(void **state)
{
    (void)state;
    told[0] = 0;
    loop_defer(loop, tell_and_defer, &letters[0]);
    loop_defer(loop, tell, &letters[1]);
    loop_run_once(loop, -1);
    assert_string_equal(told, "abh");
}

static void destroy_runs_what_was_promised(void **state)
{
    struct loop *other;

    (void)state;
    told[0] = 0;
    assert_int_equal(loop_create(&other), 0);
    loop_defer(other, tell, &letters[0]);
    assert_int_equal(loop_post(other, tell, &letters[1]), 0);
    loop_destroy(other);
    assert_true(strchr(told, 'a') && strchr(told, 'b'));
}

/* --- turns ---------------------------------------------------------------------------------- */

static int turn_a(void *arg)
{
    (void)arg;
    tell(&letters[0]);
    return -1;
}

static int turn_b(void *arg)
{
    (void)arg;
    tell(&letters[1]);
    return 0;
}

static void turns_run_in_order_of_registration(void **state)
{
    (void)state;
    told[0] = 0;
    assert_int_equal(loop_add_turn(loop, turn_a, NULL), 0);
    assert_int_equal(loop_add_turn(loop, turn_b, NULL), 0);
    loop_run_once(loop, -1);
    loop_run_once(loop, -1);
    assert_string_equal(told, "abab");
    loop_remove_turn(loop, turn_a, NULL);
    loop_remove_turn(loop, turn_a, NULL); /* twice is no harm */
    loop_run_once(loop, -1);
    assert_string_equal(told, "ababb");
}

static int sleeps_20(void *arg)
{
    (void)arg;
    return 20;
}

static void the_shortest_opinion_counts(void **state)
{
    uint64_t begin = clock_ms();

    (void)state;
    assert_int_equal(loop_add_turn(loop, turn_a, NULL), 0);
    assert_int_equal(loop_add_turn(loop, sleeps_20, NULL), 0);
    loop_run_once(loop, 10000);
    assert_in_range(clock_ms() - begin, 19, 5000);
}

static int work; /* for the turn function, brought by a deferred call */
static int worked;

static int do_work(void *arg)
{
    (void)arg;
    worked += work;
    work = 0;
    return -1;
}

static void bring_work(void *arg)
{
    (void)arg;
    work = 1;
}

/* An answer given in a deferred call is carried on by a turn function: the loop must not sleep
 * between the two. */
static void turns_run_again_after_deferred_calls(void **state)
{
    (void)state;
    worked = 0;
    assert_int_equal(loop_add_turn(loop, do_work, NULL), 0);
    loop_defer(loop, bring_work, NULL);
    loop_run_once(loop, -1); /* would sleep for ever */
    loop_run_once(loop, 0);
    assert_int_equal(worked, 1);
}

static int turn_count;

static int always_zero(void *arg)
{
    (void)arg;
    turn_count++;
    return 0;
}

static void a_turn_that_always_says_zero_does_not_spin(void **state)
{
    (void)state;
    turn_count = 0;
    assert_int_equal(loop_add_turn(loop, always_zero, NULL), 0);
    assert_true(run_for(200) > 0);
    assert_in_range(turn_count, 2, 400); /* one a ms, and some polls */
}

static void only_noted(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (*(int *)arg)++;
}

/* As libmicrohttpd's descriptor is: its callback reads nothing, the turn function does. */
static void what_stays_readable_does_not_hold_a_turn_up(void **state)
{
    int ends[2], noted = 0;
    struct event *event;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    event = event_new(loop_event_base(loop), ends[0], EV_READ | EV_PERSIST, only_noted, &noted);
    assert_non_null(event);
    assert_int_equal(event_add(event, NULL), 0);
    alarm(20); /* it would never return */
    loop_run_once(loop, 0);
    loop_run_once(loop, 0);
    alarm(0);
    assert_int_equal(noted, 2);
    event_free(event);
    close(ends[0]);
    close(ends[1]);
}

static void an_idle_loop_sleeps(void **state)
{
    (void)state;
    assert_in_range(run_for(150), 1, 5);
}

/* --- stopping ------------------------------------------------------------------------------- */

static void stop_before_run_returns_at_once(void **state)
{
    (void)state;
    loop_stop(loop);
    loop_run(loop);
}

static int turn_stops(void *arg)
{
    loop_stop(arg);
    return -1;
}

static void stop_works_from_everywhere(void **state)
{
    struct loop_timer timer;

    (void)state;
    loop_defer(loop, stop, loop);
    loop_run(loop);
    assert_int_equal(loop_post(loop, stop, loop), 0);
    loop_run(loop);
    loop_timer_init(&timer, loop, stop, loop);
    loop_timer_start(&timer, 3);
    loop_run(loop);
    loop_timer_done(&timer);
    assert_int_equal(loop_add_turn(loop, turn_stops, loop), 0);
    loop_run(loop);
}

/* --- other threads -------------------------------------------------------------------------- */

struct poster {
    pthread_t thread;
    int number, sent;
    int expected; /* the loop's: what comes next */
    bool wrong;
};

struct mail {
    struct poster *from;
    int number;
};

static struct mail mails[THREADS][POSTS];
static int received;
static pthread_t control;

static void receive(void *arg)
{
    struct mail *mail = arg;

    assert_true(pthread_equal(pthread_self(), control));
    mail->from->wrong |= mail->number != mail->from->expected++;
    received++;
}

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (int i = 0; i < POSTS; i++) {
        struct mail *mail = &mails[poster->number][i];
        *mail = (struct mail){poster, i};
        if (loop_post(loop, receive, mail) == 0)
            poster->sent++;
    }
    return NULL;
}

static void posts_of_each_thread_come_in_order(void **state)
{
    struct poster posters[THREADS];

    (void)state;
    received = 0;
    control = pthread_self();
    memset(posters, 0, sizeof(posters));
    for (int i = 0; i < THREADS; i++) {
        posters[i].number = i;
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    while (received < THREADS * POSTS)
        loop_run_once(loop, 1000);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].sent, POSTS);
        assert_false(posters[i].wrong);
    }
}

static int posts_left;

static void post_again(void *arg)
{
    (void)arg;
    if (--posts_left)
        assert_int_equal(loop_post(loop, post_again, NULL), 0);
}

static void a_post_may_post(void **state)
{
    (void)state;
    posts_left = 300;
    assert_int_equal(loop_post(loop, post_again, NULL), 0);
    while (posts_left)
        loop_run_once(loop, 1000);
}

/* --- clocks --------------------------------------------------------------------------------- */

/* As far as the process before had come, at half speed until the machine has caught up. */
static void wall_time_goes_on_from_the_process_before(void **state)
{
    int64_t before = loop_wall_ms(loop);

    (void)state;
    loop_wall_from(loop, before - 1000);
    assert_int_equal(loop_wall_ms(loop), before);
    loop_wall_from(loop, before + 3600 * 1000);
    assert_int_equal(loop_wall_ms(loop), before + 3600 * 1000);
    run_for(40);
    assert_in_range(loop_wall_ms(loop) - before - 3600 * 1000, 10, 30 * 1000);
    loop_wall_from(loop, before + 24 * 3600 * 1000); /* that one's clock was wrong by a day */
    assert_true(loop_wall_ms(loop) < before + 2 * 3600 * 1000);
}

static void the_clocks_go_on(void **state)
{
    uint64_t now = loop_now_ms(loop);
    struct timespec wall; /* not time(): it may be a tick behind */

    (void)state;
    clock_gettime(CLOCK_REALTIME, &wall);
    assert_in_range(loop_wall_ms(loop), (wall.tv_sec - 60) * 1000, wall.tv_sec * 1000 + 60 * 1000);
    run_for(15);
    assert_true(loop_now_ms(loop) >= now + 14);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timers_fire_in_the_order_of_their_times),
        TEST(a_stopped_timer_does_not_fire),
        TEST(starting_again_moves_the_time),
        TEST(a_timer_may_restart_itself),
        TEST(a_timer_stopped_by_another_of_the_same_ms_does_not_fire),
        TEST(a_timer_started_late_in_a_turn_is_not_early),
        TEST(deferred_calls_come_later_in_order_and_once),
        TEST(a_deferred_call_may_defer),
        TEST(destroy_runs_what_was_promised),
        TEST(turns_run_in_order_of_registration),
        TEST(the_shortest_opinion_counts),
        TEST(turns_run_again_after_deferred_calls),
        TEST(a_turn_that_always_says_zero_does_not_spin),
        TEST(what_stays_readable_does_not_hold_a_turn_up),
        TEST(an_idle_loop_sleeps),
        TEST(stop_before_run_returns_at_once),
        TEST(stop_works_from_everywhere),
        TEST(posts_of_each_thread_come_in_order),
        TEST(a_post_may_post),
        TEST(the_clocks_go_on),
        TEST(wall_time_goes_on_from_the_process_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
