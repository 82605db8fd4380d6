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

bool settings_is_blank(const char *text)
{
    return !text[strspn(text, " \t\r\n")];
}
