/* hotlined --render-prompts: speech for every published prompt whose file is not there. Runs after
 * seeding and after moving to another machine; the daemon itself renders at publishing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hotlined/config.h>
#include <hotlined/loop.h>
#include <hotlined/store.h>
#include <hotlined/text.h>
#include <hotlined/tts.h>
#include <hotlined/worker.h>

#include "main/daemon.h"

#define RENDER_THREADS 2
#define WAIT_FOR_DB_MS 15000

struct rendering {
    const struct config *config;
    struct loop *loop;
    struct store *store;
    struct worker_pool *workers;
    struct loop_timer patience;
    int left, made, kept, failed;
    bool asked;
};

struct render_job {
    struct rendering *rendering;
    struct tts_options options;
    char *text;
    char path[600];
    char why[200];
    int err;
};

static int make_parents(const char *path)
{
    char copy[600];

    text_copy(copy, sizeof(copy), path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0750) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

static void render_work(void *arg)
{
    struct render_job *job = arg;
    struct tts_request request = {.text = job->text, .voice = "", .speed = 100, .path = job->path};

    job->err = make_parents(job->path);
    if (!job->err)
        job->err = tts_render(&job->options, &request, job->why, sizeof(job->why));
}

static void finish_one(struct rendering *r)
{
    if (--r->left == 0)
        loop_stop(r->loop);
}

static void render_done(void *arg, int cancelled)
{
    struct render_job *job = arg;
    struct rendering *r = job->rendering;

    if (cancelled || job->err) {
        r->failed++;
        fprintf(stderr, "hotlined: %s: %s\n", job->path,
                job->why[0] ? job->why : strerror(-job->err));
    } else {
        r->made++;
    }
    free(job->text);
    free(job);
    finish_one(r);
}

static void render_one(struct rendering *r, const char *relative, const char *text)
{
    struct render_job *job = calloc(1, sizeof(*job));

    r->left++;
    if (job)
        job->text = strdup(text);
    if (!job || !job->text) {
        free(job);
        r->failed++;
        finish_one(r);
        return;
    }
    job->rendering = r;
    job->options = (struct tts_options){r->config->tts_engine, r->config->tts_command,
                                        r->config->tts_url, r->config->tts_voices};
    snprintf(job->path, sizeof(job->path), "%s/%s", r->config->prompt_dir, relative);
    if (worker_submit(r->workers, render_work, render_done, job))
        render_done(job, 1);
}

static void listed(const struct store_result *result, void *arg)
{
    struct rendering *r = arg;
    char path[600];

    r->left = 1; /* this function itself: the loop must not stop in the middle of it */
    if (store_status(result) != STORE_OK) {
        fprintf(stderr, "hotlined: the list of prompts could not be read (%d)\n",
                store_status(result));
        r->failed++;
    }
    for (int row = 0; row < store_rows(result); row++) {
        snprintf(path, sizeof(path), "%s/%s", r->config->prompt_dir, store_text(result, row, 0));
        if (access(path, R_OK) == 0)
            r->kept++;
        else
            render_one(r, store_text(result, row, 0), store_text(result, row, 1));
    }
    finish_one(r);
}

static void on_available(bool available, int64_t since_ms, void *arg)
{
    struct rendering *r = arg;
    struct store_params none = {0};

    (void)since_ms;
    if (!available || r->asked)
        return;
    r->asked = store_query(r->store, STORE_SLOW, STMT_PROMPT_RENDER_LIST, &STORE_SCOPE_DAEMON,
                           &none, listed, r, NULL) == 0;
    if (r->asked)
        loop_timer_stop(&r->patience);
}

static void no_patience(void *arg)
{
    struct rendering *r = arg;

    fprintf(stderr, "hotlined: no answer from the database (%s)\n", r->config->db_conninfo);
    r->failed++;
    loop_stop(r->loop);
}

int render_prompts(const struct config *config)
{
    static const struct store_handlers handlers = {on_available, NULL};
    struct store_options options = {.conninfo = config->db_conninfo,
                                    .fast_connections = 1,
                                    .slow_connections = 1,
                                    .fast_timeout_ms = 10000,
                                    .slow_timeout_ms = 60000};
    struct rendering r = {.config = config};

    if (loop_create(&r.loop))
        return EXIT_FAILURE;
    loop_timer_init(&r.patience, r.loop, no_patience, &r);
    loop_timer_start(&r.patience, WAIT_FOR_DB_MS);
    if (worker_pool_create(r.loop, RENDER_THREADS, 1u << 16, &r.workers) ||
        store_create(r.loop, &options, &handlers, &r, &r.store))
        r.failed++;
    else
        loop_run(r.loop);
    if (r.workers)
        worker_pool_destroy(r.workers);
    if (r.store)
        store_destroy(r.store, 1000);
    loop_timer_done(&r.patience);
    loop_destroy(r.loop);
    printf("prompts: %d made, %d already there, %d failed\n", r.made, r.kept, r.failed);
    return r.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
