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
static struct dir_flow flow, passed_flow; /* "main", "transfer" */
static struct dir_flow small;             /* "number": for errands */
static struct dir_survey surveys[W_MAX_CENTERS];
static struct dir_number numbers[W_MAX_CENTERS];   /* public */
static struct dir_number codes[2 * W_MAX_CENTERS]; /* 91n from 12366, 92n from a city */
static struct calendar always, never;

/* The retries of the menu, what its keys mean, and whom key 0 is for (agents 1 and 4 of center 1,
 * somebody else's in the others) differ from version to version. */
static const char flow_text[] =
    "{\"entry\":\"welcome\",\"nodes\":{"
    "\"welcome\":{\"type\":\"play\",\"prompt\":\"greeting\",\"next\":\"open\"},"
    "\"open\":{\"type\":\"hours\",\"calendar\":\"default\",\"open\":\"main\",\"closed\":\"vm_"
    "closed\"},"
    "\"vm_closed\":{\"type\":\"voicemail\",\"max_s\":30,\"next\":\"bye\",\"off\":\"sorry\","
    "\"failed\":\"sorry\"},"
    "\"vm_busy\":{\"type\":\"voicemail\",\"max_s\":30,\"next\":\"busy\",\"off\":\"busy\","
    "\"failed\":\"consult\"},"
    "\"vm_key\":{\"type\":\"voicemail\",\"box\":\"chosen\",\"max_s\":30,\"next\":\"main\",\"off\":"
    "\"main\","
    "\"failed\":\"main\"},"
    "\"call_back\":{\"type\":\"callback\",\"queue\":\"consult\",\"next\":\"bye\",\"failed\":"
    "\"main\"},"
    "\"sorry\":{\"type\":\"hangup\",\"prompt\":\"closed\",\"reason\":\"closed\"},"
    "\"main\":{\"type\":\"menu\",\"name\":\"主菜单\",\"prompt\":\"main_menu\",\"timeout_ms\":5000,"
    "\"retries\":%d,\"invalid\":\"invalid_key\",\"no_input\":\"no_input\","
    "\"keys\":{\"1\":\"%s\",\"2\":\"%s\",\"3\":\"bye\",\"4\":\"rate\",\"5\":\"vm_key\",\"6\":"
    "\"call_back\",\"7\":\"bot\",\"8\":\"out\",\"0\":\"want\",\"#\":\"ask\",\"9\":\"@"
    "main\"},"
    "\"failed\":\"consult\"},"
    "\"consult\":{\"type\":\"queue\",\"queue\":\"consult\",\"priority\":0,"
    "\"prompt\":\"please_wait\",\"music\":\"hold_music\",\"on_wait_over\":\"complain\","
    "\"on_no_agent\":\"vm_busy\",\"on_full\":\"complain\"},"
    "\"complain\":{\"type\":\"queue\",\"queue\":\"complain\",\"priority\":2,"
    "\"prompt\":\"please_wait\",\"on_wait_over\":\"vm_busy\",\"on_no_agent\":\"vm_busy\","
    "\"on_full\":\"vm_busy\"},"
    "\"ask\":{\"type\":\"http\",\"connector\":\"tax\",\"send\":{\"no\":\"caller_no\"},"
    "\"take\":{\"debt\":\"debt\"},\"music\":\"hold_music\",\"timeout_ms\":4000,"
    "\"next\":\"say_debt\",\"failed\":\"complain\",\"timeout\":\"main\",\"not_found\":\"consult\"},"
    "\"say_debt\":{\"type\":\"say\",\"variable\":\"debt\",\"as\":\"number\",\"next\":\"main\"},"
    "\"want\":{\"type\":\"agent\",\"agent_no\":\"%s\",\"queue\":\"consult\","
    "%s\"on_wait_over\":\"complain\",\"on_no_agent\":\"complain\",\"on_full\":\"complain\"},"
    "\"bot\":{\"type\":\"bot\",\"next\":\"consult\",\"done\":\"bye\",\"off\":\"complain\"},"
    "\"out\":{\"type\":\"external\",\"number\":\"0771 5551234\",\"data\":\"税务\","
    "\"next\":\"main\",\"failed\":\"complain\"},"
    "\"busy\":{\"type\":\"hangup\",\"prompt\":\"goodbye\",\"reason\":\"lost\"},"
    "\"rate\":{\"type\":\"survey\",\"name\":\"评价\",\"prompt\":\"survey\",\"retries\":1,"
    "\"keys\":{\"1\":5,\"2\":1},\"next\":\"main\"},"
    "\"bye\":{\"type\":\"hangup\",\"prompt\":\"goodbye\",\"reason\":\"done\"}}}";

