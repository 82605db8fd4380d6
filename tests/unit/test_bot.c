/* rooms: base */
/* with: src/telephony/bot_rules.c src/telephony/bot_dialog.c */
/* The pure rules of the voice bot: what it says of a caller, and what is said to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telephony/bot_dialog.h"
#include "telephony/bot_rules.h"

static void NLU_02_a_report_is_read(void **state)
{
    struct bot_report report;

    (void)state;
    bot_report_read("outcome=done;rounds=4;intent=%E9%80%80%E7%A8%8E;summary=a%20b%3Bc", &report);
    assert_true(report.done);
    assert_int_equal(report.rounds, 4);
    assert_string_equal(report.intent, "退税");
    assert_string_equal(report.summary, "a b;c");
    bot_report_read("summary=x;  outcome=human;unknown=1", &report);
    assert_false(report.done);
    assert_string_equal(report.summary, "x");
}

static void NLU_05_a_broken_report_leads_to_a_human(void **state)
{
    static const char *const broken[] = {"",
                                         ";;;",
                                         "done",
                                         "outcome",
                                         "outcome=",
                                         "outcome=do",
                                         "outcome=d%",
                                         "outcome=%64one%",
                                         "=done",
                                         "outcome=done%00",
                                         "outcome=done%0D%0A",
                                         "outcomes=done"};
    char longest[400];
    struct bot_report report;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        bot_report_read(broken[i], &report);
        assert_false(report.done);
    }
    bot_report_read("rounds=-1;rounds=1001;rounds=x;intent=%FF%FE;intent=%E9%80;summary=a%09b",
                    &report);
    assert_int_equal(report.rounds, 0);
    assert_string_equal(report.intent, "");
    assert_string_equal(report.summary, "");
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "intent=", 7);
    longest[7 + 63] = 0;
    bot_report_read(longest, &report);
    assert_int_equal(strlen(report.intent), 63);
    longest[7 + 63] = 'a';
    longest[7 + 64] = 0;
    bot_report_read(longest, &report);
    assert_string_equal(report.intent, "");
}

static void NLU_05_a_place_is_read(void **state)
{
    static const char *const nowhere[] = {"", "queue-", "node-", "queue", "consult", "Queue-a"};
    const char *code;

    (void)state;
    assert_int_equal(bot_place_read("queue-consult", &code), BOT_QUEUE);
    assert_string_equal(code, "consult");
    assert_int_equal(bot_place_read("node-main-2", &code), BOT_NODE);
    assert_string_equal(code, "main-2");
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
        assert_int_equal(bot_place_read(nowhere[i], &code), BOT_NOWHERE);
}

static struct bot_message message;

static const char *read(const char *json)
{
    return bot_message_read(json, strlen(json), &message);
}

static void NLU_02_what_is_said_is_read(void **state)
{
    (void)state;
    assert_null(read("{\"intent\":\"退税\",\"slots\":{\"taxpayer_no\":\"91450100MA5KABCD1X\","
                     "\"所属期\":null},\"turns\":[{\"who\":\"bot\",\"text\":\"您好\",\"at_ms\":0},"
                     "{\"text\":\"我要\\t退税\",\"who\":\"caller\"}]} \r\n"));
    assert_true(message.has_intent);
    assert_string_equal(message.intent, "退税");
    assert_int_equal(message.slot_count, 2);
    assert_string_equal(message.slots[0].value, "91450100MA5KABCD1X");
    assert_string_equal(message.slots[1].name, "所属期");
    assert_string_equal(message.slots[1].value, "");
    assert_int_equal(message.turn_count, 2);
    assert_true(message.turns[0].by_bot);
    assert_int_equal(message.turns[0].at_ms, 0);
    assert_false(message.turns[1].by_bot);
    assert_int_equal(message.turns[1].at_ms, -1);
    assert_string_equal(message.turns[1].text, "我要 退税");
    assert_null(read("{}"));
    assert_false(message.has_intent);
    assert_int_equal(message.slot_count + message.turn_count, 0);
}

static void NLU_02_where_anything_is_wrong_nothing_is_taken(void **state)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "\"x\"",
        "{} {}",
        "{}x",
        "{\"other\":1}",
        "{\"intent\":1}",
        "{\"intent\":\"\xff\"}",
        "{\"intent\":\"a\\u0001\"}",
        "{\"slots\":[]}",
        "{\"slots\":{\"\":\"x\"}}",
        "{\"slots\":{\"a\":1}}",
        "{\"slots\":{\"a\":{\"b\":\"c\"}}}",
        "{\"slots\":{\"a\":\"b\"},\"slots\":{}}",
        "{\"turns\":{}}",
        "{\"turns\":[1]}",
        "{\"turns\":[{}]}",
        "{\"turns\":[{\"who\":\"agent\",\"text\":\"x\"}]}",
        "{\"turns\":[{\"who\":\"bot\"}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\" \\n\"}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":1}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\"a\\u007f\"}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\"x\",\"at_ms\":-1}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\"x\",\"at_ms\":0.5}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\"x\",\"at_ms\":86400001}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\"x\",\"at_ms\":\"1\"}]}",
        "{\"turns\":[{\"who\":\"bot\",\"text\":\"x\",\"mood\":\"good\"}]}"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (!read(wrong[i]))
            fail_msg("%s", wrong[i]);
    assert_non_null(bot_message_read("{}\0", 3, &message));
}

/* Names, values and numbers of things at their limits and one beyond. */
static void NLU_02_what_is_told_has_limits(void **state)
{
    static char json[8192];
    char value[BOT_SLOT_VALUE + 1], text[2000];

    (void)state;
    memset(value, 'v', sizeof(value));
    for (int over = 0; over < 2; over++) {
        snprintf(json, sizeof(json), "{\"slots\":{\"a\":\"%.*s\"}}", BOT_SLOT_VALUE - 1 + over,
                 value);
        assert_int_equal(read(json) != NULL, over);
        snprintf(json, sizeof(json), "{\"slots\":{\"%.*s\":\"x\"}}", BOT_SLOT_NAME - 1 + over,
                 value);
        assert_int_equal(read(json) != NULL, over);
        snprintf(json, sizeof(json), "{\"intent\":\"%.*s\"}", BOT_INTENT - 1 + over, value);
        assert_int_equal(read(json) != NULL, over);
    }
    for (unsigned count = BOT_SLOTS; count <= BOT_SLOTS + 1; count++) {
        size_t at = (size_t)snprintf(json, sizeof(json), "{\"slots\":{\"x\":null");
        for (unsigned i = 1; i < count; i++)
            at += (size_t)snprintf(json + at, sizeof(json) - at, ",\"s%u\":\"x\"", i);
        snprintf(json + at, sizeof(json) - at, "}}");
        assert_int_equal(read(json) != NULL, count > BOT_SLOTS);
        at = (size_t)snprintf(json, sizeof(json), "{\"turns\":[{\"who\":\"bot\",\"text\":\"x\"}");
        for (unsigned i = 1; i < count; i++)
            at +=
                (size_t)snprintf(json + at, sizeof(json) - at, ",{\"who\":\"bot\",\"text\":\"x\"}");
        snprintf(json + at, sizeof(json) - at, "]}");
        assert_int_equal(read(json) != NULL, count > BOT_MESSAGE_TURNS);
    }
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "税", 4);
    snprintf(json, sizeof(json), "{\"turns\":[{\"who\":\"bot\",\"text\":\"%s\"}]}", text);
    assert_null(read(json)); /* cut, between two characters */
    assert_int_equal(strlen(message.turns[0].text), (BOT_TEXT - 1) / 3 * 3);
}

