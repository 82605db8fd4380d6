/* Room on the disks of recordings and of the daemon's state, and what is done when it gets short.
 *
 * Less free than alarm_percent: an alarm. Less than clean_percent where the recordings are: those
 * whose day is over (recording.keep_until) are removed, oldest first, until there is room again;
 * never one that is still to be kept. Less than stop_percent: no more recordings, so that the
 * journal of facts has the rest. Looking and removing is done on a worker. */
#ifndef HOTLINED_DISK_H
#define HOTLINED_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk;
struct loop;
struct store;
struct text;
struct worker_pool;

struct disk_options {
    const char *recording_dir, *state_dir;            /* must outlive the disk */
    int alarm_percent, clean_percent, stop_percent;   /* free; 0 = never */
    void (*on_recording)(bool may_record, void *arg); /* when it changes; true at first */
    void *arg;
};

int disk_create(struct loop *loop, struct store *store, struct worker_pool *workers,
                const struct disk_options *options, struct disk **ret_disk);
/* Before store and workers are destroyed; a job on the pool may end after it. NULL is fine. */
void disk_destroy(struct disk *disk);
/* Appends {"state":"good|low|full","since_ms":n|null,"free_percent":n|null,"removed":n}: full = no
 * recordings; removed = recordings removed since the start; free_percent null = not known yet. */
void disk_json(const struct disk *disk, struct text *out);

#endif
