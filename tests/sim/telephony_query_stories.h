/* Flows that ask a system outside (node http). Included by test_telephony.c. Key #. */

static handle_t asks(void)
{
    handle_t sip = far_invite("13877112046", "12361");

    run(1500);
    far_key(sip, '#');
    run(0);
    return sip;
}

static void IVR_04_a_query_is_sent_its_answer_is_heard_and_the_menu_comes_again(void **state)
{
    handle_t sip;

    (void)state;
    far_queries.body = "{\"debt\":305}";
    far_queries.status = 200;
    sip = asks();
    assert_string_equal(far_queries.url, "https://tax.example/debt?v=1&no=13877112046");
    assert_int_equal(call_of(sip)->ivr.state, IVR_AWAY);
    assert_true(far_media(sip)->loops); /* music meanwhile */
    run(300);
    assert_string_equal(ivr_variable(&call_of(sip)->ivr, "debt"), "305");
    assert_int_equal(call_of(sip)->query, 0);
    assert_false(far_media(sip)->loops);
    run(3000); /* 三百零五, and the menu */
    assert_int_equal(call_of(sip)->ivr.state, IVR_MENU);
}

static void IVR_04_a_query_that_fails_is_unknown_or_late_takes_its_branch(void **state)
{
    static const struct {
        const char *body;
        int status;
        bool silent;
        const char *node;
        unsigned ms;
    } ways[] = {
        {"{\"other\":1}", 200, false, "complain", 300},
        {"no json", 200, false, "complain", 300},
        {"{\"debt\":1}", 500, false, "complain", 300},
        {"{}", 404, false, "consult", 300},
        {"{}", 200, true, "main", 3000}, /* the connector's limit, shorter than the node's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct ivr_node node;
        handle_t sip;

        far_queries = (struct w_queries){
            .body = ways[i].body, .status = ways[i].status, .silent = ways[i].silent};
        sip = asks();
        run(ways[i].ms - 1);
        assert_int_equal(call_of(sip)->ivr.state, IVR_AWAY);
        run(1);
        assert_true(ivr_flow_node(call_beside(world.telephony, call_of(sip))->flow,
                                  call_of(sip)->ivr.node, &node));
        assert_string_equal(node.id, ways[i].node);
        assert_null(ivr_variable(&call_of(sip)->ivr, "debt"));
        far_end(sip, SIP_END_REMOTE, 200);
        run(0);
    }
}

static void IVR_04_who_hangs_up_during_a_query_waits_for_no_answer(void **state)
{
    handle_t sip;

    (void)state;
    far_queries.body = "{\"debt\":1}";
    far_queries.status = 200;
    sip = asks();
    far_end(sip, SIP_END_REMOTE, 200);
    run(0);
    assert_null(call_of(sip));
    sip = asks(); /* the same slot: the answer of the one before is not his */
    far_queries.body = "{\"debt\":2}";
    run(300);
    assert_string_equal(ivr_variable(&call_of(sip)->ivr, "debt"), "2");
}

#define QUERY_STORIES                                                                              \
    TEST(IVR_04_a_query_is_sent_its_answer_is_heard_and_the_menu_comes_again),                     \
        TEST(IVR_04_a_query_that_fails_is_unknown_or_late_takes_its_branch),                       \
        TEST(IVR_04_who_hangs_up_during_a_query_waits_for_no_answer)
