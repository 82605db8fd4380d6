/* What the files of the HTTP room share. libmicrohttpd stays inside this room. */
#ifndef HOTLINED_HTTP_ROOM_H
#define HOTLINED_HTTP_ROOM_H

#include <microhttpd.h>

#include <event2/event.h>

#include <hotlined/http.h>
#include <hotlined/log_limit.h>
#include <hotlined/loop.h>
#include <hotlined/network.h>
#include <hotlined/source.h>
#include <hotlined/text.h>

#define HTTP_MAX_ROUTES   512
#define HTTP_MAX_SEGMENTS 12
#define HTTP_MAX_PARAMS   4
#define HTTP_PARAM_SIZE   160
#define HTTP_MAX_HEADERS  8
#define HTTP_MAX_PROXIES  16

struct http_segment {
    const char *text; /* into the route's path, without braces; not terminated */
    size_t length;
    bool is_param;
};

struct http_row { /* a route as the dispatcher wants it */
    const struct http_route *route;
    void *arg;
    struct http_segment segments[HTTP_MAX_SEGMENTS];
    unsigned segment_count, literal_count;
};

struct http_server { /* one listener: plain or TLS */
    struct http *http;
    struct MHD_Daemon *daemon;
    struct event *readable; /* on MHD's epoll descriptor; only wakes the loop */
    char *certificate, *key;
    uint16_t port;
    bool tls;
    unsigned zeros;  /* MHD_get_timeout() said 0 so many times without an event */
    bool woken;      /* something happened since the last MHD_run() */
    uint64_t due_ms; /* when MHD wants to run next, 0 = not asked for */
};

struct http_proxies { /* whose X-Forwarded-For is believed */
    struct network networks[HTTP_MAX_PROXIES];
    unsigned count;
};

struct http_client;

struct http_clients {                   /* connections of each address */
    unsigned max_each;                  /* 0 = without limit, and nothing is counted */
    const struct http_proxies *proxies; /* exempt */
    uint64_t seed;
    struct http_client *entries; /* owned: as many as there may be connections */
    int32_t *buckets;            /* owned: first entry of each */
    size_t bucket_count;
    int32_t free; /* first entry nobody has */
    struct log_limit refused_lines;
};

struct http {
    struct loop *loop;
    struct http_proxies proxies;
    struct http_clients clients;
    http_guard_h *guard;
    void *guard_arg;
    char *web_dir;
    size_t max_body;
    struct http_row *rows;
    size_t row_count;
    struct http_server plain, secure;
    struct http_request *requests; /* all alive */
    struct http_stream *streams;   /* open */
    struct http_stream *untold;    /* closed, the owner hears of it in the next turn */
    struct loop_timer heartbeat;
    bool stopping;
};

struct http_header {
    char *name, *value;
};

struct http_param {
    const char *name; /* into the route's path */
    size_t name_length;
    char value[HTTP_PARAM_SIZE];
};

struct http_request {
    struct http_request *next, **previous;
    struct http *http;
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_row *row; /* NULL: no route, a page perhaps */
    char *path;                 /* decoded */
    char method[16];
    struct sockaddr_storage client; /* AF_UNSPEC = not known */
    char peer[64];                  /* the same as text */
    struct http_param params[HTTP_MAX_PARAMS];
    unsigned param_count;
    struct text body;
    size_t body_seen; /* also what was thrown away */
    cJSON *json;      /* parsed body */
    void *user;       /* owned */
    struct http_header headers[HTTP_MAX_HEADERS];
    unsigned header_count;
    struct MHD_Response *response; /* owned until queued */
    unsigned status;
    bool answered, suspended, queued, discard;
    bool answer_early; /* before the body: MHD closes after such an answer */
};

struct http_stream {
    struct http_stream *next, **previous;
    struct http *http;
    struct MHD_Connection *connection;
    struct http_server *server;
    struct text unsent;
    size_t unsent_at;        /* bytes of unsent already handed over */
    uint64_t stuck_since_ms; /* much waits and nothing was taken since; 0 = not so */
    void (*on_closed)(void *arg);
    void *arg;
    bool suspended, ending, told;
};

/* routes.c */
int http_row_init(struct http_row *row, const struct http_route *route, void *arg);
/* Finds the row for request->path and method; NULL with *ret_allow filled when only the method is
 * wrong, NULL with it empty when there is nothing. Fills the request's parameters. */
const struct http_row *http_find_row(struct http_request *request, struct text *ret_allow);

/* proxies.c: list is that of http_options. 0 or -EINVAL. */
int http_proxies_init(struct http_proxies *proxies, const char *list);
bool http_proxies_have(const struct http_proxies *proxies, const struct sockaddr *address);
/* Who is the client by the lines of X-Forwarded-For, in the order they came? 0; -ENOENT without
 * any; -EINVAL when no address stands where one is due. */
int http_proxies_client(const struct http_proxies *proxies, const char *const *lines,
                        unsigned count, struct sockaddr_storage *ret_client);
/* Asks of a proxy: the request becomes that of who is behind it. Others', and those that do not
 * say it well, stay as they are. */
void http_proxies_look_behind(struct http_request *request);

/* clients.c: max_connections is that of all listeners together. proxies is borrowed. */
int http_clients_init(struct http_clients *clients, struct loop *loop, unsigned max_each,
                      const struct http_proxies *proxies, size_t max_connections);
void http_clients_done(struct http_clients *clients);
/* May the address have one more? Counts and logs when not. */
bool http_clients_may_connect(struct http_clients *clients, const struct sockaddr *address);
void http_clients_connected(struct http_clients *clients, const struct sockaddr *address);
void http_clients_left(struct http_clients *clients, const struct sockaddr *address);

/* request.c */
const char *http_address_text(const struct sockaddr *address, char *out, size_t size);
struct http_request *http_request_new(struct http_server *server, struct MHD_Connection *connection,
                                      const char *url, const char *method);
void http_request_free(struct http_request *request);
void http_request_begin(struct http_request *request);    /* headers are here */
void http_request_dispatch(struct http_request *request); /* the body is here */
size_t http_body_max(const struct http_request *request); /* of its route */
/* How much of a body that nobody will look at is read, so that its sender hears why. */
size_t http_discard_max(const struct http *http);

/* answer.c */
/* Takes response, adds the headers every answer has, and ends the request. */
void http_answer(struct http_request *request, unsigned status, struct MHD_Response *response);
enum MHD_Result http_queue(struct http_request *request);
void http_answers_register(void);

/* static.c */
void http_serve_page(struct http_request *request);
/* files.c: Range over any seekable content; takes file (closed when sent). */
struct http_content {
    int fd;
    uint64_t size, modified;
    const char *type;
};
void http_answer_content(struct http_request *request, const struct http_content *content);
/* "bytes=a-b" on a body of so many bytes. 0 = whole, 1 = partial, -ERANGE = 416. */
int http_parse_range(const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_last);

/* streams.c */
void http_streams_register(void);
void http_streams_heartbeat(void *http);
void http_streams_end(struct http *http);
void http_streams_tell(struct http *http);

/* server.c */
void http_wake(struct http_server *server);

#endif
