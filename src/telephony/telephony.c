/* Life of the telephony room: its tables, the wiring to the devices, and the directory applied. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/bot.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/dialed.h"
#include "telephony/errand.h"
#include "telephony/facts.h"
#include "telephony/figures.h"
#include "telephony/gate.h"
#include "telephony/inbound.h"
#include "telephony/keys.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/outbound.h"
#include "telephony/overload.h"
#include "telephony/pools.h"
#include "telephony/queueing.h"
#include "telephony/reach.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/told.h"
#include "telephony/views.h"
#include "telephony/voicemail.h"
#include "telephony/waiting.h"

/* --- tables --------------------------------------------------------------------------------- */

struct center_state *center_find(struct telephony *t, int32_t id)
{
    for (size_t i = 0; i < t->center_count; i++) /* a region has fifteen */
        if (t->centers[i].id == id)
            return &t->centers[i];
    return NULL;
}

/* --- what the devices tell ------------------------------------------------------------------ */

static void on_progress(handle_t sip, int status, const struct sdp_audio *sdp, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_sip(t, sip);

    if (!leg)
        return;
    log_debug("call", "progress", "leg=%u agent=%d status=%d", leg->handle, leg->user_id, status);
    if (leg->kind == LEG_TRUNK && status >= 180)
        outbound_progress(t, leg, sdp);
    else if (leg->kind == LEG_OUTSIDE && status >= 180)
        reach_progress(t, leg, sdp);
}

static void on_established(handle_t sip, const struct sdp_audio *sdp, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_sip(t, sip);

    if (!leg)
        return;
    if (sdp) /* also the late answer to a re-INVITE without offer */
        call_leg_set_remote(t, leg, sdp);
    if (leg->established)
        return;
    leg->established = true;
    inbound_established(t, leg);
}

static void on_sip_digit(handle_t sip, char digit, int duration_ms, void *arg)
{
    struct leg *leg = call_leg_by_sip(arg, sip);

    if (leg)
        keys_heard(arg, leg, digit, duration_ms);
}

static void on_refer(const struct sip_refer *refer, void *arg)
{
    struct leg *leg = call_leg_by_sip(arg, refer->leg);

    if (leg)
        bot_refers(arg, leg, refer);
}

static const char *on_body(const struct sip_body *body, void *arg)
{
    const struct leg *leg = call_leg_by_sip(arg, body->leg);

    return leg ? bot_tells(arg, leg, body) : NULL;
}

static void on_media_digit(handle_t media, char digit, int duration_ms, void *arg)
{
    struct leg *leg = call_leg_by_media(arg, media);

    if (leg)
        keys_heard(arg, leg, digit, duration_ms);
}

/* An agent's own call that is not reached over this trunk. */
static bool dials_on(struct telephony *t, struct call *call, struct leg *leg,
                     const struct sip_ended *ended)
{
    if (leg->kind != LEG_TRUNK || call->state != CALL_DIALING || call->end_reason ||
        !dialed_goes_on(t, leg, ended))
        return false;
    call->trunk_id = leg->dialed.trunk_id;
    return true;
}

static void far_ended(struct telephony *t, struct call *call, const struct sip_ended *ended)
{
    if (!call->end_reason && call->state == CALL_DIALING)
        call->end_reason = dialed_end_reason(ended);
    if (!call->end_reason)
        call->end_reason = ended->end == SIP_END_REMOTE ? "caller" : "trunk";
    call->leg = 0;
    call_over(t, call);
}

static void on_sip_ended(handle_t sip, const struct sip_ended *ended, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_sip(t, sip);
    struct call *call;

    if (!leg)
        return;
    leg->sip = 0;
    pools_give_trunk(t, leg);
    log_info("call", "leg_ended", "leg=%u status=%d end=%d why=%s", leg->handle, ended->status,
             ended->end, log_safe(ended->reason));
    if (leg->kind == LEG_OUTSIDE) {
        reach_leg_ended(t, leg, ended);
        return;
    }
    call = call_find(t, leg->call);
    if (call && (dials_on(t, call, leg, ended) ||
                 (call->leg == leg->handle && !call->end_reason && consult_caller_left(t, call))))
        return;
    if (leg->media)
        media_leg_close(t->media, leg->media);
    if (leg->kind == LEG_PHONE)
        agent_phone_ended(t, leg, ended->end == SIP_END_REMOTE);
    else if (call)
        far_ended(t, call, ended);
    call_leg_release_if_done(t, leg);
}

static void on_trunk_state(int32_t trunk_id, enum sip_trunk_state state, void *arg)
{
    struct telephony *t = arg;

    log_warn("trunk", "state", "trunk=%d state=%s", trunk_id,
             state == SIP_TRUNK_UP     ? "up"
             : state == SIP_TRUNK_DOWN ? "down"
                                       : "other");
    if (state == SIP_TRUNK_UP || state == SIP_TRUNK_DOWN)
        fact_trunk_state(t, trunk_id, state == SIP_TRUNK_UP ? "up" : "down");
    view_trunk_changed(t, trunk_id);
}

