/* Live documents: what pages see of agents, queues and waiting calls (docs/api.md, events). */
#include <stdio.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/centers.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/reach.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"

#define VIEWS_EVERY_MS 200 /* queue figures are said at most this often per center */
#define WAITING_SHOWN  100

const char *agent_state_name(enum acd_agent_state state)
{
    static const char *const names[] = {
        [ACD_SIGNED_OUT] = "signed_out",
        [ACD_READY] = "ready",
        [ACD_BUSY] = "busy",
        [ACD_REST] = "rest",
        [ACD_RING] = "ring",
        [ACD_TALK] = "talk",
        [ACD_ACW] = "acw",
    };

    return names[state];
}

static void add_text(struct text *out, const char *name, const char *value)
{
    text_add_name(out, ',', name);
    text_add_json(out, value);
}

static void add_int(struct text *out, const char *name, int64_t value)
{
    text_add_name(out, ',', name);
    text_add_int(out, value);
}

static void add_word(struct text *out, const char *name, const char *word)
{
    text_add_name(out, ',', name);
    text_add(out, word);
}

static void add_bool(struct text *out, const char *name, bool value)
{
    add_word(out, name, value ? "true" : "false");
}

static void begin(struct text *out, const char *name, int64_t value)
{
    text_add_name(out, '{', name);
    text_add_int(out, value);
}

static void add_ms_or_null(struct text *out, const char *name, int64_t value)
{
    if (value)
        add_int(out, name, value);
    else
        add_word(out, name, "null");
}

/* 138****2046: enough to tell callers apart on a wall, not enough to phone them. */
static void add_masked(struct text *out, const char *name, const char *number)
{
    char masked[SIP_NUMBER_SIZE];
    size_t length;

    text_copy(masked, sizeof(masked), number);
    length = strlen(masked);
    if (length >= 7)
        memset(masked + length - 8 + (length < 8), '*', 4);
    else if (length)
        memset(masked, '*', length);
    add_text(out, name, masked);
}

static const char *queue_name(struct telephony *t, int32_t queue_id)
{
    const struct dir_queue *queue = directory_queue(t->directory, queue_id);

    return queue ? queue->name : "";
}

static const char *reason_text(struct telephony *t, const struct agent *agent)
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

static const char *line_state_name(struct telephony *t, const struct agent *agent)
{
    static const char *const names[] = {
        [MEDIA_LINE_CONNECTING] = "connecting",
        [MEDIA_LINE_UP] = "up",
        [MEDIA_LINE_LOST] = "lost",
        [MEDIA_LINE_CLOSED] = "none",
    };

    if (agent->line_kind == LINE_PHONE && agent->signed_in)
        return sip_phone_is_registered(t->sip, agent->user_id) ? "up" : "lost";
    return names[agent->line_state];
}

/* --- one agent's own document --------------------------------------------------------------- */

