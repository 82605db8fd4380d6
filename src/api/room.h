/* What the files of the API share.
 *
 * A handler runs inside the guard's promise: http_user() is the live session, the route's
 * permission is given. It reads body and query, and then either answers at once or starts ONE wait:
 *
 *   api_ask()    one named statement; what comes back is the answer (document, result, nothing) or
 *                goes to a function of the caller
 *   api_work()   one job on the worker pool, then a function of the caller
 *
 * A wait owns the request until it is answered, and a copy of the person (the session may end
 * meanwhile). When the API stops, waits are answered 503 and their callbacks never come. */
#ifndef API_ROOM_H
#define API_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/access.h>
#include <hotlined/api.h>
#include <hotlined/config.h>
#include <hotlined/directory.h>
#include <hotlined/fact.h>
#include <hotlined/http.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/log_limit.h>
#include <hotlined/loop.h>
#include <hotlined/pool.h>
#include <hotlined/query.h>
#include <hotlined/recognition.h>
#include <hotlined/store.h>
#include <hotlined/strangers.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>
#include <hotlined/tts.h>
#include <hotlined/worker.h>

#define API_CONTENT_MAX 4000 /* characters of a long text field */
/* Bodies that are larger than HTTP_BODY_DEFAULT, in bytes. */
#define API_BODY_FORM  (64 * 1024) /* a few long text fields, or a line's session description */
#define API_BODY_FLOW  (512 * 1024)
#define API_BODY_SOUND (8 * 1024 * 1024) /* an uploaded prompt */

struct api_agents_today;
struct api_bound;
struct api_hub;
struct api_keys;
struct api_sessions;
struct api_wait;

struct api {
    struct loop *loop;
    struct api_deps deps;
    struct http *http;
    struct api_bound *bound; /* the rows that http has, functions.c */
    struct api_sessions *sessions;
    struct api_keys *keys;
    struct api_hub *hub;
    struct api_agents_today *agents_today;
    struct api_wait *waits;         /* all under way */
    struct worker_pool *speakers;   /* a thread for each session of speech */
    atomic_bool speech_stop;        /* of their engines */
    struct pool speech;             /* sessions in use, by center */
    struct loop_timer speech_timer; /* while somebody waits for one */
    uint64_t speech_queued;         /* requests that have waited for one */
    struct strangers attempts;      /* without slots: no limit */
    struct log_limit attempt_lines;
    bool stopping;
};

/* --- who asks ------------------------------------------------------------------------------- */

#define API_TOKEN_SIZE      48 /* base64url, without padding */
#define API_TOKEN_HASH_SIZE 65 /* SHA-256 in hex */

struct api_person { /* flat: copied into waits and readers of events */
    struct access_subject subject;
    char token_hash[API_TOKEN_HASH_SIZE]; /* names the session; also telephony's "session" */
    char csrf[48];
    char address[64]; /* the peer of this request */
    char login[64], name[64], agent_no[16];
    /* Another system's key asks, for an agent where subject.user_id says so: keys.c. 0 = a person.
     */
    int32_t key_id;
    char key_name[64];
};

/* The person of the request, in a handler only (NULL on public routes). */
const struct api_person *api_person(const struct http_request *request);
static inline int32_t api_user_of(const struct http_request *request)
{
    return api_person(request)->subject.user_id;
}

/* Centers a permission reaches, for row-level security. centers has room for ACCESS_MAX_CENTERS. */
size_t api_centers(struct api *api, const struct api_person *person, enum permission permission,
                   int32_t *ret_centers);
/* May the person see numbers unmasked in a list reached by this permission? */
bool api_may_reveal(const struct api_person *person, enum permission permission);
/* Adds the parameter "only these users" of list statements: NULL for scopes center and region, an
 * int array ("{11,12}") of the person himself or of his team for narrower ones. text must live
 * until the query is sent. */
void api_param_users(struct api *api, const struct api_person *person, enum permission permission,
                     struct store_params *params, struct text *text);
/* Query parameter center_id: *ret_center 0 when absent. Answers 422, or 403 for a center the
 * permission does not reach, and returns false. */
bool api_query_center(struct api *api, struct http_request *request, enum permission permission,
                      int32_t *ret_center);
/* The center a change is for: body's center_id (0 = the person's own). Answers 403 and returns
 * false when the permission does not reach it. */
