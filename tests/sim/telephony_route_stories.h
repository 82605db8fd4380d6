/* Callers of the region who go to the center they belong to, one by one (ACD-10, ACD-11). Included
 * by test_telephony.c.
 *
 * Center 3 is the region, its number is 12363; numbers that begin with 13877 belong to center 1,
 * those with 139 to center 2, unknown ones stay. */

static void spread(bool by_taxpayer)
{
    office_spread(by_taxpayer, 0);
}

static handle_t caller_of_region(const char *number)
{
    handle_t sip = far_invite(number, "12363");

    run(500); /* the ACK */
    return sip;
}

static void ACD_10_a_caller_goes_to_the_center_of_his_prefix_and_talks_there(void **state)
{
    struct along along;
    handle_t sip;

    (void)state;
    spread(false);
    ready(1);
    sip = caller_of_region("13877112046");
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    assert_int_equal(far_leg(reached(sip))->trunk_id, SIP_TRUNK_SELF);
    assert_int_equal(along_read(call_beside(world.telephony, call_of(sip))->along_out, &along), 0);
    assert_string_equal(along.center, "center3");
    assert_string_equal(along.caller, "13877112046");
    assert_string_equal(along.queue, "");
    far_answer(reached(sip));
    run(1000);
    assert_int_equal(call_of(sip)->state, CALL_PASSED);
    far_end(reached(sip), SIP_END_REMOTE, 200); /* the agent over there hangs up */
    run(100);
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_ext"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "transfer_done"));
}

static void ACD_10_whoever_is_not_taken_there_goes_through_the_flow_he_called(void **state)
{
    handle_t sip;

    (void)state;
    spread(false);
    ready(1);
    sip = caller_of_region("13877112046");
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    far_end(reached(sip), SIP_END_REFUSED, 480);
    run(100);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_int_equal(call_of(sip)->routing, ROUTING_NO);
    far_end(sip, SIP_END_REMOTE, 200);
    run(100);
    assert_true(fact_says(fact_last("call_end"), "outcome", "ivr_abandon"));
}

static void ACD_10_a_center_that_is_closed_or_may_not_and_unknown_numbers_stay(void **state)
{
    (void)state;
    spread(false);
    assert_int_equal(call_of(caller_of_region("13877112046"))->state, CALL_MENU); /* nobody there */
    ready(1);
    office_allow(1, true, false, true);
    assert_int_equal(call_of(caller_of_region("13877112047"))->state, CALL_MENU);
    office_allow(1, true, true, true);
    assert_int_equal(call_of(caller_of_region("18600000001"))->state, CALL_MENU);
    assert_int_equal(call_of(caller_of_region("13877112048"))->state, CALL_PASSING);
    assert_int_equal(call_of(far_invite("13877112049", "12361"))->routing, ROUTING_NO);
}

