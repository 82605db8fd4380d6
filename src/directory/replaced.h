/* Private to directory: prompts that were published over while calls went on. A call hears to its
 * end what was in force when it began, also where it comes by for the first time later (TTS-03). */
#ifndef DIRECTORY_REPLACED_H
#define DIRECTORY_REPLACED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "directory/snapshot.h"

#define REPLACED_MOST 256 /* kept; beyond that the oldest is forgotten */

struct replaced_prompt {
    int32_t center_id;
    char code[48];
    uint32_t until;            /* calls that began before this moment mean this one */
    uint64_t at_ms;            /* loop_now_ms(): wall clocks are set back */
    struct media_audio *audio; /* owned reference; NULL = the center had none of its own */
};

struct replaced {
    struct replaced_prompt items[REPLACED_MOST]; /* oldest first */
    size_t count;
};

/* Notes what differs between the two from this moment on (counted up with each swap); old may be
 * NULL. Forgets what no call can mean any more. */
void replaced_note(struct replaced *replaced, const struct snapshot *old,
                   const struct snapshot *now, uint32_t moment, uint64_t now_ms);
/* True: it was replaced since that moment, and *ret_audio (borrowed) was in force then. */
bool replaced_find(const struct replaced *replaced, int32_t center_id, const char *code,
                   uint32_t moment, struct media_audio **ret_audio);
void replaced_done(struct replaced *replaced);

#endif
