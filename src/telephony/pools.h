/* Private to telephony: channels that the centers share, of trunks and of voice bots. */
#ifndef TELEPHONY_POOLS_H
#define TELEPHONY_POOLS_H

#include <stdbool.h>
#include <stdint.h>

struct leg;
struct telephony;

/* A channel of the trunks that all centers use, for this leg. -EDQUOT: its center has no more, or
 * those left are kept for others; -EBUSY: nobody has one left. 0 also for trunks that are in no
 * pool (bots, other centers). */
int pools_take_trunk(struct telephony *t, struct leg *leg, int32_t trunk_id, int32_t center_id);
void pools_give_trunk(struct telephony *t, struct leg *leg);
bool pools_take_bot(struct telephony *t, int32_t center_id);

#endif
