/* What must be true of one call: who stands where, what is heard, what is recorded, who is free for
 * it. */
#include <string.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/errand.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/reach.h"
#include "telephony/record.h"
#include "telephony/room.h"
#include "telephony/scene.h"
#include "telephony/talk.h"

#include "telephony_check.h"

#define PAUSE_MS   61000 /* the longest a center of this world allows, and one for luck */
#define LOOKS_MS   2100
#define SILENCE_MS 2000 /* CC-13 */
#define KEY_MS     6000 /* a menu waits five seconds for a key: nobody is passed on meanwhile */

static struct w_media_leg *media_of_leg(struct telephony *t, handle_t handle)
{
    struct leg *leg = call_leg_find(t, handle);

    return leg ? media_of(leg->media) : NULL;
}

static unsigned ringing_at(struct telephony *t, const struct call *call)
{
    unsigned count = 0;
    handle_t handle;

    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        count += a->state == ACD_RING && a->call == call->handle;
    return count;
}

static unsigned held_by(struct telephony *t, const struct call *call)
{
    unsigned count = 0;
    handle_t handle;

    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        count += a->call == call->handle;
    return count;
}

/* Free agents of a queue, found once for all of its callers. */
static unsigned free_in(struct telephony *t, int32_t queue_id, int32_t users[W_MAX_AGENTS])
{
    unsigned count = 0;

    for (size_t i = 0; i < world.member_count; i++) {
        const struct dir_member *m = &world.members[i];
        struct acd_agent_view view;
        if (m->queue_id == queue_id && acd_agent_view(t->acd, m->user_id, &view) &&
            view.state == ACD_READY && view.line_up)
            users[count++] = m->user_id;
    }
    return count;
}

static void check_nobody_is_free_for(struct telephony *t, const struct call *call)
{
    static int32_t users[W_MAX_AGENTS];
    static int32_t queue_id;
    static uint64_t step;
    static unsigned count;

    if (acd_next_due(t->acd) <= loop_now_ms(t->loop))
        return; /* on the edge: a refusal runs out in this very millisecond */
    if (step != world.step + 1 || queue_id != call->queue_id) { /* nothing happens in a check */
        count = free_in(t, call->queue_id, users);
        queue_id = call->queue_id;
        step = world.keep ? 0 : world.step + 1;
    }
    for (unsigned i = 0; i < count; i++)
        if ((!call->preferred || call->preferred == users[i]) &&
            !journal_refused(&call->id, users[i]))
            world_fail("agent %d is free and a call waits in queue %d", users[i], call->queue_id);
}

/* A caller of another center goes on ringing there until somebody takes it; any other is answered
 * at once, and nobody talks with one who was not. */
static void check_answered(struct telephony *t, const struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct w_sip_leg *far = leg ? far_leg(leg->sip) : NULL;

    if (far && far->state == W_INVITED &&
        (!call->unanswered || call->source == DIR_SOURCE_DIRECT || call->state == CALL_TALKING))
        world_fail("a caller in state %d was not answered", call->state);
    if (call->unanswered && far && far->state != W_INVITED && far->state != W_LEAVING)
        world_fail("a caller who was answered counts as one who was not");
    if (call->state == CALL_WAITING && call->source == DIR_SOURCE_DIRECT && call->queue_id &&
        office_queue(call->queue_id) && office_queue(call->queue_id)->transfer_only &&
        call->queued_at > world.dedicated_at[call->queue_id % 1000])
        world_fail("a direct caller waits in queue %d, which is for transferred ones",
                   call->queue_id);
}

/* Who never rang was led elsewhere or told in time: a look each second, and one for luck. */
static void check_rules(struct telephony *t, const struct call *call)
{
    const struct dir_queue *queue = office_queue(call->queue_id);
    uint64_t now = loop_now_ms(t->loop), since = world.published_at;

    if (!queue || now < since + LOOKS_MS)
        return;
    for (unsigned i = 0; i < queue->rules.count; i++) {
        const struct overflow_rule *rule = &queue->rules.rule[i];
        bool tried = call->rules_queue == call->queue_id && call->rules_tried & 1u << i;
        if (rule->when == OVERFLOW_WAITED && !tried &&
            now > call->queued_at + rule->limit + LOOKS_MS)
            world_fail("a caller waits %llu ms, rule %u says %u",
                       (unsigned long long)(now - call->queued_at), i, rule->limit);
    }
    if (queue->announce_ms && now > call->announce_at + LOOKS_MS)
        world_fail("a caller was not told for %llu ms",
                   (unsigned long long)(now - call->announce_at));
}

