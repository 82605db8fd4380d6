/* The live wall as it is now; what changes afterwards comes as events. */
#include <stdlib.h>

#include <hotlined/disk.h>
#include <hotlined/sip.h>

#include "api/room.h"

struct wall {
    int32_t centers[ACCESS_MAX_CENTERS];
    size_t count;
};

static void add_center(struct api *api, struct text *out, int32_t center_id)
{
    const struct dir_center *center = directory_center(api->deps.directory, center_id);
    const char *today = api_hub_today(api, center_id);

    text_addf(out, "{\"center_id\":%d,\"name\":", center_id);
    text_add_json(out, center ? center->name : "");
    text_add(out, ",\"today\":");
    text_add(out, today ? today : "{}");
    text_add(out, ",");
    telephony_center_json(api->deps.telephony, center_id, out);
    text_add(out, "}");
}

/* Who is banned for guessing concerns who looks after the trunks. */
void api_strangers_json(struct text *out)
{
    struct sip_strangers strangers;

    sip_strangers(&strangers);
    text_addf(out, "{\"banned\":%u,\"since_ms\":", strangers.banned);
    if (strangers.banned)
        text_addf(out, "%lld}", (long long)strangers.since_ms);
    else
        text_add(out, "null}");
}

static void answer_wall(struct api *api, struct http_request *request,
                        const struct api_person *person, const struct wall *wall)
{
    bool region = person->subject.scope[PERM_MONITOR_READ] == ACCESS_REGION;
    struct text json = {0};

    text_addf(&json, "{\"now_ms\":%lld,\"store\":", (long long)loop_wall_ms(api->loop));
    api_hub_store_json(api, &json);
    text_add(&json, ",\"centers\":[");
    for (size_t i = 0; i < wall->count; i++) {
        text_add(&json, i ? "," : "");
        add_center(api, &json, wall->centers[i]);
    }
    text_add(&json, "],\"trunks\":");
    if (region)
        telephony_trunks_json(api->deps.telephony, &json);
    else
        text_add(&json, "[]");
    text_add(&json, ",\"strangers\":");
    if (region)
        api_strangers_json(&json);
    else
        text_add(&json, "null");
    text_add(&json, ",\"disk\":");
    disk_json(api->deps.disk, &json);
    text_add(&json, ",\"overload\":");
    telephony_overload_json(api->deps.telephony, &json);
    text_add(&json, "}");
    api_answer_text(request, &json);
}

static void figures_read(struct api *api, struct http_request *request,
                         const struct api_person *person, const struct store_result *result,
                         void **state)
{
    api_hub_take_today(api, result);
    answer_wall(api, request, person, *state);
}

static void ask_figures(struct api *api, struct http_request *request, struct wall *wall)
{
    struct api_ask ask = {.lane = STORE_SLOW,
                          .statement = STMT_WALL_TODAY,
                          .permission = PERM_MONITOR_READ,
                          .then = figures_read};
    struct text ids = {0};

    for (size_t i = 0; i < wall->count; i++)
        text_addf(&ids, "%s%d", i ? "," : "{", wall->centers[i]);
    text_add(&ids, wall->count ? "}" : "{}");
    store_param_text(&ask.params, ids.failed ? "{}" : ids.data);
    api_ask(api, request, api_person(request), &ask, wall, free);
    text_done(&ids);
}

static void get_wall(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const struct api_person *person = api_person(request);
    struct wall *wall;
    int32_t only;

    if (!api_query_center(api, request, PERM_MONITOR_READ, &only))
        return;
    if (person->subject.scope[PERM_MONITOR_READ] < ACCESS_CENTER) {
        http_problem(request, 403, "forbidden", "监控需要本中心或以上的权限", NULL);
        return;
    }
    wall = calloc(1, sizeof(*wall));
    if (!wall) {
        api_unavailable(request);
        return;
    }
    if (only)
        wall->centers[wall->count++] = only;
    else
        wall->count = api_centers(api, person, PERM_MONITOR_READ, wall->centers);
    if (store_is_available(api->deps.store)) {
        ask_figures(api, request, wall);
    } else { /* the wall lives without the database; the figures say how old they are */
        answer_wall(api, request, person, wall);
        free(wall);
    }
}

static const struct api_route rows[] = {
    {{"GET", "/api/v1/monitor/wall", PERM_MONITOR_READ, get_wall, "实时监控大屏"},
     NULL,
     0,
     "center_id"},
};
const struct api_routes api_routes_monitor = API_ROUTES(rows);
