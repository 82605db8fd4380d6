/* Private to api: which routes a center may be without (CC-36). */
#ifndef API_FUNCTIONS_H
#define API_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <hotlined/access.h>

struct api;
struct api_bound;
struct api_person;
struct http;
struct http_request;
struct http_route;
struct text;

/* Gives the rows of all route tables, each with its function, to the http room. *ret_bound lives
 * as long as the http room does, then free() it, also when this failed: negative errno where a line
 * of the list fits no route, or two lines fit one. */
int api_functions_add_routes(struct api *api, struct http *http, struct api_bound **ret_bound);

/* The guard's question about one of these rows, O(1): has the person's center its function, and the
 * one its permission serves? Otherwise 403 is answered, which names the function, and written down.
 */
bool api_functions_allow(struct api *api, struct http_request *request,
                         const struct http_route *route, const struct api_person *person);

/* {"items":[{name,title,group,requirements}]}: all there are. */
void api_functions_json(struct text *out);
/* The permissions that went with functions, as an array of PostgreSQL: "{call.dial}". */
void api_functions_taken(const struct access_subject *subject, char *out, size_t size);

#endif
