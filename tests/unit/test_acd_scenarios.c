/* rooms: base acd */
/* The ACD in stories: each test is a small day at the center, told event by event. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/acd.h>

enum { CONSULT = 11, COMPLAINT = 12, REPORT = 13, ELSEWHERE = 21 };
enum { ANNA = 101, BEN = 102, CARL = 103, DORA = 104 };

static struct acd *acd;
static uint64_t now;

/* --- the house ------------------------------------------------------------------------------ */

static struct acd_queue_conf plain(int32_t id)
{
    return (struct acd_queue_conf){.id = id,
                                   .center_id = id / 10,
                                   .strategy = ACD_LONGEST_IDLE,
                                   .ring_timeout_ms = 20000,
                                   .wrap_up_ms = 10000};
}

static int set_up(void **state)
{
    static const struct acd_limits limits = {16, 8, 64, 64};
    static const int32_t queues[] = {CONSULT, COMPLAINT, REPORT, ELSEWHERE};

    (void)state;
    now = 1000000;
    if (acd_create(&limits, &acd))
        return -1;
    for (size_t i = 0; i < 4; i++) {
        struct acd_queue_conf conf = plain(queues[i]);
        if (acd_queue_set(acd, now, &conf))
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    acd_destroy(acd);
    return 0;
}

static void configure(struct acd_queue_conf conf)
{
    assert_int_equal(acd_queue_set(acd, now, &conf), 0);
}

static void strategy(int32_t queue, enum acd_strategy how)
{
    struct acd_queue_conf conf = plain(queue);

    conf.strategy = how;
    configure(conf);
}

static void member(int32_t agent, int32_t queue, int32_t weight)
{
    assert_int_equal(acd_member_set(acd, now, agent, queue, weight), 0);
}

static void sign_in(int32_t agent, enum acd_agent_state state)
{
    assert_int_equal(acd_sign_in(acd, now, agent, state, 0), 0);
    assert_int_equal(acd_line(acd, now, agent, true), 0);
}

/* Member of CONSULT, ready. */
static void ready(int32_t agent)
{
    member(agent, CONSULT, 50);
    sign_in(agent, ACD_READY);
}

static acd_entry_t enter(int32_t queue, int32_t priority, uint64_t tag)
{
    acd_entry_t entry = 0;

    assert_int_equal(acd_enter(acd, now, queue, priority, now, tag, &entry), 0);
    assert_int_not_equal(entry, 0);
    return entry;
}

/* --- what the engine said and how things are ------------------------------------------------ */

static unsigned said(enum acd_command_kind kind, int32_t agent)
{
    const struct acd_out *out = acd_out(acd);
    unsigned count = 0;

    for (uint32_t i = 0; i < out->count; i++)
        count += out->commands[i].kind == kind && (!agent || out->commands[i].agent == agent);
    return count;
}

static const struct acd_command *command(enum acd_command_kind kind, int32_t agent)
{
    const struct acd_out *out = acd_out(acd);

    for (uint32_t i = 0; i < out->count; i++)
        if (out->commands[i].kind == kind && (!agent || out->commands[i].agent == agent))
            return &out->commands[i];
    fail_msg("command %d for agent %d was not said", (int)kind, agent);
    return NULL;
}

static void assert_offered(int32_t agent, uint64_t tag)
{
    assert_int_equal(said(ACD_OFFER, 0), 1);
    assert_int_equal(command(ACD_OFFER, agent)->tag, tag);
}

static void assert_reason(int32_t agent, const char *reason)
{
    assert_string_equal(command(ACD_OFFER, agent)->reason, reason);
}

static struct acd_agent_view view(int32_t agent)
{
    struct acd_agent_view v = {0};

    assert_true(acd_agent_view(acd, agent, &v));
    return v;
}

static void assert_state(int32_t agent, enum acd_agent_state state)
{
    assert_int_equal(view(agent).state, state);
}

static void complain(const char *what, void *arg)
{
    (void)arg;
    print_error("%s\n", what);
}

static void sound(void)
{
    assert_int_equal(acd_check(acd, now, complain, NULL), 0);
}

static void tick_at(uint64_t when)
{
    now = when;
    acd_tick(acd, now);
    sound();
}

static void answer(int32_t agent)
{
    assert_int_equal(acd_answer(acd, now, agent, view(agent).offer), 0);
    assert_int_equal(said(ACD_CONNECT, agent), 1);
    assert_state(agent, ACD_TALK);
}

/* A whole call of an agent without wrap-up, so that an agent is busy or has answered before. */
static void one_call(int32_t agent, int32_t queue)
{
    enter(queue, 0, 999);
    answer(agent);
    assert_int_equal(acd_talk_ended(acd, now, agent, false), 0);
}

/* Anna serves three queues and is ready in one second. */
static void anna_serves_three(int consult, int complaint, int report)
{
    member(ANNA, CONSULT, consult);
    member(ANNA, COMPLAINT, complaint);
    member(ANNA, REPORT, report);
    sign_in(ANNA, ACD_BUSY);
}

static void anna_gets_free(void)
{
    now += 1000;
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    sound();
}

/* --- order ---------------------------------------------------------------------------------- */

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

/* --- strategies ----------------------------------------------------------------------------- */

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

/* --- ringing -------------------------------------------------------------------------------- */

static void CC_22_no_answer_goes_to_the_next_agent_at_the_head(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 0, 2); /* waits behind */
    member(BEN, CONSULT, 50);
    sign_in(BEN, ACD_BUSY);
    tick_at(now + 20000);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_NO_ANSWER);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).reason_id, ACD_REASON_RONA);
    assert_int_equal(acd_request_state(acd, now, BEN, ACD_READY, 0), 0);
    assert_offered(BEN, 1);
}

