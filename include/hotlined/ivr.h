/* IVR: versioned JSON flows, parsed and checked once when published, run by a pure engine.
 *
 * A flow document (docs/flows.md has the full reference):
 *
 *   { "entry": "welcome",
 *     "nodes": {
 *       "welcome": {"type":"play", "prompt":"greeting", "next":"open"},
 *       "open":    {"type":"hours", "calendar":"default", "open":"main", "closed":"sorry"},
 *       "sorry":   {"type":"hangup", "prompt":"closed", "reason":"closed"},
 *       "main":    {"type":"menu", "name":"主菜单", "prompt":"main_menu", "timeout_ms":5000,
 *                   "retries":2, "invalid":"invalid_key", "no_input":"no_input",
 *                   "keys":{"1":"consult","2":"complain","9":"@main","*":"@back"},
 *                   "failed":"consult"},
 *       "number":  {"type":"collect", "name":"纳税人识别号", "prompt":"ask_number",
 *                   "variable":"taxpayer_no", "min":15, "max":20, "end":"#",
 *                   "timeout_ms":8000, "retries":2, "next":"consult", "failed":"consult"},
 *       "place":   {"type":"condition", "variable":"caller_city", "equals":"450200",
 *                   "yes":"consult", "no":"main"},
 *       "consult": {"type":"queue", "queue":"consult", "priority":0, "prompt":"please_wait",
 *                   "music":"hold_music", "on_wait_over":"busy", "on_no_agent":"busy",
 *                   "on_full":"busy"},
 *       "busy":    {"type":"hangup", "prompt":"goodbye", "reason":"lost"},
 *       "again":   {"type":"goto", "target":"main"} } }
 *
 * agent, a queue whose callers are for one agent first; and the tasks that others carry out while
 * the flow waits for what becomes of them: external, voicemail, callback, bot and query; survey
 * asks how it was, say speaks a variable.
 *
 * "@back" is the menu before this one (at the first menu: itself), "@main" the first menu that was
 * entered. Menus nest to IVR_MAX_DEPTH. Keys may interrupt prompts; keys typed
 * while something plays that does not listen are kept for the next menu. A running call keeps the
 * version it began with.
 *
 * The run is a flat struct of numbers, so that it can be written to the ledger. */
#ifndef HOTLINED_IVR_H
#define HOTLINED_IVR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;
struct calendar;

#define IVR_NAME_SIZE    48
#define IVR_MAX_DEPTH    12
#define IVR_MAX_NODES    400
#define IVR_VARIABLES    16
#define IVR_VALUE_SIZE   32
#define IVR_AHEAD        24
#define IVR_MAX_COMMANDS 96
#define IVR_SAY_MAX      40 /* prompts of one spoken value, what is before and after it included */
#define IVR_PAIRS        6  /* variables a query sends, and takes */
#define IVR_DATA_SIZE    128

/* --- flows --------------------------------------------------------------------------------- */

struct ivr_flow; /* immutable once parsed, reference counted (not thread-safe: control thread) */

/* Says which names exist in the flow's center. Any may be NULL: then names are not checked. */
struct ivr_names {
    bool (*has_prompt)(const char *code, void *arg);
    bool (*has_queue)(const char *code, void *arg);
    bool (*has_calendar)(const char *code, void *arg);
    void *arg;
    bool (*has_agent)(const char *agent_no, void *arg);
    bool (*has_connector)(const char *code, void *arg);
};

/* Parses and checks everything: unknown types and fields, missing targets, unreachable nodes, dead
 * ends, menus without keys, loops that neither wait nor end. Returns the number of problems; each
 * is one Chinese line "节点“main”：按键“3”指向的节点“x”不存在。" in problems. 0 = *ret_flow set. */
int ivr_flow_parse(const char *json, size_t length, const struct ivr_names *names,
                   struct ivr_flow **ret_flow, struct text *problems);
struct ivr_flow *ivr_flow_ref(struct ivr_flow *flow);
void ivr_flow_unref(struct ivr_flow *flow);

/* What people know a node by. */
struct ivr_node {
    const char *id, *name, *type; /* live as long as the flow */
};
#define IVR_NO_NODE UINT16_MAX
#define IVR_MAIN    0xfffd /* for IVR_EV_ENTER: the first menu that was entered, else the entry */
uint16_t ivr_flow_find(const struct ivr_flow *flow, const char *id); /* IVR_NO_NODE = none */
uint16_t ivr_flow_queue(const struct ivr_flow *flow, const char *queue_code); /* first into it */
/* False: there is no such node. */
bool ivr_flow_node(const struct ivr_flow *flow, uint16_t at, struct ivr_node *ret_node);

