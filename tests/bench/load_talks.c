/* The sound of many talks: one thread, 160 bytes of A-law for each leg every 20 ms, spread over 20
 * slots of a millisecond. Every payload says who sent it, the how
 * many-th it is and when, so what arrives on the other side tells losses, gaps and delay exactly,
 * whatever is done to the headers on the way.
 *   load_talks TALKS CALLERS_HOST AGENTS_HOST
 * Prints the RTP port of each leg (callers first). Then, from stdin:
 *   go LEG HOST PORT     the leg begins to speak to there
 *   count SECONDS        counts what is sent from now on; prints one line of JSON afterwards
 * Ends with stdin. The RTCP ports are held and never read: the kernel throws away what comes.
 *
 * The legs of a slot and side share a socket and are sent and read many at a time: with a socket
 * for each leg this program filled its core before the daemon had filled the other. Nothing is
 * watched by epoll and it sleeps from millisecond to millisecond: a reader that is woken for each
 * packet makes the sender pay for it (a fifth of the daemon's core went there). Delays are
 * therefore up to 1 ms too long. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS = 20,
    HEADER = 12,
    PAYLOAD = 160,
    PACKET = HEADER + PAYLOAD,
    BATCH = 64, /* packets read or sent by one call */
    DELAY_STEP_US = 50,
    DELAY_STEPS = 20000, /* up to a second, then all in the last */
    AFTERWARDS_MS = 700, /* what was sent in time may still come */
    RECEIVE_BUFFER = 16 << 20
};

#define MAGIC 0x6b6c6174u

/* At the head of the payload, in the byte order of the machine: it comes back to the same one. */
struct stamp {
    uint32_t magic;
    uint32_t leg;
    uint64_t number;
    int64_t sent_ns;
};

/* What the legs of a slot and side speak and hear through. */
struct pair {
    int fd, rtcp_fd;
    uint16_t port;
};

struct leg {
    struct sockaddr_in to;
    bool speaks;
    uint64_t sent;     /* packets, and the number of the next */
    uint64_t expected; /* at the other side: the next number to come */
    uint8_t packet[PACKET];
};

struct counts {
    uint64_t sent, received, gaps, wrong_side, other, refused, late_slots;
    int64_t max_ns;
    uint32_t delays[DELAY_STEPS];
};

struct load {
    struct leg *legs;
    uint32_t count; /* both sides */
    struct pair pairs[2][SLOTS];
    int timer_fd;
    int64_t now_ns, next_slot_ns;
    unsigned slot;
    int64_t from_ns, to_ns; /* of the count; 0 = none */
    struct counts counts;
    char line[256]; /* of stdin, incomplete */
    size_t line_length;
    bool quit;
};

static int64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* --- sockets -------------------------------------------------------------------------------- */

static int bound(const char *host, uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof(own);
    int buffer = RECEIVE_BUFFER;

    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, host, &own.sin_addr) != 1)
        die("load_talks: socket");
    if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0) {
        (void)close(fd);
        return -1;
    }
    if (getsockname(fd, (struct sockaddr *)&own, &size) < 0)
        die("load_talks: getsockname");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    *ret_port = ntohs(own.sin_port);
    return fd;
}

/* The kernel chooses the port; the next one, for RTCP, must be free, too. */
static void open_pair(struct pair *pair, const char *host)
{
    uint16_t next;

    for (int tries = 0; tries < 100; tries++) {
        pair->fd = bound(host, 0, &pair->port);
        pair->rtcp_fd = pair->fd >= 0 && pair->port < 65535
                            ? bound(host, (uint16_t)(pair->port + 1), &next)
                            : -1;
        if (pair->rtcp_fd >= 0)
            return;
        if (pair->fd >= 0)
            (void)close(pair->fd);
    }
    die("load_talks: no pair of ports");
}

static struct pair *pair_of(struct load *load, uint32_t leg)
{
    return &load->pairs[leg >= load->count / 2][leg % SLOTS];
}

static void open_legs(struct load *load, const char *callers, const char *agents)
{
    for (int slot = 0; slot < SLOTS; slot++) {
        open_pair(&load->pairs[0][slot], callers);
        open_pair(&load->pairs[1][slot], agents);
    }
    printf("ports");
    for (uint32_t i = 0; i < load->count; i++) {
        struct leg *leg = &load->legs[i];
        printf(" %u", pair_of(load, i)->port);
        memset(leg->packet, 0xd5, sizeof(leg->packet));
        leg->packet[0] = 0x80;
        leg->packet[1] = 8; /* PCMA */
        memcpy(leg->packet + 8, &i, sizeof(i));
    }
    printf("\n");
    (void)fflush(stdout);
}

