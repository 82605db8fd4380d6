/* Speech to text: an engine hears, and what it answers is read with distrust. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/asr.h>

#include "speech/engine.h"

#define ANSWER_MAX (256u << 10)

/* --- the answer ----------------------------------------------------------------------------- */

static int refuse(char *why, size_t why_size, const char *what)
{
    snprintf(why, why_size, "识别引擎的回答有误：%s", what);
    return -EPROTO;
}

/* A text as people read it: line ends and tabs are blanks, other control characters are nothing. */
static char *plain(const char *text)
{
    struct text out = {0};

    text_add(&out, "");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n' || c == '\r' || c == '\t')
            text_add(&out, " ");
        else if (c >= ' ' && c != 127)
            text_add_bytes(&out, text, 1);
    }
    return text_take(&out);
}

static int take_text(const cJSON *object, struct asr_result *result, char *why, size_t why_size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "text"));

    if (!text)
        return refuse(why, why_size, "没有文字 text");
    if (strlen(text) > ASR_MAX_TEXT)
        return refuse(why, why_size, "文字太长");
    result->text = plain(text);
    return result->text ? 0 : -ENOMEM;
}

static int take_rest(const cJSON *object, struct asr_result *result, char *why, size_t why_size)
{
    const cJSON *confidence = cJSON_GetObjectItemCaseSensitive(object, "confidence");
    const cJSON *engine = cJSON_GetObjectItemCaseSensitive(object, "engine");
    char *name;

    if (engine && !cJSON_IsNull(engine)) {
        if (!cJSON_IsString(engine))
            return refuse(why, why_size, "引擎名称 engine 不是文字");
        name = plain(engine->valuestring);
        if (!name)
            return -ENOMEM;
        (void)text_copy(result->engine, sizeof(result->engine), name);
        free(name);
    }
    if (!confidence || cJSON_IsNull(confidence))
        return 0;
    if (!cJSON_IsNumber(confidence) ||
        !(confidence->valuedouble >= 0 && confidence->valuedouble <= 1))
        return refuse(why, why_size, "可信度 confidence 不是 0 到 1 的数");
    result->confidence = confidence->valuedouble;
    return 0;
}

int asr_read_answer(const char *answer, size_t size, struct asr_result *ret_result, char *why,
                    size_t why_size)
{
    struct asr_result result = {.confidence = -1};
    cJSON *object;
    int err;

    if (!text_is_utf8(answer, size))
        return refuse(why, why_size, "不是 UTF-8 文字");
    object = cJSON_ParseWithLength(answer, size);
    if (cJSON_IsObject(object)) {
        err = take_text(object, &result, why, why_size);
        if (!err)
            err = take_rest(object, &result, why, why_size);
    } else {
        err = refuse(why, why_size, "不是一个 JSON 对象");
    }
    cJSON_Delete(object);
    if (err)
        asr_result_done(&result);
    else
        *ret_result = result;
    return err;
}

void asr_result_done(struct asr_result *result)
{
    free(result->text);
    result->text = NULL;
}

/* --- engines -------------------------------------------------------------------------------- */

static int ask_command(const struct asr_options *options, const struct engine_bounds *bounds,
                       const void *wav, size_t size, struct text *answer, char *why,
                       size_t why_size)
{
    const char *const argv[] = {"/bin/sh", "-c", options->command, "hotlined", NULL};
    struct program_talk talk = {argv, "asr.command", wav, size};

    return program_talk(bounds, &talk, answer, why, why_size);
}

static int ask_http(const struct asr_options *options, const struct engine_bounds *bounds,
                    const void *wav, size_t size, struct text *answer, char *why, size_t why_size)
{
    struct service_post post = {
        options->url, "Content-Type: audio/wav\r\nAccept: application/json\r\n", wav, size};

    return service_post(bounds, &post, answer, why, why_size);
}

static int ask(const struct asr_options *options, const void *wav, size_t size, struct text *answer,
               char *why, size_t why_size)
{
    struct engine_bounds bounds = {"语音识别", "结果", options->timeout_ms, ANSWER_MAX,
                                   options->stop};
    sigset_t before;
    int err = engine_hold_sigpipe(&before);

    if (err)
        return err;
    err = strcmp(options->engine, "http") == 0
              ? ask_http(options, &bounds, wav, size, answer, why, why_size)
              : ask_command(options, &bounds, wav, size, answer, why, why_size);
    engine_release_sigpipe(&before);
    return err;
}

bool asr_is_configured(const struct asr_options *options)
{
    return options->engine[0] != 0;
}

int asr_recognise(const struct asr_options *options, const void *wav, size_t size,
                  struct asr_result *ret_result, char *why, size_t why_size)
{
    struct text answer = {0};
    int err;

    snprintf(why, why_size, "内存不足");
    err = ask(options, wav, size, &answer, why, why_size);
    if (!err && answer.failed)
        err = -ENOMEM;
    if (!err)
        err = asr_read_answer(answer.data ? answer.data : "", answer.length, ret_result, why,
                              why_size);
    text_done(&answer);
    if (err)
        return err;
    if (!ret_result->engine[0] && strcmp(options->engine, "http") == 0)
        (void)service_host(options->url, ret_result->engine, sizeof(ret_result->engine));
    why[0] = 0;
    return 0;
}
