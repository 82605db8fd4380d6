/* The directory document turned into arrays. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/log.h>

#include <hotlined/media.h>
#include <hotlined/text.h>

#include "directory/routing.h"
#include "directory/snapshot.h"

#define MAX_WHOLE 9007199254740991.0

struct parsing {
    struct snapshot *snap;
    const struct snapshot *old;
    const char *prompt_dir;
    struct text *problems;
    bool no_memory;
};

/* --- reading members of one JSON object ----------------------------------------------------- */

static int64_t get_int(const cJSON *item, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, name);

    /* beyond this a double is no whole number, and far beyond no int64_t */
    return cJSON_IsNumber(value) && fabs(value->valuedouble) <= MAX_WHOLE
               ? (int64_t)value->valuedouble
               : 0;
}

static uint32_t get_ms(const cJSON *item, const char *name)
{
    int64_t value = get_int(item, name);

    return value < 0 ? 0 : value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static const char *get_text(const cJSON *item, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, name);

    return cJSON_IsString(value) ? value->valuestring : "";
}

static bool get_bool(const cJSON *item, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, name));
}

#define COPY(field, item, name) text_copy(field, sizeof(field), get_text(item, name))

/* Allocates an array for all members of the list; the fill function takes them one by one. */
static void *array_for(struct parsing *p, const cJSON *document, const char *name, size_t item_size,
                       const cJSON **ret_list)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, name);
    void *items;

    if (!cJSON_IsArray(list)) {
        text_addf(p->problems, "目录文档缺少列表“%s”。\n", name);
        *ret_list = NULL;
        return NULL;
    }
    items = calloc((size_t)cJSON_GetArraySize(list) + 1, item_size);
    p->no_memory |= !items;
    *ret_list = items ? list : NULL;
    return items;
}

/* --- one list each -------------------------------------------------------------------------- */

static void parse_dialing(struct dir_center *center, const cJSON *rule)
{
    const cJSON *item;

    center->dialing = (struct dialing_rule){.ranges = DIALING_DEFAULT};
    if (!cJSON_IsObject(rule))
        return;
    center->dialing.ranges = 1u << DIALING_EMERGENCY;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(rule, "ranges"))
    {
        enum dialing_range range = dialing_range_find(cJSON_GetStringValue(item));
        if (range < DIALING_RANGES)
            center->dialing.ranges |= 1u << range;
    }
    center->dialing.local_short = get_bool(rule, "local_short");
    center->dialing.far_zero = get_bool(rule, "far_zero");
    COPY(center->dialing.prefix, rule, "prefix");
    COPY(center->shown_no, rule, "shown_no");
}

/* What a document of before says nothing of is recorded. */
static enum dir_recording recording_named(const char *name)
{
    return strcmp(name, "never") == 0       ? DIR_RECORD_NEVER
           : strcmp(name, "on_demand") == 0 ? DIR_RECORD_ON_DEMAND
                                            : DIR_RECORD_ALWAYS;
}

static void parse_recording(struct dir_center *center, const cJSON *rule)
{
    center->record_internal = true;
    if (!cJSON_IsObject(rule))
        return;
    center->record_outbound = recording_named(get_text(rule, "outbound"));
    center->record_internal = get_bool(rule, "internal");
    center->record_pause_s = get_ms(rule, "pause_s");
}

static void parse_centers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->centers = array_for(p, document, "centers", sizeof(*s->centers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_center *center = &s->centers[s->center_count++];
        center->id = (int32_t)get_int(item, "id");
        center->regional = strcmp(get_text(item, "kind"), "regional") == 0;
        center->enabled = get_bool(item, "enabled");
        center->announce_agent_no = get_bool(item, "announce_agent_no");
        center->callback_off = get_bool(item, "callback_off");
        parse_dialing(center, cJSON_GetObjectItemCaseSensitive(item, "dialing"));
        parse_recording(center, cJSON_GetObjectItemCaseSensitive(item, "recording"));
        COPY(center->code, item, "code");
        COPY(center->name, item, "name");
        COPY(center->city_code, item, "city_code");
        COPY(center->area_code, item, "area_code");
    }
}

