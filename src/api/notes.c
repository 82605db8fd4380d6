/* What people who listened wrote at a place of a recording. Who may hear it may read and write
 * notes on it; only its author takes one away. */
#include <stddef.h>
#include <stdio.h>

#include "api/looks.h"
#include "api/settings.h"

#define NOTE_MAX  500       /* characters */
#define AT_MAX_MS 360000000 /* a hundred hours */

static const char missing[] = "没有这段录音，或您无权收听";

struct note_body {
    struct uuid id;
    int64_t at_ms;
    const char *note;
};
static const struct http_field note_fields[] = {
    {"id", "编号", HTTP_UUID, offsetof(struct note_body, id), HTTP_REQUIRED, 0, 0},
    {"at_ms", "位置（毫秒）", HTTP_INT, offsetof(struct note_body, at_ms), HTTP_REQUIRED, 0,
     AT_MAX_MS},
    {"note", "标注", HTTP_TEXT, offsetof(struct note_body, note), HTTP_REQUIRED, 1, NOTE_MAX},
};

/* The first parameters of all: the recording, who may hear it, who asks. */
static bool take_recording(struct api *api, struct http_request *request, struct api_ask *ask,
                           const char *action, struct text *users)
{
    const struct api_person *person = api_person(request);
    struct uuid id;

    if (!api_path_uuid(request, "id", &id))
        return false;
    look_at(ask, action, "recording", &id);
    store_param_uuid(&ask->params, &id);
    if (users)
        api_param_users(api, person, PERM_RECORDING_PLAY, &ask->params, users);
    return true;
}

static void list_notes(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_RECORDING_NOTE_LIST,
                          .permission = PERM_RECORDING_PLAY,
                          .missing = missing};
    struct text users = {0};

    if (take_recording(arg, request, &ask, "recording.notes", &users)) {
        store_param_int(&ask.params, api_person(request)->subject.user_id);
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    }
    text_done(&users);
}

static void add_note(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_RECORDING_NOTE_ADD,
                          .permission = PERM_RECORDING_PLAY,
                          .status = 201,
                          .missing = missing};
    struct note_body body = {0};
    struct text users = {0};

    if (!http_read_body(request, note_fields, sizeof(note_fields) / sizeof(note_fields[0]), &body))
        return;
    if (settings_is_blank(body.note)) {
        api_field_problem(request, "note", "请填写标注");
        return;
    }
    if (take_recording(arg, request, &ask, "recording.note", &users)) {
        store_param_int(&ask.params, api_person(request)->subject.user_id);
        store_param_uuid(&ask.params, &body.id);
        store_param_int(&ask.params, body.at_ms);
        store_param_text(&ask.params, body.note);
        snprintf(ask.detail, sizeof(ask.detail), "at_ms=%lld", (long long)body.at_ms);
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
    }
    text_done(&users);
}

static void delete_note(struct http_request *request, void *arg)
{
    struct api_ask ask = {.statement = STMT_RECORDING_NOTE_DELETE,
                          .permission = PERM_RECORDING_PLAY,
                          .answer = API_RESULT,
                          .missing = "没有这条标注，或不是您写的"};
    struct uuid note;

    if (!take_recording(arg, request, &ask, "recording.note_delete", NULL) ||
        !api_path_uuid(request, "note_id", &note))
        return;
    store_param_uuid(&ask.params, &note);
    store_param_int(&ask.params, api_person(request)->subject.user_id);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define NOTES "/api/v1/recordings/{id}/notes"
static const struct api_route routes[] = {
    {.http = {"GET", NOTES, PERM_RECORDING_PLAY, list_notes, "查看录音标注"}},
    {{"POST", NOTES, PERM_RECORDING_PLAY, add_note, "标注录音"},
     note_fields,
     sizeof(note_fields) / sizeof(note_fields[0])},
    {.http = {"DELETE", NOTES "/{note_id}", PERM_RECORDING_PLAY, delete_note, "删除自己的标注"}},
};
const struct api_routes api_routes_notes = API_ROUTES(routes);
