/* Writing the knowledge base (KB-02, KB-14): classes, drafts, publishing as versions, withdrawing.
 *
 * The body is checked for shape here and goes to the statement as JSON. Readers see nothing of a
 * draft; what was published is not changed, but followed by another version. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/knowledge.h"

#define NAME_MAX_CHARACTERS 20
#define SORT_MAX            1000000
#define TITLE_MAX           100
#define TEXT_MAX            10000 /* characters */
#define NOTE_MAX            100

static const char missing_entry[] = "没有这条知识，或不属于您管理的中心";

/* --- classes -------------------------------------------------------------------------------- */

static const struct settings_kind class_kind = SETTINGS_KIND(
    "kb_class", KB_CLASS, PERM_KNOWLEDGE_EDIT, "没有这个知识类别，或不属于您管理的中心");

struct class_body {
    int64_t center_id, parent_id, sort;
    const char *name;
    bool enabled;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct class_body, name), flags, min, max                     \
    }
#define CLASS_FIELDS(required)                                                                     \
    FIELD(name, "类别名称", HTTP_TEXT, required, 1, NAME_MAX_CHARACTERS),                          \
        FIELD(parent_id, "上级类别", HTTP_INT, 0, 0, INT32_MAX),                                   \
        FIELD(sort, "排序号", HTTP_INT, 0, 0, SORT_MAX),                                           \
        FIELD(enabled, "启用", HTTP_BOOL, 0, 0, 0)
