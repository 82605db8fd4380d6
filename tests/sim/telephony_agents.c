/* What agents and their leaders do in a world: with their lines and phones, in calls, beside them.
 */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/leg.h"

#include "telephony_events.h"

/* --- lines and phones ----------------------------------------------------------------------- */

static handle_t line_of(unsigned user)
{
    struct agent *agent = agent_find(t(), (int32_t)user);

    return agent ? agent_media(t(), agent) : 0;
}

static enum telephony_result offer_line(unsigned user, const char *session, const char *offer)
{
    char answer[2000], why[200];

    return telephony_line_offer(t(), (int32_t)user, session, offer, strlen(offer), answer,
                                sizeof(answer), why, sizeof(why));
}

const char *event_session(unsigned arg)
{
    return arg ? "s" : "t";
}

void line_new(unsigned who, unsigned arg)
{
    (void)offer_line(who, event_session(arg), "new");
}

void line_restart(unsigned who, unsigned arg)
{
    (void)offer_line(who, event_session(arg), "restart");
}

void line_bad(unsigned who, unsigned arg)
{
    (void)offer_line(who, event_session(arg), "bad");
}

void line_lost(unsigned who, unsigned arg)
{
    (void)arg;
    far_line(line_of(who), MEDIA_LINE_LOST);
}

void line_back(unsigned who, unsigned arg)
{
    (void)arg;
    if (media_of(line_of(who)) && media_of(line_of(who))->state == MEDIA_LINE_LOST)
        far_line(line_of(who), MEDIA_LINE_UP);
}

void line_is_quiet(unsigned who, unsigned arg)
{
    far_gap(line_of(who), arg != 0);
}

void line_closed(unsigned who, unsigned arg)
{
    (void)arg;
    far_line(line_of(who), MEDIA_LINE_CLOSED);
}

/* The dialog with the agent's desk phone, 0 = none. */
static handle_t phone_of(unsigned user)
{
    struct agent *agent = agent_find(t(), (int32_t)user);
    struct leg *leg = agent ? call_leg_find(t(), agent->line) : NULL;

    return leg && leg->kind == LEG_PHONE ? leg->sip : 0;
}

void phone_registers(unsigned who, unsigned arg)
{
    far_phone((int32_t)who, arg > 0);
}

void phone_picked_up(unsigned who, unsigned arg)
{
    (void)arg;
    far_answer(phone_of(who));
}

void phone_refuses(unsigned who, unsigned arg)
{
    handle_t sip = phone_of(who);

    (void)arg;
    if (far_leg(sip) && far_leg(sip)->state == W_CALLING)
        far_end(sip, SIP_END_REFUSED, 486);
}

void phone_put_down(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(phone_of(who), SIP_END_REMOTE, 200);
}

void phone_dies(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(phone_of(who), SIP_END_TIMEOUT, 408);
}

void phone_reoffers(unsigned who, unsigned arg)
{
    if (arg)
        far_reoffer(phone_of(who), (enum sdp_direction)(arg - 1), "192.0.2.6");
    else
        far_late_reoffer(phone_of(who), "192.0.2.5");
}

/* --- agents --------------------------------------------------------------------------------- */

void agent_signs_in(unsigned who, unsigned arg)
{
    const struct telephony_sign_in in = {event_session(arg & 3), "127.0.0.1", (arg >> 2) & 1,
                                         arg >> 3};

    (void)telephony_sign_in(t(), (int32_t)who, &in);
}

void agent_signs_out(unsigned who, unsigned arg)
{
    (void)arg;
    (void)telephony_sign_out(t(), (int32_t)who, "user");
}

const char *const event_states[7] = {"ready", "ready", "ready",   "ready",
                                     "busy",  "rest",  "nonsense"};

void agent_sets_state(unsigned who, unsigned arg)
{
    (void)telephony_set_state(t(), (int32_t)who, event_states[arg % 7], (int32_t)(arg / 7));
}

void line_is_tested(unsigned who, unsigned arg)
{
    (void)arg;
    (void)telephony_line_test(t(), (int32_t)who);
}

