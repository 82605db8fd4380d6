/* rooms: base media */
/* with: tests/unit/media_phone.c tests/unit/media_ear.c */
/* The far side of a leg: where its packets come from and go to, when it falls silent, and what
 * others send. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "media_ear.h"

/* --- addresses -----------------------------------------------------------------------------------
 */

static void a_talker_whose_address_moves_after_a_silence_is_heard_again(void **state)
{
    struct media_world world;
    struct phone moved;
    handle_t room;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, tones[1], false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    expect_bits(&world, 2, "before the move");
    b->talking = false;
    pass_ms(&world, 2500);
    phone_init(&moved); /* the same stream, from another port */
    int old = b->fd;
    b->fd = moved.fd;
    moved.fd = old;
    b->next_ns = world_now_ms() * 1000000;
    b->talking = true;
    expect_bits(&world, 2, "after the move");
    phone_done(&moved);
    world_close(&world);
}

/* Sockets are used again by later legs: what was sent to an ended leg is not heard by the next. */
static void a_port_used_again_brings_nothing_of_the_leg_before(void **state)
{
    struct media_world world;
    struct phone late;
    handle_t first_leg, leg;
    uint16_t first_port, port = 0;
    int closed = 0, tries = 0, one = 1;
    uint8_t noise[160];

    (void)state;
    world_open(&world, 0);
    memset(noise, 0x2A, sizeof(noise));
    const struct media_rtp_conf conf = {.codec = SDP_PT_PCMA, .telephone_event = -1};
    assert_int_equal(media_leg_open(world.media, &conf, &first_leg, &first_port), 0);
    media_leg_close(world.media, first_leg);
    closed = 1;
    assert_true(world_wait(&world, legs_closed, &closed, 5000));
    phone_init(&late);
    late.to = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons(first_port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int n = 0; n < 5; n++, late.ts += 160)
        phone_send_rtp(&late, 8, false, noise, sizeof(noise));
    for (; port != first_port && tries < 200; tries++) {
        assert_int_equal(media_leg_open(world.media, &conf, &leg, &port), 0);
        if (port == first_port)
            break;
        media_leg_close(world.media, leg);
        closed++;
        assert_true(world_wait(&world, legs_closed, &closed, 5000));
        pass_ms(&world, 50);
    }
    assert_int_equal(port, first_port);
    assert_int_equal(world.first_packets, 0);
    for (int n = 0; n < 5; n++, late.ts += 160) /* from here on it is the leg's */
        phone_send_rtp(&late, 8, false, noise, sizeof(noise));
    assert_true(world_wait(&world, first_packet, &one, 5000));
    phone_done(&late);
    world_close(&world);
}

static void a_stranger_cannot_steal_the_latch(void **state)
{
    struct media_world world;
    struct phone stranger;
    handle_t room;
    int one = 1;

    (void)state;
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[0], false);
    struct phone *b = world_phone(&world, 0, false);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, b->leg, a->leg, true), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    assert_true(world_wait(&world, first_packet, &one, 5000));
    phone_init(&stranger);
    stranger.to = a->to;
    uint8_t noise[160];
    memset(noise, 0x2A, sizeof(noise));
    for (int n = 0; n < 50; n++) {
        phone_send_rtp(&stranger, 8, false, noise, sizeof(noise));
        stranger.ts += 160;
        world_turn(&world);
    }
    wait_packets(&world, a, 10); /* a still gets its packets */
    wait_packets(&world, b, 10);
    uint8_t byte;
    assert_int_equal(phone_receive(&stranger, &byte, 1), -1);
    for (unsigned n = 0; n < b->count; n++)
        assert_memory_not_equal(b->log[n].payload, noise, sizeof(noise));
    media_leg_close(world.media, a->leg);
    assert_true(world_wait(&world, legs_closed, &one, 5000));
    assert_true(world.stats.packets_discarded >= 50);
    phone_done(&stranger);
    world_close(&world);
}

