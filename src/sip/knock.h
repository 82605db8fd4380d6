/* Who knocks: how late requests are read, and new calls refused before sofia works on them. */
#ifndef HOTLINED_SIP_KNOCK_H
#define HOTLINED_SIP_KNOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sofia-sip/msg_types.h>
#include <sofia-sip/sip.h>

struct sip;

enum {
    KNOCK_SOCKETS = 8,    /* UDP sockets of the SIP port, one per address at most */
    KNOCK_BUCKETS = 8192, /* of INVITEs of the last seconds */
    KNOCK_WAYS = 4
};

struct knock_seen {
    uint32_t key, at_s;
};

struct knock {
    int sockets[KNOCK_SOCKETS];
    unsigned socket_count;
    int current;                   /* the one the request in work was read from; -1 = a stream */
    int sched_fd;                  /* what the scheduler says of this thread; -1 = not known */
    uint64_t looked_ms, active_ns; /* ran or waited for a processor, at the last look */
    uint32_t saturated_ms;         /* without a pause */
    uint64_t seed;
    struct knock_seen (*let_in)[KNOCK_WAYS];  /* owned, KNOCK_BUCKETS */
    struct knock_seen (*refused)[KNOCK_WAYS]; /* the same: many refusals push out no call */
};

/* After nua has its sockets. */
int knock_init(struct sip *sip);
void knock_done(struct sip *sip);
/* A whole, good request. True: it was dealt with here and nobody else shall see it. */
bool knock_deals_with(struct sip *sip, msg_t *message, const sip_t *request);
/* A call of a trunk over a connection, which has no answer without a transaction: 0, or the
 * seconds after which it may try again. */
int knock_refuses(struct sip *sip, const sip_t *request);

#endif
