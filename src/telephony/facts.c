/* Facts: one function per kind of docs/facts.md, each printing its flat payload. */
#include <stdio.h>
#include <string.h>

#include <hotlined/directory.h>
#include <hotlined/fact.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/along.h"
#include "telephony/bot_dialog.h"
#include "telephony/call.h"
#include "telephony/facts.h"
#include "telephony/leg.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/views.h"

/* --- a small printer of flat JSON objects --------------------------------------------------- */

static void put_name(struct text *json, const char *name)
{
    text_add_name(json, json->length ? ',' : '{', name);
}

static void put_text(struct text *json, const char *name, const char *value)
{
    put_name(json, name);
    text_add_json(json, value);
}

static void put_int(struct text *json, const char *name, int64_t value)
{
    put_name(json, name);
    text_add_int(json, value);
}

static void put_int_or_null(struct text *json, const char *name, int64_t value, bool known)
{
    if (known) {
        put_int(json, name, value);
        return;
    }
    put_name(json, name);
    text_add(json, "null");
}

static void put_id(struct text *json, const char *name, const struct uuid *id)
{
    char buf[UUID_TEXT_SIZE];

    if (uuid_is_null(id)) {
        put_name(json, name);
        text_add(json, "null");
        return;
    }
    put_text(json, name, uuid_text(id, buf));
}

static void emit(struct telephony *t, int32_t center_id, const char *kind, struct text *json)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);

    text_add(json, "}");
    if (json->failed)
        log_error("fact", "no_memory", "kind=%s", kind);
    else
        fact_emit(t->outbox, &id, center_id, now, kind, json->data);
    text_done(json);
}

/* --- calls ---------------------------------------------------------------------------------- */

/* Who passed it on, as far as it is known (XFER-13). */
static void put_sender(struct telephony *t, struct text *json, const struct call *call)
{
    const struct dir_center *center = directory_center(t->directory, call->from_center);
    const struct along *along = call_beside(t, call)->along;

    if (call->source == DIR_SOURCE_DIRECT)
        return;
    put_text(json, "from_center", center ? center->code : "");
    put_text(json, "from_agent_no", along ? along->agent_no : "");
}

void fact_call_begin(struct telephony *t, const struct call *call, bool test)
{
    static const char *const sources[] = {"direct", "from_12366", "from_city"};
    static const char *const units[] = {"self", "from_12366", "from_city"};
    struct text json = {0};

    put_id(&json, "call_id", &call->id);
    put_id(&json, "global_call_id", &call->global_id);
    put_text(&json, "direction", call->outbound ? "out" : "in");
    put_text(&json, "source", sources[call->source]);
    put_text(&json, "info_source", call_is_of_12366(call) ? "r12366" : "city");
    put_text(&json, "unit_type", units[call->source]);
    put_int_or_null(&json, "trunk_id", call->trunk_id, call->trunk_id != 0);
    put_text(&json, "entry_code", call->outbound ? "" : call->called);
    put_text(&json, "caller_no", call->caller);
    put_text(&json, "caller_province", call->place_province);
    put_text(&json, "caller_city", call->place_city);
    put_text(&json, "caller_place", call->place_text);
    put_text(&json, "called_no", call->called);
    put_sender(t, &json, call);
    put_int(&json, "t_in_ms", call->began_ms);
    put_name(&json, "test");
    text_add(&json, test ? "true" : "false");
    emit(t, call->center_id, "call_begin", &json);
}

/* Who sent the caller into the flow, and why; nothing when he came by himself. */
static void put_errand(struct text *json, const struct call *call)
{
    static const char *const modes[] = {
        [ERRAND_RELEASE] = "release", [ERRAND_SURVEY] = "survey", [ERRAND_SUSPEND] = "suspend"};

    if (call->errand.mode == ERRAND_NONE)
        return;
    put_text(json, "mode", modes[call->errand.mode]);
    put_int(json, "user_id", call->errand.user_id);
    put_id(json, "talk_id", &call->errand.talk);
    put_text(json, "target", call->errand.target);
}