bool api_check_center(struct api *api, struct http_request *request, enum permission permission,
                      int64_t wanted, int32_t *ret_center);

/* --- journal of looks and changes ----------------------------------------------------------- */

/* object_id and detail may be "". Never put secrets or contents there. */
void api_audit(struct api *api, const struct api_person *person, const char *action,
               const char *object_kind, const char *object_id, const char *detail);

/* The same in the log of the center where it happened, which need not be the person's own. */
void api_audit_in(struct api *api, const struct api_person *person, int32_t center_id,
                  const char *action, const char *object_kind, const char *object_id,
                  const char *detail);

/* --- parameters of requests ----------------------------------------------------------------- */

/* Each adds one statement parameter from a query parameter, SQL NULL when absent. They answer 422
 * and return false when the value is wrong. */
bool api_param_query_text(struct http_request *request, struct store_params *params,
                          const char *name); /* any text up to 100 characters */
bool api_param_query_int(struct http_request *request, struct store_params *params,
                         const char *name, const char *title);
bool api_param_query_time(struct http_request *request, struct store_params *params,
                          const char *name, const char *title); /* ISO 8601 date or date-time */
bool api_param_query_cursor(struct http_request *request, struct store_params *params);
bool api_param_query_limit(struct http_request *request, struct store_params *params,
                           int64_t default_value, int64_t max);
/* A path parameter that is an id. Answer 404 (nothing has such an id) and return false. */
bool api_path_uuid(struct http_request *request, const char *name, struct uuid *ret_id);
bool api_path_int(struct http_request *request, const char *name, int32_t *ret_id);
/* If-Match: "3". Answers 428 without, 422 when it is no version, and returns false. */
bool api_if_match(struct http_request *request, int64_t *ret_version);

/* --- waits ---------------------------------------------------------------------------------- */

enum api_answer {
    API_DOCUMENT, /* first column of the row is the JSON; no row = 404 */
    API_RESULT,   /* {"result":"ok"|"missing"|"stale",...}: status, 404, 412; ok gives the JSON */
    API_EMPTY     /* 204, whatever came */
};

struct api_ask {
    enum store_lane lane;
    enum store_statement statement;
    enum permission permission; /* whose centers are in sight; 0 = the daemon's scope (all) */
    struct store_params params;
    enum api_answer answer;
    int status;          /* of success; 0 = 200 (API_EMPTY: 204) */
    const char *missing; /* Chinese title of 404; NULL = a general one */
    /* Written to the audit log when it succeeded; action NULL = not audited. Constants. */
    const char *action, *object_kind;
    char object_id[40];
    char detail[200];
    /* It succeeded, and is written down: tells others. NULL = nobody. */
    void (*tell)(struct api *api, const struct api_person *person, const struct api_ask *ask);
    /* Instead of answer: gets the good result (audited already if it has a row) and must answer or
     * start the next wait. Failures are answered before. person is the wait's own copy, valid
     * during the call. *state is what api_ask() was given; set it to NULL to hand it to the next
     * wait. */
    void (*then)(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct store_result *result, void **state);
};

/* Starts the one wait of the handler (or answers 503). person NULL = nobody (public routes).
 * The wait owns state: free_state(state) comes exactly once, after then or the failure, unless then
 * took it. state may be NULL. ask is copied; texts its params point to are needed during the call
 * only. */
void api_ask(struct api *api, struct http_request *request, const struct api_person *person,
             const struct api_ask *ask, void *state, void (*free_state)(void *state));

struct api_query {
    const char *connector; /* as of query_connector_ask() */
    const struct query_field *fields;
    unsigned field_count;
    /* As of api_ask; comes also when nothing was answered. */
    void (*then)(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct query_answer *answer, void **state);
};
/* Asks a system outside; ownership of state as above, everything in query is needed during the call
 * only. */
void api_query(struct api *api, struct http_request *request, const struct api_person *person,
               const struct api_query *query, void *state, void (*free_state)(void *state));

/* work runs on a worker and touches only state; then runs on the loop and must answer or start the
 * next wait; ownership of state as above. When the API stops meanwhile, only free_state comes. */
typedef void api_worked_h(struct api *api, struct http_request *request,
                          const struct api_person *person, void **state);
void api_work(struct api *api, struct http_request *request, const struct api_person *person,
              worker_work_h *work, api_worked_h *then, void *state,
              void (*free_state)(void *state));
