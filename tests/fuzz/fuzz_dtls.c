/* What comes in as DTLS: datagrams of a real client as they are, damaged, repeated or left out, and
 * datagrams of the fuzzer. A line whose peer cannot prove the offer's certificate never gets keys.
 *
 * First byte: what client it is; one has another certificate than the offer said. Script: operation
 * byte, and what it wants. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "fuzz.h"
#include "media/line/dtls.h"
#include "media/line/identity.h"

enum {
    OP_PASS,   /* the client's next datagram as it is */
    OP_DAMAGE, /* position (16 bits), byte to xor */
    OP_DROP,
    OP_REPEAT, /* now, and once more later */
    OP_RAW,    /* length (16 bits), bytes */
    OP_TIMER,
    OP_APPLICATION, /* the client writes data */
    OP_GOODBYE,     /* the client says close_notify */
    OP_CLOSE        /* we close */
};

struct shake {
    struct line_dtls *dtls;
    SSL *client;
    BIO *to_client, *from_client; /* owned by client */
    bool imposter, no_srtp, established, over;
};

static struct line_identity *ours, *theirs, *others;
static struct line_dtls_context *context;
enum { BROWSER, IMPOSTER, OLD_SRTP, NO_SRTP, KINDS };
static SSL_CTX *client_context[KINDS];

static SSL_CTX *client_of(const struct line_identity *identity, const char *profiles)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_client_method());

    MUST(ctx != NULL);
    MUST(SSL_CTX_use_certificate(ctx, identity->certificate) == 1);
    MUST(SSL_CTX_use_PrivateKey(ctx, identity->key) == 1);
    if (profiles)
        MUST(SSL_CTX_set_tlsext_use_srtp(ctx, profiles) == 0);
    return ctx;
}

static void prepare(void)
{
    if (context)
        return;
    MUST(line_identity_make(&ours) == 0 && line_identity_make(&theirs) == 0 &&
         line_identity_make(&others) == 0);
    MUST(line_dtls_context_make(ours, &context) == 0);
    client_context[BROWSER] = client_of(theirs, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
    client_context[IMPOSTER] = client_of(others, "SRTP_AEAD_AES_128_GCM");
    client_context[OLD_SRTP] = client_of(theirs, "SRTP_AES128_CM_SHA1_80");
    client_context[NO_SRTP] = client_of(theirs, NULL);
}

static void send_h(const uint8_t *bytes, size_t length, void *arg)
{
    struct shake *s = arg;

    MUST(length > 0 && length <= 1500);
    (void)BIO_write(s->to_client, bytes, (int)length);
}

static void note(struct shake *s, enum line_dtls_event event)
{
    struct line_dtls_keys keys;

    MUST(!s->over || event == LINE_DTLS_NOTHING);
    if (event == LINE_DTLS_ESTABLISHED) {
        MUST(!s->established && !s->imposter && !s->no_srtp);
        s->established = true;
        MUST(line_dtls_keys(s->dtls, &keys) == 0);
        MUST(keys.suite == LINE_SRTP_GCM || keys.suite == LINE_SRTP_CM_SHA1_80);
    }
    if (event == LINE_DTLS_FAILED || event == LINE_DTLS_CLOSED)
        s->over = true;
}

/* The client's next record: datagrams of several are taken apart. */
static size_t next_datagram(struct shake *s, uint8_t out[2000])
{
    int n = BIO_read(s->from_client, out, 13);
    size_t length;

    if (n != 13)
        return 0;
    length = (size_t)out[11] << 8 | out[12];
    MUST(length + 13 <= 2000);
    n = BIO_read(s->from_client, out + 13, (int)length);
    return n > 0 ? (size_t)n + 13 : 13;
}

static void feed(struct shake *s, const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length ? length : 1);

    MUST(exact != NULL);
    memcpy(exact, bytes, length);
    note(s, line_dtls_input(s->dtls, exact, length));
    free(exact);
}

static void client_turn(struct shake *s)
{
    char ignored[1024];

    if (SSL_is_init_finished(s->client))
        (void)SSL_read(s->client, ignored, sizeof(ignored));
    else
        (void)SSL_do_handshake(s->client);
    ERR_clear_error();
}

static void raw(struct shake *s, struct fuzz_in *in)
{
    uint16_t wanted = fuzz_16(in) % 1500;
    size_t length;
    uint8_t *bytes = fuzz_piece(in, wanted, &length);

    feed(s, bytes, length);
    free(bytes);
}

static void step(struct shake *s, struct fuzz_in *in)
{
    uint8_t op = fuzz_byte(in) % 9, datagram[2000];
    size_t length;

    client_turn(s);
    switch (op) {
    case OP_PASS:
    case OP_DAMAGE:
    case OP_REPEAT:
        length = next_datagram(s, datagram);
        if (!length)
            break;
        if (op == OP_DAMAGE)
            datagram[fuzz_16(in) % length] ^= fuzz_byte(in);
        feed(s, datagram, length);
        if (op == OP_REPEAT)
            feed(s, datagram, length);
        break;
    case OP_DROP:
        (void)next_datagram(s, datagram);
        break;
    case OP_RAW:
        raw(s, in);
        break;
    case OP_TIMER:
        note(s, line_dtls_timer(s->dtls));
        break;
    case OP_APPLICATION:
        (void)SSL_write(s->client, "hello", 5);
        ERR_clear_error();
        break;
    case OP_GOODBYE:
        (void)SSL_shutdown(s->client);
        ERR_clear_error();
        break;
    case OP_CLOSE:
        line_dtls_close(s->dtls);
        s->over = true;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct shake s = {0};
    unsigned char fingerprint[EVP_MAX_MD_SIZE];
    uint8_t kind = fuzz_byte(&in) % KINDS;

    prepare();
    s.imposter = kind == IMPOSTER;
    s.no_srtp = kind == NO_SRTP;
    MUST(X509_digest(theirs->certificate, EVP_sha256(), fingerprint, NULL) == 1);
    MUST(line_dtls_new(context, fingerprint, send_h, &s, &s.dtls) == 0);
    s.client = SSL_new(client_context[kind]);
    s.to_client = BIO_new(BIO_s_mem());
    s.from_client = BIO_new(BIO_s_mem());
    MUST(s.client && s.to_client && s.from_client);
    BIO_set_mem_eof_return(s.to_client, -1);
    BIO_set_mem_eof_return(s.from_client, -1);
    SSL_set_bio(s.client, s.to_client, s.from_client);
    SSL_set_options(s.client, SSL_OP_NO_QUERY_MTU);
    DTLS_set_link_mtu(s.client, 1200);
    SSL_set_connect_state(s.client);
    for (int i = 0; in.left && i < 100; i++)
        step(&s, &in);
    line_dtls_close(s.dtls);
    line_dtls_free(s.dtls);
    SSL_free(s.client);
    return 0;
}
