/* What a center sees: its queues, who waits in them, its seats and the trunks. */
#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/loop.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/json.h"
#include "telephony/room.h"
#include "telephony/views.h"

#define WAITING_SHOWN 100

const char *view_queue_name(struct telephony *t, int32_t queue_id)
{
    const struct dir_queue *queue = directory_queue(t->directory, queue_id);

    return queue ? queue->name : "";
}

/* --- queues and who waits ------------------------------------------------------------------- */

/* oldest first entry as a wall time: pages count up from it */
static int64_t wall_of(struct telephony *t, uint64_t monotonic)
{
    return loop_wall_ms(t->loop) - (int64_t)(loop_now_ms(t->loop) - monotonic);
}

void view_add_queue(struct telephony *t, struct text *out, const struct dir_queue *queue)
{
    struct acd_queue_view view = {.oldest_first_entry = UINT64_MAX};

    (void)acd_queue_view(t->acd, queue->acd.id, &view);
    json_begin(out, "center_id", queue->acd.center_id);
    json_int(out, "queue_id", queue->acd.id);
    json_text(out, "name", queue->name);
    json_int(out, "waiting", view.waiting);
    if (view.oldest_first_entry == UINT64_MAX)
        json_word(out, "oldest_ms", "null");
    else
        json_int(out, "oldest_ms", wall_of(t, view.oldest_first_entry));
    json_int(out, "signed_in", view.signed_in);
    json_int(out, "available", view.available);
    text_add(out, "}");
}

static void add_waiting_call(struct telephony *t, struct text *out, const struct call *call)
{
    const struct dir_agent *person =
        call->ringing_at ? directory_agent(t->directory, call->ringing_at) : NULL;
    char id[UUID_TEXT_SIZE];

    text_add_name(out, '{', "call_id");
    text_add_json(out, uuid_text(&call->id, id));
    json_masked(out, "caller_no", call->caller);
    json_int(out, "queue_id", call->queue_id);
    json_text(out, "queue_name", view_queue_name(t, call->queue_id));
    json_int(out, "since_ms", wall_of(t, call->first_queued_at));
    json_int(out, "priority", call->priority);
    json_int(out, "position", acd_position(t->acd, call->entry));
    if (person)
        json_text(out, "ringing", person->agent_no);
    else
        json_word(out, "ringing", "null");
    text_add(out, "}");
}

void view_add_waiting(struct telephony *t, struct text *out, const struct center_state *center)
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

/* --- trunks --------------------------------------------------------------------------------- */

void view_add_trunks(struct telephony *t, struct text *out, int32_t only)
{
    static const char *const states[] = {"unknown", "up", "down", "disabled"};
    unsigned count, shown = 0;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);

    for (unsigned i = 0; i < count; i++) {
        if (only && trunks[i].id != only)
            continue;
        text_addf(out, "%s{\"trunk_id\":%d", shown++ ? "," : "", trunks[i].id);
        json_text(out, "name", trunks[i].name);
        json_text(out, "state", states[sip_trunk_state(t->sip, trunks[i].id)]);
        json_int(out, "channels", sip_trunk_channels(t->sip, trunks[i].id));
        json_int(out, "max_channels", trunks[i].max_channels);
        text_add(out, "}");
    }
}

void telephony_trunks_json(struct telephony *t, struct text *out)
{
    text_add(out, "[");
    view_add_trunks(t, out, 0);
    text_add(out, "]");
}

/* --- all of a center ------------------------------------------------------------------------ */

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
            view_add_queue(t, out, &queues[i]);
            first = false;
        }
    text_add(out, "],\"seats\":[");
    first = true;
    for (const struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        if (a->center_id == center_id && a->signed_in) {
            text_add(out, first ? "" : ",");
            view_add_seat(t, out, a);
            first = false;
        }
    text_add(out, "],\"waiting\":");
    if (center)
        view_add_waiting(t, out, center);
    else
        text_add(out, "[]");
}
