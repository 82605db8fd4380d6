/* Members of JSON objects printed. */
#include <string.h>

#include <hotlined/sip.h>
#include <hotlined/text.h>

#include "telephony/json.h"

void json_text(struct text *out, const char *name, const char *value)
{
    text_add_name(out, ',', name);
    text_add_json(out, value);
}

void json_int(struct text *out, const char *name, int64_t value)
{
    text_add_name(out, ',', name);
    text_add_int(out, value);
}

void json_word(struct text *out, const char *name, const char *word)
{
    text_add_name(out, ',', name);
    text_add(out, word);
}

void json_bool(struct text *out, const char *name, bool value)
{
    json_word(out, name, value ? "true" : "false");
}

void json_begin(struct text *out, const char *name, int64_t value)
{
    text_add_name(out, '{', name);
    text_add_int(out, value);
}

void json_ms_or_null(struct text *out, const char *name, int64_t value)
{
    if (value)
        json_int(out, name, value);
    else
        json_word(out, name, "null");
}

void json_masked(struct text *out, const char *name, const char *number)
{
    char masked[SIP_NUMBER_SIZE];
    size_t length;

    text_copy(masked, sizeof(masked), number);
    length = strlen(masked);
    if (length >= 7)
        memset(masked + length - 8 + (length < 8), '*', 4);
    else if (length)
        memset(masked, '*', length);
    json_text(out, name, masked);
}