static void CC_22_no_answer_rings_at_an_idle_colleague_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    now += 10;
    ready(BEN);
    enter(CONSULT, 0, 1);
    tick_at(now + 20000);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_BUSY);
}

static void CC_22_caller_hanging_up_in_ring_is_no_missed_call(void **state)
{
    acd_entry_t entry;

    (void)state;
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    now += 19999;
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_CALLER_LEFT);
    assert_state(ANNA, ACD_READY);
    tick_at(now + 5000);
    assert_state(ANNA, ACD_READY);
    assert_int_equal(acd_out(acd)->count, 0);
}

static void CC_22_answer_after_the_caller_left_is_stale(void **state)
{
    acd_entry_t entry;
    acd_offer_t offer;

    (void)state;
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    offer = view(ANNA).offer;
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(acd_answer(acd, now, ANNA, offer), -ESTALE);
    assert_int_equal(acd_reject(acd, now, ANNA, offer), -ESTALE);
    assert_int_equal(acd_leave(acd, now, entry), -ESTALE);
    assert_state(ANNA, ACD_READY);
}

static void CC_22_time_out_in_the_millisecond_of_the_answer_answer_first(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    now += 20000;
    answer(ANNA);
    tick_at(now);
    assert_state(ANNA, ACD_TALK);
    assert_int_equal(acd_out(acd)->count, 0);
}

static void CC_22_time_out_in_the_millisecond_of_the_answer_time_out_first(void **state)
{
    acd_offer_t offer;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    offer = view(ANNA).offer;
    tick_at(now + 20000);
    assert_int_equal(acd_answer(acd, now, ANNA, offer), -ESTALE);
    assert_state(ANNA, ACD_BUSY);
}

static void ACD_07_nobody_answers_twice(void **state)
{
    acd_offer_t offer;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    offer = view(ANNA).offer;
    answer(ANNA);
    assert_int_equal(acd_answer(acd, now, ANNA, offer), -ESTALE);
    assert_int_equal(acd_out(acd)->count, 0);
    assert_state(ANNA, ACD_TALK);
}

static void ACD_07_nobody_gets_two_offers(void **state)
{
    (void)state;
    member(ANNA, CONSULT, 50);
    member(ANNA, COMPLAINT, 90);
    sign_in(ANNA, ACD_READY);
    enter(CONSULT, 0, 1);
    assert_offered(ANNA, 1);
    for (int i = 0; i < 20; i++) {
        enter(i % 2 ? CONSULT : COMPLAINT, 9, 10 + (uint64_t)i);
        assert_int_equal(said(ACD_OFFER, 0), 0);
    }
    answer(ANNA);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    sound();
}

