/* Work calendars: week, holidays, make-up working days. Local time is UTC+8, no summer time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include <hotlined/ivr.h>
#include <hotlined/text.h>

#define LOCAL_AHEAD_S (8 * 3600) /* of UTC */
#define NOTE_SIZE     64         /* bytes of a day's name, for people */

static bool two_digits(const char *text, int max, int *ret_value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *ret_value = (text[0] - '0') * 10 + text[1] - '0';
    return *ret_value <= max;
}

/* "09:30" -> 570; "24:00" is the end of the day. */
static int parse_minute(const cJSON *item)
{
    int hour, minute;

    if (!cJSON_IsString(item) || strlen(item->valuestring) != 5 || item->valuestring[2] != ':' ||
        !two_digits(item->valuestring, 24, &hour) ||
        !two_digits(item->valuestring + 3, 59, &minute) || (hour == 24 && minute))
        return -1;
    return hour * 60 + minute;
}

static int parse_day(const cJSON *list, struct calendar_day *day, const char *name,
                     struct text *problems)
{
    const cJSON *period;
    int bad = 0, last = 0;

    if (!cJSON_IsArray(list)) {
        text_addf(problems, "“%s”应为时段列表。\n", name);
        return 1;
    }
    cJSON_ArrayForEach(period, list)
    {
        int from = parse_minute(cJSON_GetArrayItem(period, 0));
        int to = parse_minute(cJSON_GetArrayItem(period, 1));
        if (!cJSON_IsArray(period) || cJSON_GetArraySize(period) != 2 || from < 0 || to <= from) {
            text_addf(problems, "“%s”：时段应为 [\"开始\",\"结束\"]，如 [\"09:00\",\"12:00\"]。\n",
                      name);
            bad++;
        } else if (from < last) {
            text_addf(problems, "“%s”：时段重叠或次序不对（%d:%02d 开始的一段）。\n", name,
                      from / 60, from % 60);
            bad++;
        } else if (day->count == CALENDAR_PERIODS) {
            text_addf(problems, "“%s”：时段太多（最多 %d 段）。\n", name, CALENDAR_PERIODS);
            return bad + 1;
        } else {
            day->periods[day->count++] = (struct calendar_period){(uint16_t)from, (uint16_t)to};
            last = to;
        }
    }
    return bad;
}

/* Days since 1970-01-01 of a date, or -1 when there is no such date. */
static int64_t days_of(int year, int month, int day)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    time_t seconds = timegm(&tm);

    return tm.tm_mon == month - 1 && tm.tm_mday == day ? (int64_t)seconds / 86400 : -1;
}

static int32_t parse_date(const char *text)
{
    int century, years, month, day;

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !two_digits(text, 99, &century) ||
        !two_digits(text + 2, 99, &years) || !two_digits(text + 5, 12, &month) ||
        !two_digits(text + 8, 31, &day) || days_of(century * 100 + years, month, day) < 0)
        return -1;
    return (century * 100 + years) * 10000 + month * 100 + day;
}

static int compare_days(const void *a, const void *b)
{
    const struct calendar_day *x = a, *y = b;

    return x->date < y->date ? -1 : x->date > y->date;
}

static int parse_special(const cJSON *days, struct calendar *calendar, struct text *problems)
{
    const cJSON *day;
    int bad = 0;

    if (days && !cJSON_IsObject(days)) {
        text_add(problems, "“days”应为日期到时段的对照。\n");
        return 1;
    }
    cJSON_ArrayForEach(day, days)
    {
        struct calendar_day *special = &calendar->special[calendar->special_count];
        int32_t date = parse_date(day->string);
        if (date < 0) {
            text_addf(problems, "“%.10s”不是日期（写法：2026-10-01）。\n", day->string);
            bad++;
        } else if (calendar->special_count == CALENDAR_DAYS) {
            text_addf(problems, "特殊日期太多（最多 %d 天）。\n", CALENDAR_DAYS);
            return bad + 1;
        } else {
            special->date = date;
            bad += parse_day(day, special, day->string, problems);
            calendar->special_count++;
        }
    }
    qsort(calendar->special, calendar->special_count, sizeof(calendar->special[0]), compare_days);
    for (unsigned i = 1; i < calendar->special_count; i++)
        if (calendar->special[i].date == calendar->special[i - 1].date) {
            text_addf(problems, "日期 %d 出现了两次。\n", calendar->special[i].date);
            bad++;
        }
    return bad;
}

