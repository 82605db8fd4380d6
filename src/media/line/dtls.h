/* The DTLS 1.2 server of one line (RFC 5764, 8842) on OpenSSL, without sockets: datagrams in,
 * datagrams out through a callback. */
#ifndef HOTLINED_MEDIA_LINE_DTLS_H
#define HOTLINED_MEDIA_LINE_DTLS_H

#include <stddef.h>
#include <stdint.h>

#include "media/line/srtp.h"

struct line_identity;
struct line_dtls_context; /* settings shared by a port's lines */
struct line_dtls;         /* one session */

/* Called inside line_dtls_input/timer/close for every datagram to send. */
typedef void (*line_dtls_send_h)(const uint8_t *bytes, size_t length, void *arg);

enum line_dtls_event {
    LINE_DTLS_NOTHING,
    LINE_DTLS_ESTABLISHED, /* once: line_dtls_keys() may be called */
    LINE_DTLS_CLOSED,      /* close_notify came */
    LINE_DTLS_FAILED       /* handshake failed: certificate, no SRTP profile, alert, time */
};

int line_dtls_context_make(const struct line_identity *identity,
                           struct line_dtls_context **ret_context);
void line_dtls_context_free(struct line_dtls_context *context);

/* fingerprint: SHA-256 the peer's certificate must have; copied. 0 or -ENOMEM. */
int line_dtls_new(struct line_dtls_context *context, const uint8_t fingerprint[32],
                  line_dtls_send_h send, void *arg, struct line_dtls **ret_dtls);
void line_dtls_free(struct line_dtls *dtls); /* NULL is fine; sends nothing */
enum line_dtls_event line_dtls_input(struct line_dtls *dtls, const uint8_t *bytes, size_t length);
/* Retransmits what is due. Only needed until ESTABLISHED. */
enum line_dtls_event line_dtls_timer(struct line_dtls *dtls);
/* Sends close_notify if the session stood. */
void line_dtls_close(struct line_dtls *dtls);

/* The SRTP keys of both directions (RFC 5764 4.2), as seen by the server. */
struct line_dtls_keys {
    enum line_srtp_suite suite;
    uint8_t receive_key[LINE_SRTP_KEY_SIZE], receive_salt[LINE_SRTP_SALT_SIZE];
    uint8_t send_key[LINE_SRTP_KEY_SIZE], send_salt[LINE_SRTP_SALT_SIZE];
};
int line_dtls_keys(const struct line_dtls *dtls, struct line_dtls_keys *ret_keys); /* 0, -EIO */

#endif
