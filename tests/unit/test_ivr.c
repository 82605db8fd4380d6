/* rooms: base ivr */
/* with: tests/unit/ivr_talk.c */
/* Flows: each node type as a conversation, and every message of the checker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ivr_talk.h"

/* --- node types ----------------------------------------------------------------------------- */

static void play_goes_on_when_it_was_heard(void **state)
{
    (void)state;
    load(
        "{\"entry\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\",\"prompt\":\"hello\",\"next\":\"b\"},"
        "\"b\":{\"type\":\"hangup\",\"prompt\":\"bye\",\"reason\":\"closed\"}}}");
    START("play:hello");
    KEY('1', ""); /* not interruptible */
    PLAYED("play:bye");
    assert_int_equal(run.state, IVR_PLAYING);
    PLAYED("hangup:closed");
    assert_int_equal(run.state, IVR_ENDED);
    PLAYED(""); /* nothing after the end */
    KEY('1', "");
    SILENCE("");
}

static void play_may_be_interrupted_when_the_flow_says_so(void **state)
{
    (void)state;
    load("{\"entry\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\",\"prompt\":\"hello\","
         "\"interruptible\":true,\"next\":\"b\"},\"b\":{\"type\":\"hangup\"}}}");
    START("play:hello");
    KEY('5', "stop hangup:done");
}

static void keys_typed_ahead_answer_the_menus_that_follow_IVR_03(void **state)
{
    (void)state;
    load("{\"entry\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\",\"prompt\":\"hello\","
         "\"next\":\"m\"},\"m\":{\"type\":\"menu\",\"prompt\":\"menu\",\"invalid\":\"wrong\","
         "\"keys\":{\"1\":\"c\"},\"failed\":\"b\"},\"c\":{\"type\":\"collect\",\"prompt\":"
         "\"number\","
         "\"variable\":\"no\",\"min\":2,\"max\":5,\"next\":\"b\",\"failed\":\"b\"},"
         "\"b\":{\"type\":\"hangup\"}}}");
    START("play:hello");
    KEY('1', "");
    KEY('7', "");
    KEY('8', "");
    step(IVR_EV_PLAY_DONE, 0); /* neither the menu nor the question is heard */
    assert_null(strstr(said(), "play:"));
    assert_int_equal(run.state, IVR_COLLECT);
    step(IVR_EV_DIGIT, '#');
    assert_string_equal(ivr_variable(&run, "no"), "78");
    assert_int_equal(run.state, IVR_ENDED);
    /* a wrong key typed ahead is told, and the keys behind it are forgotten */
    memset(&run, 0, sizeof(run));
    START("play:hello");
    KEY('5', "");
    KEY('1', "");
    step(IVR_EV_PLAY_DONE, 0);
    assert_non_null(strstr(said(), "play:wrong"));
    PLAYED("play:menu");
    assert_int_equal(run.state, IVR_MENU);
}

/* Main menu, five levels deep, with back and main everywhere. */
static void load_five_levels(void)
{
    struct text json = {0};

    text_add(&json, "{\"entry\":\"m1\",\"nodes\":{");
    for (int i = 1; i <= 5; i++) {
        text_addf(&json,
                  "\"m%d\":{\"type\":\"menu\",\"prompt\":\"menu%d\",\"retries\":2,"
                  "\"invalid\":\"wrong\",\"no_input\":\"silent\",\"timeout_ms\":4000,"
                  "\"failed\":\"q\",\"keys\":{\"*\":\"@back\",\"0\":\"@main\",\"2\":\"q\"",
                  i, i);
        if (i < 5)
            text_addf(&json, ",\"1\":\"m%d\"", i + 1);
        text_add(&json, "}},");
    }
    text_add(&json, "\"q\":{\"type\":\"queue\",\"queue\":\"consult\",\"on_wait_over\":\"h\","
                    "\"on_no_agent\":\"h\",\"on_full\":\"h\"},"
                    "\"h\":{\"type\":\"hangup\",\"reason\":\"lost\"}}}");
    load(json.data);
    text_done(&json);
}

static void IVR_03_five_levels_down_and_back_and_to_the_main_menu(void **state)
{
    (void)state;
    load_five_levels();
    START("play:menu1");
    KEY('1', "stop key:1:ok play:menu2");
    KEY('1', "stop key:1:ok play:menu3");
    KEY('1', "stop key:1:ok play:menu4");
    KEY('1', "stop key:1:ok play:menu5");
    assert_int_equal(run.depth, 5);
    KEY('*', "stop key:*:ok play:menu4");
    KEY('*', "stop key:*:ok play:menu3");
    assert_int_equal(run.depth, 3);
    KEY('1', "stop key:1:ok play:menu4");
    KEY('0', "stop key:0:ok play:menu1");
    assert_int_equal(run.depth, 1);
    KEY('*', "stop key:*:ok play:menu1"); /* back at the first menu is the first menu */
    KEY('1', "stop key:1:ok play:menu2");
    KEY('2', "stop key:2:ok queue:consult:0:-");
}

