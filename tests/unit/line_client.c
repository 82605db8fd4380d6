/* A browser-like line: ICE checks, DTLS client, SRTP on one socket. */
#include "line_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "media/line/identity.h"
#include "media/line/srtp.h"
#include "media/line/stun.h"

#define FAST_CHECK_MS 20 /* until the first answer */
#define DATAGRAM      1500

struct line_client_identity {
    struct line_identity *certificate;
    BIO_METHOD *bio_method;
};

struct line_client {
    const struct line_client_identity *identity;
    struct line_client_options options;
    int fd;
    struct sockaddr_in server;
    bool muted, answered, checked, keyed, failed, closed;
    char ufrag[9], pwd[25];
    char server_ufrag[257], server_pwd[257], server_fingerprint[96];
    unsigned answers, version;
    uint16_t mapped_port;
    int64_t check_at_ms;
    SSL_CTX *ssl_ctx;
    SSL *ssl;
    const uint8_t *in; /* datagram being fed to DTLS */
    size_t in_length;
    struct line_srtp tx, rx;
    uint8_t stream[8192]; /* ICE-TCP bytes not yet framed */
    size_t stream_length;
};

static bool lost(const struct line_client *client)
{
    return client->options.loss_percent > 0 && rand() % 100 < client->options.loss_percent;
}

/* --- identity ------------------------------------------------------------------------------ */

static int bio_write(BIO *bio, const char *bytes, int length)
{
    BIO_clear_retry_flags(bio);
    line_client_send_raw(BIO_get_data(bio), (const uint8_t *)bytes, (size_t)length);
    return length;
}

static int bio_read(BIO *bio, char *out, int size)
{
    struct line_client *client = BIO_get_data(bio);
    size_t length = client->in_length;

    BIO_clear_retry_flags(bio);
    if (client->in == NULL) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (length > (size_t)size)
        length = (size_t)size;
    memcpy(out, client->in, length);
    client->in = NULL;
    return (int)length;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

struct line_client_identity *line_client_identity_make(void)
{
    struct line_client_identity *identity = calloc(1, sizeof(*identity));

    if (identity == NULL)
        return NULL;
    identity->bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "line client");
    if (identity->bio_method == NULL || line_identity_make(&identity->certificate) != 0 ||
        BIO_meth_set_write(identity->bio_method, bio_write) != 1 ||
        BIO_meth_set_read(identity->bio_method, bio_read) != 1 ||
        BIO_meth_set_ctrl(identity->bio_method, bio_ctrl) != 1 ||
        BIO_meth_set_create(identity->bio_method, bio_create) != 1) {
        line_client_identity_free(identity);
        return NULL;
    }
    return identity;
}

void line_client_identity_free(struct line_client_identity *identity)
{
    if (identity == NULL)
        return;
    line_identity_free(identity->certificate);
    BIO_meth_free(identity->bio_method);
    free(identity);
}

/* --- life ---------------------------------------------------------------------------------- */

static void random_ice_text(char *out, size_t length)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[32];

    if (RAND_bytes(bytes, (int)length) != 1)
        abort();
    for (size_t i = 0; i < length; i++)
        out[i] = chars[bytes[i] & 63];
    out[length] = '\0';
}

