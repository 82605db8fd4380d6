/* Members of one row read, and the lists they stand in. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "directory/parsing.h"

#define MAX_WHOLE 9007199254740991.0

int64_t row_int(const cJSON *row, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, name);

    /* beyond this a double is no whole number, and far beyond no int64_t */
    return cJSON_IsNumber(value) && fabs(value->valuedouble) <= MAX_WHOLE
               ? (int64_t)value->valuedouble
               : 0;
}

int32_t row_id(const cJSON *row, const char *name)
{
    return (int32_t)row_int(row, name);
}

uint32_t row_ms(const cJSON *row, const char *name)
{
    int64_t value = row_int(row, name);

    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

const char *row_text(const cJSON *row, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, name);

    return cJSON_IsString(value) ? value->valuestring : "";
}

bool row_bool(const cJSON *row, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, name));
}

/* cJSON keeps the nested document parsed; the parsers of ivr.h take text. */
char *row_document(const cJSON *row)
{
    return cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(row, "document"));
}

/* Allocates an array for all members of the list; the fill function takes them one by one. */
void *parsing_list(struct parsing *p, const cJSON *document, const char *name, size_t item_size,
                   const cJSON **ret_list)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, name);
    void *items;

    if (!cJSON_IsArray(list)) {
        text_addf(p->problems, "目录文档缺少列表“%s”。\n", name);
        *ret_list = NULL;
        return NULL;
    }
    items = calloc((size_t)cJSON_GetArraySize(list) + 1, item_size);
    p->no_memory |= !items;
    *ret_list = items ? list : NULL;
    return items;
}

/* What a document of before says nothing of is recorded. */
enum dir_recording recording_named(const char *name)
{
    return strcmp(name, "never") == 0       ? DIR_RECORD_NEVER
           : strcmp(name, "on_demand") == 0 ? DIR_RECORD_ON_DEMAND
                                            : DIR_RECORD_ALWAYS;
}
