/* Directory: the business configuration in memory. One immutable snapshot at a time, built from
 * the one JSON document that the statement directory_snapshot returns (shape:
 * docs/directory.md), replaced as a whole when something is published (NOTIFY hotlined_config).
 * Calls under way keep the flow and the prompts they began with by reference. The last good
 * document is kept in state_dir/directory.json, so that the daemon starts and takes calls while
 * PostgreSQL is away. A document that is wrong is refused with its reasons; the old one stays. */
#ifndef HOTLINED_DIRECTORY_H
#define HOTLINED_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/acd.h>
#include <hotlined/dialing.h>
#include <hotlined/ivr.h>
#include <hotlined/overflow.h>
#include <hotlined/pool.h>
#include <hotlined/route.h>
#include <hotlined/sip.h>

struct directory;
struct loop;
struct media_audio;
struct store;
struct worker_pool;

enum dir_recording { DIR_RECORD_ALWAYS, DIR_RECORD_ON_DEMAND, DIR_RECORD_NEVER };

struct dir_center {
    int32_t id;
    char code[32]; /* the name in pinyin, "region" */
    bool regional;
    char name[64];     /* as callers and pages know it */
    char city_code[8]; /* GB/T 2260; "" for the region */
    char area_code[8];
    bool enabled;
    bool announce_agent_no;         /* CC-09 */
    bool callback_off;              /* nobody is called back; the function is switched off */
    char shown_no[SIP_NUMBER_SIZE]; /* shown to those it calls: as its rule says, else its first
                                       public number; "" = none */
    struct dialing_rule dialing;
    enum dir_recording record_outbound; /* calls its agents make */
    bool record_internal;               /* also what colleagues say beside a call (磋商) */
    uint32_t record_pause_s;            /* an agent may pause it for so long; 0 = never */
};

struct dir_agent { /* a user who may work as an agent */
    int32_t user_id, center_id, team_id;
    char agent_no[16];
    char name[64];
    uint32_t auto_answer_ms;   /* 0 = off, or as the queue says */
    bool auto_answer_internal; /* also when a colleague calls */
};

struct dir_queue {
    struct acd_queue_conf acd;
    char code[48];
    char name[64];
    int32_t overflow_queue_id; /* of the same center; 0 = the flow decides */
    struct overflow_rules rules;
    uint32_t announce_ms;      /* those who wait hear how many are before them; 0 = never */
    bool announce_wait;        /* and how long it will take */
    uint32_t auto_answer_ms;   /* for agents who have none of their own; 0 = off */
    uint32_t sl_threshold_ms;  /* T */
    uint32_t short_abandon_ms; /* S */
    bool transfer_only;        /* takes only calls that other centers pass on */
    bool survey;               /* callers may be asked how it was */
    enum dir_recording recording;
};

struct dir_member {
    int32_t queue_id, user_id, weight;
};

struct dir_flow {
    int32_t id, center_id, version;
    char code[48];
    char name[64];
    struct ivr_flow *flow;
};

#define DIR_SURVEY_LEVELS 5
struct dir_survey { /* of one center */
    int32_t center_id;
    bool automatic;                    /* whoever stays when the agent has hung up is asked */
    char names[DIR_SURVEY_LEVELS][32]; /* of level 1 to 5; "" = there is none */
    struct ivr_flow *flow;             /* asks and ends */
};

enum dir_source { DIR_SOURCE_DIRECT, DIR_SOURCE_FROM_12366, DIR_SOURCE_FROM_CITY };

struct dir_number { /* one line of the number plan */
    char called_no[SIP_NUMBER_SIZE];
    int32_t trunk_id; /* 0 = any */
    int32_t center_id;
    bool access_code; /* internal: not reachable from a trunk unless trunk_id names it */
    enum dir_source source;
    char flow_code[48];
    /* Of access codes: */
    int32_t via_trunk_id; /* the center is another daemon's, reached over this trunk; 0 = ours */
    int32_t queue_id;     /* asked before the queue the flow names; 0 = none */
    int32_t priority;     /* of the calls that come by it, in whatever queue */
    bool by_caller;       /* public: callers go to the center they belong to (directory_route) */
};

/* How the region finds the center a caller belongs to. */
struct dir_routing {
    int32_t center_id;         /* the regional one */
    bool by_taxpayer;          /* the directory of taxpayers is asked first */
    int32_t unknown_center_id; /* of callers nobody knows; 0 = they stay */
    struct route_table *rules; /* owned by the snapshot; NULL = none */
};

