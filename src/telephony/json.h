/* Private to telephony: members of JSON objects printed: ,"name":value. */
#ifndef TELEPHONY_JSON_H
#define TELEPHONY_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct text;

/* {"name":value: the first member of a new object */
void json_begin(struct text *out, const char *name, int64_t value);
void json_text(struct text *out, const char *name, const char *value);
void json_int(struct text *out, const char *name, int64_t value);
void json_bool(struct text *out, const char *name, bool value);
/* As it is: null, or a document. */
void json_word(struct text *out, const char *name, const char *word);
void json_ms_or_null(struct text *out, const char *name, int64_t value); /* 0 = null */
/* 138****2046: enough to tell callers apart on a wall, not enough to phone them. */
void json_masked(struct text *out, const char *name, const char *number);

#endif