/* What he was asked after (or before) a talk. Of the talk he came out of, or the last one. */
static void put_surveyed(struct telephony *t, struct text *json, const struct call *call)
{
    const struct dir_survey *survey = directory_survey(t->directory, call->center_id);
    uint8_t level = call->surveyed.level;
    bool talked = !uuid_is_null(&call->talk.id);

    if (!call->surveyed.asked_ms)
        return;
    put_int(json, "survey_asked_ms", call->surveyed.asked_ms);
    put_int_or_null(json, "survey_level", level, level != 0);
    put_text(json, "survey_name", level && survey ? survey->names[level - 1] : "");
    put_id(json, "survey_talk_id", &call->talk.id);
    put_int_or_null(json, "survey_user_id", call->talk.user_id, talked);
    put_int_or_null(json, "survey_queue_id", call->queue_id, talked && call->queue_id != 0);
}

void fact_ivr_begin(struct telephony *t, const struct call *call)
{
    struct text json = {0};

    put_id(&json, "visit_id", &call->ivr_visit);
    put_id(&json, "call_id", &call->id);
    put_int_or_null(&json, "flow_id", call->flow_id, call->flow_id != 0);
    put_int_or_null(&json, "flow_version", call->flow_version, call->flow_id != 0);
    put_int(&json, "t_start_ms", loop_wall_ms(t->loop));
    put_errand(&json, call);
    emit(t, call->center_id, "ivr_begin", &json);
}

void fact_ivr_key(struct telephony *t, const struct call *call, const struct ivr_command *key)
{
    static const char *const results[] = {"ok", "invalid", "no_input"};
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    char pressed[2] = {key->key, 0};
    struct text json = {0};

    put_id(&json, "key_id", &id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "visit_id", &call->ivr_visit);
    put_int(&json, "seq", key->seq);
    put_text(&json, "node", key->node);
    put_text(&json, "menu", key->title);
    put_text(&json, "key", pressed);
    put_text(&json, "result", results[key->result]);
    put_int(&json, "at_ms", now);
    emit(t, call->center_id, "ivr_key", &json);
}

void fact_ivr_end(struct telephony *t, const struct call *call, const char *exit)
{
    struct text json = {0};

    put_id(&json, "visit_id", &call->ivr_visit);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "t_end_ms", loop_wall_ms(t->loop));
    put_text(&json, "exit", exit);
    put_surveyed(t, &json, call);
    emit(t, call->center_id, "ivr_end", &json);
}

void fact_queue_enter(struct telephony *t, const struct call *call)
{
    struct text json = {0};

    put_id(&json, "visit_id", &call->queue_visit);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "queue_id", call->queue_id);
    put_int(&json, "t_q_in_ms", call->queued_ms);
    put_int(&json, "first_t_q_in_ms", call->first_queued_ms);
    put_int(&json, "priority", call->priority);
    emit(t, call->center_id, "queue_enter", &json);
}

void fact_queue_leave(struct telephony *t, const struct call *call, const char *outcome)
{
    struct text json = {0};

    put_id(&json, "visit_id", &call->queue_visit);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "queue_id", call->queue_id);
    put_int(&json, "t_q_out_ms", loop_wall_ms(t->loop));
    put_text(&json, "outcome", outcome);
    put_int(&json, "wait_ms", (int64_t)(loop_now_ms(t->loop) - call->queued_at));
    emit(t, call->center_id, "queue_leave", &json);
}

void fact_door_refused(struct telephony *t, const struct call *call, int32_t queue_id,
                       const char *cause)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    struct text json = {0};

    put_id(&json, "refusal_id", &id);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "queue_id", queue_id);
    put_int(&json, "at_ms", now);
    put_text(&json, "cause", cause);
    emit(t, call->center_id, "door_refused", &json);
}

/* --- offers and talks ----------------------------------------------------------------------- */

void fact_offer_begin(struct telephony *t, const struct call *call, const struct agent *agent,
                      const char *reason)
{
    struct text json = {0};

    put_id(&json, "offer_id", &agent->offer_id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "visit_id", &call->queue_visit);
    put_int(&json, "queue_id", agent->offer_queue);
    put_int(&json, "user_id", agent->user_id);
    put_int(&json, "t_ring_ms", agent->ring_ms);
    put_text(&json, "reason", reason);
    emit(t, agent->center_id, "offer_begin", &json);
}

