/* Messages that callers left: who works on them, and what a city has set (VM-01 to VM-08). */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call_back.h"
#include "api/looks.h"
#include "api/settings.h"
#include "api/sheet.h"

#define FILTERS    "from to center_id caller_no city state agent_no mine text" /* audited as given */
#define XLSX_TYPE  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define REASON_MAX 300

static const char missing[] = "没有这条留言，或您无权处理";

static void refuse(struct http_request *request, const char *result, const char *by)
{
    (void)by;
    if (strcmp(result, "draft") == 0)
        http_problem(request, 409, "voicemail.draft",
                     "还没有接通的回访，或登记没有保存；确实联系不上的，请作废并写明原因", NULL);
    else if (strcmp(result, "no_engine") == 0)
        http_problem(request, 409, "voicemail.no_engine", "未配置识别引擎，请联系系统管理员", NULL);
    else if (strcmp(result, "off") == 0)
        http_problem(request, 409, "voicemail.no_transcripts",
                     "本中心没有启用留言识别，可在“留言设置”中启用", NULL);
    else
        http_problem(request, 409, "voicemail.state",
                     "这条留言现在的状态不能这样处理，请刷新后再试", NULL);
}

/* --- looking --------------------------------------------------------------------------------- */

static bool add_filters(struct api *api, struct http_request *request, struct api_ask *ask,
                        struct text *users)
{
    int32_t center;

    if (!api_query_center(api, request, PERM_VOICEMAIL_READ, &center) ||
        !api_param_query_time(request, &ask->params, "from", "起始时间") ||
        !api_param_query_time(request, &ask->params, "to", "截止时间"))
        return false;
    if (center)
        store_param_int(&ask->params, center);
    else
        store_param_null(&ask->params);
    if (!api_param_query_text(request, &ask->params, "caller_no") ||
        !api_param_query_text(request, &ask->params, "city") ||
        !api_param_query_text(request, &ask->params, "state") ||
        !api_param_query_text(request, &ask->params, "agent_no"))
        return false;
    look_param_users(api, request, api_person(request), PERM_VOICEMAIL_READ, &ask->params, users);
    look_filters(request, FILTERS, ask->detail, sizeof(ask->detail));
    return true;
}

static void list_voicemails(struct http_request *request, void *arg)
{
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_VOICEMAIL_LIST,
                          .permission = PERM_VOICEMAIL_READ,
                          .action = "voicemail.list",
                          .object_kind = "voicemail"};
    struct text users = {0};

    if (add_filters(arg, request, &ask, &users) &&
        api_param_query_limit(request, &ask.params, 50, 200) &&
        api_param_query_cursor(request, &ask.params)) {
        store_param_bool(&ask.params, api_may_reveal(api_person(request), PERM_VOICEMAIL_READ));
        if (api_param_query_text(request, &ask.params, "text"))
            api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    }
    text_done(&users);
}

/* The last parameter of statements that say whether there are transcripts. */
static void param_has_engine(const struct api *api, struct api_ask *ask)
{
    store_param_bool(&ask->params, recognition_is_configured(api->deps.recognition));
}

static void read_voicemail(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_VOICEMAIL_GET,
                          .permission = PERM_VOICEMAIL_READ,
                          .missing = "没有这条留言，或您无权查看"};
    struct text users = {0};

    if (look_params_one(arg, request, &ask, "voicemail.read", "voicemail", &users)) {
        param_has_engine(arg, &ask);
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    }
    text_done(&users);
}

/* --- as a file ------------------------------------------------------------------------------- */

struct sheet {
    const struct config *config; /* outlives the API and its workers */
    char *json;
    struct text file;
    int err;
};

static void free_sheet(void *state)
{
    struct sheet *sheet = state;

    free(sheet->json);
    text_done(&sheet->file);
    free(sheet);
}

static void write_sheet(void *state)
{
    struct sheet *sheet = state;

    sheet->err = sheet_xlsx(sheet->json, sheet->config->state_dir, &sheet->file);
}

