/* The directory document: arrays in the order in which they are searched, texts within their
 * fields, no prompt from outside of its folder; and a second document that keeps flows and sound of
 * the first. The input is one document, or two with a line "---" between them. */
#include <stdlib.h>
#include <string.h>

#include <hotlined/media.h>
#include <hotlined/text.h>

#include "directory/snapshot.h"
#include "fuzz.h"

static struct media_audio *sound;

/* In place of media's audio.c: no files are read. */
int media_audio_load(const char *path, struct media_audio **ret_audio, char *why, size_t why_size)
{
    MUST(strncmp(path, "/prompts/", 9) == 0 && !strstr(path, ".."));
    (void)text_copy(why, why_size, "");
    if (strstr(path, "missing"))
        return -2;
    *ret_audio = sound;
    return 0;
}

struct media_audio *media_audio_ref(struct media_audio *audio)
{
    MUST(audio == sound);
    return audio;
}

void media_audio_unref(struct media_audio *audio)
{
    MUST(audio == sound);
}

#define TEXT(field) MUST(strnlen(field, sizeof(field)) < sizeof(field))

static void check_orders(const struct snapshot *s)
{
    for (size_t i = 1; i < s->agent_count; i++)
        MUST(s->agents[i - 1].user_id <= s->agents[i].user_id);
    for (size_t i = 1; i < s->queue_count; i++)
        MUST(s->queues[i - 1].acd.id <= s->queues[i].acd.id);
    for (size_t i = 1; i < s->member_count; i++)
        MUST(s->members[i - 1].user_id <= s->members[i].user_id);
    for (size_t i = 1; i < s->number_count; i++)
        MUST(strcmp(s->numbers[i - 1].called_no, s->numbers[i].called_no) <= 0);
}

static void check_texts(const struct snapshot *s)
{
    for (size_t i = 0; i < s->center_count; i++) {
        TEXT(s->centers[i].code);
        TEXT(s->centers[i].name);
        TEXT(s->centers[i].shown_no);
    }
    for (size_t i = 0; i < s->number_count; i++)
        TEXT(s->numbers[i].called_no);
    for (unsigned i = 0; i < s->trunk_count; i++) {
        TEXT(s->trunks[i].host);
        TEXT(s->trunks[i].allowed_ips);
        TEXT(s->trunks[i].password);
    }
    for (unsigned i = 0; i < s->phone_count; i++)
        TEXT(s->phones[i].ha1_sha256);
}

static void check_indexes(const struct snapshot *s)
{
    for (size_t i = 0; i < s->queue_count; i++)
        MUST(snap_find(&s->by_queue, s->queues[i].acd.center_id, s->queues[i].code) != SIZE_MAX);
    for (size_t i = 0; i < s->flow_count; i++)
        MUST(snap_find(&s->by_flow, s->flows[i].center_id, s->flows[i].code) != SIZE_MAX);
    for (size_t i = 0; i < s->calendar_count; i++)
        MUST(s->calendars[i].calendar != NULL);
    MUST(snap_find(&s->by_prompt, -1, "\x01nobody") == SIZE_MAX);
}

static struct snapshot *parse(const uint8_t *data, size_t size, const struct snapshot *old)
{
    struct text problems = {0};
    struct snapshot *snapshot = NULL;
    int err = snapshot_parse((const char *)data, size, "/prompts", old, &snapshot, &problems);

    MUST((err == 0) == (snapshot != NULL) && (err == 0 || problems.length > 0));
    text_done(&problems);
    if (snapshot) {
        snapshot_keep_flows(snapshot, old);
        check_orders(snapshot);
        check_texts(snapshot);
        check_indexes(snapshot);
    }
    return snapshot;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *middle = size > 5 ? memmem(data, size, "\n---\n", 5) : NULL;
    size_t first = middle ? (size_t)(middle - data) : size;
    struct snapshot *old, *new = NULL;

    sound = (struct media_audio *)&sound;
    old = parse(data, first, NULL);
    if (middle)
        new = parse(middle + 5, size - first - 5, old);
    snapshot_free(new);
    snapshot_free(old);
    return 0;
}
