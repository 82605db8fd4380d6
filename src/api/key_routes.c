/* What other systems may ask for with a key: the one list, by group of abilities. A route that
 * stands in no line is for people only. Lines are compared with the route tables at the start. */
#include <errno.h>
#include <string.h>

#include "api/room.h"

#define V1   "/api/v1"
#define CALL V1 "/agent/calls/{call_id}"

const char *const api_key_group_names[API_KEY_GROUPS] = {
    [API_KEY_CALL] = "call", [API_KEY_MEDIA] = "media", [API_KEY_AGENT] = "agent",
    [API_KEY_IT] = "it",     [API_KEY_SMS] = "sms",     [API_KEY_KNOWLEDGE] = "knowledge",
};
const char *const api_key_group_titles[API_KEY_GROUPS] = {
    [API_KEY_CALL] = "呼叫控制", [API_KEY_MEDIA] = "媒体",   [API_KEY_AGENT] = "坐席",
    [API_KEY_IT] = "数据",       [API_KEY_SMS] = "短信通道", [API_KEY_KNOWLEDGE] = "知识维护",
};

#define IN(group) (1u << API_KEY_##group)
#define SEATS     (IN(CALL) | IN(MEDIA) | IN(AGENT))
#define READERS   (IN(IT) | IN(KNOWLEDGE)) /* of the knowledge base */
#define ALL       (SEATS | READERS)
#define KB        V1 "/knowledge"

