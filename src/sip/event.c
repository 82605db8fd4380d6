/* Every nua event comes in here and goes to the noun it is about. */
#include <hotlined/log.h>

#include "sip/room.h"

/* A request outside any dialog of ours makes a handle of its own, which must be destroyed. */
static void stray_event(struct sip *sip, const struct event *event)
{
    if (nua_event_is_incoming_request(event->kind) && door_is_closed(sip)) {
        if (event->status < 200)
            nua_respond(event->nh, SIP_403_FORBIDDEN, NUTAG_WITH_THIS(sip->nua), TAG_END());
        nua_handle_destroy(event->nh);
        return;
    }
    switch ((int)event->kind) {
    case nua_i_invite:
        invite_arrived(sip, event);
        return;
    case nua_i_register:
        register_arrived(sip, event);
        return;
    case nua_i_info: /* outside a call there is nothing to inform about */
        door_note(sip, DOOR_ASKED);
        if (event->status < 200)
            nua_respond(event->nh, 481, "Call Does Not Exist", NUTAG_WITH_THIS(sip->nua),
                        TAG_END());
        nua_handle_destroy(event->nh);
        return;
    default:
        if (nua_event_is_incoming_request(event->kind)) {
            if (event->kind == nua_i_options)
                trunk_checked_us(sip, event);
            metric_add(&sip_refused_methods, event->kind != nua_i_options);
            door_note(sip, DOOR_ASKED);
            if (event->status < 200)
                nua_respond(event->nh, SIP_405_METHOD_NOT_ALLOWED, NUTAG_WITH_THIS(sip->nua),
                            TAG_END());
            nua_handle_destroy(event->nh);
        }
    }
}

/* Requests in a dialog that nobody below answers. */
static void refuse_rest(struct sip *sip, const struct event *event)
{
    switch ((int)event->kind) {
    case nua_i_subscribe:
    case nua_i_message:
    case nua_i_method:
        if (event->status < 200)
            nua_respond(event->nh, SIP_405_METHOD_NOT_ALLOWED, NUTAG_WITH_THIS(sip->nua),
                        TAG_END());
        break;
    default:
        break;
    }
}

static void handle_event(struct sip *sip, void *magic, const struct event *event)
{
    struct leg *leg;

    switch (magic_kind(magic)) {
    case KIND_LEG:
        leg = leg_find(sip, magic_number(magic));
        refuse_rest(sip, event);
        if (leg)
            leg_event(sip, leg, event);
        break;
    case KIND_TRUNK_CHECK:
        trunk_check_event(sip, (int32_t)magic_number(magic), event);
        break;
    case KIND_TRUNK_REGISTER:
        trunk_register_event(sip, (int32_t)magic_number(magic), event);
        break;
    case KIND_PHONE_PING:
        phone_ping_event(sip, (int32_t)magic_number(magic), event);
        break;
    case KIND_NONE:
        stray_event(sip, event);
        break;
    }
}

void event_arrived(nua_event_t kind, int status, const char *phrase, nua_t *nua, struct sip *sip,
                   nua_handle_t *nh, nua_hmagic_t *magic, const sip_t *message, tagi_t *tags)
{
    const struct event event = {kind, status, phrase, nh, message, tags};

    (void)nua;
    if (kind == nua_r_shutdown) {
        sip->shut = status >= 200;
        return;
    }
    if (nh)
        handle_event(sip, magic, &event);
}
