/* rooms: base ivr */
/* Flows nobody would write, run by callers nobody would be: random valid flows, random events.
 *
 * After every event a run must wait for something that will come (a play, a timer, the answer of a
 * queue) or have ended; it never says more than fits; the same events say the same again.
 *
 *   HOTLINED_SEED=n   replays a run       HOTLINED_STEPS=n   makes it longer
 *
 * A failure prints the seed, the flow and the last events as a story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/id.h>
#include <hotlined/ivr.h>
#include <hotlined/text.h>

#define MAX_NODES 24
#define EVENTS    400 /* per flow */
#define STORY     30

static struct {
    uint64_t seed, random, step;
    int nodes;
    struct text json;
    struct ivr_flow *flow;
    struct ivr_run run, again; /* the same call twice */
    struct calendar calendar;
    bool playing, ringing, away, asking; /* what was said and is not answered yet */
    bool off_leaves, no_answer_leaves;   /* the queue it waits in has these branches */
    uint32_t timer_ms;
    uint16_t keys;
    char story[STORY][80];
    unsigned told;
    unsigned ended, queued, plays, tasks, asked, refused, flows, left_queue;
} s;

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(s.story[s.told++ % STORY], sizeof(s.story[0]), format, ap);
    va_end(ap);
}

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void wrong(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "HOTLINED_SEED=%llu step %llu: ", (unsigned long long)s.seed,
            (unsigned long long)s.step);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\nthe flow: %s\nthe last events:\n", s.json.data);
    for (unsigned i = s.told > STORY ? s.told - STORY : 0; i < s.told; i++)
        fprintf(stderr, "  %s\n", s.story[i % STORY]);
    fail();
    abort();
}

static uint64_t dice(uint64_t sides)
{
    s.random ^= s.random << 13;
    s.random ^= s.random >> 7;
    s.random ^= s.random << 17;
    return s.random % sides;
}

/* --- random flows --------------------------------------------------------------------------- */

static int any_node(void)
{
    return (int)dice((uint64_t)s.nodes);
}

static void add_menu(void)
{
    static const char keys[] = "0123456789*#";

    text_addf(&s.json,
              "\"type\":\"menu\",\"prompt\":\"p\",\"retries\":%d,%s%s\"failed\":\"n%d\","
              "\"keys\":{\"*\":\"@back\",\"9\":\"@main\"",
              (int)dice(4), dice(2) ? "\"invalid\":\"i\"," : "",
              dice(2) ? "\"no_input\":\"o\"," : "", any_node());
    for (int i = 0; i < 12; i++)
        if (keys[i] != '*' && keys[i] != '9' && dice(3))
            text_addf(&s.json, ",\"%c\":\"n%d\"", keys[i], any_node());
    text_add(&s.json, "}");
}

static void add_collect(void)
{
    int min = 1 + (int)dice(6);

    text_addf(&s.json,
              "\"type\":\"collect\",\"prompt\":\"p\",\"variable\":\"v%d\",\"min\":%d,\"max\":%d,"
              "\"retries\":%d,\"end\":\"%s\",%s\"next\":\"n%d\",\"failed\":\"n%d\"",
              (int)dice(4), min, min + (int)dice(20), (int)dice(3), dice(2) ? "#" : "",
              dice(2) ? "\"invalid\":\"i\"," : "", any_node(), any_node());
}

static void add_condition(void)
{
    static const char *const tests[] = {"\"equals\":\"1\"", "\"in\":[\"1\",\"22\"]",
                                        "\"starts_with\":\"1\"", "\"is_set\":true"};

    text_addf(&s.json,
              "\"type\":\"condition\",\"variable\":\"v%d\",%s,\"yes\":\"n%d\",\"no\":\"n%d\"",
              (int)dice(4), tests[dice(4)], any_node(), any_node());
}

