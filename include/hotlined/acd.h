/* ACD: the pure engine that decides which waiting caller rings at which agent, and that owns the
 * agents' states.
 *
 * No I/O, no clock, no globals; all memory is taken in acd_create(). Every function gets `now`
 * (monotonic ms, never going back) and appends what is to be done to an acd_out; the caller
 * carries the commands out in order. The engine never calls back.
 *
 * The story of one call: acd_enter() puts an entry into a queue. When a member of the queue is
 * READY with its line up, the engine says OFFER (and AGENT_STATE ring). acd_answer() by the agent
 * says CONNECT (state talk) or -ESTALE when the caller has just left or another agent won. When
 * the talk is over, acd_talk_ended() starts ACW, which ends by acd_wrap_up_done() or by time
 * (unless the queue makes the summary compulsory), then the state the agent asked for meanwhile.
 * An offer not answered in ring_timeout_ms is REVOKEd, the agent is made busy (reason
 * ACD_REASON_RONA) and the entry goes to the next agent, at the head of its priority.
 *
 * Invariants (tests/sim/test_acd.c checks all of them after every step):
 *  - an agent has at most one offer, is in RING exactly while it has one, in TALK exactly while
 *    connected;
 *  - a waiting entry and an available agent who is a matching member never coexist after a step;
 *  - among the entries of one agent's queues: first those that wait for him alone, then the agent's
 *    weight for the queue, then the entry's priority (with ageing), then first entry time, then
 *    entry id;
 *  - an entry that waits for one agent rings nowhere else, and he is signed in and serves its
 * queue;
 *  - nobody is in a queue after acd_leave(); nobody leaves without a command or a call of ours;
 *  - an entry rings at one agent only, unless the strategy is ACD_RING_ALL;
 *  - an agent who refused or did not answer an entry is not offered it again while another
 *    member could take it, and never twice in a row without ACD_REOFFER_MS between. */
#ifndef HOTLINED_ACD_H
#define HOTLINED_ACD_H

#include <stdbool.h>
#include <stdint.h>

#define ACD_REOFFER_MS           10000
#define ACD_MAX_QUEUES_PER_AGENT 32
#define ACD_REASON_SIZE          96

struct acd;

typedef uint32_t acd_entry_t; /* handle of an entry, 0 = none */
typedef uint32_t acd_offer_t; /* unique per offer, never reused within 2^32 offers, 0 = none */

enum acd_agent_state {
    ACD_SIGNED_OUT,
    ACD_READY, /* 示闲 */
    ACD_BUSY,  /* 示忙, with reason */
    ACD_REST,  /* 小休, with reason */
    ACD_RING,  /* 振铃 */
    ACD_TALK,  /* 通话 */
    ACD_ACW    /* 整理 */
};

enum acd_strategy {
    ACD_LONGEST_IDLE, /* ready since longest */
    ACD_FEWEST_CALLS, /* answered least since sign-in, then longest idle */
    ACD_ROUND_ROBIN,  /* next after the one offered last */
    ACD_BY_WEIGHT,    /* highest member weight in this queue, then longest idle */
    ACD_RING_ALL      /* all available members at once, first answer wins */
};

struct acd_limits {
    uint32_t agents, queues, members, entries;
};

struct acd_queue_conf {
    int32_t id;
    int32_t center_id;
    enum acd_strategy strategy;
    uint32_t ring_timeout_ms; /* 久不应答, default 20000 */
    uint32_t wrap_up_ms;      /* 0 = no ACW unless compulsory */
    bool wrap_up_required;    /* ACW ends only by acd_wrap_up_done() */
    uint32_t max_wait_ms;     /* 0 = none; WAIT_OVER is said once */
    uint32_t max_offers;      /* refused or unanswered offers until WAIT_OVER is said; 0 = none */
    uint32_t max_length;      /* 0 = none; acd_enter() answers -ENOSPC above */
    uint32_t age_step_ms;     /* ageing: priority + 1 each step of waiting; 0 = none */
};

