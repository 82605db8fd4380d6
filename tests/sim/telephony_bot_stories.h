/* The voice bot and keys that go through, one by one. Included by test_telephony.c. */

/* A caller of center 1 presses 7; the leg to the bot. */
static handle_t to_the_bot(handle_t *ret_sip)
{
    *ret_sip = far_invite("13877112046", "12361");
    run(1500);
    far_key(*ret_sip, '7');
    run(0);
    return dialed();
}

static void NLU_05_the_bot_hands_back_to_a_human_with_what_it_learnt(void **state)
{
    handle_t sip, bot = to_the_bot(&sip);

    (void)state;
    assert_int_equal(far_leg(bot)->trunk_id, 3);
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    far_answer(bot);
    run(3000);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), far_media(bot)->handle));
    far_key(sip, '4'); /* is the bot's, not the menu's */
    assert_string_equal(far_media(bot)->keys, "4");
    check_everything();
    ready(1);
    far_tells(bot, "outcome=human;rounds=3;intent=%E9%80%80%E7%A8%8E");
    run(3000);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_string_equal(call_of(sip)->bot.intent, "退税");
    assert_int_equal(call_of(sip)->bot.rounds, 3);
    assert_true(fact_says(fact_last("outside_leg"), "purpose", "bot"));
    assert_true(fact_says(fact_last("outside_leg"), "bot_result", "human"));
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(2000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
}

static const char *text_told(const struct bot_dialog *dialog, unsigned turn)
{
    return dialog->texts + dialog->turns[turn].text;
}

static void NLU_02_what_is_said_to_the_bot_stays_with_the_call(void **state)
{
    static const char hello[] = "{\"turns\":[{\"who\":\"bot\",\"text\":\"您好\",\"at_ms\":500}]}";
    handle_t sip, bot = to_the_bot(&sip);
    const struct bot_dialog *dialog;
    struct text json = {0};
    int64_t answered;

    (void)state;
    assert_false(far_says(bot, hello)); /* it only rings */
    far_answer(bot);
    answered = loop_wall_ms(world.telephony->loop);
    run(2000);
    assert_false(far_says(sip, hello)); /* the caller himself */
    assert_true(far_says(bot, hello));
    assert_true(fact_says(fact_last("bot_turn"), "who", "bot"));
    assert_true(fact_says(fact_last("bot_turn"), "text", "您好"));
    assert_true(far_says(bot,
                         "{\"intent\":\"退税\",\"slots\":{\"period\":\"2026-10\",\"taxpayer_no\":"
                         "\"91\"},\"turns\":[{\"who\":\"caller\",\"text\":\"退\\n税\",\"at_ms\":"
                         "86400000}]}"));
    assert_int_equal(fact_count_of("bot_slot"), 2);
    assert_true(far_says(bot, "{\"slots\":{\"period\":\"2026-10\",\"taxpayer_no\":null}}"));
    assert_int_equal(fact_count_of("bot_slot"), 3); /* what is so already is not told again */
    assert_true(fact_says(fact_last("bot_slot"), "value", ""));
    assert_false(
        far_says(bot, "{\"turns\":[{\"who\":\"caller\",\"text\":\"x\"},{\"who\":\"dog\"}]}"));
    assert_int_equal(fact_count_of("bot_turn"), 2); /* nothing of it */
    dialog = call_beside(world.telephony, call_of(sip))->dialog;
    assert_int_equal(dialog->turn_count, 2);
    assert_int_equal(dialog->turns[0].at_ms, answered + 500);
    assert_int_equal(dialog->turns[1].at_ms, answered + 2000); /* not later than now */
    assert_string_equal(text_told(dialog, 1), "退 税");
    ready(1);
    far_tells(bot, ""); /* without a word: the intent it told stands */
    run(3000);
    check_everything();
    assert_true(fact_says(fact_last("outside_leg"), "bot_intent", "退税"));
    assert_false(far_says(bot, hello));
    bot_call_json(world.telephony, call_of(sip), &json);
    assert_non_null(strstr(json.data, "\"intent\":\"退税\""));
    assert_non_null(
        strstr(json.data, "\"slots\":{\"period\":\"2026-10\"},\"turns\":[{\"who\":\"bot\","));
    text_done(&json);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    check_everything();
}

