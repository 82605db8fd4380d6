/* Recognition: messages become text, by an engine of asr.h. Its sessions are a pool of the centers
 * (pool.h), as trunk channels are: who finds none free waits in order, and is never turned away.
 *
 * What waits is in the database (table transcript), so nothing is lost when the daemon ends:
 *
 *   look: which are due?  ->  a session of the pool  ->  the engine hears, on a thread of ours
 *     ^                                                    |
 *     +---- the text is stored, or the reason, and when it may be tried again
 *
 * The threads are no worker pool's of others: a slow engine must not hold up who signs in. */
#ifndef HOTLINED_RECOGNITION_H
#define HOTLINED_RECOGNITION_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct directory;
struct loop;
struct pool;
struct recognition;
struct store;

/* config (asr.*, recording_dir), store and directory are borrowed; they outlive it. Without an
 * engine in the configuration it is there and does nothing. 0 or negative errno. */
int recognition_create(struct loop *loop, const struct config *config, struct store *store,
                       struct directory *directory, struct recognition **ret_recognition);
/* Breaks off what is heard: it waits on, in the database. NULL is fine. */
void recognition_destroy(struct recognition *recognition);

/* Something may wait, or may be heard now: a list changed, shares changed, PostgreSQL is back. */
void recognition_look(struct recognition *recognition);

bool recognition_is_configured(const struct recognition *recognition);
const struct pool *recognition_pool(const struct recognition *recognition);
uint32_t recognition_capacity(const struct recognition *recognition); /* 0 without an engine */
/* Due, and not being heard. As of the last look. */
uint32_t recognition_waiting(const struct recognition *recognition, int32_t center_id);

#endif
