/* The nightly check of agents' states: asked of the database, told in log and metrics. */
#include <cjson/cJSON.h>

#include <hotlined/log.h>
#include <hotlined/metrics.h>
#include <hotlined/store.h>

#include "main/nightly.h"

#define ASK_EVERY_MS   (10 * 60 * 1000)
#define ASK_AGAIN_MS   5000 /* the database is away */
#define ASK_AT_ONCE_MS 1000

static struct metric faults = {.name = "hotlined_state_faults",
                               .help =
                                   "Gaps and overlaps in agents' states of the day checked last.",
                               .kind = METRIC_GAUGE};

static double number_of(const cJSON *json, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(json, name);

    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static void tell(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    const char *day = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "day"));
    double found = number_of(json, "faults");

    metric_set(&faults, (int64_t)found);
    if (found > 0)
        log_error("main", "state_faults", "day=%s faults=%.0f sessions=%.0f intervals=%.0f",
                  log_safe(day ? day : ""), found, number_of(json, "sessions"),
                  number_of(json, "intervals"));
    else
        log_info("main", "states_checked", "day=%s sessions=%.0f intervals=%.0f",
                 log_safe(day ? day : ""), number_of(json, "sessions"),
                 number_of(json, "intervals"));
    cJSON_Delete(json);
}

static void checked(const struct store_result *result, void *arg)
{
    struct nightly *nightly = arg;
    bool good = store_status(result) == STORE_OK;

    if (good && store_rows(result) && !store_is_null(result, 0, 0))
        tell(store_text(result, 0, 0));
    if (!good)
        log_warn("main", "check_failed", "status=%d", store_status(result));
    loop_timer_start(&nightly->timer, ASK_EVERY_MS);
}

static void ask(void *arg)
{
    struct nightly *nightly = arg;
    struct store_params params = {0};

    if (!store_is_available(nightly->store) ||
        store_query(nightly->store, STORE_SLOW, STMT_CHECK_STATES_DUE, &STORE_SCOPE_DAEMON, &params,
                    checked, nightly, NULL))
        loop_timer_start(&nightly->timer, ASK_AGAIN_MS);
}

void nightly_start(struct nightly *nightly, struct loop *loop, struct store *store)
{
    nightly->store = store;
    metric_register(&faults);
    loop_timer_init(&nightly->timer, loop, ask, nightly);
    loop_timer_start(&nightly->timer, ASK_AT_ONCE_MS);
}

void nightly_stop(struct nightly *nightly)
{
    if (nightly->store)
        loop_timer_done(&nightly->timer);
    nightly->store = NULL;
}
