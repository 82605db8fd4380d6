/* A connector's document and the fields of a flow become one question; its JSON answer becomes
 * values. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/query.h>
#include <hotlined/text.h>

static const char *text_of(const cJSON *object, const char *name)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return value ? value : "";
}

static uint32_t number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint32_t)item->valuedouble : 0;
}

/* RFC 3986 unreserved characters stay. */
static void add_encoded(struct text *out, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (const char *c = value; *c; c++)
        if (strchr(plain, *c))
            text_add_bytes(out, c, 1);
        else
            text_addf(out, "%%%02X", (unsigned char)*c);
}

static void add_url(struct text *url, const char *base, const struct query_field *fields,
                    unsigned count)
{
    text_add(url, base);
    for (unsigned i = 0; i < count; i++) {
        text_add(url, i || strchr(base, '?') ? "&" : "?");
        add_encoded(url, fields[i].name);
        text_add(url, "=");
        add_encoded(url, fields[i].value);
    }
}

static char *body_of(const struct query_field *fields, unsigned count)
{
    cJSON *json = cJSON_CreateObject();
    char *text;

    for (unsigned i = 0; i < count; i++)
        cJSON_AddStringToObject(json, fields[i].name, fields[i].value);
    text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

static void take_header(struct query_ask *ask, const char *name, const char *value)
{
    if (*name && ask->header_count < QUERY_MAX_HEADERS)
        ask->headers[ask->header_count++] = (struct query_header){name, value};
}

static void take_headers(struct query_ask *ask, const cJSON *connector)
{
    const cJSON *header;

    take_header(ask, text_of(connector, "secret_name"), text_of(connector, "secret_value"));
    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(connector, "headers"))
        take_header(ask, text_of(header, "name"), text_of(header, "value"));
}

int query_connector_ask(struct query *query, const char *connector,
                        const struct query_field *fields, unsigned count, uint32_t timeout_ms,
                        query_answer_h *fn, void *arg, uint32_t *ret_id)
{
    cJSON *json = cJSON_Parse(connector);
    bool post = strcmp(text_of(json, "method"), "POST") == 0;
    char *body = post ? body_of(fields, count) : NULL;
    struct query_ask ask = {.center_id = (int32_t)number_of(json, "center_id"),
                            .timeout_ms = number_of(json, "timeout_ms"),
                            .body = body};
    struct text url = {0};
    int err;

    if (ask.timeout_ms > timeout_ms)
        ask.timeout_ms = timeout_ms;
    take_headers(&ask, json);
    add_url(&url, text_of(json, "url"), fields, post ? 0 : count);
    ask.url = url.data ? url.data : "";
    err = url.failed || (post && !body) ? -ENOMEM : query_ask(query, &ask, fn, arg, ret_id);
    text_done(&url);
    free(body);
    cJSON_Delete(json);
    return err;
}

/* --- the answer ----------------------------------------------------------------------------- */

static const cJSON *inside(const cJSON *at, const char *name)
{
    char *end;
    long index;

    if (!cJSON_IsArray(at))
        return cJSON_GetObjectItemCaseSensitive(at, name);
    index = strtol(name, &end, 10);
    return *name && !*end && index >= 0 ? cJSON_GetArrayItem(at, (int)index) : NULL;
}

static bool print(const cJSON *value, char *out, size_t size)
{
    char *number;
    bool fits;

    if (cJSON_IsString(value))
        return text_copy(out, size, value->valuestring);
    if (cJSON_IsBool(value))
        return text_copy(out, size, cJSON_IsTrue(value) ? "true" : "false");
    if (!cJSON_IsNumber(value))
        return false;
    number = cJSON_PrintUnformatted(value);
    fits = number && text_copy(out, size, number);
    free(number);
    return fits;
}

bool query_take(const char *body, const char *path, char *out, size_t size)
{
    cJSON *json = cJSON_Parse(body);
    const cJSON *at = json;
    char name[64];
    bool found;

    for (const char *c = path; at && *c;) {
        size_t length = strcspn(c, ".");
        if (length >= sizeof(name)) {
            at = NULL;
            break;
        }
        memcpy(name, c, length);
        name[length] = 0;
        at = inside(at, name);
        c += length + (c[length] == '.');
    }
    found = at && print(at, out, size);
    cJSON_Delete(json);
    return found;
}
