/* Work calendars (CC-26): each change is a version that can be gone back to; what they say about a
 * moment is asked of the code that calls ask. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/settings.h"

struct calendar_body {
    const char *code, *name, *note;
    const cJSON *document;
    int64_t center_id;
};

#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct calendar_body, name), flags, min, max                  \
    }
#define CALENDAR_FIELDS(required)                                                                  \
    FIELD(code, "代码", HTTP_TEXT, required, 1, 41),                                               \
        FIELD(name, "名称", HTTP_TEXT, required, 1, 20),                                           \
        FIELD(document, "工作时间", HTTP_JSON, required, 0, 0),                                    \
        FIELD(note, "修改说明", HTTP_TEXT, 0, 0, 200)

static const struct http_field create_fields[] = {
    CALENDAR_FIELDS(HTTP_REQUIRED),
    FIELD(center_id, "中心", HTTP_INT, 0, 1, INT32_MAX),
};
static const struct http_field update_fields[] = {CALENDAR_FIELDS(0)};
#undef FIELD

static const struct settings_kind calendar_kind = SETTINGS_KIND(
    "calendar", CALENDAR, PERM_SETTINGS_WRITE, "没有这个工作日历，或不属于您管理的中心");

static void list_calendars(struct http_request *request, void *arg)
{
    settings_list(arg, request, STMT_SETTINGS_CALENDAR_LIST);
}

static void get_calendar(struct http_request *request, void *arg)
{
    settings_get(arg, request, STMT_SETTINGS_CALENDAR_GET, "calendar", calendar_kind.missing);
}

/* --- changing ------------------------------------------------------------------------------- */

static void complain_about(const cJSON *document, cJSON *errors)
{
    char *text = cJSON_PrintUnformatted(document);
    struct text problems = {0};
    struct calendar calendar;

    if (!text)
        settings_complain(errors, "document", "系统繁忙，请稍后重试");
    else if (calendar_parse(text, strlen(text), &calendar, &problems))
        settings_complain(errors, "document",
                          problems.data ? problems.data : "系统繁忙，请稍后重试");
    text_done(&problems);
    free(text);
}

static bool read_calendar(struct http_request *request, const struct http_field *fields,
                          size_t count, struct calendar_body *body)
{
    cJSON *errors;

    if (!http_read_body(request, fields, count, body))
        return false;
    errors = cJSON_CreateObject();
    if (body->code && !settings_is_code(body->code))
        settings_complain(errors, "code", "代码应以小写字母开头，只含小写字母、数字和下划线");
    if (body->name && settings_is_blank(body->name))
        settings_complain(errors, "name", "请填写名称");
    if (body->document)
        complain_about(body->document, errors);
    return !settings_refuse(request, errors);
}

