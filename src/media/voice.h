/* Whether somebody speaks on a track, frame by frame (20 ms): for messages that end by themselves
 * when nobody says anything any more. Pure. */
#ifndef HOTLINED_MEDIA_VOICE_H
#define HOTLINED_MEDIA_VOICE_H

#include <stdint.h>

struct voice {
    uint32_t spoken; /* frames of speech, the short pauses in it included */
    uint32_t silent; /* frames since the last of them, or since the beginning */
    uint8_t loud;    /* frames in a row that are loud */
    uint8_t pause;   /* frames that still count as a pause in speech */
};

/* One frame of A-law, 160 samples; NULL: nothing was heard. */
void voice_hear(struct voice *voice, const uint8_t *frame);
/* So many frames of nothing. */
void voice_skip(struct voice *voice, uint32_t frames);

#endif
