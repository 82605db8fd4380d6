/* What is said to the far one for its agent, keys asked of it: one by one.
 * Included by test_telephony.c. */

static enum telephony_result say(int32_t user, bool asks, const char *prompt)
{
    struct call *call = call_find(world.telephony, agent(user)->call);
    struct uuid id = call ? call->id : (struct uuid){{0}};
    struct telephony_say what = {
        .prompt = prompt, .asks = asks, .min = 2, .max = 4, .end = "#", .timeout_ms = 3000};
    uint32_t task;

    return telephony_say(world.telephony, user, &id, &what, &task);
}

static bool document_has(int32_t user, const char *what)
{
    struct text json = {0};
    bool has;

    telephony_agent_json(world.telephony, user, &json);
    has = strstr(json.data, what) != NULL;
    text_done(&json);
    return has;
}

static void PLAT_08_a_prompt_is_said_to_the_caller_and_the_two_talk_on(void **state)
{
    handle_t sip, caller;

    (void)state;
    ready(1);
    sip = talk_with(1);
    caller = far_media(sip)->handle;
    assert_true(document_has(1, "\"media\":null"));
    assert_int_equal(say(1, false, "nothing_here"), TELEPHONY_NO_PROMPT);
    assert_int_equal(say(1, false, "please_wait"), TELEPHONY_OK);
    check_everything();
    assert_true(far_media(sip)->plays);
    assert_false(room_hears(call_of(sip)->room, line_of(1), caller));
    assert_true(document_has(1, "\"media\":{\"task\":1,\"kind\":\"play\",\"state\":\"open\""));
    assert_int_equal(say(1, false, "please_wait"), TELEPHONY_IN_FLOW);
    run(20000);
    assert_true(document_has(1, "\"media\":{\"task\":1,\"kind\":\"play\",\"state\":\"done\""));
    assert_true(room_hears(call_of(sip)->room, line_of(1), caller));
    assert_int_equal(fact_count_of("talk_begin"), 1);
}

static void PLAT_08_keys_asked_of_the_caller_are_the_agent_s_alone(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(say(1, true, ""), TELEPHONY_OK);
    check_everything();
    type(sip, "73#");
    run(0);
    check_everything();
    assert_true(document_has(1, "\"kind\":\"collect\",\"state\":\"done\",\"digits\":\"73\""));
    assert_false(document_has(1, "\"variables\":{\"digits\"")); /* no flow sees them */
    assert_null(ivr_variable(&call_of(sip)->ivr, "digits"));
    assert_int_equal(say(1, true, ""), TELEPHONY_OK);
    type(sip, "5");
    run(3500); /* one key of two */
    assert_true(
        document_has(1, "\"task\":2,\"kind\":\"collect\",\"state\":\"no_keys\",\"digits\":\"\""));
    assert_int_equal(say(1, true, "please_wait"), TELEPHONY_OK);
    assert_int_equal(take_back(1), TELEPHONY_OK);
    assert_true(document_has(1, "\"task\":3,\"kind\":\"collect\",\"state\":\"ended\""));
    assert_int_equal(say(1, true, ""), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("ivr_end"), "exit", "caller"));
    assert_true(document_has(1, "\"task\":4,\"kind\":\"collect\",\"state\":\"ended\""));
}

static void PLAT_08_somebody_the_agent_called_is_asked_too(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    assert_int_equal(dial(1), TELEPHONY_OK);
    run(0);
    sip = dialed();
    assert_int_equal(say(1, true, ""), TELEPHONY_STALE); /* he has not answered */
    far_answer(sip);
    run(0);
    assert_int_equal(say(1, true, ""), TELEPHONY_OK);
    check_everything();
    type(sip, "8812");
    run(0);
    check_everything();
    assert_true(document_has(1, "\"state\":\"done\",\"digits\":\"8812\""));
    assert_int_equal(say(1, false, "please_wait"), TELEPHONY_OK);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(1000);
    assert_null(call_of(sip));
}

static void SCN_07_what_is_typed_of_the_registration_goes_to_the_next_agent(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    ready(4);
    assert_int_equal(telephony_hand_over(world.telephony, 4, &call_of(sip)->id, "{}"),
                     TELEPHONY_STALE); /* it is not his */
    assert_int_equal(
        telephony_hand_over(world.telephony, 1, &call_of(sip)->id, "{\"title\":\"退税\"}"),
        TELEPHONY_OK);
    assert_int_equal(telephony_pass_to_agent(world.telephony, 1, &call_of(sip)->id, 4),
                     TELEPHONY_OK);
    assert_true(document_has(4, "\"handed\":{"));
    assert_true(document_has(4, "\"draft\":{\"title\":\"退税\"}"));
    assert_true(document_has(1, "\"handed\":null")); /* his own */
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    check_everything();
}

/* clang-format off */
#define SAID_STORIES \
    TEST(PLAT_08_a_prompt_is_said_to_the_caller_and_the_two_talk_on), \
    TEST(PLAT_08_keys_asked_of_the_caller_are_the_agent_s_alone), \
    TEST(PLAT_08_somebody_the_agent_called_is_asked_too), \
    TEST(SCN_07_what_is_typed_of_the_registration_goes_to_the_next_agent)
/* clang-format on */
