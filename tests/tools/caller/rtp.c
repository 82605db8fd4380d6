/* RTP: sending sound and keys in time, hearing what comes. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"

enum {
    KEY_MS = 120,
    KEY_END_PACKETS = 3,
    KEY_GAP_MS = 200,
    COMMA_MS = 1500,
    TONE_WINDOW = 400, /* samples, 50 ms */
    LOUD = 200         /* mean level that counts as hearing something */
};

/* --- hearing ------------------------------------------------------------------------------- */

struct hearing {
    FILE *file;
    uint32_t written;  /* samples */
    uint32_t expected; /* next RTP timestamp */
    uint32_t ssrc;
    bool started, loud_seen;
    uint16_t last_seq;
    unsigned received, lost;
    double jitter; /* samples, RFC 3550 6.4.1 */
    int64_t last_arrival_ms;
    uint32_t last_ts;
    int16_t window[TONE_WINDOW];
    int filled;
    int tone_windows; /* in a row */
    bool tone;
};

static struct hearing ear;

static void wav_header(FILE *file, uint32_t samples)
{
    uint32_t words[11] = {0x46464952, 36 + samples * 2, 0x45564157, 0x20746d66,
                          16,         0x00010001,       RATE,       RATE * 2,
                          0x00100002, 0x61746164,       samples * 2};

    rewind(file);
    fwrite(words, 1, sizeof(words), file);
}

void hear_open(void)
{
    if (!opt.hear)
        return;
    ear.file = fopen(opt.hear, "wb");
    if (!ear.file)
        die(opt.hear);
    wav_header(ear.file, 0);
}

void hear_close(void)
{
    if (!ear.file)
        return;
    wav_header(ear.file, ear.written);
    if (fclose(ear.file) != 0)
        die(opt.hear);
    ear.file = NULL;
}

/* Goertzel: the share of the window's power that is at this frequency. */
void hear_anew(void)
{
    ear = (struct hearing){.file = ear.file, .written = ear.written};
}

unsigned heard_packets(void)
{
    return ear.received;
}

unsigned lost_packets(void)
{
    return ear.lost;
}

/* Goertzel: the share of the window's power that is at this frequency. */
static double tone_share(const int16_t *samples, int count, int hz)
{
    double c = 2 * cos(2 * M_PI * hz / RATE), s1 = 0, s2 = 0, total = 1;

    for (int i = 0; i < count; i++) {
        double s = samples[i] + c * s1 - s2;

        s2 = s1, s1 = s;
        total += (double)samples[i] * samples[i];
    }
    return total < (double)count * 100 * 100
               ? 0
               : 2 * (s1 * s1 + s2 * s2 - c * s1 * s2) / (total * count);
}

static void look_for_tone(int16_t sample)
{
    double share;

    ear.window[ear.filled++] = sample;
    if (ear.filled < TONE_WINDOW)
        return;
    ear.filled = 0;
    share = tone_share(ear.window, TONE_WINDOW, opt.detect_hz);
    ear.tone_windows = share > 0.6 ? ear.tone_windows + 1 : 0;
    if (ear.tone_windows == 2 && !ear.tone) {
        ear.tone = true;
        event("tone", ",\"hz\":%d,\"share\":%.2f", opt.detect_hz, share);
    } else if (ear.tone_windows == 0 && ear.tone) {
        ear.tone = false;
        event("tone_end", ",\"hz\":%d", opt.detect_hz);
    }
}

static void keep(int16_t sample)
{
    if (ear.file)
        fwrite(&sample, 2, 1, ear.file);
    ear.written++;
}

static void hear_frame(const int16_t *samples, int count, uint32_t timestamp)
{
    uint32_t gap = timestamp - ear.expected;
    long level = 0;

    for (uint32_t i = 0; ear.written && gap < 5 * RATE && i < gap; i++)
        keep(0);
    for (int i = 0; i < count; i++) {
        keep(samples[i]);
        level += labs(samples[i]);
        if (opt.detect_hz)
            look_for_tone(samples[i]);
    }
    ear.expected = timestamp + (uint32_t)count;
    if (!ear.loud_seen && level / count > LOUD) {
        ear.loud_seen = true;
        event("audio", "%s", "");
    }
}

/* --- sending ------------------------------------------------------------------------------- */

static void send_rtp(int payload, bool marker, uint32_t timestamp, const uint8_t *data, size_t size)
{
    uint8_t packet[12 + FRAME] = {0x80, (uint8_t)(payload | (marker ? 0x80 : 0))};
    uint16_t seq = htons(call.seq++);
    uint32_t ts = htonl(timestamp), ssrc = htonl(call.ssrc);

    memcpy(packet + 2, &seq, 2);
    memcpy(packet + 4, &ts, 4);
    memcpy(packet + 8, &ssrc, 4);
    memcpy(packet + 12, data, size);
    if (sendto(call.rtp, packet, 12 + size, 0, (struct sockaddr *)&call.media,
               sizeof(struct sockaddr_in)) >= 0)
        call.sent++;
}

/* RFC 4733: one event of growing duration, its end three times. Sound pauses meanwhile. */
static void send_key_frame(void)
{
    bool first = call.key_done_ms == 0;
    uint16_t duration;
    uint8_t data[4] = {(uint8_t)call.key, 10};

    if (first)
        call.key_ts = call.ts;
    if (call.key_done_ms < KEY_MS)
        call.key_done_ms += FRAME_MS;
    else
        call.key_ends++;
    if (call.key_ends)
        data[1] |= 0x80;
    duration = htons((uint16_t)(call.key_done_ms * RATE / 1000));
    memcpy(data + 2, &duration, 2);
    send_rtp(PT_KEYS, first, call.key_ts, data, sizeof(data));
    if (call.key_ends >= KEY_END_PACKETS)
        call.key = -1;
}

