/* The directory document turned into arrays. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/media.h>
#include <hotlined/text.h>

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
        queue->sl_threshold_ms = get_ms(item, "sl_threshold_ms");
        queue->short_abandon_ms = get_ms(item, "short_abandon_ms");
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
        COPY(number->flow_code, item, "flow_code");
        show_number(s, number);
    }
    if (s->numbers)
        qsort(s->numbers, s->number_count, sizeof(*s->numbers), compare_numbers);
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
    parse_reasons(p, document);
    parse_wrap_ups(p, document);
    parse_trunks(p, document);
    parse_phones(p, document);
    parse_prompts(p, document);
    parse_calendars(p, document);
    BUILD_INDEX(p, s->by_queue, s->queues, s->queue_count, acd.center_id, code);
    BUILD_INDEX(p, s->by_wrap_up, s->wrap_ups, s->wrap_up_count, center_id, code);
    BUILD_INDEX(p, s->by_prompt, s->prompts, s->prompt_count, center_id, code);
    BUILD_INDEX(p, s->by_calendar, s->calendars, s->calendar_count, center_id, code);
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
    for (size_t i = 0; i < s->prompt_count; i++)
        if (s->prompts[i].audio)
            media_audio_unref(s->prompts[i].audio);
    for (size_t i = 0; i < s->calendar_count; i++)
        free(s->calendars[i].calendar);
    free(s->centers);
    free(s->agents);
    free(s->queues);
    free(s->members);
    free(s->flows);
    free(s->numbers);
    free(s->reasons);
    free(s->wrap_ups);
    free(s->prompts);
    free(s->calendars);
    free(s->trunks);
    free(s->phones);
    free(s->by_queue.codes);
    free(s->by_wrap_up.codes);
    free(s->by_flow.codes);
    free(s->by_prompt.codes);
    free(s->by_calendar.codes);
    free(s);
}
