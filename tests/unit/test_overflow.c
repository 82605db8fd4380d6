/* rooms: base acd ivr */
/* Overflow rules (ACD-02, SCN-03): read, asked in order; the pace of a queue; what who waits is
 * told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/ivr.h>
#include <hotlined/overflow.h>
#include <hotlined/text.h>

static struct overflow_rules rules;

static void refuses(const char *json, const char *said)
{
    struct text problems = {0};

    assert_true(overflow_parse(json, strlen(json), &rules, &problems) > 0);
    assert_string_equal(problems.data, said);
    text_done(&problems);
}

static void takes(const char *json)
{
    struct text problems = {0};

    assert_int_equal(overflow_parse(json, strlen(json), &rules, &problems), 0);
    text_done(&problems);
}

static void ACD_02_rules_are_read_and_wrong_ones_named(void **state)
{
    (void)state;
    takes("[]");
    assert_int_equal(rules.count, 0);
    takes("[{\"when\":\"waited\",\"after_ms\":60000,\"queue_id\":6},"
          "{\"when\":\"length\",\"length\":10,\"node\":\"bot\"},"
          "{\"when\":\"no_agent\",\"node\":\"voicemail\"},"
          "{\"when\":\"closed\",\"calendar\":\"default\",\"queue_id\":7}]");
    assert_int_equal(rules.count, 4);
    assert_int_equal(rules.rule[0].limit, 60000);
    assert_int_equal(rules.rule[0].queue_id, 6);
    assert_string_equal(rules.rule[1].node, "bot");
    assert_int_equal(rules.rule[1].queue_id, 0);
    assert_string_equal(rules.rule[3].calendar, "default");
    refuses("{}", "溢出规则应为列表，最多 8 条。\n");
    refuses("nothing", "溢出规则应为列表，最多 8 条。\n");
    refuses("[1]", "第 1 条溢出规则：内容看不懂。\n");
    refuses("[{\"when\":\"never\",\"queue_id\":1},{\"when\":\"waited\",\"queue_id\":1}]",
            "第 1 条溢出规则：条件应为等待时长、队列长度、无人签入或非工作时间。\n"
            "第 2 条溢出规则：等待时长应为 1 秒到 24 小时。\n");
    refuses("[{\"when\":\"waited\",\"after_ms\":999,\"queue_id\":1}]",
            "第 1 条溢出规则：等待时长应为 1 秒到 24 小时。\n");
    refuses("[{\"when\":\"length\",\"length\":1.5,\"queue_id\":1}]",
            "第 1 条溢出规则：队列长度应为 0 到 100000。\n");
    refuses("[{\"when\":\"closed\",\"queue_id\":1}]", "第 1 条溢出规则：请选择工作日历。\n");
    refuses("[{\"when\":\"no_agent\"}]", "第 1 条溢出规则：请选择一个去向：队列或流程节点。\n");
    refuses("[{\"when\":\"no_agent\",\"queue_id\":1,\"node\":\"bot\"}]",
            "第 1 条溢出规则：请选择一个去向：队列或流程节点。\n");
    refuses("[{\"when\":\"no_agent\",\"queue_id\":1,\"else\":2}]",
            "第 1 条溢出规则：内容看不懂。\n");
    refuses("[{},{},{},{},{},{},{},{},{}]", "溢出规则应为列表，最多 8 条。\n");
}

static int pick(struct overflow_facts facts)
{
    return overflow_pick(&rules, &facts);
}

static void ACD_02_the_first_rule_that_holds_decides(void **state)
{
    (void)state;
    takes("[{\"when\":\"waited\",\"after_ms\":60000,\"queue_id\":6},"
          "{\"when\":\"length\",\"length\":2,\"node\":\"bot\"},"
          "{\"when\":\"no_agent\",\"node\":\"voicemail\"},"
          "{\"when\":\"closed\",\"calendar\":\"default\",\"queue_id\":7},"
          "{\"when\":\"waited\",\"after_ms\":30000,\"queue_id\":8}]");
    assert_int_equal(pick((struct overflow_facts){.waiting = 9, .signed_in = 1}), -1);
    assert_int_equal(pick((struct overflow_facts){.signed_in = 1, .waited_ms = 29999}), -1);
    assert_int_equal(pick((struct overflow_facts){.signed_in = 1, .waited_ms = 30000}), 4);
    assert_int_equal(pick((struct overflow_facts){.signed_in = 1, .waited_ms = 60000}), 0);
    assert_int_equal(pick((struct overflow_facts){.signed_in = 1, .waited_ms = 60000, .tried = 1}),
                     4);
    assert_int_equal(
        pick((struct overflow_facts){.signed_in = 1, .waited_ms = 60000, .tried = 0x11}), -1);
    /* Who comes is the n+1st; who waits already stays. */
    assert_int_equal(pick((struct overflow_facts){.entering = true, .waiting = 2, .signed_in = 1}),
                     -1);
    assert_int_equal(pick((struct overflow_facts){.entering = true, .waiting = 3, .signed_in = 1}),
                     1);
    assert_int_equal(pick((struct overflow_facts){.waiting = 3, .signed_in = 1}), -1);
    assert_int_equal(pick((struct overflow_facts){.waiting = 1}), 2);
    assert_int_equal(pick((struct overflow_facts){.waiting = 1, .tried = 4}), -1);
    assert_int_equal(pick((struct overflow_facts){.waiting = 1, .signed_in = 2, .closed = 8}), 3);
    assert_int_equal(
        pick((struct overflow_facts){.entering = true, .waited_ms = 90000, .signed_in = 1}), -1);
}

