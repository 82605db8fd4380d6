/* Private to telephony: metrics of calls and agents. */
#ifndef TELEPHONY_FIGURES_H
#define TELEPHONY_FIGURES_H

#include <stdbool.h>

#include "telephony/refusal.h"

struct call;
struct telephony;

void figures_init(struct telephony *t);
void figures_done(struct telephony *t);
void figure_began(const struct call *call);
void figure_ended(const struct call *call, const char *outcome);
/* Counts it; true when its log line may be written. */
bool figure_refused(struct telephony *t, enum telephony_refusal why);

#endif
