/* Counters and gauges in Prometheus' text format 0.0.4. */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <hotlined/metrics.h>
#include <hotlined/text.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list, not the values */
static struct metric *first, **last = &first;

void metric_register(struct metric *metric)
{
    pthread_mutex_lock(&lock);
    for (struct metric *m = first; m; m = m->next)
        if (m == metric)
            goto out; /* a room that was stopped and started again in a test */
    metric->next = NULL;
    *last = metric;
    last = &metric->next;
out:
    pthread_mutex_unlock(&lock);
}

/* Series of one name must stand together below one HELP and TYPE. */
static bool said_before(const struct metric *metric)
{
    for (const struct metric *m = first; m != metric; m = m->next)
        if (strcmp(m->name, metric->name) == 0)
            return true;
    return false;
}

static void print_family(struct text *out, const struct metric *head)
{
    text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", head->name, head->help, head->name,
              head->kind == METRIC_COUNTER ? "counter" : "gauge");
    for (const struct metric *m = head; m; m = m->next) {
        if (strcmp(m->name, head->name) != 0)
            continue;
        text_addf(out, "%s%s%s%s %lld\n", m->name, m->labels ? "{" : "", m->labels ? m->labels : "",
                  m->labels ? "}" : "",
                  (long long)atomic_load_explicit(&m->value, memory_order_relaxed));
    }
}

void metrics_print(struct text *out)
{
    pthread_mutex_lock(&lock);
    for (const struct metric *m = first; m; m = m->next)
        if (!said_before(m))
            print_family(out, m);
    pthread_mutex_unlock(&lock);
}
