/* The listeners: libmicrohttpd without threads, turned by the loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hotlined/config.h>
#include <hotlined/log.h>

#include "http/room.h"

#define IDLE_TIMEOUT_S   60
#define HEARTBEAT_MS     (15 * 1000)
#define ZEROS_MAX        8
#define ZERO_PAUSE_MS    2
#define STOP_TURNS       20
#define PEM_MAX          (256 * 1024)
#define MAX_BODY_DEFAULT (1024 * 1024)
#define TLS_PRIORITIES                                                                             \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CAMELLIA-128-GCM:-CAMELLIA-256-GCM"

/* --- MHD's callbacks ------------------------------------------------------------------------ */

static enum MHD_Result take_body(struct http_request *request, const char *bytes, size_t *size)
{
    request->body_seen += *size;
    if (request->body_seen > http_discard_max(request->http))
        return MHD_NO; /* somebody sends without end: MHD takes no answer in the middle of a body */
    if (!request->discard && request->body_seen <= http_body_max(request))
        text_add_bytes(&request->body, bytes, *size);
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result finish(struct http_request *request)
{
    http_request_dispatch(request);
    if (request->answered)
        return http_queue(request);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_size, void **state)
{
    struct http_server *server = arg;
    struct http_request *request = *state;

    (void)version;
    if (!request) {
        request = http_request_new(server, connection, url, method);
        if (!request)
            return MHD_NO;
        *state = request;
        http_request_begin(request);
        return request->answer_early ? http_queue(request) : MHD_YES;
    }
    if (*body_size)
        return take_body(request, body, body_size);
    return request->answered ? http_queue(request) : finish(request);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)arg;
    (void)connection;
    (void)why;
    if (*state)
        http_request_free(*state);
    *state = NULL;
}

static enum MHD_Result on_accept(void *arg, const struct sockaddr *address, socklen_t length)
{
    struct http_server *server = arg;

    (void)length;
    return http_clients_may_connect(&server->http->clients, address) ? MHD_YES : MHD_NO;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct http_server *server = arg;

    (void)state;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        http_clients_connected(&server->http->clients, info->client_addr);
    else
        http_clients_left(&server->http->clients, info->client_addr);
}

static void on_mhd_log(void *arg, const char *format, va_list ap)
{
    char line[300];

    (void)arg;
    vsnprintf(line, sizeof(line), format, ap);
    log_debug("http", "mhd", "says=%s", log_safe(line));
}

/* --- turning it ----------------------------------------------------------------------------- */

void http_wake(struct http_server *server)
{
    server->woken = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;

    (void)fd;
    (void)what;
    server->zeros = 0;
    http_wake(server);
}

/* How long MHD may sleep now, or -1. A silent TLS client keeps MHD at "at once" for ever: after a
 * few such turns without an event it is asked less often. */
static int ask_timeout(struct http_server *server, uint64_t now_ms)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    int wait = -1;

    server->due_ms = 0;
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES)
        wait = timeout > 60000 ? 60000 : (int)timeout;
    if (wait == 0)
        wait = ++server->zeros > ZEROS_MAX ? ZERO_PAUSE_MS : 0;
    else
        server->zeros = 0;
    if (wait >= 0)
        server->due_ms = now_ms + (uint64_t)wait;
    return wait;
}

static int turn_server(struct http_server *server)
{
    uint64_t now_ms;

    if (!server->daemon)
        return -1;
    now_ms = loop_now_ms(server->http->loop);
    if (!server->woken && (!server->due_ms || now_ms < server->due_ms))
        return server->due_ms ? (int)(server->due_ms - now_ms) : -1;
    server->woken = false;
    (void)MHD_run(server->daemon);
    if (server->woken) /* a handler answered within the run */
        (void)MHD_run(server->daemon);
    return server->woken ? 0 : ask_timeout(server, now_ms);
}

static int turn(void *arg)
{
    struct http *http = arg;
    int plain = turn_server(&http->plain), secure = turn_server(&http->secure);

    if (plain < 0 || secure < 0)
        return plain < 0 ? secure : plain;
    return plain < secure ? plain : secure;
}

/* --- opening -------------------------------------------------------------------------------- */

static int resolve(const char *listen, struct sockaddr_storage *ret_address, socklen_t *ret_length)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char host[64], service[8];
    uint16_t port;

    if (config_split_address(listen, host, &port))
        return -EINVAL;
    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found))
        return -EINVAL;
    memcpy(ret_address, found->ai_addr, found->ai_addrlen);
    *ret_length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                24) == 127;
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static int open_socket(const struct sockaddr_storage *address, socklen_t length, uint16_t *ret_port)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_storage bound;
    socklen_t bound_length = sizeof(bound);
    int one = 1, err = 0;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, (const struct sockaddr *)address, length) || listen(fd, 511) ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_length))
        err = -errno;
    if (err) {
        close(fd);
        return err;
    }
    *ret_port =
        ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&bound)->sin_port
                                         : ((struct sockaddr_in6 *)(void *)&bound)->sin6_port);
    return fd;
}

static int read_pem(const char *path, char **ret_text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *text = NULL;
    int err = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status))
        err = -errno;
    else if (status.st_size <= 0 || status.st_size > PEM_MAX)
        err = -EINVAL;
    else if (!(text = calloc(1, (size_t)status.st_size + 1)))
        err = -ENOMEM;
    else if (read(fd, text, (size_t)status.st_size) != status.st_size)
        err = -EIO;
    close(fd);
    if (err)
        free(text);
    else
        *ret_text = text;
    return err;
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd, int max_connections)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG |
                     (server->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
                                   {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};

    return MHD_start_daemon(
        flags, 0, on_accept, server, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log,
        NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_ARRAY, server->tls ? tls : plain, MHD_OPTION_END);
}