static void ACD_07_thirty_two_queues_and_not_one_more(void **state)
{
    static const struct acd_limits limits = {2, 40, 80, 8};

    acd_destroy(acd);
    assert_int_equal(acd_create(&limits, &acd), 0);
    for (int32_t q = 1; q <= 33; q++)
        configure(plain(100 + q));
    for (int32_t q = 1; q <= 32; q++)
        member(ANNA, 100 + q, q);
    assert_int_equal(acd_member_set(acd, now, ANNA, 133, 50), -ENOSPC);
    sign_in(ANNA, ACD_BUSY);
    enter(101, 0, 1);
    enter(132, 0, 2);
    enter(133, 0, 3);
    anna_gets_free();
    assert_offered(ANNA, 2);
    (void)state;
}

static void CC_22_a_refused_call_goes_elsewhere_and_not_back_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_state(ANNA, ACD_READY);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    tick_at(now + ACD_REOFFER_MS - 1);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    tick_at(now + 1); /* nobody else came: now it may ring here again */
    assert_offered(ANNA, 1);
    now += 100;
    ready(BEN);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_offered(BEN, 1);
}

static void CC_22_who_refused_may_take_another_call_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 0, 2);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_offered(ANNA, 2);
}

static void CC_22_two_refusals_run_out_together_the_better_call_rings(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    enter(CONSULT, 5, 2);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    assert_offered(ANNA, 2);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    tick_at(now + ACD_REOFFER_MS);
    assert_offered(ANNA, 2);
}

/* Anna's refusal has run out and she is idle longest; Carl was never asked. */
static void CC_22_who_never_refused_goes_before_who_did(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_reject(acd, now, ANNA, view(ANNA).offer), 0);
    ready(BEN);
    assert_offered(BEN, 1);
    now += 15000;
    ready(CARL);
    tick_at(now + 5000); /* Ben has not answered */
    assert_offered(CARL, 1);
}

static void CC_20_a_request_made_in_ring_is_forgotten_when_nobody_answers(void **state)
{
    acd_entry_t entry;

    (void)state;
    ready(ANNA);
    entry = enter(CONSULT, 0, 1);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_REST, 3), 1);
    tick_at(now + 20000);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).next_state, ACD_SIGNED_OUT);
    assert_int_equal(acd_leave(acd, now, entry), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    one_call(ANNA, CONSULT);
    assert_state(ANNA, ACD_READY); /* and not the rest of long ago */
}

static void CC_29_calls_are_counted_from_the_sign_in(void **state)
{
    (void)state;
    ready(ANNA);
    one_call(ANNA, CONSULT);
    assert_int_equal(view(ANNA).answered, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), 0);
    sign_in(ANNA, ACD_READY);
    assert_int_equal(view(ANNA).answered, 0);
}

static void ACD_07_a_line_lost_in_ring_sends_the_call_on(void **state)
{
    (void)state;
    ready(ANNA);
    now += 10;
    ready(BEN);
    enter(CONSULT, 0, 1);
    assert_offered(ANNA, 1);
    assert_int_equal(acd_line(acd, now, ANNA, false), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_LINE_LOST);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_READY); /* ready, but nothing is offered while the line is down */
    enter(CONSULT, 0, 2);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_int_equal(acd_line(acd, now, ANNA, true), 0);
    assert_offered(ANNA, 2);
}

/* --- agents' states ------------------------------------------------------------------------- */

static void CC_20_busy_stops_new_calls_at_once(void **state)
{
    (void)state;
    ready(ANNA);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_BUSY, 4), 0);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->reason_id, 4);
    enter(CONSULT, 0, 1);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0); /* idle restores */
    assert_offered(ANNA, 1);
}