/* For calls of other centers; it asks for no key, so that nobody takes the call before an agent. */
static const char passed_text[] =
    "{\"entry\":\"open\",\"nodes\":{"
    "\"open\":{\"type\":\"hours\",\"calendar\":\"default\",\"open\":\"hello\",\"closed\":\"sorry\"}"
    ","
    "\"sorry\":{\"type\":\"hangup\",\"prompt\":\"closed\",\"reason\":\"closed\"},"
    "\"hello\":{\"type\":\"play\",\"prompt\":\"greeting\",\"next\":\"consult\"},"
    "\"consult\":{\"type\":\"queue\",\"queue\":\"consult\",\"priority\":0,"
    "\"on_wait_over\":\"busy\",\"on_no_agent\":\"busy\",\"on_full\":\"busy\"},"
    "\"busy\":{\"type\":\"hangup\",\"prompt\":\"goodbye\",\"reason\":\"lost\"}}}";

/* Calls from 12366 go to the second queue of the center first, those from a city where the flow
 * leads them. */
static void fill_codes(int i)
{
    codes[2 * i] = (struct dir_number){.center_id = i + 1,
                                       .access_code = true,
                                       .source = DIR_SOURCE_FROM_12366,
                                       .queue_id = 2 * i + 2,
                                       .priority = 20};
    codes[2 * i + 1] = (struct dir_number){
        .center_id = i + 1, .access_code = true, .source = DIR_SOURCE_FROM_CITY, .priority = 10};
    for (int k = 0; k < 2; k++) {
        snprintf(codes[2 * i + k].called_no, SIP_NUMBER_SIZE, "9%d%d", k + 1, i + 1);
        snprintf(codes[2 * i + k].flow_code, sizeof(codes[0].flow_code), "transfer");
    }
}
static const char small_text[] =
    "{\"entry\":\"ask\",\"nodes\":{"
    "\"ask\":{\"type\":\"collect\",\"prompt\":\"ask_number\",\"variable\":\"number\",\"min\":3,"
    "\"max\":8,\"retries\":1,\"next\":\"say\",\"failed\":\"end\"},"
    "\"say\":{\"type\":\"say\",\"variable\":\"number\",\"next\":\"end\"},"
    "\"end\":{\"type\":\"hangup\"}}}";

static const char survey_text[] =
    "{\"entry\":\"ask\",\"nodes\":{"
    "\"ask\":{\"type\":\"survey\",\"name\":\"满意度调查\",\"prompt\":\"survey\",\"retries\":1,"
    "\"keys\":{\"1\":5,\"2\":3,\"3\":1},\"next\":\"bye\"},"
    "\"bye\":{\"type\":\"hangup\",\"prompt\":\"goodbye\"}}}";

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
                                .survey = kind != 1 && kind != 3,
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
                                  .announce_agent_no = i % 3 != 1,
                                  .dialing = {.ranges = UINT32_MAX},
                                  .record_internal = true,
                                  .record_pause_s = 60};
    snprintf(center->code, sizeof(center->code), "center%d", i + 1);
    snprintf(center->shown_no, sizeof(center->shown_no), "1236%d", i + 1);
    numbers[i] = (struct dir_number){.center_id = i + 1, .by_caller = i == 2};
    snprintf(numbers[i].called_no, SIP_NUMBER_SIZE, "1236%d", i + 1);
    snprintf(numbers[i].flow_code, sizeof(numbers[i].flow_code), "main");
    fill_codes(i);
}

/* --- who may do what to whom: in each center, one after the other, an agent, a leader of one of
 * two teams, an administrator of the center, and somebody of the region */
