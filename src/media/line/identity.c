/* The process's self-signed certificate, and ICE credentials. */
#include "media/line/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <hotlined/id.h>

#define CERTIFICATE_DAYS 3650 /* browsers look at the fingerprint only */

static int make_certificate(EVP_PKEY *key, X509 **ret_certificate)
{
    X509 *certificate = X509_new();
    unsigned char serial[8];
    uint64_t number = 0;
    X509_NAME *name;
    int error = -EIO;

    if (certificate == NULL)
        return -ENOMEM;
    random_bytes(serial, sizeof(serial));
    for (size_t i = 0; i < sizeof(serial); i++)
        number = number << 8 | serial[i];
    name = X509_get_subject_name(certificate);
    if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * CERTIFICATE_DAYS) == NULL ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"hotlined", -1,
                                   -1, 0) != 1 ||
        X509_set_issuer_name(certificate, name) != 1 || X509_set_pubkey(certificate, key) != 1 ||
        X509_sign(certificate, key, EVP_sha256()) <= 0)
        goto out;
    *ret_certificate = certificate;
    certificate = NULL;
    error = 0;
out:
    X509_free(certificate);
    return error;
}

static int print_fingerprint(struct line_identity *identity)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *at = identity->fingerprint;

    if (X509_digest(identity->certificate, EVP_sha256(), digest, &size) != 1 || size != 32)
        return -EIO;
    for (unsigned i = 0; i < size; i++, at += 3)
        (void)snprintf(at, 4, i + 1 < size ? "%02X:" : "%02X", digest[i]);
    return 0;
}

int line_identity_make(struct line_identity **ret_identity)
{
    struct line_identity *identity = calloc(1, sizeof(*identity));
    int error = -EIO;

    if (identity == NULL)
        return -ENOMEM;
    identity->key = EVP_EC_gen("P-256");
    if (identity->key != NULL)
        error = make_certificate(identity->key, &identity->certificate);
    if (error == 0)
        error = print_fingerprint(identity);
    if (error != 0) {
        line_identity_free(identity);
        return error;
    }
    *ret_identity = identity;
    return 0;
}

void line_identity_free(struct line_identity *identity)
{
    if (identity == NULL)
        return;
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    free(identity);
}

const char *line_identity_fingerprint(const struct line_identity *identity)
{
    return identity->fingerprint;
}

/* 64 ice-chars, so that six random bits make one without bias. */
static void random_text(char *out, size_t length)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[LINE_PWD_LENGTH];

    random_bytes(bytes, (unsigned)length);
    for (size_t i = 0; i < length; i++)
        out[i] = chars[bytes[i] & 63];
    out[length] = '\0';
}

void line_credentials_make(struct line_credentials *ret_credentials)
{
    _Static_assert(LINE_UFRAG_LENGTH <= LINE_PWD_LENGTH, "random_text's buffer");
    random_text(ret_credentials->ufrag, LINE_UFRAG_LENGTH);
    random_text(ret_credentials->pwd, LINE_PWD_LENGTH);
}
