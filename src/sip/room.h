/* What the files of the SIP room share. Only they include sofia's headers (and base/sdp.c).
 *
 *   root.c      sofia's event root nested in our loop
 *   sip.c       the room itself: nua, its settings, start and stop
 *   event.c     every nua event comes in here and goes to one of the nouns below
 *   leg.c       INVITE dialogs: what we do to them
 *   dialog.c    INVITE dialogs: what the far side does to them
 *   refer.c     REFER in a dialog
 *   multipart.c bodies of several parts
 *   invite.c    who is calling: trunk, desk phone, stranger
 *   self.c      calls of the daemon to itself
 *   trunk.c     trunks: set, health, registration, channels
 *   registrar.c desk phones: REGISTER, contacts, keep-alive
 *   digest.c    challenges we make (RFC 7616)
 *   door.c      requests before sofia works on them: who is banned, what is malformed
 *   peek.c      the Call-ID of a request nobody has parsed yet
 *   knock.c     how late requests are read; new calls refused before sofia works on them
 *   connections.c  TCP connections that sofia forgets, or too many
 *   address.c   source addresses, lists of networks
 *   cause.c     SIP status <-> Q.850 cause
 */
#ifndef HOTLINED_SIP_ROOM_H
#define HOTLINED_SIP_ROOM_H

#include <netinet/in.h>

#define NUA_MAGIC_T struct sip
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nua.h>
#include <sofia-sip/nua_tag.h>
#include <sofia-sip/sip_extra.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport_tag.h>

#include <hotlined/log_limit.h>
#include <hotlined/loop.h>
#include <hotlined/metrics.h>
#include <hotlined/sip.h>

#include "sip/digest.h"
#include "sip/door.h"
#include "sip/knock.h"

enum { SIP_MAX_TRUNKS = 64, SIP_SDP_SIZE = 4096 };

/* --- legs ---------------------------------------------------------------------------------- */

enum leg_state {
    LEG_INCOMING, /* announced by on_invite, no final answer yet */
    LEG_ANSWERED, /* our 200 is out, its ACK is not in */
    LEG_CALLING,  /* our INVITE is out */
    LEG_UP,
    LEG_LEAVING /* over for the upper room; SIP still says goodbye */
};

/* Plain data: can be written to a ledger. What must be made anew after a restart is in leg_io. */
struct leg {
    handle_t handle;
    enum leg_state state;
    bool outgoing;
    bool answered;    /* their 200 came to our INVITE */
    int32_t trunk_id; /* 0 = desk phone */
    int32_t user_id;  /* of the desk phone, else 0 */
    char call_id[128];
    bool offered_late;     /* our 200 carried the offer: the answer comes in the ACK */
    bool reoffer_waiting;  /* a re-INVITE or UPDATE waits for sip_leg_reoffer_answer() */
    bool reoffer_late;     /* that re-INVITE had no offer, ours went out in its 200 */
    bool bye_after_ack;    /* hung up between our 200 and its ACK (RFC 3261 15) */
    bool has_early;        /* early holds the answer of a 18x */
    bool refreshes_itself; /* far side takes no UPDATE: we refresh by re-INVITE */
    bool referring;        /* their REFER waits for an answer, or was accepted and is not done */
    char refer_event[32];  /* the subscription it made, RFC 3515 2.4.6 */
    uint8_t challenged;    /* how often they asked for credentials in a row */
    bool end_known;        /* ended is filled: the first reason counts */
    bool told;             /* on_ended was given, the handle means nothing any more */
    handle_t next_news;    /* list of those whose end is still to be told, see legs_flush() */
    int session_s;         /* agreed session interval, RFC 4028; 0 = none */
    struct sip_ended ended;
    struct sdp_audio early;
};

