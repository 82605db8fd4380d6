/* Calls that other centers pass on, one by one. Included by test_telephony.c.
 *
 * Centers 1 and 2 are cities, 3 is the region. Code 91n takes calls of the region for center n and
 * sends them to its second queue first, 92n those of cities. */

static const char *along_of(const char *center)
{
    static char header[ALONG_WIRE];
    struct along along = {.agent_no = "1001",
                          .agent_name = "张三",
                          .caller = "13877100009",
                          .note = "发票\n老客户",
                          .keys = {{"主菜单", '1'}},
                          .key_count = 1};

    text_copy(along.center, sizeof(along.center), center);
    along_draft("{\"title\":\"数电票\",\"id\":\"x\",\"content\":\"勾选\"}", 49, along.draft);
    assert_int_equal(along_print(&along, header, sizeof(header)), 0);
    return header;
}

static handle_t passed_on(const char *code, const char *center)
{
    handle_t sip = far_passes_on(SIP_TRUNK_SELF, "07711234567", code, along_of(center));

    run(0);
    return sip;
}

static void
XFER_09_a_call_of_12366_says_who_sent_it_and_is_answered_when_somebody_takes_it(void **state)
{
    struct text json = {0};
    struct call *call;
    handle_t sip;

    (void)state;
    ready(1);
    sip = passed_on("911", "center3");
    call = call_of(sip);
    assert_true(far_leg(sip)->early && call->unanswered);
    assert_true(fact_says(fact_last("call_begin"), "source", "from_12366"));
    assert_true(fact_says(fact_last("call_begin"), "unit_type", "from_12366"));
    assert_true(fact_says(fact_last("call_begin"), "info_source", "r12366"));
    assert_true(fact_says(fact_last("call_begin"), "from_center", "center3"));
    assert_true(fact_says(fact_last("call_begin"), "from_agent_no", "1001"));
    assert_true(fact_says(fact_last("call_begin"), "caller_no", "13877100009"));
    run(2000);
    assert_int_equal(agent(1)->state, ACD_RING);
    assert_int_equal(call->queue_id, 2); /* the one named for such calls */
    assert_int_equal(call->priority, 20);
    assert_int_equal(far_leg(sip)->state, W_INVITED);
    telephony_agent_json(world.telephony, 1, &json);
    assert_non_null(strstr(json.data, "\"center_id\":3,\"center_name\":\"\",\"agent_no\":\"1001\","
                                      "\"agent_name\":\"张三\",\"note\":\"发票\\n老客户\""));
    assert_non_null(strstr(json.data, "\"path\":[{\"menu\":\"主菜单\",\"key\":\"1\""));
    assert_non_null(strstr(json.data, "\"draft\":{\"title\":\"数电票\",\"content\":\"勾选\"}"));
    text_done(&json);
    assert_int_equal(answer(1), TELEPHONY_OK);
    run(500);
    assert_int_equal(far_leg(sip)->state, W_UP);
    assert_int_equal(agent(1)->state, ACD_TALK);
}

static void XFER_08_access_codes_are_for_daemons_alone_and_they_dial_nothing_else(void **state)
{
    (void)state;
    (void)far_passes_on(1, "13877100001", "911", along_of("center3")); /* a provider's trunk */
    run(0);
    assert_int_equal(world.last_status, 404);
    (void)far_passes_on(SIP_TRUNK_SELF, "13877100001", "12361", along_of("center3"));
    run(0);
    assert_int_equal(world.last_status, 404);
    world.peer[1] = true; /* it leads to another daemon */
    assert_int_equal(call_of(far_passes_on(1, "13877100001", "911", NULL))->state, CALL_MENU);
}

static void XFER_17_a_call_whose_header_is_gone_or_broken_is_a_call_like_any_other(void **state)
{
    static const char *const headers[] = {NULL, "", "%%%", "e30", "W10", "bm9uc2Vuc2U"};
    handle_t sip;

    (void)state;
    ready(1);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        sip = far_passes_on(SIP_TRUNK_SELF, "07711234567", "921", headers[i]);
        run(2000);
        assert_true(fact_says(fact_last("call_begin"), "unit_type", "from_city"));
        assert_true(fact_says(fact_last("call_begin"), "from_center", ""));
        assert_true(fact_says(fact_last("call_begin"), "caller_no", "07711234567"));
        assert_int_equal(agent(1)->state, ACD_RING);
        far_end(sip, SIP_END_REMOTE, 487);
        run(0);
    }
}

