/* One request: from its headers over guard and body to the handler. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>

#include "http/room.h"

#define DISCARD_MAX (64u * 1024 * 1024)

/* --- what a handler may ask ----------------------------------------------------------------- */

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const char *http_path_param(const struct http_request *request, const char *name)
{
    for (unsigned i = 0; i < request->param_count; i++) {
        const struct http_param *param = &request->params[i];
        if (strlen(name) == param->name_length &&
            memcmp(name, param->name, param->name_length) == 0)
            return param->value;
    }
    return NULL;
}

const char *http_query(const struct http_request *request, const char *name)
{
    const char *value =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);

    return value && *value ? value : NULL;
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

const char *http_body(const struct http_request *request, size_t *ret_length)
{
    *ret_length = request->body.length;
    return request->body.data ? request->body.data : "";
}

const char *http_peer(const struct http_request *request)
{
    return request->peer;
}

const struct sockaddr_storage *http_peer_address(const struct http_request *request)
{
    return &request->client;
}

bool http_is_tls(const struct http_request *request)
{
    return request->server->tls;
}

bool http_set_user(struct http_request *request, const void *user, size_t size)
{
    void *copy = malloc(size);

    if (!copy)
        return false;
    memcpy(copy, user, size);
    free(request->user);
    request->user = copy;
    return true;
}

const void *http_user(const struct http_request *request)
{
    return request->user;
}

/* --- life ----------------------------------------------------------------------------------- */

const char *http_address_text(const struct sockaddr *address, char *out, size_t size)
{
    const void *bytes = NULL;

    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!bytes || !inet_ntop(address->sa_family, bytes, out, (socklen_t)size))
        text_copy(out, size, "?");
    return out;
}

static void read_peer(struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info ? info->client_addr : NULL;

    if (peer)
        memcpy(&request->client, peer,
               peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                           : sizeof(struct sockaddr_in));
    (void)http_address_text(peer, request->peer, sizeof(request->peer));
}

struct http_request *http_request_new(struct http_server *server, struct MHD_Connection *connection,
                                      const char *url, const char *method)
{
    struct http_request *request = calloc(1, sizeof(*request));
    struct http *http = server->http;

    if (!request)
        return NULL;
    request->path = strdup(url);
    if (!request->path || !text_copy(request->method, sizeof(request->method), method)) {
        free(request->path);
        free(request);
        return NULL;
    }
    request->http = http;
    request->server = server;
    request->connection = connection;
    read_peer(request);
    request->next = http->requests;
    request->previous = &http->requests;
    if (request->next)
        request->next->previous = &request->next;
    http->requests = request;
    return request;
}

