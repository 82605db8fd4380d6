/* 班长: somebody who stands beside an agent's call: 监听, 密语, 强插, 接话, 强拆.
 *
 * For the ACD he is in TALK, so that nothing is offered to him. On the call's stage he stands where
 * nobody hears him, where the agent alone hears him, or with the agent in the conversation. He
 * watches one agent's part of one call: when that is over, so is his, whatever ended it
 * (talk_release() asks for it). One exception: whoever talks with the other side, too, has the call
 * when its agent leaves. */
#include <stdio.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/facts.h"
#include "telephony/leader.h"
#include "telephony/leg.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

#define WATCHERS 2 /* of one call: the team's leader and somebody of the region */

static const enum stage_place places[] = {
    [TELEPHONY_LISTEN] = STAGE_LISTEN,
    [TELEPHONY_WHISPER] = STAGE_WHISPER,
    [TELEPHONY_BARGE] = STAGE_BARGE,
};

const char *leader_mode(const struct agent *leader)
{
    switch (leader->watch.place) {
    case STAGE_WHISPER:
        return "whisper";
    case STAGE_BARGE:
        return "barge";
    default:
        return "listen";
    }
}

static unsigned watchers_of(struct telephony *t, const struct call *call)
{
    unsigned count = 0;

    for (int i = 0; i < STAGE_PARTIES; i++) {
        struct agent *agent = agent_find(t, call->stage.parties[i].user_id);
        count += agent && agent->watch.user_id;
    }
    return count;
}

/* The agent's own part in a call, and not that of one who watches there. */
static struct call *part_of(struct telephony *t, const struct agent *agent,
                            const struct uuid *call_id)
{
    struct call *call = agent ? call_find(t, agent->call) : NULL;

    return call && uuid_equal(&call->id, call_id) && agent->state == ACD_TALK &&
                   !agent->watch.user_id
               ? call
               : NULL;
}

/* --- beginning ------------------------------------------------------------------------------ */

/* A desk phone has no line between calls. */
static enum telephony_result may_watch(struct telephony *t, const struct agent *leader,
                                       const struct call *call)
{
    if (leader->state != ACD_READY && leader->state != ACD_BUSY && leader->state != ACD_REST)
        return TELEPHONY_IN_CALL;
    if (leader->line_kind != LINE_BROWSER || !agent_line_is_up(t, leader))
        return TELEPHONY_NO_LINE;
    return watchers_of(t, call) < WATCHERS ? TELEPHONY_OK : TELEPHONY_WATCHED;
}

/* The summary, should he take the call over, goes by the rules of its queue; somebody of another
 * center owes none. */
static enum telephony_result begin(struct telephony *t, struct agent *leader,
                                   const struct agent *agent, struct call *call)
{
    int32_t queue_id = leader->center_id == call->center_id ? call->queue_id : 0;
    enum telephony_result result = may_watch(t, leader, call);

    if (result != TELEPHONY_OK)
        return result;
    if (acd_occupy(t->acd, loop_now_ms(t->loop), leader->user_id, queue_id))
        return TELEPHONY_IN_CALL;
    leader->watch = (struct watch){.user_id = agent->user_id, .place = STAGE_LISTEN};
    t->watching++;
    agent_take_call(t, leader, call);
    acd_carry_out(t);
    media_stop_play(t->media, agent_media(t, leader));
    talk_begin(t, call, &leader->watch.talk, leader, "monitor");
    return talk_enter(t, call, leader, STAGE_NOWHERE) ? TELEPHONY_BUSY : TELEPHONY_OK;
}

/* A listener's microphone is shut, and stays so until he stands elsewhere. */
static void stand(struct telephony *t, struct call *call, struct agent *leader,
                  enum stage_place place)
{
    struct stage_party *party = scene_agent(call, leader->user_id);

    leader->watch.place = (uint8_t)place;
    party->place = (uint8_t)place;
    party->watches = (uint8_t)stage_find_user(&call->stage, leader->watch.user_id);
    party->muted = place == STAGE_LISTEN;
    scene_play(t, call);
}

/* --- the end -------------------------------------------------------------------------------- */

