/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* Pipelined requests: all of them are answered, in order, whether the answer is there at once or
 * comes later, in the clear and over TLS, however the bytes arrive. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include <cmocka.h>

#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "http_server.h"

#define REQUESTS    100
#define PATIENCE_MS 20000

/* --- a small application: answers with the number it was asked with --------------------------- */

struct waiting {
    struct loop_timer timer;
    struct http_request *request;
};

static void answer(struct http_request *request)
{
    struct text json = {0};

    text_addf(&json, "{\"n\":%s}", http_query(request, "n"));
    http_answer_json(request, 200, json.data);
    text_done(&json);
}

static void at_once(struct http_request *request, void *arg)
{
    (void)arg;
    answer(request);
}

static void answer_waiting(void *arg)
{
    struct waiting *waiting = arg;

    loop_timer_done(&waiting->timer);
    answer(waiting->request);
    free(waiting);
}

static void later(struct http_request *request, void *arg)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));

    (void)arg;
    assert_non_null(waiting);
    waiting->request = request;
    loop_timer_init(&waiting->timer, loop, answer_waiting, waiting);
    loop_timer_start(&waiting->timer, 1);
}

static void deferred_answer(void *arg)
{
    answer(arg);
}

static void in_this_turn(struct http_request *request, void *arg)
{
    (void)arg;
    loop_defer(loop, deferred_answer, request);
}

static const struct http_route routes[] = {
    {"GET", "/api/v1/now", 1, at_once, "立即"},
    {"GET", "/api/v1/later", 1, later, "稍后"},
    {"GET", "/api/v1/turn", 1, in_this_turn, "本轮"},
    {"POST", "/api/v1/later", 1, later, "稍后"},
};

static int set_up(void **state)
{
    struct http_options options = server_options();

    (void)state;
    options.max_body = 20000;
    server_start(&options, NULL, routes, sizeof(routes) / sizeof(routes[0]), NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

/* --- a client, in the clear or over TLS ------------------------------------------------------- */

struct client {
    int fd;
    SSL *ssl; /* NULL = in the clear */
};

static void turn_until(uint64_t until)
{
    loop_run_once(loop, 1);
    assert_true(loop_now_ms(loop) < until);
}

static void connect_client(struct client *client, bool tls)
{
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;
    SSL_CTX *context;

    client->fd = client_connect(tls ? https_port(http) : http_port(http));
    client->ssl = NULL;
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
    if (!tls)
        return;
    context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    client->ssl = SSL_new(context);
    SSL_CTX_free(context);
    assert_int_equal(SSL_set_fd(client->ssl, client->fd), 1);
    while (SSL_connect(client->ssl) != 1)
        turn_until(until);
}

static void close_client(struct client *client)
{
    SSL_free(client->ssl);
    close(client->fd);
}

static void send_all(struct client *client, const char *bytes, size_t size)
{
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;

    while (size) {
        ssize_t sent =
            client->ssl ? SSL_write(client->ssl, bytes, (int)size) : write(client->fd, bytes, size);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        } else {
            turn_until(until);
        }
    }
}

static ssize_t receive(struct client *client, char *out, size_t size)
{
    return client->ssl ? SSL_read(client->ssl, out, (int)size) : read(client->fd, out, size);
}

/* Reads until so many answers are there; they must be those of requests 0, 1, 2 ... */
static void expect_answers(struct client *client, int count)
{
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;
    struct text text = {0};
    char bytes[4096], wanted[40];
    size_t at = 0;
    int n = 0;

    while (n < count) {
        ssize_t got = receive(client, bytes, sizeof(bytes));
        const char *found;

        if (got > 0)
            text_add_bytes(&text, bytes, (size_t)got);
        else
            turn_until(until);
        snprintf(wanted, sizeof(wanted), "\r\n\r\n{\"n\":%d}", n);
        while (text.data && (found = strstr(text.data + at, wanted))) {
            const char *status = strstr(text.data + at, "HTTP/1.1 200 ");
            assert_ptr_equal(status, text.data + at); /* nothing between two answers */
            at = (size_t)(found - text.data) + strlen(wanted);
            snprintf(wanted, sizeof(wanted), "\r\n\r\n{\"n\":%d}", ++n);
        }
    }
    assert_int_equal(at, text.length);
    text_done(&text);
}

static void add_request(struct text *text, const char *method, const char *path, int n,
                        const char *body)
{
    text_addf(text, "%s /api/v1/%s?n=%d HTTP/1.1\r\nHost: x\r\n", method, path, n);
    if (body)
        text_addf(text, "Content-Length: %zu\r\n", strlen(body));
    text_addf(text, "\r\n%s", body ? body : "");
}

/* Of every kind in turn; no kind follows another only once. */
static void add_mixed(struct text *text, int count)
{
    static const char *const kinds[] = {"later", "now", "later", "later", "turn",
                                        "now",   "now", "turn",  "turn",  "later"};

    for (int n = 0; n < count; n++)
        if (n % 7 == 3)
            add_request(text, "POST", "later", n, "{\"text\":\"1234567890\"}");
        else
            add_request(text, "GET", kinds[n % 10], n, NULL);
}

static void in_one_write(bool tls)
{
    struct client client;
    struct text text = {0};

    connect_client(&client, tls);
    add_mixed(&text, REQUESTS);
    send_all(&client, text.data, text.length);
    expect_answers(&client, REQUESTS);
    close_client(&client);
    text_done(&text);
}

static void in_pieces(bool tls)
{
    struct client client;
    struct text text = {0};

    connect_client(&client, tls);
    add_mixed(&text, REQUESTS);
    for (size_t at = 0, size = 1; at < text.length; at += size, size = size % 61 + 7) {
        size_t left = text.length - at;
        send_all(&client, text.data + at, left < size ? left : size);
        loop_run_once(loop, 0);
    }
    expect_answers(&client, REQUESTS);
    close_client(&client);
    text_done(&text);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_hundred_requests_in_one_write_are_all_answered(void **state)
{
    (void)state;
    in_one_write(false);
}

static void a_hundred_requests_in_one_write_are_all_answered_over_tls(void **state)
{
    (void)state;
    in_one_write(true);
}

static void requests_in_pieces_of_any_size_are_all_answered(void **state)
{
    (void)state;
    in_pieces(false);
    in_pieces(true);
}

static void of_one_kind_only_they_are_all_answered(void **state)
{
    static const char *const kinds[] = {"now", "later", "turn"};

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct client client;
        struct text text = {0};

        connect_client(&client, i >= 3);
        for (int n = 0; n < REQUESTS; n++)
            add_request(&text, "GET", kinds[i % 3], n, NULL);
        send_all(&client, text.data, text.length);
        expect_answers(&client, REQUESTS);
        close_client(&client);
        text_done(&text);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_hundred_requests_in_one_write_are_all_answered),
        TEST(a_hundred_requests_in_one_write_are_all_answered_over_tls),
        TEST(requests_in_pieces_of_any_size_are_all_answered),
        TEST(of_one_kind_only_they_are_all_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
