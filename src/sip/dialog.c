/* INVITE dialogs: what the far side does to them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/su_tag_io.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

enum { MAX_DIGIT_MS = 10000, DEFAULT_DIGIT_MS = 160 };

/* --- bodies -------------------------------------------------------------------------------- */

static bool is_type(const sip_content_type_t *type, const char *name)
{
    return type && type->c_type && strcasecmp(type->c_type, name) == 0;
}

int message_sdp(const sip_t *message, struct sdp_audio *ret_audio)
{
    const sip_content_type_t *type = message ? message->sip_content_type : NULL;
    const sip_payload_t *payload = message ? message->sip_payload : NULL;

    if (!payload || payload->pl_len == 0)
        return -ENOENT;
    if (type && type->c_type && strncasecmp(type->c_type, "multipart/", 10) == 0)
        return multipart_sdp(type, payload->pl_data, payload->pl_len, ret_audio);
    if (type && !is_type(type, "application/sdp"))
        return -EPROTOTYPE;
    return sdp_audio_parse(payload->pl_data, payload->pl_len, ret_audio);
}

int sdp_error_status(int error, const char **ret_phrase)
{
    metric_add(&sip_bad_sdp, 1);
    switch (error) {
    case -EPROTOTYPE:
        *ret_phrase = "Unsupported Media Type";
        return 415;
    case -ENOTSUP:
        *ret_phrase = "Not Acceptable Here";
        return 488;
    default:
        *ret_phrase = "Bad Session Description";
        return 400;
    }
}

/* --- offers in the dialog ------------------------------------------------------------------ */

#define WITH_THIS(sip) NUTAG_WITH_THIS((sip)->nua)

static void refuse_reoffer(struct sip *sip, const struct event *event, int status,
                           const char *phrase)
{
    nua_respond(event->nh, status, phrase, WITH_THIS(sip),
                TAG_IF(status == 415, SIPTAG_ACCEPT_STR("application/sdp")), TAG_END());
}

/* re-INVITE (hold, codec, address, or without description) and UPDATE. */
static void on_reoffer(struct sip *sip, struct leg *leg, const struct event *event)
{
    struct sdp_audio sdp;
    int err = message_sdp(event->sip, &sdp);
    const char *phrase;

    if (event->status >= 200) /* nua refused it by itself: overlap, glare */
        return;
    if (leg->state == LEG_LEAVING || leg->reoffer_waiting) {
        refuse_reoffer(sip, event, leg->reoffer_waiting ? 491 : 481,
                       leg->reoffer_waiting ? "Request Pending" : "Call Is Being Terminated");
        return;
    }
    if (err == -ENOENT && event->kind == nua_i_update) { /* a session refresh and no more */
        nua_respond(event->nh, SIP_200_OK, WITH_THIS(sip), TAG_END());
        return;
    }
    if (err && err != -ENOENT) {
        int status = sdp_error_status(err, &phrase);

        refuse_reoffer(sip, event, status, phrase);
        return;
    }
    address_contact(sip, event->sip, leg_io(sip, leg)->contact, sizeof(leg_io(sip, leg)->contact));
    leg->reoffer_waiting = true;
    leg_io(sip, leg)->reoffer = msg_ref_create(nua_current_request(sip->nua));
    leg->reoffer_late = err == -ENOENT;
    sip->handlers.on_reoffer(leg->handle, err ? NULL : &sdp, sip->arg);
}

/* --- our INVITE and its answers ------------------------------------------------------------ */

/* What was agreed about session timers, and how the far side can be refreshed. */
void leg_note_session(struct sip *sip, struct leg *leg, const sip_t *message)
{
    int ours = sip->options.session_expires_s;
    const sip_session_expires_t *stated = message->sip_session_expires;
    /* up to 2^32 - 1: compared before it becomes an int, which would be negative */
    int theirs = stated && stated->x_delta < (unsigned long)ours ? (int)stated->x_delta : ours;

    leg->session_s = theirs;
    if (theirs < ours) /* our refreshes ask for what was agreed */
        nua_set_hparams(leg_io(sip, leg)->nh, NUTAG_SESSION_TIMER((unsigned)theirs), TAG_END());
    leg->refreshes_itself =
        !message->sip_allow || !sip_is_allowed(message->sip_allow, SIP_METHOD_UPDATE);
    if (!leg->refreshes_itself)
        nua_set_hparams(leg_io(sip, leg)->nh, NUTAG_UPDATE_REFRESH(1), TAG_END());
}

