/* Text as it is to be spoken: engines differ in how they read digits, so none are left. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digit_count(const char *text)
{
    return strspn(text, "0123456789");
}

static bool starts_with_one_of(const char *text, const char *const list[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, list[i], strlen(list[i])) == 0)
            return true;
    return false;
}

#define STARTS_WITH_ONE_OF(text, list)                                                             \
    starts_with_one_of(text, list, sizeof(list) / sizeof((list)[0]))

/* --- saying numbers ------------------------------------------------------------------------- */

static void say_each(struct text *out, const char *number, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_digit(number[i]))
            text_add(out, digits[number[i] - '0']);
}

/* 2026年, and 2025 in 2025-2026年. */
static bool is_year(const char *number, size_t length)
{
    const char *rest = number + length;

    if ((*rest == '-' || *rest == '~') && digit_count(rest + 1) == 4)
        rest += 5;
    return length == 4 && strncmp(rest, "年", strlen("年")) == 0;
}

/* Telephone numbers and the like: 一 and 七 are easily mistaken on the line, so one is 幺, as
 * operators say it. Years and short numbers keep 一. */
static void say_name(struct text *out, const char *number, size_t length)
{
    if (length < 3 || is_year(number, length)) {
        say_each(out, number, length);
        return;
    }
    for (size_t i = 0; i < length; i++)
        if (number[i] == '1')
            text_add(out, "幺");
        else
            say_each(out, number + i, 1);
}

/* 0..9999, without leading "一十" at the very front: 12 is 十二, 112 is 一百一十二. */
static void say_group(struct text *out, unsigned value, bool front)
{
    static const struct {
        unsigned of;
        const char *name;
    } places[] = {{1000, "千"}, {100, "百"}, {10, "十"}, {1, ""}};
    bool said = false, zero = false;

    for (size_t i = 0; i < 4; i++) {
        unsigned digit = value / places[i].of % 10;
        if (!digit) {
            zero = said;
            continue;
        }
        if (zero)
            text_add(out, "零");
        zero = false;
        if (!(digit == 1 && places[i].of == 10 && !said && front))
            text_add(out, digits[digit]);
        text_add(out, places[i].name);
        said = true;
    }
}

/* Up to 9999 亿: 一亿零五千, 十亿零一. */
static void say_quantity(struct text *out, uint64_t value)
{
    static const struct {
        uint64_t of;
        const char *name;
    } groups[] = {{100000000, "亿"}, {10000, "万"}, {1, ""}};
    bool said = false, gap = false;

    for (size_t i = 0; i < 3; i++) {
        unsigned part = (unsigned)(value / groups[i].of % 10000);
        if (!part) {
            gap = said;
            continue;
        }
        if (said && (gap || part < 1000))
            text_add(out, "零");
        say_group(out, part, !said);
        text_add(out, groups[i].name);
        said = true;
        gap = false;
    }
    if (!said)
        text_add(out, "零");
}

/* --- dates and times of day ----------------------------------------------------------------- */

