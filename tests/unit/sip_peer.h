/* A far side for tests of the SIP room: raw sockets and hand-written SIP, nothing of sofia. */
#ifndef TESTS_UNIT_SIP_PEER_H
#define TESTS_UNIT_SIP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct ssl_st;

enum peer_transport { PEER_UDP, PEER_TCP, PEER_TLS };
enum { PEER_MESSAGE = 12288, PEER_KEPT = 64, PEER_SEEN = 64 };

struct peer {
    struct loop *loop; /* turned while the peer waits */
    enum peer_transport transport;
    int fd;
    struct ssl_st *ssl;
    uint16_t port;         /* our own */
    struct sockaddr_in to; /* the room */
    char stream[65536];    /* TCP, TLS: bytes not yet a message */
    unsigned stream_length;
    char kept[PEER_KEPT][PEER_MESSAGE]; /* messages nobody waited for yet, oldest first */
    unsigned kept_count;
    /* Requests and answers to an INVITE that came, by their text: one that comes again over UDP
     * because the machine stood still for T1 (RFC 3261, 17.1) is no second one, unless the test
     * waits for just that. */
    bool wants_repeats;
    uint64_t seen[PEER_SEEN];
    unsigned seen_count;
};

/* One dialog as the peer sees it. */
struct peer_dialog {
    char call_id[64], our_tag[24], their_tag[64];
    char from[96], to[96]; /* SIP URIs; from is ours in requests we send */
    char target[256];      /* their Contact once known */
    char branch[48];       /* of our last request */
    unsigned cseq;
};

uint16_t free_port(void); /* free for UDP and TCP on 127.0.0.1 */
void peer_open(struct peer *peer, struct loop *loop, enum peer_transport transport,
               uint16_t room_port);
void peer_close(struct peer *peer);
void peer_send(struct peer *peer, const char *text);
/* Waits for a message that begins with start and has CSeq method; NULL after limit_ms. The text
 * stays valid until the next call. */
const char *peer_wait(struct peer *peer, const char *start, const char *method, int limit_ms);
/* The same, failing the test when it does not come. */
const char *peer_expect(struct peer *peer, const char *start, const char *method);

void dialog_init(struct peer_dialog *d, const struct peer *peer, const char *from_user,
                 const char *to_user, uint16_t room_port);
/* Sends a request of the dialog; extra: more header lines with line ends, or "". */
void dialog_request(struct peer *peer, struct peer_dialog *d, const char *method, const char *extra,
                    const char *body);
/* The same request once more, as when no answer came. */
void dialog_repeat(struct peer *peer, struct peer_dialog *d, const char *method, const char *extra,
                   const char *body);
/* ACK or CANCEL: the CSeq number of the last INVITE. */
void dialog_ack(struct peer *peer, struct peer_dialog *d, bool accepted, const char *body);
void dialog_cancel(struct peer *peer, struct peer_dialog *d);
/* Takes their tag and Contact from a response or request. */
void dialog_learn(struct peer_dialog *d, const char *message);
/* Answers a request they sent. */
void peer_respond(struct peer *peer, const char *request, int status, const char *our_tag,
                  const char *extra, const char *body);
bool message_header(const char *message, const char *name, char *out, unsigned size);
const char *message_body(const char *message);
/* A description with PCMA, PCMU and telephone-event 101. */
const char *peer_sdp(uint16_t port, const char *direction);

#endif
