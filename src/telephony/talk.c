/* People on a call's stage: connecting, announcing the agent's number, recording, hold, a line that
 * goes away and comes back, and the end of the talk. All of it is somebody in another place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/facts.h"
#include "telephony/inbound.h"
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/outbound.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

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

/* Who is on the stage by then; scene_play() tells of the others. */
void talk_open_recording(struct telephony *t, struct call *call)
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
    scene_tracks(call, &call->played.tracks);
    err = media_record_start(t->media, call->room, &call->played.tracks, path, &call->recording);
    if (err) { /* PLAT-03: the call goes on; the missing recording is listed */
        call->recording = 0;
        log_error("recording", "not_started", "call=%s error=%d", UUID_TEXT(&call->id), err);
        fact_unrecorded(t, call->center_id, &call->id, "record_start_failed");
        return;
    }
    recording_note_set(t, call);
    fact_recording_begin(t, call, relative);
}

void talk_start_recording(struct telephony *t, struct call *call)
{
    if (record_begins(t, call))
        talk_open_recording(t, call);
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
        log_error("call", "not_measured", "call=%s leg=%u", UUID_TEXT(&call->id), leg->handle);
}

/* --- who is on the stage --------------------------------------------------------------------- */

/* A phone's leg lives as long as its call; a browser's line may be lost and come back. */
static bool is_absent(struct telephony *t, const struct agent *agent)
{
    return !agent_media(t, agent) ||
           (agent->line_kind == LINE_BROWSER && agent->line_state != MEDIA_LINE_UP);
}

bool talk_line_is_away(struct telephony *t, const struct call *call, const struct agent *agent)
{
    return call->state == CALL_TALKING && stage_find_user(&call->stage, agent->user_id) >= 0 &&
           is_absent(t, agent);
}

int talk_enter(struct telephony *t, struct call *call, struct agent *agent, enum stage_place place)
{
    struct stage_party *party;

    if (scene_open(t, call))
        return -EAGAIN;
    if (!scene_far(call))
        (void)stage_add(&call->stage, 0, call->leg, STAGE_MAIN);
    if (!scene_agent(call, agent->user_id))
        (void)stage_add(&call->stage, agent->user_id, 0, place);
    party = scene_agent(call, agent->user_id); /* there is room: a call has three people */
    party->place = (uint8_t)place;
    party->absent = is_absent(t, agent);
    measure_begin(t, call, agent);
    return 0;
}

