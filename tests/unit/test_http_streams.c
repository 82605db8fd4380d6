/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* Server-sent events: readers that read, leave, or are too slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/loop.h>

#include "http_server.h"

static struct http_stream *stream;
static int streams_closed;

/* --- a small application -------------------------------------------------------------------- */

static void stream_closed(void *arg)
{
    (void)arg;
    streams_closed++;
    stream = NULL;
}

static void open_stream(struct http_request *request, void *arg)
{
    (void)arg;
    assert_int_equal(http_stream_open(request, stream_closed, NULL, &stream), 0);
    http_stream_send(stream, NULL, "hello", "{}");
}

static const struct http_route routes[] = {
    {"GET", "/api/v1/events", 1, open_stream, "事件"},
};

static int set_up(void **state)
{
    struct http_options options = server_options();

    (void)state;
    server_start(&options, NULL, routes, sizeof(routes) / sizeof(routes[0]), (void *)"thing");
    streams_closed = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- streams -------------------------------------------------------------------------------------
 */

static int open_events(char *buffer, size_t size)
{
    static const char request[] = "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = client_connect(http_port(http));

    stream = NULL;
    client_send(fd, request, strlen(request));
    assert_true(client_read_until(loop, fd, "event: hello\ndata: {}\n\n", buffer, size));
    return fd;
}

static void events_reach_the_reader_at_once(void **state)
{
    char buffer[4096];
    int fd = open_events(buffer, sizeof(buffer));

    (void)state;
    assert_non_null(strstr(buffer, "Content-Type: text/event-stream"));
    for (int i = 0; i < 50; i++) {
        char id[16], expected[100];
        snprintf(id, sizeof(id), "%d", i);
        snprintf(expected, sizeof(expected), "id: %d\nevent: agent\ndata: {\"n\":%d}\n\n", i, i);
        http_stream_send(stream, id, "agent", strstr(expected, "{"));
        (void)expected;
        http_stream_send(stream, id, "mark", "1");
        assert_true(client_read_until(loop, fd, "event: mark", buffer, sizeof(buffer)));
    }
    close(fd);
}

static void a_closed_stream_ends_for_the_reader(void **state)
{
    char buffer[4096];
    int fd = open_events(buffer, sizeof(buffer));

    (void)state;
    http_stream_close(stream);
    assert_true(client_read_until(loop, fd, "0\r\n\r\n", buffer, sizeof(buffer)));
    close(fd);
    loop_run_once(loop, 5);
    assert_int_equal(streams_closed, 1);
}

static void a_reader_who_left_is_noticed_when_something_is_sent(void **state)
{
    char buffer[4096];
    int fd = open_events(buffer, sizeof(buffer));
    uint64_t until = loop_now_ms(loop) + 10000;

    (void)state;
    close(fd);
    while (!streams_closed && loop_now_ms(loop) < until) {
        if (stream)
            http_stream_send(stream, NULL, "agent", "{}");
        loop_run_once(loop, 5);
    }
    assert_int_equal(streams_closed, 1);
}

/* The figures of a region's agents in one turn are more than what a slow reader may owe. */
static void a_burst_larger_than_the_bound_reaches_who_reads(void **state)
{
    static char big[30001], seen[20 * 30000];
    char buffer[4096];
    int fd = open_events(buffer, sizeof(buffer)), heard = 0;

    (void)state;
    memset(big, '~', sizeof(big) - 1);
    for (int i = 0; i < 15; i++)
        http_stream_send(stream, NULL, "agents_today", big);
    http_stream_send(stream, NULL, "last", "{}");
    assert_true(client_read_until(loop, fd, "event: last\n", seen, sizeof(seen)));
    for (const char *at = seen; *at; at++)
        heard += *at == '~';
    assert_int_equal(heard, 15 * 30000);
    assert_int_equal(streams_closed, 0);
    close(fd);
}

static void a_slow_reader_is_cut_off_and_memory_stays_bounded(void **state)
{
    static char big[8001];
    char buffer[4096];
    int fd = open_events(buffer, sizeof(buffer));
    uint64_t until = loop_now_ms(loop) + 15000;
    int sent = 0;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    while (!streams_closed && loop_now_ms(loop) < until) {
        if (stream)
            http_stream_send(stream, NULL, "seat", big);
        sent++;
        loop_run_once(loop, 0);
    }
    assert_int_equal(streams_closed, 1);
    assert_true(sent > 8); /* not cut off before the bound */
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(events_reach_the_reader_at_once),
        TEST(a_closed_stream_ends_for_the_reader),
        TEST(a_reader_who_left_is_noticed_when_something_is_sent),
        TEST(a_burst_larger_than_the_bound_reaches_who_reads),
        TEST(a_slow_reader_is_cut_off_and_memory_stays_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
