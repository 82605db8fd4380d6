/* Agents: signing in and out, states, the line they speak through, ringing and answering. */
#include <errno.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sdp.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/facts.h"
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/outbound.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

#define PHONE_RING_S  120  /* the ACD's ring time-out comes first */
#define PHONE_FAIL_MS 1000 /* an offer that could not ring is given back so much later */

/* --- found ------------------------------------------------------------------------------------ */

static uint32_t agent_hash(const struct telephony *t, int32_t user_id)
{
    return ((uint32_t)user_id * 2654435761u) & (t->agent_hash_size - 1);
}

struct agent *agent_find(struct telephony *t, int32_t user_id)
{
    uint32_t i = agent_hash(t, user_id);

    for (; t->agent_by_user[i]; i = (i + 1) & (t->agent_hash_size - 1)) {
        struct agent *agent = slots_find(&t->agents, t->agent_by_user[i]);
        if (agent && agent->user_id == user_id)
            return agent;
    }
    return NULL;
}

/* Agents are never removed from the table: there are as many as users who ever signed in. */
struct agent *agent_take(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);
    uint32_t i = agent_hash(t, user_id);
    handle_t handle;

    if (agent)
        return agent;
    agent = slots_take(&t->agents, &handle);
    if (!agent)
        return NULL;
    agent->user_id = user_id;
    agent->line_state = MEDIA_LINE_CLOSED;
    while (t->agent_by_user[i])
        i = (i + 1) & (t->agent_hash_size - 1);
    t->agent_by_user[i] = handle;
    return agent;
}

struct agent_side *agent_beside(struct telephony *t, const struct agent *agent)
{
    size_t index = (size_t)((const unsigned char *)agent - t->agents.items) / t->agents.item_size;

    return &t->agent_side[index];
}

/* --- line and state --------------------------------------------------------------------------- */

handle_t agent_media(struct telephony *t, const struct agent *agent)
{
    struct leg *leg = call_leg_find(t, agent->line);

    return leg ? leg->media : 0;
}

bool agent_line_is_up(struct telephony *t, const struct agent *agent)
{
    if (agent->line_kind == LINE_PHONE)
        return sip_phone_is_registered(t->sip, agent->user_id);
    return agent->line_state == MEDIA_LINE_UP;
}

static void tell_acd_line(struct telephony *t, struct agent *agent)
{
    if (!agent->signed_in)
        return;
    if (acd_line(t->acd, loop_now_ms(t->loop), agent->user_id, agent_line_is_up(t, agent)) == 0)
        acd_carry_out(t);
}

static const char *reason_name(struct telephony *t, const struct agent *agent)
{
    size_t count;
    const struct dir_reason *reasons = directory_reasons(t->directory, &count);

    if (agent->watch.user_id)
        return "班长监控";
    if (agent->reason_id == ACD_REASON_RONA)
        return "久不应答";
    for (size_t i = 0; i < count; i++)
        if (reasons[i].id == agent->reason_id && reasons[i].center_id == agent->center_id)
            return reasons[i].name;
    return "";
}

/* --- the ACD says a state changed ----------------------------------------------------------- */

static void acw_begins(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);
    const struct dir_queue *queue = call ? directory_queue(t->directory, call->queue_id) : NULL;

    agent->acw_at = loop_now_ms(t->loop);
    agent->acw_ms = agent->state_since_ms;
    agent->acw_queue = call && !call->outbound ? call->queue_id : 0;
    agent->acw_deadline_ms =
        queue && !queue->acd.wrap_up_required ? agent->acw_ms + (int64_t)queue->acd.wrap_up_ms : 0;
}

static void acw_ends(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);

    agent->acw_deadline_ms = 0;
    if (call)
        fact_acw_end(t, agent, call);
}

void agent_take_call(struct telephony *t, struct agent *agent, struct call *call)
{
    if (agent->call == call->handle)
        return;
    agent_drop_call(t, agent);
    agent->call = call->handle;
    call->holders++;
}

void agent_drop_call(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);

    agent->call = 0;
    if (!call)
        return;
    call->holders--;
    call_release_if_done(t, call);
}

