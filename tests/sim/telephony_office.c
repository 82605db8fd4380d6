/* The directory of a small region, and the journal that takes its facts and keeps the books. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <hotlined/fact.h>
#include <hotlined/text.h>

#include "telephony_world.h"

#define OPEN     512
#define REFUSALS 512

struct media_audio {
    int nothing;
};

static struct media_audio sound;
static struct dir_flow flow;
static struct dir_number numbers[W_CENTERS];
static struct calendar always, never;

static const char flow_text[] =
    "{\"entry\":\"welcome\",\"nodes\":{"
    "\"welcome\":{\"type\":\"play\",\"prompt\":\"greeting\",\"next\":\"open\"},"
    "\"open\":{\"type\":\"hours\",\"calendar\":\"default\",\"open\":\"main\",\"closed\":\"sorry\"},"
    "\"sorry\":{\"type\":\"hangup\",\"prompt\":\"closed\",\"reason\":\"closed\"},"
    "\"main\":{\"type\":\"menu\",\"name\":\"主菜单\",\"prompt\":\"main_menu\",\"timeout_ms\":5000,"
    "\"retries\":2,\"invalid\":\"invalid_key\",\"no_input\":\"no_input\","
    "\"keys\":{\"1\":\"consult\",\"2\":\"complain\",\"3\":\"bye\",\"9\":\"@main\"},"
    "\"failed\":\"consult\"},"
    "\"consult\":{\"type\":\"queue\",\"queue\":\"consult\",\"priority\":0,"
    "\"prompt\":\"please_wait\",\"music\":\"hold_music\",\"on_wait_over\":\"complain\","
    "\"on_no_agent\":\"busy\",\"on_full\":\"complain\"},"
    "\"complain\":{\"type\":\"queue\",\"queue\":\"complain\",\"priority\":2,"
    "\"prompt\":\"please_wait\",\"on_wait_over\":\"busy\",\"on_no_agent\":\"busy\","
    "\"on_full\":\"busy\"},"
    "\"busy\":{\"type\":\"hangup\",\"prompt\":\"goodbye\",\"reason\":\"lost\"},"
    "\"bye\":{\"type\":\"hangup\",\"prompt\":\"goodbye\",\"reason\":\"done\"}}}";

/* --- the directory -------------------------------------------------------------------------- */

static void fill_queue(size_t i)
{
    static const enum acd_strategy strategies[W_QUEUES] = {
        ACD_LONGEST_IDLE, ACD_ROUND_ROBIN,  ACD_RING_ALL,    ACD_BY_WEIGHT,
        ACD_FEWEST_CALLS, ACD_LONGEST_IDLE, ACD_LONGEST_IDLE};
    struct dir_queue *queue = &world.queues[i];
    bool extra = i == W_QUEUES - 1;

    *queue = (struct dir_queue){.acd = {.id = (int32_t)i + 1,
                                        .center_id = extra ? 1 : (int32_t)i / 2 + 1,
                                        .strategy = strategies[i],
                                        .ring_timeout_ms = 15000,
                                        .wrap_up_ms = i == 3 ? 0 : 10000,
                                        .wrap_up_required = i == 1,
                                        .max_wait_ms = i == 2 ? 30000 : (i == 5 ? 20000 : 0),
                                        .max_length = i == 2 ? 4 : 0,
                                        .max_offers = i == 3 ? 2 : (i == 4 ? 3 : 0),
                                        .age_step_ms = i == 4 ? 10000 : 0},
                                .overflow_queue_id = (int32_t[W_QUEUES]){0, 0, 4, 3, 0, 5}[i],
                                .sl_threshold_ms = 20000,
                                .short_abandon_ms = 5000};
    snprintf(queue->code, sizeof(queue->code), "%s",
             extra   ? "extra"
             : i % 2 ? "complain"
                     : "consult");
    snprintf(queue->name, sizeof(queue->name), "队列%zu", i + 1);
}

