/* The shared port: sockets, the sending queue, and who gets which datagram. */
#include "media/line/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hotlined/text.h>

#define SOCKET_BUFFER         (4 << 20)
#define PORT_TRIES            32
#define STRANGERS_PER_SECOND  5000 /* at about 2 us each: 1 % of a core */
#define HANDSHAKES_PER_SECOND 2000 /* datagrams; about 300 new lines a second */
#define HANDSHAKES_BURST      40   /* about 4 ms of elliptic curves between two rounds of audio */

bool line_budget_take(struct line_budget *budget, int64_t now_ms)
{
    int64_t gained = (now_ms - budget->filled_ms) * budget->per_second / 1000;

    if (gained > 0) {
        int64_t left = budget->left + gained;
        budget->left = (int32_t)(left < budget->max ? left : budget->max);
        budget->filled_ms = now_ms;
    }
    if (budget->left <= 0)
        return false;
    budget->left--;
    return true;
}

/* --- addresses ----------------------------------------------------------------------------- */

static int parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret_address,
                         socklen_t *ret_length)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;

    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *ret_length = sizeof(*v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *ret_length = sizeof(*v6);
        return 0;
    }
    return -EINVAL;
}

/* IPv4 seen through a dual-stack socket is IPv4 for us: that is what the browser must be told. */
void line_peer_from_sockaddr(const struct sockaddr *from, struct line_peer *ret_peer)
{
    *ret_peer = (struct line_peer){0};
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        ret_peer->address.family = 4;
        ret_peer->address.port = ntohs(v4->sin_port);
        memcpy(ret_peer->address.ip, &v4->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        ret_peer->address.family = mapped ? 4 : 6;
        ret_peer->address.port = ntohs(v6->sin6_port);
        memcpy(ret_peer->address.ip, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
    }
}

static socklen_t peer_to_sockaddr(const struct line_port *port, const struct stun_address *address,
                                  struct sockaddr_storage *ret_to)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret_to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_to;

    if (!port->v6) {
        *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&v4->sin_addr, address->ip, 4);
        return sizeof(*v4);
    }
    *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    if (address->family == 4) {
        v6->sin6_addr.s6_addr[10] = v6->sin6_addr.s6_addr[11] = 0xff;
        memcpy(v6->sin6_addr.s6_addr + 12, address->ip, 4);
    } else {
        memcpy(v6->sin6_addr.s6_addr, address->ip, 16);
    }
    return sizeof(*v6);
}

/* --- creation ------------------------------------------------------------------------------ */

static int bound_socket(int type, const char *address, uint16_t number, int *ret_fd,
                        uint16_t *ret_number)
{
    struct sockaddr_storage at;
    socklen_t length;
    int on = 1, fd, error = parse_address(address, number, &at, &length);

    if (error != 0)
        return error;
    fd = socket(at.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* TCP only: leftover connections of the last process must not keep us from the port. */
    if ((type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
        bind(fd, (struct sockaddr *)&at, length) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) < 0) {
        error = -errno;
        (void)close(fd);
        return error;
    }
    *ret_number = ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
                                                : ((struct sockaddr_in6 *)&at)->sin6_port);
    *ret_fd = fd;
    return 0;
}

/* UDP and TCP on one number. If we may choose, try until both are free. */
static int bind_both(struct line_port *port, const struct line_port_options *options)
{
    int error = -EADDRINUSE;

    for (int i = 0; i < PORT_TRIES && error == -EADDRINUSE; i++) {
        error =
            bound_socket(SOCK_DGRAM, options->address, options->port, &port->udp_fd, &port->number);
        if (error != 0)
            return error;
        error = bound_socket(SOCK_STREAM, options->address, port->number, &port->listen_fd,
                             &port->number);
        if (error != 0) {
            (void)close(port->udp_fd);
            port->udp_fd = -1;
        }
        if (options->port != 0)
            break;
    }
    return error;
}

