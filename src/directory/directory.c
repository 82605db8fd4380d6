/* Life of the directory: reading it again, swapping snapshots, and looking things up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/store.h>
#include <hotlined/text.h>
#include <hotlined/worker.h>

#include "directory/correction.h"
#include "directory/place.h"
#include "directory/replaced.h"
#include "directory/routing.h"
#include "directory/snapshot.h"

#define REFRESH_DELAY_MS 100 /* many changes in a row become one read */
#define RETRY_MS         2000

struct directory {
    struct loop *loop;
    struct store *store;
    struct worker_pool *workers;
    struct dir_options options;
    char state_path[512]; /* the last good document */
    char prompt_dir[512];
    struct dir_handlers handlers;
    void *arg;
    struct snapshot *now; /* NULL until the first one */
    uint32_t moment;      /* counts snapshots */
    struct replaced replaced;
    struct place_table *places;
    struct correction_table *corrections; /* NULL until the first one was read */
    char corrections_until[40];           /* time of the newest one read; "" = none yet */
    bool corrections_again;               /* told of another while one was being read */
    struct loop_timer refresh_timer, corrections_timer;
    bool soon;  /* asked for: later changes do not put it off, however many come */
    bool busy;  /* a query or a parse is under way */
    bool again; /* something changed meanwhile */
    bool places_asked;
    struct store_request *request, *place_request, *correction_request;
    struct parse_job *job; /* on a worker */
};

struct parse_job {
    struct directory *directory; /* NULL once the directory is gone */
    char *json;                  /* owned; NULL = read from path first */
    size_t length;
    char path[512]; /* where to keep a good document, or to read it from */
    char prompt_dir[512];
    const struct snapshot *old; /* stays alive: only this job's end replaces it */
    struct snapshot *snapshot;
    struct text problems;
    int err;
};

static void refresh_now(void *arg);

/* --- parsing on a worker -------------------------------------------------------------------- */

static int read_file(const char *path, char **ret_text, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    struct text text = {0};
    char chunk[65536];
    size_t n;

    if (!file)
        return -errno;
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        text_add_bytes(&text, chunk, n);
    fclose(file);
    *ret_length = text.length;
    *ret_text = text_take(&text);
    return *ret_text ? 0 : -ENOMEM;
}

static int keep_file(const char *path, const char *json, size_t length)
{
    char temporary[520];
    FILE *file;
    bool good;

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    file = fopen(temporary, "wb");
    if (!file)
        return -errno;
    good = fwrite(json, 1, length, file) == length && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !good)
        return -EIO;
    return rename(temporary, path) ? -errno : 0;
}

static void parse_work(void *arg)
{
    struct parse_job *job = arg;
    bool from_file = !job->json;

    if (from_file)
        job->err = read_file(job->path, &job->json, &job->length);
    if (!job->err)
        job->err = snapshot_parse(job->json, job->length, job->prompt_dir, job->old, &job->snapshot,
                                  &job->problems);
    if (!job->err && !from_file && keep_file(job->path, job->json, job->length))
        text_addf(&job->problems, "无法保存目录副本 %s：数据库不可用时将无法启动。\n", job->path);
}

static void parse_free(struct parse_job *job)
{
    free(job->json);
    text_done(&job->problems);
    free(job);
}

static void log_problems(const char *problems)
{
    for (const char *line = problems; line && *line;) {
        const char *end = strchr(line, '\n');
        char one[400];
        size_t length = end ? (size_t)(end - line) : strlen(line);

        snprintf(one, sizeof(one), "%.*s", (int)(length < 390 ? length : 390), line);
        log_warn("directory", "problem", "text=%s", log_safe(one));
        line = end ? end + 1 : NULL;
    }
}

