/* rooms: base acd ivr stage route query telephony access */
/* with: tests/sim/telephony_*.c */
/* without: src/base/loop.c src/base/log.c src/base/worker.c src/query/query.c */
/* Calls as a whole, from INVITE to the last fact, in virtual time: named stories, then random
 * schedules in worlds small and large with every invariant checked after every step.
 *
 *   SEED=n          begins with that world          STEPS=n     makes it longer or shorter
 *   MINUTES=n       goes on for so long             SHORTEN=n   seconds for shortening; 0 = none
 *   SCHEDULE=file   replays one schedule, in this process, for the debugger
 *
 * A failure prints the seed, the last events, and the shortest schedule that fails in the same way
 * as a story. ONLY=stories and ONLY=schedules leave out the rest. */
#include <errno.h>
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

#include "telephony/agent.h"
#include "telephony/along.h"
#include "telephony/bot.h"
#include "telephony/bot_dialog.h"
#include "telephony/call.h"
#include "telephony/errand.h"
#include "telephony/leg.h"
#include "telephony/queueing.h"
#include "telephony/reach.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/told.h"
#include "telephony/waiting.h"

#include "telephony_world.h"

#define NO_REASON 0

/* --- the world ------------------------------------------------------------------------------ */

static void on_event(const struct telephony_event *event, void *arg)
{
    (void)arg;
    check_touched(event->user_id);
    if (world.event_count++ % 64 == 0 || world.keep) {
        cJSON *parsed = cJSON_Parse(event->json);
        if (!parsed || strchr(event->json, '\n'))
            world_fail("event %s is no JSON: %s", event->type, event->json);
        cJSON_Delete(parsed);
    }
}

/* The question is kept; an event or a story answers it, or nobody does. */
static bool on_who_calls(uint32_t call, const char *number, void *arg)
{
    (void)number;
    (void)arg;
    if (world.faults && world_below(4) == 0)
        return false;
    world.asked_call = call;
    return true;
}

void world_open(const struct w_options *o)
{
    static const struct telephony_handlers handlers = {.on_event = on_event,
                                                       .on_who_calls = on_who_calls};
    struct w_size size = o->size.agents ? o->size : W_SMALL;
    struct telephony_options options = {
        .recording_dir = "/rec", .max_calls = (int)size.calls, .max_agents = (int)size.agents};

    memset(&world, 0, sizeof(world));
    world.seed = world.random = world.dice = o->seed;
    world.size = size;
    world.faults = o->faults;
    world.no_silence = o->no_silence;
    world.keep = o->keep;
    world.mute = o->mute;
    world.plant = o->plant;
    world.alone = world_last_words != NULL;
    assert_int_equal(loop_create(&world.loop), 0);
    devices_open();
    queries_open();
    office_open();
    journal_open();
    assert_int_equal(telephony_create(world.loop, &options, &handlers, NULL, &world.telephony), 0);
    telephony_attach(world.telephony, NULL, NULL, NULL, NULL);
    office_apply();
}

static void everybody_goes_home(void)
{
    handle_t handle;

    world.random = world.seed;
    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        far_end(s->handle, SIP_END_REMOTE, 200);
    world_run(2000);
    for (int32_t user = 1; user <= (int32_t)world.size.agents; user++) {
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
    journal_close();
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
#include "telephony_consult_stories.h"
#include "telephony_hold_stories.h"
#include "telephony_leader_stories.h"
#include "telephony_outbound_stories.h"
#include "telephony_transfer_stories.h"
/* what a city sets */
#include "telephony_city_stories.h"
/* uses the words of the former */
#include "telephony_center_stories.h"
#include "telephony_errand_stories.h"
#include "telephony_pool_stories.h"
#include "telephony_reach_stories.h"
#include "telephony_route_stories.h"
#include "telephony_said_stories.h"

#include "telephony_bot_stories.h"
#include "telephony_preferred_stories.h"
#include "telephony_query_stories.h"
#include "telephony_voicemail_stories.h"
/* what other centers got wrong */
#include "telephony_peer_stories.h"
/* how failing schedules are shortened */
#include "telephony_schedule_stories.h"

/* --- random schedules ----------------------------------------------------------------------- */

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 10) : otherwise;
}

