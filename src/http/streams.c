/* Server-sent events: a response without end whose bytes wait here, bounded, until MHD takes them.
 *
 * While nothing waits the connection is suspended; MHD then neither times it out nor notices that
 * the reader left. So every stream gets a comment line now and then.
 *
 * A reader is too slow when 64 KB wait for him and he takes nothing for two seconds, or when 4 MB
 * wait: what is said of a whole region in one turn may be more than 64 KB, and nobody is slow who
 * had no chance to read it. He is cut off by shutting his socket down. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <hotlined/log.h>
#include <hotlined/metrics.h>

#include "http/room.h"

#define BLOCK_SIZE     8192
#define UNSENT_MANY    (64 * 1024)
#define UNSENT_MAX     (4 * 1024 * 1024)
#define PATIENCE_MS    2000
#define IDLE_TIMEOUT_S 60

static struct metric readers = {.name = "hotlined_event_readers",
                                .help = "Open streams of server-sent events.",
                                .kind = METRIC_GAUGE};

void http_streams_register(void)
{
    metric_register(&readers);
}

static void wake(struct http_stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->connection);
    http_wake(stream->server);
}

static void link_to(struct http_stream *stream, struct http_stream **list)
{
    stream->next = *list;
    stream->previous = list;
    if (stream->next)
        stream->next->previous = &stream->next;
    *list = stream;
}

static void unlink_stream(struct http_stream *stream)
{
    *stream->previous = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
}

static void tell(struct http_stream *stream)
{
    unlink_stream(stream);
    stream->told = true;
    stream->on_closed(stream->arg);
}

static void tell_and_free(void *arg)
{
    struct http_stream *stream = arg;

    if (!stream->told)
        tell(stream);
    text_done(&stream->unsent);
    free(stream);
}

static size_t unsent(const struct http_stream *stream)
{
    return stream->unsent.length - stream->unsent_at;
}

static void forget(struct http_stream *stream)
{
    if (stream->unsent.capacity > UNSENT_MANY)
        text_done(&stream->unsent);
    text_clear(&stream->unsent);
    stream->unsent_at = 0;
}

/* What was sent leaves the memory: at the end, and of a long one now and then. */
static void forget_sent(struct http_stream *stream)
{
    size_t left = unsent(stream);

    if (!left) {
        forget(stream);
    } else if (stream->unsent_at >= UNSENT_MANY && stream->unsent_at >= left) {
        memmove(stream->unsent.data, stream->unsent.data + stream->unsent_at, left + 1);
        stream->unsent.length = left;
        stream->unsent_at = 0;
    }
}

static ssize_t read_stream(void *arg, uint64_t at, char *out, size_t size)
{
    struct http_stream *stream = arg;
    size_t left = unsent(stream);

    (void)at;
    if (left) {
        size_t take = left < size ? left : size;
        memcpy(out, stream->unsent.data + stream->unsent_at, take);
        stream->unsent_at += take;
        stream->stuck_since_ms = 0;
        forget_sent(stream);
        return (ssize_t)take;
    }
    if (stream->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    stream->suspended = true;
    MHD_suspend_connection(stream->connection);
    return 0;
}

/* MHD is done with the connection; the owner hears of it in the next turn. */
static void free_stream(void *arg)
{
    struct http_stream *stream = arg;

    unlink_stream(stream);
    metric_add(&readers, -1);
    link_to(stream, &stream->http->untold);
    stream->ending = true;
    loop_defer(stream->http->loop, tell_and_free, stream);
}

static struct http_stream *new_stream(struct http_request *request, void (*on_closed)(void *),
                                      void *arg)
{
    struct http_stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return NULL;
    *stream = (struct http_stream){.http = request->http,
                                   .connection = request->connection,
                                   .server = request->server,
                                   .on_closed = on_closed,
                                   .arg = arg};
    link_to(stream, &request->http->streams);
    return stream;
}

int http_stream_open(struct http_request *request, void (*on_closed)(void *arg), void *arg,
                     struct http_stream **ret_stream)
{
    struct http_stream *stream = new_stream(request, on_closed, arg);
    struct MHD_Response *response =
        stream ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream,
                                                   stream, free_stream)
               : NULL;

    if (!response) {
        if (stream)
            unlink_stream(stream);
        free(stream);
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return -ENOMEM;
    }
    (void)MHD_add_response_header(response, "Content-Type", "text/event-stream");
    http_add_header(request, "X-Accel-Buffering", "no");
    (void)MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    (unsigned)IDLE_TIMEOUT_S);
    metric_add(&readers, 1);
    http_answer(request, 200, response);
    *ret_stream = stream;
    return 0;
}

static void cut_off(struct http_stream *stream, const char *why)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(stream->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    log_warn("http", "stream_cut", "why=%s unsent=%zu", why, unsent(stream));
    stream->ending = true;
    forget(stream);
    if (info)
        (void)shutdown(info->connect_fd, SHUT_RDWR); /* fails when the peer was faster: the same */
    wake(stream);
    http_wake(stream->server);
}

static bool is_too_slow(struct http_stream *stream)
{
    uint64_t now = loop_now_ms(stream->http->loop) + 1; /* never 0 */

    if (unsent(stream) <= UNSENT_MANY)
        return false;
    if (!stream->stuck_since_ms)
        stream->stuck_since_ms = now;
    return unsent(stream) > UNSENT_MAX || now - stream->stuck_since_ms > PATIENCE_MS;
}

static void add_bytes(struct http_stream *stream, const char *what, const char *text)
{
    text_add(&stream->unsent, what);
    text_add(&stream->unsent, text);
    text_add(&stream->unsent, "\n");
}

void http_stream_send(struct http_stream *stream, const char *id, const char *event,
                      const char *data)
{
    if (stream->ending)
        return;
    if (id)
        add_bytes(stream, "id: ", id);
    add_bytes(stream, "event: ", event);
    add_bytes(stream, "data: ", data);
    text_add(&stream->unsent, "\n");
    if (stream->unsent.failed)
        cut_off(stream, "memory");
    else if (is_too_slow(stream))
        cut_off(stream, "slow");
    else
        wake(stream);
}

void http_stream_close(struct http_stream *stream)
{
    stream->ending = true; /* of one that has gone already: nothing is suspended any more */
    wake(stream);
}

void http_streams_heartbeat(void *arg)
{
    struct http *http = arg;

    for (struct http_stream *s = http->streams, *next; s; s = next) {
        next = s->next;
        if (s->ending)
            continue;
        text_add(&s->unsent, ":\n\n");
        if (is_too_slow(s))
            cut_off(s, "slow");
        else
            wake(s);
    }
    loop_timer_start(&http->heartbeat, 15 * 1000);
}

void http_streams_end(struct http *http)
{
    for (struct http_stream *s = http->streams; s; s = s->next)
        http_stream_close(s);
}

/* The owners are about to go: what was to be told in the next turn is told now. */
void http_streams_tell(struct http *http)
{
    while (http->untold)
        tell(http->untold);
}
