/* WAV files as media plays them: whatever the header says, sound is read within the file. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/wav.h"

static void check(const uint8_t *data, size_t size, const struct wav *wav)
{
    MUST(wav->channels >= 1 && wav->channels <= 2 && (wav->bits == 8 || wav->bits == 16));
    MUST(wav->rate >= 4000 && wav->rate <= 192000 && wav->frames > 0);
    MUST(wav->data >= data + 20);
    MUST(wav->data + wav->frames * wav->channels * (wav->bits / 8) <= data + size);
}

/* The header of our own recordings says what it should. */
static void check_header(const uint8_t *data, size_t size)
{
    uint8_t *file = malloc(WAV_STEREO_HEADER + size);
    struct wav wav;

    MUST(file != NULL);
    wav_stereo_header(size, file);
    memcpy(file + WAV_STEREO_HEADER, data, size);
    if (size >= 2) {
        MUST(wav_parse(file, WAV_STEREO_HEADER + size, &wav, NULL, 0) == 0);
        MUST(wav.format == WAV_ALAW && wav.channels == 2 && wav.rate == 8000);
        MUST(wav.frames == size / 2 && wav.data == file + WAV_STEREO_HEADER);
    }
    wav_stereo_header((uint64_t)size << 32, file);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wav wav;
    char why[100] = "";
    uint8_t *codes;
    size_t count;

    check_header(data, size);
    if (wav_parse(data, size, &wav, why, sizeof(why)) != 0) {
        MUST(why[0] && strnlen(why, sizeof(why)) < sizeof(why));
        return 0;
    }
    check(data, size, &wav);
    MUST(wav_to_alaw(&wav, &codes, &count) == 0);
    MUST(count >= 1 && count <= wav.frames * 8000 / wav.rate + 1);
    free(codes);
    return 0;
}
