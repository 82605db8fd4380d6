/* A ring: answered, refused, over in the same millisecond. Included by test_acd_scenarios.c. */

static void CC_22_no_answer_goes_to_the_next_agent_at_the_head(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 0, 2); /* waits behind */
    member(BEN, CONSULT, 50);
    sign_in(BEN, ACD_BUSY);
    tick_at(now + 20000);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_NO_ANSWER);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).reason_id, ACD_REASON_RONA);
    assert_int_equal(acd_request_state(acd, now, BEN, ACD_READY, 0), 0);
    assert_offered(BEN, 1);
}

static void CC_22_no_answer_rings_at_an_idle_colleague_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    now += 10;
    ready(BEN);
    enter(CONSULT, 0, 1);
    tick_at(now + 20000);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_BUSY);
}

static void CC_22_caller_hanging_up_in_ring_is_no_missed_call(void **state)
{
    acd_entry_t entry;

    (void)state;
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    now += 19999;
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_CALLER_LEFT);
    assert_state(ANNA, ACD_READY);
    tick_at(now + 5000);
    assert_state(ANNA, ACD_READY);
    assert_int_equal(acd_out(acd)->count, 0);
}

static void CC_22_answer_after_the_caller_left_is_stale(void **state)
{
    acd_entry_t entry;
    acd_offer_t offer;

    (void)state;
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    offer = view(ANNA).offer;
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(acd_answer(acd, now, ANNA, offer), -ESTALE);
    assert_int_equal(acd_reject(acd, now, ANNA, offer), -ESTALE);
    assert_int_equal(acd_leave(acd, now, entry), -ESTALE);
    assert_state(ANNA, ACD_READY);
}

static void CC_22_time_out_in_the_millisecond_of_the_answer_answer_first(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    now += 20000;
    answer(ANNA);
    tick_at(now);
    assert_state(ANNA, ACD_TALK);
    assert_int_equal(acd_out(acd)->count, 0);
}

static void CC_22_time_out_in_the_millisecond_of_the_answer_time_out_first(void **state)
{
    acd_offer_t offer;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    offer = view(ANNA).offer;
    tick_at(now + 20000);
    assert_int_equal(acd_answer(acd, now, ANNA, offer), -ESTALE);
    assert_state(ANNA, ACD_BUSY);
}

static void ACD_07_nobody_answers_twice(void **state)
{
    acd_offer_t offer;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    offer = view(ANNA).offer;
    answer(ANNA);
    assert_int_equal(acd_answer(acd, now, ANNA, offer), -ESTALE);
    assert_int_equal(acd_out(acd)->count, 0);
    assert_state(ANNA, ACD_TALK);
}

static void ACD_07_nobody_gets_two_offers(void **state)
{
    (void)state;
    member(ANNA, CONSULT, 50);
    member(ANNA, COMPLAINT, 90);
    sign_in(ANNA, ACD_READY);
    enter(CONSULT, 0, 1);
    assert_offered(ANNA, 1);
    for (int i = 0; i < 20; i++) {
        enter(i % 2 ? CONSULT : COMPLAINT, 9, 10 + (uint64_t)i);
        assert_int_equal(said(ACD_OFFER, 0), 0);
    }
    answer(ANNA);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    sound();
}

static void ACD_07_thirty_two_queues_and_not_one_more(void **state)
{
    static const struct acd_limits limits = {2, 40, 80, 8};

    acd_destroy(acd);
    assert_int_equal(acd_create(&limits, &acd), 0);
    for (int32_t q = 1; q <= 33; q++)
        configure(plain(100 + q));
    for (int32_t q = 1; q <= 32; q++)
        member(ANNA, 100 + q, q);
    assert_int_equal(acd_member_set(acd, now, ANNA, 133, 50), -ENOSPC);
    sign_in(ANNA, ACD_BUSY);
    enter(101, 0, 1);
    enter(132, 0, 2);
    enter(133, 0, 3);
    anna_gets_free();
    assert_offered(ANNA, 2);
    (void)state;
}