/* The only center behind a trunk needs no name; one that names another is not believed. */
static void XFER_14_a_center_is_known_by_its_trunk_and_believed_there_only(void **state)
{
    (void)state;
    world.peer[2] = true;
    world.behind[2] = 2;
    (void)far_passes_on(2, "13877100001", "923", NULL);
    run(0);
    assert_true(fact_says(fact_last("call_begin"), "from_center", "center2"));
    (void)far_passes_on(2, "13877100001", "923", along_of("center1")); /* which is ours */
    run(0);
    assert_true(fact_says(fact_last("call_begin"), "from_center", "center2"));
    (void)far_passes_on(SIP_TRUNK_SELF, "13877100001", "923", along_of("center1"));
    run(0);
    assert_true(fact_says(fact_last("call_begin"), "from_center", "center1"));
}

/* 0: let in. */
static int status_of(const char *code, const char *center)
{
    (void)passed_on(code, center);
    return world.last_status;
}

static void XFER_16_each_direction_is_allowed_by_itself_and_a_change_acts_at_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool to = i & 1, from = i & 2;
        office_allow(1, to, from, true);
        assert_int_equal(status_of("923", "center1"), to ? 0 : 403);
        assert_int_equal(status_of("911", "center3"), from ? 0 : 403);
        assert_int_equal(status_of("912", "center3"), 0); /* another city's are its own */
        assert_int_equal(status_of("922", "center1"), 0);
    }
    office_allow(1, true, true, false);
    assert_int_equal(status_of("922", "center1"), 403);
    assert_int_equal(status_of("921", "center2"), 403);
}

static void XFER_11_outside_of_the_hours_a_city_may_not(void **state)
{
    static const struct calendar closed;

    (void)state;
    office_allow(1, true, true, true);
    world.transfers[0].to_hours = &closed;
    assert_int_equal(status_of("923", "center1"), 403);
    assert_int_equal(status_of("911", "center3"), 0);
    world.transfers[0].from_hours = &closed;
    assert_int_equal(status_of("911", "center3"), 403);
}

static void XFER_10_a_dedicated_queue_takes_transferred_calls_and_no_other(void **state)
{
    handle_t direct, passed;

    (void)state;
    ready(1);
    world.queues[1].transfer_only = true;
    world.queues[0].overflow_queue_id = 2; /* which takes no direct caller */
    world.queues[0].acd.max_wait_ms = 5000;
    office_apply();
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", NO_REASON), TELEPHONY_OK);
    direct = caller_in_queue('2');
    assert_int_equal(call_of(direct)->state, CALL_MENU); /* nobody there for him: goodbye */
    direct = caller_in_queue('1');
    run(9000);
    assert_true(!call_of(direct) || call_of(direct)->queue_id == 1);
    passed = passed_on("911", "center3");
    run(2000);
    assert_int_equal(call_of(passed)->queue_id, 2);
}

static void XFER_10_an_agent_cannot_put_a_direct_caller_into_a_dedicated_queue(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    world.queues[1].transfer_only = true;
    office_apply();
    sip = talk_with(1);
    assert_int_equal(transfer(1, 2), TELEPHONY_QUEUE_CLOSED);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
}

static void ACD_09_a_transferred_call_stands_before_direct_ones_by_the_set_priority(void **state)
{
    handle_t direct, passed;

    (void)state;
    ready(1);
    assert_int_equal(telephony_set_state(world.telephony, 1, "busy", NO_REASON), TELEPHONY_OK);
    direct = caller_in_queue('1');
    run(3000);
    passed = passed_on("921", "center2"); /* the flow's priority is 0, the code's 10 */
    run(2000);
    assert_int_equal(acd_position(world.telephony->acd, call_of(passed)->entry), 1);
    assert_int_equal(acd_position(world.telephony->acd, call_of(direct)->entry), 2);
    assert_int_equal(telephony_set_state(world.telephony, 1, "ready", NO_REASON), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->call, call_of(passed)->handle);
}

/* Whom the queue named for such calls cannot take goes where the flow leads. */
static void XFER_15_without_staff_the_dedicated_queue_is_passed_by(void **state)
{
    handle_t sip;

    (void)state;
    world.members[1].queue_id = 101; /* agent 1 serves the first queue only */
    office_apply();
    ready(1);
    sip = passed_on("911", "center3");
    run(2000);
    assert_int_equal(call_of(sip)->queue_id, 1);
    assert_int_equal(agent(1)->state, ACD_RING);
}