static void parse_done(void *arg, int cancelled)
{
    struct parse_job *job = arg;
    struct directory *d = job->directory;
    struct snapshot *old;

    if (!d || cancelled) {
        snapshot_free(job->snapshot);
        if (d)
            d->busy = false, d->job = NULL;
        parse_free(job);
        return;
    }
    d->busy = false;
    d->job = NULL;
    log_problems(job->problems.data);
    if (job->problems.length && d->handlers.on_refused)
        d->handlers.on_refused(job->problems.data, d->arg);
    if (job->err) {
        log_warn("directory", "refused", "error=%s", strerror(-job->err));
    } else {
        old = d->now;
        snapshot_keep_flows(job->snapshot, old);
        replaced_note(&d->replaced, old, job->snapshot, ++d->moment, loop_now_ms(d->loop));
        d->now = job->snapshot;
        log_info("directory", "loaded", "revision=%lld centers=%zu agents=%zu queues=%zu flows=%zu",
                 (long long)d->now->revision, d->now->center_count, d->now->agent_count,
                 d->now->queue_count, d->now->flow_count);
        d->handlers.on_changed(d->arg);
        snapshot_free(old);
    }
    parse_free(job);
    if (d->again)
        directory_refresh(d);
}

/* json NULL: from the kept file. */
static void parse_submit(struct directory *d, const char *json, size_t length)
{
    struct parse_job *job = calloc(1, sizeof(*job));

    if (job && json) {
        job->json = malloc(length + 1);
        if (job->json) {
            memcpy(job->json, json, length);
            job->json[length] = 0;
            job->length = length;
        }
    }
    if (!job || (json && !job->json)) {
        log_error("directory", "no_memory", "bytes=%zu", length);
        free(job);
        d->busy = false;
        return;
    }
    job->directory = d;
    job->old = d->now;
    text_copy(job->path, sizeof(job->path), d->state_path);
    text_copy(job->prompt_dir, sizeof(job->prompt_dir), d->prompt_dir);
    d->job = job;
    d->busy = true;
    if (worker_submit(d->workers, parse_work, parse_done, job)) {
        log_warn("directory", "workers_busy", "retry_ms=%d", RETRY_MS);
        d->job = NULL;
        d->busy = false;
        parse_free(job);
        loop_timer_start(&d->refresh_timer, RETRY_MS);
    }
}

/* --- asking the database -------------------------------------------------------------------- */

static void snapshot_arrived(const struct store_result *result, void *arg)
{
    struct directory *d = arg;

    d->request = NULL;
    if (store_status(result) != STORE_OK || store_rows(result) != 1) {
        d->busy = false;
        log_warn("directory", "read_failed", "status=%d", store_status(result));
        loop_timer_start(&d->refresh_timer, RETRY_MS);
        return;
    }
    parse_submit(d, store_text(result, 0, 0), store_length(result, 0, 0));
}

static void places_arrived(const struct store_result *result, void *arg)
{
    struct directory *d = arg;
    struct place_table *table;
    int bad = 0;

    d->place_request = NULL;
    if (store_status(result) != STORE_OK || place_table_create(&table)) {
        d->places_asked = false; /* asked again with the next refresh */
        log_warn("directory", "places_failed", "status=%d", store_status(result));
        return;
    }
    for (int row = 0; row < store_rows(result); row++)
        bad += place_table_add(table, store_text(result, row, 0), store_text(result, row, 1),
                               store_text(result, row, 2), store_text(result, row, 3),
                               store_text(result, row, 4), store_bool(result, row, 5)) != 0;
    place_table_free(d->places);
    d->places = table;
    log_info("directory", "places_loaded", "rows=%d bad=%d", store_rows(result), bad);
}

static void correction_read(struct directory *d, const struct store_result *result, int row)
{
    int err = correction_table_set(d->corrections, (int32_t)store_int(result, row, 0),
                                   store_text(result, row, 1), store_text(result, row, 2),
                                   store_text(result, row, 3), store_text(result, row, 4));

    if (err)
        log_warn("directory", "correction_refused", "center=%d number=%s error=%s",
                 (int)store_int(result, row, 0), log_safe(store_text(result, row, 1)),
                 strerror(-err));
}

