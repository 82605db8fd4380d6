/* rooms: base ivr */
/* Work calendars: to the minute, with lunch, weekends, holidays and make-up days. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <hotlined/ivr.h>
#include <hotlined/text.h>

/* November 2026: the 23rd is a Monday. The National Day week, and the Saturday worked for it. */
#define OFFICE                                                                                     \
    "{\"week\":{\"1\":[[\"09:00\",\"12:00\"],[\"13:30\",\"17:00\"]],"                              \
    "\"2\":[[\"09:00\",\"12:00\"],[\"13:30\",\"17:00\"]],"                                         \
    "\"5\":[[\"00:00\",\"24:00\"]],\"6\":[],\"7\":[[\"22:00\",\"24:00\"]]},"                       \
    "\"days\":{\"2026-10-01\":[],\"2026-10-10\":[[\"10:00\",\"11:00\"]],\"2024-02-29\":[]}}"

static struct calendar calendar;

static int set_up(void **state)
{
    struct text problems = {0};
    int bad = calendar_parse(OFFICE, strlen(OFFICE), &calendar, &problems);

    (void)state;
    text_done(&problems);
    return bad;
}

/* Wall clock in Nanning, UTC+8. */
static bool open_at(int year, int month, int day, int hour, int minute, int second, int ms)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour - 8,
                    .tm_min = minute,
                    .tm_sec = second};

    return calendar_is_open(&calendar, (int64_t)timegm(&tm) * 1000 + ms);
}

static void opens_and_closes_to_the_millisecond(void **state)
{
    (void)state;
    assert_false(open_at(2026, 11, 23, 8, 59, 59, 999));
    assert_true(open_at(2026, 11, 23, 9, 0, 0, 0));
    assert_true(open_at(2026, 11, 23, 16, 59, 59, 999));
    assert_false(open_at(2026, 11, 23, 17, 0, 0, 0));
}

static void lunch_is_closed(void **state)
{
    (void)state;
    assert_true(open_at(2026, 11, 23, 11, 59, 59, 999));
    assert_false(open_at(2026, 11, 23, 12, 0, 0, 0));
    assert_false(open_at(2026, 11, 23, 13, 29, 59, 999));
    assert_true(open_at(2026, 11, 23, 13, 30, 0, 0));
}

static void each_day_of_the_week_is_its_own(void **state)
{
    static const bool at_ten[] = {true, true, false, false, true, false, false};

    (void)state;
    for (int day = 0; day < 7; day++)
        assert_int_equal(open_at(2026, 11, 23 + day, 10, 0, 0, 0), at_ten[day]);
}

static void a_day_without_end_and_midnight(void **state)
{
    (void)state;
    assert_false(open_at(2026, 11, 26, 23, 59, 59, 999)); /* Thursday */
    assert_true(open_at(2026, 11, 27, 0, 0, 0, 0));       /* Friday, the whole day */
    assert_true(open_at(2026, 11, 27, 23, 59, 59, 999));
    assert_false(open_at(2026, 11, 28, 0, 0, 0, 0));
    assert_true(open_at(2026, 11, 29, 23, 59, 59, 999)); /* Sunday to 24:00 */
    assert_false(open_at(2026, 11, 30, 0, 0, 0, 0));
}

static void a_holiday_is_closed_although_the_weekday_is_open(void **state)
{
    (void)state;
    assert_false(open_at(2024, 2, 29, 10, 0, 0, 0));
    assert_false(open_at(2026, 10, 1, 10, 0, 0, 0)); /* Thursday: closed either way */
    calendar.week[3] = calendar.week[0];
    assert_false(open_at(2026, 10, 1, 10, 0, 0, 0));
    assert_true(open_at(2026, 10, 8, 10, 0, 0, 0));
}

static void a_make_up_day_has_its_own_hours(void **state)
{
    (void)state;
    assert_false(open_at(2026, 10, 10, 9, 59, 59, 999)); /* a Saturday */
    assert_true(open_at(2026, 10, 10, 10, 0, 0, 0));
    assert_false(open_at(2026, 10, 10, 11, 0, 0, 0));
    assert_false(open_at(2026, 10, 17, 10, 0, 0, 0)); /* the next is free again */
}

