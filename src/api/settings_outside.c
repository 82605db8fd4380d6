/* Systems outside that settings name: headers and secrets they are asked with, and what they answer
 * to a try. */
#include <string.h>
#include <strings.h>

#include "api/settings.h"

#define SHOWN_BYTES 4000

bool settings_is_header_name(const char *name)
{
    static const char *const own[] = {"host", "connection", "content-length", "transfer-encoding"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcasecmp(own[i], name) == 0)
            return false;
    return strlen(name) <= QUERY_MAX_HEADER_NAME &&
           settings_consists_of(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789!#$%&'*+-.^_`|~");
}

bool settings_is_header_value(const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
            return false;
    return strlen(value) <= 500;
}

void settings_check_secret(cJSON *errors, const char *name, const char *value)
{
    if (name && *name && !settings_is_header_name(name))
        settings_complain(errors, "secret_name",
                          "请求头的名称只能由字母、数字和 - 等组成，且不能是 Host、Connection 等");
    if (value && !settings_is_header_value(value))
        settings_complain(errors, "secret_value", "值只能是英文字符，最多 500 个");
}

/* Cut between characters; what is no UTF-8 cannot be shown. */
static void add_body(struct text *json, const struct query_answer *answer)
{
    char shown[SHOWN_BYTES + 1];
    bool whole = text_copy(shown, sizeof(shown), answer->body);

    text_add_name(json, ',', "body");
    text_add_json(json, text_is_utf8(shown, strlen(shown)) ? shown : "");
    text_add(json, whole && strlen(answer->body) == answer->length ? ",\"truncated\":false"
                                                                   : ",\"truncated\":true");
}

void settings_add_answer(struct text *json, const struct query_answer *answer)
{
    static const char *const ends[] = {"answered", "failed", "timeout"};

    text_add(json, "{\"end\":");
    text_add_json(json, ends[answer->end]);
    text_add_name(json, ',', "status");
    text_add_int(json, answer->status);
    text_add_name(json, ',', "ms");
    text_add_int(json, answer->ms);
    text_add_name(json, ',', "why");
    text_add_json(json, answer->why);
    add_body(json, answer);
    text_add(json, "}");
}
