/* What agents did today (MON-02), told to those who watch.
 *
 * One statement says it for everybody who watches: at most once a second, after facts were shipped,
 * of those agents alone whose talks ended since the last look. A new day begins with a look at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/room.h"

#define DAY_SIZE 11

struct api_agents_today {
    struct store_request *request;
    bool again;                  /* more was shipped while the statement ran */
    char newest[UUID_TEXT_SIZE]; /* fact at the last look; "" = none yet */
    char day[DAY_SIZE];          /* of the last look, as the database says it */
};

static void ask(struct api *api);

static void look_answered(const struct store_result *result, void *arg)
{
    struct api *api = arg;
    struct api_agents_today *today = api->agents_today;

    today->request = NULL;
    if (store_status(result) != STORE_OK)
        log_warn("api", "agents_today_not_read", "status=%d", store_status(result));
    else
        for (int row = 0; row < store_rows(result); row++) {
            if (store_int(result, row, 0))
                api_hub_say(api, "agents_today", (int32_t)store_int(result, row, 0),
                            store_text(result, row, 1));
            text_copy(today->newest, sizeof(today->newest), store_text(result, row, 2));
            text_copy(today->day, sizeof(today->day), store_text(result, row, 3));
        }
    if (today->again && store_status(result) == STORE_OK)
        ask(api);
}

static void add_or_null(struct store_params *params, const char *text)
{
    if (*text)
        store_param_text(params, text);
    else
        store_param_null(params);
}

static void ask(struct api *api)
{
    struct api_agents_today *today = api->agents_today;
    struct store_params params = {0};

    today->again = today->request != NULL;
    if (today->request || !store_is_available(api->deps.store))
        return;
    add_or_null(&params, today->newest);
    add_or_null(&params, today->day);
    (void)store_query(api->deps.store, STORE_SLOW, STMT_AGENTS_TODAY, &STORE_SCOPE_DAEMON, &params,
                      look_answered, api, &today->request);
}

void api_agents_today_look(struct api *api)
{
    ask(api);
}

bool api_agents_today_is_over(const struct api *api)
{
    char now[TIME_TEXT_SIZE];

    return api->agents_today->day[0] &&
           strncmp(api->agents_today->day, time_text(loop_wall_ms(api->loop), now), DAY_SIZE - 1) !=
               0;
}

int api_agents_today_create(struct api *api)
{
    api->agents_today = calloc(1, sizeof(*api->agents_today));
    return api->agents_today ? 0 : -ENOMEM;
}

void api_agents_today_destroy(struct api *api)
{
    if (!api->agents_today)
        return;
    if (api->agents_today->request)
        store_cancel(api->agents_today->request);
    free(api->agents_today);
    api->agents_today = NULL;
}
