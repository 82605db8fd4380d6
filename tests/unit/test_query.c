/* rooms: base query */
/* What a connector may ask (IVR-01): no address of this machine or of a network inside, in whatever
 * notation; and what is taken from an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <hotlined/query.h>

static bool is_public(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return query_address_is_public((const struct sockaddr *)(const void *)&four);
    if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        return query_address_is_public((const struct sockaddr *)(const void *)&six);
    fail_msg("%s is no address", text);
    return false;
}

static void expect(const char *const *addresses, bool public)
{
    for (; *addresses; addresses++)
        if (is_public(*addresses) != public)
            fail_msg("%s is said to be %s", *addresses, public ? "inside" : "public");
}

/* First and last of each network. */
static void IVR_01_no_address_inside_is_asked(void **state)
{
    static const char *const inside[] = {"0.0.0.0",         "0.255.255.255",   "10.0.0.0",
                                         "10.255.255.255",  "100.64.0.0",      "100.127.255.255",
                                         "127.0.0.0",       "127.0.0.1",       "127.255.255.255",
                                         "169.254.0.0",     "169.254.169.254", "169.254.255.255",
                                         "172.16.0.0",      "172.31.255.255",  "192.0.0.0",
                                         "192.0.0.255",     "192.0.2.0",       "192.0.2.255",
                                         "192.88.99.0",     "192.88.99.255",   "192.168.0.0",
                                         "192.168.255.255", "198.18.0.0",      "198.19.255.255",
                                         "198.51.100.0",    "198.51.100.255",  "203.0.113.0",
                                         "203.0.113.255",   "224.0.0.0",       "239.255.255.255",
                                         "240.0.0.0",       "255.255.255.255", NULL};

    (void)state;
    expect(inside, false);
}

/* What lies on either side of each of them. */
static void IVR_01_addresses_outside_are_asked(void **state)
{
    static const char *const outside[] = {"1.0.0.0",
                                          "9.255.255.255",
                                          "11.0.0.0",
                                          "100.63.255.255",
                                          "100.128.0.0",
                                          "126.255.255.255",
                                          "128.0.0.0",
                                          "169.253.255.255",
                                          "169.255.0.0",
                                          "172.15.255.255",
                                          "172.32.0.0",
                                          "191.255.255.255",
                                          "192.0.1.0",
                                          "192.0.1.255",
                                          "192.0.3.0",
                                          "192.88.98.255",
                                          "192.88.100.0",
                                          "192.167.255.255",
                                          "192.169.0.0",
                                          "198.17.255.255",
                                          "198.20.0.0",
                                          "198.51.99.255",
                                          "198.51.101.0",
                                          "203.0.112.255",
                                          "203.0.114.0",
                                          "223.255.255.255",
                                          "8.8.8.8",
                                          "114.114.114.114",
                                          NULL};

    (void)state;
    expect(outside, true);
}

