/* The directory of a region: three centers and twelve agents in the stories, more in the random
 * worlds. Centers of three kinds take turns: what the stories know of 1, 2 and 3 is true of 4, 5
 * and 6 as well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/text.h>

#include "telephony_world.h"

#define GONE 2000 /* a queue's id + this is a queue nobody knows */

struct media_audio {
    int nothing;
};

static struct media_audio sound;
static struct dir_flow flow;
static struct dir_number numbers[W_MAX_CENTERS];
static struct calendar always, never;

/* The retries of the menu and what its keys mean differ from version to version. */
static const char flow_text[] =
    "{\"entry\":\"welcome\",\"nodes\":{"
    "\"welcome\":{\"type\":\"play\",\"prompt\":\"greeting\",\"next\":\"open\"},"
    "\"open\":{\"type\":\"hours\",\"calendar\":\"default\",\"open\":\"main\",\"closed\":\"sorry\"},"
    "\"sorry\":{\"type\":\"hangup\",\"prompt\":\"closed\",\"reason\":\"closed\"},"
    "\"main\":{\"type\":\"menu\",\"name\":\"主菜单\",\"prompt\":\"main_menu\",\"timeout_ms\":5000,"
    "\"retries\":%d,\"invalid\":\"invalid_key\",\"no_input\":\"no_input\","
    "\"keys\":{\"1\":\"%s\",\"2\":\"%s\",\"3\":\"bye\",\"9\":\"@main\"},"
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

static bool is_extra(size_t i)
{
    return i == 2 * world.size.centers;
}

static void fill_queue(size_t i)
{
    static const enum acd_strategy strategies[] = {ACD_LONGEST_IDLE, ACD_ROUND_ROBIN,
                                                   ACD_RING_ALL,     ACD_BY_WEIGHT,
                                                   ACD_FEWEST_CALLS, ACD_LONGEST_IDLE};
    struct dir_queue *queue = &world.queues[i];
    size_t kind = is_extra(i) ? 6 : i % 6;
    int32_t id = (int32_t)i + 1;

    *queue = (struct dir_queue){.acd = {.id = id,
                                        .center_id = is_extra(i) ? 1 : (int32_t)i / 2 + 1,
                                        .strategy = strategies[kind % 6],
                                        .ring_timeout_ms = 15000,
                                        .wrap_up_ms = kind == 3 ? 0 : 10000,
                                        .wrap_up_required = kind == 1,
                                        .max_wait_ms = kind == 2 ? 30000 : (kind == 5 ? 20000 : 0),
                                        .max_length = kind == 2 ? 4 : 0,
                                        .max_offers = kind == 3 ? 2 : (kind == 4 ? 3 : 0),
                                        .age_step_ms = kind == 4 ? 10000 : 0},
                                .overflow_queue_id =
                                    kind == 2 ? id + 1 : (kind == 3 || kind == 5 ? id - 1 : 0),
                                .sl_threshold_ms = 20000,
                                .short_abandon_ms = 5000};
    snprintf(queue->code, sizeof(queue->code), "%s",
             is_extra(i) ? "extra"
             : i % 2     ? "complain"
                         : "consult");
    snprintf(queue->name, sizeof(queue->name), "队列%zu", i + 1);
}

static void fill_center(int i)
{
    struct dir_center *center = &world.centers[i];

    *center = (struct dir_center){.id = i + 1,
                                  .regional = i == (int)world.size.centers - 1,
                                  .enabled = true,
                                  .announce_agent_no = i % 3 != 1};
    snprintf(center->code, sizeof(center->code), "center%d", i + 1);
    snprintf(center->shown_no, sizeof(center->shown_no), "1236%d", i + 1);
    numbers[i] = (struct dir_number){.center_id = i + 1};
    snprintf(numbers[i].called_no, SIP_NUMBER_SIZE, "1236%d", i + 1);
    snprintf(numbers[i].flow_code, sizeof(numbers[i].flow_code), "main");
}

static void fill_people(void)
{
    world.member_count = 0;
    for (int i = 0; i < (int)world.size.centers; i++)
        fill_center(i);
    for (int i = 0; i < (int)world.size.agents; i++) {
        struct dir_agent *agent = &world.agents[i];
        *agent = (struct dir_agent){.user_id = i + 1,
                                    .center_id = 1 + i % (int)world.size.centers,
                                    .auto_answer_ms = i % 12 == 3 || i % 12 == 4 ? 1000 : 0};
        snprintf(agent->agent_no, sizeof(agent->agent_no), "%d", 1001 + i);
        snprintf(agent->name, sizeof(agent->name), "坐席%d", i + 1);
        for (int k = 0; k < 2; k++)
            world.members[world.member_count++] =
                (struct dir_member){2 * (agent->center_id - 1) + 1 + k, i + 1, 10 * (1 + i % 4)};
    }
}

