/* rooms: base speech */
/* Engines that hear: what they are given, and what is made of their answers, good and bad. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <hotlined/asr.h>
#include <hotlined/text.h>

static char why[300];
static struct asr_result result;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int read_answer(const char *answer)
{
    memset(&result, 0, sizeof(result));
    return asr_read_answer(answer, strlen(answer), &result, why, sizeof(why));
}

static int ask_command(const char *command, int timeout_ms, const atomic_bool *stop)
{
    struct asr_options options = {"command", command, "", timeout_ms, stop};

    memset(&result, 0, sizeof(result));
    return asr_recognise(&options, "RIFF-a-sound", 12, &result, why, sizeof(why));
}

/* --- answers -------------------------------------------------------------------------------- */

static void PLAT_10_an_answer_has_a_text_and_may_say_who_heard_it_and_how_well(void **state)
{
    (void)state;
    assert_int_equal(
        read_answer(
            "{\"text\":\"我想\\n咨询退税\",\"engine\":\"paraformer 2\",\"confidence\":0.875,"
            "\"words\":[1]}"),
        0);
    assert_string_equal(result.text, "我想 咨询退税");
    assert_string_equal(result.engine, "paraformer 2");
    assert_true(result.confidence > 0.874 && result.confidence < 0.876);
    asr_result_done(&result);
    assert_int_equal(read_answer("{\"text\":\"\",\"engine\":null,\"confidence\":null}"), 0);
    assert_string_equal(result.text, "");
    assert_string_equal(result.engine, "");
    assert_true(result.confidence < 0);
    asr_result_done(&result);
}

static void PLAT_10_rubbish_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *answer, *reason;
    } cases[] = {
        {"", "不是一个 JSON 对象"},
        {"<html>busy</html>", "不是一个 JSON 对象"},
        {"[\"text\"]", "不是一个 JSON 对象"},
        {"{\"text\":", "不是一个 JSON 对象"},
        {"\"text\"", "不是一个 JSON 对象"},
        {"{}", "没有文字 text"},
        {"{\"TEXT\":\"x\"}", "没有文字 text"},
        {"{\"text\":7}", "没有文字 text"},
        {"{\"text\":[\"x\"]}", "没有文字 text"},
        {"{\"text\":null}", "没有文字 text"},
        {"{\"text\":\"x\",\"engine\":7}", "引擎名称 engine 不是文字"},
        {"{\"text\":\"x\",\"confidence\":\"high\"}", "可信度 confidence 不是 0 到 1 的数"},
        {"{\"text\":\"x\",\"confidence\":87}", "可信度"},
        {"{\"text\":\"x\",\"confidence\":-0.1}", "可信度"},
        {"{\"text\":\"x\",\"confidence\":1e999}", "可信度"},
        {"{\"text\":\"\xff\"}", "不是 UTF-8 文字"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_answer(cases[i].answer), -EPROTO);
        assert_null(result.text);
        if (!strstr(why, cases[i].reason))
            fail_msg("%s: %s", cases[i].answer, why);
    }
}

static void a_text_longer_than_an_hour_of_speech_is_none(void **state)
{
    struct text answer = {0};

    (void)state;
    text_add(&answer, "{\"text\":\"");
    for (int i = 0; i < ASR_MAX_TEXT; i++)
        text_add(&answer, "x");
    text_add(&answer, "\"}");
    assert_int_equal(read_answer(answer.data), 0);
    assert_int_equal(strlen(result.text), ASR_MAX_TEXT);
    asr_result_done(&result);
    memcpy(answer.data + answer.length - 2, "x\"}", 4);
    assert_int_equal(read_answer(answer.data), -EPROTO);
    assert_non_null(strstr(why, "文字太长"));
    text_done(&answer);
}

/* --- commands ------------------------------------------------------------------------------- */

static void PLAT_10_a_command_gets_the_sound_and_answers(void **state)
{
    (void)state;
    assert_int_equal(ask_command("printf '{\"text\":\"%s\"}' \"$(cat)\"", 10000, NULL), 0);
    assert_string_equal(result.text, "RIFF-a-sound");
    assert_string_equal(result.engine, "");
    assert_string_equal(why, "");
    asr_result_done(&result);
}

static void engines_that_fail_are_told_apart(void **state)
{
    static const struct {
        const char *command;
        int err;
        const char *reason;
    } cases[] = {
        {"exit 3", -EIO, "语音识别程序 asr.command 以状态 3 结束"},
        {"kill -9 $$", -EIO, "被信号 9 结束"},
        {"echo sorry", -EPROTO, "识别引擎的回答有误：不是一个 JSON 对象"},
        {"head -c 10000000 /dev/zero", -EFBIG,
         "语音识别程序 asr.command 给出的结果太长（超过 256 KB）"},
        {"sleep 100", -ETIMEDOUT, "超时"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_command(cases[i].command, 1000, NULL), cases[i].err);
        if (!strstr(why, cases[i].reason))
            fail_msg("%s: %s", cases[i].command, why);
    }
}

static void nothing_at_all_is_configured_and_nobody_listens(void **state)
{
    struct asr_options none = {"", "", "", 1000, NULL};
    struct asr_options away = {"http", "", "http://127.0.0.1:1/hear", 1000, NULL};

    (void)state;
    assert_false(asr_is_configured(&none));
    assert_true(asr_is_configured(&away));
    assert_int_equal(asr_recognise(&away, "x", 1, &result, why, sizeof(why)), -ECONNREFUSED);
    assert_non_null(strstr(why, "无法使用语音识别服务 127.0.0.1:1："));
    assert_null(strstr(why, "/hear")); /* what people are told is where, not how */
}

static void *set_soon(void *arg)
{
    (void)poll(NULL, 0, 200);
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void NFR_07_a_daemon_that_ends_does_not_wait_for_the_engine(void **state)
{
    atomic_bool stop = false;
    int64_t began = now_ms();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, set_soon, &stop), 0);
    assert_int_equal(ask_command("sleep 100", 60000, &stop), -ECANCELED);
    assert_in_range(now_ms() - began, 150, 5000);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(PLAT_10_an_answer_has_a_text_and_may_say_who_heard_it_and_how_well),
        cmocka_unit_test(PLAT_10_rubbish_is_refused_with_a_reason),
        cmocka_unit_test(a_text_longer_than_an_hour_of_speech_is_none),
        cmocka_unit_test(PLAT_10_a_command_gets_the_sound_and_answers),
        cmocka_unit_test(engines_that_fail_are_told_apart),
        cmocka_unit_test(nothing_at_all_is_configured_and_nobody_listens),
        cmocka_unit_test(NFR_07_a_daemon_that_ends_does_not_wait_for_the_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
