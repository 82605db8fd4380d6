/* Private to the agents' routes: one call of theirs and what telephony does with it. */
#ifndef API_AGENT_CALLS_H
#define API_AGENT_CALLS_H

#include "api/results.h"

typedef enum telephony_result call_verb_h(struct telephony *telephony, int32_t user_id,
                                          const struct uuid *call_id);

/* The call named in the path, and 204 or why not. */
void api_call_verb(struct http_request *request, struct api *api, call_verb_h *verb);

#endif
