/* Telephony: the service that owns calls.
 *
 * One inbound call, from INVITE to BYE:
 *
 *   sip on_invite            number plan -> center, flow; fact call_begin; media leg; 200 OK
 *   ivr engine               welcome, menus ... -> IVR_ENQUEUE; facts ivr_begin, ivr_key, ivr_end
 *   acd engine               ACD_OFFER -> agent's page rings (event "agent"); fact offer_begin
 *   agent answers            telephony_answer -> ACD_CONNECT; room {caller, agent line}; the
 * agent's number is announced to both; recording on two tracks; facts talk_begin, recording_begin
 *   somebody hangs up        facts talk_end, recording_end, call_end; agent in ACW
 *   agent is done            telephony_wrap_up_done -> READY; fact acw_end
 *
 * Calls, legs, queue entries and agents are flat structs of ids (calls.h, private); sockets,
 * timers and SIP handles hang beside them in the device rooms. Telephony features are changes of
 * the media room's hears-table and events for the pure engines; packets are never touched here. */
#ifndef HOTLINED_TELEPHONY_H
#define HOTLINED_TELEPHONY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/id.h>

struct directory;
struct fact_outbox;
struct loop;
struct media;
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
/* A new directory snapshot is in force: queues, members, trunks, phones are applied. */
void telephony_directory_changed(struct telephony *telephony);
/* From now on INVITEs get 503 with Retry-After; running calls go on. */
void telephony_drain(struct telephony *telephony);
/* Overload, for as long as it lasts (fact_handlers.on_trouble with full): 503 as above. */
void telephony_refuse_calls(struct telephony *telephony, bool refuse);
/* No room on the disk: talks go on, each is listed as not recorded. */
void telephony_record_calls(struct telephony *telephony, bool record);
bool telephony_is_draining(const struct telephony *telephony);
unsigned telephony_call_count(const struct telephony *telephony);

/* Appends {"limiting":bool,"since_ms":n|null,"rate":n|null,"refused":n}: whether new calls are
 * limited because the processor carries no more, to how many a second, and how many were refused
 * since then. */
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
    TELEPHONY_NO_TRUNK, /* none is up and has a free channel */
    TELEPHONY_NO_QUEUE,
    TELEPHONY_QUEUE_EMPTY,
    TELEPHONY_QUEUE_FULL,
    TELEPHONY_OUTBOUND,
    TELEPHONY_NO_COLLEAGUE,   /* not signed in, of another center, or oneself */
    TELEPHONY_COLLEAGUE_BUSY, /* in a call or summing one up, or his line is down */
    TELEPHONY_CONSULTING,     /* not while a colleague is asked */
    TELEPHONY_NOT_NOW,        /* draining, starting or overloaded */
    TELEPHONY_BUSY            /* no slot left */
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
/* 磋商: a colleague rings, then talks with the agent alone, while the other side hears music. When
 * he does not take it (20 s) or leaves, the agent is with the other side again; document "agent"
 * tells. NO_COLLEAGUE, COLLEAGUE_BUSY, CONSULTING (one at a time), STALE. */
enum telephony_result telephony_consult(struct telephony *telephony, int32_t user_id,
                                        const struct uuid *call_id, int32_t colleague_id);
/* Takes the other side back; the colleague is out. Also while he rings. */
enum telephony_result telephony_consult_end(struct telephony *telephony, int32_t user_id,
                                            const struct uuid *call_id);
/* 转出: the colleague has the call from now on; the agent sums it up. STALE while he rings. */
enum telephony_result telephony_consult_complete(struct telephony *telephony, int32_t user_id,
                                                 const struct uuid *call_id);
/* 三方: all three talk. Whoever of the two agents hangs up leaves, and the call goes on. */
enum telephony_result telephony_consult_join(struct telephony *telephony, int32_t user_id,
                                             const struct uuid *call_id);
/* Calls a number for the agent over the trunks in order of their priority. The number may carry
 * spaces, hyphens, brackets and +86. The agent is in TALK at once; document "agent" tells how it
 * goes on. ret_call_id is set when OK. Refused in RING and TALK (IN_CALL) and while a compulsory
 * summary is missing (WRAP_UP_MISSING); otherwise it ends ACW. */
enum telephony_result telephony_dial(struct telephony *telephony, int32_t user_id,
                                     const char *number, struct uuid *ret_call_id);
/* 盲转: the agent's caller waits in another queue of the center, before everybody else there; the
 * agent goes on to his summary. Refused, with the talk untouched: NO_QUEUE (not of this center),
 * QUEUE_EMPTY (nobody signed in serves it), QUEUE_FULL, STALE; OUTBOUND for a call he made. */
enum telephony_result telephony_transfer(struct telephony *telephony, int32_t user_id,
                                         const struct uuid *call_id, int32_t queue_id);
/* Summary saved (code may be "" when not compulsory). Marks the call's summary as given. */
enum telephony_result telephony_wrap_up_saved(struct telephony *telephony, int32_t user_id,
                                              const struct uuid *call_id, const char *code,
                                              const char *note);
/* Ends ACW. */
enum telephony_result telephony_wrap_up_done(struct telephony *telephony, int32_t user_id);
/* Echo test for the speaker/microphone check: plays the beep and "话机测试" prompt to the line. */
enum telephony_result telephony_line_test(struct telephony *telephony, int32_t user_id);

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
/* [..] of all trunks. */
void telephony_trunks_json(struct telephony *telephony, struct text *out);

#endif
