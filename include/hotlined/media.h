/* Media: RTP legs, browser lines, rooms, playing, digits, recording.
 *
 * The control thread calls these functions; media threads own sockets and sample buffers. Calls
 * are commands on a bounded queue and return at once; what happens comes back as events on the
 * control thread. All of a room's legs run on the room's thread.
 *
 * A leg is one stream pair to somebody: plain RTP (trunk, desk phone) or a browser line. A leg
 * that is in no room hears only what is played to it. A room is a table of who hears whom:
 * media_room_hears(room, a, b, true) lets a hear b. Talk, hold, listening, whispering, barge-in,
 * three-way and announcements to one side are all changes of that table. When a hears exactly one
 * leg, nothing is played to a, and the codecs agree, packets are forwarded without decoding.
 *
 * What a leg hears = sum of the legs it hears + what is played to it (playing wins over talk
 * when exclusive is set). Towards one leg there is one SSRC with continuous sequence numbers and
 * timestamps for its whole life. */
#ifndef HOTLINED_MEDIA_H
#define HOTLINED_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/sdp.h>
#include <hotlined/slots.h>

struct loop;
struct media;

struct media_options {
    const char *address;         /* local bind address */
    const char *public_address;  /* for SDP and ICE candidates */
    uint16_t port_min, port_max; /* even RTP ports, RTCP on the next odd one */
    uint16_t line_port;          /* shared UDP + ICE-TCP port of browser lines; 0 = choose free */
    int threads; /* wished for; one is used today: it carries about 1,000 talks (see engine.h) */
    int max_legs, max_rooms;
    int dscp;
    int rtp_timeout_s;
};

/* Counted over a leg's life, or over a stretch of it: media_measure_begin() (RFC 3550 6.4, A.8; MOS
 * by the E-model, G.107 simplified). */
struct media_stats {
    uint64_t packets_sent, packets_received, packets_lost,
        packets_discarded; /* discarded: stranger, late, malformed */
    uint64_t octets_sent, octets_received;
    uint32_t jitter_us;        /* of what we receive */
    uint32_t remote_jitter_us; /* from their receiver reports */
    uint32_t remote_lost;
    int32_t round_trip_us; /* -1 = never measured */
    uint16_t mos_x100;     /* 450 = 4.50; 0 = nothing received */
};

struct media_recorded {
    handle_t recording;
    int64_t length_ms;
    int64_t size; /* bytes of the file */
    char sha256[65];
    int error;         /* 0 or errno: what is on disk is what could be saved */
    int64_t speech_ms; /* spoken on the left track, when it was attended to */
};

enum media_line_state {
    MEDIA_LINE_CONNECTING,
    MEDIA_LINE_UP,    /* DTLS done, packets or consent within the last seconds */
    MEDIA_LINE_LOST,  /* no authenticated STUN and no packet for 5 s; may come back */
    MEDIA_LINE_CLOSED /* close_notify or refused; not told after our own media_leg_close */
};

struct media_handlers {
    /* No event of a leg but on_leg_closed comes after media_leg_close() was called. */
    /* RFC 4733 digit, once per press, at its end or after 40 ms at the latest; the page's
     * RTCDTMFSender comes the same way. */
    void (*on_digit)(handle_t leg, char digit, int duration_ms, void *arg);
    /* The play list ended by itself (never after media_stop_play or a newer media_play). */
    void (*on_play_done)(handle_t leg, uint32_t token, void *arg);
    void (*on_rtp_timeout)(handle_t leg, void *arg); /* once per silence of rtp_timeout_s */
    void (*on_line)(handle_t leg, enum media_line_state state, void *arg);
    void (*on_recorded)(const struct media_recorded *recorded, void *arg);
    void (*on_quiet)(handle_t recording, void *arg); /* media_record_attend() */
    /* After media_leg_close(): the final figures. The handle means nothing afterwards. */
    void (*on_leg_closed)(handle_t leg, const struct media_stats *stats, void *arg);
    /* The figures of one stretch of a leg's life. Comes exactly once for each begun measure, also
     * after media_leg_close(), and always before on_leg_closed. */
    void (*on_measured)(handle_t leg, uint32_t token, const struct media_stats *stats, void *arg);
    /* First packet heard from the leg after its open/set_remote: for "answer to audio". */
    void (*on_first_packet)(handle_t leg, void *arg);
    /* Who was heard in this room sends nothing for MEDIA_GAP_MS, and later: is heard again. Told
     * long before a line is LOST or a leg timed out, for music in place of silence. Not of legs
     * that leave out silence (VAD): they have paused without losing a packet. */
    void (*on_gap)(handle_t leg, handle_t room, bool quiet, void *arg);
};

#define MEDIA_GAP_MS 1000

int media_create(struct loop *loop, const struct media_options *options,
                 const struct media_handlers *handlers, void *arg, struct media **ret_media);
/* Closes every leg and recording, joins the threads. */
void media_destroy(struct media *media);
uint16_t media_line_port(const struct media *media);
const char *media_public_address(const struct media *media);

/* --- audio to be played -------------------------------------------------------------------- */

/* Immutable 8 kHz A-law audio, reference counted (thread-safe), shared by all calls. */
struct media_audio;
/* Blocking: reads a WAV (PCM16, A-law or mu-law; mono or stereo; any rate) and converts it.
 * Call it on the worker pool. 0, -EINVAL with a Chinese reason in why, or -errno. */
