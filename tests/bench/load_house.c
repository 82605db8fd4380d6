/* rooms: base media */
/* with: tests/unit/line_client.c */
/* The sound of a full house: agents at browser-like lines (ICE, DTLS, SRTP) and callers at plain
 * RTP, whose talks come and go.   load_house LINES LINES_HOST CALLERS CALLERS_HOST Each talker says
 * 160 bytes of A-law every 20 ms; the payload names the talker, which talk of his it is, the how
 * many-th packet and when, so that the other end tells losses, a wrong pair of ears and delay
 * whatever happened to the headers on the way. A loss is a number missing between two that came:
 * how long a talk's sound needs to begin and where it ends is not its business.
 *
 * Prints {"ports":[...]} (of the callers), an offer for each line, {"line":n,"sdp":...}, and
 * {"connected":LINES} once all are. Reads from stdin: answer N JSON-STRING      the daemon's answer
 * to the offer of line N caller N HOST PORT        caller N begins a talk;   agent N   so does the
 * agent at line N hush caller N, hush agent N count                     counts from now on; report
 * prints what was counted as one line of JSON It sleeps from millisecond to millisecond (a reader
 * woken by each packet makes the sender pay for it), so a delay is up to 1 ms too long. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <hotlined/text.h>

#include "../unit/line_client.h"

enum {
    MOST = 2000, /* of either side */
    SLOTS = 20,  /* of a millisecond */
    HEADER = 12,
    PAYLOAD = 160,
    PACKET = HEADER + PAYLOAD,
    READY = 256, /* sockets read between two looks at the clock */
    DELAY_STEP_US = 50,
    DELAY_STEPS = 20000, /* up to a second, then all in the last */
    INPUT_SIZE = 1 << 20
};

#define MAGIC 0x686f7573u

/* At the head of the payload, in the byte order of the machine: it comes back to the same one. */
struct stamp {
    uint32_t magic, talker, talk, number;
    int64_t sent_ns;
};

struct talker {
    struct line_client *line; /* of an agent; NULL: a caller */
    int fd, rtcp_fd;          /* of a caller; what comes to the second is never read */
    struct sockaddr_in to;
    bool speaks;
    uint32_t talk, number;
    /* What the other end heard of him. */
    uint32_t heard_talk, heard_next, heard_by;
    uint8_t packet[PACKET];
};

struct counts {
    uint64_t sent, received, lost, crossed, late, other, unsent, talks, late_slots;
    int64_t max_ns;
    uint32_t delays[DELAY_STEPS];
};

struct house {
    struct talker *talkers; /* lines first, then callers */
    uint32_t lines, count;
    int epoll_fd, timer_fd;
    int64_t now_ns, next_slot_ns;
    unsigned slot;
    bool said_connected, quit;
    struct counts counts;
    char input[INPUT_SIZE];
    size_t input_length;
};

static struct house house;

