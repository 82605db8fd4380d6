/* What a city sets by itself, one by one. Included by test_telephony.c. */

/* Caller 13877112046 of caller_in_queue(), or those that begin like him. */
static void list(const char *number, bool prefix, enum dir_list_action action)
{
    struct dir_listed *entry = &world.listed[world.listed_count++];

    *entry = (struct dir_listed){.id = (int32_t)world.listed_count,
                                 .center_id = 1,
                                 .prefix = prefix,
                                 .action = action,
                                 .prompt_code = "goodbye",
                                 .queue_id = 1,
                                 .priority = 3};
    snprintf(entry->number, sizeof(entry->number), "%s", number);
}

static void CC_33_a_black_listed_caller_is_refused_and_counted_as_nothing_else(void **state)
{
    handle_t sip;

    (void)state;
    list("13877112046", false, DIR_LIST_REFUSE);
    sip = far_invite("13877112046", "12361");
    assert_int_equal(world.last_status, 603);
    run(100);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "outcome", "blocked"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "blocked"));
    assert_int_equal(fact_count_of("ivr_begin"), 0);
    assert_int_equal(world.telephony->live_calls, 0);
    assert_int_equal(world.telephony->calls.count, 0);
    sip = far_invite("13877112047", "12361"); /* his neighbour is let in */
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    sip = far_invite("13877112046", "12362"); /* and he at another center */
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
}

static void CC_33_a_black_listed_caller_hears_a_prompt_and_no_menu(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    list("138771", true, DIR_LIST_PROMPT);
    sip = far_invite("13877112046", "12361");
    run(200);
    far_key(sip, '1');
    run(200);
    assert_int_equal(call_of(sip)->state, CALL_NEW);
    assert_true(media_of(call_leg_by_sip(world.telephony, sip)->media)->plays);
    run(6000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "outcome", "blocked"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "blocked"));
    sip = far_invite("13877112046", "12361");
    run(300);
    far_end(sip, SIP_END_REMOTE, 200); /* who hangs up first was blocked all the same */
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "blocked"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "caller"));
    assert_int_equal(fact_count_of("ivr_begin"), 0);
    assert_int_equal(fact_count_of("queue_enter"), 0);
}

static void CC_33_an_entry_ends_with_its_day_and_the_whole_number_goes_first(void **state)
{
    handle_t sip;

    (void)state;
    list("138771", true, DIR_LIST_REFUSE);
    list("13877112046", false, DIR_LIST_PRIORITY);
    sip = far_invite("13877112046", "12361");
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    world.listed[0].expires_ms = loop_wall_ms(world.loop) + 1000;
    (void)far_invite("13877112047", "12361");
    run(999);
    assert_int_equal(world.last_status, 603);
    run(1);
    sip = far_invite("13877112047", "12361");
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
}

static void CC_34_a_white_listed_caller_is_in_the_queue_without_a_menu(void **state)
{
    handle_t sip;

    (void)state;
    list("13877112046", false, DIR_LIST_QUEUE);
    sip = far_invite("13877112046", "12361"); /* nobody serves it: he hears the menu */
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_int_equal(fact_count_of("door_refused"), 0);
    ready(1);
    sip = far_invite("13877112046", "12361");
    run(1500);
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(call_of(sip)->queue_id, 1);
    assert_int_equal(fact_count_of("ivr_begin"), 1); /* of the first call */
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
}

static void CC_34_a_white_listed_caller_whose_wait_is_over_hears_the_menu(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    (void)talk_with(1);
    world.queues[0].acd.max_wait_ms = 5000;
    office_apply();
    list("13877112046", false, DIR_LIST_QUEUE);
    sip = far_invite("13877112046", "12361");
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    run(5000);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    far_key(sip, '1');
    run(600);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(fact_count_of("queue_enter"), 3);
}

static void CC_34_a_white_listed_caller_goes_before_others(void **state)
{
    handle_t first, second;

    (void)state;
    ready(1);
    (void)talk_with(1);
    first = caller_in_queue('1');
    list("13877112046", false, DIR_LIST_PRIORITY);
    second = caller_in_queue('1');
    assert_int_equal(call_of(second)->priority, call_of(first)->priority + 3);
    assert_int_equal(acd_position(world.telephony->acd, call_of(second)->entry), 1);
    assert_int_equal(acd_position(world.telephony->acd, call_of(first)->entry), 2);
    world.listed[0].priority = 99;
    second = caller_in_queue('2'); /* whose priority is 2 by its menu */
    assert_int_equal(call_of(second)->priority, RETURN_PRIORITY - 1);
}

