/* A request on its way: which route, which page, which range, and what its parameters become for a
 * statement. Nothing outside of the web folder is ever sent, every request is answered once. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/room.h"
#include "fake_mhd.h"

static struct api api;
static struct http http;
static char root[64];

/* --- in place of the rooms behind params.c -------------------------------------------------- */

static const struct dir_center centers[] = {{.id = 1}, {.id = 2}, {.id = INT32_MAX}};
static const struct dir_agent agents[] = {{.user_id = 10, .center_id = 2, .team_id = 3},
                                          {.user_id = 11, .center_id = 2, .team_id = 3}};

const struct dir_center *directory_centers(const struct directory *directory, size_t *ret_count)
{
    (void)directory;
    *ret_count = sizeof(centers) / sizeof(centers[0]);
    return centers;
}

const struct dir_agent *directory_agents(const struct directory *directory, size_t *ret_count)
{
    (void)directory;
    *ret_count = sizeof(agents) / sizeof(agents[0]);
    return agents;
}

void fact_emit(struct fact_outbox *outbox, const struct uuid *id, int32_t center_id,
               int64_t wall_ms, const char *kind, const char *json)
{
    cJSON *read = cJSON_Parse(json);

    (void)outbox;
    (void)id;
    (void)center_id;
    (void)wall_ms;
    MUST(kind[0] && cJSON_IsObject(read)); /* whatever stands in the path */
    cJSON_Delete(read);
}

void api_missing(struct http_request *request, const char *title)
{
    (void)title;
    http_problem(request, 404, "not_found", "没有", NULL);
}

/* --- handlers ------------------------------------------------------------------------------- */

static void check_params(const struct store_params *params)
{
    MUST(params->count >= 0 && params->count <= STORE_MAX_PARAMS);
    for (int i = 0; i < params->count; i++)
        MUST(!params->values[i] || text_is_utf8(params->values[i], strlen(params->values[i])));
}

static void list(struct http_request *request, void *arg)
{
    struct store_params params = {0};
    struct text users = {0};
    int32_t center = 0;

    (void)arg;
    if (api_query_center(&api, request, PERM_CALL_READ, &center) &&
        api_param_query_text(request, &params, "caller") &&
        api_param_query_int(request, &params, "queue_id", "队列") &&
        api_param_query_time(request, &params, "from", "开始时间") &&
        api_param_query_cursor(request, &params) &&
        api_param_query_limit(request, &params, 50, 500)) {
        api_param_users(&api, api_person(request), PERM_CALL_READ, &params, &users);
        (void)api_may_reveal(api_person(request), PERM_CALL_READ);
        MUST(center >= 0);
        check_params(&params);
        http_answer_json(request, 200, "{}");
    }
    text_done(&users);
}

static void one(struct http_request *request, void *arg)
{
    struct uuid id;
    char text[UUID_TEXT_SIZE];
    int64_t version;

    (void)arg;
    if (!api_path_uuid(request, "id", &id) || !api_if_match(request, &version))
        return;
    MUST(strcasecmp(uuid_text(&id, text), http_path_param(request, "id")) == 0);
    MUST(version >= 1);
    http_answer_empty(request, 204);
}

static void numbered(struct http_request *request, void *arg)
{
    int32_t id, center;

    (void)arg;
    if (!api_path_int(request, "id", &id))
        return;
    MUST(id >= 1);
    if (api_check_center(&api, request, PERM_CALL_READ, id - 1, &center))
        http_answer_download(request, "text/csv", "a,b", 3, http_path_param(request, "name"));
}

static ssize_t read_zeros(void *arg, uint64_t at, char *out, size_t size)
{
    MUST(arg == &api && at < 1000);
    memset(out, 0, size);
    return (ssize_t)size;
}

static void source_done(void *arg)
{
    MUST(arg == &api);
}

static void made(struct http_request *request, void *arg)
{
    struct http_source source = {1000, "audio/wav", read_zeros, source_done, &api};

    (void)arg;
    (void)http_cookie(request, "session");
    (void)http_is_tls(request);
    MUST(http_method(request)[0] && http_path(request)[0] && http_peer(request)[0]);
    MUST((http_peer(request)[0] == '?') == (http_peer_address(request)->ss_family == AF_UNSPEC));
    http_answer_source(request, &source);
}

static void file(struct http_request *request, void *arg)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", root, (const char *)arg);
    http_answer_file(request, path, "audio/wav", "录音.wav");
}

static void silent(struct http_request *request, void *arg)
{
    (void)arg;
    http_problem_more(request, 409, "twice", "已有", NULL);
    http_answer_empty(request, 204); /* a handler's bug: the first answer counts */
}

