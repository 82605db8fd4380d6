/* A call of our own until it stands (RFC 3261 13.2, 9.1), and its re-INVITEs. */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "caller.h"

void send_invite(void)
{
    char sdp[1024];

    print_sdp(sdp, sizeof(sdp));
    send_request(&call.invite, "INVITE", sdp);
    call.invite_cseq = call.invite.cseq;
}

static void find_server(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, *found;
    char port[8];

    snprintf(port, sizeof(port), "%u", opt.port);
    if (getaddrinfo(opt.host, port, &hints, &found) != 0) {
        fprintf(stderr, "caller: unknown host %s\n", opt.host);
        exit(2);
    }
    memcpy(&call.server, found->ai_addr, found->ai_addrlen);
    call.server_length = found->ai_addrlen;
    freeaddrinfo(found);
}

void start_call(void)
{
    find_server();
    call.sip = bind_udp(0, false, &call.sip_port);
    call_new();
    call.state = CALLING;
    snprintf(call.user, sizeof(call.user), "%s", opt.from);
    snprintf(call.call_id, sizeof(call.call_id), "%08x%08x@caller", random_number(),
             random_number());
    snprintf(call.from_line, sizeof(call.from_line), "<sip:%s@%s>;tag=%s", opt.from, opt.local,
             call.tag);
    snprintf(call.to_line, sizeof(call.to_line), "<sip:%s@%s:%u>", opt.to, opt.host, opt.port);
    send_invite();
    event("invite_sent", ",\"call_id\":\"%s\",\"sip_port\":%u,\"rtp_port\":%u", call.call_id,
          call.sip_port, call.rtp_port);
}

/* ACK of a 200 is a request of its own; of a refusal it belongs to the INVITE (same branch). */
static void send_ack(bool accepted)
{
    char branch[40];

    snprintf(branch, sizeof(branch), "z9hG4bK%08x", random_number());
    print_request(call.ack, sizeof(call.ack), "ACK", call.invite_cseq,
                  accepted ? branch : call.invite.branch, "");
    send_text(call.ack);
}

/* CANCEL repeats the INVITE's first lines (RFC 3261 9.1); sent once a provisional answer came. */
void send_cancel(void)
{
    call.cancel_sent = true;
    print_request(call.other.text, sizeof(call.other.text), "CANCEL", call.invite_cseq,
                  call.invite.branch, "");
    snprintf(call.other.method, sizeof(call.other.method), "CANCEL");
    call.other.cseq = call.invite_cseq;
    send_again_until(&call.other, GIVE_UP_MS);
    event("cancel_sent", "%s", "");
}

/* --- its answers ---------------------------------------------------------------------------- */

static void remember_dialog(const char *message)
{
    char value[512];
    size_t used = 0;
    int count = 0;

    if (header(message, "Contact", "m", 0, value, sizeof(value)))
        uri_of(value, call.target, sizeof(call.target));
    (void)header(message, "To", "t", 0, call.to_line, sizeof(call.to_line));
    while (header(message, "Record-Route", "", count, value, sizeof(value)))
        count++;
    call.routes[0] = 0;
    while (count-- > 0 && header(message, "Record-Route", "", count, value, sizeof(value)) &&
           used < sizeof(call.routes))
        used += (size_t)snprintf(call.routes + used, sizeof(call.routes) - used, "Route: %s\r\n",
                                 value);
}

static void first_answer(const char *message)
{
    remember_dialog(message);
    if (!read_media(message))
        fprintf(stderr, "caller: no audio address in the answer\n");
    begin_talk();
}

static void invite_accepted(const char *message)
{
    bool first = call.state == CALLING || call.state == RINGING;

    call.invite.active = false;
    if (first)
        first_answer(message);
    else {
        if (!read_media(message))
            fprintf(stderr, "caller: re-INVITE: no audio address in the answer\n");
        event("reinvite_answered", "%s", "");
    }
    send_ack(true);
    if (first && call.cancelled)
        hang_up();
}

static void invite_refused(int status, const char *phrase)
{
    call.invite.active = false;
    send_ack(false);
    if (call.state == TALKING) {
        event("reinvite_refused", ",\"status\":%d", status);
        return;
    }
    event("refused", ",\"status\":%d,\"phrase\":\"%s\"", status, phrase);
    finish(call.cancelled ? "cancelled" : "refused", status,
           call.cancelled && status == 487 ? 0 : 1);
}

static void invite_provisional(const char *message, int status)
{
    call.invite.resend_ms = 0;
    call.invite.give_up_ms = now_ms() + 180000;
    if (call.state == CALLING)
        call.state = RINGING;
    if (status > 100) {
        bool early = strstr(message, "m=audio ") && read_media(message);

        event(status == 180 ? "ringing" : "progress", ",\"status\":%d,\"early_media\":%s", status,
              early ? "true" : "false");
    }
    if (call.cancelled && !call.cancel_sent)
        send_cancel();
}

void response_arrived(const char *message)
{
    char cseq[64], phrase[64] = "", method[16];
    unsigned number;
    int status;

    if (sscanf(message, "SIP/2.0 %d %63[^\r\n\"]", &status, phrase) < 1 ||
        !header(message, "CSeq", "", 0, cseq, sizeof(cseq)) ||
        sscanf(cseq, "%u %15s", &number, method) != 2)
        return;
    if (strcmp(method, "INVITE") == 0) {
        if (number != call.invite_cseq)
            return;
        if (!call.invite.active) { /* repeated: our ACK was lost */
            if (status >= 200 && status < 300)
                send_text(call.ack);
            else if (status >= 300)
                send_ack(false);
        } else if (status < 200)
            invite_provisional(message, status);
        else if (status < 300)
            invite_accepted(message);
        else
            invite_refused(status, phrase);
    } else if (call.other.active && number == call.other.cseq && status >= 200) {
        call.other.active = false;
        if (strcmp(method, "BYE") == 0)
            finish("hung_up", status, 0);
    }
}
