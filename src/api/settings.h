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

/* Everything wrong with a body is collected in an object and said at once. The first complaint
 * about a field stays. */
void settings_complain(cJSON *errors, const char *field, const char *message);
/* Takes errors; answers 422 and returns true when there are any. */
bool settings_refuse(struct http_request *request, cJSON *errors);

/* "a" to "z" first, then also digits and "_": codes of queues, flows, prompts. */
bool settings_is_code(const char *text);
/* Not empty, and of these characters only? */
bool settings_consists_of(const char *text, const char *characters);
bool settings_is_blank(const char *text);
/* A field table with its length, as route rows and http_read_body() take it. */
#define SETTINGS_BODY(fields) (fields), sizeof(fields) / sizeof((fields)[0])
#define SETTINGS_DIGITS       "0123456789"

#endif
