/* The media thread: its loop, its tick, its commands. */
#include "media/engine.h"

#include <errno.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/metrics.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512, MAX_COMMANDS = 65536, TICK_NS = TICK_MS * 1000000, LATE_TICKS = 3 };

static struct metric metric_late = {.name = "hotlined_media_ticks_late_total",
                                    .help = "Ticks made more than 60 ms late",
                                    .kind = METRIC_COUNTER};
static struct metric metric_skipped = {.name = "hotlined_media_ticks_skipped_total",
                                       .help = "Ticks given up because the machine stalled",
                                       .kind = METRIC_COUNTER};
static struct metric metric_legs = {
    .name = "hotlined_media_legs", .help = "Media legs open", .kind = METRIC_GAUGE};

static int64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- finding things ------------------------------------------------------------------------- */

struct mleg *engine_leg(struct engine *engine, handle_t handle)
{
    uint32_t index = handle & 0xFFFFF;

    if (!handle || index >= engine->leg_count || engine->legs[index].handle != handle)
        return NULL;
    return &engine->legs[index];
}

struct mroom *engine_room(struct engine *engine, handle_t handle)
{
    uint32_t index = handle & 0xFFFFF;

    if (!handle || index >= engine->room_count || engine->rooms[index].handle != handle)
        return NULL;
    return &engine->rooms[index];
}

struct mrecording *engine_recording(struct engine *engine, handle_t handle)
{
    uint32_t index = handle & 0xFFFFF;

    if (!handle || index >= engine->recording_count || engine->recordings[index].handle != handle)
        return NULL;
    return &engine->recordings[index];
}

uint32_t schedule_add(struct schedule *schedule, uint32_t slot)
{
    schedule->slots[schedule->count] = slot;
    schedule->due[schedule->count] = 0;
    return schedule->count++;
}

uint32_t schedule_remove(struct schedule *schedule, uint32_t place)
{
    uint32_t last = --schedule->count;

    schedule->slots[place] = schedule->slots[last];
    schedule->due[place] = schedule->due[last];
    return schedule->slots[place];
}

