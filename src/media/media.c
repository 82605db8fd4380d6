/* The control thread's side of media: handles, ports, commands, and delivering events. */
#include <errno.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "media/control.h"

enum {
    RECORD_BUFFER_S = 60,
    RECORD_BYTES_PER_S = 16000,
    OTHER_FILES = 1024 /* pages, PostgreSQL, recordings being written */
};

/* --- events --------------------------------------------------------------------------------- */

static void leg_closed(struct media *media, const struct media_event *event)
{
    struct control_leg *leg = slots_find(&media->legs, event->leg);
    if (!leg)
        return;

    if (leg->port)
        ports_give_back(&media->ports, leg->port, event->closed.fds);
    free(leg->line);
    leg->line = NULL;
    if (media->handlers.on_leg_closed)
        media->handlers.on_leg_closed(event->leg, &event->closed.stats, media->arg);
    slots_release(&media->legs, event->leg);
}

static void recorded(struct media *media, const struct media_event *event)
{
    slots_release(&media->recordings, event->recorded.recording);
    if (media->handlers.on_recorded)
        media->handlers.on_recorded(&event->recorded, media->arg);
}

static void quiet(struct media *media, handle_t handle)
{
    const struct control_recording *recording = slots_find(&media->recordings, handle);

    if (recording && !recording->stopping && media->handlers.on_quiet)
        media->handlers.on_quiet(handle, media->arg);
}

static void leg_event(struct media *media, const struct control_leg *leg,
                      const struct media_event *event)
{
    const struct media_handlers *handlers = &media->handlers;

    switch (event->kind) {
    case EVENT_DIGIT:
        if (handlers->on_digit)
            handlers->on_digit(event->leg, event->press.digit, event->press.duration_ms,
                               media->arg);
        return;
    case EVENT_PLAY_DONE:
        if (handlers->on_play_done && event->play.serial == leg->serial)
            handlers->on_play_done(event->leg, event->play.token, media->arg);
        return;
    case EVENT_RTP_TIMEOUT:
        if (handlers->on_rtp_timeout)
            handlers->on_rtp_timeout(event->leg, media->arg);
        return;
    case EVENT_LINE:
        if (handlers->on_line)
            handlers->on_line(event->leg, event->line, media->arg);
        return;
    case EVENT_FIRST_PACKET:
        if (handlers->on_first_packet)
            handlers->on_first_packet(event->leg, media->arg);
        return;
    case EVENT_GAP:
        if (handlers->on_gap)
            handlers->on_gap(event->leg, event->gap.room, event->gap.quiet, media->arg);
        return;
    case EVENT_RECORDED:
    case EVENT_QUIET:
    case EVENT_LEG_CLOSED:
    case EVENT_MEASURED:
        return;
    }
}

static void deliver(const struct media_event *event, void *arg)
{
    struct media *media = arg;

    if (event->kind == EVENT_LEG_CLOSED) {
        leg_closed(media, event);
    } else if (event->kind == EVENT_RECORDED) {
        recorded(media, event);
    } else if (event->kind == EVENT_QUIET) {
        quiet(media, event->recording);
    } else if (event->kind == EVENT_MEASURED) {
        if (media->handlers.on_measured)
            media->handlers.on_measured(event->leg, event->measured.token, &event->measured.stats,
                                        media->arg);
    } else {
        const struct control_leg *leg = slots_find(&media->legs, event->leg);
        if (leg && !leg->closing)
            leg_event(media, leg, event);
    }
}

static void on_recorded(const struct media_recorded *result, void *arg)
{
    struct media *media = arg;
    const struct media_event event = {.kind = EVENT_RECORDED, .recorded = *result};

    events_push(media->events, &event);
}

/* --- life ----------------------------------------------------------------------------------- */

static int make_slots(struct media *media, const struct media_options *options)
{
    int r = slots_init(&media->legs, sizeof(struct control_leg), (uint32_t)options->max_legs);

    if (r == 0)
        r = slots_init(&media->rooms, sizeof(struct control_room), (uint32_t)options->max_rooms);
    if (r == 0)
        r = slots_init(&media->recordings, sizeof(struct control_recording),
                       (uint32_t)options->max_legs);
    return r;
}

/* Pairs of sockets, lent and resting: what the process may open, less what everything else needs,
 * so that resting sockets never cost a page its connection. Two pairs, a call, have a recording. */
