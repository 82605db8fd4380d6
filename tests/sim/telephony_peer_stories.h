/* What users of other call centers have complained about for years (requirements, peers.md 4), one
 * by one. Included by test_telephony.c, after the words of the other stories. */

/* A caller of a center, key 1 consult, 2 complain. */
static handle_t caller_at(int center, char key)
{
    char called[8];
    handle_t sip;

    snprintf(called, sizeof(called), "1236%d", center);
    sip = far_invite("13877112046", called);
    run(1500);
    far_key(sip, key);
    run(600);
    return sip;
}

static void assert_gone(handle_t sip)
{
    struct text json = {0};

    assert_null(far_leg(sip));
    telephony_center_json(world.telephony, 1, &json);
    assert_non_null(strstr(json.data, "\"waiting\":[]"));
    text_done(&json);
}

/* --- an agent stuck in "reserved" or "receiving" -------------------------------------------- */

static void ACD_07_an_agent_whose_phone_dies_while_it_rings_is_free_again(void **state)
{
    (void)state;
    ready_with_phone(10);
    ready(1);
    (void)caller_at(1, '1');
    if (agent(1)->state == ACD_RING) /* the phone is to ring */
        assert_int_equal(telephony_reject(world.telephony, 1, &agent(1)->offer_call), TELEPHONY_OK);
    assert_int_equal(agent(10)->state, ACD_RING);
    far_end(phone_leg(10), SIP_END_TIMEOUT, 408);
    run(0);
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_int_equal(agent(10)->offer, 0);
    run(11000); /* who refused may be asked again then */
    assert_true(agent(1)->state == ACD_RING || agent(10)->state == ACD_RING);
}

static void ACD_07_a_phone_that_cannot_be_rung_gives_its_caller_on_at_once(void **state)
{
    (void)state;
    ready_with_phone(10);
    world.phone_registered[10] = false; /* gone, and nobody was told */
    (void)caller_at(1, '1');
    assert_int_equal(agent(10)->state, ACD_RING);
    ready(1);
    run(1100); /* and not the fifteen seconds of a ring */
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_int_equal(agent(1)->state, ACD_RING);
}

static void ACD_07_a_queue_removed_while_it_rings_sets_everybody_free(void **state)
{
    (void)state;
    ready(3);
    ready(6);
    (void)caller_at(3, '2'); /* longest idle: 3 */
    assert_int_equal(agent(3)->state, ACD_RING);
    world.queues[5].acd.id = 1006; /* another one in its place, and nobody is its member */
    office_apply();
    check_everything();
    assert_int_equal(agent(6)->state, ACD_READY);
    assert_int_equal(agent(3)->state, ACD_READY);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "moved"));
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "moved_out"));
    run(2000); /* the flow decides: a goodbye */
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
}

/* --- a member shown as answered hours after hanging up -------------------------------------- */

static void CC_22_a_caller_who_hangs_up_is_gone_from_every_place_at_once(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(500); /* the agent's number is being said */
    assert_true(scene_far(call_of(sip))->occupied);
    far_end(sip, SIP_END_REMOTE, 200);
    check_everything();
    assert_gone(sip);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(telephony_call_count(world.telephony), 0);
    run(11000);
    sip = talk_with(1);
    far_line(line_of(1), MEDIA_LINE_LOST); /* and while the agent's line is away */
    far_end(sip, SIP_END_REMOTE, 200);
    check_everything();
    assert_gone(sip);
    assert_int_equal(agent(1)->state, ACD_ACW);
    run(40000); /* the limit of the line is nobody's any more */
    assert_int_equal(world.telephony->calls.count, 0);
    assert_int_equal(agent(1)->state, ACD_READY);
}

/* --- the call offered after the caller left ------------------------------------------------- */

