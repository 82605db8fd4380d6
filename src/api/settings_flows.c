/* Voice flows: looked at, checked, published. What is wrong is never put in force; a running call
 * keeps the version it began with (the directory's flows are immutable). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/flow_try.h"
#include "api/settings.h"

struct flow_body {
    const cJSON *document;
    const char *note;
    int64_t version; /* an old one */
    const char *caller_no, *called_no, *source;
    int64_t at_ms;
    const cJSON *events;
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

static const struct http_field rollback_fields[] = {
    FIELD(version, "要恢复的版本", HTTP_INT, HTTP_REQUIRED, 1, INT32_MAX),
    FIELD(note, "发布说明", HTTP_TEXT, 0, 0, 200),
};
static const struct http_field try_fields[] = {
    FIELD(document, "流程文档", HTTP_JSON, HTTP_REQUIRED, 0, 0),
    FIELD(caller_no, "主叫号码", HTTP_TEXT, 0, 0, SIP_NUMBER_SIZE - 1),
    FIELD(called_no, "被叫号码", HTTP_TEXT, 0, 0, SIP_NUMBER_SIZE - 1),
    FIELD(source, "来源", HTTP_TEXT, 0, 0, 15),
    FIELD(at_ms, "来电时间", HTTP_INT, 0, 0, INT64_MAX / 2),
    FIELD(events, "事件", HTTP_JSON, 0, 0, 0),
};

struct publishing {
    int32_t flow_id;
    int64_t version;
    int64_t old_version; /* to be published again; 0 = document is */
    char *document;
    char *note;
    struct flow_try tried;
};

static const char missing_flow[] = "没有这个语音流程，或不属于您管理的中心";
static const char missing_version[] = "这个语音流程没有这个版本，请在历史版本列表中选择";

/* --- reading -------------------------------------------------------------------------------- */

static void list_flows(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_FLOW_LIST);
}

static void get_flow(struct http_request *request, void *arg)
{
    settings_get(arg, request, STMT_SETTINGS_FLOW_GET, "flow", missing_flow);
}

static void get_version(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_FLOW_VERSION,
                          .permission = PERM_SETTINGS_READ,
                          .missing = missing_version,
                          .object_kind = "flow"};
    int32_t id, version;

    if (!api_path_int(request, "id", &id) || !api_path_int(request, "version", &version))
        return;
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    store_param_int(&ask.params, id);
    store_param_int(&ask.params, version);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- checking ------------------------------------------------------------------------------- */

struct known { /* codes of the flow's center, as the database has them now */
    cJSON *prompts, *queues, *calendars, *agents, *connectors;
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

static bool has_agent(const char *agent_no, void *arg)
{
    return has(((const struct known *)arg)->agents, agent_no);
}

static bool has_connector(const char *code, void *arg)
{
    return has(((const struct known *)arg)->connectors, code);
}

/* The rows of settings_flow_names say what exists. Not the directory: it hears of a queue made a
 * moment ago a moment later. Returns the number of problems; without any, the flow. */
static int parse(const char *document, const struct store_result *names, struct text *problems,
                 struct ivr_flow **ret_flow)
{
    struct known known = {
        .prompts = cJSON_Parse(store_text(names, 0, 1)),
        .queues = cJSON_Parse(store_text(names, 0, 2)),
        .calendars = cJSON_Parse(store_text(names, 0, 3)),
        .agents = cJSON_Parse(store_text(names, 0, 4)),
        .connectors = cJSON_Parse(store_text(names, 0, 6)),
    };
    struct ivr_names ask = {.has_prompt = has_prompt,
                            .has_queue = has_queue,
                            .has_calendar = has_calendar,
                            .has_agent = has_agent,
                            .has_connector = has_connector,
                            .arg = &known};
    int count = ivr_flow_parse(document, strlen(document), &ask, ret_flow, problems);

