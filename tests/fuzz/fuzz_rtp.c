/* A stream of RTP packets as a leg hears it: header, whose it is, order, jitter buffer.
 *
 * Script: control byte, length byte, packet; and so on. Control: bits 0-1 who sends, bit 2 the tick
 * after it, bits 4-7 how many 100 ms pass before. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/g711.h"
#include "media/jitter.h"
#include "media/peer.h"

struct ear {
    struct peer peer;
    struct rtp_receiver receiver;
    struct jitter jitter;
    uint64_t tick;
    int64_t now_ms;
};

static void check_packet(const uint8_t *bytes, size_t size, const struct rtp_packet *packet)
{
    uint8_t header[RTP_HEADER_SIZE];
    struct rtp_packet again;

    MUST(packet->payload >= bytes + RTP_HEADER_SIZE);
    MUST(packet->length <= size - RTP_HEADER_SIZE);
    MUST(packet->payload + packet->length <= bytes + size);
    rtp_write_header(header, packet);
    MUST(rtp_parse(header, sizeof(header), &again) == 0 && again.length == 0);
    MUST(again.seq == packet->seq && again.timestamp == packet->timestamp &&
         again.ssrc == packet->ssrc && again.payload_type == packet->payload_type &&
         again.marker == packet->marker);
}

static void hear(struct ear *ear, uint8_t control, const struct rtp_packet *packet)
{
    static const char *const hosts[] = {"192.0.2.1", "192.0.2.2", "198.51.100.7", "2001:db8::1"};
    uint64_t lost = rtp_lost(&ear->receiver);
    enum rtp_order order;
    union addr from;

    MUST(addr_parse(hosts[control & 3], 4000, &from) == 0);
    if (peer_judge(&ear->peer, &from, packet, ear->now_ms) != PEER_ACCEPT)
        return;
    MUST(ear->peer.latched && addr_equal(&ear->peer.to, &from));
    order = rtp_receive(&ear->receiver, packet, (uint32_t)(ear->now_ms * 8));
    if (order == RTP_DUPLICATE || order == RTP_JUMP) {
        MUST(rtp_lost(&ear->receiver) == lost);
        return;
    }
    if (packet->payload_type != 0 && packet->payload_type != 8)
        return;
    (void)jitter_put(&ear->jitter, packet->timestamp, packet->payload, packet->length,
                     packet->payload_type == 8 ? NULL : g711_alaw_of_ulaw,
                     packet->marker || order == RTP_RESTART);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct ear ear = {0};
    union addr told;
    uint8_t frame[FRAME];

    MUST(jitter_init(&ear.jitter) == 0);
    MUST(addr_parse("192.0.2.1", 4000, &told) == 0);
    peer_set(&ear.peer, &told);
    while (in.left) {
        uint8_t control = fuzz_byte(&in), wanted = fuzz_byte(&in);
        struct rtp_packet packet;
        size_t length;
        uint8_t *bytes = fuzz_piece(&in, wanted, &length);

        ear.now_ms += 20 + (control >> 4) * 100;
        if (rtp_parse(bytes, length, &packet) == 0) {
            check_packet(bytes, length, &packet);
            hear(&ear, control, &packet);
        }
        free(bytes);
        if (control & 4)
            jitter_read(&ear.jitter, ear.tick++, frame);
        if (control & 8)
            (void)rtp_fraction_lost(&ear.receiver);
    }
    jitter_read(&ear.jitter, ear.tick, frame);
    jitter_done(&ear.jitter);
    return 0;
}
