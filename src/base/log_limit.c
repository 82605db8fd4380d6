/* Bounded log lines. */
#include <hotlined/log.h>
#include <hotlined/log_limit.h>

static void sum_up(void *arg)
{
    struct log_limit *limit = arg;

    if (limit->withheld)
        log_warn(limit->room, limit->event, "why=%s withheld=%u", limit->why, limit->withheld);
    limit->written = limit->withheld = 0;
}

void log_limit_init(struct log_limit *limit, struct loop *loop, const char *room, const char *event,
                    const char *why)
{
    *limit = (struct log_limit){.room = room, .event = event, .why = why};
    loop_timer_init(&limit->timer, loop, sum_up, limit);
}

bool log_limit_take(struct log_limit *limit)
{
    if (!limit->written)
        loop_timer_start(&limit->timer, LOG_LIMIT_WINDOW_MS);
    if (limit->written == LOG_LIMIT_LINES) {
        limit->withheld++;
        return false;
    }
    limit->written++;
    return true;
}

void log_limit_done(struct log_limit *limit)
{
    if (!limit->room)
        return; /* never initialised */
    sum_up(limit);
    loop_timer_done(&limit->timer);
}
