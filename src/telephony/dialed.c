/* Somebody outside is called: the number, the trunk, ringing, early sound. Who asked for it -- an
 * agent's own call (outbound.c), a call that is there (reach.c) -- is told and decides. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/dialing.h>
#include <hotlined/directory.h>
#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/media.h>
#include <hotlined/sdp.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>
#include <hotlined/text.h>

#include "telephony/call.h"
#include "telephony/dialed.h"
#include "telephony/leg.h"
#include "telephony/pools.h"
#include "telephony/room.h"

#define NUMBER_DIGITS 20 /* at most; 3 at least (110, 12366 ...) */

int dialed_tone(struct media_audio **ret_audio)
{
    return media_audio_tone(450, 1000, 4000, ret_audio); /* one second on, four off */
}

/* --- the number ----------------------------------------------------------------------------- */

/* People paste numbers as they find them: (0771) 123-4567, +86 138 7710 0001. */
static bool read_number(const char *text, char out[SIP_NUMBER_SIZE])
{
    size_t length = 0;

    for (const char *c = text; *c; c++) {
        if (strchr(" -()", *c))
            continue;
        if (!strchr("0123456789*#", *c) && !(*c == '+' && length == 0))
            return false;
        if (length >= NUMBER_DIGITS + (out[0] == '+'))
            return false;
        out[length++] = *c;
    }
    out[length] = 0;
    return true;
}

/* As the center's rule has the trunk asked for it; a number that would grow too long goes as it is.
 */
static void form_number(struct telephony *t, const struct dir_center *center, const char *number,
                        char out[DIALING_NUMBER_SIZE])
{
    struct dir_place place;

    directory_place(t->directory, center->id, number, &place);
    if (!dialing_form(&center->dialing, number, center->area_code,
                      strcmp(place.city_code, center->city_code) == 0, out, DIALING_NUMBER_SIZE))
        text_copy(out, DIALING_NUMBER_SIZE, number);
}

/* Our own country's numbers as they are dialed in it, others after 00, services (*123#) as they
 * are. */
static bool write_number(struct telephony *t, int32_t center_id, const char *text,
                         char out[SIP_NUMBER_SIZE])
{
    char typed[SIP_NUMBER_SIZE] = "";
    struct dir_place place;

    if (!read_number(text, typed))
        return false;
    if (typed[0] == '+' && strncmp(typed, "+86", 3) != 0) {
        snprintf(out, SIP_NUMBER_SIZE, "00%.*s", NUMBER_DIGITS, typed + 1);
    } else if (strpbrk(typed, "*#")) {
        text_copy(out, SIP_NUMBER_SIZE, typed);
    } else {
        directory_place(t->directory, center_id, typed, &place);
        text_copy(out, SIP_NUMBER_SIZE, place.number);
    }
    return strlen(out) >= 3;
}

enum telephony_result dialed_number(struct telephony *t, int32_t center_id, const char *text,
                                    char out[SIP_NUMBER_SIZE])
{
    const struct dir_center *center = directory_center(t->directory, center_id);

    if (!write_number(t, center_id, text, out))
        return TELEPHONY_BAD_NUMBER;
    if (center && !dialing_allows(&center->dialing, dialing_range_of(out, center->area_code)))
        return TELEPHONY_NUMBER_REFUSED;
    return TELEPHONY_OK;
}

bool telephony_number(struct telephony *t, int32_t center_id, const char *text,
                      struct telephony_number *ret_number)
{
    const struct dir_center *center = directory_center(t->directory, center_id);
    char number[SIP_NUMBER_SIZE];

    *ret_number = (struct telephony_number){.range = DIALING_RANGES};
    if (!center || !write_number(t, center_id, text, number))
        return false;
    ret_number->range = dialing_range_of(number, center->area_code);
    ret_number->allowed = dialing_allows(&center->dialing, ret_number->range);
    form_number(t, center, number, ret_number->sent);
    text_copy(ret_number->number, sizeof(ret_number->number), number);
    return true;
}

/* --- the trunk ------------------------------------------------------------------------------ */

static bool over_trunk(struct telephony *t, struct leg *leg, struct sip_call_out *out,
                       int32_t trunk_id)
{
    handle_t sip;

    out->trunk_id = trunk_id;
    if (sip_leg_call(t->sip, out, &sip))
        return false; /* full or down: the SIP room has said so */
    leg->dialed.trunk_id = trunk_id;
    call_leg_bind_sip(t, leg, sip);
    log_info("call", "dialed", "call=%s leg=%u trunk=%d called=%s", UUID_TEXT(&leg->call_id),
             leg->handle, trunk_id, log_safe(leg->dialed.number));
    return true;
}

