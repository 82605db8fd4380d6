/* What may happen in a world: one table of events, how each is done and how it is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/along.h"
#include "telephony/call.h"
#include "telephony/leg.h"
#include "telephony/reach.h"

#include "telephony_world.h"

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
    void (*act)(unsigned who, unsigned arg);
};

static struct telephony *t(void)
{
    return world.telephony;
}

/* --- callers -------------------------------------------------------------------------------- */

static void caller_calls(unsigned who, unsigned arg)
{
    char called[16];
    char caller[20];

    if (far_leg(world.callers[who]))
        return;
    snprintf(caller, sizeof(caller), "138771%05u", who);
    snprintf(called, sizeof(called), "1236%u", 1 + arg % (world.size.centers + 1));
    world.callers[who] = far_invite(arg % 7 ? caller : "(0771)<&>", called);
}

/* By another center of this daemon, or by what says it is one. */
static void caller_is_passed_on(unsigned who, unsigned arg)
{
    struct along along = {.note = "老客户", .draft = "{\"title\":\"发票\"}"};
    unsigned centers = world.size.centers;
    char called[16], caller[20], header[ALONG_WIRE];

    if (far_leg(world.callers[who]))
        return;
    snprintf(caller, sizeof(caller), "138771%05u", who);
    snprintf(called, sizeof(called), "9%u%u", 1 + arg % 2, 1 + arg / 2 % centers);
    snprintf(along.center, sizeof(along.center), "center%u", 1 + arg % (centers + 1));
    (void)along_print(&along, header, sizeof(header));
    world.callers[who] = far_passes_on(arg % 11 ? SIP_TRUNK_SELF : 1, caller, called,
                                       arg % 5   ? header
                                       : arg % 2 ? "???"
                                                 : NULL);
}

/* The directory of taxpayers answers for the last caller it was asked for, perhaps too late. */
static void taxpayer_is_known(unsigned who, unsigned arg)
{
    struct telephony_taxpayer taxpayer = {.center_id = 1 + (int32_t)(arg % world.size.centers)};

    (void)who;
    text_copy(taxpayer.queue, sizeof(taxpayer.queue), arg % 2 ? "consult" : "");
    telephony_caller_known(t(), world.asked_call, arg % 5 ? &taxpayer : NULL);
}

static void caller_hangs_up(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(world.callers[who], SIP_END_REMOTE, 200);
}

static void caller_is_lost(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(world.callers[who], SIP_END_TRANSPORT, 503);
}

static const char keys[] = "11122234789900556677##*#";

static void caller_key(unsigned who, unsigned arg)
{
    far_key(world.callers[who], keys[arg]);
}

static void caller_reoffers(unsigned who, unsigned arg)
{
    far_reoffer(world.callers[who], (enum sdp_direction)arg, "192.0.2.7");
}

static void caller_reoffers_late(unsigned who, unsigned arg)
{
    (void)arg;
    far_late_reoffer(world.callers[who], "192.0.2.8");
}

static void caller_is_silent(unsigned who, unsigned arg)
{
    struct leg *leg = call_leg_by_sip(t(), world.callers[who]);

    (void)arg;
    if (leg && media_of(leg->media))
        telephony_media_handlers()->on_rtp_timeout(leg->media, t());
}

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

static const char *session_of(unsigned arg)
{
    return arg ? "s" : "t";
}

static void line_new(unsigned who, unsigned arg)
{
    (void)offer_line(who, session_of(arg), "new");
}

static void line_restart(unsigned who, unsigned arg)
{
    (void)offer_line(who, session_of(arg), "restart");
}

static void line_bad(unsigned who, unsigned arg)
{
    (void)offer_line(who, session_of(arg), "bad");
}

static void line_lost(unsigned who, unsigned arg)
{
    (void)arg;
    far_line(line_of(who), MEDIA_LINE_LOST);
}

static void line_back(unsigned who, unsigned arg)
{
    (void)arg;
    if (media_of(line_of(who)) && media_of(line_of(who))->state == MEDIA_LINE_LOST)
        far_line(line_of(who), MEDIA_LINE_UP);
}

static void line_is_quiet(unsigned who, unsigned arg)
{
    far_gap(line_of(who), arg != 0);
}

static void line_closed(unsigned who, unsigned arg)
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

static void phone_registers(unsigned who, unsigned arg)
{
    far_phone((int32_t)who, arg > 0);
}

static void phone_picked_up(unsigned who, unsigned arg)
{
    (void)arg;
    far_answer(phone_of(who));
}

static void phone_refuses(unsigned who, unsigned arg)
{
    handle_t sip = phone_of(who);

    (void)arg;
    if (far_leg(sip) && far_leg(sip)->state == W_CALLING)
        far_end(sip, SIP_END_REFUSED, 486);
}