static void corrections_arrived(const struct store_result *result, void *arg)
{
    struct directory *d = arg;
    int rows = store_rows(result);

    d->correction_request = NULL;
    if (store_status(result) != STORE_OK ||
        (!d->corrections && correction_table_create(&d->corrections))) {
        log_warn("directory", "corrections_failed", "status=%d", store_status(result));
        loop_timer_start(&d->corrections_timer, RETRY_MS);
        return;
    }
    for (int row = 0; row < rows; row++)
        correction_read(d, result, row);
    if (rows)
        text_copy(d->corrections_until, sizeof(d->corrections_until),
                  store_text(result, rows - 1, 5));
    if (rows)
        log_info("directory", "corrections_loaded", "rows=%d", rows);
    if (d->corrections_again)
        directory_refresh_corrections(d);
}

static void ask_corrections(void *arg)
{
    struct directory *d = arg;
    struct store_params params = {0};

    d->corrections_again = d->correction_request != NULL;
    if (d->correction_request || !store_is_available(d->store))
        return;
    store_param_text(&params, d->corrections_until[0] ? d->corrections_until : NULL);
    if (store_query(d->store, STORE_FAST, STMT_NUMBER_PLACE_CORRECTION_LIST, &STORE_SCOPE_DAEMON,
                    &params, corrections_arrived, d, &d->correction_request))
        loop_timer_start(&d->corrections_timer, RETRY_MS);
}

void directory_refresh_corrections(struct directory *d)
{
    loop_timer_start(&d->corrections_timer, 0);
}

static void ask_places(struct directory *d)
{
    struct store_params none = {0};

    if (d->places_asked || d->place_request)
        return;
    d->places_asked =
        store_query(d->store, STORE_SLOW, STMT_NUMBER_PLACE_SNAPSHOT, &STORE_SCOPE_DAEMON, &none,
                    places_arrived, d, &d->place_request) == 0;
}

static void refresh_now(void *arg)
{
    struct directory *d = arg;
    struct store_params none = {0};

    d->soon = false;
    if (d->busy) {
        d->again = true;
        return;
    }
    d->again = false;
    if (!store_is_available(d->store))
        return; /* main calls directory_refresh() when it comes back */
    ask_places(d);
    ask_corrections(d);
    d->busy = store_query(d->store, STORE_FAST, STMT_DIRECTORY_SNAPSHOT, &STORE_SCOPE_DAEMON, &none,
                          snapshot_arrived, d, &d->request) == 0;
    if (!d->busy)
        loop_timer_start(&d->refresh_timer, RETRY_MS);
}

void directory_refresh(struct directory *d)
{
    if (!d->soon)
        loop_timer_start(&d->refresh_timer, REFRESH_DELAY_MS);
    d->soon = true;
}

/* --- life ----------------------------------------------------------------------------------- */

int directory_create(struct loop *loop, struct store *store, struct worker_pool *workers,
                     const struct dir_options *options, const struct dir_handlers *handlers,
                     void *arg, struct directory **ret_directory)
{
    struct directory *d = calloc(1, sizeof(*d));

    if (!d)
        return -ENOMEM;
    d->loop = loop;
    d->store = store;
    d->workers = workers;
    d->handlers = *handlers;
    d->arg = arg;
    snprintf(d->state_path, sizeof(d->state_path), "%s/directory.json", options->state_dir);
    text_copy(d->prompt_dir, sizeof(d->prompt_dir), options->prompt_dir);
    loop_timer_init(&d->refresh_timer, loop, refresh_now, d);
    loop_timer_init(&d->corrections_timer, loop, ask_corrections, d);
    if (access(d->state_path, R_OK) == 0)
        parse_submit(d, NULL, 0); /* calls can be taken before PostgreSQL answers */
    *ret_directory = d;
    return 0;
}

