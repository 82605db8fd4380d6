/* Telephony: the service that owns calls.
 *
 * One inbound call, from INVITE to BYE:
 *
 *   sip on_invite            number plan -> center, flow; fact call_begin; media leg; 200 OK
 *   ivr engine               welcome, menus ... -> IVR_ENQUEUE; facts ivr_begin, ivr_key, ivr_end
 *   acd engine               ACD_OFFER -> agent's page rings (event "agent"); fact offer_begin
 *   agent answers            telephony_answer -> ACD_CONNECT; room {caller, agent line}; the
 *                            agent's number is announced to both; recording on two tracks; facts
 *                            talk_begin, recording_begin
 *   somebody hangs up        facts talk_end, recording_end, call_end; agent in ACW
 *   agent is done            telephony_wrap_up_done -> READY; fact acw_end
 *
 * Calls, legs, queue entries and agents are flat structs of ids (room.h, private); sockets,
 * timers and SIP handles hang beside them in the device rooms. Telephony features are changes of
 * the media room's hears-table and events for the pure engines; packets are never touched here. */
#ifndef HOTLINED_TELEPHONY_H
#define HOTLINED_TELEPHONY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/dialing.h>
#include <hotlined/id.h>
#include <hotlined/pool.h>

struct directory;
struct fact_outbox;
struct loop;
struct media;
struct query;
struct sip;
struct telephony;
struct text;

struct telephony_event {
    const char *type; /* "agent", "seat", "queue", "call", "trunk" (docs/api.md §events) */
    int32_t center_id;
    int32_t user_id; /* > 0: only for this user's own stream; 0: for whoever may see the center */
    /* One JSON object, no newlines, valid during the callback. NULL: it changed, but is_heard said
     * that nobody listens, so nothing was printed. */
    const char *json;
};

struct telephony_options {
    const char *recording_dir;
    int max_calls;
    int max_agents;
};

struct telephony_handlers {
    /* What an agent or a seat looks like after a turn of the loop is said once, however often it
     * changed within the turn. */
    void (*on_event)(const struct telephony_event *event, void *arg);
    /* Whether printing an event of this kind is worth it now; may be NULL: always. */
    bool (*is_heard)(const char *type, int32_t center_id, int32_t user_id, void *arg);
    /* Whose number is it? telephony_caller_known() tells, never before this returned; when it
     * takes longer than a second the call goes on without. False: it cannot be asked. May be NULL.
     */
    bool (*on_who_calls)(uint32_t call, const char *number, void *arg);
};

struct telephony_taxpayer {
    int32_t center_id;
    char queue[48]; /* code, of the office; "" = none */
};

/* Created first, because sip and media want its handlers; they are attached before calls come. */
int telephony_create(struct loop *loop, const struct telephony_options *options,
                     const struct telephony_handlers *handlers, void *arg,
                     struct telephony **ret_telephony);
void telephony_destroy(struct telephony *telephony);
/* How many legs sip and media must be able to hold for these options. */
uint32_t telephony_max_legs(const struct telephony_options *options);
const struct sip_handlers *telephony_sip_handlers(void);     /* arg = the telephony */
const struct media_handlers *telephony_media_handlers(void); /* arg = the telephony */
void telephony_attach(struct telephony *telephony, struct sip *sip, struct media *media,
                      struct directory *directory, struct fact_outbox *outbox);
/* For flows that ask outside. */
void telephony_attach_query(struct telephony *telephony, struct query *query);
/* A new directory snapshot is in force: queues, members, trunks, phones are applied. */
void telephony_directory_changed(struct telephony *telephony);
/* From now on INVITEs get 503 with Retry-After; running calls go on. */
void telephony_drain(struct telephony *telephony);
/* The answer to on_who_calls; NULL = no taxpayer's. Nothing for a call that does not wait for it
 * any more. */
void telephony_caller_known(struct telephony *telephony, uint32_t call,
                            const struct telephony_taxpayer *taxpayer);
