/* Private to telephony: the flat structs of calls, legs and agents, and what hangs beside them.
 *
 * struct call, struct leg and struct agent hold numbers, ids and short texts only: written to a
 * file and read back they would still mean the same. Timers, flow references and other things of
 * this process are in the *_side arrays, found by the same slot index. */
#ifndef TELEPHONY_CALLS_H
#define TELEPHONY_CALLS_H

#include <hotlined/acd.h>
#include <hotlined/directory.h>
#include <hotlined/fact.h>
#include <hotlined/ivr.h>
#include <hotlined/log_limit.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/pool.h>
#include <hotlined/query.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/admission.h"
#include "telephony/along.h"

#define CALL_KEYS          40    /* key presses kept for the page; all of them are facts */
#define LINE_LOST_LIMIT_MS 30000 /* a line away this long gives its caller back to the queue */
#define OVERFLOW_HOPS      3     /* of one call: queues may overflow into each other */
#define RETURN_PRIORITY    100   /* a caller given back goes before everybody else */

#define RETRY_AFTER_S 10 /* a refused call may try again */

enum telephony_refusal { /* of an INVITE; each has a metric and a bound on its log lines */
                         REFUSED_DRAINING,
                         REFUSED_STARTING,
                         REFUSED_OVERLOADED, /* facts are not kept */
                         REFUSED_BUSY,       /* the processor has no more time */
                         REFUSED_FULL,
                         REFUSED_NUMBER,
                         REFUSED_CENTER,
                         REFUSED_FLOW,
                         REFUSED_TRANSFER, /* by another center that may not pass calls on */
                         REFUSED_SHARE,    /* the center's channels are used up */
                         REFUSED_MEDIA,
                         REFUSED_COUNT
};

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

struct call_key { /* one press, for the page */
    char menu[IVR_NAME_SIZE];
    char key;
    uint8_t result; /* enum ivr_key_result */
    int64_t at_ms;  /* wall */
};

/* One agent's talk with somebody in a call. */
struct talk {
    struct uuid id;
    int32_t user_id;
    const char *kind;      /* a constant of facts.md */
    bool open;             /* told by a fact, not yet ended */
    int64_t began_ms;      /* wall */
    uint64_t at;           /* monotonic */
    int64_t hold_ms;       /* finished holds in it */
    const char *passed_to; /* "queue", "agent", "outside" when it ends by passing the caller on */
    int32_t passed_id;     /* of the queue or the agent */
};

/* Somebody asked by the agent who has the call: 磋商. */
struct consult {
    int32_t by;        /* 0 = nobody is asked */
    int32_t user_id;   /* the colleague; 0 = somebody outside: call->reach */
    acd_offer_t offer; /* while the colleague rings */
    bool joined;      /* 三方: he talks with the other side, too, or will as soon as he answers */
    bool help;        /* 求助 */
    struct talk talk; /* the colleague's */
};

/* The caller is passed on without asking first: 盲转. */
struct pass {
    int32_t by;        /* the agent who did; 0 = it is not passed on */
    int32_t user_id;   /* the agent who rings; 0 = somebody outside: call->reach */
    acd_offer_t offer; /* of that agent */
    bool back;         /* nobody took it: it rings at who passed it on */
};

enum reach_purpose {
    REACH_NONE,
    REACH_CONSULT, /* an agent asks him */
    REACH_PASS,    /* an agent passes the far one on to him */
    REACH_FLOW     /* the flow connects the far one with him */
};

/* The second one outside in a call: reach.c. */
struct reach {
    enum reach_purpose purpose;
    handle_t leg;
    int32_t by; /* the agent who asked for it; 0 = the flow */
    struct uuid id;
    bool record;       /* the talk of the two outside */
    bool help;         /* REACH_CONSULT: 求助 */
    int32_t to_center; /* who takes it there; 0 = somebody with a number */
    bool answered, joined;
    bool passed; /* they talked without an agent */
    bool bot;    /* he is one: bot.c */
    int64_t since_ms, answered_ms;
    uint64_t at;     /* monotonic, of the answer */
    const char *why; /* when we ended it: a constant of facts.md */
};

