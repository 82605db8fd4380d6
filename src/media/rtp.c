/* RTP packets and receiver state. */
#include "media/rtp.h"

#include <errno.h>

enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100, NO_BAD_SEQ = 65537, WINDOW = 64 };

int rtp_parse(const uint8_t *bytes, size_t size, struct rtp_packet *ret_packet)
{
    if (size < RTP_HEADER_SIZE || bytes[0] >> 6 != 2)
        return -EBADMSG;
    size_t header = RTP_HEADER_SIZE + 4u * (bytes[0] & 0x0F);
    if (bytes[0] & 0x10) { /* extension: 16 bits of profile, 16 bits of length in words */
        if (size < header + 4)
            return -EBADMSG;
        header += 4 + 4u * get16(bytes + header + 2);
    }
    size_t padding = 0;
    if (bytes[0] & 0x20) {
        padding = bytes[size - 1];
        if (padding == 0)
            return -EBADMSG;
    }
    if (size < header + padding)
        return -EBADMSG;
    *ret_packet = (struct rtp_packet){.timestamp = get32(bytes + 4),
                                      .ssrc = get32(bytes + 8),
                                      .seq = get16(bytes + 2),
                                      .payload_type = bytes[1] & 0x7F,
                                      .marker = (bytes[1] & 0x80) != 0,
                                      .payload = bytes + header,
                                      .length = size - header - padding};
    return 0;
}

void rtp_write_header(uint8_t out[RTP_HEADER_SIZE], const struct rtp_packet *packet)
{
    out[0] = 0x80;
    out[1] = (uint8_t)((packet->marker ? 0x80 : 0) | packet->payload_type);
    put16(out + 2, packet->seq);
    put32(out + 4, packet->timestamp);
    put32(out + 8, packet->ssrc);
}

static enum rtp_order restart(struct rtp_receiver *receiver, const struct rtp_packet *packet)
{
    receiver->lost_before = rtp_lost(receiver);
    receiver->started = true;
    receiver->ssrc = packet->ssrc;
    receiver->base_seq = receiver->max_seq = packet->seq;
    receiver->cycles = 0;
    receiver->bad_seq = NO_BAD_SEQ;
    receiver->seen = 1;
    receiver->received = 1;
    receiver->expected_prior = receiver->received_prior = 0;
    receiver->have_transit = false;
    return RTP_RESTART;
}

/* A.1, with a window of the last 64 numbers so that duplicates are known as such. */
static enum rtp_order place(struct rtp_receiver *receiver, const struct rtp_packet *packet)
{
    if (!receiver->started || packet->ssrc != receiver->ssrc)
        return restart(receiver, packet);

    uint16_t ahead = (uint16_t)(packet->seq - receiver->max_seq);
    uint16_t behind = (uint16_t)(receiver->max_seq - packet->seq);
    if (ahead != 0 && ahead < MAX_DROPOUT) {
        if (packet->seq < receiver->max_seq)
            receiver->cycles += 65536;
        receiver->max_seq = packet->seq;
        receiver->seen = ahead < WINDOW ? receiver->seen << ahead | 1 : 1;
        receiver->bad_seq = NO_BAD_SEQ;
        receiver->received++;
        return RTP_NEXT;
    }
    if (behind < WINDOW) {
        if (receiver->seen >> behind & 1)
            return RTP_DUPLICATE;
        receiver->seen |= (uint64_t)1 << behind;
        receiver->received++;
        return RTP_REORDERED;
    }
    if (behind < MAX_MISORDER)
        return RTP_DUPLICATE; /* too late for anything */
    if (packet->seq == receiver->bad_seq)
        return restart(receiver, packet);
    receiver->bad_seq = (packet->seq + 1u) & 0xFFFF;
    return RTP_JUMP;
}

enum rtp_order rtp_receive(struct rtp_receiver *receiver, const struct rtp_packet *packet,
                           uint32_t arrival)
{
    enum rtp_order order = place(receiver, packet);
    if (order == RTP_DUPLICATE || order == RTP_JUMP)
        return order;

    uint32_t transit = arrival - packet->timestamp;
    if (receiver->have_transit) {
        int32_t difference = (int32_t)(transit - receiver->transit);
        uint32_t size = difference < 0 ? -(uint32_t)difference : (uint32_t)difference;
        if (size < 8000 * 2) /* a clock step (pause of the sender) is no jitter */
            receiver->jitter_q4 += size - ((receiver->jitter_q4 + 8) >> 4);
    }
    receiver->have_transit = true;
    receiver->transit = transit;
    return order;
}

uint32_t rtp_extended_seq(const struct rtp_receiver *receiver)
{
    return receiver->cycles + receiver->max_seq;
}

static uint32_t expected(const struct rtp_receiver *receiver)
{
    return receiver->started ? rtp_extended_seq(receiver) - receiver->base_seq + 1 : 0;
}

uint64_t rtp_lost(const struct rtp_receiver *receiver)
{
    uint32_t wanted = expected(receiver);
    uint64_t lost = wanted > receiver->received ? wanted - receiver->received : 0;
    return receiver->lost_before + lost;
}

uint8_t rtp_fraction_lost(struct rtp_receiver *receiver)
{
    uint32_t wanted = expected(receiver) - receiver->expected_prior;
    uint32_t got = receiver->received - receiver->received_prior;

    receiver->expected_prior = expected(receiver);
    receiver->received_prior = receiver->received;
    if (wanted == 0 || got >= wanted)
        return 0;
    return (uint8_t)(((uint64_t)(wanted - got) << 8) / wanted > 255
                         ? 255
                         : ((uint64_t)(wanted - got) << 8) / wanted);
}
