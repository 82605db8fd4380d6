/* rooms: base sip */
/* with: tests/unit/sip_peer.c tests/unit/sip_bench.c */
/* PLAT-02: desk phones, against a hand-written phone: registration by digest, calls, expiry. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/text.h>

#include "sip/digest.h"
#include "sip_bench.h"

#define REALM "hotline.test"

static struct bench bench;
static struct peer peer;
static struct peer_dialog registration;

static struct sip_phone_conf phone_of(const char *password)
{
    struct sip_phone_conf conf = {.user_id = 7, .extension = "8001"};
    char hash[DIGEST_HEX_SIZE];

    digest_ha1(DIGEST_MD5, "8001", REALM, password, hash);
    (void)text_copy(conf.ha1_md5, sizeof(conf.ha1_md5), hash);
    digest_ha1(DIGEST_SHA256, "8001", REALM, password, hash);
    (void)text_copy(conf.ha1_sha256, sizeof(conf.ha1_sha256), hash);
    return conf;
}

static int setup(void **state)
{
    struct sip_phone_conf phone = phone_of("secret");

    (void)state;
    bench_start(&bench, NULL);
    peer_open(&peer, bench.loop, PEER_UDP, bench.port);
    assert_int_equal(sip_set_phones(bench.sip, &phone, 1), 0);
    dialog_init(&registration, &peer, "8001", "8001", bench.port);
    snprintf(registration.from, sizeof(registration.from), "%s", registration.to);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    peer_close(&peer);
    return 0;
}

/* --- the phone's arithmetic ----------------------------------------------------------------- */

/* The nonce of the challenge for this algorithm. */
static void nonce_of(const char *message, const char *algorithm, char out[128])
{
    const char *line = message, *nonce;

    while ((line = strstr(line, "\r\nWWW-Authenticate:"))) {
        const char *end = strstr(line + 2, "\r\n");
        const char *at = strstr(line, algorithm);
        nonce = strstr(line, "nonce=\"");
        if (at && at < end && nonce && nonce < end) {
            snprintf(out, 128, "%.*s", (int)strcspn(nonce + 7, "\""), nonce + 7);
            return;
        }
        line = end;
    }
    fail_msg("no challenge for %s in: %s", algorithm, message);
}

static void sign(const char *challenge, enum digest_algorithm algorithm, const char *password,
                 const char *method, const char *uri, char *out, size_t size)
{
    const char *name = algorithm == DIGEST_MD5 ? "MD5" : "SHA-256";
    struct digest_response r = {.qop = "auth", .nc = "00000001", .cnonce = "c"};
    char ha1[DIGEST_HEX_SIZE], response[DIGEST_HEX_SIZE];

    nonce_of(challenge, name, r.nonce);
    snprintf(r.uri, sizeof(r.uri), "%s", uri);
    digest_ha1(algorithm, "8001", REALM, password, ha1);
    digest_compute(algorithm, ha1, method, &r, response);
    snprintf(out, size,
             "Authorization: Digest username=\"8001\", realm=\"" REALM "\", nonce=\"%s\", "
             "uri=\"%s\", response=\"%s\", algorithm=%s, qop=auth, nc=00000001, cnonce=\"c\"\r\n",
             r.nonce, uri, response, name);
}

static const char *send_register(const char *extra, const char *answer)
{
    dialog_request(&peer, &registration, "REGISTER", extra, "");
    return peer_expect(&peer, answer, "REGISTER");
}

/* Registers; returns what was sent, to be sent again. */
static const char *sign_up(enum digest_algorithm algorithm, const char *password,
                           const char *expires, const char *answer)
{
    static char extra[1200];
    char authorization[1000];

    sign(send_register("", "SIP/2.0 401"), algorithm, password, "REGISTER", registration.to,
         authorization, sizeof(authorization));
    snprintf(extra, sizeof(extra), "%sExpires: %s\r\n", authorization, expires);
    (void)send_register(extra, answer);
    return extra;
}

static void sign_up_well(void)
{
    (void)sign_up(DIGEST_SHA256, "secret", "300", "SIP/2.0 200");
    bench_until(&bench, &bench.phone_news, 1);
    assert_true(bench.phone_registered && sip_phone_is_registered(bench.sip, 7));
}

/* --- registering ---------------------------------------------------------------------------- */

static void PLAT_02_phone_registers_by_either_digest_and_signs_off(void **state)
{
    (void)state;
    (void)sign_up(DIGEST_MD5, "secret", "300", "SIP/2.0 200");
    bench_until(&bench, &bench.phone_news, 1);
    assert_true(bench.phone_registered);
    (void)sign_up(DIGEST_SHA256, "secret", "0", "SIP/2.0 200");
    bench_until(&bench, &bench.phone_news, 2);
    assert_false(bench.phone_registered || sip_phone_is_registered(bench.sip, 7));
}

