/* rooms: access */
/* CC-35: who may do what, where. Tables of cases, and the scope matrix as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hotlined/access.h>

/* Center 1 is the region, 2 and 3 are cities. */
static struct access_subject person(int32_t center_id, int32_t team_id, int32_t user_id)
{
    return (struct access_subject){
        .user_id = user_id, .center_id = center_id, .team_id = team_id, .regional = center_id == 1};
}

static void names_and_permissions_belong_together(void **state)
{
    (void)state;
    for (int i = PERM_PUBLIC; i < PERM_COUNT; i++)
        assert_non_null(permission_name((enum permission)i));
    for (int i = PERM_AGENT_WORK; i < PERM_COUNT; i++)
        assert_int_equal(permission_find(permission_name((enum permission)i)), i);
    assert_null(permission_name(PERM_INVALID));
    assert_null(permission_name(PERM_COUNT));
    assert_int_equal(permission_find("call.delete"), PERM_INVALID);
    assert_int_equal(permission_find(NULL), PERM_INVALID);
}

static void what_signing_in_gives_no_role_can_give(void **state)
{
    (void)state;
    assert_int_equal(permission_find("public"), PERM_INVALID);
    assert_int_equal(permission_find("signed_in"), PERM_INVALID);
}

static void the_widest_scope_of_several_roles_wins(void **state)
{
    struct access_subject s = person(2, 1, 10);

    (void)state;
    access_grant(&s, PERM_CALL_READ, ACCESS_CENTER);
    access_grant(&s, PERM_CALL_READ, ACCESS_SELF);
    assert_int_equal(s.scope[PERM_CALL_READ], ACCESS_CENTER);
    access_grant(&s, PERM_COUNT, ACCESS_REGION); /* nonsense changes nothing */
    access_grant(&s, PERM_CALL_READ, (enum access_scope)9);
    assert_int_equal(s.scope[PERM_CALL_READ], ACCESS_CENTER);
}