static void add_path(struct text *out, const struct call *call)
{
    static const char *const results[] = {"ok", "invalid", "no_input"};

    text_add(out, ",\"ivr_path\":[");
    for (unsigned i = 0; i < call->key_count; i++) {
        const struct call_key *key = &call->keys[i];
        char pressed[2] = {key->key, 0};

        text_add(out, i ? ",{\"menu\":" : "{\"menu\":");
        text_add_json(out, key->menu);
        add_text(out, "key", pressed);
        add_text(out, "result", results[key->result]);
        add_int(out, "at_ms", key->at_ms);
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

    add_int(out, "user_id", user_id);
    add_text(out, "agent_no", person ? person->agent_no : "");
    add_text(out, "name", person ? person->name : "");
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
    begin(out, "by_user_id", consult->by);
    add_text(out, "by_agent_no", by ? by->agent_no : "");
    add_text(out, "by_name", by ? by->name : "");
    add_agent_named(t, out, consult->user_id);
    add_text(out, "number", consult->user_id ? "" : number_outside(t, call));
    add_text(out, "kind", consult->help ? "help" : "consult");
    add_text(out, "center_name", consult->user_id ? "" : center_outside(t, call));
    add_text(out, "state",
             !consult_is_up(call) ? "ringing"
             : consult->joined    ? "joined"
                                  : "talking");
    add_ms_or_null(out, "since_ms", consult_is_up(call) ? since_ms : 0);
    text_add(out, "}");
}

/* "bot": what the voice bot learnt; null when the caller was with none. */
static void add_bot(struct text *out, const struct bot_visit *bot)
{
    text_add(out, ",\"bot\":");
    if (!bot->result) {
        text_add(out, "null");
        return;
    }
    begin(out, "rounds", bot->rounds);
    add_text(out, "result", bot->result);
    add_text(out, "intent", bot->intent);
    add_text(out, "summary", bot->summary);
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
    begin(out, "by_user_id", pass->by);
    add_text(out, "by_agent_no", by ? by->agent_no : "");
    add_text(out, "by_name", by ? by->name : "");
    add_agent_named(t, out, pass->user_id);
    add_text(out, "number", pass->user_id ? "" : number_outside(t, call));
    add_text(out, "center_name", pass->user_id ? "" : center_outside(t, call));
    add_text(out, "state",
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
        add_text(out, "name", person ? person->name : "");
        text_add(out, "}");
        return;
    }
    add_word(out, "leader", "null");
}

/* Where the caller is while his agent waits for him, and whether he may be asked how it was. */
static void add_errand(struct telephony *t, struct text *out, const struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    add_bool(out, "survey",
             !call->outbound && queue && queue->survey &&
                 directory_survey(t->directory, call->center_id));
    if (!errand_is_out(call)) {
        add_word(out, "flow", "null");
        return;
    }
    text_add(out, ",\"flow\":{\"target\":");
    text_add_json(out, call->errand.target);
    add_int(out, "since_ms", call->errand.since_ms);
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
        add_word(out, "media", "null");
        return;
    }
    text_add(out, ",\"media\":");
    begin(out, "task", said->task);
    add_text(out, "kind", said->asks ? "collect" : "play");
    add_text(out, "state", states[said->state]);
    add_text(out, "digits", said->digits);
    text_add(out, "}");
}

/* "handed": what the agent before has typed of the registration; null for himself. */
static void add_handed(struct telephony *t, struct text *out, const struct call *call,
                       int32_t user_id)
{
    const struct call_side *side = call_beside(t, call);

    if (!side->handed || side->handed_by == user_id) {
        add_word(out, "handed", "null");
        return;
    }
    text_add(out, ",\"handed\":");
    begin(out, "center_id", call->center_id);
    add_agent_named(t, out, side->handed_by);
    add_word(out, "draft", side->handed);
    text_add(out, "}");
}

static bool is_muted(const struct call *call, int32_t user_id)
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
        add_word(out, "recording", "null");
        return;
    }
    text_add(out, ",\"recording\":{\"rule\":");
    text_add_json(out, rules[wish->rule]);
    add_text(out, "state",
             call->recording       ? "on"
             : wish->paused_at     ? "paused"
             : record_is_due(call) ? "failed"
                                   : "off");
    add_bool(out, "may_pause", wish->rule == DIR_RECORD_ALWAYS && pause_s != 0);
    add_ms_or_null(out, "resumes_ms",
                   wish->paused_at ? wish->paused_ms + (int64_t)pause_s * 1000 : 0);
    text_add(out, "}");
}

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