/* The call he is summing up came back to him: pass.c. */
static bool has_it_again(struct telephony *t, const struct agent *agent)
{
    const struct call *call = call_find(t, agent->call);

    return call && call->state == CALL_TALKING && call->agent == agent->user_id;
}

void agent_state_changed(struct telephony *t, struct agent *agent,
                         const struct acd_command *command)
{
    if (command->old_state == ACD_ACW)
        acw_ends(t, agent);
    agent->state = command->state;
    agent->reason_id = command->reason_id;
    agent->state_since_ms = loop_wall_ms(t->loop);
    if (command->state == ACD_ACW)
        acw_begins(t, agent);
    if (command->state == ACD_READY || command->state == ACD_BUSY || command->state == ACD_REST ||
        command->state == ACD_SIGNED_OUT ||
        (command->old_state == ACD_ACW && !has_it_again(t, agent)))
        agent_drop_call(t, agent);
    log_info("agent", "state", "agent=%d from=%s to=%s reason=%s", agent->user_id,
             agent_state_name(command->old_state), agent_state_name(command->state),
             log_safe(reason_name(t, agent)));
    if (command->state != ACD_SIGNED_OUT)
        fact_agent_state(t, agent, reason_name(t, agent));
    view_agent_changed(t, agent);
    view_queue_changed(t, agent->center_id);
}

static struct agent *agent_with_timers(struct telephony *t, int32_t user_id);

/* --- signing in and out --------------------------------------------------------------------- */

/* The browser's line is closed, the phone's dialog is ended; neither is the agent's any more. */
static void line_let_go(struct telephony *t, struct agent *agent)
{
    struct leg *leg = call_leg_find(t, agent->line);

    agent->line = 0;
    agent->line_state = MEDIA_LINE_CLOSED;
    if (leg && leg->sip)
        sip_leg_hangup(t->sip, leg->sip, 16);
    else if (leg && leg->kind == LEG_LINE && leg->media)
        media_leg_close(t->media, leg->media);
}

static void session_open(struct telephony *t, struct agent *agent,
                         const struct telephony_sign_in *in)
{
    agent->signed_in = true;
    agent->signed_in_ms = loop_wall_ms(t->loop);
    agent->session = uuid_new(agent->signed_in_ms);
    agent->line_kind = in->phone ? LINE_PHONE : LINE_BROWSER;
    text_copy(agent->http_session, sizeof(agent->http_session), in->session);
    text_copy(agent->address, sizeof(agent->address), in->address);
    fact_session_begin(t, agent);
}

/* Hot desk: the same agent at another desk. His state and his call go with him; the old page's
 * line is closed, the caller hears music until the new line is up. A desk phone goes on talking
 * when only the page beside it is another one. */
static void session_move(struct telephony *t, struct agent *agent,
                         const struct telephony_sign_in *in)
{
    struct call *call = call_find(t, agent->call);

    if (call && call->state == CALL_DIALING && agent->line_kind == LINE_PHONE)
        call_hangup(t, call, "agent"); /* the phone that was to call is left behind */
    fact_session_end(t, agent, "moved");
    if (agent->line_kind == LINE_BROWSER || !in->phone)
        line_let_go(t, agent);
    session_open(t, agent, in);
    fact_agent_state(t, agent, reason_name(t, agent));
    tell_acd_line(t, agent);
    talk_line_changed(t, agent);
    view_agent_changed(t, agent);
}

