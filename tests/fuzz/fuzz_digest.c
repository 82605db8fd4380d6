/* Digest parameters: read within their fields; only a response made with the password is good,
 * once.
 *
 * The input is lines "name=value" as sofia splits them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "sip/digest.h"

enum { MAX_PARAMS = 24 };
#define REALM "hotlined"
#define NOW   1000000

static struct digest digest;
static char md5[DIGEST_HEX_SIZE], sha256[DIGEST_HEX_SIZE];

#define TEXT(field) MUST(strnlen(field, sizeof(field)) < sizeof(field))

static void check(const struct digest_response *r)
{
    TEXT(r->username);
    TEXT(r->realm);
    TEXT(r->nonce);
    TEXT(r->uri);
    TEXT(r->response);
    TEXT(r->algorithm);
    TEXT(r->qop);
    TEXT(r->nc);
    TEXT(r->cnonce);
}

static enum digest_verdict verify(const struct digest_response *r, uint64_t now_ms)
{
    return digest_verify(&digest, r, REALM, "REGISTER", md5, sha256, now_ms);
}

static bool is_count(const char *nc)
{
    return strlen(nc) == 8 && strspn(nc, "0123456789abcdefABCDEF") == 8 && strspn(nc, "0") != 8;
}

/* The same request made by who knows the password. */
static void signed_request(struct digest_response r)
{
    bool strong = strcasecmp(r.algorithm, "SHA-256") == 0;
    bool known = strong || !*r.algorithm || strcasecmp(r.algorithm, "MD5") == 0;
    char response[DIGEST_HEX_SIZE];
    enum digest_verdict verdict;

    digest_nonce(&digest, NOW, r.nonce);
    strcpy(r.realm, REALM);
    digest_compute(strong ? DIGEST_SHA256 : DIGEST_MD5, strong ? sha256 : md5, "REGISTER", &r,
                   response);
    strcpy(r.response, response);
    verdict = verify(&r, NOW);
    if (!known || strcasecmp(r.qop, "auth") != 0 || !is_count(r.nc) || !*r.cnonce) {
        MUST(verdict == DIGEST_WRONG);
        return;
    }
    MUST(verdict == DIGEST_GOOD || verdict == DIGEST_REPLAY); /* replay: the table is full */
    MUST(verify(&r, NOW + 1) == DIGEST_REPLAY);
    MUST(verify(&r, NOW + DIGEST_NONCE_LIFE_MS + 1) == DIGEST_STALE);
    MUST(verify(&r, NOW - 1) == DIGEST_STALE);
    r.response[strlen(r.response) - 1] ^= 1;
    MUST(verify(&r, NOW) == DIGEST_WRONG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct digest_response r;
    char *params[MAX_PARAMS + 1] = {NULL}, challenge[320];
    unsigned count = 0;

    MUST(digest_init(&digest) == 0);
    digest_ha1(DIGEST_MD5, "8001", REALM, "geheim", md5);
    digest_ha1(DIGEST_SHA256, "8001", REALM, "geheim", sha256);
    while (count < MAX_PARAMS && (params[count] = fuzz_line(&in)))
        count++;
    digest_read((const char *const *)params, &r);
    check(&r);
    MUST(verify(&r, NOW) != DIGEST_GOOD);
    signed_request(r);
    digest_challenge(&digest, count & 1 ? DIGEST_MD5 : DIGEST_SHA256, REALM, count & 2, NOW,
                     challenge, sizeof(challenge));
    MUST(strlen(challenge) < sizeof(challenge) - 1);
    digest_done(&digest);
    for (unsigned i = 0; i < count; i++)
        free(params[i]);
    return 0;
}
