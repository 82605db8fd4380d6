/* rooms: base acd ivr telephony */
/* with: tests/sim/telephony_*.c */
/* without: src/base/loop.c src/base/log.c src/base/worker.c */
/* Calls as a whole, from INVITE to the last fact, in virtual time: named stories, then random
 * schedules with every invariant checked after every step.
 *
 *   SEED=n   repeats a run       STEPS=n   makes it longer
 *
 * A failure prints the seed, the step and the last events as a story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "telephony/calls.h"

#include "telephony_world.h"

#define NO_REASON 0

/* --- the world ------------------------------------------------------------------------------ */

static void on_event(const struct telephony_event *event, void *arg)
{
    (void)arg;
    if (world.event_count++ % 64 == 0 || world.keep) {
        cJSON *parsed = cJSON_Parse(event->json);
        if (!parsed || strchr(event->json, '\n'))
            world_fail("event %s is no JSON: %s", event->type, event->json);
        cJSON_Delete(parsed);
    }
}

void world_open(const struct w_options *o)
{
    static const struct telephony_handlers handlers = {on_event};
    struct telephony_options options = {.recording_dir = "/rec",
                                        .max_calls = o->max_calls ? o->max_calls : W_CALLS,
                                        .max_agents = W_AGENTS};

    memset(&world, 0, sizeof(world));
    world.seed = world.random = o->seed;
    world.faults = o->faults;
    world.keep = o->keep;
    assert_int_equal(loop_create(&world.loop), 0);
    devices_open();
    office_open();
    assert_int_equal(telephony_create(world.loop, &options, &handlers, NULL, &world.telephony), 0);
    telephony_attach(world.telephony, NULL, NULL, NULL, NULL);
    office_apply();
}

static void everybody_goes_home(void)
{
    handle_t handle;

    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        far_end(s->handle, SIP_END_REMOTE, 200);
    world_run(2000);
    for (int32_t user = 1; user <= W_AGENTS; user++) {
        (void)telephony_wrap_up_done(world.telephony, user);
        struct agent *agent = agent_find(world.telephony, user);
        if (agent && agent->signed_in && agent->state == ACD_ACW &&
            call_find(world.telephony, agent->call))
            (void)telephony_wrap_up_saved(world.telephony, user,
                                          &call_find(world.telephony, agent->call)->id, "a", "");
        (void)telephony_wrap_up_done(world.telephony, user);
        if (telephony_sign_out(world.telephony, user, "user") == TELEPHONY_IN_CALL)
            world_fail("agent %d cannot go home", user);
        if (agent)
            far_line(agent_media(world.telephony, agent), MEDIA_LINE_CLOSED);
    }
    world_run(150000); /* the longest timer of a device */
}

void world_close(void)
{
    everybody_goes_home();
    check_everything();
    check_nothing_left();
    telephony_destroy(world.telephony);
    if (!world_is_quiet())
        world_fail("a timer outlives telephony_destroy()");
    office_close();
    devices_close();
    loop_destroy(world.loop);
    world.loop = NULL;
}

/* --- short words for the stories ------------------------------------------------------------ */

static int setup(void **state)
{
    (void)state;
    world_open(&(struct w_options){.seed = 1, .keep = true});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close();
    return 0;
}

static void run(uint64_t ms)
{
    world_run(ms);
    check_everything();
}

static struct agent *agent(int32_t user)
{
    struct agent *found = agent_find(world.telephony, user);

    assert_non_null(found);
    return found;
}

static struct call *call_of(handle_t sip)
{
    struct leg *leg = call_leg_by_sip(world.telephony, sip);

    return leg ? call_find(world.telephony, leg->call) : NULL;
}

static enum telephony_result sign_in(int32_t user, const char *session, bool phone, bool move)
{
    const struct telephony_sign_in in = {session, "127.0.0.1", phone, move};

    return telephony_sign_in(world.telephony, user, &in);
}

static enum telephony_result offer_line(int32_t user, const char *session, const char *offer)
{
    char answer[2000], why[200];

    return telephony_line_offer(world.telephony, user, session, offer, strlen(offer), answer,
                                sizeof(answer), why, sizeof(why));
}

static handle_t line_of(int32_t user)
{
    return agent_media(world.telephony, agent(user));
}

static void ready(int32_t user)
{
    assert_int_equal(offer_line(user, "s", "new"), TELEPHONY_OK);
    run(1000);
    assert_int_equal(sign_in(user, "s", false, false), TELEPHONY_OK);
    assert_int_equal(telephony_set_state(world.telephony, user, "ready", NO_REASON), TELEPHONY_OK);
    run(0);
}

