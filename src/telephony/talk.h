/* Private to telephony: people in a talk (struct talk), from the connect to the release. */
#ifndef TELEPHONY_TALK_H
#define TELEPHONY_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/stage.h>

struct agent;
struct call;
struct talk;
struct telephony;
struct uuid;

#define LINE_LOST_LIMIT_MS 30000 /* a line away this long gives its caller back to the queue */

/* The agent's line is lost, or the page that had it is being reloaded. */
bool talk_line_is_away(struct telephony *t, const struct call *call, const struct agent *agent);
/* The far side and the agent come onto the stage of a call that is dialed. */
int talk_dialing(struct telephony *t, struct call *call, struct agent *agent);
void talk_connect(struct telephony *t, struct call *call, struct agent *agent);
/* The far side of a call of the agent's own has answered. */
void talk_connect_outbound(struct telephony *t, struct call *call, struct agent *agent);
void talk_announced(struct telephony *t, struct call *call);
/* The agent's part is over (hang-up by anybody). released_by is a constant of facts.md. */
void talk_end(struct telephony *t, struct call *call, const char *released_by, bool wrap_up);
void talk_begin(struct telephony *t, const struct call *call, struct talk *talk,
                const struct agent *agent, const char *kind);
int64_t talk_finish(struct telephony *t, const struct call *call, struct talk *talk,
                    const char *released_by);
void talk_line_changed(struct telephony *t, struct agent *agent);
/* Line away for too long, phone dead: the caller goes back to the head of the queue. */
void talk_give_back(struct telephony *t, struct agent *agent);

/* The call he has and speaks in, as the one whose it is; NULL when it is another one or over. */
struct call *talk_of(struct telephony *t, int32_t user_id, const struct uuid *call_id);
/* Comes onto the stage, or stands in another place of it. 0 or -EAGAIN. */
int talk_enter(struct telephony *t, struct call *call, struct agent *agent, enum stage_place place);
/* The other side is put aside or not, with its facts; scene_play() is the caller's. */
void talk_put_aside(struct telephony *t, struct call *call, bool on);
/* The call is this agent's from now on; he is on the stage already. */
void talk_take_over(struct telephony *t, struct call *call, struct agent *agent);
void talk_start_recording(struct telephony *t, struct call *call); /* where the rule says so */
void talk_open_recording(struct telephony *t, struct call *call);
void talk_stop_recording(struct telephony *t, struct call *call);
/* The agent leaves the stage, the others stay. */
void talk_leave(struct telephony *t, struct call *call, const char *released_by);
/* The agent hears that it rings where he called, until something else is played to him. */
void talk_ring_back(struct telephony *t, const struct agent *agent);
/* An agent is out of the call: his line, his phone, his state. */
void talk_release(struct telephony *t, struct agent *agent, bool wrap_up);

#endif
