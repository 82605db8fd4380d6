/* The taxpayer's phone: one call with real sound, for tests and for `make call`.
 *
 * Plain SIP over UDP written by hand (RFC 3261 user agent client), RTP with G.711 and RFC 4733
 * keys; it shares nothing with the daemon, so that a misunderstanding of ours is not repeated here.
 * One JSON line per event on stdout: {"event":"answered","ms":123,...}, ms since the INVITE.
 * Commands on stdin: key 2 | hangup | cancel | reinvite hold | reinvite resume | reinvite address
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
    RATE = 8000,
    FRAME = 160, /* samples in 20 ms */
    FRAME_MS = 20,
    T1_MS = 500,
    T2_MS = 4000,
    GIVE_UP_MS = 32000,
    MESSAGE_SIZE = 8192,
    PT_PCMU = 0,
    PT_PCMA = 8,
    PT_KEYS = 101,
    KEY_MS = 120,
    KEY_END_PACKETS = 3,
    KEY_GAP_MS = 200,
    COMMA_MS = 1500,
    TONE_WINDOW = 400, /* samples, 50 ms */
    LOUD = 200         /* mean level that counts as hearing something */
};

struct options {
    const char *from, *to, *local, *wav, *say, *hear, *keys;
    const char *global_call_id; /* X-Hotlined-Call */
    char host[128];
    uint16_t port;
    double key_after_s; /* < 0: when the first sound is heard */
    double talk_s;      /* hang up so long after the answer; 0 = never */
    double hangup_s;    /* hang up or cancel so long after the INVITE; 0 = never */
    int tone_hz;        /* what we send when there is no WAV; 0 = silence */
    int detect_hz;      /* 0 = do not look */
    bool pcmu_first;
};

/* --- time and events ----------------------------------------------------------------------- */

static struct options opt = {.from = "13800000000",
                             .to = "12366",
                             .local = "127.0.0.1",
                             .host = "127.0.0.1",
                             .port = 5060,
                             .key_after_s = -1};
static int64_t started_ms;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* more: ",\"key\":value" pieces, or "". */
__attribute__((format(printf, 2, 3))) static void event(const char *name, const char *more, ...)
{
    va_list ap;

    printf("{\"event\":\"%s\",\"ms\":%lld", name, (long long)(now_ms() - started_ms));
    va_start(ap, more);
    vprintf(more, ap);
    va_end(ap);
    puts("}");
    fflush(stdout);
}

static void die(const char *what)
{
    fprintf(stderr, "caller: %s: %s\n", what, strerror(errno));
    exit(2);
}

static unsigned random_number(void)
{
    unsigned value;

    if (getrandom(&value, sizeof(value), 0) != sizeof(value))
        die("getrandom");
    return value;
}

/* --- sound --------------------------------------------------------------------------------- */

static uint8_t alaw(int16_t pcm)
{
    int sign = pcm < 0 ? 0 : 0x80, value = pcm < 0 ? -(pcm + 1) : pcm, exponent = 7, code;

    for (int mask = 0x4000; !(value & mask) && exponent > 0; mask >>= 1)
        exponent--;
    code = exponent << 4 | (value >> (exponent ? exponent + 3 : 4) & 15);
    return (uint8_t)((sign | code) ^ 0x55);
}

static int16_t from_alaw(uint8_t code)
{
    int exponent, value;

    code ^= 0x55;
    exponent = code >> 4 & 7;
    value = (code & 15) << 4 | 8;
    if (exponent)
        value = (value + 0x100) << (exponent - 1);
    return (int16_t)(code & 0x80 ? value : -value);
}

static uint8_t ulaw(int16_t pcm)
{
    int sign = pcm < 0 ? 0x80 : 0, value = pcm < 0 ? -(pcm + 1) : pcm, exponent = 7;

    value = (value > 32635 ? 32635 : value) + 132;
    for (int mask = 0x4000; !(value & mask) && exponent > 0; mask >>= 1)
        exponent--;
    return (uint8_t) ~(sign | exponent << 4 | (value >> (exponent + 3) & 15));
}

