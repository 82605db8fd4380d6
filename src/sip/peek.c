/* Reads the one header that says whether a request belongs to a call of ours. */
#include <string.h>
#include <strings.h>

#include "sip/peek.h"

#define BLANKS " \t"

static bool is_call_id(const char *line)
{
    size_t length = strcspn(line, ": \t\r\n");

    return (length == 7 && strncasecmp(line, "Call-ID", 7) == 0) ||
           (length == 1 && strncasecmp(line, "i", 1) == 0);
}

/* The rest of the line, blanks within too, as sofia takes it. A value that goes on in the next line
 * nobody writes for a Call-ID: it is not looked at. */
static bool take_value(const char *line, const char *end, char *out, size_t size)
{
    const char *value = strchr(line, ':') + 1, *next = end;
    size_t length;

    next += *next == '\r';
    next += *next == '\n';
    value += strspn(value, BLANKS);
    while (end > value && strchr(BLANKS, end[-1]))
        end--;
    length = end > value ? (size_t)(end - value) : 0;
    if (!length || length >= size || *next == ' ' || *next == '\t')
        return false;
    memcpy(out, value, length);
    out[length] = 0;
    return true;
}

/* One line may be as long as a datagram. */
static size_t length_of_line(const char *line, size_t max)
{
    size_t length = 0;

    while (length < max && line[length] && line[length] != '\r' && line[length] != '\n')
        length++;
    return length;
}

bool peek_call_id(const char *headers, char *out, size_t size)
{
    const char *at = headers;

    while ((size_t)(at - headers) < PEEK_MAX) {
        size_t length = length_of_line(at, PEEK_MAX - (size_t)(at - headers));
        if (!length)
            return false; /* the end of the headers, or of what is there */
        if (is_call_id(at) && memchr(at, ':', length))
            return take_value(at, at + length, out, size);
        at += length;
        at += *at == '\r';
        at += *at == '\n';
    }
    return false;
}
