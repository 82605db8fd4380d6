/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* PLAT-02: trunks: who may call, whether they live, how many calls, registration, transports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "sip/digest.h"

#include "sip_bench.h"

static struct bench bench;
static struct peer peer;

static int setup(void **state)
{
    (void)state;
    bench_start(&bench, NULL);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    peer_close(&peer);
    return 0;
}

static void invite(struct peer_dialog *d, const char *extra)
{
    dialog_init(d, &peer, "13877100001", "12366", bench.port);
    dialog_request(&peer, d, "INVITE", extra, peer_sdp(5000, "sendrecv"));
}

static void expect_refusal(struct peer_dialog *d, const char *status)
{
    dialog_learn(d, peer_expect(&peer, status, "INVITE"));
    dialog_ack(&peer, d, false, "");
}

/* --- who may call -------------------------------------------------------------------------- */

static void PLAT_02_strangers_get_403(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    struct peer_dialog d;

    (void)state;
    invite(&d, "");
    expect_refusal(&d, "SIP/2.0 403");
    snprintf(trunk.allowed_ips, sizeof(trunk.allowed_ips),
             "10.0.0.0/8, 192.168.1.1, 2001:db8::/32");
    bench_set_trunks(&bench, &trunk, 1);
    invite(&d, "");
    expect_refusal(&d, "SIP/2.0 403");
    trunk.allowed_ips[0] = 0;
    trunk.enabled = false;
    bench_set_trunks(&bench, &trunk, 1);
    invite(&d, "");
    expect_refusal(&d, "SIP/2.0 403");
    assert_int_equal(bench.invites, 0);
    assert_int_equal(sip_leg_count(bench.sip), 0);
}

static void PLAT_02_trunk_is_known_by_network(void **state)
{
    static const char *const lists[] = {"127.0.0.0/8", "10.0.0.1,127.0.0.1", "0.0.0.0/0",
                                        "127.0.0.0/30;10.0.0.0/8"};
    struct peer_dialog d;

    (void)state;
    for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct sip_trunk_conf trunk = bench_trunk((int32_t)i + 1, 1);

        snprintf(trunk.host, sizeof(trunk.host), "10.9.9.9");
        snprintf(trunk.allowed_ips, sizeof(trunk.allowed_ips), "%s", lists[i]);
        bench_set_trunks(&bench, &trunk, 1);
        bench.answer = ANSWER_REJECT;
        invite(&d, "");
        expect_refusal(&d, "SIP/2.0 404");
        assert_int_equal(bench.invite.trunk_id, i + 1);
    }
}

