/* A conversation with a flow: load it, tell it events, read what it said. One at a time. */
#ifndef IVR_TALK_H
#define IVR_TALK_H

#include <hotlined/ivr.h>
#include <hotlined/text.h>

extern struct ivr_flow *flow;
extern struct ivr_run run;
extern struct ivr_out out;
extern struct calendar office; /* the calendar "office" */
extern int64_t wall_ms;

int parse(const char *json, struct text *problems);
void load(const char *json); /* a good flow, and a call that has not begun */
int tear_down(void **state);
void step(enum ivr_event_kind kind, char digit);
void answer(enum ivr_answer what);
void enter(uint16_t node);
/* What was said by the last step, shortly: "stop key:1:ok play:main timer:0 queue:q hangup:done".
 */
const char *said(void);
/* The whole list of problems must be exactly this; prompts, queues ... called "there" exist. */
void refuses(const char *json, const char *expected);

#define START(words)        (step(IVR_EV_START, 0), assert_string_equal(said(), words))
#define KEY(key, words)     (step(IVR_EV_DIGIT, key), assert_string_equal(said(), words))
#define PLAYED(words)       (step(IVR_EV_PLAY_DONE, 0), assert_string_equal(said(), words))
#define SILENCE(words)      (step(IVR_EV_TIMER, 0), assert_string_equal(said(), words))
#define SAYS(kind, words)   (step(kind, 0), assert_string_equal(said(), words))
#define ANSWER(what, words) (answer(what), assert_string_equal(said(), words))
#define ENTER(node, words)  (enter(node), assert_string_equal(said(), words))

#endif
