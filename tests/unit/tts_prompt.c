/* A prompt in a folder of its own: rendered, looked at, or left as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <hotlined/tts.h>

#include "tts_prompt.h"

static char folder[] = "/tmp/test_tts.XXXXXX";
char prompt_path[64], prompt_other[64];
char prompt_why[300];

int prompt_folder_make(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(prompt_path, sizeof(prompt_path), "%s/prompt.wav", folder);
    snprintf(prompt_other, sizeof(prompt_other), "%s/other.wav", folder);
    return 0;
}

int prompt_folder_remove(void **state)
{
    (void)state;
    (void)remove(prompt_path);
    (void)remove(prompt_other);
    return rmdir(folder); /* fails when something was left behind */
}

size_t prompt_read_file(const char *name, uint8_t **ret_data)
{
    FILE *file = fopen(name, "rb");
    struct stat st;

    *ret_data = NULL;
    if (!file)
        return 0;
    assert_int_equal(fstat(fileno(file), &st), 0);
    *ret_data = malloc((size_t)st.st_size + 1);
    assert_non_null(*ret_data);
    assert_int_equal(fread(*ret_data, 1, (size_t)st.st_size, file), st.st_size);
    (void)fclose(file);
    return (size_t)st.st_size;
}

void prompt_write_file(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* 8 kHz mono PCM16 with its peak at -3 dB; returns the seconds of sound. */
double assert_fit_for_a_telephone(void)
{
    uint8_t *wav;
    size_t size = prompt_read_file(prompt_path, &wav), loud = 0, count;
    int peak = 0;

    assert_true(size > 44);
    assert_memory_equal(wav, "RIFF", 4);
    assert_int_equal(le32(wav + 4), size - 8);
    assert_memory_equal(wav + 8, "WAVEfmt ", 8);
    assert_int_equal(le32(wav + 20), 1 | 1 << 16);
    assert_int_equal(le32(wav + 24), 8000);
    assert_int_equal(le32(wav + 28), 16000);
    assert_int_equal(le32(wav + 32), 2 | 16 << 16);
    assert_memory_equal(wav + 36, "data", 4);
    assert_int_equal(le32(wav + 40), size - 44);
    count = (size - 44) / 2;
    for (size_t i = 0; i < count; i++) {
        int value = abs((int16_t)(wav[44 + 2 * i] | wav[45 + 2 * i] << 8));
        peak = value > peak ? value : peak;
        loud += value > 500;
    }
    free(wav);
    assert_in_range(peak, 23190, 23200);
    assert_true(loud > count / 20);
    return (double)count / 8000;
}

int render_with(const struct tts_options *options, const char *text, int speed)
{
    struct tts_request request = {.text = text, .voice = "", .speed = speed, .path = prompt_path};

    prompt_why[0] = 0;
    return tts_render(options, &request, prompt_why, sizeof(prompt_why));
}

int render(const char *text)
{
    struct tts_options options = {"espeak", "", ""};

    return render_with(&options, text, 100);
}

void begin_with_an_old_file(void)
{
    prompt_write_file(prompt_path, "the old one", 11);
}

void assert_old_file_and_reason(int err, int expected, const char *part)
{
    uint8_t *data;
    size_t size = prompt_read_file(prompt_path, &data);

    assert_int_equal(err, expected);
    assert_int_equal(size, 11);
    assert_memory_equal(data, "the old one", 11);
    free(data);
    if (!strstr(prompt_why, part))
        fail_msg("“%s” is not in the reason “%s”", part, prompt_why);
}
