/* Digest authentication as a server (RFC 7616 with qop=auth, MD5 and SHA-256).
 *
 * A nonce carries its own birth time and proves by an HMAC that we made it, so unanswered
 * challenges cost nothing. Only nonces that were used with a right response are remembered, with
 * the highest count seen: a captured request cannot be sent a second time. */
#ifndef HOTLINED_SIP_DIGEST_H
#define HOTLINED_SIP_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 };

#define DIGEST_HEX_SIZE   65
#define DIGEST_NONCE_SIZE 81 /* 8 time + 8 random + 24 proof bytes, in hex */

enum { DIGEST_NONCE_LIFE_MS = 120 * 1000, DIGEST_USED_SLOTS = 8192 };

struct digest_used {
    uint64_t random;     /* of the nonce; 0 = free */
    uint64_t expires_ms; /* loop time */
    uint32_t count;      /* highest nc seen */
};

struct digest {
    uint8_t secret[32];
    struct digest_used *used; /* owned, DIGEST_USED_SLOTS, hashed by random */
};

enum digest_verdict {
    DIGEST_GOOD,
    DIGEST_MISSING, /* no credentials: challenge */
    DIGEST_STALE,   /* right nonce form, but old or used up: challenge with stale=true */
    DIGEST_REPLAY,  /* this count was seen: challenge with stale=true, and log */
    DIGEST_WRONG    /* wrong response, unknown algorithm, foreign nonce, no qop */
};

/* The parameters of one Authorization header. Fields not there are "". */
struct digest_response {
    char username[128], realm[64], nonce[128], uri[256], response[DIGEST_HEX_SIZE + 1];
    char algorithm[24], qop[16], nc[12], cnonce[128];
};

int digest_init(struct digest *digest);
void digest_done(struct digest *digest);

/* params: "name=value" texts as sofia splits them, ended by NULL. */
void digest_read(const char *const *params, struct digest_response *ret_response);
void digest_nonce(const struct digest *digest, uint64_t now_ms, char out[DIGEST_NONCE_SIZE]);
/* Writes the value of a WWW-Authenticate header. */
void digest_challenge(const struct digest *digest, enum digest_algorithm algorithm,
                      const char *realm, bool stale, uint64_t now_ms, char *out, size_t size);
/* hex of H(user:realm:password). */
void digest_ha1(enum digest_algorithm algorithm, const char *user, const char *realm,
                const char *password, char out[DIGEST_HEX_SIZE]);
/* hex of the response a client with this HA1 gives; also used to test. */
void digest_compute(enum digest_algorithm algorithm, const char *ha1, const char *method,
                    const struct digest_response *response, char out[DIGEST_HEX_SIZE]);
/* ha1_md5, ha1_sha256: "" = algorithm not allowed. Remembers the count when good. */
enum digest_verdict digest_verify(struct digest *digest, const struct digest_response *response,
                                  const char *realm, const char *method, const char *ha1_md5,
                                  const char *ha1_sha256, uint64_t now_ms);

#endif
