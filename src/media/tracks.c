/* Recordings on the media thread: two tracks on one timeline, filled tick by tick. */
#include <string.h>

#include "media/engine.h"
#include "media/g711.h"

enum { QUIET_TICKS = BATCH_FRAMES / FRAME }; /* a silent second is handed over as such */

void tracks_leg_speaks(struct engine *engine, const struct mleg *leg)
{
    const struct mrecording *recording = engine_recording(engine, leg->recording);

    if (recording)
        engine_wake_recording(engine, recording);
}

/* A leg wakes one recording, the newest it is in; an older one then never rests: see may_rest(). */
static void set_track(struct engine *engine, struct mrecording *recording, handle_t handle)
{
    struct mleg *leg = engine_leg(engine, handle);

    if (!leg)
        return;
    tracks_leg_speaks(engine, leg);
    leg->recording = recording->handle;
}

static void set_tracks(struct engine *engine, struct mrecording *recording,
                       const struct command *command)
{
    recording->tracks = command->tracks;
    for (int i = 0; i < MEDIA_TRACK_LEGS; i++) {
        set_track(engine, recording, recording->tracks.left[i]);
        set_track(engine, recording, recording->tracks.right[i]);
    }
}

void tracks_start_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = &engine->recordings[command->recording & 0xFFFFF];

    *recording = (struct mrecording){
        .handle = command->recording, .file = command->file, .tick = engine_clock_tick(engine)};
    command->file = NULL;
    recording->place = schedule_add(&engine->recorded, command->recording & 0xFFFFF);
    set_tracks(engine, recording, command);
}

void tracks_set_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = engine_recording(engine, command->recording);

    if (!recording)
        return;
    set_tracks(engine, recording, command);
    engine_wake_recording(engine, recording);
}

void tracks_attend_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = engine_recording(engine, command->recording);

    if (!recording)
        return;
    recording->attended = true;
    recording->voice = (struct voice){0};
    recording->quiet_frames = (uint32_t)command->duration_ms / 20;
    engine_wake_recording(engine, recording);
}

/* Told once; what is said after that is recorded and counted all the same. */
static void tell_quiet(struct engine *engine, struct mrecording *recording)
{
    struct media_event event = {.kind = EVENT_QUIET, .recording = recording->handle};

    if (!recording->quiet_frames || recording->voice.silent < recording->quiet_frames)
        return;
    recording->quiet_frames = 0;
    events_push(engine->events, &event);
}

static void hand_over(struct engine *engine, struct mrecording *recording)
{
    struct recorder_batch *batch = recording->batch;
    if (!batch)
        return;
    uint64_t length = batch->gap + batch->frames;

    recording->batch = NULL;
    if (!recorder_write(engine->recorder, batch))
        recording->gap += length;
}

/* Ticks that were not looked at were silent, or given up: silence of their length, after what was
 * filled so far. */
static void catch_up(struct engine *engine, struct mrecording *recording, uint64_t tick)
{
    uint64_t silent = tick - recording->tick;

    if (tick <= recording->tick)
        return;
    hand_over(engine, recording);
    recording->gap += silent * FRAME;
    recording->tick = tick;
    if (recording->attended)
        voice_skip(&recording->voice, (uint32_t)silent);
}

void tracks_stop(struct engine *engine, struct mrecording *recording)
{
    uint32_t place = recording->place;

    catch_up(engine, recording, engine_clock_tick(engine));
    hand_over(engine, recording);
    recorder_spoken(recording->file, (int64_t)recording->voice.spoken * 20);
    recorder_close(engine->recorder, recording->file, recording->gap);
    recording->handle = 0;
    engine->recordings[schedule_remove(&engine->recorded, place)].place = place;
}

void tracks_stop_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = engine_recording(engine, command->recording);

    if (recording)
        tracks_stop(engine, recording);
}