/* The call the agent's page shows; or (late) the one that last rang there. */
static struct uuid call_id_of(unsigned user, bool late)
{
    struct agent *agent = agent_find(t(), (int32_t)user);
    struct call *call = agent ? call_find(t(), agent->call) : NULL;

    if (agent && late)
        return agent->offer_call;
    return call ? call->id : (struct uuid){{0}};
}

void agent_answers(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, arg == 0);

    (void)telephony_answer(t(), (int32_t)who, &id);
}

void agent_rejects(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, arg == 0);

    (void)telephony_reject(t(), (int32_t)who, &id);
}

void agent_hangs_up(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, arg == 0);

    (void)telephony_hangup(t(), (int32_t)who, &id);
}

void agent_saves(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_wrap_up_saved(t(), (int32_t)who, &id, arg ? "consult" : "", "一二");
}

void agent_is_done(unsigned who, unsigned arg)
{
    (void)arg;
    (void)telephony_wrap_up_done(t(), (int32_t)who);
}

/* What agents type, how it is written everywhere, and in which range it is (CC-17); the first is
 * none at all. */
static const struct {
    const char *typed, *number;
    enum dialing_range range;
} outside[] = {
    {"12x", "", DIALING_RANGES},
    {"0772 123-4567", "07721234567", DIALING_NATIONAL},
    {"138 7710 0002", "13877100002", DIALING_MOBILE},
    {"10086", "10086", DIALING_SERVICE},
    {"168 85678", "16885678", DIALING_PREMIUM},
    {"+852 1234 5678", "0085212345678", DIALING_INTERNATIONAL},
};

/* The leg over a trunk that was made last; NULL = the newest one rings a phone, or there is none.
 */
static const struct w_sip_leg *asked_last(void)
{
    const struct w_sip_leg *newest = NULL;
    handle_t handle;

    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        if (s->outgoing && (!newest || s->number > newest->number))
            newest = s;
    return newest && newest->trunk_id ? newest : NULL;
}

/* The rule of the call's center was obeyed, and the trunk asked as it says. */
static void must_obey(int32_t center_id, unsigned what, enum telephony_result result)
{
    const struct dialing_rule *rule = &world.centers[center_id - 1].dialing;
    bool allowed = rule->ranges & 1u << outside[what].range;
    const struct w_sip_leg *leg = asked_last();
    char wanted[2 * DIALING_NUMBER_SIZE];

    if (result == TELEPHONY_OK && (!what || !allowed))
        world_fail("%s was called, which center %d does not allow", outside[what].typed, center_id);
    if (result == TELEPHONY_NUMBER_REFUSED && allowed)
        world_fail("%s was refused, which center %d allows", outside[what].typed, center_id);
    if (result != TELEPHONY_OK || !leg)
        return;
    snprintf(wanted, sizeof(wanted), "%s%s", rule->prefix, outside[what].number);
    if (strcmp(leg->called, wanted) != 0)
        world_fail("the trunk is asked for %s, not for %s", leg->called, wanted);
}

/* Of his call, or his own. */
static int32_t center_of(unsigned who)
{
    struct agent *agent = agent_find(t(), (int32_t)who);
    struct call *call = agent ? call_find(t(), agent->call) : NULL;

    return call ? call->center_id : world.agents[who - 1].center_id;
}

void agent_dials(unsigned who, unsigned arg)
{
    struct uuid id;

    must_obey(world.agents[who - 1].center_id, arg,
              telephony_dial(t(), (int32_t)who, outside[arg].typed, &id));
}

void agent_transfers(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    int32_t center = 1 + (int32_t)(who - 1) % (int32_t)world.size.centers;

    /* 0, 1: a queue of the own center; 2: mostly of another one. */
    (void)telephony_transfer(t(), (int32_t)who, &id,
                             arg < 2 ? 2 * center - 1 + (int32_t)arg
                                     : (int32_t)world_below(2 * world.size.centers) + 1);
}

void agent_holds(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_hold(t(), (int32_t)who, &id, arg > 0);
}

void agent_mutes(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_mute(t(), (int32_t)who, &id, arg > 0);
}

void agent_records(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_record(t(), (int32_t)who, &id, arg > 0);
}