static const struct http_field class_create_fields[] = {
    CLASS_FIELDS(HTTP_REQUIRED),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field class_update_fields[] = {CLASS_FIELDS(0)};
#undef FIELD

static bool read_class(struct http_request *request, const struct http_field *fields, size_t count,
                       struct class_body *body)
{
    if (!http_read_body(request, fields, count, body))
        return false;
    if (!body->name || !settings_is_blank(body->name))
        return true;
    api_field_problem(request, "name", "请填写类别名称");
    return false;
}

static void create_class(struct http_request *request, void *arg)
{
    struct class_body body = {0};
    struct api_ask ask;

    if (!read_class(request, SETTINGS_BODY(class_create_fields), &body) ||
        !settings_create(arg, request, &class_kind, body.center_id, &ask))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "name=%s parent=%d center=%s", body.name,
             (int)body.parent_id, ask.params.values[0]);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_class(struct http_request *request, void *arg)
{
    struct class_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &class_kind, &ask) ||
        !read_class(request, SETTINGS_BODY(class_update_fields), &body))
        return;
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_class(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (settings_remove(request, &class_kind, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- entries: drafts ------------------------------------------------------------------------ */

struct entry_body {
    struct uuid id;
    int64_t center_id, class_id;
    const char *title, *content, *share_scope, *valid_until;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct entry_body, name), flags, min, max                     \
    }
#define ENTRY_FIELDS(required)                                                                     \
    FIELD(class_id, "知识类别", HTTP_INT, required, 1, INT32_MAX),                                 \
        FIELD(title, "标题", HTTP_TEXT, required, 1, TITLE_MAX),                                   \
        FIELD(content, "内容", HTTP_TEXT, required, 1, TEXT_MAX),                                  \
        FIELD(share_scope, "共享权限", HTTP_TEXT, 0, 1, 10),                                       \
        FIELD(valid_until, "有效期至", HTTP_TEXT, 0, 0, 10)
static const struct http_field entry_create_fields[] = {
    FIELD(id, "知识编号", HTTP_UUID, HTTP_REQUIRED, 0, 0),
    ENTRY_FIELDS(HTTP_REQUIRED),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field entry_update_fields[] = {ENTRY_FIELDS(0)};
#undef FIELD

static bool read_entry(struct http_request *request, const struct http_field *fields, size_t count,
                       struct entry_body *body)
{
    if (!http_read_body(request, fields, count, body))
        return false;
    if (!body->share_scope || strcmp(body->share_scope, "center") == 0 ||
        strcmp(body->share_scope, "region") == 0)
        return true;
    api_field_problem(request, "share_scope", "共享权限应为 center（本中心）或 region（全区）");
    return false;
}

/* Who does it; a key without an agent is nobody. */
static void add_actor(const struct http_request *request, struct store_params *params)
{
    if (api_user_of(request))
        store_param_int(params, api_user_of(request));
    else
        store_param_null(params);
}

bool knowledge_name_one(struct http_request *request, const char *action, struct api_ask *ask)
{
    struct uuid id;

    if (!api_path_uuid(request, "id", &id))
        return false;
    look_at(ask, action, "kb_entry", &id);
    store_param_uuid(&ask->params, &id);
    return true;
}

static void create_entry(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_KB_ENTRY_CREATE,
                          .permission = PERM_KNOWLEDGE_EDIT,
                          .answer = API_RESULT,
                          .status = 201};
    struct entry_body body = {0};
    int32_t center;
    size_t length;

    if (!read_entry(request, SETTINGS_BODY(entry_create_fields), &body) ||
        !api_check_center(arg, request, PERM_KNOWLEDGE_EDIT, body.center_id, &center))
        return;
    look_at(&ask, "kb_entry.create", "kb_entry", &body.id);
    store_param_uuid(&ask.params, &body.id);
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, http_body(request, &length));
    add_actor(request, &ask.params);
    snprintf(ask.detail, sizeof(ask.detail), "center=%d class=%d", center, (int)body.class_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void list_entries(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .lane = STORE_SLOW, .statement = STMT_KB_ENTRY_LIST, .permission = PERM_KNOWLEDGE_EDIT};
    struct text classes = {0};
    int32_t center;

    if (!api_query_center(arg, request, PERM_KNOWLEDGE_EDIT, &center))
        return;
    if (center)
        store_param_int(&ask.params, center);
    else
        store_param_null(&ask.params);
    if (knowledge_param_classes(request, &ask.params, &classes) &&
        api_param_query_text(request, &ask.params, "state") &&
        api_param_query_text(request, &ask.params, "title") &&
        api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_cursor(request, &ask.params))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    text_done(&classes);
}

static void read_entry_of(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_KB_ENTRY_GET,
                          .permission = PERM_KNOWLEDGE_EDIT,
                          .missing = missing_entry};

    if (knowledge_name_one(request, NULL, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* The start of every change: the entry, and the version that its author has seen. */
static bool begin_change(struct http_request *request, enum store_statement statement,
                         enum permission permission, const char *action, struct api_ask *ret_ask)
{
    int64_t version;

    *ret_ask = (struct api_ask){.statement = statement,
                                .permission = permission,
                                .answer = API_RESULT,
                                .missing = missing_entry};
    if (!knowledge_name_one(request, action, ret_ask) || !api_if_match(request, &version))
        return false;
    store_param_int(&ret_ask->params, version);
    return true;
}

static void update_entry(struct http_request *request, void *arg)
{
    struct entry_body body = {0};
    struct api_ask ask;
    size_t length;

    if (!begin_change(request, STMT_KB_ENTRY_UPDATE, PERM_KNOWLEDGE_EDIT, "kb_entry.update",
                      &ask) ||
        !read_entry(request, SETTINGS_BODY(entry_update_fields), &body))
        return;
    store_param_text(&ask.params, http_body(request, &length));
    add_actor(request, &ask.params);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_entry(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_KB_ENTRY_DELETE,
                          .permission = PERM_KNOWLEDGE_EDIT,
                          .answer = API_RESULT,
                          .missing = missing_entry};

    if (knowledge_name_one(request, "kb_entry.delete", &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- entries: published --------------------------------------------------------------------- */

struct publish_body {
    const char *note;
};
static const struct http_field publish_fields[] = {
    {"note", "发布说明", HTTP_TEXT, offsetof(struct publish_body, note), 0, 0, NOTE_MAX},
};

/* wanted: the older version that is published again; 0 = the draft. */
static void publish(struct api *api, struct http_request *request, int32_t wanted)
{
    struct publish_body body = {0};
    struct api_ask ask;

    if (!begin_change(request, STMT_KB_ENTRY_PUBLISH, PERM_KNOWLEDGE_PUBLISH, "kb_entry.publish",
                      &ask) ||
        !http_read_body(request, SETTINGS_BODY(publish_fields), &body))
        return;
    if (wanted) {
        ask.missing = "没有这条知识的这个版本，或不属于您管理的中心";
        store_param_int(&ask.params, wanted);
    } else {
        store_param_null(&ask.params);
    }
    store_param_text(&ask.params, body.note ? body.note : "");
    add_actor(request, &ask.params);
    snprintf(ask.detail, sizeof(ask.detail), "again=%d note=%s", wanted,
             body.note ? body.note : "");
    api_ask(api, request, api_person(request), &ask, NULL, NULL);
}

static void publish_draft(struct http_request *request, void *arg)
{
    publish(arg, request, 0);
}

static void publish_again(struct http_request *request, void *arg)
{
    int32_t version;

    if (api_path_int(request, "version", &version))
        publish(arg, request, version);
}

static void withdraw_entry(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (!begin_change(request, STMT_KB_ENTRY_WITHDRAW, PERM_KNOWLEDGE_PUBLISH, "kb_entry.withdraw",
                      &ask))
        return;
    add_actor(request, &ask.params);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define CLASSES "/api/v1/knowledge/classes"
#define ENTRIES "/api/v1/knowledge/entries"
static const struct api_route routes[] = {
    {{"POST", CLASSES, PERM_KNOWLEDGE_EDIT, create_class, "新增知识类别"},
     SETTINGS_BODY(class_create_fields)},
    {{"PUT", CLASSES "/{id}", PERM_KNOWLEDGE_EDIT, update_class, "修改知识类别"},
     SETTINGS_BODY(class_update_fields),
     .if_match = true},
    {.http = {"DELETE", CLASSES "/{id}", PERM_KNOWLEDGE_EDIT, delete_class,
              "删除没有使用的知识类别"}},
    {.http = {"GET", ENTRIES, PERM_KNOWLEDGE_EDIT, list_entries, "编写中和发布过的知识"},
     .query = "center_id class_id state title limit after"},
    {{"POST", ENTRIES, PERM_KNOWLEDGE_EDIT, create_entry, "新增知识草稿", API_BODY_FORM},
     SETTINGS_BODY(entry_create_fields)},
    {.http = {"GET", ENTRIES "/{id}", PERM_KNOWLEDGE_EDIT, read_entry_of, "编写中的一条知识"}},
    {{"PUT", ENTRIES "/{id}", PERM_KNOWLEDGE_EDIT, update_entry, "修改知识草稿", API_BODY_FORM},
     SETTINGS_BODY(entry_update_fields),
     .if_match = true},
    {.http = {"DELETE", ENTRIES "/{id}", PERM_KNOWLEDGE_EDIT, delete_entry, "删除未发布过的知识"}},
    {{"POST", ENTRIES "/{id}/publish", PERM_KNOWLEDGE_PUBLISH, publish_draft, "发布知识"},
     SETTINGS_BODY(publish_fields),
     .if_match = true},
    {{"POST", ENTRIES "/{id}/versions/{version}/publish", PERM_KNOWLEDGE_PUBLISH, publish_again,
      "再次发布知识的以前版本"},
     SETTINGS_BODY(publish_fields),
     .if_match = true},
    {.http = {"POST", ENTRIES "/{id}/withdraw", PERM_KNOWLEDGE_PUBLISH, withdraw_entry,
              "撤回已发布的知识"},
     .if_match = true},
};
const struct api_routes api_routes_knowledge_edit = API_ROUTES(routes);
