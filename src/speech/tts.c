/* The door: normalise, let an engine speak, make it fit for a telephone, put it in place. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/tts.h>

#include "speech/engine.h"
#include "speech/mp3.h"
#include "speech/wave.h"

#define TTS_MAX_WAV (64u << 20)
#define VOICE_SIZE  64

int tts_timeout_ms = 60000;

struct tts_voice_text { /* one of the configuration's list */
    char code[VOICE_SIZE], name[VOICE_SIZE];
};

/* --- engines -------------------------------------------------------------------------------- */

/* espeak-ng's own; "+f2" and so on are its variants of a voice. */
static const struct tts_voice espeak_voices[] = {
    {"cmn-latn-pinyin", "普通话（男声）"},
    {"cmn-latn-pinyin+f2", "普通话（女声）"},
    {"cmn-latn-pinyin+f5", "普通话（女声，明亮）"},
    {"cmn-latn-pinyin+m7", "普通话（男声，低沉）"},
    {"yue", "粤语（男声）"},
    {"yue+f2", "粤语（女声）"},
};

static struct engine_bounds bounds_of(const struct tts_options *options)
{
    return (struct engine_bounds){"语音合成", "语音", tts_timeout_ms, TTS_MAX_WAV, options->stop};
}

static int program_speak(const struct tts_options *options, const char *const argv[],
                         const char *text, struct text *wav, char *why, size_t why_size)
{
    struct engine_bounds bounds = bounds_of(options);
    struct program_talk talk = {argv, argv[0], text, strlen(text)};

    return program_talk(&bounds, &talk, wav, why, why_size);
}

static int engine_espeak(const struct tts_options *options, const struct tts_request *request,
                         const char *text, struct text *wav, char *why, size_t why_size)
{
    char speed[8];
    int words = 150 * (request->speed > 0 ? request->speed : 100) / 100;
    const char *voice = request->voice && request->voice[0] ? request->voice : "cmn-latn-pinyin";
    const char *const argv[] = {"espeak-ng", "-v",       voice, "-s", speed,
                                "--stdin",   "--stdout", "-b",  "1",  NULL};

    snprintf(speed, sizeof(speed), "%d", words < 80 ? 80 : words > 400 ? 400 : words);
    return program_speak(options, argv, text, wav, why, why_size);
}

/* The operator's own command line, from the configuration file: a shell may read it. It finds voice
 * and speed as $1 and $2. */
static int engine_command(const struct tts_options *options, const struct tts_request *request,
                          const char *text, struct text *wav, char *why, size_t why_size)
{
    const char *voice = request->voice ? request->voice : "";
    char speed[12];
    const char *const argv[] = {"/bin/sh", "-c", options->command, "hotlined", voice, speed, NULL};

    snprintf(speed, sizeof(speed), "%d", request->speed);
    return program_speak(options, argv, text, wav, why, why_size);
}

/* A voice is one of the configuration's list, but a line end in it would be a header of its own. */
static const char *header_value(const char *voice)
{
    return voice && !strpbrk(voice, "\r\n") ? voice : "";
}

static int engine_http(const struct tts_options *options, const struct tts_request *request,
                       const char *text, struct text *wav, char *why, size_t why_size)
{
    struct engine_bounds bounds = bounds_of(options);
    struct text headers = {0};
    int err;

    text_addf(&headers, "Content-Type: text/plain; charset=utf-8\r\nX-Voice: %s\r\nX-Speed: %d\r\n",
              header_value(request->voice), request->speed);
    err = headers.failed
              ? -ENOMEM
              : service_post(&bounds,
                             &(struct service_post){options->url, headers.data, text, strlen(text)},
                             wav, why, why_size);
    text_done(&headers);
    return err;
}

static const struct {
    const char *name;
    int (*speak)(const struct tts_options *options, const struct tts_request *request,
                 const char *text, struct text *wav, char *why, size_t why_size);
} engines[] = {{"espeak", engine_espeak}, {"command", engine_command}, {"http", engine_http}};

static int speak(const struct tts_options *options, const struct tts_request *request,
                 const char *text, struct text *wav, char *why, size_t why_size)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
        if (strcmp(options->engine, engines[i].name) == 0)
            return engines[i].speak(options, request, text, wav, why, why_size);
    snprintf(why, why_size, "没有名为“%s”的语音合成引擎", options->engine);
    return -EINVAL;
}

static int speak_without_sigpipe(const struct tts_options *options,
                                 const struct tts_request *request, const char *text,
                                 struct text *wav, char *why, size_t why_size)
{
    sigset_t before;
    int err = engine_hold_sigpipe(&before);

