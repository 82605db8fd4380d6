/* MP3 that people upload, through libmpg123 to 8 kHz. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "speech/mp3.h"
#include "speech/wave.h"

#define TEN_MINUTES (600u * 48000 + 16384)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int16_t *samples = NULL, *phone = NULL;
    size_t count = 0, phone_count = 0;
    unsigned rate = 0;
    char why[200] = "";

    if (!mp3_is_one(data, size))
        return 0;
    if (mp3_decode(data, size, &samples, &count, &rate, why, sizeof(why)) != 0) {
        MUST(why[0] && !samples && strnlen(why, sizeof(why)) < sizeof(why));
        return 0;
    }
    MUST(samples && count > 0 && count <= TEN_MINUTES && rate >= 8000 && rate <= 48000);
    if (count <= 2000 && /* the rest of the way is fuzz_wave's, and slow */
        wave_samples_to_phone("x", samples, count, rate, &phone, &phone_count, why, sizeof(why)) ==
            0)
        MUST(phone && phone_count <= count);
    free(phone);
    free(samples);
    return 0;
}
