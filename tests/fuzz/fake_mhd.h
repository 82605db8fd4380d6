/* libmicrohttpd as the HTTP room sees it, without sockets: a request made from text, an answer
 * kept.
 *
 * The text of a request is lines: "METHOD /path?name=value&...", then headers "Name: value", a
 * blank line, the body. Names and values are not decoded: libmicrohttpd has done so. */
#ifndef FUZZ_FAKE_MHD_H
#define FUZZ_FAKE_MHD_H

#include "fuzz.h"
#include "http/room.h"

enum { FAKE_VALUES = 24 };

struct fake_value {
    enum MHD_ValueKind kind;
    char *name, *value; /* owned; value may be NULL */
};

struct MHD_Connection {
    char *method, *path; /* owned */
    struct fake_value values[FAKE_VALUES];
    unsigned count;
    uint8_t *body; /* owned */
    size_t body_size;
};

void fake_connection_read(struct MHD_Connection *connection, const uint8_t *data, size_t size);
void fake_connection_done(struct MHD_Connection *connection);

/* The request with its body, as far as server.c brings it; NULL when it is refused at once. */
struct http_request *fake_request(struct http_server *server, struct MHD_Connection *connection);
/* It was answered exactly once; frees it and gives the status. */
unsigned fake_answered(struct http_request *request);
/* Its body, a terminated text; "" for files and what is made while it is sent. */
const char *fake_answer_text(const struct http_request *request);
/* Directory that answers from files must stay in; NULL = no files are expected. */
extern const char *fake_root;

#endif
