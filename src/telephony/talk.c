/* Two people in a room: connecting, announcing the agent's number, recording, a line that goes away
 * and comes back, and the end of the talk. All of it is a change of who hears whom. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <hotlined/log.h>

#include "telephony/calls.h"

static handle_t caller_media(struct telephony *t, const struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);

    return leg ? leg->media : 0;
}

/* --- recording ------------------------------------------------------------------------------ */

/* CENTER_CODE/YYYY/MM/DD/UUID.wav under the recording directory: one center's recordings can be
 * archived or deleted without touching another's (DATA-05). */
static void recording_path(struct telephony *t, const struct call *call, char *out, size_t size)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    time_t local = (time_t)(call->answered_ms / 1000 + 8 * 3600);
    char id[UUID_TEXT_SIZE];
    struct tm tm;

    gmtime_r(&local, &tm);
    snprintf(out, size, "%s/%04d/%02d/%02d/%s.wav", center ? center->code : "unknown",
             tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, uuid_text(&call->recording_id, id));
}

static void recording_start(struct telephony *t, struct call *call, struct agent *agent)
{
    char relative[160], path[512];
    int err;

    if (t->not_recording) {
        fact_unrecorded(t, call->center_id, &call->id, "record_no_room");
        return;
    }
    call->recording_id = uuid_new(loop_wall_ms(t->loop));
    recording_path(t, call, relative, sizeof(relative));
    snprintf(path, sizeof(path), "%s/%s", t->options.recording_dir, relative);
    err = media_record_start(t->media, call->room, caller_media(t, call), agent_media(t, agent),
                             path, &call->recording);
    if (err) { /* PLAT-03: the call goes on; the missing recording is listed */
        call->recording = 0;
        log_error("recording", "not_started", "call=%s error=%d",
                  uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), err);
        fact_unrecorded(t, call->center_id, &call->id, "record_start_failed");
        return;
    }
    recording_note_set(t, call);
    fact_recording_begin(t, call, relative);
}

/* --- figures of the agent's side ------------------------------------------------------------ */

/* A line lives for a shift: what belongs to this call is what is counted from here on. */
static void measure_begin(struct telephony *t, const struct call *call, const struct agent *agent)
{
    struct leg *leg = call_leg_find(t, agent->line);

    if (!leg || !leg->media || leg->measuring)
        return;
    leg->measuring = true;
    leg->talks++;
    leg->talk[leg->talks % LEG_TALKS] = (struct measured_talk){call->id, call->center_id};
    if (media_measure_begin(t->media, leg->media, leg->talks))
        log_error("call", "not_measured", "call=%s leg=%u",
                  uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), leg->handle);
}

/* --- who hears whom ------------------------------------------------------------------------- */

static void set_hears(struct telephony *t, struct call *call, struct agent *agent, bool on)
{
    handle_t caller = caller_media(t, call), person = agent_media(t, agent);

    if (!caller || !person || !call->room)
        return;
    if (media_room_hears(t->media, call->room, caller, person, on) ||
        media_room_hears(t->media, call->room, person, caller, on))
        log_error("call", "hears_failed", "call=%s",
                  uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}));
}

void talk_join(struct telephony *t, struct call *call, handle_t media)
{
    if (media && media_room_join(t->media, call->room, media))
        log_error("call", "join_failed", "call=%s",
                  uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}));
}

static void caller_music(struct telephony *t, struct call *call)
{
    struct media_play list = {.count = 1, .loop = true, .exclusive = true};

    call->play_token = list.token = ++t->next_token;
    list.audio[0] = prompt_for(t, call, "hold_music");
    if (!list.audio[0] || media_play(t->media, caller_media(t, call), &list))
        log_error("call", "music_missing", "center=%d", call->center_id);
}

/* 「工号」 digits 「为您服务」 from prompts rendered when they were published. False: nothing to
 * say. */
