/* Who knocks: how late requests are read, and new calls refused before sofia works on them.
 *
 * The kernel notes when each datagram came (SIOCGSTAMPNS says it of the one read last), so the time
 * it waited for us is known exactly; the upper room says by it whether a new call may come in. One
 * that may not gets 503 with Retry-After here, by RFC 3261 8.2.7: without a transaction, and with a
 * tag that is made of the request, so that its ACK is known again. INVITE, answer and ACK take some
 * 60 us of processor (through nua 150, a call that is taken 2,000), most of it the kernel's.
 *
 * A connection has no such stamp. What came over one counts as late when this thread has not
 * paused for long, and is refused through nua. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/sockios.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/su_addrinfo.h>

#include "sip/room.h"

enum {
    ANSWER_SIZE = 4096,
    TAG_SIZE = 24,
    /* Later than any queue of ours holds: the machine's clock was set. */
    NONSENSE_US = 30 * 1000 * 1000,
    LOOK_MS = 100,
    SATURATED_PERCENT = 97,
    /* A thread without a pause for so many times as long is as late as a queue of that length. */
    SATURATED_SHARE = 8,
    SEEN_S = 32, /* an INVITE is sent again for 64*T1 */
    AGAIN_S = 10 /* for Retry-After of a refusal that was not heard */
};

/* --- how late ------------------------------------------------------------------------------- */

static bool stamp_of(int fd, struct timespec *ret_stamp)
{
    return ioctl(fd, SIOCGSTAMPNS, ret_stamp) == 0;
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* The socket that was read last is the one with the newest stamp: all are read by this thread. */
static uint32_t datagram_late_us(struct knock *knock)
{
    struct timespec newest = {0}, stamp, now;
    int64_t late_us;

    for (unsigned i = 0; i < knock->socket_count; i++)
        if (stamp_of(knock->sockets[i], &stamp) && is_later(&stamp, &newest)) {
            newest = stamp;
            knock->current = knock->sockets[i];
        }
    clock_gettime(CLOCK_REALTIME, &now);
    late_us = (now.tv_sec - newest.tv_sec) * 1000000LL + (now.tv_nsec - newest.tv_nsec) / 1000;
    return late_us < 0 || late_us > NONSENSE_US ? 0 : (uint32_t)late_us;
}

/* "ran waited slices" in ns. */
static bool read_active(const struct knock *knock, uint64_t *ret_ns)
{
    char text[96], *end;
    ssize_t length = pread(knock->sched_fd, text, sizeof(text) - 1, 0);

    if (length <= 0)
        return false;
    text[length] = 0;
    *ret_ns = strtoull(text, &end, 10);
    *ret_ns += strtoull(end, NULL, 10);
    return true;
}

static uint32_t stream_late_us(struct sip *sip)
{
    struct knock *knock = &sip->knock;
    uint64_t now = loop_now_ms(sip->loop), passed = now - knock->looked_ms, active;

    if (passed < LOOK_MS)
        return knock->saturated_ms * 1000 / SATURATED_SHARE;
    if (knock->sched_fd < 0 || !read_active(knock, &active))
        return 0;
    if (knock->looked_ms &&
        (active - knock->active_ns) / 1000000 * 100 >= passed * SATURATED_PERCENT)
        knock->saturated_ms += passed < NONSENSE_US / 1000 ? (uint32_t)passed : 0;
    else
        knock->saturated_ms = 0;
    knock->looked_ms = now;
    knock->active_ns = active;
    return knock->saturated_ms * 1000 / SATURATED_SHARE;
}

static bool is_datagram(msg_t *message)
{
    const su_addrinfo_t *from = msg_addrinfo(message);

    return from && from->ai_socktype == SOCK_DGRAM;
}

/* --- what was said before ------------------------------------------------------------------ */

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3ull;
    return hash ^ hash >> 29;
}

/* The same for an INVITE, for each time it is sent again, and for the ACK of its refusal. */
static uint64_t key_of(const struct sip *sip, const sip_t *request)
{
    uint64_t hash = mix(sip->knock.seed, request->sip_via->v_branch);

    hash = mix(hash, request->sip_call_id->i_id);
    return mix(hash, request->sip_from->a_tag);
}

static bool was_seen(const struct sip *sip, struct knock_seen (*table)[KNOCK_WAYS], uint64_t key)
{
    const struct knock_seen *seen = table[key % KNOCK_BUCKETS];
    uint32_t now_s = (uint32_t)(loop_now_ms(sip->loop) / 1000);

    for (unsigned i = 0; i < KNOCK_WAYS; i++)
        if (seen[i].key == (uint32_t)(key >> 32) && seen[i].at_s && now_s - seen[i].at_s <= SEEN_S)
            return true;
    return false;
}

