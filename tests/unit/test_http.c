/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* The HTTP room over real sockets: which handler a request finds, who may call it, and answers that
 * come later. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "http_server.h"

static struct http_request *kept;
static struct http_stream *stream;
static int streams_closed;

/* --- a small application -------------------------------------------------------------------- */

static void say_param(struct http_request *request, void *arg)
{
    const char *id = http_path_param(request, "id"), *query = http_query(request, "q");
    struct text json = {0};

    text_addf(&json, "{\"route\":\"%s\",\"id\":", (const char *)arg);
    text_add_json(&json, id ? id : "");
    text_add(&json, ",\"q\":");
    text_add_json(&json, query ? query : "");
    text_add(&json, "}");
    http_answer_json(request, 200, json.data);
    text_done(&json);
}

static void say_special(struct http_request *request, void *arg)
{
    (void)arg;
    http_answer_json(request, 200, "{\"route\":\"special\"}");
}

static void keep(struct http_request *request, void *arg)
{
    (void)arg;
    kept = request;
}

static void take_any(struct http_request *request, void *arg)
{
    (void)arg;
    http_answer_empty(request, 204);
}

static void take_number(struct http_request *request, void *arg)
{
    int64_t limit;
    char json[64];

    (void)arg;
    if (!http_read_query_int(request, "limit", "条数", 1, 200, 50, &limit))
        return;
    snprintf(json, sizeof(json), "{\"limit\":%lld}", (long long)limit);
    http_answer_json(request, 200, json);
}

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

static bool guard(struct http_request *request, const struct http_route *route, void *arg)
{
    (void)arg;
    if (route->permission != 2)
        return true;
    http_problem(request, 403, "access.denied", "您没有权限", NULL);
    return false;
}

static const struct http_route routes[] = {
    {"GET", "/api/v1/things/{id}", 1, say_param, "一件"},
    {"GET", "/api/v1/things/special", 1, say_special, "特别的"},
    {"GET", "/api/v1/things/{id}/parts/{part}", 1, say_param, "部件"},
    {"POST", "/api/v1/people", 1, take_any, "新增"},
    {"GET", "/api/v1/list", 1, take_number, "列表"},
    {"GET", "/api/v1/later", 1, keep, "稍后"},
    {"POST", "/api/v1/secret", 2, take_any, "保密"},
    {"GET", "/api/v1/events", 1, open_stream, "事件"},
};

static int set_up(void **state)
{
    struct http_options options = server_options();

    (void)state;
    server_start(&options, guard, routes, sizeof(routes) / sizeof(routes[0]), (void *)"thing");
    streams_closed = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- routing -------------------------------------------------------------------------------------
 */

static void literal_routes_go_before_parameters(void **state)
{
    (void)state;
    expect("GET", "/api/v1/things/special", NULL, NULL, 200, "\"route\":\"special\"");
    expect("GET", "/api/v1/things/7?q=%E5%8D%97%E5%AE%81", NULL, NULL, 200,
           "\"id\":\"7\",\"q\":\"南宁\"");
    expect("GET", "/api/v1/things/7/parts/8", NULL, NULL, 200, "\"id\":\"7\"");
}

static void unknown_address_is_404_as_problem(void **state)
{
    struct answer answer;

    (void)state;
    ask("GET", "/api/v1/nothing", NULL, NULL, &answer);
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer_header(&answer, "Content-Type"), "application/problem+json");
    assert_non_null(strstr(answer.body, "\"code\":\"request.unknown\""));
    assert_non_null(strstr(answer.body, "\"status\":404"));
    answer_free(&answer);
    expect("GET", "/api/v1/things", NULL, NULL, 404, NULL);
    expect("GET", "/api/v1/things/", NULL, NULL, 404, NULL);
    expect("GET", "/api/v1/things/1/parts", NULL, NULL, 404, NULL);
}

static void wrong_method_is_405_and_says_which_are_allowed(void **state)
{
    struct answer answer;

    (void)state;
    ask("DELETE", "/api/v1/people", NULL, NULL, &answer);
    assert_int_equal(answer.status, 405);
    assert_string_equal(answer_header(&answer, "Allow"), "POST");
    answer_free(&answer);
}

static void head_answers_like_get_without_body(void **state)
{
    struct answer answer;

    (void)state;
    ask("HEAD", "/api/v1/things/1", NULL, NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_length, 0);
    answer_free(&answer);
}

static void a_route_without_permission_is_refused_at_start(void **state)
{
    static const struct http_route bad[] = {{"GET", "/api/v1/open", 0, say_special, ""}};

    (void)state;
    assert_int_equal(http_add_routes(http, bad, 1, NULL), -EINVAL);
}

static void the_guard_refuses_before_the_body_counts(void **state)
{
    (void)state;
    expect("POST", "/api/v1/secret", NULL, "{ not json", 403, "access.denied");
}

static void a_path_that_is_no_utf8_is_refused(void **state)
{
    (void)state;
    expect("GET", "/api/v1/things/%FF%FE", NULL, NULL, 400, "request.encoding");
    expect("GET", "/api/v1/things/1?q=%C3%28", NULL, NULL, 400, "request.encoding");
}

static void malformed_http_never_crashes(void **state)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /api/v1/things/%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct answer answer;
        int fd = client_connect(http_port(http));
        client_send(fd, bad[i], strlen(bad[i]));
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        client_read_all(loop, fd, &answer);
        assert_true(answer.status == 0 || answer.status >= 200);
        answer_free(&answer);
    }
    expect("GET", "/api/v1/list", NULL, NULL, 200, NULL);
}

/* --- answers later -------------------------------------------------------------------------------
 */

static void an_answer_may_come_later(void **state)
{
    static const char request[] =
        "GET /api/v1/later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct answer answer;
    int fd = client_connect(http_port(http));

    (void)state;
    kept = NULL;
    client_send(fd, request, strlen(request));
    while (!kept)
        loop_run_once(loop, 5);
    http_answer_json(kept, 200, "{\"late\":true}");
    client_read_all(loop, fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"late\":true}");
    answer_free(&answer);
}

static void stopping_answers_who_still_waits(void **state)
{
    static const char request[] =
        "GET /api/v1/later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct answer answer;
    int fd = client_connect(http_port(http)), other = client_connect(http_port(http));
    static const char events[] = "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n";
    char buffer[4096];

    (void)state;
    kept = NULL;
    client_send(fd, request, strlen(request));
    client_send(other, events, strlen(events));
    assert_true(client_read_until(loop, other, "event: hello", buffer, sizeof(buffer)));
    while (!kept)
        loop_run_once(loop, 5);
    http_destroy(http);
    http = NULL;
    assert_int_equal(streams_closed, 1);
    client_read_all(loop, fd, &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, "server.stopping"));
    answer_free(&answer);
    client_read_all(loop, other, &answer);
    answer_free(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(literal_routes_go_before_parameters),
        TEST(unknown_address_is_404_as_problem),
        TEST(wrong_method_is_405_and_says_which_are_allowed),
        TEST(head_answers_like_get_without_body),
        TEST(a_route_without_permission_is_refused_at_start),
        TEST(the_guard_refuses_before_the_body_counts),
        TEST(a_path_that_is_no_utf8_is_refused),
        TEST(malformed_http_never_crashes),
        TEST(an_answer_may_come_later),
        TEST(stopping_answers_who_still_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
