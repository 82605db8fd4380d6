/* Private to telephony: keys pressed, by whomever. */
#ifndef TELEPHONY_KEYS_H
#define TELEPHONY_KEYS_H

struct leg;
struct telephony;

void keys_heard(struct telephony *t, const struct leg *leg, char digit, int duration_ms);

#endif
