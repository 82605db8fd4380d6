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
#include <unistd.h>

#include "speech/engine.h"

extern char **environ;

/* --- starting ------------------------------------------------------------------------------- */

struct program {
    const struct engine_bounds *bounds;
    pid_t pid;
    int in, out; /* our ends: its stdin and stdout; -1 = closed */
    int64_t deadline_ms;
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
    program->deadline_ms = engine_now_ms() + program->bounds->timeout_ms;
    if (err) {
        close_end(&program->in);
        close_end(&program->out);
    }
    return err;
}

/* --- talking -------------------------------------------------------------------------------- */

/* At most PIPE_BUF at once: what poll() promises room for never blocks. */
static void feed(struct program *program, const char **input, size_t *left)
{
    ssize_t n = write(program->in, *input, *left > 4096 ? 4096 : *left);

    if (n < 0 && errno == EINTR)
        return;
    if (n < 0) /* the engine reads no more: what it says counts */
        *left = 0;
    else
        *left -= (size_t)n, *input += n;
    if (!*left)
        close_end(&program->in);
}

/* 1 = there may be more, 0 = that was all. */
static int hear(struct program *program, struct text *answer)
{
    char chunk[65536];
    ssize_t n = read(program->out, chunk, sizeof(chunk));

    if (n < 0)
        return errno == EINTR ? 1 : -errno;
    if (n > 0)
        text_add_bytes(answer, chunk, (size_t)n);
    if (answer->length > program->bounds->max_answer)
        return -EFBIG;
    return n > 0;
}

/* Both at once, so that neither pipe can fill up and stop both sides. */
static int talk(struct program *program, const char *input, size_t left, struct text *answer)
{
    int more = 1;

    if (!left)
        close_end(&program->in);
    while (more > 0) {
        struct pollfd fds[2] = {{program->out, POLLIN, 0}, {program->in, POLLOUT, 0}};
        int wait = engine_patience(program->bounds, program->deadline_ms), ready;
        if (wait < 0)
            return wait;
        ready = poll(fds, 2, wait);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && fds[1].revents)
            feed(program, &input, &left);
        if (ready > 0 && fds[0].revents)
            more = hear(program, answer);
    }
    return more;
}

/* --- ending --------------------------------------------------------------------------------- */

/* An engine may close its stdout and go on living: that too ends with the deadline. */
static int wait_for_end(const struct program *program)
{
    struct pollfd end = {pidfd_open(program->pid, 0), POLLIN, 0};
    int wait, ready = 0;

    if (end.fd < 0)
        return -errno;
    while (ready <= 0 && (wait = engine_patience(program->bounds, program->deadline_ms)) > 0)
        ready = poll(&end, 1, wait);
    close(end.fd);
    return ready > 0 ? 0 : wait;
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

static void say_why(const struct engine_bounds *bounds, const char *name, int err, char *why,
                    size_t why_size)
{
    if (err == -ETIMEDOUT)
        snprintf(why, why_size, "%s程序 %s 超时（%d 秒），已结束它", bounds->what, name,
                 bounds->timeout_ms / 1000);
    else if (err == -EFBIG)
        engine_too_long(bounds, "程序", name, why, why_size);
    else
        snprintf(why, why_size, "%s程序 %s 出错：%s", bounds->what, name, strerror(-err));
}

int program_talk(const struct engine_bounds *bounds, const struct program_talk *wanted,
                 struct text *answer, char *why, size_t why_size)
{
    struct program program = {.bounds = bounds};
    int status = 0, err = start(&program, wanted->argv);

    if (err) {
        snprintf(why, why_size, "无法运行%s程序 %s：%s", bounds->what, wanted->name,
                 strerror(-err));
        return err;
    }
    err = finish(&program, talk(&program, wanted->input, wanted->size, answer), &status);
    if (err) {
        say_why(bounds, wanted->name, err, why, why_size);
        return err;
    }
    if (WIFSIGNALED(status)) {
        snprintf(why, why_size, "%s程序 %s 被信号 %d 结束", bounds->what, wanted->name,
                 WTERMSIG(status));
        return -EIO;
    }
    if (WEXITSTATUS(status) != 0) {
        snprintf(why, why_size, "%s程序 %s 以状态 %d 结束", bounds->what, wanted->name,
                 WEXITSTATUS(status));
        return -EIO;
    }
    return 0;
}
