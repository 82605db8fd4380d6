/* Texts from outside on their way into JSON, fields of fixed size, numbers and log lines. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/text.h>

#include "fuzz.h"

/* Any JSON reader gets the text back; broken UTF-8 is replaced and whole again. */
static void as_json(const char *text)
{
    struct text json = {0};
    cJSON *read;

    text_add_json(&json, text);
    MUST(!json.failed && text_is_utf8(json.data, json.length));
    MUST(strcspn(json.data, "\n\r\t") == json.length);
    read = cJSON_ParseWithLengthOpts(json.data, json.length + 1, NULL, true);
    MUST(cJSON_IsString(read));
    if (text_is_utf8(text, strlen(text)))
        MUST(strcmp(read->valuestring, text) == 0);
    else
        MUST(strstr(read->valuestring, "\xef\xbf\xbd"));
    cJSON_Delete(read);
    text_done(&json);
}

/* Written by name, and printed by a format: the same document, however long. */
static void as_member(const char *text)
{
    struct text by_name = {0}, quoted = {0}, by_format = {0};

    text_add_json(&quoted, text);
    text_add_name(&by_name, '{', "text");
    text_add_bytes(&by_name, quoted.data, quoted.length);
    text_add_name(&by_name, ',', "length");
    text_add_int(&by_name, -(int64_t)strlen(text));
    text_add(&by_name, "}");
    text_addf(&by_format, "{\"text\":%s,\"length\":%lld}", quoted.data, -(long long)strlen(text));
    MUST(!by_name.failed && !by_format.failed && text_equal(by_name.data, by_format.data));
    text_done(&by_name);
    text_done(&by_format);
    text_done(&quoted);
}

static void copied(const char *text, size_t size)
{
    char *field = malloc(size ? size : 1);
    bool whole;

    MUST(field != NULL);
    field[0] = 0;
    whole = text_copy(field, size, text);
    MUST(whole == (strlen(text) < size));
    MUST(strncmp(field, text, strlen(field)) == 0 && (size == 0 || strlen(field) < size));
    if (text_is_utf8(text, strlen(text)))
        MUST(text_is_utf8(field, strlen(field)));
    free(field);
}

static void as_number(const char *text)
{
    struct text again = {0};
    int64_t value;
    struct uuid id;
    char out[UUID_TEXT_SIZE], when[TIME_TEXT_SIZE];

    if (text_to_int(text, INT64_MIN, INT64_MAX, &value) == 0) {
        int64_t second;
        text_add_int(&again, value);
        MUST(text_to_int(again.data, value, value, &second) == 0 && second == value);
        MUST(value == INT64_MAX || text_to_int(text, value + 1, INT64_MAX, &second) < 0);
        MUST(strlen(time_text(value, when)) == 29);
    }
    text_done(&again);
    if (uuid_parse(text, &id) == 0)
        MUST(strcasecmp(uuid_text(&id, out), text) == 0 && uuid_equal(&id, &id));
}

static void as_log_field(const char *text)
{
    const char *safe = log_safe(text);

    MUST(strlen(safe) < 256 && text_is_utf8(safe, strlen(safe)));
    for (const char *c = safe; *c; c++)
        MUST((unsigned char)*c > ' ' && *c != '"' && *c != '=' && *c != 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *taken;
    struct text twice = {0};

    as_json(text);
    as_member(text);
    copied(text, size ? data[0] % 40 : 0);
    as_number(text);
    as_log_field(text);
    text_add(&twice, text);
    text_clear(&twice);
    text_add(&twice, text);
    taken = text_take(&twice);
    MUST(taken && text_equal(taken, text) && !text_equal(taken, NULL));
    free(taken);
    free(text);
    return 0;
}
