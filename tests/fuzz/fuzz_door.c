/* The door of the SIP port: messages read by sofia through our parser in front, from strangers, a
 * trunk and a phone, before and under a ban. nua is replaced; it knows one call.
 *
 * The input is datagrams with a line "===" between them. The first character of each says where it
 * comes from ('0' trunk, '1' and '2' strangers, '3' IPv6, '4' a stack's own) or, 'T', that so many
 * seconds pass; the rest is the message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <hotlined/text.h>

#include "fake_loop.h"
#include "fuzz.h"
#include "sip/peek.h"
#include "sip/room.h"

#define LIVE_CALL "live@call"

static struct loop *loop;
static struct sip *room;
static bool let_through; /* nua was asked for the call it knows */
static char some_handle[1];

/* --- in place of nua ------------------------------------------------------------------------ */

nua_handle_t *nua_handle_by_call_id(nua_t *nua, const char *call_id)
{
    MUST(nua && call_id[0] && !strpbrk(call_id, "\r\n"));
    let_through = strcmp(call_id, LIVE_CALL) == 0;
    return let_through ? (nua_handle_t *)some_handle : NULL;
}
nua_hmagic_t *nua_handle_magic(nua_handle_t *nh)
{
    MUST(nh == (nua_handle_t *)some_handle);
    return magic_make(KIND_LEG, 1);
}
int nua_handle_unref(nua_handle_t *nh)
{
    MUST(nh == (nua_handle_t *)some_handle);
    return 0;
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

/* --- the room ------------------------------------------------------------------------------- */

static void on_trunk_state(int32_t trunk_id, enum sip_trunk_state state, void *arg)
{
    (void)trunk_id;
    (void)state;
    (void)arg;
}

static void begin(void)
{
    static const struct sip_handlers handlers = {.on_trunk_state = on_trunk_state};
    static const struct sip_trunk_conf trunk = {
        .id = 1, .name = "a", .host = "192.0.2.1", .port = 5060, .enabled = true};
    const struct sip_options options = {.listen = "192.0.2.99:5060",
                                        .realm = "hotlined",
                                        .max_legs = 3,
                                        .session_expires_s = 1800,
                                        .ban_ms = 60 * 1000};

    if (!loop)
        MUST(loop_create(&loop) == 0);
    MUST(sip_create(loop, &options, &handlers, NULL, &room) == 0);
    MUST(sip_set_trunks(room, &trunk, 1) == 0);
}

static void end(void)
{
    room->live = 0;
    sip_destroy(room, 0);
    MUST(fake_loop_armed(loop) == 0);
}

/* --- messages ------------------------------------------------------------------------------- */

static void set_source(su_sockaddr_t *source, char which)
{
    static const char *const hosts[] = {"192.0.2.1", "203.0.113.9", "198.51.100.7"};

    memset(source, 0, sizeof(*source));
    if (which == '3') {
        source->su_sin6.sin6_family = AF_INET6;
        (void)inet_pton(AF_INET6, "2001:db8::1", &source->su_sin6.sin6_addr);
    } else if (which >= '0' && which <= '2') {
        source->su_sin.sin_family = AF_INET;
        (void)inet_pton(AF_INET, hosts[which - '0'], &source->su_sin.sin_addr);
    }
}

/* As sofia's transport does it with a datagram. */
static msg_t *receive(const char *text, size_t size, const su_sockaddr_t *source)
{
    msg_t *message = msg_create(room->door.messages, MSG_DO_EXTRACT_COPY);
    msg_iovec_t pieces[2] = {{0}};

    MUST(message && msg_recv_iovec(message, pieces, 2, size, 1) == 1);
    memcpy(pieces[0].mv_base, text, size);
    *msg_addr(message) = *source;
    msg_recv_commit(message, size, 1);
    (void)msg_extract(message);
    return message;
}

/* What we read ourselves is what sofia reads, where both find something. */
static void compare(const char *text, const sip_t *message)
{
    const char *headers = strchr(text, '\n');
    char call_id[128];

    if (!headers || !message->sip_call_id || message->sip_error ||
        !peek_call_id(headers + 1, call_id, sizeof(call_id)))
        return;
    MUST(strcmp(call_id, message->sip_call_id->i_id) == 0);
}

static void arrive(char which, const char *text)
{
    su_sockaddr_t source;
    const struct sockaddr *address = &source.su_sa;
    struct strangers *strangers = &room->door.strangers;
    struct sip_strangers shown;
    msg_t *message;
    const sip_t *sip;
    bool banned;

    set_source(&source, which);
    banned = strangers_is_banned(strangers, address, loop_now_ms(loop));
    let_through = false;
    message = receive(text, strlen(text), &source);
    sip = sip_object(message);
    MUST(!banned || !sip->sip_request || let_through);
    if (!banned && sip->sip_request && !(sip->sip_flags & MSG_FLG_ERROR))
        compare(text, sip);
    msg_destroy(message);
    set_source(&source, '0');
    MUST(!strangers_is_banned(strangers, address, loop_now_ms(loop)));
    sip_strangers(&shown);
    MUST(shown.banned == strangers->banned && strangers->banned <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *at = text;

    begin();
    room->live = 1; /* the call nua knows */
    for (int i = 0; at && *at && i < 100; i++) {
        char *end_of = strstr(at, "\n===\n");

        if (end_of)
            *end_of = 0;
        if (*at == 'T')
            fake_loop_pass(loop, strtoul(at + 1, NULL, 10) % 4096 * 1000);
        else if (*at && at[1])
            arrive(*at, at + 1);
        at = end_of ? end_of + 5 : NULL;
        loop_run_once(loop, 0);
    }
    end();
    free(text);
    return 0;
}
