/* The hub of server-sent events: who hears what, and what a reader missed.
 *
 * The last RING events are kept, so that a page that was away for a moment goes on where it
 * stopped; one that was away for longer is told to fetch everything anew. Readers are found by
 * user and by center: what an event costs depends on who hears it, not on who is signed in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/room.h"

#define RING           2048
#define BUCKETS        1024 /* of readers, by user and by center; powers of two */
#define TODAY_EVERY_MS 1000
#define STORE_EVERY_MS 3000
#define SEEN_EVERY_MS  (60 * 1000)
#define ALIVE_EVERY_MS 4000 /* MON-21: no figure is older than 5 s, or its page says so */
#define ID_SIZE        40

enum audience {
    TO_USER,     /* this one, and keys that act for agents of the center */
    TO_MONITORS, /* monitor.read in the center */
    TO_CENTER,   /* monitor.read or agent.work in the center */
    TO_REGION,   /* monitor.read of the region */
    TO_RECORDS,  /* record.read of the whole center */
    TO_TICKETS,  /* ticket.read in the center, of whichever scope */
    TO_AUTHORS,  /* knowledge.edit in the center */
    TO_READERS,  /* knowledge.read in the center, or anywhere (center 0) */
    TO_ALL
};

struct event {
    uint64_t number; /* 0 = none */
    char type[16];
    enum audience audience;
    int32_t center_id, user_id;
    char *json;
};

struct reader_link { /* in one list of readers */
    struct reader *next, **previous;
};

struct reader {
    struct reader_link all, by_user, by_center, watching;
    struct api *api;
    struct http_stream *stream;
    struct api_person person;
    bool watches; /* has monitor.read somewhere */
};

struct today {
    int32_t center_id;
    char *figures; /* as the database gave them */
    char *json;    /* with the moment */
};

struct api_hub {
    struct reader *all, *watching;
    struct reader *by_user[BUCKETS], *by_center[BUCKETS];
    struct event ring[RING];
    uint64_t last; /* number of the newest event */
    char boot[17]; /* numbers of another process mean nothing */
    bool store_available;
    int64_t store_since_ms;
    uint64_t store_behind; /* facts up to here waited when it came back: fact_outbox_left() */
    struct loop_timer today_timer, store_timer, seen_timer, alive_timer;
    bool today_due;
    struct store_request *today_request;
    struct today today[ACCESS_MAX_CENTERS];
    size_t today_count;
};

/* --- lists of readers ----------------------------------------------------------------------- */

#define LINK(list, reader, member)                                                                 \
    do {                                                                                           \
        (reader)->member.next = *(list);                                                           \
        (reader)->member.previous = (list);                                                        \
        if (*(list))                                                                               \
            (*(list))->member.previous = &(reader)->member.next;                                   \
        *(list) = (reader);                                                                        \
    } while (0)
#define UNLINK(reader, member)                                                                     \
    do {                                                                                           \
        *(reader)->member.previous = (reader)->member.next;                                        \
        if ((reader)->member.next)                                                                 \
            (reader)->member.next->member.previous = (reader)->member.previous;                    \
    } while (0)

static size_t bucket_of(int32_t id)
{
    return (uint32_t)id * 2654435761u >> 22 & (BUCKETS - 1);
}

static struct reader **bucket(struct reader **buckets, int32_t id)
{
    return &buckets[bucket_of(id)];
}

static void link_reader(struct api_hub *hub, struct reader *reader)
{
    const struct access_subject *subject = &reader->person.subject;

    reader->watches = access_may(subject, PERM_MONITOR_READ);
    LINK(&hub->all, reader, all);
    LINK(bucket(hub->by_user, subject->user_id), reader, by_user);
    LINK(bucket(hub->by_center, subject->center_id), reader, by_center);
    if (reader->watches)
        LINK(&hub->watching, reader, watching);
}

static void unlink_reader(struct reader *reader)
{
    UNLINK(reader, all);
    UNLINK(reader, by_user);
    UNLINK(reader, by_center);
    if (reader->watches)
        UNLINK(reader, watching);
}

/* --- who hears what ------------------------------------------------------------------------- */

static bool may_watch(const struct reader *reader, int32_t center_id)
{
    /* Scope self or team does not open a whole center's wall. */
    return access_may_on(&reader->person.subject, PERM_MONITOR_READ, center_id, 0, 0);
}

/* A key without an agent hears what all of them hear. */
static bool hears_agents(const struct access_subject *subject, int32_t center_id)
{
    return subject->system && !subject->user_id &&
           access_may_on(subject, PERM_AGENT_WORK, center_id, 0, 0);
}

