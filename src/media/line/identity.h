/* What the port needs of the process's certificate beyond line.h. */
#ifndef HOTLINED_MEDIA_LINE_IDENTITY_H
#define HOTLINED_MEDIA_LINE_IDENTITY_H

#include <openssl/types.h>

#include "media/line/line.h"

struct line_identity {
    EVP_PKEY *key;        /* owned; P-256 */
    X509 *certificate;    /* owned; self-signed */
    char fingerprint[96]; /* "AB:CD:..." of SHA-256 and the final zero */
};

#endif
