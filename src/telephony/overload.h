/* Private to telephony: new calls beyond what the processor carries are refused (admission.h). */
#ifndef TELEPHONY_OVERLOAD_H
#define TELEPHONY_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

struct telephony;

/* Handler of sip. Seconds for Retry-After, 0 = come in. */
int overload_knock(bool new_call, uint32_t late_us, void *arg);
void overload_init(struct telephony *t);
void overload_done(struct telephony *t);

#endif
