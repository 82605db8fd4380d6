/* Calls agents make, one by one. Included by test_telephony.c. */

#define SOMEBODY "(0772) 123-4567"

static enum telephony_result dial(int32_t user)
{
    struct uuid id;

    return telephony_dial(world.telephony, user, SOMEBODY, &id);
}

/* The far leg that was called last over a trunk. */
static handle_t dialed(void)
{
    handle_t handle, found = 0;

    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        if (s->outgoing && s->trunk_id && s->state != W_LEAVING)
            found = handle;
    return found;
}

static struct w_media_leg *far_media(handle_t sip)
{
    return media_of(call_leg_by_sip(world.telephony, sip)->media);
}

static void CC_14_an_agent_calls_a_number_and_both_talk(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    assert_int_equal(dial(1), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_TALK);
    assert_true(fact_says(fact_last("call_begin"), "direction", "out"));
    assert_true(fact_says(fact_last("call_begin"), "called_no", "07721234567"));
    assert_true(fact_says(fact_last("call_begin"), "caller_no", "12361"));
    sip = dialed();
    far_progress(sip, 180, false);
    check_everything();
    assert_true(media_of(line_of(1))->plays && media_of(line_of(1))->loops);
    far_answer(sip);
    run(5000);
    assert_false(media_of(line_of(1))->plays);
    assert_true(room_hears(call_of(sip)->room, far_media(sip)->handle, line_of(1)));
    assert_true(fact_says(fact_last("talk_begin"), "kind", "outbound"));
    assert_true(fact_says(fact_last("talk_begin"), "queue_id", "null"));
    assert_int_equal(fact_count_of("recording_begin"), 1);
    far_end(sip, SIP_END_REMOTE, 200);
    run(10);
    assert_int_equal(agent(1)->state, ACD_ACW); /* by the rules of the queue he serves first */
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "caller"));
    assert_true(fact_says(fact_last("call_end"), "talk_ms", "5000"));
    assert_true(fact_says(fact_last("call_end"), "wait_ms", "null"));
    run(11000);
    assert_int_equal(agent(1)->state, ACD_READY);
}

static void CC_05_calls_out_have_a_rule_of_their_own(void **state)
{
    handle_t sip;

    (void)state;
    world.centers[0].record_outbound = DIR_RECORD_NEVER;
    ready(1);
    assert_int_equal(dial(1), TELEPHONY_OK);
    far_answer(dialed());
    run(5000);
    check_everything();
    assert_int_equal(fact_count_of("talk_begin"), 1);
    assert_int_equal(fact_count_of("recording_begin"), 0);
    far_end(dialed(), SIP_END_REMOTE, 200);
    run(15000);
    sip = talk_with(1);
    run(5000);
    assert_true(call_of(sip)->recording); /* who calls in is recorded as his queue says */
}

static void CC_14_early_sound_of_the_far_side_is_heard_by_the_agent_alone(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    assert_int_equal(dial(1), TELEPHONY_OK);
    sip = dialed();
    far_progress(sip, 180, false);
    far_progress(sip, 183, true);
    run(0);
    assert_false(media_of(line_of(1))->plays);
    assert_true(room_hears(call_of(sip)->room, line_of(1), far_media(sip)->handle));
    assert_false(room_hears(call_of(sip)->room, far_media(sip)->handle, line_of(1)));
    far_progress(sip, 180, false); /* does not bring our own tone back */
    assert_false(media_of(line_of(1))->plays);
}

static void assert_ends_with_cause(int status, int cause, const char *reason)
{
    assert_int_equal(dial(1), TELEPHONY_OK);
    far_progress(dialed(), 180, false);
    far_end_with(dialed(), SIP_END_REFUSED, status, cause);
    run(0);
    assert_int_equal(agent(1)->state, ACD_READY); /* nothing to sum up */
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", reason));
    assert_true(fact_says(fact_last("call_end"), "user_id", "1")); /* his list shows it */
    assert_false(media_of(line_of(1))->plays);
}

