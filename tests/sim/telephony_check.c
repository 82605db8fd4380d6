/* What must be true of src/telephony after every step. In a large world a step is followed by a
 * look at what it touched, and every so many steps at everything. */
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

static void complain(const char *what, void *arg)
{
    (void)arg;
    world_fail("acd: %s", what);
}

/* --- agents --------------------------------------------------------------------------------- */

/* The ACD knows of the line what is true of it; a desk phone is off the hook for a call only. */
static void check_line(struct telephony *t, const struct agent *agent, bool told)
{
    struct leg *leg = call_leg_find(t, agent->line);
    struct w_sip_leg *phone = leg && leg->kind == LEG_PHONE ? far_leg(leg->sip) : NULL;

    if (agent->signed_in && agent->line_kind == LINE_BROWSER && told != agent_line_is_up(t, agent))
        world_fail("agent %d: the ACD was told that the line is up: %d", agent->user_id, told);
    if (phone && phone->state != W_LEAVING && agent->state != ACD_RING && agent->state != ACD_TALK)
        world_fail("agent %d: the desk phone is off the hook in state %d", agent->user_id,
                   agent->state);
}

/* Whom he watches talks in the same call; neither of them lets go alone. */
static void check_watch(struct telephony *t, const struct agent *leader)
{
    struct agent *agent = agent_find(t, leader->watch.user_id);
    struct call *call = call_find(t, leader->call);

    if (!agent || agent->call != leader->call || agent->state != ACD_TALK || agent == leader ||
        agent->watch.user_id)
        world_fail("agent %d watches agent %d, who does not talk there", leader->user_id,
                   leader->watch.user_id);
    if (!call || call->state != CALL_TALKING || !leader->watch.talk.open ||
        call->agent == leader->user_id)
        world_fail("agent %d watches in state %d", leader->user_id, call ? (int)call->state : -1);
    if (world.permissions && !office_is_over(leader->user_id, agent->user_id))
        world_fail("agent %d watches agent %d, over whom he is not", leader->user_id,
                   agent->user_id);
}

static void check_agent(struct telephony *t, struct agent *agent)
{
    struct acd_agent_view view = {.state = ACD_SIGNED_OUT};
    struct call *call = call_find(t, agent->call);
    bool ringing = agent->state == ACD_RING, asked;

    (void)acd_agent_view(t->acd, agent->user_id, &view);
    if (view.state != agent->state || view.offer != agent->offer)
        world_fail("agent %d: the ACD says state %d offer %u, telephony state %d offer %u",
                   agent->user_id, view.state, view.offer, agent->state, agent->offer);
    if (agent->signed_in != (agent->state != ACD_SIGNED_OUT))
        world_fail("agent %d: signed in %d in state %d", agent->user_id, agent->signed_in,
                   agent->state);
    if (ringing != (agent->offer != 0))
        world_fail("agent %d: state %d offer %u", agent->user_id, agent->state, agent->offer);
    asked = call && call->consult.user_id == agent->user_id;
    if (ringing && !(asked && call->consult.offer == agent->offer) &&
        !(call && call->pass.user_id == agent->user_id && call->pass.offer == agent->offer &&
          call->state == CALL_PASSING) &&
        (!call || call->state != CALL_WAITING))
        world_fail("agent %d rings without a waiting call", agent->user_id);
    if ((agent->state == ACD_TALK) !=
        (call && (call->state == CALL_TALKING || call->state == CALL_DIALING) &&
         (call->agent == agent->user_id || (asked && !call->consult.offer) ||
          agent->watch.user_id)))
        world_fail("agent %d: state %d, call in state %d", agent->user_id, agent->state,
                   call ? (int)call->state : -1);
    if (agent->call && (agent->state == ACD_READY || agent->state == ACD_BUSY ||
                        agent->state == ACD_REST || agent->state == ACD_SIGNED_OUT))
        world_fail("agent %d: idle and has a call", agent->user_id);
    if (agent->watch.user_id)
        check_watch(t, agent);
    if (call && call->center_id != agent->center_id && !world.visits[agent->user_id])
        world_fail("agent %d has a call of another center", agent->user_id);
    if (agent->line && !call_leg_find(t, agent->line) && agent->line_kind == LINE_BROWSER)
        world_fail("agent %d: line is gone", agent->user_id);
    check_line(t, agent, view.line_up);
}