static void CC_35_scope_matrix(void **state)
{
    static const struct {
        const char *what;
        int32_t center_id; /* of the subject, who is user 10 of team 5 */
        enum access_scope scope;
        bool own, team, center, city, region; /* may act on ... */
    } cases[] = {
        {"nothing", 2, ACCESS_NONE, false, false, false, false, false},
        {"self", 2, ACCESS_SELF, true, false, false, false, false},
        {"team", 2, ACCESS_TEAM, true, true, false, false, false},
        {"center", 2, ACCESS_CENTER, true, true, true, false, false},
        {"city user with a regional scope", 2, ACCESS_REGION, true, true, true, false, false},
        {"regional user, center", 1, ACCESS_CENTER, true, true, true, false, true},
        {"regional user, region", 1, ACCESS_REGION, true, true, true, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct access_subject s = person(cases[i].center_id, 5, 10);
        access_grant(&s, PERM_CALL_READ, cases[i].scope);
        print_message("%s\n", cases[i].what);
        assert_int_equal(access_may(&s, PERM_CALL_READ), cases[i].scope != ACCESS_NONE);
        assert_int_equal(access_may_on(&s, PERM_CALL_READ, s.center_id, 5, 10), cases[i].own);
        assert_int_equal(access_may_on(&s, PERM_CALL_READ, s.center_id, 5, 11), cases[i].team);
        assert_int_equal(access_may_on(&s, PERM_CALL_READ, s.center_id, 6, 12), cases[i].center);
        assert_int_equal(access_may_on(&s, PERM_CALL_READ, 3, 6, 20), cases[i].city);
        assert_int_equal(access_may_on(&s, PERM_CALL_READ, 1, 0, 0), cases[i].region);
        /* Other permissions are not touched. */
        assert_false(access_may(&s, PERM_RECORDING_PLAY));
    }
}

static void nobodys_object_is_nobodys_own(void **state)
{
    struct access_subject s = person(2, 0, 10), nobody = {.center_id = 2};

    (void)state;
    access_grant(&s, PERM_CALL_READ, ACCESS_TEAM);
    access_grant(&nobody, PERM_CALL_READ, ACCESS_SELF);
    assert_false(access_may_on(&s, PERM_CALL_READ, 2, 0, 0)); /* team 0 is no team */
    assert_false(access_may_on(&nobody, PERM_CALL_READ, 2, 0, 0));
}

static void ones_own_user_id_in_another_center_is_not_ones_own(void **state)
{
    struct access_subject s = person(2, 5, 10);

    (void)state;
    access_grant(&s, PERM_CALL_READ, ACCESS_SELF);
    assert_false(access_may_on(&s, PERM_CALL_READ, 3, 5, 10));
}

static void a_granted_center_opens_only_what_reaches_the_region(void **state)
{
    struct access_subject s = person(2, 5, 10);

    (void)state;
    s.granted[s.granted_count++] = 3;
    access_grant(&s, PERM_REPORT_READ, ACCESS_REGION);
    access_grant(&s, PERM_CALL_READ, ACCESS_CENTER);
    assert_true(access_may_on(&s, PERM_REPORT_READ, 3, 0, 0));
    assert_false(access_may_on(&s, PERM_REPORT_READ, 4, 0, 0));
    assert_false(access_may_on(&s, PERM_CALL_READ, 3, 0, 0));
}

static void the_centers_for_the_database_are_those_the_permission_reaches(void **state)
{
    static const int32_t all[] = {1, 2, 3, 4};
    int32_t got[4];
    struct access_subject city = person(2, 5, 10), region = person(1, 0, 20);

    (void)state;
    assert_int_equal(access_centers(&city, PERM_CALL_READ, all, 4, got, 4), 0);
    access_grant(&city, PERM_CALL_READ, ACCESS_SELF);
    assert_int_equal(access_centers(&city, PERM_CALL_READ, all, 4, got, 4), 1);
    assert_int_equal(got[0], 2);
    city.granted[city.granted_count++] = 4;
    access_grant(&city, PERM_CALL_READ, ACCESS_REGION);
    assert_int_equal(access_centers(&city, PERM_CALL_READ, all, 4, got, 4), 2);
    assert_int_equal(got[1], 4);
    access_grant(&region, PERM_CALL_READ, ACCESS_REGION);
    assert_int_equal(access_centers(&region, PERM_CALL_READ, all, 4, got, 4), 4);
    assert_int_equal(access_centers(&region, PERM_CALL_READ, all, 4, got, 2), 2);
    /* A center that does not exist any more is not handed to the database. */
    assert_int_equal(access_centers(&city, PERM_CALL_READ, all + 2, 1, got, 4), 0);
}

static void public_and_signed_in_need_no_role(void **state)
{
    struct access_subject nobody = {0}, somebody = person(2, 0, 10);

    (void)state;
    assert_true(access_may(&nobody, PERM_PUBLIC));
    assert_false(access_may(&nobody, PERM_SIGNED_IN));
    assert_true(access_may(&somebody, PERM_SIGNED_IN));
    assert_false(access_may(&somebody, PERM_INVALID));
    assert_false(access_may(&somebody, PERM_COUNT));
}

/* CC-36 */
static void a_function_switched_off_takes_what_serves_it_alone(void **state)
{
    struct access_subject subject = person(2, 1, 7);

    (void)state;
    for (int i = PERM_AGENT_WORK; i < PERM_COUNT; i++)
        access_grant(&subject, (enum permission)i, ACCESS_CENTER);
    access_switch_off(&subject, FUNCTION_DIAL);
    assert_false(access_has(&subject, FUNCTION_DIAL));
    assert_false(access_may(&subject, PERM_CALL_DIAL));
    assert_int_equal(access_taken_by(&subject, PERM_CALL_DIAL), FUNCTION_DIAL);
    assert_int_equal(access_taken_by(&subject, PERM_CALL_READ), FUNCTION_NONE);
    assert_true(access_may(&subject, PERM_CALL_READ));
    access_switch_off(&subject, FUNCTION_HOLD);
    assert_false(access_has(&subject, FUNCTION_HOLD));
    assert_true(access_has(&subject, FUNCTION_MUTE));
    assert_true(access_has(&subject, FUNCTION_NONE));
    for (int i = PERM_AGENT_WORK; i < PERM_COUNT; i++)
        assert_int_equal(access_may(&subject, (enum permission)i), i != PERM_CALL_DIAL);
    access_switch_off(&subject, FUNCTION_NONE);
    access_switch_off(&subject, FUNCTION_COUNT);
    assert_true(access_has(&subject, FUNCTION_NONE));
}

static void functions_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = FUNCTION_NONE + 1; i < FUNCTION_COUNT; i++) {
        struct access_subject subject = person(2, 1, 7);
        assert_int_equal(function_find(function_name((enum function)i)), i);
        assert_true(function_title((enum function)i)[0] && function_group((enum function)i)[0]);
        access_switch_off(&subject, (enum function)i);
        for (int other = FUNCTION_NONE; other < FUNCTION_COUNT; other++)
            assert_int_equal(access_has(&subject, (enum function)other), other != i);
    }
    assert_int_equal(function_find("fly_away"), FUNCTION_NONE);
    assert_int_equal(function_find(NULL), FUNCTION_NONE);
    assert_null(function_name(FUNCTION_NONE));
    assert_null(function_name(FUNCTION_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_switched_off_takes_what_serves_it_alone),
        cmocka_unit_test(functions_have_names_of_their_own),
        cmocka_unit_test(names_and_permissions_belong_together),
        cmocka_unit_test(what_signing_in_gives_no_role_can_give),
        cmocka_unit_test(the_widest_scope_of_several_roles_wins),
        cmocka_unit_test(CC_35_scope_matrix),
        cmocka_unit_test(nobodys_object_is_nobodys_own),
        cmocka_unit_test(ones_own_user_id_in_another_center_is_not_ones_own),
        cmocka_unit_test(a_granted_center_opens_only_what_reaches_the_region),
        cmocka_unit_test(the_centers_for_the_database_are_those_the_permission_reaches),
        cmocka_unit_test(public_and_signed_in_need_no_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
