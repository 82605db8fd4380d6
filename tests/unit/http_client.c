/* A raw HTTP client for unit tests. */
#include "http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/loop.h>
#include <hotlined/text.h>

#define PATIENCE_MS 20000

int client_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
    return fd;
}

void client_send(int fd, const void *bytes, size_t size)
{
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* Adds what is there; false at the end of the connection. */
static bool receive(int fd, struct text *text)
{
    char buffer[65536];
    ssize_t got;

    while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
        text_add_bytes(text, buffer, (size_t)got);
    return got < 0 && errno == EAGAIN;
}

static void dechunk(struct answer *answer)
{
    char *in = answer->body, *out = answer->body;

    for (;;) {
        char *line;
        size_t size = strtoul(in, &line, 16);
        if (!size || strncmp(line, "\r\n", 2) != 0)
            break;
        memmove(out, line + 2, size);
        out += size;
        in = line + 2 + size + 2;
    }
    *out = 0;
    answer->body_length = (size_t)(out - answer->body);
}

static void parse(struct text *text, struct answer *ret_answer)
{
    size_t length = text->length;
    const char *coding;
    char *end;

    *ret_answer = (struct answer){.text = text_take(text)};
    if (!ret_answer->text || sscanf(ret_answer->text, "HTTP/1.1 %d", &ret_answer->status) != 1)
        return;
    end = strstr(ret_answer->text, "\r\n\r\n");
    assert_non_null(end);
    ret_answer->body = end + 4;
    ret_answer->body_length = length - (size_t)(ret_answer->body - ret_answer->text);
    coding = answer_header(ret_answer, "Transfer-Encoding");
    if (coding && strcmp(coding, "chunked") == 0)
        dechunk(ret_answer);
}

void client_read_all(struct loop *loop, int fd, struct answer *ret_answer)
{
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;
    struct text text = {0};

    while (receive(fd, &text)) {
        loop_run_once(loop, 5);
        assert_true(loop_now_ms(loop) < until);
    }
    close(fd);
    parse(&text, ret_answer);
}

bool client_read_until(struct loop *loop, int fd, const char *wanted, char *buffer, size_t size)
{
    uint64_t until = loop_now_ms(loop) + PATIENCE_MS;
    struct text text = {0};
    bool found = false, open = true;

    while (!found && open) {
        open = receive(fd, &text);
        found = text.data && strstr(text.data, wanted);
        if (!found)
            loop_run_once(loop, 5);
        assert_true(loop_now_ms(loop) < until);
    }
    text_copy(buffer, size, text.data ? text.data : "");
    text_done(&text);
    return found;
}

void client_ask(struct loop *loop, uint16_t port, const char *method, const char *path,
                const char *headers, const char *body, struct answer *ret_answer)
{
    struct text text = {0};
    int fd = client_connect(port);

    text_addf(&text, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%s", method,
              path, port, headers ? headers : "");
    if (body)
        text_addf(&text, "Content-Length: %zu\r\n", strlen(body));
    text_addf(&text, "\r\n%s", body ? body : "");
    client_send(fd, text.data, text.length);
    text_done(&text);
    client_read_all(loop, fd, ret_answer);
}

const char *answer_header(const struct answer *answer, const char *name)
{
    static char value[1024];
    size_t length = strlen(name);

    for (const char *at = strstr(answer->text, "\r\n"); at && at + 2 < answer->body;
         at = strstr(at + 2, "\r\n")) {
        const char *line = at + 2, *end = strstr(line, "\r\n");
        if (strncasecmp(line, name, length) != 0 || line[length] != ':' || !end)
            continue;
        line += length + 1;
        line += strspn(line, " ");
        snprintf(value, sizeof(value), "%.*s", (int)(end - line), line);
        return value;
    }
    return NULL;
}

void answer_free(struct answer *answer)
{
    free(answer->text);
    *answer = (struct answer){0};
}
