/* Work calendars: periods in order and within the day, special days in order; and they can be asked
 * for any time. */
#include <string.h>

#include <hotlined/ivr.h>
#include <hotlined/text.h>

#include "fuzz.h"

static void check_day(const struct calendar_day *day)
{
    unsigned last = 0;

    MUST(day->count <= CALENDAR_PERIODS);
    for (unsigned i = 0; i < day->count; i++) {
        MUST(day->periods[i].from_minute >= last);
        MUST(day->periods[i].to_minute > day->periods[i].from_minute);
        MUST(day->periods[i].to_minute <= 1440);
        last = day->periods[i].to_minute;
    }
}

static void check(const struct calendar *calendar)
{
    for (int i = 0; i < 7; i++)
        check_day(&calendar->week[i]);
    MUST(calendar->special_count <= CALENDAR_DAYS);
    for (unsigned i = 0; i < calendar->special_count; i++) {
        check_day(&calendar->special[i]);
        MUST(calendar->special[i].date >= 0 && calendar->special[i].date <= 99991231);
        MUST(i == 0 || calendar->special[i].date > calendar->special[i - 1].date);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct calendar calendar;
    struct text problems = {0};
    int bad = calendar_parse((const char *)data, size, &calendar, &problems);

    MUST(bad >= 0 && (bad > 0) == (problems.length > 0));
    if (bad == 0) {
        static const int64_t hour = 3600 * 1000;
        check(&calendar);
        for (int64_t at = 1764000000000; at < 1764000000000 + 8 * 24 * hour; at += hour)
            (void)calendar_is_open(&calendar, at);
        for (unsigned i = 0; i < 8 && i < size; i++)
            (void)calendar_is_open(&calendar, (int64_t)data[i] << (i * 5));
    }
    text_done(&problems);
    return 0;
}
