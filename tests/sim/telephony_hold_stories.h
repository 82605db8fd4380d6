/* Hold and mute, one by one. Included by test_telephony.c. */

static enum telephony_result hold(int32_t user, bool on)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_hold(world.telephony, user, &id, on);
}

static enum telephony_result mute(int32_t user, bool on)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_mute(world.telephony, user, &id, on);
}

static void CC_21_a_held_caller_hears_music_and_each_hold_is_written(void **state)
{
    struct call *call;
    struct w_media_leg *caller;
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(5000);
    call = call_of(sip);
    caller = media_of(call_leg_find(world.telephony, call->leg)->media);
    assert_int_equal(hold(1, true), TELEPHONY_OK);
    assert_int_equal(hold(1, true), TELEPHONY_OK); /* it is so already */
    check_everything();
    assert_true(caller->plays && caller->loops && caller->exclusive);
    assert_false(room_hears(call->room, caller->handle, agent_media(world.telephony, agent(1))));
    assert_false(room_hears(call->room, agent_media(world.telephony, agent(1)), caller->handle));
    run(4000);
    assert_int_equal(hold(1, false), TELEPHONY_OK);
    check_everything();
    assert_false(caller->plays);
    assert_true(room_hears(call->room, caller->handle, agent_media(world.telephony, agent(1))));
    run(1000);
    assert_int_equal(hold(1, true), TELEPHONY_OK);
    run(2000);
    far_end(sip, SIP_END_REMOTE, 200); /* who hangs up while he is put aside */
    run(0);
    assert_int_equal(fact_count_of("hold_begin"), 2);
    assert_int_equal(fact_count_of("hold_end"), 2);
    assert_true(fact_says(fact_last("talk_end"), "hold_ms", "6000"));
    assert_true(fact_says(fact_last("call_end"), "hold_ms", "6000"));
    assert_int_equal(hold(1, false), TELEPHONY_STALE);
}

static void a_hold_outlives_the_page_that_is_reloaded(void **state)
{
    struct call *call;
    handle_t sip, line;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(5000);
    call = call_of(sip);
    assert_int_equal(hold(1, true), TELEPHONY_OK);
    line = agent_media(world.telephony, agent(1));
    assert_int_equal(offer_line(1, "s", "new"), TELEPHONY_OK);
    run(1000);
    assert_true(agent_media(world.telephony, agent(1)) != line);
    check_everything();
    assert_int_equal(scene_far(call)->place, STAGE_HOLD);
    assert_int_equal(hold(1, false), TELEPHONY_OK);
    check_everything();
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
}

static void a_muted_agent_hears_and_is_not_heard(void **state)
{
    struct call *call;
    handle_t sip, caller;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(5000);
    call = call_of(sip);
    caller = call_leg_find(world.telephony, call->leg)->media;
    assert_int_equal(mute(1, true), TELEPHONY_OK);
    check_everything();
    assert_false(room_hears(call->room, caller, agent_media(world.telephony, agent(1))));
    assert_true(room_hears(call->room, agent_media(world.telephony, agent(1)), caller));
    assert_int_equal(mute(1, false), TELEPHONY_OK);
    assert_true(room_hears(call->room, caller, agent_media(world.telephony, agent(1))));
    assert_int_equal(mute(1, true), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200);
    run(15000);
    talk_with(1); /* the next one hears him */
    assert_false(scene_agent(call_find(world.telephony, agent(1)->call), 1)->muted);
}

#define HOLD_STORIES                                                                               \
    TEST(CC_21_a_held_caller_hears_music_and_each_hold_is_written),                                \
        TEST(a_hold_outlives_the_page_that_is_reloaded),                                           \
        TEST(a_muted_agent_hears_and_is_not_heard)
