/* DTLS 1.2 server sessions over memory. */
#include "media/line/dtls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "media/line/identity.h"

#define DTLS_MTU            1200 /* fits every path a browser uses, TCP framing and VPNs included */
#define RETRANSMIT_FIRST_US 100000u
#define RETRANSMIT_LAST_US  2000000u
#define CERTIFICATE_MAX     8192 /* bytes of the peer's chain */

struct line_dtls_context {
    SSL_CTX *ssl_ctx;
    BIO_METHOD *bio_method;
};

struct line_dtls {
    SSL *ssl; /* owned; owns its BIO */
    line_dtls_send_h send;
    void *arg;
    const uint8_t *in; /* datagram being fed, NULL = none */
    size_t in_length;
    uint8_t fingerprint[32];
    bool established, over;
};

/* --- datagram BIO -------------------------------------------------------------------------- */

static int bio_write(BIO *bio, const char *bytes, int length)
{
    struct line_dtls *dtls = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    dtls->send((const uint8_t *)bytes, (size_t)length, dtls->arg);
    return length; /* a lost datagram is the retransmission timer's business */
}

static int bio_read(BIO *bio, char *out, int size)
{
    struct line_dtls *dtls = BIO_get_data(bio);
    size_t length = dtls->in_length;

    BIO_clear_retry_flags(bio);
    if (dtls->in == NULL || size < 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (length > (size_t)size)
        length = (size_t)size;
    memcpy(out, dtls->in, length);
    dtls->in = NULL;
    return (int)length;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return DTLS_MTU;
    default:
        return 0;
    }
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *make_bio_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hotlined line");

    if (method == NULL)
        return NULL;
    if (BIO_meth_set_write(method, bio_write) != 1 || BIO_meth_set_read(method, bio_read) != 1 ||
        BIO_meth_set_ctrl(method, bio_ctrl) != 1 || BIO_meth_set_create(method, bio_create) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

/* --- context ------------------------------------------------------------------------------- */

/* Replaces chain building: a browser's certificate is self-signed, its hash came with the offer
 * over HTTPS, and the hash is all that counts. */
static int verify_certificate(X509_STORE_CTX *store, void *arg)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct line_dtls *dtls = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    (void)arg;
    if (certificate != NULL && X509_digest(certificate, EVP_sha256(), digest, &size) == 1 &&
        size == sizeof(dtls->fingerprint) && CRYPTO_memcmp(digest, dtls->fingerprint, size) == 0)
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static bool configure(SSL_CTX *ctx, const struct line_identity *identity)
{
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_certificate, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, CERTIFICATE_MAX);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_SINGLE_ECDH_USE |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_use_certificate(ctx, identity->certificate) == 1 &&
           SSL_CTX_use_PrivateKey(ctx, identity->key) == 1 &&
           SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                        "ECDHE-ECDSA-CHACHA20-POLY1305:"
                                        "ECDHE-ECDSA-AES256-GCM-SHA384") == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
           /* 0 is success here, unlike everywhere else in OpenSSL */
           SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80") == 0;
}

int line_dtls_context_make(const struct line_identity *identity,
                           struct line_dtls_context **ret_context)
{
    struct line_dtls_context *context = calloc(1, sizeof(*context));
    int error = -ENOMEM;

    if (context == NULL)
        return -ENOMEM;
    context->bio_method = make_bio_method();
    context->ssl_ctx = SSL_CTX_new(DTLS_server_method());
    if (context->bio_method == NULL || context->ssl_ctx == NULL)
        goto out;
    error = configure(context->ssl_ctx, identity) ? 0 : -EIO;
out:
    ERR_clear_error();
    if (error != 0)
        line_dtls_context_free(context);
    else
        *ret_context = context;
    return error;
}

void line_dtls_context_free(struct line_dtls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ssl_ctx);
    BIO_meth_free(context->bio_method);
    free(context);
}

/* --- sessions ------------------------------------------------------------------------------ */

static unsigned next_timeout(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    if (last_us == 0)
        return RETRANSMIT_FIRST_US;
    return last_us * 2 < RETRANSMIT_LAST_US ? last_us * 2 : RETRANSMIT_LAST_US;
}