/* Calls and agents know of each other: counted once over all agents. */
static void check_holders(struct telephony *t)
{
    static uint16_t held[W_MAX_CALLERS], rings[W_MAX_CALLERS];
    handle_t handle;

    memset(held, 0, sizeof(held));
    memset(rings, 0, sizeof(rings));
    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));) {
        if (!call_find(t, a->call))
            continue;
        held[a->call & 0xfffffu]++;
        rings[a->call & 0xfffffu] += a->state == ACD_RING;
    }
    for (struct call *c = NULL; (c = slots_next(&t->calls, c, &handle));)
        if (c->holders != held[c->handle & 0xfffffu] ||
            c->ringing + (c->consult.offer != 0) + (c->pass.offer != 0) !=
                rings[c->handle & 0xfffffu])
            world_fail("a call has %u holders, not %u, and rings at %u, not %u",
                       held[c->handle & 0xfffffu], c->holders, rings[c->handle & 0xfffffu],
                       c->ringing);
}

static void check_lists(struct telephony *t)
{
    unsigned waiting = 0, listed = 0, watching = 0;
    handle_t handle;

    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        watching += a->watch.user_id != 0;
    if (watching != t->watching)
        world_fail("%u watch, %u are counted", watching, t->watching);
    for (struct call *c = NULL; (c = slots_next(&t->calls, c, &handle));)
        waiting += c->state == CALL_WAITING;
    for (size_t i = 0; i < t->center_count; i++) {
        handle_t prev = 0;
        for (handle_t at = t->centers[i].waiting_head; at; listed++) {
            struct call *call = call_find(t, at);
            if (!call || call->waiting_prev != prev || call->state != CALL_WAITING ||
                call->center_id != t->centers[i].id)
                world_fail("the list of waiting calls is broken");
            prev = at;
            at = call->waiting_next;
        }
        if (t->centers[i].waiting_tail != prev)
            world_fail("the list of waiting calls has no end");
    }
    if (listed != waiting)
        world_fail("%u calls wait, %u are listed", waiting, listed);
}

/* --- devices -------------------------------------------------------------------------------- */

static void check_devices(struct telephony *t)
{
    unsigned rooms = 0, recordings = 0, open = 0;
    handle_t handle;

    for (struct w_sip_leg *s = NULL; (s = slots_next(&world.sip_legs, s, &handle));)
        if (s->state != W_LEAVING && !call_leg_by_sip(t, s->handle))
            world_fail("a SIP leg in state %d is nobody's", s->state);
    for (struct w_media_leg *m = NULL; (m = slots_next(&world.media_legs, m, &handle));) {
        struct leg *leg = call_leg_by_media(t, m->handle);
        if (!leg)
            world_fail("a media leg is nobody's");
        if (m->line && !m->closing && agent_media(t, agent_find(t, leg->user_id)) != m->handle)
            world_fail("a line is left open beside the agent's");
    }
    for (struct call *c = NULL; (c = slots_next(&t->calls, c, &handle));) {
        rooms += c->room != 0;
        recordings += c->recording != 0;
    }
    for (struct w_recording *r = NULL; (r = slots_next(&world.recordings, r, &handle));)
        open += !r->stopping;
    if (rooms != world.rooms.count || recordings != open)
        world_fail("%u rooms of %u, %u recordings of %u are known", rooms, world.rooms.count,
                   recordings, open);
}

/* A channel of the trunks is a leg's that has one. */
static void check_channels(struct telephony *t)
{
    unsigned with[W_MAX_CENTERS + 1] = {0};
    handle_t handle;

    for (struct leg *leg = NULL; (leg = slots_next(&t->legs, leg, &handle));) {
        if (leg->pool_center && !leg->sip)
            world_fail("a leg without a call has a channel of center %d", leg->pool_center);
        with[leg->pool_center]++;
    }
    for (size_t i = 0; i < t->center_count; i++)
        if (pool_used(&t->trunk_pool, t->centers[i].id) != with[t->centers[i].id])
            world_fail("center %d: %u channels of %u", t->centers[i].id,
                       pool_used(&t->trunk_pool, t->centers[i].id), with[t->centers[i].id]);
}

void check_everything(void)
{
    struct telephony *t = world.telephony;
    handle_t handle;

    if (t->pending_count || t->carrying_out)
        world_fail("commands of the ACD are left");
    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        check_agent(t, a);
    check_bots(t);
    check_channels(t);
    for (struct call *c = NULL; (c = slots_next(&t->calls, c, &handle));)
        check_call(t, c);
    check_holders(t);
    check_lists(t);
    check_devices(t);
    if ((world.keep || world.step % 64 == 0) && acd_next_due(t->acd) > loop_now_ms(t->loop))
        (void)acd_check(t->acd, loop_now_ms(t->loop), complain, NULL);
    world.news_count = 0;
}

/* --- what a step touched -------------------------------------------------------------------- */

