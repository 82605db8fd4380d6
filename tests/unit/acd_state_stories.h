/* Agents' states: asked for, during a call, after it. Included by test_acd_scenarios.c. */

static void CC_20_busy_stops_new_calls_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_BUSY, 4), 0);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->reason_id, 4);
    enter(CONSULT, 0, 1);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0); /* idle restores */
    assert_offered(ANNA, 1);
}

static void CC_20_busy_does_not_touch_the_current_call(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_BUSY, 4), 1);
    assert_state(ANNA, ACD_RING);
    answer(ANNA);
    assert_int_equal(view(ANNA).next_state, ACD_BUSY);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).reason_id, 4);
}

static void CC_20_a_request_in_a_call_takes_effect_after_the_summary(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_REST, 6), 1);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_ACW);
    tick_at(now + 10000);
    assert_state(ANNA, ACD_REST);
    assert_int_equal(view(ANNA).reason_id, 6);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    one_call(ANNA, CONSULT);
    assert_state(ANNA, ACD_READY); /* it was asked for once */
}

static void CC_10_every_change_is_said_once_with_old_and_new(void **state)
{
    const struct acd_command *change;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(said(ACD_AGENT_STATE, ANNA), 1);
    change = command(ACD_AGENT_STATE, ANNA);
    assert_int_equal(change->old_state, ACD_READY);
    assert_int_equal(change->state, ACD_RING);
    answer(ANNA);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->old_state, ACD_RING);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->state, ACD_ACW);
    assert_int_equal(acd_wrap_up_done(acd, now, ANNA), 0);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->state, ACD_READY);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    assert_int_equal(acd_out(acd)->count, 0); /* no change, nothing said */
}

static void CC_10_wrap_up_is_that_of_the_calls_queue(void **state)
{
    struct acd_queue_conf conf = plain(COMPLAINT);

    (void)state;
    conf.wrap_up_ms = 90000;
    configure(conf);
    ready(ANNA);
    member(ANNA, COMPLAINT, 50);
    enter(COMPLAINT, 0, 1);
    answer(ANNA);
    enter(CONSULT, 0, 2);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_next_due(acd), now + 90000);
    tick_at(now + 89999);
    assert_state(ANNA, ACD_ACW); /* although a call waits in another of her queues */
    tick_at(now + 1);
    assert_offered(ANNA, 2);
}

static void CC_10_a_compulsory_summary_ends_only_when_it_is_done(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.wrap_up_required = true;
    configure(conf);
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), -EINPROGRESS);
    tick_at(now + 3600000);
    assert_state(ANNA, ACD_ACW);
    assert_int_equal(acd_wrap_up_done(acd, now, ANNA), 0);
    assert_state(ANNA, ACD_READY);
    member(ANNA, COMPLAINT, 50); /* where the next call owes nothing */
    one_call(ANNA, COMPLAINT);
    assert_state(ANNA, ACD_READY);
}

static void CC_10_dialling_out_does_not_pay_for_the_summary(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.wrap_up_required = true;
    configure(conf);
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_occupy(acd, now, ANNA, 0), 0); /* rings the taxpayer back */
    assert_state(ANNA, ACD_TALK);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_state(ANNA, ACD_ACW);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), -EINPROGRESS);
    assert_int_equal(acd_wrap_up_done(acd, now, ANNA), 0);
    assert_state(ANNA, ACD_READY);
}

static void CC_10_who_dials_in_the_summary_comes_back_to_what_was_before_it(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_ACW);
    assert_int_equal(acd_occupy(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0); /* nobody answered */
    assert_state(ANNA, ACD_READY);
}

static void CC_06_a_call_of_ones_own_has_the_summary_of_the_queue_named(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.wrap_up_ms = 10000;
    configure(conf);
    ready(ANNA);
    assert_int_equal(acd_occupy(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_ACW);
    tick_at(now + 10000);
    assert_state(ANNA, ACD_READY);
    assert_int_equal(acd_occupy(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0); /* nobody answered */
    assert_state(ANNA, ACD_READY);
    assert_int_equal(acd_occupy(acd, now, ANNA, 0), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_READY);
}

static void CC_10_ready_ends_a_summary_that_is_not_compulsory(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    assert_state(ANNA, ACD_READY);
}

static void CC_19_signing_out_is_refused_in_a_call(void **state)
{
    (void)state;
    ready(ANNA);
    assert_int_equal(acd_sign_in(acd, now, ANNA, ACD_READY, 0), -EALREADY);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), -EBUSY); /* ringing */
    answer(ANNA);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), -EBUSY);
    assert_int_equal(acd_sign_out(acd, now, ANNA, true), -EBUSY); /* a talk is ended first */
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), 0);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), -ENOENT);
    enter(CONSULT, 0, 2);
    assert_int_equal(said(ACD_OFFER, 0), 0);
}

static void CC_19_forced_out_in_ring_the_call_goes_on(void **state)
{
    (void)state;
    ready(ANNA);
    now += 10;
    ready(BEN);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, true), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_FORCED);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_SIGNED_OUT);
}

#define STATE_STORIES                                                                              \
    STORY(CC_20_busy_stops_new_calls_at_once), STORY(CC_20_busy_does_not_touch_the_current_call),  \
        STORY(CC_20_a_request_in_a_call_takes_effect_after_the_summary),                           \
        STORY(CC_10_every_change_is_said_once_with_old_and_new),                                   \
        STORY(CC_10_wrap_up_is_that_of_the_calls_queue),                                           \
        STORY(CC_10_a_compulsory_summary_ends_only_when_it_is_done),                               \
        STORY(CC_10_dialling_out_does_not_pay_for_the_summary),                                    \
        STORY(CC_10_who_dials_in_the_summary_comes_back_to_what_was_before_it),                    \
        STORY(CC_06_a_call_of_ones_own_has_the_summary_of_the_queue_named),                        \
        STORY(CC_10_ready_ends_a_summary_that_is_not_compulsory),                                  \
        STORY(CC_19_signing_out_is_refused_in_a_call),                                             \
        STORY(CC_19_forced_out_in_ring_the_call_goes_on)
