/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* What a request may be and how much of the server one address may have: bodies of a route, depth
 * of JSON, headers, address, connections. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "http_server.h"

#define SMALL       1024
#define LARGE       (64 * 1024)
#define EACH        3
#define HEAD_BEYOND (33 * 1024)
#define PATIENCE_MS 20000

static void take(struct http_request *request, void *arg)
{
    static const struct http_field fields[] = {{"any", "内容", HTTP_JSON, 0, HTTP_REQUIRED, 0, 0}};
    const cJSON *any;

    (void)arg;
    if (http_read_body(request, fields, 1, &any))
        http_answer_json(request, 200, "{\"good\":true}");
}

static void say_hello(struct http_request *request, void *arg)
{
    (void)arg;
    http_answer_json(request, 200, "{}");
}

static const struct http_route routes[] = {
    {"POST", "/api/v1/small", 1, take, "小", SMALL},
    {"POST", "/api/v1/usual", 1, take, "一般"},
    {"POST", "/api/v1/large", 1, take, "大", LARGE},
    {"GET", "/api/v1/hello", 1, say_hello, "问候"},
};

static int start(const char *proxies, unsigned each)
{
    struct http_options options = server_options();

    options.max_body = LARGE;
    options.max_connections = 50;
    options.max_connections_each = each;
    options.trusted_proxies = proxies;
    server_start(&options, NULL, routes, sizeof(routes) / sizeof(routes[0]), NULL);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return start("", EACH);
}

static int set_up_behind_proxy(void **state)
{
    (void)state;
    return start("192.0.2.9, 127.0.0.1 ::1", EACH);
}

static int set_up_without_limit(void **state)
{
    (void)state;
    return start(NULL, 0);
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- bodies ----------------------------------------------------------------------------------- */

/* {"any":"xxx..."} of so many bytes. */
static char *body_of(size_t size)
{
    static char body[2 * LARGE];
    int head = snprintf(body, sizeof(body), "{\"any\":\"");

    memset(body + head, 'x', size - (size_t)head - 2);
    memcpy(body + size - 2, "\"}", 3);
    return body;
}

static void expect_chunked(const char *path, size_t size, int status)
{
    struct text text = {0};
    struct answer answer;
    int fd = client_connect(http_port(http));

    text_addf(&text,
              "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
              "chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
              path, size, body_of(size));
    client_send(fd, text.data, text.length);
    client_read_all(loop, fd, &answer);
    assert_int_equal(answer.status, status);
    answer_free(&answer);
    text_done(&text);
}

static void each_route_has_its_own_limit(void **state)
{
    static const struct {
        const char *path;
        size_t max;
        const char *title;
    } rows[] = {{"/api/v1/small", SMALL, "提交的内容过大，最多 1 KB"},
                {"/api/v1/usual", HTTP_BODY_DEFAULT, "提交的内容过大，最多 16 KB"},
                {"/api/v1/large", LARGE, "提交的内容过大，最多 64 KB"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect("POST", rows[i].path, NULL, body_of(rows[i].max), 200, "good");
        expect("POST", rows[i].path, NULL, body_of(rows[i].max + 1), 413, rows[i].title);
        expect_chunked(rows[i].path, rows[i].max, 200); /* nobody announces the length */
        expect_chunked(rows[i].path, rows[i].max + 1, 413);
    }
}

static void a_route_that_takes_more_than_the_server_is_refused_at_start(void **state)
{
    static const struct http_route bad[] = {{"POST", "/api/v1/huge", 1, take, "过大", LARGE + 1}};

    (void)state;
    assert_int_equal(http_add_routes(http, bad, 1, NULL), -E2BIG);
}

static void nesting_has_a_limit(void **state)
{
    char body[200];
    const char *strange = "{\"any\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}";

    (void)state;
    for (int depth = HTTP_JSON_DEPTH_MAX; depth <= HTTP_JSON_DEPTH_MAX + 1; depth++) {
        char *at = body + snprintf(body, sizeof(body), "{\"any\":");
        for (int i = 1; i < depth; i++)
            *at++ = '[';
        for (int i = 1; i < depth; i++)
            *at++ = ']';
        memcpy(at, "}", 2);
        if (depth <= HTTP_JSON_DEPTH_MAX)
            expect("POST", "/api/v1/usual", NULL, body, 200, "good");
        else
            expect("POST", "/api/v1/usual", NULL, body, 400, "提交的内容嵌套过深，最多 32 层");
    }
    expect("POST", "/api/v1/usual", NULL, strange, 200, "good"); /* brackets in a text are text */
}

/* --- head ------------------------------------------------------------------------------------- */

static void headers_have_a_limit(void **state)
{
    struct text headers = {0};

    (void)state;
    text_add(&headers, "X-Long: ");
    for (int i = 0; i < HTTP_HEADERS_SIZE_MAX; i++)
        text_add(&headers, "z");
    text_add(&headers, "\r\n");
    expect("GET", "/api/v1/hello", headers.data, NULL, 431, "请求头过多或过长，最多 100 项、12 KB");
    text_clear(&headers);
    for (int i = 0; i < HTTP_HEADERS_MAX - 2; i++) /* Host and Connection are there */
        text_addf(&headers, "X-%d: %d\r\n", i, i);
    expect("GET", "/api/v1/hello", headers.data, NULL, 200, NULL);
    text_add(&headers, "X-More: 1\r\n");
    expect("GET", "/api/v1/hello", headers.data, NULL, 431, "request.headers_too_large");
    text_done(&headers);
}

static void the_address_has_a_limit(void **state)
{
    struct text path = {0};

    (void)state;
    text_add(&path, "/api/v1/hello?q=");
    for (int i = 0; i < HTTP_ADDRESS_SIZE_MAX - 100; i++)
        text_add(&path, "q");
    expect("GET", path.data, NULL, NULL, 200, NULL);
    for (int i = 0; i < 100; i++)
        text_add(&path, "q");
    expect("GET", path.data, NULL, NULL, 414, "请求地址过长，最多 8 KB");
    for (int i = 0; i < 22000; i++) /* libmicrohttpd has no room for a body behind it */
        text_add(&path, "q");
    expect("POST", path.data, NULL, body_of(SMALL), 414, "请求地址过长，最多 8 KB");
    text_done(&path);
}

/* A head beyond libmicrohttpd's memory of a connection never reaches us, and the library has no
 * place for words of ours: the status is right, the connection ends, the text is the library's. */
static void a_head_beyond_the_librarys_memory_is_answered_by_it(void **state)
{
    static const struct {
        const char *before, *after;
        int status;
    } rows[] = {{"GET /api/v1/hello?q=", " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
                {"GET /api/v1/hello HTTP/1.1\r\nHost: x\r\nX-Long: ", "\r\n\r\n", 431}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text text = {0};
        struct answer answer;
        int fd = client_connect(http_port(http));

        text_add(&text, rows[i].before);
        for (int n = 0; n < HEAD_BEYOND; n++)
            text_add(&text, "x");
        text_add(&text, rows[i].after);
        client_send(fd, text.data, text.length);
        client_read_all(loop, fd, &answer);
        assert_int_equal(answer.status, rows[i].status);
        assert_null(answer_header(&answer, "Content-Type"));
        assert_string_equal(answer_header(&answer, "Connection"), "close");
        answer_free(&answer);
        text_done(&text);
    }
}

/* --- connections ------------------------------------------------------------------------------ */

static int connect_from(const char *address, uint16_t port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    from.sin_addr.s_addr = inet_addr(address);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    assert_return_code(bind(fd, (struct sockaddr *)&from, sizeof(from)), errno);
    assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof(to)), errno);
    return fd;
}

/* Is the connection served? False when the server closes it unread. */
static bool is_served(int fd)
{
    static const char request[] = "GET /api/v1/hello HTTP/1.1\r\nHost: x\r\n\r\n";
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;
    char bytes[2000];
    ssize_t got;

    (void)send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL); /* may be closed already */
    while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
        loop_run_once(loop, 1);
        assert_true(loop_now_ms(loop) < until);
    }
    return got > 0;
}

