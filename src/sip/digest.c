/* Digest authentication as a server. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <hotlined/id.h>
#include <hotlined/text.h>

#include "sip/digest.h"

enum { PROOF_BYTES = 24, STAMP_BYTES = 16, PROBES = 16 };

int digest_init(struct digest *digest)
{
    digest->used = calloc(DIGEST_USED_SLOTS, sizeof(*digest->used));
    if (!digest->used)
        return -ENOMEM;
    random_bytes(digest->secret, sizeof(digest->secret));
    return 0;
}

void digest_done(struct digest *digest)
{
    free(digest->used);
    digest->used = NULL;
    OPENSSL_cleanse(digest->secret, sizeof(digest->secret));
}

static void to_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = 0;
}

static bool from_hex(const char *text, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned byte;

        if (!isxdigit((unsigned char)text[2 * i]) || !isxdigit((unsigned char)text[2 * i + 1]) ||
            sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}

/* --- parameters ---------------------------------------------------------------------------- */

static void unquote(const char *value, char *out, size_t size)
{
    size_t length = 0;

    if (*value != '"') {
        (void)text_copy(out, size, value);
        return;
    }
    for (value++; *value && *value != '"' && length + 1 < size; value++) {
        if (*value == '\\' && value[1])
            value++;
        out[length++] = *value;
    }
    out[length] = 0;
}

void digest_read(const char *const *params, struct digest_response *ret_response)
{
    struct digest_response r = {0};
    const struct {
        const char *name;
        char *value;
        size_t size;
    } fields[] = {
        {"username", r.username, sizeof(r.username)},
        {"realm", r.realm, sizeof(r.realm)},
        {"nonce", r.nonce, sizeof(r.nonce)},
        {"uri", r.uri, sizeof(r.uri)},
        {"response", r.response, sizeof(r.response)},
        {"algorithm", r.algorithm, sizeof(r.algorithm)},
        {"qop", r.qop, sizeof(r.qop)},
        {"nc", r.nc, sizeof(r.nc)},
        {"cnonce", r.cnonce, sizeof(r.cnonce)},
    };

    for (; params && *params; params++) {
        const char *equals = strchr(*params, '=');

        for (size_t i = 0; equals && i < sizeof(fields) / sizeof(fields[0]); i++)
            if (strlen(fields[i].name) == (size_t)(equals - *params) &&
                strncasecmp(*params, fields[i].name, (size_t)(equals - *params)) == 0)
                unquote(equals + 1, fields[i].value, fields[i].size);
    }
    *ret_response = r;
}

/* --- hashing ------------------------------------------------------------------------------- */

/* hex of H(part:part:...). */
static void hash_joined(enum digest_algorithm algorithm, char out[DIGEST_HEX_SIZE],
                        const char *const *parts)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    bool good = context && EVP_DigestInit_ex(
                               context, algorithm == DIGEST_MD5 ? EVP_md5() : EVP_sha256(), NULL);

    for (size_t i = 0; good && parts[i]; i++)
        good = (i == 0 || EVP_DigestUpdate(context, ":", 1)) &&
               EVP_DigestUpdate(context, parts[i], strlen(parts[i]));
    out[0] = 0; /* matches nothing */
    if (good && EVP_DigestFinal_ex(context, hash, &size) && 2 * size < DIGEST_HEX_SIZE)
        to_hex(hash, size, out);
    EVP_MD_CTX_free(context);
}

void digest_ha1(enum digest_algorithm algorithm, const char *user, const char *realm,
                const char *password, char out[DIGEST_HEX_SIZE])
{
    hash_joined(algorithm, out, (const char *[]){user, realm, password, NULL});
}

void digest_compute(enum digest_algorithm algorithm, const char *ha1, const char *method,
                    const struct digest_response *r, char out[DIGEST_HEX_SIZE])
{
    char ha2[DIGEST_HEX_SIZE];

    hash_joined(algorithm, ha2, (const char *[]){method, r->uri, NULL});
    hash_joined(algorithm, out,
                (const char *[]){ha1, r->nonce, r->nc, r->cnonce, r->qop, ha2, NULL});
}

/* --- nonces -------------------------------------------------------------------------------- */

static void prove(const struct digest *digest, const uint8_t stamp[STAMP_BYTES],
                  uint8_t proof[PROOF_BYTES])
{
    uint8_t full[EVP_MAX_MD_SIZE] = {0};
    unsigned size = 0;

    (void)HMAC(EVP_sha256(), digest->secret, sizeof(digest->secret), stamp, STAMP_BYTES, full,
               &size);
    memcpy(proof, full, PROOF_BYTES);
}

