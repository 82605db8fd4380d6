/* The writer thread of recordings. */
#include "media/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <hotlined/log.h>
#include <hotlined/metrics.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "media/g711.h"
#include "media/wav.h"

struct recorder_file {
    handle_t recording;
    char *path;                     /* owned */
    int fd;                         /* -1 = not open */
    uint64_t data_bytes;            /* sound on disk */
    int error;                      /* first errno; nothing more is written after it */
    int64_t speech_ms;              /* as told before the closing */
    bool dropped;                   /* under the lock: a batch was given up */
    struct recorder_batch *closing; /* owned until used: closing must not need memory */
};

struct recorder {
    recorder_done_h *done;
    void *arg;
    EVP_MD *sha256;      /* owned; fetched once: looking it up costs as much as a short call */
    EVP_MD_CTX *context; /* owned; of the writer thread */
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake;
    struct recorder_batch *first, **last;
    _Atomic size_t waiting_bytes;
    size_t max_bytes;
    bool stopping;
};

enum { GROUP_MS = 20 };

static struct metric metric_errors = {.name = "hotlined_recording_errors_total",
                                      .help = "Recordings that ended with an error",
                                      .kind = METRIC_COUNTER};
static struct metric metric_waiting = {.name = "hotlined_recording_waiting_bytes",
                                       .help = "Recorded sound waiting for the disk",
                                       .kind = METRIC_GAUGE};

/* --- files (writer thread) ------------------------------------------------------------------ */

