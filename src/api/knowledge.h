/* The knowledge base: what reading and writing share. */
#ifndef API_KNOWLEDGE_H
#define API_KNOWLEDGE_H

#include "api/looks.h"
#include "api/settings.h"

/* Adds the query parameter class_id ("3" or "3,7"; SQL NULL when absent) as an int array. Answers
 * 422 and returns false when it is something else. text must live until the query is sent. */
bool knowledge_param_classes(struct http_request *request, struct store_params *params,
                             struct text *text);
/* Adds the entry that the path names, also for the audit log; action NULL: looking at it is not
 * written down. Answers 404 and returns false when it is no id. */
bool knowledge_name_one(struct http_request *request, const char *action, struct api_ask *ask);

#endif
