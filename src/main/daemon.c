/* The daemon: made from the bottom up, stopped from the top down. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include <hotlined/api.h>
#include <hotlined/config.h>
#include <hotlined/directory.h>
#include <hotlined/disk.h>
#include <hotlined/fact.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/metrics.h>
#include <hotlined/query.h>
#include <hotlined/recognition.h>
#include <hotlined/sip.h>
#include <hotlined/sms.h>
#include <hotlined/store.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>
#include <hotlined/worker.h>

#include "main/daemon.h"
#include "main/nightly.h"
#include "main/trim.h"
#include "main/whose.h"

#define DRAIN_LOOK_MS       200
#define ORPHANS_LOOK_MS     500
#define PARTITIONS_EVERY_MS (6 * 3600 * 1000)
#define ALIVE_EVERY_MS      1000
#define STOP_TIMEOUT_MS     3000
#define SESSION_EXPIRES_S   1800

struct daemon {
    const char *config_path;
    struct config *config;
    struct loop *loop;
    struct worker_pool *workers;
    struct store *store;
    struct fact_outbox *outbox;
    struct directory *directory;
    struct disk *disk;
    struct telephony *telephony;
    struct media *media;
    struct query *query;
    struct recognition *recognition;
    struct sip *sip;
    struct api *api;
    struct event *signals[4];
    struct loop_timer drain_timer, watchdog_timer, orphans_timer, partitions_timer;
    uint64_t drain_until;
    uint64_t watchdog_ms;
    struct loop_timer alive_timer;
    int alive_fd;          /* its time of change says when a process of ours last lived */
    int64_t last_alive_ms; /* of the process before; 0 = not known */
    int64_t started_ms;
    uint64_t inherited; /* facts up to here are of the process before: fact_outbox_left() */
    struct trim trim;
    struct nightly nightly;
    struct sms *sms;
    struct whose whose;
    bool stopping;
    bool orphans_closed, ready_said;
};

/* --- what the rooms tell -------------------------------------------------------------------- */

static void on_store_available(bool available, int64_t since_ms, void *arg)
{
    struct daemon *d = arg;

    if (available && d->directory)
        directory_refresh(d->directory);
    if (available && d->outbox)
        fact_outbox_store_is_back(d->outbox);
    if (available && d->recognition)
        recognition_look(d->recognition);
    if (d->api)
        api_on_store(d->api, available, since_ms);
}

static void on_config_changed(const char *payload, void *arg)
{
    struct daemon *d = arg;

    if (d->recognition && strncmp(payload, "voicemail ", strlen("voicemail ")) == 0)
        recognition_look(d->recognition);
    if (!d->directory || (d->api && api_on_work_changed(d->api, payload)))
        return;
    if (strcmp(payload, "number_place_correction") == 0) {
        directory_refresh_corrections(d->directory);
        return;
    }
    log_info("directory", "notified", "table=%s", log_safe(payload));
    directory_refresh(d->directory);
}

static void on_shipped(unsigned count, void *arg)
{
    struct daemon *d = arg;

    (void)count;
    if (d->api)
        api_on_shipped(d->api);
}

static void on_outbox_trouble(const char *what, bool full, void *arg)
{
    struct daemon *d = arg;

    if (what)
        log_error("outbox", "trouble", "full=%d what=%s", full, log_safe(what));
    else
        log_info("outbox", "trouble_over", "full=%d", full);
    /* A call whose facts would be lost is not taken. */
    if (d->telephony)
        telephony_refuse_calls(d->telephony, full);
}

static void on_directory_changed(void *arg)
{
    struct daemon *d = arg;

    if (d->stopping)
        return; /* a start that failed half-way: telephony may not know its devices */
    telephony_directory_changed(d->telephony);
    if (d->recognition)
        recognition_look(d->recognition); /* shares, and who wants transcripts */
    if (d->api)
        api_on_directory_changed(d->api);
    if (!d->ready_said) {
        d->ready_said = true;
        (void)sd_notify(0, "READY=1\nSTATUS=taking calls");
        log_info("main", "ready", "pid=%d", (int)getpid());
    }
}