static void fill_people(void)
{
    for (int i = 0; i < W_CENTERS; i++) {
        struct dir_center *center = &world.centers[i];
        *center = (struct dir_center){
            .id = i + 1, .regional = i == 2, .enabled = true, .announce_agent_no = i != 1};
        snprintf(center->code, sizeof(center->code), "center%d", i + 1);
        snprintf(center->shown_no, sizeof(center->shown_no), "1236%d", i + 1);
        numbers[i] = (struct dir_number){.center_id = i + 1};
        snprintf(numbers[i].called_no, SIP_NUMBER_SIZE, "1236%d", i + 1);
        snprintf(numbers[i].flow_code, sizeof(numbers[i].flow_code), "main");
    }
    world.member_count = 0;
    for (int i = 0; i < W_AGENTS; i++) {
        struct dir_agent *agent = &world.agents[i];
        *agent = (struct dir_agent){.user_id = i + 1,
                                    .center_id = 1 + i % W_CENTERS,
                                    .auto_answer_ms = i == 3 || i == 4 ? 1000 : 0};
        snprintf(agent->agent_no, sizeof(agent->agent_no), "%d", 1001 + i);
        snprintf(agent->name, sizeof(agent->name), "坐席%d", i + 1);
        for (int k = 0; k < 2; k++)
            world.members[world.member_count++] =
                (struct dir_member){2 * (agent->center_id - 1) + 1 + k, i + 1, 10 * (1 + i % 4)};
    }
}

void office_open(void)
{
    struct text problems = {0};

    memset(&flow, 0, sizeof(flow));
    for (int day = 0; day < 7; day++)
        always.week[day] = (struct calendar_day){.count = 1, .periods = {{0, 1440}}};
    for (size_t i = 0; i < W_QUEUES; i++)
        fill_queue(i);
    world.queue_count = W_QUEUES - 1;
    fill_people();
    flow.id = flow.version = 1;
    if (ivr_flow_parse(flow_text, strlen(flow_text), NULL, &flow.flow, &problems))
        world_fail("flow: %s", problems.data);
    text_done(&problems);
    flow.center_id = 1;
}

void office_close(void)
{
    ivr_flow_unref(flow.flow);
    flow.flow = NULL;
}

void office_apply(void)
{
    telephony_directory_changed(world.telephony);
}

/* The extra queue comes and goes, an agent's membership too, strategies change. */
void office_change(void)
{
    struct dir_member *member = &world.members[world_below((unsigned)world.member_count)];

    switch (world_below(4)) {
    case 0:
        world.queue_count = world.queue_count == W_QUEUES ? W_QUEUES - 1 : W_QUEUES;
        break;
    case 1: /* the second queue of the region is removed and made again */
        world.queues[5].acd.id = world.queues[5].acd.id == 6 ? 16 : 6;
        break;
    case 2:
        world.queues[world_below(W_QUEUES)].acd.strategy =
            (enum acd_strategy)world_below(ACD_RING_ALL + 1);
        break;
    case 3: /* a queue nobody knows = no member any more */
        if (member->queue_id < 100)
            member->queue_id += 100;
        else
            member->queue_id -= 100;
        break;
    }
    world_tell("published: %zu queues", world.queue_count);
    office_apply();
}

bool directory_is_ready(const struct directory *directory)
{
    (void)directory;
    return true;
}

const struct dir_center *directory_centers(const struct directory *directory, size_t *ret_count)
{
    (void)directory;
    *ret_count = W_CENTERS;
    return world.centers;
}

const struct dir_queue *directory_queues(const struct directory *directory, size_t *ret_count)
{
    (void)directory;
    *ret_count = world.queue_count;
    return world.queues;
}

const struct dir_member *directory_members(const struct directory *directory, size_t *ret_count)
{
    (void)directory;
    *ret_count = world.member_count;
    return world.members;
}

const struct dir_member *directory_members_of(const struct directory *directory, int32_t user_id,
                                              size_t *ret_count)
{
    (void)directory;
    *ret_count = 2; /* fill_people() */
    return &world.members[2 * (user_id - 1)];
}

const struct dir_reason *directory_reasons(const struct directory *directory, size_t *ret_count)
{
    static const struct dir_reason reasons[] = {
        {1, 1, false, "开会"}, {2, 1, true, "就餐"}, {3, 2, false, "培训"}};

    (void)directory;
    *ret_count = 3;
    return reasons;
}

const struct sip_trunk_conf *directory_trunks(const struct directory *directory,
                                              unsigned *ret_count)
{
    static const struct sip_trunk_conf trunks[W_TRUNKS] = {
        {.id = 1, .name = "出局\"一\"", .max_channels = 30, .enabled = true},
        {.id = 2, .name = "出局二", .enabled = true}};

    (void)directory;
    *ret_count = W_TRUNKS;
    return trunks;
}

const struct sip_phone_conf *directory_phones(const struct directory *directory,
                                              unsigned *ret_count)
{
    (void)directory;
    *ret_count = 0;
    return NULL;
}

const struct dir_center *directory_center(const struct directory *directory, int32_t id)
{
    (void)directory;
    return id >= 1 && id <= W_CENTERS ? &world.centers[id - 1] : NULL;
}