/* Nobody took it: the other center has its caller back by a refusal, not by a dead line. */
static void XFER_01_a_call_that_nobody_takes_is_refused_to_the_center_it_came_from(void **state)
{
    handle_t sip = passed_on("911", "center3");

    (void)state;
    run(5000); /* greeting, nobody is signed in, goodbye */
    assert_null(far_leg(sip));
    assert_int_equal(fact_count_of("talk_begin"), 0);
    assert_true(fact_says(fact_last("call_end"), "outcome", "lost"));
    world.closed_hours = true;
    sip = passed_on("911", "center3");
    run(3000);
    assert_null(far_leg(sip));
    assert_true(fact_says(fact_last("call_end"), "outcome", "closed"));
}

static const struct telephony_to_center to_three = {
    .center_id = 3, .note = "老客户", .draft = "{\"title\":\"发票\"}"};

static enum telephony_result pass_to_three(int32_t user, const char **ret_why)
{
    struct uuid id = call_find(world.telephony, agent(user)->call)->id;

    return telephony_pass_to_center(world.telephony, user, &id, &to_three, ret_why);
}

static handle_t reached(handle_t sip)
{
    return call_leg_find(world.telephony, call_of(sip)->reach.leg)->sip;
}

/* Agents 1 and 3 are of centers 1 and 3. */
static void XFER_05_the_agent_is_free_at_once_and_what_is_known_travels_along(void **state)
{
    static struct along along;
    const char *why = NULL;
    handle_t sip;

    (void)state;
    ready(1);
    ready(3);
    sip = talk_with(1);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_OK);
    run(0);
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_int_equal(far_leg(reached(sip))->trunk_id, SIP_TRUNK_SELF);
    assert_int_equal(along_read(call_beside(world.telephony, call_of(sip))->along_out, &along), 0);
    assert_string_equal(along.center, "center1");
    assert_string_equal(along.agent_no, "1001");
    assert_string_equal(along.caller, "13877112046");
    assert_string_equal(along.note, "老客户");
    assert_string_equal(along.draft, "{\"title\":\"发票\"}");
    assert_int_equal(along.key_count, 1);
    far_answer(reached(sip));
    run(1000);
    assert_int_equal(call_of(sip)->state, CALL_PASSED);
}

static void XFER_01_refused_over_there_the_caller_is_with_its_agent_again(void **state)
{
    const char *why = NULL;
    handle_t sip;

    (void)state;
    ready(1);
    ready(3);
    sip = talk_with(1);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_OK);
    run(0);
    far_end(reached(sip), SIP_END_REFUSED, 480);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_int_equal(agent(1)->state, ACD_TALK);
}

static void XFER_06_a_center_that_cannot_take_the_call_says_why_and_the_talk_goes_on(void **state)
{
    const char *why = NULL;
    handle_t sip;

    (void)state;
    ready(1);
    sip = talk_with(1);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_CENTER_CLOSED);
    assert_string_equal(why, "该中心没有坐席签入");
    ready(3);
    office_allow(1, false, true, true);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_CENTER_CLOSED);
    assert_string_equal(why, "自治区没有开通本中心转12366的权限");
    office_allow(1, true, true, true);
    world.closed_hours = true;
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_CENTER_CLOSED);
    assert_string_equal(why, "该中心已下班");
    world.closed_hours = false;
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_OK);
}

/* What another daemon tells is believed of the centers behind its trunk, while it is fresh. */
static void XFER_06_what_another_daemon_tells_is_read_with_care(void **state)
{
    static const char *const broken[] = {"",
                                         "center3",
                                         "center3;o=1;t=1;w=3",
                                         "center3;o=1;t=1;w=;a=2",
                                         "CENTER3;o=1;t=1;w=1;a=1",
                                         "center3;o=1;t=1;w=-1;a=1",
                                         ";o=1;t=1;w=1;a=1"};
    struct center_told told;
    const char *at = " center3;o=1;t=0;w=7;a=99999999999999999999, x;o=9;t=1;w=0;a=0";

    (void)state;
    assert_true(told_read(&at, &told));
    assert_string_equal(told.code, "center3");
    assert_true(told.figures.open && !told.figures.takes);
    assert_int_equal(told.figures.waiting, 7);
    assert_int_equal(told.figures.agents, 100000);
    assert_true(told_read(&at, &told) && told.figures.open);
    assert_false(told_read(&at, &told));
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_false(told_read(&(const char *){broken[i]}, &told));
    world.peer[2] = true; /* center3 is ours and not behind it */
    telephony_sip_handlers()->on_told(2, "center3;o=1;t=1;w=1;a=1", world.telephony);
    assert_int_equal(world.telephony->told_count, 0);
}

