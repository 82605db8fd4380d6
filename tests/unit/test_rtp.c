/* rooms: base media */
/* The parts under a leg that need no socket: packets, latch, digits, jitter ring, G.711, MOS. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <media/engine.h>
#include <media/g711.h>
#include <spandsp.h>

/* --- G.711 against spandsp -------------------------------------------------------------------- */

static void g711_agrees_with_spandsp(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        assert_int_equal(g711_alaw_table[code], alaw_to_linear((uint8_t)code));
        assert_int_equal(g711_ulaw_table[code], ulaw_to_linear((uint8_t)code));
        assert_int_equal(g711_alaw_encode(g711_alaw_table[code]), code);
        assert_true(abs(g711_alaw_table[g711_alaw_of_ulaw[code]] - g711_ulaw_table[code]) <=
                    abs(g711_ulaw_table[code]) / 16 + 16);
    }
    for (int sample = INT16_MIN; sample <= INT16_MAX; sample++) {
        assert_int_equal(g711_alaw_encode((int16_t)sample), linear_to_alaw(sample));
        int back = g711_ulaw_table[g711_ulaw_encode((int16_t)sample)];
        assert_true(abs(back - sample) <= abs(sample) / 16 + 16 || abs(sample) > 32124);
    }
    assert_int_equal(g711_alaw_table[G711_ALAW_SILENCE], 8);
    assert_int_equal(g711_ulaw_table[G711_ULAW_SILENCE], 0);
}

/* --- packets ---------------------------------------------------------------------------------- */

static void headers_with_csrc_extension_and_padding_are_measured(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[28];
        size_t size;
        int length; /* of the payload, -1 = refused */
    } rows[] = {
        {"plain", {0x80, 8}, 14, 2},
        {"empty payload", {0x80, 8}, 12, 0},
        {"too short", {0x80, 8}, 11, -1},
        {"version 1", {0x40, 8}, 20, -1},
        {"two CSRC", {0x82, 8}, 20, 0},
        {"two CSRC do not fit", {0x82, 8}, 19, -1},
        {"extension of 1 word", {0x90, 8, [15] = 1}, 22, 2},
        {"extension header cut", {0x90, 8}, 15, -1},
        {"extension too long", {0x90, 8, [14] = 0xFF, [15] = 0xFF}, 28, -1},
        {"padding of 3", {0xA0, 8, [17] = 3}, 18, 3},
        {"padding of 0", {0xA0, 8}, 18, -1},
        {"padding over the header", {0xA0, 8, [17] = 7}, 18, -1},
        {"padding is all", {0xA0, 8, [17] = 6}, 18, 0},
    };
    struct rtp_packet packet;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int r = rtp_parse(rows[i].bytes, rows[i].size, &packet);
        if (r == 0 ? (int)packet.length != rows[i].length : rows[i].length != -1)
            fail_msg("%s", rows[i].what);
    }
}

static void loss_and_order_survive_wrap_and_restart(void **state)
{
    struct rtp_receiver receiver = {0};
    struct rtp_packet packet = {.ssrc = 1, .seq = 65530};

    (void)state;
    assert_int_equal(rtp_receive(&receiver, &packet, 0), RTP_RESTART);
    for (int i = 0; i < 20; i++) {
        packet.seq++;
        packet.timestamp += 160;
        if (i == 3 || i == 10)
            continue; /* lost */
        assert_int_equal(rtp_receive(&receiver, &packet, packet.timestamp), RTP_NEXT);
    }
    assert_int_equal(rtp_lost(&receiver), 2);
    assert_int_equal(rtp_extended_seq(&receiver), 65550);
    assert_int_equal(rtp_receive(&receiver, &packet, 0), RTP_DUPLICATE);
    packet.seq = (uint16_t)(65530 + 11);
    assert_int_equal(rtp_receive(&receiver, &packet, packet.timestamp), RTP_REORDERED);
    assert_int_equal(rtp_receive(&receiver, &packet, packet.timestamp), RTP_DUPLICATE);
    assert_int_equal(rtp_lost(&receiver), 1);
    assert_int_equal(rtp_fraction_lost(&receiver), 256 / 21);
    packet.seq = 40000;
    assert_int_equal(rtp_receive(&receiver, &packet, 0), RTP_JUMP);
    packet.seq = 40001;
    assert_int_equal(rtp_receive(&receiver, &packet, 0), RTP_RESTART);
    packet.ssrc = 2;
    assert_int_equal(rtp_receive(&receiver, &packet, 0), RTP_RESTART);
    assert_int_equal(rtp_lost(&receiver), 1); /* kept over restarts */
    assert_int_equal(receiver.jitter_q4, 0);
}

