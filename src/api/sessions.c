/* Sessions: who is signed in, kept in memory and in PostgreSQL, and the guard of every route.
 *
 * The token is 256 random bits and lives in the browser's cookie only; here and in the database
 * stands its SHA-256. A session ends after SESSION_IDLE_MS without a request or an open event
 * stream, at the latest after SESSION_MAX_MS. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "api/functions.h"
#include "api/room.h"

#define GRACE_MS        1000
#define BUCKETS         4096
#define SESSION_IDLE_MS (30 * 60 * 1000LL)
#define SESSION_MAX_MS  (16 * 3600 * 1000LL)
#define TOUCH_EVERY_MS  (60 * 1000LL) /* how often "last seen" is written */
#define SWEEP_EVERY_MS  (20 * 1000)
#define CLOCK_SET_MS    (60 * 1000LL) /* no clock drifts so far between two looks */
#define COOKIE          "hotlined_session"

struct session {
    struct session *next, **previous; /* all */
    struct session *bucket_next;      /* by token hash */
    struct api_person person;
    int64_t created_ms, expires_ms, written_ms; /* wall */
    int64_t opened_ms;                          /* monotonic; 0 if the database told us of it */
    bool known;                                 /* permissions were read */
    bool seen;                                  /* in the list being read */
};

struct api_sessions {
    struct api *api;
    struct session *all;
    struct session *buckets[BUCKETS];
    struct loop_timer sweep, retry;
    bool known; /* read once since the start */
    bool reading, read_again;
    int64_t reading_since_ms; /* monotonic: the clock may be set while we read */
    int64_t wall_offset_ms;   /* wall minus monotonic time, when last looked at */
    bool spared;              /* sessions too young for the look under way: another one follows */
    struct store_request *request;
};

/* --- the table ------------------------------------------------------------------------------ */

static unsigned bucket_of(const char *token_hash)
{
    char head[9] = {0};

    memcpy(head, token_hash, 8);
    return (unsigned)strtoul(head, NULL, 16) % BUCKETS;
}

static struct session *session_find(const struct api *api, const char *token_hash)
{
    struct session *session;

    if (strlen(token_hash) != API_TOKEN_HASH_SIZE - 1)
        return NULL;
    session = api->sessions->buckets[bucket_of(token_hash)];
    while (session &&
           CRYPTO_memcmp(session->person.token_hash, token_hash, API_TOKEN_HASH_SIZE - 1) != 0)
        session = session->bucket_next;
    return session;
}

static struct session *session_add(struct api_sessions *sessions, const char *token_hash)
{
    struct session *session = calloc(1, sizeof(*session));
    unsigned bucket = bucket_of(token_hash);

    if (!session)
        return NULL;
    text_copy(session->person.token_hash, sizeof(session->person.token_hash), token_hash);
    session->bucket_next = sessions->buckets[bucket];
    sessions->buckets[bucket] = session;
    session->next = sessions->all;
    session->previous = &sessions->all;
    if (session->next)
        session->next->previous = &session->next;
    sessions->all = session;
    return session;
}

static void session_free(struct api_sessions *sessions, struct session *session)
{
    struct session **at = &sessions->buckets[bucket_of(session->person.token_hash)];

    while (*at != session)
        at = &(*at)->bucket_next;
    *at = session->bucket_next;
    *session->previous = session->next;
    if (session->next)
        session->next->previous = session->previous;
    free(session);
}

/* Ends it here: its pages see it at their next request, its agent goes home. */
static void session_end(struct api *api, struct session *session, const char *reason)
{
    int32_t user_id = session->person.subject.user_id;
    char hash[API_TOKEN_HASH_SIZE];

    text_copy(hash, sizeof(hash), session->person.token_hash);
    log_info("api", "session_ended", "user=%d why=%s", user_id, reason);
    session_free(api->sessions, session);
    api_hub_close_session(api, hash);
    if (!telephony_is_signed_in(api->deps.telephony, user_id, hash))
        return;
    (void)telephony_watch_end(api->deps.telephony, user_id); /* nobody listens without a session */
    (void)telephony_sign_out(api->deps.telephony, user_id, reason); /* a talk goes on */
}

