/* rooms: stage */
/* Who hears whom: the rules one by one, then whatever stage there may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <hotlined/stage.h>

#define STAGES 20000

static struct stage stage;
static struct stage_plan plan;
static int caller, agent, other, leader;

static int four_people(void **state)
{
    (void)state;
    stage = (struct stage){0};
    caller = stage_add(&stage, 0, 77, STAGE_MAIN);
    agent = stage_add(&stage, 1, 0, STAGE_MAIN);
    other = stage_add(&stage, 2, 0, STAGE_NOWHERE);
    leader = stage_add(&stage, 3, 0, STAGE_NOWHERE);
    return 0;
}

static bool hears(int a, int b)
{
    stage_plan(&stage, &plan);
    return plan.hears[a] & (1u << b);
}

static bool music(int index)
{
    stage_plan(&stage, &plan);
    return plan.music & (1u << index);
}

static void put(int index, enum stage_place place)
{
    stage.parties[index].place = (uint8_t)place;
}

static void two_in_the_conversation_hear_each_other_and_nobody_else(void **state)
{
    (void)state;
    assert_true(hears(caller, agent) && hears(agent, caller));
    assert_int_equal(plan.hears[other] | plan.hears[leader], 0);
    assert_int_equal(plan.music, 0);
}

static void one_put_aside_hears_music_and_is_heard_by_nobody(void **state)
{
    (void)state;
    put(caller, STAGE_HOLD);
    assert_true(music(caller));
    assert_false(hears(caller, agent) || hears(agent, caller));
    assert_false(music(agent)); /* an agent waits in silence */
}

static void CC_15_one_in_a_flow_hears_no_music_and_nobody_and_is_heard_by_nobody(void **state)
{
    (void)state;
    put(caller, STAGE_FLOW);
    put(leader, STAGE_LISTEN);
    assert_false(music(caller) || hears(caller, agent) || hears(agent, caller));
    assert_false(hears(leader, caller)); /* nor who listens: he may type a password */
}

static void a_consultation_is_not_heard_by_the_caller(void **state)
{
    (void)state;
    put(caller, STAGE_HOLD);
    put(agent, STAGE_ASIDE);
    put(other, STAGE_ASIDE);
    assert_true(hears(agent, other) && hears(other, agent));
    assert_int_equal(plan.hears[caller], 0);
    assert_true(music(caller));
    put(agent, STAGE_MAIN); /* he takes the caller back; the other one waits beside */
    put(caller, STAGE_MAIN);
    assert_true(hears(caller, agent));
    assert_false(hears(other, agent) || hears(agent, other) || hears(other, caller));
}

static void three_in_the_conversation_all_hear_each_other(void **state)
{
    (void)state;
    put(other, STAGE_MAIN);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            assert_int_equal(hears(a, b), a != b);
}

static void a_listener_hears_both_and_nobody_hears_him(void **state)
{
    (void)state;
    put(leader, STAGE_LISTEN);
    stage.parties[leader].watches = (uint8_t)agent;
    assert_true(hears(leader, caller) && hears(leader, agent));
    assert_false(hears(caller, leader) || hears(agent, leader));
    put(caller, STAGE_HOLD); /* he goes where the agent goes */
    put(agent, STAGE_ASIDE);
    put(other, STAGE_ASIDE);
    assert_true(hears(leader, agent) && hears(leader, other));
    assert_false(hears(leader, caller));
}

static void a_whisper_is_heard_by_the_watched_one_alone(void **state)
{
    (void)state;
    put(other, STAGE_MAIN);
    put(leader, STAGE_WHISPER);
    stage.parties[leader].watches = (uint8_t)agent;
    assert_true(hears(agent, leader) && hears(leader, agent) && hears(leader, caller));
    assert_false(hears(caller, leader) || hears(other, leader));
}

static void who_barged_in_talks_with_all_and_goes_where_the_agent_goes(void **state)
{
    (void)state;
    put(leader, STAGE_BARGE);
    stage.parties[leader].watches = (uint8_t)agent;
    assert_true(hears(leader, caller) && hears(caller, leader));
    assert_true(hears(leader, agent) && hears(agent, leader));
    put(caller, STAGE_HOLD);
    put(agent, STAGE_ASIDE);
    put(other, STAGE_ASIDE);
    assert_true(hears(other, leader) && hears(leader, other));
    assert_false(hears(caller, leader) || hears(leader, caller));
    put(caller, STAGE_MAIN);
    put(agent, STAGE_MAIN);
    stage.parties[agent].absent = true; /* and the leader keeps the caller company */
    assert_false(music(caller));
    assert_true(hears(caller, leader) && hears(leader, caller));
    stage_remove(&stage, agent);
    assert_int_equal(stage_add(&stage, 9, 0, STAGE_MAIN), agent); /* the place is taken again */
    assert_false(hears(caller, leader) || hears(leader, caller));
}

static void whom_he_watched_is_gone_and_the_listener_hears_nothing(void **state)
{
    (void)state;
    put(leader, STAGE_LISTEN);
    stage.parties[leader].watches = (uint8_t)agent;
    stage_remove(&stage, agent);
    assert_false(hears(leader, caller));
    assert_int_equal(stage_add(&stage, 9, 0, STAGE_MAIN), agent); /* the place is taken again */
    assert_int_equal(plan.hears[leader], 0);
    assert_false(hears(leader, agent));
}

