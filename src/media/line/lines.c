/* The table of lines: what each is, where it is heard, and what it sends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>

#include "media/line/port.h"

#define SWEEP_MS            200 /* between looks at liveness */
#define CHECKS_PER_SECOND   200 /* browsers send 0.4 to 50 a second */
#define ATTEMPTS_PER_SECOND 100
#define RECORDS_PER_SECOND  50 /* a handshake is about ten datagrams */

/* --- table --------------------------------------------------------------------------------- */

int line_table_init(struct line_port *port)
{
    port->lines = calloc(port->max_lines, sizeof(*port->lines));
    port->free_lines = calloc(port->max_lines, sizeof(*port->free_lines));
    port->active = calloc(port->max_lines, sizeof(*port->active));
    if (port->lines == NULL || port->free_lines == NULL || port->active == NULL ||
        line_map_init(&port->by_id, port->max_lines) != 0 ||
        line_map_init(&port->by_ufrag, 2 * port->max_lines) != 0 ||
        line_map_init(&port->by_address, LINE_PAIRS * port->max_lines) != 0)
        return -ENOMEM;
    /* The lines themselves are not touched before they are opened: they are 18 MB. */
    for (uint32_t i = 0; i < port->max_lines; i++)
        port->free_lines[i] = port->max_lines - 1 - i;
    port->free_count = port->max_lines;
    return 0;
}

void line_table_done(struct line_port *port)
{
    while (port->active_count > 0)
        line_close(port, port->lines[port->active[0]].id);
    line_map_done(&port->by_id);
    line_map_done(&port->by_ufrag);
    line_map_done(&port->by_address);
    free(port->lines);
    free(port->free_lines);
    free(port->active);
}

struct line *line_find(const struct line_port *port, handle_t id)
{
    uint32_t number;

    if (id == 0 || !line_map_get(&port->by_id, id, &number))
        return NULL;
    return &port->lines[number];
}

static uint64_t ufrag_key(const char *ufrag)
{
    uint64_t key;

    _Static_assert(LINE_UFRAG_LENGTH == sizeof(key), "a ufrag is exactly one key");
    memcpy(&key, ufrag, sizeof(key));
    return key;
}

struct line *line_find_ufrag(const struct line_port *port, const char *ufrag)
{
    uint32_t number;

    if (!line_map_get(&port->by_ufrag, ufrag_key(ufrag), &number))
        return NULL;
    return &port->lines[number];
}

/* --- addresses and pairs ------------------------------------------------------------------- */

/* IPv4 fits into the key. IPv6 is hashed; the pair is compared in full afterwards. */
static uint64_t address_key(const struct stun_address *address)
{
    uint64_t key = 0xcbf29ce484222325ull;

    if (address->family == 4) {
        uint32_t ip;
        memcpy(&ip, address->ip, sizeof(ip));
        return 1ull << 62 | (uint64_t)ip << 16 | address->port;
    }
    for (unsigned i = 0; i < 16; i++)
        key = (key ^ address->ip[i]) * 0x100000001b3ull;
    return ((key ^ address->port) * 0x100000001b3ull) | 1ull << 63;
}

static bool same_peer(const struct line_peer *a, const struct line_peer *b)
{
    if (a->connection != 0 || b->connection != 0)
        return a->connection == b->connection;
    return a->address.family == b->address.family && a->address.port == b->address.port &&
           memcmp(a->address.ip, b->address.ip, a->address.family == 4 ? 4 : 16) == 0;
}

static int find_pair(const struct line *line, const struct line_peer *peer)
{
    for (int i = 0; i < LINE_PAIRS; i++) {
        if (line->pairs[i].peer.address.family != 0 && same_peer(&line->pairs[i].peer, peer))
            return i;
    }
    return -1;
}

struct line *line_find_peer(const struct line_port *port, const struct line_peer *peer,
                            int *ret_pair)
{
    struct line *line;
    uint32_t number;
    int pair;

    if (peer->connection != 0) {
        line = line_find(port, line_tcp_owner(port, peer->connection));
        if (line == NULL)
            return NULL;
    } else {
        if (!line_map_get(&port->by_address, address_key(&peer->address), &number))
            return NULL;
        line = &port->lines[number];
    }
    pair = find_pair(line, peer);
    if (pair < 0)
        return NULL;
    *ret_pair = pair;
    return line;
}