/* --- commands ------------------------------------------------------------------------------ */

enum acd_command_kind {
    ACD_OFFER,       /* ring agent with entry; reason says why this agent */
    ACD_REVOKE,      /* stop ringing; revoke_reason says why */
    ACD_CONNECT,     /* agent and entry talk now; the entry has left the queue */
    ACD_AGENT_STATE, /* new state of an agent; every change says so exactly once */
    /* entry waited max_wait_ms, or max_offers of its offers failed (then it rings nowhere for
     * ACD_REOFFER_MS); it stays in until acd_leave() or acd_move() */
    ACD_WAIT_OVER,
    ACD_DROPPED, /* entry thrown out because its queue was removed; find it another place */
    /* entry waits for agent alone no more, preferred_end says why; it waits for everybody now, or,
     * when that was wanted, rings nowhere for ACD_REOFFER_MS so that acd_leave() may take it out */
    ACD_PREFERRED_OVER
};

enum acd_preferred_end {
    ACD_PREFERRED_GONE,      /* signed out, or serves the queue no more */
    ACD_PREFERRED_NO_ANSWER, /* did not take it in time, or would not */
    ACD_PREFERRED_ENDS
};

/* Whom an entry waits for, and whether it leaves the queue when that is over. */
struct acd_preferred {
    int32_t agent;
    uint32_t wait_ms; /* ringing that has begun by then goes on to its own end */
    bool leaves[ACD_PREFERRED_ENDS];
};

enum acd_revoke_reason {
    ACD_REVOKE_CALLER_LEFT,
    ACD_REVOKE_NO_ANSWER, /* 久不应答 */
    ACD_REVOKE_REJECTED,
    ACD_REVOKE_LINE_LOST,
    ACD_REVOKE_TAKEN, /* ring all: another one answered */
    ACD_REVOKE_MOVED, /* entry moved to another queue, or queue removed */
    ACD_REVOKE_FORCED /* supervisor changed the agent's state */
};

struct acd_command {
    enum acd_command_kind kind;
    int32_t agent; /* user id */
    int32_t queue;
    acd_entry_t entry; /* 0: of acd_call_agent() */
    uint64_t tag;      /* as given to acd_enter() or acd_call_agent() */
    acd_offer_t offer;
    enum acd_revoke_reason revoke_reason;
    enum acd_agent_state old_state, state; /* AGENT_STATE */
    int32_t reason_id;                     /* AGENT_STATE: busy/rest reason, 0 = none */
    enum acd_preferred_end preferred_end;  /* PREFERRED_OVER */
    bool leaves;                           /* PREFERRED_OVER: as was wanted */
    char reason[ACD_REASON_SIZE]; /* OFFER: "longest idle 35 s", "weight 90 > 60" ...; stored */
};

#define ACD_REASON_NONE 0
#define ACD_REASON_RONA (-1) /* 久不应答 */

/* Grows as needed by the caller's allocator-free rule: acd_create() sizes it for the worst case
 * of one step; a step that would overflow it asserts. */
struct acd_out {
    struct acd_command *commands;
    uint32_t count, capacity;
};

/* --- life and configuration ---------------------------------------------------------------- */

int acd_create(const struct acd_limits *limits, struct acd **ret_acd);
void acd_destroy(struct acd *acd);
/* The engine's own output buffer, emptied at the beginning of every function below. Carry the
 * commands out before the next call. */
const struct acd_out *acd_out(const struct acd *acd);

/* Adds or changes. A change acts from the next decision on. 0 or -ENOSPC. */
int acd_queue_set(struct acd *acd, uint64_t now, const struct acd_queue_conf *conf);
/* Entries in it are DROPPED, its offers revoked. */
int acd_queue_remove(struct acd *acd, uint64_t now, int32_t queue);
/* Adds or changes a membership (0..100 weight). -ENOENT unknown queue, -ENOSPC too many. The
 * agent need not be known yet. */