struct leg_io {
    struct sip *sip;
    handle_t handle;         /* whose; for the timer */
    nua_handle_t *nh;        /* owned; NULL when the dialog is gone */
    struct loop_timer timer; /* ringing limit, later session refresh */
    char *local_sdp;         /* owned; our last description, sent again by a refresh */
    char contact[256];       /* ours, "" = as the stack chooses: see address_contact() */
    const char *takes;       /* type of bodies for the upper room in their INFO; NULL = none */
    msg_t *reoffer;          /* referenced; the request that waits for sip_leg_reoffer_answer() */
};

/* --- trunks -------------------------------------------------------------------------------- */

struct trunk {
    struct sip *sip;
    struct sip_trunk_conf conf;
    bool used;
    enum sip_trunk_state state;
    bool news;           /* state is still to be told by trunks_flush() */
    int channels;        /* legs not yet ended */
    bool options_failed; /* last health check */
    bool options_good;
    bool register_failed;
    bool register_good;
    bool options_waiting;                            /* sent and not yet answered */
    uint8_t options_challenged, register_challenged; /* in a row */
    char ha1[2][DIGEST_HEX_SIZE];    /* of in_username, in_password; per enum digest_algorithm */
    struct sockaddr_storage learned; /* where answers came from when host is a name */
    nua_handle_t *options;           /* owned, NULL between checks */
    nua_handle_t *registration;      /* owned */
    struct loop_timer check;         /* next health check or its time limit */
    struct loop_timer retry;         /* next REGISTER after a failure */
};

/* --- desk phones --------------------------------------------------------------------------- */

struct phone {
    struct sip_phone_conf conf;
    bool registered;
    bool news;           /* registered is still to be told by phones_flush() */
    uint64_t expires_ms; /* loop time */
    char contact[SIP_URI_SIZE];
    char route[128];                /* where REGISTER really came from: sip:ip:port;transport= */
    struct sockaddr_storage source; /* the same as an address */
    char call_id[128];
    uint32_t cseq;
    uint64_t ping_ms;   /* loop time of the next keep-alive */
    int missed;         /* keep-alives without answer in a row */
    nua_handle_t *ping; /* owned, NULL between keep-alives */
};

/* --- the room ------------------------------------------------------------------------------ */

/* Why a request of somebody was refused; each has a metric and a bound on its log lines. */
enum sip_refusal {
    SIP_REFUSED_STARTING,
    SIP_REFUSED_NO_SOURCE,
    SIP_REFUSED_NO_TRUNK,
    SIP_REFUSED_NOT_REGISTERED,
    SIP_REFUSED_CREDENTIALS,
    SIP_REFUSED_REPLAY,
    SIP_REFUSED_TRUNK_FULL,
    SIP_REFUSED_NO_SLOT,
    SIP_REFUSED_MALFORMED,
    SIP_REFUSED_BODY, /* in INFO, for the upper room */
    SIP_REFUSAL_COUNT
};

/* How we call ourselves and know it. */
struct self {
    char address[80]; /* host:port where we listen */
    char word[33];
};

struct sip {
    struct loop *loop;
    struct sip_handlers handlers;
    void *arg;
    struct sip_options options; /* texts point into the arrays below */
    char contact_host[160];     /* host[:port] we show to others */
    char listen_host[160];      /* where others reach us; "" = at any address of this machine */
    char realm[64];
    char tls_dir[256];

    struct root *root;
    nua_t *nua;
    bool shut;        /* nua said that its shutdown is complete */
    bool knows_peers; /* trunks were set once: before, nobody is a stranger */

    struct slots legs;
    struct leg_io *io;              /* one per slot */
    unsigned live;                  /* legs the upper room knows */
    handle_t first_news, last_news; /* legs whose end is still to be told */
    bool flush_due;                 /* a deferred flush is on its way */

