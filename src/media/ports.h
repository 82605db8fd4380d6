/* The range of RTP ports: even for RTP, the next odd one for RTCP. Control thread only.
 *
 * Free pairs wait in a queue: the one free for longest is taken, so late packets of an ended
 * call find a closed port and not a new call. */
#ifndef HOTLINED_MEDIA_PORTS_H
#define HOTLINED_MEDIA_PORTS_H

#include <stddef.h>
#include <stdint.h>

struct ports {
    uint16_t *queue; /* owned; even ports */
    size_t capacity;
    size_t head, count;
    int dscp;
    const char *address; /* to bind to; not owned */
};

/* 0, -EINVAL for an empty range, -ENOMEM. */
int ports_init(struct ports *ports, const char *address, uint16_t first, uint16_t last, int dscp);
void ports_done(struct ports *ports);
/* Opens a bound pair of non-blocking sockets. 0 or -EAGAIN none free (or another errno). */
int ports_open(struct ports *ports, uint16_t *ret_port, int ret_fds[2]);
void ports_give_back(struct ports *ports, uint16_t port); /* after its sockets were closed */

#endif
