/* The baseline of recorded talks: the same sockets, the same files and nothing else. Legs 2n and
 * 2n+1 are a talk; what one sends goes to the other unchanged, and both are laid side by side in a
 * file by a second thread, a second at a time. No jitter, no order, no RTCP, no signalling.
 *   bare_relay HOST LEGS DIRECTORY
 * Prints the port of each leg; a leg's socket is connected to whom it first hears. Ends with
 * stdin. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADER = 12,
    FRAME = 160,
    SECOND = 50, /* frames */
    EVENTS = 512,
    TAG_STDIN = UINT32_MAX,
    RECEIVE_BUFFER = 256 * 1024
};

struct batch {
    struct batch *next;
    int fd;
    uint8_t codes[SECOND * FRAME * 2];
};

struct leg {
    int fd;
    bool connected;
};

struct talk {
    int file;
    unsigned at[2]; /* frames of this second so far, of each side */
    struct batch *batch;
};

struct relay {
    struct leg *legs;
    struct talk *talks;
    uint32_t count;
    int epoll_fd;
    bool quit;
    pthread_mutex_t lock; /* guards the batches */
    pthread_cond_t wake;
    struct batch *first, **last;
    bool stopping;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- the writer ----------------------------------------------------------------------------- */

static void *writer(void *arg)
{
    struct relay *relay = arg;

    (void)pthread_mutex_lock(&relay->lock);
    for (;;) {
        struct batch *batch = relay->first;
        if (!batch && relay->stopping)
            break;
        if (!batch) {
            (void)pthread_cond_wait(&relay->wake, &relay->lock);
            continue;
        }
        relay->first = batch->next;
        if (!relay->first)
            relay->last = &relay->first;
        (void)pthread_mutex_unlock(&relay->lock);
        if (write(batch->fd, batch->codes, sizeof(batch->codes)) != sizeof(batch->codes))
            die("bare_relay: write");
        free(batch);
        (void)pthread_mutex_lock(&relay->lock);
    }
    (void)pthread_mutex_unlock(&relay->lock);
    return NULL;
}

static void hand_over(struct relay *relay, struct talk *talk)
{
    talk->batch->fd = talk->file;
    talk->batch->next = NULL;
    (void)pthread_mutex_lock(&relay->lock);
    *relay->last = talk->batch;
    relay->last = &talk->batch->next;
    (void)pthread_cond_signal(&relay->wake);
    (void)pthread_mutex_unlock(&relay->lock);
    talk->batch = NULL;
    talk->at[0] = talk->at[1] = 0;
}

static void record(struct relay *relay, struct talk *talk, unsigned side, const uint8_t *codes)
{
    if (talk->at[side] == SECOND)
        hand_over(relay, talk); /* the other side is behind: it loses its place */
    if (!talk->batch) {
        talk->batch = malloc(sizeof(*talk->batch));
        if (!talk->batch)
            die("bare_relay: memory");
        memset(talk->batch->codes, 0xd5, sizeof(talk->batch->codes));
    }
    uint8_t *out = talk->batch->codes + talk->at[side]++ * FRAME * 2 + side;
    for (int i = 0; i < FRAME; i++)
        out[2 * i] = codes[i];
    if (talk->at[0] == SECOND && talk->at[1] == SECOND)
        hand_over(relay, talk);
}

/* --- the relay ------------------------------------------------------------------------------ */

static void on_readable(struct relay *relay, uint32_t index)
{
    struct leg *leg = &relay->legs[index], *other = &relay->legs[index ^ 1];
    uint8_t packet[2048];
    struct sockaddr_in from;
    socklen_t from_size = sizeof(from);
    ssize_t size;

    if (leg->connected)
        size = recv(leg->fd, packet, sizeof(packet), 0);
    else
        size = recvfrom(leg->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_size);
    if (size < 0)
        return;
    if (!leg->connected && connect(leg->fd, (struct sockaddr *)&from, from_size) < 0)
        die("bare_relay: connect");
    leg->connected = true;
    if (other->connected)
        (void)send(other->fd, packet, (size_t)size, 0);
    if (size == HEADER + FRAME)
        record(relay, &relay->talks[index / 2], index & 1, packet + HEADER);
}

static void watch(const struct relay *relay, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};

    if (epoll_ctl(relay->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        die("bare_relay: epoll");
}

static void open_legs(struct relay *relay, const char *host)
{
    int buffer = RECEIVE_BUFFER;

    printf("ports");
    for (uint32_t i = 0; i < relay->count; i++) {
        struct sockaddr_in own = {.sin_family = AF_INET};
        socklen_t size = sizeof(own);
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || inet_pton(AF_INET, host, &own.sin_addr) != 1 ||
            bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
            getsockname(fd, (struct sockaddr *)&own, &size) < 0)
            die("bare_relay: socket");
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
        relay->legs[i].fd = fd;
        watch(relay, fd, i);
        printf(" %u", ntohs(own.sin_port));
    }
    printf("\n");
    (void)fflush(stdout);
}

static void open_files(struct relay *relay, const char *directory)
{
    char path[512];

    for (uint32_t i = 0; i < relay->count / 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%u.alaw", directory, i);
        relay->talks[i].file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        if (relay->talks[i].file < 0)
            die("bare_relay: file");
    }
}

static void run(struct relay *relay)
{
    struct epoll_event ready[EVENTS];
    char byte;

    while (!relay->quit) {
        int count = epoll_wait(relay->epoll_fd, ready, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (ready[i].data.u32 == TAG_STDIN)
                relay->quit = read(STDIN_FILENO, &byte, 1) <= 0;
            else
                on_readable(relay, ready[i].data.u32);
        }
    }
}

int main(int argc, char **argv)
{
    struct relay relay = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    pthread_t thread;

    relay.count = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) & ~1u : 0;
    if (relay.count == 0 || relay.count > 20000) {
        fprintf(stderr, "usage: bare_relay HOST LEGS DIRECTORY\n");
        return 2;
    }
    relay.last = &relay.first;
    relay.legs = calloc(relay.count, sizeof(*relay.legs));
    relay.talks = calloc(relay.count / 2, sizeof(*relay.talks));
    relay.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!relay.legs || !relay.talks || relay.epoll_fd < 0)
        die("bare_relay");
    open_files(&relay, argv[3]);
    watch(&relay, STDIN_FILENO, TAG_STDIN);
    open_legs(&relay, argv[1]);
    if (pthread_create(&thread, NULL, writer, &relay) != 0)
        die("bare_relay: thread");
    (void)pthread_setname_np(thread, "writer");
    run(&relay);
    (void)pthread_mutex_lock(&relay.lock);
    relay.stopping = true;
    (void)pthread_cond_signal(&relay.wake);
    (void)pthread_mutex_unlock(&relay.lock);
    (void)pthread_join(thread, NULL);
    for (uint32_t i = 0; i < relay.count / 2; i++)
        free(relay.talks[i].batch); /* the last part of a second is not missed here */
    free(relay.talks);
    free(relay.legs);
    return 0;
}
