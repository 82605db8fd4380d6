/* What a leg gets: forwarded packets, digits, plays, mixes, silence. */
#include <hotlined/id.h>
#include <hotlined/sdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "media/audio.h"
#include "media/engine.h"
#include "media/g711.h"

enum {
    QUIET_MS = 100,     /* a forwarded source that paused so long is replaced by silence */
    JUMP_SEQ = 500,     /* sequence or ... */
    JUMP_SAMPLES = 8000 /* ... timestamp leaps that begin a new segment */
};

void send_init(struct sender *sender)
{
    memset(sender, 0, sizeof(*sender));
    random_bytes(&sender->ssrc, sizeof(sender->ssrc));
    random_bytes(&sender->seq, sizeof(sender->seq));
    random_bytes(&sender->base_ts, sizeof(sender->base_ts));
}

void send_bytes(struct engine *engine, struct mleg *leg, const uint8_t *bytes, size_t size,
                bool rtcp)
{
    if (leg->is_line) {
        (void)(rtcp ? line_send_rtcp(engine->port, leg->handle, bytes, size)
                    : line_send_rtp(engine->port, leg->handle, bytes, size));
        return;
    }
    const union addr *to = rtcp ? &leg->rtcp_to : &leg->peer.to;
    /* A full socket buffer or an ICMP error loses one packet, as the network would. */
    (void)sendto(leg->fds[rtcp], bytes, size, MSG_DONTWAIT, &to->sa, addr_length(to));
}

static void send_packet(struct engine *engine, struct mleg *leg, struct rtp_packet *packet)
{
    struct sender *sender = &leg->sender;
    uint8_t bytes[PACKET_MAX];

    if (packet->length > sizeof(bytes) - RTP_HEADER_SIZE)
        return;
    packet->ssrc = sender->ssrc;
    rtp_write_header(bytes, packet);
    memcpy(bytes + RTP_HEADER_SIZE, packet->payload, packet->length);
    send_bytes(engine, leg, bytes, RTP_HEADER_SIZE + packet->length, false);
    if (!sender->any || (int16_t)(packet->seq - sender->seq) > 0)
        sender->seq = packet->seq;
    if (!sender->any || (int32_t)(packet->timestamp - sender->last_ts) > 0)
        sender->last_ts = packet->timestamp;
    sender->any = true;
    leg->stats.packets_sent++;
    leg->stats.octets_sent += packet->length;
}

/* --- forwarding ----------------------------------------------------------------------------- */

static bool hears_only_forwarded(const struct mleg *leg)
{
    return leg->player.list.count == 0 && !tev_sending(&leg->digits_out) &&
           __builtin_popcount(room_heard(leg)) == 1;
}

/* The first timestamp of a new segment: the wall clock's, but never overlapping the last one. */
static uint32_t next_ts(const struct sender *sender, uint32_t clock)
{
    uint32_t ts = sender->base_ts + clock;

    if (sender->any && (int32_t)(ts - sender->last_ts) < FRAME)
        ts = sender->last_ts + FRAME;
    return ts;
}

static bool leaps(const struct engine *engine, const struct sender *sender,
                  const struct rtp_packet *packet)
{
    uint32_t clock = sender->base_ts + engine_samples(engine);
    int32_t drift = (int32_t)(packet->timestamp + sender->ts_delta - clock);
    int16_t step = (int16_t)(packet->seq + sender->seq_delta - sender->seq);

    return step > JUMP_SEQ || drift > JUMP_SAMPLES || drift < -JUMP_SAMPLES;
}

static void start_segment(const struct engine *engine, struct sender *sender,
                          const struct mleg *from, const struct rtp_packet *packet)
{
    sender->segment = SEGMENT_FORWARD;
    sender->source = from->handle;
    sender->source_ssrc = packet->ssrc;
    sender->first_in = packet->seq;
    sender->seq_delta = (uint16_t)(sender->seq + 1 - packet->seq);
    sender->ts_delta = next_ts(sender, engine_samples(engine)) - packet->timestamp;
}

static const uint8_t *translate(const struct rtp_packet *packet, uint8_t codec,
                                uint8_t out[PACKET_MAX])
{
    const uint8_t *table = codec == SDP_PT_PCMA ? g711_alaw_of_ulaw : g711_ulaw_of_alaw;

    if (packet->payload_type == codec || packet->length > PACKET_MAX)
        return packet->payload;
    for (size_t i = 0; i < packet->length; i++)
        out[i] = table[packet->payload[i]];
    return out;
}

/* Losses and reorderings of the source stay visible to the receiver: within a segment sequence
 * numbers and timestamps differ from the source's by a constant. */
