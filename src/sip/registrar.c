/* Desk phones: REGISTER with digest, one contact each (the newest), keep-alive, expiry. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sofia-sip/url.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

enum {
    MIN_EXPIRES_S = 60,
    MAX_EXPIRES_S = 3600,
    TICK_MS = 1000,
    PARTS = 10,
    PINGS = 8,
    PING_MS = 30000,
    MAX_MISSED = 2
};

static int by_user(const void *a, const void *b)
{
    int32_t x = ((const struct phone *)a)->conf.user_id,
            y = ((const struct phone *)b)->conf.user_id;

    return x < y ? -1 : x > y;
}

static int by_extension(const void *a, const void *b)
{
    return strcmp((*(struct phone *const *)a)->conf.extension,
                  (*(struct phone *const *)b)->conf.extension);
}

struct phone *phone_find(const struct sip *sip, int32_t user_id)
{
    const struct phone key = {.conf.user_id = user_id};

    return sip->phone_count ? bsearch(&key, sip->phones, sip->phone_count, sizeof(key), by_user)
                            : NULL;
}

struct phone *phone_by_extension(const struct sip *sip, const char *extension)
{
    struct phone sought = {0}, *key = &sought, **found = NULL;

    if (*extension && strlen(extension) < sizeof(sought.conf.extension) && sip->phone_count) {
        (void)text_copy(sought.conf.extension, sizeof(sought.conf.extension), extension);
        found = bsearch(&key, sip->phones_by_extension, sip->phone_count,
                        sizeof(*sip->phones_by_extension), by_extension);
    }
    return found ? *found : NULL;
}

bool sip_phone_is_registered(const struct sip *sip, int32_t user_id)
{
    const struct phone *phone = phone_find(sip, user_id);

    return phone && phone->registered;
}

bool phone_is_at(const struct sip *sip, const struct sockaddr *source)
{
    for (unsigned i = 0; i < sip->phone_count; i++)
        if (sip->phones[i].registered &&
            address_equal((const struct sockaddr *)&sip->phones[i].source, source))
            return true;
    return false;
}

static void drop_ping(struct phone *phone)
{
    if (phone->ping) {
        nua_handle_bind(phone->ping, NULL);
        nua_handle_destroy(phone->ping);
    }
    phone->ping = NULL;
}

static void set_registered(struct sip *sip, struct phone *phone, bool registered, const char *why)
{
    if (!registered)
        drop_ping(phone);
    if (phone->registered == registered)
        return;
    log_info("sip", "phone", "extension=%s user=%d registered=%s why=%s route=%s",
             log_safe(phone->conf.extension), phone->conf.user_id, registered ? "yes" : "no", why,
             phone->route);
    phone->registered = registered;
    phone->news = true;
    sip->phone_news++;
    room_flush_later(sip);
}

void phones_flush(struct sip *sip)
{
    if (!sip->phone_news)
        return;
    sip->phone_news = 0;
    for (unsigned i = 0; i < sip->phone_count; i++) {
        struct phone *phone = &sip->phones[i];

        if (!phone->news)
            continue;
        phone->news = false;
        sip->handlers.on_phone(phone->conf.user_id, phone->registered, sip->arg);
    }
}

/* --- digest -------------------------------------------------------------------------------- */

static void challenge(struct sip *sip, const struct event *event, const char *md5,
                      const char *sha256, bool stale)
{
    uint64_t now = loop_now_ms(sip->loop);
    char strong[320], weak[320];

    digest_challenge(&sip->digest, DIGEST_SHA256, sip->realm, stale, now, strong, sizeof(strong));
    digest_challenge(&sip->digest, DIGEST_MD5, sip->realm, stale, now, weak, sizeof(weak));
    nua_respond(
        event->nh, SIP_401_UNAUTHORIZED, NUTAG_WITH_THIS(sip->nua),
        TAG_IF(*sha256 && !sip->options.phones_md5_only, SIPTAG_WWW_AUTHENTICATE_STR(strong)),
        TAG_IF(*md5, SIPTAG_WWW_AUTHENTICATE_STR(weak)), TAG_END());
    nua_handle_destroy(event->nh);
}