    struct trunk *trunks;               /* SIP_MAX_TRUNKS */
    struct phone *phones;               /* owned; by user id */
    struct phone **phones_by_extension; /* owned */
    unsigned phone_count;
    unsigned phone_news;           /* phones with news */
    struct loop_timer phone_check; /* expiry and keep-alive */
    unsigned phone_next;           /* to be looked at */
    bool phones_seen;              /* a registered one in this round */
    int phone_check_ms;            /* between two keep-alives */
    struct digest digest;
    struct door door;
    struct knock knock;
    struct self self;
    uint16_t port, tls_port; /* where we listen; 0 = not */
    int connections;         /* at the last look */
    struct loop_timer look;  /* next look at them */
    struct log_limit refusals[SIP_REFUSAL_COUNT];
};

/* What a nua handle is for travels in its magic: kind in the upper half, number in the lower. */
enum handle_kind { KIND_NONE, KIND_LEG, KIND_TRUNK_CHECK, KIND_TRUNK_REGISTER, KIND_PHONE_PING };
_Static_assert(sizeof(void *) == 8, "a handle's magic holds two 32-bit numbers");
static inline void *magic_make(enum handle_kind kind, uint32_t number)
{
    return (void *)((uintptr_t)kind << 32 | number);
}
static inline enum handle_kind magic_kind(const void *magic)
{
    return (enum handle_kind)((uintptr_t)magic >> 32);
}
static inline uint32_t magic_number(const void *magic)
{
    return (uint32_t)(uintptr_t)magic;
}

/* One nua event as the nouns see it. */
struct event {
    nua_event_t kind;
    int status;
    const char *phrase;
    nua_handle_t *nh;
    const sip_t *sip; /* may be NULL */
    tagi_t *tags;
};

/* root.c */
struct root;
int root_create(struct loop *loop, struct root **ret_root);
void root_destroy(struct root *root);
su_root_t *root_su(struct root *root);
int root_fd(const struct root *root); /* of sofia's epoll: what it watches */

/* sip.c: what happened inside a function of ours is told in the next turn. */
void room_flush_later(struct sip *sip);

/* event.c */
void event_arrived(nua_event_t kind, int status, const char *phrase, nua_t *nua, struct sip *sip,
                   nua_handle_t *nh, nua_hmagic_t *magic, const sip_t *message, tagi_t *tags);

/* leg.c */
struct leg *leg_find(const struct sip *sip, handle_t handle); /* also one that was told */
struct leg_io *leg_io(struct sip *sip, const struct leg *leg);
struct leg *leg_take(struct sip *sip, nua_handle_t *nh, int32_t trunk_id, int32_t user_id);
void leg_note_end(struct leg *leg, enum sip_end end, int status, const char *reason);
void leg_over(struct sip *sip, struct leg *leg); /* tell, then keep only for the goodbye */
void leg_gone(struct sip *sip, struct leg *leg); /* SIP is done with it, too */
void leg_start_refresh(struct sip *sip, struct leg *leg);
void leg_bye(struct sip *sip, struct leg *leg, const char *reason);
void legs_flush(struct sip *sip);

/* dialog.c */
void leg_event(struct sip *sip, struct leg *leg, const struct event *event);
/* A BYE from whom we call and who has not answered (RFC 3261 15 forbids it). Sofia never frees the
 * INVITE of a dialog that ends so, which is why it must not see it. True: it is one, and the call
 * is over. */
bool leg_ends_unanswered(struct sip *sip, const sip_t *bye);
void leg_note_session(struct sip *sip, struct leg *leg, const sip_t *message);
/* Finds the description in a message. 0; -ENOENT no body; -EPROTOTYPE a body of another kind;
 * else what sdp_audio_parse() says. */
int message_sdp(const sip_t *message, struct sdp_audio *ret_audio);
int sdp_error_status(int error, const char **ret_phrase);

/* refer.c */
void refer_arrived(struct sip *sip, struct leg *leg, const struct event *event);

/* multipart.c: the description in a multipart body. -EPROTOTYPE when there is none in it. */
int multipart_sdp(const sip_content_type_t *type, const char *body, size_t length,
                  struct sdp_audio *ret_audio);