static void remember(const struct sip *sip, struct knock_seen (*table)[KNOCK_WAYS], uint64_t key)
{
    struct knock_seen *oldest = table[key % KNOCK_BUCKETS];

    for (unsigned i = 1; i < KNOCK_WAYS; i++)
        if (oldest[i].at_s < oldest->at_s)
            oldest = &oldest[i];
    *oldest = (struct knock_seen){(uint32_t)(key >> 32), (uint32_t)(loop_now_ms(sip->loop) / 1000)};
}

/* --- the answer ------------------------------------------------------------------------------ */

static void tag_of(uint64_t key, char out[TAG_SIZE])
{
    snprintf(out, TAG_SIZE, "busy%016llx", (unsigned long long)key);
}

static size_t add_text(char *out, size_t used, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static size_t add_text(char *out, size_t used, const char *format, ...)
{
    va_list ap;
    int length;

    va_start(ap, format);
    length = used < ANSWER_SIZE ? vsnprintf(out + used, ANSWER_SIZE - used, format, ap) : 0;
    va_end(ap);
    return used + (size_t)(length > 0 ? length : 0);
}

static size_t add_header(char *out, size_t used, const void *header)
{
    issize_t length =
        used < ANSWER_SIZE ? sip_header_e(out + used, (isize_t)(ANSWER_SIZE - used), header, 0) : 0;

    return length < 0 ? ANSWER_SIZE : used + (size_t)length;
}

static uint16_t *port_in(su_sockaddr_t *address)
{
    return address->su_family == AF_INET6 ? &address->su_sin6.sin6_port : &address->su_sin.sin_port;
}

/* RFC 3581: back to the port it came from when asked so, else to the one that Via names; where it
 * came from is written into Via. */
static void fill_route(msg_t *message, sip_via_t *via, su_sockaddr_t *ret_to)
{
    su_home_t *home = msg_home(message);
    char host[INET6_ADDRSTRLEN], parameter[64];
    unsigned long named = via->v_port ? strtoul(via->v_port, NULL, 10) : 5060;

    *ret_to = *msg_addr(message);
    address_text((const struct sockaddr *)ret_to, host, sizeof(host));
    snprintf(parameter, sizeof(parameter), "received=%s", host);
    (void)msg_header_replace_param(home, via->v_common, su_strdup(home, parameter));
    if (via->v_rport) {
        snprintf(parameter, sizeof(parameter), "rport=%u", ntohs(*port_in(ret_to)));
        (void)msg_header_replace_param(home, via->v_common, su_strdup(home, parameter));
    } else if (named > 0 && named <= UINT16_MAX) {
        *port_in(ret_to) = htons((uint16_t)named);
    }
}

/* tag: ours, where To has none; more: header lines with their ends. */
static void answer(struct sip *sip, msg_t *message, const sip_t *request, const char *status,
                   const char *tag, const char *more)
{
    char out[ANSWER_SIZE];
    su_sockaddr_t to;
    size_t length;

    fill_route(message, request->sip_via, &to);
    length = add_text(out, 0, "SIP/2.0 %s\r\n", status);
    for (const sip_via_t *via = request->sip_via; via; via = via->v_next)
        length = add_header(out, length, via);
    length = add_header(out, length, request->sip_from);
    length = add_header(out, length, request->sip_to);
    if (!request->sip_to->a_tag && length > 2 && length < ANSWER_SIZE)
        length = add_text(out, length - 2, ";tag=%s\r\n", tag);
    length = add_header(out, length, request->sip_call_id);
    length = add_header(out, length, request->sip_cseq);
    length = add_text(out, length, "%sContent-Length: 0\r\n\r\n", more);
    /* Lost, or too long to be said: it is sent again and answered then. */
    if (length < ANSWER_SIZE)
        (void)sendto(sip->knock.current, out, length, MSG_DONTWAIT, (struct sockaddr *)&to,
                     to.su_family == AF_INET6 ? sizeof(to.su_sin6) : sizeof(to.su_sin));
}

static void refuse(struct sip *sip, msg_t *message, const sip_t *request, uint64_t key,
                   int retry_after_s)
{
    char tag[TAG_SIZE], retry[40];

    tag_of(key, tag);
    snprintf(retry, sizeof(retry), "Retry-After: %d\r\n", retry_after_s);
    answer(sip, message, request, "503 Overloaded", tag, retry);
}

/* --- requests ------------------------------------------------------------------------------- */

static int ask(struct sip *sip, bool new_call, uint32_t late_us)
{
    return sip->handlers.on_knock(new_call, late_us, sip->arg);
}

static bool is_ack_of_refusal(const sip_t *request, uint64_t key)
{
    char tag[TAG_SIZE];

    tag_of(key, tag);
    return strcmp(request->sip_to->a_tag, tag) == 0;
}

static bool is_of_trunk(const struct sip *sip, msg_t *message)
{
    return trunk_of_source(sip, (const struct sockaddr *)msg_addr(message)) != NULL;
}

/* What is sent again hears what it heard before: one that was let in is being answered, and one
 * that was refused must not become a call nobody waits for. */
static bool decide(struct sip *sip, msg_t *message, const sip_t *request, uint32_t late_us)
{
    struct knock *knock = &sip->knock;
    uint64_t key = key_of(sip, request);
    bool again = was_seen(sip, knock->refused, key);
    int retry_after_s;

    if (again || was_seen(sip, knock->let_in, key)) {
        (void)ask(sip, false, late_us);
        if (again)
            refuse(sip, message, request, key, AGAIN_S);
        return again;
    }
    retry_after_s = ask(sip, true, late_us);
    remember(sip, retry_after_s ? knock->refused : knock->let_in, key);
    if (retry_after_s)
        refuse(sip, message, request, key, retry_after_s);
    return retry_after_s != 0;
}

bool knock_deals_with(struct sip *sip, msg_t *message, const sip_t *request)
{
    sip_method_t method = request->sip_request->rq_method;
    bool datagram = is_datagram(message) && sip->knock.socket_count;
    uint32_t late_us = datagram ? datagram_late_us(&sip->knock) : 0;

    if (!request->sip_via || !request->sip_call_id || !request->sip_from || !request->sip_to)
        return false; /* sofia says what is wrong with it */
    if (method == sip_method_bye && leg_ends_unanswered(sip, request)) {
        if (datagram) /* over a connection it gets no answer, as if it had not come */
            answer(sip, message, request, "200 OK", "", "");
        return true;
    }
    if (!sip->handlers.on_knock || !datagram)
        return false; /* knock_refuses() is asked when it is known whose it is */
    if (method == sip_method_ack && request->sip_to->a_tag &&
        is_ack_of_refusal(request, key_of(sip, request)))
        return true;
    if (method != sip_method_invite || request->sip_to->a_tag || self_sent(sip, request) ||
        !is_of_trunk(sip, message)) { /* a call of our own is under way already */
        (void)ask(sip, false, late_us);
        return false;
    }
    return decide(sip, message, request, late_us);
}

int knock_refuses(struct sip *sip, const sip_t *request)
{
    const sip_via_t *via = request->sip_via;

    if (!sip->handlers.on_knock || !via ||
        (sip->knock.socket_count && strcasecmp(via->v_protocol, "SIP/2.0/UDP") == 0))
        return 0; /* was asked at the door */
    return ask(sip, true, stream_late_us(sip));
}

/* --- start and stop ------------------------------------------------------------------------- */

static bool is_our_datagram_socket(const struct sip *sip, int fd)
{
    su_sockaddr_t here = {0};
    socklen_t here_size = sizeof(here), size = sizeof(int);
    int type = 0;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM &&
           getsockname(fd, (struct sockaddr *)&here, &here_size) == 0 &&
           (here.su_family == AF_INET || here.su_family == AF_INET6) &&
           ntohs(*port_in(&here)) == sip->port;
}

/* Sofia does not tell its descriptors. The first question about stamps makes the kernel note them.
 */
static int find_sockets(struct sip *sip)
{
    struct knock *knock = &sip->knock;
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    struct timespec stamp;

    if (!dir)
        return -errno;
    while ((entry = readdir(dir)) && knock->socket_count < KNOCK_SOCKETS) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] == '.' || !is_our_datagram_socket(sip, fd))
            continue;
        (void)stamp_of(fd, &stamp); /* -ENOENT: nothing came yet */
        knock->sockets[knock->socket_count++] = fd;
    }
    closedir(dir);
    return 0;
}

int knock_init(struct sip *sip)
{
    struct knock *knock = &sip->knock;

    knock->current = -1;
    knock->let_in = calloc(KNOCK_BUCKETS, sizeof(*knock->let_in));
    knock->refused = calloc(KNOCK_BUCKETS, sizeof(*knock->refused));
    if (!knock->let_in || !knock->refused)
        return -ENOMEM;
    if (getrandom(&knock->seed, sizeof(knock->seed), 0) != sizeof(knock->seed))
        return -EIO;
    knock->sched_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    return find_sockets(sip);
}

void knock_done(struct sip *sip)
{
    if (sip->knock.sched_fd > 0)
        close(sip->knock.sched_fd);
    free(sip->knock.let_in);
    free(sip->knock.refused);
}
