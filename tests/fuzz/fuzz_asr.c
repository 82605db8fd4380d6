/* What an engine that hears answers: a text of UTF-8 within its bounds, without control characters,
 * a name within its field, a confidence of 0 to 1 or none; or a reason, and nothing to be freed. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/asr.h>
#include <hotlined/text.h>

#include "fuzz.h"

static void check_text(const char *text)
{
    MUST(text_is_utf8(text, strlen(text)));
    for (; *text; text++)
        MUST((unsigned char)*text >= ' ' && *text != 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct asr_result result = {0};
    char why[300] = "";
    size_t length;
    uint8_t *copy = fuzz_piece(&in, size, &length);

    if (asr_read_answer((const char *)copy, length, &result, why, sizeof(why)) == 0) {
        MUST(strlen(result.text) <= ASR_MAX_TEXT && strlen(result.engine) < ASR_NAME);
        check_text(result.text);
        check_text(result.engine);
        MUST(result.confidence == -1 || (result.confidence >= 0 && result.confidence <= 1));
    } else {
        MUST(!result.text && why[0] && text_is_utf8(why, strlen(why)));
    }
    asr_result_done(&result);
    free(copy);
    return 0;
}
