/* SIP messages as sofia hands them to us: whose they are, numbers, REGISTER with digest, what
 * happens in a dialog. sofia reads the messages, nua is replaced by functions that do nothing.
 *
 * The input is messages with a line "===" between them. The number of CSeq chooses where a request
 * comes from (trunk, stranger, phone, IPv6). A request with a tag in To is for the newest leg. The
 * method DIAL makes us call the user of To, TIME lets so many seconds pass, END ends the newest leg
 * in one of the ways nua knows or by ourselves. "@GOOD@" stands for right credentials of phone
 * 8001. A first message STARTING comes before trunks and phones are known; after the next one they
 * are. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <hotlined/text.h>

#include "fake_loop.h"
#include "fuzz.h"
#include "sip/room.h"

#define PASSWORD "geheim"
#define REALM    "hotlined"
#define STARTING "STARTING\n"

static struct loop *loop;
static msg_t *current;
static handle_t newest;
static struct sip *room;
static char credentials[600];
static char some_handle[1]; /* what nua would give: nobody looks into it */
static const char answer_sdp[] =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP "
    "8\r\n";

/* --- in place of nua ------------------------------------------------------------------------ */

msg_t *nua_current_request(nua_t const *nua)
{
    (void)nua;
    return current;
}
nua_handle_t *nua_handle(nua_t *nua, nua_hmagic_t *magic, tag_type_t tag, tag_value_t value, ...)
{
    (void)nua;
    (void)magic;
    (void)tag;
    (void)value;
    return (nua_handle_t *)some_handle;
}
void nua_handle_bind(nua_handle_t *nh, nua_hmagic_t *magic)
{
    MUST(nh != NULL);
    (void)magic;
}
void nua_handle_destroy(nua_handle_t *nh)
{
    MUST(nh != NULL);
}

#define NOTHING(name)                                                                              \
    void name(nua_handle_t *nh, tag_type_t tag, tag_value_t value, ...)                            \
    {                                                                                              \
        MUST(nh != NULL);                                                                          \
        (void)tag;                                                                                 \
        (void)value;                                                                               \
    }
NOTHING(nua_invite)
NOTHING(nua_bye)
NOTHING(nua_cancel)
NOTHING(nua_options)
NOTHING(nua_notify)
NOTHING(nua_register)
NOTHING(nua_unregister)
NOTHING(nua_authenticate)
NOTHING(nua_set_hparams)

void nua_respond(nua_handle_t *nh, int status, char const *phrase, tag_type_t tag,
                 tag_value_t value, ...)
{
    MUST(nh != NULL && status >= 100 && status < 700 && phrase && phrase[0]);
    (void)tag;
    (void)value;
}

nua_t *nua_create(su_root_t *root, nua_callback_f callback, nua_magic_t *magic, tag_type_t tag,
                  tag_value_t value, ...)
{
    (void)root;
    (void)callback;
    (void)magic;
    (void)tag;
    (void)value;
    return (nua_t *)some_handle;
}
void nua_shutdown(nua_t *nua)
{
    event_arrived(nua_r_shutdown, 200, "Shut", nua, room, NULL, NULL, NULL, NULL);
}
void nua_destroy(nua_t *nua)
{
    MUST(nua != NULL);
}
#include "fake_root.h"

/* --- the upper room ------------------------------------------------------------------------- */

/* What becomes of a number: a key of the number plan, a log field, a part of a URI. */
static void check_number(const char *number)
{
    MUST(strnlen(number, SIP_NUMBER_SIZE) < SIP_NUMBER_SIZE);
    for (const char *c = number; *c; c++)
        MUST(*c > ' ' && *c < 127 && *c != ';');
}

static void check_audio(const struct sdp_audio *sdp)
{
    MUST(!sdp || (sdp->pcma || sdp->pcmu));
}

