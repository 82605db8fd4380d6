/* Which routes serve which function of a center (CC-36): the one list. A route that stands in no
 * line is always there. The lines are compared with the route tables when the daemon starts: one
 * that names no route, or a route named by two functions, keeps it from starting. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/functions.h"
#include "api/room.h"

#define V1     "/api/v1"
#define CALL   V1 "/agent/calls/{call_id}"
#define SEAT   V1 "/monitor/agents/{user_id}"
#define SET    V1 "/settings"
#define FLOWS  SET "/flows"
#define FIELDS 3 /* of one route, at most */

/* method "*" and a path that ends with "*" stand for many. field: only a body in which it says
 * something (not null, false, 0 or "") is refused; the rest of the route stays. Lists that other
 * pages choose from (flows, prompts, calendars ...) may still be read. */
static const struct line {
    enum function function;
    const char *method, *path, *field;
} lines[] = {
    {FUNCTION_AGENT, "*", V1 "/agent", NULL},
    {FUNCTION_AGENT, "POST", V1 "/agent/sign-in", NULL},
    {FUNCTION_AGENT, "PUT", V1 "/agent/state", NULL},
    {FUNCTION_AGENT, "PUT", V1 "/agent/line", NULL},
    {FUNCTION_AGENT, "POST", V1 "/agent/line/test", NULL},
    {FUNCTION_CALLER_HISTORY, "GET", V1 "/callers/{number}/history", NULL},
    {FUNCTION_DIAL, "POST", V1 "/agent/calls", NULL},
    {FUNCTION_DIAL, "POST", CALL "/transfer", "number"},
    {FUNCTION_DIAL, "POST", CALL "/consult", "number"},
    {FUNCTION_HOLD, "POST", CALL "/hold", NULL}, /* who is held may be taken back */
    {FUNCTION_MUTE, "POST", CALL "/mute", NULL},
    {FUNCTION_KEYS, "POST", CALL "/keys", NULL},
    {FUNCTION_TRANSFER, "POST", CALL "/transfer", NULL},
    {FUNCTION_TRANSFER_CENTER, "POST", CALL "/transfer/center", NULL},
    {FUNCTION_TRANSFER_CENTER, "POST", CALL "/consult/center", NULL},
    {FUNCTION_TRANSFER_CENTER, "GET", V1 "/agent/centers", NULL},
    {FUNCTION_CONSULT, "POST", CALL "/consult", NULL},
    {FUNCTION_CONSULT, "POST", CALL "/consult/complete", NULL},
    {FUNCTION_THREE_WAY, "POST", CALL "/consult/join", NULL},
    {FUNCTION_THREE_WAY, "POST", CALL "/help", "three"},
    {FUNCTION_THREE_WAY, "POST", CALL "/consult/center", "three"},
    {FUNCTION_HELP, "POST", CALL "/help", NULL},
    {FUNCTION_HELP, "POST", CALL "/consult/center", "help"},
    {FUNCTION_TO_IVR, "GET", CALL "/flows", NULL},
    {FUNCTION_TO_IVR, "POST", CALL "/flow", NULL},
    {FUNCTION_SURVEY, "POST", CALL "/survey", NULL},
    {FUNCTION_SURVEY, "*", SET "/survey", NULL},
    {FUNCTION_WRAP_UP, "PUT", CALL "/wrap-up", NULL},
    {FUNCTION_AUTO_ANSWER, "POST", SET "/users", "auto_answer_ms"},
    {FUNCTION_AUTO_ANSWER, "PUT", SET "/users/{id}", "auto_answer_ms"},
    {FUNCTION_AUTO_ANSWER, "POST", SET "/queues", "auto_answer_ms"},
    {FUNCTION_AUTO_ANSWER, "PUT", SET "/queues/{id}", "auto_answer_ms"},
    {FUNCTION_CALL_LOG, "GET", V1 "/calls*", NULL},
    {FUNCTION_QUERIES, "GET", V1 "/queries/*", NULL},
    {FUNCTION_RECORDING_PLAY, "GET", V1 "/recordings/{id}/audio", NULL},
    {FUNCTION_RECORDING_PLAY, "GET", V1 "/recordings/{id}/waveform", NULL},
    {FUNCTION_RECORDING_DOWNLOAD, "GET", V1 "/recordings/{id}/download", NULL},
    {FUNCTION_RECORDING_NOTES, "*", V1 "/recordings/{id}/notes*", NULL},
    {FUNCTION_CONTACTS, "*", V1 "/contacts*", NULL},
    {FUNCTION_RECORDS, "*", V1 "/records*", NULL},
    {FUNCTION_RECORDS, "*", V1 "/drafts/*", NULL},
    {FUNCTION_VOICEMAIL, "*", V1 "/voicemails*", NULL},
    {FUNCTION_VOICEMAIL, "*", SET "/voicemail", NULL},
    {FUNCTION_CALLBACK, "*", V1 "/callbacks*", NULL},
    {FUNCTION_CALLBACK, "*", SET "/callbacks", NULL},
    {FUNCTION_TICKETS, "*", V1 "/tickets*", NULL},
    {FUNCTION_LISTEN, "POST", SEAT "/listen", NULL},
    {FUNCTION_WHISPER, "POST", SEAT "/whisper", NULL},
    {FUNCTION_BARGE, "POST", SEAT "/barge", NULL},
    {FUNCTION_TAKE_OVER, "POST", SEAT "/take-over", NULL},
    {FUNCTION_DISCONNECT, "POST", SEAT "/disconnect", NULL},
    {FUNCTION_FORCE_STATE, "PUT", SEAT "/state", NULL},
    {FUNCTION_WALL, "GET", V1 "/monitor/wall", NULL},
    {FUNCTION_QUEUE_MOVES, "POST", V1 "/monitor/calls/*", NULL},
    {FUNCTION_REPORTS, "GET", V1 "/reports*", NULL},
    {FUNCTION_FLOW_EDITOR, "POST", FLOWS "*", NULL},
    {FUNCTION_FLOW_EDITOR, "POST", SET "/connectors*", NULL},
    {FUNCTION_FLOW_EDITOR, "PUT", SET "/connectors*", NULL},
    {FUNCTION_FLOW_EDITOR, "DELETE", SET "/connectors*", NULL},
    {FUNCTION_PROMPTS, "POST", SET "/prompts*", NULL},
    {FUNCTION_PROMPTS, "PUT", SET "/prompts*", NULL},
    {FUNCTION_PROMPTS, "DELETE", SET "/prompts*", NULL},
    {FUNCTION_SKILLS, "POST", SET "/skill-groups*", NULL},
    {FUNCTION_SKILLS, "PUT", SET "/skill-groups*", NULL},
    {FUNCTION_SKILLS, "DELETE", SET "/skill-groups*", NULL},
    {FUNCTION_CALENDARS, "POST", SET "/calendars*", NULL},
    {FUNCTION_CALENDARS, "PUT", SET "/calendars*", NULL},
    {FUNCTION_CALENDARS, "DELETE", SET "/calendars*", NULL},
    {FUNCTION_QUEUE_SETTINGS, "POST", SET "/queues", NULL},
    {FUNCTION_QUEUE_SETTINGS, "PUT", SET "/queues/{id}", NULL},
    {FUNCTION_QUEUE_SETTINGS, "DELETE", SET "/queues/{id}", NULL},
    {FUNCTION_REASONS, "POST", SET "/reasons*", NULL},
    {FUNCTION_REASONS, "PUT", SET "/reasons*", NULL},
    {FUNCTION_REASONS, "DELETE", SET "/reasons*", NULL},
    {FUNCTION_REASONS, "POST", SET "/wrap-up-codes*", NULL},
    {FUNCTION_REASONS, "PUT", SET "/wrap-up-codes*", NULL},
    {FUNCTION_REASONS, "DELETE", SET "/wrap-up-codes*", NULL},
    {FUNCTION_NUMBER_LISTS, "*", SET "/number-lists*", NULL},
    {FUNCTION_BOT, "PUT", SET "/bots/shares/{id}/policy", NULL},
    {FUNCTION_KNOWLEDGE, "*", V1 "/knowledge/*", NULL},
};

