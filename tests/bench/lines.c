/* rooms: base media */
/* with: tests/unit/line_client.c */
/* Many browser-like lines in one process, idle as those of agents without a call: ICE checks each
 * second and nothing else.   lines COUNT OWN-ADDRESS
 * Prints an offer for each as JSON, {"line":n,"sdp":...}; reads "answer N JSON-STRING" for each;
 * prints {"connected":COUNT} once all are; ends with its stdin, saying how many RTP packets came.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "../unit/line_client.h"

enum { LINES_MAX = 2000, STEP_MS = 20, INPUT_SIZE = 1 << 20 };

static struct line_client *lines[LINES_MAX];
static struct pollfd fds[LINES_MAX + 1];
static int count;
static unsigned packets;
static char input[INPUT_SIZE];
static size_t input_length;

static void fail(const char *what)
{
    fprintf(stderr, "lines: %s\n", what);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void on_rtp(struct line_client *client, uint8_t *packet, size_t length, void *arg)
{
    (void)client;
    (void)packet;
    (void)length;
    (void)arg;
    packets++;
}

static void offer(int n)
{
    char sdp[8192];
    struct text json = {0};
    int length = line_client_offer(lines[n], sdp, sizeof(sdp) - 1);

    if (length < 0)
        fail("no offer");
    sdp[length] = 0;
    text_add_json(&json, sdp);
    printf("{\"line\":%d,\"sdp\":%s}\n", n, json.data);
    text_done(&json);
}

static void answer(const char *text)
{
    char *rest;
    long n = strncmp(text, "answer ", 7) == 0 ? strtol(text + 7, &rest, 10) : -1;
    cJSON *sdp = n >= 0 && n < count ? cJSON_Parse(rest) : NULL;

    if (!cJSON_IsString(sdp) || line_client_answer(lines[n], sdp->valuestring))
        fail("the answer cannot be used");
    cJSON_Delete(sdp);
}

static bool read_answers(void)
{
    ssize_t n = read(STDIN_FILENO, input + input_length, sizeof(input) - 1 - input_length);
    char *start = input, *end;

    if (n <= 0)
        return false;
    input_length += (size_t)n;
    input[input_length] = 0;
    while ((end = strchr(start, '\n'))) {
        *end = 0;
        answer(start);
        start = end + 1;
    }
    input_length = strlen(start);
    memmove(input, start, input_length + 1);
    return true;
}

static int step_all(void)
{
    int64_t now = now_ms();
    int connected = 0;

    for (int n = 0; n < count; n++) {
        line_client_step(lines[n], now);
        if (line_client_failed(lines[n]))
            fail("a line failed");
        connected += line_client_connected(lines[n]);
    }
    return connected;
}

int main(int argc, char **argv)
{
    struct line_client_identity *identity = line_client_identity_make();
    struct line_client_options options = {.on_rtp = on_rtp, .own = argc == 3 ? argv[2] : NULL};
    bool said = false, open = true;

    count = argc == 3 ? (int)strtol(argv[1], NULL, 10) : 0;
    if (!identity || count < 1 || count > LINES_MAX)
        fail("usage: lines COUNT OWN-ADDRESS");
    for (int n = 0; n < count; n++) {
        if (line_client_create(identity, &options, &lines[n]))
            fail("cannot make a line");
        fds[n] = (struct pollfd){line_client_fd(lines[n]), POLLIN, 0};
        offer(n);
    }
    fflush(stdout);
    fds[count] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    while (open) {
        if (poll(fds, (nfds_t)count + 1, STEP_MS) > 0 && fds[count].revents)
            open = read_answers();
        if (step_all() == count && !said) {
            said = true;
            printf("{\"connected\":%d}\n", count);
            fflush(stdout);
        }
    }
    printf("{\"packets\":%u}\n", packets);
    for (int n = 0; n < count; n++)
        line_client_free(lines[n]);
    line_client_identity_free(identity);
    return 0;
}