/* May the recording be left alone until one of these legs wakes it? */
static bool may_rest(struct engine *engine, const struct mrecording *recording,
                     const handle_t legs[MEDIA_TRACK_LEGS])
{
    for (int i = 0; i < MEDIA_TRACK_LEGS; i++) {
        const struct mleg *leg = engine_leg(engine, legs[i]);
        if (leg && (leg->recording != recording->handle || !jitter_is_quiet(&leg->jitter)))
            return false;
    }
    return true;
}

static bool take_batch(struct mrecording *recording, size_t frames)
{
    recording->batch = recorder_batch_alloc(recording->file, frames);
    if (!recording->batch)
        return false;
    recording->batch->gap = recording->gap;
    recording->gap = 0;
    return true;
}

/* A second of silence goes to the disk as every other second does. */
static uint64_t rest(struct engine *engine, struct mrecording *recording)
{
    if (recording->gap >= BATCH_FRAMES && take_batch(recording, 0))
        hand_over(engine, recording);
    return engine->tick + QUIET_TICKS;
}

static void interleave(const uint8_t *restrict left, const uint8_t *restrict right,
                       uint8_t *restrict out)
{
    for (int i = 0; i < FRAME; i++) {
        out[2 * i] = left[i];
        out[2 * i + 1] = right[i];
    }
}

static void fill(struct recorder_batch *batch, const uint8_t *left, const uint8_t *right)
{
    uint8_t silence[FRAME];

    if (!left || !right)
        memset(silence, G711_ALAW_SILENCE, sizeof(silence));
    interleave(left ? left : silence, right ? right : silence, batch->codes + 2 * batch->frames);
    batch->frames += FRAME;
}

static void add(int32_t sum[FRAME], const uint8_t *frame)
{
    for (int i = 0; i < FRAME; i++)
        sum[i] += g711_alaw_table[frame[i]];
}

static const uint8_t *mixed(const int32_t sum[FRAME], uint8_t out[FRAME])
{
    for (int i = 0; i < FRAME; i++)
        out[i] = g711_alaw_encode((int16_t)(sum[i] > INT16_MAX   ? INT16_MAX
                                            : sum[i] < INT16_MIN ? INT16_MIN
                                                                 : sum[i]));
    return out;
}

/* What these legs say together; NULL: nothing. mix is room for it, when they are several. */
static const uint8_t *say_together(struct engine *engine, const handle_t legs[MEDIA_TRACK_LEGS],
                                   uint8_t mix[FRAME])
{
    const uint8_t *first = NULL;
    int32_t sum[FRAME] = {0};
    unsigned count = 0;

    for (int i = 0; i < MEDIA_TRACK_LEGS; i++) {
        struct mleg *leg = engine_leg(engine, legs[i]);
        const uint8_t *frame = leg ? leg_frame(engine, leg) : NULL;
        if (!frame)
            continue;
        if (++count == 1) {
            first = frame;
            continue;
        }
        if (count == 2)
            add(sum, first);
        add(sum, frame);
    }
    return count > 1 ? mixed(sum, mix) : first;
}

/* A batch goes out when it is full. */
uint64_t tracks_tick(struct engine *engine, struct mrecording *recording)
{
    const struct media_tracks *tracks = &recording->tracks;
    uint8_t left[FRAME], right[FRAME];

    if (engine->tick <= recording->tick) /* it began while ticks were made up for */
        return recording->tick + 1;
    catch_up(engine, recording, engine->tick - 1);
    if (!recording->batch && may_rest(engine, recording, tracks->left) &&
        may_rest(engine, recording, tracks->right)) {
        catch_up(engine, recording, engine->tick);
        tell_quiet(engine, recording);
        return rest(engine, recording);
    }
    recording->tick = engine->tick;
    if (!recording->batch && !take_batch(recording, BATCH_FRAMES)) {
        recording->gap += FRAME;
        return engine->tick + 1;
    }
    const uint8_t *outside = say_together(engine, tracks->left, left);

    if (recording->attended) {
        voice_hear(&recording->voice, outside);
        tell_quiet(engine, recording);
    }
    fill(recording->batch, outside, say_together(engine, tracks->right, right));
    if (recording->batch->frames + FRAME > BATCH_FRAMES)
        hand_over(engine, recording);
    return engine->tick + 1;
}
