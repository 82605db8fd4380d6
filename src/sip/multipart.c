/* Bodies of several parts (RFC 2046 5.1): ISUP gateways send the description beside theirs.
 *
 * Not by sofia's msg_multipart_parse(): it writes into the message, compares beyond its end, and a
 * broken part trips an assertion, which would end every call. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/msg_header.h>

#include "sip/room.h"

enum { BOUNDARY_MAX = 70 };

struct span {
    const char *at;
    size_t length;
};

/* "--" and the boundary, without the quotes it may stand in. 0 or -EPROTOTYPE. */
static int read_delimiter(const sip_content_type_t *type, char out[BOUNDARY_MAX + 3])
{
    const char *value = msg_header_find_param(type->c_common, "boundary=");
    size_t length;

    if (!value)
        return -EPROTOTYPE;
    value += *value == '"';
    length = strcspn(value, "\"");
    if (length == 0 || length > BOUNDARY_MAX)
        return -EPROTOTYPE;
    memcpy(out, "--", 2);
    memcpy(out + 2, value, length);
    out[2 + length] = 0;
    return 0;
}

/* Cuts the first line off; it keeps its end. False when there is nothing left. */
static bool next_line(struct span *rest, struct span *ret_line)
{
    const char *end = rest->length ? memchr(rest->at, '\n', rest->length) : NULL;

    *ret_line = (struct span){rest->at, end ? (size_t)(end - rest->at) + 1 : rest->length};
    rest->at += ret_line->length;
    rest->length -= ret_line->length;
    return ret_line->length > 0;
}

static bool begins_with(struct span line, const char *text)
{
    size_t length = strlen(text);

    return line.length >= length && strncasecmp(line.at, text, length) == 0;
}

/* The next part: what stands up to a line that begins with the delimiter, or to the end. */
static bool next_part(struct span *rest, const char *delimiter, struct span *ret_part)
{
    struct span line;

    if (!rest->length)
        return false;
    *ret_part = (struct span){rest->at, 0};
    while (next_line(rest, &line) && !begins_with(line, delimiter))
        ret_part->length += line.length;
    return true;
}

/* Reads the part's header lines away. Are they those of a description? */
static bool is_description(struct span *part)
{
    static const char field[] = "Content-Type:", wanted[] = "application/sdp";
    bool found = false;
    struct span line;

    while (next_line(part, &line) && line.at[0] != '\r' && line.at[0] != '\n') {
        if (!begins_with(line, field))
            continue;
        line.at += strlen(field);
        line.length -= strlen(field);
        while (line.length > 0 && (*line.at == ' ' || *line.at == '\t'))
            line = (struct span){line.at + 1, line.length - 1};
        found = begins_with(line, wanted) && (line.length == strlen(wanted) ||
                                              strchr("; \t\r\n", line.at[strlen(wanted)]) != NULL);
    }
    return found;
}

int multipart_sdp(const sip_content_type_t *type, const char *body, size_t length,
                  struct sdp_audio *ret_audio)
{
    char delimiter[BOUNDARY_MAX + 3];
    struct span rest = {body, length}, part;
    int err = read_delimiter(type, delimiter);

    if (err)
        return err;
    (void)next_part(&rest, delimiter, &part); /* what stands before the first delimiter */
    while (next_part(&rest, delimiter, &part))
        if (is_description(&part))
            return sdp_audio_parse(part.at, part.length, ret_audio);
    return -EPROTOTYPE;
}
