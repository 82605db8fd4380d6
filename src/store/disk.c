/* Room on the disks, and what is done when it gets short. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <hotlined/disk.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/store.h>
#include <hotlined/text.h>
#include <hotlined/worker.h>

enum {
    LOOK_MS = 5000,
    BATCH = 100, /* recordings removed between two looks */
    UNKNOWN = -1,
    BACK_PERCENT = 1 /* more than the mark, until a state is left again */
};

enum state { GOOD, LOW, FULL };

static const char *const state_names[] = {[GOOD] = "good", [LOW] = "low", [FULL] = "full"};

struct disk {
    struct loop *loop;
    struct store *store;
    struct worker_pool *workers;
    struct disk_options options;
    struct loop_timer timer;
    struct store_request *request;
    struct job *job; /* on the pool; knows us no more once we are gone */
    enum state state;
    int64_t since_ms; /* wall, of the state */
    int free_percent, recordings_free_percent;
    bool nothing_said; /* that nothing may go */
    unsigned removed;
};

/* On a worker: looks, or removes files and looks. */
struct job {
    struct disk *disk;               /* NULL: gone meanwhile */
    char *recording_dir, *state_dir; /* owned */
    int enough_percent;              /* free: nothing more goes */
    int free_percent, recordings_free_percent;
    unsigned count;
    struct job_file {
        struct uuid id;
        char *path; /* owned */
        bool removed;
    } files[BATCH];
};

static struct metric metric_free = {
    .name = "hotlined_disk_free_percent",
    .help = "Free room on the fuller of the disks of recordings and state.",
    .kind = METRIC_GAUGE};
static struct metric metric_state = {
    .name = "hotlined_disk_state",
    .help = "0 good, 1 less room than the alarm's mark, 2 no recordings for want of room.",
    .kind = METRIC_GAUGE};
static struct metric metric_removed = {.name = "hotlined_recordings_expired_total",
                                       .help = "Recordings removed for room after their day.",
                                       .kind = METRIC_COUNTER};

static void look(void *arg);

/* --- on a worker ---------------------------------------------------------------------------- */

/* What others than root may still use. */
static int free_percent_of(const char *path)
{
    struct statvfs vfs;
    uint64_t mine;

    if (statvfs(path, &vfs))
        return UNKNOWN;
    mine = (uint64_t)vfs.f_blocks - vfs.f_bfree + vfs.f_bavail;
    return mine ? (int)((uint64_t)vfs.f_bavail * 100 / mine) : UNKNOWN;
}

/* Paths are ours, from the database; one that leads elsewhere is not touched. */
static bool stays_inside(const char *path)
{
    return path[0] != '/' && path[0] && !strstr(path, "..");
}

/* One that is not there was removed before, by a process that did not live to say so. */
static bool remove_file(int dir, const struct job_file *file)
{
    if (!stays_inside(file->path)) {
        log_error("disk", "path_refused", "path=%s", log_safe(file->path));
        return false;
    }
    if (unlinkat(dir, file->path, 0) == 0 || errno == ENOENT)
        return true;
    log_error("disk", "not_removed", "path=%s error=%s", log_safe(file->path), strerror(errno));
    return false;
}

static void work(void *arg)
{
    struct job *job = arg;
    int state_percent;

    if (job->count) {
        int dir = open(job->recording_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; dir >= 0 && i < job->count &&
                             free_percent_of(job->recording_dir) < job->enough_percent;
             i++)
            job->files[i].removed = remove_file(dir, &job->files[i]);
        if (dir >= 0)
            close(dir);
    }
    job->recordings_free_percent = free_percent_of(job->recording_dir);
    state_percent = free_percent_of(job->state_dir);
    job->free_percent = job->recordings_free_percent;
    if (state_percent != UNKNOWN &&
        (job->free_percent == UNKNOWN || state_percent < job->free_percent))
        job->free_percent = state_percent;
}

static void free_job(struct job *job)
{
    for (unsigned i = 0; i < job->count; i++)
        free(job->files[i].path);
    free(job->recording_dir);
    free(job->state_dir);
    free(job);
}

static struct job *new_job(struct disk *disk)
{
    struct job *job = calloc(1, sizeof(*job));