static int16_t from_ulaw(uint8_t code)
{
    int value;

    code = (uint8_t)~code;
    value = (((code & 15) << 3) + 132) << (code >> 4 & 7);
    return (int16_t)(code & 0x80 ? 132 - value : value - 132);
}

struct sound {
    int16_t *samples;
    size_t count, at;
};

static uint32_t le32(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* 8 kHz PCM16 mono; anything else is said so. */
static void load_wav(const char *path, struct sound *sound)
{
    FILE *file = fopen(path, "rb");
    uint8_t head[12], chunk[8], format[16] = {0};

    if (!file || fread(head, 1, 12, file) != 12 || memcmp(head, "RIFF", 4) != 0)
        die(path);
    while (fread(chunk, 1, 8, file) == 8 && memcmp(chunk, "data", 4) != 0) {
        long size = (long)le32(chunk + 4), kept = 0;

        if (memcmp(chunk, "fmt ", 4) == 0 && size >= 16)
            kept = (long)fread(format, 1, 16, file);
        fseek(file, size - kept + (size & 1), SEEK_CUR);
    }
    if (format[0] != 1 || format[2] != 1 || le32(format + 4) != RATE || format[14] != 16) {
        fprintf(stderr, "caller: %s must be 8 kHz, 16 bit, mono PCM\n", path);
        exit(2);
    }
    sound->samples = malloc(le32(chunk + 4) + 2);
    if (!sound->samples)
        die("memory");
    sound->count = fread(sound->samples, 2, le32(chunk + 4) / 2, file);
    fclose(file);
}

static void run(char *const argv[])
{
    int status;
    pid_t child;

    if (posix_spawnp(&child, argv[0], NULL, NULL, argv, environ) != 0 ||
        waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "caller: %s failed\n", argv[0]);
        exit(2);
    }
}

static void speak(const char *text, struct sound *sound)
{
    char raw[] = "/tmp/caller-XXXXXX.wav", ready[] = "/tmp/caller-XXXXXX.wav";
    int a = mkstemps(raw, 4), b = mkstemps(ready, 4);

    if (a < 0 || b < 0)
        die("mkstemps");
    close(a), close(b);
    run((char *[]){"espeak-ng", "-v", "cmn-latn-pinyin", "-s", "150", "-w", raw, (char *)text,
                   NULL});
    run((char *[]){"sox", "-q", raw, "-r", "8000", "-c", "1", "-b", "16", ready, "gain", "-3",
                   NULL});
    load_wav(ready, sound);
    unlink(raw), unlink(ready);
}

static void make_tone(int hz, struct sound *sound)
{
    sound->count = RATE;
    sound->samples = calloc(RATE, sizeof(int16_t));
    if (!sound->samples)
        die("memory");
    for (int i = 0; hz && i < RATE; i++)
        sound->samples[i] = (int16_t)(8000 * sin(2 * M_PI * hz * i / RATE));
}

static void load_sound(struct sound *sound)
{
    if (opt.wav)
        load_wav(opt.wav, sound);
    else if (opt.say)
        speak(opt.say, sound);
    if (!sound->count)
        make_tone(opt.tone_hz, sound);
}

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

static void hear_open(void)
{
    if (!opt.hear)
        return;
    ear.file = fopen(opt.hear, "wb");
    if (!ear.file)
        die(opt.hear);
    wav_header(ear.file, 0);
}

