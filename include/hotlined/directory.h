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
#include <hotlined/ivr.h>
#include <hotlined/sip.h>

struct directory;
struct loop;
struct media_audio;
struct store;
struct worker_pool;

struct dir_center {
    int32_t id;
    char code[32]; /* the name in pinyin, "region" */
    bool regional;
    char name[64];     /* as callers and pages know it */
    char city_code[8]; /* GB/T 2260; "" for the region */
    char area_code[8];
    bool enabled;
    bool announce_agent_no; /* CC-09 */
    char
        shown_no[SIP_NUMBER_SIZE]; /* its first public number, shown to those it calls; "" = none */
};

struct dir_agent { /* a user who may work as an agent */
    int32_t user_id, center_id, team_id;
    char agent_no[16];
    char name[64];
    uint32_t auto_answer_ms; /* 0 = off */
};

struct dir_queue {
    struct acd_queue_conf acd;
    char code[48];
    char name[64];
    int32_t overflow_queue_id; /* of the same center; 0 = the flow decides */
    uint32_t sl_threshold_ms;  /* T */
    uint32_t short_abandon_ms; /* S */
};

struct dir_member {
    int32_t queue_id, user_id, weight;
};

struct dir_flow {
    int32_t id, center_id, version;
    char code[48];
    struct ivr_flow *flow;
};

enum dir_source { DIR_SOURCE_DIRECT, DIR_SOURCE_FROM_12366, DIR_SOURCE_FROM_CITY };

struct dir_number { /* one line of the number plan */
    char called_no[SIP_NUMBER_SIZE];
    int32_t trunk_id; /* 0 = any */
    int32_t center_id;
    bool access_code; /* internal: not reachable from a trunk unless trunk_id names it */
    enum dir_source source;
    char flow_code[48];
};

struct dir_reason { /* busy and rest reasons */
    int32_t id, center_id;
    bool rest;
    char name[48];
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
/* Number plan: exact called number, first for this trunk, then for any. */
const struct dir_number *directory_number(const struct directory *directory, int32_t trunk_id,
                                          const char *called);
const struct calendar *directory_calendar(const struct directory *directory, int32_t center_id,
                                          const char *code);
/* Borrowed; take a reference to keep it. NULL = none. Prompts of the center go before those
 * common to all. */
struct media_audio *directory_prompt(const struct directory *directory, int32_t center_id,
                                     const char *code);

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

#endif
