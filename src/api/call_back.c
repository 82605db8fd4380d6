/* A call out of an item of work: claimed, made, or given back. */
#include <stdlib.h>
#include <string.h>

#include "api/call_back.h"
#include "api/results.h"

struct begun {
    const struct call_back_kind *kind;
    struct uuid item, call;
    enum telephony_result refused;
    char number[40];
};

static void answer_call(struct http_request *request, const struct uuid *call)
{
    char text[UUID_TEXT_SIZE];
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "call_id", uuid_text(call, text));
    http_answer_object(request, 201, json);
}

static void given_back(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       void **state)
{
    const struct begun *begun = *state;

    (void)result;
    if (begun->refused == TELEPHONY_BAD_NUMBER || begun->refused == TELEPHONY_NUMBER_REFUSED)
        api_telephony_number_problem(api, request, person->subject.center_id, begun->number,
                                     begun->refused);
    else
        api_telephony_problem(api, request, begun->refused);
}

/* Should this not get through, the claim lasts ten minutes (callback_claim in 021). */
static void give_back(struct api *api, struct http_request *request,
                      const struct api_person *person, void **state)
{
    const struct begun *begun = *state;
    struct api_ask ask = {.statement = begun->kind->unclaim,
                          .permission = begun->kind->permission,
                          .then = given_back};

    store_param_uuid(&ask.params, &begun->call);
    *state = NULL;
    api_ask(api, request, person, &ask, (void *)begun, free);
}

static void claimed(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct store_result *result, void **state)
{
    struct begun *begun = *state;
    const char *said = store_rows(result) ? store_text(result, 0, 0) : "missing";
    char item[UUID_TEXT_SIZE];

    uuid_text(&begun->item, item);
    if (strcmp(said, "missing") == 0) {
        api_missing_id(api, request, person, begun->kind->object_kind, item, begun->kind->missing);
        return;
    }
    if (strcmp(said, "no_number") == 0) {
        http_problem(request, 409, "call.no_number",
                     "来电人没有显示号码，不能回拨。如果内容中留有联系电话，请在软电话栏输入后呼出",
                     NULL);
        return;
    }
    if (strcmp(said, "ok") != 0) {
        begun->kind->refuse(request, said, store_text(result, 0, 2));
        return;
    }
    text_copy(begun->number, sizeof(begun->number), store_text(result, 0, 1));
    begun->refused = telephony_dial_as(api->deps.telephony, person->subject.user_id, begun->number,
                                       &begun->call);
    if (begun->refused != TELEPHONY_OK) {
        give_back(api, request, person, state);
        return;
    }
    api_audit(api, person, begun->kind->action, begun->kind->object_kind, item, "");
    answer_call(request, &begun->call);
}

void call_back_begin(struct api *api, struct http_request *request,
                     const struct call_back_kind *kind)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {
        .statement = kind->claim, .permission = kind->permission, .then = claimed};
    struct begun *begun;
    struct uuid item;

    if (!api_path_uuid(request, "id", &item))
        return;
    if (!access_may(&person->subject, PERM_CALL_DIAL)) {
        api_audit(api, person, "refused", "call.dial", "", http_path(request));
        http_problem(request, 403, "forbidden", "您没有“呼出”的权限", NULL);
        return;
    }
    begun = calloc(1, sizeof(*begun));
    if (!begun) {
        api_unavailable(request);
        return;
    }
    begun->kind = kind;
    begun->item = item;
    begun->call = uuid_new(loop_wall_ms(api->loop));
    store_param_uuid(&ask.params, &item);
    store_param_int(&ask.params, person->subject.user_id);
    store_param_uuid(&ask.params, &begun->call);
    api_ask(api, request, person, &ask, begun, free);
}

/* --- steps of an item ------------------------------------------------------------------------ */

void work_step_said(struct api *api, struct http_request *request, const struct api_person *person,
                    const struct store_result *result, void **state)
{
    const struct work_step *step = *state;
    cJSON *json = store_rows(result) ? cJSON_Parse(store_text(result, 0, 0)) : NULL;
    const char *said = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "result"));

    if (text_equal(said, "ok")) {
        api_audit(api, person, step->action, step->object_kind, step->object_id, step->detail);
        http_answer_empty(request, 204);
    } else if (!said || strcmp(said, "missing") == 0) {
        api_missing_id(api, request, person, step->object_kind, step->object_id, step->missing);
    } else {
        step->refuse(request, said, "");
    }
    cJSON_Delete(json);
}

void work_step_ask_as(struct api *api, struct http_request *request,
                      const struct api_person *person, struct api_ask *ask,
                      const struct work_step *step)
{
    struct work_step *copy = malloc(sizeof(*copy));

    if (!copy) {
        api_unavailable(request);
        return;
    }
    *copy = *step;
    ask->then = work_step_said;
    api_ask(api, request, person, ask, copy, free);
}

void work_step_ask(struct api *api, struct http_request *request, struct api_ask *ask,
                   const struct work_step *step)
{
    work_step_ask_as(api, request, api_person(request), ask, step);
}