/* Any certificate passes OpenSSL; the fingerprint is compared once the handshake stands. */
static int verify_any(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

/* Browsers repeat flights early: 50 ms, then twice as long each time. */
static unsigned next_timeout(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    return last_us == 0 ? 50000 : last_us < 1000000 ? last_us * 2 : 2000000;
}

static int make_dtls(struct line_client *client)
{
    const char *profiles = client->options.cm_only ? "SRTP_AES128_CM_SHA1_80"
                                                   : "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
    BIO *bio = BIO_new(client->identity->bio_method);

    client->ssl_ctx = SSL_CTX_new(DTLS_client_method());
    if (client->ssl_ctx == NULL || bio == NULL)
        goto fail;
    SSL_CTX_set_verify(client->ssl_ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(client->ssl_ctx, verify_any, NULL);
    SSL_CTX_set_options(client->ssl_ctx, SSL_OP_NO_QUERY_MTU);
    if (SSL_CTX_use_certificate(client->ssl_ctx, client->identity->certificate->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(client->ssl_ctx, client->identity->certificate->key) != 1 ||
        SSL_CTX_set_tlsext_use_srtp(client->ssl_ctx, profiles) != 0)
        goto fail;
    client->ssl = SSL_new(client->ssl_ctx);
    if (client->ssl == NULL || DTLS_set_link_mtu(client->ssl, 1200) != 1)
        goto fail;
    BIO_set_data(bio, client);
    SSL_set_bio(client->ssl, bio, bio);
    DTLS_set_timer_cb(client->ssl, next_timeout);
    SSL_set_connect_state(client->ssl);
    return 0;
fail:
    BIO_free(bio);
    return -ENOMEM;
}

int line_client_create(const struct line_client_identity *identity,
                       const struct line_client_options *options, struct line_client **ret_client)
{
    struct line_client *client = calloc(1, sizeof(*client));

    if (client == NULL)
        return -ENOMEM;
    client->identity = identity;
    client->options = *options;
    client->fd = -1;
    random_ice_text(client->ufrag, 4);
    random_ice_text(client->pwd, 24);
    if (make_dtls(client) != 0) {
        line_client_free(client);
        return -ENOMEM;
    }
    *ret_client = client;
    return 0;
}

void line_client_free(struct line_client *client)
{
    if (client == NULL)
        return;
    SSL_free(client->ssl);
    SSL_CTX_free(client->ssl_ctx);
    if (client->keyed) {
        line_srtp_done(&client->tx);
        line_srtp_done(&client->rx);
    }
    if (client->fd >= 0)
        (void)close(client->fd);
    free(client);
}

int line_client_move(struct line_client *client)
{
    int type = client->options.tcp ? SOCK_STREAM : SOCK_DGRAM;
    struct sockaddr_in own = {.sin_family = AF_INET};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (client->options.own != NULL)
        (void)inet_pton(AF_INET, client->options.own, &own.sin_addr);
    /* connect() before O_NONBLOCK: on loopback a listener's queue takes it at once */
    if ((client->options.own != NULL && bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0) ||
        connect(fd, (struct sockaddr *)&client->server, sizeof(client->server)) < 0) {
        int error = -errno;
        (void)close(fd);
        return error;
    }
    if (client->fd >= 0)
        (void)close(client->fd);
    client->fd = fd;
    client->stream_length = 0;
    client->check_at_ms = 0;
    client->checked = false;
    return 0;
}

/* --- offer and answer ---------------------------------------------------------------------- */

int line_client_offer(struct line_client *client, char *out, size_t size)
{
    int n = snprintf(
        out, size,
        "v=0\r\no=- 4611731400430051336 %u IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        "a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 8 0 13 126\r\nc=IN IP4 0.0.0.0\r\n"
        "a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle\r\n"
        "a=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\n"
        "a=msid:- 5a2ca1f2-7f2d-4aa5-a0b7-2a1d5a3c7b11\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n"
        "a=rtpmap:126 telephone-event/8000\r\na=ssrc:3570614608 cname:4TOk42mSjXCkVIa6\r\n",
        ++client->version, client->ufrag, client->pwd,
        line_identity_fingerprint(client->identity->certificate));

    return n > 0 && (size_t)n < size ? n : -ENOSPC;
}

/* The rest of the line that begins with prefix. */
static bool line_after(const char *text, const char *prefix, char *out, size_t size)
{
    const char *at = strstr(text, prefix);
    size_t length;

    if (at == NULL)
        return false;
    at += strlen(prefix);
    length = strcspn(at, "\r\n");
    if (length >= size)
        return false;
    memcpy(out, at, length);
    out[length] = '\0';
    return true;
}

int line_client_answer(struct line_client *client, const char *answer)
{
    char candidate[128], ip[64];
    unsigned port;
    const char *prefix =
        client->options.tcp ? "a=candidate:2 1 tcp 1671430143 " : "a=candidate:1 1 udp 2130706431 ";

    if (strstr(answer, "a=ice-lite") == NULL || strstr(answer, "a=setup:passive") == NULL ||
        !line_after(answer, "a=ice-ufrag:", client->server_ufrag, sizeof(client->server_ufrag)) ||
        !line_after(answer, "a=ice-pwd:", client->server_pwd, sizeof(client->server_pwd)) ||
        !line_after(answer, "a=fingerprint:sha-256 ", client->server_fingerprint,
                    sizeof(client->server_fingerprint)) ||
        !line_after(answer, prefix, candidate, sizeof(candidate)) ||
        sscanf(candidate, "%63s %u", ip, &port) != 2)
        return -EINVAL;
    client->server.sin_family = AF_INET;
    client->server.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, ip, &client->server.sin_addr) != 1)
        return -EINVAL;
    client->answered = true;
    client->check_at_ms = 0;
    return client->fd >= 0 ? 0 : line_client_move(client);
}

void line_client_restart(struct line_client *client)
{
    random_ice_text(client->ufrag, 4);
    random_ice_text(client->pwd, 24);
    client->answered = false; /* until the next answer, no checks */
    client->checked = false;
}

void line_client_spoil_pwd(struct line_client *client)
{
    client->server_pwd[0] ^= 1;
}

void line_client_spoil_ufrag(struct line_client *client)
{
    client->server_ufrag[0] ^= 1;
}

void line_client_mute(struct line_client *client, bool mute)
{
    client->muted = mute;
}

/* --- sending ------------------------------------------------------------------------------- */

void line_client_send_raw(struct line_client *client, const uint8_t *bytes, size_t length)
{
    uint8_t frame[DATAGRAM + 2];

    if (client->muted || client->fd < 0 || length > DATAGRAM || lost(client))
        return;
    if (!client->options.tcp) {
        (void)send(client->fd, bytes, length, MSG_NOSIGNAL);
        return;
    }
    frame[0] = (uint8_t)(length >> 8);
    frame[1] = (uint8_t)length;
    memcpy(frame + 2, bytes, length);
    (void)send(client->fd, frame, length + 2, MSG_NOSIGNAL);
}

static void send_check(struct line_client *client)
{
    static const uint8_t priority[4] = {0x6e, 0x7f, 0x1e, 0xff};
    uint8_t out[700], transaction[12], tie[8] = {1};
    char username[520];
    struct stun_writer writer;
    size_t length;

    if (RAND_bytes(transaction, sizeof(transaction)) != 1)
        abort();
    (void)snprintf(username, sizeof(username), "%s:%s", client->server_ufrag, client->ufrag);
    stun_begin(&writer, out, sizeof(out), STUN_BINDING_REQUEST, transaction);
    stun_add(&writer, STUN_USERNAME, username, strlen(username));
    stun_add(&writer, 0xc057, "\0\1\0\12", 4); /* Chromium's network cost: optional, ignored */
    stun_add(&writer, STUN_ICE_CONTROLLING, tie, sizeof(tie));
    stun_add(&writer, STUN_USE_CANDIDATE, NULL, 0);
    stun_add(&writer, STUN_PRIORITY, priority, sizeof(priority));
    length = stun_finish(&writer, client->server_pwd, strlen(client->server_pwd));
    line_client_send_raw(client, out, length);
}

static int send_srtp(struct line_client *client, const uint8_t *packet, size_t length,
                     int (*protect)(struct line_srtp *, uint8_t *, size_t *, size_t))
{
    uint8_t copy[DATAGRAM];
    int error;

    if (!client->keyed)
        return -ENOTCONN;
    if (length > sizeof(copy))
        return -EMSGSIZE;
    memcpy(copy, packet, length);
    error = protect(&client->tx, copy, &length, sizeof(copy));
    if (error == 0)
        line_client_send_raw(client, copy, length);
    return error;
}

int line_client_send_rtp(struct line_client *client, const uint8_t *packet, size_t length)
{
    return send_srtp(client, packet, length, line_srtp_protect);
}

int line_client_send_rtcp(struct line_client *client, const uint8_t *packet, size_t length)
{
    return send_srtp(client, packet, length, line_srtcp_protect);
}

void line_client_close(struct line_client *client)
{
    (void)SSL_shutdown(client->ssl);
    ERR_clear_error();
}

/* --- receiving ----------------------------------------------------------------------------- */

static bool server_certificate_ok(struct line_client *client)
{
    X509 *certificate = SSL_get0_peer_certificate(client->ssl);
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[96];
    unsigned size = 0;

    if (certificate == NULL || X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
        return false;
    for (unsigned i = 0; i < size; i++)
        (void)snprintf(text + 3 * i, 4, i + 1 < size ? "%02X:" : "%02X", digest[i]);
    return strcmp(text, client->server_fingerprint) == 0;
}

static bool take_keys(struct line_client *client)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(client->ssl);
    enum line_srtp_suite suite;
    uint8_t bytes[60];
    size_t salt;

    if (profile == NULL)
        return false;
    suite = profile->id == SRTP_AEAD_AES_128_GCM ? LINE_SRTP_GCM : LINE_SRTP_CM_SHA1_80;
    salt = suite == LINE_SRTP_GCM ? 12 : 14;
    return SSL_export_keying_material(client->ssl, bytes, 32 + 2 * salt, "EXTRACTOR-dtls_srtp", 19,
                                      NULL, 0, 0) == 1 &&
           line_srtp_init(&client->tx, suite, true, bytes, bytes + 32) == 0 &&
           line_srtp_init(&client->rx, suite, false, bytes + 16, bytes + 32 + salt) == 0;
}

static void drive_dtls(struct line_client *client)
{
    char ignored[2048];
    int result = client->keyed ? SSL_read(client->ssl, ignored, sizeof(ignored))
                               : SSL_do_handshake(client->ssl);
    int error = SSL_get_error(client->ssl, result);

    if (!client->keyed && result == 1) {
        client->keyed = server_certificate_ok(client) && take_keys(client);
        client->failed = !client->keyed;
    } else if (error == SSL_ERROR_ZERO_RETURN) {
        client->closed = true;
    } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        client->failed = true;
    }
    ERR_clear_error();
}