/* What is wanted of the recording: record.c. */
struct record_wish {
    uint8_t rule;       /* enum dir_recording, as it was when the talk began */
    bool demanded;      /* on demand: somebody has begun it */
    bool not_aside;     /* what colleagues say beside the call is left out */
    int64_t paused_ms;  /* wall */
    uint64_t paused_at; /* monotonic; 0 = it is not paused */
};

/* A caller who is asked for a message: voicemail.c. */
enum message_step {
    MESSAGE_NONE,
    MESSAGE_OFF,    /* hears that there is no such thing */
    MESSAGE_PROMPT, /* hears what to do */
    MESSAGE_BEEP,
    MESSAGE_SPEAKING,
    MESSAGE_KEPT /* the file is being closed: then it is known whether he said something */
};
struct message {
    uint8_t step;  /* enum message_step */
    uint8_t scene; /* enum dir_scene */
    uint32_t max_ms;
};

/* Why the call is in a flow again, or beside its talk: errand.c. */
enum errand_mode { ERRAND_NONE, ERRAND_RELEASE, ERRAND_SURVEY, ERRAND_SUSPEND };

struct errand {
    uint8_t mode;    /* enum errand_mode */
    int32_t user_id; /* who sent him, out of this talk */
    struct uuid talk;
    int64_t since_ms;           /* wall */
    char target[IVR_NAME_SIZE]; /* for people */
    struct ivr_run before;      /* SUSPEND: where the call's own flow stands, and which it is */
    int32_t flow_id, flow_version;
};

/* Something is said to the far one for its agent, or keys are asked of it: said.c. */
enum said_state {
    SAID_NOTHING,
    SAID_OPEN, /* an errand of its own */
    SAID_DONE,
    SAID_NO_KEYS, /* asked, and not enough came */
    SAID_ENDED    /* taken back, or somebody hung up */
};

struct said {
    uint32_t task; /* of the call, counts up */
    uint8_t state; /* enum said_state */
    bool asks;     /* for keys */
    char digits[IVR_VALUE_SIZE];
};

/* What the caller said of the service during a visit to a flow. */
struct surveyed {
    int64_t asked_ms; /* wall; 0 = not asked */
    uint8_t level;    /* 0 = no answer: 未评价 */
};

/* The voice bot the caller is with, or was: bot.c. */
struct bot_visit {
    int32_t peer_id;    /* 0 = not with one now */
    const char *result; /* a constant of facts.md; NULL = never was with one */
    uint32_t rounds;
    char intent[64], summary[200]; /* as it said */
};

struct scene_done {
    handle_t media[STAGE_PARTIES]; /* in the room, by index of the stage */
    struct stage_plan plan;
    struct media_tracks tracks;
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
};

enum leg_kind {
    LEG_TRUNK,   /* the far side of a call */
    LEG_OUTSIDE, /* the second one outside: reach.c */
    LEG_PHONE,
    LEG_LINE
};

/* How somebody outside is called over the trunks: dialed.c. */
#define DIALED_HEADERS 512
struct dialed {
    char number[SIP_NUMBER_SIZE], shown[SIP_NUMBER_SIZE];
    char headers[DIALED_HEADERS]; /* lines of sip_call_out */
    struct uuid global_id;        /* null = not told */
    int32_t only_trunk;           /* 0 = any, by priority; SIP_TRUNK_SELF */
    bool may_refer;
    bool along;       /* the call's .along_out is told */
    int32_t trunk_id; /* over which he is called now */
    uint8_t tried;    /* of the directory's trunks */
    uint16_t ring_s;
    bool rings; /* somebody hears that it rings there */
    bool early; /* it sends sound before it answers */
};

/* A talk whose figures media is counting on an agent's leg. */
struct measured_talk {
    struct uuid call_id;
    int32_t center_id;
};
#define LEG_TALKS                                                                                  \
    2 /* the one being counted, and the one before it whose figures are on their way */

struct leg {
    handle_t handle;
    enum leg_kind kind;
    handle_t sip;   /* 0 for lines, and after its end */
    handle_t media; /* 0 before open, and after its end */
    handle_t call;  /* of the call it belongs to; lines: 0 */
    int32_t user_id, center_id;
    int32_t pool_center;     /* whose trunk channel it has; 0 = nobody's */
    struct uuid id, call_id; /* call_id stays for the quality fact */
    uint8_t codec;
    int telephone_event;
    uint16_t port; /* local RTP port */
    uint64_t sdp_version;
    bool established;
    bool measuring; /* media counts for the newest of: */
    uint32_t talks; /* measured on this leg so far; the number is media's token */
    struct measured_talk talk[LEG_TALKS]; /* by number % LEG_TALKS */
    bool held_by_far;                     /* sendonly / inactive / 0.0.0.0 */
    struct dialed dialed;                 /* when we called it */
};

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