static void schedule_failed(struct schedule *schedule)
{
    unsigned seconds = (unsigned)from_environment("SHORTEN", 60);
    char path[500];

    if (seconds) {
        fprintf(stderr, "%u events, being shortened ...\n", schedule->count);
        if (!schedule_shorten(schedule, seconds))
            fprintf(stderr, "(not to the end: the time was over)\n");
    }
    (void)schedule_again(schedule, true);
    schedule_tell(schedule, path, sizeof(path));
    fail();
}

/* Several short worlds rather than one long one: each must end empty. */
static void ACD_07_every_schedule_keeps_the_invariants(void **state)
{
    uint64_t seed = from_environment("SEED", (uint64_t)time(NULL) * 1000);
    uint64_t steps = from_environment("STEPS", 1000000), done = 0;
    uint64_t facts = 0;
    time_t begin = time(NULL), end = begin + 60 * (time_t)from_environment("MINUTES", 0);
    time_t told = begin;
    struct schedule *schedule = schedule_new();

    (void)state;
    fprintf(stderr, "SEED=%llu\n", (unsigned long long)seed);
    while (end > begin ? time(NULL) < end : done < steps) {
        schedule_options(schedule, seed++);
        if (!schedule_by_chance(schedule, true))
            schedule_failed(schedule);
        if (schedule->facts < schedule->count / 20)
            fail_msg("SEED=%llu: little happened: %llu facts", (unsigned long long)seed - 1,
                     (unsigned long long)schedule->facts);
        facts += schedule->facts;
        done += schedule->count;
        if (end > begin && time(NULL) >= told + 60) {
            told = time(NULL);
            fprintf(stderr, "%4ld min: %llu steps, next SEED=%llu\n", (long)(told - begin) / 60,
                    (unsigned long long)done, (unsigned long long)seed);
        }
    }
    fprintf(stderr, "# %llu steps in %ld s, %llu facts\n", (unsigned long long)done,
            (long)(time(NULL) - begin), (unsigned long long)facts);
    assert_true(facts >= done / 4); /* a single small world may have its quiet day */
    schedule_free(schedule);
}

static int replay(const char *path)
{
    struct schedule *schedule = schedule_new();

    if (!schedule_read(schedule, path)) {
        fprintf(stderr, "%s: event %u is not one\n", path, schedule->count);
        return 1;
    }
    schedule_replay(schedule);
    fprintf(stderr, "%s: nothing was wrong\n", path);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORIES,
        OUTBOUND_STORIES,
        CONSULT_STORIES,
        HOLD_STORIES,
        LEADER_STORIES,
        TRANSFER_STORIES,
        CITY_STORIES,
        CENTER_STORIES,
        ROUTE_STORIES,
        REACH_STORIES,
        ERRAND_STORIES,
        SAID_STORIES,
        POOL_STORIES,
        VOICEMAIL_STORIES,
        BOT_STORIES,
        QUERY_STORIES,
        PREFERRED_STORIES,
        PEER_STORIES,
        SCHEDULE_STORIES, /* one */
        cmocka_unit_test(ACD_07_every_schedule_keeps_the_invariants),
    };
    size_t stories = sizeof(tests) / sizeof(tests[0]) - 2;
    const char *only = getenv("ONLY");

    if (getenv("SCHEDULE"))
        return replay(getenv("SCHEDULE"));
    if (only && strcmp(only, "stories") == 0)
        return _cmocka_run_group_tests("stories", tests, stories, NULL, NULL);
    if (only && strcmp(only, "schedules") == 0)
        return _cmocka_run_group_tests("schedules", tests + stories + 1, 1, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