static int compare_agents(const void *a, const void *b)
{
    const struct dir_agent *x = a, *y = b;

    return x->user_id < y->user_id ? -1 : x->user_id > y->user_id;
}

static void parse_agents(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->agents = array_for(p, document, "agents", sizeof(*s->agents), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_agent *agent = &s->agents[s->agent_count++];
        agent->user_id = (int32_t)get_int(item, "user_id");
        agent->center_id = (int32_t)get_int(item, "center_id");
        agent->team_id = (int32_t)get_int(item, "team_id");
        agent->auto_answer_ms = get_ms(item, "auto_answer_ms");
        agent->auto_answer_internal = get_bool(item, "auto_answer_internal");
        COPY(agent->agent_no, item, "agent_no");
        COPY(agent->name, item, "name");
    }
    if (s->agents)
        qsort(s->agents, s->agent_count, sizeof(*s->agents), compare_agents);
}

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

static int compare_queues(const void *a, const void *b)
{
    const struct dir_queue *x = a, *y = b;

    return x->acd.id < y->acd.id ? -1 : x->acd.id > y->acd.id;
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

static void parse_queues(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->queues = array_for(p, document, "queues", sizeof(*s->queues), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_queue *queue = &s->queues[s->queue_count];
        if (!parse_strategy(get_text(item, "strategy"), &queue->acd.strategy)) {
            text_addf(p->problems, "队列“%s”:接听策略“%s”不存在,队列未生效。\n",
                      get_text(item, "name"), get_text(item, "strategy"));
            continue;
        }
        queue->acd.id = (int32_t)get_int(item, "id");
        queue->acd.center_id = (int32_t)get_int(item, "center_id");
        queue->acd.ring_timeout_ms = get_ms(item, "ring_timeout_ms");
        queue->acd.wrap_up_ms = get_ms(item, "wrap_up_ms");
        queue->acd.wrap_up_required = get_bool(item, "wrap_up_required");
        queue->acd.max_wait_ms = get_ms(item, "max_wait_ms");
        queue->acd.max_length = get_ms(item, "max_length");
        queue->acd.max_offers = get_ms(item, "max_offers");
        queue->overflow_queue_id = (int32_t)get_int(item, "overflow_queue_id");
        queue->acd.age_step_ms = get_ms(item, "age_step_ms");
        parse_rules(p, item, &queue->rules);
        queue->announce_ms = get_ms(item, "announce_ms");
        queue->announce_wait = get_bool(item, "announce_wait");
        queue->auto_answer_ms = get_ms(item, "auto_answer_ms");
        queue->sl_threshold_ms = get_ms(item, "sl_threshold_ms");
        queue->short_abandon_ms = get_ms(item, "short_abandon_ms");
        queue->transfer_only = get_bool(item, "transfer_only");
        queue->survey = get_bool(item, "survey");
        queue->recording = recording_named(get_text(item, "recording"));
        COPY(queue->code, item, "code");
        COPY(queue->name, item, "name");
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

static void parse_members(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->members = array_for(p, document, "members", sizeof(*s->members), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_member *member = &s->members[s->member_count++];
        member->queue_id = (int32_t)get_int(item, "queue_id");
        member->user_id = (int32_t)get_int(item, "user_id");
        member->weight = (int32_t)get_int(item, "weight");
    }
    if (s->members)
        qsort(s->members, s->member_count, sizeof(*s->members), compare_members);
}

/* The number plan: for one called number the line naming a trunk goes before the one for any. */
static int compare_numbers(const void *a, const void *b)
{
    const struct dir_number *x = a, *y = b;
    int order = strcmp(x->called_no, y->called_no);

    if (order)
        return order;
    return (x->trunk_id == 0) - (y->trunk_id == 0);
}

/* In the order of the document, which is that of the table: the first public number is shown. */
static void show_number(struct snapshot *s, const struct dir_number *number)
{
    if (number->access_code || number->source != DIR_SOURCE_DIRECT)
        return;
    for (size_t i = 0; i < s->center_count; i++)
        if (s->centers[i].id == number->center_id && !s->centers[i].shown_no[0])
            text_copy(s->centers[i].shown_no, sizeof(s->centers[i].shown_no), number->called_no);
}

static void parse_numbers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->numbers = array_for(p, document, "numbers", sizeof(*s->numbers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_number *number = &s->numbers[s->number_count++];
        const char *source = get_text(item, "source");
        number->trunk_id = (int32_t)get_int(item, "trunk_id");
        number->center_id = (int32_t)get_int(item, "center_id");
        number->access_code = strcmp(get_text(item, "kind"), "access_code") == 0;
        number->source = strcmp(source, "from_12366") == 0  ? DIR_SOURCE_FROM_12366
                         : strcmp(source, "from_city") == 0 ? DIR_SOURCE_FROM_CITY
                                                            : DIR_SOURCE_DIRECT;
        COPY(number->called_no, item, "called_no");
        number->via_trunk_id = (int32_t)get_int(item, "via_trunk_id");
        number->queue_id = (int32_t)get_int(item, "queue_id");
        number->priority = (int32_t)get_int(item, "priority");
        number->by_caller = get_bool(item, "by_caller");
        COPY(number->flow_code, item, "flow_code");
        show_number(s, number);
    }
    if (s->numbers)
        qsort(s->numbers, s->number_count, sizeof(*s->numbers), compare_numbers);
}

/* NULL: always open, as when nothing was said; hours that cannot be read close the way. */
static struct calendar *parse_hours(struct parsing *p, const cJSON *item, const char *name)
{
    const cJSON *document = cJSON_GetObjectItemCaseSensitive(item, name);
    struct calendar *hours = cJSON_IsObject(document) ? calloc(1, sizeof(*hours)) : NULL;
    char *text = hours ? cJSON_PrintUnformatted(document) : NULL;

    if (!hours)
        return NULL;
    if (!text || calendar_parse(text, strlen(text), hours, p->problems)) {
        text_addf(p->problems, "中心 %d 的呼转时段“%s”未生效,按不可转处理。\n",
                  (int)get_int(item, "center_id"), name);
        memset(hours, 0, sizeof(*hours));
    }
    free(text);
    return hours;
}

static void parse_routes(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "routes"))
        return;
    s->routings = array_for(p, document, "routes", sizeof(*s->routings), &list);
    cJSON_ArrayForEach(item, list)
        routing_read(item, &s->routings[s->routing_count++], p->problems);
}

static void parse_transfers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "transfers"))
        return;
    s->transfers = array_for(p, document, "transfers", sizeof(*s->transfers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_transfers *one = &s->transfers[s->transfers_count++];
        one->to_hours = parse_hours(p, item, "to_12366_hours");
        one->from_hours = parse_hours(p, item, "from_12366_hours");
        one->transfers = (struct dir_transfers){.center_id = (int32_t)get_int(item, "center_id"),
                                                .to_12366 = get_bool(item, "to_12366"),
                                                .from_12366 = get_bool(item, "from_12366"),
                                                .between_cities = get_bool(item, "between_cities"),
                                                .to_hours = one->to_hours,
                                                .from_hours = one->from_hours};
    }
}

