/* Logs: one line per event, key=value, to stderr (journald adds time and priority).
 *
 *   log_info("call", "answered", "call=%s agent=%d wait_ms=%lld", id, agent, wait);
 *   -> <6>time=2026-11-24T08:00:00.123+08:00 level=info room=call event=answered call=... ...
 *
 * Every line that is about a call carries call=UUID, about a leg leg=N, about an agent
 * agent=USER_ID: one grep for the UUID tells one call's story. Never log passwords, cookies,
 * keys or message bodies. Text from outside goes through log_safe(). Thread-safe. */
#ifndef HOTLINED_LOG_H
#define HOTLINED_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_line(enum log_level level, const char *room, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define log_error(room, event, ...) log_line(LOG_LEVEL_ERROR, room, event, __VA_ARGS__)
#define log_warn(room, event, ...)  log_line(LOG_LEVEL_WARN, room, event, __VA_ARGS__)
#define log_info(room, event, ...)  log_line(LOG_LEVEL_INFO, room, event, __VA_ARGS__)
#define log_debug(room, event, ...)                                                                \
    do {                                                                                           \
        if (log_get_level() >= LOG_LEVEL_DEBUG)                                                    \
            log_line(LOG_LEVEL_DEBUG, room, event, __VA_ARGS__);                                   \
    } while (0)

/* Text from outside made safe for one log field: control characters, spaces, quotes and '='
 * become '_', cut at about 200 bytes on a UTF-8 border. Returns one of a few rotating
 * thread-local buffers: good for the arguments of one log_line() call, not to be kept. */
const char *log_safe(const char *text);

#endif
