/* Private to telephony: somebody outside is called over the trunks: number, trunk, ringing. */
#ifndef TELEPHONY_DIALED_H
#define TELEPHONY_DIALED_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/sip.h>
#include <hotlined/telephony.h>

struct leg;
struct media_audio;

/* GB/T 3380: what is heard while a far side rings and sends no sound of its own. */
int dialed_tone(struct media_audio **ret_audio);
/* The number that somebody types, as people know it. TELEPHONY_BAD_NUMBER: it is none;
 * TELEPHONY_NUMBER_REFUSED: the center does not call such numbers. */
enum telephony_result dialed_number(struct telephony *t, int32_t center_id, const char *text,
                                    char out[SIP_NUMBER_SIZE]);
/* Calls leg->dialed.number over the next trunk that takes it. 0; -ENOENT no trunk is left; -EDQUOT
 * the center's channels are used up. */
int dialed_call(struct telephony *t, struct leg *leg);
/* What people are told of that. */
enum telephony_result dialed_result(int err);
/* It is not reached over this trunk. True: another one is tried. */
bool dialed_goes_on(struct telephony *t, struct leg *leg, const struct sip_ended *ended);
/* 18x. True when something else is to be heard now: dialed.early says from whom. */
bool dialed_progress(struct telephony *t, struct leg *leg, const struct sdp_audio *sdp);
/* Why it ended, as a constant of facts.md. */
const char *dialed_end_reason(const struct sip_ended *ended);

#endif
