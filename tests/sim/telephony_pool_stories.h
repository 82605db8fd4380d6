/* Channels that the centers share, one story after the other. Included by test_telephony.c. */

static uint32_t channels_of(int32_t center)
{
    return pool_used(telephony_pool(world.telephony, POOL_TRUNK), center);
}

static void PLAT_10_calls_beyond_a_center_s_share_are_refused_and_counted(void **state)
{
    handle_t first, second;

    (void)state;
    world.trunk_most = 2;
    first = far_invite("1", "12361");
    second = far_invite("2", "12361");
    assert_int_equal(world.last_status, 0);
    assert_int_equal(channels_of(1), 2);
    (void)far_invite("3", "12361");
    assert_int_equal(world.last_status, 503);
    assert_true(world.last_retry_after > 0);
    check_everything();
    assert_int_equal(pool_refused(telephony_pool(world.telephony, POOL_TRUNK), 1), 1);
    assert_int_equal(telephony_call_count(world.telephony), 2);
    world.last_status = 0;
    (void)far_invite("4", "12362"); /* another center has its own */
    assert_int_equal(world.last_status, 0);
    far_end(first, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(channels_of(1), 1);
    (void)far_invite("5", "12361");
    assert_int_equal(world.last_status, 0);
    assert_int_equal(channels_of(1), 2);
    far_end(second, SIP_END_REMOTE, 200);
    run(0);
    check_everything();
}

static void PLAT_10_agents_are_told_that_no_channel_is_left_and_their_talk_goes_on(void **state)
{
    handle_t sip;

    (void)state;
    ready(1);
    ready(4);
    sip = talk_with(1);
    world.trunk_most = 1;
    assert_int_equal(dial(4), TELEPHONY_NO_CHANNEL);
    assert_int_equal(telephony_consult_number(world.telephony, 1, &call_of(sip)->id, SOMEBODY),
                     TELEPHONY_NO_CHANNEL);
    assert_int_equal(telephony_pass_to_number(world.telephony, 1, &call_of(sip)->id, SOMEBODY),
                     TELEPHONY_NO_CHANNEL);
    check_everything();
    assert_int_equal(call_of(sip)->state, CALL_TALKING);
    assert_int_equal(pool_refused(telephony_pool(world.telephony, POOL_TRUNK), 1), 3);
    world.trunk_most = 2;
    assert_int_equal(dial(4), TELEPHONY_OK);
    assert_int_equal(channels_of(1), 2);
    far_end(dialed(), SIP_END_REFUSED, 486);
    run(0);
    assert_int_equal(channels_of(1), 1);
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_int_equal(channels_of(1), 0);
}

/* clang-format off */
#define POOL_STORIES \
    TEST(PLAT_10_calls_beyond_a_center_s_share_are_refused_and_counted), \
    TEST(PLAT_10_agents_are_told_that_no_channel_is_left_and_their_talk_goes_on)
/* clang-format on */
