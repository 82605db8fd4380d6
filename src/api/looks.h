/* Looking at what is personal: what call log, recordings and registrations share. */
#ifndef API_LOOKS_H
#define API_LOOKS_H

#include "api/room.h"

/* Adds the parameter "only these users": the person himself for mine=1, else as api_param_users().
 * text must live until the query is sent. */
void look_param_users(struct api *api, struct http_request *request,
                      const struct api_person *person, enum permission permission,
                      struct store_params *params, struct text *text);
/* As api_query_center(), but who sees nothing beyond his center gets that center: said aloud, it
 * lets the database walk that center's rows only. */
bool look_query_center(struct api *api, struct http_request *request, enum permission permission,
                       int32_t *ret_center);
/* "from=2026-11-24 agent_no=1001": those of the named query parameters that are given, for the
 * audit log. */
void look_filters(struct http_request *request, const char *names, char *out, size_t size);
/* The id of the path, whether numbers are shown whole, and whose it may be: the first three
 * parameters of every statement about one object. false: answered. users must live until the query
 * is sent. */
bool look_params_one(struct api *api, struct http_request *request, struct api_ask *ask,
                     const char *action, const char *object_kind, struct text *users);
/* Answers the one document of the path's id, to those who may look at it; ask says the rest
 * (statement, permission, missing). */
void look_at_one(struct api *api, struct http_request *request, struct api_ask *ask,
                 const char *action, const char *object_kind);
/* The ask about one object, with its id for the audit log. */
void look_at(struct api_ask *ask, const char *action, const char *object_kind,
             const struct uuid *id);

#endif
