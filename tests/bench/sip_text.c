#include "sip_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *next_line(const char *at)
{
    const char *end = strstr(at, "\r\n");

    return end ? end + 2 : NULL;
}

struct piece sip_text_header(const char *from, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *line = next_line(from); line && *line && *line != '\r';
         line = next_line(line)) {
        const char *value = line + name_len;
        const char *end;

        if (strncasecmp(line, name, name_len) || *value != ':')
            continue;
        value += 1 + strspn(value + 1, " ");
        end = strstr(value, "\r\n");
        return (struct piece){value, end ? (int)(end - value) : (int)strlen(value)};
    }
    return (struct piece){0};
}

bool sip_text_read(struct sip_text *out, const char *text)
{
    const char *method = text;
    size_t len;

    *out = (struct sip_text){.text = text, .call_id = sip_text_header(text, "Call-ID")};
    if (!strncmp(text, "SIP/2.0 ", 8)) {
        struct piece cseq = sip_text_header(text, "CSeq");

        out->status = atoi(text + 8);
        method = cseq.len ? memchr(cseq.at, ' ', (size_t)cseq.len) : NULL;
        if (!method)
            return false;
        method++;
    }
    len = strcspn(method, " \r");
    if (!len || len >= sizeof(out->method) || !out->call_id.len)
        return false;
    memcpy(out->method, method, len);
    return true;
}

struct piece sip_text_tag(struct piece header)
{
    const char *at = header.at ? memmem(header.at, (size_t)header.len, ";tag=", 5) : NULL;

    if (!at)
        return (struct piece){0};
    at += 5;
    return (struct piece){at, (int)strcspn(at, ";>, \r")};
}

struct piece sip_text_address(struct piece header)
{
    const char *open = header.at ? memchr(header.at, '<', (size_t)header.len) : NULL;

    return open ? (struct piece){open + 1, (int)strcspn(open + 1, ">\r")} : header;
}

static int add(char *out, size_t size, int at, const char *format, ...)
{
    va_list args;
    int n;

    if (at < 0 || (size_t)at >= size)
        return -1;
    va_start(args, format);
    n = vsnprintf(out + at, size - (size_t)at, format, args);
    va_end(args);
    return n < 0 || (size_t)n >= size - (size_t)at ? -1 : at + n;
}

/* Every header of this name, in order: Via and Record-Route come more than once. */
static int copy_all(char *out, size_t size, int at, const char *text, const char *name)
{
    struct piece value = sip_text_header(text, name);

    while (value.len) {
        at = add(out, size, at, "%s: %.*s\r\n", name, value.len, value.at);
        value = sip_text_header(value.at, name);
    }
    return at;
}

int sip_text_answer(char *out, size_t size, const struct sip_text *request, const char *status,
                    const char *tag, const char *more, const char *body)
{
    struct piece from = sip_text_header(request->text, "From");
    struct piece to = sip_text_header(request->text, "To");
    struct piece cseq = sip_text_header(request->text, "CSeq");
    bool tagged = sip_text_tag(to).len;
    int at = add(out, size, 0, "SIP/2.0 %s\r\n", status);

    at = copy_all(out, size, at, request->text, "Via");
    at = copy_all(out, size, at, request->text, "Record-Route");
    at = add(out, size, at, "From: %.*s\r\nTo: %.*s%s%s\r\n", from.len, from.at, to.len, to.at,
             tagged ? "" : ";tag=", tagged ? "" : tag);
    at =
        add(out, size, at, "Call-ID: %.*s\r\nCSeq: %.*s\r\n%sContent-Length: %zu\r\n\r\n%s",
            request->call_id.len, request->call_id.at, cseq.len, cseq.at, more, strlen(body), body);
    return at < 0 ? 0 : at;
}
