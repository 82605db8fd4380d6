/* What a service tells systemd (sd_notify), for system tests.
 *
 *   notified SOCKET      binds the unix datagram socket, says "listening", then prints each message
 * it gets as one line: milliseconds since the start, space, fields joined by ";" */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? open_socket(argv[1]) : -1;
    long long began = now_ms();
    char message[4096];
    ssize_t got;

    if (fd < 0) {
        fputs("usage: notified SOCKET (a path that is free)\n", stderr);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("listening");
    while ((got = recv(fd, message, sizeof(message) - 1, 0)) >= 0) {
        message[got] = 0;
        for (char *c = message; *c; c++)
            if (*c == '\n')
                *c = ';';
        printf("%lld %s\n", now_ms() - began, message);
    }
    return 0;
}
