/* Private to telephony: a call, from its slot to its end.
 *
 * struct call holds numbers, ids and short texts only (as struct leg and struct agent do): written
 * to a file and read back it would still mean the same. What belongs to this process, timers,
 * references and owned memory, is in struct call_side, found by the same slot index.
 *
 * A call is kept until nobody needs it: the far side is gone, its flow has let go, no agent is in
 * ACW for it (call_release_if_done). */
#ifndef TELEPHONY_CALL_H
#define TELEPHONY_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/loop.h>
#include <hotlined/query.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>

#include "telephony/parts.h"

struct along;
struct telephony;

enum call_state {
    CALL_NEW,     /* INVITE answered, ACK not yet here */
    CALL_MENU,    /* the IVR engine has it */
    CALL_WAITING, /* in a queue, ringing at an agent or not */
    CALL_DIALING, /* an agent's own: the far side is called and has not answered */
    CALL_TALKING, /* connected to an agent, announcement and line loss included */
    CALL_PASSING, /* passed on, and nobody has answered yet: the far one hears music */
    CALL_PASSED,  /* the far one talks with somebody else outside, no agent is there */
    CALL_CLOSING, /* we hung up; the far side has not confirmed yet */
    CALL_ENDED    /* over; kept while an agent is in ACW for it */
};

enum call_routing {
    ROUTING_NO,
    ROUTING_ASKS, /* whose number it is, is being asked; .state is CALL_NEW */
    ROUTING_CALLS /* it rings in the center found, or the caller talks there */
};

struct call {
    handle_t handle;
    struct uuid id, global_id;
    enum call_state state;
    int32_t center_id, trunk_id;
    int32_t flow_id, flow_version;
    enum dir_source source;
    /* Came from another center: */
    int32_t from_center;      /* 0 = from outside, or not known */
    int32_t transfer_queue;   /* asked before the one the flow names; 0 = none */
    int32_t priority_by_code; /* in place of the flow's */
    bool by_caller;           /* its number sends callers on: route.c */
    uint8_t routing;          /* enum call_routing */
    bool unanswered;  /* the 200 goes out when somebody takes it: until then it can be given back */
    bool outbound;    /* made by an agent: the far side is the one called */
    bool regional;    /* center is the regional one */
    bool asked_human; /* entered or was refused at a queue */
    bool wait_over;   /* a queue's maximum wait put it out */
    uint8_t overflows; /* queues left for their overflow queue */
    char caller[SIP_NUMBER_SIZE],
        called[SIP_NUMBER_SIZE]; /* the far one normalised, "" = anonymous */
    char place_text[80], place_province[32], place_city[8]; /* of the far one */

    handle_t leg;  /* the far side's, in telephony->legs; 0 once it ended */
    handle_t room; /* of media, 0 = none */
    handle_t recording;
    struct record_wish record;
    struct talk talk; /* of .agent */
    struct consult consult;
    const char *consult_failed; /* why the last one asked is not there: a constant of facts.md */
    struct pass pass;
    struct reach reach;
    struct bot_visit bot;
    struct stage stage;       /* who stands where, from the first talk or dialing on */
    struct scene_done played; /* what of it media was told */

    struct dir_listed listed; /* what the center's lists say of the caller */
    struct ivr_run ivr;
    uint32_t query; /* under way for its flow; 0 = none */
    struct errand errand;
    struct said said;
    struct surveyed surveyed;
    struct call_key keys[CALL_KEYS];
    uint8_t key_count;
    uint32_t play_token;

    acd_entry_t entry;
    int32_t queue_id; /* where it waits or was answered; outbound: whose summary it has; 0 = none */
    int32_t first_queue_id; /* for call-level figures (kpi S1) */
    int32_t priority;
    int32_t preferred;   /* agent it waits for alone, 0 = for everybody */
    int32_t ringing_at;  /* agent being offered (ring-all: one of them), 0 = none */
    uint16_t ringing;    /* open offers */
    int32_t rules_queue; /* whose overflow rules were tried: */
    uint8_t rules_tried; /* by number */
    uint16_t rules_node; /* where one of them led to */
    bool announcing;     /* it hears how many are before it, then the music again: */
    char music[IVR_NAME_SIZE];
    uint64_t announce_at;                /* monotonic: when next */
    handle_t waiting_prev, waiting_next; /* list of waiting calls of the center */

