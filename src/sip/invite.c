/* Who is calling: a trunk by its address, a desk phone by its password, or a stranger. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/url.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

enum { BUSY_RETRY_S = 5, STARTING_RETRY_S = 2 };

/* --- numbers ------------------------------------------------------------------------------- */

/* The user part without parameters, unescaped, printable ASCII only. */
static void url_number(const url_t *url, char out[SIP_NUMBER_SIZE])
{
    const char *user = url ? url->url_user : NULL;
    char plain[SIP_URI_SIZE];
    size_t length = 0;

    out[0] = 0;
    if (url && url->url_type == url_tel && !user)
        user = url->url_host;
    if (!user || strlen(user) >= sizeof(plain))
        return;
    url_unescape(plain, user);
    for (const char *c = plain; *c && *c != ';' && length + 1 < SIP_NUMBER_SIZE; c++)
        if (*c > ' ' && *c < 127)
            out[length++] = *c;
    out[length] = 0;
}

const char *unknown_header(const sip_t *message, const char *name)
{
    for (const sip_unknown_t *header = message->sip_unknown; header; header = header->un_next)
        if (header->un_name && strcasecmp(header->un_name, name) == 0)
            return header->un_value;
    return NULL;
}

/* RFC 3325: a trusted trunk's asserted identity counts more than From. */
static bool asserted_number(const sip_t *message, char out[SIP_NUMBER_SIZE])
{
    const char *value = unknown_header(message, "P-Asserted-Identity");
    su_home_t home[1] = {SU_HOME_INIT(home)};
    sip_p_asserted_identity_t *identity;

    out[0] = 0;
    if (!value)
        return false;
    su_home_init(home);
    identity = sip_p_asserted_identity_make(home, value);
    for (; identity && !out[0]; identity = identity->paid_next)
        url_number(identity->paid_url, out);
    su_home_deinit(home);
    return out[0] != 0;
}

static void caller_number(const sip_t *message, bool trusted, char out[SIP_NUMBER_SIZE])
{
    const url_t *from = message->sip_from ? message->sip_from->a_url : NULL;

    if (trusted && asserted_number(message, out))
        return;
    url_number(from, out);
    if (strcasecmp(out, "anonymous") == 0 || strcasecmp(out, "unknown") == 0 ||
        (from && from->url_host && strcasecmp(from->url_host, "anonymous.invalid") == 0))
        out[0] = 0;
}

/* --- refusing ------------------------------------------------------------------------------ */

static void refuse(struct sip *sip, const struct event *event, int status, const char *phrase,
                   int retry_after_s)
{
    char retry[16];

    snprintf(retry, sizeof(retry), "%d", retry_after_s);
    nua_respond(event->nh, status, phrase, NUTAG_WITH_THIS(sip->nua),
                TAG_IF(retry_after_s > 0, SIPTAG_RETRY_AFTER_STR(retry)),
                TAG_IF(status == 415, SIPTAG_ACCEPT_STR("application/sdp")), TAG_END());
    nua_handle_destroy(event->nh);
}

bool refused_while_starting(struct sip *sip, const struct event *event)
{
    struct sockaddr_storage source;
    char address[64];

    if (sip->knows_peers)
        return false;
    if (sip_refused(sip, SIP_REFUSED_STARTING))
        log_info("sip", "not_ready", "source=%s method=%s",
                 source_of(sip, &source)
                     ? address_text((struct sockaddr *)&source, address, sizeof(address))
                     : "?",
                 event->sip->sip_request->rq_method_name);
    refuse(sip, event, 503, "Starting", STARTING_RETRY_S);
    return true;
}

static void refuse_stranger(struct sip *sip, const struct event *event,
                            const struct sockaddr *source, enum sip_refusal why)
{
    char address[64], called[SIP_NUMBER_SIZE], caller[SIP_NUMBER_SIZE];

    caller_number(event->sip, false, caller);
    url_number(event->sip->sip_request->rq_url, called);
    if (sip_refused(sip, why))
        log_warn("sip", "stranger", "source=%s why=%s caller=%s called=%s",
                 address_text(source, address, sizeof(address)), sip->refusals[why].why,
                 log_safe(caller), log_safe(called));
    door_note(sip, DOOR_WRONG);
    refuse(sip, event, SIP_403_FORBIDDEN, 0);
}

/* --- routing ------------------------------------------------------------------------------- */

struct origin {
    const struct trunk *trunk;
    const struct phone *phone;
    bool self; /* this daemon */
};

