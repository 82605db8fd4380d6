/* rooms: base media/line */
/* SRTP and SRTCP of browser lines, with libsrtp2 as the oracle on the other side. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "media/line/srtp.h"

#define SSRC 0x12345678u

static const enum line_srtp_suite suites[] = {LINE_SRTP_GCM, LINE_SRTP_CM_SHA1_80};
#define FOR_BOTH_SUITES(suite)                                                                     \
    for (size_t suite##_i = 0; suite##_i < 2; suite##_i++)                                         \
        for (enum line_srtp_suite suite = suites[suite##_i], *suite##_once = &suite; suite##_once; \
             suite##_once = NULL)

/* One key on both sides: ours and the oracle's, one of them sending. */
struct talk {
    struct line_srtp ours;
    srtp_t oracle;
    uint8_t key[30]; /* master key and salt */
};

static void talk_open(struct talk *talk, enum line_srtp_suite suite, bool we_send)
{
    srtp_policy_t policy;

    memset(&policy, 0, sizeof(policy));
    for (size_t i = 0; i < sizeof(talk->key); i++)
        talk->key[i] = (uint8_t)rand();
    if (suite == LINE_SRTP_GCM) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    policy.ssrc.type = we_send ? ssrc_any_inbound : ssrc_any_outbound;
    policy.key = talk->key;
    policy.window_size = 128;
    assert_int_equal(srtp_create(&talk->oracle, &policy), srtp_err_status_ok);
    assert_int_equal(line_srtp_init(&talk->ours, suite, we_send, talk->key, talk->key + 16), 0);
}

static void talk_close(struct talk *talk)
{
    line_srtp_done(&talk->ours);
    assert_int_equal(srtp_dealloc(talk->oracle), srtp_err_status_ok);
}

/* csrcs and extension words make the header longer. */
static size_t make_rtp(uint8_t *out, uint16_t seq, uint32_t ssrc, unsigned csrcs, unsigned words,
                       size_t payload)
{
    size_t at = 12;

    out[0] = (uint8_t)(0x80 | csrcs | (words > 0 ? 0x10 : 0));
    out[1] = 8;
    out[2] = (uint8_t)(seq >> 8);
    out[3] = (uint8_t)seq;
    memset(out + 4, 0x11, 4);
    for (int i = 0; i < 4; i++)
        out[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    for (unsigned i = 0; i < csrcs * 4; i++)
        out[at++] = (uint8_t)i;
    if (words > 0) {
        memcpy(out + at, "\xbe\xde\x00", 3);
        out[at + 3] = (uint8_t)words;
        memset(out + at + 4, 0, 4 * words);
        at += 4 + 4 * words;
    }
    for (size_t i = 0; i < payload; i++)
        out[at++] = (uint8_t)(seq + i);
    return at;
}

static size_t make_rtcp(uint8_t *out, uint32_t ssrc, unsigned words)
{
    out[0] = 0x80;
    out[1] = 200;
    out[2] = 0;
    out[3] = (uint8_t)(words + 1);
    for (int i = 0; i < 4; i++)
        out[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
    memset(out + 8, 0x5a, 4 * words);
    return 8 + 4 * words;
}

/* Our packet, as the oracle reads it, must be the plain one again. */
static void send_ours(struct talk *talk, uint16_t seq, unsigned csrcs, unsigned words,
                      size_t payload)
{
    uint8_t plain[1500], packet[1500];
    size_t length = make_rtp(plain, seq, SSRC, csrcs, words, payload);
    size_t protected = length;
    int read;

    memcpy(packet, plain, length);
    assert_int_equal(line_srtp_protect(&talk->ours, packet, &protected, sizeof(packet)), 0);
    assert_true(protected > length);
    read = (int)protected;
    assert_int_equal(srtp_unprotect(talk->oracle, packet, &read), srtp_err_status_ok);
    assert_int_equal(read, length);
    assert_memory_equal(packet, plain, length);
}

static size_t oracle_packet(struct talk *talk, uint8_t *out, uint16_t seq, uint32_t ssrc)
{
    int length = (int)make_rtp(out, seq, ssrc, 0, 0, 160);

    assert_int_equal(srtp_protect(talk->oracle, out, &length), srtp_err_status_ok);
    return (size_t)length;
}

/* The oracle's packet, as we read it. */
static int hear(struct talk *talk, const uint8_t *bytes, size_t length, uint16_t seq, uint32_t ssrc)
{
    uint8_t packet[1500], plain[1500];
    size_t expected = make_rtp(plain, seq, ssrc, 0, 0, 160);
    int error;

    memcpy(packet, bytes, length);
    error = line_srtp_unprotect(&talk->ours, packet, &length);
    if (error == 0) {
        assert_int_equal(length, expected);
        assert_memory_equal(packet, plain, expected);
    }
    return error;
}

static int hear_seq(struct talk *talk, uint16_t seq)
{
    uint8_t packet[1500];
    size_t length = oracle_packet(talk, packet, seq, SSRC);

    return hear(talk, packet, length, seq, SSRC);
}

static void ours_is_understood_by_libsrtp(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        struct talk talk;
        talk_open(&talk, suite, true);
        for (uint16_t i = 0; i < 200; i++)
            send_ours(&talk, (uint16_t)(65500 + i), i % 16, i % 5, i % 7 == 0 ? 0 : i * 5u);
        talk_close(&talk);
    }
}

static void libsrtps_is_understood_by_us(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        struct talk talk;
        talk_open(&talk, suite, false);
        for (uint16_t i = 0; i < 200; i++)
            assert_int_equal(hear_seq(&talk, (uint16_t)(30000 + i)), 0);
        talk_close(&talk);
    }
}

