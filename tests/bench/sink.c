/* A place where RTP may go: holds one UDP port and never reads, so that the kernel throws packets
 * away at the price of an unread socket instead of answering each with an ICMP error.
 *   sink HOST      prints the port, ends when stdin does */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t size = sizeof(own);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char byte;

    if (argc != 2 || inet_pton(AF_INET, argv[1], &own.sin_addr) != 1 || fd < 0 ||
        bind(fd, (struct sockaddr *)&own, sizeof(own)) ||
        getsockname(fd, (struct sockaddr *)&own, &size)) {
        fprintf(stderr, "sink: cannot bind\n");
        return 1;
    }
    printf("%u\n", ntohs(own.sin_port));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 0;
}
