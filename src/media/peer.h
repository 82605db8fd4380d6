/* Where a leg's packets go and whose packets it believes: symmetric RTP (RFC 4961) with a latch.
 *
 * Sending starts to the address of the SDP. A first valid packet from there latches at once;
 * from elsewhere (NAT) it takes PEER_PROOF packets in sequence. Once latched, strangers are
 * refused, except: the SDP address itself, and a source that goes on with the same SSRC and
 * sequence after the latched one was silent for PEER_SILENT_MS (the NAT binding moved). Sockets
 * stay unconnected on purpose: a connected one would hide exactly those packets, and the kernel
 * would refuse strangers without our counting them. */
#ifndef HOTLINED_MEDIA_PEER_H
#define HOTLINED_MEDIA_PEER_H

#include <netinet/in.h>
#include <stdbool.h>

#include "media/rtp.h"

enum { PEER_PROOF = 3, PEER_SILENT_MS = 2000, PEER_CANDIDATES = 4 };

union addr {
    struct sockaddr sa; /* sa_family 0 = none */
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
};

/* IP text only, never a name: resolving would wait. 0 or -EINVAL. */
int addr_parse(const char *ip, uint16_t port, union addr *ret_addr);
bool addr_equal(const union addr *a, const union addr *b);
bool addr_same_host(const union addr *a, const union addr *b);
socklen_t addr_length(const union addr *addr);
uint16_t addr_port(const union addr *addr);
void addr_set_port(union addr *addr, uint16_t port);
bool addr_is_any(const union addr *addr); /* none, 0.0.0.0 or :: */

struct peer_candidate {
    union addr from;
    uint32_t ssrc;
    uint16_t seq;  /* of its last packet */
    uint8_t count; /* packets in sequence so far */
};

struct peer {
    union addr told; /* by the SDP */
    union addr to;   /* where we send now */
    bool latched;    /* `to` is where packets come from */
    uint32_t ssrc;   /* of the latched source */
    uint16_t seq;    /* its last */
    int64_t heard_ms;
    struct peer_candidate candidates[PEER_CANDIDATES];
    unsigned next_candidate; /* to be replaced */
};

enum peer_verdict {
    PEER_ACCEPT,
    PEER_PENDING, /* not believed yet: drop silently */
    PEER_STRANGER /* drop and count */
};

/* The SDP's address; another one than before resets the latch. */
void peer_set(struct peer *peer, const union addr *told);
enum peer_verdict peer_judge(struct peer *peer, const union addr *from,
                             const struct rtp_packet *packet, int64_t now_ms);

#endif
