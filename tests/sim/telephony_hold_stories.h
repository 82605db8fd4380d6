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

/* --- recording: its rule, and what the agent may do about it ---------------------------------- */

static enum telephony_result record(int32_t user, bool on)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_record(world.telephony, user, &id, on);
}

static bool audited(const char *text)
{
    return fact_last("audit") && strstr(fact_last("audit")->json, text);
}

static void CC_05_a_pause_is_a_gap_that_is_written_and_ends_by_itself(void **state)
{
    struct call *call;
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(5000);
    call = call_of(sip);
    world.centers[0].record_pause_s = 0;
    assert_int_equal(record(1, true), TELEPHONY_OK); /* it is so already */
    assert_int_equal(record(1, false), TELEPHONY_NO_PAUSE);
    assert_true(call->recording);
    world.centers[0].record_pause_s = 60;
    assert_int_equal(record(1, false), TELEPHONY_OK);
    check_everything();
    assert_false(call->recording);
    assert_true(audited("recording.pause"));
    assert_true(hear_each_other(call->room, caller_of(sip), line_of(1)));
    run(4000);
    assert_int_equal(record(1, true), TELEPHONY_OK);
    check_everything();
    assert_true(call->recording);
    assert_true(audited("paused_ms=4000 by=agent"));
    assert_int_equal(fact_count_of("recording_begin"), 2);
    assert_int_equal(record(1, false), TELEPHONY_OK);
    run(59999);
    assert_false(call->recording);
    run(1);
    check_everything();
    assert_true(call->recording);
    assert_true(audited("by=limit"));
    assert_int_equal(record(1, false), TELEPHONY_OK);
    run(1000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(audited("paused_ms=1000 by=end"));
    assert_int_equal(record(1, true), TELEPHONY_STALE);
    run(120000); /* and no timer is left of it */
    assert_int_equal(fact_count_of("recording_begin"), 3);
}

static void CC_05_on_demand_it_begins_by_hand_and_goes_on_with_whoever_has_the_call(void **state)
{
    handle_t sip;

    (void)state;
    world.queues[0].recording = DIR_RECORD_ON_DEMAND;
    ready(1);
    ready(4);
    sip = talk_with(1);
    run(5000);
    check_everything();
    assert_false(call_of(sip)->recording);
    assert_int_equal(record(1, true), TELEPHONY_OK);
    check_everything();
    assert_true(call_of(sip)->recording);
    assert_int_equal(record(1, false), TELEPHONY_OK);
    check_everything();
    assert_false(call_of(sip)->recording);
    assert_int_equal(record(1, true), TELEPHONY_OK);
    assert_int_equal(consult(1, 4), TELEPHONY_OK);
    run(0);
    assert_int_equal(telephony_answer(world.telephony, 4, &call_of(sip)->id), TELEPHONY_OK);
    assert_int_equal(consulted(1, telephony_consult_complete), TELEPHONY_OK);
    check_everything();
    assert_true(call_of(sip)->recording);
    assert_int_equal(fact_count_of("recording_begin"), 3);
}

static void CC_05_never_is_never_and_a_rule_holds_from_the_next_talk_on(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(5000);
    world.queues[0].recording = DIR_RECORD_NEVER;
    check_everything();
    assert_true(call_of(sip)->recording); /* it began before */
    far_end(sip, SIP_END_REMOTE, 200);
    run(15000);
    sip = talk_with(1);
    run(5000);
    check_everything();
    assert_false(call_of(sip)->recording);
    assert_int_equal(record(1, true), TELEPHONY_NOT_RECORDED);
    assert_int_equal(fact_count_of("unrecorded"), 0); /* that is no fault */
}

static void
CC_05_what_colleagues_say_to_each_other_is_left_out_where_the_center_says_so(void **state)
{
    const struct w_recording *recording;
    handle_t sip, caller;

    (void)state;
    world.centers[0].record_internal = false;
    ready(1);
    ready(4);
    sip = talk_with(1);
    run(5000);
    caller = caller_of(sip);
    recording = slots_find(&world.recordings, call_of(sip)->recording);
    assert_int_equal(recording->tracks.right[0], line_of(1));
    assert_int_equal(consult(1, 4), TELEPHONY_OK);
    run(0);
    assert_int_equal(telephony_answer(world.telephony, 4, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(recording->tracks.right[0], 0);
    assert_int_equal(recording->tracks.left[0], caller);
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    check_everything();
    assert_true(recording->tracks.right[0] && recording->tracks.right[1]);
}

#define HOLD_STORIES                                                                               \
    TEST(CC_21_a_held_caller_hears_music_and_each_hold_is_written),                                \
        TEST(a_hold_outlives_the_page_that_is_reloaded),                                           \
        TEST(a_muted_agent_hears_and_is_not_heard),                                                \
        TEST(CC_05_a_pause_is_a_gap_that_is_written_and_ends_by_itself),                           \
        TEST(CC_05_on_demand_it_begins_by_hand_and_goes_on_with_whoever_has_the_call),             \
        TEST(CC_05_never_is_never_and_a_rule_holds_from_the_next_talk_on),                         \
        TEST(CC_05_what_colleagues_say_to_each_other_is_left_out_where_the_center_says_so)