/* --- sending -------------------------------------------------------------------------------- */

static bool counted(const struct load *load, int64_t sent_ns)
{
    return load->from_ns && sent_ns >= load->from_ns && sent_ns < load->to_ns;
}

static void prepare(struct load *load, uint32_t index)
{
    struct leg *leg = &load->legs[index];
    struct stamp stamp = {.magic = MAGIC, .leg = index, .number = leg->sent, .sent_ns = clock_ns()};
    uint16_t seq = htons((uint16_t)leg->sent);
    uint32_t timestamp = htonl((uint32_t)(leg->sent * PAYLOAD));

    memcpy(leg->packet + 2, &seq, sizeof(seq));
    memcpy(leg->packet + 4, &timestamp, sizeof(timestamp));
    memcpy(leg->packet + HEADER, &stamp, sizeof(stamp));
    leg->sent++;
    load->counts.sent += counted(load, stamp.sent_ns);
}

/* One that cannot be sent is left out: sendmmsg says how many before it went. */
static void send_batch(struct load *load, int fd, struct mmsghdr *messages, unsigned count)
{
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(fd, messages + done, count - done, 0);
        load->counts.refused += sent < 0 && counted(load, clock_ns());
        done += sent > 0 ? (unsigned)sent : 1;
    }
}

/* The legs of this slot from first to last, all of one side. */
static void speak(struct load *load, uint32_t first, uint32_t last)
{
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    unsigned count = 0;

    if (first >= last)
        return;
    for (uint32_t i = first; i < last; i += SLOTS) {
        struct leg *leg = &load->legs[i];
        if (!leg->speaks)
            continue;
        prepare(load, i);
        pieces[count] = (struct iovec){.iov_base = leg->packet, .iov_len = sizeof(leg->packet)};
        messages[count] = (struct mmsghdr){.msg_hdr = {.msg_name = &leg->to,
                                                       .msg_namelen = sizeof(leg->to),
                                                       .msg_iov = &pieces[count],
                                                       .msg_iovlen = 1}};
        if (++count == BATCH) {
            send_batch(load, pair_of(load, first)->fd, messages, count);
            count = 0;
        }
    }
    send_batch(load, pair_of(load, first)->fd, messages, count);
}

/* One slot; those that were missed follow at once, for the rate must be what was promised. */
static void send_due(struct load *load)
{
    uint32_t half = load->count / 2;

    for (int64_t now = clock_ns(); load->next_slot_ns <= now; load->next_slot_ns += 1000000) {
        uint32_t first_agent = half + (load->slot + SLOTS - half % SLOTS) % SLOTS;
        load->counts.late_slots += now - load->next_slot_ns > 5000000 && counted(load, now);
        speak(load, load->slot, half);
        speak(load, first_agent, load->count);
        load->slot = (load->slot + 1) % SLOTS;
    }
}

/* --- receiving ------------------------------------------------------------------------------ */

static void arrived(struct load *load, bool at_agent, const uint8_t *packet, size_t size)
{
    struct counts *counts = &load->counts;
    struct stamp stamp;

    memcpy(&stamp, packet + HEADER, sizeof(stamp));
    if (size != PACKET || stamp.magic != MAGIC || stamp.leg >= load->count) {
        counts->other++; /* music, silence, a prompt */
        return;
    }
    struct leg *from = &load->legs[stamp.leg];
    bool in_order = stamp.number == from->expected;
    from->expected = stamp.number + 1;
    if (!counted(load, stamp.sent_ns))
        return;
    int64_t delay = load->now_ns - stamp.sent_ns;
    int64_t step = delay / 1000 / DELAY_STEP_US;
    counts->received++;
    counts->gaps += !in_order;
    counts->wrong_side += at_agent == (stamp.leg >= load->count / 2);
    counts->delays[step < DELAY_STEPS ? step : DELAY_STEPS - 1]++;
    if (delay > counts->max_ns)
        counts->max_ns = delay;
}

/* All that has come to a socket: its legs together have at most a batch each millisecond. */
static void read_pair(struct load *load, bool at_agent, int fd)
{
    static uint8_t packets[BATCH][2 * PACKET];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    int count;

    for (int i = 0; i < BATCH; i++) {
        pieces[i] = (struct iovec){.iov_base = packets[i], .iov_len = sizeof(packets[i])};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
    }
    do {
        count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        load->now_ns = clock_ns();
        for (int i = 0; i < count; i++)
            arrived(load, at_agent, packets[i], messages[i].msg_len);
    } while (count == BATCH);
}