static void parse_bot_peers(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "bot_peers"))
        return;
    s->bot_peers = array_for(p, document, "bot_peers", sizeof(*s->bot_peers), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_bot_peer *peer = &s->bot_peers[s->bot_peer_count++];
        peer->id = (int32_t)get_int(item, "id");
        peer->trunk_id = (int32_t)get_int(item, "trunk_id");
        peer->channels = (uint32_t)get_int(item, "channels");
        peer->record = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "record"));
        COPY(peer->sip_user, item, "sip_user");
    }
}

static enum dir_bot_policy bot_policy(const char *name)
{
    static const struct {
        const char *name;
        enum dir_bot_policy policy;
    } names[] = {{"always", DIR_BOT_ALWAYS},
                 {"out_of_hours", DIR_BOT_OUT_OF_HOURS},
                 {"busy", DIR_BOT_BUSY},
                 {"key", DIR_BOT_KEY},
                 {"share", DIR_BOT_SHARE}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].policy;
    return DIR_BOT_OFF;
}

static void parse_bot_shares(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "bot_shares"))
        return;
    s->bot_shares = array_for(p, document, "bot_shares", sizeof(*s->bot_shares), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_bot_share *share = &s->bot_shares[s->bot_share_count++];
        share->center_id = (int32_t)get_int(item, "center_id");
        share->percent = (uint32_t)get_int(item, "share_percent");
        share->policy = bot_policy(get_text(item, "policy"));
        COPY(share->calendar, item, "calendar");
    }
}

