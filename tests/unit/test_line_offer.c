/* rooms: base media/line */
/* A browser's offer read, our answer written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "media/line/line.h"

/* As Chromium 156 writes it, shortened by codecs nobody here speaks. */
static const char chromium[] =
    "v=0\r\no=- 3546004397921447048 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS 5b\r\n"
    "m=audio 41043 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 192.0.2.1\r\n"
    "a=rtcp:9 IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2113937151 ab.local 41043 typ host\r\n"
    "a=ice-ufrag:T9cQ\r\na=ice-pwd:5m0H2dQnB1c3iYw8l0vVb2eG\r\na=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:"
    "ff"
    "\r\na=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=sendrecv\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n"
    "a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n";

static int parse(const char *offer, struct line_remote *ret_remote, char *why, size_t size)
{
    return line_offer_parse(offer, strlen(offer), ret_remote, why, size);
}

static void chromiums_offer_is_understood(void **state)
{
    struct line_remote remote;
    char why[128] = "";

    (void)state;
    assert_int_equal(parse(chromium, &remote, why, sizeof(why)), 0);
    assert_string_equal(remote.ufrag, "T9cQ");
    assert_string_equal(remote.pwd, "5m0H2dQnB1c3iYw8l0vVb2eG");
    assert_string_equal(remote.mid, "0");
    assert_true(remote.bundle);
    assert_true(remote.pcma && remote.pcmu);
    assert_int_equal(remote.telephone_event, 126);
    assert_int_equal(remote.setup, LINE_SETUP_ACTPASS);
    assert_int_equal(remote.direction, SDP_SENDRECV);
    assert_int_equal(remote.fingerprint[1], 0x11);
    assert_int_equal(remote.fingerprint[31], 0xff);
}

/* offer with `from` replaced by `to` */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(chromium, from);
    size_t size = strlen(chromium) + strlen(to) + 1;
    char *out = malloc(size);

    assert_non_null(at);
    assert_non_null(out);
    assert_true(
        snprintf(out, size, "%.*s%s%s", (int)(at - chromium), chromium, to, at + strlen(from)) > 0);
    return out;
}

static void unusable_offers_are_refused_with_a_chinese_reason(void **state)
{
    static const struct {
        const char *from, *to, *reason;
    } rows[] = {
        {"v=0", "x=0", "会话描述"},
        {"a=setup:actpass", "a=setup:passive", "主动方"},
        {"a=setup:actpass\r\n", "", "主动方"},
        {"a=rtcp-mux\r\n", "", "rtcp-mux"},
        {"a=fingerprint:sha-256 00", "a=fingerprint:sha-1 00", "指纹"},
        {"00:11:22", "00:11:2x", "指纹"},
        {"a=ice-ufrag:T9cQ", "a=ice-ufrag:T9", "ICE"},
        {"a=ice-ufrag:T9cQ", "a=ice-ufrag:T9c:", "ICE"},
        {"a=ice-pwd:5m0H2dQnB1c3iYw8l0vVb2eG", "a=ice-pwd:short", "ICE"},
        {"a=ice-pwd:5m0H2dQnB1c3iYw8l0vVb2eG\r\n", "", "ICE"},
        {"111 63 9 0 8 13", "111 63 9 13", "G.711"},
        {"UDP/TLS/RTP/SAVPF", "RTP/AVP", "SAVPF"},
        {"m=audio", "m=video", "音频"},
        {"a=mid:0", "a=mid:\x01", "mid"},
        {"a=rtcp-rsize", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "音频"},
        {"m=audio 41043", "m=audio 0", "端口"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *offer = changed(rows[i].from, rows[i].to);
        struct line_remote remote;
        char why[128] = "";
        assert_int_equal(parse(offer, &remote, why, sizeof(why)), -EINVAL);
        if (strstr(why, rows[i].reason) == NULL)
            fail_msg("row %zu: %s", i, why);
        free(offer);
    }
}

static void the_answer_is_what_an_ice_lite_server_says(void **state)
{
    static const char *const expected[] = {
        "v=0\r\no=- 77 3 IN IP4 127.0.0.1\r\n",
        "a=ice-lite\r\n",
        "a=group:BUNDLE 0\r\n",
        "m=audio 40000 UDP/TLS/RTP/SAVPF 8 0 126\r\n",
        "c=IN IP4 203.0.113.5\r\n",
        "a=mid:0\r\n",
        "a=sendrecv\r\n",
        "a=rtcp-mux\r\n",
        "a=setup:passive\r\n",
        "a=ice-ufrag:abcdefgh\r\n",
        "a=ice-pwd:012345678901234567890123\r\n",
        "a=fingerprint:sha-256 AA:BB\r\n",
        "a=rtpmap:126 telephone-event/8000\r\n",
        "a=candidate:1 1 udp 2130706431 203.0.113.5 40000 typ host\r\n",
        "a=candidate:2 1 tcp 1671430143 203.0.113.5 40000 typ host tcptype passive\r\n",
        "a=end-of-candidates\r\n",
    };
    struct line_credentials local = {"abcdefgh", "012345678901234567890123"};
    struct line_answer answer = {&local, "AA:BB", "203.0.113.5", 40000, 77, 3};
    struct line_remote remote;
    char out[2048], why[128];
    int length;

    (void)state;
    assert_int_equal(parse(chromium, &remote, why, sizeof(why)), 0);
    length = line_answer_print(&remote, &answer, out, sizeof(out));
    assert_int_equal(length, strlen(out));
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (strstr(out, expected[i]) == NULL)
            fail_msg("missing %s in\n%s", expected[i], out);
    }
    assert_null(strstr(out, "extmap"));
    for (int size = 0; size <= length; size++) {
        char *exact = malloc((size_t)size + 1);
        assert_non_null(exact);
        assert_int_equal(line_answer_print(&remote, &answer, exact, (size_t)size), -ENOSPC);
        free(exact);
    }
}

