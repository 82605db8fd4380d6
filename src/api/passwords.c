/* Passwords: scrypt (RFC 7914) by OpenSSL, as "scrypt$N$r$p$salt$hash" with base64. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "api/room.h"

/* 16 MB and some 50 ms each. Hashes keep their own parameters, so these may be raised. */
#define SCRYPT_N   16384
#define SCRYPT_R   8
#define SCRYPT_P   1
#define SALT_SIZE  16
#define KEY_SIZE   32
#define MEMORY_MAX (64 * 1024 * 1024)
#define MIN_LENGTH 10
#define MIN_KINDS  3

struct scrypt {
    uint64_t n;
    uint32_t r, p;
    unsigned char salt[64];
    size_t salt_size;
    unsigned char key[64];
    size_t key_size;
};

static int derive(const char *password, const struct scrypt *how, unsigned char *key, size_t size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    uint64_t n = how->n, memory = MEMORY_MAX;
    uint32_t r = how->r, p = how->p;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password,
                                          strlen(password)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)how->salt, how->salt_size),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    int err = context && EVP_KDF_derive(context, key, size, params) == 1 ? 0 : -EIO;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return err;
}

static int decode(const char *text, size_t length, unsigned char *out, size_t size,
                  size_t *ret_size)
{
    unsigned char block[96];
    int decoded;

    if (!length || length % 4 || length > 84)
        return -EINVAL;
    decoded = EVP_DecodeBlock(block, (const unsigned char *)text, (int)length);
    if (decoded < 0)
        return -EINVAL;
    decoded -= text[length - 1] == '=';
    decoded -= text[length - 2] == '=';
    if (decoded <= 0 || (size_t)decoded > size)
        return -EINVAL;
    memcpy(out, block, (size_t)decoded);
    *ret_size = (size_t)decoded;
    return 0;
}

static int parse(const char *hash, struct scrypt *ret)
{
    unsigned long long n;
    unsigned r, p;
    int at = 0;
    const char *salt, *key;

    if (sscanf(hash, "scrypt$%llu$%u$%u$%n", &n, &r, &p, &at) != 3 || !at)
        return -EINVAL;
    salt = hash + at;
    key = strchr(salt, '$');
    if (!key || decode(salt, (size_t)(key - salt), ret->salt, sizeof(ret->salt), &ret->salt_size) ||
        decode(key + 1, strlen(key + 1), ret->key, sizeof(ret->key), &ret->key_size))
        return -EINVAL;
    ret->n = n;
    ret->r = r;
    ret->p = p;
    return 0;
}

int api_password_hash(const char *password, char ret_hash[API_HASH_SIZE])
{
    struct scrypt how = {.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P, .salt_size = SALT_SIZE};
    unsigned char salt[32], key[64];
    int err;

    random_bytes(how.salt, SALT_SIZE);
    err = derive(password, &how, how.key, KEY_SIZE);
    if (err)
        return err;
    EVP_EncodeBlock(salt, how.salt, SALT_SIZE);
    EVP_EncodeBlock(key, how.key, KEY_SIZE);
    snprintf(ret_hash, API_HASH_SIZE, "scrypt$%d$%d$%d$%s$%s", SCRYPT_N, SCRYPT_R, SCRYPT_P,
             (const char *)salt, (const char *)key);
    return 0;
}

bool api_password_matches(const char *password, const char *hash)
{
    struct scrypt how = {.n = SCRYPT_N, .r = SCRYPT_R, .p = SCRYPT_P, .salt_size = SALT_SIZE};
    unsigned char key[64];
    bool is_hash = parse(hash, &how) == 0;

    /* Somebody unknown must not be told by being refused faster. */
    if (!is_hash)
        how = (struct scrypt){.n = SCRYPT_N,
                              .r = SCRYPT_R,
                              .p = SCRYPT_P,
                              .salt_size = SALT_SIZE,
                              .key_size = KEY_SIZE};
    if (derive(password, &how, key, how.key_size))
        return false;
    return is_hash && CRYPTO_memcmp(key, how.key, how.key_size) == 0;
}

const char *api_password_weakness(const char *password, const char *login)
{
    bool lower = false, upper = false, digit = false, other = false;
    size_t length = strlen(password);

    for (const char *c = password; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            lower = true;
        else if (*c >= 'A' && *c <= 'Z')
            upper = true;
        else if (*c >= '0' && *c <= '9')
            digit = true;
        else
            other = true;
    }
    if (length < MIN_LENGTH)
        return "密码至少 10 个字符";
    if (length > 200)
        return "密码不能超过 200 个字符";
    if (lower + upper + digit + other < MIN_KINDS)
        return "密码应包含大写字母、小写字母、数字、符号中的至少三种";
    if (login && login[0] && strcasestr(password, login))
        return "密码不能包含登录名";
    return NULL;
}