static bool trunk_admits(struct sip *sip, const struct event *event, const struct trunk *trunk)
{
    int retry_after_s;

    if (trunk->conf.in_username[0] &&
        !request_is_signed(sip, event, trunk->conf.in_username, trunk->ha1[DIGEST_MD5],
                           trunk->ha1[DIGEST_SHA256]))
        return false;
    retry_after_s = knock_refuses(sip, event->sip);
    if (retry_after_s) {
        refuse(sip, event, 503, "Overloaded", retry_after_s);
        return false;
    }
    if (!trunk_is_full(trunk))
        return true;
    if (sip_refused(sip, SIP_REFUSED_TRUNK_FULL))
        log_warn("sip", "trunk_full", "trunk=%d direction=in channels=%d", trunk->conf.id,
                 trunk->channels);
    refuse(sip, event, 503, "Trunk Channels In Use", BUSY_RETRY_S);
    return false;
}

/* Fills ret_origin, or answers the request and returns false. */
static bool identify(struct sip *sip, const struct event *event, struct origin *ret_origin)
{
    struct sockaddr_storage source;
    const struct sockaddr *address = (const struct sockaddr *)&source;
    char extension[SIP_NUMBER_SIZE];

    *ret_origin = (struct origin){0};
    if (!source_of(sip, &source)) {
        refuse_stranger(sip, event, address, SIP_REFUSED_NO_SOURCE);
        return false;
    }
    ret_origin->self = self_sent(sip, event->sip);
    if (ret_origin->self)
        return true;
    ret_origin->trunk = trunk_of_source(sip, address);
    if (ret_origin->trunk)
        return trunk_admits(sip, event, ret_origin->trunk);
    url_number(event->sip->sip_from ? event->sip->sip_from->a_url : NULL, extension);
    ret_origin->phone = phone_by_extension(sip, extension);
    if (!ret_origin->phone) {
        refuse_stranger(sip, event, address, SIP_REFUSED_NO_TRUNK);
        return false;
    }
    if (!ret_origin->phone->registered) {
        refuse_stranger(sip, event, address, SIP_REFUSED_NOT_REGISTERED);
        return false;
    }
    return request_is_signed(sip, event, ret_origin->phone->conf.extension,
                             ret_origin->phone->conf.ha1_md5, ret_origin->phone->conf.ha1_sha256);
}

static void fill_invite(const struct event *event, const struct origin *origin,
                        struct sip_invite *invite)
{
    const sip_t *message = event->sip;
    const char *x_call = unknown_header(message, "X-Hotlined-Call");
    const char *along = unknown_header(message, "X-Hotlined-Along");

    if (origin->phone)
        (void)text_copy(invite->caller, sizeof(invite->caller), origin->phone->conf.extension);
    else
        caller_number(message, true, invite->caller);
    url_number(message->sip_request->rq_url, invite->called);
    (void)text_copy(invite->call_id, sizeof(invite->call_id),
                    message->sip_call_id ? message->sip_call_id->i_id : "");
    if (!origin->phone && x_call)
        (void)text_copy(invite->x_global_call_id, sizeof(invite->x_global_call_id),
                        log_safe(x_call));
    if (!origin->phone && along && strlen(along) <= SIP_ALONG_SIZE)
        invite->along = along;
}

void invite_arrived(struct sip *sip, const struct event *event)
{
    struct sip_invite invite = {0};
    struct origin origin;
    const char *phrase;
    struct leg *leg;
    int err;

    if (event->status >= 200 || !event->sip || !event->sip->sip_request) {
        nua_handle_destroy(event->nh);
        return;
    }
    metric_add(&sip_invites_in, 1);
    if (refused_while_starting(sip, event) || !identify(sip, event, &origin))
        return;
    err = message_sdp(event->sip, &invite.sdp);
    if (err && err != -ENOENT) {
        int status = sdp_error_status(err, &phrase);

        refuse(sip, event, status, phrase, 0);
        return;
    }
    invite.has_sdp = !err;
    invite.trunk_id = origin.self ? SIP_TRUNK_SELF : origin.trunk ? origin.trunk->conf.id : 0;
    invite.user_id = origin.phone ? origin.phone->conf.user_id : 0;
    leg = leg_take(sip, event->nh, invite.trunk_id, invite.user_id);
    if (!leg) {
        if (sip_refused(sip, SIP_REFUSED_NO_SLOT))
            log_warn("sip", "no_leg", "legs=%u", sip->live);
        refuse(sip, event, 503, "Overloaded", BUSY_RETRY_S);
        return;
    }
    leg->state = LEG_INCOMING;
    leg->offered_late = !invite.has_sdp;
    if (origin.phone)
        nua_set_hparams(event->nh, NUTAG_PROXY(origin.phone->route), TAG_END());
    leg_note_session(sip, leg, event->sip);
    address_contact(sip, event->sip, leg_io(sip, leg)->contact, sizeof(leg_io(sip, leg)->contact));
    fill_invite(event, &origin, &invite);
    (void)text_copy(leg->call_id, sizeof(leg->call_id), invite.call_id);
    invite.leg = leg->handle;
    sip->handlers.on_invite(&invite, sip->arg);
}
