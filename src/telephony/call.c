/* A call from its slot to its end, whoever began it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/facts.h"
#include "telephony/figures.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/pass.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/said.h"
#include "telephony/talk.h"
#include "telephony/voicemail.h"
#include "telephony/waiting.h"

/* --- found ------------------------------------------------------------------------------------ */

struct call *call_find(struct telephony *t, handle_t handle)
{
    return slots_find(&t->calls, handle);
}

/* An agent names a call by its id; it is his only if it is the one he has. */
struct call *call_find_by_id(struct telephony *t, const struct uuid *id, int32_t user_id)
{
    struct agent *agent = agent_find(t, user_id);
    struct call *call = agent ? call_find(t, agent->call) : NULL;

    return call && uuid_equal(&call->id, id) ? call : NULL;
}

struct call_side *call_beside(struct telephony *t, const struct call *call)
{
    return &t->call_side[slots_index(call->handle)];
}

struct media_audio *prompt_for(struct telephony *t, const struct call *call, const char *code)
{
    if (strcmp(code, SAID_PROMPT) == 0)
        return call_beside(t, call)->said;
    return directory_prompt_at(t->directory, call->center_id, code, call->moment);
}

/* --- a call begins -------------------------------------------------------------------------- */

struct call *call_take(struct telephony *t, int32_t center_id)
{
    handle_t handle;
    struct call *call = slots_take(&t->calls, &handle);
    struct leg *leg = call ? call_leg_new(t, LEG_TRUNK) : NULL;
    struct call_side *side;

    if (!leg) {
        if (call)
            slots_release(&t->calls, handle);
        return NULL;
    }
    call->handle = handle;
    call->began_ms = loop_wall_ms(t->loop);
    call->moment = directory_moment(t->directory);
    call->id = call->global_id = uuid_new(call->began_ms);
    call->center_id = center_id;
    call->leg = leg->handle;
    leg->call = handle;
    leg->call_id = call->id;
    leg->center_id = center_id;
    side = call_beside(t, call);
    side->telephony = t;
    side->call = handle;
    side->calendar[0] = 0;
    loop_timer_init(&side->ivr_timer, t->loop, menu_timer_fired, side);
    loop_timer_init(&side->record_timer, t->loop, record_pause_is_long, side);
    return call;
}

void call_side_clear(struct call_side *side)
{
    loop_timer_done(&side->ivr_timer);
    loop_timer_done(&side->record_timer);
    ivr_flow_unref(side->flow);
    ivr_flow_unref(side->flow_before);
    side->flow = side->flow_before = NULL;
    media_audio_unref(side->said);
    side->said = NULL;
    free(side->handed);
    side->handed = NULL;
    free(side->along_out);
    side->along_out = NULL;
    free(side->along);
    side->along = NULL;
    free(side->answer);
    side->answer = NULL;
    free(side->dialog);
    side->dialog = NULL;
}

void call_free(struct telephony *t, struct call *call)
{
    call_side_clear(call_beside(t, call));
    slots_release(&t->calls, call->handle);
}

void call_place(struct telephony *t, struct call *call, const char *number,
                char normalised[SIP_NUMBER_SIZE])
{
    struct dir_place place;

    directory_place(t->directory, call->center_id, number, &place);
    text_copy(normalised, SIP_NUMBER_SIZE, place.number);
    text_copy(call->place_province, sizeof(call->place_province), place.province);
    text_copy(call->place_city, sizeof(call->place_city), place.city_code);
    snprintf(call->place_text, sizeof(call->place_text), "%s%s%s", place.province,
             place.province[0] && place.city[0] ? " " : "", place.city);
}

void call_began(struct telephony *t, const struct call *call)
{
    t->live_calls++;
    figure_began(call);
}

/* --- a call ends ---------------------------------------------------------------------------- */

static const char *released_by(const char *end_reason)
{
    static const char *const people[] = {"caller", "agent", "supervisor"};

    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        if (strcmp(end_reason, people[i]) == 0)
            return people[i];
    return "system";
}

/* Of the visit to the queue; the call's own outcome may be another (answered, then given back). */
static const char *queue_outcome_of(const struct call *call)
{
    if (strcmp(call->end_reason, "caller") != 0)
        return "lost";
    return call->ringing ? "ab_ring" : "ab_queue";
}

