/* rooms: base acd directory access ivr media route store */
/* A call hears the prompts that were in force when it began (TTS-03), whatever is published, taken
 * back or deleted meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/media.h>
#include <hotlined/text.h>

#include "directory/replaced.h"

#define CENTER 7
#define HOUR   (3600 * 1000ULL)

struct world {
    struct snapshot snapshot;
    struct snap_prompt prompts[1];
    struct snap_code codes[1];
};

static struct media_audio *sounds[4];
static struct replaced replaced;

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(media_audio_from_alaw((const uint8_t *)"12345678", 8, &sounds[i]), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    replaced_done(&replaced);
    for (size_t i = 0; i < 4; i++)
        media_audio_unref(sounds[i]); /* a leak or a reference too few is the sanitizer's */
    return 0;
}

/* A snapshot with one prompt; audio NULL: without any. */
static struct world *world_of(struct world *world, const char *code, struct media_audio *audio)
{
    *world = (struct world){0};
    world->prompts[0] = (struct snap_prompt){.center_id = CENTER, .audio = audio};
    text_copy(world->prompts[0].code, sizeof(world->prompts[0].code), code);
    world->codes[0] = (struct snap_code){CENTER, world->prompts[0].code, 0};
    world->snapshot.prompts = world->prompts;
    world->snapshot.by_prompt.codes = world->codes;
    world->snapshot.prompt_count = world->snapshot.by_prompt.count = audio ? 1 : 0;
    return world;
}

static void publish(struct media_audio *before, struct media_audio *after, uint32_t moment,
                    uint64_t now_ms)
{
    struct world old, now;

    world_of(&old, "greeting", before);
    world_of(&now, "greeting", after);
    replaced_note(&replaced, &old.snapshot, &now.snapshot, moment, now_ms);
}

/* The sound a call that began then hears; NULL and false: the one of now. */
static struct media_audio *heard(uint32_t began, bool *ret_replaced)
{
    struct media_audio *audio = NULL;

    *ret_replaced = replaced_find(&replaced, CENTER, "greeting", began, &audio);
    return audio;
}

static void TTS_03_each_call_hears_what_was_in_force_when_it_began(void **state)
{
    bool is;

    (void)state;
    publish(sounds[0], sounds[1], 1, 0);
    publish(sounds[1], sounds[2], 2, 0);
    publish(sounds[2], sounds[0], 3, 0); /* taken back */
    assert_ptr_equal(heard(0, &is), sounds[0]);
    assert_true(is);
    assert_ptr_equal(heard(1, &is), sounds[1]);
    assert_ptr_equal(heard(2, &is), sounds[2]);
    assert_null(heard(3, &is));
    assert_false(is);
}

static void TTS_03_what_did_not_change_is_not_kept_and_others_are_not_touched(void **state)
{
    struct media_audio *audio;

    (void)state;
    publish(sounds[0], sounds[0], 1, 0);
    assert_int_equal(replaced.count, 0);
    publish(sounds[0], sounds[1], 2, 0);
    assert_false(replaced_find(&replaced, CENTER + 1, "greeting", 0, &audio));
    assert_false(replaced_find(&replaced, CENTER, "goodbye", 0, &audio));
    replaced_note(&replaced, NULL, &world_of(&(struct world){0}, "greeting", sounds[2])->snapshot,
                  3, 0); /* the first one of a daemon */
    assert_int_equal(replaced.count, 1);
}

static void
TTS_03_one_of_its_own_is_for_later_calls_and_a_deleted_one_stays_for_earlier(void **state)
{
    bool is;

    (void)state;
    publish(NULL, sounds[0], 1, 0); /* the common one before */
    assert_null(heard(0, &is));
    assert_true(is);
    publish(sounds[0], NULL, 2, 0);
    assert_ptr_equal(heard(1, &is), sounds[0]);
    assert_null(heard(2, &is));
    assert_false(is);
}

static void TTS_03_what_no_call_can_mean_any_more_is_forgotten(void **state)
{
    bool is;

    (void)state;
    publish(sounds[0], sounds[1], 1, 0);
    publish(sounds[1], sounds[2], 2, 12 * HOUR);
    assert_int_equal(replaced.count, 2);
    publish(sounds[2], sounds[3], 3, 12 * HOUR + 1);
    assert_int_equal(replaced.count, 2);
    assert_ptr_equal(heard(0, &is), sounds[1]);
    for (uint32_t i = 0; i < 2 * REPLACED_MOST; i++)
        publish(sounds[i % 2], sounds[(i + 1) % 2], 4 + i, 12 * HOUR + 2);
    assert_int_equal(replaced.count, REPLACED_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(TTS_03_each_call_hears_what_was_in_force_when_it_began,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            TTS_03_what_did_not_change_is_not_kept_and_others_are_not_touched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            TTS_03_one_of_its_own_is_for_later_calls_and_a_deleted_one_stays_for_earlier, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(TTS_03_what_no_call_can_mean_any_more_is_forgotten, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