/* Overload, for as long as it lasts (fact_handlers.on_trouble with full): 503 as above. */
void telephony_refuse_calls(struct telephony *telephony, bool refuse);
/* No room on the disk: talks go on, each is listed as not recorded. */
void telephony_record_calls(struct telephony *telephony, bool record);
bool telephony_is_draining(const struct telephony *telephony);
unsigned telephony_call_count(const struct telephony *telephony);

/* Appends {"limiting":bool,"since_ms":n|null,"rate":n|null,"refused":n}: whether new calls are
 * limited because the processor carries no more, to how many a second, and how many were refused
 * since then. */
/* {"nodes":[{id,channels,used}],"centers":[{center_id,used}]} of voice bots; of one center only,
 * and without the nodes, unless center_id is 0. */
void telephony_bots_json(struct telephony *telephony, int32_t center_id, struct text *out);
void telephony_overload_json(const struct telephony *telephony, struct text *out);

/* Sets the gauges of calls and agents; to be called before metrics_print(). */
void telephony_gauges(struct telephony *telephony);

/* --- what agents do; user_id is the signed-in user ------------------------------------------ */

enum telephony_result {
    TELEPHONY_OK = 0,
    TELEPHONY_LATER,     /* kept; takes effect after the call */
    TELEPHONY_NOT_AGENT, /* user is no agent */
    TELEPHONY_NOT_SIGNED_IN,
    TELEPHONY_SIGNED_IN_ELSEWHERE, /* ask, then sign in with move = true */
    TELEPHONY_IN_CALL,             /* refused during a call */
    TELEPHONY_NO_LINE,             /* microphone/line not up: nothing can ring */
    TELEPHONY_STALE,               /* the call is gone or taken by somebody else */
    TELEPHONY_WRAP_UP_MISSING,     /* the queue makes the summary compulsory */
    TELEPHONY_BAD_REASON,
    TELEPHONY_BAD_OFFER, /* browser's SDP */
    TELEPHONY_NO_PHONE,  /* no registered desk phone */
    TELEPHONY_BAD_NUMBER,
    TELEPHONY_NUMBER_REFUSED, /* by the center's rule of dialing out */
    TELEPHONY_NO_TRUNK,       /* none is up and has a free channel */
    TELEPHONY_NO_QUEUE,
    TELEPHONY_QUEUE_EMPTY,
    TELEPHONY_QUEUE_FULL,
    TELEPHONY_QUEUE_CLOSED, /* takes only calls of other centers */
    TELEPHONY_OUTBOUND,
    TELEPHONY_NO_COLLEAGUE,   /* not signed in, of another center, or oneself */
    TELEPHONY_COLLEAGUE_BUSY, /* in a call or summing one up, or his line is down */
    TELEPHONY_CONSULTING,     /* not while a colleague is asked */
    TELEPHONY_LISTENING,      /* who listens has no microphone */
    TELEPHONY_ANNOUNCING,     /* the agent's number is being said to the other side */
    TELEPHONY_DIALING,        /* the other side has not answered yet */
    TELEPHONY_NOT_RECORDED,   /* the rule of the queue, or of calls out: never */
    TELEPHONY_NO_PAUSE,       /* the center lets nobody pause a recording */
    TELEPHONY_WATCHED,        /* two watch this call already */
    TELEPHONY_NO_FLOW,        /* no such flow or node in the center */
    TELEPHONY_IN_FLOW,        /* not while the caller is in a flow on an errand */
    TELEPHONY_NO_SURVEY,      /* switched off for the center or the queue */
    TELEPHONY_NO_CHANNEL,     /* the center uses as many trunk channels as it may */
    TELEPHONY_NO_PROMPT,      /* the center has none of that code */
    TELEPHONY_NO_CENTER,
    TELEPHONY_CENTER_CLOSED, /* it may not or cannot take the call; the function says why */
    TELEPHONY_NOT_NOW,       /* draining, starting or overloaded */
    TELEPHONY_BUSY           /* no slot left */
};

