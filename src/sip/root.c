/* Sofia's event root nested in our loop, by public calls only.
 *
 * The root owns one epoll descriptor that no call returns, so it is found as the one new
 * "[eventpoll]" in /proc/self/fd. Watching it only wakes the loop; the work is done by the turn
 * function before every sleep, because a nua call does not make the descriptor readable. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <sofia-sip/su.h>

#include <hotlined/log.h>

#include "sip/room.h"

enum { MAX_EPOLL_FDS = 256, MAX_STEPS = 16 };

struct root {
    struct loop *loop;
    su_root_t *su;
    struct event *wake;
};

struct fd_list {
    int fds[MAX_EPOLL_FDS];
    unsigned count;
};

static int list_epoll_fds(struct fd_list *list)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    list->count = 0;
    if (!dir)
        return -errno;
    while ((entry = readdir(dir))) {
        char target[64];
        ssize_t length = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

        if (length <= 0)
            continue;
        target[length] = 0;
        if (strcmp(target, "anon_inode:[eventpoll]") == 0 && list->count < MAX_EPOLL_FDS)
            list->fds[list->count++] = (int)strtol(entry->d_name, NULL, 10);
    }
    closedir(dir);
    return 0;
}

static bool list_has(const struct fd_list *list, int fd)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->fds[i] == fd)
            return true;
    return false;
}

/* The one descriptor that is in after but not in before. */
static int find_new_fd(const struct fd_list *before, const struct fd_list *after)
{
    int found = -ENOENT;

    for (unsigned i = 0; i < after->count; i++)
        if (!list_has(before, after->fds[i])) {
            if (found >= 0)
                return -EEXIST;
            found = after->fds[i];
        }
    return found;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

/* Sofia cuts timers to whole ms and says 0 during a timer's last one: after so many steps the
 * loop may sleep that ms. */
static int turn(void *arg)
{
    struct root *root = arg;
    su_duration_t wait = 0;

    for (int i = 0; i < MAX_STEPS && wait == 0; i++)
        wait = su_root_step(root->su, 0);
    if (wait == 0)
        return 1;
    return wait < 0 || wait > INT_MAX ? -1 : (int)wait;
}

static int watch(struct root *root, int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    root->wake =
        event_new(loop_event_base(root->loop), fd, EV_READ | EV_PERSIST, on_readable, NULL);
    if (!root->wake || event_add(root->wake, NULL) < 0)
        return -ENOMEM;
    return loop_add_turn(root->loop, turn, root);
}

int root_create(struct loop *loop, struct root **ret_root)
{
    struct root *root = calloc(1, sizeof(*root));
    struct fd_list before, after;
    int fd, err = -ENOMEM;

    if (!root)
        return -ENOMEM;
    root->loop = loop;
    if (su_init() != 0)
        goto out;
    err = list_epoll_fds(&before);
    if (err)
        goto out;
    root->su = su_root_create(NULL);
    if (!root->su) {
        err = -errno;
        goto out;
    }
    su_root_threading(root->su, 0);
    err = list_epoll_fds(&after);
    if (err)
        goto out;
    fd = find_new_fd(&before, &after);
    err = fd < 0 ? fd : watch(root, fd);
    if (err)
        log_error("sip", "root", "reason=no_single_epoll_descriptor error=%d", err);
out:
    if (err)
        root_destroy(root);
    else
        *ret_root = root;
    return err;
}

void root_destroy(struct root *root)
{
    if (!root)
        return;
    loop_remove_turn(root->loop, turn, root);
    if (root->wake)
        event_free(root->wake);
    if (root->su) {
        su_root_destroy(root->su);
        su_deinit();
    }
    free(root);
}

su_root_t *root_su(struct root *root)
{
    return root->su;
}

int root_fd(const struct root *root)
{
    return event_get_fd(root->wake);
}
