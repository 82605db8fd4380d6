/* Media in a talk, for systems that act for its agent: a prompt or a text is said to the other
 * side, keys are asked of it, its recording is switched. What comes of it is told by event "agent".
 *
 * A text is spoken on a worker, to a file that is gone before the caller hears it. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hotlined/media.h>
#include <hotlined/tts.h>

#include "api/results.h"
#include "api/settings.h"

#define TEXT_MAX     500
#define DIGITS_MAX   31 /* IVR_VALUE_SIZE - 1 */
#define TIMEOUT_MS   5000
#define VOICE_LENGTH 60

struct say_body {
    const char *prompt, *text, *voice, *end;
    int64_t speed, min, max, timeout_ms;
};
#define FIELD(name, title, kind, flags, min, max)                                                  \
    {                                                                                              \
#name, title, kind, offsetof(struct say_body, name), flags, min, max                       \
    }
#define SAY_FIELDS                                                                                 \
    FIELD(prompt, "提示音", HTTP_TEXT, 0, 1, 47), FIELD(text, "文字", HTTP_TEXT, 0, 1, TEXT_MAX),  \
        FIELD(voice, "发音人", HTTP_TEXT, 0, 0, VOICE_LENGTH),                                     \
        FIELD(speed, "语速", HTTP_INT, 0, 50, 200)
static const struct http_field play_fields[] = {SAY_FIELDS};
static const struct http_field collect_fields[] = {
    SAY_FIELDS,
    FIELD(min, "最少位数", HTTP_INT, 0, 1, DIGITS_MAX),
    FIELD(max, "最多位数", HTTP_INT, 0, 1, DIGITS_MAX),
    FIELD(end, "结束键", HTTP_TEXT, 0, 0, 1),
    FIELD(timeout_ms, "等待按键", HTTP_MS, 0, 500, 60000),
};

struct saying { /* a text that is being spoken */
    struct uuid call_id;
    struct tts_options tts;
    char text[4 * TEXT_MAX + 1], voice[4 * VOICE_LENGTH + 1], end[2];
    char path[CONFIG_TEXT + 64];
    int speed;
    struct telephony_say say;
    struct media_audio *sound;
    char why[300];
    int err;
};

static void free_saying(void *state)
{
    struct saying *saying = state;

    media_audio_unref(saying->sound);
    free(saying);
}

/* --- on a worker ---------------------------------------------------------------------------- */

static void speak(void *state)
{
    struct saying *saying = state;
    struct tts_request request = {saying->text, saying->voice, saying->speed, saying->path};

    saying->err = tts_render(&saying->tts, &request, saying->why, sizeof(saying->why));
    if (!saying->err)
        saying->err =
            media_audio_load(saying->path, &saying->sound, saying->why, sizeof(saying->why));
    (void)unlink(saying->path);
}

/* --- said ----------------------------------------------------------------------------------- */

static void answer(struct api *api, struct http_request *request, const struct api_person *person,
                   const struct uuid *call_id, const struct telephony_say *say)
{
    char text[UUID_TEXT_SIZE];
    uint32_t task = 0;
    cJSON *json;
    enum telephony_result result =
        telephony_say(api->deps.telephony, person->subject.user_id, call_id, say, &task);

    if (result == TELEPHONY_NO_PROMPT) {
        api_field_problem(request, "prompt", "本中心没有这个提示音，请检查代码");
    } else if (api_telephony_is_good(api, request, result)) {
        api_audit(api, person, say->asks ? "call.collect" : "call.say", "call",
                  uuid_text(call_id, text), say->prompt);
        json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "task", task);
        http_answer_object(request, 201, json);
    }
}

static void spoken(struct api *api, struct http_request *request, const struct api_person *person,
                   void **state)
{
    struct saying *saying = *state;
    char title[400];

    if (saying->err == -EINVAL) {
        api_field_problem(request, "text", saying->why);
    } else if (saying->err) {
        log_warn("api", "say_failed", "error=%d why=%s", saying->err, log_safe(saying->why));
        snprintf(title, sizeof(title), "没有播放，语音合成失败：%s", saying->why);
        http_problem(request, 503, "tts.failed", title, NULL);
    } else {
        saying->say.sound = saying->sound;
        answer(api, request, person, &saying->call_id, &saying->say);
    }
}

