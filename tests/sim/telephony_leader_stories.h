/* Leaders beside agents' calls and in the queue, one by one. Included by test_telephony.c. Agents
 * 1, 4 and 7 are of center 1, agent 2 of another; 7 and 10 lead. */

/* Agent 1 talks with a caller, agent 7 is signed in and busy: nothing is offered to him. */
static handle_t led(void)
{
    handle_t sip;

    ready(1);
    sip = talk_with(1);
    ready(7);
    assert_int_equal(telephony_set_state(world.telephony, 7, "busy", NO_REASON), TELEPHONY_OK);
    run(0);
    return sip;
}

static enum telephony_result watches(int32_t leader, int32_t user, enum telephony_watching mode)
{
    struct uuid id = call_of_agent(user);
    enum telephony_result result = telephony_watch(world.telephony, leader, user, &id, mode);

    check_everything();
    return result;
}

static enum telephony_result takes_over(int32_t leader, int32_t user)
{
    struct uuid id = call_of_agent(user);
    enum telephony_result result = telephony_take_over(world.telephony, leader, user, &id);

    check_everything();
    return result;
}

static bool is_recorded(handle_t sip, handle_t media)
{
    const struct w_recording *recording = slots_find(&world.recordings, call_of(sip)->recording);

    for (int i = 0; recording && i < MEDIA_TRACK_LEGS; i++)
        if (recording->tracks.right[i] == media)
            return true;
    return false;
}

static bool says(int32_t user, const char *what)
{
    struct text json = {0};
    bool found;

    telephony_agent_json(world.telephony, user, &json);
    found = strstr(json.data, what) != NULL;
    text_done(&json);
    return found;
}

static void MON_08_a_leader_listens_and_nobody_hears_him(void **state)
{
    handle_t sip = led(), room = call_of(sip)->room;

    (void)state;
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    assert_true(room_hears(room, line_of(7), caller_of(sip)));
    assert_true(room_hears(room, line_of(7), line_of(1)));
    assert_false(room_hears(room, caller_of(sip), line_of(7)));
    assert_false(room_hears(room, line_of(1), line_of(7)));
    assert_false(is_recorded(sip, line_of(7)));
    assert_int_equal(agent(7)->state, ACD_TALK);
    assert_true(says(7, "\"watch\":{\"mode\":\"listen\",\"user_id\":1"));
    assert_true(says(7, "\"muted\":true"));
    assert_true(says(1, "\"leader\":null")); /* the agent is not told */
    assert_true(fact_says(fact_last("talk_begin"), "kind", "monitor"));
    /* The microphone stays shut, whatever the page asks for. */
    assert_int_equal(telephony_mute(world.telephony, 7, &call_of(sip)->id, false),
                     TELEPHONY_LISTENING);
    check_everything();
    run(3000);
    assert_int_equal(telephony_watch_end(world.telephony, 7), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(7)->state, ACD_BUSY);
    assert_false(room_hears(room, line_of(7), caller_of(sip)));
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_true(fact_says(fact_last("audit"), "action", "monitor.end"));
    assert_true(fact_says(fact_last("audit"), "object_id", "1"));
    assert_non_null(strstr(fact_last("audit")->json, "mode=listen seconds=3 by=supervisor"));
    assert_int_equal(telephony_watch_end(world.telephony, 7), TELEPHONY_STALE);
}

static void MON_08_a_whisper_reaches_the_agent_alone_and_barging_in_everybody(void **state)
{
    handle_t sip = led(), room = call_of(sip)->room;

    (void)state;
    assert_int_equal(watches(7, 1, TELEPHONY_WHISPER), TELEPHONY_OK);
    assert_true(room_hears(room, line_of(1), line_of(7)));
    assert_false(room_hears(room, caller_of(sip), line_of(7)));
    assert_false(is_recorded(sip, line_of(7)));
    assert_true(says(1, "\"leader\":{\"mode\":\"whisper\""));
    assert_int_equal(watches(7, 1, TELEPHONY_BARGE), TELEPHONY_OK);
    assert_true(hear_each_other(room, caller_of(sip), line_of(7)));
    assert_true(hear_each_other(room, line_of(1), line_of(7)));
    assert_true(is_recorded(sip, line_of(7)));
    assert_int_equal(telephony_mute(world.telephony, 7, &call_of(sip)->id, true), TELEPHONY_OK);
    check_everything();
    assert_false(room_hears(room, caller_of(sip), line_of(7)));
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK); /* and back */
    assert_false(room_hears(room, line_of(1), line_of(7)));
    assert_false(is_recorded(sip, line_of(7)));
    assert_int_equal(call_of(sip)->agent, 1);
}