static void send_sheet(struct api *api, struct http_request *request,
                       const struct api_person *person, void **state)
{
    const struct sheet *sheet = *state;

    (void)api;
    (void)person;
    if (sheet->err) {
        log_error("api", "export_failed", "what=voicemails error=%d", sheet->err);
        http_problem(request, 500, "export.failed", "文件生成失败，已记录；请稍后重试", NULL);
        return;
    }
    http_answer_download(request, XLSX_TYPE, sheet->file.data, sheet->file.length,
                         "语音留言清单.xlsx");
}

static void begin_sheet(struct api *api, struct http_request *request,
                        const struct api_person *person, const struct store_result *result,
                        void **state)
{
    struct sheet *sheet = *state;

    sheet->json = store_rows(result) ? strdup(store_text(result, 0, 0)) : NULL;
    if (!sheet->json) {
        api_unavailable(request);
        return;
    }
    *state = NULL;
    api_work(api, request, person, write_sheet, send_sheet, sheet, free_sheet);
}

static void download_voicemails(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_VOICEMAIL_SHEET,
                          .permission = PERM_VOICEMAIL_READ,
                          .action = "voicemail.export",
                          .object_kind = "voicemail",
                          .then = begin_sheet};
    struct sheet *sheet = calloc(1, sizeof(*sheet));
    struct text users = {0};

    if (!sheet) {
        api_unavailable(request);
        return;
    }
    sheet->config = api->deps.config;
    if (add_filters(api, request, &ask, &users)) {
        store_param_bool(&ask.params, api_may_reveal(api_person(request), PERM_VOICEMAIL_READ));
        if (api_param_query_text(request, &ask.params, "text")) {
            api_ask(api, request, api_person(request), &ask, sheet, free_sheet);
            sheet = NULL;
        }
    }
    if (sheet)
        free_sheet(sheet);
    text_done(&users);
}

/* --- working --------------------------------------------------------------------------------- */

/* The path's id, as parameter $1 and for the audit log. */
static bool begin_step(struct http_request *request, struct api_ask *ask, struct work_step *step)
{
    struct uuid id;

    if (!api_path_uuid(request, "id", &id))
        return false;
    store_param_uuid(&ask->params, &id);
    (void)uuid_text(&id, step->object_id);
    return true;
}

struct assign_body {
    int64_t user_id;
};
static const struct http_field assign_fields[] = {
    {"user_id", "坐席", HTTP_INT, offsetof(struct assign_body, user_id), HTTP_REQUIRED, 1,
     INT32_MAX},
};

static void assign_voicemail(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_VOICEMAIL_ASSIGN, .permission = PERM_VOICEMAIL_ASSIGN};
    struct work_step step = {"voicemail.assign", "voicemail", missing, .refuse = refuse};
    struct assign_body body = {0};

    if (!begin_step(request, &ask, &step) ||
        !http_read_body(request, SETTINGS_BODY(assign_fields), &body))
        return;
    store_param_int(&ask.params, body.user_id);
    store_param_int(&ask.params, api_person(request)->subject.user_id);
    snprintf(step.detail, sizeof(step.detail), "user=%lld", (long long)body.user_id);
    work_step_ask(arg, request, &ask, &step);
}

static void take_voicemail(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_VOICEMAIL_TAKE, .permission = PERM_VOICEMAIL_WORK};
    struct work_step step = {"voicemail.take", "voicemail", missing, .refuse = refuse};
    struct text users = {0};

    if (!begin_step(request, &ask, &step))
        return;
    api_param_users(arg, person, PERM_VOICEMAIL_WORK, &ask.params, &users);
    store_param_int(&ask.params, person->subject.user_id);
    work_step_ask(arg, request, &ask, &step);
    text_done(&users);
}

struct end_body {
    const char *note;
};
static const struct http_field finish_fields[] = {
    {"note", "办结说明", HTTP_TEXT, offsetof(struct end_body, note), 0, 0, REASON_MAX},
};
static const struct http_field void_fields[] = {
    {"note", "作废原因", HTTP_TEXT, offsetof(struct end_body, note), HTTP_REQUIRED, 1, REASON_MAX},
};