/* A row of the http room, and what its center must have. */
struct api_bound {
    struct http_route http; /* first: the guard gets it back by this */
    enum function function;
    const struct line *fields[FIELDS];
    /* Of rows with fields, which can be looked at only when the body has come: */
    struct api *api;
    void (*handler)(struct http_request *request, void *api);
};

/* --- at the start --------------------------------------------------------------------------- */

static bool is_meant(const struct line *line, const struct http_route *route)
{
    size_t length = strlen(line->path);

    if (strcmp(line->method, "*") != 0 && strcmp(line->method, route->method) != 0)
        return false;
    if (line->path[length - 1] == '*')
        return strncmp(line->path, route->path, length - 1) == 0;
    return strcmp(line->path, route->path) == 0;
}

static int bind_line(struct api_bound *bound, const struct line *line)
{
    size_t at = 0;

    if (!line->field) {
        if (bound->function)
            return -EEXIST;
        bound->function = line->function;
        return 0;
    }
    while (at < FIELDS && bound->fields[at])
        at++;
    if (at == FIELDS)
        return -E2BIG;
    bound->fields[at] = line;
    return 0;
}

static bool has_field(const struct api_route *row, const char *name)
{
    for (size_t i = 0; i < row->body_count; i++)
        if (strcmp(row->body[i].name, name) == 0)
            return true;
    return false;
}

/* One line against all routes, which stand in the order of the tables. */
static int take_line(struct api_bound *all, const struct line *line)
{
    struct api_bound *bound = all;
    bool found = false;

    for (size_t t = 0; t < api_route_table_count; t++)
        for (size_t i = 0; i < api_route_tables[t]->count; i++, bound++) {
            int err;
            if (!is_meant(line, &bound->http))
                continue;
            if (line->field && !has_field(&api_route_tables[t]->rows[i], line->field))
                return -EINVAL;
            err = bind_line(bound, line);
            if (err)
                return err;
            found = true;
        }
    return found ? 0 : -ENOENT;
}