static void CC_20_busy_does_not_touch_the_current_call(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_BUSY, 4), 1);
    assert_state(ANNA, ACD_RING);
    answer(ANNA);
    assert_int_equal(view(ANNA).next_state, ACD_BUSY);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_state(ANNA, ACD_BUSY);
    assert_int_equal(view(ANNA).reason_id, 4);
}

static void CC_20_a_request_in_a_call_takes_effect_after_the_summary(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_REST, 6), 1);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_ACW);
    tick_at(now + 10000);
    assert_state(ANNA, ACD_REST);
    assert_int_equal(view(ANNA).reason_id, 6);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    one_call(ANNA, CONSULT);
    assert_state(ANNA, ACD_READY); /* it was asked for once */
}

static void CC_10_every_change_is_said_once_with_old_and_new(void **state)
{
    const struct acd_command *change;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    assert_int_equal(said(ACD_AGENT_STATE, ANNA), 1);
    change = command(ACD_AGENT_STATE, ANNA);
    assert_int_equal(change->old_state, ACD_READY);
    assert_int_equal(change->state, ACD_RING);
    answer(ANNA);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->old_state, ACD_RING);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->state, ACD_ACW);
    assert_int_equal(acd_wrap_up_done(acd, now, ANNA), 0);
    assert_int_equal(command(ACD_AGENT_STATE, ANNA)->state, ACD_READY);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    assert_int_equal(acd_out(acd)->count, 0); /* no change, nothing said */
}

static void CC_10_wrap_up_is_that_of_the_calls_queue(void **state)
{
    struct acd_queue_conf conf = plain(COMPLAINT);

    (void)state;
    conf.wrap_up_ms = 90000;
    configure(conf);
    ready(ANNA);
    member(ANNA, COMPLAINT, 50);
    enter(COMPLAINT, 0, 1);
    answer(ANNA);
    enter(CONSULT, 0, 2);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_next_due(acd), now + 90000);
    tick_at(now + 89999);
    assert_state(ANNA, ACD_ACW); /* although a call waits in another of her queues */
    tick_at(now + 1);
    assert_offered(ANNA, 2);
}

static void CC_10_a_compulsory_summary_ends_only_when_it_is_done(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.wrap_up_required = true;
    configure(conf);
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), -EINPROGRESS);
    tick_at(now + 3600000);
    assert_state(ANNA, ACD_ACW);
    assert_int_equal(acd_wrap_up_done(acd, now, ANNA), 0);
    assert_state(ANNA, ACD_READY);
    member(ANNA, COMPLAINT, 50); /* where the next call owes nothing */
    one_call(ANNA, COMPLAINT);
    assert_state(ANNA, ACD_READY);
}

static void CC_10_dialling_out_does_not_pay_for_the_summary(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.wrap_up_required = true;
    configure(conf);
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_occupy(acd, now, ANNA, 0), 0); /* rings the taxpayer back */
    assert_state(ANNA, ACD_TALK);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_state(ANNA, ACD_ACW);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), -EINPROGRESS);
    assert_int_equal(acd_wrap_up_done(acd, now, ANNA), 0);
    assert_state(ANNA, ACD_READY);
}

static void CC_10_who_dials_in_the_summary_comes_back_to_what_was_before_it(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_ACW);
    assert_int_equal(acd_occupy(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0); /* nobody answered */
    assert_state(ANNA, ACD_READY);
}

static void CC_06_a_call_of_ones_own_has_the_summary_of_the_queue_named(void **state)
{
    struct acd_queue_conf conf = plain(CONSULT);

    (void)state;
    conf.wrap_up_ms = 10000;
    configure(conf);
    ready(ANNA);
    assert_int_equal(acd_occupy(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_ACW);
    tick_at(now + 10000);
    assert_state(ANNA, ACD_READY);
    assert_int_equal(acd_occupy(acd, now, ANNA, CONSULT), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0); /* nobody answered */
    assert_state(ANNA, ACD_READY);
    assert_int_equal(acd_occupy(acd, now, ANNA, 0), 0);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_state(ANNA, ACD_READY);
}

static void CC_10_ready_ends_a_summary_that_is_not_compulsory(void **state)
{
    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, true), 0);
    assert_int_equal(acd_request_state(acd, now, ANNA, ACD_READY, 0), 0);
    assert_state(ANNA, ACD_READY);
}