static void free_pair(struct line *line, int pair)
{
    struct line_peer *peer = &line->pairs[pair].peer;

    if (peer->connection != 0)
        line_tcp_close(line->port, peer->connection);
    else
        line_map_remove(&line->port->by_address, address_key(&peer->address));
    peer->address.family = 0;
}

/* The selected pair is gone: the one heard last is the best guess until the browser says. */
static void select_latest(struct line *line)
{
    line->selected = -1;
    line->nominated = false;
    for (int i = 0; i < LINE_PAIRS; i++) {
        if (line->pairs[i].peer.address.family != 0 &&
            (line->selected < 0 || line->pairs[i].heard_ms > line->pairs[line->selected].heard_ms))
            line->selected = i;
    }
}

void line_pair_drop(struct line *line, const struct line_peer *peer)
{
    int pair = find_pair(line, peer);

    if (pair < 0)
        return;
    free_pair(line, pair);
    if (line->selected == pair)
        select_latest(line);
}

/* A free pair, or the one not heard for longest; never the one we send to. */
static int take_pair(struct line *line)
{
    int oldest = -1;

    for (int i = 0; i < LINE_PAIRS; i++) {
        if (line->pairs[i].peer.address.family == 0)
            return i;
        if (i != line->selected &&
            (oldest < 0 || line->pairs[i].heard_ms < line->pairs[oldest].heard_ms))
            oldest = i;
    }
    free_pair(line, oldest);
    return oldest;
}

int line_pair_prove(struct line *line, const struct line_peer *peer)
{
    struct line_port *port = line->port;
    int pair;
    struct line *former = line_find_peer(port, peer, &pair);

    if (former == line)
        return pair;
    if (former != NULL)
        line_pair_drop(former, peer); /* a NAT gave the address to somebody else */
    pair = take_pair(line);
    line->pairs[pair] = (struct line_pair){.peer = *peer, .heard_ms = port->now_ms};
    if (peer->connection != 0)
        line_tcp_prove(port, peer->connection, line->id);
    else
        (void)line_map_put(&port->by_address, address_key(&peer->address),
                           line->number); /* sized for every pair of every line */
    return pair;
}

void line_pair_select(struct line *line, int pair, bool nominated)
{
    if (line->selected != pair && line->keyed)
        line->port->counters.pair_moves++;
    line->selected = pair;
    line->nominated = nominated;
}

/* --- state --------------------------------------------------------------------------------- */

/* Tells the caller, who may close the line in the handler: touch it no more afterwards. */
static void set_state(struct line *line, enum media_line_state state)
{
    if (line->state == state)
        return;
    line->state = state;
    line->port->handlers.on_state(line->id, state, line->port->arg);
}

void line_heard(struct line *line, int pair)
{
    line->heard_ms = line->port->now_ms;
    line->pairs[pair].heard_ms = line->heard_ms;
    if (line->state == MEDIA_LINE_LOST)
        set_state(line, MEDIA_LINE_UP);
}

static void forget_ufrag(struct line *line, unsigned generation)
{
    struct line_ice *ice = &line->ice[generation];

    if (ice->local.ufrag[0] != '\0')
        line_map_remove(&line->port->by_ufrag, ufrag_key(ice->local.ufrag));
    ice->local.ufrag[0] = '\0';
}

void line_ice_retire(struct line *line)
{
    forget_ufrag(line, 1);
}

static void release(struct line *line)
{
    struct line_port *port = line->port;
    uint32_t last = port->active[--port->active_count];

    if (line->dtls != NULL && !line->keyed)
        port->shaking--;
    line_dtls_free(line->dtls);
    if (line->keyed) {
        line_srtp_done(&line->tx);
        line_srtp_done(&line->rx);
    }
    for (int i = 0; i < LINE_PAIRS; i++) {
        if (line->pairs[i].peer.address.family != 0)
            free_pair(line, i);
    }
    forget_ufrag(line, 0);
    forget_ufrag(line, 1);
    line_map_remove(&port->by_id, line->id);
    port->active[line->active_at] = last;
    port->lines[last].active_at = line->active_at;
    port->free_lines[port->free_count++] = line->number;
    line->id = 0;
}

static void end(struct line *line)
{
    struct line_port *port = line->port;
    handle_t id = line->id;

    release(line);
    port->handlers.on_state(id, MEDIA_LINE_CLOSED, port->arg);
}

/* --- open, restart, close ------------------------------------------------------------------ */

