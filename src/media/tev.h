/* Telephone events (RFC 4733): digits heard once per press, and digits sent. */
#ifndef HOTLINED_MEDIA_TEV_H
#define HOTLINED_MEDIA_TEV_H

#include "media/rtp.h"

enum { TEV_REPORT_MS = 40, TEV_QUEUE = 32, TEV_GAP_TICKS = 4, TEV_ENDS = 3 };

/* --- receiving ------------------------------------------------------------------------------ */

struct tev_rx {
    bool started;  /* ssrc and timestamp below mean something */
    bool pending;  /* a press has begun and was not reported yet */
    bool ended;    /* its end was seen */
    uint8_t event; /* 0..15 */
    uint32_t ssrc;
    uint32_t timestamp; /* of the press: all its packets carry it */
    uint16_t duration;  /* samples, largest seen */
    int64_t began_ms;   /* local clock */
};

/* One packet of the telephone-event payload type. Returns the digit to be reported now, or 0.
 * Repeated, reordered and end packets of one press report it once (2.5.1.2); events other than
 * 0-9 * # A-D are ignored. */
char tev_receive(struct tev_rx *rx, const struct rtp_packet *packet, int64_t now_ms,
                 int *ret_duration_ms);
/* Each tick: reports a press whose other packets were lost or which is held. */
char tev_overdue(struct tev_rx *rx, int64_t now_ms, int *ret_duration_ms);

/* --- sending -------------------------------------------------------------------------------- */

struct tev_digit {
    uint8_t event;
    uint16_t samples; /* duration */
};

struct tev_tx {
    struct tev_digit queue[TEV_QUEUE];
    unsigned head, count;
    uint16_t sent_samples; /* of the digit under way */
    uint8_t ends;          /* end packets sent */
    uint8_t gap;           /* ticks of silence still to keep after a digit */
};

/* 0, -EINVAL no such digit, -EAGAIN queue full. */
int tev_queue(struct tev_tx *tx, char digit, int duration_ms);
bool tev_sending(const struct tev_tx *tx);
/* One tick: true and 4 bytes of payload, or false when this tick is a gap. ret_first marks the
 * packet that starts a digit (marker bit, new timestamp). */
bool tev_next(struct tev_tx *tx, uint8_t payload[4], bool *ret_first);
int tev_event_of(char digit); /* 0..15 or -EINVAL */

#endif
