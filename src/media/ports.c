/* RTP port pairs. */
#include "media/ports.h"

#include <errno.h>
#include <hotlined/log.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/peer.h"

enum { RECEIVE_BUFFER = 256 * 1024, TRIES = 64 };

int ports_init(struct ports *ports, const char *address, uint16_t first, uint16_t last, int dscp)
{
    unsigned low = (first + 1u) & ~1u;

    memset(ports, 0, sizeof(*ports));
    if (last < low + 1)
        return -EINVAL;
    ports->capacity = (last - low + 1) / 2;
    ports->queue = malloc(ports->capacity * sizeof(*ports->queue));
    if (!ports->queue)
        return -ENOMEM;
    for (size_t i = 0; i < ports->capacity; i++)
        ports->queue[i] = (uint16_t)(low + 2 * i);
    ports->count = ports->capacity;
    ports->address = address;
    ports->dscp = dscp;
    return 0;
}

void ports_done(struct ports *ports)
{
    free(ports->queue);
    memset(ports, 0, sizeof(*ports));
}

void ports_give_back(struct ports *ports, uint16_t port)
{
    ports->queue[(ports->head + ports->count++) % ports->capacity] = port;
}

/* A small receive buffer loses packets when the machine stalls: say so once if we cannot have
 * more. */
static void enlarge_buffer(int fd)
{
    static _Atomic int said;
    int want = RECEIVE_BUFFER, have = 0;
    socklen_t size = sizeof(have);

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof(want)) == 0)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof(want)) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &have, &size) < 0 || have < want) {
        if (atomic_exchange(&said, 1) == 0)
            log_warn("media", "small_receive_buffer", "bytes=%d wanted=%d hint=net.core.rmem_max",
                     have, want);
    }
}

static void set_options(int fd, int family, int dscp)
{
    int tos = dscp << 2, discover = IP_PMTUDISC_DO;
    int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int tos_option = family == AF_INET6 ? IPV6_TCLASS : IP_TOS;
    int mtu_option = family == AF_INET6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;

    if (setsockopt(fd, level, tos_option, &tos, sizeof(tos)) < 0 ||
        setsockopt(fd, level, mtu_option, &discover, sizeof(discover)) < 0)
        log_debug("media", "socket_option_refused", "errno=%d", errno);
    enlarge_buffer(fd);
}

static int open_one(const struct ports *ports, uint16_t port)
{
    union addr addr;
    int r = addr_parse(ports->address, port, &addr);
    if (r < 0)
        return r;
    int fd = socket(addr.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, &addr.sa, addr_length(&addr)) < 0) {
        r = -errno;
        (void)close(fd);
        return r;
    }
    set_options(fd, addr.sa.sa_family, ports->dscp);
    return fd;
}

static int open_pair(const struct ports *ports, uint16_t port, int ret_fds[2])
{
    int rtp = open_one(ports, port);
    if (rtp < 0)
        return rtp;
    int rtcp = open_one(ports, (uint16_t)(port + 1));
    if (rtcp < 0) {
        (void)close(rtp);
        return rtcp;
    }
    ret_fds[0] = rtp;
    ret_fds[1] = rtcp;
    return 0;
}

int ports_open(struct ports *ports, uint16_t *ret_port, int ret_fds[2])
{
    /* Ports that somebody else on this machine holds go to the end of the queue. */
    for (int i = 0; i < TRIES && ports->count > 0; i++) {
        uint16_t port = ports->queue[ports->head];
        ports->head = (ports->head + 1) % ports->capacity;
        ports->count--;
        int r = open_pair(ports, port, ret_fds);
        if (r == 0) {
            *ret_port = port;
            return 0;
        }
        ports_give_back(ports, port);
        if (r != -EADDRINUSE)
            return r;
    }
    return -EAGAIN;
}
