/* HTTP: libmicrohttpd on the control loop; routes, requests, answers, event streams, static
 * files. Knows no business.
 *
 * One row per endpoint is the whole security review:
 *     { "POST", "/api/v1/records", PERM_RECORD_WRITE, handler }
 * The dispatcher finds the row, asks the guard (session, CSRF, permission) and only then calls the
 * handler. A row without permission fails at start. */
#ifndef HOTLINED_HTTP_H
#define HOTLINED_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

struct loop;
struct http;
struct http_request;
struct http_stream;
struct sockaddr_storage;

struct http_route {
    const char *method;
    const char *path; /* "/api/v1/calls/{id}/recordings" */
    int permission;   /* enum permission of access.h; opaque here, 0 is refused at start */
    void (*handler)(struct http_request *request, void *arg);
    const char *summary; /* Chinese, for the OpenAPI document */
    size_t max_body;     /* bytes; 0 = HTTP_BODY_DEFAULT */
};

/* What a request may be at most. More is answered 413, 400, 431 and 414. What does not fit into
 * libmicrohttpd's memory of a connection (32 KB) at all is answered 431 or 414 by it: its text is
 * fixed, and nothing in its interface (0.9.75) lets us send a document instead. */
#define HTTP_BODY_DEFAULT     (16 * 1024)
#define HTTP_JSON_DEPTH_MAX   32 /* brackets within brackets */
#define HTTP_HEADERS_MAX      100
#define HTTP_HEADERS_SIZE_MAX (12 * 1024) /* names and values together */
#define HTTP_ADDRESS_SIZE_MAX (8 * 1024)  /* path and query */

struct http_options {
    const char *listen;            /* plain, loopback only */
    const char *https_listen;      /* "" = none */
    const char *certificate, *key; /* PEM files */
    const char *web_dir;           /* static files; index.html for unknown paths of the app */
    size_t max_body;               /* bytes; the most any route may allow */
    int max_connections;           /* of each listener */
    unsigned max_connections_each; /* of one address, both listeners together; 0 = no limit */
    /* Addresses and networks, separated by spaces: they have no such limit, and whom they name in
     * X-Forwarded-For is the client. NULL = none. */
    const char *trusted_proxies;
};

/* Called before every handler. Returns true to go on; false when it answered (401, 403 ...). It may
 * attach its session with http_set_user(). */
typedef bool http_guard_h(struct http_request *request, const struct http_route *route, void *arg);

int http_create(struct loop *loop, const struct http_options *options, http_guard_h *guard,
                void *arg, struct http **ret_http);
/* Answers what is open, ends streams, stops. */
void http_destroy(struct http *http);
int http_add_routes(struct http *http, const struct http_route *routes, size_t count, void *arg);
uint16_t http_port(const struct http *http); /* actual, for listen port 0 */
uint16_t https_port(const struct http *http);

/* A self-signed certificate (EC P-256, key file 0600) for a machine that has none yet: names the
 * host, localhost and 127.0.0.1. Does nothing when both files are there. 0 or negative errno. */
int http_make_certificate(const char *certificate_path, const char *key_path);

/* --- requests: valid until answered; a handler may keep one and answer later --------------- */

const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
const char *http_path_param(const struct http_request *request, const char *name); /* NULL = none */
const char *http_query(const struct http_request *request, const char *name);      /* NULL = none */
const char *http_header(const struct http_request *request, const char *name);
const char *http_cookie(const struct http_request *request, const char *name);
const char *http_body(const struct http_request *request, size_t *ret_length);
/* Who asks: the far end of the connection or, where that is a trusted proxy, who is behind it. As
 * text ("?" = not known), and as an address without port (AF_UNSPEC = not known). */
const char *http_peer(const struct http_request *request);
const struct sockaddr_storage *http_peer_address(const struct http_request *request);
bool http_is_tls(const struct http_request *request);
/* Who asks, as the guard found him: kept with the request, whatever becomes of the session until
 * the body is here. Copied; false without memory. */