static void phone_put_down(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(phone_of(who), SIP_END_REMOTE, 200);
}

static void phone_dies(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(phone_of(who), SIP_END_TIMEOUT, 408);
}

static void phone_reoffers(unsigned who, unsigned arg)
{
    if (arg)
        far_reoffer(phone_of(who), (enum sdp_direction)(arg - 1), "192.0.2.6");
    else
        far_late_reoffer(phone_of(who), "192.0.2.5");
}

/* --- whom agents call ----------------------------------------------------------------------- */

static handle_t far_of(unsigned user)
{
    struct agent *agent = agent_find(t(), (int32_t)user);
    struct call *call = agent ? call_find(t(), agent->call) : NULL;
    struct leg *leg = call && call->outbound ? call_leg_find(t(), call->leg) : NULL;

    return leg ? leg->sip : 0;
}

static void far_rings(unsigned who, unsigned arg)
{
    far_progress(far_of(who), arg % 2 ? 183 : 180, arg > 1);
}

static void far_answers(unsigned who, unsigned arg)
{
    (void)arg;
    far_answer(far_of(who));
}

static const int far_statuses[] = {486, 486, 503, 404, 603, 480, 403, 500};

static void far_refuses(unsigned who, unsigned arg)
{
    handle_t sip = far_of(who);

    if (far_leg(sip) && far_leg(sip)->state == W_CALLING)
        far_end(sip, SIP_END_REFUSED, far_statuses[arg]);
}

static void far_hangs_up(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(far_of(who), SIP_END_REMOTE, 200);
}

/* Whom somebody outside was called for: by the caller's leg or by the agent who has asked. */
static handle_t second_of(handle_t call)
{
    struct call *found = call_find(t(), call);
    struct leg *leg = found ? reach_leg(t(), found) : NULL;

    return leg ? leg->sip : 0;
}

static handle_t second_of_caller(unsigned who)
{
    struct leg *leg = call_leg_by_sip(t(), world.callers[who]);

    return leg ? second_of(leg->call) : 0;
}

static handle_t second_of_agent(unsigned user)
{
    struct agent *agent = agent_find(t(), (int32_t)user);

    return agent ? second_of(agent->call) : 0;
}

/* %2: what becomes of whom is called. */
static void second(handle_t sip, unsigned what)
{
    if (what < 2)
        far_progress(sip, what ? 183 : 180, what == 1);
    else if (what < 6)
        far_answer(sip);
    else if (what < 8)
        far_end(sip, SIP_END_REMOTE, 200);
    else if (what == 8)
        far_end(sip, SIP_END_TRANSPORT, 503);
    else if (what == 9)
        far_reoffer(sip, SDP_SENDONLY, "192.0.2.4");
    else if (what == 10 && call_leg_by_sip(t(), sip) && media_of(call_leg_by_sip(t(), sip)->media))
        telephony_media_handlers()->on_rtp_timeout(call_leg_by_sip(t(), sip)->media, t());
    else if (far_leg(sip) && far_leg(sip)->state == W_CALLING)
        far_end(sip, SIP_END_REFUSED, far_statuses[what % 8]);
}

static void second_called(unsigned who, unsigned arg)
{
    second(second_of_caller(who), arg);
}

static void second_is_quiet(unsigned who, unsigned arg)
{
    struct leg *leg = call_leg_by_sip(t(), second_of_caller(who));

    if (leg)
        far_gap(leg->media, arg != 0);
}

static void second_asked(unsigned who, unsigned arg)
{
    second(second_of_agent(who), arg);
}

/* Whom the caller is to talk with, a bot or not, or (7) the caller himself, names a place. */
static void refers(unsigned who, unsigned arg)
{
    static const char *const places[] = {"queue-consult", "queue-complain", "node-main",
                                         "node-bot",      "node-out",       "queue-none",
                                         "138771",        "node-bye"};

    (void)far_refers(arg == 7 && who % 2 ? world.callers[who] : second_of_caller(who), places[arg],
                     arg % 2 ? "rounds=1;intent=%E9%80%80" : "");
}

static void share_changes(unsigned who, unsigned arg)
{
    static const uint32_t most[] = {0, 2, 6, 0};

    (void)who;
    world.trunk_most = most[arg];
}

static void trunk_full(unsigned who, unsigned arg)
{
    world.trunk_full[who] = arg == 0;
}

static void trunk_dies(unsigned who, unsigned arg)
{
    (void)arg;
    far_trunk((int32_t)who, false);
}

static void trunk_back(unsigned who, unsigned arg)
{
    (void)arg;
    far_trunk((int32_t)who, true);
}

/* --- agents --------------------------------------------------------------------------------- */

static void sign_in(unsigned who, unsigned arg)
{
    const struct telephony_sign_in in = {session_of(arg & 3), "127.0.0.1", (arg >> 2) & 1,
                                         arg >> 3};

    (void)telephony_sign_in(t(), (int32_t)who, &in);
}

