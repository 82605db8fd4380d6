/* Private to telephony: the caller's leg, from the INVITE to the end of the call. */
#ifndef TELEPHONY_INBOUND_H
#define TELEPHONY_INBOUND_H

struct call;
struct leg;
struct sip_invite;
struct telephony;

void inbound_invite(const struct sip_invite *invite, void *arg);
void inbound_established(struct telephony *t, struct leg *leg);
/* Somebody takes a call of another center, or its flow asks for keys: it is answered now. */
void inbound_taken(struct telephony *t, struct call *call);

#endif
