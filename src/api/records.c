/* Registrations (业务记录), what was typed but not saved, and the dictionaries of the form.
 *
 * The body is checked for shape here and goes to the statement as JSON; what the dictionaries of
 * the center do not have is refused there, with the field's name. Where a registration comes from
 * (center, source, kind of unit, author) is never taken from the body (REG-05, REG-06). */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "api/looks.h"

#define LIST_FILTERS "from to center_id caller_no category state mine" /* audited as given */
#define TAGS_MAX     20
#define TAG_MAX      30 /* characters */

struct record_body {
    struct uuid id, call_id;
    const char *caller_no, *caller_name, *caller_city, *problem_city;
    const char *category, *title, *content, *answer, *method, *urgency, *due_at;
    const char *taxpayer_name, *taxpayer_no;
    int64_t problem_type_id;
    bool same_day;
    const cJSON *tags;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct record_body, name), flags, min, max                    \
    }
/* A new registration names its id and category; a change names what it changes. */
#define RECORD_FIELDS(required)                                                                    \
    FIELD(id, "记录编号", HTTP_UUID, required, 0, 0),                                              \
        FIELD(call_id, "来电编号", HTTP_UUID, 0, 0, 0),                                            \
        FIELD(caller_no, "来电号码", HTTP_TEXT, 0, 0, 40),                                         \
        FIELD(caller_name, "来电人姓名", HTTP_TEXT, 0, 0, 40),                                     \
        FIELD(caller_city, "来电人所属地市", HTTP_TEXT, 0, 0, 6),                                  \
        FIELD(problem_city, "问题所属地市", HTTP_TEXT, 0, 0, 6),                                   \
        FIELD(category, "业务类别", HTTP_TEXT, required, 1, 40),                                   \
        FIELD(problem_type_id, "问题类型", HTTP_INT, 0, 1, INT32_MAX),                             \
        FIELD(title, "标题", HTTP_TEXT, 0, 0, 200),                                                \
        FIELD(content, "问题内容", HTTP_TEXT, 0, 0, API_CONTENT_MAX),                              \
        FIELD(answer, "答复内容", HTTP_TEXT, 0, 0, API_CONTENT_MAX),                               \
        FIELD(method, "处理方式", HTTP_TEXT, 0, 0, 40),                                            \
        FIELD(urgency, "紧急程度", HTTP_TEXT, 0, 0, 40),                                           \
        FIELD(same_day, "是否当日办结", HTTP_BOOL, 0, 0, 0),                                       \
        FIELD(due_at, "办理期限", HTTP_TEXT, 0, 0, 40),                                            \
        FIELD(taxpayer_name, "纳税人名称", HTTP_TEXT, 0, 0, 200),                                  \
        FIELD(taxpayer_no, "纳税人识别号", HTTP_TEXT, 0, 0, 40),                                   \
        FIELD(tags, "标签", HTTP_JSON, 0, 0, 0)

static const struct http_field new_fields[] = {RECORD_FIELDS(HTTP_REQUIRED)};
static const struct http_field changed_fields[] = {RECORD_FIELDS(0)};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- the body ------------------------------------------------------------------------------- */

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool are_tags(const cJSON *tags)
{
    const cJSON *tag;

    if (!tags || cJSON_IsNull(tags))
        return true;
    if (!cJSON_IsArray(tags) || cJSON_GetArraySize(tags) > TAGS_MAX)
        return false;
    cJSON_ArrayForEach(tag, tags)
    {
        if (!cJSON_IsString(tag) || !*tag->valuestring ||
            count_characters(tag->valuestring) > TAG_MAX)
            return false;
    }
    return true;
}

static bool read_record(struct http_request *request, const struct http_field *fields, size_t count,
                        struct record_body *ret_body)
{
    if (!http_read_body(request, fields, count, ret_body))
        return false;
    if (are_tags(ret_body->tags))
        return true;
    api_field_problem(request, "tags", "标签应为不超过 20 个文本，每个 1 到 30 个字符");
    return false;
}