static void end_voicemail(struct api *api, struct http_request *request, const char *how,
                          const char *action, const char *note)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_VOICEMAIL_FINISH, .permission = PERM_VOICEMAIL_WORK};
    struct work_step step = {action, "voicemail", missing, .refuse = refuse};
    struct text users = {0};

    if (!begin_step(request, &ask, &step))
        return;
    store_param_text(&ask.params, how);
    store_param_text(&ask.params, note ? note : "");
    api_param_users(api, person, PERM_VOICEMAIL_WORK, &ask.params, &users);
    store_param_int(&ask.params, person->subject.user_id);
    work_step_ask(api, request, &ask, &step);
    text_done(&users);
}

static void finish_voicemail(struct http_request *request, void *arg)
{
    struct end_body body = {0};

    if (http_read_body(request, SETTINGS_BODY(finish_fields), &body))
        end_voicemail(arg, request, "finished", "voicemail.finish", body.note);
}

static void void_voicemail(struct http_request *request, void *arg)
{
    struct end_body body = {0};

    if (!http_read_body(request, SETTINGS_BODY(void_fields), &body))
        return;
    if (settings_is_blank(body.note))
        api_field_problem(request, "note", "请写明作废原因");
    else
        end_voicemail(arg, request, "void", "voicemail.void", body.note);
}

static void transcribe_voicemail(struct http_request *request, void *arg)
{
    const struct api_person *person = api_person(request);
    struct api_ask ask = {.statement = STMT_VOICEMAIL_TRANSCRIBE,
                          .permission = PERM_VOICEMAIL_WORK};
    struct work_step step = {"voicemail.transcribe", "voicemail", missing, .refuse = refuse};
    struct text users = {0};

    if (!begin_step(request, &ask, &step))
        return;
    api_param_users(arg, person, PERM_VOICEMAIL_WORK, &ask.params, &users);
    param_has_engine(arg, &ask);
    work_step_ask(arg, request, &ask, &step);
    text_done(&users);
}

static void call_voicemail(struct http_request *request, void *arg)
{
    static const struct call_back_kind kind = {STMT_VOICEMAIL_CALL,
                                               STMT_VOICEMAIL_UNCALL,
                                               PERM_VOICEMAIL_WORK,
                                               "voicemail",
                                               "voicemail.call",
                                               missing,
                                               refuse};

    call_back_begin(arg, request, &kind);
}

/* --- settings of a city ---------------------------------------------------------------------- */

struct settings_body {
    bool enabled, transcribe;
    const char *off_prompt, *assign_rule;
    int64_t quota_mb, assign_group_id;
    const cJSON *scenes;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct settings_body, name), flags, min, max                  \
    }
static const struct http_field settings_fields[] = {
    FIELD(enabled, "启用留言", HTTP_BOOL, HTTP_REQUIRED, 0, 0),
    FIELD(off_prompt, "停用时的提示音", HTTP_TEXT, HTTP_REQUIRED, 0, 47),
    FIELD(quota_mb, "存储配额（MB）", HTTP_INT, HTTP_REQUIRED, 1, 1048576),
    FIELD(assign_rule, "分派规则", HTTP_TEXT, HTTP_REQUIRED, 1, 20),
    FIELD(assign_group_id, "轮流分派的技能组", HTTP_INT, 0, 1, INT32_MAX),
    FIELD(scenes, "启用场景", HTTP_JSON, HTTP_REQUIRED, 0, 0),
    FIELD(transcribe, "转成文字", HTTP_BOOL, 0, 0, 0),
};

static bool has_prompt(struct api *api, int32_t center, const char *code)
{
    return !*code || directory_prompt(api->deps.directory, center, code) != NULL;
}

static bool is_scene(const char *name)
{
    static const char *const names[] = {"off_day", "off_hours", "all_busy", "chosen"};

    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void check_scenes(struct api *api, int32_t center, const cJSON *scenes, cJSON *errors)
{
    const cJSON *scene;

    if (!cJSON_IsArray(scenes))
        settings_complain(errors, "scenes", "启用场景应为列表");
    cJSON_ArrayForEach(scene, scenes)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(scene, "scene"));
        const char *prompt =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(scene, "prompt"));
        char field[40];

        if (!is_scene(name) || !prompt ||
            !cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(scene, "enabled"))) {
            settings_complain(errors, "scenes", "每个场景应有 scene、enabled 和 prompt");
            continue;
        }
        snprintf(field, sizeof(field), "prompt_%s", name);
        if (!has_prompt(api, center, prompt))
            settings_complain(errors, field, "没有这个提示音，请重新选择");
    }
}