static void send_sound_frame(void)
{
    uint8_t frame[FRAME];

    for (int i = 0; i < FRAME; i++) {
        int16_t pcm = call.sound.samples[call.sound.at];

        call.sound.at = (call.sound.at + 1) % call.sound.count;
        frame[i] = call.payload == PT_PCMU ? ulaw(pcm) : alaw(pcm);
    }
    send_rtp(call.payload, call.sent == 0, call.ts, frame, sizeof(frame));
}

bool speaking(void)
{
    return call.state == TALKING || (call.state == RINGING && call.early);
}

void send_due_frames(int64_t now)
{
    if (!speaking() || !call.has_media)
        return;
    if (!call.next_frame_ms || now - call.next_frame_ms > 1000)
        call.next_frame_ms = now;
    for (; call.next_frame_ms <= now; call.next_frame_ms += FRAME_MS, call.ts += FRAME) {
        if (call.key >= 0)
            send_key_frame();
        else
            send_sound_frame();
    }
}

void press(char key)
{
    static const char keys[] = "0123456789*#ABCD";
    const char *at = key ? strchr(keys, toupper((unsigned char)key)) : NULL;

    if (!at)
        return;
    call.key = (int)(at - keys);
    call.key_done_ms = call.key_ends = 0;
    event("key_sent", ",\"key\":\"%c\"", toupper((unsigned char)key));
}

void press_due_key(int64_t now)
{
    if (!call.keys || call.state != TALKING || !call.next_key_ms || now < call.next_key_ms ||
        call.key >= 0)
        return;
    if (!*call.keys) {
        call.keys = NULL;
        return;
    }
    if (*call.keys == ',')
        call.next_key_ms = now + COMMA_MS;
    else {
        press(*call.keys);
        call.next_key_ms = now + KEY_MS + KEY_END_PACKETS * FRAME_MS + KEY_GAP_MS;
    }
    call.keys++;
}

static void count_packet(uint16_t seq, uint32_t ts, int64_t now)
{
    double delta;

    if (ear.received++ > 0) {
        int16_t step = (int16_t)(seq - ear.last_seq);

        if (step > 1 && step < 1000)
            ear.lost += (unsigned)step - 1;
        delta = fabs((double)(now - ear.last_arrival_ms) * RATE / 1000 -
                     (double)(int32_t)(ts - ear.last_ts));
        if (delta < RATE)
            ear.jitter += (delta - ear.jitter) / 16;
    }
    ear.last_seq = seq;
    ear.last_ts = ts;
    ear.last_arrival_ms = now;
}

/* A key from the far side (RFC 4733): told once, at the first packet that ends it. */
static void hear_key(const uint8_t *packet, ssize_t length)
{
    static uint32_t last_ts;
    static bool any;
    uint32_t ts;

    memcpy(&ts, packet + 4, 4);
    if (length < 16 || !(packet[13] & 0x80) || packet[12] > 11 || (any && ts == last_ts))
        return;
    any = true;
    last_ts = ts;
    event("key", ",\"key\":\"%c\"", "0123456789*#"[packet[12]]);
}

void rtp_readable(void)
{
    uint8_t packet[2048];
    int16_t samples[2048];
    ssize_t length = recv(call.rtp, packet, sizeof(packet), 0);
    int payload = length > 12 ? packet[1] & 0x7F : -1;
    uint32_t ts, ssrc;
    int count = (int)length - 12;

    if (payload == PT_KEYS && packet[0] >> 6 == 2)
        hear_key(packet, length);
    if (length <= 12 || packet[0] >> 6 != 2 || packet[0] & 0x0F ||
        (payload != PT_PCMA && payload != PT_PCMU))
        return;
    memcpy(&ts, packet + 4, 4);
    memcpy(&ssrc, packet + 8, 4);
    ts = ntohl(ts);
    if (!ear.started || ssrc != ear.ssrc) {
        ear.expected = ts;
        ear.ssrc = ssrc;
    }
    if (!ear.started)
        event("first_rtp", ",\"payload\":%d,\"after_answer_ms\":%lld", payload,
              call.answered_ms ? (long long)(now_ms() - call.answered_ms) : -1LL);
    ear.started = true;
    count_packet((uint16_t)(packet[2] << 8 | packet[3]), ts, now_ms());
    for (int i = 0; i < count; i++)
        samples[i] = payload == PT_PCMU ? from_ulaw(packet[12 + i]) : from_alaw(packet[12 + i]);
    hear_frame(samples, count, ts);
    if (ear.loud_seen && opt.key_after_s < 0 && call.keys && !call.next_key_ms)
        call.next_key_ms = now_ms() + 500;
}

void print_stats(int64_t now)
{
    if (call.state != TALKING || now < call.next_stats_ms)
        return;
    if (call.next_stats_ms)
        event("rtp_stats", ",\"sent\":%u,\"received\":%u,\"lost\":%u,\"jitter_ms\":%.1f", call.sent,
              ear.received, ear.lost, ear.jitter * 1000 / RATE);
    call.next_stats_ms = now + 1000;
}
