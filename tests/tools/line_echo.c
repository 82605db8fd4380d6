/* rooms: base media */
/* One browser line without the daemon, for line_chromium.test.mjs: a tone generator and a tone
 * meter behind the real shared port.
 *
 *   stdin   "offer N\n" or "restart N\n" followed by N bytes of SDP; "quit\n"
 *   stdout  "answer N\n" followed by N bytes, "refused WHY\n", "state NAME\n", and each half
 *           second "heard packets=P tone=PERCENT tcp=0|1 gcm=0|1\n"
 *
 * It says 1 kHz in A-law; PERCENT is how much of the energy heard lies at 1 kHz. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <spandsp.h>

#include "media/line/line.h"

#define LINE_ID 1
#define FRAME   160 /* samples, 20 ms */
#define TONE_HZ 1000.0
#define PERIOD  25 /* frames between reports */

struct echo {
    struct line_identity *identity;
    struct line_port *port;
    struct line_remote remote;
    uint64_t version;
    bool open, up;
    uint16_t seq;
    unsigned frames, packets;
    double energy, cosine, sine; /* of what was heard since the last report */
    unsigned samples;
};

static int64_t now_ms(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void on_rtp(handle_t id, uint8_t *packet, size_t length, int64_t at_ms, void *arg)
{
    struct echo *echo = arg;

    (void)id;
    (void)at_ms;
    if ((packet[1] & 0x7f) != SDP_PT_PCMA || length < 12 + FRAME)
        return;
    echo->packets++;
    for (size_t i = length - FRAME; i < length; i++) {
        double value = alaw_to_linear(packet[i]);
        double phase = 2 * M_PI * TONE_HZ * echo->samples++ / 8000;
        echo->energy += value * value;
        echo->cosine += value * cos(phase);
        echo->sine += value * sin(phase);
    }
}

static void on_rtcp(handle_t id, uint8_t *packet, size_t length, int64_t at_ms, void *arg)
{
    (void)id;
    (void)packet;
    (void)length;
    (void)at_ms;
    (void)arg;
}

static void on_state(handle_t id, enum media_line_state state, void *arg)
{
    static const char *const names[] = {"connecting", "up", "lost", "closed"};
    struct echo *echo = arg;

    (void)id;
    echo->up = state == MEDIA_LINE_UP;
    echo->open = state != MEDIA_LINE_CLOSED;
    printf("state %s\n", names[state]);
}

static void say_tone(struct echo *echo)
{
    uint8_t packet[12 + FRAME] = {0x80, SDP_PT_PCMA, [8] = 0x11, 0x22, 0x33, 0x44};
    uint32_t first = echo->seq * (uint32_t)FRAME;

    packet[2] = (uint8_t)(echo->seq >> 8);
    packet[3] = (uint8_t)echo->seq++;
    for (int i = 0; i < 4; i++)
        packet[4 + i] = (uint8_t)(first >> (24 - 8 * i));
    for (int i = 0; i < FRAME; i++)
        packet[12 + i] =
            linear_to_alaw((int)lrint(8000 * sin(2 * M_PI * TONE_HZ * (first + i) / 8000)));
    (void)line_send_rtp(echo->port, LINE_ID, packet, sizeof(packet));
}

static void report(struct echo *echo)
{
    struct line_info info = {0};
    double at_tone = 2 * (echo->cosine * echo->cosine + echo->sine * echo->sine);
    double all = echo->energy * echo->samples;

    (void)line_info(echo->port, LINE_ID, &info);
    printf("heard packets=%u tone=%d tcp=%d gcm=%d\n", echo->packets,
           all > 0 ? (int)lrint(100 * at_tone / all) : 0, info.tcp, info.gcm);
    echo->packets = echo->samples = 0;
    echo->energy = echo->cosine = echo->sine = 0;
}

static void answer(struct echo *echo, const char *offer, size_t length, bool restart)
{
    struct line_credentials local;
    struct line_answer ours = {.local = &local,
                               .fingerprint = line_identity_fingerprint(echo->identity),
                               .address = "127.0.0.1",
                               .port = line_port_number(echo->port),
                               .session_id = 12366,
                               .version = ++echo->version};
    struct line_remote remote;
    char why[128] = "", out[2048];
    int size, error;

    line_credentials_make(&local);
    if (line_offer_parse(offer, length, &remote, why, sizeof(why)) != 0) {
        printf("refused %s\n", why);
        return;
    }
    if (restart && !line_remote_same_session(&remote, &echo->remote)) {
        printf("refused other session\n");
        return;
    }
    error = restart ? line_restart(echo->port, LINE_ID, &local, &remote)
                    : line_open(echo->port, LINE_ID, &local, &remote, now_ms());
    size = line_answer_print(&remote, &ours, out, sizeof(out));
    if (error != 0 || size < 0) {
        printf("refused error %d\n", error != 0 ? error : size);
        return;
    }
    echo->remote = remote;
    echo->open = true;
    printf("answer %d\n%s", size, out);
}

/* One command. False at the end. */
static bool obey(struct echo *echo)
{
    char word[16], offer[16384];
    size_t length;

    if (scanf("%15s", word) != 1 || strcmp(word, "quit") == 0)
        return false;
    if (scanf("%zu", &length) != 1 || length >= sizeof(offer) || getchar() != '\n' ||
        fread(offer, 1, length, stdin) != length)
        return false;
    answer(echo, offer, length, strcmp(word, "restart") == 0);
    return true;
}

static void run(struct echo *echo)
{
    struct pollfd fds[3] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = line_port_udp_fd(echo->port), .events = POLLIN},
                            {.fd = line_port_tcp_fd(echo->port), .events = POLLIN}};
    int64_t due_ms = now_ms();

    while (poll(fds, 3, 5) >= 0) {
        if (fds[0].revents != 0 && !obey(echo))
            return;
        for (int i = 1; i < 3; i++) {
            if (fds[i].revents != 0)
                line_port_readable(echo->port, fds[i].fd, now_ms());
        }
        line_port_tick(echo->port, now_ms());
        for (; now_ms() >= due_ms; due_ms += 20) {
            if (echo->up)
                say_tone(echo);
            if (echo->open && ++echo->frames % PERIOD == 0)
                report(echo);
        }
        line_port_flush(echo->port);
    }
}

int main(void)
{
    struct echo echo = {0};
    struct line_port_options options = {
        .address = "127.0.0.1",
        .max_lines = 2,
        .handlers = {on_rtp, on_rtcp, on_state},
        .arg = &echo,
    };

    (void)setvbuf(stdin, NULL, _IONBF, 0); /* poll() must see what scanf() left */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (line_identity_make(&echo.identity) != 0)
        return EXIT_FAILURE;
    options.identity = echo.identity;
    if (line_port_create(&options, &echo.port) != 0)
        return EXIT_FAILURE;
    run(&echo);
    line_port_destroy(echo.port);
    line_identity_free(echo.identity);
    return EXIT_SUCCESS;
}