enum telephony_result telephony_sign_in(struct telephony *t, int32_t user_id,
                                        const struct telephony_sign_in *in)
{
    const struct dir_agent *person = directory_agent(t->directory, user_id);
    struct agent *agent;

    if (!person || !person->agent_no[0])
        return TELEPHONY_NOT_AGENT;
    agent = agent_with_timers(t, user_id);
    if (!agent)
        return TELEPHONY_BUSY;
    if (in->phone && !sip_phone_is_registered(t->sip, user_id))
        return TELEPHONY_NO_PHONE;
    if (agent->signed_in) {
        if (strcmp(agent->http_session, in->session) == 0 &&
            agent->line_kind == (in->phone ? LINE_PHONE : LINE_BROWSER))
            return TELEPHONY_OK; /* a reloaded page */
        if (!in->move && strcmp(agent->http_session, in->session) != 0)
            return TELEPHONY_SIGNED_IN_ELSEWHERE;
        if (in->phone && agent->line_kind == LINE_BROWSER &&
            (agent->state == ACD_RING || agent->state == ACD_TALK))
            return TELEPHONY_IN_CALL; /* a call cannot go over to a phone that does not ring */
        session_move(t, agent, in);
        return TELEPHONY_OK;
    }
    agent->center_id = person->center_id;
    if (in->phone)
        line_let_go(t, agent); /* the browser's, opened for the microphone test */
    session_open(t, agent, in);
    if (acd_sign_in(t->acd, loop_now_ms(t->loop), user_id, ACD_BUSY, ACD_REASON_NONE)) {
        fact_session_end(t, agent, "forced");
        agent->signed_in = false;
        return TELEPHONY_BUSY;
    }
    acd_carry_out(t);
    tell_acd_line(t, agent);
    return TELEPHONY_OK;
}

enum telephony_result telephony_sign_out(struct telephony *t, int32_t user_id,
                                         const char *fact_reason)
{
    struct agent *agent = agent_find(t, user_id);
    int err;

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    err = acd_sign_out(t->acd, loop_now_ms(t->loop), user_id, false);
    if (err == -EBUSY)
        return TELEPHONY_IN_CALL;
    agent->signed_in = false;
    acd_carry_out(t);
    fact_session_end(t, agent, fact_reason);
    log_info("agent", "signed_out", "agent=%d why=%s", user_id, fact_reason);
    view_agent_changed(t, agent);
    return TELEPHONY_OK;
}

bool telephony_signed_in_at(struct telephony *t, int32_t user_id, char address[64],
                            int64_t *ret_since_ms)
{
    struct agent *agent = agent_find(t, user_id);

    if (!agent || !agent->signed_in)
        return false;
    text_copy(address, 64, agent->address);
    *ret_since_ms = agent->signed_in_ms;
    return true;
}

bool telephony_is_signed_in(struct telephony *t, int32_t user_id, const char *session)
{
    const struct agent *agent = agent_find(t, user_id);

    return agent && agent->signed_in && strcmp(agent->http_session, session) == 0;
}

/* --- states --------------------------------------------------------------------------------- */

static bool reason_fits(struct telephony *t, const struct agent *agent, int32_t reason_id,
                        bool rest)
{
    size_t count;
    const struct dir_reason *reasons = directory_reasons(t->directory, &count);

    if (!reason_id)
        return true;
    for (size_t i = 0; i < count; i++)
        if (reasons[i].id == reason_id && reasons[i].center_id == agent->center_id)
            return reasons[i].rest == rest;
    return false;
}

static int state_by_name(const char *name)
{
    if (strcmp(name, "ready") == 0)
        return ACD_READY;
    if (strcmp(name, "busy") == 0)
        return ACD_BUSY;
    return strcmp(name, "rest") == 0 ? ACD_REST : -1;
}

enum telephony_result telephony_set_state(struct telephony *t, int32_t user_id, const char *name,
                                          int32_t reason_id)
{
    struct agent *agent = agent_find(t, user_id);
    int state = state_by_name(name), err;

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (state == ACD_READY)
        reason_id = ACD_REASON_NONE;
    if (state < 0 || !reason_fits(t, agent, reason_id, state == ACD_REST))
        return TELEPHONY_BAD_REASON;
    if (state == ACD_READY && !agent_line_is_up(t, agent))
        return TELEPHONY_NO_LINE;
    err = acd_request_state(t->acd, loop_now_ms(t->loop), user_id, (enum acd_agent_state)state,
                            reason_id);
    acd_carry_out(t);
    if (err) /* kept for later; a change at once has been told by agent_state_changed() */
        view_agent_changed(t, agent);
    if (err == -EINPROGRESS && agent->wrap_up_saved)
        return telephony_wrap_up_done(t, user_id);
    if (err == -EINPROGRESS)
        return TELEPHONY_WRAP_UP_MISSING;
    if (err < 0)
        return TELEPHONY_NOT_SIGNED_IN;
    return err ? TELEPHONY_LATER : TELEPHONY_OK;
}

