/* Engines that are services: the text is posted, the answer is a WAV. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "tts/engine.h"

#define NAP_MS 20

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
static int wait_until(BIO *bio, time_t deadline)
{
    if (!BIO_should_retry(bio))
        return -EPIPE;
    return BIO_wait(bio, deadline, NAP_MS) > 0 ? 0 : -ETIMEDOUT;
}

/* BIO_do_connect_retry() would knock at a closed door until the deadline. */
static int connect_until(BIO *bio, time_t deadline)
{
    int err = 0;

    BIO_set_nbio(bio, 1);
    while (!err && BIO_do_connect(bio) != 1)
        err = wait_until(bio, deadline);
    return err == -EPIPE ? -ECONNREFUSED : err;
}

/* A voice is one of the configuration's list, but a line end in it would be a header of its own. */
static const char *header_value(const char *voice)
{
    return voice && !strpbrk(voice, "\r\n") ? voice : "";
}

static int post(BIO *bio, const struct address *a, const struct tts_request *wanted,
                const char *text, time_t deadline)
{
    struct text request = {0};
    size_t at = 0;
    int err = 0;

    text_addf(&request,
              "POST %s HTTP/1.0\r\nHost: %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "X-Voice: %s\r\nX-Speed: %d\r\n"
              "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
              a->path, a->authority, header_value(wanted->voice), wanted->speed, strlen(text),
              text);
    if (request.failed)
        err = -ENOMEM;
    while (!err && at < request.length) {
        int n = BIO_write(bio, request.data + at, (int)(request.length - at));
        if (n > 0)
            at += (size_t)n;
        else
            err = wait_until(bio, deadline);
    }
    text_done(&request);
    return err;
}

static int receive(BIO *bio, struct text *answer, time_t deadline)
{
    char chunk[65536];

    for (;;) {
        int n = BIO_read(bio, chunk, sizeof(chunk)), err = 0;
        if (n > 0)
            text_add_bytes(answer, chunk, (size_t)n);
        else if (!BIO_should_retry(bio))
            return 0; /* the other side is done; whether all came is seen from the length */
        else
            err = wait_until(bio, deadline);
        if (answer->length > TTS_MAX_WAV)
            return -EFBIG;
        if (err || time(NULL) > deadline)
            return -ETIMEDOUT;
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

/* The WAV in a whole, good answer. */
static int take_body(struct text *answer, struct text *wav, const char *url, char *why,
                     size_t why_size)
{
    char *body = answer->data ? strstr(answer->data, "\r\n\r\n") : NULL;
    const char *length;
    size_t size;

    if (!body || strncmp(answer->data, "HTTP/1.", 7) != 0) {
        snprintf(why, why_size, "语音合成服务 %s 中断了连接", url);
        return -EPROTO;
    }
    *body = 0;
    if (strncmp(answer->data + 8, " 200", 4) != 0) {
        snprintf(why, why_size, "语音合成服务 %s 回答：%.60s", url, answer->data + 9);
        return -EPROTO;
    }
    size = answer->length - (size_t)(body + 4 - answer->data);
    length = header(answer->data, "Content-Length");
    if (length && strtoull(length, NULL, 10) != size) {
        snprintf(why, why_size, "语音合成服务 %s 没有传完语音", url);
        return -EPROTO;
    }
    text_add_bytes(wav, body + 4, size);
    return 0;
}

static int exchange(BIO *bio, const struct address *a, const struct tts_request *request,
                    const char *text, struct text *answer)
{
    int seconds = (tts_timeout_ms + 999) / 1000, err;
    time_t deadline = time(NULL) + seconds;

    err = connect_until(bio, deadline);
    if (!err)
        err = post(bio, a, request, text, deadline);
    return err ? err : receive(bio, answer, deadline);
}

int service_speak(const char *url, const struct tts_request *request, const char *text,
                  struct text *wav, char *why, size_t why_size)
{
    struct address a;
    struct text answer = {0};
    SSL_CTX *tls;
    BIO *bio;
    int err;

    if (!parse_url(url, &a)) {
        snprintf(why, why_size, "语音合成服务地址“%s”不可用", url);
        return -EINVAL;
    }
    tls = a.tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    bio = connection(tls, &a);
    err = bio ? exchange(bio, &a, request, text, &answer) : -ENOMEM;
    if (err == -ETIMEDOUT)
        snprintf(why, why_size, "语音合成服务 %s 超时", url);
    else if (err)
        snprintf(why, why_size, "无法使用语音合成服务 %s：%s", url, strerror(-err));
    else
        err = take_body(&answer, wav, url, why, why_size);
    BIO_free_all(bio);
    SSL_CTX_free(tls);
    text_done(&answer);
    return err;
}
