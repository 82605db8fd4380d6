/* rooms: base */
/* with: src/telephony/bot_rules.c */
/* The pure rules of the voice bot: what it says of a caller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(NLU_02_a_report_is_read),
        cmocka_unit_test(NLU_05_a_place_is_read),
        cmocka_unit_test(NLU_05_a_broken_report_leads_to_a_human),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
