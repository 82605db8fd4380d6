/* The header that travels with a call between centers: every text within its field and valid, the
 * draft JSON of texts that fits a form, and what was read prints to what reads the same again. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "fuzz.h"
#include "telephony/along.h"

#define TEXT(field)                                                                                \
    MUST(strnlen(field, sizeof(field)) < sizeof(field) && text_is_utf8(field, strlen(field)))

static void check_draft(const char *draft)
{
    cJSON *object = *draft ? cJSON_Parse(draft) : NULL;
    const cJSON *item;

    if (!*draft)
        return;
    MUST(cJSON_IsObject(object) && object->child);
    cJSON_ArrayForEach(item, object) MUST(cJSON_IsString(item) && item->valuestring[0]);
    cJSON_Delete(object);
}

static void check(const struct along *along)
{
    TEXT(along->center);
    TEXT(along->agent_no);
    TEXT(along->agent_name);
    TEXT(along->queue);
    TEXT(along->note);
    TEXT(along->draft);
    MUST(strspn(along->caller, "0123456789+*#") == strlen(along->caller));
    MUST(along->key_count <= ALONG_KEYS);
    for (unsigned i = 0; i < along->key_count; i++)
        TEXT(along->keys[i].menu);
    check_draft(along->draft);
}

static void same_again(const struct along *along)
{
    static struct along again;
    char wire[ALONG_WIRE + 1];

    if (along_print(along, wire, sizeof(wire)))
        return;
    MUST(strlen(wire) <= ALONG_WIRE);
    MUST(along_read(wire, &again) == 0);
    MUST(strcmp(again.note, along->note) == 0 && strcmp(again.center, along->center) == 0);
    MUST(strcmp(again.caller, along->caller) == 0 && again.key_count == along->key_count);
    MUST(!again.draft[0] || strcmp(again.draft, along->draft) == 0);
}

/* The input is a header's value; with "{" in front the JSON that one would hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct along along;
    struct fuzz_in in = {data, size};
    char *line = fuzz_line(&in), draft[ALONG_DRAFT];

    along_draft((const char *)data, size, draft);
    check_draft(draft);
    if (line && along_read(line, &along) == 0) {
        check(&along);
        same_again(&along);
    }
    free(line);
    return 0;
}