/* The same for what needs a session of speech, of this center's share: where none is free the
 * request waits for one, in order; 503 when too many do, or for too long. Threads of its own: an
 * engine may take a minute, and sign-ins are worked on by the others. */
void api_speak(struct api *api, struct http_request *request, const struct api_person *person,
               int32_t center_id, worker_work_h *work, api_worked_h *then, void *state,
               void (*free_state)(void *state));
/* The engine as configured; given up when the API stops. Lives as long as jobs of api_speak(). */
struct tts_options api_tts_options(const struct api *api);
int api_speech_create(struct api *api);
void api_speech_destroy(struct api *api); /* runs the loop once */
void api_speech_look(void *api);          /* of speech_timer */
unsigned api_speech_waiting(const struct api *api, int32_t center_id);

/* Answers all that wait; nothing of them comes back afterwards. */
void api_waits_end(struct api *api);

/* The problem for a failed query: 409, 422 with the field's message, 503 ... */
void api_store_problem(struct http_request *request, const struct store_result *result);
void api_unavailable(struct http_request *request);
/* 200 with the document, which is done with then; 503 when there was no memory for it. */
void api_answer_text(struct http_request *request, struct text *json);
void api_missing(struct http_request *request, const char *title);
/* The same for somebody who named an id: perhaps one of another center, so it leaves a trace in the
 * audit log (GEN-04). api_ask() does it by itself where object_kind is set. */
void api_missing_id(struct api *api, struct http_request *request, const struct api_person *person,
                    const char *object_kind, const char *object_id, const char *title);
/* 422 for one field. */
void api_field_problem(struct http_request *request, const char *field, const char *message);

/* --- route tables (one per file; openapi.c reads them all) ---------------------------------- */

struct api_route {
    struct http_route http;
    const struct http_field *body; /* NULL = none (or no JSON) */
    size_t body_count;
    const char *query;  /* names of query parameters, separated by spaces; NULL = none */
    bool if_match;      /* a change of what has a version: If-Match is required */
    const char *upload; /* media types of bodies besides JSON, between spaces; NULL = none */
};

struct api_routes {
    const struct api_route *rows;
    size_t count;
};
#define API_ROUTES(table)                                                                          \
    {                                                                                              \
        (table), sizeof(table) / sizeof((table)[0])                                                \
    }

extern const struct api_routes api_routes_session;    /* sign_in.c */
extern const struct api_routes api_routes_me;         /* me.c */
extern const struct api_routes api_routes_agent;      /* agent.c */
extern const struct api_routes api_routes_errands;    /* errands.c */
extern const struct api_routes api_routes_events;     /* hub.c */
extern const struct api_routes api_routes_monitor;    /* monitor.c */
extern const struct api_routes api_routes_leader;     /* leader.c */
extern const struct api_routes api_routes_calls;      /* calls.c */
extern const struct api_routes api_routes_recordings; /* recordings.c */
extern const struct api_routes api_routes_queries;    /* queries.c */
extern const struct api_routes api_routes_contacts;   /* contacts.c */
extern const struct api_routes api_routes_notes;      /* notes.c */
extern const struct api_routes api_routes_records;    /* records.c */
extern const struct api_routes api_routes_reports;    /* reports.c */
extern const struct api_routes api_routes_users;      /* settings_users.c */
extern const struct api_routes api_routes_teams;      /* settings_teams.c */
extern const struct api_routes api_routes_queues;     /* settings_queues.c */
extern const struct api_routes api_routes_reasons;    /* settings_reasons.c */
extern const struct api_routes api_routes_calendars;  /* settings_calendars.c */
extern const struct api_routes api_routes_lists;      /* settings_lists.c */
extern const struct api_routes api_routes_flows;      /* settings_flows.c */
extern const struct api_routes api_routes_survey;     /* settings_survey.c */
extern const struct api_routes api_routes_flow_edit;  /* settings_flow_edit.c */
extern const struct api_routes api_routes_prompts;    /* settings_prompts.c */
extern const struct api_routes api_routes_sounds;     /* settings_prompt_sound.c */
extern const struct api_routes api_routes_trunks;     /* settings_trunks.c */
extern const struct api_routes api_routes_audit;      /* audit_log.c */
extern const struct api_routes api_routes_dialing;    /* settings_dialing.c */
extern const struct api_routes api_routes_centers;    /* settings_centers.c */
extern const struct api_routes api_routes_settings_bots;
extern const struct api_routes api_routes_bots;
extern const struct api_routes api_routes_transfers;  /* settings_transfers.c */
extern const struct api_routes api_routes_routes;     /* settings_routes.c */
extern const struct api_routes api_routes_taxpayers;  /* taxpayers.c */
extern const struct api_routes api_routes_system;     /* system.c: openapi, health, metrics */
extern const struct api_routes api_routes_voicemails; /* voicemails.c */
extern const struct api_routes api_routes_callbacks;  /* callbacks.c */
extern const struct api_routes api_routes_connectors; /* settings_connectors.c */
/* agent_calls.c, agent_pass.c, agent_centers.c */
extern const struct api_routes api_routes_agent_calls;
extern const struct api_routes api_routes_agent_pass;
extern const struct api_routes api_routes_agent_centers;
/* voicemail_delete.c */
extern const struct api_routes api_routes_voicemail_delete;
/* settings_desk.c */
extern const struct api_routes api_routes_desk;
/* settings_recording.c */
extern const struct api_routes api_routes_recording_rule;
/* agent_media.c */
extern const struct api_routes api_routes_agent_media;
/* settings_pools.c */
extern const struct api_routes api_routes_pools;
/* settings_keys.c */
extern const struct api_routes api_routes_keys;
/* sms.c, settings_sms.c */
extern const struct api_routes api_routes_sms;
extern const struct api_routes api_routes_settings_sms;
/* tickets.c */
extern const struct api_routes api_routes_tickets;
/* knowledge.c, knowledge_edit.c */
extern const struct api_routes api_routes_knowledge;
extern const struct api_routes api_routes_knowledge_edit;