enum rank { RANK_AGENT, RANK_LEADER, RANK_ADMIN, RANK_REGION, RANKS };

static enum rank rank_of(int32_t user_id)
{
    return (enum rank)((user_id - 1) / (int)world.size.centers % RANKS);
}

static void fill_subject(const struct dir_agent *agent)
{
    static const enum access_scope scopes[] = {ACCESS_NONE, ACCESS_TEAM, ACCESS_CENTER,
                                               ACCESS_REGION};
    static const enum access_scope queue_scopes[] = {ACCESS_NONE, ACCESS_CENTER, ACCESS_CENTER,
                                                     ACCESS_REGION};
    struct access_subject *subject = &world.people[agent->user_id];
    enum rank rank = rank_of(agent->user_id);

    *subject = (struct access_subject){.user_id = agent->user_id,
                                       .center_id = agent->center_id,
                                       .team_id = agent->team_id,
                                       .regional = rank == RANK_REGION};
    access_grant(subject, PERM_MONITOR_LISTEN, scopes[rank]);
    access_grant(subject, PERM_MONITOR_INTERVENE, scopes[rank]);
    access_grant(subject, PERM_MONITOR_FORCE, scopes[rank]);
    access_grant(subject, PERM_MONITOR_QUEUE, queue_scopes[rank]);
}

bool office_permits(int32_t who, enum permission permission, int32_t target)
{
    const struct dir_agent *agent = &world.agents[target - 1];

    return access_may_on(&world.people[who], permission, agent->center_id, agent->team_id,
                         agent->user_id);
}

bool office_is_over(int32_t who, int32_t target)
{
    const struct dir_agent *a = &world.agents[who - 1], *b = &world.agents[target - 1];

    return rank_of(who) == RANK_REGION ||
           (a->center_id == b->center_id &&
            (rank_of(who) == RANK_ADMIN ||
             (rank_of(who) == RANK_LEADER && a->team_id == b->team_id)));
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
                                    .team_id = 1 + i % 2,
                                    .auto_answer_internal = true,
                                    .auto_answer_ms = i % 12 == 3 || i % 12 == 4 ? 1000 : 0};
        snprintf(agent->agent_no, sizeof(agent->agent_no), "%d",
                 1001 + i / (int)world.size.centers); /* each center numbers its own */
        snprintf(agent->name, sizeof(agent->name), "坐席%d", i + 1);
        for (int k = 0; k < 2; k++)
            world.members[world.member_count++] =
                (struct dir_member){2 * (agent->center_id - 1) + 1 + k, i + 1, 10 * (1 + i % 4)};
        fill_subject(agent);
    }
}

static struct ivr_flow *parsed(const char *text)
{
    struct ivr_flow *done = NULL;
    struct text problems = {0};

    if (ivr_flow_parse(text, strlen(text), NULL, &done, &problems))
        world_fail("flow: %s", problems.data);
    text_done(&problems);
    return done;
}

/* Every second center asks by itself, every third one never. */
static void open_surveys(void)
{
    memset(surveys, 0, sizeof(surveys));
    small = (struct dir_flow){.id = 2, .center_id = 1, .version = 1, .flow = parsed(small_text)};
    snprintf(small.code, sizeof(small.code), "number");
    for (int i = 0; i < (int)world.size.centers; i++) {
        if (i % 3 == 2)
            continue;
        surveys[i] = (struct dir_survey){.center_id = i + 1,
                                         .automatic = i % 3 == 1,
                                         .names = {"不满意", "", "一般", "", "满意"},
                                         .flow = parsed(survey_text)};
    }
}

/* Calls under way keep the version they began with, by reference. */
static void publish_flow(void)
{
    static const char leaves[] = "\"off\":\"busy\",\"no_answer\":\"complain\",";
    char text[4500];
    struct text problems = {0};
    bool odd = ++flow.version % 2;

    ivr_flow_unref(flow.flow);
    snprintf(text, sizeof(text), flow_text, odd ? 2 : 1, odd ? "consult" : "complain",
             odd ? "complain" : "consult", odd ? "1001" : "1002", odd ? leaves : "");
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
    passed_flow = (struct dir_flow){.id = 2, .center_id = 1, .version = 1};
    if (ivr_flow_parse(passed_text, strlen(passed_text), NULL, &passed_flow.flow, NULL))
        world_fail("the flow for calls of other centers");
    open_surveys();
}