static void IVR_03_wrong_key_and_silence_are_retried_and_then_fail(void **state)
{
    (void)state;
    load_five_levels();
    START("play:menu1");
    PLAYED("timer:4000");
    KEY('7', "stop key:7:invalid play:wrong");
    PLAYED("play:menu1");
    PLAYED("timer:4000");
    SILENCE("key:-:none play:silent");
    PLAYED("play:menu1");
    PLAYED("timer:4000");
    SILENCE("key:-:none queue:consult:0:-"); /* the third time */
}

static void IVR_03_retries_begin_anew_in_each_menu(void **state)
{
    (void)state;
    load_five_levels();
    START("play:menu1");
    KEY('7', "stop key:7:invalid play:wrong");
    KEY('8', "stop key:8:invalid play:wrong");
    KEY('1', "stop key:1:ok play:menu2");
    KEY('7', "stop key:7:invalid play:wrong");
    KEY('8', "stop key:8:invalid play:wrong");
    KEY('9', "stop key:9:invalid queue:consult:0:-");
}

static void IVR_03_a_key_during_a_hint_is_for_the_menu(void **state)
{
    (void)state;
    load_five_levels();
    START("play:menu1");
    KEY('7', "stop key:7:invalid play:wrong");
    KEY('1', "stop key:1:ok play:menu2");
    PLAYED("timer:4000");
    SILENCE("key:-:none play:silent");
    SILENCE(""); /* the clock of the prompt before the hint */
    KEY('2', "stop key:2:ok queue:consult:0:-");
}

static void letters_of_old_phones_are_no_keys(void **state)
{
    (void)state;
    load_five_levels();
    START("play:menu1");
    KEY('A', "");
    KEY('D', "");
    KEY('x', "");
}

static void a_menu_without_hints_asks_again_itself(void **state)
{
    (void)state;
    load("{\"entry\":\"m\",\"nodes\":{\"m\":{\"type\":\"menu\",\"prompt\":\"ask\",\"retries\":1,"
         "\"keys\":{\"1\":\"h\"},\"failed\":\"h\"},\"h\":{\"type\":\"hangup\"}}}");
    START("play:ask");
    KEY('3', "stop key:3:invalid play:ask");
    PLAYED("timer:5000");
    SILENCE("key:-:none hangup:done");
}

static void keys_are_facts_with_number_and_name(void **state)
{
    (void)state;
    load(
        "{\"entry\":\"m\",\"nodes\":{\"m\":{\"type\":\"menu\",\"name\":\"主菜单\",\"prompt\":\"p\","
        "\"keys\":{\"1\":\"m\"},\"failed\":\"h\"},\"h\":{\"type\":\"hangup\"}}}");
    START("play:p");
    for (uint16_t i = 1; i <= 3; i++) {
        KEY('1', "stop key:1:ok play:p");
        assert_int_equal(out.commands[1].seq, i);
        assert_string_equal(out.commands[1].node, "m");
        assert_string_equal(out.commands[1].title, "主菜单");
    }
}

#define COLLECT                                                                                    \
    "{\"entry\":\"c\",\"nodes\":{\"c\":{\"type\":\"collect\",\"prompt\":\"ask\","                  \
    "\"variable\":\"no\",\"min\":3,\"max\":5,\"end\":\"#\",\"timeout_ms\":8000,\"retries\":1,"     \
    "\"invalid\":\"wrong\",\"no_input\":\"silent\",\"next\":\"good\",\"failed\":\"bad\"},"         \
    "\"good\":{\"type\":\"hangup\",\"reason\":\"done\"},"                                          \
    "\"bad\":{\"type\":\"hangup\",\"reason\":\"error\"}}}"

static void collect_ends_with_the_end_key(void **state)
{
    (void)state;
    load(COLLECT);
    START("play:ask");
    KEY('4', "stop key:4:ok timer:8000");
    KEY('5', "key:5:ok timer:8000");
    KEY('0', "key:0:ok timer:8000");
    KEY('#', "key:#:ok hangup:done");
    assert_string_equal(ivr_variable(&run, "no"), "450");
}

static void collect_ends_with_the_last_digit(void **state)
{
    (void)state;
    load(COLLECT);
    START("play:ask");
    for (const char *digit = "4501"; *digit; digit++)
        step(IVR_EV_DIGIT, *digit);
    KEY('9', "key:9:ok hangup:done");
    assert_string_equal(ivr_variable(&run, "no"), "45019");
}