static void the_day_is_that_of_nanning_not_of_greenwich(void **state)
{
    (void)state;
    /* Sunday 22:30 in Nanning is Sunday 14:30 UTC; Monday 00:30 in Nanning is still Sunday there.
     */
    assert_true(open_at(2026, 11, 29, 22, 30, 0, 0));
    assert_false(open_at(2026, 11, 30, 0, 30, 0, 0));
    assert_true(open_at(2026, 11, 27, 0, 30, 0, 0)); /* Friday, Thursday in Greenwich */
}

/* --- documents ------------------------------------------------------------------------------ */

static void refuses(const char *json, const char *expected)
{
    static struct calendar none;
    struct text problems = {0};
    int count = calendar_parse(json, strlen(json), &none, &problems), lines = 0;

    assert_non_null(problems.data);
    assert_string_equal(problems.data, expected);
    for (const char *p = problems.data; *p; p++)
        lines += *p == '\n';
    assert_int_equal(count, lines);
    text_done(&problems);
}

static void broken_documents_are_refused(void **state)
{
    static const char period[] = "“1”：时段应为 [\"开始\",\"结束\"]，如 [\"09:00\",\"12:00\"]。\n";

    (void)state;
    refuses("", "工作日历不是有效的 JSON。\n");
    refuses("[1]", "工作日历不是有效的 JSON。\n");
    refuses("{}", "工作日历缺少“week”（1 到 7 为周一到周日）。\n");
    refuses("{\"week\":[]}", "工作日历缺少“week”（1 到 7 为周一到周日）。\n");
    refuses("{\"week\":{},\"holidays\":{}}", "工作日历只能有“week”、“days”和“notes”，各一次。\n");
    refuses("{\"week\":{\"8\":[]}}", "“week”里“8”不对：1 到 7 为周一到周日，各一次。\n");
    refuses("{\"week\":{\"1\":[],\"1\":[]}}", "“week”里“1”不对：1 到 7 为周一到周日，各一次。\n");
    refuses("{\"week\":{\"1\":5}}", "“1”应为时段列表。\n");
    refuses("{\"week\":{\"1\":[5]}}", period);
    refuses("{\"week\":{\"1\":[{\"a\":\"09:00\",\"b\":\"10:00\"}]}}", period);
    refuses("{\"week\":{\"1\":[[\"09:00\"]]}}", period);
    refuses("{\"week\":{\"1\":[[\"9:00\",\"10:00\"]]}}", period);
    refuses("{\"week\":{\"1\":[[\"09:00\",\"24:01\"]]}}", period);
    refuses("{\"week\":{\"1\":[[\"09:00\",\"09:60\"]]}}", period);
    refuses("{\"week\":{\"1\":[[\"10:00\",\"10:00\"]]}}", period);
    refuses("{\"week\":{\"1\":[[\"22:00\",\"02:00\"]]}}", period);
    refuses("{\"week\":{\"1\":[[\"09:00\",\"12:00\"],[\"11:00\",\"13:00\"]]}}",
            "“1”：时段重叠或次序不对（11:00 开始的一段）。\n");
    refuses("{\"week\":{},\"days\":\"none\"}", "“days”应为日期到时段的对照。\n");
    refuses("{\"week\":{},\"days\":[[]]}", "“days”应为日期到时段的对照。\n");
    refuses("{\"week\":{},\"days\":{\"2026-02-29\":[]}}",
            "“2026-02-29”不是日期（写法：2026-10-01）。\n");
    refuses("{\"week\":{},\"days\":{\"2026-1-1\":[]}}",
            "“2026-1-1”不是日期（写法：2026-10-01）。\n");
    refuses("{\"week\":{},\"days\":{\"2026-10-01\":[],\"2026-10-01\":[]}}",
            "日期 20261001 出现了两次。\n");
}

