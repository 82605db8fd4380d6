/* Callers of the region's number go to the center they belong to (ACD-10, ACD-11), as if an agent
 * had passed them on: over that center's access code, with its permissions and hours. Whoever is
 * not taken there goes through the flow of the number he called.
 *
 *   gate_open        the call is established
 *   on_who_calls     whose number it is, for LOOKUP_MS at most; the caller waits
 *   directory_route  which center, by taxpayer, rule, place, or what is set for unknown ones
 *   centers_send     it rings there; menu_reach_ended() tells route_over() */
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/route.h>
#include <hotlined/telephony.h>

#include "telephony/call.h"
#include "telephony/centers.h"
#include "telephony/menu.h"
#include "telephony/room.h"
#include "telephony/route.h"

#define LOOKUP_MS 1000 /* ACD-11 */

static const char *const ways[] = {[ROUTE_BY_TAXPAYER] = "taxpayer",
                                   [ROUTE_BY_RULE] = "rule",
                                   [ROUTE_BY_PLACE] = "place",
                                   [ROUTE_BY_DEFAULT] = "default"};

/* Of the taxpayer's office, for a call that stays: as a queue that an access code names. */
static void stay(struct telephony *t, struct call *call, const char *queue_code)
{
    const struct dir_queue *queue =
        *queue_code ? directory_queue_by_code(t->directory, call->center_id, queue_code) : NULL;

    if (queue)
        call->transfer_queue = queue->acd.id;
}

/* False: it goes through its flow. */
static bool send(struct telephony *t, struct call *call, const struct telephony_taxpayer *taxpayer)
{
    struct route_answer answer = directory_route(t->directory, call->center_id, call->caller,
                                                 taxpayer ? taxpayer->center_id : 0);
    const char *queue = taxpayer && answer.by == ROUTE_BY_TAXPAYER ? taxpayer->queue : "";
    bool away = answer.center && answer.center != call->center_id;
    const char *why = away ? centers_send(t, call, answer.center, queue) : NULL;

    log_info("call", "routed", "call=%s by=%s digits=%u center=%d refused=%s", UUID_TEXT(&call->id),
             ways[answer.by], answer.length, answer.center, why ? why : "");
    call->routing = away && !why ? ROUTING_CALLS : ROUTING_NO;
    if (!away)
        stay(t, call, queue);
    return call->routing == ROUTING_CALLS;
}

bool route_begin(struct telephony *t, struct call *call)
{
    const struct dir_routing *routing =
        call->by_caller ? directory_routing(t->directory, call->center_id) : NULL;

    if (!routing)
        return false;
    if (!routing->by_taxpayer || !call->caller[0] || !t->handlers.on_who_calls ||
        !t->handlers.on_who_calls(call->handle, call->caller, t->arg))
        return send(t, call, NULL);
    call->routing = ROUTING_ASKS;
    loop_timer_start(&call_beside(t, call)->ivr_timer, LOOKUP_MS);
    return true;
}

static void go_on(struct telephony *t, struct call *call, const struct telephony_taxpayer *taxpayer)
{
    loop_timer_stop(&call_beside(t, call)->ivr_timer);
    if (!send(t, call, taxpayer))
        menu_start(t, call);
}

void route_time_over(struct telephony *t, struct call *call)
{
    go_on(t, call, NULL);
}

void telephony_caller_known(struct telephony *t, uint32_t handle,
                            const struct telephony_taxpayer *taxpayer)
{
    struct call *call = call_find(t, handle);

    if (call && call->routing == ROUTING_ASKS && call->state == CALL_NEW)
        go_on(t, call, taxpayer);
}

void route_over(struct telephony *t, struct call *call, bool answered)
{
    call->routing = ROUTING_NO;
    if (answered)
        call_hangup(t, call, "transfer_done");
    else
        menu_start(t, call);
}