static void collect_takes_what_is_long_enough_when_time_is_over(void **state)
{
    (void)state;
    load(COLLECT);
    START("play:ask");
    for (const char *digit = "123"; *digit; digit++)
        step(IVR_EV_DIGIT, *digit);
    SILENCE("hangup:done");
    assert_string_equal(ivr_variable(&run, "no"), "123");
}

static void collect_too_short_or_silent_is_retried_and_then_fails(void **state)
{
    (void)state;
    load(COLLECT);
    START("play:ask");
    step(IVR_EV_DIGIT, '1');
    KEY('#', "key:#:ok play:wrong");
    PLAYED("play:ask");
    PLAYED("timer:8000");
    step(IVR_EV_DIGIT, '1');
    SILENCE("key:-:none hangup:error");
    assert_null(ivr_variable(&run, "no"));
}

static void collect_typed_over_a_hint_counts_from_the_first_digit(void **state)
{
    (void)state;
    load(COLLECT);
    START("play:ask");
    KEY('#', "stop key:#:ok play:wrong");
    KEY('7', "stop key:7:ok timer:8000");
    step(IVR_EV_DIGIT, '8');
    step(IVR_EV_DIGIT, '9');
    KEY('#', "key:#:ok hangup:done");
    assert_string_equal(ivr_variable(&run, "no"), "789");
}

static const char *condition_says(const char *test, const char *value)
{
    struct text json = {0};

    text_addf(&json,
              "{\"entry\":\"c\",\"nodes\":{\"c\":{\"type\":\"condition\",\"variable\":\"v\",%s,"
              "\"yes\":\"y\",\"no\":\"n\"},\"y\":{\"type\":\"hangup\",\"reason\":\"done\"},"
              "\"n\":{\"type\":\"hangup\",\"reason\":\"lost\"}}}",
              test);
    ivr_flow_unref(flow);
    load(json.data);
    text_done(&json);
    if (value)
        assert_int_equal(ivr_set_variable(&run, "v", value), 0);
    step(IVR_EV_START, 0);
    return said();
}

