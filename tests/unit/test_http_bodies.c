/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* What requests bring: JSON bound to a struct, uploads that are too large, numbers of the query. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/id.h>
#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "http_server.h"

#define BODY_MAX 20000

/* --- a small application -------------------------------------------------------------------- */

struct person {
    const char *name;
    int64_t age, ring_ms;
    bool active;
    struct uuid id;
    const cJSON *tags;
};

static void take_body(struct http_request *request, void *arg)
{
    static const struct http_field fields[] = {
        {"name", "姓名", HTTP_TEXT, offsetof(struct person, name), HTTP_REQUIRED, 1, 10},
        {"age", "年龄", HTTP_INT, offsetof(struct person, age), 0, 0, 150},
        {"ring_ms", "振铃时限", HTTP_MS, offsetof(struct person, ring_ms), 0, 1000, 300000},
        {"active", "启用", HTTP_BOOL, offsetof(struct person, active), 0, 0, 0},
        {"id", "编号", HTTP_UUID, offsetof(struct person, id), 0, 0, 0},
        {"tags", "标签", HTTP_JSON, offsetof(struct person, tags), 0, 0, 0},
    };
    struct person person = {.age = -1};
    struct text json = {0};

    (void)arg;
    if (!http_read_body(request, fields, sizeof(fields) / sizeof(fields[0]), &person))
        return;
    text_add(&json, "{\"name\":");
    text_add_json(&json, person.name);
    text_addf(&json, ",\"age\":%lld,\"active\":%d,\"tags\":%d}", (long long)person.age,
              person.active, person.tags ? cJSON_GetArraySize(person.tags) : -1);
    http_answer_json(request, 201, json.data);
    text_done(&json);
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

static const struct http_route routes[] = {
    {"POST", "/api/v1/people", 1, take_body, "新增"},
    {"GET", "/api/v1/list", 1, take_number, "列表"},
};

static int set_up(void **state)
{
    struct http_options options = server_options();

    (void)state;
    options.max_body = BODY_MAX;
    server_start(&options, NULL, routes, sizeof(routes) / sizeof(routes[0]), (void *)"thing");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- bodies --------------------------------------------------------------------------------------
 */

static void a_good_body_fills_the_struct(void **state)
{
    (void)state;
    expect("POST", "/api/v1/people", NULL,
           "{\"name\":\"韦晓丽\",\"age\":30,\"active\":true,"
           "\"id\":\"0190c8a0-0000-7000-8000-000000000001\",\"tags\":[\"a\",\"b\"]}",
           201, "{\"name\":\"韦晓丽\",\"age\":30,\"active\":1,\"tags\":2}");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"age\":null}", 201,
           "\"age\":-1,\"active\":0,\"tags\":-1");
}

static void all_wrong_fields_are_said_at_once(void **state)
{
    struct answer answer;

    (void)state;
    ask("POST", "/api/v1/people", NULL,
        "{\"age\":200,\"active\":\"yes\",\"id\":\"12\",\"colour\":1}", &answer);
    assert_int_equal(answer.status, 422);
    assert_non_null(strstr(answer.body, "\"name\":\"请填写姓名\""));
    assert_non_null(strstr(answer.body, "\"age\":\"年龄应在 0 到 150 之间，现为 200\""));
    assert_non_null(strstr(answer.body, "\"active\":\"启用应为是或否\""));
    assert_non_null(strstr(answer.body, "\"id\":\"编号不是有效的编号\""));
    assert_non_null(strstr(answer.body, "\"colour\":\"没有这个字段\""));
    answer_free(&answer);
}

/* The API counts in milliseconds, people in seconds. */
static void a_duration_out_of_range_is_said_in_seconds(void **state)
{
    (void)state;
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"ring_ms\":500}", 422,
           "\"ring_ms\":\"振铃时限应在 1 到 300 秒之间，现为 0.5 秒\"");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"ring_ms\":300001}", 422,
           "现为 300.001 秒");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"ring_ms\":1.5}", 422,
           "振铃时限应为整数（毫秒）");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"ring_ms\":\"\"}", 422,
           "请填写振铃时限");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"ring_ms\":300000}", 201, "{");
}

/* Each complaint is looked up among those before it: all of a million would take hours. */
static void of_many_unknown_fields_a_few_are_said(void **state)
{
    struct answer answer;
    char body[4096] = "{\"name\":\"x\"";
    size_t length = strlen(body), said = 0;

    (void)state;
    for (int i = 0; i < 200; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length, ",\"f%d\":0", i);
    snprintf(body + length, sizeof(body) - length, "}");
    ask("POST", "/api/v1/people", NULL, body, &answer);
    assert_int_equal(answer.status, 422);
    for (const char *at = answer.body; (at = strstr(at, "没有这个字段")); at++)
        said++;
    assert_int_equal(said, 50);
    answer_free(&answer);
}

static void lengths_count_characters_not_bytes(void **state)
{
    (void)state;
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"一二三四五六七八九十\"}", 201, NULL);
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"一二三四五六七八九十一\"}", 422,
           "现为 11 个");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"\"}", 422, "请填写姓名");
}