    int32_t agent;       /* connected, or the last one who was; 0 = none */
    int32_t first_agent; /* who answered first; outbound: who calls */
    uint16_t holders;    /* agents whose call it is: ringing, talking, in ACW for it */
    struct uuid ivr_visit, queue_visit, hold, recording_id;
    bool in_ivr_visit, in_queue_visit; /* opened by a fact, not yet closed; the queue's goes on
                                          when he waits no more: waiting_stop() */
    char offer_reason[ACD_REASON_SIZE];

    /* wall clock, for facts and pages */
    uint32_t moment; /* directory_moment() when it began: its prompts are those of then */
    int64_t began_ms, queued_ms, ring_ms, answered_ms, ended_ms, first_queued_ms, hold_since_ms;
    /* monotonic, for durations */
    uint64_t first_queued_at, queued_at, answered_at;
    uint64_t hold_at;           /* since when the far one is put aside; 0 = it is not */
    int64_t talk_ms, hold_ms;   /* finished talks, and holds in them */
    const char *end_reason;     /* a constant of facts.md; set by whoever ends it first */
    const char *forced_outcome; /* said by the flow's hang-up; NULL = derive it */
    struct message message;
    const char *left_for; /* an outcome: what he left the queues for; NULL = nothing */
    uint64_t left_at;     /* monotonic */
};

struct call_side {
    struct telephony *telephony;
    handle_t call;
    struct loop_timer ivr_timer;
    struct loop_timer record_timer; /* a pause is too long */
    struct ivr_flow *flow;          /* referenced */
    struct ivr_flow *flow_before;   /* of errand.before; NULL = none */
    struct media_audio *said;       /* owned; prompt SAID_PROMPT of this call, NULL = none */
    struct along *along;          /* owned; what came with it from another center, NULL = nothing */
    char *answer;                 /* owned; our description while .unanswered */
    char calendar[IVR_NAME_SIZE]; /* the one its flow asked last; "" = none */
    char *handed;                 /* owned; a registration begun, JSON; NULL = none */
    int32_t handed_by;            /* the agent who typed it */
    char *along_out;              /* owned; header for the center it goes to */
    const struct ivr_pairs *query_take; /* of .query; in the flow */
    struct bot_dialog *dialog; /* owned; what was said to voice bots, NULL = nothing told */
};

/* --- found ---------------------------------------------------------------------------------- */
struct call *call_find(struct telephony *t, handle_t handle);
struct call *call_find_by_id(struct telephony *t, const struct uuid *id, int32_t user_id);
struct call_side *call_beside(struct telephony *t, const struct call *call);
/* As it was in force when the call began. */
struct media_audio *prompt_for(struct telephony *t, const struct call *call, const char *code);

/* --- its life ------------------------------------------------------------------------------- */
/* A call with its far leg, with nothing in them but ids. NULL: no slot left. */
struct call *call_take(struct telephony *t, int32_t center_id);
void call_free(struct telephony *t, struct call *call);
/* What stands beside a call and is owned by it; also of one that never was. */
void call_side_clear(struct call_side *side);
/* Where the far number is from; normalised receives it as it is written everywhere. */
void call_place(struct telephony *t, struct call *call, const char *number,
                char normalised[SIP_NUMBER_SIZE]);
void call_began(struct telephony *t, const struct call *call);
/* The platform or an agent ends the call: BYE to the far side; the rest follows from on_ended. */
void call_hangup(struct telephony *t, struct call *call, const char *end_reason);
/* The far leg is over. Closes whatever is open and writes call_end. */
void call_over(struct telephony *t, struct call *call);
void call_release_if_done(struct telephony *t, struct call *call);
/* The number of the person outside. */
static inline const char *call_party(const struct call *call)
{
    return call->outbound ? call->called : call->caller;
}

/* 信息来源 (REG-05): whose line the taxpayer called first, as the entry code says it. */
static inline bool call_is_of_12366(const struct call *call)
{
    return call->source == DIR_SOURCE_FROM_12366 ||
           (call->source == DIR_SOURCE_DIRECT && call->regional);
}

#endif
