/* The engines: a program of the machine, a command of the operator, or a service. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

#include "tts/wave.h"

#define MAX_WAV    (64u << 20)
#define TIMEOUT_MS 60000

extern char **environ;

/* --- programs ------------------------------------------------------------------------------- */

static int spawn_piped(const char *const argv[], pid_t *ret_pid, int *ret_in, int *ret_out)
{
    posix_spawn_file_actions_t actions;
    int in[2], out[2], err;

    if (pipe2(in, O_CLOEXEC))
        return -errno;
    if (pipe2(out, O_CLOEXEC)) {
        err = -errno;
        close(in[0]);
        close(in[1]);
        return err;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    err = -posix_spawnp(ret_pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    if (err) {
        close(in[1]);
        close(out[0]);
        return err;
    }
    *ret_in = in[1];
    *ret_out = out[0];
    return 0;
}

/* Feeds text and reads the WAV at once, so that neither pipe can fill up and stop both. */
static int talk(int in, int out, const char *text, struct text *wav)
{
    size_t left = strlen(text);
    char chunk[65536];

    for (;;) {
        struct pollfd fds[2] = {{out, POLLIN, 0}, {left ? in : -1, POLLOUT, 0}};
        int ready = poll(fds, 2, TIMEOUT_MS);
        ssize_t n;
        if (ready == 0)
            return -ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents) {
            n = write(in, text, left > 4096 ? 4096 : left);
            if (n < 0)
                left = 0; /* the engine reads no more: what it says counts */
            else
                left -= (size_t)n, text += n;
            if (!left)
                close(in);
        }
        if (!fds[0].revents)
            continue;
        n = read(out, chunk, sizeof(chunk));
        if (n <= 0 || wav->length > MAX_WAV) {
            if (left)
                close(in);
            return n < 0 ? -errno : wav->length > MAX_WAV ? -EFBIG : 0;
        }
        text_add_bytes(wav, chunk, (size_t)n);
    }
}

static int run_program(const char *const argv[], const char *text, struct text *wav, char *why,
                       size_t why_size)
{
    int in, out, err, status = 0;
    pid_t pid;

    err = spawn_piped(argv, &pid, &in, &out);
    if (err) {
        snprintf(why, why_size, "无法运行语音合成程序 %s:%s", argv[0], strerror(-err));
        return err;
    }
    err = talk(in, out, text, wav);
    close(out);
    if (err)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (err) {
        snprintf(why, why_size, "语音合成程序 %s 出错:%s", argv[0], strerror(-err));
        return err;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(why, why_size, "语音合成程序 %s 以状态 %d 结束", argv[0], status);
        return -EIO;
    }
    return 0;
}

static int engine_espeak(const struct tts_options *options, const struct tts_request *request,
                         const char *text, struct text *wav, char *why, size_t why_size)
{
    char speed[8];
    int words = 150 * (request->speed > 0 ? request->speed : 100) / 100;
    const char *voice = request->voice && request->voice[0] ? request->voice : "cmn-latn-pinyin";
    const char *const argv[] = {"espeak-ng", "-v",       voice, "-s", speed,
                                "--stdin",   "--stdout", "-b",  "1",  NULL};

    (void)options;
    snprintf(speed, sizeof(speed), "%d", words < 80 ? 80 : words > 400 ? 400 : words);
    return run_program(argv, text, wav, why, why_size);
}

/* The operator's own command line, from the configuration file: a shell may read it. */
static int engine_command(const struct tts_options *options, const struct tts_request *request,
                          const char *text, struct text *wav, char *why, size_t why_size)
{
    const char *const argv[] = {"/bin/sh", "-c", options->command, NULL};

    (void)request;
    return run_program(argv, text, wav, why, why_size);
}

/* --- a service ------------------------------------------------------------------------------ */

struct address {
    bool tls;
    char host[128], port[8], path[256];
};

static bool parse_url(const char *url, struct address *a)
{
    const char *rest, *slash, *colon;
    size_t length;

    a->tls = strncmp(url, "https://", 8) == 0;
    if (!a->tls && strncmp(url, "http://", 7) != 0)
        return false;
    rest = url + (a->tls ? 8 : 7);
    slash = strchr(rest, '/');
    length = slash ? (size_t)(slash - rest) : strlen(rest);
    if (!length || length >= sizeof(a->host))
        return false;
    memcpy(a->host, rest, length);
    a->host[length] = 0;
    text_copy(a->path, sizeof(a->path), slash ? slash : "/");
    colon = strchr(a->host, ':');
    text_copy(a->port, sizeof(a->port), colon ? colon + 1 : a->tls ? "443" : "80");
    a->host[colon ? (size_t)(colon - a->host) : length] = 0;
    return true;
}

static int exchange(BIO *bio, const struct address *a, const char *text, struct text *answer)
{
    struct text request = {0};
    char chunk[65536];
    size_t at = 0;
    int n = 1;

    text_addf(&request,
              "POST %s HTTP/1.0\r\nHost: %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
              a->path, a->host, strlen(text), text);
    while (!request.failed && at < request.length && n > 0) {
        n = BIO_write(bio, request.data + at, (int)(request.length - at));
        at += n > 0 ? (size_t)n : 0;
    }
    text_done(&request);
    if (n <= 0)
        return -EIO;
    while ((n = BIO_read(bio, chunk, sizeof(chunk))) > 0 && answer->length <= MAX_WAV)
        text_add_bytes(answer, chunk, (size_t)n);
    return answer->length > MAX_WAV ? -EFBIG : 0;
}

static int engine_http(const struct tts_options *options, const struct tts_request *request,
                       const char *text, struct text *wav, char *why, size_t why_size)
{
    struct address a;
    struct text answer = {0};
    SSL_CTX *tls = NULL;
    BIO *bio = NULL;
    char *body;
    int err = -ECONNREFUSED;

    (void)request;
    if (!parse_url(options->url, &a)) {
        snprintf(why, why_size, "语音合成服务地址“%s”不可用", options->url);
        return -EINVAL;
    }
    if (a.tls) {
        tls = SSL_CTX_new(TLS_client_method());
        if (tls && SSL_CTX_set_default_verify_paths(tls))
            bio = BIO_new_ssl_connect(tls);
        if (bio)
            SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    } else {
        bio = BIO_new(BIO_s_connect());
    }
    if (bio) {
        BIO_set_conn_hostname(bio, a.host);
        BIO_set_conn_port(bio, a.port);
        if (BIO_do_connect_retry(bio, 10, 100) == 1)
            err = exchange(bio, &a, text, &answer);
    }
    BIO_free_all(bio);
    SSL_CTX_free(tls);
    body = answer.data ? strstr(answer.data, "\r\n\r\n") : NULL;
    if (!err && (!body || answer.length < 12 || strncmp(answer.data + 8, " 200", 4) != 0))
        err = -EPROTO;
    if (!err)
        text_add_bytes(wav, body + 4, answer.length - (size_t)(body + 4 - answer.data));
    else
        snprintf(why, why_size, "语音合成服务 %s 没有给出语音(%s)", options->url, strerror(-err));
    text_done(&answer);
    return err;
}

/* --- the door ------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*speak)(const struct tts_options *options, const struct tts_request *request,
                 const char *text, struct text *wav, char *why, size_t why_size);
} engines[] = {{"espeak", engine_espeak}, {"command", engine_command}, {"http", engine_http}};

static int speak(const struct tts_options *options, const struct tts_request *request,
                 const char *text, struct text *wav, char *why, size_t why_size)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
        if (strcmp(options->engine, engines[i].name) == 0)
            return engines[i].speak(options, request, text, wav, why, why_size);
    snprintf(why, why_size, "没有名为“%s”的语音合成引擎", options->engine);
    return -EINVAL;
}

int tts_render(const struct tts_options *options, const struct tts_request *request, char *why,
               size_t why_size)
{
    char *text = tts_normalise(request->text);
    struct text wav = {0};
    int16_t *samples = NULL;
    size_t count = 0;
    int err = text ? speak(options, request, text, &wav, why, why_size) : -ENOMEM;

    if (!err && wav.failed)
        err = -ENOMEM;
    if (!err)
        err = wave_to_phone((const uint8_t *)wav.data, wav.length, &samples, &count, why, why_size);
    if (!err) {
        err = wave_write(request->path, samples, count);
        if (err)
            snprintf(why, why_size, "无法写入 %s:%s", request->path, strerror(-err));
    }
    free(samples);
    free(text);
    text_done(&wav);
    return err;
}
