/* Address books: the center's, kept by who leads it, and everybody's own, which nobody else sees.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/csv_rows.h"
#include "api/export.h"
#include "api/looks.h"
#include "api/settings.h"

#define IMPORT_MAX_ROWS 2000
#define COLUMNS         4

static const char missing[] = "没有这个联系人，或您无权修改";
static const char *const columns[COLUMNS] = {"name", "unit", "numbers", "note"};

struct contact_body {
    struct uuid id;
    const char *book, *name, *unit, *note;
    const cJSON *numbers;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct contact_body, name), flags, min, max                   \
    }
#define CONTACT_FIELDS(required)                                                                   \
    FIELD(name, "姓名", HTTP_TEXT, required, 1, 40), FIELD(unit, "单位", HTTP_TEXT, 0, 0, 60),     \
        FIELD(numbers, "号码", HTTP_JSON, required, 0, 0),                                         \
        FIELD(note, "备注", HTTP_TEXT, 0, 0, 200)
static const struct http_field new_fields[] = {
    FIELD(id, "编号", HTTP_UUID, HTTP_REQUIRED, 0, 0),
    FIELD(book, "通讯录", HTTP_TEXT, HTTP_REQUIRED, 1, 10),
    CONTACT_FIELDS(HTTP_REQUIRED),
};
static const struct http_field changed_fields[] = {CONTACT_FIELDS(0)};
#undef FIELD

/* --- whose book ----------------------------------------------------------------------------- */

static bool may_write_center(const struct api_person *person)
{
    return access_may(&person->subject, PERM_CONTACT_WRITE);
}

/* Adds the owner: the person himself, or nobody for the center's book, which not everybody may
 * write. */
static bool add_book(struct api *api, struct http_request *request, const char *book, bool write,
                     struct store_params *params)
{
    const struct api_person *person = api_person(request);

    if (text_equal(book, "own")) {
        store_param_int(params, person->subject.user_id);
        return true;
    }
    if (!text_equal(book, "center")) {
        api_field_problem(request, "book", "通讯录应为 center（本中心）或 own（个人）");
        return false;
    }
    if (write && !may_write_center(person)) {
        api_audit(api, person, "refused", "contact", "", http_path(request));
        http_problem(request, 403, "forbidden", "您没有维护本中心通讯录的权限，可存入个人通讯录",
                     NULL);
        return false;
    }
    store_param_null(params);
    return true;
}

static bool are_numbers(struct http_request *request, const cJSON *numbers)
{
    const cJSON *number;
    bool good = !numbers || cJSON_IsNull(numbers) || cJSON_IsArray(numbers);

    cJSON_ArrayForEach(number, numbers) good = good && cJSON_IsString(number);
    if (!good)
        api_field_problem(request, "numbers", "号码应为一至五个文本");
    return good;
}

static bool read_contact(struct http_request *request, const struct http_field *fields,
                         size_t count, struct contact_body *body)
{
    if (!http_read_body(request, fields, count, body) || !are_numbers(request, body->numbers))
        return false;
    if (!body->name || !settings_is_blank(body->name))
        return true;
    api_field_problem(request, "name", "请填写姓名");
    return false;
}

/* --- entries -------------------------------------------------------------------------------- */

static void list_contacts(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_CONTACT_LIST, .permission = PERM_SIGNED_IN};

    store_param_int(&ask.params, person->subject.center_id);
    store_param_int(&ask.params, person->subject.user_id);
    if (api_param_query_text(request, &ask.params, "book") &&
        api_param_query_text(request, &ask.params, "q") &&
        api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_cursor(request, &ask.params))
        api_ask(arg, request, person, &ask, NULL, NULL);
}

static void create_contact(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_CONTACT_CREATE,
                          .permission = PERM_SIGNED_IN,
                          .answer = API_RESULT,
                          .status = 201};
    struct contact_body body = {0};
    size_t length;

    if (!read_contact(request, SETTINGS_BODY(new_fields), &body))
        return;
    look_at(&ask, "contact.create", "contact", &body.id);
    store_param_uuid(&ask.params, &body.id);
    store_param_int(&ask.params, person->subject.center_id);
    if (!add_book(arg, request, body.book, true, &ask.params))
        return;
    store_param_int(&ask.params, person->subject.user_id);
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.detail, sizeof(ask.detail), "book=%s", body.book);
    api_ask(arg, request, person, &ask, NULL, NULL);
}