static void on_invite(const struct sip_invite *invite, void *arg)
{
    (void)arg;
    check_number(invite->caller);
    check_number(invite->called);
    MUST(invite->trunk_id || invite->user_id);
    MUST(text_is_utf8(invite->x_global_call_id, strlen(invite->x_global_call_id)));
    check_audio(invite->has_sdp ? &invite->sdp : NULL);
    newest = invite->leg;
    if (strcmp(invite->called, "404") == 0)
        MUST(sip_leg_reject(room, invite->leg, 404, "Not Found", 0) == 0);
    else if (strcmp(invite->called, "180") == 0)
        MUST(sip_leg_progress(room, invite->leg, 183, answer_sdp) == 0);
    else
        MUST(sip_leg_answer(room, invite->leg, answer_sdp) == 0);
}
static void on_progress(handle_t leg, int status, const struct sdp_audio *sdp, void *arg)
{
    (void)arg;
    MUST(leg && status > 100 && status < 200);
    check_audio(sdp);
}
static void on_established(handle_t leg, const struct sdp_audio *sdp, void *arg)
{
    (void)arg;
    MUST(leg != 0);
    check_audio(sdp);
}
static void on_reoffer(handle_t leg, const struct sdp_audio *sdp, void *arg)
{
    (void)arg;
    check_audio(sdp);
    if (!sdp || sdp->port != 1) /* to port 1 nobody answers */
        MUST(sip_leg_reoffer_answer(room, leg, sdp && sdp->port == 0 ? NULL : answer_sdp) == 0);
}
static void on_digit(handle_t leg, char digit, int duration_ms, void *arg)
{
    (void)arg;
    MUST(leg && digit && strchr("0123456789*#ABCD", digit) && duration_ms > 0);
}
static void on_ended(handle_t leg, const struct sip_ended *ended, void *arg)
{
    (void)arg;
    MUST(leg && strnlen(ended->reason, sizeof(ended->reason)) < sizeof(ended->reason));
    MUST(strcspn(ended->reason, "\r\n \"=") == strlen(ended->reason));
    if (leg == newest)
        newest = 0;
}
static void on_trunk_state(int32_t trunk_id, enum sip_trunk_state state, void *arg)
{
    (void)arg;
    (void)state;
    MUST(trunk_id == 1 || trunk_id == 2);
}
static void on_phone(int32_t user_id, bool registered, void *arg)
{
    (void)arg;
    MUST(user_id == 7 || user_id == 8);
    MUST(sip_phone_is_registered(room, user_id) == registered);
}

/* --- the room ------------------------------------------------------------------------------- */

static void introduce(void)
{
    static const struct sip_trunk_conf trunks[] = {
        {.id = 1, .name = "a", .host = "192.0.2.1", .port = 5060, .enabled = true},
        {.id = 2,
         .name = "b",
         .host = "2001:db8::1",
         .port = 5060,
         .allowed_ips = "2001:db8::/32, 198.51.100.7",
         .in_username = "trunk",
         .in_password = PASSWORD,
         .max_channels = 1,
         .enabled = true}};
    struct sip_phone_conf phones[2] = {{.user_id = 7, .extension = "8001"},
                                       {.user_id = 8, .extension = "8002"}};
    char ha1[DIGEST_HEX_SIZE];

    digest_ha1(DIGEST_MD5, "8001", REALM, PASSWORD, ha1);
    (void)text_copy(phones[0].ha1_md5, sizeof(phones[0].ha1_md5), ha1);
    MUST(sip_set_trunks(room, trunks, 2) == 0 && sip_set_phones(room, phones, 2) == 0);
}

static void on_refer(const struct sip_refer *refer, void *arg)
{
    bool obeyed = refer->user[0] == 'q';

    (void)arg;
    MUST(refer->user[0] && text_is_utf8(refer->user, strlen(refer->user)));
    MUST(strnlen(refer->told, sizeof(refer->told)) < sizeof(refer->told));
    MUST(sip_leg_refer_answer(room, refer->leg, obeyed ? 202 : 403, NULL) == 0);
    MUST((sip_leg_refer_done(room, refer->leg, 200) == 0) == obeyed);
}

