/* A browser's DTLS without sockets: datagrams in, records out. */
#ifndef FUZZ_DTLS_CLIENT_H
#define FUZZ_DTLS_CLIENT_H

#include <openssl/ssl.h>

#include "fuzz.h"

enum dtls_client_kind {
    DTLS_BROWSER,
    DTLS_IMPOSTER, /* another certificate than the fingerprint says */
    DTLS_OLD_SRTP, /* only AES128_CM_SHA1_80 */
    DTLS_NO_SRTP,
    DTLS_KINDS
};
enum { DTLS_RECORD = 2000 };

struct dtls_client {
    SSL *ssl;                     /* owned, with its BIOs */
    BIO *to_client, *from_client; /* what it has still to read, and said */
};

/* Of every kind but the imposter. */
const uint8_t *dtls_client_fingerprint(void);
void dtls_client_begin(struct dtls_client *client, enum dtls_client_kind kind);
void dtls_client_end(struct dtls_client *client); /* zeroed memory is fine */
/* Reads what came, says what is next. */
void dtls_client_turn(struct dtls_client *client);
void dtls_client_hear(struct dtls_client *client, const uint8_t *bytes, size_t length);
/* Its next record (datagrams of several are taken apart); 0 = none. */
size_t dtls_client_take(struct dtls_client *client, uint8_t out[DTLS_RECORD]);

#endif