/* Agent 1 asks center 3 for help; whoever is asked there has answered or not. */
static handle_t helped_by_three(bool three, bool answered)
{
    struct telephony_to_center to = to_three;
    const char *why = NULL;
    struct uuid id;
    handle_t sip;

    ready(1);
    ready(3);
    sip = talk_with(1);
    run(3000);
    id = call_of(sip)->id;
    to.help = true;
    to.three = three;
    assert_int_equal(telephony_consult_center(world.telephony, 1, &id, &to, &why), TELEPHONY_OK);
    check_everything();
    if (answered)
        far_answer(reached(sip));
    run(0);
    return sip;
}

static void XFER_02_the_other_center_helps_while_the_caller_waits_and_nothing_is_moved(void **state)
{
    handle_t sip = helped_by_three(false, true), room = call_of(sip)->room;
    handle_t other = far_media(reached(sip))->handle;

    (void)state;
    assert_true(media_of(caller_of(sip))->plays);
    assert_true(hear_each_other(room, line_of(1), other));
    assert_false(room_hears(room, caller_of(sip), other));
    run(4000);
    far_end(reached(sip), SIP_END_REMOTE, 200); /* the helper leaves, the call goes on */
    run(0);
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_true(fact_says(fact_last("outside_leg"), "purpose", "help"));
    assert_true(fact_says(fact_last("outside_leg"), "to_center", "center3"));
    assert_true(fact_says(fact_last("outside_leg"), "passed", "false"));
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    check_everything();
}

static void XFER_02_three_talk_as_soon_as_the_helper_answers_and_not_with_his_music(void **state)
{
    handle_t sip = helped_by_three(true, false), room = call_of(sip)->room;
    handle_t other = far_media(reached(sip))->handle, caller = caller_of(sip);

    (void)state;
    assert_true(hear_each_other(room, caller, line_of(1))); /* while it rings there */
    assert_false(media_of(line_of(1))->plays);
    far_progress(reached(sip), 183, true); /* the queue of that center has music */
    check_everything();
    assert_false(room_hears(room, line_of(1), other));
    assert_false(room_hears(room, caller, other));
    far_answer(reached(sip));
    run(2000);
    check_everything();
    assert_true(hear_each_other(room, caller, other));
    assert_true(hear_each_other(room, line_of(1), other));
    far_end(reached(sip), SIP_END_REMOTE, 200);
    run(0);
    assert_true(hear_each_other(room, caller, line_of(1)));
    assert_true(fact_says(fact_last("outside_leg"), "purpose", "help"));
    assert_true(fact_says(fact_last("outside_leg"), "joined", "true"));
}

/* XFER-03: of three, the one who asked may leave as well; then it was moved. */
static void XFER_03_the_two_others_go_on_when_the_agent_who_asked_leaves(void **state)
{
    handle_t sip = helped_by_three(true, true), room = call_of(sip)->room;
    handle_t other = far_media(reached(sip))->handle, out = reached(sip);

    (void)state;
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(1000);
    check_everything();
    assert_int_equal(agent(1)->state, ACD_ACW);
    assert_true(hear_each_other(room, caller_of(sip), other));
    far_end(out, SIP_END_REMOTE, 200);
    run(1000);
    assert_true(fact_says(fact_last("outside_leg"), "purpose", "pass"));
    assert_true(fact_says(fact_last("outside_leg"), "to_center", "center3"));
    assert_true(fact_says(fact_last("outside_leg"), "passed", "true"));
}

static void XFER_02_a_helper_who_is_not_to_be_had_changes_nothing(void **state)
{
    handle_t sip = helped_by_three(true, false), room = call_of(sip)->room;

    (void)state;
    assert_int_equal(telephony_hangup(world.telephony, 1, &call_of(sip)->id), TELEPHONY_OK);
    run(0); /* not wanted any more: nobody outside is hung up on */
    assert_true(hear_each_other(room, caller_of(sip), line_of(1)));
    assert_true(fact_says(fact_last("outside_leg"), "outcome", "cancelled"));
    far_end(sip, SIP_END_REMOTE, 200);
    run(6000);
    sip = helped_by_three(true, false);
    far_end(reached(sip), SIP_END_REFUSED, 480);
    run(0);
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_string_equal(call_of(sip)->consult_failed, "no_answer");
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    check_everything();
}

