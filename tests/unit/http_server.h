/* The server under test of the HTTP room: its loop, a folder of its own, and both listeners on
 * loopback. One at a time. */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <hotlined/http.h>

#include "http_client.h"

extern struct loop *loop;
extern struct http *http; /* a test may destroy it and set it to NULL */
extern char root[64];     /* the folder; server_stop() removes it with all in it */

/* Makes the folder with a certificate in tls/, and gives the options of a server with it. */
struct http_options server_options(void);
void server_start(const struct http_options *options, http_guard_h *guard,
                  const struct http_route *routes, size_t count, void *arg);
void server_stop(void);
/* In the folder. */
void server_folder(const char *name);
void server_file(const char *name, const char *content);
/* Asks in the clear; fails the test unless status is this and part (NULL = any) is in the body. */
void ask(const char *method, const char *path, const char *headers, const char *body,
         struct answer *ret_answer);
void expect(const char *method, const char *path, const char *headers, const char *body, int status,
            const char *part);
/* The value of a series without labels, -1 = there is none. */
long long metric_value(const char *name);

#endif