static void add_queue(void)
{
    if (dice(3)) {
        text_add(&s.json, "\"type\":\"queue\",");
    } else {
        text_add(&s.json, "\"type\":\"agent\",\"variable\":\"v1\",");
        if (dice(2))
            text_addf(&s.json, "\"off\":\"n%d\",", any_node());
        if (dice(2))
            text_addf(&s.json, "\"no_answer\":\"n%d\",", any_node());
    }
    text_addf(&s.json,
              "\"queue\":\"q\",\"priority\":%d,%s\"on_wait_over\":\"n%d\","
              "\"on_no_agent\":\"n%d\",\"on_full\":\"n%d\"",
              (int)dice(10), dice(2) ? "\"prompt\":\"p\",\"music\":\"m\"," : "", any_node(),
              any_node(), any_node());
}

static void add_survey(void)
{
    text_addf(&s.json,
              "\"type\":\"survey\",\"prompt\":\"p\",\"retries\":%d,%s\"keys\":{\"1\":5,\"2\":1},"
              "\"next\":\"n%d\",\"failed\":\"n%d\"",
              (int)dice(3), dice(2) ? "\"invalid\":\"i\"," : "", any_node(), any_node());
}

static void add_say(void)
{
    static const char *const ways[] = {"digits", "number", "amount"};

    text_addf(&s.json,
              "\"type\":\"say\",\"variable\":\"v%d\",\"as\":\"%s\",%s\"interruptible\":%s,"
              "\"next\":\"n%d\"",
              (int)dice(4), ways[dice(3)], dice(2) ? "\"prompt\":\"p\"," : "",
              dice(2) ? "true" : "false", any_node());
}

static void add_task(void)
{
    static const char *const tasks[] = {
        "\"type\":\"external\",\"number\":\"1\",%s\"next\":\"n%d\",\"failed\":\"n%d\"",
        "\"type\":\"voicemail\",%s\"next\":\"n%d\",\"off\":\"n%d\",\"failed\":\"n%d\"",
        "\"type\":\"callback\",\"queue\":\"q\",%s\"next\":\"n%d\",\"failed\":\"n%d\"",
        "\"type\":\"bot\",%s\"next\":\"n%d\",\"done\":\"n%d\",\"off\":\"n%d\"",
        "\"type\":\"http\",\"connector\":\"c\",\"send\":{\"no\":\"v1\"},"
        "\"take\":{\"v2\":\"x\"},%s\"next\":\"n%d\",\"failed\":\"n%d\",\"timeout\":\"n%d\""};
    char json[400];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(json, sizeof(json), tasks[dice(5)], dice(2) ? "\"prompt\":\"p\"," : "", any_node(),
             any_node(), any_node());
#pragma GCC diagnostic pop
    text_add(&s.json, json);
}

static void add_node(int at)
{
    text_addf(&s.json, "%s\"n%d\":{", at ? "," : "", at);
    switch (dice(14)) {
    case 10:
        add_survey();
        break;
    case 11:
        add_say();
        break;
    case 12:
    case 13:
        add_task();
        break;
    case 0:
    case 1:
    case 2:
        add_menu();
        break;
    case 3:
        add_collect();
        break;
    case 4:
        add_condition();
        break;
    case 5:
    case 6:
        add_queue();
        break;
    case 7:
        text_addf(&s.json,
                  "\"type\":\"hours\",\"calendar\":\"c\",\"open\":\"n%d\",\"closed\":\"n%d\"",
                  any_node(), any_node());
        break;
    case 8:
        text_addf(&s.json,
                  "\"type\":\"play\",\"prompt\":\"p\",\"interruptible\":%s,\"next\":\"n%d\"",
                  dice(2) ? "true" : "false", any_node());
        break;
    default:
        text_addf(&s.json, "\"type\":\"hangup\"%s", dice(2) ? ",\"prompt\":\"p\"" : "");
    }
    text_add(&s.json, "}");
}

/* Only valid ones are run: unreachable nodes and circles are thrown away with their flow. */
static void random_flow(void)
{
    struct text problems = {0};

    for (;;) {
        text_clear(&s.json);
        s.nodes = 2 + (int)dice(MAX_NODES - 1);
        text_add(&s.json, "{\"entry\":\"n0\",\"nodes\":{");
        for (int i = 0; i < s.nodes; i++)
            add_node(i);
        text_add(&s.json, "}}");
        if (ivr_flow_parse(s.json.data, s.json.length, NULL, &s.flow, &problems) == 0)
            break;
        text_clear(&problems);
        s.refused++;
    }
    text_done(&problems);
}