static void on_telephony_event(const struct telephony_event *event, void *arg)
{
    struct daemon *d = arg;

    if (d->api)
        api_on_telephony_event(d->api, event);
}

static bool telephony_is_heard(const char *type, int32_t center_id, int32_t user_id, void *arg)
{
    struct daemon *d = arg;

    return d->api && api_is_heard(d->api, type, center_id, user_id);
}

static bool on_who_calls(uint32_t call, const char *number, void *arg)
{
    struct daemon *d = arg;

    return whose_ask(&d->whose, call, number);
}

/* The journal of facts needs the last of the room. */
static void on_recording(bool may_record, void *arg)
{
    struct daemon *d = arg;

    if (d->telephony)
        telephony_record_calls(d->telephony, may_record);
}

/* --- the life of the process before this one ------------------------------------------------ */

static void orphans_done(const struct store_result *result, void *arg)
{
    struct daemon *d = arg;

    if (store_status(result) == STORE_OK) {
        d->orphans_closed = true;
        log_info("main", "orphans_closed", "count=%lld",
                 (long long)(store_rows(result) ? store_int(result, 0, 0) : 0));
    } else {
        loop_timer_start(&d->orphans_timer, ORPHANS_LOOK_MS);
    }
}

/* None of ours is among them, even when PostgreSQL came back hours later: wall time never goes back
 * in a process (unless by more than three hours at once), nor from the one before to this one.
 * Calls the last process left open are closed once all it had journalled is in PostgreSQL. */
static void close_orphans(void *arg)
{
    struct daemon *d = arg;
    struct store_params params = {0};

    if (d->orphans_closed || d->stopping) /* at the end the store runs the loop without outbox */
        return;
    store_param_time(&params, d->started_ms);
    if (d->last_alive_ms)
        store_param_time(&params, d->last_alive_ms);
    else
        store_param_null(&params);
    if (!store_is_available(d->store) || fact_outbox_left(d->outbox, d->inherited) > 0 ||
        store_query(d->store, STORE_SLOW, STMT_CLOSE_ORPHANS, &STORE_SCOPE_DAEMON, &params,
                    orphans_done, d, NULL))
        loop_timer_start(&d->orphans_timer, ORPHANS_LOOK_MS);
}

/* Every second. A killed process says nothing more, and a talk is silent in the journal: without
 * this nobody would know how long it went on. */
static void note_alive(void *arg)
{
    struct daemon *d = arg;

    int64_t wall_ms = loop_wall_ms(d->loop);
    const struct timespec now = {wall_ms / 1000, wall_ms % 1000 * 1000000};

    if (futimens(d->alive_fd, (const struct timespec[2]){now, now}))
        log_warn("main", "alive_not_noted", "error=%s", strerror(errno));
    if (d->telephony &&
        trim_is_due(&d->trim, telephony_call_count(d->telephony), loop_now_ms(d->loop)))
        trim_memory();
    loop_timer_start(&d->alive_timer, ALIVE_EVERY_MS);
}

static int start_alive(struct daemon *d)
{
    char path[CONFIG_TEXT + 8];
    struct stat status;

    snprintf(path, sizeof(path), "%s/alive", d->config->state_dir);
    if (stat(path, &status) == 0)
        d->last_alive_ms = (int64_t)status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
    /* The clock was set back meanwhile: close_orphans() tells the calls of the two apart by time,
     * so ours begin after the last of theirs, which may be a look of note_alive() later. */
    if (d->last_alive_ms > loop_wall_ms(d->loop))
        loop_wall_from(d->loop, d->last_alive_ms + 2 * ALIVE_EVERY_MS);
    d->started_ms = loop_wall_ms(d->loop);
    d->alive_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (d->alive_fd < 0)
        return -errno;
    note_alive(d);
    return 0;
}

static void partitions_done(const struct store_result *result, void *arg)
{
    struct daemon *d = arg;

    if (store_status(result) != STORE_OK) {
        log_error("main", "partitions_failed", "status=%d", store_status(result));
        loop_timer_start(&d->partitions_timer, 60 * 1000);
        return;
    }
    loop_timer_start(&d->partitions_timer, PARTITIONS_EVERY_MS);
}

