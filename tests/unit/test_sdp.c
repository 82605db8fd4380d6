/* rooms: base */
/* PLAT-02: session descriptions as gateways and phones write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/sdp.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"

static int parse(const char *text, struct sdp_audio *audio)
{
    return sdp_audio_parse(text, strlen(text), audio);
}

static void must(const char *text, struct sdp_audio *audio)
{
    int err = parse(text, audio);

    if (err)
        fail_msg("%s for:\n%s", strerror(-err), text);
}

static void PLAT_02_plain_offer(void **state)
{
    struct sdp_audio a;

    (void)state;
    must(HEAD "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
              "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:30\r\n",
         &a);
    assert_string_equal(a.address, "10.0.0.1");
    assert_int_equal(a.port, 4000);
    assert_int_equal(a.rtcp_port, 4001);
    assert_true(a.pcma && a.pcmu);
    assert_int_equal(a.first_codec, SDP_PT_PCMA);
    assert_int_equal(a.telephone_event, 101);
    assert_int_equal(a.ptime_ms, 30);
    assert_int_equal(a.direction, SDP_SENDRECV);
    assert_int_equal(a.media_lines, 1);
}

static void PLAT_02_static_numbers_need_no_rtpmap(void **state)
{
    struct sdp_audio a;

    (void)state;
    must(HEAD "m=audio 4000 RTP/AVP 0 8\r\n", &a);
    assert_true(a.pcma && a.pcmu);
    assert_int_equal(a.first_codec, SDP_PT_PCMU);
    assert_int_equal(a.telephone_event, -1);
}

static void PLAT_02_telephone_event_is_found_by_name(void **state)
{
    static const int numbers[] = {96, 97, 100, 101, 110, 126, 127};
    struct sdp_audio a;
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        snprintf(text, sizeof(text),
                 HEAD "m=audio 4000 RTP/AVP 8 %d\r\na=rtpmap:%d Telephone-Event/8000\r\n",
                 numbers[i], numbers[i]);
        must(text, &a);
        assert_int_equal(a.telephone_event, numbers[i]);
    }
    must(HEAD "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/16000\r\n", &a);
    assert_int_equal(a.telephone_event, -1);
    must(HEAD "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 opus/48000/2\r\n", &a);
    assert_int_equal(a.telephone_event, -1);
}

static void PLAT_02_hold_in_all_its_forms(void **state)
{
    static const struct {
        const char *text;
        enum sdp_direction direction;
        const char *address;
    } rows[] = {
        {HEAD "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n", SDP_SENDONLY, "10.0.0.1"},
        {HEAD "m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n", SDP_RECVONLY, "10.0.0.1"},
        {HEAD "m=audio 4000 RTP/AVP 8\r\na=inactive\r\n", SDP_INACTIVE, "10.0.0.1"},
        {HEAD "a=sendonly\r\nm=audio 4000 RTP/AVP 8\r\n", SDP_SENDONLY, "10.0.0.1"},
        {HEAD "a=inactive\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n", SDP_SENDRECV, "10.0.0.1"},
        {HEAD "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n", SDP_SENDRECV, "0.0.0.0"},
        {"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
         "m=audio 4000 RTP/AVP 8\r\n",
         SDP_SENDRECV, "0.0.0.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sdp_audio a;

        must(rows[i].text, &a);
        assert_int_equal(a.direction, rows[i].direction);
        assert_string_equal(a.address, rows[i].address);
    }
}

static void PLAT_02_several_lines_are_answered_in_order(void **state)
{
    const struct sdp_local local = {.address = "10.0.0.9",
                                    .port = 40000,
                                    .session_id = 5,
                                    .version = 2,
                                    .codec = SDP_PT_PCMA,
                                    .telephone_event = 97};
    struct sdp_audio a;
    char answer[2048];
    const char *video, *audio, *fax;

    (void)state;
    must(HEAD "m=video 6000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
              "m=audio 0 RTP/AVP 8\r\nm=audio 4000 RTP/AVP 18 8 97\r\n"
              "a=rtpmap:97 telephone-event/8000\r\nm=image 7000 udptl t38\r\n",
         &a);
    assert_int_equal(a.media_lines, 4);
    assert_int_equal(a.audio_index, 2);
    assert_int_equal(a.port, 4000);
    assert_true(sdp_audio_print(&local, &a, answer, sizeof(answer)) > 0);
    video = strstr(answer, "m=video 0 RTP/AVP 96\r\n");
    audio = strstr(answer, "m=audio 40000 RTP/AVP 8 97\r\n");
    fax = strstr(answer, "m=image 0 udptl t38\r\n");
    assert_non_null(strstr(answer, "m=audio 0 RTP/AVP 8\r\n"));
    assert_true(video && audio && fax && video < audio && audio < fax);
}

static void PLAT_02_port_zero_is_a_refused_stream(void **state)
{
    struct sdp_audio a;

    (void)state;
    must(HEAD "m=audio 0 RTP/AVP 8\r\n", &a);
    assert_int_equal(a.port, 0);
}

static void PLAT_02_ipv6_and_media_level_address(void **state)
{
    struct sdp_audio a;

    (void)state;
    must("v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
         "c=IN IP6 2001:db8::2\r\na=rtcp:4444 IN IP6 2001:db8::2\r\n",
         &a);
    assert_string_equal(a.address, "2001:db8::2");
    assert_int_equal(a.rtcp_port, 4444);
}

static void PLAT_02_sloppy_but_readable(void **state)
{
    struct sdp_audio a;

    (void)state;
    must("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=-\nc=IN IP4 10.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 8\n",
         &a);
    must("v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns= \r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n",
         &a);
}

static void PLAT_02_broken_descriptions(void **state)
{
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        {"", -EINVAL},
        {"hello", -EINVAL},
        {"v=0\r\n", -ENOTSUP},
        {"v=7\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\n", -EINVAL},
        {"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n", -EINVAL},
        {HEAD "m=audio 4000 RTP/AVP 18 4\r\n", -ENOTSUP},
        {HEAD "m=audio 4000 RTP/SAVP 8\r\n", -ENOTSUP},
        {HEAD "m=audio 4000 RTP/AVP 8\r\nm=audio 4000 RTP/AVPsomething-longer/8000 8\r\n",
         -ENOTSUP},
        {HEAD "m=video 4000 RTP/AVP 96\r\n", -ENOTSUP},
        {HEAD "m=audio 99999 RTP/AVP 8\r\n", -EINVAL},
        {HEAD "m=audio\r\n", -EINVAL},
        /* sofia would take memory for ever on these */
        {HEAD "m=audio 4000 RTP/AVP 8\r\nm=image 7000 udptl t\"38\r\n", -EINVAL},
        {HEAD "m=audio 4000 RTM-q/AVP 8\3010\r\n", -EINVAL},
        {HEAD "m=audio 0RTP /AVP 8\r\n", -EINVAL},
        {HEAD "m=audio 4000 RTP/AVP 8\r\nm=audio 4000/2 /AV 8\r\n", -EINVAL},
        {HEAD "m=audio 4000 RTP/AVP 8\r\nm=audio 4000 RTP/ 8\r\n", -EINVAL},
        {HEAD "m=audio 4000 RTP/AVP 8\r\nm=audio 4000 RTP//AVP 8\r\n", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sdp_audio a;
        int err = parse(rows[i].text, &a);

        if (err != rows[i].err)
            fail_msg("row %zu: %d instead of %d", i, err, rows[i].err);
    }
}

