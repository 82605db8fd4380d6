/* Somebody outside is called for a call that is there, one by one. Included by test_telephony.c.
 * Agents 1, 4 and 7 are of center 1; key 8 of its menu leads to a number outside. */

#define ELSEWHERE "138 7710-0002"

static enum telephony_result on_call_of(int32_t user,
                                        enum telephony_result (*verb)(struct telephony *, int32_t,
                                                                      const struct uuid *,
                                                                      const char *),
                                        const char *number)
{
    struct uuid id = call_of_agent(user);

    return verb(world.telephony, user, &id, number);
}

static enum telephony_result pass_to(int32_t user, int32_t colleague)
{
    struct uuid id = call_of_agent(user);

    return telephony_pass_to_agent(world.telephony, user, &id, colleague);
}

/* Agent 1 talks with a caller and has asked somebody outside, who has answered or not. */
static handle_t asking_outside(bool answered)
{
    handle_t sip;

    ready(1);
    sip = talk_with(1);
    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_OK);
    check_everything();
    assert_true(media_of(line_of(1))->plays); /* it rings there */
    assert_true(media_of(caller_of(sip))->plays);
    if (answered)
        far_answer(dialed());
    run(0);
    return sip;
}

static void XFER_04_somebody_outside_is_asked_and_the_caller_passed_on_to_him(void **state)
{
    handle_t sip = asking_outside(true), out = dialed(), room = call_of(sip)->room;
    const struct w_recording *recording;

    (void)state;
    assert_true(hear_each_other(room, line_of(1), far_media(out)->handle));
    assert_false(room_hears(room, caller_of(sip), far_media(out)->handle));
    assert_true(media_of(caller_of(sip))->plays);
    run(5000);
    assert_int_equal(consulted(1, telephony_consult_complete), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(call_of(sip)->state, CALL_PASSED);
    assert_true(hear_each_other(room, caller_of(sip), far_media(out)->handle));
    assert_true(fact_says(fact_last("talk_end"), "passed_to", "outside"));
    assert_true(fact_says(fact_last("talk_end"), "hold_ms", "5000"));
    assert_true(fact_says(fact_last("recording_begin"), "right", "outside"));
    assert_true(fact_says(fact_last("recording_begin"), "user_id", "null"));
    recording = slots_find(&world.recordings, call_of(sip)->recording);
    assert_int_equal(recording->tracks.left[0], caller_of(sip));
    assert_int_equal(recording->tracks.right[0], far_media(out)->handle);
    run(20000); /* the summary is over, the two go on */
    assert_int_equal(agent(1)->state, ACD_READY);
    far_end(out, SIP_END_REMOTE, 200);
    run(1000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("outside_leg"), "purpose", "pass"));
    assert_true(fact_says(fact_last("outside_leg"), "number", "13877100002"));
    assert_true(fact_says(fact_last("outside_leg"), "talk_ms", "25000"));
    assert_true(fact_says(fact_last("outside_leg"), "passed", "true"));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "transfer_done"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_true(fact_says(fact_last("call_end"), "talk_ms", "11000"));
}

static void XFER_04_the_caller_is_taken_back_from_outside(void **state)
{
    handle_t sip = asking_outside(true), out = dialed();

    (void)state;
    assert_int_equal(consulted(1, telephony_consult_end), TELEPHONY_OK);
    check_everything();
    assert_int_equal(far_leg(out)->state, W_LEAVING);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_OK);
    run(0);
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_STALE); /* it rings */
    assert_int_equal(consulted(1, telephony_consult_complete), TELEPHONY_STALE);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(0);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_true(fact_says(fact_last("outside_leg"), "outcome", "cancelled"));
    assert_false(media_of(line_of(1))->plays);
}

