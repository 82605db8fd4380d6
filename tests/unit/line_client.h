/* A browser-like line in C: a small full-ICE agent, DTLS client and SRTP over one real socket
 * (UDP or ICE-TCP). For tests and load tools; one object is one browser. It never blocks: the
 * caller polls line_client_fd() and calls line_client_step(), at least every 20 ms. */
#ifndef HOTLINED_TESTS_LINE_CLIENT_H
#define HOTLINED_TESTS_LINE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_client;

struct line_client_options {
    bool tcp;
    bool cm_only;     /* offer SRTP_AES128_CM_SHA1_80 alone */
    int check_ms;     /* between checks once connected; 0 = 1000 */
    int loss_percent; /* of datagrams in each direction, by rand() */
    const char *own;  /* local address to bind, NULL = any */
    /* Decrypted packets. */
    void (*on_rtp)(struct line_client *client, uint8_t *packet, size_t length, void *arg);
    void (*on_rtcp)(struct line_client *client, uint8_t *packet, size_t length, void *arg);
    void *arg;
};

/* The client's certificate may be shared by thousands: make it once. */
struct line_client_identity;
struct line_client_identity *line_client_identity_make(void); /* NULL = failed */
void line_client_identity_free(struct line_client_identity *identity);

int line_client_create(const struct line_client_identity *identity,
                       const struct line_client_options *options, struct line_client **ret_client);
void line_client_free(struct line_client *client); /* silent: like a killed browser */

/* The offer as Chromium would write it. Length, or -ENOSPC. */
int line_client_offer(struct line_client *client, char *out, size_t size);
/* Takes our answer and starts checking. 0, -EINVAL. */
int line_client_answer(struct line_client *client, const char *answer);
/* Makes new ICE credentials for the next offer (ICE restart); the DTLS session goes on. */
void line_client_restart(struct line_client *client);
/* Another socket, so another address: a network change. 0 or -errno. */
int line_client_move(struct line_client *client);
/* Stops (and resumes) answering and checking, as an unplugged cable does. */
void line_client_mute(struct line_client *client, bool mute);
void line_client_close(struct line_client *client); /* close_notify */

int line_client_fd(const struct line_client *client);
void line_client_step(struct line_client *client, int64_t now_ms);
/* Checks answered and SRTP keys there. */
bool line_client_connected(const struct line_client *client);
bool line_client_failed(const struct line_client *client);          /* DTLS refused */
bool line_client_closed(const struct line_client *client);          /* close_notify came */
unsigned line_client_answers(const struct line_client *client);     /* check responses, all valid */
uint16_t line_client_mapped_port(const struct line_client *client); /* of the last response */

int line_client_send_rtp(struct line_client *client, const uint8_t *packet, size_t length);
int line_client_send_rtcp(struct line_client *client, const uint8_t *packet, size_t length);
/* Bytes as they are, not protected: for hostile tests. */
void line_client_send_raw(struct line_client *client, const uint8_t *bytes, size_t length);

/* For tests that need wrong ones. */
void line_client_spoil_pwd(struct line_client *client);   /* checks fail integrity */
void line_client_spoil_ufrag(struct line_client *client); /* checks name nobody */

#endif