/* Calls that were for one agent alone, by slot: the rules of their queue begin to count late. */
static struct uuid was_preferred[W_MAX_CALLERS];

static void check_preferred(struct telephony *t, const struct call *call)
{
    const struct agent *agent = agent_find(t, call->preferred);

    was_preferred[call->handle & 0xfffffu] = call->id;
    if (call->ringing) /* at whom a leader has given it to; that the other one is gone counts after
                          it */
        return;
    if (!agent || !agent->signed_in || agent->center_id != call->center_id)
        world_fail("a call of center %d waits for agent %d", call->center_id, call->preferred);
}

static void check_waiting(struct telephony *t, const struct call *call)
{
    struct w_media_leg *media = media_of_leg(t, call->leg);

    if (!call->entry || !call->in_queue_visit || call->in_ivr_visit || call->talk.open)
        world_fail("a waiting call: entry %u visit %d", call->entry, call->in_queue_visit);
    if (!call->ringing)
        check_nobody_is_free_for(t, call);
    if ((!world.faults || world.no_silence) &&
        (!media || !media->plays || (!media->loops && !call->announcing)))
        world_fail("a waiting caller hears no music");
    if (call->preferred)
        check_preferred(t, call);
    if (!call->ring_ms &&
        memcmp(&was_preferred[call->handle & 0xfffffu], &call->id, sizeof(call->id)) != 0)
        check_rules(t, call);
}

static bool is_on(const handle_t track[MEDIA_TRACK_LEGS], handle_t media)
{
    for (int i = 0; i < MEDIA_TRACK_LEGS; i++)
        if (media && track[i] == media)
            return true;
    return false;
}

/* Whoever speaks is recorded, on the side where he belongs. */
static void check_recorded(struct telephony *t, const struct call *call)
{
    const struct w_recording *recording = slots_find(&world.recordings, call->recording);
    struct w_media_leg *caller = media_of_leg(t, call->leg);

    if (call->recording && !record_is_due(call))
        world_fail("it is recorded: rule %u, demanded %d, paused %d", call->record.rule,
                   call->record.demanded, call->record.paused_at != 0);
    if (!call->recording && record_is_due(call) && !world.faults)
        world_fail("a talk is not recorded: rule %u", call->record.rule);
    if (call->record.paused_at && call->record.rule != DIR_RECORD_ALWAYS)
        world_fail("a recording that nobody demanded is paused");
    if (call->record.paused_at && loop_now_ms(t->loop) > call->record.paused_at + PAUSE_MS)
        world_fail("a recording is paused for too long");
    if (!call->recording)
        return; /* or it could not be begun, which is a fact */
    if (!recording || !caller ||
        is_on(recording->tracks.left, caller->handle) == errand_is_out(call) ||
        is_on(recording->tracks.right, caller->handle))
        world_fail("a caller is not recorded, or what he types in a flow is");
    for (int i = 0; i < STAGE_PARTIES; i++) {
        const struct stage_party *party = &call->stage.parties[i];
        struct agent *agent = agent_find(t, party->user_id);
        handle_t media = agent ? agent_media(t, agent) : 0;
        if (agent && agent->watch.user_id && agent->watch.place != STAGE_BARGE) {
            if (is_on(recording->tracks.right, media) || is_on(recording->tracks.left, media))
                world_fail("agent %d listens and is recorded", party->user_id);
            continue;
        }
        if (party->place == STAGE_ASIDE && call->record.not_aside && call->consult.user_id) {
            if (is_on(recording->tracks.right, media) || is_on(recording->tracks.left, media))
                world_fail("agent %d asks a colleague and is recorded", party->user_id);
            continue;
        }
        if (party->user_id && media && !party->absent &&
            (!is_on(recording->tracks.right, media) || is_on(recording->tracks.left, media)))
            world_fail("agent %d is not recorded", party->user_id);
    }
}

