/* RTCP: sender and receiver reports each 5 s, what the others report, and the leg's figures. */
#include <hotlined/id.h>
#include <hotlined/metrics.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "media/engine.h"

enum {
    TYPE_SR = 200,
    TYPE_RR = 201,
    TYPE_SDES = 202,
    TYPE_LAST = 204,
    SDES_CNAME = 1,
    INTERVAL_MS = 5000,
    BLOCK_SIZE = 24,
    JITTER_BUFFER_MS = 60 /* of delay that both ends add, for the MOS */
};

/* --- sending -------------------------------------------------------------------------------- */

/* RFC 3550 6.3.1: half to one and a half of the interval, divided by e - 1.5. */
static int64_t interval_ms(void)
{
    uint32_t dice;

    random_bytes(&dice, sizeof(dice));
    return (int64_t)(INTERVAL_MS * (0.5 + dice / 4294967296.0) / 1.21828);
}

static struct metric metric_received = {.name = "hotlined_media_packets_received_total",
                                        .help = "RTP packets received from all legs.",
                                        .kind = METRIC_COUNTER};
static struct metric metric_lost = {.name = "hotlined_media_packets_lost_total",
                                    .help = "RTP packets of all legs that never came.",
                                    .kind = METRIC_COUNTER};

void rtcp_register(void)
{
    metric_register(&metric_received);
    metric_register(&metric_lost);
}

/* With every report: lines live for a shift. A packet that comes late after all is not taken back.
 */
static void count(struct mleg *leg)
{
    uint64_t lost = rtp_lost(&leg->receiver);

    metric_add(&metric_received, (int64_t)(leg->stats.packets_received - leg->counted_received));
    leg->counted_received = leg->stats.packets_received;
    if (lost <= leg->counted_lost)
        return;
    metric_add(&metric_lost, (int64_t)(lost - leg->counted_lost));
    leg->counted_lost = lost;
}

void rtcp_init(struct engine *engine, struct mleg *leg)
{
    leg->reports.next_ms = engine_now_ms(engine) + interval_ms() / 2;
}

static void ntp_now(uint32_t *ret_seconds, uint32_t *ret_fraction)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    *ret_seconds = (uint32_t)((uint64_t)now.tv_sec + 2208988800u);
    *ret_fraction = (uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u);
}

static size_t put_block(struct engine *engine, struct mleg *leg, uint8_t *out)
{
    const struct reports *reports = &leg->reports;
    uint64_t lost = rtp_lost(&leg->receiver);
    uint32_t delay = 0; /* since their SR, in 1/65536 s */

    if (!leg->receiver.started)
        return 0;
    if (reports->sr_middle)
        delay = (uint32_t)((engine_now_ms(engine) - reports->sr_ms) * 65536 / 1000);
    put32(out, leg->receiver.ssrc);
    put32(out + 4, (uint32_t)rtp_fraction_lost(&leg->receiver) << 24 |
                       (uint32_t)(lost > 0x7FFFFF ? 0x7FFFFF : lost));
    put32(out + 8, rtp_extended_seq(&leg->receiver));
    put32(out + 12, leg->receiver.jitter_q4 >> 4);
    put32(out + 16, reports->sr_middle);
    put32(out + 20, delay);
    return BLOCK_SIZE;
}

static size_t put_report(struct engine *engine, struct mleg *leg, uint8_t *out)
{
    bool sender = leg->stats.packets_sent != leg->reports.sent_before;
    size_t size = sender ? 28 : 8;

    put32(out + 4, leg->sender.ssrc);
    if (sender) {
        uint32_t seconds, fraction;
        ntp_now(&seconds, &fraction);
        put32(out + 8, seconds);
        put32(out + 12, fraction);
        put32(out + 16, leg->sender.base_ts + engine_samples(engine));
        put32(out + 20, (uint32_t)leg->stats.packets_sent);
        put32(out + 24, (uint32_t)leg->stats.octets_sent);
    }
    size_t block = put_block(engine, leg, out + size);
    out[0] = (uint8_t)(0x80 | (block ? 1 : 0));
    out[1] = sender ? TYPE_SR : TYPE_RR;
    put16(out + 2, (unsigned)((size + block) / 4 - 1));
    leg->reports.sent_before = leg->stats.packets_sent;
    return size + block;
}

static size_t put_cname(const struct engine *engine, const struct mleg *leg, uint8_t *out)
{
    size_t length = strlen(engine->cname);
    size_t size = (8 + 2 + length + 1 + 3) & ~(size_t)3; /* at least one zero ends the list */

    memset(out, 0, size);
    out[0] = 0x81;
    out[1] = TYPE_SDES;
    put16(out + 2, (unsigned)(size / 4 - 1));
    put32(out + 4, leg->sender.ssrc);
    out[8] = SDES_CNAME;
    out[9] = (uint8_t)length;
    memcpy(out + 10, engine->cname, length);
    return size;
}

/* Behind a NAT the SDP's address leads nowhere: the port after the one sound comes from. */
static void follow_latch(struct mleg *leg)
{
    if (leg->is_line || !leg->peer.latched || addr_same_host(&leg->peer.to, &leg->rtcp_to))
        return;
    leg->rtcp_to = leg->peer.to;
    addr_set_port(&leg->rtcp_to, (uint16_t)(addr_port(&leg->peer.to) + 1));
}