void fact_offer_end(struct telephony *t, const struct agent *agent, const char *outcome)
{
    struct text json = {0};

    put_id(&json, "offer_id", &agent->offer_id);
    put_id(&json, "call_id", &agent->offer_call);
    put_int(&json, "queue_id", agent->offer_queue);
    put_int(&json, "user_id", agent->user_id);
    put_int(&json, "t_ring_end_ms", loop_wall_ms(t->loop));
    put_text(&json, "outcome", outcome);
    put_int(&json, "ring_ms", (int64_t)(loop_now_ms(t->loop) - agent->ring_at));
    emit(t, agent->center_id, "offer_end", &json);
}

static bool came_from_queue(const struct call *call)
{
    return call->queue_id != 0 && !call->outbound;
}

void fact_talk_begin(struct telephony *t, const struct call *call, const struct talk *talk)
{
    struct text json = {0};

    put_id(&json, "talk_id", &talk->id);
    put_id(&json, "call_id", &call->id);
    put_int_or_null(&json, "queue_id", call->queue_id, came_from_queue(call));
    put_int(&json, "user_id", talk->user_id);
    put_text(&json, "kind", talk->kind);
    put_int(&json, "t_ans_ms", talk->began_ms);
    emit(t, call->center_id, "talk_begin", &json);
}

void fact_talk_end(struct telephony *t, const struct call *call, const struct talk *talk,
                   int64_t talk_ms, const char *released_by)
{
    struct text json = {0};

    put_id(&json, "talk_id", &talk->id);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "user_id", talk->user_id);
    put_int(&json, "t_rel_ms", loop_wall_ms(t->loop));
    put_int(&json, "talk_ms", talk_ms);
    put_int(&json, "hold_ms", talk->hold_ms);
    put_text(&json, "released_by", released_by);
    put_name(&json, "passed_to");
    if (talk->passed_to)
        text_add_json(&json, talk->passed_to);
    else
        text_add(&json, "null");
    put_int_or_null(&json, "passed_id", talk->passed_id, talk->passed_id != 0);
    if (talk->joined) {
        put_name(&json, "joined");
        text_add(&json, "true");
    }
    emit(t, call->center_id, "talk_end", &json);
}

static void put_bot(struct text *json, const struct bot_visit *bot)
{
    put_int(json, "bot_peer_id", bot->peer_id);
    put_text(json, "bot_result", bot->result);
    put_int(json, "bot_rounds", bot->rounds);
    put_text(json, "bot_intent", bot->intent);
    put_text(json, "bot_summary", bot->summary);
}

void fact_bot_turn(struct telephony *t, const struct call *call, bool by_bot, int64_t at_ms,
                   const char *said)
{
    struct uuid id = uuid_new(loop_wall_ms(t->loop));
    struct text json = {0};

    put_id(&json, "turn_id", &id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "reach_id", &call->reach.id);
    put_text(&json, "who", by_bot ? "bot" : "caller");
    put_text(&json, "text", said);
    put_int(&json, "at_ms", at_ms);
    emit(t, call->center_id, "bot_turn", &json);
}

void fact_bot_slot(struct telephony *t, const struct call *call, const struct bot_slot *slot)
{
    struct uuid id = uuid_new(loop_wall_ms(t->loop));
    struct text json = {0};

    put_id(&json, "slot_id", &id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "reach_id", &call->reach.id);
    put_text(&json, "name", slot->name);
    put_text(&json, "value", slot->value);
    put_int(&json, "at_ms", loop_wall_ms(t->loop));
    emit(t, call->center_id, "bot_slot", &json);
}

void fact_outside_leg(struct telephony *t, const struct call *call, const struct reach *reach,
                      const struct leg *leg, const char *outcome, const char *released_by)
{
    static const char *const purposes[] = {"", "consult", "pass", "flow"};
    const struct dir_center *center = directory_center(t->directory, reach->to_center);
    bool help = reach->help && reach->purpose == REACH_CONSULT;
    int64_t talk_ms = reach->answered ? (int64_t)(loop_now_ms(t->loop) - reach->at) : 0;
    struct text json = {0};

    put_id(&json, "reach_id", &reach->id);
    put_id(&json, "call_id", &call->id);
    put_text(&json, "purpose", reach->bot ? "bot" : help ? "help" : purposes[reach->purpose]);
    if (reach->bot)
        put_bot(&json, &call->bot);
    put_int_or_null(&json, "user_id", reach->by, reach->by != 0);
    put_text(&json, "number", leg ? leg->dialed.number : "");
    put_text(&json, "to_center", center ? center->code : "");
    put_int_or_null(&json, "trunk_id", leg ? leg->dialed.trunk_id : 0,
                    leg && leg->dialed.trunk_id > 0);
    put_int(&json, "t_start_ms", reach->since_ms);
    put_int_or_null(&json, "t_ans_ms", reach->answered_ms, reach->answered);
    put_int(&json, "t_end_ms", loop_wall_ms(t->loop));
    put_int(&json, "talk_ms", talk_ms);
    put_text(&json, "outcome", outcome);
    put_text(&json, "released_by", released_by);
    put_name(&json, "joined");
    text_add(&json, reach->joined ? "true" : "false");
    put_name(&json, "passed");
    text_add(&json, reach->passed ? "true" : "false");
    emit(t, call->center_id, "outside_leg", &json);
}