static void conditions_in_all_their_forms(void **state)
{
    static const struct {
        const char *test, *value, *result;
    } cases[] = {
        {"\"equals\":\"450200\"", "450200", "hangup:done"},
        {"\"equals\":\"450200\"", "450201", "hangup:lost"},
        {"\"equals\":\"450200\"", "45020", "hangup:lost"},
        {"\"equals\":\"450200\"", NULL, "hangup:lost"},
        {"\"in\":[\"a\",\"b\"]", "b", "hangup:done"},
        {"\"in\":[\"a\",\"b\"]", "c", "hangup:lost"},
        {"\"starts_with\":\"0771\"", "07715551234", "hangup:done"},
        {"\"starts_with\":\"0771\"", "077", "hangup:lost"},
        {"\"starts_with\":\"0771\"", NULL, "hangup:lost"},
        {"\"is_set\":true", "x", "hangup:done"},
        {"\"is_set\":true", "", "hangup:lost"},
        {"\"is_set\":true", NULL, "hangup:lost"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(condition_says(cases[i].test, cases[i].value), cases[i].result);
}

static void hours_ask_the_calendar(void **state)
{
    static const char json[] =
        "{\"entry\":\"h\",\"nodes\":{\"h\":{\"type\":\"hours\",\"calendar\":\"%s\",\"open\":\"y\","
        "\"closed\":\"n\"},\"y\":{\"type\":\"hangup\"},"
        "\"n\":{\"type\":\"hangup\",\"reason\":\"closed\"}}}";
    static const char week[] = "{\"week\":{\"1\":[[\"09:00\",\"12:00\"]]}}";
    struct text problems = {0}, text = {0};

    (void)state;
    assert_int_equal(calendar_parse(week, strlen(week), &office, &problems), 0);
    text_addf(&text, json, "office");
    load(text.data);
    wall_ms = 1764032400000; /* Tuesday 2025-11-25 09:00 in Nanning */
    START("hangup:closed");
    memset(&run, 0, sizeof(run));
    wall_ms -= 86400000; /* Monday */
    START("hangup:done");
    memset(&run, 0, sizeof(run));
    wall_ms -= 1;
    START("hangup:closed");
    ivr_flow_unref(flow);
    text_clear(&text);
    text_addf(&text, json, "unknown");
    load(text.data);
    START("hangup:closed"); /* nobody knows: closed */
    text_done(&text);
}

static void queue_with_prompt_music_priority_and_its_three_ways_out(void **state)
{
    static const struct {
        enum ivr_event_kind event;
        const char *result;
    } ways[] = {{IVR_EV_WAIT_OVER, "play:over"},
                {IVR_EV_QUEUE_NO_AGENT, "play:nobody"},
                {IVR_EV_QUEUE_FULL, "play:full"}};

    (void)state;
    load("{\"entry\":\"q\",\"nodes\":{\"q\":{\"type\":\"queue\",\"queue\":\"consult\","
         "\"prompt\":\"wait\",\"music\":\"hold\",\"priority\":7,\"on_wait_over\":\"o\","
         "\"on_no_agent\":\"n\",\"on_full\":\"f\"},"
         "\"o\":{\"type\":\"play\",\"prompt\":\"over\",\"next\":\"q\"},"
         "\"n\":{\"type\":\"hangup\",\"prompt\":\"nobody\"},"
         "\"f\":{\"type\":\"hangup\",\"prompt\":\"full\"}}}");
    for (size_t i = 0; i < 3; i++) {
        memset(&run, 0, sizeof(run));
        START("play:wait");
        KEY('1', "");
        step(ways[i].event, 0); /* not asked yet: not heard */
        assert_string_equal(said(), "");
        PLAYED("queue:consult:7:hold");
        assert_int_equal(run.state, IVR_QUEUED);
        KEY('1', "");
        PLAYED("");
        SILENCE("");
        step(ways[i].event, 0);
        assert_string_equal(said(), ways[i].result);
    }
}

static void goto_jumps(void **state)
{
    (void)state;
    load("{\"entry\":\"a\",\"nodes\":{\"a\":{\"type\":\"goto\",\"target\":\"b\"},"
         "\"b\":{\"type\":\"goto\",\"target\":\"c\"},\"c\":{\"type\":\"hangup\"}}}");
    START("hangup:done");
    START(""); /* only once */
}

/* Prompts that are not there are over at once: telephony answers PLAY_DONE in the same moment. */
static void a_circle_of_prompts_ends_some_day(void **state)
{
    unsigned rounds = 0;

    (void)state;
    load("{\"entry\":\"a\",\"nodes\":{\"a\":{\"type\":\"play\",\"prompt\":\"x\",\"next\":\"b\"},"
         "\"b\":{\"type\":\"play\",\"prompt\":\"y\",\"next\":\"a\"}}}");
    START("play:x");
    while (run.state != IVR_ENDED && rounds++ < 20000)
        step(IVR_EV_PLAY_DONE, 0);
    assert_string_equal(said(), "hangup:error");
}

static void menus_deeper_than_the_path_forget_the_oldest_but_the_first(void **state)
{
    struct text json = {0};

    (void)state;
    text_add(&json, "{\"entry\":\"m1\",\"nodes\":{");
    for (int i = 1; i <= 14; i++)
        text_addf(&json,
                  "\"m%d\":{\"type\":\"menu\",\"prompt\":\"p%d\",\"failed\":\"h\",\"keys\":{"
                  "\"1\":\"m%d\",\"*\":\"@back\",\"0\":\"@main\"}},",
                  i, i, i < 14 ? i + 1 : 1);
    text_add(&json, "\"h\":{\"type\":\"hangup\"}}}");
    load(json.data);
    text_done(&json);
    step(IVR_EV_START, 0);
    for (int i = 1; i < 14; i++)
        step(IVR_EV_DIGIT, '1');
    assert_int_equal(run.depth, IVR_MAX_DEPTH);
    KEY('*', "stop key:*:ok play:p13");
    KEY('1', "stop key:1:ok play:p14");
    KEY('0', "stop key:0:ok play:p1");
}

static void variables_are_few_and_say_so(void **state)
{
    char name[4] = "va", longer[100];

    (void)state;
    memset(&run, 0, sizeof(run));
    for (int i = 0; i < IVR_VARIABLES; i++) {
        name[1] = (char)('a' + i);
        assert_int_equal(ivr_set_variable(&run, name, "x"), 0);
    }
    assert_int_not_equal(ivr_set_variable(&run, "one more", "x"), 0);
    assert_int_equal(ivr_set_variable(&run, "vd", "changed"), 0);
    assert_string_equal(ivr_variable(&run, "vd"), "changed");
    memset(longer, 'z', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    assert_int_equal(ivr_set_variable(&run, "ve", longer), 0);
    assert_int_equal(strlen(ivr_variable(&run, "ve")), IVR_VALUE_SIZE - 1);
    assert_null(ivr_variable(&run, "v9"));
}

/* The examples people copy from must be right: every block of docs/flows.md is parsed. */
static void the_examples_of_the_reference_are_valid(void **state)
{
    FILE *file = fopen("docs/flows.md", "rb"); /* tests run at the root of the project */
    static char text[65536];
    char *flow_text, *calendar_text, *end;
    struct text problems = {0};
    struct calendar calendar;
    size_t size;

    (void)state;
    assert_non_null(file);
    size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = 0;
    flow_text = strstr(text, "```json\n");
    assert_non_null(flow_text);
    calendar_text = strstr(flow_text + 8, "```json\n");
    assert_non_null(calendar_text);
    end = strstr(flow_text + 8, "\n```\n");
    if (ivr_flow_parse(flow_text + 8, (size_t)(end - flow_text - 8), NULL, &flow, &problems))
        fail_msg("%s", problems.data);
    end = strstr(calendar_text + 8, "\n```\n");
    if (calendar_parse(calendar_text + 8, (size_t)(end - calendar_text - 8), &calendar, &problems))
        fail_msg("%s", problems.data);
}

/* --- the checker ---------------------------------------------------------------------------- */

static void accepts(const char *json)
{
    struct text problems = {0};
    struct ivr_flow *made = NULL;

    if (ivr_flow_parse(json, strlen(json), NULL, &made, &problems))
        fail_msg("%s", problems.data);
    ivr_flow_unref(made);
    text_done(&problems);
}

#define END         "\"h\":{\"type\":\"hangup\"}"
#define QUEUE       "\"on_wait_over\":\"h\",\"on_no_agent\":\"h\",\"on_full\":\"h\""
#define FLOW(nodes) "{\"entry\":\"a\",\"nodes\":{" nodes "," END "}}"

static void IVR_01_problems_of_the_document(void **state)
{
    (void)state;
    refuses("", "不是有效的 JSON。\n");
    refuses("{\"entry\":", "不是有效的 JSON。\n");
    refuses("{\"entry\":\"h\",\"nodes\":{" END "}} and more", "不是有效的 JSON。\n");
    refuses("[]", "流程没有节点。\n");
    refuses("7", "流程没有节点。\n");
    refuses("{\"entry\":\"a\",\"nodes\":[1,2]}", "流程没有节点。\n");
    refuses("{\"entry\":\"a\",\"nodes\":{}}", "流程没有节点。\n");
    refuses("{\"nodes\":{" END "}}", "入口节点“”不存在。\n");
    refuses("{\"entry\":\"x\",\"nodes\":{" END "}}", "入口节点“x”不存在。\n");
    refuses("{\"entry\":5,\"nodes\":{" END "}}", "入口节点“”不存在。\n");
    refuses("{\"entry\":\"h\",\"extra\":1,\"nodes\":{" END "}}", "不认识的字段“extra”。\n");
    refuses("{\"entry\":\"h\",\"layout\":[],\"nodes\":{" END "}}", "“layout”应为对象。\n");
    refuses("{\"entry\":\"h\",\"layout\":{\"x\":[1,2],\"h\":[1e9,0]},\"nodes\":{" END "}}",
            "“layout”里的节点“x”不存在。\n"
            "“layout”里节点“h”的位置应为两个 -100000 到 100000 的数。\n");
    refuses("{\"entry\":\"h\",\"layout\":{\"h\":[1]},\"nodes\":{" END "}}",
            "“layout”里节点“h”的位置应为两个 -100000 到 100000 的数。\n");
    refuses("{\"entry\":\"h\",\"layout\":{\"h\":[1,\"2\"]},\"nodes\":{" END "}}",
            "“layout”里节点“h”的位置应为两个 -100000 到 100000 的数。\n");
    accepts("{\"entry\":\"h\",\"layout\":{\"h\":[-120.5,40]},\"nodes\":{" END "}}");
    refuses("{\"entry\":\"h\",\"nodes\":{" END "," END "}}", "节点“h”出现了两次。\n");
    refuses("{\"entry\":\"h\",\"nodes\":{" END ",\"\":{\"type\":\"hangup\"}}}",
            "有一个节点没有名字。\n");
}

static void IVR_01_problems_of_nodes(void **state)
{
    (void)state;
    refuses(FLOW("\"a\":{\"type\":\"dance\"}"), "节点“a”：节点类型“dance”不存在。\n");
    refuses(FLOW("\"a\":{}"), "节点“a”：节点类型“”不存在。\n");
    refuses(FLOW("\"a\":17"), "节点“a”：节点类型“”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":[\"play\"]}"), "节点“a”：节点类型“”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":\"goto\",\"target\":\"h\",\"pro\":1}"),
            "节点“a”：不认识的字段“pro”。\n");
    refuses(FLOW("\"a\":{\"type\":\"goto\"}"), "节点“a”：缺少“target”。\n");
    refuses(FLOW("\"a\":{\"type\":\"goto\",\"target\":3}"), "节点“a”：“target”应为节点名。\n");
    refuses(FLOW("\"a\":{\"type\":\"goto\",\"target\":\"x\"}"),
            "节点“a”：“target”指向的节点“x”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":\"play\",\"next\":\"h\"}"), "节点“a”：缺少“prompt”。\n");
    refuses(FLOW("\"a\":{\"type\":\"play\",\"prompt\":9,\"next\":\"h\"}"),
            "节点“a”：“prompt”应为文字。\n");
    refuses(FLOW("\"a\":{\"type\":\"play\",\"prompt\":\"gone\",\"next\":\"h\"}"),
            "节点“a”：“prompt”所用的提示音“gone”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":\"play\",\"prompt\":\"there\",\"interruptible\":\"yes\","
                 "\"next\":\"h\"}"),
            "节点“a”：“interruptible”应为 true 或 false。\n");
    refuses(FLOW("\"a\":{\"type\":\"hours\",\"calendar\":\"gone\",\"open\":\"h\","
                 "\"closed\":\"h\"}"),
            "节点“a”：工作日历“gone”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":\"queue\",\"queue\":\"gone\"," QUEUE "}"),
            "节点“a”：技能队列“gone”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":\"queue\",\"queue\":\"there\",\"music\":\"gone\"," QUEUE "}"),
            "节点“a”：“music”所用的提示音“gone”不存在。\n");
    refuses(FLOW("\"a\":{\"type\":\"queue\",\"queue\":\"there\",\"priority\":101," QUEUE "}"),
            "节点“a”：“priority”应为 -100 到 100 的整数。\n");
    refuses(FLOW("\"a\":{\"type\":\"hangup\",\"reason\":\"bored\"}"),
            "节点“a”：挂机原因“bored”不存在（可用 done、closed、lost、error）。\n");
}