void rtcp_tick(struct engine *engine, struct mleg *leg)
{
    uint8_t out[256];

    if (engine_now_ms(engine) < leg->reports.next_ms)
        return;
    leg->reports.next_ms = engine_now_ms(engine) + interval_ms();
    count(leg);
    follow_latch(leg);
    bool reachable = leg->is_line ? leg->may_send : !addr_is_any(&leg->rtcp_to);
    if (!reachable || (!leg->sender.any && !leg->receiver.started))
        return;
    size_t size = put_report(engine, leg, out);
    size += put_cname(engine, leg, out + size);
    send_bytes(engine, leg, out, size, true);
}

/* --- receiving ------------------------------------------------------------------------------ */

/* RTT = now - LSR - DLSR, in 1/65536 s of the NTP clock (6.4.1). */
static void round_trip(struct mleg *leg, uint32_t lsr, uint32_t dlsr)
{
    uint32_t seconds, fraction;

    if (lsr == 0)
        return;
    ntp_now(&seconds, &fraction);
    uint32_t now = seconds << 16 | fraction >> 16;
    int32_t units = (int32_t)(now - lsr - dlsr);
    if (units >= -655 && units < 0)
        units = 0; /* rounding of the two clocks */
    if (units >= 0 && units < 65536 * 30)
        leg->stats.round_trip_us = (int32_t)((int64_t)units * 1000000 / 65536);
}

static void read_block(struct mleg *leg, const uint8_t *block)
{
    if (get32(block) != leg->sender.ssrc)
        return;
    int32_t lost = (int32_t)(get32(block + 4) << 8) >> 8; /* 24 bits, signed */
    leg->stats.remote_lost = lost > 0 ? (uint32_t)lost : 0;
    leg->stats.remote_jitter_us = (uint32_t)((uint64_t)get32(block + 12) * 125);
    round_trip(leg, get32(block + 16), get32(block + 20));
}

static void read_report(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size)
{
    bool sender = bytes[1] == TYPE_SR;
    size_t at = sender ? 28 : 8;

    if (sender && size >= 28) {
        leg->reports.sr_middle = get32(bytes + 8) << 16 | get32(bytes + 12) >> 16;
        leg->reports.sr_ms = engine_now_ms(engine);
    }
    for (unsigned n = bytes[0] & 0x1F; n > 0 && at + BLOCK_SIZE <= size; n--, at += BLOCK_SIZE)
        read_block(leg, bytes + at);
    leg->heard_ms = engine_now_ms(engine); /* a gateway that suppresses silence is alive */
}

/* BYE (203) is walked over: a leg's end is SIP's business, and anybody could forge one. */
bool rtcp_received(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size)
{
    if (size < 8 || (bytes[1] != TYPE_SR && bytes[1] != TYPE_RR))
        return false;
    while (size >= 4) {
        size_t length = 4 + 4u * get16(bytes + 2);
        if (bytes[0] >> 6 != 2 || bytes[1] < TYPE_SR || length > size)
            return false;
        if (bytes[1] <= TYPE_RR && length >= 8)
            read_report(engine, leg, bytes, length);
        bytes += length;
        size -= length;
    }
    return size == 0;
}

/* --- figures -------------------------------------------------------------------------------- */

/* G.107 with everything but delay and loss at its default: G.711 with concealment, Bpl 25.1. */
uint16_t stats_mos_x100(double loss_percent, double delay_ms)
{
    double late = delay_ms - 177.3;
    double delay = 0.024 * delay_ms + (late > 0 ? 0.11 * late : 0);
    double r = 93.2 - delay - 95 * loss_percent / (loss_percent + 25.1);

    if (r <= 0)
        return 100;
    double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
    return (uint16_t)lround((mos < 1 ? 1 : mos) * 100);
}

static void rate(struct media_stats *stats)
{
    uint64_t all = stats->packets_received + stats->packets_lost;
    double one_way_ms = stats->round_trip_us > 0 ? stats->round_trip_us / 2000.0 : 0;

    if (stats->packets_received > 0)
        stats->mos_x100 = stats_mos_x100(100.0 * (double)stats->packets_lost / (double)all,
                                         one_way_ms + JITTER_BUFFER_MS);
}

/* What is added up only grows, but for losses: a packet that comes late after all takes one back.
 */
static uint64_t grown(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

void stats_since(struct mleg *leg, struct media_stats *ret_stats)
{
    const struct measure *measure = &leg->measure;
    const struct media_stats *before = &measure->begin;
    struct media_stats s;

    stats_finish(leg, &s);
    s.packets_sent = grown(s.packets_sent, before->packets_sent);
    s.packets_received = grown(s.packets_received, before->packets_received);
    s.packets_lost = grown(s.packets_lost, before->packets_lost);
    s.packets_discarded = grown(s.packets_discarded, before->packets_discarded);
    s.octets_sent = grown(s.octets_sent, before->octets_sent);
    s.octets_received = grown(s.octets_received, before->octets_received);
    s.remote_lost = (uint32_t)grown(s.remote_lost, before->remote_lost);
    s.jitter_us = measure->jitter_count
                      ? (uint32_t)(measure->jitter_sum * 125 / 16 / measure->jitter_count)
                      : 0;
    s.mos_x100 = 0;
    rate(&s);
    *ret_stats = s;
}

void stats_finish(struct mleg *leg, struct media_stats *ret_stats)
{
    struct media_stats *stats = &leg->stats;

    count(leg);
    stats->packets_lost = rtp_lost(&leg->receiver);
    stats->jitter_us = (uint32_t)((uint64_t)leg->receiver.jitter_q4 * 125 / 16);
    rate(stats);
    *ret_stats = *stats;
}