static void roll_over_is_counted_on_both_sides_three_times(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        struct talk sending, hearing;
        talk_open(&sending, suite, true);
        talk_open(&hearing, suite, false);
        for (uint32_t i = 0; i < 3 * 65536; i += 97) {
            send_ours(&sending, (uint16_t)(1000 + i), 0, 0, 20);
            assert_int_equal(hear_seq(&hearing, (uint16_t)(1000 + i)), 0);
        }
        assert_int_equal(sending.ours.state.sources[0].highest >> 16, 3);
        assert_int_equal(hearing.ours.state.sources[0].highest >> 16, 3);
        talk_close(&sending);
        talk_close(&hearing);
    }
}

static void a_packet_is_heard_once(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t packets[100][200];
        size_t lengths[100];
        struct talk talk;
        talk_open(&talk, suite, false);
        for (uint16_t i = 0; i < 100; i++) {
            lengths[i] = oracle_packet(&talk, packets[i], (uint16_t)(65480 + i), SSRC);
            assert_int_equal(hear(&talk, packets[i], lengths[i], (uint16_t)(65480 + i), SSRC), 0);
        }
        for (uint16_t i = 0; i < 100; i++)
            assert_int_equal(hear(&talk, packets[i], lengths[i], (uint16_t)(65480 + i), SSRC),
                             -EALREADY);
        talk_close(&talk);
    }
}

/* Shuffled inside the window, across a roll-over: each is heard, each once. */
static void reordering_within_the_window_is_heard(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t packets[256][200];
        size_t lengths[256];
        struct talk talk;
        talk_open(&talk, suite, false);
        for (uint16_t i = 0; i < 256; i++)
            lengths[i] = oracle_packet(&talk, packets[i], (uint16_t)(65400 + i), SSRC);
        for (uint16_t block = 0; block < 256; block += 32) {
            for (uint16_t i = 0; i < 32; i++) {
                uint16_t n = (uint16_t)(block + (31 - i));
                assert_int_equal(hear(&talk, packets[n], lengths[n], (uint16_t)(65400 + n), SSRC),
                                 0);
            }
        }
        assert_int_equal(hear(&talk, packets[100], lengths[100], 65500, SSRC), -EALREADY);
        talk_close(&talk);
    }
}

