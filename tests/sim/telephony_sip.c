/* The room sip without sockets: what its header promises, and every freedom it leaves (late
 * answers, late ends, refusals) taken by chance. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hotlined/sdp.h>
#include <hotlined/text.h>

#include "telephony_world.h"

static const struct sip_handlers *sip_handlers(void)
{
    return telephony_sip_handlers();
}

struct w_sip_leg *far_leg(handle_t sip)
{
    return slots_find(&world.sip_legs, sip);
}

/* NULL: the room is full. */
static struct w_sip_leg *sip_new(enum w_sip_state state, int32_t trunk_id)
{
    handle_t handle;
    static uint64_t made;
    struct w_sip_leg *leg = slots_take(&world.sip_legs, &handle);

    if (!leg)
        return NULL;
    leg->number = ++made;
    leg->handle = handle;
    leg->state = state;
    leg->trunk_id = trunk_id;
    return leg;
}

static struct sdp_audio far_sdp(enum sdp_direction direction, const char *address)
{
    struct sdp_audio sdp = {.port = 4000,
                            .direction = direction,
                            .pcma = true,
                            .first_codec = SDP_PT_PCMA,
                            .telephone_event = 101,
                            .ptime_ms = 20,
                            .media_lines = 1};

    text_copy(sdp.address, sizeof(sdp.address), address);
    snprintf(sdp.lines[0].kind, sizeof(sdp.lines[0].kind), "audio");
    snprintf(sdp.lines[0].proto, sizeof(sdp.lines[0].proto), "RTP/AVP");
    snprintf(sdp.lines[0].format, sizeof(sdp.lines[0].format), "8");
    return sdp;
}

handle_t far_invite(const char *caller, const char *called)
{
    int32_t trunk_id = world.trunk_down[1] ? 2 : 1;

    return world.trunk_down[trunk_id] ? 0 : far_passes_on(trunk_id, caller, called, NULL);
}

handle_t far_passes_on(int32_t trunk_id, const char *caller, const char *called, const char *along)
{
    struct w_sip_leg *leg = sip_new(W_INVITED, trunk_id);
    struct sip_invite invite = {.trunk_id = trunk_id, .along = along};
    handle_t handle;

    if (!leg)
        return 0;
    invite.leg = handle = leg->handle;
    text_copy(invite.caller, sizeof(invite.caller), caller);
    text_copy(invite.called, sizeof(invite.called), called);
    text_copy(invite.call_id, sizeof(invite.call_id), "sim");
    invite.has_sdp = !world_chance(20);
    invite.sdp = far_sdp(SDP_SENDRECV, "192.0.2.1");
    world.last_status = 0;
    sip_handlers()->on_invite(&invite, world.telephony);
    return handle;
}

void far_end(handle_t sip, enum sip_end end, int status)
{
    far_end_with(sip, end, status, 0);
}

void far_tells(handle_t sip, const char *told)
{
    struct sip_ended ended = {.end = SIP_END_REMOTE, .status = 200, .reason = "sim"};

    snprintf(ended.told, sizeof(ended.told), "%s", told);
    slots_release(&world.sip_legs, sip);
    sip_handlers()->on_ended(sip, &ended, world.telephony);
}

int far_refers(handle_t sip, const char *user, const char *told)
{
    struct w_sip_leg *leg = far_leg(sip);
    struct sip_refer refer = {.leg = sip};

    if (!leg || leg->state != W_UP)
        return 0;
    text_copy(refer.user, sizeof(refer.user), user);
    text_copy(refer.told, sizeof(refer.told), told);
    if (!leg->may_refer)
        return 405;
    leg->refer = 0;
    leg->refer_done = false;
    sip_handlers()->on_refer(&refer, world.telephony);
    if (!leg->refer || (leg->refer < 300 && !leg->refer_done))
        world_fail("a REFER was answered %d and is not done", leg->refer);
    if (leg->refer < 300 && leg->state != W_LEAVING)
        world_fail("who has sent his caller away still has him");
    return leg->refer;
}

bool far_says(handle_t sip, const char *json)
{
    const struct w_sip_leg *leg = far_leg(sip);
    struct sip_body body = {.leg = sip, .data = json, .length = strlen(json)};

    return leg && leg->state == W_UP && leg->takes &&
           !sip_handlers()->on_body(&body, world.telephony);
}

