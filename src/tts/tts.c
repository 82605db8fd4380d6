/* The door: normalise, let an engine speak, make it fit for a telephone, put it in place. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tts/engine.h"
#include "tts/wave.h"

int tts_timeout_ms = 60000;

static int engine_espeak(const struct tts_options *options, const struct tts_request *request,
                         const char *text, struct text *wav, char *why, size_t why_size)
{
    char speed[8];
    int words = 150 * (request->speed > 0 ? request->speed : 100) / 100;
    const char *voice = request->voice && request->voice[0] ? request->voice : "cmn-latn-pinyin";
    const char *const argv[] = {"espeak-ng", "-v",       voice, "-s", speed,
                                "--stdin",   "--stdout", "-b",  "1",  NULL};

    (void)options;
    snprintf(speed, sizeof(speed), "%d", words < 80 ? 80 : words > 400 ? 400 : words);
    return program_speak(argv, text, wav, why, why_size);
}

/* The operator's own command line, from the configuration file: a shell may read it. */
static int engine_command(const struct tts_options *options, const struct tts_request *request,
                          const char *text, struct text *wav, char *why, size_t why_size)
{
    const char *const argv[] = {"/bin/sh", "-c", options->command, NULL};

    (void)request;
    return program_speak(argv, text, wav, why, why_size);
}

static int engine_http(const struct tts_options *options, const struct tts_request *request,
                       const char *text, struct text *wav, char *why, size_t why_size)
{
    (void)request;
    return service_speak(options->url, text, wav, why, why_size);
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

/* Engines hang up when they like: a broken pipe is an error here, not the end of the process. */
static int speak_without_sigpipe(const struct tts_options *options,
                                 const struct tts_request *request, const char *text,
                                 struct text *wav, char *why, size_t why_size)
{
    static const struct timespec at_once;
    sigset_t pipe_signal, before;
    int err;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    err = -pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    if (err)
        return err;
    err = speak(options, request, text, wav, why, why_size);
    if (!sigismember(&before, SIGPIPE)) {
        while (sigtimedwait(&pipe_signal, NULL, &at_once) == SIGPIPE)
            ;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return err;
}

/* An upload stays as it was made: a pause in it may be meant. */
static int put_in_place(const char *giver, bool trim, const uint8_t *wav, size_t size,
                        const char *path, char *why, size_t why_size)
{
    int16_t *samples = NULL;
    size_t count = 0;
    int err = wave_to_phone(giver, wav, size, &samples, &count, why, why_size);

    if (!err) {
        if (trim)
            wave_trim(samples, &count);
        err = wave_write(path, samples, count);
        if (err)
            snprintf(why, why_size, "无法写入 %s:%s", path, strerror(-err));
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
        err = put_in_place("语音合成引擎给出的", true, (const uint8_t *)wav.data, wav.length,
                           request->path, why, why_size);
    if (!err)
        why[0] = 0;
    free(text);
    text_done(&wav);
    return err;
}

int tts_adopt(const void *wav, size_t size, const char *path, char *why, size_t why_size)
{
    int err;

    snprintf(why, why_size, "内存不足");
    err = put_in_place("上传的文件", false, wav, size, path, why, why_size);
    if (!err)
        why[0] = 0;
    return err;
}
