/* The rows of an uploaded CSV file as JSON objects, for statements that import them. */
#ifndef API_CSV_ROWS_H
#define API_CSV_ROWS_H

#include <cjson/cJSON.h>

#include "api/room.h"

struct csv_kind {
    const char *const *columns; /* names of the members, in the order of the file */
    int count;
    int list;          /* this column is a list, its items between blanks or ; / | ; -1 = none */
    const char *heads; /* first fields of a head line, between spaces */
    int most;          /* rows */
    const char *empty, *too_many; /* Chinese, for a file without rows and one with too many */
};

/* The request's body: [{"line":2,column:text,...}], lines of nothing left out. NULL: the problem is
 * answered, at the field "file". */
cJSON *csv_rows(struct http_request *request, const struct csv_kind *kind);

#endif