static void speak_first(struct api *api, struct http_request *request, const struct uuid *call_id,
                        const struct say_body *body, const struct telephony_say *say)
{
    struct saying *saying = calloc(1, sizeof(*saying));
    struct uuid name = uuid_new(loop_wall_ms(api->loop));
    char id[UUID_TEXT_SIZE];

    if (!saying) {
        api_unavailable(request);
        return;
    }
    saying->call_id = *call_id;
    saying->tts = api_tts_options(api);
    snprintf(saying->path, sizeof(saying->path), "%s/said-%s.wav", api->deps.config->state_dir,
             uuid_text(&name, id));
    saying->speed = (int)body->speed;
    saying->say = *say;
    text_copy(saying->text, sizeof(saying->text), body->text);
    text_copy(saying->voice, sizeof(saying->voice), body->voice ? body->voice : "");
    text_copy(saying->end, sizeof(saying->end), say->end);
    saying->say.end = saying->end; /* the body is gone by then */
    api_speak(api, request, api_person(request), api_person(request)->subject.center_id, speak,
              spoken, saying, free_saying);
}

/* --- what was sent -------------------------------------------------------------------------- */

static bool has(const char *text)
{
    return text && *text;
}

static bool check_body(struct api *api, struct http_request *request, const struct say_body *body)
{
    struct tts_options options = api_tts_options(api);
    cJSON *errors = cJSON_CreateObject();

    if (has(body->prompt) && has(body->text))
        settings_complain(errors, "text", "提示音和文字只能选一项");
    if (has(body->text) && settings_is_blank(body->text))
        settings_complain(errors, "text", "请填写文字");
    if (has(body->voice) && !tts_has_voice(&options, body->voice))
        settings_complain(errors, "voice", "没有这个发音人");
    if (body->min > body->max)
        settings_complain(errors, "max", "最多位数不能小于最少位数");
    if (body->end[strspn(body->end, "0123456789*#")])
        settings_complain(errors, "end", "结束键应为 0–9、* 或 # 中的一个，空为没有");
    return !settings_refuse(request, errors);
}

static void say_it(struct http_request *request, struct api *api, bool asks)
{
    struct say_body body = {
        .speed = 100, .min = 1, .max = DIGITS_MAX, .end = "#", .timeout_ms = TIMEOUT_MS};
    struct telephony_say say;
    struct uuid call_id;

    if (!api_path_uuid(request, "call_id", &call_id) ||
        !(asks ? http_read_body(request, SETTINGS_BODY(collect_fields), &body)
               : http_read_body(request, SETTINGS_BODY(play_fields), &body)) ||
        !check_body(api, request, &body))
        return;
    say = (struct telephony_say){.prompt = has(body.prompt) ? body.prompt : "",
                                 .asks = asks,
                                 .min = (int)body.min,
                                 .max = (int)body.max,
                                 .end = body.end,
                                 .timeout_ms = (int)body.timeout_ms};
    if (has(body.text)) {
        say.prompt = "";
        speak_first(api, request, &call_id, &body, &say);
    } else {
        answer(api, request, api_person(request), &call_id, &say);
    }
}

static void post_play(struct http_request *request, void *arg)
{
    say_it(request, arg, false);
}

static void post_collect(struct http_request *request, void *arg)
{
    say_it(request, arg, true);
}

static void post_play_end(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct uuid call_id;

    if (api_path_uuid(request, "call_id", &call_id))
        api_agent_answer(api, request,
                         telephony_from_flow(api->deps.telephony,
                                             api_person(request)->subject.user_id, &call_id));
}

#define CALL "/api/v1/agent/calls/{call_id}"
static const struct api_route routes[] = {
    {{"POST", CALL "/play", PERM_AGENT_WORK, post_play, "向对方播放提示音或文字"},
     SETTINGS_BODY(play_fields)},
    {{"POST", CALL "/collect", PERM_AGENT_WORK, post_collect, "请对方按键并采集"},
     SETTINGS_BODY(collect_fields)},
    {.http = {"POST", CALL "/play/end", PERM_AGENT_WORK, post_play_end, "停止播放或采集"}},
};
const struct api_routes api_routes_agent_media = API_ROUTES(routes);