static void a_caller_without_company_hears_music(void **state)
{
    (void)state;
    stage.parties[agent].absent = true;
    assert_true(music(caller));
    stage.parties[agent].absent = false;
    stage.parties[agent].muted = true; /* he is there and says nothing */
    assert_false(music(caller));
    assert_false(hears(caller, agent));
    assert_true(hears(agent, caller));
    stage.parties[agent].quiet = true; /* nothing comes from his line any more */
    assert_true(music(caller));
    assert_true(hears(agent, caller));
    put(other, STAGE_MAIN); /* a third one is company */
    assert_false(music(caller));
    put(other, STAGE_NOWHERE);
    stage.parties[caller].occupied = true;
    stage.parties[agent].absent = true; /* a prompt is not drowned by music */
    assert_false(music(caller));
}

static void a_full_stage_takes_nobody_more(void **state)
{
    (void)state;
    for (int i = 4; i < STAGE_PARTIES; i++)
        assert_int_equal(stage_add(&stage, 10 + i, 0, STAGE_MAIN), i);
    assert_int_equal(stage_add(&stage, 99, 0, STAGE_MAIN), -1);
    assert_int_equal(stage_find_user(&stage, 99), -1);
    assert_int_equal(stage_find_user(&stage, 2), other);
    assert_int_equal(stage_find_leg(&stage, 77), caller);
    assert_int_equal(stage_find_leg(&stage, 0), -1);
    assert_int_equal(stage_find_user(&stage, 0), -1);
}

/* --- any stage ------------------------------------------------------------------------------ */

static void any_stage(void)
{
    for (int i = 0; i < STAGE_PARTIES; i++) {
        struct stage_party *party = &stage.parties[i];
        *party = (struct stage_party){0};
        if (rand() % 4 == 0)
            continue;
        party->user_id = rand() % 2 ? 100 + i : 0;
        party->leg = party->user_id ? 0 : 100u + (unsigned)i;
        party->place = (uint8_t)(rand() % (STAGE_FLOW + 1));
        party->watches = (uint8_t)(rand() % STAGE_PARTIES);
        party->muted = rand() % 5 == 0;
        party->absent = rand() % 5 == 0;
        party->occupied = rand() % 5 == 0;
    }
}

static bool free_to_talk(const struct stage_party *p)
{
    return stage_is_party(p) && !p->muted && !p->absent && !p->occupied;
}

static bool free_to_hear(const struct stage_party *p)
{
    return stage_is_party(p) && !p->absent && !p->occupied;
}

/* By the rules alone: where somebody talks; -1 = nowhere. */
static int talk_of(int index)
{
    const struct stage_party *p = &stage.parties[index];

    if (p->place == STAGE_BARGE)
        p = &stage.parties[p->watches];
    return stage_is_party(p) && (p->place == STAGE_MAIN || p->place == STAGE_ASIDE) ? p->place : -1;
}

static void check_pair(int a, int b)
{
    const struct stage_party *pa = &stage.parties[a], *pb = &stage.parties[b];
    bool ab = plan.hears[a] & (1u << b), ba = plan.hears[b] & (1u << a);
    bool talk = talk_of(a) >= 0 && talk_of(a) == talk_of(b);

    if (talk && free_to_talk(pa) && free_to_talk(pb))
        assert_true(ab && ba);
    if (!ab)
        return;
    assert_true(free_to_hear(pa) && stage_is_party(pb) && !pb->muted && !pb->absent);
    assert_true(talk_of(b) >= 0 || pb->place == STAGE_WHISPER);
    assert_true(pa->place != STAGE_HOLD && pa->place != STAGE_NOWHERE && pa->place != STAGE_FLOW);
    assert_true(pb->place != STAGE_FLOW);
    if (talk_of(a) >= 0 && talk_of(b) != talk_of(a))
        assert_true(pb->place == STAGE_WHISPER && pb->watches == a);
}

static void on_any_stage_the_rules_hold(void **state)
{
    unsigned seed =
        getenv("SEED") ? (unsigned)strtoul(getenv("SEED"), NULL, 10) : (unsigned)time(NULL);

    (void)state;
    printf("SEED=%u\n", seed);
    srand(seed);
    for (int n = 0; n < STAGES; n++) {
        any_stage();
        stage_plan(&stage, &plan);
        for (int a = 0; a < STAGE_PARTIES; a++) {
            assert_false(plan.hears[a] & (1u << a));
            if (!free_to_hear(&stage.parties[a]))
                assert_int_equal(plan.hears[a] | (plan.music & (1u << a)), 0);
            for (int b = 0; b < STAGE_PARTIES; b++)
                if (a != b)
                    check_pair(a, b);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, four_people)
    const struct CMUnitTest tests[] = {
        TEST(two_in_the_conversation_hear_each_other_and_nobody_else),
        TEST(one_put_aside_hears_music_and_is_heard_by_nobody),
        TEST(CC_15_one_in_a_flow_hears_no_music_and_nobody_and_is_heard_by_nobody),
        TEST(a_consultation_is_not_heard_by_the_caller),
        TEST(three_in_the_conversation_all_hear_each_other),
        TEST(a_listener_hears_both_and_nobody_hears_him),
        TEST(a_whisper_is_heard_by_the_watched_one_alone),
        TEST(who_barged_in_talks_with_all_and_goes_where_the_agent_goes),
        TEST(whom_he_watched_is_gone_and_the_listener_hears_nothing),
        TEST(a_caller_without_company_hears_music),
        TEST(a_full_stage_takes_nobody_more),
        TEST(on_any_stage_the_rules_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
