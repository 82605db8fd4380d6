/* What we send, as samples: G.711 of both laws, WAV files, spoken text, tones. */
#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"

extern char **environ;

uint8_t alaw(int16_t pcm)
{
    int sign = pcm < 0 ? 0 : 0x80, value = pcm < 0 ? -(pcm + 1) : pcm, exponent = 7, code;

    for (int mask = 0x4000; !(value & mask) && exponent > 0; mask >>= 1)
        exponent--;
    code = exponent << 4 | (value >> (exponent ? exponent + 3 : 4) & 15);
    return (uint8_t)((sign | code) ^ 0x55);
}

int16_t from_alaw(uint8_t code)
{
    int exponent, value;

    code ^= 0x55;
    exponent = code >> 4 & 7;
    value = (code & 15) << 4 | 8;
    if (exponent)
        value = (value + 0x100) << (exponent - 1);
    return (int16_t)(code & 0x80 ? value : -value);
}

uint8_t ulaw(int16_t pcm)
{
    int sign = pcm < 0 ? 0x80 : 0, value = pcm < 0 ? -(pcm + 1) : pcm, exponent = 7;

    value = (value > 32635 ? 32635 : value) + 132;
    for (int mask = 0x4000; !(value & mask) && exponent > 0; mask >>= 1)
        exponent--;
    return (uint8_t) ~(sign | exponent << 4 | (value >> (exponent + 3) & 15));
}

int16_t from_ulaw(uint8_t code)
{
    int value;

    code = (uint8_t)~code;
    value = (((code & 15) << 3) + 132) << (code >> 4 & 7);
    return (int16_t)(code & 0x80 ? 132 - value : value - 132);
}

static uint32_t le32(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* 8 kHz PCM16 mono; anything else is said so. */
static void load_wav(const char *path, struct sound *sound)
{
    FILE *file = fopen(path, "rb");
    uint8_t head[12], chunk[8], format[16] = {0};

    if (!file || fread(head, 1, 12, file) != 12 || memcmp(head, "RIFF", 4) != 0)
        die(path);
    while (fread(chunk, 1, 8, file) == 8 && memcmp(chunk, "data", 4) != 0) {
        long size = (long)le32(chunk + 4), kept = 0;

        if (memcmp(chunk, "fmt ", 4) == 0 && size >= 16)
            kept = (long)fread(format, 1, 16, file);
        fseek(file, size - kept + (size & 1), SEEK_CUR);
    }
    if (format[0] != 1 || format[2] != 1 || le32(format + 4) != RATE || format[14] != 16) {
        fprintf(stderr, "caller: %s must be 8 kHz, 16 bit, mono PCM\n", path);
        exit(2);
    }
    sound->samples = malloc(le32(chunk + 4) + 2);
    if (!sound->samples)
        die("memory");
    sound->count = fread(sound->samples, 2, le32(chunk + 4) / 2, file);
    fclose(file);
}

static void run(char *const argv[])
{
    int status;
    pid_t child;

    if (posix_spawnp(&child, argv[0], NULL, NULL, argv, environ) != 0 ||
        waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "caller: %s failed\n", argv[0]);
        exit(2);
    }
}

static void speak(const char *text, struct sound *sound)
{
    char raw[] = "/tmp/caller-XXXXXX.wav", ready[] = "/tmp/caller-XXXXXX.wav";
    int a = mkstemps(raw, 4), b = mkstemps(ready, 4);

    if (a < 0 || b < 0)
        die("mkstemps");
    close(a), close(b);
    run((char *[]){"espeak-ng", "-v", "cmn-latn-pinyin", "-s", "150", "-w", raw, (char *)text,
                   NULL});
    run((char *[]){"sox", "-q", raw, "-r", "8000", "-c", "1", "-b", "16", ready, "gain", "-3",
                   NULL});
    load_wav(ready, sound);
    unlink(raw), unlink(ready);
}

static void make_tone(int hz, struct sound *sound)
{
    sound->count = RATE;
    sound->samples = calloc(RATE, sizeof(int16_t));
    if (!sound->samples)
        die("memory");
    for (int i = 0; hz && i < RATE; i++)
        sound->samples[i] = (int16_t)(8000 * sin(2 * M_PI * hz * i / RATE));
}

void load_sound(struct sound *sound)
{
    if (opt.wav)
        load_wav(opt.wav, sound);
    else if (opt.say)
        speak(opt.say, sound);
    if (!sound->count)
        make_tone(opt.tone_hz, sound);
}