static void PLAT_02_wrong_password_is_403(void **state)
{
    (void)state;
    (void)sign_up(DIGEST_SHA256, "guess", "300", "SIP/2.0 403");
    assert_false(sip_phone_is_registered(bench.sip, 7));
}

static void PLAT_02_a_captured_registration_cannot_be_sent_again(void **state)
{
    const char *captured;

    (void)state;
    captured = sign_up(DIGEST_SHA256, "secret", "300", "SIP/2.0 200");
    (void)send_register(captured, "SIP/2.0 401");
}

static void PLAT_02_a_scanner_cannot_tell_which_extensions_exist(void **state)
{
    char authorization[1000];

    (void)state;
    snprintf(registration.to, sizeof(registration.to), "sip:9999@127.0.0.1:%u", bench.port);
    sign(send_register("", "SIP/2.0 401"), DIGEST_SHA256, "x", "REGISTER", registration.to,
         authorization, sizeof(authorization));
    (void)send_register(authorization, "SIP/2.0 403");
}

static void PLAT_02_too_short_a_registration_is_423(void **state)
{
    (void)state;
    (void)sign_up(DIGEST_SHA256, "secret", "5", "SIP/2.0 423");
    assert_false(sip_phone_is_registered(bench.sip, 7));
}

/* --- settings ------------------------------------------------------------------------------- */

static void PLAT_02_settings_published_again_keep_the_registration(void **state)
{
    struct sip_phone_conf phone = phone_of("secret");

    (void)state;
    sign_up_well();
    assert_int_equal(sip_set_phones(bench.sip, &phone, 1), 0);
    assert_true(sip_phone_is_registered(bench.sip, 7));
}

static void PLAT_02_a_new_password_ends_the_old_registration(void **state)
{
    struct sip_phone_conf phone = phone_of("changed");

    (void)state;
    sign_up_well();
    assert_int_equal(sip_set_phones(bench.sip, &phone, 1), 0);
    bench_until(&bench, &bench.phone_news, 2);
    assert_false(bench.phone_registered || sip_phone_is_registered(bench.sip, 7));
    (void)sign_up(DIGEST_SHA256, "changed", "300", "SIP/2.0 200");
}

/* --- calls ---------------------------------------------------------------------------------- */

static void PLAT_02_phone_is_called_where_it_registered_from(void **state)
{
    const struct sip_call_out out = {
        .user_id = 7, .caller = "13877100001", .called = "", .sdp = bench_sdp(true)};
    const char *invite;
    handle_t leg;

    (void)state;
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), -ENOENT);
    sign_up_well();
    assert_int_equal(sip_leg_call(bench.sip, &out, &leg), 0);
    invite = peer_expect(&peer, "INVITE", "INVITE");
    assert_non_null(strstr(invite, "13877100001"));
    peer_respond(&peer, invite, 486, "x", "", "");
    bench_until(&bench, &bench.endings, 1);
    assert_int_equal(bench.ended.end, SIP_END_REFUSED);
    assert_int_equal(bench.ended.status, 486);
}

static void PLAT_02_a_call_from_a_phone_needs_its_password(void **state)
{
    char authorization[1000], target[96];
    struct peer_dialog d;

    (void)state;
    dialog_init(&d, &peer, "8001", "12366", bench.port);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "SIP/2.0 403", "INVITE"); /* not registered */
    dialog_ack(&peer, &d, false, "");
    sign_up_well();
    dialog_init(&d, &peer, "8001", "12366", bench.port);
    snprintf(target, sizeof(target), "%s", d.to);
    dialog_request(&peer, &d, "INVITE", "", peer_sdp(5000, "sendrecv"));
    sign(peer_expect(&peer, "SIP/2.0 401", "INVITE"), DIGEST_SHA256, "secret", "INVITE", target,
         authorization, sizeof(authorization));
    dialog_ack(&peer, &d, false, "");
    bench.answer = ANSWER_REJECT;
    dialog_request(&peer, &d, "INVITE", authorization, peer_sdp(5000, "sendrecv"));
    (void)peer_expect(&peer, "SIP/2.0 404", "INVITE");
    assert_int_equal(bench.invite.user_id, 7);
    assert_int_equal(bench.invite.trunk_id, 0);
    assert_string_equal(bench.invite.caller, "8001");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(PLAT_02_phone_registers_by_either_digest_and_signs_off),
        TEST(PLAT_02_wrong_password_is_403),
        TEST(PLAT_02_a_captured_registration_cannot_be_sent_again),
        TEST(PLAT_02_a_scanner_cannot_tell_which_extensions_exist),
        TEST(PLAT_02_too_short_a_registration_is_423),
        TEST(PLAT_02_settings_published_again_keep_the_registration),
        TEST(PLAT_02_a_new_password_ends_the_old_registration),
        TEST(PLAT_02_phone_is_called_where_it_registered_from),
        TEST(PLAT_02_a_call_from_a_phone_needs_its_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
