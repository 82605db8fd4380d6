/* Private to directory: one immutable snapshot of the business configuration. */
#ifndef DIRECTORY_SNAPSHOT_H
#define DIRECTORY_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include <hotlined/directory.h>

struct text;

struct snap_prompt {
    int32_t center_id; /* 0 = common to all */
    char code[48];
    char path[200];            /* relative to the prompt directory */
    struct media_audio *audio; /* owned reference; NULL = file could not be read */
};

struct snap_calendar {
    int32_t center_id;
    char code[48];
    struct calendar *calendar; /* owned */
};

struct snap_transfers {
    struct dir_transfers transfers;
    struct calendar *to_hours, *from_hours; /* owned; what transfers points to */
};

struct snap_wrap_up { /* a kind of summary in use */
    int32_t center_id;
    char code[40];
};

struct snap_code { /* index entry: (center, code) -> position */
    int32_t center_id;
    const char *code; /* inside the item */
    size_t at;
};

struct snap_index {
    struct snap_code *codes; /* sorted */
    size_t count;
};

struct snap_pool {
    struct pool_share shares[POOL_CENTERS];
    size_t count;
};

struct snapshot {
    int64_t revision;
    struct snap_pool pools[POOL_KINDS];
    struct dir_center *centers;
    size_t center_count;
    struct dir_agent *agents; /* sorted by user_id */
    size_t agent_count;
    struct dir_queue *queues; /* sorted by id */
    size_t queue_count;
    struct dir_member *members; /* sorted by user_id, then queue_id */
    size_t member_count;
    struct dir_flow *flows; /* flow NULL: did not parse; the old one is kept at swap */
    size_t flow_count;
    struct dir_survey *surveys; /* flow NULL: did not parse */
    size_t survey_count;
    struct dir_number *numbers; /* sorted by called_no, then trunk id (any = 0 last) */
    size_t number_count;
    struct snap_transfers *transfers; /* NULL in a document kept by a version before this one */
    size_t transfers_count;
    struct dir_routing *routings; /* as transfers */
    size_t routing_count;
    struct dir_bot_peer *bot_peers; /* as transfers */
    struct dir_bot_share *bot_shares;
    size_t bot_peer_count, bot_share_count;
    struct dir_connector *connectors; /* as transfers */
    size_t connector_count;
    struct dir_reason *reasons;
    size_t reason_count;
    struct snap_wrap_up *wrap_ups;
    size_t wrap_up_count;
    bool wrap_ups_known;       /* a document kept by a version before this one does not say */
    struct dir_listed *listed; /* by listed_sort() */
    size_t listed_count;
    struct dir_box *boxes;
    size_t box_count;
    struct snap_prompt *prompts;
    size_t prompt_count;
    struct snap_calendar *calendars;
    size_t calendar_count;
    struct sip_trunk_conf *trunks;
    unsigned trunk_count;
    struct sip_phone_conf *phones;
    unsigned phone_count;
    struct snap_index by_queue, by_flow, by_prompt, by_calendar, by_wrap_up;
};

/* Parses the document (docs/directory.md). Blocking: reads prompt files; runs on a worker. Audio of
 * unchanged paths is shared with old (may be NULL). Problems are Chinese lines; a document that
 * cannot be used at all gives -EINVAL, single broken items are left out with a line each. */
int snapshot_parse(const char *json, size_t length, const char *prompt_dir,
                   const struct snapshot *old, struct snapshot **ret_snapshot,
                   struct text *problems);
/* Flows that did not parse are replaced by those in force before (control thread). */
void snapshot_keep_flows(struct snapshot *snapshot, const struct snapshot *old);
void snapshot_free(struct snapshot *snapshot);

/* listed.c: black and white lists. */
void listed_sort(struct dir_listed *entries, size_t count);
const struct dir_listed *listed_find(const struct dir_listed *entries, size_t count,
                                     int32_t center_id, const char *number, int64_t wall_ms);

/* Position in the array the index is over, or SIZE_MAX. */
size_t snap_find(const struct snap_index *index, int32_t center_id, const char *code);

#endif
