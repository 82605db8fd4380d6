/* rooms: base media */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hotlined/media.h>
#include <media/audio.h>
#include <media/g711.h>
#include <media/wav.h>

struct builder {
    uint8_t bytes[700000];
    size_t size;
};

static struct builder file;

static void add(const void *bytes, size_t size)
{
    assert_true(file.size + size <= sizeof(file.bytes));
    memcpy(file.bytes + file.size, bytes, size);
    file.size += size;
}

static void add_le(uint32_t value, int size)
{
    for (int i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        add(&byte, 1);
    }
}

static void begin(unsigned format, unsigned channels, unsigned rate, unsigned bits)
{
    file.size = 0;
    add("RIFF\0\0\0\0WAVEfmt ", 16);
    add_le(16, 4);
    add_le(format, 2);
    add_le(channels, 2);
    add_le(rate, 4);
    add_le(rate * channels * bits / 8, 4);
    add_le(channels * bits / 8, 2);
    add_le(bits, 2);
}

static double tone(double hz, unsigned rate, size_t i)
{
    return 8000 * sin(2 * M_PI * hz * (double)i / rate);
}

/* Half a second of a tone (stereo: on both sides) in the given form. */
static void add_tone(unsigned format, unsigned channels, unsigned rate, unsigned bits, double hz)
{
    size_t frames = rate / 2;

    add("data", 4);
    add_le((uint32_t)(frames * channels * bits / 8), 4);
    for (size_t i = 0; i < frames * channels; i++) {
        int16_t sample = (int16_t)lrint(tone(hz, rate, i / channels));
        if (format == WAV_ALAW)
            add_le(g711_alaw_encode(sample), 1);
        else if (format == WAV_ULAW)
            add_le(g711_ulaw_encode(sample), 1);
        else if (bits == 8)
            add_le((uint8_t)(sample / 256 + 128), 1);
        else
            add_le((uint16_t)sample, 2);
    }
}

static double level(const uint8_t *alaw, size_t count, double hz)
{
    double re = 0, im = 0;

    for (size_t i = 0; i < count; i++) {
        re += g711_alaw_table[alaw[i]] * cos(2 * M_PI * hz * (double)i / 8000);
        im += g711_alaw_table[alaw[i]] * sin(2 * M_PI * hz * (double)i / 8000);
    }
    return 2 * sqrt(re * re + im * im) / (double)count;
}

static void every_form_becomes_the_same_tone(void **state)
{
    static const struct {
        unsigned format, channels, rate, bits;
    } rows[] = {
        {WAV_PCM, 1, 8000, 16},  {WAV_PCM, 2, 44100, 16}, {WAV_PCM, 1, 48000, 16},
        {WAV_PCM, 1, 16000, 16}, {WAV_PCM, 1, 22050, 8},  {WAV_PCM, 2, 11025, 8},
        {WAV_ALAW, 1, 8000, 8},  {WAV_ALAW, 2, 8000, 8},  {WAV_ULAW, 1, 8000, 8},
        {WAV_ULAW, 2, 16000, 8}, {WAV_PCM, 1, 6000, 16},  {WAV_PCM, 1, 96000, 16},
    };
    struct wav wav;
    char why[200];
    uint8_t *codes;
    size_t count;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(rows[i].format, rows[i].channels, rows[i].rate, rows[i].bits);
        add_tone(rows[i].format, rows[i].channels, rows[i].rate, rows[i].bits, 1000);
        assert_int_equal(wav_parse(file.bytes, file.size, &wav, why, sizeof(why)), 0);
        assert_int_equal(wav_to_alaw(&wav, &codes, &count), 0);
        assert_in_range(count, 3999, 4001);
        if (level(codes + 400, 3200, 1000) < 7000 || level(codes + 400, 3200, 1000) > 9000)
            fail_msg("row %zu: level %.0f", i, level(codes + 400, 3200, 1000));
        assert_true(level(codes + 400, 3200, 1500) < 300);
        free(codes);
    }
}

static void what_lies_above_4_khz_does_not_fold_down(void **state)
{
    struct wav wav;
    char why[200];
    uint8_t *codes;
    size_t count;

    (void)state;
    begin(WAV_PCM, 1, 48000, 16);
    add_tone(WAV_PCM, 1, 48000, 16, 7000); /* would alias to 1000 Hz */
    assert_int_equal(wav_parse(file.bytes, file.size, &wav, why, sizeof(why)), 0);
    assert_int_equal(wav_to_alaw(&wav, &codes, &count), 0);
    assert_true(level(codes + 400, 3200, 1000) < 40);
    free(codes);
}

static void expect_refused(const char *what)
{
    struct wav wav;
    char why[200] = "";
    /* exactly as many bytes as there are: ASan sees the first too far */
    uint8_t *copy = malloc(file.size ? file.size : 1);

    assert_non_null(copy);
    memcpy(copy, file.bytes, file.size);
    if (wav_parse(copy, file.size, &wav, why, sizeof(why)) != -EINVAL)
        fail_msg("%s was accepted", what);
    if ((uint8_t)why[0] < 0x80 && strncmp(why, "WAV", 3) != 0)
        fail_msg("%s: no Chinese reason: %s", what, why);
    free(copy);
}