static void hear_close(void)
{
    if (!ear.file)
        return;
    wav_header(ear.file, ear.written);
    if (fclose(ear.file) != 0)
        die(opt.hear);
    ear.file = NULL;
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

/* --- the call ------------------------------------------------------------------------------ */

enum call_state { CALLING, RINGING, TALKING, ENDING, OVER };

struct request {
    char text[MESSAGE_SIZE];
    char method[16];
    unsigned cseq;
    char branch[40];
    int64_t resend_ms, wait_ms, give_up_ms; /* wait_ms: next distance; resend_ms 0 = no more */
    bool active;
};

struct call {
    enum call_state state;
    int sip, rtp;
    struct sockaddr_storage server, media;
    socklen_t server_length;
    bool has_media, hold;
    uint16_t sip_port, rtp_port;
    char call_id[64], tag[24];
    char to_line[512]; /* To of answers, with their tag */
    char target[512];  /* their Contact */
    char routes[1024]; /* Route lines for requests in the dialog */
    unsigned cseq, invite_cseq, sdp_version;
    struct request invite, other;
    char ack[MESSAGE_SIZE]; /* of the last 200, sent again when that is repeated */
    int payload;            /* PT we send */
    int exit_code;
    int64_t answered_ms, next_frame_ms, next_stats_ms, next_key_ms;
    bool cancelled, cancel_sent, heard_rtp;
    const char *keys;
    uint32_t ssrc, ts;
    uint16_t seq;
    unsigned sent;
    int key; /* event now being sent, -1 = none */
    int key_done_ms, key_ends;
    uint32_t key_ts;
    struct sound sound;
};

static struct call call = {.key = -1, .payload = PT_PCMA};

static void finish(const char *why, int status, int code)
{
    if (call.state == OVER)
        return;
    event("ended", ",\"reason\":\"%s\",\"status\":%d,\"sent\":%u,\"received\":%u,\"lost\":%u", why,
          status, call.sent, ear.received, ear.lost);
    call.state = OVER;
    call.exit_code = code;
}

/* --- SIP: reading -------------------------------------------------------------------------- */

/* Value of a header's nth occurrence in message, without line end. */
static bool header(const char *message, const char *name, const char *compact, int nth, char *out,
                   size_t size)
{
    size_t length = strlen(name), short_length = strlen(compact);

    for (const char *line = strstr(message, "\r\n"); line; line = strstr(line, "\r\n")) {
        const char *value = NULL, *end;

        line += 2;
        if (line[0] == '\r' || !line[0])
            return false;
        if (strncasecmp(line, name, length) == 0)
            value = line + length;
        else if (short_length && strncasecmp(line, compact, short_length) == 0)
            value = line + short_length;
        if (!value || value[strspn(value, " \t")] != ':' || nth-- > 0)
            continue;
        value = strchr(value, ':') + 1;
        value += strspn(value, " \t");
        end = strstr(value, "\r\n");
        snprintf(out, size, "%.*s", end ? (int)(end - value) : (int)strlen(value), value);
        return true;
    }
    return false;
}

static void uri_of(const char *value, char *out, size_t size)
{
    const char *open = strchr(value, '<'), *close = open ? strchr(open, '>') : NULL;

    if (close)
        snprintf(out, size, "%.*s", (int)(close - open - 1), open + 1);
    else
        snprintf(out, size, "%.*s", (int)strcspn(value, ";"), value);
}

static bool read_media(const char *message)
{
    const char *body = strstr(message, "\r\n\r\n"), *c, *m;
    struct sockaddr_in *media = (struct sockaddr_in *)&call.media;
    char address[64];
    unsigned port, payload;

    body = body ? body + 4 : "";
    c = strstr(body, "c=IN IP4 ");
    m = strstr(body, "m=audio ");
    if (!c || !m || sscanf(c + 9, "%63[0-9.]", address) != 1 ||
        sscanf(m + 8, "%u RTP/AVP %u", &port, &payload) != 2)
        return false;
    memset(media, 0, sizeof(*media));
    media->sin_family = AF_INET;
    media->sin_port = htons((uint16_t)port);
    call.has_media = inet_pton(AF_INET, address, &media->sin_addr) == 1 && port > 0;
    call.payload = payload == PT_PCMU ? PT_PCMU : PT_PCMA;
    return call.has_media;
}

/* --- SIP: writing -------------------------------------------------------------------------- */

static void send_text(const char *text)
{
    if (sendto(call.sip, text, strlen(text), 0, (struct sockaddr *)&call.server,
               call.server_length) < 0)
        fprintf(stderr, "caller: send: %s\n", strerror(errno));
}

static void print_sdp(char *out, size_t size)
{
    snprintf(out, size,
             "v=0\r\no=caller %u %u IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
             "m=audio %u RTP/AVP %s 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
             "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=%s\r\n",
             call.ssrc, ++call.sdp_version, opt.local, opt.local, call.rtp_port,
             opt.pcmu_first ? "0 8" : "8 0", call.hold ? "sendonly" : "sendrecv");
}

/* The lines every request of ours has. target "" = before there is a dialog. */
static int print_request(char *out, size_t size, const char *method, unsigned cseq,
                         const char *branch, const char *body)
{
    bool dialog = call.target[0] != 0;
    char first[600], x_call[128] = "";

    if (dialog)
        snprintf(first, sizeof(first), "%s", call.target);
    else
        snprintf(first, sizeof(first), "sip:%s@%s:%u", opt.to, opt.host, opt.port);
    if (opt.global_call_id && !dialog && strcmp(method, "INVITE") == 0)
        snprintf(x_call, sizeof(x_call), "X-Hotlined-Call: %s\r\n", opt.global_call_id);
    return snprintf(out, size,
                    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%u;branch=%s;rport\r\n"
                    "Max-Forwards: 70\r\n%sFrom: <sip:%s@%s>;tag=%s\r\nTo: %s\r\n"
                    "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:%s@%s:%u>\r\n"
                    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO\r\n%s%s"
                    "Content-Length: %zu\r\n\r\n%s",
                    method, first, opt.local, call.sip_port, branch, dialog ? call.routes : "",
                    opt.from, opt.local, call.tag, call.to_line, call.call_id, cseq, method,
                    opt.from, opt.local, call.sip_port, x_call,
                    *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
}

static void send_request(struct request *request, const char *method, const char *body)
{
    snprintf(request->method, sizeof(request->method), "%s", method);
    snprintf(request->branch, sizeof(request->branch), "z9hG4bK%08x%08x", random_number(),
             random_number());
    request->cseq = ++call.cseq;
    (void)print_request(request->text, sizeof(request->text), method, request->cseq,
                        request->branch, body);
    request->active = true;
    request->wait_ms = T1_MS;
    request->resend_ms = now_ms() + T1_MS;
    request->give_up_ms = now_ms() + GIVE_UP_MS;
    send_text(request->text);
}

static void send_invite(void)
{
    char sdp[1024];

    print_sdp(sdp, sizeof(sdp));
    send_request(&call.invite, "INVITE", sdp);
    call.invite_cseq = call.invite.cseq;
}

/* ACK of a 200 is a request of its own; of a refusal it belongs to the INVITE (same branch). */
static void send_ack(bool accepted)
{
    char branch[40];

    snprintf(branch, sizeof(branch), "z9hG4bK%08x", random_number());
    (void)print_request(call.ack, sizeof(call.ack), "ACK", call.invite_cseq,
                        accepted ? branch : call.invite.branch, "");
    send_text(call.ack);
}

/* CANCEL repeats the INVITE's first lines (RFC 3261 9.1); sent once a provisional answer came. */
static void send_cancel(void)
{
    char text[MESSAGE_SIZE];
    unsigned cseq = call.invite_cseq;

    call.cancel_sent = true;
    (void)print_request(text, sizeof(text), "CANCEL", cseq, call.invite.branch, "");
    snprintf(call.other.text, sizeof(call.other.text), "%s", text);
    snprintf(call.other.method, sizeof(call.other.method), "CANCEL");
    call.other.cseq = cseq;
    call.other.active = true;
    call.other.wait_ms = T1_MS;
    call.other.resend_ms = now_ms() + T1_MS;
    call.other.give_up_ms = now_ms() + GIVE_UP_MS;
    send_text(text);
    event("cancel_sent", "%s", "");
}

static void hang_up(void)
{
    if (call.state == TALKING) {
        call.state = ENDING;
        send_request(&call.other, "BYE", "");
        event("bye_sent", "%s", "");
    } else if (call.state == RINGING && !call.cancel_sent) {
        call.cancelled = true;
        send_cancel();
    } else if (call.state == CALLING) {
        call.cancelled = true;
    }
}

/* --- SIP: answers to us -------------------------------------------------------------------- */

static void remember_dialog(const char *message)
{
    char value[512];
    size_t used = 0;
    int count = 0;

    if (header(message, "Contact", "m", 0, value, sizeof(value)))
        uri_of(value, call.target, sizeof(call.target));
    (void)header(message, "To", "t", 0, call.to_line, sizeof(call.to_line));
    while (header(message, "Record-Route", "", count, value, sizeof(value)))
        count++;
    call.routes[0] = 0;
    while (count-- > 0 && header(message, "Record-Route", "", count, value, sizeof(value)) &&
           used < sizeof(call.routes))
        used += (size_t)snprintf(call.routes + used, sizeof(call.routes) - used, "Route: %s\r\n",
                                 value);
}

static void first_answer(const char *message)
{
    remember_dialog(message);
    if (!read_media(message))
        fprintf(stderr, "caller: no audio address in the answer\n");
    call.state = TALKING;
    call.answered_ms = now_ms();
    if (opt.key_after_s >= 0 && call.keys)
        call.next_key_ms = call.answered_ms + (int64_t)(opt.key_after_s * 1000);
    event("answered", ",\"payload\":%d", call.payload);
}

static void invite_accepted(const char *message)
{
    bool first = call.state == CALLING || call.state == RINGING;

    call.invite.active = false;
    if (first)
        first_answer(message);
    else {
        if (!read_media(message))
            fprintf(stderr, "caller: re-INVITE: no audio address in the answer\n");
        event("reinvite_answered", "%s", "");
    }
    send_ack(true);
    if (first && call.cancelled)
        hang_up();
}

static void invite_refused(int status, const char *phrase)
{
    call.invite.active = false;
    send_ack(false);
    if (call.state == TALKING) {
        event("reinvite_refused", ",\"status\":%d", status);
        return;
    }
    event("refused", ",\"status\":%d,\"phrase\":\"%s\"", status, phrase);
    finish(call.cancelled ? "cancelled" : "refused", status,
           call.cancelled && status == 487 ? 0 : 1);
}

static void invite_provisional(const char *message, int status)
{
    call.invite.resend_ms = 0;
    call.invite.give_up_ms = now_ms() + 180000;
    if (call.state == CALLING)
        call.state = RINGING;
    if (status > 100) {
        bool early = strstr(message, "m=audio ") && read_media(message);

        event(status == 180 ? "ringing" : "progress", ",\"status\":%d,\"early_media\":%s", status,
              early ? "true" : "false");
    }
    if (call.cancelled && !call.cancel_sent)
        send_cancel();
}

static void response_arrived(const char *message)
{
    char cseq[64], phrase[64] = "", method[16];
    unsigned number;
    int status;

    if (sscanf(message, "SIP/2.0 %d %63[^\r\n\"]", &status, phrase) < 1 ||
        !header(message, "CSeq", "", 0, cseq, sizeof(cseq)) ||
        sscanf(cseq, "%u %15s", &number, method) != 2)
        return;
    if (strcmp(method, "INVITE") == 0) {
        if (number != call.invite_cseq)
            return;
        if (!call.invite.active) { /* repeated: our ACK was lost */
            if (status >= 200 && status < 300)
                send_text(call.ack);
            else if (status >= 300)
                send_ack(false);
        } else if (status < 200)
            invite_provisional(message, status);
        else if (status < 300)
            invite_accepted(message);
        else
            invite_refused(status, phrase);
    } else if (call.other.active && number == call.other.cseq && status >= 200) {
        call.other.active = false;
        if (strcmp(method, "BYE") == 0)
            finish("hung_up", status, 0);
    }
}

/* --- SIP: requests to us ------------------------------------------------------------------- */

static void respond(const char *message, int status, const char *phrase, const char *body)
{
    char out[MESSAGE_SIZE], value[512];
    size_t used = (size_t)snprintf(out, sizeof(out), "SIP/2.0 %d %s\r\n", status, phrase);
    static const struct {
        const char *name, *compact;
    } copied[] = {{"Record-Route", ""}, {"From", "f"}, {"To", "t"}, {"Call-ID", "i"}, {"CSeq", ""}};

    for (int i = 0; header(message, "Via", "v", i, value, sizeof(value)) && used < 4000; i++)
        used += (size_t)snprintf(out + used, sizeof(out) - used, "Via: %s\r\n", value);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (header(message, copied[i].name, copied[i].compact, 0, value, sizeof(value)) &&
            used < 6000)
            used += (size_t)snprintf(out + used, sizeof(out) - used, "%s: %s\r\n", copied[i].name,
                                     value);
    snprintf(out + used, sizeof(out) - used,
             "Contact: <sip:%s@%s:%u>\r\n%sContent-Length: %zu\r\n\r\n%s", opt.from, opt.local,
             call.sip_port, *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
    send_text(out);
}

static void offer_arrived(const char *message)
{
    char sdp[1024];
    bool offered = strstr(message, "m=audio ") != NULL;

    if (offered)
        (void)read_media(message);
    event("reinvited", ",\"offer\":%s", offered ? "true" : "false");
    print_sdp(sdp, sizeof(sdp));
    respond(message, 200, "OK", offered || strncmp(message, "INVITE", 6) == 0 ? sdp : "");
}

static void request_arrived(const char *message)
{
    char id[128] = "";

    (void)header(message, "Call-ID", "i", 0, id, sizeof(id));
    if (strncmp(message, "ACK ", 4) == 0) {
        if (strstr(message, "m=audio "))
            (void)read_media(message);
    } else if (strncmp(message, "OPTIONS ", 8) == 0)
        respond(message, 200, "OK", "");
    else if (strcmp(id, call.call_id) != 0)
        respond(message, 481, "Call Does Not Exist", "");
    else if (strncmp(message, "BYE ", 4) == 0) {
        respond(message, 200, "OK", "");
        event("bye_received", "%s", "");
        finish("far_side", 200, 0);
    } else if (strncmp(message, "INVITE ", 7) == 0 || strncmp(message, "UPDATE ", 7) == 0)
        offer_arrived(message);
    else if (strncmp(message, "INFO ", 5) == 0)
        respond(message, 200, "OK", "");
    else
        respond(message, 405, "Method Not Allowed", "");
}

static void sip_readable(void)
{
    char message[65536];
    ssize_t length = recv(call.sip, message, sizeof(message) - 1, 0);

    if (length <= 0)
        return;
    message[length] = 0;
    if (strncmp(message, "SIP/2.0 ", 8) == 0)
        response_arrived(message);
    else
        request_arrived(message);
}

static void resend(struct request *request, int64_t now)
{
    if (!request->active)
        return;
    if (now >= request->give_up_ms) {
        request->active = false;
        finish("timeout", 408, 1);
    } else if (request->resend_ms && now >= request->resend_ms) {
        bool invite = strcmp(request->method, "INVITE") == 0;

        request->wait_ms *= 2;
        if (!invite && request->wait_ms > T2_MS)
            request->wait_ms = T2_MS;
        request->resend_ms = now + request->wait_ms;
        send_text(request->text);
    }
}

/* --- RTP ----------------------------------------------------------------------------------- */

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

static void send_due_frames(int64_t now)
{
    if (call.state != TALKING || !call.has_media)
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

static void press(char key)
{
    static const char keys[] = "0123456789*#ABCD";
    const char *at = key ? strchr(keys, toupper((unsigned char)key)) : NULL;

    if (!at)
        return;
    call.key = (int)(at - keys);
    call.key_done_ms = call.key_ends = 0;
    event("key_sent", ",\"key\":\"%c\"", toupper((unsigned char)key));
}

static void press_due_key(int64_t now)
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

static void rtp_readable(void)
{
    uint8_t packet[2048];
    int16_t samples[2048];
    ssize_t length = recv(call.rtp, packet, sizeof(packet), 0);
    int payload = length > 12 ? packet[1] & 0x7F : -1;
    uint32_t ts, ssrc;
    int count = (int)length - 12;

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

static void print_stats(int64_t now)
{
    if (call.state != TALKING || now < call.next_stats_ms)
        return;
    if (call.next_stats_ms)
        event("rtp_stats", ",\"sent\":%u,\"received\":%u,\"lost\":%u,\"jitter_ms\":%.1f", call.sent,
              ear.received, ear.lost, ear.jitter * 1000 / RATE);
    call.next_stats_ms = now + 1000;
}

/* --- sockets and commands ------------------------------------------------------------------ */

static int bind_udp(bool even, uint16_t *ret_port)
{
    for (int tries = 0; tries < 50; tries++) {
        struct sockaddr_in local = {.sin_family = AF_INET};
        socklen_t length = sizeof(local);
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || inet_pton(AF_INET, opt.local, &local.sin_addr) != 1 ||
            bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0 ||
            getsockname(fd, (struct sockaddr *)&local, &length) < 0)
            die("UDP socket");
        *ret_port = ntohs(local.sin_port);
        if (!even || *ret_port % 2 == 0)
            return fd;
        close(fd);
    }
    errno = EADDRINUSE;
    die("no even port");
    return -1;
}

static void find_server(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    char port[8];

    snprintf(port, sizeof(port), "%u", opt.port);
    if (getaddrinfo(opt.host, port, &hints, &found) != 0) {
        fprintf(stderr, "caller: unknown host %s\n", opt.host);
        exit(2);
    }
    memcpy(&call.server, found->ai_addr, found->ai_addrlen);
    call.server_length = found->ai_addrlen;
    freeaddrinfo(found);
}

static void reinvite(const char *how)
{
    if (call.state != TALKING || call.invite.active) {
        fprintf(stderr, "caller: reinvite: not now\n");
        return;
    }
    if (strcmp(how, "address") == 0) {
        close(call.rtp);
        call.rtp = bind_udp(true, &call.rtp_port);
    } else {
        call.hold = strcmp(how, "hold") == 0;
    }
    send_invite();
    event("reinvite_sent", ",\"how\":\"%s\"", call.hold ? "hold" : "active");
}

static void command(char *line)
{
    char *word = strtok(line, " \r\n"), *rest = word ? strtok(NULL, " \r\n") : NULL;

    if (!word)
        return;
    if (strcmp(word, "hangup") == 0 || strcmp(word, "cancel") == 0)
        hang_up();
    else if (strcmp(word, "key") == 0 && rest && call.state == TALKING)
        press(rest[0]);
    else if (strcmp(word, "reinvite") == 0 && rest)
        reinvite(rest);
    else
        fprintf(stderr, "caller: unknown command %s\n", word);
}

/* Returns false when stdin is closed: the call goes on without commands. */
static bool stdin_readable(void)
{
    static char line[256];
    static size_t used;
    char c;
    ssize_t got = read(STDIN_FILENO, &c, 1);

    if (got <= 0)
        return got < 0 && errno == EINTR;
    if (c != '\n') {
        if (used + 1 < sizeof(line))
            line[used++] = c;
        return true;
    }
    line[used] = 0;
    used = 0;
    command(line);
    return true;
}

/* --- main ---------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void do_due_things(void)
{
    int64_t now = now_ms();

    resend(&call.invite, now);
    resend(&call.other, now);
    press_due_key(now);
    send_due_frames(now);
    print_stats(now);
    if (interrupted ||
        (opt.talk_s > 0 && call.answered_ms &&
         now >= call.answered_ms + (int64_t)(opt.talk_s * 1000)) ||
        (opt.hangup_s > 0 && now >= started_ms + (int64_t)(opt.hangup_s * 1000)))
        hang_up();
}

static void loop(void)
{
    bool commands = true;

    while (call.state != OVER) {
        struct pollfd fds[3] = {{call.sip, POLLIN, 0},
                                {call.rtp, POLLIN, 0},
                                {commands ? STDIN_FILENO : -1, POLLIN, 0}};
        int64_t wait = call.state == TALKING ? call.next_frame_ms - now_ms() : 50;

        if (poll(fds, 3, wait < 0 || wait > 50 ? 5 : (int)wait) < 0 && errno != EINTR)
            die("poll");
        if (fds[0].revents)
            sip_readable();
        if (fds[1].revents)
            rtp_readable();
        if (fds[2].revents && commands)
            commands = stdin_readable();
        do_due_things();
    }
}

static void usage(FILE *out)
{
    fputs("Usage: caller --to NUMBER [--from NUMBER] [--server HOST:PORT] [--local IP]\n"
          "  --wav FILE | --say TEXT | --tone HZ   what to send (8 kHz PCM16 mono), in a loop\n"
          "  --hear FILE.wav     write what is heard\n"
          "  --keys \"2,1\"        press keys (a comma waits 1.5 s) once something is heard,\n"
          "  --key-after S       or S seconds after the answer\n"
          "  --detect-tone HZ    tell when this tone is heard\n"
          "  --talk S            hang up S seconds after the answer\n"
          "  --hangup-after S    hang up or cancel S seconds after the INVITE\n"
          "  --pcmu              prefer PCMU      --call-id UUID   send X-Hotlined-Call\n"
          "Commands on stdin: key 2 | hangup | cancel | reinvite hold|resume|address\n",
          out);
}

static void set_server(const char *text)
{
    const char *colon = strrchr(text, ':');

    snprintf(opt.host, sizeof(opt.host), "%.*s", colon ? (int)(colon - text) : (int)strlen(text),
             text);
    if (colon)
        opt.port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static bool set_option(int option, const char *value)
{
    switch (option) {
    case 'f':
        opt.from = value;
        break;
    case 't':
        opt.to = value;
        break;
    case 's':
        set_server(value);
        break;
    case 'l':
        opt.local = value;
        break;
    case 'w':
        opt.wav = value;
        break;
    case 'y':
        opt.say = value;
        break;
    case 'o':
        opt.tone_hz = (int)strtol(value, NULL, 10);
        break;
    case 'h':
        opt.hear = value;
        break;
    case 'k':
        opt.keys = value;
        break;
    case 'a':
        opt.key_after_s = strtod(value, NULL);
        break;
    case 'd':
        opt.detect_hz = (int)strtol(value, NULL, 10);
        break;
    case 'T':
        opt.talk_s = strtod(value, NULL);
        break;
    case 'u':
        opt.hangup_s = strtod(value, NULL);
        break;
    case 'p':
        opt.pcmu_first = true;
        break;
    case 'x':
        opt.global_call_id = value;
        break;
    default:
        return false;
    }
    return true;
}

static void start_call(void)
{
    find_server();
    call.sip = bind_udp(false, &call.sip_port);
    call.rtp = bind_udp(true, &call.rtp_port);
    call.ssrc = random_number();
    call.seq = (uint16_t)random_number();
    call.ts = random_number();
    call.keys = opt.keys;
    snprintf(call.call_id, sizeof(call.call_id), "%08x%08x@caller", random_number(),
             random_number());
    snprintf(call.tag, sizeof(call.tag), "%08x", random_number());
    snprintf(call.to_line, sizeof(call.to_line), "<sip:%s@%s:%u>", opt.to, opt.host, opt.port);
    started_ms = now_ms();
    send_invite();
    event("invite_sent", ",\"call_id\":\"%s\",\"sip_port\":%u,\"rtp_port\":%u", call.call_id,
          call.sip_port, call.rtp_port);
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"from", 1, NULL, 'f'},         {"to", 1, NULL, 't'},
        {"server", 1, NULL, 's'},       {"local", 1, NULL, 'l'},
        {"wav", 1, NULL, 'w'},          {"say", 1, NULL, 'y'},
        {"tone", 1, NULL, 'o'},         {"hear", 1, NULL, 'h'},
        {"keys", 1, NULL, 'k'},         {"key-after", 1, NULL, 'a'},
        {"detect-tone", 1, NULL, 'd'},  {"talk", 1, NULL, 'T'},
        {"hangup-after", 1, NULL, 'u'}, {"pcmu", 0, NULL, 'p'},
        {"call-id", 1, NULL, 'x'},      {NULL, 0, NULL, 0},
    };

    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;)
        if (!set_option(option, optarg)) {
            usage(stderr);
            return 2;
        }
    if (optind < argc) {
        usage(stderr);
        return 2;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    load_sound(&call.sound);
    hear_open();
    start_call();
    loop();
    hear_close();
    return call.exit_code;
}