static void IVR_01_no_v6_address_inside_is_asked(void **state)
{
    static const char *const inside[] = {"::",
                                         "::1",
                                         "::2",
                                         "::127.0.0.1", /* IPv4-compatible, deprecated */
                                         "::8.8.8.8",
                                         "::ffff:0:127.0.0.1", /* IPv4-translated */
                                         "64:ff9b:1::a00:1",   /* NAT64 of a network of its own */
                                         "100::",
                                         "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "2001::",
                                         "2001:0:7f00:1::1", /* Teredo */
                                         "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "2001:db8::",
                                         "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "3fff::",
                                         "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "4000::",
                                         "5f00::1",
                                         "fc00::",
                                         "fd12:3456:789a::1",
                                         "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "fe80::",
                                         "fe80::1",
                                         "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "fec0::1",
                                         "ff02::1",
                                         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         NULL};
    static const char *const outside[] = {
        "2000::",     "2001:200::",   "2001:db7:ffff::1",
        "2001:db9::", "2400:3200::1", "2408:8000::1",
        "3ffe::1",    "3fff:1000::",  "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        NULL};

    (void)state;
    expect(inside, false);
    expect(outside, true);
}

/* The address of the other kind that is inside decides. */
static void IVR_01_v4_addresses_in_v6_are_judged_as_what_they_are(void **state)
{
    static const char *const inside[] = {
        "::ffff:127.0.0.1",     "::ffff:10.1.2.3",        "::ffff:172.16.0.1",
        "::ffff:192.168.1.1",   "::ffff:169.254.169.254", "::ffff:0.0.0.0",
        "::ffff:100.64.0.1",    "64:ff9b::127.0.0.1",     "64:ff9b::10.0.0.1",
        "64:ff9b::192.168.0.1", "2002:7f00:1::1",         "2002:a01:203::1",
        "2002:c0a8:101::1",     "2002:a9fe:a9fe::1",      NULL};
    static const char *const outside[] = {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
                                          NULL};

    (void)state;
    expect(inside, false);
    expect(outside, true);
}

static void IVR_01_what_is_no_address_of_a_network_is_not_asked(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    (void)state;
    assert_false(query_address_is_public((const struct sockaddr *)(const void *)&local));
}

/* --- addresses that are typed --------------------------------------------------------------- */

static void IVR_01_a_typed_address_is_http_or_https_with_a_host_and_nothing_secret(void **state)
{
    static const char *const good[] = {"http://tax.example/",
                                       "https://tax.example:8443/a?b=c",
                                       "http://[2400:3200::1]/x",
                                       "https://10.0.0.1",
                                       "http://a1.tax2.x4",
                                       "http://1.2.3.example./x",
                                       NULL};
    static const char *const bad[] = {"",
                                      "tax.example",
                                      "ftp://tax.example/",
                                      "file:///etc/passwd",
                                      "https:///x",
                                      "https://u:p@tax.example/",
                                      "https://tax.example/#a",
                                      "https://tax.example/a b",
                                      "https://税务.cn/",
                                      "https://tax.example/\r\nX: y",
                                      "gopher://tax.example/",
                                      "http://127.1/",
                                      "http://2130706433/",
                                      "http://0x7f000001/",
                                      "http://0X7f.1/",
                                      "http://127.0.0.1./",
                                      "http://1.2.3.256/",
                                      "http://1.2.3.4.5/",
                                      "http://tax.0x1f/",
                                      NULL};

    (void)state;
    for (size_t i = 0; good[i]; i++)
        assert_null(query_url_problem(good[i]));
    for (size_t i = 0; bad[i]; i++)
        if (!query_url_problem(bad[i]))
            fail_msg("“%s” is taken for an address", bad[i]);
}

/* --- answers -------------------------------------------------------------------------------- */

static void IVR_01_values_are_taken_out_of_an_answer_by_their_path(void **state)
{
    static const char body[] =
        "{\"data\":{\"debt\":305,\"rate\":1.5,\"none\":null,\"ok\":true,\"long\":\"0123456789\","
        "\"list\":[\"甲\",{\"no\":\"4501\"}]}}";
    static const struct {
        const char *path, *value; /* NULL = there is none */
    } table[] = {
        {"data.debt", "305"},  {"data.rate", "1.5"},       {"data.ok", "true"},
        {"data.list.0", "甲"}, {"data.list.1.no", "4501"}, {"data.list.2", NULL},
        {"data.list.x", NULL}, {"data.list.-1", NULL},     {"data.list", NULL},
        {"data", NULL},        {"data.none", NULL},        {"nothing", NULL},
        {"data.long", NULL},   {"data.debt.more", NULL},
    };
    char value[8];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bool found = query_take(body, table[i].path, value, sizeof(value));
        if (found != (table[i].value != NULL))
            fail_msg("%s is said to be %s", table[i].path, found ? value : "missing");
        if (found)
            assert_string_equal(value, table[i].value);
    }
    assert_false(query_take("no JSON", "data", value, sizeof(value)));
    assert_false(query_take("", "data", value, sizeof(value)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(IVR_01_no_address_inside_is_asked),
        cmocka_unit_test(IVR_01_addresses_outside_are_asked),
        cmocka_unit_test(IVR_01_no_v6_address_inside_is_asked),
        cmocka_unit_test(IVR_01_v4_addresses_in_v6_are_judged_as_what_they_are),
        cmocka_unit_test(IVR_01_what_is_no_address_of_a_network_is_not_asked),
        cmocka_unit_test(IVR_01_a_typed_address_is_http_or_https_with_a_host_and_nothing_secret),
        cmocka_unit_test(IVR_01_values_are_taken_out_of_an_answer_by_their_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
