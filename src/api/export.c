/* Documents as files: asked from the database, written by a worker, sent. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/export.h"
#include "api/sheet.h"

#define XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define CSV_TYPE  "text/csv; charset=utf-8"

struct export
{
    bool xlsx;
    char suffix[64];
    const struct config *config; /* outlives the API and its workers */
    char *json;
    struct text file;
    char name[200];
    int err;
};

static void free_export(void *state)
{
    struct export *export = state;

    free(export->json);
    text_done(&export->file);
    free(export);
}

static void name_file(struct export *export)
{
    cJSON *json = cJSON_Parse(export->json);
    const char *title = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "title"));

    snprintf(export->name, sizeof(export->name), "%s_%s.%s", title ? title : "报表", export->suffix,
             export->xlsx ? "xlsx" : "csv");
    for (char *c = export->name; *c; c++) /* 保持/取保持 */
        if (*c == '/')
            *c = '-';
    cJSON_Delete(json);
}

static void write_file(void *state)
{
    struct export *export = state;

    name_file(export);
    export->err = export->xlsx ? sheet_xlsx(export->json, export->config->state_dir, &export->file)
                               : sheet_csv(export->json, &export->file);
}

static void send_file(struct api *api, struct http_request *request,
                      const struct api_person *person, void **state)
{
    const struct export *export = *state;
    char message[160];

    (void)api;
    (void)person;
    if (export->err == -E2BIG) {
        snprintf(message, sizeof(message),
                 "结果超过 %d 条，一个文件放不下；请缩小时间范围或增加条件", EXPORT_MAX_ROWS);
        api_field_problem(request, "from", message);
        return;
    }
    if (export->err) {
        log_error("api", "export_failed", "error=%d", export->err);
        http_problem(request, 500, "export.failed", "文件生成失败，已记录；请稍后重试", NULL);
        return;
    }
    http_answer_download(request, export->xlsx ? XLSX_TYPE : CSV_TYPE, export->file.data,
                         export->file.length, export->name);
}

static void begin_file(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       void **state)
{
    struct export *export = *state;

    export->json = store_rows(result) ? strdup(store_text(result, 0, 0)) : NULL;
    if (!export->json) {
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    *state = NULL;
    api_work(api, request, person, write_file, send_file, export, free_export);
}

void export_document(struct api *api, struct http_request *request, struct api_ask *ask, bool xlsx,
                     const char *suffix)
{
    struct export *export = calloc(1, sizeof(*export));

    if (!export) {
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    export->xlsx = xlsx;
    export->config = api->deps.config;
    (void)text_copy(export->suffix, sizeof(export->suffix), suffix);
    ask->then = begin_file;
    api_ask(api, request, api_person(request), ask, export, free_export);
}
