/* The jitter ring. */
#include "media/jitter.h"

#include <errno.h>
#include <spandsp.h>
#include <string.h>

enum { NOTHING = INT16_MIN, MASK = JITTER_RING - 1, LATE_ROW = 3, SECOND_OF_READS = 50 };

static void empty(struct jitter *jitter)
{
    for (size_t i = 0; i < JITTER_RING; i++)
        jitter->ring[i] = NOTHING;
}

int jitter_init(struct jitter *jitter)
{
    memset(jitter, 0, sizeof(*jitter));
    empty(jitter);
    jitter->plc = plc_init(NULL);
    return jitter->plc ? 0 : -ENOMEM;
}

void jitter_done(struct jitter *jitter)
{
    if (jitter->plc)
        (void)plc_free(jitter->plc);
    jitter->plc = NULL;
}

static void restart(struct jitter *jitter, uint32_t timestamp)
{
    empty(jitter);
    jitter->fed = true;
    jitter->read_ts = timestamp - JITTER_DELAY;
    jitter->end_ts = timestamp;
    jitter->late_row = 0;
    jitter->reads = 0;
}

bool jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *codes, size_t count,
                const int16_t table[256], bool fresh)
{
    if (count > JITTER_RING / 4)
        count = JITTER_RING / 4;
    int32_t ahead = (int32_t)(timestamp - jitter->read_ts);

    bool late = ahead <= -(int32_t)count; /* ahead may be near INT32_MAX: nothing is added to it */
    bool far = ahead > JITTER_RING - (int32_t)count || ahead < -JITTER_RING;
    jitter->late_row = late ? jitter->late_row + 1 : 0;
    if (!jitter->fed || far || (fresh && (late || ahead > JITTER_MAX)) ||
        jitter->late_row >= LATE_ROW)
        restart(jitter, timestamp);
    else if (late)
        return false;

    for (size_t i = 0; i < count; i++)
        if ((int32_t)(timestamp + i - jitter->read_ts) >= 0)
            jitter->ring[(timestamp + i) & MASK] = table[codes[i]];
    if ((int32_t)(timestamp + count - jitter->end_ts) > 0)
        jitter->end_ts = timestamp + (uint32_t)count;
    return true;
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
    for (size_t i = 0; i < FRAME; i++)
        jitter->ring[(jitter->read_ts + i) & MASK] = NOTHING;
    jitter->read_ts += FRAME;
}

static void remember(struct jitter *jitter, const int16_t *samples, size_t count)
{
    memmove(jitter->history, jitter->history + count,
            (JITTER_HISTORY - count) * sizeof(*jitter->history));
    memcpy(jitter->history + JITTER_HISTORY - count, samples, count * sizeof(*samples));
}

/* spandsp gets the history only when there is something to conceal, and all at once: cheaper, and
 * its own ring is then at its start (turning it copies overlapping memory). */
static void conceal(struct jitter *jitter, int16_t *out, int count)
{
    int16_t before[JITTER_HISTORY];

    if (jitter->missing >= JITTER_CONCEAL) {
        memset(out, 0, sizeof(*out) * (size_t)count);
        jitter->missing += jitter->missing < JITTER_QUIET ? (uint32_t)count : 0;
        return;
    }
    if (jitter->missing == 0) {
        memcpy(before, jitter->history, sizeof(before));
        (void)plc_init(jitter->plc);
        (void)plc_rx(jitter->plc, before, JITTER_HISTORY);
    }
    (void)plc_fillin(jitter->plc, out, count);
    jitter->missing += (uint32_t)count;
}

/* Runs of samples that came and samples that did not. */
static void take(struct jitter *jitter, int16_t out[FRAME])
{
    for (int begin = 0, end; begin < FRAME; begin = end) {
        bool came = jitter->ring[(jitter->read_ts + (uint32_t)begin) & MASK] != NOTHING;
        for (end = begin; end < FRAME; end++) {
            int16_t *sample = &jitter->ring[(jitter->read_ts + (uint32_t)end) & MASK];
            if ((*sample != NOTHING) != came)
                break;
            out[end] = *sample;
            *sample = NOTHING;
        }
        if (came) {
            if (jitter->missing > 0)
                (void)plc_rx(jitter->plc, out + begin, end - begin); /* fades in */
            jitter->missing = 0;
        } else {
            conceal(jitter, out + begin, end - begin);
        }
        remember(jitter, out + begin, (size_t)(end - begin));
    }
}

/* Most callers in a queue and many agents say nothing for long: that costs next to nothing. */
static bool is_quiet(const struct jitter *jitter)
{
    return jitter->missing >= JITTER_QUIET && (int32_t)(jitter->end_ts - jitter->read_ts) <= 0;
}

bool jitter_read(struct jitter *jitter, uint64_t tick, int16_t out[FRAME])
{
    bool skipped = tick != jitter->read_tick + 1;

    jitter->read_tick = tick;
    if (!jitter->fed || is_quiet(jitter)) {
        memset(out, 0, sizeof(int16_t) * FRAME);
        jitter->read_ts += jitter->fed ? FRAME : 0;
        return false;
    }
    if (skipped && (int32_t)(jitter->end_ts - jitter->read_ts) > JITTER_DELAY + FRAME)
        jitter->read_ts = jitter->end_ts - JITTER_DELAY; /* nobody listened for a while */
    trim(jitter);
    take(jitter, out);
    jitter->read_ts += FRAME;
    return true;
}
