/* A shared port with a few browser lines. */
#include "line_world.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t key[LINE_SRTP_KEY_SIZE] = "0123456789abcde";
static const uint8_t salt[LINE_SRTP_SALT_SIZE] = "salt of a line";

static struct line_identity *identity; /* one for all inputs: making it is slow */

static unsigned which_of(const struct line_world *world, handle_t id)
{
    for (unsigned i = 0; i < WORLD_LINES; i++)
        if (world->ids[i] == id)
            return i;
    MUST(!"a line that is not open was told of");
    return 0;
}

static void leave(struct line_world *world, unsigned which)
{
    handle_t id = world->ids[which];

    world->ids[which] = 0;
    line_close(world->port, id);
}

static void on_rtp(handle_t id, uint8_t *packet, size_t length, int64_t now_ms, void *arg)
{
    struct line_world *world = arg;
    unsigned which = which_of(world, id);

    (void)now_ms;
    MUST(length >= 12 && length <= LINE_DATAGRAM && packet[0] >> 6 == 2);
    world->rtp++;
    (void)line_send_rtp(world->port, id, packet, length);
    if (world->mood & 1)
        leave(world, which);
}

static void on_rtcp(handle_t id, uint8_t *packet, size_t length, int64_t now_ms, void *arg)
{
    struct line_world *world = arg;
    unsigned which = which_of(world, id);

    (void)now_ms;
    MUST(length >= 8 && packet[0] >> 6 == 2);
    world->rtcp++;
    (void)line_send_rtcp(world->port, id, packet, length);
    if (world->mood & 2)
        leave(world, which);
}

static void on_state(handle_t id, enum media_line_state state, void *arg)
{
    struct line_world *world = arg;
    unsigned which = which_of(world, id);

    MUST(state != MEDIA_LINE_CONNECTING);
    if (state == MEDIA_LINE_CLOSED)
        world->ids[which] = 0;
    else if ((state == MEDIA_LINE_UP && world->mood & 4) ||
             (state == MEDIA_LINE_LOST && world->mood & 8))
        leave(world, which);
    if (state == MEDIA_LINE_CLOSED && world->mood & 16)
        line_world_open(world, which);
}

/* Ports are kept from input to input, as making one takes milliseconds; an hour passes between two
 * inputs, so that nothing that counts by time is left of the one before. */
static struct line_port *ports[2]; /* IPv4, IPv6 */
static int64_t clock_ms = 100000;

static void destroy_ports(void)
{
    line_port_destroy(ports[0]);
    if (ports[1] != ports[0])
        line_port_destroy(ports[1]);
    line_identity_free(identity);
}

static void refuse_wrong_ports(const struct line_port_options *right, uint16_t taken)
{
    struct line_port_options wrong = *right;
    struct line_port *none = NULL;

    wrong.port = taken;
    MUST(line_port_create(&wrong, &none) < 0);
    wrong.address = "host.example";
    MUST(line_port_create(&wrong, &none) < 0 && none == NULL);
}

static struct line_port *port_of(struct line_world *world, bool v6, int max_tcp)
{
    struct line_port_options options = {.address = v6 ? "::1" : "127.0.0.1",
                                        .max_lines = WORLD_LINES,
                                        .max_tcp = max_tcp,
                                        .handlers = {on_rtp, on_rtcp, on_state}};

    if (ports[v6])
        goto out;
    if (!identity) {
        MUST(line_identity_make(&identity) == 0);
        (void)atexit(destroy_ports);
    }
    options.identity = identity;
    if (line_port_create(&options, &ports[v6]) != 0 && v6) /* a machine without IPv6 */
        ports[v6] = port_of(world, false, max_tcp);
    MUST(ports[v6] != NULL && line_port_number(ports[v6]) > 0);
    refuse_wrong_ports(&options, line_port_number(ports[v6]));
out:
    ports[v6]->arg = world;
    return ports[v6];
}

void line_world_begin(struct line_world *world, uint8_t mood, int max_tcp)
{
    memset(world, 0, sizeof(*world));
    world->port = port_of(world, mood & 32, max_tcp);
    world->mood = mood;
    clock_ms += 3600000;
    world->now_ms = clock_ms;
    strcpy(world->remote.ufrag, "Hk3T");
    memcpy(world->remote.fingerprint, dtls_client_fingerprint(), 32);
    strcpy(world->remote.pwd, "remotepasswordremotepassword");
    line_port_tick(world->port, world->now_ms);
    for (unsigned i = 0; i < WORLD_LINES; i++) {
        strcpy(world->local[i].ufrag, "LOCALUF0");
        world->local[i].ufrag[7] = (char)('0' + i);
        strcpy(world->local[i].pwd, "abcdefghijklmnopqrstuvwx");
        line_world_open(world, i);
    }
}