static void make_partitions(void *arg)
{
    struct daemon *d = arg;
    struct store_params params = {0};

    if (d->stopping)
        return;
    store_param_int(&params, 3); /* months ahead */
    if (!store_is_available(d->store) ||
        store_query(d->store, STORE_SLOW, STMT_ENSURE_PARTITIONS, &STORE_SCOPE_DAEMON, &params,
                    partitions_done, d, NULL))
        loop_timer_start(&d->partitions_timer, 2000);
}

/* --- signals, drain, watchdog --------------------------------------------------------------- */

static void look_at_drain(void *arg)
{
    struct daemon *d = arg;
    unsigned calls;

    if (d->stopping)
        return; /* a second signal did not wait for this look */
    calls = telephony_call_count(d->telephony);
    if (!calls || loop_now_ms(d->loop) >= d->drain_until) {
        log_info("main", "drained", "calls_left=%u", calls);
        loop_stop(d->loop);
        return;
    }
    loop_timer_start(&d->drain_timer, DRAIN_LOOK_MS);
}

/* The first signal drains: no new calls, those under way may finish. The second one stops. */
static void on_stop_signal(evutil_socket_t signal, short what, void *arg)
{
    struct daemon *d = arg;

    (void)what;
    if (d->stopping)
        return; /* patience: each step of the end has its limit */
    if (telephony_is_draining(d->telephony)) {
        log_warn("main", "stopping_now", "signal=%d", (int)signal);
        loop_stop(d->loop);
        return;
    }
    log_info("main", "draining", "signal=%d calls=%u limit_s=%d", (int)signal,
             telephony_call_count(d->telephony), d->config->drain_s);
    (void)sd_notify(0, "STOPPING=1\nSTATUS=draining");
    telephony_drain(d->telephony);
    d->drain_until = loop_now_ms(d->loop) + (uint64_t)d->config->drain_s * 1000;
    loop_timer_start(&d->drain_timer, 0);
}

static void on_reload_signal(evutil_socket_t signal, short what, void *arg)
{
    struct daemon *d = arg;
    static struct config loaded;
    struct text problems = {0}, notes = {0};

    (void)signal;
    (void)what;
    if (d->stopping)
        return;
    config_defaults(&loaded);
    if (config_load(d->config_path, &loaded, &problems)) {
        log_error("main", "reload_refused", "problems=%s", log_safe(problems.data));
    } else {
        config_reload(d->config, &loaded, &notes);
        log_set_level((enum log_level)d->config->log_level);
        log_info("main", "reloaded", "needs_restart=%s", log_safe(notes.data ? notes.data : ""));
    }
    text_done(&problems);
    text_done(&notes);
    directory_refresh(d->directory);
}

static void feed_watchdog(void *arg)
{
    struct daemon *d = arg;

    (void)sd_notify(0, "WATCHDOG=1");
    loop_timer_start(&d->watchdog_timer, d->watchdog_ms);
}

static int signals_start(struct daemon *d)
{
    struct event_base *base = loop_event_base(d->loop);

    signal(SIGPIPE, SIG_IGN);
    d->signals[0] = evsignal_new(base, SIGTERM, on_stop_signal, d);
    d->signals[1] = evsignal_new(base, SIGINT, on_stop_signal, d);
    d->signals[2] = evsignal_new(base, SIGHUP, on_reload_signal, d);
    for (int i = 0; i < 3; i++)
        if (!d->signals[i] || event_add(d->signals[i], NULL))
            return -ENOMEM;
    return 0;
}

/* --- start ---------------------------------------------------------------------------------- */

static int start_base(struct daemon *d)
{
    uint64_t watchdog_us = 0;
    int err = loop_create(&d->loop);

    if (err)
        return err;
    loop_timer_init(&d->drain_timer, d->loop, look_at_drain, d);
    loop_timer_init(&d->watchdog_timer, d->loop, feed_watchdog, d);
    loop_timer_init(&d->orphans_timer, d->loop, close_orphans, d);
    loop_timer_init(&d->partitions_timer, d->loop, make_partitions, d);
    loop_timer_init(&d->alive_timer, d->loop, note_alive, d);
    if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
        d->watchdog_ms = watchdog_us / 2000;
        loop_timer_start(&d->watchdog_timer, 0);
    }
    err = signals_start(d);
    if (!err)
        err = worker_pool_create(d->loop, (unsigned)d->config->workers, 256, &d->workers);
    return err;
}

