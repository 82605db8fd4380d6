/* What agents speak through: a browser line for the whole shift, or a desk phone for each call. */
#include <errno.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
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
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/outbound.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

#define PHONE_RING_S 120 /* the ACD's ring time-out comes first */

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

void agent_line_told(struct telephony *t, struct agent *agent)
{
    if (!agent->signed_in)
        return;
    if (acd_line(t->acd, loop_now_ms(t->loop), agent->user_id, agent_line_is_up(t, agent)) == 0)
        acd_carry_out(t);
}

/* The browser's line is closed, the phone's dialog is ended; neither is the agent's any more. */
void agent_line_let_go(struct telephony *t, struct agent *agent)
{
    struct leg *leg = call_leg_find(t, agent->line);

    agent->line = 0;
    agent->line_state = MEDIA_LINE_CLOSED;
    if (leg && leg->sip)
        sip_leg_hangup(t->sip, leg->sip, 16);
    else if (leg && leg->kind == LEG_LINE && leg->media)
        media_leg_close(t->media, leg->media);
}

/* --- the browser line ----------------------------------------------------------------------- */

void agent_line_away_too_long(void *arg)
{
    struct agent_side *side = arg;
    struct agent *agent = agent_find(side->telephony, side->user_id);

    if (agent && agent->line_state != MEDIA_LINE_UP)
        talk_give_back(side->telephony, agent);
}

/* The new line takes the old one's place at once; its state is CONNECTING until media says UP. */
static void line_replace(struct telephony *t, struct agent *agent, struct leg *leg)
{
    agent->line_state = MEDIA_LINE_CONNECTING;
    talk_line_changed(t, agent); /* away, while the old line is still in the room */
    agent_line_let_go(t, agent);
    agent->line = leg->handle;
    agent->line_state = MEDIA_LINE_CONNECTING;
    agent_line_told(t, agent);
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
    struct agent *agent = person ? agent_take(t, user_id) : NULL;
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
    agent_line_told(t, agent);
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
    agent_line_told(t, agent);
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
