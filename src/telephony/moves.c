/* What a leader does with a caller who waits: to the head, to another queue, to one agent. */
#include <errno.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/room.h"
#include "telephony/views.h"
#include "telephony/waiting.h"

/* NULL: it does not wait, or not any more. */
static struct call *waiting_call(struct telephony *t, const struct uuid *call_id)
{
    struct call *call;

    for (size_t i = 0; i < t->center_count; i++)
        for (handle_t at = t->centers[i].waiting_head; (call = call_find(t, at));
             at = call->waiting_next)
            if (uuid_equal(&call->id, call_id))
                return call;
    return NULL;
}

static void moved(struct telephony *t, const struct call *call, const char *where, int32_t id)
{
    log_info("call", "moved", "call=%s to=%s id=%d", UUID_TEXT(&call->id), where, id);
    view_queue_changed(t, call->center_id);
    acd_carry_out(t);
}

int32_t telephony_waits_in(struct telephony *t, const struct uuid *call_id)
{
    const struct call *call = waiting_call(t, call_id);

    return call ? call->center_id : 0;
}

enum telephony_result telephony_move_to_head(struct telephony *t, const struct uuid *call_id)
{
    struct call *call = waiting_call(t, call_id);

    if (!call || acd_to_head(t->acd, loop_now_ms(t->loop), call->entry, &call->priority))
        return TELEPHONY_STALE;
    moved(t, call, "head", call->queue_id);
    return TELEPHONY_OK;
}

enum telephony_result telephony_move_to_queue(struct telephony *t, const struct uuid *call_id,
                                              int32_t queue_id)
{
    struct call *call = waiting_call(t, call_id);
    const struct dir_queue *queue = directory_queue(t->directory, queue_id);
    uint32_t signed_in = 0, available = 0;

    if (!call)
        return TELEPHONY_STALE;
    if (!queue || queue->acd.center_id != call->center_id)
        return TELEPHONY_NO_QUEUE;
    if (queue_id == call->queue_id)
        return TELEPHONY_OK;
    if (!waiting_is_open(call, queue))
        return TELEPHONY_QUEUE_CLOSED;
    acd_queue_staff(t->acd, queue_id, &signed_in, &available);
    if (!signed_in)
        return TELEPHONY_QUEUE_EMPTY;
    if (!waiting_move(t, call, queue, "moved_out"))
        return TELEPHONY_QUEUE_FULL;
    return TELEPHONY_OK;
}

enum telephony_result telephony_move_to_agent(struct telephony *t, const struct uuid *call_id,
                                              int32_t user_id)
{
    struct call *call = waiting_call(t, call_id);
    const struct agent *agent = agent_find(t, user_id);
    int err;

    if (!call)
        return TELEPHONY_STALE;
    if (!agent || !agent->signed_in || agent->center_id != call->center_id)
        return TELEPHONY_NO_COLLEAGUE;
    err = acd_assign(t->acd, loop_now_ms(t->loop), call->entry, user_id);
    if (err)
        return err == -EBUSY ? TELEPHONY_COLLEAGUE_BUSY : TELEPHONY_STALE;
    moved(t, call, "agent", user_id);
    return TELEPHONY_OK;
}
