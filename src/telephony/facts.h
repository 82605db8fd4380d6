/* Private to telephony: facts, one function per kind of docs/facts.md. */
#ifndef TELEPHONY_FACTS_H
#define TELEPHONY_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct bot_slot;
struct call;
struct dir_place;
struct ivr_command;
struct leg;
struct measured_talk;
struct media_recorded;
struct media_stats;
struct reach;
struct recording_note;
struct talk;
struct telephony;
struct uuid;

void fact_call_begin(struct telephony *t, const struct call *call, bool test);
void fact_ivr_begin(struct telephony *t, const struct call *call);
void fact_ivr_key(struct telephony *t, const struct call *call, const struct ivr_command *key);
void fact_ivr_end(struct telephony *t, const struct call *call, const char *exit);
void fact_queue_enter(struct telephony *t, const struct call *call);
void fact_queue_leave(struct telephony *t, const struct call *call, const char *outcome);
void fact_door_refused(struct telephony *t, const struct call *call, int32_t queue_id,
                       const char *cause);
void fact_offer_begin(struct telephony *t, const struct call *call, const struct agent *agent,
                      const char *reason);
void fact_offer_end(struct telephony *t, const struct agent *agent, const char *outcome);
void fact_talk_begin(struct telephony *t, const struct call *call, const struct talk *talk);
void fact_talk_end(struct telephony *t, const struct call *call, const struct talk *talk,
                   int64_t talk_ms, const char *released_by);
void fact_bot_turn(struct telephony *t, const struct call *call, bool by_bot, int64_t at_ms,
                   const char *said);
void fact_bot_slot(struct telephony *t, const struct call *call, const struct bot_slot *slot);
/* Of the second one outside, once it is over. released_by as of talks, or "outside". */
void fact_outside_leg(struct telephony *t, const struct call *call, const struct reach *reach,
                      const struct leg *leg, const char *outcome, const char *released_by);
void fact_hold_begin(struct telephony *t, const struct call *call);
void fact_hold_end(struct telephony *t, const struct call *call);
void fact_acw_end(struct telephony *t, const struct agent *agent, const struct call *call);
void fact_call_end(struct telephony *t, const struct call *call, const char *outcome);
void fact_session_begin(struct telephony *t, const struct agent *agent);
void fact_session_end(struct telephony *t, const struct agent *agent, const char *reason);
void fact_agent_state(struct telephony *t, const struct agent *agent, const char *reason_name);
void fact_recording_begin(struct telephony *t, const struct call *call, const char *path);
void fact_message_begin(struct telephony *t, const struct call *call, const char *path);
void fact_callback_asked(struct telephony *t, struct call *call, const struct dir_place *to,
                         int32_t queue_id);
void fact_recording_end(struct telephony *t, const struct recording_note *note,
                        const struct media_recorded *recorded);
void fact_leg_quality(struct telephony *t, const struct leg *leg, const struct media_stats *stats);
/* Of one talk on an agent's leg. */
void fact_talk_quality(struct telephony *t, const struct leg *leg, const struct measured_talk *talk,
                       const struct media_stats *stats);
void fact_unrecorded(struct telephony *t, int32_t center_id, const struct uuid *call_id,
                     const char *why);
void fact_trunk_state(struct telephony *t, int32_t trunk_id, const char *state);
/* Of what a leader did to an agent of this center. */
void fact_audit(struct telephony *t, int32_t center_id, const struct agent *actor,
                const char *action, int32_t user_id, const char *detail);
void fact_wrap_up(struct telephony *t, const struct call *call, const struct agent *agent,
                  const char *code, const char *note);

#endif
