/* The range of RTP ports: even for RTP, the next odd one for RTCP. Control thread only.
 *
 * Free pairs wait in a queue, first in an order of chance: the one free for longest is taken, so
 * late packets of an ended call find a closed port and not a new call. Making and closing four
 * sockets a call costs more than all else that media does for a short one, so sockets that come
 * back are kept open: after PORTS_REST_MS, and only if hardly anything has come for them since,
 * they serve a new leg. */
#ifndef HOTLINED_MEDIA_PORTS_H
#define HOTLINED_MEDIA_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORTS_REST_MS = 3000,  /* longer than the last packets of a call are under way */
    PORTS_KEEP_MS = 60000, /* what nobody wanted for so long is closed */
    PORTS_STALE_MAX = 16   /* packets that may have come since: 320 ms of sound */
};

struct ports_pair {
    uint16_t port;
    int fds[2]; /* RTP, RTCP; bound */
    int64_t since_ms;
};

struct ports {
    uint16_t *queue; /* owned; even ports without sockets */
    size_t capacity;
    size_t head, count;
    struct ports_pair *idle; /* owned; a ring of open pairs, oldest first */
    size_t idle_head, idle_count;
    size_t open_max, open; /* pairs with sockets, idle and lent */
    int dscp;
    const char *address; /* to bind to; not owned */
};

struct ports_options {
    const char *address; /* must outlive the ports */
    uint16_t first, last;
    int dscp;
    size_t open_max; /* pairs with sockets at a time */
};

/* 0, -EINVAL for an empty range, -ENOMEM. */
int ports_init(struct ports *ports, const struct ports_options *options);
void ports_done(struct ports *ports);
/* Gives a bound pair of non-blocking sockets. 0 or -EAGAIN none free (or another errno). */
int ports_open(struct ports *ports, uint16_t *ret_port, int ret_fds[2]);
/* With its sockets, no longer watched; or {-1, -1} when they were closed. */
void ports_give_back(struct ports *ports, uint16_t port, const int fds[2]);

#endif
