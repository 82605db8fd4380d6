/* rooms: base media */
/* with: tests/unit/media_phone.c tests/unit/media_ear.c */
/* Who hears whom: rooms, plays, and what is refused after its end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "media_ear.h"

/* --- rooms ---------------------------------------------------------------------------------------
 */

struct expectation {
    unsigned matrix; /* two bits per listener: the next leg, the one after */
    size_t since[3];
    int64_t quiet_until_ms;
};

static unsigned heard_bits(unsigned matrix, int listener)
{
    unsigned two = matrix >> (2 * listener) & 3, bits = 0;

    if (two & 1)
        bits |= 1u << (listener + 1) % 3;
    if (two & 2)
        bits |= 1u << (listener + 2) % 3;
    return bits;
}

static bool matrix_holds(struct media_world *world, void *arg)
{
    struct expectation *expected = arg;

    if (world_now_ms() < expected->quiet_until_ms)
        return false;
    for (int i = 0; i < 3; i++)
        if (!hears_exactly(&world->phones[i], expected->since[i], heard_bits(expected->matrix, i)))
            return false;
    return true;
}

static void every_hears_matrix_is_exactly_heard(void **state)
{
    struct media_world world;
    handle_t room;

    (void)state;
    world_open(&world, 0);
    assert_int_equal(media_room_open(world.media, &room), 0);
    for (int i = 0; i < 3; i++) {
        struct phone *phone = world_phone(&world, tones[i], i == 2);
        assert_int_equal(media_room_join(world.media, room, phone->leg), 0);
    }
    for (unsigned step = 0; step < 64; step++) {
        unsigned matrix = step ^ step >> 1; /* Gray code: one change at a time */
        for (int i = 0; i < 3; i++)
            for (int k = 1; k < 3; k++)
                assert_int_equal(media_room_hears(world.media, room, world.phones[i].leg,
                                                  world.phones[(i + k) % 3].leg,
                                                  matrix >> (2 * i + k - 1) & 1),
                                 0);
        pass_ms(&world, 40); /* what was under way before the change */
        struct expectation expected = {.matrix = matrix, .quiet_until_ms = world_now_ms() + 60};
        for (int i = 0; i < 3; i++)
            expected.since[i] = world.phones[i].samples;
        if (!world_wait(&world, matrix_holds, &expected, 8000))
            fail_msg("matrix %02x was not heard", matrix);
    }
    /* 64 switches later: one SSRC, no number and no moment twice */
    for (int i = 0; i < 3; i++) {
        const struct phone *phone = &world.phones[i];
        for (unsigned n = 1; n < phone->count; n++) {
            assert_int_equal(phone->log[n].ssrc, phone->log[0].ssrc);
            assert_int_equal(phone->log[n].seq, (uint16_t)(phone->log[n - 1].seq + 1));
            assert_true((int32_t)(phone->log[n].ts - phone->log[n - 1].ts) >= 160);
        }
    }
    world_close(&world);
}

static void two_party_forward_keeps_payload_bit_exact(void **state)
{
    struct media_world world;
    uint8_t payload[160];
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, 0, false), *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, b->leg, a->leg, true), 0);
    wait_packets(&world, b, 1); /* silence: the room is in force */
    for (int n = 0; n < 20; n++) {
        unsigned before = b->count;
        for (int i = 0; i < 160; i++)
            payload[i] = (uint8_t)(i * 7 + n * 31);
        phone_send_rtp(a, 8, n == 0, payload, sizeof(payload));
        a->ts += 160;
        wait_packets(&world, b, 1);
        bool found = false;
        for (unsigned k = before; k < b->count; k++)
            found |= memcmp(b->log[k].payload, payload, sizeof(payload)) == 0;
        assert_true(found);
    }
    world_close(&world);
}

/* A phone that leaves out silence counts on: nothing is missing. One that is gone had more to say.
 */
static void CC_13_a_phone_that_leaves_out_silence_is_not_missed(void **state)
{
    struct media_world world;
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, tones[1], false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    pass_ms(&world, 300);
    a->talking = false; /* a pause between words */
    pass_ms(&world, 400);
    a->talking = true;
    a->next_ns = world_now_ms() * 1000000;
    pass_ms(&world, 300);
    a->talking = b->talking = false;
    pass_ms(&world, MEDIA_GAP_MS + 500);
    assert_int_equal(world.gaps, 1);
    assert_int_equal(world.gap_leg, b->leg);
    world_close(&world);
}

/* --- plays ---------------------------------------------------------------------------------------
 */

