/* Calls that wait, and the ACD engine's commands carried out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>
#include <hotlined/text.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/consult.h"
#include "telephony/facts.h"
#include "telephony/leg.h"
#include "telephony/menu.h"
#include "telephony/pass.h"
#include "telephony/queueing.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

/* --- the list of a center's waiting calls --------------------------------------------------- */

static void waiting_link(struct telephony *t, struct call *call)
{
    struct center_state *center = center_find(t, call->center_id);
    struct call *tail = center ? call_find(t, center->waiting_tail) : NULL;

    call->waiting_prev = call->waiting_next = 0;
    if (!center)
        return;
    if (tail) {
        tail->waiting_next = call->handle;
        call->waiting_prev = tail->handle;
    } else {
        center->waiting_head = call->handle;
    }
    center->waiting_tail = call->handle;
}

void waiting_unlink(struct telephony *t, struct call *call)
{
    struct center_state *center = center_find(t, call->center_id);
    struct call *prev = call_find(t, call->waiting_prev), *next = call_find(t, call->waiting_next);

    if (!center)
        return;
    if (prev)
        prev->waiting_next = call->waiting_next;
    else if (center->waiting_head == call->handle)
        center->waiting_head = call->waiting_next;
    if (next)
        next->waiting_prev = call->waiting_prev;
    else if (center->waiting_tail == call->handle)
        center->waiting_tail = call->waiting_prev;
    call->waiting_prev = call->waiting_next = 0;
}

/* --- entering and leaving ------------------------------------------------------------------- */

void waiting_music(struct telephony *t, struct call *call)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct media_play list = {.count = 1, .loop = true, .exclusive = true};

    list.audio[0] = prompt_for(t, call, call->music);
    if (!list.audio[0] || !leg || !leg->media) {
        log_error("call", "music_missing", "center=%d prompt=%s", call->center_id, call->music);
        return;
    }
    call->play_token = list.token = ++t->next_token;
    if (media_play(t->media, leg->media, &list))
        log_error("call", "music_failed", "leg=%u", leg->handle);
}

static void announce_later(struct telephony *t, struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);

    call->announce_at = call->queued_at + (queue ? queue->announce_ms : 0);
    queueing_watch(t);
}

static void visit_begin(struct telephony *t, struct call *call, int32_t queue_id, int32_t priority)
{
    uint64_t now = loop_now_ms(t->loop);

    waiting_taken(t, call, "overflow_out");
    call->asked_human = true;
    call->left_for = NULL; /* kpi E16: he came back */
    call->queue_id = queue_id;
    call->priority = priority;
    call->queued_ms = loop_wall_ms(t->loop);
    call->queued_at = now;
    if (!call->first_queue_id)
        call->first_queue_id = queue_id;
    if (!call->first_queued_at) { /* a door that refused is the first queue, but no wait */
        call->first_queued_ms = call->queued_ms;
        call->first_queued_at = now;
    }
    call->queue_visit = uuid_new(call->queued_ms);
    call->in_queue_visit = true;
    fact_queue_enter(t, call);
}

static void waiting_begin(struct telephony *t, struct call *call, int32_t queue_id,
                          int32_t priority, const char *music)
{
    call->state = CALL_WAITING;
    call->announcing = false;
    text_copy(call->music, sizeof(call->music), music ? music : "hold_music");
    visit_begin(t, call, queue_id, priority);
    waiting_link(t, call);
    waiting_music(t, call);
    announce_later(t, call);
}

/* A rule leads the caller past this queue: a visit that another queue takes over at once, or
 * whatever the flow finds for him (waiting_taken()). */
static void pass_by(struct telephony *t, struct call *call, const struct dir_queue *queue,
                    int32_t priority, const struct queueing_way *way)
{
    visit_begin(t, call, queue->acd.id, priority);
    call->rules_node = way->node;
}

/* The queue that takes what this one cannot serve. NULL = the flow decides. */
static const struct dir_queue *overflow_of(struct telephony *t, const struct dir_queue *queue)
{
    const struct dir_queue *target =
        queue->overflow_queue_id ? directory_queue(t->directory, queue->overflow_queue_id) : NULL;

    return target && target->acd.center_id == queue->acd.center_id ? target : NULL;
}

/* A queue for transferred calls alone is closed to all others, whoever sends them there. */
bool waiting_is_open(const struct call *call, const struct dir_queue *queue)
{
    return !queue->transfer_only || call->source != DIR_SOURCE_DIRECT;
}

