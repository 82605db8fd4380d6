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
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/stage.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/admission.h"

#define CALL_KEYS          40    /* key presses kept for the page; all of them are facts */
#define LINE_LOST_LIMIT_MS 30000 /* a line away this long gives its caller back to the queue */
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
                         REFUSED_MEDIA,
                         REFUSED_COUNT
};

enum call_state {
    CALL_NEW,     /* INVITE answered, ACK not yet here */
    CALL_MENU,    /* the IVR engine has it */
    CALL_WAITING, /* in a queue, ringing at an agent or not */
    CALL_DIALING, /* an agent's own: the far side is called and has not answered */
    CALL_TALKING, /* connected to an agent, announcement and line loss included */
    CALL_CLOSING, /* we hung up; the far side has not confirmed yet */
    CALL_ENDED    /* over; kept while an agent is in ACW for it */
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
    const char *kind; /* a constant of facts.md */
    bool open;        /* told by a fact, not yet ended */
    int64_t began_ms; /* wall */
    uint64_t at;      /* monotonic */
    int64_t hold_ms;  /* finished holds in it */
};

/* A colleague asked by the agent who has the call: 磋商. */
struct consult {
    int32_t by, user_id; /* 0 = there is none */
    acd_offer_t offer;   /* while it rings */
    bool joined;         /* 三方: he talks with the other side, too */
    struct talk talk;
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
    bool outbound;    /* made by an agent: the far side is the one called */
    bool far_rings;   /* outbound: the agent hears that it rings, from us or (early) from there */
    bool early;       /* outbound: the far side sends sound before it answers */
    bool regional;    /* center is the regional one */
    bool asked_human; /* entered or was refused at a queue */
    bool wait_over;   /* a queue's maximum wait put it out */
    uint8_t trunks_tried; /* outbound: so many of the directory's trunks */
    uint8_t overflows;    /* queues left for their overflow queue */
    char caller[SIP_NUMBER_SIZE],
        called[SIP_NUMBER_SIZE]; /* the far one normalised, "" = anonymous */
    char place_text[80], place_province[32], place_city[8]; /* of the far one */

    handle_t leg;  /* the far side's, in telephony->legs; 0 once it ended */
    handle_t room; /* of media, 0 = none */
    handle_t recording;
    struct talk talk; /* of .agent */
    struct consult consult;
    struct stage stage;       /* who stands where, from the first talk or dialing on */
    struct scene_done played; /* what of it media was told */

    struct ivr_run ivr;
    struct call_key keys[CALL_KEYS];
    uint8_t key_count;
    uint32_t play_token;

    acd_entry_t entry;
    int32_t queue_id; /* where it waits or was answered; outbound: whose summary it has; 0 = none */
    int32_t first_queue_id; /* for call-level figures (kpi S1) */
    int32_t priority;
    int32_t ringing_at;                  /* agent being offered (ring-all: one of them), 0 = none */
    uint16_t ringing;                    /* open offers */
    handle_t waiting_prev, waiting_next; /* list of waiting calls of the center */

    int32_t agent;       /* connected, or the last one who was; 0 = none */
    int32_t first_agent; /* who answered first; outbound: who calls */
    uint16_t holders;    /* agents whose call it is: ringing, talking, in ACW for it */
    struct uuid ivr_visit, queue_visit, hold, recording_id;
    bool in_ivr_visit, in_queue_visit; /* opened by a fact, not yet closed */
    char offer_reason[ACD_REASON_SIZE];

    /* wall clock, for facts and pages */
    int64_t began_ms, queued_ms, ring_ms, answered_ms, ended_ms, first_queued_ms, hold_since_ms;
    /* monotonic, for durations */
    uint64_t first_queued_at, queued_at, answered_at;
    uint64_t hold_at;           /* since when the far one is put aside; 0 = it is not */
    int64_t talk_ms, hold_ms;   /* finished talks, and holds in them */
    const char *end_reason;     /* a constant of facts.md; set by whoever ends it first */
    const char *forced_outcome; /* said by the flow's hang-up; NULL = derive it */
};

struct call_side {
    struct telephony *telephony;
    handle_t call;
    struct loop_timer ivr_timer;
    struct ivr_flow *flow; /* referenced */
};

enum leg_kind { LEG_TRUNK, LEG_PHONE, LEG_LINE };

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
};

enum line_kind { LINE_BROWSER, LINE_PHONE };

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
    handle_t call;          /* ringing, talking or in ACW with; 0 = none */
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
};

struct telephony {
    struct loop *loop;
    struct telephony_options options;
    struct telephony_handlers handlers;
    void *arg;
    struct sip *sip;
    struct media *media;
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

    int32_t *applied_queues, *applied_members; /* ids; members as pairs queue, user */
    size_t applied_queue_count, applied_member_count;

