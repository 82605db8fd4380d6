/* A document of columns and rows as a file to be saved: reports and lists alike. */
#ifndef API_EXPORT_H
#define API_EXPORT_H

#include "api/room.h"

/* What fits into one file, in rows: statements of lists get it as their limit. */
#define EXPORT_MAX_ROWS 20000

/* Asks ask's statement (its answer and then are not used) and answers its document as XLSX or CSV,
 * made on a worker, under the name TITLE_SUFFIX.xlsx. A list that has more rows (next) is refused
 * with 422: a file that ends silently in the middle is worse than none. */
void export_document(struct api *api, struct http_request *request, struct api_ask *ask, bool xlsx,
                     const char *suffix);

#endif