struct telephony_sign_in {
    const char *session; /* id of the HTTP session: the same session may sign in again (reload) */
    const char *address; /* peer address, for the fact */
    bool phone;          /* desk phone instead of the browser */
    bool move;           /* take over from another session */
};
enum telephony_result telephony_sign_in(struct telephony *telephony, int32_t user_id,
                                        const struct telephony_sign_in *sign_in);
enum telephony_result telephony_sign_out(struct telephony *telephony, int32_t user_id,
                                         const char *fact_reason);
/* state: "ready", "busy", "rest"; reason_id of the directory for busy and rest (0 = none). */
enum telephony_result telephony_set_state(struct telephony *telephony, int32_t user_id,
                                          const char *state, int32_t reason_id);
/* The browser's offer: a first line (also before sign-in, for the microphone test), an ICE
 * restart, or a new page taking over in mid-call. session: id of the HTTP session; another one than
 * the signed-in one gets SIGNED_IN_ELSEWHERE. answer receives SDP; why a Chinese reason for
 * BAD_OFFER. */
enum telephony_result telephony_line_offer(struct telephony *telephony, int32_t user_id,
                                           const char *session, const char *offer, size_t length,
                                           char *answer, size_t answer_size, char *why,
                                           size_t why_size);
/* Where and since when somebody is signed in, for the question "move here?". False when not. */
bool telephony_signed_in_at(struct telephony *telephony, int32_t user_id, char address[64],
                            int64_t *ret_since_ms);
/* Signed in as an agent through this HTTP session? */
bool telephony_is_signed_in(struct telephony *telephony, int32_t user_id, const char *session);
enum telephony_result telephony_answer(struct telephony *telephony, int32_t user_id,
                                       const struct uuid *call_id);
enum telephony_result telephony_reject(struct telephony *telephony, int32_t user_id,
                                       const struct uuid *call_id);
enum telephony_result telephony_hangup(struct telephony *telephony, int32_t user_id,
                                       const struct uuid *call_id);
/* 保持/取保持: the other side hears music and is heard by nobody. Asking for what is so already is
 * OK. STALE: he does not talk in this call. */
enum telephony_result telephony_hold(struct telephony *telephony, int32_t user_id,
                                     const struct uuid *call_id, bool on);
/* 静音: nobody hears the agent, for this talk. */
enum telephony_result telephony_mute(struct telephony *telephony, int32_t user_id,
                                     const struct uuid *call_id, bool on);
/* Keys (0-9 * # A-D, checked by the caller) to whoever outside hears him: the other side's menu.
 * STALE. */
enum telephony_result telephony_press(struct telephony *telephony, int32_t user_id,
                                      const struct uuid *call_id, const char *keys);
/* 磋商: a colleague rings, then talks with the agent alone, while the other side hears music. When
 * he does not take it (20 s) or leaves, the agent is with the other side again; document "agent"
 * tells. NO_COLLEAGUE, COLLEAGUE_BUSY, CONSULTING (one at a time), STALE. */
enum telephony_result telephony_consult(struct telephony *telephony, int32_t user_id,
                                        const struct uuid *call_id, int32_t colleague_id);
/* 求助: a consultation that is counted as help. three: the talk goes on while he rings, and he
 * comes into it; all three hear each other. */
enum telephony_result telephony_help(struct telephony *telephony, int32_t user_id,
                                     const struct uuid *call_id, int32_t colleague_id, bool three);
/* The same with somebody outside, who is called over a trunk. BAD_NUMBER, NO_TRUNK. */
enum telephony_result telephony_consult_number(struct telephony *telephony, int32_t user_id,
                                               const struct uuid *call_id, const char *number);
/* Takes the other side back; the colleague is out. Also while he rings. */
enum telephony_result telephony_consult_end(struct telephony *telephony, int32_t user_id,
                                            const struct uuid *call_id);
