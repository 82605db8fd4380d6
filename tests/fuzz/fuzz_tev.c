/* Telephone events: strange ones heard, and digits of our own that must be heard once each, also
 * when some of their packets are lost.
 *
 * First byte even: control byte (ms until the packet), timestamp (16 bits), length byte (0..7),
 * payload; and so on. Odd: pairs of a digit and a byte of which packets get lost. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/tev.h"

static bool is_digit_name(char c)
{
    return c && strchr("0123456789*#ABCD", c);
}

static void hear_anything(struct fuzz_in *in)
{
    struct tev_rx rx = {0};
    int64_t now_ms = 1000;
    int duration_ms = -1;

    while (in->left) {
        struct rtp_packet packet = {.ssrc = 7};
        uint8_t *payload;
        char digit;

        now_ms += fuzz_byte(in);
        packet.timestamp = fuzz_16(in) * 80u;
        packet.ssrc += packet.timestamp % 1600 == 80;
        payload = fuzz_piece(in, fuzz_byte(in) & 7, &packet.length);
        packet.payload = payload;
        digit = tev_receive(&rx, &packet, now_ms, &duration_ms);
        MUST(digit == 0 || (is_digit_name(digit) && duration_ms >= 0));
        digit = tev_overdue(&rx, now_ms, &duration_ms);
        MUST(digit == 0 || (is_digit_name(digit) && duration_ms >= TEV_REPORT_MS));
        MUST(tev_overdue(&rx, now_ms, &duration_ms) == 0);
        free(payload);
    }
}

struct talk {
    struct tev_tx tx;
    struct tev_rx rx;
    uint32_t timestamp;
    int64_t now_ms;
    char heard[TEV_QUEUE + 1];
    size_t count;
};

static void note(struct talk *talk, char digit)
{
    if (!digit)
        return;
    MUST(talk->count < TEV_QUEUE); /* more than were sent */
    talk->heard[talk->count++] = digit;
}

/* One tick; lose: this packet does not arrive. */
static void tick(struct talk *talk, bool lose)
{
    uint8_t payload[4];
    struct rtp_packet packet = {.ssrc = 9, .payload = payload, .length = sizeof(payload)};
    bool first = false;
    int duration_ms;

    talk->now_ms += 20;
    if (tev_next(&talk->tx, payload, &first)) {
        if (first)
            talk->timestamp = (uint32_t)(talk->now_ms * 8);
        packet.timestamp = talk->timestamp;
        if (!lose)
            note(talk, tev_receive(&talk->rx, &packet, talk->now_ms, &duration_ms));
    }
    note(talk, tev_overdue(&talk->rx, talk->now_ms, &duration_ms));
}

static void send_and_hear(struct fuzz_in *in)
{
    struct talk talk = {.now_ms = 1000};
    char said[TEV_QUEUE + 1] = "";
    size_t count = 0;
    uint8_t losses = fuzz_byte(in), at = 0;

    while (in->left && count < TEV_QUEUE) {
        char digit = (char)fuzz_byte(in);
        int err = tev_queue(&talk.tx, digit, fuzz_byte(in) * 8);

        MUST((err == 0) == (tev_event_of(digit) >= 0));
        if (!err)
            said[count++] = digit >= 'a' ? (char)(digit - 32) : digit;
    }
    if (count == TEV_QUEUE)
        MUST(tev_queue(&talk.tx, '1', 100) < 0);
    while (tev_sending(&talk.tx)) {
        bool lose = losses >> (at & 7) & 1 && at % 5 != 4; /* never five in a row */
        tick(&talk, lose);
        at++;
    }
    for (int i = 0; i < 5; i++)
        tick(&talk, false);
    if (losses == 0)
        MUST(talk.count == count && memcmp(talk.heard, said, count) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};

    if (fuzz_byte(&in) & 1)
        send_and_hear(&in);
    else
        hear_anything(&in);
    return 0;
}
