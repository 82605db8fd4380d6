/* The room query, simulated: somebody outside answers within the time, or does not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/query.h>

#include "telephony_world.h"

#define ASKED 64

static struct asked {
    uint32_t id; /* 0 = free */
    bool cancelled;
    query_answer_h *fn;
    void *arg;
    uint32_t limit_ms, ms;
} asked[ASKED];
static uint32_t last_id;

struct w_queries far_queries;

static void answer(void *arg)
{
    struct asked *a = &asked[(uintptr_t)arg], one = *a;
    struct query_answer answer = {.ms = one.ms, .body = "", .why = ""};

    a->id = 0;
    if (one.cancelled)
        return;
    if (one.ms >= one.limit_ms) {
        answer.end = QUERY_TIMEOUT;
    } else if (far_queries.body || world_below(4)) {
        answer.status = far_queries.status ? far_queries.status : world_below(5) ? 200 : 404;
        answer.body = far_queries.body ? far_queries.body : "{\"debt\":12}";
        answer.length = strlen(answer.body);
    } else {
        answer.end = QUERY_FAILED;
    }
    one.fn(&answer, one.arg);
}

int query_ask(struct query *query, const struct query_ask *ask, query_answer_h *fn, void *arg,
              uint32_t *ret_id)
{
    (void)query;
    far_queries.asked++;
    snprintf(far_queries.url, sizeof(far_queries.url), "%s", ask->url);
    for (uintptr_t i = 0; i < ASKED; i++) {
        if (asked[i].id)
            continue;
        asked[i] =
            (struct asked){.id = ++last_id, .fn = fn, .arg = arg, .limit_ms = ask->timeout_ms};
        asked[i].ms = far_queries.silent ? ask->timeout_ms
                      : far_queries.body ? 300
                                         : world_below(ask->timeout_ms + ask->timeout_ms / 4);
        if (asked[i].ms > ask->timeout_ms)
            asked[i].ms = ask->timeout_ms;
        *ret_id = asked[i].id;
        world_after(asked[i].ms, answer, i);
        return 0;
    }
    return -EBUSY;
}

void query_cancel(struct query *query, uint32_t id)
{
    (void)query;
    for (int i = 0; i < ASKED; i++)
        if (asked[i].id == id)
            asked[i].cancelled = true;
}

void queries_open(void)
{
    memset(asked, 0, sizeof(asked));
    memset(&far_queries, 0, sizeof(far_queries));
}