/* --- running ------------------------------------------------------------------------------- */

enum ivr_state {
    IVR_IDLE,
    IVR_PLAYING,
    IVR_MENU,
    IVR_COLLECT,
    IVR_QUEUED,
    IVR_AWAY, /* whoever carries out a task has the caller; waits for its answer */
    IVR_ENDED
};

struct ivr_variable {
    char name[IVR_NAME_SIZE];
    char value[IVR_VALUE_SIZE];
};

struct ivr_run { /* flat: no pointers */
    uint8_t state;
    uint16_t node;
    uint16_t menus[IVR_MAX_DEPTH]; /* path of menus entered, [0] = main menu */
    uint8_t depth;
    uint8_t tries;       /* wrong or missing input at this node */
    uint8_t digit_count; /* collected */
    char digits[IVR_VALUE_SIZE];
    uint8_t ahead_count; /* keys typed while something played that does not listen */
    char ahead[IVR_AHEAD];
    uint16_t key_seq; /* keys reported so far */
    uint32_t steps;   /* nodes passed; a guard against endless loops */
    struct ivr_variable variables[IVR_VARIABLES];
    uint8_t variable_count;
};

enum ivr_event_kind {
    IVR_EV_START,
    IVR_EV_DIGIT, /* digit */
    IVR_EV_PLAY_DONE,
    IVR_EV_TIMER,
    IVR_EV_QUEUE_FULL, /* answers to IVR_ENQUEUE */
    IVR_EV_QUEUE_NO_AGENT,
    IVR_EV_WAIT_OVER,
    IVR_EV_ANSWER, /* answer: what became of a task */
    IVR_EV_ENTER   /* node: the call comes (back) into the flow there, from wherever it was */
};

/* Each is a branch of the tasks that have it; the names in a document are in ivr_answer_name(). */
enum ivr_answer {
    IVR_NEXT,      /* it is done, or the caller was handed back */
    IVR_DONE,      /* bot: the caller needs nothing more */
    IVR_OFF,       /* switched off, not permitted, full; agent: not there */
    IVR_FAILED,    /* it was tried */
    IVR_NO_ANSWER, /* agent */
    IVR_TIMEOUT,   /* query */
    IVR_NOT_FOUND, /* query: who was asked does not know it */
    IVR_ANSWERS
};
const char *ivr_answer_name(enum ivr_answer answer);

struct ivr_event {
    enum ivr_event_kind kind;
    char digit;
    int64_t wall_ms; /* now, UTC */
    enum ivr_answer answer;
    uint16_t node;
};

/* What the world looks like to conditions and hours; owned by the caller, read only. */
struct ivr_world {
    const struct calendar *(*calendar)(const char *code, void *arg); /* NULL = unknown: closed */
    void *arg;
    void (*on_node)(uint16_t node, void *arg); /* the run comes to a node; may be NULL */
};

enum ivr_command_kind {
    IVR_PLAY, /* prompt code; PLAY_DONE is expected */
    IVR_STOP_PLAY,
    IVR_TIMER, /* one timer; replaces the running one; 0 ms = stop */
    IVR_KEY,   /* fact: key pressed at menu/collect node */
    /* queue code, priority, music code; then QUEUED until told otherwise. data: not NULL = for the
     * agent with this number alone, for so many ms. OFF and NO_ANSWER are told where off_leaves and
     * no_answer_leaves say so; else the caller waits for everybody then. */
    IVR_ENQUEUE,
    IVR_HANGUP, /* reason: "done" (self-service), "closed", "lost", "error" */
    IVR_SAY,    /* prompts[prompt_count] one after the other; PLAY_DONE is expected */
    IVR_SURVEY, /* level: 0 = the caller is being asked now, else what he said */
    /* Tasks: carried out by others, who answer with IVR_EV_ANSWER, at once or later. */
    IVR_EXTERNAL,  /* name: a number outside; data for it. NEXT (back again) FAILED */
    IVR_VOICEMAIL, /* name: the box, "" = the center's; ms at most. NEXT OFF FAILED */
    IVR_CALLBACK,  /* name: queue code. NEXT (registered) FAILED */
    IVR_BOT,       /* NEXT (to a human) DONE OFF */
    IVR_QUERY      /* name: connector; send, take; ms at most. NEXT FAILED TIMEOUT NOT_FOUND */
};