static void MON_09_a_leader_takes_a_call_over_and_it_is_his(void **state)
{
    handle_t sip = led(), room = call_of(sip)->room;

    (void)state;
    run(4000);
    assert_int_equal(takes_over(7, 1), TELEPHONY_OK); /* without having listened */
    assert_true(hear_each_other(room, caller_of(sip), line_of(7)));
    assert_true(is_recorded(sip, line_of(7)));
    assert_false(is_recorded(sip, line_of(1)));
    assert_int_equal(call_of(sip)->agent, 7);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_true(says(7, "\"watch\":null"));
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
    assert_true(fact_says(fact_last("recording_begin"), "user_id", "7"));
    run(2000);
    assert_int_equal(telephony_hangup(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
    run(500);
    assert_int_equal(agent(7)->state, ACD_ACW); /* by the rules of the queue */
    assert_true(fact_says(fact_last("call_end"), "user_id", "1"));
}

static void MON_09_taken_over_while_the_agents_number_is_said(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(500);
    assert_true(scene_far(call_of(sip))->occupied);
    ready(7);
    assert_int_equal(takes_over(7, 1), TELEPHONY_OK);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(7)));
    assert_false(media_of(caller_of(sip))->plays);
}

static void MON_09_taken_over_while_a_colleague_is_asked(void **state)
{
    handle_t sip = asking(), room = call_of(sip)->room;

    (void)state;
    ready(7);
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    assert_true(room_hears(room, line_of(7), line_of(4))); /* he goes where the agent goes */
    assert_false(room_hears(room, line_of(7), caller_of(sip)));
    assert_int_equal(watches(7, 1, TELEPHONY_BARGE), TELEPHONY_OK);
    assert_true(hear_each_other(room, line_of(7), line_of(4)));
    assert_false(room_hears(room, caller_of(sip), line_of(7)));
    assert_int_equal(takes_over(7, 4), TELEPHONY_STALE); /* it is not his call */
    assert_int_equal(takes_over(7, 1), TELEPHONY_OK);
    assert_true(hear_each_other(room, caller_of(sip), line_of(7)));
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(agent(4)->state, ACD_READY);
}

static void MON_10_a_leader_cuts_a_call_off(void **state)
{
    handle_t sip = led();
    struct uuid id = call_of(sip)->id, other = {{1}};

    (void)state;
    assert_int_equal(telephony_disconnect(world.telephony, 1, &other), TELEPHONY_STALE);
    assert_int_equal(telephony_disconnect(world.telephony, 7, &id), TELEPHONY_STALE);
    assert_int_equal(watches(7, 1, TELEPHONY_BARGE), TELEPHONY_OK);
    assert_int_equal(telephony_disconnect(world.telephony, 1, &id), TELEPHONY_OK);
    run(500);
    assert_null(call_of(sip));
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(agent(7)->state, ACD_BUSY);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "supervisor"));
}

