/* ICE-TCP: streams of frames (RFC 4571) in pieces of any size, over real connections.
 *
 * First byte: what the handlers do (line_world.c). Script: operation byte: bits 0-1 which
 * connection, bits 2-4 the operation; and what it wants. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line_world.h"

enum {
    OP_BYTES,   /* length byte, bytes as they are */
    OP_FRAME,   /* length byte, bytes as a frame */
    OP_CHECK,   /* a frame with a right check */
    OP_PROTECT, /* length byte, a plain packet protected by us, as a frame */
    OP_CLOSE,   /* by reset or, bit 0, orderly; bit 1: no, read what came */
    OP_TIME,    /* byte: so many 500 ms later */
    OP_KEY,
    OP_SEND /* so many packets from us */
};
enum { CONNECTIONS = 4, MAX_TCP = 3 };

struct streams {
    struct line_world world;
    int fds[CONNECTIONS]; /* -1 = none */
};

static void let_read(struct streams *s)
{
    /* twice: what was accepted is read in the next round */
    for (int i = 0; i < 2; i++)
        line_port_readable(s->world.port, line_port_tcp_fd(s->world.port), s->world.now_ms);
}

/* A hostile peer may hang up by reset; it also keeps this target from using up the ports. */
static void hang_up(struct streams *s, unsigned which, bool orderly)
{
    struct linger now = {.l_onoff = 1};

    if (s->fds[which] < 0)
        return;
    if (orderly) {
        (void)shutdown(s->fds[which], SHUT_WR);
        let_read(s);
    }
    (void)setsockopt(s->fds[which], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(s->fds[which]);
    s->fds[which] = -1;
    let_read(s);
}

static int connection(struct streams *s, unsigned which)
{
    struct sockaddr_storage to;
    socklen_t length = sizeof(to);
    int small = 2304;

    if (s->fds[which] >= 0)
        return s->fds[which];
    MUST(getsockname(s->world.port->listen_fd, (struct sockaddr *)&to, &length) == 0);
    s->fds[which] = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(s->fds[which] >= 0);
    (void)setsockopt(s->fds[which], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    if (connect(s->fds[which], (struct sockaddr *)&to, length) < 0)
        hang_up(s, which, false);
    else
        (void)fcntl(s->fds[which], F_SETFL, O_NONBLOCK);
    let_read(s);
    return s->fds[which];
}

static void write_bytes(struct streams *s, unsigned which, const uint8_t *bytes, size_t length)
{
    int fd = connection(s, which);

    if (fd < 0 || length == 0)
        return;
    if (send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
        hang_up(s, which, false);
    let_read(s);
}

static void write_frame(struct streams *s, unsigned which, const uint8_t *bytes, size_t length)
{
    uint8_t frame[LINE_DATAGRAM + 2] = {(uint8_t)(length >> 8), (uint8_t)length};

    memcpy(frame + 2, bytes, length);
    write_bytes(s, which, frame, length + 2);
}

static void send_packets(struct streams *s, unsigned line, unsigned count)
{
    uint8_t packet[1100] = {0x80, 8};
    static uint16_t seq;

    for (; count > 0; count--) {
        packet[2] = (uint8_t)(++seq >> 8);
        packet[3] = (uint8_t)seq;
        (void)line_send_rtp(s->world.port, s->world.ids[line], packet, sizeof(packet));
    }
    line_port_flush(s->world.port);
}

/* Only then can we write on to a connection that was full. */
static void read_all(struct streams *s, unsigned which)
{
    char ignored[4096];

    for (int i = 0; s->fds[which] >= 0 && i < 20; i++) {
        while (recv(s->fds[which], ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
            ;
        let_read(s);
    }
}

static void step(struct streams *s, struct fuzz_in *in)
{
    struct line_world *world = &s->world;
    uint8_t op = fuzz_byte(in), value = fuzz_byte(in), out[LINE_DATAGRAM];
    unsigned which = op & 3, line = (op >> 5) % WORLD_LINES;
    size_t length = 0;
    uint8_t *bytes;

    switch (op >> 2 & 7) {
    case OP_BYTES:
        bytes = fuzz_piece(in, value, &length);
        write_bytes(s, which, bytes, length);
        free(bytes);
        break;
    case OP_FRAME:
    case OP_PROTECT:
        bytes = fuzz_piece(in, value, &length);
        memcpy(out, bytes, length);
        free(bytes);
        if ((op >> 2 & 7) == OP_PROTECT)
            line_world_protect(out, &length, value);
        write_frame(s, which, out, length);
        break;
    case OP_CHECK:
        length = line_world_check(world, line, in, out, 512);
        write_frame(s, which, out, length);
        break;
    case OP_CLOSE:
        if (value & 2)
            read_all(s, which);
        else
            hang_up(s, which, value & 1);
        break;
    case OP_TIME:
        world->now_ms += value * 500;
        line_port_tick(world->port, world->now_ms);
        break;
    case OP_KEY:
        line_world_key(world, line);
        break;
    case OP_SEND:
        send_packets(s, line, value);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct streams s;
    int buffer = 4608;

    line_world_begin(&s.world, fuzz_byte(&in), MAX_TCP);
    /* what is accepted inherits it: connections get full */
    (void)setsockopt(s.world.port->listen_fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    for (int i = 0; i < CONNECTIONS; i++)
        s.fds[i] = -1;
    for (int i = 0; in.left && i < 64; i++) {
        step(&s, &in);
        MUST(s.world.port->tcp_count <= MAX_TCP);
    }
    for (unsigned i = 0; i < CONNECTIONS; i++)
        hang_up(&s, i, false);
    MUST(s.world.port->tcp_count == 0);
    line_world_end(&s.world);
    return 0;
}
