/* Voice flows: looked at, checked, published. What is wrong is never put in force; a running call
 * keeps the version it began with (the directory's flows are immutable). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/settings.h"

struct flow_body {
    const cJSON *document;
    const char *note;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct flow_body, name), flags, min, max                      \
    }
static const struct http_field check_fields[] = {
    FIELD(document, "流程文档", HTTP_JSON, HTTP_REQUIRED, 0, 0),
};
static const struct http_field publish_fields[] = {
    FIELD(document, "流程文档", HTTP_JSON, HTTP_REQUIRED, 0, 0),
    FIELD(note, "发布说明", HTTP_TEXT, 0, 0, 200),
};

struct publishing {
    int32_t flow_id;
    int64_t version;
    char *document;
    char *note;
};

static const char missing_flow[] = "没有这个语音流程，或不属于您管理的中心";

/* --- reading -------------------------------------------------------------------------------- */

static void list_flows(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_FLOW_LIST);
}

static void get_flow(struct http_request *request, void *arg)
{
    settings_get(arg, request, STMT_SETTINGS_FLOW_GET, "flow", missing_flow);
}

/* --- checking ------------------------------------------------------------------------------- */

struct known { /* codes of the flow's center, as the database has them now */
    cJSON *prompts, *queues, *calendars;
};

static bool has(const cJSON *codes, const char *code)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, codes)
    {
        if (text_equal(item->valuestring, code))
            return true;
    }
    return false;
}

static bool has_prompt(const char *code, void *arg)
{
    return has(((const struct known *)arg)->prompts, code);
}

static bool has_queue(const char *code, void *arg)
{
    return has(((const struct known *)arg)->queues, code);
}

static bool has_calendar(const char *code, void *arg)
{
    return has(((const struct known *)arg)->calendars, code);
}

/* The rows of settings_flow_names say what exists. Not the directory: it hears of a queue made a
 * moment ago a moment later. Returns the number of problems. */
static int check(const char *document, const struct store_result *names, struct text *problems)
{
    struct known known = {
        .prompts = cJSON_Parse(store_text(names, 0, 1)),
        .queues = cJSON_Parse(store_text(names, 0, 2)),
        .calendars = cJSON_Parse(store_text(names, 0, 3)),
    };
    struct ivr_names ask = {has_prompt, has_queue, has_calendar, &known};
    struct ivr_flow *flow = NULL;
    int count = ivr_flow_parse(document, strlen(document), &ask, &flow, problems);

    if (flow)
        ivr_flow_unref(flow);
    cJSON_Delete(known.prompts);
    cJSON_Delete(known.queues);
    cJSON_Delete(known.calendars);
    return count;
}

/* Adds the lines as a JSON array. */
static void add_lines(struct text *json, const char *lines)
{
    bool first = true;

    text_add(json, "[");
    while (lines && *lines) {
        size_t length = strcspn(lines, "\n");
        char *line = strndup(lines, length);
        if (!line) {
            json->failed = true;
            return;
        }
        text_add(json, first ? "" : ",");
        text_add_json(json, line);
        free(line);
        first = false;
        lines += length + (lines[length] == '\n');
    }
    text_add(json, "]");
}

/* The last member of an object, which is then answered. */
static void answer_problems(struct http_request *request, int status, const char *type,
                            struct text *json, const struct text *problems)
{
    text_add(json, "\"problems\":");
    add_lines(json, problems->data);
    text_add(json, "}");
    if (json->failed || problems->failed)
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
    else
        http_answer_bytes(request, status, type, json->data, json->length);
    text_done(json);
}

static void missing(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct publishing *what)
{
    char id[16];

    snprintf(id, sizeof(id), "%d", what->flow_id);
    api_missing_id(api, request, person, "flow", id, missing_flow);
}

static void answer_check(struct api *api, struct http_request *request,
                         const struct api_person *person, const struct store_result *result,
                         void **state)
{
    struct text problems = {0}, json = {0};

    if (!store_rows(result)) {
        missing(api, request, person, *state);
        return;
    }
    (void)check(((struct publishing *)*state)->document, result, &problems);
    text_add(&json, "{");
    answer_problems(request, 200, "application/json", &json, &problems);
    text_done(&problems);
}

/* --- publishing ----------------------------------------------------------------------------- */