static void CC_13_who_is_not_to_be_had_outside_is_told_and_the_talk_goes_on(void **state)
{
    static const struct {
        int status;
        const char *why;
    } ends[] = {{486, "busy"}, {480, "no_answer"}, {603, "refused"}, {404, "bad_number"}};
    handle_t sip = asking_outside(false);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        far_end(dialed(), SIP_END_REFUSED, ends[i].status);
        run(0);
        assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
        assert_false(media_of(line_of(1))->plays);
        assert_string_equal(call_of(sip)->consult_failed, ends[i].why);
        assert_true(fact_says(fact_last("outside_leg"), "outcome", ends[i].why));
        assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_OK);
        assert_null(call_of(sip)->consult_failed);
    }
    run(60001);
    assert_string_equal(call_of(sip)->consult_failed, "no_answer");
    assert_int_equal(on_call_of(1, telephony_consult_number, "12x"), TELEPHONY_BAD_NUMBER);
    world.trunk_full[1] = true;
    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_OK);
    assert_int_equal(far_leg(dialed())->trunk_id, 2);
    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_CONSULTING);
    assert_int_equal(pass_to(1, 4), TELEPHONY_CONSULTING);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_CONSULTING);
    far_trunk(2, false); /* and the first is full */
    run(0);
    assert_string_equal(call_of(sip)->consult_failed, "trunk");
    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_NO_TRUNK);
    check_everything();
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_int_equal(world.sip_legs.count, 1);
}

static void CC_18_of_three_whoever_leaves_the_others_go_on(void **state)
{
    handle_t sip = asking_outside(true), out = dialed(), room = call_of(sip)->room;
    handle_t caller = caller_of(sip), other = far_media(out)->handle;
    struct call *call = call_of(sip);

    (void)state;
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    run(3000);
    assert_true(hear_each_other(room, caller, other));
    assert_true(hear_each_other(room, caller, line_of(1)));
    assert_true(hear_each_other(room, other, line_of(1)));
    far_end(out, SIP_END_REMOTE, 200); /* the one outside goes */
    run(0);
    assert_true(hear_each_other(room, caller, line_of(1)));
    assert_true(fact_says(fact_last("outside_leg"), "joined", "true"));
    assert_true(fact_says(fact_last("outside_leg"), "released_by", "outside"));

    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_OK);
    out = dialed();
    far_answer(out);
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200); /* the caller goes */
    run(500);
    assert_ptr_equal(call_of(out), call);
    assert_int_equal(agent(1)->state, ACD_TALK);
    assert_true(hear_each_other(room, far_media(out)->handle, line_of(1)));
    assert_int_equal(world.media_legs.count, 2);

    assert_int_equal(on_call_of(1, telephony_consult_number, ELSEWHERE), TELEPHONY_OK);
    run(0);
    far_answer(reach_leg(world.telephony, call)->sip);
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call->id), TELEPHONY_OK); /* the agent */
    run(3000);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(call_of(out)->state, CALL_PASSED);
    far_end(out, SIP_END_REMOTE, 200);
    run(1000);
    assert_int_equal(world.sip_legs.count, 0);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "caller"));
}

static void CC_18_the_agent_sends_one_of_three_away(void **state)
{
    handle_t sip = asking_outside(true), out = dialed(), room = call_of(sip)->room;

    (void)state;
    assert_int_equal(consulted(1, telephony_consult_release), TELEPHONY_STALE); /* not joined */
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    assert_int_equal(consulted(1, telephony_consult_release), TELEPHONY_OK);
    check_everything();
    assert_int_equal(far_leg(sip)->state, W_LEAVING);
    assert_true(hear_each_other(room, far_media(out)->handle, line_of(1)));
    run(2000);
    assert_int_equal(world.sip_legs.count, 1);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(out)->id), TELEPHONY_OK);
    run(1000);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "agent"));
}

static void CC_13_a_caller_passed_on_hears_music_until_somebody_outside_answers(void **state)
{
    handle_t sip, out;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW); /* at once */
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    assert_true(media_of(caller_of(sip))->plays);
    out = dialed();
    far_progress(out, 180, false);
    run(3000);
    assert_true(media_of(caller_of(sip))->plays);
    far_progress(out, 183, true); /* its own sound is better than our music */
    run(0);
    assert_false(media_of(caller_of(sip))->plays);
    assert_true(room_hears(call_of(sip)->room, caller_of(sip), far_media(out)->handle));
    far_answer(out);
    run(2000);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), far_media(out)->handle));
    assert_int_equal(fact_count_of("recording_begin"), 2);
    far_end(sip, SIP_END_REMOTE, 200);
    run(1000);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "caller"));
    assert_true(fact_says(fact_last("outside_leg"), "released_by", "caller"));
    assert_int_equal(world.sip_legs.count, 0);
}