void fact_hold_begin(struct telephony *t, const struct call *call)
{
    struct text json = {0};

    put_id(&json, "hold_id", &call->hold);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "talk_id", &call->talk.id);
    put_int(&json, "user_id", call->agent);
    put_int(&json, "t_start_ms", call->hold_since_ms);
    if (call->consult.by) { /* kpi S8: the agent asks somebody, he holds nobody */
        put_name(&json, "asking");
        text_add(&json, "true");
    }
    emit(t, call->center_id, "hold_begin", &json);
}

void fact_hold_end(struct telephony *t, const struct call *call)
{
    struct text json = {0};

    put_id(&json, "hold_id", &call->hold);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "t_end_ms", loop_wall_ms(t->loop));
    emit(t, call->center_id, "hold_end", &json);
}

void fact_acw_end(struct telephony *t, const struct agent *agent, const struct call *call)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    struct text json = {0};

    put_id(&json, "acw_id", &id);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "user_id", agent->user_id);
    put_int_or_null(&json, "queue_id", agent->acw_queue, agent->acw_queue != 0);
    put_int(&json, "t_start_ms", agent->acw_ms);
    put_int(&json, "t_end_ms", now);
    put_int(&json, "acw_ms", (int64_t)(loop_now_ms(t->loop) - agent->acw_at));
    emit(t, call->center_id, "acw_end", &json);
}

/* kpi E13: wait = answer or end, minus first entry; S12: it ends at the answer. */
static int64_t call_wait_ms(struct telephony *t, const struct call *call)
{
    uint64_t end = call->answered_at ? call->answered_at
                   : call->left_for  ? call->left_at
                                     : loop_now_ms(t->loop);

    return (int64_t)(end - call->first_queued_at);
}

void fact_call_end(struct telephony *t, const struct call *call, const char *outcome)
{
    const struct dir_queue *first = directory_queue(t->directory, call->first_queue_id);
    bool waited = call->first_queued_at != 0;
    struct text json = {0};

    put_id(&json, "call_id", &call->id);
    put_int(&json, "t_end_ms", call->ended_ms);
    put_text(&json, "outcome", outcome);
    put_text(&json, "end_reason", call->end_reason);
    put_int_or_null(&json, "first_queue_id", call->first_queue_id, call->first_queue_id != 0);
    put_int_or_null(&json, "wait_ms", waited ? call_wait_ms(t, call) : 0, call->asked_human);
    put_int_or_null(&json, "t_ans_ms",
                    call->outbound ? call->answered_ms
                                   : call->first_queued_ms +
                                         (int64_t)(call->answered_at - call->first_queued_at),
                    call->answered_at != 0);
    put_int(&json, "talk_ms", call->talk_ms);
    put_int(&json, "hold_ms", call->hold_ms);
    put_int_or_null(&json, "user_id", call->first_agent, call->first_agent != 0);
    put_int(&json, "sl_threshold_ms", first ? first->sl_threshold_ms : 20000);
    put_int(&json, "short_abandon_ms", first ? first->short_abandon_ms : 5000);
    emit(t, call->center_id, "call_end", &json);
}

void fact_wrap_up(struct telephony *t, const struct call *call, const struct agent *agent,
                  const char *code, const char *note)
{
    struct text json = {0};

    put_id(&json, "call_id", &call->id);
    put_int(&json, "user_id", agent->user_id);
    put_text(&json, "code", code);
    put_text(&json, "note", note);
    put_int(&json, "at_ms", loop_wall_ms(t->loop));
    emit(t, call->center_id, "wrap_up", &json);
}