static void NLU_02_a_dialog_never_grows_beyond_its_room(void **state)
{
    static struct bot_dialog dialog;
    char text[BOT_TEXT];
    unsigned said = 0;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    while (bot_dialog_say(&dialog, false, 1, text))
        said++;
    assert_int_equal(said, BOT_TEXTS / BOT_TEXT);
    assert_true(dialog.left_out);
    memset(&dialog, 0, sizeof(dialog));
    for (said = 0; bot_dialog_say(&dialog, true, (int64_t)said, "x");)
        said++;
    assert_int_equal(said, BOT_TURNS);
    assert_int_equal(dialog.turns[BOT_TURNS - 1].at_ms, BOT_TURNS - 1);
    memset(&dialog, 0, sizeof(dialog));
    for (unsigned i = 0; i < BOT_SLOTS; i++) {
        struct bot_slot slot = {.value = "1"};
        snprintf(slot.name, sizeof(slot.name), "s%u", i);
        assert_true(bot_dialog_set(&dialog, &slot));
        assert_false(bot_dialog_set(&dialog, &slot));
    }
    assert_false(dialog.left_out);
    assert_false(bot_dialog_set(&dialog, &(struct bot_slot){.name = "none", .value = ""}));
    assert_false(dialog.left_out);
    assert_false(bot_dialog_set(&dialog, &(struct bot_slot){.name = "more", .value = "1"}));
    assert_true(dialog.left_out);
    assert_true(bot_dialog_set(&dialog, &(struct bot_slot){.name = "s3", .value = ""}));
    assert_string_equal(dialog.slots[3].value, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(NLU_02_a_report_is_read),
        cmocka_unit_test(NLU_02_what_is_said_is_read),
        cmocka_unit_test(NLU_02_where_anything_is_wrong_nothing_is_taken),
        cmocka_unit_test(NLU_02_what_is_told_has_limits),
        cmocka_unit_test(NLU_02_a_dialog_never_grows_beyond_its_room),
        cmocka_unit_test(NLU_05_a_place_is_read),
        cmocka_unit_test(NLU_05_a_broken_report_leads_to_a_human),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