/* Somebody besides the agent who talks with the other side. */
static bool company_of(struct telephony *t, struct call *call)
{
    const struct stage_party *third =
        call->consult.user_id ? scene_agent(call, call->consult.user_id) : scene_outside(call);

    if (call->consult.joined && consult_is_up(call) && !third->absent && !third->quiet)
        return true;
    for (int i = 0; i < STAGE_PARTIES; i++) {
        struct agent *a = agent_find(t, call->stage.parties[i].user_id);
        if (a && a->watch.place == STAGE_BARGE && !call->stage.parties[i].absent &&
            !call->stage.parties[i].quiet &&
            scene_agent(call, a->watch.user_id)->place == STAGE_MAIN)
            return true;
    }
    return false;
}

/* Nobody hears who listens; the agent alone (and who watches him, too) hears who whispers; he hears
 * what the agent hears, and the agent. Seen in the media room, not on the stage. */
static void check_leader(struct telephony *t, struct call *call, const struct stage_party *party)
{
    struct agent *leader = agent_find(t, party->user_id);
    struct agent *agent = agent_find(t, leader->watch.user_id);
    const struct stage_party *watched = scene_agent(call, agent->user_id);
    handle_t mine = agent_media(t, leader), his = agent_media(t, agent);
    bool there = !party->absent && !watched->absent && mine && his;

    if (!watched || leader->watch.place != party->place)
        world_fail("agent %d watches somebody who is not there", leader->user_id);
    if (party->place == STAGE_LISTEN && !party->muted)
        world_fail("agent %d listens with an open microphone", leader->user_id);
    for (int i = 0; mine && i < STAGE_PARTIES; i++) {
        const struct stage_party *other = &call->stage.parties[i];
        struct agent *a = agent_find(t, other->user_id);
        handle_t media = a ? agent_media(t, a) : 0;
        struct leg *leg = call_leg_find(t, other->leg);
        media = leg ? leg->media : media;
        if (media && other != party && room_hears(call->room, media, mine) &&
            (party->place == STAGE_LISTEN || (party->place == STAGE_WHISPER && other != watched &&
                                              !(a && a->watch.user_id == agent->user_id))))
            world_fail("agent %d is heard in place %d", leader->user_id, party->place);
        if (media && media != his && party->place != STAGE_BARGE && there &&
            room_hears(call->room, mine, media) && !room_hears(call->room, his, media))
            world_fail("agent %d hears more than whom he watches", leader->user_id);
        if (media && media != his && other != party && there && !watched->occupied &&
            !(party->place == STAGE_BARGE && other->place == STAGE_WHISPER) &&
            !room_hears(call->room, mine, media) && room_hears(call->room, his, media))
            world_fail("agent %d hears less than whom he watches", leader->user_id);
    }
    if (there && room_hears(call->room, mine, his) == watched->muted)
        world_fail("agent %d does not hear whom he watches", leader->user_id);
    if (there && party->place != STAGE_LISTEN && room_hears(call->room, his, mine) == party->muted)
        world_fail("agent %d is not heard by whom he watches", leader->user_id);
}

static void check_leaders(struct telephony *t, struct call *call)
{
    for (int i = 0; i < STAGE_PARTIES; i++) {
        struct agent *a = agent_find(t, call->stage.parties[i].user_id);
        if (a && a->watch.user_id)
            check_leader(t, call, &call->stage.parties[i]);
    }
}

/* What a caller in talk hears: his agent; or music while he is put aside or the agent's line is
 * away; or the agent's number being said. */