static void on_provisional(struct sip *sip, struct leg *leg, const struct event *event)
{
    struct sdp_audio sdp;
    bool has_sdp;

    if (event->status == 100 || leg->state != LEG_CALLING)
        return;
    has_sdp = message_sdp(event->sip, &sdp) == 0;
    if (has_sdp) {
        leg->early = sdp;
        leg->has_early = true;
    }
    sip->handlers.on_progress(leg->handle, event->status, has_sdp ? &sdp : NULL, sip->arg);
}

/* Their 200 crossed our CANCEL: nua has sent the ACK, a BYE must follow (RFC 3261 9.1). */
static void on_answer(struct sip *sip, struct leg *leg, const struct event *event)
{
    struct sdp_audio sdp;
    int err;

    leg->answered = true;
    if (leg->state == LEG_LEAVING) {
        leg_bye(sip, leg, "SIP;cause=487;text=\"Cancelled\"");
        return;
    }
    if (leg->state != LEG_CALLING)
        return;
    leg->state = LEG_UP;
    leg->challenged = 0;
    loop_timer_stop(&leg_io(sip, leg)->timer);
    (void)text_copy(leg->call_id, sizeof(leg->call_id),
                    event->sip && event->sip->sip_call_id ? event->sip->sip_call_id->i_id : "");
    err = message_sdp(event->sip, &sdp);
    if (err && leg->has_early) {
        sdp = leg->early;
        err = 0;
    }
    if (err) {
        const char *phrase;
        int status = sdp_error_status(err, &phrase);

        leg_note_end(leg, SIP_END_REFUSED, status, "No usable answer to our offer");
        leg_bye(sip, leg, "SIP;cause=488;text=\"No usable answer\"");
        leg_over(sip, leg);
        return;
    }
    leg_note_session(sip, leg, event->sip);
    leg_start_refresh(sip, leg);
    sip->handlers.on_established(leg->handle, &sdp, sip->arg);
}

static const char *reason_text(const sip_t *message, const char *otherwise)
{
    const sip_reason_t *reason = message ? message->sip_reason : NULL;

    if (reason && reason->re_text)
        return reason->re_text;
    if (reason && reason->re_cause)
        return reason->re_cause;
    return otherwise;
}

/* What the network's switch said (RFC 3326): "Q.850;cause=20" tells a phone that is off from one
 * that nobody picks up, where both are 480. */
static int q850_cause(const sip_t *message)
{
    int64_t cause;

    for (const sip_reason_t *reason = message ? message->sip_reason : NULL; reason;
         reason = reason->re_next)
        if (reason->re_protocol && strcasecmp(reason->re_protocol, "Q.850") == 0 &&
            reason->re_cause && text_to_int(reason->re_cause, 1, 127, &cause) == 0)
            return (int)cause;
    return 0;
}

static const struct trunk *trunk_of(const struct sip *sip, const struct leg *leg)
{
    return leg->trunk_id ? trunk_find(sip, leg->trunk_id) : NULL;
}

static void on_failure(struct sip *sip, struct leg *leg, const struct event *event)
{
    const struct trunk *trunk = trunk_of(sip, leg);

    if (leg->state != LEG_LEAVING && trunk && trunk_authenticate(trunk, event, &leg->challenged))
        return;
    if (leg->state == LEG_UP) /* a refresh was refused; nua ends the dialog on 408 and 481 */
        return;
    if (!leg->end_known)
        leg->ended.cause = q850_cause(event->sip);
    if (is_from_wire(sip, event))
        leg_note_end(leg, SIP_END_REFUSED, event->status, reason_text(event->sip, event->phrase));
    else if (event->status == 408)
        leg_note_end(leg, SIP_END_TIMEOUT, 408, event->phrase);
    else
        leg_note_end(leg, SIP_END_TRANSPORT, event->status, event->phrase);
    /* A challenge nobody answers leaves nua's handle waiting for credentials. */
    if (event->status == 401 || event->status == 407)
        leg_gone(sip, leg);
}

