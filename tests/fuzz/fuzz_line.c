/* The shared port of the browser lines: who gets which datagram, checks, pairs, restarts, SRTP.
 *
 * First byte: what the handlers do (line_world.c). Script: operation byte, address byte, and what
 * the operation wants. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line_world.h"

enum {
    OP_DATAGRAM,  /* length (16 bits), bytes */
    OP_CHECK,     /* a right check of a line's browser */
    OP_PROTECTED, /* length byte, plain packet, protected by us */
    OP_KEY,       /* the line's handshake is done */
    OP_TIME,      /* byte: so many 50 ms later */
    OP_RESTART,   /* new credentials */
    OP_CLOSE,
    OP_OPEN,
    OP_SEND,   /* length byte: we send a packet */
    OP_SOCKET, /* length byte, bytes: through the real socket */
    OP_SHAKE,  /* a whole handshake of the line's browser; its goodbye when it stood already */
    OPERATIONS
};

static struct line_peer peer_of(uint8_t which)
{
    struct line_peer peer = {.address = {.family = which & 16 ? 6 : 4,
                                         .port = (uint16_t)(4000 + (which & 15)),
                                         .ip = {192, 0, 2, 1}}};
    return peer;
}

static void datagram(struct line_world *world, uint8_t address, struct fuzz_in *in)
{
    struct line_peer from = peer_of(address);
    size_t length;
    uint16_t wanted = fuzz_16(in) % (LINE_DATAGRAM + 1);
    uint8_t *bytes = fuzz_piece(in, wanted, &length);

    line_port_input(world->port, &from, bytes, length);
    free(bytes);
}

static void check(struct line_world *world, uint8_t address, struct fuzz_in *in)
{
    struct line_peer from = peer_of(address);
    uint8_t out[512];
    size_t length = line_world_check(world, (address >> 5) % WORLD_LINES, in, out, sizeof(out));

    line_port_input(world->port, &from, out, length);
}

static void protected(struct line_world *world, uint8_t address, struct fuzz_in *in)
{
    struct line_peer from = peer_of(address);
    uint8_t packet[LINE_DATAGRAM];
    uint8_t wanted = fuzz_byte(in);
    size_t length;
    uint8_t *bytes = fuzz_piece(in, wanted, &length);

    memcpy(packet, bytes, length);
    free(bytes);
    line_world_protect(packet, &length, wanted);
    line_port_input(world->port, &from, packet, length);
}

static void restart(struct line_world *world, unsigned which)
{
    world->local[which].ufrag[6] = world->local[which].ufrag[6] == 'F' ? 'G' : 'F';
    if (line_restart(world->port, world->ids[which], &world->local[which], &world->remote) != 0)
        world->local[which].ufrag[6] ^= 1;
}

static void send_packet(struct line_world *world, unsigned which, struct fuzz_in *in)
{
    uint16_t wanted = fuzz_16(in) % 1300;
    size_t length;
    uint8_t *bytes = fuzz_piece(in, wanted, &length);

    (void)line_send_rtp(world->port, world->ids[which], bytes, length);
    (void)line_send_rtcp(world->port, world->ids[which], bytes, length);
    free(bytes);
}

static void through_socket(struct line_world *world, struct fuzz_in *in)
{
    struct sockaddr_storage to;
    socklen_t to_length = sizeof(to);
    uint8_t wanted = fuzz_byte(in);
    size_t length;
    uint8_t *bytes = fuzz_piece(in, wanted == 255 ? 1502 : wanted, &length);
    int fd;

    MUST(getsockname(line_port_udp_fd(world->port), (struct sockaddr *)&to, &to_length) == 0);
    fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    MUST(fd >= 0);
    (void)sendto(fd, bytes, length, 0, (struct sockaddr *)&to, to_length);
    line_port_readable(world->port, line_port_udp_fd(world->port), world->now_ms);
    close(fd);
    free(bytes);
}

static void step(struct line_world *world, struct fuzz_in *in)
{
    uint8_t op = fuzz_byte(in) % OPERATIONS, address = fuzz_byte(in);
    unsigned which = (address >> 5) % WORLD_LINES;
    struct line_peer from;

    switch (op) {
    case OP_DATAGRAM:
        datagram(world, address, in);
        break;
    case OP_CHECK:
        check(world, address, in);
        break;
    case OP_PROTECTED:
        protected
        (world, address, in);
        break;
    case OP_KEY:
        line_world_key(world, which);
        break;
    case OP_TIME:
        world->now_ms += address * 50;
        line_port_tick(world->port, world->now_ms);
        break;
    case OP_RESTART:
        restart(world, which);
        break;
    case OP_CLOSE:
        line_close(world->port, world->ids[which]);
        world->ids[which] = 0;
        break;
    case OP_OPEN:
        line_world_open(world, which);
        break;
    case OP_SEND:
        send_packet(world, which, in);
        break;
    case OP_SOCKET:
        through_socket(world, in);
        break;
    case OP_SHAKE:
        from = peer_of(address);
        line_world_shake(world, which, &from);
        break;
    }
}

/* Every table agrees with the lines. */
static void check_tables(const struct line_world *world)
{
    const struct line_port *port = world->port;
    unsigned open = 0, pairs = 0;

    for (unsigned i = 0; i < WORLD_LINES; i++)
        open += world->ids[i] != 0;
    MUST(port->active_count == open && port->by_id.count == open);
    for (unsigned i = 0; i < WORLD_LINES; i++) {
        const struct line *line = line_find(port, world->ids[i]);
        struct line_info info;

        if (!line)
            continue;
        MUST(line_info(port, world->ids[i], &info) == 0);
        MUST(line->selected < 0 || line->pairs[line->selected].peer.address.family != 0);
        for (int k = 0; k < LINE_PAIRS; k++) {
            int pair;
            if (line->pairs[k].peer.address.family == 0 || line->pairs[k].peer.connection != 0)
                continue;
            pairs++;
            MUST(line_find_peer(port, &line->pairs[k].peer, &pair) == line && pair == k);
        }
    }
    MUST(port->by_address.count == pairs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct line_world world;

    line_world_begin(&world, fuzz_byte(&in), 4);
    for (int i = 0; in.left && i < 64; i++) {
        step(&world, &in);
        check_tables(&world);
    }
    line_world_end(&world);
    return 0;
}
