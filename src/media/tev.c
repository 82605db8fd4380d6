/* Telephone events (RFC 4733). */
#include "media/tev.h"

#include <errno.h>
#include <string.h>

static const char digits[] = "0123456789*#ABCD";

static char report(struct tev_rx *rx, int64_t now_ms, int *ret_duration_ms)
{
    int64_t elapsed = now_ms - rx->began_ms;
    int64_t stated = rx->duration / 8;

    rx->pending = false;
    *ret_duration_ms = (int)(rx->ended || stated > elapsed ? stated : elapsed);
    return digits[rx->event];
}

/* A key held for more than 8 s goes on under a new timestamp (2.5.1.3). */
static bool continues(const struct tev_rx *rx, uint8_t event, uint32_t timestamp)
{
    return event == rx->event && !rx->ended && rx->duration > 0x8000 &&
           timestamp == rx->timestamp + rx->duration;
}

char tev_receive(struct tev_rx *rx, const struct rtp_packet *packet, int64_t now_ms,
                 int *ret_duration_ms)
{
    if (packet->length < 4 || packet->payload[0] >= sizeof(digits) - 1)
        return 0;
    uint8_t event = packet->payload[0];
    bool end = (packet->payload[1] & 0x80) != 0;
    uint16_t duration = get16(packet->payload + 2);
    bool same_stream = rx->started && packet->ssrc == rx->ssrc;
    int32_t age = (int32_t)(packet->timestamp - rx->timestamp);

    if (same_stream && age < 0 && age > -8000 * 10)
        return 0; /* a straggler of an earlier press */
    if (!same_stream || age != 0) {
        bool held = same_stream && continues(rx, event, packet->timestamp);
        *rx = (struct tev_rx){.started = true,
                              .pending = !held,
                              .event = event,
                              .ssrc = packet->ssrc,
                              .timestamp = packet->timestamp,
                              .began_ms = now_ms};
    }
    if (duration > rx->duration)
        rx->duration = duration;
    rx->ended |= end;
    if (rx->pending && (end || duration >= TEV_REPORT_MS * 8))
        return report(rx, now_ms, ret_duration_ms);
    return 0;
}

char tev_overdue(struct tev_rx *rx, int64_t now_ms, int *ret_duration_ms)
{
    if (!rx->pending || now_ms - rx->began_ms < TEV_REPORT_MS)
        return 0;
    return report(rx, now_ms, ret_duration_ms);
}

int tev_event_of(char digit)
{
    const char *place = digit ? strchr(digits, digit >= 'a' ? digit - 32 : digit) : NULL;
    return place ? (int)(place - digits) : -EINVAL;
}

int tev_queue(struct tev_tx *tx, char digit, int duration_ms)
{
    int event = tev_event_of(digit);

    if (event < 0)
        return event;
    if (tx->count == TEV_QUEUE)
        return -EAGAIN;
    if (duration_ms < TEV_REPORT_MS)
        duration_ms = TEV_REPORT_MS;
    if (duration_ms > 6000)
        duration_ms = 6000; /* 16 bits of samples */
    tx->queue[(tx->head + tx->count++) % TEV_QUEUE] =
        (struct tev_digit){.event = (uint8_t)event, .samples = (uint16_t)(duration_ms * 8)};
    return 0;
}

bool tev_sending(const struct tev_tx *tx)
{
    return tx->count > 0 || tx->gap > 0;
}

bool tev_next(struct tev_tx *tx, uint8_t payload[4], bool *ret_first)
{
    if (tx->gap > 0) {
        tx->gap--;
        return false;
    }
    if (tx->count == 0)
        return false;
    const struct tev_digit *digit = &tx->queue[tx->head];
    bool end = tx->sent_samples + 160 >= digit->samples;

    *ret_first = tx->sent_samples == 0;
    if (tx->ends == 0)
        tx->sent_samples = end ? digit->samples : tx->sent_samples + 160;
    payload[0] = digit->event;
    payload[1] = (uint8_t)((end ? 0x80 : 0) | 10); /* -10 dBm0 */
    put16(payload + 2, tx->sent_samples);
    if (end && ++tx->ends == TEV_ENDS) {
        tx->head = (tx->head + 1) % TEV_QUEUE;
        tx->count--;
        tx->sent_samples = 0;
        tx->ends = 0;
        tx->gap = TEV_GAP_TICKS;
    }
    return true;
}