void office_close(void)
{
    route_table_free(world.routing.rules);
    ivr_flow_unref(flow.flow);
    ivr_flow_unref(small.flow);
    ivr_flow_unref(passed_flow.flow);
    flow.flow = small.flow = passed_flow.flow = NULL;
    for (int i = 0; i < W_MAX_CENTERS; i++)
        ivr_flow_unref(surveys[i].flow);
    memset(surveys, 0, sizeof(surveys));
}

void office_apply(void)
{
    world.publishing = true;
    world.published_at = loop_now_ms(world.loop);
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

/* Somebody of a hundred callers, or ten that begin alike, is listed at some center in some way. */
static void list_somebody(void)
{
    struct dir_listed *entry = &world.listed[world_below(W_LISTED)];
    unsigned center = world_below(world.size.centers);

    world.listed_count = W_LISTED;
    *entry = (struct dir_listed){.id = 1 + (int32_t)(entry - world.listed),
                                 .center_id = (int32_t)center + 1,
                                 .prefix = world_below(3) == 0,
                                 .action = (enum dir_list_action)world_below(DIR_LIST_PRIORITY + 1),
                                 .prompt_code = "goodbye",
                                 .queue_id = (int32_t)(2 * center + world_below(3)),
                                 .priority = 1 + (int32_t)world_below(99)};
    snprintf(entry->number, sizeof(entry->number), "138771%05u", world_below(100));
    if (entry->prefix)
        entry->number[10] = 0;
    if (entry->action == DIR_LIST_NONE)
        entry->center_id = 0; /* taken off the list */
}

void office_allow(int32_t center_id, bool to_12366, bool from_12366, bool between_cities)
{
    world.transfers[center_id - 1] = (struct dir_transfers){.center_id = center_id,
                                                            .to_12366 = to_12366,
                                                            .from_12366 = from_12366,
                                                            .between_cities = between_cities};
    world.transfers_said[center_id - 1] = true;
}

/* Center 3 sends its callers on: 13877... to center 1, 139... and one more beginning to center 2.
 */
void office_spread(bool by_taxpayer, int32_t unknown)
{
    static const struct route_rule rules[] = {{"13877", 1}, {"139", 2}, {"13877100009", 2}};
    size_t wrong;

    route_table_free(world.routing.rules);
    world.routing = (struct dir_routing){
        .center_id = 3, .by_taxpayer = by_taxpayer, .unknown_center_id = unknown};
    if (route_table_create(rules, 3, &world.routing.rules, &wrong))
        world_fail("rule %zu is wrong", wrong);
}

static enum dir_recording some_recording(void)
{
    return world_below(2) ? DIR_RECORD_ALWAYS : (enum dir_recording)world_below(3);
}

static void change_recording(struct dir_queue *queue)
{
    struct dir_center *center = &world.centers[queue->acd.center_id - 1];

    queue->recording = some_recording();
    center->record_outbound = some_recording();
    center->record_internal = world_below(3) > 0;
    center->record_pause_s = world_below(3) > 0 ? 60 : 0;
}

/* A queue gets up to three rules, that lead to a queue of its center, to nodes, and to nowhere; or
 * it begins or ends to tell those who wait. */
static void change_rules(struct dir_queue *queue)
{
    static const char *const nodes[] = {"busy", "bye", "consult", "complain", "main", "nothing"};

    queue->rules.count = 0;
    queue->announce_ms = world_below(2) * 15000;
    queue->announce_wait = world_below(2);
    queue->auto_answer_ms = world_below(3) == 0 ? 2000 : 0;
    change_recording(queue);
    for (unsigned n = world_below(4); queue->rules.count < n;) {
        struct overflow_rule *made = &queue->rules.rule[queue->rules.count++];
        bool to_queue = world_below(2);
        *made =
            (struct overflow_rule){.when = (enum overflow_when)world_below(OVERFLOW_CLOSED + 1)};
        made->limit = made->when == OVERFLOW_LENGTH ? world_below(4) : 1000 + world_below(20000);
        if (to_queue)
            made->queue_id = 2 * (queue->acd.center_id - 1) + 1 + (int32_t)world_below(2);
        else
            snprintf(made->node, sizeof(made->node), "%s", nodes[world_below(6)]);
    }
}

/* Emergency numbers are always allowed. */
static void change_dialing(struct dialing_rule *rule)
{
    *rule = (struct dialing_rule){.ranges = world_below(1u << DIALING_RANGES)};
    snprintf(rule->prefix, sizeof(rule->prefix), "%s", world_below(2) ? "9" : "");
}

/* What is published: the extra queue comes and goes, the second queue of a center is removed and
 * made again, strategies and limits, memberships, weights, flows, lists. */
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
    case 6:
        list_somebody();
        break;
    case 7:
        queue->transfer_only = !queue->transfer_only;
        world.dedicated_at[queue->acd.id % 1000] = loop_now_ms(world.loop);
        break;
    case 8:
        office_allow(1 + (int32_t)world_below(world.size.centers), world_below(2), world_below(2),
                     world_below(2));
        break;
    case 11:
        office_spread(world_below(2),
                      world_below(3) ? 0 : 1 + (int32_t)world_below(world.size.centers));
        break;
    case 12:
        change_dialing(&world.centers[queue->acd.center_id - 1].dialing);
        break;
    case 9:
        change_rules(queue);
        break;
    default:
        queue->acd.max_length = world_below(2) * (1 + world_below(4));
        queue->acd.max_wait_ms = world_below(2) * (5000 + world_below(30000));
        queue->acd.age_step_ms = world_below(2) * (1000 + world_below(10000));
    }
    office_apply();
}

