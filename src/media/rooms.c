/* Rooms: who hears whom. */
#include <string.h>

#include "media/engine.h"

void room_open_command(struct engine *engine, struct command *command)
{
    struct mroom *room = &engine->rooms[command->room & 0xFFFFF];

    memset(room, 0, sizeof(*room));
    room->handle = command->room;
}

/* Any change ends the stretch being forwarded: what its source says until it is heard again must
 * not look like a loss. */
static void set_heard(struct mroom *room, unsigned seat, uint8_t heard)
{
    if (room->hears[seat] != heard && room->legs[seat])
        room->legs[seat]->sender.segment = SEGMENT_NONE;
    room->hears[seat] = heard;
}

void room_leave_leg(struct mleg *leg)
{
    struct mroom *room = leg->room;

    if (!room)
        return;
    room->legs[leg->seat] = NULL;
    room->hears[leg->seat] = 0;
    for (unsigned seat = 0; seat < MEDIA_ROOM_LEGS; seat++)
        room->hears[seat] &= (uint8_t) ~(1u << leg->seat);
    leg->room = NULL;
    leg->streams = leg->gap_told = false;
}

void room_close_command(struct engine *engine, struct command *command)
{
    struct mroom *room = engine_room(engine, command->room);

    for (unsigned seat = 0; room && seat < MEDIA_ROOM_LEGS; seat++)
        if (room->legs[seat])
            room_leave_leg(room->legs[seat]);
    if (room)
        room->handle = 0;
}

/* The control thread has counted the seats. */
void room_join_command(struct engine *engine, struct command *command)
{
    struct mroom *room = engine_room(engine, command->room);
    struct mleg *leg = engine_leg(engine, command->leg);

    if (!room || !leg || leg->room == room)
        return;
    room_leave_leg(leg);
    for (unsigned seat = 0; seat < MEDIA_ROOM_LEGS; seat++) {
        if (room->legs[seat])
            continue;
        room->legs[seat] = leg;
        room->hears[seat] = 0;
        leg->room = room;
        leg->seat = seat;
        return;
    }
}

void room_leave_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (leg && leg->room && leg->room == engine_room(engine, command->room))
        room_leave_leg(leg);
}

void room_hears_command(struct engine *engine, struct command *command)
{
    struct mroom *room = engine_room(engine, command->room);
    const struct mleg *listener = engine_leg(engine, command->leg);
    const struct mleg *speaker = engine_leg(engine, command->other);

    if (!room || !listener || !speaker || listener->room != room || speaker->room != room)
        return;
    uint8_t bit = (uint8_t)(1u << speaker->seat);
    uint8_t heard = room->hears[listener->seat];
    set_heard(room, listener->seat, (uint8_t)(command->on ? heard | bit : heard & ~bit));
}

uint8_t room_heard(const struct mleg *leg)
{
    return leg->room ? leg->room->hears[leg->seat] : 0;
}