    if (err)
        return err;
    err = speak(options, request, text, wav, why, why_size);
    engine_release_sigpipe(&before);
    return err;
}

/* --- voices --------------------------------------------------------------------------------- */

/* The next "code:name" of a list separated by commas; returns what follows it, NULL = no more. */
static const char *next_voice(const char *list, struct tts_voice_text *voice)
{
    size_t length = strcspn(list, ","), code;

    if (!*list)
        return NULL;
    code = strcspn(list, ":,");
    snprintf(voice->code, sizeof(voice->code), "%.*s", (int)code, list);
    if (code < length)
        snprintf(voice->name, sizeof(voice->name), "%.*s", (int)(length - code - 1),
                 list + code + 1);
    else
        snprintf(voice->name, sizeof(voice->name), "%s", voice->code);
    return list + length + (list[length] == ',');
}

void tts_voices(const struct tts_options *options,
                void (*each)(const struct tts_voice *voice, void *arg), void *arg)
{
    struct tts_voice_text text;
    const char *list = options->voices ? options->voices : "";

    if (!*list && strcmp(options->engine, "espeak") == 0) {
        for (size_t i = 0; i < sizeof(espeak_voices) / sizeof(espeak_voices[0]); i++)
            each(&espeak_voices[i], arg);
        return;
    }
    while ((list = next_voice(list, &text)))
        each(&(struct tts_voice){text.code, text.name}, arg);
}

struct looking {
    const char *code;
    bool found;
};

static void compare_voice(const struct tts_voice *voice, void *arg)
{
    struct looking *looking = arg;

    looking->found |= strcmp(voice->code, looking->code) == 0;
}

bool tts_has_voice(const struct tts_options *options, const char *code)
{
    struct looking looking = {code, !*code};

    tts_voices(options, compare_voice, &looking);
    return looking.found;
}

/* --- the door ------------------------------------------------------------------------------- */

static int write_sound(const char *path, const int16_t *samples, size_t count, char *why,
                       size_t why_size)
{
    int err = wave_write(path, samples, count);

    if (err)
        snprintf(why, why_size, "无法写入 %s：%s", path, strerror(-err));
    return err;
}

static int put_speech(const uint8_t *wav, size_t size, const char *path, char *why, size_t why_size)
{
    int16_t *samples = NULL;
    size_t count = 0;
    int err = wave_to_phone("语音合成引擎给出的", wav, size, &samples, &count, why, why_size);

    if (!err) {
        wave_trim(samples, &count);
        err = write_sound(path, samples, count, why, why_size);
    }
    free(samples);
    return err;
}

int tts_render(const struct tts_options *options, const struct tts_request *request, char *why,
               size_t why_size)
{
    char *text = tts_normalise(request->text);
    struct text wav = {0};
    int err;

    snprintf(why, why_size, "内存不足");
    err = text ? speak_without_sigpipe(options, request, text, &wav, why, why_size) : -ENOMEM;
    if (!err && wav.failed)
        err = -ENOMEM;
    if (!err)
        err = put_speech((const uint8_t *)wav.data, wav.length, request->path, why, why_size);
    if (!err)
        why[0] = 0;
    free(text);
    text_done(&wav);
    return err;
}

static int mp3_to_phone(const uint8_t *mp3, size_t size, int16_t **ret_samples, size_t *ret_count,
                        char *why, size_t why_size)
{
    int16_t *decoded = NULL;
    size_t frames = 0;
    unsigned rate = 0;
    int err = mp3_decode(mp3, size, &decoded, &frames, &rate, why, why_size);

    *ret_samples = NULL;
    if (!err)
        err = wave_samples_to_phone("上传的文件", decoded, frames, rate, ret_samples, ret_count,
                                    why, why_size);
    free(decoded);
    return err;
}

/* An upload stays as it was made: a pause in it may be meant. */
int tts_adopt(const void *sound, size_t size, const char *path, char *why, size_t why_size)
{
    int16_t *samples = NULL;
    size_t count = 0;
    int err;

    snprintf(why, why_size, "内存不足");
    err = mp3_is_one(sound, size)
              ? mp3_to_phone(sound, size, &samples, &count, why, why_size)
              : wave_to_phone("上传的文件", sound, size, &samples, &count, why, why_size);
    if (!err)
        err = write_sound(path, samples, count, why, why_size);
    if (!err)
        why[0] = 0;
    free(samples);
    return err;
}
