/* Whom a queue rings, how long, and what of a queue that changes. Included by test_acd_scenarios.c.
 */

static void CC_29_longest_idle_gets_the_call(void **state)
{
    (void)state;
    ready(BEN);
    now += 5000;
    ready(ANNA);
    now += 30000;
    enter(CONSULT, 0, 1);
    assert_offered(BEN, 1);
    assert_reason(BEN, "空闲最久 35 秒");
}

static void CC_29_asking_for_ready_again_keeps_the_place(void **state)
{
    (void)state;
    ready(BEN);
    now += 5000;
    ready(ANNA);
    assert_int_equal(acd_request_state(acd, now, BEN, ACD_READY, 3), 0);
    enter(CONSULT, 0, 1);
    assert_offered(BEN, 1);
}

static void CC_29_fewest_calls_gets_the_call(void **state)
{
    (void)state;
    strategy(CONSULT, ACD_FEWEST_CALLS);
    ready(ANNA);
    one_call(ANNA, CONSULT);
    one_call(ANNA, CONSULT);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_BUSY, 0), 0);
    ready(BEN);
    one_call(BEN, CONSULT);
    assert_int_equal(acd_request_state(acd, now, BEN, ACD_BUSY, 0), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    now += 60000; /* Anna is idle longest */
    assert_int_equal(acd_request_state(acd, now, BEN, ACD_READY, 0), 0);
    enter(CONSULT, 0, 1);
    assert_offered(BEN, 1);
    assert_reason(BEN, "接听最少 1 次");
}

static void CC_29_round_robin_goes_round(void **state)
{
    static const int32_t turn[] = {ANNA, BEN, CARL, ANNA, BEN, CARL};

    (void)state;
    strategy(CONSULT, ACD_ROUND_ROBIN);
    ready(CARL);
    ready(ANNA);
    ready(BEN);
    for (size_t i = 0; i < 6; i++) {
        now += 1000;
        enter(CONSULT, 0, i + 1);
        assert_offered(turn[i], i + 1);
        answer(turn[i]);
        assert_int_equal(acd_talk_ended(acd, now, turn[i], false), 0);
    }
}

static void CC_29_by_weight_takes_the_heaviest_member(void **state)
{
    (void)state;
    strategy(CONSULT, ACD_BY_WEIGHT);
    ready(ANNA);
    ready(BEN);
    ready(CARL);
    member(BEN, CONSULT, 80);
    member(CARL, CONSULT, 80);
    now += 1000;
    enter(CONSULT, 0, 1);
    assert_offered(BEN, 1); /* as heavy as Carl, ready first by his number */
    assert_reason(BEN, "权值最高 80");
    enter(CONSULT, 0, 2);
    assert_offered(CARL, 2);
    enter(CONSULT, 0, 3);
    assert_offered(ANNA, 3);
}

static void CC_29_ring_all_first_answer_wins_others_are_revoked(void **state)
{
    acd_offer_t late;

    (void)state;
    strategy(CONSULT, ACD_RING_ALL);
    ready(ANNA);
    ready(BEN);
    ready(CARL);
    enter(CONSULT, 0, 1);
    assert_int_equal(said(ACD_OFFER, 0), 3);
    late = view(CARL).offer;
    answer(BEN);
    assert_int_equal(said(ACD_REVOKE, 0), 2);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_TAKEN);
    assert_int_equal(command(ACD_REVOKE, CARL)->revoke_reason, ACD_REVOKE_TAKEN);
    assert_state(ANNA, ACD_READY);
    assert_state(CARL, ACD_READY);
    assert_int_equal(acd_answer(acd, now, CARL, late), -ESTALE);
    assert_int_equal(acd_out(acd)->count, 0);
    sound();
}

static void CC_29_ring_all_changed_while_ringing_at_three_rings_at_one(void **state)
{
    unsigned ringing = 0;

    (void)state;
    strategy(CONSULT, ACD_RING_ALL);
    ready(ANNA);
    ready(BEN);
    ready(CARL);
    enter(CONSULT, 0, 1);
    strategy(CONSULT, ACD_LONGEST_IDLE);
    assert_int_equal(said(ACD_REVOKE, 0), 2);
    sound();
    for (int32_t agent = ANNA; agent <= CARL; agent++)
        ringing += view(agent).state == ACD_RING;
    assert_int_equal(ringing, 1);
    for (int32_t agent = ANNA; agent <= CARL; agent++)
        if (view(agent).state == ACD_RING)
            answer(agent);
}

static void CC_29_a_changed_ring_time_counts_for_the_next_ring(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    ready(ANNA);
    conf.ring_timeout_ms = 5000;
    configure(conf);
    enter(CONSULT, 0, 1);
    tick_at(now + 4999);
    assert_state(ANNA, ACD_RING);
    tick_at(now + 1);
    assert_state(ANNA, ACD_BUSY);
}

