/* Private to telephony: somebody outside is called for a call that is there, and becomes one more
 * on its stage (struct reach). */
#ifndef TELEPHONY_REACH_H
#define TELEPHONY_REACH_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/telephony.h>

#include "telephony/parts.h"

struct call;
struct leg;
struct sip_ended;

#define REACH_HEADERS 6
struct reach_header {
    const char *name;  /* begins with X- */
    const char *value; /* UTF-8; what is not printable ASCII travels as %XX, and so does % */
};
struct reach_target {
    const char *number; /* as the trunk is asked for it (dialed_number()), or a SIP user */
    const char *shown;  /* NULL = the center's own number */
    int32_t trunk_id;   /* 0 = by priority, the next one where one fails */
    int ring_s;         /* 0 = a minute */
    bool record;        /* REACH_FLOW: their talk is recorded */
    bool may_refer;     /* it may send the far one elsewhere: bot_refers() */
    bool may_tell;      /* what is said there: bot_tells() */
    bool tell_global;   /* the other side is told the call's global id */
    const char *along;  /* value of X-Hotlined-Along; NULL = none */
    int32_t to_center;  /* which center is called there, 0 = none */
    bool help, joined;  /* REACH_CONSULT: as in struct consult */
    struct reach_header header[REACH_HEADERS];
    unsigned header_count;
};
/* One at a time: -EBUSY. -ENOENT no trunk takes it, -EDQUOT no channel left for the center, -EAGAIN
 * nothing left here, -EINVAL headers.
 *
 *   REACH_CONSULT  he stands beside, consult.c is told of his answer and his end; who is to join
 *                  the talk is not heard before that
 *   REACH_PASS     the far one hears music until he answers, pass.c is told
 *   REACH_FLOW     the same from any state without an agent; when it is over, answered or not, the
 *                  call is in CALL_MENU and menu_reach_ended() decides
 */
int reach_begin(struct telephony *t, struct call *call, enum reach_purpose purpose, int32_t by,
                const struct reach_target *target);
/* He is not wanted any more; nobody is told. Nothing when there is none. */
void reach_drop(struct telephony *t, struct call *call, const char *why);
/* Whom the far one was to talk with has its place: it is gone, or sent away. */
void reach_takes_place(struct telephony *t, struct call *call);
void reach_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void reach_answered(struct telephony *t, struct leg *leg);
void reach_leg_ended(struct telephony *t, struct leg *leg, const struct sip_ended *ended);
/* Nothing is heard of it. */
void reach_is_silent(struct telephony *t, struct leg *leg);
struct leg *reach_leg(struct telephony *t, const struct call *call);

/* How somebody outside is called for a talk: pass_to_outside(), ask_outside(). */
typedef enum telephony_result outside_begin_h(struct telephony *t, struct call *call,
                                              int32_t user_id, const struct reach_target *target);
outside_begin_h pass_to_outside, ask_outside;
/* The same with a number as the agent types it. */
enum telephony_result reach_number(struct telephony *t, int32_t user_id, const struct uuid *call_id,
                                   const char *text, outside_begin_h *begin);

#endif