void check_touched(int32_t user_id)
{
    if (user_id < 1 || user_id > W_MAX_AGENTS || world.touched[user_id] == world.step + 1)
        return;
    world.touched[user_id] = world.step + 1;
    world.news[world.news_count++] = user_id;
}

/* So many steps may pass until everything is looked at: a look costs as much as there is. */
static unsigned steps_between(void)
{
    return world.size.agents <= 12 ? 4 : world.size.agents;
}

void check_step(int caller)
{
    struct telephony *t = world.telephony;
    struct leg *leg = caller < 0 ? NULL : call_leg_by_sip(t, world.callers[caller]);

    if (world.step % steps_between() == 0) {
        check_everything();
        return;
    }
    if (t->pending_count || t->carrying_out)
        world_fail("commands of the ACD are left");
    for (unsigned i = 0; i < world.news_count; i++) {
        struct agent *agent = agent_find(t, world.news[i]);
        if (!agent)
            continue;
        check_agent(t, agent);
        check_call_alone(t, call_find(t, agent->call));
    }
    world.news_count = 0;
    if (leg)
        check_call_alone(t, call_find(t, leg->call));
}

/* --- whose turn it is ----------------------------------------------------------------------- */

static int32_t weight_of(int32_t user_id, int32_t queue_id)
{
    for (size_t i = 2 * (size_t)(user_id - 1); i < 2 * (size_t)user_id; i++)
        if (world.members[i].queue_id == queue_id)
            return world.members[i].weight;
    return -1;
}

static int64_t priority_of(const struct call *call)
{
    const struct dir_queue *queue = office_queue(call->queue_id);
    uint32_t step = queue ? queue->acd.age_step_ms : 0;
    uint64_t waited = loop_now_ms(world.loop) - call->first_queued_at;

    return call->priority + (step ? (int64_t)(waited / step) : 0);
}

/* Weight, priority, first entry; who is equal in all of them may go either way. */
static bool goes_before(int32_t user_id, const struct call *x, const struct call *y)
{
    int32_t wx = weight_of(user_id, x->queue_id), wy = weight_of(user_id, y->queue_id);
    bool alone = x->preferred == user_id;

    if (alone != (y->preferred == user_id))
        return alone;
    if (!alone && wx != wy)
        return wx > wy;
    if (priority_of(x) != priority_of(y))
        return priority_of(x) > priority_of(y);
    return x->first_queued_at < y->first_queued_at;
}

/* Told with the fact of the offer. It can be judged when nothing happened since the ACD decided:
 * when what is being carried out is what it said last. */
void check_offer(int32_t user_id)
{
    struct telephony *t = world.telephony;
    struct agent *agent = agent_find(t, user_id);
    struct call *call = call_find(t, agent->call), *other;
    struct center_state *center = center_find(t, agent->center_id);

    if (strcmp(call->offer_reason, "班长指派") == 0) /* it need not be his turn */
        return;
    if (call->preferred && call->preferred != user_id)
        world_fail("agent %d is offered a call for agent %d", user_id, call->preferred);
    if (world.publishing || !center || t->pending_count != acd_out(t->acd)->count)
        return;
    if (call->ringing > 1) /* everybody rings: the others need not have this one as their first */
        return;
    for (handle_t at = center->waiting_head; at; at = other->waiting_next) {
        other = call_find(t, at);
        if (other == call || other->ringing || (other->preferred && other->preferred != user_id) ||
            weight_of(user_id, other->queue_id) < 0 || journal_refused(&other->id, user_id))
            continue;
        if (goes_before(user_id, other, call))
            world_fail("agent %d is offered a call of queue %d before its turn", user_id,
                       call->queue_id);
    }
}

void check_nothing_left(void)
{
    struct telephony *t = world.telephony;
    struct acd_queue_view view = {0};

    if (t->calls.count || t->legs.count || world.sip_legs.count || world.media_legs.count ||
        world.rooms.count || world.recordings.count || telephony_call_count(t))
        world_fail("left: %u calls, %u legs, %u SIP legs, %u media legs, %u rooms, %u recordings",
                   t->calls.count, t->legs.count, world.sip_legs.count, world.media_legs.count,
                   world.rooms.count, world.recordings.count);
    if (acd_next_due(t->acd) != UINT64_MAX)
        world_fail("the ACD has something to do and nobody is there");
    for (size_t i = 0; i < world.queue_count; i++)
        if (acd_queue_view(t->acd, world.queues[i].acd.id, &view) &&
            (view.waiting || view.signed_in))
            world_fail("left in queue %d: %u entries, %u agents", world.queues[i].acd.id,
                       view.waiting, view.signed_in);
}