int engine_watch(struct engine *engine, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};

    return epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void engine_unwatch(struct engine *engine, int fd)
{
    if (epoll_ctl(engine->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0 && errno != ENOENT)
        log_error("media", "not_unwatched", "errno=%d", errno);
}

/* --- commands ------------------------------------------------------------------------------- */

void command_free(struct command *command)
{
    for (unsigned i = 0; command->play && i < command->play->count; i++)
        media_audio_unref(command->play->audio[i]);
    for (int i = 0; i < 2; i++)
        if (command->fds[i] > 0)
            (void)close(command->fds[i]);
    free(command->play);
    free(command->line);
    free(command);
}

static void wake(const struct engine *engine)
{
    const uint64_t one = 1;

    /* It can only fail when 2^64 wake-ups wait already. */
    if (write(engine->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_error("media", "wake_failed", "errno=%d", errno);
}

int engine_command(struct engine *engine, struct command *command, bool must)
{
    (void)pthread_mutex_lock(&engine->lock);
    bool full = !must && engine->commands >= MAX_COMMANDS;
    bool was_empty = engine->first == NULL;
    if (!full) {
        command->next = NULL;
        *engine->last = command;
        engine->last = &command->next;
        engine->commands++;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    if (full)
        return -EAGAIN;
    engine->wake_due |= was_empty;
    return 0;
}

void engine_flush(struct engine *engine)
{
    if (engine->wake_due)
        wake(engine);
    engine->wake_due = false;
}

/* Whatever a command changed for its legs shows in their next tick. */
static void wake_touched(struct engine *engine, const struct command *command)
{
    const struct mleg *leg = engine_leg(engine, command->leg);
    const struct mleg *other = engine_leg(engine, command->other);

    if (leg)
        engine_wake_leg(engine, leg);
    if (other)
        engine_wake_leg(engine, other);
}

static void run_commands(struct engine *engine)
{
    uint64_t count;

    if (read(engine->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        log_error("media", "wake_unreadable", "errno=%d", errno);
    (void)pthread_mutex_lock(&engine->lock);
    struct command *command = engine->first;
    engine->first = NULL;
    engine->last = &engine->first;
    engine->commands = 0;
    (void)pthread_mutex_unlock(&engine->lock);
    while (command) {
        struct command *next = command->next;
        command->run(engine, command);
        wake_touched(engine, command);
        command_free(command);
        command = next;
    }
}

static void quit_command(struct engine *engine, struct command *command)
{
    (void)command;
    engine->quit = true;
}

/* --- the tick ------------------------------------------------------------------------------- */

/* The absolute schedule, but never two ticks at once: lost time is made up at twice the speed. */
static void arm(struct engine *engine)
{
    int64_t next = engine->epoch_ns + (int64_t)(engine->tick + 1) * TICK_NS;
    int64_t soonest = engine->now_ns + TICK_NS / 2;
    struct itimerspec when = {0};

    if (next < soonest && next <= engine->now_ns)
        next = soonest;
    when.it_value.tv_sec = next / 1000000000;
    when.it_value.tv_nsec = next % 1000000000;
    if (timerfd_settime(engine->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
        log_error("media", "timer_not_armed", "errno=%d", errno);
}

uint64_t engine_clock_tick(const struct engine *engine)
{
    uint64_t due = (uint64_t)((engine->now_ns - engine->epoch_ns) / TICK_NS);

    return due > engine->tick ? due : engine->tick;
}

/* Ticks are given up when the machine stood still for too long. */
static void skip_stall(struct engine *engine)
{
    uint64_t behind = engine_clock_tick(engine) - engine->tick;

    if (behind > LATE_TICKS)
        metric_add(&metric_late, 1);
    if (behind <= LATE_MAX_TICKS)
        return;
    engine->tick += behind - 1;
    metric_add(&metric_skipped, (int64_t)behind - 1);
    log_warn("media", "stalled", "ms=%llu", (unsigned long long)behind * TICK_MS);
}

static void make_tick(struct engine *engine)
{
    struct schedule *active = &engine->active, *recorded = &engine->recorded;
    uint64_t expirations;

    if (read(engine->timer_fd, &expirations, sizeof(expirations)) < 0)
        return; /* re-armed in the meantime */
    skip_stall(engine);
    engine->tick++;
    for (uint32_t i = 0; i < active->count; i++)
        if (active->due[i] <= engine->tick)
            active->due[i] = leg_tick(engine, &engine->legs[active->slots[i]]);
    for (uint32_t i = 0; i < recorded->count; i++)
        if (recorded->due[i] <= engine->tick)
            recorded->due[i] = tracks_tick(engine, &engine->recordings[recorded->slots[i]]);
    line_port_tick(engine->port, engine_now_ms(engine));
    metric_set(&metric_legs, active->count);
    arm(engine);
}

/* --- browser lines -------------------------------------------------------------------------- */

static void on_line_rtp(handle_t line, uint8_t *packet, size_t length, int64_t now_ms, void *arg)
{
    struct engine *engine = arg;
    struct mleg *leg = engine_leg(engine, line);

    (void)now_ms;
    if (leg)
        leg_received_rtp(engine, leg, packet, length, NULL);
}

static void on_line_rtcp(handle_t line, uint8_t *packet, size_t length, int64_t now_ms, void *arg)
{
    struct engine *engine = arg;
    struct mleg *leg = engine_leg(engine, line);

    (void)now_ms;
    if (leg && !rtcp_received(engine, leg, packet, length))
        leg->stats.packets_discarded++;
}

static void on_line_state(handle_t line, enum media_line_state state, void *arg)
{
    struct engine *engine = arg;
    struct mleg *leg = engine_leg(engine, line);

    if (leg)
        leg_line_state(engine, leg, state);
}

/* --- the loop ------------------------------------------------------------------------------- */

static void dispatch(struct engine *engine, uint64_t tag)
{
    switch (tag) {
    case TAG_WAKE:
        run_commands(engine);
        return;
    case TAG_TIMER:
        make_tick(engine);
        return;
    case TAG_LINE_UDP:
        line_port_readable(engine->port, line_port_udp_fd(engine->port), engine_now_ms(engine));
        return;
    case TAG_LINE_TCP:
        line_port_readable(engine->port, line_port_tcp_fd(engine->port), engine_now_ms(engine));
        return;
    default:;
        struct mleg *leg = &engine->legs[(tag - TAG_LEG) / 2];
        if (leg->handle && !leg->is_line)
            leg_readable(engine, leg, (tag - TAG_LEG) % 2);
    }
}

static void close_all(struct engine *engine)
{
    while (engine->recorded.count > 0)
        tracks_stop(engine, &engine->recordings[engine->recorded.slots[0]]);
    while (engine->active.count > 0)
        leg_close(engine, &engine->legs[engine->active.slots[0]]);
}

static void *run(void *arg)
{
    struct engine *engine = arg;
    struct epoll_event ready[EVENTS];

    engine->now_ns = clock_ns();
    arm(engine);
    while (!engine->quit) {
        int count = epoll_wait(engine->epoll_fd, ready, EVENTS, -1);
        engine->now_ns = clock_ns();
        for (int i = 0; i < count; i++)
            dispatch(engine, ready[i].data.u64);
        line_port_flush(engine->port);
    }
    close_all(engine);
    line_port_flush(engine->port);
    return NULL;
}

/* --- life ----------------------------------------------------------------------------------- */

static void dispose(struct engine *engine)
{
    line_port_destroy(engine->port);
    if (engine->epoll_fd >= 0)
        (void)close(engine->epoll_fd);
    if (engine->timer_fd >= 0)
        (void)close(engine->timer_fd);
    if (engine->wake_fd >= 0)
        (void)close(engine->wake_fd);
    (void)pthread_mutex_destroy(&engine->lock);
    free(engine->active.slots);
    free(engine->active.due);
    free(engine->recorded.slots);
    free(engine->recorded.due);
    free(engine->recordings);
    free(engine->rooms);
    free(engine->legs);
    free(engine);
}

static bool make_schedule(struct schedule *schedule, uint32_t capacity)
{
    schedule->slots = calloc(capacity, sizeof(*schedule->slots));
    schedule->due = calloc(capacity, sizeof(*schedule->due));
    return schedule->slots && schedule->due;
}

static int make_arrays(struct engine *engine, const struct engine_options *options)
{
    engine->leg_count = options->legs;
    engine->room_count = options->rooms;
    engine->recording_count = options->recordings;
    engine->legs = calloc(options->legs, sizeof(*engine->legs));
    engine->rooms = calloc(options->rooms, sizeof(*engine->rooms));
    engine->recordings = calloc(options->recordings, sizeof(*engine->recordings));
    bool all = engine->legs && engine->rooms && engine->recordings &&
               make_schedule(&engine->active, options->legs) &&
               make_schedule(&engine->recorded, options->recordings);
    return all ? 0 : -ENOMEM;
}

static int make_descriptors(struct engine *engine)
{
    engine->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    engine->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (engine->wake_fd < 0 || engine->timer_fd < 0 || engine->epoll_fd < 0)
        return -errno;
    int r = engine_watch(engine, engine->wake_fd, TAG_WAKE);
    if (r == 0)
        r = engine_watch(engine, engine->timer_fd, TAG_TIMER);
    if (r == 0)
        r = engine_watch(engine, line_port_udp_fd(engine->port), TAG_LINE_UDP);
    if (r == 0)
        r = engine_watch(engine, line_port_tcp_fd(engine->port), TAG_LINE_TCP);
    return r;
}

static int make_port(struct engine *engine, const struct engine_options *options)
{
    struct line_port_options line = options->line;

    line.handlers = (struct line_handlers){
        .on_rtp = on_line_rtp, .on_rtcp = on_line_rtcp, .on_state = on_line_state};
    line.arg = engine;
    return line_port_create(&line, &engine->port);
}

static void register_metrics(void)
{
    static bool registered; /* control thread only */

    if (registered)
        return;
    registered = true;
    metric_register(&metric_late);
    metric_register(&metric_skipped);
    metric_register(&metric_legs);
    rtcp_register();
    legs_register();
    line_counts_register();
}

int engine_create(const struct engine_options *options, struct engine **ret_engine)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    uint64_t name;
    int r;

    if (!engine)
        return -ENOMEM;
    register_metrics();
    engine->wake_fd = engine->timer_fd = engine->epoll_fd = -1;
    engine->last = &engine->first;
    engine->events = options->events;
    engine->recorder = options->recorder;
    engine->rtp_timeout_ms = options->rtp_timeout_s * 1000;
    engine->epoch_ns = clock_ns();
    random_bytes(&name, sizeof(name));
    (void)snprintf(engine->cname, sizeof(engine->cname), "%016llx@hotlined",
                   (unsigned long long)name);
    (void)pthread_mutex_init(&engine->lock, NULL);
    r = make_arrays(engine, options);
    if (r == 0)
        r = make_port(engine, options);
    if (r == 0)
        r = make_descriptors(engine);
    if (r == 0)
        r = -pthread_create(&engine->thread, NULL, run, engine);
    if (r < 0) {
        dispose(engine);
        return r;
    }
    (void)pthread_setname_np(engine->thread, "media");
    *ret_engine = engine;
    return 0;
}

void engine_destroy(struct engine *engine)
{
    struct command *quit;

    if (!engine)
        return;
    while (!(quit = calloc(1, sizeof(*quit))))
        (void)usleep(1000); /* the thread must end before its memory does */
    quit->run = quit_command;
    (void)engine_command(engine, quit, true);
    wake(engine);
    (void)pthread_join(engine->thread, NULL);
    dispose(engine);
}