static void IVR_01_problems_of_menus_and_input(void **state)
{
#define MENU(rest) FLOW("\"a\":{\"type\":\"menu\",\"prompt\":\"there\",\"failed\":\"h\"" rest "}")
#define ASK(rest)                                                                                  \
    FLOW("\"a\":{\"type\":\"collect\",\"prompt\":\"there\",\"variable\":\"v\",\"next\":\"h\","     \
         "\"failed\":\"h\"" rest "}")
    (void)state;
    refuses(MENU(""), "节点“a”：菜单没有按键。\n");
    refuses(MENU(",\"keys\":{}"), "节点“a”：菜单没有按键。\n");
    refuses(MENU(",\"keys\":[\"h\"]"), "节点“a”：菜单没有按键。\n");
    refuses(MENU(",\"keys\":{\"A\":\"h\"}"), "节点“a”：“A”不是电话按键。\n");
    refuses(MENU(",\"keys\":{\"10\":\"h\"}"), "节点“a”：“10”不是电话按键。\n");
    refuses(MENU(",\"keys\":{\"3\":\"x\"}"), "节点“a”：按键“3”指向的节点“x”不存在。\n");
    refuses(MENU(",\"keys\":{\"3\":null}"), "节点“a”：按键“3”指向的节点“”不存在。\n");
    refuses(MENU(",\"keys\":{\"3\":\"@up\"}"), "节点“a”：按键“3”指向的节点“@up”不存在。\n");
    refuses(MENU(",\"keys\":{\"3\":\"h\"},\"retries\":10"),
            "节点“a”：“retries”应为 0 到 9 的整数。\n");
    refuses(MENU(",\"keys\":{\"3\":\"h\"},\"retries\":1.5"),
            "节点“a”：“retries”应为 0 到 9 的整数。\n");
    refuses(MENU(",\"keys\":{\"3\":\"h\"},\"timeout_ms\":1e999"),
            "节点“a”：“timeout_ms”应为 500 到 120000 的整数。\n");
    refuses(MENU(",\"keys\":{\"3\":\"h\"},\"invalid\":\"gone\""),
            "节点“a”：“invalid”所用的提示音“gone”不存在。\n");
    refuses(ASK(",\"end\":\"##\""), "节点“a”：“end”应为一个按键。\n");
    refuses(ASK(",\"min\":9,\"max\":3"), "节点“a”：“min”（9）大于“max”（3）。\n");
    refuses(ASK(",\"max\":32"), "节点“a”：“max”应为 1 到 31 的整数。\n");
#undef MENU
#undef ASK
}