static bool hears(const struct reader *reader, const struct event *event)
{
    const struct access_subject *subject = &reader->person.subject;

    switch (event->audience) {
    case TO_USER:
        return subject->user_id == event->user_id || hears_agents(subject, event->center_id);
    case TO_MONITORS:
        return may_watch(reader, event->center_id);
    case TO_CENTER:
        return may_watch(reader, event->center_id) ||
               (subject->center_id == event->center_id && access_may(subject, PERM_AGENT_WORK));
    case TO_REGION:
        return subject->scope[PERM_MONITOR_READ] == ACCESS_REGION && subject->regional;
    case TO_RECORDS:
        return access_may_on(subject, PERM_RECORD_READ, event->center_id, 0, 0);
    case TO_TICKETS:
        return access_may_on(subject, PERM_TICKET_READ, event->center_id, 0, 0) ||
               (subject->center_id == event->center_id && access_may(subject, PERM_TICKET_READ));
    case TO_AUTHORS:
        return access_may_on(subject, PERM_KNOWLEDGE_EDIT, event->center_id, 0, 0);
    case TO_READERS:
        return event->center_id
                   ? access_may_on(subject, PERM_KNOWLEDGE_READ, event->center_id, 0, 0)
                   : access_may(subject, PERM_KNOWLEDGE_READ);
    case TO_ALL:
        return true;
    }
    return false;
}

static void send_to(struct api_hub *hub, struct reader *reader, const struct event *event)
{
    char id[ID_SIZE];

    snprintf(id, sizeof(id), "%s-%llu", hub->boot, (unsigned long long)event->number);
    http_stream_send(reader->stream, id, event->type, event->json);
}

#define ANY_HEARS(first, member, event)                                                            \
    do {                                                                                           \
        for (const struct reader *reader = (first); reader; reader = reader->member.next)          \
            if (hears(reader, event))                                                              \
                return true;                                                                       \
    } while (0)

static bool somebody_hears(const struct api_hub *hub, const struct event *event)
{
    if (event->audience == TO_USER) {
        ANY_HEARS(hub->by_user[bucket_of(event->user_id)], by_user, event);
        ANY_HEARS(hub->by_user[bucket_of(0)], by_user, event);
        return false;
    }
    if (event->audience == TO_CENTER)
        ANY_HEARS(hub->by_center[bucket_of(event->center_id)], by_center, event);
    ANY_HEARS(hub->watching, watching, event);
    return false;
}

static void send_to_user(struct api_hub *hub, const struct event *event, int32_t user_id)
{
    for (struct reader *reader = *bucket(hub->by_user, user_id); reader;
         reader = reader->by_user.next)
        if (hears(reader, event))
            send_to(hub, reader, event);
}

static void send_to_those_who_hear(struct api_hub *hub, const struct event *event)
{
    struct reader *reader;

    switch (event->audience) {
    case TO_USER:
        send_to_user(hub, event, event->user_id);
        if (bucket_of(event->user_id) != bucket_of(0))
            send_to_user(hub, event, 0);
        return;
    case TO_CENTER:
        for (reader = *bucket(hub->by_center, event->center_id); reader;
             reader = reader->by_center.next)
            if (!reader->watches && hears(reader, event))
                send_to(hub, reader, event);
        /* those who watch, of whichever center */
        __attribute__((fallthrough));
    case TO_MONITORS:
    case TO_REGION:
        for (reader = hub->watching; reader; reader = reader->watching.next)
            if (hears(reader, event))
                send_to(hub, reader, event);
        return;
    case TO_RECORDS:
    case TO_TICKETS:
    case TO_AUTHORS:
    case TO_READERS:
    case TO_ALL:
        for (reader = hub->all; reader; reader = reader->all.next)
            if (hears(reader, event))
                send_to(hub, reader, event);
        return;
    }
}

/* json NULL: nobody listened, so it was not printed; whoever reconnects and would have heard it
 * fetches anew. */
static void publish(struct api *api, const char *type, enum audience audience, int32_t center_id,
                    int32_t user_id, const char *json)
{
    struct api_hub *hub = api->hub;
    struct event *event = &hub->ring[++hub->last % RING];
    char *copy = json ? strdup(json) : NULL;

    free(event->json);
    *event = (struct event){hub->last, "", audience, center_id, user_id, copy};
    text_copy(event->type, sizeof(event->type), type);
    if (!json)
        return;
    if (!copy) {
        event->number = 0; /* a hole: whoever reconnects over it fetches anew */
        log_error("api", "event_lost", "type=%s", type);
        return;
    }
    send_to_those_who_hear(hub, event);
}

