/* The audit log, read only; reading it is in it. */
#include "api/room.h"

static void list_audit(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .lane = STORE_SLOW,
        .statement = STMT_AUDIT_LIST,
        .permission = PERM_AUDIT_READ,
        .action = "audit.read",
        .object_kind = "audit",
    };
    int32_t center;

    if (!api_query_center(arg, request, PERM_AUDIT_READ, &center) ||
        !api_param_query_time(request, &ask.params, "from", "起始时间") ||
        !api_param_query_time(request, &ask.params, "to", "截止时间") ||
        !api_param_query_int(request, &ask.params, "user_id", "用户") ||
        !api_param_query_text(request, &ask.params, "action"))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    if (!api_param_query_limit(request, &ask.params, 50, 200) ||
        !api_param_query_cursor(request, &ask.params))
        return;
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/audit", PERM_AUDIT_READ, list_audit, "审计日志"},
     .query = "from to user_id action center_id limit after"},
};
const struct api_routes api_routes_audit = API_ROUTES(routes);