/* Marks and buffers are wishes: the kernel may refuse them and calls still work. */
static void tune_udp(struct line_port *port)
{
    int size = SOCKET_BUFFER, tos = port->dscp << 2;

    if (setsockopt(port->udp_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(port->udp_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (setsockopt(port->udp_fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(port->udp_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    (void)setsockopt(port->udp_fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
    if (port->v6)
        (void)setsockopt(port->udp_fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

static struct line_port *port_alloc(const struct line_port_options *options)
{
    struct line_port *port = calloc(1, sizeof(*port));

    if (port == NULL)
        return NULL;
    port->handlers = options->handlers;
    port->arg = options->arg;
    port->udp_fd = port->listen_fd = port->tcp_fd = -1;
    port->v6 = strchr(options->address, ':') != NULL;
    port->dscp = options->dscp;
    port->lost_after_ms = options->lost_after_ms > 0 ? options->lost_after_ms : 5000;
    port->max_lines = (uint32_t)options->max_lines;
    port->max_tcp = (uint32_t)(options->max_tcp > 0      ? options->max_tcp
                               : options->max_lines > 32 ? options->max_lines * 2
                                                         : 64);
    if (port->max_tcp > UINT16_MAX)
        port->max_tcp = UINT16_MAX;
    port->strangers = (struct line_budget){.left = STRANGERS_PER_SECOND,
                                           .max = STRANGERS_PER_SECOND,
                                           .per_second = STRANGERS_PER_SECOND};
    port->handshakes = (struct line_budget){
        .left = HANDSHAKES_BURST, .max = HANDSHAKES_BURST, .per_second = HANDSHAKES_PER_SECOND};
    return port;
}

int line_port_create(const struct line_port_options *options, struct line_port **ret_port)
{
    struct line_port *port;
    int error = -ENOMEM;

    if (options->max_lines <= 0 || options->max_lines > 1 << 20)
        return -EINVAL;
    port = port_alloc(options);
    if (port == NULL)
        return -ENOMEM;
    port->out = calloc(LINE_SEND_QUEUE, sizeof(*port->out));
    port->in = calloc(LINE_RECEIVE_MAX, sizeof(*port->in));
    port->in_from = calloc(LINE_RECEIVE_MAX, sizeof(*port->in_from));
    if (port->out == NULL || port->in == NULL || port->in_from == NULL ||
        line_table_init(port) != 0)
        goto out;
    error = line_dtls_context_make(options->identity, &port->dtls_context);
    if (error == 0)
        error = bind_both(port, options);
    if (error != 0)
        goto out;
    tune_udp(port);
    error = line_tcp_init(port);
out:
    if (error != 0)
        line_port_destroy(port);
    else
        *ret_port = port;
    return error;
}

void line_port_destroy(struct line_port *port)
{
    if (port == NULL)
        return;
    line_table_done(port);
    line_tcp_done(port);
    line_dtls_context_free(port->dtls_context);
    if (port->udp_fd >= 0)
        (void)close(port->udp_fd);
    free(port->out);
    free(port->in);
    free(port->in_from);
    free(port);
}

uint16_t line_port_number(const struct line_port *port)
{
    return port->number;
}

int line_port_udp_fd(const struct line_port *port)
{
    return port->udp_fd;
}

int line_port_tcp_fd(const struct line_port *port)
{
    return port->tcp_fd;
}

const struct line_counters *line_port_counters(const struct line_port *port)
{
    return &port->counters;
}

/* --- sending ------------------------------------------------------------------------------- */

struct line_out *line_port_queue(struct line_port *port, const struct line_peer *to)
{
    struct line_out *out;

    if (port->out_count == LINE_SEND_QUEUE)
        line_port_flush(port);
    out = &port->out[port->out_count];
    out->to_length = peer_to_sockaddr(port, &to->address, &out->to);
    return out;
}

void line_port_queued(struct line_port *port)
{
    port->out_count++;
}

void line_port_send(struct line_port *port, const struct line_peer *to, const uint8_t *bytes,
                    size_t length)
{
    struct line_out *out;

    if (length > LINE_DATAGRAM) {
        port->counters.send_dropped++;
        return;
    }
    if (to->connection != 0) {
        line_tcp_send(port, to->connection, bytes, length);
        return;
    }
    out = line_port_queue(port, to);
    memcpy(out->bytes, bytes, length);
    out->length = length;
    line_port_queued(port);
}

void line_port_flush(struct line_port *port)
{
    struct mmsghdr messages[LINE_SEND_QUEUE];
    struct iovec pieces[LINE_SEND_QUEUE];
    unsigned count = port->out_count;

    memset(messages, 0, count * sizeof(messages[0]));
    for (unsigned i = 0; i < count; i++) {
        struct line_out *out = &port->out[i];
        pieces[i] = (struct iovec){out->bytes, out->length};
        messages[i].msg_hdr.msg_name = &out->to;
        messages[i].msg_hdr.msg_namelen = out->to_length;
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (unsigned done = 0; done < count;) {
        int n = sendmmsg(port->udp_fd, messages + done, count - done, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) { /* the first of the rest cannot be sent now: late audio is worth nothing */
            port->counters.send_dropped++;
            n = 1;
        }
        done += (unsigned)n;
    }
    port->out_count = 0;
}

/* --- receiving ----------------------------------------------------------------------------- */

/* RFC 7983: the first byte tells STUN, DTLS and RTP apart. */
void line_port_input(struct line_port *port, const struct line_peer *from, uint8_t *bytes,
                     size_t length)
{
    struct line *line;
    int pair;

    if (length == 0)
        return;
    if (bytes[0] <= 3) {
        line_check_arrived(port, from, bytes, length);
        return;
    }
    line = line_find_peer(port, from, &pair);
    if (line == NULL)
        port->counters.strangers++;
    else if (bytes[0] >= 20 && bytes[0] <= 63)
        line_dtls_arrived(line, pair, bytes, length);
    else if (bytes[0] >= 128 && bytes[0] <= 191)
        line_rtp_arrived(line, pair, bytes, length);
}

static int receive_batch(struct line_port *port)
{
    struct mmsghdr messages[LINE_RECEIVE_MAX];
    struct iovec pieces[LINE_RECEIVE_MAX];
    int count;

    memset(messages, 0, sizeof(messages));
    for (unsigned i = 0; i < LINE_RECEIVE_MAX; i++) {
        pieces[i] = (struct iovec){port->in[i], sizeof(port->in[i])};
        messages[i].msg_hdr.msg_name = &port->in_from[i];
        messages[i].msg_hdr.msg_namelen = sizeof(port->in_from[i]);
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    count = recvmmsg(port->udp_fd, messages, LINE_RECEIVE_MAX, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct line_peer from;

        line_peer_from_sockaddr((const struct sockaddr *)&port->in_from[i], &from);
        if (messages[i].msg_len <= LINE_DATAGRAM)
            line_port_input(port, &from, port->in[i], messages[i].msg_len);
        else
            port->counters.strangers++;
    }
    return count;
}

void line_port_readable(struct line_port *port, int fd, int64_t now_ms)
{
    port->now_ms = now_ms;
    if (fd == port->udp_fd) {
        for (int i = 0; i < LINE_ROUNDS; i++) {
            if (receive_batch(port) < LINE_RECEIVE_MAX)
                break;
        }
    } else if (fd == port->tcp_fd) {
        line_tcp_readable(port);
    }
    line_port_flush(port);
}

void line_port_tick(struct line_port *port, int64_t now_ms)
{
    port->now_ms = now_ms;
    line_table_tick(port);
    line_tcp_tick(port);
    line_counts_publish(port);
    line_port_flush(port);
}

int line_info(const struct line_port *port, handle_t id, struct line_info *ret_info)
{
    const struct line *line = line_find(port, id);
    struct line_info info = {0};

    if (line == NULL)
        return -ENOENT;
    info.state = line->state;
    info.gcm = line->keyed && line->tx.state.suite == LINE_SRTP_GCM;
    if (line->selected >= 0) {
        const struct line_peer *peer = &line->pairs[line->selected].peer;
        char ip[INET6_ADDRSTRLEN] = "";
        bool v4 = peer->address.family == 4;

        (void)inet_ntop(v4 ? AF_INET : AF_INET6, peer->address.ip, ip, sizeof(ip));
        (void)snprintf(info.remote, sizeof(info.remote), v4 ? "%s:%u" : "[%s]:%u", ip,
                       peer->address.port);
        info.tcp = peer->connection != 0;
    }
    *ret_info = info;
    return 0;
}
