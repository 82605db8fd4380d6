/* Prompts: spoken or recorded, made fit for a telephone on a worker, then published. The path of a
 * version is never used again, so a call that plays the old sound plays it to its end, and the
 * directory knows by the path alone what is new. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <hotlined/tts.h>

#include "api/settings.h"

#define CODE_MAX  47
#define TEXT_MAX  500
#define PATH_SIZE 600

struct prompt_body {
    const char *text;
};
static const struct http_field prompt_fields[] = {
    {"text", "文字", HTTP_TEXT, offsetof(struct prompt_body, text), HTTP_REQUIRED, 1, TEXT_MAX},
};

struct making {
    int32_t center_id;
    char code[CODE_MAX + 1];
    char *text; /* to be spoken; NULL: wav was brought */
    void *wav;
    size_t wav_size;
    const struct config *config; /* outlives the API and its workers */
    int64_t version;
    char relative[200], path[PATH_SIZE];
    char why[300];
    int err;
};

static void free_making(void *state)
{
    struct making *making = state;

    free(making->text);
    free(making->wav);
    free(making);
}

/* --- on a worker ---------------------------------------------------------------------------- */

static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int err = mkdir(path, 0750) && errno != EEXIST ? -errno : 0;
        *slash = '/';
        if (err)
            return err;
    }
    return 0;
}

static void make_sound(void *state)
{
    struct making *making = state;
    const struct config *config = making->config;
    struct tts_options options = {config->tts_engine, config->tts_command, config->tts_url};
    struct tts_request request = {making->text, "", 100, making->path};

    making->err = make_folders(making->path);
    if (making->err)
        snprintf(making->why, sizeof(making->why), "无法建立提示音目录：%s",
                 strerror(-making->err));
    else if (making->text)
        making->err = tts_render(&options, &request, making->why, sizeof(making->why));
    else
        making->err = tts_adopt(making->wav, making->wav_size, making->path, making->why,
                                sizeof(making->why));
}

/* --- the way of one publication ------------------------------------------------------------- */

static void refuse(struct http_request *request, const struct making *making)
{
    char title[400];

    if (making->err == -EINVAL) {
        api_field_problem(request, making->text ? "text" : "audio", making->why);
        return;
    }
    log_warn("api", "prompt_failed", "code=%s error=%d why=%s", making->code, making->err,
             log_safe(making->why));
    snprintf(title, sizeof(title), "提示音没有发布：%s", making->why);
    http_problem(request, 503, "prompt.failed", title, NULL);
}

static void publish(struct api *api, struct http_request *request, const struct api_person *person,
                    void **state)
{
    const struct making *making = *state;
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_PUBLISH,
        .permission = PERM_SETTINGS_WRITE,
        .answer = API_RESULT,
        .action = "prompt.publish",
        .object_kind = "prompt",
    };

    if (making->err) {
        refuse(request, making);
        return;
    }
    store_param_int(&ask.params, making->center_id);
    store_param_text(&ask.params, making->code);
    store_param_int(&ask.params, making->version);
    store_param_text(&ask.params, making->text ? making->text : "");
    store_param_text(&ask.params, making->text ? "tts" : "upload");
    store_param_text(&ask.params, making->relative);
    store_param_int(&ask.params, person->subject.user_id);
    text_copy(ask.object_id, sizeof(ask.object_id), making->code);
    snprintf(ask.detail, sizeof(ask.detail), "center=%d version=%lld", making->center_id,
             (long long)making->version);
    /* When this fails the sound stays as a file nobody names: it may have been published all the
     * same (STORE_UNKNOWN), and a prompt without its file would be worse. */
    api_ask(api, request, person, &ask, NULL, NULL);
}

static void make(struct api *api, struct http_request *request, const struct api_person *person,
                 const struct store_result *result, void **state)
{
    struct making *making = *state;

    if (!store_rows(result)) {
        api_missing(request, NULL);
        return;
    }
    making->version = store_int(result, 0, 0);
    text_copy(making->relative, sizeof(making->relative), store_text(result, 0, 1));
    snprintf(making->path, sizeof(making->path), "%s/%s", making->config->prompt_dir,
             making->relative);
    *state = NULL;
    api_work(api, request, person, make_sound, publish, making, free_making);
}

/* --- PUT ------------------------------------------------------------------------------------ */

static bool is_sound(struct http_request *request)
{
    const char *type = http_header(request, "Content-Type");

    return type && strncasecmp(type, "audio/", 6) == 0;
}

/* Takes a copy of what was sent: a worker may still read it when the request is gone. */
static bool take_body(struct http_request *request, struct making *making)
{
    struct prompt_body body = {0};
    const char *bytes = http_body(request, &making->wav_size);

    if (is_sound(request)) {
        making->wav = malloc(making->wav_size + 1);
        if (making->wav)
            memcpy(making->wav, bytes, making->wav_size);
    } else if (!http_read_body(request, SETTINGS_BODY(prompt_fields), &body)) {
        return false;
    } else if (settings_is_blank(body.text)) {
        api_field_problem(request, "text", "请填写文字");
        return false;
    } else {
        making->text = strdup(body.text);
    }
    if (making->wav || making->text)
        return true;
    http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
    return false;
}

static bool take_code(struct http_request *request, struct making *making)
{
    const char *code = http_path_param(request, "code");

    if (settings_is_code(code) && text_copy(making->code, sizeof(making->code), code))
        return true;
    api_field_problem(request, "code",
                      "提示音代码应以小写字母开头，只含小写字母、数字和下划线，最多 47 个字符");
    return false;
}

static void put_prompt(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_NEXT,
        .permission = PERM_SETTINGS_WRITE,
        .then = make,
    };
    struct making *making = calloc(1, sizeof(*making));

    if (!making) {
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
        return;
    }
    making->config = api->deps.config;
    if (!take_code(request, making) ||
        !settings_center(api, request, PERM_SETTINGS_WRITE, &making->center_id) ||
        !take_body(request, making)) {
        free_making(making);
        return;
    }
    store_param_int(&ask.params, making->center_id);
    store_param_text(&ask.params, making->code);
    api_ask(api, request, api_person(request), &ask, making, free_making);
}

/* --- GET ------------------------------------------------------------------------------------ */

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
    api_ask(arg, request, api_person(request), &ask, NULL, NULL);
}

#define PROMPTS "/api/v1/settings/prompts"
static const struct api_route routes[] = {
    {.http = {"GET", PROMPTS, PERM_SETTINGS_READ, list_prompts, "提示音列表"},
     .query = "center_id"},
    {{"PUT", PROMPTS "/{code}", PERM_SETTINGS_WRITE, put_prompt, "合成或上传提示音并发布",
      API_BODY_SOUND},
     SETTINGS_BODY(prompt_fields),
     .query = "center_id",
     .upload = "audio/wav"},
    {.http = {"GET", PROMPTS "/{code}/audio", PERM_SETTINGS_READ, get_sound, "试听提示音"},
     .query = "center_id"},
};
const struct api_routes api_routes_prompts = API_ROUTES(routes);
