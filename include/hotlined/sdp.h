/* Audio session descriptions (RFC 8866, offer/answer RFC 3264) reduced to what we speak:
 * one audio stream of G.711 with telephone-event. Written on sofia's sdp_parse/sdp_print; this is
 * the only other file than src/sip that includes sofia headers. */
#ifndef HOTLINED_SDP_H
#define HOTLINED_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

#define SDP_PT_PCMU 0
#define SDP_PT_PCMA 8

#define SDP_MAX_LINES 6 /* more m= lines than this are -ENOTSUP, as are longer words in them */

/* One m= line as its author wrote it: an answer has to refuse it by the same name. */
struct sdp_line {
    char kind[16];   /* audio, video, image */
    char proto[24];  /* RTP/AVP */
    char format[16]; /* the first one */
};

struct sdp_audio {
    char address[46];             /* textual IP; "0.0.0.0" is an old-style hold */
    uint16_t port;                /* 0 = stream refused */
    uint16_t rtcp_port;           /* a=rtcp or port + 1 */
    enum sdp_direction direction; /* as seen by its author */
    bool pcma, pcmu;
    uint8_t first_codec;  /* SDP_PT_PCMA or SDP_PT_PCMU: author's preference */
    int telephone_event;  /* payload type, -1 = none */
    int ptime_ms;         /* 20 unless stated */
    unsigned media_lines; /* m= lines in all; others than audio are refused with port 0 */
    int audio_index;      /* which m= line is ours */
    struct sdp_line lines[SDP_MAX_LINES];
};

/* 0; -EINVAL broken; -ENOTSUP no audio line we can speak (answer 488). */
int sdp_audio_parse(const char *body, size_t length, struct sdp_audio *ret_audio);

struct sdp_local {
    const char *address;
    uint16_t port;
    uint64_t session_id; /* stays for the dialog */
    uint64_t version;    /* +1 for each changed description (RFC 3264 8) */
    uint8_t codec;       /* the chosen one (answer) or the preferred one (offer) */
    bool both_codecs;    /* offer: list the other one too */
    int telephone_event; /* -1 = none */
    enum sdp_direction direction;
};
/* Writes an offer (offer == NULL) or an answer to it (same m= lines in the same order). Returns
 * the length written or -ENOSPC. */
int sdp_audio_print(const struct sdp_local *local, const struct sdp_audio *offer, char *out,
                    size_t size);

#endif
