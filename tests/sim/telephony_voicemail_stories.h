/* Messages, and callers who want to be called back, one by one. Included by test_telephony.c. */

/* A caller outside of the hours, at the beep. */
static handle_t caller_at_the_beep(void)
{
    handle_t sip;

    world.messages = world.closed_hours = true;
    world.speech_ms = 5000;
    sip = far_invite("13877112046", "12361");
    run(1500); /* greeting, what to do, the beep begins */
    assert_int_equal(call_of(sip)->message.step, MESSAGE_BEEP);
    return sip;
}

static handle_t caller_who_speaks(void)
{
    handle_t sip = caller_at_the_beep();

    run(1000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_SPEAKING);
    return sip;
}

static void went_on(handle_t sip, const char *outcome)
{
    run(2500); /* the file is closed, a prompt is heard, the flow hangs up */
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "outcome", outcome));
    assert_int_equal(fact_count_of("recording_begin"), fact_count_of("recording_end"));
    assert_int_equal(world.telephony->calls.count, 0);
}

static void VM_08_a_message_is_recorded_until_the_key_and_the_caller_is_thanked(void **state)
{
    handle_t sip = caller_who_speaks();
    const struct w_recording *recording = slots_find(&world.recordings, call_of(sip)->recording);

    (void)state;
    assert_int_equal(recording->tracks.left[0], call_leg_by_sip(world.telephony, sip)->media);
    assert_true(fact_says(fact_last("recording_begin"), "scene", "off_day"));
    assert_non_null(strstr(fact_last("recording_begin")->json, "center1/voicemail/"));
    far_key(sip, '5'); /* what is no # belongs to nothing */
    run(8000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_SPEAKING);
    far_key(sip, '#');
    assert_int_equal(call_of(sip)->message.step, MESSAGE_KEPT);
    went_on(sip, "closed");
    assert_true(fact_says(fact_last("recording_end"), "speech_ms", "5000"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
}

static void VM_08_silence_and_the_longest_time_end_a_message(void **state)
{
    handle_t sip = caller_who_speaks();

    (void)state;
    run(7000);
    far_silent(sip);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_KEPT);
    far_silent(sip); /* told twice, or too late */
    went_on(sip, "closed");
    sip = caller_who_speaks();
    run(28000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_SPEAKING);
    run(2000);
    assert_int_not_equal(call_of(sip) ? call_of(sip)->message.step : MESSAGE_NONE,
                         MESSAGE_SPEAKING);
    went_on(sip, "closed");
}

static void VM_08_who_hangs_up_in_his_message_has_left_it(void **state)
{
    handle_t sip = caller_who_speaks();

    (void)state;
    run(4000);
    far_end(sip, SIP_END_REMOTE, 200);
    check_everything();
    run(2000);
    assert_true(fact_says(fact_last("recording_end"), "speech_ms", "5000"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "closed"));
    assert_int_equal(world.telephony->calls.count, 0);
    assert_int_equal(fact_count_of("recording_begin"), 1);
    sip = caller_at_the_beep(); /* before: there is none */
    far_end(sip, SIP_END_REMOTE, 200);
    run(2000);
    assert_int_equal(fact_count_of("recording_begin"), 1);
    assert_true(fact_says(fact_last("call_end"), "outcome", "ivr_abandon"));
}

static void VM_08_who_says_nothing_hears_what_the_flow_has_for_that(void **state)
{
    handle_t sip = caller_who_speaks();

    (void)state;
    world.speech_ms = 2999;
    far_key(sip, '#');
    run(2500);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "closed")); /* its "failed" */
}

static void
VM_05_VM_06_switched_off_or_full_the_branch_is_skipped_and_the_set_prompt_heard(void **state)
{
    handle_t sip;

    (void)state;
    world.messages = world.closed_hours = world.messages_full = true;
    sip = far_invite("13877112046", "12361");
    run(1000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_OFF);
    went_on(sip, "closed");
    world.messages_full = false;
    world.messages_off = true;
    sip = far_invite("13877112046", "12361");
    run(1000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_OFF);
    went_on(sip, "closed");
    world.messages = false; /* nothing was ever set: nothing is heard of it */
    sip = far_invite("13877112046", "12361");
    run(900);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_NONE);
    went_on(sip, "closed");
    assert_int_equal(fact_count_of("recording_begin"), 0);
}