static void CC_22_nobody_rings_for_a_caller_who_left_in_the_same_millisecond(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", NO_REASON), TELEPHONY_OK);
    sip = caller_in_queue('1');
    far_end(sip, SIP_END_REMOTE, 200);
    assert_int_equal(telephony_set_state(world.telephony, 1, "ready", NO_REASON), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_int_equal(fact_count_of("offer_begin"), 0);
    sip = caller_in_queue('1');
    run(agent(1)->ring_at + 14999 - loop_now_ms(world.loop));
    world_to_the_edge(); /* the ring is over in this very millisecond */
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "caller_left")); /* not his fault */
    assert_int_equal(agent(1)->state, ACD_READY);
}

static void CC_22_a_phone_stops_ringing_when_its_caller_left(void **state)
{
    handle_t sip, phone;

    (void)state;
    ready_with_phone(10);
    sip = caller_in_queue('1');
    phone = phone_leg(10);
    assert_int_equal(far_leg(phone)->state, W_CALLING);
    far_end(sip, SIP_END_REMOTE, 200);
    assert_int_equal(far_leg(phone)->state, W_LEAVING);
    far_answer(phone); /* picked up at that moment */
    run(1000);
    assert_null(far_leg(phone));
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_int_equal(fact_count_of("talk_begin"), 0);
}

/* --- the same call answered by two agents --------------------------------------------------- */

static void ACD_07_where_everybody_rings_only_one_answers(void **state)
{
    struct uuid call;
    handle_t phone;

    (void)state;
    ready(2);
    ready(8);
    ready_with_phone(11);
    (void)caller_at(2, '1');
    assert_int_equal(agent(2)->state, ACD_RING);
    assert_int_equal(agent(8)->state, ACD_RING);
    assert_int_equal(agent(11)->state, ACD_RING);
    call = agent(8)->offer_call;
    phone = phone_leg(11);
    assert_int_equal(answer(2), TELEPHONY_OK);
    assert_int_equal(telephony_answer(world.telephony, 8, &call), TELEPHONY_STALE);
    far_answer(phone);
    check_everything();
    assert_int_equal(agent(2)->state, ACD_TALK);
    assert_int_equal(agent(8)->state, ACD_READY);
    assert_int_equal(agent(11)->state, ACD_READY);
    assert_int_equal(fact_count_of("talk_begin"), 1);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "taken"));
    run(1000);
    assert_null(far_leg(phone));
}

/* --- two calls offered to one agent --------------------------------------------------------- */

static void ACD_07_two_callers_of_one_millisecond_are_two_offers_one_after_the_other(void **state)
{
    handle_t first, second;

    (void)state;
    ready(1);
    first = far_invite("13877112046", "12361");
    second = far_invite("13877112047", "12361");
    run(1500);
    far_key(first, '1');
    far_key(second, '2'); /* a queue each, and agent 1 serves both */
    run(600);
    assert_int_equal(fact_count_of("offer_begin"), 1);
    assert_int_equal(agent(1)->call, call_of(first)->handle);
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_int_equal(fact_count_of("offer_begin"), 1);
    assert_int_equal(call_of(second)->state, CALL_WAITING);
    far_end(first, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(1)->state, ACD_ACW); /* his summary first */
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    assert_int_equal(agent(1)->call, call_of(second)->handle);
    assert_int_equal(fact_count_of("offer_begin"), 2);
}

/* --- a counter that counts a re-offered or overflowed call twice ---------------------------- */