/* Back at once to who is summing this call up; it rings at who is not; else the queue. */
static void CC_13_whom_nobody_outside_takes_comes_back(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    far_end(dialed(), SIP_END_REFUSED, 486);
    run(0);
    assert_int_equal(agent(1)->state, ACD_TALK);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
    run(6000);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));

    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    run(0);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    assert_int_equal(agent(1)->state, ACD_READY);
    run(60001); /* nobody answers */
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_true(call_of(sip)->pass.back);
    assert_true(media_of(caller_of(sip))->plays);
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(6000);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));

    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    run(0);
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    far_end(dialed(), SIP_END_REFUSED, 603);
    run(0);
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(telephony_reject(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_int_equal(call_of(sip)->priority, RETURN_PRIORITY);
}

static void CC_13_whom_the_passer_cannot_take_back_goes_to_the_head_of_the_queue(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    far_line(line_of(1), MEDIA_LINE_LOST); /* summing up, and away */
    far_trunk(1, false);                   /* the caller came over it, too */
    run(0);
    assert_null(far_leg(sip));
    far_trunk(1, true);
    far_line(line_of(1), MEDIA_LINE_UP);
    run(20000);
    sip = talk_with(1);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    far_line(line_of(1), MEDIA_LINE_LOST);
    far_end(dialed(), SIP_END_REFUSED, 486);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_true(media_of(caller_of(sip))->plays);
}

static void CC_13_a_call_is_passed_on_to_a_colleague(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    ready(7);
    assert_int_equal(pass_to(1, 1), TELEPHONY_NO_COLLEAGUE);
    assert_int_equal(pass_to(1, 2), TELEPHONY_NO_COLLEAGUE);
    assert_int_equal(pass_to(1, 4), TELEPHONY_NO_COLLEAGUE);
    assert_int_equal(pass_to(7, 1), TELEPHONY_STALE);
    assert_int_equal(pass_to(1, 7), TELEPHONY_OK);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(agent(7)->state, ACD_RING);
    assert_true(media_of(caller_of(sip))->plays);
    assert_true(fact_says(fact_last("talk_end"), "passed_to", "agent"));
    assert_true(fact_says(fact_last("talk_end"), "passed_id", "7"));
    assert_int_equal(answer(7), TELEPHONY_OK);
    run(6000);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(7)));
    assert_true(fact_says(fact_last("talk_begin"), "kind", "transfer_in"));
    ready(4);
    assert_int_equal(pass_to(7, 4), TELEPHONY_OK);
    far_end(sip, SIP_END_REMOTE, 200); /* while it rings */
    run(1000);
    assert_int_equal(agent(4)->state, ACD_READY);
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
    assert_int_equal(fact_count_of("offer_begin"), 1);
}

