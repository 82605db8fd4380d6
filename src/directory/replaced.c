/* Prompts of before: what a swap of snapshots took away from calls under way. */
#include <string.h>

#include <hotlined/media.h>
#include <hotlined/text.h>

#include "directory/replaced.h"

#define KEPT_MS (12 * 3600 * 1000ULL) /* longer than a call */

static void forget_first(struct replaced *replaced, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (replaced->items[i].audio)
            media_audio_unref(replaced->items[i].audio);
    replaced->count -= count;
    memmove(replaced->items, replaced->items + count, replaced->count * sizeof(replaced->items[0]));
}

static void forget_old(struct replaced *replaced, uint64_t now_ms)
{
    size_t count = 0;

    while (count < replaced->count && replaced->items[count].at_ms + KEPT_MS < now_ms)
        count++;
    if (count)
        forget_first(replaced, count);
}

static void note(struct replaced *replaced, const struct snap_prompt *prompt,
                 struct media_audio *audio, uint32_t moment, uint64_t now_ms)
{
    struct replaced_prompt *item;

    if (replaced->count == REPLACED_MOST)
        forget_first(replaced, 1);
    item = &replaced->items[replaced->count++];
    *item =
        (struct replaced_prompt){.center_id = prompt->center_id, .until = moment, .at_ms = now_ms};
    text_copy(item->code, sizeof(item->code), prompt->code);
    item->audio = audio ? media_audio_ref(audio) : NULL;
}

static const struct snap_prompt *find(const struct snapshot *snapshot,
                                      const struct snap_prompt *prompt)
{
    size_t at = snap_find(&snapshot->by_prompt, prompt->center_id, prompt->code);

    return at == SIZE_MAX ? NULL : &snapshot->prompts[at];
}

/* One that could not be read is nothing to be kept: the new one is better for everybody. */
void replaced_note(struct replaced *replaced, const struct snapshot *old,
                   const struct snapshot *now, uint32_t moment, uint64_t now_ms)
{
    forget_old(replaced, now_ms);
    for (size_t i = 0; old && i < old->prompt_count; i++) {
        const struct snap_prompt *before = &old->prompts[i], *after = find(now, before);
        if (before->audio && (!after || after->audio != before->audio))
            note(replaced, before, before->audio, moment, now_ms);
    }
    for (size_t i = 0; old && i < now->prompt_count; i++)
        if (!find(old, &now->prompts[i]))
            note(replaced, &now->prompts[i], NULL, moment, now_ms);
}

bool replaced_find(const struct replaced *replaced, int32_t center_id, const char *code,
                   uint32_t moment, struct media_audio **ret_audio)
{
    for (size_t i = 0; i < replaced->count; i++) {
        const struct replaced_prompt *item = &replaced->items[i];
        if (item->center_id == center_id && item->until > moment && strcmp(item->code, code) == 0) {
            *ret_audio = item->audio;
            return true;
        }
    }
    return false;
}

void replaced_done(struct replaced *replaced)
{
    forget_first(replaced, replaced->count);
}
