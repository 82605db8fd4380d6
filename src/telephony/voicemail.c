/* Callers who leave a message (VM-01 to VM-08), or ask to be called back (SCN-14).
 *
 *   flow's task voicemail   which of the city's scenes is it? switched off or full: the set
 *                           prompt, then "off"
 *   prompt, beep            # goes on at once
 *   speaking                the caller alone on the call's stage, recorded on the left track,
 *                           until # is pressed, nothing is said for 5 s, the time is over, or he
 *                           hangs up; each keeps what was said
 *   the file is closed      3 s of speech or more: a message, and "next"; less: "failed"
 *
 * What becomes of a message is PostgreSQL's: sql/schema/021. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>

#include "telephony/call.h"
#include "telephony/facts.h"
#include "telephony/inbound.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/voicemail.h"
#include "telephony/waiting.h"

#define QUIET_MS        5000 /* so long nothing is said: he has finished */
#define LEAST_SPEECH_MS 3000

static handle_t caller_media(struct telephony *t, const struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);

    return leg ? leg->media : 0;
}

/* --- which scene ----------------------------------------------------------------------------- */

/* The flow may say it by the box's name. Else: he wanted a person and none could take him; or the
 * calendar that the flow asked says whether today is a working day; or he came here by himself. */
static enum dir_scene scene_of(struct telephony *t, const struct call *call, const char *box)
{
    const char *code = call_beside(t, call)->calendar;
    const struct calendar *calendar =
        code[0] ? directory_calendar(t->directory, call->center_id, code) : NULL;
    struct calendar_answer today;

    for (int scene = 0; scene < DIR_SCENES; scene++)
        if (strcmp(box, dir_scene_name((enum dir_scene)scene)) == 0)
            return (enum dir_scene)scene;
    if (call->asked_human)
        return DIR_ALL_BUSY;
    if (!calendar)
        return DIR_CHOSEN;
    calendar_ask(calendar, loop_wall_ms(t->loop), &today);
    if (today.open)
        return DIR_CHOSEN;
    return today.day->count ? DIR_OFF_HOURS : DIR_OFF_DAY;
}

/* --- what he hears --------------------------------------------------------------------------- */

/* False: there is nothing to be heard. */
static bool say(struct telephony *t, struct call *call, const char *code, enum message_step step)
{
    struct media_play list = {.count = 1, .exclusive = true};

    if (!code[0])
        return false;
    list.audio[0] = prompt_for(t, call, code);
    call->play_token = list.token = ++t->next_token;
    if (!list.audio[0] || media_play(t->media, caller_media(t, call), &list)) {
        log_error("call", "prompt_missing", "call=%s center=%d prompt=%s", UUID_TEXT(&call->id),
                  call->center_id, code);
        return false;
    }
    call->message.step = (uint8_t)step;
    return true;
}

/* --- speaking -------------------------------------------------------------------------------- */

/* CENTER_CODE/voicemail/YYYY/MM/DD/UUID.wav: under the city's own store, apart from its talks
 * (VM-07). */
static void message_path(struct telephony *t, const struct call *call, char *out, size_t size)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    time_t local = (time_t)(loop_wall_ms(t->loop) / 1000 + 8 * 3600);
    char id[UUID_TEXT_SIZE];
    struct tm tm;

    gmtime_r(&local, &tm);
    snprintf(out, size, "%s/voicemail/%04d/%02d/%02d/%s.wav", center ? center->code : "unknown",
             tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, uuid_text(&call->recording_id, id));
}

/* He stands alone: occupied, so that he hears no music while he speaks. */
static bool take_stage(struct telephony *t, struct call *call)
{
    if (scene_open(t, call))
        return false;
    (void)stage_add(&call->stage, 0, call->leg, STAGE_MAIN);
    scene_far(call)->occupied = true;
    scene_play(t, call);
    return true;
}

static bool record(struct telephony *t, struct call *call)
{
    char relative[160], path[512];

    if (!take_stage(t, call))
        return false;
    call->recording_id = uuid_new(loop_wall_ms(t->loop));
    message_path(t, call, relative, sizeof(relative));
    snprintf(path, sizeof(path), "%s/%s", t->options.recording_dir, relative);
    scene_tracks(call, &call->played.tracks);
    if (media_record_start(t->media, call->room, &call->played.tracks, path, &call->recording)) {
        call->recording = 0;
        return false;
    }
    recording_note_set(t, call);
    fact_message_begin(t, call, relative);
    if (media_record_attend(t->media, call->recording, QUIET_MS))
        log_error("voicemail", "not_attended", "call=%s", UUID_TEXT(&call->id));
    return true;
}

/* The flow has the caller again. */
static void hand_back(struct telephony *t, struct call *call, enum ivr_answer answer)
{
    call->message.step = MESSAGE_NONE;
    menu_answer(t, call, answer);
}

static void speak(struct telephony *t, struct call *call)
{
    call->message.step = MESSAGE_SPEAKING; /* also for the note of the recording */
    if (!record(t, call)) {
        scene_close(t, call);
        fact_unrecorded(t, call->center_id, &call->id, "record_start_failed");
        hand_back(t, call, IVR_FAILED);
        return;
    }
    waiting_taken(t, call, "flow_vm");
    call->left_for = "flow_vm";
    call->left_at = loop_now_ms(t->loop);
    loop_timer_start(&call_beside(t, call)->ivr_timer, call->message.max_ms);
    log_info("voicemail", "speaking", "call=%s center=%d scene=%s", UUID_TEXT(&call->id),
             call->center_id, dir_scene_name((enum dir_scene)call->message.scene));
}