static void assert_ends_with(int status, const char *reason)
{
    assert_ends_with_cause(status, 0, reason);
}

/* One status for many things: the switch's own word goes before it. */
static void CC_17_what_the_switch_said_goes_before_the_status_a_gateway_made_of_it(void **state)
{
    (void)state;
    ready(1);
    assert_ends_with_cause(480, 20, "power_off");
    assert_ends_with_cause(480, 19, "no_answer");
    assert_ends_with_cause(480, 18, "no_answer");
    assert_ends_with_cause(480, 17, "busy");
    assert_ends_with_cause(480, 21, "refused");
    assert_ends_with_cause(480, 1, "bad_number");
    assert_ends_with_cause(486, 31, "busy"); /* "normal, unspecified" says nothing */
}

static void CC_14_an_unanswered_call_says_why_and_the_agent_is_as_before(void **state)
{
    (void)state;
    ready(1);
    assert_ends_with(486, "busy");
    assert_ends_with(480, "no_answer");
    assert_ends_with(404, "bad_number");
    assert_ends_with(603, "refused");
    assert_ends_with(503, "trunk");
    assert_int_equal(fact_count_of("talk_begin"), 0);
    assert_int_equal(dial(1), TELEPHONY_OK);
    run(60001);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "no_answer"));
    assert_int_equal(agent(1)->state, ACD_READY);
}

static void a_trunk_that_is_full_or_broken_hands_the_call_to_the_next(void **state)
{
    (void)state;
    ready(1);
    world.trunk_full[1] = true;
    assert_int_equal(dial(1), TELEPHONY_OK);
    assert_int_equal(far_leg(dialed())->trunk_id, 2);
    far_end(dialed(), SIP_END_REFUSED, 486);
    world.trunk_full[1] = false;
    assert_int_equal(dial(1), TELEPHONY_OK);
    assert_int_equal(far_leg(dialed())->trunk_id, 1);
    far_end(dialed(), SIP_END_REFUSED, 503);
    check_everything();
    assert_int_equal(far_leg(dialed())->trunk_id, 2);
    assert_int_equal(agent(1)->state, ACD_TALK);
    far_answer(dialed());
    run(0);
    assert_int_equal(call_of(dialed())->state, CALL_TALKING);
    assert_int_equal(fact_count_of("call_begin"), 2);
    far_end(dialed(), SIP_END_REMOTE, 200);
    run(20000);
    world.trunk_full[1] = world.trunk_full[2] = true;
    assert_int_equal(dial(1), TELEPHONY_NO_TRUNK);
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_int_equal(fact_count_of("call_begin"), 2);
}

static void dialing_is_refused_in_a_call_without_a_line_and_with_a_summary_owed(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    assert_int_equal(dial(1), TELEPHONY_NOT_SIGNED_IN);
    ready(1);
    assert_int_equal(telephony_dial(world.telephony, 1, "12", &id), TELEPHONY_BAD_NUMBER);
    assert_int_equal(telephony_dial(world.telephony, 1, "138x7710", &id), TELEPHONY_BAD_NUMBER);
    assert_int_equal(telephony_dial(world.telephony, 1, "1234567890123456789012", &id),
                     TELEPHONY_BAD_NUMBER);
    sip = caller_in_queue('2'); /* a queue with a compulsory summary */
    assert_int_equal(dial(1), TELEPHONY_IN_CALL);
    assert_int_equal(answer(1), TELEPHONY_OK);
    assert_int_equal(dial(1), TELEPHONY_IN_CALL);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(dial(1), TELEPHONY_WRAP_UP_MISSING);
    id = call_find(world.telephony, agent(1)->call)->id;
    assert_int_equal(telephony_wrap_up_saved(world.telephony, 1, &id, "consult", ""), TELEPHONY_OK);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    telephony_drain(world.telephony);
    assert_int_equal(dial(1), TELEPHONY_NOT_NOW);
    far_line(line_of(1), MEDIA_LINE_LOST);
    assert_int_equal(dial(1), TELEPHONY_NO_LINE);
}

