/* The SIP room itself: nua, its settings, start and stop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sofia-sip/su_log.h>

#include <hotlined/config.h>
#include <hotlined/log.h>
#include <hotlined/text.h>

#include "sip/room.h"

enum {
    DEFAULT_SESSION_S = 1800,
    DEFAULT_MIN_SESSION_S = 90,
    DEFAULT_T1_MS = 500,
    SHUTDOWN_MS = 1000,
    /* Requests this long still go by UDP: a trunk that speaks UDP must not be surprised by TCP
     * because of a long description (RFC 3261 18.1.1 would switch at 1,300 bytes). */
    UDP_LIMIT = 65535,
    /* Some seconds of a busy hour: what comes while the thread does not run must wait, not be lost
     * and sent again after T1. The kernel gives at most net.core.rmem_max. */
    RECEIVE_BUFFER = 4 * 1024 * 1024,
    MAX_MESSAGE = 64 * 1024
};

#define COUNTER(object, text, meaning)                                                             \
    struct metric object = {.name = text, .help = meaning, .kind = METRIC_COUNTER}
COUNTER(sip_invites_in, "hotlined_sip_invites_in_total", "INVITEs that began a dialog with us");
COUNTER(sip_invites_out, "hotlined_sip_invites_out_total", "INVITEs we sent to begin a dialog");
COUNTER(sip_bad_sdp, "hotlined_sip_bad_sdp_total", "Session descriptions we could not use");
COUNTER(sip_refused_methods, "hotlined_sip_refused_methods_total", "Requests we do not serve");

#define REFUSED(reason)                                                                            \
    {                                                                                              \
        .name = "hotlined_sip_refused_total", .labels = "reason=\"" reason "\"",                   \
        .help = "Requests and calls refused before a service saw them", .kind = METRIC_COUNTER     \
    }
static struct {
    const char *event, *why;
    struct metric metric;
} refusals[SIP_REFUSAL_COUNT] = {
    [SIP_REFUSED_STARTING] = {"not_ready", "starting", REFUSED("starting")},
    [SIP_REFUSED_NO_SOURCE] = {"stranger", "no_source", REFUSED("no_source")},
    [SIP_REFUSED_NO_TRUNK] = {"stranger", "no_trunk", REFUSED("no_trunk")},
    [SIP_REFUSED_NOT_REGISTERED] = {"stranger", "phone_not_registered",
                                    REFUSED("phone_not_registered")},
    [SIP_REFUSED_CREDENTIALS] = {"auth_failed", "wrong_credentials", REFUSED("wrong_credentials")},
    [SIP_REFUSED_REPLAY] = {"auth_replay", "replayed_credentials", REFUSED("replayed_credentials")},
    [SIP_REFUSED_TRUNK_FULL] = {"trunk_full", "trunk_full", REFUSED("trunk_full")},
    [SIP_REFUSED_NO_SLOT] = {"no_leg", "no_slot", REFUSED("no_slot")},
    [SIP_REFUSED_MALFORMED] = {"malformed", "malformed", REFUSED("malformed")},
    [SIP_REFUSED_BODY] = {"bad_body", "bad_body", REFUSED("bad_body")},
};

static void register_counters(void)
{
    static struct metric *const all[] = {&sip_invites_in, &sip_invites_out, &sip_bad_sdp,
                                         &sip_refused_methods};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        metric_register(all[i]);
    for (size_t i = 0; i < SIP_REFUSAL_COUNT; i++)
        metric_register(&refusals[i].metric);
}

static void refusals_init(struct sip *sip)
{
    for (size_t i = 0; i < SIP_REFUSAL_COUNT; i++)
        log_limit_init(&sip->refusals[i], sip->loop, "sip", refusals[i].event, refusals[i].why);
}

bool sip_refused(struct sip *sip, enum sip_refusal why)
{
    metric_add(&refusals[why].metric, 1);
    return log_limit_take(&sip->refusals[why]);
}

/* --- telling what happened ----------------------------------------------------------------- */

static void flush(void *arg)
{
    struct sip *sip = arg;

    sip->flush_due = false;
    legs_flush(sip);
    trunks_flush(sip);
    phones_flush(sip);
}

void room_flush_later(struct sip *sip)
{
    if (sip->flush_due)
        return;
    sip->flush_due = true;
    loop_defer(sip->loop, flush, sip);
}

/* --- start --------------------------------------------------------------------------------- */

static void sofia_log(void *stream, const char *format, va_list ap)
{
    char line[400];

    (void)stream;
    vsnprintf(line, sizeof(line), format, ap);
    log_debug("sip", "sofia", "text=%s", log_safe(line));
}