static void MON_10_a_colleague_who_is_asked_is_cut_off_and_the_caller_is_not(void **state)
{
    handle_t sip = asking();

    (void)state;
    assert_int_equal(telephony_disconnect(world.telephony, 4, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_int_equal(agent(4)->state, ACD_READY);
}

static void MON_10_an_agent_is_freed_from_whatever_state(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = caller_in_queue('1');
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(telephony_force_state(world.telephony, 1, "nonsense"), TELEPHONY_BAD_REASON);
    assert_int_equal(telephony_force_state(world.telephony, 2, "busy"), TELEPHONY_NOT_SIGNED_IN);
    assert_int_equal(telephony_force_state(world.telephony, 1, "busy"), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->state, ACD_BUSY);
    assert_true(fact_says(fact_last("offer_end"), "outcome", "forced"));
    assert_int_equal(call_of(sip)->state, CALL_WAITING); /* and goes to the next one */
    assert_int_equal(telephony_force_state(world.telephony, 1, "ready"), TELEPHONY_OK);
    run(0);
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_int_equal(telephony_force_state(world.telephony, 1, "signed_out"), TELEPHONY_IN_CALL);
    assert_int_equal(telephony_force_state(world.telephony, 1, "busy"), TELEPHONY_LATER);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(telephony_force_state(world.telephony, 1, "signed_out"), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->state, ACD_SIGNED_OUT);
    assert_true(fact_says(fact_last("agent_session_end"), "reason", "forced"));
    /* Left in TALK by nobody knows what. */
    ready(1);
    assert_int_equal(acd_occupy(world.telephony->acd, loop_now_ms(world.loop), 1, 0), 0);
    acd_carry_out(world.telephony);
    assert_int_equal(telephony_force_state(world.telephony, 1, "ready"), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->state, ACD_READY);
}

static void the_watched_agent_goes_and_the_listener_is_free(void **state)
{
    handle_t sip = asking();

    (void)state;
    ready(7);
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    assert_int_equal(consulted(1, telephony_consult_complete), TELEPHONY_OK); /* passed on */
    check_everything();
    assert_int_equal(agent(7)->state, ACD_READY);
    assert_int_equal(watches(7, 4, TELEPHONY_WHISPER), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200); /* the caller hangs up */
    run(0);
    assert_int_equal(agent(7)->state, ACD_READY);
    assert_true(fact_says(fact_last("audit"), "action", "monitor.end"));
    assert_non_null(strstr(fact_last("audit")->json, "by=system"));
}

static void the_watched_agents_line_stays_away_and_the_listener_is_free(void **state)
{
    handle_t sip = led();

    (void)state;
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(30100);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(agent(7)->state, ACD_BUSY);
}

static void an_agent_goes_and_the_leader_who_barged_in_has_the_caller(void **state)
{
    handle_t sip = led();

    (void)state;
    assert_int_equal(watches(7, 1, TELEPHONY_BARGE), TELEPHONY_OK);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(call_of(sip)->agent, 7);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(7)));
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    run(0);
    /* The same when his line stays away. */
    assert_int_equal(watches(1, 7, TELEPHONY_BARGE), TELEPHONY_OK);
    far_line(line_of(7), MEDIA_LINE_LOST);
    check_everything();
    assert_false(media_of(caller_of(sip))->plays); /* he has company */
    run(30100);
    assert_int_equal(call_of(sip)->agent, 1);
    assert_int_equal(agent(7)->state, ACD_ACW);
}

static void a_leader_whose_line_is_back_in_time_goes_on_listening(void **state)
{
    handle_t sip = led();

    (void)state;
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    far_line(line_of(7), MEDIA_LINE_LOST);
    run(5000);
    assert_int_equal(offer_line(7, "s", "new"), TELEPHONY_OK); /* the page was loaded again */
    run(1000);
    assert_true(room_hears(call_of(sip)->room, line_of(7), caller_of(sip)));
    assert_false(room_hears(call_of(sip)->room, line_of(1), line_of(7)));
    far_line(line_of(7), MEDIA_LINE_LOST);
    run(31000);
    assert_int_equal(agent(7)->state,
                     ACD_BUSY); /* away for too long: he is out, the call goes on */
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
}

static void F4_of_a_leader_ends_his_listening_and_nothing_else(void **state)
{
    handle_t sip = led();

    (void)state;
    assert_int_equal(watches(7, 1, TELEPHONY_BARGE), TELEPHONY_OK);
    assert_int_equal(telephony_hangup(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(7)->state, ACD_BUSY);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
}

static void whom_a_leader_cannot_watch(void **state)
{
    handle_t sip = led();
    struct uuid id = call_of(sip)->id;

    (void)state;
    assert_int_equal(telephony_watch(world.telephony, 4, 1, &id, TELEPHONY_LISTEN),
                     TELEPHONY_NOT_SIGNED_IN);
    assert_int_equal(watches(7, 7, TELEPHONY_LISTEN), TELEPHONY_STALE);
    assert_int_equal(watches(1, 1, TELEPHONY_LISTEN), TELEPHONY_IN_CALL);
    far_line(line_of(7), MEDIA_LINE_LOST);
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_NO_LINE);
    far_line(line_of(7), MEDIA_LINE_UP);
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    assert_int_equal(watches(4, 7, TELEPHONY_LISTEN), TELEPHONY_NOT_SIGNED_IN);
    ready(4);
    assert_int_equal(watches(4, 7, TELEPHONY_LISTEN), TELEPHONY_STALE); /* he has no call */
    assert_int_equal(watches(4, 1, TELEPHONY_LISTEN), TELEPHONY_OK);    /* two may */
    world.visits[2] = true;
    ready(2);
    assert_int_equal(watches(2, 1, TELEPHONY_LISTEN), TELEPHONY_WATCHED);
    /* A summary is not his to write. */
    assert_int_equal(telephony_wrap_up_saved(world.telephony, 7, &id, "consult", ""),
                     TELEPHONY_STALE);
    /* The first one takes it over: the other one is out with the agent. */
    assert_int_equal(takes_over(7, 1), TELEPHONY_OK);
    assert_int_equal(agent(4)->state, ACD_READY);
}