/* Nobody is signed in. */
static void VM_06_all_busy_is_a_scene_of_its_own_and_the_call_counts_as_turned_to_it(void **state)
{
    handle_t sip;

    (void)state;
    world.messages = true;
    world.speech_ms = 5000;
    sip = caller_in_queue('1');
    run(2000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_SPEAKING);
    assert_true(fact_says(fact_last("recording_begin"), "scene", "all_busy"));
    far_key(sip, '#');
    went_on(sip, "flow_vm");
    sip = far_invite("13877112046", "12361");
    run(1500);
    far_key(sip, '5');
    run(1500);
    assert_true(fact_says(fact_last("recording_begin"), "scene", "chosen"));
    far_key(sip, '#');
    run(3000);
    assert_int_equal(call_of(sip)->state, CALL_MENU); /* the main menu again */
    ready(1);
    far_key(sip, '1');
    run(1000);
    assert_int_equal(agent(1)->state, ACD_RING); /* kpi E16: he came back */
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(10);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
}

static void VM_06_no_room_on_the_disk_is_told_and_the_call_goes_on(void **state)
{
    handle_t sip;

    (void)state;
    telephony_record_calls(world.telephony, false);
    world.messages = world.closed_hours = true;
    sip = far_invite("13877112046", "12361");
    run(1000);
    assert_true(fact_says(fact_last("unrecorded"), "why", "record_no_room"));
    went_on(sip, "closed");
}

static void VM_08_a_key_at_the_prompt_goes_on_to_the_beep(void **state)
{
    handle_t sip;

    (void)state;
    world.messages = world.closed_hours = true;
    sip = far_invite("13877112046", "12361");
    run(750);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_PROMPT);
    far_key(sip, '3');
    assert_int_equal(call_of(sip)->message.step, MESSAGE_PROMPT);
    far_key(sip, '#');
    assert_int_equal(call_of(sip)->message.step, MESSAGE_BEEP);
    run(600);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_SPEAKING);
}

static void SCN_14_a_key_asks_for_a_call_back_with_the_first_place(void **state)
{
    handle_t sip = far_invite("13877112046", "12361");

    (void)state;
    run(1500);
    far_key(sip, '6');
    run(0);
    assert_true(fact_says(fact_last("ivr_key"), "callback_no", "13877112046"));
    assert_true(fact_says(fact_last("ivr_key"), "queue_id", "1"));
    went_on(sip, "ivr_self");
    sip = far_invite("", "12361"); /* nobody could call him */
    run(1500);
    far_key(sip, '6');
    run(600);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_false(fact_says(fact_last("ivr_key"), "callback_no", ""));
}

static void SCN_14_a_call_is_made_with_the_id_that_was_claimed(void **state)
{
    struct uuid wanted = uuid_new(loop_wall_ms(world.loop));

    (void)state;
    ready(1);
    assert_int_equal(telephony_dial_as(world.telephony, 1, "13877112046", &wanted), TELEPHONY_OK);
    check_everything();
    assert_true(uuid_equal(&call_find(world.telephony, agent(1)->call)->id, &wanted));
    assert_true(fact_says(fact_last("call_begin"), "call_id",
                          uuid_text(&wanted, (char[UUID_TEXT_SIZE]){0})));
    assert_int_equal(telephony_dial_as(world.telephony, 1, "13877112046", &wanted),
                     TELEPHONY_IN_CALL);
    assert_int_equal(telephony_hangup(world.telephony, 1, &wanted), TELEPHONY_OK);
    run(1000);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "agent"));
}

#define VOICEMAIL_STORIES                                                                          \
    TEST(VM_08_a_message_is_recorded_until_the_key_and_the_caller_is_thanked),                     \
        TEST(VM_08_silence_and_the_longest_time_end_a_message),                                    \
        TEST(VM_08_who_hangs_up_in_his_message_has_left_it),                                       \
        TEST(VM_08_who_says_nothing_hears_what_the_flow_has_for_that),                             \
        TEST(VM_05_VM_06_switched_off_or_full_the_branch_is_skipped_and_the_set_prompt_heard),     \
        TEST(VM_06_all_busy_is_a_scene_of_its_own_and_the_call_counts_as_turned_to_it),            \
        TEST(VM_06_no_room_on_the_disk_is_told_and_the_call_goes_on),                              \
        TEST(VM_08_a_key_at_the_prompt_goes_on_to_the_beep),                                       \
        TEST(SCN_14_a_key_asks_for_a_call_back_with_the_first_place),                              \
        TEST(SCN_14_a_call_is_made_with_the_id_that_was_claimed)