enum telephony_result telephony_wrap_up_saved(struct telephony *t, int32_t user_id,
                                              const struct uuid *call_id, const char *code,
                                              const char *note)
{
    struct call *call = call_find_by_id(t, call_id, user_id);
    struct agent *agent = agent_find(t, user_id);

    if (!call || agent->watch.user_id || (agent->state != ACD_TALK && agent->state != ACD_ACW))
        return TELEPHONY_STALE;
    if (agent->wrap_up_required && !code[0])
        return TELEPHONY_WRAP_UP_MISSING;
    agent->wrap_up_saved = true;
    fact_wrap_up(t, call, agent, code, note);
    view_agent_changed(t, agent);
    return TELEPHONY_OK;
}

enum telephony_result telephony_wrap_up_done(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (agent->state != ACD_ACW)
        return TELEPHONY_STALE;
    if (agent->wrap_up_required && !agent->wrap_up_saved)
        return TELEPHONY_WRAP_UP_MISSING;
    if (acd_wrap_up_done(t->acd, loop_now_ms(t->loop), user_id))
        return TELEPHONY_STALE;
    acd_carry_out(t);
    return TELEPHONY_OK;
}

/* --- the browser line ----------------------------------------------------------------------- */

static void line_away_too_long(void *arg)
{
    struct agent_side *side = arg;
    struct agent *agent = agent_find(side->telephony, side->user_id);

    if (agent && agent->line_state != MEDIA_LINE_UP)
        talk_give_back(side->telephony, agent);
}

static void auto_answer(void *arg)
{
    struct agent_side *side = arg;
    struct telephony *t = side->telephony;
    struct agent *agent = agent_find(t, side->user_id);

    if (!agent || !agent->offer)
        return;
    if (agent->line_kind == LINE_BROWSER)
        (void)telephony_answer(t, agent->user_id, &agent->offer_call);
    else if (acd_reject(t->acd, loop_now_ms(t->loop), agent->user_id, agent->offer) == 0)
        acd_carry_out(t); /* the phone could not be rung */
}

static struct agent *agent_with_timers(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_take(t, user_id);
    struct agent_side *side;

    if (!agent)
        return NULL;
    side = agent_beside(t, agent);
    if (!side->telephony) {
        side->telephony = t;
        side->user_id = user_id;
        loop_timer_init(&side->line_timer, t->loop, line_away_too_long, side);
        loop_timer_init(&side->auto_answer, t->loop, auto_answer, side);
    }
    return agent;
}

/* The new line takes the old one's place at once; its state is CONNECTING until media says UP. */
static void line_replace(struct telephony *t, struct agent *agent, struct leg *leg)
{
    agent->line_state = MEDIA_LINE_CONNECTING;
    talk_line_changed(t, agent); /* away, while the old line is still in the room */
    line_let_go(t, agent);
    agent->line = leg->handle;
    agent->line_state = MEDIA_LINE_CONNECTING;
    tell_acd_line(t, agent);
    view_agent_changed(t, agent);
}

static enum telephony_result line_open(struct telephony *t, struct agent *agent, const char *offer,
                                       size_t length, char *answer, size_t answer_size, char *why,
                                       size_t why_size)
{
    struct leg *leg = call_leg_new(t, LEG_LINE);
    handle_t media;
    int err;

    if (!leg)
        return TELEPHONY_BUSY;
    err = media_line_open(t->media, offer, length, &media, answer, answer_size, why, why_size);
    if (err) {
        slots_release(&t->legs, leg->handle);
        return err == -EAGAIN ? TELEPHONY_BUSY : TELEPHONY_BAD_OFFER;
    }
    call_leg_bind_media(t, leg, media);
    leg->user_id = agent->user_id;
    leg->center_id = agent->center_id;
    leg->codec = SDP_PT_PCMA;
    log_info("line", "offered", "agent=%d leg=%u", agent->user_id, leg->handle);
    line_replace(t, agent, leg);
    return TELEPHONY_OK;
}