/* A problem document (RFC 9457) with one member more, the same list the check gives. */
static void refuse(struct http_request *request, int count, const struct text *problems)
{
    char title[120];
    struct text json = {0};

    snprintf(title, sizeof(title), "流程有 %d 处问题，没有发布；原来的版本继续有效", count);
    text_add(&json,
             "{\"type\":\"about:blank\",\"status\":422,\"code\":\"flow.invalid\",\"title\":");
    text_add_json(&json, title);
    text_add(&json, ",\"errors\":{\"document\":");
    text_add_json(&json, problems->data ? problems->data : "");
    text_add(&json, "},");
    answer_problems(request, 422, "application/problem+json", &json, problems);
}

static void publish_if_good(struct api *api, struct http_request *request,
                            const struct api_person *person, const struct store_result *result,
                            void **state)
{
    const struct publishing *what = *state;
    struct api_ask ask = {
        .statement = STMT_SETTINGS_FLOW_PUBLISH,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_flow,
        .action = "flow.publish",
        .object_kind = "flow",
    };
    struct text problems = {0};
    int count;

    if (!store_rows(result)) {
        missing(api, request, person, what);
        return;
    }
    count = check(what->document, result, &problems);
    if (count) {
        refuse(request, count, &problems);
    } else {
        store_param_int(&ask.params, what->flow_id);
        store_param_int(&ask.params, what->version);
        store_param_text(&ask.params, what->document);
        store_param_text(&ask.params, what->note);
        store_param_int(&ask.params, person->subject.user_id);
        snprintf(ask.object_id, sizeof(ask.object_id), "%d", what->flow_id);
        text_copy(ask.detail, sizeof(ask.detail), what->note);
        api_ask(api, request, person, &ask, NULL, NULL);
    }
    text_done(&problems);
}

static void free_publishing(void *state)
{
    struct publishing *what = state;

    free(what->document);
    free(what->note);
    free(what);
}

/* Both routes first ask which names the flow's center has. */
static void ask_names(struct api *api, struct http_request *request, const struct flow_body *body,
                      const struct publishing *wanted, enum permission permission,
                      void (*then)(struct api *, struct http_request *, const struct api_person *,
                                   const struct store_result *, void **))
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_FLOW_NAMES,
        .permission = permission,
        .then = then,
    };
    struct publishing *what;

    if (!cJSON_IsObject(body->document)) {
        api_field_problem(request, "document", "流程文档应为 JSON 对象");
        return;
    }
    what = malloc(sizeof(*what));
    if (what) {
        *what = *wanted;
        what->document = cJSON_PrintUnformatted(body->document);
        what->note = strdup(body->note ? body->note : "");
    }
    if (!what || !what->document || !what->note) {
        if (what)
            free_publishing(what);
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    store_param_int(&ask.params, what->flow_id);
    api_ask(api, request, api_person(request), &ask, what, free_publishing);
}

static void check_flow(struct http_request *request, void *arg)
{
    struct publishing what = {0};
    struct flow_body body = {0};

    if (api_path_int(request, "id", &what.flow_id) &&
        http_read_body(request, SETTINGS_BODY(check_fields), &body))
        ask_names(arg, request, &body, &what, PERM_SETTINGS_READ, answer_check);
}

static void publish_flow(struct http_request *request, void *arg)
{
    struct publishing what = {0};
    struct flow_body body = {0};

    if (api_path_int(request, "id", &what.flow_id) && api_if_match(request, &what.version) &&
        http_read_body(request, SETTINGS_BODY(publish_fields), &body))
        ask_names(arg, request, &body, &what, PERM_SETTINGS_WRITE, publish_if_good);
}

#define FLOWS "/api/v1/settings/flows"
static const struct api_route routes[] = {
    {.http = {"GET", FLOWS, PERM_SETTINGS_READ, list_flows, "语音流程列表"}, .query = "center_id"},
    {.http = {"GET", FLOWS "/{id}", PERM_SETTINGS_READ, get_flow, "查看语音流程及其历史版本"}},
    {{"POST", FLOWS "/{id}/check", PERM_SETTINGS_READ, check_flow, "检查语音流程，列出全部问题",
      API_BODY_FLOW},
     SETTINGS_BODY(check_fields)},
    {{"POST", FLOWS "/{id}/publish", PERM_SETTINGS_WRITE, publish_flow, "发布语音流程",
      API_BODY_FLOW},
     SETTINGS_BODY(publish_fields),
     .if_match = true},
};
const struct api_routes api_routes_flows = API_ROUTES(routes);