static void CC_29_a_call_offered_twice_is_one_visit_and_one_call(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(7);
    sip = caller_in_queue('1');
    run(15001); /* agent 1 does not answer */
    assert_int_equal(answer(7), TELEPHONY_OK);
    run(6000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(fact_count_of("offer_begin"), 2);
    assert_int_equal(fact_count_of("queue_enter"), 1);
    assert_int_equal(fact_count_of("queue_leave"), 1);
    assert_int_equal(fact_count_of("call_end"), 1);
    assert_true(fact_says(fact_last("call_end"), "user_id", "7"));
}

static uint32_t waiting_in(int32_t queue)
{
    struct acd_queue_view view = {0};

    (void)acd_queue_view(world.telephony->acd, queue, &view);
    return view.waiting;
}

static void CC_29_an_overflowed_call_is_in_one_queue_and_ends_once(void **state)
{
    handle_t sip;

    (void)state;
    ready(2);
    assert_int_equal(telephony_set_state(world.telephony, 2, "busy", NO_REASON), TELEPHONY_OK);
    sip = caller_at(2, '1');
    assert_int_equal(waiting_in(3), 1);
    run(30001);
    assert_int_equal(waiting_in(3), 0);
    assert_int_equal(waiting_in(4), 1);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "overflow_out"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(waiting_in(4), 0);
    assert_int_equal(fact_count_of("queue_enter"), 2);
    assert_int_equal(fact_count_of("queue_leave"), 2);
    assert_int_equal(fact_count_of("call_end"), 1);
    assert_true(fact_says(fact_last("call_end"), "outcome", "ab_queue"));
    assert_true(fact_says(fact_last("call_end"), "first_queue_id", "3"));
}

/* Two queues that overflow into each other, both with a limit: three times, then the flow. */
static void CC_29_a_call_does_not_go_round_between_queues_for_ever(void **state)
{
    handle_t sip;

    (void)state;
    world.queues[3].acd.max_wait_ms = 20000;
    office_apply();
    ready(2);
    assert_int_equal(telephony_set_state(world.telephony, 2, "busy", NO_REASON), TELEPHONY_OK);
    sip = caller_at(2, '1');
    run(140000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "max_wait"));
    assert_true(fact_count_of("queue_enter") <= 5);
}

static void CC_29_a_call_does_not_overflow_to_where_nobody_is(void **state)
{
    handle_t sip;

    (void)state;
    world.members[4].queue_id = 99; /* agent 3 serves the complaints of center 3 only */
    office_apply();
    ready(3);
    assert_int_equal(telephony_set_state(world.telephony, 3, "busy", NO_REASON), TELEPHONY_OK);
    sip = caller_at(3, '2');
    run(22000);
    assert_null(far_leg(sip));
    assert_int_equal(fact_count_of("queue_enter"), 1);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "max_wait"));
}

/* --- wrap-up lost when an agent serves several queues --------------------------------------- */

static void CC_10_the_summary_of_one_queue_is_not_cut_short_by_another(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    ready(1); /* serves consult (ten seconds) and complain (compulsory) */
    sip = caller_in_queue('2');
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    (void)caller_in_queue('1');
    far_end(sip, SIP_END_REMOTE, 200);
    run(60000);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_WRAP_UP_MISSING);
    assert_int_equal(telephony_set_state(world.telephony, 1, "ready", NO_REASON),
                     TELEPHONY_WRAP_UP_MISSING);
    assert_int_equal(fact_count_of("offer_begin"), 1);
    id = call_find(world.telephony, agent(1)->call)->id;
    assert_int_equal(telephony_wrap_up_saved(world.telephony, 1, &id, "", ""),
                     TELEPHONY_WRAP_UP_MISSING);
    assert_int_equal(telephony_wrap_up_saved(world.telephony, 1, &id, "a", ""), TELEPHONY_OK);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_int_equal(telephony_hangup(world.telephony, 1, &agent(1)->offer_call), TELEPHONY_OK);
    assert_true(agent(1)->wrap_up_required == false); /* the rules are those of this queue now */
    run(11000);
    assert_int_equal(agent(1)->state, ACD_READY);
}

static void CC_10_a_summary_saved_for_one_call_is_not_that_of_the_next(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    ready(1);
    for (int i = 0; i < 2; i++) {
        sip = caller_in_queue('2');
        assert_int_equal(answer(1), TELEPHONY_OK);
        far_end(sip, SIP_END_REMOTE, 200);
        run(0);
        assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_WRAP_UP_MISSING);
        id = call_find(world.telephony, agent(1)->call)->id;
        assert_int_equal(telephony_wrap_up_saved(world.telephony, 1, &id, "a", ""), TELEPHONY_OK);
        assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    }
}

/* --- a refused call offered again to the same agent for ever -------------------------------- */