void fact_audit(struct telephony *t, int32_t center_id, const struct agent *actor,
                const char *action, int32_t user_id, const char *detail)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    char object[16];
    struct text json = {0};

    snprintf(object, sizeof(object), "%d", user_id);
    put_id(&json, "id", &id);
    put_int(&json, "user_id", actor->user_id);
    put_text(&json, "action", action);
    put_text(&json, "object_kind", "user");
    put_text(&json, "object_id", object);
    put_text(&json, "detail", detail);
    put_text(&json, "address", actor->address);
    put_int(&json, "at_ms", now);
    emit(t, center_id, "audit", &json);
}

/* --- agents --------------------------------------------------------------------------------- */

void fact_session_begin(struct telephony *t, const struct agent *agent)
{
    struct text json = {0};

    put_id(&json, "session_id", &agent->session);
    put_int(&json, "user_id", agent->user_id);
    put_int(&json, "t_in_ms", agent->signed_in_ms);
    put_text(&json, "line", agent->line_kind == LINE_PHONE ? "phone" : "browser");
    put_text(&json, "address", agent->address);
    emit(t, agent->center_id, "agent_session_begin", &json);
}

void fact_session_end(struct telephony *t, const struct agent *agent, const char *reason)
{
    struct text json = {0};

    put_id(&json, "session_id", &agent->session);
    put_int(&json, "user_id", agent->user_id);
    put_int(&json, "t_out_ms", loop_wall_ms(t->loop));
    put_text(&json, "reason", reason);
    emit(t, agent->center_id, "agent_session_end", &json);
}

void fact_agent_state(struct telephony *t, const struct agent *agent, const char *reason_name)
{
    struct uuid id = uuid_new(agent->state_since_ms);
    struct text json = {0};

    put_id(&json, "state_id", &id);
    put_id(&json, "session_id", &agent->session);
    put_int(&json, "user_id", agent->user_id);
    put_text(&json, "state", agent_state_name(agent->state));
    put_int_or_null(&json, "reason_id", agent->reason_id, agent->reason_id > 0);
    put_text(&json, "reason", reason_name);
    put_int(&json, "t_start_ms", agent->state_since_ms);
    emit(t, agent->center_id, "agent_state", &json);
}

/* --- recordings, legs, trunks --------------------------------------------------------------- */

void fact_recording_begin(struct telephony *t, const struct call *call, const char *path)
{
    const struct uuid nobody = {{0}};
    bool by_agent = call->state != CALL_PASSED;
    struct text json = {0};

    put_id(&json, "recording_id", &call->recording_id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "talk_id", by_agent ? &call->talk.id : &nobody);
    put_int_or_null(&json, "user_id", call->agent, by_agent);
    put_text(&json, "path", path);
    put_int(&json, "t_start_ms", loop_wall_ms(t->loop));
    put_text(&json, "left", "caller");
    put_text(&json, "right", by_agent ? "agent" : call->reach.bot ? "bot" : "outside");
    emit(t, call->center_id, "recording_begin", &json);
}

void fact_message_begin(struct telephony *t, const struct call *call, const char *path)
{
    struct text json = {0};

    put_id(&json, "recording_id", &call->recording_id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "talk_id", &(struct uuid){{0}});
    put_int_or_null(&json, "user_id", 0, false);
    put_text(&json, "path", path);
    put_int(&json, "t_start_ms", loop_wall_ms(t->loop));
    put_text(&json, "left", "caller");
    put_text(&json, "right", "");
    put_text(&json, "scene", dir_scene_name((enum dir_scene)call->message.scene));
    emit(t, call->center_id, "recording_begin", &json);
}

/* A key of his path like any other, which says more. */
void fact_callback_asked(struct telephony *t, struct call *call, const struct dir_place *to,
                         int32_t queue_id)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    struct text json = {0};
    char place[80];

    snprintf(place, sizeof(place), "%s%s%s", to->province,
             to->province[0] && to->city[0] ? " " : "", to->city);
    put_id(&json, "key_id", &id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "visit_id", &call->ivr_visit);
    put_int(&json, "seq", ++call->ivr.key_seq);
    put_text(&json, "node", "callback");
    put_text(&json, "menu", "登记回拨");
    put_text(&json, "key", "");
    put_text(&json, "result", "ok");
    put_int(&json, "at_ms", now);
    put_text(&json, "callback_no", to->number);
    put_text(&json, "callback_place", place);
    put_int_or_null(&json, "queue_id", queue_id, queue_id != 0);
    put_int_or_null(&json, "first_ms", call->first_queued_ms, call->first_queued_ms != 0);
    emit(t, call->center_id, "ivr_key", &json);
}

