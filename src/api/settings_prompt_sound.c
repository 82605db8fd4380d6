/* How a prompt gets its sound: spoken or brought, made fit for a telephone on a worker, then heard
 * by the administrator alone (preview) or published. The path of a version is never used again, so
 * a call that plays the old sound plays it to its end, and the directory knows by the path alone
 * what is new. While the engine is down nothing is published and the last good sound stays in force
 * (TTS-03). */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <hotlined/tts.h>

#include "api/settings.h"

#define CODE_MAX    47
#define NAME_LENGTH 40
#define TEXT_MAX    500
#define PATH_SIZE   600
#define VOICE_MAX   60
#define SPEED_MIN   50
#define SPEED_MAX   200

struct sound_body {
    const char *text, *voice, *name, *kind;
    int64_t speed;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct sound_body, name), flags, min, max                     \
    }
#define SPOKEN_FIELDS                                                                              \
    FIELD(text, "文字", HTTP_TEXT, HTTP_REQUIRED, 1, TEXT_MAX),                                    \
        FIELD(voice, "发音人", HTTP_TEXT, 0, 0, VOICE_MAX),                                        \
        FIELD(speed, "语速", HTTP_INT, 0, SPEED_MIN, SPEED_MAX)
static const struct http_field preview_fields[] = {SPOKEN_FIELDS};
static const struct http_field prompt_fields[] = {
    SPOKEN_FIELDS,
    FIELD(name, "名称", HTTP_TEXT, 0, 1, NAME_LENGTH),
    FIELD(kind, "种类", HTTP_TEXT, 0, 1, 20),
};

struct making {
    int32_t center_id;
    char code[CODE_MAX + 1];
    char *text;  /* to be spoken; NULL: sound was brought */
    void *sound; /* WAV or MP3 */
    size_t sound_size;
    char name[4 * NAME_LENGTH + 1], kind[24]; /* "" = as they are */
    char voice[4 * VOICE_MAX + 1];
    int speed;
    const struct config *config; /* outlives the API and its workers */
    struct tts_options tts;
    bool preview;
    int64_t version;
    char relative[200], path[PATH_SIZE];
    void *heard; /* preview: the WAV */
    size_t heard_size;
    char why[300];
    int err;
};

static void free_making(void *state)
{
    struct making *making = state;

    free(making->text);
    free(making->sound);
    free(making->heard);
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
    struct tts_request request = {making->text, making->voice, making->speed, making->path};

    making->err = make_folders(making->path);
    if (making->err)
        snprintf(making->why, sizeof(making->why), "无法建立提示音目录：%s",
                 strerror(-making->err));
    else if (making->text)
        making->err = tts_render(&making->tts, &request, making->why, sizeof(making->why));
    else
        making->err = tts_adopt(making->sound, making->sound_size, making->path, making->why,
                                sizeof(making->why));
}

static int read_whole(FILE *file, struct making *making)
{
    struct stat st;

    if (fstat(fileno(file), &st))
        return -errno;
    making->heard_size = (size_t)st.st_size;
    making->heard = malloc(making->heard_size + 1);
    if (!making->heard)
        return -ENOMEM;
    return fread(making->heard, 1, making->heard_size, file) == making->heard_size ? 0 : -EIO;
}

/* Nobody but the one who asked hears it: the file is gone before the answer. */
static void make_preview(void *state)
{
    struct making *making = state;
    FILE *file;

    make_sound(making);
    if (making->err)
        return;
    file = fopen(making->path, "rb");
    making->err = file ? read_whole(file, making) : -errno;
    if (file)
        (void)fclose(file);
    (void)remove(making->path);
    if (making->err)
        snprintf(making->why, sizeof(making->why), "无法读取合成的声音：%s",
                 strerror(-making->err));
}

/* --- answers -------------------------------------------------------------------------------- */

static void refuse(struct http_request *request, const struct making *making)
{
    char title[400];

    if (making->err == -EINVAL) {
        api_field_problem(request, making->text ? "text" : "audio", making->why);
        return;
    }
    log_warn("api", "prompt_failed", "code=%s error=%d why=%s", making->code, making->err,
             log_safe(making->why));
    snprintf(title, sizeof(title), "%s：%s",
             making->preview ? "试听没有成功" : "提示音没有发布，原来的声音继续有效", making->why);
    http_problem(request, 503, "prompt.failed", title, NULL);
}

static void answer_preview(struct api *api, struct http_request *request,
                           const struct api_person *person, void **state)
{
    const struct making *making = *state;

    (void)api;
    (void)person;
    if (making->err)
        refuse(request, making);
    else
        http_answer_bytes(request, 200, "audio/wav", making->heard, making->heard_size);
}

static void param_or_null(struct store_params *params, const char *text)
{
    if (*text)
        store_param_text(params, text);
    else
        store_param_null(params);
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
    param_or_null(&ask.params, making->name);
    param_or_null(&ask.params, making->kind);
    store_param_text(&ask.params, making->voice);
    store_param_int(&ask.params, making->speed);
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
    if (making->text)
        api_speak(api, request, person, making->center_id, make_sound, publish, making,
                  free_making);
    else
        api_work(api, request, person, make_sound, publish, making, free_making);
}

/* --- what was sent -------------------------------------------------------------------------- */

static bool is_sound(struct http_request *request)
{
    const char *type = http_header(request, "Content-Type");

    return type && strncasecmp(type, "audio/", 6) == 0;
}