struct ivr_pair { /* a variable, and what it is called in a question or an answer */
    char variable[IVR_NAME_SIZE], field[IVR_NAME_SIZE];
};
struct ivr_pairs {
    struct ivr_pair pair[IVR_PAIRS];
    uint8_t count;
};

enum ivr_key_result { IVR_KEY_OK, IVR_KEY_INVALID, IVR_KEY_NO_INPUT };

struct ivr_command {
    enum ivr_command_kind kind;
    const char *name;  /* prompt, queue code or hang-up reason; lives as long as the flow or run */
    const char *music; /* ENQUEUE, QUERY: prompt code or NULL */
    const char *data;  /* EXTERNAL: for whoever is called, "" = nothing; ENQUEUE */
    bool off_leaves, no_answer_leaves;   /* ENQUEUE */
    const struct ivr_pairs *send, *take; /* QUERY */
    int32_t priority;
    uint32_t ms;
    /* KEY */
    const char *node;  /* node id */
    const char *title; /* its name for people */
    char key;          /* 0 for no input */
    enum ivr_key_result result;
    uint16_t seq;
    uint8_t level; /* SURVEY */
};

struct ivr_out {
    struct ivr_command commands[IVR_MAX_COMMANDS];
    unsigned count;
    const char *prompts[IVR_SAY_MAX]; /* SAY: there is at most one in a step */
    unsigned prompt_count;
};

/* Runs one event to its end; out is emptied first. Never loops for ever: after 1,000 nodes
 * without waiting the run ends with reason "error". */
void ivr_step(const struct ivr_flow *flow, struct ivr_run *run, const struct ivr_world *world,
              const struct ivr_event *event, struct ivr_out *out);
/* Before START: caller_no, caller_city, called_no, source ... -ENOSPC when full. */
int ivr_set_variable(struct ivr_run *run, const char *name, const char *value);
const char *ivr_variable(const struct ivr_run *run, const char *name); /* NULL = not set */
/* Set before the start, not by the caller: caller_no, caller_city, called_no, source. */
bool ivr_variable_is_given(const char *name);

/* --- telling those who wait ---------------------------------------------------------------- */

#define IVR_ANNOUNCE_MAX 16
/* Prompts: 您前面还有 n 位, 预计等待 m 分钟; wait_ms UINT32_MAX = not known, not said. Returns how
 * many. */
unsigned ivr_announce(uint32_t ahead, uint32_t wait_ms, const char *out[IVR_ANNOUNCE_MAX]);

/* --- calendars (work hours) ---------------------------------------------------------------- */

#define CALENDAR_PERIODS 6
#define CALENDAR_DAYS    400

struct calendar_period {
    uint16_t from_minute, to_minute; /* [from, to) in local minutes of the day; to <= 1440 */
};
struct calendar_day {
    int32_t date; /* 20261001, for special days; unused in week[] */
    uint8_t count;
    struct calendar_period periods[CALENDAR_PERIODS];
};
struct calendar {
    struct calendar_day week[7];                /* [0] = Monday */
    struct calendar_day special[CALENDAR_DAYS]; /* holidays (count 0) and make-up days, sorted */
    uint16_t special_count;
};
/* {"week":{"1":[["09:00","12:00"],["13:30","17:00"]], ... "7":[]},
 *  "days":{"2026-10-01":[], "2026-10-10":[["09:00","17:00"]]}, "notes":{"2026-10-01":"国庆节"}}.
 * Problems as in ivr_flow_parse(). */
int calendar_parse(const char *json, size_t length, struct calendar *ret_calendar,
                   struct text *problems);

struct calendar_answer { /* and which rule says so */
    bool open;
    bool special;                   /* the day is a special one, not one of the week */
    int32_t date;                   /* 20261001 */
    uint8_t weekday;                /* 1 Monday .. 7 */
    uint16_t minute;                /* of the day */
    const struct calendar_day *day; /* whose periods were looked at; inside the calendar */
};
/* Local time is Asia/Shanghai, UTC+8 without summer time. */
void calendar_ask(const struct calendar *calendar, int64_t wall_ms,
                  struct calendar_answer *ret_answer);
bool calendar_is_open(const struct calendar *calendar, int64_t wall_ms);
/* "2026-10-01T09:30" (or with a space), local time, to wall clock. -EINVAL. */
int calendar_time(const char *text, int64_t *ret_wall_ms);

#endif