/* --- readers -------------------------------------------------------------------------------- */

static void reader_closed(void *arg)
{
    struct reader *reader = arg;

    unlink_reader(reader);
    free(reader);
}

/* What came after the event with this number, or false when that is not known any more. */
static bool replay(struct api_hub *hub, struct reader *reader, uint64_t after)
{
    if (after > hub->last || hub->last - after >= RING)
        return false;
    for (uint64_t n = after + 1; n <= hub->last; n++) {
        const struct event *event = &hub->ring[n % RING];

        if (event->number != n || (!event->json && hears(reader, event)))
            return false;
    }
    for (uint64_t n = after + 1; n <= hub->last; n++)
        if (hears(reader, &hub->ring[n % RING]))
            send_to(hub, reader, &hub->ring[n % RING]);
    return true;
}

static bool parse_id(const struct api_hub *hub, const char *text, uint64_t *ret_number)
{
    size_t boot = strlen(hub->boot);
    int64_t number;

    if (!text || strncmp(text, hub->boot, boot) != 0 || text[boot] != '-' ||
        text_to_int(text + boot + 1, 0, INT64_MAX, &number))
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

static void say_hello(struct api *api, struct reader *reader, bool replayed)
{
    char json[96], id[ID_SIZE];

    snprintf(json, sizeof(json), "{\"now_ms\":%lld,\"replayed\":%s}",
             (long long)loop_wall_ms(api->loop), replayed ? "true" : "false");
    snprintf(id, sizeof(id), "%s-%llu", api->hub->boot, (unsigned long long)api->hub->last);
    http_stream_send(reader->stream, id, "hello", json);
}

/* While it is away all that waits; afterwards what is left of that. New facts always follow. */
static uint64_t facts_behind(const struct api *api)
{
    return api->hub->store_available ? fact_outbox_left(api->deps.outbox, api->hub->store_behind)
                                     : fact_outbox_pending(api->deps.outbox);
}

void api_hub_store_json(const struct api *api, struct text *out)
{
    text_addf(out, "{\"available\":%s,\"since_ms\":%lld,\"pending_facts\":%llu}",
              api->hub->store_available ? "true" : "false", (long long)api->hub->store_since_ms,
              (unsigned long long)facts_behind(api));
}

static void say_store(struct api *api, struct reader *reader)
{
    struct text json = {0};

    api_hub_store_json(api, &json);
    if (!json.failed)
        http_stream_send(reader->stream, NULL, "store", json.data);
    text_done(&json);
}

static void ask_today(void *arg);

static void get_events(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct reader *reader = calloc(1, sizeof(*reader));
    const char *last_id = http_header(request, "Last-Event-ID");
    uint64_t after = 0;
    bool replayed;

    if (!reader) {
        api_unavailable(request);
        return;
    }
    reader->api = api;
    reader->person = *api_person(request);
    if (http_stream_open(request, reader_closed, reader, &reader->stream)) {
        free(reader);
        return;
    }
    replayed = parse_id(api->hub, last_id, &after) && replay(api->hub, reader, after);
    say_hello(api, reader, replayed);
    say_store(api, reader);
    link_reader(api->hub, reader);
    if (reader->watches)
        api_hub_shipped(api); /* nobody may have asked for today's figures until now */
}

void api_hub_close_session(struct api *api, const char *token_hash)
{
    if (!api->hub)
        return;
    for (struct reader *reader = api->hub->all; reader; reader = reader->all.next)
        if (strcmp(reader->person.token_hash, token_hash) == 0)
            http_stream_close(reader->stream);
}

/* --- today's figures ------------------------------------------------------------------------ */

static struct today *today_of(struct api_hub *hub, int32_t center_id, bool add)
{
    for (size_t i = 0; i < hub->today_count; i++)
        if (hub->today[i].center_id == center_id)
            return &hub->today[i];
    if (!add || hub->today_count == ACCESS_MAX_CENTERS)
        return NULL;
    hub->today[hub->today_count].center_id = center_id;
    return &hub->today[hub->today_count++];
}

const char *api_hub_today(const struct api *api, int32_t center_id)
{
    const struct today *today = today_of(api->hub, center_id, false);

    return today ? today->json : NULL;
}

static void take_figures(struct api *api, int32_t center_id, const char *figures)
{
    struct today *today = today_of(api->hub, center_id, true);
    struct text json = {0};
    char *copy;

    if (!today || figures[0] != '{' || text_equal(today->figures, figures))
        return;
    copy = strdup(figures);
    text_addf(&json, "{\"as_of_ms\":%lld,", (long long)loop_wall_ms(api->loop));
    text_add(&json, figures + 1);
    if (!copy || json.failed) {
        free(copy);
        text_done(&json);
        return;
    }
    free(today->figures);
    free(today->json);
    today->figures = copy;
    today->json = text_take(&json);
    publish(api, "today", TO_MONITORS, center_id, 0, today->json);
}

void api_hub_take_today(struct api *api, const struct store_result *result)
{
    for (int row = 0; row < store_rows(result); row++)
        take_figures(api, (int32_t)store_int(result, row, 0), store_text(result, row, 1));
}

static void today_answered(const struct store_result *result, void *arg)
{
    struct api *api = arg;

    api->hub->today_request = NULL;
    if (store_status(result) == STORE_OK)
        api_hub_take_today(api, result);
    else
        log_warn("api", "today_not_read", "status=%d", store_status(result));
    if (api->hub->today_due)
        loop_timer_start(&api->hub->today_timer, TODAY_EVERY_MS);
}

static void ask_today(void *arg)
{
    struct api *api = arg;
    struct api_hub *hub = api->hub;
    struct store_params params = {0};
    struct text ids = {0};
    size_t count;
    const struct dir_center *centers = directory_centers(api->deps.directory, &count);

    hub->today_due = false;
    for (size_t i = 0; i < count; i++)
        text_addf(&ids, "%s%d", i ? "," : "{", centers[i].id);
    text_add(&ids, count ? "}" : "{}");
    store_param_text(&params, ids.data);
    if (!ids.failed && store_is_available(api->deps.store))
        (void)store_query(api->deps.store, STORE_SLOW, STMT_WALL_TODAY, &STORE_SCOPE_DAEMON,
                          &params, today_answered, api, &hub->today_request);
    text_done(&ids);
    api_agents_today_look(api);
}

void api_hub_shipped(struct api *api)
{
    struct api_hub *hub = api->hub;

    if (!hub->watching || hub->today_due)
        return;
    hub->today_due = true;
    if (!hub->today_request && !hub->today_timer.armed)
        loop_timer_start(&hub->today_timer, TODAY_EVERY_MS);
}

/* --- what the rooms below tell -------------------------------------------------------------- */

static enum audience audience_of(const char *type)
{
    if (strcmp(type, "agent") == 0)
        return TO_USER;
    if (strcmp(type, "queue") == 0 || strcmp(type, "voicemail") == 0 ||
        strcmp(type, "callback") == 0)
        return TO_CENTER;
    if (strcmp(type, "trunk") == 0)
        return TO_REGION;
    if (strcmp(type, "ticket") == 0)
        return TO_TICKETS;
    return TO_MONITORS; /* seat, waiting */
}

void api_hub_event(struct api *api, const struct telephony_event *event)
{
    publish(api, event->type, audience_of(event->type), event->center_id, event->user_id,
            event->json);
}

void api_hub_work(struct api *api, const char *type, int32_t center_id, const char *json)
{
    char where[40];

    snprintf(where, sizeof(where), "{\"center_id\":%d}", center_id);
    publish(api, type, audience_of(type), center_id, 0, json ? json : where);
}

void api_hub_record(struct api *api, int32_t center_id, const char *record_id, const char *what)
{
    char json[120];

    snprintf(json, sizeof(json), "{\"center_id\":%d,\"record_id\":\"%s\",\"what\":\"%s\"}",
             center_id, record_id, what);
    publish(api, "record", TO_RECORDS, center_id, 0, json);
}

void api_hub_knowledge(struct api *api, int32_t center_id, const char *item_id, const char *what,
                       const char *share_scope)
{
    char json[160];
    bool everywhere = text_equal(share_scope, "region");

    snprintf(json, sizeof(json), "{\"center_id\":%d,\"item_id\":\"%s\",\"what\":\"%s\"}", center_id,
             item_id, what);
    publish(api, "knowledge", *share_scope ? TO_READERS : TO_AUTHORS, everywhere ? 0 : center_id, 0,
            json);
}

void api_hub_say(struct api *api, const char *type, int32_t center_id, const char *json)
{
    publish(api, type, TO_MONITORS, center_id, 0, json);
}

bool api_hub_is_heard(const struct api *api, const char *type, int32_t center_id, int32_t user_id)
{
    struct event event = {
        .audience = audience_of(type), .center_id = center_id, .user_id = user_id};

    return somebody_hears(api->hub, &event);
}

static void publish_store(void *arg)
{
    struct api *api = arg;
    struct text json = {0};

    api_hub_store_json(api, &json);
    if (!json.failed)
        publish(api, "store", TO_ALL, 0, 0, json.data);
    text_done(&json);
    /* Until all that waited is saved, pages say how much still waits. */
    if (!api->hub->store_available || facts_behind(api) > 0)
        loop_timer_start(&api->hub->store_timer, STORE_EVERY_MS);
}

void api_hub_store(struct api *api, bool available, int64_t since_ms)
{
    api->hub->store_available = available;
    api->hub->store_since_ms = since_ms;
    api->hub->store_behind = fact_outbox_now(api->deps.outbox);
    publish_store(api);
    if (available)
        api_hub_shipped(api);
}

void api_hub_directory(struct api *api)
{
    char json[64];

    snprintf(json, sizeof(json), "{\"revision\":%lld}",
             (long long)directory_revision(api->deps.directory));
    publish(api, "directory", TO_ALL, 0, 0, json);
}

/* --- life ----------------------------------------------------------------------------------- */

static void sessions_seen(void *arg)
{
    struct api *api = arg;

    for (struct reader *reader = api->hub->all; reader; reader = reader->all.next)
        api_session_seen(api, reader->person.token_hash);
    if (api_agents_today_is_over(api))
        api_hub_shipped(api); /* nothing need have happened: today's figures begin anew */
    loop_timer_start(&api->hub->seen_timer, SEEN_EVERY_MS);
}

static void add_alive(const struct api *api, bool region, struct text *json)
{
    text_addf(json, "{\"now_ms\":%lld,\"strangers\":", (long long)loop_wall_ms(api->loop));
    if (region)
        api_strangers_json(json);
    else
        text_add(json, "null");
    text_add(json, "}");
}

/* Where nothing happens, silence must not look like a lost connection. Nothing to be replayed. */
static void say_alive(void *arg)
{
    struct api *api = arg;
    struct text center = {0}, region = {0};
    struct reader *next;

    if (api->hub->watching) {
        add_alive(api, false, &center);
        add_alive(api, true, &region);
    }
    for (struct reader *reader = api->hub->watching; reader; reader = next) {
        bool all = reader->person.subject.scope[PERM_MONITOR_READ] == ACCESS_REGION;
        const struct text *json = all ? &region : &center;
        next = reader->watching.next;
        if (!json->failed)
            http_stream_send(reader->stream, NULL, "alive", json->data);
    }
    text_done(&center);
    text_done(&region);
    loop_timer_start(&api->hub->alive_timer, ALIVE_EVERY_MS);
}

int api_hub_create(struct api *api)
{
    struct api_hub *hub = calloc(1, sizeof(*hub));
    unsigned char boot[8];

    if (!hub)
        return -ENOMEM;
    api->hub = hub;
    random_bytes(boot, sizeof(boot));
    for (size_t i = 0; i < sizeof(boot); i++)
        snprintf(hub->boot + 2 * i, 3, "%02x", boot[i]);
    hub->store_available = store_is_available(api->deps.store);
    hub->store_since_ms = loop_wall_ms(api->loop);
    loop_timer_init(&hub->today_timer, api->loop, ask_today, api);
    loop_timer_init(&hub->store_timer, api->loop, publish_store, api);
    loop_timer_init(&hub->seen_timer, api->loop, sessions_seen, api);
    loop_timer_start(&hub->seen_timer, SEEN_EVERY_MS);
    loop_timer_init(&hub->alive_timer, api->loop, say_alive, api);
    loop_timer_start(&hub->alive_timer, ALIVE_EVERY_MS);
    return 0;
}

/* After the server: no stream is open any more. */
void api_hub_destroy(struct api *api)
{
    struct api_hub *hub = api->hub;

    if (!hub)
        return;
    if (hub->today_request)
        store_cancel(hub->today_request);
    loop_timer_done(&hub->today_timer);
    loop_timer_done(&hub->store_timer);
    loop_timer_done(&hub->seen_timer);
    loop_timer_done(&hub->alive_timer);
    for (size_t i = 0; i < RING; i++)
        free(hub->ring[i].json);
    for (size_t i = 0; i < hub->today_count; i++) {
        free(hub->today[i].figures);
        free(hub->today[i].json);
    }
    free(hub);
    api->hub = NULL;
}

static const struct api_route rows[] = {
    {{"GET", "/api/v1/events", PERM_SIGNED_IN, get_events, "事件流（server-sent events）"},
     NULL,
     0,
     NULL},
};
const struct api_routes api_routes_events = API_ROUTES(rows);
