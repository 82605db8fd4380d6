/* Private to directory: the region's rules for callers (ACD-10). */
#ifndef DIRECTORY_ROUTING_H
#define DIRECTORY_ROUTING_H

#include <hotlined/directory.h>

#include <cjson/cJSON.h>

struct text;

/* One item of the document's "routes". Rules that are none are left out with a line in problems; a
 * region without memory for its rules has none. */
void routing_read(const cJSON *item, struct dir_routing *ret_routing, struct text *problems);
/* How many digits of a normalised number say where it is from. */
unsigned routing_place_length(const char *number);

#endif
