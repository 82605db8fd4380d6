/* Private to telephony: a flow asks a system outside. */
#ifndef TELEPHONY_QUERIES_H
#define TELEPHONY_QUERIES_H

#include <stdbool.h>

struct call;
struct ivr_command;
struct telephony;

/* False: it cannot be asked now. Else the flow is told what came of it. */
bool query_begin(struct telephony *t, struct call *call, const struct ivr_command *command);
/* Nobody waits for the answer any more. Nothing when there is none under way. */
void query_drop(struct telephony *t, struct call *call);

#endif