/* A message outside of the hours is a flag of "closed", no outcome of its own. */
static bool was_closed(const struct call *call)
{
    return strcmp(call->left_for, "flow_vm") == 0 &&
           (call->message.scene == DIR_OFF_DAY || call->message.scene == DIR_OFF_HOURS);
}

/* kpi.md 1.2: exactly one outcome. Called while the call's open parts still stand. */
static const char *outcome_of(const struct call *call)
{
    bool by_caller = call->end_reason && strcmp(call->end_reason, "caller") == 0;

    if (call->forced_outcome && strcmp(call->forced_outcome, "blocked") == 0)
        return "blocked";
    if (call->outbound)
        return call->answered_ms ? "answered" : "lost";
    if (call->first_agent)
        return call->talk_ms > 0 ? "answered" : "lost";
    if (call->forced_outcome && strcmp(call->forced_outcome, "closed") == 0 && !call->asked_human)
        return "closed"; /* who asked for a person was not served: kpi.md, identity 2 */
    if (call->forced_outcome && strcmp(call->forced_outcome, "flow_ext") == 0)
        return "flow_ext";
    if (call->in_queue_visit && by_caller) /* also who hangs up before a task takes him */
        return call->ringing ? "ab_ring" : "ab_queue";
    if (call->asked_human)
        return call->left_for ? call->left_for : "lost";
    if (call->left_for)
        return was_closed(call) ? "closed" : "ivr_self";
    if (call->forced_outcome && strcmp(call->forced_outcome, "ivr_self") == 0)
        return "ivr_self";
    return by_caller ? "ivr_abandon" : "ivr_lost";
}

/* A call of an agent's own that nobody answered leaves nothing to be summed up. */
static void end_talk(struct telephony *t, struct call *call)
{
    if (call->state == CALL_TALKING || call->state == CALL_DIALING)
        talk_end(t, call, released_by(call->end_reason), call->state == CALL_TALKING);
    else if (call->state == CALL_PASSING || call->state == CALL_PASSED)
        pass_close(t, call, released_by(call->end_reason));
}

/* Of a call that ends before its far side was called: nobody else will tell that the leg is over.
 */
static void drop_leg(struct telephony *t, struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);

    call->leg = 0;
    if (!leg)
        return;
    leg->call = 0;
    if (leg->media)
        media_leg_close(t->media, leg->media);
    call_leg_release_if_done(t, leg);
}

void call_hangup(struct telephony *t, struct call *call, const char *end_reason)
{
    struct leg *leg;

    if (!call->end_reason)
        call->end_reason = end_reason;
    voicemail_drop(t, call);
    end_talk(t, call);
    leg = call_leg_find(t, call->leg);
    if (leg && leg->sip)
        sip_leg_hangup(t->sip, leg->sip, 16);
    else
        call_over(t, call);
}

void call_over(struct telephony *t, struct call *call)
{
    const char *outcome;

    if (call->state == CALL_ENDED)
        return;
    if (!call->end_reason)
        call->end_reason = "error";
    call->ended_ms = loop_wall_ms(t->loop);
    voicemail_drop(t, call);
    end_talk(t, call);
    drop_leg(t, call);
    outcome = outcome_of(call);
    waiting_taken(t, call, queue_outcome_of(call));
    if (call->state == CALL_WAITING)
        waiting_stop(t, call);
    menu_leave(t, call, strcmp(call->end_reason, "caller") == 0 ? "caller" : "hangup");
    call->state = CALL_ENDED;
    t->live_calls--;
    figure_ended(call, outcome);
    fact_call_end(t, call, outcome);
    log_info("call", "ended", "call=%s center=%d outcome=%s end_reason=%s talk_ms=%lld",
             UUID_TEXT(&call->id), call->center_id, outcome, call->end_reason,
             (long long)call->talk_ms);
    call_release_if_done(t, call);
}

void call_release_if_done(struct telephony *t, struct call *call)
{
    if (call->state != CALL_ENDED || call->leg || call->holders)
        return;
    call_free(t, call);
}