/* Mostly a colleague of the same center, who may be busy, away, or oneself. */
void agent_consults(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    unsigned centers = world.size.centers;
    unsigned colleague = 1 + (who - 1 + (arg < 8 ? (arg + 1) * centers : arg)) % world.size.agents;

    if (arg % 5 < 3)
        (void)telephony_consult(t(), (int32_t)who, &id, (int32_t)colleague);
    else
        (void)telephony_help(t(), (int32_t)who, &id, (int32_t)colleague, arg % 2 == 0);
}

void agent_asks_outside(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    int32_t center = center_of(who);

    must_obey(center, arg, telephony_consult_number(t(), (int32_t)who, &id, outside[arg].typed));
}

void agent_passes_on(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    unsigned centers = world.size.centers;
    unsigned colleague = 1 + (who - 1 + (arg < 8 ? (arg + 1) * centers : arg)) % world.size.agents;

    (void)telephony_pass_to_agent(t(), (int32_t)who, &id, (int32_t)colleague);
}

void agent_passes_outside(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    int32_t center = center_of(who);

    must_obey(center, arg, telephony_pass_to_number(t(), (int32_t)who, &id, outside[arg].typed));
}

void agent_has_asked(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    if (arg == 0)
        (void)telephony_consult_end(t(), (int32_t)who, &id);
    else if (arg == 1)
        (void)telephony_consult_join(t(), (int32_t)who, &id);
    else if (arg == 2)
        (void)telephony_consult_release(t(), (int32_t)who, &id);
    else
        (void)telephony_consult_complete(t(), (int32_t)who, &id);
}

/* 0, 1: for good, to the main menu or to a menu by name; 2, 3: on an errand; 4: nowhere. */
void agent_sends_to_flow(unsigned who, unsigned arg)
{
    static const char *const flows[] = {"", "", "number", "", "nothing"};
    static const char *const nodes[] = {"", "main", "", "rate", ""};
    struct uuid id = call_id_of(who, false);

    (void)telephony_to_flow(t(), (int32_t)who, &id, arg >= 2, flows[arg], nodes[arg]);
}

void agent_takes_from_flow(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)arg;
    (void)telephony_from_flow(t(), (int32_t)who, &id);
}

/* 0, 1: keys are asked, with and without a prompt; 2: a prompt; 3: none there is. */
void agent_says(unsigned who, unsigned arg)
{
    static const char *const prompts[] = {"", "please_wait", "please_wait", "nothing_here"};
    struct telephony_say what = {.prompt = prompts[arg],
                                 .asks = arg < 2,
                                 .min = 1 + (int)arg,
                                 .max = 4,
                                 .end = arg ? "#" : "",
                                 .timeout_ms = 3000};
    struct uuid id = call_id_of(who, false);
    uint32_t task;

    (void)telephony_say(t(), (int32_t)who, &id, &what, &task);
}

void agent_surveys(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)arg;
    (void)telephony_survey(t(), (int32_t)who, &id);
}

/* --- leaders, and who looks ----------------------------------------------------------------- */

/* People ask for what they may not do as well: what the API refuses does not reach telephony. */
static bool permits(unsigned who, enum permission permission, int32_t target)
{
    world.permissions = true;
    return office_permits((int32_t)who, permission, target);
}

static unsigned somebody(unsigned arg)
{
    return 1 + arg % world.size.agents;
}

/* Mostly somebody of the center who talks; from four fifths on of anywhere. */
static struct agent *somebody_to_watch(unsigned who, unsigned arg)
{
    unsigned centers = arg % 5 ? world.size.centers : 1;

    for (unsigned i = 1; i <= world.size.agents / centers; i++) {
        unsigned user = 1 + (who - 1 + (arg + i) * centers) % world.size.agents;
        struct agent *agent = agent_find(t(), (int32_t)user);
        if (agent && agent->state == ACD_TALK && user != who)
            return agent;
    }
    return NULL;
}