struct recording_note { /* a recording being written, by slot index of its media handle */
    handle_t media;
    int32_t center_id;
    struct uuid id, call_id;
    handle_t call; /* may be gone */
    bool message;
};

#define TOLD_MAX 64 /* centers of other daemons */
struct center_told;

#define BOT_PEERS 16
struct bot_count { /* channels of one node in use */
    int32_t peer_id;
    uint32_t used;
};

struct telephony {
    struct loop *loop;
    struct telephony_options options;
    struct telephony_handlers handlers;
    void *arg;
    struct sip *sip;
    struct media *media;
    struct query *queries;
    struct directory *directory;
    struct fact_outbox *outbox;
    struct acd *acd;
    struct media_audio *ringback; /* what an agent hears while a far side rings silently */
    bool draining;
    bool refusing;      /* facts cannot be kept: no new calls */
    bool not_recording; /* no room on the disk */
    struct admission admission;
    int64_t busy_since_ms; /* wall; while the admission limits new calls */
    uint64_t busy_refused; /* calls since then */
    struct loop_timer busy_timer;
    unsigned live_calls; /* not yet ended */
    unsigned watching;   /* leaders beside a call */
    uint32_t next_token;

    struct slots calls, legs, agents;
    struct call_side *call_side;   /* by slot index of calls */
    struct agent_side *agent_side; /* by slot index of agents */
    handle_t *leg_by_sip;          /* by slot index of the sip handle */
    handle_t *leg_by_media;
    struct recording_note *recordings;
    handle_t *agent_by_user;  /* open hash, user id -> slot of agents */
    uint32_t agent_hash_size; /* a power of two */
    uint32_t map_size;        /* of leg_by_* */

    struct acd_command *pending; /* commands of the ACD not yet carried out; FIFO */
    uint32_t pending_count, pending_next, pending_capacity;
    bool carrying_out;
    struct loop_timer acd_timer;

    struct queue_state { /* one per queue of the directory */
        int32_t id;
        struct pace pace;
    } * queue_states;
    size_t queue_state_count;
    struct loop_timer queueing_timer;
    bool queueing_looks; /* it runs */

    int32_t *applied_queues, *applied_members; /* ids; members as pairs queue, user */
    size_t applied_queue_count, applied_member_count;

    struct center_state { /* one per center of the directory */
        int32_t id;
        handle_t waiting_head, waiting_tail;
        bool dirty; /* queue figures changed since last event */
    } * centers;
    size_t center_count;
    struct bot_count bots[BOT_PEERS];
    struct pool trunk_pool, bot_pool; /* channels in use, by center: pools.c */
    struct loop_timer views_timer, agent_views_timer;
    struct agent **changed_agents; /* in this turn of the loop */
    uint32_t changed_agent_count;
    bool views_due;
    struct log_limit refusals[REFUSED_COUNT];
    struct center_told *told; /* owned; TOLD_MAX */
    unsigned told_count;
};

/* --- telephony.c --------------------------------------------------------------------------- */
struct call *call_find(struct telephony *t, handle_t handle);
struct call *call_find_by_id(struct telephony *t, const struct uuid *id, int32_t user_id);
struct call_side *call_beside(struct telephony *t, const struct call *call);
struct leg *call_leg_find(struct telephony *t, handle_t handle);
struct leg *call_leg_by_sip(struct telephony *t, handle_t sip);
struct leg *call_leg_by_media(struct telephony *t, handle_t media);
struct leg *call_leg_new(struct telephony *t, enum leg_kind kind);
void call_leg_bind_sip(struct telephony *t, struct leg *leg, handle_t sip);
void call_leg_bind_media(struct telephony *t, struct leg *leg, handle_t media);
/* Gives the slot back once neither sip nor media know it any more. */
void call_leg_release_if_done(struct telephony *t, struct leg *leg);
struct agent *agent_find(struct telephony *t, int32_t user_id);
struct agent *agent_take(struct telephony *t, int32_t user_id);
struct agent_side *agent_beside(struct telephony *t, const struct agent *agent);
struct center_state *center_find(struct telephony *t, int32_t id);
void recording_note_set(struct telephony *t, const struct call *call);
/* NULL: it is closed, or never was one of ours. */
struct recording_note *recording_note_find(struct telephony *t, handle_t recording);
/* As it was in force when the call began. */
struct media_audio *prompt_for(struct telephony *t, const struct call *call, const char *code);