static void CC_22_a_call_its_only_agent_refuses_does_not_ring_for_ever(void **state)
{
    handle_t sip;

    (void)state;
    world.queues[3].overflow_queue_id = 0; /* complain of center 2: two refusals are enough */
    office_apply();
    ready(2);
    sip = caller_at(2, '2');
    assert_int_equal(telephony_reject(world.telephony, 2, &agent(2)->offer_call), TELEPHONY_OK);
    run(9900);
    assert_int_equal(fact_count_of("offer_begin"), 1); /* nobody is asked twice in a row */
    run(200);
    assert_int_equal(fact_count_of("offer_begin"), 2);
    assert_int_equal(telephony_reject(world.telephony, 2, &agent(2)->offer_call), TELEPHONY_OK);
    run(2000);
    assert_int_equal(fact_count_of("offer_begin"), 2);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "lost"));
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "max_wait"));
    assert_int_equal(agent(2)->state, ACD_READY);
}

/* --- talk time that goes on after a transfer ------------------------------------------------ */

static void CC_14_the_agent_before_has_no_say_in_the_talk_of_the_next(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    id = call_of(sip)->id;
    ready(7);
    assert_int_equal(transfer(1, 1), TELEPHONY_OK);
    run(0);
    assert_true(fact_says(fact_last("talk_end"), "talk_ms", "7000"));
    assert_int_equal(answer(7), TELEPHONY_OK);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(telephony_transfer(world.telephony, 1, &id, 2), TELEPHONY_STALE);
    assert_int_equal(telephony_hangup(world.telephony, 1, &id), TELEPHONY_STALE);
    run(5000);
    assert_int_equal(agent(7)->state, ACD_TALK);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("talk_end"), "user_id", "7"));
    assert_true(fact_says(fact_last("talk_end"), "talk_ms", "5000"));
    assert_true(fact_says(fact_last("call_end"), "talk_ms", "12000"));
}

/* --- an agent whose line is away while it rings or is announced ----------------------------- */

static void PLAT_01_a_line_lost_while_the_number_is_said_is_music_afterwards(void **state)
{
    handle_t sip, caller;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(500);
    caller = call_leg_by_sip(world.telephony, sip)->media;
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(6000);
    assert_false(scene_far(call_of(sip))->occupied);
    assert_true(media_of(caller)->plays && media_of(caller)->loops);
    assert_false(room_hears(call_of(sip)->room, caller, line_of(1)));
    far_line(line_of(1), MEDIA_LINE_UP);
    assert_true(room_hears(call_of(sip)->room, caller, line_of(1)));
}

static void CC_19_a_second_page_takes_over_only_when_told_to(void **state)
{
    handle_t phone;

    (void)state;
    ready(1);
    assert_int_equal(sign_in(1, "t", false, false), TELEPHONY_SIGNED_IN_ELSEWHERE);
    assert_true(telephony_is_signed_in(world.telephony, 1, "s"));
    assert_int_equal(sign_in(1, "t", false, true), TELEPHONY_OK);
    assert_true(telephony_is_signed_in(world.telephony, 1, "t"));
    ready_with_phone(10);
    (void)caller_in_queue('1');
    phone = phone_leg(10);
    far_answer(phone);
    run(6000);
    assert_int_equal(telephony_hangup(world.telephony, 10, &agent(10)->offer_call), TELEPHONY_OK);
    run(1000);
    assert_null(far_leg(phone)); /* on the hook again */
}

static void CC_14_a_phone_picked_up_when_no_trunk_is_left_is_put_down_again(void **state)
{
    handle_t phone;

    (void)state;
    ready_with_phone(10);
    assert_int_equal(dial(10), TELEPHONY_OK);
    world.trunk_full[1] = world.trunk_full[2] = true; /* while the phone rings */
    phone = phone_leg(10);
    far_answer(phone);
    check_everything();
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "trunk"));
    run(1000);
    assert_null(far_leg(phone));
}