/* Until it answers the far side hears nobody, and is heard from when it sends sound. */
int talk_dialing(struct telephony *t, struct call *call, struct agent *agent)
{
    int err = talk_enter(t, call, agent, STAGE_MAIN);

    if (err)
        return err;
    scene_far(call)->occupied = scene_far(call)->absent = true;
    scene_play(t, call);
    return 0;
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

/* --- hold and mute --------------------------------------------------------------------------- */

static void hold_over(struct telephony *t, struct call *call)
{
    int64_t held_ms;

    if (!call->hold_at)
        return;
    held_ms = (int64_t)(loop_now_ms(t->loop) - call->hold_at);
    call->hold_at = 0;
    call->talk.hold_ms += held_ms;
    call->hold_ms += held_ms;
    fact_hold_end(t, call);
}

void talk_put_aside(struct telephony *t, struct call *call, bool on)
{
    if (on && !call->hold_at) {
        call->hold = uuid_new(loop_wall_ms(t->loop));
        call->hold_at = loop_now_ms(t->loop);
        call->hold_since_ms = loop_wall_ms(t->loop);
        fact_hold_begin(t, call);
    } else if (!on) {
        hold_over(t, call);
    }
    scene_far(call)->place = on ? STAGE_HOLD : STAGE_MAIN;
}

struct call *talk_of(struct telephony *t, int32_t user_id, const struct uuid *call_id)
{
    struct call *call = call_find_by_id(t, call_id, user_id);

    return call && call->state == CALL_TALKING && call->agent == user_id && !errand_is_out(call)
               ? call
               : NULL;
}

enum telephony_result telephony_hold(struct telephony *t, int32_t user_id,
                                     const struct uuid *call_id, bool on)
{
    struct call *call = talk_of(t, user_id, call_id);

    if (!call)
        return TELEPHONY_STALE;
    if (on == (call->hold_at != 0))
        return TELEPHONY_OK;
    if (call->consult.by && !call->consult.joined)
        return TELEPHONY_CONSULTING;
    talk_put_aside(t, call, on);
    scene_play(t, call);
    log_info("call", on ? "held" : "retrieved", "call=%s agent=%d", UUID_TEXT(&call->id), user_id);
    view_agent_changed(t, agent_find(t, user_id));
    return TELEPHONY_OK;
}

/* Of whoever stands on the stage, also of a colleague who was asked. */
enum telephony_result telephony_mute(struct telephony *t, int32_t user_id,
                                     const struct uuid *call_id, bool on)
{
    struct call *call = call_find_by_id(t, call_id, user_id);
    struct stage_party *party = call ? scene_agent(call, user_id) : NULL;

    if (!party || call->state != CALL_TALKING)
        return TELEPHONY_STALE;
    if (!on && party->place == STAGE_LISTEN)
        return TELEPHONY_LISTENING;
    party->muted = on;
    scene_play(t, call);
    view_agent_changed(t, agent_find(t, user_id));
    return TELEPHONY_OK;
}

/* --- the line away and back ----------------------------------------------------------------- */

static void line_is_away(struct telephony *t, const struct call *call, const struct agent *agent)
{
    log_warn("call", "line_away", "call=%s agent=%d", UUID_TEXT(&call->id), agent->user_id);
    loop_timer_start(&agent_beside(t, agent)->line_timer, LINE_LOST_LIMIT_MS);
}

/* It may be another leg than before: after a reload. */
static void line_is_back(struct telephony *t, const struct call *call, const struct agent *agent)
{
    loop_timer_stop(&agent_beside(t, agent)->line_timer);
    log_info("call", "line_back", "call=%s agent=%d", UUID_TEXT(&call->id), agent->user_id);
    measure_begin(t, call, agent);
}

static void line_changed(struct telephony *t, struct call *call, struct agent *agent)
{
    struct stage_party *party = scene_agent(call, agent->user_id);
    bool was_absent = party->absent;

    party->absent = is_absent(t, agent);
    if (party->absent && !was_absent)
        line_is_away(t, call, agent);
    else if (was_absent && !party->absent)
        line_is_back(t, call, agent);
    scene_play(t, call);
}

/* --- the talk ------------------------------------------------------------------------------- */

void talk_begin(struct telephony *t, const struct call *call, struct talk *talk,
                const struct agent *agent, const char *kind)
{
    *talk = (struct talk){.user_id = agent->user_id,
                          .kind = kind,
                          .open = true,
                          .began_ms = loop_wall_ms(t->loop),
                          .at = loop_now_ms(t->loop)};
    talk->id = uuid_new(talk->began_ms);
    fact_talk_begin(t, call, talk);
}

/* Milliseconds it lasted; 0 when it is over already. */
int64_t talk_finish(struct telephony *t, const struct call *call, struct talk *talk,
                    const char *released_by)
{
    int64_t talk_ms = (int64_t)(loop_now_ms(t->loop) - talk->at);

    if (!talk->open)
        return 0;
    talk->open = false;
    fact_talk_end(t, call, talk, talk_ms, released_by);
    return talk_ms;
}

static const char *kind_of(const struct call *call)
{
    if (call->pass.by)
        return "transfer_in";
    if (call->outbound)
        return "outbound";
    return call->agent == call->first_agent ? "inbound" : "transfer_in";
}

static void talk_open(struct telephony *t, struct call *call, struct agent *agent)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    waiting_unlink(t, call);
    call->state = CALL_TALKING;
    call->agent = agent->user_id;
    call->answered_ms = loop_wall_ms(t->loop);
    if (!call->answered_at) {
        call->first_agent = agent->user_id;
        call->answered_at = loop_now_ms(t->loop);
    }
    agent->wrap_up_required = queue && queue->acd.wrap_up_required;
    agent->wrap_up_saved = false;
    waiting_taken(t, call, "answered");
    talk_begin(t, call, &call->talk, agent, kind_of(call));
}

void talk_connect(struct telephony *t, struct call *call, struct agent *agent)
{
    agent->offer = 0;
    agent_take_call(t, agent, call);
    inbound_taken(t, call);
    loop_timer_stop(&agent_beside(t, agent)->auto_answer);
    talk_open(t, call, agent);
    media_stop_play(t->media, caller_media(t, call));
    media_stop_play(t->media, agent_media(t, agent));
    if (talk_enter(t, call, agent, STAGE_MAIN)) {
        log_error("call", "no_room", "call=%s", UUID_TEXT(&call->id));
        call_hangup(t, call, "error");
        return;
    }
    log_info("call", "answered", "call=%s agent=%d wait_ms=%lld", UUID_TEXT(&call->id),
             agent->user_id, (long long)(call->talk.at - call->first_queued_at));
    scene_far(call)->occupied = announce(t, call, agent);
    scene_play(t, call);
    talk_start_recording(t, call);
    view_queue_changed(t, call->center_id);
    view_agent_changed(t, agent);
}