/* What a city may pass on and take; set by the region. */
struct dir_transfers {
    int32_t center_id;
    bool to_12366, from_12366, between_cities;
    const struct calendar *to_hours, *from_hours; /* of the first two; NULL = always */
};

/* A voice bot: a service behind a trunk of its own. */
struct dir_bot_peer {
    int32_t id, trunk_id;
    char sip_user[32];
    uint32_t channels;
    bool record; /* what it is told */
};

enum dir_bot_policy { /* which callers of a center meet the bot where a flow says so */
                      DIR_BOT_OFF,
                      DIR_BOT_ALWAYS,
                      DIR_BOT_OUT_OF_HOURS, /* while the calendar is closed */
                      DIR_BOT_BUSY,         /* while no agent of the center is free */
                      DIR_BOT_KEY,          /* who has pressed a key */
                      DIR_BOT_SHARE         /* so many of a hundred */
};

/* Which callers of a center meet the bot, where the region permits it. */
struct dir_bot_share {
    int32_t center_id;
    uint32_t percent;
    enum dir_bot_policy policy;
    char calendar[48];
};

enum dir_list_action {
    DIR_LIST_NONE,
    DIR_LIST_REFUSE,  /* black: the call is refused */
    DIR_LIST_PROMPT,  /* black: it hears a prompt, then the end */
    DIR_LIST_QUEUE,   /* white: no menu, straight into a queue */
    DIR_LIST_PRIORITY /* white: goes before others */
};

struct dir_listed { /* a number, or the beginning of numbers, on the black or white list */
    int32_t id, center_id;
    char number[24];
    bool prefix;
    enum dir_list_action action;
    char prompt_code[48];
    int32_t queue_id, priority;
    int64_t expires_ms; /* wall; 0 = never */
};

struct dir_reason { /* busy and rest reasons */
    int32_t id, center_id;
    bool rest;
    char name[48];
};

/* Where a caller is asked for a message; a city switches each on and off (VM-06). */
enum dir_scene {
    DIR_OFF_DAY,   /* no working day */
    DIR_OFF_HOURS, /* a working day, but not now */
    DIR_ALL_BUSY,  /* nobody could take the call */
    DIR_CHOSEN,    /* he chose it himself */
    DIR_SCENES
};
/* As in facts and flows. */
static inline const char *dir_scene_name(enum dir_scene scene)
{
    static const char *const names[DIR_SCENES] = {[DIR_OFF_DAY] = "off_day",
                                                  [DIR_OFF_HOURS] = "off_hours",
                                                  [DIR_ALL_BUSY] = "all_busy",
                                                  [DIR_CHOSEN] = "chosen"};

    return names[scene];
}

struct dir_box {
    int32_t center_id;
    enum dir_scene scene;
    bool enabled;
    bool full;           /* the city's quota is used up */
    char prompt[48];     /* "" = none */
    char off_prompt[48]; /* heard where it is not enabled or full; "" = nothing */
};

struct dir_handlers {
    /* A new snapshot is in force; compare and apply. Comes once before directory_start's ready. */
    void (*on_changed)(void *arg);
    /* A published document was refused; text is Chinese, one line each. */
    void (*on_refused)(const char *problems, void *arg);
};

struct dir_options {
    const char *state_dir;  /* for directory.json */
    const char *prompt_dir; /* paths of prompts are relative to it */
};

int directory_create(struct loop *loop, struct store *store, struct worker_pool *workers,
                     const struct dir_options *options, const struct dir_handlers *handlers,
                     void *arg, struct directory **ret_directory);
void directory_destroy(struct directory *directory);
/* Reads again soon; many calls in a row become one read. */
void directory_refresh(struct directory *directory);
/* An agent corrected the place of a number: reads what is new of that, and nothing else. */
void directory_refresh_corrections(struct directory *directory);
bool directory_is_ready(const struct directory *directory);
int64_t directory_revision(const struct directory *directory); /* of the snapshot in force */

/* What flows may ask outside: document is what query_connector_ask() wants, secrets included. */
struct dir_connector {
    int32_t id, center_id;
    char code[48];
    char *document; /* owned by the snapshot */
};

/* Views of the current snapshot; pointers are valid until the next on_changed. */
const struct dir_center *directory_centers(const struct directory *directory, size_t *ret_count);
const struct dir_agent *directory_agents(const struct directory *directory, size_t *ret_count);
const struct dir_queue *directory_queues(const struct directory *directory, size_t *ret_count);
const struct dir_member *directory_members(const struct directory *directory, size_t *ret_count);
const struct dir_reason *directory_reasons(const struct directory *directory, size_t *ret_count);
const struct sip_trunk_conf *directory_trunks(const struct directory *directory,
                                              unsigned *ret_count);
