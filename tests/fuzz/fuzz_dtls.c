/* What comes in as DTLS: datagrams of a real client as they are, damaged, repeated or left out, and
 * datagrams of the fuzzer. A line whose peer cannot prove the offer's certificate never gets keys.
 *
 * First byte: what client it is; one has another certificate than the offer said. Script: operation
 * byte, and what it wants. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "dtls_client.h"
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
    struct dtls_client client;
    bool may_stand, established, over;
};

static struct line_identity *identity;
static struct line_dtls_context *context;

static void send_h(const uint8_t *bytes, size_t length, void *arg)
{
    struct shake *s = arg;

    MUST(length > 0 && length <= 1500);
    dtls_client_hear(&s->client, bytes, length);
}

static void note(struct shake *s, enum line_dtls_event event)
{
    struct line_dtls_keys keys;

    MUST(!s->over || event == LINE_DTLS_NOTHING);
    if (event == LINE_DTLS_ESTABLISHED) {
        MUST(!s->established && s->may_stand);
        s->established = true;
        MUST(line_dtls_keys(s->dtls, &keys) == 0);
        MUST(keys.suite == LINE_SRTP_GCM || keys.suite == LINE_SRTP_CM_SHA1_80);
    }
    if (event == LINE_DTLS_FAILED || event == LINE_DTLS_CLOSED)
        s->over = true;
}

static void feed(struct shake *s, const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length ? length : 1);

    MUST(exact != NULL);
    memcpy(exact, bytes, length);
    note(s, line_dtls_input(s->dtls, exact, length));
    free(exact);
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
    uint8_t op = fuzz_byte(in) % 9, datagram[DTLS_RECORD];
    size_t length;

    dtls_client_turn(&s->client);
    switch (op) {
    case OP_PASS:
    case OP_DAMAGE:
    case OP_REPEAT:
        length = dtls_client_take(&s->client, datagram);
        if (!length)
            break;
        if (op == OP_DAMAGE)
            datagram[fuzz_16(in) % length] ^= fuzz_byte(in);
        feed(s, datagram, length);
        if (op == OP_REPEAT)
            feed(s, datagram, length);
        break;
    case OP_DROP:
        (void)dtls_client_take(&s->client, datagram);
        break;
    case OP_RAW:
        raw(s, in);
        break;
    case OP_TIMER:
        note(s, line_dtls_timer(s->dtls));
        break;
    case OP_APPLICATION:
        (void)SSL_write(s->client.ssl, "hello", 5);
        ERR_clear_error();
        break;
    case OP_GOODBYE:
        (void)SSL_shutdown(s->client.ssl);
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
    struct line_dtls_keys keys;
    enum dtls_client_kind kind = fuzz_byte(&in) % DTLS_KINDS;

    if (!context) {
        MUST(line_identity_make(&identity) == 0);
        MUST(line_dtls_context_make(identity, &context) == 0);
        line_dtls_context_free(NULL);
        line_dtls_free(NULL);
    }
    s.may_stand = kind == DTLS_BROWSER || kind == DTLS_OLD_SRTP;
    MUST(line_dtls_new(context, dtls_client_fingerprint(), send_h, &s, &s.dtls) == 0);
    MUST(line_dtls_keys(s.dtls, &keys) != 0);
    dtls_client_begin(&s.client, kind);
    for (int i = 0; in.left && i < 100; i++)
        step(&s, &in);
    line_dtls_close(s.dtls);
    line_dtls_free(s.dtls);
    dtls_client_end(&s.client);
    return 0;
}
