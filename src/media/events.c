/* Events on their way to the control thread. */
#include "media/events.h"

#include <errno.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <pthread.h>
#include <stdlib.h>

struct events {
    struct loop *loop;
    event_h *deliver;
    void *arg;
    pthread_mutex_t lock;        /* guards all below */
    struct media_event *waiting; /* owned */
    size_t count, capacity;
    bool posted;  /* drain() is on its way to the control thread */
    bool closing; /* the owner is gone: the last drain() frees this */
};

int events_create(struct loop *loop, event_h *deliver, void *arg, struct events **ret_events)
{
    struct events *events = calloc(1, sizeof(*events));

    if (!events)
        return -ENOMEM;
    *events = (struct events){.loop = loop, .deliver = deliver, .arg = arg};
    if (pthread_mutex_init(&events->lock, NULL) != 0) {
        free(events);
        return -ENOMEM;
    }
    *ret_events = events;
    return 0;
}

static void dispose(struct events *events)
{
    (void)pthread_mutex_destroy(&events->lock);
    free(events->waiting);
    free(events);
}

/* Handlers may call any media function, so none of them runs under the lock. */
static void deliver_all(struct events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    struct media_event *batch = events->waiting;
    size_t count = events->count;
    events->waiting = NULL;
    events->count = events->capacity = 0;
    (void)pthread_mutex_unlock(&events->lock);

    for (size_t i = 0; i < count; i++)
        events->deliver(&batch[i], events->arg);
    free(batch);
}

static void drain(void *arg)
{
    struct events *events = arg;

    (void)pthread_mutex_lock(&events->lock);
    events->posted = false;
    bool closing = events->closing;
    (void)pthread_mutex_unlock(&events->lock);
    if (closing)
        dispose(events);
    else
        deliver_all(events);
}

static bool grow(struct events *events)
{
    size_t capacity = events->capacity ? events->capacity * 2 : 16;
    struct media_event *bigger = realloc(events->waiting, capacity * sizeof(*bigger));

    if (!bigger)
        return false;
    events->waiting = bigger;
    events->capacity = capacity;
    return true;
}

void events_push(struct events *events, const struct media_event *event)
{
    bool lost = false, post = false;

    (void)pthread_mutex_lock(&events->lock);
    if (events->count == events->capacity && !grow(events)) {
        lost = true;
    } else {
        events->waiting[events->count++] = *event;
        post = !events->posted;
        events->posted = true;
    }
    (void)pthread_mutex_unlock(&events->lock);
    if (lost)
        log_error("media", "event_lost", "leg=%u kind=%d reason=memory", event->leg, event->kind);
    if (post && loop_post(events->loop, drain, events) < 0) {
        (void)pthread_mutex_lock(&events->lock);
        events->posted = false; /* the next event tries again */
        (void)pthread_mutex_unlock(&events->lock);
    }
}

void events_destroy(struct events *events)
{
    if (!events)
        return;
    deliver_all(events);
    (void)pthread_mutex_lock(&events->lock);
    events->closing = true;
    bool posted = events->posted;
    (void)pthread_mutex_unlock(&events->lock);
    if (!posted)
        dispose(events);
}
