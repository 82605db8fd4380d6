/* What call control answered, told to people. */
#ifndef API_RESULTS_H
#define API_RESULTS_H

#include "api/room.h"

/* What telephony said to the person about himself or his call. True when it was good, or kept for
 * after the call; otherwise the problem is answered. */
bool api_telephony_is_good(struct api *api, struct http_request *request,
                           enum telephony_result result);
/* 204, or the problem that the result is. */
void api_agent_answer(struct api *api, struct http_request *request, enum telephony_result result);
/* Why call control refused. */
void api_telephony_problem(struct api *api, struct http_request *request,
                           enum telephony_result result);
/* 422 at field "number": it is none, or the center's rule refuses it, which names number and range.
 */
void api_telephony_number_problem(struct api *api, struct http_request *request, int32_t center_id,
                                  const char *typed, enum telephony_result result);
const char *api_telephony_title(enum telephony_result result); /* Chinese */
const char *api_dialing_range_title(enum dialing_range range); /* Chinese */

#endif