static void ACD_10_a_caller_who_talked_over_there_and_hangs_up_was_served_there(void **state)
{
    handle_t sip;

    (void)state;
    spread(false);
    ready(1);
    sip = caller_of_region("13877112046");
    far_answer(reached(sip));
    run(1000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(100);
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_ext"));
    sip = caller_of_region("13877112047");
    far_end(sip, SIP_END_REMOTE, 200); /* while it rings there */
    run(100);
    assert_true(fact_says(fact_last("call_end"), "outcome", "ivr_abandon"));
}

static void ACD_11_the_taxpayer_goes_before_the_prefix_with_the_queue_of_his_office(void **state)
{
    const struct telephony_taxpayer of_two = {.center_id = 2, .queue = "consult"};
    struct along along;
    handle_t sip;

    (void)state;
    spread(true);
    ready(1);
    ready(2);
    sip = caller_of_region("13877112046");
    assert_int_equal(call_of(sip)->state, CALL_NEW);
    assert_int_equal(world.asked_call, call_of(sip)->handle);
    telephony_caller_known(world.telephony, world.asked_call, &of_two);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    assert_int_equal(along_read(call_beside(world.telephony, call_of(sip))->along_out, &along), 0);
    assert_string_equal(along.queue, "consult");
    assert_true(fact_last("call_begin") != NULL);
    telephony_caller_known(world.telephony, world.asked_call, &of_two); /* once is enough */
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
}

static void ACD_11_after_a_second_the_prefix_decides_and_a_late_answer_is_nothing(void **state)
{
    const struct telephony_taxpayer of_two = {.center_id = 2};
    uint32_t asked;
    handle_t sip;

    (void)state;
    spread(true);
    ready(1);
    ready(2);
    sip = caller_of_region("13877112046");
    run(400);
    assert_int_equal(call_of(sip)->state, CALL_NEW);
    run(700);
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    asked = world.asked_call;
    telephony_caller_known(world.telephony, asked, &of_two);
    run(0);
    assert_int_equal(call_of(sip)->routing, ROUTING_CALLS);
    far_end(sip, SIP_END_REMOTE, 200);
    run(1000);
    telephony_caller_known(world.telephony, asked,
                           &of_two); /* the slot is another's, or nobody's */
    sip = caller_of_region("13877112047");
    telephony_caller_known(world.telephony, asked, &of_two);
    assert_int_equal(call_of(sip)->routing, ROUTING_ASKS);
    far_end(sip, SIP_END_REMOTE, 200); /* while it is asked */
    run(2000);
    assert_true(fact_says(fact_last("call_end"), "outcome", "ivr_abandon"));
}

static void ACD_11_a_taxpayer_of_the_region_itself_stays_with_the_queue_of_his_office(void **state)
{
    const struct telephony_taxpayer of_three = {.center_id = 3, .queue = "complain"};
    handle_t sip;

    (void)state;
    spread(true);
    ready(1);
    sip = caller_of_region("13877112046");
    telephony_caller_known(world.telephony, world.asked_call, &of_three);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_int_equal(call_of(sip)->transfer_queue, 6);
}

/* The region's word for a queue of the city is heard; a city's is not. */
static void ACD_11_the_city_asks_the_queue_the_region_names(void **state)
{
    struct along along = {.center = "center3", .queue = "complain"};
    char header[ALONG_WIRE];

    (void)state;
    assert_int_equal(along_print(&along, header, sizeof(header)), 0);
    assert_int_equal(
        call_of(far_passes_on(SIP_TRUNK_SELF, "13877100001", "911", header))->transfer_queue, 2);
    text_copy(along.queue, sizeof(along.queue), "consult");
    assert_int_equal(along_print(&along, header, sizeof(header)), 0);
    assert_int_equal(
        call_of(far_passes_on(SIP_TRUNK_SELF, "13877100002", "911", header))->transfer_queue, 1);
    text_copy(along.center, sizeof(along.center), "center2");
    assert_int_equal(along_print(&along, header, sizeof(header)), 0);
    assert_int_equal(
        call_of(far_passes_on(SIP_TRUNK_SELF, "13877100003", "921", header))->transfer_queue, 0);
}

#define ROUTE_STORIES                                                                              \
    TEST(ACD_10_a_caller_goes_to_the_center_of_his_prefix_and_talks_there),                        \
        TEST(ACD_10_whoever_is_not_taken_there_goes_through_the_flow_he_called),                   \
        TEST(ACD_10_a_center_that_is_closed_or_may_not_and_unknown_numbers_stay),                  \
        TEST(ACD_10_a_caller_who_talked_over_there_and_hangs_up_was_served_there),                 \
        TEST(ACD_11_the_taxpayer_goes_before_the_prefix_with_the_queue_of_his_office),             \
        TEST(ACD_11_after_a_second_the_prefix_decides_and_a_late_answer_is_nothing),               \
        TEST(ACD_11_a_taxpayer_of_the_region_itself_stays_with_the_queue_of_his_office),           \
        TEST(ACD_11_the_city_asks_the_queue_the_region_names)