static int call_over_trunks(struct telephony *t, struct leg *leg, const char *sdp)
{
    struct dialed *dialed = &leg->dialed;
    const struct call *call = call_find(t, leg->call);
    const struct dir_center *center = call ? directory_center(t->directory, call->center_id) : NULL;
    char global_id[UUID_TEXT_SIZE], sent[DIALING_NUMBER_SIZE];
    struct sip_call_out out = {.caller = dialed->shown,
                               .called = dialed->number,
                               .sdp = sdp,
                               .headers = dialed->headers,
                               .ring_timeout_s = dialed->ring_s,
                               .may_refer = dialed->may_refer,
                               .takes = dialed->may_tell ? DIALED_TOLD : NULL};
    unsigned count;
    const struct sip_trunk_conf *trunks = directory_trunks(t->directory, &count);
    int err;

    if (center && !dialed->only_trunk) { /* a bot's name or an access code is no number */
        form_number(t, center, dialed->number, sent);
        out.called = sent;
    }
    if (dialed->along)
        out.along = call_beside(t, call_find(t, leg->call))->along_out;
    if (!uuid_is_null(&dialed->global_id))
        out.global_call_id = uuid_text(&dialed->global_id, global_id);
    if (dialed->only_trunk == SIP_TRUNK_SELF)
        return !dialed->tried++ && over_trunk(t, leg, &out, SIP_TRUNK_SELF) ? 0 : -ENOENT;
    while (dialed->tried < count) {
        const struct sip_trunk_conf *trunk = &trunks[dialed->tried++];
        if (!trunk->enabled ||
            (dialed->only_trunk ? dialed->only_trunk != trunk->id : trunk->by_name_only))
            continue;
        err = pools_take_trunk(t, leg, trunk->id, call ? call->center_id : 0);
        if (err == -EDQUOT)
            return err;
        if (!err && over_trunk(t, leg, &out, trunk->id))
            return 0;
        pools_give_trunk(t, leg);
    }
    return -ENOENT;
}

enum telephony_result dialed_result(int err)
{
    return err == -EDQUOT ? TELEPHONY_NO_CHANNEL : TELEPHONY_NO_TRUNK;
}

int dialed_call(struct telephony *t, struct leg *leg)
{
    struct media_rtp_conf conf = {.codec = SDP_PT_PCMA, .telephone_event = 101};
    char sdp[1024];
    handle_t media;
    int err;

    leg->codec = SDP_PT_PCMA;
    leg->telephone_event = 101;
    if (!leg->media) {
        err = media_leg_open(t->media, &conf, &media, &leg->port);
        if (err)
            return err;
        call_leg_bind_media(t, leg, media);
    }
    return call_leg_print_sdp(t, leg, NULL, sdp, sizeof(sdp)) ? call_over_trunks(t, leg, sdp)
                                                              : -ENOSPC;
}

bool dialed_goes_on(struct telephony *t, struct leg *leg, const struct sip_ended *ended)
{
    bool trunk_failed =
        ended->end == SIP_END_TRANSPORT || (ended->end == SIP_END_REFUSED && ended->status >= 500 &&
                                            ended->status < 600 && ended->status != 501);

    if (!trunk_failed || leg->dialed.rings)
        return false;
    log_warn("call", "trunk_refused", "call=%s trunk=%d status=%d", UUID_TEXT(&leg->call_id),
             leg->dialed.trunk_id, ended->status);
    return dialed_call(t, leg) == 0 && leg->sip;
}

/* --- how it goes on --------------------------------------------------------------------------- */

bool dialed_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp)
{
    struct dialed *dialed = &leg->dialed;

    if (sdp && !dialed->early) {
        call_leg_set_remote(t, leg, sdp);
        dialed->early = dialed->rings = true;
        return true;
    }
    if (dialed->rings)
        return false;
    dialed->rings = true;
    return true;
}

/* What the switch said goes before the status that a gateway made of it (Q.850): 20 is a phone that
 * is off or out of reach, 18 and 19 nobody picks up. NULL = nothing of interest. */
static const char *reason_of_cause(int cause)
{
    static const struct {
        int cause;
        const char *reason;
    } reasons[] = {{1, "bad_number"}, {17, "busy"},    {18, "no_answer"},  {19, "no_answer"},
                   {20, "power_off"}, {21, "refused"}, {22, "bad_number"}, {28, "bad_number"}};

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].cause == cause)
            return reasons[i].reason;
    return NULL;
}

/* RFC 3261 21; 486 and 600 are busy, 603 and 403 a refusal, 404, 410, 484 and 604 no such number.
 */
static const char *reason_of_status(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{486, "busy"},       {600, "busy"},       {603, "refused"},
                   {403, "refused"},    {404, "bad_number"}, {410, "bad_number"},
                   {484, "bad_number"}, {604, "bad_number"}, {408, "no_answer"},
                   {480, "no_answer"},  {487, "no_answer"}};

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "trunk";
}

const char *dialed_end_reason(const struct sip_ended *ended)
{
    const char *said = reason_of_cause(ended->cause);

    if (ended->end == SIP_END_TIMEOUT)
        return "no_answer";
    if (ended->end == SIP_END_REFUSED)
        return said ? said : reason_of_status(ended->status);
    return ended->end == SIP_END_REMOTE ? "caller" : "trunk";
}