static size_t count_routes(void)
{
    size_t count = 0;

    for (size_t t = 0; t < api_route_table_count; t++)
        count += api_route_tables[t]->count;
    return count;
}

static void run_with_fields(struct http_request *request, void *arg);

/* Rows with fields are run by us. */
static int add_to_http(struct api_bound *bound, struct api *api, struct http *http)
{
    if (!bound->fields[0])
        return http_add_routes(http, &bound->http, 1, api);
    bound->api = api;
    bound->handler = bound->http.handler;
    bound->http.handler = run_with_fields;
    return http_add_routes(http, &bound->http, 1, bound);
}

static int bind_all(struct api_bound *all)
{
    size_t at = 0;

    for (size_t t = 0; t < api_route_table_count; t++)
        for (size_t i = 0; i < api_route_tables[t]->count; i++)
            all[at++].http = api_route_tables[t]->rows[i].http;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int err = function_name(lines[i].function) ? take_line(all, &lines[i]) : -EINVAL;
        if (err) {
            log_error("api", "bad_function", "method=%s path=%s field=%s error=%s", lines[i].method,
                      lines[i].path, lines[i].field ? lines[i].field : "", strerror(-err));
            return err;
        }
    }
    return 0;
}

int api_functions_add_routes(struct api *api, struct http *http, struct api_bound **ret_bound)
{
    size_t count = count_routes();
    struct api_bound *all = calloc(count, sizeof(*all));
    int err = all ? bind_all(all) : -ENOMEM;

    *ret_bound = all;
    for (size_t i = 0; !err && i < count; i++) {
        err = add_to_http(&all[i], api, http);
        if (err)
            log_error("api", "bad_route", "method=%s path=%s error=%s", all[i].http.method,
                      all[i].http.path, strerror(-err));
    }
    return err;
}

/* --- at each request ------------------------------------------------------------------------ */

static bool says_something(const cJSON *value)
{
    if (cJSON_IsNumber(value))
        return value->valuedouble != 0;
    if (cJSON_IsString(value))
        return value->valuestring[0] != 0;
    return value && !cJSON_IsNull(value) && !cJSON_IsFalse(value);
}

static bool uses_field(const struct http_request *request, const char *field)
{
    size_t length;
    const char *body = http_body(request, &length);
    cJSON *object = body ? cJSON_ParseWithLength(body, length) : NULL;
    bool uses = says_something(cJSON_GetObjectItemCaseSensitive(object, field));

    cJSON_Delete(object);
    return uses;
}

static bool refuse(struct api *api, struct http_request *request, const struct api_person *person,
                   enum function function)
{
    char title[200];

    snprintf(title, sizeof(title), "本中心已停用“%s”功能，如需使用请联系自治区管理员",
             function_title(function));
    api_audit(api, person, "refused", "function", function_name(function), http_path(request));
    http_problem(request, 403, "function.off", title, NULL);
    return false;
}

bool api_functions_allow(struct api *api, struct http_request *request,
                         const struct http_route *route, const struct api_person *person)
{
    const struct api_bound *bound = (const struct api_bound *)(const void *)route;
    enum function taken_by;

    if (!access_has(&person->subject, bound->function))
        return refuse(api, request, person, bound->function);
    taken_by = access_taken_by(&person->subject, (enum permission)route->permission);
    return !taken_by || refuse(api, request, person, taken_by);
}

static void run_with_fields(struct http_request *request, void *arg)
{
    const struct api_bound *bound = arg;
    const struct api_person *person = api_person(request);

    for (size_t i = 0; i < FIELDS && bound->fields[i]; i++)
        if (!access_has(&person->subject, bound->fields[i]->function) &&
            uses_field(request, bound->fields[i]->field)) {
            (void)refuse(bound->api, request, person, bound->fields[i]->function);
            return;
        }
    bound->handler(request, bound->api);
}

/* --- for pages ------------------------------------------------------------------------------ */

void api_functions_json(struct text *out)
{
    text_add(out, "{\"next\":null,\"items\":[");
    for (int i = FUNCTION_NONE + 1; i < FUNCTION_COUNT; i++)
        text_addf(
            out, "%s{\"name\":\"%s\",\"title\":\"%s\",\"group\":\"%s\",\"requirements\":\"%s\"}",
            i > 1 ? "," : "", function_name((enum function)i), function_title((enum function)i),
            function_group((enum function)i), function_requirements((enum function)i));
    text_add(out, "]}");
}

void api_functions_taken(const struct access_subject *subject, char *out, size_t size)
{
    struct text list = {0};

    text_add(&list, "{");
    for (int i = PERM_AGENT_WORK; i < PERM_COUNT; i++)
        if (access_taken_by(subject, (enum permission)i))
            text_addf(&list, "%s%s", list.length > 1 ? "," : "",
                      permission_name((enum permission)i));
    text_add(&list, "}");
    text_copy(out, size, list.failed ? "{}" : list.data);
    text_done(&list);
}