static void hostile_headers_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *what;
        unsigned format, channels, rate, bits;
    } rows[] = {
        {"no channels", WAV_PCM, 0, 8000, 16},
        {"three channels", WAV_PCM, 3, 8000, 16},
        {"rate 0", WAV_PCM, 1, 0, 16},
        {"rate 2^32-1", WAV_PCM, 1, UINT32_MAX, 16},
        {"24 bits", WAV_PCM, 1, 8000, 24},
        {"0 bits", WAV_PCM, 1, 8000, 0},
        {"16 bits of A-law", WAV_ALAW, 1, 8000, 16},
        {"MP3", 0x55, 1, 8000, 16},
        {"float", 3, 1, 8000, 16},
        {"65535 channels", WAV_PCM, 65535, 8000, 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(rows[i].format, rows[i].channels, rows[i].rate, rows[i].bits);
        add("data\x10\0\0\0", 8);
        add_le(0, 4);
        expect_refused(rows[i].what);
    }
    file.size = 0;
    expect_refused("an empty file");
    add("RIFX\0\0\0\0WAVE", 12);
    expect_refused("RIFX");
    file.size = 0;
    add("RIFF\0\0\0\0WAVE", 12);
    expect_refused("no chunks");
    add("data\4\0\0\0abcd", 12);
    expect_refused("data before format");
    begin(WAV_PCM, 1, 8000, 16);
    expect_refused("no data");
    add("data\0\0\0\0", 8);
    expect_refused("empty data");
    begin(WAV_PCM, 2, 8000, 16);
    add("data\2\0\0\0ab", 10);
    expect_refused("half a frame");
    begin(WAV_PCM, 1, 8000, 16);
    add("LIST\xff\xff\xff\xff", 8);
    expect_refused("a chunk of 4 GiB");
    begin(WAV_PCM, 1, 8000, 16);
    file.bytes[16] = 4;
    expect_refused("a format of 4 bytes");
}

static void a_cut_off_file_is_what_is_there(void **state)
{
    struct wav wav;
    char why[200];

    (void)state;
    begin(WAV_PCM, 1, 8000, 16);
    add("LIST\3\0\0\0abc\0", 12); /* odd length with its pad byte */
    add("data\xff\xff\xff\xff"
        "abcdefg",
        15);
    assert_int_equal(wav_parse(file.bytes, file.size, &wav, why, sizeof(why)), 0);
    assert_int_equal(wav.frames, 3);
}

static void any_bytes_are_safe(void **state)
{
    unsigned seed = (unsigned)time(NULL);
    struct wav wav;
    char why[200];

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int n = 0; n < 20000; n++) {
        begin((unsigned)rand() % 8, (unsigned)rand() % 4, 8000, 8u << rand() % 3);
        size_t extra = (size_t)rand() % 60;
        for (size_t i = 0; i < extra; i++)
            add_le((uint32_t)rand(), 1);
        for (int i = 0; i < 3; i++)
            file.bytes[rand() % (int)file.size] = (uint8_t)rand();
        size_t size = file.size - (size_t)rand() % file.size;
        uint8_t *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, file.bytes, size);
        if (wav_parse(copy, size, &wav, why, sizeof(why)) == 0) {
            uint8_t *codes;
            size_t count;
            if (wav.frames < 100 && wav_to_alaw(&wav, &codes, &count) == 0)
                free(codes);
        }
        free(copy);
    }
}

static void a_file_is_loaded_with_its_length(void **state)
{
    char path[] = "/tmp/hotlined-wav-XXXXXX", why[200];
    struct media_audio *audio;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    begin(WAV_PCM, 2, 44100, 16);
    add_tone(WAV_PCM, 2, 44100, 16, 700);
    assert_int_equal(write(fd, file.bytes, file.size), file.size);
    assert_int_equal(media_audio_load(path, &audio, why, sizeof(why)), 0);
    assert_in_range(media_audio_length_ms(audio), 499, 500);
    assert_ptr_equal(media_audio_ref(audio), audio);
    media_audio_unref(audio);
    media_audio_unref(audio);
    assert_int_equal(ftruncate(fd, 30), 0);
    assert_int_equal(media_audio_load(path, &audio, why, sizeof(why)), -EINVAL);
    assert_int_equal(media_audio_load("/tmp", &audio, why, sizeof(why)), -EINVAL);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(media_audio_load(path, &audio, why, sizeof(why)), -ENOENT);
}

static void a_written_header_reads_back(void **state)
{
    uint8_t bytes[WAV_STEREO_HEADER + 4] = {0};
    struct wav wav;
    char why[200];

    (void)state;
    wav_stereo_header(4, bytes);
    assert_int_equal(wav_parse(bytes, sizeof(bytes), &wav, why, sizeof(why)), 0);
    assert_int_equal(wav.format, WAV_ALAW);
    assert_int_equal(wav.channels, 2);
    assert_int_equal(wav.frames, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_becomes_the_same_tone),
        cmocka_unit_test(what_lies_above_4_khz_does_not_fold_down),
        cmocka_unit_test(hostile_headers_are_refused_with_a_reason),
        cmocka_unit_test(a_cut_off_file_is_what_is_there),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test(a_file_is_loaded_with_its_length),
        cmocka_unit_test(a_written_header_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
