/* For machines: health, metrics, and the description of the API. */
#include <string.h>

#include <hotlined/metrics.h>

#include "api/room.h"

/* Alive: the loop turns. */
static void get_health(struct http_request *request, void *arg)
{
    (void)arg;
    http_answer_bytes(request, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

/* Ready: takes calls and signed-in people. PostgreSQL may be away: calls go on. */
static void get_ready(struct http_request *request, void *arg)
{
    struct api *api = arg;
    const char *why = NULL;

    if (!directory_is_ready(api->deps.directory))
        why = "no configuration yet\n";
    else if (!api_sessions_are_known(api))
        why = "sessions not read yet\n";
    else if (telephony_is_draining(api->deps.telephony))
        why = "draining\n";
    http_answer_bytes(request, why ? 503 : 200, "text/plain; charset=utf-8", why ? why : "ready\n",
                      strlen(why ? why : "ready\n"));
}

static struct metric calls = {
    .name = "hotlined_calls", .help = "Calls under way.", .kind = METRIC_GAUGE};
static struct metric facts_pending = {
    .name = "hotlined_facts_pending", .help = "Facts not yet in PostgreSQL.", .kind = METRIC_GAUGE};
static struct metric store_available = {
    .name = "hotlined_store_available", .help = "PostgreSQL answers.", .kind = METRIC_GAUGE};

static void get_metrics(struct http_request *request, void *arg)
{
    struct api *api = arg;
    struct text out = {0};

    metric_register(&calls);
    metric_register(&facts_pending);
    metric_register(&store_available);
    telephony_gauges(api->deps.telephony);
    metric_set(&calls, telephony_call_count(api->deps.telephony));
    metric_set(&facts_pending, (int64_t)fact_outbox_pending(api->deps.outbox));
    metric_set(&store_available, store_is_available(api->deps.store));
    metrics_print(&out);
    if (out.failed)
        http_answer_empty(request, 503);
    else
        http_answer_bytes(request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data,
                          out.length);
    text_done(&out);
}

static void get_openapi(struct http_request *request, void *arg)
{
    struct text json = {0};

    (void)arg;
    api_openapi(&json);
    api_answer_text(request, &json);
}

static const struct api_route rows[] = {
    {{"GET", "/healthz", PERM_PUBLIC, get_health, "存活检查"}, NULL, 0, NULL},
    {{"GET", "/readyz", PERM_PUBLIC, get_ready, "就绪检查"}, NULL, 0, NULL},
    {{"GET", "/metrics", PERM_PUBLIC, get_metrics, "运行指标（Prometheus）"}, NULL, 0, NULL},
    {{"GET", "/api/v1/openapi.json", PERM_PUBLIC, get_openapi, "接口说明（OpenAPI 3.1）"},
     NULL,
     0,
     NULL},
};
const struct api_routes api_routes_system = API_ROUTES(rows);