void directory_destroy(struct directory *d)
{
    if (!d)
        return;
    if (d->request)
        store_cancel(d->request);
    if (d->place_request)
        store_cancel(d->place_request);
    if (d->correction_request)
        store_cancel(d->correction_request);
    if (d->job)
        d->job->directory = NULL; /* its end finds nobody; old snapshot must outlive it */
    loop_timer_done(&d->refresh_timer);
    loop_timer_done(&d->corrections_timer);
    if (!d->job)
        snapshot_free(d->now);
    replaced_done(&d->replaced);
    place_table_free(d->places);
    correction_table_free(d->corrections);
    free(d);
}

bool directory_is_ready(const struct directory *d)
{
    return d->now != NULL;
}

int64_t directory_revision(const struct directory *d)
{
    return d->now ? d->now->revision : 0;
}

/* --- views ---------------------------------------------------------------------------------- */

#define VIEW(type, function, array, counter, count_type)                                           \
    const type *function(const struct directory *d, count_type *ret_count)                         \
    {                                                                                              \
        *ret_count = d->now ? d->now->counter : 0;                                                 \
        return d->now ? d->now->array : NULL;                                                      \
    }
VIEW(struct dir_center, directory_centers, centers, center_count, size_t)
VIEW(struct dir_agent, directory_agents, agents, agent_count, size_t)
VIEW(struct dir_queue, directory_queues, queues, queue_count, size_t)
VIEW(struct dir_member, directory_members, members, member_count, size_t)
VIEW(struct dir_reason, directory_reasons, reasons, reason_count, size_t)
VIEW(struct dir_flow, directory_flows, flows, flow_count, size_t)
VIEW(struct sip_trunk_conf, directory_trunks, trunks, trunk_count, unsigned)
VIEW(struct sip_phone_conf, directory_phones, phones, phone_count, unsigned)

const struct dir_box *directory_box(const struct directory *d, int32_t center_id,
                                    enum dir_scene scene)
{
    for (size_t i = 0; d->now && i < d->now->box_count; i++) /* four for each center */
        if (d->now->boxes[i].center_id == center_id && d->now->boxes[i].scene == scene)
            return &d->now->boxes[i];
    return NULL;
}

bool directory_has_wrap_up(const struct directory *d, int32_t center_id, const char *code)
{
    return !d->now || !d->now->wrap_ups_known ||
           snap_find(&d->now->by_wrap_up, center_id, code) != SIZE_MAX;
}

const struct dir_center *directory_center(const struct directory *d, int32_t id)
{
    for (size_t i = 0; d->now && i < d->now->center_count; i++) /* fifteen */
        if (d->now->centers[i].id == id)
            return &d->now->centers[i];
    return NULL;
}

static int agent_order(const void *key, const void *item)
{
    int32_t id = *(const int32_t *)key, other = ((const struct dir_agent *)item)->user_id;

    return id < other ? -1 : id > other;
}

const struct dir_agent *directory_agent(const struct directory *d, int32_t user_id)
{
    if (!d->now || !d->now->agent_count)
        return NULL;
    return bsearch(&user_id, d->now->agents, d->now->agent_count, sizeof(*d->now->agents),
                   agent_order);
}

static int member_order(const void *key, const void *item)
{
    int32_t id = *(const int32_t *)key, other = ((const struct dir_member *)item)->user_id;

    return id < other ? -1 : id > other;
}

const struct dir_member *directory_members_of(const struct directory *d, int32_t user_id,
                                              size_t *ret_count)
{
    const struct dir_member *first = NULL, *last, *end;

    *ret_count = 0;
    if (d->now && d->now->member_count)
        first =
            bsearch(&user_id, d->now->members, d->now->member_count, sizeof(*first), member_order);
    if (!first)
        return NULL;
    end = d->now->members + d->now->member_count;
    for (last = first + 1; last < end && last->user_id == user_id; last++)
        ;
    while (first > d->now->members && first[-1].user_id == user_id)
        first--;
    *ret_count = (size_t)(last - first);
    return first;
}

static int queue_order(const void *key, const void *item)
{
    int32_t id = *(const int32_t *)key, other = ((const struct dir_queue *)item)->acd.id;

    return id < other ? -1 : id > other;
}

