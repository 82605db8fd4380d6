/* RFC 4180, read field by field. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/csv.h"

int csv_begin(struct csv *csv, const char *text, size_t length)
{
    *csv = (struct csv){.at = text, .end = text + length, .next = 1};
    csv->field = malloc(length + 1); /* no field is longer than the text */
    if (!csv->field)
        return -ENOMEM;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        csv->at += 3;
    return 0;
}

void csv_end(struct csv *csv)
{
    free(csv->field);
    csv->field = NULL;
}

static void take(struct csv *csv, size_t *length)
{
    csv->next += *csv->at == '\n';
    csv->field[(*length)++] = *csv->at++;
}

/* What stands between quotes; two of them are one. False when the text ends within. */
static bool read_quoted(struct csv *csv, size_t *length)
{
    csv->at++;
    while (csv->at < csv->end) {
        if (*csv->at == '"' && (++csv->at == csv->end || *csv->at != '"'))
            return true;
        take(csv, length);
    }
    return false;
}

static void end_line(struct csv *csv)
{
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    csv->next++;
}

enum csv_step csv_next(struct csv *csv)
{
    size_t length = 0;

    if (csv->at == csv->end && !csv->owes)
        return CSV_DONE;
    csv->line = csv->next;
    if (csv->at < csv->end && *csv->at == '"' && !read_quoted(csv, &length))
        return CSV_WRONG;
    while (csv->at < csv->end && !memchr(",\r\n", *csv->at, 3))
        take(csv, &length);
    csv->field[length] = 0;
    csv->owes = csv->at < csv->end && *csv->at == ',';
    if (csv->owes)
        csv->at++;
    else
        end_line(csv);
    return csv->owes ? CSV_FIELD : CSV_LAST;
}