static void directions_are_mirrored(void **state)
{
    static const char *const rows[][2] = {{"a=sendonly", "\r\na=recvonly\r\n"},
                                          {"a=recvonly", "\r\na=sendonly\r\n"},
                                          {"a=inactive", "\r\na=inactive\r\n"}};
    struct line_credentials local = {"abcdefgh", "012345678901234567890123"};
    struct line_answer answer = {&local, "AA:BB", "2001:db8::5", 40000, 77, 3};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *offer = changed("a=sendrecv", rows[i][0]);
        struct line_remote remote;
        char out[2048], why[128];
        assert_int_equal(parse(offer, &remote, why, sizeof(why)), 0);
        assert_true(line_answer_print(&remote, &answer, out, sizeof(out)) > 0);
        assert_non_null(strstr(out, rows[i][1]));
        assert_non_null(strstr(out, "c=IN IP6 2001:db8::5\r\n"));
        free(offer);
    }
}

static void a_restart_is_told_from_another_session(void **state)
{
    char *restarted = changed("T9cQ", "Zz9+");
    char *other = changed("00:11:22", "00:11:23");
    struct line_remote a, b, c;
    char why[128];

    (void)state;
    assert_int_equal(parse(chromium, &a, why, sizeof(why)), 0);
    assert_int_equal(parse(restarted, &b, why, sizeof(why)), 0);
    assert_int_equal(parse(other, &c, why, sizeof(why)), 0);
    assert_true(line_remote_same_session(&a, &b));
    assert_false(line_remote_same_credentials(&a, &b));
    assert_true(line_remote_same_credentials(&a, &a));
    assert_false(line_remote_same_session(&a, &c));
    free(restarted);
    free(other);
}

static void credentials_are_fresh_ice_text(void **state)
{
    struct line_credentials a, b;

    (void)state;
    line_credentials_make(&a);
    line_credentials_make(&b);
    assert_int_equal(strlen(a.ufrag), LINE_UFRAG_LENGTH);
    assert_int_equal(strlen(a.pwd), LINE_PWD_LENGTH);
    assert_string_not_equal(a.ufrag, b.ufrag);
    assert_string_not_equal(a.pwd, b.pwd);
}

static void damaged_offers_never_crash_and_always_say_why(void **state)
{
    unsigned seed = getenv("SEED") != NULL ? (unsigned)atol(getenv("SEED")) : (unsigned)time(NULL);
    size_t size = strlen(chromium);

    (void)state;
    print_message("SEED=%u\n", seed);
    srand(seed);
    for (int i = 0; i < 20000; i++) {
        size_t length = i % 3 == 0 ? (size_t)rand() % size : size;
        char *offer = malloc(length + 1);
        struct line_remote remote;
        char why[16] = "";
        assert_non_null(offer);
        memcpy(offer, chromium, length);
        for (int n = rand() % 6; n > 0 && length > 0; n--)
            offer[(size_t)rand() % length] = (char)rand();
        if (line_offer_parse(offer, length, &remote, why, sizeof(why)) != 0)
            assert_true(why[0] != '\0');
        free(offer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chromiums_offer_is_understood),
        cmocka_unit_test(unusable_offers_are_refused_with_a_chinese_reason),
        cmocka_unit_test(the_answer_is_what_an_ice_lite_server_says),
        cmocka_unit_test(directions_are_mirrored),
        cmocka_unit_test(a_restart_is_told_from_another_session),
        cmocka_unit_test(credentials_are_fresh_ice_text),
        cmocka_unit_test(damaged_offers_never_crash_and_always_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
