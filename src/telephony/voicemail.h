/* Private to telephony: messages (struct message) and call-backs asked for. */
#ifndef TELEPHONY_VOICEMAIL_H
#define TELEPHONY_VOICEMAIL_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/ivr.h>
#include <hotlined/slots.h>

#include "telephony/call.h"

struct recording_note;
struct telephony;

/* What the flow is to be told now, or -1: the caller is asked for a message, menu_answer() follows.
 */
int voicemail_begin(struct telephony *t, struct call *call, const char *box, uint32_t max_ms);
void voicemail_played(struct telephony *t, struct call *call);
void voicemail_key(struct telephony *t, struct call *call, char digit);
void voicemail_time_over(struct telephony *t, struct call *call);
void voicemail_quiet(handle_t recording, void *arg);
/* The file is closed; the call may be over. */
void voicemail_recorded(struct telephony *t, const struct recording_note *note,
                        const struct media_recorded *recorded);
/* The call ends: what was said until now is kept. */
void voicemail_drop(struct telephony *t, struct call *call);
/* The caller wants to be called back, at the number he keyed or his own. Told to the flow. */
enum ivr_answer callback_asked(struct telephony *t, struct call *call, const char *queue_code);
static inline bool voicemail_has(const struct call *call)
{
    return call->message.step != MESSAGE_NONE;
}

#endif
