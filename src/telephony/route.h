/* Private to telephony: callers of the region's number go to the center they belong to. */
#ifndef TELEPHONY_ROUTE_H
#define TELEPHONY_ROUTE_H

#include <stdbool.h>

struct call;
struct telephony;

/* False: it stays here, and is a call as any other. */
bool route_begin(struct telephony *t, struct call *call);
void route_time_over(struct telephony *t, struct call *call);
/* Nobody is there any more, or took it; the call is in CALL_MENU. */
void route_over(struct telephony *t, struct call *call, bool answered);

#endif
