/* Private to directory: the document (docs/directory.md) read list by list.
 *
 * snapshot_parse() asks one function here for each list, in an order in which whatever a row names
 * is there before it. A row that is broken is left out with a line in problems; a list that older
 * documents did not have may be missing. No function fails: no_memory is looked at in the end. */
#ifndef DIRECTORY_PARSING_H
#define DIRECTORY_PARSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include <hotlined/directory.h>
#include <hotlined/text.h>

struct snapshot;

struct parsing {
    struct snapshot *snap;      /* being filled */
    const struct snapshot *old; /* in force until now, NULL = none: its sound is shared */
    const char *prompt_dir;
    struct text *problems; /* Chinese lines */
    bool no_memory;
};

/* An array for all rows of the list, owned by the snapshot; whoever asks fills it. NULL, also in
 * *ret_list, when there is no such list. */
void *parsing_list(struct parsing *p, const cJSON *document, const char *name, size_t item_size,
                   const cJSON **ret_list);

/* Members of a row; one that is missing or of another kind is 0, "" or false. */
int64_t row_int(const cJSON *row, const char *name);
int32_t row_id(const cJSON *row, const char *name);
uint32_t row_ms(const cJSON *row, const char *name);
bool row_bool(const cJSON *row, const char *name);
const char *row_text(const cJSON *row, const char *name);
#define ROW_COPY(field, row, name) text_copy(field, sizeof(field), row_text(row, name))
/* cJSON keeps the nested document parsed; the parsers of ivr.h take text. Owned by the caller. */
char *row_document(const cJSON *row);
/* What a document of before says nothing of is recorded. */
enum dir_recording recording_named(const char *name);

/* centers.c */
void parse_centers(struct parsing *p, const cJSON *document);
void parse_numbers(struct parsing *p, const cJSON *document);
void parse_transfers(struct parsing *p, const cJSON *document);
void parse_routes(struct parsing *p, const cJSON *document);
/* people.c */
void parse_agents(struct parsing *p, const cJSON *document);
void parse_phones(struct parsing *p, const cJSON *document);
void parse_reasons(struct parsing *p, const cJSON *document);
void parse_wrap_ups(struct parsing *p, const cJSON *document);
/* queues.c */
void parse_queues(struct parsing *p, const cJSON *document);
void parse_members(struct parsing *p, const cJSON *document);
/* callers.c */
void parse_listed(struct parsing *p, const cJSON *document);
void parse_boxes(struct parsing *p, const cJSON *document);
/* trunks.c */
void parse_trunks(struct parsing *p, const cJSON *document);
void parse_pools(struct parsing *p, const cJSON *document);
void parse_bot_peers(struct parsing *p, const cJSON *document);
void parse_bot_shares(struct parsing *p, const cJSON *document);
void parse_connectors(struct parsing *p, const cJSON *document);
/* flows.c */
void parse_prompts(struct parsing *p, const cJSON *document);
void parse_calendars(struct parsing *p, const cJSON *document);
void parse_flows(struct parsing *p, const cJSON *document);
void parse_surveys(struct parsing *p, const cJSON *document);

#endif