/* --- the guard ------------------------------------------------------------------------------ */

static bool is_change(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static bool csrf_is_right(const struct http_request *request, const struct api_person *person)
{
    const char *header = http_header(request, "X-CSRF-Token");
    size_t length = strlen(person->csrf);

    return header && strlen(header) == length && length &&
           CRYPTO_memcmp(header, person->csrf, length) == 0;
}

static void write_seen(struct api *api, struct session *session, int64_t now);

/* The wall time. Where the machine's clock was set meanwhile, whoever is signed in stays so for as
 * long as he would have. */
static int64_t wall_now(struct api *api)
{
    struct api_sessions *sessions = api->sessions;
    int64_t now = loop_wall_ms(api->loop), offset = now - (int64_t)loop_now_ms(api->loop);
    int64_t jump = offset - sessions->wall_offset_ms;

    sessions->wall_offset_ms = offset;
    if (jump > -CLOCK_SET_MS && jump < CLOCK_SET_MS)
        return now;
    log_warn("api", "clock_set", "by_ms=%lld", (long long)jump);
    for (struct session *session = sessions->all; session; session = session->next) {
        session->created_ms += jump;
        session->expires_ms += jump;
        write_seen(api, session, now);
    }
    return now;
}

static void extend(struct api *api, struct session *session)
{
    int64_t now = wall_now(api), limit = session->created_ms + SESSION_MAX_MS;

    session->expires_ms = now + SESSION_IDLE_MS < limit ? now + SESSION_IDLE_MS : limit;
    if (now - session->written_ms >= TOUCH_EVERY_MS)
        write_seen(api, session, now);
}

bool api_guard_permits(struct api *api, struct http_request *request,
                       const struct http_route *route, const struct api_person *person)
{
    char title[160];

    if (access_may(&person->subject, (enum permission)route->permission))
        return true;
    snprintf(title, sizeof(title), "您没有“%s”的权限", route->summary);
    api_audit(api, person, "refused", "route", "", http_path(request));
    http_problem(request, 403, "forbidden", title, NULL);
    return false;
}

bool api_guard_passes(struct http_request *request, const struct api_person *person)
{
    if (http_set_user(request, person, sizeof(*person)))
        return true;
    api_unavailable(request);
    return false;
}

bool api_guard(struct http_request *request, const struct http_route *route, void *arg)
{
    struct api *api = arg;
    enum permission permission = (enum permission)route->permission;
    const char *cookie = http_cookie(request, COOKIE);
    char hash[API_TOKEN_HASH_SIZE] = "";
    struct session *session;
    int64_t now;

    if (permission == PERM_PUBLIC)
        return true;
    /* Without the directory nobody has centers in sight, and everything would be refused. */
    if (!api->sessions->known || !directory_is_ready(api->deps.directory)) {
        /* not 401: pages would throw their people out at every restart */
        http_add_header(request, "Retry-After", "2");
        http_problem(request, 503, "server.starting", "系统正在启动，请稍候", NULL);
        return false;
    }
    if (http_header(request, "Authorization"))
        return api_key_guard(api, request, route);
    if (cookie)
        api_token_hash(cookie, hash);
    now = wall_now(api); /* first: it moves the times of sessions when the clock was set */
    session = session_find(api, hash);
    if (!session || !session->known || session->expires_ms <= now) {
        http_problem(request, 401, "session.none", "请先登录；若长时间未操作，登录已过期", NULL);
        return false;
    }
    if (is_change(route->method) && !csrf_is_right(request, &session->person)) {
        http_problem(request, 403, "csrf", "页面已过期，请刷新后再试", NULL);
        return false;
    }
    text_copy(session->person.address, sizeof(session->person.address), http_peer(request));
    if (!api_functions_allow(api, request, route, &session->person) ||
        !api_guard_permits(api, request, route, &session->person))
        return false;
    extend(api, session);
    return api_guard_passes(request, &session->person);
}

/* --- opening and closing -------------------------------------------------------------------- */

static void set_cookie(struct http_request *request, const char *token)
{
    char cookie[160];

    snprintf(cookie, sizeof(cookie), COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s%s", token,
             token[0] ? "" : "; Max-Age=0", http_is_tls(request) ? "; Secure" : "");
    http_add_header(request, "Set-Cookie", cookie);
}

const struct api_person *api_session_open(struct api *api, struct http_request *request,
                                          const struct api_person *person)
{
    char token[48], hash[API_TOKEN_HASH_SIZE];
    struct session *session;

    api_token_make(token);
    api_token_hash(token, hash);
    session = hash[0] ? session_add(api->sessions, hash) : NULL;
    if (!session)
        return NULL;
    session->person = *person;
    text_copy(session->person.token_hash, sizeof(session->person.token_hash), hash);
    api_token_make(session->person.csrf);
    text_copy(session->person.address, sizeof(session->person.address), http_peer(request));
    session->opened_ms = (int64_t)loop_now_ms(api->loop);
    session->created_ms = wall_now(api);
    session->written_ms = session->created_ms;
    session->expires_ms = session->created_ms + SESSION_IDLE_MS;
    session->known = true;
    set_cookie(request, token);
    OPENSSL_cleanse(token, sizeof(token));
    log_info("api", "signed_in", "user=%d address=%s", person->subject.user_id,
             session->person.address);
    return &session->person;
}

int64_t api_session_expires(const struct api *api, const char *token_hash)
{
    const struct session *session = session_find(api, token_hash);

    return session ? session->expires_ms : 0;
}

static void forgotten(const struct store_result *result, void *arg)
{
    (void)arg;
    if (store_status(result) != STORE_OK)
        log_warn("api", "session_not_deleted", "status=%d", store_status(result));
}

/* Nobody waits for these: what they would change is decided here already. */
static void write_away(struct api *api, enum store_statement statement,
                       const struct store_params *params)
{
    if (store_query(api->deps.store, STORE_FAST, statement, &STORE_SCOPE_DAEMON, params, forgotten,
                    NULL, NULL))
        log_warn("api", "session_not_written", "statement=%d", statement);
}

static void write_seen(struct api *api, struct session *session, int64_t now)
{
    struct store_params params = {0};

    session->written_ms = now;
    if (!store_is_available(api->deps.store))
        return;
    store_param_text(&params, session->person.token_hash);
    store_param_time(&params, now);
    store_param_time(&params, session->expires_ms);
    write_away(api, STMT_SESSION_TOUCH, &params);
}

void api_session_close(struct api *api, const char *token_hash, const char *reason)
{
    struct session *session = session_find(api, token_hash);
    struct store_params params = {0};

    store_param_text(&params, token_hash);
    write_away(api, STMT_SESSION_DELETE, &params);
    if (session)
        session_end(api, session, reason);
}

void api_session_clear_cookie(struct http_request *request)
{
    set_cookie(request, "");
}

void api_session_seen(struct api *api, const char *token_hash)
{
    struct session *session = session_find(api, token_hash);

    if (session)
        extend(api, session);
}

const struct api_person *api_session_find(struct api *api, const char *token_hash)
{
    const struct session *session = session_find(api, token_hash);

    return session && session->known ? &session->person : NULL;
}

/* --- reading them and their permissions ----------------------------------------------------- */

static const char *const scope_names[] = {"none", "self", "team", "center", "region"};

static void grant_all(struct access_subject *subject, const cJSON *permissions)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, permissions)
    {
        enum permission permission = permission_find(item->string);
        for (int scope = ACCESS_SELF; permission && scope <= ACCESS_REGION; scope++)
            if (text_equal(cJSON_GetStringValue(item), scope_names[scope]))
                access_grant(subject, permission, (enum access_scope)scope);
    }
}

