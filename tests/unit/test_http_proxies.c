/* rooms: base http */
/* with: tests/unit/http_client.c tests/unit/http_server.c */
/* Who is behind a proxy: X-Forwarded-For word by word, then over a real connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/room.h"
#include "http_server.h"

#define PROXIES "10.0.0.0/8, 192.0.2.7 2001:db8:1::/48 ::ffff:198.51.100.0/120"

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage out = {0};

    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&out)->sin_addr) == 1)
        out.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&out)->sin6_addr) == 1)
        out.ss_family = AF_INET6;
    else
        fail_msg("no address: %s", text);
    return out;
}

/* --- the list -------------------------------------------------------------------------------- */

static void proxies_are_addresses_and_networks(void **state)
{
    static const struct {
        const char *address;
        bool trusted;
    } rows[] = {{"10.0.0.1", true},         {"10.255.255.255", true}, {"11.0.0.0", false},
                {"9.255.255.255", false},   {"192.0.2.7", true},      {"192.0.2.6", false},
                {"2001:db8:1:ff::1", true}, {"2001:db8:2::", false},  {"::ffff:10.1.2.3", true},
                {"::ffff:11.1.2.3", false}, {"::1", false},           {"127.0.0.1", false},
                {"198.51.100.200", true},   {"198.51.101.0", false},  {"::10.0.0.1", false}};
    struct sockaddr none = {.sa_family = AF_UNIX};
    struct http_proxies proxies = {.count = 0};

    (void)state;
    assert_int_equal(http_proxies_init(&proxies, PROXIES), 0);
    assert_int_equal(proxies.count, 4);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage from = address(rows[i].address);
        if (http_proxies_have(&proxies, (struct sockaddr *)&from) != rows[i].trusted)
            fail_msg("%s", rows[i].address);
    }
    assert_false(http_proxies_have(&proxies, &none));
}

static void a_list_that_is_none_is_refused(void **state)
{
    static const char *const lists[] = {"gateway",      "10.0.0.0/33", "10.0.0.0/",
                                        "::/129",       "10.0.0.1/x",  "10.0.0.256",
                                        "10.0.0.0/8/8", "/8",          "10.0.0.1:80"};
    char many[200] = "";
    struct http_proxies proxies;

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        proxies = (struct http_proxies){.count = 0};
        if (http_proxies_init(&proxies, lists[i]) != -EINVAL)
            fail_msg("%s", lists[i]);
    }
    for (int i = 0; i <= HTTP_MAX_PROXIES; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "10.0.0.%d ", i);
    proxies = (struct http_proxies){.count = 0};
    assert_int_equal(http_proxies_init(&proxies, many), -EINVAL);
    proxies = (struct http_proxies){.count = 0};
    assert_int_equal(http_proxies_init(&proxies, " ,; "), 0);
    assert_int_equal(proxies.count, 0);
}

/* --- the header ------------------------------------------------------------------------------ */

/* What comes of up to three lines of it: the client, or the error in words. */
static const char *client_of(const char *first, const char *second, const char *third)
{
    static char text[64];
    const char *lines[] = {first, second, third};
    struct http_proxies proxies = {.count = 0};
    struct sockaddr_storage client = address("192.0.2.99");
    int err;

    assert_int_equal(http_proxies_init(&proxies, PROXIES), 0);
    err = http_proxies_client(&proxies, lines, !!first + !!second + !!third, &client);
    http_address_text((struct sockaddr *)&client, text, sizeof(text));
    if (!err)
        return text;
    assert_string_equal(text, "192.0.2.99"); /* untouched */
    return err == -ENOENT ? "none" : "malformed";
}

