/* The classic failures of a call center, one by one. Included by test_telephony.c. */

static void CC_06_a_call_from_invite_to_the_summary(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    far_end(sip, SIP_END_REMOTE, 200);
    run(10);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_true(fact_says(fact_last("talk_end"), "released_by", "caller"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    run(11000);
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_non_null(fact_last("acw_end"));
    assert_int_equal(fact_count_of("leg_quality"), 2); /* the caller's leg, the agent's talk */
    assert_true(fact_says(fact_last("recording_begin"), "left", "caller"));
}

static void CC_22_caller_leaves_while_it_rings(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    assert_int_equal(agent(1)->state, ACD_RING);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "caller_left"));
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "ab_ring"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "ab_ring"));
}

static void an_answer_that_crosses_the_hangup_is_stale(void **state)
{
    struct uuid call;
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    call = agent(1)->offer_call;
    far_end(sip, SIP_END_REMOTE, 200);
    assert_int_equal(telephony_answer(world.telephony, 1, &call), TELEPHONY_STALE);
    assert_int_equal(telephony_reject(world.telephony, 1, &call), TELEPHONY_STALE);
    sip = caller_in_queue('1'); /* the next one must not be answered by the old click */
    assert_int_equal(telephony_answer(world.telephony, 1, &call), TELEPHONY_STALE);
    assert_int_equal(answer(1), TELEPHONY_OK);
    assert_int_equal(answer(1), TELEPHONY_STALE); /* clicked twice */
}

static void PLAT_01_a_line_lost_in_talk_means_music_until_it_is_back(void **state)
{
    handle_t sip, caller;

    (void)state;
    ready(1);
    sip = talk_with(1);
    caller = call_leg_by_sip(world.telephony, sip)->media;
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(20000);
    assert_true(media_of(caller)->plays && media_of(caller)->loops);
    assert_false(room_hears(call_of(sip)->room, caller, line_of(1)));
    assert_int_equal(agent(1)->state, ACD_TALK);
    far_line(line_of(1), MEDIA_LINE_UP);
    run(0);
    assert_false(media_of(caller)->plays);
    assert_true(room_hears(call_of(sip)->room, caller, line_of(1)));
    run(60000); /* the limit counts anew */
    assert_int_equal(agent(1)->state, ACD_TALK);
    assert_int_equal(fact_count_of("talk_begin"), 1);
}

static void PLAT_01_a_reloaded_page_takes_the_talk_over(void **state)
{
    struct w_recording *recording;
    handle_t sip, old;

    (void)state;
    ready(1);
    sip = talk_with(1);
    old = line_of(1);
    assert_int_equal(offer_line(1, "s", "new"), TELEPHONY_OK);
    run(1000);
    assert_true(line_of(1) != old && !media_of(old));
    assert_int_equal(fact_count_of("leg_quality"),
                     2); /* the old line's life and its part of the talk */
    assert_true(
        room_hears(call_of(sip)->room, line_of(1), call_leg_by_sip(world.telephony, sip)->media));
    recording = slots_find(&world.recordings, call_of(sip)->recording);
    assert_int_equal(recording->tracks.right[0], line_of(1));
    assert_int_equal(offer_line(1, "t", "new"), TELEPHONY_SIGNED_IN_ELSEWHERE);
}

static void PLAT_01_a_line_lost_too_long_gives_the_caller_back_to_the_head(void **state)
{
    handle_t sip, other;
    struct call *call;
    uint64_t first;

    (void)state;
    ready(1);
    sip = talk_with(1);
    other = caller_in_queue('1');
    first = call_of(sip)->first_queued_at;
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(30001);
    call = call_of(sip);
    assert_int_equal(call->state, CALL_WAITING);
    assert_int_equal(call->priority, RETURN_PRIORITY);
    assert_int_equal(call->first_queued_at, first);
    assert_int_equal(acd_position(world.telephony->acd, call->entry), 1);
    assert_int_equal(acd_position(world.telephony->acd, call_of(other)->entry), 2);
    assert_int_equal(agent(1)->state, ACD_BUSY);
    ready(4);
    assert_int_equal(agent(4)->call, call->handle);
    run(1500); /* agent 4 answers by itself */
    assert_int_equal(call->agent, 4);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
}

