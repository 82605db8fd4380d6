/* Queues of the document, with their rules and members. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/overflow.h>
#include <hotlined/text.h>

#include "directory/parsing.h"
#include "directory/snapshot.h"

static bool parse_strategy(const char *name, enum acd_strategy *ret_strategy)
{
    static const char *const names[] = {
        [ACD_LONGEST_IDLE] = "longest_idle", [ACD_FEWEST_CALLS] = "fewest_calls",
        [ACD_ROUND_ROBIN] = "round_robin",   [ACD_BY_WEIGHT] = "by_weight",
        [ACD_RING_ALL] = "ring_all",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0) {
            *ret_strategy = (enum acd_strategy)i;
            return true;
        }
    return false;
}

/* A document kept by a version before this one has none; a rule that is wrong is left out. */
static void parse_rules(struct parsing *p, const cJSON *item, struct overflow_rules *ret_rules)
{
    const cJSON *rules = cJSON_GetObjectItemCaseSensitive(item, "overflow_rules");
    char *text = rules ? cJSON_PrintUnformatted(rules) : NULL;

    p->no_memory |= rules && !text;
    if (text)
        (void)overflow_parse(text, strlen(text), ret_rules, p->problems);
    free(text);
}

static int compare_queues(const void *a, const void *b)
{
    const struct dir_queue *x = a, *y = b;

    return x->acd.id < y->acd.id ? -1 : x->acd.id > y->acd.id;
}

void parse_queues(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->queues = parsing_list(p, document, "queues", sizeof(*s->queues), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_queue *queue = &s->queues[s->queue_count];
        if (!parse_strategy(row_text(item, "strategy"), &queue->acd.strategy)) {
            text_addf(p->problems, "队列“%s”：接听策略“%s”不存在，队列未生效。\n",
                      row_text(item, "name"), row_text(item, "strategy"));
            continue;
        }
        queue->acd.id = row_id(item, "id");
        queue->acd.center_id = row_id(item, "center_id");
        queue->acd.ring_timeout_ms = row_ms(item, "ring_timeout_ms");
        queue->acd.wrap_up_ms = row_ms(item, "wrap_up_ms");
        queue->acd.wrap_up_required = row_bool(item, "wrap_up_required");
        queue->acd.max_wait_ms = row_ms(item, "max_wait_ms");
        queue->acd.max_length = row_ms(item, "max_length");
        queue->acd.max_offers = row_ms(item, "max_offers");
        queue->overflow_queue_id = row_id(item, "overflow_queue_id");
        queue->acd.age_step_ms = row_ms(item, "age_step_ms");
        parse_rules(p, item, &queue->rules);
        queue->announce_ms = row_ms(item, "announce_ms");
        queue->announce_wait = row_bool(item, "announce_wait");
        queue->auto_answer_ms = row_ms(item, "auto_answer_ms");
        queue->sl_threshold_ms = row_ms(item, "sl_threshold_ms");
        queue->short_abandon_ms = row_ms(item, "short_abandon_ms");
        queue->transfer_only = row_bool(item, "transfer_only");
        queue->survey = row_bool(item, "survey");
        queue->recording = recording_named(row_text(item, "recording"));
        ROW_COPY(queue->code, item, "code");
        ROW_COPY(queue->name, item, "name");
        s->queue_count++;
    }
    if (s->queues)
        qsort(s->queues, s->queue_count, sizeof(*s->queues), compare_queues);
}

static int compare_members(const void *a, const void *b)
{
    const struct dir_member *x = a, *y = b;

    if (x->user_id != y->user_id)
        return x->user_id < y->user_id ? -1 : 1;
    return x->queue_id < y->queue_id ? -1 : x->queue_id > y->queue_id;
}

void parse_members(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->members = parsing_list(p, document, "members", sizeof(*s->members), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_member *member = &s->members[s->member_count++];
        member->queue_id = row_id(item, "queue_id");
        member->user_id = row_id(item, "user_id");
        member->weight = row_id(item, "weight");
    }
    if (s->members)
        qsort(s->members, s->member_count, sizeof(*s->members), compare_members);
}