static void IVR_01_problems_of_conditions(void **state)
{
#define IF(rest)                                                                                   \
    FLOW("\"a\":{\"type\":\"condition\",\"variable\":\"v\",\"yes\":\"h\",\"no\":\"h\"" rest "}")
    (void)state;
    refuses(IF(""), "节点“a”：条件要有且只有一个 equals、in、starts_with 或 is_set。\n");
    refuses(IF(",\"equals\":\"1\",\"is_set\":true"),
            "节点“a”：条件要有且只有一个 equals、in、starts_with 或 is_set。\n");
    refuses(IF(",\"equals\":1"), "节点“a”：条件的比较值应为文字。\n");
    refuses(IF(",\"in\":\"a\""), "节点“a”：“in”应为列表，至少有一个值。\n");
    refuses(IF(",\"in\":[]"), "节点“a”：“in”应为列表，至少有一个值。\n");
    refuses(IF(",\"in\":[{}]"), "节点“a”：条件的比较值应为文字。\n");
    refuses(IF(",\"is_set\":false"), "节点“a”：“is_set”只能为 true。\n");
    refuses(IF(",\"equals\":\"0123456789012345678901234567890123456789\""),
            "节点“a”：条件的比较值太长：0123456789012345678901234567890123456789…\n");
    refuses(IF(",\"in\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\","
               "\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]"),
            "节点“a”：条件的比较值太多（最多 16 个）。\n");
#undef IF
}

