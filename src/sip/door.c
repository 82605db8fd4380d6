/* The door: requests as they come in, before sofia works on them.
 *
 * Sofia lets the application say how a message is parsed. Our parser stands before that of the
 * request line: a banned source's message is no message there, so it gets no answer, opens no
 * transaction and costs a look-up; a TCP connection is read no further. Only what belongs to a call
 * that is up passes. Behind the last header we see whether the message is good SIP, because sofia
 * answers 400 and 505 by itself and tells nobody.
 *
 * Who pays by points: door.h. Addresses of trunks and of registered phones are never banned,
 * whatever comes from there, nor is anybody before they are known; requests within a dialog and
 * ACKs give no points. An address can be forged over UDP, so a ban is short and ends by itself. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>

#include <hotlined/log.h>

#include "sip/peek.h"
#include "sip/room.h"

enum {
    /* Ten guesses every ten minutes from one address find no password of ours in a hundred years;
     * an employee who made ten mistakes waits no longer than for the administrator to come. */
    BAN_MS = 600 * 1000
};

static struct metric banned = {.name = "hotlined_sip_banned",
                               .help = "Source addresses that get no answer at the moment",
                               .kind = METRIC_GAUGE};
static struct metric bans = {
    .name = "hotlined_sip_bans_total", .help = "Source addresses banned", .kind = METRIC_COUNTER};
static struct metric dropped = {.name = "hotlined_sip_dropped_total",
                                .help = "Requests of banned sources, dropped without an answer",
                                .kind = METRIC_COUNTER};
static struct metric passed = {.name = "hotlined_sip_passed_total",
                               .help = "Requests of banned sources that belong to a call",
                               .kind = METRIC_COUNTER};
static int64_t banned_since_ms; /* wall time; valid while somebody is banned */

/* --- bans ---------------------------------------------------------------------------------- */

bool door_knows(const struct sip *sip, const struct sockaddr *source)
{
    return trunk_of_source(sip, source) || phone_is_at(sip, source);
}

static void show(struct sip *sip)
{
    if (sip->door.strangers.banned && !atomic_load(&banned.value))
        banned_since_ms = loop_wall_ms(sip->loop);
    metric_set(&banned, sip->door.strangers.banned);
}

void sip_strangers(struct sip_strangers *ret_strangers)
{
    ret_strangers->banned = (unsigned)atomic_load(&banned.value);
    ret_strangers->since_ms = ret_strangers->banned ? banned_since_ms : 0;
}

static void end_ban(struct sip *sip, const struct sockaddr *source, const char *why)
{
    char address[64];

    (void)strangers_forgive(&sip->door.strangers, source);
    if (log_limit_take(&sip->door.end_lines))
        log_info("sip", "ban_over", "source=%s why=%s banned=%u",
                 address_text(source, address, sizeof(address)), why, sip->door.strangers.banned);
}

/* Ends what is over, and what should not be any more. */
static void review(struct sip *sip, bool changed)
{
    struct door *door = &sip->door;
    uint64_t now = loop_now_ms(sip->loop), until, next = 0;
    struct sockaddr_in6 six;
    const struct sockaddr *source = (const struct sockaddr *)&six;
    unsigned cursor = 0;

    while (strangers_next_ban(&door->strangers, &cursor, &six, &until)) {
        if (until <= now)
            end_ban(sip, source, "time");
        else if (changed && door_knows(sip, source))
            end_ban(sip, source, "known");
        else if (!next || until < next)
            next = until;
    }
    loop_timer_stop(&door->next_end);
    if (next)
        loop_timer_start(&door->next_end, next - now);
    show(sip);
}

static void on_end(void *arg)
{
    review(arg, false);
}

void door_look_again(struct sip *sip)
{
    if (sip->door.strangers.banned)
        review(sip, true);
}