static int make_directory(const char *path)
{
    return mkdir(path, 0750) && errno != EEXIST ? -errno : 0;
}

static int start_store(struct daemon *d)
{
    const struct config *c = d->config;
    struct store_options options = {.conninfo = c->db_conninfo,
                                    .fast_connections = c->db_fast_connections,
                                    .slow_connections = c->db_slow_connections,
                                    .fast_timeout_ms = 5000,
                                    .slow_timeout_ms = 60000};
    static const struct store_handlers store_handlers = {on_store_available, on_config_changed};
    static const struct fact_handlers fact_handlers = {on_shipped, on_outbox_trouble};
    static const struct dir_handlers dir_handlers = {on_directory_changed, NULL};
    struct dir_options dir = {c->state_dir, c->prompt_dir};
    char outbox[CONFIG_TEXT + 16];
    int err = make_directory(c->state_dir);

    if (!err)
        err = start_alive(d);
    if (!err)
        err = make_directory(c->recording_dir);
    if (!err)
        err = make_directory(c->prompt_dir);
    if (!err)
        err = store_create(d->loop, &options, &store_handlers, d, &d->store);
    snprintf(outbox, sizeof(outbox), "%s/outbox.db", c->state_dir);
    if (!err)
        err = fact_outbox_open(d->loop, d->store, outbox, &fact_handlers, d, &d->outbox);
    if (!err)
        d->inherited = fact_outbox_now(d->outbox);
    if (!err)
        err =
            directory_create(d->loop, d->store, d->workers, &dir, &dir_handlers, d, &d->directory);
    return err;
}

static int start_telephony(struct daemon *d)
{
    const struct config *c = d->config;
    struct telephony_options options = {c->recording_dir, c->max_calls, c->max_agents};
    static const struct telephony_handlers handlers = {on_telephony_event, telephony_is_heard,
                                                       .on_who_calls = on_who_calls};
    int legs = (int)telephony_max_legs(&options);
    char tls_dir[CONFIG_TEXT + 8];
    struct media_options media = {
        .address = c->media_address,
        .public_address = c->media_public_address[0] ? c->media_public_address : c->media_address,
        .port_min = (uint16_t)c->media_port_min,
        .port_max = (uint16_t)c->media_port_max,
        .line_port = (uint16_t)c->line_port,
        .threads = c->media_threads,
        .max_legs = legs,
        .max_rooms = c->max_calls,
        .dscp = c->dscp_audio,
        .rtp_timeout_s = c->rtp_timeout_s};
    struct sip_options sip = {.listen = c->sip_listen,
                              .tls_listen = c->sip_tls_listen,
                              .tls_dir = tls_dir,
                              .public_host = c->sip_public_host,
                              .realm = c->sip_realm,
                              .dscp = c->dscp_signal,
                              .max_legs = legs,
                              .session_expires_s = SESSION_EXPIRES_S,
                              .phones_md5_only = c->sip_phones_md5_only != 0,
                              .ban_ms = c->sip_ban_s * 1000};
    int err;

    snprintf(tls_dir, sizeof(tls_dir), "%s/tls", c->state_dir);
    err = telephony_create(d->loop, &options, &handlers, d, &d->telephony);
    if (!err)
        err = media_create(d->loop, &media, telephony_media_handlers(), d->telephony, &d->media);
    if (!err)
        err = sip_create(d->loop, &sip, telephony_sip_handlers(), d->telephony, &d->sip);
    if (!err)
        err = query_create(d->loop, c->query_private_hosts, &d->query);
    if (!err) {
        telephony_attach(d->telephony, d->sip, d->media, d->directory, d->outbox);
        telephony_attach_query(d->telephony, d->query);
        d->whose = (struct whose){.loop = d->loop, .store = d->store, .telephony = d->telephony};
    }
    return err;
}

