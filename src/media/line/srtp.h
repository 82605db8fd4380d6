/* SRTP and SRTCP (RFC 3711, RFC 7714) for one direction of one line, written on OpenSSL's EVP
 * because the packaged libsrtp slows down with every context it holds.
 *
 * What a later ledger must save is struct line_srtp_state: plain data, no pointers. The cipher
 * contexts beside it are made from it. An index is never used twice under one key: sending an
 * old sequence number again is refused, and so is a packet heard twice. */
#ifndef HOTLINED_MEDIA_LINE_SRTP_H
#define HOTLINED_MEDIA_LINE_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

/* Values of the DTLS-SRTP registry (RFC 5764 4.1.2, RFC 7714 14.2). */
enum line_srtp_suite { LINE_SRTP_CM_SHA1_80 = 1, LINE_SRTP_GCM = 7 };

#define LINE_SRTP_KEY_SIZE  16
#define LINE_SRTP_SALT_SIZE 14 /* GCM uses the first 12 */
#define LINE_SRTP_SOURCES   4
#define LINE_SRTP_OVERHEAD  20 /* most a protected packet grows: SRTCP tag and index */

/* One SSRC of this direction. */
struct line_srtp_source {
    uint32_t ssrc;
    bool used, rtp_any, rtcp_any; /* *_any: the fields of that protocol mean something */
    uint32_t age;                 /* of last use; the oldest listened source is replaced */
    uint32_t rtcp_highest;        /* SRTCP index */
    uint64_t highest;             /* 48-bit index: roll-over counter and sequence number */
    uint64_t window;              /* bit n: index highest - n was used */
    uint64_t rtcp_window;
};

struct line_srtp_state {
    enum line_srtp_suite suite;
    bool sender;
    uint8_t key[LINE_SRTP_KEY_SIZE];
    uint8_t salt[LINE_SRTP_SALT_SIZE];
    uint32_t clock;     /* counts packets, for source age */
    uint32_t rtcp_next; /* sender: next SRTCP index, one counter for all sources */
    struct line_srtp_source sources[LINE_SRTP_SOURCES];
};

struct line_srtp {
    struct line_srtp_state state;
    EVP_CIPHER_CTX *rtp_cipher, *rtcp_cipher; /* owned */
    EVP_MAC_CTX *rtp_mac, *rtcp_mac;          /* owned; CM suite only */
    uint8_t rtp_salt[LINE_SRTP_SALT_SIZE];    /* derived */
    uint8_t rtcp_salt[LINE_SRTP_SALT_SIZE];
};

/* Master key 16 bytes, salt 12 (GCM) or 14. 0 or -ENOMEM / -EIO; zeroed memory is fine for
 * line_srtp_done(). */
int line_srtp_init(struct line_srtp *srtp, enum line_srtp_suite suite, bool sender,
                   const uint8_t *key, const uint8_t *salt);
void line_srtp_done(struct line_srtp *srtp); /* wipes the keys */
size_t line_srtp_salt_size(enum line_srtp_suite suite);

/* In place; *length grows by at most LINE_SRTP_OVERHEAD, which must fit into capacity.
 * -EINVAL no RTP/RTCP header, -EMSGSIZE, -EALREADY index used, -ENOSPC too many sources,
 * -EKEYEXPIRED index space used up, -EIO. */
int line_srtp_protect(struct line_srtp *srtp, uint8_t *packet, size_t *length, size_t capacity);
int line_srtcp_protect(struct line_srtp *srtp, uint8_t *packet, size_t *length, size_t capacity);
/* In place; *length shrinks. -EINVAL malformed, -EBADMSG tag wrong, -EALREADY replayed or too
 * old. Nothing of the state changes unless the packet was right. */
int line_srtp_unprotect(struct line_srtp *srtp, uint8_t *packet, size_t *length);
int line_srtcp_unprotect(struct line_srtp *srtp, uint8_t *packet, size_t *length);

#endif
