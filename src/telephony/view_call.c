/* A call as its agent sees it (docs/api.md, events): where it came from, what is under way in it.
 */
#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/bot.h"
#include "telephony/call.h"
#include "telephony/centers.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/json.h"
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/reach.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"

/* --- who else is in it ---------------------------------------------------------------------- */

/* Who is called or asked outside; "" = nobody is. */
static const char *number_outside(struct telephony *t, const struct call *call)
{
    const struct leg *leg = reach_leg(t, call);

    return leg ? leg->dialed.number : "";
}

static const char *center_outside(struct telephony *t, const struct call *call)
{
    return centers_outside_name(t, reach_leg(t, call));
}

static void add_agent_named(struct telephony *t, struct text *out, int32_t user_id)
{
    const struct dir_agent *person = directory_agent(t->directory, user_id);

    json_int(out, "user_id", user_id);
    json_text(out, "agent_no", person ? person->agent_no : "");
    json_text(out, "name", person ? person->name : "");
}

/* "consult": who asks whom; null when nobody does. */
static void add_consult(struct telephony *t, struct text *out, const struct call *call)
{
    const struct consult *consult = &call->consult;
    const struct dir_agent *by = directory_agent(t->directory, consult->by);
    int64_t since_ms = consult->user_id ? consult->talk.began_ms : call->reach.answered_ms;

    text_add(out, ",\"consult\":");
    if (!consult->by) {
        text_add(out, "null");
        return;
    }
    json_begin(out, "by_user_id", consult->by);
    json_text(out, "by_agent_no", by ? by->agent_no : "");
    json_text(out, "by_name", by ? by->name : "");
    add_agent_named(t, out, consult->user_id);
    json_text(out, "number", consult->user_id ? "" : number_outside(t, call));
    json_text(out, "kind", consult->help ? "help" : "consult");
    json_text(out, "center_name", consult->user_id ? "" : center_outside(t, call));
    json_text(out, "state",
              !consult_is_up(call) ? "ringing"
              : consult->joined    ? "joined"
                                   : "talking");
    json_ms_or_null(out, "since_ms", consult_is_up(call) ? since_ms : 0);
    text_add(out, "}");
}

/* "pass": who passed it on, and to whom; null when nobody did. */
static void add_pass(struct telephony *t, struct text *out, const struct call *call)
{
    const struct pass *pass = &call->pass;
    const struct dir_agent *by = directory_agent(t->directory, pass->by);

    text_add(out, ",\"pass\":");
    if (!pass->by || call->state == CALL_ENDED) {
        text_add(out, "null");
        return;
    }
    json_begin(out, "by_user_id", pass->by);
    json_text(out, "by_agent_no", by ? by->agent_no : "");
    json_text(out, "by_name", by ? by->name : "");
    add_agent_named(t, out, pass->user_id);
    json_text(out, "number", pass->user_id ? "" : number_outside(t, call));
    json_text(out, "center_name", pass->user_id ? "" : center_outside(t, call));
    json_text(out, "state",
              pass->back                   ? "back"
              : call->state == CALL_PASSED ? "talking"
                                           : "ringing");
    text_add(out, "}");
}

/* Of leaders beside the call, those whom the agent hears: one who listens is nobody's business. */
static void add_leader(struct telephony *t, struct text *out, const struct call *call,
                       int32_t user_id)
{
    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *party = &call->stage.parties[i];
        const struct agent *leader = agent_find(t, party->user_id);
        const struct dir_agent *person = directory_agent(t->directory, party->user_id);
        if (!leader || leader->watch.user_id != user_id || party->place == STAGE_LISTEN)
            continue;
        text_add(out, ",\"leader\":{\"mode\":");
        text_add_json(out, leader_mode(leader));
        json_text(out, "name", person ? person->name : "");
        text_add(out, "}");
        return;
    }
    json_word(out, "leader", "null");
}

/* --- what it did and what is done with it --------------------------------------------------- */

