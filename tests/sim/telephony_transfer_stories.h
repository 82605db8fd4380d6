/* Callers passed on, one by one. Included by test_telephony.c. */

static enum telephony_result transfer(int32_t user, int32_t queue)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};

    return telephony_transfer(world.telephony, user, &id, queue);
}

/* Agents 1 and 4 are of center 1, whose queues are 1 (consult) and 2 (complain, summary
 * compulsory). */
static void CC_14_a_transferred_caller_is_served_by_the_other_queue_and_both_sum_up(void **state)
{
    uint64_t first;
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    first = call_of(sip)->first_queued_at;
    run(3000);
    ready(4); /* answers by itself after a second */
    assert_int_equal(transfer(1, 2), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(agent(4)->state, ACD_RING);
    assert_int_equal(call_of(sip)->first_queued_at, first);
    assert_true(fact_says(fact_last("talk_end"), "released_by", "agent"));
    run(8000); /* agent 4's number is said, too */
    assert_int_equal(agent(4)->state, ACD_TALK);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
    assert_true(fact_says(fact_last("talk_begin"), "user_id", "4"));
    assert_int_equal(telephony_wrap_up_saved(world.telephony, 1, &call_of(sip)->id, "a", ""),
                     TELEPHONY_OK); /* while the other one talks */
    assert_true(fact_says(fact_last("wrap_up"), "user_id", "1"));
    run(3000); /* the time for his summary is over */
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_true(fact_says(fact_last("acw_end"), "queue_id", "1"));
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_STALE);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(4)->state, ACD_ACW);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 4), TELEPHONY_WRAP_UP_MISSING);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_true(fact_says(fact_last("call_end"), "user_id", "1")); /* who answered first */
}

static void a_caller_who_hangs_up_between_two_agents_was_answered_and_left_the_queue(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(transfer(1, 2), TELEPHONY_OK);
    run(500);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "ab_queue"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_int_equal(world.telephony->calls.count, 1); /* kept for the summary of agent 1 */
    run(11000);
    assert_int_equal(world.telephony->calls.count, 0);
}

static void a_transfer_that_cannot_be_is_refused_and_the_talk_goes_on(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(transfer(1, 3), TELEPHONY_NO_QUEUE); /* of another center */
    assert_int_equal(transfer(1, 99), TELEPHONY_NO_QUEUE);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(transfer(1, 2), TELEPHONY_STALE);
    run(11000);
    assert_int_equal(dial(1), TELEPHONY_OK);
    id = call_find(world.telephony, agent(1)->call)->id;
    assert_int_equal(telephony_transfer(world.telephony, 1, &id, 2), TELEPHONY_OUTBOUND);
    assert_int_equal(telephony_hangup(world.telephony, 1, &id), TELEPHONY_OK);
}

static void a_transfer_to_a_queue_that_nobody_serves_or_that_is_full_is_refused(void **state)
{
    handle_t sip;

    (void)state;
    world.members[1].queue_id = 101; /* agent 1 serves consult only */
    office_apply();
    ready(1);
    sip = talk_with(1);
    assert_int_equal(transfer(1, 2), TELEPHONY_QUEUE_EMPTY);
    world.members[1].queue_id = 2;
    world.queues[1].acd.max_length = 1;
    office_apply();
    (void)caller_in_queue('2');
    assert_int_equal(transfer(1, 2), TELEPHONY_QUEUE_FULL);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
}

#define TRANSFER_STORIES                                                                           \
    TEST(CC_14_a_transferred_caller_is_served_by_the_other_queue_and_both_sum_up),                 \
        TEST(a_caller_who_hangs_up_between_two_agents_was_answered_and_left_the_queue),            \
        TEST(a_transfer_that_cannot_be_is_refused_and_the_talk_goes_on),                           \
        TEST(a_transfer_to_a_queue_that_nobody_serves_or_that_is_full_is_refused)