int sip_leg_refer_answer(struct sip *sip, handle_t handle, int status, const char *phrase)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    if (!leg || leg->state != W_UP || leg->refer || (status >= 300 && !phrase))
        world_fail("a REFER is answered that was not made");
    leg->refer = status;
    return 0;
}

int sip_leg_refer_done(struct sip *sip, handle_t handle, int status)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    if (!leg || leg->state != W_UP || leg->refer != 202 || leg->refer_done || status != 200)
        world_fail("a REFER is done that was not accepted");
    leg->refer_done = true;
    return 0;
}

void far_end_with(handle_t sip, enum sip_end end, int status, int cause)
{
    struct w_sip_leg *leg = far_leg(sip);
    struct sip_ended ended = {.end = end, .status = status, .cause = cause, .reason = "sim"};

    if (!leg)
        return;
    if (sip % 2) /* half of the bots have solved it */
        snprintf(ended.told, sizeof(ended.told), "outcome=done;rounds=2");
    if (leg->state == W_LEAVING)
        ended.end = SIP_END_LOCAL; /* what was noted first stays */
    slots_release(&world.sip_legs, sip);
    sip_handlers()->on_ended(sip, &ended, world.telephony);
}

static void leaving_is_over(void *arg)
{
    far_end((handle_t)(uintptr_t)arg, SIP_END_LOCAL, 200);
}

static void leave(struct w_sip_leg *leg)
{
    leg->state = W_LEAVING;
    world_after(world_below(300), leaving_is_over, leg->handle);
}

static void ack(void *arg)
{
    struct w_sip_leg *leg = far_leg((handle_t)(uintptr_t)arg);

    if (!leg || leg->state != W_ANSWERED)
        return;
    leg->state = W_UP;
    sip_handlers()->on_established(leg->handle, NULL, world.telephony);
}

int sip_leg_answer(struct sip *sip, handle_t handle, const char *sdp)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    if (!leg || leg->state != W_INVITED || !strstr(sdp, "m=audio"))
        world_fail("sip_leg_answer() of a leg that cannot be answered");
    if (world_chance(1))
        return -EINVAL;
    leg->state = W_ANSWERED;
    world_after(world_below(200), ack, handle);
    return 0;
}

int sip_leg_reject(struct sip *sip, handle_t handle, int status, const char *phrase,
                   int retry_after_s)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    if (!leg || leg->state != W_INVITED || !phrase)
        world_fail("sip_leg_reject() of a leg that cannot be refused");
    world.last_status = status;
    world.last_retry_after = retry_after_s;
    leave(leg);
    return 0;
}

int sip_leg_progress(struct sip *sip, handle_t handle, int status, const char *sdp)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    if (!leg || leg->state != W_INVITED || status < 180 || !strstr(sdp, "m=audio"))
        world_fail("sip_leg_progress() of a leg that does not ring");
    if (world_chance(1))
        return -EINVAL;
    leg->early = true;
    return 0;
}

int sip_leg_reoffer_answer(struct sip *sip, handle_t handle, const char *sdp)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    (void)sdp;
    if (!leg || leg->reoffers != 1)
        world_fail("an offer is answered that was not made");
    leg->reoffers = 0;
    return 0;
}

void sip_leg_hangup(struct sip *sip, handle_t handle, int cause)
{
    struct w_sip_leg *leg = far_leg(handle);

    (void)sip;
    (void)cause;
    if (leg && leg->state != W_LEAVING)
        leave(leg);
}

static void ring_over(void *arg)
{
    struct w_sip_leg *leg = far_leg((handle_t)(uintptr_t)arg);

    if (leg && leg->state == W_CALLING)
        far_end(leg->handle, SIP_END_TIMEOUT, 408);
}

int sip_leg_call(struct sip *sip, const struct sip_call_out *out, handle_t *ret_leg)
{
    struct w_sip_leg *leg;

    (void)sip;
    if (out->caller[strspn(out->caller, "0123456789+*#-.anoymus")])
        return -EINVAL;
    if (out->trunk_id ? out->trunk_id > W_TRUNKS : !world.phone_registered[out->user_id])
        return -ENOENT;
    if (world_chance(5) ||
        (out->trunk_id > 0 && (world.trunk_full[out->trunk_id] || world.trunk_down[out->trunk_id])))
        return -EAGAIN;
    if (out->trunk_id && !*out->called)
        world_fail("a call over a trunk to nobody");
    leg = sip_new(W_CALLING, out->trunk_id);
    if (!leg)
        return -EAGAIN;
    leg->outgoing = true;
    leg->user_id = out->user_id;
    leg->may_refer = out->may_refer;
    leg->takes = out->takes != NULL;
    (void)text_copy(leg->called, sizeof(leg->called), out->trunk_id ? out->called : "");
    world_after((uint64_t)out->ring_timeout_s * 1000, ring_over, leg->handle);
    *ret_leg = leg->handle;
    return 0;
}