static void check_sound(struct telephony *t, struct call *call, struct agent *agent)
{
    struct w_media_leg *caller = media_of_leg(t, call->leg);
    struct w_media_leg *person = media_of(agent_media(t, agent));
    bool away = talk_line_is_away(t, call, agent), held = call->hold_at != 0;
    bool told = scene_far(call)->occupied, muted = scene_agent(call, agent->user_id)->muted;
    bool third = company_of(t, call); /* somebody keeps it company */
    bool out = errand_is_out(call);
    bool alone = (away || scene_agent(call, agent->user_id)->quiet) && !third;
    bool music = !told && (held || (alone && !out));

    if (!room_of(call->room) || !caller || caller->room != call->room)
        world_fail("a talk without a room or a caller in it");
    if (held != (scene_far(call)->place == STAGE_HOLD))
        world_fail("held %d, in place %d", held, scene_far(call)->place);
    if (music && (!caller->plays || !caller->exclusive) && (!world.faults || world.no_silence))
        world_fail("a caller put aside hears nothing");
    if (!music && !told && !out && caller->plays && caller->exclusive)
        world_fail("a caller in talk hears music");
    if (!person && !away)
        world_fail("agent %d talks without a line", agent->user_id);
    if (person && person->room == call->room &&
        person->gap != scene_agent(call, agent->user_id)->quiet)
        world_fail("agent %d: quiet %d, media said %d", agent->user_id,
                   scene_agent(call, agent->user_id)->quiet, person->gap);
    if (!person || person->room != call->room) {
        if (!away)
            world_fail("agent %d talks outside the room", agent->user_id);
        return;
    }
    if (room_hears(call->room, caller->handle, person->handle) !=
        (!told && !held && !away && !muted && !out))
        world_fail("agent %d is heard by the caller: told %d held %d away %d muted %d",
                   agent->user_id, told, held, away, muted);
    if (room_hears(call->room, person->handle, caller->handle) != (!held && !away && !out))
        world_fail("agent %d hears the caller: held %d away %d", agent->user_id, held, away);
}

/* The same of somebody outside. */
static void check_asked_outside(struct telephony *t, struct call *call)
{
    struct w_media_leg *other = media_of_leg(t, call->reach.leg), *far = media_of_leg(t, call->leg);
    struct stage_party *self = scene_agent(call, call->agent);
    handle_t agent = agent_media(t, agent_find(t, call->agent));
    bool up = call->reach.answered, joined = call->consult.joined;
    bool early = call_leg_find(t, call->reach.leg)->dialed.early && !joined;

    if (call->consult.by != call->agent || call->reach.by != call->agent || !other)
        world_fail("somebody outside is asked by %d, whose call it is not", call->consult.by);
    if (!joined && scene_far(call)->place != STAGE_HOLD)
        world_fail("somebody outside is asked and the caller not put aside");
    if (agent && !self->absent && room_hears(call->room, agent, other->handle) != (up || early))
        world_fail("agent %d hears whom he asks outside: answered %d", call->agent, up);
    if (agent &&
        room_hears(call->room, other->handle, agent) != (up && !self->absent && !self->muted))
        world_fail("agent %d is heard outside: answered %d", call->agent, up);
    if (far &&
        room_hears(call->room, far->handle, other->handle) != (joined && up && !call->hold_at))
        world_fail("the caller hears the one outside: joined %d", joined);
}

/* Whoever is in a flow on an errand has an agent who waits for him, and nobody else in between. */
static void check_errand(struct telephony *t, struct call *call)
{
    if (call->state != CALL_TALKING || !call->in_ivr_visit || call->consult.by || call->hold_at ||
        (!call_beside(t, call)->flow_before && !call->outbound) ||
        scene_far(call)->place != STAGE_FLOW || call->ivr.state == IVR_ENDED ||
        call->ivr.state == IVR_QUEUED)
        world_fail("a caller in a flow: state %d, visit %d, flow %d", call->state,
                   call->in_ivr_visit, call->ivr.state);
}

