/* SIP messages: what they say, how ours look, and that they are sent until somebody answers. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "caller.h"

enum { T1_MS = 500, T2_MS = 4000 };

/* --- reading -------------------------------------------------------------------------------- */

bool header(const char *message, const char *name, const char *compact, int nth, char *out,
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

unsigned cseq_of(const char *message)
{
    char value[64] = "";

    (void)header(message, "CSeq", "", 0, value, sizeof(value));
    return (unsigned)strtoul(value, NULL, 10);
}

void uri_of(const char *value, char *out, size_t size)
{
    const char *open = strchr(value, '<'), *close = open ? strchr(open, '>') : NULL;

    if (close)
        snprintf(out, size, "%.*s", (int)(close - open - 1), open + 1);
    else
        snprintf(out, size, "%.*s", (int)strcspn(value, ";"), value);
}

/* sip:USER@host */
void user_of(const char *uri, char *out, size_t size)
{
    const char *user = strchr(uri, ':');

    user = user ? user + 1 : uri;
    snprintf(out, size, "%.*s", (int)strcspn(user, "@;>"), user);
}

bool read_media(const char *message)
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

/* --- writing -------------------------------------------------------------------------------- */

static void send_to(const struct sockaddr_storage *address, socklen_t length, const char *text)
{
    if (sendto(call.sip, text, strlen(text), 0, (const struct sockaddr *)address, length) < 0)
        fprintf(stderr, "caller: send: %s\n", strerror(errno));
}

void send_text(const char *text)
{
    send_to(&call.server, call.server_length, text);
}

void print_sdp(char *out, size_t size)
{
    snprintf(out, size,
             "v=0\r\no=caller %u %u IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
             "m=audio %u RTP/AVP %s 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
             "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=%s\r\n",
             call.ssrc, ++call.sdp_version, opt.local, opt.local, call.rtp_port,
             opt.pcmu_first ? "0 8" : "8 0", call.hold ? "sendonly" : "sendrecv");
}

/* The lines every request of ours has. target "" = before there is a dialog. */
/* The lines every request of ours has. target "" = before there is a dialog. */
void print_request(char *out, size_t size, const char *method, unsigned cseq, const char *branch,
                   const char *body)
{
    bool dialog = call.target[0] != 0;
    char first[600], x_call[MESSAGE_SIZE / 2] = "";
    int used = 0;

    if (dialog)
        snprintf(first, sizeof(first), "%s", call.target);
    else
        snprintf(first, sizeof(first), "sip:%s@%s:%u", opt.to, opt.host, opt.port);
    if (opt.global_call_id && !dialog && strcmp(method, "INVITE") == 0)
        used = snprintf(x_call, sizeof(x_call), "X-Hotlined-Call: %s\r\n", opt.global_call_id);
    if (opt.along && !dialog && strcmp(method, "INVITE") == 0)
        snprintf(x_call + used, sizeof(x_call) - (size_t)used, "X-Hotlined-Along: %s\r\n",
                 opt.along);
    snprintf(out, size,
             "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%u;branch=%s;rport\r\n"
             "Max-Forwards: 70\r\n%sFrom: %s\r\nTo: %s\r\n"
             "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:%s@%s:%u>\r\n"
             "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO\r\n%s%s"
             "Content-Length: %zu\r\n\r\n%s",
             method, first, opt.local, call.sip_port, branch, dialog ? call.routes : "",
             call.from_line, call.to_line, call.call_id, cseq, method, call.user, opt.local,
             call.sip_port, x_call, *body ? "Content-Type: application/sdp\r\n" : "", strlen(body),
             body);
}

void send_again_until(struct request *request, int64_t limit_ms)
{
    request->active = true;
    request->wait_ms = T1_MS;
    request->resend_ms = now_ms() + T1_MS;
    request->give_up_ms = now_ms() + limit_ms;
    send_text(request->text);
}

void send_request(struct request *request, const char *method, const char *body)
{
    snprintf(request->method, sizeof(request->method), "%s", method);
    snprintf(request->branch, sizeof(request->branch), "z9hG4bK%08x%08x", random_number(),
             random_number());
    request->cseq = ++call.cseq;
    print_request(request->text, sizeof(request->text), method, request->cseq, request->branch,
                  body);
    send_again_until(request, GIVE_UP_MS);
}

void send_due_again(struct request *request, int64_t now)
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

/* --- responses ------------------------------------------------------------------------------ */

static const char *phrase_of(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {{100, "Trying"},
                   {180, "Ringing"},
                   {183, "Session Progress"},
                   {200, "OK"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {480, "Temporarily Unavailable"},
                   {481, "Call Does Not Exist"},
                   {486, "Busy Here"},
                   {487, "Request Terminated"},
                   {503, "Service Unavailable"},
                   {603, "Decline"}};

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Refused";
}

void print_response(char *out, size_t size, const char *message, int status, const char *body)
{
    char value[512];
    size_t used = (size_t)snprintf(out, size, "SIP/2.0 %d %s\r\n", status, phrase_of(status));
    static const struct {
        const char *name, *compact;
    } copied[] = {{"Record-Route", ""}, {"From", "f"}, {"Call-ID", "i"}, {"CSeq", ""}};

    for (int i = 0; header(message, "Via", "v", i, value, sizeof(value)) && used < 4000; i++)
        used += (size_t)snprintf(out + used, size - used, "Via: %s\r\n", value);
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (header(message, copied[i].name, copied[i].compact, 0, value, sizeof(value)) &&
            used < 6000)
            used += (size_t)snprintf(out + used, size - used, "%s: %s\r\n", copied[i].name, value);
    if (header(message, "To", "t", 0, value, sizeof(value)))
        used += (size_t)snprintf(out + used, size - used, "To: %s%s%s\r\n", value,
                                 strstr(value, ";tag=") || status == 100 ? "" : ";tag=",
                                 strstr(value, ";tag=") || status == 100 ? "" : call.tag);
    if (opt.refuse_cause && status >= 400)
        used += (size_t)snprintf(out + used, size - used, "Reason: Q.850;cause=%d\r\n",
                                 opt.refuse_cause);
    snprintf(out + used, size - used, "Contact: <sip:%s@%s:%u>\r\n%sContent-Length: %zu\r\n\r\n%s",
             call.user, opt.local, call.sip_port, *body ? "Content-Type: application/sdp\r\n" : "",
             strlen(body), body);
}

void respond(const char *message, int status, const char *body)
{
    char out[MESSAGE_SIZE];

    print_response(out, sizeof(out), message, status, body);
    send_to(&call.source, call.source_length, out);
}
