/* Legs of the media thread: opening, receiving, closing. */
#include <errno.h>
#include <hotlined/log.h>
#include <hotlined/metrics.h>
#include <hotlined/sdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/engine.h"
#include "media/g711.h"

enum { COMFORT_NOISE = 13, PAUSE_MS = 200 };

static struct metric metric_strangers = {
    .name = "hotlined_media_strangers_total",
    .help = "RTP packets from addresses that are not, or not yet, the far side's.",
    .kind = METRIC_COUNTER};

void legs_register(void)
{
    metric_register(&metric_strangers);
}

static void tell(struct engine *engine, const struct mleg *leg, enum media_event_kind kind)
{
    const struct media_event event = {.kind = kind, .leg = leg->handle};

    events_push(engine->events, &event);
}

/* --- opening and closing -------------------------------------------------------------------- */

/* The sockets go back to the control thread, ready for another leg. */
static void release(struct engine *engine, handle_t handle, struct mleg *leg)
{
    struct media_event event = {
        .kind = EVENT_LEG_CLOSED, .leg = handle, .closed = {.fds = {-1, -1}}};

    if (leg) {
        stats_finish(leg, &event.closed.stats);
        event.closed.fds[0] = leg->fds[0];
        event.closed.fds[1] = leg->fds[1];
    }
    events_push(engine->events, &event);
}

static struct mleg *take(struct engine *engine, handle_t handle)
{
    struct mleg *leg = &engine->legs[handle & 0xFFFFF];

    memset(leg, 0, sizeof(*leg));
    leg->fds[0] = leg->fds[1] = -1;
    if (jitter_init(&leg->jitter) < 0)
        return NULL;
    leg->handle = handle;
    leg->place = schedule_add(&engine->active, handle & 0xFFFFF);
    leg->telephone_event = -1;
    leg->stats.round_trip_us = -1;
    leg->heard_ms = engine_now_ms(engine);
    send_init(&leg->sender);
    rtcp_init(engine, leg);
    return leg;
}

static void apply(struct engine *engine, struct mleg *leg, const struct command_remote *remote)
{
    leg->codec = remote->codec;
    leg->telephone_event = remote->telephone_event;
    if (!remote->known)
        return;
    peer_set(&leg->peer, &remote->rtp);
    leg->rtcp_to = remote->rtcp;
    leg->may_send = remote->may_send;
    leg->sender.segment = SEGMENT_NONE;
    leg->expects = remote->expects;
    leg->heard_ms = engine_now_ms(engine);
    leg->first_told = leg->silence_told = false;
    leg->pauses = false; /* perhaps somebody else speaks there now */
}

void leg_open_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = take(engine, command->leg);
    uint64_t tag = TAG_LEG + 2 * (uint64_t)(command->leg & 0xFFFFF);

    if (leg) {
        leg->fds[0] = command->fds[0];
        leg->fds[1] = command->fds[1];
        command->fds[0] = command->fds[1] = -1;
        apply(engine, leg, &command->remote);
    }
    if (!leg || engine_watch(engine, leg->fds[0], tag) < 0 ||
        engine_watch(engine, leg->fds[1], tag + 1) < 0) {
        log_error("media", "leg_not_opened", "leg=%u", command->leg);
        if (leg)
            leg_close(engine, leg);
        else
            release(engine, command->leg, NULL);
    }
}

void leg_remote_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (leg && !leg->is_line)
        apply(engine, leg, &command->remote);
}

void leg_line_open_command(struct engine *engine, struct command *command)
{
    const struct line_remote *remote = &command->line->remote;
    struct mleg *leg = take(engine, command->leg);
    int r = leg ? line_open(engine->port, command->leg, &command->line->local, remote,
                            engine_now_ms(engine))
                : -ENOMEM;

    if (leg) {
        leg->is_line = true;
        leg->codec = remote->pcma ? SDP_PT_PCMA : SDP_PT_PCMU;
        leg->telephone_event = remote->telephone_event;
    }
    if (r < 0) {
        log_error("media", "line_not_opened", "leg=%u errno=%d", command->leg, -r);
        if (leg)
            leg_line_state(engine, leg, MEDIA_LINE_CLOSED);
        else
            release(engine, command->leg, NULL);
    }
}

void leg_line_restart_command(struct engine *engine, struct command *command)
{
    int r = line_restart(engine->port, command->leg, &command->line->local, &command->line->remote);

    if (r < 0)
        log_warn("media", "line_restart_refused", "leg=%u errno=%d", command->leg, -r);
}

void leg_line_state(struct engine *engine, struct mleg *leg, enum media_line_state state)
{
    const struct media_event event = {.kind = EVENT_LINE, .leg = leg->handle, .line = state};

    if (leg->line_state == MEDIA_LINE_CLOSED)
        return;
    leg->line_state = state;
    if (state == MEDIA_LINE_UP)
        leg->may_send = true;
    if (state == MEDIA_LINE_CLOSED)
        leg->may_send = false;
    engine_wake_leg(engine, leg);
    events_push(engine->events, &event);
}

/* --- measuring ------------------------------------------------------------------------------ */