const struct sip_phone_conf *directory_phones(const struct directory *directory,
                                              unsigned *ret_count);

/* The memberships of one agent, by queue id. */
const struct dir_member *directory_members_of(const struct directory *directory, int32_t user_id,
                                              size_t *ret_count);
/* O(1) by id or name; NULL = none. */
/* Is this a kind of summary that the center uses? */
bool directory_has_wrap_up(const struct directory *directory, int32_t center_id, const char *code);
const struct dir_center *directory_center(const struct directory *directory, int32_t id);
const struct dir_agent *directory_agent(const struct directory *directory, int32_t user_id);
const struct dir_queue *directory_queue(const struct directory *directory, int32_t id);
const struct dir_queue *directory_queue_by_code(const struct directory *directory,
                                                int32_t center_id, const char *code);
const struct dir_flow *directory_flow(const struct directory *directory, int32_t center_id,
                                      const char *code);
/* NULL = switched off. */
const struct dir_survey *directory_survey(const struct directory *directory, int32_t center_id);
const struct dir_flow *directory_flows(const struct directory *directory, size_t *ret_count);
/* Number plan: exact called number, first for this trunk, then for any. */
const struct dir_number *directory_number(const struct directory *directory, int32_t trunk_id,
                                          const char *called);
/* What the center's lists say of a normalised number at this time; NULL = nothing. */
const struct dir_listed *directory_listed(const struct directory *directory, int32_t center_id,
                                          const char *number, int64_t wall_ms);
/* The code under which a center takes calls of this source; NULL = it has none. */
const struct dir_number *directory_access_code(const struct directory *directory, int32_t center_id,
                                               enum dir_source source);
/* NULL: nothing was said about the center, it may do everything. */
const struct dir_bot_peer *directory_bot_peers(const struct directory *directory,
                                               size_t *ret_count);
/* All centers that may use one. */
const struct dir_bot_share *directory_bot_shares(const struct directory *directory,
                                                 size_t *ret_count);
/* What each center is guaranteed of a pool and may have at most. Of bots: all that may use them. */
const struct pool_share *directory_pool_shares(const struct directory *directory,
                                               enum pool_kind kind, size_t *ret_count);
const struct dir_transfers *directory_transfers(const struct directory *directory,
                                                int32_t center_id);
/* The center that is reached over this trunk, when there is exactly one; 0 = none or several. */
int32_t directory_center_behind(const struct directory *directory, int32_t trunk_id);
/* Does the trunk lead to a center of another daemon? Its calls may dial access codes. */
bool directory_trunk_is_peer(const struct directory *directory, int32_t trunk_id);
/* NULL: the center has never switched it on. */
const struct dir_box *directory_box(const struct directory *directory, int32_t center_id,
                                    enum dir_scene scene);
/* NULL = there is none, or it is switched off. */
const struct dir_connector *directory_connector(const struct directory *directory,
                                                int32_t center_id, const char *code);
const struct calendar *directory_calendar(const struct directory *directory, int32_t center_id,
                                          const char *code);
/* Borrowed; take a reference to keep it. NULL = none. Prompts of the center go before those
 * common to all. */
struct media_audio *directory_prompt(const struct directory *directory, int32_t center_id,
                                     const char *code);
/* Counted up with each snapshot: when a call began, for what follows. */
uint32_t directory_moment(const struct directory *directory);
/* As it was in force at that moment: what a call that began then hears. One that has been
 * published since, where there was none, is known to it all the same. */
struct media_audio *directory_prompt_at(const struct directory *directory, int32_t center_id,
                                        const char *code, uint32_t moment);

/* Where a number comes from (归属地). Never fails: unknown gives empty texts. */
struct dir_place {
    char number[SIP_NUMBER_SIZE]; /* normalised: +86, 0086, leading 0 of mobiles removed */
    char province[32];            /* 广西; "" = unknown */
    char city[32];                /* without 市 */
    char city_code[8];            /* 450100 for Guangxi cities, else "" */
    bool exact;                   /* false: the area code is shared by two cities */
};
/* What agents of the center corrected goes before the table. */
void directory_place(const struct directory *directory, int32_t center_id, const char *caller,
                     struct dir_place *ret_place);

/* NULL: the center sends nobody on. */
const struct dir_routing *directory_routing(const struct directory *directory, int32_t center_id);
/* To which center a caller of this one belongs. taxpayer_center: of the taxpayer whose number it
 * is, 0 = of none, or not known in time. */
struct route_answer directory_route(const struct directory *directory, int32_t center_id,
                                    const char *caller, int32_t taxpayer_center);

#endif
