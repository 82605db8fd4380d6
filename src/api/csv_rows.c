/* The rows of an uploaded CSV file. */
#include <string.h>

#include "api/csv.h"
#include "api/csv_rows.h"

/* A spreadsheet shows an apostrophe that our export put before "+". */
static cJSON *split(char *text)
{
    cJSON *items = cJSON_CreateArray();
    char *rest = NULL;

    text += *text == '\'';
    for (char *one = strtok_r(text, " ;/|\t\n", &rest); one;
         one = strtok_r(NULL, " ;/|\t\n", &rest))
        cJSON_AddItemToArray(items, cJSON_CreateString(one));
    return items;
}

static void add_field(const struct csv_kind *kind, cJSON *row, int column, char *text)
{
    if (column == kind->list)
        cJSON_AddItemToObject(row, kind->columns[column], split(text));
    else if (column < kind->count)
        cJSON_AddStringToObject(row, kind->columns[column], text);
}

static bool is_head(const struct csv_kind *kind, const char *first)
{
    size_t length = strlen(first);

    for (const char *at = kind->heads; length && (at = strstr(at, first)); at += length)
        if ((at == kind->heads || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    return false;
}

/* Anything in it besides its line? */
static bool says_something(const cJSON *row)
{
    const cJSON *field;

    cJSON_ArrayForEach(field, row)
    {
        if (cJSON_GetArraySize(field) > 0 || (cJSON_IsString(field) && *field->valuestring))
            return true;
    }
    return false;
}

static bool is_row(const struct csv_kind *kind, const cJSON *row)
{
    const char *first =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, kind->columns[0]));
    const cJSON *line = cJSON_GetObjectItemCaseSensitive(row, "line");

    return says_something(row) && !(line->valueint == 1 && first && is_head(kind, first));
}

/* Rows of csv into rows; a Chinese sentence when it is no CSV of this kind, else NULL. */
static const char *read_all(const struct csv_kind *kind, struct csv *csv, cJSON *rows)
{
    cJSON *row = NULL;
    int column = 0;
    enum csv_step step;

    while ((step = csv_next(csv)) == CSV_FIELD || step == CSV_LAST) {
        if (!row) {
            row = cJSON_CreateObject();
            cJSON_AddNumberToObject(row, "line", csv->line);
        }
        add_field(kind, row, column++, csv->field);
        if (step != CSV_LAST)
            continue;
        if (is_row(kind, row))
            cJSON_AddItemToArray(rows, row);
        else
            cJSON_Delete(row);
        row = NULL;
        column = 0;
        if (cJSON_GetArraySize(rows) > kind->most)
            return kind->too_many;
    }
    cJSON_Delete(row);
    if (step == CSV_WRONG)
        return "文件不是完整的 CSV：有一个引号没有配对";
    return cJSON_GetArraySize(rows) ? NULL : kind->empty;
}

cJSON *csv_rows(struct http_request *request, const struct csv_kind *kind)
{
    size_t length;
    const char *text = http_body(request, &length), *why;
    cJSON *rows;
    struct csv csv;

    if (!text_is_utf8(text, length)) {
        api_field_problem(request, "file",
                          "文件应为 UTF-8 编码的 CSV；可在表格软件中另存为“CSV UTF-8”");
        return NULL;
    }
    if (csv_begin(&csv, text, length)) {
        api_unavailable(request);
        return NULL;
    }
    rows = cJSON_CreateArray();
    why = read_all(kind, &csv, rows);
    csv_end(&csv);
    if (!why)
        return rows;
    api_field_problem(request, "file", why);
    cJSON_Delete(rows);
    return NULL;
}
