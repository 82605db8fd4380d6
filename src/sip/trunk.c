/* Trunks: the set of them, whether they live, what they carry. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

enum {
    STATUS_SIZE = 6000,
    CHECK_LIMIT_MS = 8000,
    REGISTER_RETRY_MS = 30000,
    REGISTER_EXPIRES_S = 600,
    MAX_TRIES = 1
};

static void check_now(void *arg);
static void register_now(void *arg);

/* --- finding ------------------------------------------------------------------------------- */

struct trunk *trunk_find(const struct sip *sip, int32_t id)
{
    for (unsigned i = 0; i < SIP_MAX_TRUNKS; i++)
        if (sip->trunks[i].used && sip->trunks[i].conf.id == id)
            return &sip->trunks[i];
    return NULL;
}

static bool comes_from(const struct trunk *trunk, const struct sockaddr *source)
{
    if (trunk->conf.allowed_ips[0])
        return address_in_list(source, trunk->conf.allowed_ips);
    return address_in_list(source, trunk->conf.host) ||
           address_equal(source, (const struct sockaddr *)&trunk->learned);
}

static bool same_port(const struct trunk *trunk, const struct sockaddr *source)
{
    uint16_t port = source->sa_family == AF_INET6
                        ? ((const struct sockaddr_in6 *)(const void *)source)->sin6_port
                        : ((const struct sockaddr_in *)(const void *)source)->sin_port;

    return ntohs(port) == trunk->conf.port;
}

/* Several trunks may share an address (one provider, several numbers): the one with the source's
 * port is meant, else the one with the lowest priority figure. */
struct trunk *trunk_of_source(const struct sip *sip, const struct sockaddr *source)
{
    struct trunk *best = NULL;

    for (unsigned i = 0; i < SIP_MAX_TRUNKS; i++) {
        struct trunk *trunk = &sip->trunks[i];

        if (!trunk->used || !trunk->conf.enabled || !comes_from(trunk, source))
            continue;
        if (same_port(trunk, source))
            return trunk;
        if (!best || trunk->conf.priority < best->conf.priority)
            best = trunk;
    }
    return best;
}

bool trunk_is_full(const struct trunk *trunk)
{
    return trunk->conf.max_channels > 0 && trunk->channels >= trunk->conf.max_channels;
}

void trunk_uri(const struct trunk *trunk, const char *user, char *out, size_t size)
{
    const struct sip_trunk_conf *conf = &trunk->conf;
    bool six = strchr(conf->host, ':') && conf->host[0] != '[';

    snprintf(out, size, "sip:%s%s%s%s%s:%u;transport=%s", user, *user ? "@" : "", six ? "[" : "",
             conf->host, six ? "]" : "", conf->port ? conf->port : 5060,
             conf->transport[0] ? conf->transport : "udp");
}

/* --- state --------------------------------------------------------------------------------- */

static const char *const state_names[] = {"unknown", "up", "down", "disabled"};

static enum sip_trunk_state judge(const struct trunk *trunk)
{
    if (!trunk->conf.enabled)
        return SIP_TRUNK_DISABLED;
    if (trunk->options_failed || trunk->register_failed)
        return SIP_TRUNK_DOWN;
    if (trunk->conf.options_interval_s > 0 && !trunk->options_good)
        return SIP_TRUNK_UNKNOWN;
    if (trunk->conf.registers && !trunk->register_good)
        return SIP_TRUNK_UNKNOWN;
    return trunk->conf.options_interval_s > 0 || trunk->conf.registers ? SIP_TRUNK_UP
                                                                       : SIP_TRUNK_UNKNOWN;
}

static void update_state(struct trunk *trunk, const char *why)
{
    enum sip_trunk_state state = judge(trunk);

    if (state == trunk->state)
        return;
    log_line(state == SIP_TRUNK_DOWN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "sip", "trunk_state",
             "trunk=%d name=%s state=%s was=%s why=%s", trunk->conf.id, log_safe(trunk->conf.name),
             state_names[state], state_names[trunk->state], why);
    trunk->state = state;
    trunk->news = true;
    room_flush_later(trunk->sip);
}

void trunks_flush(struct sip *sip)
{
    for (unsigned i = 0; i < SIP_MAX_TRUNKS; i++) {
        struct trunk *trunk = &sip->trunks[i];

        if (!trunk->news)
            continue;
        trunk->news = false;
        sip->handlers.on_trunk_state(trunk->conf.id, trunk->state, sip->arg);
    }
}