static void measure_end(struct engine *engine, struct mleg *leg)
{
    struct media_event event = {
        .kind = EVENT_MEASURED, .leg = leg->handle, .measured = {.token = leg->measure.token}};

    if (!leg->measure.on)
        return;
    leg->measure.on = false;
    stats_since(leg, &event.measured.stats);
    events_push(engine->events, &event);
}

void leg_measure_begin_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (!leg)
        return;
    measure_end(engine, leg);
    leg->measure = (struct measure){.on = true, .token = command->token};
    stats_finish(leg, &leg->measure.begin);
}

void leg_measure_end_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (leg)
        measure_end(engine, leg);
}

void leg_close(struct engine *engine, struct mleg *leg)
{
    measure_end(engine, leg);
    room_leave_leg(leg);
    play_drop(&leg->player);
    if (leg->is_line) {
        line_close(engine->port, leg->handle);
        leg_line_state(engine, leg, MEDIA_LINE_CLOSED);
    }
    for (int i = 0; i < 2; i++)
        if (leg->fds[i] >= 0)
            engine_unwatch(engine, leg->fds[i]);
    jitter_done(&leg->jitter);
    engine->legs[schedule_remove(&engine->active, leg->place)].place = leg->place;
    release(engine, leg->handle, leg);
    leg->handle = 0;
}

void leg_close_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (leg)
        leg_close(engine, leg);
}

void leg_digit_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (leg && tev_queue(&leg->digits_out, command->digit, command->duration_ms) < 0)
        log_warn("media", "digit_not_sent", "leg=%u reason=queue_full", command->leg);
}

/* --- receiving ------------------------------------------------------------------------------ */

static void tell_digit(struct engine *engine, const struct mleg *leg, char digit, int duration_ms)
{
    const struct media_event event = {.kind = EVENT_DIGIT,
                                      .leg = leg->handle,
                                      .press = {.digit = digit, .duration_ms = duration_ms}};

    if (digit)
        events_push(engine->events, &event);
}

static bool is_audio(const struct rtp_packet *packet)
{
    return packet->payload_type == SDP_PT_PCMA || packet->payload_type == SDP_PT_PCMU;
}

static bool is_event(const struct mleg *leg, const struct rtp_packet *packet)
{
    return leg->telephone_event >= 0 && packet->payload_type == leg->telephone_event;
}

/* Is the packet from whom it should be, and worth its place? */
static bool believed(struct engine *engine, struct mleg *leg, const struct rtp_packet *packet,
                     const union addr *from)
{
    bool known_type =
        is_audio(packet) || is_event(leg, packet) || packet->payload_type == COMFORT_NOISE;

    if (!known_type) {
        leg->stats.packets_discarded++;
        return false;
    }
    if (!from) /* a line: authenticated by SRTP */
        return true;
    enum peer_verdict verdict = peer_judge(&leg->peer, from, packet, engine_now_ms(engine));
    if (verdict != PEER_ACCEPT)
        metric_add(&metric_strangers, 1);
    if (verdict == PEER_STRANGER)
        leg->stats.packets_discarded++;
    return verdict == PEER_ACCEPT;
}

/* --- gaps: somebody in a room is not heard any more --------------------------------------------
 */

static void tell_gap(struct engine *engine, struct mleg *leg, bool quiet)
{
    const struct media_event event = {
        .kind = EVENT_GAP, .leg = leg->handle, .gap = {.room = leg->room->handle, .quiet = quiet}};

    leg->gap_told = quiet;
    events_push(engine->events, &event);
}

static bool times_gap(const struct mleg *leg)
{
    return leg->room && leg->streams && !leg->gap_told && !leg->pauses &&
           (leg->is_line || leg->expects);
}

/* Before rtp_receive(): the number after the newest one, and late: nothing was lost on the way, the
 * other side had said nothing. Browsers say silence, too; a page that was held up is no VAD. */
static bool paused(const struct engine *engine, const struct mleg *leg,
                   const struct rtp_packet *packet)
{
    return !leg->is_line && leg->receiver.started && packet->ssrc == leg->receiver.ssrc &&
           (uint16_t)(packet->seq - leg->receiver.max_seq) == 1 &&
           engine_now_ms(engine) - leg->heard_ms > PAUSE_MS;
}

static void heard(struct engine *engine, struct mleg *leg, const struct rtp_packet *packet)
{
    leg->pauses |= packet->payload_type == COMFORT_NOISE;
    if (leg->gap_told || (leg->room && !leg->streams))
        engine_wake_leg(engine, leg); /* from now on gaps are timed */
    if (leg->gap_told)
        tell_gap(engine, leg, false);
    leg->streams = leg->room != NULL;
    leg->stats.packets_received++;
    leg->stats.octets_received += packet->length;
    leg->heard_ms = engine_now_ms(engine);
    if (leg->silence_told)
        engine_wake_leg(engine, leg); /* the next silence is timed */
    leg->silence_told = false;
    if (!leg->first_told) {
        leg->first_told = true;
        tell(engine, leg, EVENT_FIRST_PACKET);
    }
}

