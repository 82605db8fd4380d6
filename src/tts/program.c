/* Engines that are programs: of the machine, or a command of the operator. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tts/engine.h"

extern char **environ;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- starting ------------------------------------------------------------------------------- */

struct program {
    pid_t pid;
    int in, out; /* our ends: its stdin and stdout; -1 = closed */
    int64_t deadline;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A group of its own, no blocked signals, and SIGPIPE as programs expect it. */
static int spawn(struct program *program, const char *const argv[], int in, int out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int err;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    err =
        -posix_spawnp(&program->pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return err;
}

static int start(struct program *program, const char *const argv[])
{
    int in[2], out[2], err;

    if (pipe2(in, O_CLOEXEC))
        return -errno;
    if (pipe2(out, O_CLOEXEC)) {
        err = -errno;
        close(in[0]);
        close(in[1]);
        return err;
    }
    err = spawn(program, argv, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    program->in = in[1];
    program->out = out[0];
    program->deadline = now_ms() + tts_timeout_ms;
    if (err) {
        close_end(&program->in);
        close_end(&program->out);
    }
    return err;
}

/* --- talking -------------------------------------------------------------------------------- */

/* At most PIPE_BUF at once: what poll() promises room for never blocks. */
static void feed(struct program *program, const char **text, size_t *left)
{
    ssize_t n = write(program->in, *text, *left > 4096 ? 4096 : *left);

    if (n < 0 && errno == EINTR)
        return;
    if (n < 0) /* the engine reads no more: what it says counts */
        *left = 0;
    else
        *left -= (size_t)n, *text += n;
    if (!*left)
        close_end(&program->in);
}

/* 1 = there may be more, 0 = that was all. */
static int hear(struct program *program, struct text *wav)
{
    char chunk[65536];
    ssize_t n = read(program->out, chunk, sizeof(chunk));

    if (n < 0)
        return errno == EINTR ? 1 : -errno;
    if (n > 0)
        text_add_bytes(wav, chunk, (size_t)n);
    if (wav->length > TTS_MAX_WAV)
        return -EFBIG;
    return n > 0;
}

/* Both at once, so that neither pipe can fill up and stop both sides. */
static int talk(struct program *program, const char *text, struct text *wav)
{
    size_t left = strlen(text);
    int more = 1;

    if (!left)
        close_end(&program->in);
    while (more > 0) {
        struct pollfd fds[2] = {{program->out, POLLIN, 0}, {program->in, POLLOUT, 0}};
        int64_t wait = program->deadline - now_ms();
        int ready = wait > 0 ? poll(fds, 2, (int)wait) : 0;
        if (ready == 0)
            return -ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && fds[1].revents)
            feed(program, &text, &left);
        if (ready > 0 && fds[0].revents)
            more = hear(program, wav);
    }
    return more;
}

/* --- ending --------------------------------------------------------------------------------- */

/* An engine may close its stdout and go on living: that too ends with the deadline. */
static int wait_for_end(const struct program *program)
{
    int64_t wait = program->deadline - now_ms();
    struct pollfd end = {pidfd_open(program->pid, 0), POLLIN, 0};
    int ready;

    if (end.fd < 0)
        return -errno;
    ready = poll(&end, 1, wait > 0 ? (int)wait : 0);
    close(end.fd);
    return ready > 0 ? 0 : -ETIMEDOUT;
}

static int finish(struct program *program, int err, int *ret_status)
{
    close_end(&program->in);
    close_end(&program->out);
    if (!err)
        err = wait_for_end(program);
    if (err)
        kill(-program->pid, SIGKILL);
    while (waitpid(program->pid, ret_status, 0) < 0 && errno == EINTR)
        ;
    return err;
}

int program_speak(const char *const argv[], const char *text, struct text *wav, char *why,
                  size_t why_size)
{
    struct program program;
    int status = 0, err = start(&program, argv);

    if (err) {
        snprintf(why, why_size, "无法运行语音合成程序 %s：%s", argv[0], strerror(-err));
        return err;
    }
    err = finish(&program, talk(&program, text, wav), &status);
    if (err == -ETIMEDOUT)
        snprintf(why, why_size, "语音合成程序 %s 超时（%d 秒），已结束它", argv[0],
                 tts_timeout_ms / 1000);
    else if (err == -EFBIG)
        snprintf(why, why_size, "语音合成程序 %s 给出的语音太长（超过 %u MB）", argv[0],
                 TTS_MAX_WAV >> 20);
    else if (err)
        snprintf(why, why_size, "语音合成程序 %s 出错：%s", argv[0], strerror(-err));
    if (err)
        return err;
    if (WIFSIGNALED(status)) {
        snprintf(why, why_size, "语音合成程序 %s 被信号 %d 结束", argv[0], WTERMSIG(status));
        return -EIO;
    }
    if (WEXITSTATUS(status) != 0) {
        snprintf(why, why_size, "语音合成程序 %s 以状态 %d 结束", argv[0], WEXITSTATUS(status));
        return -EIO;
    }
    return 0;
}