int media_audio_load(const char *path, struct media_audio **ret_audio, char *why, size_t why_size);
int media_audio_from_alaw(const uint8_t *samples, size_t count, struct media_audio **ret_audio);
/* A call progress tone at -16 dBm0: hz for on_ms, then silence for off_ms. 0 or -ENOMEM. */
int media_audio_tone(int hz, int on_ms, int off_ms, struct media_audio **ret_audio);
struct media_audio *media_audio_ref(struct media_audio *audio);
void media_audio_unref(struct media_audio *audio);
int64_t media_audio_length_ms(const struct media_audio *audio);

/* --- legs ---------------------------------------------------------------------------------- */

struct media_rtp_conf {
    uint8_t codec;                  /* SDP_PT_PCMA or SDP_PT_PCMU */
    int telephone_event;            /* payload type, -1 = none */
    const struct sdp_audio *remote; /* NULL = not known yet */
};
/* Opens sockets and returns the local port at once. 0, -EAGAIN no leg or port left. */
int media_leg_open(struct media *media, const struct media_rtp_conf *conf, handle_t *ret_leg,
                   uint16_t *ret_port);
/* Remote address, codec or direction became known or changed (answer, re-INVITE). Symmetric RTP:
 * sending starts to the SDP address and moves to where the first valid packets come from; the
 * latch is then kept and strangers' packets are dropped and counted. */
int media_leg_set_remote(struct media *media, handle_t leg, const struct media_rtp_conf *conf);
/* Stops everything on the leg, takes it out of its room; on_leg_closed follows. */
void media_leg_close(struct media *media, handle_t leg);
int media_leg_send_digit(struct media *media, handle_t leg, char digit, int duration_ms);

/* A talk on a line that stays open for a shift has figures of its own: what was counted between
 * begin and end (jitter: the mean; round trip: the last one measured). on_measured(token) follows
 * the end, the next begin, or the leg's close, whichever is first. */
int media_measure_begin(struct media *media, handle_t leg, uint32_t token);
void media_measure_end(struct media *media, handle_t leg); /* nothing when none was begun */

/* --- browser lines ------------------------------------------------------------------------- */

/* A browser's SDP offer -> a new line leg and our answer (ICE-lite, DTLS passive, A-law first).
 * 0; -EINVAL broken offer with a Chinese reason in why; -EAGAIN no leg left. */
int media_line_open(struct media *media, const char *offer, size_t length, handle_t *ret_leg,
                    char *answer, size_t answer_size, char *why, size_t why_size);
/* An offer of the same browser session with new ICE credentials (ICE restart: same fingerprint,
 * DTLS and SRTP go on). -ESTALE: other session, open a new line instead. */
int media_line_restart(struct media *media, handle_t leg, const char *offer, size_t length,
                       char *answer, size_t answer_size);

/* --- playing ------------------------------------------------------------------------------- */

#define MEDIA_PLAY_MAX 40
struct media_play {
    struct media_audio *audio[MEDIA_PLAY_MAX]; /* played one after the other; referenced inside */
    unsigned count;
    bool loop;      /* start over at the end: hold music */
    bool exclusive; /* true: the leg hears only this while it plays */
    uint32_t token; /* returned in on_play_done */
};
/* Replaces what was playing. */
int media_play(struct media *media, handle_t leg, const struct media_play *play);
void media_stop_play(struct media *media, handle_t leg);

/* --- rooms --------------------------------------------------------------------------------- */

#define MEDIA_ROOM_LEGS 8
int media_room_open(struct media *media, handle_t *ret_room);
void media_room_close(struct media *media, handle_t room); /* legs stay open, outside any room */
int media_room_join(struct media *media, handle_t room, handle_t leg); /* hears nobody yet */
void media_room_leave(struct media *media, handle_t room, handle_t leg);
int media_room_hears(struct media *media, handle_t room, handle_t listener, handle_t speaker,
                     bool on);

/* --- recording ----------------------------------------------------------------------------- */

#define MEDIA_TRACK_LEGS 4
struct media_tracks {
    handle_t left[MEDIA_TRACK_LEGS], right[MEDIA_TRACK_LEGS]; /* 0 = nobody, at any place */
};
/* Stereo A-law WAV, left = what the legs of `left` say together, right = those of `right` (nobody:
 * silence; all may be changed later: consultation, three-way, a reloaded page). Written by
 * a writer thread in batches of at most 1 s; the header is valid for the bytes on disk after each
 * batch, so a killed process leaves a playable file. on_recorded comes after
 * media_record_stop(). The path's directory is made if missing. */
int media_record_start(struct media *media, handle_t room, const struct media_tracks *tracks,
                       const char *path, handle_t *ret_recording);
int media_record_tracks(struct media *media, handle_t recording, const struct media_tracks *tracks);
/* From now on the left track is listened to: on_quiet comes once, when nobody has spoken there for
 * quiet_ms, or not at all since now; media_recorded.speech_ms says how long somebody did. */
int media_record_attend(struct media *media, handle_t recording, int quiet_ms);
void media_record_stop(struct media *media, handle_t recording);

#endif