static void CC_13_whom_the_colleague_does_not_take_comes_back(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    ready(7);
    for (int way = 0; way < 3; way++) {
        assert_int_equal(pass_to(1, 7), TELEPHONY_OK);
        if (way == 0)
            assert_int_equal(telephony_reject(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
        else if (way == 1)
            far_line(line_of(7), MEDIA_LINE_LOST);
        else
            assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
        if (way == 2) {
            run(20000);
            assert_int_equal(agent(1)->state, ACD_RING);
            assert_int_equal(answer(1), TELEPHONY_OK);
        }
        run(6000);
        assert_int_equal(agent(7)->state, ACD_READY);
        assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
        far_line(line_of(7), MEDIA_LINE_UP);
    }
    run(0);
    assert_int_equal(agent(7)->state, ACD_READY);
    ready(4); /* whoever is in ACW or talks cannot be passed a call */
    assert_int_equal(consult(1, 4), TELEPHONY_OK);
    assert_int_equal(pass_to(1, 7), TELEPHONY_CONSULTING);
    assert_int_equal(transfer(1, 2), TELEPHONY_CONSULTING);
}

static void CC_29_the_flow_calls_a_number_outside_and_goes_on_when_it_is_over(void **state)
{
    handle_t sip = far_invite("13877112046", "12361");
    handle_t out;

    (void)state;
    run(1500);
    far_key(sip, '8');
    run(0);
    out = dialed();
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    assert_true(media_of(caller_of(sip))->plays && media_of(caller_of(sip))->loops);
    assert_string_equal(call_leg_by_sip(world.telephony, out)->dialed.headers,
                        "X-Hotlined-Data: %E7%A8%8E%E5%8A%A1\r\n");
    far_answer(out);
    run(4000);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), far_media(out)->handle));
    assert_int_equal(far_refers(out, "queue-complain", ""), 405); /* only bots move their callers */
    far_key(sip, '1');                                            /* means nothing now */
    far_end(out, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_MENU); /* the main menu again */
    assert_true(fact_says(fact_last("outside_leg"), "purpose", "flow"));
    assert_true(fact_says(fact_last("outside_leg"), "user_id", "null"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "flow_ext"));

    sip = far_invite("13877112046", "12361");
    run(1500);
    far_key(sip, '8');
    run(0);
    far_end(dialed(), SIP_END_REFUSED, 486); /* another branch */
    run(600);
    assert_int_equal(call_of(sip)->state, CALL_MENU); /* the queue nobody serves, then goodbye */
    assert_true(fact_says(fact_last("door_refused"), "queue_id", "2"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
}

static void CC_05_whom_a_flow_calls_is_recorded_whatever_the_queue_before_says(void **state)
{
    handle_t sip, out;

    (void)state;
    world.queues[0].recording = DIR_RECORD_NEVER;
    ready(1);
    sip = talk_with(1);
    run(5000);
    assert_int_equal(fact_count_of("recording_begin"), 0);
    assert_int_equal(telephony_to_flow(world.telephony, 1, &call_of(sip)->id, false, "", ""),
                     TELEPHONY_OK);
    run(1500);
    far_key(sip, '8');
    run(0);
    out = dialed();
    far_answer(out);
    run(2000);
    check_everything();
    assert_true(fact_says(fact_last("recording_begin"), "right", "outside"));
    assert_int_equal(fact_count_of("recording_begin"), 1);
}

static void PLAT_01_nothing_is_heard_of_the_one_outside(void **state)
{
    handle_t sip = asking_outside(true), out = dialed();

    (void)state;
    telephony_media_handlers()->on_rtp_timeout(far_media(out)->handle, world.telephony);
    run(1000);
    assert_string_equal(call_of(sip)->consult_failed, "error");
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    far_end(dialed(), SIP_END_REFUSED, 503); /* the next trunk */
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_PASSING);
    assert_int_equal(far_leg(dialed())->trunk_id, 2);
    far_answer(dialed());
    run(0);
    telephony_media_handlers()->on_rtp_timeout(caller_of(sip), world.telephony);
    run(1000);
    assert_int_equal(world.sip_legs.count, 0);
    assert_true(fact_says(fact_last("call_end"), "end_reason", "error"));
}

static void CC_13_nothing_comes_from_the_agent_and_the_caller_hears_music_at_once(void **state)
{
    handle_t sip, caller, room;

    (void)state;
    ready(1);
    sip = talk_with(1);
    run(5000);
    caller = caller_of(sip);
    room = call_of(sip)->room;
    far_gap(line_of(1), true);
    check_everything();
    assert_true(media_of(caller)->plays && media_of(caller)->exclusive);
    assert_true(room_hears(room, line_of(1), caller)); /* perhaps only one way is broken */
    far_gap(line_of(1), false);
    check_everything();
    assert_false(media_of(caller)->plays);
    far_gap(line_of(1), true);
    far_line(line_of(1), MEDIA_LINE_LOST);
    far_line(line_of(1), MEDIA_LINE_UP); /* the network is back, his voice is not */
    check_everything();
    assert_true(media_of(caller)->plays);
    assert_int_equal(offer_line(1, "s", "new"), TELEPHONY_OK); /* the page is loaded anew */
    run(1000);
    check_everything();
    assert_false(media_of(caller)->plays);
    assert_true(hear_each_other(room, caller, line_of(1)));
    telephony_media_handlers()->on_gap(line_of(1), room + 1, true, world.telephony);
    assert_false(media_of(caller)->plays); /* news of a room he has left */
}

static void CC_13_one_of_two_outside_falls_silent_and_the_other_hears_music(void **state)
{
    handle_t sip = asking_outside(true), out = dialed(), caller = caller_of(sip);

    (void)state;
    assert_int_equal(consulted(1, telephony_consult_join), TELEPHONY_OK);
    far_gap(far_media(out)->handle, true);
    check_everything();
    assert_false(media_of(caller)->plays); /* the agent is company */
    assert_int_equal(consulted(1, telephony_consult_complete), TELEPHONY_OK);
    check_everything();
    assert_true(media_of(caller)->plays);
    far_gap(far_media(out)->handle, false);
    check_everything();
    assert_false(media_of(caller)->plays);
    far_gap(far_media(out)->handle, true);
    telephony_media_handlers()->on_rtp_timeout(far_media(out)->handle, world.telephony);
    run(1000);
    assert_null(far_leg(sip));
}

