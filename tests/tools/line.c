/* rooms: base media */
/* with: tests/unit/line_client.c */
/* An agent's browser line without a browser, driven over stdin and stdout by system tests.
 *
 *   line [--tone HZ] [--detect-tone HZ] [--hear FILE.wav] [--tcp] [--own ADDRESS]
 *
 * Prints one JSON object per line: offer (sdp), connected, first_rtp, tone (heard for 100 ms),
 * tone_end, closed, stats. Reads commands: answer "SDP as a JSON string", tone HZ, silence, detect
 * HZ, restart, move (to another port), move ADDRESS, mute, unmute, quit. What was heard is a WAV
 * once it has quit. It sends A-law each 20 ms while it has a tone (a browser sends nothing while
 * its microphone is not attached). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>
#include <media/g711.h>

#include "../unit/line_client.h"

#define FRAME       160
#define TONE_ON     5    /* frames of 20 ms in a row */
#define HEARD_LIMIT 0.25 /* share of the frame's energy in the tone: three may speak at once */

struct line {
    struct line_client *client;
    double tone_hz, detect_hz, phase;
    uint16_t seq;
    uint32_t timestamp, ssrc;
    int64_t started, next_frame;
    unsigned received, sent, hits, misses;
    bool connected, closed, heard_first, tone_on, quit;
    FILE *hear;
    uint32_t written; /* samples */
    char own[64];     /* the address it sends from: where the network put it */
    char input[65536];
    size_t input_length;
};

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void say(struct line *l, const char *event)
{
    printf("{\"event\":\"%s\",\"ms\":%lld,\"received\":%u,\"sent\":%u}\n", event,
           (long long)(now_ms() - l->started), l->received, l->sent);
    fflush(stdout);
}

static void say_tone(struct line *l)
{
    printf("{\"event\":\"tone\",\"ms\":%lld,\"hz\":%.0f}\n", (long long)(now_ms() - l->started),
           l->detect_hz);
    fflush(stdout);
}

static void say_offer(struct line *l)
{
    char sdp[8192];
    struct text json = {0};
    int length = line_client_offer(l->client, sdp, sizeof(sdp) - 1);

    if (length < 0) {
        fprintf(stderr, "line: no offer\n");
        exit(1);
    }
    sdp[length] = 0;
    text_add_json(&json, sdp);
    printf("{\"event\":\"offer\",\"sdp\":%s}\n", json.data);
    fflush(stdout);
    text_done(&json);
}

/* --- A-law, G.711 --------------------------------------------------------------------------- */

/* --- sound ---------------------------------------------------------------------------------- */

static void send_frame(struct line *l)
{
    uint8_t packet[12 + FRAME] = {0x80, 8};

    packet[2] = (uint8_t)(l->seq >> 8);
    packet[3] = (uint8_t)l->seq++;
    for (int i = 0; i < 4; i++) {
        packet[4 + i] = (uint8_t)(l->timestamp >> (24 - 8 * i));
        packet[8 + i] = (uint8_t)(l->ssrc >> (24 - 8 * i));
    }
    for (int i = 0; i < FRAME; i++) {
        packet[12 + i] = g711_alaw_encode((int16_t)(8000 * sin(l->phase)));
        l->phase += 2 * M_PI * l->tone_hz / 8000;
    }
    l->timestamp += FRAME;
    if (line_client_send_rtp(l->client, packet, sizeof(packet)) == 0)
        l->sent++;
}

/* Share of the energy at one frequency (Goertzel). */
static double share_at(const uint8_t *alaw, size_t count, double hz)
{
    double k = 2 * cos(2 * M_PI * hz / 8000), s1 = 0, s2 = 0, energy = 1;

    for (size_t i = 0; i < count; i++) {
        double x = g711_alaw_table[alaw[i]], s0 = x + k * s1 - s2;
        s2 = s1;
        s1 = s0;
        energy += x * x;
    }
    return energy < 1e6 ? 0 : (s1 * s1 + s2 * s2 - k * s1 * s2) / (energy * (double)count / 2);
}

static void hear_open(struct line *l, const char *path)
{
    static const uint8_t nothing[44];

    l->hear = fopen(path, "wb");
    if (!l->hear || fwrite(nothing, 1, sizeof(nothing), l->hear) != sizeof(nothing)) {
        fprintf(stderr, "line: cannot write %s\n", path);
        exit(1);
    }
}

static void hear_frame(struct line *l, const uint8_t *alaw)
{
    int16_t samples[FRAME];

    for (int i = 0; i < FRAME; i++)
        samples[i] = g711_alaw_table[alaw[i]];
    l->written += (uint32_t)fwrite(samples, sizeof(samples[0]), FRAME, l->hear);
}

/* PCM, mono, 8000 samples of 16 bit each second. */
static void hear_close(struct line *l)
{
    uint32_t bytes = l->written * 2;
    uint32_t words[11] = {0x46464952, 36 + bytes, 0x45564157, 0x20746d66, 16,   0x00010001,
                          8000,       16000,      0x00100002, 0x61746164, bytes};

    if (!l->hear)
        return;
    rewind(l->hear);
    if (fwrite(words, sizeof(words), 1, l->hear) != 1 || fclose(l->hear) != 0)
        fprintf(stderr, "line: what was heard is lost\n");
}