int acd_member_set(struct acd *acd, uint64_t now, int32_t agent, int32_t queue, int32_t weight);
int acd_member_remove(struct acd *acd, uint64_t now, int32_t agent, int32_t queue);

/* --- agents -------------------------------------------------------------------------------- */

/* -EALREADY when signed in. state is READY, BUSY or REST. */
int acd_sign_in(struct acd *acd, uint64_t now, int32_t agent, enum acd_agent_state state,
                int32_t reason_id);
/* -EBUSY in RING, TALK unless forced (then offers are revoked; a talk must be ended first by the
 * caller). -ENOENT not signed in. */
int acd_sign_out(struct acd *acd, uint64_t now, int32_t agent, bool forced);
/* READY, BUSY or REST. In RING, TALK it is kept and takes effect afterwards; in ACW READY means
 * "done": it ends ACW unless a compulsory summary is missing (-EINPROGRESS, and is kept).
 * Returns 0, 1 = kept for later, -ENOENT. */
int acd_request_state(struct acd *acd, uint64_t now, int32_t agent, enum acd_agent_state state,
                      int32_t reason_id);
/* No call is offered while the line is down. A line lost in RING revokes the offer; the state
 * then returns to what it was (not busy). A line lost in TALK changes nothing here. */
int acd_line(struct acd *acd, uint64_t now, int32_t agent, bool up);
/* The agent is taken for a call that did not come from a queue (outbound, internal, pickup). In
 * READY, BUSY, REST or ACW -> TALK. -EBUSY otherwise. queue: whose rules for the summary hold when
 * the talk is over; 0 = there is none. */
int acd_occupy(struct acd *acd, uint64_t now, int32_t agent, int32_t queue);
/* TALK is over. wrap_up false: straight to the next state. Uses the queue of the talk. */
int acd_talk_ended(struct acd *acd, uint64_t now, int32_t agent, bool wrap_up);
int acd_wrap_up_done(struct acd *acd, uint64_t now, int32_t agent);
/* A supervisor decides: READY, BUSY or REST at once. An offer is revoked and its caller goes
 * elsewhere, ACW ends with or without its summary. In TALK (and READY in RING) it is kept for
 * afterwards. Returns 0, 1 = kept, -ENOENT. */
int acd_force_state(struct acd *acd, uint64_t now, int32_t agent, enum acd_agent_state state,
                    int32_t reason_id);

/* --- offers -------------------------------------------------------------------------------- */

int acd_answer(struct acd *acd, uint64_t now, int32_t agent, acd_offer_t offer); /* 0, -ESTALE */
/* 拒接: back to READY (or the state asked for meanwhile); this entry goes elsewhere, see the
 * invariants. 0, -ESTALE. */
int acd_reject(struct acd *acd, uint64_t now, int32_t agent, acd_offer_t offer);

/* A call that is for this agent and nobody else: consultation, help, a call passed on to him. He
 * rings with it as with any other: OFFER, REVOKE and CONNECT with entry 0 and this tag. What he
 * does not take goes nowhere: the caller of this function finds it another place, and the agent is
 * what he was before, 久不应答 or not. In READY, BUSY and REST, with the line up; -EBUSY otherwise,
 * -ENOENT not signed in. queue: whose rules for the summary hold afterwards; 0 = none. */
int acd_call_agent(struct acd *acd, uint64_t now, int32_t agent, int32_t queue,
                   uint32_t ring_timeout_ms, uint64_t tag, acd_offer_t *ret_offer);
/* Whoever called him has gone: REVOKE. 0, -ESTALE. */
int acd_call_cancel(struct acd *acd, uint64_t now, int32_t agent, acd_offer_t offer);

/* --- entries ------------------------------------------------------------------------------- */

