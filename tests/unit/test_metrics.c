/* rooms: base */
/* Metrics: the text format, families, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include <hotlined/metrics.h>
#include <hotlined/text.h>

static struct metric calls_in = {.name = "test_calls_total",
                                 .labels = "direction=\"in\"",
                                 .help = "Calls.",
                                 .kind = METRIC_COUNTER};
static struct metric waiting = {
    .name = "test_waiting", .help = "Callers who wait.", .kind = METRIC_GAUGE};
static struct metric calls_out = {.name = "test_calls_total",
                                  .labels = "direction=\"out\"",
                                  .help = "Calls.",
                                  .kind = METRIC_COUNTER};

static void families_stand_together_below_one_heading(void **state)
{
    struct text text = {0};

    (void)state;
    metric_register(&calls_in);
    metric_register(&waiting);
    metric_register(&calls_out);
    metric_register(&waiting); /* a room that starts again */
    metric_add(&calls_in, 3);
    metric_add(&calls_in, 4);
    metric_add(&calls_out, 1);
    metric_set(&waiting, -2);
    metrics_print(&text);
    assert_string_equal(text.data, "# HELP test_calls_total Calls.\n"
                                   "# TYPE test_calls_total counter\n"
                                   "test_calls_total{direction=\"in\"} 7\n"
                                   "test_calls_total{direction=\"out\"} 1\n"
                                   "# HELP test_waiting Callers who wait.\n"
                                   "# TYPE test_waiting gauge\n"
                                   "test_waiting -2\n");
    text_done(&text);
}

static struct metric shared = {.name = "test_shared_total", .help = "x", .kind = METRIC_COUNTER};

static void *count(void *arg)
{
    metric_register(arg);
    for (int i = 0; i < 100000; i++)
        metric_add(arg, 1);
    return NULL;
}

static void no_count_of_a_thread_is_lost(void **state)
{
    pthread_t threads[4];
    struct text text = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, &shared), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    metrics_print(&text);
    assert_non_null(strstr(text.data, "\ntest_shared_total 400000\n"));
    text_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_stand_together_below_one_heading),
        cmocka_unit_test(no_count_of_a_thread_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
