/* Callers who want one agent (指定坐席). Included by test_telephony.c.
 *
 * Key 0: agent 1 of center 1, whose absence and silence lead elsewhere; in the next version of the
 * flow agent 4, for whom the caller goes on waiting. */

static handle_t wants_agent(const char *called)
{
    handle_t sip = far_invite("13877112046", called);

    run(1500);
    far_key(sip, '0');
    run(0);
    return sip;
}

static void IVR_04_the_wanted_agent_rings_and_the_queue_keeps_the_books(void **state)
{
    handle_t sip;

    (void)state;
    ready(4); /* longer ready */
    run(3000);
    ready(1);
    sip = wants_agent("12361");
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(agent(4)->state, ACD_READY);
    assert_true(fact_says(fact_last("queue_enter"), "queue_id", "1"));
    assert_true(fact_says(fact_last("offer_begin"), "reason", "指定坐席，已等 0 秒"));
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_int_equal(call_of(sip)->preferred, 0);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "answered"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
}

static void IVR_04_in_vain_the_flow_takes_the_branch(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(4);
    assert_int_equal(telephony_set_state(world.telephony, 1, "rest", NO_REASON), TELEPHONY_OK);
    sip = wants_agent("12361");
    run(19000);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(agent(4)->state, ACD_READY); /* somebody else's caller */
    run(2100);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "overflow_out"));
    assert_true(fact_says(fact_last("queue_leave"), "queue_id", "1"));
    assert_int_equal(call_of(sip)->queue_id, 2); /* complain */
    assert_int_equal(call_of(sip)->preferred, 0);
}

static void IVR_04_refused_the_flow_takes_the_branch_at_once(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = wants_agent("12361");
    assert_int_equal(telephony_reject(world.telephony, 1, &agent(1)->offer_call), TELEPHONY_OK);
    run(0);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "rejected"));
    assert_int_equal(fact_count_of("offer_begin"), 1);
    run(1000);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "overflow_out"));
    assert_int_equal(call_of(sip)->queue_id, 2);
}

static void IVR_04_who_is_not_there_is_said_at_once_and_no_queue_is_entered(void **state)
{
    handle_t sip;

    (void)state;
    ready(4);
    sip = wants_agent("12361");
    assert_int_equal(fact_count_of("queue_enter"), 0);
    assert_int_equal(fact_count_of("door_refused"), 0);
    run(2000); /* goodbye; where a queue has nobody he would complain */
    assert_int_equal(fact_count_of("queue_enter"), 0);
    assert_null(call_of(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "error"));
}

static void IVR_04_an_agent_of_another_center_is_never_reached(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(5); /* of center 2, whose 1001 is not there */
    sip = wants_agent("12362");
    assert_int_equal(agent(1)->state, ACD_READY); /* the other center's 1001 */
    assert_int_equal(fact_count_of("offer_begin"), 0);
    run(2000);
    assert_null(call_of(sip));
    ready(2);
    sip = wants_agent("12362");
    assert_int_equal(agent(2)->state, ACD_RING);
    assert_int_equal(agent(1)->state, ACD_READY);
    far_end(sip, SIP_END_REMOTE, 200);
}

static void IVR_04_who_signs_out_is_waited_for_no_longer(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(4);
    assert_int_equal(telephony_set_state(world.telephony, 1, "rest", NO_REASON), TELEPHONY_OK);
    sip = wants_agent("12361");
    run(3000);
    assert_int_equal(telephony_sign_out(world.telephony, 1, "user"), TELEPHONY_OK);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_MENU); /* hears goodbye */
    assert_int_equal(fact_count_of("queue_leave"), 0);
    run(2000);
    assert_null(call_of(sip));
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "lost"));
}

/* Seed 770000002135. Meanwhile a leader has given the caller to somebody else: that one's answer is
 * waited for first. */
static void IVR_04_who_signs_out_while_another_rings_is_missed_when_that_one_refuses(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(4);
    assert_int_equal(telephony_set_state(world.telephony, 1, "rest", NO_REASON), TELEPHONY_OK);
    sip = wants_agent("12361");
    assert_int_equal(telephony_move_to_agent(world.telephony, &call_of(sip)->id, 4), TELEPHONY_OK);
    assert_int_equal(agent(4)->state, ACD_RING);
    assert_int_equal(telephony_sign_out(world.telephony, 1, "user"), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(4)->state, ACD_RING);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(telephony_reject(world.telephony, 4, &agent(4)->offer_call), TELEPHONY_OK);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_MENU); /* hears goodbye */
    assert_int_equal(call_of(sip)->preferred, 0);
    run(2000);
    assert_null(call_of(sip));
}

static void IVR_04_without_a_branch_he_goes_on_waiting_with_his_time(void **state)
{
    uint64_t first;
    handle_t sip;

    (void)state;
    office_change(5); /* another version: agent 4 */
    ready(4);
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 4, "rest", NO_REASON), TELEPHONY_OK);
    sip = wants_agent("12361");
    first = call_of(sip)->first_queued_at;
    run(19000);
    assert_int_equal(agent(1)->state, ACD_READY);
    run(1100);
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(call_of(sip)->first_queued_at, first);
    assert_int_equal(fact_count_of("queue_enter"), 1); /* one visit */
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "answered"));
    assert_int_equal(agent(1)->state, ACD_TALK);
}

static void IVR_04_who_hangs_up_while_he_waits_for_one_has_abandoned_the_queue(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "rest", NO_REASON), TELEPHONY_OK);
    sip = wants_agent("12361");
    run(7000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "ab_queue"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "ab_queue"));
}

#define PREFERRED_STORIES                                                                          \
    TEST(IVR_04_the_wanted_agent_rings_and_the_queue_keeps_the_books),                             \
        TEST(IVR_04_in_vain_the_flow_takes_the_branch),                                            \
        TEST(IVR_04_refused_the_flow_takes_the_branch_at_once),                                    \
        TEST(IVR_04_who_is_not_there_is_said_at_once_and_no_queue_is_entered),                     \
        TEST(IVR_04_an_agent_of_another_center_is_never_reached),                                  \
        TEST(IVR_04_who_signs_out_is_waited_for_no_longer),                                        \
        TEST(IVR_04_who_signs_out_while_another_rings_is_missed_when_that_one_refuses),            \
        TEST(IVR_04_without_a_branch_he_goes_on_waiting_with_his_time),                            \
        TEST(IVR_04_who_hangs_up_while_he_waits_for_one_has_abandoned_the_queue)