void far_progress(handle_t sip, int status, bool with_sound)
{
    struct w_sip_leg *leg = far_leg(sip);
    struct sdp_audio sdp = far_sdp(SDP_SENDRECV, "192.0.2.9");

    if (leg && leg->state == W_CALLING)
        sip_handlers()->on_progress(sip, status, with_sound ? &sdp : NULL, world.telephony);
}

void far_answer(handle_t sip)
{
    struct w_sip_leg *leg = far_leg(sip);
    struct sdp_audio sdp = far_sdp(SDP_SENDRECV, "192.0.2.9");

    if (!leg || leg->state != W_CALLING)
        return;
    leg->state = W_UP;
    sip_handlers()->on_established(sip, &sdp, world.telephony);
}

void far_reoffer(handle_t sip, enum sdp_direction direction, const char *address)
{
    struct w_sip_leg *leg = far_leg(sip);
    struct sdp_audio sdp = far_sdp(direction, address);

    if (!leg || leg->state != W_UP)
        return;
    leg->reoffers = 1;
    sip_handlers()->on_reoffer(sip, &sdp, world.telephony);
    if (leg->reoffers)
        world_fail("a re-INVITE was not answered");
}

void far_late_reoffer(handle_t sip, const char *address)
{
    struct w_sip_leg *leg = far_leg(sip);
    struct sdp_audio sdp = far_sdp(SDP_SENDRECV, address);

    if (!leg || leg->state != W_UP)
        return;
    leg->reoffers = 1;
    sip_handlers()->on_reoffer(sip, NULL, world.telephony);
    if (leg->reoffers)
        world_fail("a re-INVITE without offer was not answered");
    sip_handlers()->on_established(sip, &sdp, world.telephony);
}

void far_key(handle_t sip, char digit)
{
    struct w_sip_leg *leg = far_leg(sip);

    if (leg && leg->state == W_UP)
        sip_handlers()->on_digit(sip, digit, 100, world.telephony);
}

void far_phone(int32_t user_id, bool registered)
{
    if (world.phone_registered[user_id] == registered)
        return;
    world.phone_registered[user_id] = registered;
    sip_handlers()->on_phone(user_id, registered, world.telephony);
}

void far_trunk(int32_t trunk_id, bool up)
{
    handle_t handle;

    if (world.trunk_down[trunk_id] != up)
        return;
    world.trunk_down[trunk_id] = !up;
    sip_handlers()->on_trunk_state(trunk_id, up ? SIP_TRUNK_UP : SIP_TRUNK_DOWN, world.telephony);
    for (struct w_sip_leg *s = NULL; !up && (s = slots_next(&world.sip_legs, s, &handle));)
        if (s->trunk_id == trunk_id)
            far_end(handle, SIP_END_TRANSPORT, 503);
}

bool sip_phone_is_registered(const struct sip *sip, int32_t user_id)
{
    (void)sip;
    return user_id <= W_MAX_AGENTS && world.phone_registered[user_id];
}

int sip_set_trunks(struct sip *sip, const struct sip_trunk_conf *trunks, unsigned count)
{
    (void)sip;
    (void)trunks;
    (void)count;
    return 0;
}

int sip_set_phones(struct sip *sip, const struct sip_phone_conf *phones, unsigned count)
{
    (void)sip;
    (void)phones;
    (void)count;
    return 0;
}

enum sip_trunk_state sip_trunk_state(const struct sip *sip, int32_t trunk_id)
{
    (void)sip;
    return world.trunk_down[trunk_id] ? SIP_TRUNK_DOWN : SIP_TRUNK_UP;
}

int sip_trunk_channels(const struct sip *sip, int32_t trunk_id)
{
    (void)sip;
    (void)trunk_id;
    return (int)world.sip_legs.count;
}
