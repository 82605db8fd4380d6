/* The directory document turned into arrays: their order, their indexes, their life. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/ivr.h>
#include <hotlined/media.h>
#include <hotlined/route.h>
#include <hotlined/text.h>

#include "directory/parsing.h"
#include "directory/snapshot.h"

/* --- indexes ---------------------------------------------------------------------------------- */

static int compare_codes(const void *a, const void *b)
{
    const struct snap_code *x = a, *y = b;

    if (x->center_id != y->center_id)
        return x->center_id < y->center_id ? -1 : 1;
    return strcmp(x->code, y->code);
}

size_t snap_find(const struct snap_index *index, int32_t center_id, const char *code)
{
    struct snap_code key = {center_id, code, 0};
    const struct snap_code *found =
        index->count ? bsearch(&key, index->codes, index->count, sizeof(key), compare_codes) : NULL;

    return found ? found->at : SIZE_MAX;
}

#define BUILD_INDEX(p, index, items, n, center, name)                                              \
    do {                                                                                           \
        (index).codes = calloc((n) + 1, sizeof(struct snap_code));                                 \
        (p)->no_memory |= !(index).codes;                                                          \
        for (size_t i = 0; (index).codes && i < (n); i++)                                          \
            (index).codes[i] = (struct snap_code){(items)[i].center, (items)[i].name, i};          \
        (index).count = (index).codes ? (n) : 0;                                                   \
        if ((index).count)                                                                         \
            qsort((index).codes, (index).count, sizeof(struct snap_code), compare_codes);          \
    } while (0)

/* --- life ------------------------------------------------------------------------------------- */

static void parse_all(struct parsing *p, const cJSON *document)
{
    struct snapshot *s = p->snap;

    s->revision = row_int(document, "revision");
    parse_centers(p, document);
    parse_agents(p, document);
    parse_queues(p, document);
    parse_members(p, document);
    parse_numbers(p, document);
    parse_transfers(p, document);
    parse_routes(p, document);
    parse_bot_peers(p, document);
    parse_bot_shares(p, document);
    parse_pools(p, document);
    parse_connectors(p, document);
    parse_reasons(p, document);
    parse_wrap_ups(p, document);
    parse_listed(p, document);
    parse_boxes(p, document);
    parse_trunks(p, document);
    parse_phones(p, document);
    parse_prompts(p, document);
    parse_calendars(p, document);
    BUILD_INDEX(p, s->by_queue, s->queues, s->queue_count, acd.center_id, code);
    BUILD_INDEX(p, s->by_wrap_up, s->wrap_ups, s->wrap_up_count, center_id, code);
    BUILD_INDEX(p, s->by_prompt, s->prompts, s->prompt_count, center_id, code);
    BUILD_INDEX(p, s->by_calendar, s->calendars, s->calendar_count, center_id, code);
    parse_surveys(p, document);
    parse_flows(p, document);
    BUILD_INDEX(p, s->by_flow, s->flows, s->flow_count, center_id, code);
}

int snapshot_parse(const char *json, size_t length, const char *prompt_dir,
                   const struct snapshot *old, struct snapshot **ret_snapshot,
                   struct text *problems)
{
    struct parsing p = {.old = old, .prompt_dir = prompt_dir, .problems = problems};
    cJSON *document = cJSON_ParseWithLength(json, length);
    int err = 0;

    p.snap = calloc(1, sizeof(*p.snap));
    if (!cJSON_IsObject(document) || !p.snap) {
        text_add(problems, "目录文档不是有效的 JSON。\n");
        err = -EINVAL;
        goto out;
    }
    parse_all(&p, document);
    if (p.no_memory)
        err = -ENOMEM;
    else if (!p.snap->center_count) {
        text_add(problems, "目录文档里没有任何中心。\n");
        err = -EINVAL;
    }
out:
    cJSON_Delete(document);
    if (err)
        snapshot_free(p.snap);
    else
        *ret_snapshot = p.snap;
    return err;
}

void snapshot_keep_flows(struct snapshot *snapshot, const struct snapshot *old)
{
    for (size_t i = 0; i < snapshot->flow_count; i++) {
        struct dir_flow *flow = &snapshot->flows[i];
        size_t at =
            flow->flow || !old ? SIZE_MAX : snap_find(&old->by_flow, flow->center_id, flow->code);
        if (at == SIZE_MAX)
            continue;
        flow->flow = ivr_flow_ref(old->flows[at].flow);
        flow->version = old->flows[at].version;
    }
}

void snapshot_free(struct snapshot *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->flow_count; i++)
        ivr_flow_unref(s->flows[i].flow);
    for (size_t i = 0; i < s->survey_count; i++)
        ivr_flow_unref(s->surveys[i].flow);
    for (size_t i = 0; i < s->prompt_count; i++)
        if (s->prompts[i].audio)
            media_audio_unref(s->prompts[i].audio);
    for (size_t i = 0; i < s->calendar_count; i++)
        free(s->calendars[i].calendar);
    for (size_t i = 0; i < s->transfers_count; i++) {
        free(s->transfers[i].to_hours);
        free(s->transfers[i].from_hours);
    }
    for (size_t i = 0; i < s->routing_count; i++)
        route_table_free(s->routings[i].rules);
    free(s->routings);
    free(s->transfers);
    free(s->centers);
    free(s->agents);
    free(s->queues);
    free(s->members);
    free(s->flows);
    free(s->surveys);
    free(s->numbers);
    free(s->reasons);
    free(s->wrap_ups);
    free(s->listed);
    free(s->boxes);
    free(s->prompts);
    free(s->calendars);
    free(s->trunks);
    free(s->bot_peers);
    for (size_t i = 0; i < s->connector_count; i++)
        free(s->connectors[i].document);
    free(s->connectors);
    free(s->bot_shares);
    free(s->phones);
    free(s->by_queue.codes);
    free(s->by_wrap_up.codes);
    free(s->by_flow.codes);
    free(s->by_prompt.codes);
    free(s->by_calendar.codes);
    free(s);
}