static void begin(void)
{
    static const struct sip_handlers handlers = {on_invite,      on_progress, on_established,
                                                 on_reoffer,     on_digit,    on_ended,
                                                 on_trunk_state, on_phone,    .on_refer = on_refer};
    const struct sip_options options = {
        .listen = "192.0.2.99:5060", .realm = REALM, .max_legs = 3, .session_expires_s = 1800};

    if (!loop)
        MUST(loop_create(&loop) == 0);
    MUST(sip_create(loop, &options, &handlers, NULL, &room) == 0);
    newest = 0;
}

static void end(void)
{
    sip_destroy(room, 0);
    MUST(fake_loop_armed(loop) == 0);
}

/* --- messages ------------------------------------------------------------------------------- */

static void set_source(msg_t *message, unsigned which)
{
    su_sockaddr_t *source = msg_addr(message);

    memset(source, 0, sizeof(*source));
    if (which & 128) /* made up by the stack: no answer, no connection */
        return;
    if (which % 4 == 3) {
        source->su_sin6.sin6_family = AF_INET6;
        (void)inet_pton(AF_INET6, "2001:db8::1", &source->su_sin6.sin6_addr);
        source->su_sin6.sin6_port = htons(5061);
    } else {
        static const char *const hosts[] = {"192.0.2.1", "203.0.113.9", "192.0.2.50"};
        source->su_sin.sin_family = AF_INET;
        (void)inet_pton(AF_INET, hosts[which % 4], &source->su_sin.sin_addr);
        source->su_sin.sin_port = htons(5060);
    }
}

static nua_event_t kind_of(const sip_t *message)
{
    if (!message->sip_request)
        return nua_r_invite;
    switch (message->sip_request->rq_method) {
    case sip_method_invite:
        return nua_i_invite;
    case sip_method_ack:
        return nua_i_ack;
    case sip_method_bye:
        return nua_i_bye;
    case sip_method_cancel:
        return nua_i_cancel;
    case sip_method_register:
        return nua_i_register;
    case sip_method_info:
        return nua_i_info;
    case sip_method_refer:
        return nua_i_refer;
    case sip_method_update:
        return nua_i_update;
    case sip_method_options:
        return nua_i_options;
    default:
        return nua_i_method;
    }
}

static void dial(const sip_t *message)
{
    const url_t *to = message->sip_to ? message->sip_to->a_url : NULL;
    const url_t *from = message->sip_from ? message->sip_from->a_url : NULL;
    struct sip_call_out out = {.trunk_id = message->sip_cseq->cs_seq % 3,
                               .user_id = 7,
                               .called = to ? to->url_user : NULL,
                               .caller = from ? from->url_user : NULL,
                               .sdp = answer_sdp,
                               .global_call_id =
                                   message->sip_call_id ? message->sip_call_id->i_id : NULL,
                               .ring_timeout_s = 20};

    (void)sip_leg_call(room, &out, &newest);
}

static void end_newest(unsigned how)
{
    const tagi_t terminated[] = {{NUTAG_CALLSTATE(nua_callstate_terminated)}, {TAG_END()}};
    static const nua_event_t kinds[] = {nua_i_state, nua_i_error, nua_r_bye};

    if (how % 4 == 3) {
        sip_leg_hangup(room, newest, 16 + (int)(how >> 2));
        sip_leg_hangup(room, newest, 16);
        return;
    }
    event_arrived(kinds[how % 4], 408, "Timeout", NULL, room, (nua_handle_t *)some_handle,
                  magic_make(KIND_LEG, newest), NULL, (tagi_t *)terminated);
}

