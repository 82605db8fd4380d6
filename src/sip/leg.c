/* INVITE dialogs: what we do to them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

enum { INDEX_MASK = 0xFFFFF };

/* --- life ---------------------------------------------------------------------------------- */

struct leg *leg_find(const struct sip *sip, handle_t handle)
{
    return slots_find(&sip->legs, handle);
}

/* For the upper room a leg it was told the end of does not exist. */
static struct leg *known(const struct sip *sip, handle_t handle)
{
    struct leg *leg = leg_find(sip, handle);

    return leg && leg->state != LEG_LEAVING ? leg : NULL;
}

struct leg_io *leg_io(struct sip *sip, const struct leg *leg)
{
    return &sip->io[leg->handle & INDEX_MASK];
}

unsigned sip_leg_count(const struct sip *sip)
{
    return sip->live;
}

struct leg *leg_take(struct sip *sip, nua_handle_t *nh, int32_t trunk_id, int32_t user_id)
{
    struct trunk *trunk = trunk_id ? trunk_find(sip, trunk_id) : NULL;
    handle_t handle;
    struct leg *leg = NULL;

    if (sip->live < (unsigned)sip->options.max_legs)
        leg = slots_take(&sip->legs, &handle);
    if (!leg)
        return NULL;
    leg->handle = handle;
    leg->trunk_id = trunk_id;
    leg->user_id = user_id;
    leg_io(sip, leg)->nh = nh;
    leg_io(sip, leg)->takes = NULL;
    nua_handle_bind(nh, magic_make(KIND_LEG, handle));
    sip->live++;
    if (trunk)
        trunk->channels++;
    return leg;
}

void leg_note_end(struct leg *leg, enum sip_end end, int status, const char *reason)
{
    if (leg->end_known)
        return;
    leg->end_known = true;
    leg->ended.end = end;
    leg->ended.status = status;
    (void)text_copy(leg->ended.reason, sizeof(leg->ended.reason), reason ? log_safe(reason) : "");
}

static void add_news(struct sip *sip, struct leg *leg)
{
    struct leg *last = leg_find(sip, sip->last_news);

    if (last)
        last->next_news = leg->handle;
    else
        sip->first_news = leg->handle;
    sip->last_news = leg->handle;
    room_flush_later(sip);
}

/* The upper room hears of the end in the next turn; until SIP is done the slot stays taken. */
void leg_over(struct sip *sip, struct leg *leg)
{
    struct trunk *trunk = leg->trunk_id ? trunk_find(sip, leg->trunk_id) : NULL;

    if (leg->state == LEG_LEAVING)
        return;
    leg->state = LEG_LEAVING;
    loop_timer_stop(&leg_io(sip, leg)->timer);
    sip->live--;
    if (trunk && trunk->channels > 0)
        trunk->channels--;
    add_news(sip, leg);
}

static void release(struct sip *sip, struct leg *leg)
{
    struct leg_io *io = leg_io(sip, leg);

    loop_timer_done(&io->timer);
    free(io->local_sdp);
    if (io->reoffer)
        msg_destroy(io->reoffer);
    memset(io, 0, sizeof(*io));
    slots_release(&sip->legs, leg->handle);
}

void leg_gone(struct sip *sip, struct leg *leg)
{
    struct leg_io *io = leg_io(sip, leg);

    leg_note_end(leg, SIP_END_TIMEOUT, 408, "Session timeout");
    leg_over(sip, leg);
    if (io->nh) {
        nua_handle_bind(io->nh, NULL);
        nua_handle_destroy(io->nh);
        io->nh = NULL;
    }
    if (leg->told)
        release(sip, leg);
}

void legs_flush(struct sip *sip)
{
    handle_t handle = sip->first_news;

    sip->first_news = sip->last_news = 0; /* what ends meanwhile is another flush's */
    for (struct leg *leg; (leg = leg_find(sip, handle));) {
        handle_t next = leg->next_news;
        leg->told = true;
        sip->handlers.on_ended(handle, &leg->ended, sip->arg);
        if (!leg_io(sip, leg)->nh)
            release(sip, leg);
        handle = next;
    }
}

