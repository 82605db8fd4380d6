/* The writer thread: batches of stereo A-law go to files; a slow or full disk never holds a call.
 *
 * Media threads fill a batch (at most a second) and hand it over. After each batch the header is
 * rewritten, data first, so the file is playable whenever the process dies. Batches wait in
 * memory while the disk is slow, up to max_bytes for all recordings; beyond that a batch becomes
 * silence of the same length, so that the timeline stays true, and the error is reported. */
#ifndef HOTLINED_MEDIA_RECORDER_H
#define HOTLINED_MEDIA_RECORDER_H

#include <hotlined/media.h>

enum { BATCH_FRAMES = 8000 }; /* stereo samples: 1 s */

struct recorder;
struct recorder_file;

struct recorder_batch {
    struct recorder_batch *next;
    struct recorder_file *file;
    enum { RECORDER_OPEN, RECORDER_WRITE, RECORDER_CLOSE } job;
    uint64_t gap;    /* frames of silence to be written first */
    size_t frames;   /* filled in codes */
    uint8_t codes[]; /* left, right, left, ...; up to BATCH_FRAMES of them */
};

/* Runs on the writer thread. */
typedef void recorder_done_h(const struct media_recorded *recorded, void *arg);

int recorder_create(size_t max_bytes, recorder_done_h *done, void *arg,
                    struct recorder **ret_recorder);
/* Writes what waits, joins the thread. Every file was closed before. */
void recorder_destroy(struct recorder *recorder);

/* Any thread. The file is created by the writer; errors come with done. 0 or -ENOMEM. */
int recorder_open(struct recorder *recorder, handle_t recording, const char *path,
                  struct recorder_file **ret_file);
struct recorder_batch *recorder_batch_alloc(struct recorder_file *file, size_t frames);
/* Takes the batch in any case. false: too much waits, its frames must come as the next gap. */
bool recorder_write(struct recorder *recorder, struct recorder_batch *batch);
/* Before recorder_close(), by the thread that fills the batches: what is reported as speech. */
void recorder_spoken(struct recorder_file *file, int64_t speech_ms);
/* gap: silence still to be written at the end. done follows once; the file is gone then. */
void recorder_close(struct recorder *recorder, struct recorder_file *file, uint64_t gap);

#endif
