/* Dialing out by a center's rule: pure. */
#include <stdio.h>
#include <string.h>

#include <hotlined/dialing.h>

#define MOBILE_DIGITS 11

static const char *const names[DIALING_RANGES] = {
    [DIALING_EMERGENCY] = "emergency",
    [DIALING_SERVICE] = "service",
    [DIALING_LOCAL] = "local",
    [DIALING_MOBILE] = "mobile",
    [DIALING_NATIONAL] = "national",
    [DIALING_PREMIUM] = "premium",
    [DIALING_INTERNATIONAL] = "international",
};

const char *dialing_range_name(enum dialing_range range)
{
    return range < DIALING_RANGES ? names[range] : "";
}

enum dialing_range dialing_range_find(const char *name)
{
    int range = 0;

    while (name && range < DIALING_RANGES && strcmp(names[range], name) != 0)
        range++;
    return name ? (enum dialing_range)range : DIALING_RANGES;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_one_of(const char *number, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(number, list[i]) == 0)
            return true;
    return false;
}

/* The numbering plan of the ministry: 160 and 168 are voice information by land line, 969 of firms
 * that bill through the carrier. */
static bool is_premium(const char *number)
{
    return begins(number, "160") || begins(number, "168") || begins(number, "969");
}

static bool is_mobile(const char *number)
{
    return strlen(number) == MOBILE_DIGITS && number[0] == '1' && number[1] >= '3';
}

/* 010 and 02x have three digits, all others four. */
static const char *without_area(const char *number)
{
    size_t length = begins(number, "010") || begins(number, "02") ? 3 : 4;

    return strlen(number) > length ? number + length : "";
}

enum dialing_range dialing_range_of(const char *number, const char *area)
{
    static const char *const emergency[] = {"110", "119", "120", "122"};
    size_t length = strlen(number);

    if (is_one_of(number, emergency, sizeof(emergency) / sizeof(emergency[0])))
        return DIALING_EMERGENCY;
    if (begins(number, "00"))
        return DIALING_INTERNATIONAL;
    if (strpbrk(number, "*#"))
        return DIALING_SERVICE;
    if (is_mobile(number))
        return DIALING_MOBILE;
    if (number[0] == '0') {
        if (is_premium(without_area(number)))
            return DIALING_PREMIUM;
        return *area && begins(number, area) ? DIALING_LOCAL : DIALING_NATIONAL;
    }
    if (is_premium(number))
        return DIALING_PREMIUM;
    if (length <= 6 || (length == 10 && (begins(number, "400") || begins(number, "800"))))
        return DIALING_SERVICE;
    return length <= 8 ? DIALING_LOCAL : DIALING_NATIONAL;
}

bool dialing_allows(const struct dialing_rule *rule, enum dialing_range range)
{
    return range == DIALING_EMERGENCY || (rule->ranges >> range & 1);
}

bool dialing_form(const struct dialing_rule *rule, const char *number, const char *area, bool near,
                  char *out, size_t size)
{
    enum dialing_range range = dialing_range_of(number, area);
    const char *zero = range == DIALING_MOBILE && rule->far_zero && !near ? "0" : "";
    int length;

    if (range == DIALING_LOCAL && rule->local_short && number[0] == '0')
        number += strlen(area);
    length = snprintf(out, size, "%s%s%s", rule->prefix, zero, number);
    return length > 0 && (size_t)length < size;
}
