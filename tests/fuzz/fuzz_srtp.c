/* SRTP and SRTCP: nothing forged or damaged is ever believed or changes anything; what we protect
 * comes out as it went in, once.
 *
 * First byte: suite. Script: operation byte, length (16 bits), packet; and so on. Operation bits:
 * 0 SRTCP, 1 raw (not protected by us), 2 damage it first, 3 send it twice, 4-7 where to damage. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/line/srtp.h"

static const uint8_t key[LINE_SRTP_KEY_SIZE] = "0123456789abcde";
static const uint8_t salt[LINE_SRTP_SALT_SIZE] = "salt of a line";

/* Heap block of exactly this size, so that ASan sees a step too far. */
static uint8_t *exact(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    MUST(copy != NULL);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

static int open_packet(struct line_srtp *rx, bool rtcp, uint8_t *packet, size_t *length)
{
    return rtcp ? line_srtcp_unprotect(rx, packet, length)
                : line_srtp_unprotect(rx, packet, length);
}

static void refused(struct line_srtp *rx, bool rtcp, const uint8_t *bytes, size_t size)
{
    uint8_t *packet = exact(bytes, size);
    struct line_srtp_state before = rx->state;
    size_t length = size;

    MUST(open_packet(rx, rtcp, packet, &length) < 0);
    MUST(length == size && memcmp(&before, &rx->state, sizeof(before)) == 0);
    free(packet);
}

static bool sources_full(const struct line_srtp *rx)
{
    for (unsigned i = 0; i < LINE_SRTP_SOURCES; i++)
        if (!rx->state.sources[i].used)
            return false;
    return true;
}

static void sent(struct line_srtp *tx, struct line_srtp *rx, uint8_t op, const uint8_t *plain,
                 size_t size)
{
    bool rtcp = op & 1;
    size_t capacity = size + LINE_SRTP_OVERHEAD, length = size, again;
    uint8_t *packet = malloc(capacity), *copy;
    int err;

    MUST(packet != NULL);
    if (size)
        memcpy(packet, plain, size);
    err = rtcp ? line_srtcp_protect(tx, packet, &length, capacity)
               : line_srtp_protect(tx, packet, &length, capacity);
    if (err) {
        MUST(length == size);
        free(packet);
        return;
    }
    MUST(length > size && length <= capacity);
    if (op & 4) {
        packet[(size_t)(op >> 4) * length / 16] ^= 0x10;
        refused(rx, rtcp, packet, length);
        packet[(size_t)(op >> 4) * length / 16] ^= 0x10;
        refused(rx, rtcp, packet, length - 1);
    }
    copy = exact(packet, length);
    again = length;
    err = open_packet(rx, rtcp, copy, &again);
    if (!err) {
        MUST(again == size && memcmp(copy, plain, size) == 0);
        if (op & 8)
            refused(rx, rtcp, packet, length);
    } else {
        /* so far behind that it may be old; or forgotten for newer sources, and its wraps with it
         */
        MUST(err == -EALREADY || (err == -EBADMSG && sources_full(rx)));
    }
    free(copy);
    free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    enum line_srtp_suite suite = fuzz_byte(&in) & 1 ? LINE_SRTP_GCM : LINE_SRTP_CM_SHA1_80;
    struct line_srtp tx, rx;

    MUST(line_srtp_init(&tx, suite, true, key, salt) == 0);
    MUST(line_srtp_init(&rx, suite, false, key, salt) == 0);
    while (in.left) {
        uint8_t op = fuzz_byte(&in);
        uint16_t wanted = fuzz_16(&in);
        size_t length;
        uint8_t *packet = fuzz_piece(&in, wanted, &length);

        if (op & 2)
            refused(&rx, op & 1, packet, length);
        else
            sent(&tx, &rx, op, packet, length);
        free(packet);
    }
    line_srtp_done(&tx);
    line_srtp_done(&rx);
    return 0;
}
