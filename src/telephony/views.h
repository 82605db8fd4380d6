/* Private to telephony: what pages see (docs/api.md, events).
 *
 * Whoever changes something says so here; what is printed, for whom and how often is views.c's. The
 * documents themselves are telephony_agent_json() and its like, made of: */
#ifndef TELEPHONY_VIEWS_H
#define TELEPHONY_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include <hotlined/acd.h>

struct agent;
struct call;
struct center_state;
struct dir_queue;
struct telephony;
struct text;

/* --- something changed ---------------------------------------------------------------------- */
/* Events "agent" and "seat", once a turn of the loop. */
void view_agent_changed(struct telephony *t, struct agent *agent);
void view_queue_changed(struct telephony *t, int32_t center_id); /* coalesced */
void view_trunk_changed(struct telephony *t, int32_t trunk_id);
void agent_views_timer_fired(void *arg);
void views_timer_fired(void *arg);

/* --- documents ------------------------------------------------------------------------------ */
const char *agent_state_name(enum acd_agent_state state);
/* As people know it; "" = none. */
const char *agent_reason_name(struct telephony *t, const struct agent *agent);
/* view_call.c: as its agent sees it, or the one it rings at. */
void view_add_call(struct telephony *t, struct text *out, const struct call *call,
                   const struct agent *agent);
bool view_is_muted(const struct call *call, int32_t user_id);
/* view_agent.c: as everybody else sees him. */
void view_add_seat(struct telephony *t, struct text *out, const struct agent *agent);
/* view_center.c */
const char *view_queue_name(struct telephony *t, int32_t queue_id); /* "" = none */
void view_add_queue(struct telephony *t, struct text *out, const struct dir_queue *queue);
void view_add_waiting(struct telephony *t, struct text *out, const struct center_state *center);
void view_add_trunks(struct telephony *t, struct text *out, int32_t only); /* 0 = all */

#endif
