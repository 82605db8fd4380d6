/* A report document (docs/api.md: title, made_at, conditions, columns, rows, total, check) as a
 * file. Blocking: on workers. */
#ifndef API_SHEET_H
#define API_SHEET_H

struct text;

/* Excel, by way of a file in folder that is gone afterwards: title, conditions, head, rows, total
 * and the check; a second sheet has the formulas. 0, -EINVAL (no such document) or -EIO. */
int sheet_xlsx(const char *report_json, const char *folder, struct text *out);
/* UTF-8 with BOM, CRLF; head, rows and total only, for other programs. 0 or -EINVAL. */
int sheet_csv(const char *report_json, struct text *out);

#endif
