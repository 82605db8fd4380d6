#include <stdio.h>
#include <string.h>

#include <hotlined/text.h>

#include "telephony/bot_rules.h"

#define ROUNDS_MAX 1000

/* --- what it says --------------------------------------------------------------------------- */

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* False: broken, too long, no UTF-8, or with control characters. */
static bool read_text(const char *value, size_t length, char *out, size_t size)
{
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)value[i];
        if (c == '%') {
            int high = i + 2 < length ? hex(value[i + 1]) : -1;
            int low = high >= 0 ? hex(value[i + 2]) : -1;
            if (low < 0)
                return false;
            c = high << 4 | low;
            i += 2;
        }
        if (c < ' ' || c == 127 || at + 1 >= size)
            return false;
        out[at++] = (char)c;
    }
    out[at] = 0;
    return text_is_utf8(out, at);
}

static void take(struct bot_report *report, const char *name, size_t name_length, const char *value,
                 size_t length)
{
    char text[sizeof(report->summary)];
    int64_t number;

    if (!read_text(value, length, text, sizeof(text)))
        return;
    if (name_length == 7 && memcmp(name, "outcome", 7) == 0)
        report->done = strcmp(text, "done") == 0;
    else if (name_length == 6 && memcmp(name, "rounds", 6) == 0 &&
             text_to_int(text, 0, ROUNDS_MAX, &number) == 0)
        report->rounds = (uint32_t)number;
    else if (name_length == 6 && memcmp(name, "intent", 6) == 0 &&
             strlen(text) < sizeof(report->intent))
        memcpy(report->intent, text, strlen(text) + 1);
    else if (name_length == 7 && memcmp(name, "summary", 7) == 0)
        memcpy(report->summary, text, strlen(text) + 1);
}

void bot_report_read(const char *header, struct bot_report *ret_report)
{
    *ret_report = (struct bot_report){0};
    while (*header) {
        size_t length = strcspn(header, ";"), name = strcspn(header, "=;");
        if (name < length)
            take(ret_report, header, name, header + name + 1, length - name - 1);
        header += length + (header[length] == ';');
        header += strspn(header, " ");
    }
}

enum bot_place bot_place_read(const char *user, const char **ret_code)
{
    enum bot_place place = strncmp(user, "queue-", 6) == 0  ? BOT_QUEUE
                           : strncmp(user, "node-", 5) == 0 ? BOT_NODE
                                                            : BOT_NOWHERE;

    *ret_code = user + (place == BOT_QUEUE ? 6 : place == BOT_NODE ? 5 : 0);
    return **ret_code ? place : BOT_NOWHERE;
}