/* A colleague who was asked hears whom he should, and nobody else hears him. */
static void check_consult(struct telephony *t, struct call *call)
{
    const struct consult *consult = &call->consult;
    struct agent *agent = agent_find(t, call->agent), *other = agent_find(t, consult->user_id);
    struct w_media_leg *far = media_of_leg(t, call->leg);
    handle_t a, b;
    bool both, joined = consult->joined;

    if (!consult->user_id) {
        check_asked_outside(t, call);
        return;
    }
    if (consult->by != call->agent || !other || other->call != call->handle ||
        other->user_id == call->agent)
        world_fail("agent %d is asked by %d, whose call it is not", consult->user_id, consult->by);
    if (other->state != (consult->offer ? ACD_RING : ACD_TALK) ||
        consult->talk.open != !consult->offer)
        world_fail("agent %d was asked and is in state %d", other->user_id, other->state);
    if (!joined && scene_far(call)->place != STAGE_HOLD)
        world_fail("agent %d is asked and the caller not put aside", other->user_id);
    if (consult->offer || !agent_media(t, agent) || !agent_media(t, other))
        return;
    a = agent_media(t, agent);
    b = agent_media(t, other);
    both = !scene_agent(call, agent->user_id)->absent && !scene_agent(call, other->user_id)->absent;
    if (room_hears(call->room, a, b) != (both && !scene_agent(call, other->user_id)->muted) ||
        room_hears(call->room, b, a) != (both && !scene_agent(call, agent->user_id)->muted))
        world_fail("agents %d and %d do not hear each other", agent->user_id, other->user_id);
    if (far && room_hears(call->room, b, far->handle) !=
                   (joined && !call->hold_at && !scene_agent(call, other->user_id)->absent))
        world_fail("agent %d hears the caller: joined %d", other->user_id, joined);
    if (far && room_hears(call->room, far->handle, b) && (!joined || call->hold_at))
        world_fail("agent %d is heard by the caller", other->user_id);
}

/* Until the far side answers it hears nobody; the agent hears that it rings. */
static void check_dialing(struct telephony *t, struct call *call, struct agent *agent)
{
    struct w_media_leg *far = media_of_leg(t, call->leg);
    struct w_media_leg *person = media_of(agent_media(t, agent));
    struct leg *line = call_leg_find(t, agent->line);
    bool up = person && person->room == call->room;
    bool early = call_leg_find(t, call->leg)->dialed.early;
    bool rings = call_leg_find(t, call->leg)->dialed.rings;

    if (!call->outbound || !room_of(call->room) || (far && far->room != call->room))
        world_fail("a call is dialed outside its room");
    if (!call_leg_find(t, call->leg)->sip && (!line || line->kind == LEG_LINE || line->established))
        world_fail("agent %d dials and nobody is called", agent->user_id);
    if (far && person && room_hears(call->room, far->handle, person->handle))
        world_fail("agent %d is heard before the answer", agent->user_id);
    if (up && far &&
        room_hears(call->room, person->handle, far->handle) !=
            (early && !scene_agent(call, agent->user_id)->absent))
        world_fail("agent %d: early sound %d", agent->user_id, early);
    if (up && rings && !early && agent_line_is_up(t, agent) && !person->plays)
        world_fail("agent %d does not hear that it rings", agent->user_id);
    if (agent_line_is_up(t, agent) && person && !up &&
        (line->kind == LEG_LINE || line->established))
        world_fail("agent %d dials and is not in the room", agent->user_id);
}

/* Whom somebody outside is called for: nobody speaks for an agent who has gone. */
static void check_passed(struct telephony *t, struct call *call)
{
    const struct pass *pass = &call->pass;
    struct w_media_leg *far = media_of_leg(t, call->leg), *other = media_of_leg(t, call->reach.leg);
    bool called = call->reach.purpose == REACH_PASS || call->reach.purpose == REACH_FLOW;

    if (call->agent || !room_of(call->room) || !far || far->room != call->room)
        world_fail("a caller is passed on outside its room, agent %d", call->agent);
    if (called == (pass->offer != 0) || (call->reach.purpose != REACH_FLOW && !pass->by))
        world_fail("passed on by %d: an agent rings %u, outside %d", pass->by, pass->offer, called);
    if (call->reach.answered != (call->state == CALL_PASSED))
        world_fail("the one outside answered: %d, state %d", call->reach.answered, call->state);
    if (call->state == CALL_PASSING && call->recording)
        world_fail("nobody talks and it is recorded");
    if (!other)
        return;
    if (room_hears(call->room, far->handle, other->handle) !=
        (call->reach.answered || call_leg_find(t, call->reach.leg)->dialed.early))
        world_fail("the caller hears whom it is passed on to: answered %d", call->reach.answered);
    if (room_hears(call->room, other->handle, far->handle) != call->reach.answered)
        world_fail("the caller is heard before the answer");
    if (call->reach.answered && ((far->plays && !other->gap) || (other->plays && !far->gap)))
        world_fail("music while two outside talk");
}

