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
    recording->left = command->leg;
    recording->right = command->other;
    set_track(engine, recording, recording->left);
    set_track(engine, recording, recording->right);
}

void tracks_start_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = &engine->recordings[command->recording & 0xFFFFF];

    *recording = (struct mrecording){
        .handle = command->recording, .file = command->file, .tick = engine->tick};
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

    if (silent == 0)
        return;
    hand_over(engine, recording);
    recording->gap += silent * FRAME;
    recording->tick = tick;
}

void tracks_stop(struct engine *engine, struct mrecording *recording)
{
    uint32_t place = recording->place;

    catch_up(engine, recording, engine->tick);
    hand_over(engine, recording);
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

/* May the recording be left alone until the leg wakes it? */
static bool may_rest(const struct mrecording *recording, const struct mleg *leg)
{
    return !leg || (leg->recording == recording->handle && jitter_is_quiet(&leg->jitter));
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

/* A batch goes out when it is full. */
uint64_t tracks_tick(struct engine *engine, struct mrecording *recording)
{
    struct mleg *left = engine_leg(engine, recording->left);
    struct mleg *right = engine_leg(engine, recording->right);

    catch_up(engine, recording, engine->tick - 1);
    if (!recording->batch && may_rest(recording, left) && may_rest(recording, right)) {
        catch_up(engine, recording, engine->tick);
        return rest(engine, recording);
    }
    recording->tick = engine->tick;
    if (!recording->batch && !take_batch(recording, BATCH_FRAMES)) {
        recording->gap += FRAME;
        return engine->tick + 1;
    }
    fill(recording->batch, left ? leg_frame(engine, left) : NULL,
         right ? leg_frame(engine, right) : NULL);
    if (recording->batch->frames + FRAME > BATCH_FRAMES)
        hand_over(engine, recording);
    return engine->tick + 1;
}
