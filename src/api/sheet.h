/* A document of columns and rows as a file: a report (docs/api.md: title, made_at, conditions,
 * columns, rows, total, check) or a list (title, columns, items, next). Blocking: on workers. */
#ifndef API_SHEET_H
#define API_SHEET_H

struct text;

/* Excel, by way of a file in folder that is gone afterwards: title, conditions, head, rows, total
 * and the check; a second sheet has the formulas. What the document does not have is left out. 0,
 * -EINVAL (no such document), -E2BIG (a list that goes on: next) or -EIO. */
int sheet_xlsx(const char *report_json, const char *folder, struct text *out);
/* UTF-8 with BOM, CRLF; head, rows and total only, for other programs. 0, -EINVAL, -E2BIG or
 * -EIO. */
int sheet_csv(const char *report_json, struct text *out);

#endif
