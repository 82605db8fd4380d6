/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* Files with ranges, content made while it is sent, and the pages of the application. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/loop.h>

#include "http_server.h"

static int sources_done;

/* --- a small application -------------------------------------------------------------------- */

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

static void send_source(struct http_request *request, void *arg)
{
    (void)arg;
    http_answer_source(request, &(struct http_source){26, "text/plain", read_alphabet, source_done,
                                                      &sources_done});
}

static const struct http_route routes[] = {
    {"GET", "/api/v1/files/{name}", 1, send_file, "文件"},
    {"GET", "/api/v1/alphabet", 1, send_source, "字母"},
};

static int set_up(void **state)
{
    struct http_options options = server_options();

    (void)state;
    options.web_dir = root;
    server_folder("assets");
    server_file("index.html", "<!doctype html><title>12366</title>");
    server_file("assets/app-1a2b.js", "export {}");
    server_file(".hidden", "secret");
    server_file("sound.wav", "0123456789");
    server_start(&options, NULL, routes, sizeof(routes) / sizeof(routes[0]), (void *)"thing");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- files and pages -----------------------------------------------------------------------------
 */

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
    expect("GET", "/api/v1/files/none.wav", NULL, NULL, 404, "file.missing");
    expect("GET", "/api/v1/files/assets", NULL, NULL, 404, "file.missing");
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
    expect("GET", "/monitor/wall", NULL, NULL, 200, "<title>12366</title>");
    expect("GET", "/missing.js", NULL, NULL, 404, NULL);
    expect("GET", "/assets/old-ffff.js", NULL, NULL, 404, NULL);
    expect("POST", "/monitor/wall", NULL, "{}", 404, NULL);
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
        expect("GET", bad[i], NULL, NULL, 404, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_range_of_a_file_is_206),
        TEST(a_download_keeps_its_chinese_name),
        TEST(made_content_has_ranges_too),
        TEST(pages_are_served_with_a_strict_policy),
        TEST(addresses_of_the_application_get_its_page),
        TEST(hashed_assets_are_cached_for_long_and_known_ones_are_304),
        TEST(nothing_outside_the_pages_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
