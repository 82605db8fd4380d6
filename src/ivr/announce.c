/* What a caller who waits is told: how many are before him, and for how long. */
#include <stdio.h>
#include <string.h>

#include "ivr/flow.h"

#define AHEAD_MAX   999 /* more would not be believed */
#define MINUTES_MAX 99

/* 两位, 两分钟: the number two before a word that counts. */
static unsigned add_count(uint32_t value, const char **out, unsigned max)
{
    char text[12];

    if (value == 2 && max) {
        out[0] = "say_two";
        return 1;
    }
    snprintf(text, sizeof(text), "%u", value);
    return say_value(SAY_NUMBER, text, out, max);
}

unsigned ivr_announce(uint32_t ahead, uint32_t wait_ms, const char *out[IVR_ANNOUNCE_MAX])
{
    uint32_t minutes = wait_ms / 60000 + (wait_ms % 60000 > 0);
    unsigned count = 0;

    if (ahead) {
        out[count++] = "queue_ahead";
        count +=
            add_count(ahead < AHEAD_MAX ? ahead : AHEAD_MAX, &out[count], IVR_ANNOUNCE_MAX - count);
        out[count++] = "queue_people";
    } else {
        out[count++] = "queue_next";
    }
    if (wait_ms == UINT32_MAX || !minutes)
        return count;
    out[count++] = "queue_expect";
    count += add_count(minutes < MINUTES_MAX ? minutes : MINUTES_MAX, &out[count],
                       IVR_ANNOUNCE_MAX - count);
    out[count++] = "queue_minutes";
    return count;
}
