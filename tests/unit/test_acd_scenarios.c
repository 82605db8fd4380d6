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

#include "acd_order_stories.h"
#include "acd_preferred_stories.h"
#include "acd_ring_stories.h"
#include "acd_state_stories.h"
#include "acd_strategy_stories.h"

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ORDER_STORIES,
        STRATEGY_STORIES,
        RING_STORIES,
        STATE_STORIES,
        STORY(ACD_01_a_complaint_never_reaches_who_is_not_in_the_group),
        STORY(ACD_01_no_call_goes_to_another_center),
        PREFERRED_STORIES,
        STORY(SCN_02_waiting_callers_are_offered_in_the_step_in_which_somebody_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