static int parse_week(const cJSON *week, struct calendar *calendar, struct text *problems)
{
    const cJSON *day;
    unsigned seen = 0;
    int bad = 0;

    if (!cJSON_IsObject(week)) {
        text_add(problems, "工作日历缺少“week”（1 到 7 为周一到周日）。\n");
        return 1;
    }
    cJSON_ArrayForEach(day, week)
    {
        int at = strlen(day->string) == 1 ? day->string[0] - '1' : -1;
        if (at < 0 || at > 6 || seen & 1u << at) {
            text_addf(problems, "“week”里“%.8s”不对：1 到 7 为周一到周日，各一次。\n", day->string);
            bad++;
            continue;
        }
        seen |= 1u << at;
        bad += parse_day(day, &calendar->week[at], day->string, problems);
    }
    return bad;
}

/* Names of special days, for people: the engine does not look at them. */
static int check_notes(const cJSON *notes, struct text *problems)
{
    const cJSON *note;
    int bad = 0;

    if (notes && !cJSON_IsObject(notes)) {
        text_add(problems, "“notes”应为日期到说明的对照。\n");
        return 1;
    }
    cJSON_ArrayForEach(note, notes)
    {
        if (parse_date(note->string) >= 0 && cJSON_IsString(note) &&
            strlen(note->valuestring) < NOTE_SIZE)
            continue;
        text_addf(problems, "“%.10s”的说明不对：应为日期到文字，文字最多 20 个字。\n",
                  note->string);
        bad++;
    }
    return bad;
}

int calendar_parse(const char *json, size_t length, struct calendar *ret_calendar,
                   struct text *problems)
{
    cJSON *document = cJSON_ParseWithLength(json, length);
    const cJSON *week = cJSON_GetObjectItemCaseSensitive(document, "week");
    const cJSON *days = cJSON_GetObjectItemCaseSensitive(document, "days"), *field;
    const cJSON *notes = cJSON_GetObjectItemCaseSensitive(document, "notes");
    int bad = 0;

    memset(ret_calendar, 0, sizeof(*ret_calendar));
    if (!cJSON_IsObject(document)) {
        text_add(problems, "工作日历不是有效的 JSON。\n");
        cJSON_Delete(document);
        return 1;
    }
    cJSON_ArrayForEach(field, document) if (field != week && field != days && field != notes)
    {
        text_add(problems, "工作日历只能有“week”、“days”和“notes”，各一次。\n");
        bad++;
    }
    bad += parse_week(week, ret_calendar, problems);
    bad += parse_special(days, ret_calendar, problems);
    bad += check_notes(notes, problems);
    cJSON_Delete(document);
    return bad;
}

static bool day_is_open(const struct calendar_day *day, int minute)
{
    for (unsigned i = 0; i < day->count; i++)
        if (minute >= day->periods[i].from_minute && minute < day->periods[i].to_minute)
            return true;
    return false;
}

void calendar_ask(const struct calendar *calendar, int64_t wall_ms,
                  struct calendar_answer *ret_answer)
{
    time_t local = (time_t)(wall_ms / 1000 + LOCAL_AHEAD_S);
    struct calendar_day key = {0};
    const struct calendar_day *special;
    struct tm tm;

    gmtime_r(&local, &tm);
    key.date = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
    special = bsearch(&key, calendar->special, calendar->special_count, sizeof(key), compare_days);
    *ret_answer = (struct calendar_answer){
        .special = special != NULL,
        .date = key.date,
        .weekday = (uint8_t)((tm.tm_wday + 6) % 7 + 1),
        .minute = (uint16_t)(tm.tm_hour * 60 + tm.tm_min),
        .day = special ? special : &calendar->week[(tm.tm_wday + 6) % 7],
    };
    ret_answer->open = day_is_open(ret_answer->day, ret_answer->minute);
}

bool calendar_is_open(const struct calendar *calendar, int64_t wall_ms)
{
    struct calendar_answer answer;

    calendar_ask(calendar, wall_ms, &answer);
    return answer.open;
}

int calendar_time(const char *text, int64_t *ret_wall_ms)
{
    char date[11];
    int hour, minute;
    int32_t day;

    if (strlen(text) != 16 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
        !two_digits(text + 11, 23, &hour) || !two_digits(text + 14, 59, &minute))
        return -EINVAL;
    memcpy(date, text, 10);
    date[10] = 0;
    day = parse_date(date);
    if (day < 0)
        return -EINVAL;
    *ret_wall_ms = (days_of(day / 10000, day / 100 % 100, day % 100) * 86400 + hour * 3600 +
                    minute * 60 - LOCAL_AHEAD_S) *
                   1000;
    return 0;
}
