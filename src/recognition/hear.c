/* One recording is heard: its file as WAV, to the engine, and what that says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/recorded.h>
#include <hotlined/text.h>

#include "recognition/room.h"

/* The caller's side alone: 8 kHz, mono. The whole of it, or nothing. */
static int read_wav(const struct recorded *recorded, char **ret_wav, size_t *ret_size)
{
    uint64_t size = recorded_wav_size(recorded, RECORDED_LEFT), at = 0;
    char *wav;

    if (size > ASR_MAX_WAV)
        return -EFBIG;
    wav = malloc((size_t)size);
    if (!wav)
        return -ENOMEM;
    while (at < size) {
        ssize_t n = recorded_wav_read(recorded, RECORDED_LEFT, at, wav + at, (size_t)(size - at));
        if (n <= 0) {
            free(wav);
            return n < 0 ? (int)n : -EIO;
        }
        at += (uint64_t)n;
    }
    *ret_wav = wav;
    *ret_size = (size_t)size;
    return 0;
}

static void fail_file(struct hearing *hearing, int err)
{
    hearing->err = err;
    hearing->for_good = err == -ENOENT || err == -EPERM || err == -EISDIR || err == -EFBIG;
    if (err == -ENOENT)
        snprintf(hearing->why, sizeof(hearing->why), "录音文件不在");
    else if (err == -EFBIG)
        snprintf(hearing->why, sizeof(hearing->why), "录音太长，不能识别（超过 %u MB）",
                 ASR_MAX_WAV >> 20);
    else
        snprintf(hearing->why, sizeof(hearing->why), "录音文件不能读：%s", strerror(-err));
}

/* It may have been cut within a character. */
static void keep_utf8(char *text)
{
    size_t length = strlen(text);

    while (!text_is_utf8(text, length))
        length--;
    text[length] = 0;
}

void hear(struct hearing *hearing)
{
    struct recorded recorded;
    char *wav = NULL;
    size_t size = 0;
    int err = recorded_open(hearing->dir, hearing->path, &recorded);

    if (!err) {
        err = read_wav(&recorded, &wav, &size);
        recorded_close(&recorded);
    }
    if (err) {
        fail_file(hearing, err);
        return;
    }
    hearing->err = asr_recognise(hearing->engine, wav, size, &hearing->result, hearing->why,
                                 sizeof(hearing->why));
    keep_utf8(hearing->why);
    free(wav);
}

void hearing_done(struct hearing *hearing)
{
    asr_result_done(&hearing->result);
    free(hearing->path);
    hearing->path = NULL;
}