/* --- one event ------------------------------------------------------------------------------ */

static const struct calendar *calendar_of(const char *code, void *arg)
{
    (void)code;
    (void)arg;
    return &s.calendar;
}

static void take(const struct ivr_command *c)
{
    tell("  -> command %d %s %u", (int)c->kind, c->name ? c->name : "", c->ms);
    switch (c->kind) {
    case IVR_PLAY:
        if (!c->name || !c->name[0])
            wrong("a prompt without a name");
        s.playing = true;
        s.plays++;
        return;
    case IVR_STOP_PLAY:
        s.playing = false;
        return;
    case IVR_TIMER:
        s.timer_ms = c->ms;
        return;
    case IVR_KEY:
        if (c->seq != ++s.keys)
            wrong("key %u was reported as number %u", s.keys, c->seq);
        return;
    case IVR_ENQUEUE:
        s.ringing = true;
        s.queued++;
        s.off_leaves = c->off_leaves;
        s.no_answer_leaves = c->no_answer_leaves;
        return;
    case IVR_SAY:
        s.playing = true;
        s.plays++;
        return;
    case IVR_SURVEY:
        if (c->level > 5 || (c->level > 0 && !s.asking))
            wrong("a survey's answer %u without its question", c->level);
        s.asking = c->level == 0;
        s.asked++;
        return;
    case IVR_EXTERNAL:
    case IVR_VOICEMAIL:
    case IVR_CALLBACK:
    case IVR_BOT:
    case IVR_QUERY:
        if (!c->name)
            wrong("a task for nobody");
        s.away = true;
        s.tasks++;
        return;
    case IVR_HANGUP:
        if (s.run.state != IVR_ENDED)
            wrong("a hang-up that does not end the run");
        return;
    }
}

static void check_waiting(void)
{
    const struct ivr_run *run = &s.run;

    if (run->depth > IVR_MAX_DEPTH || run->variable_count > IVR_VARIABLES ||
        run->digit_count >= IVR_VALUE_SIZE || run->node >= s.nodes)
        wrong("the run has left its bounds");
    switch ((enum ivr_state)run->state) {
    case IVR_PLAYING:
        if (!s.playing || s.timer_ms || s.ringing || s.away)
            wrong("playing: play %d, timer %u, queue %d", s.playing, s.timer_ms, s.ringing);
        return;
    case IVR_MENU:
    case IVR_COLLECT:
        if (s.playing == (s.timer_ms > 0) || s.ringing)
            wrong("listening: play %d, timer %u, queue %d", s.playing, s.timer_ms, s.ringing);
        return;
    case IVR_QUEUED:
        if (s.playing || s.timer_ms || !s.ringing)
            wrong("queued: play %d, timer %u, queue %d", s.playing, s.timer_ms, s.ringing);
        return;
    case IVR_AWAY:
        if (s.playing || s.timer_ms || s.ringing || !s.away)
            wrong("away: play %d, timer %u, queue %d", s.playing, s.timer_ms, s.ringing);
        return;
    case IVR_ENDED:
        if (s.away || s.playing || s.timer_ms || s.ringing)
            wrong("ended: play %d, timer %u, queue %d", s.playing, s.timer_ms, s.ringing);
        return;
    case IVR_IDLE:
        wrong("the run has not begun");
    }
}

