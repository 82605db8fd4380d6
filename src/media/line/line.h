/* The browser line: WebRTC without a gateway (private to src/media).
 *
 * The story of one line. A page posts its SDP offer; the control thread parses it, makes ICE
 * credentials, prints the answer and tells the media thread line_open(id). The browser, which is
 * the full ICE agent, sends STUN checks with our ufrag to the one shared UDP port (or over TCP to
 * the same number); we are ICE-lite and only answer. An address that proved MESSAGE-INTEGRITY
 * may send DTLS, we are its server, and the certificate must hash to the offer's fingerprint.
 * The handshake yields the SRTP keys: state UP. From then on line_send_rtp() protects and sends
 * to the nominated pair, and what arrives comes back through on_rtp, authentic, decrypted and
 * never twice. The network changes: checks come from a new address, the pair moves, nothing else
 * does. An ICE restart (line_restart) changes only the credentials. Nothing authenticated for
 * five seconds: LOST, until something is heard again. close_notify: CLOSED.
 *
 * Threads: identity, offer, answer and credentials are plain functions for the control thread.
 * struct line_port and everything that takes it belong to one media thread, which owns the epoll
 * and calls in; nothing here starts threads, waits, or allocates per packet. */
#ifndef HOTLINED_MEDIA_LINE_H
#define HOTLINED_MEDIA_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/media.h> /* enum media_line_state */
#include <hotlined/slots.h> /* handle_t */

/* --- identity: the process's self-signed EC certificate (control thread) -------------------- */

struct line_identity;
/* Makes key and certificate; once per process. Immutable afterwards, any thread may use it. */
int line_identity_make(struct line_identity **ret_identity); /* 0 or -ENOMEM / -EIO */
void line_identity_free(struct line_identity *identity);     /* after all ports are destroyed */
/* "AB:CD:..." of SHA-256, as a=fingerprint wants it; lives as long as the identity. */
const char *line_identity_fingerprint(const struct line_identity *identity);

/* --- offer and answer (control thread) ------------------------------------------------------ */

#define LINE_UFRAG_LENGTH 8
#define LINE_PWD_LENGTH   24

/* Our ICE user and password for one line; fresh ones for every open and every ICE restart. */
struct line_credentials {
    char ufrag[LINE_UFRAG_LENGTH + 1];
    char pwd[LINE_PWD_LENGTH + 1];
};
void line_credentials_make(struct line_credentials *ret_credentials);

enum line_setup { LINE_SETUP_ACTPASS, LINE_SETUP_ACTIVE };

/* What the browser's offer said. Plain data, may be copied between threads. */
struct line_remote {
    char ufrag[257];         /* RFC 8839 5.4: 4..256 ice-chars */
    char pwd[257];           /* 22..256; kept for completeness, a lite agent sends no checks */
    uint8_t fingerprint[32]; /* SHA-256 of the browser's certificate */
    enum line_setup setup;
    char mid[33];
    char proto[24]; /* of the m-line, echoed in the answer */
    enum sdp_direction direction;
    bool pcma, pcmu;
    int telephone_event; /* the offer's own payload type, -1 = none */
    bool bundle;         /* offer had a=group:BUNDLE with this mid */
};

/* 0, or -EINVAL with a Chinese reason in why for an offer we cannot serve. Any bytes are safe. */
int line_offer_parse(const char *offer, size_t length, struct line_remote *ret_remote, char *why,
                     size_t why_size);
/* Is the second offer of the same browser session (same certificate, same mid)? If not, a
 * restart is impossible: open a new line. If yes and ufrag and pwd are unchanged too, it is no ICE
 * restart: answer with the credentials in force and do not call line_restart(). */
bool line_remote_same_session(const struct line_remote *a, const struct line_remote *b);
bool line_remote_same_credentials(const struct line_remote *a, const struct line_remote *b);

struct line_answer {
    const struct line_credentials *local;
    const char *fingerprint; /* line_identity_fingerprint() */
    const char *address;     /* public address for the candidates, IPv4 or IPv6 */
    uint16_t port;           /* of UDP and TCP both */
    uint64_t session_id;     /* o= line: stays for the line's life, below 2^63 */
    uint64_t version;        /* o= line: +1 per answer */
};
/* The answer: ice-lite, BUNDLE, rtcp-mux, setup:passive, "8 0 <te>", host candidates udp and
 * tcp passive. Returns the length written (without the final zero) or -ENOSPC. */
int line_answer_print(const struct line_remote *remote, const struct line_answer *answer, char *out,
                      size_t size);

/* --- the shared port (media thread) --------------------------------------------------------- */

struct line_port;

struct line_handlers {
    /* Decrypted, replay-checked, a whole valid RTP header. The bytes may be changed in place and
     * are good during the call only. */
    void (*on_rtp)(handle_t line, uint8_t *packet, size_t length, int64_t now_ms, void *arg);
    /* Decrypted compound RTCP, at least 8 bytes; contents not checked further. */
    void (*on_rtcp)(handle_t line, uint8_t *packet, size_t length, int64_t now_ms, void *arg);
    /* UP, LOST, UP again ..., at last CLOSED (close_notify, or DTLS refused; never because of
     * line_close()). After CLOSED the id is unknown to the port. */
    void (*on_state)(handle_t line, enum media_line_state state, void *arg);
};