static void IVR_01_problems_of_the_whole(void **state)
{
    (void)state;
    refuses("{\"entry\":\"h\",\"nodes\":{" END ",\"a\":{\"type\":\"hangup\"}}}",
            "节点“a”：没有任何路径通向这里。\n");
    refuses("{\"entry\":\"a\",\"nodes\":{\"a\":{\"type\":\"goto\",\"target\":\"a\"}}}",
            "节点“a”：从这里开始的跳转是一个死循环，没有放音、等待或结束。\n");
    refuses(FLOW("\"a\":{\"type\":\"condition\",\"variable\":\"v\",\"is_set\":true,\"yes\":\"h\","
                 "\"no\":\"b\"},\"b\":{\"type\":\"goto\",\"target\":\"a\"}"),
            "节点“a”：从这里开始的跳转是一个死循环，没有放音、等待或结束。\n");
    refuses(FLOW("\"a\":{\"type\":\"queue\",\"queue\":\"there\",\"on_wait_over\":\"h\","
                 "\"on_no_agent\":\"h\",\"on_full\":\"a\"}"),
            "节点“a”：从这里开始的跳转是一个死循环，没有放音、等待或结束。\n");
}

static void a_queue_may_be_asked_again_after_a_prompt(void **state)
{
    (void)state;
    load(
        FLOW("\"a\":{\"type\":\"queue\",\"queue\":\"q\",\"prompt\":\"wait\",\"on_wait_over\":\"a\","
             "\"on_no_agent\":\"h\",\"on_full\":\"a\"}"));
}

static void several_problems_are_all_said(void **state)
{
    (void)state;
    refuses("{\"entry\":\"x\",\"nodes\":{\"a\":{\"type\":\"play\"},\"b\":{\"type\":\"goto\","
            "\"target\":\"a\",\"k\":0}}}",
            "节点“a”：缺少“prompt”。\n节点“a”：缺少“next”。\n节点“b”：不认识的字段“k”。\n"
            "入口节点“x”不存在。\n");
}

/* --- hostile documents ---------------------------------------------------------------------- */

static void collect_nodes(struct text *json, int count)
{
    text_add(json, "{\"entry\":\"c0\",\"nodes\":{");
    for (int i = 0; i < count; i++)
        text_addf(json,
                  "\"c%d\":{\"type\":\"collect\",\"prompt\":\"p\",\"variable\":\"v%d\",\"next\":"
                  "\"c%d\",\"failed\":\"h\"},",
                  i, i, i + 1);
    text_addf(json, "\"c%d\":{\"type\":\"hangup\"},\"h\":{\"type\":\"hangup\"}}}", count);
}

static void more_variables_than_a_call_has_room_for(void **state)
{
    struct text json = {0}, problems = {0};

    (void)state;
    collect_nodes(&json, 12);
    load(json.data);
    text_clear(&json);
    collect_nodes(&json, 13);
    ivr_flow_unref(flow);
    flow = NULL;
    assert_int_equal(parse(json.data, &problems), 1);
    assert_string_equal(problems.data, "节点“c12”：收集的变量太多（最多 12 个）。\n");
    text_done(&json);
    text_done(&problems);
}

static void goto_chain(struct text *json, int count)
{
    text_clear(json);
    text_add(json, "{\"entry\":\"n0\",\"nodes\":{");
    for (int i = 0; i < count - 1; i++)
        text_addf(json, "\"n%d\":{\"type\":\"goto\",\"target\":\"n%d\"},", i, i + 1);
    text_addf(json, "\"n%d\":{\"type\":\"hangup\"}}}", count - 1);
}

static void four_hundred_nodes_are_fine_and_one_more_is_not(void **state)
{
    struct text json = {0}, problems = {0};

    (void)state;
    goto_chain(&json, 400);
    load(json.data);
    START("hangup:done");
    ivr_flow_unref(flow);
    flow = NULL;
    goto_chain(&json, 401);
    assert_int_equal(parse(json.data, &problems), 1);
    assert_string_equal(problems.data, "节点太多（401 个，最多 400 个）。\n");
    text_done(&json);
    text_done(&problems);
}