static void on_rtp(struct line_client *client, uint8_t *packet, size_t length, void *arg)
{
    struct line *l = arg;

    (void)client;
    if (length < 12 + FRAME || (packet[1] & 0x7f) != 8)
        return;
    l->received++;
    if (!l->heard_first) {
        l->heard_first = true;
        say(l, "first_rtp");
    }
    if (l->hear)
        hear_frame(l, packet + length - FRAME);
    if (l->detect_hz <= 0)
        return;
    if (share_at(packet + length - FRAME, FRAME, l->detect_hz) > HEARD_LIMIT) {
        l->misses = 0;
        if (++l->hits >= TONE_ON && !l->tone_on) {
            l->tone_on = true;
            say_tone(l);
        }
    } else {
        l->hits = 0;
        if (++l->misses >= TONE_ON && l->tone_on) {
            l->tone_on = false;
            say(l, "tone_end");
        }
    }
}

/* --- commands ------------------------------------------------------------------------------- */

static void take_answer(struct line *l, const char *json)
{
    cJSON *sdp = cJSON_Parse(json);

    if (!cJSON_IsString(sdp) || line_client_answer(l->client, sdp->valuestring)) {
        fprintf(stderr, "line: the answer cannot be used\n");
        exit(1);
    }
    cJSON_Delete(sdp);
}

static void command(struct line *l, char *text)
{
    if (strncmp(text, "answer ", 7) == 0) {
        take_answer(l, text + 7);
    } else if (strncmp(text, "tone ", 5) == 0) {
        l->tone_hz = strtod(text + 5, NULL);
    } else if (strcmp(text, "silence") == 0) {
        l->tone_hz = 0;
    } else if (strncmp(text, "detect ", 7) == 0) {
        l->detect_hz = strtod(text + 7, NULL);
        l->hits = l->misses = 0;
        l->tone_on = false;
    } else if (strcmp(text, "restart") == 0) {
        line_client_restart(l->client);
        say_offer(l);
    } else if (strcmp(text, "move") == 0 || strncmp(text, "move ", 5) == 0) {
        if (text[4])
            text_copy(l->own, sizeof(l->own), text + 5);
        if (line_client_move(l->client))
            fprintf(stderr, "line: cannot move\n");
    } else if (strcmp(text, "mute") == 0 || strcmp(text, "unmute") == 0) {
        line_client_mute(l->client, text[0] == 'm');
    } else if (strcmp(text, "stats") == 0) {
        say(l, "stats");
    } else if (strcmp(text, "quit") == 0) {
        l->quit = true;
    } else {
        fprintf(stderr, "line: no such command: %s\n", text);
    }
}

static void read_commands(struct line *l)
{
    ssize_t n =
        read(STDIN_FILENO, l->input + l->input_length, sizeof(l->input) - 1 - l->input_length);
    char *start = l->input, *end;

    if (n <= 0) {
        l->quit = true;
        return;
    }
    l->input_length += (size_t)n;
    l->input[l->input_length] = 0;
    while ((end = strchr(start, '\n'))) {
        *end = 0;
        command(l, start);
        start = end + 1;
    }
    l->input_length = strlen(start);
    memmove(l->input, start, l->input_length + 1);
}

static void turn(struct line *l)
{
    struct pollfd fds[2] = {{line_client_fd(l->client), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    int64_t wait = l->next_frame - now_ms();

    if (poll(fds, 2, wait < 0 ? 0 : (int)wait) < 0 && errno != EINTR)
        exit(1);
    if (fds[1].revents)
        read_commands(l);
    line_client_step(l->client, now_ms());
    if (!l->connected && line_client_connected(l->client)) {
        l->connected = true;
        say(l, "connected");
    }
    if (!l->closed && line_client_closed(l->client)) {
        l->closed = true;
        say(l, "closed");
    }
    while (now_ms() >= l->next_frame) {
        l->next_frame += 20;
        if (l->connected && l->tone_hz > 0)
            send_frame(l);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"tone", required_argument, NULL, 't'}, {"detect-tone", required_argument, NULL, 'd'},
        {"hear", required_argument, NULL, 'h'}, {"tcp", no_argument, NULL, 'T'},
        {"own", required_argument, NULL, 'o'},  {NULL, 0, NULL, 0}};
    static struct line l;
    struct line_client_options client = {.on_rtp = on_rtp, .arg = &l, .own = l.own};
    struct line_client_identity *identity = line_client_identity_make();

    text_copy(l.own, sizeof(l.own), "127.0.0.1");
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (o) {
        case 't':
            l.tone_hz = strtod(optarg, NULL);
            break;
        case 'd':
            l.detect_hz = strtod(optarg, NULL);
            break;
        case 'h':
            hear_open(&l, optarg);
            break;
        case 'T':
            client.tcp = true;
            break;
        case 'o':
            text_copy(l.own, sizeof(l.own), optarg);
            break;
        default:
            return 2;
        }
    l.started = l.next_frame = now_ms();
    l.ssrc = (uint32_t)getpid() * 2654435761u;
    if (!identity || line_client_create(identity, &client, &l.client)) {
        fprintf(stderr, "line: cannot start\n");
        return 1;
    }
    say_offer(&l);
    while (!l.quit && !line_client_failed(l.client))
        turn(&l);
    if (l.quit)
        line_client_close(l.client);
    hear_close(&l);
    line_client_free(l.client);
    line_client_identity_free(identity);
    return l.quit ? 0 : 1;
}
