/* Somebody outside is called for a call that is there, and becomes one more on its stage.
 *
 *   reach_begin      a second outside leg, called over the trunks as an agent's own call (dialed.c)
 *   18x              his own sound is heard where he stands; until then music or our ringing tone
 *   200              whoever asked is told: consult.c, pass.c
 *   BYE, 4xx ...     he leaves the stage, then the same one is told why and decides
 *
 * Where he stands is all that makes a consultation, a three-way talk or a passed-on caller of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "telephony/bot.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/dialed.h"
#include "telephony/facts.h"
#include "telephony/leg.h"
#include "telephony/pass.h"
#include "telephony/reach.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"

#define RING_S 60

struct leg *reach_leg(struct telephony *t, const struct call *call)
{
    return call_leg_find(t, call->reach.leg);
}

/* The call a leg was called for; NULL when it is not wanted any more. */
static struct call *asker_of(struct telephony *t, const struct leg *leg)
{
    struct call *call = call_find(t, leg->call);

    return call && call->reach.purpose && call->reach.leg == leg->handle ? call : NULL;
}

/* --- he is called --------------------------------------------------------------------------- */

/* What comes from a caller must not become a line of its own. */
static bool print_value(const char *value, char *out, size_t size)
{
    size_t length = 0;

    for (const char *c = value; *c; c++) {
        bool plain = *c >= ' ' && *c <= '~' && *c != '%';
        int more =
            snprintf(out + length, size - length, plain ? "%c" : "%%%02X", (unsigned char)*c);
        length += (size_t)more;
        if (length >= size)
            return false;
    }
    return true;
}

static int print_headers(const struct reach_target *target, char out[DIALED_HEADERS])
{
    size_t length = 0;

    out[0] = 0;
    if (target->header_count > REACH_HEADERS)
        return -EINVAL;
    for (unsigned i = 0; i < target->header_count; i++) {
        char value[DIALED_HEADERS];
        int more;
        if (!print_value(target->header[i].value, value, sizeof(value)))
            return -EINVAL;
        more = snprintf(out + length, DIALED_HEADERS - length, "%s: %s\r\n", target->header[i].name,
                        value);
        if (more < 0 || (size_t)more >= DIALED_HEADERS - length)
            return -EINVAL;
        length += (size_t)more;
    }
    return 0;
}

/* Beside the call: too long for every leg to have room for one. */
static bool keep_along(struct telephony *t, const struct call *call, const char *along)
{
    struct call_side *side = call_beside(t, call);

    free(side->along_out);
    side->along_out = strdup(along);
    return side->along_out != NULL;
}

static int fill(struct telephony *t, const struct call *call, struct leg *leg,
                const struct reach_target *target)
{
    const struct dir_center *center = directory_center(t->directory, call->center_id);
    struct dialed *dialed = &leg->dialed;

    if (target->along && !keep_along(t, call, target->along))
        return -EAGAIN;
    leg->call = call->handle;
    leg->call_id = call->id;
    leg->center_id = call->center_id;
    text_copy(dialed->number, sizeof(dialed->number), target->number);
    text_copy(dialed->shown, sizeof(dialed->shown),
              target->shown ? target->shown
              : center      ? center->shown_no
                            : "");
    dialed->only_trunk = target->trunk_id;
    dialed->along = target->along != NULL;
    dialed->may_refer = target->may_refer;
    dialed->may_tell = target->may_tell;
    dialed->ring_s = (uint16_t)(target->ring_s > 0 ? target->ring_s : RING_S);
    if (target->tell_global)
        dialed->global_id = call->global_id;
    return print_headers(target, dialed->headers);
}

/* Of a leg that nobody was told of, or that nobody wants any more. */
static void let_go(struct telephony *t, struct leg *leg)
{
    leg->call = 0;
    if (leg->sip)
        sip_leg_hangup(t->sip, leg->sip, 16);
    else if (leg->media)
        media_leg_close(t->media, leg->media);
    call_leg_release_if_done(t, leg);
}

static struct leg *call_somebody(struct telephony *t, struct call *call,
                                 const struct reach_target *target, int *ret_err)
{
    struct leg *leg = call_leg_new(t, LEG_OUTSIDE);

    *ret_err = leg ? fill(t, call, leg, target) : -EAGAIN;
    if (!*ret_err)
        *ret_err = dialed_call(t, leg);
    if (!*ret_err)
        return leg;
    if (leg) {
        leg->call_id = (struct uuid){{0}};
        let_go(t, leg);
    }
    return NULL;
}

/* The far one comes onto the stage when nobody was there for him to talk with. */
static void enter(struct telephony *t, struct call *call, handle_t leg)
{
    enum stage_place place = call->reach.purpose == REACH_CONSULT ? STAGE_ASIDE : STAGE_MAIN;
    int index;

    if (!scene_far(call))
        (void)stage_add(&call->stage, 0, call->leg, STAGE_MAIN);
    index = stage_add(&call->stage, 0, leg, place); /* there is room: a call has four people */
    call->stage.parties[index].occupied = call->stage.parties[index].absent = true;
    scene_play(t, call);
}

int reach_begin(struct telephony *t, struct call *call, enum reach_purpose purpose, int32_t by,
                const struct reach_target *target)
{
    bool in_room = call->room != 0;
    struct leg *leg;
    int err;

    if (call->reach.purpose)
        return -EBUSY;
    if (scene_open(t, call))
        return -EAGAIN;
    leg = call_somebody(t, call, target, &err);
    if (!leg) {
        if (!in_room)
            scene_close(t, call);
        return err;
    }
    call->reach = (struct reach){.purpose = purpose,
                                 .leg = leg->handle,
                                 .by = by,
                                 .record = purpose == REACH_PASS || target->record,
                                 .help = target->help,
                                 .to_center = target->to_center,
                                 .since_ms = loop_wall_ms(t->loop)};
    call->reach.id = uuid_new(call->reach.since_ms);
    if (purpose == REACH_FLOW)
        call->state = CALL_PASSING;
    enter(t, call, leg->handle);
    log_info("call", "reaches", "call=%s leg=%u purpose=%d by=%d number=%s", UUID_TEXT(&call->id),
             leg->handle, purpose, by, log_safe(leg->dialed.number));
    return 0;
}