static int watch_daemon(struct http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (!info)
        return -ENOTSUP;
    server->readable = event_new(loop_event_base(server->http->loop), info->listen_fd,
                                 EV_READ | EV_PERSIST, on_readable, server);
    if (!server->readable || event_add(server->readable, NULL))
        return -ENOMEM;
    server->woken = true;
    return 0;
}

static int open_server(struct http *http, struct http_server *server, const char *listen,
                       int max_connections)
{
    struct sockaddr_storage address;
    socklen_t length;
    int err = resolve(listen, &address, &length), fd;

    server->http = http;
    if (!err && !server->tls && !is_loopback(&address)) {
        log_error("http", "plain_off_loopback", "listen=%s", log_safe(listen));
        return -EPERM; /* passwords and voices do not travel in the clear */
    }
    if (err)
        return err;
    fd = open_socket(&address, length, &server->port);
    if (fd < 0)
        return fd;
    server->daemon = start_daemon(server, fd, max_connections);
    if (!server->daemon) {
        close(fd);
        return -EINVAL;
    }
    return watch_daemon(server);
}

static int open_secure(struct http *http, const struct http_options *options, int max_connections)
{
    struct http_server *server = &http->secure;
    int err = read_pem(options->certificate, &server->certificate);

    server->tls = true;
    if (!err)
        err = read_pem(options->key, &server->key);
    if (err) {
        log_error("http", "pem_unreadable", "certificate=%s key=%s error=%s",
                  log_safe(options->certificate), log_safe(options->key), strerror(-err));
        return err;
    }
    return open_server(http, server, options->https_listen, max_connections);
}

static bool is_set(const char *text)
{
    return text && *text;
}

int http_create(struct loop *loop, const struct http_options *options, http_guard_h *guard,
                void *arg, struct http **ret_http)
{
    struct http *http = calloc(1, sizeof(*http));
    int max = options->max_connections > 0 ? options->max_connections : 4096;
    int err = 0;

    if (!http)
        return -ENOMEM;
    http_answers_register();
    http_streams_register();
    http->loop = loop;
    http->guard = guard;
    http->guard_arg = arg;
    http->max_body = options->max_body ? options->max_body : MAX_BODY_DEFAULT;
    loop_timer_init(&http->heartbeat, loop, http_streams_heartbeat, http);
    http->rows = calloc(HTTP_MAX_ROUTES, sizeof(*http->rows));
    http->web_dir = is_set(options->web_dir) ? strdup(options->web_dir) : NULL;
    if (!http->rows || (is_set(options->web_dir) && !http->web_dir))
        err = -ENOMEM;
    if (!err)
        err = http_proxies_init(&http->proxies,
                                options->trusted_proxies ? options->trusted_proxies : "");
    if (!err)
        err = http_clients_init(&http->clients, loop, options->max_connections_each, &http->proxies,
                                2 * (size_t)max);
    if (!err && is_set(options->listen))
        err = open_server(http, &http->plain, options->listen, max);
    if (!err && is_set(options->https_listen))
        err = open_secure(http, options, max);
    if (!err)
        err = loop_add_turn(loop, turn, http);
    if (err) {
        http_destroy(http);
        return err;
    }
    loop_timer_start(&http->heartbeat, HEARTBEAT_MS);
    *ret_http = http;
    return 0;
}

int http_add_routes(struct http *http, const struct http_route *routes, size_t count, void *arg)
{
    for (size_t i = 0; i < count; i++) {
        int err = routes[i].max_body > http->max_body ? -E2BIG
                  : http->row_count < HTTP_MAX_ROUTES
                      ? http_row_init(&http->rows[http->row_count], &routes[i], arg)
                      : -ENOSPC;
        if (err) {
            log_error("http", "bad_route", "method=%s path=%s permission=%d", routes[i].method,
                      routes[i].path, routes[i].permission);
            return err;
        }
        http->row_count++;
    }
    return 0;
}

uint16_t http_port(const struct http *http)
{
    return http->plain.port;
}

uint16_t https_port(const struct http *http)
{
    return http->secure.port;
}

/* --- closing -------------------------------------------------------------------------------- */

/* MHD aborts the process when it is stopped with a suspended connection. */
static void answer_waiting(struct http *http)
{
    for (struct http_request *r = http->requests; r; r = r->next)
        if (r->suspended)
            http_problem(r, 503, "server.stopping", "系统正在停止服务，请稍后重试", NULL);
    http_streams_end(http);
}

static void close_server(struct http_server *server)
{
    if (server->readable)
        event_free(server->readable);
    if (server->daemon) {
        for (int i = 0; i < STOP_TURNS; i++)
            (void)MHD_run(server->daemon);
        MHD_stop_daemon(server->daemon);
    }
    free(server->certificate);
    free(server->key);
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    http->stopping = true;
    loop_remove_turn(http->loop, turn, http);
    loop_timer_done(&http->heartbeat);
    answer_waiting(http);
    close_server(&http->plain);
    close_server(&http->secure);
    http_streams_tell(http);
    http_clients_done(&http->clients);
    free(http->rows);
    free(http->web_dir);
    free(http);
}
