/* Private to api: a flow tried by a caller who does not exist. */
#ifndef API_FLOW_TRY_H
#define API_FLOW_TRY_H

#include "api/room.h"

#define FLOW_TRY_EVENTS 500 /* of one caller */

struct flow_try {
    int32_t center_id;
    char caller_no[SIP_NUMBER_SIZE], called_no[SIP_NUMBER_SIZE], source[16];
    int64_t at_ms; /* wall: when the call comes; hours and holidays go by it */
    cJSON *events; /* owned; what happened so far, from the beginning */
};

/* NULL when the list is one that can be tried, else what is wrong, in Chinese. */
const char *flow_try_problem(const cJSON *events);
/* Runs it in memory and appends "path":[..],"waits":{..}|null,"variables":{..},"ended":{..}|null,
 * "truncated":bool. No prompt need exist, nobody is called, nothing is written. */
void flow_try_run(struct api *api, const struct ivr_flow *flow, const struct flow_try *wanted,
                  struct text *json);

#endif
