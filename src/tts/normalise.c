/* Text as it is to be spoken: engines differ in how they read digits, so none are left. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void say_each(struct text *out, const char *number, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_digit(number[i]))
            text_add(out, digits[number[i] - '0']);
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

static void say_quantity(struct text *out, uint64_t value)
{
    unsigned high = (unsigned)(value / 10000), low = (unsigned)(value % 10000);

    if (!value) {
        text_add(out, "零");
        return;
    }
    if (high) {
        say_group(out, high, true);
        text_add(out, "万");
        if (low && low < 1000)
            text_add(out, "零");
    }
    if (low)
        say_group(out, low, !high);
}

/* Units after which a number is an amount; anything else is a name (telephone numbers, 12366). */
static bool amount_follows(const char *rest)
{
    static const char *const units[] = {"月", "日", "元", "万", "亿", "人",   "位", "秒",   "分",
                                        "小", "个", "天", "次", "件", "工作", "项", "时",   "点",
                                        "%",  "％", "倍", "家", "岁", "名",   "条", "公里", "周"};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strncmp(rest, units[i], strlen(units[i])) == 0)
            return true;
    return false;
}

static bool percent_follows(const char *rest)
{
    return rest[0] == '%' || strncmp(rest, "％", strlen("％")) == 0;
}

/* One number with an optional fraction; returns the bytes it took. */
static size_t say_number(struct text *out, const char *text)
{
    size_t whole = strspn(text, "0123456789"), fraction = 0, length = whole;
    const char *rest;
    uint64_t value = 0;
    bool amount;

    if (text[whole] == '.' && is_digit(text[whole + 1])) {
        fraction = strspn(text + whole + 1, "0123456789");
        length = whole + 1 + fraction;
    }
    rest = text + length;
    amount = whole <= 8 && (fraction || amount_follows(rest)) && !(text[0] == '0' && whole > 1);
    for (size_t i = 0; amount && i < whole; i++)
        value = value * 10 + (unsigned)(text[i] - '0');
    if (percent_follows(rest)) {
        text_add(out, "百分之");
        length += rest[0] == '%' ? 1 : strlen("％");
    }
    if (amount)
        say_quantity(out, value);
    else
        say_each(out, text, whole);
    if (fraction) {
        text_add(out, "点");
        say_each(out, text + whole + 1, fraction);
    }
    return length;
}

char *tts_normalise(const char *text)
{
    struct text out = {0};

    while (*text) {
        if (is_digit(*text)) {
            text += say_number(&out, text);
        } else if ((unsigned char)*text < 0x20) {
            text_add(&out, " "); /* line ends would cut the sentence */
            text++;
        } else {
            text_add_bytes(&out, text++, 1);
        }
    }
    return text_take(&out);
}
