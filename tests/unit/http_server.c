/* The server under test of the HTTP room. */
#include "http_server.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/text.h>

struct loop *loop;
struct http *http;
char root[64];

struct http_options server_options(void)
{
    static char certificate[100], key[100];

    snprintf(root, sizeof(root), "/tmp/hl-http-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(certificate, sizeof(certificate), "%s/tls/server.pem", root);
    snprintf(key, sizeof(key), "%s/tls/server.key", root);
    assert_int_equal(http_make_certificate(certificate, key), 0);
    return (struct http_options){.listen = "127.0.0.1:0",
                                 .https_listen = "127.0.0.1:0",
                                 .certificate = certificate,
                                 .key = key,
                                 .max_connections = 100};
}

void server_start(const struct http_options *options, http_guard_h *guard,
                  const struct http_route *routes, size_t count, void *arg)
{
    assert_int_equal(loop_create(&loop), 0);
    assert_int_equal(http_create(loop, options, guard, NULL, &http), 0);
    assert_int_equal(http_add_routes(http, routes, count, arg), 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void server_stop(void)
{
    http_destroy(http);
    loop_destroy(loop);
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void server_folder(const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

void server_file(const char *name, const char *content)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void ask(const char *method, const char *path, const char *headers, const char *body,
         struct answer *ret_answer)
{
    client_ask(loop, http_port(http), method, path, headers, body, ret_answer);
}

void expect(const char *method, const char *path, const char *headers, const char *body, int status,
            const char *part)
{
    struct answer answer;

    ask(method, path, headers, body, &answer);
    if (answer.status != status || (part && !strstr(answer.body, part)))
        fail_msg("%s %.60s: %d, and %s", method, path, answer.status,
                 answer.body ? answer.body : "");
    if (status >= 400)
        assert_string_equal(answer_header(&answer, "Content-Type"), "application/problem+json");
    answer_free(&answer);
}

long long metric_value(const char *name)
{
    struct text text = {0};
    const char *line;
    long long value = -1;

    metrics_print(&text);
    line = strstr(text.data, name);
    while (line && (line[strlen(name)] != ' ' || line[-1] != '\n'))
        line = strstr(line + 1, name);
    if (line)
        value = strtoll(line + strlen(name), NULL, 10);
    text_done(&text);
    return value;
}
