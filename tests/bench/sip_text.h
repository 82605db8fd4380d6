/* Just enough of SIP over UDP for a load tool: finds headers in what the daemon sent, copies them
 * into answers. Trusts its peer more than the daemon may: it only ever talks to the daemon. */
#ifndef BENCH_SIP_TEXT_H
#define BENCH_SIP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { SIP_TEXT_MAX = 4096 };

/* A piece of a message that somebody else owns. */
struct piece {
    const char *at;
    int len;
};

struct sip_text {
    const char *text; /* ends with a zero byte */
    int status;       /* 0 for a request */
    char method[12];  /* of a request; of a response the method of its CSeq */
    struct piece call_id;
};

/* False for what is no SIP message with a Call-ID and a CSeq. text must live as long as out. */
bool sip_text_read(struct sip_text *out, const char *text);

/* The value of the first header of this name after from (the message's text); len 0 without one. */
struct piece sip_text_header(const char *from, const char *name);

/* The value of a header's tag parameter; len 0 without one. */
struct piece sip_text_tag(struct piece header);

/* The address within the angle brackets of a From, To or Contact; the whole header without them. */
struct piece sip_text_address(struct piece header);

/* Writes an answer to a request: status line, its Via, From, To (with our tag unless it has one),
 * Call-ID, CSeq, Record-Route, then more (headers, each ended by CRLF) and the body. Returns its
 * length, 0 when it does not fit into size. */
int sip_text_answer(char *out, size_t size, const struct sip_text *request, const char *status,
                    const char *tag, const char *more, const char *body);

#endif