/* As many as the pool has for centers it says nothing of; a most that is null has no end. */
static void parse_pools(struct parsing *p, const cJSON *document)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(document, "pools"))
    {
        struct snap_pool *pool;
        enum pool_kind kind;
        struct pool_share share = {
            .center_id = (int32_t)get_int(item, "center_id"),
            .guaranteed = (uint32_t)get_int(item, "guaranteed"),
            .most = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(item, "most"))
                        ? (uint32_t)get_int(item, "most")
                        : POOL_NO_END};
        if (!pool_kind_find(get_text(item, "kind"), &kind))
            continue;
        pool = &p->snap->pools[kind];
        if (pool->count < POOL_CENTERS)
            pool->shares[pool->count++] = share;
        else
            log_error("directory", "pool_full", "kind=%s center=%d most=%d", pool_kind_name(kind),
                      share.center_id, POOL_CENTERS);
    }
}

static void parse_connectors(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "connectors"))
        return;
    s->connectors = array_for(p, document, "connectors", sizeof(*s->connectors), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_connector *connector = &s->connectors[s->connector_count++];
        connector->id = (int32_t)get_int(item, "id");
        connector->center_id = (int32_t)get_int(item, "center_id");
        COPY(connector->code, item, "code");
        connector->document = cJSON_PrintUnformatted(item);
        p->no_memory |= !connector->document;
    }
}

static void parse_reasons(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->reasons = array_for(p, document, "reasons", sizeof(*s->reasons), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_reason *reason = &s->reasons[s->reason_count++];
        reason->id = (int32_t)get_int(item, "id");
        reason->center_id = (int32_t)get_int(item, "center_id");
        reason->rest = strcmp(get_text(item, "kind"), "rest") == 0;
        COPY(reason->name, item, "name");
    }
}

/* A document kept by a version before this one has none: no messages are taken. */
static void parse_boxes(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "voicemail"))
        return;
    s->boxes = array_for(p, document, "voicemail", sizeof(*s->boxes), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_box *box = &s->boxes[s->box_count];
        int scene = 0;
        while (scene < DIR_SCENES &&
               strcmp(get_text(item, "scene"), dir_scene_name((enum dir_scene)scene)) != 0)
            scene++;
        if (scene == DIR_SCENES) {
            text_addf(p->problems, "留言场景“%s”不存在。\n", get_text(item, "scene"));
            continue;
        }
        s->box_count++;
        box->center_id = (int32_t)get_int(item, "center_id");
        box->scene = (enum dir_scene)scene;
        box->enabled = get_bool(item, "enabled");
        box->full = get_bool(item, "full");
        COPY(box->prompt, item, "prompt");
        COPY(box->off_prompt, item, "off_prompt");
    }
}

static void parse_wrap_ups(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->wrap_ups_known = cJSON_GetObjectItemCaseSensitive(document, "wrap_up_codes") != NULL;
    if (!s->wrap_ups_known)
        return;
    s->wrap_ups = array_for(p, document, "wrap_up_codes", sizeof(*s->wrap_ups), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_wrap_up *wrap_up = &s->wrap_ups[s->wrap_up_count++];
        wrap_up->center_id = (int32_t)get_int(item, "center_id");
        COPY(wrap_up->code, item, "code");
    }
}

static enum dir_list_action list_action(const char *name)
{
    static const char *const names[] = {
        [DIR_LIST_REFUSE] = "refuse",
        [DIR_LIST_PROMPT] = "prompt",
        [DIR_LIST_QUEUE] = "queue",
        [DIR_LIST_PRIORITY] = "priority",
    };

    for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum dir_list_action)i;
    return DIR_LIST_NONE;
}