struct line_port_options {
    const char *address; /* local bind address, IPv4 or IPv6 text */
    uint16_t port;       /* 0 = choose one that is free for UDP and TCP */
    int max_lines;
    int max_tcp;       /* ICE-TCP connections; 0 = max_lines * 2, at least 64 */
    int dscp;          /* 0..63, for everything sent */
    int lost_after_ms; /* 0 = 5000 */
    const struct line_identity *identity;
    struct line_handlers handlers;
    void *arg;
};

/* 0, -EADDRINUSE and other errno of bind, -EINVAL for a bad address, -ENOMEM. */
int line_port_create(const struct line_port_options *options, struct line_port **ret_port);
void line_port_destroy(struct line_port *port); /* close_notify to all, no callbacks */
uint16_t line_port_number(const struct line_port *port);

/* Two descriptors for the caller's epoll (EPOLLIN, level-triggered), the same for the port's
 * whole life: the UDP socket, and an inner epoll that holds the TCP listener and connections. */
int line_port_udp_fd(const struct line_port *port);
int line_port_tcp_fd(const struct line_port *port);
/* One of the two is readable. Takes a bounded number of packets (epoll will say so again if
 * there are more), calls the handlers, and flushes. now_ms is the caller's monotonic clock. */
void line_port_readable(struct line_port *port, int fd, int64_t now_ms);
/* DTLS retransmission, liveness, idle TCP connections. Call every 10..100 ms; cheap when idle. */
void line_port_tick(struct line_port *port, int64_t now_ms);
/* Sends what line_send_rtp/rtcp queued. Once per 20 ms round, after all legs have sent. */
void line_port_flush(struct line_port *port);

/* --- lines (media thread; also allowed inside the handlers) --------------------------------- */

/* id: the caller's handle, any non-zero value not open yet. 0, -EEXIST, -EAGAIN table full,
 * -ENOMEM. State is CONNECTING until on_state says UP. */
int line_open(struct line_port *port, handle_t id, const struct line_credentials *local,
              const struct line_remote *remote, int64_t now_ms);
/* New credentials after an ICE restart; the old ones work until the new ones were used. 0 or
 * -ENOENT, -EEXIST (ufrag in use by another line: make new credentials). */
int line_restart(struct line_port *port, handle_t id, const struct line_credentials *local,
                 const struct line_remote *remote);
/* Sends close_notify, forgets everything, no callback. Unknown ids are ignored. */
void line_close(struct line_port *port, handle_t id);

/* Plain packet in, protected copy queued for the current pair. 0, -ENOENT unknown line,
 * -ENOTCONN not UP and never was (before the keys), -EMSGSIZE over 1200 bytes, -EINVAL no RTP
 * header, -EALREADY this sequence number was sent before (an SRTP index is never used twice),
 * -ENOSPC more than 4 SSRCs sent on one line, -EKEYEXPIRED key worn out (2^48 packets).
 * A LOST line still sends: the browser may be hearing us. */
int line_send_rtp(struct line_port *port, handle_t id, const uint8_t *packet, size_t length);
int line_send_rtcp(struct line_port *port, handle_t id, const uint8_t *packet, size_t length);

/* --- what operators want to see ------------------------------------------------------------- */

/* Counters of the port since its creation; read on its thread. */
struct line_counters {
    uint64_t stun_answered;
    uint64_t stun_malformed;
    uint64_t stun_unknown_user; /* no line has this ufrag */
    uint64_t stun_refused;      /* integrity or fingerprint wrong */
    uint64_t stun_limited;      /* not even looked at: budget for strangers spent */
    uint64_t strangers;         /* DTLS or RTP from an address that proved nothing */
    uint64_t dtls_failed;       /* handshakes that ended a line */
    uint64_t dtls_limited;      /* handshake datagrams dropped to protect the talkers */
    uint64_t srtp_refused;      /* tag wrong, malformed, or keys not there yet */
    uint64_t srtp_replayed;
    uint64_t tcp_accepted;
    uint64_t tcp_refused;    /* table full of authenticated connections */
    uint64_t tcp_closed_bad; /* framing broken, or idle without proof */
    uint64_t send_dropped;   /* socket or connection buffer full, or no pair */
    uint64_t pair_moves;     /* the pair to send to changed under an UP line */
};
void line_counts_register(void); /* their metrics, once */
const struct line_counters *line_port_counters(const struct line_port *port);

struct line_info {
    enum media_line_state state;
    char remote[64]; /* "192.0.2.7:5061" of the pair we send to, empty if none */
    bool tcp;        /* that pair is ICE-TCP */
    bool gcm;        /* AEAD_AES_128_GCM, else AES128_CM_SHA1_80 */
};
int line_info(const struct line_port *port, handle_t id, struct line_info *ret_info); /* -ENOENT */

#endif
