/* Private to telephony: 班长, who stands beside an agent's call (struct watch). */
#ifndef TELEPHONY_LEADER_H
#define TELEPHONY_LEADER_H

#include <stdbool.h>

struct agent;
struct call;
struct telephony;

/* "listen", "whisper", "barge" */
const char *leader_mode(const struct agent *leader);
void leader_leaves(struct telephony *t, struct agent *leader, const char *released_by);
/* The agent is out of his call: nobody watches him any more. */
void leader_let_go(struct telephony *t, const struct agent *agent);
/* The call's agent goes. True: a leader who talks in it has it now. */
bool leader_goes_on(struct telephony *t, struct call *call, const char *released_by);
/* True: he watched, and does so no more. */
bool leader_hangs_up(struct telephony *t, struct agent *leader);

#endif
