/* ICE-TCP (RFC 6544, passive side): connections, RFC 4571 framing, bounded buffers.
 *
 * A connection is named by a tag of generation and place, so that what was meant for a dead one
 * never lands in its successor. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "media/line/port.h"

#define TAG_LISTENER    0u
#define BACKLOG         128
#define ACCEPTS         16    /* per readable event */
#define EVENTS          64    /* per readable event */
#define IN_SIZE         4096  /* bytes; at least one whole frame */
#define OUT_SIZE        16384 /* bytes; about two seconds of audio, later is useless */
#define UNPROVED_MS     10000
#define SILENT_MS       30000 /* proved, but nothing came for so long */
#define BAD_CHECKS      8     /* from one unproved connection */
#define SWEEP_MS        500
#define ACCEPT_PAUSE_MS 1000 /* when the process is out of descriptors */

struct line_connection {
    bool used;
    bool want_write;
    uint16_t generation; /* never 0 */
    int fd;
    handle_t line;   /* who proved itself here, 0 = nobody yet */
    unsigned frames; /* while unproved */
    int64_t opened_ms, heard_ms;
    struct line_peer peer;
    size_t in_length, out_at, out_length;
    uint8_t in[IN_SIZE];
    uint8_t out[OUT_SIZE];
};

static uint32_t tag_of(const struct line_port *port, const struct line_connection *connection)
{
    return (uint32_t)connection->generation << 16 | (uint32_t)(connection - port->connections);
}

static struct line_connection *find(const struct line_port *port, uint32_t tag)
{
    uint32_t place = tag & 0xffff;
    struct line_connection *connection;

    if (place >= port->max_tcp)
        return NULL;
    connection = &port->connections[place];
    return connection->used && connection->generation == tag >> 16 ? connection : NULL;
}