/* 转出: the colleague has the call from now on; the agent sums it up. STALE while he rings. */
enum telephony_result telephony_consult_complete(struct telephony *telephony, int32_t user_id,
                                                 const struct uuid *call_id);
/* 三方: all three talk. Whoever of the two agents hangs up leaves, and the call goes on. */
enum telephony_result telephony_consult_join(struct telephony *telephony, int32_t user_id,
                                             const struct uuid *call_id);
/* Of three in a talk, one of them asked from outside: the caller is sent away, the two go on. */
enum telephony_result telephony_consult_release(struct telephony *telephony, int32_t user_id,
                                                const struct uuid *call_id);
/* What becomes of a number that is typed (CC-17). False: it is none. */
struct telephony_number {
    char number[DIALING_NUMBER_SIZE]; /* as people know it */
    char sent[DIALING_NUMBER_SIZE];   /* as the trunk is asked for it */
    enum dialing_range range;
    bool allowed; /* by the center's rule */
};
bool telephony_number(struct telephony *telephony, int32_t center_id, const char *text,
                      struct telephony_number *ret_number);
/* Calls a number for the agent over the trunks in order of their priority. The number may carry
 * spaces, hyphens, brackets and +86. The agent is in TALK at once; document "agent" tells how it
 * goes on. ret_call_id is set when OK. Refused in RING and TALK (IN_CALL) and while a compulsory
 * summary is missing (WRAP_UP_MISSING); otherwise it ends ACW. */
enum telephony_result telephony_dial(struct telephony *telephony, int32_t user_id,
                                     const char *number, struct uuid *ret_call_id);
/* The same with an id that is known before: whoever notes it first can tell after a crash whether
 * the call was made. */
enum telephony_result telephony_dial_as(struct telephony *telephony, int32_t user_id,
                                        const char *number, const struct uuid *call_id);
/* 盲转: the agent's caller waits in another queue of the center, before everybody else there; the
 * agent goes on to his summary. Refused, with the talk untouched: NO_QUEUE (not of this center),
 * QUEUE_EMPTY (nobody signed in serves it), QUEUE_FULL, STALE; OUTBOUND for a call he made. */
enum telephony_result telephony_transfer(struct telephony *telephony, int32_t user_id,
                                         const struct uuid *call_id, int32_t queue_id);
/* 盲转 to a colleague, or to somebody outside: the caller hears music until he answers, the agent
 * goes on to his summary at once. Whom nobody takes comes back to the agent, or to the head of the
 * queue. NO_COLLEAGUE, COLLEAGUE_BUSY; BAD_NUMBER, NO_TRUNK; CONSULTING, STALE; the talk untouched.
 */
enum telephony_result telephony_pass_to_agent(struct telephony *telephony, int32_t user_id,
                                              const struct uuid *call_id, int32_t colleague_id);
enum telephony_result telephony_pass_to_number(struct telephony *telephony, int32_t user_id,
                                               const struct uuid *call_id, const char *number);
/* SCN-07: what he has typed of the registration (a JSON object) is seen in document "agent",
 * "handed", by whoever has the call after him. NULL takes it back. STALE; NOT_NOW without memory.
 */
enum telephony_result telephony_hand_over(struct telephony *telephony, int32_t user_id,
                                          const struct uuid *call_id, const char *draft);
/* 转IVR: the agent's caller goes into a flow. flow "" = the one he came through, node "" = its main
 * menu. come_back false: for good, the agent goes to his summary. True: he is with the agent again
 * when the flow ends or would pass him on; what he typed is in document "agent", "variables".
 * STALE, OUTBOUND, CONSULTING, IN_FLOW, NO_FLOW. */
enum telephony_result telephony_to_flow(struct telephony *telephony, int32_t user_id,
                                        const struct uuid *call_id, bool come_back,
                                        const char *flow, const char *node);
