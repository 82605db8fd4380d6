/* A small pool of threads for what blocks: password hashing, XLSX, TTS, file sync.
 * Nothing on it touches the state of the control thread. */
#ifndef HOTLINED_WORKER_H
#define HOTLINED_WORKER_H

struct loop;
struct worker_pool;

/* Runs on a worker thread; touches only job. */
typedef void worker_work_h(void *job);
/* Runs on the control thread afterwards, exactly once per accepted job. Owns job from then on.
 * At shutdown jobs not begun are not worked on; done still comes, with cancelled = 1. */
typedef void worker_done_h(void *job, int cancelled);

int worker_pool_create(struct loop *loop, unsigned threads, unsigned max_queued,
                       struct worker_pool **ret_pool);
/* Waits for the jobs being worked on, calls done for all others. */
void worker_pool_destroy(struct worker_pool *pool);
/* 0, or -EAGAIN when max_queued jobs wait (the caller answers "busy"), or -ENOMEM. */
int worker_submit(struct worker_pool *pool, worker_work_h *work, worker_done_h *done, void *job);

#endif
