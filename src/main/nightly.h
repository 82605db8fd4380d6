/* What is checked once a night: that agents' states of the day before leave no gap and do not
 * overlap (DATA-04). The database says whether it is due, so a daemon that was down at three in the
 * morning checks when it is back, and of two that run only one does. */
#ifndef MAIN_NIGHTLY_H
#define MAIN_NIGHTLY_H

#include <hotlined/loop.h>

struct store;

struct nightly {
    struct loop_timer timer;
    struct store *store; /* NULL = not started */
};

/* Asks at once and then now and again. store outlives it. */
void nightly_start(struct nightly *nightly, struct loop *loop, struct store *store);
/* No answer of the store may come afterwards: the store has ended. Harmless when not started. */
void nightly_stop(struct nightly *nightly);

#endif