static void CC_19_signing_out_is_refused_in_a_call(void **state)
{
    (void)state;
    ready(ANNA);
    assert_int_equal(acd_sign_in(acd, now, ANNA, ACD_READY, 0), -EALREADY);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), -EBUSY); /* ringing */
    answer(ANNA);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), -EBUSY);
    assert_int_equal(acd_sign_out(acd, now, ANNA, true), -EBUSY); /* a talk is ended first */
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), 0);
    assert_int_equal(acd_sign_out(acd, now, ANNA, false), -ENOENT);
    enter(CONSULT, 0, 2);
    assert_int_equal(said(ACD_OFFER, 0), 0);
}

static void CC_19_forced_out_in_ring_the_call_goes_on(void **state)
{
    (void)state;
    ready(ANNA);
    now += 10;
    ready(BEN);
    enter(CONSULT, 0, 1);
    assert_int_equal(acd_sign_out(acd, now, ANNA, true), 0);
    assert_int_equal(command(ACD_REVOKE, ANNA)->revoke_reason, ACD_REVOKE_FORCED);
    assert_offered(BEN, 1);
    assert_state(ANNA, ACD_SIGNED_OUT);
}

/* --- groups, centers, waiting --------------------------------------------------------------- */

static void ACD_01_a_complaint_never_reaches_who_is_not_in_the_group(void **state)
{
    uint32_t signed_in = 9, available = 9;

    (void)state;
    ready(ANNA);
    enter(COMPLAINT, 9, 1);
    tick_at(now + 3600000);
    assert_state(ANNA, ACD_READY);
    acd_queue_staff(acd, COMPLAINT, &signed_in, &available);
    assert_int_equal(signed_in + available, 0);
    acd_queue_staff(acd, CONSULT, &signed_in, &available);
    assert_int_equal(signed_in, 1);
    assert_int_equal(available, 1);
    member(ANNA, COMPLAINT, 10); /* joining the group is what it takes */
    assert_offered(ANNA, 1);
}

static void ACD_01_no_call_goes_to_another_center(void **state)
{
    acd_entry_t entry;

    (void)state;
    ready(ANNA);
    member(DORA, ELSEWHERE, 50);
    sign_in(DORA, ACD_READY);
    entry = enter(ELSEWHERE, 0, 1);
    assert_offered(DORA, 1);
    assert_int_equal(acd_move(acd, now, entry, CONSULT), -ENOENT);
    assert_state(DORA, ACD_RING); /* a refused move changes nothing */
    enter(ELSEWHERE, 0, 2);
    assert_int_equal(said(ACD_OFFER, 0), 0);
    assert_state(ANNA, ACD_READY);
}

static void SCN_02_waiting_callers_are_offered_in_the_step_in_which_somebody_is_free(void **state)
{
    struct acd_queue_view v = {0};
    acd_entry_t second;

    (void)state;
    ready(ANNA);
    enter(CONSULT, 0, 1);
    answer(ANNA);
    now += 100;
    enter(CONSULT, 0, 2);
    now += 100;
    second = enter(CONSULT, 0, 3);
    assert_int_equal(acd_position(acd, second), 2);
    assert_true(acd_queue_view(acd, CONSULT, &v));
    assert_int_equal(v.waiting, 2);
    assert_int_equal(v.oldest_first_entry, now - 100);
    assert_int_equal(acd_talk_ended(acd, now, ANNA, false), 0);
    assert_offered(ANNA, 2);
    answer(ANNA);
    assert_int_equal(acd_position(acd, second), 1);
    assert_true(acd_queue_view(acd, CONSULT, &v));
    assert_int_equal(v.oldest_first_entry, now);
    assert_int_equal(acd_leave(acd, now, second), 0);
    assert_true(acd_queue_view(acd, CONSULT, &v));
    assert_true(v.oldest_first_entry == UINT64_MAX && v.waiting == 0);
}

