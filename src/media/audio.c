/* Immutable audio shared by all calls. */
#include "media/audio.h"

#include <errno.h>
#include <fcntl.h>
#include <hotlined/media.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/g711.h"
#include "media/wav.h"

#define TONE_PEAK 5130 /* -16 dBm0; +3.14 dBm0 is full scale (G.711 5) */

int media_audio_from_alaw(const uint8_t *samples, size_t count, struct media_audio **ret_audio)
{
    struct media_audio *audio = malloc(sizeof(*audio) + count);

    if (!audio)
        return -ENOMEM;
    atomic_init(&audio->refs, 1);
    audio->count = count;
    if (count)
        memcpy(audio->codes, samples, count);
    *ret_audio = audio;
    return 0;
}

int media_audio_tone(int hz, int on_ms, int off_ms, struct media_audio **ret_audio)
{
    size_t on = (size_t)on_ms * 8, count = on + (size_t)off_ms * 8;
    struct media_audio *audio = malloc(sizeof(*audio) + count);

    if (!audio)
        return -ENOMEM;
    atomic_init(&audio->refs, 1);
    audio->count = count;
    for (size_t i = 0; i < on; i++)
        audio->codes[i] =
            g711_alaw_encode((int16_t)(TONE_PEAK * sin(2 * M_PI * hz * (double)i / 8000)));
    memset(audio->codes + on, G711_ALAW_SILENCE, count - on);
    *ret_audio = audio;
    return 0;
}

struct media_audio *media_audio_ref(struct media_audio *audio)
{
    if (audio)
        atomic_fetch_add_explicit(&audio->refs, 1, memory_order_relaxed);
    return audio;
}

void media_audio_unref(struct media_audio *audio)
{
    if (audio && atomic_fetch_sub_explicit(&audio->refs, 1, memory_order_acq_rel) == 1)
        free(audio);
}

int64_t media_audio_length_ms(const struct media_audio *audio)
{
    return (int64_t)(audio->count / 8);
}

static int read_whole(int fd, size_t size, uint8_t **ret_bytes)
{
    uint8_t *bytes = malloc(size ? size : 1);
    size_t have = 0;
    int r = 0;

    if (!bytes)
        return -ENOMEM;
    while (have < size && r == 0) {
        ssize_t n = read(fd, bytes + have, size - have);
        if (n < 0 && errno != EINTR)
            r = -errno;
        else if (n == 0)
            r = -EIO; /* shrank while we read it */
        else if (n > 0)
            have += (size_t)n;
    }
    if (r == 0)
        *ret_bytes = bytes;
    else
        free(bytes);
    return r;
}

int media_audio_load(const char *path, struct media_audio **ret_audio, char *why, size_t why_size)
{
    uint8_t *bytes = NULL, *codes = NULL;
    size_t count = 0;
    struct stat st;
    struct wav wav;
    int r;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0) {
        r = -errno;
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > WAV_MAX_BYTES) {
        if (why && why_size)
            (void)snprintf(why, why_size, "音频文件不是普通文件或超过 256 兆字节");
        r = -EINVAL;
        goto out;
    }
    r = read_whole(fd, (size_t)st.st_size, &bytes);
    if (r == 0)
        r = wav_parse(bytes, (size_t)st.st_size, &wav, why, why_size);
    if (r == 0)
        r = wav_to_alaw(&wav, &codes, &count);
    if (r == 0)
        r = media_audio_from_alaw(codes, count, ret_audio);
out:
    free(codes);
    free(bytes);
    (void)close(fd);
    return r;
}