void line_world_end(struct line_world *world)
{
    world->mood = 0;
    for (unsigned i = 0; i < WORLD_LINES; i++) {
        leave(world, i);
        dtls_client_end(&world->clients[i]);
    }
    line_port_flush(world->port);
    MUST(line_port_counters(world->port)->stun_answered < UINT32_MAX);
    MUST(world->port->active_count == 0 && world->port->shaking == 0);
    MUST(world->port->by_id.count == 0 && world->port->by_ufrag.count == 0 &&
         world->port->by_address.count == 0);
    clock_ms = world->now_ms;
}

void line_world_open(struct line_world *world, unsigned which)
{
    static handle_t next = 1;

    if (world->ids[which])
        return;
    world->ids[which] = next++;
    if (line_open(world->port, world->ids[which], &world->local[which], &world->remote,
                  world->now_ms) != 0)
        world->ids[which] = 0;
}

static void send_nothing(const uint8_t *bytes, size_t length, void *arg)
{
    (void)bytes;
    (void)arg;
    MUST(length > 0);
}

void line_world_key(struct line_world *world, unsigned which)
{
    struct line *line = line_find(world->port, world->ids[which]);

    if (!line || line->keyed || line->dtls)
        return;
    MUST(line_dtls_new(world->port->dtls_context, line->fingerprint, send_nothing, NULL,
                       &line->dtls) == 0);
    MUST(line_srtp_init(&line->rx, LINE_SRTP_GCM, false, key, salt) == 0);
    MUST(line_srtp_init(&line->tx, LINE_SRTP_GCM, true, key, salt) == 0);
    line->keyed = true;
    line->state = MEDIA_LINE_UP;
    line->heard_ms = world->now_ms;
}

/* What we say goes to the client instead of the network. */
static void answers_to(struct line_world *world, struct dtls_client *client)
{
    for (unsigned i = 0; i < world->port->out_count; i++)
        dtls_client_hear(client, world->port->out[i].bytes, world->port->out[i].length);
    world->port->out_count = 0;
}

void line_world_shake(struct line_world *world, unsigned which, const struct line_peer *from)
{
    struct dtls_client *client = &world->clients[which];
    uint8_t record[DTLS_RECORD];
    size_t length;

    if (!client->ssl)
        dtls_client_begin(client, DTLS_BROWSER);
    else
        (void)SSL_shutdown(client->ssl);
    line_port_flush(world->port);
    for (int turn = 0; turn < 6; turn++) {
        dtls_client_turn(client);
        while ((length = dtls_client_take(client, record)) > 0 && length <= LINE_DATAGRAM)
            line_port_input(world->port, from, record, length);
        answers_to(world, client);
    }
}

void line_world_protect(uint8_t *packet, size_t *length, uint8_t number)
{
    struct line_srtp tx;
    bool rtcp = *length >= 2 && packet[1] >= 192 && packet[1] <= 223;

    MUST(line_srtp_init(&tx, LINE_SRTP_GCM, true, key, salt) == 0);
    tx.state.rtcp_next = number;
    (void)(rtcp ? line_srtcp_protect(&tx, packet, length, LINE_DATAGRAM)
                : line_srtp_protect(&tx, packet, length, LINE_DATAGRAM));
    line_srtp_done(&tx);
}

size_t line_world_check(struct line_world *world, unsigned which, struct fuzz_in *in, uint8_t *out,
                        size_t size)
{
    uint8_t transaction[STUN_TRANSACTION_SIZE] = {1, 2, 3}, flags = fuzz_byte(in);
    char username[LINE_UFRAG_LENGTH + 8];
    struct stun_writer writer;

    memcpy(username, world->local[which].ufrag, LINE_UFRAG_LENGTH);
    memcpy(username + LINE_UFRAG_LENGTH, ":Hk3T", 6);
    stun_begin(&writer, out, size, flags & 8 ? STUN_BINDING_INDICATION : STUN_BINDING_REQUEST,
               transaction);
    if (flags & 1)
        stun_add(&writer, STUN_USERNAME, username, strlen(username));
    if (flags & 2)
        stun_add(&writer, STUN_USE_CANDIDATE, NULL, 0);
    for (unsigned n = flags >> 4 & 7; n > 0; n--) {
        uint16_t type = fuzz_16(in);
        size_t length;
        uint8_t *value = fuzz_piece(in, fuzz_byte(in) & 31, &length);
        stun_add(&writer, type, value, length);
        free(value);
    }
    return stun_finish(&writer, flags & 4 ? world->local[which].pwd : NULL, LINE_PWD_LENGTH);
}