void leg_received_rtp(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size,
                      const union addr *from)
{
    struct rtp_packet packet;
    int duration_ms = 0;

    if (rtp_parse(bytes, size, &packet) < 0) {
        leg->stats.packets_discarded++;
        return;
    }
    if (!believed(engine, leg, &packet, from))
        return;
    bool after_pause = paused(engine, leg, &packet);
    enum rtp_order order = rtp_receive(&leg->receiver, &packet, engine_samples(engine));
    if (order == RTP_DUPLICATE || order == RTP_JUMP) {
        leg->stats.packets_discarded++;
        return;
    }
    leg->pauses |= after_pause;
    heard(engine, leg, &packet);
    leg->measure.jitter_sum += leg->receiver.jitter_q4;
    leg->measure.jitter_count++;
    if (is_event(leg, &packet)) {
        char digit = tev_receive(&leg->digits_in, &packet, engine_now_ms(engine), &duration_ms);
        tell_digit(engine, leg, digit, duration_ms);
        engine_wake_leg(engine, leg); /* its end may be lost */
        send_withhold(leg);
    } else if (is_audio(&packet) && packet.length > 0) {
        const uint8_t *to_alaw = packet.payload_type == SDP_PT_PCMA ? NULL : g711_alaw_of_ulaw;
        bool fresh = order == RTP_RESTART || packet.marker;
        if (!jitter_put(&leg->jitter, packet.timestamp, packet.payload, packet.length, to_alaw,
                        fresh))
            leg->stats.packets_discarded++;
        if (leg->recording)
            tracks_leg_speaks(engine, leg);
        send_forward(engine, leg, &packet, order == RTP_RESTART);
    }
}

/* RTCP is believed from the host the sound comes from, or the one the SDP named. */
static void received_rtcp(struct engine *engine, struct mleg *leg, const uint8_t *bytes,
                          size_t size, const union addr *from)
{
    bool latched = leg->peer.latched && addr_same_host(from, &leg->peer.to);

    if (!latched && !addr_equal(from, &leg->rtcp_to)) {
        leg->stats.packets_discarded++;
        return;
    }
    if (!rtcp_received(engine, leg, bytes, size)) {
        leg->stats.packets_discarded++;
        return;
    }
    leg->rtcp_to = *from;
}

/* One datagram: epoll says so when there is more, and asking for more than the one that is nearly
 * always there costs as much as it. */
void leg_readable(struct engine *engine, struct mleg *leg, bool rtcp)
{
    uint8_t bytes[PACKET_MAX];
    union addr from;
    socklen_t length = sizeof(from);

    ssize_t size =
        recvfrom(leg->fds[rtcp], bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC, &from.sa, &length);
    if (size < 0)
        return; /* ECONNREFUSED: an ICMP answer to something we sent; reading it is enough */
    if ((size_t)size > sizeof(bytes)) {
        leg->stats.packets_discarded++;
    } else if (rtcp) {
        received_rtcp(engine, leg, bytes, (size_t)size, &from);
    } else {
        leg_received_rtp(engine, leg, bytes, (size_t)size, &from);
    }
}

/* --- each tick ------------------------------------------------------------------------------ */

static void tell_overdue(struct engine *engine, struct mleg *leg)
{
    int duration_ms = 0;
    char digit = tev_overdue(&leg->digits_in, engine_now_ms(engine), &duration_ms);

    tell_digit(engine, leg, digit, duration_ms);
}

static bool times_silence(const struct engine *engine, const struct mleg *leg)
{
    return leg->expects && !leg->silence_told && engine->rtp_timeout_ms > 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_tick(const struct engine *engine, const struct mleg *leg)
{
    int64_t at = sooner(leg->reports.next_ms, send_due_ms(engine, leg));

    if (leg->digits_in.pending)
        return engine->tick + 1;
    if (times_silence(engine, leg))
        at = sooner(at, leg->heard_ms + engine->rtp_timeout_ms);
    if (times_gap(leg))
        at = sooner(at, leg->heard_ms + MEDIA_GAP_MS);
    return engine_tick_at(engine, at);
}

uint64_t leg_tick(struct engine *engine, struct mleg *leg)
{
    int64_t now_ms = engine_now_ms(engine);

    tell_overdue(engine, leg);
    if (times_silence(engine, leg) && now_ms - leg->heard_ms >= engine->rtp_timeout_ms) {
        leg->silence_told = true;
        tell(engine, leg, EVENT_RTP_TIMEOUT);
    }
    if (times_gap(leg) && now_ms - leg->heard_ms >= MEDIA_GAP_MS)
        tell_gap(engine, leg, true);
    send_tick(engine, leg);
    rtcp_tick(engine, leg);
    return next_tick(engine, leg);
}

const uint8_t *leg_frame(struct engine *engine, struct mleg *leg)
{
    if (leg->frame_tick != engine->tick) {
        leg->frame_tick = engine->tick;
        leg->frame_sounds = jitter_read(&leg->jitter, engine->tick, leg->frame);
    }
    return leg->frame_sounds ? leg->frame : NULL;
}
