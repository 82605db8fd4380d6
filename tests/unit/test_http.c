/* rooms: base http */
/* with: tests/unit/http_client.c */
/* The HTTP room over real sockets: routing, limits, bodies, ranges, streams, pages, TLS. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include <cmocka.h>

#include <hotlined/http.h>
#include <hotlined/id.h>
#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "http_client.h"

#define BODY_MAX 20000

static struct loop *loop;
static struct http *http;
static char root[64];
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

struct person {
    const char *name;
    int64_t age;
    bool active;
    struct uuid id;
    const cJSON *tags;
};

static void take_body(struct http_request *request, void *arg)
{
    static const struct http_field fields[] = {
        {"name", "姓名", HTTP_TEXT, offsetof(struct person, name), HTTP_REQUIRED, 1, 10},
        {"age", "年龄", HTTP_INT, offsetof(struct person, age), 0, 0, 150},
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

static void send_file(struct http_request *request, void *arg)
{
    char path[128];

    (void)arg;
    snprintf(path, sizeof(path), "%s/%s", root, http_path_param(request, "name"));
    http_answer_file(request, path, "audio/wav", "录音 1.wav");
}

static ssize_t read_alphabet(void *arg, uint64_t at, char *out, size_t size)
{
    size_t i;

    (void)arg;
    for (i = 0; i < size && at + i < 26; i++)
        out[i] = (char)('a' + at + i);
    return (ssize_t)i;
}

static void source_done(void *arg)
{
    ++*(int *)arg;
}

static int sources_done;

static void send_source(struct http_request *request, void *arg)
{
    (void)arg;
    http_answer_source(request, &(struct http_source){26, "text/plain", read_alphabet, source_done,
                                                      &sources_done});
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
    {"POST", "/api/v1/people", 1, take_body, "新增"},
    {"GET", "/api/v1/list", 1, take_number, "列表"},
    {"GET", "/api/v1/later", 1, keep, "稍后"},
    {"POST", "/api/v1/secret", 2, take_body, "保密"},
    {"GET", "/api/v1/files/{name}", 1, send_file, "文件"},
    {"GET", "/api/v1/alphabet", 1, send_source, "字母"},
    {"GET", "/api/v1/events", 1, open_stream, "事件"},
};

static void write_file(const char *name, const char *content)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    char certificate[100], key[100], assets[100];
    struct http_options options = {.listen = "127.0.0.1:0",
                                   .https_listen = "127.0.0.1:0",
                                   .certificate = certificate,
                                   .key = key,
                                   .web_dir = root,
                                   .max_body = BODY_MAX,
                                   .max_connections = 100};

    (void)state;
    snprintf(root, sizeof(root), "/tmp/hl-http-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(certificate, sizeof(certificate), "%s/tls/server.pem", root);
    snprintf(key, sizeof(key), "%s/tls/server.key", root);
    snprintf(assets, sizeof(assets), "%s/assets", root);
    assert_int_equal(mkdir(assets, 0700), 0);
    write_file("index.html", "<!doctype html><title>12366</title>");
    write_file("assets/app-1a2b.js", "export {}");
    write_file(".hidden", "secret");
    write_file("sound.wav", "0123456789");
    assert_int_equal(http_make_certificate(certificate, key), 0);
    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(http_create(loop, &options, guard, NULL, &http), 0);
    assert_int_equal(
        http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), (void *)"thing"), 0);
    streams_closed = 0;
    return 0;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    http_destroy(http);
    loop_destroy(loop);
    static const char *const files[] = {"tls/server.pem", "tls/server.key",     "tls",
                                        "index.html",     "assets/app-1a2b.js", "assets",
                                        ".hidden",        "sound.wav",          ""};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(command, sizeof(command), "%s/%s", root, files[i]);
        assert_int_equal(remove(command), 0);
    }
    return 0;
}

static void ask(const char *method, const char *path, const char *headers, const char *body,
                struct answer *ret_answer)
{
    client_ask(loop, http_port(http), method, path, headers, body, ret_answer);
}

static void expect(const char *method, const char *path, const char *body, int status,
                   const char *part)
{
    struct answer answer;

    ask(method, path, NULL, body, &answer);
    assert_int_equal(answer.status, status);
    if (part && !strstr(answer.body, part))
        fail_msg("%s %s: no %s in %s", method, path, part, answer.body);
    answer_free(&answer);
}

/* --- routing -------------------------------------------------------------------------------- */