static void PLAT_02_a_phone_that_negotiates_anew_goes_on_talking(void **state)
{
    handle_t sip;

    (void)state;
    ready_with_phone(10);
    sip = caller_in_queue('1');
    far_answer(phone_leg(10));
    run(6000);
    far_late_reoffer(phone_leg(10), "192.0.2.5");
    run(1000);
    assert_int_equal(agent(10)->state, ACD_TALK);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_string_equal(media_of(line_of(10))->remote, "192.0.2.5");
}

static void CC_29_a_full_queue_and_one_nobody_serves_are_two_branches(void **state)
{
    handle_t sip;

    (void)state;
    world.queues[0].acd.max_length = 1; /* consult; the flow goes on to complain */
    office_apply();
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", NO_REASON), TELEPHONY_OK);
    (void)caller_in_queue('1');
    sip = caller_in_queue('1');
    run(600);
    assert_true(fact_says(fact_last("door_refused"), "cause", "full"));
    assert_int_equal(call_of(sip)->queue_id, 2);
    assert_int_equal(call_of(sip)->first_queue_id, 1);
}

static void CC_20_without_a_line_nobody_gets_ready_and_reasons_are_of_their_kind(void **state)
{
    (void)state;
    assert_int_equal(sign_in(1, "s", false, false), TELEPHONY_OK);
    assert_int_equal(telephony_set_state(world.telephony, 1, "ready", NO_REASON),
                     TELEPHONY_NO_LINE);
    assert_int_equal(telephony_set_state(world.telephony, 1, "rest", 2), TELEPHONY_OK);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", 2), TELEPHONY_BAD_REASON);
    assert_int_equal(telephony_set_state(world.telephony, 1, "rest", 1), TELEPHONY_BAD_REASON);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", 3), TELEPHONY_BAD_REASON);
    assert_int_equal(agent(1)->state, ACD_REST);
    assert_int_equal(agent(1)->reason_id, 2);
}

#define PEER_STORIES                                                                               \
    TEST(ACD_07_an_agent_whose_phone_dies_while_it_rings_is_free_again),                           \
        TEST(ACD_07_a_phone_that_cannot_be_rung_gives_its_caller_on_at_once),                      \
        TEST(ACD_07_a_queue_removed_while_it_rings_sets_everybody_free),                           \
        TEST(CC_22_a_caller_who_hangs_up_is_gone_from_every_place_at_once),                        \
        TEST(CC_22_nobody_rings_for_a_caller_who_left_in_the_same_millisecond),                    \
        TEST(CC_22_a_phone_stops_ringing_when_its_caller_left),                                    \
        TEST(ACD_07_where_everybody_rings_only_one_answers),                                       \
        TEST(ACD_07_two_callers_of_one_millisecond_are_two_offers_one_after_the_other),            \
        TEST(CC_29_a_call_offered_twice_is_one_visit_and_one_call),                                \
        TEST(CC_29_an_overflowed_call_is_in_one_queue_and_ends_once),                              \
        TEST(CC_29_a_call_does_not_go_round_between_queues_for_ever),                              \
        TEST(CC_29_a_call_does_not_overflow_to_where_nobody_is),                                   \
        TEST(CC_10_the_summary_of_one_queue_is_not_cut_short_by_another),                          \
        TEST(CC_10_a_summary_saved_for_one_call_is_not_that_of_the_next),                          \
        TEST(CC_22_a_call_its_only_agent_refuses_does_not_ring_for_ever),                          \
        TEST(CC_14_the_agent_before_has_no_say_in_the_talk_of_the_next),                           \
        TEST(PLAT_01_a_line_lost_while_the_number_is_said_is_music_afterwards),                    \
        TEST(CC_19_a_second_page_takes_over_only_when_told_to),                                    \
        TEST(CC_14_a_phone_picked_up_when_no_trunk_is_left_is_put_down_again),                     \
        TEST(PLAT_02_a_phone_that_negotiates_anew_goes_on_talking),                                \
        TEST(CC_29_a_full_queue_and_one_nobody_serves_are_two_branches),                           \
        TEST(CC_20_without_a_line_nobody_gets_ready_and_reasons_are_of_their_kind)