/* A request may carry credentials for several realms. */
static void read_authorization(const struct sip *sip, const sip_t *message,
                               struct digest_response *response)
{
    memset(response, 0, sizeof(*response));
    for (const sip_authorization_t *auth = message->sip_authorization; auth; auth = auth->au_next) {
        digest_read((const char *const *)auth->au_params, response);
        if (strcmp(response->realm, sip->realm) == 0)
            return;
    }
}

static void refuse_signature(struct sip *sip, const struct event *event, const char *user,
                             const char *why)
{
    struct sockaddr_storage source;
    char address[64];

    (void)source_of(sip, &source);
    door_note(sip, DOOR_WRONG);
    if (sip_refused(sip, SIP_REFUSED_CREDENTIALS))
        log_warn("sip", "auth_failed", "user=%s method=%s source=%s why=%s", log_safe(user),
                 event->sip->sip_request->rq_method_name,
                 address_text((const struct sockaddr *)&source, address, sizeof(address)), why);
    nua_respond(event->nh, SIP_403_FORBIDDEN, NUTAG_WITH_THIS(sip->nua), TAG_END());
    nua_handle_destroy(event->nh);
}

bool request_is_signed(struct sip *sip, const struct event *event, const char *user,
                       const char *ha1_md5, const char *ha1_sha256)
{
    struct digest_response response;
    enum digest_verdict verdict;

    read_authorization(sip, event->sip, &response);
    verdict =
        digest_verify(&sip->digest, &response, sip->realm, event->sip->sip_request->rq_method_name,
                      ha1_md5, ha1_sha256, loop_now_ms(sip->loop));
    if (verdict != DIGEST_MISSING && strcmp(response.username, user) != 0)
        verdict = DIGEST_WRONG;
    switch (verdict) {
    case DIGEST_GOOD:
        door_welcome(sip);
        return true;
    case DIGEST_WRONG:
        refuse_signature(sip, event, user, "wrong_credentials");
        return false;
    case DIGEST_REPLAY:
        if (sip_refused(sip, SIP_REFUSED_REPLAY))
            log_warn("sip", "auth_replay", "user=%s", log_safe(user));
        door_note(sip, DOOR_WRONG);
        challenge(sip, event, ha1_md5, ha1_sha256, true);
        return false;
    case DIGEST_STALE:
        door_note(sip, DOOR_ASKED);
        challenge(sip, event, ha1_md5, ha1_sha256, true);
        return false;
    case DIGEST_MISSING:
        door_note(sip, DOOR_ASKED);
        challenge(sip, event, ha1_md5, ha1_sha256, false);
        return false;
    }
    return false;
}

/* --- REGISTER ------------------------------------------------------------------------------ */

static void respond(struct sip *sip, const struct event *event, int status, const char *phrase)
{
    nua_respond(event->nh, status, phrase, NUTAG_WITH_THIS(sip->nua),
                TAG_IF(status == 423, SIPTAG_MIN_EXPIRES_STR("60")), TAG_END());
    nua_handle_destroy(event->nh);
}

static void respond_binding(struct sip *sip, const struct event *event, const struct phone *phone)
{
    char contact[SIP_URI_SIZE + 32];
    uint64_t now = loop_now_ms(sip->loop);
    unsigned left =
        phone->expires_ms > now ? (unsigned)((phone->expires_ms - now + 999) / 1000) : 0;

    snprintf(contact, sizeof(contact), "<%s>;expires=%u", phone->contact, left);
    nua_respond(event->nh, SIP_200_OK, NUTAG_WITH_THIS(sip->nua),
                TAG_IF(phone->registered, SIPTAG_CONTACT_STR(contact)), TAG_END());
    nua_handle_destroy(event->nh);
}

/* Seconds this contact asks for: its own parameter, else Expires, else the longest. -1 broken. */
static int64_t asked_expires(const sip_t *message, const sip_contact_t *contact)
{
    int64_t seconds = MAX_EXPIRES_S;

    if (contact->m_expires) {
        if (text_to_int(contact->m_expires, 0, UINT32_MAX, &seconds))
            return -1;
    } else if (message->sip_expires) {
        seconds = (int64_t)message->sip_expires->ex_delta;
    }
    return seconds;
}

/* The last contact that is to stay: the newest wins. NULL when all are to go. */
static const sip_contact_t *wanted_contact(const sip_t *message, int64_t *ret_seconds)
{
    const sip_contact_t *wanted = NULL;

    for (const sip_contact_t *contact = message->sip_contact; contact; contact = contact->m_next) {
        int64_t seconds = asked_expires(message, contact);

        if (contact->m_url->url_type == url_any || seconds == 0)
            continue;
        wanted = contact;
        *ret_seconds = seconds;
    }
    return wanted;
}

