/* What the files of the settings share: lists, and saying all that is wrong at once. */
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

void settings_list(struct api *api, struct http_request *request, enum store_statement statement)
{
    struct api_ask ask = {.statement = statement, .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!api_query_center(api, request, PERM_SETTINGS_READ, &center))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

void settings_get(struct api *api, struct http_request *request, enum store_statement statement,
                  const char *kind, const char *missing)
{
    struct api_ask ask = {.statement = statement,
                          .permission = PERM_SETTINGS_READ,
                          .missing = missing,
                          .object_kind = kind};
    int32_t id;

    if (!api_path_int(request, "id", &id))
        return;
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    store_param_int(&ask.params, id);
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

bool settings_center(struct api *api, struct http_request *request, enum permission permission,
                     int32_t *ret_center)
{
    if (!api_query_center(api, request, permission, ret_center))
        return false;
    return *ret_center || api_check_center(api, request, permission, 0, ret_center);
}

static void start_ask(const struct settings_kind *kind, enum store_statement statement,
                      const char *action, struct api_ask *ret_ask)
{
    *ret_ask = (struct api_ask){.statement = statement,
                                .permission = kind->permission,
                                .answer = API_RESULT,
                                .missing = kind->missing,
                                .action = action,
                                .object_kind = kind->name};
}

bool settings_create(struct api *api, struct http_request *request,
                     const struct settings_kind *kind, int64_t center_id, struct api_ask *ret_ask)
{
    size_t length;
    int32_t center;

    if (!api_check_center(api, request, kind->permission, center_id, &center))
        return false;
    start_ask(kind, kind->create, kind->created, ret_ask);
    ret_ask->status = 201;
    store_param_int(&ret_ask->params, center);
    store_param_text(&ret_ask->params, http_body(request, &length));
    return true;
}

/* The one that the path names. */
static bool name_one(struct http_request *request, struct api_ask *ask)
{
    int32_t id;

    if (!api_path_int(request, "id", &id))
        return false;
    store_param_int(&ask->params, id);
    snprintf(ask->object_id, sizeof(ask->object_id), "%d", id);
    return true;
}

bool settings_update(struct http_request *request, const struct settings_kind *kind,
                     struct api_ask *ret_ask)
{
    const char *body;
    int64_t version;
    size_t length;

    start_ask(kind, kind->update, kind->updated, ret_ask);
    if (!name_one(request, ret_ask) || !api_if_match(request, &version))
        return false;
    body = http_body(request, &length);
    store_param_int(&ret_ask->params, version);
    store_param_text(&ret_ask->params, body);
    text_copy(ret_ask->detail, sizeof(ret_ask->detail), body);
    return true;
}

bool settings_remove(struct http_request *request, const struct settings_kind *kind,
                     struct api_ask *ret_ask)
{
    start_ask(kind, kind->remove, kind->removed, ret_ask);
    return name_one(request, ret_ask);
}

void settings_get_own(struct api *api, struct http_request *request, enum store_statement statement)
{
    struct api_ask ask = {.statement = statement, .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!settings_center(api, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

bool settings_put_own(struct api *api, struct http_request *request, enum store_statement statement,
                      const char *action, const char *name, struct api_ask *ret_ask)
{
    const char *body;
    int64_t version;
    size_t length;
    int32_t center;

    if (!settings_center(api, request, PERM_SETTINGS_WRITE, &center) ||
        !api_if_match(request, &version))
        return false;
    *ret_ask = (struct api_ask){.statement = statement,
                                .permission = PERM_SETTINGS_WRITE,
                                .answer = API_RESULT,
                                .action = action,
                                .object_kind = name};
    body = http_body(request, &length);
    store_param_int(&ret_ask->params, center);
    store_param_int(&ret_ask->params, version);
    store_param_text(&ret_ask->params, body);
    snprintf(ret_ask->object_id, sizeof(ret_ask->object_id), "%d", center);
    text_copy(ret_ask->detail, sizeof(ret_ask->detail), body);
    return true;
}

void settings_complain(cJSON *errors, const char *field, const char *message)
{
    if (!cJSON_GetObjectItemCaseSensitive(errors, field))
        cJSON_AddStringToObject(errors, field, message);
}

bool settings_refuse(struct http_request *request, cJSON *errors)
{
    bool bad = !errors || errors->child;

    if (bad)
        http_problem(request, 422, "request.invalid", "提交的内容有误，请按提示修改", errors);
    else
        cJSON_Delete(errors);
    return bad;
}

bool settings_consists_of(const char *text, const char *characters)
{
    return *text && !text[strspn(text, characters)];
}

bool settings_is_code(const char *text)
{
    return *text >= 'a' && *text <= 'z' &&
           settings_consists_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

bool settings_is_list_of_ids(const cJSON *list)
{
    const cJSON *item;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > SETTINGS_MOST_IDS)
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsNumber(item) || item->valuedouble < 1 || item->valuedouble > INT32_MAX ||
            item->valuedouble != (double)(int32_t)item->valuedouble)
            return false;
    }
    return true;
}

bool settings_is_blank(const char *text)
{
    static const char wide[] = "\u3000"; /* what the space bar types into Chinese text */

    for (;;) {
        text += strspn(text, " \t\r\n");
        if (strncmp(text, wide, sizeof(wide) - 1) != 0)
            return !*text;
        text += sizeof(wide) - 1;
    }
}
