/* The jitter ring: A-law as it came, and a bit for each sample that did. Most frames are whole and
 * in order, so reading one is three words looked at and 160 bytes copied; only where something is
 * missing are samples computed. */
#include "media/jitter.h"

#include <errno.h>
#include <spandsp.h>
#include <string.h>

#include "media/g711.h"

enum { MASK = JITTER_RING - 1, LATE_ROW = 3, SECOND_OF_READS = 50 };

/* --- the ring ------------------------------------------------------------------------------- */

/* Samples from ts on that lie in one piece, at most count. */
static uint32_t piece(uint32_t ts, uint32_t count)
{
    uint32_t left = JITTER_RING - (ts & MASK);

    return count < left ? count : left;
}

static void fill_silence(struct jitter *jitter, uint32_t ts, uint32_t count)
{
    for (uint32_t part; count > 0; ts += part, count -= part) {
        part = piece(ts, count);
        memset(jitter->ring + (ts & MASK), G711_ALAW_SILENCE, part);
    }
}

static void copy_in(struct jitter *jitter, uint32_t ts, const uint8_t *codes, uint32_t count)
{
    for (uint32_t part; count > 0; ts += part, codes += part, count -= part) {
        part = piece(ts, count);
        memcpy(jitter->ring + (ts & MASK), codes, part);
    }
}

static void copy_out(const struct jitter *jitter, uint32_t ts, uint8_t *out, uint32_t count)
{
    for (uint32_t part; count > 0; ts += part, out += part, count -= part) {
        part = piece(ts, count);
        memcpy(out, jitter->ring + (ts & MASK), part);
    }
}

static void mark(struct jitter *jitter, uint32_t ts, uint32_t count, bool came)
{
    for (uint32_t part; count > 0; ts += part, count -= part) {
        uint64_t *word = &jitter->came[(ts & MASK) / 64];
        part = 64 - (ts & 63) < count ? 64 - (ts & 63) : count;
        uint64_t bits = (part == 64 ? ~UINT64_C(0) : (UINT64_C(1) << part) - 1) << (ts & 63);
        *word = came ? *word | bits : *word & ~bits;
    }
}

/* How many samples from ts on are as the first one, at most limit. */
static uint32_t run_length(const struct jitter *jitter, uint32_t ts, uint32_t limit, bool came)
{
    uint32_t length = 0;

    while (length < limit) {
        uint32_t at = ts + length, rest = 64 - (at & 63);
        uint64_t word = jitter->came[(at & MASK) / 64] >> (at & 63);
        uint64_t other = came ? ~word : word;
        uint32_t same = other ? (uint32_t)__builtin_ctzll(other) : 64;
        if (same < rest)
            return length + same < limit ? length + same : limit;
        length += rest;
    }
    return limit;
}

static bool came_at(const struct jitter *jitter, uint32_t ts)
{
    return jitter->came[(ts & MASK) / 64] >> (ts & 63) & 1;
}

/* --- putting -------------------------------------------------------------------------------- */

int jitter_init(struct jitter *jitter)
{
    memset(jitter, 0, sizeof(*jitter));
    fill_silence(jitter, 0, JITTER_RING);
    jitter->plc = plc_init(NULL);
    return jitter->plc ? 0 : -ENOMEM;
}

void jitter_done(struct jitter *jitter)
{
    if (jitter->plc)
        (void)plc_free(jitter->plc);
    jitter->plc = NULL;
}

/* What was heard stays before the new reading point. */
static void restart(struct jitter *jitter, uint32_t timestamp)
{
    uint8_t history[JITTER_HISTORY];

    copy_out(jitter, jitter->read_ts - JITTER_HISTORY, history, JITTER_HISTORY);
    memset(jitter->came, 0, sizeof(jitter->came));
    jitter->fed = true;
    jitter->read_ts = timestamp - JITTER_DELAY;
    jitter->end_ts = timestamp;
    jitter->late_row = 0;
    jitter->reads = 0;
    copy_in(jitter, jitter->read_ts - JITTER_HISTORY, history, JITTER_HISTORY);
    fill_silence(jitter, jitter->read_ts, JITTER_DELAY);
}

/* Between the newest sample and this one nothing came yet: no sound of half a second ago there. */
static void clear_hole(struct jitter *jitter, uint32_t timestamp)
{
    uint32_t from = jitter->end_ts;

    if (jitter->missing >= JITTER_QUIET)
        fill_silence(jitter, jitter->read_ts - JITTER_HISTORY, JITTER_HISTORY);
    if ((int32_t)(jitter->read_ts - from) > 0)
        from = jitter->read_ts;
    if ((int32_t)(timestamp - from) > 0)
        fill_silence(jitter, from, timestamp - from);
}

static void store(struct jitter *jitter, uint32_t timestamp, const uint8_t *codes, uint32_t count,
                  const uint8_t to_alaw[256])
{
    uint8_t translated[JITTER_RING / 4];

    for (uint32_t i = 0; to_alaw && i < count; i++)
        translated[i] = to_alaw[codes[i]];
    copy_in(jitter, timestamp, to_alaw ? translated : codes, count);
    mark(jitter, timestamp, count, true);
}

