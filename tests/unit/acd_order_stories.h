/* Who is served first: weight, priority, time, age. Included by test_acd_scenarios.c. */

static void ACD_08_higher_weight_wins_and_the_reason_says_so(void **state)
{
    (void)state;
    anna_serves_three(60, 90, 30);
    enter(CONSULT, 0, 1);
    now += 5000;
    enter(COMPLAINT, 0, 2);
    anna_gets_free();
    assert_offered(ANNA, 2);
    assert_reason(ANNA, "权值 90 > 60");
}

static void ACD_08_weight_goes_before_priority(void **state)
{
    (void)state;
    anna_serves_three(60, 90, 30);
    enter(CONSULT, 9, 1);
    enter(COMPLAINT, 0, 2);
    anna_gets_free();
    assert_offered(ANNA, 2);
}

static void ACD_08_a_changed_weight_counts_for_the_next_call(void **state)
{
    (void)state;
    anna_serves_three(60, 90, 30);
    enter(CONSULT, 0, 1);
    enter(COMPLAINT, 0, 2);
    member(ANNA, CONSULT, 100);
    anna_gets_free();
    assert_offered(ANNA, 1);
    assert_reason(ANNA, "权值 100 > 90");
}

static void ACD_03_higher_priority_is_served_first(void **state)
{
    (void)state;
    anna_serves_three(50, 50, 50);
    enter(CONSULT, 0, 1);
    now += 1000;
    enter(CONSULT, 5, 2);
    anna_gets_free();
    assert_offered(ANNA, 2);
    assert_reason(ANNA, "优先级 5 > 0");
}

static void ACD_03_equal_priority_is_first_in_first_out_across_queues(void **state)
{
    static const int32_t queues[] = {REPORT, CONSULT, COMPLAINT, CONSULT, REPORT};

    (void)state;
    anna_serves_three(50, 50, 50);
    for (uint64_t i = 0; i < 5; i++) {
        enter(queues[i], 0, i + 1);
        now += 100;
    }
    for (uint64_t i = 0; i < 5; i++) {
        anna_gets_free();
        assert_offered(ANNA, i + 1);
        answer(ANNA);
        assert_int_equal(acd_request_state(acd, now, ANNA, ACD_BUSY, 1), 1);
        assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    }
}

static void ACD_03_ageing_raises_one_who_waits_long(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.age_step_ms = 10000;
    configure(conf);
    anna_serves_three(50, 50, 50);
    enter(CONSULT, 0, 1);
    now += 29000;
    enter(CONSULT, 2, 2);
    tick_at(now + 500);
    assert_int_equal(acd_next_due(acd), 1000000 + 30000);
    tick_at(1000000 + 30000); /* the first one has 3 now, the other still 2 */
    anna_gets_free();
    assert_offered(ANNA, 1);
    assert_reason(ANNA, "优先级 3 > 2");
}

static void ACD_03_ageing_counts_in_its_own_millisecond_without_a_tick(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.age_step_ms = 10000;
    configure(conf);
    anna_serves_three(50, 50, 50);
    enter(CONSULT, 0, 1);
    now += 500;
    enter(CONSULT, 1, 2);
    now += 8500; /* she is free 10,000 ms after the first entered: 1 beside 1, first come */
    anna_gets_free();
    assert_offered(ANNA, 1);
}

static void ACD_03_who_left_does_not_age(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);
    acd_entry_t entry;

    (void)state;
    conf.age_step_ms = 10000;
    configure(conf);
    entry = enter(CONSULT, 0, 1);
    assert_int_equal(acd_next_due(acd), now + 10000);
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_true(acd_next_due(acd) == UINT64_MAX); /* nothing to wake up for */
}

static void ACD_03_without_ageing_it_does_not(void **state)
{
    (void)state;
    anna_serves_three(50, 50, 50);
    enter(CONSULT, 0, 1);
    now += 3600000;
    enter(CONSULT, 2, 2);
    anna_gets_free();
    assert_offered(ANNA, 2);
}

static void ACD_03_a_call_moved_on_keeps_its_time(void **state)
{
    acd_entry_t first;

    (void)state;
    anna_serves_three(50, 50, 50);
    first = enter(COMPLAINT, 0, 1);
    now += 1000;
    enter(CONSULT, 0, 2);
    now += 1000;
    assert_int_equal(acd_move(acd, now, first, CONSULT), 0);
    assert_int_equal(acd_position(acd, first), 1);
    anna_gets_free();
    assert_offered(ANNA, 1);
}

#define ORDER_STORIES                                                                              \
    STORY(ACD_08_higher_weight_wins_and_the_reason_says_so),                                       \
        STORY(ACD_08_weight_goes_before_priority),                                                 \
        STORY(ACD_08_a_changed_weight_counts_for_the_next_call),                                   \
        STORY(ACD_03_higher_priority_is_served_first),                                             \
        STORY(ACD_03_equal_priority_is_first_in_first_out_across_queues),                          \
        STORY(ACD_03_ageing_raises_one_who_waits_long),                                            \
        STORY(ACD_03_ageing_counts_in_its_own_millisecond_without_a_tick),                         \
        STORY(ACD_03_who_left_does_not_age), STORY(ACD_03_without_ageing_it_does_not),             \
        STORY(ACD_03_a_call_moved_on_keeps_its_time)