static void set_ice(struct line *line, const struct line_credentials *local,
                    const struct line_remote *remote)
{
    line->ice[0].local = *local;
    memcpy(line->ice[0].remote_ufrag, remote->ufrag, sizeof(remote->ufrag));
    (void)line_map_put(&line->port->by_ufrag, ufrag_key(local->ufrag), line->number);
}

int line_open(struct line_port *port, handle_t id, const struct line_credentials *local,
              const struct line_remote *remote, int64_t now_ms)
{
    uint32_t number;
    struct line *line;

    if (id == 0 || strlen(local->ufrag) != LINE_UFRAG_LENGTH)
        return -EINVAL;
    if (line_find(port, id) != NULL || line_find_ufrag(port, local->ufrag) != NULL)
        return -EEXIST;
    if (port->free_count == 0)
        return -EAGAIN;
    number = port->free_lines[--port->free_count];
    line = &port->lines[number];
    *line = (struct line){.id = id, .number = number, .port = port, .selected = -1};
    line->state = MEDIA_LINE_CONNECTING;
    line->heard_ms = now_ms;
    line->checks =
        (struct line_budget){CHECKS_PER_SECOND, CHECKS_PER_SECOND, CHECKS_PER_SECOND, now_ms};
    line->attempts =
        (struct line_budget){ATTEMPTS_PER_SECOND, ATTEMPTS_PER_SECOND, ATTEMPTS_PER_SECOND, now_ms};
    line->records =
        (struct line_budget){RECORDS_PER_SECOND, RECORDS_PER_SECOND, RECORDS_PER_SECOND, now_ms};
    memcpy(line->fingerprint, remote->fingerprint, sizeof(line->fingerprint));
    set_ice(line, local, remote);
    (void)line_map_put(&port->by_id, id, number);
    line->active_at = port->active_count;
    port->active[port->active_count++] = number;
    return 0;
}

int line_restart(struct line_port *port, handle_t id, const struct line_credentials *local,
                 const struct line_remote *remote)
{
    struct line *line = line_find(port, id);

    if (line == NULL)
        return -ENOENT;
    if (strlen(local->ufrag) != LINE_UFRAG_LENGTH)
        return -EINVAL;
    if (line_find_ufrag(port, local->ufrag) != NULL)
        return -EEXIST;
    forget_ufrag(line, 1);
    line->ice[1] = line->ice[0];
    set_ice(line, local, remote);
    return 0;
}

void line_close(struct line_port *port, handle_t id)
{
    struct line *line = line_find(port, id);

    if (line == NULL)
        return;
    if (line->dtls != NULL)
        line_dtls_close(line->dtls);
    line_port_flush(port);
    release(line);
}

/* --- DTLS ---------------------------------------------------------------------------------- */

static void send_record(const uint8_t *bytes, size_t length, void *arg)
{
    struct line *line = arg;

    if (line->selected < 0)
        line->port->counters.send_dropped++;
    else
        line_port_send(line->port, &line->pairs[line->selected].peer, bytes, length);
}

static int take_keys(struct line *line)
{
    struct line_dtls_keys keys;
    int error = line_dtls_keys(line->dtls, &keys);

    if (error != 0)
        return error;
    error = line_srtp_init(&line->rx, keys.suite, false, keys.receive_key, keys.receive_salt);
    if (error == 0) {
        error = line_srtp_init(&line->tx, keys.suite, true, keys.send_key, keys.send_salt);
        if (error != 0)
            line_srtp_done(&line->rx);
    }
    OPENSSL_cleanse(&keys, sizeof(keys));
    if (error != 0)
        return error;
    line->keyed = true;
    line->port->shaking--;
    return 0;
}

static void on_dtls_event(struct line *line, int pair, enum line_dtls_event event)
{
    if (event == LINE_DTLS_ESTABLISHED && take_keys(line) != 0)
        event = LINE_DTLS_FAILED;
    switch (event) {
    case LINE_DTLS_NOTHING:
        break;
    case LINE_DTLS_ESTABLISHED:
        line->heard_ms = line->pairs[pair].heard_ms = line->port->now_ms;
        set_state(line, MEDIA_LINE_UP);
        break;
    case LINE_DTLS_FAILED:
        line->port->counters.dtls_failed++;
        log_warn("line", "dtls_failed", "leg=%u", line->id);
        end(line);
        break;
    case LINE_DTLS_CLOSED:
        end(line);
        break;
    }
}