static void sign_out(unsigned who, unsigned arg)
{
    (void)arg;
    (void)telephony_sign_out(t(), (int32_t)who, "user");
}

static const char *const states[] = {"ready", "ready", "ready",   "ready",
                                     "busy",  "rest",  "nonsense"};

static void set_state(unsigned who, unsigned arg)
{
    (void)telephony_set_state(t(), (int32_t)who, states[arg % 7], (int32_t)(arg / 7));
}

static void line_test(unsigned who, unsigned arg)
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

static void answer(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, arg == 0);

    (void)telephony_answer(t(), (int32_t)who, &id);
}

static void reject(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, arg == 0);

    (void)telephony_reject(t(), (int32_t)who, &id);
}

static void hang_up(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, arg == 0);

    (void)telephony_hangup(t(), (int32_t)who, &id);
}

static void save(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_wrap_up_saved(t(), (int32_t)who, &id, arg ? "consult" : "", "一二");
}

static void done(unsigned who, unsigned arg)
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

static void dial(unsigned who, unsigned arg)
{
    struct uuid id;

    must_obey(world.agents[who - 1].center_id, arg,
              telephony_dial(t(), (int32_t)who, outside[arg].typed, &id));
}

static void transfer(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    int32_t center = 1 + (int32_t)(who - 1) % (int32_t)world.size.centers;

    /* 0, 1: a queue of the own center; 2: mostly of another one. */
    (void)telephony_transfer(t(), (int32_t)who, &id,
                             arg < 2 ? 2 * center - 1 + (int32_t)arg
                                     : (int32_t)world_below(2 * world.size.centers) + 1);
}

static void hold(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_hold(t(), (int32_t)who, &id, arg > 0);
}

static void shut(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_mute(t(), (int32_t)who, &id, arg > 0);
}

static void record_it(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)telephony_record(t(), (int32_t)who, &id, arg > 0);
}

/* Mostly a colleague of the same center, who may be busy, away, or oneself. */
static void consult(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    unsigned centers = world.size.centers;
    unsigned colleague = 1 + (who - 1 + (arg < 8 ? (arg + 1) * centers : arg)) % world.size.agents;

    if (arg % 5 < 3)
        (void)telephony_consult(t(), (int32_t)who, &id, (int32_t)colleague);
    else
        (void)telephony_help(t(), (int32_t)who, &id, (int32_t)colleague, arg % 2 == 0);
}

static void consult_outside(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    int32_t center = center_of(who);

    must_obey(center, arg, telephony_consult_number(t(), (int32_t)who, &id, outside[arg].typed));
}

static void pass_on(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    unsigned centers = world.size.centers;
    unsigned colleague = 1 + (who - 1 + (arg < 8 ? (arg + 1) * centers : arg)) % world.size.agents;

    (void)telephony_pass_to_agent(t(), (int32_t)who, &id, (int32_t)colleague);
}

static void pass_outside(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);
    int32_t center = center_of(who);

    must_obey(center, arg, telephony_pass_to_number(t(), (int32_t)who, &id, outside[arg].typed));
}

static void consult_goes_on(unsigned who, unsigned arg)
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
static void to_flow(unsigned who, unsigned arg)
{
    static const char *const flows[] = {"", "", "number", "", "nothing"};
    static const char *const nodes[] = {"", "main", "", "rate", ""};
    struct uuid id = call_id_of(who, false);

    (void)telephony_to_flow(t(), (int32_t)who, &id, arg >= 2, flows[arg], nodes[arg]);
}

static void from_flow(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)arg;
    (void)telephony_from_flow(t(), (int32_t)who, &id);
}

/* 0, 1: keys are asked, with and without a prompt; 2: a prompt; 3: none there is. */
static void say(unsigned who, unsigned arg)
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

static void survey(unsigned who, unsigned arg)
{
    struct uuid id = call_id_of(who, false);

    (void)arg;
    (void)telephony_survey(t(), (int32_t)who, &id);
}

/* --- leaders -------------------------------------------------------------------------------- */

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
static void watch(unsigned who, unsigned arg)
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

static void watch_end(unsigned who, unsigned arg)
{
    (void)arg;
    (void)telephony_watch_end(t(), (int32_t)who);
}

