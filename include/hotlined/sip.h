/* SIP: trunks, desk phones and dialogs on sofia-sip's nua, media off.
 *
 * The room knows dialogs ("legs") and trunks; it knows no calls, queues or centers. It tells the
 * upper room what happened through handlers, always on the control thread, and does what it is
 * told. One leg is one INVITE dialog. The story of an incoming leg:
 *
 *     on_invite -> (sip_leg_progress) -> sip_leg_answer -> on_established -> on_reoffer ...
 *               -> on_ended, exactly once, after which the handle means nothing.
 *
 * on_ended comes for every leg that was announced or created, also after our own hang-up. */
#ifndef HOTLINED_SIP_H
#define HOTLINED_SIP_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/sdp.h>
#include <hotlined/slots.h>

struct loop;
struct sip;
struct text;

#define SIP_NUMBER_SIZE 64
#define SIP_URI_SIZE    256
/* In place of a trunk's id: this daemon itself. A call over it comes in again as an INVITE over it;
 * nobody else can make one. */
#define SIP_TRUNK_SELF (-1)
#define SIP_ALONG_SIZE 8192 /* longest header X-Hotlined-Along that is read */
#define SIP_BODY_SIZE  8192 /* longest body that is handed over */

/* --- trunks -------------------------------------------------------------------------------- */

struct sip_trunk_conf {
    int32_t id;
    char name[64];
    char transport[8]; /* udp, tcp, tls */
    char host[128];
    uint16_t port;
    char allowed_ips[256]; /* comma list of addresses or CIDR they send from; "" = host only */
    char username[64], password[128], realm[64]; /* digest we answer to when challenged */
    char in_username[64], in_password[128];      /* digest we demand of them; "" = none */
    int max_channels;                            /* both directions together; 0 = no limit */
    int priority;                                /* lower is tried first for outgoing calls */
    int options_interval_s;                      /* health check; 0 = none */
    bool registers;                              /* we REGISTER there (number behind a provider) */
    bool enabled;
    bool by_name_only; /* leads to a service (bot, another center), not to telephones: see the upper
                          room */
};

enum sip_trunk_state { SIP_TRUNK_UNKNOWN, SIP_TRUNK_UP, SIP_TRUNK_DOWN, SIP_TRUNK_DISABLED };

/* Replaces the whole set. Trunks keep their state and calls when their id stays. Until it was
 * called for the first time, whoever calls or registers is answered 503 with Retry-After, and
 * nobody is a stranger: set the phones in the same turn. */
int sip_set_trunks(struct sip *sip, const struct sip_trunk_conf *trunks, unsigned count);
enum sip_trunk_state sip_trunk_state(const struct sip *sip, int32_t trunk_id);
int sip_trunk_channels(const struct sip *sip, int32_t trunk_id); /* in use now */

/* --- desk phones --------------------------------------------------------------------------- */

struct sip_phone_conf {
    int32_t user_id;
    char extension[32];
    char ha1_md5[33];    /* hex of MD5(extension:realm:password); "" = MD5 not allowed */
    char ha1_sha256[65]; /* hex of SHA-256 of the same (RFC 7616) */
};
/* Replaces the whole set. Registrations stay where extension and password do; on_phone tells of
 * those that end by a new password, not of phones that are no longer there. */
int sip_set_phones(struct sip *sip, const struct sip_phone_conf *phones, unsigned count);
bool sip_phone_is_registered(const struct sip *sip, int32_t user_id);

/* --- legs ---------------------------------------------------------------------------------- */

struct sip_invite {
    handle_t leg;
    int32_t trunk_id;             /* 0 when it came from a registered desk phone; SIP_TRUNK_SELF */
    int32_t user_id;              /* of the desk phone, else 0 */
    char caller[SIP_NUMBER_SIZE]; /* user part of P-Asserted-Identity (trusted trunk) or From; "" =
                                     anonymous */
    char called[SIP_NUMBER_SIZE]; /* user part of the Request-URI */
    char call_id[128];            /* SIP Call-ID, for logs */
    bool has_sdp;                 /* false: our answer carries the offer (RFC 3261 13.2.1) */
    struct sdp_audio sdp;
    char x_global_call_id[40]; /* header X-Hotlined-Call, "" = none; only from trunks */
    const char *along; /* header X-Hotlined-Along as it came, during the callback; NULL = none or
                          longer than SIP_ALONG_SIZE; only from trunks */
};

