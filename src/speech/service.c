/* Engines that are services: something is posted, the answer is what they make of it. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "speech/engine.h"

struct address {
    bool tls;
    char authority[160]; /* host, host:port or [v6]:port */
    const char *path;
};

static bool parse_url(const char *url, struct address *a)
{
    const char *rest;
    size_t length;

    a->tls = strncmp(url, "https://", 8) == 0;
    if (!a->tls && strncmp(url, "http://", 7) != 0)
        return false;
    rest = url + (a->tls ? 8 : 7);
    length = strcspn(rest, "/");
    if (!length || length >= sizeof(a->authority) || strpbrk(rest, " \r\n"))
        return false;
    memcpy(a->authority, rest, length);
    a->authority[length] = 0;
    a->path = rest[length] ? rest + length : "/";
    return true;
}

/* --- connection ----------------------------------------------------------------------------- */

/* The certificate must be good, and be that of this host. */
static BIO *connection_tls(SSL_CTX *tls, const struct address *a)
{
    SSL *ssl = NULL;
    BIO *bio;

    if (!tls || !SSL_CTX_set_default_verify_paths(tls))
        return NULL;
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL); /* before the connection copies it */
    bio = BIO_new_ssl_connect(tls);
    if (!bio)
        return NULL;
    BIO_set_conn_port(bio, "443");
    BIO_set_conn_hostname(bio, a->authority);
    BIO_get_ssl(bio, &ssl);
    if (!ssl || !SSL_set1_host(ssl, BIO_get_conn_hostname(bio)) ||
        !SSL_set_tlsext_host_name(ssl, BIO_get_conn_hostname(bio))) {
        BIO_free_all(bio);
        return NULL;
    }
    return bio;
}

static BIO *connection(SSL_CTX *tls, const struct address *a)
{
    BIO *bio = a->tls ? connection_tls(tls, a) : BIO_new(BIO_s_connect());

    if (bio && !a->tls) {
        BIO_set_conn_port(bio, "80");
        BIO_set_conn_hostname(bio, a->authority);
    }
    return bio;
}

/* --- request and answer --------------------------------------------------------------------- */

/* The connection does not block: whoever must wait waits here, until the deadline at most. */
static int wait_until(BIO *bio, const struct engine_bounds *bounds, int64_t deadline_ms)
{
    int wait = engine_patience(bounds, deadline_ms), fd = -1;
    struct pollfd ready;

    if (!BIO_should_retry(bio))
        return -EPIPE;
    if (wait < 0)
        return wait;
    (void)BIO_get_fd(bio, &fd);
    ready = (struct pollfd){fd, BIO_should_read(bio) ? POLLIN : POLLOUT, 0};
    (void)poll(&ready, 1, wait);
    return 0;
}

/* BIO_do_connect_retry() would knock at a closed door until the deadline. */
static int connect_until(BIO *bio, const struct engine_bounds *bounds, int64_t deadline_ms)
{
    int err = 0;

    BIO_set_nbio(bio, 1);
    while (!err && BIO_do_connect(bio) != 1)
        err = wait_until(bio, bounds, deadline_ms);
    return err == -EPIPE ? -ECONNREFUSED : err;
}

static int send_until(BIO *bio, const struct engine_bounds *bounds, int64_t deadline_ms,
                      const char *bytes, size_t size)
{
    int err = 0;

    while (!err && size) {
        int n = BIO_write(bio, bytes, (int)(size < 1u << 20 ? size : 1u << 20));
        if (n > 0)
            bytes += n, size -= (size_t)n;
        else
            err = wait_until(bio, bounds, deadline_ms);
    }
    return err;
}

static int send_post(BIO *bio, const struct address *a, const struct engine_bounds *bounds,
                     const struct service_post *post, int64_t deadline_ms)
{
    struct text head = {0};
    int err;

    text_addf(&head,
              "POST %s HTTP/1.0\r\nHost: %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
              a->path, a->authority, post->headers, post->size);
    err = head.failed ? -ENOMEM : send_until(bio, bounds, deadline_ms, head.data, head.length);
    text_done(&head);
    return err ? err : send_until(bio, bounds, deadline_ms, post->body, post->size);
}

static int receive(BIO *bio, const struct engine_bounds *bounds, int64_t deadline_ms,
                   struct text *answer)
{
    char chunk[65536];

