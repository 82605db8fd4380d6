/* rooms: base ivr */
/* with: tests/unit/ivr_talk.c */
/* Nodes whose work others do, the survey, spoken values, and coming back into a flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ivr/flow.h"
#include "ivr_talk.h"

/* A menu whose key 1 leads to the node under test, "x"; every branch says its own name. */
#define WAYS                                                                                       \
    "\"next\":{\"type\":\"play\",\"prompt\":\"next\",\"next\":\"h\"},"                             \
    "\"done\":{\"type\":\"play\",\"prompt\":\"done\",\"next\":\"h\"},"                             \
    "\"off\":{\"type\":\"play\",\"prompt\":\"off\",\"next\":\"h\"},"                               \
    "\"failed\":{\"type\":\"play\",\"prompt\":\"failed\",\"next\":\"h\"},"                         \
    "\"busy\":{\"type\":\"play\",\"prompt\":\"busy\",\"next\":\"h\"},"                             \
    "\"silent\":{\"type\":\"play\",\"prompt\":\"silent\",\"next\":\"h\"},"                         \
    "\"late\":{\"type\":\"play\",\"prompt\":\"late\",\"next\":\"h\"},"                             \
    "\"h\":{\"type\":\"hangup\"}"
#define KEY_TO(node)                                                                               \
    "{\"entry\":\"m\",\"nodes\":{\"m\":{\"type\":\"menu\",\"prompt\":\"menu\",\"retries\":0,"      \
    "\"keys\":{\"1\":\"x\",\"2\":\"next\",\"3\":\"done\",\"4\":\"off\",\"5\":\"failed\","          \
    "\"6\":\"busy\",\"7\":\"silent\",\"8\":\"late\",\"0\":\"@main\",\"*\":\"@back\"},"             \
    "\"failed\":\"h\"},\"x\":{" node "}," WAYS "}}"

#define AGENT_NODE(whose, more)                                                                    \
    "\"type\":\"agent\"," whose ",\"queue\":\"consult\",\"priority\":3,\"music\":\"hold\","        \
    "\"wait_ms\":15000,\"on_wait_over\":\"late\",\"on_no_agent\":\"busy\",\"on_full\":"            \
    "\"failed\"" more
#define AGENT AGENT_NODE("\"agent_no\":\"1001\"", ",\"off\":\"off\",\"no_answer\":\"silent\"")
#define EXTERNAL                                                                                      \
    "\"type\":\"external\",\"number\":\"07715551234\",\"data\":\"来自热线\",\"prompt\":\"wait\"," \
    "\"next\":\"next\",\"failed\":\"failed\""
#define VOICEMAIL                                                                                  \
    "\"type\":\"voicemail\",\"box\":\"night\",\"prompt\":\"speak\",\"max_s\":90,"                  \
    "\"next\":\"next\",\"off\":\"off\",\"failed\":\"failed\""
#define CALLBACK                                                                                   \
    "\"type\":\"callback\",\"queue\":\"consult\",\"next\":\"next\",\"failed\":\"failed\""
#define BOT "\"type\":\"bot\",\"next\":\"next\",\"done\":\"done\",\"off\":\"off\""
#define QUERY                                                                                      \
    "\"type\":\"http\",\"connector\":\"tax\",\"send\":{\"no\":\"taxpayer\"},"                      \
    "\"take\":{\"owed\":\"data.owed\",\"name\":\"data.name\"},\"timeout_ms\":3000,"                \
    "\"next\":\"next\",\"failed\":\"failed\",\"timeout\":\"late\""

/* Presses 1 and comes to the task with these words, then one answer after the other. */
static void leads_to(const char *json, const char *words, const char *const results[IVR_ANSWERS])
{
    for (int i = 0; i < IVR_ANSWERS; i++) {
        char expected[200];
        if (!results[i])
            continue;
        ivr_flow_unref(flow);
        load(json);
        START("play:menu");
        step(IVR_EV_DIGIT, '1');
        if (run.state == IVR_PLAYING) {
            ANSWER(IVR_OFF, ""); /* not asked yet: not heard */
            step(IVR_EV_PLAY_DONE, 0);
            snprintf(expected, sizeof(expected), "%s", words);
        } else {
            snprintf(expected, sizeof(expected), "stop key:1:ok %s", words);
        }
        assert_string_equal(said(), expected);
        assert_int_equal(run.state, IVR_AWAY);
        KEY('2', ""); /* others have the caller */
        SILENCE("");
        step(IVR_EV_WAIT_OVER, 0);
        assert_int_equal(run.state, IVR_AWAY);
        snprintf(expected, sizeof(expected), "play:%s", results[i]);
        ANSWER((enum ivr_answer)i, expected);
        ANSWER((enum ivr_answer)i, ""); /* said twice */
    }
}

