/* Metrics of calls and agents (docs/metrics.md). */
#include <string.h>

#include <hotlined/acd.h>
#include <hotlined/log_limit.h>
#include <hotlined/metrics.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>

#include "telephony/agent.h"
#include "telephony/call.h"
#include "telephony/figures.h"
#include "telephony/refusal.h"
#include "telephony/room.h"

#define COUNTER(text, label, meaning)                                                              \
    {                                                                                              \
        .name = text, .labels = label, .help = meaning, .kind = METRIC_COUNTER                     \
    }
#define GAUGE(text, label, meaning)                                                                \
    {                                                                                              \
        .name = text, .labels = label, .help = meaning, .kind = METRIC_GAUGE                       \
    }
#define ENDED(outcome)                                                                             \
    COUNTER("hotlined_calls_ended_total", "direction=\"in\",outcome=\"" outcome "\"",              \
            "Calls ended.")
#define REFUSED(reason)                                                                            \
    COUNTER("hotlined_calls_refused_total", "reason=\"" reason "\"",                               \
            "Calls refused before they were accepted.")
#define AGENTS(state) GAUGE("hotlined_agents", "state=\"" state "\"", "Signed-in agents by state.")

#define CALLED(outcome)                                                                            \
    COUNTER("hotlined_calls_ended_total", "direction=\"out\",outcome=\"" outcome "\"",             \
            "Calls ended.")

static struct metric began = COUNTER("hotlined_calls_total", "direction=\"in\"", "Calls accepted.");
static struct metric called =
    COUNTER("hotlined_calls_total", "direction=\"out\"", "Calls made by agents.");
static struct metric called_answered = CALLED("answered"), called_lost = CALLED("lost");
static struct metric waiting =
    GAUGE("hotlined_calls_waiting", NULL, "Callers in a queue, ringing at an agent or not.");
static struct metric talking =
    GAUGE("hotlined_calls_talking", NULL, "Calls connected to an agent.");

static struct {
    const char *outcome;
    struct metric metric;
} ended[] = {
    {"answered", ENDED("answered")}, {"ab_queue", ENDED("ab_queue")},
    {"ab_ring", ENDED("ab_ring")},   {"lost", ENDED("lost")},
    {"ivr_self", ENDED("ivr_self")}, {"ivr_abandon", ENDED("ivr_abandon")},
    {"ivr_lost", ENDED("ivr_lost")}, {"closed", ENDED("closed")},
    {"blocked", ENDED("blocked")},   {"flow_ext", ENDED("flow_ext")},
    {"flow_vm", ENDED("flow_vm")},   {"flow_cb", ENDED("flow_cb")},
};
#define OUTCOMES (sizeof(ended) / sizeof(ended[0]))

static struct {
    const char *why;
    struct metric metric;
} refused[REFUSED_COUNT] = {
    [REFUSED_DRAINING] = {"draining", REFUSED("draining")},
    [REFUSED_STARTING] = {"starting", REFUSED("starting")},
    [REFUSED_OVERLOADED] = {"facts_not_kept", REFUSED("facts_not_kept")},
    [REFUSED_BUSY] = {"overloaded", REFUSED("overloaded")},
    [REFUSED_FULL] = {"no_call_slot", REFUSED("no_call_slot")},
    [REFUSED_NUMBER] = {"unknown_number", REFUSED("unknown_number")},
    [REFUSED_CENTER] = {"center_off", REFUSED("center_off")},
    [REFUSED_FLOW] = {"no_flow", REFUSED("no_flow")},
    [REFUSED_TRANSFER] = {"no_transfer", REFUSED("no_transfer")},
    [REFUSED_SHARE] = {"no_share", REFUSED("no_share")},
    [REFUSED_MEDIA] = {"no_media", REFUSED("no_media")},
};

static struct metric agents[] = {
    [ACD_READY] = AGENTS("ready"), [ACD_BUSY] = AGENTS("busy"), [ACD_REST] = AGENTS("rest"),
    [ACD_RING] = AGENTS("ring"),   [ACD_TALK] = AGENTS("talk"), [ACD_ACW] = AGENTS("acw"),
};
#define AGENT_STATES (sizeof(agents) / sizeof(agents[0]))

void figures_init(struct telephony *t)
{
    metric_register(&began);
    metric_register(&called);
    metric_register(&called_answered);
    metric_register(&called_lost);
    metric_register(&waiting);
    metric_register(&talking);
    for (size_t i = 0; i < OUTCOMES; i++)
        metric_register(&ended[i].metric);
    for (size_t i = 0; i < AGENT_STATES; i++)
        if (agents[i].name)
            metric_register(&agents[i]);
    for (size_t i = 0; i < REFUSED_COUNT; i++) {
        metric_register(&refused[i].metric);
        log_limit_init(&t->refusals[i], t->loop, "call", "refused", refused[i].why);
    }
}

void figures_done(struct telephony *t)
{
    for (size_t i = 0; i < REFUSED_COUNT; i++)
        log_limit_done(&t->refusals[i]);
}

void figure_began(const struct call *call)
{
    metric_add(call->outbound ? &called : &began, 1);
}

void figure_ended(const struct call *call, const char *outcome)
{
    if (call->outbound) {
        metric_add(strcmp(outcome, "answered") == 0 ? &called_answered : &called_lost, 1);
        return;
    }
    for (size_t i = 0; i < OUTCOMES; i++)
        if (strcmp(ended[i].outcome, outcome) == 0)
            metric_add(&ended[i].metric, 1);
}

bool figure_refused(struct telephony *t, enum telephony_refusal why)
{
    metric_add(&refused[why].metric, 1);
    return log_limit_take(&t->refusals[why]);
}

/* Counted when somebody asks: a gauge kept by hand would drift with the first forgotten way out. */
void telephony_gauges(struct telephony *t)
{
    int64_t states[AGENT_STATES] = {0}, in_queue = 0, in_talk = 0;
    handle_t handle;

    for (struct call *c = NULL; (c = slots_next(&t->calls, c, &handle));) {
        in_queue += c->state == CALL_WAITING;
        in_talk += c->state == CALL_TALKING;
    }
    for (struct agent *a = NULL; (a = slots_next(&t->agents, a, &handle));)
        if (a->signed_in && (size_t)a->state < AGENT_STATES)
            states[a->state]++;
    metric_set(&waiting, in_queue);
    metric_set(&talking, in_talk);
    for (size_t i = 0; i < AGENT_STATES; i++)
        metric_set(&agents[i], states[i]);
}