enum sip_end {
    SIP_END_REMOTE,   /* BYE or CANCEL by the far side */
    SIP_END_LOCAL,    /* we hung up, or refused */
    SIP_END_REFUSED,  /* far side answered our INVITE with 3xx-6xx */
    SIP_END_TIMEOUT,  /* no answer, no ACK, session timer ran out */
    SIP_END_TRANSPORT /* connection or trunk died */
};

struct sip_ended {
    enum sip_end end;
    int status;       /* SIP status that ended it; 200 for BYE, 487 for CANCEL */
    int cause;        /* Q.850, of the Reason header (RFC 3326); 0 = none */
    char reason[128]; /* Reason header or phrase, made safe for logs */
    char told[400];   /* X-Hotlined-Result of their BYE, as it came; "" = none, or longer */
};

/* The far side wants whom it talks with to be somewhere else (RFC 3515). */
struct sip_refer {
    handle_t leg;
    char user[SIP_NUMBER_SIZE]; /* of the SIP address in Refer-To, unescaped UTF-8 */
    char told[400];             /* its X-Hotlined-Result, as it came; "" = none, or longer */
};

/* INFO in a leg, with a body of the type it takes (sip_call_out.takes). */
struct sip_body {
    handle_t leg;
    const char *data; /* during the callback; not zero-terminated */
    size_t length;    /* up to SIP_BODY_SIZE */
};

struct sip_handlers {
    /* A call wants in. Answer with sip_leg_progress/answer/reject, now or later. Numbers that are
     * not ours are the upper room's business: it rejects with 404. Strangers (no trunk, no phone)
     * are refused with 403 inside this room and logged. */
    void (*on_invite)(const struct sip_invite *invite, void *arg);
    /* Outgoing leg: 18x arrived; sdp is NULL without early media. */
    void (*on_progress)(handle_t leg, int status, const struct sdp_audio *sdp, void *arg);
    /* Outgoing leg answered (sdp = their answer), or incoming leg got its ACK (sdp = NULL, or
     * their answer when our 200 carried the offer). Comes again, always with sdp, when a
     * re-INVITE without offer was ACKed with an answer to ours. */
    void (*on_established)(handle_t leg, const struct sdp_audio *sdp, void *arg);
    /* re-INVITE or UPDATE with a changed offer (hold, codec, address); sdp NULL = re-INVITE
     * without offer. Answer at once with sip_leg_reoffer_answer(). */
    void (*on_reoffer)(handle_t leg, const struct sdp_audio *sdp, void *arg);
    void (*on_digit)(handle_t leg, char digit, int duration_ms, void *arg); /* INFO dtmf-relay */
    void (*on_ended)(handle_t leg, const struct sip_ended *ended, void *arg);
    void (*on_trunk_state)(int32_t trunk_id, enum sip_trunk_state state, void *arg);
    void (*on_phone)(int32_t user_id, bool registered, void *arg);
    /* What the other side of a trunk is to be told with a health check, as text of the header
     * X-Hotlined-Status; out stays "" for nothing. And what it told us, during the callback. Both
     * may be NULL. */
    void (*on_tell)(int32_t trunk_id, char *out, size_t size, void *arg);
    void (*on_told)(int32_t trunk_id, const char *text, void *arg);
    /* A request was read so late after it had come; new_call: a trunk's INVITE that would begin a
     * call. 0 lets it in; else it is answered 503 at once, with so many seconds in Retry-After, and
     * nothing more is heard of it. May be NULL: everybody is let in. */
    int (*on_knock)(bool new_call, uint32_t late_us, void *arg);
    /* REFER in an established leg that may, naming a SIP address. Answer at once with
     * sip_leg_refer_answer(). May be NULL: refused with 403. */
    void (*on_refer)(const struct sip_refer *refer, void *arg);
    /* NULL = taken; else what is wrong with it, a constant in ASCII: answered 400 with it, logged
     * and counted here, the call is untouched. Only of legs that take a body. */
    const char *(*on_body)(const struct sip_body *body, void *arg);
};