static bool is_kind(const char *kind)
{
    static const char *const kinds[] = {"greeting", "key", "closing", "off_hours", "other"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (text_equal(kind, kinds[i]))
            return true;
    return false;
}

static bool take_about(struct http_request *request, struct making *making, const char *name,
                       const char *kind)
{
    cJSON *errors = cJSON_CreateObject();

    if (name && (settings_is_blank(name) || !text_is_utf8(name, strlen(name)) ||
                 !text_copy(making->name, sizeof(making->name), name)))
        settings_complain(errors, "name", "名称应为 1 到 40 个字符");
    if (kind && (!is_kind(kind) || !text_copy(making->kind, sizeof(making->kind), kind)))
        settings_complain(
            errors, "kind",
            "种类应为 "
            "greeting（欢迎语）、key（按键）、closing（结束语）、off_hours（非工作时段）或 "
            "other（其他）");
    return !settings_refuse(request, errors);
}

/* Takes a copy of what was sent: a worker may still read it when the request is gone. */
static bool take_brought(struct http_request *request, struct making *making)
{
    const char *bytes = http_body(request, &making->sound_size);

    if (!take_about(request, making, http_query(request, "name"), http_query(request, "kind")))
        return false;
    making->sound = malloc(making->sound_size + 1);
    if (making->sound && making->sound_size)
        memcpy(making->sound, bytes, making->sound_size);
    return true;
}

static bool take_spoken(struct http_request *request, struct making *making)
{
    struct sound_body body = {.speed = 100};
    bool read = making->preview ? http_read_body(request, SETTINGS_BODY(preview_fields), &body)
                                : http_read_body(request, SETTINGS_BODY(prompt_fields), &body);

    if (!read)
        return false;
    if (settings_is_blank(body.text)) {
        api_field_problem(request, "text", "请填写文字");
        return false;
    }
    if (body.voice && (!tts_has_voice(&making->tts, body.voice) ||
                       !text_copy(making->voice, sizeof(making->voice), body.voice))) {
        api_field_problem(request, "voice", "没有这个发音人，请从列表中选择");
        return false;
    }
    making->speed = (int)body.speed;
    making->text = strdup(body.text);
    return take_about(request, making, body.name, body.kind);
}

static bool take_body(struct http_request *request, struct making *making)
{
    making->speed = 100;
    if (is_sound(request) ? !take_brought(request, making) : !take_spoken(request, making))
        return false;
    if (making->sound || making->text)
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

/* --- routes --------------------------------------------------------------------------------- */

static struct making *begin(struct api *api, struct http_request *request)
{
    struct making *making = calloc(1, sizeof(*making));

    if (making) {
        making->config = api->deps.config;
        making->tts = api_tts_options(api);
    } else {
        http_problem(request, 503, "server.memory", "系统繁忙，请稍后重试", NULL);
    }
    return making;
}

static void put_prompt(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct api_ask ask = {
        .statement = STMT_SETTINGS_PROMPT_NEXT,
        .permission = PERM_SETTINGS_WRITE,
        .then = make,
    };
    struct making *making = begin(api, request);

    if (!making)
        return;
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

static void preview_prompt(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct making *making = begin(api, request);
    struct uuid id = uuid_new(loop_wall_ms(api->loop));
    char name[UUID_TEXT_SIZE];

    if (!making)
        return;
    making->preview = true;
    if (!take_body(request, making)) {
        free_making(making);
        return;
    }
    snprintf(making->path, sizeof(making->path), "%s/preview/%s.wav", making->config->prompt_dir,
             uuid_text(&id, name));
    if (making->text)
        api_speak(api, request, api_person(request), api_person(request)->subject.center_id,
                  make_preview, answer_preview, making, free_making);
    else
        api_work(api, request, api_person(request), make_preview, answer_preview, making,
                 free_making);
}

static void add_voice(const struct tts_voice *voice, void *arg)
{
    cJSON *item = cJSON_CreateObject();

    cJSON_AddStringToObject(item, "code", voice->code);
    cJSON_AddStringToObject(item, "name", voice->name);
    cJSON_AddItemToArray(arg, item);
}

static void list_voices(struct http_request *request, void *arg)
{
    const struct api *api = arg;
    struct tts_options options = api_tts_options(api);
    cJSON *answer = cJSON_CreateObject();

    cJSON_AddNullToObject(answer, "next");
    tts_voices(&options, add_voice, cJSON_AddArrayToObject(answer, "items"));
    http_answer_object(request, 200, answer);
}

#define PROMPTS     "/api/v1/settings/prompts"
#define SOUND_TYPES "audio/wav audio/mpeg"
static const struct api_route routes[] = {
    {.http = {"GET", "/api/v1/settings/voices", PERM_SETTINGS_READ, list_voices,
              "语音合成的发音人"}},
    {{"POST", PROMPTS "/preview", PERM_SETTINGS_WRITE, preview_prompt, "试听尚未发布的提示音",
      API_BODY_SOUND},
     SETTINGS_BODY(preview_fields),
     .upload = SOUND_TYPES},
    {{"PUT", PROMPTS "/{code}", PERM_SETTINGS_WRITE, put_prompt, "合成或上传提示音并发布",
      API_BODY_SOUND},
     SETTINGS_BODY(prompt_fields),
     .query = "center_id name kind",
     .upload = SOUND_TYPES},
};
const struct api_routes api_routes_sounds = API_ROUTES(routes);
