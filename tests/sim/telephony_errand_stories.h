/* Callers sent into a flow by their agent, one by one. Included by test_telephony.c. */

static enum telephony_result to_flow(int32_t user, bool come_back, const char *flow,
                                     const char *node)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_to_flow(world.telephony, user, &id, come_back, flow, node);
}

static enum telephony_result ask_survey(int32_t user)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_survey(world.telephony, user, &id);
}

static enum telephony_result take_back(int32_t user)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_from_flow(world.telephony, user, &id);
}

static void type(handle_t sip, const char *digits)
{
    for (; *digits; digits++)
        far_key(sip, *digits);
    run(0);
}

/* --- for good ------------------------------------------------------------------------------- */

static void CC_15_a_caller_goes_back_to_the_main_menu_and_chooses_again(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    ready(4);
    assert_int_equal(to_flow(1, false, "", ""), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_true(fact_says(fact_last("talk_end"), "released_by", "agent"));
    assert_true(fact_says(fact_last("ivr_begin"), "mode", "release"));
    assert_true(fact_says(fact_last("ivr_begin"), "user_id", "1"));
    assert_true(fact_says(fact_last("ivr_begin"), "target", "主菜单"));
    assert_true(far_media(sip)->plays);
    run(1000);
    far_key(sip, '2'); /* complain, this time: agent 4 serves it, too */
    run(7000);
    assert_true(fact_says(fact_last("ivr_end"), "exit", "queue"));
    assert_int_equal(agent(4)->state, ACD_TALK);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_true(fact_says(fact_last("call_end"), "user_id", "1"));
}

static void
CC_15_a_menu_or_another_flow_may_be_chosen_and_what_is_not_there_is_refused(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(to_flow(1, false, "nothing", ""), TELEPHONY_NO_FLOW);
    assert_int_equal(to_flow(1, false, "", "nowhere"), TELEPHONY_NO_FLOW);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    check_everything();
    assert_int_equal(to_flow(1, false, "number", ""), TELEPHONY_OK);
    assert_true(fact_says(fact_last("ivr_begin"), "flow_id", "2"));
    type(sip, "123#");
    run(2000); /* it ends there, and so does the call */
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_int_equal(to_flow(1, false, "", ""), TELEPHONY_STALE);
}

static void CC_15_a_call_of_the_agent_s_own_or_with_a_colleague_beside_is_not_sent(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(4);
    sip = talk_with(1);
    assert_int_equal(telephony_consult(world.telephony, 1, &call_of(sip)->id, 4), TELEPHONY_OK);
    assert_int_equal(to_flow(1, true, "", ""), TELEPHONY_CONSULTING);
    assert_int_equal(ask_survey(1), TELEPHONY_CONSULTING);
    far_end(sip, SIP_END_REMOTE, 200);
    run(11000);
    assert_int_equal(dial(1), TELEPHONY_OK);
    assert_int_equal(to_flow(1, false, "", ""), TELEPHONY_OUTBOUND);
    assert_int_equal(ask_survey(1), TELEPHONY_OUTBOUND);
}

/* --- and back ------------------------------------------------------------------------------- */

static void CC_15_a_caller_types_a_number_and_is_with_his_agent_again(void **state)
{
    struct text json = {0};
    handle_t sip, caller;

    (void)state;
    ready(1);
    sip = talk_with(1);
    caller = far_media(sip)->handle;
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_OK);
    check_everything();
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_int_equal(agent(1)->state, ACD_TALK);
    assert_false(room_hears(call_of(sip)->room, line_of(1), caller)); /* nor what he types */
    assert_true(media_of(line_of(1))->plays && media_of(line_of(1))->loops);
    telephony_agent_json(world.telephony, 1, &json);
    assert_non_null(strstr(json.data, "\"flow\":{\"target\":\"number\""));
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_IN_FLOW);
    assert_int_equal(ask_survey(1), TELEPHONY_IN_FLOW);
    assert_int_equal(transfer(1, 2), TELEPHONY_IN_FLOW);
    assert_int_equal(telephony_hold(world.telephony, 1, &call_of(sip)->id, true), TELEPHONY_STALE);
    type(sip, "45012#");
    run(3000); /* the number is said */
    assert_true(room_hears(call_of(sip)->room, line_of(1), caller));
    assert_true(room_hears(call_of(sip)->room, caller, line_of(1)));
    assert_false(media_of(line_of(1))->plays);
    assert_true(fact_says(fact_last("ivr_begin"), "mode", "suspend"));
    assert_true(fact_says(fact_last("ivr_end"), "exit", "agent"));
    assert_int_equal(fact_count_of("talk_begin"), 1); /* one talk, not put aside */
    assert_int_equal(fact_count_of("hold_begin"), 0);
    text_clear(&json);
    telephony_agent_json(world.telephony, 1, &json);
    assert_non_null(strstr(json.data, "\"number\":\"45012\""));
    assert_non_null(strstr(json.data, "\"flow\":null"));
    text_done(&json);
    far_key(sip, '1'); /* keys are the agent's again: nothing hears them */
    run(0);
    assert_int_equal(call_of(sip)->flow_id, 1);
    assert_int_equal(call_of(sip)->ivr.state, IVR_QUEUED); /* where it stood when he answered */
    assert_int_equal(call_of(sip)->ivr.depth, 1);
    for (int errand = 0; errand < 2; errand++) { /* one row of numbers: 1 + 6 were pressed before */
        assert_int_equal(to_flow(1, true, "", ""), TELEPHONY_OK);
        run(1000);
        type(sip, "9");
        assert_true(fact_says(fact_last("ivr_key"), "seq", errand ? "9" : "8"));
        assert_int_equal(take_back(1), TELEPHONY_OK);
    }
}

