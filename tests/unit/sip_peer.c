
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <hotlined/loop.h>
#include <hotlined/text.h>

#include "sip_peer.h"

enum { EXPECT_MS = 5000 };

static int bind_local(int type, uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

uint16_t free_port(void)
{
    for (int i = 0; i < 100; i++) {
        uint16_t port, same;
        int udp = bind_local(SOCK_DGRAM, 0, &port);
        int tcp = udp < 0 ? -1 : bind_local(SOCK_STREAM, port, &same);

        if (udp >= 0)
            close(udp);
        if (tcp >= 0) {
            close(tcp);
            return port;
        }
    }
    fail_msg("no free port");
    return 0;
}

/* --- connecting ---------------------------------------------------------------------------- */

static void start_tls(struct peer *peer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int done = 0;

    peer->ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(peer->ssl, peer->fd);
    for (int i = 0; i < 500 && done != 1; i++) {
        done = SSL_connect(peer->ssl);
        loop_run_once(peer->loop, 5);
    }
    assert_int_equal(done, 1);
}

void peer_open(struct peer *peer, struct loop *loop, enum peer_transport transport,
               uint16_t room_port)
{
    memset(peer, 0, sizeof(*peer));
    peer->loop = loop;
    peer->transport = transport;
    peer->to.sin_family = AF_INET;
    peer->to.sin_port = htons(room_port);
    peer->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->fd = bind_local(transport == PEER_UDP ? SOCK_DGRAM : SOCK_STREAM, 0, &peer->port);
    assert_true(peer->fd >= 0);
    if (transport != PEER_UDP)
        assert_int_equal(connect(peer->fd, (struct sockaddr *)&peer->to, sizeof(peer->to)), 0);
    assert_int_equal(fcntl(peer->fd, F_SETFL, O_NONBLOCK), 0);
    if (transport == PEER_TLS)
        start_tls(peer);
}

void peer_close(struct peer *peer)
{
    if (peer->ssl) {
        SSL_shutdown(peer->ssl);
        SSL_free(peer->ssl);
    }
    close(peer->fd);
    peer->fd = -1;
}

void peer_send(struct peer *peer, const char *text)
{
    size_t length = strlen(text);

    if (peer->transport == PEER_UDP)
        assert_int_equal(
            sendto(peer->fd, text, length, 0, (struct sockaddr *)&peer->to, sizeof(peer->to)),
            (ssize_t)length);
    else if (peer->transport == PEER_TCP)
        assert_int_equal(send(peer->fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
    else
        assert_int_equal(SSL_write(peer->ssl, text, (int)length), (int)length);
}

/* --- receiving ----------------------------------------------------------------------------- */

/* A response comes again when its request does, but for the 2xx of an INVITE, which comes until its
 * ACK is there (RFC 3261, 13.3.1.4). */
static bool comes_by_itself(const char *bytes, size_t length)
{
    char cseq[64], text[PEER_MESSAGE];

    snprintf(text, sizeof(text), "%.*s", (int)length, bytes);
    return strncmp(text, "SIP/", 4) != 0 ||
           (strncmp(text, "SIP/2.0 2", 9) == 0 &&
            message_header(text, "CSeq", cseq, sizeof(cseq)) && strstr(cseq, "INVITE"));
}

static bool is_repeat(struct peer *peer, const char *bytes, size_t length)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    if (peer->wants_repeats || !comes_by_itself(bytes, length))
        return false;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    for (unsigned i = 0; i < peer->seen_count && i < PEER_SEEN; i++)
        if (peer->seen[i] == hash)
            return true;
    peer->seen[peer->seen_count++ % PEER_SEEN] = hash;
    return false;
}

static void keep(struct peer *peer, const char *bytes, size_t length)
{
    if (peer->kept_count == PEER_KEPT) {
        memmove(peer->kept[0], peer->kept[1], sizeof(peer->kept[0]) * (PEER_KEPT - 1));
        peer->kept_count--;
    }
    snprintf(peer->kept[peer->kept_count++], PEER_MESSAGE, "%.*s", (int)length, bytes);
}

static void cut_stream(struct peer *peer)
{
    for (;;) {
        char value[16], *end;
        size_t length;

        peer->stream[peer->stream_length] = 0;
        end = strstr(peer->stream, "\r\n\r\n");
        if (!end)
            return;
        length = (size_t)(end - peer->stream) + 4;
        if (message_header(peer->stream, "Content-Length", value, sizeof(value)))
            length += strtoul(value, NULL, 10);
        if (length > peer->stream_length)
            return;
        keep(peer, peer->stream, length);
        memmove(peer->stream, peer->stream + length, peer->stream_length - length);
        peer->stream_length -= (unsigned)length;
    }
}

static void receive(struct peer *peer)
{
    char *at = peer->stream + peer->stream_length;
    size_t room = sizeof(peer->stream) - 1 - peer->stream_length;
    ssize_t length;

    while ((length = peer->ssl ? SSL_read(peer->ssl, at, (int)room) : recv(peer->fd, at, room, 0)) >
           0) {
        if (peer->transport == PEER_UDP) {
            if (!is_repeat(peer, at, (size_t)length))
                keep(peer, at, (size_t)length);
            continue;
        }
        peer->stream_length += (unsigned)length;
        cut_stream(peer);
        at = peer->stream + peer->stream_length;
        room = sizeof(peer->stream) - 1 - peer->stream_length;
    }
}

static bool fits(const char *message, const char *start, const char *method)
{
    char cseq[64];

    return strncmp(message, start, strlen(start)) == 0 &&
           (!method ||
            (message_header(message, "CSeq", cseq, sizeof(cseq)) && strstr(cseq, method)));
}

static const char *take_kept(struct peer *peer, const char *start, const char *method)
{
    static char taken[PEER_MESSAGE];

    for (unsigned i = 0; i < peer->kept_count; i++) {
        if (!fits(peer->kept[i], start, method))
            continue;
        memcpy(taken, peer->kept[i], sizeof(taken));
        memmove(peer->kept[i], peer->kept[i + 1], sizeof(taken) * (peer->kept_count - i - 1));
        peer->kept_count--;
        return taken;
    }
    return NULL;
}

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *peer_wait(struct peer *peer, const char *start, const char *method, int limit_ms)
{
    int64_t end = clock_ms() + limit_ms;
    const char *message;

    for (;;) {
        receive(peer);
        message = take_kept(peer, start, method);
        if (message || clock_ms() >= end)
            return message;
        loop_run_once(peer->loop, 5);
    }
}

const char *peer_expect(struct peer *peer, const char *start, const char *method)
{
    const char *message = peer_wait(peer, start, method, EXPECT_MS);

    if (!message)
        fail_msg("no \"%s\" (%s); newest message is: %s", start, method ? method : "any",
                 peer->kept_count ? peer->kept[peer->kept_count - 1] : "none");
    return message;
}

/* --- messages ------------------------------------------------------------------------------ */

bool message_header(const char *message, const char *name, char *out, unsigned size)
{
    size_t length = strlen(name);

    for (const char *line = strstr(message, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        const char *value = line + 2 + length, *end;

        if (strncasecmp(line + 2, name, length) != 0 || *value != ':')
            continue;
        value += 1 + strspn(value + 1, " ");
        end = strstr(value, "\r\n");
        snprintf(out, size, "%.*s", (int)(end - value), value);
        return true;
    }
    return false;
}

const char *message_body(const char *message)
{
    const char *end = strstr(message, "\r\n\r\n");

    return end ? end + 4 : "";
}

const char *peer_sdp(uint16_t port, const char *direction)
{
    static char sdp[512];

    snprintf(sdp, sizeof(sdp),
             "v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
             "m=audio %u RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
             port, direction);
    return sdp;
}

void dialog_init(struct peer_dialog *d, const struct peer *peer, const char *from_user,
                 const char *to_user, uint16_t room_port)
{
    static unsigned count;

    memset(d, 0, sizeof(*d));
    snprintf(d->call_id, sizeof(d->call_id), "%u-%d-%u@peer", ++count, (int)getpid(), peer->port);
    snprintf(d->our_tag, sizeof(d->our_tag), "t%u", count);
    snprintf(d->from, sizeof(d->from), "sip:%s@127.0.0.1:%u", from_user, peer->port);
    snprintf(d->to, sizeof(d->to), "sip:%s@127.0.0.1:%u", to_user, room_port);
    d->cseq = 100;
}

static void write_request(struct peer *peer, const struct peer_dialog *d, const char *method,
                          const char *extra, const char *body)
{
    static const char *const transports[] = {"UDP", "TCP", "TLS"};
    static const char *const params[] = {"", ";transport=tcp", ";transport=tls"};
    char text[PEER_MESSAGE];

    snprintf(
        text, sizeof(text),
        "%s %s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:%u;branch=%s;rport\r\n"
        "Max-Forwards: 70\r\nFrom: <%s>;tag=%s\r\nTo: <%s>%s%s\r\nCall-ID: %s\r\n"
        "CSeq: %u %s\r\nContact: <sip:peer@127.0.0.1:%u%s>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
        method, d->target[0] ? d->target : d->to, transports[peer->transport], peer->port,
        d->branch, d->from, d->our_tag, d->to, d->their_tag[0] ? ";tag=" : "", d->their_tag,
        d->call_id, d->cseq, method, peer->port, params[peer->transport], extra,
        *body && !strstr(extra, "Content-Type") ? "Content-Type: application/sdp\r\n" : "",
        strlen(body), body);
    peer_send(peer, text);
}

static void new_branch(struct peer_dialog *d)
{
    static unsigned count;

    snprintf(d->branch, sizeof(d->branch), "z9hG4bKpeer%d.%u", (int)getpid(), ++count);
}

void dialog_request(struct peer *peer, struct peer_dialog *d, const char *method, const char *extra,
                    const char *body)
{
    d->cseq++;
    new_branch(d);
    write_request(peer, d, method, extra, body);
}

void dialog_repeat(struct peer *peer, struct peer_dialog *d, const char *method, const char *extra,
                   const char *body)
{
    write_request(peer, d, method, extra, body);
}

void dialog_ack(struct peer *peer, struct peer_dialog *d, bool accepted, const char *body)
{
    if (accepted)
        new_branch(d);
    write_request(peer, d, "ACK", "", body);
}

void dialog_cancel(struct peer *peer, struct peer_dialog *d)
{
    struct peer_dialog plain = *d; /* as the INVITE was: no tag, no target */

    plain.their_tag[0] = plain.target[0] = 0;
    write_request(peer, &plain, "CANCEL", "", "");
}

void dialog_learn(struct peer_dialog *d, const char *message)
{
    bool response = strncmp(message, "SIP/2.0", 7) == 0;
    char value[512], *at;

    if (message_header(message, response ? "To" : "From", value, sizeof(value)) &&
        (at = strstr(value, ";tag=")))
        snprintf(d->their_tag, sizeof(d->their_tag), "%.*s", (int)strcspn(at + 5, ";"), at + 5);
    if (message_header(message, "Contact", value, sizeof(value)) && (at = strchr(value, '<')))
        snprintf(d->target, sizeof(d->target), "%.*s", (int)strcspn(at + 1, ">"), at + 1);
    if (!response && message_header(message, "Call-ID", value, sizeof(value)))
        (void)text_copy(d->call_id, sizeof(d->call_id), value);
}

void peer_respond(struct peer *peer, const char *request, int status, const char *our_tag,
                  const char *extra, const char *body)
{
    char via[512] = "", from[512] = "", to[512] = "", id[128] = "", cseq[64] = "";
    char text[PEER_MESSAGE];
    bool tagged;

    (void)message_header(request, "Via", via, sizeof(via));
    (void)message_header(request, "From", from, sizeof(from));
    (void)message_header(request, "To", to, sizeof(to));
    (void)message_header(request, "Call-ID", id, sizeof(id));
    (void)message_header(request, "CSeq", cseq, sizeof(cseq));
    tagged = strstr(to, ";tag=") != NULL;
    snprintf(text, sizeof(text),
             "SIP/2.0 %d Answer\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
             "Contact: <sip:peer@127.0.0.1:%u>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
             status, via, from, to, tagged ? "" : ";tag=", tagged ? "" : our_tag, id, cseq,
             peer->port, extra, *body ? "Content-Type: application/sdp\r\n" : "", strlen(body),
             body);
    peer_send(peer, text);
}