enum sip_trunk_state sip_trunk_state(const struct sip *sip, int32_t trunk_id)
{
    const struct trunk *trunk = trunk_find(sip, trunk_id);

    return trunk ? trunk->state : SIP_TRUNK_DISABLED;
}

int sip_trunk_channels(const struct sip *sip, int32_t trunk_id)
{
    const struct trunk *trunk = trunk_find(sip, trunk_id);

    return trunk ? trunk->channels : 0;
}

/* --- credentials --------------------------------------------------------------------------- */

static const char *challenge_realm(const sip_t *message, char out[128])
{
    const msg_auth_t *auth = message->sip_www_authenticate ? message->sip_www_authenticate
                                                           : message->sip_proxy_authenticate;
    struct digest_response fields;

    if (!auth)
        return NULL;
    digest_read((const char *const *)auth->au_params, &fields);
    (void)text_copy(out, 128, fields.realm);
    return out;
}

/* Sofia takes scheme:"realm":user:password and cuts at every colon: a user or password with one
 * would be sent wrong again and again, until the provider locks us out. */
static bool can_be_told(const struct trunk *trunk, const char *realm)
{
    const struct sip_trunk_conf *conf = &trunk->conf;

    if (!strpbrk(realm, "\"\\\r\n") && !strpbrk(conf->username, "\":\\\r\n") &&
        !strpbrk(conf->password, "\":\\\r\n"))
        return true;
    log_error("sip", "credentials_unusable",
              "trunk=%d remedy=ask_for_a_password_without_colon_quote_and_backslash", conf->id);
    return false;
}

/* A nonce that became stale is answered by nua itself: a second challenge means that our
 * credentials are wrong. */
bool trunk_authenticate(const struct trunk *trunk, const struct event *event, uint8_t *tries)
{
    const struct sip_trunk_conf *conf = &trunk->conf;
    char realm[128], auth[512];

    if ((event->status != 401 && event->status != 407) || !event->sip || !conf->username[0] ||
        ++*tries > MAX_TRIES || !challenge_realm(event->sip, realm) || !can_be_told(trunk, realm))
        return false;
    if (conf->realm[0] && strcmp(conf->realm, realm) != 0) {
        log_warn("sip", "realm_unknown", "trunk=%d realm=%s", conf->id, log_safe(realm));
        return false;
    }
    snprintf(auth, sizeof(auth), "Digest:\"%s\":%s:%s", realm, conf->username, conf->password);
    nua_authenticate(event->nh, NUTAG_AUTH(auth), TAG_END());
    return true;
}

/* --- health by OPTIONS --------------------------------------------------------------------- */

static void drop_handle(nua_handle_t **handle)
{
    if (*handle) {
        nua_handle_bind(*handle, NULL);
        nua_handle_destroy(*handle);
    }
    *handle = NULL;
}

static unsigned interval_ms(const struct trunk *trunk)
{
    return (unsigned)trunk->conf.options_interval_s * 1000u;
}

static void check_failed(struct trunk *trunk, const char *why)
{
    trunk->options_waiting = false;
    trunk->options_failed = true;
    trunk->options_good = false;
    drop_handle(&trunk->options);
    loop_timer_start(&trunk->check, interval_ms(trunk));
    update_state(trunk, why);
}

static void send_check(struct trunk *trunk)
{
    struct sip *sip = trunk->sip;
    char status[STATUS_SIZE] = "", header[STATUS_SIZE + 32] = "";

    if (sip->handlers.on_tell)
        sip->handlers.on_tell(trunk->conf.id, status, sizeof(status), sip->arg);
    if (status[0])
        snprintf(header, sizeof(header), "X-Hotlined-Status: %s", status);
    nua_options(trunk->options, TAG_IF(*header, SIPTAG_HEADER_STR(header)), TAG_END());
}

/* Theirs; nua has answered it already. */
void trunk_checked_us(struct sip *sip, const struct event *event)
{
    struct sockaddr_storage source;
    const struct trunk *trunk =
        source_of(sip, &source) ? trunk_of_source(sip, (const struct sockaddr *)&source) : NULL;
    const char *status = event->sip ? unknown_header(event->sip, "X-Hotlined-Status") : NULL;

    if (trunk && status && strlen(status) < STATUS_SIZE && sip->handlers.on_told)
        sip->handlers.on_told(trunk->conf.id, status, sip->arg);
}