    struct center_state { /* one per center of the directory */
        int32_t id;
        handle_t waiting_head, waiting_tail;
        bool dirty; /* queue figures changed since last event */
    } * centers;
    size_t center_count;
    struct loop_timer views_timer, agent_views_timer;
    struct agent **changed_agents; /* in this turn of the loop */
    uint32_t changed_agent_count;
    bool views_due;
    struct log_limit refusals[REFUSED_COUNT];
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
struct media_audio *prompt_for(struct telephony *t, const struct call *call, const char *code);

/* --- call.c: any call ----------------------------------------------------------------------- */
/* A call with its far leg, with nothing in them but ids. NULL: no slot left. */
struct call *call_take(struct telephony *t, int32_t center_id);
void call_free(struct telephony *t, struct call *call);
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

/* --- inbound.c: the caller's leg ------------------------------------------------------------ */
void inbound_invite(const struct sip_invite *invite, void *arg);
void inbound_established(struct telephony *t, struct leg *leg);
/* overload.c: new calls beyond what the processor carries. Seconds for Retry-After, 0 = come in. */
int overload_knock(bool new_call, uint32_t late_us, void *arg);
void overload_init(struct telephony *t);
void overload_done(struct telephony *t);
/* Why no call at all is let in now, REFUSED_COUNT = they are. */
enum telephony_refusal call_not_now(const struct telephony *t);
/* Where and how the far side wants to hear from now on. */
void call_leg_set_remote(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void call_leg_reoffer(handle_t sip, const struct sdp_audio *sdp, void *arg);
/* Prints our SDP for a leg. Returns false (and logs) when it does not fit. */
bool call_leg_print_sdp(struct telephony *t, struct leg *leg, const struct sdp_audio *offer,
                        char *out, size_t size);

/* --- outbound.c: calls agents make ---------------------------------------------------------- */
/* What an agent hears while a far side rings and sends no sound of its own. */
int outbound_tone(struct media_audio **ret_audio);
void outbound_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void outbound_answered(struct telephony *t, struct call *call);
/* The far side is not reached over this trunk. True: another one is tried. */
bool outbound_goes_on(struct telephony *t, struct call *call, const struct sip_ended *ended);
/* Why it ended, as a constant of facts.md. */
const char *outbound_end_reason(const struct sip_ended *ended);
/* The agent's desk phone was picked up, or his page has a new line. */
void outbound_phone_up(struct telephony *t, struct call *call, struct agent *agent);
void outbound_line_up(struct telephony *t, struct call *call, struct agent *agent);

/* --- menu.c: the IVR engine's commands ------------------------------------------------------ */
void menu_start(struct telephony *t, struct call *call);
void menu_event(struct telephony *t, struct call *call, enum ivr_event_kind kind, char digit);
void menu_timer_fired(void *call_side);
void menu_leave(struct telephony *t, struct call *call, const char *exit);

/* --- waiting.c: the ACD engine's commands --------------------------------------------------- */
/* Carries out what the engine just said (and what that leads to). After every acd_ function. */
void acd_carry_out(struct telephony *t);
int waiting_enter(struct telephony *t, struct call *call, const char *queue_code, int32_t priority,
                  const char *music);
/* A caller who was talking waits again, before everybody else and with its first entry time. */
void waiting_return(struct telephony *t, struct call *call, const struct dir_queue *queue);
void waiting_leave(struct telephony *t, struct call *call, const char *outcome);
void waiting_unlink(struct telephony *t, struct call *call);
void acd_timer_fired(void *arg);

/* --- scene.c: the call's stage carried out by media ------------------------------------------ */
int scene_open(struct telephony *t, struct call *call);
void scene_close(struct telephony *t, struct call *call); /* and everybody leaves the stage */
/* After every change of the stage or of somebody's line. */
void scene_play(struct telephony *t, struct call *call);
/* NULL: not on the stage. */
struct stage_party *scene_far(struct call *call);
struct stage_party *scene_agent(struct call *call, int32_t user_id);
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
void talk_stop_recording(struct telephony *t, struct call *call);
/* The agent hears that it rings where he called, until something else is played to him. */
void talk_ring_back(struct telephony *t, const struct agent *agent);
/* An agent is out of the call: his line, his phone, his state. */
void talk_release(struct telephony *t, struct agent *agent, bool wrap_up);

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
void fact_hold_begin(struct telephony *t, const struct call *call);
void fact_hold_end(struct telephony *t, const struct call *call);
void fact_acw_end(struct telephony *t, const struct agent *agent, const struct call *call);
void fact_call_end(struct telephony *t, const struct call *call, const char *outcome);
void fact_session_begin(struct telephony *t, const struct agent *agent);
void fact_session_end(struct telephony *t, const struct agent *agent, const char *reason);
void fact_agent_state(struct telephony *t, const struct agent *agent, const char *reason_name);
void fact_recording_begin(struct telephony *t, const struct call *call, const char *path);
void fact_recording_end(struct telephony *t, const struct recording_note *note,
                        const struct media_recorded *recorded);
void fact_leg_quality(struct telephony *t, const struct leg *leg, const struct media_stats *stats);
/* Of one talk on an agent's leg. */
void fact_talk_quality(struct telephony *t, const struct leg *leg, const struct measured_talk *talk,
                       const struct media_stats *stats);
void fact_unrecorded(struct telephony *t, int32_t center_id, const struct uuid *call_id,
                     const char *why);
void fact_trunk_state(struct telephony *t, int32_t trunk_id, const char *state);
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