/* What centers and the bot ask for: one named trunk, and one outside at a time. */
static void a_named_trunk_is_the_only_one(void **state)
{
    struct reach_target target = {.number = "10086", .trunk_id = 2, .record = true};
    handle_t sip = far_invite("13877112046", "12361");

    (void)state;
    run(1500);
    assert_int_equal(reach_begin(world.telephony, call_of(sip), REACH_FLOW, 0, &target), 0);
    check_everything();
    assert_int_equal(far_leg(dialed())->trunk_id, 2);
    assert_int_equal(reach_begin(world.telephony, call_of(sip), REACH_FLOW, 0, &target), -EBUSY);
    far_end(dialed(), SIP_END_REFUSED, 503); /* no other one is tried */
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_MENU);
    assert_true(fact_says(fact_last("outside_leg"), "outcome", "trunk"));
    target.header[0] = (struct reach_header){"X-Hotlined-Data", "a\r\nX: %"};
    target.header_count = 1;
    assert_int_equal(reach_begin(world.telephony, call_of(sip), REACH_FLOW, 0, &target), 0);
    assert_string_equal(call_leg_by_sip(world.telephony, dialed())->dialed.headers,
                        "X-Hotlined-Data: a%0D%0AX: %25\r\n");
    far_answer(dialed());
    run(0);
    assert_int_equal(fact_count_of("recording_begin"), 1);
}

static void a_talk_outside_that_breaks_off_is_over(void **state)
{
    handle_t sip = asking_outside(true);

    (void)state;
    far_end(dialed(), SIP_END_TRANSPORT, 503);
    run(0);
    assert_string_equal(call_of(sip)->consult_failed, "trunk");
    assert_int_equal(world.sip_legs.count, 1);
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
}

static void CC_13_a_caller_comes_back_into_no_other_calls_summary(void **state)
{
    handle_t sip, next, out;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    out = dialed();
    assert_int_equal(telephony_wrap_up_done(world.telephony, 1), TELEPHONY_OK);
    next = talk_with(1);
    far_end(next, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(agent(1)->state, ACD_ACW);
    far_end(out, SIP_END_REFUSED, 486);
    run(0);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
}

static void the_agents_line_is_lost_while_somebody_outside_is_asked(void **state)
{
    handle_t sip = asking_outside(true), out = dialed();

    (void)state;
    far_line(line_of(1), MEDIA_LINE_LOST);
    run(31000);
    assert_int_equal(call_of(sip)->state, CALL_WAITING);
    assert_null(far_leg(out));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(world.sip_legs.count, 0);
}

static void a_call_of_ones_own_is_passed_on_and_has_no_queue_to_come_back_to(void **state)
{
    handle_t sip, out;

    (void)state;
    ready(1);
    assert_int_equal(dial(1), TELEPHONY_OK);
    sip = dialed();
    far_answer(sip);
    run(2000);
    assert_int_equal(on_call_of(1, telephony_pass_to_number, ELSEWHERE), TELEPHONY_OK);
    run(0);
    out = reach_leg(world.telephony, call_of(sip))->sip;
    far_line(line_of(1), MEDIA_LINE_LOST);
    far_end(out, SIP_END_REFUSED, 404);
    run(1000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "end_reason", "bad_number"));
    assert_true(fact_says(fact_last("call_end"), "outcome", "answered"));
}

static enum telephony_result help_from(int32_t user, int32_t colleague, bool three)
{
    struct uuid id = call_of_agent(user);

    return telephony_help(world.telephony, user, &id, colleague, three);
}

