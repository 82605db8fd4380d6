/* A look at a request before anybody has parsed it. */
#ifndef HOTLINED_SIP_PEEK_H
#define HOTLINED_SIP_PEEK_H

#include <stdbool.h>
#include <stddef.h>

/* How far it is read: behind that nobody's Call-ID stands. */
#define PEEK_MAX 4096

/* Finds Call-ID (RFC 3261 20.8, also "i") among header lines as they came, a terminated text. False
 * when there is none, or it is longer than out. */
bool peek_call_id(const char *headers, char *out, size_t size);

#endif