/* --- counting ------------------------------------------------------------------------------- */

static double quantile_ms(const struct counts *counts, double part)
{
    uint64_t wanted = (uint64_t)((double)counts->received * part), seen = 0;
    int step = 0;

    while (step < DELAY_STEPS - 1 && (seen += counts->delays[step]) <= wanted)
        step++;
    return step * DELAY_STEP_US / 1000.0;
}

static void print_counts(struct load *load)
{
    const struct counts *c = &load->counts;
    unsigned speaking = 0;

    for (uint32_t i = 0; i < load->count; i++)
        speaking += load->legs[i].speaks;
    printf("{\"legs\": %u, \"seconds\": %.1f, \"sent\": %llu, \"received\": %llu, \"gaps\": %llu, "
           "\"wrong_side\": %llu, \"other\": %llu, \"refused\": %llu, \"late_slots\": %llu, "
           "\"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"max\": %.2f}\n",
           speaking, (double)(load->to_ns - load->from_ns) / 1e9, (unsigned long long)c->sent,
           (unsigned long long)c->received, (unsigned long long)c->gaps,
           (unsigned long long)c->wrong_side, (unsigned long long)c->other,
           (unsigned long long)c->refused, (unsigned long long)c->late_slots, quantile_ms(c, 0.5),
           quantile_ms(c, 0.99), quantile_ms(c, 0.999), (double)c->max_ns / 1e6);
    (void)fflush(stdout);
    load->from_ns = 0;
}

static void run_line(struct load *load, const char *line)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    unsigned index, port, seconds;
    char host[64];

    if (sscanf(line, "go %u %63s %u", &index, host, &port) == 3 && index < load->count &&
        inet_pton(AF_INET, host, &to.sin_addr) == 1) {
        to.sin_port = htons((uint16_t)port);
        load->legs[index].to = to;
        load->legs[index].speaks = true;
    } else if (sscanf(line, "count %u", &seconds) == 1) {
        memset(&load->counts, 0, sizeof(load->counts));
        load->from_ns = clock_ns();
        load->to_ns = load->from_ns + (int64_t)seconds * 1000000000;
    } else {
        fprintf(stderr, "load_talks: what is \"%s\"?\n", line);
        exit(1);
    }
}

static void on_stdin(struct load *load)
{
    char bytes[4096];

    ssize_t size = read(STDIN_FILENO, bytes, sizeof(bytes));
    load->quit = size <= 0;
    for (ssize_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            load->line[load->line_length] = '\0';
            load->line_length = 0;
            run_line(load, load->line);
        } else if (load->line_length < sizeof(load->line) - 1) {
            load->line[load->line_length++] = bytes[i];
        }
    }
}

/* --- the loop ------------------------------------------------------------------------------- */

static void receive_all(struct load *load)
{
    for (int side = 0; side < 2; side++)
        for (int slot = 0; slot < SLOTS; slot++)
            read_pair(load, side == 1, load->pairs[side][slot].fd);
    if (load->from_ns && clock_ns() > load->to_ns + AFTERWARDS_MS * INT64_C(1000000))
        print_counts(load);
}

static void run(struct load *load)
{
    struct pollfd commands = {.fd = STDIN_FILENO, .events = POLLIN};
    uint64_t expirations;

    while (!load->quit) {
        if (read(load->timer_fd, &expirations, sizeof(expirations)) < 0)
            die("load_talks: timer");
        send_due(load);
        receive_all(load);
        if (poll(&commands, 1, 0) > 0)
            on_stdin(load);
    }
}

int main(int argc, char **argv)
{
    static struct load load;
    struct itimerspec each_ms = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    unsigned talks = argc == 4 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

    if (talks == 0 || talks > 10000) {
        fprintf(stderr, "usage: load_talks TALKS CALLERS_HOST AGENTS_HOST\n");
        return 2;
    }
    load.count = talks * 2;
    load.legs = calloc(load.count, sizeof(*load.legs));
    load.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (!load.legs || load.timer_fd < 0)
        die("load_talks");
    load.next_slot_ns = clock_ns();
    if (timerfd_settime(load.timer_fd, 0, &each_ms, NULL) < 0)
        die("load_talks: timer");
    open_legs(&load, argv[2], argv[3]);
    run(&load);
    free(load.legs);
    return 0;
}
