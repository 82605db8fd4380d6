/* REFER in a dialog (RFC 3515): the far side wants whom it talks with to be somewhere else.
 *
 *   sip_leg_call     may_refer: only those are heard, all others get 405 from sofia
 *   REFER            where to is read here, and refused when it says nothing
 *   on_refer         the upper room decides: sip_leg_refer_answer()
 *   it is done       sip_leg_refer_done(), the last NOTIFY
 *
 * Requests of a dialog go out one after the other: a BYE after them waits for their answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

#define WITH_THIS(sip) NUTAG_WITH_THIS((sip)->nua)

/* --- where to ------------------------------------------------------------------------------- */

/* Whom it names is to be called: another method, or headers (Replaces), ask for more. */
static bool asks_for_a_call(const url_t *url)
{
    char method[16];

    if (url->url_headers)
        return false;
    return !url->url_params || !url_has_param(url, "method") ||
           (url_param(url->url_params, "method", method, sizeof(method)) > 0 &&
            strcmp(method, "INVITE") == 0);
}

static bool read_target(const sip_t *message, struct sip_refer *ret_refer)
{
    const url_t *url = message && message->sip_refer_to ? message->sip_refer_to->r_url : NULL;
    char user[sizeof(ret_refer->user)];

    if (!url || (url->url_type != url_sip && url->url_type != url_sips) || !url->url_user ||
        !url->url_host || !asks_for_a_call(url) || !text_copy(user, sizeof(user), url->url_user))
        return false;
    url_unescape(ret_refer->user, user); /* never longer than it was */
    return ret_refer->user[0] && text_is_utf8(ret_refer->user, strlen(ret_refer->user));
}

/* --- it comes ------------------------------------------------------------------------------- */

static void refuse(struct sip *sip, const struct event *event, int status, const char *phrase)
{
    nua_respond(event->nh, status, phrase, WITH_THIS(sip), TAG_END());
}

/* The subscription that a REFER makes; every NOTIFY names it. */
static void note_subscription(struct leg *leg, const struct event *event)
{
    const sip_event_t *subscription = NULL;

    tl_gets(event->tags, NUTAG_REFER_EVENT_REF(subscription), TAG_END());
    snprintf(leg->refer_event, sizeof(leg->refer_event), "%s%s%s", "refer",
             subscription && subscription->o_id ? ";id=" : "",
             subscription && subscription->o_id ? subscription->o_id : "");
}

void refer_arrived(struct sip *sip, struct leg *leg, const struct event *event)
{
    const char *told = event->sip ? unknown_header(event->sip, "X-Hotlined-Result") : NULL;
    struct sip_refer refer = {.leg = leg->handle};

    if (event->status >= 200)
        return;
    if (leg->state == LEG_LEAVING) {
        refuse(sip, event, 481, "Call Is Being Terminated");
    } else if (leg->state != LEG_UP || leg->referring) {
        refuse(sip, event, 491, "Request Pending");
    } else if (!read_target(event->sip, &refer)) {
        log_warn("sip", "bad_refer", "leg=%u", leg->handle);
        refuse(sip, event, 400, "Bad Refer-To");
    } else if (!sip->handlers.on_refer) {
        refuse(sip, event, SIP_403_FORBIDDEN);
    } else {
        if (told && strlen(told) < sizeof(refer.told))
            (void)text_copy(refer.told, sizeof(refer.told), told);
        leg->referring = true;
        note_subscription(leg, event);
        sip->handlers.on_refer(&refer, sip->arg);
    }
}

/* --- what became of it ------------------------------------------------------------------------ */

static void notify(struct sip *sip, const struct leg *leg, int status, enum nua_substate state)
{
    char fragment[80];

    snprintf(fragment, sizeof(fragment), "SIP/2.0 %d %s\r\n", status, status_phrase(status));
    nua_notify(leg_io(sip, leg)->nh, SIPTAG_EVENT_STR(leg->refer_event), NUTAG_SUBSTATE(state),
               SIPTAG_CONTENT_TYPE_STR("message/sipfrag;version=2.0"), SIPTAG_PAYLOAD_STR(fragment),
               TAG_END());
}

static struct leg *referring(const struct sip *sip, handle_t handle)
{
    struct leg *leg = leg_find(sip, handle);

    return leg && leg->state != LEG_LEAVING && leg->referring ? leg : NULL;
}

/* Others end the whole dialog, 404 and 416 among them (RFC 5057 5.1): so sofia has it. */
static bool leaves_the_call(int status)
{
    return status == 202 || status == 400 || status == 403 || status == 488 || status == 603;
}

int sip_leg_refer_answer(struct sip *sip, handle_t handle, int status, const char *phrase)
{
    struct leg *leg = referring(sip, handle);

    if (!leg)
        return -ENOENT;
    if (!leaves_the_call(status))
        return -EINVAL;
    leg->referring = status < 300;
    nua_respond(leg_io(sip, leg)->nh, status, phrase ? phrase : status_phrase(status),
                WITH_THIS(sip),
                TAG_IF(leg_io(sip, leg)->contact[0], SIPTAG_CONTACT_STR(leg_io(sip, leg)->contact)),
                TAG_END());
    if (leg->referring)
        notify(sip, leg, 100, nua_substate_active);
    return 0;
}

int sip_leg_refer_done(struct sip *sip, handle_t handle, int status)
{
    struct leg *leg = referring(sip, handle);

    if (!leg)
        return -ENOENT;
    leg->referring = false;
    notify(sip, leg, status, nua_substate_terminated);
    return 0;
}
