/* Private to telephony: 盲转, the far one is passed on without asking first (struct pass). */
#ifndef TELEPHONY_PASS_H
#define TELEPHONY_PASS_H

struct acd_command;
struct agent;
struct call;
struct reach;
struct telephony;

void pass_rings(struct telephony *t, struct call *call, struct agent *agent,
                const struct acd_command *command);
void pass_taken(struct telephony *t, struct call *call, struct agent *agent);
void pass_not_taken(struct telephony *t, struct call *call, struct agent *agent);
/* The one outside: he answered (they talk now), or is not to be had or gone. */
void pass_answered(struct telephony *t, struct call *call);
void pass_outside_gone(struct telephony *t, struct call *call, const struct reach *reach,
                       const char *reason);
/* The agent leaves and the two outside go on. */
void pass_leave_both(struct telephony *t, struct call *call);
/* The call ends: whoever rings, is called or talks for it. */
void pass_close(struct telephony *t, struct call *call, const char *released_by);

#endif
