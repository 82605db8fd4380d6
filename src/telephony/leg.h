/* Private to telephony: one connection of somebody, a SIP dialog with a media leg or a browser's
 * line.
 *
 * Whoever is in a call has a leg: the far side over a trunk, a second one outside, an agent's desk
 * phone, an agent's browser line (which stays from sign-in to sign-out and belongs to no call). */
#ifndef TELEPHONY_LEG_H
#define TELEPHONY_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/id.h>
#include <hotlined/sip.h>
#include <hotlined/slots.h>

struct telephony;

enum leg_kind {
    LEG_TRUNK,   /* the far side of a call */
    LEG_OUTSIDE, /* the second one outside: reach.c */
    LEG_PHONE,
    LEG_LINE
};

/* How somebody outside is called over the trunks: dialed.c. */
#define DIALED_HEADERS 512
#define DIALED_TOLD    "application/vnd.hotlined.dialog+json" /* what whom we called may tell */
struct dialed {
    char number[SIP_NUMBER_SIZE], shown[SIP_NUMBER_SIZE];
    char headers[DIALED_HEADERS]; /* lines of sip_call_out */
    struct uuid global_id;        /* null = not told */
    int32_t only_trunk;           /* 0 = any, by priority; SIP_TRUNK_SELF */
    bool may_refer;
    bool may_tell;    /* DIALED_TOLD */
    bool along;       /* the call's .along_out is told */
    int32_t trunk_id; /* over which he is called now */
    uint8_t tried;    /* of the directory's trunks */
    uint16_t ring_s;
    bool rings; /* somebody hears that it rings there */
    bool early; /* it sends sound before it answers */
};

/* A talk whose figures media is counting on an agent's leg. */
struct measured_talk {
    struct uuid call_id;
    int32_t center_id;
};
#define LEG_TALKS                                                                                  \
    2 /* the one being counted, and the one before it whose figures are on their way */

struct leg {
    handle_t handle;
    enum leg_kind kind;
    handle_t sip;   /* 0 for lines, and after its end */
    handle_t media; /* 0 before open, and after its end */
    handle_t call;  /* of the call it belongs to; lines: 0 */
    int32_t user_id, center_id;
    int32_t pool_center;     /* whose trunk channel it has; 0 = nobody's */
    struct uuid id, call_id; /* call_id stays for the quality fact */
    uint8_t codec;
    int telephone_event;
    uint16_t port; /* local RTP port */
    uint64_t sdp_version;
    bool established;
    bool measuring; /* media counts for the newest of: */
    uint32_t talks; /* measured on this leg so far; the number is media's token */
    struct measured_talk talk[LEG_TALKS]; /* by number % LEG_TALKS */
    bool held_by_far;                     /* sendonly / inactive / 0.0.0.0 */
    struct dialed dialed;                 /* when we called it */
};

struct leg *call_leg_find(struct telephony *t, handle_t handle);
struct leg *call_leg_by_sip(struct telephony *t, handle_t sip);
struct leg *call_leg_by_media(struct telephony *t, handle_t media);
struct leg *call_leg_new(struct telephony *t, enum leg_kind kind);
void call_leg_bind_sip(struct telephony *t, struct leg *leg, handle_t sip);
void call_leg_bind_media(struct telephony *t, struct leg *leg, handle_t media);
/* Gives the slot back once neither sip nor media know it any more. */
void call_leg_release_if_done(struct telephony *t, struct leg *leg);
void call_leg_take_codec(struct leg *leg, const struct sdp_audio *sdp);
/* Where and how the far side wants to hear from now on. */
void call_leg_set_remote(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void call_leg_reoffer(handle_t sip, const struct sdp_audio *sdp, void *arg);
/* Prints our SDP for a leg. Returns false (and logs) when it does not fit. */
bool call_leg_print_sdp(struct telephony *t, struct leg *leg, const struct sdp_audio *offer,
                        char *out, size_t size);

#endif