static void CC_17_what_the_center_does_not_call_is_refused_before_anything_begins(void **state)
{
    struct dialing_rule *rule = &world.centers[0].dialing;
    struct uuid id;

    (void)state;
    ready(1);
    *rule = (struct dialing_rule){.ranges = DIALING_DEFAULT, .prefix = "9"};
    assert_int_equal(telephony_dial(world.telephony, 1, "0085223456789", &id),
                     TELEPHONY_NUMBER_REFUSED);
    assert_int_equal(world.telephony->calls.count, 0);
    assert_int_equal(agent(1)->state, ACD_READY);
    assert_int_equal(telephony_dial(world.telephony, 1, "13877100001", &id), TELEPHONY_OK);
    assert_true(fact_says(fact_last("call_begin"), "called_no", "13877100001"));
    assert_string_equal(far_leg(dialed())->called, "913877100001");
    far_end(dialed(), SIP_END_REFUSED, 486);
    run(0);
    *rule = (struct dialing_rule){0};
    assert_int_equal(telephony_dial(world.telephony, 1, "110", &id), TELEPHONY_OK);
    far_end(dialed(), SIP_END_REFUSED, 486);
    run(0);
    assert_int_equal(world.telephony->calls.count, 0);
}

static void CC_14_numbers_are_called_as_the_country_dials_them(void **state)
{
    static const struct {
        const char *typed, *called; /* NULL: refused */
    } numbers[] = {{"(0772) 123-4567", "07721234567"},
                   {"+86 138 7710 0001", "13877100001"},
                   {"110", "110"},
                   {"+852 2345 6789", "0085223456789"},
                   {"*123#", "*123#"}, /* no number of the plan, and yet to be called */
                   {"12345678901234567890", "12345678901234567890"},
                   {"+12345678901234567890", "0012345678901234567890"},
                   {"123456789012345678901", NULL},
                   {"+86 12", NULL},
                   {"+86", NULL},
                   {"1+234", NULL},
                   {"", NULL}};
    struct uuid id;

    (void)state;
    ready(1);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_int_equal(telephony_dial(world.telephony, 1, numbers[i].typed, &id),
                         numbers[i].called ? TELEPHONY_OK : TELEPHONY_BAD_NUMBER);
        if (!numbers[i].called)
            continue;
        assert_true(fact_says(fact_last("call_begin"), "called_no", numbers[i].called));
        far_end(dialed(), SIP_END_REFUSED, 486);
        run(0);
    }
    assert_int_equal(world.telephony->calls.count, 0);
}

static void CC_10_a_call_of_ones_own_ends_the_wrap_up_and_leads_back(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    far_end(sip, SIP_END_REMOTE, 200);
    run(2000);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(dial(1), TELEPHONY_OK); /* rings the taxpayer back */
    check_everything();
    assert_true(fact_says(fact_last("acw_end"), "acw_ms", "2000"));
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", 1), TELEPHONY_LATER);
    far_end(dialed(), SIP_END_REFUSED, 486);
    run(0);
    assert_int_equal(agent(1)->state, ACD_BUSY);
    assert_int_equal(world.telephony->calls.count, 0);
}

static void the_agent_gives_up_before_the_answer(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    ready(1);
    assert_int_equal(telephony_dial(world.telephony, 1, SOMEBODY, &id), TELEPHONY_OK);
    sip = dialed();
    assert_int_equal(telephony_hangup(world.telephony, 1, &id), TELEPHONY_OK);
    assert_int_equal(agent(1)->state, ACD_READY); /* at once, whenever the far side confirms */
    assert_int_equal(far_leg(sip)->state, W_LEAVING);
    assert_int_equal(telephony_hangup(world.telephony, 1, &id), TELEPHONY_STALE);
    run(1000);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "agent"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
}

