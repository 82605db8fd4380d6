/* Answers: JSON, problems (RFC 9457), bytes; and the headers every answer carries. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>
#include <hotlined/metrics.h>

#include "http/room.h"

#define POLICY                                                                                     \
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "        \
    "form-action 'self'; object-src 'none'"

static const struct {
    const char *name, *value;
} always[] = {
    {"Content-Security-Policy", POLICY},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"Permissions-Policy", "microphone=(self), camera=(), geolocation=()"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
};

#define ANSWERS(class)                                                                             \
    {                                                                                              \
        .name = "hotlined_http_requests_total", .labels = "class=\"" class "\"",                   \
        .help = "Answers by status class.", .kind = METRIC_COUNTER                                 \
    }
static struct metric answers[] = {ANSWERS("1xx"), ANSWERS("2xx"), ANSWERS("3xx"), ANSWERS("4xx"),
                                  ANSWERS("5xx")};

void http_answers_register(void)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        metric_register(&answers[i]);
}

void http_add_header(struct http_request *request, const char *name, const char *value)
{
    struct http_header *header = &request->headers[request->header_count];

    if (request->header_count == HTTP_MAX_HEADERS) {
        log_error("http", "too_many_headers", "name=%s", name);
        return;
    }
    header->name = strdup(name);
    header->value = strdup(value);
    if (header->name && header->value) {
        request->header_count++;
        return;
    }
    log_error("http", "no_memory", "what=header");
    free(header->name);
    free(header->value);
}

static bool has_header(const struct http_request *request, const char *name)
{
    for (unsigned i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

static void dress(struct http_request *request, struct MHD_Response *response)
{
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        (void)MHD_add_response_header(response, always[i].name, always[i].value);
    if (request->server->tls)
        (void)MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    if (!has_header(request, "Cache-Control"))
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    for (unsigned i = 0; i < request->header_count; i++)
        (void)MHD_add_response_header(response, request->headers[i].name,
                                      request->headers[i].value);
}

void http_answer(struct http_request *request, unsigned status, struct MHD_Response *response)
{
    if (!response) {
        log_error("http", "no_memory", "path=%s", log_safe(request->path));
        response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
        status = 503;
    }
    if (request->answered) { /* a handler's bug; the first answer counts */
        log_error("http", "answered_twice", "path=%s", log_safe(request->path));
        if (response)
            MHD_destroy_response(response);
        return;
    }
    request->answered = true;
    request->status = status;
    request->response = response;
    if (response)
        dress(request, response);
    if (request->suspended) {
        request->suspended = false;
        MHD_resume_connection(request->connection);
        http_wake(request->server);
    }
}

enum MHD_Result http_queue(struct http_request *request)
{
    enum MHD_Result result;

    request->queued = true;
    if (!request->response)
        return MHD_NO; /* no memory for anything: the connection is closed */
    if (request->status >= 100 && request->status < 600)
        metric_add(&answers[request->status / 100 - 1], 1);
    result = MHD_queue_response(request->connection, request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return result;
}

void http_answer_bytes(struct http_request *request, int status, const char *type,
                       const void *bytes, size_t length)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, (void *)bytes, MHD_RESPMEM_MUST_COPY);

    if (response)
        (void)MHD_add_response_header(response, "Content-Type", type);
    http_answer(request, (unsigned)status, response);
}

void http_answer_json(struct http_request *request, int status, const char *json)
{
    http_answer_bytes(request, status, "application/json", json, strlen(json));
}

/* Hands the printed text over without another copy. */
static void answer_printed(struct http_request *request, int status, const char *type, char *json)
{
    struct MHD_Response *response =
        json ? MHD_create_response_from_buffer(strlen(json), json, MHD_RESPMEM_MUST_FREE) : NULL;

    if (response)
        (void)MHD_add_response_header(response, "Content-Type", type);
    else
        free(json);
    http_answer(request, (unsigned)status, response);
}

void http_answer_object(struct http_request *request, int status, cJSON *object)
{
    char *json = cJSON_PrintUnformatted(object);

    cJSON_Delete(object);
    answer_printed(request, status, "application/json", json);
}

void http_answer_empty(struct http_request *request, int status)
{
    http_answer(request, (unsigned)status,
                MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT));
}

/* Takes problem, which may have members of its own already. */
static void answer_problem(struct http_request *request, int status, const char *code,
                           const char *title, cJSON *problem)
{
    cJSON_AddStringToObject(problem, "type", "about:blank");
    cJSON_AddStringToObject(problem, "title", title);
    cJSON_AddNumberToObject(problem, "status", status);
    cJSON_AddStringToObject(problem, "code", code);
    answer_printed(request, status, "application/problem+json", cJSON_PrintUnformatted(problem));
    cJSON_Delete(problem);
}

void http_problem(struct http_request *request, int status, const char *code, const char *title,
                  cJSON *errors)
{
    cJSON *problem = cJSON_CreateObject();

    if (errors && !cJSON_AddItemToObject(problem, "errors", errors))
        cJSON_Delete(errors);
    answer_problem(request, status, code, title, problem);
}

void http_problem_more(struct http_request *request, int status, const char *code,
                       const char *title, cJSON *more)
{
    answer_problem(request, status, code, title, more ? more : cJSON_CreateObject());
}
