/* Rooms and recordings: the control thread's side. */
#include <errno.h>
#include <hotlined/log.h>

#include "media/control.h"

/* --- rooms ---------------------------------------------------------------------------------- */

void control_forget_seat(struct media *media, handle_t handle, struct control_leg *leg)
{
    struct control_room *room = slots_find(&media->rooms, leg->room);

    for (int seat = 0; room && seat < MEDIA_ROOM_LEGS; seat++)
        if (room->legs[seat] == handle)
            room->legs[seat] = 0;
    leg->room = 0;
}

int media_room_open(struct media *media, handle_t *ret_room)
{
    handle_t handle = 0;

    if (!slots_take(&media->rooms, &handle))
        return -EAGAIN;
    struct command *command = control_command(room_open_command, 0);
    if (!command) {
        slots_release(&media->rooms, handle);
        return -ENOMEM;
    }
    command->room = handle;
    int r = control_submit(media, command, false);
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
    struct command *command = control_command(room_close_command, 0);

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
    (void)control_submit(media, command, true);
}

int media_room_join(struct media *media, handle_t room_handle, handle_t handle)
{
    struct control_room *room = slots_find(&media->rooms, room_handle);
    struct control_leg *leg = control_leg(media, handle);
    int seat = 0;

    if (!room || !leg)
        return -ENOENT;
    if (leg->room == room_handle)
        return 0;
    while (seat < MEDIA_ROOM_LEGS && room->legs[seat])
        seat++;
    if (seat == MEDIA_ROOM_LEGS)
        return -ENOSPC;
    struct command *command = control_command(room_join_command, handle);
    if (!command)
        return -ENOMEM;
    command->room = room_handle;
    int r = control_submit(media, command, false);
    if (r < 0)
        return r;
    control_forget_seat(media, handle, leg);
    room->legs[seat] = handle;
    leg->room = room_handle;
    return 0;
}

void media_room_leave(struct media *media, handle_t room, handle_t handle)
{
    struct control_leg *leg = control_leg(media, handle);
    if (!leg || !room || leg->room != room)
        return;
    struct command *command = control_command(room_leave_command, handle);

    if (!command) {
        log_error("media", "room_not_left", "leg=%u reason=memory", handle);
        return;
    }
    command->room = room;
    control_forget_seat(media, handle, leg);
    (void)control_submit(media, command, true);
}

int media_room_hears(struct media *media, handle_t room, handle_t listener, handle_t speaker,
                     bool on)
{
    const struct control_leg *a = control_leg(media, listener);
    const struct control_leg *b = control_leg(media, speaker);

    if (!room || !a || !b || a->room != room || b->room != room)
        return -ENOENT;
    if (a == b)
        return -EINVAL;
    struct command *command = control_command(room_hears_command, listener);
    if (!command)
        return -ENOMEM;
    command->room = room;
    command->other = speaker;
    command->on = on;
    return control_submit(media, command, !on);
}

/* --- recording ------------------------------------------------------------------------------ */

/* The room says on which media thread the legs are; legs that end become silence. */
int media_record_start(struct media *media, handle_t room, const struct media_tracks *tracks,
                       const char *path, handle_t *ret_recording)
{
    struct command *command = NULL;
    handle_t handle = 0;
    int r = -EAGAIN;

    if (!media->engine || !slots_find(&media->rooms, room))
        return -ENOENT;
    if (!slots_take(&media->recordings, &handle))
        return -EAGAIN;
    command = control_command(tracks_start_command, 0);
    if (!command)
        goto fail;
    command->tracks = *tracks;
    command->recording = handle;
    r = recorder_open(media->recorder, handle, path, &command->file);
    if (r < 0)
        goto fail;
    /* The file exists for the writer now: the command may not be refused any more. */
    (void)control_submit(media, command, true);
    *ret_recording = handle;
    return 0;
fail:
    if (command)
        command_free(command);
    slots_release(&media->recordings, handle);
    return r;
}

int media_record_tracks(struct media *media, handle_t recording, const struct media_tracks *tracks)
{
    const struct control_recording *known = slots_find(&media->recordings, recording);

    if (!known || known->stopping)
        return -ENOENT;
    struct command *command = control_command(tracks_set_command, 0);
    if (!command)
        return -ENOMEM;
    command->tracks = *tracks;
    command->recording = recording;
    return control_submit(media, command, false);
}

int media_record_attend(struct media *media, handle_t recording, int quiet_ms)
{
    const struct control_recording *known = slots_find(&media->recordings, recording);

    if (!known || known->stopping)
        return -ENOENT;
    struct command *command = control_command(tracks_attend_command, 0);
    if (!command)
        return -ENOMEM;
    command->recording = recording;
    command->duration_ms = quiet_ms;
    return control_submit(media, command, false);
}

void media_record_stop(struct media *media, handle_t recording)
{
    struct control_recording *known = slots_find(&media->recordings, recording);
    if (!known || known->stopping)
        return;
    struct command *command = control_command(tracks_stop_command, 0);

    if (!command) {
        log_error("media", "recording_not_stopped", "recording=%u reason=memory", recording);
        return;
    }
    command->recording = recording;
    known->stopping = true;
    (void)control_submit(media, command, true);
}
