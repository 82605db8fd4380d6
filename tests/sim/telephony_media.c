/* The room media without sockets: legs, lines, rooms, prompts and recordings as media.h promises
 * them, late and refused by chance. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/text.h>

#include "telephony/call.h"
#include "telephony/leg.h"

#include "telephony_world.h"

/* --- media: legs ---------------------------------------------------------------------------- */

static const struct media_handlers *media_handlers(void)
{
    return telephony_media_handlers();
}

struct w_media_leg *media_of(handle_t media)
{
    struct w_media_leg *leg = slots_find(&world.media_legs, media);

    return leg && !leg->closing ? leg : NULL;
}

static void quiet(struct w_media_leg *leg)
{
    leg->quiet_since = loop_now_ms(world.loop);
}

static int media_new(bool line, handle_t *ret_leg)
{
    struct w_media_leg *leg;

    if (world_chance(1))
        return -EAGAIN;
    leg = slots_take(&world.media_legs, ret_leg);
    if (!leg)
        return -EAGAIN;
    leg->handle = *ret_leg;
    leg->line = line;
    quiet(leg);
    return 0;
}

const char *media_public_address(const struct media *media)
{
    (void)media;
    return "198.51.100.1";
}

int media_leg_open(struct media *media, const struct media_rtp_conf *conf, handle_t *ret_leg,
                   uint16_t *ret_port)
{
    int err = media_new(false, ret_leg);

    (void)media;
    (void)conf;
    *ret_port = 20000;
    return err;
}

int media_audio_tone(int hz, int on_ms, int off_ms, struct media_audio **ret_audio)
{
    static char tone;

    (void)hz;
    (void)on_ms;
    (void)off_ms;
    *ret_audio = (struct media_audio *)(void *)&tone;
    return 0;
}

struct media_audio *media_audio_ref(struct media_audio *audio)
{
    return audio;
}

void media_audio_unref(struct media_audio *audio)
{
    (void)audio;
}

int media_leg_set_remote(struct media *media, handle_t handle, const struct media_rtp_conf *conf)
{
    struct w_media_leg *leg = media_of(handle);

    (void)media;
    if (!leg)
        return -ESTALE;
    text_copy(leg->remote, sizeof(leg->remote), conf->remote->address);
    return 0;
}

/* Tells the figures of the measures that ended; possibly of a leg that is closing. */
static void tell_measured(struct w_media_leg *leg)
{
    struct media_stats stats = {.packets_sent = 3, .round_trip_us = -1, .mos_x100 = 411};

    for (unsigned i = 0; i < leg->measured_count; i++)
        media_handlers()->on_measured(leg->handle, leg->measured[i], &stats, world.telephony);
    leg->measured_count = 0;
}

static void measured(void *arg)
{
    struct w_media_leg *leg = slots_find(&world.media_legs, (handle_t)(uintptr_t)arg);

    if (leg)
        tell_measured(leg);
}

void media_measure_end(struct media *media, handle_t handle)
{
    struct w_media_leg *leg = media_of(handle);

    (void)media;
    if (!leg || !leg->measuring)
        return;
    if (leg->measured_count == 4)
        world_fail("more talks measured than media can have pending");
    leg->measured[leg->measured_count++] = leg->measure;
    leg->measuring = false;
    world_after(world_below(20), measured, handle);
}

int media_measure_begin(struct media *media, handle_t handle, uint32_t token)
{
    struct w_media_leg *leg = media_of(handle);

    if (!leg)
        return -ENOENT;
    if (leg->measuring)
        world_fail("a talk is measured twice");
    media_measure_end(media, handle);
    leg->measuring = true;
    leg->measure = token;
    return 0;
}

static void leg_closed(void *arg)
{
    struct media_stats stats = {.packets_sent = 5, .round_trip_us = -1, .mos_x100 = 432};
    handle_t handle = (handle_t)(uintptr_t)arg;
    struct w_media_leg *leg = slots_find(&world.media_legs, handle);

    if (leg->measuring)
        leg->measured[leg->measured_count++] = leg->measure;
    tell_measured(leg);
    slots_release(&world.media_legs, handle);
    media_handlers()->on_leg_closed(handle, &stats, world.telephony);
}

