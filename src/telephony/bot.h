/* Private to telephony: the voice bot a caller is with (struct bot_visit). */
#ifndef TELEPHONY_BOT_H
#define TELEPHONY_BOT_H

#include <stdbool.h>

#include <hotlined/ivr.h>

struct call;
struct leg;
struct reach;
struct sip_body;
struct sip_ended;
struct sip_refer;
struct telephony;
struct text;

/* False: the caller does not meet it now (policy, permission, share, no free channel). */
bool bot_begin(struct telephony *t, struct call *call);
void bot_answered(struct telephony *t, struct call *call);
void bot_said(struct call *call, const struct sip_ended *ended);
/* A REFER of whomever: only of a bot that has the caller it is obeyed. */
void bot_refers(struct telephony *t, const struct leg *leg, const struct sip_refer *refer);
/* INFO of a bot: what was said, and what it made of it. NULL, or what is wrong with it. */
const char *bot_tells(struct telephony *t, const struct leg *leg, const struct sip_body *body);
void bot_left(struct telephony *t, struct call *call, const struct reach *reach);
enum ivr_answer bot_over(struct call *call, bool answered);
/* What it learnt and what was said, for the agent's page; null when the caller was with none. */
void bot_call_json(struct telephony *t, const struct call *call, struct text *out);

#endif