int api_person_from_row(struct api_person *person, const struct store_result *result, int row)
{
    struct access_subject subject = {
        .user_id = (int32_t)store_int(result, row, 0),
        .center_id = (int32_t)store_int(result, row, 1),
        .team_id = (int32_t)store_int(result, row, 4),
        .regional = strcmp(store_text(result, row, 3), "regional") == 0,
    };
    cJSON *permissions = cJSON_Parse(store_text(result, row, 8));
    cJSON *granted = cJSON_Parse(store_text(result, row, 9));
    cJSON *off = cJSON_Parse(store_text(result, row, 10));
    const cJSON *item;
    int err = permissions && granted && off ? 0 : -EINVAL;

    grant_all(&subject, permissions);
    cJSON_ArrayForEach(item, granted)
    {
        if (subject.granted_count < ACCESS_MAX_CENTERS && cJSON_IsNumber(item))
            subject.granted[subject.granted_count++] = item->valueint;
    }
    cJSON_ArrayForEach(item, off)
    {
        access_switch_off(&subject, function_find(cJSON_GetStringValue(item)));
    }
    if (!err) {
        person->subject = subject;
        text_copy(person->login, sizeof(person->login), store_text(result, row, 5));
        text_copy(person->name, sizeof(person->name), store_text(result, row, 6));
        text_copy(person->agent_no, sizeof(person->agent_no), store_text(result, row, 7));
    }
    cJSON_Delete(permissions);
    cJSON_Delete(granted);
    cJSON_Delete(off);
    return err;
}

