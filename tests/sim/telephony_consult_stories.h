/* A colleague is asked, one by one. Included by test_telephony.c. Agents 1, 4 and 7 are of
 * center 1. */

static struct uuid call_of_agent(int32_t user)
{
    struct call *call = call_find(world.telephony, agent(user)->call);

    return call ? call->id : (struct uuid){{0}};
}

static enum telephony_result consult(int32_t user, int32_t colleague)
{
    struct uuid id = call_of_agent(user);

    return telephony_consult(world.telephony, user, &id, colleague);
}

static enum telephony_result consulted(int32_t user,
                                       enum telephony_result (*verb)(struct telephony *, int32_t,
                                                                     const struct uuid *))
{
    struct uuid id = call_of_agent(user);

    return verb(world.telephony, user, &id);
}

/* Agent 1 talks with a caller, has asked agent 4, and both talk. */
static handle_t asking(void)
{
    handle_t sip;

    ready(1);
    sip = talk_with(1);
    ready(4);
    assert_int_equal(consult(1, 4), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(4)->state, ACD_RING);
    assert_int_equal(answer(4), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(4)->state, ACD_TALK);
    return sip;
}

static bool hear_each_other(handle_t room, handle_t a, handle_t b)
{
    return room_hears(room, a, b) && room_hears(room, b, a);
}

static handle_t caller_of(handle_t sip)
{
    return call_leg_find(world.telephony, call_of(sip)->leg)->media;
}

static void XFER_04_a_colleague_is_asked_and_the_caller_passed_on_to_him(void **state)
{
    handle_t sip = asking(), room = call_of(sip)->room;

    (void)state;
    assert_true(hear_each_other(room, line_of(1), line_of(4)));
    assert_true(media_of(caller_of(sip))->plays);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "consult"));
    run(5000);
    assert_int_equal(consulted(1, telephony_consult_complete), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(agent(4)->state, ACD_TALK);
    assert_true(hear_each_other(room, caller_of(sip), line_of(4)));
    assert_false(media_of(caller_of(sip))->plays);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
    assert_true(fact_says(fact_last("talk_begin"), "user_id", "4"));
    assert_int_equal(fact_count_of("recording_begin"), 2);
    run(2000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(4)->state, ACD_ACW);
    assert_true(fact_says(fact_last("call_end"), "hold_ms", "5000"));
    assert_true(fact_says(fact_last("call_end"), "user_id", "1"));
}

static void XFER_04_the_caller_is_taken_back(void **state)
{
    handle_t sip = asking();

    (void)state;
    assert_int_equal(consulted(1, telephony_consult_end), TELEPHONY_OK);
    check_everything();
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_int_equal(agent(4)->state, ACD_READY); /* no summary of a question */
    assert_int_equal(consulted(1, telephony_consult_end), TELEPHONY_STALE);
}

static void CC_13_whom_the_colleague_does_not_take_is_with_his_agent_again(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    ready(7);
    for (int way = 0; way < 3; way++) {
        assert_int_equal(consult(1, 7), TELEPHONY_OK);
        assert_int_equal(consult(1, 4), TELEPHONY_CONSULTING);
        assert_true(media_of(line_of(1))->plays); /* it rings there */
        if (way == 0)
            assert_int_equal(telephony_reject(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
        else if (way == 1)
            run(20000);
        else
            far_line(line_of(7), MEDIA_LINE_LOST);
        check_everything();
        assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
        assert_false(media_of(line_of(1))->plays);
        assert_int_equal(agent(7)->state, ACD_READY); /* 久不应答 is for callers of queues */
    }
    assert_int_equal(fact_count_of("offer_begin"), 1);
    assert_int_equal(consult(1, 7), TELEPHONY_COLLEAGUE_BUSY);
    assert_int_equal(consult(1, 1), TELEPHONY_NO_COLLEAGUE);
    assert_int_equal(consult(1, 2), TELEPHONY_NO_COLLEAGUE); /* of another center */
    assert_int_equal(consult(1, 4), TELEPHONY_NO_COLLEAGUE); /* not signed in */
    assert_int_equal(consult(7, 1), TELEPHONY_STALE);
}

static void XFER_03_three_talk_and_whoever_leaves_the_others_go_on(void **state)
{
    handle_t sip = asking(), room = call_of(sip)->room;

    (void)state;
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    check_everything();
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_true(hear_each_other(room, caller_of(sip), line_of(4)));
    assert_true(hear_each_other(room, line_of(1), line_of(4)));
    assert_int_equal(telephony_hangup(world.telephony, 4, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_int_equal(agent(4)->state, ACD_READY);

    assert_int_equal(consult(1, 4), TELEPHONY_OK);
    assert_int_equal(answer(4), TELEPHONY_OK);
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_true(hear_each_other(room, caller_of(sip), line_of(4)));
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(call_of(sip)->agent, 4);
    run(1000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(4)->state, ACD_ACW);
}

static void XFER_04_a_caller_who_hangs_up_ends_the_question_for_both(void **state)
{
    handle_t sip = asking();

    (void)state;
    run(3000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(agent(4)->state, ACD_READY);
    assert_true(fact_says(fact_last("call_end"), "hold_ms", "3000"));
}

static void F4_while_a_colleague_is_asked_brings_the_caller_back(void **state)
{
    handle_t sip = asking();

    (void)state;
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
}

static void a_colleague_whose_line_stays_away_is_out(void **state)
{
    handle_t sip = asking();

    (void)state;
    far_line(line_of(4), MEDIA_LINE_LOST);
    check_everything();
    run(31000);
    check_everything();
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_int_equal(agent(4)->state, ACD_READY);
}

static void the_asking_agents_line_stays_away_and_the_caller_waits_first_in_the_queue(void **state)
{
    handle_t sip = asking();

    (void)state;
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(30100);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_BUSY);
    assert_int_equal(agent(4)->state, ACD_RING); /* with the caller now */
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->priority, RETURN_PRIORITY);
}

#define CONSULT_STORIES                                                                            \
    TEST(XFER_04_a_colleague_is_asked_and_the_caller_passed_on_to_him),                            \
        TEST(XFER_04_the_caller_is_taken_back),                                                    \
        TEST(CC_13_whom_the_colleague_does_not_take_is_with_his_agent_again),                      \
        TEST(XFER_03_three_talk_and_whoever_leaves_the_others_go_on),                              \
        TEST(XFER_04_a_caller_who_hangs_up_ends_the_question_for_both),                            \
        TEST(F4_while_a_colleague_is_asked_brings_the_caller_back),                                \
        TEST(a_colleague_whose_line_stays_away_is_out),                                            \
        TEST(the_asking_agents_line_stays_away_and_the_caller_waits_first_in_the_queue)
