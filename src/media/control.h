/* The control thread's side of media: what it knows of legs, rooms and recordings, and how commands
 * go to the media thread (private to src/media). media.c is its life and events, control_legs.c,
 * control_lines.c and control_rooms.c are the functions of <hotlined/media.h> by their noun. */
#ifndef HOTLINED_MEDIA_CONTROL_H
#define HOTLINED_MEDIA_CONTROL_H

#include <hotlined/media.h>

#include "media/engine.h"
#include "media/ports.h"

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

typedef void command_h(struct engine *engine, struct command *command);

struct command *control_command(command_h *run, handle_t leg); /* NULL: no memory */
/* Takes the command in any case. must: a stop is never refused for a full queue. */
int control_submit(struct media *media, struct command *command, bool must);
/* NULL if stale or closing. */
struct control_leg *control_leg(const struct media *media, handle_t handle);
/* The leg is in no room any more. */
void control_forget_seat(struct media *media, handle_t handle, struct control_leg *leg);

#endif
