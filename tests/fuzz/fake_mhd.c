/* libmicrohttpd as the HTTP room sees it, without sockets. */
#include "fake_mhd.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct MHD_Response {
    unsigned references;
    uint64_t size;
    int fd;
    char *bytes; /* owned */
    MHD_ContentReaderCallback reader;
    void *reader_arg;
    MHD_ContentReaderFreeCallback reader_free;
};

const char *fake_root;

/* --- the request ---------------------------------------------------------------------------- */

static void add_value(struct MHD_Connection *c, enum MHD_ValueKind kind, const char *name,
                      size_t length, const char *value)
{
    struct fake_value *v;

    if (c->count == FAKE_VALUES)
        return;
    v = &c->values[c->count++];
    v->kind = kind;
    v->name = strndup(name, length);
    v->value = value ? strdup(value) : NULL;
    MUST(v->name && (v->value || !value));
}

static void add_query(struct MHD_Connection *c, char *query)
{
    char *save = NULL;

    for (char *at = strtok_r(query, "&", &save); at; at = strtok_r(NULL, "&", &save)) {
        size_t length = strcspn(at, "=");
        add_value(c, MHD_GET_ARGUMENT_KIND, at, length, at[length] ? at + length + 1 : NULL);
    }
}

static void read_first(struct MHD_Connection *c, char *line)
{
    size_t method = strcspn(line, " ");
    char *path = line + method + (line[method] == ' ');
    char *query = strchr(path, '?');

    if (query) {
        *query = 0;
        add_query(c, query + 1);
    }
    c->method = strndup(line, method);
    c->path = strdup(path);
    MUST(c->method && c->path);
}

void fake_connection_read(struct MHD_Connection *c, const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    char *line = fuzz_line(&in);

    memset(c, 0, sizeof(*c));
    read_first(c, line ? line : (char[]){0});
    free(line);
    while ((line = fuzz_line(&in)) && *line) {
        size_t name = strcspn(line, ":");
        if (line[name])
            add_value(c, MHD_HEADER_KIND, line, name,
                      line + name + 1 + strspn(line + name + 1, " "));
        free(line);
    }
    free(line);
    c->body = fuzz_piece(&in, in.left, &c->body_size);
}

void fake_connection_done(struct MHD_Connection *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        free(c->values[i].name);
        free(c->values[i].value);
    }
    free(c->method);
    free(c->path);
    free(c->body);
}

struct http_request *fake_request(struct http_server *server, struct MHD_Connection *c)
{
    struct http_request *request = http_request_new(server, c, c->path, c->method);

    if (!request)
        return NULL;
    http_request_begin(request);
    if (!request->discard)
        text_add_bytes(&request->body, c->body, c->body_size);
    request->body_seen = c->body_size;
    http_request_dispatch(request);
    return request;
}

unsigned fake_answered(struct http_request *request)
{
    unsigned status = request->status;

    MUST(request->answered && request->response && status >= 200 && status < 600);
    MUST(http_queue(request) == MHD_YES);
    http_request_free(request);
    return status;
}

const char *fake_answer_text(const struct http_request *request)
{
    return request->response && request->response->bytes ? request->response->bytes : "";
}

/* --- what the room calls -------------------------------------------------------------------- */

const char *MHD_lookup_connection_value(struct MHD_Connection *c, enum MHD_ValueKind kind,
                                        const char *key)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->values[i].kind == kind && strcasecmp(c->values[i].name, key) == 0)
            return c->values[i].value;
    return NULL;
}

int MHD_get_connection_values(struct MHD_Connection *c, enum MHD_ValueKind kind,
                              MHD_KeyValueIterator iterator, void *arg)
{
    int seen = 0;

    for (unsigned i = 0; i < c->count; i++) {
        if (c->values[i].kind != kind)
            continue;
        seen++;
        if (iterator(arg, kind, c->values[i].name, c->values[i].value) != MHD_YES)
            break;
    }
    return seen;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *c,
                                                        enum MHD_ConnectionInfoType type, ...)
{
    static union MHD_ConnectionInfo info;
    static struct sockaddr_in v4;
    static struct sockaddr_in6 v6;

    (void)type;
    v4.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    info.client_addr = c->body_size & 1 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    return c->body_size % 7 == 6 ? NULL : &info;
}

static struct MHD_Response *new_response(uint64_t size)
{
    struct MHD_Response *response = calloc(1, sizeof(*response));

    MUST(response != NULL);
    response->references = 1;
    response->size = size;
    response->fd = -1;
    return response;
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *buffer,
                                                     enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = new_response(size);

    response->bytes = malloc(size + 1);
    MUST(response->bytes != NULL);
    memcpy(response->bytes, buffer, size);
    response->bytes[size] = 0;
    if (mode == MHD_RESPMEM_MUST_FREE)
        free(buffer);
    return response;
}

/* A file of ours: inside the folder, and no more of it than there is. */
struct MHD_Response *MHD_create_response_from_fd_at_offset64(uint64_t size, int fd, uint64_t offset)
{
    struct MHD_Response *response = new_response(size);
    char link[64], path[512];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    MUST(n > 0);
    path[n] = 0;
    MUST(fake_root && strncmp(path, fake_root, strlen(fake_root)) == 0);
    MUST(path[strlen(fake_root)] == '/');
    MUST(offset + size <= (uint64_t)lseek(fd, 0, SEEK_END));
    response->fd = fd;
    return response;
}

struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block,
                                                       MHD_ContentReaderCallback reader, void *arg,
                                                       MHD_ContentReaderFreeCallback reader_free)
{
    struct MHD_Response *response = new_response(size);

    (void)block;
    response->reader = reader;
    response->reader_arg = arg;
    response->reader_free = reader_free;
    return response;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *header,
                                        const char *value)
{
    MUST(response && header[0]);
    MUST(!strpbrk(header, "\r\n") && !strpbrk(value, "\r\n")); /* no second answer within one */
    return MHD_YES;
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *c, unsigned status,
                                   struct MHD_Response *response)
{
    char block[256];
    uint64_t at = 0;

    MUST(c && status >= 200);
    while (response->reader && at < response->size) {
        size_t left = (size_t)(response->size - at);
        ssize_t got = response->reader(response->reader_arg, at, block,
                                       left < sizeof(block) ? left : sizeof(block));
        if (got <= 0)
            break;
        at += (uint64_t)got;
    }
    return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *response)
{
    if (--response->references)
        return;
    if (response->reader_free)
        response->reader_free(response->reader_arg);
    if (response->fd >= 0)
        close(response->fd);
    free(response->bytes);
    free(response);
}

void MHD_resume_connection(struct MHD_Connection *connection)
{
    (void)connection;
}

void http_wake(struct http_server *server)
{
    (void)server;
}
