/* rooms: base */
/* The worker pool: work happens elsewhere, answers come here, each exactly once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <hotlined/loop.h>
#include <hotlined/worker.h>

#define JOBS 2000

static struct loop *loop;
static pthread_t control;

struct job {
    _Atomic int worked;
    int done, cancelled;
    bool worked_here;
};

static struct job jobs[JOBS];
static int done_count;

/* A gate that workers stand at until the test opens it. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int at_gate;

static void set_gate(bool open)
{
    pthread_mutex_lock(&gate_lock);
    gate_open = open;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_lock);
}

static void wait_at_gate(int count)
{
    pthread_mutex_lock(&gate_lock);
    while (at_gate < count)
        pthread_cond_wait(&gate_moved, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static void work(void *arg)
{
    struct job *job = arg;

    job->worked_here = pthread_equal(pthread_self(), control);
    atomic_fetch_add(&job->worked, 1);
}

static void work_at_gate(void *arg)
{
    pthread_mutex_lock(&gate_lock);
    at_gate++;
    pthread_cond_broadcast(&gate_moved);
    while (!gate_open)
        pthread_cond_wait(&gate_moved, &gate_lock);
    at_gate--;
    pthread_mutex_unlock(&gate_lock);
    work(arg);
}

static void done(void *arg, int cancelled)
{
    struct job *job = arg;

    assert_true(pthread_equal(pthread_self(), control));
    job->done++;
    job->cancelled += cancelled;
    done_count++;
}

static int begin(void **state)
{
    (void)state;
    memset(jobs, 0, sizeof(jobs));
    done_count = at_gate = 0;
    set_gate(false);
    control = pthread_self();
    return loop_create(&loop);
}

static int end(void **state)
{
    (void)state;
    loop_destroy(loop);
    return 0;
}

static void every_job_is_worked_and_answered_once(void **state)
{
    struct worker_pool *pool;
    int submitted = 0;

    (void)state;
    assert_int_equal(worker_pool_create(loop, 3, 50, &pool), 0);
    while (done_count < JOBS) {
        while (submitted < JOBS && worker_submit(pool, work, done, &jobs[submitted]) == 0)
            submitted++;
        loop_run_once(loop, 10);
    }
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].worked, 1);
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].cancelled, 0);
        assert_false(jobs[i].worked_here);
    }
    worker_pool_destroy(pool);
}

static void a_full_queue_says_EAGAIN(void **state)
{
    struct worker_pool *pool;

    (void)state;
    assert_int_equal(worker_pool_create(loop, 2, 5, &pool), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(worker_submit(pool, work_at_gate, done, &jobs[i]), 0);
    wait_at_gate(2);
    for (int i = 2; i < 7; i++)
        assert_int_equal(worker_submit(pool, work_at_gate, done, &jobs[i]), 0);
    assert_int_equal(worker_submit(pool, work_at_gate, done, &jobs[7]), -EAGAIN);
    set_gate(true);
    while (done_count < 7)
        loop_run_once(loop, 10);
    assert_int_equal(jobs[7].worked + jobs[7].done, 0);
    assert_int_equal(worker_submit(pool, work, done, &jobs[7]), 0);
    while (done_count < 8)
        loop_run_once(loop, 10);
    worker_pool_destroy(pool);
}

static void *open_gate_late(void *arg)
{
    (void)arg;
    wait_at_gate(2);
    set_gate(true);
    return NULL;
}

static void destroy_finishes_what_began_and_cancels_the_rest(void **state)
{
    struct worker_pool *pool;
    pthread_t opener;
    int cancelled = 0;

    (void)state;
    assert_int_equal(worker_pool_create(loop, 2, 100, &pool), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(worker_submit(pool, work_at_gate, done, &jobs[i]), 0);
    wait_at_gate(2);
    assert_int_equal(pthread_create(&opener, NULL, open_gate_late, NULL), 0);
    worker_pool_destroy(pool);
    pthread_join(opener, NULL);
    assert_int_equal(done_count, 20);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].worked, !jobs[i].cancelled);
        cancelled += jobs[i].cancelled;
    }
    assert_in_range(cancelled, 0, 18);
}

static struct worker_pool *closing;

static void done_submits(void *arg, int cancelled)
{
    done(arg, cancelled);
    if (cancelled)
        assert_int_equal(worker_submit(closing, work, done, &jobs[JOBS - 1]), -EAGAIN);
}

static void a_closing_pool_takes_nothing(void **state)
{
    (void)state;
    assert_int_equal(worker_pool_create(loop, 0, 10, &closing), 0); /* nobody works */
    for (int i = 0; i < 3; i++)
        assert_int_equal(worker_submit(closing, work, done_submits, &jobs[i]), 0);
    worker_pool_destroy(closing);
    assert_int_equal(done_count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(jobs[i].cancelled, 1);
    worker_pool_destroy(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_job_is_worked_and_answered_once),
        TEST(a_full_queue_says_EAGAIN),
        TEST(destroy_finishes_what_began_and_cancels_the_rest),
        TEST(a_closing_pool_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