static void a_caller_given_back_who_leaves_was_answered_and_left_the_queue(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    far_line(line_of(1), MEDIA_LINE_CLOSED);
    run(30001);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "ab_queue"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
}

static void CC_22_an_agent_who_does_not_answer_is_busy_and_the_next_one_rings(void **state)
{
    (void)state;
    ready(1);
    ready(7);
    (void)caller_in_queue('1');
    assert_int_equal(agent(1)->state, ACD_RING);
    run(15001);
    assert_int_equal(agent(1)->state, ACD_BUSY);
    assert_int_equal(agent(1)->reason_id, ACD_REASON_RONA);
    assert_true(fact_says(fact_last("agent_state"), "state", "ring"));
    assert_int_equal(agent(7)->state, ACD_RING);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "no_answer"));
}

static void CC_22_missed_calls_are_told_to_the_page_as_no_answer(void **state)
{
    struct text json = {0};

    (void)state;
    ready(1);
    (void)caller_in_queue('1');
    run(15001);
    telephony_agent_json(world.telephony, 1, &json);
    assert_non_null(strstr(json.data, "\"reason\":\"久不应答\""));
    text_done(&json);
}

static void ACD_03_a_rejected_caller_rings_at_the_next_agent(void **state)
{
    (void)state;
    ready(1);
    ready(7);
    (void)caller_in_queue('1');
    assert_int_equal(telephony_reject(world.telephony, 1, &agent(1)->offer_call), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_int_equal(agent(7)->state, ACD_RING);
}

static void no_call_more_than_allowed_but_summaries_keep_nobody_out(void **state)
{
    handle_t sip;

    (void)state;
    world_close();
    world_open(&(struct w_options){.seed = 1, .size = {3, 12, 24, 1}, .keep = true});
    ready(1);
    sip = caller_in_queue('2'); /* its summary is compulsory */
    assert_int_equal(answer(1), TELEPHONY_OK);
    (void)far_invite("1", "12361");
    assert_int_equal(world.last_status, 503);
    assert_true(world.last_retry_after > 0);
    far_end(sip, SIP_END_REMOTE, 200);
    run(60000);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(telephony_call_count(world.telephony), 0);
    (void)far_invite("1", "12361");
    assert_int_equal(world.last_status, 0);
    assert_int_equal(telephony_call_count(world.telephony), 1);
}

static void draining_refuses_new_calls_and_lets_the_running_ones_finish(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    telephony_drain(world.telephony);
    (void)far_invite("1", "12361");
    assert_int_equal(world.last_status, 503);
    assert_true(world.last_retry_after > 0);
    assert_int_equal(answer(1), TELEPHONY_OK); /* offered before, answered after */
    run(60000);
    assert_int_equal(telephony_call_count(world.telephony), 1);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(1000);
    assert_int_equal(telephony_call_count(world.telephony), 0);
    assert_true(fact_says(fact_last("talk_end"), "released_by", "agent"));
}

static void overload_refuses_calls_until_it_is_over(void **state)
{
    (void)state;
    telephony_refuse_calls(world.telephony, true);
    (void)far_invite("1", "12361");
    assert_int_equal(world.last_status, 503);
    telephony_refuse_calls(world.telephony, false);
    (void)far_invite("1", "12361");
    assert_int_equal(world.last_status, 0);
}

static void PLAT_02_the_late_answer_to_a_reinvite_moves_the_audio(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    far_late_reoffer(sip, "203.0.113.5");
    assert_string_equal(media_of(call_leg_by_sip(world.telephony, sip)->media)->remote,
                        "203.0.113.5");
}

static void CC_26_outside_hours_the_flow_says_so_and_hangs_up(void **state)
{
    (void)state;
    world.closed_hours = true;
    (void)far_invite("1", "12361");
    run(5000);
    assert_true(fact_says(fact_last("call_end"), "outcome", "closed"));
}

static void without_agents_the_caller_is_told_and_the_door_is_counted(void **state)
{
    (void)state;
    (void)caller_in_queue('1');
    run(5000);
    assert_true(fact_says(fact_last("door_refused"), "cause", "no_agent"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "no_agent"));
}

/* Refused at the door of the complaints, taken in by the queue they overflow to: that is where its
 * wait begins. It once waited since the beginning of the clock, before everybody else. */
static void ACD_03_a_caller_refused_at_one_door_waits_from_the_next(void **state)
{
    handle_t sip;

    (void)state;
    for (size_t i = 0; i < world.member_count; i++)
        if (world.members[i].queue_id == 6)
            world.members[i].queue_id = 99; /* nobody serves the complaints of center 3 */
    office_apply();
    ready(3);
    assert_int_equal(telephony_set_state(world.telephony, 3, "busy", NO_REASON), TELEPHONY_OK);
    sip = far_invite("13877112046", "12363");
    run(1500);
    far_key(sip, '2');
    run(600);
    assert_true(fact_says(fact_last("door_refused"), "queue_id", "6"));
    assert_int_equal(call_of(sip)->queue_id, 5);
    assert_int_equal(call_of(sip)->first_queue_id, 6);
    assert_int_equal(call_of(sip)->first_queued_at, call_of(sip)->queued_at);
    assert_int_equal(call_of(sip)->first_queued_ms, call_of(sip)->queued_ms);
    run(3000);
    far_end(sip, SIP_END_REMOTE, 200);
    assert_false(fact_says(fact_last("call_end"), "wait_ms", "0"));
}

/* --- desk phones ---------------------------------------------------------------------------- */

static void PLAT_02_phone_rings_talks_and_hangs_up(void **state)
{
    (void)state;
    ready_with_phone(10);
    (void)caller_in_queue('1');
    assert_int_equal(agent(10)->state, ACD_RING);
    assert_int_equal(answer(10), TELEPHONY_NO_LINE); /* by its own key */
    far_answer(phone_leg(10));
    run(6000);
    assert_int_equal(agent(10)->state, ACD_TALK);
    far_end(phone_leg(10), SIP_END_REMOTE, 200);
    run(1000);
    assert_true(fact_says(fact_last("talk_end"), "released_by", "agent"));
    assert_int_equal(fact_count_of("leg_quality"), 2); /* the caller's leg, the phone's talk */
    assert_int_equal(telephony_call_count(world.telephony), 0);
}

static void PLAT_02_phone_rings_whatever_the_caller_calls_himself(void **state)
{
    handle_t sip;

    (void)state;
    ready_with_phone(10);
    sip = far_invite("evil(0771)<x>", "12361");
    run(1500);
    far_key(sip, '1');
    run(600);
    assert_int_equal(agent(10)->state, ACD_RING);
}

static void PLAT_02_phone_taken_away_rings_no_more(void **state)
{
    (void)state;
    ready_with_phone(10);
    world.phone_registered[10] = false; /* sip does not tell of a phone that is not there */
    office_apply();
    (void)caller_in_queue('1');
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_null(fact_last("offer_begin"));
}

static void PLAT_01_phone_that_dies_in_talk_gives_its_caller_back(void **state)
{
    handle_t sip;

    (void)state;
    ready_with_phone(10);
    sip = caller_in_queue('1');
    far_answer(phone_leg(10));
    run(6000);
    far_end(phone_leg(10), SIP_END_TIMEOUT, 408);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->priority, RETURN_PRIORITY);
    assert_int_equal(agent(10)->state, ACD_BUSY);
}