static void add_path(struct text *out, const struct call *call)
{
    static const char *const results[] = {"ok", "invalid", "no_input"};

    text_add(out, ",\"ivr_path\":[");
    for (unsigned i = 0; i < call->key_count; i++) {
        const struct call_key *key = &call->keys[i];
        char pressed[2] = {key->key, 0};

        text_add(out, i ? ",{\"menu\":" : "{\"menu\":");
        text_add_json(out, key->menu);
        json_text(out, "key", pressed);
        json_text(out, "result", results[key->result]);
        json_int(out, "at_ms", key->at_ms);
        text_add(out, "}");
    }
    text_add(out, "],\"variables\":{");
    for (unsigned i = 0; i < call->ivr.variable_count; i++) {
        if (i)
            text_add(out, ",");
        text_add_json(out, call->ivr.variables[i].name);
        text_add(out, ":");
        text_add_json(out, call->ivr.variables[i].value);
    }
    text_add(out, "}");
}

/* Where the caller is while his agent waits for him, and whether he may be asked how it was. */
static void add_errand(struct telephony *t, struct text *out, const struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    json_bool(out, "survey",
              !call->outbound && queue && queue->survey &&
                  directory_survey(t->directory, call->center_id));
    if (!errand_is_out(call)) {
        json_word(out, "flow", "null");
        return;
    }
    text_add(out, ",\"flow\":{\"target\":");
    text_add_json(out, call->errand.target);
    json_int(out, "since_ms", call->errand.since_ms);
    text_add(out, "}");
}

/* "media": what was said to the far one for its agent last; null when nothing was. */
static void add_said(struct text *out, const struct said *said)
{
    static const char *const states[] = {[SAID_OPEN] = "open",
                                         [SAID_DONE] = "done",
                                         [SAID_NO_KEYS] = "no_keys",
                                         [SAID_ENDED] = "ended"};

    if (!said->state) {
        json_word(out, "media", "null");
        return;
    }
    text_add(out, ",\"media\":");
    json_begin(out, "task", said->task);
    json_text(out, "kind", said->asks ? "collect" : "play");
    json_text(out, "state", states[said->state]);
    json_text(out, "digits", said->digits);
    text_add(out, "}");
}

/* "handed": what the agent before has typed of the registration; null for himself. */
static void add_handed(struct telephony *t, struct text *out, const struct call *call,
                       int32_t user_id)
{
    const struct call_side *side = call_beside(t, call);

    if (!side->handed || side->handed_by == user_id) {
        json_word(out, "handed", "null");
        return;
    }
    text_add(out, ",\"handed\":");
    json_begin(out, "center_id", call->center_id);
    add_agent_named(t, out, side->handed_by);
    json_word(out, "draft", side->handed);
    text_add(out, "}");
}

bool view_is_muted(const struct call *call, int32_t user_id)
{
    int index = stage_find_user(&call->stage, user_id);

    return index >= 0 && call->stage.parties[index].muted;
}

/* How it stands with the recording, and what the agent may do about it. */
static void add_recording(struct telephony *t, struct text *out, const struct call *call)
{
    static const char *const rules[] = {[DIR_RECORD_ALWAYS] = "always",
                                        [DIR_RECORD_ON_DEMAND] = "on_demand",
                                        [DIR_RECORD_NEVER] = "never"};
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    const struct record_wish *wish = &call->record;
    uint32_t pause_s = center ? center->record_pause_s : 0;

    if (call->state != CALL_TALKING) {
        json_word(out, "recording", "null");
        return;
    }
    text_add(out, ",\"recording\":{\"rule\":");
    text_add_json(out, rules[wish->rule]);
    json_text(out, "state",
              call->recording       ? "on"
              : wish->paused_at     ? "paused"
              : record_is_due(call) ? "failed"
                                    : "off");
    json_bool(out, "may_pause", wish->rule == DIR_RECORD_ALWAYS && pause_s != 0);
    json_ms_or_null(out, "resumes_ms",
                    wish->paused_at ? wish->paused_ms + (int64_t)pause_s * 1000 : 0);
    text_add(out, "}");
}

