/* Growing text buffer and small helpers for UTF-8 and numbers. */
#ifndef HOTLINED_TEXT_H
#define HOTLINED_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory is an empty buffer. data is always zero-terminated once something was added.
 * A failed allocation sets failed and makes all later additions no-ops: check once at the end. */
struct text {
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
};

void text_done(struct text *text);
void text_clear(struct text *text);
void text_add(struct text *text, const char *zero_terminated);
void text_add_bytes(struct text *text, const void *bytes, size_t size);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *text, const char *format, va_list ap);
void text_add_int(struct text *text, int64_t value);
/* Adds before (a comma or an opening brace), then "name": of a JSON member. The name is written as
 * it is: only for names of ours that need no escapes. */
void text_add_name(struct text *text, char before, const char *name);
/* Adds as a JSON string with its quotes. Broken UTF-8 is replaced by U+FFFD. */
void text_add_json(struct text *text, const char *zero_terminated);
/* Hands the buffer to the caller (free() it) and empties text. NULL if failed. */
char *text_take(struct text *text);

/* Copies at most size-1 bytes, never splitting a UTF-8 character, always terminated.
 * Returns true if all of src fitted. */
bool text_copy(char *dst, size_t size, const char *src);
bool text_is_utf8(const void *bytes, size_t size);
/* Whole string is a decimal integer in [min,max]? 0 or -EINVAL / -ERANGE. */
int text_to_int(const char *text, int64_t min, int64_t max, int64_t *ret_value);
bool text_equal(const char *a, const char *b); /* NULL equals NULL only */

/* 2026-11-24T16:00:00.123+08:00, always Asia/Shanghai (no summer time). */
#define TIME_TEXT_SIZE 40
char *time_text(int64_t wall_ms, char out[TIME_TEXT_SIZE]);

#endif