static void update_contact(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_CONTACT_UPDATE,
                          .permission = PERM_SIGNED_IN,
                          .answer = API_RESULT,
                          .missing = missing};
    struct contact_body body = {0};
    struct uuid id;
    int64_t version;
    size_t length;

    if (!api_path_uuid(request, "id", &id) || !api_if_match(request, &version) ||
        !read_contact(request, SETTINGS_BODY(changed_fields), &body))
        return;
    look_at(&ask, "contact.update", "contact", &id);
    store_param_uuid(&ask.params, &id);
    store_param_int(&ask.params, version);
    store_param_bool(&ask.params, may_write_center(person));
    store_param_int(&ask.params, person->subject.user_id);
    store_param_text(&ask.params, http_body(request, &length));
    api_ask(arg, request, person, &ask, NULL, NULL);
}

static void delete_contact(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_CONTACT_DELETE,
                          .permission = PERM_SIGNED_IN,
                          .answer = API_RESULT,
                          .missing = missing};
    struct uuid id;

    if (!api_path_uuid(request, "id", &id))
        return;
    look_at(&ask, "contact.delete", "contact", &id);
    store_param_uuid(&ask.params, &id);
    store_param_bool(&ask.params, may_write_center(api_person(request)));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- files ---------------------------------------------------------------------------------- */

static void export_contacts(struct http_request *request, void *arg)
{
    const char *book = http_query(request, "book");
    struct api_ask ask = {.statement = STMT_CONTACT_EXPORT,
                          .permission = PERM_SIGNED_IN,
                          .action = "contact.export",
                          .object_kind = "contact"};

    store_param_int(&ask.params, api_person(request)->subject.center_id);
    if (!add_book(arg, request, book ? book : "center", false, &ask.params))
        return;
    look_filters(request, "book", ask.detail, sizeof(ask.detail));
    export_document(arg, request, &ask, false, text_equal(book, "own") ? "个人" : "本中心");
}

static void import_contacts(struct http_request *request, void *arg)
{
    static const struct csv_kind kind = {columns,
                                         COLUMNS,
                                         2,
                                         "姓名 名称",
                                         IMPORT_MAX_ROWS,
                                         "文件里没有联系人；每行应为姓名、单位、号码、备注四列",
                                         "一次最多导入 2000 行，请分成几个文件"};
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_CONTACT_IMPORT,
                          .permission = PERM_SIGNED_IN,
                          .action = "contact.import",
                          .object_kind = "contact"};
    cJSON *rows;
    char *json;

    store_param_int(&ask.params, person->subject.center_id);
    if (!add_book(arg, request, http_query(request, "book"), true, &ask.params))
        return;
    rows = csv_rows(request, &kind);
    if (!rows)
        return;
    json = cJSON_PrintUnformatted(rows);
    store_param_int(&ask.params, person->subject.user_id);
    store_param_text(&ask.params, json ? json : "[]");
    snprintf(ask.detail, sizeof(ask.detail), "rows=%d", cJSON_GetArraySize(rows));
    if (json)
        api_ask(arg, request, person, &ask, NULL, NULL);
    else
        api_unavailable(request);
    cJSON_free(json);
    cJSON_Delete(rows);
}

#define CONTACTS "/api/v1/contacts"
static const struct api_route routes[] = {
    {.http = {"GET", CONTACTS, PERM_CONTACT_READ, list_contacts, "查询通讯录"},
     .query = "book q limit after"},
    {{"POST", CONTACTS, PERM_CONTACT_READ, create_contact, "新增联系人"},
     SETTINGS_BODY(new_fields)},
    {{"PUT", CONTACTS "/{id}", PERM_CONTACT_READ, update_contact, "修改联系人"},
     SETTINGS_BODY(changed_fields),
     .if_match = true},
    {.http = {"DELETE", CONTACTS "/{id}", PERM_CONTACT_READ, delete_contact, "删除联系人"}},
    {.http = {"GET", CONTACTS ".csv", PERM_CONTACT_READ, export_contacts, "导出通讯录（CSV）"},
     .query = "book"},
    {.http = {"POST", CONTACTS "/import", PERM_CONTACT_READ, import_contacts, "导入通讯录（CSV）",
              API_BODY_FLOW},
     .query = "book",
     .upload = "text/csv"},
};
const struct api_routes api_routes_contacts = API_ROUTES(routes);
