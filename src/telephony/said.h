/* Private to telephony: what is said to the far one for its agent, keys asked of it (struct said).
 */
#ifndef TELEPHONY_SAID_H
#define TELEPHONY_SAID_H

struct call;
struct telephony;

#define SAID_PROMPT "@said" /* no code of a prompt can be that */
/* Its errand is over; the flow still stands where it was left. Nothing when none is open. */
void said_over(struct telephony *t, struct call *call);

#endif
