/* What may happen in a world: one table of events, which are chosen and how they are told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/agent.h"

#include "telephony_events.h"

enum actor { NOBODY, CALLER, AGENT, PHONE, TRUNK };

/* An agent is "in" one of these when the event means something to him; any other may do it too. */
enum when { ANY_TIME, SIGNED_OUT, RINGING, TALKING, IN_ACW, AWAY };

struct kind {
    const char *name;
    const char *says; /* %1 the actor's number, %2 the argument */
    enum actor actor;
    unsigned weight; /* how often it is chosen */
    unsigned args;   /* the argument is below */
    enum when when;
    event_h *act;
};

/* --- the house ------------------------------------------------------------------------------ */

static void time_passes(unsigned who, unsigned arg)
{
    (void)who;
    world_run(arg);
}

static void to_the_edge(unsigned who, unsigned arg)
{
    (void)who;
    (void)arg;
    world_to_the_edge();
}

static void publish(unsigned who, unsigned arg)
{
    (void)who;
    office_change(arg);
}

static void hours(unsigned who, unsigned arg)
{
    (void)who;
    world.closed_hours = arg == 0;
}

static void outbox(unsigned who, unsigned arg)
{
    (void)who;
    telephony_refuse_calls(t(), arg == 0);
}

static void drain(unsigned who, unsigned arg)
{
    (void)who;
    (void)arg;
    telephony_drain(t());
}

/* --- the table ------------------------------------------------------------------------------ */

enum { PUBLISHED = 13, TIME = 0, EDGE = 1, DRAIN = 2 };

