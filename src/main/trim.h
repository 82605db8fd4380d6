/* Private to main: memory of a busy time is given back when it is over.
 *
 * glibc keeps what was freed for the next call: after a minute of 300 calls a second that is some
 * 400 MB which the night does not need, and after a start 12 MB in which the directory was read.
 * Giving it back takes the allocator's lock for some ten milliseconds, so it waits until hardly
 * anybody calls, and is done once for each busy time; starting is one. */
#ifndef MAIN_TRIM_H
#define MAIN_TRIM_H

#include <stdbool.h>
#include <stdint.h>

struct trim {
    unsigned most;        /* calls at once since memory was last given back */
    uint64_t quiet_since; /* monotonic ms; 0 = it is not quiet */
    bool given_back;      /* false = since the start nothing was */
};

/* Asked every second or so: is now the time? Once true, the next busy time begins. */
bool trim_is_due(struct trim *trim, unsigned calls, uint64_t now_ms);
/* Gives back what is free, and says in the log how much that was and how long it took. */
void trim_memory(void);

#endif