/* --- call.c: any call ----------------------------------------------------------------------- */
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

/* --- inbound.c: the caller's leg ------------------------------------------------------------ */
void inbound_invite(const struct sip_invite *invite, void *arg);
void inbound_established(struct telephony *t, struct leg *leg);
/* overload.c: new calls beyond what the processor carries. Seconds for Retry-After, 0 = come in. */
int overload_knock(bool new_call, uint32_t late_us, void *arg);
void overload_init(struct telephony *t);
void overload_done(struct telephony *t);
/* Why no call at all is let in now, REFUSED_COUNT = they are. */
enum telephony_refusal call_not_now(const struct telephony *t);
/* Somebody takes a call of another center, or its flow asks for keys: it is answered now. */
void inbound_taken(struct telephony *t, struct call *call);
/* Where and how the far side wants to hear from now on. */
void call_leg_set_remote(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void call_leg_reoffer(handle_t sip, const struct sdp_audio *sdp, void *arg);
/* Prints our SDP for a leg. Returns false (and logs) when it does not fit. */
bool call_leg_print_sdp(struct telephony *t, struct leg *leg, const struct sdp_audio *offer,
                        char *out, size_t size);

/* --- centers.c: calls that move between centers ---------------------------------------------- */
/* Why a call may not go from one center to the other now, in Chinese for people; NULL = it may. */
const char *centers_refuse(struct telephony *t, const struct dir_center *from,
                           const struct dir_center *to);
/* May this INVITE dial the number's access code? */
bool centers_may_dial(struct telephony *t, const struct sip_invite *invite,
                      const struct dir_number *number);
/* What came along with it is kept beside the call, and who sent it is found out. False: that center
 * may not. */
bool centers_take(struct telephony *t, struct call *call, const struct sip_invite *invite,
                  const struct dir_number *number);
/* {"from_center_id", ... , "draft"}, or null for a call that came from outside. */
void centers_call_json(struct telephony *t, const struct call *call, struct text *out);

/* --- dialed.c: somebody outside is called over the trunks --------------------------------------
 */
/* GB/T 3380: what is heard while a far side rings and sends no sound of its own. */
int dialed_tone(struct media_audio **ret_audio);
/* The number that somebody types, as people know it. TELEPHONY_BAD_NUMBER: it is none;
 * TELEPHONY_NUMBER_REFUSED: the center does not call such numbers. */
enum telephony_result dialed_number(struct telephony *t, int32_t center_id, const char *text,
                                    char out[SIP_NUMBER_SIZE]);
/* Calls leg->dialed.number over the next trunk that takes it. 0; -ENOENT no trunk is left; -EDQUOT
 * the center's channels are used up. */
int dialed_call(struct telephony *t, struct leg *leg);
/* What people are told of that. */
enum telephony_result dialed_result(int err);
/* It is not reached over this trunk. True: another one is tried. */
bool dialed_goes_on(struct telephony *t, struct leg *leg, const struct sip_ended *ended);
/* 18x. True when something else is to be heard now: dialed.early says from whom. */
bool dialed_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
/* Why it ended, as a constant of facts.md. */
const char *dialed_end_reason(const struct sip_ended *ended);

/* --- outbound.c: calls agents make ---------------------------------------------------------- */
void outbound_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void outbound_answered(struct telephony *t, struct call *call);
/* The agent's desk phone was picked up, or his page has a new line. */
void outbound_phone_up(struct telephony *t, struct call *call, struct agent *agent);
void outbound_line_up(struct telephony *t, struct call *call, struct agent *agent);

/* --- gate.c: black and white lists ---------------------------------------------------------- */
void gate_look(struct telephony *t, struct call *call);
/* It is refused: gate_turn_away() writes that down and the call is no more. */
bool gate_is_shut(const struct call *call);
void gate_turn_away(struct telephony *t, struct call *call);
/* The call is established: menu, queue, or a prompt and then the end. */
void gate_open(struct telephony *t, struct call *call);
void gate_said(struct telephony *t, struct call *call); /* the prompt is over */

/* --- reach.c: somebody outside is called for a call that is there ------------------------------
 */
#define REACH_HEADERS 6
struct reach_header {
    const char *name;  /* begins with X- */
    const char *value; /* UTF-8; what is not printable ASCII travels as %XX, and so does % */
};
struct reach_target {
    const char *number; /* as the trunk is asked for it (dialed_number()), or a SIP user */
    const char *shown;  /* NULL = the center's own number */
    int32_t trunk_id;   /* 0 = by priority, the next one where one fails */
    int ring_s;         /* 0 = a minute */
    bool record;        /* REACH_FLOW: their talk is recorded */
    bool may_refer;     /* it may send the far one elsewhere: bot_refers() */
    bool tell_global;   /* the other side is told the call's global id */
    const char *along;  /* value of X-Hotlined-Along; NULL = none */
    int32_t to_center;  /* which center is called there, 0 = none */
    bool help, joined;  /* REACH_CONSULT: as in struct consult */
    struct reach_header header[REACH_HEADERS];
    unsigned header_count;
};
/* One at a time: -EBUSY. -ENOENT no trunk takes it, -EDQUOT no channel left for the center, -EAGAIN
 * nothing left here, -EINVAL headers.
 *
 *   REACH_CONSULT  he stands beside, consult.c is told of his answer and his end; who is to join
 *                  the talk is not heard before that
 *   REACH_PASS     the far one hears music until he answers, pass.c is told
 *   REACH_FLOW     the same from any state without an agent; when it is over, answered or not, the
 *                  call is in CALL_MENU and menu_reach_ended() decides
 */
int reach_begin(struct telephony *t, struct call *call, enum reach_purpose purpose, int32_t by,
                const struct reach_target *target);
/* He is not wanted any more; nobody is told. Nothing when there is none. */
void reach_drop(struct telephony *t, struct call *call, const char *why);
/* Whom the far one was to talk with has its place: it is gone, or sent away. */
void reach_takes_place(struct telephony *t, struct call *call);
void reach_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void reach_answered(struct telephony *t, struct leg *leg);
void reach_leg_ended(struct telephony *t, struct leg *leg, const struct sip_ended *ended);
/* Nothing is heard of it. */
void reach_is_silent(struct telephony *t, struct leg *leg);
struct leg *reach_leg(struct telephony *t, const struct call *call);

/* How somebody outside is called for a talk: pass_to_outside(), ask_outside(). */
typedef enum telephony_result outside_begin_h(struct telephony *t, struct call *call,
                                              int32_t user_id, const struct reach_target *target);
outside_begin_h pass_to_outside, ask_outside;

/* --- to_center.c: a call goes to another center ----------------------------------------------- */
struct center_figures {
    bool known, open, takes; /* takes: calls of the center that asks */
    uint32_t waiting, agents;
};
/* Of one of ours. */
void centers_figures(struct telephony *t, int32_t center_id, struct center_figures *ret_figures);
/* The center that is called there; "" = it is none. */
const char *centers_outside_name(struct telephony *t, const struct leg *leg);

/* Calls the center for a caller without an agent: REACH_FLOW. queue: a code there, "" = as it
 * likes. NULL, or why it cannot be, in Chinese. */
const char *centers_send(struct telephony *t, struct call *call, int32_t center_id,
                         const char *queue);

/* Over which trunk the center's calls come and go; SIP_TRUNK_SELF when it is ours. */
int32_t centers_trunk(struct telephony *t, int32_t center_id);

/* --- route.c: callers go to the center they belong to ------------------------------------------
 */
/* False: it stays here, and is a call as any other. */
bool route_begin(struct telephony *t, struct call *call);
void route_time_over(struct telephony *t, struct call *call);
/* Nobody is there any more, or took it; the call is in CALL_MENU. */
void route_over(struct telephony *t, struct call *call, bool answered);

/* --- told.c: how it stands with centers of other daemons ---------------------------------------
 */
/* As that trunk told last; not known when it is too long ago. */
#define TOLD_REFUSED 240
struct center_told {
    char code[32];
    char refused[TOLD_REFUSED]; /* codes of centers here whose calls it does not take: a+b+c */
    int32_t trunk_id;
    uint64_t at_ms; /* monotonic */
    struct center_figures figures;
};
/* Reads the next center of a header and moves on; false: no more, or broken from here on. */
bool told_read(const char **at, struct center_told *ret_told);
/* Handlers of sip. */
void told_status(int32_t trunk_id, const char *text, void *arg);
void told_tell(int32_t trunk_id, char *out, size_t size, void *arg);
/* from: the code of the center here that would call. */
void centers_told(struct telephony *t, const char *from, const char *code, int32_t trunk_id,
                  struct center_figures *ret_figures);

/* --- pools.c: channels that the centers share
 * -----------------------------------------------------
 */
/* A channel of the trunks that all centers use, for this leg. -EDQUOT: its center has no more, or
 * those left are kept for others; -EBUSY: nobody has one left. 0 also for trunks that are in no
 * pool (bots, other centers). */
int pools_take_trunk(struct telephony *t, struct leg *leg, int32_t trunk_id, int32_t center_id);
void pools_give_trunk(struct telephony *t, struct leg *leg);
bool pools_take_bot(struct telephony *t, int32_t center_id);

/* --- keys.c: keys pressed ------------------------------------------------------------------------
 */
void keys_heard(struct telephony *t, const struct leg *leg, char digit, int duration_ms);

/* --- bot.c: the voice bot ----------------------------------------------------------------------
 */
/* False: the caller does not meet it now (policy, permission, share, no free channel). */
bool bot_begin(struct telephony *t, struct call *call);
void bot_answered(struct telephony *t, struct call *call);
void bot_said(struct call *call, const struct sip_ended *ended);
/* A REFER of whomever: only of a bot that has the caller it is obeyed. */
void bot_refers(struct telephony *t, const struct leg *leg, const struct sip_refer *refer);
void bot_left(struct telephony *t, struct call *call, const struct reach *reach);
enum ivr_answer bot_over(struct call *call, bool answered);

/* --- pass.c: a caller passed on -----------------------------------------------------------------
 */
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

/* --- menu.c: the IVR engine's commands ------------------------------------------------------ */
void menu_start(struct telephony *t, struct call *call);
/* The call comes (back) into call_beside()->flow. */
void menu_enter(struct telephony *t, struct call *call, uint16_t node);
/* The flow hears keys and the ends of prompts, whether it has the call alone or beside a talk. */
static inline bool menu_has(const struct call *call)
{
    return call->state == CALL_MENU ||
           (call->state == CALL_TALKING && call->errand.mode == ERRAND_SUSPEND);
}
void menu_event(struct telephony *t, struct call *call, enum ivr_event_kind kind, char digit);
/* What became of the task the flow waits for. Whoever carries one out stops when the call leaves
 * the flow (menu_leave): a late answer would be taken for that of the next task. */
void menu_answer(struct telephony *t, struct call *call, enum ivr_answer answer);
/* Prompts one after the other. Returns false when there is nothing to be heard. */
bool menu_play(struct telephony *t, struct call *call, const char *const *codes, unsigned count);
void menu_timer_fired(void *call_side);
void menu_leave(struct telephony *t, struct call *call, const char *exit);
/* Whom the flow had called (REACH_FLOW) is gone or was not to be had, and the call is in CALL_MENU.
 */
void menu_reach_ended(struct telephony *t, struct call *call, const struct reach *reach,
                      const char *reason);

/* --- voicemail.c: messages and call-backs asked for ------------------------------------------- */
/* What the flow is to be told now, or -1: the caller is asked for a message, menu_answer() follows.
 */
int voicemail_begin(struct telephony *t, struct call *call, const char *box, uint32_t max_ms);
void voicemail_played(struct telephony *t, struct call *call);
void voicemail_key(struct telephony *t, struct call *call, char digit);
void voicemail_time_over(struct telephony *t, struct call *call);
void voicemail_quiet(handle_t recording, void *arg);
/* The file is closed; the call may be over. */
void voicemail_recorded(struct telephony *t, const struct recording_note *note,
                        const struct media_recorded *recorded);
/* The call ends: what was said until now is kept. */
void voicemail_drop(struct telephony *t, struct call *call);
/* The caller wants to be called back, at the number he keyed or his own. Told to the flow. */
enum ivr_answer callback_asked(struct telephony *t, struct call *call, const char *queue_code);
static inline bool voicemail_has(const struct call *call)
{
    return call->message.step != MESSAGE_NONE;
}

/* --- queries.c: a flow asks a system outside ------------------------------------------------- */
/* False: it cannot be asked now. Else the flow is told what came of it. */
bool query_begin(struct telephony *t, struct call *call, const struct ivr_command *command);
/* Nobody waits for the answer any more. Nothing when there is none under way. */
void query_drop(struct telephony *t, struct call *call);

/* --- waiting.c: the ACD engine's commands --------------------------------------------------- */
/* Carries out what the engine just said (and what that leads to). After every acd_ function. */
void acd_carry_out(struct telephony *t);
bool waiting_is_open(const struct call *call, const struct dir_queue *queue);
/* preferred: NULL = for everybody. 0 or a negative errno: waiting.c says what they mean. */
int waiting_enter(struct telephony *t, struct call *call, const char *queue_code, int32_t priority,
                  const char *music, const struct acd_preferred *preferred);
/* A caller who was talking waits again, before everybody else and with its first entry time. */
void waiting_return(struct telephony *t, struct call *call, const struct dir_queue *queue);
/* kpi E16: he waits no more, but his visit to the queue goes on until something takes him (a task
 * of the flow, another queue) or the call ends: waiting_taken() says what, and does nothing when he
 * is in no visit. */
void waiting_stop(struct telephony *t, struct call *call);
void waiting_taken(struct telephony *t, struct call *call, const char *outcome);
/* Goes on waiting in another queue of the center, with its first entry time, its priority and its
 * music. False: that one is full. */
bool waiting_move(struct telephony *t, struct call *call, const struct dir_queue *target,
                  const char *outcome);
void waiting_unlink(struct telephony *t, struct call *call);
void acd_timer_fired(void *arg);
void waiting_music(struct telephony *t, struct call *call);

/* --- queueing.c: overflow rules and announcements -------------------------------------------- */
struct queueing_way {              /* where a rule leads to */
    const struct dir_queue *queue; /* NULL = the node */
    uint16_t node;
};
/* Before the call enters the queue: true = a rule leads it elsewhere. */
bool queueing_at_door(struct telephony *t, struct call *call, const struct dir_queue *queue,
                      struct queueing_way *ret_way);
/* Of the call's center, served by somebody, and not full. */
bool queueing_takes(struct telephony *t, const struct call *call, const struct dir_queue *queue);
void queueing_said(struct telephony *t, struct call *call); /* the announcement is over */
void queueing_answered(struct telephony *t, int32_t queue_id);
void queueing_watch(struct telephony *t); /* somebody waits, or rules have changed */
void queueing_timer_fired(void *arg);

/* --- scene.c: the call's stage carried out by media ------------------------------------------ */
int scene_open(struct telephony *t, struct call *call);
void scene_close(struct telephony *t, struct call *call); /* and everybody leaves the stage */
/* After every change of the stage or of somebody's line. */
void scene_play(struct telephony *t, struct call *call);
/* NULL: not on the stage. */
struct stage_party *scene_far(struct call *call);
struct stage_party *scene_agent(struct call *call, int32_t user_id);
struct stage_party *scene_outside(struct call *call); /* whom it reached for */
/* Handler of media: nothing is heard of somebody on a stage, or again. Who would hear nobody else
 * hears music meanwhile. */
void scene_gap(handle_t media, handle_t room, bool quiet, void *arg);
/* Who is recorded on which track: people outside left, agents who speak right (not who listens). */
void scene_tracks(const struct call *call, struct media_tracks *ret_tracks);

/* --- talk.c: people in a room ---------------------------------------------------------------- */
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

/* --- record.c: whether a talk is recorded ------------------------------------------------------
 */
/* A talk begins, or one who has the call now: what the rule says of it. False: nothing. */
bool record_begins(struct telephony *t, struct call *call);
/* The rule and the agent want it recorded now. */
bool record_is_due(const struct call *call);
/* The talk is over, and so is a pause. */
void record_ends(struct telephony *t, struct call *call);
void record_pause_is_long(void *call_side);

/* --- consult.c: a colleague is asked ---------------------------------------------------------- */
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

/* --- leader.c: who stands beside a call ---------------------------------------------------------
 */
/* "listen", "whisper", "barge" */
const char *leader_mode(const struct agent *leader);
void leader_leaves(struct telephony *t, struct agent *leader, const char *released_by);
/* The agent is out of his call: nobody watches him any more. */
void leader_let_go(struct telephony *t, const struct agent *agent);
/* The call's agent goes. True: a leader who talks in it has it now. */
bool leader_goes_on(struct telephony *t, struct call *call, const char *released_by);
/* True: he watched, and does so no more. */
bool leader_hangs_up(struct telephony *t, struct agent *leader);

/* --- errand.c: callers sent into a flow by their agent ------------------------------------------
 */
/* In a flow, and his agent waits for him. */
static inline bool errand_is_out(const struct call *call)
{
    return call->errand.mode == ERRAND_SUSPEND;
}
/* May the agent send the far one somewhere now? outbound: also one he called. */
enum telephony_result errand_may_send(struct telephony *t, int32_t user_id,
                                      const struct uuid *call_id, bool outbound,
                                      struct call **ret_call);
/* Into a flow of its own, from its beginning, and back; target is for people. */
void errand_run(struct telephony *t, struct call *call, struct ivr_flow *flow, const char *target);
/* He is with his agent again; exit: a constant of facts.md. Nothing when he is not out. */
void errand_return(struct telephony *t, struct call *call, const char *exit);
/* The same for a talk that is over: nobody stands anywhere any more. */
void errand_drop(struct telephony *t, struct call *call, const char *exit);
/* The agent hangs up. True: the caller stays and is asked how it was. */
bool errand_survey_after(struct telephony *t, struct call *call);

/* --- said.c: what is said to the far one for its agent -------------------------------------------
 */
#define SAID_PROMPT "@said" /* no code of a prompt can be that */
/* Its errand is over; the flow still stands where it was left. Nothing when none is open. */
void said_over(struct telephony *t, struct call *call);

/* --- agents.c ------------------------------------------------------------------------------- */
void agent_line_event(handle_t media_leg, enum media_line_state state, void *arg);
void agent_phone_event(int32_t user_id, bool registered, void *arg);
void agents_check_phones(struct telephony *t);
/* A call is an agent's from the ring or the dialing to the end of his ACW, and its slot stays. */
void agent_take_call(struct telephony *t, struct agent *agent, struct call *call);
void agent_drop_call(struct telephony *t, struct agent *agent);
void agent_ring(struct telephony *t, struct agent *agent, struct call *call,
                const struct acd_command *command);
void agent_stop_ringing(struct telephony *t, struct agent *agent);
void agent_state_changed(struct telephony *t, struct agent *agent,
                         const struct acd_command *command);
void agent_phone_answered(struct telephony *t, struct leg *leg);
void agent_phone_ended(struct telephony *t, struct leg *leg, bool hung_up);
/* The media leg the agent speaks through now, 0 = none. */
handle_t agent_media(struct telephony *t, const struct agent *agent);
bool agent_line_is_up(struct telephony *t, const struct agent *agent);
/* Rings the agent's desk phone for a call. Negative errno when it cannot. */
int agent_phone_ring(struct telephony *t, struct agent *agent, struct call *call);

/* --- facts.c -------------------------------------------------------------------------------- */
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

/* --- figures.c: metrics --------------------------------------------------------------------- */
void figures_init(struct telephony *t);
void figures_done(struct telephony *t);
void figure_began(const struct call *call);
void figure_ended(const struct call *call, const char *outcome);
/* Counts it; true when its log line may be written. */
bool figure_refused(struct telephony *t, enum telephony_refusal why);

/* --- views.c -------------------------------------------------------------------------------- */
const char *agent_state_name(enum acd_agent_state state);
/* Events "agent" and "seat", once a turn of the loop. */
void view_agent_changed(struct telephony *t, struct agent *agent);
void agent_views_timer_fired(void *arg);
void view_queue_changed(struct telephony *t, int32_t center_id); /* coalesced */
void view_trunk_changed(struct telephony *t, int32_t trunk_id);
void views_timer_fired(void *arg);

#endif