static void check_now(void *arg)
{
    struct trunk *trunk = arg;
    char uri[SIP_URI_SIZE], from[SIP_URI_SIZE];
    unsigned limit = interval_ms(trunk) < CHECK_LIMIT_MS ? interval_ms(trunk) : CHECK_LIMIT_MS;

    if (trunk->options_waiting) {
        check_failed(trunk, "no_answer");
        return;
    }
    drop_handle(&trunk->options);
    trunk_uri(trunk, "", uri, sizeof(uri));
    snprintf(from, sizeof(from), "<sip:%s>", trunk->sip->contact_host);
    trunk->options =
        nua_handle(trunk->sip->nua, magic_make(KIND_TRUNK_CHECK, (uint32_t)trunk->conf.id),
                   NUTAG_URL(uri), SIPTAG_TO_STR(uri), SIPTAG_FROM_STR(from), TAG_END());
    if (!trunk->options) {
        check_failed(trunk, "no_memory");
        return;
    }
    trunk->options_challenged = 0;
    trunk->options_waiting = true;
    send_check(trunk);
    loop_timer_start(&trunk->check, limit);
}

/* A host given by name is known by where it answers from. */
static void learn_address(struct trunk *trunk)
{
    struct sockaddr_storage source;
    struct in6_addr literal;

    if (inet_pton(AF_INET, trunk->conf.host, &literal) == 1 ||
        inet_pton(AF_INET6, trunk->conf.host, &literal) == 1)
        return;
    if (source_of(trunk->sip, &source)) {
        trunk->learned = source;
        door_look_again(trunk->sip);
    }
}

void trunk_check_event(struct sip *sip, int32_t id, const struct event *event)
{
    struct trunk *trunk = trunk_find(sip, id);

    if (!trunk || trunk->options != event->nh || event->kind != nua_r_options ||
        event->status < 200)
        return;
    if (trunk_authenticate(trunk, event, &trunk->options_challenged))
        return;
    /* Any answer by the far side itself shows that it lives; 503 says it does not want calls. */
    if (!is_from_wire(sip, event) || event->status == 408 || event->status == 503) {
        check_failed(trunk, is_from_wire(sip, event) ? "refused" : "unreachable");
        return;
    }
    learn_address(trunk);
    trunk->options_waiting = false;
    trunk->options_failed = false;
    trunk->options_good = true;
    drop_handle(&trunk->options);
    loop_timer_start(&trunk->check, interval_ms(trunk));
    update_state(trunk, "options");
}

/* --- REGISTER ------------------------------------------------------------------------------ */

static void register_now(void *arg)
{
    struct trunk *trunk = arg;
    char registrar[SIP_URI_SIZE], address[SIP_URI_SIZE], expires[12];

    drop_handle(&trunk->registration);
    trunk_uri(trunk, "", registrar, sizeof(registrar));
    trunk_uri(trunk, trunk->conf.username, address, sizeof(address));
    snprintf(expires, sizeof(expires), "%d", REGISTER_EXPIRES_S);
    trunk->registration = nua_handle(
        trunk->sip->nua, magic_make(KIND_TRUNK_REGISTER, (uint32_t)trunk->conf.id), TAG_END());
    if (!trunk->registration) {
        loop_timer_start(&trunk->retry, REGISTER_RETRY_MS);
        return;
    }
    trunk->register_challenged = 0;
    nua_register(trunk->registration, NUTAG_REGISTRAR(registrar), SIPTAG_FROM_STR(address),
                 SIPTAG_TO_STR(address), SIPTAG_EXPIRES_STR(expires),
                 NUTAG_M_USERNAME(trunk->conf.username), NUTAG_OUTBOUND("no-outbound no-validate"),
                 TAG_END());
}

void trunk_register_event(struct sip *sip, int32_t id, const struct event *event)
{
    struct trunk *trunk = trunk_find(sip, id);

    if (!trunk || trunk->registration != event->nh || event->kind != nua_r_register ||
        event->status < 200)
        return;
    if (trunk_authenticate(trunk, event, &trunk->register_challenged))
        return;
    if (event->status < 300) {
        trunk->register_challenged = 0;
        trunk->register_good = true;
        trunk->register_failed = false;
        learn_address(trunk);
        update_state(trunk, "registered");
        return;
    }
    log_warn("sip", "register_failed", "trunk=%d status=%d phrase=%s", trunk->conf.id,
             event->status, log_safe(event->phrase));
    trunk->register_good = false;
    trunk->register_failed = true;
    drop_handle(&trunk->registration);
    loop_timer_start(&trunk->retry, REGISTER_RETRY_MS);
    update_state(trunk, "register");
}