static bool announce(struct telephony *t, struct call *call, struct agent *agent)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    const struct dir_agent *person = directory_agent(t->directory, agent->user_id);
    struct media_play list = {.exclusive = true};
    char code[] = "digit_0";

    if (!center || !center->announce_agent_no || !person || !person->agent_no[0])
        return false;
    list.audio[list.count++] = prompt_for(t, call, "agent_no_prefix");
    for (const char *c = person->agent_no; *c && list.count < MEDIA_PLAY_MAX - 1; c++) {
        if (*c < '0' || *c > '9')
            continue;
        code[6] = *c;
        list.audio[list.count++] = prompt_for(t, call, code);
    }
    list.audio[list.count++] = prompt_for(t, call, "agent_no_suffix");
    for (unsigned i = 0; i < list.count; i++)
        if (!list.audio[i]) {
            log_error("call", "announcement_missing", "center=%d agent=%d", call->center_id,
                      agent->user_id);
            return false;
        }
    call->play_token = list.token = ++t->next_token;
    if (media_play(t->media, caller_media(t, call), &list))
        return false;
    list.token = 0; /* only the caller's end of it counts */
    if (media_play(t->media, agent_media(t, agent), &list))
        log_error("call", "announce_agent_failed", "agent=%d", agent->user_id);
    return true;
}

static void line_is_away(struct telephony *t, struct call *call, struct agent *agent);

/* --- the talk ------------------------------------------------------------------------------- */

static void talk_open(struct telephony *t, struct call *call, struct agent *agent)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    waiting_unlink(t, call);
    call->state = CALL_TALKING;
    call->agent = agent->user_id;
    call->answered_ms = loop_wall_ms(t->loop);
    call->talk_at = loop_now_ms(t->loop);
    if (!call->answered_at) {
        call->first_agent = agent->user_id;
        call->answered_at = call->talk_at;
    }
    agent->wrap_up_required = queue && queue->acd.wrap_up_required;
    agent->wrap_up_saved = false;
    call->talk = uuid_new(call->answered_ms);
    call->in_talk = true;
    if (call->in_queue_visit) {
        call->in_queue_visit = false;
        fact_queue_leave(t, call, "answered");
    }
    fact_talk_begin(t, call);
}

void talk_connect(struct telephony *t, struct call *call, struct agent *agent)
{
    agent->offer = 0;
    agent_take_call(t, agent, call);
    loop_timer_stop(&agent_beside(t, agent)->auto_answer);
    talk_open(t, call, agent);
    media_stop_play(t->media, caller_media(t, call));
    media_stop_play(t->media, agent_media(t, agent));
    if (media_room_open(t->media, &call->room)) {
        log_error("call", "no_room", "call=%s", uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}));
        call_hangup(t, call, "error");
        return;
    }
    talk_join(t, call, caller_media(t, call));
    talk_join(t, call, agent_media(t, agent));
    measure_begin(t, call, agent);
    recording_start(t, call, agent);
    log_info("call", "answered", "call=%s agent=%d wait_ms=%lld",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), agent->user_id,
             (long long)(call->talk_at - call->first_queued_at));
    call->announcing = announce(t, call, agent);
    if (!call->announcing)
        set_hears(t, call, agent, true);
    view_queue_changed(t, call->center_id);
    view_agent_changed(t, agent);
}

void talk_connect_outbound(struct telephony *t, struct call *call, struct agent *agent)
{
    media_stop_play(t->media, agent_media(t, agent));
    talk_join(t, call, agent_media(t, agent)); /* the line of a page that is being reloaded */
    talk_open(t, call, agent);
    measure_begin(t, call, agent);
    recording_start(t, call, agent);
    log_info("call", "answered", "call=%s agent=%d direction=out",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), agent->user_id);
    if (agent_line_is_up(t, agent) && agent_media(t, agent))
        set_hears(t, call, agent, true);
    else
        line_is_away(t, call, agent);
    view_agent_changed(t, agent);
}

void talk_announced(struct telephony *t, struct call *call)
{
    struct agent *agent = agent_find(t, call->agent);

    if (!call->announcing || !agent)
        return;
    call->announcing = false;
    if (call->line_away)
        caller_music(t, call);
    else
        set_hears(t, call, agent, true);
}

