/* RTP port pairs. */
#include "media/ports.h"

#include <errno.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "media/peer.h"

enum { RECEIVE_BUFFER = 256 * 1024, TRIES = 64 };

static int64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In an order of chance (Fisher and Yates): another program that holds a stretch of the range, as
 * one that serves calls from a range of its own does, is then met now and then and not sixty times
 * in a row; and who wants to be heard in somebody else's call cannot guess the next port. */
static void fill_queue(struct ports *ports, unsigned low)
{
    for (size_t i = 0; i < ports->capacity; i++) {
        uint32_t chance;
        size_t other;

        random_bytes(&chance, sizeof(chance));
        other = chance % (i + 1);
        ports->queue[i] = ports->queue[other];
        ports->queue[other] = (uint16_t)(low + 2 * i);
    }
    ports->count = ports->capacity;
}

int ports_init(struct ports *ports, const struct ports_options *options)
{
    unsigned low = (options->first + 1u) & ~1u;

    memset(ports, 0, sizeof(*ports));
    if (options->last < low + 1)
        return -EINVAL;
    ports->capacity = (options->last - low + 1) / 2;
    ports->open_max = options->open_max;
    ports->queue = malloc(ports->capacity * sizeof(*ports->queue));
    ports->idle = malloc(ports->open_max * sizeof(*ports->idle));
    if (!ports->queue || !ports->idle) {
        ports_done(ports);
        return -ENOMEM;
    }
    fill_queue(ports, low);
    ports->address = options->address;
    ports->dscp = options->dscp;
    return 0;
}

/* --- the two queues ------------------------------------------------------------------------- */

static void put_closed(struct ports *ports, uint16_t port)
{
    ports->queue[(ports->head + ports->count++) % ports->capacity] = port;
}

static struct ports_pair take_idle(struct ports *ports)
{
    struct ports_pair pair = ports->idle[ports->idle_head];

    ports->idle_head = (ports->idle_head + 1) % ports->open_max;
    ports->idle_count--;
    return pair;
}

static void close_pair(struct ports *ports, const struct ports_pair *pair)
{
    (void)close(pair->fds[0]);
    (void)close(pair->fds[1]);
    ports->open--;
    put_closed(ports, pair->port);
}

static int64_t oldest_age_ms(const struct ports *ports)
{
    return ports->idle_count ? clock_ms() - ports->idle[ports->idle_head].since_ms : -1;
}

void ports_done(struct ports *ports)
{
    while (ports->idle_count > 0) {
        struct ports_pair pair = take_idle(ports);
        close_pair(ports, &pair);
    }
    free(ports->queue);
    free(ports->idle);
    memset(ports, 0, sizeof(*ports));
}

void ports_give_back(struct ports *ports, uint16_t port, const int fds[2])
{
    if (oldest_age_ms(ports) > PORTS_KEEP_MS) {
        struct ports_pair unwanted = take_idle(ports);
        close_pair(ports, &unwanted);
    }
    if (fds[0] < 0 || fds[1] < 0) {
        ports->open--;
        put_closed(ports, port);
        return;
    }
    ports->idle[(ports->idle_head + ports->idle_count++) % ports->open_max] =
        (struct ports_pair){.port = port, .fds = {fds[0], fds[1]}, .since_ms = clock_ms()};
}

/* --- sockets -------------------------------------------------------------------------------- */

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

/* Throws away what came while the pair rested; false if somebody goes on sending there. */
static bool drain(const struct ports_pair *pair)
{
    char byte;
    int came = 0;

    for (int i = 0; i < 2; i++)
        while (came <= PORTS_STALE_MAX && recv(pair->fds[i], &byte, 1, MSG_DONTWAIT) >= 0)
            came++;
    return came <= PORTS_STALE_MAX;
}

static bool reuse(struct ports *ports, uint16_t *ret_port, int ret_fds[2], int64_t rest_ms)
{
    for (int i = 0; i < TRIES && ports->idle_count > 0; i++) {
        if (oldest_age_ms(ports) < rest_ms && ports->open < ports->open_max)
            return false;
        struct ports_pair pair = take_idle(ports);
        if (!drain(&pair)) {
            close_pair(ports, &pair);
            continue;
        }
        *ret_port = pair.port;
        ret_fds[0] = pair.fds[0];
        ret_fds[1] = pair.fds[1];
        return true;
    }
    return false;
}

int ports_open(struct ports *ports, uint16_t *ret_port, int ret_fds[2])
{
    if (reuse(ports, ret_port, ret_fds, PORTS_REST_MS))
        return 0;
    /* Ports that somebody else on this machine holds go to the end of the queue. */
    for (int i = 0; i < TRIES && ports->count > 0 && ports->open < ports->open_max; i++) {
        uint16_t port = ports->queue[ports->head];
        ports->head = (ports->head + 1) % ports->capacity;
        ports->count--;
        int r = open_pair(ports, port, ret_fds);
        if (r == 0) {
            ports->open++;
            *ret_port = port;
            return 0;
        }
        put_closed(ports, port);
        if (r == -EMFILE || r == -ENFILE)
            break;
        if (r != -EADDRINUSE)
            return r;
    }
    /* No port, or no file: better a pair that has rested less than no call. */
    return reuse(ports, ret_port, ret_fds, 0) ? 0 : -EAGAIN;
}