static void add_call(struct telephony *t, struct text *out, const struct call *call,
                     const struct agent *agent)
{
    static const char *const sources[] = {"direct", "from_12366", "from_city"};
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    char id[UUID_TEXT_SIZE];
    bool ringing = agent->state == ACD_RING;

    text_add_name(out, '{', "call_id");
    text_add_json(out, uuid_text(&call->id, id));
    add_text(out, "direction", call->outbound ? "out" : "in");
    add_bool(out, "dialing", call->state == CALL_DIALING);
    add_text(out, "party_no", call_party(call));
    add_text(out, "caller_no", call->caller);
    add_text(out, "caller_place", call->place_text);
    add_text(out, "caller_city", call->place_city);
    add_text(out, "called_no", call->called);
    add_int(out, "center_id", call->center_id);
    add_text(out, "center_name", center ? center->name : "");
    add_int(out, "queue_id", call->outbound ? 0 : call->queue_id);
    add_text(out, "queue_name", call->outbound ? "" : queue_name(t, call->queue_id));
    add_text(out, "source", sources[call->source]);
    add_text(out, "info_source", call_is_of_12366(call) ? "r12366" : "city");
    add_text(out, "unit_type", units[call->source]);
    text_add_name(out, ',', "transfer");
    centers_call_json(t, call, out);
    add_path(out, call);
    add_int(out, "began_ms", call->began_ms);
    add_ms_or_null(out, "queued_ms", call->queued_ms);
    add_ms_or_null(out, "ring_ms", agent->ring_ms);
    add_ms_or_null(out, "answered_ms", ringing ? 0 : call->answered_ms);
    add_ms_or_null(out, "ended_ms", agent->state == ACD_ACW ? call->ended_ms : 0);
    add_text(out, "offer_reason", call->offer_reason);
    add_bool(out, "wrap_up_required", agent->wrap_up_required);
    add_bool(out, "wrap_up_saved", agent->wrap_up_saved);
    add_bool(out, "line_away", talk_line_is_away(t, call, agent));
    add_ms_or_null(out, "held_since_ms", call->hold_at ? call->hold_since_ms : 0);
    add_bool(out, "muted", is_muted(call, agent->user_id));
    add_recording(t, out, call);
    add_consult(t, out, call);
    add_bot(out, &call->bot);
    if (call->consult_failed)
        add_text(out, "consult_failed", call->consult_failed);
    else
        add_word(out, "consult_failed", "null");
    add_pass(t, out, call);
    add_leader(t, out, call, agent->user_id);
    add_errand(t, out, call);
    add_said(out, &call->said);
    add_handed(t, out, call, agent->user_id);
    add_ms_or_null(out, "wrap_up_deadline_ms", agent->acw_deadline_ms);
    text_add(out, "}");
}

static void add_agent_line(struct telephony *t, struct text *out, const struct agent *agent)
{
    text_add(out, agent->line_kind == LINE_PHONE ? ",\"line\":{\"kind\":\"phone\""
                                                 : ",\"line\":{\"kind\":\"browser\"");
    add_text(out, "state", line_state_name(t, agent));
    text_add(out, "}");
}

/* What a leader does beside an agent's call, and that his microphone is shut. */
static void add_watch(struct telephony *t, struct text *out, const struct call *call,
                      const struct agent *leader)
{
    const struct dir_agent *person = directory_agent(t->directory, leader->watch.user_id);
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    char id[UUID_TEXT_SIZE];

    text_add_name(out, '{', "mode");
    text_add_json(out, leader_mode(leader));
    add_int(out, "user_id", leader->watch.user_id);
    add_text(out, "agent_no", person ? person->agent_no : "");
    add_text(out, "name", person ? person->name : "");
    add_text(out, "center_name", center ? center->name : "");
    add_text(out, "call_id", uuid_text(&call->id, id));
    add_masked(out, "party_no", call_party(call));
    add_int(out, "since_ms", leader->watch.talk.began_ms);
    add_bool(out, "muted", is_muted(call, leader->user_id));
    text_add(out, "}");
}