    if (!job)
        return NULL;
    job->disk = disk;
    job->enough_percent = disk->options.clean_percent + BACK_PERCENT;
    job->recording_dir = strdup(disk->options.recording_dir);
    job->state_dir = strdup(disk->options.state_dir);
    if (job->recording_dir && job->state_dir)
        return job;
    free_job(job);
    return NULL;
}

/* --- what is seen --------------------------------------------------------------------------- */

static bool is_below(int percent, int mark, bool already)
{
    return mark && percent != UNKNOWN && percent < mark + (already ? BACK_PERCENT : 0);
}

static enum state judge(const struct disk *disk)
{
    const struct disk_options *o = &disk->options;

    if (is_below(disk->recordings_free_percent, o->stop_percent, disk->state == FULL))
        return FULL;
    return is_below(disk->free_percent, o->alarm_percent, disk->state != GOOD) ? LOW : GOOD;
}

static void take_state(struct disk *disk, enum state state)
{
    enum state before = disk->state;

    if (state == before)
        return;
    disk->state = state;
    disk->since_ms = loop_wall_ms(disk->loop);
    disk->nothing_said = false;
    metric_set(&metric_state, state);
    if (state == FULL)
        log_error("disk", "full", "free_percent=%d what=no_recordings", disk->free_percent);
    else if (state == LOW)
        log_error("disk", "low", "free_percent=%d removed=%u", disk->free_percent, disk->removed);
    else
        log_info("disk", "good", "free_percent=%d removed=%u", disk->free_percent, disk->removed);
    if ((state == FULL) != (before == FULL) && disk->options.on_recording)
        disk->options.on_recording(state != FULL, disk->options.arg);
}

static void take_room(struct disk *disk, const struct job *job)
{
    disk->free_percent = job->free_percent;
    disk->recordings_free_percent = job->recordings_free_percent;
    metric_set(&metric_free, disk->free_percent);
    take_state(disk, judge(disk));
}

static bool must_clean(const struct disk *disk)
{
    return is_below(disk->recordings_free_percent, disk->options.clean_percent, true);
}

/* --- removing: ask which, remove the files, say so in the database, look again ---------------- */

static void look_later(struct disk *disk, uint64_t ms)
{
    loop_timer_start(&disk->timer, ms);
}

static bool submit(struct disk *disk, struct job *job, worker_done_h *done)
{
    if (worker_submit(disk->workers, work, done, job)) {
        free_job(job);
        look_later(disk, LOOK_MS);
        return false;
    }
    disk->job = job;
    return true;
}

static void deleted(const struct store_result *result, void *arg)
{
    struct disk *disk = arg;

    disk->request = NULL;
    if (store_status(result) != STORE_OK) { /* asked again, and found not to be there */
        log_error("disk", "not_noted", "status=%d", store_status(result));
        look_later(disk, LOOK_MS);
        return;
    }
    disk->removed += (unsigned)store_int(result, 0, 0);
    metric_add(&metric_removed, store_int(result, 0, 0));
    log_warn("disk", "recordings_removed", "count=%lld free_percent=%d why=keep_until_over",
             (long long)store_int(result, 0, 0), disk->free_percent);
    look_later(disk, 0);
}

static void add_ids(const struct disk *disk, const struct job *job, struct text *ids,
                    struct text *audit_ids)
{
    char id[UUID_TEXT_SIZE];
    unsigned count = 0;

    for (unsigned i = 0; i < job->count; i++) {
        struct uuid audit_id = uuid_new(loop_wall_ms(disk->loop));

        if (!job->files[i].removed)
            continue;
        text_addf(ids, "%s%s", count ? "," : "{", uuid_text(&job->files[i].id, id));
        text_addf(audit_ids, "%s%s", count++ ? "," : "{", uuid_text(&audit_id, id));
    }
    text_add(ids, count ? "}" : "{}");
    text_add(audit_ids, count ? "}" : "{}");
}

static void note_deleted(struct disk *disk, const struct job *job)
{
    struct store_params params = {0};
    struct text ids = {0}, audit_ids = {0}, why = {0};

    add_ids(disk, job, &ids, &audit_ids);
    text_addf(&why, "disk_free_percent=%d", disk->free_percent);
    if (!ids.failed && !audit_ids.failed && !why.failed) {
        store_param_text(&params, ids.data);
        store_param_text(&params, audit_ids.data);
        store_param_text(&params, why.data);
        if (store_query(disk->store, STORE_SLOW, STMT_RECORDINGS_DELETED, &STORE_SCOPE_DAEMON,
                        &params, deleted, disk, &disk->request))
            look_later(disk, LOOK_MS);
    } else {
        look_later(disk, LOOK_MS);
    }
    text_done(&ids);
    text_done(&audit_ids);
    text_done(&why);
}