static void forced(unsigned who, unsigned arg)
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
static void moved(unsigned who, unsigned arg)
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
static void to_center(unsigned who, unsigned arg)
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
static void look(unsigned who, unsigned arg)
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
    {"key", "caller %1 presses key %2", CALLER, 120, sizeof(keys) - 1, ANY_TIME, caller_key},
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
     share_changes},
    {"trunk-full", "trunk %1 has a free channel: %2", TRUNK, 6, 4, ANY_TIME, trunk_full},
    {"trunk-dies", "trunk %1 dies", TRUNK, 1, 1, ANY_TIME, trunk_dies},
    {"trunk-back", "trunk %1 is back", TRUNK, 8, 1, ANY_TIME, trunk_back},
    {"sign-in", "agent %1 signs in (%2)", AGENT, 20, 16, SIGNED_OUT, sign_in},
    {"sign-out", "agent %1 signs out", AGENT, 4, 1, ANY_TIME, sign_out},
    {"state", "agent %1 asks for a state (%2)", AGENT, 80, 28, ANY_TIME, set_state},
    {"line-test", "agent %1 tests the line", AGENT, 12, 1, ANY_TIME, line_test},
    {"answer", "agent %1 answers (0 = what rang before: %2)", AGENT, 60, 10, RINGING, answer},
    {"reject", "agent %1 rejects (0 = what rang before: %2)", AGENT, 10, 10, RINGING, reject},
    {"hang-up", "agent %1 hangs up (0 = what rang before: %2)", AGENT, 10, 10, TALKING, hang_up},
    {"save", "agent %1 saves the summary (%2)", AGENT, 20, 2, IN_ACW, save},
    {"done", "agent %1 is done with the summary", AGENT, 40, 1, IN_ACW, done},
    {"dial", "agent %1 dials a number (%2)", AGENT, 20, 6, ANY_TIME, dial},
    {"transfer", "agent %1 passes the caller on (%2)", AGENT, 10, 3, TALKING, transfer},
    {"hold", "agent %1 puts the other one aside: %2", AGENT, 20, 2, TALKING, hold},
    {"mute", "agent %1 shuts the microphone: %2", AGENT, 10, 2, TALKING, shut},
    {"record", "agent %1 wants the talk recorded: %2", AGENT, 20, 2, TALKING, record_it},
    {"consult", "agent %1 asks a colleague (%2)", AGENT, 30, 10, TALKING, consult},
    {"consulted", "agent %1 has asked (%2: 0 takes back, 1 joins, 2 sends away, 3 passes on)",
     AGENT, 30, 4, TALKING, consult_goes_on},
    {"ask-out", "agent %1 asks somebody outside (%2)", AGENT, 16, 6, TALKING, consult_outside},
    {"to-center", "agent %1 asks another center or passes the caller on to it (%2)", AGENT, 10, 30,
     TALKING, to_center},
    {"pass", "agent %1 passes the caller on to a colleague (%2)", AGENT, 10, 10, TALKING, pass_on},
    {"pass-out", "agent %1 passes the caller on to a number (%2)", AGENT, 10, 6, TALKING,
     pass_outside},
    {"second", "whom caller %1 is to talk with outside: %2", CALLER, 24, 14, ANY_TIME,
     second_called},
    {"second-quiet", "nothing comes from whom caller %1 is with outside: %2", CALLER, 8, 2,
     ANY_TIME, second_is_quiet},
    {"refers", "whom caller %1 is with sends him elsewhere (%2)", CALLER, 16, 8, ANY_TIME, refers},
    {"asked-out", "whom agent %1 asks outside: %2", AGENT, 30, 14, TALKING, second_asked},
    {"say", "something is said to whom agent %1 talks with (%2)", AGENT, 12, 4, TALKING, say},
    {"to-flow", "agent %1 sends the caller into a flow (%2)", AGENT, 24, 5, TALKING, to_flow},
    {"from-flow", "agent %1 takes the caller back from the flow", AGENT, 6, 1, TALKING, from_flow},
    {"survey", "agent %1 has the caller asked how it was", AGENT, 8, 1, TALKING, survey},
    {"watch", "agent %1 stands beside a colleague's call (%2)", AGENT, 70, 80, ANY_TIME, watch},
    {"watch-end", "agent %1 stands beside no call any more", AGENT, 6, 1, TALKING, watch_end},
    {"forced", "agent %1 is forced (%2: ready, busy, out, cut off; by another each four)", AGENT,
     10, 48, ANY_TIME, forced},
    {"moved", "caller %1 is moved in the queue (%2)", CALLER, 30, 168, ANY_TIME, moved},
    {"look", "agent %1 looks at the page", AGENT, 6, 1, ANY_TIME, look},
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
        snprintf(out, size, "%c", keys[event->arg]);
    else if (kind->act == set_state)
        snprintf(out, size, "%s, reason %u", states[event->arg % 7], event->arg / 7u);
    else if (kind->act == sign_in)
        snprintf(out, size, "session %s%s%s", session_of(event->arg & 3),
                 event->arg & 4 ? ", desk phone" : "", event->arg & 8 ? ", moves" : "");
    else if (kind->act == far_refuses)
        snprintf(out, size, "%d", far_statuses[event->arg]);
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