static void four_hundred_special_days_fit_and_are_found(void **state)
{
    struct text json = {0}, problems = {0};
    int count = 0;

    (void)state;
    text_add(&json, "{\"week\":{},\"days\":{");
    for (int i = 0; i < CALENDAR_DAYS; i++) /* from the last to the first: they get sorted */
        text_addf(&json, "%s\"%04d-%02d-%02d\":[[\"08:00\",\"09:00\"]]", i ? "," : "",
                  2043 - i / 28, 1 + i % 4 * 3, 28 - i % 28);
    text_add(&json, "}}");
    assert_int_equal(calendar_parse(json.data, json.length, &calendar, &problems), 0);
    for (int i = 0; i < CALENDAR_DAYS; i++)
        count += open_at(2043 - i / 28, 1 + i % 4 * 3, 28 - i % 28, 8, 30, 0, 0);
    assert_int_equal(count, CALENDAR_DAYS);
    json.length -= 2;
    text_add(&json, ",\"2060-01-01\":[]}}");
    assert_int_equal(calendar_parse(json.data, json.length, &calendar, &problems), 1);
    assert_string_equal(problems.data, "特殊日期太多（最多 400 天）。\n");
    text_done(&json);
    text_done(&problems);
}

static void seven_periods_in_a_day_are_too_many(void **state)
{
    struct text json = {0};

    (void)state;
    text_add(&json, "{\"week\":{\"3\":[");
    for (int i = 0; i < 7; i++)
        text_addf(&json, "%s[\"%02d:00\",\"%02d:30\"]", i ? "," : "", 8 + i, 8 + i);
    text_add(&json, "]}}");
    refuses(json.data, "“3”：时段太多（最多 6 段）。\n");
    text_done(&json);
}

static void CC_26_the_answer_names_the_rule_that_decided(void **state)
{
    static const char json[] =
        "{\"week\":{\"4\":[[\"09:00\",\"12:00\"],[\"13:30\",\"17:00\"]]},"
        "\"days\":{\"2026-10-01\":[],\"2026-10-10\":[[\"10:00\",\"11:00\"]]},"
        "\"notes\":{\"2026-10-01\":\"国庆节\"}}";
    struct text problems = {0};
    struct calendar_answer answer;
    int64_t ms;

    (void)state;
    assert_int_equal(calendar_parse(json, strlen(json), &calendar, &problems), 0);
    assert_int_equal(calendar_time("2026-10-01T09:30", &ms), 0); /* a Thursday, holiday */
    calendar_ask(&calendar, ms, &answer);
    assert_false(answer.open);
    assert_true(answer.special);
    assert_int_equal(answer.date, 20261001);
    assert_int_equal(answer.weekday, 4);
    assert_int_equal(answer.minute, 570);
    assert_int_equal(answer.day->count, 0);
    assert_int_equal(calendar_time("2026-10-08 13:30", &ms), 0); /* a Thursday as any */
    calendar_ask(&calendar, ms, &answer);
    assert_true(answer.open && !answer.special);
    assert_int_equal(answer.day->count, 2);
    calendar_ask(&calendar, ms - 1, &answer);
    assert_false(answer.open);
    assert_int_equal(calendar_time("2026-10-10T10:59", &ms), 0); /* a Saturday made up for */
    calendar_ask(&calendar, ms, &answer);
    assert_true(answer.open && answer.special);
    assert_int_equal(answer.weekday, 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(
            calendar_time((const char *[]){"", "2026-10-01", "2026-02-30T09:00", "2026-10-01T24:00",
                                           "2026-10-01T9:00 ", "2026-10-01x09:00"}[i],
                          &ms),
            -EINVAL);
    refuses("{\"week\":{},\"notes\":[]}", "“notes”应为日期到说明的对照。\n");
    refuses("{\"week\":{},\"notes\":{\"2026-10-01\":5}}",
            "“2026-10-01”的说明不对：应为日期到文字，文字最多 20 个字。\n");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_and_closes_to_the_millisecond),
        TEST(lunch_is_closed),
        TEST(each_day_of_the_week_is_its_own),
        TEST(a_day_without_end_and_midnight),
        TEST(a_holiday_is_closed_although_the_weekday_is_open),
        TEST(a_make_up_day_has_its_own_hours),
        TEST(the_day_is_that_of_nanning_not_of_greenwich),
        TEST(broken_documents_are_refused),
        TEST(four_hundred_special_days_fit_and_are_found),
        TEST(seven_periods_in_a_day_are_too_many),
        TEST(CC_26_the_answer_names_the_rule_that_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