static void PLAT_02_caller_from_asserted_identity_and_call_header(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    struct peer_dialog d;

    (void)state;
    bench_set_trunks(&bench, &trunk, 1);
    bench.answer = ANSWER_REJECT;
    invite(&d, "P-Asserted-Identity: \"x\" <sip:+8613912345678@carrier.example;user=phone>\r\n"
               "X-Hotlined-Call: 0192f0c1-0000-7000-8000-000000000001\r\n");
    expect_refusal(&d, "SIP/2.0 404");
    assert_string_equal(bench.invite.caller, "+8613912345678");
    assert_string_equal(bench.invite.x_global_call_id, "0192f0c1-0000-7000-8000-000000000001");
    dialog_init(&d, &peer, "anonymous", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    expect_refusal(&d, "SIP/2.0 404");
    assert_string_equal(bench.invite.caller, "");
}

static void authorization(const char *challenge, const char *method, const char *user,
                          const char *password, enum digest_algorithm algorithm, unsigned count,
                          char *out, size_t size)
{
    struct digest_response r = {0};
    char ha1[DIGEST_HEX_SIZE], response[DIGEST_HEX_SIZE];
    const char *nonce = strstr(challenge, "nonce=\"");

    assert_non_null(nonce);
    snprintf(r.nonce, sizeof(r.nonce), "%.*s", (int)strcspn(nonce + 7, "\""), nonce + 7);
    snprintf(r.nc, sizeof(r.nc), "%08x", count);
    snprintf(r.cnonce, sizeof(r.cnonce), "abc");
    snprintf(r.qop, sizeof(r.qop), "auth");
    snprintf(r.uri, sizeof(r.uri), "sip:127.0.0.1");
    digest_ha1(algorithm, user, "hotline.test", password, ha1);
    digest_compute(algorithm, ha1, method, &r, response);
    snprintf(out, size,
             "Authorization: Digest username=\"%s\",realm=\"hotline.test\",nonce=\"%s\",uri=\"%s\","
             "response=\"%s\",algorithm=%s,qop=auth,nc=%s,cnonce=\"%s\"\r\n",
             user, r.nonce, r.uri, response, algorithm == DIGEST_MD5 ? "MD5" : "SHA-256", r.nc,
             r.cnonce);
}

static void PLAT_02_trunk_with_digest(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    struct peer_dialog d;
    char challenge[PEER_MESSAGE], extra[1024];

    (void)state;
    snprintf(trunk.in_username, sizeof(trunk.in_username), "carrier");
    snprintf(trunk.in_password, sizeof(trunk.in_password), "secret");
    bench_set_trunks(&bench, &trunk, 1);
    bench.answer = ANSWER_REJECT;
    for (int i = 0; i < 3; i++) {
        invite(&d, "");
        snprintf(challenge, sizeof(challenge), "%s", peer_expect(&peer, "SIP/2.0 401", "INVITE"));
        assert_non_null(strstr(challenge, "algorithm=SHA-256"));
        dialog_learn(&d, challenge);
        dialog_ack(&peer, &d, false, "");
        d.their_tag[0] = 0;
        authorization(challenge, "INVITE", "carrier", i == 2 ? "wrong" : "secret",
                      i ? DIGEST_MD5 : DIGEST_SHA256, 1, extra, sizeof(extra));
        dialog_request(&peer, &d, "INVITE", extra, peer_sdp(5000, "sendrecv"));
        expect_refusal(&d, i == 2 ? "SIP/2.0 403" : "SIP/2.0 404");
    }
    assert_int_equal(bench.invites, 2);
}

/* --- channels ------------------------------------------------------------------------------ */

static void NFR_12_channel_limit_in_both_directions(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    const struct sip_call_out out = {.trunk_id = 1, .called = "1", .sdp = bench_sdp(true)};
    struct peer_dialog first, second, refused;
    const char *answer;
    char retry[16];
    handle_t leg;

    (void)state;
    trunk.max_channels = 2;
    bench_set_trunks(&bench, &trunk, 1);
    bench_call_in(&bench, &peer, &first);
    bench_call_in(&bench, &peer, &second);
    invite(&refused, "");
    answer = peer_expect(&peer, "SIP/2.0 503", "INVITE");
    assert_true(message_header(answer, "Retry-After", retry, sizeof(retry)));
    dialog_learn(&refused, answer);
    dialog_ack(&peer, &refused, false, "");
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), -EAGAIN);
    dialog_request(&peer, &first, "BYE", "", "");
    (void)peer_expect(&peer, "SIP/2.0 200", "BYE");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(sip_trunk_channels(bench.sip, 1), 1);
    /* The set is replaced while a call is up: it stays counted. */
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(sip_trunk_channels(bench.sip, 1), 1);
    bench_call_in(&bench, &peer, &first);
    assert_int_equal(sip_trunk_channels(bench.sip, 1), 2);
}

static void PLAT_02_no_leg_left_is_503(void **state)
{
    const struct sip_options options = {.max_legs = 1};
    struct sip_trunk_conf trunk;
    struct peer_dialog d, refused;

    (void)state;
    bench_start(&bench, &options);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    trunk = bench_trunk(1, peer.port);
    bench_set_trunks(&bench, &trunk, 1);
    bench_call_in(&bench, &peer, &d);
    invite(&refused, "");
    expect_refusal(&refused, "SIP/2.0 503");
    teardown(state);
}

static void PLAT_02_unknown_or_disabled_trunk_cannot_be_called(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    struct sip_call_out out = {.trunk_id = 7, .called = "1", .sdp = bench_sdp(true)};
    handle_t leg;

    (void)state;
    trunk.enabled = false;
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), -ENOENT);
    out.trunk_id = 1;
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), -EAGAIN);
    out.called = "1@evil>\r\nX: y";
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), -EINVAL);
    assert_int_equal(sip_trunk_state(bench.sip, 1), SIP_TRUNK_DISABLED);
}