void media_leg_close(struct media *media, handle_t handle)
{
    struct w_media_leg *leg = media_of(handle);

    if (!leg)
        world_fail("media_leg_close() of a leg that is not open");
    if (leg->room)
        media_room_leave(media, leg->room, handle);
    leg->closing = true;
    leg->plays = false;
    world_after(world_below(100), leg_closed, handle);
}

/* --- media: browser lines ------------------------------------------------------------------- */

void far_line(handle_t media, enum media_line_state state)
{
    struct w_media_leg *leg = media_of(media);

    if (!leg || !leg->line || leg->state == state || leg->state == MEDIA_LINE_CLOSED)
        return;
    leg->state = state;
    media_handlers()->on_line(media, state, world.telephony);
}

/* Told a second after it began: media says how long that is. */
void far_gap(handle_t media, bool on)
{
    struct w_media_leg *leg = media_of(media);
    const struct w_room *room = leg ? room_of(leg->room) : NULL;

    if (!room || leg->gap == on)
        return;
    leg->gap = on;
    for (int i = 0; on && i < MEDIA_ROOM_LEGS; i++)
        if (room->legs[i] && room_hears(room->handle, room->legs[i], media)) {
            quiet(media_of(room->legs[i]));
            media_of(room->legs[i])->quiet_since -= MEDIA_GAP_MS;
        }
    media_handlers()->on_gap(media, leg->room, on, world.telephony);
}

static void line_comes_up(void *arg)
{
    struct w_media_leg *leg = media_of((handle_t)(uintptr_t)arg);

    if (leg && leg->state == MEDIA_LINE_CONNECTING)
        far_line(leg->handle, MEDIA_LINE_UP);
}

int media_line_open(struct media *media, const char *offer, size_t length, handle_t *ret_leg,
                    char *answer, size_t answer_size, char *why, size_t why_size)
{
    (void)media;
    if (length < 3 || strncmp(offer, "bad", 3) == 0) {
        snprintf(why, why_size, "sim");
        return -EINVAL;
    }
    if (media_new(true, ret_leg))
        return -EAGAIN;
    snprintf(answer, answer_size, "v=0");
    world_after(50 + world_below(400), line_comes_up, *ret_leg);
    return 0;
}

int media_line_restart(struct media *media, handle_t handle, const char *offer, size_t length,
                       char *answer, size_t answer_size)
{
    (void)media;
    (void)length;
    if (!media_of(handle) || strcmp(offer, "restart") != 0)
        return -ESTALE;
    snprintf(answer, answer_size, "v=0");
    return 0;
}

/* --- media: playing ------------------------------------------------------------------------- */

static void play_over(void *arg)
{
    uint64_t both = (uint64_t)(uintptr_t)arg;
    struct w_media_leg *leg = media_of((handle_t)(both & 0xffffffffu));

    if (!leg || !leg->plays || leg->loops || leg->play_serial != both >> 32)
        return;
    leg->plays = false;
    quiet(leg);
    media_handlers()->on_play_done(leg->handle, leg->token, world.telephony);
}

int media_play(struct media *media, handle_t handle, const struct media_play *play)
{
    struct w_media_leg *leg = media_of(handle);

    (void)media;
    if (!leg)
        world_fail("something is played to a leg that is gone");
    for (unsigned i = 0; i < play->count; i++)
        if (!play->audio[i])
            world_fail("media_play() without audio");
    leg->plays = true;
    leg->loops = play->loop;
    leg->exclusive = play->exclusive;
    leg->token = play->token;
    leg->play_serial++;
    if (!play->loop)
        world_after(500 * play->count, play_over, (uint64_t)leg->play_serial << 32 | handle);
    return 0;
}