static void the_wait_is_what_the_pace_of_the_last_answers_makes_it(void **state)
{
    struct pace pace = {0};

    (void)state;
    assert_int_equal(pace_wait_ms(&pace, 1), PACE_UNKNOWN);
    pace_answered(&pace, 100000, 5);
    pace_answered(&pace, 120000, 5);
    pace_answered(&pace, 140000, 5);
    assert_int_equal(pace_wait_ms(&pace, 1), PACE_UNKNOWN); /* two gaps say too little */
    pace_answered(&pace, 160000, 5);
    assert_int_equal(pace_wait_ms(&pace, 1), 20000);
    assert_int_equal(pace_wait_ms(&pace, 6), 120000);
    pace_answered(&pace, 168000, 0); /* 8 s weighs a quarter; and the queue is empty now */
    assert_int_equal(pace_wait_ms(&pace, 1), 17000);
    pace_answered(&pace, 900000, 3); /* nobody waited in between: no gap */
    assert_int_equal(pace_wait_ms(&pace, 1), 17000);
    pace_answered(&pace, 900000 + 1800001, 3); /* a night is no gap */
    assert_int_equal(pace_wait_ms(&pace, 1), 17000);
    assert_true(pace_wait_ms(&pace, UINT32_MAX) != PACE_UNKNOWN); /* long is not unknown */
}

static void says(uint32_t ahead, uint32_t wait_ms, const char *words)
{
    const char *codes[IVR_ANNOUNCE_MAX];
    unsigned count = ivr_announce(ahead, wait_ms, codes);
    char said[400] = "";

    assert_in_range(count, 1, IVR_ANNOUNCE_MAX);
    for (unsigned i = 0; i < count; i++) {
        if (i)
            strcat(said, " ");
        strcat(said, codes[i]);
    }
    assert_string_equal(said, words);
}

static void numbers_are_said_as_people_say_them(void **state)
{
    (void)state;
    says(0, PACE_UNKNOWN, "queue_next");
    says(0, 1, "queue_next queue_expect digit_1 queue_minutes");
    says(3, 120000, "queue_ahead digit_3 queue_people queue_expect say_two queue_minutes");
    says(2, 120001, "queue_ahead say_two queue_people queue_expect digit_3 queue_minutes");
    says(1, 0, "queue_ahead digit_1 queue_people"); /* no wait to speak of */
    says(10, PACE_UNKNOWN, "queue_ahead say_ten queue_people");
    says(12, 720000,
         "queue_ahead say_ten digit_2 queue_people queue_expect say_ten digit_2 queue_minutes");
    says(20, PACE_UNKNOWN, "queue_ahead digit_2 say_ten queue_people");
    says(22, PACE_UNKNOWN, "queue_ahead digit_2 say_ten digit_2 queue_people");
    says(102, PACE_UNKNOWN, "queue_ahead digit_1 say_hundred digit_0 digit_2 queue_people");
    says(110, PACE_UNKNOWN, "queue_ahead digit_1 say_hundred digit_1 say_ten queue_people");
    says(
        100000, UINT32_MAX - 1,
        "queue_ahead digit_9 say_hundred digit_9 say_ten digit_9 queue_people queue_expect digit_9 "
        "say_ten digit_9 queue_minutes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ACD_02_rules_are_read_and_wrong_ones_named),
        cmocka_unit_test(ACD_02_the_first_rule_that_holds_decides),
        cmocka_unit_test(the_wait_is_what_the_pace_of_the_last_answers_makes_it),
        cmocka_unit_test(numbers_are_said_as_people_say_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
