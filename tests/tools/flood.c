/* rooms: base media */
/* Floods the port of browser lines from many source ports:
 *
 *   flood stun PORT PACKETS_PER_S SECONDS SOURCES OURS:THEIRS
 *   flood dtls PORT PACKETS_PER_S SECONDS SOURCES
 *
 * stun: checks for a line that is there, with a right fingerprint and a wrong password, so that
 * only the HMAC tells. dtls: first records of a handshake. Prints how many were sent. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "media/line/stun.h"

#define SOURCES_MAX 1000
#define SLICE_MS    2

static int sources[SOURCES_MAX];

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_source(uint16_t port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)inet_pton(AF_INET, "127.0.0.9", &from.sin_addr);
    (void)inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    to.sin_port = htons(port);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)))
        return -1;
    return fd;
}

static size_t stun_packet(uint8_t *out, size_t size, const char *username)
{
    uint8_t transaction[12];
    struct stun_writer writer;

    if (getrandom(transaction, sizeof(transaction), 0) != sizeof(transaction))
        return 0;
    stun_begin(&writer, out, size, STUN_BINDING_REQUEST, transaction);
    stun_add(&writer, STUN_USERNAME, (const uint8_t *)username, strlen(username));
    return stun_finish(&writer, "not the right password!!", 24);
}

/* A DTLS 1.2 record with a ClientHello of no cipher anybody has. */
static size_t dtls_packet(uint8_t *out)
{
    static const uint8_t head[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0,  67,  1,
                                   0,  0,   55,  0, 0, 0, 0, 0, 0, 0, 0, 55, 254, 253};

    memset(out, 0, 80);
    memcpy(out, head, sizeof(head));
    return getrandom(out + sizeof(head), 32, 0) == 32 ? 80 : 0;
}

int main(int argc, char **argv)
{
    bool stun = argc == 7 && strcmp(argv[1], "stun") == 0;
    long rate, seconds, count, sent = 0;
    uint8_t packet[256];
    int64_t began;

    if (!stun && (argc != 6 || strcmp(argv[1], "dtls") != 0))
        return 2;
    rate = strtol(argv[3], NULL, 10);
    seconds = strtol(argv[4], NULL, 10);
    count = strtol(argv[5], NULL, 10);
    if (count < 1 || count > SOURCES_MAX)
        return 2;
    for (long i = 0; i < count; i++)
        if ((sources[i] = open_source((uint16_t)strtol(argv[2], NULL, 10))) < 0)
            return 1;
    began = now_ms();
    for (int64_t passed = 0; passed < seconds * 1000; passed = now_ms() - began) {
        for (; sent < rate * passed / 1000; sent++) {
            size_t length =
                stun ? stun_packet(packet, sizeof(packet), argv[6]) : dtls_packet(packet);
            if (send(sources[sent % count], packet, length, 0) < 0)
                return 1;
        }
        usleep(SLICE_MS * 1000);
    }
    printf("%ld\n", sent);
    return 0;
}