int line_dtls_new(struct line_dtls_context *context, const uint8_t fingerprint[32],
                  line_dtls_send_h send, void *arg, struct line_dtls **ret_dtls)
{
    struct line_dtls *dtls = calloc(1, sizeof(*dtls));
    BIO *bio = NULL;

    if (dtls == NULL)
        return -ENOMEM;
    dtls->send = send;
    dtls->arg = arg;
    memcpy(dtls->fingerprint, fingerprint, sizeof(dtls->fingerprint));
    dtls->ssl = SSL_new(context->ssl_ctx);
    bio = BIO_new(context->bio_method);
    if (dtls->ssl == NULL || bio == NULL || DTLS_set_link_mtu(dtls->ssl, DTLS_MTU) != 1) {
        BIO_free(bio);
        line_dtls_free(dtls);
        return -ENOMEM;
    }
    BIO_set_data(bio, dtls);
    SSL_set_bio(dtls->ssl, bio, bio);
    SSL_set_app_data(dtls->ssl, dtls);
    DTLS_set_timer_cb(dtls->ssl, next_timeout);
    SSL_set_accept_state(dtls->ssl);
    *ret_dtls = dtls;
    return 0;
}

void line_dtls_free(struct line_dtls *dtls)
{
    if (dtls == NULL)
        return;
    SSL_free(dtls->ssl);
    free(dtls);
}

static enum line_dtls_event finish(struct line_dtls *dtls, enum line_dtls_event event)
{
    dtls->over = true;
    return event;
}

static enum line_dtls_event handshake(struct line_dtls *dtls)
{
    int result = SSL_do_handshake(dtls->ssl);
    int error = SSL_get_error(dtls->ssl, result);

    if (result == 1) {
        dtls->established = true;
        return SSL_get_selected_srtp_profile(dtls->ssl) != NULL ? LINE_DTLS_ESTABLISHED
                                                                : finish(dtls, LINE_DTLS_FAILED);
    }
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return LINE_DTLS_NOTHING;
    return finish(dtls, LINE_DTLS_FAILED);
}

/* Application data has no meaning on a line; what matters is the alert behind it. */
static enum line_dtls_event drain(struct line_dtls *dtls)
{
    char ignored[2048];
    int result, error;

    do
        result = SSL_read(dtls->ssl, ignored, sizeof(ignored));
    while (result > 0);
    error = SSL_get_error(dtls->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return LINE_DTLS_NOTHING;
    return finish(dtls, error == SSL_ERROR_ZERO_RETURN ? LINE_DTLS_CLOSED : LINE_DTLS_FAILED);
}

enum line_dtls_event line_dtls_input(struct line_dtls *dtls, const uint8_t *bytes, size_t length)
{
    enum line_dtls_event event;

    if (dtls->over)
        return LINE_DTLS_NOTHING;
    dtls->in = bytes;
    dtls->in_length = length;
    event = dtls->established ? drain(dtls) : handshake(dtls);
    dtls->in = NULL;
    ERR_clear_error();
    return event;
}

enum line_dtls_event line_dtls_timer(struct line_dtls *dtls)
{
    int result;

    if (dtls->over || dtls->established)
        return LINE_DTLS_NOTHING;
    result = (int)DTLSv1_handle_timeout(dtls->ssl);
    ERR_clear_error();
    return result < 0 ? finish(dtls, LINE_DTLS_FAILED) : LINE_DTLS_NOTHING;
}

void line_dtls_close(struct line_dtls *dtls)
{
    if (dtls->established && !dtls->over)
        (void)SSL_shutdown(dtls->ssl); /* one way: we do not wait for theirs */
    dtls->over = true;
    ERR_clear_error();
}

int line_dtls_keys(const struct line_dtls *dtls, struct line_dtls_keys *ret_keys)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    uint8_t material[2 * (LINE_SRTP_KEY_SIZE + LINE_SRTP_SALT_SIZE)];
    struct line_dtls_keys keys = {0};
    size_t salt;
    const uint8_t *at = material;

    if (profile == NULL)
        return -EIO;
    keys.suite = profile->id == SRTP_AEAD_AES_128_GCM ? LINE_SRTP_GCM : LINE_SRTP_CM_SHA1_80;
    salt = line_srtp_salt_size(keys.suite);
    if (SSL_export_keying_material(dtls->ssl, material, 2 * (LINE_SRTP_KEY_SIZE + salt), label,
                                   sizeof(label) - 1, NULL, 0, 0) != 1) {
        ERR_clear_error();
        return -EIO;
    }
    /* client key, server key, client salt, server salt */
    memcpy(keys.receive_key, at, LINE_SRTP_KEY_SIZE);
    memcpy(keys.send_key, at + LINE_SRTP_KEY_SIZE, LINE_SRTP_KEY_SIZE);
    memcpy(keys.receive_salt, at + 2 * LINE_SRTP_KEY_SIZE, salt);
    memcpy(keys.send_salt, at + 2 * LINE_SRTP_KEY_SIZE + salt, salt);
    OPENSSL_cleanse(material, sizeof(material));
    *ret_keys = keys;
    return 0;
}