/* first_entry: the call's first entry into any queue (keeps its place on overflow); tag: the
 * caller's own name for it, returned in commands. 0, -ENOENT queue, -ENOSPC queue full. */
int acd_enter(struct acd *acd, uint64_t now, int32_t queue, int32_t priority, uint64_t first_entry,
              uint64_t tag, acd_entry_t *ret_entry);
/* 指定坐席: for a while it is for this agent alone, who gets it before all others; what he refuses
 * or does not answer is not for him alone any more, and counts for none of the entry's limits.
 * -ESRCH: he is not signed in or does not serve the queue, nothing was entered. Else as
 * acd_enter(). */
int acd_enter_for(struct acd *acd, uint64_t now, int32_t queue, int32_t priority,
                  uint64_t first_entry, uint64_t tag, const struct acd_preferred *preferred,
                  acd_entry_t *ret_entry);
int acd_leave(struct acd *acd, uint64_t now, acd_entry_t entry); /* 0, -ESTALE */
/* To another queue of the same center, keeping first entry time, priority and refusals; whomever it
 * waited for alone, it is for everybody there. */
int acd_move(struct acd *acd, uint64_t now, acd_entry_t entry, int32_t queue);
/* Before all who are in its queue now, for as long as they are, however they age. ret_priority:
 * what it has from now on. 0, -ESTALE. */
int acd_to_head(struct acd *acd, uint64_t now, acd_entry_t entry, int32_t *ret_priority);
/* 指派: rings at this agent alone, member or not, in READY, BUSY or REST with his line up. When he
 * does not take it, it waits in its old place, which counts for none of its limits, and he is what
 * he was before, 久不应答 or not. 0, -ESTALE, -ENOENT not signed in, -EBUSY. */
int acd_assign(struct acd *acd, uint64_t now, acd_entry_t entry, int32_t agent);
/* Whether somebody signed in serves the queue (for "no agent" branches), and whether available. */
void acd_queue_staff(const struct acd *acd, int32_t queue, uint32_t *ret_signed_in,
                     uint32_t *ret_available);

/* --- time and views ------------------------------------------------------------------------ */

/* Carries out what is due (ring time-outs, ACW ends, wait limits, ageing). Call it when
 * acd_next_due() says, or later. */
void acd_tick(struct acd *acd, uint64_t now);
uint64_t acd_next_due(const struct acd *acd); /* UINT64_MAX = nothing */

struct acd_agent_view {
    enum acd_agent_state state;
    int32_t reason_id;
    uint64_t since;                  /* of the state */
    enum acd_agent_state next_state; /* kept request, ACD_SIGNED_OUT = none */
    bool line_up;
    acd_offer_t offer;
    uint32_t answered; /* since sign-in */
};
bool acd_agent_view(const struct acd *acd, int32_t agent, struct acd_agent_view *ret_view);

struct acd_queue_view {
    uint32_t waiting;            /* not yet answered, ringing ones included */
    uint64_t oldest_first_entry; /* UINT64_MAX when empty */
    uint32_t signed_in, available;
};
bool acd_queue_view(const struct acd *acd, int32_t queue, struct acd_queue_view *ret_view);
/* Those who wait for everybody and ring nowhere, from the first (position 1) on in the order of
 * service, until visit says true. Nothing of the engine may be changed meanwhile. O(length): for a
 * look at all of them at once, not for one. */
void acd_walk(const struct acd *acd, int32_t queue,
              bool (*visit)(uint64_t tag, uint32_t position, void *arg), void *arg);
/* 1-based place in its queue in the order of service; 0 = not waiting. O(length): for views. */
uint32_t acd_position(const struct acd *acd, acd_entry_t entry);

/* Every invariant that can be checked from inside; 0 or the number of violations, each described
 * through complain. Slow; for tests. */
int acd_check(const struct acd *acd, uint64_t now, void (*complain)(const char *what, void *arg),
              void *arg);

#endif
