/* WAV of engines and of people, made fit for a telephone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "speech/wave.h"

/* What we write, we read. */
static void write_and_read(const int16_t *samples, size_t count)
{
    static char path[64];
    uint8_t back[8192];
    char why[200];
    int16_t *again;
    size_t read_count, size;
    FILE *f;

    if (44 + 2 * count > sizeof(back))
        return;
    snprintf(path, sizeof(path), "/tmp/hotlined-fuzz-wave-%d.wav", (int)getpid());
    MUST(wave_write(path, samples, count) == 0);
    f = fopen(path, "rb");
    MUST(f != NULL);
    size = fread(back, 1, sizeof(back), f);
    fclose(f);
    (void)remove(path);
    MUST(size == 44 + 2 * count);
    if (count == 0)
        return;
    MUST(wave_to_phone("x", back, size, &again, &read_count, why, sizeof(why)) == 0);
    MUST(read_count == count && memcmp(again, samples, 2 * count) == 0);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int16_t *samples = NULL;
    size_t count = 0, before;
    char why[200] = "";
    int peak = 0;

    if (wave_to_phone("录音", data, size, &samples, &count, why, sizeof(why)) != 0) {
        MUST(why[0] && !samples && strnlen(why, sizeof(why)) < sizeof(why));
        return 0;
    }
    MUST(count <= size);
    for (size_t i = 0; i < count; i++)
        peak = abs(samples[i]) > peak ? abs(samples[i]) : peak;
    MUST(count == 0 || (peak >= 23196 && peak <= 23198));
    if (count == 64) /* a file for each would be slow */
        write_and_read(samples, count);
    before = count;
    wave_trim(samples, &count);
    MUST(count <= before);
    free(samples);
    return 0;
}