/* Calls under way keep the version they began with, by reference. */
static void publish_flow(void)
{
    char text[2000];
    struct text problems = {0};
    bool odd = ++flow.version % 2;

    ivr_flow_unref(flow.flow);
    snprintf(text, sizeof(text), flow_text, odd ? 2 : 1, odd ? "consult" : "complain",
             odd ? "complain" : "consult");
    if (ivr_flow_parse(text, strlen(text), NULL, &flow.flow, &problems))
        world_fail("flow: %s", problems.data);
    text_done(&problems);
}

void office_open(void)
{
    memset(&flow, 0, sizeof(flow));
    for (int day = 0; day < 7; day++)
        always.week[day] = (struct calendar_day){.count = 1, .periods = {{0, 1440}}};
    world.queue_count = 2 * world.size.centers;
    for (size_t i = 0; i <= world.queue_count; i++)
        fill_queue(i);
    fill_people();
    flow.id = 1;
    flow.center_id = 1;
    publish_flow();
}

void office_close(void)
{
    ivr_flow_unref(flow.flow);
    flow.flow = NULL;
}

void office_apply(void)
{
    world.publishing = true;
    telephony_directory_changed(world.telephony);
    world.publishing = false;
}

struct dir_queue *office_queue(int32_t id)
{
    size_t i = (size_t)id - 1;

    if (i < world.queue_count && world.queues[i].acd.id == id)
        return &world.queues[i];
    for (i = 0; i < world.queue_count; i++) /* one that was made again has another id */
        if (world.queues[i].acd.id == id)
            return &world.queues[i];
    return NULL;
}

/* What is published: the extra queue comes and goes, the second queue of a center is removed and
 * made again, strategies and limits, memberships, weights, flows. */
void office_change(unsigned what)
{
    struct dir_member *member = &world.members[world_below((unsigned)world.member_count)];
    struct dir_queue *queue = &world.queues[world_below(2 * world.size.centers)];

    switch (what) {
    case 0:
        world.queue_count = 2 * world.size.centers + (world.queue_count % 2 == 0);
        break;
    case 1:
        world.queues[5].acd.id += world.queues[5].acd.id == 6 ? 1000 : -1000;
        break;
    case 2:
        queue->acd.strategy = (enum acd_strategy)world_below(ACD_RING_ALL + 1);
        break;
    case 3:
        member->queue_id += member->queue_id < GONE ? GONE : -GONE;
        break;
    case 4:
        member->weight = 10 * (int32_t)world_below(6);
        break;
    case 5:
        publish_flow();
        break;
    default:
        queue->acd.max_length = world_below(2) * (1 + world_below(4));
        queue->acd.max_wait_ms = world_below(2) * (5000 + world_below(30000));
        queue->acd.age_step_ms = world_below(2) * (1000 + world_below(10000));
    }
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
    *ret_count = world.size.centers;
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
    return id >= 1 && id <= (int32_t)world.size.centers ? &world.centers[id - 1] : NULL;
}

const struct dir_agent *directory_agent(const struct directory *directory, int32_t user_id)
{
    (void)directory;
    return user_id >= 1 && user_id <= (int32_t)world.size.agents ? &world.agents[user_id - 1]
                                                                 : NULL;
}

const struct dir_queue *directory_queue(const struct directory *directory, int32_t id)
{
    (void)directory;
    return office_queue(id);
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
    for (unsigned i = 0; i < world.size.centers; i++)
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
    return !world.no_silence && world_chance(1) ? NULL : &sound;
}

void directory_place(const struct directory *directory, int32_t center_id, const char *caller,
                     struct dir_place *ret_place)
{
    (void)directory;
    (void)center_id;
    *ret_place = (struct dir_place){.province = "广西", .city = "南宁", .city_code = "450100"};
    if (!strpbrk(caller, "*#")) /* is a telephone number */
        text_copy(ret_place->number, sizeof(ret_place->number),
                  caller + (strncmp(caller, "+86", 3) == 0 ? 3 : 0));
}