/* Two-party help: the caller held; the helper leaves, the call goes on. */
static void XFER_02_help_is_asked_for_while_the_caller_is_held(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    ready(7);
    assert_int_equal(help_from(1, 7, false), TELEPHONY_OK);
    check_everything();
    assert_true(media_of(caller_of(sip))->plays);
    assert_int_equal(answer(7), TELEPHONY_OK);
    run(4000);
    assert_true(fact_says(fact_last("talk_begin"), "kind", "help"));
    assert_true(hear_each_other(call_of(sip)->room, line_of(1), line_of(7)));
    assert_true(media_of(caller_of(sip))->plays);
    assert_int_equal(telephony_hangup(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(7)->state, ACD_READY); /* no summary of it */
    assert_true(hear_each_other(call_of(sip)->room, caller_of(sip), line_of(1)));
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_true(fact_says(fact_last("talk_end"), "passed_to", "null"));
    assert_true(fact_says(fact_last("talk_end"), "hold_ms", "4000"));
}

static void XFER_02_of_three_party_help_the_caller_hears_everything(void **state)
{
    handle_t sip, room;

    (void)state;
    ready(1);
    sip = talk_with(1);
    room = call_of(sip)->room;
    ready(7);
    assert_int_equal(help_from(1, 7, true), TELEPHONY_OK);
    run(5000);
    assert_true(hear_each_other(room, caller_of(sip), line_of(1))); /* while it rings */
    assert_false(media_of(line_of(1))->plays);
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(7)->state, ACD_READY); /* F4: not asked any more, the call goes on */
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));

    assert_int_equal(help_from(1, 7, true), TELEPHONY_OK);
    {
        struct uuid id = call_of(sip)->id;
        assert_int_equal(telephony_hold(world.telephony, 1, &id, true), TELEPHONY_OK);
    }
    assert_int_equal(telephony_reject(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
    run(0);
    assert_true(media_of(caller_of(sip))->plays); /* put aside as before */
    {
        struct uuid id = call_of(sip)->id;
        assert_int_equal(telephony_hold(world.telephony, 1, &id, false), TELEPHONY_OK);
    }
    assert_int_equal(help_from(1, 7, true), TELEPHONY_OK);
    assert_int_equal(answer(7), TELEPHONY_OK);
    run(3000);
    assert_true(hear_each_other(room, caller_of(sip), line_of(7)));
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_true(hear_each_other(room, line_of(7), line_of(1)));
    assert_true(fact_says(fact_last("talk_begin"), "kind", "help"));
    assert_int_equal(telephony_hangup(world.telephony, 7, &call_of(sip)->id), TELEPHONY_OK);
    run(0);
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_int_equal(agent(7)->state, ACD_READY);
}

#define REACH_STORIES                                                                              \
    TEST(XFER_04_somebody_outside_is_asked_and_the_caller_passed_on_to_him),                       \
        TEST(XFER_04_the_caller_is_taken_back_from_outside),                                       \
        TEST(CC_13_who_is_not_to_be_had_outside_is_told_and_the_talk_goes_on),                     \
        TEST(CC_18_of_three_whoever_leaves_the_others_go_on),                                      \
        TEST(CC_18_the_agent_sends_one_of_three_away),                                             \
        TEST(CC_13_a_caller_passed_on_hears_music_until_somebody_outside_answers),                 \
        TEST(CC_13_whom_nobody_outside_takes_comes_back),                                          \
        TEST(CC_13_whom_the_passer_cannot_take_back_goes_to_the_head_of_the_queue),                \
        TEST(CC_13_a_call_is_passed_on_to_a_colleague),                                            \
        TEST(CC_13_whom_the_colleague_does_not_take_comes_back),                                   \
        TEST(CC_29_the_flow_calls_a_number_outside_and_goes_on_when_it_is_over),                   \
        TEST(CC_05_whom_a_flow_calls_is_recorded_whatever_the_queue_before_says),                  \
        TEST(XFER_02_help_is_asked_for_while_the_caller_is_held),                                  \
        TEST(XFER_02_of_three_party_help_the_caller_hears_everything),                             \
        TEST(CC_13_nothing_comes_from_the_agent_and_the_caller_hears_music_at_once),               \
        TEST(CC_13_one_of_two_outside_falls_silent_and_the_other_hears_music),                     \
        TEST(PLAT_01_nothing_is_heard_of_the_one_outside), TEST(a_named_trunk_is_the_only_one),    \
        TEST(a_talk_outside_that_breaks_off_is_over),                                              \
        TEST(CC_13_a_caller_comes_back_into_no_other_calls_summary),                               \
        TEST(the_agents_line_is_lost_while_somebody_outside_is_asked),                             \
        TEST(a_call_of_ones_own_is_passed_on_and_has_no_queue_to_come_back_to)
