/* Prompts: what there is, its versions, which flows play it. How sound is made:
 * settings_prompt_sound.c. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/settings.h"

#define PATH_SIZE 600

static const char missing_prompt[] = "本中心没有这个提示音，或没有这个版本";

/* --- looking and hearing -------------------------------------------------------------------- */

static void list_prompts(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_LIST,
        .permission = PERM_SETTINGS_READ,
    };
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void send_sound(struct api *api, struct http_request *request,
                       const struct api_person *person, const struct store_result *result,
                       void **state)
{
    char path[PATH_SIZE];
    const char *relative = store_rows(result) ? store_text(result, 0, 0) : "";

    (void)person;
    (void)state;
    if (!*relative || *relative == '/' || strstr(relative, "..")) {
        api_missing(request, "没有这个提示音");
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", api->deps.config->prompt_dir, relative);
    http_answer_file(request, path, "audio/wav", NULL);
}

static void get_sound(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_GET,
        .permission = PERM_SETTINGS_READ,
        .then = send_sound,
    };
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, http_path_param(request, "code"));
    if (api_param_query_int(request, &ask.params, "version", "版本"))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void list_versions(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_VERSIONS,
        .permission = PERM_SETTINGS_READ,
        .missing = missing_prompt,
    };
    int32_t center;

    if (!settings_center(arg, request, PERM_SETTINGS_READ, &center))
        return;
    store_param_int(&ask.params, center);
    store_param_text(&ask.params, http_path_param(request, "code"));
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

/* --- going back, taking away ---------------------------------------------------------------- */

struct restore_body {
    int64_t version;
};
static const struct http_field restore_fields[] = {
    {"version", "版本", HTTP_INT, offsetof(struct restore_body, version), HTTP_REQUIRED, 1,
     INT32_MAX},
};

/* The center and the code of a change, as parameters and for the audit log. */
static bool aim(struct api *api, struct http_request *request, struct api_ask *ask)
{
    const char *code = http_path_param(request, "code");
    int32_t center;

    if (!settings_center(api, request, PERM_SETTINGS_WRITE, &center))
        return false;
    store_param_int(&ask->params, center);
    store_param_text(&ask->params, code);
    (void)text_copy(ask->object_id, sizeof(ask->object_id), code);
    snprintf(ask->detail, sizeof(ask->detail), "center=%d", center);
    return true;
}

static void restore_prompt(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_RESTORE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_prompt,
        .action = "prompt.restore",
        .object_kind = "prompt",
    };
    struct restore_body body;

    if (!http_read_body(request, SETTINGS_BODY(restore_fields), &body) || !aim(arg, request, &ask))
        return;
    store_param_int(&ask.params, body.version);
    snprintf(ask.detail + strlen(ask.detail), sizeof(ask.detail) - strlen(ask.detail),
             " version=%lld", (long long)body.version);
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

static void delete_prompt(struct http_request *request, void *arg)
{
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_DELETE,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .missing = missing_prompt,
        .action = "prompt.delete",
        .object_kind = "prompt",
    };

    if (aim(arg, request, &ask))
        api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define PROMPTS "/api/v1/settings/prompts"
static const struct api_route routes[] = {
    {.http = {"GET", PROMPTS, PERM_SETTINGS_READ, list_prompts, "提示音列表"},
     .query = "center_id"},
    {.http = {"GET", PROMPTS "/{code}/audio", PERM_SETTINGS_READ, get_sound, "试听提示音"},
     .query = "center_id version"},
    {.http = {"GET", PROMPTS "/{code}/versions", PERM_SETTINGS_READ, list_versions,
              "提示音的历史版本"},
     .query = "center_id"},
    {{"POST", PROMPTS "/{code}/restore", PERM_SETTINGS_WRITE, restore_prompt, "恢复提示音的旧版本"},
     SETTINGS_BODY(restore_fields),
     .query = "center_id"},
    {.http = {"DELETE", PROMPTS "/{code}", PERM_SETTINGS_WRITE, delete_prompt, "删除提示音"},
     .query = "center_id"},
};
const struct api_routes api_routes_prompts = API_ROUTES(routes);