static size_t socket_pairs(int max_legs)
{
    size_t pairs = (size_t)max_legs, wanted = OTHER_FILES + pairs * 5 / 2;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == RLIM_INFINITY ||
        files.rlim_cur >= wanted)
        return pairs;
    log_info("media", "few_files", "limit=%llu wanted=%zu", (unsigned long long)files.rlim_cur,
             wanted);
    /* With a limit as low as that there is no sharing out: whoever comes first has it. */
    return files.rlim_cur < 2 * OTHER_FILES ? pairs : (files.rlim_cur - OTHER_FILES) * 2 / 5;
}

static int make_ports(struct media *media, const struct media_options *options)
{
    return ports_init(&media->ports,
                      &(struct ports_options){.address = media->address,
                                              .first = options->port_min,
                                              .last = options->port_max,
                                              .dscp = options->dscp,
                                              .open_max = socket_pairs(options->max_legs)});
}

static int make_engine(struct media *media, const struct media_options *options)
{
    struct engine_options engine = {.legs = (uint32_t)options->max_legs,
                                    .rooms = (uint32_t)options->max_rooms,
                                    .recordings = (uint32_t)options->max_legs,
                                    .rtp_timeout_s = options->rtp_timeout_s,
                                    .events = media->events,
                                    .recorder = media->recorder,
                                    .line = {.address = media->address,
                                             .port = options->line_port,
                                             .max_lines = options->max_legs,
                                             .dscp = options->dscp,
                                             .identity = media->identity}};

    int r = engine_create(&engine, &media->engine);
    if (r == 0)
        media->line_port = line_port_number(media->engine->port);
    return r;
}

static void flush(void *arg)
{
    struct media *media = arg;

    engine_flush(media->engine);
}

int media_create(struct loop *loop, const struct media_options *options,
                 const struct media_handlers *handlers, void *arg, struct media **ret_media)
{
    struct media *media;
    int r = -ENOMEM;

    if (options->max_legs < 1 || options->max_rooms < 1)
        return -EINVAL;
    media = calloc(1, sizeof(*media));
    if (!media)
        return -ENOMEM;
    media->handlers = *handlers;
    media->arg = arg;
    media->address = strdup(options->address);
    media->public_address =
        strdup(options->public_address ? options->public_address : options->address);
    if (!media->address || !media->public_address)
        goto fail;
    if ((r = make_slots(media, options)) < 0 || (r = make_ports(media, options)) < 0 ||
        (r = events_create(loop, deliver, media, &media->events)) < 0 ||
        (r = recorder_create((size_t)options->max_legs * RECORD_BYTES_PER_S * RECORD_BUFFER_S,
                             on_recorded, media, &media->recorder)) < 0 ||
        (r = line_identity_make(&media->identity)) < 0 || (r = make_engine(media, options)) < 0 ||
        (r = loop_add_flush(loop, flush, media)) < 0)
        goto fail;
    media->loop = loop;
    if (options->threads > 1)
        log_info("media", "one_thread", "asked=%d used=1", options->threads);
    *ret_media = media;
    return 0;
fail:
    media_destroy(media);
    return r;
}

void media_destroy(struct media *media)
{
    handle_t handle;

    if (!media)
        return;
    if (media->loop)
        loop_remove_flush(media->loop, flush, media);
    struct engine *engine = media->engine;
    media->engine = NULL; /* handlers that are called now cannot start anything */
    engine_destroy(engine);
    recorder_destroy(media->recorder);
    events_destroy(media->events);
    line_identity_free(media->identity);
    for (struct control_leg *leg = NULL;
         media->legs.items && (leg = slots_next(&media->legs, leg, &handle));)
        free(leg->line);
    slots_done(&media->legs);
    slots_done(&media->rooms);
    slots_done(&media->recordings);
    ports_done(&media->ports);
    free(media->public_address);
    free(media->address);
    free(media);
}

uint16_t media_line_port(const struct media *media)
{
    return media->line_port;
}

const char *media_public_address(const struct media *media)
{
    return media->public_address;
}

/* --- commands ------------------------------------------------------------------------------- */

struct command *control_command(command_h *run_command, handle_t leg)
{
    struct command *command = calloc(1, sizeof(*command));

    if (command)
        *command = (struct command){.run = run_command, .leg = leg, .fds = {-1, -1}};
    return command;
}

int control_submit(struct media *media, struct command *command, bool must)
{
    int r = media->engine ? engine_command(media->engine, command, must) : -ESHUTDOWN;

    if (r < 0) {
        if (must && r != -ESHUTDOWN)
            log_error("media", "command_lost", "leg=%u errno=%d", command->leg, -r);
        command_free(command);
    }
    return r;
}

struct control_leg *control_leg(const struct media *media, handle_t handle)
{
    struct control_leg *leg = slots_find(&media->legs, handle);
    return leg && !leg->closing ? leg : NULL;
}
