/* Ids of things that happen: UUID version 7 (RFC 9562), sortable by time. */
#ifndef HOTLINED_ID_H
#define HOTLINED_ID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37 /* with the final zero */

struct uuid {
    uint8_t bytes[16];
};

/* A new id with the given wall time in ms. Ids made by one process never go back in order. */
struct uuid uuid_new(int64_t wall_ms);
bool uuid_is_null(const struct uuid *id);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
/* Writes the usual 36 characters and a zero; returns out. */
char *uuid_text(const struct uuid *id, char out[UUID_TEXT_SIZE]);
/* The same for a line of the log: the text lives to the end of the block. */
#define UUID_TEXT(id) uuid_text((id), (char[UUID_TEXT_SIZE]){0})
/* 0, or -EINVAL for anything but the 36-character form. */
int uuid_parse(const char *text, struct uuid *ret_id);

/* Cryptographically random bytes (getrandom). Aborts only if the kernel has no randomness. */
void random_bytes(void *out, unsigned size);

#endif