static void a_late_packet_beyond_the_window_is_refused(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t late[200];
        struct talk talk;
        size_t length;
        talk_open(&talk, suite, false);
        assert_int_equal(hear_seq(&talk, 100), 0);
        length = oracle_packet(&talk, late, 101, SSRC);
        assert_int_equal(hear_seq(&talk, 165), 0);
        assert_int_equal(hear(&talk, late, length, 101, SSRC), -EALREADY);
        talk_close(&talk);
    }
}

static void tampering_with_any_byte_is_noticed_and_changes_nothing(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t good[200], bad[200];
        struct talk talk;
        size_t length;
        talk_open(&talk, suite, false);
        assert_int_equal(hear_seq(&talk, 10), 0);
        length = oracle_packet(&talk, good, 11, SSRC);
        for (size_t at = 0; at < length; at++) {
            size_t size = length;
            struct line_srtp_state before = talk.ours.state;
            memcpy(bad, good, length);
            bad[at] ^= 0x20;
            assert_true(line_srtp_unprotect(&talk.ours, bad, &size) < 0);
            assert_memory_equal(&before, &talk.ours.state, sizeof(before));
        }
        for (size_t size = 0; size < length; size++) {
            size_t cut = size;
            uint8_t *exact = malloc(size + 1);
            assert_non_null(exact);
            memcpy(exact, good, size);
            assert_true(line_srtp_unprotect(&talk.ours, exact, &cut) < 0);
            free(exact);
        }
        assert_int_equal(hear(&talk, good, length, 11, SSRC), 0);
        talk_close(&talk);
    }
}

static void an_index_is_never_sent_twice(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t packet[200];
        struct talk talk;
        size_t length;
        talk_open(&talk, suite, true);
        send_ours(&talk, 65535, 0, 0, 10);
        send_ours(&talk, 1, 0, 0, 10);
        send_ours(&talk, 0, 0, 0, 10); /* reordered, not used yet: fine */
        for (int i = 0; i < 3; i++) {
            length = make_rtp(packet, (uint16_t)(65535 + i), SSRC, 0, 0, 10);
            assert_int_equal(line_srtp_protect(&talk.ours, packet, &length, sizeof(packet)),
                             -EALREADY);
        }
        send_ours(&talk, 2, 0, 0, 10);
        talk_close(&talk);
    }
}

static void a_sender_forgets_no_source_a_listener_the_oldest(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t packet[200];
        struct talk sending, hearing;
        size_t length;
        talk_open(&sending, suite, true);
        talk_open(&hearing, suite, false);
        for (uint32_t ssrc = 1; ssrc <= LINE_SRTP_SOURCES + 1; ssrc++) {
            length = make_rtp(packet, 5, ssrc, 0, 0, 10);
            assert_int_equal(line_srtp_protect(&sending.ours, packet, &length, sizeof(packet)),
                             ssrc <= LINE_SRTP_SOURCES ? 0 : -ENOSPC);
            length = oracle_packet(&hearing, packet, 5, ssrc);
            assert_int_equal(hear(&hearing, packet, length, 5, ssrc), 0);
        }
        talk_close(&sending);
        talk_close(&hearing);
    }
}

static void a_worn_out_key_is_not_used(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t packet[200];
        struct talk talk;
        size_t length;
        talk_open(&talk, suite, true);
        send_ours(&talk, 65535, 0, 0, 10);
        talk.ours.state.sources[0].highest = (1ull << 48) - 1;
        length = make_rtp(packet, 0, SSRC, 0, 0, 10);
        assert_int_equal(line_srtp_protect(&talk.ours, packet, &length, sizeof(packet)),
                         -EKEYEXPIRED);
        talk.ours.state.rtcp_next = 0x80000000u;
        length = make_rtcp(packet, SSRC, 2);
        assert_int_equal(line_srtcp_protect(&talk.ours, packet, &length, sizeof(packet)),
                         -EKEYEXPIRED);
        talk_close(&talk);
    }
}