/* Within the caller's own flow: a menu that leads to a queue leads to the agent who waits. */
static void CC_15_wherever_the_flow_would_leave_him_he_is_with_the_agent_who_waits(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(to_flow(1, true, "", "main"), TELEPHONY_OK);
    run(500);
    far_key(sip, '2');
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_false(errand_is_out(call_of(sip)));
    assert_int_equal(fact_count_of("queue_enter"), 1);
    /* and the flow stands where it stood before: the line lost for good gives him back to it */
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(30001);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
}

static void CC_15_an_agent_takes_his_caller_back_before_he_is_done(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(take_back(1), TELEPHONY_STALE);
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_OK);
    type(sip, "12");
    assert_int_equal(take_back(1), TELEPHONY_OK);
    check_everything();
    assert_true(fact_says(fact_last("ivr_end"), "exit", "taken_back"));
    assert_false(far_media(sip)->plays);
    run(20000); /* no clock of the flow is left */
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_int_equal(fact_count_of("ivr_end"), 2);
}

static void CC_15_whatever_ends_the_talk_meanwhile_ends_the_errand(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("ivr_end"), "exit", "caller"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    run(11000);
    sip = talk_with(1);
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_OK);
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(30001); /* his caller goes to the head of the queue, not into the small flow */
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->flow_id, 1);
    assert_null(call_beside(world.telephony, call_of(sip))->flow_before);
    far_line(line_of(1), MEDIA_LINE_UP);
    assert_int_equal(telephony_set_state(world.telephony, 1, "ready", NO_REASON), TELEPHONY_OK);
    run(0);
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_OK);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(1000);
    assert_null(call_of(sip));
}