enum telephony_result telephony_line_offer(struct telephony *t, int32_t user_id,
                                           const char *session, const char *offer, size_t length,
                                           char *answer, size_t answer_size, char *why,
                                           size_t why_size)
{
    const struct dir_agent *person = directory_agent(t->directory, user_id);
    struct agent *agent = person ? agent_with_timers(t, user_id) : NULL;
    struct leg *line;

    if (!person)
        return TELEPHONY_NOT_AGENT;
    if (!agent)
        return TELEPHONY_BUSY;
    if (agent->signed_in && strcmp(agent->http_session, session) != 0)
        return TELEPHONY_SIGNED_IN_ELSEWHERE;
    if (agent->signed_in && agent->line_kind == LINE_PHONE)
        return TELEPHONY_IN_CALL; /* signed in with the desk phone: no browser line beside it */
    agent->center_id = person->center_id;
    line = call_leg_find(t, agent->line);
    if (line && line->kind == LEG_LINE &&
        media_line_restart(t->media, line->media, offer, length, answer, answer_size) == 0)
        return TELEPHONY_OK;
    return line_open(t, agent, offer, length, answer, answer_size, why, why_size);
}

void agent_line_event(handle_t media, enum media_line_state state, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);
    struct agent *agent = leg ? agent_find(t, leg->user_id) : NULL;

    if (!agent || agent->line != leg->handle)
        return; /* a line that was replaced */
    log_info("line", "state", "agent=%d leg=%u state=%d", agent->user_id, leg->handle, state);
    agent->line_state = (uint8_t)state;
    tell_acd_line(t, agent);
    talk_line_changed(t, agent);
    if (state == MEDIA_LINE_CLOSED) {
        agent->line = 0;
        media_leg_close(t->media, media);
    }
    view_agent_changed(t, agent);
}

enum telephony_result telephony_line_test(struct telephony *t, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);
    struct media_play list = {.exclusive = true};
    struct media_audio *beep, *spoken;

    if (!agent || agent->line_state != MEDIA_LINE_UP)
        return TELEPHONY_NO_LINE;
    if (agent->state == ACD_RING || agent->state == ACD_TALK)
        return TELEPHONY_IN_CALL;
    beep = directory_prompt(t->directory, agent->center_id, "beep");
    spoken = directory_prompt(t->directory, agent->center_id, "line_test");
    if (beep)
        list.audio[list.count++] = beep;
    if (spoken)
        list.audio[list.count++] = spoken;
    if (!list.count || media_play(t->media, agent_media(t, agent), &list))
        return TELEPHONY_NO_LINE;
    return TELEPHONY_OK;
}

/* --- the desk phone ------------------------------------------------------------------------- */

void agent_phone_event(int32_t user_id, bool registered, void *arg)
{
    struct telephony *t = arg;
    struct agent *agent = agent_find(t, user_id);
    struct acd_agent_view view;

    if (!agent || agent->line_kind != LINE_PHONE || !agent->signed_in)
        return;
    if (acd_agent_view(t->acd, user_id, &view) && view.line_up == registered)
        return;
    log_info("line", registered ? "phone_registered" : "phone_gone", "agent=%d", user_id);
    tell_acd_line(t, agent);
    view_agent_changed(t, agent);
}

/* What a far side calls its number is text: a phone is shown the part that is one. */
static void number_for_phone(const struct call *call, char out[SIP_NUMBER_SIZE])
{
    size_t length = 0;

    for (const char *c = call_party(call); *c; c++)
        if ((*c >= '0' && *c <= '9') || *c == '+' || *c == '*' || *c == '#')
            out[length++] = *c;
    out[length] = 0;
    if (!length)
        text_copy(out, SIP_NUMBER_SIZE, "anonymous");
}

