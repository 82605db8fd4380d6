/* MP3 by libmpg123, from memory to memory. What comes may be hostile: the decoder is told to write
 * nothing, to skip tags, and is stopped at ten minutes of sound (a few bytes may claim hours). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpg123.h>

#include "speech/mp3.h"

#define MAX_SECONDS 600
#define CHUNK       16384 /* samples decoded at a time */

struct decoding {
    mpg123_handle *handle;
    int16_t *samples;
    size_t count, room;
    long rate; /* 0 = not known yet */
};

bool mp3_is_one(const uint8_t *data, size_t size)
{
    return size >= 4 &&
           (memcmp(data, "ID3", 3) == 0 || (data[0] == 0xFF && (data[1] & 0xE0) == 0xE0));
}

/* Mono, 16 bit, at the rate of the file: wave.c does the rest. */
static bool configure(mpg123_handle *handle)
{
    const long *rates = NULL;
    size_t count = 0;

    mpg123_rates(&rates, &count);
    if (mpg123_param(handle, MPG123_ADD_FLAGS,
                     MPG123_QUIET | MPG123_MONO_MIX | MPG123_SKIP_ID3V2 | MPG123_NO_PEEK_END,
                     0) != MPG123_OK ||
        mpg123_format_none(handle) != MPG123_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        if (mpg123_format(handle, rates[i], MPG123_MONO, MPG123_ENC_SIGNED_16) != MPG123_OK)
            return false;
    return mpg123_open_feed(handle) == MPG123_OK;
}

static bool make_room(struct decoding *d)
{
    size_t room = d->room ? 2 * d->room : 8 * (size_t)CHUNK;
    int16_t *more = d->count + CHUNK <= d->room ? d->samples : NULL;

    if (more)
        return true;
    more = realloc(d->samples, room * sizeof(*more));
    if (!more)
        return false;
    d->samples = more;
    d->room = room;
    return true;
}

/* One rate from the first frame to the last: files that change it are put together by accident. */
static int take_format(struct decoding *d)
{
    int channels, encoding;
    long rate;

    if (mpg123_getformat(d->handle, &rate, &channels, &encoding) != MPG123_OK || channels != 1 ||
        encoding != MPG123_ENC_SIGNED_16 || rate < 8000 || rate > 48000 ||
        (d->rate && d->rate != rate))
        return -EINVAL;
    d->rate = rate;
    return 0;
}

/* 1 = there may be more, 0 = that was all, or a negative errno. */
static int decode_some(struct decoding *d)
{
    size_t bytes = 0;
    int result;

    if (!make_room(d))
        return -ENOMEM;
    result = mpg123_read(d->handle, (unsigned char *)(d->samples + d->count),
                         CHUNK * sizeof(*d->samples), &bytes);
    d->count += bytes / sizeof(*d->samples);
    if (d->rate && d->count > (size_t)d->rate * MAX_SECONDS)
        return -EFBIG;
    if (result == MPG123_NEW_FORMAT)
        return take_format(d) ? -EINVAL : 1;
    if (result == MPG123_OK)
        return 1;
    return result == MPG123_NEED_MORE || result == MPG123_DONE ? 0 : -EINVAL;
}

static int decode(struct decoding *d, const uint8_t *mp3, size_t size)
{
    int more = configure(d->handle) && mpg123_feed(d->handle, mp3, size) == MPG123_OK ? 1 : -ENOMEM;

    while (more > 0)
        more = decode_some(d);
    return more ? more : d->rate && d->count ? 0 : -EINVAL;
}

int mp3_decode(const uint8_t *mp3, size_t size, int16_t **ret_samples, size_t *ret_count,
               unsigned *ret_rate, char *why, size_t why_size)
{
    struct decoding d = {.handle = mpg123_new(NULL, NULL)};
    int err = d.handle ? decode(&d, mp3, size) : -ENOMEM;

    mpg123_delete(d.handle);
    *ret_samples = NULL;
    if (err) {
        free(d.samples);
        if (err == -EFBIG)
            snprintf(why, why_size, "上传的 MP3 太长（最多 %d 分钟）", MAX_SECONDS / 60);
        else if (err == -EINVAL)
            snprintf(why, why_size, "上传的文件不是完好的 MP3（%zu 字节）", size);
        return err == -EFBIG ? -EINVAL : err;
    }
    *ret_samples = d.samples;
    *ret_count = d.count;
    *ret_rate = (unsigned)d.rate;
    return 0;
}
