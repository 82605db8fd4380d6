/* CSV as spreadsheets write it (RFC 4180): UTF-8 with or without BOM, CRLF or LF. */
#ifndef API_CSV_H
#define API_CSV_H

#include <stdbool.h>
#include <stddef.h>

struct csv {
    const char *at, *end;
    unsigned line; /* where the field read last begins, from 1 */
    unsigned next; /* where the one after it does */
    bool owes;     /* a comma was read: a field follows, be it empty */
    char *field;   /* the field read last, without its quotes; owned */
};

/* text must outlive the reading; it need not end with 0. 0 or -ENOMEM. */
int csv_begin(struct csv *csv, const char *text, size_t length);
void csv_end(struct csv *csv);

enum csv_step {
    CSV_FIELD, /* field: another follows on the line */
    CSV_LAST,  /* field: the last of its line */
    CSV_DONE,  /* nothing is left */
    CSV_WRONG  /* a quote that is never closed */
};
enum csv_step csv_next(struct csv *csv);

#endif