const struct dir_agent *directory_agent(const struct directory *directory, int32_t user_id)
{
    (void)directory;
    return user_id >= 1 && user_id <= W_AGENTS ? &world.agents[user_id - 1] : NULL;
}

const struct dir_queue *directory_queue(const struct directory *directory, int32_t id)
{
    (void)directory;
    for (size_t i = 0; i < world.queue_count; i++)
        if (world.queues[i].acd.id == id)
            return &world.queues[i];
    return NULL;
}

const struct dir_queue *directory_queue_by_code(const struct directory *directory,
                                                int32_t center_id, const char *code)
{
    (void)directory;
    for (size_t i = 0; i < world.queue_count; i++)
        if (world.queues[i].acd.center_id == center_id && strcmp(world.queues[i].code, code) == 0)
            return &world.queues[i];
    return NULL;
}

const struct dir_flow *directory_flow(const struct directory *directory, int32_t center_id,
                                      const char *code)
{
    (void)directory;
    (void)center_id;
    return strcmp(code, "main") == 0 ? &flow : NULL;
}

const struct dir_number *directory_number(const struct directory *directory, int32_t trunk_id,
                                          const char *called)
{
    (void)directory;
    (void)trunk_id;
    for (int i = 0; i < W_CENTERS; i++)
        if (strcmp(numbers[i].called_no, called) == 0)
            return &numbers[i];
    return NULL;
}

const struct calendar *directory_calendar(const struct directory *directory, int32_t center_id,
                                          const char *code)
{
    (void)directory;
    (void)center_id;
    (void)code;
    return world.closed_hours ? &never : &always;
}

struct media_audio *directory_prompt(const struct directory *directory, int32_t center_id,
                                     const char *code)
{
    (void)directory;
    (void)center_id;
    (void)code;
    return world_chance(1) ? NULL : &sound;
}

void directory_place(const struct directory *directory, int32_t center_id, const char *caller,
                     struct dir_place *ret_place)
{
    (void)directory;
    (void)center_id;
    *ret_place = (struct dir_place){.province = "广西", .city = "南宁", .city_code = "450100"};
    text_copy(ret_place->number, sizeof(ret_place->number), caller);
}

/* --- the journal ---------------------------------------------------------------------------- */

struct opened {
    uint8_t pair;
    char id[UUID_TEXT_SIZE], call[UUID_TEXT_SIZE];
};

