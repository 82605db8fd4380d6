/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* TLS: the certificate made here, clients that say nothing, and nothing in the clear off this
 * machine. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include <cmocka.h>

#include <hotlined/loop.h>

#include "http_server.h"

/* --- a small application -------------------------------------------------------------------- */

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
    {"GET", "/api/v1/list", 1, take_number, "列表"},
};

static int set_up(void **state)
{
    struct http_options options = server_options();

    (void)state;
    server_start(&options, NULL, routes, sizeof(routes) / sizeof(routes[0]), (void *)"thing");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- TLS -----------------------------------------------------------------------------------------
 */

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
    assert_int_equal(http_create(loop, &options, NULL, NULL, &other), -EPERM);
    options.listen = "nonsense";
    assert_int_equal(http_create(loop, &options, NULL, NULL, &other), -EINVAL);
    assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(tls_works_with_the_certificate_made_here),
        TEST(the_private_key_is_for_its_owner_only),
        TEST(a_silent_tls_client_does_not_make_the_loop_spin),
        TEST(plain_http_is_refused_off_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
