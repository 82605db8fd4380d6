/* What must be true of src/telephony: what the files that check it share. */
#ifndef TELEPHONY_CHECK_H
#define TELEPHONY_CHECK_H

#include "telephony_world.h"

struct call;
struct telephony;

/* telephony_check_calls.c */
void check_call(struct telephony *t, struct call *call);
/* Of one call alone, what check_holders() counts of all. */
void check_call_alone(struct telephony *t, struct call *call);
/* No channel of the bot is taken by anybody else than those who are with it. */
void check_bots(struct telephony *t);

#endif