/* Takes the caller back out of the flow. STALE when he is not there. */
enum telephony_result telephony_from_flow(struct telephony *telephony, int32_t user_id,
                                          const struct uuid *call_id);
/* Something is said to the far one, or keys are asked of it, while the agent waits as with a
 * flow: by a system that acts for him. It may be a call he made. What came of it is in document
 * "agent", "media". NO_PROMPT, else as telephony_to_flow(). */
struct telephony_say {
    const char *prompt;        /* code of one of the center's; "" = sound, or a beep */
    struct media_audio *sound; /* borrowed */
    bool asks;                 /* for keys: */
    int min, max;              /* how many, 1 to 31 */
    const char *end;           /* the key that ends them; "" = none */
    int timeout_ms;            /* without a key; 500 to 60000 */
};
enum telephony_result telephony_say(struct telephony *telephony, int32_t user_id,
                                    const struct uuid *call_id, const struct telephony_say *say,
                                    uint32_t *ret_task);
/* 转满意度: the caller is asked how it was, the agent goes to his summary. As above; NO_SURVEY. */
enum telephony_result telephony_survey(struct telephony *telephony, int32_t user_id,
                                       const struct uuid *call_id);
/* The far one goes to another center, or somebody there is asked, under its access code: whoever
 * takes it there. note and draft (a JSON object, the registration so far) travel along; both may be
 * NULL. As with somebody outside; NO_CENTER, CENTER_CLOSED with *ret_why, a Chinese sentence. Of
 * who is asked: help counts it as 求助, three with it is as in telephony_help(). */
struct telephony_to_center {
    int32_t center_id;
    bool help, three;
    const char *note, *draft;
};
enum telephony_result telephony_pass_to_center(struct telephony *telephony, int32_t user_id,
                                               const struct uuid *call_id,
                                               const struct telephony_to_center *to,
                                               const char **ret_why);
enum telephony_result telephony_consult_center(struct telephony *telephony, int32_t user_id,
                                               const struct uuid *call_id,
                                               const struct telephony_to_center *to,
                                               const char **ret_why);
/* 录音: begun or ended where the rule is on demand; paused or gone on with where everything is
 * recorded. OK also when it is so already; NOT_RECORDED, NO_PAUSE. */
enum telephony_result telephony_record(struct telephony *telephony, int32_t user_id,
                                       const struct uuid *call_id, bool on);
/* Ending it needs no permission to pause: it is recorded on demand. */
bool telephony_may_stop_recording(struct telephony *telephony, int32_t user_id,
                                  const struct uuid *call_id);
/* Summary saved (code may be "" when not compulsory). Marks the call's summary as given. */
enum telephony_result telephony_wrap_up_saved(struct telephony *telephony, int32_t user_id,
                                              const struct uuid *call_id, const char *code,
                                              const char *note);
/* Ends ACW. */
enum telephony_result telephony_wrap_up_done(struct telephony *telephony, int32_t user_id);
/* Echo test for the speaker/microphone check: plays the beep and "话机测试" prompt to the line. */
enum telephony_result telephony_line_test(struct telephony *telephony, int32_t user_id);

/* --- what leaders do with agents and their calls ---------------------------------------------- */
/* Who may do it to whom is the caller's business. call_id is the call he saw: STALE when the agent
 * is in another one, or in none, by now. */

enum telephony_watching { TELEPHONY_LISTEN, TELEPHONY_WHISPER, TELEPHONY_BARGE };

/* 监听、密语、强插: the leader, signed in with a browser line and in no call, stands beside the
 * agent in his talk; asked again, he stands otherwise. IN_CALL, NO_LINE, WATCHED. It ends with the
 * agent's part of the call; but a caller with whom he talks, too, is his when the agent goes. */
enum telephony_result telephony_watch(struct telephony *telephony, int32_t leader_id,
                                      int32_t user_id, const struct uuid *call_id,
                                      enum telephony_watching mode);