/* --- descriptions -------------------------------------------------------------------------- */

/* Kept because a session refresh by re-INVITE repeats it unchanged. */
static int keep_sdp(struct sip *sip, struct leg *leg, const char *sdp)
{
    struct leg_io *io = leg_io(sip, leg);
    char *copy = strdup(sdp);

    if (!copy)
        return -ENOMEM;
    free(io->local_sdp);
    io->local_sdp = copy;
    return 0;
}

#define SDP_TAGS(io, sdp)                                                                          \
    TAG_IF((io)->contact[0], SIPTAG_CONTACT_STR((io)->contact)),                                   \
        TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),                                   \
        TAG_IF(sdp, SIPTAG_PAYLOAD_STR(sdp))

/* --- incoming ------------------------------------------------------------------------------ */

int sip_leg_progress(struct sip *sip, handle_t handle, int status, const char *sdp)
{
    struct leg *leg = known(sip, handle);

    if (!leg)
        return -ENOENT;
    if (leg->outgoing || leg->state != LEG_INCOMING || status < 101 || status > 199)
        return -EINVAL;
    nua_respond(leg_io(sip, leg)->nh, status, status_phrase(status),
                SDP_TAGS(leg_io(sip, leg), sdp), TAG_END());
    return 0;
}

int sip_leg_answer(struct sip *sip, handle_t handle, const char *sdp)
{
    struct leg *leg = known(sip, handle);
    int err;

    if (!leg)
        return -ENOENT;
    if (leg->outgoing || leg->state != LEG_INCOMING || !sdp)
        return -EINVAL;
    err = keep_sdp(sip, leg, sdp);
    if (err)
        return err;
    leg->state = LEG_ANSWERED;
    nua_respond(leg_io(sip, leg)->nh, SIP_200_OK, SDP_TAGS(leg_io(sip, leg), sdp), TAG_END());
    return 0;
}

int sip_leg_reject(struct sip *sip, handle_t handle, int status, const char *phrase,
                   int retry_after_s)
{
    struct leg *leg = known(sip, handle);
    char retry[16];

    if (!leg)
        return -ENOENT;
    if (leg->outgoing || leg->state != LEG_INCOMING || status < 300 || status > 699)
        return -EINVAL;
    snprintf(retry, sizeof(retry), "%d", retry_after_s);
    leg_note_end(leg, SIP_END_LOCAL, status, phrase);
    nua_respond(leg_io(sip, leg)->nh, status, phrase ? phrase : status_phrase(status),
                TAG_IF(retry_after_s > 0, SIPTAG_RETRY_AFTER_STR(retry)), TAG_END());
    leg_over(sip, leg);
    return 0;
}

/* UPDATE must be answered by naming the request, so it was kept. */
static void answer_reoffer(struct leg_io *io, int status, const char *phrase, const char *sdp)
{
    nua_respond(io->nh, status, phrase, NUTAG_WITH(io->reoffer), SDP_TAGS(io, sdp), TAG_END());
    msg_destroy(io->reoffer);
    io->reoffer = NULL;
}

int sip_leg_reoffer_answer(struct sip *sip, handle_t handle, const char *sdp)
{
    struct leg *leg = known(sip, handle);
    struct leg_io *io;
    int err;

    if (!leg)
        return -ENOENT;
    io = leg_io(sip, leg);
    if (!leg->reoffer_waiting || !io->reoffer)
        return -EINVAL;
    leg->reoffer_waiting = false;
    if (!sdp) {
        leg->reoffer_late = false;
        answer_reoffer(io, SIP_488_NOT_ACCEPTABLE, NULL);
        return 0;
    }
    err = keep_sdp(sip, leg, sdp);
    if (err)
        answer_reoffer(io, SIP_500_INTERNAL_SERVER_ERROR, NULL);
    else
        answer_reoffer(io, SIP_200_OK, sdp);
    return err;
}

/* --- hanging up ---------------------------------------------------------------------------- */