static void MON_12_somebody_of_another_center_takes_over_and_owes_no_summary(void **state)
{
    handle_t sip = led();

    (void)state;
    world.visits[2] = true;
    ready(2);
    assert_int_equal(watches(2, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    assert_int_equal(takes_over(2, 1), TELEPHONY_OK);
    assert_false(agent(2)->wrap_up_required);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(2)));
    run(1000);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(2)->state, ACD_READY);
}

static void CC_12_who_is_asked_for_while_he_watches_is_not_to_be_had(void **state)
{
    handle_t sip = led(), other;

    (void)state;
    assert_int_equal(telephony_set_state(world.telephony, 7, "ready", NO_REASON), TELEPHONY_OK);
    assert_int_equal(watches(7, 1, TELEPHONY_LISTEN), TELEPHONY_OK);
    other = far_invite("13877112047", "12361");
    run(1500);
    far_key(other, '1');
    run(3000);
    assert_int_equal(call_of(other)->state, CALL_WAITING); /* he serves that queue */
    assert_int_equal(call_of(other)->ringing, 0);
    assert_int_equal(telephony_watch_end(world.telephony, 7), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(7)->state, ACD_RING);
    assert_int_equal(call_of(sip)->agent, 1);
}

/* --- the queue ------------------------------------------------------------------------------ */

static handle_t another_waits(const char *number)
{
    handle_t sip = far_invite(number, "12361");

    run(1500);
    far_key(sip, '1');
    run(600);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    return sip;
}

static void CC_32_a_waiting_call_goes_to_the_head(void **state)
{
    handle_t first, second;

    (void)state;
    ready(1);
    (void)talk_with(1);
    first = another_waits("13877112047");
    second = another_waits("13877112048");
    assert_int_equal(acd_position(world.telephony->acd, call_of(second)->entry), 2);
    assert_int_equal(telephony_move_to_head(world.telephony, &call_of(second)->id), TELEPHONY_OK);
    check_everything();
    assert_int_equal(acd_position(world.telephony->acd, call_of(second)->entry), 1);
    assert_true(call_of(second)->priority > call_of(first)->priority);
    ready(7);
    assert_int_equal(call_of(second)->ringing_at, 7);
    assert_int_equal(call_of(first)->ringing, 0);
}