static void wait_until_open(long long count)
{
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;

    while (metric_value("hotlined_http_connections") != count) {
        loop_run_once(loop, 1);
        assert_true(loop_now_ms(loop) < until);
    }
}

static void one_address_has_so_many_connections_and_others_theirs(void **state)
{
    long long refused = metric_value("hotlined_http_connections_refused_total");
    int fds[EACH], more, other;

    (void)state;
    for (int i = 0; i < EACH; i++) { /* both listeners count together */
        fds[i] = connect_from("127.0.0.1", i ? http_port(http) : https_port(http));
        if (i)
            assert_true(is_served(fds[i]));
    }
    wait_until_open(EACH);
    for (int i = 0; i < 2; i++) { /* over TLS before the handshake, too */
        more = connect_from("127.0.0.1", i ? http_port(http) : https_port(http));
        assert_false(is_served(more));
        close(more);
    }
    assert_int_equal(metric_value("hotlined_http_connections_refused_total"), refused + 2);
    other = connect_from("127.0.0.2", http_port(http));
    assert_true(is_served(other));
    assert_int_equal(metric_value("hotlined_http_connections"), EACH + 1);

    close(fds[1]); /* room for another one */
    wait_until_open(EACH);
    fds[1] = connect_from("127.0.0.1", http_port(http));
    assert_true(is_served(fds[1]));
    assert_int_equal(metric_value("hotlined_http_connections_refused_total"), refused + 2);
    for (int i = 0; i < EACH; i++)
        close(fds[i]);
    close(other);
    wait_until_open(0);
}

static void places_of_those_who_left_are_used_again(void **state)
{
    char address[32];

    (void)state;
    for (int i = 1; i <= 600; i++) { /* six times as many addresses as the table has places */
        int fd;
        snprintf(address, sizeof(address), "127.0.%d.%d", 1 + i / 200, 1 + i % 200);
        fd = connect_from(address, http_port(http));
        assert_true(is_served(fd));
        close(fd);
        wait_until_open(0);
    }
}

static void many_connections_are_served(unsigned count)
{
    long long refused = metric_value("hotlined_http_connections_refused_total");
    int fds[20];

    for (unsigned i = 0; i < count; i++) {
        fds[i] = connect_from("127.0.0.1", http_port(http));
        assert_true(is_served(fds[i]));
    }
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    wait_until_open(0);
    assert_int_equal(metric_value("hotlined_http_connections_refused_total"), refused);
}

static void a_trusted_proxy_has_as_many_as_it_wants(void **state)
{
    (void)state;
    many_connections_are_served(20);
}

static void zero_is_no_limit(void **state)
{
    (void)state;
    many_connections_are_served(20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(each_route_has_its_own_limit),
        TEST(a_route_that_takes_more_than_the_server_is_refused_at_start),
        TEST(nesting_has_a_limit),
        TEST(headers_have_a_limit),
        TEST(the_address_has_a_limit),
        TEST(a_head_beyond_the_librarys_memory_is_answered_by_it),
        TEST(one_address_has_so_many_connections_and_others_theirs),
        TEST(places_of_those_who_left_are_used_again),
        cmocka_unit_test_setup_teardown(a_trusted_proxy_has_as_many_as_it_wants,
                                        set_up_behind_proxy, tear_down),
        cmocka_unit_test_setup_teardown(zero_is_no_limit, set_up_without_limit, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