static void CC_19_phone_goes_on_talking_when_the_page_moves(void **state)
{
    handle_t sip;

    (void)state;
    ready_with_phone(10);
    sip = caller_in_queue('1');
    far_answer(phone_leg(10));
    run(6000);
    assert_int_equal(sign_in(10, "t", true, true), TELEPHONY_OK);
    run(40000);
    assert_int_equal(agent(10)->state, ACD_TALK);
    assert_false(talk_line_is_away(world.telephony, call_of(sip),
                                   agent_find(world.telephony, call_of(sip)->agent)));
}

static void CC_19_phone_is_let_go_when_the_agent_moves_to_a_browser_in_talk(void **state)
{
    handle_t sip;

    (void)state;
    ready_with_phone(10);
    sip = caller_in_queue('1');
    far_answer(phone_leg(10));
    run(6000);
    assert_int_equal(sign_in(10, "t", false, true), TELEPHONY_OK);
    run(500);
    assert_int_equal(phone_leg(10), 0);
    assert_true(talk_line_is_away(world.telephony, call_of(sip),
                                  agent_find(world.telephony, call_of(sip)->agent)));
    assert_int_equal(offer_line(10, "t", "new"), TELEPHONY_OK);
    run(1000);
    assert_false(talk_line_is_away(world.telephony, call_of(sip),
                                   agent_find(world.telephony, call_of(sip)->agent)));
    assert_int_equal(agent(10)->state, ACD_TALK);
    far_phone(10, true);
    assert_int_equal(sign_in(10, "s", true, true), TELEPHONY_IN_CALL); /* not the other way */
}