bool jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *codes, size_t size,
                const uint8_t to_alaw[256], bool fresh)
{
    uint32_t count = size > JITTER_RING / 4 ? JITTER_RING / 4 : (uint32_t)size;
    int32_t ahead = (int32_t)(timestamp - jitter->read_ts);

    bool late = ahead <= -(int32_t)count; /* ahead may be near INT32_MAX: nothing is added to it */
    bool far = ahead > JITTER_RING - JITTER_HISTORY - (int32_t)count || ahead < -JITTER_RING;
    jitter->late_row = late ? jitter->late_row + 1 : 0;
    if (!jitter->fed || far || (fresh && (late || ahead > JITTER_MAX)) ||
        jitter->late_row >= LATE_ROW)
        restart(jitter, timestamp);
    else if (late)
        return false;
    int32_t past = (int32_t)(jitter->read_ts - timestamp); /* samples whose moment has gone by */
    uint32_t skip = past > 0 ? (uint32_t)past : 0;
    clear_hole(jitter, timestamp);
    store(jitter, timestamp + skip, codes + skip, count - skip, to_alaw);
    if ((int32_t)(timestamp + count - jitter->end_ts) > 0)
        jitter->end_ts = timestamp + count;
    return true;
}

/* --- reading -------------------------------------------------------------------------------- */

static void skip_to(struct jitter *jitter, uint32_t ts)
{
    mark(jitter, jitter->read_ts, ts - jitter->read_ts, false);
    jitter->read_ts = ts;
}

/* Steady surplus means delay for nothing (a clock that runs fast, or a burst after a stall): skip
 * a frame. */
static void trim(struct jitter *jitter)
{
    int32_t supply = (int32_t)(jitter->end_ts - jitter->read_ts);

    if (jitter->reads == 0 || supply < jitter->least)
        jitter->least = supply;
    if (++jitter->reads < SECOND_OF_READS)
        return;
    jitter->reads = 0;
    if (jitter->least <= JITTER_MAX)
        return;
    skip_to(jitter, jitter->read_ts + FRAME);
}

static void decode(const struct jitter *jitter, uint32_t ts, int16_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = g711_alaw_table[jitter->ring[(ts + i) & MASK]];
}

static void encode(struct jitter *jitter, uint32_t ts, const int16_t *samples, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        jitter->ring[(ts + i) & MASK] = g711_alaw_encode(samples[i]);
}

/* Samples that did not come. spandsp gets the history only when there is something to conceal, and
 * all at once: cheaper, and its own ring is then at its start (turning it copies overlapping
 * memory). */
static void conceal(struct jitter *jitter, uint32_t ts, uint32_t count)
{
    int16_t before[JITTER_HISTORY], made[FRAME];

    if (jitter->missing >= JITTER_CONCEAL) {
        fill_silence(jitter, ts, count);
        jitter->missing += jitter->missing < JITTER_QUIET ? count : 0;
        return;
    }
    if (jitter->missing == 0) {
        decode(jitter, ts - JITTER_HISTORY, before, JITTER_HISTORY);
        (void)plc_init(jitter->plc);
        (void)plc_rx(jitter->plc, before, JITTER_HISTORY);
    }
    (void)plc_fillin(jitter->plc, made, (int)count);
    encode(jitter, ts, made, count);
    jitter->missing += count;
}

/* The first samples after a hole fade in. */
static void fade_in(struct jitter *jitter, uint32_t ts, uint32_t count)
{
    int16_t samples[FRAME];

    decode(jitter, ts, samples, count);
    (void)plc_rx(jitter->plc, samples, (int)count);
    encode(jitter, ts, samples, count);
    jitter->missing = 0;
}

/* Runs of samples that came and samples that did not. */
static void complete(struct jitter *jitter)
{
    const uint32_t end = jitter->read_ts + FRAME;

    for (uint32_t at = jitter->read_ts, length; at != end; at += length) {
        bool came = came_at(jitter, at);
        length = run_length(jitter, at, end - at, came);
        if (!came)
            conceal(jitter, at, length);
        else if (jitter->missing > 0)
            fade_in(jitter, at, length);
    }
}

/* Most callers in a queue and many agents say nothing for long: that costs next to nothing. */
bool jitter_is_quiet(const struct jitter *jitter)
{
    return !jitter->fed ||
           (jitter->missing >= JITTER_QUIET && (int32_t)(jitter->end_ts - jitter->read_ts) <= 0);
}

bool jitter_read(struct jitter *jitter, uint64_t tick, uint8_t out[FRAME])
{
    uint64_t passed = tick - jitter->read_tick;

    jitter->read_tick = tick;
    if (jitter_is_quiet(jitter)) {
        memset(out, G711_ALAW_SILENCE, FRAME);
        jitter->read_ts += jitter->fed ? (uint32_t)passed * FRAME : 0; /* the clock ran on */
        return false;
    }
    if (passed != 1 && (int32_t)(jitter->end_ts - jitter->read_ts) > JITTER_DELAY + FRAME)
        skip_to(jitter, jitter->end_ts - JITTER_DELAY); /* nobody listened for a while */
    trim(jitter);
    complete(jitter);
    copy_out(jitter, jitter->read_ts, out, FRAME);
    skip_to(jitter, jitter->read_ts + FRAME);
    return true;
}
