/* How each thing that may happen in a world is done: who does it, and what of several.
 *
 * telephony_events.c has the table that names, weighs and chooses them. */
#ifndef TELEPHONY_EVENTS_H
#define TELEPHONY_EVENTS_H

#include "telephony_world.h"

#define EVENT_KEYS "11122234789900556677##*#" /* which a caller may press */

extern const int event_statuses[8];       /* with which somebody outside refuses */
extern const char *const event_states[7]; /* that an agent asks for */
const char *event_session(unsigned arg);  /* of an agent's page */

typedef void event_h(unsigned who, unsigned arg);

static inline struct telephony *t(void)
{
    return world.telephony;
}

/* callers: telephony_outside.c */
event_h caller_calls, caller_is_passed_on, taxpayer_is_known, caller_hangs_up, caller_is_lost,
    caller_key, caller_reoffers, caller_reoffers_late, caller_is_silent;
/* whom agents call, and trunks: telephony_outside.c */
event_h far_rings, far_answers, far_refuses, far_hangs_up, second_called, second_is_quiet,
    second_asked, second_refers, second_says, trunk_share_changes, trunk_full, trunk_dies,
    trunk_back;
/* lines and phones: telephony_agents.c */
event_h line_new, line_restart, line_bad, line_lost, line_back, line_is_quiet, line_closed,
    phone_registers, phone_picked_up, phone_refuses, phone_put_down, phone_dies, phone_reoffers;
/* agents: telephony_agents.c */
event_h agent_signs_in, agent_signs_out, agent_sets_state, line_is_tested, agent_answers,
    agent_rejects, agent_hangs_up, agent_saves, agent_is_done, agent_dials, agent_transfers,
    agent_holds, agent_mutes, agent_records, agent_consults, agent_asks_outside, agent_passes_on,
    agent_passes_outside, agent_has_asked, agent_sends_to_flow, agent_takes_from_flow, agent_says,
    agent_surveys;
/* leaders, and who looks: telephony_agents.c */
event_h leader_watches, leader_watches_no_more, agent_is_forced, caller_is_moved, agent_asks_center,
    agent_looks;

#endif