static void CC_19_phone_sign_in_closes_the_line_of_the_microphone_test(void **state)
{
    handle_t line;

    (void)state;
    assert_int_equal(offer_line(10, "s", "new"), TELEPHONY_OK);
    run(1000);
    line = line_of(10);
    ready_with_phone(10);
    assert_null(media_of(line));
}

static void CC_20_ready_has_no_reason(void **state)
{
    (void)state;
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", 1), TELEPHONY_OK);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", 2), TELEPHONY_BAD_REASON);
    assert_int_equal(telephony_set_state(world.telephony, 1, "ready", 1), TELEPHONY_OK);
    assert_int_equal(agent(1)->reason_id, 0);
}

#define STORIES                                                                                    \
    TEST(CC_06_a_call_from_invite_to_the_summary), TEST(CC_22_caller_leaves_while_it_rings),       \
        TEST(an_answer_that_crosses_the_hangup_is_stale),                                          \
        TEST(PLAT_01_a_line_lost_in_talk_means_music_until_it_is_back),                            \
        TEST(PLAT_01_a_reloaded_page_takes_the_talk_over),                                         \
        TEST(PLAT_01_a_line_lost_too_long_gives_the_caller_back_to_the_head),                      \
        TEST(a_caller_given_back_who_leaves_was_answered_and_left_the_queue),                      \
        TEST(CC_22_an_agent_who_does_not_answer_is_busy_and_the_next_one_rings),                   \
        TEST(CC_22_missed_calls_are_told_to_the_page_as_no_answer),                                \
        TEST(ACD_03_a_rejected_caller_rings_at_the_next_agent),                                    \
        TEST(no_call_more_than_allowed_but_summaries_keep_nobody_out),                             \
        TEST(draining_refuses_new_calls_and_lets_the_running_ones_finish),                         \
        TEST(overload_refuses_calls_until_it_is_over),                                             \
        TEST(PLAT_02_the_late_answer_to_a_reinvite_moves_the_audio),                               \
        TEST(CC_26_outside_hours_the_flow_says_so_and_hangs_up),                                   \
        TEST(without_agents_the_caller_is_told_and_the_door_is_counted),                           \
        TEST(ACD_03_a_caller_refused_at_one_door_waits_from_the_next),                             \
        TEST(PLAT_02_phone_rings_talks_and_hangs_up),                                              \
        TEST(PLAT_01_phone_that_dies_in_talk_gives_its_caller_back),                               \
        TEST(CC_19_phone_goes_on_talking_when_the_page_moves),                                     \
        TEST(CC_19_phone_is_let_go_when_the_agent_moves_to_a_browser_in_talk),                     \
        TEST(CC_19_phone_sign_in_closes_the_line_of_the_microphone_test),                          \
        TEST(PLAT_02_phone_rings_whatever_the_caller_calls_himself),                               \
        TEST(PLAT_02_phone_taken_away_rings_no_more), TEST(CC_20_ready_has_no_reason)
