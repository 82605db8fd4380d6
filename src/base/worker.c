/* The worker pool: a bounded queue, some threads, results posted to the loop. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/worker.h>

struct task {
    struct task *next;
    struct worker_pool *pool;
    worker_work_h *work;
    worker_done_h *done;
    void *job;
};

struct worker_pool {
    struct loop *loop;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct task *first, **last;
    unsigned queued, max_queued;
    bool stopping;
    unsigned thread_count;
    pthread_t threads[];
};

static void task_done(void *arg)
{
    struct task *task = arg;

    task->done(task->job, 0);
    free(task);
}

static struct task *take_task(struct worker_pool *pool)
{
    struct task *task;

    pthread_mutex_lock(&pool->lock);
    while (!pool->first && !pool->stopping)
        pthread_cond_wait(&pool->wanted, &pool->lock);
    task = pool->stopping ? NULL : pool->first;
    if (task) {
        pool->first = task->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->queued--;
    }
    pthread_mutex_unlock(&pool->lock);
    return task;
}

static void *worker_main(void *arg)
{
    struct worker_pool *pool = arg;
    struct task *task;

    while ((task = take_task(pool))) {
        task->work(task->job);
        while (loop_post(pool->loop, task_done, task)) {
            /* Only without memory: the promise "exactly once" is kept by trying again. */
            log_error("worker", "no_memory", "what=post");
            sched_yield();
        }
    }
    return NULL;
}

int worker_pool_create(struct loop *loop, unsigned threads, unsigned max_queued,
                       struct worker_pool **ret_pool)
{
    struct worker_pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pthread_t));

    if (!pool)
        return -ENOMEM;
    pool->loop = loop;
    pool->max_queued = max_queued;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wanted, NULL);
    for (; pool->thread_count < threads; pool->thread_count++) {
        if (pthread_create(&pool->threads[pool->thread_count], NULL, worker_main, pool)) {
            worker_pool_destroy(pool);
            return -EAGAIN;
        }
        (void)pthread_setname_np(pool->threads[pool->thread_count], "worker");
    }
    *ret_pool = pool;
    return 0;
}

void worker_pool_destroy(struct worker_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->wanted);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    /* Finished jobs are posts on the loop: they are delivered before the ones never begun. */
    loop_run_once(pool->loop, 0);
    while (pool->first) {
        struct task *task = pool->first;
        pool->first = task->next;
        task->done(task->job, 1);
        free(task);
    }
    pthread_cond_destroy(&pool->wanted);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int worker_submit(struct worker_pool *pool, worker_work_h *work, worker_done_h *done, void *job)
{
    struct task *task = calloc(1, sizeof(*task));
    int err = 0;

    if (!task)
        return -ENOMEM;
    *task = (struct task){NULL, pool, work, done, job};
    pthread_mutex_lock(&pool->lock);
    if (pool->stopping || pool->queued >= pool->max_queued) {
        err = -EAGAIN;
    } else {
        *pool->last = task;
        pool->last = &task->next;
        pool->queued++;
        pthread_cond_signal(&pool->wanted);
    }
    pthread_mutex_unlock(&pool->lock);
    if (err)
        free(task);
    return err;
}