static void on_play_done(handle_t media, uint32_t token, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);
    struct call *call = leg ? call_find(t, leg->call) : NULL;

    if (!call || leg->kind != LEG_TRUNK || token != call->play_token)
        return;
    if (call->state == CALL_NEW)
        gate_said(t, call);
    else if (voicemail_has(call))
        voicemail_played(t, call);
    else if (menu_has(call))
        menu_event(t, call, IVR_EV_PLAY_DONE, 0);
    else if (call->state == CALL_TALKING)
        talk_announced(t, call);
    else if (call->state == CALL_WAITING)
        queueing_said(t, call);
}

static void on_rtp_timeout(handle_t media, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);
    struct call *call = leg ? call_find(t, leg->call) : NULL;

    /* A caller listening to a menu or to music may stay silent (VAD, one-way firewalls that
     * open late); only a talk without sound is dead. */
    if (!call || leg->held_by_far || errand_is_out(call) ||
        (call->state != CALL_TALKING && call->state != CALL_PASSED))
        return;
    log_warn("call", "no_rtp", "call=%s leg=%u", UUID_TEXT(&call->id), leg->handle);
    if (leg->kind == LEG_TRUNK)
        call_hangup(t, call, "error");
    else if (leg->kind == LEG_OUTSIDE)
        reach_is_silent(t, leg);
    else if (leg->sip)
        sip_leg_hangup(t->sip, leg->sip, 31);
}

static void on_leg_closed(handle_t media, const struct media_stats *stats, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);

    if (!leg)
        return;
    if (leg->kind != LEG_PHONE) /* a phone's leg is its talk, and that was told: on_measured */
        fact_leg_quality(t, leg, stats);
    leg->media = 0;
    call_leg_release_if_done(t, leg);
}

static void on_measured(handle_t media, uint32_t token, const struct media_stats *stats, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);

    if (leg)
        fact_talk_quality(t, leg, &leg->talk[token % LEG_TALKS], stats);
}

static void on_first_packet(handle_t media, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_media(t, media);

    if (leg)
        log_debug("call", "first_packet", "leg=%u call=%s", leg->handle, UUID_TEXT(&leg->call_id));
}

/* Recordings outlive their call's slot: what the fact needs is noted until the writer is done. */
static void on_recorded(const struct media_recorded *recorded, void *arg)
{
    struct telephony *t = arg;
    struct recording_note *note = recording_note_find(t, recorded->recording);

    if (!note)
        return;
    note->media = 0;
    if (recorded->error) { /* PLAT-03: whole or in part, it is missing */
        log_error("recording", "write_failed", "call=%s error=%s", UUID_TEXT(&note->call_id),
                  strerror(recorded->error));
        fact_unrecorded(t, note->center_id, &note->call_id,
                        recorded->size > 0 ? "record_write_failed" : "record_open_failed");
    }
    fact_recording_end(t, note, recorded);
    if (note->message)
        voicemail_recorded(t, note, recorded);
}

const struct sip_handlers *telephony_sip_handlers(void)
{
    static const struct sip_handlers handlers = {
        .on_invite = inbound_invite,
        .on_progress = on_progress,
        .on_established = on_established,
        .on_reoffer = call_leg_reoffer,
        .on_digit = on_sip_digit,
        .on_ended = on_sip_ended,
        .on_trunk_state = on_trunk_state,
        .on_phone = agent_phone_event,
        .on_knock = overload_knock,
        .on_tell = told_tell,
        .on_told = told_status,
        .on_refer = on_refer,
        .on_body = on_body,
    };

    return &handlers;
}

const struct media_handlers *telephony_media_handlers(void)
{
    static const struct media_handlers handlers = {
        .on_digit = on_media_digit,
        .on_play_done = on_play_done,
        .on_rtp_timeout = on_rtp_timeout,
        .on_line = agent_line_event,
        .on_recorded = on_recorded,
        .on_quiet = voicemail_quiet,
        .on_leg_closed = on_leg_closed,
        .on_measured = on_measured,
        .on_first_packet = on_first_packet,
        .on_gap = scene_gap,
    };

    return &handlers;
}

/* --- life ----------------------------------------------------------------------------------- */

static uint32_t power_of_two_above(uint32_t n)
{
    uint32_t size = 16;

    while (size < n)
        size *= 2;
    return size;
}

uint32_t telephony_max_legs(const struct telephony_options *options)
{
    /* A caller each and somebody else outside, a line each, a second line while a reloaded page
     * takes over, some spare. */
    return 2 * (uint32_t)options->max_calls + 2 * (uint32_t)options->max_agents + 64;
}

