/* A ring of A-law ordered by RTP timestamp, read once per tick: for mixing and recording.
 *
 * Reading starts JITTER_DELAY behind the newest sound and then moves by one frame per tick, so a
 * packet may be that late. Holes are concealed (spandsp's PLC) for 60 ms, then silent. Sound that
 * keeps coming late, or piles up, moves the reading point. */
#ifndef HOTLINED_MEDIA_JITTER_H
#define HOTLINED_MEDIA_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME = 160,          /* samples of a tick: 20 ms at 8 kHz */
    JITTER_RING = 4096,   /* samples, a power of two */
    JITTER_DELAY = 320,   /* samples: 40 ms */
    JITTER_MAX = 800,     /* samples that may wait for a second before a frame is skipped */
    JITTER_CONCEAL = 480, /* samples concealed before silence */
    JITTER_HISTORY = 320, /* samples that concealing looks back at; more than spandsp's 280 */
    JITTER_QUIET = JITTER_CONCEAL + JITTER_HISTORY /* then the history is silent, too */
};

struct jitter {
    uint32_t read_ts;          /* the next sample to be read */
    uint32_t end_ts;           /* after the newest sample */
    uint64_t read_tick;        /* of the last read */
    bool fed;                  /* anything since the start */
    uint32_t missing;          /* samples concealed in a row, or silent, up to JITTER_QUIET */
    unsigned late_row;         /* late packets in a row */
    int32_t least;             /* smallest supply before a read in this second */
    unsigned reads;            /* in this second */
    void *plc;                 /* owned plc_state_t, which spandsp declares without a tag */
    uint8_t ring[JITTER_RING]; /* A-law; before read_ts: what was heard, JITTER_HISTORY of it */
    uint64_t came[JITTER_RING / 64]; /* a bit for each sample that came and was not read */
};

int jitter_init(struct jitter *jitter); /* 0 or -ENOMEM */
void jitter_done(struct jitter *jitter);
/* to_alaw: g711_alaw_of_ulaw for mu-law, NULL for A-law. fresh: the stream (re)starts here (marker,
 * new SSRC). Returns false if the sound came too late to be heard. */
bool jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *codes, size_t count,
                const uint8_t to_alaw[256], bool fresh);
/* The frame of this tick in A-law; at most one call per tick. Silence when there is nothing, and
 * false where nothing came for so long that the caller need not look at it. */
bool jitter_read(struct jitter *jitter, uint64_t tick, uint8_t out[FRAME]);
/* Nothing came for long, and nothing waits: reading would be silence and false. */
bool jitter_is_quiet(const struct jitter *jitter);

#endif