/* What call control says of a call that is under way; the body has no field of that name. */
static void add_live(struct api *api, const struct uuid *call_id, cJSON *body)
{
    struct telephony_live_call call;
    cJSON *live;

    if (uuid_is_null(call_id) || !telephony_live_call(api->deps.telephony, call_id, &call))
        return;
    live = cJSON_AddObjectToObject(body, "live");
    cJSON_AddNumberToObject(live, "center_id", call.center_id);
    if (call.queue_id)
        cJSON_AddNumberToObject(live, "queue_id", call.queue_id);
    cJSON_AddStringToObject(live, "party_no", call.party_no);
    cJSON_AddStringToObject(live, "caller_city", call.city);
    cJSON_AddStringToObject(live, "info_source", call.info_source);
    cJSON_AddStringToObject(live, "unit_type", call.unit_type);
}

/* The accepted body in one plain spelling, to be freed. live_of: the call whose facts go with it,
 * NULL = none. Answers 503 and returns NULL without memory. */
static char *print_body(struct api *api, struct http_request *request, const struct uuid *live_of)
{
    size_t length;
    const char *body = http_body(request, &length);
    cJSON *json = cJSON_ParseWithLength(body, length);
    char *text;

    if (json && live_of)
        add_live(api, live_of, json);
    text = json ? cJSON_PrintUnformatted(json) : NULL;

    cJSON_Delete(json);
    if (!text)
        api_unavailable(request);
    return text;
}

/* --- registrations -------------------------------------------------------------------------- */

static void tell_created(struct api *api, const struct api_person *person,
                         const struct api_ask *ask)
{
    api_hub_record(api, person->subject.center_id, ask->object_id, "created");
}

static void tell_updated(struct api *api, const struct api_person *person,
                         const struct api_ask *ask)
{
    api_hub_record(api, person->subject.center_id, ask->object_id, "updated");
}

static void create_record(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_RECORD_CREATE,
                          .permission = PERM_RECORD_WRITE,
                          .status = 201,
                          .tell = tell_created};
    struct record_body body = {0};
    char *json;

    if (!read_record(request, new_fields, COUNT(new_fields), &body) ||
        !(json = print_body(api, request, &body.call_id)))
        return;
    look_at(&ask, "record.create", "record", &body.id);
    store_param_text(&ask.params, json);
    store_param_int(&ask.params, person->subject.center_id);
    store_param_int(&ask.params, person->subject.user_id);
    api_ask(api, request, person, &ask, NULL, NULL);
    free(json);
}

static void read_one_record(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_RECORD_GET,
                          .permission = PERM_RECORD_READ,
                          .missing = "没有这条业务记录，或您无权查看"};

    look_at_one(arg, request, &ask, "record.read", "record");
}

static void ask_update(struct api *api, struct http_request *request, const struct uuid *id,
                       int64_t version)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_RECORD_UPDATE,
                          .permission = PERM_RECORD_WRITE,
                          .answer = API_RESULT,
                          .missing = "没有这条业务记录，或您无权修改",
                          .tell = tell_updated};
    struct text users = {0};
    char *json = print_body(api, request, NULL);

    if (!json)
        return;
    look_at(&ask, "record.update", "record", id);
    store_param_uuid(&ask.params, id);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, json);
    api_param_users(api, person, PERM_RECORD_WRITE, &ask.params, &users);
    store_param_int(&ask.params, person->subject.user_id);
    api_ask(api, request, person, &ask, NULL, NULL);
    text_done(&users);
    free(json);
}

static void update_record(struct http_request *request, void *arg)
{
    struct record_body body = {0};
    struct uuid id;
    int64_t version;

    if (!api_path_uuid(request, "id", &id) || !api_if_match(request, &version) ||
        !read_record(request, changed_fields, COUNT(changed_fields), &body))
        return;
    if (!uuid_is_null(&body.id) && !uuid_equal(&body.id, &id))
        api_field_problem(request, "id", "记录编号与地址中的编号不一致");
    else
        ask_update(arg, request, &id, version);
}

static bool add_filters(struct http_request *request, int32_t center_id,
                        struct store_params *params)
{
    if (!api_param_query_time(request, params, "from", "起始时间") ||
        !api_param_query_time(request, params, "to", "截止时间"))
        return false;
    if (center_id)
        store_param_int(params, center_id);
    else
        store_param_null(params);
    return api_param_query_text(request, params, "caller_no") &&
           api_param_query_text(request, params, "category") &&
           api_param_query_text(request, params, "state");
}

