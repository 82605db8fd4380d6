/* A call that stands, whoever began it: its end, changes of it, and requests of the far side. */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "caller.h"

/* --- ours ----------------------------------------------------------------------------------- */

void begin_talk(void)
{
    call.state = TALKING;
    call.answered_ms = now_ms();
    if (opt.key_after_s >= 0 && call.keys)
        call.next_key_ms = call.answered_ms + (int64_t)(opt.key_after_s * 1000);
    event("answered", ",\"payload\":%d", call.payload);
}

void hang_up(void)
{
    if (call.state == TALKING) {
        call.state = ENDING;
        send_request(&call.other, "BYE", "");
        event("bye_sent", "%s", "");
    } else if (call.state == WAITING) {
        stop_waiting();
    } else if (call.state == RINGING && opt.takes_calls) {
        refuse_now(603);
    } else if (call.state == RINGING && !call.cancel_sent) {
        call.cancelled = true;
        send_cancel();
    } else if (call.state == CALLING) {
        call.cancelled = true;
    }
}

void reinvite(const char *how)
{
    if (call.state != TALKING || call.invite.active) {
        fprintf(stderr, "caller: reinvite: not now\n");
        return;
    }
    if (strcmp(how, "address") == 0) {
        close(call.rtp);
        call.rtp = bind_udp(0, true, &call.rtp_port);
    } else {
        call.hold = strcmp(how, "hold") == 0;
    }
    send_invite();
    event("reinvite_sent", ",\"how\":\"%s\"", call.hold ? "hold" : "active");
}

/* --- theirs --------------------------------------------------------------------------------- */

static void offer_arrived(const char *message)
{
    char sdp[1024];
    bool offered = strstr(message, "m=audio ") != NULL;

    if (offered)
        (void)read_media(message);
    event("reinvited", ",\"offer\":%s", offered ? "true" : "false");
    print_sdp(sdp, sizeof(sdp));
    respond(message, 200, offered || strncmp(message, "INVITE", 6) == 0 ? sdp : "");
}

static bool begins_dialog(const char *message)
{
    char to[512] = "";

    (void)header(message, "To", "t", 0, to, sizeof(to));
    return strncmp(message, "INVITE ", 7) == 0 && !strcasestr(to, ";tag=");
}

static void request_arrived(const char *message)
{
    char id[128] = "";

    (void)header(message, "Call-ID", "i", 0, id, sizeof(id));
    if (strncmp(message, "OPTIONS ", 8) == 0)
        respond(message, 200, "");
    else if (opt.takes_calls && begins_dialog(message))
        invite_arrived(message);
    else if (strncmp(message, "ACK ", 4) == 0)
        ack_arrived(message);
    else if (strcmp(id, call.call_id) != 0)
        respond(message, 481, "");
    else if (strncmp(message, "CANCEL ", 7) == 0)
        cancel_arrived(message);
    else if (strncmp(message, "BYE ", 4) == 0) {
        respond(message, 200, "");
        event("bye_received", "%s", "");
        finish("far_side", 200, 0);
    } else if (strncmp(message, "INVITE ", 7) == 0 || strncmp(message, "UPDATE ", 7) == 0)
        offer_arrived(message);
    else if (strncmp(message, "INFO ", 5) == 0)
        respond(message, 200, "");
    else
        respond(message, 405, "");
}

void sip_readable(void)
{
    char message[65536];
    ssize_t length;

    call.source_length = sizeof(call.source);
    length = recvfrom(call.sip, message, sizeof(message) - 1, 0, (struct sockaddr *)&call.source,
                      &call.source_length);
    if (length <= 0)
        return;
    message[length] = 0;
    if (strncmp(message, "SIP/2.0 ", 8) == 0)
        response_arrived(message);
    else if (strstr(message, " SIP/2.0\r\n"))
        request_arrived(message);
}
