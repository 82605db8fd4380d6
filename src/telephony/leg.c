/* Legs: found by their handle in each room, and what they say and are told in SDP. */
#include <string.h>

#include <hotlined/id.h>
#include <hotlined/log.h>
#include <hotlined/loop.h>
#include <hotlined/media.h>
#include <hotlined/sdp.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>

#include "telephony/leg.h"
#include "telephony/pools.h"
#include "telephony/room.h"

/* --- found ------------------------------------------------------------------------------------ */

struct leg *call_leg_find(struct telephony *t, handle_t handle)
{
    return slots_find(&t->legs, handle);
}

struct leg *call_leg_by_sip(struct telephony *t, handle_t sip)
{
    struct leg *leg;

    if (!sip || slots_index(sip) >= t->map_size)
        return NULL;
    leg = call_leg_find(t, t->leg_by_sip[slots_index(sip)]);
    return leg && leg->sip == sip ? leg : NULL;
}

struct leg *call_leg_by_media(struct telephony *t, handle_t media)
{
    struct leg *leg;

    if (!media || slots_index(media) >= t->map_size)
        return NULL;
    leg = call_leg_find(t, t->leg_by_media[slots_index(media)]);
    return leg && leg->media == media ? leg : NULL;
}

struct leg *call_leg_new(struct telephony *t, enum leg_kind kind)
{
    handle_t handle;
    struct leg *leg = slots_take(&t->legs, &handle);

    if (!leg)
        return NULL;
    leg->handle = handle;
    leg->kind = kind;
    leg->telephone_event = -1;
    leg->id = uuid_new(loop_wall_ms(t->loop));
    return leg;
}

void call_leg_bind_sip(struct telephony *t, struct leg *leg, handle_t sip)
{
    leg->sip = sip;
    if (slots_index(sip) < t->map_size)
        t->leg_by_sip[slots_index(sip)] = leg->handle;
}

void call_leg_bind_media(struct telephony *t, struct leg *leg, handle_t media)
{
    leg->media = media;
    if (slots_index(media) < t->map_size)
        t->leg_by_media[slots_index(media)] = leg->handle;
}

void call_leg_release_if_done(struct telephony *t, struct leg *leg)
{
    if (leg->sip || leg->media)
        return;
    pools_give_trunk(t, leg); /* one that was never called after all */
    slots_release(&t->legs, leg->handle);
}

/* --- SDP -------------------------------------------------------------------------------------- */

void call_leg_take_codec(struct leg *leg, const struct sdp_audio *sdp)
{
    leg->codec = sdp->first_codec;
    leg->telephone_event = sdp->telephone_event;
    leg->held_by_far = sdp->direction == SDP_SENDONLY || sdp->direction == SDP_INACTIVE ||
                       strcmp(sdp->address, "0.0.0.0") == 0;
}

void call_leg_set_remote(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp)
{
    struct media_rtp_conf conf;

    if (!leg->media)
        return;
    call_leg_take_codec(leg, sdp);
    conf = (struct media_rtp_conf){leg->codec, leg->telephone_event, sdp};
    if (media_leg_set_remote(t->media, leg->media, &conf))
        log_error("call", "set_remote_failed", "leg=%u", leg->handle);
}

bool call_leg_print_sdp(struct telephony *t, struct leg *leg, const struct sdp_audio *offer,
                        char *out, size_t size)
{
    struct sdp_local local = {
        .address = media_public_address(t->media),
        .port = leg->port,
        .session_id = leg->handle,
        .version = ++leg->sdp_version,
        .codec = leg->codec,
        .both_codecs = !offer,
        .telephone_event = leg->telephone_event,
        .direction = SDP_SENDRECV,
    };
    int length;

    if (offer) /* RFC 3264 6.1: answer the mirror of a hold */
        local.direction = offer->direction == SDP_SENDONLY   ? SDP_RECVONLY
                          : offer->direction == SDP_RECVONLY ? SDP_SENDONLY
                                                             : offer->direction;
    length = sdp_audio_print(&local, offer, out, size);
    if (length < 0)
        log_error("call", "sdp_too_long", "leg=%u", leg->handle);
    return length >= 0;
}

void call_leg_reoffer(handle_t sip, const struct sdp_audio *sdp, void *arg)
{
    struct telephony *t = arg;
    struct leg *leg = call_leg_by_sip(t, sip);
    char text[1024];

    if (!leg || !leg->media) {
        (void)sip_leg_reoffer_answer(t->sip, sip, NULL);
        return;
    }
    if (sdp) {
        call_leg_set_remote(t, leg, sdp);
        log_info("call", "reoffer", "leg=%u call=%s direction=%d codec=%d", leg->handle,
                 UUID_TEXT(&leg->call_id), sdp->direction, leg->codec);
    }
    if (!call_leg_print_sdp(t, leg, sdp, text, sizeof(text)) ||
        sip_leg_reoffer_answer(t->sip, sip, text))
        (void)sip_leg_reoffer_answer(t->sip, sip, NULL);
}
