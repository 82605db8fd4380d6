#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { WHEEL = 16384, BATCH = 64, BUFFER_BYTES = 8 << 20 };

struct timer_slot {
    uint32_t *ids;
    size_t count, room;
};

uint64_t udp_lost;

uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void timers_init(struct timers *timers, size_t ids, uint64_t now_ms)
{
    timers->slots = calloc(WHEEL, sizeof(*timers->slots));
    timers->due_ms = calloc(ids, sizeof(*timers->due_ms));
    timers->ids = ids;
    timers->at_ms = now_ms;
    if (!timers->slots || !timers->due_ms)
        abort();
}

void timers_set(struct timers *timers, uint32_t id, uint64_t due_ms)
{
    struct timer_slot *slot;

    if (due_ms <= timers->at_ms)
        due_ms = timers->at_ms + 1;
    if (timers->due_ms[id] == due_ms)
        return;
    timers->due_ms[id] = due_ms;
    slot = &timers->slots[due_ms % WHEEL];
    if (slot->count == slot->room) {
        slot->room = slot->room ? slot->room * 2 : 16;
        slot->ids = realloc(slot->ids, slot->room * sizeof(*slot->ids));
        if (!slot->ids)
            abort();
    }
    slot->ids[slot->count++] = id;
}

void timers_stop(struct timers *timers, uint32_t id)
{
    timers->due_ms[id] = 0;
}

/* A slot's ids that are due later than this turn of the wheel, or no longer, are told by due_ms. */
static void run_slot(struct timers *timers, uint64_t now_ms, void (*due)(uint32_t id))
{
    struct timer_slot slot = timers->slots[now_ms % WHEEL];

    timers->slots[now_ms % WHEEL] = (struct timer_slot){0};
    for (size_t i = 0; i < slot.count; i++) {
        uint32_t id = slot.ids[i];

        if (timers->due_ms[id] != now_ms)
            continue;
        timers->due_ms[id] = 0;
        due(id);
    }
    free(slot.ids);
}

void timers_run(struct timers *timers, uint64_t now_ms, void (*due)(uint32_t id))
{
    while (timers->at_ms < now_ms)
        run_slot(timers, ++timers->at_ms, due);
}

void timers_free(struct timers *timers)
{
    for (size_t i = 0; i < WHEEL; i++)
        free(timers->slots[i].ids);
    free(timers->slots);
    free(timers->due_ms);
}

int udp_open(struct sockaddr_in *own)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int bytes = BUFFER_BYTES;
    socklen_t size = sizeof(*own);

    /* Forced where we may; the kernel's own limit is good enough elsewhere. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (fd < 0 || bind(fd, (struct sockaddr *)own, sizeof(*own)) ||
        getsockname(fd, (struct sockaddr *)own, &size)) {
        perror("load: cannot bind");
        exit(1);
    }
    return fd;
}

void udp_read(int fd, void (*message)(const struct sip_text *message))
{
    static char texts[BATCH][SIP_TEXT_MAX];
    static struct mmsghdr batch[BATCH];
    static struct iovec pieces[BATCH];
    int count;

    do {
        for (size_t i = 0; i < BATCH; i++) {
            pieces[i] = (struct iovec){texts[i], SIP_TEXT_MAX - 1};
            batch[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
        }
        count = recvmmsg(fd, batch, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            struct sip_text text;

            texts[i][batch[i].msg_len] = 0;
            if (sip_text_read(&text, texts[i]))
                message(&text);
        }
    } while (count == BATCH);
}

void udp_write(int fd, const struct sockaddr_in *to, const char *text, int len)
{
    if (sendto(fd, text, (size_t)len, 0, (const struct sockaddr *)to, sizeof(*to)) != len)
        udp_lost++;
}
