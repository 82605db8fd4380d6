/* Private to telephony: the room itself, its tables and what it holds of the rooms below.
 *
 * Where to find what, in the order of the story in <hotlined/telephony.h>:
 *
 *   parts.h call.h leg.h agent.h    the flat structs: a call, its legs, the agents
 *   inbound.h gate.h refusal.h      an INVITE: refused, listed, answered
 *   menu.h voicemail.h queries.h    the IVR engine's commands; bot.h, route.h: out of the flow
 *   waiting.h queueing.h            the ACD engine's commands; overflow, announcements
 *   talk.h scene.h record.h         people in a talk: who stands where, what is recorded
 *   consult.h pass.h reach.h        a colleague or somebody outside asked, callers passed on
 *   leader.h errand.h said.h keys.h beside a talk, and back into a flow
 *   outbound.h dialed.h pools.h     calls out, trunks and their channels
 *   centers.h told.h                calls that move between centers
 *   facts.h figures.h views.h       what is journalled, counted and seen */
#ifndef TELEPHONY_ROOM_H
#define TELEPHONY_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hotlined/log_limit.h>
#include <hotlined/loop.h>
#include <hotlined/overflow.h>
#include <hotlined/pool.h>
#include <hotlined/slots.h>
#include <hotlined/telephony.h>

#include "telephony/admission.h"
#include "telephony/refusal.h"

struct acd;
struct acd_command;
struct agent;
struct agent_side;
struct call_side;
struct center_told;
struct media_audio;
struct recording_note;

#define BOT_PEERS 16
struct bot_count { /* channels of one node in use */
    int32_t peer_id;
    uint32_t used;
};

struct telephony {
    struct loop *loop;
    struct telephony_options options;
    struct telephony_handlers handlers;
    void *arg;
    struct sip *sip;
    struct media *media;
    struct query *queries;
    struct directory *directory;
    struct fact_outbox *outbox;
    struct acd *acd;
    struct media_audio *ringback; /* what an agent hears while a far side rings silently */
    bool draining;
    bool refusing;      /* facts cannot be kept: no new calls */
    bool not_recording; /* no room on the disk */
    struct admission admission;
    int64_t busy_since_ms; /* wall; while the admission limits new calls */
    uint64_t busy_refused; /* calls since then */
    struct loop_timer busy_timer;
    unsigned live_calls; /* not yet ended */
    unsigned watching;   /* leaders beside a call */
    uint32_t next_token;

    struct slots calls, legs, agents;
    struct call_side *call_side;   /* by slot index of calls */
    struct agent_side *agent_side; /* by slot index of agents */
    handle_t *leg_by_sip;          /* by slot index of the sip handle */
    handle_t *leg_by_media;
    struct recording_note *recordings;
    handle_t *agent_by_user;  /* open hash, user id -> slot of agents */
    uint32_t agent_hash_size; /* a power of two */
    uint32_t map_size;        /* of leg_by_* */

    struct acd_command *pending; /* commands of the ACD not yet carried out; FIFO */
    uint32_t pending_count, pending_next, pending_capacity;
    bool carrying_out;
    struct loop_timer acd_timer;

    struct queue_state { /* one per queue of the directory */
        int32_t id;
        struct pace pace;
    } * queue_states;
    size_t queue_state_count;
    struct loop_timer queueing_timer;
    bool queueing_looks; /* it runs */

    int32_t *applied_queues, *applied_members; /* ids; members as pairs queue, user */
    size_t applied_queue_count, applied_member_count;

    struct center_state { /* one per center of the directory */
        int32_t id;
        handle_t waiting_head, waiting_tail;
        bool dirty; /* queue figures changed since last event */
    } * centers;
    size_t center_count;
    struct bot_count bots[BOT_PEERS];
    struct pool trunk_pool, bot_pool; /* channels in use, by center: pools.c */
    struct loop_timer views_timer, agent_views_timer;
    struct agent **changed_agents; /* in this turn of the loop */
    uint32_t changed_agent_count;
    bool views_due;
    struct log_limit refusals[REFUSED_COUNT];
    struct center_told *told; /* owned; TOLD_MAX */
    unsigned told_count;
};

struct center_state *center_find(struct telephony *t, int32_t id);

#endif
