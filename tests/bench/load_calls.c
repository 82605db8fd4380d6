/* Queue calls by the hundreds and thousands a second, both sides in one small process: callers that
 * stay until the agent ends the talk, desk phones that answer at once. Costs a fifth of what SIPp
 * does, so that the core it shares with PostgreSQL is not the limit of what is measured.
 *   load_calls server=HOST:PORT callers=HOST:PORT agents=HOST:PORT service=NUMBER media=PORT
 * *              [talk_ms=2000] [answer_ms=10000] [direction=inactive]
 * Each line RATE:SECONDS[,RATE:SECONDS...] of stdin is a run; its result is a line of JSON on
 * stdout: good, refused (503), failed, setup = INVITE to BYE less the talk. The agents' side
 * answers, also the daemon's OPTIONS, from the start until stdin ends. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { LINGER_MS = 16000, DRAIN_MS = 300, LOOK_US = 250, STEPS_MAX = 16 };

struct step {
    double per_second, seconds;
};

struct run {
    struct step steps[STEPS_MAX];
    size_t count, calls;
};

static struct load_options options = {.talk_ms = 2000, .answer_ms = 10000};
static uint64_t late_us; /* the most an INVITE left after its time */

static void fail_usage(const char *arg)
{
    fprintf(stderr, "load_calls: cannot use %s (see the head of load_calls.c)\n", arg);
    exit(2);
}

static void read_address(struct sockaddr_in *out, char *text, size_t size, const char *value)
{
    char host[32];
    unsigned port;

    if (sscanf(value, "%31[0-9.]:%u", host, &port) != 2 || port > 65535 ||
        inet_pton(AF_INET, host, &out->sin_addr) != 1)
        fail_usage(value);
    out->sin_family = AF_INET;
    out->sin_port = htons((uint16_t)port);
    snprintf(text, size, "%s", value);
}

/* The steps of one line; false when it is not understood. */
static bool read_rates(struct run *run, const char *line)
{
    const char *at = line;

    *run = (struct run){0};
    while (*at && *at != '\n') {
        struct step *step = &run->steps[run->count];
        int used = 0;

        if (run->count == STEPS_MAX ||
            sscanf(at, "%lf:%lf%n", &step->per_second, &step->seconds, &used) != 2 ||
            step->per_second <= 0 || step->seconds <= 0)
            return false;
        run->count++;
        run->calls += (size_t)(step->per_second * step->seconds + 0.5);
        at += used + (at[used] == ',');
    }
    return run->count > 0;
}

static void write_sdp(char *out, size_t size, const char *address, int media, const char *direction)
{
    int host_len = (int)strcspn(address, ":");

    snprintf(out, size,
             "v=0\r\no=bench 1 1 IN IP4 %.*s\r\ns=-\r\nc=IN IP4 %.*s\r\nt=0 0\r\n"
             "m=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=%s\r\n",
             host_len, address, host_len, address, media, direction);
}

static void read_options(int argc, char **argv)
{
    const char *direction = "inactive";
    int media = 9;

    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        size_t len = value ? (size_t)(value - argv[i]) : 0;

        if (!value)
            fail_usage(argv[i]);
        value++;
#define IS(name) (len == sizeof(name) - 1 && !memcmp(argv[i], name, sizeof(name) - 1))
        if (IS("server"))
            read_address(&options.server, options.server_text, sizeof(options.server_text), value);
        else if (IS("callers"))
            read_address(&options.callers, options.callers_text, sizeof(options.callers_text),
                         value);
        else if (IS("agents"))
            read_address(&options.agents, options.agents_text, sizeof(options.agents_text), value);
        else if (IS("service"))
            snprintf(options.service, sizeof(options.service), "%s", value);
        else if (IS("media"))
            media = atoi(value);
        else if (IS("talk_ms"))
            options.talk_ms = (uint32_t)atoi(value);
        else if (IS("answer_ms"))
            options.answer_ms = (uint32_t)atoi(value);
        else if (IS("direction"))
            direction = value;
        else
            fail_usage(argv[i]);
#undef IS
    }
    if (!options.server.sin_port || !options.callers.sin_port || !options.agents.sin_port ||
        !options.service[0])
        fail_usage("these arguments: one is missing");
    write_sdp(options.sdp[0], sizeof(options.sdp[0]), options.callers_text, media, direction);
    write_sdp(options.sdp[1], sizeof(options.sdp[1]), options.agents_text, media, direction);
}

/* What came, what is due. */
static void turn(void)
{
    uint64_t now;

    agents_read();
    callers_read();
    now = now_us() / 1000;
    agents_due(now);
    callers_due(now);
}

/* Sleeps on the clock, not on the sockets: the daemon would pay for waking us at each message,
 * which the far end of a network costs nobody. */
static void turn_at(uint64_t until_us)
{
    uint64_t now = now_us(), us = until_us > now ? until_us - now : 0;
    struct timespec wait = {.tv_nsec = (us < LOOK_US ? (long)us : LOOK_US) * 1000L};

    if (us)
        nanosleep(&wait, NULL);
    turn();
}

/* Between runs: whether stdin has something to say. */
static bool idle(void)
{
    struct pollfd fds[3] = {
        {callers_fd(), POLLIN, 0}, {agents_fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

    poll(fds, 3, 100);
    turn();
    return !fds[2].revents;
}

static void run_for(uint64_t ms)
{
    uint64_t end = now_us() + ms * 1000;

    while (now_us() < end)
        turn_at(end);
}

static uint32_t run_step(const struct step *step, uint32_t index, uint64_t began_us)
{
    uint32_t count = (uint32_t)(step->per_second * step->seconds + 0.5);
    uint64_t start = now_us();

    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = start + (uint64_t)(i * 1e6 / step->per_second), now;

        while ((now = now_us()) < at)
            turn_at(at);
        if (now - at > late_us)
            late_us = now - at;
        callers_call(index + i, (unsigned)((now - began_us) / 1000000));
        if (i % 16 == 15) /* behind its time: what came is read all the same */
            turn();
    }
    return index + count;
}

static void run(const struct run *run)
{
    uint64_t began, end;
    uint32_t index = 0;

    late_us = udp_lost = 0;
    agents_make_room(run->calls);
    callers_begin(run->calls);
    began = now_us();
    for (size_t i = 0; i < run->count; i++)
        index = run_step(&run->steps[i], index, began);
    end = now_us() + LINGER_MS * 1000;
    while (callers_open() && now_us() < end)
        turn_at(end);
    callers_give_up();
    run_for(DRAIN_MS);
    callers_report();
    printf(",\"talks\":%zu,\"agents_repeated\":%zu,\"late_ms\":%.1f,\"not_sent\":%llu}\n",
           agents_talks(), agents_again(), (double)late_us / 1000, (unsigned long long)udp_lost);
    fflush(stdout);
    callers_finish();
    callers_begin(0);
}

int main(int argc, char **argv)
{
    char line[512];
    struct run next;

    read_options(argc, argv);
    callers_start(&options);
    callers_begin(0);
    agents_start(&options);
    agents_make_room(0);
    for (;;) {
        while (idle())
            continue;
        if (!fgets(line, sizeof(line), stdin))
            break;
        if (!read_rates(&next, line))
            fail_usage(line);
        run(&next);
    }
    callers_finish();
    agents_end();
    return 0;
}