static void a_play_list_is_heard_whole_and_its_end_is_told_once(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 2, .token = 77};
    int wanted = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, true); /* mu-law leg */
    play.audio[0] = tone_audio(tones[0], 4000);
    play.audio[1] = tone_audio(tones[1], 4100); /* ends inside a frame */
    assert_int_equal(media_play(world.media, phone->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    media_audio_unref(play.audio[1]);
    assert_true(world_wait(&world, play_ended, &wanted, 10000));
    assert_int_equal(world.play_token, 77);
    pass_ms(&world, 50);
    assert_int_equal(phone->samples, (8100 + 159) / 160 * 160);
    assert_true(tone_level(phone->sound, 4000, 1, tones[0]) > PRESENT);
    assert_true(tone_level(phone->sound + 4000, 4000, 1, tones[1]) > PRESENT);
    assert_true(tone_level(phone->sound + 4000, 4000, 1, tones[0]) < ABSENT);
    assert_int_equal(world.play_done, 1);
    world_close(&world);
}

static void CC_09_a_play_mixes_with_talk_or_silences_it(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 1, .loop = true};
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, tones[1], false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    expect_bits(&world, 2, "talk");
    play.audio[0] = tone_audio(tones[2], 8000); /* whole periods: loops without a click */
    assert_int_equal(media_play(world.media, a->leg, &play), 0);
    expect_bits(&world, 6, "mixed");
    play.exclusive = true;
    assert_int_equal(media_play(world.media, a->leg, &play), 0);
    expect_bits(&world, 4, "exclusive");
    media_stop_play(world.media, a->leg);
    expect_bits(&world, 2, "talk again");
    assert_int_equal(world.play_done, 0);
    media_audio_unref(play.audio[0]);
    world_close(&world);
}

/* --- ends ----------------------------------------------------------------------------------------
 */

static void what_has_ended_is_refused_everywhere(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 0};
    struct sdp_audio audio;
    handle_t room, other, legs[MEDIA_ROOM_LEGS + 1], recording;
    uint16_t port;
    int one = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *phone = world_phone(&world, 0, false);
    phone_conf(phone, &audio);
    const struct media_rtp_conf conf = {.codec = 8, .telephone_event = -1, .remote = &audio};
    assert_int_equal(media_play(world.media, phone->leg, &play), -EINVAL);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_open(world.media, &other), 0);
    for (int i = 0; i < MEDIA_ROOM_LEGS + 1; i++) {
        assert_int_equal(media_leg_open(world.media, &conf, &legs[i], &port), 0);
        assert_int_equal(port % 2, 0);
        assert_int_equal(media_room_join(world.media, room, legs[i]),
                         i < MEDIA_ROOM_LEGS ? 0 : -ENOSPC);
    }
    assert_int_equal(media_leg_send_digit(world.media, legs[0], '1', 100), -ENOTSUP);
    assert_int_equal(media_room_hears(world.media, room, legs[0], legs[8], true), -ENOENT);
    assert_int_equal(media_room_hears(world.media, room, legs[0], legs[0], true), -EINVAL);
    assert_int_equal(media_room_join(world.media, other, legs[0]), 0); /* moves */
    assert_int_equal(media_room_join(world.media, room, legs[8]), 0);  /* so there is a seat */
    media_room_close(world.media, room);
    assert_int_equal(media_room_join(world.media, room, legs[1]), -ENOENT);
    assert_int_equal(media_record_start(world.media, room, &(struct media_tracks){{0}, {0}},
                                        "/tmp/x", &recording),
                     -ENOENT);
    media_leg_close(world.media, phone->leg);
    media_leg_close(world.media, phone->leg);
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), -ENOENT);
    assert_int_equal(media_room_join(world.media, other, phone->leg), -ENOENT);
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    pass_ms(&world, 50);
    assert_int_equal(world.closed, 1);
    assert_int_equal(world.stats.mos_x100, 0); /* nothing received */
    assert_int_equal(world.stats.round_trip_us, -1);
    /* all legs, one more, and again after one was given back */
    for (int i = 9; i < 16; i++)
        assert_int_equal(media_leg_open(world.media, &conf, &legs[0], &port), 0);
    assert_int_equal(media_leg_open(world.media, &conf, &recording, &port), -EAGAIN);
    media_leg_close(world.media, legs[0]);
    one = 2;
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    assert_int_equal(media_leg_open(world.media, &conf, &legs[0], &port), 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_party_forward_keeps_payload_bit_exact),
        cmocka_unit_test(a_play_list_is_heard_whole_and_its_end_is_told_once),
        cmocka_unit_test(CC_09_a_play_mixes_with_talk_or_silences_it),
        cmocka_unit_test(what_has_ended_is_refused_everywhere),
        cmocka_unit_test(every_hears_matrix_is_exactly_heard),
        cmocka_unit_test(CC_13_a_phone_that_leaves_out_silence_is_not_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