const struct dir_queue *directory_queue(const struct directory *d, int32_t id)
{
    if (!d->now || !d->now->queue_count)
        return NULL;
    return bsearch(&id, d->now->queues, d->now->queue_count, sizeof(*d->now->queues), queue_order);
}

const struct dir_queue *directory_queue_by_code(const struct directory *d, int32_t center_id,
                                                const char *code)
{
    size_t at = d->now ? snap_find(&d->now->by_queue, center_id, code) : SIZE_MAX;

    return at == SIZE_MAX ? NULL : &d->now->queues[at];
}

const struct dir_flow *directory_flow(const struct directory *d, int32_t center_id,
                                      const char *code)
{
    size_t at = d->now ? snap_find(&d->now->by_flow, center_id, code) : SIZE_MAX;

    return at == SIZE_MAX || !d->now->flows[at].flow ? NULL : &d->now->flows[at];
}

const struct dir_survey *directory_survey(const struct directory *d, int32_t center_id)
{
    for (size_t i = 0; d->now && i < d->now->survey_count; i++) /* one for each center */
        if (d->now->surveys[i].center_id == center_id && d->now->surveys[i].flow)
            return &d->now->surveys[i];
    return NULL;
}

static int number_order(const void *key, const void *item)
{
    return strcmp(key, ((const struct dir_number *)item)->called_no);
}

const struct dir_number *directory_number(const struct directory *d, int32_t trunk_id,
                                          const char *called)
{
    const struct dir_number *found, *first, *last;

    if (!d->now || !d->now->number_count)
        return NULL;
    found = bsearch(called, d->now->numbers, d->now->number_count, sizeof(*found), number_order);
    if (!found)
        return NULL;
    first = d->now->numbers;
    last = first + d->now->number_count;
    while (found > first && strcmp(found[-1].called_no, called) == 0)
        found--;
    for (; found < last && strcmp(found->called_no, called) == 0; found++)
        if (found->trunk_id == trunk_id || found->trunk_id == 0)
            return found;
    return NULL;
}

const struct dir_listed *directory_listed(const struct directory *d, int32_t center_id,
                                          const char *number, int64_t wall_ms)
{
    return d->now ? listed_find(d->now->listed, d->now->listed_count, center_id, number, wall_ms)
                  : NULL;
}

const struct dir_number *directory_access_code(const struct directory *d, int32_t center_id,
                                               enum dir_source source)
{
    for (size_t i = 0; d->now && i < d->now->number_count; i++) {
        const struct dir_number *number = &d->now->numbers[i];
        if (number->access_code && number->center_id == center_id && number->source == source)
            return number;
    }
    return NULL;
}

const struct dir_bot_peer *directory_bot_peers(const struct directory *d, size_t *ret_count)
{
    *ret_count = d->now ? d->now->bot_peer_count : 0;
    return d->now ? d->now->bot_peers : NULL;
}

const struct dir_bot_share *directory_bot_shares(const struct directory *d, size_t *ret_count)
{
    *ret_count = d->now ? d->now->bot_share_count : 0;
    return d->now ? d->now->bot_shares : NULL;
}

const struct pool_share *directory_pool_shares(const struct directory *d, enum pool_kind kind,
                                               size_t *ret_count)
{
    *ret_count = d->now ? d->now->pools[kind].count : 0;
    return d->now ? d->now->pools[kind].shares : NULL;
}

const struct dir_transfers *directory_transfers(const struct directory *d, int32_t center_id)
{
    for (size_t i = 0; d->now && i < d->now->transfers_count; i++)
        if (d->now->transfers[i].transfers.center_id == center_id)
            return &d->now->transfers[i].transfers;
    return NULL;
}

const struct dir_connector *directory_connector(const struct directory *d, int32_t center_id,
                                                const char *code)
{
    for (size_t i = 0; d->now && i < d->now->connector_count; i++)
        if (d->now->connectors[i].center_id == center_id &&
            strcmp(d->now->connectors[i].code, code) == 0)
            return &d->now->connectors[i];
    return NULL;
}

