/* What a test hears and waits for. */
#include "media_ear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const int tones[3] = {500, 900, 1400};

/* --- conditions of world_wait() -------------------------------------------------------------- */

bool digit_came(struct media_world *world, void *arg)
{
    return strlen(world->digits) >= *(size_t *)arg;
}

bool play_ended(struct media_world *world, void *arg)
{
    return world->play_done >= *(int *)arg;
}

bool legs_closed(struct media_world *world, void *arg)
{
    return world->closed >= *(int *)arg;
}

bool first_packet(struct media_world *world, void *arg)
{
    return world->first_packets >= *(int *)arg;
}

struct growth {
    struct phone *phone;
    unsigned count;
};

static bool has_packets(struct media_world *world, void *arg)
{
    struct growth *growth = arg;

    (void)world;
    return growth->phone->count >= growth->count;
}

void wait_packets(struct media_world *world, struct phone *phone, unsigned more)
{
    struct growth growth = {.phone = phone, .count = phone->count + more};

    assert_true(world_wait(world, has_packets, &growth, 10000));
}

void pass_ms(struct media_world *world, int ms)
{
    for (int64_t end = world_now_ms() + ms; world_now_ms() < end;)
        world_turn(world);
}

/* --- hearing ---------------------------------------------------------------------------------- */

bool hears_exactly(const struct phone *phone, size_t since, unsigned bits)
{
    if (phone->samples < since + WINDOW)
        return bits == 0 && phone->samples == since;
    for (int i = 0; i < 3; i++) {
        double level = tone_level(phone->sound + phone->samples - WINDOW, WINDOW, 1, tones[i]);
        if (bits >> i & 1 ? level < PRESENT : level > ABSENT)
            return false;
    }
    return true;
}

struct sound {
    unsigned bits;
    size_t since;
};

static bool hears_bits(struct media_world *world, void *arg)
{
    struct sound *sound = arg;

    return hears_exactly(&world->phones[0], sound->since, sound->bits);
}

void expect_bits(struct media_world *world, unsigned bits, const char *when)
{
    struct sound sound = {.bits = bits};

    pass_ms(world, 60);
    sound.since = world->phones[0].samples;
    if (!world_wait(world, hears_bits, &sound, 8000))
        fail_msg("%s: not exactly %x", when, bits);
}

struct media_audio *tone_audio(double hz, size_t samples)
{
    uint8_t *codes = malloc(samples);
    struct media_audio *audio;

    assert_non_null(codes);
    tone_fill(codes, samples, hz);
    assert_int_equal(media_audio_from_alaw(codes, samples, &audio), 0);
    free(codes);
    return audio;
}