static void ban(struct sip *sip, const struct sockaddr *source)
{
    struct door *door = &sip->door;
    char address[64];

    strangers_ban(&door->strangers, source, loop_now_ms(sip->loop) + door->ban_ms);
    metric_add(&bans, 1);
    show(sip);
    if (!door->next_end.armed)
        loop_timer_start(&door->next_end, door->ban_ms);
    if (log_limit_take(&door->ban_lines))
        log_warn("sip", "banned", "source=%s for_s=%u banned=%u",
                 address_text(source, address, sizeof(address)), (unsigned)(door->ban_ms / 1000),
                 door->strangers.banned);
}

static void note(struct sip *sip, const struct sockaddr *source, enum door_fault fault)
{
    struct door *door = &sip->door;

    if (!sip->knows_peers) /* it may be a trunk's */
        return;
    if (!strangers_note(&door->strangers, source, fault, loop_now_ms(sip->loop)))
        return;
    if (door_knows(sip, source))
        (void)strangers_forgive(&door->strangers, source);
    else
        ban(sip, source);
}

void door_note(struct sip *sip, enum door_fault fault)
{
    struct sockaddr_storage source;

    if (source_of(sip, &source))
        note(sip, (const struct sockaddr *)&source, fault);
}

bool door_is_closed(const struct sip *sip)
{
    struct sockaddr_storage source;

    return sip->door.strangers.banned && source_of(sip, &source) &&
           strangers_is_banned(&sip->door.strangers, (const struct sockaddr *)&source,
                               loop_now_ms(sip->loop));
}

void door_welcome(struct sip *sip)
{
    struct sockaddr_storage source;

    if (source_of(sip, &source) &&
        strangers_forgive(&sip->door.strangers, (const struct sockaddr *)&source))
        show(sip);
}

/* --- in sofia's parser --------------------------------------------------------------------- */

static struct sip *room_of(const msg_t *message)
{
    const char *door =
        (const char *)msg_mclass(message)->mc_request->hr_class - offsetof(struct door, request);

    return (struct sip *)(uintptr_t)(door - offsetof(struct sip, door));
}

static const struct sockaddr *sender(msg_t *message)
{
    return (const struct sockaddr *)msg_addr(message);
}

static void note_malformed(struct sip *sip, msg_t *message)
{
    char address[64];

    if (sip_refused(sip, SIP_REFUSED_MALFORMED))
        log_warn("sip", "malformed", "source=%s",
                 address_text(sender(message), address, sizeof(address)));
    note(sip, sender(message), DOOR_WRONG);
}

/* Calls that were up before their far side was banned go on and end in the usual way: a lost BYE
 * would leave an agent with a dead call. The other headers are not parsed yet; sofia has ended with
 * a zero what came, and asks in the same way for the dialog of any request. */
static bool is_of_a_call(const struct sip *sip, const msg_common_t *line, const char *end_of_line)
{
    const char *headers = line->h_data ? (const char *)line->h_data + line->h_len : end_of_line + 1;
    char call_id[sizeof(((struct leg *)0)->call_id)];
    nua_handle_t *nh;
    bool found;

    if (!sip->live || !peek_call_id(headers + strspn(headers, "\n"), call_id, sizeof(call_id)))
        return false;
    nh = nua_handle_by_call_id(sip->nua, call_id);
    found = nh && magic_kind(nua_handle_magic(nh)) == KIND_LEG;
    if (nh)
        nua_handle_unref(nh);
    metric_add(&passed, found);
    return found;
}

/* The home of a header being parsed is its message. */
static issize_t parse_request_line(su_home_t *home, msg_header_t *header, char *text,
                                   isize_t length)
{
    msg_t *message = (msg_t *)home;
    struct sip *sip = room_of(message);
    issize_t result;

    if (strangers_is_banned(&sip->door.strangers, sender(message), loop_now_ms(sip->loop)) &&
        !is_of_a_call(sip, header->sh_common, text + length)) {
        metric_add(&dropped, 1);
        return -1;
    }
    header->sh_common->h_class = sip_request_class;
    result = sip_request_class->hc_parse(home, header, text, length);
    if (result < 0)
        note_malformed(sip, message);
    return result;
}