static void CC_29_the_end_of_the_wait_is_said_once(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);
    acd_entry_t entry;

    (void)state;
    conf.max_wait_ms = 60000;
    configure(conf);
    entry = enter(CONSULT, 0, 7);
    assert_int_equal(acd_next_due(acd), now + 60000);
    tick_at(now + 59999);
    assert_int_equal(said(ACD_WAIT_OVER, 0), 0);
    tick_at(now + 1);
    assert_int_equal(said(ACD_WAIT_OVER, 0), 1);
    assert_int_equal(command(ACD_WAIT_OVER, 0)->tag, 7);
    for (int i = 0; i < 5; i++) {
        tick_at(now + 60000);
        assert_int_equal(said(ACD_WAIT_OVER, 0), 0);
    }
    assert_int_equal(acd_position(acd, entry), 1); /* still in until told otherwise */
    ready(ANNA);
    assert_state(ANNA, ACD_RING);
}

static void CC_29_refusals_count_in_the_queue_they_were_made_in(void **state)
{
    struct acd_queue_conf consult = plain(CONSULT), complaint = plain(COMPLAINT);
    acd_entry_t entry;

    (void)state;
    consult.max_offers = complaint.max_offers = 2;
    configure(consult);
    configure(complaint);
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    member(BEN, COMPLAINT, 50);
    sign_in(BEN, ACD_READY);
    assert_int_equal(acd_move(acd, now, entry, COMPLAINT), 0);
    assert_offered(BEN, 1);
    assert_int_equal(acd_reject(acd, now, BEN, view(BEN).offer), 0);
    assert_int_equal(said(ACD_WAIT_OVER, 0), 0); /* his is the first one here */
    tick_at(now + ACD_REOFFER_MS);
    assert_int_equal(acd_reject(acd, now, BEN, view(BEN).offer), 0);
    assert_int_equal(said(ACD_WAIT_OVER, 0), 1);
}

static void CC_29_a_full_queue_refuses(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);
    acd_entry_t entry = 0, first;

    (void)state;
    conf.max_length = 2;
    configure(conf);
    first = enter(CONSULT, 0, 1);
    enter(CONSULT, 0, 2);
    assert_int_equal(acd_enter(acd, now, CONSULT, 0, now, 3, &entry), -ENOSPC);
    assert_int_equal(entry, 0);
    entry = enter(COMPLAINT, 0, 4);
    assert_int_equal(acd_move(acd, now, entry, CONSULT), -ENOSPC);
    assert_int_equal(acd_position(acd, entry), 1); /* and stays where it was */
    assert_int_equal(acd_leave(acd, now, first), 0);
    assert_int_equal(acd_move(acd, now, entry, CONSULT), 0);
    sound();
}

static void CC_29_a_queue_removed_while_ringing_drops_its_callers(void **state)
{
    (void)state;
    ready(ANNA);
    member(ANNA, COMPLAINT, 50);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 0, 2);
    enter(COMPLAINT, 0, 3);
    assert_int_equal(acd_queue_remove(acd, now, CONSULT), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_MOVED);
    assert_int_equal(said(ACD_DROPPED, 0), 2);
    assert_offered(ANNA, 3); /* and she is free for her other queue at once */
    sound();
    assert_int_equal(acd_queue_remove(acd, now, CONSULT), -ENOENT);
}

static void CC_29_a_membership_removed_while_ringing_sends_the_call_on(void **state)
{
    (void)state;
    ready(ANNA);
    now += 1000;
    ready(BEN);
    enter(CONSULT, 0, 1);
    assert_offered(ANNA, 1);
    assert_int_equal(acd_member_remove(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(said(ACD_REVOKE, ANNA), 1);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_READY);
    sound();
}

#define STRATEGY_STORIES                                                                           \
    STORY(CC_29_longest_idle_gets_the_call), STORY(CC_29_asking_for_ready_again_keeps_the_place),  \
        STORY(CC_29_fewest_calls_gets_the_call), STORY(CC_29_round_robin_goes_round),              \
        STORY(CC_29_by_weight_takes_the_heaviest_member),                                          \
        STORY(CC_29_ring_all_first_answer_wins_others_are_revoked),                                \
        STORY(CC_29_ring_all_changed_while_ringing_at_three_rings_at_one),                         \
        STORY(CC_29_a_changed_ring_time_counts_for_the_next_ring),                                 \
        STORY(CC_29_the_end_of_the_wait_is_said_once),                                             \
        STORY(CC_29_refusals_count_in_the_queue_they_were_made_in),                                \
        STORY(CC_29_a_full_queue_refuses),                                                         \
        STORY(CC_29_a_queue_removed_while_ringing_drops_its_callers),                              \
        STORY(CC_29_a_membership_removed_while_ringing_sends_the_call_on)
