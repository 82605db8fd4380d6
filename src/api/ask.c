/* Waits: a request that waits for the database or for a worker, and what becomes of it. */
#include <stdlib.h>
#include <string.h>

#include "api/wait.h"

/* --- problems ------------------------------------------------------------------------------- */

void api_unavailable(struct http_request *request)
{
    http_add_header(request, "Retry-After", "5");
    http_problem(request, 503, "store.unavailable",
                 "数据库暂时连接不上，本次操作没有生效，请稍后再试", NULL);
}

void api_answer_text(struct http_request *request, struct text *json)
{
    if (json->failed)
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
    else
        http_answer_json(request, 200, json->data);
    text_done(json);
}

void api_missing(struct http_request *request, const char *title)
{
    http_problem(request, 404, "not_found", title ? title : "没有这条数据，或您无权查看", NULL);
}

void api_missing_id(struct api *api, struct http_request *request, const struct api_person *person,
                    const char *object_kind, const char *object_id, const char *title)
{
    api_audit(api, person, "refused", object_kind, object_id, http_path(request));
    api_missing(request, title);
}

void api_field_problem(struct http_request *request, const char *field, const char *message)
{
    cJSON *errors = cJSON_CreateObject();

    cJSON_AddStringToObject(errors, field, message);
    http_problem(request, 422, "request.invalid", message, errors);
}

void api_store_problem(struct http_request *request, const struct store_result *result)
{
    const char *state = store_sqlstate(result);

    switch (store_status(result)) {
    case STORE_INVALID:
        if (strncmp(state, "HL", 2) == 0 && store_constraint(result)[0])
            api_field_problem(request, store_constraint(result), store_message(result));
        else
            http_problem(request, 422, "request.invalid",
                         strncmp(state, "HL", 2) == 0 ? store_message(result)
                                                      : "提交的内容与已有数据不符，请检查后再试",
                         NULL);
        return;
    case STORE_CONFLICT:
        http_problem(request, 409, "conflict", "他人刚刚修改了同一数据，请刷新后再试", NULL);
        return;
    case STORE_TIMEOUT:
        http_problem(request, 503, "store.timeout", "查询时间过长已取消，请缩小范围再试", NULL);
        return;
    case STORE_UNKNOWN:
        http_problem(request, 503, "store.unknown",
                     "数据库连接中断，不能确定是否已保存；再次提交同一内容是安全的", NULL);
        return;
    case STORE_UNAVAILABLE:
        api_unavailable(request);
        return;
    case STORE_OK:
    case STORE_FAILED:
        break;
    }
    log_error("api", "query_failed", "path=%s sqlstate=%s", log_safe(http_path(request)), state);
    http_problem(request, 500, "store.failed", "数据库处理出错，已记录；请联系系统管理员", NULL);
}

/* --- life ----------------------------------------------------------------------------------- */

struct api_wait *api_wait_new(struct api *api, struct http_request *request,
                              const struct api_person *person, void *state,
                              void (*free_state)(void *state))
{
    struct api_wait *wait = calloc(1, sizeof(*wait));

    if (!wait)
        return NULL;
    wait->api = api;
    wait->request = request;
    if (person) {
        wait->person = *person;
        wait->has_person = true;
    }
    wait->state = state;
    wait->free_state = free_state;
    wait->next = api->waits;
    wait->previous = &api->waits;
    if (wait->next)
        wait->next->previous = &wait->next;
    api->waits = wait;
    return wait;
}

void api_wait_free(struct api_wait *wait)
{
    if (wait->previous) {
        *wait->previous = wait->next;
        if (wait->next)
            wait->next->previous = wait->previous;
    }
    if (wait->state && wait->free_state)
        wait->free_state(wait->state);
    free(wait);
}

const struct api_person *api_wait_person(const struct api_wait *wait)
{
    return wait->has_person ? &wait->person : NULL;
}

void api_wait_refuse(struct http_request *request, void *state, void (*free_state)(void *state))
{
    api_unavailable(request);
    if (state && free_state)
        free_state(state);
}

/* --- asking the database -------------------------------------------------------------------- */

static void audit_success(struct api_wait *wait)
{
    const struct api_ask *ask = &wait->ask;

    if (ask->action && wait->has_person)
        api_audit(wait->api, &wait->person, ask->action, ask->object_kind, ask->object_id,
                  ask->detail);
    if (ask->tell && wait->has_person)
        ask->tell(wait->api, &wait->person, ask);
}

static void answer_missing(struct api_wait *wait)
{
    const struct api_ask *ask = &wait->ask;

    if (ask->object_kind && wait->has_person)
        api_missing_id(wait->api, wait->request, &wait->person, ask->object_kind, ask->object_id,
                       ask->missing);
    else
        api_missing(wait->request, ask->missing);
}