static void on_invite_response(struct sip *sip, struct leg *leg, const struct event *event)
{
    if (event->status < 200)
        on_provisional(sip, leg, event);
    else if (event->status < 300)
        on_answer(sip, leg, event);
    else
        on_failure(sip, leg, event);
}

/* --- ACK ----------------------------------------------------------------------------------- */

static void on_ack(struct sip *sip, struct leg *leg, const struct event *event)
{
    struct sdp_audio sdp;
    bool late = leg->state == LEG_ANSWERED ? leg->offered_late : leg->reoffer_late;
    int err = late ? message_sdp(event->sip, &sdp) : -ENOENT;

    leg->reoffer_late = false;
    if (leg->bye_after_ack) {
        leg->bye_after_ack = false;
        leg_bye(sip, leg, NULL);
        return;
    }
    if (leg->state == LEG_LEAVING)
        return;
    if (leg->state == LEG_ANSWERED) {
        leg->state = LEG_UP;
        leg_start_refresh(sip, leg);
        if (late && err) {
            leg_note_end(leg, SIP_END_REFUSED, 488, "No answer to our offer in ACK");
            leg_bye(sip, leg, "SIP;cause=488;text=\"No answer to offer\"");
            leg_over(sip, leg);
            return;
        }
        sip->handlers.on_established(leg->handle, late ? &sdp : NULL, sip->arg);
    } else if (late && !err) {
        sip->handlers.on_established(leg->handle, &sdp, sip->arg);
    }
}

/* --- keys by INFO -------------------------------------------------------------------------- */

static bool is_key(char c)
{
    return (c >= '0' && c <= '9') || c == '*' || c == '#' || (c >= 'A' && c <= 'D');
}

/* "Signal=5\r\nDuration=160", or just "5" (application/dtmf). 0 when there is no key in it. */
static char read_key(const char *body, int *ret_duration_ms)
{
    const char *signal = strcasestr(body, "Signal=");
    const char *duration = strcasestr(body, "Duration=");
    const char *at = signal ? signal + 7 : body;
    long ms = duration ? strtol(duration + 9, NULL, 10) : DEFAULT_DIGIT_MS;
    char key;

    at += strspn(at, " \t\r\n");
    key = *at >= 'a' && *at <= 'd' ? (char)(*at - 'a' + 'A') : *at;
    if (key == '1' && at[1] == '0')
        key = '*'; /* some phones send the event numbers of RFC 4733 */
    else if (key == '1' && at[1] == '1')
        key = '#';
    *ret_duration_ms = ms > 0 && ms < MAX_DIGIT_MS ? (int)ms : DEFAULT_DIGIT_MS;
    return is_key(key) ? key : 0;
}

static void take_key(struct sip *sip, struct leg *leg, const struct event *event)
{
    const sip_payload_t *payload = event->sip->sip_payload;
    char body[256] = "";
    int duration_ms;
    char key;

    if (payload && payload->pl_len < sizeof(body))
        memcpy(body, payload->pl_data, payload->pl_len);
    key = read_key(body, &duration_ms);
    nua_respond(event->nh, key ? 200 : 400, key ? "OK" : "No Key In Body", WITH_THIS(sip),
                TAG_END());
    if (key && leg->state == LEG_UP)
        sip->handlers.on_digit(leg->handle, key, duration_ms, sip->arg);
}

/* --- bodies for the upper room by INFO ------------------------------------------------------- */

/* None of these answers ends the dialog (RFC 5057 5.1). */
static void take_body(struct sip *sip, struct leg *leg, const struct event *event)
{
    const sip_payload_t *payload = event->sip->sip_payload;
    struct sip_body body = {.leg = leg->handle,
                            .data = payload ? payload->pl_data : "",
                            .length = payload ? payload->pl_len : 0};
    bool fits = body.length <= SIP_BODY_SIZE;
    const char *wrong = NULL; /* one that crosses our goodbye has nobody to read it */

    if (!fits)
        wrong = "Body Too Large";
    else if (leg->state == LEG_UP)
        wrong = sip->handlers.on_body(&body, sip->arg);
    if (wrong && sip_refused(sip, SIP_REFUSED_BODY))
        log_warn("sip", "bad_body", "leg=%u bytes=%zu why=\"%s\"", leg->handle, body.length, wrong);
    nua_respond(event->nh,
                !wrong ? 200
                : fits ? 400
                       : 413,
                wrong ? wrong : "OK", WITH_THIS(sip), TAG_END());
}