static void stop(struct telephony *t, struct call *call)
{
    loop_timer_stop(&call_beside(t, call)->ivr_timer);
    talk_stop_recording(t, call);
    scene_close(t, call);
}

/* He has finished; what comes next depends on whether he said something. */
static void finished(struct telephony *t, struct call *call)
{
    stop(t, call);
    call->message.step = MESSAGE_KEPT;
}

/* --- from step to step ----------------------------------------------------------------------- */

static void beep(struct telephony *t, struct call *call)
{
    if (say(t, call, "beep", MESSAGE_BEEP))
        return;
    if (caller_media(t, call)) /* a prompt that # cut short */
        media_stop_play(t->media, caller_media(t, call));
    speak(t, call);
}

int voicemail_begin(struct telephony *t, struct call *call, const char *box, uint32_t max_ms)
{
    enum dir_scene scene = scene_of(t, call, box);
    const struct dir_box *set = directory_box(t->directory, call->center_id, scene);

    inbound_taken(t, call); /* keys and his voice come over a call that is answered */
    call->message = (struct message){.scene = (uint8_t)scene, .max_ms = max_ms};
    if (!set || !set->enabled || set->full) {
        log_info("voicemail", "off", "call=%s center=%d scene=%s full=%d", UUID_TEXT(&call->id),
                 call->center_id, dir_scene_name(scene), set && set->full);
        return set && say(t, call, set->off_prompt, MESSAGE_OFF) ? -1 : IVR_OFF;
    }
    if (t->not_recording) {
        fact_unrecorded(t, call->center_id, &call->id, "record_no_room");
        return IVR_FAILED;
    }
    if (!say(t, call, set->prompt, MESSAGE_PROMPT) && !say(t, call, "beep", MESSAGE_BEEP))
        return IVR_FAILED; /* nobody would know when to speak */
    return -1;
}

void voicemail_played(struct telephony *t, struct call *call)
{
    switch (call->message.step) {
    case MESSAGE_OFF:
        hand_back(t, call, IVR_OFF);
        return;
    case MESSAGE_PROMPT:
        beep(t, call);
        return;
    case MESSAGE_BEEP:
        speak(t, call);
        return;
    default:
        return;
    }
}

void voicemail_key(struct telephony *t, struct call *call, char digit)
{
    if (digit != '#')
        return;
    if (call->message.step == MESSAGE_PROMPT)
        beep(t, call);
    else if (call->message.step == MESSAGE_SPEAKING)
        finished(t, call);
}

void voicemail_time_over(struct telephony *t, struct call *call)
{
    if (call->message.step == MESSAGE_SPEAKING)
        finished(t, call);
}

void voicemail_quiet(handle_t recording, void *arg)
{
    struct telephony *t = arg;
    const struct recording_note *note = recording_note_find(t, recording);
    struct call *call = note ? call_find(t, note->call) : NULL;

    if (call && call->message.step == MESSAGE_SPEAKING && call->recording == recording)
        finished(t, call);
}

void voicemail_recorded(struct telephony *t, const struct recording_note *note,
                        const struct media_recorded *recorded)
{
    struct call *call = call_find(t, note->call);
    bool spoke = recorded->speech_ms >= LEAST_SPEECH_MS;

    log_info("voicemail", spoke ? "kept" : "nothing_said", "recording=%s speech_ms=%lld error=%d",
             UUID_TEXT(&note->id), (long long)recorded->speech_ms, recorded->error);
    if (call && call->message.step == MESSAGE_KEPT)
        hand_back(t, call, spoke && !recorded->error ? IVR_NEXT : IVR_FAILED);
}

void voicemail_drop(struct telephony *t, struct call *call)
{
    if (call->message.step == MESSAGE_SPEAKING)
        stop(t, call);
    call->message.step = MESSAGE_NONE;
}

/* --- called back ------------------------------------------------------------------------------ */

enum ivr_answer callback_asked(struct telephony *t, struct call *call, const char *queue_code)
{
    const struct dir_queue *queue =
        directory_queue_by_code(t->directory, call->center_id, queue_code);
    const char *keyed = ivr_variable(&call->ivr, "callback_no");
    const char *number = keyed && keyed[0] ? keyed : call->caller;
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    struct dir_place to;

    directory_place(t->directory, call->center_id, number, &to);
    /* Anonymous, nothing one could call, or nobody there would. */
    if (strlen(to.number) < 3 || (center && center->callback_off)) {
        log_info("call", "callback_refused", "call=%s number=%s", UUID_TEXT(&call->id),
                 log_safe(number));
        return IVR_FAILED;
    }
    fact_callback_asked(t, call, &to, queue ? queue->acd.id : 0);
    waiting_taken(t, call, "flow_cb");
    call->left_for = "flow_cb";
    call->left_at = loop_now_ms(t->loop);
    return IVR_NEXT;
}