static void the_right_most_untrusted_address_is_the_client(void **state)
{
    static const struct {
        const char *first, *second, *third, *client;
    } rows[] = {
        {NULL, NULL, NULL, "none"},
        {"203.0.113.5", NULL, NULL, "203.0.113.5"},
        {" 203.0.113.5\t", NULL, NULL, "203.0.113.5"},
        {"203.0.113.5:4711", NULL, NULL, "203.0.113.5"},
        {"2001:db8:5::9", NULL, NULL, "2001:db8:5::9"},
        {"[2001:db8:5::9]", NULL, NULL, "2001:db8:5::9"},
        {"[2001:db8:5::9]:65535", NULL, NULL, "2001:db8:5::9"},
        {"::ffff:203.0.113.5", NULL, NULL, "203.0.113.5"},
        /* what stands left of it anybody may have written */
        {"198.18.0.1, 203.0.113.5", NULL, NULL, "203.0.113.5"},
        {"127.0.0.1,unknown,<script>, 203.0.113.5", NULL, NULL, "203.0.113.5"},
        {", ,203.0.113.5", NULL, NULL, "203.0.113.5"},
        /* proxies of ours one behind the other */
        {"203.0.113.5, 10.0.0.3, 192.0.2.7", NULL, NULL, "203.0.113.5"},
        {"198.18.0.1, 2001:db8:9::1, 2001:db8:1::1,::ffff:10.0.0.1", NULL, NULL, "2001:db8:9::1"},
        /* a proxy adds a line of its own */
        {"198.18.0.1", "203.0.113.5", NULL, "203.0.113.5"},
        {"198.18.0.1, 203.0.113.5", "10.0.0.2", "10.0.0.3,10.0.0.4", "203.0.113.5"},
        /* a proxy asks for itself */
        {"10.0.0.9, 10.0.0.3", NULL, NULL, "10.0.0.9"},
        {"10.0.0.9", "10.0.0.3", NULL, "10.0.0.9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *client = client_of(rows[i].first, rows[i].second, rows[i].third);
        if (strcmp(client, rows[i].client) != 0)
            fail_msg("%s | %s | %s: %s", rows[i].first, rows[i].second, rows[i].third, client);
    }
}

static void garbage_where_an_address_is_due_is_malformed(void **state)
{
    static const char *const lines[] = {"",
                                        " ",
                                        ",",
                                        "203.0.113.5,",
                                        "unknown",
                                        "_hidden",
                                        "203.0.113.5, 10.0.0.300",
                                        "203.0.113.5 10.0.0.3",
                                        "203.0.113",
                                        "203.0.113.5:",
                                        "203.0.113.5:123456",
                                        "203.0.113.5:80x",
                                        "203.0.113.5/32",
                                        "[2001:db8::1",
                                        "[2001:db8::1]x",
                                        "[2001:db8::1]:",
                                        "[]:80",
                                        "2001:db8::1]",
                                        "fe80::1%eth0",
                                        ":80",
                                        "for=203.0.113.5",
                                        "garbage, 10.0.0.3",
                                        "00000000000000000000000000000000000000000000000000000:1"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *client = client_of(lines[i], NULL, NULL);
        if (strcmp(client, "malformed") != 0)
            fail_msg("\"%s\": %s", lines[i], client);
    }
    assert_string_equal(client_of("203.0.113.5", "", NULL), "malformed");
}

/* --- over a connection ----------------------------------------------------------------------- */

static void say_who(struct http_request *request, void *arg)
{
    char json[100], text[64];

    (void)arg;
    snprintf(json, sizeof(json), "{\"peer\":\"%s\"}", http_peer(request));
    assert_string_equal(
        http_address_text((const struct sockaddr *)http_peer_address(request), text, sizeof(text)),
        http_peer(request));
    http_answer_json(request, 200, json);
}

static const struct http_route routes[] = {{"GET", "/api/v1/who", 1, say_who, "谁"}};

static void start(const char *proxies)
{
    struct http_options options = server_options();

    options.trusted_proxies = proxies;
    server_start(&options, NULL, routes, 1, NULL);
}

static int set_up(void **state)
{
    (void)state;
    start(NULL);
    return 0;
}

static int set_up_behind_proxy(void **state)
{
    (void)state;
    start("127.0.0.0/8");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop();
    return 0;
}

static void expect_peer(const char *headers, const char *peer)
{
    char json[100];

    snprintf(json, sizeof(json), "{\"peer\":\"%s\"}", peer);
    expect("GET", "/api/v1/who", headers, NULL, 200, json);
}

static long long malformed(void)
{
    return metric_value("hotlined_http_forwarded_malformed_total");
}

static void who_is_no_proxy_of_ours_is_not_believed(void **state)
{
    long long before = malformed();

    (void)state;
    expect_peer("X-Forwarded-For: 203.0.113.5\r\n", "127.0.0.1");
    expect_peer("X-Forwarded-For: garbage\r\n", "127.0.0.1");
    assert_int_equal(malformed(), before);
}

static void a_trusted_proxy_names_the_client(void **state)
{
    long long before = malformed();

    (void)state;
    expect_peer(NULL, "127.0.0.1");
    expect_peer("X-Forwarded-For: 198.18.0.1, 203.0.113.5\r\n", "203.0.113.5");
    expect_peer("x-forwarded-for: 198.18.0.1\r\nX-FORWARDED-FOR: 2001:db8:5::9\r\n",
                "2001:db8:5::9");
    assert_int_equal(malformed(), before);
    expect_peer("X-Forwarded-For: 203.0.113.5, garbage\r\n", "127.0.0.1");
    assert_int_equal(malformed(), before + 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_are_addresses_and_networks),
        cmocka_unit_test(a_list_that_is_none_is_refused),
        cmocka_unit_test(the_right_most_untrusted_address_is_the_client),
        cmocka_unit_test(garbage_where_an_address_is_due_is_malformed),
        cmocka_unit_test_setup_teardown(who_is_no_proxy_of_ours_is_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_trusted_proxy_names_the_client, set_up_behind_proxy,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