    for (;;) {
        int n = BIO_read(bio, chunk, sizeof(chunk)), err = 0;
        if (n > 0)
            text_add_bytes(answer, chunk, (size_t)n);
        else if (!BIO_should_retry(bio))
            return 0; /* the other side is done; whether all came is seen from the length */
        else
            err = wait_until(bio, bounds, deadline_ms);
        if (answer->length > bounds->max_answer)
            return -EFBIG;
        if (!err && engine_patience(bounds, deadline_ms) < 0) /* it always says a little */
            err = engine_patience(bounds, deadline_ms);
        if (err)
            return err;
    }
}

static const char *header(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
            return line + 3 + length;
    return NULL;
}

/* "503 Busy": what people are shown of it has no strange bytes. */
static void copy_status(char out[80], const char *line)
{
    size_t i = 0;

    for (; i < 79 && line[i] && line[i] != '\r' && line[i] != '\n'; i++)
        out[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
    out[i] = 0;
}

int service_read_answer(const struct engine_bounds *bounds, const char *url, struct text *answer,
                        struct text *ret_body, char *why, size_t why_size)
{
    char *body = answer->data ? strstr(answer->data, "\r\n\r\n") : NULL;
    const char *length;
    size_t size;
    char status[80];

    if (!body || strncmp(answer->data, "HTTP/1.", 7) != 0) {
        snprintf(why, why_size, "%s服务 %s 中断了连接", bounds->what, url);
        return -EPROTO;
    }
    *body = 0;
    if (strncmp(answer->data + 8, " 200", 4) != 0) {
        copy_status(status, answer->data + 9);
        snprintf(why, why_size, "%s服务 %s 回答：%s", bounds->what, url, status);
        return -EPROTO;
    }
    size = answer->length - (size_t)(body + 4 - answer->data);
    length = header(answer->data, "Content-Length");
    if (length && strtoull(length, NULL, 10) != size) {
        snprintf(why, why_size, "%s服务 %s 没有传完%s", bounds->what, url, bounds->gives);
        return -EPROTO;
    }
    text_add_bytes(ret_body, body + 4, size);
    return ret_body->failed ? -ENOMEM : 0;
}

static int exchange(BIO *bio, const struct address *a, const struct engine_bounds *bounds,
                    const struct service_post *post, struct text *answer)
{
    int64_t deadline_ms = engine_now_ms() + bounds->timeout_ms;
    int err = connect_until(bio, bounds, deadline_ms);

    if (!err)
        err = send_post(bio, a, bounds, post, deadline_ms);
    return err ? err : receive(bio, bounds, deadline_ms, answer);
}

static void say_why(const struct engine_bounds *bounds, const char *name, int err, char *why,
                    size_t why_size)
{
    if (err == -ETIMEDOUT)
        snprintf(why, why_size, "%s服务 %s 超时（%d 秒）", bounds->what, name,
                 bounds->timeout_ms / 1000);
    else if (err == -EFBIG)
        engine_too_long(bounds, "服务", name, why, why_size);
    else
        snprintf(why, why_size, "无法使用%s服务 %s：%s", bounds->what, name, strerror(-err));
}

int service_post(const struct engine_bounds *bounds, const struct service_post *post,
                 struct text *answer, char *why, size_t why_size)
{
    struct address a;
    struct text received = {0};
    SSL_CTX *tls;
    BIO *bio;
    int err;

    if (!parse_url(post->url, &a)) {
        snprintf(why, why_size, "%s服务地址“%s”不可用", bounds->what, post->url);
        return -EINVAL;
    }
    tls = a.tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    bio = connection(tls, &a);
    err = bio ? exchange(bio, &a, bounds, post, &received) : -ENOMEM;
    if (!err && received.failed)
        err = -ENOMEM;
    if (err)
        say_why(bounds, a.authority, err, why, why_size);
    else
        err = service_read_answer(bounds, a.authority, &received, answer, why, why_size);
    BIO_free_all(bio);
    SSL_CTX_free(tls);
    text_done(&received);
    return err;
}

bool service_host(const char *url, char *out, size_t size)
{
    struct address a;

    return parse_url(url, &a) && text_copy(out, size, a.authority);
}