/* --- the set ------------------------------------------------------------------------------- */

static bool same_peer(const struct sip_trunk_conf *a, const struct sip_trunk_conf *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0 &&
           strcmp(a->transport, b->transport) == 0 && strcmp(a->username, b->username) == 0 &&
           strcmp(a->password, b->password) == 0 && a->registers == b->registers &&
           a->enabled == b->enabled && a->options_interval_s == b->options_interval_s;
}

static void stop_watching(struct trunk *trunk)
{
    loop_timer_stop(&trunk->check);
    loop_timer_stop(&trunk->retry);
    drop_handle(&trunk->options);
    if (trunk->registration && trunk->register_good)
        nua_unregister(trunk->registration, TAG_END());
    drop_handle(&trunk->registration);
    trunk->options_waiting = trunk->options_failed = trunk->options_good = false;
    trunk->register_failed = trunk->register_good = false;
    memset(&trunk->learned, 0, sizeof(trunk->learned));
}

static void start_watching(struct trunk *trunk)
{
    if (!trunk->conf.enabled)
        return;
    if (trunk->conf.options_interval_s > 0)
        loop_timer_start(&trunk->check, 0);
    if (trunk->conf.registers)
        loop_timer_start(&trunk->retry, 0);
}

static void apply(struct trunk *trunk, const struct sip_trunk_conf *conf)
{
    bool watched = trunk->used && same_peer(&trunk->conf, conf);

    if (trunk->used && !watched)
        stop_watching(trunk);
    trunk->conf = *conf;
    trunk->used = true;
    digest_ha1(DIGEST_MD5, conf->in_username, trunk->sip->realm, conf->in_password,
               trunk->ha1[DIGEST_MD5]);
    digest_ha1(DIGEST_SHA256, conf->in_username, trunk->sip->realm, conf->in_password,
               trunk->ha1[DIGEST_SHA256]);
    if (!watched)
        start_watching(trunk);
    update_state(trunk, "settings");
}

static struct trunk *free_trunk(struct sip *sip)
{
    for (unsigned i = 0; i < SIP_MAX_TRUNKS; i++)
        if (!sip->trunks[i].used)
            return &sip->trunks[i];
    return NULL;
}

static bool is_listed(int32_t id, const struct sip_trunk_conf *trunks, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (trunks[i].id == id)
            return true;
    return false;
}

static void remove_trunk(struct trunk *trunk)
{
    stop_watching(trunk);
    trunk->used = trunk->news = false;
    trunk->state = SIP_TRUNK_UNKNOWN;
    trunk->channels = 0;
    memset(&trunk->conf, 0, sizeof(trunk->conf));
}

int sip_set_trunks(struct sip *sip, const struct sip_trunk_conf *trunks, unsigned count)
{
    if (count > SIP_MAX_TRUNKS)
        return -ENOSPC;
    for (unsigned i = 0; i < SIP_MAX_TRUNKS; i++)
        if (sip->trunks[i].used && !is_listed(sip->trunks[i].conf.id, trunks, count))
            remove_trunk(&sip->trunks[i]);
    for (unsigned i = 0; i < count; i++) {
        struct trunk *trunk = trunk_find(sip, trunks[i].id);

        apply(trunk ? trunk : free_trunk(sip), &trunks[i]);
    }
    sip->knows_peers = true;
    door_look_again(sip);
    return 0;
}

int trunks_init(struct sip *sip)
{
    sip->trunks = calloc(SIP_MAX_TRUNKS, sizeof(*sip->trunks));
    if (!sip->trunks)
        return -ENOMEM;
    for (unsigned i = 0; i < SIP_MAX_TRUNKS; i++) {
        sip->trunks[i].sip = sip;
        loop_timer_init(&sip->trunks[i].check, sip->loop, check_now, &sip->trunks[i]);
        loop_timer_init(&sip->trunks[i].retry, sip->loop, register_now, &sip->trunks[i]);
    }
    return 0;
}

void trunks_done(struct sip *sip)
{
    for (unsigned i = 0; sip->trunks && i < SIP_MAX_TRUNKS; i++) {
        stop_watching(&sip->trunks[i]);
        loop_timer_done(&sip->trunks[i].check);
        loop_timer_done(&sip->trunks[i].retry);
    }
    free(sip->trunks);
    sip->trunks = NULL;
}