/* All of them, in the order above. */
extern const struct api_routes *const api_route_tables[];
extern const size_t api_route_table_count;

/* --- monitor.c -------------------------------------------------------------------------------- */

/* {"banned","since_ms"}: of source addresses at the SIP port. */
void api_strangers_json(struct text *out);

/* --- leader.c --------------------------------------------------------------------------------- */

/* The person's rights were read anew: who may not stand beside that call any more is out of it. */
void api_leader_rights(struct api *api, const struct api_person *person);

/* --- me.c ------------------------------------------------------------------------------------- */

#define API_TAKEN_SIZE 1024
/* Adds the parameters of statement me; taken must live until it is asked. */
void api_me_params(const struct api_person *person, char taken[API_TAKEN_SIZE],
                   struct store_params *params);

/* --- passwords.c ---------------------------------------------------------------------------- */

/* Takes as long for a hash that is "" or broken as for a good one, and says no. */
bool api_password_matches(const char *password, const char *hash);

/* --- attempts.c ----------------------------------------------------------------------------- */

int api_attempts_create(struct api *api);
void api_attempts_destroy(struct api *api);
/* Answers 429 and returns false where the address has failed too often. */
bool api_attempt_may_begin(struct api *api, struct http_request *request, const char *login);
void api_attempt_failed(struct api *api, struct http_request *request);

/* --- tokens.c ------------------------------------------------------------------------------- */

void api_token_make(char out[API_TOKEN_SIZE]);
/* "" when it cannot be had: no session and no key has that. */
void api_token_hash(const char *token, char out[API_TOKEN_HASH_SIZE]);

/* --- keys.c: other systems that ask with a key ----------------------------------------------- */

int api_keys_create(struct api *api);
void api_keys_destroy(struct api *api);
/* PostgreSQL is back, or something was published. */
void api_keys_reload(struct api *api);
/* The guard of requests that bring an Authorization header. */
bool api_key_guard(struct api *api, struct http_request *request, const struct http_route *route);
/* A row of statement key_load: it may be used from now on. */
void api_key_take(struct api *api, const struct store_result *result, int row);
/* It was revoked: its streams end, agents it signed in go home. */
void api_key_revoked(struct api *api, int32_t id);

/* --- key_routes.c: what a key may ask for ----------------------------------------------------- */

enum api_key_group {
    API_KEY_CALL,
    API_KEY_MEDIA,
    API_KEY_AGENT,
    API_KEY_IT,
    API_KEY_SMS,
    API_KEY_KNOWLEDGE,
    API_KEY_GROUPS
};
extern const char *const api_key_group_names[API_KEY_GROUPS];  /* "call" ... */
extern const char *const api_key_group_titles[API_KEY_GROUPS]; /* Chinese */