void talk_end(struct telephony *t, struct call *call, const char *released_by, bool wrap_up)
{
    struct agent *agent = agent_find(t, call->agent);
    int64_t talk_ms = call->in_talk ? (int64_t)(loop_now_ms(t->loop) - call->talk_at) : 0;
    struct leg *line = agent ? call_leg_find(t, agent->line) : NULL;

    call->state = CALL_CLOSING;
    call->announcing = call->line_away = false;
    call->talk_ms += talk_ms;
    call->ended_ms = loop_wall_ms(t->loop);
    if (call->in_talk) {
        call->in_talk = false;
        fact_talk_end(t, call, talk_ms, released_by);
    }
    if (call->recording)
        media_record_stop(t->media, call->recording);
    call->recording = 0;
    if (call->room)
        media_room_close(t->media, call->room);
    call->room = 0;
    if (!agent)
        return;
    loop_timer_stop(&agent_beside(t, agent)->line_timer);
    if (line && line->media) {
        media_measure_end(t->media, line->media);
        line->measuring = false;
        media_stop_play(t->media, line->media);
    }
    if (line && line->kind == LEG_PHONE && line->sip)
        sip_leg_hangup(t->sip, line->sip, 16);
    if (acd_talk_ended(t->acd, loop_now_ms(t->loop), agent->user_id, wrap_up) == 0)
        acd_carry_out(t);
}

/* --- the line away and back ----------------------------------------------------------------- */

static void line_is_away(struct telephony *t, struct call *call, struct agent *agent)
{
    if (call->line_away)
        return;
    call->line_away = true;
    log_warn("call", "line_away", "call=%s agent=%d",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), agent->user_id);
    set_hears(t, call, agent, false);
    if (!call->announcing)
        caller_music(t, call);
    loop_timer_start(&agent_beside(t, agent)->line_timer, LINE_LOST_LIMIT_MS);
}

static void line_is_back(struct telephony *t, struct call *call, struct agent *agent)
{
    if (!call->line_away)
        return;
    call->line_away = false;
    loop_timer_stop(&agent_beside(t, agent)->line_timer);
    log_info("call", "line_back", "call=%s agent=%d",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), agent->user_id);
    talk_join(t, call,
              agent_media(t, agent)); /* a new leg after a reload; the same one is a no-op */
    measure_begin(t, call, agent);
    if (call->recording && media_record_tracks(t->media, call->recording, caller_media(t, call),
                                               agent_media(t, agent)))
        log_error("recording", "tracks_failed", "agent=%d", agent->user_id);
    if (call->announcing)
        return;
    call->play_token = ++t->next_token;
    media_stop_play(t->media, caller_media(t, call));
    set_hears(t, call, agent, true);
}

void talk_line_changed(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);

    if (!call || call->agent != agent->user_id || agent->line_kind == LINE_PHONE)
        return; /* a phone's leg lives and ends with its call */
    if (call->state == CALL_DIALING && agent->line_state == MEDIA_LINE_UP)
        outbound_line_up(t, call, agent);
    if (call->state != CALL_TALKING)
        return;
    if (agent->line_state == MEDIA_LINE_UP)
        line_is_back(t, call, agent);
    else
        line_is_away(t, call, agent);
}

void talk_give_back(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);
    const struct dir_queue *queue = call ? directory_queue(t->directory, call->queue_id) : NULL;

    if (!call || call->state != CALL_TALKING)
        return;
    if (call->outbound) { /* there is no queue to go back to */
        call_hangup(t, call, "error");
        return;
    }
    log_warn("call", "given_back", "call=%s agent=%d",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), agent->user_id);
    (void)acd_request_state(t->acd, loop_now_ms(t->loop), agent->user_id, ACD_BUSY,
                            ACD_REASON_NONE);
    acd_carry_out(t);
    talk_end(t, call, "system", false);
    agent_drop_call(t, agent);
    waiting_return(t, call, queue);
}
