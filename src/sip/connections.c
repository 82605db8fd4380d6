/* TCP connections of the SIP port that sofia forgets, and too many of strangers.
 *
 * After a message that is no SIP at all sofia (1.12.11) reads no more from a connection and does
 * not see its end either: the descriptor would stay for half an hour after the far side has gone,
 * and a few thousand of them would leave none for calls. Every few seconds we look for connections
 * whose far side has closed and that sofia has not closed since the last look, and shut them down,
 * which sofia does see. Which descriptors are sofia's the kernel says (what its epoll watches), so
 * that the thousands of a busy hour's media are not looked at. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <hotlined/log.h>

#include "sip/room.h"

enum {
    LOOK_MS = 5000,
    /* A region has some hundred desk phones at most; beyond this only trunks and registered phones
       stay. */
    CROWD = 2000
};

static struct metric connections = {.name = "hotlined_sip_connections",
                                    .help = "TCP and TLS connections of the SIP ports",
                                    .kind = METRIC_GAUGE};
static struct metric shut = {.name = "hotlined_sip_connections_shut_total",
                             .help = "Connections left behind or too many, shut down",
                             .kind = METRIC_COUNTER};

struct look {
    struct sip *sip;
    bool crowded; /* at the last look */
    int count;
    struct sockaddr_storage last; /* neighbours often have the same far side */
    bool last_known;
};

static uint16_t port_of(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                : ((const struct sockaddr_in *)address)->sin_port);
}

/* A connection that came to one of our SIP ports? */
static bool is_ours(const struct sip *sip, int fd, struct sockaddr_storage *ret_peer)
{
    struct sockaddr_storage here = {0};
    socklen_t here_size = sizeof(here), peer_size = sizeof(*ret_peer), size = sizeof(int);
    int type = 0;
    uint16_t port;

    memset(ret_peer, 0, sizeof(*ret_peer));
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM ||
        getsockname(fd, (struct sockaddr *)&here, &here_size) < 0 ||
        (here.ss_family != AF_INET && here.ss_family != AF_INET6))
        return false;
    port = port_of(&here);
    return (port == sip->port || (sip->tls_port && port == sip->tls_port)) &&
           getpeername(fd, (struct sockaddr *)ret_peer, &peer_size) == 0;
}

static bool is_left_behind(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_CLOSE_WAIT && info.tcpi_last_data_recv >= LOOK_MS / 2;
}

static bool is_unwelcome(struct look *look, const struct sockaddr_storage *peer)
{
    const struct sockaddr *source = (const struct sockaddr *)peer;

    if (!look->crowded)
        return false;
    if (!address_equal((const struct sockaddr *)&look->last, source)) {
        look->last = *peer;
        look->last_known = door_knows(look->sip, source);
    }
    return !look->last_known;
}

static void look_at(struct look *look, int fd)
{
    struct sockaddr_storage peer;

    if (!is_ours(look->sip, fd, &peer))
        return;
    look->count++;
    if (!is_left_behind(fd) && !is_unwelcome(look, &peer))
        return;
    shutdown(fd, SHUT_RDWR);
    metric_add(&shut, 1);
}

static void look_around(void *arg)
{
    struct sip *sip = arg;
    struct look look = {.sip = sip, .crowded = sip->connections > CROWD};
    char path[64], line[160];
    FILE *watched;
    int fd;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", root_fd(sip->root));
    watched = fopen(path, "re");
    if (!watched)
        log_warn("sip", "look_failed", "path=%s error=%s", path, strerror(errno));
    while (watched && fgets(line, sizeof(line), watched))
        if (sscanf(line, "tfd: %d", &fd) == 1)
            look_at(&look, fd);
    if (watched)
        fclose(watched);
    if (look.crowded)
        log_warn("sip", "crowded", "connections=%d strangers=shut", look.count);
    sip->connections = look.count;
    metric_set(&connections, look.count);
    loop_timer_start(&sip->look, LOOK_MS);
}

void connections_init(struct sip *sip)
{
    metric_register(&connections);
    metric_register(&shut);
    loop_timer_init(&sip->look, sip->loop, look_around, sip);
    loop_timer_start(&sip->look, LOOK_MS);
}

void connections_done(struct sip *sip)
{
    loop_timer_done(&sip->look);
}