static void sending_moves_to_where_the_packets_come_from(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 1, .loop = true};
    struct phone behind_nat;

    (void)state;
    world_open(&world, 0);
    struct phone *told = world_phone(&world, 0, false);
    play.audio[0] = tone_audio(tones[0], 8000);
    assert_int_equal(media_play(world.media, told->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    wait_packets(&world, told, 3); /* first to the SDP's address */
    phone_init(&behind_nat);
    behind_nat.to = told->to;
    int64_t limit = world_now_ms() + 5000;
    uint8_t byte, silence[160];
    memset(silence, 0xD5, sizeof(silence));
    int sent = 0;
    while (phone_receive(&behind_nat, &byte, 1) < 0) {
        assert_true(world_now_ms() < limit);
        if (sent < 3) {
            phone_send_rtp(&behind_nat, 8, false, silence, sizeof(silence));
            behind_nat.ts += 160;
            sent++;
        }
        world_turn(&world);
    }
    int three = 1;
    assert_true(world_wait(&world, first_packet, &three, 5000));
    phone_done(&behind_nat);
    world_close(&world);
}

/* --- silence -------------------------------------------------------------------------------------
 */

static bool timed_out(struct media_world *world, void *arg)
{
    return world->timeouts >= *(int *)arg;
}

static void silence_of_the_far_side_is_told_once(void **state)
{
    struct media_world world;
    int wanted = 1;

    (void)state;
    world_open(&world, 1);
    struct phone *phone = world_phone(&world, 0, false);
    assert_true(world_wait(&world, timed_out, &wanted, 5000));
    pass_ms(&world, 300);
    assert_int_equal(world.timeouts, 1);
    phone->talking = true;
    phone->hz = 500;
    phone->next_ns = world_now_ms() * 1000000;
    assert_true(world_wait(&world, first_packet, &wanted, 5000));
    phone->talking = false;
    wanted = 2;
    assert_true(world_wait(&world, timed_out, &wanted, 5000));
    world_close(&world);
}

static void a_leg_on_hold_gets_nothing_and_is_not_missed(void **state)
{
    struct media_world world;
    struct media_play play = {.count = 1, .loop = true};
    struct sdp_audio audio;

    (void)state;
    world_open(&world, 1);
    struct phone *phone = world_phone(&world, 0, false);
    struct media_rtp_conf conf = {.codec = 8, .telephone_event = 101, .remote = &audio};
    play.audio[0] = tone_audio(tones[0], 8000);
    assert_int_equal(media_play(world.media, phone->leg, &play), 0);
    media_audio_unref(play.audio[0]);
    wait_packets(&world, phone, 5);
    phone_conf(phone, &audio);
    audio.direction = SDP_INACTIVE;
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), 0);
    pass_ms(&world, 100);
    unsigned before = phone->count;
    int timeouts = world.timeouts;
    pass_ms(&world, 1300);
    assert_int_equal(phone->count, before);
    assert_int_equal(world.timeouts, timeouts);
    (void)snprintf(audio.address, sizeof(audio.address), "host.example");
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), -EINVAL);
    phone_conf(phone, &audio);
    assert_int_equal(media_leg_set_remote(world.media, phone->leg, &conf), 0);
    wait_packets(&world, phone, 5);
    /* back after a pause: the next number, a later moment, a marker */
    assert_int_equal(phone->log[before].seq, (uint16_t)(phone->log[before - 1].seq + 1));
    assert_true((int32_t)(phone->log[before].ts - phone->log[before - 1].ts) > 2000);
    assert_true(phone->log[before].marker);
    world_close(&world);
}

/* --- bytes from hell -----------------------------------------------------------------------------
 */

static void malformed_packets_do_not_disturb_a_talk(void **state)
{
    struct media_world world;
    unsigned seed = (unsigned)time(NULL);
    uint8_t bytes[400];
    handle_t room;
    int one = 1;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    world_open(&world, 0);
    struct phone *a = world_phone(&world, tones[1], false);
    struct phone *b = world_phone(&world, tones[0], false);
    struct phone stranger;
    phone_init(&stranger);
    assert_int_equal(media_room_open(world.media, &room), 0);
    assert_int_equal(media_room_join(world.media, room, a->leg), 0);
    assert_int_equal(media_room_join(world.media, room, b->leg), 0);
    assert_int_equal(media_room_hears(world.media, room, a->leg, b->leg, true), 0);
    assert_true(world_wait(&world, first_packet, &one, 5000));
    for (int n = 0; n < 3000; n++) {
        size_t size = (size_t)(rand() % (int)sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)rand();
        if (n % 3 == 0 && size > 1) {
            bytes[0] = (uint8_t)(0x80 | (rand() & 0x3F));
            bytes[1] = (uint8_t)(n % 2 ? 200 + rand() % 5 : 101);
        }
        stranger.to = n % 2 ? a->to : b->to;
        if (n % 5 == 0)
            stranger.to.sin_port = htons((uint16_t)(ntohs(stranger.to.sin_port) + 1));
        phone_send(&stranger, bytes, size);
        if (n % 7 == 0 && size < 12) /* also from the right place, but broken */
            phone_send(b, bytes, size);
        if (n % 50 == 0)
            world_turn(&world);
    }
    expect_bits(&world, 1, "after the storm");
    phone_done(&stranger);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_talker_whose_address_moves_after_a_silence_is_heard_again),
        cmocka_unit_test(a_port_used_again_brings_nothing_of_the_leg_before),
        cmocka_unit_test(a_stranger_cannot_steal_the_latch),
        cmocka_unit_test(sending_moves_to_where_the_packets_come_from),
        cmocka_unit_test(silence_of_the_far_side_is_told_once),
        cmocka_unit_test(a_leg_on_hold_gets_nothing_and_is_not_missed),
        cmocka_unit_test(malformed_packets_do_not_disturb_a_talk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
