/* Whether a talk is recorded (CC-05): as the center's rule for the queue, or for calls out, says;
 * and as its agent asks where that is his to say: begun on demand, or paused while a caller says
 * something secret. A pause is a gap between two pieces of the recording, and is written down; it
 * ends by itself when it is too long, and with the talk. Files are begun and closed in talk.c. */
#include <stdio.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/facts.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/voicemail.h"

/* Two outside who talk without an agent: those whom a flow calls say so themselves (REACH_FLOW). */
static enum dir_recording rule_of(struct telephony *t, const struct call *call)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    if (call->reach.purpose == REACH_FLOW)
        return DIR_RECORD_ALWAYS;
    if (call->outbound)
        return center ? center->record_outbound : DIR_RECORD_ALWAYS;
    return queue ? queue->recording : DIR_RECORD_ALWAYS;
}

bool record_is_due(const struct call *call)
{
    const struct record_wish *wish = &call->record;

    return wish->rule == DIR_RECORD_ALWAYS ? !wish->paused_at
                                           : wish->rule == DIR_RECORD_ON_DEMAND && wish->demanded;
}

bool record_begins(struct telephony *t, struct call *call)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);

    call->record.rule = (uint8_t)rule_of(t, call);
    call->record.not_aside = center && !center->record_internal;
    return record_is_due(call);
}

static void note(struct telephony *t, const struct call *call, const char *action, const char *more)
{
    const struct agent *agent = agent_find(t, call->talk.user_id);
    char detail[160], id[UUID_TEXT_SIZE];

    snprintf(detail, sizeof(detail), "call=%s%s", uuid_text(&call->id, id), more);
    log_info("recording", action, "agent=%d %s", call->talk.user_id, detail);
    if (agent)
        fact_audit(t, call->center_id, agent, action, agent->user_id, detail);
}

/* by: agent, limit, or end, of the talk. */
static void pause_over(struct telephony *t, struct call *call, const char *by)
{
    char more[80];

    if (!call->record.paused_at)
        return;
    snprintf(more, sizeof(more), " from_ms=%lld paused_ms=%lld by=%s",
             (long long)call->record.paused_ms,
             (long long)(loop_now_ms(t->loop) - call->record.paused_at), by);
    call->record.paused_at = 0;
    call->record.paused_ms = 0;
    loop_timer_stop(&call_beside(t, call)->record_timer);
    note(t, call, "recording.resume", more);
}

void record_ends(struct telephony *t, struct call *call)
{
    pause_over(t, call, "end");
}

static void stop(struct telephony *t, struct call *call)
{
    if (call->recording)
        media_record_stop(t->media, call->recording);
    call->recording = 0;
}

static void resume(struct telephony *t, struct call *call, const char *by)
{
    pause_over(t, call, by);
    talk_open_recording(t, call);
}

void record_pause_is_long(void *arg)
{
    struct call_side *side = arg;
    struct call *call = call_find(side->telephony, side->call);
    struct agent *agent = call ? agent_find(side->telephony, call->agent) : NULL;

    if (!call || call->state != CALL_TALKING || !call->record.paused_at)
        return;
    resume(side->telephony, call, "limit");
    if (agent)
        view_agent_changed(side->telephony, agent);
}

static enum telephony_result pause_it(struct telephony *t, struct call *call)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);

    if (!center || !center->record_pause_s)
        return TELEPHONY_NO_PAUSE;
    stop(t, call);
    call->record.paused_at = loop_now_ms(t->loop);
    call->record.paused_ms = loop_wall_ms(t->loop);
    loop_timer_start(&call_beside(t, call)->record_timer, center->record_pause_s * 1000ull);
    note(t, call, "recording.pause", "");
    return TELEPHONY_OK;
}

static enum telephony_result demand(struct telephony *t, struct call *call, bool on)
{
    call->record.demanded = on;
    note(t, call, on ? "recording.start" : "recording.stop", "");
    if (on)
        talk_open_recording(t, call);
    else
        stop(t, call);
    return TELEPHONY_OK;
}

enum telephony_result telephony_record(struct telephony *t, int32_t user_id,
                                       const struct uuid *call_id, bool on)
{
    struct call *call = talk_of(t, user_id, call_id);
    enum telephony_result result = TELEPHONY_OK;

    if (!call)
        return TELEPHONY_STALE;
    if (call->record.rule == DIR_RECORD_NEVER)
        return TELEPHONY_NOT_RECORDED;
    if (on == record_is_due(call))
        return TELEPHONY_OK;
    if (call->record.rule == DIR_RECORD_ON_DEMAND)
        result = demand(t, call, on);
    else if (on)
        resume(t, call, "agent");
    else
        result = pause_it(t, call);
    view_agent_changed(t, agent_find(t, user_id));
    return result;
}

bool telephony_may_stop_recording(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    const struct call *call = talk_of(t, user_id, call_id);

    return call && call->record.rule == DIR_RECORD_ON_DEMAND;
}

/* --- files being written ---------------------------------------------------------------------- */

void recording_note_set(struct telephony *t, const struct call *call)
{
    if (slots_index(call->recording) < t->map_size)
        t->recordings[slots_index(call->recording)] =
            (struct recording_note){.media = call->recording,
                                    .center_id = call->center_id,
                                    .id = call->recording_id,
                                    .call_id = call->id,
                                    .call = call->handle,
                                    .message = voicemail_has(call)};
}

struct recording_note *recording_note_find(struct telephony *t, handle_t recording)
{
    struct recording_note *note =
        slots_index(recording) < t->map_size ? &t->recordings[slots_index(recording)] : NULL;

    return note && note->media == recording ? note : NULL;
}
