/* JSON bodies bound to structs, and query parameters: everything wrong is said at once. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/id.h>

#include "http/room.h"

#define TEXT_MAX_DEFAULT 4000
#define MESSAGE_SIZE     200
#define COMPLAINTS_MAX   50

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static void complain(cJSON *errors, const char *name, const char *message)
{
    if (!cJSON_GetObjectItemCaseSensitive(errors, name))
        cJSON_AddStringToObject(errors, name, message);
}

static void *member(void *object, const struct http_field *field)
{
    return (char *)object + field->offset;
}

static bool bind_text(const struct http_field *field, const cJSON *value, void *object,
                      char message[MESSAGE_SIZE])
{
    long long min = (field->min || field->max) ? field->min : 0;
    long long max = (field->min || field->max) ? field->max : TEXT_MAX_DEFAULT;
    size_t length;

    if (!cJSON_IsString(value)) {
        snprintf(message, MESSAGE_SIZE, "%s应为文本", field->title);
        return false;
    }
    length = count_characters(value->valuestring);
    if ((long long)length < min && length == 0) {
        snprintf(message, MESSAGE_SIZE, "请填写%s", field->title);
        return false;
    }
    if ((long long)length < min || (long long)length > max) {
        snprintf(message, MESSAGE_SIZE, "%s应为 %lld 到 %lld 个字符，现为 %zu 个", field->title,
                 min, max, length);
        return false;
    }
    *(const char **)member(object, field) = value->valuestring;
    return true;
}

static void say_range(const struct http_field *field, double number, char message[MESSAGE_SIZE])
{
    double unit = field->kind == HTTP_MS ? 1000 : 1;
    const char *name = field->kind == HTTP_MS ? " 秒" : "";

    snprintf(message, MESSAGE_SIZE, "%s应在 %.15g 到 %.15g %s之间，现为 %.15g%s", field->title,
             (double)field->min / unit, (double)field->max / unit, *name ? "秒" : "", number / unit,
             name);
}

static bool bind_int(const struct http_field *field, const cJSON *value, void *object,
                     char message[MESSAGE_SIZE])
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : NAN;

    if (cJSON_IsString(value) && !*value->valuestring) { /* what an emptied field of a page sends */
        snprintf(message, MESSAGE_SIZE, "请填写%s", field->title);
        return false;
    }
    if (isnan(number) || number != floor(number) || fabs(number) > 9007199254740991.0) {
        snprintf(message, MESSAGE_SIZE, "%s应为整数%s", field->title,
                 field->kind == HTTP_MS ? "（毫秒）" : "");
        return false;
    }
    if ((field->min || field->max) &&
        (number < (double)field->min || number > (double)field->max)) {
        say_range(field, number, message);
        return false;
    }
    *(int64_t *)member(object, field) = (int64_t)number;
    return true;
}

static bool bind_bool(const struct http_field *field, const cJSON *value, void *object,
                      char message[MESSAGE_SIZE])
{
    if (!cJSON_IsBool(value)) {
        snprintf(message, MESSAGE_SIZE, "%s应为是或否", field->title);
        return false;
    }
    *(bool *)member(object, field) = cJSON_IsTrue(value);
    return true;
}

static bool bind_uuid(const struct http_field *field, const cJSON *value, void *object,
                      char message[MESSAGE_SIZE])
{
    if (!cJSON_IsString(value) || uuid_parse(value->valuestring, member(object, field))) {
        snprintf(message, MESSAGE_SIZE, "%s不是有效的编号", field->title);
        return false;
    }
    return true;
}

static bool bind_field(const struct http_field *field, const cJSON *value, void *object,
                       char message[MESSAGE_SIZE])
{
    switch (field->kind) {
    case HTTP_TEXT:
        return bind_text(field, value, object, message);
    case HTTP_INT:
    case HTTP_MS:
        return bind_int(field, value, object, message);
    case HTTP_BOOL:
        return bind_bool(field, value, object, message);
    case HTTP_UUID:
        return bind_uuid(field, value, object, message);
    case HTTP_JSON:
        *(const cJSON **)member(object, field) = value;
        return true;
    }
    return false;
}