static void one_event(struct ivr_event event)
{
    static const struct ivr_world world = {.calendar = calendar_of};
    static struct ivr_out out, again;

    tell("event %d %c in state %d at n%d", (int)event.kind, event.digit ? event.digit : '-',
         s.run.state, s.run.node);
    if (event.kind == IVR_EV_PLAY_DONE)
        s.playing = false;
    else if (event.kind == IVR_EV_TIMER)
        s.timer_ms = 0;
    else if (event.kind == IVR_EV_ANSWER)
        s.away = s.ringing = false; /* told to those who wait only where it leads somewhere */
    else if (event.kind == IVR_EV_ENTER)
        s.ringing = s.away = s.asking = false;
    else if (event.kind >= IVR_EV_QUEUE_FULL)
        s.ringing = false;
    ivr_step(s.flow, &s.run, &world, &event, &out);
    ivr_step(s.flow, &s.again, &world, &event, &again);
    for (unsigned i = 0; i < out.count && i < again.count; i++)
        if (out.commands[i].name && again.commands[i].name &&
            strcmp(out.commands[i].name, again.commands[i].name) == 0)
            again.commands[i].name = out.commands[i].name; /* a variable of the other run */
    for (unsigned i = 0; i < out.count && i < again.count; i++)
        if (out.commands[i].data && again.commands[i].data &&
            strcmp(out.commands[i].data, again.commands[i].data) == 0)
            again.commands[i].data = out.commands[i].data;
    if (out.count >= IVR_MAX_COMMANDS)
        wrong("%u commands in one step", out.count);
    if (memcmp(&s.run, &s.again, sizeof(s.run)) != 0 || out.count != again.count ||
        memcmp(out.commands, again.commands, out.count * sizeof(out.commands[0])) != 0)
        wrong("the same event had another outcome");
    for (unsigned i = 0; i < out.count; i++)
        take(&out.commands[i]);
    check_waiting();
}

/* Mostly what the run waits for, and keys at any time. Answers come only to what was asked. */
static struct ivr_event random_event(void)
{
    static const char keys[] = "0123456789*#0123456789*#A";
    struct ivr_event event = {.wall_ms = 1764000000000 + (int64_t)dice(86400000ull * 30)};
    uint64_t roll = dice(10);

    if (roll < 4)
        event.kind = IVR_EV_DIGIT;
    else if (s.playing)
        event.kind = IVR_EV_PLAY_DONE;
    else if (s.timer_ms)
        event.kind = IVR_EV_TIMER;
    else if (s.away)
        event.kind = IVR_EV_ANSWER;
    else if (s.ringing && dice(8) == 0)
        event.kind = IVR_EV_ENTER; /* somebody answered, and sent him back */
    else
        event.kind = s.ringing ? (enum ivr_event_kind)(IVR_EV_QUEUE_FULL + dice(3)) : IVR_EV_DIGIT;
    event.answer = (enum ivr_answer)dice(IVR_ANSWERS);
    if (s.ringing && event.kind >= IVR_EV_QUEUE_FULL && event.kind <= IVR_EV_WAIT_OVER && dice(2) &&
        (s.off_leaves || s.no_answer_leaves)) {
        event.kind = IVR_EV_ANSWER;
        event.answer = s.off_leaves ? IVR_OFF : IVR_NO_ANSWER;
        s.left_queue++;
    }
    event.node = dice(2) ? IVR_MAIN : (uint16_t)any_node();
    if (event.kind == IVR_EV_DIGIT)
        event.digit = keys[dice(sizeof(keys) - 1)];
    return event;
}

/* --- the runs ------------------------------------------------------------------------------- */

static void one_call(void)
{
    memset(&s.run, 0, sizeof(s.run));
    memset(&s.again, 0, sizeof(s.again));
    s.playing = s.ringing = s.away = s.asking = false;
    s.timer_ms = 0;
    s.keys = 0;
    tell("a call begins");
    one_event((struct ivr_event){.kind = IVR_EV_START, .wall_ms = 1764000000000});
}

