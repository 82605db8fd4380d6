/* Source addresses of requests, and lists of networks they may come from. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <hotlined/text.h>

#include "sip/room.h"

/* IPv4 mapped into IPv6 is IPv4. Returns the family. */
static int plain_address(const struct sockaddr *address, uint8_t out[16])
{
    if (address->sa_family == AF_INET) {
        memcpy(out, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return AF_INET;
    }
    if (address->sa_family != AF_INET6)
        return AF_UNSPEC;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(six)) {
        memcpy(out, six->s6_addr + 12, 4);
        return AF_INET;
    }
    memcpy(out, six, 16);
    return AF_INET6;
}

bool source_of(const struct sip *sip, struct sockaddr_storage *ret_source)
{
    msg_t *message = nua_current_request(sip->nua);
    su_sockaddr_t *source = message ? msg_addr(message) : NULL;

    memset(ret_source, 0, sizeof(*ret_source));
    if (!source || (source->su_family != AF_INET && source->su_family != AF_INET6))
        return false;
    memcpy(ret_source, source,
           source->su_family == AF_INET ? sizeof(source->su_sin) : sizeof(source->su_sin6));
    return true;
}

bool is_from_wire(const struct sip *sip, const struct event *event)
{
    struct sockaddr_storage source;

    return event->sip && source_of(sip, &source);
}

const char *address_text(const struct sockaddr *address, char *out, size_t size)
{
    uint8_t bytes[16];
    int family = plain_address(address, bytes);

    if (family == AF_UNSPEC || !inet_ntop(family, bytes, out, (socklen_t)size))
        (void)text_copy(out, size, "?");
    return out;
}

bool address_equal(const struct sockaddr *a, const struct sockaddr *b)
{
    uint8_t x[16], y[16];
    int family = plain_address(a, x);

    return family != AF_UNSPEC && family == plain_address(b, y) &&
           memcmp(x, y, family == AF_INET ? 4 : 16) == 0;
}

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

/* network: an address, or an address/bits. */
static bool in_network(const struct sockaddr *address, char *network)
{
    uint8_t bytes[16], wanted[16];
    int family = plain_address(address, bytes);
    char *slash = strchr(network, '/');
    int64_t bits = family == AF_INET ? 32 : 128;

    if (family == AF_UNSPEC)
        return false;
    if (slash) {
        *slash = 0;
        if (text_to_int(slash + 1, 0, bits, &bits))
            return false;
    }
    return inet_pton(family, network, wanted) == 1 && prefix_equal(bytes, wanted, (unsigned)bits);
}

bool address_in_list(const struct sockaddr *address, const char *list)
{
    char copy[256], *save = NULL;

    (void)text_copy(copy, sizeof(copy), list);
    for (char *item = strtok_r(copy, ", ;\t", &save); item; item = strtok_r(NULL, ", ;\t", &save))
        if (in_network(address, item))
            return true;
    return false;
}

static uint16_t port_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static const char *transport_of(const sip_t *message)
{
    const char *protocol = message && message->sip_via ? message->sip_via->v_protocol : NULL;

    if (protocol && strcasecmp(protocol, "SIP/2.0/TLS") == 0)
        return "tls";
    if (protocol && strcasecmp(protocol, "SIP/2.0/TCP") == 0)
        return "tcp";
    return "udp";
}

void address_route(const sip_t *message, const struct sockaddr *source, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN];

    address_text(source, host, sizeof(host));
    snprintf(out, size, strchr(host, ':') ? "sip:[%s]:%u;transport=%s" : "sip:%s:%u;transport=%s",
             host, port_of(source), transport_of(message));
}
