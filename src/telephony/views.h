/* Private to telephony: live documents, what pages see of agents, queues and trunks. */
#ifndef TELEPHONY_VIEWS_H
#define TELEPHONY_VIEWS_H

#include <stdint.h>

#include <hotlined/acd.h>

struct agent;
struct telephony;

const char *agent_state_name(enum acd_agent_state state);
/* Events "agent" and "seat", once a turn of the loop. */
void view_agent_changed(struct telephony *t, struct agent *agent);
void agent_views_timer_fired(void *arg);
void view_queue_changed(struct telephony *t, int32_t center_id); /* coalesced */
void view_trunk_changed(struct telephony *t, int32_t trunk_id);
void views_timer_fired(void *arg);

#endif