/* nua says what came for the handle: a request outside of dialogs, a leg's, a keep-alive's. */
static void tell(const sip_t *message, int status)
{
    bool in_dialog =
        newest && (!message->sip_request || (message->sip_to && message->sip_to->a_tag));
    bool ping = !message->sip_request && message->sip_cseq->cs_seq & 256;
    void *magic = ping        ? magic_make(KIND_PHONE_PING, 7)
                  : in_dialog ? magic_make(KIND_LEG, newest)
                              : NULL;

    event_arrived(ping ? nua_r_options : kind_of(message), status, "Phrase", NULL, room,
                  (nua_handle_t *)some_handle, magic, message, NULL);
}

static bool is_method(const sip_t *message, const char *name)
{
    return message->sip_request && strcmp(message->sip_request->rq_method_name, name) == 0;
}

static void arrive(const char *text, size_t size)
{
    sip_t *message;
    int status;

    current = msg_make(sip_default_mclass(), 0, text, (ssize_t)size);
    message = current ? sip_object(current) : NULL;
    if (message && message->sip_cseq && !(message->sip_flags & MSG_FLG_ERROR) &&
        (message->sip_request || message->sip_status)) {
        set_source(current, message->sip_cseq->cs_seq);
        status = message->sip_status ? message->sip_status->st_status : 100;
        if (is_method(message, "DIAL"))
            dial(message);
        else if (is_method(message, "TIME"))
            fake_loop_pass(loop, message->sip_cseq->cs_seq % 4096 * 1000ull);
        else if (is_method(message, "END"))
            end_newest(message->sip_cseq->cs_seq);
        else if (status >= 100 && status < 700)
            tell(message, status);
    }
    msg_destroy(current);
    current = NULL;
    if (newest) {
        const struct leg *leg = leg_find(room, newest);
        MUST(!leg || (leg->session_s >= 0 && leg->session_s <= 1800));
    }
    loop_run_once(loop, 0);
}

/* Right credentials in the place of "@GOOD@". */
static void make_credentials(const char *message)
{
    struct digest_response r = {.realm = REALM,
                                .uri = "sip:hotlined",
                                .qop = "auth",
                                .nc = "00000001",
                                .cnonce = "c",
                                .username = "8001"};
    char method[32] = "", ha1[DIGEST_HEX_SIZE], response[DIGEST_HEX_SIZE];

    for (size_t i = 0; i < sizeof(method) - 1 && isalpha((unsigned char)message[i]); i++)
        method[i] = message[i];
    digest_nonce(&room->digest, loop_now_ms(loop), r.nonce);
    digest_ha1(DIGEST_MD5, r.username, REALM, PASSWORD, ha1);
    digest_compute(DIGEST_MD5, ha1, method, &r, response);
    snprintf(credentials, sizeof(credentials),
             "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", "
             "algorithm=MD5, qop=auth, nc=%s, cnonce=\"%s\"",
             r.username, r.realm, r.nonce, r.uri, response, r.nc, r.cnonce);
}

static void one_message(const char *message)
{
    const char *good = strstr(message, "@GOOD@");
    const char *place = good ? good : strstr(message, "@LAST@");
    struct text text = {0};

    text_add_bytes(&text, message, place ? (size_t)(place - message) : strlen(message));
    if (good)
        make_credentials(message);
    if (place) {
        text_add(&text, credentials);
        text_add(&text, place + 6);
    }
    MUST(!text.failed);
    arrive(text.data, text.length);
    text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *at = text;

    begin();
    if (!at || strncmp(at, STARTING, strlen(STARTING)) != 0)
        introduce();
    else
        at += strlen(STARTING);
    for (int i = 0; at && i < 12; i++) {
        char *end_of = strstr(at, "\n===\n");

        if (end_of)
            *end_of = 0;
        one_message(at);
        if (!room->knows_peers) {
            MUST(!newest && room->live == 0); /* nobody was let in */
            introduce();
        }
        at = end_of ? end_of + 5 : NULL;
    }
    end();
    free(text);
    return 0;
}