/* Phones may have been taken away or given a new password. */
void agents_check_phones(struct telephony *t)
{
    handle_t handle;

    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        if (a->line_kind == LINE_PHONE)
            agent_phone_event(a->user_id, sip_phone_is_registered(t->sip, a->user_id), t);
}

int agent_phone_ring(struct telephony *t, struct agent *agent, struct call *call)
{
    struct media_rtp_conf conf = {.codec = SDP_PT_PCMA, .telephone_event = 101};
    struct leg *leg = call_leg_new(t, LEG_PHONE);
    char sdp[1024], caller[SIP_NUMBER_SIZE];
    struct sip_call_out out = {.user_id = agent->user_id,
                               .caller = caller,
                               .called = "",
                               .sdp = sdp,
                               .ring_timeout_s = PHONE_RING_S};
    handle_t media, sip;
    int err;

    if (!leg)
        return -ENOMEM;
    number_for_phone(call, caller);
    leg->user_id = agent->user_id;
    leg->center_id = agent->center_id;
    leg->call = call->handle;
    leg->call_id = call->id;
    leg->codec = SDP_PT_PCMA;
    leg->telephone_event = 101;
    err = media_leg_open(t->media, &conf, &media, &leg->port);
    if (err) {
        slots_release(&t->legs, leg->handle);
        return err;
    }
    call_leg_bind_media(t, leg, media);
    err = call_leg_print_sdp(t, leg, NULL, sdp, sizeof(sdp)) ? sip_leg_call(t->sip, &out, &sip)
                                                             : -ENOSPC;
    if (err) {
        media_leg_close(t->media, media);
        return err;
    }
    call_leg_bind_sip(t, leg, sip);
    agent->line = leg->handle;
    return 0;
}

void agent_phone_answered(struct telephony *t, struct leg *leg)
{
    struct agent *agent = agent_find(t, leg->user_id);
    struct call *call = call_find(t, leg->call);

    if (agent && agent->line == leg->handle && call && call->state == CALL_DIALING)
        outbound_phone_up(t, call, agent);
    else if (agent && agent->line == leg->handle && agent->offer &&
             acd_answer(t->acd, loop_now_ms(t->loop), agent->user_id, agent->offer) == 0)
        acd_carry_out(t);
    else
        sip_leg_hangup(t->sip, leg->sip, 16);
}

/* Hung up by the agent, or the phone died: that is never the end of a caller's call. */
void agent_phone_ended(struct telephony *t, struct leg *leg, bool hung_up)
{
    struct agent *agent = agent_find(t, leg->user_id);
    struct call *call = agent ? call_find(t, agent->call) : NULL;

    if (!agent || agent->line != leg->handle)
        return;
    agent->line = 0;
    if (agent->offer) {
        if (acd_reject(t->acd, loop_now_ms(t->loop), agent->user_id, agent->offer) == 0)
            acd_carry_out(t);
    } else if (call && call->consult.user_id == agent->user_id) {
        consult_leave(t, call, "agent");
    } else if (call && (call->state == CALL_TALKING || call->state == CALL_DIALING) &&
               call->agent == agent->user_id) {
        if ((hung_up && consult_phone_down(t, call)) || leader_goes_on(t, call, "agent"))
            return;
        if (hung_up && errand_survey_after(t, call))
            return;
        if (hung_up || call->state == CALL_DIALING)
            call_hangup(t, call, "agent");
        else
            talk_give_back(t, agent);
    }
}

/* --- ringing and answering ------------------------------------------------------------------ */

static void beep(struct telephony *t, struct agent *agent)
{
    struct media_play list = {.count = 1};

    list.audio[0] = directory_prompt(t->directory, agent->center_id, "beep");
    if (list.audio[0] && agent_media(t, agent))
        (void)media_play(t->media, agent_media(t, agent), &list); /* a courtesy, no promise */
}

/* The agent's own setting goes before that of the queue; a colleague's call is no queue's. */
static uint32_t answers_after(struct telephony *t, const struct agent *agent,
                              const struct acd_command *command)
{
    const struct dir_agent *person = directory_agent(t->directory, agent->user_id);
    const struct dir_queue *queue = directory_queue(t->directory, command->queue);

    if (!person)
        return 0;
    if (!command->entry)
        return person->auto_answer_internal ? person->auto_answer_ms : 0;
    return person->auto_answer_ms ? person->auto_answer_ms : queue ? queue->auto_answer_ms : 0;
}

