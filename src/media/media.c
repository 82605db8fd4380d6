/* The control thread's side of media: handles, ports, commands, and delivering events. */
#include <errno.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/engine.h"
#include "media/ports.h"

enum { RECORD_BUFFER_S = 60, RECORD_BYTES_PER_S = 16000 };

struct line_session {
    struct line_remote remote;
    struct line_credentials local; /* in force */
    uint64_t id, version;          /* of the o= line */
};

struct control_leg {
    uint16_t port;             /* RTP port, 0 for lines */
    bool closing;              /* media_leg_close() was called: only its end is still told */
    int telephone_event;       /* payload type or -1 */
    uint32_t serial;           /* counts plays and stops: an older end is not told */
    handle_t room;             /* 0 = none */
    struct line_session *line; /* owned; NULL for RTP legs */
};

struct control_room {
    handle_t legs[MEDIA_ROOM_LEGS]; /* 0 = free seat */
};

struct control_recording {
    bool stopping;
};

struct media {
    struct loop *loop; /* set once its flush is registered */
    struct media_handlers handlers;
    void *arg;
    char *address, *public_address; /* owned */
    struct events *events;
    struct recorder *recorder;
    struct line_identity *identity;
    struct engine *engine; /* NULL while shutting down */
    uint16_t line_port;
    struct ports ports;
    struct slots legs, rooms, recordings;
};

/* --- events --------------------------------------------------------------------------------- */

static void leg_closed(struct media *media, const struct media_event *event)
{
    struct control_leg *leg = slots_find(&media->legs, event->leg);
    if (!leg)
        return;

    if (leg->port)
        ports_give_back(&media->ports, leg->port);
    free(leg->line);
    leg->line = NULL;
    if (media->handlers.on_leg_closed)
        media->handlers.on_leg_closed(event->leg, &event->stats, media->arg);
    slots_release(&media->legs, event->leg);
}