static bool is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* "sip:host:port"; behind NAT the public host is shown and maddr says where to listen. */
static int listener_url(const char *scheme, const char *listen, const char *public_host, char *out,
                        size_t size, uint16_t *ret_port)
{
    char host[64], shown[160];
    uint16_t port;
    bool six;

    if (config_split_address(listen, host, &port))
        return -EINVAL;
    *ret_port = port;
    six = strchr(host, ':') != NULL;
    snprintf(shown, sizeof(shown), six ? "[%s]" : "%s", host);
    if (public_host && *public_host && strcmp(public_host, host) != 0)
        snprintf(out, size, "%s:%s:%u;maddr=%s", scheme, public_host, port, shown);
    else
        snprintf(out, size, "%s:%s:%u", scheme, is_any(host) ? "*" : shown, port);
    return 0;
}

static void choose_contact_host(struct sip *sip)
{
    const struct sip_options *options = &sip->options;
    char host[64];
    uint16_t port;

    if (options->public_host && *options->public_host)
        (void)text_copy(sip->listen_host, sizeof(sip->listen_host), options->public_host);
    else if (!config_split_address(options->listen, host, &port) && !is_any(host))
        (void)text_copy(sip->listen_host, sizeof(sip->listen_host), host);
    if (!sip->listen_host[0])
        (void)text_copy(sip->contact_host, sizeof(sip->contact_host), sip->realm);
    else
        snprintf(sip->contact_host, sizeof(sip->contact_host),
                 strchr(sip->listen_host, ':') ? "[%s]" : "%s", sip->listen_host);
}

static int start_nua(struct sip *sip)
{
    const struct sip_options *o = &sip->options;
    unsigned t1 = o->t1_ms > 0 ? (unsigned)o->t1_ms : DEFAULT_T1_MS;
    unsigned min_session =
        o->min_session_s > 0 ? (unsigned)o->min_session_s : DEFAULT_MIN_SESSION_S;
    bool tls = o->tls_listen && *o->tls_listen;
    char url[400], tls_url[400];

    if (listener_url("sip", o->listen, o->public_host, url, sizeof(url), &sip->port) ||
        (tls && listener_url("sips", o->tls_listen, o->public_host, tls_url, sizeof(tls_url),
                             &sip->tls_port)))
        return -EINVAL;
    sip->nua = nua_create(
        root_su(sip->root), event_arrived, sip, NUTAG_URL(url),
        TAG_IF(tls, NUTAG_SIPS_URL(tls_url)), TAG_IF(tls, NUTAG_CERTIFICATE_DIR(sip->tls_dir)),
        /* A trunk proves itself by a certificate of a CA in cafile.pem, before it hears numbers. */
        TAG_IF(tls, TPTAG_TLS_VERIFY_POLICY(TPTLS_VERIFY_OUT)), TPTAG_TOS(o->dscp << 2),
        NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOALERT(0), NUTAG_AUTOANSWER(0),
        SIPTAG_ALLOW_STR("INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, REGISTER"),
        NUTAG_APPL_METHOD("INVITE, REGISTER, UPDATE, INFO"), SIPTAG_SUPPORTED_STR("timer"),
        SIPTAG_USER_AGENT_STR("hotlined"), NUTAG_EARLY_MEDIA(0), NUTAG_AUTO302(0), NUTAG_AUTO305(0),
        NUTAG_MAX_RETRY_AFTER(0), NUTAG_SESSION_TIMER((unsigned)sip->options.session_expires_s),
        NUTAG_MIN_SE(min_session), NUTAG_DETECT_NETWORK_UPDATES(NUA_NW_DETECT_NOTHING),
        NTATAG_SIP_T1(t1), NTATAG_SIP_T1X64(64 * t1), NTATAG_SIP_T2(8 * t1), NTATAG_SIP_T4(10 * t1),
        NTATAG_UDP_MTU(UDP_LIMIT), NTATAG_MAXSIZE(MAX_MESSAGE), NTATAG_MCLASS(sip->door.messages),
        NTATAG_BAD_REQ_MASK((unsigned)DOOR_MINDS), TPTAG_UDP_RMEM(RECEIVE_BUFFER), TAG_END());
    if (sip->nua)
        return 0;
    log_error("sip", "listen", "listen=%s tls_listen=%s reason=cannot_bind_or_bad_certificate",
              o->listen, tls ? o->tls_listen : "none");
    return -EADDRINUSE;
}