static void CC_15_a_leader_who_takes_over_has_the_caller_out_of_the_flow(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(7);
    sip = talk_with(1);
    assert_int_equal(to_flow(1, true, "number", ""), TELEPHONY_OK);
    assert_int_equal(telephony_take_over(world.telephony, 7, 1, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(call_of(sip)->agent, 7);
    assert_true(room_hears(call_of(sip)->room, far_media(sip)->handle, line_of(7)));
    assert_true(fact_says(fact_last("ivr_end"), "exit", "taken_back"));
}

/* --- the survey ----------------------------------------------------------------------------- */

static void CC_11_the_agent_has_his_caller_asked_and_the_answer_is_of_this_talk(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(ask_survey(1), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_true(fact_says(fact_last("ivr_begin"), "mode", "survey"));
    assert_true(fact_says(fact_last("ivr_begin"), "flow_id", "null"));
    run(1000);
    far_key(sip, '2');
    run(3000); /* good-bye, and the end */
    assert_null(call_of(sip));
    assert_true(fact_says(fact_last("ivr_end"), "survey_level", "3"));
    assert_true(fact_says(fact_last("ivr_end"), "survey_name", "一般"));
    assert_true(fact_says(fact_last("ivr_end"), "survey_user_id", "1"));
    assert_true(fact_says(fact_last("ivr_end"), "survey_queue_id", "1"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
}

static void CC_11_who_says_nothing_or_hangs_up_has_not_judged(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(ask_survey(1), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("ivr_end"), "survey_level", "null"));
    assert_true(fact_says(fact_last("ivr_end"), "survey_name", ""));
    run(11000);
    sip = talk_with(1);
    assert_int_equal(ask_survey(1), TELEPHONY_OK);
    run(30000); /* asked twice, then thanked */
    assert_null(call_of(sip));
    assert_true(fact_says(fact_last("ivr_end"), "survey_level", "null"));
}

/* Queue 2 has no survey, center 3 none at all. */
static void CC_24_a_queue_or_a_center_without_a_survey_asks_nobody(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('2');
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_int_equal(ask_survey(1), TELEPHONY_NO_SURVEY);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(1000);
    assert_null(call_of(sip));
}

/* Center 2 asks by itself: the agent's hanging up is the end of his talk, not of the call. */
static void CC_11_a_caller_who_stays_when_the_agent_has_hung_up_is_asked(void **state)
{
    handle_t sip;

    (void)state;
    ready(2);
    sip = far_invite("13877112046", "12362");
    run(1500);
    far_key(sip, '1');
    run(600);
    assert_int_equal(answer(2), TELEPHONY_OK);
    run(3000);
    assert_int_equal(telephony_hangup(world.telephony, 2, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(2)->state, ACD_ACW);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_true(fact_says(fact_last("talk_end"), "released_by", "agent"));
    run(1000);
    far_key(sip, '1');
    run(3000);
    assert_true(fact_says(fact_last("ivr_end"), "survey_level", "5"));
    assert_null(call_of(sip));
}

/* A flow may ask before anybody has talked. */
static void CC_11_a_survey_in_the_menu_is_of_no_agent(void **state)
{
    handle_t sip = far_invite("13877112046", "12361");

    (void)state;
    run(1500);
    far_key(sip, '4');
    run(1000);
    far_key(sip, '1');
    run(500);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("ivr_end"), "survey_level", "5"));
    assert_true(fact_says(fact_last("ivr_end"), "survey_user_id", "null"));
    assert_true(fact_says(fact_last("ivr_end"), "survey_queue_id", "null"));
}

/* A flow that goes on after a wait is a visit of its own: what happens there is in it. */
static void what_a_flow_does_after_the_wait_is_in_a_visit(void **state)
{
    handle_t sip;

    (void)state;
    world.queues[0].acd.max_wait_ms = 3000;
    world.members[6].queue_id = 101; /* nobody else ... */
    office_apply();
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", NO_REASON), TELEPHONY_OK);
    sip = caller_in_queue('1');
    assert_int_equal(fact_count_of("ivr_begin"), 1);
    run(4000); /* on_wait_over: complain */
    assert_int_equal(fact_count_of("ivr_begin"), 2);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(fact_count_of("ivr_end"), 2);
}

#define ERRAND_STORIES                                                                             \
    TEST(CC_15_a_caller_goes_back_to_the_main_menu_and_chooses_again),                             \
        TEST(CC_15_a_menu_or_another_flow_may_be_chosen_and_what_is_not_there_is_refused),         \
        TEST(CC_15_a_call_of_the_agent_s_own_or_with_a_colleague_beside_is_not_sent),              \
        TEST(CC_15_a_caller_types_a_number_and_is_with_his_agent_again),                           \
        TEST(CC_15_wherever_the_flow_would_leave_him_he_is_with_the_agent_who_waits),              \
        TEST(CC_15_an_agent_takes_his_caller_back_before_he_is_done),                              \
        TEST(CC_15_whatever_ends_the_talk_meanwhile_ends_the_errand),                              \
        TEST(CC_15_a_leader_who_takes_over_has_the_caller_out_of_the_flow),                        \
        TEST(CC_11_the_agent_has_his_caller_asked_and_the_answer_is_of_this_talk),                 \
        TEST(CC_11_who_says_nothing_or_hangs_up_has_not_judged),                                   \
        TEST(CC_24_a_queue_or_a_center_without_a_survey_asks_nobody),                              \
        TEST(CC_11_a_caller_who_stays_when_the_agent_has_hung_up_is_asked),                        \
        TEST(CC_11_a_survey_in_the_menu_is_of_no_agent),                                           \
        TEST(what_a_flow_does_after_the_wait_is_in_a_visit)
