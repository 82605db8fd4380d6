/* Private to telephony: whether a talk is recorded (struct record_wish), and the files written. */
#ifndef TELEPHONY_RECORD_H
#define TELEPHONY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/id.h>
#include <hotlined/slots.h>

struct call;
struct telephony;

/* A talk begins, or one who has the call now: what the rule says of it. False: nothing. */
bool record_begins(struct telephony *t, struct call *call);
/* The rule and the agent want it recorded now. */
bool record_is_due(const struct call *call);
/* The talk is over, and so is a pause. */
void record_ends(struct telephony *t, struct call *call);
void record_pause_is_long(void *call_side);

struct recording_note { /* a recording being written, by slot index of its media handle */
    handle_t media;
    int32_t center_id;
    struct uuid id, call_id;
    handle_t call; /* may be gone */
    bool message;
};
void recording_note_set(struct telephony *t, const struct call *call);
/* NULL: it is closed, or never was one of ours. */
struct recording_note *recording_note_find(struct telephony *t, handle_t recording);

#endif