void leg_bye(struct sip *sip, struct leg *leg, const char *reason)
{
    nua_bye(leg_io(sip, leg)->nh, TAG_IF(reason, SIPTAG_REASON_STR(reason)), TAG_END());
}

/* Sends whatever ends the dialog in its present state. */
static void say_goodbye(struct sip *sip, struct leg *leg, int cause)
{
    nua_handle_t *nh = leg_io(sip, leg)->nh;
    int status = cause_to_status(cause);
    char reason[64];

    snprintf(reason, sizeof(reason), "Q.850;cause=%d", cause);
    switch (leg->state) {
    case LEG_INCOMING:
        nua_respond(nh, status, status_phrase(status), SIPTAG_REASON_STR(reason), TAG_END());
        break;
    case LEG_ANSWERED:
        leg->bye_after_ack = true;
        break;
    case LEG_CALLING:
        nua_cancel(nh, SIPTAG_REASON_STR(reason), TAG_END());
        break;
    case LEG_UP:
        leg_bye(sip, leg, reason);
        break;
    case LEG_LEAVING:
        break;
    }
}

void sip_leg_hangup(struct sip *sip, handle_t handle, int q850_cause)
{
    struct leg *leg = known(sip, handle);

    if (!leg)
        return;
    leg_note_end(leg, SIP_END_LOCAL, leg->state == LEG_UP ? 200 : 487, "");
    say_goodbye(sip, leg, q850_cause);
    leg_over(sip, leg);
}

/* --- outgoing ------------------------------------------------------------------------------ */

static void ring_limit(struct sip *sip, struct leg *leg)
{
    leg_note_end(leg, SIP_END_TIMEOUT, 408, "No answer");
    say_goodbye(sip, leg, 19);
    leg_over(sip, leg);
}

/* Far sides that do not take UPDATE are refreshed by repeating our last description. */
static void refresh(struct sip *sip, struct leg *leg)
{
    struct leg_io *io = leg_io(sip, leg);

    if (io->local_sdp)
        nua_invite(io->nh, SDP_TAGS(io, io->local_sdp), TAG_END());
    leg_start_refresh(sip, leg);
}

static void timer_fired(void *arg)
{
    struct leg_io *io = arg;
    struct sip *sip = io->sip;
    struct leg *leg = slots_find(&sip->legs, io->handle);

    if (!leg || leg->state == LEG_LEAVING)
        return;
    if (leg->state == LEG_CALLING)
        ring_limit(sip, leg);
    else if (leg->state == LEG_UP)
        refresh(sip, leg);
}

static void timer_set(struct sip *sip, struct leg *leg, uint64_t delay_ms)
{
    struct leg_io *io = leg_io(sip, leg);

    io->sip = sip;
    io->handle = leg->handle;
    if (!io->timer.loop)
        loop_timer_init(&io->timer, sip->loop, timer_fired, io);
    loop_timer_start(&io->timer, delay_ms);
}

/* Ahead of nua, which would refresh at half the interval less five seconds, without description. */
void leg_start_refresh(struct sip *sip, struct leg *leg)
{
    if (leg->refreshes_itself && leg->session_s > 0)
        timer_set(sip, leg, (uint64_t)leg->session_s * 400);
}

static int route_out(struct sip *sip, const struct sip_call_out *out, char *uri, size_t size,
                     const char **ret_route)
{
    const struct trunk *trunk;
    const struct phone *phone;

    *ret_route = NULL;
    if (!out->trunk_id) {
        phone = phone_find(sip, out->user_id);
        if (!phone || !phone->registered)
            return -ENOENT;
        (void)text_copy(uri, size, phone->contact);
        *ret_route = phone->route;
        return 0;
    }
    if (out->trunk_id == SIP_TRUNK_SELF) {
        self_uri(sip, out->called, uri, size);
        return 0;
    }
    trunk = trunk_find(sip, out->trunk_id);
    if (!trunk)
        return -ENOENT;
    if (trunk->state == SIP_TRUNK_DOWN || trunk->state == SIP_TRUNK_DISABLED)
        return -EAGAIN;
    if (trunk_is_full(trunk)) {
        if (sip_refused(sip, SIP_REFUSED_TRUNK_FULL))
            log_warn("sip", "trunk_full", "trunk=%d direction=out channels=%d", trunk->conf.id,
                     trunk->channels);
        return -EAGAIN;
    }
    trunk_uri(trunk, out->called, uri, size);
    return 0;
}

