/* rooms: base store query sms */
/* What the answer of an SMS gateway means for the message (SMS-04). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/query.h>
#include <hotlined/sms.h>
#include <hotlined/text.h>

static struct sms_verdict judge(int status, const char *body)
{
    struct query_answer answer = {
        .end = QUERY_ANSWERED, .status = status, .body = body, .length = strlen(body), .why = ""};
    struct sms_verdict verdict;

    sms_judge(&answer, &verdict);
    return verdict;
}

static void SMS_04_a_status_says_taken_not_now_or_never(void **state)
{
    static const struct {
        int status;
        enum sms_end end;
    } rows[] = {{200, SMS_SENT},  {201, SMS_SENT},    {202, SMS_SENT},    {204, SMS_SENT},
                {409, SMS_SENT},  {400, SMS_REFUSED}, {413, SMS_REFUSED}, {422, SMS_REFUSED},
                {301, SMS_AGAIN}, {401, SMS_AGAIN},   {403, SMS_AGAIN},   {404, SMS_AGAIN},
                {408, SMS_AGAIN}, {429, SMS_AGAIN},   {500, SMS_AGAIN},   {503, SMS_AGAIN}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sms_verdict verdict = judge(rows[i].status, "");
        if (verdict.end != rows[i].end || (verdict.end == SMS_SENT) != !verdict.why[0])
            fail_msg("%d: %s “%s”", rows[i].status, sms_end_name(verdict.end), verdict.why);
    }
}

static void SMS_04_no_answer_is_not_now_with_the_reason(void **state)
{
    static const enum query_end ends[] = {QUERY_FAILED, QUERY_TIMEOUT};
    struct sms_verdict verdict;

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct query_answer answer = {.end = ends[i], .status = 200, .body = "", .why = "为什么"};
        sms_judge(&answer, &verdict);
        assert_int_equal(verdict.end, SMS_AGAIN);
        assert_string_equal(verdict.why, "为什么");
    }
}

static void SMS_04_its_own_id_and_its_reason_are_taken(void **state)
{
    (void)state;
    assert_string_equal(judge(200, "{\"message_id\":\"m-7\"}").ref, "m-7");
    assert_string_equal(judge(200, "{\"message_id\":12}").ref, "12");
    assert_string_equal(judge(200, "{\"message_id\":{}}").ref, "");
    assert_string_equal(judge(200, "no json").ref, "");
    assert_string_equal(judge(422, "{\"reason\":\"空号\"}").why, "短信通道回答 422：空号");
    assert_string_equal(judge(422, "{}").why, "短信通道回答 422");
    assert_string_equal(judge(422, "{\"reason\":\"\xff\"}").why, "短信通道回答 422");
    assert_string_equal(judge(500, "<html>").why, "短信通道回答 500");
}

/* What is long is cut between characters; PostgreSQL takes nothing else. */
static void SMS_04_long_texts_are_cut_between_characters(void **state)
{
    struct sms_verdict verdict;
    struct text body = {0};

    (void)state;
    text_add(&body, "{\"reason\":\"");
    for (int i = 0; i < 1000; i++)
        text_add(&body, "号");
    text_add(&body, "\",\"message_id\":\"");
    for (int i = 0; i < 1000; i++)
        text_add(&body, "x");
    text_add(&body, "\"}");
    verdict = judge(422, body.data);
    assert_true(strlen(verdict.why) > 100);
    assert_true(text_is_utf8(verdict.why, strlen(verdict.why)));
    verdict = judge(200, body.data);
    assert_int_equal(strlen(verdict.ref), sizeof(verdict.ref) - 1);
    text_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SMS_04_a_status_says_taken_not_now_or_never),
        cmocka_unit_test(SMS_04_no_answer_is_not_now_with_the_reason),
        cmocka_unit_test(SMS_04_its_own_id_and_its_reason_are_taken),
        cmocka_unit_test(SMS_04_long_texts_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