static int make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int r = mkdir(path, 0750) < 0 && errno != EEXIST ? -errno : 0;
        *slash = '/';
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_at(int fd, const void *bytes, size_t size, uint64_t offset)
{
    const uint8_t *from = bytes;

    while (size > 0) {
        ssize_t n = pwrite(fd, from, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        from += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_header(const struct recorder_file *file)
{
    uint8_t header[WAV_STEREO_HEADER];

    wav_stereo_header(file->data_bytes, header);
    return write_at(file->fd, header, sizeof(header), 0);
}

static void fail(struct recorder_file *file, int r, const char *what)
{
    if (file->error)
        return;
    file->error = -r;
    metric_add(&metric_errors, 1);
    log_error("media", "recording_failed", "recording=%u path=%s step=%s errno=%d", file->recording,
              log_safe(file->path), what, -r);
}

/* An existing recording is evidence: never overwritten (O_EXCL). */
static int create_file(struct recorder_file *file)
{
    file->fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    return file->fd < 0 ? -errno : 0;
}

static void open_file(struct recorder_file *file)
{
    int r = create_file(file);

    if (r == -ENOENT && (r = make_parents(file->path)) == 0) /* the first one of the day */
        r = create_file(file);
    if (r == 0)
        r = write_header(file);
    if (r < 0)
        fail(file, r, "open");
}

static int append(struct recorder_file *file, const uint8_t *codes, size_t frames)
{
    int r = write_at(file->fd, codes, frames * 2, WAV_STEREO_HEADER + file->data_bytes);

    if (r == 0)
        file->data_bytes += frames * 2;
    return r;
}

static int append_silence(struct recorder_file *file, uint64_t frames)
{
    uint8_t silence[BATCH_FRAMES * 2];
    int r = 0;

    memset(silence, G711_ALAW_SILENCE, sizeof(silence));
    while (frames > 0 && r == 0) {
        size_t part = frames < BATCH_FRAMES ? (size_t)frames : BATCH_FRAMES;
        r = append(file, silence, part);
        frames -= part;
    }
    return r;
}

/* Data before the header: whenever we die, the header is true. */
static void write_batch(struct recorder_file *file, const struct recorder_batch *batch)
{
    if (file->fd < 0 || file->error)
        return;
    int r = append_silence(file, batch->gap);
    if (r == 0 && batch->frames > 0)
        r = append(file, batch->codes, batch->frames);
    int header = write_header(file); /* also for what was saved before the disk was full */
    if (r < 0 || header < 0)
        fail(file, r < 0 ? r : header, "write");
}

/* The hash is of the file as it lies on the disk, header and all. */
static int hash_file(const struct recorder *recorder, const struct recorder_file *file,
                     int64_t *ret_size, char hex[65])
{
    uint8_t block[64 * 1024], digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    uint64_t at = 0;
    ssize_t n = 0;

    EVP_MD_CTX *context = recorder->context;
    bool ok = EVP_DigestInit_ex(context, recorder->sha256, NULL) == 1;
    while (ok && (n = pread(file->fd, block, sizeof(block), (off_t)at)) > 0) {
        ok = EVP_DigestUpdate(context, block, (size_t)n) == 1;
        at += (uint64_t)n;
    }
    ok = ok && n == 0 && EVP_DigestFinal_ex(context, digest, &digest_size) == 1;
    if (!ok)
        return -EIO;
    for (unsigned i = 0; i < 32; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    *ret_size = (int64_t)at;
    return 0;
}

static void free_file(struct recorder_file *file)
{
    if (file->fd >= 0)
        (void)close(file->fd);
    free(file->closing);
    free(file->path);
    free(file);
}

static void close_file(struct recorder *recorder, struct recorder_file *file)
{
    struct media_recorded recorded = {.recording = file->recording, .speech_ms = file->speech_ms};

    if (file->fd >= 0) {
        /* A torn last batch is cut off, so that size and header agree. */
        if (file->error && ftruncate(file->fd, (off_t)(WAV_STEREO_HEADER + file->data_bytes)) < 0)
            log_warn("media", "recording_not_cut", "recording=%u errno=%d", file->recording, errno);
        int r = hash_file(recorder, file, &recorded.size, recorded.sha256);
        if (r < 0)
            fail(file, r, "hash");
    }
    (void)pthread_mutex_lock(&recorder->lock);
    bool dropped = file->dropped;
    (void)pthread_mutex_unlock(&recorder->lock);
    if (dropped)
        fail(file, -ENOBUFS, "queue");
    recorded.length_ms = (int64_t)(file->data_bytes / 16);
    recorded.error = file->error;
    recorder->done(&recorded, recorder->arg);
    free_file(file);
}

/* --- the queue ------------------------------------------------------------------------------ */

static void work(struct recorder *recorder, struct recorder_batch *batch)
{
    switch (batch->job) {
    case RECORDER_OPEN:
        open_file(batch->file);
        break;
    case RECORDER_WRITE:
        write_batch(batch->file, batch);
        break;
    case RECORDER_CLOSE:
        write_batch(batch->file, batch);
        close_file(recorder, batch->file);
        break;
    }
    free(batch);
}

static size_t weight(const struct recorder_batch *batch)
{
    return batch->job == RECORDER_WRITE ? BATCH_FRAMES * 2 : 0;
}

static struct timespec ms_from_now(int ms)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += ms * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

/* Under the lock. A job that comes alone is done at once; those that follow within GROUP_MS of a
 * group are done together, which spares each of them two switches of threads. NULL: it is over. */
static struct recorder_batch *take_group(struct recorder *recorder,
                                         const struct timespec *next_group)
{
    struct recorder_batch *group;
    int err = 0;

    while (!recorder->first && !recorder->stopping)
        (void)pthread_cond_wait(&recorder->wake, &recorder->lock);
    while (!recorder->stopping && err != ETIMEDOUT)
        err = pthread_cond_timedwait(&recorder->wake, &recorder->lock, next_group);
    group = recorder->first;
    recorder->first = NULL;
    recorder->last = &recorder->first;
    return group;
}

static void *writer(void *arg)
{
    struct recorder *recorder = arg;
    struct timespec next_group = {0};
    struct recorder_batch *group;

    (void)pthread_mutex_lock(&recorder->lock);
    while ((group = take_group(recorder, &next_group))) {
        (void)pthread_mutex_unlock(&recorder->lock);
        while (group) {
            struct recorder_batch *next = group->next;
            size_t bytes = weight(group);

            work(recorder, group);
            bytes = atomic_fetch_sub(&recorder->waiting_bytes, bytes) - bytes;
            metric_set(&metric_waiting, (int64_t)bytes);
            group = next;
        }
        next_group = ms_from_now(GROUP_MS);
        (void)pthread_mutex_lock(&recorder->lock);
    }
    (void)pthread_mutex_unlock(&recorder->lock);
    return NULL;
}

/* false if the bound is reached; jobs without sound always pass. */
static bool enqueue(struct recorder *recorder, struct recorder_batch *batch)
{
    bool first = false;

    (void)pthread_mutex_lock(&recorder->lock);
    bool fits = recorder->waiting_bytes + weight(batch) <= recorder->max_bytes || !weight(batch);
    if (fits) {
        first = !recorder->first;
        batch->next = NULL;
        *recorder->last = batch;
        recorder->last = &batch->next;
        recorder->waiting_bytes += weight(batch);
    } else {
        batch->file->dropped = true;
    }
    (void)pthread_mutex_unlock(&recorder->lock);
    if (first) /* else the writer knows */
        (void)pthread_cond_signal(&recorder->wake);
    return fits;
}

static void dispose(struct recorder *recorder)
{
    EVP_MD_CTX_free(recorder->context);
    EVP_MD_free(recorder->sha256);
    free(recorder);
}

int recorder_create(size_t max_bytes, recorder_done_h *done, void *arg,
                    struct recorder **ret_recorder)
{
    static bool registered; /* control thread only */
    struct recorder *recorder = calloc(1, sizeof(*recorder));

    if (!recorder)
        return -ENOMEM;
    if (!registered) {
        metric_register(&metric_errors);
        metric_register(&metric_waiting);
        registered = true;
    }
    recorder->done = done;
    recorder->arg = arg;
    recorder->max_bytes = max_bytes;
    recorder->last = &recorder->first;
    recorder->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    recorder->context = EVP_MD_CTX_new();
    if (!recorder->sha256 || !recorder->context) {
        dispose(recorder);
        return -ENOMEM;
    }
    (void)pthread_mutex_init(&recorder->lock, NULL);
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&recorder->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    int r = pthread_create(&recorder->thread, NULL, writer, recorder);
    if (r != 0) {
        dispose(recorder);
        return -r;
    }
    (void)pthread_setname_np(recorder->thread, "writer");
    *ret_recorder = recorder;
    return 0;
}

void recorder_destroy(struct recorder *recorder)
{
    if (!recorder)
        return;
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->stopping = true;
    (void)pthread_cond_signal(&recorder->wake);
    (void)pthread_mutex_unlock(&recorder->lock);
    (void)pthread_join(recorder->thread, NULL);
    (void)pthread_cond_destroy(&recorder->wake);
    (void)pthread_mutex_destroy(&recorder->lock);
    dispose(recorder);
}

static struct recorder_batch *new_batch(struct recorder_file *file, int job, size_t bytes)
{
    struct recorder_batch *batch = malloc(sizeof(*batch) + bytes);

    if (batch)
        *batch = (struct recorder_batch){.file = file, .job = job};
    return batch;
}

int recorder_open(struct recorder *recorder, handle_t recording, const char *path,
                  struct recorder_file **ret_file)
{
    struct recorder_file *file = calloc(1, sizeof(*file));
    if (!file)
        return -ENOMEM;
    file->recording = recording;
    file->fd = -1;
    file->path = strdup(path);
    file->closing = new_batch(file, RECORDER_CLOSE, 0);
    struct recorder_batch *opening = new_batch(file, RECORDER_OPEN, 0);
    if (!file->path || !file->closing || !opening) {
        free(opening);
        free_file(file);
        return -ENOMEM;
    }
    (void)enqueue(recorder, opening);
    *ret_file = file;
    return 0;
}

struct recorder_batch *recorder_batch_alloc(struct recorder_file *file, size_t frames)
{
    return new_batch(file, RECORDER_WRITE, frames * 2);
}

bool recorder_write(struct recorder *recorder, struct recorder_batch *batch)
{
    if (enqueue(recorder, batch))
        return true;
    free(batch);
    return false;
}

void recorder_spoken(struct recorder_file *file, int64_t speech_ms)
{
    file->speech_ms = speech_ms;
}

void recorder_close(struct recorder *recorder, struct recorder_file *file, uint64_t gap)
{
    struct recorder_batch *closing = file->closing;

    file->closing = NULL;
    closing->gap = gap;
    (void)enqueue(recorder, closing);
}