/* 0; -ENOSPC full; -ENOENT nobody signed in serves it; -ESRCH not whom it is preferred for. */
static int try_queue(struct telephony *t, struct call *call, const struct dir_queue *queue,
                     int32_t priority, const struct acd_preferred *preferred)
{
    uint64_t now = loop_now_ms(t->loop);
    uint64_t first = call->first_queued_at ? call->first_queued_at : now;
    uint32_t signed_in = 0, available = 0;
    int err;

    if (waiting_is_open(call, queue))
        acd_queue_staff(t->acd, queue->acd.id, &signed_in, &available);
    err = signed_in ? acd_enter_for(t->acd, now, queue->acd.id, priority, first, call->handle,
                                    preferred, &call->entry)
                    : -ENOENT;
    if (!err || err == -ESRCH)
        return err;
    call->asked_human = true;
    if (!call->first_queue_id)
        call->first_queue_id = queue->acd.id;
    fact_door_refused(t, call, queue->acd.id, err == -ENOSPC ? "full" : "no_agent");
    log_info("call", "door_refused", "call=%s queue=%d why=%s", UUID_TEXT(&call->id), queue->acd.id,
             err == -ENOSPC ? "full" : "no_agent");
    return err;
}

static void waits_in(struct telephony *t, struct call *call, const struct dir_queue *queue,
                     int32_t priority, const char *music)
{
    menu_leave(t, call, "queue");
    call->forced_outcome = NULL; /* wherever the flow had been before: it ends here */
    waiting_begin(t, call, queue->acd.id, priority, music);
    log_info("call", "queued", "call=%s queue=%d priority=%d", UUID_TEXT(&call->id), queue->acd.id,
             priority);
    view_queue_changed(t, call->center_id);
    acd_carry_out(t);
}

/* The queue that the center names for calls of others (XFER-10, XFER-15), when somebody serves it.
 */
static bool enter_dedicated(struct telephony *t, struct call *call, int32_t priority,
                            const char *music)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->transfer_queue);

    if (!queue || queue->acd.center_id != call->center_id ||
        try_queue(t, call, queue, priority, NULL))
        return false;
    waits_in(t, call, queue, priority, music);
    return true;
}

/* The queue that the rules lead to, the same when none holds. NULL: they lead into the flow. */
static const struct dir_queue *by_rules(struct telephony *t, struct call *call,
                                        const struct dir_queue *queue, int32_t priority)
{
    struct queueing_way way;

    while (queue && queueing_at_door(t, call, queue, &way)) {
        pass_by(t, call, queue, priority, &way);
        queue = way.queue;
    }
    return queue;
}

/* 0; -ENOSPC full; -ENOENT nobody signed in serves it, or no such queue; -EXDEV a rule leads to the
 * node call->rules_node of the flow; -ESRCH whom it is preferred for is not there. Queues that
 * overflow into others are asked in turn; what the first one said is what the flow hears. Who is
 * for one agent comes in whatever the queue's rules say of others, and is for him in this queue
 * only. */
int waiting_enter(struct telephony *t, struct call *call, const char *queue_code, int32_t priority,
                  const char *music, const struct acd_preferred *preferred)
{
    const struct dir_queue *queue =
        directory_queue_by_code(t->directory, call->center_id, queue_code);
    int said = -ENOENT;

    if (call->source != DIR_SOURCE_DIRECT && priority != RETURN_PRIORITY) {
        priority = call->priority_by_code;
        if (enter_dedicated(t, call, priority, music))
            return 0;
    }
    if (queue && !preferred) {
        queue = by_rules(t, call, queue, priority);
        if (!queue)
            return -EXDEV;
    }
    for (int hops = 0; queue && hops <= OVERFLOW_HOPS; hops++, queue = overflow_of(t, queue)) {
        int err = try_queue(t, call, queue, priority, hops ? NULL : preferred);
        if (err == -ESRCH)
            return err;
        if (err && hops == 0)
            said = err;
        if (err)
            continue;
        call->preferred = preferred && hops == 0 ? preferred->agent : 0;
        waits_in(t, call, queue, priority, music);
        return 0;
    }
    return said;
}

void waiting_return(struct telephony *t, struct call *call, const struct dir_queue *queue)
{
    int err;

    call->agent = 0;
    call->state = CALL_MENU;
    err = queue ? waiting_enter(t, call, queue->code, RETURN_PRIORITY, NULL, NULL) : -ENOENT;
    if (err)
        menu_event(t, call, err == -ENOSPC ? IVR_EV_QUEUE_FULL : IVR_EV_QUEUE_NO_AGENT, 0);
}

void waiting_taken(struct telephony *t, struct call *call, const char *outcome)
{
    if (!call->in_queue_visit)
        return;
    call->in_queue_visit = false;
    fact_queue_leave(t, call, outcome);
}

void waiting_stop(struct telephony *t, struct call *call)
{
    acd_entry_t entry = call->entry;

    call->entry = 0;
    call->preferred = 0;
    waiting_unlink(t, call);
    view_queue_changed(t, call->center_id);
    if (entry && acd_leave(t->acd, loop_now_ms(t->loop), entry) == 0)
        acd_carry_out(t);
}

