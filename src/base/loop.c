/* The control thread's loop on libevent. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>

#define MAX_TURNS   16
#define MAX_FLUSHES 4
#define MAX_ZEROS   8 /* polls in a row without progress before the loop sleeps 1 ms anyway */
#define NO_OPINION  -1
#define BACK_MAX_MS (3 * 3600 * 1000LL)

struct post {
    struct post *next;
    loop_call_h *fn;
    void *arg;
};

struct post_list { /* in order */
    struct post *first, **last;
};

struct loop {
    struct event_base *base;
    struct {
        loop_turn_h *fn;
        void *arg;
    } turns[MAX_TURNS];
    int turn_count;
    struct {
        loop_call_h *fn;
        void *arg;
    } flushes[MAX_FLUSHES];
    int flush_count;
    int zeros;
    uint64_t now_ms;
    int64_t wall_ms;
    uint64_t behind_ms; /* passed and not yet counted, while the wall clock goes at half speed */
    bool stopping;

    struct post_list deferred;

    pthread_mutex_t lock; /* guards posted only; held for a list append or a swap */
    struct post_list posted;
    int wake_fd;
    struct event *wake_event, *sleep_event;
};

static void list_init(struct post_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_add(struct post_list *list, struct post *post)
{
    post->next = NULL;
    *list->last = post;
    list->last = &post->next;
}

static struct post *list_take_all(struct post_list *list)
{
    struct post *first = list->first;

    list_init(list);
    return first;
}

static void run_all(struct post *post)
{
    while (post) {
        struct post *next = post->next;
        loop_call_h *fn = post->fn;
        void *arg = post->arg;
        free(post);
        fn(arg);
        post = next;
    }
}

/* Wall time never goes back, so that nothing ends before it began: while the machine's clock is
 * behind ours, because it was set back, ours goes at half speed until the other has caught up. A
 * clock that was wrong by more (a wrong day at the start, corrected by NTP) is followed at once: a
 * few odd rows are better than days of wrong times. */
static void read_clocks(struct loop *loop)
{
    struct timespec ts;
    uint64_t before = loop->now_ms;
    int64_t wall_ms;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    loop->now_ms = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
    clock_gettime(CLOCK_REALTIME, &ts);
    wall_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
    if (loop->wall_ms - wall_ms > BACK_MAX_MS)
        log_error("loop", "clock_set_back", "by_ms=%lld", (long long)(loop->wall_ms - wall_ms));
    if (wall_ms >= loop->wall_ms || loop->wall_ms - wall_ms > BACK_MAX_MS) {
        loop->wall_ms = wall_ms;
        loop->behind_ms = 0;
        return;
    }
    loop->behind_ms += loop->now_ms - before;
    loop->wall_ms += (int64_t)(loop->behind_ms / 2);
    loop->behind_ms %= 2;
}

/* --- posts from other threads --------------------------------------------------------------- */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;
    uint64_t count;
    struct post *posts;

    (void)what;
    if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        log_error("loop", "wake_read", "error=%s", strerror(errno));
    read_clocks(loop);
    pthread_mutex_lock(&loop->lock);
    posts = list_take_all(&loop->posted);
    pthread_mutex_unlock(&loop->lock);
    run_all(posts);
}