/* --- the latch -------------------------------------------------------------------------------- */

static enum peer_verdict judge(struct peer *peer, const char *ip, uint16_t port, uint32_t ssrc,
                               uint16_t seq, int64_t now_ms)
{
    const struct rtp_packet packet = {.ssrc = ssrc, .seq = seq};
    union addr from;

    assert_int_equal(addr_parse(ip, port, &from), 0);
    return peer_judge(peer, &from, &packet, now_ms);
}

static void the_latch_follows_its_rules(void **state)
{
    struct peer peer = {0};
    union addr told, other;

    (void)state;
    assert_int_equal(addr_parse("not-an-ip", 1, &told), -EINVAL);
    assert_int_equal(addr_parse("10.0.0.5", 4000, &told), 0);
    assert_int_equal(addr_parse("192.0.2.1", 9000, &other), 0);
    peer_set(&peer, &told);
    /* behind a NAT: three in sequence, and interleaved strangers do not help or hurt */
    assert_int_equal(judge(&peer, "192.0.2.1", 9000, 1, 10, 0), PEER_PENDING);
    assert_int_equal(judge(&peer, "198.51.100.1", 9, 7, 1, 0), PEER_PENDING);
    assert_int_equal(judge(&peer, "192.0.2.1", 9000, 1, 11, 20), PEER_PENDING);
    assert_int_equal(judge(&peer, "198.51.100.1", 9, 7, 9, 0), PEER_PENDING);
    assert_int_equal(judge(&peer, "192.0.2.1", 9000, 1, 12, 40), PEER_ACCEPT);
    assert_true(addr_equal(&peer.to, &other));
    assert_int_equal(judge(&peer, "198.51.100.1", 9, 7, 10, 60), PEER_STRANGER);
    /* the same stream from a new address, but the old one still talks */
    assert_int_equal(judge(&peer, "192.0.2.1", 9001, 1, 13, 1000), PEER_STRANGER);
    /* after two seconds of silence it has moved; another SSRC has not */
    assert_int_equal(judge(&peer, "198.51.100.1", 9, 7, 14, 2100), PEER_STRANGER);
    for (uint16_t seq = 13; seq < 15; seq++)
        assert_int_equal(judge(&peer, "192.0.2.1", 9001, 1, seq, 2100), PEER_PENDING);
    assert_int_equal(judge(&peer, "192.0.2.1", 9001, 1, 15, 2140), PEER_ACCEPT);
    /* the SDP's own address wins over what was latched, though it goes on talking */
    for (uint16_t seq = 500; seq < 502; seq++) {
        assert_int_equal(judge(&peer, "10.0.0.5", 4000, 3, seq, 2200), PEER_PENDING);
        assert_int_equal(judge(&peer, "192.0.2.1", 9001, 1, 16, 2200), PEER_ACCEPT);
    }
    assert_int_equal(judge(&peer, "10.0.0.5", 4000, 3, 502, 2240), PEER_ACCEPT);
    assert_int_equal(judge(&peer, "192.0.2.1", 9001, 1, 17, 2260), PEER_STRANGER);
    /* the same SDP again changes nothing, another one starts over */
    peer_set(&peer, &told);
    assert_true(peer.latched);
    peer_set(&peer, &other);
    assert_false(peer.latched);
    assert_int_equal(judge(&peer, "192.0.2.1", 9000, 1, 18, 2300), PEER_ACCEPT);
}