static int bind_contact(struct sip *sip, struct phone *phone, const sip_t *message,
                        const sip_contact_t *contact, int64_t seconds)
{
    struct sockaddr_storage source;
    char uri[SIP_URI_SIZE];
    issize_t length = url_e(uri, sizeof(uri), contact->m_url);

    if (seconds < 0 || length <= 0 || (size_t)length >= sizeof(uri) || !source_of(sip, &source) ||
        (contact->m_url->url_type != url_sip && contact->m_url->url_type != url_sips))
        return 400;
    if (seconds < MIN_EXPIRES_S)
        return 423;
    if (seconds > MAX_EXPIRES_S)
        seconds = MAX_EXPIRES_S;
    (void)text_copy(phone->contact, sizeof(phone->contact), uri);
    address_route(message, (const struct sockaddr *)&source, phone->route, sizeof(phone->route));
    phone->source = source;
    phone->expires_ms = loop_now_ms(sip->loop) + (uint64_t)seconds * 1000;
    phone->missed = 0;
    if (!phone->registered)
        phone->ping_ms = loop_now_ms(sip->loop) + (uint64_t)sip->phone_check_ms;
    return 200;
}

/* An older REGISTER that was overtaken by a newer one of the same phone (RFC 3261 10.3 step 7). */
static bool is_overtaken(struct phone *phone, const sip_t *message)
{
    const char *call_id = message->sip_call_id ? message->sip_call_id->i_id : "";
    uint32_t cseq = message->sip_cseq ? message->sip_cseq->cs_seq : 0;

    if (phone->registered && strcmp(phone->call_id, call_id) == 0 && cseq <= phone->cseq)
        return true;
    (void)text_copy(phone->call_id, sizeof(phone->call_id), call_id);
    phone->cseq = cseq;
    return false;
}

static void apply_register(struct sip *sip, struct phone *phone, const struct event *event)
{
    const sip_contact_t *contact;
    int64_t seconds = 0;
    int status = 200;

    if (!event->sip->sip_contact) { /* only asks */
        respond_binding(sip, event, phone);
        return;
    }
    if (is_overtaken(phone, event->sip)) {
        respond(sip, event, 400, "Out Of Order");
        return;
    }
    contact = wanted_contact(event->sip, &seconds);
    if (contact)
        status = bind_contact(sip, phone, event->sip, contact, seconds);
    if (status != 200) {
        respond(sip, event, status, status == 423 ? "Interval Too Brief" : "Bad Contact");
        return;
    }
    set_registered(sip, phone, contact != NULL, contact ? "register" : "unregister");
    respond_binding(sip, event, phone);
    if (!sip->phone_check.armed)
        loop_timer_start(&sip->phone_check, TICK_MS);
}

void register_arrived(struct sip *sip, const struct event *event)
{
    const sip_t *message = event->sip;
    const char *user = message && message->sip_to ? message->sip_to->a_url->url_user : NULL;
    struct phone *phone = user ? phone_by_extension(sip, user) : NULL;

    if (event->status >= 200 || !message || !message->sip_request) {
        nua_handle_destroy(event->nh);
        return;
    }
    if (refused_while_starting(sip, event))
        return;
    if (!phone) { /* challenged and refused like a wrong password: scanners learn nothing */
        if (request_is_signed(sip, event, user ? user : "", "-", "-"))
            refuse_signature(sip, event, user ? user : "", "unknown_extension");
        return;
    }
    if (request_is_signed(sip, event, phone->conf.extension, phone->conf.ha1_md5,
                          phone->conf.ha1_sha256))
        apply_register(sip, phone, event);
}

/* --- keep-alive and expiry ----------------------------------------------------------------- */

static void ping(struct sip *sip, struct phone *phone)
{
    char from[SIP_URI_SIZE];

    drop_ping(phone);
    snprintf(from, sizeof(from), "<sip:%s>", sip->contact_host);
    phone->ping_ms = loop_now_ms(sip->loop) + (uint64_t)sip->phone_check_ms;
    phone->ping = nua_handle(sip->nua, magic_make(KIND_PHONE_PING, (uint32_t)phone->conf.user_id),
                             NUTAG_URL(phone->contact), SIPTAG_TO_STR(phone->contact),
                             SIPTAG_FROM_STR(from), TAG_END());
    if (!phone->ping)
        return;
    nua_options(phone->ping, NUTAG_PROXY(phone->route), TAG_END());
}