static void recorded(struct media *media, const struct media_event *event)
{
    slots_release(&media->recordings, event->recorded.recording);
    if (media->handlers.on_recorded)
        media->handlers.on_recorded(&event->recorded, media->arg);
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
    case EVENT_RECORDED:
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
    if ((r = make_slots(media, options)) < 0 ||
        (r = ports_init(&media->ports, media->address, options->port_min, options->port_max,
                        options->dscp)) < 0 ||
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

typedef void command_h(struct engine *engine, struct command *command);

static struct command *new_command(command_h *run_command, handle_t leg)
{
    struct command *command = calloc(1, sizeof(*command));

    if (command)
        *command = (struct command){.run = run_command, .leg = leg, .fds = {-1, -1}};
    return command;
}

/* Takes the command in any case. */
static int submit(struct media *media, struct command *command, bool must)
{
    int r = media->engine ? engine_command(media->engine, command, must) : -ESHUTDOWN;

    if (r < 0) {
        if (must && r != -ESHUTDOWN)
            log_error("media", "command_lost", "leg=%u errno=%d", command->leg, -r);
        command_free(command);
    }
    return r;
}

static struct control_leg *find_leg(const struct media *media, handle_t handle)
{
    struct control_leg *leg = slots_find(&media->legs, handle);
    return leg && !leg->closing ? leg : NULL;
}

/* --- RTP legs ------------------------------------------------------------------------------- */

/* The other side's description in socket addresses. An address of 0.0.0.0 or port 0 is a hold. */
static int resolve(const struct media_rtp_conf *conf, struct command_remote *ret_remote)
{
    const struct sdp_audio *remote = conf->remote;
    struct command_remote result = {.codec = conf->codec, .telephone_event = conf->telephone_event};

    if (remote) {
        uint16_t rtcp_port = remote->rtcp_port ? remote->rtcp_port : (uint16_t)(remote->port + 1);
        if (addr_parse(remote->address, remote->port, &result.rtp) < 0 ||
            addr_parse(remote->address, rtcp_port, &result.rtcp) < 0)
            return -EINVAL;
        result.known = true;
        bool hold = remote->port == 0 || addr_is_any(&result.rtp);
        result.may_send =
            !hold && (remote->direction == SDP_SENDRECV || remote->direction == SDP_RECVONLY);
        result.expects =
            !hold && (remote->direction == SDP_SENDRECV || remote->direction == SDP_SENDONLY);
    }
    *ret_remote = result;
    return 0;
}

int media_leg_open(struct media *media, const struct media_rtp_conf *conf, handle_t *ret_leg,
                   uint16_t *ret_port)
{
    struct command_remote remote;
    struct command *command = NULL;
    struct control_leg *leg;
    handle_t handle = 0;
    uint16_t port = 0;
    int r = resolve(conf, &remote);

    if (r < 0)
        return r;
    leg = slots_take(&media->legs, &handle);
    command = new_command(leg_open_command, handle);
    if (!leg || !command) {
        r = leg ? -ENOMEM : -EAGAIN;
        goto fail;
    }
    r = ports_open(&media->ports, &port, command->fds);
    if (r < 0)
        goto fail;
    command->remote = remote;
    leg->port = port;
    leg->telephone_event = conf->telephone_event;
    r = submit(media, command, false);
    command = NULL;
    if (r < 0)
        goto fail;
    *ret_leg = handle;
    *ret_port = port;
    return 0;
fail:
    if (command)
        command_free(command);
    if (port)
        ports_give_back(&media->ports, port);
    slots_release(&media->legs, handle);
    return r;
}

int media_leg_set_remote(struct media *media, handle_t handle, const struct media_rtp_conf *conf)
{
    struct control_leg *leg = find_leg(media, handle);
    struct command_remote remote;

    if (!leg || leg->line)
        return -ENOENT;
    int r = resolve(conf, &remote);
    if (r < 0)
        return r;
    struct command *command = new_command(leg_remote_command, handle);
    if (!command)
        return -ENOMEM;
    command->remote = remote;
    leg->telephone_event = conf->telephone_event;
    return submit(media, command, false);
}

static void forget_seat(struct media *media, handle_t handle, struct control_leg *leg)
{
    struct control_room *room = slots_find(&media->rooms, leg->room);

    for (int seat = 0; room && seat < MEDIA_ROOM_LEGS; seat++)
        if (room->legs[seat] == handle)
            room->legs[seat] = 0;
    leg->room = 0;
}

void media_leg_close(struct media *media, handle_t handle)
{
    struct control_leg *leg = find_leg(media, handle);
    if (!leg)
        return;
    struct command *command = new_command(leg_close_command, handle);

    if (!command) {
        log_error("media", "leg_not_closed", "leg=%u reason=memory", handle);
        return;
    }
    forget_seat(media, handle, leg);
    leg->closing = true;
    (void)submit(media, command, true);
}

int media_measure_begin(struct media *media, handle_t handle, uint32_t token)
{
    struct command *command =
        find_leg(media, handle) ? new_command(leg_measure_begin_command, handle) : NULL;

    if (!command)
        return find_leg(media, handle) ? -ENOMEM : -ENOENT;
    command->token = token;
    return submit(media, command, false);
}

void media_measure_end(struct media *media, handle_t handle)
{
    struct command *command =
        find_leg(media, handle) ? new_command(leg_measure_end_command, handle) : NULL;

    if (command)
        (void)submit(media, command, true);
}

int media_leg_send_digit(struct media *media, handle_t handle, char digit, int duration_ms)
{
    const struct control_leg *leg = find_leg(media, handle);

    if (!leg)
        return -ENOENT;
    if (tev_event_of(digit) < 0)
        return -EINVAL;
    if (leg->telephone_event < 0)
        return -ENOTSUP;
    struct command *command = new_command(leg_digit_command, handle);
    if (!command)
        return -ENOMEM;
    command->digit = digit;
    command->duration_ms = duration_ms;
    return submit(media, command, false);
}

/* --- browser lines -------------------------------------------------------------------------- */

static int print_answer(const struct media *media, const struct line_session *line, char *answer,
                        size_t answer_size)
{
    const struct line_answer ours = {.local = &line->local,
                                     .fingerprint = line_identity_fingerprint(media->identity),
                                     .address = media->public_address,
                                     .port = media->line_port,
                                     .session_id = line->id,
                                     .version = line->version};
    int length = line_answer_print(&line->remote, &ours, answer, answer_size);

    return length < 0 ? length : 0;
}

static int submit_line(struct media *media, command_h *run_command, handle_t handle,
                       const struct line_session *line)
{
    struct command *command = new_command(run_command, handle);
    if (!command)
        return -ENOMEM;

    command->line = malloc(sizeof(*command->line));
    if (!command->line) {
        command_free(command);
        return -ENOMEM;
    }
    command->line->local = line->local;
    command->line->remote = line->remote;
    return submit(media, command, false);
}

int media_line_open(struct media *media, const char *offer, size_t length, handle_t *ret_leg,
                    char *answer, size_t answer_size, char *why, size_t why_size)
{
    struct line_session *line = calloc(1, sizeof(*line));
    struct control_leg *leg = NULL;
    handle_t handle = 0;
    int r = -ENOMEM;

    if (!line || !media->engine)
        goto fail;
    r = line_offer_parse(offer, length, &line->remote, why, why_size);
    if (r < 0)
        goto fail;
    r = -EAGAIN;
    leg = slots_take(&media->legs, &handle);
    if (!leg)
        goto fail;
    line_credentials_make(&line->local);
    random_bytes(&line->id, sizeof(line->id));
    line->id >>= 2; /* below 2^62 */
    line->version = 1;
    r = print_answer(media, line, answer, answer_size);
    if (r == 0)
        r = submit_line(media, leg_line_open_command, handle, line);
    if (r < 0)
        goto fail;
    leg->line = line;
    leg->telephone_event = line->remote.telephone_event;
    *ret_leg = handle;
    return 0;
fail:
    slots_release(&media->legs, handle);
    free(line);
    return r;
}

int media_line_restart(struct media *media, handle_t handle, const char *offer, size_t length,
                       char *answer, size_t answer_size)
{
    struct control_leg *leg = find_leg(media, handle);
    struct line_session next;
    char why[160];

    if (!leg || !leg->line)
        return -ESTALE;
    next = *leg->line;
    int r = line_offer_parse(offer, length, &next.remote, why, sizeof(why));
    if (r < 0)
        return r;
    if (!line_remote_same_session(&leg->line->remote, &next.remote))
        return -ESTALE;
    bool restart = !line_remote_same_credentials(&leg->line->remote, &next.remote);
    if (restart)
        line_credentials_make(&next.local);
    next.version++;
    r = print_answer(media, &next, answer, answer_size);
    if (r == 0 && restart)
        r = submit_line(media, leg_line_restart_command, handle, &next);
    if (r == 0)
        *leg->line = next;
    return r;
}

/* --- playing -------------------------------------------------------------------------------- */

int media_play(struct media *media, handle_t handle, const struct media_play *play)
{
    struct control_leg *leg = find_leg(media, handle);

    if (!leg)
        return -ENOENT;
    if (play->count == 0 || play->count > MEDIA_PLAY_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < play->count; i++)
        if (!play->audio[i])
            return -EINVAL;
    struct command *command = new_command(play_command, handle);
    struct media_play *copy = malloc(sizeof(*copy));
    if (!command || !copy) {
        free(copy);
        free(command);
        return -ENOMEM;
    }
    *copy = *play;
    for (unsigned i = 0; i < copy->count; i++)
        (void)media_audio_ref(copy->audio[i]);
    command->play = copy;
    command->serial = leg->serial + 1;
    int r = submit(media, command, false);
    if (r == 0)
        leg->serial++;
    return r;
}

void media_stop_play(struct media *media, handle_t handle)
{
    struct control_leg *leg = find_leg(media, handle);
    if (!leg)
        return;
    struct command *command = new_command(play_stop_command, handle);

    leg->serial++;
    if (command)
        (void)submit(media, command, true);
    else
        log_error("media", "play_not_stopped", "leg=%u reason=memory", handle);
}

/* --- rooms ---------------------------------------------------------------------------------- */

int media_room_open(struct media *media, handle_t *ret_room)
{
    handle_t handle = 0;

    if (!slots_take(&media->rooms, &handle))
        return -EAGAIN;
    struct command *command = new_command(room_open_command, 0);
    if (!command) {
        slots_release(&media->rooms, handle);
        return -ENOMEM;
    }
    command->room = handle;
    int r = submit(media, command, false);
    if (r < 0)
        slots_release(&media->rooms, handle);
    else
        *ret_room = handle;
    return r;
}

void media_room_close(struct media *media, handle_t handle)
{
    const struct control_room *room = slots_find(&media->rooms, handle);
    if (!room)
        return;
    struct command *command = new_command(room_close_command, 0);

    if (!command) {
        log_error("media", "room_not_closed", "room=%u reason=memory", handle);
        return;
    }
    command->room = handle;
    for (int seat = 0; seat < MEDIA_ROOM_LEGS; seat++) {
        struct control_leg *leg = slots_find(&media->legs, room->legs[seat]);
        if (leg)
            leg->room = 0;
    }
    slots_release(&media->rooms, handle);
    (void)submit(media, command, true);
}

int media_room_join(struct media *media, handle_t room_handle, handle_t handle)
{
    struct control_room *room = slots_find(&media->rooms, room_handle);
    struct control_leg *leg = find_leg(media, handle);
    int seat = 0;

    if (!room || !leg)
        return -ENOENT;
    if (leg->room == room_handle)
        return 0;
    while (seat < MEDIA_ROOM_LEGS && room->legs[seat])
        seat++;
    if (seat == MEDIA_ROOM_LEGS)
        return -ENOSPC;
    struct command *command = new_command(room_join_command, handle);
    if (!command)
        return -ENOMEM;
    command->room = room_handle;
    int r = submit(media, command, false);
    if (r < 0)
        return r;
    forget_seat(media, handle, leg);
    room->legs[seat] = handle;
    leg->room = room_handle;
    return 0;
}

void media_room_leave(struct media *media, handle_t room, handle_t handle)
{
    struct control_leg *leg = find_leg(media, handle);
    if (!leg || !room || leg->room != room)
        return;
    struct command *command = new_command(room_leave_command, handle);

    if (!command) {
        log_error("media", "room_not_left", "leg=%u reason=memory", handle);
        return;
    }
    command->room = room;
    forget_seat(media, handle, leg);
    (void)submit(media, command, true);
}

int media_room_hears(struct media *media, handle_t room, handle_t listener, handle_t speaker,
                     bool on)
{
    const struct control_leg *a = find_leg(media, listener);
    const struct control_leg *b = find_leg(media, speaker);

    if (!room || !a || !b || a->room != room || b->room != room)
        return -ENOENT;
    if (a == b)
        return -EINVAL;
    struct command *command = new_command(room_hears_command, listener);
    if (!command)
        return -ENOMEM;
    command->room = room;
    command->other = speaker;
    command->on = on;
    return submit(media, command, !on);
}

/* --- recording ------------------------------------------------------------------------------ */

/* The room says on which media thread the legs are; legs that end become silence. */
int media_record_start(struct media *media, handle_t room, handle_t left, handle_t right,
                       const char *path, handle_t *ret_recording)
{
    struct command *command = NULL;
    handle_t handle = 0;
    int r = -EAGAIN;

    if (!media->engine || !slots_find(&media->rooms, room))
        return -ENOENT;
    if (!slots_take(&media->recordings, &handle))
        return -EAGAIN;
    command = new_command(tracks_start_command, left);
    if (!command)
        goto fail;
    command->other = right;
    command->recording = handle;
    r = recorder_open(media->recorder, handle, path, &command->file);
    if (r < 0)
        goto fail;
    /* The file exists for the writer now: the command may not be refused any more. */
    (void)submit(media, command, true);
    *ret_recording = handle;
    return 0;
fail:
    if (command)
        command_free(command);
    slots_release(&media->recordings, handle);
    return r;
}

int media_record_tracks(struct media *media, handle_t recording, handle_t left, handle_t right)
{
    const struct control_recording *known = slots_find(&media->recordings, recording);

    if (!known || known->stopping)
        return -ENOENT;
    struct command *command = new_command(tracks_set_command, left);
    if (!command)
        return -ENOMEM;
    command->other = right;
    command->recording = recording;
    return submit(media, command, false);
}

void media_record_stop(struct media *media, handle_t recording)
{
    struct control_recording *known = slots_find(&media->recordings, recording);
    if (!known || known->stopping)
        return;
    struct command *command = new_command(tracks_stop_command, 0);

    if (!command) {
        log_error("media", "recording_not_stopped", "recording=%u reason=memory", recording);
        return;
    }
    command->recording = recording;
    known->stopping = true;
    (void)submit(media, command, true);
}