/* --- the jitter ring -------------------------------------------------------------------------- */

enum { SILENT = 8 }; /* A-law has no zero */

static void put_tone(struct jitter *jitter, uint32_t ts, uint32_t origin, bool fresh)
{
    uint8_t codes[FRAME];

    for (uint32_t i = 0; i < FRAME; i++)
        codes[i] =
            g711_alaw_encode((int16_t)lrint(8000 * sin(2 * M_PI * 500 * (ts - origin + i) / 8000)));
    (void)jitter_put(jitter, ts, codes, FRAME, NULL, fresh);
}

static double loudness(const uint8_t frame[FRAME])
{
    double sum = 0;

    for (int i = 0; i < FRAME; i++)
        sum += (double)g711_alaw_table[frame[i]] * g711_alaw_table[frame[i]];
    return sqrt(sum / FRAME);
}

static void the_ring_reorders_conceals_and_falls_silent(void **state)
{
    static struct jitter jitter;
    uint8_t frame[FRAME];
    const uint32_t origin = UINT32_MAX - 800; /* timestamps wrap */

    (void)state;
    assert_int_equal(jitter_init(&jitter), 0);
    jitter_read(&jitter, 1, frame);
    assert_true(loudness(frame) <= SILENT);
    for (uint32_t n = 0; n < 40; n++) {
        uint32_t swap = n % 4 == 1 ? n + 1 : n % 4 == 2 ? n - 1 : n; /* reordered pairs */
        if (n != 20)                                                 /* one lost */
            put_tone(&jitter, origin + swap * FRAME, origin, n == 0);
        jitter_read(&jitter, 2 + n, frame);
        if (n >= 4 && (loudness(frame) < 3500 || loudness(frame) > 7500))
            fail_msg("frame %u: power %.0f", n, loudness(frame));
    }
    for (uint32_t n = 40; n < 50; n++)
        jitter_read(&jitter, 2 + n, frame);
    assert_true(loudness(frame) <= SILENT); /* nothing came for long */
    /* the sender's clock starts anew: heard within the buffer's delay */
    for (uint32_t n = 50; n < 55; n++) {
        put_tone(&jitter, 5000 + n * FRAME, 5000, n == 50);
        jitter_read(&jitter, 2 + n, frame);
    }
    assert_true(loudness(frame) > 3500);
    jitter_done(&jitter);
}

/* The same stream goes on after a pause without marker: the clock ran on meanwhile. */
static void who_was_silent_for_long_is_not_looked_at_and_heard_at_once_when_he_speaks(void **state)
{
    static struct jitter jitter;
    uint8_t frame[FRAME];
    uint32_t tick = 1;

    (void)state;
    assert_int_equal(jitter_init(&jitter), 0);
    assert_false(jitter_read(&jitter, tick++, frame)); /* never said anything */
    for (; tick < 20; tick++) {
        put_tone(&jitter, tick * FRAME, 0, tick == 2);
        assert_true(jitter_read(&jitter, tick, frame));
    }
    while (jitter_read(&jitter, tick, frame))
        assert_true(++tick < 32); /* concealed, then silent, then no more looked at */
    assert_true(loudness(frame) <= SILENT);
    for (; tick < 300; tick++)
        assert_false(jitter_read(&jitter, tick, frame));
    for (; tick < 305; tick++) {
        put_tone(&jitter, tick * FRAME, 0, false);
        (void)jitter_read(&jitter, tick, frame);
    }
    assert_true(loudness(frame) > 3500);
    jitter_done(&jitter);
}