static void PLAT_01_a_page_reloaded_while_it_rings_hears_it_again(void **state)
{
    handle_t sip, old;

    (void)state;
    ready(1);
    assert_int_equal(dial(1), TELEPHONY_OK);
    sip = dialed();
    far_progress(sip, 183, true);
    old = line_of(1);
    assert_int_equal(offer_line(1, "s", "new"), TELEPHONY_OK);
    run(1000);
    assert_true(line_of(1) != old);
    assert_true(room_hears(call_of(sip)->room, line_of(1), far_media(sip)->handle));
    far_line(line_of(1), MEDIA_LINE_LOST);
    far_answer(sip); /* answered while the line is away: music, then the end */
    run(0);
    assert_true(far_media(sip)->plays);
    run(31000);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "error"));
    assert_int_equal(agent(1)->state, ACD_ACW);
}

static void PLAT_02_a_desk_phone_rings_first_and_then_the_far_side(void **state)
{
    handle_t sip;

    (void)state;
    ready_with_phone(10);
    assert_int_equal(dial(10), TELEPHONY_OK);
    check_everything();
    assert_int_equal(dialed(), 0); /* nobody outside is called while the phone rings */
    far_answer(phone_leg(10));
    check_everything();
    sip = dialed();
    far_progress(sip, 180, false);
    check_everything();
    far_answer(sip);
    run(3000);
    assert_true(room_hears(call_of(sip)->room, far_media(sip)->handle, line_of(10)));
    far_end(phone_leg(10), SIP_END_REMOTE, 200); /* puts it down */
    run(1000);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "agent"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_int_equal(agent(10)->state, ACD_ACW);
    run(20000);
    assert_int_equal(dial(10), TELEPHONY_OK);
    far_end(phone_leg(10), SIP_END_REFUSED, 486); /* does not pick it up */
    run(1000);
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
    assert_int_equal(world.telephony->legs.count, 0);
}

static void CC_19_who_leaves_his_phone_while_it_dials_has_given_up(void **state)
{
    (void)state;
    ready_with_phone(10);
    assert_int_equal(dial(10), TELEPHONY_OK);
    assert_int_equal(sign_in(10, "t", false, true), TELEPHONY_OK);
    run(1000);
    assert_int_equal(agent(10)->state, ACD_READY);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "agent"));
    assert_int_equal(world.telephony->legs.count, 0);
}

#define OUTBOUND_STORIES                                                                           \
    TEST(CC_14_an_agent_calls_a_number_and_both_talk),                                             \
        TEST(CC_05_calls_out_have_a_rule_of_their_own),                                            \
        TEST(CC_14_early_sound_of_the_far_side_is_heard_by_the_agent_alone),                       \
        TEST(CC_14_an_unanswered_call_says_why_and_the_agent_is_as_before),                        \
        TEST(CC_17_what_the_switch_said_goes_before_the_status_a_gateway_made_of_it),              \
        TEST(a_trunk_that_is_full_or_broken_hands_the_call_to_the_next),                           \
        TEST(dialing_is_refused_in_a_call_without_a_line_and_with_a_summary_owed),                 \
        TEST(CC_17_what_the_center_does_not_call_is_refused_before_anything_begins),               \
        TEST(CC_14_numbers_are_called_as_the_country_dials_them),                                  \
        TEST(CC_10_a_call_of_ones_own_ends_the_wrap_up_and_leads_back),                            \
        TEST(the_agent_gives_up_before_the_answer),                                                \
        TEST(PLAT_01_a_page_reloaded_while_it_rings_hears_it_again),                               \
        TEST(PLAT_02_a_desk_phone_rings_first_and_then_the_far_side),                              \
        TEST(CC_19_who_leaves_his_phone_while_it_dials_has_given_up)
