/* A certificate of our own for the first start, so that pages are never served in the clear. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <hotlined/http.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/text.h>

#define VALID_DAYS 3650

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool ok;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *host)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    unsigned char serial[8];
    char names[400];
    BIGNUM *number;
    bool ok;

    random_bytes(serial, sizeof(serial));
    serial[0] &= 0x7F;
    snprintf(names, sizeof(names), "DNS:%s,DNS:localhost,IP:127.0.0.1", host);
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) &&
         X509_set_version(certificate, 2) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS, 0, NULL) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)host, -1, -1,
                                    0) &&
         X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, NID_subject_alt_name, names) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
    BN_free(number);
    return ok;
}

/* Written under another name first: a half-written key would keep the next start from working. */
static int write_pem(const char *path, mode_t mode, const X509 *certificate, const EVP_PKEY *key)
{
    char temporary[600];
    FILE *file = NULL;
    int fd, err = 0;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    (void)unlink(temporary); /* of an earlier attempt; open() says if it is still in the way */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return -errno;
    file = fdopen(fd, "w");
    if (!file) {
        err = -errno;
        close(fd);
        return err;
    }
    if (certificate ? !PEM_write_X509(file, certificate)
                    : !PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL))
        err = -EIO;
    if (fflush(file) || fsync(fd))
        err = -errno;
    if (fclose(file) && !err)
        err = -errno;
    if (!err && rename(temporary, path))
        err = -errno;
    return err;
}

static int make_folder_of(const char *path)
{
    char copy[600];

    if (!text_copy(copy, sizeof(copy), path))
        return -ENAMETOOLONG;
    return mkdir(dirname(copy), 0700) && errno != EEXIST ? -errno : 0;
}

int http_make_certificate(const char *certificate_path, const char *key_path)
{
    char host[65] = "hotlined";
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    int err;

    if (access(certificate_path, R_OK) == 0 && access(key_path, R_OK) == 0)
        return 0;
    err = make_folder_of(certificate_path);
    if (gethostname(host, sizeof(host) - 1) || !host[0])
        text_copy(host, sizeof(host), "hotlined");
    if (!err) {
        key = EVP_EC_gen("P-256");
        certificate = X509_new();
        if (!key || !certificate || !fill(certificate, key, host))
            err = -EIO;
    }
    if (!err)
        err = write_pem(key_path, 0600, NULL, key);
    if (!err)
        err = write_pem(certificate_path, 0644, certificate, NULL);
    if (err)
        log_error("http", "certificate_failed", "path=%s error=%s", log_safe(certificate_path),
                  strerror(-err));
    else
        log_info("http", "certificate_made", "path=%s host=%s", log_safe(certificate_path),
                 log_safe(host));
    X509_free(certificate);
    EVP_PKEY_free(key);
    return err;
}