static uint64_t value_of(const char *text, size_t length)
{
    uint64_t value = 0;

    for (size_t i = 0; i < length; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    return value;
}

/* 2026-11-24 or 2026/11/24; returns the bytes, 0 when it is none. */
static size_t say_date(struct text *out, const char *text)
{
    size_t month, day, at;
    char between = digit_count(text) == 4 ? text[4] : 0;

    if (between != '-' && between != '/')
        return 0;
    month = digit_count(text + 5);
    at = 5 + month + 1;
    if (!month || month > 2 || text[at - 1] != between)
        return 0;
    day = digit_count(text + at);
    if (!day || day > 2 || value_of(text + 5, month) - 1 > 11 || value_of(text + at, day) - 1 > 30)
        return 0;
    say_each(out, text, 4);
    text_add(out, "年");
    say_quantity(out, value_of(text + 5, month));
    text_add(out, "月");
    say_quantity(out, value_of(text + at, day));
    text_add(out, "日");
    return at + day;
}

/* 9:00, 17:30; returns the bytes, 0 when it is none. */
static size_t say_time(struct text *out, const char *text)
{
    size_t hour = digit_count(text);
    uint64_t minute;

    if (!hour || hour > 2 || text[hour] != ':' || digit_count(text + hour + 1) != 2 ||
        value_of(text, hour) > 24 || value_of(text + hour + 1, 2) > 59)
        return 0;
    minute = value_of(text + hour + 1, 2);
    say_quantity(out, value_of(text, hour));
    text_add(out, "点");
    if (minute && minute < 10)
        text_add(out, "零");
    if (minute) {
        say_quantity(out, minute);
        text_add(out, "分");
    }
    return hour + 3;
}

/* --- amounts and names ---------------------------------------------------------------------- */

/* Units after which a number is an amount; anything else is a name (telephone numbers, 12366). */
static bool is_unit(const char *rest, size_t length)
{
    static const char *const units[] = {"月", "日", "元", "万", "亿", "人",   "位", "秒",   "分",
                                        "小", "个", "天", "次", "件", "工作", "项", "时",   "点",
                                        "%",  "％", "倍", "家", "岁", "名",   "条", "公里", "周",
                                        "季", "户", "份", "张", "笔", "页",   "层", "楼"};
    /* Begin like a unit, and are none: 12366人工服务, 12366分中心, 2026个税. */
    static const char *const words[] = {"人工", "分中心", "分机", "个税", "个人", "点击"};
    static const char *const short_units[] = {"年",
                                              "号"}; /* 10 年 but 2026 年, 12 号 but 1001 号 */

    return (STARTS_WITH_ONE_OF(rest, units) && !(length > 2 && STARTS_WITH_ONE_OF(rest, words))) ||
           (length <= 2 && STARTS_WITH_ONE_OF(rest, short_units));
}

/* The second number of "9-12月" lends its unit to the first. */
static bool amount_follows(const char *rest, size_t length)
{
    if (*rest == '-' || *rest == '~') {
        size_t second = digit_count(rest + 1);
        if (!second)
            return false;
        rest += 1 + second;
    }
    rest += strspn(rest, " ");
    return is_unit(rest, length);
}

static bool percent_follows(const char *rest)
{
    return rest[0] == '%' || strncmp(rest, "％", strlen("％")) == 0;
}

/* 两个, 两小时; but 二月, 二日, 二号, 二万, 百分之二. */
static bool is_said_liang(const char *rest)
{
    static const char *const units[] = {"个", "位", "次", "件", "天", "小", "家", "名",
                                        "条", "倍", "周", "人", "点", "项", "户", "份",
                                        "张", "笔", "页", "层", "年", "秒"};

    rest += strspn(rest, " ");
    return STARTS_WITH_ONE_OF(rest, units);
}

/* Digits, or 1,234,567 with its separators left out; returns the bytes. Longer numbers than fit
 * are no amounts: they are said digit by digit from the text. */
static size_t take_whole(const char *text, char out[16], size_t *ret_count)
{
    size_t length = digit_count(text), count = length < 15 ? length : 15;
    bool may_group = length <= 3;

    memcpy(out, text, count);
    while (may_group && count <= 12 && text[length] == ',' && digit_count(text + length + 1) == 3) {
        memcpy(out + count, text + length + 1, 3);
        count += 3;
        length += 4;
    }
    out[count] = 0;
    *ret_count = count;
    return length;
}

/* One number with an optional fraction; returns the bytes it took. */
static size_t say_number(struct text *out, const char *text)
{
    char number[16];
    size_t count, whole = take_whole(text, number, &count), fraction = 0, length = whole;
    bool grouped = count > digit_count(text), amount;
    const char *rest;

    if (text[whole] == '.' && is_digit(text[whole + 1])) {
        fraction = digit_count(text + whole + 1);
        length = whole + 1 + fraction;
    }
    rest = text + length;
    amount = count <= 12 && (fraction || grouped || amount_follows(rest, count)) &&
             !(text[0] == '0' && count > 1);
    if (percent_follows(rest)) {
        text_add(out, "百分之");
        length += rest[0] == '%' ? 1 : strlen("％");
    }
    if (amount && count == 1 && text[0] == '2' && !fraction && is_said_liang(rest))
        text_add(out, "两");
    else if (amount)
        say_quantity(out, value_of(number, count));
    else
        say_name(out, text, whole);
    if (fraction) {
        text_add(out, "点");
        say_each(out, text + whole + 1, fraction);
    }
    return length;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* １２３ as 123, line ends as blanks: they would cut the sentence. */
static char *plain(const char *text)
{
    struct text out = {0};

    for (const char *p = text; *p; p++) {
        const unsigned char *u = (const unsigned char *)p;
        if (u[0] == 0xef && u[1] == 0xbc && u[2] >= 0x90 && u[2] <= 0x99) {
            char digit = (char)('0' + u[2] - 0x90);
            text_add_bytes(&out, &digit, 1);
            p += 2;
        } else {
            text_add_bytes(&out, *u < 0x20 ? " " : p, 1);
        }
    }
    return text_take(&out);
}

/* A dash between digits: from-to of times and amounts, else only a breath (0771-5551234). */
static void say_dash(struct text *out, const char *second)
{
    size_t length = digit_count(second);
    bool from_to =
        second[length] == ':' || is_year(second, length) || amount_follows(second + length, length);

    text_add(out, from_to ? "至" : " ");
}

static size_t say_digits(struct text *out, const char *text)
{
    size_t took = say_date(out, text);

    if (!took)
        took = say_time(out, text);
    return took ? took : say_number(out, text);
}

char *tts_normalise(const char *text)
{
    struct text out = {0};
    char *copy = plain(text);

    for (const char *p = copy; p && *p;) {
        if (is_digit(*p)) {
            p += say_digits(&out, p);
        } else if ((*p == '-' || *p == '~') && p > copy && is_digit(p[-1]) && is_digit(p[1])) {
            say_dash(&out, ++p);
        } else {
            text_add_bytes(&out, p++, 1);
        }
    }
    if (!copy)
        out.failed = true;
    free(copy);
    return text_take(&out);
}