static void CC_22_a_refused_call_goes_elsewhere_and_not_back_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_state(ANNA, ACD_READY);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    tick_at(now + ACD_REOFFER_MS - 1);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    tick_at(now + 1); /* nobody else came: now it may ring here again */
    assert_offered(ANNA, 1);
    now += 100;
    ready(BEN);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_offered(BEN, 1);
}

static void CC_22_a_refusal_that_runs_out_while_the_queue_is_published_is_over(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    now += ACD_REOFFER_MS; /* no tick yet: the same millisecond */
    configure(plain(CONSULT));
    assert_offered(ANNA, 1);
}

static void CC_22_who_refused_may_take_another_call_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 0, 2);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_offered(ANNA, 2);
}

static void CC_22_two_refusals_run_out_together_the_better_call_rings(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 5, 2);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_offered(ANNA, 2);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    tick_at(now + ACD_REOFFER_MS);
    assert_offered(ANNA, 2);
}

/* Anna's refusal has run out and she is idle longest; Carl was never asked. */
static void CC_22_who_never_refused_goes_before_who_did(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    ready(BEN);
    assert_offered(BEN, 1);
    now += 15000;
    ready(CARL);
    tick_at(now + 5000); /* Ben has not answered */
    assert_offered(CARL, 1);
}

static void CC_20_a_request_made_in_ring_is_forgotten_when_nobody_answers(void **state)
{
    acd_entry_t entry;

    (void)state;
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_REST, 3), 1);
    tick_at(now + 20000);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).next_state, ACD_SIGNED_OUT);
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    one_call(ANNA, CONSULT);
    assert_state(ANNA, ACD_READY); /* and not the rest of long ago */
}

static void CC_29_calls_are_counted_from_the_sign_in(void **state)
{
    (void)state;
    ready(ANNA);
    one_call(ANNA, CONSULT);
    assert_int_equal(view(ANNA).answered, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), 0);
    sign_in(ANNA, ACD_READY);
    assert_int_equal(view(ANNA).answered, 0);
}

static void ACD_07_a_line_lost_in_ring_sends_the_call_on(void **state)
{
    (void)state;
    ready(ANNA);
    now += 10;
    ready(BEN);
    enter(CONSULT, 0, 1);
    assert_offered(ANNA, 1);
    assert_int_equal(acd_line(acd, now, ANNA, false), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_LINE_LOST);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_READY); /* ready, but nothing is offered while the line is down */
    enter(CONSULT, 0, 2);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_int_equal(acd_line(acd, now, ANNA, true), 0);
    assert_offered(ANNA, 2);
}

#define RING_STORIES                                                                               \
    STORY(CC_22_no_answer_goes_to_the_next_agent_at_the_head),                                     \
        STORY(CC_22_no_answer_rings_at_an_idle_colleague_at_once),                                 \
        STORY(CC_22_caller_hanging_up_in_ring_is_no_missed_call),                                  \
        STORY(CC_22_answer_after_the_caller_left_is_stale),                                        \
        STORY(CC_22_time_out_in_the_millisecond_of_the_answer_answer_first),                       \
        STORY(CC_22_time_out_in_the_millisecond_of_the_answer_time_out_first),                     \
        STORY(ACD_07_nobody_answers_twice), STORY(ACD_07_nobody_gets_two_offers),                  \
        STORY(ACD_07_thirty_two_queues_and_not_one_more),                                          \
        STORY(CC_22_a_refused_call_goes_elsewhere_and_not_back_at_once),                           \
        STORY(CC_22_a_refusal_that_runs_out_while_the_queue_is_published_is_over),                 \
        STORY(CC_22_who_refused_may_take_another_call_at_once),                                    \
        STORY(CC_22_two_refusals_run_out_together_the_better_call_rings),                          \
        STORY(CC_22_who_never_refused_goes_before_who_did),                                        \
        STORY(CC_20_a_request_made_in_ring_is_forgotten_when_nobody_answers),                      \
        STORY(CC_29_calls_are_counted_from_the_sign_in),                                           \
        STORY(ACD_07_a_line_lost_in_ring_sends_the_call_on)
