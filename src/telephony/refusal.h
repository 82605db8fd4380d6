/* Private to telephony: why an INVITE is refused. */
#ifndef TELEPHONY_REFUSAL_H
#define TELEPHONY_REFUSAL_H

struct telephony;

#define RETRY_AFTER_S 10 /* a refused call may try again */

/* Each has a metric and a bound on its log lines. */
enum telephony_refusal {
    REFUSED_DRAINING,
    REFUSED_STARTING,
    REFUSED_OVERLOADED, /* facts are not kept */
    REFUSED_BUSY,       /* the processor has no more time */
    REFUSED_FULL,
    REFUSED_NUMBER,
    REFUSED_CENTER,
    REFUSED_FLOW,
    REFUSED_TRANSFER, /* by another center that may not pass calls on */
    REFUSED_SHARE,    /* the center's channels are used up */
    REFUSED_MEDIA,
    REFUSED_COUNT
};

/* Why no call at all is let in now, REFUSED_COUNT = they are. */
enum telephony_refusal call_not_now(const struct telephony *t);

#endif