void fact_recording_end(struct telephony *t, const struct recording_note *note,
                        const struct media_recorded *recorded)
{
    struct text json = {0};

    put_id(&json, "recording_id", &note->id);
    put_id(&json, "call_id", &note->call_id);
    put_int(&json, "length_ms", recorded->length_ms);
    put_int(&json, "size", recorded->size);
    put_text(&json, "sha256", recorded->sha256);
    put_text(&json, "error", recorded->error ? strerror(recorded->error) : "");
    if (note->message)
        put_int(&json, "speech_ms", recorded->speech_ms);
    emit(t, note->center_id, "recording_end", &json);
}

static void emit_quality(struct telephony *t, const struct leg *leg, const struct uuid *id,
                         const struct measured_talk *talk, const struct media_stats *stats)
{
    static const char *const parties[] = {[LEG_TRUNK] = "caller",
                                          [LEG_OUTSIDE] = "outside",
                                          [LEG_PHONE] = "agent",
                                          [LEG_LINE] = "agent"};
    struct text json = {0};

    put_id(&json, "leg_id", id);
    put_id(&json, "call_id", &talk->call_id);
    put_int_or_null(&json, "user_id", leg->user_id, leg->user_id != 0);
    put_text(&json, "party", parties[leg->kind]);
    put_text(&json, "transport", leg->kind == LEG_LINE ? "line" : "rtp");
    put_int(&json, "packets_sent", (int64_t)stats->packets_sent);
    put_int(&json, "packets_received", (int64_t)stats->packets_received);
    put_int(&json, "packets_lost", (int64_t)stats->packets_lost);
    put_int(&json, "packets_discarded", (int64_t)stats->packets_discarded);
    put_int(&json, "jitter_us", stats->jitter_us);
    put_int(&json, "remote_jitter_us", stats->remote_jitter_us);
    put_int(&json, "remote_lost", stats->remote_lost);
    put_int_or_null(&json, "round_trip_us", stats->round_trip_us, stats->round_trip_us >= 0);
    put_name(&json, "mos");
    if (stats->mos_x100)
        text_addf(&json, "%u.%02u", stats->mos_x100 / 100u, stats->mos_x100 % 100u);
    else
        text_add(&json, "null");
    emit(t, talk->center_id, "leg_quality", &json);
}

void fact_leg_quality(struct telephony *t, const struct leg *leg, const struct media_stats *stats)
{
    const struct measured_talk life = {leg->call_id, leg->center_id};

    emit_quality(t, leg, &leg->id, &life, stats);
}

void fact_talk_quality(struct telephony *t, const struct leg *leg, const struct measured_talk *talk,
                       const struct media_stats *stats)
{
    struct uuid id = uuid_new(loop_wall_ms(t->loop));

    emit_quality(t, leg, &id, talk, stats);
}

void fact_unrecorded(struct telephony *t, int32_t center_id, const struct uuid *call_id,
                     const char *why)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    struct text json = {0};

    put_id(&json, "id", &id);
    put_id(&json, "call_id", call_id);
    put_text(&json, "why", why);
    put_int(&json, "at_ms", now);
    emit(t, center_id, "unrecorded", &json);
}

/* Trunks belong to the region: its center's id stands on the fact. */
void fact_trunk_state(struct telephony *t, int32_t trunk_id, const char *state)
{
    int64_t now = loop_wall_ms(t->loop);
    struct uuid id = uuid_new(now);
    struct text json = {0};
    size_t count;
    const struct dir_center *centers = directory_centers(t->directory, &count);
    int32_t region = 0;

    for (size_t i = 0; i < count; i++)
        if (centers[i].regional)
            region = centers[i].id;
    put_id(&json, "id", &id);
    put_int(&json, "trunk_id", trunk_id);
    put_text(&json, "state", state);
    put_int(&json, "at_ms", now);
    emit(t, region, "trunk_state", &json);
}
