/* Source addresses of requests, and lists of networks they may come from. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hotlined/network.h>
#include <hotlined/text.h>

#include "sip/room.h"

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
    int family = network_address(address, bytes);

    if (family == AF_UNSPEC || !inet_ntop(family, bytes, out, (socklen_t)size))
        (void)text_copy(out, size, "?");
    return out;
}

bool address_equal(const struct sockaddr *a, const struct sockaddr *b)
{
    uint8_t x[16], y[16];
    int family = network_address(a, x);

    return family != AF_UNSPEC && family == network_address(b, y) &&
           memcmp(x, y, family == AF_INET ? 4 : 16) == 0;
}

bool address_in_list(const struct sockaddr *address, const char *list)
{
    struct network network;

    for (list += strspn(list, NETWORK_SEPARATORS); *list;
         list += strspn(list, NETWORK_SEPARATORS)) {
        size_t length = strcspn(list, NETWORK_SEPARATORS);

        if (network_parse(list, length, &network) && network_has(&network, address))
            return true;
        list += length;
    }
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

/* Which of our addresses leads to that one: the kernel's routing, asked without sending. */
static bool local_toward(const struct sockaddr_storage *far, char *out, size_t size)
{
    struct sockaddr_storage here;
    socklen_t length = sizeof(here);
    int fd = socket(far->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool known = fd >= 0 &&
                 connect(fd, (const struct sockaddr *)far,
                         far->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                                   : sizeof(struct sockaddr_in6)) == 0 &&
                 getsockname(fd, (struct sockaddr *)&here, &length) == 0;

    if (fd >= 0)
        (void)close(fd);
    if (known)
        address_text((const struct sockaddr *)&here, out, size);
    return known;
}

void address_contact(const struct sip *sip, const sip_t *message, char *out, size_t size)
{
    const char *transport = transport_of(message);
    struct sockaddr_storage source;
    char host[sizeof(sip->listen_host)], shown[sizeof(host) + 2];

    *out = 0;
    if (!sip->tls_port || !source_of(sip, &source))
        return;
    (void)text_copy(host, sizeof(host), sip->listen_host);
    if (!host[0] && !local_toward(&source, host, sizeof(host)))
        return;
    snprintf(shown, sizeof(shown), strchr(host, ':') ? "[%s]" : "%s", host);
    snprintf(out, size, "<sip:%s:%u;transport=%s>", shown,
             strcmp(transport, "tls") == 0 ? sip->tls_port : sip->port, transport);
}