static void on_stun(struct line_client *client, const uint8_t *bytes, size_t length)
{
    struct stun_message message;

    if (stun_parse(bytes, length, &message) != 0 || message.type != STUN_BINDING_SUCCESS ||
        !message.has_fingerprint ||
        !stun_integrity_ok(bytes, &message, client->server_pwd, strlen(client->server_pwd)))
        return;
    client->answers++;
    client->checked = true;
    client->mapped_port = message.mapped.port;
}

static void on_srtp(struct line_client *client, uint8_t *bytes, size_t length)
{
    bool rtcp = length >= 2 && bytes[1] >= 192 && bytes[1] <= 223;

    if (!client->keyed)
        return;
    if (rtcp) {
        if (line_srtcp_unprotect(&client->rx, bytes, &length) == 0 &&
            client->options.on_rtcp != NULL)
            client->options.on_rtcp(client, bytes, length, client->options.arg);
    } else if (line_srtp_unprotect(&client->rx, bytes, &length) == 0 &&
               client->options.on_rtp != NULL) {
        client->options.on_rtp(client, bytes, length, client->options.arg);
    }
}

static void on_datagram(struct line_client *client, uint8_t *bytes, size_t length)
{
    if (client->muted || length == 0 || lost(client))
        return;
    if (bytes[0] <= 3) {
        on_stun(client, bytes, length);
    } else if (bytes[0] >= 20 && bytes[0] <= 63) {
        client->in = bytes;
        client->in_length = length;
        drive_dtls(client);
        client->in = NULL;
    } else {
        on_srtp(client, bytes, length);
    }
}

