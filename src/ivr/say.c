/* A value in words: digit by digit, as a number or as an amount of money, in recorded syllables. */
#include <stdlib.h>
#include <string.h>

#include "ivr/flow.h"

#define MAX_INTEGER 9 /* digits; longer ones are spelled */

struct words {
    const char **out;
    unsigned count, max;
};

static const char *const digits[] = {"digit_0",   "digit_1",   "digit_2", "digit_3", "digit_4",
                                     "digit_5",   "digit_6",   "digit_7", "digit_8", "digit_9",
                                     "say_minus", "say_point", NULL};
static const char *const numbers[] = {
    "digit_0", "digit_1",     "digit_2",      "digit_3", "digit_4",   "digit_5",
    "digit_6", "digit_7",     "digit_8",      "digit_9", "say_minus", "say_point",
    "say_ten", "say_hundred", "say_thousand", "say_wan", "say_yi",    NULL};
static const char *const amounts[] = {
    "digit_0",      "digit_1", "digit_2", "digit_3",   "digit_4",   "digit_5", "digit_6",
    "digit_7",      "digit_8", "digit_9", "say_minus", "say_point", "say_ten", "say_hundred",
    "say_thousand", "say_wan", "say_yi",  "say_yuan",  "say_jiao",  "say_fen", NULL};

const char *const *say_prompts(enum say_as as)
{
    return as == SAY_DIGITS ? digits : as == SAY_NUMBER ? numbers : amounts;
}

static void add(struct words *w, const char *code)
{
    if (w->count < w->max)
        w->out[w->count++] = code;
}

static void add_digit(struct words *w, char digit)
{
    add(w, digits[digit - '0']);
}

/* Letters and signs between the digits have no sound. */
static void spell(struct words *w, const char *value)
{
    for (const char *c = value; *c; c++)
        if (*c >= '0' && *c <= '9')
            add_digit(w, *c);
        else if (*c == '-' && c == value)
            add(w, "say_minus");
        else if (*c == '.')
            add(w, "say_point");
}

/* Four digits below 万: 1050 is 一千零五十. zero: something stands before that 零 would join. */
static void add_group(struct words *w, int group, bool zero)
{
    static const char *const units[] = {"say_thousand", "say_hundred", "say_ten", NULL};
    int scale = 1000;
    bool begun = false, gap = zero && group < 1000;

    for (int i = 0; i < 4; i++, scale /= 10) {
        int digit = group / scale % 10;
        if (!digit) {
            gap |= begun;
            continue;
        }
        if (gap)
            add(w, digits[0]);
        gap = false;
        /* 十五, not 一十五, when nothing stands before it */
        if (!(digit == 1 && scale == 10 && !begun && !zero))
            add(w, digits[digit]);
        if (units[i])
            add(w, units[i]);
        begun = true;
    }
}

static void add_integer(struct words *w, int64_t value)
{
    int yi = (int)(value / 100000000), wan = (int)(value / 10000 % 10000);
    int rest = (int)(value % 10000);

    if (!value)
        add(w, digits[0]);
    if (yi) {
        add_group(w, yi, false);
        add(w, "say_yi");
    }
    if (wan) {
        add_group(w, wan, yi > 0);
        add(w, "say_wan");
    }
    if (rest)
        add_group(w, rest, yi > 0 || wan > 0);
}

/* -?[0-9]{1,9}(.[0-9]+)? The fraction is what stands behind the point, "" when nothing does. */
static bool is_number(const char *value, bool *ret_minus, int64_t *ret_integer,
                      const char **ret_fraction)
{
    const char *start = value + (*value == '-');
    size_t whole = strspn(start, "0123456789");
    const char *rest = start + whole;

    if (!whole || whole > MAX_INTEGER)
        return false;
    if (*rest == '.' && (!rest[1] || rest[1 + strspn(rest + 1, "0123456789")]))
        return false;
    if (*rest && *rest != '.')
        return false;
    *ret_minus = *value == '-';
    *ret_integer = strtoll(start, NULL, 10);
    *ret_fraction = *rest ? rest + 1 : rest;
    return true;
}

/* 元, 角, 分; what is smaller is not said. Nothing but 零元 for nothing. */
static void add_amount(struct words *w, int64_t yuan, const char *fraction)
{
    char jiao = fraction[0] ? fraction[0] : '0';
    char fen = fraction[0] && fraction[1] ? fraction[1] : '0';

    if (yuan || (jiao == '0' && fen == '0')) {
        add_integer(w, yuan);
        add(w, "say_yuan");
    }
    if (jiao != '0') {
        add_digit(w, jiao);
        add(w, "say_jiao");
    } else if (yuan && fen != '0') {
        add(w, digits[0]);
    }
    if (fen != '0') {
        add_digit(w, fen);
        add(w, "say_fen");
    }
}

unsigned say_value(enum say_as as, const char *value, const char **out, unsigned max)
{
    struct words w = {out, 0, max};
    const char *fraction;
    int64_t integer;
    bool minus;

    if (as == SAY_DIGITS || !is_number(value, &minus, &integer, &fraction)) {
        spell(&w, value);
        return w.count;
    }
    if (minus)
        add(&w, "say_minus");
    if (as == SAY_AMOUNT) {
        add_amount(&w, integer, fraction);
        return w.count;
    }
    add_integer(&w, integer);
    if (fraction[0]) {
        add(&w, "say_point");
        spell(&w, fraction);
    }
    return w.count;
}