void telephony_agent_json(struct telephony *t, int32_t user_id, struct text *out)
{
    const struct dir_agent *person = directory_agent(t->directory, user_id);
    const struct agent *agent = agent_find(t, user_id);
    struct acd_agent_view view;
    struct call *call;

    text_add_name(out, '{', "signed_in");
    text_add(out, agent && agent->signed_in ? "true" : "false");
    add_int(out, "user_id", user_id);
    add_text(out, "agent_no", person ? person->agent_no : "");
    add_text(out, "name", person ? person->name : "");
    add_int(out, "now_ms", loop_wall_ms(t->loop));
    if (!agent || !agent->signed_in || !acd_agent_view(t->acd, user_id, &view)) {
        if (agent)
            add_agent_line(t, out, agent);
        else
            text_add(out, ",\"line\":{\"kind\":\"browser\",\"state\":\"none\"}");
        text_add(out, ",\"state\":\"signed_out\",\"call\":null,\"watch\":null}");
        return;
    }
    add_text(out, "state", agent_state_name(agent->state));
    add_int(out, "reason_id", agent->reason_id);
    add_text(out, "reason", reason_text(t, agent));
    add_int(out, "since_ms", agent->state_since_ms);
    if (view.next_state == ACD_SIGNED_OUT)
        add_word(out, "next_state", "null");
    else
        add_text(out, "next_state", agent_state_name(view.next_state));
    add_agent_line(t, out, agent);
    add_int(out, "answered", view.answered);
    text_add(out, ",\"call\":");
    call = call_find(t, agent->call);
    if (call && !agent->watch.user_id &&
        (agent->state == ACD_RING || agent->state == ACD_TALK || agent->state == ACD_ACW))
        add_call(t, out, call, agent);
    else
        text_add(out, "null");
    text_add(out, ",\"watch\":");
    if (call && agent->watch.user_id)
        add_watch(t, out, call, agent);
    else
        text_add(out, "null");
    text_add(out, "}");
}

/* --- seats, queues, waiting calls ----------------------------------------------------------- */

/* The wall shows the seats of chosen queues. */
static void add_seat_queues(struct telephony *t, struct text *out, int32_t user_id)
{
    size_t count;
    const struct dir_member *members = directory_members_of(t->directory, user_id, &count);

    text_add(out, ",\"queues\":[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_add(out, ",");
        text_add_int(out, members[i].queue_id);
    }
    text_add(out, "]");
}

static void add_seat(struct telephony *t, struct text *out, const struct agent *agent)
{
    const struct dir_agent *person = directory_agent(t->directory, agent->user_id);
    struct call *call = call_find(t, agent->call);
    struct acd_agent_view view = {0};
    char id[UUID_TEXT_SIZE];

    (void)acd_agent_view(t->acd, agent->user_id, &view);
    begin(out, "center_id", agent->center_id);
    add_int(out, "user_id", agent->user_id);
    add_text(out, "agent_no", person ? person->agent_no : "");
    add_text(out, "name", person ? person->name : "");
    add_int(out, "team_id", person ? person->team_id : 0);
    add_text(out, "state", agent->signed_in ? agent_state_name(agent->state) : "signed_out");
    add_text(out, "reason", reason_text(t, agent));
    add_int(out, "since_ms", agent->state_since_ms);
    add_text(out, "line_state", line_state_name(t, agent));
    add_int(out, "answered", view.answered);
    add_seat_queues(t, out, agent->user_id);
    add_int(out, "watches", agent->watch.user_id);
    if (call && !agent->watch.user_id && (agent->state == ACD_RING || agent->state == ACD_TALK)) {
        text_add(out, call->outbound ? ",\"call\":{\"direction\":\"out\""
                                     : ",\"call\":{\"direction\":\"in\"");
        add_text(out, "call_id", uuid_text(&call->id, id));
        add_text(out, "queue_name", call->outbound ? "" : queue_name(t, call->queue_id));
        add_masked(out, "party_no", call_party(call));
        add_ms_or_null(out, "answered_ms", agent->state == ACD_TALK ? call->answered_ms : 0);
        text_add(out, "}}");
    } else {
        text_add(out, ",\"call\":null}");
    }
}

void telephony_colleagues_json(struct telephony *t, int32_t center_id, int32_t user_id,
                               struct text *out)
{
    bool any = false;
    handle_t handle;

