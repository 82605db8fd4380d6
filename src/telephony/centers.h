/* Private to telephony: calls that move between centers.
 *
 * In (centers.c): may this one come, and what came along with it. Out (to_center.c): its access
 * code is dialed, by this daemon to itself or over the trunk that leads there. */
#ifndef TELEPHONY_CENTERS_H
#define TELEPHONY_CENTERS_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct dir_center;
struct dir_number;
struct leg;
struct sip_invite;
struct telephony;
struct text;

/* --- coming --------------------------------------------------------------------------------- */
/* Why a call may not go from one center to the other now, in Chinese for people; NULL = it may. */
const char *centers_refuse(struct telephony *t, const struct dir_center *from,
                           const struct dir_center *to);
/* May this INVITE dial the number's access code? */
bool centers_may_dial(struct telephony *t, const struct sip_invite *invite,
                      const struct dir_number *number);
/* What came along with it is kept beside the call, and who sent it is found out. False: that center
 * may not. */
bool centers_take(struct telephony *t, struct call *call, const struct sip_invite *invite,
                  const struct dir_number *number);
/* {"from_center_id", ... , "draft"}, or null for a call that came from outside. */
void centers_call_json(struct telephony *t, const struct call *call, struct text *out);

/* --- going ---------------------------------------------------------------------------------- */
struct center_figures {
    bool known, open, takes; /* takes: calls of the center that asks */
    uint32_t waiting, agents;
};
/* Of one of ours. */
void centers_figures(struct telephony *t, int32_t center_id, struct center_figures *ret_figures);
/* The center that is called there; "" = it is none. */
const char *centers_outside_name(struct telephony *t, const struct leg *leg);

/* Calls the center for a caller without an agent: REACH_FLOW. queue: a code there, "" = as it
 * likes. NULL, or why it cannot be, in Chinese. */
const char *centers_send(struct telephony *t, struct call *call, int32_t center_id,
                         const char *queue);
/* Over which trunk the center's calls come and go; SIP_TRUNK_SELF when it is ours. */
int32_t centers_trunk(struct telephony *t, int32_t center_id);

#endif
