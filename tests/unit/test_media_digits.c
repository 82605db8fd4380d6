/* rooms: base media */
/* with: tests/unit/media_phone.c tests/unit/media_ear.c */
/* Keys as telephone events, both ways. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "media_ear.h"

/* --- digits --------------------------------------------------------------------------------------
 */

static void send_event(struct phone *phone, int event, int duration, bool end)
{
    uint8_t payload[4] = {(uint8_t)event, (uint8_t)(end ? 0x8A : 0x0A), (uint8_t)(duration >> 8),
                          (uint8_t)duration};

    phone_send_rtp(phone, 101, duration == 160, payload, sizeof(payload));
}

static void digits_come_once_per_press_even_without_their_end(void **state)
{
    struct media_world world;
    size_t wanted;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, false);
    for (int d = 160; d <= 800; d += 160) /* an ordinary 1 */
        send_event(phone, 1, d, false);
    for (int n = 0; n < 3; n++)
        send_event(phone, 1, 800, true);
    phone->ts += 4000;
    send_event(phone, 2, 160, false); /* a 2 of which everything else is lost */
    wanted = 2;
    assert_true(world_wait(&world, digit_came, &wanted, 5000));
    phone->ts += 4000;
    send_event(phone, 11, 800, true); /* a # of which only an end came, thrice */
    send_event(phone, 11, 800, true);
    send_event(phone, 11, 800, true);
    phone->ts += 4000;
    send_event(phone, 16, 800, true); /* flash: not a digit */
    phone->ts += 4000;
    send_event(phone, 1, 800, true); /* 1 again is a new press */
    phone->ts -= 4000 * 3;
    send_event(phone, 2, 800, true); /* a straggler of the 2 */
    phone->ts += 4000 * 4;
    send_event(phone, 15, 800, true); /* D */
    wanted = 5;
    assert_true(world_wait(&world, digit_came, &wanted, 5000));
    pass_ms(&world, 100);
    assert_string_equal(world.digits, "12#1D");
    world_close(&world);
}

static void a_sent_digit_arrives_as_one_press(void **state)
{
    struct media_world world;
    size_t wanted = 3;
    handle_t room;

    (void)state;
    /* a sends digits to its phone, which sends the very packets back on another leg */
    world_open(&world, 0);
    struct phone *a = world_phone(&world, 0, false), *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_leg_send_digit(world.media, a->leg, 'x', 100), -EINVAL);
    for (const char *c = "4*7"; *c; c++)
        assert_int_equal(media_leg_send_digit(world.media, a->leg, *c, 100), 0);
    for (unsigned done = 0; strlen(world.digits) < wanted;) {
        int64_t limit = world_now_ms() + 5000;
        while (done == a->count && world_now_ms() < limit && strlen(world.digits) < wanted)
            world_turn(&world);
        assert_true(world_now_ms() < limit);
        for (; done < a->count; done++) {
            b->ts = a->log[done].ts;
            b->seq = a->log[done].seq;
            assert_int_equal(a->log[done].length, 4);
            phone_send_rtp(b, 101, a->log[done].marker, a->log[done].payload, 4);
        }
    }
    assert_string_equal(world.digits, "4*7");
    assert_int_equal(world.digit_leg, b->leg);
    world_close(&world);
}

/* Sound, a key as telephones send it, sound: who listens gets both sounds as one row of packets and
 * nothing of the key; whoever is to have it gets one from the upper rooms. */
static void CC_17_a_key_is_not_passed_on_beside_the_one_that_is_sent(void **state)
{
    struct media_world world;
    uint8_t sound[160];
    size_t wanted = 1;
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, 0, false), *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, b->leg, a->leg, true), 0);
    pass_ms(&world, 60); /* the room is in force */
    tone_fill(sound, sizeof(sound), 400);
    for (int n = 0; n < 5; n++, a->ts += 160) {
        phone_send_rtp(a, 8, n == 0, sound, sizeof(sound));
        pass_ms(&world, 20);
    }
    for (int n = 0; n < 8; n++) { /* 100 ms; the end three times */
        send_event(a, 5, n < 5 ? 160 * (n + 1) : 800, n >= 5);
        pass_ms(&world, 20);
    }
    assert_true(world_wait(&world, digit_came, &wanted, 5000));
    a->ts += 8 * 160;
    for (int n = 0; n < 5; n++, a->ts += 160) {
        phone_send_rtp(a, 8, false, sound, sizeof(sound));
        pass_ms(&world, 20);
    }
    assert_string_equal(world.digits, "5");
    assert_true(b->count > 10);
    unsigned heard = 0;
    for (unsigned n = 0; n < b->count; n++) {
        assert_int_equal(b->log[n].pt, 8);
        assert_true(n == 0 || b->log[n].seq == (uint16_t)(b->log[n - 1].seq + 1));
        heard += memcmp(b->log[n].payload, sound, sizeof(sound)) == 0;
    }
    assert_int_equal(heard, 10);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_come_once_per_press_even_without_their_end),
        cmocka_unit_test(a_sent_digit_arrives_as_one_press),
        cmocka_unit_test(CC_17_a_key_is_not_passed_on_beside_the_one_that_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
