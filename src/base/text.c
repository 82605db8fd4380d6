/* Growing text, UTF-8, numbers, local time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hotlined/text.h>

void text_done(struct text *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = 0;
}

static bool reserve(struct text *text, size_t more)
{
    size_t wanted = text->length + more + 1, capacity = text->capacity ? text->capacity : 512;
    char *grown;

    if (text->failed)
        return false;
    if (wanted <= text->capacity)
        return true;
    while (capacity < wanted)
        capacity *= 2;
    grown = realloc(text->data, capacity);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->data = grown;
    text->capacity = capacity;
    return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    memcpy(text->data + text->length, bytes, size);
    text->length += size;
    text->data[text->length] = 0;
}

void text_add(struct text *text, const char *zero_terminated)
{
    text_add_bytes(text, zero_terminated, strlen(zero_terminated));
}

/* Printed straight into the room that is there; a second time only when it was too small. */
void text_addv(struct text *text, const char *format, va_list ap)
{
    va_list again;
    size_t room;
    int n;

    if (!reserve(text, 0))
        return;
    va_copy(again, ap);
    room = text->capacity - text->length;
    n = vsnprintf(text->data + text->length, room, format, ap);
    if (n < 0) {
        text->failed = true;
    } else if ((size_t)n < room) {
        text->length += (size_t)n;
    } else {
        text->data[text->length] = 0;
        if (reserve(text, (size_t)n)) {
            vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
            text->length += (size_t)n;
        }
    }
    va_end(again);
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    text_addv(text, format, ap);
    va_end(ap);
}

void text_add_int(struct text *text, int64_t value)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        *--at = '-';
    text_add_bytes(text, at, (size_t)(digits + sizeof(digits) - at));
}

void text_add_name(struct text *text, char before, const char *name)
{
    size_t length = strlen(name);
    char *at;

    if (!reserve(text, length + 4))
        return;
    at = text->data + text->length;
    *at++ = before;
    *at++ = '"';
    memcpy(at, name, length);
    at += length;
    memcpy(at, "\":", 3);
    text->length += length + 4;
}

/* Length of the well-formed UTF-8 character at s (RFC 3629: no surrogates, nothing overlong,
 * nothing above U+10FFFF), 0 if it is broken or cut. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    size_t n;

    if (s[0] < 0x80)
        return 1;
    n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2
        : (s[0] & 0xf0) == 0xe0      ? 3
        : (s[0] & 0xf8) == 0xf0      ? 4
                                     : 0;
    if (!n || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || s[0] > 0xf4 || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

bool text_is_utf8(const void *bytes, size_t size)
{
    const unsigned char *s = bytes;

    for (size_t i = 0, n; i < size; i += n)
        if (!(n = utf8_length(s + i, size - i)))
            return false;
    return true;
}

static void add_json_char(struct text *text, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        text_addf(text, "\\%c", c);
        return;
    case '\n':
        text_add(text, "\\n");
        return;
    default:
        if (c < 0x20 || c == 0x7f)
            text_addf(text, "\\u%04x", c);
        else
            text_add_bytes(text, &c, 1);
    }
}

/* How many ASCII characters at s a JSON string holds as they are. */
static size_t plain_length(const unsigned char *s)
{
    size_t n = 0;

    while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

void text_add_json(struct text *text, const char *zero_terminated)
{
    const unsigned char *s = (const unsigned char *)zero_terminated;
    size_t left = strlen(zero_terminated);

    if (!reserve(text, left + 2)) /* most texts need no more */
        return;
    text_add_bytes(text, "\"", 1);
    while (left) {
        size_t n = plain_length(s);

        if (n) {
            text_add_bytes(text, s, n);
            s += n;
            left -= n;
            continue;
        }
        n = utf8_length(s, left);
        if (n == 1)
            add_json_char(text, *s);
        else if (n)
            text_add_bytes(text, s, n);
        else
            text_add(text, "\xef\xbf\xbd");
        n = n ? n : 1;
        s += n;
        left -= n;
    }
    text_add_bytes(text, "\"", 1);
}

char *text_take(struct text *text)
{
    char *data;

    if (!text->data)
        text_add(text, "");
    data = text->failed ? NULL : text->data;
    if (text->failed)
        free(text->data);
    memset(text, 0, sizeof(*text));
    return data;
}

bool text_copy(char *dst, size_t size, const char *src)
{
    size_t length = strlen(src), cut;

    if (length < size) {
        memcpy(dst, src, length + 1);
        return true;
    }
    if (!size)
        return false;
    cut = size - 1;
    while (cut && ((unsigned char)src[cut] & 0xc0) == 0x80)
        cut--; /* back to the first byte of the character that does not fit */
    memcpy(dst, src, cut);
    dst[cut] = 0;
    return false;
}

int text_to_int(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    char *end;
    long long value;

    if (!text || !*text || (*text != '-' && (*text < '0' || *text > '9')))
        return -EINVAL;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (*end || (text[0] == '-' && end == text + 1))
        return -EINVAL;
    if (errno == ERANGE || value < min || value > max)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Years of four digits: 1000-01-01 to 9999-12-30. */
#define FIRST_MS (-30610224000000LL)
#define LAST_MS  253402214400000LL

char *time_text(int64_t wall_ms, char out[TIME_TEXT_SIZE])
{
    int64_t known = wall_ms < FIRST_MS ? FIRST_MS : wall_ms > LAST_MS ? LAST_MS : wall_ms;
    int64_t local = known + 8 * 3600 * 1000LL;
    int64_t ms = ((local % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((local - ms) / 1000);
    struct tm tm;
    char date[20];

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, TIME_TEXT_SIZE, "%s.%03u+08:00", date, (unsigned)ms % 1000u);
    return out;
}
