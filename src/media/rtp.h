/* RTP packets and what a receiver keeps about a stream (RFC 3550 5.1, A.1, A.3, A.8). */
#ifndef HOTLINED_MEDIA_RTP_H
#define HOTLINED_MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_SIZE 12

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}
static inline void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xFFFF);
}

struct rtp_packet {
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t seq;
    uint8_t payload_type;
    bool marker;
    const uint8_t *payload; /* inside the parsed bytes; without padding */
    size_t length;          /* of the payload, may be 0 */
};

/* 0, or -EBADMSG: wrong version, or lengths that do not fit the datagram. Any bytes are safe. */
int rtp_parse(const uint8_t *bytes, size_t size, struct rtp_packet *ret_packet);
void rtp_write_header(uint8_t out[RTP_HEADER_SIZE], const struct rtp_packet *packet);

enum rtp_order {
    RTP_NEXT,      /* newer than all before */
    RTP_REORDERED, /* older than the newest, not seen before */
    RTP_DUPLICATE, /* drop */
    RTP_JUMP,      /* far away once: drop, a second one in sequence restarts the stream */
    RTP_RESTART    /* first packet of a stream: first of all, new SSRC, or after a jump */
};

struct rtp_receiver {
    bool started;
    uint32_t ssrc;
    uint16_t base_seq; /* first sequence number of this stream */
    uint16_t max_seq;
    uint32_t cycles;  /* counts wrap-arounds, in units of 65536 */
    uint32_t bad_seq; /* the number after a jump that would restart, 65536+1 = none */
    uint64_t seen;    /* bit n = max_seq - n was received */
    uint32_t received;
    uint64_t lost_before;    /* of streams before the last restart */
    uint32_t expected_prior; /* at the last report: for the fraction lost */
    uint32_t received_prior;
    bool have_transit;
    uint32_t transit;   /* arrival - timestamp of the packet before, in samples */
    uint32_t jitter_q4; /* samples * 16 (A.8) */
};

/* arrival: local clock in samples (8 kHz), any epoch. */
enum rtp_order rtp_receive(struct rtp_receiver *receiver, const struct rtp_packet *packet,
                           uint32_t arrival);
uint32_t rtp_extended_seq(const struct rtp_receiver *receiver);
/* Lost over the life of the leg; duplicates and late ones never make it negative. */
uint64_t rtp_lost(const struct rtp_receiver *receiver);
/* For report blocks: lost since the last call in 1/256 (RFC 3550 6.4.1). */
uint8_t rtp_fraction_lost(struct rtp_receiver *receiver);

#endif