/* He goes on with whom he watches, in another way; or looks for somebody. */
void leader_watches(unsigned who, unsigned arg)
{
    struct agent *leader = agent_find(t(), (int32_t)who);
    struct agent *agent = leader && leader->watch.user_id && arg % 7
                              ? agent_find(t(), leader->watch.user_id)
                              : somebody_to_watch(who, arg / 4);
    struct uuid id;

    if (!leader || !agent ||
        !permits(who, arg % 4 == TELEPHONY_LISTEN ? PERM_MONITOR_LISTEN : PERM_MONITOR_INTERVENE,
                 agent->user_id))
        return;
    id = call_id_of((unsigned)agent->user_id, false);
    if (call_find(t(), agent->call) && call_find(t(), agent->call)->center_id != leader->center_id)
        world.visits[who] = true;
    if (arg % 4 < 3)
        (void)telephony_watch(t(), (int32_t)who, agent->user_id, &id,
                              (enum telephony_watching)(arg % 4));
    else
        (void)telephony_take_over(t(), (int32_t)who, agent->user_id, &id);
}

void leader_watches_no_more(unsigned who, unsigned arg)
{
    (void)arg;
    (void)telephony_watch_end(t(), (int32_t)who);
}

void agent_is_forced(unsigned who, unsigned arg)
{
    static const char *const to[] = {"ready", "busy", "signed_out"};
    struct uuid id = call_id_of(who, false);

    if (!permits(somebody(who + arg / 4), PERM_MONITOR_FORCE, (int32_t)who))
        return;
    if (arg % 4 == 3)
        (void)telephony_disconnect(t(), (int32_t)who, &id);
    else
        (void)telephony_force_state(t(), (int32_t)who, to[arg % 4]);
}

/* A caller who waits: to the head, to a queue (0..3) or to an agent. */
void caller_is_moved(unsigned who, unsigned arg)
{
    struct leg *leg = call_leg_by_sip(t(), world.callers[who]);
    struct call *call = leg ? call_find(t(), leg->call) : NULL;

    if (!call || !access_may_on(&world.people[somebody(arg / 14 + who)], PERM_MONITOR_QUEUE,
                                call->center_id, 0, 0))
        return;
    arg %= 14;
    if (arg < 4)
        (void)telephony_move_to_head(t(), &call->id);
    else if (arg < 8)
        (void)telephony_move_to_queue(t(), &call->id, 2 * call->center_id - 2 + (int32_t)arg - 3);
    else
        (void)telephony_move_to_agent(
            t(), &call->id,
            call->center_id + (int32_t)((arg - 8) * world.size.centers % world.size.agents));
}

/* The other center is called; its answer is as anybody's outside. */
void agent_asks_center(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    struct telephony_to_center to = {.center_id = (int32_t)(1 + arg / 2 % world.size.centers),
                                     .help = arg % 3 == 1,
                                     .three = arg % 5 < 3,
                                     .note = "老客户",
                                     .draft = arg % 3 ? "{\"title\":\"发票\"}" : "]"};
    const char *why = NULL;

    if ((arg % 2 ? telephony_pass_to_center : telephony_consult_center)(
            t(), (int32_t)who, &id, &to, &why) == TELEPHONY_CENTER_CLOSED &&
        !why)
        world_fail("a center refuses and does not say why");
}

/* What pages see is well-formed whenever they look. */
void agent_looks(unsigned who, unsigned arg)
{
    struct text json = {0};
    cJSON *parsed;

    (void)arg;
    telephony_agent_json(t(), (int32_t)who, &json);
    parsed = cJSON_Parse(json.data);
    if (!parsed)
        world_fail("agent is no JSON: %s", json.data);
    cJSON_Delete(parsed);
    text_clear(&json);
    telephony_centers_json(t(), 1 + (int32_t)(who % world.size.centers), &json);
    parsed = cJSON_Parse(json.data);
    if (!parsed)
        world_fail("the list of centers is no JSON: %s", json.data);
    cJSON_Delete(parsed);
    text_clear(&json);
    telephony_center_json(t(), 1 + (int32_t)(who % world.size.centers), &json);
    parsed = cJSON_Parse(json.data);
    if (!parsed)
        world_fail("center is no JSON: %s", json.data);
    cJSON_Delete(parsed);
    text_done(&json);
}
