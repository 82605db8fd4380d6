/* What engines give and people upload, as 8 kHz mono. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "speech/wave.h"

#define PHONE_RATE   8000
#define HALF_TAPS    24
#define PEAK         23197.0 /* -3 dB */
#define SILENCE      33.0    /* -60 dB: nobody would hear it */
#define AUDIBLE      164     /* -46 dB, for a peak at -3 dB: where a word begins */
#define LEAD_SAMPLES (PHONE_RATE * 5 / 1000)
#define TAIL_SAMPLES (PHONE_RATE * 100 / 1000)

enum { PCM = 1, ALAW = 6, ULAW = 7, EXTENSIBLE = 0xFFFE };

struct source {
    const uint8_t *data;
    size_t frames;
    unsigned format, rate, channels, bytes; /* bytes of one sample */
};

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned le16(const uint8_t *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static bool parse_format(const uint8_t *chunk, size_t length, struct source *src)
{
    unsigned bits = le16(chunk + 14);

    src->format = le16(chunk);
    if (src->format == EXTENSIBLE && length >= 26)
        src->format = le16(chunk + 24); /* the first bytes of the GUID */
    src->channels = le16(chunk + 2);
    src->rate = le32(chunk + 4);
    src->bytes = bits / 8;
    return ((src->format == PCM && bits == 16) ||
            ((src->format == ALAW || src->format == ULAW) && bits == 8)) &&
           src->channels >= 1 && src->channels <= 2 && src->rate >= 8000 && src->rate <= 48000;
}

/* espeak-ng on a pipe writes lengths it cannot know as 0x7ffff000 or 0: cut to what is there. */
static bool parse(const uint8_t *wav, size_t size, struct source *src)
{
    size_t at = 12;
    bool format = false;

    memset(src, 0, sizeof(*src));
    if (size < 44 || memcmp(wav, "RIFF", 4) != 0 || memcmp(wav + 8, "WAVE", 4) != 0)
        return false;
    while (at + 8 <= size) {
        uint32_t length = le32(wav + at + 4);
        size_t left = size - at - 8;
        if (memcmp(wav + at, "fmt ", 4) == 0 && length >= 16 && left >= 16) {
            format = parse_format(wav + at + 8, left < length ? left : length, src);
        } else if (memcmp(wav + at, "data", 4) == 0) {
            size_t bytes = length && length <= left ? length : left;
            src->data = wav + at + 8;
            src->frames = format ? bytes / (src->bytes * src->channels) : 0;
            return src->frames > 0;
        }
        if (length > left)
            return false;
        at += 8 + length + (length & 1);
    }
    return false;
}

/* G.711, decoded by the book: sign, three bits of exponent, four of mantissa. */
static int of_alaw(unsigned code)
{
    unsigned exponent, value;

    code ^= 0x55;
    exponent = code >> 4 & 7;
    value = (code & 15) << 4;
    value = exponent ? (value + 0x108) << (exponent - 1) : value + 8;
    return code & 0x80 ? (int)value : -(int)value;
}

static int of_ulaw(unsigned code)
{
    unsigned value;

    code = ~code;
    value = ((((code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84;
    return code & 0x80 ? -(int)value : (int)value;
}

static int sample(const struct source *src, size_t index)
{
    const uint8_t *at = src->data + index * src->bytes;

    return src->format == PCM    ? (int16_t)le16(at)
           : src->format == ALAW ? of_alaw(*at)
                                 : of_ulaw(*at);
}

static double frame(const struct source *src, int64_t at)
{
    double sum = 0;

    if (at < 0 || at >= (int64_t)src->frames)
        return 0;
    for (unsigned c = 0; c < src->channels; c++)
        sum += sample(src, (size_t)at * src->channels + c);
    return sum / src->channels;
}

/* Windowed sinc between input samples, cut off at half of the lower rate. Output positions repeat
 * after a few steps (160 of them from 22,050 Hz), so the weights are made once for each. */
struct resampler {
    unsigned phases, taps;
    int64_t before;  /* input samples left of the position */
    double *weights; /* [phases][taps] */
};

static unsigned common_divisor(unsigned a, unsigned b)
{
    return b ? common_divisor(b, a % b) : a;
}

static int resampler_init(struct resampler *r, unsigned rate)
{
    double cutoff = rate > PHONE_RATE ? 0.94 * PHONE_RATE / rate : 1, half = HALF_TAPS / cutoff;

    r->phases = PHONE_RATE / common_divisor(rate, PHONE_RATE);
    r->before = (int64_t)half;
    r->taps = 2 * (unsigned)r->before + 2;
    r->weights = malloc(sizeof(double) * r->phases * r->taps);
    if (!r->weights)
        return -ENOMEM;
    for (unsigned phase = 0; phase < r->phases; phase++)
        for (unsigned tap = 0; tap < r->taps; tap++) {
            double at = (double)((uint64_t)phase * rate % PHONE_RATE) / PHONE_RATE;
            double x = at - ((double)tap - (double)r->before), t = M_PI * x * cutoff;
            double window = fabs(x) < half ? 0.5 + 0.5 * cos(M_PI * x / half) : 0;
            r->weights[phase * r->taps + tap] = window * cutoff * (fabs(t) < 1e-9 ? 1 : sin(t) / t);
        }
    return 0;
}

static double sample_at(const struct resampler *r, const struct source *src, uint64_t at)
{
    const double *weights = r->weights + at % r->phases * r->taps;
    int64_t first = (int64_t)(at * src->rate / PHONE_RATE) - r->before;
    double sum = 0;

    for (unsigned tap = 0; tap < r->taps; tap++)
        sum += frame(src, first + tap) * weights[tap];
    return sum;
}

static double resample(const struct resampler *r, const struct source *src, double *values,
                       size_t count)
{
    double peak = 0;

    for (size_t i = 0; i < count; i++) {
        values[i] = sample_at(r, src, i);
        peak = fabs(values[i]) > peak ? fabs(values[i]) : peak;
    }
    return peak;
}

static int to_phone(const char *giver, const struct source *src, int16_t **ret_samples,
                    size_t *ret_count, char *why, size_t why_size)
{
    struct resampler resampler = {0};
    double *values = NULL, peak = 0;
    size_t count = (size_t)((uint64_t)src->frames * PHONE_RATE / src->rate);
    int err = -ENOMEM;

    values = calloc(count + 1, sizeof(*values));
    if (values && resampler_init(&resampler, src->rate) == 0) {
        peak = resample(&resampler, src, values, count);
        *ret_samples = peak >= SILENCE ? calloc(count + 1, sizeof(**ret_samples)) : NULL;
        err = peak < SILENCE ? -EINVAL : *ret_samples ? 0 : -ENOMEM;
    }
    if (err == -EINVAL)
        snprintf(why, why_size, "%s是静音", giver);
    for (size_t i = 0; !err && i < count; i++)
        (*ret_samples)[i] = (int16_t)lrint(values[i] * (PEAK / peak));
    free(resampler.weights);
    free(values);
    *ret_count = count;
    return err;
}

int wave_to_phone(const char *giver, const uint8_t *wav, size_t size, int16_t **ret_samples,
                  size_t *ret_count, char *why, size_t why_size)
{
    struct source src;

    *ret_samples = NULL;
    if (parse(wav, size, &src))
        return to_phone(giver, &src, ret_samples, ret_count, why, why_size);
    snprintf(
        why, why_size,
        "%s不是 16 位 PCM 的 WAV（%zu 字节），也不是 A 律、μ 律的（单声道或双声道，8 至 48 千赫）",
        giver, size);
    return -EINVAL;
}

int wave_samples_to_phone(const char *giver, const int16_t *samples, size_t frames, unsigned rate,
                          int16_t **ret_samples, size_t *ret_count, char *why, size_t why_size)
{
    struct source src = {(const uint8_t *)samples, frames, PCM, rate, 1, sizeof(*samples)};

    *ret_samples = NULL;
    return to_phone(giver, &src, ret_samples, ret_count, why, why_size);
}

void wave_trim(int16_t *samples, size_t *count)
{
    size_t from = 0, to = *count;

    while (from < to && abs(samples[from]) < AUDIBLE)
        from++;
    while (to > from && abs(samples[to - 1]) < AUDIBLE)
        to--;
    from = from > LEAD_SAMPLES ? from - LEAD_SAMPLES : 0;
    to = *count - to > TAIL_SAMPLES ? to + TAIL_SAMPLES : *count;
    memmove(samples, samples + from, (to - from) * sizeof(*samples));
    *count = to - from;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

int wave_write(const char *path, const int16_t *samples, size_t count)
{
    uint8_t header[44] = "RIFF....WAVEfmt ";
    char temporary[700];
    FILE *file;
    bool good;
    int err;

    put32(header + 4, (uint32_t)(36 + 2 * count));
    put32(header + 16, 16);
    put32(header + 20, 1 | 1u << 16); /* PCM, mono */
    put32(header + 24, PHONE_RATE);
    put32(header + 28, PHONE_RATE * 2);
    put32(header + 32, 2 | 16u << 16);
    memcpy(header + 36, "data", 4);
    put32(header + 40, (uint32_t)(2 * count));
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
        return -ENAMETOOLONG;
    file = fopen(temporary, "wb");
    if (!file)
        return -errno;
    good = fwrite(header, 1, sizeof(header), file) == sizeof(header) &&
           fwrite(samples, 2, count, file) == count && fflush(file) == 0 &&
           fsync(fileno(file)) == 0;
    err = good ? 0 : -errno;
    if (fclose(file) != 0 && !err)
        err = -errno;
    if (!err && rename(temporary, path))
        err = -errno;
    if (err)
        (void)remove(temporary);
    return err;
}