/* Numbers come from our own tables and agents' keyboards: only what needs no escaping. */
static bool is_number(const char *text)
{
    static const char allowed[] =
        "0123456789+*#-.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

    return text && strlen(text) < SIP_NUMBER_SIZE && text[strspn(text, allowed)] == 0;
}

static nua_handle_t *make_handle(struct sip *sip, const struct sip_call_out *out, const char *uri,
                                 const char *route)
{
    char from[SIP_URI_SIZE], x_call[80] = "";
    bool anonymous = !out->caller || !*out->caller;
    nua_handle_t *nh;

    snprintf(from, sizeof(from), "<sip:%s@%s>", anonymous ? "anonymous" : out->caller,
             anonymous ? "anonymous.invalid" : sip->contact_host);
    if (out->global_call_id)
        snprintf(x_call, sizeof(x_call), "X-Hotlined-Call: %s", log_safe(out->global_call_id));
    nh = nua_handle(sip->nua, NULL, NUTAG_URL(uri), SIPTAG_TO_STR(uri), SIPTAG_FROM_STR(from),
                    TAG_IF(*x_call, SIPTAG_HEADER_STR(x_call)),
                    TAG_IF(out->headers && *out->headers, SIPTAG_HEADER_STR(out->headers)),
                    TAG_END());
    if (nh && route) /* as a parameter it counts for the ACK and the BYE, too */
        nua_set_hparams(nh, NUTAG_PROXY(route), TAG_END());
    if (nh && out->may_refer)
        nua_set_hparams(nh, NUTAG_ALLOW("REFER"), NUTAG_APPL_METHOD("REFER"), TAG_END());
    return nh;
}

/* What travels with a call to a center is told once, and not again with each request. */
static void send_invite(struct sip *sip, const struct leg *leg, const struct sip_call_out *out)
{
    const struct leg_io *io = leg_io(sip, leg);
    char self[80] = "", along[SIP_ALONG_SIZE + 24] = "";

    if (out->trunk_id == SIP_TRUNK_SELF)
        self_header(sip, self, sizeof(self));
    if (out->along)
        snprintf(along, sizeof(along), "X-Hotlined-Along: %s", out->along);
    nua_invite(io->nh, SDP_TAGS(io, out->sdp), TAG_IF(*self, SIPTAG_HEADER_STR(self)),
               TAG_IF(*along, SIPTAG_HEADER_STR(along)), TAG_END());
}

int sip_leg_call(struct sip *sip, const struct sip_call_out *out, handle_t *ret_leg)
{
    char uri[SIP_URI_SIZE + SIP_NUMBER_SIZE];
    const char *route;
    nua_handle_t *nh;
    struct leg *leg;
    int err;

    if (!is_number(out->called ? out->called : "") || !is_number(out->caller ? out->caller : "") ||
        !out->sdp || (out->trunk_id && (!out->called || !*out->called)))
        return -EINVAL;
    err = route_out(sip, out, uri, sizeof(uri), &route);
    if (err)
        return err;
    nh = make_handle(sip, out, uri, route);
    if (!nh)
        return -ENOMEM;
    leg = leg_take(sip, nh, out->trunk_id, out->trunk_id ? 0 : out->user_id);
    if (!leg) {
        nua_handle_destroy(nh);
        return -EAGAIN;
    }
    leg->outgoing = true;
    leg->state = LEG_CALLING;
    leg_io(sip, leg)->takes = out->takes;
    (void)keep_sdp(sip, leg, out->sdp);
    metric_add(&sip_invites_out, 1);
    send_invite(sip, leg, out);
    if (out->ring_timeout_s > 0)
        timer_set(sip, leg, (uint64_t)out->ring_timeout_s * 1000);
    *ret_leg = leg->handle;
    return 0;
}