/* He waits in the queue, whatever becomes of that; and the two branches more. */
static void IVR_04_a_key_leads_to_an_agent_number(void **state)
{
    static const char asked[] = "stop key:1:ok queue:consult:3:hold agent:1001:15000:1:1";
    static const struct {
        enum ivr_event_kind kind;
        enum ivr_answer answer;
        const char *leads_to;
    } ways[] = {
        {IVR_EV_ANSWER, IVR_OFF, "play:off"},  {IVR_EV_ANSWER, IVR_NO_ANSWER, "play:silent"},
        {IVR_EV_QUEUE_FULL, 0, "play:failed"}, {IVR_EV_QUEUE_NO_AGENT, 0, "play:busy"},
        {IVR_EV_WAIT_OVER, 0, "play:late"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        ivr_flow_unref(flow);
        load(KEY_TO(AGENT));
        START("play:menu");
        KEY('1', asked);
        assert_int_equal(run.state, IVR_QUEUED);
        KEY('2', "");
        ANSWER(IVR_DONE, ""); /* no such branch */
        if (ways[i].kind == IVR_EV_ANSWER)
            ANSWER(ways[i].answer, ways[i].leads_to);
        else
            SAYS(ways[i].kind, ways[i].leads_to);
    }
}

static void IVR_04_without_its_branches_he_goes_on_waiting(void **state)
{
    (void)state;
    load(KEY_TO(AGENT_NODE("\"agent_no\":\"1001\"", "")));
    START("play:menu");
    KEY('1', "stop key:1:ok queue:consult:3:hold agent:1001:15000:0:0");
    ANSWER(IVR_OFF, "");
    ANSWER(IVR_NO_ANSWER, "");
    assert_int_equal(run.state, IVR_QUEUED);
}

static void IVR_04_the_agent_number_may_be_one_the_caller_typed(void **state)
{
    (void)state;
    load(KEY_TO(AGENT_NODE("\"variable\":\"no\"", ",\"off\":\"off\"")));
    START("play:menu");
    assert_int_equal(ivr_set_variable(&run, "no", "8002"), 0);
    KEY('1', "stop key:1:ok queue:consult:3:hold agent:8002:15000:1:0");
    ANSWER(IVR_OFF, "play:off");
    memset(&run, 0, sizeof(run));
    START("play:menu");
    KEY('1', "stop key:1:ok queue:consult:3:hold agent::15000:1:0"); /* nobody has that number */
}

static void IVR_04_a_key_leads_to_an_external_number(void **state)
{
    (void)state;
    leads_to(KEY_TO(EXTERNAL), "external:07715551234:来自热线",
             (const char *const[IVR_ANSWERS]){[IVR_NEXT] = "next", [IVR_FAILED] = "failed"});
}

static void IVR_04_a_key_leads_to_voicemail(void **state)
{
    (void)state;
    leads_to(KEY_TO(VOICEMAIL), "voicemail:night:90000",
             (const char *const[IVR_ANSWERS]){
                 [IVR_NEXT] = "next", [IVR_OFF] = "off", [IVR_FAILED] = "failed"});
}

static void IVR_04_a_key_leads_to_a_call_back_request(void **state)
{
    (void)state;
    leads_to(KEY_TO(CALLBACK), "callback:consult",
             (const char *const[IVR_ANSWERS]){[IVR_NEXT] = "next", [IVR_FAILED] = "failed"});
}

static void IVR_04_a_key_leads_to_the_bot(void **state)
{
    (void)state;
    leads_to(KEY_TO(BOT), "bot",
             (const char *const[IVR_ANSWERS]){
                 [IVR_NEXT] = "next", [IVR_DONE] = "done", [IVR_OFF] = "off"});
}

static void IVR_04_a_key_leads_to_self_query(void **state)
{
    (void)state;
    leads_to(KEY_TO(QUERY), "query:tax:3000:1:2",
             (const char *const[IVR_ANSWERS]){
                 [IVR_NEXT] = "next", [IVR_FAILED] = "failed", [IVR_TIMEOUT] = "late"});
    assert_string_equal(flow->nodes[ivr_flow_find(flow, "x")].send.pair[0].field, "no");
    assert_string_equal(flow->nodes[ivr_flow_find(flow, "x")].send.pair[0].variable, "taxpayer");
    assert_string_equal(flow->nodes[ivr_flow_find(flow, "x")].take.pair[1].field, "data.name");
}

static void IVR_04_a_key_leads_to_a_menu_a_prompt_and_a_queue(void **state)
{
    (void)state;
    load(KEY_TO("\"type\":\"menu\",\"prompt\":\"deeper\",\"failed\":\"h\",\"keys\":"
                "{\"1\":\"next\",\"*\":\"@back\"}"));
    START("play:menu");
    KEY('1', "stop key:1:ok play:deeper");
    KEY('*', "stop key:*:ok play:menu");
    KEY('2', "stop key:2:ok play:next");
    ivr_flow_unref(flow);
    load(KEY_TO("\"type\":\"queue\",\"queue\":\"skill\",\"on_full\":\"busy\",\"on_no_agent\":"
                "\"off\",\"on_wait_over\":\"late\""));
    START("play:menu");
    KEY('1', "stop key:1:ok queue:skill:0:-");
}

/* --- the survey ----------------------------------------------------------------------------- */

#define SURVEY                                                                                     \
    "\"type\":\"survey\",\"prompt\":\"how\",\"invalid\":\"wrong\",\"no_input\":\"nothing\","       \
    "\"timeout_ms\":6000,\"retries\":1,\"keys\":{\"1\":5,\"2\":4,\"3\":1},\"next\":\"next\","      \
    "\"failed\":\"failed\""

static void IVR_04_a_key_leads_to_the_survey_CC_11(void **state)
{
    (void)state;
    load(KEY_TO(SURVEY));
    START("play:menu");
    KEY('1', "stop key:1:ok survey:0 play:how"); /* asked; without an answer it stays 未评价 */
    KEY('2', "stop key:2:ok survey:4 play:next");
}

static void CC_11_a_wrong_key_and_silence_are_asked_again_and_then_left(void **state)
{
    (void)state;
    load(KEY_TO(SURVEY));
    START("play:menu");
    step(IVR_EV_DIGIT, '1');
    KEY('9', "stop key:9:invalid play:wrong");
    PLAYED("play:how");
    PLAYED("timer:6000");
    SILENCE("key:-:none play:failed"); /* and no level is said */
    memset(&run, 0, sizeof(run));
    START("play:menu");
    step(IVR_EV_DIGIT, '1');
    PLAYED("timer:6000");
    SILENCE("key:-:none play:nothing");
    KEY('3', "stop key:3:ok survey:1 play:next"); /* during the hint */
}

static void CC_11_keys_typed_before_the_question_are_no_answer(void **state)
{
    (void)state;
    load("{\"entry\":\"p\",\"nodes\":{\"p\":{\"type\":\"play\",\"prompt\":\"thanks\",\"next\":"
         "\"x\"},"
         "\"x\":{\"type\":\"survey\",\"prompt\":\"how\",\"keys\":{\"1\":3},\"next\":\"h\"},"
         "\"h\":{\"type\":\"hangup\"}}}");
    START("play:thanks");
    KEY('1', "");
    PLAYED("survey:0 play:how");
    PLAYED("timer:5000");
    KEY('1', "stop key:1:ok survey:3 hangup:done");
}

static void CC_11_keys_typed_before_the_question_are_not_for_the_menu_behind_it_either(void **state)
{
    (void)state;
    load(
        "{\"entry\":\"p\",\"nodes\":{\"p\":{\"type\":\"play\",\"prompt\":\"hello\",\"next\":\"x\"},"
        "\"x\":{\"type\":\"survey\",\"prompt\":\"how\",\"keys\":{\"1\":3},\"next\":\"m\"},"
        "\"m\":{\"type\":\"menu\",\"prompt\":\"menu\",\"keys\":{\"2\":\"h\"},\"failed\":\"h\"},"
        "\"h\":{\"type\":\"hangup\"}}}");
    START("play:hello");
    KEY('2', "");
    PLAYED("survey:0 play:how");
    KEY('1', "stop key:1:ok survey:3 play:menu");
}

/* --- spoken values -------------------------------------------------------------------------- */

static void speaks(const char *as, const char *value, const char *expected)
{
    struct text json = {0};

    text_addf(
        &json,
        "{\"entry\":\"s\",\"nodes\":{\"s\":{\"type\":\"say\",\"variable\":\"v\",\"as\":\"%s\","
        "\"next\":\"h\"},\"h\":{\"type\":\"hangup\"}}}",
        as);
    ivr_flow_unref(flow);
    load(json.data);
    text_done(&json);
    assert_int_equal(ivr_set_variable(&run, "v", value), 0);
    step(IVR_EV_START, 0);
    assert_string_equal(said(), expected);
}

#define D(n) "digit_" #n
static void TTS_03_values_are_spoken_as_digits_numbers_and_amounts(void **state)
{
    (void)state;
    speaks("digits", "4501-X", "say:" D(4) "+" D(5) "+" D(0) "+" D(1));
    speaks("digits", "", "hangup:done");
    speaks("digits", "X", "hangup:done");
    speaks("number", "0", "say:" D(0));
    speaks("number", "10", "say:say_ten");
    speaks("number", "15", "say:say_ten+" D(5));
    speaks("number", "110", "say:" D(1) "+say_hundred+" D(1) "+say_ten");
    speaks("number", "1005", "say:" D(1) "+say_thousand+" D(0) "+" D(5));
    speaks("number", "1050", "say:" D(1) "+say_thousand+" D(0) "+" D(5) "+say_ten");
    speaks("number", "20300", "say:" D(2) "+say_wan+" D(0) "+" D(3) "+say_hundred");
    speaks("number", "100000", "say:say_ten+say_wan");
    speaks("number", "100000012", "say:" D(1) "+say_yi+" D(0) "+" D(1) "+say_ten+" D(2));
    speaks("number", "-3.14", "say:say_minus+" D(3) "+say_point+" D(1) "+" D(4));
    speaks("number", "1234567890", /* too long for a number: spelled */
           "say:" D(1) "+" D(2) "+" D(3) "+" D(4) "+" D(5) "+" D(6) "+" D(7) "+" D(8) "+" D(
               9) "+" D(0));
    speaks("amount", "0", "say:" D(0) "+say_yuan");
    speaks("amount", "0.00", "say:" D(0) "+say_yuan");
    speaks("amount", "12", "say:say_ten+" D(2) "+say_yuan");
    speaks("amount", "12.5", "say:say_ten+" D(2) "+say_yuan+" D(5) "+say_jiao");
    speaks("amount", "3.05", "say:" D(3) "+say_yuan+" D(0) "+" D(5) "+say_fen");
    speaks("amount", "0.99", "say:" D(9) "+say_jiao+" D(9) "+say_fen");
    speaks("amount", "-1.20", "say:say_minus+" D(1) "+say_yuan+" D(2) "+say_jiao");
    speaks("amount", "1.", "say:" D(1) "+say_point"); /* no amount: spelled */
}

static void a_value_is_said_between_two_prompts_and_may_be_interrupted(void **state)
{
    (void)state;
    load("{\"entry\":\"s\",\"nodes\":{\"s\":{\"type\":\"say\",\"variable\":\"v\",\"prompt\":"
         "\"owed\","
         "\"suffix\":\"end\",\"interruptible\":true,\"next\":\"h\"},\"h\":{\"type\":\"hangup\"}}}");
    assert_int_equal(ivr_set_variable(&run, "v", "7"), 0);
    START("say:owed+" D(7) "+end");
    assert_int_equal(run.state, IVR_PLAYING);
    KEY('1', "stop hangup:done");
    memset(&run, 0, sizeof(run));
    START("say:owed+end"); /* nobody set it */
    PLAYED("hangup:done");
}

/* --- coming back ---------------------------------------------------------------------------- */

static void CC_15_a_call_comes_back_to_its_main_menu_or_another_node(void **state)
{
    struct ivr_node node;

    (void)state;
    load(KEY_TO("\"type\":\"queue\",\"queue\":\"skill\",\"on_full\":\"busy\",\"on_no_agent\":"
                "\"off\",\"on_wait_over\":\"late\""));
    START("play:menu");
    KEY('1', "stop key:1:ok queue:skill:0:-");
    ENTER(IVR_MAIN, "play:menu"); /* an agent had him meanwhile */
    KEY('1', "stop key:1:ok queue:skill:0:-");
    ENTER(ivr_flow_find(flow, "late"), "play:late");
    PLAYED("hangup:done");
    assert_int_equal(ivr_flow_find(flow, "nowhere"), IVR_NO_NODE);
    assert_false(ivr_flow_node(flow, IVR_NO_NODE, &node));
    assert_true(ivr_flow_node(flow, ivr_flow_find(flow, "m"), &node));
    assert_string_equal(node.id, "m");
    assert_string_equal(node.name, "m");
    assert_string_equal(node.type, "menu");
}

static void CC_15_the_main_menu_is_not_the_greeting_before_it(void **state)
{
    (void)state;
    load(
        "{\"entry\":\"p\",\"nodes\":{\"p\":{\"type\":\"play\",\"prompt\":\"hello\",\"next\":\"m\"},"
        "\"m\":{\"type\":\"menu\",\"prompt\":\"menu\",\"keys\":{\"1\":\"q\"},\"failed\":\"h\"},"
        "\"q\":{\"type\":\"queue\",\"queue\":\"skill\",\"on_full\":\"h\",\"on_no_agent\":\"h\","
        "\"on_wait_over\":\"h\"},\"h\":{\"type\":\"hangup\"}}}");
    START("play:hello");
    PLAYED("play:menu");
    KEY('1', "stop key:1:ok queue:skill:0:-");
    ENTER(IVR_MAIN, "play:menu");
}

static void CC_15_a_call_that_met_no_menu_comes_back_to_the_beginning(void **state)
{
    (void)state;
    load(
        "{\"entry\":\"p\",\"nodes\":{\"p\":{\"type\":\"play\",\"prompt\":\"hello\",\"next\":\"q\"},"
        "\"q\":{\"type\":\"queue\",\"queue\":\"skill\",\"on_full\":\"h\",\"on_no_agent\":"
        "\"h\",\"on_wait_over\":\"h\"},\"h\":{\"type\":\"hangup\"}}}");
    START("play:hello");
    PLAYED("queue:skill:0:-");
    ENTER(IVR_MAIN, "play:hello");
    ivr_flow_unref(flow);
    load("{\"entry\":\"c\",\"nodes\":{\"c\":{\"type\":\"collect\",\"prompt\":\"ask\",\"variable\":"
         "\"no\",\"next\":\"h\",\"failed\":\"h\"},\"h\":{\"type\":\"hangup\"}}}"); /* straight into
                                                                                      a small flow,
                                                                                      never begun
                                                                                      otherwise */
    ENTER(IVR_MAIN, "play:ask");
}

/* --- the checker ---------------------------------------------------------------------------- */

#define TO(fields) "{\"entry\":\"a\",\"nodes\":{\"a\":{" fields "},\"h\":{\"type\":\"hangup\"}}}"

#define QUEUED "\"queue\":\"there\",\"on_wait_over\":\"h\",\"on_no_agent\":\"h\",\"on_full\":\"h\""

static void IVR_01_problems_of_tasks(void **state)
{
    (void)state;
    refuses(TO("\"type\":\"agent\"," QUEUED), "节点“a”：要有且只有一个“agent_no”或“variable”。\n");
    refuses(TO("\"type\":\"agent\",\"agent_no\":\"there\",\"variable\":\"v\"," QUEUED),
            "节点“a”：要有且只有一个“agent_no”或“variable”。\n");
    refuses(TO("\"type\":\"agent\",\"agent_no\":\"9999\",\"off\":\"x\"," QUEUED),
            "节点“a”：工号“9999”不存在。\n节点“a”：“off”指向的节点“x”不存在。\n");
    refuses(TO("\"type\":\"agent\",\"agent_no\":\"there\",\"wait_ms\":1"),
            "节点“a”：缺少“queue”。\n节点“a”：缺少“on_wait_over”。\n节点“a”：缺少“on_no_agent”。\n"
            "节点“a”：缺少“on_full”。\n节点“a”：“wait_ms”应为 5000 到 120000 的整数。\n");
    refuses(TO("\"type\":\"external\",\"number\":\"1\",\"data\":\"a\\nb\",\"next\":\"h\","
               "\"failed\":\"h\""),
            "节点“a”：“data”不能有换行等控制字符。\n");
    refuses(TO("\"type\":\"voicemail\",\"max_s\":4,\"next\":\"h\",\"off\":\"h\""),
            "节点“a”：“max_s”应为 5 到 600 的整数。\n节点“a”：缺少“failed”。\n");
    refuses(TO("\"type\":\"callback\",\"queue\":\"gone\",\"next\":\"h\",\"failed\":\"h\""),
            "节点“a”：技能队列“gone”不存在。\n");
    refuses(TO("\"type\":\"bot\",\"next\":\"h\",\"done\":\"h\",\"off\":\"x\""),
            "节点“a”：“off”指向的节点“x”不存在。\n");
    refuses(TO("\"type\":\"http\",\"connector\":\"gone\",\"next\":\"h\",\"failed\":\"h\","
               "\"timeout\":\"h\""),
            "节点“a”：查询接口“gone”没有配置。\n");
    refuses(TO("\"type\":\"http\",\"connector\":\"there\",\"send\":[],\"take\":{\"v\":7},"
               "\"next\":\"h\",\"failed\":\"h\",\"timeout\":\"h\""),
            "节点“a”：“send”应为字段与变量的对照。\n"
            "节点“a”：“take”里“v”应为 1 到 47 字节的文字。\n");
    refuses(TO("\"type\":\"http\",\"connector\":\"there\",\"send\":{\"1\":\"v\",\"2\":\"v\","
               "\"3\":\"v\",\"4\":\"v\",\"5\":\"v\",\"6\":\"v\",\"7\":\"v\"},"
               "\"next\":\"h\",\"failed\":\"h\",\"timeout\":\"h\""),
            "节点“a”：“send”太多（最多 6 个）。\n");
}

static void IVR_01_problems_of_surveys_and_spoken_values_CC_24(void **state)
{
    (void)state;
    refuses(TO("\"type\":\"survey\",\"prompt\":\"there\",\"next\":\"h\""),
            "节点“a”：满意度调查没有按键。\n");
    refuses(TO("\"type\":\"survey\",\"prompt\":\"gone\",\"keys\":{\"x\":1,\"2\":6},\"next\":\"h\""),
            "节点“a”：“prompt”所用的提示音“gone”不存在。\n节点“a”：“x”不是电话按键。\n"
            "节点“a”：“2”应为 1 到 5 的整数。\n");
    refuses(TO("\"type\":\"say\",\"variable\":\"v\",\"as\":\"song\",\"next\":\"h\""),
            "节点“a”：读法“song”不存在（可用 digits、number、amount）。\n"
            "节点“a”：读数所用的提示音“digit_0”不存在。\n");
}

/* Whoever is to do it may say at once that it cannot be done: that must not go round and round. */
static void IVR_01_tasks_without_a_prompt_are_parts_of_circles(void **state)
{
    (void)state;
    refuses(TO("\"type\":\"callback\",\"queue\":\"there\",\"next\":\"h\",\"failed\":\"a\""),
            "节点“a”：从这里开始的跳转是一个死循环，没有放音、等待或结束。\n");
    load(TO("\"type\":\"callback\",\"queue\":\"there\",\"prompt\":\"p\",\"next\":\"h\","
            "\"failed\":\"a\""));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(IVR_04_a_key_leads_to_an_agent_number),
        TEST(IVR_04_without_its_branches_he_goes_on_waiting),
        TEST(IVR_04_the_agent_number_may_be_one_the_caller_typed),
        TEST(IVR_04_a_key_leads_to_an_external_number),
        TEST(IVR_04_a_key_leads_to_voicemail),
        TEST(IVR_04_a_key_leads_to_a_call_back_request),
        TEST(IVR_04_a_key_leads_to_the_bot),
        TEST(IVR_04_a_key_leads_to_self_query),
        TEST(IVR_04_a_key_leads_to_a_menu_a_prompt_and_a_queue),
        TEST(IVR_04_a_key_leads_to_the_survey_CC_11),
        TEST(CC_11_a_wrong_key_and_silence_are_asked_again_and_then_left),
        TEST(CC_11_keys_typed_before_the_question_are_no_answer),
        TEST(CC_11_keys_typed_before_the_question_are_not_for_the_menu_behind_it_either),
        TEST(CC_15_the_main_menu_is_not_the_greeting_before_it),
        TEST(TTS_03_values_are_spoken_as_digits_numbers_and_amounts),
        TEST(a_value_is_said_between_two_prompts_and_may_be_interrupted),
        TEST(CC_15_a_call_comes_back_to_its_main_menu_or_another_node),
        TEST(CC_15_a_call_that_met_no_menu_comes_back_to_the_beginning),
        TEST(IVR_01_problems_of_tasks),
        TEST(IVR_01_problems_of_surveys_and_spoken_values_CC_24),
        TEST(IVR_01_tasks_without_a_prompt_are_parts_of_circles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
