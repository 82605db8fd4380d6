/* A caller passed on by the agent it talks to. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/telephony.h>

#include "telephony/call.h"
#include "telephony/errand.h"
#include "telephony/room.h"
#include "telephony/talk.h"
#include "telephony/waiting.h"

/* Asked before anything is changed: a caller whose transfer is refused goes on talking. */
static enum telephony_result may_wait_in(struct telephony *t, const struct call *call,
                                         const struct dir_queue *queue)
{
    uint32_t signed_in = 0, available = 0;
    struct acd_queue_view view = {0};

    if (!queue || queue->acd.center_id != call->center_id)
        return TELEPHONY_NO_QUEUE;
    if (!waiting_is_open(call, queue))
        return TELEPHONY_QUEUE_CLOSED;
    acd_queue_staff(t->acd, queue->acd.id, &signed_in, &available);
    if (!signed_in)
        return TELEPHONY_QUEUE_EMPTY;
    (void)acd_queue_view(t->acd, queue->acd.id, &view);
    if (queue->acd.max_length && view.waiting >= queue->acd.max_length)
        return TELEPHONY_QUEUE_FULL;
    return TELEPHONY_OK;
}

enum telephony_result telephony_hand_over(struct telephony *t, int32_t user_id,
                                          const struct uuid *call_id, const char *draft)
{
    struct call *call = talk_of(t, user_id, call_id);
    struct call_side *side;
    char *copy = call && draft ? strdup(draft) : NULL;

    if (!call)
        return TELEPHONY_STALE;
    if (draft && !copy)
        return TELEPHONY_NOT_NOW;
    side = call_beside(t, call);
    free(side->handed);
    side->handed = copy;
    side->handed_by = user_id;
    return TELEPHONY_OK;
}

enum telephony_result telephony_transfer(struct telephony *t, int32_t user_id,
                                         const struct uuid *call_id, int32_t queue_id)
{
    struct call *call = call_find_by_id(t, call_id, user_id);
    const struct dir_queue *queue = directory_queue(t->directory, queue_id);
    enum telephony_result result;

    if (!call || call->agent != user_id)
        return TELEPHONY_STALE;
    if (call->outbound)
        return TELEPHONY_OUTBOUND;
    if (call->state != CALL_TALKING)
        return TELEPHONY_STALE;
    if (call->consult.by)
        return TELEPHONY_CONSULTING;
    if (errand_is_out(call))
        return TELEPHONY_IN_FLOW;
    result = may_wait_in(t, call, queue);
    if (result != TELEPHONY_OK)
        return result;
    log_info("call", "transferred", "call=%s agent=%d queue=%d", UUID_TEXT(&call->id), user_id,
             queue_id);
    call->talk.passed_to = "queue";
    call->talk.passed_id = queue_id;
    talk_end(t, call, "agent", true);
    waiting_return(t, call, queue);
    return TELEPHONY_OK;
}
