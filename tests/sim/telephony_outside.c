/* What people outside do in a world: callers, whom agents call, and the trunks between. */
#include <stdio.h>

#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/along.h"
#include "telephony/call.h"
#include "telephony/leg.h"
#include "telephony/reach.h"

#include "telephony_events.h"

/* --- callers -------------------------------------------------------------------------------- */

void caller_calls(unsigned who, unsigned arg)
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
void caller_is_passed_on(unsigned who, unsigned arg)
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
void taxpayer_is_known(unsigned who, unsigned arg)
{
    struct telephony_taxpayer taxpayer = {.center_id = 1 + (int32_t)(arg % world.size.centers)};

    (void)who;
    text_copy(taxpayer.queue, sizeof(taxpayer.queue), arg % 2 ? "consult" : "");
    telephony_caller_known(t(), world.asked_call, arg % 5 ? &taxpayer : NULL);
}

void caller_hangs_up(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(world.callers[who], SIP_END_REMOTE, 200);
}

void caller_is_lost(unsigned who, unsigned arg)
{
    (void)arg;
    far_end(world.callers[who], SIP_END_TRANSPORT, 503);
}

void caller_key(unsigned who, unsigned arg)
{
    far_key(world.callers[who], EVENT_KEYS[arg]);
}

void caller_reoffers(unsigned who, unsigned arg)
{
    far_reoffer(world.callers[who], (enum sdp_direction)arg, "192.0.2.7");
}

void caller_reoffers_late(unsigned who, unsigned arg)
{
    (void)arg;
    far_late_reoffer(world.callers[who], "192.0.2.8");
}

void caller_is_silent(unsigned who, unsigned arg)
{
    struct leg *leg = call_leg_by_sip(t(), world.callers[who]);

    (void)arg;
    if (leg && media_of(leg->media))
        telephony_media_handlers()->on_rtp_timeout(leg->media, t());
}

/* --- whom agents call, and trunks ----------------------------------------------------------- */

static handle_t far_of(unsigned user)
{
    struct agent *agent = agent_find(t(), (int32_t)user);
    struct call *call = agent ? call_find(t(), agent->call) : NULL;
    struct leg *leg = call && call->outbound ? call_leg_find(t(), call->leg) : NULL;

    return leg ? leg->sip : 0;
}

void far_rings(unsigned who, unsigned arg)
{
    far_progress(far_of(who), arg % 2 ? 183 : 180, arg > 1);
}

void far_answers(unsigned who, unsigned arg)
{
    (void)arg;
    far_answer(far_of(who));
}

const int event_statuses[8] = {486, 486, 503, 404, 603, 480, 403, 500};

void far_refuses(unsigned who, unsigned arg)
{
    handle_t sip = far_of(who);

    if (far_leg(sip) && far_leg(sip)->state == W_CALLING)
        far_end(sip, SIP_END_REFUSED, event_statuses[arg]);
}

void far_hangs_up(unsigned who, unsigned arg)
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
        far_end(sip, SIP_END_REFUSED, event_statuses[what % 8]);
}

void second_called(unsigned who, unsigned arg)
{
    second(second_of_caller(who), arg);
}

void second_is_quiet(unsigned who, unsigned arg)
{
    struct leg *leg = call_leg_by_sip(t(), second_of_caller(who));

    if (leg)
        far_gap(leg->media, arg != 0);
}

void second_asked(unsigned who, unsigned arg)
{
    second(second_of_agent(who), arg);
}

/* Whom the caller is to talk with, a bot or not, or (7) the caller himself, names a place. */
void second_refers(unsigned who, unsigned arg)
{
    static const char *const places[] = {"queue-consult", "queue-complain", "node-main",
                                         "node-bot",      "node-out",       "queue-none",
                                         "138771",        "node-bye"};

    (void)far_refers(arg == 7 && who % 2 ? world.callers[who] : second_of_caller(who), places[arg],
                     arg % 2 ? "rounds=1;intent=%E9%80%80" : "");
}

/* Whom the caller is with, a bot or not, or (3) the caller himself, tells what is said. */
void second_says(unsigned who, unsigned arg)
{
    static const char *const told[] = {
        "{\"intent\":\"退税\",\"slots\":{\"period\":\"2026-10\"},\"turns\":[{\"who\":\"bot\","
        "\"text\":\"您好\",\"at_ms\":0},{\"who\":\"caller\",\"text\":\"退税\"}]}",
        "{\"slots\":{\"period\":null}}", "{\"turns\":[{\"who\":\"agent\",\"text\":\"x\"}]}", "{}"};

    (void)far_says(arg == 3 ? world.callers[who] : second_of_caller(who), told[arg]);
}

void trunk_share_changes(unsigned who, unsigned arg)
{
    static const uint32_t most[] = {0, 2, 6, 0};

    (void)who;
    world.trunk_most = most[arg];
}

void trunk_full(unsigned who, unsigned arg)
{
    world.trunk_full[who] = arg == 0;
}

void trunk_dies(unsigned who, unsigned arg)
{
    (void)arg;
    far_trunk((int32_t)who, false);
}

void trunk_back(unsigned who, unsigned arg)
{
    (void)arg;
    far_trunk((int32_t)who, true);
}
