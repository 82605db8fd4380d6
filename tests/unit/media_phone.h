/* Helpers for media tests: a daemon's media with its loop, and phones on real UDP sockets. */
#ifndef TESTS_MEDIA_PHONE_H
#define TESTS_MEDIA_PHONE_H

#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <netinet/in.h>

enum { PHONES = 8, PHONE_LOG = 6000, PHONE_SOUND = 160 * PHONE_LOG };

struct phone_packet {
    uint16_t seq;
    uint32_t ts, ssrc;
    uint8_t pt;
    bool marker;
    uint8_t length;
    uint8_t payload[160];
};

struct phone {
    int fd, rtcp_fd;
    uint16_t port;         /* own RTP port */
    struct sockaddr_in to; /* the leg's RTP address */
    handle_t leg;
    bool talking; /* sends a tone each 20 ms */
    bool mulaw;
    int hz;
    double phase;
    uint32_t ssrc, ts;
    uint16_t seq;
    int64_t next_ns;
    struct phone_packet *log; /* what came */
    unsigned count;
    int16_t *sound; /* what came, decoded, in order of arrival */
    size_t samples;
};

struct media_world {
    struct loop *loop;
    struct media *media;
    struct phone phones[PHONES];
    unsigned phone_count;
    /* what the handlers saw */
    char digits[64];
    handle_t digit_leg;
    int play_done;
    uint32_t play_token;
    int timeouts, first_packets, closed, recorded_count, lines;
    enum media_line_state line_state;
    struct media_stats stats;
    uint32_t measured[8]; /* tokens, in order */
    struct media_stats measured_stats[8];
    int measured_count, measured_after_close; /* of the leg told closed last */
    struct media_recorded recorded;
    int gaps, gap_ends; /* told */
    handle_t gap_leg, gap_room;
    int64_t gap_ms;  /* when the last one was told */
    int quiet_count; /* of recordings that were attended to */
    handle_t quiet;
    int64_t quiet_ms; /* when */
};

void world_open(struct media_world *world, int rtp_timeout_s);
void world_close(struct media_world *world);
/* A phone with an open leg whose remote is the phone. hz 0 = silent. */
struct phone *world_phone(struct media_world *world, int hz, bool mulaw);
void world_turn(struct media_world *world);
bool world_wait(struct media_world *world, bool (*condition)(struct media_world *world, void *arg),
                void *arg, int timeout_ms);
int64_t world_now_ms(void);

void phone_init(struct phone *phone);
void phone_done(struct phone *phone);
void phone_send(struct phone *phone, const void *bytes, size_t size);
void phone_send_rtp(struct phone *phone, int pt, bool marker, const void *payload, size_t size);
/* The next packet that its leg has sent, -1 = none. Others are passed over: the port may have been
 * that of another test's phone, whose call still sends. */
ssize_t phone_receive(struct phone *phone, void *bytes, size_t size);
void phone_conf(const struct phone *phone, struct sdp_audio *audio);
/* Amplitude of a tone in samples (Goertzel). */
double tone_level(const int16_t *samples, size_t count, int stride, double hz);
void tone_fill(uint8_t *alaw, size_t count, double hz);

#endif