static void die(const char *what)
{
    fprintf(stderr, "load_house: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- what is heard -------------------------------------------------------------------------------
 */

static void heard(uint32_t by, const uint8_t *packet, size_t length)
{
    struct counts *counts = &house.counts;
    struct stamp stamp = {0};

    if (length == PACKET)
        memcpy(&stamp, packet + HEADER, sizeof(stamp));
    if (stamp.magic != MAGIC || stamp.talker >= house.count) {
        counts->other++; /* music, a beep, a prompt */
        return;
    }
    struct talker *from = &house.talkers[stamp.talker];
    int64_t delay = house.now_ns - stamp.sent_ns;
    int64_t step = delay / 1000 / DELAY_STEP_US;
    if (stamp.talk != from->heard_talk) {
        from->heard_talk = stamp.talk;
        from->heard_next = stamp.number;
        from->heard_by = by;
        counts->talks++;
    }
    counts->crossed += from->heard_by != by;
    counts->received++;
    if (stamp.number < from->heard_next) {
        counts->late++;
        counts->lost -= counts->lost > 0; /* it was missed when a later one came */
    } else {
        counts->lost += stamp.number - from->heard_next;
        from->heard_next = stamp.number + 1;
    }
    counts->delays[step < DELAY_STEPS ? step : DELAY_STEPS - 1]++;
    if (delay > counts->max_ns)
        counts->max_ns = delay;
}

static void line_heard(struct line_client *line, uint8_t *packet, size_t length, void *arg)
{
    struct talker *talker = arg;

    (void)line;
    heard((uint32_t)(talker - house.talkers), packet, length);
}

static void read_caller(const struct talker *talker)
{
    uint8_t packet[2 * PACKET];
    ssize_t length;

    while ((length = recv(talker->fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
        heard((uint32_t)(talker - house.talkers), packet, (size_t)length);
}

static void read_ready(void)
{
    struct epoll_event ready[READY];
    int count;

    do {
        count = epoll_wait(house.epoll_fd, ready, READY, 0);
        house.now_ns = clock_ns();
        for (int i = 0; i < count; i++) {
            struct talker *talker = ready[i].data.ptr;
            if (talker->line)
                line_client_step(talker->line, house.now_ns / 1000000);
            else
                read_caller(talker);
        }
    } while (count == READY);
}

/* --- what is said
 * ---------------------------------------------------------------------------------- */

static void speak(struct talker *talker)
{
    struct stamp stamp = {MAGIC, (uint32_t)(talker - house.talkers), talker->talk, talker->number,
                          clock_ns()};
    uint16_t seq = htons((uint16_t)talker->number);
    uint32_t timestamp = htonl(talker->number * PAYLOAD);
    bool sent;

    memcpy(talker->packet + 2, &seq, sizeof(seq));
    memcpy(talker->packet + 4, &timestamp, sizeof(timestamp));
    memcpy(talker->packet + HEADER, &stamp, sizeof(stamp));
    talker->number++;
    if (talker->line)
        sent = line_client_send_rtp(talker->line, talker->packet, PACKET) == 0;
    else
        sent = sendto(talker->fd, talker->packet, PACKET, MSG_DONTWAIT,
                      (struct sockaddr *)&talker->to, sizeof(talker->to)) == PACKET;
    house.counts.sent += sent;
    house.counts.unsent += !sent;
}

/* Lines run their checks and timers in their slot; slots that were missed follow at once, for the
 * rate must be what was promised. */
static void run_slot(unsigned slot)
{
    for (uint32_t i = slot; i < house.count; i += SLOTS) {
        struct talker *talker = &house.talkers[i];
        if (talker->line) {
            line_client_step(talker->line, house.now_ns / 1000000);
            if (line_client_failed(talker->line))
                die("a line failed");
        }
        if (talker->speaks)
            speak(talker);
    }
}

static void run_due(void)
{
    for (int64_t now = clock_ns(); house.next_slot_ns <= now; house.next_slot_ns += 1000000) {
        house.counts.late_slots += now - house.next_slot_ns > 5000000;
        house.now_ns = clock_ns();
        run_slot(house.slot);
        house.slot = (house.slot + 1) % SLOTS;
    }
}

/* --- commands
 * -------------------------------------------------------------------------------------- */

static double quantile_ms(const struct counts *counts, double part)
{
    uint64_t wanted = (uint64_t)((double)counts->received * part), seen = 0;
    int step = 0;

    while (step < DELAY_STEPS - 1 && (seen += counts->delays[step]) <= wanted)
        step++;
    return step * DELAY_STEP_US / 1000.0;
}

static void report(void)
{
    const struct counts *c = &house.counts;

    printf("{\"sent\":%llu,\"received\":%llu,\"lost\":%llu,\"crossed\":%llu,\"late\":%llu,"
           "\"other\":%llu,\"unsent\":%llu,\"talks\":%llu,\"late_slots\":%llu,\"p50\":%.2f,"
           "\"p99\":%.2f,\"p999\":%.2f,\"max\":%.2f}\n",
           (unsigned long long)c->sent, (unsigned long long)c->received,
           (unsigned long long)c->lost, (unsigned long long)c->crossed, (unsigned long long)c->late,
           (unsigned long long)c->other, (unsigned long long)c->unsent,
           (unsigned long long)c->talks, (unsigned long long)c->late_slots, quantile_ms(c, 0.5),
           quantile_ms(c, 0.99), quantile_ms(c, 0.999), (double)c->max_ns / 1e6);
    (void)fflush(stdout);
}

static void begin(struct talker *talker)
{
    talker->talk++;
    talker->speaks = true;
}

static void watch(struct talker *talker, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = talker};

    if (epoll_ctl(house.epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll");
}

static void take_answer(struct talker *talker, const char *json)
{
    cJSON *sdp = cJSON_Parse(json);

    if (!cJSON_IsString(sdp) || line_client_answer(talker->line, sdp->valuestring))
        die("an answer cannot be used");
    cJSON_Delete(sdp);
    watch(talker, line_client_fd(talker->line)); /* it has its socket from now on */
}

static void run_line(const char *line)
{
    unsigned n, port;
    int at = 0;
    char host[64];

    if (sscanf(line, "answer %u %n", &n, &at) == 1 && at && n < house.lines) {
        take_answer(&house.talkers[n], line + at);
    } else if (sscanf(line, "caller %u %63s %u", &n, host, &port) == 3 &&
               n < house.count - house.lines) {
        struct talker *talker = &house.talkers[house.lines + n];
        talker->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        if (inet_pton(AF_INET, host, &talker->to.sin_addr) != 1)
            die(line);
        begin(talker);
    } else if (sscanf(line, "agent %u", &n) == 1 && n < house.lines) {
        begin(&house.talkers[n]);
    } else if (sscanf(line, "hush agent %u", &n) == 1 && n < house.lines) {
        house.talkers[n].speaks = false;
    } else if (sscanf(line, "hush caller %u", &n) == 1 && n < house.count - house.lines) {
        house.talkers[house.lines + n].speaks = false;
    } else if (strcmp(line, "count") == 0) {
        memset(&house.counts, 0, sizeof(house.counts));
    } else if (strcmp(line, "report") == 0) {
        report();
    } else {
        errno = EINVAL;
        die(line);
    }
}

static void on_stdin(void)
{
    char *start = house.input, *end;
    ssize_t size = read(STDIN_FILENO, house.input + house.input_length,
                        sizeof(house.input) - 1 - house.input_length);

    house.quit = size <= 0;
    house.input_length += size > 0 ? (size_t)size : 0;
    house.input[house.input_length] = '\0';
    while ((end = strchr(start, '\n'))) {
        *end = '\0';
        run_line(start);
        start = end + 1;
    }
    house.input_length = strlen(start);
    memmove(house.input, start, house.input_length + 1);
}

/* --- made
 * ------------------------------------------------------------------------------------------- */

static void make_line(uint32_t n, const struct line_client_identity *identity, const char *own)
{
    struct talker *talker = &house.talkers[n];
    struct line_client_options options = {.on_rtp = line_heard, .own = own, .arg = talker};
    struct text json = {0};
    char sdp[8192];

    if (line_client_create(identity, &options, &talker->line))
        die("cannot make a line");
    int length = line_client_offer(talker->line, sdp, sizeof(sdp) - 1);
    if (length < 0)
        die("no offer");
    sdp[length] = '\0';
    text_add_json(&json, sdp);
    printf("{\"line\":%u,\"sdp\":%s}\n", n, json.data);
    text_done(&json);
}

static int bound(const char *host, uint16_t port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || inet_pton(AF_INET, host, &own.sin_addr) != 1)
        die("socket");
    if (bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* The kernel chooses the port; the next one, for RTCP, must be free, too. Returns the first. */
static unsigned make_caller(struct talker *talker, const char *host)
{
    struct sockaddr_in own;
    socklen_t size = sizeof(own);

    for (int tries = 0; tries < 100; tries++) {
        talker->fd = bound(host, 0);
        if (talker->fd < 0 || getsockname(talker->fd, (struct sockaddr *)&own, &size) < 0)
            die("socket");
        talker->rtcp_fd = bound(host, (uint16_t)(ntohs(own.sin_port) + 1));
        if (talker->rtcp_fd >= 0) {
            watch(talker, talker->fd);
            return ntohs(own.sin_port);
        }
        (void)close(talker->fd);
    }
    die("no pair of ports");
    return 0;
}

static void open_house(const struct line_client_identity *identity, const char *lines_host,
                       const char *callers_host)
{
    for (uint32_t i = 0; i < house.count; i++) {
        struct talker *talker = &house.talkers[i];
        memset(talker->packet, 0xd5, sizeof(talker->packet));
        talker->packet[0] = 0x80;
        talker->packet[1] = 8; /* PCMA */
        memset(talker->packet + 4, 0, HEADER - 4);
        memcpy(talker->packet + 8, &i, sizeof(i));
    }
    printf("{\"ports\":[");
    for (uint32_t i = house.lines; i < house.count; i++)
        printf("%s%u", i == house.lines ? "" : ",", make_caller(&house.talkers[i], callers_host));
    printf("]}\n");
    for (uint32_t i = 0; i < house.lines; i++)
        make_line(i, identity, lines_host);
    (void)fflush(stdout);
}

static void say_when_connected(void)
{
    for (uint32_t i = 0; i < house.lines; i++)
        if (!line_client_connected(house.talkers[i].line))
            return;
    house.said_connected = true;
    printf("{\"connected\":%u}\n", house.lines);
    (void)fflush(stdout);
}

static void run(void)
{
    struct pollfd commands = {.fd = STDIN_FILENO, .events = POLLIN};
    uint64_t expirations;

    while (!house.quit) {
        if (read(house.timer_fd, &expirations, sizeof(expirations)) < 0)
            die("timer");
        run_due();
        read_ready();
        if (!house.said_connected)
            say_when_connected();
        if (poll(&commands, 1, 0) > 0)
            on_stdin();
    }
}

int main(int argc, char **argv)
{
    struct itimerspec each_ms = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    unsigned long lines = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long callers = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    struct line_client_identity *identity = line_client_identity_make();

    if (lines < 1 || lines > MOST || callers < 1 || callers > MOST || !identity) {
        fprintf(stderr, "usage: load_house LINES LINES_HOST CALLERS CALLERS_HOST\n");
        return 2;
    }
    house.lines = (uint32_t)lines;
    house.count = (uint32_t)(lines + callers);
    house.talkers = calloc(house.count, sizeof(*house.talkers));
    house.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    house.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (!house.talkers || house.epoll_fd < 0 || house.timer_fd < 0)
        die("cannot begin");
    open_house(identity, argv[2], argv[4]);
    house.next_slot_ns = clock_ns();
    if (timerfd_settime(house.timer_fd, 0, &each_ms, NULL) < 0)
        die("timer");
    run();
    for (uint32_t i = 0; i < house.lines; i++)
        line_client_free(house.talkers[i].line);
    line_client_identity_free(identity);
    free(house.talkers);
    return 0;
}
