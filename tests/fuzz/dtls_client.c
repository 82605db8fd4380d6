/* A browser's DTLS without sockets. */
#include "dtls_client.h"

#include <openssl/err.h>

#include "media/line/identity.h"

static SSL_CTX *contexts[DTLS_KINDS];
static uint8_t fingerprint[EVP_MAX_MD_SIZE];

static SSL_CTX *context_of(const struct line_identity *identity, const char *profiles)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());

    MUST(ctx != NULL);
    MUST(SSL_CTX_use_certificate(ctx, identity->certificate) == 1);
    MUST(SSL_CTX_use_PrivateKey(ctx, identity->key) == 1);
    if (profiles)
        MUST(SSL_CTX_set_tlsext_use_srtp(ctx, profiles) == 0);
    return ctx;
}

static void prepare(void)
{
    static struct line_identity *browser, *imposter; /* for as long as the program runs */

    if (contexts[0])
        return;
    MUST(line_identity_make(&browser) == 0 && line_identity_make(&imposter) == 0);
    MUST(X509_digest(browser->certificate, EVP_sha256(), fingerprint, NULL) == 1);
    contexts[DTLS_BROWSER] = context_of(browser, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
    contexts[DTLS_IMPOSTER] = context_of(imposter, "SRTP_AEAD_AES_128_GCM");
    contexts[DTLS_OLD_SRTP] = context_of(browser, "SRTP_AES128_CM_SHA1_80");
    contexts[DTLS_NO_SRTP] = context_of(browser, NULL);
}

const uint8_t *dtls_client_fingerprint(void)
{
    prepare();
    return fingerprint;
}

void dtls_client_begin(struct dtls_client *client, enum dtls_client_kind kind)
{
    prepare();
    client->ssl = SSL_new(contexts[kind]);
    client->to_client = BIO_new(BIO_s_mem());
    client->from_client = BIO_new(BIO_s_mem());
    MUST(client->ssl && client->to_client && client->from_client);
    BIO_set_mem_eof_return(client->to_client, -1);
    BIO_set_mem_eof_return(client->from_client, -1);
    SSL_set_bio(client->ssl, client->to_client, client->from_client);
    SSL_set_options(client->ssl, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(client->ssl, 1200);
    SSL_set_connect_state(client->ssl);
}

void dtls_client_end(struct dtls_client *client)
{
    SSL_free(client->ssl);
    client->ssl = NULL;
}

void dtls_client_turn(struct dtls_client *client)
{
    char ignored[1024];

    if (SSL_is_init_finished(client->ssl))
        (void)SSL_read(client->ssl, ignored, sizeof(ignored));
    else
        (void)SSL_do_handshake(client->ssl);
    ERR_clear_error();
}

void dtls_client_hear(struct dtls_client *client, const uint8_t *bytes, size_t length)
{
    (void)BIO_write(client->to_client, bytes, (int)length);
}

size_t dtls_client_take(struct dtls_client *client, uint8_t out[DTLS_RECORD])
{
    size_t length;
    int n;

    if (BIO_read(client->from_client, out, 13) != 13)
        return 0;
    length = (size_t)out[11] << 8 | out[12];
    MUST(length + 13 <= DTLS_RECORD);
    n = BIO_read(client->from_client, out + 13, (int)length);
    return n > 0 ? (size_t)n + 13 : 13;
}
