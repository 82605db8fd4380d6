/* Whether somebody speaks. */
#include "media/voice.h"

#include <stdlib.h>

#include "media/g711.h"

enum {
    FRAME = 160,
    LOUD = 260, /* mean of the samples' size: -42 dBFS. People speak at -30 to -15, a quiet room at
                   -55 */
    CLICK = 3,  /* frames: what is shorter than 60 ms is no speech */
    PAUSE = 25  /* frames: half a second between words belongs to it */
};

static int mean_size(const uint8_t *frame)
{
    int sum = 0;

    for (int i = 0; i < FRAME; i++)
        sum += abs(g711_alaw_table[frame[i]]);
    return sum / FRAME;
}

/* A frame without speech in it. */
static void pass(struct voice *voice)
{
    voice->silent++;
    if (!voice->pause)
        return;
    voice->pause--;
    voice->spoken++;
}

void voice_hear(struct voice *voice, const uint8_t *frame)
{
    if (!frame || mean_size(frame) < LOUD) {
        voice->loud = 0;
        pass(voice);
    } else if (voice->loud + 1 < CLICK) {
        voice->loud++;
        pass(voice);
    } else {
        if (voice->loud + 1 == CLICK && !voice->pause)
            voice->spoken += CLICK - 1; /* it began with the first loud one */
        voice->loud = CLICK;
        voice->silent = 0;
        voice->pause = PAUSE;
        voice->spoken++;
    }
}

void voice_skip(struct voice *voice, uint32_t frames)
{
    voice->loud = 0;
    voice->spoken += frames < voice->pause ? frames : voice->pause;
    voice->pause = (uint8_t)(frames < voice->pause ? voice->pause - frames : 0);
    voice->silent += frames;
}
