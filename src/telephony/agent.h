/* Private to telephony: agents, from sign-in to sign-out.
 *
 * The ACD engine decides states and who is offered what (acd.h); here an agent has a line, a
 * session, and at most one call: ringing, talking, in ACW for it, or watched as a leader. struct
 * agent is flat as struct call is; its timers are in struct agent_side. */
#ifndef TELEPHONY_AGENT_H
#define TELEPHONY_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/acd.h>
#include <hotlined/id.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/slots.h>

#include "telephony/parts.h"

struct call;
struct leg;
struct telephony;

enum line_kind { LINE_BROWSER, LINE_PHONE };

/* A leader beside an agent's call: leader.c. */
struct watch {
    int32_t user_id;  /* whom he watches; 0 = nobody */
    uint8_t place;    /* STAGE_LISTEN, STAGE_WHISPER, STAGE_BARGE */
    struct talk talk; /* his own, of kind "monitor" */
};

struct agent {
    int32_t user_id, center_id;
    bool signed_in;
    enum line_kind line_kind;
    handle_t line;       /* leg: the browser line, or the phone's leg during a call */
    uint8_t line_state;  /* enum media_line_state; CLOSED = none */
    struct uuid session; /* agent session, for facts */
    char http_session[80], address[64];
    int64_t signed_in_ms;
    enum acd_agent_state state;
    int32_t reason_id;
    int64_t state_since_ms; /* wall */
    handle_t call;          /* ringing, talking, in ACW with or watching; 0 = none */
    struct watch watch;
    acd_offer_t offer;
    struct uuid offer_id, offer_call; /* offer_call: the slot may be gone when the offer ends */
    int32_t offer_queue;
    int64_t ring_ms;
    uint64_t ring_at;
    bool wrap_up_required, wrap_up_saved; /* of the talk, or of the one he is in ACW for */
    int32_t acw_queue;                    /* whose ACW it is; 0 = none */
    uint64_t acw_at;
    int64_t acw_ms;          /* wall begin */
    int64_t acw_deadline_ms; /* wall; 0 = none */
    bool view_due;           /* among telephony.changed_agents */
};

struct agent_side {
    struct telephony *telephony;
    int32_t user_id;
    struct loop_timer line_timer; /* away too long */
    struct loop_timer auto_answer;
};

/* --- found ---------------------------------------------------------------------------------- */
struct agent *agent_find(struct telephony *t, int32_t user_id);
struct agent *agent_take(struct telephony *t, int32_t user_id);
struct agent_side *agent_beside(struct telephony *t, const struct agent *agent);

/* --- agents.c ------------------------------------------------------------------------------- */
/* A call is an agent's from the ring or the dialing to the end of his ACW, and its slot stays. */
void agent_take_call(struct telephony *t, struct agent *agent, struct call *call);
void agent_drop_call(struct telephony *t, struct agent *agent);
void agent_state_changed(struct telephony *t, struct agent *agent,
                         const struct acd_command *command);

/* --- line.c: what he speaks through --------------------------------------------------------- */
/* The media leg the agent speaks through now, 0 = none. */
handle_t agent_media(struct telephony *t, const struct agent *agent);
bool agent_line_is_up(struct telephony *t, const struct agent *agent);
/* The ACD is told whether it is: only who can be heard is offered calls. */
void agent_line_told(struct telephony *t, struct agent *agent);
void agent_line_let_go(struct telephony *t, struct agent *agent);
void agent_line_event(handle_t media_leg, enum media_line_state state, void *arg);
void agent_line_away_too_long(void *agent_side);
void agent_phone_event(int32_t user_id, bool registered, void *arg);
void agents_check_phones(struct telephony *t);
/* Rings the agent's desk phone for a call. Negative errno when it cannot. */
int agent_phone_ring(struct telephony *t, struct agent *agent, struct call *call);
void agent_phone_answered(struct telephony *t, struct leg *leg);
void agent_phone_ended(struct telephony *t, struct leg *leg, bool hung_up);

/* --- ringing.c ------------------------------------------------------------------------------ */
void agent_ring(struct telephony *t, struct agent *agent, struct call *call,
                const struct acd_command *command);
void agent_stop_ringing(struct telephony *t, struct agent *agent);
void agent_auto_answer(void *agent_side);

#endif
