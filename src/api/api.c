/* The API room: made, wired, ended. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/functions.h"
#include "api/room.h"

#define MAX_CONNECTIONS 6000

/* One table a line, so that two branches can each add one. */
/* clang-format off */
const struct api_routes *const api_route_tables[] = {
    &api_routes_session,
    &api_routes_me,
    &api_routes_agent,
    &api_routes_agent_calls,
    &api_routes_agent_pass,
    &api_routes_errands,
    &api_routes_events,
    &api_routes_monitor,
    &api_routes_leader,
    &api_routes_teams,
    &api_routes_calls,
    &api_routes_records,
    &api_routes_recordings,
    &api_routes_reports,
    &api_routes_users,
    &api_routes_queues,
    &api_routes_reasons,
    &api_routes_calendars,
    &api_routes_connectors,
    &api_routes_lists,
    &api_routes_flows,
    &api_routes_survey,
    &api_routes_prompts,
    &api_routes_sounds,
    &api_routes_trunks,
    &api_routes_audit,
    &api_routes_centers,
    &api_routes_dialing,
    &api_routes_transfers,
    &api_routes_routes,
    &api_routes_taxpayers,
    &api_routes_settings_bots,
    &api_routes_bots,
    &api_routes_agent_centers,
    &api_routes_queries,
    &api_routes_contacts,
    &api_routes_notes,
    &api_routes_system,
    &api_routes_voicemails,
    &api_routes_voicemail_delete,
    &api_routes_desk,
    &api_routes_recording_rule,
    &api_routes_callbacks,
    &api_routes_flow_edit,
    &api_routes_keys,
    &api_routes_agent_media,
    &api_routes_pools,
    &api_routes_sms,
    &api_routes_settings_sms,
    &api_routes_tickets,
    &api_routes_knowledge,
    &api_routes_knowledge_edit,
};
/* clang-format on */
const size_t api_route_table_count = sizeof(api_route_tables) / sizeof(api_route_tables[0]);

/* The operator's certificate, or one made at the first start. */
static int find_certificate(const struct config *config, char certificate[CONFIG_TEXT + 24],
                            char key[CONFIG_TEXT + 24])
{
    char dir[CONFIG_TEXT + 8];

    if (config->tls_certificate[0]) {
        snprintf(certificate, CONFIG_TEXT + 24, "%s", config->tls_certificate);
        snprintf(key, CONFIG_TEXT + 24, "%s", config->tls_key);
        return 0;
    }
    snprintf(dir, sizeof(dir), "%s/tls", config->state_dir);
    if (mkdir(dir, 0700) && errno != EEXIST)
        return -errno;
    snprintf(certificate, CONFIG_TEXT + 24, "%s/web.pem", dir);
    snprintf(key, CONFIG_TEXT + 24, "%s/web.key", dir);
    return http_make_certificate(certificate, key);
}

static int start_server(struct api *api)
{
    const struct config *config = api->deps.config;
    char certificate[CONFIG_TEXT + 24] = "", key[CONFIG_TEXT + 24] = "";
    struct http_options options = {.listen = config->http_listen,
                                   .https_listen = config->https_listen,
                                   .certificate = certificate,
                                   .key = key,
                                   .web_dir = config->web_dir,
                                   .max_body = API_BODY_SOUND,
                                   .max_connections = MAX_CONNECTIONS,
                                   .max_connections_each =
                                       (unsigned)config->http_connections_per_address,
                                   .trusted_proxies = config->http_trusted_proxies};
    int err = config->https_listen[0] ? find_certificate(config, certificate, key) : 0;

    if (err) {
        log_error("api", "no_certificate", "file=%s error=%s", certificate, strerror(-err));
        return err;
    }
    err = http_create(api->loop, &options, api_guard, api, &api->http);
    return err ? err : api_functions_add_routes(api, api->http, &api->bound);
}

int api_create(struct loop *loop, const struct api_deps *deps, struct api **ret_api)
{
    struct api *api = calloc(1, sizeof(*api));
    int err;

    if (!api)
        return -ENOMEM;
    api->loop = loop;
    api->deps = *deps;
    err = api_speech_create(api);
    if (!err)
        err = api_hub_create(api);
    if (!err)
        err = api_agents_today_create(api);
    if (!err)
        err = api_attempts_create(api);
    if (!err)
        err = api_sessions_create(api);
    if (!err)
        err = api_keys_create(api);
    if (!err)
        err = start_server(api);
    if (err) {
        api_destroy(api);
        return err;
    }
    *ret_api = api;
    return 0;
}

void api_destroy(struct api *api)
{
    if (!api)
        return;
    api->stopping = true;
    api_waits_end(api);
    if (api->http)
        http_destroy(api->http);
    api_speech_destroy(api);
    free(api->bound);
    api_hub_destroy(api);
    api_agents_today_destroy(api);
    api_keys_destroy(api);
    api_sessions_destroy(api);
    api_attempts_destroy(api);
    free(api);
}

void api_on_telephony_event(struct api *api, const struct telephony_event *event)
{
    api_hub_event(api, event);
}

bool api_is_heard(const struct api *api, const char *type, int32_t center_id, int32_t user_id)
{
    return api_hub_is_heard(api, type, center_id, user_id);
}

void api_on_store(struct api *api, bool available, int64_t since_wall_ms)
{
    api_hub_store(api, available, since_wall_ms);
    if (available) {
        api_sessions_reload(api);
        api_keys_reload(api);
    }
}

void api_on_shipped(struct api *api)
{
    api_hub_shipped(api);
}

/* "knowledge 2 ID published region", as function kb_tell says it. */
static bool is_knowledge(struct api *api, const char *payload)
{
    char id[UUID_TEXT_SIZE], what[12], scope[8] = "";
    int center;

    _Static_assert(UUID_TEXT_SIZE == 37, "width below");
    if (sscanf(payload, "knowledge %d %36s %11s %7s", &center, id, what, scope) < 3)
        return false;
    api_hub_knowledge(api, center, id, what, scope);
    return true;
}

bool api_on_work_changed(struct api *api, const char *payload)
{
    static const char *const lists[] = {"voicemail", "callback", "ticket"};
    const char *space = strchr(payload, ' ');
    const char *more = space ? strchr(space + 1, ' ') : NULL;
    char number[12];
    int64_t center;

    if (!space)
        return false;
    snprintf(number, sizeof(number), "%.*s",
             more ? (int)(more - space - 1) : (int)sizeof(number) - 1, space + 1);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (strlen(lists[i]) == (size_t)(space - payload) &&
            strncmp(payload, lists[i], strlen(lists[i])) == 0 &&
            text_to_int(number, 1, INT32_MAX, &center) == 0) {
            api_hub_work(api, lists[i], (int32_t)center, more ? more + 1 : NULL);
            return true;
        }
    return is_knowledge(api, payload);
}

void api_on_directory_changed(struct api *api)
{
    api_hub_directory(api);
    api_sessions_reload(api);
    api_keys_reload(api);
}

struct http *api_http(const struct api *api)
{
    return api->http;
}