bool http_set_user(struct http_request *request, const void *user, size_t size);
const void *http_user(const struct http_request *request); /* NULL = was not set */

/* Headers to be sent with the answer. Copied. */
void http_add_header(struct http_request *request, const char *name, const char *value);

/* Each ends the request, exactly once. json text is copied. */
void http_answer_json(struct http_request *request, int status, const char *json);
void http_answer_object(struct http_request *request, int status, cJSON *object); /* takes it */
void http_answer_empty(struct http_request *request, int status);
void http_answer_bytes(struct http_request *request, int status, const char *type,
                       const void *bytes, size_t length);
/* A file with Range support (recordings, exports). Opens it now; 404 if it is not there. */
void http_answer_file(struct http_request *request, const char *path, const char *type,
                      const char *download_name);

/* Bytes to be saved under a name (may be Chinese). Copied. */
void http_answer_download(struct http_request *request, const char *type, const void *bytes,
                          size_t length, const char *download_name);
/* Content made while it is sent, with Range: read() fills out with up to size bytes from offset at
 * (0 = end, negative = broken off), done() comes exactly once, when nothing more will be read. */
struct http_source {
    uint64_t size;
    const char *type;
    ssize_t (*read)(void *arg, uint64_t at, char *out, size_t size);
    void (*done)(void *arg);
    void *arg;
    const char *download_name; /* to be saved under it; NULL = to be shown. Copied */
};
void http_answer_source(struct http_request *request, const struct http_source *source);

/* RFC 9457. code is stable and English ("agent.not_signed_in"), title is Chinese and says what is
 * wrong, with which value, and what to do. errors: NULL or an object {"field":"message"} (taken).
 */
void http_problem(struct http_request *request, int status, const char *code, const char *title,
                  cJSON *errors);

/* The same with members of its own ({"where":...}); more is taken. */
void http_problem_more(struct http_request *request, int status, const char *code,
                       const char *title, cJSON *more);

/* --- bodies -------------------------------------------------------------------------------- */

enum http_field_kind {
    HTTP_TEXT, /* const char *, points into the parsed body */
    HTTP_INT,  /* int64_t */
    HTTP_MS,   /* int64_t, milliseconds; people are told of it in seconds */
    HTTP_BOOL, /* bool */
    HTTP_UUID, /* struct uuid */
    HTTP_JSON  /* const cJSON *, any value */
};
#define HTTP_REQUIRED 1u
struct http_field {
    const char *name;
    const char *title; /* Chinese name for messages */
    enum http_field_kind kind;
    size_t offset;
    unsigned flags;
    int64_t min,
        max; /* HTTP_INT, HTTP_MS: value; HTTP_TEXT: characters; 0,0 = 0..4000 characters */
};
/* Parses the body as a JSON object into the struct. Unknown, missing and wrong fields are all
 * collected and answered as one 422 with errors per field; returns false when it answered. The
 * parsed JSON lives as long as the request. Absent optional fields leave the struct as it was. */
bool http_read_body(struct http_request *request, const struct http_field *fields, size_t count,
                    void *ret_struct);
/* Query parameter as integer; answers 422 and returns false when it is wrong. */
bool http_read_query_int(struct http_request *request, const char *name, const char *title,
                         int64_t min, int64_t max, int64_t default_value, int64_t *ret_value);

/* --- server-sent events -------------------------------------------------------------------- */

/* Turns the request into an event stream. on_closed comes exactly once, later, when the reader has
 * gone, was too slow (took nothing for 2 s while 64 KB wait, or 4 MB wait), http_stream_close() was
 * called or the server stops; the stream means nothing afterwards. Until then it may be written to,
 * though nobody may read it. */
int http_stream_open(struct http_request *request, void (*on_closed)(void *arg), void *arg,
                     struct http_stream **ret_stream);
/* id may be NULL. data is one JSON text without newlines. Heartbeats are sent by the room. */
void http_stream_send(struct http_stream *stream, const char *id, const char *event,
                      const char *data);
void http_stream_close(struct http_stream *stream);

#endif