static void literal_routes_go_before_parameters(void **state)
{
    (void)state;
    expect("GET", "/api/v1/things/special", NULL, 200, "\"route\":\"special\"");
    expect("GET", "/api/v1/things/7?q=%E5%8D%97%E5%AE%81", NULL, 200,
           "\"id\":\"7\",\"q\":\"南宁\"");
    expect("GET", "/api/v1/things/7/parts/8", NULL, 200, "\"id\":\"7\"");
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
    expect("GET", "/api/v1/things", NULL, 404, NULL);
    expect("GET", "/api/v1/things/", NULL, 404, NULL);
    expect("GET", "/api/v1/things/1/parts", NULL, 404, NULL);
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
    expect("POST", "/api/v1/secret", "{ not json", 403, "access.denied");
}

static void a_path_that_is_no_utf8_is_refused(void **state)
{
    (void)state;
    expect("GET", "/api/v1/things/%FF%FE", NULL, 400, "request.encoding");
    expect("GET", "/api/v1/things/1?q=%C3%28", NULL, 400, "request.encoding");
}

/* --- bodies --------------------------------------------------------------------------------- */

static void a_good_body_fills_the_struct(void **state)
{
    (void)state;
    expect("POST", "/api/v1/people",
           "{\"name\":\"韦晓丽\",\"age\":30,\"active\":true,"
           "\"id\":\"0190c8a0-0000-7000-8000-000000000001\",\"tags\":[\"a\",\"b\"]}",
           201, "{\"name\":\"韦晓丽\",\"age\":30,\"active\":1,\"tags\":2}");
    expect("POST", "/api/v1/people", "{\"name\":\"x\",\"age\":null}", 201,
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
    assert_non_null(strstr(answer.body, "\"age\":\"年龄应在 0 到 150 之间\""));
    assert_non_null(strstr(answer.body, "\"active\":\"启用应为是或否\""));
    assert_non_null(strstr(answer.body, "\"id\":\"编号不是有效的编号\""));
    assert_non_null(strstr(answer.body, "\"colour\":\"没有这个字段\""));
    answer_free(&answer);
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
    expect("POST", "/api/v1/people", "{\"name\":\"一二三四五六七八九十\"}", 201, NULL);
    expect("POST", "/api/v1/people", "{\"name\":\"一二三四五六七八九十一\"}", 422, "现为 11 个");
    expect("POST", "/api/v1/people", "{\"name\":\"\"}", 422, "请填写姓名");
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
        expect("POST", "/api/v1/people", bad[i], 400, "request.json");
    expect("POST", "/api/v1/people", "{\"name\":\"x\",\"name\":\"y\"}", 422, "字段重复");
    expect("POST", "/api/v1/people", "{\"name\":\"x\",\"age\":1e400}", 422, "age");
    expect("POST", "/api/v1/people", "{\"name\":\"x\",\"age\":1.5}", 422, "应为整数");
}

static void deep_nesting_is_refused(void **state)
{
    char body[10000];

    (void)state;
    memset(body, '[', sizeof(body) - 1);
    body[sizeof(body) - 1] = 0;
    expect("POST", "/api/v1/people", body, 400, "request.too_deep");
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
    expect("GET", "/api/v1/list", NULL, 200, "{\"limit\":50}");
}

static void query_numbers_are_checked(void **state)
{
    (void)state;
    expect("GET", "/api/v1/list", NULL, 200, "{\"limit\":50}");
    expect("GET", "/api/v1/list?limit=7", NULL, 200, "{\"limit\":7}");
    expect("GET", "/api/v1/list?limit=0", NULL, 422, "条数应为 1 到 200 的整数");
    expect("GET", "/api/v1/list?limit=7x", NULL, 422, "limit");
    expect("GET", "/api/v1/list?limit=99999999999999999999", NULL, 422, "limit");
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
    expect("GET", "/api/v1/list", NULL, 200, NULL);
}

/* --- answers later -------------------------------------------------------------------------- */

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

/* --- files and pages ------------------------------------------------------------------------ */

static void a_range_of_a_file_is_206(void **state)
{
    static const struct {
        const char *range, *content_range, *body;
        int status;
    } cases[] = {
        {"bytes=2-4", "bytes 2-4/10", "234", 206},
        {"bytes=7-", "bytes 7-9/10", "789", 206},
        {"bytes=-3", "bytes 7-9/10", "789", 206},
        {"bytes=-99", "bytes 0-9/10", "0123456789", 206},
        {"bytes=5-99", "bytes 5-9/10", "56789", 206},
        {"bytes=10-", "bytes */10", NULL, 416},
        {"bytes=-0", "bytes */10", NULL, 416},
        {"bytes=4-2", NULL, "0123456789", 200},
        {"bytes=0-1,3-4", NULL, "0123456789", 200},
        {"bytes=99999999999999999999999-", NULL, "0123456789", 200},
        {"lines=1-2", NULL, "0123456789", 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer;
        char header[100];
        snprintf(header, sizeof(header), "Range: %s\r\n", cases[i].range);
        ask("GET", "/api/v1/files/sound.wav", header, NULL, &answer);
        assert_int_equal(answer.status, cases[i].status);
        if (cases[i].body)
            assert_string_equal(answer.body, cases[i].body);
        if (cases[i].content_range)
            assert_string_equal(answer_header(&answer, "Content-Range"), cases[i].content_range);
        answer_free(&answer);
    }
}

static void a_download_keeps_its_chinese_name(void **state)
{
    struct answer answer;

    (void)state;
    ask("GET", "/api/v1/files/sound.wav", NULL, NULL, &answer);
    assert_string_equal(answer_header(&answer, "Content-Disposition"),
                        "attachment; filename*=UTF-8''%E5%BD%95%E9%9F%B3%201.wav");
    assert_string_equal(answer_header(&answer, "Accept-Ranges"), "bytes");
    answer_free(&answer);
    expect("GET", "/api/v1/files/none.wav", NULL, 404, "file.missing");
    expect("GET", "/api/v1/files/assets", NULL, 404, "file.missing");
}

static void made_content_has_ranges_too(void **state)
{
    struct answer answer;

    (void)state;
    sources_done = 0;
    ask("GET", "/api/v1/alphabet", "Range: bytes=24-\r\n", NULL, &answer);
    assert_int_equal(answer.status, 206);
    assert_string_equal(answer.body, "yz");
    answer_free(&answer);
    ask("GET", "/api/v1/alphabet", NULL, NULL, &answer);
    assert_string_equal(answer.body, "abcdefghijklmnopqrstuvwxyz");
    answer_free(&answer);
    ask("GET", "/api/v1/alphabet", "Range: bytes=26-\r\n", NULL, &answer);
    assert_int_equal(answer.status, 416);
    answer_free(&answer);
    loop_run_once(loop, 5);
    assert_int_equal(sources_done, 3);
}

static void pages_are_served_with_a_strict_policy(void **state)
{
    struct answer answer;
    const char *policy;

    (void)state;
    ask("GET", "/", NULL, NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "Content-Type"), "text/html; charset=utf-8");
    assert_string_equal(answer_header(&answer, "Cache-Control"), "no-cache");
    policy = answer_header(&answer, "Content-Security-Policy");
    assert_non_null(strstr(policy, "default-src 'self'; script-src 'self'; style-src 'self'"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    assert_null(strstr(policy, "unsafe"));
    assert_string_equal(answer_header(&answer, "X-Content-Type-Options"), "nosniff");
    assert_non_null(strstr(answer_header(&answer, "Permissions-Policy"), "microphone=(self)"));
    answer_free(&answer);
}

static void addresses_of_the_application_get_its_page(void **state)
{
    (void)state;
    expect("GET", "/monitor/wall", NULL, 200, "<title>12366</title>");
    expect("GET", "/missing.js", NULL, 404, NULL);
    expect("GET", "/assets/old-ffff.js", NULL, 404, NULL);
    expect("POST", "/monitor/wall", "{}", 404, NULL);
}

static void hashed_assets_are_cached_for_long_and_known_ones_are_304(void **state)
{
    struct answer answer;
    char header[200];

    (void)state;
    ask("GET", "/assets/app-1a2b.js", NULL, NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "Content-Type"), "text/javascript; charset=utf-8");
    assert_string_equal(answer_header(&answer, "Cache-Control"),
                        "public, max-age=31536000, immutable");
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", answer_header(&answer, "ETag"));
    answer_free(&answer);
    ask("GET", "/assets/app-1a2b.js", header, NULL, &answer);
    assert_int_equal(answer.status, 304);
    answer_free(&answer);
}

static void nothing_outside_the_pages_is_served(void **state)
{
    static const char *const bad[] = {"/../etc/passwd", "/%2e%2e/etc/passwd",
                                      "/.hidden",       "/assets/../../etc/passwd",
                                      "//etc/passwd",   "/tls/../.hidden"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect("GET", bad[i], NULL, 404, NULL);
}

/* --- streams -------------------------------------------------------------------------------- */

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

/* --- TLS ------------------------------------------------------------------------------------ */

static SSL *shake_hands(int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    char path[100];
    int result;

    assert_non_null(context);
    snprintf(path, sizeof(path), "%s/tls/server.pem", root);
    assert_int_equal(SSL_CTX_load_verify_locations(context, path, NULL), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ssl = SSL_new(context);
    SSL_CTX_free(context);
    assert_int_equal(SSL_set1_host(ssl, "localhost"), 1);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while ((result = SSL_connect(ssl)) != 1) {
        int error = SSL_get_error(ssl, result);
        assert_true(error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE);
        loop_run_once(loop, 5);
    }
    return ssl;
}

static void tls_works_with_the_certificate_made_here(void **state)
{
    static const char request[] =
        "GET /api/v1/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = client_connect(https_port(http));
    SSL *ssl = shake_hands(fd);
    char answer[4096];
    size_t length = 0;
    int got;

    (void)state;
    assert_int_equal(SSL_write(ssl, request, (int)strlen(request)), (int)strlen(request));
    for (;;) {
        got = SSL_read(ssl, answer + length, (int)(sizeof(answer) - 1 - length));
        if (got > 0)
            length += (size_t)got;
        else if (SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ)
            break;
        else
            loop_run_once(loop, 5);
    }
    answer[length] = 0;
    assert_non_null(strstr(answer, "200 OK"));
    assert_non_null(strstr(answer, "{\"limit\":50}"));
    assert_non_null(strstr(answer, "Strict-Transport-Security"));
    SSL_free(ssl);
    close(fd);
}

static void the_private_key_is_for_its_owner_only(void **state)
{
    struct stat status;
    char path[100];

    (void)state;
    snprintf(path, sizeof(path), "%s/tls/server.key", root);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_silent_tls_client_does_not_make_the_loop_spin(void **state)
{
    int fd = client_connect(https_port(http));
    uint64_t began;
    int turns = 0;

    (void)state;
    for (int i = 0; i < 50; i++)
        loop_run_once(loop, 1); /* let it be accepted */
    began = loop_now_ms(loop);
    while (loop_now_ms(loop) < began + 300) {
        loop_run_once(loop, 100);
        turns++;
    }
    assert_true(turns < 400); /* a spinning loop makes tens of thousands */
    close(fd);
}

static void plain_http_is_refused_off_loopback(void **state)
{
    struct http_options options = {.listen = "0.0.0.0:0", .https_listen = ""};
    struct http *other = NULL;

    (void)state;
    assert_int_equal(http_create(loop, &options, guard, NULL, &other), -EPERM);
    options.listen = "nonsense";
    assert_int_equal(http_create(loop, &options, guard, NULL, &other), -EINVAL);
    assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(literal_routes_go_before_parameters),
        TEST(unknown_address_is_404_as_problem),
        TEST(wrong_method_is_405_and_says_which_are_allowed),
        TEST(head_answers_like_get_without_body),
        TEST(a_route_without_permission_is_refused_at_start),
        TEST(the_guard_refuses_before_the_body_counts),
        TEST(a_path_that_is_no_utf8_is_refused),
        TEST(a_good_body_fills_the_struct),
        TEST(all_wrong_fields_are_said_at_once),
        TEST(of_many_unknown_fields_a_few_are_said),
        TEST(lengths_count_characters_not_bytes),
        TEST(malformed_json_is_400_whatever_it_is),
        TEST(deep_nesting_is_refused),
        TEST(too_long_a_body_is_413),
        TEST(an_upload_without_expect_hears_why_it_is_refused),
        TEST(who_asks_before_an_upload_is_refused_at_once),
        TEST(an_upload_without_end_is_cut_off),
        TEST(query_numbers_are_checked),
        TEST(malformed_http_never_crashes),
        TEST(an_answer_may_come_later),
        TEST(stopping_answers_who_still_waits),
        TEST(a_range_of_a_file_is_206),
        TEST(a_download_keeps_its_chinese_name),
        TEST(made_content_has_ranges_too),
        TEST(pages_are_served_with_a_strict_policy),
        TEST(addresses_of_the_application_get_its_page),
        TEST(hashed_assets_are_cached_for_long_and_known_ones_are_304),
        TEST(nothing_outside_the_pages_is_served),
        TEST(events_reach_the_reader_at_once),
        TEST(a_closed_stream_ends_for_the_reader),
        TEST(a_reader_who_left_is_noticed_when_something_is_sent),
        TEST(a_slow_reader_is_cut_off_and_memory_stays_bounded),
        TEST(tls_works_with_the_certificate_made_here),
        TEST(the_private_key_is_for_its_owner_only),
        TEST(a_silent_tls_client_does_not_make_the_loop_spin),
        TEST(plain_http_is_refused_off_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
