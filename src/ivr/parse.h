/* Private to ivr: a flow document being parsed. */
#ifndef IVR_PARSE_H
#define IVR_PARSE_H

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "ivr/flow.h"

struct parsing {
    struct ivr_flow *flow;
    const struct ivr_names *names;
    const cJSON *nodes;
    struct text *problems;
    int count;
    char collected[IVR_VARIABLES][IVR_NAME_SIZE]; /* variables of collect and http nodes */
    unsigned collected_count;
    const char *node; /* being parsed, for messages */
};

/* Quoted in a message: the first 40 bytes, whole characters only. */
struct brief {
    char text[41];
};

/* --- fields.c: each says what is wrong and goes on ------------------------------------------ */
void problem(struct parsing *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct brief brief(const char *text);
void take_text(struct parsing *p, const cJSON *node, const char *name, char *out, size_t size,
               bool required);
int64_t take_number(struct parsing *p, const cJSON *node, const char *name, int64_t min,
                    int64_t max, int64_t otherwise);
bool take_bool(struct parsing *p, const cJSON *node, const char *name);
uint16_t take_target(struct parsing *p, const cJSON *node, const char *name, bool required);
void take_prompt(struct parsing *p, const cJSON *node, const char *name, char *out, bool required);
/* Into text. */
void take_queue(struct parsing *p, const cJSON *node, struct node *out);
/* Only these fields, between blanks. */
void check_fields(struct parsing *p, const cJSON *json, const char *fields);

/* --- types.c -------------------------------------------------------------------------------- */
void parse_node(struct parsing *p, const cJSON *json, struct node *node);
void parse_queue(struct parsing *p, const cJSON *json, struct node *node);

/* --- tasks.c: those whose nodes somebody else carries out, and the survey ------------------- */
void parse_say(struct parsing *p, const cJSON *json, struct node *node);
void parse_survey(struct parsing *p, const cJSON *json, struct node *node);
void parse_agent(struct parsing *p, const cJSON *json, struct node *node);
void parse_external(struct parsing *p, const cJSON *json, struct node *node);
void parse_voicemail(struct parsing *p, const cJSON *json, struct node *node);
void parse_callback(struct parsing *p, const cJSON *json, struct node *node);
void parse_bot(struct parsing *p, const cJSON *json, struct node *node);
void parse_query(struct parsing *p, const cJSON *json, struct node *node);
/* prompt (compulsory), invalid, no_input, timeout_ms, retries. */
void parse_question(struct parsing *p, const cJSON *json, struct node *node);
/* A run has room for a few variables; the same one may be set at several nodes. */
void count_variable(struct parsing *p, const char *name);

#endif