static void read_done(struct api *api, bool good)
{
    struct api_sessions *sessions = api->sessions;

    sessions->reading = false;
    sessions->request = NULL;
    if (good)
        sessions->known = true;
    if (sessions->read_again || !good) {
        sessions->read_again = false;
        loop_timer_start(&sessions->retry, good ? 0 : 2000);
    } else if (sessions->spared) {
        loop_timer_start(&sessions->retry, GRACE_MS + 200);
    }
}

/* One row per user, ordered by his id. */
static int find_row(const struct store_result *result, int32_t user_id)
{
    int low = 0, high = store_rows(result) - 1;

    while (low <= high) {
        int middle = (low + high) / 2;
        int64_t id = store_int(result, middle, 0);
        if (id == user_id)
            return middle;
        if (id < user_id)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

static bool same_rights(const struct access_subject *a, const struct access_subject *b)
{
    return a->center_id == b->center_id && a->team_id == b->team_id && a->regional == b->regional &&
           a->granted_count == b->granted_count && a->off == b->off &&
           memcmp(a->scope, b->scope, sizeof(a->scope)) == 0 &&
           memcmp(a->granted, b->granted, a->granted_count * sizeof(a->granted[0])) == 0;
}

static void subjects_read(const struct store_result *result, void *arg)
{
    struct api *api = arg;
    struct session *next;

    if (store_status(result) != STORE_OK) {
        read_done(api, false);
        return;
    }
    for (struct session *session = api->sessions->all; session; session = next) {
        struct access_subject before = session->person.subject;
        int row = find_row(result, before.user_id);
        next = session->next;
        if (session->opened_ms >= api->sessions->reading_since_ms && session->known)
            continue; /* opened meanwhile, with permissions of its own reading */
        if (row < 0 || api_person_from_row(&session->person, result, row)) {
            session_end(api, session, "forced");
            continue;
        }
        /* Streams keep a copy of the rights; the page comes back with a new one. */
        if (session->known && !same_rights(&before, &session->person.subject))
            api_hub_close_session(api, session->person.token_hash);
        session->known = true;
        api_leader_rights(api, &session->person);
    }
    read_done(api, true);
}

static void read_subjects(struct api *api)
{
    struct store_params params = {0};
    struct text ids = {0};
    const char *comma = "";

    text_add(&ids, "{");
    for (const struct session *s = api->sessions->all; s; s = s->next, comma = ",")
        text_addf(&ids, "%s%d", comma, s->person.subject.user_id);
    text_add(&ids, "}");
    store_param_text(&params, ids.data);
    if (ids.failed ||
        store_query(api->deps.store, STORE_SLOW, STMT_USER_SUBJECTS, &STORE_SCOPE_DAEMON, &params,
                    subjects_read, api, &api->sessions->request))
        read_done(api, false);
    text_done(&ids);
}

/* The row as the database has it; what memory knows better (last seen) stays. */
static void take_row(struct api_sessions *sessions, const struct store_result *result, int row)
{
    const char *hash = store_text(result, row, 0);
    struct session *session = NULL;

    if (strlen(hash) == API_TOKEN_HASH_SIZE - 1) {
        session = session_find(sessions->api, hash);
        if (!session) {
            session = session_add(sessions, hash);
            if (!session)
                return;
            session->person.subject.user_id = (int32_t)store_int(result, row, 1);
            session->person.subject.center_id = (int32_t)store_int(result, row, 2);
            text_copy(session->person.csrf, sizeof(session->person.csrf),
                      store_text(result, row, 3));
            text_copy(session->person.address, sizeof(session->person.address),
                      store_text(result, row, 4));
            session->created_ms = store_int(result, row, 5);
            session->written_ms = store_int(result, row, 6);
            session->expires_ms = store_int(result, row, 7);
        }
        session->seen = true;
    }
}

static void sessions_read(const struct store_result *result, void *arg)
{
    struct api *api = arg;
    int64_t now = loop_wall_ms(api->loop);
    struct session *next;

    if (store_status(result) != STORE_OK) {
        read_done(api, false);
        return;
    }
    api->sessions->spared = false;
    for (struct session *s = api->sessions->all; s; s = s->next) {
        s->seen = s->opened_ms >= api->sessions->reading_since_ms;
        api->sessions->spared |= s->seen;
    }
    for (int row = 0; row < store_rows(result); row++)
        take_row(api->sessions, result, row);
    for (struct session *s = api->sessions->all; s; s = next) {
        next = s->next;
        if (!s->seen)
            session_end(api, s, "forced"); /* password changed, disabled, signed out elsewhere */
        else if (now - s->written_ms >= TOUCH_EVERY_MS)
            write_seen(api, s, now); /* the database was away for long */
    }
    read_subjects(api);
}

void api_sessions_reload(struct api *api)
{
    struct api_sessions *sessions = api->sessions;
    struct store_params none = {0};

    if (sessions->reading) {
        sessions->read_again = true;
        return;
    }
    sessions->reading = true;
    /* A second of grace: the database may have begun its look before a session was written. */
    sessions->reading_since_ms = (int64_t)loop_now_ms(api->loop) - GRACE_MS;
    if (store_query(api->deps.store, STORE_SLOW, STMT_SESSION_LOAD_ACTIVE, &STORE_SCOPE_DAEMON,
                    &none, sessions_read, api, &sessions->request))
        read_done(api, false);
}

bool api_sessions_are_known(const struct api *api)
{
    return api->sessions->known;
}

/* --- expiry --------------------------------------------------------------------------------- */

static void sweep(void *arg)
{
    struct api *api = arg;
    int64_t now = wall_now(api);
    struct store_params params = {0};
    struct session *next;
    bool ended = false;

    for (struct session *session = api->sessions->all; session; session = next) {
        next = session->next;
        if (session->expires_ms <= now) {
            session_end(api, session, "timeout");
            ended = true;
        }
    }
    store_param_time(&params, now);
    if (ended && store_is_available(api->deps.store))
        write_away(api, STMT_SESSION_PURGE, &params);
    loop_timer_start(&api->sessions->sweep, SWEEP_EVERY_MS);
}

static void retry(void *arg)
{
    struct api *api = arg;

    if (store_is_available(api->deps.store))
        api_sessions_reload(api);
    else
        loop_timer_start(&api->sessions->retry, 2000);
}

int api_sessions_create(struct api *api)
{
    struct api_sessions *sessions = calloc(1, sizeof(*sessions));

    if (!sessions)
        return -ENOMEM;
    sessions->api = api;
    sessions->wall_offset_ms = loop_wall_ms(api->loop) - (int64_t)loop_now_ms(api->loop);
    api->sessions = sessions;
    loop_timer_init(&sessions->sweep, api->loop, sweep, api);
    loop_timer_init(&sessions->retry, api->loop, retry, api);
    loop_timer_start(&sessions->sweep, SWEEP_EVERY_MS);
    loop_timer_start(&sessions->retry, 0);
    return 0;
}

void api_sessions_destroy(struct api *api)
{
    struct api_sessions *sessions = api->sessions;

    if (!sessions)
        return;
    if (sessions->request)
        store_cancel(sessions->request);
    loop_timer_done(&sessions->sweep);
    loop_timer_done(&sessions->retry);
    while (sessions->all)
        session_free(sessions, sessions->all);
    free(sessions);
    api->sessions = NULL;
}