static int tables_init(struct telephony *t)
{
    uint32_t agents = (uint32_t)t->options.max_agents;
    /* One for each agent in ACW, so that summaries not yet written keep no caller out. */
    uint32_t calls = (uint32_t)t->options.max_calls + agents;
    uint32_t legs = telephony_max_legs(&t->options);

    t->map_size = legs + 1;
    t->agent_hash_size = power_of_two_above(agents * 2);
    if (slots_init(&t->calls, sizeof(struct call), calls) ||
        slots_init(&t->legs, sizeof(struct leg), legs) ||
        slots_init(&t->agents, sizeof(struct agent), agents))
        return -ENOMEM;
    t->call_side = calloc(calls + 1, sizeof(*t->call_side));
    t->agent_side = calloc(agents + 1, sizeof(*t->agent_side));
    t->leg_by_sip = calloc(t->map_size, sizeof(*t->leg_by_sip));
    t->leg_by_media = calloc(t->map_size, sizeof(*t->leg_by_media));
    t->recordings = calloc(t->map_size, sizeof(*t->recordings));
    t->agent_by_user = calloc(t->agent_hash_size, sizeof(*t->agent_by_user));
    t->changed_agents = calloc(agents + 1, sizeof(struct agent *));
    t->told = calloc(TOLD_MAX, sizeof(*t->told));
    return t->told && t->call_side && t->agent_side && t->leg_by_sip && t->leg_by_media &&
                   t->recordings && t->agent_by_user && t->changed_agents
               ? 0
               : -ENOMEM;
}

int telephony_create(struct loop *loop, const struct telephony_options *options,
                     const struct telephony_handlers *handlers, void *arg,
                     struct telephony **ret_telephony)
{
    struct telephony *t = calloc(1, sizeof(*t));
    struct acd_limits limits = {.agents = (uint32_t)options->max_agents,
                                .queues = 2048,
                                .members = (uint32_t)options->max_agents * 32,
                                .entries = (uint32_t)options->max_calls};
    int err;

    if (!t)
        return -ENOMEM;
    t->loop = loop;
    t->options = *options;
    t->handlers = *handlers;
    t->arg = arg;
    err = tables_init(t);
    if (!err)
        err = dialed_tone(&t->ringback);
    if (!err)
        err = acd_create(&limits, &t->acd);
    if (err) {
        telephony_destroy(t);
        return err;
    }
    loop_timer_init(&t->acd_timer, loop, acd_timer_fired, t);
    loop_timer_init(&t->queueing_timer, loop, queueing_timer_fired, t);
    loop_timer_init(&t->views_timer, loop, views_timer_fired, t);
    loop_timer_init(&t->agent_views_timer, loop, agent_views_timer_fired, t);
    figures_init(t);
    overload_init(t);
    *ret_telephony = t;
    return 0;
}

void telephony_destroy(struct telephony *t)
{
    handle_t handle;

    if (!t)
        return;
    if (t->agents.items)
        for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));) {
            loop_timer_done(&agent_beside(t, a)->line_timer);
            loop_timer_done(&agent_beside(t, a)->auto_answer);
        }
    for (uint32_t i = 0; t->call_side && i < t->calls.capacity; i++)
        call_side_clear(&t->call_side[i]);
    loop_timer_done(&t->acd_timer);
    loop_timer_done(&t->queueing_timer);
    loop_timer_done(&t->views_timer);
    loop_timer_done(&t->agent_views_timer);
    figures_done(t);
    overload_done(t);
    acd_destroy(t->acd);
    media_audio_unref(t->ringback);
    slots_done(&t->calls);
    slots_done(&t->legs);
    slots_done(&t->agents);
    free(t->call_side);
    free(t->agent_side);
    free(t->leg_by_sip);
    free(t->leg_by_media);
    free(t->recordings);
    free(t->told);
    free(t->agent_by_user);
    free(t->changed_agents);
    free(t->pending);
    free(t->applied_queues);
    free(t->applied_members);
    free(t->queue_states);
    free(t->centers);
    free(t);
}

void telephony_attach_query(struct telephony *t, struct query *query)
{
    t->queries = query;
}

void telephony_attach(struct telephony *t, struct sip *sip, struct media *media,
                      struct directory *directory, struct fact_outbox *outbox)
{
    t->sip = sip;
    t->media = media;
    t->directory = directory;
    t->outbox = outbox;
}

void telephony_drain(struct telephony *t)
{
    t->draining = true;
}

bool telephony_is_draining(const struct telephony *t)
{
    return t->draining;
}

void telephony_refuse_calls(struct telephony *t, bool refuse)
{
    t->refusing = refuse;
}

void telephony_record_calls(struct telephony *t, bool record)
{
    t->not_recording = !record;
}

unsigned telephony_call_count(const struct telephony *t)
{
    return t->live_calls;
}
