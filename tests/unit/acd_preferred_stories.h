/* Callers who wait for one agent alone (指定坐席). Included by test_acd_scenarios.c. */

static int enter_for(int32_t agent, uint32_t wait_ms, bool leaves, uint64_t tag, acd_entry_t *entry)
{
    struct acd_preferred preferred = {agent, wait_ms, {leaves, leaves}};

    return acd_enter_for(acd, now, CONSULT, 0, now, tag, &preferred, entry);
}

static acd_entry_t wants(int32_t agent, uint64_t tag)
{
    acd_entry_t entry = 0;

    assert_int_equal(enter_for(agent, 20000, false, tag, &entry), 0);
    sound();
    return entry;
}

static void assert_over(uint64_t tag, enum acd_preferred_end end, bool leaves)
{
    const struct acd_command *over = command(ACD_PREFERRED_OVER, 0);

    assert_int_equal(over->tag, tag);
    assert_int_equal(over->preferred_end, end);
    assert_int_equal(over->leaves, leaves);
}

static void IVR_04_whom_the_caller_wants_rings_at_once_and_nobody_else(void **state)
{
    (void)state;
    ready(ANNA);
    now += 5000;
    ready(BEN); /* Anna is ready for longer */
    wants(BEN, 1);
    assert_offered(BEN, 1);
    assert_reason(BEN, "指定坐席，已等 0 秒");
    answer(BEN);
    wants(BEN, 2); /* he talks; Anna is free */
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_state(ANNA, ACD_READY);
}

static void IVR_04_who_waits_for_him_goes_before_all_others(void **state)
{
    (void)state;
    anna_serves_three(10, 90, 90);
    enter(COMPLAINT, 50, 1);
    wants(ANNA, 2);
    now += 3000;
    wants(ANNA, 3);
    anna_gets_free();
    assert_offered(ANNA, 2);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_offered(ANNA, 3);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_offered(ANNA, 1);
}

static void IVR_04_in_vain_he_waits_for_everybody_in_his_old_place(void **state)
{
    uint64_t began = now;

    (void)state;
    member(ANNA, CONSULT, 50);
    sign_in(ANNA, ACD_BUSY);
    member(BEN, CONSULT, 50);
    sign_in(BEN, ACD_BUSY);
    wants(ANNA, 1);
    now += 1000;
    enter(CONSULT, 0, 2);
    assert_int_equal(acd_next_due(acd), began + 20000);
    tick_at(began + 19999);
    assert_int_equal(acd_out(acd)->count, 0);
    tick_at(began + 20000);
    assert_over(1, ACD_PREFERRED_NO_ANSWER, false);
    assert_int_equal(acd_request_state(acd, now, BEN, ACD_READY, 0), 0);
    assert_offered(BEN, 1); /* first come */
}

static void IVR_04_a_ring_that_has_begun_goes_on_to_its_own_end(void **state)
{
    uint64_t began = now;
    acd_entry_t entry;

    (void)state;
    member(ANNA, CONSULT, 50);
    sign_in(ANNA, ACD_BUSY);
    assert_int_equal(enter_for(ANNA, 20000, true, 1, &entry), 0);
    now += 15000;
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    assert_offered(ANNA, 1);
    tick_at(began + 34999);
    assert_int_equal(acd_out(acd)->count, 0);
    tick_at(began + 35000);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_NO_ANSWER);
    assert_over(1, ACD_PREFERRED_NO_ANSWER, true);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).reason_id, ACD_REASON_RONA);
}

/* Whoever is to leave rings at nobody before he is taken out. */
static void IVR_04_who_is_to_leave_rings_nowhere_else(void **state)
{
    acd_entry_t entry;

    (void)state;
    ready(ANNA);
    assert_int_equal(enter_for(ANNA, 20000, true, 1, &entry), 0);
    ready(BEN);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_over(1, ACD_PREFERRED_NO_ANSWER, true);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    sound();
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(acd_out(acd)->count, 0);
}