enum telephony_result telephony_watch_end(struct telephony *telephony, int32_t leader_id);
/* False: he stands beside no call. */
bool telephony_watches(struct telephony *telephony, int32_t leader_id, int32_t *ret_user_id,
                       enum telephony_watching *ret_mode);
/* 接话: the agent goes to his summary, the other side talks with the leader, whose call it is from
 * now on. Whoever the agent had asked is out. */
enum telephony_result telephony_take_over(struct telephony *telephony, int32_t leader_id,
                                          int32_t user_id, const struct uuid *call_id);
/* 强拆 */
enum telephony_result telephony_disconnect(struct telephony *telephony, int32_t user_id,
                                           const struct uuid *call_id);
/* "ready", "busy", "signed_out": at once, also out of RING and a summary that is missing. In TALK
 * LATER, and IN_CALL for "signed_out". */
enum telephony_result telephony_force_state(struct telephony *telephony, int32_t user_id,
                                            const char *state);

/* The center in which a call waits now, 0 = it does not. */
int32_t telephony_waits_in(struct telephony *telephony, const struct uuid *call_id);
enum telephony_result telephony_move_to_head(struct telephony *telephony,
                                             const struct uuid *call_id);
/* NO_QUEUE, QUEUE_EMPTY, QUEUE_FULL: it waits on where it was. */
enum telephony_result telephony_move_to_queue(struct telephony *telephony,
                                              const struct uuid *call_id, int32_t queue_id);
/* Rings at this agent of the center alone; not taken, it is back in its place. NO_COLLEAGUE,
 * COLLEAGUE_BUSY. */
enum telephony_result telephony_move_to_agent(struct telephony *telephony,
                                              const struct uuid *call_id, int32_t user_id);

/* A call that is under way, whoever has it: what a registration of it takes from here and not from
 * a page. False: there is none. */
struct telephony_live_call {
    int32_t center_id, queue_id; /* queue_id 0 = none */
    char party_no[40];           /* of the person outside, normalised; "" = not told */
    char city[8];                /* of that number, GB/T 2260 or "" */
    const char *info_source;     /* "city" or "r12366" */
    const char *unit_type;       /* "self", "from_12366", "from_city" */
};
bool telephony_live_call(struct telephony *telephony, const struct uuid *call_id,
                         struct telephony_live_call *ret_call);

/* Who uses the shared channels now: POOL_TRUNK or POOL_BOT. Capacity POOL_NO_END = as many as the
 * trunks take. */
const struct pool *telephony_pool(const struct telephony *telephony, enum pool_kind kind);
uint32_t telephony_pool_capacity(struct telephony *telephony, enum pool_kind kind);

/* --- views (append one JSON object) --------------------------------------------------------- */

/* The agent's own document, same as event "agent". {"signed_in":false} when not. */
void telephony_agent_json(struct telephony *telephony, int32_t user_id, struct text *out);
/* "queues":[..],"seats":[..],"waiting":[..] of one center, without braces: to be put into a larger
 * object. */
void telephony_center_json(struct telephony *telephony, int32_t center_id, struct text *out);
/* [{"user_id","agent_no","name","state","line_up"}] of the center's signed-in agents but this one:
 * whom he may ask or pass a caller on to. */
void telephony_colleagues_json(struct telephony *telephony, int32_t center_id, int32_t user_id,
                               struct text *out);
/* {"next":null,"items":[{"flow","node","name"}]}: where the agent may send this caller. */
void telephony_flow_targets_json(struct telephony *telephony, int32_t user_id,
                                 const struct uuid *call_id, struct text *out);
/* [{"center_id","name","kind","remote","known","open","waiting","signed_in","allowed","why"}] of
 * the other centers, as an agent of this one may pass callers on to them. */
void telephony_centers_json(struct telephony *telephony, int32_t center_id, struct text *out);
/* [..] of all trunks. */
void telephony_trunks_json(struct telephony *telephony, struct text *out);

#endif