static void list_records(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_RECORD_LIST,
                          .permission = PERM_RECORD_READ,
                          .action = "record.list",
                          .object_kind = "record"};
    struct text users = {0};
    int32_t center_id;

    if (!api_query_center(api, request, PERM_RECORD_READ, &center_id) ||
        !add_filters(request, center_id, &ask.params))
        return;
    look_param_users(api, request, person, PERM_RECORD_READ, &ask.params, &users);
    if (api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_cursor(request, &ask.params)) {
        store_param_bool(&ask.params, api_may_reveal(person, PERM_RECORD_READ));
        look_filters(request, LIST_FILTERS, ask.detail, sizeof(ask.detail));
        api_ask(api, request, person, &ask, NULL, NULL);
    }
    text_done(&users);
}

/* --- drafts: nobody's but their author's ---------------------------------------------------- */

struct draft_body {
    const cJSON *document;
};
static const struct http_field draft_fields[] = {
    {"document", "草稿内容", HTTP_JSON, offsetof(struct draft_body, document), HTTP_REQUIRED, 0, 0},
};

static bool begin_draft(struct http_request *request, struct api_ask *ask)
{
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id))
        return false;
    ask->permission = PERM_RECORD_WRITE;
    store_param_uuid(&ask->params, &call_id);
    store_param_int(&ask->params, api_person(request)->subject.user_id);
    return true;
}

static void read_draft(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_DRAFT_GET, .missing = "这个来电没有草稿"};

    if (begin_draft(request, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void put_draft(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_DRAFT_PUT, .answer = API_EMPTY};
    struct draft_body body = {0};
    char *json;

    if (!begin_draft(request, &ask) ||
        !http_read_body(request, draft_fields, COUNT(draft_fields), &body))
        return;
    if (!cJSON_IsObject(body.document)) {
        api_field_problem(request, "document", "草稿内容应为 JSON 对象");
        return;
    }
    json = cJSON_PrintUnformatted(body.document);
    if (!json) {
        api_unavailable(request);
        return;
    }
    store_param_int(&ask.params, person->subject.center_id);
    store_param_text(&ask.params, json);
    api_ask(arg, request, person, &ask, NULL, NULL);
    free(json);
}

static void delete_draft(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_DRAFT_DELETE, .answer = API_EMPTY};

    if (begin_draft(request, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- dictionaries --------------------------------------------------------------------------- */

static void read_dictionaries(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_DICTIONARIES, .permission = PERM_SIGNED_IN};

    store_param_int(&ask.params, person->subject.center_id);
    api_ask(arg, request, person, &ask, NULL, NULL);
}

/* --- routes --------------------------------------------------------------------------------- */

static const struct api_route routes[] = {
    {{"POST", "/api/v1/records", PERM_RECORD_WRITE, create_record, "保存业务记录", API_BODY_FORM},
     new_fields,
     COUNT(new_fields),
     NULL},
    {{"GET", "/api/v1/records", PERM_RECORD_READ, list_records, "查询业务记录"},
     NULL,
     0,
     LIST_FILTERS " limit after"},
    {{"GET", "/api/v1/records/{id}", PERM_RECORD_READ, read_one_record, "查看业务记录"},
     NULL,
     0,
     NULL},
    {{"PUT", "/api/v1/records/{id}", PERM_RECORD_WRITE, update_record, "修改业务记录",
      API_BODY_FORM},
     changed_fields,
     COUNT(changed_fields),
     .if_match = true},
    {{"GET", "/api/v1/drafts/{call_id}", PERM_RECORD_WRITE, read_draft, "取回登记草稿"},
     NULL,
     0,
     NULL},
    {{"PUT", "/api/v1/drafts/{call_id}", PERM_RECORD_WRITE, put_draft, "暂存登记草稿",
      API_BODY_FORM},
     draft_fields,
     COUNT(draft_fields),
     NULL},
    {{"DELETE", "/api/v1/drafts/{call_id}", PERM_RECORD_WRITE, delete_draft, "删除登记草稿"},
     NULL,
     0,
     NULL},
    {{"GET", "/api/v1/dictionaries", PERM_SIGNED_IN, read_dictionaries, "查询登记所用字典"},
     NULL,
     0,
     NULL},
};
const struct api_routes api_routes_records = API_ROUTES(routes);
