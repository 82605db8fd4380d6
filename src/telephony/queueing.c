/* Those who wait: the overflow rules of their queue carried out, and what they are told. One look a
 * second at each queue that has rules or announcements and callers; a look is one walk through its
 * callers, so the work of a second grows with the callers who wait and not with their square. */
#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/overflow.h>
#include <hotlined/slots.h>

#include "telephony/call.h"
#include "telephony/menu.h"
#include "telephony/queueing.h"
#include "telephony/room.h"
#include "telephony/waiting.h"

#define LOOK_MS 1000
#define DUE_MAX 64 /* of one queue in one look; the others come with the next one */

struct due {
    handle_t call;
    uint32_t position;
};

struct look {
    struct telephony *t;
    const struct dir_queue *queue;
    struct overflow_facts facts; /* of the queue; those of a caller are filled in for each */
    uint64_t now;
    struct due away[DUE_MAX], told[DUE_MAX];
    unsigned away_count, told_count;
};

static struct queue_state *state_of(struct telephony *t, int32_t queue_id)
{
    for (size_t i = 0; i < t->queue_state_count; i++)
        if (t->queue_states[i].id == queue_id)
            return &t->queue_states[i];
    return NULL;
}

/* --- rules ---------------------------------------------------------------------------------- */

static uint8_t closed_rules(struct telephony *t, const struct dir_queue *queue)
{
    uint8_t closed = 0;

    for (unsigned i = 0; i < queue->rules.count; i++) {
        const struct overflow_rule *rule = &queue->rules.rule[i];
        const struct calendar *calendar =
            rule->when == OVERFLOW_CLOSED
                ? directory_calendar(t->directory, queue->acd.center_id, rule->calendar)
                : NULL;
        if (calendar && !calendar_is_open(calendar, loop_wall_ms(t->loop)))
            closed |= (uint8_t)(1u << i);
    }
    return closed;
}

static void ask_queue(struct telephony *t, const struct dir_queue *queue,
                      struct overflow_facts *ret_facts)
{
    struct acd_queue_view view = {0};

    (void)acd_queue_view(t->acd, queue->acd.id, &view);
    *ret_facts = (struct overflow_facts){
        .waiting = view.waiting, .signed_in = view.signed_in, .closed = closed_rules(t, queue)};
}

/* What was tried counts for the queue it was tried in: a bot that gives the caller back to it has
 * had him. */
static uint8_t tried_in(const struct call *call, const struct dir_queue *queue)
{
    return call->rules_queue == queue->acd.id ? call->rules_tried : 0;
}

static void note_tried(struct call *call, const struct dir_queue *queue, unsigned rule)
{
    call->rules_tried = (uint8_t)(tried_in(call, queue) | 1u << rule);
    call->rules_queue = queue->acd.id;
}

bool queueing_takes(struct telephony *t, const struct call *call, const struct dir_queue *queue)
{
    struct acd_queue_view view;

    return queue && queue->acd.center_id == call->center_id && waiting_is_open(call, queue) &&
           acd_queue_view(t->acd, queue->acd.id, &view) && view.signed_in &&
           (!queue->acd.max_length || view.waiting < queue->acd.max_length);
}

/* Where a rule leads to, if that is there for this caller. */
static bool find_way(struct telephony *t, struct call *call, const struct overflow_rule *rule,
                     struct queueing_way *ret_way)
{
    struct ivr_flow *flow = call_beside(t, call)->flow;

    *ret_way = (struct queueing_way){.node = IVR_NO_NODE};
    if (call->overflows >= OVERFLOW_HOPS)
        return false;
    if (rule->queue_id) {
        ret_way->queue = directory_queue(t->directory, rule->queue_id);
        return queueing_takes(t, call, ret_way->queue);
    }
    ret_way->node = flow ? ivr_flow_find(flow, rule->node) : IVR_NO_NODE;
    return ret_way->node != IVR_NO_NODE;
}

static bool pick(struct telephony *t, struct call *call, const struct dir_queue *queue,
                 struct overflow_facts *facts, struct queueing_way *ret_way)
{
    int n;

    facts->tried = tried_in(call, queue);
    while ((n = overflow_pick(&queue->rules, facts)) >= 0) {
        note_tried(call, queue, (unsigned)n);
        facts->tried = call->rules_tried;
        if (find_way(t, call, &queue->rules.rule[n], ret_way)) {
            log_info("call", "overflows", "call=%s queue=%d rule=%d to=%d node=%s",
                     UUID_TEXT(&call->id), queue->acd.id, n + 1, queue->rules.rule[n].queue_id,
                     log_safe(queue->rules.rule[n].node));
            call->overflows++;
            return true;
        }
    }
    return false;
}