/* The disk of a job that was done, with what it found; NULL when nobody waits for it any more. */
static struct disk *job_ended(const struct job *job, int cancelled)
{
    struct disk *disk = job->disk;

    if (!disk)
        return NULL;
    disk->job = NULL;
    if (cancelled)
        return NULL;
    take_room(disk, job);
    return disk;
}

static void files_removed(void *arg, int cancelled)
{
    struct job *job = arg;
    struct disk *disk = job_ended(job, cancelled);

    if (disk)
        note_deleted(disk, job);
    free_job(job);
}

static bool take_files(struct job *job, const struct store_result *result)
{
    for (int row = 0; row < store_rows(result) && job->count < BATCH; row++) {
        struct job_file *file = &job->files[job->count];

        if (uuid_parse(store_text(result, row, 0), &file->id))
            return false;
        file->path = strdup(store_text(result, row, 1));
        if (!file->path)
            return false;
        job->count++;
    }
    return true;
}

static void expendable_known(const struct store_result *result, void *arg)
{
    struct disk *disk = arg;
    struct job *job;

    disk->request = NULL;
    if (store_status(result) == STORE_OK && !store_rows(result) && !disk->nothing_said) {
        disk->nothing_said = true;
        log_error("disk", "nothing_may_go", "free_percent=%d", disk->free_percent);
    }
    job = store_status(result) == STORE_OK && store_rows(result) ? new_job(disk) : NULL;
    if (job && take_files(job, result)) {
        (void)submit(disk, job, files_removed);
        return;
    }
    if (job)
        free_job(job);
    look_later(disk, LOOK_MS);
}

static void clean(struct disk *disk)
{
    struct store_params params = {0};

    store_param_int(&params, BATCH);
    if (!store_is_available(disk->store) ||
        store_query(disk->store, STORE_SLOW, STMT_RECORDINGS_EXPENDABLE, &STORE_SCOPE_DAEMON,
                    &params, expendable_known, disk, &disk->request))
        look_later(disk, LOOK_MS);
}

/* --- looking -------------------------------------------------------------------------------- */

static void looked(void *arg, int cancelled)
{
    struct job *job = arg;
    struct disk *disk = job_ended(job, cancelled);

    if (disk && must_clean(disk))
        clean(disk);
    else if (disk)
        look_later(disk, LOOK_MS);
    free_job(job);
}

static void look(void *arg)
{
    struct disk *disk = arg;
    struct job *job = new_job(disk);

    if (job)
        (void)submit(disk, job, looked);
    else
        look_later(disk, LOOK_MS);
}

void disk_json(const struct disk *disk, struct text *out)
{
    text_addf(out, "{\"state\":\"%s\",\"since_ms\":", state_names[disk->state]);
    if (disk->since_ms)
        text_addf(out, "%lld", (long long)disk->since_ms);
    else
        text_add(out, "null");
    if (disk->free_percent == UNKNOWN)
        text_add(out, ",\"free_percent\":null");
    else
        text_addf(out, ",\"free_percent\":%d", disk->free_percent);
    text_addf(out, ",\"removed\":%u}", disk->removed);
}

/* --- life ----------------------------------------------------------------------------------- */

int disk_create(struct loop *loop, struct store *store, struct worker_pool *workers,
                const struct disk_options *options, struct disk **ret_disk)
{
    struct disk *disk = calloc(1, sizeof(*disk));

    if (!disk)
        return -ENOMEM;
    disk->loop = loop;
    disk->store = store;
    disk->workers = workers;
    disk->options = *options;
    disk->free_percent = disk->recordings_free_percent = UNKNOWN;
    metric_register(&metric_free);
    metric_register(&metric_state);
    metric_register(&metric_removed);
    loop_timer_init(&disk->timer, loop, look, disk);
    look_later(disk, 0);
    *ret_disk = disk;
    return 0;
}

void disk_destroy(struct disk *disk)
{
    if (!disk)
        return;
    if (disk->request)
        store_cancel(disk->request);
    if (disk->job)
        disk->job->disk = NULL;
    loop_timer_done(&disk->timer);
    free(disk);
}
