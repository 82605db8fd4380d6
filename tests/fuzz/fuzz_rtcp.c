/* RTCP as a leg receives it, and the reports it then makes: they must be right by our own reading.
 *
 * Script: control byte, length (16 bits), compound packet; and so on. Control: bits 0-3 how many
 * seconds pass before, bit 4 a packet was sent, bit 5 one was received. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/engine.h"

static struct mleg *sender, *listener;
static unsigned reports_sent;

/* In place of the sockets of send.c. */
void send_bytes(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size,
                bool rtcp)
{
    MUST(rtcp && leg == sender && size % 4 == 0);
    MUST(rtcp_received(engine, listener, bytes, size));
    reports_sent++;
}

static void check(struct mleg *leg)
{
    struct media_stats stats;

    stats_finish(leg, &stats);
    MUST(stats.mos_x100 == 0 || (stats.mos_x100 >= 100 && stats.mos_x100 <= 450));
    MUST(stats.round_trip_us >= -1 && stats.round_trip_us <= 30 * 1000000);
    stats_since(leg, &stats);
    MUST(stats.mos_x100 == 0 || (stats.mos_x100 >= 100 && stats.mos_x100 <= 450));
}

static void hear_packet(struct mleg *leg, uint16_t seq)
{
    struct rtp_packet packet = {.seq = seq, .ssrc = 0x51515151, .timestamp = seq * 160u};

    (void)rtp_receive(&leg->receiver, &packet, seq * 200u);
    leg->stats.packets_received++;
    leg->measure.jitter_sum += leg->receiver.jitter_q4;
    leg->measure.jitter_count++;
}

static struct mleg *new_leg(struct engine *engine)
{
    struct mleg *leg = calloc(1, sizeof(*leg));

    MUST(leg != NULL);
    leg->sender.ssrc = 0x11223344;
    leg->stats.round_trip_us = -1;
    leg->peer.latched = true;
    MUST(addr_parse("192.0.2.1", 4000, &leg->peer.to) == 0);
    MUST(addr_parse("192.0.2.9", 4001, &leg->rtcp_to) == 0);
    rtcp_init(engine, leg);
    return leg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct engine engine = {.now_ns = 1000000000, .cname = "cname@hotlined"};

    rtcp_register();
    sender = new_leg(&engine);
    listener = new_leg(&engine);
    sender->is_line = sender->may_send = fuzz_byte(&in) & 1;
    while (in.left) {
        uint8_t control = fuzz_byte(&in);
        uint16_t wanted = fuzz_16(&in);
        size_t length;
        uint8_t *bytes = fuzz_piece(&in, wanted, &length);

        engine.now_ns += (control & 15) * 1000000000ll;
        if (control & 16) {
            sender->stats.packets_sent++;
            sender->sender.any = true;
        }
        if (control & 32)
            hear_packet(sender, (uint16_t)(length ? bytes[0] * 3 : 0));
        (void)rtcp_received(&engine, sender, bytes, length);
        free(bytes);
        rtcp_tick(&engine, sender);
        check(sender);
        check(listener);
    }
    free(sender);
    free(listener);
    return 0;
}