static void delay_that_piles_up_is_taken_back(void **state)
{
    static struct jitter jitter;
    uint8_t frame[FRAME];
    uint32_t ts = 1000;

    (void)state;
    assert_int_equal(jitter_init(&jitter), 0);
    for (int n = 0; n < 15; n++, ts += FRAME) /* a burst of 300 ms */
        put_tone(&jitter, ts, 1000, n == 0);
    for (uint64_t tick = 1; tick < 1200; tick++, ts += FRAME) {
        put_tone(&jitter, ts, 1000, false);
        jitter_read(&jitter, tick, frame);
    }
    assert_true((int32_t)(jitter.end_ts - jitter.read_ts) <= JITTER_MAX + FRAME);
    assert_true(loudness(frame) > 3500);
    jitter_done(&jitter);
}

static void any_timestamps_and_sizes_are_safe(void **state)
{
    static struct jitter jitter;
    uint8_t codes[1500] = {0};
    uint8_t frame[FRAME];

    (void)state;
    assert_int_equal(jitter_init(&jitter), 0);
    srand(42);
    for (uint64_t tick = 1; tick < 20000; tick++) {
        uint32_t ts =
            rand() % 3 ? (uint32_t)tick * FRAME + (uint32_t)rand() % 2000 : (uint32_t)rand() * 2u;
        (void)jitter_put(&jitter, ts, codes, (size_t)rand() % sizeof(codes),
                         rand() % 2 ? NULL : g711_alaw_of_ulaw, rand() % 5 == 0);
        if (rand() % 4)
            jitter_read(&jitter, tick, frame);
    }
    jitter_done(&jitter);
}

/* --- digits ----------------------------------------------------------------------------------- */

static void a_key_held_for_long_is_one_press(void **state)
{
    struct tev_rx rx = {0};
    uint8_t payload[4] = {5, 10, 0, 0};
    struct rtp_packet packet = {.ssrc = 9, .payload = payload, .length = 4, .timestamp = 1000};
    int reports = 0, duration_ms = 0;

    (void)state;
    for (int n = 1; n <= 900; n++) { /* 18 s in segments of 0xFFFF samples at most */
        uint32_t total = (uint32_t)n * 160;
        uint32_t segment = (total - 1) / 65440;
        packet.timestamp = 1000 + segment * 65440;
        put16(payload + 2, total - segment * 65440);
        reports += tev_receive(&rx, &packet, n * 20, &duration_ms) == '5';
        reports += tev_overdue(&rx, n * 20, &duration_ms) == '5';
    }
    assert_int_equal(reports, 1);
    assert_in_range(duration_ms, 40, 60);
    packet.length = 3; /* too short to be an event */
    packet.timestamp += 900000;
    assert_int_equal(tev_receive(&rx, &packet, 20000, &duration_ms), 0);
}

/* --- figures ---------------------------------------------------------------------------------- */

static void mos_falls_with_loss_and_delay(void **state)
{
    (void)state;
    assert_in_range(stats_mos_x100(0, 60), 430, 441);
    assert_in_range(stats_mos_x100(2, 60), 400, 429);
    assert_in_range(stats_mos_x100(10, 60), 260, 350);
    assert_in_range(stats_mos_x100(0, 400), 250, 390);
    assert_int_equal(stats_mos_x100(100, 3000), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g711_agrees_with_spandsp),
        cmocka_unit_test(headers_with_csrc_extension_and_padding_are_measured),
        cmocka_unit_test(loss_and_order_survive_wrap_and_restart),
        cmocka_unit_test(the_latch_follows_its_rules),
        cmocka_unit_test(the_ring_reorders_conceals_and_falls_silent),
        cmocka_unit_test(who_was_silent_for_long_is_not_looked_at_and_heard_at_once_when_he_speaks),
        cmocka_unit_test(delay_that_piles_up_is_taken_back),
        cmocka_unit_test(any_timestamps_and_sizes_are_safe),
        cmocka_unit_test(a_key_held_for_long_is_one_press),
        cmocka_unit_test(mos_falls_with_loss_and_delay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