int32_t directory_center_behind(const struct directory *d, int32_t trunk_id)
{
    int32_t center = 0;

    for (size_t i = 0; d->now && i < d->now->number_count; i++) {
        const struct dir_number *number = &d->now->numbers[i];
        if (!number->access_code || number->via_trunk_id != trunk_id || trunk_id <= 0)
            continue;
        if (center && center != number->center_id)
            return 0;
        center = number->center_id;
    }
    return center;
}

bool directory_trunk_is_peer(const struct directory *d, int32_t trunk_id)
{
    for (size_t i = 0; d->now && trunk_id > 0 && i < d->now->number_count; i++)
        if (d->now->numbers[i].access_code && d->now->numbers[i].via_trunk_id == trunk_id)
            return true;
    return false;
}

const struct calendar *directory_calendar(const struct directory *d, int32_t center_id,
                                          const char *code)
{
    size_t at = d->now ? snap_find(&d->now->by_calendar, center_id, code) : SIZE_MAX;

    return at == SIZE_MAX ? NULL : d->now->calendars[at].calendar;
}

/* The one of exactly this center as it was at a moment; NULL also where its file was not read. */
static struct media_audio *prompt_of(const struct directory *d, int32_t center_id, const char *code,
                                     uint32_t moment, bool *ret_known)
{
    struct media_audio *audio;
    size_t at;

    if (replaced_find(&d->replaced, center_id, code, moment, &audio)) {
        *ret_known = audio != NULL;
        return audio;
    }
    at = d->now ? snap_find(&d->now->by_prompt, center_id, code) : SIZE_MAX;
    *ret_known = at != SIZE_MAX;
    return *ret_known ? d->now->prompts[at].audio : NULL;
}

struct media_audio *directory_prompt_at(const struct directory *d, int32_t center_id,
                                        const char *code, uint32_t moment)
{
    bool known;
    struct media_audio *audio = prompt_of(d, center_id, code, moment, &known);

    if (!known)
        audio = prompt_of(d, 0, code, moment, &known);
    return known || moment == UINT32_MAX ? audio
                                         : directory_prompt_at(d, center_id, code, UINT32_MAX);
}

uint32_t directory_moment(const struct directory *d)
{
    return d->moment;
}

struct media_audio *directory_prompt(const struct directory *d, int32_t center_id, const char *code)
{
    return directory_prompt_at(d, center_id, code, UINT32_MAX);
}

void directory_place(const struct directory *d, int32_t center_id, const char *caller,
                     struct dir_place *ret_place)
{
    place_find(d->places, caller, ret_place);
    correction_apply(d->corrections, center_id, ret_place);
}

const struct dir_routing *directory_routing(const struct directory *d, int32_t center_id)
{
    for (size_t i = 0; d->now && i < d->now->routing_count; i++) /* a region has one */
        if (d->now->routings[i].center_id == center_id)
            return &d->now->routings[i];
    return NULL;
}

static int32_t center_of_city(const struct directory *d, const char *city_code)
{
    for (size_t i = 0; *city_code && i < d->now->center_count; i++)
        if (strcmp(d->now->centers[i].city_code, city_code) == 0)
            return d->now->centers[i].id;
    return 0;
}

struct route_answer directory_route(const struct directory *d, int32_t center_id,
                                    const char *caller, int32_t taxpayer_center)
{
    const struct dir_routing *routing = directory_routing(d, center_id);
    struct dir_place place;
    struct route_caller who = {.taxpayer_center = taxpayer_center};

    if (!routing)
        return (struct route_answer){0, 0, ROUTE_BY_DEFAULT};
    directory_place(d, center_id, caller, &place);
    who.number = place.number;
    who.place_center = center_of_city(d, place.city_code);
    who.place_length = routing_place_length(place.number);
    return route_decide(routing->rules, &who, routing->unknown_center_id);
}