/* invite.c */
void invite_arrived(struct sip *sip, const struct event *event);
/* The value of a header that sofia does not know; NULL = none. */
const char *unknown_header(const sip_t *message, const char *name);
/* Who calls or registers before trunks and phones are known hears 503 and may come again in a
 * moment: true when it did. */
bool refused_while_starting(struct sip *sip, const struct event *event);

/* self.c */
int self_init(struct sip *sip);
void self_uri(const struct sip *sip, const char *user, char *out, size_t size);
/* The header line that proves a request to be ours. */
void self_header(const struct sip *sip, char *out, size_t size);
bool self_sent(const struct sip *sip, const sip_t *request);

/* trunk.c */
int trunks_init(struct sip *sip);
void trunks_flush(struct sip *sip);
void trunks_done(struct sip *sip);
struct trunk *trunk_find(const struct sip *sip, int32_t id);
struct trunk *trunk_of_source(const struct sip *sip, const struct sockaddr *source);
bool trunk_is_full(const struct trunk *trunk);
/* An OPTIONS of the other side came. */
void trunk_checked_us(struct sip *sip, const struct event *event);
void trunk_check_event(struct sip *sip, int32_t id, const struct event *event);
void trunk_register_event(struct sip *sip, int32_t id, const struct event *event);
/* Answers a 401/407 with the trunk's credentials; false when there are none or they were wrong. */
bool trunk_authenticate(const struct trunk *trunk, const struct event *event, uint8_t *tries);
void trunk_uri(const struct trunk *trunk, const char *user, char *out, size_t size);

/* registrar.c */
void registrar_init(struct sip *sip);
void phones_flush(struct sip *sip);
void registrar_done(struct sip *sip);
void register_arrived(struct sip *sip, const struct event *event);
struct phone *phone_find(const struct sip *sip, int32_t user_id);
struct phone *phone_by_extension(const struct sip *sip, const char *extension);
/* Is one registered from this address? */
bool phone_is_at(const struct sip *sip, const struct sockaddr *source);
void phone_ping_event(struct sip *sip, int32_t user_id, const struct event *event);
/* Is the request signed by this user? If not, a challenge or refusal was sent and the handle
 * destroyed. */
bool request_is_signed(struct sip *sip, const struct event *event, const char *user,
                       const char *ha1_md5, const char *ha1_sha256);

/* connections.c */
void connections_init(struct sip *sip);
void connections_done(struct sip *sip);

/* address.c */
bool source_of(const struct sip *sip, struct sockaddr_storage *ret_source);
/* False for answers the stack made up itself: no answer (408), no connection (503). */
bool is_from_wire(const struct sip *sip, const struct event *event);
const char *address_text(const struct sockaddr *address, char *out, size_t size);
bool address_in_list(const struct sockaddr *address, const char *list);
bool address_equal(const struct sockaddr *a, const struct sockaddr *b);
/* Where we are to be reached from now on by who sent the current request: over the transport it
 * came by. Beside TLS the stack would name that listener to any far side whose address says no
 * transport (a record-routing proxy's over UDP), and its ACK would go there. "" without TLS. */
void address_contact(const struct sip *sip, const sip_t *message, char *out, size_t size);
/* The address a request came from as a route back to it. */
void address_route(const sip_t *message, const struct sockaddr *source, char *out, size_t size);

/* invite.c: a header the stack does not know; NULL = none. */
const char *unknown_header(const sip_t *message, const char *name);

/* cause.c */
int cause_to_status(int q850_cause);
const char *status_phrase(int status);

/* counters, defined in sip.c */
extern struct metric sip_invites_in, sip_invites_out, sip_bad_sdp, sip_refused_methods;
/* Counts it; true when its log line may be written. */
bool sip_refused(struct sip *sip, enum sip_refusal why);

#endif