static void forward_to(struct engine *engine, struct mleg *leg, const struct mleg *from,
                       const struct rtp_packet *packet, bool fresh)
{
    struct sender *sender = &leg->sender;
    uint8_t translated[PACKET_MAX];
    struct rtp_packet out = *packet;

    if (!leg->may_send || !hears_only_forwarded(leg))
        return;
    bool same = sender->segment == SEGMENT_FORWARD && sender->source == from->handle &&
                sender->source_ssrc == packet->ssrc && !fresh && !leaps(engine, sender, packet);
    if (!same) {
        start_segment(engine, sender, from, packet);
        out.marker = true;
    } else if ((int16_t)(packet->seq - sender->first_in) < 0) {
        return; /* older than the switch: its number was given to somebody else's packet */
    }
    out.seq = (uint16_t)(packet->seq + sender->seq_delta);
    out.timestamp = packet->timestamp + sender->ts_delta;
    out.payload_type = leg->codec;
    out.payload = translate(packet, leg->codec, translated);
    sender->forwarded_ms = engine_now_ms(engine);
    send_packet(engine, leg, &out);
}

void send_forward(struct engine *engine, struct mleg *from, const struct rtp_packet *packet,
                  bool fresh)
{
    const struct mroom *room = from->room;

    for (unsigned seat = 0; room && seat < MEDIA_ROOM_LEGS; seat++)
        if (room->legs[seat] && room->hears[seat] >> from->seat & 1)
            forward_to(engine, room->legs[seat], from, packet, fresh);
}

/* It is told upwards, and who else is to have it gets one of ours: passed on as well, it would
 * arrive twice. The numbers it took are nobody's loss: what follows is a new segment. */
void send_withhold(const struct mleg *from)
{
    const struct mroom *room = from->room;

    for (unsigned seat = 0; room && seat < MEDIA_ROOM_LEGS; seat++) {
        struct sender *sender = room->legs[seat] ? &room->legs[seat]->sender : NULL;
        if (sender && sender->segment == SEGMENT_FORWARD && sender->source == from->handle)
            sender->segment = SEGMENT_NONE;
    }
}

/* --- playing -------------------------------------------------------------------------------- */

void play_drop(struct player *player)
{
    for (unsigned i = 0; i < player->list.count; i++)
        media_audio_unref(player->list.audio[i]);
    memset(player, 0, sizeof(*player));
}

void play_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (!leg)
        return;
    play_drop(&leg->player);
    leg->player.list = *command->play;
    leg->player.serial = command->serial;
    command->play->count = 0; /* the references are ours now */
}

void play_stop_command(struct engine *engine, struct command *command)
{
    struct mleg *leg = engine_leg(engine, command->leg);

    if (leg)
        play_drop(&leg->player);
}

/* Moves over ends (and empty pieces) to a sample that exists; false at the end of the list. */
static bool settle(struct player *player)
{
    unsigned empty = 0;

    while (player->index < player->list.count) {
        if (player->at < player->list.audio[player->index]->count)
            return true;
        player->at = 0;
        player->index++;
        if (player->index == player->list.count && player->list.loop &&
            ++empty <= 1) /* a loop over nothing ends */
            player->index = 0;
    }
    return false;
}

/* The next frame in A-law, padded with silence at the end of the list. */
static void play_frame(struct player *player, uint8_t out[FRAME])
{
    size_t have = 0;

    while (have < FRAME && settle(player)) {
        const struct media_audio *audio = player->list.audio[player->index];
        size_t left = audio->count - player->at;
        size_t part = left < FRAME - have ? left : FRAME - have;
        memcpy(out + have, audio->codes + player->at, part);
        player->at += part;
        have += part;
    }
    memset(out + have, G711_ALAW_SILENCE, FRAME - have);
}

/* True while there was something to play; tells the end once the last frame has gone out. */
static bool playing(struct engine *engine, struct mleg *leg)
{
    struct player *player = &leg->player;
    struct media_event event = {.kind = EVENT_PLAY_DONE, .leg = leg->handle};

    if (player->list.count == 0)
        return false;
    if (settle(player))
        return true;
    event.play.token = player->list.token;
    event.play.serial = player->serial;
    play_drop(player);
    events_push(engine->events, &event);
    return false;
}

/* --- the tick ------------------------------------------------------------------------------- */

/* Timestamps follow the ticks; a pause leaves a gap in them, and the marker says so. */
static uint32_t tick_ts(const struct engine *engine, struct sender *sender, bool *ret_marker)
{
    uint32_t clock = (uint32_t)(engine->tick * FRAME);

    *ret_marker = sender->segment != SEGMENT_TICK || sender->tick + 1 != engine->tick;
    if (sender->segment != SEGMENT_TICK) {
        sender->segment = SEGMENT_TICK;
        sender->ts_delta = next_ts(sender, clock) - clock;
    }
    sender->tick = engine->tick;
    return clock + sender->ts_delta;
}