void line_dtls_arrived(struct line *line, int pair, const uint8_t *bytes, size_t length)
{
    struct line_port *port = line->port;

    if (!line_budget_take(&line->records, port->now_ms) ||
        (!line->keyed && !line_budget_take(&port->handshakes, port->now_ms))) {
        port->counters.dtls_limited++; /* they repeat it when we have time */
        return;
    }
    if (line->dtls == NULL) {
        if (line_dtls_new(port->dtls_context, line->fingerprint, send_record, line, &line->dtls) !=
            0) {
            port->counters.dtls_limited++;
            return;
        }
        port->shaking++;
    }
    if (!line->nominated)
        line_pair_select(line, pair, false); /* DTLS often comes before USE-CANDIDATE */
    on_dtls_event(line, pair, line_dtls_input(line->dtls, bytes, length));
}

/* --- media --------------------------------------------------------------------------------- */

/* RFC 5761 4: the packet type tells RTP from RTCP on one port. */
static bool is_rtcp(const uint8_t *bytes)
{
    return bytes[1] >= 192 && bytes[1] <= 223;
}

void line_rtp_arrived(struct line *line, int pair, uint8_t *bytes, size_t length)
{
    struct line_port *port = line->port;
    handle_t id = line->id;
    bool rtcp = length >= 2 && is_rtcp(bytes);
    int error = -EINVAL;

    if (line->keyed)
        error = rtcp ? line_srtcp_unprotect(&line->rx, bytes, &length)
                     : line_srtp_unprotect(&line->rx, bytes, &length);
    if (error == -EALREADY)
        port->counters.srtp_replayed++;
    else if (error != 0)
        port->counters.srtp_refused++;
    if (error != 0)
        return;
    if (!line->nominated)
        line_pair_select(line, pair, false);
    line_heard(line, pair);
    if (line->id != id)
        return; /* closed by the handler of UP */
    if (rtcp)
        port->handlers.on_rtcp(id, bytes, length, port->now_ms, port->arg);
    else
        port->handlers.on_rtp(id, bytes, length, port->now_ms, port->arg);
}

typedef int (*protect_h)(struct line_srtp *srtp, uint8_t *packet, size_t *length, size_t capacity);

static int send_media(struct line_port *port, handle_t id, const uint8_t *packet, size_t length,
                      protect_h protect)
{
    struct line *line = line_find(port, id);
    const struct line_peer *to;
    int error;

    if (line == NULL)
        return -ENOENT;
    if (!line->keyed)
        return -ENOTCONN;
    if (length > LINE_PLAIN_MAX)
        return -EMSGSIZE;
    if (line->selected < 0) {
        port->counters.send_dropped++;
        return 0;
    }
    to = &line->pairs[line->selected].peer;
    if (to->connection != 0) {
        uint8_t copy[LINE_PLAIN_MAX + LINE_SRTP_OVERHEAD];
        memcpy(copy, packet, length);
        error = protect(&line->tx, copy, &length, sizeof(copy));
        if (error == 0)
            line_tcp_send(port, to->connection, copy, length);
    } else {
        struct line_out *out = line_port_queue(port, to);
        memcpy(out->bytes, packet, length);
        out->length = length;
        error = protect(&line->tx, out->bytes, &out->length, sizeof(out->bytes));
        if (error == 0)
            line_port_queued(port);
    }
    return error;
}

int line_send_rtp(struct line_port *port, handle_t id, const uint8_t *packet, size_t length)
{
    return send_media(port, id, packet, length, line_srtp_protect);
}

int line_send_rtcp(struct line_port *port, handle_t id, const uint8_t *packet, size_t length)
{
    return send_media(port, id, packet, length, line_srtcp_protect);
}

/* --- time ---------------------------------------------------------------------------------- */

/* Handlers may close any line: walk backwards, closing moves the last one into the gap. */
void line_table_tick(struct line_port *port)
{
    bool sweep = port->now_ms - port->swept_ms >= SWEEP_MS;

    if (sweep)
        port->swept_ms = port->now_ms;
    if (!sweep && port->shaking == 0)
        return;
    for (uint32_t i = port->active_count; i-- > 0;) {
        struct line *line;

        if (i >= port->active_count)
            continue;
        line = &port->lines[port->active[i]];
        if (line->dtls != NULL && !line->keyed)
            on_dtls_event(line, -1, line_dtls_timer(line->dtls));
        else if (line->state == MEDIA_LINE_UP &&
                 port->now_ms - line->heard_ms >= port->lost_after_ms)
            set_state(line, MEDIA_LINE_LOST);
    }
}
