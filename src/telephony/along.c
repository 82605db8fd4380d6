/* What travels with a call, as a header and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "telephony/along.h"

/* Fields of the registration form (docs/api.md) and how many bytes of each travel. What does not
 * fit is cut: the whole of it stays with the center it was typed in. */
static const struct {
    const char *name;
    size_t size;
} draft_fields[] = {{"category", 40},    {"problem_city", 16},   {"caller_name", 96},
                    {"caller_city", 16}, {"taxpayer_name", 200}, {"taxpayer_no", 40},
                    {"title", 200},      {"urgency", 24},        {"content", 1500},
                    {"answer", 900}};

/* --- base64url (RFC 4648 5), without padding -------------------------------------------------- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int encode(const char *text, char *out, size_t size)
{
    size_t length = strlen(text), at = 0;
    uint32_t bits = 0;
    unsigned have = 0;

    if ((length * 8 + 5) / 6 + 1 > size)
        return -ENOSPC;
    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | (unsigned char)text[i];
        for (have += 8; have >= 6; have -= 6)
            out[at++] = letters[bits >> (have - 6) & 63];
    }
    if (have)
        out[at++] = letters[bits << (6 - have) & 63];
    out[at] = 0;
    return 0;
}

static int value_of(char c)
{
    const char *found = c ? strchr(letters, c) : NULL;

    return found ? (int)(found - letters) : -1;
}

/* out holds three bytes for four of the text. */
static int decode(const char *text, char *out, size_t *ret_length)
{
    uint32_t bits = 0;
    unsigned have = 0;

    *ret_length = 0;
    for (; *text && *text != '='; text++) {
        int value = value_of(*text);
        if (value < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[(*ret_length)++] = (char)(bits >> have & 255);
        }
    }
    return text[strspn(text, "=")] ? -EINVAL : 0;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Cut to size, never within a character; control characters but line ends become spaces. */
static void take_text(const cJSON *object, const char *name, char *out, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    const char *value = cJSON_IsString(item) ? item->valuestring : "";

    out[0] = 0;
    if (!text_is_utf8(value, strlen(value)))
        return;
    (void)text_copy(out, size, value);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ' && *c != '\n')
            *c = ' ';
}

/* --- the draft -------------------------------------------------------------------------------- */

static cJSON *known_fields(const cJSON *draft)
{
    cJSON *kept = cJSON_CreateObject();
    char text[1600];

    for (size_t i = 0; i < sizeof(draft_fields) / sizeof(draft_fields[0]); i++) {
        take_text(draft, draft_fields[i].name, text, draft_fields[i].size);
        if (text[0])
            cJSON_AddStringToObject(kept, draft_fields[i].name, text);
    }
    return kept;
}

static void print_draft(const cJSON *draft, char out[ALONG_DRAFT])
{
    cJSON *kept = cJSON_IsObject(draft) ? known_fields(draft) : NULL;
    char *json = kept && kept->child ? cJSON_PrintUnformatted(kept) : NULL;

    out[0] = 0;
    if (json && strlen(json) < ALONG_DRAFT)
        memcpy(out, json, strlen(json) + 1);
    free(json);
    cJSON_Delete(kept);
}

void along_draft(const char *json, size_t length, char out[ALONG_DRAFT])
{
    cJSON *draft = json ? cJSON_ParseWithLength(json, length) : NULL;

    print_draft(draft, out);
    cJSON_Delete(draft);
}

/* --- printing --------------------------------------------------------------------------------- */

static void add(struct text *json, const char *name, const char *value)
{
    if (!*value)
        return;
    text_add_name(json, json->length > 1 ? ',' : '{', name);
    text_add_json(json, value);
}

static void print(const struct along *along, bool with_draft, struct text *json)
{
    add(json, "center", along->center);
    add(json, "agent_no", along->agent_no);
    add(json, "agent", along->agent_name);
    add(json, "caller", along->caller);
    add(json, "queue", along->queue);
    add(json, "note", along->note);
    text_add(json, json->length ? ",\"path\":[" : "{\"path\":[");
    for (unsigned i = 0; i < along->key_count; i++) {
        char key[2] = {along->keys[i].key, 0};
        text_add(json, i ? ",[" : "[");
        text_add_json(json, along->keys[i].menu);
        text_add(json, ",");
        text_add_json(json, key);
        text_add(json, "]");
    }
    text_add(json, "]");
    if (with_draft && along->draft[0])
        text_addf(json, ",\"draft\":%s", along->draft);
    text_add(json, "}");
}

static int print_to(const struct along *along, bool with_draft, char *out, size_t size)
{
    struct text json = {0};
    int err;

    print(along, with_draft, &json);
    err = json.failed ? -ENOMEM : encode(json.data, out, size);
    text_done(&json);
    return err;
}

int along_print(const struct along *along, char *out, size_t size)
{
    int err = print_to(along, true, out, size);

    return err == -ENOSPC && along->draft[0] ? print_to(along, false, out, size) : err;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_key(const char *text)
{
    return (strchr("0123456789*#", text[0]) && text[0] && !text[1]) || !text[0];
}

static void take_path(const cJSON *path, struct along *along)
{
    const cJSON *step;

    if (!cJSON_IsArray(path))
        return;
    cJSON_ArrayForEach(step, path)
    {
        const cJSON *menu = cJSON_GetArrayItem(step, 0), *key = cJSON_GetArrayItem(step, 1);
        struct along_key *kept = &along->keys[along->key_count];
        if (along->key_count == ALONG_KEYS || !cJSON_IsArray(step) || !cJSON_IsString(menu) ||
            !cJSON_IsString(key) || !is_key(key->valuestring) ||
            !text_is_utf8(menu->valuestring, strlen(menu->valuestring)))
            return;
        (void)text_copy(kept->menu, sizeof(kept->menu), menu->valuestring);
        kept->key = key->valuestring[0];
        along->key_count++;
    }
}

/* Numbers are as sip makes them; anything else is not shown as one. */
static void take_caller(const cJSON *object, struct along *along)
{
    take_text(object, "caller", along->caller, sizeof(along->caller));
    if (along->caller[strspn(along->caller, "0123456789+*#")])
        along->caller[0] = 0;
}

static void take_all(const cJSON *object, struct along *along)
{
    take_text(object, "center", along->center, sizeof(along->center));
    take_text(object, "agent_no", along->agent_no, sizeof(along->agent_no));
    take_text(object, "agent", along->agent_name, sizeof(along->agent_name));
    take_text(object, "queue", along->queue, sizeof(along->queue));
    take_text(object, "note", along->note, sizeof(along->note));
    take_caller(object, along);
    take_path(cJSON_GetObjectItemCaseSensitive(object, "path"), along);
    print_draft(cJSON_GetObjectItemCaseSensitive(object, "draft"), along->draft);
}

int along_read(const char *value, struct along *ret_along)
{
    size_t length = strnlen(value, ALONG_WIRE + 1);
    char *json = length <= ALONG_WIRE ? malloc(length + 1) : NULL;
    cJSON *object = NULL;

    memset(ret_along, 0, sizeof(*ret_along));
    if (json && decode(value, json, &length) == 0)
        object = cJSON_ParseWithLength(json, length);
    free(json);
    if (!cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return -EINVAL;
    }
    take_all(object, ret_along);
    cJSON_Delete(object);
    return 0;
}
