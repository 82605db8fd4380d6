/* Lines that strangers can cause without end are bounded: LOG_LIMIT_LINES a second of one kind,
 * then one line with the number of those left out. Count such things in a metric as well. */
#ifndef HOTLINED_LOG_LIMIT_H
#define HOTLINED_LOG_LIMIT_H

#include <stdbool.h>

#include <hotlined/loop.h>

#define LOG_LIMIT_LINES     5
#define LOG_LIMIT_WINDOW_MS 1000

struct log_limit {
    struct loop_timer timer;        /* runs while a window is open */
    const char *room, *event, *why; /* constants: what the summary is about */
    unsigned written, withheld;     /* in this window */
};

void log_limit_init(struct log_limit *limit, struct loop *loop, const char *room, const char *event,
                    const char *why);
/* May the caller write its line now? */
bool log_limit_take(struct log_limit *limit);
/* Says what was left out so far. */
void log_limit_done(struct log_limit *limit);

#endif