static void one_flow(uint64_t seed)
{
    s.seed = seed;
    s.random = seed * 0x9e3779b97f4a7c15ull + 1;
    s.told = 0;
    random_flow();
    one_call();
    for (s.step = 0; s.step < EVENTS; s.step++) {
        one_event(random_event());
        if (s.run.state == IVR_ENDED) {
            s.ended++;
            one_call();
        }
    }
    ivr_flow_unref(s.flow);
    s.flows++;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void IVR_03_random_flows_always_wait_or_end(void **state)
{
    static const char week[] = "{\"week\":{\"1\":[[\"09:00\",\"17:00\"]],\"3\":[[\"00:00\","
                               "\"24:00\"]],\"5\":[[\"09:00\",\"12:00\"]]}}";
    uint64_t seed, steps = from_environment("HOTLINED_STEPS", 400000);
    struct text problems = {0};

    (void)state;
    random_bytes(&seed, sizeof(seed));
    seed = from_environment("HOTLINED_SEED", seed % 1000000000);
    assert_int_equal(calendar_parse(week, strlen(week), &s.calendar, &problems), 0);
    fprintf(stderr, "# HOTLINED_SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t done = 0; done < steps; done += EVENTS)
        one_flow(seed++);
    fprintf(stderr, "# %u flows (%u refused), %u plays, %u waits, %u tasks, %u surveys, %u ends\n",
            s.flows, s.refused, s.plays, s.queued, s.tasks, s.asked, s.ended);
    text_done(&s.json);
    /* A run in which nothing happens would prove nothing. */
    assert_true(s.plays > steps / 10);
    assert_true(s.queued > steps / 100);
    assert_true(s.ended > steps / 100);
    assert_true(s.tasks > steps / 200);
    assert_true(s.left_queue > steps / 2000);
    assert_true(s.asked > steps / 200);
}

/* --- what chance rarely meets --------------------------------------------------------------- */

/* Typed while the greeting plays: 7 is no key of the first menu, and 1 was meant to follow it. */
static void IVR_03_keys_typed_after_a_wrong_one_mean_nothing(void **state)
{
    static const char flow[] =
        "{\"entry\":\"hello\",\"nodes\":{"
        "\"hello\":{\"type\":\"play\",\"prompt\":\"p\",\"interruptible\":false,\"next\":\"first\"},"
        "\"first\":{\"type\":\"menu\",\"prompt\":\"p\",\"retries\":3,\"failed\":\"end\","
        "\"keys\":{\"2\":\"second\"}},"
        "\"second\":{\"type\":\"menu\",\"prompt\":\"p\",\"retries\":3,\"failed\":\"end\","
        "\"keys\":{\"1\":\"end\"}},"
        "\"end\":{\"type\":\"hangup\"}}}";
    static const struct ivr_world world;
    static struct ivr_out out;
    struct text problems = {0};
    struct ivr_run run = {0};

    (void)state;
    assert_int_equal(ivr_flow_parse(flow, strlen(flow), NULL, &s.flow, &problems), 0);
    ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_START}, &out);
    ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_DIGIT, .digit = '7'}, &out);
    ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_DIGIT, .digit = '1'}, &out);
    ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_PLAY_DONE}, &out);
    assert_int_equal(run.state, IVR_MENU); /* asked again */
    ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_DIGIT, .digit = '2'}, &out);
    assert_int_equal(run.state, IVR_MENU); /* and not ended by the key of before */
    ivr_flow_unref(s.flow);
    text_done(&problems);
}

/* main, a, b, and by b's key a again: from there back leads to main, and not round and round. */
static void IVR_03_back_leads_up_after_a_way_round(void **state)
{
    static const char flow[] =
        "{\"entry\":\"main\",\"nodes\":{"
        "\"main\":{\"type\":\"menu\",\"prompt\":\"p\",\"failed\":\"end\",\"keys\":{\"1\":\"a\"}},"
        "\"a\":{\"type\":\"menu\",\"prompt\":\"p\",\"failed\":\"end\","
        "\"keys\":{\"1\":\"b\",\"*\":\"@back\"}},"
        "\"b\":{\"type\":\"menu\",\"prompt\":\"p\",\"failed\":\"end\",\"keys\":{\"1\":\"a\"}},"
        "\"end\":{\"type\":\"hangup\"}}}";
    static const struct ivr_world world;
    static struct ivr_out out;
    struct text problems = {0};
    struct ivr_run run = {0};
    uint16_t top;

    (void)state;
    assert_int_equal(ivr_flow_parse(flow, strlen(flow), NULL, &s.flow, &problems), 0);
    ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_START}, &out);
    top = run.node;
    for (const char *key = "111*"; *key; key++)
        ivr_step(s.flow, &run, &world, &(struct ivr_event){.kind = IVR_EV_DIGIT, .digit = *key},
                 &out);
    assert_int_equal(run.node, top);
    assert_int_equal(run.depth, 1);
    ivr_flow_unref(s.flow);
    text_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(IVR_03_back_leads_up_after_a_way_round),
        cmocka_unit_test(IVR_03_keys_typed_after_a_wrong_one_mean_nothing),
        cmocka_unit_test(IVR_03_random_flows_always_wait_or_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
