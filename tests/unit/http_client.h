/* A raw HTTP client for unit tests: it shares the thread with the loop it talks to, so that a test
 * is one sequence of steps without waiting for another thread. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct answer {
    int status; /* 0 = the server closed without an answer */
    char *text; /* whole answer with headers; owned */
    char *body; /* into text; a chunked body is put together */
    size_t body_length;
};

int client_connect(uint16_t port);
void client_send(int fd, const void *bytes, size_t size);
/* Runs the loop until the server has closed. */
void client_read_all(struct loop *loop, int fd, struct answer *ret_answer);
/* Runs the loop until what came contains text; false when the server closed before. */
bool client_read_until(struct loop *loop, int fd, const char *text, char *buffer, size_t size);
/* One request with "Connection: close"; headers end with \r\n each. body may be NULL. */
void client_ask(struct loop *loop, uint16_t port, const char *method, const char *path,
                const char *headers, const char *body, struct answer *ret_answer);
/* Value of a header in a static buffer, NULL = not there. */
const char *answer_header(const struct answer *answer, const char *name);
void answer_free(struct answer *answer);

#endif
