/* Recordings on the media thread: two tracks on one timeline, filled tick by tick. */
#include <string.h>

#include "media/engine.h"
#include "media/g711.h"

void tracks_start_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = &engine->recordings[command->recording & 0xFFFFF];

    *recording = (struct mrecording){.handle = command->recording,
                                     .left = command->leg,
                                     .right = command->other,
                                     .file = command->file};
    command->file = NULL;
}

void tracks_set_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = engine_recording(engine, command->recording);

    if (recording) {
        recording->left = command->leg;
        recording->right = command->other;
    }
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

void tracks_stop(struct engine *engine, struct mrecording *recording)
{
    hand_over(engine, recording);
    recorder_close(engine->recorder, recording->file, recording->gap);
    recording->handle = 0;
}

void tracks_stop_command(struct engine *engine, struct command *command)
{
    struct mrecording *recording = engine_recording(engine, command->recording);

    if (recording)
        tracks_stop(engine, recording);
}

/* One side of an interleaved frame that is silent already. */
static void fill(struct engine *engine, handle_t handle, uint8_t *out)
{
    struct mleg *leg = engine_leg(engine, handle);
    const int16_t *frame = leg ? leg_frame(engine, leg) : NULL;

    for (int i = 0; frame && i < FRAME; i++)
        out[2 * i] = g711_alaw_encode(frame[i]);
}

/* A batch goes out when it is full; skipped ticks become silence of their length. */
void tracks_tick(struct engine *engine, struct mrecording *recording, uint64_t skipped)
{
    if (skipped > 0) {
        hand_over(engine, recording);
        recording->gap += skipped * FRAME;
    }
    if (!recording->batch) {
        recording->batch = recorder_batch_alloc(recording->file);
        if (!recording->batch) {
            recording->gap += FRAME;
            return;
        }
        recording->batch->gap = recording->gap;
        recording->gap = 0;
    }
    struct recorder_batch *batch = recording->batch;
    memset(batch->codes + 2 * batch->frames, G711_ALAW_SILENCE, 2 * FRAME);
    fill(engine, recording->left, batch->codes + 2 * batch->frames);
    fill(engine, recording->right, batch->codes + 2 * batch->frames + 1);
    batch->frames += FRAME;
    if (batch->frames + FRAME > BATCH_FRAMES)
        hand_over(engine, recording);
}