static void create_calendar(struct http_request *request, void *arg)
{
    struct calendar_body body = {0};
    struct api_ask ask;

    if (!read_calendar(request, SETTINGS_BODY(create_fields), &body) ||
        !settings_create(arg, request, &calendar_kind, body.center_id, &ask))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "code=%s center=%s", body.code, ask.params.values[0]);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void update_calendar(struct http_request *request, void *arg)
{
    struct calendar_body body = {0};
    struct api_ask ask;

    if (!settings_update(request, &calendar_kind, &ask) ||
        !read_calendar(request, SETTINGS_BODY(update_fields), &body))
        return;
    snprintf(ask.detail, sizeof(ask.detail), "from=%s note=%s", ask.params.values[1],
             body.note ? body.note : "");
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void restore_calendar(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_CALENDAR_RESTORE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = "没有这个工作日历的这个版本，或不属于您管理的中心",
        .action = "calendar.restore",
        .object_kind = "calendar",
    };
    int64_t version;
    int32_t id, wanted;

    if (!api_path_int(request, "id", &id) || !api_path_int(request, "version", &wanted) ||
        !api_if_match(request, &version))
        return;
    store_param_int(&ask.params, id);
    store_param_int(&ask.params, version);
    store_param_int(&ask.params, wanted);
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", id);
    snprintf(ask.detail, sizeof(ask.detail), "from=%lld to=%d", (long long)version, wanted);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_calendar(struct http_request *request, void *arg)
{
    struct api_ask ask;

    if (settings_remove(request, &calendar_kind, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- open or closed at a moment ------------------------------------------------------------- */

struct at_body {
    const char *at;
    const cJSON *document;
};
static const struct http_field at_fields[] = {
    {"at", "时间", HTTP_TEXT, offsetof(struct at_body, at), HTTP_REQUIRED, 1, 16},
    {"document", "工作时间", HTTP_JSON, offsetof(struct at_body, document), 0, 0, 0},
};

struct asking {
    int32_t calendar_id;
    int64_t at_ms;
    char *document; /* typed and not saved yet; NULL = the one in force */
};

static void free_asking(void *state)
{
    struct asking *asking = state;

    free(asking->document);
    free(asking);
}

static void add_periods(struct text *json, const struct calendar_day *day)
{
    text_add(json, "[");
    for (unsigned i = 0; i < day->count; i++) {
        const struct calendar_period *p = &day->periods[i];
        text_addf(json, "%s[\"%02d:%02d\",\"%02d:%02d\"]", i ? "," : "", p->from_minute / 60,
                  p->from_minute % 60, p->to_minute / 60, p->to_minute % 60);
    }
    text_add(json, "]");
}

static void answer_at(struct http_request *request, const struct calendar_answer *answer,
                      const cJSON *document)
{
    const cJSON *notes = cJSON_GetObjectItemCaseSensitive(document, "notes"), *note;
    struct text json = {0};
    char date[16];

    snprintf(date, sizeof(date), "%04d-%02d-%02d", answer->date / 10000, answer->date / 100 % 100,
             answer->date % 100);
    note = answer->special ? cJSON_GetObjectItemCaseSensitive(notes, date) : NULL;
    text_addf(&json, "{\"open\":%s,\"rule\":\"%s\",\"date\":\"%s\",\"weekday\":%d,\"note\":",
              answer->open ? "true" : "false", answer->special ? "special" : "week", date,
              answer->weekday);
    text_add_json(&json, cJSON_IsString(note) ? note->valuestring : "");
    text_add(&json, ",\"periods\":");
    add_periods(&json, answer->day);
    text_add(&json, "}");
    api_answer_text(request, &json);
}

/* What is typed and not saved is looked at in the same way, by whoever may see the calendar. */
static void ask_calendar(struct api *api, struct http_request *request,
                         const struct api_person *person, const struct store_result *result,
                         void **state)
{
    struct asking *asking = *state;
    struct calendar_answer answer;
    struct calendar calendar;
    struct text problems = {0};
    const char *document;
    char id[16];

    if (!store_rows(result)) {
        snprintf(id, sizeof(id), "%d", asking->calendar_id);
        api_missing_id(api, request, person, "calendar", id, calendar_kind.missing);
        return;
    }
    document = asking->document ? asking->document : store_text(result, 0, 0);
    if (calendar_parse(document, strlen(document), &calendar, &problems)) {
        api_field_problem(request, "document", problems.data ? problems.data : "工作时间有误");
    } else {
        cJSON *parsed = cJSON_Parse(document);
        calendar_ask(&calendar, asking->at_ms, &answer);
        answer_at(request, &answer, parsed);
        cJSON_Delete(parsed);
    }
    text_done(&problems);
}

static void post_at(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_CALENDAR_DOCUMENT,
        .permission = PERM_SETTINGS_READ,
        .then = ask_calendar,
    };
    struct at_body body = {0};
    struct asking *asking;
    int64_t at_ms;
    int32_t id;

    if (!api_path_int(request, "id", &id) ||
        !http_read_body(request, SETTINGS_BODY(at_fields), &body))
        return;
    if (calendar_time(body.at, &at_ms)) {
        api_field_problem(request, "at", "时间应为北京时间的日期和时分，如 2026-10-01T09:30");
        return;
    }
    asking = calloc(1, sizeof(*asking));
    if (asking && body.document)
        asking->document = cJSON_PrintUnformatted(body.document);
    if (!asking || (body.document && !asking->document)) {
        free(asking);
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    asking->calendar_id = id;
    asking->at_ms = at_ms;
    store_param_int(&ask.params, id);
    api_ask(arg, request, api_person(request), &ask, asking, free_asking);
}

#define CALENDARS "/api/v1/settings/calendars"
static const struct api_route routes[] = {
    {.http = {"GET", CALENDARS, PERM_SETTINGS_READ, list_calendars, "工作日历"},
     .query = "center_id"},
    {.http = {"GET", CALENDARS "/{id}", PERM_SETTINGS_READ, get_calendar,
              "查看工作日历及其历史版本"}},
    {{"POST", CALENDARS, PERM_SETTINGS_WRITE, create_calendar, "新增工作日历", API_BODY_FORM},
     SETTINGS_BODY(create_fields)},
    {{"PUT", CALENDARS "/{id}", PERM_SETTINGS_WRITE, update_calendar, "修改工作日历",
      API_BODY_FORM},
     SETTINGS_BODY(update_fields),
     .if_match = true},
    {.http = {"POST", CALENDARS "/{id}/versions/{version}/restore", PERM_SETTINGS_WRITE,
              restore_calendar, "退回到工作日历的以前版本"},
     .if_match = true},
    {.http = {"DELETE", CALENDARS "/{id}", PERM_SETTINGS_WRITE, delete_calendar,
              "删除没有用到的工作日历"}},
    {{"POST", CALENDARS "/{id}/at", PERM_SETTINGS_READ, post_at, "某时是否上班", API_BODY_FORM},
     SETTINGS_BODY(at_fields)},
};
const struct api_routes api_routes_calendars = API_ROUTES(routes);
