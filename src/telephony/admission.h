/* Admission: how many new calls a second the processor can carry, told by how late we are.
 *
 * Every message of the SIP port is late by the time between its arrival in the kernel and our
 * reading it. The least lateness of a short window is the queue that stands there and does not go
 * away (CoDel's idea): a burst or one slow turn raises the worst, not the least. Twelve windows in
 * a row above the target and not falling are overload, or two when it is high; what others take of
 * the processor for moments raises it to half of that and is not. From then on new calls are let in
 * at a rate that starts at what was carried, is cut while the queue grows and grows back by itself,
 * carefully near the rate where it was cut last. What waited too long is refused beyond the rate,
 * which empties the queue within moments, since a refusal costs a thirtieth of a call.
 *
 * Only new calls are asked about. Pure: times are given, no clock, no I/O, no memory. */
#ifndef TELEPHONY_ADMISSION_H
#define TELEPHONY_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ADMISSION_WINDOW_MS = 30,
    /* A call passes the queue four times until two people talk: 4 * 60 ms stay well below half a
     * second. */
    ADMISSION_TARGET_US = 30 * 1000,
    ADMISSION_LATE_US = 2 * ADMISSION_TARGET_US,
    ADMISSION_STANDING = 12,       /* windows until it is believed */
    ADMISSION_HIGH_US = 70 * 1000, /* so late it is believed at once; 4 * 70 ms, and the way down */
    ADMISSION_LEAVE_MS = 2000,     /* without a refusal, until the limit is lifted */
    ADMISSION_RATE_MIN = 10,      /* calls a second: never less, a trickle is no overload of ours */
    ADMISSION_RATE_MAX = 1000000, /* where growing ends */
};

struct admission {
    bool limiting;
    double rate;    /* new calls a second let in while limiting */
    double carried; /* calls a second let in during the last seconds, while no queue stood */
    double tokens;  /* calls that may come in at once */
    double knee;    /* the most carried, which fades slowly */
    uint64_t filled_ms, refused_ms;
    uint64_t window_ms;       /* when the window began; 0 = before the first message */
    uint32_t least_us;        /* lateness in this window; UINT32_MAX = nothing came */
    uint32_t before_us;       /* in the window before */
    unsigned taken, refused;  /* new calls in this window */
    unsigned standing;        /* windows in a row with a queue that does not shrink */
    unsigned standing_served; /* new calls read in those */
    unsigned standing_ms;     /* how long those were: a slow turn makes a window long */
};

/* Any message was read so late. now_ms is monotonic and never 0. */
void admission_note(struct admission *admission, uint64_t now_ms, uint32_t late_us);
/* A new call was read so late (counts as a note): take it? */
bool admission_take(struct admission *admission, uint64_t now_ms, uint32_t late_us);
/* Time passes without messages: lifts a limit nobody feels any more. */
void admission_pass(struct admission *admission, uint64_t now_ms);

#endif
