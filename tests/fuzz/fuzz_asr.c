/* What an engine that hears answers, as a service (when the input begins as HTTP does) or as a
 * program: a text of UTF-8 within its bounds, without control characters, a name within its field,
 * a confidence of 0 to 1 or none; or a reason, and nothing to be freed. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/asr.h>
#include <hotlined/text.h>

#include "fuzz.h"
#include "speech/engine.h"

static void check_text(const char *text)
{
    MUST(text_is_utf8(text, strlen(text)));
    for (; *text; text++)
        MUST((unsigned char)*text >= ' ' && *text != 127);
}

static void check_answer(const char *answer, size_t size)
{
    struct asr_result result = {0};
    char why[300] = "";

    if (asr_read_answer(answer, size, &result, why, sizeof(why)) == 0) {
        MUST(strlen(result.text) <= ASR_MAX_TEXT && strlen(result.engine) < ASR_NAME);
        check_text(result.text);
        check_text(result.engine);
        MUST(result.confidence == -1 || (result.confidence >= 0 && result.confidence <= 1));
    } else {
        MUST(!result.text && why[0] && text_is_utf8(why, strlen(why)));
    }
    asr_result_done(&result);
}

static void check_service(const uint8_t *data, size_t size)
{
    static const struct engine_bounds bounds = {"语音识别", "结果", 1000, 1 << 20, NULL};
    struct text answer = {0}, body = {0};
    char why[300] = "";

    text_add_bytes(&answer, data, size);
    if (service_read_answer(&bounds, "host", &answer, &body, why, sizeof(why)) == 0) {
        MUST(body.length + 4 <= size);
        check_answer(body.data ? body.data : "", body.length);
    } else {
        MUST(!body.length);
        check_text(why);
    }
    text_done(&answer);
    text_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    size_t length;
    uint8_t *copy = fuzz_piece(&in, size, &length);

    if (length >= 5 && memcmp(copy, "HTTP/", 5) == 0)
        check_service(copy, length);
    else
        check_answer((const char *)copy, length);
    free(copy);
    return 0;
}
