/* The agent's desk as a center sets it: when a hold has lasted too long. */
#include <stddef.h>
#include <stdio.h>

#include "api/settings.h"

struct desk_body {
    int64_t hold_warn_s;
};
static const struct http_field desk_fields[] = {
    {"hold_warn_s", "保持提醒（秒）", HTTP_INT, offsetof(struct desk_body, hold_warn_s),
     HTTP_REQUIRED, 0, 3600},
};

static void get_desk(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_DESK_GET, .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_desk(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_DESK_PUT,
                          .permission = PERM_SETTINGS_WRITE,
                          .answer = API_RESULT,
                          .action = "desk.settings",
                          .object_kind = "center"};
    struct desk_body body = {0};
    int64_t version;
    size_t length;
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_WRITE, &center) ||
        !api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(desk_fields), &body))
        return;
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    snprintf(ask.detail, sizeof(ask.detail), "hold_warn_s=%lld", (long long)body.hold_warn_s);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define DESK "/api/v1/settings/desk"
static const struct api_route routes[] = {
    {.http = {"GET", DESK, PERM_SETTINGS_READ, get_desk, "坐席工作台设置"}, .query = "center_id"},
    {{"PUT", DESK, PERM_SETTINGS_WRITE, put_desk, "修改坐席工作台设置"},
     SETTINGS_BODY(desk_fields),
     .query = "center_id",
     .if_match = true},
};
const struct api_routes api_routes_desk = API_ROUTES(routes);