static void check_reach(struct telephony *t, struct call *call)
{
    const struct leg *leg = reach_leg(t, call);

    if (!call->reach.purpose)
        return;
    if (!leg || leg->call != call->handle || leg->kind != LEG_OUTSIDE || !leg->sip)
        world_fail("somebody outside is called and there is no leg for it");
    if ((call->reach.purpose == REACH_CONSULT) !=
        (call->state == CALL_TALKING && call->consult.by && !call->consult.user_id))
        world_fail("somebody outside is called for %d in state %d", call->reach.purpose,
                   call->state);
}

static bool hears_sound(const struct call *call, const struct w_media_leg *ear,
                        const struct w_media_leg *mouth)
{
    return mouth && !mouth->gap && room_hears(call->room, ear->handle, mouth->handle);
}

/* Nobody waits in silence for long, whatever state the call is in: also those whom agents called.
 */
static void check_heard(struct telephony *t, struct call *call)
{
    struct w_media_leg *media = media_of_leg(t, call->leg);
    struct agent *agent = call->agent ? agent_find(t, call->agent) : NULL;
    uint64_t now = loop_now_ms(t->loop);

    if (!media || media->plays || call->state == CALL_DIALING || call->state == CALL_CLOSING ||
        (world.faults && !world.no_silence))
        return;
    if (agent && call->state == CALL_TALKING && !errand_is_out(call) &&
        ((scene_agent(call, agent->user_id)->muted && !scene_agent(call, agent->user_id)->absent) ||
         company_of(t, call) || hears_sound(call, media, media_of(agent_media(t, agent)))))
        return;
    if (menu_has(call) && call->ivr.state == IVR_COLLECT && call->ivr.digit_count)
        return; /* he is typing */
    if (call->message.step == MESSAGE_SPEAKING || call->message.step == MESSAGE_KEPT)
        return; /* it is his turn */
    if (hears_sound(call, media, media_of_leg(t, call->reach.leg)))
        return; /* he talks there, or is heard ringing */
    if (now > media->quiet_since + (menu_has(call) ? KEY_MS : SILENCE_MS))
        world_fail("a caller in state %d hears nothing since %llu ms", call->state,
                   (unsigned long long)(now - media->quiet_since));
}

/* Who leaves a message is alone, hears nothing, and is recorded on the left. */
static void check_message(struct telephony *t, struct call *call)
{
    const struct w_recording *recording = slots_find(&world.recordings, call->recording);
    struct w_media_leg *caller = media_of_leg(t, call->leg);

    if (call->state != CALL_MENU || !recording || recording->stopping || !recording->attended)
        world_fail("a message in state %d is not recorded", call->state);
    if (!caller || caller->room != call->room || caller->plays)
        world_fail("a caller who leaves a message hears something");
    if (!is_on(recording->tracks.left, caller->handle))
        world_fail("a caller who leaves a message is not on the left track");
    for (int i = 0; i < MEDIA_TRACK_LEGS; i++)
        if (recording->tracks.right[i])
            world_fail("somebody else is on the tracks of a message");
    if (loop_now_ms(world.loop) > call->left_at + call->message.max_ms)
        world_fail("a message is longer than it may be");
    if (!call->left_for || strcmp(call->left_for, "flow_vm") != 0)
        world_fail("a message, and the caller did not leave the queues for it");
}