/* --- the engine's commands ------------------------------------------------------------------ */

static const char *offer_outcome(enum acd_revoke_reason reason)
{
    static const char *const names[] = {
        [ACD_REVOKE_CALLER_LEFT] = "caller_left",
        [ACD_REVOKE_NO_ANSWER] = "no_answer",
        [ACD_REVOKE_REJECTED] = "rejected",
        [ACD_REVOKE_LINE_LOST] = "line_lost",
        [ACD_REVOKE_TAKEN] = "taken",
        [ACD_REVOKE_MOVED] = "moved",
        [ACD_REVOKE_FORCED] = "forced",
    };

    return names[reason];
}

static void on_offer(struct telephony *t, const struct acd_command *command)
{
    struct call *call = call_find(t, (handle_t)command->tag);
    struct agent *agent = agent_find(t, command->agent);

    if (!call || !agent) {
        log_error("acd", "offer_without_party", "agent=%d entry=%u", command->agent,
                  command->entry);
        return;
    }
    if (!command->entry && call->pass.by && call->pass.user_id == command->agent) {
        pass_rings(t, call, agent, command);
        return;
    }
    if (!command->entry) {
        consult_rings(t, call, agent, command);
        return;
    }
    call->ringing++;
    call->ringing_at = command->agent;
    call->ring_ms = loop_wall_ms(t->loop);
    text_copy(call->offer_reason, sizeof(call->offer_reason), command->reason);
    agent_ring(t, agent, call, command);
    view_queue_changed(t, call->center_id);
}

/* A call for this agent alone: he was asked, or it was passed on to him. */
static void not_taken(struct telephony *t, struct call *call, struct agent *agent)
{
    if (call && call->pass.by && call->pass.offer == agent->offer)
        pass_not_taken(t, call, agent);
    else
        consult_not_taken(t, call, agent);
}

static void on_revoke(struct telephony *t, const struct acd_command *command)
{
    struct call *call = call_find(t, (handle_t)command->tag);
    struct agent *agent = agent_find(t, command->agent);

    if (!command->entry) {
        if (agent && agent->offer == command->offer)
            not_taken(t, call, agent);
        return;
    }
    if (call && call->ringing && --call->ringing == 0)
        call->ringing_at = 0;
    if (!agent || agent->offer != command->offer)
        return;
    fact_offer_end(t, agent, offer_outcome(command->revoke_reason));
    log_info("acd", "revoked", "agent=%d offer=%u why=%s", agent->user_id, command->offer,
             offer_outcome(command->revoke_reason));
    agent_stop_ringing(t, agent);
    if (call)
        view_queue_changed(t, call->center_id);
}

/* The agent is in TALK for the engine: without this it would be so for ever. */
static void connect_failed(struct telephony *t, struct agent *agent,
                           const struct acd_command *command)
{
    if (!agent)
        return;
    if (agent->offer == command->offer) {
        if (command->entry)
            fact_offer_end(t, agent, "caller_left");
        agent_stop_ringing(t, agent);
    }
    if (acd_talk_ended(t->acd, loop_now_ms(t->loop), agent->user_id, false) == 0)
        acd_carry_out(t);
}

static void on_connect(struct telephony *t, const struct acd_command *command)
{
    struct call *call = call_find(t, (handle_t)command->tag);
    struct agent *agent = agent_find(t, command->agent);

    if (!command->entry && call && agent && call->consult.offer == command->offer) {
        consult_answered(t, call, agent);
        return;
    }
    if (!command->entry && call && agent && call->pass.offer == command->offer) {
        pass_taken(t, call, agent);
        return;
    }
    if (!call || !agent || call->state != CALL_WAITING) {
        log_error("acd", "connect_without_party", "agent=%d entry=%u", command->agent,
                  command->entry);
        connect_failed(t, agent, command);
        return;
    }
    fact_offer_end(t, agent, "answered");
    queueing_answered(t, call->queue_id);
    call->ringing = 0;
    call->ringing_at = 0;
    call->entry = 0;
    call->preferred = 0;
    talk_connect(t, call, agent);
}

bool waiting_move(struct telephony *t, struct call *call, const struct dir_queue *target,
                  const char *outcome)
{
    if (acd_move(t->acd, loop_now_ms(t->loop), call->entry, target->acd.id))
        return false;
    fact_queue_leave(t, call, outcome);
    log_info("call", outcome, "call=%s from=%d to=%d", UUID_TEXT(&call->id), call->queue_id,
             target->acd.id);
    call->queue_id = target->acd.id;
    call->preferred = 0;
    call->queued_ms = loop_wall_ms(t->loop);
    call->queued_at = loop_now_ms(t->loop);
    call->queue_visit = uuid_new(call->queued_ms);
    fact_queue_enter(t, call);
    announce_later(t, call);
    view_queue_changed(t, call->center_id);
    acd_carry_out(t);
    return true;
}

