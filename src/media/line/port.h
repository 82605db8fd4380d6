/* Inside of the shared port: what its files know of each other.
 *
 *   port.c   creation, the UDP socket, the sending queue, demultiplexing, time
 *   lines.c  the table of lines: open, restart, close, send, pairs, state
 *   check.c  STUN checks: who is it, is it proved, answer, choose the pair
 *   tcp.c    ICE-TCP connections and their framing
 *   counts.c what was refused, as metrics
 */
#ifndef HOTLINED_MEDIA_LINE_PORT_H
#define HOTLINED_MEDIA_LINE_PORT_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "media/line/dtls.h"
#include "media/line/line.h"
#include "media/line/map.h"
#include "media/line/srtp.h"
#include "media/line/stun.h"

#define LINE_PAIRS       8    /* remote addresses a line remembers */
#define LINE_DATAGRAM    1500 /* largest datagram we take or send */
#define LINE_PLAIN_MAX   1200 /* largest plain RTP/RTCP packet we protect */
#define LINE_SEND_QUEUE  64   /* datagrams per sendmmsg */
#define LINE_RECEIVE_MAX 32   /* datagrams per recvmmsg */
#define LINE_ROUNDS      8    /* recvmmsg calls per readable event */

/* Where a browser is heard from. */
struct line_peer {
    struct stun_address address;
    uint32_t connection; /* ICE-TCP connection tag (see tcp.c), 0 = UDP */
};

struct line_pair {
    struct line_peer peer; /* family 0 = free */
    int64_t heard_ms;      /* last authenticated packet */
};

/* So many events per second on average, with bursts: bounds what strangers can make us do. */
struct line_budget {
    int32_t left;
    int32_t max;
    int32_t per_second;
    int64_t filled_ms;
};
bool line_budget_take(struct line_budget *budget, int64_t now_ms);

/* One generation of ICE credentials. */
struct line_ice {
    struct line_credentials local; /* ufrag empty = unused */
    char remote_ufrag[257];
};

struct line {
    handle_t id;        /* 0 = free */
    uint32_t number;    /* index in the table */
    uint32_t active_at; /* index in port->active */
    enum media_line_state state;
    struct line_ice ice[2]; /* 0 in force; 1 before the restart, until 0 was used */
    uint8_t fingerprint[32];
    struct line_pair pairs[LINE_PAIRS];
    int selected;   /* pair we send to, -1 = none */
    bool nominated; /* selected by USE-CANDIDATE, not by guess */
    bool keyed;     /* tx and rx are valid */
    int64_t heard_ms;
    struct line_budget checks;   /* integrity computations for its proved addresses */
    struct line_budget attempts; /* and for addresses that claim to be it */
    struct line_budget records;  /* DTLS datagrams */
    struct line_dtls *dtls;      /* owned; NULL until the first datagram */
    struct line_srtp tx, rx;
    struct line_port *port;
};

struct line_out {
    struct sockaddr_storage to;
    socklen_t to_length;
    size_t length;
    uint8_t bytes[LINE_DATAGRAM];
};

struct line_connection;

struct line_port {
    struct line_handlers handlers;
    void *arg;
    int udp_fd, listen_fd, tcp_fd; /* tcp_fd: inner epoll */
    bool v6;
    uint16_t number;
    int dscp;
    int lost_after_ms;
    int64_t now_ms; /* of the call we are in */
    int64_t swept_ms;
    struct line_dtls_context *dtls_context;
    struct line *lines; /* table of max_lines */
    uint32_t max_lines;
    uint32_t *free_lines; /* stack of free numbers */
    uint32_t free_count;
    uint32_t *active; /* numbers of open lines, dense */
    uint32_t active_count;
    uint32_t shaking; /* lines in a DTLS handshake */
    struct line_map by_id, by_ufrag, by_address;
    struct line_budget strangers;  /* integrity computations for unknown addresses */
    struct line_budget handshakes; /* DTLS datagrams of unfinished handshakes */
    struct line_counters counters;
    struct line_counters published; /* what the metrics have of them */
    int64_t published_ms;
    /* tcp.c */
    struct line_connection *connections; /* table of max_tcp */
    uint32_t max_tcp, tcp_count;
    int64_t tcp_swept_ms;
    int64_t accept_again_ms; /* accepting pauses until then; 0 = it does not */
    /* sending */
    struct line_out *out; /* LINE_SEND_QUEUE of them */
    unsigned out_count;
    /* receiving */
    uint8_t (*in)[LINE_DATAGRAM + 4];
    struct sockaddr_storage *in_from;
};

/* counts.c */
void line_counts_publish(struct line_port *port);

/* port.c */
void line_port_input(struct line_port *port, const struct line_peer *from, uint8_t *bytes,
                     size_t length);
void line_port_send(struct line_port *port, const struct line_peer *to, const uint8_t *bytes,
                    size_t length);
/* The next place of the sending queue, addressed to this UDP peer. Fill bytes, set length, then
 * call line_port_queued(); without that call the place is simply used again. */
struct line_out *line_port_queue(struct line_port *port, const struct line_peer *to);
void line_port_queued(struct line_port *port);
void line_peer_from_sockaddr(const struct sockaddr *from, struct line_peer *ret_peer);

/* lines.c */
int line_table_init(struct line_port *port);
void line_table_done(struct line_port *port);
struct line *line_find(const struct line_port *port, handle_t id);
struct line *line_find_ufrag(const struct line_port *port, const char *ufrag);
/* Who proved this address? NULL for a stranger. *ret_pair is its pair. */
struct line *line_find_peer(const struct line_port *port, const struct line_peer *peer,
                            int *ret_pair);
/* The peer proved itself for the line: its pair, made if new. Takes the address from whoever
 * had it. */
int line_pair_prove(struct line *line, const struct line_peer *peer);
void line_pair_select(struct line *line, int pair, bool nominated);
void line_pair_drop(struct line *line, const struct line_peer *peer); /* connection is gone */
void line_ice_retire(struct line *line); /* the new credentials were used */
/* Something authentic came over this pair. May call on_state(UP): the line may be gone after. */
void line_heard(struct line *line, int pair);
void line_dtls_arrived(struct line *line, int pair, const uint8_t *bytes, size_t length);
void line_rtp_arrived(struct line *line, int pair, uint8_t *bytes, size_t length);
void line_table_tick(struct line_port *port); /* timers of handshakes, liveness */

/* check.c */
void line_check_arrived(struct line_port *port, const struct line_peer *from, const uint8_t *bytes,
                        size_t length);

/* tcp.c */
int line_tcp_init(struct line_port *port);
void line_tcp_done(struct line_port *port);
void line_tcp_readable(struct line_port *port);
void line_tcp_tick(struct line_port *port);
void line_tcp_send(struct line_port *port, uint32_t connection, const uint8_t *bytes,
                   size_t length);
void line_tcp_close(struct line_port *port, uint32_t connection);
handle_t line_tcp_owner(const struct line_port *port, uint32_t connection); /* 0 = nobody */
/* A line proved itself over this connection: it may now stay. */
void line_tcp_prove(struct line_port *port, uint32_t connection, handle_t line);

#endif