void talk_connect_outbound(struct telephony *t, struct call *call, struct agent *agent)
{
    struct stage_party *far = scene_far(call);

    media_stop_play(t->media, agent_media(t, agent));
    talk_open(t, call, agent);
    measure_begin(t, call, agent);
    talk_start_recording(t, call);
    log_info("call", "answered", "call=%s agent=%d direction=out", UUID_TEXT(&call->id),
             agent->user_id);
    far->occupied = far->absent = false;
    scene_agent(call, agent->user_id)->absent = false; /* if it is, that begins now */
    line_changed(t, call, agent);
    view_agent_changed(t, agent);
}

void talk_announced(struct telephony *t, struct call *call)
{
    struct stage_party *far = scene_far(call);

    if (!far || !far->occupied)
        return;
    far->occupied = false;
    scene_play(t, call);
}

void talk_take_over(struct telephony *t, struct call *call, struct agent *agent)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    call->agent = agent->user_id;
    call->answered_ms = loop_wall_ms(t->loop);
    agent->wrap_up_required = queue && queue->acd.wrap_up_required;
    agent->wrap_up_saved = false;
    talk_begin(t, call, &call->talk, agent, "transfer_in");
    talk_start_recording(t, call);
}

void talk_stop_recording(struct telephony *t, struct call *call)
{
    record_ends(t, call);
    if (call->recording)
        media_record_stop(t->media, call->recording);
    call->recording = 0;
}

void talk_ring_back(struct telephony *t, const struct agent *agent)
{
    struct media_play list = {.count = 1, .loop = true, .audio[0] = t->ringback};

    if (agent_media(t, agent) && media_play(t->media, agent_media(t, agent), &list))
        log_error("call", "ringback_failed", "agent=%d", agent->user_id);
}

void talk_release(struct telephony *t, struct agent *agent, bool wrap_up)
{
    struct leg *line = call_leg_find(t, agent->line);

    leader_let_go(t, agent);
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

void talk_leave(struct telephony *t, struct call *call, const char *released_by)
{
    struct agent *agent = agent_find(t, call->agent);
    int index = stage_find_user(&call->stage, call->agent);

    talk_put_aside(t, call, false);
    scene_far(call)->occupied = false; /* whatever was being said to it */
    talk_stop_recording(t, call);
    call->talk_ms += talk_finish(t, call, &call->talk, released_by);
    call->ended_ms = loop_wall_ms(t->loop);
    if (index >= 0)
        stage_remove(&call->stage, index);
    call->agent = 0;
    scene_play(t, call);
    if (agent)
        talk_release(t, agent, true);
}

void talk_end(struct telephony *t, struct call *call, const char *released_by, bool wrap_up)
{
    struct agent *agent = agent_find(t, call->agent);

    errand_drop(t, call, strcmp(released_by, "caller") == 0 ? "caller" : "hangup");
    hold_over(t, call);
    call->state = CALL_CLOSING;
    talk_stop_recording(t, call);
    scene_close(t, call); /* first: legs may have gone from it already */
    consult_drop(t, call, released_by);
    call->talk_ms += talk_finish(t, call, &call->talk, released_by);
    call->ended_ms = loop_wall_ms(t->loop);
    if (agent)
        talk_release(t, agent, wrap_up);
}

void talk_line_changed(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);

    if (!call || agent->line_kind == LINE_PHONE)
        return; /* a phone's leg lives and ends with its call */
    if (call->state == CALL_TALKING && scene_agent(call, agent->user_id)) {
        line_changed(t, call, agent);
    } else if (call->agent != agent->user_id) {
        return;
    } else if (call->state == CALL_DIALING) {
        scene_agent(call, agent->user_id)->absent = is_absent(t, agent);
        scene_play(t, call);
        if (agent->line_state == MEDIA_LINE_UP)
            outbound_line_up(t, call, agent);
    }
}

void talk_give_back(struct telephony *t, struct agent *agent)
{
    struct call *call = call_find(t, agent->call);
    const struct dir_queue *queue = call ? directory_queue(t->directory, call->queue_id) : NULL;

    if (!call || call->state != CALL_TALKING)
        return;
    if (leader_hangs_up(t, agent))
        return;
    if (call->agent != agent->user_id) { /* a colleague who was asked: his agent has the caller */
        if (call->consult.user_id == agent->user_id && !call->consult.offer)
            consult_leave(t, call, "system");
        return;
    }
    if (leader_goes_on(t, call, "system"))
        return;
    if (call->outbound) { /* there is no queue to go back to */
        call_hangup(t, call, "error");
        return;
    }
    log_warn("call", "given_back", "call=%s agent=%d", UUID_TEXT(&call->id), agent->user_id);
    (void)acd_request_state(t->acd, loop_now_ms(t->loop), agent->user_id, ACD_BUSY,
                            ACD_REASON_NONE);
    acd_carry_out(t);
    talk_end(t, call, "system", false);
    agent_drop_call(t, agent);
    waiting_return(t, call, queue);
}
