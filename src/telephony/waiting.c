/* Calls that wait, and the ACD engine's commands carried out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>

#include "telephony/calls.h"

#define OVERFLOW_HOPS 3 /* of one call: queues may overflow into each other */

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

static void play_music(struct telephony *t, struct call *call, const char *music)
{
    struct leg *leg = call_leg_find(t, call->leg);
    struct media_play list = {.count = 1, .loop = true, .exclusive = true};

    list.audio[0] = prompt_for(t, call, music ? music : "hold_music");
    if (!list.audio[0] || !leg || !leg->media) {
        log_error("call", "music_missing", "center=%d prompt=%s", call->center_id,
                  music ? music : "hold_music");
        return;
    }
    call->play_token = list.token = ++t->next_token;
    if (media_play(t->media, leg->media, &list))
        log_error("call", "music_failed", "leg=%u", leg->handle);
}

static void waiting_begin(struct telephony *t, struct call *call, int32_t queue_id,
                          int32_t priority, const char *music)
{
    uint64_t now = loop_now_ms(t->loop);

    call->asked_human = true;
    call->state = CALL_WAITING;
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
    waiting_link(t, call);
    fact_queue_enter(t, call);
    play_music(t, call, music);
}

/* The queue that takes what this one cannot serve. NULL = the flow decides. */
static const struct dir_queue *overflow_of(struct telephony *t, const struct dir_queue *queue)
{
    const struct dir_queue *target =
        queue->overflow_queue_id ? directory_queue(t->directory, queue->overflow_queue_id) : NULL;

    return target && target->acd.center_id == queue->acd.center_id ? target : NULL;
}

/* 0; -ENOSPC full; -ENOENT nobody signed in serves it. */
static int try_queue(struct telephony *t, struct call *call, const struct dir_queue *queue,
                     int32_t priority)
{
    uint64_t now = loop_now_ms(t->loop);
    uint64_t first = call->first_queued_at ? call->first_queued_at : now;
    uint32_t signed_in = 0, available = 0;
    int err;

    acd_queue_staff(t->acd, queue->acd.id, &signed_in, &available);
    err = signed_in
              ? acd_enter(t->acd, now, queue->acd.id, priority, first, call->handle, &call->entry)
              : -ENOENT;
    if (!err)
        return 0;
    call->asked_human = true;
    if (!call->first_queue_id)
        call->first_queue_id = queue->acd.id;
    fact_door_refused(t, call, queue->acd.id, err == -ENOSPC ? "full" : "no_agent");
    log_info("call", "door_refused", "call=%s queue=%d why=%s",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), queue->acd.id,
             err == -ENOSPC ? "full" : "no_agent");
    return err;
}

/* 0; -ENOSPC full; -ENOENT nobody signed in serves it, or no such queue. Queues that overflow into
 * others are asked in turn; what the first one said is what the flow hears. */
int waiting_enter(struct telephony *t, struct call *call, const char *queue_code, int32_t priority,
                  const char *music)
{
    const struct dir_queue *queue =
        directory_queue_by_code(t->directory, call->center_id, queue_code);
    int said = -ENOENT;

    for (int hops = 0; queue && hops <= OVERFLOW_HOPS; hops++, queue = overflow_of(t, queue)) {
        int err = try_queue(t, call, queue, priority);
        if (err && hops == 0)
            said = err;
        if (err)
            continue;
        menu_leave(t, call, "queue");
        waiting_begin(t, call, queue->acd.id, priority, music);
        log_info("call", "queued", "call=%s queue=%d priority=%d",
                 uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), queue->acd.id, priority);
        view_queue_changed(t, call->center_id);
        acd_carry_out(t);
        return 0;
    }
    return said;
}

void waiting_return(struct telephony *t, struct call *call, const struct dir_queue *queue)
{
    int err;

    call->agent = 0;
    call->state = CALL_MENU;
    err = queue ? waiting_enter(t, call, queue->code, RETURN_PRIORITY, NULL) : -ENOENT;
    if (err)
        menu_event(t, call, err == -ENOSPC ? IVR_EV_QUEUE_FULL : IVR_EV_QUEUE_NO_AGENT, 0);
}

void waiting_leave(struct telephony *t, struct call *call, const char *outcome)
{
    acd_entry_t entry = call->entry;

    call->entry = 0;
    waiting_unlink(t, call);
    if (call->in_queue_visit) {
        call->in_queue_visit = false;
        fact_queue_leave(t, call, outcome);
    }
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

static void on_revoke(struct telephony *t, const struct acd_command *command)
{
    struct call *call = call_find(t, (handle_t)command->tag);
    struct agent *agent = agent_find(t, command->agent);

    if (!command->entry) {
        if (agent && agent->offer == command->offer)
            consult_not_taken(t, call, agent);
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
    if (!call || !agent || call->state != CALL_WAITING) {
        log_error("acd", "connect_without_party", "agent=%d entry=%u", command->agent,
                  command->entry);
        connect_failed(t, agent, command);
        return;
    }
    fact_offer_end(t, agent, "answered");
    call->ringing = 0;
    call->ringing_at = 0;
    call->entry = 0;
    talk_connect(t, call, agent);
}

/* The caller goes on waiting in another queue, with its first entry time and its music. */
static bool overflow(struct telephony *t, struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->queue_id);
    const struct dir_queue *target = queue ? overflow_of(t, queue) : NULL;
    uint32_t signed_in = 0, available = 0;

    if (!target || call->overflows >= OVERFLOW_HOPS)
        return false;
    acd_queue_staff(t->acd, target->acd.id, &signed_in, &available);
    if (!signed_in || acd_move(t->acd, loop_now_ms(t->loop), call->entry, target->acd.id))
        return false;
    call->overflows++;
    fact_queue_leave(t, call, "overflow_out");
    call->queue_id = target->acd.id;
    call->queued_ms = loop_wall_ms(t->loop);
    call->queued_at = loop_now_ms(t->loop);
    call->queue_visit = uuid_new(call->queued_ms);
    fact_queue_enter(t, call);
    log_info("call", "overflowed", "call=%s from=%d to=%d",
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), queue->acd.id, target->acd.id);
    view_queue_changed(t, call->center_id);
    acd_carry_out(t);
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
             uuid_text(&call->id, (char[UUID_TEXT_SIZE]){0}), call->queue_id);
    waiting_leave(t, call, dropped ? "moved_out" : "overflow_out");
    call->state = CALL_MENU;
    call->wait_over = !dropped;
    menu_event(t, call, IVR_EV_WAIT_OVER, 0);
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