    cJSON_Delete(known.prompts);
    cJSON_Delete(known.queues);
    cJSON_Delete(known.calendars);
    cJSON_Delete(known.agents);
    cJSON_Delete(known.connectors);
    return count;
}

static int check(const char *document, const struct store_result *names, struct text *problems)
{
    struct ivr_flow *flow = NULL;
    int count = parse(document, names, problems, &flow);

    ivr_flow_unref(flow);
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

/* --- trying --------------------------------------------------------------------------------- */

static void answer_try(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       void **state)
{
    struct publishing *what = *state;
    struct text problems = {0}, json = {0};
    struct ivr_flow *flow = NULL;

    if (!store_rows(result)) {
        missing(api, request, person, what);
        return;
    }
    what->tried.center_id = (int32_t)store_int(result, 0, 0);
    text_add(&json, "{");
    if (parse(what->document, result, &problems, &flow))
        text_add(&json, "\"path\":[],\"waits\":null,\"variables\":{},\"survey_level\":0,"
                        "\"ended\":null,\"truncated\":false");
    else
        flow_try_run(api, flow, &what->tried, &json);
    text_add(&json, ",");
    answer_problems(request, 200, "application/json", &json, &problems);
    ivr_flow_unref(flow);
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
        .action = what->old_version ? "flow.rollback" : "flow.publish",
        .object_kind = "flow",
    };
    const char *document = what->document;
    struct text problems = {0};
    int count;

    if (!store_rows(result)) {
        missing(api, request, person, what);
        return;
    }
    if (what->old_version && store_is_null(result, 0, 5)) {
        api_missing(request, missing_version);
        return;
    }
    if (what->old_version)
        document = store_text(result, 0, 5);
    count = check(document, result, &problems);
    if (count) {
        refuse(request, count, &problems);
    } else {
        store_param_int(&ask.params, what->flow_id);
        store_param_int(&ask.params, what->version);
        store_param_text(&ask.params, document);
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
    cJSON_Delete(what->tried.events);
    free(what);
}

/* All routes first ask which names the flow's center has. */
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

    if (!wanted->old_version && !cJSON_IsObject(body->document)) {
        api_field_problem(request, "document", "流程文档应为 JSON 对象");
        return;
    }
    what = malloc(sizeof(*what));
    if (what) {
        *what = *wanted;
        what->document = body->document ? cJSON_PrintUnformatted(body->document) : strdup("");
        what->note = strdup(body->note ? body->note : "");
        what->tried.events = cJSON_Duplicate(body->events, true);
    }
    if (!what || !what->document || !what->note) {
        if (what)
            free_publishing(what);
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    store_param_int(&ask.params, what->flow_id);
    if (what->old_version)
        store_param_int(&ask.params, what->old_version);
    else
        store_param_null(&ask.params);
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

/* An old document becomes a new version: what is wrong with it now is told as ever. */
static void rollback_flow(struct http_request *request, void *arg)
{
    struct publishing what = {0};
    struct flow_body body = {0};

    if (!api_path_int(request, "id", &what.flow_id) || !api_if_match(request, &what.version) ||
        !http_read_body(request, SETTINGS_BODY(rollback_fields), &body))
        return;
    what.old_version = body.version;
    ask_names(arg, request, &body, &what, PERM_SETTINGS_WRITE, publish_if_good);
}

static bool is_source(const char *source)
{
    return text_equal(source, "direct") || text_equal(source, "from_12366") ||
           text_equal(source, "from_city");
}

static void try_flow(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct publishing what = {0};
    struct flow_body body = {
        .caller_no = "", .called_no = "", .source = "direct", .at_ms = loop_wall_ms(api->loop)};
    const char *problem;

    if (!api_path_int(request, "id", &what.flow_id) ||
        !http_read_body(request, SETTINGS_BODY(try_fields), &body))
        return;
    problem = body.events ? flow_try_problem(body.events) : NULL;
    if (problem || !is_source(body.source)) {
        api_field_problem(request, problem ? "events" : "source",
                          problem ? problem : "来源只能为 direct、from_12366 或 from_city");
        return;
    }
    text_copy(what.tried.caller_no, sizeof(what.tried.caller_no), body.caller_no);
    text_copy(what.tried.called_no, sizeof(what.tried.called_no), body.called_no);
    text_copy(what.tried.source, sizeof(what.tried.source), body.source);
    what.tried.at_ms = body.at_ms;
    ask_names(api, request, &body, &what, PERM_SETTINGS_READ, answer_try);
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
    {.http = {"GET", FLOWS "/{id}/versions/{version}", PERM_SETTINGS_READ, get_version,
              "查看语音流程的一个历史版本"}},
    {{"POST", FLOWS "/{id}/rollback", PERM_SETTINGS_WRITE, rollback_flow,
      "把语音流程的历史版本作为新版本发布"},
     SETTINGS_BODY(rollback_fields),
     .if_match = true},
    {{"POST", FLOWS "/{id}/try", PERM_SETTINGS_READ, try_flow, "用虚拟来电试呼流程文档",
      API_BODY_FLOW},
     SETTINGS_BODY(try_fields)},
};
const struct api_routes api_routes_flows = API_ROUTES(routes);