/* Some scenes are switched off and some full; a story says what it wants. */
const struct dir_box *directory_box(const struct directory *directory, int32_t center_id,
                                    enum dir_scene scene)
{
    static struct dir_box box;

    (void)directory;
    if (world.keep && !world.messages)
        return NULL;
    box = (struct dir_box){
        .center_id = center_id,
        .scene = scene,
        .enabled = world.keep ? !world.messages_off : (center_id + (int)scene) % 5 > 0,
        .full = world.keep ? world.messages_full : (center_id + (int)scene) % 7 == 6,
        .prompt = "vm_prompt",
        .off_prompt = "vm_off"};
    return &box;
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
        {.id = 2, .name = "出局二", .enabled = true},
        {.id = 3, .name = "机器人", .enabled = true, .by_name_only = true}};

    (void)directory;
    *ret_count = W_TRUNKS;
    return trunks;
}

/* Three channels for two centers; the others may not. */
const struct dir_bot_peer *directory_bot_peers(const struct directory *directory, size_t *ret_count)
{
    static const struct dir_bot_peer peers[] = {
        {.id = 1, .trunk_id = 3, .sip_user = "bot", .channels = 3, .record = true}};

    (void)directory;
    *ret_count = 1;
    return peers;
}

const struct dir_bot_share *directory_bot_shares(const struct directory *directory,
                                                 size_t *ret_count)
{
    static const struct dir_bot_share shares[] = {{.center_id = 1, .policy = DIR_BOT_KEY},
                                                  {.center_id = 2, .policy = DIR_BOT_ALWAYS}};

    (void)directory;
    *ret_count = 2;
    return shares;
}

const struct pool_share *directory_pool_shares(const struct directory *directory,
                                               enum pool_kind kind, size_t *ret_count)
{
    static const struct pool_share bots[] = {{.center_id = 1, .guaranteed = 1, .most = 2},
                                             {.center_id = 2, .most = 3}};

    (void)directory;
    *ret_count = kind == POOL_BOT ? 2 : world.trunk_most ? 1 : 0;
    world.trunk_share = (struct pool_share){.center_id = 1, .most = world.trunk_most};
    return kind == POOL_BOT ? bots : &world.trunk_share;
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
    return strcmp(code, "main") == 0       ? &flow
           : strcmp(code, "transfer") == 0 ? &passed_flow
           : strcmp(code, "number") == 0   ? &small
                                           : NULL;
}

