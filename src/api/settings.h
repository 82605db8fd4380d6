/* What the files of the settings share. */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H

#include "api/room.h"

/* Answers a list whose statement has one parameter, the center: query center_id, absent = all that
 * the permission PERM_SETTINGS_READ reaches. */
void settings_list(struct api *api, struct http_request *request, enum store_statement statement);
/* Answers the one document that a statement has for the path's id; kind names it in the audit log.
 */
void settings_get(struct api *api, struct http_request *request, enum store_statement statement,
                  const char *kind, const char *missing);
/* The center of what is one center's only: query center_id, absent = the person's own. Answers and
 * returns false when it is wrong or out of reach. */
bool settings_center(struct api *api, struct http_request *request, enum permission permission,
                     int32_t *ret_center);

/* A kind of thing that a center sets up, with a statement each to make, change and delete one. */
struct settings_kind {
    const char *name, *missing; /* object_kind of the audit log; title of 404 */
    enum permission permission; /* for changing */
    enum store_statement create, update, remove;
    const char *created, *updated, *removed; /* actions of the audit log */
};
#define SETTINGS_KIND(name, STATEMENT, permission, missing)                                        \
    {                                                                                              \
        name, missing, permission, STMT_SETTINGS_##STATEMENT##_CREATE,                             \
            STMT_SETTINGS_##STATEMENT##_UPDATE, STMT_SETTINGS_##STATEMENT##_DELETE,                \
            name ".create", name ".update", name ".delete"                                         \
    }
/* They fill *ret_ask with center and body, with id, version and body, or with id, as path, If-Match
 * and body of the request say, for api_ask(); or answer what is wrong and return false. The body
 * reaches PostgreSQL as it came: it must have been read and checked by then. */
bool settings_create(struct api *api, struct http_request *request,
                     const struct settings_kind *kind, int64_t center_id, struct api_ask *ret_ask);
bool settings_update(struct http_request *request, const struct settings_kind *kind,
                     struct api_ask *ret_ask);
bool settings_remove(struct http_request *request, const struct settings_kind *kind,
                     struct api_ask *ret_ask);

/* What a center has one of, that of the query's center_id: read; and the start of an ask that saves
 * it, with center, version and body. As above, the body must be checked before it is asked. */
void settings_get_own(struct api *api, struct http_request *request,
                      enum store_statement statement);
bool settings_put_own(struct api *api, struct http_request *request, enum store_statement statement,
                      const char *action, const char *name, struct api_ask *ret_ask);

/* --- systems outside (settings_outside.c) --- */

/* A token of RFC 9110; what the client itself says is not to be said again. */
bool settings_is_header_name(const char *name);
bool settings_is_header_value(const char *value);
/* Complains of a secret header; NULL = it was not sent. */
void settings_check_secret(cJSON *errors, const char *name, const char *value);
/* {"end","status","ms","why","body","truncated"}: what one answered to a try. */
void settings_add_answer(struct text *json, const struct query_answer *answer);

/* Everything wrong with a body is collected in an object and said at once. The first complaint
 * about a field stays. */
void settings_complain(cJSON *errors, const char *field, const char *message);
/* Takes errors; answers 422 and returns true when there are any. */
bool settings_refuse(struct http_request *request, cJSON *errors);

/* "a" to "z" first, then also digits and "_": codes of queues, flows, prompts. */
bool settings_is_code(const char *text);
/* Not empty, and of these characters only? */
bool settings_consists_of(const char *text, const char *characters);
#define SETTINGS_MOST_IDS 2000
/* An array of whole numbers from 1 on, each of which fits an id? */
bool settings_is_list_of_ids(const cJSON *list);
bool settings_is_blank(const char *text);
/* A field table with its length, as route rows and http_read_body() take it. */
#define SETTINGS_BODY(fields) (fields), sizeof(fields) / sizeof((fields)[0])
#define SETTINGS_DIGITS       "0123456789"

#endif