/* No channel of the bot is taken by anybody else than those who are with it. */
void check_bots(struct telephony *t)
{
    unsigned with[W_MAX_CENTERS + 1] = {0}, all = 0;
    handle_t handle;

    for (struct call *c = NULL; (c = slots_next(&t->calls, c, &handle));)
        if (c->bot.peer_id) {
            with[c->center_id]++;
            all++;
            if (c->reach.purpose != REACH_FLOW)
                world_fail("a caller is with the bot and not: %d", c->reach.purpose);
        }
    if (t->bots[0].used != all || all > 3)
        world_fail("channels of the bot in use: %u, callers with it: %u", t->bots[0].used, all);
    for (size_t i = 0; i < t->center_count; i++)
        if (pool_used(&t->bot_pool, t->centers[i].id) != with[t->centers[i].id])
            world_fail("center %d: channels of the bot %u, callers with it %u", t->centers[i].id,
                       pool_used(&t->bot_pool, t->centers[i].id), with[t->centers[i].id]);
    if (with[1] > 2)
        world_fail("center 1 has %u channels of the bot", with[1]);
}

void check_call(struct telephony *t, struct call *call)
{
    struct agent *agent = call->agent ? agent_find(t, call->agent) : NULL;

    if (call->state == CALL_WAITING)
        check_waiting(t, call);
    else if (call->entry || call->ringing)
        world_fail("a call in state %d is still in a queue", call->state);
    else if (call->in_queue_visit && call->state != CALL_MENU && call->state != CALL_PASSING &&
             call->state != CALL_CLOSING)
        world_fail("a call in state %d is still in a visit to a queue", call->state);
    if (call->in_queue_visit && call->left_for)
        world_fail("a caller left a queue for %s and is still in a visit to it", call->left_for);
    if ((call->state == CALL_TALKING) != call->talk.open)
        world_fail("state %d talk %d", call->state, call->talk.open);
    if (errand_is_out(call))
        check_errand(t, call);
    else if (call_beside(t, call)->flow_before)
        world_fail("a flow is kept for a caller who is back");
    if ((call->said.state == SAID_OPEN) > errand_is_out(call))
        world_fail("something is said to a caller who is back");
    if (call->state == CALL_TALKING && call->in_ivr_visit != errand_is_out(call))
        world_fail("a caller who talks is in a flow");
    if (call->consult.by && call->state != CALL_TALKING)
        world_fail("a colleague is asked in state %d", call->state);
    check_answered(t, call);
    if (call->consult.by)
        check_consult(t, call);
    if (call->state == CALL_TALKING)
        check_leaders(t, call);
    if (call->state == CALL_TALKING)
        check_recorded(t, call);
    if (call->state == CALL_TALKING)
        check_sound(t, call, agent);
    else if (call->state == CALL_DIALING)
        check_dialing(t, call, agent);
    else if (call->state == CALL_PASSING || call->state == CALL_PASSED)
        check_passed(t, call);
    else if (call->message.step == MESSAGE_SPEAKING)
        check_message(t, call);
    else if (call->room || call->recording)
        world_fail("a room or a recording is left in state %d", call->state);
    if (call->state == CALL_ENDED && (call->leg || !call->holders))
        world_fail("an ended call is kept by nobody");
    if (call->state != CALL_ENDED && !call_leg_find(t, call->leg))
        world_fail("a call without a caller in state %d", call->state);
    if (call->pass.by && call->state != CALL_PASSING && call->state != CALL_PASSED)
        world_fail("a caller is passed on in state %d", call->state);
    check_reach(t, call);
    check_heard(t, call);
}

/* Of one call alone, what check_holders() counts of all. */
void check_call_alone(struct telephony *t, struct call *call)
{
    if (!call)
        return;
    check_call(t, call);
    if (call->ringing + (call->consult.offer ? 1u : 0u) + (call->pass.offer ? 1u : 0u) !=
        ringing_at(t, call))
        world_fail("a call says it rings at %u, but %u agents ring", call->ringing,
                   ringing_at(t, call));
    if (call->holders != held_by(t, call))
        world_fail("a call has %u holders, not %u", held_by(t, call), call->holders);
    if (call->entry && !acd_position(t->acd, call->entry))
        world_fail("a caller waits in no queue of the ACD");
}
