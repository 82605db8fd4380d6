/* What the shared port refused, as metrics: every packet of a flood is counted, and cheaply. */
#include <hotlined/metrics.h>

#include "media/line/port.h"

#define PUBLISH_MS 500

#define REFUSED(why)                                                                               \
    {                                                                                              \
        .name = "hotlined_line_refused_total", .labels = "reason=\"" why "\"",                     \
        .help = "Datagrams and connections the port of browser lines refused.",                    \
        .kind = METRIC_COUNTER                                                                     \
    }

static struct {
    struct metric metric;
    size_t counter; /* its place in struct line_counters */
} refused[] = {
    {REFUSED("stun_malformed"), offsetof(struct line_counters, stun_malformed)},
    {REFUSED("stun_unknown_user"), offsetof(struct line_counters, stun_unknown_user)},
    {REFUSED("stun_integrity"), offsetof(struct line_counters, stun_refused)},
    {REFUSED("stun_limited"), offsetof(struct line_counters, stun_limited)},
    {REFUSED("stranger"), offsetof(struct line_counters, strangers)},
    {REFUSED("dtls_failed"), offsetof(struct line_counters, dtls_failed)},
    {REFUSED("dtls_limited"), offsetof(struct line_counters, dtls_limited)},
    {REFUSED("srtp"), offsetof(struct line_counters, srtp_refused)},
    {REFUSED("srtp_replayed"), offsetof(struct line_counters, srtp_replayed)},
    {REFUSED("tcp"), offsetof(struct line_counters, tcp_refused)},
    {REFUSED("tcp_framing"), offsetof(struct line_counters, tcp_closed_bad)},
};
#define COUNT (sizeof(refused) / sizeof(refused[0]))

void line_counts_register(void)
{
    for (size_t i = 0; i < COUNT; i++)
        metric_register(&refused[i].metric);
}

static uint64_t value_of(const struct line_counters *counters, size_t place)
{
    return *(const uint64_t *)(const void *)((const char *)counters + place);
}

void line_counts_publish(struct line_port *port)
{
    if (port->now_ms - port->published_ms < PUBLISH_MS)
        return;
    for (size_t i = 0; i < COUNT; i++) {
        size_t place = refused[i].counter;
        metric_add(&refused[i].metric,
                   (int64_t)(value_of(&port->counters, place) - value_of(&port->published, place)));
    }
    port->published = port->counters;
    port->published_ms = port->now_ms;
}
