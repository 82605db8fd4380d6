/* rooms: */
/* Readers of events that take the head of the answer and then nothing more, with small windows, so
 * that the kernels' buffers hide little of it:  stuck PORT COUNT COOKIE
 * Prints "open" once all of them have begun; ends with its stdin. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_reader(int port, const char *cookie)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char request[512], head[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096, segment = 536;
    int length = snprintf(request, sizeof(request),
                          "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n\r\n", cookie);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* the far kernel gives a connection of small segments a small buffer */
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) ||
        length >= (int)sizeof(request) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) || write(fd, request, (size_t)length) < 0 ||
        read(fd, head, sizeof(head)) < 12)
        return -1;
    return memcmp(head, "HTTP/1.1 200", 12) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    char nothing[16];

    if (argc != 4)
        return 2;
    for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
        if (open_reader((int)strtol(argv[1], NULL, 10), argv[3])) {
            perror("stuck");
            return 1;
        }
    puts("open");
    fflush(stdout);
    while (read(STDIN_FILENO, nothing, sizeof(nothing)) > 0)
        ;
    return 0;
}