/* "deny" in the query: a guard that refuses; "mute": one with a bug. */
static bool guard(struct http_request *request, const struct http_route *route, void *arg)
{
    static struct api_person person;

    (void)arg;
    if (http_query(request, "mute"))
        return false;
    if (http_query(request, "deny")) {
        http_problem(request, 403, "forbidden", "无权", NULL);
        return false;
    }
    person.subject = (struct access_subject){.user_id = 10, .center_id = 2, .team_id = 3};
    access_grant(&person.subject, PERM_CALL_READ,
                 http_query(request, "team") ? ACCESS_TEAM : ACCESS_CENTER);
    person.subject.regional = http_query(request, "regional") != NULL;
    MUST(http_set_user(request, &person, sizeof(person)));
    MUST(memcmp(http_user(request), &person, sizeof(person)) == 0 && route->permission > 0);
    return true;
}

static const struct http_route routes[] = {
    {"GET", "/api/v1/calls", PERM_CALL_READ, list, ""},
    {"GET", "/api/v1/calls/{id}", PERM_CALL_READ, one, ""},
    {"PUT", "/api/v1/calls/{id}", PERM_CALL_READ, one, ""},
    {"GET", "/api/v1/calls/latest", PERM_CALL_READ, list, ""},
    {"GET", "/api/v1/things/{id}/names/{name}", PERM_CALL_READ, numbered, ""},
    {"GET", "/api/v1/made", PERM_PUBLIC, made, ""},
    {"GET", "/api/v1/file", PERM_PUBLIC, file, ""},
    {"POST", "/api/v1/twice", PERM_PUBLIC, silent, ""},
    {"GET", "/a/b/c/d/e/f/g/h/i/j/k/l", PERM_PUBLIC, made, ""},
};

static void write_file(const char *name, const char *content)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s%s", root, name);
    f = fopen(path, "w");
    MUST(f && fputs(content, f) >= 0);
    fclose(f);
}

static void remove_root(void)
{
    char path[128];
    static const char *const names[] = {"/index.html", "/assets/app.js", "/assets",
                                        "/.hidden",    "/empty.txt",     ""};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", root, names[i]);
        (void)remove(path);
    }
}

static void prepare(void)
{
    static const struct http_route wrong[] = {
        {"GET", "/api", 0, list, ""},
        {"GET", "/1/2/3/4/5/6/7/8/9/a/b/c/d", PERM_PUBLIC, list, ""},
    };
    char path[128];

    if (http.rows)
        return;
    MUST(loop_create(&api.loop) == 0);
    snprintf(root, sizeof(root), "/tmp/hotlined-fuzz-%d", (int)getpid());
    snprintf(path, sizeof(path), "%s/assets", root);
    MUST(mkdir(root, 0700) == 0 && mkdir(path, 0700) == 0);
    (void)atexit(remove_root);
    write_file("/index.html", "<!doctype html>");
    write_file("/assets/app.js", "void 0\n");
    write_file("/.hidden", "secret");
    write_file("/empty.txt", "");
    fake_root = root;
    http.rows = calloc(sizeof(routes) / sizeof(routes[0]), sizeof(*http.rows));
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        static char app[] = "assets/app.js";
        MUST(http_row_init(&http.rows[http.row_count++], &routes[i], app) == 0);
    }
    for (size_t i = 0; i < 2; i++)
        MUST(http_row_init(&(struct http_row){0}, &wrong[i], NULL) < 0);
    http.guard = guard;
    http.web_dir = root;
    http.max_body = 4096;
    MUST(http_proxies_init(&http.proxies, "0.0.0.0 10.0.0.0/8") == 0);
    http_answers_register();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct MHD_Connection connection;
    struct http_server server = {.http = &http};
    struct http_request *request;
    uint64_t first = 0, last = 0;

    prepare();
    fake_connection_read(&connection, data, size);
    server.tls = connection.count & 1;
    http.stopping = connection.body_size == 77;
    request = fake_request(&server, &connection);
    if (request) {
        if (request->row)
            MUST(http_path_param(request, "nobody") == NULL);
        MUST(fake_answered(request) != 500 ||
             MHD_lookup_connection_value(&connection, MHD_GET_ARGUMENT_KIND, "mute"));
    }
    MUST(http.requests == NULL);
    if (http_parse_range(connection.path, connection.body_size, &first, &last) == 1)
        MUST(first <= last && last < connection.body_size);
    fake_connection_done(&connection);
    return 0;
}