void digest_nonce(const struct digest *digest, uint64_t now_ms, char out[DIGEST_NONCE_SIZE])
{
    uint8_t raw[STAMP_BYTES + PROOF_BYTES];

    memcpy(raw, &now_ms, sizeof(now_ms));
    random_bytes(raw + 8, 8);
    raw[8] |= 1; /* 0 means a free slot */
    prove(digest, raw, raw + STAMP_BYTES);
    to_hex(raw, sizeof(raw), out);
}

void digest_challenge(const struct digest *digest, enum digest_algorithm algorithm,
                      const char *realm, bool stale, uint64_t now_ms, char *out, size_t size)
{
    char nonce[DIGEST_NONCE_SIZE];

    digest_nonce(digest, now_ms, nonce);
    snprintf(out, size, "Digest realm=\"%s\", nonce=\"%s\", algorithm=%s, qop=\"auth\"%s", realm,
             nonce, algorithm == DIGEST_MD5 ? "MD5" : "SHA-256", stale ? ", stale=true" : "");
}

static bool nonce_is_ours(const struct digest *digest, const char *text, uint64_t *ret_born_ms,
                          uint64_t *ret_random)
{
    uint8_t raw[STAMP_BYTES + PROOF_BYTES], proof[PROOF_BYTES];

    if (strlen(text) != 2 * sizeof(raw) || !from_hex(text, raw, sizeof(raw)))
        return false;
    prove(digest, raw, proof);
    if (CRYPTO_memcmp(proof, raw + STAMP_BYTES, PROOF_BYTES) != 0)
        return false;
    memcpy(ret_born_ms, raw, 8);
    memcpy(ret_random, raw + 8, 8);
    return true;
}

/* False when this count was used before, or when too many nonces are alive to remember another
 * (then the client is asked to come with a fresh one rather than to be believed unchecked). */
static bool use_count(struct digest *digest, uint64_t random, uint32_t count, uint64_t expires_ms,
                      uint64_t now_ms)
{
    struct digest_used *free_slot = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct digest_used *used = &digest->used[(random + i) % DIGEST_USED_SLOTS];

        if (used->random == random) {
            if (count <= used->count)
                return false;
            used->count = count;
            return true;
        }
        if (!free_slot && (used->random == 0 || used->expires_ms < now_ms))
            free_slot = used;
    }
    if (!free_slot)
        return false;
    *free_slot = (struct digest_used){random, expires_ms, count};
    return true;
}

/* --- the verdict --------------------------------------------------------------------------- */

static bool algorithm_of(const char *name, enum digest_algorithm *ret_algorithm)
{
    if (!*name || strcasecmp(name, "MD5") == 0)
        *ret_algorithm = DIGEST_MD5;
    else if (strcasecmp(name, "SHA-256") == 0)
        *ret_algorithm = DIGEST_SHA256;
    else
        return false;
    return true;
}

static bool count_of(const char *text, uint32_t *ret_count)
{
    uint8_t raw[4];

    if (strlen(text) != 8 || !from_hex(text, raw, sizeof(raw)))
        return false;
    *ret_count = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    return *ret_count > 0;
}

static void lower(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

enum digest_verdict digest_verify(struct digest *digest, const struct digest_response *response,
                                  const char *realm, const char *method, const char *ha1_md5,
                                  const char *ha1_sha256, uint64_t now_ms)
{
    struct digest_response r = *response;
    enum digest_algorithm algorithm;
    char expected[DIGEST_HEX_SIZE];
    uint64_t born_ms, random;
    uint32_t count;
    const char *ha1;

    if (!*r.nonce)
        return DIGEST_MISSING;
    if (!algorithm_of(r.algorithm, &algorithm) || strcasecmp(r.qop, "auth") != 0 ||
        !count_of(r.nc, &count) || !*r.cnonce || strcmp(r.realm, realm) != 0)
        return DIGEST_WRONG;
    ha1 = algorithm == DIGEST_MD5 ? ha1_md5 : ha1_sha256;
    digest_compute(algorithm, ha1, method, &r, expected);
    lower(r.response);
    if (!*ha1 || !*expected || strlen(expected) != strlen(r.response) ||
        CRYPTO_memcmp(expected, r.response, strlen(expected)) != 0)
        return DIGEST_WRONG;
    /* The password is right from here on; a nonce of a former run is merely stale. */
    if (!nonce_is_ours(digest, r.nonce, &born_ms, &random) || born_ms > now_ms ||
        now_ms - born_ms > DIGEST_NONCE_LIFE_MS)
        return DIGEST_STALE;
    if (!use_count(digest, random, count, born_ms + DIGEST_NONCE_LIFE_MS, now_ms))
        return DIGEST_REPLAY;
    return DIGEST_GOOD;
}