static void NLU_05_whom_the_bot_has_served_needs_no_human(void **state)
{
    handle_t sip, bot = to_the_bot(&sip);

    (void)state;
    far_answer(bot);
    run(3000);
    far_tells(bot, "rounds=2; outcome=done");
    run(3000);
    assert_null(far_leg(sip)); /* heard goodbye */
    assert_true(fact_says(fact_last("call_end"), "outcome", "ivr_self"));
    to_the_bot(&sip);
    far_end(sip, SIP_END_REMOTE, 200); /* gives up while it rings */
    run(0);
    check_everything();
    assert_true(fact_says(fact_last("outside_leg"), "bot_result", "failed"));
    bot = to_the_bot(&sip);
    far_answer(bot);
    run(1000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    check_everything();
    assert_true(fact_says(fact_last("outside_leg"), "bot_result", "abandoned"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "ivr_abandon"));
}

static void NLU_05_the_bot_refers_its_caller_to_a_queue_of_the_flow(void **state)
{
    handle_t sip, bot = to_the_bot(&sip);
    uint64_t first;

    (void)state;
    assert_int_equal(far_refers(bot, "queue-complain", ""), 0); /* it only rings */
    far_answer(bot);
    run(3000);
    call_of(sip)->first_queued_at = first = loop_now_ms(world.telephony->loop) - 2000;
    call_of(sip)->first_queued_ms = loop_wall_ms(world.telephony->loop) - 2000;
    call_of(sip)->first_queue_id = 1; /* as if he had waited before */
    assert_int_equal(far_refers(bot, "complain", ""), 400);
    assert_int_equal(far_refers(bot, "queue-", ""), 400);
    assert_int_equal(far_refers(bot, "queue-none", ""), 488);
    assert_int_equal(far_refers(bot, "node-none", ""), 488);
    assert_int_equal(far_refers(sip, "queue-complain", ""), 405); /* the caller himself */
    assert_int_equal(call_of(sip)->state, CALL_PASSED);
    check_everything();
    ready(1);
    assert_int_equal(far_refers(bot, "queue-consult", "rounds=4;intent=%E9%80%80%E7%A8%8E"), 202);
    assert_int_equal(call_of(sip)->reach.purpose, REACH_NONE);
    assert_int_equal(world.telephony->bots[0].used, 0);
    run(3000); /* a prompt before the queue */
    check_everything();
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->queue_id, 1);
    assert_int_equal(call_of(sip)->first_queued_at, first);
    assert_string_equal(call_of(sip)->bot.intent, "退税");
    assert_int_equal(call_of(sip)->bot.rounds, 4);
    assert_true(fact_says(fact_last("outside_leg"), "bot_result", "human"));
    assert_true(fact_says(fact_last("outside_leg"), "released_by", "outside"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "ab_ring"));
}

static void NLU_05_the_bot_refers_its_caller_to_a_node_and_nobody_else_may(void **state)
{
    handle_t sip, bot = to_the_bot(&sip), far;

    (void)state;
    far_answer(bot);
    run(1000);
    assert_int_equal(far_refers(bot, "node-main", ""), 202);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    run(1500);
    far_key(sip, '8'); /* somebody outside, who is no bot */
    run(0);
    far = dialed();
    far_answer(far);
    run(1000);
    assert_int_equal(far_refers(far, "queue-consult", ""), 405);
    assert_int_equal(call_of(sip)->state, CALL_PASSED);
    check_everything();
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
}

static void NLU_12_who_finds_no_channel_meets_no_bot(void **state)
{
    handle_t sips[4], bots[3], last;

    (void)state;
    for (int i = 0; i < 2; i++)
        far_answer(bots[i] = to_the_bot(&sips[i]));
    run(0);
    last = dialed();
    (void)to_the_bot(&sips[2]); /* center 1 has two at most */
    assert_int_equal(dialed(), last);
    assert_int_equal(call_of(sips[2])->reach.purpose, REACH_NONE);
    check_everything();
    far_end(sips[2], SIP_END_REMOTE, 200);
    far_tells(bots[0], "");
    run(0);
    (void)to_the_bot(&sips[3]);
    assert_int_equal(call_of(sips[3])->bot.peer_id, 1);
    bots[2] = reach_leg(world.telephony, call_of(sips[3]))->sip;
    far_end(bots[2], SIP_END_REFUSED, 486);
    run(0);
    check_everything();
    assert_true(fact_says(fact_last("outside_leg"), "bot_result", "failed"));
    for (int i = 0; i < 4; i++)
        if (i != 2)
            far_end(sips[i], SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(world.telephony->bots[0].used, 0);
}

static void CC_17_keys_of_a_talk_go_to_whoever_outside_hears_them(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(3000);
    assert_int_equal(on_call_of(1, telephony_press, "12#"), TELEPHONY_OK);
    assert_string_equal(media_of(caller_of(sip))->keys, "12#");
    far_key(sip, '5'); /* an agent is no menu */
    assert_string_equal(media_of(line_of(1))->keys, "");
    assert_int_equal(hold(1, true), TELEPHONY_OK);
    assert_int_equal(on_call_of(1, telephony_press, "9"), TELEPHONY_OK);
    assert_string_equal(media_of(caller_of(sip))->keys, "12#"); /* put aside, hears nobody */
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
}

#define BOT_STORIES                                                                                \
    TEST(NLU_05_the_bot_hands_back_to_a_human_with_what_it_learnt),                                \
        TEST(NLU_02_what_is_said_to_the_bot_stays_with_the_call),                                  \
        TEST(NLU_05_whom_the_bot_has_served_needs_no_human),                                       \
        TEST(NLU_05_the_bot_refers_its_caller_to_a_queue_of_the_flow),                             \
        TEST(NLU_05_the_bot_refers_its_caller_to_a_node_and_nobody_else_may),                      \
        TEST(NLU_12_who_finds_no_channel_meets_no_bot),                                            \
        TEST(CC_17_keys_of_a_talk_go_to_whoever_outside_hears_them)