static const struct kind kinds[] = {
    [TIME] = {"time", "%2 ms pass", NOBODY, 130, 0, ANY_TIME, time_passes},
    [EDGE] = {"edge", "the clock goes to the next thing due, which has not happened yet", NOBODY,
              20, 1, ANY_TIME, to_the_edge},
    [DRAIN] = {"drain", "the daemon is told to stop: no new calls", NOBODY, 0, 1, ANY_TIME, drain},
    {"call", "caller %1 calls (%2)", CALLER, 90, 84, ANY_TIME, caller_calls},
    {"passed-on", "caller %1 is passed on by another center (%2)", CALLER, 24, 60, ANY_TIME,
     caller_is_passed_on},
    {"taxpayer", "the taxpayer of the caller asked for is known (%2)", NOBODY, 20, 60, ANY_TIME,
     taxpayer_is_known},
    {"hangs-up", "caller %1 hangs up", CALLER, 30, 1, ANY_TIME, caller_hangs_up},
    {"lost", "caller %1's connection dies", CALLER, 6, 1, ANY_TIME, caller_is_lost},
    {"key", "caller %1 presses key %2", CALLER, 120, sizeof(EVENT_KEYS) - 1, ANY_TIME, caller_key},
    {"reoffer", "caller %1 sends a re-INVITE (direction %2)", CALLER, 20, 4, ANY_TIME,
     caller_reoffers},
    {"late-reoffer", "caller %1 sends a re-INVITE without offer", CALLER, 20, 1, ANY_TIME,
     caller_reoffers_late},
    {"silent", "nothing is heard of caller %1 for long", CALLER, 4, 1, ANY_TIME, caller_is_silent},
    {"line-new", "agent %1's page offers a new line (session %2)", AGENT, 30, 4, ANY_TIME,
     line_new},
    {"line-restart", "agent %1's page restarts its line (session %2)", AGENT, 10, 4, ANY_TIME,
     line_restart},
    {"line-bad", "agent %1's page sends a broken offer", AGENT, 3, 4, ANY_TIME, line_bad},
    {"line-lost", "agent %1's line is lost", AGENT, 12, 1, TALKING, line_lost},
    {"line-back", "agent %1's line is back", AGENT, 24, 1, AWAY, line_back},
    {"line-quiet", "nothing comes over agent %1's line: %2", AGENT, 16, 2, TALKING, line_is_quiet},
    {"line-closed", "agent %1's line is closed", AGENT, 4, 1, ANY_TIME, line_closed},
    {"phone", "agent %1's desk phone is registered: %2", PHONE, 20, 6, ANY_TIME, phone_registers},
    {"phone-up", "agent %1 picks up the desk phone", PHONE, 40, 1, RINGING, phone_picked_up},
    {"phone-refuses", "agent %1's desk phone is busy", PHONE, 4, 1, RINGING, phone_refuses},
    {"phone-down", "agent %1 puts down the desk phone", PHONE, 8, 1, TALKING, phone_put_down},
    {"phone-dies", "agent %1's desk phone dies", PHONE, 3, 1, TALKING, phone_dies},
    {"phone-hold", "agent %1's desk phone sends a re-INVITE (%2, 0 = without offer)", PHONE, 6, 5,
     TALKING, phone_reoffers},
    {"far-rings", "it rings at the one agent %1 called (%2)", AGENT, 14, 4, TALKING, far_rings},
    {"far-answers", "the one agent %1 called answers", AGENT, 14, 1, TALKING, far_answers},
    {"far-refuses", "the one agent %1 called is not to be had (%2)", AGENT, 6, 8, TALKING,
     far_refuses},
    {"far-hangs-up", "the one agent %1 called hangs up", AGENT, 8, 1, TALKING, far_hangs_up},
    {"share", "center 1 may have so many trunk channels: %2", NOBODY, 1, 4, ANY_TIME,
     trunk_share_changes},
    {"trunk-full", "trunk %1 has a free channel: %2", TRUNK, 6, 4, ANY_TIME, trunk_full},
    {"trunk-dies", "trunk %1 dies", TRUNK, 1, 1, ANY_TIME, trunk_dies},
    {"trunk-back", "trunk %1 is back", TRUNK, 8, 1, ANY_TIME, trunk_back},
    {"sign-in", "agent %1 signs in (%2)", AGENT, 20, 16, SIGNED_OUT, agent_signs_in},
    {"sign-out", "agent %1 signs out", AGENT, 4, 1, ANY_TIME, agent_signs_out},
    {"state", "agent %1 asks for a state (%2)", AGENT, 80, 28, ANY_TIME, agent_sets_state},
    {"line-test", "agent %1 tests the line", AGENT, 12, 1, ANY_TIME, line_is_tested},
    {"answer", "agent %1 answers (0 = what rang before: %2)", AGENT, 60, 10, RINGING,
     agent_answers},
    {"reject", "agent %1 rejects (0 = what rang before: %2)", AGENT, 10, 10, RINGING,
     agent_rejects},
    {"hang-up", "agent %1 hangs up (0 = what rang before: %2)", AGENT, 10, 10, TALKING,
     agent_hangs_up},
    {"save", "agent %1 saves the summary (%2)", AGENT, 20, 2, IN_ACW, agent_saves},
    {"done", "agent %1 is done with the summary", AGENT, 40, 1, IN_ACW, agent_is_done},
    {"dial", "agent %1 dials a number (%2)", AGENT, 20, 6, ANY_TIME, agent_dials},
    {"transfer", "agent %1 passes the caller on (%2)", AGENT, 10, 3, TALKING, agent_transfers},
    {"hold", "agent %1 puts the other one aside: %2", AGENT, 20, 2, TALKING, agent_holds},
    {"mute", "agent %1 shuts the microphone: %2", AGENT, 10, 2, TALKING, agent_mutes},
    {"record", "agent %1 wants the talk recorded: %2", AGENT, 20, 2, TALKING, agent_records},
    {"consult", "agent %1 asks a colleague (%2)", AGENT, 30, 10, TALKING, agent_consults},
    {"consulted", "agent %1 has asked (%2: 0 takes back, 1 joins, 2 sends away, 3 passes on)",
     AGENT, 30, 4, TALKING, agent_has_asked},
    {"ask-out", "agent %1 asks somebody outside (%2)", AGENT, 16, 6, TALKING, agent_asks_outside},
    {"to-center", "agent %1 asks another center or passes the caller on to it (%2)", AGENT, 10, 30,
     TALKING, agent_asks_center},
    {"pass", "agent %1 passes the caller on to a colleague (%2)", AGENT, 10, 10, TALKING,
     agent_passes_on},
    {"pass-out", "agent %1 passes the caller on to a number (%2)", AGENT, 10, 6, TALKING,
     agent_passes_outside},
    {"second", "whom caller %1 is to talk with outside: %2", CALLER, 24, 14, ANY_TIME,
     second_called},
    {"second-quiet", "nothing comes from whom caller %1 is with outside: %2", CALLER, 8, 2,
     ANY_TIME, second_is_quiet},
    {"refers", "whom caller %1 is with sends him elsewhere (%2)", CALLER, 16, 8, ANY_TIME,
     second_refers},
    {"says", "whom caller %1 is with tells what is said (%2)", CALLER, 16, 4, ANY_TIME,
     second_says},
    {"asked-out", "whom agent %1 asks outside: %2", AGENT, 30, 14, TALKING, second_asked},
    {"say", "something is said to whom agent %1 talks with (%2)", AGENT, 12, 4, TALKING,
     agent_says},
    {"to-flow", "agent %1 sends the caller into a flow (%2)", AGENT, 24, 5, TALKING,
     agent_sends_to_flow},
    {"from-flow", "agent %1 takes the caller back from the flow", AGENT, 6, 1, TALKING,
     agent_takes_from_flow},
    {"survey", "agent %1 has the caller asked how it was", AGENT, 8, 1, TALKING, agent_surveys},
    {"watch", "agent %1 stands beside a colleague's call (%2)", AGENT, 70, 80, ANY_TIME,
     leader_watches},
    {"watch-end", "agent %1 stands beside no call any more", AGENT, 6, 1, TALKING,
     leader_watches_no_more},
    {"forced", "agent %1 is forced (%2: ready, busy, out, cut off; by another each four)", AGENT,
     10, 48, ANY_TIME, agent_is_forced},
    {"moved", "caller %1 is moved in the queue (%2)", CALLER, 30, 168, ANY_TIME, caller_is_moved},
    {"look", "agent %1 looks at the page", AGENT, 6, 1, ANY_TIME, agent_looks},
    {"publish", "something is published (%2)", NOBODY, 2, PUBLISHED, ANY_TIME, publish},
    {"hours", "the center is open: %2", NOBODY, 1, 8, ANY_TIME, hours},
    {"outbox", "facts can be kept: %2", NOBODY, 3, 4, ANY_TIME, outbox},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

void event_do(const struct w_event *event)
{
    char said[120];

    if (!world.mute) {
        event_say(event, said, sizeof(said));
        world_tell("%s", said);
    }
    world.random = event->seed;
    if (event_agent(event))
        check_touched(event_agent(event));
    kinds[event->kind].act(event->who, event->arg);
}

int event_caller(const struct w_event *event)
{
    return kinds[event->kind].actor == CALLER ? event->who : -1;
}

int32_t event_agent(const struct w_event *event)
{
    enum actor actor = kinds[event->kind].actor;

    return actor == AGENT || actor == PHONE ? event->who : 0;
}

bool event_merge(struct w_event *event, const struct w_event *next)
{
    if (event->kind != TIME || next->kind != TIME || event->arg + next->arg > UINT16_MAX)
        return false;
    event->arg = (uint16_t)(event->arg + next->arg);
    return true;
}

/* --- choosing ------------------------------------------------------------------------------- */

static bool is_when(unsigned user, enum when when)
{
    struct agent *agent = agent_find(t(), (int32_t)user);
    enum acd_agent_state state = agent ? agent->state : ACD_SIGNED_OUT;

    switch (when) {
    case SIGNED_OUT:
        return state == ACD_SIGNED_OUT;
    case RINGING:
        return state == ACD_RING;
    case TALKING:
        return state == ACD_TALK;
    case IN_ACW:
        return state == ACD_ACW;
    case AWAY:
        return agent && agent->line_state == MEDIA_LINE_LOST;
    case ANY_TIME:
        break;
    }
    return true;
}

/* In the small world the last three of twelve have a desk phone; so it is in every twelve. */
static unsigned some_agent(enum actor actor)
{
    unsigned user = 1 + world_dice(world.size.agents);

    return actor == PHONE && (user - 1) % 12 < 9 ? (user - 1) / 12 * 12 + 10 + user % 3 : user;
}

/* Mostly somebody to whom it means something. */
static unsigned choose_agent(const struct kind *kind)
{
    unsigned user = some_agent(kind->actor);

    for (unsigned tries = 0; tries < 24 && world_dice(40); tries++) {
        if (is_when(user, kind->when))
            break;
        user = some_agent(kind->actor);
    }
    return user <= world.size.agents ? user : world.size.agents;
}

/* Those who call are not calling yet, the others do something with their call. */
static unsigned choose_caller(const struct kind *kind)
{
    bool calls = kind->act == caller_calls || kind->act == caller_is_passed_on;
    unsigned who = world_dice(world.size.callers);

    for (unsigned tries = 0; tries < 20 && !far_leg(world.callers[who]) != calls; tries++)
        who = world_dice(world.size.callers);
    return who;
}

/* Mostly a moment, sometimes long, sometimes to the very millisecond of what is due. Where many
 * people are, more happens in the same time. */
static unsigned choose_time(void)
{
    uint64_t due = world_next_due();
    unsigned crowd = world.size.agents / 12;

    switch (world_dice(20)) {
    case 0:
        return world_dice(40000 / crowd);
    case 1:
    case 2:
        return due && due < 60000 ? (unsigned)due : 0;
    default:
        return world_dice(1500 / crowd);
    }
}

static unsigned choose_kind(void)
{
    static unsigned sum;
    unsigned kind = 0, roll;

    for (unsigned i = 0; !sum && i < KINDS; i++)
        for (unsigned k = 0; k < KINDS; k++)
            sum += i == 0 ? kinds[k].weight : 0;
    roll = world_dice(sum);
    while (roll >= kinds[kind].weight)
        roll -= kinds[kind++].weight;
    /* A trunk that dies takes everybody with it: per hour, and not per event. */
    return kinds[kind].act == trunk_dies && world_dice(world.size.agents / 12) ? TIME : kind;
}

static uint8_t kind_named(const char *name)
{
    for (unsigned i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return (uint8_t)i;
    world_fail("no such event: %s", name);
}

/* How many are there from the morning on; on some days so few that everybody waits. */
static unsigned early_agents(void)
{
    return world.seed % 4 ? world.size.agents / (world.seed / 16 % 2 ? 4 : 1) : 0;
}

/* The day begins: pages are opened, agents sign in and are ready, some with their desk phone. */
static struct w_event morning(unsigned step)
{
    static const char *const names[] = {"line-new", "time", "sign-in", "state"};
    static const uint16_t args[] = {1, 20, 1, 0};
    unsigned phase = step / early_agents(), user = 1 + step % early_agents();
    bool phone = world.phone_registered[user] && user % 2;

    return (struct w_event){.kind = kind_named(phase == 0 && phone ? "look" : names[phase]),
                            .who = (uint16_t)(phase == 1 ? 0 : user),
                            .arg = (uint16_t)(args[phase] | (phase == 2 && phone ? 4 : 0)),
                            .seed = world_dice(UINT32_MAX)};
}

struct w_event event_choose(unsigned step, unsigned steps)
{
    struct w_event event = {.kind = (uint8_t)choose_kind()};
    const struct kind *kind = &kinds[event.kind];

    if (step < 4 * early_agents())
        return morning(step);
    if (step == steps - steps / 20 && world.seed % 2)
        return (struct w_event){.kind = DRAIN};
    event.arg = (uint16_t)(event.kind == TIME ? choose_time() : world_dice(kind->args));
    switch (kind->actor) {
    case CALLER:
        event.who = (uint16_t)choose_caller(kind);
        break;
    case AGENT:
    case PHONE:
        event.who = (uint16_t)choose_agent(kind);
        break;
    case TRUNK:
        event.who = (uint16_t)(1 + world_dice(W_TRUNKS));
        break;
    case NOBODY:
        break;
    }
    event.seed = world_dice(UINT32_MAX);
    return event;
}

/* --- telling -------------------------------------------------------------------------------- */

/* Arguments that are numbers to the machine and words to people. */
static const char *argument(const struct w_event *event, char *out, size_t size)
{
    const struct kind *kind = &kinds[event->kind];

    if (kind->act == caller_calls)
        snprintf(out, size, "number 1236%u", 1 + event->arg % (world.size.centers + 1));
    else if (kind->act == caller_key)
        snprintf(out, size, "%c", EVENT_KEYS[event->arg]);
    else if (kind->act == agent_sets_state)
        snprintf(out, size, "%s, reason %u", event_states[event->arg % 7], event->arg / 7u);
    else if (kind->act == agent_signs_in)
        snprintf(out, size, "session %s%s%s", event_session(event->arg & 3),
                 event->arg & 4 ? ", desk phone" : "", event->arg & 8 ? ", moves" : "");
    else if (kind->act == far_refuses)
        snprintf(out, size, "%d", event_statuses[event->arg]);
    else
        snprintf(out, size, "%u", event->arg);
    return out;
}

void event_say(const struct w_event *event, char *out, size_t size)
{
    char arg[60];
    size_t length = 0;

    (void)argument(event, arg, sizeof(arg));
    out[0] = 0;
    for (const char *c = kinds[event->kind].says; *c && length + 1 < size; c++) {
        if (*c == '%' && (c[1] == '1' || c[1] == '2')) {
            length += *++c == '1' ? (size_t)snprintf(out + length, size - length, "%u", event->who)
                                  : (size_t)snprintf(out + length, size - length, "%s", arg);
            continue;
        }
        out[length++] = *c;
        out[length] = 0;
    }
}

void event_write(const struct w_event *event, char *out, size_t size)
{
    char said[120];

    event_say(event, said, sizeof(said));
    snprintf(out, size, "%-12s %5u %5u %10u  # %s", kinds[event->kind].name, event->who, event->arg,
             event->seed, said);
}

bool event_read(const char *line, struct w_event *ret_event)
{
    char name[16];
    unsigned who, arg, seed;

    if (sscanf(line, "%15s %u %u %u", name, &who, &arg, &seed) != 4)
        return false;
    for (unsigned i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_event = (struct w_event){(uint8_t)i, (uint16_t)who, (uint16_t)arg, seed};
            return who < W_MAX_CALLERS && (i == TIME || arg < kinds[i].args);
        }
    return false;
}