    text_add(out, "[");
    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));) {
        const struct dir_agent *person = directory_agent(t->directory, a->user_id);
        if (!person || !a->signed_in || a->center_id != center_id || a->user_id == user_id)
            continue;
        if (any)
            text_add(out, ",");
        any = true;
        begin(out, "user_id", a->user_id);
        add_text(out, "agent_no", person->agent_no);
        add_text(out, "name", person->name);
        add_text(out, "state", agent_state_name(a->state));
        add_bool(out, "line_up", agent_line_is_up(t, a));
        text_add(out, "}");
    }
    text_add(out, "]");
}

/* oldest first entry as a wall time: pages count up from it */
static int64_t wall_of(struct telephony *t, uint64_t monotonic)
{
    return loop_wall_ms(t->loop) - (int64_t)(loop_now_ms(t->loop) - monotonic);
}

static void add_queue(struct telephony *t, struct text *out, const struct dir_queue *queue)
{
    struct acd_queue_view view = {.oldest_first_entry = UINT64_MAX};

    (void)acd_queue_view(t->acd, queue->acd.id, &view);
    begin(out, "center_id", queue->acd.center_id);
    add_int(out, "queue_id", queue->acd.id);
    add_text(out, "name", queue->name);
    add_int(out, "waiting", view.waiting);
    if (view.oldest_first_entry == UINT64_MAX)
        add_word(out, "oldest_ms", "null");
    else
        add_int(out, "oldest_ms", wall_of(t, view.oldest_first_entry));
    add_int(out, "signed_in", view.signed_in);
    add_int(out, "available", view.available);
    text_add(out, "}");
}

static void add_waiting_call(struct telephony *t, struct text *out, const struct call *call)
{
    const struct dir_agent *person =
        call->ringing_at ? directory_agent(t->directory, call->ringing_at) : NULL;
    char id[UUID_TEXT_SIZE];

    text_add_name(out, '{', "call_id");
    text_add_json(out, uuid_text(&call->id, id));
    add_masked(out, "caller_no", call->caller);
    add_int(out, "queue_id", call->queue_id);
    add_text(out, "queue_name", queue_name(t, call->queue_id));
    add_int(out, "since_ms", wall_of(t, call->first_queued_at));
    add_int(out, "priority", call->priority);
    add_int(out, "position", acd_position(t->acd, call->entry));
    if (person)
        add_text(out, "ringing", person->agent_no);
    else
        add_word(out, "ringing", "null");
    text_add(out, "}");
}

static void add_waiting(struct telephony *t, struct text *out, const struct center_state *center)
{
    const struct call *call = call_find(t, center->waiting_head);

    text_add(out, "[");
    for (unsigned shown = 0; call && shown < WAITING_SHOWN; shown++) {
        if (shown)
            text_add(out, ",");
        add_waiting_call(t, out, call);
        call = call_find(t, call->waiting_next);
    }
    text_add(out, "]");
}

static void add_trunks(struct telephony *t, struct text *out, int32_t only)
{
    static const char *const states[] = {"unknown", "up", "down", "disabled"};
    unsigned count, shown = 0;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);

    for (unsigned i = 0; i < count; i++) {
        if (only && trunks[i].id != only)
            continue;
        text_addf(out, "%s{\"trunk_id\":%d", shown++ ? "," : "", trunks[i].id);
        add_text(out, "name", trunks[i].name);
        add_text(out, "state", states[sip_trunk_state(t->sip, trunks[i].id)]);
        add_int(out, "channels", sip_trunk_channels(t->sip, trunks[i].id));
        add_int(out, "max_channels", trunks[i].max_channels);
        text_add(out, "}");
    }
}

