/* Private to recognition: who waits, whose turn it is, and one that is heard. */
#ifndef RECOGNITION_ROOM_H
#define RECOGNITION_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/asr.h>
#include <hotlined/id.h>
#include <hotlined/pool.h>

struct waiting {
    int32_t center_id;
    int64_t since_us; /* when it was asked for */
    struct uuid id;   /* of the recording */
    char *path;       /* owned; below the recording directory */
    bool told;        /* counted as one that had to wait */
};

/* turn.c: whose turn it is: the one that waits longest of those whose center has some of its
 * guaranteed part left; else of those whose center may have one at all. SIZE_MAX: nobody's. */
size_t turn_next(const struct waiting *waiting, size_t count, const struct pool *pool,
                 const struct pool_rule *rule);

/* hear.c: one recording, on a thread of its own: touches nothing but this. */
struct hearing {
    const struct asr_options *engine; /* borrowed, as is the next */
    const char *dir;
    char *path; /* owned */
    struct asr_result result;
    int err;       /* 0, or why[] says what */
    bool for_good; /* trying again would not help */
    char why[300];
};
void hear(struct hearing *hearing);
void hearing_done(struct hearing *hearing);

#endif