static void CC_32_a_waiting_call_goes_to_another_queue(void **state)
{
    struct acd *acd = world.telephony->acd;
    handle_t sip;
    struct uuid id;

    (void)state;
    ready(1);
    (void)talk_with(1);
    sip = another_waits("13877112047");
    id = call_of(sip)->id;
    assert_int_equal(telephony_waits_in(world.telephony, &id), 1);
    assert_int_equal(telephony_move_to_queue(world.telephony, &id, 4), TELEPHONY_NO_QUEUE);
    /* Agent 1 serves both queues of the center; for a moment only this one. */
    assert_int_equal(acd_member_remove(acd, loop_now_ms(world.telephony->loop), 1, 2), 0);
    assert_int_equal(telephony_move_to_queue(world.telephony, &id, 2), TELEPHONY_QUEUE_EMPTY);
    assert_int_equal(call_of(sip)->queue_id, 1);
    assert_int_equal(acd_member_set(acd, loop_now_ms(world.telephony->loop), 1, 2, 10), 0);
    assert_int_equal(telephony_move_to_queue(world.telephony, &id, 1), TELEPHONY_OK); /* there */
    assert_int_equal(fact_count_of("queue_leave"), 1);
    assert_int_equal(telephony_move_to_queue(world.telephony, &id, 2), TELEPHONY_OK);
    check_everything();
    assert_int_equal(call_of(sip)->queue_id, 2);
    assert_true(fact_says(fact_last("queue_leave"), "outcome", "moved_out"));
    assert_true(fact_says(fact_last("queue_enter"), "queue_id", "2"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(telephony_move_to_head(world.telephony, &id), TELEPHONY_STALE);
    assert_int_equal(telephony_waits_in(world.telephony, &id), 0);
}

static void CC_32_a_waiting_call_goes_to_an_agent_and_back_to_its_place(void **state)
{
    handle_t first, second;
    uint32_t enters;
    struct uuid id;

    (void)state;
    ready(1);
    (void)talk_with(1);
    first = another_waits("13877112047");
    second = another_waits("13877112048");
    id = call_of(first)->id;
    ready(2);
    assert_int_equal(telephony_move_to_agent(world.telephony, &id, 2), TELEPHONY_NO_COLLEAGUE);
    assert_int_equal(telephony_move_to_agent(world.telephony, &id, 1), TELEPHONY_COLLEAGUE_BUSY);
    assert_int_equal(offer_line(7, "s", "new"), TELEPHONY_OK);
    run(1000);
    assert_int_equal(sign_in(7, "s", false, false), TELEPHONY_OK); /* busy: nothing is offered */
    run(0);
    enters = fact_count_of("queue_enter");
    assert_int_equal(telephony_move_to_agent(world.telephony, &id, 7), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(7)->state, ACD_RING);
    assert_true(fact_says(fact_last("offer_begin"), "reason", "班长指派"));
    run(21000); /* he does not take it: what he was before, and the call where it was */
    assert_int_equal(agent(7)->state, ACD_BUSY);
    assert_int_equal(agent(7)->reason_id, ACD_REASON_NONE);
    assert_int_equal(acd_position(world.telephony->acd, call_of(first)->entry), 1);
    assert_int_equal(acd_position(world.telephony->acd, call_of(second)->entry), 2);
    assert_int_equal(fact_count_of("queue_enter"), enters);
    assert_int_equal(telephony_move_to_agent(world.telephony, &id, 7), TELEPHONY_OK);
    assert_int_equal(answer(7), TELEPHONY_OK);
    check_everything();
    assert_int_equal(call_of(first)->agent, 7);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "inbound"));
}

#define LEADER_STORIES                                                                             \
    TEST(MON_08_a_leader_listens_and_nobody_hears_him),                                            \
        TEST(MON_08_a_whisper_reaches_the_agent_alone_and_barging_in_everybody),                   \
        TEST(MON_09_a_leader_takes_a_call_over_and_it_is_his),                                     \
        TEST(MON_09_taken_over_while_the_agents_number_is_said),                                   \
        TEST(MON_09_taken_over_while_a_colleague_is_asked), TEST(MON_10_a_leader_cuts_a_call_off), \
        TEST(MON_10_a_colleague_who_is_asked_is_cut_off_and_the_caller_is_not),                    \
        TEST(MON_10_an_agent_is_freed_from_whatever_state),                                        \
        TEST(the_watched_agent_goes_and_the_listener_is_free),                                     \
        TEST(the_watched_agents_line_stays_away_and_the_listener_is_free),                         \
        TEST(an_agent_goes_and_the_leader_who_barged_in_has_the_caller),                           \
        TEST(a_leader_whose_line_is_back_in_time_goes_on_listening),                               \
        TEST(F4_of_a_leader_ends_his_listening_and_nothing_else),                                  \
        TEST(whom_a_leader_cannot_watch),                                                          \
        TEST(MON_12_somebody_of_another_center_takes_over_and_owes_no_summary),                    \
        TEST(CC_12_who_is_asked_for_while_he_watches_is_not_to_be_had),                            \
        TEST(CC_32_a_waiting_call_goes_to_the_head),                                               \
        TEST(CC_32_a_waiting_call_goes_to_another_queue),                                          \
        TEST(CC_32_a_waiting_call_goes_to_an_agent_and_back_to_its_place)
