/* Bodies of requests: JSON bound to a struct. What is taken keeps the limits of its field, what is
 * wrong is answered 400 or 422. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/id.h>

#include "fake_mhd.h"

struct thing {
    const char *name, *note, *code;
    int64_t count, any;
    bool enabled;
    struct uuid call;
    const cJSON *document;
};

static const struct http_field fields[] = {
    {"name", "名称", HTTP_TEXT, offsetof(struct thing, name), HTTP_REQUIRED, 1, 20},
    {"note", "备注", HTTP_TEXT, offsetof(struct thing, note), 0, 0, 0},
    {"code", "代码", HTTP_TEXT, offsetof(struct thing, code), 0, 3, 8},
    {"count", "数量", HTTP_INT, offsetof(struct thing, count), HTTP_REQUIRED, 1, 500},
    {"any", "任意数", HTTP_INT, offsetof(struct thing, any), 0, 0, 0},
    {"enabled", "启用", HTTP_BOOL, offsetof(struct thing, enabled), 0, 0, 0},
    {"call", "通话", HTTP_UUID, offsetof(struct thing, call), 0, 0, 0},
    {"document", "文档", HTTP_JSON, offsetof(struct thing, document), 0, 0, 0},
};

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void check(const struct thing *thing)
{
    MUST(thing->name && characters(thing->name) >= 1 && characters(thing->name) <= 20);
    MUST(text_is_utf8(thing->name, strlen(thing->name)));
    MUST(!thing->note || characters(thing->note) <= 4000);
    MUST(!thing->code || (characters(thing->code) >= 3 && characters(thing->code) <= 8));
    MUST(thing->count >= 1 && thing->count <= 500);
    MUST(llabs(thing->any) <= 9007199254740991ll);
}

/* What is wrong is told by field, and in short: a body has room for many fields. */
static void check_problem(const struct http_request *request)
{
    cJSON *problem = cJSON_Parse(fake_answer_text(request));
    const cJSON *errors = cJSON_GetObjectItemCaseSensitive(problem, "errors");

    if (request->status == 422)
        MUST(errors && errors->child && cJSON_GetArraySize(errors) <= 60);
    cJSON_Delete(problem);
}

static void handler(struct http_request *request, void *arg)
{
    struct thing thing = {0};
    int64_t page;
    size_t length;

    (void)arg;
    MUST(http_body(request, &length) != NULL);
    if (!http_read_query_int(request, "page", "页码", 1, 1000, 1, &page))
        return;
    MUST(page >= 1 && page <= 1000);
    if (!http_read_body(request, fields, sizeof(fields) / sizeof(fields[0]), &thing))
        return;
    check(&thing);
    if (thing.document)
        http_answer_object(request, 200, cJSON_Duplicate(thing.document, true));
    else
        http_answer_empty(request, 204);
}

static const struct http_route route = {"POST", "/thing", 1, handler, ""};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_row row;
    struct http http = {.rows = &row, .row_count = 1, .max_body = 65536};
    struct http_server server = {.http = &http};
    struct MHD_Connection connection;
    struct http_request *request;
    unsigned status;

    MUST(http_row_init(&row, &route, NULL) == 0);
    if (size == 0)
        return 0;
    fake_connection_read(&connection, (const uint8_t *)"POST /thing?page=7\n\n", 20);
    free(connection.body);
    connection.body = malloc(size);
    MUST(connection.body != NULL);
    memcpy(connection.body, data, size);
    connection.body_size = size;
    request = fake_request(&server, &connection);
    MUST(request != NULL);
    check_problem(request);
    status = fake_answered(request);
    MUST(status == 200 || status == 204 || status == 400 || status == 413 || status == 422);
    fake_connection_done(&connection);
    return 0;
}
