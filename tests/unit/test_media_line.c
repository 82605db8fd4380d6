/* rooms: base media */
/* with: tests/unit/media_phone.c tests/unit/line_client.c */
/* A browser line as a leg: the same rooms, plays and digits as a phone's. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <media/g711.h>
#include <media/rtp.h>

#include "line_client.h"
#include "media_phone.h"

enum { WINDOW = 160 * 15, PRESENT = 5000, ABSENT = 600 };

struct browser {
    struct line_client *client;
    handle_t leg;
    int16_t sound[160 * 1500];
    size_t samples;
    unsigned packets;
    uint32_t ssrc, ts;
    uint16_t seq, last_seq;
    bool seq_broken;
    int hz; /* 0 = sends nothing: replaceTrack(null) */
    double phase;
    int64_t next_ms;
};

static struct media_world world;
static struct browser browser;
static struct line_client_identity *identity;

static void on_rtp(struct line_client *client, uint8_t *bytes, size_t length, void *arg)
{
    struct browser *page = arg;
    struct rtp_packet packet;

    (void)client;
    assert_int_equal(rtp_parse(bytes, length, &packet), 0);
    page->seq_broken |= page->packets > 0 && packet.seq != (uint16_t)(page->last_seq + 1);
    page->last_seq = packet.seq;
    page->packets++;
    for (size_t i = 0; packet.payload_type == 8 && i < packet.length; i++)
        if (page->samples < sizeof(page->sound) / sizeof(page->sound[0]))
            page->sound[page->samples++] = g711_alaw_table[packet.payload[i]];
}

static void send_rtp(struct browser *page, int pt, const void *payload, size_t size)
{
    uint8_t bytes[200];
    const struct rtp_packet packet = {
        .payload_type = (uint8_t)pt, .seq = page->seq++, .timestamp = page->ts, .ssrc = page->ssrc};

    rtp_write_header(bytes, &packet);
    memcpy(bytes + RTP_HEADER_SIZE, payload, size);
    (void)line_client_send_rtp(page->client, bytes, RTP_HEADER_SIZE + size);
}

static void talk(struct browser *page)
{
    uint8_t codes[160];

    while (page->hz > 0 && world_now_ms() >= page->next_ms) {
        for (int i = 0; i < 160; i++) {
            codes[i] = g711_alaw_encode((int16_t)lrint(8000 * sin(page->phase)));
            page->phase += 2 * M_PI * page->hz / 8000;
        }
        send_rtp(page, 8, codes, sizeof(codes));
        page->ts += 160;
        page->next_ms += 20;
    }
}

typedef bool condition_h(void);

static bool wait_for(condition_h *condition, int timeout_ms)
{
    int64_t end = world_now_ms() + timeout_ms;

    while (!condition()) {
        if (world_now_ms() > end)
            return false;
        world_turn(&world);
        line_client_step(browser.client, world_now_ms());
        talk(&browser);
    }
    return true;
}

static int64_t pause_end;

static bool pause_is_over(void)
{
    return world_now_ms() >= pause_end;
}

static void pass_ms(int ms)
{
    pause_end = world_now_ms() + ms;
    assert_true(wait_for(pause_is_over, ms + 5000));
}

static bool is_up(void)
{
    return world.line_state == MEDIA_LINE_UP && line_client_connected(browser.client);
}

static void offer_text(char *offer, size_t size)
{
    int length = line_client_offer(browser.client, offer, size);

    assert_true(length > 0);
}

static void open_browser(void)
{
    const struct line_client_options options = {.on_rtp = on_rtp, .arg = &browser};
    char offer[4096], answer[4096], why[200];

    memset(&browser, 0, sizeof(browser));
    browser.ssrc = 4711;
    world_open(&world, 0);
    assert_int_equal(line_client_create(identity, &options, &browser.client), 0);
    offer_text(offer, sizeof(offer));
    assert_int_equal(media_line_open(world.media, offer, strlen(offer), &browser.leg, answer,
                                     sizeof(answer), why, sizeof(why)),
                     0);
    assert_int_equal(line_client_answer(browser.client, answer), 0);
    assert_true(wait_for(is_up, 10000));
}

static void close_browser(void)
{
    world_close(&world);
    line_client_free(browser.client);
}

static double newest(const int16_t *sound, size_t samples, double hz)
{
    return samples < WINDOW ? 0 : tone_level(sound + samples - WINDOW, WINDOW, 1, hz);
}

static bool both_hear_each_other(void)
{
    const struct phone *phone = &world.phones[0];

    return newest(phone->sound, phone->samples, 900) > PRESENT &&
           newest(phone->sound, phone->samples, 500) < ABSENT &&
           newest(browser.sound, browser.samples, 500) > PRESENT &&
           newest(browser.sound, browser.samples, 900) < ABSENT;
}

static bool closed_by_page(void)
{
    return world.line_state == MEDIA_LINE_CLOSED;
}

static bool digit_came(void)
{
    return world.digits[0] != '\0';
}

static bool play_ended(void)
{
    return world.play_done > 0;
}

static bool first_was_told(void)
{
    return world.first_packets >= 2;
}

static handle_t join_both(void)
{
    handle_t room;

    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, world.phones[0].leg), 0);
    assert_int_equal(media_room_join(world.media, room, browser.leg), 0);
    assert_int_equal(media_room_hears(world.media, room, world.phones[0].leg, browser.leg, true),
                     0);
    assert_int_equal(media_room_hears(world.media, room, browser.leg, world.phones[0].leg, true),
                     0);
    return room;
}