static const struct line {
    unsigned groups;
    enum api_key_route kind;
    const char *method, *path;
} lines[] = {
    {ALL, API_KEY_ROUTE_YES, "GET", V1 "/events"},
    {ALL, API_KEY_ROUTE_YES, "GET", V1 "/dictionaries"},
    {SEATS, API_KEY_ROUTE_AGENT, "GET", V1 "/agent"},

    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", V1 "/agent/calls"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/answer"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/reject"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/hangup"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/hold"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/retrieve"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/mute"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/unmute"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/consult"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/consult/end"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/consult/join"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/consult/complete"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/consult/release"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/consult/center"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/help"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/transfer"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/transfer/center"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "GET", CALL "/flows"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/flow"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/flow/end"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "POST", CALL "/survey"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "GET", V1 "/agent/colleagues"},
    {IN(CALL), API_KEY_ROUTE_AGENT, "GET", V1 "/agent/centers"},

    {IN(MEDIA), API_KEY_ROUTE_AGENT, "POST", CALL "/keys"},
    {IN(MEDIA), API_KEY_ROUTE_AGENT, "POST", CALL "/play"},
    {IN(MEDIA), API_KEY_ROUTE_AGENT, "POST", CALL "/collect"},
    {IN(MEDIA), API_KEY_ROUTE_AGENT, "POST", CALL "/play/end"},
    {IN(MEDIA), API_KEY_ROUTE_AGENT, "POST", CALL "/recording"},

    {IN(AGENT), API_KEY_ROUTE_AGENT, "POST", V1 "/agent/sign-in"},
    {IN(AGENT), API_KEY_ROUTE_AGENT, "POST", V1 "/agent/sign-out"},
    {IN(AGENT), API_KEY_ROUTE_AGENT, "PUT", V1 "/agent/state"},
    {IN(AGENT), API_KEY_ROUTE_AGENT, "PUT", CALL "/wrap-up"},
    {IN(AGENT), API_KEY_ROUTE_AGENT, "POST", V1 "/agent/wrap-up/done"},
    {IN(AGENT), API_KEY_ROUTE_YES, "GET", V1 "/monitor/agents"},
    {IN(AGENT), API_KEY_ROUTE_YES, "GET", V1 "/monitor/wall"},

    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/calls"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/calls/{id}"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/callers/{number}/history"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/records"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/records/{id}"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/records"},
    {IN(IT), API_KEY_ROUTE_AGENT, "PUT", V1 "/records/{id}"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/tickets"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/tickets/choices"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/tickets/{id}"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/assign"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/accept"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/forward"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/return"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/finish"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/void"},
    {IN(IT), API_KEY_ROUTE_AGENT, "POST", V1 "/tickets/{id}/reopen"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/contacts"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/taxpayers"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/reports"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/reports/voice_service"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/reports/voice_service.csv"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/reports/agent_voice"},
    {IN(IT), API_KEY_ROUTE_YES, "GET", V1 "/reports/agent_voice.csv"},

    {IN(SMS), API_KEY_ROUTE_YES, "POST", V1 "/sms/reports"},
    {IN(SMS), API_KEY_ROUTE_YES, "POST", V1 "/sms/replies"},

    {READERS, API_KEY_ROUTE_YES, "GET", KB "/classes"},
    {READERS, API_KEY_ROUTE_YES, "GET", KB "/items"},
    {READERS, API_KEY_ROUTE_YES, "GET", KB "/items/{id}"},
    {READERS, API_KEY_ROUTE_YES, "GET", KB "/items/{id}/versions/{version}"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "POST", KB "/classes"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "PUT", KB "/classes/{id}"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "DELETE", KB "/classes/{id}"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "GET", KB "/entries"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "POST", KB "/entries"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "GET", KB "/entries/{id}"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "PUT", KB "/entries/{id}"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "DELETE", KB "/entries/{id}"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "POST", KB "/entries/{id}/publish"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "POST", KB "/entries/{id}/versions/{version}/publish"},
    {IN(KNOWLEDGE), API_KEY_ROUTE_YES, "POST", KB "/entries/{id}/withdraw"},
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

enum api_key_route api_key_route(const struct http_route *route, unsigned groups)
{
    for (size_t i = 0; i < LINES; i++)
        if (lines[i].groups & groups && strcmp(lines[i].method, route->method) == 0 &&
            strcmp(lines[i].path, route->path) == 0)
            return lines[i].kind;
    return API_KEY_ROUTE_NOT;
}

static const struct grant {
    unsigned groups;
    enum permission permission;
} grants[] = {
    {SEATS, PERM_AGENT_WORK},
    {IN(MEDIA), PERM_RECORDING_PAUSE},
    {IN(CALL), PERM_CALL_DIAL},
    {IN(AGENT), PERM_MONITOR_READ},
    {IN(IT), PERM_CALL_READ},
    {IN(IT), PERM_RECORD_READ},
    {IN(IT), PERM_RECORD_WRITE},
    {IN(IT), PERM_CONTACT_READ},
    {IN(IT), PERM_REPORT_READ},
    {IN(IT), PERM_SETTINGS_READ}, /* for who pays taxes; no line leads to settings */
    {IN(SMS), PERM_SMS_DELIVER},
    {IN(IT), PERM_TICKET_READ},
    {IN(IT), PERM_TICKET_CREATE},
    {IN(IT), PERM_TICKET_WORK},
    {IN(IT), PERM_TICKET_ASSIGN},
    {READERS, PERM_KNOWLEDGE_READ},
    {IN(KNOWLEDGE), PERM_KNOWLEDGE_EDIT},
    {IN(KNOWLEDGE), PERM_KNOWLEDGE_PUBLISH},
};

void api_key_grant(struct access_subject *subject, unsigned groups, enum access_scope scope)
{
    for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++)
        if (grants[i].groups & groups)
            access_grant(subject, grants[i].permission, scope);
}

static bool is_route(const struct line *line)
{
    for (size_t t = 0; t < api_route_table_count; t++)
        for (size_t i = 0; i < api_route_tables[t]->count; i++) {
            const struct http_route *route = &api_route_tables[t]->rows[i].http;
            if (strcmp(route->method, line->method) == 0 && strcmp(route->path, line->path) == 0)
                return true;
        }
    return false;
}

int api_key_routes_check(void)
{
    for (size_t i = 0; i < LINES; i++)
        if (!is_route(&lines[i])) {
            log_error("api", "bad_key_route", "method=%s path=%s", lines[i].method, lines[i].path);
            return -ENOENT;
        }
    return 0;
}