static void IVR_04_refused_he_rings_at_the_others_at_once(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.max_offers = 1; /* what the wanted one refuses does not count */
    configure(conf);
    ready(ANNA);
    ready(BEN);
    wants(ANNA, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_over(1, ACD_PREFERRED_NO_ANSWER, false);
    assert_offered(BEN, 1);
    assert_int_equal(said(ACD_WAIT_OVER, 0), 0);
    assert_state(ANNA, ACD_READY);
}

static void IVR_04_who_signs_out_or_serves_the_queue_no_more_is_not_waited_for(void **state)
{
    acd_entry_t entry;

    (void)state;
    assert_int_equal(enter_for(ANNA, 20000, false, 1, &entry), -ESRCH); /* never heard of */
    sign_in(ANNA, ACD_BUSY);
    assert_int_equal(enter_for(ANNA, 20000, false, 1, &entry), -ESRCH); /* no member */
    member(ANNA, CONSULT, 50);
    ready(BEN);
    wants(ANNA, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), 0);
    assert_over(1, ACD_PREFERRED_GONE, false);
    assert_offered(BEN, 1);
    answer(BEN);
    sign_in(ANNA, ACD_BUSY);
    assert_int_equal(enter_for(ANNA, 20000, true, 2, &entry), 0);
    assert_int_equal(acd_member_remove(acd, now, ANNA, CONSULT), 0);
    assert_over(2, ACD_PREFERRED_GONE, true);
    sound();
}

static void IVR_04_forced_out_while_it_rings_the_others_have_it(void **state)
{
    (void)state;
    ready(ANNA);
    ready(BEN);
    wants(ANNA, 1);
    wants(ANNA, 2); /* behind it */
    assert_int_equal(acd_sign_out(acd, now, ANNA, true), 0);
    assert_int_equal(said(ACD_PREFERRED_OVER, 0), 2);
    assert_int_equal(said(ACD_OFFER, BEN), 1);
    assert_int_equal(command(ACD_OFFER, BEN)->tag, 1);
    sound();
}

static void IVR_04_ring_all_does_not_ring_the_others_for_him(void **state)
{
    (void)state;
    strategy(CONSULT, ACD_RING_ALL);
    ready(ANNA);
    ready(BEN);
    wants(ANNA, 1);
    assert_offered(ANNA, 1);
}

static void IVR_04_moved_to_another_queue_he_is_for_everybody_there(void **state)
{
    acd_entry_t entry;

    (void)state;
    member(ANNA, CONSULT, 50);
    sign_in(ANNA, ACD_BUSY);
    member(BEN, COMPLAINT, 50);
    sign_in(BEN, ACD_READY);
    entry = wants(ANNA, 1);
    assert_int_equal(acd_move(acd, now, entry, COMPLAINT), 0);
    assert_offered(BEN, 1);
    sound();
}

#define PREFERRED_STORIES                                                                          \
    STORY(IVR_04_whom_the_caller_wants_rings_at_once_and_nobody_else),                             \
        STORY(IVR_04_who_waits_for_him_goes_before_all_others),                                    \
        STORY(IVR_04_in_vain_he_waits_for_everybody_in_his_old_place),                             \
        STORY(IVR_04_a_ring_that_has_begun_goes_on_to_its_own_end),                                \
        STORY(IVR_04_who_is_to_leave_rings_nowhere_else),                                          \
        STORY(IVR_04_refused_he_rings_at_the_others_at_once),                                      \
        STORY(IVR_04_who_signs_out_or_serves_the_queue_no_more_is_not_waited_for),                 \
        STORY(IVR_04_forced_out_while_it_rings_the_others_have_it),                                \
        STORY(IVR_04_ring_all_does_not_ring_the_others_for_him),                                   \
        STORY(IVR_04_moved_to_another_queue_he_is_for_everybody_there)