const struct dir_flow *directory_flows(const struct directory *directory, size_t *ret_count)
{
    (void)directory;
    *ret_count = 1;
    return &small;
}

const struct dir_survey *directory_survey(const struct directory *directory, int32_t center_id)
{
    (void)directory;
    for (unsigned i = 0; i < world.size.centers; i++)
        if (surveys[i].center_id == center_id && surveys[i].flow)
            return &surveys[i];
    return NULL;
}

const struct dir_number *directory_number(const struct directory *directory, int32_t trunk_id,
                                          const char *called)
{
    (void)directory;
    (void)trunk_id;
    for (unsigned i = 0; i < world.size.centers; i++)
        if (strcmp(numbers[i].called_no, called) == 0)
            return &numbers[i];
    for (unsigned i = 0; i < 2 * world.size.centers; i++)
        if (strcmp(codes[i].called_no, called) == 0)
            return &codes[i];
    return NULL;
}

const struct dir_listed *directory_listed(const struct directory *directory, int32_t center_id,
                                          const char *number, int64_t wall_ms)
{
    const struct dir_listed *best = NULL;

    (void)directory;
    for (unsigned i = 0; i < world.listed_count; i++) {
        const struct dir_listed *entry = &world.listed[i];
        size_t length = strlen(entry->number);
        if (entry->center_id != center_id || !length ||
            (entry->expires_ms && wall_ms >= entry->expires_ms) ||
            strncmp(entry->number, number, length) != 0 || (!entry->prefix && number[length]))
            continue;
        if (!best || (best->prefix && (!entry->prefix || length > strlen(best->number))))
            best = entry;
    }
    return best;
}

const struct dir_number *directory_access_code(const struct directory *directory, int32_t center_id,
                                               enum dir_source source)
{
    struct dir_number *code = &codes[2 * (center_id - 1) + (source == DIR_SOURCE_FROM_CITY)];

    (void)directory;
    code->via_trunk_id = world.via_trunk[center_id];
    return code;
}

const struct dir_transfers *directory_transfers(const struct directory *directory,
                                                int32_t center_id)
{
    (void)directory;
    return world.transfers_said[center_id - 1] ? &world.transfers[center_id - 1] : NULL;
}

bool directory_trunk_is_peer(const struct directory *directory, int32_t trunk_id)
{
    (void)directory;
    return trunk_id > 0 && world.peer[trunk_id];
}

int32_t directory_center_behind(const struct directory *directory, int32_t trunk_id)
{
    (void)directory;
    return trunk_id > 0 ? world.behind[trunk_id] : 0;
}

const struct dir_connector *directory_connector(const struct directory *directory,
                                                int32_t center_id, const char *code)
{
    static char document[] = "{\"center_id\":1,\"url\":\"https://tax.example/debt?v=1\","
                             "\"method\":\"GET\",\"headers\":[],\"secret_name\":\"X-Key\","
                             "\"secret_value\":\"s\",\"timeout_ms\":3000}";
    static struct dir_connector connector = {.id = 1, .code = "tax", .document = document};

    (void)directory;
    (void)center_id;
    return strcmp(code, "tax") == 0 ? &connector : NULL;
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
    if (strcmp(code, "nothing_here") == 0)
        return NULL;
    return !world.no_silence && world_chance(1) ? NULL : &sound;
}

uint32_t directory_moment(const struct directory *directory)
{
    (void)directory;
    return 0;
}

struct media_audio *directory_prompt_at(const struct directory *directory, int32_t center_id,
                                        const char *code, uint32_t moment)
{
    (void)moment;
    return directory_prompt(directory, center_id, code);
}

const struct dir_routing *directory_routing(const struct directory *directory, int32_t center_id)
{
    (void)directory;
    return center_id == 3 && world.routing.center_id ? &world.routing : NULL;
}

/* By what is set, and by the taxpayer. */
struct route_answer directory_route(const struct directory *directory, int32_t center_id,
                                    const char *caller, int32_t taxpayer_center)
{
    struct route_caller who = {.number = caller, .taxpayer_center = taxpayer_center};

    (void)directory;
    (void)center_id;
    return route_decide(world.routing.rules, &who, world.routing.unknown_center_id);
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