/* The code of 12366 is the region's alone, even where two centers are behind its trunk. */
static void XFER_17_without_the_header_the_region_is_known_by_its_code(void **state)
{
    (void)state;
    ready(1);
    (void)far_passes_on(SIP_TRUNK_SELF, "07711234567", "911", NULL);
    run(0);
    assert_true(fact_says(fact_last("call_begin"), "from_center", "center3"));
    office_allow(1, true, false, true);
    (void)far_passes_on(SIP_TRUNK_SELF, "07711234567", "911", NULL);
    run(0);
    assert_int_equal(world.last_status, 403); /* and what it may not, it may not */
}

/* Two cities behind one trunk: the one that may not is told by its name, and greys its button. */
static void XFER_11_a_city_behind_the_same_trunk_as_others_is_told_that_it_may_not(void **state)
{
    char told[2000];
    const char *why = NULL;

    (void)state;
    world.peer[2] = true;
    world.via_trunk[1] = world.via_trunk[2] = 2; /* the region's daemon */
    told_tell(2, told, sizeof(told), world.telephony);
    assert_string_equal(told, "center3;o=1;t=1;w=0;a=0");
    office_allow(1, false, true, true);
    told_tell(2, told, sizeof(told), world.telephony);
    assert_string_equal(told, "center3;o=1;t=1;w=0;a=0;r=center1");
    office_allow(2, false, true, true);
    told_tell(2, told, sizeof(told), world.telephony);
    assert_string_equal(told, "center3;o=1;t=0;w=0;a=0");

    office_allow(1, true, true, true);
    office_allow(2, true, true, true);
    world.via_trunk[1] = world.via_trunk[2] = 0; /* the cities' daemon */
    world.via_trunk[3] = 2;
    told_status(2, "center3;o=1;t=1;w=0;a=4;r=center11+center1", world.telephony);
    ready(1);
    ready(2);
    (void)talk_with(1);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_CENTER_CLOSED);
    assert_string_equal(why, "自治区没有开通本中心转12366的权限");
    told_status(2, "center3;o=1;t=1;w=0;a=4;r=center11+center2", world.telephony);
    assert_int_equal(pass_to_three(1, &why), TELEPHONY_OK);
    told_status(2,
                "center3;o=1;t=1;w=0;a=4;r=", world.telephony); /* broken: as it was told before */
    told_tell(2, told, sizeof(told), world.telephony);
}

#define CENTER_STORIES                                                                             \
    TEST(XFER_09_a_call_of_12366_says_who_sent_it_and_is_answered_when_somebody_takes_it),         \
        TEST(XFER_08_access_codes_are_for_daemons_alone_and_they_dial_nothing_else),               \
        TEST(XFER_17_a_call_whose_header_is_gone_or_broken_is_a_call_like_any_other),              \
        TEST(XFER_14_a_center_is_known_by_its_trunk_and_believed_there_only),                      \
        TEST(XFER_16_each_direction_is_allowed_by_itself_and_a_change_acts_at_once),               \
        TEST(XFER_11_outside_of_the_hours_a_city_may_not),                                         \
        TEST(XFER_10_a_dedicated_queue_takes_transferred_calls_and_no_other),                      \
        TEST(XFER_10_an_agent_cannot_put_a_direct_caller_into_a_dedicated_queue),                  \
        TEST(ACD_09_a_transferred_call_stands_before_direct_ones_by_the_set_priority),             \
        TEST(XFER_15_without_staff_the_dedicated_queue_is_passed_by),                              \
        TEST(XFER_05_the_agent_is_free_at_once_and_what_is_known_travels_along),                   \
        TEST(XFER_01_refused_over_there_the_caller_is_with_its_agent_again),                       \
        TEST(XFER_06_a_center_that_cannot_take_the_call_says_why_and_the_talk_goes_on),            \
        TEST(XFER_11_a_city_behind_the_same_trunk_as_others_is_told_that_it_may_not),              \
        TEST(XFER_06_what_another_daemon_tells_is_read_with_care),                                 \
        TEST(XFER_02_the_other_center_helps_while_the_caller_waits_and_nothing_is_moved),          \
        TEST(XFER_02_three_talk_as_soon_as_the_helper_answers_and_not_with_his_music),             \
        TEST(XFER_03_the_two_others_go_on_when_the_agent_who_asked_leaves),                        \
        TEST(XFER_02_a_helper_who_is_not_to_be_had_changes_nothing),                               \
        TEST(XFER_17_without_the_header_the_region_is_known_by_its_code),                          \
        TEST(XFER_01_a_call_that_nobody_takes_is_refused_to_the_center_it_came_from)