/* --- the document --------------------------------------------------------------------------- */

static const char *const units[] = {"self", "from_12366", "from_city"};

bool telephony_live_call(struct telephony *t, const struct uuid *call_id,
                         struct telephony_live_call *ret_call)
{
    handle_t handle;

    for (struct call *call = NULL; (call = slots_next(&t->calls, call, &handle));) {
        if (!uuid_equal(&call->id, call_id))
            continue;
        *ret_call =
            (struct telephony_live_call){.center_id = call->center_id,
                                         .queue_id = call->outbound ? 0 : call->queue_id,
                                         .info_source = call_is_of_12366(call) ? "r12366" : "city",
                                         .unit_type = units[call->source]};
        text_copy(ret_call->party_no, sizeof(ret_call->party_no), call_party(call));
        text_copy(ret_call->city, sizeof(ret_call->city), call->place_city);
        return true;
    }
    return false;
}

void view_add_call(struct telephony *t, struct text *out, const struct call *call,
                   const struct agent *agent)
{
    static const char *const sources[] = {"direct", "from_12366", "from_city"};
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    char id[UUID_TEXT_SIZE];
    bool ringing = agent->state == ACD_RING;

    text_add_name(out, '{', "call_id");
    text_add_json(out, uuid_text(&call->id, id));
    json_text(out, "direction", call->outbound ? "out" : "in");
    json_bool(out, "dialing", call->state == CALL_DIALING);
    json_text(out, "party_no", call_party(call));
    json_text(out, "caller_no", call->caller);
    json_text(out, "caller_place", call->place_text);
    json_text(out, "caller_city", call->place_city);
    json_text(out, "called_no", call->called);
    json_int(out, "center_id", call->center_id);
    json_text(out, "center_name", center ? center->name : "");
    json_int(out, "queue_id", call->outbound ? 0 : call->queue_id);
    json_text(out, "queue_name", call->outbound ? "" : view_queue_name(t, call->queue_id));
    json_text(out, "source", sources[call->source]);
    json_text(out, "info_source", call_is_of_12366(call) ? "r12366" : "city");
    json_text(out, "unit_type", units[call->source]);
    text_add_name(out, ',', "transfer");
    centers_call_json(t, call, out);
    add_path(out, call);
    json_int(out, "began_ms", call->began_ms);
    json_ms_or_null(out, "queued_ms", call->queued_ms);
    json_ms_or_null(out, "ring_ms", agent->ring_ms);
    json_ms_or_null(out, "answered_ms", ringing ? 0 : call->answered_ms);
    json_ms_or_null(out, "ended_ms", agent->state == ACD_ACW ? call->ended_ms : 0);
    json_text(out, "offer_reason", call->offer_reason);
    json_bool(out, "wrap_up_required", agent->wrap_up_required);
    json_bool(out, "wrap_up_saved", agent->wrap_up_saved);
    json_bool(out, "line_away", talk_line_is_away(t, call, agent));
    json_ms_or_null(out, "held_since_ms", call->hold_at ? call->hold_since_ms : 0);
    json_bool(out, "muted", view_is_muted(call, agent->user_id));
    add_recording(t, out, call);
    add_consult(t, out, call);
    text_add_name(out, ',', "bot");
    bot_call_json(t, call, out);
    if (call->consult_failed)
        json_text(out, "consult_failed", call->consult_failed);
    else
        json_word(out, "consult_failed", "null");
    add_pass(t, out, call);
    add_leader(t, out, call, agent->user_id);
    add_errand(t, out, call);
    add_said(out, &call->said);
    add_handed(t, out, call, agent->user_id);
    json_ms_or_null(out, "wrap_up_deadline_ms", agent->acw_deadline_ms);
    text_add(out, "}");
}
