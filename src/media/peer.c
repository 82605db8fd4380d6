/* The latch of symmetric RTP, and socket addresses. */
#include "media/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int addr_parse(const char *ip, uint16_t port, union addr *ret_addr)
{
    union addr addr;

    memset(&addr, 0, sizeof(addr));
    if (inet_pton(AF_INET, ip, &addr.in4.sin_addr) == 1)
        addr.sa.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, ip, &addr.in6.sin6_addr) == 1)
        addr.sa.sa_family = AF_INET6;
    else
        return -EINVAL;
    addr_set_port(&addr, port);
    *ret_addr = addr;
    return 0;
}

bool addr_same_host(const union addr *a, const union addr *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET)
        return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
    return a->sa.sa_family == AF_INET6 &&
           memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
}

bool addr_equal(const union addr *a, const union addr *b)
{
    return addr_same_host(a, b) && addr_port(a) == addr_port(b);
}

socklen_t addr_length(const union addr *addr)
{
    return addr->sa.sa_family == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in4);
}

/* The port lies at the same place in both families. */
uint16_t addr_port(const union addr *addr)
{
    return ntohs(addr->in4.sin_port);
}

void addr_set_port(union addr *addr, uint16_t port)
{
    addr->in4.sin_port = htons(port);
}

bool addr_is_any(const union addr *addr)
{
    if (addr->sa.sa_family == AF_INET)
        return addr->in4.sin_addr.s_addr == INADDR_ANY;
    return addr->sa.sa_family != AF_INET6 || IN6_IS_ADDR_UNSPECIFIED(&addr->in6.sin6_addr);
}

void peer_set(struct peer *peer, const union addr *told)
{
    if (peer->told.sa.sa_family != 0 && addr_equal(&peer->told, told))
        return;
    memset(peer, 0, sizeof(*peer));
    peer->told = peer->to = *told;
}

static void heard(struct peer *peer, const struct rtp_packet *packet, int64_t now_ms)
{
    peer->ssrc = packet->ssrc;
    peer->seq = packet->seq;
    peer->heard_ms = now_ms;
}

static void latch(struct peer *peer, const union addr *from, const struct rtp_packet *packet,
                  int64_t now_ms)
{
    peer->latched = true;
    peer->to = *from;
    memset(peer->candidates, 0, sizeof(peer->candidates));
    heard(peer, packet, now_ms);
}

/* Does the packet complete the proof? */
static bool prove(struct peer *peer, const union addr *from, const struct rtp_packet *packet)
{
    struct peer_candidate *candidate = NULL;

    for (int i = 0; i < PEER_CANDIDATES; i++)
        if (addr_equal(&peer->candidates[i].from, from))
            candidate = &peer->candidates[i];
    if (!candidate) {
        candidate = &peer->candidates[peer->next_candidate++ % PEER_CANDIDATES];
        *candidate = (struct peer_candidate){.from = *from};
    }
    bool follows = candidate->count > 0 && candidate->ssrc == packet->ssrc &&
                   (uint16_t)(packet->seq - candidate->seq) == 1;
    candidate->count = follows ? candidate->count + 1 : 1;
    candidate->ssrc = packet->ssrc;
    candidate->seq = packet->seq;
    return candidate->count >= PEER_PROOF;
}

/* Has the latched source gone silent, and is this the same stream from a new address? */
static bool moved(const struct peer *peer, const struct rtp_packet *packet, int64_t now_ms)
{
    uint16_t ahead = (uint16_t)(packet->seq - peer->seq);

    return now_ms - peer->heard_ms > PEER_SILENT_MS && packet->ssrc == peer->ssrc && ahead > 0 &&
           ahead < 3000;
}

enum peer_verdict peer_judge(struct peer *peer, const union addr *from,
                             const struct rtp_packet *packet, int64_t now_ms)
{
    bool from_told = peer->told.sa.sa_family != 0 && addr_equal(from, &peer->told);

    if (peer->latched && addr_equal(from, &peer->to)) {
        heard(peer, packet, now_ms);
        return PEER_ACCEPT;
    }
    if (!peer->latched && from_told) {
        latch(peer, from, packet, now_ms);
        return PEER_ACCEPT;
    }
    if (peer->latched && !from_told && !moved(peer, packet, now_ms))
        return PEER_STRANGER;
    if (!prove(peer, from, packet))
        return PEER_PENDING;
    latch(peer, from, packet, now_ms);
    return PEER_ACCEPT;
}