void media_stop_play(struct media *media, handle_t handle)
{
    struct w_media_leg *leg = media_of(handle);

    (void)media;
    if (!leg || !leg->plays)
        return;
    if (world.plant == W_PLANT_MUSIC_GOES_ON && strcmp(leg->remote, "192.0.2.8") == 0)
        return;
    leg->plays = false;
    quiet(leg);
}

/* --- media: rooms --------------------------------------------------------------------------- */

struct w_room *room_of(handle_t room)
{
    return slots_find(&world.rooms, room);
}

static int seat_of(const struct w_room *room, handle_t leg)
{
    for (int i = 0; i < MEDIA_ROOM_LEGS; i++)
        if (leg && room->legs[i] == leg)
            return i;
    return -1;
}

int media_room_open(struct media *media, handle_t *ret_room)
{
    struct w_room *room;

    (void)media;
    if (world_chance(1))
        return -EAGAIN;
    room = slots_take(&world.rooms, ret_room);
    if (!room)
        world_fail("no room left");
    room->handle = *ret_room;
    return 0;
}

void media_room_close(struct media *media, handle_t handle)
{
    struct w_room *room = room_of(handle);

    (void)media;
    if (!room)
        world_fail("media_room_close() of a room that is not open");
    for (int i = 0; i < MEDIA_ROOM_LEGS; i++)
        if (room->legs[i]) {
            media_of(room->legs[i])->room = 0;
            media_of(room->legs[i])->gap = false;
            quiet(media_of(room->legs[i]));
        }
    slots_release(&world.rooms, handle);
}

int media_room_join(struct media *media, handle_t handle, handle_t leg)
{
    struct w_room *room = room_of(handle);
    struct w_media_leg *media_leg = media_of(leg);

    (void)media;
    if (!room || !media_leg)
        return -ESTALE;
    if (media_leg->room == handle)
        return 0;
    if (media_leg->room)
        world_fail("a leg joins a second room");
    for (int i = 0; i < MEDIA_ROOM_LEGS; i++)
        if (!room->legs[i]) {
            room->legs[i] = leg;
            media_leg->room = handle;
            return 0;
        }
    return -ENOSPC;
}

void media_room_leave(struct media *media, handle_t handle, handle_t leg)
{
    struct w_room *room = room_of(handle);
    int seat = room ? seat_of(room, leg) : -1;

    (void)media;
    if (seat < 0)
        return;
    for (int i = 0; i < MEDIA_ROOM_LEGS; i++) {
        room->hears[seat][i] = room->hears[i][seat] = false;
        if (media_of(room->legs[i]))
            quiet(media_of(room->legs[i]));
    }
    room->legs[seat] = 0;
    if (media_of(leg)) {
        media_of(leg)->room = 0;
        media_of(leg)->gap = false;
    }
}

int media_leg_send_digit(struct media *media, handle_t leg, char digit, int duration_ms)
{
    struct w_media_leg *to = media_of(leg);
    size_t length = to ? strlen(to->keys) : 0;

    (void)media;
    if (!to || duration_ms <= 0)
        return -ENOENT;
    if (length + 1 == sizeof(to->keys))
        memmove(to->keys, to->keys + 1, length--);
    to->keys[length] = digit;
    to->keys[length + 1] = 0;
    return 0;
}

int media_room_hears(struct media *media, handle_t handle, handle_t listener, handle_t speaker,
                     bool on)
{
    struct w_room *room = room_of(handle);
    int a = room ? seat_of(room, listener) : -1, b = room ? seat_of(room, speaker) : -1;

    (void)media;
    if (a < 0 || b < 0)
        return -ENOENT;
    if (room->hears[a][b] && !on)
        quiet(media_of(listener));
    room->hears[a][b] = on;
    return 0;
}

bool room_hears(handle_t handle, handle_t listener, handle_t speaker)
{
    struct w_room *room = room_of(handle);
    int a = room ? seat_of(room, listener) : -1, b = room ? seat_of(room, speaker) : -1;

    return a >= 0 && b >= 0 && room->hears[a][b];
}