static int watch(struct line_port *port, int operation, int fd, uint32_t events, uint32_t tag)
{
    struct epoll_event event = {.events = events, .data.u32 = tag};

    return epoll_ctl(port->tcp_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int line_tcp_init(struct line_port *port)
{
    /* calloc of this size is untouched zero pages: unused places cost nothing */
    port->connections = calloc(port->max_tcp, sizeof(*port->connections));
    if (port->connections == NULL)
        return -ENOMEM;
    port->tcp_fd = epoll_create1(EPOLL_CLOEXEC);
    if (port->tcp_fd < 0 || listen(port->listen_fd, BACKLOG) < 0)
        return -errno;
    return watch(port, EPOLL_CTL_ADD, port->listen_fd, EPOLLIN, TAG_LISTENER);
}

void line_tcp_done(struct line_port *port)
{
    for (uint32_t i = 0; port->connections != NULL && i < port->max_tcp; i++) {
        if (port->connections[i].used)
            (void)close(port->connections[i].fd);
    }
    if (port->listen_fd >= 0)
        (void)close(port->listen_fd);
    if (port->tcp_fd >= 0)
        (void)close(port->tcp_fd);
    free(port->connections);
}

void line_tcp_close(struct line_port *port, uint32_t tag)
{
    struct line_connection *connection = find(port, tag);

    if (connection == NULL)
        return;
    (void)close(connection->fd);
    connection->used = false;
    port->tcp_count--;
}

/* Closes and tells the line that it can be heard here no more. */
static void hang_up(struct line_port *port, struct line_connection *connection)
{
    struct line *line = line_find(port, connection->line);
    uint32_t tag = tag_of(port, connection);

    if (line != NULL)
        line_pair_drop(line, &connection->peer);
    line_tcp_close(port, tag);
}

void line_tcp_prove(struct line_port *port, uint32_t tag, handle_t id)
{
    struct line_connection *connection = find(port, tag);

    if (connection != NULL)
        connection->line = id;
}

handle_t line_tcp_owner(const struct line_port *port, uint32_t tag)
{
    const struct line_connection *connection = find(port, tag);

    return connection != NULL ? connection->line : 0;
}

/* --- accepting ----------------------------------------------------------------------------- */

/* The table is full: whoever has been silent about himself for longest must go. */
static struct line_connection *evict(struct line_port *port)
{
    struct line_connection *oldest = NULL;

    for (uint32_t i = 0; i < port->max_tcp; i++) {
        struct line_connection *connection = &port->connections[i];
        if (connection->line == 0 && (oldest == NULL || connection->opened_ms < oldest->opened_ms))
            oldest = connection;
    }
    if (oldest != NULL) {
        port->counters.tcp_closed_bad++;
        hang_up(port, oldest);
    }
    return oldest;
}

static struct line_connection *take_place(struct line_port *port)
{
    if (port->tcp_count == port->max_tcp)
        return evict(port);
    for (uint32_t i = 0; i < port->max_tcp; i++) {
        if (!port->connections[i].used)
            return &port->connections[i];
    }
    return NULL;
}

static void accept_one(struct line_port *port, int fd, const struct sockaddr *from)
{
    struct line_connection *connection = take_place(port);
    int on = 1, tos = port->dscp << 2;
    uint16_t generation;

    if (connection == NULL) {
        port->counters.tcp_refused++;
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
    generation = (uint16_t)(connection->generation + 1);
    connection->used = true;
    connection->want_write = false;
    connection->generation = generation != 0 ? generation : 1;
    connection->fd = fd;
    connection->line = 0;
    connection->frames = 0;
    connection->opened_ms = connection->heard_ms = port->now_ms;
    connection->in_length = connection->out_at = connection->out_length = 0;
    line_peer_from_sockaddr(from, &connection->peer);
    connection->peer.connection = tag_of(port, connection);
    port->tcp_count++;
    port->counters.tcp_accepted++;
    if (watch(port, EPOLL_CTL_ADD, fd, EPOLLIN, connection->peer.connection) != 0)
        line_tcp_close(port, connection->peer.connection);
}

static void accept_some(struct line_port *port)
{
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage from;
        socklen_t length = sizeof(from);
        int fd = accept4(port->listen_fd, (struct sockaddr *)&from, &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            accept_one(port, fd, (struct sockaddr *)&from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* It would stay readable and spin: look again in a while. */
            port->accept_again_ms = port->now_ms + ACCEPT_PAUSE_MS;
            (void)watch(port, EPOLL_CTL_MOD, port->listen_fd, 0, TAG_LISTENER);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* --- reading ------------------------------------------------------------------------------- */

/* Before a line has proved itself, only checks are listened to, and not many wrong ones. */
static bool frame_allowed(struct line_connection *connection, const uint8_t *frame, size_t length)
{
    if (connection->line != 0)
        return true;
    return length > 0 && frame[0] <= 3 && connection->frames++ < BAD_CHECKS;
}

/* Handles whole frames. False: the connection is gone or must go. */
static bool take_frames(struct line_port *port, struct line_connection *connection)
{
    uint32_t tag = tag_of(port, connection);
    struct line_peer from = connection->peer;
    size_t at = 0;

    while (connection->in_length - at >= 2) {
        uint8_t *frame = connection->in + at + 2;
        size_t length = (size_t)frame[-2] << 8 | frame[-1];

        if (length > LINE_DATAGRAM)
            return false;
        if (connection->in_length - at - 2 < length)
            break;
        if (!frame_allowed(connection, frame, length))
            return false;
        line_port_input(port, &from, frame, length);
        if (find(port, tag) != connection)
            return true; /* closed by what the frame said */
        at += 2 + length;
    }
    connection->in_length -= at;
    memmove(connection->in, connection->in + at, connection->in_length);
    return true;
}

static void read_some(struct line_port *port, struct line_connection *connection)
{
    ssize_t n = recv(connection->fd, connection->in + connection->in_length,
                     IN_SIZE - connection->in_length, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        hang_up(port, connection);
        return;
    }
    connection->in_length += (size_t)n;
    connection->heard_ms = port->now_ms;
    if (!take_frames(port, connection)) {
        port->counters.tcp_closed_bad++;
        hang_up(port, connection);
    }
}

/* --- writing ------------------------------------------------------------------------------- */

static void want_write(struct line_port *port, struct line_connection *connection, bool want)
{
    if (connection->want_write == want)
        return;
    connection->want_write = want;
    (void)watch(port, EPOLL_CTL_MOD, connection->fd, want ? EPOLLIN | EPOLLOUT : EPOLLIN,
                tag_of(port, connection));
}

static void write_some(struct line_port *port, struct line_connection *connection)
{
    ssize_t n = send(connection->fd, connection->out + connection->out_at, connection->out_length,
                     MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n > 0) {
        connection->out_at += (size_t)n;
        connection->out_length -= (size_t)n;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        /* Callers up the stack still hold the pair: let the reading side find the end. */
        (void)shutdown(connection->fd, SHUT_RDWR);
        connection->out_length = 0;
    }
    if (connection->out_length == 0)
        connection->out_at = 0;
    want_write(port, connection, connection->out_length > 0);
}

void line_tcp_send(struct line_port *port, uint32_t tag, const uint8_t *bytes, size_t length)
{
    struct line_connection *connection = find(port, tag);
    uint8_t *at;

    if (connection == NULL || OUT_SIZE - connection->out_length < length + 2) {
        port->counters.send_dropped++; /* whole frames only: the stream stays in step */
        return;
    }
    if (OUT_SIZE - connection->out_at - connection->out_length < length + 2) {
        memmove(connection->out, connection->out + connection->out_at, connection->out_length);
        connection->out_at = 0;
    }
    at = connection->out + connection->out_at + connection->out_length;
    at[0] = (uint8_t)(length >> 8);
    at[1] = (uint8_t)length;
    memcpy(at + 2, bytes, length);
    connection->out_length += length + 2;
    if (!connection->want_write)
        write_some(port, connection);
}

/* --- events and time ----------------------------------------------------------------------- */

void line_tcp_readable(struct line_port *port)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(port->tcp_fd, events, EVENTS, 0);

    for (int i = 0; i < count; i++) {
        uint32_t tag = events[i].data.u32;
        struct line_connection *connection;

        if (tag == TAG_LISTENER) {
            accept_some(port);
            continue;
        }
        connection = find(port, tag);
        if (connection != NULL && (events[i].events & EPOLLOUT) != 0)
            write_some(port, connection);
        if (connection != NULL && (events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            read_some(port, connection);
    }
}

void line_tcp_tick(struct line_port *port)
{
    if (port->accept_again_ms != 0 && port->now_ms >= port->accept_again_ms) {
        port->accept_again_ms = 0;
        (void)watch(port, EPOLL_CTL_MOD, port->listen_fd, EPOLLIN, TAG_LISTENER);
    }
    if (port->tcp_count == 0 || port->now_ms - port->tcp_swept_ms < SWEEP_MS)
        return;
    port->tcp_swept_ms = port->now_ms;
    for (uint32_t i = 0; i < port->max_tcp; i++) {
        struct line_connection *connection = &port->connections[i];
        int64_t idle = port->now_ms - connection->heard_ms;

        if (!connection->used)
            continue;
        if (connection->line == 0 && port->now_ms - connection->opened_ms >= UNPROVED_MS) {
            port->counters.tcp_closed_bad++;
            hang_up(port, connection);
        } else if (idle >= SILENT_MS) {
            hang_up(port, connection);
        }
    }
}
