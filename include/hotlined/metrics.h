/* Counters and gauges for /metrics (Prometheus text format 0.0.4). Thread-safe, lock-free.
 * A metric is a static object registered once; names follow hotlined_NOUN_unit_total. */
#ifndef HOTLINED_METRICS_H
#define HOTLINED_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

struct text;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name;   /* hotlined_calls_total */
    const char *labels; /* NULL or e.g. "direction=\"in\"" (without braces) */
    const char *help;   /* English */
    enum metric_kind kind;
    _Atomic int64_t value;
    struct metric *next; /* private to metrics.c */
};

void metric_register(struct metric *metric); /* once, at start of a room */
static inline void metric_add(struct metric *metric, int64_t n)
{
    atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}
static inline void metric_set(struct metric *metric, int64_t n)
{
    atomic_store_explicit(&metric->value, n, memory_order_relaxed);
}
void metrics_print(struct text *out);

#endif
