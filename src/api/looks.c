/* Looking at what is personal: whose it may be, and what the audit log says about it. */
#include <stdio.h>
#include <string.h>

#include "api/looks.h"

void look_param_users(struct api *api, struct http_request *request,
                      const struct api_person *person, enum permission permission,
                      struct store_params *params, struct text *text)
{
    if (!text_equal(http_query(request, "mine"), "1")) {
        api_param_users(api, person, permission, params, text);
        return;
    }
    text_addf(text, "{%d}", person->subject.user_id);
    store_param_text(params, text->failed ? "{}" : text->data);
}

bool look_query_center(struct api *api, struct http_request *request, enum permission permission,
                       int32_t *ret_center)
{
    const struct api_person *person = api_person(request);

    if (!api_query_center(api, request, permission, ret_center))
        return false;
    if (!*ret_center && person->subject.scope[permission] <= ACCESS_CENTER)
        *ret_center = person->subject.center_id;
    return true;
}

void look_filters(struct http_request *request, const char *names, char *out, size_t size)
{
    struct text given = {0};

    while (*names) {
        size_t length = strcspn(names, " ");
        char name[32];
        const char *value;

        snprintf(name, sizeof(name), "%.*s", (int)length, names);
        value = http_query(request, name);
        if (value)
            text_addf(&given, "%s%s=%s", given.length ? " " : "", name, value);
        names += length + (names[length] == ' ');
    }
    (void)text_copy(out, size, given.data ? given.data : "");
    text_done(&given);
}

void look_at(struct api_ask *ask, const char *action, const char *object_kind,
             const struct uuid *id)
{
    ask->action = action;
    ask->object_kind = object_kind;
    (void)uuid_text(id, ask->object_id);
}

bool look_params_one(struct api *api, struct http_request *request, struct api_ask *ask,
                     const char *action, const char *object_kind, struct text *users)
{
    const struct api_person *person = api_person(request);
    struct uuid id;

    if (!api_path_uuid(request, "id", &id))
        return false;
    look_at(ask, action, object_kind, &id);
    store_param_uuid(&ask->params, &id);
    store_param_bool(&ask->params, api_may_reveal(person, ask->permission));
    api_param_users(api, person, ask->permission, &ask->params, users);
    return true;
}

void look_at_one(struct api *api, struct http_request *request, struct api_ask *ask,
                 const char *action, const char *object_kind)
{
    struct text users = {0};

    if (look_params_one(api, request, ask, action, object_kind, &users))
        api_ask(api, request, api_person(request), ask, NULL, NULL);
    text_done(&users);
}