static const struct http_field *find_field(const struct http_field *fields, size_t count,
                                           const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

/* A body has room for a million fields, and each complaint is looked up among those before it: a
 * few are told, or one request would keep the loop busy for hours. */
static void check_unknown(const cJSON *json, const struct http_field *fields, size_t count,
                          cJSON *errors)
{
    const cJSON *item;
    unsigned complaints = 0;

    cJSON_ArrayForEach(item, json)
    {
        const char *message = NULL;

        if (!find_field(fields, count, item->string))
            message = "没有这个字段";
        else if (cJSON_GetObjectItemCaseSensitive(json, item->string) != item)
            message = "字段重复"; /* readers disagree on which one counts */
        if (message)
            complain(errors, item->string, message);
        if (message && ++complaints == COMPLAINTS_MAX)
            return;
    }
}

static void bind_all(const cJSON *json, const struct http_field *fields, size_t count, void *object,
                     cJSON *errors)
{
    char message[MESSAGE_SIZE];

    for (size_t i = 0; i < count; i++) {
        const struct http_field *field = &fields[i];
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, field->name);
        bool absent = !value || (cJSON_IsNull(value) && field->kind != HTTP_JSON);
        if (absent && !(field->flags & HTTP_REQUIRED))
            continue;
        if (absent)
            snprintf(message, sizeof(message), "请填写%s", field->title);
        if (absent || !bind_field(field, value, object, message))
            complain(errors, field->name, message);
    }
}

/* cJSON hands out C strings: a \u0000 would silently cut the rest off. */
static bool has_escaped_zero(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] != '\\')
            continue;
        if (length - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
            return true;
        i++; /* the escaped character, a backslash perhaps */
    }
    return false;
}

/* cJSON calls itself for every level, and so does whoever walks over what it read. */
static bool is_too_deep(const char *text, size_t length)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{' || text[i] == '[') {
            if (++depth > HTTP_JSON_DEPTH_MAX)
                return true;
        } else if (text[i] == '}' || text[i] == ']') {
            depth--;
        }
    }
    return false;
}

static bool parse(struct http_request *request)
{
    const char *text = request->body.data ? request->body.data : "";
    size_t length = request->body.length;

    if (!length || !text_is_utf8(text, length) || memchr(text, 0, length) ||
        has_escaped_zero(text, length))
        return false;
    cJSON_Delete(request->json);
    request->json = cJSON_ParseWithLengthOpts(text, length + 1, NULL, true);
    return cJSON_IsObject(request->json);
}

bool http_read_body(struct http_request *request, const struct http_field *fields, size_t count,
                    void *ret_struct)
{
    cJSON *errors;

    if (is_too_deep(request->body.data, request->body.length)) {
        char title[80];
        snprintf(title, sizeof(title), "提交的内容嵌套过深，最多 %d 层", HTTP_JSON_DEPTH_MAX);
        http_problem(request, 400, "request.too_deep", title, NULL);
        return false;
    }
    if (!parse(request)) {
        http_problem(request, 400, "request.json", "提交的内容不是有效的 JSON 对象", NULL);
        return false;
    }
    errors = cJSON_CreateObject();
    check_unknown(request->json, fields, count, errors);
    bind_all(request->json, fields, count, ret_struct, errors);
    if (!errors || errors->child) {
        http_problem(request, 422, "request.invalid", "提交的内容有误，请按提示修改", errors);
        return false;
    }
    cJSON_Delete(errors);
    return true;
}

bool http_read_query_int(struct http_request *request, const char *name, const char *title,
                         int64_t min, int64_t max, int64_t default_value, int64_t *ret_value)
{
    const char *text = http_query(request, name);
    char message[MESSAGE_SIZE];
    cJSON *errors;

    if (!text) {
        *ret_value = default_value;
        return true;
    }
    if (text_to_int(text, min, max, ret_value) == 0)
        return true;
    snprintf(message, sizeof(message), "%s应为 %lld 到 %lld 的整数", title, (long long)min,
             (long long)max);
    errors = cJSON_CreateObject();
    cJSON_AddStringToObject(errors, name, message);
    http_problem(request, 422, "request.invalid", "查询条件有误，请按提示修改", errors);
    return false;
}