static void read_stream(struct line_client *client)
{
    ssize_t n = recv(client->fd, client->stream + client->stream_length,
                     sizeof(client->stream) - client->stream_length, MSG_DONTWAIT);
    size_t at = 0;

    if (n <= 0)
        return;
    client->stream_length += (size_t)n;
    while (client->stream_length - at >= 2) {
        size_t length = (size_t)client->stream[at] << 8 | client->stream[at + 1];
        if (client->stream_length - at - 2 < length)
            break;
        on_datagram(client, client->stream + at + 2, length);
        at += 2 + length;
    }
    client->stream_length -= at;
    memmove(client->stream, client->stream + at, client->stream_length);
}

static void read_datagrams(struct line_client *client)
{
    uint8_t bytes[2048];
    ssize_t n;

    while ((n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0)
        on_datagram(client, bytes, (size_t)n);
}

void line_client_step(struct line_client *client, int64_t now_ms)
{
    int pause = client->options.check_ms > 0 ? client->options.check_ms : 1000;

    if (client->fd < 0)
        return;
    if (client->options.tcp)
        read_stream(client);
    else
        read_datagrams(client);
    if (client->answered && now_ms >= client->check_at_ms) {
        send_check(client);
        client->check_at_ms = now_ms + (client->checked ? pause : FAST_CHECK_MS);
    }
    if (client->checked && !client->keyed && !client->failed) {
        (void)DTLSv1_handle_timeout(client->ssl);
        drive_dtls(client);
    }
}

int line_client_fd(const struct line_client *client)
{
    return client->fd;
}

bool line_client_connected(const struct line_client *client)
{
    return client->checked && client->keyed;
}

bool line_client_failed(const struct line_client *client)
{
    return client->failed;
}

bool line_client_closed(const struct line_client *client)
{
    return client->closed;
}

unsigned line_client_answers(const struct line_client *client)
{
    return client->answers;
}

uint16_t line_client_mapped_port(const struct line_client *client)
{
    return client->mapped_port;
}