static bool is_scanner(const sip_t *request)
{
    static const char *const names[] = {"friendly-scanner", "friendly-request", "sipvicious",
                                        "sundayddr",        "pplsip",           "sipcli",
                                        "sip-scan"};
    const char *agent = request->sip_user_agent ? request->sip_user_agent->g_string : NULL;

    for (size_t i = 0; agent && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasestr(agent, names[i]))
            return true;
    return false;
}

/* Sofia answers 405 by itself to those that we do not allow. */
static bool is_unserved(const sip_t *request)
{
    switch ((int)request->sip_request->rq_method) {
    case sip_method_invite:
    case sip_method_ack:
    case sip_method_bye:
    case sip_method_cancel:
    case sip_method_options:
    case sip_method_update:
    case sip_method_info:
    case sip_method_register:
    case sip_method_prack:
        return false;
    default:
        return true;
    }
}

static bool is_good(const msg_t *message, const sip_t *request)
{
    return !(msg_extract_errors(message) & DOOR_MINDS) && !(request->sip_flags & MSG_FLG_ERROR) &&
           strcasecmp(request->sip_request->rq_version, "SIP/2.0") == 0 &&
           sip_sanity_check(request) >= 0;
}

static issize_t parse_body(msg_t *message, msg_pub_t *public, char *text, isize_t length,
                           int at_end)
{
    sip_t *request = (sip_t *)public;
    issize_t result = sip_extract_body(message, request, text, length, at_end);
    struct sip *sip = room_of(message);

    if (!request->sip_request ||
        (result >= 0 && !(request->sip_flags & (MSG_FLG_COMPLETE | MSG_FLG_TRUNC))))
        return result;
    if (result < 0 || !is_good(message, request))
        note_malformed(sip, message);
    else if (knock_deals_with(sip, message, request))
        /* A message without a request line is none to sofia: it is forgotten. */
        (void)msg_header_remove(message, public, (msg_header_t *)request->sip_request);
    else if (is_scanner(request))
        note(sip, sender(message), DOOR_SCANNER);
    else if (is_unserved(request) && !request->sip_to->a_tag) {
        metric_add(&sip_refused_methods, 1);
        note(sip, sender(message), DOOR_ASKED);
    }
    return result;
}

/* --- start and stop ------------------------------------------------------------------------ */

static void register_metrics(void)
{
    metric_register(&banned);
    metric_register(&bans);
    metric_register(&dropped);
    metric_register(&passed);
    metric_set(&banned, 0);
}

int door_init(struct sip *sip)
{
    struct door *door = &sip->door;
    int err = strangers_init(&door->strangers, DOOR_LIMIT, DOOR_LEAK_MS);

    register_metrics();
    loop_timer_init(&door->next_end, sip->loop, on_end, sip);
    log_limit_init(&door->ban_lines, sip->loop, "sip", "banned", "flood");
    log_limit_init(&door->end_lines, sip->loop, "sip", "ban_over", "flood");
    door->ban_ms = sip->options.ban_ms > 0 ? (uint64_t)sip->options.ban_ms : BAN_MS;
    door->messages = msg_mclass_clone(sip_default_mclass(), 0, msg_mclass_copy);
    if (err || !door->messages)
        return err ? err : -ENOMEM;
    door->request = *sip_request_class;
    door->request.hc_parse = parse_request_line;
    door->messages->mc_request->hr_class = &door->request;
    door->messages->mc_extract_body = parse_body;
    return 0;
}

void door_done(struct sip *sip)
{
    struct door *door = &sip->door;

    loop_timer_done(&door->next_end);
    log_limit_done(&door->ban_lines);
    log_limit_done(&door->end_lines);
    strangers_done(&door->strangers);
    free(door->messages);
}