void agent_ring(struct telephony *t, struct agent *agent, struct call *call,
                const struct acd_command *command)
{
    uint32_t answers = answers_after(t, agent, command);
    int err;

    agent_take_call(t, agent, call);
    agent->offer = command->offer;
    agent->offer_queue = command->queue;
    agent->offer_call = call->id;
    agent->ring_ms = loop_wall_ms(t->loop);
    agent->ring_at = loop_now_ms(t->loop);
    agent->offer_id = uuid_new(agent->ring_ms);
    if (command->entry) /* a colleague's question is no offer of a queue's */
        fact_offer_begin(t, call, agent, command->reason);
    log_info("acd", "offered", "call=%s agent=%d offer=%u queue=%d why=%s", UUID_TEXT(&call->id),
             agent->user_id, command->offer, command->queue, log_safe(command->reason));
    if (agent->line_kind == LINE_PHONE) {
        err = agent_phone_ring(t, agent, call);
        if (err) {
            /* Not rejected here: when we have run out of something no phone can be rung, the caller
             * would go from agent to agent in this turn of the loop, and the turn never end. */
            log_error("line", "phone_ring_failed", "agent=%d error=%d", agent->user_id, err);
            loop_timer_start(&agent_beside(t, agent)->auto_answer, PHONE_FAIL_MS);
        }
    } else if (answers) {
        beep(t, agent);
        loop_timer_start(&agent_beside(t, agent)->auto_answer, answers);
    }
    view_agent_changed(t, agent);
}

void agent_stop_ringing(struct telephony *t, struct agent *agent)
{
    struct leg *leg = call_leg_find(t, agent->line);

    agent->offer = 0;
    agent_drop_call(t, agent);
    loop_timer_stop(&agent_beside(t, agent)->auto_answer);
    if (leg && leg->kind == LEG_PHONE) {
        agent->line = 0;
        if (leg->sip)
            sip_leg_hangup(t->sip, leg->sip, 16);
    }
    view_agent_changed(t, agent);
}

static struct agent *ringing_agent(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    struct agent *agent = agent_find(t, user_id);

    return agent && agent->signed_in && agent->offer && uuid_equal(&agent->offer_call, call_id)
               ? agent
               : NULL;
}

enum telephony_result telephony_answer(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    struct agent *agent = ringing_agent(t, user_id, call_id);

    if (!agent)
        return TELEPHONY_STALE;
    if (agent->line_kind == LINE_PHONE)
        return TELEPHONY_NO_LINE; /* the phone answers by its own key */
    if (!agent_line_is_up(t, agent))
        return TELEPHONY_NO_LINE;
    if (acd_answer(t->acd, loop_now_ms(t->loop), user_id, agent->offer))
        return TELEPHONY_STALE;
    acd_carry_out(t);
    return TELEPHONY_OK;
}

enum telephony_result telephony_reject(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    struct agent *agent = ringing_agent(t, user_id, call_id);

    if (!agent || acd_reject(t->acd, loop_now_ms(t->loop), user_id, agent->offer))
        return TELEPHONY_STALE;
    acd_carry_out(t);
    return TELEPHONY_OK;
}

enum telephony_result telephony_hangup(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id)
{
    struct call *call = call_find_by_id(t, call_id, user_id);

    if (call && leader_hangs_up(t, agent_find(t, user_id)))
        return TELEPHONY_OK;
    if (!call || (call->state != CALL_TALKING && call->state != CALL_DIALING) ||
        (call->agent != user_id && call->consult.user_id != user_id))
        return TELEPHONY_STALE;
    if (consult_hangs_up(t, call, user_id) || leader_goes_on(t, call, "agent") ||
        errand_survey_after(t, call))
        return TELEPHONY_OK;
    call_hangup(t, call, "agent");
    return TELEPHONY_OK;
}