struct sip_options {
    const char *listen;      /* host:port for UDP and TCP */
    const char *tls_listen;  /* "" = none. sofia-sip 1.12.11 keeps some 80 KB of every connection:
                                only trunks should be able to reach it (firewall) */
    const char *tls_dir;     /* directory with agent.pem and cafile.pem */
    const char *public_host; /* "" = listen address */
    const char *realm;
    int dscp;
    int max_legs;
    int session_expires_s; /* 1800, RFC 4028 */
    int min_session_s;     /* shorter session timers get 422; 0 = 90 (RFC 4028 4) */
    int t1_ms;             /* RFC 3261 17.1.1.1; 0 = 500. Tests take less */
    bool phones_md5_only;  /* RFC 7616's SHA-256 is not offered: phones that choose none then */
    int ban_ms;            /* how long strangers who guess get no answer; 0 = ten minutes */
};

int sip_create(struct loop *loop, const struct sip_options *options,
               const struct sip_handlers *handlers, void *arg, struct sip **ret_sip);
/* Sends BYE/CANCEL for what is left and waits for their end at most timeout_ms (turns the loop). */
void sip_destroy(struct sip *sip, int timeout_ms);

/* sdp text is copied. status 180 without, 183 with sdp. */
int sip_leg_progress(struct sip *sip, handle_t leg, int status, const char *sdp);
int sip_leg_answer(struct sip *sip, handle_t leg, const char *sdp);
/* status 300-699; retry_after_s 0 = none. Says why in a Reason phrase (ASCII). */
int sip_leg_reject(struct sip *sip, handle_t leg, int status, const char *phrase,
                   int retry_after_s);
int sip_leg_reoffer_answer(struct sip *sip, handle_t leg, const char *sdp); /* NULL = 488 */
/* 202: they are notified until sip_leg_refer_done() says what became of it, or the leg is hung up.
 * 400, 403, 488 or 603 refuses, and says why (ASCII, NULL = the usual words). */
int sip_leg_refer_answer(struct sip *sip, handle_t leg, int status, const char *phrase);
int sip_leg_refer_done(struct sip *sip, handle_t leg, int status);
/* BYE, CANCEL or reject, whichever fits the state. Idempotent. cause is a Q.850 number for the
 * Reason header, 16 = normal. */
void sip_leg_hangup(struct sip *sip, handle_t leg, int q850_cause);

struct sip_call_out {
    int32_t trunk_id;   /* 0 = to a registered phone */
    int32_t user_id;    /* of the phone when trunk_id is 0 */
    const char *caller; /* our number shown */
    const char *called;
    const char *sdp;            /* offer */
    const char *global_call_id; /* sent as X-Hotlined-Call; NULL = none */
    const char *headers;        /* more lines "X-Name: value", each ended by CRLF; NULL = none */
    const char *along;          /* value of X-Hotlined-Along; NULL = none */
    int ring_timeout_s;
    bool may_refer; /* it may send REFER: on_refer. Nobody else can, 405 */
    /* Content type of bodies it may send in INFO: on_body. A constant: it is kept. NULL = none, as
     * with everybody else: 415 */
    const char *takes;
};
/* 0 and a leg; -ENOENT phone not registered or trunk unknown; -EAGAIN trunk full or down. */
int sip_leg_call(struct sip *sip, const struct sip_call_out *out, handle_t *ret_leg);

/* Source addresses that get no answer because they guessed passwords and numbers, for pages. */
struct sip_strangers {
    unsigned banned;
    int64_t since_ms; /* wall time since when there is one; 0 = none */
};
void sip_strangers(struct sip_strangers *ret_strangers);

/* Status line for logs and tests. */
unsigned sip_leg_count(const struct sip *sip);

#endif