static void answer_document(struct api_wait *wait, const struct store_result *result)
{
    if (!store_rows(result) || store_is_null(result, 0, 0)) {
        answer_missing(wait);
        return;
    }
    audit_success(wait);
    http_answer_json(wait->request, wait->ask.status ? wait->ask.status : 200,
                     store_text(result, 0, 0));
}

static void answer_result(struct api_wait *wait, const struct store_result *result)
{
    cJSON *json = store_rows(result) ? cJSON_Parse(store_text(result, 0, 0)) : NULL;
    const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "result"));

    if (text_equal(word, "ok")) {
        audit_success(wait);
        http_answer_json(wait->request, wait->ask.status ? wait->ask.status : 200,
                         store_text(result, 0, 0));
    } else if (text_equal(word, "stale")) {
        http_problem(wait->request, 412, "version.stale",
                     "此内容在您打开之后已被他人修改，请刷新后再改", NULL);
    } else {
        answer_missing(wait);
    }
    cJSON_Delete(json);
}

static void answered(const struct store_result *result, void *arg)
{
    struct api_wait *wait = arg;

    wait->query = NULL;
    if (store_status(result) != STORE_OK) {
        api_store_problem(wait->request, result);
    } else if (wait->ask.then) {
        if (store_rows(result))
            audit_success(wait);
        wait->ask.then(wait->api, wait->request, api_wait_person(wait), result, &wait->state);
    } else if (wait->ask.answer == API_DOCUMENT) {
        answer_document(wait, result);
    } else if (wait->ask.answer == API_RESULT) {
        answer_result(wait, result);
    } else {
        audit_success(wait);
        http_answer_empty(wait->request, wait->ask.status ? wait->ask.status : 204);
    }
    api_wait_free(wait);
}

void api_ask(struct api *api, struct http_request *request, const struct api_person *person,
             const struct api_ask *ask, void *state, void (*free_state)(void *state))
{
    int32_t centers[ACCESS_MAX_CENTERS];
    struct store_scope own = {.centers = centers};
    const struct store_scope *scope = &STORE_SCOPE_DAEMON;
    struct api_wait *wait;

    if (ask->permission && person) {
        own.center_count = api_centers(api, person, ask->permission, centers);
        own.user_id = person->subject.user_id;
        scope = &own;
    }
    wait = api->stopping ? NULL : api_wait_new(api, request, person, state, free_state);
    if (!wait) {
        api_wait_refuse(request, state, free_state);
        return;
    }
    wait->ask = *ask;
    memset(&wait->ask.params, 0, sizeof(wait->ask.params)); /* its texts may go now */
    if (store_query(api->deps.store, ask->lane, ask->statement, scope, &ask->params, answered, wait,
                    &wait->query)) {
        api_unavailable(request);
        api_wait_free(wait);
    }
}

/* --- asking a system outside ---------------------------------------------------------------- */

static void told(const struct query_answer *answer, void *arg)
{
    struct api_wait *wait = arg;

    wait->told(wait->api, wait->request, api_wait_person(wait), answer, &wait->state);
    api_wait_free(wait);
}

void api_query(struct api *api, struct http_request *request, const struct api_person *person,
               const struct api_query *query, void *state, void (*free_state)(void *state))
{
    struct api_wait *wait =
        api->stopping ? NULL : api_wait_new(api, request, person, state, free_state);

    if (!wait) {
        api_wait_refuse(request, state, free_state);
        return;
    }
    wait->told = query->then;
    if (query_connector_ask(api->deps.query, query->connector, query->fields, query->field_count,
                            UINT32_MAX, told, wait, &wait->outside)) {
        http_add_header(request, "Retry-After", "2");
        http_problem(request, 503, "query.busy", "正在进行的查询太多，请稍后再试", NULL);
        api_wait_free(wait);
    }
}

void api_waits_end(struct api *api)
{
    for (struct api_wait *wait = api->waits, *next; wait; wait = next) {
        next = wait->next;
        http_problem(wait->request, 503, "server.stopping", "系统正在停止，请稍后再试", NULL);
        wait->request = NULL;
        if (wait->query || wait->outside || wait->queued) {
            if (wait->query)
                store_cancel(wait->query);
            else if (wait->outside)
                query_cancel(api->deps.query, wait->outside);
            api_wait_free(wait);
            continue;
        }
        /* a worker still holds it: it frees itself */
        *wait->previous = wait->next;
        if (wait->next)
            wait->next->previous = wait->previous;
        wait->previous = NULL;
        wait->next = NULL;
        wait->api = NULL;
    }
}
