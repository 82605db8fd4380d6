/* Who is let in, and how: the center's black and white lists, before anything else is done with a
 * call (CC-33, CC-34). Who is turned away is a call of its own outcome, "blocked", that no other
 * figure counts. */
#include <errno.h>

#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>

#include "telephony/call.h"
#include "telephony/facts.h"
#include "telephony/gate.h"
#include "telephony/menu.h"
#include "telephony/queueing.h"
#include "telephony/room.h"
#include "telephony/route.h"
#include "telephony/waiting.h"

/* A colleague of another center who passes a caller on has let him in already. */
void gate_look(struct telephony *t, struct call *call)
{
    const struct dir_listed *listed =
        call->source == DIR_SOURCE_DIRECT
            ? directory_listed(t->directory, call->center_id, call->caller, call->began_ms)
            : NULL;

    if (!listed)
        return;
    call->listed = *listed;
    if (listed->action == DIR_LIST_REFUSE || listed->action == DIR_LIST_PROMPT)
        call->forced_outcome = "blocked";
    log_info("call", "listed", "call=%s center=%d entry=%d action=%d", UUID_TEXT(&call->id),
             call->center_id, listed->id, listed->action);
}

bool gate_is_shut(const struct call *call)
{
    return call->listed.action == DIR_LIST_REFUSE;
}

void gate_turn_away(struct telephony *t, struct call *call)
{
    call_began(t, call);
    fact_call_begin(t, call, false);
    call->end_reason = "blocked";
    call_over(t, call);
}

/* Straight into the queue, where somebody serves it and there is room; else he is a caller as any
 * other. */
static bool enter_queue(struct telephony *t, struct call *call)
{
    const struct dir_queue *queue = directory_queue(t->directory, call->listed.queue_id);

    int err = queueing_takes(t, call, queue)
                  ? waiting_enter(t, call, queue->code, call->listed.priority, NULL, NULL)
                  : -ENOENT;

    if (err == -EXDEV) {
        call->state = CALL_MENU;
        menu_enter(t, call, call->rules_node);
    }
    return !err || err == -EXDEV;
}

void gate_open(struct telephony *t, struct call *call)
{
    const char *prompt = call->listed.prompt_code;

    if (call->listed.action == DIR_LIST_PROMPT) {
        if (!menu_play(t, call, &prompt, 1))
            gate_said(t, call);
    } else if ((call->listed.action != DIR_LIST_QUEUE || !enter_queue(t, call)) &&
               !route_begin(t, call)) {
        menu_start(t, call);
    }
}

void gate_said(struct telephony *t, struct call *call)
{
    call_hangup(t, call, "blocked");
}