static const struct pair {
    const char *begin, *end, *id;
    bool in_call; /* closed before its call ends */
} pairs[] = {
    {"call_begin", "call_end", "call_id", false},
    {"ivr_begin", "ivr_end", "visit_id", true},
    {"queue_enter", "queue_leave", "visit_id", true},
    {"offer_begin", "offer_end", "offer_id", true},
    {"talk_begin", "talk_end", "talk_id", true},
    {"recording_begin", "recording_end", "recording_id", false},
    {"agent_session_begin", "agent_session_end", "session_id", false},
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static struct opened opened[OPEN];
static unsigned opened_count;
static struct {
    char call[UUID_TEXT_SIZE];
    int32_t user_id;
    uint64_t at;
} refusals[REFUSALS];
static unsigned refusal_count;

static bool text_of(const char *json, const char *name, char *out, size_t size)
{
    char key[64];
    const char *at, *end;
    size_t length;

    snprintf(key, sizeof(key), "\"%s\":", name);
    at = strstr(json, key);
    if (!at)
        return false;
    at += strlen(key);
    end = *at == '"' ? strchr(++at, '"') : at + strcspn(at, ",}");
    length = (size_t)(end - at) < size - 1 ? (size_t)(end - at) : size - 1;
    memcpy(out, at, length);
    out[length] = 0;
    return true;
}

bool fact_says(const struct w_fact *fact, const char *name, const char *value)
{
    char found[128];

    return fact && text_of(fact->json, name, found, sizeof(found)) && strcmp(found, value) == 0;
}

const struct w_fact *fact_last(const char *kind)
{
    for (uint64_t i = world.fact_count; i > 0 && i + W_FACTS > world.fact_count; i--)
        if (strcmp(world.facts[(i - 1) % W_FACTS].kind, kind) == 0)
            return &world.facts[(i - 1) % W_FACTS];
    return NULL;
}

unsigned fact_count_of(const char *kind)
{
    unsigned count = 0;

    for (uint64_t i = world.fact_count; i > 0 && i + W_FACTS > world.fact_count; i--)
        count += strcmp(world.facts[(i - 1) % W_FACTS].kind, kind) == 0;
    return count;
}

unsigned facts_open(void)
{
    return opened_count;
}

static struct opened *opened_find(unsigned pair, const char *id)
{
    for (unsigned i = 0; i < opened_count; i++)
        if (opened[i].pair == pair && strcmp(opened[i].id, id) == 0)
            return &opened[i];
    return NULL;
}

static void begin_of(unsigned pair, const char *id, const char *call)
{
    if (opened_find(pair, id))
        world_fail("%s twice", pairs[pair].begin);
    if (pairs[pair].in_call && !opened_find(0, call))
        world_fail("%s outside its call", pairs[pair].begin);
    if (opened_count == OPEN)
        world_fail("too much is begun");
    opened[opened_count].pair = (uint8_t)pair;
    snprintf(opened[opened_count].id, UUID_TEXT_SIZE, "%s", id);
    snprintf(opened[opened_count].call, UUID_TEXT_SIZE, "%s", call);
    opened_count++;
}

static void end_of(unsigned pair, const char *id)
{
    struct opened *o = opened_find(pair, id);

    if (!o)
        world_fail("%s without its begin", pairs[pair].end);
    *o = opened[--opened_count];
    for (unsigned i = 0; pair == 0 && i < opened_count; i++)
        if (pairs[opened[i].pair].in_call && strcmp(opened[i].call, id) == 0)
            world_fail("call_end before the end of its %s", pairs[opened[i].pair].begin);
}

static void note_refusal(const char *json)
{
    char outcome[24], user[16];

    if (!text_of(json, "outcome", outcome, sizeof(outcome)) ||
        (strcmp(outcome, "rejected") != 0 && strcmp(outcome, "no_answer") != 0) ||
        !text_of(json, "user_id", user, sizeof(user)))
        return;
    text_of(json, "call_id", refusals[refusal_count % REFUSALS].call, UUID_TEXT_SIZE);
    refusals[refusal_count % REFUSALS].user_id = (int32_t)strtol(user, NULL, 10);
    refusals[refusal_count++ % REFUSALS].at = loop_now_ms(world.loop);
}

bool office_refused(const struct uuid *call_id, int32_t user_id)
{
    char id[UUID_TEXT_SIZE];
    uint64_t now = loop_now_ms(world.loop);

    uuid_text(call_id, id);
    for (unsigned i = 0; i < REFUSALS; i++)
        if (refusals[i].user_id == user_id && refusals[i].at + ACD_REOFFER_MS > now &&
            strcmp(refusals[i].call, id) == 0)
            return true;
    return false;
}

static void check_center(int32_t center_id, const char *kind, const char *json)
{
    char user[16];

    if (!text_of(json, "user_id", user, sizeof(user)) || user[0] == 'n')
        return;
    if (world.agents[strtol(user, NULL, 10) - 1].center_id != center_id)
        world_fail("%s of a center meets an agent of another", kind);
}

static void check_json(const char *kind, const char *json)
{
    cJSON *parsed = cJSON_Parse(json);

    if (!parsed)
        world_fail("%s is no JSON: %s", kind, json);
    cJSON_Delete(parsed);
    for (const char *at = json; (at = strstr(at, "_ms\":-")); at++)
        if (strncmp(at, "_ms\":-", 6) == 0)
            world_fail("%s has a negative time: %s", kind, json);
}

void fact_emit(struct fact_outbox *outbox, const struct uuid *id, int32_t center_id,
               int64_t wall_ms, const char *kind, const char *json)
{
    char text[UUID_TEXT_SIZE] = "", call[UUID_TEXT_SIZE] = "";

    (void)outbox;
    (void)id;
    (void)wall_ms;
    if (world.keep) {
        struct w_fact *kept = &world.facts[world.fact_count % W_FACTS];
        snprintf(kept->kind, sizeof(kept->kind), "%s", kind);
        snprintf(kept->json, sizeof(kept->json), "%s", json);
    }
    if (world.keep || world.fact_count % 16 == 0)
        check_json(kind, json);
    world.fact_count++;
    check_center(center_id, kind, json);
    (void)text_of(json, "call_id", call, sizeof(call));
    for (unsigned i = 0; i < PAIRS; i++) {
        bool begin = strcmp(pairs[i].begin, kind) == 0;
        if (!begin && strcmp(pairs[i].end, kind) != 0)
            continue;
        if (!text_of(json, pairs[i].id, text, sizeof(text)))
            world_fail("%s without %s", kind, pairs[i].id);
        world_tell("fact %s %s %s", kind, text,
                   begin                     ? ""
                   : strstr(json, "outcome") ? strstr(json, "outcome")
                                             : "");
        if (begin)
            begin_of(i, text, call);
        else
            end_of(i, text);
    }
    if (strcmp(kind, "offer_end") == 0)
        note_refusal(json);
}
