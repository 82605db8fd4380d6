/* WAV (RIFF) reading and writing, and the resampler. */
#include "media/wav.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"

enum {
    OUT_RATE = 8000,
    RATE_MIN = 4000,
    RATE_MAX = 192000,
    SINC_ZEROS = 16, /* zero crossings to each side */
    SINC_STEPS = 256 /* table entries between two zero crossings */
};

static unsigned le16(const uint8_t *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static void put_le16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void put_le32(uint8_t *p, uint32_t value)
{
    put_le16(p, value & 0xFFFF);
    put_le16(p + 2, value >> 16);
}

static int refuse(const char *reason, char *why, size_t why_size)
{
    if (why && why_size)
        (void)snprintf(why, why_size, "%s", reason);
    return -EINVAL;
}

/* --- reading -------------------------------------------------------------------------------- */

static int parse_format(const uint8_t *chunk, uint32_t size, struct wav *wav, char *why,
                        size_t why_size)
{
    if (size < 16)
        return refuse("WAV 文件的格式块太短", why, why_size);
    wav->format = le16(chunk);
    wav->channels = le16(chunk + 2);
    wav->rate = le32(chunk + 4);
    wav->bits = le16(chunk + 14);
    if (wav->format == WAV_EXTENSIBLE && size >= 26)
        wav->format = le16(chunk + 24);
    if (wav->format != WAV_PCM && wav->format != WAV_ALAW && wav->format != WAV_ULAW)
        return refuse("只支持 PCM、A 律或 μ 律编码的 WAV 文件", why, why_size);
    if (wav->channels < 1 || wav->channels > 2)
        return refuse("只支持单声道或双声道的 WAV 文件", why, why_size);
    if (wav->rate < RATE_MIN || wav->rate > RATE_MAX)
        return refuse("WAV 文件的采样率须在 4000 至 192000 赫兹之间", why, why_size);
    if (wav->bits != 8 && !(wav->format == WAV_PCM && wav->bits == 16))
        return refuse("只支持 8 位或 16 位的 WAV 文件", why, why_size);
    if (le16(chunk + 12) != wav->channels * wav->bits / 8)
        return refuse("WAV 文件头自相矛盾", why, why_size);
    return 0;
}

int wav_parse(const uint8_t *bytes, size_t size, struct wav *ret_wav, char *why, size_t why_size)
{
    struct wav wav = {0};
    size_t at = 12;

    if (size < 12 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
        return refuse("不是 WAV 文件", why, why_size);
    while (size - at >= 8) {
        const uint8_t *chunk = bytes + at + 8;
        uint32_t stated = le32(bytes + at + 4);
        size_t there = size - at - 8;
        size_t length = stated < there ? stated : there;

        if (memcmp(bytes + at, "data", 4) == 0) {
            if (wav.format == 0)
                return refuse("WAV 文件缺少格式块", why, why_size);
            wav.data = chunk;
            wav.frames = length / (wav.channels * wav.bits / 8);
            if (wav.frames == 0)
                break;
            *ret_wav = wav;
            return 0;
        }
        if (stated > there)
            return refuse("WAV 文件不完整", why, why_size);
        if (memcmp(bytes + at, "fmt ", 4) == 0) {
            int r = parse_format(chunk, stated, &wav, why, why_size);
            if (r < 0)
                return r;
        }
        at += 8 + length;
        at += length & 1 && at < size; /* chunks are padded to even lengths */
    }
    return refuse("WAV 文件里没有声音", why, why_size);
}

/* --- resampling ----------------------------------------------------------------------------- */

static float sample_of(const struct wav *wav, size_t frame, unsigned channel)
{
    size_t index = frame * wav->channels + channel;

    if (wav->format == WAV_ALAW)
        return g711_alaw_table[wav->data[index]];
    if (wav->format == WAV_ULAW)
        return g711_ulaw_table[wav->data[index]];
    if (wav->bits == 8)
        return (float)((wav->data[index] - 128) * 256);
    return (int16_t)le16(wav->data + index * 2);
}

static float *to_mono(const struct wav *wav)
{
    float *mono = malloc(wav->frames * sizeof(*mono));

    for (size_t i = 0; mono && i < wav->frames; i++) {
        mono[i] = sample_of(wav, i, 0);
        if (wav->channels == 2)
            mono[i] = (mono[i] + sample_of(wav, i, 1)) / 2;
    }
    return mono;
}

/* One side of a sinc under a Hann window, at SINC_STEPS points per zero crossing. */
static float *sinc_table(void)
{
    size_t count = SINC_ZEROS * SINC_STEPS + 2;
    float *table = malloc(count * sizeof(*table));

    for (size_t i = 0; table && i < count; i++) {
        double x = (double)i / SINC_STEPS;
        double window = x < SINC_ZEROS ? 0.5 + 0.5 * cos(M_PI * x / SINC_ZEROS) : 0;
        table[i] = (float)(i == 0 ? 1 : sin(M_PI * x) / (M_PI * x) * window);
    }
    return table;
}

/* The band-limited value at input position `at`; cutoff is relative to the input's Nyquist. The
 * taps are normalised by their sum, so that a constant stays what it is. */
static float value_at(const float *mono, size_t frames, const float *table, double at,
                      double cutoff)
{
    double reach = SINC_ZEROS / cutoff;
    size_t first = at > reach ? (size_t)ceil(at - reach) : 0;
    double sum = 0, weights = 0;

    for (size_t i = first; i < frames && (double)i <= at + reach; i++) {
        double x = fabs((double)i - at) * cutoff * SINC_STEPS;
        size_t slot = (size_t)x;
        if (slot > SINC_ZEROS * SINC_STEPS)
            continue;
        double weight = table[slot] + (table[slot + 1] - table[slot]) * (x - (double)slot);
        sum += weight * mono[i];
        weights += weight;
    }
    return weights > 0.01 ? (float)(sum / weights) : 0;
}

static uint8_t encode(float value)
{
    if (value > 32767)
        value = 32767;
    if (value < -32768)
        value = -32768;
    return g711_alaw_encode((int16_t)lrintf(value));
}

int wav_to_alaw(const struct wav *wav, uint8_t **ret_codes, size_t *ret_count)
{
    size_t count = (size_t)((uint64_t)wav->frames * OUT_RATE / wav->rate);
    double cutoff = wav->rate > OUT_RATE ? 0.95 * OUT_RATE / wav->rate : 1;
    float *mono = NULL, *table = NULL;
    uint8_t *codes = NULL;
    int r = -ENOMEM;

    if (count == 0)
        count = 1;
    mono = to_mono(wav);
    table = sinc_table();
    codes = malloc(count);
    if (!mono || !table || !codes)
        goto out;
    for (size_t i = 0; i < count; i++)
        codes[i] =
            encode(wav->rate == OUT_RATE ? mono[i]
                                         : value_at(mono, wav->frames, table,
                                                    (double)i * wav->rate / OUT_RATE, cutoff));
    *ret_codes = codes;
    *ret_count = count;
    codes = NULL;
    r = 0;
out:
    free(codes);
    free(table);
    free(mono);
    return r;
}

/* --- writing -------------------------------------------------------------------------------- */

void wav_stereo_header(uint64_t data_bytes, uint8_t out[WAV_STEREO_HEADER])
{
    uint32_t data = data_bytes > UINT32_MAX - WAV_STEREO_HEADER
                        ? UINT32_MAX - WAV_STEREO_HEADER /* three days: players go by file size */
                        : (uint32_t)data_bytes;

    memcpy(out, "RIFF", 4);
    put_le32(out + 4, WAV_STEREO_HEADER - 8 + data);
    memcpy(out + 8, "WAVEfmt ", 8);
    put_le32(out + 16, 18);
    put_le16(out + 20, WAV_ALAW);
    put_le16(out + 22, 2);
    put_le32(out + 24, OUT_RATE);
    put_le32(out + 28, OUT_RATE * 2); /* bytes per second */
    put_le16(out + 32, 2);            /* bytes per frame */
    put_le16(out + 34, 8);
    put_le16(out + 36, 0); /* no extension */
    memcpy(out + 38, "fact", 4);
    put_le32(out + 42, 4);
    put_le32(out + 46, data / 2);
    memcpy(out + 50, "data", 4);
    put_le32(out + 54, data);
}
