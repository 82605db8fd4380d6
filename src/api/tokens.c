/* Tokens of sessions and of keys: 256 random bits, of which only the SHA-256 is kept. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "api/room.h"

void api_token_make(char out[API_TOKEN_SIZE])
{
    unsigned char bytes[32];
    unsigned char text[48];

    random_bytes(bytes, sizeof(bytes));
    EVP_EncodeBlock(text, bytes, sizeof(bytes));
    text[43] = 0; /* without the padding */
    for (char *c = (char *)text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    memcpy(out, text, 44);
}

void api_token_hash(const char *token, char out[API_TOKEN_HASH_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    out[0] = 0; /* no digest, nobody */
    if (EVP_Digest(token, strlen(token), digest, &size, EVP_sha256(), NULL) != 1)
        return;
    for (unsigned i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
