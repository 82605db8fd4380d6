/* Private to telephony: black and white lists, and where a call goes once it is established. */
#ifndef TELEPHONY_GATE_H
#define TELEPHONY_GATE_H

#include <stdbool.h>

struct call;
struct telephony;

void gate_look(struct telephony *t, struct call *call);
/* It is refused: gate_turn_away() writes that down and the call is no more. */
bool gate_is_shut(const struct call *call);
void gate_turn_away(struct telephony *t, struct call *call);
/* The call is established: menu, queue, or a prompt and then the end. */
void gate_open(struct telephony *t, struct call *call);
void gate_said(struct telephony *t, struct call *call); /* the prompt is over */

#endif
