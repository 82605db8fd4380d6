/* A message deleted by hand: for good, by who may, with a reason.
 *
 * ask where its file is -> take the file away on a worker -> say so in the database. In this order,
 * because what is said to be deleted must not be on the disk any more; killed in between, the same
 * again finds no file and goes on. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "api/call_back.h"
#include "api/looks.h"
#include "api/settings.h"
#include <hotlined/recorded.h>

#define REASON_MAX 60 /* characters: fits into the audit log's detail */

static const char missing[] = "没有这条留言，或您无权删除";

struct deletion {
    const struct config *config; /* outlives the API and its workers */
    struct uuid id;
    char reason[4 * REASON_MAX + 1];
    char *path; /* owned */
    int err;
};

static void free_deletion(void *state)
{
    struct deletion *deletion = state;

    free(deletion->path);
    free(deletion);
}

static void remove_file(void *state)
{
    struct deletion *deletion = state;

    deletion->err = recorded_remove(deletion->config->recording_dir, deletion->path);
}

/* Whoever deletes at the same moment was quicker: it is gone either way. */
static void refuse(struct http_request *request, const char *result, const char *by)
{
    (void)result;
    (void)by;
    api_missing(request, missing);
}

static void say_so(struct api *api, struct http_request *request, const struct api_person *person,
                   void **state)
{
    const struct deletion *deletion = *state;
    struct api_ask ask = {.statement = STMT_VOICEMAIL_DELETE, .permission = PERM_VOICEMAIL_DELETE};
    struct work_step step = {"voicemail.delete", "voicemail", missing, .refuse = refuse};

    (void)uuid_text(&deletion->id, step.object_id);
    if (deletion->err) {
        log_error("voicemail", "not_deleted", "voicemail=%s path=%s errno=%d", step.object_id,
                  log_safe(deletion->path), -deletion->err);
        http_problem(request, 500, "voicemail.file",
                     "录音文件删不掉，留言仍在；请联系系统管理员检查录音目录的权限", NULL);
        return;
    }
    store_param_uuid(&ask.params, &deletion->id);
    store_param_text(&ask.params, deletion->reason);
    store_param_int(&ask.params, person->subject.user_id);
    (void)text_copy(step.detail, sizeof(step.detail), deletion->reason);
    work_step_ask_as(api, request, person, &ask, &step);
}

static void found(struct api *api, struct http_request *request, const struct api_person *person,
                  const struct store_result *result, void **state)
{
    struct deletion *deletion = *state;
    char id[UUID_TEXT_SIZE];

    if (!store_rows(result)) { /* a guessed id, perhaps of another center (GEN-04) */
        api_missing_id(api, request, person, "voicemail", uuid_text(&deletion->id, id), missing);
        return;
    }
    deletion->path = strdup(store_text(result, 0, 0));
    if (!deletion->path) {
        api_unavailable(request);
        return;
    }
    *state = NULL;
    api_work(api, request, person, remove_file, say_so, deletion, free_deletion);
}

struct delete_body {
    const char *reason;
};
static const struct http_field delete_fields[] = {
    {"reason", "删除原因", HTTP_TEXT, offsetof(struct delete_body, reason), HTTP_REQUIRED, 1,
     REASON_MAX},
};

static void post_delete(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct api_ask ask = {
        .statement = STMT_VOICEMAIL_RECORDING, .permission = PERM_VOICEMAIL_DELETE, .then = found};
    struct delete_body body = {0};
    struct deletion *deletion;
    struct text users = {0};
    struct uuid id;

    if (!api_path_uuid(request, "id", &id) ||
        !http_read_body(request, SETTINGS_BODY(delete_fields), &body))
        return;
    if (settings_is_blank(body.reason)) {
        api_field_problem(request, "reason", "请写明删除的原因，供审计查看");
        return;
    }
    deletion = calloc(1, sizeof(*deletion));
    if (!deletion) {
        api_unavailable(request);
        return;
    }
    deletion->config = api->deps.config;
    deletion->id = id;
    (void)text_copy(deletion->reason, sizeof(deletion->reason), body.reason);
    store_param_uuid(&ask.params, &id);
    api_param_users(api, api_person(request), PERM_VOICEMAIL_DELETE, &ask.params, &users);
    api_ask(api, request, api_person(request), &ask, deletion, free_deletion);
    text_done(&users);
}

static const struct api_route routes[] = {
    {{"POST", "/api/v1/voicemails/{id}/delete", PERM_VOICEMAIL_DELETE, post_delete, "删除留言"},
     SETTINGS_BODY(delete_fields)},
};
const struct api_routes api_routes_voicemail_delete = API_ROUTES(routes);