#include "acd_preferred_stories.h"

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(ACD_08_higher_weight_wins_and_the_reason_says_so),
        STORY(ACD_08_weight_goes_before_priority),
        STORY(ACD_08_a_changed_weight_counts_for_the_next_call),
        STORY(ACD_03_higher_priority_is_served_first),
        STORY(ACD_03_equal_priority_is_first_in_first_out_across_queues),
        STORY(ACD_03_ageing_raises_one_who_waits_long),
        STORY(ACD_03_ageing_counts_in_its_own_millisecond_without_a_tick),
        STORY(ACD_03_who_left_does_not_age),
        STORY(ACD_03_without_ageing_it_does_not),
        STORY(ACD_03_a_call_moved_on_keeps_its_time),
        STORY(CC_29_longest_idle_gets_the_call),
        STORY(CC_29_asking_for_ready_again_keeps_the_place),
        STORY(CC_29_fewest_calls_gets_the_call),
        STORY(CC_29_round_robin_goes_round),
        STORY(CC_29_by_weight_takes_the_heaviest_member),
        STORY(CC_29_ring_all_first_answer_wins_others_are_revoked),
        STORY(CC_29_ring_all_changed_while_ringing_at_three_rings_at_one),
        STORY(CC_29_a_changed_ring_time_counts_for_the_next_ring),
        STORY(CC_29_the_end_of_the_wait_is_said_once),
        STORY(CC_29_refusals_count_in_the_queue_they_were_made_in),
        STORY(CC_29_a_full_queue_refuses),
        STORY(CC_29_a_queue_removed_while_ringing_drops_its_callers),
        STORY(CC_29_a_membership_removed_while_ringing_sends_the_call_on),
        STORY(CC_22_no_answer_goes_to_the_next_agent_at_the_head),
        STORY(CC_22_no_answer_rings_at_an_idle_colleague_at_once),
        STORY(CC_22_caller_hanging_up_in_ring_is_no_missed_call),
        STORY(CC_22_answer_after_the_caller_left_is_stale),
        STORY(CC_22_time_out_in_the_millisecond_of_the_answer_answer_first),
        STORY(CC_22_time_out_in_the_millisecond_of_the_answer_time_out_first),
        STORY(ACD_07_nobody_answers_twice),
        STORY(ACD_07_nobody_gets_two_offers),
        STORY(ACD_07_thirty_two_queues_and_not_one_more),
        STORY(CC_22_a_refused_call_goes_elsewhere_and_not_back_at_once),
        STORY(CC_22_who_refused_may_take_another_call_at_once),
        STORY(CC_22_two_refusals_run_out_together_the_better_call_rings),
        STORY(CC_22_who_never_refused_goes_before_who_did),
        STORY(CC_20_a_request_made_in_ring_is_forgotten_when_nobody_answers),
        STORY(CC_29_calls_are_counted_from_the_sign_in),
        STORY(ACD_07_a_line_lost_in_ring_sends_the_call_on),
        STORY(CC_20_busy_stops_new_calls_at_once),
        STORY(CC_20_busy_does_not_touch_the_current_call),
        STORY(CC_20_a_request_in_a_call_takes_effect_after_the_summary),
        STORY(CC_10_every_change_is_said_once_with_old_and_new),
        STORY(CC_10_wrap_up_is_that_of_the_calls_queue),
        STORY(CC_10_a_compulsory_summary_ends_only_when_it_is_done),
        STORY(CC_10_dialling_out_does_not_pay_for_the_summary),
        STORY(CC_10_who_dials_in_the_summary_comes_back_to_what_was_before_it),
        STORY(CC_06_a_call_of_ones_own_has_the_summary_of_the_queue_named),
        STORY(CC_10_ready_ends_a_summary_that_is_not_compulsory),
        STORY(CC_19_signing_out_is_refused_in_a_call),
        STORY(CC_19_forced_out_in_ring_the_call_goes_on),
        STORY(ACD_01_a_complaint_never_reaches_who_is_not_in_the_group),
        STORY(ACD_01_no_call_goes_to_another_center),
        PREFERRED_STORIES,
        STORY(SCN_02_waiting_callers_are_offered_in_the_step_in_which_somebody_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