static void on_info(struct sip *sip, struct leg *leg, const struct event *event)
{
    const sip_t *message = event->sip;
    const sip_content_type_t *type = message ? message->sip_content_type : NULL;
    bool empty = !message || !message->sip_payload || message->sip_payload->pl_len == 0;

    if (event->status >= 200)
        return;
    if (is_type(type, "application/dtmf-relay") || is_type(type, "application/dtmf"))
        take_key(sip, leg, event);
    else if (leg_io(sip, leg)->takes && is_type(type, leg_io(sip, leg)->takes))
        take_body(sip, leg, event);
    else
        nua_respond(event->nh, empty ? 200 : 415, empty ? "OK" : "Unsupported Media Type",
                    WITH_THIS(sip), TAG_IF(!empty, SIPTAG_ACCEPT_STR("application/dtmf-relay")),
                    TAG_END());
}

/* --- ends ---------------------------------------------------------------------------------- */

static void on_state(struct sip *sip, struct leg *leg, const struct event *event)
{
    int state = nua_callstate_init;

    tl_gets(event->tags, NUTAG_CALLSTATE_REF(state), TAG_END());
    if (state == nua_callstate_terminated)
        leg_gone(sip, leg);
}

/* What is too long is not there: half of it might mean something else. */
static void note_told(struct leg *leg, const sip_t *message)
{
    const char *told = message ? unknown_header(message, "X-Hotlined-Result") : NULL;

    if (told && strlen(told) < sizeof(leg->ended.told))
        (void)text_copy(leg->ended.told, sizeof(leg->ended.told), told);
}

/* By all three: whoever knows nothing but the Call-ID ends no call. */
static struct leg *leg_of_dialog(struct sip *sip, const sip_t *request)
{
    sip_replaces_t dialog = {.rp_call_id = request->sip_call_id->i_id,
                             .rp_to_tag = request->sip_to->a_tag,
                             .rp_from_tag = request->sip_from->a_tag};
    nua_handle_t *nh = sip->legs.count ? nua_handle_by_replaces(sip->nua, &dialog) : NULL;
    void *magic = nh ? nua_handle_magic(nh) : NULL;

    if (nh)
        nua_handle_unref(nh);
    return magic_kind(magic) == KIND_LEG ? leg_find(sip, magic_number(magic)) : NULL;
}

/* The INVITE is cancelled: whatever answers it still, nobody waits for. */
bool leg_ends_unanswered(struct sip *sip, const sip_t *bye)
{
    struct leg *leg = leg_of_dialog(sip, bye);

    if (!leg || !leg->outgoing || leg->answered)
        return false;
    if (leg->state == LEG_CALLING) {
        leg_note_end(leg, SIP_END_REMOTE, 200, reason_text(bye, ""));
        note_told(leg, bye);
        nua_cancel(leg_io(sip, leg)->nh, TAG_END());
        leg_over(sip, leg);
    }
    return true;
}

void leg_event(struct sip *sip, struct leg *leg, const struct event *event)
{
    switch ((int)event->kind) {
    case nua_i_invite:
    case nua_i_update:
        on_reoffer(sip, leg, event);
        break;
    case nua_r_invite:
        on_invite_response(sip, leg, event);
        break;
    case nua_i_ack:
        on_ack(sip, leg, event);
        break;
    case nua_i_info:
        on_info(sip, leg, event);
        break;
    case nua_i_refer:
        refer_arrived(sip, leg, event);
        break;
    case nua_i_cancel:
        leg_note_end(leg, SIP_END_REMOTE, 487, reason_text(event->sip, "Cancelled"));
        break;
    case nua_i_bye:
        leg_note_end(leg, SIP_END_REMOTE, 200, reason_text(event->sip, ""));
        note_told(leg, event->sip);
        break;
    case nua_i_error: /* 408: our 200 was never ACKed */
        leg_note_end(leg, SIP_END_TIMEOUT, event->status, event->phrase);
        leg_over(sip, leg);
        break;
    case nua_r_bye:
        leg_note_end(leg, SIP_END_TIMEOUT, 408, "Session timeout");
        leg_over(sip, leg);
        break;
    case nua_i_state:
        on_state(sip, leg, event);
        break;
    default:
        break;
    }
}