int loop_post(struct loop *loop, loop_call_h *fn, void *arg)
{
    struct post *post = malloc(sizeof(*post));
    const uint64_t one = 1;
    bool first;

    if (!post)
        return -ENOMEM;
    post->fn = fn;
    post->arg = arg;
    pthread_mutex_lock(&loop->lock);
    first = !loop->posted.first;
    list_add(&loop->posted, post);
    pthread_mutex_unlock(&loop->lock);
    /* A full counter (EAGAIN) means the loop is being woken already. */
    if (first && write(loop->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_error("loop", "wake_write", "error=%s", strerror(errno));
    return 0;
}

void loop_defer(struct loop *loop, loop_call_h *fn, void *arg)
{
    struct post *post = malloc(sizeof(*post));

    if (!post) { /* the promise "exactly once" cannot be kept without memory: stop loudly */
        log_error("loop", "no_memory", "what=defer");
        abort();
    }
    post->fn = fn;
    post->arg = arg;
    list_add(&loop->deferred, post);
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_sleep_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg; /* only ends event_base_loop(): the turn functions have work */
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    /* A timer begins when it is started, not when the turn began: else it would come early. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
    base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

int loop_create(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return -ENOMEM;
    list_init(&loop->deferred);
    list_init(&loop->posted);
    pthread_mutex_init(&loop->lock, NULL);
    loop->base = new_base();
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!loop->base || loop->wake_fd < 0)
        goto fail;
    loop->wake_event = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    loop->sleep_event = event_new(loop->base, -1, 0, on_sleep_over, loop);
    if (!loop->wake_event || !loop->sleep_event || event_add(loop->wake_event, NULL))
        goto fail;
    read_clocks(loop);
    *ret_loop = loop;
    return 0;
fail:
    loop_destroy(loop);
    return -ENOMEM;
}

void loop_destroy(struct loop *loop)
{
    if (!loop)
        return;
    /* What was promised for later still comes: owners release their memory there. */
    for (int rounds = 0; rounds < 8 && (loop->deferred.first || loop->posted.first); rounds++) {
        run_all(list_take_all(&loop->posted));
        run_all(list_take_all(&loop->deferred));
    }
    if (loop->wake_event)
        event_free(loop->wake_event);
    if (loop->sleep_event)
        event_free(loop->sleep_event);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->base)
        event_base_free(loop->base);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

struct event_base *loop_event_base(struct loop *loop)
{
    return loop->base;
}

int loop_add_turn(struct loop *loop, loop_turn_h *turn, void *arg)
{
    if (loop->turn_count == MAX_TURNS)
        return -ENOMEM;
    loop->turns[loop->turn_count].fn = turn;
    loop->turns[loop->turn_count].arg = arg;
    loop->turn_count++;
    return 0;
}

void loop_remove_turn(struct loop *loop, loop_turn_h *turn, void *arg)
{
    for (int i = 0; i < loop->turn_count; i++)
        if (loop->turns[i].fn == turn && loop->turns[i].arg == arg) {
            memmove(&loop->turns[i], &loop->turns[i + 1],
                    (size_t)(loop->turn_count - i - 1) * sizeof(loop->turns[0]));
            loop->turn_count--;
            return;
        }
}

int loop_add_flush(struct loop *loop, loop_call_h *flush, void *arg)
{
    if (loop->flush_count == MAX_FLUSHES)
        return -ENOMEM;
    loop->flushes[loop->flush_count].fn = flush;
    loop->flushes[loop->flush_count].arg = arg;
    loop->flush_count++;
    return 0;
}

void loop_remove_flush(struct loop *loop, loop_call_h *flush, void *arg)
{
    for (int i = 0; i < loop->flush_count; i++)
        if (loop->flushes[i].fn == flush && loop->flushes[i].arg == arg) {
            loop->flushes[i] = loop->flushes[--loop->flush_count];
            return;
        }
}

/* --- the turn ------------------------------------------------------------------------------- */

static int run_turns(struct loop *loop, int max_wait_ms)
{
    int wait = max_wait_ms;

    for (int i = 0; i < loop->turn_count; i++) {
        int opinion = loop->turns[i].fn(loop->turns[i].arg);
        if (opinion >= 0 && (wait < 0 || opinion < wait))
            wait = opinion;
    }
    return wait;
}

/* Libraries truncate their timers to whole ms and answer 0 all through the last one: after some
 * polls in a row sleep 1 ms instead of spinning. */
static int tame_zeros(struct loop *loop, int wait)
{
    if (wait != 0) {
        loop->zeros = 0;
        return wait;
    }
    return ++loop->zeros > MAX_ZEROS ? 1 : 0;
}

static int prepare(struct loop *loop, int max_wait_ms)
{
    int wait = run_turns(loop, max_wait_ms);

    if (loop->deferred.first) {
        /* What they begin is for the turn functions to carry on: no sleep before these ran. */
        run_all(list_take_all(&loop->deferred));
        return 0;
    }
    /* libevent forgets a break that was asked for outside of its own loop. */
    return loop->stopping ? 0 : tame_zeros(loop, wait);
}

void loop_run_once(struct loop *loop, int max_wait_ms)
{
    int wait;

    read_clocks(loop);
    wait = prepare(loop, max_wait_ms);
    for (int i = 0; i < loop->flush_count; i++)
        loop->flushes[i].fn(loop->flushes[i].arg);
    if (wait == 0) {
        /* ONCE too: without it libevent goes round as long as anything is ready, and descriptors
         * that turn functions read (those of libmicrohttpd) stay ready until these come to turn. */
        event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    } else {
        if (wait > 0) {
            struct timeval tv = {wait / 1000, (wait % 1000) * 1000};
            event_add(loop->sleep_event, &tv);
        }
        event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
        event_del(loop->sleep_event);
    }
    read_clocks(loop);
    run_all(list_take_all(&loop->deferred));
}

void loop_run(struct loop *loop)
{
    while (!loop->stopping)
        loop_run_once(loop, NO_OPINION);
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    event_base_loopbreak(loop->base);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->wall_ms;
}

void loop_wall_from(struct loop *loop, int64_t wall_ms)
{
    if (wall_ms > loop->wall_ms && wall_ms - loop->wall_ms <= BACK_MAX_MS)
        loop->wall_ms = wall_ms;
}

/* --- timers --------------------------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;

    (void)fd;
    (void)what;
    read_clocks(timer->loop);
    timer->armed = false;
    timer->fn(timer->arg);
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_call_h *fn, void *arg)
{
    *timer = (struct loop_timer){.loop = loop, .fn = fn, .arg = arg};
}

void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms)
{
    struct timeval tv = {(time_t)(delay_ms / 1000), (suseconds_t)(delay_ms % 1000 * 1000)};

    if (!timer->ev)
        timer->ev = event_new(timer->loop->base, -1, 0, on_timer, timer);
    if (!timer->ev || event_add(timer->ev, &tv)) {
        log_error("loop", "no_memory", "what=timer");
        abort(); /* a call without its timer would hang for ever: restart is better */
    }
    timer->armed = true;
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->armed && timer->ev)
        event_del(timer->ev);
    timer->armed = false;
}

void loop_timer_done(struct loop_timer *timer)
{
    loop_timer_stop(timer);
    if (timer->ev)
        event_free(timer->ev);
    timer->ev = NULL;
}
