/* rooms: base */
/* CC-17: what may be called by a center's rule, and how the trunk is asked for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/dialing.h>

static void CC_17_numbers_belong_to_ranges(void **state)
{
    static const struct {
        const char *number;
        enum dialing_range range;
    } numbers[] = {{"110", DIALING_EMERGENCY},
                   {"120", DIALING_EMERGENCY},
                   {"12366", DIALING_SERVICE},
                   {"95588", DIALING_SERVICE},
                   {"4008123456", DIALING_SERVICE},
                   {"*123#", DIALING_SERVICE},
                   {"07712345678", DIALING_LOCAL},
                   {"2345678", DIALING_LOCAL},
                   {"07721234567", DIALING_NATIONAL},
                   {"01012345678", DIALING_NATIONAL},
                   {"13877100001", DIALING_MOBILE},
                   {"16612345678", DIALING_MOBILE},
                   {"16812345", DIALING_PREMIUM},
                   {"077116812345", DIALING_PREMIUM},
                   {"01016012345", DIALING_PREMIUM},
                   {"9691234", DIALING_PREMIUM},
                   {"0085223456789", DIALING_INTERNATIONAL},
                   {"12345678901234567890", DIALING_NATIONAL}};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (dialing_range_of(numbers[i].number, "0771") != numbers[i].range)
            fail_msg("%s: %s", numbers[i].number,
                     dialing_range_name(dialing_range_of(numbers[i].number, "0771")));
    assert_int_equal(dialing_range_of("07712345678", ""), DIALING_NATIONAL);
}

static void CC_17_a_rule_allows_its_ranges_and_emergencies(void **state)
{
    struct dialing_rule none = {0}, usual = {.ranges = DIALING_DEFAULT};

    (void)state;
    for (int i = 0; i < DIALING_RANGES; i++) {
        assert_int_equal(dialing_allows(&none, (enum dialing_range)i), i == DIALING_EMERGENCY);
        assert_int_equal(dialing_allows(&usual, (enum dialing_range)i),
                         i != DIALING_PREMIUM && i != DIALING_INTERNATIONAL);
        assert_int_equal(dialing_range_find(dialing_range_name((enum dialing_range)i)), i);
    }
    assert_int_equal(dialing_range_find("moon"), DIALING_RANGES);
    assert_int_equal(dialing_range_find(NULL), DIALING_RANGES);
}

static void form(const struct dialing_rule *rule, const char *number, bool near, const char *sent)
{
    char out[DIALING_NUMBER_SIZE];

    assert_true(dialing_form(rule, number, "0771", near, out, sizeof(out)));
    assert_string_equal(out, sent);
}

static void CC_17_the_trunk_is_asked_as_the_rule_says(void **state)
{
    struct dialing_rule plain = {0};
    struct dialing_rule rule = {.prefix = "9", .local_short = true, .far_zero = true};
    char out[8];

    (void)state;
    form(&plain, "07712345678", true, "07712345678");
    form(&plain, "13877100001", false, "13877100001");
    form(&rule, "07712345678", true, "92345678");
    form(&rule, "2345678", true, "92345678");
    form(&rule, "07721234567", false, "907721234567");
    form(&rule, "13877100001", true, "913877100001");
    form(&rule, "13977200001", false, "9013977200001");
    form(&rule, "12366", false, "912366");
    assert_false(dialing_form(&rule, "13877100001", "0771", true, out, sizeof(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(CC_17_numbers_belong_to_ranges),
        cmocka_unit_test(CC_17_a_rule_allows_its_ranges_and_emergencies),
        cmocka_unit_test(CC_17_the_trunk_is_asked_as_the_rule_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