static void deep_nesting_and_huge_texts_are_refused(void **state)
{
    struct text json = {0}, problems = {0};

    (void)state;
    for (int i = 0; i < 200000; i++)
        text_add(&json, "[");
    assert_int_equal(parse(json.data, &problems), 1);
    text_clear(&json);
    text_add(&json, "{\"entry\":\"");
    for (int i = 0; i < 200000; i++)
        text_add(&json, "税");
    text_add(&json, "\",\"nodes\":{\"h\":{\"type\":\"hangup\"}}}");
    text_clear(&problems);
    assert_int_equal(parse(json.data, &problems), 1);
    assert_true(problems.length < 200); /* quoted shortly */
    assert_true(text_is_utf8(problems.data, problems.length));
    text_done(&json);
    text_done(&problems);
}

static void long_names_are_refused(void **state)
{
    (void)state;
    refuses("{\"entry\":\"h\",\"nodes\":{" END
            ",\"0123456789012345678901234567890123456789012345678901234567890\":"
            "{\"type\":\"hangup\"}}}",
            "节点名太长：0123456789012345678901234567890123456789…\n");
    refuses(FLOW("\"a\":{\"type\":\"goto\",\"target\":\"h\",\"name\":"
                 "\"税税税税税税税税税税税税税税税税税税税税\"}"),
            "节点“a”：“name”太长（最多 47 字节）：税税税税税税税税税税税税税…\n");
}

/* Cut anywhere, or with any byte changed, the checker lives and says something. */
static void every_broken_version_of_a_good_flow_is_survived(void **state)
{
    char json[sizeof(COLLECT)];
    struct text problems = {0};
    size_t length = strlen(COLLECT);
    unsigned refused = 0;

    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        assert_true(ivr_flow_parse(COLLECT, cut, NULL, &flow, &problems) > 0);
        text_clear(&problems);
    }
    for (size_t at = 0; at < length; at++)
        for (int byte = 1; byte < 256; byte += 7) {
            memcpy(json, COLLECT, sizeof(json));
            json[at] = (char)byte;
            if (ivr_flow_parse(json, length, NULL, &flow, &problems))
                refused++;
            else
                ivr_flow_unref(flow);
            flow = NULL;
            text_clear(&problems);
        }
    assert_true(refused > length);
    text_done(&problems);
}

static void a_flow_lives_as_long_as_somebody_holds_it(void **state)
{
    (void)state;
    load(COLLECT);
    assert_ptr_equal(ivr_flow_ref(flow), flow);
    ivr_flow_unref(flow);
    START("play:ask");
    assert_null(ivr_flow_ref(NULL));
    ivr_flow_unref(NULL);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(play_goes_on_when_it_was_heard),
        TEST(play_may_be_interrupted_when_the_flow_says_so),
        TEST(keys_typed_ahead_answer_the_menus_that_follow_IVR_03),
        TEST(IVR_03_five_levels_down_and_back_and_to_the_main_menu),
        TEST(IVR_03_wrong_key_and_silence_are_retried_and_then_fail),
        TEST(IVR_03_retries_begin_anew_in_each_menu),
        TEST(IVR_03_a_key_during_a_hint_is_for_the_menu),
        TEST(letters_of_old_phones_are_no_keys),
        TEST(a_menu_without_hints_asks_again_itself),
        TEST(keys_are_facts_with_number_and_name),
        TEST(collect_ends_with_the_end_key),
        TEST(collect_ends_with_the_last_digit),
        TEST(collect_takes_what_is_long_enough_when_time_is_over),
        TEST(collect_too_short_or_silent_is_retried_and_then_fails),
        TEST(collect_typed_over_a_hint_counts_from_the_first_digit),
        TEST(conditions_in_all_their_forms),
        TEST(hours_ask_the_calendar),
        TEST(queue_with_prompt_music_priority_and_its_three_ways_out),
        TEST(goto_jumps),
        TEST(a_circle_of_prompts_ends_some_day),
        TEST(menus_deeper_than_the_path_forget_the_oldest_but_the_first),
        TEST(variables_are_few_and_say_so),
        TEST(the_examples_of_the_reference_are_valid),
        TEST(IVR_01_problems_of_the_document),
        TEST(IVR_01_problems_of_nodes),
        TEST(IVR_01_problems_of_menus_and_input),
        TEST(IVR_01_problems_of_conditions),
        TEST(IVR_01_problems_of_the_whole),
        TEST(a_queue_may_be_asked_again_after_a_prompt),
        TEST(several_problems_are_all_said),
        TEST(more_variables_than_a_call_has_room_for),
        TEST(four_hundred_nodes_are_fine_and_one_more_is_not),
        TEST(deep_nesting_and_huge_texts_are_refused),
        TEST(long_names_are_refused),
        TEST(every_broken_version_of_a_good_flow_is_survived),
        TEST(a_flow_lives_as_long_as_somebody_holds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
