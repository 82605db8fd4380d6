/* rooms: base */
/* Recordings as WAV and as waveform: any piece is the same bytes as in the whole, whatever the
 * file's header says, and nothing outside the recording directory can be opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hotlined/recorded.h>

#define FILE_HEADER 58

static char dir[64];

static void full_path(const char *name, char out[160])
{
    snprintf(out, 160, "%s/%s", dir, name);
}

/* A file of so many bytes: a header of 0xEE, which says nothing true, then the codes. */
static void write_file(const char *name, const uint8_t *codes, size_t length)
{
    char path[160];
    uint8_t header[FILE_HEADER];
    FILE *file;

    full_path(name, path);
    file = fopen(path, "wb");
    assert_non_null(file);
    memset(header, 0xEE, sizeof(header));
    assert_int_equal(fwrite(header, 1, sizeof(header), file), sizeof(header));
    assert_int_equal(fwrite(codes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static struct recorded open_file(const char *name)
{
    struct recorded recorded;

    assert_int_equal(recorded_open(dir, name, &recorded), 0);
    return recorded;
}

static unsigned le(const char *at, unsigned bytes)
{
    unsigned value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (unsigned)(uint8_t)at[i] << 8 * i;
    return value;
}

static char *read_whole(const struct recorded *recorded, enum recorded_side side)
{
    size_t size = (size_t)recorded_wav_size(recorded, side);
    char *whole = malloc(size + 1);

    assert_non_null(whole);
    assert_int_equal(recorded_wav_read(recorded, side, 0, whole, size + 1), size);
    return whole;
}

/* Codes and their values from the tables of G.711. */
static void samples_are_those_of_g711(void **state)
{
    static const uint8_t codes[] = {0xD5, 0x55, 0xAA, 0x2A, 0x80, 0x00, 0xC5, 0x45};
    static const int values[] = {8, -8, 32256, -32256, 5504, -5504, 264, -264};
    struct recorded recorded;
    char *both, *left, *right;

    (void)state;
    write_file("codes.wav", codes, sizeof(codes));
    recorded = open_file("codes.wav");
    assert_int_equal(recorded.frames, 4);
    both = read_whole(&recorded, RECORDED_BOTH);
    left = read_whole(&recorded, RECORDED_LEFT);
    right = read_whole(&recorded, RECORDED_RIGHT);
    for (int i = 0; i < 8; i++) {
        assert_int_equal((int16_t)le(both + 44 + 2 * i, 2), values[i]);
        assert_int_equal((int16_t)le((i & 1 ? right : left) + 44 + 2 * (i / 2), 2), values[i]);
    }
    free(both);
    free(left);
    free(right);
    recorded_close(&recorded);
}

static void header_describes_what_follows(void **state)
{
    uint8_t codes[2 * 100];
    struct recorded recorded;

    (void)state;
    memset(codes, 0xD5, sizeof(codes));
    write_file("head.wav", codes, sizeof(codes));
    recorded = open_file("head.wav");
    for (int side = RECORDED_BOTH; side <= RECORDED_RIGHT; side++) {
        unsigned channels = side == RECORDED_BOTH ? 2 : 1;
        char *whole = read_whole(&recorded, (enum recorded_side)side);
        assert_int_equal(recorded_wav_size(&recorded, (enum recorded_side)side),
                         44 + 200 * channels);
        assert_memory_equal(whole, "RIFF", 4);
        assert_int_equal(le(whole + 4, 4), 36 + 200 * channels);
        assert_memory_equal(whole + 8, "WAVEfmt ", 8);
        assert_int_equal(le(whole + 16, 4), 16);
        assert_int_equal(le(whole + 20, 2), 1);
        assert_int_equal(le(whole + 22, 2), channels);
        assert_int_equal(le(whole + 24, 4), 8000);
        assert_int_equal(le(whole + 28, 4), 16000 * channels);
        assert_int_equal(le(whole + 32, 2), 2 * channels);
        assert_int_equal(le(whole + 34, 2), 16);
        assert_memory_equal(whole + 36, "data", 4);
        assert_int_equal(le(whole + 40, 4), 200 * channels);
        free(whole);
    }
    recorded_close(&recorded);
}

/* Every beginning and every length in a short recording. */
static void any_piece_is_the_same_bytes(void **state)
{
    uint8_t codes[2 * 9];
    char piece[128];
    struct recorded recorded;

    (void)state;
    for (size_t i = 0; i < sizeof(codes); i++)
        codes[i] = (uint8_t)(i * 37);
    write_file("short.wav", codes, sizeof(codes));
    recorded = open_file("short.wav");
    for (int side = RECORDED_BOTH; side <= RECORDED_RIGHT; side++) {
        size_t size = (size_t)recorded_wav_size(&recorded, (enum recorded_side)side);
        char *whole = read_whole(&recorded, (enum recorded_side)side);
        for (size_t at = 0; at <= size + 2; at++)
            for (size_t length = 1; length <= size + 2; length++) {
                size_t left = at < size ? size - at : 0, want = length < left ? length : left;
                memset(piece, 0x77, sizeof(piece));
                assert_int_equal(
                    recorded_wav_read(&recorded, (enum recorded_side)side, at, piece, length),
                    want);
                assert_memory_equal(piece, whole + (at < size ? at : 0), want);
                assert_int_equal(piece[want], 0x77);
            }
        free(whole);
    }
    recorded_close(&recorded);
}

static void pieces_of_a_long_recording_fit_together(void **state)
{
    size_t length = 2 * 100003, at = 0, step = 1;
    uint8_t *codes = malloc(length);
    char *whole, *piece = malloc(70000);
    struct recorded recorded;

    (void)state;
    for (size_t i = 0; i < length; i++)
        codes[i] = (uint8_t)(i * i >> 3);
    write_file("long.wav", codes, length);
    recorded = open_file("long.wav");
    whole = read_whole(&recorded, RECORDED_BOTH);
    while (at < recorded_wav_size(&recorded, RECORDED_BOTH)) {
        ssize_t n = recorded_wav_read(&recorded, RECORDED_BOTH, at, piece, step);
        assert_true(n > 0);
        assert_memory_equal(piece, whole + at, n);
        at += (size_t)n;
        step = (step * 7 + 3) % 70000 + 1;
    }
    assert_int_equal(at, 44 + length * 2);
    free(whole);
    free(piece);
    free(codes);
    recorded_close(&recorded);
}

/* As a killed recorder, a torn batch and a full disk leave them. */
static void broken_files_are_as_long_as_they_are(void **state)
{
    uint8_t codes[7] = {0xD5, 0xD5, 0xD5, 0xD5, 0xD5, 0xD5, 0xD5};
    char path[160], out[64];
    struct recorded recorded;

    (void)state;
    write_file("odd.wav", codes, sizeof(codes));
    recorded = open_file("odd.wav");
    assert_int_equal(recorded.frames, 3);
    full_path("odd.wav", path);
    assert_int_equal(truncate(path, FILE_HEADER + 2), 0); /* while it is read */
    assert_true(recorded_wav_read(&recorded, RECORDED_BOTH, 44, out, 12) < 0);
    recorded_close(&recorded);

    assert_int_equal(truncate(path, 20), 0);
    recorded = open_file("odd.wav");
    assert_int_equal(recorded.frames, 0);
    assert_int_equal(recorded_wav_read(&recorded, RECORDED_LEFT, 0, out, 64), 44);
    assert_int_equal(recorded_wav_read(&recorded, RECORDED_LEFT, 44, out, 64), 0);
    recorded_close(&recorded);
}

static void nothing_outside_the_directory_opens(void **state)
{
    static const char *const outside[] = {"",     "/etc/passwd", "..",     "../passwd", "a/../b",
                                          "a/..", "a//../",      "./../x", "a/b/../.."};
    struct recorded recorded;
    char path[160], longest[1100];

    (void)state;
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
        assert_int_equal(recorded_open(dir, outside[i], &recorded), -EPERM);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    assert_int_equal(recorded_open(dir, longest, &recorded), -EPERM);
    assert_int_equal(recorded_open(dir, "none.wav", &recorded), -ENOENT);
    assert_int_equal(recorded_open(dir, "a..b/..c/none.wav", &recorded), -ENOENT);
    write_file("plain.wav", (const uint8_t *)"", 0);
    assert_int_equal(recorded_open(dir, "plain.wav/below", &recorded), -ENOENT);
    assert_int_equal(recorded_open(dir, ".", &recorded), -EISDIR);
    full_path("pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes: opening must not wait */
    assert_int_equal(recorded_open(dir, "pipe", &recorded), -EISDIR);
}

static void waveform_shows_where_it_is_loud(void **state)
{
    size_t frames = 60000;
    uint8_t *codes = malloc(frames * 2);
    struct recorded recorded;
    struct recorded_waveform wave;

    (void)state;
    memset(codes, 0xD5, frames * 2); /* silence */
    for (size_t i = 30000; i < frames; i++)
        codes[2 * i] = i & 1 ? 0xAA : 0x2A; /* full scale, left, second half */
    codes[2 * 150 + 1] = 0x2A;              /* one click, right, in the second hundred */
    write_file("wave.wav", codes, frames * 2);
    recorded = open_file("wave.wav");
    assert_int_equal(recorded_waveform(&recorded, &wave), 0);
    for (int i = 0; i < RECORDED_POINTS; i++) {
        assert_int_equal(wave.left[i], i < 300 ? 0 : 100);
        assert_int_equal(wave.right[i], i == 1 ? 100 : 0);
    }
    recorded_close(&recorded);

    write_file("wave.wav", codes + 2 * 29999, 4); /* two frames: silence, then full scale */
    recorded = open_file("wave.wav");
    assert_int_equal(recorded_waveform(&recorded, &wave), 0);
    assert_int_equal(wave.left[0], 0);
    assert_int_equal(wave.left[299], 0);
    assert_int_equal(wave.left[300], 100);
    assert_int_equal(wave.left[599], 100);
    recorded_close(&recorded);

    write_file("wave.wav", codes, 0);
    recorded = open_file("wave.wav");
    assert_int_equal(recorded_waveform(&recorded, &wave), 0);
    assert_int_equal(wave.left[0] + wave.right[599], 0);
    recorded_close(&recorded);
    free(codes);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/hl-recorded-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"codes.wav", "head.wav",  "short.wav", "long.wav",
                                        "odd.wav",   "plain.wav", "pipe",      "wave.wav"};
    char path[160];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        full_path(names[i], path);
        unlink(path);
    }
    return rmdir(dir);
}

/* QRY-04: a copy names its taker in a chunk that players skip; any piece of it is the same bytes.
 */
static void QRY_04_a_marked_copy_has_its_mark_before_the_same_sound(void **state)
{
    static const char *const marks[] = {"m", "even", "hotlined download=0192 user=7"};
    uint8_t codes[2 * 50];

    (void)state;
    for (size_t i = 0; i < sizeof(codes); i++)
        codes[i] = (uint8_t)(i * 37);
    write_file("head.wav", codes, sizeof(codes));
    for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
        struct recorded recorded = open_file("head.wav");
        char *plain = read_whole(&recorded, RECORDED_BOTH), *marked;
        unsigned even = ((unsigned)strlen(marks[m]) + 2) & ~1u;
        size_t size;
        strcpy(recorded.mark, marks[m]);
        size = (size_t)recorded_wav_size(&recorded, RECORDED_BOTH);
        assert_int_equal(size, 44 + 20 + even + 200);
        marked = read_whole(&recorded, RECORDED_BOTH);
        assert_int_equal(le(marked + 4, 4), size - 8);
        assert_memory_equal(marked + 8, plain + 8, 28);
        assert_memory_equal(marked + 36, "LIST", 4);
        assert_int_equal(le(marked + 40, 4), 12 + even);
        assert_memory_equal(marked + 44, "INFOICMT", 8);
        assert_int_equal(le(marked + 52, 4), even);
        assert_string_equal(marked + 56, marks[m]);
        assert_memory_equal(marked + 56 + even, plain + 36, 208); /* data, its length, the sound */
        for (size_t at = 0; at < size; at++) {
            char piece[7];
            ssize_t got = recorded_wav_read(&recorded, RECORDED_BOTH, at, piece, sizeof(piece));
            assert_int_equal(got, size - at < sizeof(piece) ? size - at : sizeof(piece));
            assert_memory_equal(piece, marked + at, (size_t)got);
        }
        free(plain);
        free(marked);
        recorded_close(&recorded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_those_of_g711),
        cmocka_unit_test(header_describes_what_follows),
        cmocka_unit_test(any_piece_is_the_same_bytes),
        cmocka_unit_test(pieces_of_a_long_recording_fit_together),
        cmocka_unit_test(broken_files_are_as_long_as_they_are),
        cmocka_unit_test(nothing_outside_the_directory_opens),
        cmocka_unit_test(waveform_shows_where_it_is_loud),
        cmocka_unit_test(QRY_04_a_marked_copy_has_its_mark_before_the_same_sound),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