/* --- health -------------------------------------------------------------------------------- */

static void NFR_12_options_find_a_trunk_down_and_up_again(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);
    const struct sip_call_out out = {.trunk_id = 1, .called = "1", .sdp = bench_sdp(true)};
    handle_t leg;

    (void)state;
    trunk.options_interval_s = 1;
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(sip_trunk_state(bench.sip, 1), SIP_TRUNK_UNKNOWN);
    peer_respond(&peer, peer_expect(&peer, "OPTIONS", "OPTIONS"), 200, "x", "", "");
    bench_until(&bench, &bench.trunk_news, 1);
    assert_int_equal(bench.trunk_state, SIP_TRUNK_UP);
    bench_until(&bench, &bench.trunk_news, 2); /* no answer */
    assert_int_equal(bench.trunk_state, SIP_TRUNK_DOWN);
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), -EAGAIN);
    peer.kept_count = 0;
    while (bench.trunk_news < 3) { /* repeats of old checks may come first */
        const char *options = peer_wait(&peer, "OPTIONS", "OPTIONS", 100);

        if (options)
            peer_respond(&peer, options, 405, "x", "", "");
    }
    assert_int_equal(bench.trunk_state, SIP_TRUNK_UP);
}

static void NFR_12_refusing_trunk_is_down(void **state)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);

    (void)state;
    trunk.options_interval_s = 10;
    bench_set_trunks(&bench, &trunk, 1);
    peer_respond(&peer, peer_expect(&peer, "OPTIONS", "OPTIONS"), 503, "x", "", "");
    bench_until(&bench, &bench.trunk_news, 1);
    assert_int_equal(bench.trunk_state, SIP_TRUNK_DOWN);
    trunk.enabled = false;
    bench_set_trunks(&bench, &trunk, 1);
    bench_until(&bench, &bench.trunk_news, 2);
    assert_int_equal(bench.trunk_state, SIP_TRUNK_DISABLED);
}

/* --- credentials of ours ------------------------------------------------------------------- */

#define CHALLENGE                                                                                  \
    "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"

static struct sip_trunk_conf trunk_with_password(void)
{
    struct sip_trunk_conf trunk = bench_trunk(1, peer.port);

    snprintf(trunk.username, sizeof(trunk.username), "hotline");
    snprintf(trunk.password, sizeof(trunk.password), "pass word@1");
    return trunk;
}

/* The next request with this header and value (NULL = any): on a slow machine requests are repeated
 * before they are answered. */
static const char *expect_with(const char *method, const char *name, const char *value)
{
    char found[1024];

    for (;;) {
        const char *request = peer_expect(&peer, method, method);
        if (message_header(request, name, found, sizeof(found)) &&
            (!value || strcmp(found, value) == 0))
            return request;
    }
}

/* Checks a client's digest by our server's own arithmetic. */
static void check_credentials(const char *request, const char *method, const char *password)
{
    char value[1024], ha1[DIGEST_HEX_SIZE], expected[DIGEST_HEX_SIZE];
    char *params[16] = {0}, *save = NULL;
    struct digest_response r;
    int count = 0;

    assert_true(message_header(request, "Authorization", value, sizeof(value)));
    for (char *p = strtok_r(value + 7, ",", &save); p && count < 15; p = strtok_r(NULL, ",", &save))
        params[count++] = p + strspn(p, " ");
    digest_read((const char *const *)params, &r);
    assert_string_equal(r.username, "hotline");
    digest_ha1(DIGEST_MD5, "hotline", "carrier", password, ha1);
    digest_compute(DIGEST_MD5, ha1, method, &r, expected);
    assert_string_equal(r.response, expected);
}