static int start_disk(struct daemon *d)
{
    const struct config *c = d->config;
    struct disk_options options = {.recording_dir = c->recording_dir,
                                   .state_dir = c->state_dir,
                                   .alarm_percent = c->disk_alarm_percent,
                                   .clean_percent = c->disk_clean_percent,
                                   .stop_percent = c->disk_stop_percent,
                                   .on_recording = on_recording,
                                   .arg = d};

    return disk_create(d->loop, d->store, d->workers, &options, &d->disk);
}

static int start_recognition(struct daemon *d)
{
    return recognition_create(d->loop, d->config, d->store, d->directory, &d->recognition);
}

static int start_sms(struct daemon *d)
{
    return sms_create(d->loop, d->store, d->query, &d->sms);
}

static int start_api(struct daemon *d)
{
    struct api_deps deps = {.config = d->config,
                            .store = d->store,
                            .outbox = d->outbox,
                            .telephony = d->telephony,
                            .query = d->query,
                            .recognition = d->recognition,
                            .directory = d->directory,
                            .disk = d->disk,
                            .workers = d->workers};

    return api_create(d->loop, &deps, &d->api);
}

static int start_all(struct daemon *d)
{
    static const struct {
        const char *name;
        int (*start)(struct daemon *d);
    } steps[] = {
        {"base", start_base},
        {"store", start_store},
        {"telephony", start_telephony},
        {"disk", start_disk},
        {"recognition", start_recognition},
        {"sms", start_sms},
        {"api", start_api},
    };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int err = steps[i].start(d);
        if (err) {
            log_error("main", "start_failed", "step=%s error=%s", steps[i].name, strerror(-err));
            return err;
        }
    }
    close_orphans(d);
    make_partitions(d);
    nightly_start(&d->nightly, d->loop, d->store);
    return 0;
}

/* --- stop ----------------------------------------------------------------------------------- */

static void stop_all(struct daemon *d)
{
    struct api *api = d->api;
    struct recognition *recognition = d->recognition;
    struct telephony *telephony;

    d->stopping = true;
    d->api = NULL; /* what the rooms below still have to say is told to nobody */
    api_destroy(api);
    d->recognition = NULL;
    recognition_destroy(recognition);
    if (d->sip)
        sip_destroy(d->sip, STOP_TIMEOUT_MS);
    if (d->media)
        media_destroy(d->media);
    if (d->loop)
        loop_run_once(d->loop, 0); /* what sip and media still had to say */
    /* Those below run the loop while they end: no timer of telephony may look at them then. */
    telephony = d->telephony;
    d->telephony = NULL;
    d->whose.telephony = NULL; /* questions to the store end after it */
    telephony_destroy(telephony);
    sms_destroy(d->sms);
    query_destroy(d->query);
    if (d->outbox)
        fact_outbox_close(d->outbox, STOP_TIMEOUT_MS);
    disk_destroy(d->disk);
    if (d->workers)
        worker_pool_destroy(d->workers);
    directory_destroy(d->directory);
    if (d->store)
        store_destroy(d->store, STOP_TIMEOUT_MS);
    if (!d->loop)
        return;
    loop_timer_done(&d->drain_timer);
    loop_timer_done(&d->watchdog_timer);
    loop_timer_done(&d->orphans_timer);
    loop_timer_done(&d->partitions_timer);
    loop_timer_done(&d->alive_timer);
    nightly_stop(&d->nightly);
    if (d->alive_fd > 0)
        close(d->alive_fd);
    for (size_t i = 0; i < 4; i++)
        if (d->signals[i])
            event_free(d->signals[i]);
    loop_destroy(d->loop);
}

int daemon_run(const char *config_path, struct config *config)
{
    static struct daemon d;

    d.config_path = config_path;
    d.config = config;
    if (start_all(&d)) {
        stop_all(&d);
        return EXIT_FAILURE;
    }
    log_info("main", "started", "version=%s sip=%s http=%s", HOTLINED_VERSION, config->sip_listen,
             config->http_listen);
    loop_run(d.loop);
    stop_all(&d);
    log_info("main", "stopped", "status=clean");
    return EXIT_SUCCESS;
}