static void ready_with_phone(int32_t user)
{
    far_phone(user, true);
    assert_int_equal(sign_in(user, "s", true, false), TELEPHONY_OK);
    assert_int_equal(telephony_set_state(world.telephony, user, "ready", NO_REASON), TELEPHONY_OK);
    run(0);
}

/* A caller of center 1 that has pressed its way into a queue: key 1 consult, 2 complain. */
static handle_t caller_in_queue(char key)
{
    handle_t sip = far_invite("13877112046", "12361");

    run(1500);
    far_key(sip, key);
    run(600); /* "please wait" */
    return sip;
}

static enum telephony_result answer(int32_t user)
{
    return telephony_answer(world.telephony, user, &agent(user)->offer_call);
}

static handle_t talk_with(int32_t user)
{
    handle_t sip = caller_in_queue('1');

    assert_int_equal(agent(user)->state, ACD_RING);
    assert_int_equal(answer(user), TELEPHONY_OK);
    run(6000); /* the agent's number was said */
    assert_true(room_hears(call_of(sip)->room,
                           call_leg_find(world.telephony, call_of(sip)->leg)->media,
                           agent_media(world.telephony, agent(user))));
    return sip;
}

static handle_t phone_leg(int32_t user)
{
    handle_t handle;

    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        if (s->outgoing && !s->trunk_id && s->user_id == user && s->state != W_LEAVING)
            return handle;
    return 0;
}

/* --- stories -------------------------------------------------------------------------------- */

#include "telephony_stories.h"
/* uses the words of the former */
#include "telephony_outbound_stories.h"
#include "telephony_transfer_stories.h"

/* --- random schedules ----------------------------------------------------------------------- */

static handle_t some_leg(bool outgoing)
{
    handle_t handle, found = 0;
    unsigned seen = 0;

    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        if (s->outgoing == outgoing && world_below(++seen) == 0)
            found = handle;
    return found;
}

static handle_t media_of_caller(handle_t sip)
{
    struct leg *leg = call_leg_by_sip(world.telephony, sip);

    return leg ? leg->media : 0;
}

static void do_caller(void)
{
    static const char keys[] = "1112223990*#";
    handle_t sip = some_leg(false);
    char called[8];

    switch (world_below(12)) {
    case 0:
    case 1:
    case 2:
        snprintf(called, sizeof(called), "1236%u", 1 + world_below(20) % 5);
        (void)far_invite(world_below(5) ? "13877112046" : "(0771)<&>", called);
        return;
    case 3:
        far_end(sip, SIP_END_REMOTE, 200);
        return;
    case 4:
        if (world_below(4) == 0)
            far_end(sip, SIP_END_TRANSPORT, 503);
        return;
    case 5:
        far_reoffer(sip, (enum sdp_direction)world_below(4), "192.0.2.7");
        return;
    case 6:
        far_late_reoffer(sip, "192.0.2.8");
        return;
    case 7:
        if (media_of(media_of_caller(sip)) && world_below(8) == 0)
            telephony_media_handlers()->on_rtp_timeout(media_of_caller(sip), world.telephony);
        return;
    default:
        far_key(sip, keys[world_below(sizeof(keys) - 1)]);
    }
}

static void do_phone(void)
{
    static const int refusals[] = {486, 486, 503, 404, 603, 480, 403, 500};
    handle_t sip = some_leg(true);

    switch (world_below(8)) {
    case 0:
    case 1:
        far_answer(sip);
        return;
    case 4:
        far_progress(sip, world_below(3) ? 180 : 183, world_below(2));
        return;
    case 5:
        world.trunk_full[1 + world_below(W_TRUNKS)] = world_below(4) == 0;
        return;
    case 2: /* refused, or hung up in the talk */
        if (far_leg(sip) && far_leg(sip)->state == W_CALLING)
            far_end(sip, SIP_END_REFUSED, refusals[world_below(8)]);
        else if (world_below(4) == 0)
            far_end(sip, SIP_END_REMOTE, 200);
        return;
    case 3:
        if (world_below(4) == 0)
            far_end(sip, SIP_END_TIMEOUT, 408);
        return;
    default:
        far_phone(10 + (int32_t)world_below(3), world_below(5) > 0);
    }
}