bool queueing_at_door(struct telephony *t, struct call *call, const struct dir_queue *queue,
                      struct queueing_way *ret_way)
{
    struct overflow_facts facts;

    if (!queue->rules.count || call->first_agent) /* who was spoken to comes back to the head */
        return false;
    ask_queue(t, queue, &facts);
    facts.entering = true;
    facts.waiting++;
    return pick(t, call, queue, &facts, ret_way);
}

static void follow(struct look *look, struct call *call)
{
    struct overflow_facts facts = look->facts;
    struct queueing_way way;

    facts.waited_ms = look->now - call->queued_at;
    if (!pick(look->t, call, look->queue, &facts, &way))
        return;
    if (way.queue) {
        (void)waiting_move(look->t, call, way.queue, "overflow_out");
        return;
    }
    waiting_stop(look->t, call);
    call->state = CALL_MENU;
    menu_enter(look->t, call, way.node);
}

/* --- what is said --------------------------------------------------------------------------- */

static void tell(struct look *look, struct call *call, uint32_t position)
{
    const struct queue_state *state = state_of(look->t, look->queue->acd.id);
    const char *codes[IVR_ANNOUNCE_MAX];
    uint32_t wait =
        look->queue->announce_wait && state ? pace_wait_ms(&state->pace, position) : PACE_UNKNOWN;
    unsigned count = ivr_announce(position - 1, wait, codes);

    call->announce_at = look->now + look->queue->announce_ms;
    call->announcing = menu_play(look->t, call, codes, count);
    log_info("call", "announced", "call=%s ahead=%u wait_ms=%lld", UUID_TEXT(&call->id),
             position - 1, wait == PACE_UNKNOWN ? -1LL : (long long)wait);
}

void queueing_said(struct telephony *t, struct call *call)
{
    if (!call->announcing)
        return;
    call->announcing = false;
    waiting_music(t, call);
}

void queueing_answered(struct telephony *t, int32_t queue_id)
{
    struct queue_state *state = state_of(t, queue_id);
    struct acd_queue_view view;

    if (state && acd_queue_view(t->acd, queue_id, &view))
        pace_answered(&state->pace, loop_now_ms(t->loop), view.waiting);
}

/* --- looking -------------------------------------------------------------------------------- */

static bool look_at(uint64_t tag, uint32_t position, void *arg)
{
    struct look *look = arg;
    const struct call *call = call_find(look->t, (handle_t)tag);
    struct overflow_facts facts = look->facts;

    if (!call || call->state != CALL_WAITING)
        return false;
    facts.waited_ms = look->now - call->queued_at;
    facts.tried = tried_in(call, look->queue);
    if (overflow_pick(&look->queue->rules, &facts) >= 0) {
        if (look->away_count < DUE_MAX)
            look->away[look->away_count++] = (struct due){call->handle, position};
    } else if (look->queue->announce_ms && look->now >= call->announce_at &&
               look->told_count < DUE_MAX) {
        look->told[look->told_count++] = (struct due){call->handle, position};
    }
    return look->away_count == DUE_MAX && look->told_count == DUE_MAX;
}

/* NULL: something else has happened to it meanwhile. */
static struct call *still_there(struct look *look, const struct due *due)
{
    struct call *call = call_find(look->t, due->call);

    return call && call->state == CALL_WAITING && !call->ringing &&
                   call->queue_id == look->queue->acd.id
               ? call
               : NULL;
}

static void look_into(struct telephony *t, const struct dir_queue *queue)
{
    struct look look = {.t = t, .queue = queue, .now = loop_now_ms(t->loop)};
    struct call *call;

    ask_queue(t, queue, &look.facts);
    acd_walk(t->acd, queue->acd.id, look_at, &look);
    for (unsigned i = 0; i < look.told_count; i++)
        if ((call = still_there(&look, &look.told[i])))
            tell(&look, call, look.told[i].position);
    for (unsigned i = 0; i < look.away_count; i++)
        if ((call = still_there(&look, &look.away[i])))
            follow(&look, call);
}

void queueing_timer_fired(void *arg)
{
    struct telephony *t = arg;
    size_t count;
    const struct dir_queue *queues = directory_queues(t->directory, &count);
    struct acd_queue_view view;

    t->queueing_looks = false;
    for (size_t i = 0; i < count; i++) {
        if ((!queues[i].rules.count && !queues[i].announce_ms) ||
            !acd_queue_view(t->acd, queues[i].acd.id, &view) || !view.waiting)
            continue;
        look_into(t, &queues[i]);
        queueing_watch(t);
    }
}

void queueing_watch(struct telephony *t)
{
    if (t->queueing_looks)
        return;
    t->queueing_looks = true;
    loop_timer_start(&t->queueing_timer, LOOK_MS);
}