static int start(struct sip *sip)
{
    uint32_t slots = (uint32_t)sip->options.max_legs + (uint32_t)sip->options.max_legs / 4 + 16;
    int err;

    /* More slots than legs: those that still say goodbye do not keep new calls out. */
    err = slots_init(&sip->legs, sizeof(struct leg), slots);
    if (err)
        return err;
    sip->io = calloc(slots, sizeof(*sip->io));
    if (!sip->io)
        return -ENOMEM;
    err = digest_init(&sip->digest);
    if (!err)
        err = self_init(sip);
    if (err)
        return err;
    err = trunks_init(sip);
    if (err)
        return err;
    registrar_init(sip);
    connections_init(sip);
    err = door_init(sip);
    if (err)
        return err;
    err = root_create(sip->loop, &sip->root);
    if (!err)
        err = start_nua(sip);
    return err ? err : knock_init(sip);
}

static void stop(struct sip *sip)
{
    root_destroy(sip->root);
    for (size_t i = 0; i < SIP_REFUSAL_COUNT; i++)
        log_limit_done(&sip->refusals[i]);
    trunks_done(sip);
    registrar_done(sip);
    door_done(sip);
    knock_done(sip);
    connections_done(sip);
    digest_done(&sip->digest);
    slots_done(&sip->legs);
    free(sip->io);
    free(sip);
}

int sip_create(struct loop *loop, const struct sip_options *options,
               const struct sip_handlers *handlers, void *arg, struct sip **ret_sip)
{
    struct sip *sip;
    int err;

    if (options->max_legs <= 0 || !options->listen || !options->realm)
        return -EINVAL;
    sip = calloc(1, sizeof(*sip));
    if (!sip)
        return -ENOMEM;
    register_counters();
    su_log_redirect(su_log_default, sofia_log, NULL);
    su_log_set_level(su_log_default, 1);
    sip->loop = loop;
    refusals_init(sip);
    sip->handlers = *handlers;
    sip->arg = arg;
    sip->options = *options;
    if (sip->options.session_expires_s <= 0)
        sip->options.session_expires_s = DEFAULT_SESSION_S;
    (void)text_copy(sip->realm, sizeof(sip->realm), options->realm);
    (void)text_copy(sip->tls_dir, sizeof(sip->tls_dir), options->tls_dir ? options->tls_dir : "");
    choose_contact_host(sip);
    err = start(sip);
    /* The caller's texts need not outlive this call. */
    sip->options.listen = sip->options.tls_listen = sip->options.public_host = NULL;
    sip->options.tls_dir = sip->tls_dir;
    sip->options.realm = sip->realm;
    if (err)
        stop(sip);
    else
        *ret_sip = sip;
    return err;
}

/* --- stop ---------------------------------------------------------------------------------- */

static void hang_up_all(struct sip *sip)
{
    handle_t handle;

    for (struct leg *leg = NULL; (leg = slots_next(&sip->legs, leg, &handle));)
        sip_leg_hangup(sip, handle, 16);
}

static void abandon_all(struct sip *sip)
{
    handle_t handle;

    for (struct leg *leg = NULL; (leg = slots_next(&sip->legs, leg, &handle));) {
        log_warn("sip", "leg_abandoned", "leg=%u call_id=%s", handle, log_safe(leg->call_id));
        leg_gone(sip, leg);
    }
    legs_flush(sip);
}

static void turn_until(struct sip *sip, bool (*done)(const struct sip *sip), int limit_ms)
{
    uint64_t end = loop_now_ms(sip->loop) + (uint64_t)(limit_ms > 0 ? limit_ms : 0);

    while (!done(sip) && loop_now_ms(sip->loop) < end)
        loop_run_once(sip->loop, 20);
}

static bool is_empty(const struct sip *sip)
{
    return sip->legs.count == 0;
}

static bool is_shut(const struct sip *sip)
{
    return sip->shut && !sip->flush_due;
}

void sip_destroy(struct sip *sip, int timeout_ms)
{
    if (!sip)
        return;
    hang_up_all(sip);
    turn_until(sip, is_empty, timeout_ms);
    abandon_all(sip);
    (void)sip_set_trunks(sip, NULL, 0);
    (void)sip_set_phones(sip, NULL, 0);
    nua_shutdown(sip->nua);
    turn_until(sip, is_shut, SHUTDOWN_MS);
    if (!sip->shut) {
        /* nua_destroy() would only complain; the process is ending anyway. */
        log_warn("sip", "shutdown", "reason=nua_not_finished");
        return;
    }
    nua_destroy(sip->nua);
    stop(sip);
}