static void rtcp_goes_both_ways(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        struct talk sending, hearing;
        talk_open(&sending, suite, true);
        talk_open(&hearing, suite, false);
        for (unsigned i = 0; i < 100; i++) {
            uint8_t plain[600], packet[600], again[600];
            size_t length = make_rtcp(plain, SSRC, i), size = length;
            int oracle = (int)length;

            memcpy(packet, plain, length);
            assert_int_equal(line_srtcp_protect(&sending.ours, packet, &size, sizeof(packet)), 0);
            oracle = (int)size;
            assert_int_equal(srtp_unprotect_rtcp(sending.oracle, packet, &oracle),
                             srtp_err_status_ok);
            assert_int_equal(oracle, length);
            assert_memory_equal(packet, plain, length);

            oracle = (int)length;
            memcpy(packet, plain, length);
            assert_int_equal(srtp_protect_rtcp(hearing.oracle, packet, &oracle),
                             srtp_err_status_ok);
            memcpy(again, packet, (size_t)oracle);
            size = (size_t)oracle;
            assert_int_equal(line_srtcp_unprotect(&hearing.ours, packet, &size), 0);
            assert_int_equal(size, length);
            assert_memory_equal(packet, plain, length);
            size = (size_t)oracle;
            assert_int_equal(line_srtcp_unprotect(&hearing.ours, again, &size), -EALREADY);
        }
        talk_close(&sending);
        talk_close(&hearing);
    }
}

static void tampered_rtcp_is_refused(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t good[200], bad[200];
        struct talk talk;
        int length;
        talk_open(&talk, suite, false);
        length = (int)make_rtcp(good, SSRC, 6);
        assert_int_equal(srtp_protect_rtcp(talk.oracle, good, &length), srtp_err_status_ok);
        for (int at = 0; at < length; at++) {
            size_t size = (size_t)length;
            memcpy(bad, good, size);
            bad[at] ^= 0x80;
            assert_true(line_srtcp_unprotect(&talk.ours, bad, &size) < 0);
        }
        for (size_t size = 0; size < (size_t)length; size++) {
            size_t cut = size;
            memcpy(bad, good, size);
            assert_true(line_srtcp_unprotect(&talk.ours, bad, &cut) < 0);
        }
        talk_close(&talk);
    }
}

static void too_small_a_buffer_is_refused_before_an_index_is_used(void **state)
{
    (void)state;
    FOR_BOTH_SUITES(suite)
    {
        uint8_t packet[200];
        struct talk talk;
        size_t length;
        talk_open(&talk, suite, true);
        length = make_rtp(packet, 7, SSRC, 0, 0, 10);
        assert_int_equal(line_srtp_protect(&talk.ours, packet, &length, length + 9), -EMSGSIZE);
        send_ours(&talk, 7, 0, 0, 10);
        talk_close(&talk);
    }
}

static int start(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atol(getenv("SEED")) : (unsigned)time(NULL);

    (void)state;
    print_message("SEED=%u\n", seed);
    srand(seed);
    return srtp_init() == srtp_err_status_ok ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    return srtp_shutdown() == srtp_err_status_ok ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_is_understood_by_libsrtp),
        cmocka_unit_test(libsrtps_is_understood_by_us),
        cmocka_unit_test(roll_over_is_counted_on_both_sides_three_times),
        cmocka_unit_test(a_packet_is_heard_once),
        cmocka_unit_test(reordering_within_the_window_is_heard),
        cmocka_unit_test(a_late_packet_beyond_the_window_is_refused),
        cmocka_unit_test(tampering_with_any_byte_is_noticed_and_changes_nothing),
        cmocka_unit_test(an_index_is_never_sent_twice),
        cmocka_unit_test(a_sender_forgets_no_source_a_listener_the_oldest),
        cmocka_unit_test(a_worn_out_key_is_not_used),
        cmocka_unit_test(rtcp_goes_both_ways),
        cmocka_unit_test(tampered_rtcp_is_refused),
        cmocka_unit_test(too_small_a_buffer_is_refused_before_an_index_is_used),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