void telephony_center_json(struct telephony *t, int32_t center_id, struct text *out)
{
    const struct center_state *center = center_find(t, center_id);
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);
    handle_t handle;
    bool first = true;

    text_add(out, "\"queues\":[");
    for (size_t i = 0; i < count; i++)
        if (queues[i].acd.center_id == center_id) {
            text_add(out, first ? "" : ",");
            add_queue(t, out, &queues[i]);
            first = false;
        }
    text_add(out, "],\"seats\":[");
    first = true;
    for (const struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        if (a->center_id == center_id && a->signed_in) {
            text_add(out, first ? "" : ",");
            add_seat(t, out, a);
            first = false;
        }
    text_add(out, "],\"waiting\":");
    if (center)
        add_waiting(t, out, center);
    else
        text_add(out, "[]");
}

void telephony_trunks_json(struct telephony *t, struct text *out)
{
    text_add(out, "[");
    add_trunks(t, out, 0);
    text_add(out, "]");
}

/* --- events --------------------------------------------------------------------------------- */

static bool is_heard(struct telephony *t, const char *type, int32_t center_id, int32_t user_id)
{
    return !t->handlers.is_heard || t->handlers.is_heard(type, center_id, user_id, t->arg);
}

/* Says what json holds, and empties it for the next one; nothing printed = nobody listens. */
static void say(struct telephony *t, const char *type, int32_t center_id, int32_t user_id,
                struct text *json)
{
    struct telephony_event event = {type, center_id, user_id, json->length ? json->data : NULL};

    if (json->failed)
        log_error("telephony", "no_memory", "event=%s", type);
    else if (t->handlers.on_event)
        t->handlers.on_event(&event, t->arg);
    text_clear(json);
}

static void say_agent(struct telephony *t, const struct agent *agent, struct text *json)
{
    if (is_heard(t, "agent", agent->center_id, agent->user_id))
        telephony_agent_json(t, agent->user_id, json);
    say(t, "agent", agent->center_id, agent->user_id, json);
    if (is_heard(t, "seat", agent->center_id, 0))
        add_seat(t, json, agent);
    say(t, "seat", agent->center_id, 0, json);
}

void view_agent_changed(struct telephony *t, struct agent *agent)
{
    if (agent->view_due)
        return;
    agent->view_due = true;
    if (!t->changed_agent_count)
        loop_timer_start(&t->agent_views_timer, 0);
    t->changed_agents[t->changed_agent_count++] = agent;
}

void agent_views_timer_fired(void *arg)
{
    struct telephony *t = arg;
    struct text json = {0};

    for (uint32_t i = 0; i < t->changed_agent_count; i++) {
        t->changed_agents[i]->view_due = false;
        say_agent(t, t->changed_agents[i], &json);
    }
    t->changed_agent_count = 0;
    text_done(&json);
}

void view_trunk_changed(struct telephony *t, int32_t trunk_id)
{
    struct text json = {0};

    add_trunks(t, &json, trunk_id);
    if (json.length)
        say(t, "trunk", 0, 0, &json);
    text_done(&json);
}

void view_queue_changed(struct telephony *t, int32_t center_id)
{
    struct center_state *center = center_find(t, center_id);

    if (!center)
        return;
    center->dirty = true;
    if (t->views_due)
        return;
    t->views_due = true;
    loop_timer_start(&t->views_timer, VIEWS_EVERY_MS);
}

static void say_center(struct telephony *t, const struct center_state *center)
{
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);
    struct text json = {0};

    for (size_t i = 0; i < count; i++)
        if (queues[i].acd.center_id == center->id) {
            if (is_heard(t, "queue", center->id, 0))
                add_queue(t, &json, &queues[i]);
            say(t, "queue", center->id, 0, &json);
        }
    if (is_heard(t, "waiting", center->id, 0)) {
        text_addf(&json, "{\"center_id\":%d,\"calls\":", center->id);
        add_waiting(t, &json, center);
        text_add(&json, "}");
    }
    say(t, "waiting", center->id, 0, &json);
    text_done(&json);
}

void views_timer_fired(void *arg)
{
    struct telephony *t = arg;

    t->views_due = false;
    for (size_t i = 0; i < t->center_count; i++)
        if (t->centers[i].dirty) {
            t->centers[i].dirty = false;
            say_center(t, &t->centers[i]);
        }
}
