/* Private to telephony: a call in a flow; the IVR engine's commands carried out. */
#ifndef TELEPHONY_MENU_H
#define TELEPHONY_MENU_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/ivr.h>

#include "telephony/call.h"

struct telephony;

void menu_start(struct telephony *t, struct call *call);
/* The call comes (back) into call_beside()->flow. */
void menu_enter(struct telephony *t, struct call *call, uint16_t node);
/* The flow hears keys and the ends of prompts, whether it has the call alone or beside a talk. */
static inline bool menu_has(const struct call *call)
{
    return call->state == CALL_MENU ||
           (call->state == CALL_TALKING && call->errand.mode == ERRAND_SUSPEND);
}
void menu_event(struct telephony *t, struct call *call, enum ivr_event_kind kind, char digit);
/* What became of the task the flow waits for. Whoever carries one out stops when the call leaves
 * the flow (menu_leave): a late answer would be taken for that of the next task. */
void menu_answer(struct telephony *t, struct call *call, enum ivr_answer answer);
/* Prompts one after the other. Returns false when there is nothing to be heard. */
bool menu_play(struct telephony *t, struct call *call, const char *const *codes, unsigned count);
void menu_timer_fired(void *call_side);
void menu_leave(struct telephony *t, struct call *call, const char *exit);
/* Whom the flow had called (REACH_FLOW) is gone or was not to be had, and the call is in CALL_MENU.
 */
void menu_reach_ended(struct telephony *t, struct call *call, const struct reach *reach,
                      const char *reason);

#endif
