/* Log lines. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#define LINE_SIZE 2048
#define SAFE_SIZE 256
#define SAFE_RING 8

static _Atomic int current_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&current_level, (int)level);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARN:
        return "warn";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "?";
}

/* One write() per line, so that lines of several threads never mix. */
void log_line(enum log_level level, const char *room, const char *event, const char *format, ...)
{
    char line[LINE_SIZE], when[TIME_TEXT_SIZE];
    struct timespec ts;
    va_list ap;
    int n;

    if (level > log_get_level())
        return;
    clock_gettime(CLOCK_REALTIME, &ts);
    time_text((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, when);
    n = snprintf(line, sizeof(line), "<%d>time=%s level=%s room=%s event=%s ", level, when,
                 level_name(level), room, event);
    va_start(ap, format);
    n += vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
    va_end(ap);
    if (n > (int)sizeof(line) - 2)
        for (n = (int)sizeof(line) - 2; n && ((unsigned char)line[n] & 0xc0) == 0x80;)
            n--; /* back to the first byte of the character that does not fit */
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0) {
        /* nowhere left to say it */
    }
}

const char *log_safe(const char *text)
{
    static _Thread_local char ring[SAFE_RING][SAFE_SIZE];
    static _Thread_local unsigned next;
    char *out = ring[next++ % SAFE_RING];

    text_copy(out, SAFE_SIZE, text ? text : "");
    if (!text_is_utf8(out, strlen(out)))
        for (char *c = out; *c; c++)
            if ((unsigned char)*c >= 0x80)
                *c = '?';
    for (char *c = out; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' || *c == 0x7f)
            *c = '_';
    return out;
}