static bool overflow(struct telephony *t, struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);
    const struct dir_queue *target = queue ? overflow_of(t, queue) : NULL;
    uint32_t signed_in = 0, available = 0;

    if (!target || call->overflows >= OVERFLOW_HOPS || !waiting_is_open(call, target))
        return false;
    acd_queue_staff(t->acd, target->acd.id, &signed_in, &available);
    if (!signed_in || !waiting_move(t, call, target, "overflow_out"))
        return false;
    call->overflows++;
    return true;
}

/* The queue's overflow target or else the flow decides what becomes of a caller whose wait is over;
 * the flow alone where the queue is gone. */
static void on_put_out(struct telephony *t, const struct acd_command *command, bool dropped)
{
    struct call *call = call_find(t, (handle_t)command->tag);

    if (!call || call->state != CALL_WAITING || call->entry != command->entry)
        return;
    if (dropped)
        call->entry = 0;
    else if (overflow(t, call))
        return;
    log_info("call", dropped ? "queue_removed" : "wait_over", "call=%s queue=%d",
             UUID_TEXT(&call->id), call->queue_id);
    if (dropped)
        waiting_taken(t, call, "moved_out");
    waiting_stop(t, call);
    call->state = CALL_MENU;
    call->wait_over = !dropped;
    menu_event(t, call, IVR_EV_WAIT_OVER, 0);
}

/* 指定坐席: it waits for everybody now, or the flow decides. */
static void on_preferred_over(struct telephony *t, const struct acd_command *command)
{
    struct call *call = call_find(t, (handle_t)command->tag);

    if (!call || call->state != CALL_WAITING || call->entry != command->entry)
        return;
    log_info("call", "preferred_over", "call=%s agent=%d why=%s leaves=%d", UUID_TEXT(&call->id),
             command->agent, command->preferred_end == ACD_PREFERRED_GONE ? "gone" : "no_answer",
             command->leaves);
    call->preferred = 0;
    view_queue_changed(t, call->center_id);
    if (!command->leaves)
        return;
    waiting_stop(t, call);
    call->state = CALL_MENU;
    menu_answer(t, call, command->preferred_end == ACD_PREFERRED_GONE ? IVR_OFF : IVR_NO_ANSWER);
}

static void carry_out_one(struct telephony *t, const struct acd_command *command)
{
    struct agent *agent;

    switch (command->kind) {
    case ACD_OFFER:
        on_offer(t, command);
        return;
    case ACD_REVOKE:
        on_revoke(t, command);
        return;
    case ACD_CONNECT:
        on_connect(t, command);
        return;
    case ACD_AGENT_STATE:
        agent = agent_find(t, command->agent);
        if (agent)
            agent_state_changed(t, agent, command);
        return;
    case ACD_WAIT_OVER:
    case ACD_DROPPED:
        on_put_out(t, command, command->kind == ACD_DROPPED);
        return;
    case ACD_PREFERRED_OVER:
        on_preferred_over(t, command);
        return;
    }
}

static bool pending_room(struct telephony *t, uint32_t more)
{
    uint32_t wanted = t->pending_count + more;
    struct acd_command *grown;

    if (wanted <= t->pending_capacity)
        return true;
    wanted = wanted < 256 ? 256 : wanted * 2;
    grown = realloc(t->pending, wanted * sizeof(*grown));
    if (!grown)
        return false;
    t->pending = grown;
    t->pending_capacity = wanted;
    return true;
}

/* The engine empties its buffer at its next call, and carrying out one command may call it again:
 * so commands are copied to a FIFO first and carried out in order, outermost caller only. */
void acd_carry_out(struct telephony *t)
{
    const struct acd_out *out = acd_out(t->acd);
    uint64_t now = loop_now_ms(t->loop), due;

    if (out->count && pending_room(t, out->count)) {
        memcpy(&t->pending[t->pending_count], out->commands, out->count * sizeof(*out->commands));
        t->pending_count += out->count;
    } else if (out->count) {
        log_error("acd", "no_memory", "lost=%u", out->count);
    }
    if (t->carrying_out)
        return;
    t->carrying_out = true;
    while (t->pending_next < t->pending_count) {
        struct acd_command command = t->pending[t->pending_next++];
        carry_out_one(t, &command);
    }
    t->pending_next = t->pending_count = 0;
    t->carrying_out = false;
    due = acd_next_due(t->acd);
    if (due == UINT64_MAX)
        loop_timer_stop(&t->acd_timer);
    else
        loop_timer_start(&t->acd_timer, due > now ? due - now : 0);
}

void acd_timer_fired(void *arg)
{
    struct telephony *t = arg;

    acd_tick(t->acd, loop_now_ms(t->loop));
    acd_carry_out(t);
}
