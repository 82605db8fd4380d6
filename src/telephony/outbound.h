/* Private to telephony: calls agents make. */
#ifndef TELEPHONY_OUTBOUND_H
#define TELEPHONY_OUTBOUND_H

struct agent;
struct call;
struct leg;
struct sdp_audio;
struct telephony;

void outbound_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
void outbound_answered(struct telephony *t, struct call *call);
/* The agent's desk phone was picked up, or his page has a new line. */
void outbound_phone_up(struct telephony *t, struct call *call, struct agent *agent);
void outbound_line_up(struct telephony *t, struct call *call, struct agent *agent);

#endif