/* A document kept by a version before this one has no lists. */
static void parse_listed(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    if (!cJSON_GetObjectItemCaseSensitive(document, "number_list"))
        return;
    s->listed = array_for(p, document, "number_list", sizeof(*s->listed), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct dir_listed *entry = &s->listed[s->listed_count++];
        entry->id = (int32_t)get_int(item, "id");
        entry->center_id = (int32_t)get_int(item, "center_id");
        entry->prefix = get_bool(item, "prefix");
        entry->action = list_action(get_text(item, "action"));
        entry->queue_id = (int32_t)get_int(item, "queue_id");
        entry->priority = (int32_t)get_int(item, "priority");
        entry->expires_ms = get_int(item, "expires_ms");
        COPY(entry->number, item, "number");
        COPY(entry->prompt_code, item, "prompt_code");
    }
    listed_sort(s->listed, s->listed_count);
}

/* --- trunks and phones ---------------------------------------------------------------------- */

static void fill_trunk(struct sip_trunk_conf *trunk, const cJSON *item)
{
    trunk->id = (int32_t)get_int(item, "id");
    trunk->port = (uint16_t)get_int(item, "port");
    trunk->max_channels = (int)get_int(item, "max_channels");
    trunk->priority = (int)get_int(item, "priority");
    trunk->options_interval_s = (int)get_int(item, "options_interval_s");
    trunk->registers = get_bool(item, "registers");
    trunk->enabled = get_bool(item, "enabled");
    trunk->by_name_only = get_bool(item, "by_name_only");
    COPY(trunk->name, item, "name");
    COPY(trunk->transport, item, "transport");
    COPY(trunk->host, item, "host");
    COPY(trunk->allowed_ips, item, "allowed_ips");
    COPY(trunk->username, item, "username");
    COPY(trunk->password, item, "password");
    COPY(trunk->realm, item, "realm");
    COPY(trunk->in_username, item, "in_username");
    COPY(trunk->in_password, item, "in_password");
}

static void parse_trunks(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->trunks = array_for(p, document, "trunks", sizeof(*s->trunks), &list);
    cJSON_ArrayForEach(item, list) fill_trunk(&s->trunks[s->trunk_count++], item);
}

static void parse_phones(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->phones = array_for(p, document, "phones", sizeof(*s->phones), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct sip_phone_conf *phone = &s->phones[s->phone_count++];
        phone->user_id = (int32_t)get_int(item, "user_id");
        COPY(phone->extension, item, "extension");
        COPY(phone->ha1_md5, item, "ha1_md5");
        COPY(phone->ha1_sha256, item, "ha1_sha256");
    }
}

/* --- prompts, calendars, flows -------------------------------------------------------------- */

static struct media_audio *audio_of_old(const struct parsing *p, const struct snap_prompt *prompt)
{
    size_t at = p->old ? snap_find(&p->old->by_prompt, prompt->center_id, prompt->code) : SIZE_MAX;

    if (at == SIZE_MAX || strcmp(p->old->prompts[at].path, prompt->path) != 0 ||
        !p->old->prompts[at].audio)
        return NULL;
    return media_audio_ref(p->old->prompts[at].audio);
}

static void load_audio(struct parsing *p, struct snap_prompt *prompt)
{
    char path[600], why[200] = "";
    int err;

    prompt->audio = audio_of_old(p, prompt);
    if (prompt->audio)
        return;
    if (!prompt->path[0] || strstr(prompt->path, "..") || prompt->path[0] == '/') {
        text_addf(p->problems, "提示音“%s”:文件路径“%s”不可用。\n", prompt->code, prompt->path);
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", p->prompt_dir, prompt->path);
    err = media_audio_load(path, &prompt->audio, why, sizeof(why));
    if (err) {
        prompt->audio = NULL;
        text_addf(p->problems, "提示音“%s”:文件 %s 读取失败(%s)。\n", prompt->code, path,
                  why[0] ? why : strerror(-err));
    }
}

static void parse_prompts(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->prompts = array_for(p, document, "prompts", sizeof(*s->prompts), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_prompt *prompt = &s->prompts[s->prompt_count++];
        prompt->center_id = (int32_t)get_int(item, "center_id");
        COPY(prompt->code, item, "code");
        COPY(prompt->path, item, "path");
        load_audio(p, prompt);
    }
}

/* cJSON keeps the nested document parsed; the parsers of ivr.h take text. */
static char *document_text(const cJSON *item)
{
    return cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(item, "document"));
}