static void PLAT_02_outgoing_call_answers_a_challenge(void **state)
{
    struct sip_trunk_conf trunk = trunk_with_password();
    const struct sip_call_out out = {.trunk_id = 1, .called = "1", .sdp = bench_sdp(true)};
    const char *again;
    handle_t leg;

    (void)state;
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), 0);
    peer_respond(&peer, peer_expect(&peer, "INVITE", "INVITE"), 401, "x", CHALLENGE, "");
    (void)peer_expect(&peer, "ACK", "ACK");
    again = expect_with("INVITE", "Authorization", NULL);
    check_credentials(again, "INVITE", "pass word@1");
    assert_non_null(strstr(message_body(again), "m=audio 40000"));
    peer_respond(&peer, again, 200, "x", "", peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "ACK", "ACK");
    bench_until(&bench, &bench.established, 1);
}

static void PLAT_02_wrong_credentials_of_ours_end_the_call(void **state)
{
    struct sip_trunk_conf trunk = trunk_with_password();
    const struct sip_call_out out = {.trunk_id = 1, .called = "1", .sdp = bench_sdp(true)};
    handle_t leg;

    (void)state;
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), 0);
    for (int i = 0; i < 5 && bench.endings == 0; i++) {
        const char *request = peer_wait(&peer, "INVITE", "INVITE", 300);
        char challenge[200];

        snprintf(challenge, sizeof(challenge),
                 "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n%d\", algorithm=MD5, "
                 "qop=\"auth\"\r\n",
                 i);
        if (request)
            peer_respond(&peer, request, 401, "x", challenge, "");
    }
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REFUSED);
    assert_int_equal(bench.ended.status, 401);
}

/* A wrong digest, sent for ever, would lock the account: nothing is sent at all. */
static void PLAT_02_a_password_sofia_cannot_carry_is_never_sent(void **state)
{
    struct sip_trunk_conf trunk = trunk_with_password();
    const struct sip_call_out out = {.trunk_id = 1, .called = "1", .sdp = bench_sdp(true)};
    handle_t leg;

    (void)state;
    snprintf(trunk.password, sizeof(trunk.password), "pass:word");
    bench_set_trunks(&bench, &trunk, 1);
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), 0);
    peer_respond(&peer, peer_expect(&peer, "INVITE", "INVITE"), 401, "x", CHALLENGE, "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REFUSED);
    assert_int_equal(bench.ended.status, 401);
    (void)peer_expect(&peer, "ACK", "ACK");
    assert_null(peer_wait(&peer, "INVITE", "INVITE", 200));
}

static void PLAT_02_registers_with_a_provider(void **state)
{
    struct sip_trunk_conf trunk = trunk_with_password();
    const char *request;
    char value[256];

    (void)state;
    trunk.registers = true;
    bench_set_trunks(&bench, &trunk, 1);
    peer_respond(&peer, peer_expect(&peer, "REGISTER", "REGISTER"), 401, "x", CHALLENGE, "");
    request = expect_with("REGISTER", "Authorization", NULL);
    check_credentials(request, "REGISTER", "pass word@1");
    assert_true(message_header(request, "To", value, sizeof(value)));
    assert_non_null(strstr(value, "sip:hotline@127.0.0.1"));
    assert_true(message_header(request, "Contact", value, sizeof(value)));
    snprintf(value + strlen(value), sizeof(value) - strlen(value), ";expires=2\r\n");
    char contact[300];
    snprintf(contact, sizeof(contact), "Contact: %s", value);
    peer_respond(&peer, request, 200, "x", contact, "");
    bench_until(&bench, &bench.trunk_news, 1);
    assert_int_equal(bench.trunk_state, SIP_TRUNK_UP);
    peer_respond(&peer, peer_expect(&peer, "REGISTER", "REGISTER"), 200, "x", contact,
                 ""); /* refresh */
    bench_turn(&bench, 50);
    bench_set_trunks(&bench, NULL, 0);
    request = expect_with("REGISTER", "Expires", "0"); /* goodbye */
    peer_respond(&peer, request, 200, "x", "", "");
}

static void PLAT_02_refused_registration_is_down(void **state)
{
    struct sip_trunk_conf trunk = trunk_with_password();

    (void)state;
    trunk.registers = true;
    bench_set_trunks(&bench, &trunk, 1);
    peer_respond(&peer, peer_expect(&peer, "REGISTER", "REGISTER"), 403, "x", "", "");
    bench_until(&bench, &bench.trunk_news, 1);
    assert_int_equal(bench.trunk_state, SIP_TRUNK_DOWN);
}