static void watch_over(struct telephony *t, const struct call *call, struct agent *leader,
                       const char *released_by)
{
    struct watch watch = leader->watch;
    int64_t watched_ms = talk_finish(t, call, &watch.talk, released_by);
    char detail[120], id[UUID_TEXT_SIZE];

    snprintf(detail, sizeof(detail), "call=%s mode=%s seconds=%lld by=%s", uuid_text(&call->id, id),
             leader_mode(leader), (long long)(watched_ms / 1000), released_by);
    leader->watch = (struct watch){0};
    t->watching--;
    fact_audit(t, call->center_id, leader, "monitor.end", watch.user_id, detail);
    log_info("call", "watch_over", "leader=%d agent=%d %s", leader->user_id, watch.user_id, detail);
}

void leader_leaves(struct telephony *t, struct agent *leader, const char *released_by)
{
    struct call *call = call_find(t, leader->call);
    struct agent *agent = agent_find(t, leader->watch.user_id);
    int index = stage_find_user(&call->stage, leader->user_id);

    watch_over(t, call, leader, released_by);
    if (index >= 0)
        stage_remove(&call->stage, index);
    scene_play(t, call);
    talk_release(t, leader, false);
    view_agent_changed(t, leader);
    if (agent)
        view_agent_changed(t, agent);
}

void leader_let_go(struct telephony *t, const struct agent *agent)
{
    handle_t handle;

    if (!t->watching)
        return;
    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        if (a->watch.user_id == agent->user_id)
            leader_leaves(t, a, "system");
}

/* --- 接话 ------------------------------------------------------------------------------------ */

/* Whose number was being said has gone. */
static void stop_announcement(struct telephony *t, struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);

    if (!scene_far(call)->occupied)
        return;
    scene_far(call)->occupied = false;
    if (leg && leg->media)
        media_stop_play(t->media, leg->media);
}

/* The agent goes to his summary, whoever else was in the call leaves, the other side talks with the
 * leader. */
static void take(struct telephony *t, struct call *call, struct agent *leader,
                 const char *released_by)
{
    struct agent *before = agent_find(t, call->agent);
    struct stage_party *party;
    char id[UUID_TEXT_SIZE];

    errand_return(t, call, "taken_back");
    consult_drop(t, call, released_by);
    talk_put_aside(t, call, false);
    stop_announcement(t, call);
    talk_stop_recording(t, call);
    call->talk_ms += talk_finish(t, call, &call->talk, released_by);
    watch_over(t, call, leader, "supervisor");
    stage_remove(&call->stage, stage_find_user(&call->stage, before->user_id));
    party = scene_agent(call, leader->user_id);
    party->place = STAGE_MAIN;
    party->muted = false;
    log_info("call", "taken_over", "call=%s from=%d to=%d", uuid_text(&call->id, id),
             before->user_id, leader->user_id);
    talk_take_over(t, call, leader);
    leader->wrap_up_required &= leader->center_id == call->center_id;
    scene_play(t, call);
    talk_release(t, before, true);
    view_agent_changed(t, leader);
}

bool leader_goes_on(struct telephony *t, struct call *call, const char *released_by)
{
    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *party = &call->stage.parties[i];
        if (party->place != STAGE_BARGE || party->absent ||
            party->watches != stage_find_user(&call->stage, call->agent))
            continue;
        take(t, call, agent_find(t, party->user_id), released_by);
        return true;
    }
    return false;
}

bool leader_hangs_up(struct telephony *t, struct agent *leader)
{
    if (!leader->watch.user_id)
        return false;
    leader_leaves(t, leader, "supervisor");
    return true;
}

/* --- what leaders do ------------------------------------------------------------------------ */

