/* Texts made ready for speech: no digit is left, and UTF-8 stays UTF-8. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>
#include <hotlined/tts.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    char *said = tts_normalise(text), *again;

    MUST(said != NULL);
    MUST(strcspn(said, "0123456789") == strlen(said));
    MUST(strcspn(said, "\n\r\t") == strlen(said));
    MUST(strlen(said) <= 12 * strlen(text));
    if (text_is_utf8(text, strlen(text)))
        MUST(text_is_utf8(said, strlen(said)));
    again = tts_normalise(said); /* nothing more to do */
    MUST(again && strcmp(again, said) == 0);
    free(again);
    free(said);
    free(text);
    return 0;
}