static bool check_settings(struct api *api, struct http_request *request, int32_t center,
                           const struct settings_body *body)
{
    cJSON *errors = cJSON_CreateObject();

    if (!has_prompt(api, center, body->off_prompt))
        settings_complain(errors, "off_prompt", "没有这个提示音，请重新选择");
    if (strcmp(body->assign_rule, "none") != 0 && strcmp(body->assign_rule, "round_robin") != 0)
        settings_complain(errors, "assign_rule", "分派规则应为 none（人工）或 round_robin（轮流）");
    check_scenes(api, center, body->scenes, errors);
    return !settings_refuse(request, errors);
}

static void read_settings(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_VOICEMAIL_SETTINGS, .permission = PERM_SETTINGS_READ};
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    param_has_engine(arg, &ask);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void write_settings(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_VOICEMAIL_SETTINGS_SAVE,
                          .permission = PERM_SETTINGS_WRITE,
                          .answer = API_RESULT,
                          .action = "voicemail.settings",
                          .object_kind = "center"};
    struct settings_body body = {0};
    int64_t version;
    size_t length;
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_WRITE, &center) ||
        !api_if_match(request, &version) ||
        !http_read_body(request, SETTINGS_BODY(settings_fields), &body) ||
        !check_settings(arg, request, center, &body))
        return;
    store_param_int(&ask.params, center);
    store_param_int(&ask.params, version);
    store_param_text(&ask.params, http_body(request, &length));
    snprintf(ask.object_id, sizeof(ask.object_id), "%d", center);
    snprintf(ask.detail, sizeof(ask.detail), "enabled=%d quota_mb=%lld rule=%s transcribe=%d",
             body.enabled, (long long)body.quota_mb, body.assign_rule, body.transcribe);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- routes ---------------------------------------------------------------------------------- */

#define ALL      "/api/v1/voicemails"
#define ONE      ALL "/{id}"
#define SETTINGS "/api/v1/settings/voicemail"
static const struct api_route routes[] = {
    {.http = {"GET", ALL, PERM_VOICEMAIL_READ, list_voicemails, "查询留言"},
     .query = FILTERS " limit after"},
    {.http = {"GET", ALL ".xlsx", PERM_VOICEMAIL_READ, download_voicemails, "导出留言（XLSX）"},
     .query = FILTERS},
    {.http = {"GET", ONE, PERM_VOICEMAIL_READ, read_voicemail, "查看留言"}},
    {{"POST", ONE "/assign", PERM_VOICEMAIL_ASSIGN, assign_voicemail, "分派留言"},
     SETTINGS_BODY(assign_fields)},
    {.http = {"POST", ONE "/take", PERM_VOICEMAIL_WORK, take_voicemail, "开始处理留言"}},
    {.http = {"POST", ONE "/transcribe", PERM_VOICEMAIL_WORK, transcribe_voicemail,
              "重新识别留言"}},
    {.http = {"POST", ONE "/call", PERM_VOICEMAIL_WORK, call_voicemail, "回访留言的来电人"}},
    {{"POST", ONE "/finish", PERM_VOICEMAIL_WORK, finish_voicemail, "办结留言"},
     SETTINGS_BODY(finish_fields)},
    {{"POST", ONE "/void", PERM_VOICEMAIL_WORK, void_voicemail, "作废留言"},
     SETTINGS_BODY(void_fields)},
    {.http = {"GET", SETTINGS, PERM_SETTINGS_READ, read_settings, "留言设置"},
     .query = "center_id"},
    {{"PUT", SETTINGS, PERM_SETTINGS_WRITE, write_settings, "修改留言设置"},
     SETTINGS_BODY(settings_fields),
     .query = "center_id",
     .if_match = true},
};
const struct api_routes api_routes_voicemails = API_ROUTES(routes);