static void send_digit(struct engine *engine, struct mleg *leg)
{
    struct sender *sender = &leg->sender;
    uint8_t payload[4];
    bool first = false, marker;

    if (!tev_next(&leg->digits_out, payload, &first))
        return;
    uint32_t ts = tick_ts(engine, sender, &marker);
    if (first)
        sender->digit_ts = ts;
    struct rtp_packet packet = {.payload_type = (uint8_t)leg->telephone_event,
                                .marker = first,
                                .seq = (uint16_t)(sender->seq + 1),
                                .timestamp = sender->digit_ts,
                                .payload = payload,
                                .length = sizeof(payload)};
    send_packet(engine, leg, &packet);
}

static void send_frame(struct engine *engine, struct mleg *leg, const uint8_t codes[FRAME])
{
    struct rtp_packet packet = {.payload_type = leg->codec,
                                .seq = (uint16_t)(leg->sender.seq + 1),
                                .payload = codes,
                                .length = FRAME};

    packet.timestamp = tick_ts(engine, &leg->sender, &packet.marker);
    send_packet(engine, leg, &packet);
}

static void to_codec(uint8_t codec, uint8_t alaw[FRAME])
{
    for (int i = 0; codec == SDP_PT_PCMU && i < FRAME; i++)
        alaw[i] = g711_ulaw_of_alaw[alaw[i]];
}

static uint8_t encode(uint8_t codec, int32_t sum)
{
    int16_t sample = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);

    return codec == SDP_PT_PCMA ? g711_alaw_encode(sample) : g711_ulaw_encode(sample);
}

/* Sum of those heard (never the leg itself) and, if given, of what is played. */
static void mix(struct engine *engine, struct mleg *leg, uint8_t heard, const uint8_t *play,
                uint8_t out[FRAME])
{
    int32_t sum[FRAME] = {0};

    for (unsigned seat = 0; seat < MEDIA_ROOM_LEGS; seat++) {
        if (!(heard >> seat & 1) || !leg->room->legs[seat])
            continue;
        const uint8_t *frame = leg_frame(engine, leg->room->legs[seat]);
        for (int i = 0; frame && i < FRAME; i++)
            sum[i] += g711_alaw_table[frame[i]];
    }
    for (int i = 0; play && i < FRAME; i++)
        sum[i] += g711_alaw_table[play[i]];
    for (int i = 0; i < FRAME; i++)
        out[i] = encode(leg->codec, sum[i]);
}

/* A forwarded source that went quiet: the far side still gets its packet each 20 ms. */
static bool source_is_quiet(const struct engine *engine, const struct mleg *leg)
{
    return leg->sender.segment != SEGMENT_FORWARD ||
           engine_now_ms(engine) - leg->sender.forwarded_ms > QUIET_MS;
}

/* Who is in a room has a stream that never stops, though there is nothing to be heard: gateways
 * take one that stops for dead. */
static bool needs_silence(const struct engine *engine, const struct mleg *leg)
{
    return leg->room && (room_heard(leg) == 0 || source_is_quiet(engine, leg));
}

int64_t send_due_ms(const struct engine *engine, const struct mleg *leg)
{
    uint8_t heard = room_heard(leg);

    if (leg->player.list.count > 0)
        return engine_now_ms(engine);
    if (!leg->may_send)
        return INT64_MAX;
    if (tev_sending(&leg->digits_out) || __builtin_popcount(heard) > 1)
        return engine_now_ms(engine);
    if (!leg->room)
        return INT64_MAX;
    return needs_silence(engine, leg) ? engine_now_ms(engine)
                                      : leg->sender.forwarded_ms + QUIET_MS + 1;
}

void send_tick(struct engine *engine, struct mleg *leg)
{
    uint8_t heard = room_heard(leg);
    uint8_t play[FRAME], out[FRAME];

    bool plays = playing(engine, leg);
    bool exclusive = plays && leg->player.list.exclusive;
    if (plays)
        play_frame(&leg->player, play); /* goes on even if nobody can be reached */
    if (!leg->may_send)
        return;
    if (tev_sending(&leg->digits_out)) {
        send_digit(engine, leg);
    } else if (plays && (exclusive || heard == 0)) {
        to_codec(leg->codec, play);
        send_frame(engine, leg, play);
    } else if (plays || __builtin_popcount(heard) > 1) {
        mix(engine, leg, heard, plays ? play : NULL, out);
        send_frame(engine, leg, out);
    } else if (needs_silence(engine, leg)) {
        memset(out, leg->codec == SDP_PT_PCMA ? G711_ALAW_SILENCE : G711_ULAW_SILENCE, FRAME);
        send_frame(engine, leg, out);
    }
}