enum telephony_result telephony_watch(struct telephony *t, int32_t leader_id, int32_t user_id,
                                      const struct uuid *call_id, enum telephony_watching mode)
{
    struct agent *leader = agent_find(t, leader_id), *agent = agent_find(t, user_id);
    struct call *call = part_of(t, agent, call_id);
    enum telephony_result result = TELEPHONY_OK;

    if (!leader || !leader->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (!call || call->state != CALL_TALKING)
        return TELEPHONY_STALE;
    if (leader->watch.user_id != user_id)
        result = begin(t, leader, agent, call);
    if (result != TELEPHONY_OK)
        return result;
    stand(t, call, leader, places[mode]);
    log_info("call", "watched", "call=%s agent=%d leader=%d mode=%s", UUID_TEXT(&call->id), user_id,
             leader_id, leader_mode(leader));
    view_agent_changed(t, leader);
    view_agent_changed(t, agent);
    return TELEPHONY_OK;
}

enum telephony_result telephony_watch_end(struct telephony *t, int32_t leader_id)
{
    struct agent *leader = agent_find(t, leader_id);

    return leader && leader_hangs_up(t, leader) ? TELEPHONY_OK : TELEPHONY_STALE;
}

bool telephony_watches(struct telephony *t, int32_t leader_id, int32_t *ret_user_id,
                       enum telephony_watching *ret_mode)
{
    const struct agent *leader = agent_find(t, leader_id);

    if (!leader || !leader->watch.user_id)
        return false;
    *ret_user_id = leader->watch.user_id;
    *ret_mode = TELEPHONY_LISTEN;
    for (unsigned mode = 0; mode < sizeof(places) / sizeof(places[0]); mode++)
        if (places[mode] == leader->watch.place)
            *ret_mode = (enum telephony_watching)mode;
    return true;
}

enum telephony_result telephony_take_over(struct telephony *t, int32_t leader_id, int32_t user_id,
                                          const struct uuid *call_id)
{
    struct agent *leader = agent_find(t, leader_id), *agent = agent_find(t, user_id);
    struct call *call = part_of(t, agent, call_id);
    enum telephony_result result = TELEPHONY_OK;

    if (!leader || !leader->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (!call || call->state != CALL_TALKING || call->agent != user_id)
        return TELEPHONY_STALE;
    if (leader->watch.user_id != user_id)
        result = begin(t, leader, agent, call);
    else if (!agent_line_is_up(t, leader))
        result = TELEPHONY_NO_LINE;
    if (result == TELEPHONY_OK)
        take(t, call, leader, "supervisor");
    return result;
}

enum telephony_result telephony_disconnect(struct telephony *t, int32_t user_id,
                                           const struct uuid *call_id)
{
    struct agent *agent = agent_find(t, user_id);
    struct call *call = part_of(t, agent, call_id);

    if (!call || (call->state != CALL_TALKING && call->state != CALL_DIALING))
        return TELEPHONY_STALE;
    log_info("call", "disconnected", "call=%s agent=%d", UUID_TEXT(&call->id), user_id);
    if (call->agent == user_id)
        call_hangup(t, call, "supervisor");
    else /* a colleague who was asked: he is out, and the other side with its agent */
        consult_leave(t, call, "supervisor");
    return TELEPHONY_OK;
}

/* In TALK, and nobody is there: whatever led to it, he must not stay so. */
static void free_if_stuck(struct telephony *t, const struct agent *agent)
{
    if (agent->state != ACD_TALK || call_find(t, agent->call))
        return;
    log_warn("agent", "stuck", "agent=%d", agent->user_id);
    if (acd_talk_ended(t->acd, loop_now_ms(t->loop), agent->user_id, false) == 0)
        acd_carry_out(t);
}

enum telephony_result telephony_force_state(struct telephony *t, int32_t user_id, const char *state)
{
    struct agent *agent = agent_find(t, user_id);
    bool ready = strcmp(state, "ready") == 0, out = strcmp(state, "signed_out") == 0;
    int err;

    if (!agent || !agent->signed_in)
        return TELEPHONY_NOT_SIGNED_IN;
    if (!ready && !out && strcmp(state, "busy") != 0)
        return TELEPHONY_BAD_REASON;
    if (ready && !agent_line_is_up(t, agent))
        return TELEPHONY_NO_LINE;
    free_if_stuck(t, agent);
    if (out && agent->state == ACD_TALK)
        return TELEPHONY_IN_CALL;
    err = acd_force_state(t->acd, loop_now_ms(t->loop), user_id, ready ? ACD_READY : ACD_BUSY,
                          ACD_REASON_NONE);
    acd_carry_out(t);
    log_info("agent", "forced", "agent=%d to=%s", user_id, state);
    view_agent_changed(t, agent);
    if (out)
        return telephony_sign_out(t, user_id, "forced");
    return err ? TELEPHONY_LATER : TELEPHONY_OK;
}