/* --- transports ---------------------------------------------------------------------------- */

static void talk_over(enum peer_transport transport, uint16_t port)
{
    struct peer stream;
    struct sip_trunk_conf trunk = bench_trunk(1, port);
    struct peer_dialog d;

    snprintf(trunk.transport, sizeof(trunk.transport), transport == PEER_TCP ? "tcp" : "tls");
    bench_set_trunks(&bench, &trunk, 1);
    peer_open(&stream, bench.loop, transport, port);
    bench_call_in(&bench, &stream, &d);
    dialog_request(&stream, &d, "INVITE", "", peer_sdp(5000, "sendonly"));
    (void)peer_expect(&stream, "SIP/2.0 200", "INVITE");
    dialog_ack(&stream, &d, true, "");
    bench_turn(&bench, 20);
    sip_leg_hangup(bench.sip, bench.invite.leg, 16);
    /* The BYE comes on the connection the call came on. */
    peer_respond(&stream, peer_expect(&stream, "BYE", "BYE"), 200, d.our_tag, "", "");
    bench_until(&bench, &bench.endings, 1);
    peer_close(&stream);
}

static void PLAT_02_call_over_tcp(void **state)
{
    (void)state;
    talk_over(PEER_TCP, bench.port);
}

/* A key and a certificate of its own in a new directory, as sofia wants them. */
static void make_certificate(char dir[64])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    char path[128];
    FILE *file;

    snprintf(dir, 64, "/tmp/sip-tls-XXXXXX");
    assert_non_null(mkdtemp(dir));
    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, i ? "cafile.pem" : "agent.pem");
        file = fopen(path, "w");
        assert_non_null(file);
        PEM_write_X509(file, certificate);
        if (!i)
            PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
        fclose(file);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void PLAT_02_call_over_tls(void **state)
{
    char dir[64], path[128];
    const struct sip_options options = {.tls_dir = dir};

    make_certificate(dir);
    bench_start(&bench, &options);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    talk_over(PEER_TLS, bench.tls_port);
    teardown(state);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, i ? "cafile.pem" : "agent.pem");
        unlink(path);
    }
    rmdir(dir);
}

static void a_taken_port_is_an_error(void **state)
{
    char listen[32];
    const struct sip_options options = {.listen = listen, .realm = "r", .max_legs = 5};
    const struct sip_handlers none = {0};
    struct sip *second = NULL;

    (void)state;
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", bench.port);
    assert_true(sip_create(bench.loop, &options, &none, NULL, &second) < 0);
    assert_null(second);
}

/* Two leaks of Debian's sofia-sip, not ours to mend: tls_free() shuts the SSL of a closed
 * connection down and never frees it, and nua_create() keeps the port of a root when it fails. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:tls_init_secondary\nleak:a_taken_port_is_an_error\n";
}
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0"; /* else the name above is not on the stack */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(PLAT_02_strangers_get_403),
        TEST(PLAT_02_trunk_is_known_by_network),
        TEST(PLAT_02_caller_from_asserted_identity_and_call_header),
        TEST(PLAT_02_trunk_with_digest),
        TEST(NFR_12_channel_limit_in_both_directions),
        cmocka_unit_test(PLAT_02_no_leg_left_is_503),
        TEST(PLAT_02_unknown_or_disabled_trunk_cannot_be_called),
        TEST(NFR_12_options_find_a_trunk_down_and_up_again),
        TEST(NFR_12_refusing_trunk_is_down),
        TEST(PLAT_02_outgoing_call_answers_a_challenge),
        TEST(PLAT_02_wrong_credentials_of_ours_end_the_call),
        TEST(PLAT_02_a_password_sofia_cannot_carry_is_never_sent),
        TEST(PLAT_02_registers_with_a_provider),
        TEST(PLAT_02_refused_registration_is_down),
        TEST(PLAT_02_call_over_tcp),
        cmocka_unit_test(PLAT_02_call_over_tls),
        TEST(a_taken_port_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