/* --- overflow rules and announcements of queue 1 (consult, of agents 1, 4, 7, 10) ------------- */

static void rule(enum overflow_when when, uint32_t limit, int32_t queue_id, const char *node)
{
    struct overflow_rules *rules = &world.queues[0].rules;
    struct overflow_rule *made = &rules->rule[rules->count++];

    *made = (struct overflow_rule){.when = when, .limit = limit, .queue_id = queue_id};
    snprintf(made->calendar, sizeof(made->calendar), "default");
    snprintf(made->node, sizeof(made->node), "%s", node);
    office_apply();
}

static void ACD_02_who_waited_long_enough_goes_on_waiting_elsewhere(void **state)
{
    uint64_t first;
    handle_t sip;

    (void)state;
    rule(OVERFLOW_WAITED, 8000, 2, "");
    ready(1);
    (void)talk_with(1);
    sip = caller_in_queue('1');
    first = call_of(sip)->first_queued_at;
    run(7000);
    assert_int_equal(call_of(sip)->queue_id, 1);
    run(2500);
    assert_int_equal(call_of(sip)->queue_id, 2);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->first_queued_at, first);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "overflow_out"));
    assert_true(fact_says(fact_last("queue_leave"), "queue_id", "1"));
    assert_true(fact_says(fact_last("queue_enter"), "queue_id", "2"));
    check_everything();
}

static void ACD_02_the_caller_beyond_the_length_goes_elsewhere_at_once(void **state)
{
    handle_t first, second;

    (void)state;
    rule(OVERFLOW_LENGTH, 1, 2, "");
    ready(1);
    (void)talk_with(1);
    first = caller_in_queue('1');
    second = caller_in_queue('1');
    assert_int_equal(call_of(first)->queue_id, 1);
    assert_int_equal(call_of(second)->queue_id, 2);
    assert_int_equal(call_of(second)->first_queue_id, 1);
    assert_int_equal(fact_count_of("queue_enter"),
                     4); /* in and out of the first one, into the other */
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "overflow_out"));
    assert_true(fact_says(fact_last("queue_leave"), "wait_ms", "0"));
    run(30000);
    assert_int_equal(call_of(first)->queue_id, 1); /* who was there stays */
}

static void ACD_02_where_nobody_is_signed_in_the_flow_goes_on_at_a_node(void **state)
{
    handle_t sip;

    (void)state;
    rule(OVERFLOW_NO_AGENT, 0, 0, "nothing"); /* no such node: the next rule is asked */
    rule(OVERFLOW_NO_AGENT, 0, 2, "");        /* nobody there either */
    rule(OVERFLOW_NO_AGENT, 0, 0, "bye");
    sip = caller_in_queue('1');
    run(6000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
    assert_int_equal(fact_count_of("door_refused"), 0);
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", 1), TELEPHONY_OK);
    sip = caller_in_queue('1');
    run(3000);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(telephony_sign_out(world.telephony, 1, "user"), TELEPHONY_OK);
    run(1100); /* the last one went home */
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    run(6000);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "lost"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
}

static void ACD_02_at_closing_time_who_waits_is_led_elsewhere(void **state)
{
    handle_t sip;

    (void)state;
    rule(OVERFLOW_CLOSED, 0, 0, "bye");
    ready(1);
    (void)talk_with(1);
    sip = caller_in_queue('1');
    run(5000);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    world.closed_hours = true;
    run(1100);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    run(6000);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "lost"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
}

/* Seed 1795813973008: he was in the flow and not taken for somebody who is; no key did anything,
 * and the end of what was said was the end of everything. */
static void CC_34_a_white_listed_caller_whom_a_rule_leads_to_the_flow_is_in_it(void **state)
{
    handle_t sip;

    (void)state;
    rule(OVERFLOW_LENGTH, 0, 0, "main");
    ready(1);
    list("13877112046", false, DIR_LIST_QUEUE);
    sip = far_invite("13877112046", "12361");
    run(1500);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    check_everything();
    far_key(sip, '2'); /* the second queue, which has no rule */
    run(600);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->queue_id, 2);
    world.queues[0].rules.count = 0;
    rule(OVERFLOW_LENGTH, 0, 0, "bye");
    sip = far_invite("13877112046", "12361");
    run(8000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "done"));
}

