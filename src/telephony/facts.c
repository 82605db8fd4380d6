/* Facts: one function per kind of docs/facts.md, each printing its flat payload. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>

#include "telephony/calls.h"

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

void fact_call_begin(struct telephony *t, const struct call *call, bool test)
{
    static const char *const sources[] = {"direct", "from_12366", "from_city"};
    static const char *const units[] = {"self", "from_12366", "from_city"};
    struct text json = {0};

    put_id(&json, "call_id", &call->id);
    put_id(&json, "global_call_id", &call->global_id);
    put_text(&json, "direction", call->outbound ? "out" : "in");
    put_text(&json, "source", sources[call->source]);
    put_text(&json, "info_source", call->regional ? "r12366" : "city");
    put_text(&json, "unit_type", units[call->source]);
    put_int_or_null(&json, "trunk_id", call->trunk_id, call->trunk_id != 0);
    put_text(&json, "entry_code", call->outbound ? "" : call->called);
    put_text(&json, "caller_no", call->caller);
    put_text(&json, "caller_province", call->place_province);
    put_text(&json, "caller_city", call->place_city);
    put_text(&json, "caller_place", call->place_text);
    put_text(&json, "called_no", call->called);
    put_int(&json, "t_in_ms", call->began_ms);
    put_name(&json, "test");
    text_add(&json, test ? "true" : "false");
    emit(t, call->center_id, "call_begin", &json);
}

void fact_ivr_begin(struct telephony *t, const struct call *call)
{
    struct text json = {0};

    put_id(&json, "visit_id", &call->ivr_visit);
    put_id(&json, "call_id", &call->id);
    put_int(&json, "flow_id", call->flow_id);
    put_int(&json, "flow_version", call->flow_version);
    put_int(&json, "t_start_ms", loop_wall_ms(t->loop));
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
    emit(t, call->center_id, "talk_end", &json);
}

void fact_hold_begin(struct telephony *t, const struct call *call)
{
    struct text json = {0};

    put_id(&json, "hold_id", &call->hold);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "talk_id", &call->talk.id);
    put_int(&json, "user_id", call->agent);
    put_int(&json, "t_start_ms", call->hold_since_ms);
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
    uint64_t end = call->answered_at ? call->answered_at : loop_now_ms(t->loop);

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
    struct text json = {0};

    put_id(&json, "recording_id", &call->recording_id);
    put_id(&json, "call_id", &call->id);
    put_id(&json, "talk_id", &call->talk.id);
    put_int(&json, "user_id", call->agent);
    put_text(&json, "path", path);
    put_int(&json, "t_start_ms", loop_wall_ms(t->loop));
    put_text(&json, "left", "caller");
    put_text(&json, "right", "agent");
    emit(t, call->center_id, "recording_begin", &json);
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
    emit(t, note->center_id, "recording_end", &json);
}

static void emit_quality(struct telephony *t, const struct leg *leg, const struct uuid *id,
                         const struct measured_talk *talk, const struct media_stats *stats)
{
    struct text json = {0};

    put_id(&json, "leg_id", id);
    put_id(&json, "call_id", &talk->call_id);
    put_int_or_null(&json, "user_id", leg->user_id, leg->user_id != 0);
    put_text(&json, "party", leg->kind == LEG_TRUNK ? "caller" : "agent");
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