void phone_ping_event(struct sip *sip, int32_t user_id, const struct event *event)
{
    struct phone *phone = phone_find(sip, user_id);

    if (!phone || phone->ping != event->nh || event->kind != nua_r_options || event->status < 200)
        return;
    drop_ping(phone);
    if (is_from_wire(sip, event)) {
        phone->missed = 0;
        return;
    }
    if (++phone->missed >= MAX_MISSED)
        set_registered(sip, phone, false, "no_answer");
}

static void look_at(struct sip *sip, struct phone *phone, unsigned *pings)
{
    uint64_t now = loop_now_ms(sip->loop);

    if (now >= phone->expires_ms) {
        set_registered(sip, phone, false, "expired");
    } else if (now >= phone->ping_ms && !phone->ping && *pings > 0) {
        ping(sip, phone);
        (*pings)--;
    }
}

/* A part of the phones each time, all of them once a second. Phones that registered together, after
 * a restart for instance, must not be asked in one turn of the loop, nor ever again together: those
 * that find no ping left come a second later. */
static void tick(void *arg)
{
    struct sip *sip = arg;
    unsigned part = (sip->phone_count + PARTS - 1) / PARTS, pings = PINGS + sip->phone_count / 100;

    for (unsigned i = 0; i < part; i++) {
        struct phone *phone = &sip->phones[(sip->phone_next + i) % sip->phone_count];

        if (phone->registered)
            look_at(sip, phone, &pings);
        sip->phones_seen = sip->phones_seen || phone->registered;
    }
    sip->phone_next += part;
    if (sip->phone_next >= sip->phone_count) { /* a round is over */
        sip->phone_next = 0;
        if (!sip->phones_seen)
            return;
        sip->phones_seen = false;
    }
    loop_timer_start(&sip->phone_check, TICK_MS / PARTS);
}

/* --- the set ------------------------------------------------------------------------------- */

static bool same_password(const struct sip_phone_conf *a, const struct sip_phone_conf *b)
{
    return strcmp(a->ha1_md5, b->ha1_md5) == 0 && strcmp(a->ha1_sha256, b->ha1_sha256) == 0;
}

/* Who registered with an old password has to prove the new one; a phone no longer listed is no
 * longer registered, which the upper room asks for itself. */
int sip_set_phones(struct sip *sip, const struct sip_phone_conf *phones, unsigned count)
{
    struct phone *fresh = calloc(count ? count : 1, sizeof(*fresh));
    struct phone **index = calloc(count ? count : 1, sizeof(struct phone *));

    if (!fresh || !index) {
        free(fresh);
        free(index);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
        struct phone *old = phone_find(sip, phones[i].user_id);

        if (old && strcmp(old->conf.extension, phones[i].extension) == 0) {
            fresh[i] = *old;
            old->ping = NULL; /* moved */
        }
        if (fresh[i].registered && !same_password(&fresh[i].conf, &phones[i]))
            set_registered(sip, &fresh[i], false, "new_password");
        fresh[i].conf = phones[i];
    }
    for (unsigned i = 0; i < sip->phone_count; i++)
        drop_ping(&sip->phones[i]);
    qsort(fresh, count, sizeof(*fresh), by_user);
    for (unsigned i = 0; i < count; i++)
        index[i] = &fresh[i];
    qsort(index, count, sizeof(struct phone *), by_extension);
    free(sip->phones);
    free(sip->phones_by_extension);
    sip->phones = fresh;
    sip->phones_by_extension = index;
    sip->phone_count = count;
    return 0;
}

void registrar_init(struct sip *sip)
{
    sip->phone_check_ms = PING_MS;
    loop_timer_init(&sip->phone_check, sip->loop, tick, sip);
}

void registrar_done(struct sip *sip)
{
    loop_timer_done(&sip->phone_check);
    for (unsigned i = 0; i < sip->phone_count; i++)
        drop_ping(&sip->phones[i]);
    free(sip->phones);
    free(sip->phones_by_extension);
    sip->phones = NULL;
    sip->phones_by_extension = NULL;
    sip->phone_count = 0;
}
