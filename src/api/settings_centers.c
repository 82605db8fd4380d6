/* Centers: names, the announcement of agent numbers, and what is switched off for one of them. */
#include <stddef.h>
#include <stdio.h>

#include "api/settings.h"

struct center_body {
    const char *name;
    bool announce_agent_no;
    const cJSON *functions_off;
};

static const struct http_field center_fields[] = {
    {"name", "名称", HTTP_TEXT, offsetof(struct center_body, name), 0, 1, 20},
    {"announce_agent_no", "接听时播报工号", HTTP_BOOL,
     offsetof(struct center_body, announce_agent_no), 0, 0, 0},
    {"functions_off", "停用的功能", HTTP_JSON, offsetof(struct center_body, functions_off), 0, 0,
     0},
};

static void get_centers(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_SETTINGS_CENTER_LIST, .permission = PERM_REGION_WRITE};

    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static bool is_list_of_texts(const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return false;
    }
    return true;
}

static void put_center(struct http_request *request, void *arg)
{
    struct center_body body = {0};
    struct api_ask ask = {.statement = STMT_SETTINGS_CENTER_UPDATE,
                          .permission = PERM_REGION_WRITE,
                          .answer = API_RESULT,
                          .action = "center.update",
                          .object_kind = "center"};
    const char *json;
    int64_t version;
    size_t length;
    int32_t id;

    if (!api_path_int(request, "id", &id) || !api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(center_fields), &body))
        return;
    if (body.functions_off && !is_list_of_texts(body.functions_off)) {
        api_field_problem(request, "functions_off", "停用的功能应为功能名的列表");
        return;
    }
    json = http_body(request, &length);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    store_param_int(&ask.params, id);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, json);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static const struct api_route rows[] = {
    {{"GET", "/api/v1/settings/centers", PERM_REGION_WRITE, get_centers, "中心列表"},
     NULL,
     0,
     NULL},
    {{"PUT", "/api/v1/settings/centers/{id}", PERM_REGION_WRITE, put_center, "修改中心、停用功能"},
     SETTINGS_BODY(center_fields),
     .if_match = true},
};
const struct api_routes api_routes_centers = API_ROUTES(rows);
