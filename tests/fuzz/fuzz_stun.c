/* STUN messages: whatever comes in, and messages built with right lengths and proofs, so that the
 * fuzzer gets behind them.
 *
 * First byte 0..3: the input is a message as it stands. Else a script: type, transaction, then
 * attributes (type, length byte, value), to be written, proved and read. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/line/stun.h"

static const char key[] = "abcdefghijklmnopqrstuvwx";
static const char wrong[] = "abcdefghijklmnopqrstuvwy";

static void check(const uint8_t *bytes, size_t size, const struct stun_message *message)
{
    MUST(message->transaction == bytes + 8);
    if (message->username) {
        const uint8_t *username = (const uint8_t *)message->username;
        MUST(username >= bytes + STUN_HEADER_SIZE + 4 && message->username_length <= size);
        MUST(username + message->username_length <= bytes + size);
    }
    if (message->integrity_offset)
        MUST(message->integrity_offset >= STUN_HEADER_SIZE &&
             message->integrity_offset + 24 <= size);
    MUST(message->unknown_count <= 4 && message->error_code <= 999);
    MUST(message->mapped.family == 0 || message->mapped.family == 4 || message->mapped.family == 6);
    (void)stun_integrity_ok(bytes, message, key, sizeof(key) - 1);
}

static void as_it_is(const uint8_t *data, size_t size)
{
    struct stun_message message;

    if (stun_parse(data, size, &message) == 0)
        check(data, size, &message);
}

static void proved(struct fuzz_in *in)
{
    uint8_t out[1500], transaction[STUN_TRANSACTION_SIZE] = {0};
    struct stun_message message;
    struct stun_writer writer;
    struct stun_address address = {0};
    bool with_key = fuzz_byte(in) & 1;
    uint8_t flip;
    size_t length, n;

    stun_begin(&writer, out, 20 + fuzz_16(in) % (sizeof(out) - 19), fuzz_16(in) & 0x3fff,
               transaction);
    for (n = fuzz_byte(in) % 8; n > 0; n--) {
        uint16_t type = fuzz_16(in);
        size_t size;
        uint8_t wanted = fuzz_byte(in), *value = fuzz_piece(in, wanted, &size);
        stun_add(&writer, type, value, size);
        free(value);
    }
    address.family = fuzz_byte(in) & 1 ? 6 : 4;
    address.port = fuzz_16(in);
    address.ip[0] = fuzz_byte(in);
    stun_add_xor_address(&writer, &address);
    flip = fuzz_byte(in);
    length = stun_finish(&writer, with_key ? key : NULL, sizeof(key) - 1);
    if (length == 0)
        return;
    MUST(length <= writer.size);
    if (stun_parse(out, length, &message) == 0) {
        check(out, length, &message);
        MUST(message.has_fingerprint);
        MUST(!stun_integrity_ok(out, &message, wrong, sizeof(wrong) - 1));
        if (message.integrity_offset == length - 32)
            MUST(stun_integrity_ok(out, &message, key, sizeof(key) - 1) == with_key);
    }
    out[flip * length / 256] ^= 1; /* the CRC finds every single bit */
    MUST(stun_parse(out, length, &message) != 0 || !message.has_fingerprint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};

    if (size == 0 || data[0] <= 3) {
        as_it_is(data, size);
        return 0;
    }
    (void)fuzz_byte(&in);
    proved(&in);
    return 0;
}