/* A caller whom a rule of queue 1 leads to the node at once, because nobody is free. */
static handle_t led_to(const char *node)
{
    world.queues[0].rules.count = 0;
    rule(OVERFLOW_LENGTH, 0, 0, node);
    return caller_in_queue('1');
}

static bool left_as(const char *outcome)
{
    return fact_says(fact_last("queue_leave"), "outcome", outcome);
}

/* kpi E16. */
static void CC_29_a_visit_ends_when_something_has_really_taken_the_caller(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    (void)talk_with(1);
    sip = led_to("bot");
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    assert_true(left_as("answered")); /* the one before him: the bot only rings */
    far_answer(dialed());
    run(0);
    assert_true(left_as("flow_bot"));
    assert_true(fact_says(fact_last("queue_leave"), "queue_id", "1"));
    far_tells(dialed(), "outcome=done");
    run(6000);
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_bot"));
    sip = led_to("out");
    assert_true(left_as("flow_bot"));
    far_answer(dialed());
    run(0);
    assert_true(left_as("flow_ext"));
    far_end(dialed(), SIP_END_REMOTE, 200);
    run(0);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_ext"));
    sip = led_to("call_back");
    run(6000);
    assert_null(call_of(sip));
    assert_true(left_as("flow_cb"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_cb"));
    check_everything();
}

static void CC_29_a_bot_that_does_not_answer_has_taken_nobody(void **state)
{
    handle_t sip;
    uint64_t first;

    (void)state;
    ready(1);
    (void)talk_with(1);
    sip = led_to("bot");
    first = call_of(sip)->first_queued_at;
    run(3000);
    far_end(dialed(), SIP_END_REFUSED, 486); /* its branch is the other queue */
    run(1000);
    assert_true(left_as("overflow_out"));
    assert_true(call_of(sip)->queued_at >= first + 3000);
    assert_int_equal(call_of(sip)->queue_id, 2);
    assert_int_equal(call_of(sip)->first_queued_at, first);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    sip = led_to("bot");
    far_end(sip, SIP_END_REMOTE, 200); /* while it rings: he waited until then */
    run(0);
    assert_true(left_as("ab_queue"));
    assert_true(fact_says(fact_last("queue_leave"), "queue_id", "1"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "ab_queue"));
    check_everything();
}

static void CC_29_after_the_longest_wait_it_is_the_message_that_takes_the_caller(void **state)
{
    handle_t sip;

    (void)state;
    world.messages = true;
    world.speech_ms = 5000;
    world.queues[1].acd.max_wait_ms = 5000;
    world.queues[1].overflow_queue_id = 0;
    office_apply();
    ready(1);
    (void)talk_with(1);
    sip = caller_in_queue('2');
    run(5000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_PROMPT);
    assert_true(left_as("answered")); /* of the one before him */
    run(2000);
    assert_int_equal(call_of(sip)->message.step, MESSAGE_SPEAKING);
    assert_true(left_as("flow_vm"));
    far_key(sip, '#');
    run(2500);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_vm"));
    sip = caller_in_queue('2');
    run(5000);
    far_end(sip, SIP_END_REMOTE, 200); /* says nothing to it */
    run(0);
    assert_true(left_as("ab_queue"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "ab_queue"));
    world.messages = false;
    sip = caller_in_queue('2');
    run(9000); /* told that all are busy */
    assert_null(call_of(sip));
    assert_true(left_as("lost"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
    check_everything();
}

static void SCN_03_who_is_given_back_stays_in_the_queue(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    (void)talk_with(1);
    rule(OVERFLOW_LENGTH, 0, 0, "consult"); /* a node that leads back, as a bot that is off */
    sip = caller_in_queue('1');
    run(3000);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->queue_id, 1);
    assert_int_equal(call_of(sip)->overflows, 1);
    run(60000);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->overflows, 1);
}

static void ACD_02_rules_that_lead_in_a_circle_end(void **state)
{
    handle_t sip;

    (void)state;
    rule(OVERFLOW_WAITED, 2000, 2, "");
    world.queues[1].rules = world.queues[0].rules;
    world.queues[1].rules.rule[0].queue_id = 1;
    office_apply();
    ready(1);
    (void)talk_with(1);
    sip = caller_in_queue('1');
    run(60000);
    assert_int_equal(call_of(sip)->overflows, OVERFLOW_HOPS);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(fact_count_of("queue_enter"), 2 + OVERFLOW_HOPS);
}

/* Whether this caller hears something that is no music within that time. */
static bool is_told(handle_t sip, unsigned ms)
{
    const struct w_media_leg *leg = media_of(call_leg_by_sip(world.telephony, sip)->media);
    bool told = false;

    for (unsigned at = 0; at < ms; at += 50) {
        run(50);
        told |= leg->plays && !leg->loops;
    }
    return told;
}

static void those_who_wait_hear_how_many_are_before_them_and_then_music(void **state)
{
    struct w_media_leg *leg;
    handle_t one, two;

    (void)state;
    ready(1);
    (void)talk_with(1);
    world.queues[0].announce_ms = 15000;
    office_apply();
    one = caller_in_queue('1');
    assert_false(is_told(one, 13000));
    assert_true(is_told(one, 3500));
    leg = media_of(call_leg_by_sip(world.telephony, one)->media);
    run(5000);
    assert_true(leg->plays && leg->loops && !call_of(one)->announcing);
    two = caller_in_queue('1');
    assert_true(is_told(one, 14000)); /* and again */
    assert_true(is_told(two, 10000));
    world.queues[0].announce_ms = 0;
    office_apply();
    run(5000);
    assert_false(is_told(two, 40000));
    check_everything();
}

static void CC_07_a_queue_answers_by_itself_and_colleagues_only_where_that_is_set(void **state)
{
    struct uuid id;
    handle_t sip;

    (void)state;
    world.queues[0].auto_answer_ms = 3000;
    office_apply();
    ready(1);
    sip = caller_in_queue('1');
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_true(media_of(line_of(1))->plays); /* the warning tone */
    run(2000);
    assert_int_equal(agent(1)->state, ACD_RING);
    run(1500);
    assert_int_equal(agent(1)->state, ACD_TALK);
    id = call_of(sip)->id;
    run(6000);
    ready(4); /* answers by himself after a second, but not a colleague */
    world.agents[3].auto_answer_internal = false;
    assert_int_equal(telephony_consult(world.telephony, 1, &id, 4), TELEPHONY_OK);
    run(5000);
    assert_int_equal(agent(4)->state, ACD_RING);
    run(20000);
    world.agents[3].auto_answer_internal = true;
    assert_int_equal(telephony_consult(world.telephony, 1, &id, 4), TELEPHONY_OK);
    run(1500);
    assert_int_equal(agent(4)->state, ACD_TALK);
}

#define CITY_STORIES                                                                               \
    TEST(CC_33_a_black_listed_caller_is_refused_and_counted_as_nothing_else),                      \
        TEST(CC_33_a_black_listed_caller_hears_a_prompt_and_no_menu),                              \
        TEST(CC_33_an_entry_ends_with_its_day_and_the_whole_number_goes_first),                    \
        TEST(CC_34_a_white_listed_caller_is_in_the_queue_without_a_menu),                          \
        TEST(CC_34_a_white_listed_caller_whose_wait_is_over_hears_the_menu),                       \
        TEST(CC_34_a_white_listed_caller_goes_before_others),                                      \
        TEST(CC_34_a_white_listed_caller_whom_a_rule_leads_to_the_flow_is_in_it),                  \
        TEST(ACD_02_who_waited_long_enough_goes_on_waiting_elsewhere),                             \
        TEST(ACD_02_the_caller_beyond_the_length_goes_elsewhere_at_once),                          \
        TEST(ACD_02_where_nobody_is_signed_in_the_flow_goes_on_at_a_node),                         \
        TEST(ACD_02_at_closing_time_who_waits_is_led_elsewhere),                                   \
        TEST(CC_29_a_visit_ends_when_something_has_really_taken_the_caller),                       \
        TEST(CC_29_a_bot_that_does_not_answer_has_taken_nobody),                                   \
        TEST(CC_29_after_the_longest_wait_it_is_the_message_that_takes_the_caller),                \
        TEST(SCN_03_who_is_given_back_stays_in_the_queue),                                         \
        TEST(ACD_02_rules_that_lead_in_a_circle_end),                                              \
        TEST(those_who_wait_hear_how_many_are_before_them_and_then_music),                         \
        TEST(CC_07_a_queue_answers_by_itself_and_colleagues_only_where_that_is_set)
