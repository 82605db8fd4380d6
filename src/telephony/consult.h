/* Private to telephony: 磋商, a colleague or somebody outside is asked (struct consult). */
#ifndef TELEPHONY_CONSULT_H
#define TELEPHONY_CONSULT_H

#include <stdbool.h>
#include <stdint.h>

struct acd_command;
struct agent;
struct call;
struct telephony;

void consult_rings(struct telephony *t, struct call *call, struct agent *colleague,
                   const struct acd_command *command);
void consult_answered(struct telephony *t, struct call *call, struct agent *colleague);
void consult_not_taken(struct telephony *t, struct call *call, struct agent *colleague);
/* He is out of the call, the call goes on or ends. Nothing when nobody is asked. */
void consult_drop(struct telephony *t, struct call *call, const char *released_by);
/* He leaves, and the other side is with its agent again. */
void consult_leave(struct telephony *t, struct call *call, const char *released_by);
/* True: it was for the consultation, and the call goes on. */
bool consult_phone_down(struct telephony *t, struct call *call);
bool consult_hangs_up(struct telephony *t, struct call *call, int32_t user_id);
/* Whoever is asked talks already. */
bool consult_is_up(const struct call *call);
/* The one outside who was asked. */
void consult_outside_answered(struct telephony *t, struct call *call);
void consult_outside_gone(struct telephony *t, struct call *call, const char *reason);
/* True: the far side is gone, and the agent goes on with the one who was asked. */
bool consult_caller_left(struct telephony *t, struct call *call);

#endif