enum api_key_route {
    API_KEY_ROUTE_NOT, /* of none of these groups (a set of bits) */
    API_KEY_ROUTE_YES,
    API_KEY_ROUTE_AGENT /* only for an agent */
};
enum api_key_route api_key_route(const struct http_route *route, unsigned groups);
/* What these groups may do, and where. */
void api_key_grant(struct access_subject *subject, unsigned groups, enum access_scope scope);
/* Every line of the list names a route. 0 or -ENOENT. */
int api_key_routes_check(void);

/* --- sessions.c ----------------------------------------------------------------------------- */

int api_sessions_create(struct api *api);
void api_sessions_destroy(struct api *api);
/* PostgreSQL is back, or something was published: sessions and permissions are read anew. */
void api_sessions_reload(struct api *api);
bool api_sessions_are_known(const struct api *api); /* false until read once after the start */
/* The guard of all routes. */
bool api_guard(struct http_request *request, const struct http_route *route, void *api);
/* Parts of it. Each answers and returns false where it does not pass. */
bool api_guard_permits(struct api *api, struct http_request *request,
                       const struct http_route *route, const struct api_person *person);
bool api_guard_passes(struct http_request *request, const struct api_person *person);
/* A new session of somebody whose password was right; sets the cookie. NULL = no memory. */
const struct api_person *api_session_open(struct api *api, struct http_request *request,
                                          const struct api_person *person);
int64_t api_session_expires(const struct api *api, const char *token_hash); /* wall ms, 0 = none */
/* Ends it here and in the database; the agent is signed out unless in a call. reason is one of
 * facts.md: user, forced, timeout. */
void api_session_close(struct api *api, const char *token_hash, const char *reason);
void api_session_clear_cookie(struct http_request *request);
/* A reader of events keeps its session alive. */
void api_session_seen(struct api *api, const char *token_hash);
/* The session's person as it is now, NULL when it has ended. */
const struct api_person *api_session_find(struct api *api, const char *token_hash);
/* Fills person's subject and names from a row of statement user_subjects. 0 or -EINVAL. */
int api_person_from_row(struct api_person *person, const struct store_result *result, int row);

/* --- hub.c ---------------------------------------------------------------------------------- */

int api_hub_create(struct api *api);
void api_hub_destroy(struct api *api);
/* Ends the streams of a session (it ended, or its permissions changed). */
void api_hub_close_session(struct api *api, const char *token_hash);
void api_hub_store(struct api *api, bool available, int64_t since_ms);
void api_hub_directory(struct api *api);
void api_hub_shipped(struct api *api);
void api_hub_event(struct api *api, const struct telephony_event *event);
/* A list of work of a center changed: "voicemail", "callback" or "ticket". json: what is told of
 * it; NULL = only where. */
void api_hub_work(struct api *api, const char *type, int32_t center_id, const char *json);
/* A registration of the center was made ("created") or changed ("updated"). */
void api_hub_record(struct api *api, int32_t center_id, const char *record_id, const char *what);
/* An entry of the knowledge base was "created", "updated", "deleted", "published" or "withdrawn".
 * share_scope "region": told to readers of all centers, "center": of its own, "": to those only who
 * write. */
void api_hub_knowledge(struct api *api, int32_t center_id, const char *item_id, const char *what,
                       const char *share_scope);
/* An event for those who watch a center. json is copied. */
void api_hub_say(struct api *api, const char *type, int32_t center_id, const char *json);
bool api_hub_is_heard(const struct api *api, const char *type, int32_t center_id, int32_t user_id);
/* Today's figures of a center as last read; NULL = not yet. */
const char *api_hub_today(const struct api *api, int32_t center_id);
/* Keeps what statement wall_today answered and tells those who watch what is new. */
void api_hub_take_today(struct api *api, const struct store_result *result);
/* Adds {"available":..,"since_ms":..,"pending_facts":..}. */
void api_hub_store_json(const struct api *api, struct text *out);

/* --- agents_today.c ------------------------------------------------------------------------- */

int api_agents_today_create(struct api *api);
void api_agents_today_destroy(struct api *api);
/* Somebody watches, and facts were shipped: asks the database, and tells as event "agents_today".
 */
void api_agents_today_look(struct api *api);
/* Midnight has passed since the last look. */
bool api_agents_today_is_over(const struct api *api);

#endif