static void PLAT_02_too_many_lines(void **state)
{
    struct sdp_audio a;
    char text[2048] = HEAD "m=audio 4000 RTP/AVP 8\r\n";

    (void)state;
    for (int i = 0; i < SDP_MAX_LINES; i++)
        strncat(text, "m=video 0 RTP/AVP 96\r\n", sizeof(text) - strlen(text) - 1);
    assert_int_equal(parse(text, &a), -ENOTSUP);
}

static void PLAT_02_what_we_print_we_can_read(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "2001:db8::7"};

    (void)state;
    for (int i = 0; i < 2 * 4 * 2; i++) {
        const struct sdp_local local = {.address = addresses[i & 1],
                                        .port = 40000,
                                        .session_id = UINT64_MAX,
                                        .version = 3,
                                        .codec = i & 8 ? SDP_PT_PCMA : SDP_PT_PCMU,
                                        .both_codecs = true,
                                        .telephone_event = i & 1 ? -1 : 101,
                                        .direction = (enum sdp_direction)(i >> 1 & 3)};
        struct sdp_audio a;
        char text[2048];
        int length = sdp_audio_print(&local, NULL, text, sizeof(text));

        assert_true(length > 0 && (size_t)length == strlen(text));
        must(text, &a);
        assert_string_equal(a.address, local.address);
        assert_int_equal(a.direction, local.direction);
        assert_int_equal(a.first_codec, local.codec);
        assert_int_equal(a.telephone_event, local.telephone_event);
        assert_true(a.pcma && a.pcmu);
        assert_int_equal(a.ptime_ms, 20);
        assert_int_equal(sdp_audio_print(&local, NULL, text, 40), -ENOSPC);
    }
}

/* Random damage to a good description: never a crash, and what is accepted is sane. */
static void PLAT_02_damaged_descriptions_never_crash(void **state)
{
    static const char good[] = HEAD
        "a=sendrecv\r\nm=audio 4000 RTP/AVP 8 0 101\r\nc=IN IP4 10.0.0.2\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:4001\r\n";
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof(good)];
        struct sdp_audio a;
        size_t length = sizeof(good) - 1;

        memcpy(text, good, sizeof(good));
        for (int j = rand() % 6; j >= 0; j--)
            text[(size_t)rand() % length] = (char)(rand() % 256);
        if (rand() % 4 == 0)
            length = (size_t)rand() % length;
        if (sdp_audio_parse(text, length, &a) == 0) {
            assert_true(a.pcma || a.pcmu);
            assert_true(a.media_lines >= 1 && a.media_lines <= SDP_MAX_LINES);
            assert_true(a.audio_index >= 0 && a.audio_index < (int)a.media_lines);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PLAT_02_plain_offer),
        cmocka_unit_test(PLAT_02_static_numbers_need_no_rtpmap),
        cmocka_unit_test(PLAT_02_telephone_event_is_found_by_name),
        cmocka_unit_test(PLAT_02_hold_in_all_its_forms),
        cmocka_unit_test(PLAT_02_several_lines_are_answered_in_order),
        cmocka_unit_test(PLAT_02_port_zero_is_a_refused_stream),
        cmocka_unit_test(PLAT_02_ipv6_and_media_level_address),
        cmocka_unit_test(PLAT_02_sloppy_but_readable),
        cmocka_unit_test(PLAT_02_broken_descriptions),
        cmocka_unit_test(PLAT_02_too_many_lines),
        cmocka_unit_test(PLAT_02_what_we_print_we_can_read),
        cmocka_unit_test(PLAT_02_damaged_descriptions_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