static void do_line(int32_t user)
{
    struct agent *a = agent_find(world.telephony, user);
    handle_t media = a ? agent_media(world.telephony, a) : 0;

    switch (world_below(6)) {
    case 0:
        far_line(media, MEDIA_LINE_LOST);
        return;
    case 1:
        if (world_below(4) == 0)
            far_line(media, MEDIA_LINE_CLOSED);
        return;
    case 2:
        (void)offer_line(user, world_below(4) ? "s" : "t", "restart");
        return;
    case 3:
        (void)offer_line(user, world_below(4) ? "s" : "t", world_below(5) ? "new" : "bad");
        return;
    default:
        if (media_of(media) && media_of(media)->state == MEDIA_LINE_LOST)
            far_line(media, MEDIA_LINE_UP);
    }
}

static void do_desk(int32_t user)
{
    struct telephony *t = world.telephony;
    static const char *const states[] = {"ready", "ready", "ready", "busy", "rest", "nonsense"};

    switch (world_below(8)) {
    case 0:
        (void)sign_in(user, world_below(4) ? "s" : "t", user >= 10 && world_below(3),
                      world_below(2));
        return;
    case 1:
        if (world_below(6) == 0)
            (void)telephony_sign_out(t, user, "user");
        return;
    case 2:
        (void)telephony_line_test(t, user);
        return;
    default:
        (void)telephony_set_state(t, user, states[world_below(6)], (int32_t)world_below(4));
    }
}

static void do_call(int32_t user)
{
    struct telephony *t = world.telephony;
    struct agent *a = agent_find(t, user);
    struct call *call = a ? call_find(t, a->call) : NULL;
    struct uuid id = call ? call->id : (struct uuid){{0}};

    if (a && world_below(10) == 0)
        id = a->offer_call; /* perhaps one of yesterday */
    switch (world_below(10)) {
    case 9:
        if (world_below(3) == 0)
            (void)telephony_transfer(t, user, &id, 1 + (int32_t)world_below(W_QUEUES));
        return;
    case 8:
        (void)telephony_dial(t, user, world_below(6) ? "0772 123-4567" : "12x", &id);
        return;
    case 0:
    case 1:
    case 2:
        (void)telephony_answer(t, user, &id);
        return;
    case 3:
        if (world_below(3) == 0)
            (void)telephony_reject(t, user, &id);
        return;
    case 4:
        if (world_below(3) == 0)
            (void)telephony_hangup(t, user, &id);
        return;
    case 5:
        (void)telephony_wrap_up_saved(t, user, &id, world_below(2) ? "consult" : "", "一二");
        return;
    default:
        (void)telephony_wrap_up_done(t, user);
    }
}

static void look(int32_t user)
{
    struct text json = {0};
    cJSON *parsed;

    telephony_agent_json(world.telephony, user, &json);
    parsed = cJSON_Parse(json.data);
    if (!parsed)
        world_fail("agent is no JSON: %s", json.data);
    cJSON_Delete(parsed);
    text_clear(&json);
    telephony_center_json(world.telephony, 1 + user % W_CENTERS, &json);
    parsed = cJSON_Parse(json.data);
    if (!parsed)
        world_fail("center is no JSON: %s", json.data);
    cJSON_Delete(parsed);
    text_done(&json);
}

static void step(void)
{
    int32_t user = 1 + (int32_t)world_below(W_AGENTS);
    unsigned what = world_below(100);

    if (what < 30)
        do_caller();
    else if (what < 40)
        do_phone();
    else if (what < 52)
        do_line(user);
    else if (what < 66)
        do_desk(user);
    else if (what < 84)
        do_call(user);
    else if (what < 98)
        world_run(world_below(10) ? world_below(1500) : world_below(40000));
    else if (world_below(20) == 0)
        office_change();
    else if (world_below(20) == 0)
        world.closed_hours = world_below(8) == 0;
    else
        look(user);
    world.step++;
    check_everything();
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 10) : otherwise;
}

/* Several short worlds rather than one long one: each must end empty. */
static void every_schedule_keeps_the_invariants(void **state)
{
    uint64_t seed = from_environment("SEED", (uint64_t)time(NULL) * 1000);
    uint64_t steps = from_environment("STEPS", 200000), per_world = 10000;

    (void)state;
    fprintf(stderr, "SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t done = 0; done < steps; done += per_world) {
        world_open(&(struct w_options){.seed = seed++, .faults = true});
        for (int32_t user = 10; user <= W_AGENTS; user++)
            far_phone(user, true);
        for (uint64_t i = 0; i < per_world; i++)
            step();
        if (world.fact_count < per_world / 4)
            world_fail("little happened: %llu facts", (unsigned long long)world.fact_count);
        world_close();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORIES,
        OUTBOUND_STORIES,
        TRANSFER_STORIES,
        cmocka_unit_test(every_schedule_keeps_the_invariants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