/* --- media: recording ----------------------------------------------------------------------- */

int media_record_start(struct media *media, handle_t room, const struct media_tracks *tracks,
                       const char *path, handle_t *ret_recording)
{
    struct w_recording *recording;

    (void)media;
    if (!room_of(room) || !strstr(path, ".wav"))
        world_fail("media_record_start() without room or path");
    if (world_chance(2))
        return -EIO;
    recording = slots_take(&world.recordings, ret_recording);
    if (!recording)
        return -EAGAIN;
    *recording = (struct w_recording){.handle = *ret_recording, .tracks = *tracks};
    return 0;
}

int media_record_tracks(struct media *media, handle_t handle, const struct media_tracks *tracks)
{
    struct w_recording *recording = slots_find(&world.recordings, handle);

    (void)media;
    if (!recording || recording->stopping)
        return -ESTALE;
    recording->tracks = *tracks;
    return 0;
}

static void told_quiet(void *arg)
{
    struct w_recording *recording = slots_find(&world.recordings, (handle_t)(uintptr_t)arg);

    if (recording && !recording->stopping)
        media_handlers()->on_quiet(recording->handle, world.telephony);
}

/* A message lasts as long as chance will have it; in the stories until somebody ends it. */
int media_record_attend(struct media *media, handle_t handle, int quiet_ms)
{
    struct w_recording *recording = slots_find(&world.recordings, handle);

    (void)media;
    if (!recording || recording->stopping || recording->attended || quiet_ms < 1000)
        world_fail("media_record_attend() of a recording that is not open");
    recording->attended = true;
    recording->since = loop_now_ms(world.loop);
    if (!world.keep)
        world_after((uint64_t)quiet_ms + world_below(20000), told_quiet, handle);
    return 0;
}

void far_silent(handle_t sip)
{
    struct leg *leg = call_leg_by_sip(world.telephony, sip);
    struct call *call = leg ? call_find(world.telephony, leg->call) : NULL;

    if (call && call->recording)
        told_quiet((void *)(uintptr_t)call->recording);
}

static int64_t spoken(const struct w_recording *recording)
{
    if (!recording->attended)
        return 0;
    return world.speech_ms ? world.speech_ms : world_below(8000);
}

static void recorded(void *arg)
{
    const struct w_recording *recording = slots_find(&world.recordings, (handle_t)(uintptr_t)arg);
    struct media_recorded done = {.recording = recording->handle,
                                  .length_ms = 10,
                                  .speech_ms = spoken(recording),
                                  .error = world_chance(5) ? ENOSPC : 0};

    slots_release(&world.recordings, done.recording);
    media_handlers()->on_recorded(&done, world.telephony);
}

void media_record_stop(struct media *media, handle_t handle)
{
    struct w_recording *recording = slots_find(&world.recordings, handle);

    (void)media;
    if (!recording || recording->stopping)
        world_fail("media_record_stop() of a recording that is not open");
    recording->stopping = true;
    world_after(world_below(1500), recorded, handle);
}

/* --- life of both devices ------------------------------------------------------------------- */

void devices_open(void)
{
    uint32_t legs = telephony_max_legs(&(struct telephony_options){
        .max_calls = (int)world.size.calls, .max_agents = (int)world.size.agents});

    if (slots_init(&world.sip_legs, sizeof(struct w_sip_leg), legs) ||
        slots_init(&world.media_legs, sizeof(struct w_media_leg), legs) ||
        slots_init(&world.rooms, sizeof(struct w_room), world.size.calls + 4) ||
        slots_init(&world.recordings, sizeof(struct w_recording), legs))
        world_fail("no memory");
}

void devices_close(void)
{
    slots_done(&world.sip_legs);
    slots_done(&world.media_legs);
    slots_done(&world.rooms);
    slots_done(&world.recordings);
}
