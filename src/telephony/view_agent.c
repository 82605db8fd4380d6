/* An agent as he sees himself and as others see his seat (docs/api.md, events). */
#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/json.h"
#include "telephony/leader.h"
#include "telephony/room.h"
#include "telephony/views.h"

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

const char *agent_reason_name(struct telephony *t, const struct agent *agent)
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

/* --- his own document ----------------------------------------------------------------------- */

static void add_agent_line(struct telephony *t, struct text *out, const struct agent *agent)
{
    text_add(out, agent->line_kind == LINE_PHONE ? ",\"line\":{\"kind\":\"phone\""
                                                 : ",\"line\":{\"kind\":\"browser\"");
    json_text(out, "state", line_state_name(t, agent));
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
    json_int(out, "user_id", leader->watch.user_id);
    json_text(out, "agent_no", person ? person->agent_no : "");
    json_text(out, "name", person ? person->name : "");
    json_text(out, "center_name", center ? center->name : "");
    json_text(out, "call_id", uuid_text(&call->id, id));
    json_masked(out, "party_no", call_party(call));
    json_int(out, "since_ms", leader->watch.talk.began_ms);
    json_bool(out, "muted", view_is_muted(call, leader->user_id));
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
    json_int(out, "user_id", user_id);
    json_text(out, "agent_no", person ? person->agent_no : "");
    json_text(out, "name", person ? person->name : "");
    json_int(out, "now_ms", loop_wall_ms(t->loop));
    if (!agent || !agent->signed_in || !acd_agent_view(t->acd, user_id, &view)) {
        if (agent)
            add_agent_line(t, out, agent);
        else
            text_add(out, ",\"line\":{\"kind\":\"browser\",\"state\":\"none\"}");
        text_add(out, ",\"state\":\"signed_out\",\"call\":null,\"watch\":null}");
        return;
    }
    json_text(out, "state", agent_state_name(agent->state));
    json_int(out, "reason_id", agent->reason_id);
    json_text(out, "reason", agent_reason_name(t, agent));
    json_int(out, "since_ms", agent->state_since_ms);
    if (view.next_state == ACD_SIGNED_OUT)
        json_word(out, "next_state", "null");
    else
        json_text(out, "next_state", agent_state_name(view.next_state));
    add_agent_line(t, out, agent);
    json_int(out, "answered", view.answered);
    text_add(out, ",\"call\":");
    call = call_find(t, agent->call);
    if (call && !agent->watch.user_id &&
        (agent->state == ACD_RING || agent->state == ACD_TALK || agent->state == ACD_ACW))
        view_add_call(t, out, call, agent);
    else
        text_add(out, "null");
    text_add(out, ",\"watch\":");
    if (call && agent->watch.user_id)
        add_watch(t, out, call, agent);
    else
        text_add(out, "null");
    text_add(out, "}");
}

/* --- seats and colleagues ------------------------------------------------------------------- */

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

void view_add_seat(struct telephony *t, struct text *out, const struct agent *agent)
{
    const struct dir_agent *person = directory_agent(t->directory, agent->user_id);
    struct call *call = call_find(t, agent->call);
    struct acd_agent_view view = {0};
    char id[UUID_TEXT_SIZE];

    (void)acd_agent_view(t->acd, agent->user_id, &view);
    json_begin(out, "center_id", agent->center_id);
    json_int(out, "user_id", agent->user_id);
    json_text(out, "agent_no", person ? person->agent_no : "");
    json_text(out, "name", person ? person->name : "");
    json_int(out, "team_id", person ? person->team_id : 0);
    json_text(out, "state", agent->signed_in ? agent_state_name(agent->state) : "signed_out");
    json_text(out, "reason", agent_reason_name(t, agent));
    json_int(out, "since_ms", agent->state_since_ms);
    json_text(out, "line_state", line_state_name(t, agent));
    json_int(out, "answered", view.answered);
    add_seat_queues(t, out, agent->user_id);
    json_int(out, "watches", agent->watch.user_id);
    if (call && !agent->watch.user_id && (agent->state == ACD_RING || agent->state == ACD_TALK)) {
        text_add(out, call->outbound ? ",\"call\":{\"direction\":\"out\""
                                     : ",\"call\":{\"direction\":\"in\"");
        json_text(out, "call_id", uuid_text(&call->id, id));
        json_text(out, "queue_name", call->outbound ? "" : view_queue_name(t, call->queue_id));
        json_masked(out, "party_no", call_party(call));
        json_ms_or_null(out, "answered_ms", agent->state == ACD_TALK ? call->answered_ms : 0);
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
        json_begin(out, "user_id", a->user_id);
        json_text(out, "agent_no", person->agent_no);
        json_text(out, "name", person->name);
        json_text(out, "state", agent_state_name(a->state));
        json_bool(out, "line_up", agent_line_is_up(t, a));
        text_add(out, "}");
    }
    text_add(out, "]");
}