static void parse_calendars(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;
    struct snapshot *s = p->snap;

    s->calendars = array_for(p, document, "calendars", sizeof(*s->calendars), &list);
    cJSON_ArrayForEach(item, list)
    {
        struct snap_calendar *calendar = &s->calendars[s->calendar_count];
        char *text = document_text(item);
        calendar->calendar = calloc(1, sizeof(*calendar->calendar));
        if (!text || !calendar->calendar ||
            calendar_parse(text, strlen(text), calendar->calendar, p->problems)) {
            text_addf(p->problems, "工作日历“%s”未生效。\n", get_text(item, "code"));
            free(calendar->calendar);
            calendar->calendar = NULL;
        } else {
            calendar->center_id = (int32_t)get_int(item, "center_id");
            COPY(calendar->code, item, "code");
            s->calendar_count++;
        }
        free(text);
    }
}

struct names_of {
    const struct snapshot *snap;
    int32_t center_id;
};

static bool has_prompt(const char *code, void *arg)
{
    const struct names_of *names = arg;

    return snap_find(&names->snap->by_prompt, names->center_id, code) != SIZE_MAX ||
           snap_find(&names->snap->by_prompt, 0, code) != SIZE_MAX;
}

static bool has_queue(const char *code, void *arg)
{
    const struct names_of *names = arg;

    return snap_find(&names->snap->by_queue, names->center_id, code) != SIZE_MAX;
}

static bool has_calendar(const char *code, void *arg)
{
    const struct names_of *names = arg;

    return snap_find(&names->snap->by_calendar, names->center_id, code) != SIZE_MAX;
}

static void parse_flow(struct parsing *p, const cJSON *item)
{
    struct dir_flow *flow = &p->snap->flows[p->snap->flow_count++];
    struct names_of of = {p->snap, (int32_t)get_int(item, "center_id")};
    struct ivr_names names = {has_prompt, has_queue, has_calendar, &of};
    char *text = document_text(item);

    flow->id = (int32_t)get_int(item, "id");
    flow->center_id = of.center_id;
    flow->version = (int32_t)get_int(item, "version");
    COPY(flow->code, item, "code");
    COPY(flow->name, item, "name");
    if (!text || ivr_flow_parse(text, strlen(text), &names, &flow->flow, p->problems)) {
        flow->flow = NULL;
        text_addf(p->problems, "语音流程“%s”(中心 %d,版本 %d)未生效,继续使用原版本。\n", flow->code,
                  flow->center_id, flow->version);
    }
    free(text);
}

static void parse_flows(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;

    p->snap->flows = array_for(p, document, "flows", sizeof(*p->snap->flows), &list);
    cJSON_ArrayForEach(item, list) parse_flow(p, item);
}

/* The small flow is made by the database from the settings (survey_flow()). */
static void parse_survey(struct parsing *p, const cJSON *item)
{
    struct dir_survey *survey = &p->snap->surveys[p->snap->survey_count++];
    char *text = document_text(item);
    const cJSON *level;

    survey->center_id = (int32_t)get_int(item, "center_id");
    survey->automatic = get_bool(item, "automatic");
    cJSON_ArrayForEach(level, cJSON_GetObjectItemCaseSensitive(item, "levels"))
    {
        int64_t at = get_int(level, "level");
        if (at >= 1 && at <= DIR_SURVEY_LEVELS)
            COPY(survey->names[at - 1], level, "name");
    }
    if (!text || ivr_flow_parse(text, strlen(text), NULL, &survey->flow, p->problems)) {
        survey->flow = NULL;
        text_addf(p->problems, "满意度调查(中心 %d)未生效。\n", survey->center_id);
    }
    free(text);
}

static void parse_surveys(struct parsing *p, const cJSON *document)
{
    const cJSON *list, *item;

    if (!cJSON_GetObjectItemCaseSensitive(document, "surveys"))
        return; /* kept by a version before this one */
    p->snap->surveys = array_for(p, document, "surveys", sizeof(*p->snap->surveys), &list);
    cJSON_ArrayForEach(item, list) parse_survey(p, item);
}

/* --- indexes -------------------------------------------------------------------------------- */

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

static void parse_all(struct parsing *p, const cJSON *document)
{
    struct snapshot *s = p->snap;

    s->revision = get_int(document, "revision");
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
