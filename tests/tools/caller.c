/* rooms: */
/* with: tests/tools/caller/[a-z]*.c */
/* The telephone of somebody outside: one call with real sound, for tests and for `make call`.
 *
 * Plain SIP over UDP written by hand (RFC 3261 user agent), RTP with G.711 and RFC 4733 keys; it
 * shares nothing with the daemon, so that a misunderstanding of ours is not repeated here.
 * It calls a number of ours, or with --answer waits to be called by us. One JSON line per event on
 * stdout: {"event":"answered","ms":123,...}, ms since the INVITE.
 * Commands on stdin: key 2 | hangup | cancel | answer | refuse 486 |
 *                    reinvite hold | reinvite resume | reinvite address
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "caller/caller.h"

struct options opt = {.from = "13800000000",
                      .to = "12366",
                      .local = "127.0.0.1",
                      .host = "127.0.0.1",
                      .port = 5060,
                      .key_after_s = -1,
                      .answer_after_ms = 500,
                      .count = 1};
struct call call;
int64_t started_ms;

/* --- time, events, sockets ------------------------------------------------------------------ */

int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void event(const char *name, const char *more, ...)
{
    va_list ap;

    printf("{\"event\":\"%s\",\"ms\":%lld", name, (long long)(now_ms() - started_ms));
    va_start(ap, more);
    vprintf(more, ap);
    va_end(ap);
    puts("}");
    fflush(stdout);
}

void die(const char *what)
{
    fprintf(stderr, "caller: %s: %s\n", what, strerror(errno));
    exit(2);
}

unsigned random_number(void)
{
    unsigned value;

    if (getrandom(&value, sizeof(value), 0) != sizeof(value))
        die("getrandom");
    return value;
}

int bind_udp(uint16_t port, bool even, uint16_t *ret_port)
{
    for (int tries = 0; tries < 50; tries++) {
        struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
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

/* --- a call's beginning and end ------------------------------------------------------------- */

void call_new(void)
{
    call.key = -1;
    call.payload = PT_PCMA;
    call.rtp = bind_udp(0, true, &call.rtp_port);
    call.ssrc = random_number();
    call.seq = (uint16_t)random_number();
    call.ts = random_number();
    call.keys = opt.keys;
    snprintf(call.tag, sizeof(call.tag), "%08x", random_number());
    started_ms = now_ms();
}

void finish(const char *why, int status, int code)
{
    if (call.state == OVER)
        return;
    event("ended", ",\"reason\":\"%s\",\"status\":%d,\"sent\":%u,\"received\":%u,\"lost\":%u", why,
          status, call.sent, heard_packets(), lost_packets());
    call.state = OVER;
    call.exit_code = code;
}

/* --- commands ------------------------------------------------------------------------------- */

static void command(char *line)
{
    char *word = strtok(line, " \r\n"), *rest = word ? strtok(NULL, " \r\n") : NULL;

    if (!word)
        return;
    if (strcmp(word, "hangup") == 0 || strcmp(word, "cancel") == 0)
        hang_up();
    else if (strcmp(word, "key") == 0 && rest && call.state == TALKING)
        press(rest[0]);
    else if (strcmp(word, "answer") == 0)
        answer_now();
    else if (strcmp(word, "refuse") == 0 && call.state == RINGING && opt.takes_calls)
        refuse_now(rest ? (int)strtol(rest, NULL, 10) : 486);
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

/* --- main ----------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void do_due_things(void)
{
    int64_t now = now_ms();

    send_due_again(&call.invite, now);
    send_due_again(&call.other, now);
    send_due_again(&call.reply, now);
    answer_due_call(now);
    press_due_key(now);
    send_due_frames(now);
    print_stats(now);
    if (interrupted ||
        (opt.talk_s > 0 && call.answered_ms &&
         now >= call.answered_ms + (int64_t)(opt.talk_s * 1000)) ||
        (opt.hangup_s > 0 && call.state != WAITING &&
         now >= started_ms + (int64_t)(opt.hangup_s * 1000)))
        hang_up();
}

static void loop(void)
{
    bool commands = true;

    while (call.state != OVER || (opt.takes_calls && wait_again())) {
        struct pollfd fds[3] = {{call.sip, POLLIN, 0},
                                {call.rtp, POLLIN, 0},
                                {commands ? STDIN_FILENO : -1, POLLIN, 0}};
        int64_t wait = speaking() ? call.next_frame_ms - now_ms() : 50;

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
          "       caller --answer HOST:PORT   (port 0 = any: the event listening tells)\n"
          "  --answer-after MS   500 unless told; -1 = only at the command answer\n"
          "  --refuse STATUS     at once, instead of ringing\n"
          "  --cause Q850        with a Reason header in what refuses\n"
          "  --early             183 with sound instead of 180\n"
          "  --count N           calls to take, one after the other; 0 = without end\n"
          "  --wav FILE | --say TEXT | --tone HZ   what to send (8 kHz PCM16 mono), in a loop\n"
          "  --hear FILE.wav     write what is heard\n"
          "  --keys \"2,1\"        press keys (a comma waits 1.5 s) once something is heard,\n"
          "  --key-after S       or S seconds after the answer\n"
          "  --detect-tone HZ    tell when this tone is heard\n"
          "  --talk S            hang up S seconds after the answer\n"
          "  --hangup-after S    hang up or cancel S seconds after the INVITE\n"
          "  --pcmu              prefer PCMU      --call-id UUID   send X-Hotlined-Call\n"
          "  --along TEXT        send X-Hotlined-Along\n"
          "Commands on stdin: key 2 | hangup | cancel | answer | refuse STATUS |\n"
          "                   reinvite hold|resume|address\n",
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
    case 'X':
        opt.along = value;
        break;
    case 'A':
        opt.takes_calls = true;
        set_server(value);
        opt.local = opt.host;
        break;
    case 'F':
        opt.answer_after_ms = (int)strtol(value, NULL, 10);
        break;
    case 'R':
        opt.refuse_status = (int)strtol(value, NULL, 10);
        break;
    case 'Q':
        opt.refuse_cause = (int)strtol(value, NULL, 10);
        break;
    case 'E':
        opt.early = true;
        break;
    case 'c':
        opt.count = (int)strtol(value, NULL, 10);
        break;
    default:
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"from", 1, NULL, 'f'},
        {"to", 1, NULL, 't'},
        {"server", 1, NULL, 's'},
        {"local", 1, NULL, 'l'},
        {"wav", 1, NULL, 'w'},
        {"say", 1, NULL, 'y'},
        {"tone", 1, NULL, 'o'},
        {"hear", 1, NULL, 'h'},
        {"keys", 1, NULL, 'k'},
        {"key-after", 1, NULL, 'a'},
        {"detect-tone", 1, NULL, 'd'},
        {"talk", 1, NULL, 'T'},
        {"hangup-after", 1, NULL, 'u'},
        {"pcmu", 0, NULL, 'p'},
        {"call-id", 1, NULL, 'x'},
        {"answer", 1, NULL, 'A'},
        {"answer-after", 1, NULL, 'F'},
        {"refuse", 1, NULL, 'R'},
        {"along", 1, NULL, 'X'},
        {"early", 0, NULL, 'E'},
        {"count", 1, NULL, 'c'},
        {"cause", 1, NULL, 'Q'},
        {NULL, 0, NULL, 0},
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
    if (opt.takes_calls)
        start_waiting();
    else
        start_call();
    loop();
    hear_close();
    return call.exit_code;
}