static void a_caller_and_a_browser_hear_each_other(void **state)
{
    (void)state;
    open_browser();
    (void)world_phone(&world, 500, true); /* mu-law trunk: translated */
    pass_ms(200);
    assert_int_equal(browser.packets, 0); /* an idle line gets nothing */
    (void)join_both();
    browser.hz = 900;
    browser.next_ms = world_now_ms();
    assert_true(wait_for(both_hear_each_other, 10000));
    assert_true(wait_for(first_was_told, 5000));
    /* hang up the page: close_notify is seen at once */
    line_client_close(browser.client);
    browser.hz = 0;
    assert_true(wait_for(closed_by_page, 5000));
    close_browser();
}

static bool gap_was_told(void)
{
    return world.gaps == 1;
}

static bool gap_is_over(void)
{
    return world.gap_ends == 1;
}

static void CC_13_a_line_that_falls_silent_in_a_room_is_told_within_a_second(void **state)
{
    handle_t room;
    int64_t from;

    (void)state;
    open_browser();
    (void)world_phone(&world, 500, false);
    browser.hz = 900;
    browser.next_ms = world_now_ms();
    pass_ms(200);
    browser.hz = 0; /* in no room it may say nothing for as long as it likes */
    pass_ms(MEDIA_GAP_MS + 300);
    room = join_both();
    pass_ms(MEDIA_GAP_MS + 300); /* nor is anybody missed who said nothing here yet */
    assert_int_equal(world.gaps, 0);
    browser.hz = 900;
    browser.next_ms = world_now_ms();
    assert_true(wait_for(both_hear_each_other, 10000));
    browser.hz = 0;
    from = world_now_ms();
    assert_true(wait_for(gap_was_told, 5000));
    assert_in_range(world.gap_ms - from, MEDIA_GAP_MS - 100, 1900);
    assert_int_equal(world.gap_leg, browser.leg);
    assert_int_equal(world.gap_room, room);
    assert_int_equal(world.line_state, MEDIA_LINE_UP); /* not yet lost */
    browser.hz = 900;
    browser.next_ms = world_now_ms();
    assert_true(wait_for(gap_is_over, 5000));
    browser.hz = 0;
    media_room_leave(world.media, room, browser.leg);
    pass_ms(MEDIA_GAP_MS + 300);
    assert_int_equal(world.gaps, 1);
    close_browser();
}

static void digits_and_plays_work_on_a_line(void **state)
{
    struct media_play play = {.count = 1, .token = 5};
    uint8_t codes[8000];
    const uint8_t press[4] = {9, 0x8A, 3, 0x20};

    (void)state;
    open_browser();
    tone_fill(codes, sizeof(codes), 1400);
    assert_int_equal(media_audio_from_alaw(codes, sizeof(codes), &play.audio[0]), 0);
    assert_int_equal(media_play(world.media, browser.leg, &play), 0);
    media_audio_unref(play.audio[0]);
    assert_true(wait_for(play_ended, 10000));
    pass_ms(50);
    assert_int_equal(browser.samples, 8000);
    assert_true(newest(browser.sound, browser.samples, 1400) > PRESENT);
    assert_false(browser.seq_broken);
    for (int pt = 96; pt < 128 && !digit_came(); pt++) { /* whichever the offer named */
        send_rtp(&browser, pt, press, sizeof(press));
        pass_ms(20);
    }
    assert_true(wait_for(digit_came, 5000));
    assert_string_equal(world.digits, "9");
    close_browser();
}

static void an_ice_restart_keeps_the_talk(void **state)
{
    char offer[4096], answer[4096];
    struct line_client *stranger;
    const struct line_client_options options = {0};

    (void)state;
    open_browser();
    (void)world_phone(&world, 500, false);
    (void)join_both();
    browser.hz = 900;
    browser.next_ms = world_now_ms();
    assert_true(wait_for(both_hear_each_other, 10000));
    line_client_restart(browser.client);
    assert_int_equal(line_client_move(browser.client), 0);
    offer_text(offer, sizeof(offer));
    assert_int_equal(
        media_line_restart(world.media, browser.leg, offer, strlen(offer), answer, sizeof(answer)),
        0);
    assert_int_equal(line_client_answer(browser.client, answer), 0);
    browser.samples = world.phones[0].samples = 0;
    assert_true(wait_for(both_hear_each_other, 10000));
    /* another certificate is another session */
    struct line_client_identity *other = line_client_identity_make();
    assert_non_null(other);
    assert_int_equal(line_client_create(other, &options, &stranger), 0);
    assert_true(line_client_offer(stranger, offer, sizeof(offer)) > 0);
    assert_int_equal(
        media_line_restart(world.media, browser.leg, offer, strlen(offer), answer, sizeof(answer)),
        -ESTALE);
    line_client_free(stranger);
    line_client_identity_free(other);
    close_browser();
}

static void a_broken_offer_is_refused_with_a_reason(void **state)
{
    char answer[4096], why[200] = "";
    handle_t leg = 1;

    (void)state;
    world_open(&world, 0);
    assert_int_equal(
        media_line_open(world.media, "v=0\r\n", 5, &leg, answer, sizeof(answer), why, sizeof(why)),
        -EINVAL);
    assert_true(strlen(why) > 0);
    assert_int_equal(leg, 1);
    world_close(&world);
}

static int make_identity(void **state)
{
    (void)state;
    identity = line_client_identity_make();
    return identity ? 0 : -1;
}

static int free_identity(void **state)
{
    (void)state;
    line_client_identity_free(identity);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_and_a_browser_hear_each_other),
        cmocka_unit_test(CC_13_a_line_that_falls_silent_in_a_room_is_told_within_a_second),
        cmocka_unit_test(digits_and_plays_work_on_a_line),
        cmocka_unit_test(an_ice_restart_keeps_the_talk),
        cmocka_unit_test(a_broken_offer_is_refused_with_a_reason),
    };

    return cmocka_run_group_tests(tests, make_identity, free_identity);
}