void http_request_free(struct http_request *request)
{
    *request->previous = request->next;
    if (request->next)
        request->next->previous = request->previous;
    for (unsigned i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    if (request->response)
        MHD_destroy_response(request->response);
    cJSON_Delete(request->json);
    text_done(&request->body);
    free(request->user);
    free(request->path);
    free(request);
}

/* --- headers are here ----------------------------------------------------------------------- */

struct values { /* of one kind: headers, or what the query says */
    size_t count, size;
    bool bad_text;
};

static enum MHD_Result look_at_value(void *arg, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    struct values *values = arg;
    size_t key_length = strlen(key), value_length = value ? strlen(value) : 0;

    (void)kind;
    values->count++;
    values->size += key_length + value_length + 2;
    if (!text_is_utf8(key, key_length) || (value && !text_is_utf8(value, value_length)))
        values->bad_text = true;
    return MHD_YES;
}

static struct values look_at(struct http_request *request, enum MHD_ValueKind kind)
{
    struct values values = {0};

    (void)MHD_get_connection_values(request->connection, kind, look_at_value, &values);
    return values;
}

/* A head so large that libmicrohttpd may have no memory left for the body: it would wait for it
 * for ever, so it is not asked to. */
static void refuse_head(struct http_request *request, int status, const char *code,
                        const char *title)
{
    http_add_header(request, "Connection", "close");
    http_problem(request, status, code, title, NULL);
    request->answer_early = true;
}

/* Answers and returns false when the request's head is more than we take, or no text. */
static bool head_is_good(struct http_request *request)
{
    struct values query = look_at(request, MHD_GET_ARGUMENT_KIND);
    struct values headers = look_at(request, MHD_HEADER_KIND);
    size_t path_length = strlen(request->path);
    char title[120];

    if (path_length + query.size > HTTP_ADDRESS_SIZE_MAX) {
        snprintf(title, sizeof(title), "请求地址过长，最多 %d KB", HTTP_ADDRESS_SIZE_MAX / 1024);
        refuse_head(request, 414, "request.address_too_long", title);
    } else if (headers.count > HTTP_HEADERS_MAX || headers.size > HTTP_HEADERS_SIZE_MAX) {
        snprintf(title, sizeof(title), "请求头过多或过长，最多 %d 项、%d KB", HTTP_HEADERS_MAX,
                 HTTP_HEADERS_SIZE_MAX / 1024);
        refuse_head(request, 431, "request.headers_too_large", title);
    } else if (query.bad_text || !text_is_utf8(request->path, path_length)) {
        http_problem(request, 400, "request.encoding", "请求地址不是有效的 UTF-8 文本", NULL);
    }
    if (!request->answered)
        http_proxies_look_behind(request);
    return !request->answered;
}

static bool body_is_announced_above(const struct http_request *request, size_t max)
{
    const char *length = http_header(request, "Content-Length");
    int64_t value;

    return length && text_to_int(length, 0, (int64_t)max, &value) != 0;
}

size_t http_discard_max(const struct http *http)
{
    return http->max_body > DISCARD_MAX ? http->max_body : DISCARD_MAX;
}

size_t http_body_max(const struct http_request *request)
{
    size_t max = request->row ? request->row->route->max_body : 0;

    return max ? max : HTTP_BODY_DEFAULT;
}

static void say_too_large(struct http_request *request)
{
    size_t max = http_body_max(request);
    char title[120];

    snprintf(title, sizeof(title), "提交的内容过大，最多 %zu KB", max / 1024);
    http_problem(request, 413, "request.too_large", title, NULL);
}

/* Most clients send the whole body before they read: closing while they do resets the connection
 * and the answer with it. Who asks first (Expect), or wants to send without measure, is answered at
 * once. */
static void refuse_too_long(struct http_request *request)
{
    http_add_header(request, "Connection", "close");
    say_too_large(request);
    request->answer_early = http_header(request, "Expect") ||
                            body_is_announced_above(request, http_discard_max(request->http));
}

static void answer_no_row(struct http_request *request, const char *allow)
{
    bool api = strncmp(request->path, "/api/", 5) == 0;

    if (*allow) {
        http_add_header(request, "Allow", allow);
        http_problem(request, 405, "request.method", "该地址不支持这种请求方法", NULL);
    } else if (!api && request->http->web_dir &&
               (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0)) {
        http_serve_page(request);
    } else {
        http_problem(request, 404, "request.unknown", "没有这个地址", NULL);
    }
}

static bool find_row(struct http_request *request)
{
    struct text allow = {0};

    request->row = http_find_row(request, &allow);
    if (!request->row)
        answer_no_row(request, allow.data ? allow.data : "");
    text_done(&allow);
    return request->row != NULL;
}

static void ask_guard(struct http_request *request)
{
    const struct http *http = request->http;
    const struct http_route *route = request->row->route;

    if (!http->guard || http->guard(request, route, http->guard_arg) || request->answered)
        return;
    log_error("http", "guard_silent", "path=%s", log_safe(request->path));
    http_problem(request, 500, "server.failed", "系统内部错误", NULL);
}

/* Refuses as early as possible, so that nobody unknown fills our memory with a body; the body of a
 * refused request is read and thrown away, because closing early would lose the answer. */
void http_request_begin(struct http_request *request)
{
    if (request->http->stopping)
        http_problem(request, 503, "server.stopping", "系统正在停止服务，请稍后重试", NULL);
    else if (head_is_good(request) && find_row(request)) {
        if (body_is_announced_above(request, http_body_max(request)))
            refuse_too_long(request);
        else
            ask_guard(request);
    } else if (body_is_announced_above(request, http_discard_max(request->http))) {
        request->answer_early = true;
    }
    request->discard = request->answered;
}

void http_request_dispatch(struct http_request *request)
{
    if (request->answered)
        return;
    if (request->body.failed)
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
    else if (request->body_seen > http_body_max(request))
        say_too_large(request);
    else
        request->row->route->handler(request, request->row->arg);
}