static void malformed_json_is_400_whatever_it_is(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "1",
                                      "null",
                                      "\"text\"",
                                      "{\"name\":\"x\"} trailing",
                                      "{\"name\":\"\xff\xfe\"}",
                                      "{\"name\":\"a\\u0000b\"}",
                                      "{'name':'x'}",
                                      "{\"name\":NaN}"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect("POST", "/api/v1/people", NULL, bad[i], 400, "request.json");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"name\":\"y\"}", 422, "字段重复");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"age\":1e400}", 422, "age");
    expect("POST", "/api/v1/people", NULL, "{\"name\":\"x\",\"age\":1.5}", 422, "应为整数");
}

static void deep_nesting_is_refused(void **state)
{
    char body[10000];

    (void)state;
    memset(body, '[', sizeof(body) - 1);
    body[sizeof(body) - 1] = 0;
    expect("POST", "/api/v1/people", NULL, body, 400, "request.too_deep");
}

static void too_long_a_body_is_413(void **state)
{
    struct answer answer;
    struct text request = {0};
    int fd;

    (void)state;
    fd = client_connect(http_port(http));
    text_addf(&request, "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Length: 999999999999\r\n\r\n");
    client_send(fd, request.data, request.length);
    client_read_all(loop, fd, &answer);
    assert_int_equal(answer.status, 413);
    answer_free(&answer);

    /* Chunked: nobody announces the length. */
    text_clear(&request);
    text_add(&request, "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        text_add(&request, "2710\r\n");
        for (int j = 0; j < 10000; j++)
            text_add(&request, "x");
        text_add(&request, "\r\n");
    }
    text_add(&request, "0\r\n\r\n");
    fd = client_connect(http_port(http));
    client_send(fd, request.data, request.length);
    client_read_all(loop, fd, &answer);
    assert_int_equal(answer.status, 413);
    answer_free(&answer);
    text_done(&request);
}

/* Sends while the loop turns, as a client does that reads nothing before all is sent. */
static bool send_zeros(int fd, size_t size)
{
    static const char zeros[65536];
    uint64_t until = loop_now_ms(loop) + 20000;

    while (size) {
        ssize_t sent = send(fd, zeros, size < sizeof(zeros) ? size : sizeof(zeros),
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false; /* reset */
        size -= sent > 0 ? (size_t)sent : 0;
        loop_run_once(loop, 0);
        assert_true(loop_now_ms(loop) < until);
    }
    return true;
}

static void an_upload_without_expect_hears_why_it_is_refused(void **state)
{
    const size_t size = 16 * 1024 * 1024;
    struct answer answer;
    struct text request = {0};
    int fd = client_connect(http_port(http));

    (void)state;
    text_addf(&request, "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
              size);
    client_send(fd, request.data, request.length);
    assert_true(send_zeros(fd, size));
    client_read_all(loop, fd, &answer); /* it is also closed */
    assert_int_equal(answer.status, 413);
    assert_non_null(strstr(answer.body, "request.too_large"));
    answer_free(&answer);
    text_done(&request);
}

static void who_asks_before_an_upload_is_refused_at_once(void **state)
{
    static const char ask[] = "POST /api/v1/people HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                              "Content-Length: 16777216\r\n\r\n";
    struct answer answer;
    int fd = client_connect(http_port(http));

    (void)state;
    client_send(fd, ask, strlen(ask));
    client_read_all(loop, fd, &answer);
    assert_int_equal(answer.status, 413); /* and no "100 Continue" before it */
    answer_free(&answer);
}

static void an_upload_without_end_is_cut_off(void **state)
{
    static const char head[] = "POST /api/v1/people HTTP/1.1\r\nHost: x\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n10000000\r\n";
    int fd = client_connect(http_port(http));

    (void)state;
    client_send(fd, head, strlen(head));
    assert_false(send_zeros(fd, 128 * 1024 * 1024));
    close(fd);
    expect("GET", "/api/v1/list", NULL, NULL, 200, "{\"limit\":50}");
}

static void query_numbers_are_checked(void **state)
{
    (void)state;
    expect("GET", "/api/v1/list", NULL, NULL, 200, "{\"limit\":50}");
    expect("GET", "/api/v1/list?limit=7", NULL, NULL, 200, "{\"limit\":7}");
    expect("GET", "/api/v1/list?limit=0", NULL, NULL, 422, "条数应为 1 到 200 的整数");
    expect("GET", "/api/v1/list?limit=7x", NULL, NULL, 422, "limit");
    expect("GET", "/api/v1/list?limit=99999999999999999999", NULL, NULL, 422, "limit");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_good_body_fills_the_struct),
        TEST(all_wrong_fields_are_said_at_once),
        TEST(a_duration_out_of_range_is_said_in_seconds),
        TEST(of_many_unknown_fields_a_few_are_said),
        TEST(lengths_count_characters_not_bytes),
        TEST(malformed_json_is_400_whatever_it_is),
        TEST(deep_nesting_is_refused),
        TEST(too_long_a_body_is_413),
        TEST(an_upload_without_expect_hears_why_it_is_refused),
        TEST(who_asks_before_an_upload_is_refused_at_once),
        TEST(an_upload_without_end_is_cut_off),
        TEST(query_numbers_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