void reach_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp)
{
    struct call *call = asker_of(t, leg);
    struct agent *agent = call ? agent_find(t, call->reach.by) : NULL;

    if (!call || call->reach.answered || !dialed_progress(t, leg, sdp) || !leg->dialed.early)
        return; /* of three who are to talk he stands aside until he answers: no music of theirs */
    scene_outside(call)->absent = false;
    if (call->reach.purpose == REACH_CONSULT && agent && agent_media(t, agent))
        media_stop_play(t->media, agent_media(t, agent)); /* our ringing tone */
    scene_play(t, call);
}

void reach_answered(struct telephony *t, struct leg *leg)
{
    struct call *call = asker_of(t, leg);

    if (!call) {
        sip_leg_hangup(t->sip, leg->sip, 16);
        return;
    }
    call->reach.answered = true;
    call->reach.answered_ms = loop_wall_ms(t->loop);
    call->reach.at = loop_now_ms(t->loop);
    scene_outside(call)->occupied = scene_outside(call)->absent = false;
    log_info("call", "reached", "call=%s leg=%u", UUID_TEXT(&call->id), leg->handle);
    if (call->reach.purpose == REACH_CONSULT)
        consult_outside_answered(t, call);
    else
        pass_answered(t, call);
}

/* --- he is gone ------------------------------------------------------------------------------- */

static const char *outcome_of(const struct reach *reach, const char *reason)
{
    return reach->answered ? "answered" : reason;
}

/* Off the stage and out of the books; what is left is the leg. */
static struct reach forget(struct telephony *t, struct call *call, const char *outcome,
                           const char *released_by)
{
    struct reach reach = call->reach;
    struct leg *leg = reach_leg(t, call);
    int index = stage_find_leg(&call->stage, reach.leg);

    if (reach.bot)
        bot_left(t, call, &reach);
    fact_outside_leg(t, call, &reach, leg, outcome_of(&reach, outcome), released_by);
    if (index >= 0)
        stage_remove(&call->stage, index);
    call->reach = (struct reach){0};
    call->bot.peer_id = 0;
    scene_play(t, call);
    return reach;
}

void reach_drop(struct telephony *t, struct call *call, const char *why)
{
    struct leg *leg = reach_leg(t, call);

    if (!call->reach.purpose)
        return;
    (void)forget(t, call, "cancelled", why);
    if (leg)
        let_go(t, leg);
}

/* Before its media is closed: a call that goes on over the next trunk is as it was. */
static bool goes_on(struct telephony *t, struct call *call, struct leg *leg,
                    const struct sip_ended *ended)
{
    return !call->reach.answered && !call->reach.why && dialed_goes_on(t, leg, ended);
}

static void tell(struct telephony *t, struct call *call, const struct reach *reach,
                 const char *reason)
{
    if (reach->purpose == REACH_CONSULT)
        consult_outside_gone(t, call, reason);
    else
        pass_outside_gone(t, call, reach, reason);
}

void reach_leg_ended(struct telephony *t, struct leg *leg, const struct sip_ended *ended)
{
    struct call *call = asker_of(t, leg);
    struct reach reach;
    const char *reason;

    if (call && goes_on(t, call, leg, ended))
        return;
    leg->call = 0;
    if (call) {
        reason = call->reach.why ? call->reach.why : dialed_end_reason(ended);
        bot_said(call, ended);
        reach = forget(t, call, reason, ended->end == SIP_END_REMOTE ? "outside" : "system");
    }
    if (leg->media)
        media_leg_close(t->media, leg->media);
    call_leg_release_if_done(t, leg);
    if (call)
        tell(t, call, &reach, reason);
}

void reach_is_silent(struct telephony *t, struct leg *leg)
{
    struct call *call = asker_of(t, leg);

    if (!call || !call->reach.answered || !leg->sip)
        return;
    call->reach.why = "error";
    sip_leg_hangup(t->sip, leg->sip, 31);
}

/* The far leg is no more; he is the far side from now on. */
void reach_takes_place(struct telephony *t, struct call *call)
{
    struct leg *leg = reach_leg(t, call);
    int index = stage_find_leg(&call->stage, call->leg);
    struct leg *gone = call_leg_find(t, call->leg);

    fact_outside_leg(t, call, &call->reach, leg, "answered", "system");
    if (index >= 0)
        stage_remove(&call->stage, index);
    if (gone)
        let_go(t, gone);
    call->leg = leg->handle;
    leg->kind = LEG_TRUNK;
    call->reach = (struct reach){0};
    scene_play(t, call);
    log_info("call", "far_side_left", "call=%s leg=%u", UUID_TEXT(&call->id), leg->handle);
}

enum telephony_result reach_number(struct telephony *t, int32_t user_id, const struct uuid *call_id,
                                   const char *text, outside_begin_h *begin)
{
    struct call *call = talk_of(t, user_id, call_id);
    char number[SIP_NUMBER_SIZE];
    struct reach_target target = {.number = number};
    enum telephony_result result;

    if (!call)
        return TELEPHONY_STALE;
    result = dialed_number(t, call->center_id, text, number);
    if (result != TELEPHONY_OK)
        return call->consult.by ? TELEPHONY_CONSULTING : result;
    return begin(t, call, user_id, &target);
}
