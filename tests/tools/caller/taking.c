/* A call to us until it stands (RFC 3261 13.3, 9.2): one at a time, meanwhile we are busy. */
#include <string.h>
#include <unistd.h>

#include "caller.h"

static int taken;

/* --- waiting -------------------------------------------------------------------------------- */

void start_waiting(void)
{
    call.sip = bind_udp(opt.port, false, &call.sip_port);
    call_new();
    call.state = WAITING;
    event("listening", ",\"sip_port\":%u", call.sip_port);
}

bool wait_again(void)
{
    struct call before = call;

    if (opt.count && taken >= opt.count)
        return false;
    close(call.rtp);
    call = (struct call){.sip = before.sip,
                         .sip_port = before.sip_port,
                         .sound = before.sound,
                         .exit_code = before.exit_code};
    hear_anew();
    call_new();
    call.state = WAITING;
    return true;
}

void stop_waiting(void)
{
    opt.count = taken ? taken : -1;
    finish("stopped", 0, call.exit_code);
}

/* --- our responses -------------------------------------------------------------------------- */

static void reply_finally(int status, const char *body)
{
    print_response(call.reply.text, sizeof(call.reply.text), call.taken, status, body);
    snprintf(call.reply.method, sizeof(call.reply.method), "reply");
    call.reply_status = status;
    call.answer_at_ms = 0;
    send_again_until(&call.reply, GIVE_UP_MS);
}

static void ring(void)
{
    int status = opt.early ? 183 : 180;

    call.state = RINGING;
    call.early = opt.early;
    print_response(call.provisional, sizeof(call.provisional), call.taken, status,
                   call.early ? call.sdp : "");
    send_text(call.provisional);
    event(call.early ? "progress" : "ringing", ",\"status\":%d,\"early_media\":%s", status,
          call.early ? "true" : "false");
    if (opt.answer_after_ms >= 0)
        call.answer_at_ms = now_ms() + opt.answer_after_ms;
}

void answer_now(void)
{
    if (call.state != RINGING)
        return;
    reply_finally(200, call.sdp);
    begin_talk();
}

void answer_due_call(int64_t now)
{
    if (call.answer_at_ms && now >= call.answer_at_ms)
        answer_now();
}

void refuse_now(int status)
{
    call.state = ENDING;
    reply_finally(status, "");
    event("refused", ",\"status\":%d", status);
}

/* --- their requests ------------------------------------------------------------------------- */

static void remember_call(const char *message)
{
    char value[512] = "";
    size_t used = 0;

    started_ms = now_ms();
    snprintf(call.taken, sizeof(call.taken), "%s", message);
    call.server = call.source;
    call.server_length = call.source_length;
    call.invite_cseq = cseq_of(message);
    user_of(strchr(message, ' ') + 1, call.user, sizeof(call.user));
    (void)header(message, "Call-ID", "i", 0, call.call_id, sizeof(call.call_id));
    (void)header(message, "From", "f", 0, call.to_line, sizeof(call.to_line));
    (void)header(message, "To", "t", 0, value, sizeof(value));
    snprintf(call.from_line, sizeof(call.from_line), "%.480s;tag=%s", value, call.tag);
    if (header(message, "Contact", "m", 0, value, sizeof(value)))
        uri_of(value, call.target, sizeof(call.target));
    for (int i = 0;
         header(message, "Record-Route", "", i, value, sizeof(value)) && used < sizeof(call.routes);
         i++)
        used += (size_t)snprintf(call.routes + used, sizeof(call.routes) - used, "Route: %s\r\n",
                                 value);
    (void)read_media(message);
    print_sdp(call.sdp, sizeof(call.sdp));
}

void invite_arrived(const char *message)
{
    char id[128] = "", uri[512], from[64];

    (void)header(message, "Call-ID", "i", 0, id, sizeof(id));
    if (call.state != WAITING && strcmp(id, call.call_id) == 0) { /* ours was lost */
        if (call.reply_status || call.provisional[0])
            send_text(call.reply_status ? call.reply.text : call.provisional);
        return;
    }
    if (call.state != WAITING) {
        respond(message, 486, "");
        return;
    }
    taken++;
    remember_call(message);
    uri_of(call.to_line, uri, sizeof(uri));
    user_of(uri, from, sizeof(from));
    event("invited", ",\"from\":\"%s\",\"to\":\"%s\",\"call_id\":\"%s\",\"offer\":%s", from,
          call.user, call.call_id, call.has_media ? "true" : "false");
    if (opt.refuse_status)
        refuse_now(opt.refuse_status);
    else
        ring();
}

void cancel_arrived(const char *message)
{
    respond(message, 200, "");
    if (call.state != RINGING || cseq_of(message) != call.invite_cseq)
        return;
    call.state = ENDING;
    call.cancelled = true;
    event("cancelled", "%s", "");
    reply_finally(487, "");
}

void ack_arrived(const char *message)
{
    if (strstr(message, "m=audio "))
        (void)read_media(message);
    if (!call.reply.active || cseq_of(message) != call.invite_cseq)
        return;
    call.reply.active = false;
    if (call.reply_status >= 300)
        finish(call.cancelled ? "cancelled" : "refused", call.reply_status, 0);
}
