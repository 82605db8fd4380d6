/* What media threads see of an immutable piece of A-law audio. */
#ifndef HOTLINED_MEDIA_AUDIO_H
#define HOTLINED_MEDIA_AUDIO_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct media_audio {
    _Atomic unsigned refs;
    size_t count; /* samples */
    uint8_t codes[];
};

#endif
